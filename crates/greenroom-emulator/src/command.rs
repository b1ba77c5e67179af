//! What can be done to a running emulator from outside: one enum behind the Rust handle, the control
//! API over HTTP, and the command line.

mod faults;
mod reply;
mod roles;
mod sandboxes;
mod world;

use std::time::Duration;

use greenroom_model::{
    bound::Bound,
    history::{self, Entry, Event},
    issue::Term,
    refusal::TokenRefusal,
    rule::{Rule, Selector},
    secret::Digest,
    spec::{Patch, Secrets},
    time,
    token::{Life, Token},
};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::fidelity::{FidelityRow, FidelityTable, UnservedRow};

pub use self::reply::{
    ClientView, ClockReading, DialectRows, ExportedWorld, FaultAdded, FaultList, FaultsAdded, HistoryPage,
    IssuedToken, Reply, TokenList, TokenRow, UserView, WorkspaceView, WorldView,
};
pub use self::sandboxes::{SandboxList, SandboxOptions, SandboxView, SandboxWorld};
use crate::{
    record,
    sandbox::{Motion, Sandbox},
    signer::SIGNER,
};

/// How long the name of a phase may be: every entry of the phase repeats it.
const LONGEST_PHASE: usize = 100;

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
    History(Box<HistoryQuery>),
    /// Read the dialects.
    Dialect,
    /// Set dialects: each `NAME=VALUE`, or a preset.
    SetDialect(Vec<String>),
    /// Show the world.
    World,
    /// Remember the world as it is, in memory and in the state file if there is one.
    SaveWorld,
    /// Make the world what it was when it was last saved.
    RestoreWorld,
    /// Make the world what it was at the start.
    ResetWorld,
    /// Write the world as a file that loads again.
    ExportWorld(Secrets),
    /// Let tenants and devices come, change and go, all of it or nothing.
    PatchWorld(Box<Patch>),
    /// Give a user another role. It acts on tokens that were issued before, too.
    AssignRole(AssignRole),
    /// List every route with the source of what it does.
    Fidelity,
    /// List the rules in force.
    Faults,
    /// Add rules: all of them or none.
    AddFaults(Vec<Rule>),
    /// Remove a rule, by name. Who waits at its gate goes on.
    RemoveFault(String),
    /// Remove all rules.
    ClearFaults,
    /// List the sandboxes that are open beside the emulator.
    Sandboxes,
    /// Open one.
    OpenSandbox(Box<SandboxOptions>),
    /// End one, by name. Its connections may end a moment later.
    EndSandbox(String),
    /// Begin a phase: histories, selectors and gates know it by this name.
    BeginPhase(BeginPhase),
}

/// How to move the clock. Exactly one field is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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

/// A token without its client asking.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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

/// Another role for a user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignRole {
    /// The user, by e-mail address.
    pub user: String,
    /// The role, by name.
    pub role: String,
}

/// A part of what a client does, such as a step of a scenario.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BeginPhase {
    /// Its name: 1 to 100 characters.
    pub phase: String,
}

/// Which part of the history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryQuery {
    /// Which exchanges.
    pub selector: Selector,
    /// Only what came after this entry.
    pub after: u64,
    /// How many exchanges are expected: the page says whether that holds.
    pub count: Option<Bound>,
    /// For how much real time to wait until no further exchange can change that. Who asks by
    /// [`OpenSandbox::run`](crate::OpenSandbox::run) is answered at once.
    pub wait: Option<Duration>,
}

