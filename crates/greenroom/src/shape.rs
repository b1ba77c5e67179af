//! The flags that shape an emulator, and the world they make: the same for `serve` and `exec`.

use std::path::PathBuf;

use clap::Args;
use greenroom_model::{
    dialect::{Dialect, DialectError},
    id::Seed,
    rule::Rule,
    sample::DEFAULT_SEED,
    time::Speed,
    world::World,
};
use jiff::Timestamp;

use crate::{
    chosen::Chosen,
    exit::Failure,
    out,
    rules::{self, Rules},
    token_life::TokenLife,
    world_file::{self, Loaded},
};

/// Flags that shape an emulator.
#[derive(Debug, Args)]
pub(crate) struct ShapeArgs {
    /// The world, from a file instead of the sample (see greenroom init, docs/world.md)
    #[arg(long, value_name = "FILE", env = "GREENROOM_WORLD")]
    world: Option<PathBuf>,

    /// World and stimuli of a scenario of the conformance kit, or of a file of one's own, without its steps
    /// (docs/verify.md): RTY-10, 'EXC-02[live]', my.yaml, 'my.yaml[VALUE]'
    #[arg(long, value_name = "ID|FILE", env = "GREENROOM_SCENARIO", conflicts_with_all = ["world", "rng_seed"])]
    scenario: Option<String>,

    /// How long tokens live: 20s for all access tokens, tenant=5m for one kind (sso, workspace, tenant, classic, refresh, code, sign_in). Repeatable
    #[arg(long, value_name = "[KIND=]DURATION", env = "GREENROOM_TOKEN_LIFE", value_delimiter = ',')]
    token_life: Vec<TokenLife>,

    /// How fast the virtual clock runs: real, frozen, or x60 for sixty virtual seconds a second
    #[arg(long, value_name = "SPEED", env = "GREENROOM_CLOCK", default_value = "real")]
    pub(crate) clock: Speed,

    /// When the virtual clock starts, such as 2030-01-01T00:00:00Z. Now, if not given
    #[arg(long, value_name = "TIMESTAMP", env = "GREENROOM_START_TIME", value_parser = parse_start_time)]
    start_time: Option<Timestamp>,

    /// Set a dialect (exchange_expired=rfc8693), or all of them by a preset (live, rfc, sdk). Repeatable
    #[arg(
        long,
        value_name = "NAME=VALUE",
        env = "GREENROOM_DIALECT",
        value_delimiter = ',',
        value_parser = parse_dialect
    )]
    dialect: Vec<String>,

    /// A rule that is in force from the start: YAML, JSON, or a file of rules (docs/faults.md). Repeatable
    #[arg(long, value_name = "RULE", env = "GREENROOM_RULE", value_parser = rules::parse)]
    rule: Vec<Rules>,

    /// The seed from which all ids and secrets follow that a world file does not give. 1, if not given
    #[arg(long, value_name = "N", env = "GREENROOM_RNG_SEED")]
    rng_seed: Option<u64>,
}

/// What the flags say that an emulator is made of.
pub(crate) struct Shape {
    pub(crate) world: World,
    /// When its clock starts.
    pub(crate) start: Timestamp,
    /// Those of --rule, which come first, and those of the scenario.
    pub(crate) rules: Vec<Rule>,
    /// The scenario of --scenario.
    pub(crate) scenario: Option<Chosen>,
}

impl ShapeArgs {
    /// What the flags want. The world is that of `kept`, if there is one, else of --world or --scenario, else the
    /// sample; `now` is the machine's.
    pub(crate) fn shape(&self, kept: Option<Loaded>, now: Timestamp) -> Result<Shape, Failure> {
        let scenario = self.scenario.as_deref().map(Chosen::of).transpose()?;
        if kept.is_some() && (self.world.is_some() || self.rng_seed.is_some()) {
            out::complain("the file of --state is there, so that --world and --rng-seed have no effect");
        }
        let Loaded { mut world, saved_at } = match (kept, &self.world, &scenario) {
            (Some(kept), ..) => kept,
            (None, Some(file), _) => world_file::load(file, self.rng_seed)?,
            (None, None, Some(chosen)) => Loaded { world: chosen.staged.world.clone(), saved_at: None },
            (None, None, None) => {
                let world = World::sample(self.rng_seed.map_or(DEFAULT_SEED, Seed));
                Loaded { world, saved_at: None }
            }
        };
        for life in &self.token_life {
            life.apply(&mut world.lifetimes);
        }
        for setting in &self.dialect {
            world.dialect.apply(setting).map_err(Failure::new)?;
        }
        let own = self.rule.iter().flat_map(|Rules(rules)| rules);
        let rules = own.chain(scenario.iter().flat_map(|chosen| &chosen.staged.rules)).cloned().collect();
        Ok(Shape { world, start: self.start(saved_at, now)?, rules, scenario })
    }

    /// When the clock starts. Time never goes backwards in a world: one that was saved in the future goes on
    /// from there.
    fn start(&self, saved_at: Option<Timestamp>, now: Timestamp) -> Result<Timestamp, Failure> {
        match (self.start_time, saved_at) {
            (Some(start), Some(saved_at)) if start < saved_at => Err(Failure::new(format!(
                "--start-time {start} lies before {saved_at}, when the world was saved, and expired tokens \
                 would live again; leave it out, or name a later one"
            ))),
            (Some(start), _) => Ok(start),
            (None, saved_at) => Ok(saved_at.map_or(now, |saved_at| saved_at.max(now))),
        }
    }
}

pub(crate) fn parse_start_time(text: &str) -> Result<Timestamp, String> {
    text.parse()
        .ok()
        .filter(|instant| *instant >= Timestamp::UNIX_EPOCH)
        .ok_or_else(|| format!("{text:?} is no instant from 1970 on: write one like 2030-01-01T00:00:00Z"))
}

pub(crate) fn parse_dialect(text: &str) -> Result<String, DialectError> {
    // Tried on a copy here, so that a mistake is one of usage.
    Dialect::default().apply(text)?;
    Ok(text.to_owned())
}
