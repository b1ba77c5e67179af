//! Puts a token file back as it was: pycentral writes the tokens it gets into the file they were
//! configured in, and an emulator's tokens must not stay there.
//!
//! While CMD runs, the original lies in the data directory, locked by its owner. A copy that nobody
//! locks was left by a killed `exec` and is put back by the next one.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use super::{saved_copy::SavedCopy, token_file};

/// How the names of copies end, and of those that are being written.
const ENDING: &str = "saved";
const UNFINISHED: &str = "new";

/// Why a file cannot be guarded, or not be put back. The messages hold paths only.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PutBackError {
    /// The file cannot be read.
    #[error("{path} cannot be read: {source}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// There is no room for the copy.
    #[error(
        "the original of {path} cannot be kept in {dir}: {source}; make that directory writable, or say \
         --keep-token-file to let CMD rewrite its token file for good"
    )]
    Keep {
        /// The file.
        path: String,
        /// Where copies lie.
        dir: String,
        /// Why.
        source: io::Error,
    },
    /// The file cannot be written.
    #[error(
        "{path} cannot be put back: {source}; its original stays in {copy}, and the next `greenroom exec` tries again"
    )]
    Restore {
        /// The file.
        path: String,
        /// Where the original lies.
        copy: String,
        /// Why.
        source: io::Error,
    },
}

/// What became of a guarded file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Restored {
    /// Whether it had been changed or removed, and so was written.
    pub(crate) changed: bool,
}

/// Guards a file for as long as CMD runs. Dropped without [`PutBack::restore`], it puts the file
/// back silently.
#[derive(Debug)]
pub(crate) struct PutBack {
    original: SavedCopy,
    copy: PathBuf,
    /// Holding it open holds its lock, which tells others that the owner lives.
    _lock: File,
    done: bool,
}

impl PutBack {
    /// Keeps the present bytes and mode of `file` under `data_dir` (0600, in a directory of 0700).
    pub(crate) fn guard(file: &Path, data_dir: &Path) -> Result<Self, PutBackError> {
        let read = |source| PutBackError::Read { path: file.display().to_string(), source };
        // Through symbolic links, so that the link stays one and CMD may change its directory.
        let path = file.canonicalize().map_err(read)?;
        let dir = directory(data_dir);
        let keep = |source| PutBackError::Keep {
            path: file.display().to_string(),
            dir: dir.display().to_string(),
            source,
        };
        let _turn = lock_directory(&dir).map_err(keep)?;
        // Another `exec` may be at work on the same file: what it saved is the original, not what lies
        // there now. It removes its copy after it put the file back, so looking in this order is safe.
        let original = match saved_by_another(&dir, &path).map_err(keep)? {
            Some(original) => original,
            None => SavedCopy {
                mode: fs::metadata(&path).map_err(read)?.permissions().mode() & 0o7777,
                bytes: fs::read(&path).map_err(read)?,
                path,
            },
        };
        let (lock, copy) = save(&original, &dir).map_err(keep)?;
        Ok(Self { original, copy, _lock: lock, done: false })
    }

    /// Puts the file back byte for byte and forgets the copy.
    pub(crate) fn restore(mut self) -> Result<Restored, PutBackError> {
        self.done = true;
        self.put_back()
    }

    fn put_back(&self) -> Result<Restored, PutBackError> {
        let SavedCopy { path, mode, bytes } = &self.original;
        let fail = |source| PutBackError::Restore {
            path: path.display().to_string(),
            copy: self.copy.display().to_string(),
            source,
        };
        let changed = write_back(path, *mode, bytes).map_err(fail)?;
        fs::remove_file(&self.copy).map_err(fail)?;
        Ok(Restored { changed })
    }
}

impl Drop for PutBack {
    fn drop(&mut self) {
        if !self.done {
            // Nobody is left to tell; the copy stays if this fails, and the next exec reports it.
            let _ = self.put_back();
        }
    }
}

/// What was done about a copy that a killed `exec` left.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Mended {
    /// The file was put back.
    PutBack(PathBuf),
    /// The file was as it should be.
    Unchanged(PathBuf),
    /// Somebody else has changed the file since, so it was left alone.
    Edited {
        /// The file.
        path: PathBuf,
        /// Where the original lies.
        copy: PathBuf,
    },
    /// It could not be done.
    Failed {
        /// The copy.
        copy: PathBuf,
        /// Why.
        why: String,
    },
}

impl Mended {
    /// What to tell about it, if there is anything to tell.
    pub(crate) fn report(&self) -> Option<String> {
        match self {
            Self::PutBack(path) => Some(format!(
                "put {} back as it was before a `greenroom exec` that was killed",
                path.display()
            )),
            Self::Unchanged(_) => None,
            Self::Edited { path, copy } => Some(format!(
                "left {} alone: an earlier `greenroom exec` was killed, but the file was edited since. What it \
                 held before is in {}; remove that file when you no longer need it",
                path.display(),
                copy.display()
            )),
            Self::Failed { copy, why } => Some(format!(
                "cannot put back the token file kept in {}: {why}; remove that file to give it up",
                copy.display()
            )),
        }
    }
}