impl HistoryQuery {
    /// Refuses a selector that means nothing where a history is read: nobody counts there.
    pub fn check_selector(selector: &Selector) -> Result<(), CommandError> {
        match selector.nth {
            Some(_) => Err(CommandError::field(
                "nth",
                "nth is counted by rules only: leave it out here, and count with = 2, <= 1 or >= 2",
            )),
            None => Ok(()),
        }
    }
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
            Command::History(query) => self.history(&query).map(Reply::History),
            Command::Dialect => Ok(self.dialect()),
            Command::SetDialect(settings) => self.set_dialect(&settings),
            Command::SaveWorld => self.save_world(),
            Command::RestoreWorld => self.restore_world(),
            Command::ResetWorld => Ok(self.reset_world()),
            Command::ExportWorld(secrets) => self.export_world(secrets),
            Command::World => Ok(Reply::World(reply::world_view(&self.lock().world))),
            Command::PatchWorld(patch) => self.patch_world(&patch).map(Reply::Patched),
            Command::AssignRole(wish) => self.assign_role(&wish),
            Command::Fidelity => Ok(Reply::Fidelity(FidelityTable::of_this_version())),
            Command::Faults => Ok(Reply::Faults(self.faults())),
            Command::AddFaults(rules) => self.add_faults(rules).map(Reply::FaultsAdded),
            Command::RemoveFault(id) => self.remove_fault(&id).map(Reply::Faults),
            Command::BeginPhase(wish) => self.begin_phase(wish).map(Reply::Phase),
            Command::ClearFaults => Ok(Reply::Faults(self.clear_faults())),
            Command::Sandboxes => self.sandboxes(),
            Command::OpenSandbox(options) => {
                self.open_sandbox(*options).map(|open| Reply::Sandbox(sandboxes::view(&open)))
            }
            Command::EndSandbox(name) => self.end_sandbox(&name).map(|(reply, _)| reply),
        }
    }

    fn read_clock(&self) -> Reply {
        let state = self.lock();
        Reply::Clock(ClockReading { now: state.now(), speed: state.timeline.speed() })
    }

    fn move_clock(&self, wish: &MoveClock) -> Result<Reply, CommandError> {
        let (field, motion) = match (&wish.advance, &wish.set, &wish.speed) {
            (Some(by), None, None) => ("advance", time::parse_duration(by).map(Motion::By)),
            (None, Some(target), None) => {
                let target: Timestamp = target.parse().map_err(|_| {
                    let message = format!("{target:?} is no instant: say 2030-01-01T00:00:00Z");
                    CommandError::field("set", message)
                })?;
                ("set", Ok(Motion::To(target)))
            }
            (None, None, Some(speed)) => ("speed", speed.parse().map(Motion::At)),
            _ => {
                let message = "give exactly one of advance, set and speed".to_owned();
                return Err(CommandError { field: None, message });
            }
        };
        let mut state = self.lock();
        let moved = motion.and_then(|motion| state.move_clock(motion));
        moved.map_err(|error| CommandError::field(field, error))?;
        Ok(Reply::Clock(ClockReading { now: state.now(), speed: state.timeline.speed() }))
    }

    fn tokens(&self) -> Reply {
        let state = self.lock();
        let (world, now) = (&state.world, state.now());
        let row = |token: &Token| TokenRow {
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
        let term = match (&wish.ttl, wish.expired) {
            (None, false) => Term::OfKind,
            (None, true) => Term::Expired,
            (Some(ttl), false) => {
                let wrong = |error: String| CommandError::field("ttl", error);
                let ttl = time::parse_duration(ttl).map_err(|error| wrong(error.to_string()))?;
                Term::Life(Life::try_from(ttl).map_err(|error| wrong(error.to_string()))?)
            }
            (Some(_), true) => {
                return Err(CommandError::field("expired", "an expired token has no ttl: give one of both"));
            }
        };
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
            let issued = state.world.issue_for(client, tenant, term, now);
            let unsigned = issued.map_err(|refusal| match refusal {
                TokenRefusal::TargetNotManaged => {
                    CommandError::field("tenant", "that workspace is no tenant of the client's workspace")
                }
                other => CommandError { field: None, message: other.to_string() },
            })?;
            let expires_at =
                state.world.tokens().by_ordinal(unsigned.ticket.ordinal).map(|token| token.expires_at);
            (unsigned, expires_at.unwrap_or(now))
        };
        let access_token = SIGNER.sign(&unsigned);
        self.learn_token(&unsigned, &access_token);
        let mut state = self.lock();
        state.world.seal(unsigned.ticket, Digest::of(&access_token));
        let symbol = unsigned.symbol.to_string();
        state.note(Event::Note { text: format!("issued {symbol} on request of the operator") });
        Ok(Reply::Issued(IssuedToken { access_token, symbol, expires_at }))
    }

    /// Refuses a number after which there is nothing yet, such as one of an emulator that was started anew since.
    pub(crate) fn check_after(&self, after: u64) -> Result<(), CommandError> {
        let newest = self.lock().history.last();
        match after <= newest {
            true => Ok(()),
            false => Err(CommandError::field(
                "after",
                format!(
                    "there is no entry {after}: the newest is {newest}; whoever starts anew counts from 1, \
                     so read from 0"
                ),
            )),
        }
    }

    /// Refuses a part of the history that cannot be meant.
    pub(crate) fn check_part(&self, selector: &Selector, after: u64) -> Result<(), CommandError> {
        HistoryQuery::check_selector(selector)?;
        self.check_after(after)
    }

    pub(crate) fn history(&self, query: &HistoryQuery) -> Result<HistoryPage, CommandError> {
        self.check_part(&query.selector, query.after)?;
        // Cloned under the lock, selected outside: a long history must not hold requests.
        let (entries, newest, dropped) = self.entries(query.after);
        let exchanges = history::join(entries.iter());
        let open = exchanges.iter().find(|exchange| exchange.response.is_none());
        let last = open.map_or(newest, |exchange| exchange.n - 1);
        let exchanges: Vec<_> =
            exchanges.into_iter().filter(|exchange| query.selector.matches(exchange)).collect();
        let events = entries
            .into_iter()
            .filter(|entry| !matches!(entry.event, Event::Request(_) | Event::Response(_)))
            .collect();
        let count = exchanges.len();
        let holds = query.count.map(|bound| bound.holds(count));
        Ok(HistoryPage { count, holds, exchanges, events, last, dropped })
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
            let name = setting.split_once('=').map_or("preset", |(name, _)| name);
            dialect.apply(setting).map_err(|error| CommandError::field(name, error))?;
        }
        let (before, after) = (state.world.dialect.rows(), dialect.rows());
        state.world.dialect = dialect;
        let changed = after.iter().zip(&before).filter(|(after, before)| after != before);
        let changed: Vec<_> = changed.map(|(row, _)| row.to_string()).collect();
        state.note(Event::Note { text: format!("dialect {}", changed.join(" ")) });
        Ok(Reply::Dialect(DialectRows { dialects: state.world.dialect.rows() }))
    }

    pub(crate) fn begin_phase(&self, BeginPhase { phase }: BeginPhase) -> Result<BeginPhase, CommandError> {
        if !(1..=LONGEST_PHASE).contains(&phase.chars().count()) {
            let message = format!("a phase has a name of 1 to {LONGEST_PHASE} characters");
            return Err(CommandError::field("phase", message));
        }
        let mut state = self.lock();
        state.begin_phase(phase.clone());
        Ok(BeginPhase { phase })
    }
}
