//! A scenario as it is written: what the client is asked to do, what happens to it meanwhile, and what must have
//! been seen.
//!
//! The forms here are those of the files, and those of `fixtures/schemas/scenario.json`, which is made from them.

mod check;
mod schema;
mod source;
mod step;
mod world;

use std::{collections::BTreeMap, fmt, str::FromStr};

use greenroom_model::rule::Rule;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use self::step::{ClientPart, ClientSymbol, WrittenText};
pub use self::{
    check::{
        After, Alternative, By, Check, Count, CountOf, Delays, Distinct, Each, Field, FileIs, Gap, Grade,
        Judgement, LeakOf, Never, OneOrMore, Outcome, ResultOf, Returns, Same, Sockets,
    },
    schema::schema,
    source::Source,
    step::{
        Call, Clock as ClockStep, Close, Configuration, List, Listed, Method, Open, Refresh, Reload, Restart,
        Step, Tenant, Verb, What,
    },
    world::{Fixture, Ttl, World},
};
use crate::drive::Capability;

/// The version of scenario files that this Greenroom reads.
pub const FORMAT: u32 = 1;

/// How binding a requirement is (RFC 2119).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Level {
    /// Broken, it is worth a note.
    #[serde(rename = "MAY")]
    May,
    /// Broken, it is a warning.
    #[serde(rename = "SHOULD")]
    Should,
    /// Broken, it is a failure.
    #[serde(rename = "MUST")]
    Must,
}

impl Level {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::May => "MAY",
            Self::Should => "SHOULD",
            Self::Must => "MUST",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// What a requirement rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// A clause of an RFC.
    Rfc,
    /// What HPE's documentation of its SDK promises.
    Promise,
    /// What keeps credentials safe.
    Security,
    /// What good clients do, with a defect on record of one that did not.
    Practice,
}

impl Basis {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rfc => "rfc",
            Self::Promise => "promise",
            Self::Security => "security",
            Self::Practice => "practice",
        }
    }
}

/// What drives the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Drive {
    /// The kit, through an adapter that speaks `drive/1`.
    Adapter,
}

/// Which clock a requirement is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Clock {
    /// The server's, which the kit moves.
    Server,
    /// The sleeps that the client asks for. Not scored for clients without `sleep_events`.
    Delay,
    /// The client's own. Not scored for clients without `clock`.
    Wall,
    /// Real time: lower bounds only.
    Real,
}

impl Clock {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Delay => "delay",
            Self::Wall => "wall",
            Self::Real => "real",
        }
    }

    /// What a client needs so that this clock can be judged.
    pub fn needs(self) -> Option<Capability> {
        match self {
            Self::Server | Self::Real => None,
            Self::Delay => Some(Capability::SleepEvents),
            Self::Wall => Some(Capability::Clock),
        }
    }
}

/// A set of requirements with what a client must be able to do for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// What every client of one workspace keeps.
    Core,
    /// What a client of an MSP keeps beside that.
    Msp,
    /// Waiting, repeating, surviving.
    Resilience,
    /// Where tokens and secrets go.
    Security,
    /// What HPE's documentation of its own SDK promises.
    PycentralDocs,
    /// What a client of Classic Central keeps.
    Classic,
}

impl Profile {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Core, Self::Msp, Self::Resilience, Self::Security, Self::PycentralDocs, Self::Classic];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Msp => "msp",
            Self::Resilience => "resilience",
            Self::Security => "security",
            Self::PycentralDocs => "pycentral-docs",
            Self::Classic => "classic",
        }
    }

    /// What a client promises that is green under it.
    pub fn promise(self) -> &'static str {
        match self {
            Self::Core => {
                "A program with one workspace runs for days: it signs in as it should, replaces what runs out, repeats \
                 what was refused once, uses a token as long as it lives, and tells failures apart."
            }
            Self::Msp => {
                "A program of an MSP works in many tenants: each has its own token by an exchange, cached and renewed \
                 apart, and none is ever used for another."
            }
            Self::Resilience => {
                "It bears limits, outages, lost answers and, if it can do several things at once, stampedes: it waits as it is asked to, ends by itself, makes \
                 nothing worse, and repeats nothing that could do harm twice."
            }
            Self::Security => {
                "Tokens and secrets go where they belong, and nowhere else: no URL, log, message or other host."
            }
            Self::PycentralDocs => {
                "What HPE's documentation of pycentral says of that SDK (seeds 000, 001 and 002), and a program written \
                 for it relies on."
            }
            Self::Classic => {
                "A program of Classic Central runs for weeks: each refresh gives it two tokens for two, no refresh token \
                 is sent twice, and its user signs in again only when nothing else helps."
            }
        }
    }

    /// What a client must be able to do so that the profile means something.
    pub fn requires(self) -> &'static [Capability] {
        match self {
            Self::Core | Self::Resilience | Self::Security => &[],
            Self::Msp | Self::PycentralDocs => &[Capability::Msp, Capability::Tenant],
            Self::Classic => &[Capability::Classic],
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Profile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|profile| profile.name() == text);
        known.ok_or_else(|| {
            let names = Self::ALL.map(Self::name);
            let hint = greenroom_model::nearest::hint(&greenroom_model::nearest::of(text, &names));
            format!("there is no profile {text:?}{hint}; there are {}", names.join(", "))
        })
    }
}

/// The name of a requirement: `REF-02`. Never given twice, never given again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Id(String);

