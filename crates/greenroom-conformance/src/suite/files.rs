//! Where the scenarios of a suite come from: those of the kit, or files.

use std::path::Path;

use super::{Suite, SuiteError};
use crate::{catalogue::Library, load::load_files};

impl Suite {
    /// All scenarios that come along.
    pub fn builtin() -> Self {
        Self::loaded(Library::builtin().iter().map(|entry| entry.loaded.clone()))
    }

    /// The scenarios of these files, and of all YAML files in these directories.
    pub fn from_paths(paths: impl IntoIterator<Item = impl AsRef<Path>>) -> Result<Self, SuiteError> {
        Ok(Self::loaded(load_files(paths)?))
    }
}
