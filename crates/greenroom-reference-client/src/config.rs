//! With which credentials a client is opened: the part of `drive/1` that looks like a user's own configuration.

use std::{fmt, path::PathBuf, time::Duration};

use jiff::SignedDuration;
use reqwest::Url;
use serde::Deserialize;

use crate::{
    failure::{Failure, Kind},
    place,
};

const TIMEOUT: Duration = Duration::from_secs(30);

/// A text that is not shown.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// How a client is opened.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Config {
    pub(crate) unified: Option<Entry>,
    pub(crate) glp: Option<Entry>,
    pub(crate) new_central: Option<Entry>,
    /// A file of this form, whose entries count where this has none.
    pub(crate) token_file: Option<PathBuf>,
    timeout: Option<String>,
}

/// One set of credentials.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Entry {
    client_id: Option<String>,
    client_secret: Option<Secret>,
    pub(crate) workspace_id: Option<String>,
    pub(crate) access_token: Option<Secret>,
    cluster_name: Option<String>,
    central_url: Option<String>,
}

/// Who asks for tokens.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) id: String,
    pub(crate) secret: Secret,
}

impl Config {
    /// With the entries of the token file where this has none.
    pub(crate) fn or(mut self, file: Self) -> Self {
        self.unified = self.unified.or(file.unified);
        self.glp = self.glp.or(file.glp);
        self.new_central = self.new_central.or(file.new_central);
        self.timeout = self.timeout.or(file.timeout);
        self
    }

    /// How long one request may take.
    pub(crate) fn timeout(&self) -> Result<Duration, Failure> {
        let Some(text) = &self.timeout else { return Ok(TIMEOUT) };
        let timeout = text.parse::<SignedDuration>().ok().and_then(|it| Duration::try_from(it).ok());
        timeout.ok_or_else(|| Failure::new(Kind::Other, "config.timeout is no duration: write 1s or 1m 30s"))
    }
}

impl Entry {
    /// Id and secret, if both are there.
    pub(crate) fn credentials(&self) -> Option<Credentials> {
        Some(Credentials { id: self.client_id.clone()?, secret: self.client_secret.clone()? })
    }

    /// The API of New Central, if this says where.
    pub(crate) fn central(&self) -> Result<Option<Url>, Failure> {
        match (&self.central_url, &self.cluster_name) {
            (Some(url), _) => place::central(url).map(Some),
            (None, Some(name)) => place::cluster(name).map(Some),
            (None, None) => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        let text = r#"{"unified":{"client_id":"id","client_secret":"hunter2","access_token":"t0ken"}}"#;
        let config: Config = serde_json::from_str(text).unwrap();
        let shown = format!("{config:?} {:?}", config.unified.as_ref().unwrap().credentials());
        assert!(!shown.contains("hunter2") && !shown.contains("t0ken"), "{shown}");
    }

    #[test]
    fn timeouts_are_durations() {
        let timeout = |text: &str| Config { timeout: Some(text.to_owned()), ..Config::default() }.timeout();
        assert_eq!(timeout("1s").unwrap(), Duration::from_secs(1));
        assert_eq!(timeout("500ms").unwrap(), Duration::from_millis(500));
        assert_eq!(Config::default().timeout().unwrap(), Duration::from_secs(30));
        assert!(timeout("soon").is_err() && timeout("-1s").is_err());
    }
}
