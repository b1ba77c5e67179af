//! A gate: requests wait before it until it opens, and then go on together.

use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    /// Such an exchange has been answered.
    Seen(Box<Selector>),
    /// This step of the scenario has begun.
    Step(String),
}

/// The order in which those that wait go on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
