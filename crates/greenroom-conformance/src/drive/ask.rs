//! What the kit asks of a client. Written exactly; read with forbearance, since later kits may say more.

use std::{borrow::Cow, fmt, str::FromStr, time::Duration};

use greenroom_model::{nearest, secret::Secret};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::{Map, Value};

use super::reply::Headers;

/// A line from the kit to the client. Exactly one reply bears its id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Ask {
    /// Never used twice in the life of a process.
    pub id: u64,
    /// What to do.
    #[serde(flatten)]
    pub verb: Verb,
}

/// What a client can be asked to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Verb {
    /// Who are you? Always the first.
    Hello(Hello),
    /// Build the top client.
    Open(Open),
    /// Enter a tenant.
    Tenant(Tenant),
    /// One logical call, the client's own retries included.
    Call(Call),
    /// Everything that a pager of the client yields.
    List(List),
    /// Get new tokens, though nobody has refused those that are there.
    Refresh(Refresh),
    /// Swap the credentials of a client that is open.
    Reload(Reload),
    /// Shift the client's wall clock.
    Clock(Clock),
    /// Release a client.
    Close(Close),
}

impl Verb {
    /// All words for `do`.
    pub const WORDS: [&'static str; 9] =
        ["hello", "open", "tenant", "call", "list", "refresh", "reload", "clock", "close"];

    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Hello(_) => "hello",
            Self::Open(_) => "open",
            Self::Tenant(_) => "tenant",
            Self::Call(_) => "call",
            Self::List(_) => "list",
            Self::Refresh(_) => "refresh",
            Self::Reload(_) => "reload",
            Self::Clock(_) => "clock",
            Self::Close(_) => "close",
        }
    }
}

/// The first question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hello {
    /// The version of the protocol.
    pub v: u64,
}

/// Build the top client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Open {
    /// The name it is known by from now on.
    #[serde(rename = "as")]
    pub client: String,
    /// Which of the client's ways of signing in.
    pub mode: Mode,
    /// The level of the client's own log, which goes to stderr.
    #[serde(default)]
    pub log: Log,
    /// Credentials and addresses.
    #[serde(default)]
    pub config: Config,
}

/// The ways of signing in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// One client of a workspace, for GLP and New Central.
    Unified,
    /// One client for each of GLP and New Central, at the old token endpoint.
    Separate,
    /// As unified, in a workspace that has tenants to enter.
    Msp,
    /// One application of Classic Central's gateway, and the user whose it is.
    Classic,
}

/// How much the client shall log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Log {
    /// Everything.
    Debug,
    /// What a user wants to read.
    #[default]
    Info,
    /// What may be wrong.
    Warning,
    /// What is wrong.
    Error,
}

/// What a client is built with. A token file is a JSON file of this form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Config {
    /// For GLP and New Central at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unified: Option<Credentials>,
    /// For GLP alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub glp: Option<Credentials>,
    /// For New Central alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_central: Option<Credentials>,
    /// For Classic Central.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classic: Option<ClassicCredentials>,
    /// A JSON file of this form, to be read in place of the rest and kept up to date by the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_file: Option<String>,
    /// How long the client may wait for an answer, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Seconds>,
}

/// What is needed to sign in, and where New Central is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Credentials {
    /// The id of the API client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Its secret.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "reveal")]
    #[schemars(with = "Option<String>")]
    pub client_secret: Option<Secret>,
    /// The workspace, with or without dashes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<String>,
    /// A token that is there already.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "reveal")]
    #[schemars(with = "Option<String>")]
    pub access_token: Option<Secret>,
    /// The cluster of New Central, as `EU-1`. Never together with `central_url`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_name: Option<String>,
    /// The base URL of New Central. Never together with `cluster_name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub central_url: Option<String>,
}

/// What is needed to sign in to Classic Central, and where that is: an application of its gateway, a user, and the
/// customer that the user acts for (`central.md §7.2`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClassicCredentials {
    /// The base URL of the API gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// The id of the application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Its secret.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "reveal")]
    #[schemars(with = "Option<String>")]
    pub client_secret: Option<Secret>,
    /// The user whose application it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// What the user signs in with.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "reveal")]
    #[schemars(with = "Option<String>")]
    pub password: Option<Secret>,
    /// The customer, as Classic calls a workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    /// An access token that is there already.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "reveal")]
    #[schemars(with = "Option<String>")]
    pub access_token: Option<Secret>,
    /// The refresh token that came with it.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "reveal")]
    #[schemars(with = "Option<String>")]
    pub refresh_token: Option<Secret>,
}

