//! What a running emulator says when it grants a wish.

use std::collections::BTreeMap;

use greenroom_model::{
    dialect::Row,
    history::{Entry, Exchange, TokenView},
    rule::Armed,
    tenancy::{Platform, WorkspaceKind},
    time::Speed,
    token::TokenKind,
    world::World,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::route::{ROUTES, Route};

/// What comes back.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Reply {
    /// The clock.
    Clock(ClockReading),
    /// Tokens.
    Tokens(TokenList),
    /// A token that was issued.
    Issued(IssuedToken),
    /// Exchanges and entries.
    History(HistoryPage),
    /// Dialects.
    Dialect(DialectRows),
    /// The world.
    World(WorldView),
    /// Routes and their sources.
    Fidelity(FidelityTable),
    /// Rules.
    Faults(FaultList),
    /// The name of a rule that was added.
    FaultAdded(FaultAdded),
}

/// The clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockReading {
    /// The virtual instant.
    pub now: Timestamp,
    /// How fast it passes.
    pub speed: Speed,
}

/// A token that was issued. The one reply that holds a secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuedToken {
    /// The token.
    pub access_token: String,
    /// What stands for it in histories.
    pub symbol: String,
    /// When it expires.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for IssuedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "IssuedToken({})", self.symbol)
    }
}

/// The tokens that the world remembers, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenList {
    /// The tokens.
    pub tokens: Vec<TokenRow>,
}

/// One token, without its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRow {
    /// Symbol, kind, standing, age and remaining life.
    #[serde(flatten)]
    pub view: TokenView,
    /// The client it was issued to, by name.
    pub client: String,
    /// The workspace it acts in, by symbol.
    pub workspace: String,
    /// `exp`.
    pub expires_at: Timestamp,
    /// The MSP token it came from, by symbol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
}

/// A part of the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryPage {
    /// The exchanges that were selected, in order of their requests.
    pub exchanges: Vec<Exchange>,
    /// How many they are.
    pub count: usize,
    /// All other entries in that part: connections, rules that fired, the clock, notes.
    pub events: Vec<Entry>,
    /// Where to go on from: the newest entry, or the one before the oldest request that was still being
    /// answered, so that its answer will not be missed.
    pub last: u64,
    /// How many entries were dropped to keep the history within its bounds.
    pub dropped: u64,
}

/// The dialects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DialectRows {
    /// One row a dialect.
    pub dialects: Vec<Row>,
}

/// What Greenroom serves, and how sure it is of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FidelityTable {
    /// One row a route.
    pub routes: Vec<FidelityRow>,
}

/// One route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FidelityRow {
    /// Its name in histories.
    pub route: String,
    /// Its method.
    pub method: String,
    /// Its path, with `{name}` for a segment.
    pub path: String,
    /// Where the facts come from.
    pub source: String,
    /// `documented`, `seen in client code` or `inferred`.
    pub confidence: String,
    /// What of the original is not served; absent if everything is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub not_served: String,
}

/// The rules in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FaultList {
    /// With how often each matched and fired.
    pub faults: Vec<Armed>,
}

/// A rule was added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultAdded {
    /// Its name.
    pub id: String,
}

/// The world as people see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorldView {
    /// What everything that looks random follows from.
    pub seed: u64,
    /// The workspaces.
    pub workspaces: Vec<WorkspaceView>,
    /// The API clients.
    pub clients: Vec<ClientView>,
    /// How long tokens live, in seconds, by kind.
    pub token_life: BTreeMap<String, i64>,
}

/// A workspace as people see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkspaceView {
    /// Its name in histories and commands.
    pub symbol: String,
    /// Its name.
    pub name: String,
    /// Its GLP id.
    pub id: String,
    /// The id of its Central application customer.
    pub central_tenant_id: String,
    /// `STANDARD_ENTERPRISE`, `MSP` or `MSP_TENANT`.
    pub kind: String,
    /// The one cluster it lives on, or `any`.
    pub cluster: String,
    /// `cloud`, or the host of its Dedicated Platform.
    pub platform: String,
    /// Devices in its own inventory.
    pub devices: u32,
    /// Those of them that Central lists.
    pub central_devices: u32,
}

/// An API client as people see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientView {
    /// What its tokens are called by.
    pub name: String,
    /// Its id.
    pub client_id: String,
    /// The secret of a sample client, which every Greenroom of that seed shares. Never an adopted one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    /// `platform`, `central` or `data_services`.
    pub service: String,
    /// Its workspace, by symbol.
    pub workspace: String,
    /// Who made it.
    pub owner: String,
}

/// The table of all routes.
pub(super) fn fidelity() -> FidelityTable {
    let row = |route: &Route| FidelityRow {
        route: route.name.to_owned(),
        method: route.method.to_string(),
        path: route.path.to_owned(),
        source: route.source.to_owned(),
        confidence: route.confidence.name().to_owned(),
        not_served: route.not_served.to_owned(),
    };
    FidelityTable { routes: ROUTES.iter().map(row).collect() }
}

/// The world as people see it.
pub(super) fn world_view(world: &World) -> WorldView {
    let workspaces = world
        .workspaces()
        .map(|(ix, workspace)| {
            let mix = world.fleet().mix(ix);
            WorkspaceView {
                symbol: workspace.symbol.clone(),
                name: workspace.name.clone(),
                id: workspace.id.to_string(),
                central_tenant_id: workspace.central_customer.clone(),
                kind: match workspace.kind {
                    WorkspaceKind::Tenant { msp, .. } => {
                        format!("{} of {}", workspace.kind.name(), world.workspace(msp).symbol)
                    }
                    kind => kind.name().to_owned(),
                },
                cluster: workspace.cluster.as_ref().map_or("any", |cluster| cluster.name()).to_owned(),
                platform: match &workspace.platform {
                    Platform::Cloud => "cloud".to_owned(),
                    Platform::Dedicated { host } => host.clone(),
                },
                devices: mix.total(),
                central_devices: mix.network,
            }
        })
        .collect();
    let clients = world
        .clients()
        .map(|(_, client)| ClientView {
            name: client.name.clone(),
            client_id: client.id.clone(),
            client_secret: client
                .secret
                .value()
                .filter(|_| client.sample)
                .map(|secret| secret.reveal().to_owned()),
            service: serde_json::to_value(client.service)
                .ok()
                .and_then(|name| name.as_str().map(str::to_owned))
                .unwrap_or_default(),
            workspace: world.workspace(client.workspace).symbol.clone(),
            owner: world.user(client.owner).email.clone(),
        })
        .collect();
    let token_life = TokenKind::ALL
        .into_iter()
        .map(|kind| (kind.name().to_owned(), world.lifetimes.of(kind).as_secs()))
        .collect();
    WorldView { seed: world.seed.0, workspaces, clients, token_life }
}
