//! Rules: what shall happen to the nth request of a kind. Deciding is pure; the caller acts.
//!
//! The names are those of the conformance kit's stimuli, which are these rules.

mod absent;
mod action;
mod bodies;
mod check;
mod edit;
mod gate;
mod never;
mod retry_after;
mod rules;
mod schema;
mod selector;
#[cfg(test)]
mod tests;

use std::{fmt, num::NonZeroU64};

use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, MapAccess, Visitor},
    ser::SerializeMap as _,
};

pub use self::{
    action::{
        Action, BadCertificate, Close, Effect, Goaway, HalfBody, Nothing, Presented, Redirect, Reply, Then,
        Tokens, Trickle, Wire,
    },
    bodies::{WireBody, wire_bodies, wire_body},
    check::RuleError,
    edit::{EditJson, Edited},
    gate::{Gate, OpenWhen, Release},
    retry_after::{as_is_of, http_date_after, http_date_of, retry_after},
    rules::{Armed, Rules, Ruling},
    selector::{AnyOf, Glob, Pattern, Selector},
};

/// A rule as it is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name in histories; given one if it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Which requests are meant, and at which point of their way.
    pub when: When,
    /// What it does, in this order. Clock and tokens first come first; at most one thing happens on the wire.
    #[serde(rename = "do", default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<Action>,
    /// Where those that match wait for one another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<Gate>,
    /// How often it fires; for ever if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<NonZeroU64>,
    /// Whether it fires only once: another way to say `times: 1`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub once: bool,
}

/// At which point of its way a request meets a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum At {
    /// Before there is a request: only the host is known, of a CONNECT or of a TLS hello.
    Connect,
    /// It has arrived whole, and nothing has been done.
    Request,
    /// What it asked for was done, and the answer is on its way.
    Response,
}

/// Which requests are meant, and at which point.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct When {
    /// The point. Where it is not said it follows from what is done: what spoils an answer acts on the answer,
    /// everything else on the request.
    pub at: Option<At>,
    /// The requests.
    pub selector: Selector,
}

impl Rule {
    /// A rule that does this to every request.
    pub fn of(action: impl Into<Action>) -> Self {
        Self {
            id: None,
            when: When::default(),
            actions: vec![action.into()],
            gate: None,
            times: None,
            once: false,
        }
    }

    /// The point at which it acts.
    pub fn at(&self) -> At {
        let spoils = |action: &Action| matches!(action, Action::Wire(wire) if wire.wants_an_answer());
        let from_actions = || match self.actions.iter().any(spoils) {
            true => At::Response,
            false => At::Request,
        };
        self.when.at.unwrap_or_else(from_actions)
    }

    /// How often it fires at most.
    pub(crate) fn most(&self) -> Option<u64> {
        if self.once { Some(1) } else { self.times.map(NonZeroU64::get) }
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = When;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the fields of a selector, and at")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<When, A::Error> {
                let mut at = None;
                let selector = Selector::read(&mut map, |field, map| {
                    let is_at = field == "at";
                    if is_at && at.is_some() {
                        return Err(de::Error::custom("at: given twice"));
                    }
                    if is_at {
                        at = Some(map.next_value()?);
                    }
                    Ok(is_at)
                })?;
                Ok(When { at, selector })
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

impl Serialize for When {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.selector.write(&mut map)?;
        if let Some(at) = self.at {
            map.serialize_entry("at", &at)?;
        }
        map.end()
    }
}
