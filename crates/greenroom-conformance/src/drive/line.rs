//! What a line of a client's stdout is: a reply, a sleep, neither, or one of them gone wrong.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    ask::Seconds,
    reply::{self, Reply},
};

/// A line of a client's stdout.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// A reply.
    Reply(Box<Reply>),
    /// The client would sleep now.
    Sleep(Sleep),
    /// None of the protocol's business.
    Noise(String),
    /// Meant for the protocol, and wrong.
    Wrong(ProtocolError),
}

/// The client would sleep now, and waits to be woken by its number instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sleep {
    /// For how long.
    pub sleep: Seconds,
    /// The number of this sleep, never used twice in the life of a process.
    pub n: u64,
}

impl Sleep {
    /// For how long.
    pub fn duration(self) -> Duration {
        self.sleep.0
    }

    /// The line, without its end.
    pub fn to_line(self) -> String {
        serde_json::to_string(&self).unwrap_or_default()
    }
}

/// A line that is not what `drive/1` says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ProtocolError {
    /// The question that it meant to answer, if that can be told.
    pub id: Option<u64>,
    /// Which member is wrong, and what it must be.
    pub message: String,
}

impl ProtocolError {
    pub(crate) fn new(id: Option<u64>, message: impl Into<String>) -> Self {
        Self { id, message: message.into() }
    }
}

impl Line {
    /// What `text`, a line without its end, is. A JSON object with an `id` is a reply, one with `sleep` is a
    /// sleep; everything else is noise.
    pub fn parse(text: &str) -> Self {
        let noise = || Self::Noise(text.to_owned());
        if !text.trim_start().starts_with('{') {
            return noise();
        }
        let Ok(Value::Object(members)) = serde_json::from_str::<Value>(text) else { return noise() };
        if let Some(id) = members.get("id") {
            let id = id.as_u64();
            match serde_path_to_error::deserialize::<_, Reply>(&Value::Object(members)) {
                Ok(reply) => Self::Reply(Box::new(reply)),
                Err(error) => Self::Wrong(ProtocolError::new(id, wrong_reply(&error))),
            }
        } else if members.contains_key("sleep") {
            match Sleep::deserialize(&Value::Object(members)) {
                Ok(sleep) => Self::Sleep(sleep),
                Err(error) => Self::Wrong(ProtocolError::new(
                    None,
                    format!("a sleep is {{\"sleep\": SECONDS, \"n\": NUMBER}}: {error}"),
                )),
            }
        } else {
            noise()
        }
    }
}

fn wrong_reply(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    let path = error.path().to_string();
    let member = path.split(['.', '[']).next().unwrap_or_default();
    match reply::expected(member) {
        Some(expected) => format!("{member:?} of a reply must be {expected}: {}", error.inner()),
        None => {
            format!("a reply must have \"id\", a whole number, and \"ok\", true or false: {}", error.inner())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wrong(text: &str) -> (Option<u64>, String) {
        match Line::parse(text) {
            Line::Wrong(error) => (error.id, error.message),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn what_is_no_object_with_an_id_or_a_sleep_is_noise() {
        for text in ["", "hello", "{", "[1]", "{}", r#"{"level":"info"}"#, "12", "{\"id\": 1", "null"] {
            assert_eq!(Line::parse(text), Line::Noise(text.to_owned()));
        }
    }

    #[test]
    fn a_reply_gone_wrong_is_told_with_its_member() {
        for (text, id, begins) in [
            (r#"{"id":1}"#, Some(1), r#"a reply must have "id", a whole number, and "ok", true or false"#),
            (r#"{"id":"1","ok":true}"#, None, r#""id" of a reply must be a whole number"#),
            (r#"{"id":-1,"ok":true}"#, None, r#""id" of a reply must be a whole number"#),
            (r#"{"id":1,"ok":"yes"}"#, Some(1), r#""ok" of a reply must be true or false"#),
            (r#"{"id":1,"ok":false,"kind":"oops"}"#, Some(1), r#""kind" of a reply must be one of auth"#),
            (
                r#"{"id":1,"ok":true,"status":"200"}"#,
                Some(1),
                r#""status" of a reply must be a whole number"#,
            ),
            (r#"{"id":1,"ok":true,"ids":[1]}"#, Some(1), r#""ids" of a reply must be a list of texts"#),
            (r#"{"id":1,"ok":true,"headers":{"a":1}}"#, Some(1), r#""headers" of a reply must be an object"#),
        ] {
            let (got, message) = wrong(text);
            assert_eq!(got, id, "{text}");
            assert!(message.starts_with(begins), "{text}: {message}");
        }
        for text in [r#"{"sleep":-1,"n":1}"#, r#"{"sleep":1}"#, r#"{"sleep":1e300,"n":1}"#] {
            let (_, message) = wrong(text);
            assert!(
                message.starts_with(r#"a sleep is {"sleep": SECONDS, "n": NUMBER}"#),
                "{text}: {message}"
            );
        }
    }

    #[test]
    fn members_and_capabilities_of_a_later_version_are_passed_over() {
        let text = r#"{"id":1,"ok":true,"can":["msp","telepathy"],"mood":"good"}"#;
        let Line::Reply(reply) = Line::parse(text) else { panic!() };
        let can = reply.can.unwrap();
        assert!(can.has(reply::Capability::Msp));
        assert_eq!(can.unknown, ["telepathy"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

        #[test]
        fn no_line_makes_it_panic(text in any::<String>()) {
            if let Line::Noise(noise) = Line::parse(&text) {
                prop_assert_eq!(noise, text);
            }
        }

        #[test]
        fn nor_does_what_looks_like_a_line(
            id in "[0-9]{1,22}|-1|\"a\"|null|1e3|1\\.5", ok in "true|false|null|0|\\{\\}",
            member in "kind|status|message|body|headers|ids|v|name|can|scheme|sleep|n|x",
            value in "null|[0-9]{1,12}|\"[a-z0-9]{0,6}\"|\\[(\"a\")?\\]|\\{(\"a\":1)?\\}|-?1e400"
        ) {
            let text = format!(r#"{{"id":{id},"ok":{ok},"{member}":{value}}}"#);
            if let Line::Sleep(_) = Line::parse(&text) {
                prop_assert!(false, "a sleep has no id: {text}");
            }
        }

        #[test]
        fn text_that_is_no_object_stays_noise(text in "[^{\\s][^\\n]{0,200}") {
            prop_assert_eq!(Line::parse(&text), Line::Noise(text));
        }
    }
}
