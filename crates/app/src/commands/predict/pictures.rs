//! Where pictures come from: files, folders, standard input.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use longhand_data::MAX_PICTURE_BYTES;

/// A picture to be read, or a folder that gave none.
pub enum Source {
    /// Standard input.
    StandardInput,
    /// A file.
    File(PathBuf),
    /// A folder and why there is no picture from it.
    NoPictures(PathBuf, String),
}

/// The pictures that were asked for, in that order; those of a folder by name.
pub fn sources(asked: &[PathBuf]) -> Vec<Source> {
    asked.iter().flat_map(|path| sources_of(path)).collect()
}

fn sources_of(path: &Path) -> Vec<Source> {
    if path.as_os_str() == "-" {
        return vec![Source::StandardInput];
    }
    if !path.is_dir() {
        return vec![Source::File(path.into())];
    }
    match pictures_in(path) {
        Ok(files) if files.is_empty() => {
            vec![Source::NoPictures(path.into(), "the folder has no .png, .jpg or .jpeg file in it".into())]
        }
        Ok(files) => files.into_iter().map(Source::File).collect(),
        Err(e) => vec![Source::NoPictures(path.into(), e.to_string())],
    }
}

fn pictures_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let is_picture = |path: &PathBuf| {
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        ["png", "jpg", "jpeg"].iter().any(|known| extension.eq_ignore_ascii_case(known)) && path.is_file()
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        files.extend(Some(entry?.path()).filter(is_picture));
    }
    files.sort();
    Ok(files)
}

impl Source {
    /// What a person calls it.
    pub fn name(&self) -> String {
        match self {
            Source::StandardInput => "standard input".into(),
            Source::File(path) | Source::NoPictures(path, _) => path.display().to_string(),
        }
    }

    /// [`Source::name`] for a terminal, which control characters in a stranger's file name would command.
    pub fn shown(&self) -> String {
        self.name().replace(char::is_control, "\u{FFFD}")
    }

    /// Its bytes, no more than a little over [`MAX_PICTURE_BYTES`] of them, or why there are none.
    pub fn bytes(&self) -> Result<Vec<u8>, String> {
        let read = |from: &mut dyn Read| {
            let mut bytes = Vec::new();
            from.take(MAX_PICTURE_BYTES as u64 + 1).read_to_end(&mut bytes).map(|_| bytes)
        };
        match self {
            Source::StandardInput => read(&mut io::stdin().lock()),
            Source::File(path) => File::open(path).and_then(|mut file| read(&mut file)),
            Source::NoPictures(_, reason) => return Err(reason.clone()),
        }
        .map_err(|e| e.to_string())
    }
}
