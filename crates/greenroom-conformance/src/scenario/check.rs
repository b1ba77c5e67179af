//! What must have been seen.

mod written;

use std::{fmt, str::FromStr};

use greenroom_model::{bound::Bound, rule::Selector, time::Forward};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, MapAccess, Visitor},
    ser::SerializeMap as _,
};

use self::written::{Written, WrittenAlternative};
use super::{Level, step::Listed};
use crate::drive::Kind;

/// Something that must have been seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Written", into = "Written")]
#[schemars(with = "Written")]
pub struct Check {
    /// Its name within the scenario: its id is `REF-02.caller-unaware`.
    pub id: String,
    /// How binding it is, where that is not as the scenario says.
    pub level: Option<Level>,
    /// What usually causes a failure.
    pub cause: Option<String>,
    /// The steps during which the requests came that it is about; all, if none is named.
    pub phase: Vec<String>,
    /// After what they came.
    pub after: Option<After>,
    /// Whether answers, and not requests, make the order.
    pub by: By,
    /// What is asked.
    pub judgement: Judgement,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Judgement {
    /// What the caller got.
    Result(ResultOf),
    /// That the client came back at all.
    Returns(Returns),
    /// How many there were.
    Count(CountOf),
    /// That there was none.
    Never(Never),
    /// That there were such ones, in this order, others between them or not.
    Order(Vec<Selector>),
    /// How long it took from an answer to a request.
    Gap(Gap),
    /// How long it took from each to the next.
    Delays(Delays),
    /// That two requests were the same.
    Same(Same),
    /// How many different ones there were.
    Distinct(Distinct),
    /// How many there were in each group.
    Each(Each),
    /// How many connections were open when the client was told to end.
    Sockets(Sockets),
    /// How often a token or a secret came where it does not belong.
    Leak(LeakOf),
    /// What a file holds.
    File(FileIs),
    /// One of several, the best first.
    OneOf(Vec<Alternative>),
}

/// Which of two makes the order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// When the requests came.
    #[default]
    Request,
    /// When the answers left.
    Response,
}

/// After what a check begins to look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum After {
    /// After this stimulus fired for the first time.
    Fired(String),
    /// After this step was over.
    Step(String),
}

/// What the caller got from a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResultOf {
    /// The step.
    pub step: String,
    /// Whether it succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ok: Option<bool>,
    /// The status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The kind of failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// The kind of outcome, however the client tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// What the caller is told, one pattern or several of which any will do, whatever the case of its letters: the
    /// message of a failure; of an answer that is handed on its status. Only what a client cannot word otherwise is
    /// asked for, a status or a name: `*503*`, `*sso.common.cloud.hpe.com*`, `*client:msp.id*`, `*@acme*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<OneOrMore>,
    /// What the list held: `devices(@acme)`, each of them once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ids: Option<Listed>,
    /// Whether every repetition must be so; otherwise the last one decides.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
}

/// An outcome that clients tell in two ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Not let in: a failure of kind `auth`, or a 401 that is handed on.
    Auth,
    /// Too many requests: a failure of kind `rate`, or a 429 that is handed on.
    Rate,
}

/// That the client came back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Returns {
    /// From which step.
    pub step: String,
    /// Within how much real time, at ten times what is expected or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Forward>,
}

/// How many there were.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CountOf {
    /// Of what.
    pub of: Selector,
    /// How many: `= 1`, `<= 2`, `>= 1`, `1..3`.
    pub is: Count,
}

/// A bound on a count: `= 1`, `<= 2`, `>= 1`, `1..3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count(pub Bound);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Count {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Bound::from_str(&text).map(Self).map_err(de::Error::custom)
    }
}

impl JsonSchema for Count {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Count".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A bound on a count: `= 1`, `<= 2`, `>= 1`, `1..3`.",
            "type": "string",
            "pattern": r"^\s*((=|<=|>=)\s*\d+|\d+\s*\.\.\s*\d+)\s*$"
        })
    }
}

/// That there was none: the fields of a selector, and `before`.
#[derive(Clone, Debug, PartialEq)]
pub struct Never {
    /// None of these.
    pub of: Selector,
    /// Before the first of these; if there is none, at all.
    pub before: Option<Box<Selector>>,
}

