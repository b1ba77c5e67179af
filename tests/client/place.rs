//! Where the emulator of a client runs: in this process, or in one of its own.

use std::{sync::Mutex, thread};

use greenroom_emulator::{
    Emulator, Remote, RemoteError,
    command::{Command, Reply},
};
use jiff::Timestamp;

use crate::harness::{Scratch, served::Served};

pub(super) enum Place {
    Here(Emulator),
    /// Another process. A test may speak to it from many threads.
    Elsewhere {
        url: String,
        _running: Mutex<(Served, Scratch)>,
    },
}

impl Place {
    pub(super) fn url(&self) -> &str {
        match self {
            Self::Here(emulator) => emulator.url(),
            Self::Elsewhere { url, .. } => url,
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        let Reply::Clock(reading) = self.run(Command::Clock) else { panic!("a clock") };
        reading.now
    }

    /// Grants a wish; in another process those that a test there has.
    pub(super) fn run(&self, command: Command) -> Reply {
        match self {
            Self::Here(emulator) => emulator.run(command).unwrap(),
            // Its own thread, because that of the test may not wait for another runtime.
            Self::Elsewhere { url, .. } => thread::scope(|scope| {
                let ask = || {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                    runtime.block_on(remote(&Remote::new(url, None).unwrap(), command)).unwrap()
                };
                scope.spawn(ask).join().unwrap()
            }),
        }
    }
}

async fn remote(remote: &Remote, command: Command) -> Result<Reply, RemoteError> {
    Ok(match command {
        Command::Clock => Reply::Clock(remote.clock().await?),
        Command::MoveClock(wish) => Reply::Clock(remote.move_clock(&wish).await?),
        Command::Dialect => Reply::Dialect(remote.dialect().await?),
        Command::SetDialect(settings) => Reply::Dialect(remote.set_dialect(&settings).await?),
        Command::World => Reply::World(remote.world().await?),
        Command::Tokens => Reply::Tokens(remote.tokens().await?),
        Command::IssueToken(wish) => Reply::Issued(remote.issue_token(&wish).await?),
        Command::History(query) => Reply::History(remote.history(&query).await?),
        Command::SaveWorld => Reply::World(remote.save_world().await?),
        Command::RestoreWorld => Reply::World(remote.restore_world().await?),
        Command::ResetWorld => Reply::World(remote.reset_world().await?),
        Command::ExportWorld(secrets) => Reply::Exported(remote.export_world(secrets).await?),
        Command::PatchWorld(patch) => Reply::Patched(remote.patch_world(&patch).await?),
        Command::AssignRole(wish) => Reply::User(remote.assign_role(&wish).await?),
        Command::Fidelity => Reply::Fidelity(remote.fidelity().await?),
        Command::Faults => Reply::Faults(remote.faults().await?),
        Command::AddFaults(rules) => Reply::FaultsAdded(remote.add_faults(&rules).await?),
        Command::RemoveFault(id) => Reply::Faults(remote.remove_fault(&id).await?),
        Command::ClearFaults => Reply::Faults(remote.clear_faults().await?),
        Command::BeginPhase(wish) => Reply::Phase(remote.begin_phase(&wish).await?),
        Command::Sandboxes => Reply::Sandboxes(remote.sandboxes().await?),
        Command::OpenSandbox(options) => Reply::Sandbox(remote.open_sandbox(&options).await?),
        Command::EndSandbox(name) => Reply::Sandboxes(remote.end_sandbox(&name).await?),
    })
}
