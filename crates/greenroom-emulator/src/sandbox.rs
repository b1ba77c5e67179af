//! One sandbox: a world, its clock, its rules and its history behind one lock.

use std::{
    cell::Cell,
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use greenroom_model::{
    history::{Event, Exchange, History, Response},
    host::{self, HostFamily},
    rule::{Gate, Rule, RuleError, Rules},
    time::{Speed, TimeError, Timeline},
    world::World,
};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use crate::{
    activity::{Activity, Held},
    clock,
    evidence::{self, Course, Watch},
    gate::Gates,
    house::House,
    state_file::StateFile,
    veil::{Kept, Veil},
};

/// Everything that one lock protects.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) world: World,
    /// The world as it was at the start, for `world reset`.
    pub(crate) start: World,
    /// The world as it was last saved, for `world restore`.
    pub(crate) saved: Option<World>,
    pub(crate) timeline: Timeline,
    pub(crate) rules: Rules,
    pub(crate) gates: Gates,
    /// The step of a scenario that has begun.
    pub(crate) phase: Option<String>,
    pub(crate) history: History,
    /// What is known of the client.
    pub(crate) course: Course,
    /// How busy it is, for those who wait for more, or for less.
    activity: watch::Sender<Activity>,
    /// What hides the world's secrets.
    veil: Kept,
    /// Requests so far, refused tunnels and unexpected hosts among them.
    requests: u64,
    /// Imitated requests so far whose client stayed: what numbers in answers derive from.
    ordinals: u64,
    /// Why every request gets a 503 from now on.
    closed: Option<String>,
}

impl State {
    /// Requests so far.
    pub(crate) fn requests(&self) -> u64 {
        self.requests
    }

    /// The present virtual instant.
    pub(crate) fn now(&self) -> Timestamp {
        self.timeline.now(clock::real())
    }

    /// What hides the secrets of the world as it is now.
    pub(crate) fn veil(&mut self) -> Arc<Veil> {
        self.veil.of(&self.world)
    }

    /// The number of the next imitated request.
    pub(crate) fn next_ordinal(&mut self) -> u64 {
        self.ordinals += 1;
        self.ordinals
    }

    /// Moves the clock and records that it was moved. Says what was done.
    pub(crate) fn move_clock(&mut self, motion: Motion) -> Result<String, TimeError> {
        let real = clock::real();
        let did = match motion {
            Motion::By(by) => self.timeline.advance(by, real).map(|_| format!("advance {by:#}"))?,
            Motion::To(target) => self.timeline.set(target, real).map(|_| format!("set {target}"))?,
            Motion::At(speed) => {
                self.timeline.set_speed(speed, real);
                format!("speed {speed}")
            }
        };
        self.note(Event::Clock { did: did.clone() });
        self.settle();
        Ok(did)
    }

    /// Lets happen what has come due. Time passes while nobody holds the state, and when the clock is moved:
    /// after either this is called, and nowhere else.
    fn settle(&mut self) {
        let now = self.now();
        self.world.settle(now);
    }

    /// Puts rules into force, and their gates: all of them or none. Returns their names, or which
    /// one cannot be and why.
    pub(crate) fn add_rules(&mut self, rules: Vec<Rule>) -> Result<Vec<String>, (usize, RuleError)> {
        let mut all = self.rules.clone();
        let mut added = Vec::new();
        for (nth, rule) in rules.into_iter().enumerate() {
            let gate = rule.gate.clone();
            let id = all.add(rule).map_err(|error| (nth, error))?;
            added.push((id, gate));
        }
        self.rules = all;
        let set_up = |(id, gate): (String, Option<Gate>)| {
            if let Some(gate) = gate {
                self.gates.set_up(&id, gate);
            }
            id
        };
        Ok(added.into_iter().map(set_up).collect())
    }

    /// Takes a rule out of force. Who waits at its gate goes on. Says whether it was there.
    pub(crate) fn remove_rule(&mut self, id: &str) -> bool {
        let was_there = self.rules.remove(id);
        if was_there {
            self.remove_gate(id);
        }
        was_there
    }

    /// Records an answer. A gate may have waited for it.
    pub(crate) fn note_answer(&mut self, response: Response) {
        let request = response.request;
        let looked_for = self.gates_look().then(|| self.history.request(request).cloned()).flatten();
        let at = self.now();
        let exchange = looked_for.map(|asked| Exchange {
            n: request,
            at,
            request: asked,
            response: Some(response.clone()),
        });
        self.note(Event::Response(response));
        if let Some(exchange) = exchange {
            self.open_gates_that_saw(&exchange);
        }
    }

    /// Counts something as kept waiting by the sandbox itself.
    pub(crate) fn hold(&self) -> Held {
        Held::by(&self.activity)
    }

    /// Whether every request gets a 503.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.is_some()
    }

    /// Appends to the history at the present instant.
    pub(crate) fn note(&mut self, event: Event) -> u64 {
        let real = clock::real();
        let now = self.timeline.now(real);
        let more = match &event {
            Event::Request(_) => 1,
            Event::Response(_) => -1,
            _ => 0,
        };
        let n = self.history.append(event, now, real);
        self.activity.send_modify(|activity| {
            activity.last = n;
            activity.requests = self.requests;
            activity.in_flight = activity.in_flight.saturating_add_signed(more);
        });
        n
    }
}

thread_local! {
    /// How many states this thread holds.
    static HELD: Cell<u32> = const { Cell::new(0) };
}

/// The state, while it is held.
pub(crate) struct Locked<'a>(MutexGuard<'a, State>);

