//! What can be done to a running emulator from outside: one enum behind the Rust handle, the control
//! API over HTTP, and the command line.

use std::collections::BTreeMap;

use greenroom_model::{
    dialect::Row,
    history::{self, Entry, Event, Exchange, TokenView},
    refusal::TokenRefusal,
    rule::{Armed, Rule, Selector},
    secret::Digest,
    tenancy::{Platform, WorkspaceKind},
    time::{self, Speed},
    world::World,
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    clock, record,
    route::{ROUTES, Route},
    sandbox::Sandbox,
    signer::SIGNER,
};

/// A wish.
#[derive(Clone, Debug)]
pub enum Command {
    /// Read the clock.
    Clock,
    /// Move the clock, or change its speed.
    MoveClock(MoveClock),
    /// List the tokens that the world remembers.
    Tokens,
    /// Issue a token without its client asking.
    IssueToken(IssueToken),
    /// Read the history.
    History(HistoryQuery),
    /// Read the dialects.
    Dialect,
    /// Set dialects: each `NAME=VALUE`, or a preset.
    SetDialect(Vec<String>),
    /// Show the world.
    World,
    /// List every route with the source of what it does.
    Fidelity,
    /// List the rules in force.
    Faults,
    /// Add a rule.
    AddFault(Box<Rule>),
    /// Remove all rules.
    ClearFaults,
}

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

/// How to move the clock. Exactly one field is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MoveClock {
    /// Forward by a duration: `16m`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advance: Option<String>,
    /// To an instant that lies ahead: `2030-01-01T00:00:00Z`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set: Option<String>,
    /// `real`, `frozen` or `x60`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speed: Option<String>,
}

/// The clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockReading {
    /// The virtual instant.
    pub now: Timestamp,
    /// How fast it passes.
    pub speed: Speed,
}

/// A token without its client asking.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssueToken {
    /// The client, by name or id.
    #[serde(rename = "as")]
    pub client: String,
    /// The tenant to act in, by symbol or id; else the client's own workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// How long it lives, instead of what its kind does: `5m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<String>,
    /// Whether it is expired from the start.
    #[serde(default)]
    pub expired: bool,
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

/// Which part of the history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryQuery {
    /// Which exchanges.
    pub selector: Selector,
    /// Only what came after this entry.
    pub after: u64,
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
    /// The number of the newest entry, to go on from.
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
}

/// The rules in force.
#[derive(Clone, Debug, Serialize)]
pub struct FaultList {
    /// With how often each matched and fired.
    pub faults: Vec<Armed>,
}

impl PartialEq for FaultList {
    fn eq(&self, other: &Self) -> bool {
        let key = |list: &Self| {
            list.faults
                .iter()
                .map(|armed| (armed.rule.clone(), armed.matched, armed.fired))
                .collect::<Vec<_>>()
        };
        key(self) == key(other)
    }
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

/// A wish that cannot be granted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{message}")]
pub struct CommandError {
    /// The field that is wrong, if one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What is wrong and how to mend it.
    pub message: String,
}

impl CommandError {
    /// An error about a field.
    pub fn field(field: &str, message: impl ToString) -> Self {
        Self { field: Some(field.to_owned()), message: message.to_string() }
    }
}

impl Sandbox {
    /// Grants a wish, whole or not at all.
    pub(crate) fn run(&self, command: Command) -> Result<Reply, CommandError> {
        match command {
            Command::Clock => Ok(self.read_clock()),
            Command::MoveClock(wish) => self.move_clock(&wish),
            Command::Tokens => Ok(self.tokens()),
            Command::IssueToken(wish) => self.issue_token(&wish),
            Command::History(query) => Ok(self.history(&query)),
            Command::Dialect => Ok(self.dialect()),
            Command::SetDialect(settings) => self.set_dialect(&settings),
            Command::World => Ok(Reply::World(world_view(&self.lock().world))),
            Command::Fidelity => Ok(Reply::Fidelity(fidelity())),
            Command::Faults => Ok(Reply::Faults(FaultList { faults: self.lock().rules.list().to_vec() })),
            Command::AddFault(rule) => self.add_fault(*rule),
            Command::ClearFaults => {
                let mut state = self.lock();
                state.rules.clear();
                state.note(Event::Note { text: "all rules removed".to_owned() });
                Ok(Reply::Faults(FaultList { faults: Vec::new() }))
            }
        }
    }

