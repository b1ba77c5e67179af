//! World files as the command line meets them: read, or refused with everything that is wrong with them.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use clap::Args;
use greenroom_model::{
    id::Seed,
    spec::{MOST_BYTES, Spec},
    world::World,
};
use jiff::Timestamp;

use crate::exit::Failure;

/// Where a world is kept between two runs.
#[derive(Debug, Args)]
pub(crate) struct StateArgs {
    /// Keep the world in this file: read at the start if it is there, written at a clean stop and by
    /// greenroom world save
    #[arg(long, value_name = "FILE", env = "GREENROOM_STATE")]
    pub(crate) state: Option<PathBuf>,
}

impl StateArgs {
    /// The world that the file holds, and when it was written; none if there is no file yet.
    pub(crate) fn kept(&self) -> Result<Option<(World, Option<Timestamp>)>, Failure> {
        match &self.state {
            Some(file) if file.exists() => load(file, None).map(Some),
            _ => Ok(None),
        }
    }
}

/// The world of a file, and the virtual time at which it was written, if it was written by export.
pub(crate) fn load(file: &Path, seed: Option<u64>) -> Result<(World, Option<Timestamp>), Failure> {
    let shown = file.display();
    let length = std::fs::metadata(file).map(|about| about.len());
    if length.is_ok_and(|length| length > MOST_BYTES as u64) {
        return Err(Failure::new(format!("{shown}: the file is larger than {} MiB", MOST_BYTES >> 20)));
    }
    let bytes = std::fs::read(file).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Failure::new(format!("there is no file {shown}")),
        _ => Failure::new(format!("cannot read {shown}: {error}")),
    })?;
    let mut spec = Spec::read(&bytes).map_err(|mistakes| {
        let count = mistakes.list.len() + mistakes.more;
        let noun = if count == 1 { "mistake" } else { "mistakes" };
        let lines = mistakes.to_string().replace('\n', "\n  ");
        Failure::new(format!("{shown} has {count} {noun}; nothing was started\n  {lines}"))
    })?;
    spec.basics.seed = seed.map(|seed| Seed(seed).0).or(spec.basics.seed);
    let saved_at = spec.state.as_ref().and_then(|state| state.saved_at);
    let world = World::from_spec(&spec)
        .map_err(|error| Failure::new(format!("{shown}: {error}; nothing was started")))?;
    Ok((world, saved_at))
}
