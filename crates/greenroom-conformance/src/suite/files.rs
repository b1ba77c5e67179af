//! Where the scenarios of a suite come from: those of the kit, or files.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{Suite, SuiteError};
use crate::{catalogue::Library, load::load};

impl Suite {
    /// All scenarios that come along.
    pub fn builtin() -> Self {
        Self::loaded(Library::builtin().iter().map(|entry| entry.loaded.clone()))
    }

    /// The scenarios of these files, and of all YAML files in these directories.
    pub fn from_paths(paths: impl IntoIterator<Item = impl AsRef<Path>>) -> Result<Self, SuiteError> {
        let mut files = Vec::new();
        for path in paths {
            let path = path.as_ref();
            find(path, &mut files).map_err(|error| SuiteError::Unreadable { path: path.into(), error })?;
        }
        let mut read = Vec::new();
        for path in files {
            match fs::read_to_string(&path) {
                Ok(text) => read.push(load(&text).map_err(|mistakes| SuiteError::File {
                    path: path.clone(),
                    mistakes: mistakes.to_string(),
                })?),
                Err(error) => return Err(SuiteError::Unreadable { path, error }),
            }
        }
        Ok(Self::loaded(read))
    }
}

fn find(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let mut inside = fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    inside.sort();
    inside.retain(|path| path.is_dir() || path.extension().is_some_and(|extension| extension == "yaml"));
    inside.iter().try_for_each(|path| find(path, files))
}
