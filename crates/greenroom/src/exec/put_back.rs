//! Puts a token file back as it was: pycentral writes the tokens it gets into the file they were
//! configured in, and an emulator's tokens must not stay there.
//!
//! While CMD runs, the original lies in the data directory, locked by its owner. A copy that nobody
//! locks was left by a killed `exec` and is put back by the next one.
//!
//! A file into which somebody entered something while CMD ran, such as a rotated client secret, is left
//! alone and its copy kept. A file that is broken, empty or gone is no such file and comes back.

use std::{
    fmt,
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Restored {
    /// It was as it should be.
    Unchanged,
    /// It had been changed or removed, and was put back.
    PutBack,
    /// Somebody else changed it, so it was left alone.
    Edited(Edited),
}

/// A file that was left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edited {
    /// The file.
    path: PathBuf,
    /// Where the original lies.
    copy: PathBuf,
}

impl fmt::Display for Edited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "left {} alone: it was edited while `greenroom exec` guarded it. An access_token in it may be \
             Greenroom's; remove that. What it held before is in {}; remove that file when you no longer need it",
            self.path.display(),
            self.copy.display()
        )
    }
}

/// Guards a file for as long as CMD runs. Dropped without [`PutBack::restore`], it puts the file
/// back silently.
#[derive(Debug)]
pub(crate) struct PutBack {
    original: SavedCopy,
    /// Where the file was found through a symbolic link: the link, and what it said.
    link: Option<Link>,
    copy: PathBuf,
    /// Holding it open holds its lock, which tells others that the owner lives.
    _lock: File,
    done: bool,
}

/// A symbolic link that led to the file.
#[derive(Debug)]
struct Link {
    path: PathBuf,
    target: PathBuf,
}

impl Link {
    /// The link at `file`, if it is one.
    fn at(file: &Path) -> Option<Self> {
        Some(Self { path: std::path::absolute(file).ok()?, target: fs::read_link(file).ok()? })
    }

    /// Makes it a link again if a file has taken its place, as of a program that writes by rename.
    /// One into which somebody entered something besides is left alone.
    fn restore(&self, original: &[u8]) -> io::Result<()> {
        if fs::read_link(&self.path).is_ok_and(|target| target == self.target)
            || fs::read(&self.path).is_ok_and(|now| token_file::holds_more(&self.path, &now, original))
        {
            return Ok(());
        }
        let name = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let aside = self.path.with_file_name(format!(".{name}.greenroom-link"));
        std::os::unix::fs::symlink(&self.target, &aside)?;
        fs::rename(&aside, &self.path)
    }
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
        Ok(Self { original, link: Link::at(file), copy, _lock: lock, done: false })
    }

    /// Puts the file back byte for byte and forgets the copy, unless somebody edited it.
    pub(crate) fn restore(mut self) -> Result<Restored, PutBackError> {
        self.done = true;
        self.put_back()
    }

    fn put_back(&self) -> Result<Restored, PutBackError> {
        let link = self.link.as_ref().map_or(Ok(()), |link| link.restore(&self.original.bytes));
        link.and_then(|()| settle(&self.original, &self.copy)).map_err(|source| PutBackError::Restore {
            path: self.original.path.display().to_string(),
            copy: self.copy.display().to_string(),
            source,
        })
    }
}

impl Drop for PutBack {
    fn drop(&mut self) {
        if !self.done {
            // Nobody is left to tell; the copy stays if this is not done, and the next exec reports it.
            let _ = self.put_back();
        }
    }
}

/// What was done about a copy that a killed `exec` left.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Mended {
    /// What became of the file.
    Settled(PathBuf, Restored),
    /// It could not be done.
    Failed {
        /// The copy.
        copy: PathBuf,
        /// Why.
        why: String,
    },
}

impl Mended {
    /// What to tell about it, if there is anything to tell. With `quiet` only what wants attention.
    pub(crate) fn report(&self, quiet: bool) -> Option<String> {
        match self {
            Self::Settled(_, Restored::PutBack) if quiet => None,
            Self::Settled(path, Restored::PutBack) => Some(format!(
                "put {} back as it was before a `greenroom exec` that was killed",
                path.display()
            )),
            Self::Settled(_, Restored::Unchanged) => None,
            Self::Settled(_, Restored::Edited(edited)) => Some(edited.to_string()),
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
    let mended = match File::open(copy) {
        Ok(file) => mend_opened(file, copy),
        // Its owner ended since the directory was listed.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    };
    mended.unwrap_or_else(|error| Some(Mended::Failed { copy: copy.to_owned(), why: error.to_string() }))
}

fn mend_opened(mut file: File, copy: &Path) -> io::Result<Option<Mended>> {
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    // An owner that ended by itself, since the copy was opened, has removed it before it let the lock go.
    if !copy.try_exists()? {
        return Ok(None);
    }
    let original = SavedCopy::read(&mut file)?;
    let restored = settle(&original, copy)?;
    Ok(Some(Mended::Settled(original.path, restored)))
}

/// Puts a file back and removes its copy, by whoever holds the copy's lock. A token that pycentral
/// wrote, or a write it did not finish, may go. A client secret that somebody entered must not.
fn settle(original: &SavedCopy, copy: &Path) -> io::Result<Restored> {
    let SavedCopy { path, mode, bytes } = original;
    if fs::read(path).is_ok_and(|now| token_file::holds_more(path, &now, bytes)) {
        return Ok(Restored::Edited(Edited { path: path.clone(), copy: copy.to_owned() }));
    }
    let changed = write_back(path, *mode, bytes)?;
    fs::remove_file(copy)?;
    Ok(if changed { Restored::PutBack } else { Restored::Unchanged })
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
