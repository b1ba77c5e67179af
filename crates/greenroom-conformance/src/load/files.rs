//! Scenario files: found, read, and everything that is wrong with any of them told at once.

use std::{
    collections::BTreeMap,
    fmt, fs,
    path::{Path, PathBuf},
};

use greenroom_model::yaml::Mistakes;

use super::{Loaded, load};
use crate::scenario::Id;

/// What is wrong with files, a line or more each.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct FilesError(Vec<String>);

impl FilesError {
    fn unreadable(path: &Path, error: &dyn fmt::Display) -> Self {
        Self(vec![format!("{} cannot be read: {error}", path.display())])
    }

    /// The mistakes of one file.
    pub fn mistakes(file: &Path, mistakes: &Mistakes) -> Self {
        let count = mistakes.list.len() + mistakes.more;
        let plural = if count == 1 { "" } else { "s" };
        let told = mistakes.to_string().replace('\n', "\n  ");
        Self(vec![format!("{} has {count} mistake{plural}\n  {told}", file.display())])
    }
}

/// Reads these scenario files, and all in these directories. Reports and baselines know a scenario by its id alone,
/// so that each id may come once.
pub fn load_files(paths: impl IntoIterator<Item = impl AsRef<Path>>) -> Result<Vec<Loaded>, FilesError> {
    let (mut loaded, mut wrong) = (Vec::new(), Vec::new());
    let mut ids: BTreeMap<Id, PathBuf> = BTreeMap::new();
    for path in paths {
        let found = find(path.as_ref(), "yaml").unwrap_or_else(|FilesError(why)| {
            wrong.extend(why);
            Vec::new()
        });
        for file in found {
            let read = match load_file(&file) {
                Ok(read) => read,
                Err(FilesError(why)) => {
                    wrong.extend(why);
                    continue;
                }
            };
            let id = read.variants.first().map(|paced| paced.otherwise.id.clone());
            match id.and_then(|id| Some((ids.insert(id.clone(), file.clone())?, id))) {
                Some((other, id)) => wrong.push(format!(
                    "{} and {} are both {id}: give each file once, and each scenario an id of its own",
                    other.display(),
                    file.display()
                )),
                None => loaded.push(read),
            }
        }
    }
    if wrong.is_empty() { Ok(loaded) } else { Err(FilesError(wrong)) }
}

fn load_file(file: &Path) -> Result<Loaded, FilesError> {
    let bytes = fs::read(file).map_err(|error| FilesError::unreadable(file, &error))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + good.iter().filter(|byte| **byte == b'\n').count();
        FilesError(vec![format!("{}: line {line} is not UTF-8: save the file as UTF-8", file.display())])
    })?;
    load(&text).map_err(|mistakes| FilesError::mistakes(file, &mistakes))
}

/// The files of that ending in a directory and in those within it, in order; a file is itself. A directory without one
/// is an error.
pub fn find(path: &Path, ending: &str) -> Result<Vec<PathBuf>, FilesError> {
    let mut found = Vec::new();
    let mut unread = vec![path.to_owned()];
    while let Some(path) = unread.pop() {
        let unreadable = |error| FilesError::unreadable(&path, &error);
        if !fs::metadata(&path).map_err(unreadable)?.is_dir() {
            found.push(path);
            continue;
        }
        for entry in fs::read_dir(&path).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?.path();
            if entry.is_dir() || entry.extension().is_some_and(|it| it == ending) {
                unread.push(entry);
            }
        }
    }
    found.sort();
    if found.is_empty() {
        return Err(FilesError(vec![format!("{} holds no .{ending} file", path.display())]));
    }
    Ok(found)
}
