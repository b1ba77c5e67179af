//! Playing a scenario: a client is asked for one step after the other, and everything it does is written down.

mod asks;
mod hello;
mod normal;
mod steps;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use greenroom_emulator::{Activity, Emulator};
use greenroom_model::{
    history::{IdSet, ReplyNote, Stream},
    id::WorkspaceId,
};
use jiff::{SignedDuration, Timestamp};
use tokio::{
    sync::{Semaphore, watch},
    time::{Instant, sleep_until, timeout},
};

use self::asks::Object;
pub(crate) use self::hello::introduce;
use crate::{
    adapter::{self, Adapter, Exit, Heard, Running},
    drive::{Reply, Sleep},
    run::{self, Header, Run, open_connections},
    scenario::{Scenario, Step},
    stage::{Stage, StageError},
};

/// How long a client may take to end once it is told to.
const FAREWELL: Duration = Duration::from_secs(5);

/// For how long nothing must happen before the clock moves to the end of a sleep.
const QUIET: Duration = Duration::from_millis(20);

/// How long a client may give no sign of life.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long a step may take whatever signs of life there are, as a multiple of the patience.
const MOST_PATIENCE: u32 = 30;

/// How long a client has to end the connections that it has closed, where that is looked at.
const CLOSING: Duration = Duration::from_secs(2);

/// How long requests of a client that has ended may stay open.
const LAST_REQUESTS: Duration = Duration::from_millis(250);

/// Plays a scenario, that of a file with the digest `played`, against a client in a sandbox of its own. A permit of
/// `starting` is held while the client starts. Where nothing else is said, a client may be silent for `patience`.
pub(crate) async fn play(
    emulator: &Emulator,
    adapter: &Adapter,
    (scenario, played): (&Scenario, &str),
    starting: &Semaphore,
    patience: Option<Duration>,
) -> Run {
    let header = Header {
        format: run::FORMAT,
        scenario: scenario.name(),
        played: played.to_owned(),
        client: None,
        trouble: None,
        dropped: 0,
    };
    match Stage::set(emulator, scenario) {
        Ok(stage) => Player::of(scenario, stage, header, patience).play(adapter, starting).await,
        Err(error) => {
            let trouble = Some(format!("the scenario cannot be staged: {error}"));
            Run { header: Header { trouble, ..header }, entries: Vec::new() }
        }
    }
}

/// That no further step makes sense, and why if that is not in the history.
#[derive(Debug)]
enum Over {
    /// The history says why.
    Told,
    /// The client, its adapter or the kit broke down.
    Trouble(String),
}

impl From<StageError> for Over {
    fn from(error: StageError) -> Self {
        Self::Trouble(format!("the kit cannot go on: {error}"))
    }
}

/// A question that has no reply yet.
struct Asked {
    step: String,
    /// The object that comes of it.
    makes: Option<String>,
}

/// A run under way.
struct Player<'a> {
    scenario: &'a Scenario,
    stage: Stage,
    header: Header,
    /// For how long the client may be silent, if that is not what is usual.
    patience: Option<Duration>,
    /// The client, while it runs.
    running: Option<Running>,
    activity: watch::Receiver<Activity>,
    /// The last sign of life.
    life: Instant,
    /// The number of the last question.
    last_id: u64,
    asked: BTreeMap<u64, Asked>,
    objects: BTreeMap<String, Object>,
    /// Objects that did not come to be, with what the client said to that.
    failed: BTreeMap<String, ReplyNote>,
    /// What is asked for when the client waits.
    late: Vec<(&'a Step, u32)>,
    /// Who sleeps, by when and in which order to wake them.
    sleepers: BTreeSet<(Timestamp, u64)>,
    /// The requests of the sandbox when the step began, and the questions of the step so far.
    before: u64,
    questions: u64,
    /// The sleeps that it asked for in the step so far.
    slept: u64,
}

impl<'a> Player<'a> {
    fn of(scenario: &'a Scenario, stage: Stage, header: Header, patience: Option<Duration>) -> Self {
        let activity = stage.sandbox.activity();
        Self {
            scenario,
            stage,
            header,
            patience,
            running: None,
            activity,
            life: Instant::now(),
            last_id: 0,
            asked: BTreeMap::new(),
            objects: BTreeMap::new(),
            failed: BTreeMap::new(),
            late: Vec::new(),
            sleepers: BTreeSet::new(),
            before: 0,
            questions: 0,
            slept: 0,
        }
    }

    async fn play(mut self, adapter: &Adapter, starting: &Semaphore) -> Run {
        let played = match self.start(adapter, starting).await {
            Ok(()) => self.steps(adapter, starting).await,
            Err(over) => Err(over),
        };
        match played {
            Err(Over::Trouble(trouble)) => {
                self.end(&trouble).await;
                let evidence = self.stage.sandbox.evidence();
                evidence.flush();
                self.header.trouble = Some(evidence.hidden(&trouble));
            }
            Ok(()) | Err(Over::Told) => self.finish().await,
        }
        // Whoever has ended leaves, which closes what was open.
        let gone = self.activity.wait_for(|activity| activity.in_flight == 0);
        let _ = timeout(LAST_REQUESTS, gone).await;
        let (entries, dropped) = self.stage.sandbox.history().entries(0);
        Run { header: Header { dropped, ..self.header }, entries }
    }

