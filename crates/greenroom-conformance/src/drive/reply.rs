//! What a client answers. Read with forbearance: members and capabilities that are not known yet are not looked at.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::{VERSION, line::ProtocolError};

/// Names and values of headers.
pub type Headers = BTreeMap<String, String>;

/// The one reply to the question of the same id.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reply {
    /// That of the question.
    pub id: u64,
    /// Whether it was done. A call that ends in a 401 handed to the caller is done.
    pub ok: bool,
    /// Why it was not done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// The status that the caller was given, or that the failure was about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What the client says of a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The body that the caller was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// The headers that the caller was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers: Option<Headers>,
    /// What was listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<String>>,
    /// To `hello`: the version of the protocol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub v: Option<u64>,
    /// To `hello`: the client's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// To `hello`: the client's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// To `hello`: how the client's versions are ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheme: Option<Scheme>,
    /// To `hello`: what the client can do besides `open` and `call`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub can: Option<Can>,
}

/// Why a client could not do what it was asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It could not sign in, or was refused for its token.
    Auth,
    /// It was asked to send less.
    Rate,
    /// The connection failed: refused, reset, timed out.
    Transport,
    /// The answer made no sense: no JSON, no token, cut short.
    Protocol,
    /// The API refused for any other reason.
    Api,
    /// The adapter was asked for what it does not know or cannot do.
    Usage,
    /// Anything else.
    Other,
}

impl Kind {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Rate => "rate",
            Self::Transport => "transport",
            Self::Protocol => "protocol",
            Self::Api => "api",
            Self::Usage => "usage",
            Self::Other => "other",
        }
    }
}

/// How versions of a client are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    /// As Python's.
    Pep440,
    /// Semantic versions.
    Semver,
}

/// What a client may claim to do besides `open` and `call`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    /// `open` in mode `msp`.
    Msp,
    /// `tenant`.
    Tenant,
    /// `list`.
    List,
    /// `close`.
    Close,
    /// `refresh`.
    Refresh,
    /// `reload`.
    Reload,
    /// Several questions under way at once.
    Concurrent,
    /// `call` with `stream`.
    Stream,
    /// `open` with `token_file`.
    TokenFile,
    /// `clock`.
    Clock,
    /// Saying when it would sleep, and waiting to be woken instead.
    SleepEvents,
    /// `open` in mode `classic`, and `call` with `api` `classic`.
    Classic,
}

impl Capability {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Msp,
        Self::Tenant,
        Self::List,
        Self::Close,
        Self::Refresh,
        Self::Reload,
        Self::Concurrent,
        Self::Stream,
        Self::TokenFile,
        Self::Clock,
        Self::SleepEvents,
        Self::Classic,
    ];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Msp => "msp",
            Self::Tenant => "tenant",
            Self::List => "list",
            Self::Close => "close",
            Self::Refresh => "refresh",
            Self::Reload => "reload",
            Self::Concurrent => "concurrent",
            Self::Stream => "stream",
            Self::TokenFile => "token_file",
            Self::Clock => "clock",
            Self::SleepEvents => "sleep_events",
            Self::Classic => "classic",
        }
    }
}

/// What a client claims to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Can {
    /// What is known here.
    pub known: BTreeSet<Capability>,
    /// Words that are not: of a later version, or misspelt.
    pub unknown: Vec<String>,
}

impl Can {
    /// Whether it claims this.
    pub fn has(&self, capability: Capability) -> bool {
        self.known.contains(&capability)
    }
}

impl FromIterator<Capability> for Can {
    fn from_iter<I: IntoIterator<Item = Capability>>(capabilities: I) -> Self {
        Self { known: capabilities.into_iter().collect(), unknown: Vec::new() }
    }
}

impl Serialize for Can {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let known = self.known.iter().map(|capability| capability.word());
        serializer.collect_seq(known.chain(self.unknown.iter().map(String::as_str)))
    }
}

impl<'de> Deserialize<'de> for Can {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut can = Self::default();
        for word in Vec::<String>::deserialize(deserializer)? {
            match Capability::ALL.into_iter().find(|capability| capability.word() == word) {
                Some(capability) => drop(can.known.insert(capability)),
                None => can.unknown.push(word),
            }
        }
        Ok(can)
    }
}

impl JsonSchema for Can {
    fn schema_name() -> Cow<'static, str> {
        "Can".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let capability = generator.subschema_for::<Capability>();
        json_schema!({"type": "array", "items": capability, "uniqueItems": true})
    }
}

/// What a client says of itself: the reply to `hello`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Introduction {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// How its versions are ordered.
    pub scheme: Scheme,
    /// What it can do besides `open` and `call`.
    pub can: Can,
}

impl Introduction {
    /// Of a client of this name and version.
    pub fn new(name: impl Into<String>, version: impl Into<String>, scheme: Scheme) -> Self {
        Self { name: name.into(), version: version.into(), scheme, can: Can::default() }
    }

    /// With these capabilities.
    #[must_use]
    pub fn can(mut self, capabilities: impl IntoIterator<Item = Capability>) -> Self {
        self.can.known.extend(capabilities);
        self
    }
}

impl Reply {
    /// That it was done.
    pub fn done(id: u64) -> Self {
        Self { id, ok: true, ..Self::default() }
    }

    /// That it was not.
    pub fn failed(id: u64, kind: Kind, message: impl Into<String>) -> Self {
        Self { id, kind: Some(kind), message: Some(message.into()), ..Self::default() }
    }

    /// The line, without its end.
    pub fn to_line(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What a reply to `hello` says, if it says all that it has to.
    pub fn introduction(&self) -> Result<Introduction, ProtocolError> {
        let wrong = |member: &'static str, expected: &str| {
            Err(ProtocolError::new(Some(self.id), format!("the reply to hello: {member:?} {expected}")))
        };
        if !self.ok {
            let message = self.message.as_deref().unwrap_or("it gives no reason");
            return wrong("ok", &format!("must be true; the adapter says: {message}"));
        }
        if self.v != Some(VERSION) {
            let got = self.v.map_or_else(|| "missing".to_owned(), |v| v.to_string());
            return wrong("v", &format!("must be {VERSION}, and is {got}"));
        }
        let Some(name) = self.name.clone().filter(|name| !name.is_empty()) else {
            return wrong("name", "must be the client's name, as \"pycentral\"");
        };
        let Some(version) = self.version.clone().filter(|version| !version.is_empty()) else {
            return wrong("version", "must be the client's version, as \"1.2.3\"");
        };
        let Some(scheme) = self.scheme else {
            return wrong("scheme", "must be \"pep440\" or \"semver\"");
        };
        let Some(can) = self.can.clone() else {
            return wrong("can", "must be a list of capabilities, [] if there are none");
        };
        for (member, text) in [("name", &name), ("version", &version)] {
            if text.contains(char::is_control) {
                return wrong(member, "must have no control characters");
            }
        }
        Ok(Introduction { name, version, scheme, can })
    }
}

/// What a member of a reply must be, for messages.
pub(super) fn expected(member: &str) -> Option<&'static str> {
    Some(match member {
        "id" | "v" => "a whole number",
        "ok" => "true or false",
        "kind" => "one of auth, rate, transport, protocol, api, usage and other",
        "status" => "a whole number, as 401",
        "message" | "name" | "version" => "a text",
        "headers" => "an object of texts",
        "ids" | "can" => "a list of texts",
        "scheme" => "pep440 or semver",
        _ => return None,
    })
}
