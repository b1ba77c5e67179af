//! A client that runs: what it is told, what is heard from it, and its end.

use std::{collections::VecDeque, pin::Pin, process::ExitStatus, time::Duration};

use process_wrap::tokio::ChildWrapper;
use tempfile::TempDir;
use tokio::{
    io::AsyncWriteExt as _,
    process::ChildStdin,
    sync::mpsc,
    task::JoinSet,
    time::{Sleep, sleep, timeout},
};

use super::heard::{self, Exit, Heard};
use crate::drive::{Ask, Wake};

const SIGKILL: i32 = 9;

/// How long what a process said before its end is waited for, real time. Only somebody who left its process group
/// and kept its stdout can use it up.
const DRAIN: Duration = Duration::from_secs(1);

/// How many lines of output are remembered, and how many bytes of each.
const LAST_LINES: usize = 10;
const LAST_BYTES: usize = 1 << 10;

/// How much may be heard and not yet listened to.
const QUEUE: usize = 64;

/// The client does not listen any more: its stdin is closed, or it has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the client does not read its stdin any more")]
pub struct Gone;

/// A client that runs. Dropping it ends its whole process group.
pub struct Running {
    group: Group,
    speaker: Option<Speaker>,
    heard: mpsc::Receiver<Heard>,
    state: State,
    words: LastWords,
    // Ends with this value, and before the place does.
    _tasks: JoinSet<()>,
    place: TempDir,
}

enum State {
    Running,
    /// It has ended; what it said before may still be in the pipes.
    Draining(Exit, Pin<Box<Sleep>>),
    Over,
}

/// What tells a client things. Writing never waits: the lines stand in a queue that the kit alone fills.
#[derive(Clone, Debug)]
pub struct Speaker(mpsc::UnboundedSender<Said>);

/// A line with its end, or that there will be no more.
type Said = Option<String>;

impl Speaker {
    /// Asks something.
    pub fn send(&self, ask: &Ask) -> Result<(), Gone> {
        self.line(ask.to_line())
    }

    /// Wakes the sleeper of this number.
    pub fn wake(&self, n: u64) -> Result<(), Gone> {
        self.line(Wake { wake: n }.to_line())
    }

    /// Writes a line as it is: what else an adapter must bear.
    pub(crate) fn line(&self, line: String) -> Result<(), Gone> {
        self.0.send(Some(line + "\n")).map_err(|_| Gone)
    }
}

impl Running {
    pub(super) fn of(mut child: Box<dyn ChildWrapper>, place: TempDir) -> Self {
        let (to, heard) = mpsc::channel(QUEUE);
        let (speaker, lines) = mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        if let Some(stdin) = child.stdin().take() {
            tasks.spawn(write(stdin, lines));
        }
        if let Some(stdout) = child.stdout().take() {
            tasks.spawn(heard::lines(stdout, to.clone()));
        }
        if let Some(stderr) = child.stderr().take() {
            tasks.spawn(heard::chunks(stderr, to));
        }
        Self {
            group: Group { child, alive: true },
            speaker: Some(Speaker(speaker)),
            heard,
            state: State::Running,
            words: LastWords::default(),
            _tasks: tasks,
            place,
        }
    }

    /// What tells it things, for a task of its own.
    pub fn speaker(&self) -> Result<Speaker, Gone> {
        self.speaker.clone().ok_or(Gone)
    }

    /// Asks something. The line is queued; that the client reads it is another matter.
    pub fn send(&self, ask: &Ask) -> Result<(), Gone> {
        self.speaker.as_ref().ok_or(Gone)?.send(ask)
    }

    /// Wakes the sleeper of this number.
    pub fn wake(&self, n: u64) -> Result<(), Gone> {
        self.speaker.as_ref().ok_or(Gone)?.wake(n)
    }

    /// Closes its stdin, once all lines are written: it shall finish.
    pub fn close_stdin(&mut self) {
        if let Some(Speaker(lines)) = self.speaker.take() {
            let _ = lines.send(None);
        }
    }

    /// What is heard next, in the order it was said. [`Heard::Exited`] is the last, and `None` follows. May be
    /// dropped while it waits, and nothing is lost.
    pub async fn next(&mut self) -> Option<Heard> {
        let heard = self.listen().await;
        match &heard {
            Some(Heard::Output { text, .. }) => self.words.hear(text),
            Some(Heard::Exited(_)) => self.state = State::Over,
            _ => {}
        }
        heard
    }