    /// Starts the client and asks who it is.
    async fn start(&mut self, adapter: &Adapter, starting: &Semaphore) -> Result<(), Over> {
        // Nobody closes the semaphore.
        let _permit = starting.acquire().await.ok();
        let env = self.stage.sandbox.client_env();
        let running = adapter.start(&env, &[]).map_err(|error| Over::Trouble(error.to_string()))?;
        let running = self.running.insert(running);
        self.last_id += 1;
        let evidence = self.stage.sandbox.evidence();
        let introduction = hello::of(running, self.last_id, self.patience, |heard| match heard {
            Heard::Output { stream, text } => evidence.output(stream_of(*stream), text.as_bytes()),
            Heard::Exited(exit) => drop(evidence.exit(exit.code, exit.signal, None)),
            _ => {}
        });
        let introduction = introduction.await.map_err(Over::Trouble)?;
        // Who it is was said before it was told any secret.
        self.header.client.get_or_insert(introduction);
        self.life = Instant::now();
        Ok(())
    }

    /// Waits until every question has its reply, for as long as that makes sense.
    async fn settle(&mut self, patience: Duration) -> Result<(), Over> {
        self.life = Instant::now();
        let longest = patience.saturating_mul(MOST_PATIENCE);
        let most = self.life + longest;
        while !(self.asked.is_empty() && self.late.is_empty()) {
            // Who has done everything will not wait any more.
            if self.asked.is_empty() {
                self.ask_late().await?;
                continue;
            }
            let busy = *self.activity.borrow_and_update();
            let bound = self.scenario.bound().saturating_mul(self.questions);
            if busy.requests.saturating_sub(self.before) > bound {
                let why = format!("{}: more than {bound} requests in one step", run::UNBOUNDED);
                return Err(self.cut(&why).await);
            }
            let Some(running) = &mut self.running else { return Err(Over::Told) };
            let sleeps = !self.sleepers.is_empty() && busy.in_flight == 0 && busy.held == 0;
            tokio::select! {
                // What has come counts before what the time says: the kit itself may be slow.
                biased;
                () = sleep_until(most) => {
                    let why = format!("no reply within {}, for all its signs of life", seconds(longest));
                    return Err(self.cut(&why).await);
                }
                heard = running.next() => {
                    self.life = Instant::now();
                    self.hear(heard).await?;
                }
                changed = self.activity.changed() => {
                    if changed.is_err() {
                        return Err(Over::Trouble("the sandbox has ended".to_owned()));
                    }
                    self.life = Instant::now();
                }
                () = sleep_until(self.life + QUIET), if !self.late.is_empty() && (sleeps || busy.held > 0) => {
                    self.ask_late().await?;
                }
                () = sleep_until(self.life + QUIET), if sleeps => self.wake(),
                () = sleep_until(self.life + patience), if busy.held == 0 => {
                    let why = format!("no reply within {} of its last sign of life", seconds(patience));
                    return Err(self.cut(&why).await);
                }
            }
        }
        Ok(())
    }

    async fn hear(&mut self, heard: Option<Heard>) -> Result<(), Over> {
        match heard {
            Some(Heard::Reply(reply)) => self.note_reply(*reply),
            Some(Heard::Sleep(sleep)) => {
                self.slept += 1;
                let bound = self.scenario.bound().saturating_mul(self.questions.max(1));
                if self.slept > bound {
                    let why = format!("{}: more than {bound} sleeps in one step", run::UNBOUNDED);
                    return Err(self.cut(&why).await);
                }
                self.note_sleep(sleep);
                Ok(())
            }
            Some(Heard::Wrong(error)) => Err(Over::Trouble(format!("the client breaks drive/1: {error}"))),
            Some(Heard::Flood(stream)) => Err(Over::Trouble(format!(
                "the client wrote more to {} than anybody listens to",
                stream.name()
            ))),
            Some(Heard::Output { stream, text }) => {
                self.stage.sandbox.evidence().output(stream_of(stream), text.as_bytes());
                Ok(())
            }
            Some(Heard::Closed(_)) => Ok(()),
            Some(Heard::Exited(exit)) => {
                self.running = None;
                self.note_exit(exit, None);
                self.cut(&format!("{} {}", run::EXITED, how(exit))).await;
                Err(Over::Told)
            }
            None => Err(Over::Told),
        }
    }

