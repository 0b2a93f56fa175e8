//! What the sources can say: their string literals, and which of them are errors.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::table::{shape, with_gaps};

/// The crates whose errors people meet.
const CRATES: [&str; 12] = [
    "app",
    "data",
    "derivation",
    "kernels",
    "longhand",
    "model_files",
    "nn",
    "report",
    "server",
    "tensorboard",
    "training",
    "workbook",
];

/// What makes an error of the first words between its parentheses.
const CALLS: [&str; 12] = [
    "#[error(",
    "bail!(",
    "anyhow!(",
    "ensure!(",
    ".context(",
    ".with_context(",
    "Failure::refused(",
    "Failure::refused_at(",
    "Failure::not_found(",
    "Failure::not_yet(",
    "Failure::busy(",
    "Failure::forbidden(",
];
/// The same, where words follow at once.
const CALLS_WITH_WORDS: [&str; 11] = [
    "Err(format!(",
    "Err(",
    "printer::error(&format!(",
    "printer::warning(&format!(",
    "SuiteError::new(",
    "Failure::internal(format!(",
    "map_err(|_| format!(",
    "ok_or(",
    "ok_or_else(|| format!(",
    "let message = format!(",
    "refused(format!(",
];

/// An error in a source.
#[derive(Debug)]
pub struct SourceError {
    pub file: String,
    pub line: usize,
    /// As it is written.
    pub words: String,
    /// Without what differs.
    pub shape: String,
    /// Whether it is the text of an `#[error]` attribute.
    pub is_attribute: bool,
}

/// A source: its text with comments and the insides of literals blanked, and its literals with where they begin and end.
struct Source {
    file: String,
    code: Vec<u8>,
    literals: Vec<(usize, usize, String)>,
}

/// Every error of the sources.
pub fn errors() -> Vec<SourceError> {
    let mut errors = Vec::new();
    for source in sources() {
        let code = String::from_utf8(source.code.clone()).unwrap();
        for call in CALLS {
            for (at, _) in code.match_indices(call) {
                let end = closing(&source.code, at + call.len());
                let is_words =
                    |(begin, _, text): &&(usize, usize, String)| (at..end).contains(begin) && text.trim().contains(' ');
                if let Some((begin, _, words)) = source.literals.iter().find(is_words) {
                    errors.push(source.error(*begin, words, call == "#[error("));
                }
            }
        }
        for call in CALLS_WITH_WORDS {
            for (at, _) in code.match_indices(call) {
                let behind = at + call.len();
                let begin = behind + code[behind..].len() - code[behind..].trim_start().len();
                let literal = source.literals.iter().find(|(b, ..)| *b == begin);
                if let Some((_, _, words)) = literal.filter(|(.., text)| text.trim().contains(' ')) {
                    errors.push(source.error(begin, words, false));
                }
            }
        }
    }
    // What has no words of its own hands on those of another.
    errors.retain(|error| error.shape.contains(|c: char| c.is_alphabetic()));
    errors
}

/// The shape of every literal of the sources.
pub fn all_shapes() -> BTreeSet<String> {
    sources().into_iter().flat_map(|source| source.literals).map(|(.., text)| literal_shape(&text)).collect()
}

fn literal_shape(text: &str) -> String {
    // Doubled braces are braces, and so are those of `{ type = "relu" }`.
    let braces = [("{{", "\u{1}"), ("}}", "\u{2}"), ("{ ", "\u{1} "), (" }", " \u{2}")];
    let text = braces.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    shape(&with_gaps(&text, '{', '}').replace('\u{1}', "{").replace('\u{2}', "}"))
}

impl Source {
    fn error(&self, begin: usize, words: &str, is_attribute: bool) -> SourceError {
        let line = self.code[..begin].iter().filter(|&&b| b == b'\n').count() + 1;
        SourceError {
            file: self.file.clone(),
            line,
            words: words.to_owned(),
            shape: literal_shape(words),
            is_attribute,
        }
    }
}

/// Every source of [`CRATES`] that is not a test's.
fn sources() -> Vec<Source> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut paths = Vec::new();
    CRATES.iter().for_each(|name| find(&crates.join(name).join("src"), &mut paths));
    let read = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        let file = path.strip_prefix(&crates).unwrap().display().to_string();
        parse(format!("crates/{file}"), &text)
    };
    paths.iter().map(read).collect()
}

fn find(folder: &Path, paths: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap().to_str().unwrap();
        match path.is_dir() {
            _ if ["tests", "tests.rs", "faults.rs"].contains(&name) => {}
            true => find(&path, paths),
            false if name.ends_with(".rs") => paths.push(path),
            false => {}
        }
    }
}