impl Serialize for Never {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.of.write(&mut map)?;
        if let Some(before) = &self.before {
            map.serialize_entry("before", before)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Never {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Never;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the fields of a selector, and before")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Never, A::Error> {
                let mut before = None;
                let of = Selector::read(&mut map, |field, map| {
                    let is_before = field == "before";
                    if is_before {
                        before = Some(map.next_value()?);
                    }
                    Ok(is_before)
                })?;
                Ok(Never { of, before })
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

impl JsonSchema for Never {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Never".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let selector = generator.subschema_for::<Selector>();
        let mut schema = Selector::json_schema(generator);
        if let Some(properties) = schema.get_mut("properties").and_then(serde_json::Value::as_object_mut) {
            properties.insert("before".to_owned(), selector.to_value());
        }
        schema
    }
}

/// How long it took, at least.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// From the answer of this one.
    pub from: Selector,
    /// To the request of this one.
    pub to: Selector,
    /// At least so long: by the sleeps of a client that asks before it sleeps, else in real time.
    pub min: Forward,
}

/// How long it took from each of some requests to the next: from its answer to the next request, by the sleeps of a
/// client that asks before it sleeps, else in real time. Of fewer than two requests only `most` is met.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Delays {
    /// Between which.
    pub of: Selector,
    /// Whether none may be shorter than the one before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub grow: bool,
    /// How many different ones there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distinct: Option<Count>,
    /// How long each is at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Forward>,
    /// How long all of them together are at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least: Option<Forward>,
    /// How long all of them together are at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most: Option<Forward>,
}

/// That two requests were the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Same {
    /// One.
    pub a: Selector,
    /// The other.
    pub b: Selector,
}

/// How many different ones there were.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Distinct {
    /// In what they differ.
    pub field: Field,
    /// Among which.
    pub of: Selector,
    /// How many.
    pub is: Count,
    /// Whether what the step itself asked for counts as one of them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub with_call: bool,
}

/// What of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub enum Field {
    /// The bearer token.
    Token,
    /// The connection.
    Connection,
    /// The body; of JSON its meaning, and not its blanks.
    Body,
    /// The host.
    Host,
    /// A parameter of the query.
    Query(String),
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token => f.write_str("token"),
            Self::Connection => f.write_str("connection"),
            Self::Body => f.write_str("body"),
            Self::Host => f.write_str("host"),
            Self::Query(name) => write!(f, "query.{name}"),
        }
    }
}

impl From<Field> for String {
    fn from(field: Field) -> Self {
        field.to_string()
    }
}

impl TryFrom<String> for Field {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "token" => Ok(Self::Token),
            "connection" => Ok(Self::Connection),
            "body" => Ok(Self::Body),
            "host" => Ok(Self::Host),
            _ => match text.strip_prefix("query.").filter(|name| !name.is_empty()) {
                Some(name) => Ok(Self::Query(name.to_owned())),
                None => Err(format!("{text:?}: write token, connection, body, host or query.NAME")),
            },
        }
    }
}

/// How many there were in each group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Each {
    /// What makes a group.
    pub group: Field,
    /// What is counted in it.
    pub count: CountOf,
}

/// How many connections of the client were still open when it was told to end, after all steps or at a `restart`: it
/// has a moment of real time after the last step, two seconds at most, to end what it has closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sockets {
    /// How many.
    pub is: Count,
}

/// How often a token or a secret came where it does not belong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeakOf {
    /// Whose: `acme#2`, `client:msp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<OneOrMore>,
    /// Where: `output`, `message`, `url`, `header`, `body`.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "where")]
    pub place: Option<OneOrMore>,
    /// At which host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<OneOrMore>,
    /// How often.
    pub is: Count,
}

/// What a file holds after a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileIs {
    /// Which: `token_file`.
    pub which: String,
    /// The tokens in it, and `secret`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds: Option<Vec<String>>,
    /// Its mode: `0600`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// Whether it was replaced in one piece and not written over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<bool>,
}

/// How good one of several ways is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    /// As it should be.
    Ideal,
    /// Not as it should be, and no mistake.
    Allowed,
}

/// One of several ways.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "WrittenAlternative", into = "WrittenAlternative")]
#[schemars(with = "WrittenAlternative")]
pub struct Alternative {
    /// How good it is.
    pub grade: Grade,
    /// What is asked.
    pub judgement: Judgement,
}

/// A text, or several of which any will do. `*` stands for anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneOrMore(pub Vec<String>);

impl OneOrMore {
    /// Whether a text is one of them.
    pub fn fits(&self, text: &str) -> bool {
        self.0.iter().any(|pattern| {
            let Ok(glob) = pattern.parse::<greenroom_model::rule::Glob>();
            glob.fits(text)
        })
    }
}

impl Serialize for OneOrMore {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0[..] {
            [one] => serializer.serialize_str(one),
            _ => self.0.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for OneOrMore {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Texts;

        impl<'de> Visitor<'de> for Texts {
            type Value = OneOrMore;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or a list of texts")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<OneOrMore, E> {
                Ok(OneOrMore(vec![text.to_owned()]))
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<OneOrMore, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = list.next_element()? {
                    texts.push(text);
                }
                if texts.is_empty() {
                    return Err(de::Error::custom("an empty list means nothing: leave it out"));
                }
                Ok(OneOrMore(texts))
            }
        }

        deserializer.deserialize_any(Texts)
    }
}

impl JsonSchema for OneOrMore {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "OneOrMore".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A text, or several of which any will do. `*` stands for anything.",
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "string"}, "minItems": 1}
            ]
        })
    }
}