    fn note_reply(&mut self, reply: Reply) -> Result<(), Over> {
        let Some(asked) = self.asked.remove(&reply.id) else {
            let why = format!("a reply bears the id {}, which no open question has", reply.id);
            return Err(Over::Trouble(format!("the client breaks drive/1: {why}")));
        };
        // Those of tenants come with dashes or without: they are the same.
        let plain = |id: &String| id.parse::<WorkspaceId>().map_or_else(|_| id.clone(), WorkspaceId::plain);
        let ids = reply.ids.map(|ids| ids.iter().map(plain).collect::<Vec<_>>());
        let note = ReplyNote {
            id: reply.id,
            step: asked.step,
            ok: reply.ok,
            status: reply.status,
            kind: reply.kind.map(|kind| kind.word().to_owned()),
            message: reply.message,
            ids: ids.map(|ids| IdSet::of(ids.iter().map(String::as_str))),
            cut: None,
        };
        if let Some(name) = asked.makes {
            match reply.ok {
                true => drop(self.failed.remove(&name)),
                false => drop(self.failed.insert(name, note.clone())),
            }
        }
        self.stage.sandbox.evidence().reply(note);
        Ok(())
    }

    fn note_sleep(&mut self, sleep: Sleep) {
        let span = SignedDuration::try_from(sleep.duration()).unwrap_or(SignedDuration::MAX);
        let now = self.stage.sandbox.clock().now();
        let ms = u64::try_from(sleep.duration().as_millis()).unwrap_or(u64::MAX);
        self.stage.sandbox.evidence().sleep(sleep.n, ms);
        self.sleepers.insert((now.checked_add(span).unwrap_or(Timestamp::MAX), sleep.n));
    }

    /// Moves the clock to the end of the shortest sleep, and wakes whose time has come by then.
    fn wake(&mut self) {
        let Some((until, _)) = self.sleepers.first().copied() else { return };
        while let Some((_, n)) = self.first_due(until) {
            self.stage.sandbox.evidence().wake(n, until);
            // Who does not listen any more will be heard to end.
            let _ = self.running.as_ref().map(|running| running.wake(n));
        }
        self.life = Instant::now();
    }

    fn first_due(&mut self, until: Timestamp) -> Option<(Timestamp, u64)> {
        let due = self.sleepers.first().is_some_and(|(deadline, _)| *deadline <= until);
        due.then(|| self.sleepers.pop_first()).flatten()
    }

    /// Gives up on all questions, and on the client.
    async fn cut(&mut self, why: &str) -> Over {
        for (id, asked) in std::mem::take(&mut self.asked) {
            let cut = Some(why.to_owned());
            self.stage.sandbox.evidence().reply(ReplyNote {
                id,
                step: asked.step,
                cut,
                ..ReplyNote::default()
            });
        }
        self.end(why).await;
        Over::Told
    }

    /// Ends the client at once, if it still runs.
    async fn end(&mut self, why: &str) {
        let Some(mut running) = self.running.take() else { return };
        let mut output = Vec::new();
        let exit = running.kill(|heard| output.push(heard)).await;
        self.note_last(output);
        if let Some(exit) = exit {
            self.note_exit(exit, Some(why));
        }
    }

    /// Lets the client finish.
    async fn finish(&mut self) {
        if self.scenario.asks_for_sockets() && self.running.is_some() {
            self.let_close().await;
        }
        let Some(mut running) = self.running.take() else { return };
        let mut output = Vec::new();
        let exit = running.finish(FAREWELL, |heard| output.push(heard)).await;
        self.note_last(output);
        if let Some(exit) = exit {
            let why = format!("it did not end within {} of the end of its stdin", seconds(FAREWELL));
            self.note_exit(exit, exit.killed.then_some(&why));
        }
    }

    /// Lets the client end the connections that it has closed, before it is told to end: that ends them all.
    async fn let_close(&mut self) {
        let history = self.stage.sandbox.history();
        let closed = async {
            while !open_connections(&history.entries(0).0).is_empty() && self.activity.changed().await.is_ok()
            {
            }
        };
        let _ = timeout(CLOSING, closed).await;
        self.stage.sandbox.evidence().farewell();
    }

    /// What a client says at its end: its output counts, everything else is nobody's business any more.
    fn note_last(&self, heard: Vec<Heard>) {
        for heard in heard {
            if let Heard::Output { stream, text } = heard {
                self.stage.sandbox.evidence().output(stream_of(stream), text.as_bytes());
            }
        }
    }

    fn note_exit(&self, exit: Exit, why: Option<&str>) {
        self.stage.sandbox.evidence().exit(exit.code, exit.signal, why.map(str::to_owned));
    }
}

fn stream_of(stream: adapter::Stream) -> Stream {
    match stream {
        adapter::Stream::Stdout => Stream::Stdout,
        adapter::Stream::Stderr => Stream::Stderr,
    }
}

/// How a client exited, to follow that word.
fn how(exit: Exit) -> String {
    match (exit.code, exit.signal) {
        (Some(code), _) => format!("with code {code}"),
        (None, Some(signal)) => format!("by signal {signal}"),
        (None, None) => "and nobody knows how".to_owned(),
    }
}

fn seconds(span: Duration) -> String {
    match span.subsec_millis() {
        0 => format!("{} s", span.as_secs()),
        _ => format!("{} ms", span.as_millis()),
    }
}
