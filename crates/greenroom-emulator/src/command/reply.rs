//! What a running emulator says when it grants a wish.

use std::collections::{BTreeMap, BTreeSet};

use greenroom_model::{
    dialect::Row,
    history::{Entry, Exchange, TokenView},
    patch::Changes,
    role::{Permission, Role},
    rule::Armed,
    tenancy::{Platform, WorkspaceKind},
    time::Speed,
    token::TokenKind,
    user::User,
    world::World,
};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fidelity::FidelityTable;

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
    /// The world as a file.
    Exported(ExportedWorld),
    /// What a patch changed.
    Patched(Changes),
    /// A user.
    User(UserView),
    /// Routes and their sources.
    Fidelity(FidelityTable),
    /// Rules.
    Faults(FaultList),
    /// Rules that were added.
    FaultsAdded(FaultsAdded),
    /// The phase that has begun.
    Phase(super::BeginPhase),
    /// Sandboxes.
    Sandboxes(super::SandboxList),
    /// A sandbox that was opened.
    Sandbox(super::SandboxView),
}

/// The clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClockReading {
    /// The virtual instant.
    pub now: Timestamp,
    /// How fast it passes.
    pub speed: Speed,
}

/// A token that was issued. The one reply that holds a secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenList {
    /// The tokens.
    pub tokens: Vec<TokenRow>,
}

/// One token, without its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HistoryPage {
    /// The exchanges that were selected, in order of their requests.
    pub exchanges: Vec<Exchange>,
    /// How many they are.
    pub count: usize,
    /// Whether that is as many as were expected, where it was said how many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds: Option<bool>,
    /// All other entries in that part: connections, rules that fired, the clock, notes.
    pub events: Vec<Entry>,
    /// Where to go on from: the newest entry, or the one before the oldest request that was still being
    /// answered, so that its answer will not be missed.
    pub last: u64,
    /// How many entries were dropped to keep the history within its bounds.
    pub dropped: u64,
}

/// The dialects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DialectRows {
    /// One row a dialect.
    pub dialects: Vec<Row>,
}

/// The rules in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FaultList {
    /// With how often each matched and fired.
    pub faults: Vec<Armed>,
}

/// A rule was added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FaultAdded {
    /// Its name.
    pub id: String,
    /// What it names and is not there yet, such as a token that is still to be issued: the rule waits for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// Rules were added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FaultsAdded {
    /// In the order in which they were given.
    pub added: Vec<FaultAdded>,
}

/// The world as a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExportedWorld {
    /// YAML that `greenroom serve --world` reads.
    pub world: String,
}

/// The world as people see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WorldView {
    /// What everything that looks random follows from.
    pub seed: u64,
    /// The workspaces.
    pub workspaces: Vec<WorkspaceView>,
    /// The API clients.
    pub clients: Vec<ClientView>,
    /// The users, whose roles decide what their API clients may do.
    pub users: Vec<UserView>,
    /// What each role grants: resource, then permissions.
    pub roles: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    /// How long tokens live, in seconds, by kind.
    pub token_life: BTreeMap<String, i64>,
}

/// A workspace as people see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
    /// The MSP that manages it, by symbol, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub msp: Option<String>,
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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

/// A user as people see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserView {
    /// E-mail address.
    pub email: String,
    /// The name of the role.
    pub role: String,
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
                kind: workspace.kind.name().to_owned(),
                msp: match workspace.kind {
                    WorkspaceKind::Tenant { msp, .. } => Some(world.workspace(msp).symbol.clone()),
                    WorkspaceKind::Standard | WorkspaceKind::Msp => None,
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
    let view = |(_, user): (_, &User)| UserView { email: user.email.clone(), role: user.role.clone() };
    let users = world.users().map(view).collect();
    let roles = world.roles.iter().map(|(name, role)| (name.clone(), grants(role))).collect();
    WorldView { seed: world.seed.0, workspaces, clients, users, roles, token_life }
}

fn grants(role: &Role) -> BTreeMap<String, Vec<String>> {
    let names = |granted: &BTreeSet<Permission>| granted.iter().map(|it| it.name().to_owned()).collect();
    role.grants.iter().map(|(resource, granted)| (resource.name().to_owned(), names(granted))).collect()
}
