//! The flags that shape an emulator, and the world they make: the same for `serve` and `exec`.

use std::path::PathBuf;

use clap::Args;
use greenroom_model::{
    dialect::{Dialect, DialectError},
    id::Seed,
    sample::DEFAULT_SEED,
    time::Speed,
    world::World,
};
use jiff::Timestamp;

use crate::{exit::Failure, token_life::TokenLife, world_file};

/// Flags that shape an emulator.
#[derive(Debug, Args)]
pub(crate) struct ShapeArgs {
    /// The world, from a file instead of the sample (see greenroom init, docs/world.md)
    #[arg(long, value_name = "FILE", env = "GREENROOM_WORLD")]
    world: Option<PathBuf>,

    /// How long tokens live: 20s for all kinds, tenant=5m for one (sso, workspace, tenant). Repeatable
    #[arg(long, value_name = "[KIND=]DURATION", env = "GREENROOM_TOKEN_LIFE", value_delimiter = ',')]
    token_life: Vec<TokenLife>,

    /// How fast the virtual clock runs: real, frozen, or x60 for sixty virtual seconds a second
    #[arg(long, value_name = "SPEED", env = "GREENROOM_CLOCK", default_value = "real")]
    pub(crate) clock: Speed,

    /// When the virtual clock starts, such as 2030-01-01T00:00:00Z. Now, if not given
    #[arg(long, value_name = "TIMESTAMP", env = "GREENROOM_START_TIME", value_parser = parse_start_time)]
    pub(crate) start_time: Option<Timestamp>,

    /// Set a dialect (exchange_expired=rfc8693), or all of them by a preset (live, rfc, sdk). Repeatable
    #[arg(
        long,
        value_name = "NAME=VALUE",
        env = "GREENROOM_DIALECT",
        value_delimiter = ',',
        value_parser = parse_dialect
    )]
    dialect: Vec<String>,

    /// The seed from which all ids and secrets follow that a world file does not give. 1, if not given
    #[arg(long, value_name = "N", env = "GREENROOM_RNG_SEED")]
    rng_seed: Option<u64>,
}

impl ShapeArgs {
    /// The world as the flags want it: that of `kept`, if there is one, else of --world, else the sample.
    pub(crate) fn world(&self, kept: Option<World>) -> Result<World, Failure> {
        let mut world = match (kept, &self.world) {
            (Some(kept), _) => kept,
            (None, Some(file)) => world_file::load(file, self.rng_seed)?.0,
            (None, None) => World::sample(self.rng_seed.map_or(DEFAULT_SEED, Seed)),
        };
        for life in &self.token_life {
            life.apply(&mut world.lifetimes);
        }
        for setting in &self.dialect {
            world.dialect.apply(setting).map_err(Failure::new)?;
        }
        Ok(world)
    }
}

fn parse_start_time(text: &str) -> Result<Timestamp, String> {
    text.parse()
        .ok()
        .filter(|instant| *instant >= Timestamp::UNIX_EPOCH)
        .ok_or_else(|| format!("{text:?} is no instant from 1970 on: write one like 2030-01-01T00:00:00Z"))
}

fn parse_dialect(text: &str) -> Result<String, DialectError> {
    // Tried on a copy here, so that a mistake is one of usage.
    Dialect::default().apply(text)?;
    Ok(text.to_owned())
}
