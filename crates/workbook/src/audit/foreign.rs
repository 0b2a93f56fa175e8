//! Files of other kinds: what each is, and how it becomes a workbook that can be audited.

use super::error::AuditError;

/// A kind of file that is not an xlsx workbook.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Foreign {
    /// What it is, with its article.
    what: &'static str,
    remedy: &'static str,
}

const SAVE: &str = "open it in a spreadsheet program and save it as .xlsx (Excel workbook)";
const SEND: &str =
    "the audit reads spreadsheets: give it the workbook in which the table was worked out, saved as .xlsx";
const CSV: &str = "a CSV file keeps no formulas: save the workbook that it came from as .xlsx (Excel workbook)";
const PASSWORD: &str = "take the password off in a spreadsheet program and save it as .xlsx (Excel workbook)";

const fn kind(what: &'static str, remedy: &'static str) -> Foreign {
    Foreign { what, remedy }
}

/// An Office file whose main part is no workbook that can be read.
pub(crate) const OFFICE_FILE: Foreign = kind("an Office file without a workbook", SAVE);
/// A zip archive that asks for a password.
pub(crate) const LOCKED_ARCHIVE: Foreign = kind("an archive with a password", PASSWORD);

impl Foreign {
    pub fn refusal(self) -> AuditError {
        AuditError::NotXlsx { what: self.what.to_owned(), remedy: self.remedy }
    }
}

/// What a file is that is no zip archive; `None` where it is one.
pub(crate) fn without_archive(bytes: &[u8]) -> Option<Foreign> {
    // Marks of the order of bytes stand before text of any kind.
    let plain = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let start = &bytes[..bytes.len().min(4096)];
    let holds = |text: &[u8]| start.windows(text.len()).any(|piece| piece.eq_ignore_ascii_case(text));
    Some(match plain {
        [] => kind("an empty file", "save the workbook again"),
        [b'P', b'K', ..] => return None,
        [0xd0, 0xcf, 0x11, 0xe0, ..] => old_office(bytes),
        [b'%', b'P', b'D', b'F', ..] => kind("a PDF", SEND),
        [0x89, b'P', b'N', b'G', ..] | [0xff, 0xd8, 0xff, ..] | [b'G', b'I', b'F', b'8', ..] => kind("a picture", SEND),
        [b'{', b'\\', b'r', b't', b'f', ..] => kind("a text document (.rtf)", SEND),
        [b'<', ..] if holds(b"urn:schemas-microsoft-com:office:spreadsheet") => {
            kind("an XML spreadsheet of Excel 2003", SAVE)
        }
        [b'<', ..] if holds(b"opendocument") => kind("an OpenDocument file in one piece", SAVE),
        [b'<', ..] => kind("an HTML or XML page", SEND),
        _ if is_text(start) => kind("plain text, such as CSV", CSV),
        _ => kind("a file of a kind that is not known here", SAVE),
    })
}

/// What a zip archive with these parts is; `None` where it may be an xlsx workbook.
pub(crate) fn in_archive(parts: &[String], kind_of_document: Option<&str>) -> Option<Foreign> {
    let holds = |start: &str| parts.iter().any(|part| part.starts_with(start));
    if let Some(document) = kind_of_document {
        return Some(match document.trim() {
            "application/vnd.oasis.opendocument.spreadsheet" => kind("an OpenDocument spreadsheet (.ods)", SAVE),
            "application/vnd.oasis.opendocument.text" => kind("an OpenDocument text (.odt)", SEND),
            "application/vnd.oasis.opendocument.presentation" => kind("an OpenDocument presentation (.odp)", SEND),
            _ => kind("an OpenDocument file", SAVE),
        });
    }
    if holds("word/") {
        return Some(kind("a Word document (.docx)", SEND));
    }
    if holds("ppt/") {
        return Some(kind("a PowerPoint presentation (.pptx)", SEND));
    }
    if holds("xl/workbook.bin") {
        return Some(kind("a binary Excel workbook (.xlsb)", SAVE));
    }
    if holds("Index/") || holds("Index.zip") {
        return Some(kind(
            "a Numbers spreadsheet or another document of Apple's",
            "export it as .xlsx (Excel workbook)",
        ));
    }
    let is_office = parts.iter().any(|part| part == "[Content_Types].xml");
    (!is_office).then(|| kind("a zip archive of other files", "unpack it and give the .xlsx workbook in it"))
}

/// What a file in the container of Office before 2007 is, by the names of its streams.
fn old_office(bytes: &[u8]) -> Foreign {
    let holds = |name: &str| {
        let wide: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        bytes.windows(wide.len()).any(|piece| piece == wide)
    };
    if holds("EncryptedPackage") {
        kind("a workbook with a password", PASSWORD)
    } else if holds("WordDocument") {
        kind("an old Word document (.doc)", SEND)
    } else if holds("PowerPoint Document") {
        kind("an old PowerPoint presentation (.ppt)", SEND)
    } else {
        kind("an old Excel workbook (.xls)", SAVE)
    }
}

/// Whether the first bytes are text: of one byte a sign, or of two as Excel's "Unicode text" has them.
fn is_text(start: &[u8]) -> bool {
    let is_sign = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..);
    match start {
        [0xff, 0xfe, rest @ ..] | [0xfe, 0xff, rest @ ..] => rest.iter().all(|byte| *byte == 0 || is_sign(byte)),
        plain => plain.iter().all(is_sign),
    }
}