    async fn listen(&mut self) -> Option<Heard> {
        if let State::Running = self.state {
            let status = tokio::select! {
                biased;
                Some(heard) = self.heard.recv() => return Some(heard),
                status = self.group.child.wait() => status.unwrap_or_default(),
            };
            self.ended(status, false);
        }
        match &mut self.state {
            State::Draining(exit, until) => {
                let exit = *exit;
                tokio::select! {
                    biased;
                    () = until => Some(Heard::Exited(exit)),
                    heard = self.heard.recv() => Some(heard.unwrap_or(Heard::Exited(exit))),
                }
            }
            State::Running | State::Over => None,
        }
    }

    /// The process has ended; whoever it left behind ends, too.
    fn ended(&mut self, status: ExitStatus, killed: bool) {
        let left_behind = self.group.kill();
        self.group.alive = false;
        let exit = Exit::of(status, killed, left_behind && !killed);
        self.state = State::Draining(exit, Box::pin(sleep(DRAIN)));
    }

    /// Closes its stdin, waits until it has ended or `grace` is over, ends it in that case, and tells `hear` what is
    /// heard meanwhile.
    pub async fn finish(&mut self, grace: Duration, mut hear: impl FnMut(Heard)) -> Option<Exit> {
        self.close_stdin();
        let ended = timeout(grace, self.last(&mut hear)).await;
        match ended {
            Ok(exit) => exit,
            Err(_) => self.kill(hear).await,
        }
    }

    /// Ends its whole process group at once, and tells `hear` what was still to be heard.
    pub async fn kill(&mut self, mut hear: impl FnMut(Heard)) -> Option<Exit> {
        self.close_stdin();
        if let State::Running = self.state {
            self.group.kill();
            let status = self.group.child.wait().await.unwrap_or_default();
            self.ended(status, true);
        }
        self.last(&mut hear).await
    }

    async fn last(&mut self, hear: &mut impl FnMut(Heard)) -> Option<Exit> {
        let mut exit = None;
        while let Some(heard) = self.next().await {
            if let Heard::Exited(how) = heard {
                exit = Some(how);
            }
            hear(heard);
        }
        exit
    }

    /// The last ten lines or so of its output, raw: whoever shows them has to hide secrets first.
    pub fn last_words(&self) -> String {
        self.words.text()
    }

    /// Its directory for temporary files, which goes with it.
    pub fn place(&self) -> &std::path::Path {
        self.place.path()
    }
}

/// The process group of a client. It does not outlive this value.
struct Group {
    child: Box<dyn ChildWrapper>,
    alive: bool,
}

impl Group {
    /// Says whether anybody was left in it.
    fn kill(&self) -> bool {
        self.child.signal(SIGKILL).is_ok()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Its number may be another's by now.
        if self.alive {
            self.kill();
        }
    }
}

/// Writes lines until there are no more or nobody reads them, and closes stdin.
async fn write(mut stdin: ChildStdin, mut lines: mpsc::UnboundedReceiver<Said>) {
    while let Some(Some(line)) = lines.recv().await {
        if stdin.write_all(line.as_bytes()).await.is_err() {
            break;
        }
    }
}

/// The end of what a client said.
#[derive(Default)]
struct LastWords {
    lines: VecDeque<String>,
    open: bool,
}

impl LastWords {
    fn hear(&mut self, text: &str) {
        for piece in text.split_inclusive('\n') {
            match self.lines.back_mut() {
                Some(line) if self.open => line.push_str(piece),
                _ => self.lines.push_back(piece.to_owned()),
            }
            self.open = !piece.ends_with('\n');
            if let Some(line) = self.lines.back_mut()
                && line.len() > LAST_BYTES
            {
                let cut = line.floor_char_boundary(LAST_BYTES);
                line.truncate(cut);
            }
            while self.lines.len() > LAST_LINES {
                self.lines.pop_front();
            }
        }
    }

    fn text(&self) -> String {
        let lines: Vec<_> = self.lines.iter().map(|line| line.trim_end()).collect();
        lines.join("\n").trim().to_owned()
    }
}

#[cfg(test)]
mod tests;