/// The one who has to sign in with a secret is told it.
fn reveal<S: Serializer>(secret: &Option<Secret>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(Secret::reveal).serialize(serializer)
}

/// Enter a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tenant {
    /// The name the tenant's client is known by from now on.
    #[serde(rename = "as")]
    pub client: String,
    /// The client through which it is entered.
    pub of: String,
    /// Which tenant.
    #[serde(flatten)]
    pub who: Who,
}

/// Which tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Who {
    /// The one of this workspace.
    #[serde(rename = "workspace_id")]
    WorkspaceId(String),
    /// The one of this name, which the client has to look up.
    #[serde(rename = "name")]
    Name(String),
}

/// One logical call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Call {
    /// The client that makes it.
    pub client: String,
    /// Of which API.
    pub api: Api,
    /// GET, POST, PATCH, PUT or DELETE.
    pub method: String,
    /// The path, beginning with a slash, without query.
    pub path: String,
    /// The query: text, numbers, true or false.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub query: Query,
    /// The body.
    #[serde(flatten)]
    pub body: Option<Body>,
    /// Of the body; `application/json` for a JSON body unless told otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// Further headers.
    #[serde(default, skip_serializing_if = "Headers::is_empty")]
    pub headers: Headers,
    /// Send the body as a stream of unknown length.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stream: bool,
}

/// The parameters of a query: text, numbers, true or false.
pub type Query = Map<String, Value>;

/// The body of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub enum Body {
    /// A JSON value.
    #[serde(rename = "body")]
    Json(Value),
    /// Any bytes, as base64.
    #[serde(rename = "body_b64")]
    Base64(String),
}

/// The APIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Api {
    /// HPE GreenLake Platform.
    Glp,
    /// New Central.
    Central,
    /// Classic Central, for clients that were opened in that mode.
    Classic,
}

impl Api {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Glp => "glp",
            Self::Central => "central",
            Self::Classic => "classic",
        }
    }
}

/// Everything that a pager yields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct List {
    /// The client that lists.
    pub client: String,
    /// What it lists.
    pub what: What,
}

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The tenants of GLP's `msp-tenants`, by workspace id.
    Tenants,
    /// The devices of New Central's device inventory, by serial number.
    Devices,
}

impl What {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Tenants, Self::Devices];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Tenants => "tenants",
            Self::Devices => "devices",
        }
    }
}

/// Get new tokens, as a user of the client can ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refresh {
    /// The client whose tokens they are, and which goes on with the new ones.
    pub client: String,
}

/// Swap credentials.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reload {
    /// The client whose credentials they are.
    pub client: String,
    /// The new ones.
    pub config: Config,
}

/// Shift the client's wall clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Clock {
    /// By how much.
    pub wall: Shift,
}

/// Release a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Close {
    /// Which.
    pub client: String,
    /// How it is left, if not as usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Leaving>,
}

/// How a client is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Leaving {
    /// As when an exception comes out of the block of the caller that uses it.
    Exception,
}

/// The sleeper of this number may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Wake {
    /// The number that the sleep came with.
    pub wake: u64,
}

/// So many seconds: a JSON number, not negative, at most a hundred years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds(pub Duration);

impl Seconds {
    const MOST: f64 = 100.0 * 365.0 * 86_400.0;
}

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.subsec_nanos() {
            0 => serializer.serialize_u64(self.0.as_secs()),
            _ => serializer.serialize_f64(self.0.as_secs_f64()),
        }
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        let fits = (0.0..=Self::MOST).contains(&seconds);
        let duration = fits.then(|| Duration::try_from_secs_f64(seconds).ok()).flatten();
        duration.map(Self).ok_or_else(|| D::Error::custom("seconds are a number from 0 to a hundred years"))
    }
}

