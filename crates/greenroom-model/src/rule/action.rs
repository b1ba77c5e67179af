//! What a rule does: to the clock, to tokens, and to the wire.
//!
//! Names and shapes are those of the conformance kit's stimuli (`docs/faults.md`). Deciding is pure; the emulator
//! enacts what was decided.

use std::{collections::BTreeMap, fmt, num::NonZeroU32};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, DeserializeSeed, MapAccess, Unexpected, Visitor, value::MapAccessDeserializer},
};
use serde_json::Value;

use super::{EditJson, Glob};
use crate::{nearest, time::Forward};

/// One thing that a rule does: written as a map of its name and its arguments, `{advance: 16m}`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Action {
    /// To the clock or to tokens, under the lock.
    Effect(Effect),
    /// To the answer on its way.
    Wire(Wire),
}

impl From<Effect> for Action {
    fn from(effect: Effect) -> Self {
        Self::Effect(effect)
    }
}

impl From<Wire> for Action {
    fn from(wire: Wire) -> Self {
        Self::Wire(wire)
    }
}

/// What happens to the clock or to tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Effect {
    /// The clock moves forward by so much: `16m`.
    Advance(Forward),
    /// The clock moves to the `exp` of the token the request presents, or stays where it is if that has passed.
    AdvanceToExpiry(Presented),
    /// The clock moves forward by so much after the answer is written down and before its first byte leaves.
    AdvanceAfterReply(Forward),
    /// The clock moves to this instant, or stays where it is if that has passed.
    Set(Timestamp),
    /// These tokens run out now, whatever their `exp` says.
    Expire(Tokens),
    /// These tokens are taken back.
    Revoke(Tokens),
    /// The client of this name gets another secret; the old one is worth nothing from now on.
    RotateSecret(String),
    /// New tokens are signed with another key from now on. The key sets name it first and keep the one before, so
    /// that tokens which were issued before still verify (OpenID Connect Core §10.1.1).
    RotateKeys(Nothing),
}

/// What happens to the answer on its way. At most one of these a rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Wire {
    /// This is the answer.
    Reply(Reply),
    /// A redirection is the answer.
    Redirect(Redirect),
    /// Real time passes first.
    Delay(Forward),
    /// The body comes in small pieces.
    Trickle(Trickle),
    /// The connection ends with a FIN.
    Close(Close),
    /// The connection ends with a RST.
    Reset(Nothing),
    /// Nothing comes for so much real time; then the connection ends with a FIN.
    Hang(Forward),
    /// The head and some of the body come; then the connection ends.
    HalfBody(HalfBody),
    /// The body is cut in its middle, and its length is that of what is left: no JSON.
    BadJson(Nothing),
    /// The body is said to be of this type.
    WrongContentType(String),
    /// `Content-Length` is larger than the body by so many bytes, and the connection ends after it.
    WrongLength(NonZeroU32),
    /// Members of the JSON body, by JSON pointer (RFC 6901), are set or taken away.
    EditJson(EditJson),
    /// HTTP/2: GOAWAY. Over HTTP/1 the connection ends after the answer.
    Goaway(Goaway),
    /// HTTP/2: the stream ends with this error code (RFC 9113 §7). Over HTTP/1 the connection is reset.
    RstStream(u32),
    /// The answer comes whole; then the connection ends without a word.
    IdleClose(Nothing),
    /// The TLS handshake shows a certificate that no client should take.
    BadCertificate(BadCertificate),
}

/// An action without arguments: `{}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// The token that a request presents: its bearer, or at the exchange its subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Presented {
    /// That one.
    Presented,
}

/// Which tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Tokens {
    /// The one that the request presents.
    Presented(Presented),
    /// Those whose symbol this is: `acme#1`, `acme#*`.
    Symbol(Glob),
}

impl<'de> Deserialize<'de> for Tokens {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Which;

        impl Visitor<'_> for Which {
            type Value = Tokens;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a symbol such as acme#1, or presented")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Tokens, E> {
                match text {
                    "" => Err(E::invalid_value(Unexpected::Str(text), &self)),
                    "presented" => Ok(Tokens::Presented(Presented::Presented)),
                    _ => Ok(Tokens::Symbol(Glob::of(text))),
                }
            }
        }

        deserializer.deserialize_str(Which)
    }
}

/// An answer made up by a rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// The status: 200 to 599.
    pub status: u16,
    /// Headers besides those that every answer has. `retry-after` is seconds, a date, or a duration, which is
    /// written in seconds, rounded up: `1500ms` is 2. `$http_date(3s)` is the date that lies so far ahead of the
    /// machine's clock when the answer is made.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The body: the name of a documented one, such as `too-many-requests`, or JSON. Without a body and a text it
    /// is what the service that is asked says with that status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// A body that is no JSON, as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A redirection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Redirect {
    /// 301, 302, 303, 307 or 308.
    pub status: u16,
    /// `Location`.
    pub to: String,
}