impl Id {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The letters before the number: `REF`.
    pub fn family(&self) -> &str {
        self.0.split('-').next().unwrap_or_default()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<Id> for String {
    fn from(id: Id) -> Self {
        id.0
    }
}

impl TryFrom<String> for Id {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let good = text.split_once('-').is_some_and(|(family, number)| {
            (2..=6).contains(&family.len())
                && family.bytes().all(|byte| byte.is_ascii_uppercase())
                && number.len() == 2
                && number.bytes().all(|byte| byte.is_ascii_digit())
        });
        if good { Ok(Self(text)) } else { Err(format!("{text:?} is no id: write one like REF-02")) }
    }
}

impl FromStr for Id {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.to_owned().try_into()
    }
}

/// One of the values that a scenario is run with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VaryValue {
    /// The value: what `$name` stands for, and what `only` names.
    pub value: Value,
    /// How binding the requirement is with it, where that is less than usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// What the client must be able to do with it, besides what the scenario says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Capability>,
    /// What `$name.key` stands for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub with: BTreeMap<String, Value>,
}

/// A value that depends on whether waiting costs the client anything.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Var {
    /// For clients that ask before they sleep.
    pub sleep_events: Value,
    /// For all others, which sleep in real time.
    pub otherwise: Value,
}

/// What the kit must have done, without which a run means nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// Its name.
    pub id: String,
    /// This stimulus fired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fired: Option<String>,
    /// An exchange was answered like this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<Answered>,
    /// A gate opened like this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<GateProof>,
    /// The server offered this: `handshake`, that is a TLS handshake was begun on the stimulus that spoils one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offered: Option<Offered>,
    /// The kit wrote each of these steps to the client, or left it out because an earlier one failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Vec<String>>,
}

/// A stimulus fired on an exchange that was answered with a status.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Answered {
    /// The stimulus.
    pub fired: String,
    /// The status.
    pub status: u16,
}

/// How a gate opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GateProof {
    /// The stimulus it belongs to.
    pub id: String,
    /// How many requests waited at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<Count>,
    /// How many requests of the kit the client had not yet answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Count>,
    /// What opened it: `waiting`, `quiet`, `seen`, `step` or `limit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_by: Option<OneOrMore>,
}

/// What a server offers before there is a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Offered {
    /// A TLS handshake.
    Handshake,
}

/// A scenario with one value of its axis, and with its variables at one pace: what is played and judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The version of this kind of file.
    pub format: u32,
    /// The requirement.
    pub id: Id,
    /// The requirement in a sentence.
    pub title: String,
    /// How binding it is.
    pub level: Level,
    /// What it rests on.
    pub basis: Basis,
    /// Where it is written: `rfc:8693#2.1`, `seed:002#R3`, `central.md#5.3`, `issue:owner/name#1`,
    /// `practice:single-flight`.
    pub sources: Vec<Source>,
    /// What drives the client.
    pub drive: Drive,
    /// What the client must be able to do.
    #[serde(default)]
    pub needs: Vec<Capability>,
    /// The clock that it is about.
    pub clock: Clock,
    /// The profiles that it belongs to.
    #[serde(default)]
    pub profiles: Vec<Profile>,
    /// What usually causes a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The axis on which it is run several times: one name with its values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub vary: BTreeMap<String, Vec<VaryValue>>,
    /// Values that depend on whether waiting costs the client anything.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub vars: BTreeMap<String, Var>,
    /// The world it plays in.
    pub world: World,
    /// What the client is asked to do, in this order.
    pub steps: Vec<Step>,
    /// What happens to it meanwhile: rules of the emulator.
    #[serde(default)]
    pub stimuli: Vec<Rule>,
    /// What the kit must have done.
    pub proofs: Vec<Proof>,
    /// What must have been seen.
    pub expect: Vec<Check>,
    /// The value of the axis that this one is for; `None` if there is no axis.
    #[serde(skip)]
    pub variant: Option<Variant>,
    /// How much a step may ask of the server before it counts as unbounded; 40 requests a call by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_requests: Option<u64>,
}

/// The value of the axis that a scenario is run with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// As the name of a check shows it: `EXC-02[live]`.
    pub name: String,
    /// How binding the requirement is with it, where that is less than usual.
    pub level: Option<Level>,
}

impl Scenario {
    /// The name under which it runs: `REF-02`, `EXC-02[live]`.
    pub fn name(&self) -> String {
        match &self.variant {
            Some(variant) => format!("{}[{}]", self.id, variant.name),
            None => self.id.to_string(),
        }
    }

    /// How binding a check of it is: as the check says, else as the scenario, and never more than its variant.
    pub fn level_of(&self, check: &Check) -> Level {
        let level = check.level.unwrap_or(self.level);
        let most = self.variant.as_ref().and_then(|variant| variant.level);
        most.map_or(level, |most| most.min(level))
    }

    /// The steps, with those that stand within others.
    pub fn all_steps(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().flat_map(Step::with_inner)
    }

    /// Whether a check is about what the client still has open when it is told to end.
    pub(crate) fn asks_for_sockets(&self) -> bool {
        fn asks(judgement: &Judgement) -> bool {
            match judgement {
                Judgement::Sockets(_) => true,
                Judgement::OneOf(ways) => ways.iter().any(|way| asks(&way.judgement)),
                _ => false,
            }
        }
        self.expect.iter().any(|check| asks(&check.judgement))
    }

    /// How many requests a logical call may take before it is cut off.
    pub fn bound(&self) -> u64 {
        self.most_requests.unwrap_or(40)
    }
}