/// Puts back what killed `exec`s left under `data_dir`, except what living ones still guard.
pub(crate) fn mend(data_dir: &Path) -> Vec<Mended> {
    let dir = directory(data_dir);
    if !dir.is_dir() {
        return Vec::new();
    }
    let failed = |error: io::Error| Mended::Failed { copy: dir.clone(), why: error.to_string() };
    let _turn = match lock_directory(&dir) {
        Ok(turn) => turn,
        Err(error) => return vec![failed(error)],
    };
    // Whoever writes a copy holds the turn, so an unfinished one has no owner any more.
    for unfinished in files(&dir, UNFINISHED).unwrap_or_default() {
        let _ = fs::remove_file(unfinished);
    }
    match files(&dir, ENDING) {
        Ok(copies) => copies.into_iter().filter_map(|copy| mend_one(&copy)).collect(),
        Err(error) => vec![failed(error)],
    }
}

fn mend_one(copy: &Path) -> Option<Mended> {
    let attempt = || -> io::Result<Option<Mended>> {
        let mut file = File::open(copy)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let SavedCopy { path, mode, bytes } = SavedCopy::read(&mut file)?;
        // A token that pycentral wrote, or a write it did not finish, may go. A client secret that
        // somebody entered since then must not.
        let more = fs::read(&path).is_ok_and(|now| token_file::holds_more(&path, &now, &bytes));
        if more {
            return Ok(Some(Mended::Edited { path, copy: copy.to_owned() }));
        }
        let changed = write_back(&path, mode, &bytes)?;
        fs::remove_file(copy)?;
        Ok(Some(if changed { Mended::PutBack(path) } else { Mended::Unchanged(path) }))
    };
    attempt().unwrap_or_else(|error| Some(Mended::Failed { copy: copy.to_owned(), why: error.to_string() }))
}

/// Where copies lie.
fn directory(data_dir: &Path) -> PathBuf {
    data_dir.join("put-back")
}

/// Waits for the turn to look at copies and to make some. Held for a moment only.
fn lock_directory(dir: &Path) -> io::Result<File> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let lock =
        OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(dir.join("lock"))?;
    lock.lock()?;
    Ok(lock)
}

fn files(dir: &Path, with_ending: &str) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == with_ending) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// What a living `exec` saved of the same file.
fn saved_by_another(dir: &Path, path: &Path) -> io::Result<Option<SavedCopy>> {
    for copy in files(dir, ENDING)? {
        // A copy that vanishes or cannot be read is none of ours to judge here.
        let Ok(mut file) = File::open(&copy) else { continue };
        if !matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)) {
            continue;
        }
        if let Ok(saved) = SavedCopy::read(&mut file)
            && saved.path == path
        {
            return Ok(Some(saved));
        }
    }
    Ok(None)
}

/// Writes a copy and locks it before it gets the name under which [`mend`] looks for it.
fn save(original: &SavedCopy, dir: &Path) -> io::Result<(File, PathBuf)> {
    let mut fresh =
        tempfile::Builder::new().prefix("token-").suffix(&format!(".{UNFINISHED}")).tempfile_in(dir)?;
    original.write(fresh.as_file_mut())?;
    fresh.as_file().sync_all()?;
    fresh.as_file().lock()?;
    let copy = fresh.path().with_extension(ENDING);
    let lock = fresh.persist_noclobber(&copy).map_err(|error| error.error)?;
    Ok((lock, copy))
}

/// Makes `path` hold `bytes` with `mode`; says whether that took a write.
fn write_back(path: &Path, mode: u32, bytes: &[u8]) -> io::Result<bool> {
    let present = match fs::metadata(path) {
        Ok(present) => Some(present),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let Some(present) = present else {
        replace(path, mode, bytes, None)?;
        return Ok(true);
    };
    let same_mode = present.permissions().mode() & 0o7777 == mode;
    if same_mode && present.len() == bytes.len() as u64 && fs::read(path)? == bytes {
        return Ok(false);
    }
    // Replacing is atomic, but would cut hard links and lose another owner, and cannot be done to a
    // file that is mounted by itself. Writing in place is safe too while the copy exists.
    let owner = (present.uid(), present.gid());
    if present.nlink() > 1 || replace(path, mode, bytes, Some(owner)).is_err() {
        let mut file = OpenOptions::new().write(true).truncate(true).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::set_permissions(path, Permissions::from_mode(mode))?;
    }
    Ok(true)
}

fn replace(path: &Path, mode: u32, bytes: &[u8], owner: Option<(u32, u32)>) -> io::Result<()> {
    let dir = path.parent().ok_or_else(|| io::Error::other("it has no directory"))?;
    let mut fresh: NamedTempFile = tempfile::Builder::new().prefix(".greenroom-").tempfile_in(dir)?;
    let ours = fresh.as_file().metadata()?;
    if owner.is_some_and(|owner| owner != (ours.uid(), ours.gid())) {
        return Err(io::Error::other("it belongs to somebody else"));
    }
    fresh.write_all(bytes)?;
    fresh.as_file().set_permissions(Permissions::from_mode(mode))?;
    fresh.as_file().sync_all()?;
    fresh.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests;
