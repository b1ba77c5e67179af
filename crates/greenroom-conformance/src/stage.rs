//! Where one run takes place: a sandbox with the world, the clock and the rules of a scenario, and what a client is
//! configured with there.

mod config;
mod stimuli;
mod world;

use std::{collections::BTreeMap, io};

use greenroom_emulator::{
    Emulator, OpenSandbox, clock,
    command::{Command, CommandError, IssueToken, Reply, SandboxOptions, SandboxWorld},
};
use greenroom_model::{
    fleet::FleetError,
    history::Bounds,
    id::{Seed, WorkspaceId},
    rule::Rule,
    time::whole_second,
    world::World,
    yaml::Mistakes,
};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

use self::{config::TokenFile, stimuli::Stimuli};
use crate::scenario::{Fixture, Scenario};

/// Room for what a client does that is cut off late.
const BOUNDS: Bounds = Bounds { entries: 200_000, bytes: 256 << 20 };

/// Why a scenario cannot be staged: a fault of the kit or of the scenario, not of the client.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// The fixture is no world.
    #[error("the world of the kit: {0}")]
    Fixture(#[from] Mistakes),
    /// The world cannot be made.
    #[error("the world: {0}")]
    World(#[from] FleetError),
    /// What the scenario wants to be different in it cannot be.
    #[error("world.{0}")]
    Different(String),
    /// A stimulus is no rule of the emulator.
    #[error("stimulus {0}")]
    Stimulus(String),
    /// The emulator refuses.
    #[error("the sandbox: {0}")]
    Sandbox(#[from] CommandError),
    /// The kit has no place to write to.
    #[error("no file for the client can be written: {0}; set TMPDIR to a directory that takes files")]
    Place(#[from] io::Error),
}

/// A scenario without its steps: the world that it plays in, and what happens there.
#[derive(Clone, Debug)]
pub struct Staged {
    /// Its world. It is the same in every run, but for tokens and dates.
    pub world: World,
    /// Its stimuli, with ids in the place of symbols.
    pub rules: Vec<Rule>,
    /// The API client for the platform that a client is configured with.
    pub client: &'static str,
    /// Hosts that nobody should talk to.
    pub traps: Vec<String>,
    /// Clients that have a token from the start.
    pub issued: Vec<String>,
    /// The phases that its stimuli are about, which are some of its steps, in their order.
    pub phases: Vec<String>,
}

impl Staged {
    /// That of a scenario.
    pub fn of(scenario: &Scenario) -> Result<Self, StageError> {
        let world = world::of(scenario)?;
        let rules = stimuli::rules(scenario, |text| id_in(&world, text))?;
        let is_meant = |step: &str| {
            let mut phases = rules.iter().filter_map(|rule| rule.when.selector.phase.as_ref());
            phases.any(|phases| phases.fits(step))
        };
        let steps = scenario.all_steps().map(|step| step.id.clone());
        let phases = steps.filter(|step| is_meant(step)).collect();
        let (traps, issued) = (scenario.world.traps.clone(), scenario.world.issued.clone());
        let (client, _) = world::clients(scenario.world.fixture);
        Ok(Self { world, rules, client, traps, issued, phases })
    }
}

/// A scenario ready to be played.
pub(crate) struct Stage {
    pub(crate) sandbox: OpenSandbox,
    fixture: Fixture,
    /// The world as it was at the start.
    world: World,
    /// Tokens that are there from the start, by symbol.
    issued: BTreeMap<String, String>,
    stimuli: Stimuli,
    /// By how many seconds the client's clock differs from the machine's.
    shift: i64,
    place: TempDir,
    token_file: Option<TokenFile>,
}

impl Stage {
    /// Opens a sandbox as the scenario wants it.
    pub(crate) fn set(emulator: &Emulator, scenario: &Scenario) -> Result<Self, StageError> {
        let Staged { world, rules, traps, issued: holders, .. } = Staged::of(scenario)?;
        let mut stimuli = Stimuli::of(rules)?;
        let options = SandboxOptions {
            world: SandboxWorld::Given(Box::new(world.clone())),
            start: Some(whole_second(clock::wall_now())),
            rules: stimuli.at_once(),
            evidence: true,
            traps,
            history_bounds: Some(BOUNDS),
            ..SandboxOptions::default()
        };
        let sandbox = emulator.open_sandbox(options)?;
        let mut issued = BTreeMap::new();
        for client in holders {
            let wish = IssueToken { client, ..IssueToken::default() };
            if let Reply::Issued(token) = sandbox.run(Command::IssueToken(wish))? {
                issued.insert(token.symbol, token.access_token);
            }
        }
        // Its name is seen by the client.
        let place = tempfile::Builder::new().prefix("client-").tempdir()?;
        let fixture = scenario.world.fixture;
        Ok(Self { sandbox, fixture, world, issued, stimuli, shift: 0, place, token_file: None })
    }

    /// Begins a phase: rules that can be made only now come into force.
    pub(crate) fn begin_phase(&mut self, phase: &str) -> Result<(), StageError> {
        let wall = self.client_wall();
        let rules = self.stimuli.of_phase(phase, wall)?;
        if !rules.is_empty() {
            self.sandbox.faults().add_all(rules)?;
        }
        Ok(self.sandbox.begin_phase(phase)?)
    }

    /// The client was asked to shift its clock.
    pub(crate) fn shift_clock(&mut self, seconds: i64) {
        self.shift = self.shift.saturating_add(seconds);
    }

    /// The time of the client's own clock.
    fn client_wall(&self) -> Timestamp {
        let now = clock::wall_now();
        now.checked_add(SignedDuration::from_secs(self.shift)).unwrap_or(now)
    }

    /// The symbol of the workspace in which the top object of the client acts.
    pub(crate) fn own_workspace(&self) -> &'static str {
        world::own(self.fixture)
    }

    /// The symbol of a workspace by its id, however it is written.
    pub(crate) fn symbol_of(&self, id: &str) -> Option<&str> {
        let ix = self.world.workspace_by_id(id.parse().ok()?)?;
        Some(&self.world.workspace(ix).symbol)
    }

    /// The symbol of the tenant of a name.
    pub(crate) fn symbol_of_name(&self, name: &str) -> Option<&str> {
        let mut workspaces = self.world.workspaces().map(|(_, workspace)| workspace);
        workspaces.find(|workspace| workspace.name == *name).map(|workspace| &*workspace.symbol)
    }

    /// A text with ids in the place of `@acme` and `@acme:plain`, where these stand alone or between slashes.
    pub(crate) fn with_ids(&self, text: &str) -> String {
        with_ids(text, |part| id_in(&self.world, part))
    }
}

/// The id that `@acme` or `@acme:plain` stands for.
fn id_in(world: &World, text: &str) -> Option<String> {
    let (symbol, plain) = match text.strip_prefix('@')?.split_once(':') {
        Some((symbol, "plain")) => (symbol, true),
        Some(_) => return None,
        None => (text.strip_prefix('@')?, false),
    };
    let id = match symbol {
        "nobody" => nobody(world.seed),
        _ => world.workspaces().find(|(_, workspace)| *workspace.symbol == *symbol)?.1.id,
    };
    Some(if plain { id.plain() } else { id.to_string() })
}

/// An id that no workspace has.
fn nobody(seed: Seed) -> WorkspaceId {
    WorkspaceId(seed.uuid_v1("nobody", "", 0))
}

fn with_ids(text: &str, id: impl Fn(&str) -> Option<String>) -> String {
    let parts = text.split('/').map(|part| id(part).unwrap_or_else(|| part.to_owned()));
    parts.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests;
