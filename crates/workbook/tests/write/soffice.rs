//! LibreOffice without a window, told to recalculate every workbook that it opens.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Recalculate always: without this LibreOffice shows what the file says beside each formula.
const SETTINGS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
</oor:items>
"#;

/// The longest that it may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// Where LibreOffice is, if it is installed.
pub fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join("soffice")).find(|program| program.is_file())
}

/// Opens each workbook, recalculates it and saves it; the results come in the same order. Panics where LibreOffice
/// fails or takes too long.
pub fn recalculated(program: &Path, workbooks: &[(String, Vec<u8>)]) -> Vec<Vec<u8>> {
    let folder = TempDir::new().expect("a folder");
    let profile = folder.path().join("profile");
    fs::create_dir_all(profile.join("user")).expect("a folder");
    fs::write(profile.join("user/registrymodifications.xcu"), SETTINGS).expect("the settings");
    let (given, made) = (folder.path().join("given"), folder.path().join("made"));
    fs::create_dir(&given).expect("a folder");
    let mut command = Command::new(program);
    command
        .arg(format!("-env:UserInstallation=file://{}", profile.display()))
        .args(["--headless", "--norestore", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir"])
        .arg(&made);
    for (name, bytes) in workbooks {
        let file = given.join(format!("{name}.xlsx"));
        fs::write(&file, bytes).expect("a workbook");
        command.arg(file);
    }
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("LibreOffice starts");
    let start = Instant::now();
    while child.try_wait().expect("its state").is_none() {
        if start.elapsed() > PATIENCE {
            child.kill().expect("it stops");
            panic!("LibreOffice took longer than {PATIENCE:?}");
        }
        sleep(Duration::from_millis(50));
    }
    workbooks
        .iter()
        .map(|(name, _)| fs::read(made.join(format!("{name}.xlsx"))).unwrap_or_else(|error| panic!("{name}: {error}")))
        .collect()
}
