//! World files as the command line meets them: read, or refused with everything that is wrong with them.

use std::{
    fs::File,
    io::{ErrorKind, Read as _},
    path::{Path, PathBuf},
};

use clap::Args;
use greenroom_model::{
    spec::{MOST_BYTES, Spec},
    world::World,
};
use jiff::Timestamp;

use crate::exit::Failure;

/// Where a world is kept between two runs.
#[derive(Debug, Args)]
pub(crate) struct StateArgs {
    /// Keep the world in this file: read at the start if it is there, instead of --world, and written at a
    /// clean stop and by greenroom world save
    #[arg(long, value_name = "FILE", env = "GREENROOM_STATE", conflicts_with = "scenario")]
    pub(crate) state: Option<PathBuf>,
}

/// A world of a file.
pub(crate) struct Loaded {
    pub(crate) world: World,
    /// The virtual time at which it was written, if it was written by export.
    pub(crate) saved_at: Option<Timestamp>,
}

impl StateArgs {
    /// The world that the file holds; none if there is no file yet.
    pub(crate) fn kept(&self) -> Result<Option<Loaded>, Failure> {
        match &self.state {
            Some(file) if file.is_file() => load(file, None).map(Some),
            // What else is there is refused at the start.
            _ => Ok(None),
        }
    }
}

/// The world of a file.
pub(crate) fn load(file: &Path, seed: Option<u64>) -> Result<Loaded, Failure> {
    let shown = file.display();
    let mut bytes = Vec::new();
    // A file may have no end, such as that of a pipe; one byte too many tells.
    let read = File::open(file).and_then(|file| file.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes));
    read.map_err(|error| match error.kind() {
        ErrorKind::NotFound => Failure::new(format!("there is no file {shown}")),
        _ => Failure::new(format!("cannot read {shown}: {error}")),
    })?;
    let mut spec = Spec::read(&bytes).map_err(|mistakes| {
        let count = mistakes.list.len() + mistakes.more;
        let noun = if count == 1 { "mistake" } else { "mistakes" };
        let lines = mistakes.to_string().replace('\n', "\n  ");
        Failure::new(format!("{shown} has {count} {noun}; nothing was started\n  {lines}"))
    })?;
    spec.basics.seed = seed.or(spec.basics.seed);
    let saved_at = spec.state.as_ref().and_then(|state| state.saved_at);
    let world = World::from_spec(&spec)
        .map_err(|error| Failure::new(format!("{shown}: {error}; nothing was started")))?;
    Ok(Loaded { world, saved_at })
}