/// Takes comments and literals apart from the rest, as far as sources that rustfmt has written need it.
fn parse(file: String, text: &str) -> Source {
    // Tests stand at the end of their file.
    let text = text.find("#[cfg(test)]\nmod tests {").map_or(text, |at| &text[..at]);
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut literals = Vec::new();
    let mut blank = |range: std::ops::Range<usize>| {
        for byte in &mut code[range] {
            *byte = if *byte == b'\n' { b'\n' } else { b' ' };
        }
    };
    let mut at = 0;
    while at < bytes.len() {
        let rest = &text[at..];
        let raw =
            raw_fence(rest).filter(|_| at == 0 || !bytes[at - 1].is_ascii_alphanumeric() && bytes[at - 1] != b'_');
        if rest.starts_with("//") {
            let end = rest.find('\n').map_or(bytes.len(), |n| at + n);
            blank(at..end);
            at = end;
        } else if rest.starts_with("/*") {
            let end = rest.find("*/").map_or(bytes.len(), |n| at + n + 2);
            blank(at..end);
            at = end;
        } else if let Some((prefix, closing)) = raw {
            let end = at + prefix + rest[prefix..].find(&closing).unwrap();
            literals.push((at, end + closing.len(), text[at + prefix..end].to_owned()));
            blank(at..end + closing.len());
            at = end + closing.len();
        } else if bytes[at] == b'"' {
            let (end, inside) = quoted(text, at);
            literals.push((at, end, inside));
            // The quote itself stays, so that what follows a parenthesis is seen.
            blank(at + 1..end);
            at = end;
        } else if bytes[at] == b'\'' {
            at += character(rest).inspect(|&length| blank(at..at + length)).unwrap_or(1);
        } else {
            at += rest.chars().next().unwrap().len_utf8();
        }
    }
    Source { file, code, literals }
}

/// The length of what opens a raw string, and what closes it.
fn raw_fence(rest: &str) -> Option<(usize, String)> {
    let hashes = rest.strip_prefix('r')?.bytes().take_while(|&b| b == b'#').count();
    rest[1 + hashes..].starts_with('"').then(|| (hashes + 2, format!("\"{}", "#".repeat(hashes))))
}

/// Where the string that begins at `begin` ends, and what it says.
fn quoted(text: &str, begin: usize) -> (usize, String) {
    let mut inside = String::new();
    let mut characters = text[begin + 1..].char_indices();
    while let Some((n, c)) = characters.next() {
        match c {
            '"' => return (begin + 1 + n + 1, inside),
            '\\' => match characters.next().map(|(_, c)| c) {
                Some('\n') => {
                    let rest = characters.as_str();
                    let blanks = rest.len() - rest.trim_start().len();
                    let _ = characters.by_ref().take(blanks).count();
                }
                Some('n') => inside.push('\n'),
                Some('t') => inside.push('\t'),
                Some(other) => inside.push(other),
                None => break,
            },
            c => inside.push(c),
        }
    }
    panic!("a string without an end: {}", &text[begin..]);
}

/// The length of the character literal that `rest` begins with; `None` where it is a lifetime.
fn character(rest: &str) -> Option<usize> {
    let mut characters = rest.char_indices().skip(1);
    let (_, first) = characters.next()?;
    if first == '\\' {
        characters.next()?;
        return characters.find(|(_, c)| *c == '\'').map(|(n, _)| n + 1);
    }
    characters.next().filter(|(_, c)| *c == '\'').map(|(n, _)| n + 1)
}

/// Where the parenthesis closes that was opened just before `at`.
fn closing(code: &[u8], at: usize) -> usize {
    let mut depth = 1;
    for (n, byte) in code.iter().enumerate().skip(at) {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return n;
        }
    }
    code.len()
}

#[test]
fn sources_are_taken_apart() {
    let text = "/// \"no\"\n#[error(\"{a} is\\\n     {{not}} {}\", f(\"x y\"))]\nlet c = '\"'; let l: &'static str = r#\"raw \"words\"\"#; Err(format!(\n\"b {c}\"))";
    let source = parse("file".to_owned(), text);
    let literals: Vec<&str> = source.literals.iter().map(|(.., text)| text.as_str()).collect();
    assert_eq!(literals, ["{a} is{{not}} {}", "x y", "raw \"words\"", "b {c}"]);
    assert_eq!(literal_shape(literals[0]), "is{not}");
    assert_eq!(source.code.len(), text.len());
}