    fn read_clock(&self) -> Reply {
        let state = self.lock();
        Reply::Clock(ClockReading { now: state.now(), speed: state.timeline.speed() })
    }

    fn move_clock(&self, wish: &MoveClock) -> Result<Reply, CommandError> {
        let mut state = self.lock();
        let real = clock::real();
        let did = match (&wish.advance, &wish.set, &wish.speed) {
            (Some(by), None, None) => {
                let by = time::parse_duration(by).map_err(|error| CommandError::field("advance", error))?;
                state.timeline.advance(by, real).map_err(|error| CommandError::field("advance", error))?;
                format!("advance {by:#}")
            }
            (None, Some(target), None) => {
                let target: Timestamp = target.parse().map_err(|_| {
                    let message = format!("{target:?} is no instant: say 2030-01-01T00:00:00Z");
                    CommandError::field("set", message)
                })?;
                state.timeline.set(target, real).map_err(|error| CommandError::field("set", error))?;
                format!("set {target}")
            }
            (None, None, Some(speed)) => {
                let speed: Speed = speed.parse().map_err(|error| CommandError::field("speed", error))?;
                state.timeline.set_speed(speed, real);
                format!("speed {speed}")
            }
            _ => {
                let message = "give exactly one of advance, set and speed".to_owned();
                return Err(CommandError { field: None, message });
            }
        };
        state.note(Event::Clock { did });
        Ok(Reply::Clock(ClockReading { now: state.now(), speed: state.timeline.speed() }))
    }

    fn tokens(&self) -> Reply {
        let state = self.lock();
        let (world, now) = (&state.world, state.now());
        let row = |token: &greenroom_model::token::Token| TokenRow {
            view: record::known_view(token, world, now),
            client: world.client(token.client).name.clone(),
            workspace: world.workspace(token.workspace).symbol.clone(),
            expires_at: token.expires_at,
            parent: token
                .parent
                .and_then(|parent| world.tokens().by_ordinal(parent))
                .map(|parent| parent.symbol.to_string()),
        };
        Reply::Tokens(TokenList { tokens: world.tokens().iter().map(row).collect() })
    }

    fn issue_token(&self, wish: &IssueToken) -> Result<Reply, CommandError> {
        let life = match &wish.ttl {
            Some(ttl) => Some(time::parse_duration(ttl).map_err(|error| CommandError::field("ttl", error))?),
            None => None,
        };
        if life.is_some() && wish.expired {
            return Err(CommandError::field("expired", "an expired token has no ttl: give one of both"));
        }
        let life = if wish.expired { Some(SignedDuration::ZERO) } else { life };
        let (unsigned, expires_at) = {
            let mut state = self.lock();
            let now = state.now();
            let client = state.world.client_named(&wish.client).ok_or_else(|| {
                let known: Vec<_> = state.world.clients().map(|(_, client)| client.name.clone()).collect();
                CommandError::field(
                    "as",
                    format!("there is no client {:?}: {}", wish.client, known.join(", ")),
                )
            })?;
            let tenant = match &wish.tenant {
                Some(tenant) => Some(state.world.workspace_named(tenant).ok_or_else(|| {
                    CommandError::field("tenant", format!("there is no workspace {tenant:?}"))
                })?),
                None => None,
            };
            let issued = state.world.issue_for(client, tenant, life, now);
            let unsigned = issued.map_err(|refusal| match refusal {
                TokenRefusal::TargetNotManaged => {
                    CommandError::field("tenant", "that workspace is no tenant of the client's workspace")
                }
                other => CommandError { field: None, message: other.to_string() },
            })?;
            let expires_at = state.world.tokens().by_ordinal(unsigned.ordinal).map(|token| token.expires_at);
            (unsigned, expires_at.unwrap_or(now))
        };
        let access_token = SIGNER.sign(&unsigned);
        let mut state = self.lock();
        state.world.seal(unsigned.ordinal, Digest::of(&access_token));
        let symbol = unsigned.symbol.to_string();
        state.note(Event::Note { text: format!("issued {symbol} on request of the operator") });
        Ok(Reply::Issued(IssuedToken { access_token, symbol, expires_at }))
    }

