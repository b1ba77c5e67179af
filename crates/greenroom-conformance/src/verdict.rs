//! What was found: of a check, of a scenario, of a run of many.

use std::{fmt, ops::BitOr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    drive::Scheme,
    scenario::{Basis, Grade, Level, Source},
};

/// What was found, the mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verdict {
    /// It is as it must be.
    Pass,
    /// The client does not claim to be able to do it, and no profile asks for it.
    NotApplicable,
    /// It needs a clock that this client does not have.
    NotScored,
    /// A MAY is not as it could be.
    Note,
    /// A SHOULD is broken.
    Warn,
    /// A MUST is broken.
    Fail,
    /// What the kit meant to do did not happen, so that nothing can be said.
    Inconclusive,
    /// The client, its adapter or the kit broke down, or the client's requests went past the emulator.
    Error,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Pass,
        Self::NotApplicable,
        Self::NotScored,
        Self::Note,
        Self::Warn,
        Self::Fail,
        Self::Inconclusive,
        Self::Error,
    ];

    /// As reports show it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::NotApplicable => "N/A",
            Self::NotScored => "NOT SCORED",
            Self::Note => "NOTE",
            Self::Warn => "WARN",
            Self::Fail => "FAIL",
            Self::Inconclusive => "INCONCLUSIVE",
            Self::Error => "ERROR",
        }
    }

    /// What a broken requirement of a level is.
    pub fn broken(level: Level) -> Self {
        match level {
            Level::Must => Self::Fail,
            Level::Should => Self::Warn,
            Level::May => Self::Note,
        }
    }

    /// Whether a requirement is broken, so that a broken client is found out by it.
    pub fn kills(self) -> bool {
        matches!(self, Self::Fail | Self::Warn)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// The worse of two.
impl BitOr for Verdict {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.max(other)
    }
}

/// Who was judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClientInfo {
    /// Its name, as its adapter says.
    pub name: String,
    /// Its version.
    pub version: String,
    /// How its versions are ordered.
    pub scheme: Scheme,
    /// What it can do.
    pub can: Vec<crate::drive::Capability>,
}

impl ClientInfo {
    /// A client that never said who it is.
    pub fn nobody() -> Self {
        Self {
            name: "a client that never said who it is".to_owned(),
            version: String::new(),
            scheme: Scheme::Semver,
            can: Vec::new(),
        }
    }

    /// Whether it never said who it is: those who do have a version.
    pub fn is_nobody(&self) -> bool {
        self.version.is_empty()
    }
}

/// What was found about one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckVerdict {
    /// Its id: `REF-02.caller-unaware`, `EXC-02[live].bounded`, `REF-02.I4`.
    pub id: String,
    /// How binding it is.
    pub level: Level,
    /// What was found.
    pub verdict: Verdict,
    /// How good the way was that the client took, where several are allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grade: Option<Grade>,
    /// What must have been seen, in words.
    pub expected: String,
    /// What was seen, in words, with the numbers of the entries: `#31`.
    pub actual: String,
    /// The entries that it rests on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<u64>,
    /// What usually causes this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

/// What was found about one scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScenarioVerdict {
    /// The name under which it ran: `REF-02`, `EXC-02[live]`.
    pub name: String,
    /// The requirement in a sentence.
    pub title: String,
    /// How binding it is.
    pub level: Level,
    /// What it rests on.
    pub basis: Basis,
    /// Where it is written.
    pub sources: Vec<Source>,
    /// The worst of its checks.
    pub verdict: Verdict,
    /// Why it was not judged, or could not be, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What was found about each check; the invariants that were broken come last.
    pub checks: Vec<CheckVerdict>,
}

impl ScenarioVerdict {
    /// The checks that are not as they must be, the worst first.
    pub fn broken(&self) -> Vec<&CheckVerdict> {
        let mut broken: Vec<_> = self.checks.iter().filter(|check| check.verdict >= Verdict::Note).collect();
        broken.sort_by_key(|check| std::cmp::Reverse(check.verdict));
        broken
    }
}
