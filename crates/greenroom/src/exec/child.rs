//! CMD as a child process: its signals, its end, and the end that a guard rail makes of it.

use std::{
    ffi::OsString,
    future::Future,
    io::{self, ErrorKind, IsTerminal as _},
    os::unix::process::ExitStatusExt as _,
    pin::pin,
    process::ExitStatus,
    time::Duration,
};

use greenroom_emulator::client_env::ClientEnv;
use process_wrap::tokio::{ChildWrapper, CommandWrap, KillOnDrop, ProcessGroup};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit::EXEC_FAILURE;

/// How long CMD may take to end after SIGTERM, before SIGKILL. Real time.
const GRACE: Duration = Duration::from_secs(5);

const SIGTERM: i32 = 15;
const SIGKILL: i32 = 9;

const NOT_EXECUTABLE: u8 = 126;
const NOT_FOUND: u8 = 127;

/// How CMD ended, or why it never began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// By itself, with this code.
    Exit(u8),
    /// By this signal.
    Signal(i32),
    /// There is no such program.
    NotFound(String),
    /// There is one, but it cannot be run.
    NotExecutable(String),
    /// Greenroom ended it.
    GuardRail {
        /// Why.
        reason: String,
        /// CMD's own code, as far as it tells of a failure.
        code: u8,
    },
    /// Greenroom could not watch it.
    Failed(String),
}

impl Ended {
    /// The exit code of `exec`: CMD's own, 128+n after signal n, 126, 127, or 125 for Greenroom's
    /// failure. Never 0 after a guard rail.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Exit(code) => *code,
            Self::Signal(number) => u8::try_from(128 + number).unwrap_or(u8::MAX),
            Self::NotFound(_) => NOT_FOUND,
            Self::NotExecutable(_) => NOT_EXECUTABLE,
            Self::GuardRail { code, .. } => *code,
            Self::Failed(_) => EXEC_FAILURE,
        }
    }

    /// What to say about it beyond CMD's own output.
    pub(crate) fn message(&self) -> Option<&str> {
        match self {
            Self::Exit(_) | Self::Signal(_) | Self::GuardRail { .. } => None,
            Self::NotFound(message) | Self::NotExecutable(message) | Self::Failed(message) => Some(message),
        }
    }

    /// The same end, made by Greenroom for this reason, if CMD had begun.
    pub(crate) fn by_guard_rail(self, reason: impl FnOnce() -> String) -> Self {
        match self {
            Self::Exit(_) | Self::Signal(_) | Self::Failed(_) => {
                let code = match self.code() {
                    0 => EXEC_FAILURE,
                    code => code,
                };
                Self::GuardRail { reason: reason(), code }
            }
            Self::NotFound(_) | Self::NotExecutable(_) | Self::GuardRail { .. } => self,
        }
    }

    fn of(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Exit(u8::try_from(code).unwrap_or(u8::MAX)),
            (None, Some(number)) => Self::Signal(number),
            (None, None) => Self::Failed("the command ended with neither a code nor a signal".to_owned()),
        }
    }
}

/// Whose process group CMD lives in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    /// Its own, so that a signal reaches all that it started.
    Own,
    /// Ours. On a terminal there is no other way: a process in another group than the terminal's
    /// foreground one is stopped when it reads from it. The keyboard's signals then reach CMD without
    /// us.
    Shared,
}

impl Group {
    fn fitting() -> Self {
        let on_terminal =
            io::stdin().is_terminal() || io::stdout().is_terminal() || io::stderr().is_terminal();
        if on_terminal { Self::Shared } else { Self::Own }
    }
}

/// Runs `command` with `env` until it ends, forwarding signals to it. When `guard` resolves first,
/// with the reason, the command gets SIGTERM and 5 s later SIGKILL.
pub(crate) async fn run(command: &[OsString], env: &ClientEnv, guard: impl Future<Output = String>) -> Ended {
    run_in(Group::fitting(), GRACE, command, env, guard).await
}

async fn run_in(
    group: Group,
    grace: Duration,
    command: &[OsString],
    env: &ClientEnv,
    guard: impl Future<Output = String>,
) -> Ended {
    // Before the child exists, so that no signal finds us without it.
    let mut signals = match Signals::listen(group) {
        Ok(signals) => signals,
        Err(error) => return Ended::Failed(format!("signals cannot be watched: {error}")),
    };
    let mut child = match spawn(group, command, env) {
        Ok(child) => child,
        Err(ended) => return ended,
    };
    let mut guard = pin!(guard);
    let reason = loop {
        tokio::select! {
            biased;
            status = child.wait() => return of_wait(status),
            number = signals.next() => forward(&*child, number),
            reason = &mut guard => break reason,
        }
    };
    forward(&*child, SIGTERM);
    let ending = async {
        loop {
            tokio::select! {
                status = child.wait() => return of_wait(status),
                number = signals.next() => forward(&*child, number),
            }
        }
    };
    let ended = match tokio::time::timeout(grace, ending).await {
        Ok(ended) => ended,
        Err(_) => {
            forward(&*child, SIGKILL);
            of_wait(child.wait().await)
        }
    };
    ended.by_guard_rail(|| reason)
}

fn of_wait(status: io::Result<ExitStatus>) -> Ended {
    match status {
        Ok(status) => Ended::of(status),
        Err(error) => Ended::Failed(format!("the command cannot be waited for: {error}")),
    }
}

/// Passes a signal on. A child that has just ended needs it no more.
fn forward(child: &dyn ChildWrapper, number: i32) {
    let _ = child.signal(number);
}

fn spawn(group: Group, command: &[OsString], env: &ClientEnv) -> Result<Box<dyn ChildWrapper>, Ended> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(Ended::NotFound("no command was given; write it behind --".to_owned()));
    };
    let mut wrap = CommandWrap::with_new(program, |command| {
        command.args(arguments);
        for name in &env.unset {
            command.env_remove(name);
        }
        command.envs(env.set.iter().map(|(name, value)| (name, value)));
    });
    wrap.wrap(KillOnDrop);
    if group == Group::Own {
        wrap.wrap(ProcessGroup::leader());
    }
    wrap.spawn().map_err(|error| {
        let name = program.to_string_lossy();
        match error.kind() {
            ErrorKind::NotFound => Ended::NotFound(format!("{name}: command not found")),
            // A shell would run a text file without #!, the kernel does not.
            _ => Ended::NotExecutable(format!("{name} cannot be run: {error}")),
        }
    })
}

/// The signals that are passed on to CMD.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    quit: Signal,
    group: Group,
}

impl Signals {
    fn listen(group: Group) -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            quit: signal(SignalKind::quit())?,
            group,
        })
    }

    /// The number of the next signal to pass on. In a shared group the keyboard's own, SIGINT and
    /// SIGQUIT, are swallowed: CMD has had them already, and twice would cut its clean-up short.
    async fn next(&mut self) -> i32 {
        loop {
            let (kind, of_keyboard) = tokio::select! {
                _ = self.interrupt.recv() => (SignalKind::interrupt(), true),
                _ = self.quit.recv() => (SignalKind::quit(), true),
                _ = self.terminate.recv() => (SignalKind::terminate(), false),
                _ = self.hangup.recv() => (SignalKind::hangup(), false),
            };
            if !(of_keyboard && self.group == Group::Shared) {
                return kind.as_raw_value();
            }
        }
    }
}

#[cfg(test)]
mod tests;
