//! A file with credentials and the last access token, which a later run begins with.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::{Map, Value};

use crate::{
    config::Config,
    failure::{Failure, Kind},
    http::{Http, Level},
};

/// What mutants do wrong when they write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// The token is all that is in the file afterwards.
    Alone,
    /// Whoever reads new files of this user reads this one.
    ModeOfNewFiles,
    /// The file is emptied and written again.
    InPlace,
}

/// The file, and one writer at a time.
#[derive(Debug)]
pub(crate) struct TokenFile {
    path: PathBuf,
    writing: Mutex<()>,
}

impl TokenFile {
    /// Reads the file as a configuration.
    pub(crate) fn open(path: &Path) -> Result<(Self, Config), Failure> {
        let failure = |what: &dyn std::fmt::Display| {
            Failure::new(Kind::Other, format!("token file {}: {what}", path.display()))
        };
        let text = fs::read(path).map_err(|error| failure(&error))?;
        // A parser's own words may quote the file, which holds secrets.
        let parsed = serde_json::from_slice(&text);
        let config =
            parsed.map_err(|error| failure(&format!("no configuration in JSON, line {}", error.line())))?;
        Ok((Self { path: path.to_owned(), writing: Mutex::default() }, config))
    }

    /// Puts members of an entry in the place of those before: tokens, and what is known of them. One that is nothing is
    /// taken out. That they cannot be written is told, and no more: the tokens are good all the same.
    pub(crate) async fn remember(
        self: &Arc<Self>,
        http: &Http,
        entry: &'static str,
        members: Vec<(&'static str, Option<String>)>,
        flaw: Option<Flaw>,
    ) {
        let file = Arc::clone(self);
        let kept = tokio::task::spawn_blocking(move || file.keep(entry, &members, flaw)).await;
        if let Err(error) = kept.unwrap_or_else(|error| Err(io::Error::other(error))) {
            http.tell(Level::Error, || format!("the token file cannot be written: {error}"));
        }
    }

    /// The file is replaced whole and keeps its mode, so that whoever reads it meanwhile, or after a crash, finds the
    /// tokens before or the new ones.
    fn keep(&self, entry: &str, members: &[(&str, Option<String>)], flaw: Option<Flaw>) -> io::Result<()> {
        let _alone = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mode = match flaw {
            Some(Flaw::ModeOfNewFiles) => fs::Permissions::from_mode(0o644),
            _ => fs::metadata(&self.path)?.permissions(),
        };
        let mut content: Map<String, Value> = serde_json::from_slice(&fs::read(&self.path)?)?;
        let Some(Value::Object(entry)) = content.get_mut(entry) else { return Ok(()) };
        if flaw == Some(Flaw::Alone) {
            entry.clear();
        }
        for (name, value) in members {
            match value {
                Some(value) => entry.insert((*name).to_owned(), value.as_str().into()),
                None => entry.remove(*name),
            };
        }
        if flaw == Some(Flaw::InPlace) {
            return fs::write(&self.path, serde_json::to_vec_pretty(&content)?);
        }
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or_else(|| Path::new(".")))?;
        file.as_file().set_permissions(mode)?;
        serde_json::to_writer_pretty(&mut file, &content)?;
        file.write_all(b"\n")?;
        file.as_file().sync_all()?;
        file.persist(&self.path)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[test]
    fn the_file_is_replaced_and_keeps_the_rest_and_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token.json");
        let text = r#"{"unified":{"client_id":"id","client_secret":"s","access_token":"old","extra":1,"gone":3},"x":2}"#;
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let before = fs::metadata(&path).unwrap().ino();

        let (file, config) = TokenFile::open(&path).unwrap();
        assert_eq!(config.unified.unwrap().access_token.unwrap().reveal(), "old");
        file.keep("unified", &[("access_token", Some("new".to_owned())), ("gone", None)], None).unwrap();
        let kept: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let unified =
            serde_json::json!({"client_id":"id","client_secret":"s","access_token":"new","extra":1});
        assert_eq!(kept, serde_json::json!({"unified": unified, "x": 2}));
        let after = fs::metadata(&path).unwrap();
        assert_eq!(after.mode() & 0o777, 0o640);
        assert_ne!(after.ino(), before, "it was replaced");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left behind");
    }

    #[test]
    fn a_file_that_is_none_is_told_without_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token.json");
        fs::write(&path, r#"{"unified":"hunter2"}"#).unwrap();
        let message = TokenFile::open(&path).unwrap_err().message;
        assert!(message.contains("token.json") && !message.contains("hunter2"), "{message}");
    }
}
