//! Keeping worlds: save, restore, reset, export.

use greenroom_model::{
    history::Event,
    spec::{self, Secrets},
    world::World,
};
use jiff::Timestamp;

use super::{CommandError, ExportedWorld, Reply, reply};
use crate::{sandbox::Sandbox, state_file::StateError};

impl Sandbox {
    /// Remembers the world as it is now, in memory and in the state file if there is one.
    pub(super) fn save_world(&self) -> Result<Reply, CommandError> {
        let keep = |world: World| {
            let view = reply::world_view(&world);
            let mut state = self.lock();
            state.saved = Some(world);
            state.note(Event::Note { text: "world saved".to_owned() });
            Reply::World(view)
        };
        match &self.state_file {
            None => Ok(keep(self.copy_world().0)),
            Some(file) => file
                .write(|| self.copy_world(), keep)
                .map_err(|error| CommandError { field: None, message: error.to_string() }),
        }
    }

    /// Makes the world what it was when it was last saved.
    pub(super) fn restore_world(&self) -> Result<Reply, CommandError> {
        let mut state = self.lock();
        let mut saved = state.saved.clone().ok_or_else(|| CommandError {
            field: None,
            message: "no world was saved yet: save one first (greenroom world save)".to_owned(),
        })?;
        saved.succeed(&state.world);
        state.world = saved;
        state.note(Event::Note { text: "world restored".to_owned() });
        Ok(Reply::World(reply::world_view(&state.world)))
    }

    /// Makes the world what it was at the start.
    pub(super) fn reset_world(&self) -> Reply {
        let mut state = self.lock();
        let mut start = state.start.clone();
        start.succeed(&state.world);
        state.world = start;
        state.note(Event::Note { text: "world reset".to_owned() });
        Reply::World(reply::world_view(&state.world))
    }

    /// The world as a file that loads again.
    pub(super) fn export_world(&self, secrets: Secrets) -> Result<Reply, CommandError> {
        // Copied under the lock, written outside: a large world must not hold requests.
        let (world, now) = self.copy_world();
        let text = spec::export(&world, secrets, now)
            .map_err(|error| CommandError { field: None, message: error.to_string() })?;
        Ok(Reply::Exported(ExportedWorld { world: text }))
    }

    /// Writes the world into the state file, if there is one.
    pub(crate) fn keep_world(&self) -> Result<(), StateError> {
        self.state_file.as_ref().map_or(Ok(()), |file| file.write(|| self.copy_world(), drop))
    }

    fn copy_world(&self) -> (World, Timestamp) {
        let state = self.lock();
        (state.world.clone(), state.now())
    }
}
