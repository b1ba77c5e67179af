//! Sandboxes: opening further ones beside the emulator, listing and ending them.

use std::{sync::Arc, time::Duration};

use greenroom_model::{history::Bounds, nearest, rule::Rule, spec::Spec, time::Speed, world::World};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ClockReading, CommandError, Reply};
use crate::{
    house::{House, Open},
    sandbox::Sandbox,
};

/// How long the name of a sandbox may be.
const LONGEST_NAME: usize = 50;

/// What a sandbox is made of. Every part has a default.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SandboxOptions {
    /// Its name: 1 to 50 of A-Z a-z 0-9 . _ -, a letter or a digit first; `sandbox-1` and so on by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its world; by default the one that the emulator started with.
    pub world: SandboxWorld,
    /// When its clock starts; by default the second of the real time in which it is opened. A world that was
    /// saved later than that goes on from there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Timestamp>,
    /// How fast its clock runs; it stands still by default.
    pub speed: Speed,
    /// Dialects that are set: each `NAME=VALUE`, or a preset.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dialect: Vec<String>,
    /// Rules that are in force from the start.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
    /// Whether evidence about a client is gathered: secrets are looked for wherever a client may have put one,
    /// and the history begins with what clients should list.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub evidence: bool,
    /// Hosts that are there to see who sends something to them: reached like the others, they answer everything
    /// with 404.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub traps: Vec<String>,
    /// How much history is kept, if not as much as of the emulator. It cannot be sent to another process.
    #[serde(skip)]
    pub history_bounds: Option<Bounds>,
    /// How long a client may take to say something, in real time, if not as long as with the emulator. It
    /// cannot be sent to another process.
    #[serde(skip)]
    pub connection_timeout: Option<Duration>,
    /// After so many requests every further one gets a 503; no limit by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_requests: Option<u64>,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            name: None,
            world: SandboxWorld::Same,
            start: None,
            speed: Speed::FROZEN,
            dialect: Vec::new(),
            rules: Vec::new(),
            evidence: false,
            traps: Vec::new(),
            history_bounds: None,
            connection_timeout: None,
            max_requests: None,
        }
    }
}

/// The world of a sandbox: `"same"`, `"sample"` or `{"file": "TEXT"}`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SandboxWorld {
    /// The one that the emulator started with, and none of its tokens.
    #[default]
    Same,
    /// The sample.
    Sample,
    /// The text of a world file.
    File(String),
    /// This one, which cannot be sent to another process.
    #[serde(skip)]
    Given(Box<World>),
}

/// The sandboxes that are open beside the emulator, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SandboxList {
    /// The sandboxes.
    pub sandboxes: Vec<SandboxView>,
}

/// A sandbox that is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SandboxView {
    /// Its name.
    pub name: String,
    /// Its plain base URL. Its own control is there, too.
    pub url: String,
    /// Its clock.
    pub clock: ClockReading,
    /// How many requests it got.
    pub requests: u64,
    /// When it was opened, in real time.
    pub created: Timestamp,
}

