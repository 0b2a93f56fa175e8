//! Completions, manual pages, versions: what the program says of itself.

mod program;

use std::fs;
use std::path::Path;
use std::process::Command;

use program::longhand;

/// Whether a tool can be started here; says so where it cannot.
fn there_is(tool: &str) -> bool {
    let there = Command::new(tool).arg("--version").output().is_ok();
    if !there {
        eprintln!("skipped: no {tool} here");
    }
    there
}

/// What bash offers for the last of `words`, with the script of `longhand completions bash`.
fn completions(folder: &Path, words: &[&str]) -> Vec<String> {
    let script = format!(
        "source longhand.bash\nCOMP_WORDS=({})\nCOMP_CWORD={}\n_longhand longhand '{}' '{}'\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
        words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" "),
        words.len() - 1,
        words[words.len() - 1],
        words[words.len() - 2],
    );
    let output = Command::new("bash").args(["--norc", "-c", &script]).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_flags_and_names() {
    if !there_is("bash") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let script = longhand(&["completions", "bash"], folder.path());
    assert_eq!((script.code, script.stderr.as_str()), (0, ""));
    fs::write(folder.path().join("longhand.bash"), script.stdout).unwrap();
    let complete = |words: &[&str]| completions(folder.path(), words);
    assert_eq!(complete(&["longhand", "tr"]), ["train"]);
    assert_eq!(complete(&["longhand", "train", "--tens"]), ["--tensorboard"]);
    assert_eq!(complete(&["longhand", "train", "seed-"]), ["seed-tuned"]);
    assert!(complete(&["longhand", "experiment", "tw"]).contains(&"twelve".to_owned()));
    assert_eq!(complete(&["longhand", "runs", "comp"]), ["compare"]);
    assert_eq!(complete(&["longhand", "runs", "compare", "--order", "s"]), ["suite"]);
    fs::write(folder.path().join("mine.toml"), "").unwrap();
    // A recipe may be a file: nothing is offered for it, and bash then offers the files it finds.
    assert_eq!(complete(&["longhand", "train", "mine.t"]), [""]);
    let wanted = "complete -F _longhand -o nosort -o bashdefault -o default longhand";
    assert!(fs::read_to_string(folder.path().join("longhand.bash")).unwrap().contains(wanted));
}

#[test]
fn every_shell_has_its_script() {
    let folder = tempfile::tempdir().unwrap();
    for (shell, wanted) in [
        ("zsh", "#compdef longhand"),
        ("fish", "complete -c longhand"),
        ("elvish", "edit:completion"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let script = longhand(&["completions", shell], folder.path());
        assert_eq!(script.code, 0, "{}", script.stderr);
        assert!(script.stdout.contains(wanted) && script.stdout.contains("find-learning-rate"), "{shell}");
    }
    let unknown = longhand(&["completions", "tcsh"], folder.path());
    assert_eq!(unknown.code, 2);
    assert!(unknown.stderr.contains("elvish, fish"), "{}", unknown.stderr);
}

#[test]
fn every_command_has_a_page_that_groff_takes() {
    let folder = tempfile::tempdir().unwrap();
    let written = longhand(&["man", "--out", "pages/man1"], folder.path());
    assert_eq!(written.code, 0, "{}{}", written.stdout, written.stderr);
    let pages = folder.path().join("pages/man1");
    for page in ["longhand", "longhand-train", "longhand-runs-compare", "longhand-data-fetch", "longhand-man"] {
        let text = fs::read_to_string(pages.join(format!("{page}.1"))).unwrap();
        assert!(text.contains(&format!(".TH {page} 1")), "{page}: {text}");
        assert!(!text.contains("(here: "), "{page} is the same on every machine");
    }
    let train = fs::read_to_string(pages.join("longhand-train.1")).unwrap();
    assert!(train.contains("longhand train seed"), "the examples of --help: {train}");
    if !there_is("groff") {
        return;
    }
    for page in fs::read_dir(&pages).unwrap() {
        let page = page.unwrap().path();
        let lint = Command::new("groff").args(["-k", "-man", "-Tutf8", "-ww", "-z"]).arg(&page).output().unwrap();
        let said = String::from_utf8_lossy(&lint.stderr);
        assert!(lint.status.success() && said.is_empty(), "{}: {said}", page.display());
    }
}

#[test]
fn a_folder_for_pages_that_cannot_be_made_is_said() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let run = longhand(&["man", "--out", "file/man1"], folder.path());
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("cannot make file/man1"), "{}", run.stderr);
}

#[test]
fn the_version_names_commit_and_instruction_set() {
    let folder = tempfile::tempdir().unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let short = longhand(&["-V"], folder.path());
    assert_eq!((short.code, short.stdout.as_str()), (0, &*format!("longhand {version}\n")));

    let long = longhand(&["--version"], folder.path());
    assert_eq!(long.code, 0);
    let lines: Vec<&str> = long.stdout.lines().collect();
    assert_eq!(lines[0], format!("longhand {version}"));
    let isa = longhand_kernels::Isa::detect().name();
    assert!(lines.last().unwrap().starts_with(&format!("ISA    {isa} (here: ")), "{}", long.stdout);
    // What git says, where the program was built in its own repository.
    let git =
        Command::new("git").args(["rev-parse", "--short=8", "HEAD"]).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    let in_repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.git").exists();
    match git {
        Ok(output) if output.status.success() && in_repository => {
            let head = String::from_utf8(output.stdout).unwrap();
            let commit = lines[1].strip_prefix("commit ").unwrap_or_else(|| panic!("{}", long.stdout));
            assert_eq!(commit.strip_suffix("-dirty").unwrap_or(commit), head.trim());
        }
        _ => assert_eq!(lines.len(), 2, "no commit is known: {}", long.stdout),
    }
}
