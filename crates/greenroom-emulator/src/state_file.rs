//! The file that a world is kept in: written whole or not at all.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Mutex,
};

use greenroom_model::{
    spec::{self, ExportError, Secrets},
    world::World,
};
use jiff::Timestamp;
use tempfile::NamedTempFile;

/// Why a world was not kept. The file is as it was.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It cannot be written as a world file.
    #[error("the world was not saved: {0}")]
    World(#[from] ExportError),
    /// The file cannot be written.
    #[error("the world was not saved: cannot write {}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
}

/// A file that holds a world between two runs. A kill leaves the old or the new one, never half.
#[derive(Debug)]
pub(crate) struct StateFile {
    path: PathBuf,
    /// One writer at a time, so that the newest world is the one that stays.
    writing: Mutex<()>,
}

impl StateFile {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, writing: Mutex::new(()) }
    }

    /// Writes the world that `copy` takes, by temporary file and rename, and returns it. Secrets are
    /// written as digests.
    pub(crate) fn write(&self, copy: impl FnOnce() -> (World, Timestamp)) -> Result<World, StateError> {
        let _alone = self.writing.lock();
        let (world, now) = copy();
        let text = spec::export(&world, Secrets::Digests, now)?;
        let dir = self.path.parent().filter(|dir| !dir.as_os_str().is_empty());
        let failed = |error| StateError::File { path: self.path.clone(), error };
        let mut file = NamedTempFile::new_in(dir.unwrap_or_else(|| Path::new("."))).map_err(failed)?;
        file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
        file.persist(&self.path).map_err(|error| failed(error.error))?;
        Ok(world)
    }
}
