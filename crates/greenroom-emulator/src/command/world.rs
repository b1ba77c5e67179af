//! Keeping worlds: save, restore, reset, export.

use greenroom_model::{
    history::Event,
    patch::Changes,
    spec::{self, Patch, Secrets},
    world::World,
};
use jiff::Timestamp;

use super::{Command, CommandError, ExportedWorld, Reply, reply};
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

    /// Lets tenants and devices come, change and go.
    pub(crate) fn patch_world(&self, patch: &Patch) -> Result<Changes, CommandError> {
        let mut state = self.lock();
        let now = state.now();
        let changes = state.world.patch(patch, now).map_err(|misfits| {
            let field = misfits.first().map(|misfit| misfit.path.clone());
            let misfits: Vec<_> = misfits.iter().map(ToString::to_string).collect();
            CommandError { field, message: told(misfits.len(), "does not fit this world", &misfits) }
        })?;
        state.note(Event::Note { text: format!("world patched: {changes}") });
        Ok(changes)
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

impl Command {
    /// The command to patch the world as a text says it, YAML or JSON.
    pub fn patch(text: &[u8]) -> Result<Self, CommandError> {
        Patch::read(text).map(Box::new).map(Self::PatchWorld).map_err(|mistakes| {
            let field = mistakes.list.first().map(|it| it.path.clone()).filter(|path| !path.is_empty());
            let count = mistakes.list.len() + mistakes.more;
            CommandError { field, message: told(count, "cannot be read", &[mistakes.to_string()]) }
        })
    }
}

/// What is wrong with a patch, each mistake on a line of its own.
fn told(count: usize, what: &str, mistakes: &[String]) -> String {
    let more = if count > 1 { format!(" ({count} mistakes)") } else { String::new() };
    format!("the patch {what}, and nothing was changed{more}:\n{}", mistakes.join("\n"))
}