/// How slowly a body comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trickle {
    /// So many bytes at a time.
    pub bytes: NonZeroU32,
    /// So much real time before each further piece.
    pub every: Forward,
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Close {
    /// Whether TLS is not told: no `close_notify` before the FIN.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unannounced: bool,
}

/// How much of a body comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HalfBody {
    /// So many bytes.
    pub bytes: u64,
    /// And what then.
    pub then: Then,
}

/// How a half answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// With a FIN.
    Close,
    /// With a RST.
    Reset,
}

/// What a GOAWAY frame says (RFC 9113 §6.8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Goaway {
    /// Streams above this one were not looked at, and there is no answer. Without it the answer comes, and the
    /// client is only told to ask no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_stream: Option<u32>,
    /// The error code; 0 is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u32>,
}

/// What is wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BadCertificate {
    /// Its authority is one that nobody trusts.
    ForeignAuthority,
    /// It is for another host.
    WrongName,
    /// It has run out.
    Expired,
}

impl Wire {
    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Reply(_) => "reply",
            Self::Redirect(_) => "redirect",
            Self::Delay(_) => "delay",
            Self::Trickle(_) => "trickle",
            Self::Close(_) => "close",
            Self::Reset(_) => "reset",
            Self::Hang(_) => "hang",
            Self::HalfBody(_) => "half_body",
            Self::BadJson(_) => "bad_json",
            Self::WrongContentType(_) => "wrong_content_type",
            Self::WrongLength(_) => "wrong_length",
            Self::EditJson(_) => "edit_json",
            Self::Goaway(_) => "goaway",
            Self::RstStream(_) => "rst_stream",
            Self::IdleClose(_) => "idle_close",
            Self::BadCertificate(_) => "bad_certificate",
        }
    }

    /// Whether there has to be an answer that it spoils.
    pub fn wants_an_answer(&self) -> bool {
        match self {
            Self::Trickle(_)
            | Self::HalfBody(_)
            | Self::BadJson(_)
            | Self::WrongContentType(_)
            | Self::WrongLength(_)
            | Self::EditJson(_)
            | Self::IdleClose(_) => true,
            Self::Goaway(goaway) => goaway.last_stream.is_none(),
            Self::Reply(_)
            | Self::Redirect(_)
            | Self::Delay(_)
            | Self::Close(_)
            | Self::Reset(_)
            | Self::Hang(_)
            | Self::RstStream(_)
            | Self::BadCertificate(_) => false,
        }
    }

    /// Whether it can happen to a connection before there is a request.
    pub fn fits_a_connection(&self) -> bool {
        matches!(
            self,
            Self::Delay(_) | Self::Close(_) | Self::Reset(_) | Self::Hang(_) | Self::BadCertificate(_)
        )
    }
}

/// The names of effects.
const EFFECTS: [&str; 8] = [
    "advance",
    "advance_to_expiry",
    "advance_after_reply",
    "set",
    "expire",
    "revoke",
    "rotate_secret",
    "rotate_keys",
];

/// The names of what happens on the wire.
const WIRES: [&str; 16] = [
    "reply",
    "redirect",
    "delay",
    "trickle",
    "close",
    "reset",
    "hang",
    "half_body",
    "bad_json",
    "wrong_content_type",
    "wrong_length",
    "edit_json",
    "goaway",
    "rst_stream",
    "idle_close",
    "bad_certificate",
];

impl Action {
    /// The names of all actions.
    pub fn names() -> impl Iterator<Item = &'static str> {
        EFFECTS.into_iter().chain(WIRES)
    }
}

impl<'de> Deserialize<'de> for Action {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Named;

        impl<'de> Visitor<'de> for Named {
            type Value = Action;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an action, such as {advance: 16m} or {close: {}}")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Action, A::Error> {
                let name: String =
                    map.next_key()?.ok_or_else(|| de::Error::custom("an action has a name"))?;
                let named = name.as_str();
                let (effect, wire) = (EFFECTS.contains(&named), WIRES.contains(&named));
                if !effect && !wire {
                    let hint = nearest::hint(&nearest::of(named, &[&EFFECTS[..], &WIRES].concat()));
                    return Err(de::Error::custom(format!("there is no action {named:?}{hint}")));
                }
                let again = MapAccessDeserializer::new(Again { name: Some(name), map: &mut map });
                let action = match wire {
                    true => Action::Wire(Wire::deserialize(again)?),
                    false => Action::Effect(Effect::deserialize(again)?),
                };
                match map.next_key::<String>()? {
                    Some(second) => {
                        Err(de::Error::custom(format!("{second:?} is a second action: write it as one")))
                    }
                    None => Ok(action),
                }
            }
        }

        deserializer.deserialize_map(Named)
    }
}

/// A map whose first key has been read, with it.
struct Again<A> {
    name: Option<String>,
    map: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Again<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        match self.name.take() {
            Some(name) => seed.deserialize(de::value::StringDeserializer::new(name)).map(Some),
            None => self.map.next_key_seed(seed),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}