impl Locked<'_> {
    /// Whether this thread holds a state.
    pub(crate) fn by_this_thread() -> bool {
        HELD.get() > 0
    }
}

impl Deref for Locked<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        &self.0
    }
}

impl DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut State {
        &mut self.0
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        HELD.set(HELD.get() - 1);
    }
}

/// A wish about the clock.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Motion {
    /// Forward by so much.
    By(SignedDuration),
    /// To this instant.
    To(Timestamp),
    /// On at this speed.
    At(Speed),
}

/// How a sandbox treats its clients, and what it leaves behind.
pub(crate) struct Conduct {
    /// How long the body of a request may take, in real time.
    pub(crate) body_timeout: Duration,
    /// After so many requests every further one gets a 503.
    pub(crate) max_requests: Option<u64>,
    /// Where the world is written when it is saved, and at a clean stop.
    pub(crate) state_file: Option<StateFile>,
    /// Whether the world is one that was saved.
    pub(crate) saved: bool,
    /// Whether each request is logged.
    pub(crate) log: bool,
    /// Whether secrets are looked for, and told what clients should list.
    pub(crate) evidence: bool,
    /// The hosts that are there to see who sends something to them.
    pub(crate) traps: Vec<String>,
}

/// A sandbox.
pub(crate) struct Sandbox {
    /// Its name, if it was opened beside an emulator.
    pub(crate) name: Option<String>,
    /// What it opens others in. Only the emulator's own sandbox does.
    pub(crate) house: Option<Arc<House>>,
    state: Mutex<State>,
    /// The hosts of the world's Dedicated Platforms: they never change.
    dedicated: Vec<String>,
    /// The hosts that are there to see who sends something to them.
    pub(crate) traps: Vec<String>,
    /// Whether secrets are looked for.
    pub(crate) evidence: bool,
    /// Who looks for them, never while the state is held.
    pub(crate) watch: Watch,
    /// How busy it is.
    pub(crate) activity: watch::Sender<Activity>,
    /// How long the body of a request may take, in real time.
    pub(crate) body_timeout: Duration,
    max_requests: Option<u64>,
    exhausted: watch::Sender<bool>,
    /// Where the world is written when it is saved, and at a clean stop.
    pub(crate) state_file: Option<StateFile>,
    /// Whether each request is logged.
    pub(crate) log: bool,
}

impl Sandbox {
    pub(crate) fn new(
        world: World,
        timeline: Timeline,
        history: History,
        Conduct { body_timeout, max_requests, state_file, saved, log, evidence, traps }: Conduct,
    ) -> Self {
        let workspaces = world.workspaces().map(|(_, it)| (it.symbol.clone(), it.id.to_string())).collect();
        let (clients, lists) = if evidence {
            let clients = world.clients().map(|(_, it)| (it.name.to_string(), it.id.to_string()));
            (clients.collect(), evidence::lists(&world))
        } else {
            Default::default()
        };
        let first = Event::World { seed: world.seed.0, workspaces, clients, lists, traps: traps.clone() };
        let dedicated = world.dedicated_hosts();
        let saved = saved.then(|| world.clone());
        // A reset takes all tokens away, those among them that the world began with.
        let mut start = world.clone();
        start.forget_tokens();
        let activity = watch::Sender::new(Activity::default());
        let mut state = State {
            world,
            start,
            saved,
            timeline,
            rules: Rules::default(),
            gates: Gates::default(),
            phase: None,
            history,
            course: Course::default(),
            activity: activity.clone(),
            veil: Kept::default(),
            requests: 0,
            ordinals: 0,
            closed: None,
        };
        state.note(first);
        Self {
            name: None,
            house: None,
            state: Mutex::new(state),
            dedicated,
            traps,
            evidence,
            watch: Watch::new(evidence),
            activity,
            body_timeout,
            max_requests,
            exhausted: watch::Sender::new(false),
            state_file,
            log,
        }
    }

    /// The state, where everything has happened that was due by now. Nothing is awaited, no RSA is computed and no text is searched while it is held.
    pub(crate) fn lock(&self) -> Locked<'_> {
        // A panic under the lock would be a bug; the state it leaves is still worth answering from.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        HELD.set(HELD.get() + 1);
        state.settle();
        Locked(state)
    }

    /// Counts a request, and closes the sandbox if there were more than are allowed. Returns why the sandbox
    /// is closed, if it is.
    pub(crate) fn admit(&self, state: &mut State) -> Option<String> {
        state.requests += 1;
        if let Some(most) = self.max_requests.filter(|most| state.requests > *most)
            && state.closed.is_none()
        {
            state.closed = Some(format!("more than {most} requests"));
            self.exhausted.send_replace(true);
        }
        state.closed.clone()
    }

    /// Counts something as kept waiting by the sandbox itself.
    pub(crate) fn hold(&self) -> Held {
        Held::by(&self.activity)
    }

    /// What a host is (no port, any case), if Greenroom stands in for it or it is a trap.
    pub(crate) fn family(&self, host: &str) -> Option<HostFamily> {
        let trap = || self.traps.iter().any(|trap| trap.eq_ignore_ascii_case(host));
        host::family(host, &self.dedicated).or_else(|| trap().then_some(HostFamily::Foreign))
    }

    /// From now on every request gets a 503 that says why.
    pub(crate) fn close(&self, reason: String) {
        self.lock().closed = Some(reason);
    }

    /// Becomes true when more requests came than are allowed.
    pub(crate) fn exhausted(&self) -> watch::Receiver<bool> {
        self.exhausted.subscribe()
    }
}
