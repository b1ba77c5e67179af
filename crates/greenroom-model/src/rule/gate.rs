//! A gate: requests wait before it until it opens, and then go on together.

use std::{fmt, num::NonZeroU32};

use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, SeqAccess, Unexpected, Visitor, value::SeqAccessDeserializer},
};

use super::{action::Effect, selector::Selector};
use crate::time::Forward;

/// Where requests wait for one another. It opens once; who comes later passes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// What opens it; the first to hold does.
    pub open_when: Vec<OpenWhen>,
    /// After so much real time it opens in any case.
    pub limit: Forward,
    /// What happens once, before the first of those that wait goes on. Clock and tokens only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub then: Vec<Effect>,
    /// In which order they go on.
    #[serde(default)]
    pub release: Release,
}

/// What opens a gate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum OpenWhen {
    /// So many requests wait.
    Waiting(NonZeroU32),
    /// No further request has come for so much real time: 500 ms or more.
    Quiet(Forward),
    /// Such an exchange has been answered. It counts nothing: `nth` cannot be said here.
    Seen(Box<Selector>),
    /// This step of the scenario has begun.
    Step(String),
}

/// The order in which those that wait go on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Release {
    /// As they came.
    #[default]
    Fifo,
    /// The last one first.
    Lifo,
    /// Those with these tokens first, in this order; the others as they came.
    #[serde(untagged)]
    Symbols(Vec<String>),
}

impl<'de> Deserialize<'de> for Release {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Order;

        impl<'de> Visitor<'de> for Order {
            type Value = Release;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("fifo, lifo, or a list of symbols")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Release, E> {
                match text {
                    "fifo" => Ok(Release::Fifo),
                    "lifo" => Ok(Release::Lifo),
                    _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Release, A::Error> {
                Deserialize::deserialize(SeqAccessDeserializer::new(list)).map(Release::Symbols)
            }
        }

        deserializer.deserialize_any(Order)
    }
}
