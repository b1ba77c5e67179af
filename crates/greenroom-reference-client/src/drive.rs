//! `drive/1`: one JSON object a line, requests with an `id` that is answered once, and sleeps that are woken.

use std::time::Duration;

use jiff::SignedDuration;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use crate::{
    client::{Api, Mode, Which},
    config::Config,
    failure::{Failure, Kind},
};

/// What this client can do besides calls.
const CAN: [&str; 12] = [
    "msp",
    "tenant",
    "list",
    "close",
    "refresh",
    "reload",
    "concurrent",
    "stream",
    "token_file",
    "clock",
    "sleep_events",
    "classic",
];

/// A line that was understood so far.
#[derive(Debug)]
pub(crate) enum Line {
    /// A sleeper is woken.
    Wake(u64),
    /// Something is wished.
    Request { id: Value, wish: Result<Wish, Failure> },
}

/// What is wished.
#[derive(Debug)]
pub(crate) enum Wish {
    Hello,
    Open(Box<Open>),
    Tenant { name: String, of: String, which: Which },
    Call(Box<Call>),
    List { client: String, what: What },
    Refresh { client: String },
    Reload { client: String, config: Box<Config> },
    Clock { wall: SignedDuration },
    Close { client: String, by: Option<Leaving> },
}

/// How a client is left, if not as usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Leaving {
    /// An exception came out of the block that used it.
    Exception,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Open {
    #[serde(rename = "as")]
    pub(crate) name: String,
    pub(crate) mode: Mode,
    #[serde(default)]
    pub(crate) config: Config,
    pub(crate) log: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Tenant {
    #[serde(rename = "as")]
    name: String,
    of: String,
    workspace_id: Option<String>,
    #[serde(rename = "name")]
    called: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Call {
    pub(crate) client: String,
    pub(crate) api: Api,
    pub(crate) method: String,
    pub(crate) path: String,
    #[serde(default)]
    query: Map<String, Value>,
    pub(crate) body: Option<Value>,
    pub(crate) body_b64: Option<String>,
    pub(crate) content_type: Option<String>,
    #[serde(default)]
    pub(crate) headers: Map<String, Value>,
    #[serde(default)]
    pub(crate) stream: bool,
}

impl Call {
    /// The query in order: a list is a name said several times.
    pub(crate) fn query(&self) -> Vec<(String, String)> {
        let mut query = Vec::new();
        for (name, value) in &self.query {
            match value {
                Value::Array(values) => query.extend(values.iter().map(|value| (name.clone(), text(value)))),
                Value::Null => {}
                value => query.push((name.clone(), text(value))),
            }
        }
        query
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum What {
    Tenants,
    Devices,
}

#[derive(Deserialize)]
struct List {
    client: String,
    what: What,
}

#[derive(Deserialize)]
struct Refresh {
    client: String,
}

#[derive(Deserialize)]
struct Reload {
    client: String,
    #[serde(default)]
    config: Box<Config>,
}

#[derive(Deserialize)]
struct Clock {
    wall: String,
}

#[derive(Deserialize)]
struct Close {
    client: String,
    by: Option<Leaving>,
}

/// A value as it stands in a query or a header.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Reads a line; `None` if it is nothing that could be answered.
pub(crate) fn read(line: &[u8]) -> Option<Line> {
    let Value::Object(frame) = serde_json::from_slice(line).ok()? else { return None };
    if let Some(wake) = frame.get("wake") {
        return wake.as_u64().map(Line::Wake);
    }
    let id = frame.get("id").filter(|id| id.is_i64() || id.is_u64())?.clone();
    Some(Line::Request { id, wish: wish(frame) })
}

fn wish(frame: Map<String, Value>) -> Result<Wish, Failure> {
    let verb = frame.get("do").and_then(Value::as_str).unwrap_or_default().to_owned();
    let frame = Value::Object(frame);
    Ok(match verb.as_str() {
        "hello" => match frame["v"].as_u64() {
            Some(1) => Wish::Hello,
            _ => return Err(usage("hello: this client speaks drive/1: v must be 1")),
        },
        "open" => Wish::Open(fields(&verb, frame)?),
        "tenant" => {
            let Tenant { name, of, workspace_id, called } = fields(&verb, frame)?;
            let which = match (workspace_id, called) {
                (Some(id), None) => Which::Id(id),
                (None, Some(name)) => Which::Name(name),
                _ => return Err(usage("tenant: exactly one of workspace_id and name says which")),
            };
            Wish::Tenant { name, of, which }
        }
        "call" => Wish::Call(fields(&verb, frame)?),
        "list" => {
            let List { client, what } = fields(&verb, frame)?;
            Wish::List { client, what }
        }
        "refresh" => {
            let Refresh { client } = fields(&verb, frame)?;
            Wish::Refresh { client }
        }
        "reload" => {
            let Reload { client, config } = fields(&verb, frame)?;
            Wish::Reload { client, config }
        }
        "clock" => {
            let Clock { wall } = fields(&verb, frame)?;
            let wall = wall.parse().map_err(|_| usage("clock: wall is no duration: write +5m or -2h"))?;
            Wish::Clock { wall }
        }
        "close" => {
            let Close { client, by } = fields(&verb, frame)?;
            Wish::Close { client, by }
        }
        _ => {
            return Err(usage(
                "do is none of hello, open, tenant, call, list, refresh, reload, clock and close",
            ));
        }
    })
}

/// The fields of a request. A parser's own words may quote a value, which may be a secret: only the place is told.
fn fields<T: DeserializeOwned>(verb: &str, frame: Value) -> Result<T, Failure> {
    serde_path_to_error::deserialize(frame).map_err(|error| match error.path().to_string().as_str() {
        "." => usage(&format!("{verb}: a field is missing")),
        path => usage(&format!("{verb}: {path} is not what it has to be, or lacks a field")),
    })
}

fn usage(message: &str) -> Failure {
    Failure::new(Kind::Usage, message)
}

/// The reply to `hello`.
pub(crate) fn hello() -> Map<String, Value> {
    let hello = json!({
        "v": 1,
        "name": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "scheme": "semver",
        "can": CAN,
    });
    match hello {
        Value::Object(hello) => hello,
        _ => Map::new(),
    }
}

/// The line that answers a request.
pub(crate) fn reply(id: &Value, reply: Result<Map<String, Value>, Failure>) -> String {
    let mut frame = Map::new();
    frame.insert("id".to_owned(), id.clone());
    frame.insert("ok".to_owned(), reply.is_ok().into());
    match reply {
        Ok(fields) => frame.extend(fields),
        Err(failure) => {
            frame.insert("kind".to_owned(), json!(failure.kind));
            if let Some(status) = failure.status {
                frame.insert("status".to_owned(), status.into());
            }
            frame.insert("message".to_owned(), failure.message.into());
        }
    }
    Value::Object(frame).to_string()
}

/// The line that says how long somebody wants to sleep.
pub(crate) fn sleep(duration: Duration, n: u64) -> String {
    json!({"sleep": duration.as_secs_f64(), "n": n}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(line: &str) -> String {
        match read(line.as_bytes()) {
            Some(Line::Request { wish: Err(failure), .. }) => failure.message,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn unknown_fields_are_ignored() {
        let line = r#"{"id":4,"do":"call","client":"c","api":"glp","method":"GET","path":"/x","later":{},
            "query":{"limit":5,"select":["a","b"],"none":null,"deep":true}}"#;
        let Some(Line::Request { wish: Ok(Wish::Call(call)), .. }) = read(line.as_bytes()) else { panic!() };
        let query: Vec<_> = call.query().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(query, ["limit=5", "select=a", "select=b", "deep=true"]);
    }

    #[test]
    fn what_is_not_understood_is_told_without_its_values() {
        for line in [
            r#"{"id":1}"#,
            r#"{"id":1,"do":7}"#,
            r#"{"id":1,"do":"dance"}"#,
            r#"{"id":1,"do":"hello","v":2}"#,
            r#"{"id":1,"do":"open","as":"c"}"#,
            r#"{"id":1,"do":"open","as":"c","mode":"hunter2"}"#,
            r#"{"id":1,"do":"open","as":"c","mode":"unified","config":{"unified":"hunter2"}}"#,
            r#"{"id":1,"do":"open","as":"c","mode":"unified","config":{"unified":{"client_secret":["hunter2"]}}}"#,
            r#"{"id":1,"do":"tenant","as":"t","of":"m"}"#,
            r#"{"id":1,"do":"tenant","as":"t","of":"m","name":"a","workspace_id":"b"}"#,
            r#"{"id":1,"do":"clock","wall":"hunter2"}"#,
        ] {
            assert!(!message(line).contains("hunter2"), "{line}: {}", message(line));
        }
        let nested = r#"{"id":1,"do":"open","as":"c","mode":"unified","config":{"glp":{"client_id":5}}}"#;
        assert_eq!(message(nested), "open: config.glp.client_id is not what it has to be, or lacks a field");
        for line in ["", "hello", "[]", "{}", r#"{"id":"x","do":"hello"}"#, r#"{"wake":"x"}"#, "{\"id\":1"] {
            assert!(read(line.as_bytes()).is_none(), "{line}");
        }
    }

    #[test]
    fn the_clock_goes_both_ways() {
        for (text, seconds) in [("+5m", 300), ("-2h", -7200), ("8h", 28800), ("10s", 10)] {
            let line = json!({"id": 1, "do": "clock", "wall": text}).to_string();
            match read(line.as_bytes()) {
                Some(Line::Request { wish: Ok(Wish::Clock { wall }), .. }) => {
                    assert_eq!(wall, SignedDuration::from_secs(seconds), "{text}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
    }
}
