//! The world that a scenario plays in.

use std::collections::BTreeMap;

use greenroom_model::time::Forward;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The worlds of the kit, in `fixtures/worlds/kit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fixture {
    /// An MSP `msp` with the tenants `acme` and `globex`; `stranger` is a tenant of another MSP.
    MspTwoTenants,
    /// A workspace `solo` that stands alone.
    Standard,
    /// The workspace `solo` with separate clients for the platform and for Central.
    Split,
    /// A workspace on a Dedicated Platform, which knows no exchange.
    Dedicated,
    /// The workspace `solo` with an application of Classic Central's gateway, `solo-classic`, of which a client opened
    /// with mode `classic` is told.
    Classic,
}

/// The world that a scenario plays in: a fixture, and what is different in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// The fixture.
    #[serde(rename = "use")]
    pub fixture: Fixture,
    /// How long tokens live.
    #[serde(default)]
    pub ttl: Ttl,
    /// Dialects that are set, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dialect: BTreeMap<String, String>,
    /// Hosts that nobody should talk to. What comes there is seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub traps: Vec<String>,
    /// Clients that have a token from the start: `msp` has `msp#1`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issued: Vec<String>,
    /// How many network devices a workspace has.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub devices: BTreeMap<String, u64>,
    /// How many tenants an MSP has besides those that are written down.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tenants: BTreeMap<String, u64>,
}

/// How long tokens live: those of workspaces 15 minutes, those of tenants 15 minutes, those of SSO two hours, if
/// nothing is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Ttl {
    /// Tokens of a workspace's own issuer; those of an MSP are such.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub msp: Option<Forward>,
    /// Tokens that were exchanged for a tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Forward>,
    /// Tokens of the SSO issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sso: Option<Forward>,
}