impl JsonSchema for Seconds {
    fn schema_name() -> Cow<'static, str> {
        "Seconds".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"description": "Seconds, with a fraction if need be.", "type": "number", "minimum": 0, "maximum": Self::MOST})
    }
}

/// A shift of the wall clock in whole seconds, written `+5m`: a sign, a number and a unit out of s, m and h.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shift(pub i64);

impl fmt::Display for Shift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, unit) = match self.0 {
            0 => (0, 's'),
            seconds if seconds % 3600 == 0 => (seconds / 3600, 'h'),
            seconds if seconds % 60 == 0 => (seconds / 60, 'm'),
            seconds => (seconds, 's'),
        };
        write!(f, "{number:+}{unit}")
    }
}

impl FromStr for Shift {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no shift of a clock: write +5m, a sign, a number and s, m or h");
        let unit = match text.as_bytes().last() {
            Some(b's') => 1,
            Some(b'm') => 60,
            Some(b'h') => 3600,
            _ => return Err(wrong()),
        };
        let number = &text[..text.len() - 1];
        let signed = number.starts_with(['+', '-']);
        let number: Option<i64> = signed.then(|| number.parse().ok()).flatten();
        number.and_then(|number| number.checked_mul(unit)).map(Self).ok_or_else(wrong)
    }
}

impl Serialize for Shift {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Shift {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl JsonSchema for Shift {
    fn schema_name() -> Cow<'static, str> {
        "Shift".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A sign, a whole number and a unit: +5m, -30s, +1h.",
            "type": "string",
            "pattern": "^[+-][0-9]+[smh]$",
        })
    }
}

/// A line of the kit that cannot be understood. With an id it deserves the reply `usage`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct AskError {
    /// The id to reply to, if there is one.
    pub id: Option<u64>,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl Ask {
    /// The line, without its end.
    pub fn to_line(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads a line. Members that it does not know are not looked at.
    pub fn read(line: &str) -> Result<Self, AskError> {
        let fail = |id, message| Err(AskError { id, message });
        let value: Value = match serde_json::from_str(line) {
            Ok(value) => value,
            Err(error) => return fail(None, format!("the line is no JSON: {error}")),
        };
        let Some(id) = value.get("id").and_then(Value::as_u64) else {
            return fail(None, "the line is no JSON object with an integer \"id\"".to_owned());
        };
        match value.get("do").and_then(Value::as_str) {
            None => return fail(Some(id), "\"do\" is missing: it says what to do".to_owned()),
            Some(word) if !Verb::WORDS.contains(&word) => {
                let hint = nearest::hint(&nearest::of(word, &Verb::WORDS));
                return fail(Some(id), format!("{word:?} is not known{hint}"));
            }
            Some(_) => {}
        }
        Self::deserialize(value).or_else(|error| fail(Some(id), error.to_string()))
    }
}

impl Wake {
    /// The line, without its end.
    pub fn to_line(self) -> String {
        serde_json::to_string(&self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shift_is_written_as_people_say_it() {
        for (seconds, text) in [(300, "+5m"), (-30, "-30s"), (7200, "+2h"), (0, "+0s"), (90, "+90s")] {
            assert_eq!(Shift(seconds).to_string(), text);
            assert_eq!(text.parse(), Ok(Shift(seconds)));
        }
        for text in ["", "5m", "+5", "+m", "+-5m", "+5d", "+1.5h", "+9223372036854775807h", "µ"] {
            assert!(text.parse::<Shift>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_line_that_is_wrong_is_told_with_the_id_to_reply_to() {
        for (line, id, message) in [
            ("x", None, "the line is no JSON"),
            ("[]", None, "no JSON object with an integer \"id\""),
            (r#"{"id":1}"#, Some(1), "\"do\" is missing"),
            (r#"{"id":1,"do":"opem"}"#, Some(1), "\"opem\" is not known, did you mean \"open\"?"),
            (r#"{"id":1,"do":"close"}"#, Some(1), "missing field `client`"),
            (r#"{"id":1,"do":"tenant","as":"a","of":"b"}"#, Some(1), "Who"),
        ] {
            let error = Ask::read(line).unwrap_err();
            assert_eq!(error.id, id, "{line}");
            assert!(error.message.contains(message), "{line}: {error}");
        }
    }
}