impl SandboxOptions {
    /// The name, if it can be one.
    fn check_name(&self) -> Result<(), CommandError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        match &self.name {
            // No flag, no hidden file and no way up, wherever the name is written.
            Some(name)
                if !name.starts_with(|c: char| c.is_ascii_alphanumeric())
                    || name.len() > LONGEST_NAME
                    || !name.chars().all(allowed) =>
            {
                let message = format!(
                    "a sandbox has a name of 1 to {LONGEST_NAME} of A-Z a-z 0-9 . _ -, a letter or a digit first"
                );
                Err(CommandError::field("name", message))
            }
            _ => Ok(()),
        }
    }

    /// The world, and when it was saved, if it was; `same` was saved at `saved_at`.
    pub(crate) fn world(
        &self,
        same: impl FnOnce() -> World,
        saved_at: Option<Timestamp>,
    ) -> Result<(World, Option<Timestamp>), CommandError> {
        self.check_name()?;
        let (mut world, saved_at) = match &self.world {
            SandboxWorld::Same => (same(), saved_at),
            SandboxWorld::Sample => (World::sample(greenroom_model::sample::DEFAULT_SEED), None),
            SandboxWorld::File(text) => of_file(text)?,
            SandboxWorld::Given(world) => (World::clone(world), None),
        };
        for setting in &self.dialect {
            world.dialect.apply(setting).map_err(|error| CommandError::field("dialect", error))?;
        }
        Ok((world, saved_at))
    }

    /// When the clock starts, `now` being the machine's. Time never goes backwards in a world: expired tokens
    /// would live again.
    pub(crate) fn start(
        &self,
        saved_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Timestamp, CommandError> {
        let earliest = saved_at.unwrap_or(Timestamp::UNIX_EPOCH);
        match self.start {
            Some(start) if start < earliest => {
                let why = if saved_at.is_some() { ", when the world was saved" } else { "" };
                let message =
                    format!("{start} lies before {earliest}{why}: leave it out, or name a later one");
                Err(CommandError::field("start", message))
            }
            Some(start) => Ok(start),
            None => Ok(earliest.max(now)),
        }
    }
}

/// The world of a file, and when that was written, if it was written by export.
fn of_file(text: &str) -> Result<(World, Option<Timestamp>), CommandError> {
    let wrong = |what: String| CommandError::field("world.file", what);
    let spec = Spec::read(text.as_bytes()).map_err(|mistakes| {
        let count = mistakes.list.len() + mistakes.more;
        let noun = if count == 1 { "mistake" } else { "mistakes" };
        let lines = mistakes.to_string().replace('\n', "\n  ");
        wrong(format!("the world file has {count} {noun}; no sandbox was opened\n  {lines}"))
    })?;
    let world = World::from_spec(&spec)
        .map_err(|error| wrong(format!("the world file: {error}; no sandbox was opened")))?;
    Ok((world, spec.state.and_then(|state| state.saved_at)))
}

impl Sandbox {
    /// What all sandboxes share. Only the emulator itself opens and ends others.
    fn house(&self) -> Result<&House, CommandError> {
        self.house.as_deref().ok_or_else(|| {
            let message = "a sandbox knows nothing of others: ask the emulator that opened it".to_owned();
            CommandError { field: None, message }
        })
    }

    pub(super) fn sandboxes(&self) -> Result<Reply, CommandError> {
        let sandboxes = self.house()?.list().iter().map(|open| view(open)).collect();
        Ok(Reply::Sandboxes(SandboxList { sandboxes }))
    }

    /// Opens a sandbox beside this one.
    pub(crate) fn open_sandbox(&self, options: SandboxOptions) -> Result<Arc<Open>, CommandError> {
        self.house()?.open(options, || self.lock().start.clone())
    }

    /// Lets a sandbox end, which takes until the future is ready.
    pub(crate) fn end_sandbox(
        &self,
        name: &str,
    ) -> Result<(Reply, impl Future<Output = ()> + use<>), CommandError> {
        let house = self.house()?;
        let Some(open) = house.end(name) else {
            let open = house.list();
            let known: Vec<_> = open.iter().filter_map(|open| open.sandbox.name.as_deref()).collect();
            let hint = nearest::hint(&nearest::of(name, &known));
            return Err(CommandError::field("name", format!("there is no sandbox named {name:?}{hint}")));
        };
        Ok((self.sandboxes()?, open.ended()))
    }
}

/// A sandbox as people see it.
pub(super) fn view(open: &Open) -> SandboxView {
    let state = open.sandbox.lock();
    SandboxView {
        name: open.sandbox.name.clone().unwrap_or_default(),
        url: open.url.clone(),
        clock: ClockReading { now: state.now(), speed: state.timeline.speed() },
        requests: state.requests(),
        created: open.created,
    }
}
