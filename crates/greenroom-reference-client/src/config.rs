//! With which credentials a client is opened: the part of `drive/1` that looks like a user's own configuration.

use std::{fmt, path::PathBuf, time::Duration};

use jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use serde::Deserialize;
use serde_json::Value;

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
    pub(crate) classic: Option<ClassicEntry>,
    /// A file of this form, which counts before the rest and is kept up to date.
    pub(crate) token_file: Option<PathBuf>,
    /// In seconds, or as people write it: `1m 30s`.
    timeout: Option<Value>,
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

/// What signs in to Classic Central: an application of its gateway, and the user whose it is.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct ClassicEntry {
    base_url: Option<String>,
    client_id: Option<String>,
    client_secret: Option<Secret>,
    username: Option<String>,
    password: Option<Secret>,
    customer_id: Option<String>,
    pub(crate) access_token: Option<Secret>,
    pub(crate) refresh_token: Option<Secret>,
    /// When the access token runs out: this client's own word in a token file (RFC 3339).
    expires_at: Option<String>,
}

/// Who signs in to Classic Central, and for which customer.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) password: Secret,
    pub(crate) customer: String,
}

/// Who asks for tokens.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) id: String,
    pub(crate) secret: Secret,
}

impl Config {
    /// With the entries of another one where this has none.
    pub(crate) fn or(mut self, other: Self) -> Self {
        self.unified = self.unified.or(other.unified);
        self.glp = self.glp.or(other.glp);
        self.new_central = self.new_central.or(other.new_central);
        self.classic = self.classic.or(other.classic);
        self.timeout = self.timeout.or(other.timeout);
        self
    }

    /// How long one request may take.
    pub(crate) fn timeout(&self) -> Result<Duration, Failure> {
        let timeout = match &self.timeout {
            None => Some(TIMEOUT),
            Some(Value::Number(seconds)) => {
                seconds.as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            }
            Some(Value::String(text)) => {
                text.parse::<SignedDuration>().ok().and_then(|timeout| Duration::try_from(timeout).ok())
            }
            Some(_) => None,
        };
        let wrong = "config.timeout is no duration: write seconds, or 1m 30s as a text";
        timeout.ok_or_else(|| Failure::new(Kind::Other, wrong))
    }
}

impl Entry {
    /// Id and secret, if both are there.
    pub(crate) fn credentials(&self) -> Option<Credentials> {
        Some(Credentials { id: self.client_id.clone()?, secret: self.client_secret.clone()? })
    }

    /// Whether it names this cluster.
    pub(crate) fn is_in(&self, cluster: &str) -> bool {
        self.cluster_name.as_deref() == Some(cluster)
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

impl ClassicEntry {
    /// The application, if it is there as a whole.
    pub(crate) fn application(&self) -> Option<Credentials> {
        Some(Credentials { id: self.client_id.clone()?, secret: self.client_secret.clone()? })
    }

    /// The user, if there is one with a customer.
    pub(crate) fn user(&self) -> Option<User> {
        Some(User {
            name: self.username.clone()?,
            password: self.password.clone()?,
            customer: self.customer_id.clone()?,
        })
    }

    /// When the access token runs out, if that is known.
    pub(crate) fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at.as_deref()?.parse().ok()
    }

    /// The API gateway.
    pub(crate) fn base(&self) -> Result<Url, Failure> {
        let missing = || Failure::new(Kind::Other, "config.classic has no base_url");
        place::central(self.base_url.as_deref().ok_or_else(missing)?)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        let text = r#"{"unified":{"client_id":"id","client_secret":"hunter2","access_token":"t0ken"}}"#;
        let config: Config = serde_json::from_str(text).unwrap();
        let shown = format!("{config:?} {:?}", config.unified.as_ref().unwrap().credentials());
        assert!(!shown.contains("hunter2") && !shown.contains("t0ken"), "{shown}");
        let text = r#"{"classic":{"client_id":"id","client_secret":"hunter2","username":"u","password":"hunter2",
            "customer_id":"c","access_token":"t0ken","refresh_token":"t0ken"}}"#;
        let config: Config = serde_json::from_str(text).unwrap();
        let classic = config.classic.as_ref().unwrap();
        let shown = format!("{config:?} {:?} {:?}", classic.application().unwrap(), classic.user().unwrap());
        assert!(!shown.contains("hunter2") && !shown.contains("t0ken"), "{shown}");
    }

    #[test]
    fn timeouts_are_seconds_or_durations() {
        let timeout = |timeout| Config { timeout: Some(timeout), ..Config::default() }.timeout();
        assert_eq!(timeout(json!(1)).unwrap(), Duration::from_secs(1));
        assert_eq!(timeout(json!(0.5)).unwrap(), Duration::from_millis(500));
        assert_eq!(timeout(json!("1m 30s")).unwrap(), Duration::from_secs(90));
        assert_eq!(Config::default().timeout().unwrap(), Duration::from_secs(30));
        for wrong in [json!("soon"), json!("-1s"), json!(-1), json!(1e300), json!([])] {
            assert!(timeout(wrong).is_err());
        }
    }
}