    fn history(&self, query: &HistoryQuery) -> Reply {
        // Cloned under the lock, selected outside: a long history must not hold requests.
        let (entries, last, dropped) = self.entries(query.after);
        let exchanges: Vec<_> = history::join(entries.iter())
            .into_iter()
            .filter(|exchange| query.selector.matches(exchange))
            .collect();
        let events = entries
            .into_iter()
            .filter(|entry| !matches!(entry.event, Event::Request(_) | Event::Response(_)))
            .collect();
        Reply::History(HistoryPage { count: exchanges.len(), exchanges, events, last, dropped })
    }

    /// The entries after number `after`, the number of the newest, and how many were dropped.
    pub(crate) fn entries(&self, after: u64) -> (Vec<Entry>, u64, u64) {
        let state = self.lock();
        (state.history.after(after).cloned().collect(), state.history.last(), state.history.dropped())
    }

    fn dialect(&self) -> Reply {
        Reply::Dialect(DialectRows { dialects: self.lock().world.dialect.rows() })
    }

    fn set_dialect(&self, settings: &[String]) -> Result<Reply, CommandError> {
        let mut state = self.lock();
        let mut dialect = state.world.dialect.clone();
        for setting in settings {
            let name = setting.split('=').next().unwrap_or_default();
            dialect.apply(setting).map_err(|error| CommandError::field(name, error))?;
        }
        state.world.dialect = dialect;
        state.note(Event::Note { text: format!("dialect {}", settings.join(" ")) });
        Ok(Reply::Dialect(DialectRows { dialects: state.world.dialect.rows() }))
    }

    fn add_fault(&self, rule: Rule) -> Result<Reply, CommandError> {
        let mut state = self.lock();
        let id = state.rules.add(rule).map_err(|error| {
            let text = error.to_string();
            let field = text.split(':').next().unwrap_or_default();
            CommandError::field(field, &text)
        })?;
        state.note(Event::Note { text: format!("rule {id} added") });
        Ok(Reply::FaultAdded(FaultAdded { id }))
    }
}

fn fidelity() -> FidelityTable {
    let row = |route: &Route| FidelityRow {
        route: route.name.to_owned(),
        method: route.method.to_string(),
        path: route.path.to_owned(),
        source: route.source.to_owned(),
        confidence: route.confidence.name().to_owned(),
    };
    FidelityTable { routes: ROUTES.iter().map(row).collect() }
}

fn world_view(world: &World) -> WorldView {
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
            client_secret: client.secret.as_ref().map(|secret| secret.reveal().to_owned()),
            service: serde_json::to_value(client.service)
                .ok()
                .and_then(|name| name.as_str().map(str::to_owned))
                .unwrap_or_default(),
            workspace: world.workspace(client.workspace).symbol.clone(),
            owner: world.user(client.owner).email.clone(),
        })
        .collect();
    let token_life = greenroom_model::token::TokenKind::ALL
        .into_iter()
        .map(|kind| (kind.name().to_owned(), world.lifetimes.of(kind).as_secs()))
        .collect();
    WorldView { seed: world.seed.0, workspaces, clients, token_life }
}
