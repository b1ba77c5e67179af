//! The file that a world is kept in: written whole or not at all.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    sync::Mutex,
};

use greenroom_model::{
    spec::{self, ExportError, Secrets},
    world::World,
};
use jiff::Timestamp;

use crate::whole_file;

/// Why a world was not kept. The file is as it was.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It cannot be written as a world file.
    #[error("the world was not saved: {0}")]
    World(#[from] ExportError),
    /// Something else is where the file should be.
    #[error("cannot keep a world in {}: it is no file; name one, or one that is not there yet", .0.display())]
    NoFile(PathBuf),
    /// The file cannot be written.
    #[error(
        "cannot write {}: {error}; the world is kept in a file of a directory that is there and can be written",
        path.display()
    )]
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
    /// The file of that path, or that a link there leads to. Writes nothing, but tries whether it could.
    pub(crate) fn new(path: PathBuf) -> Result<Self, StateError> {
        let path = followed(path);
        if path.metadata().is_ok_and(|about| !about.is_file()) {
            return Err(StateError::NoFile(path));
        }
        let file = Self { path, writing: Mutex::new(()) };
        whole_file::beside(&file.path).map(drop).map_err(|error| file.failed(error))?;
        Ok(file)
    }

    fn failed(&self, error: io::Error) -> StateError {
        StateError::File { path: self.path.clone(), error }
    }

    /// Writes the world that `copy` takes, by temporary file and rename, and hands it to `written` before any
    /// other is written. Secrets are written as digests.
    pub(crate) fn write<T>(
        &self,
        copy: impl FnOnce() -> (World, Timestamp),
        written: impl FnOnce(World) -> T,
    ) -> Result<T, StateError> {
        let _alone = self.writing.lock();
        let (world, now) = copy();
        let text = spec::export(&world, Secrets::Digests, now)?;
        whole_file::write(&self.path, |file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
            .map_err(|error| self.failed(error))?;
        Ok(written(world))
    }
}

/// Where a path leads: a rename would replace a link rather than what it leads to, which need not be there
/// yet.
fn followed(mut path: PathBuf) -> PathBuf {
    // As many as Linux follows.
    for _ in 0..40 {
        let Ok(target) = path.read_link() else { break };
        path.pop();
        path.push(target);
    }
    path
}
