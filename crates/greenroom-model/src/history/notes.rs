//! What is told of a client besides its requests: the steps it was asked for, what it replied and wrote, and
//! what it gave away.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret::Digest;

/// A list of ids, as far as it takes to compare it with another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IdSet {
    /// How many there are.
    pub count: u64,
    /// How many different ones.
    pub distinct: u64,
    /// The digest of the different ones, sorted and joined by line breaks.
    pub digest: String,
}

impl IdSet {
    /// What there is to say of these.
    pub fn of<'a>(ids: impl Iterator<Item = &'a str>) -> Self {
        let mut count = 0;
        let distinct: BTreeSet<_> = ids.inspect(|_| count += 1).collect();
        let lines = distinct.iter().copied().collect::<Vec<_>>().join("\n");
        Self { count, distinct: distinct.len() as u64, digest: Digest::of(lines).to_string() }
    }
}

/// A step that a client was asked for, or would have been.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepNote {
    /// The number of the request to the client.
    pub id: u64,
    /// The step.
    pub step: String,
    /// Which of its repetitions, counted from 1, if it is repeated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// What is asked: `open`, `tenant`, `call`, `list`, `refresh`, `reload`, `clock`, `close`.
    pub verb: String,
    /// The object that an `open` or `tenant` makes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// The object it goes through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The workspace in which that object acts, by symbol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// The API of a call: `glp`, `central` or `classic`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    /// The method of a call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The path of a call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The query of a call, form-urlencoded and sorted by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// The headers that the caller supplies, names in lower case.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The digest of the body as [`canonical`](super::canonical) makes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The log level of an `open`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// Why the client was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
}

/// What a client replied to a step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReplyNote {
    /// The number of the request to the client.
    pub id: u64,
    /// The step.
    pub step: String,
    /// Whether the client says that it went well.
    pub ok: bool,
    /// The status that it hands on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What kind of failure it was: `auth`, `rate`, `transport`, `protocol`, `api`, `usage`, `other`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// What it says about the failure, without secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The ids of a `list`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ids: Option<IdSet>,
    /// Why there was no reply: `patience`, `exit`, `unbounded`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut: Option<String>,
}

/// A stream of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Where a secret was seen that should not have been there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// In what a program wrote.
    Output {
        /// On which stream.
        stream: Stream,
    },
    /// In the message of a reply.
    Message,
    /// In the path or query of a request, or in the host that it or a tunnel is for.
    Url,
    /// In a header of a request.
    Header,
    /// In the body of a request.
    Body,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Output { .. } => "output",
            Self::Message => "message",
            Self::Url => "url",
            Self::Header => "header",
            Self::Body => "body",
        })
    }
}

/// How a secret was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// As it is.
    Raw,
    /// In base64, of either alphabet.
    Base64,
    /// With percent signs.
    Url,
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Raw => "raw",
            Self::Base64 => "base64",
            Self::Url => "url",
        })
    }
}

/// A part of a token or of a client secret, seen where none belongs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Leak {
    /// Of which token, `acme#2`; or of which client the secret, `client:NAME`.
    pub symbol: String,
    /// Where it was seen.
    pub place: Place,
    /// The host it was sent to, if that is one to which no secret goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// How it was written.
    pub encoding: Encoding,
    /// The entry of the request it was in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<u64>,
    /// The step under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// The log level that was asked for last: `DEBUG`, `INFO`…
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
}

/// A file of the client, as it was found after a step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileNote {
    /// Which file: `token_file`.
    pub which: String,
    /// Who may read and write it: `0600`.
    pub mode: String,
    /// Its number in the file system.
    pub inode: u64,
    /// Whether it is another file than the one before it.
    pub replaced: bool,
    /// The symbols of the tokens in it, and `secret` if there is a client secret.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_compared_whatever_their_order() {
        let one = IdSet::of(["b", "a", "b"].into_iter());
        assert_eq!((one.count, one.distinct), (3, 2));
        assert_eq!(one.digest, Digest::of("a\nb").to_string());
        assert_eq!(one.digest, IdSet::of(["a", "b"].into_iter()).digest);
        assert_ne!(one.digest, IdSet::of(["ab"].into_iter()).digest);
        assert_eq!(IdSet::of([].into_iter()).distinct, 0);
    }
}
