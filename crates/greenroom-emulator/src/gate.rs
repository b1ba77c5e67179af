//! Gates: where requests wait for one another. Who waits holds no lock.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use greenroom_model::{
    history::{Event, Exchange},
    rule::{Gate, OpenWhen, Release},
    time::Real,
};
use tokio::sync::oneshot;

use crate::{
    clock, enact,
    sandbox::{Sandbox, State},
};

/// The gates of the rules in force, by the names of the rules.
#[derive(Debug, Default)]
pub(crate) struct Gates(BTreeMap<String, Barrier>);

#[derive(Debug)]
struct Barrier {
    gate: Gate,
    open: bool,
    waiting: Vec<Waiting>,
    /// When the last request came, in real time, whether its client is still there or not.
    last: Real,
}

#[derive(Debug)]
struct Waiting {
    /// The token it came with.
    symbol: Option<String>,
    /// When, in real time.
    came: Real,
    go: oneshot::Sender<Turn>,
}

impl Waiting {
    /// Whether its client is still there.
    fn is_there(&self) -> bool {
        !self.go.is_closed()
    }
}

/// A place before a gate.
pub(crate) struct Place {
    rule: String,
    go: oneshot::Receiver<Turn>,
}

/// The right to go on. Whoever has done its part lets go of it, and the next one has it.
#[derive(Debug, Default)]
pub(crate) struct Turn(VecDeque<oneshot::Sender<Self>>);

impl Drop for Turn {
    fn drop(&mut self) {
        let mut rest = std::mem::take(&mut self.0);
        while let Some(next) = rest.pop_front() {
            match next.send(Self(rest)) {
                Ok(()) => return,
                // Its client has left: the turn is the next one's.
                Err(mut turn) => rest = std::mem::take(&mut turn.0),
            }
        }
    }
}

impl Barrier {
    /// Those that wait, in the order in which they go on.
    fn release(&mut self) -> VecDeque<oneshot::Sender<Turn>> {
        let mut waiting = std::mem::take(&mut self.waiting);
        match &self.gate.release {
            Release::Fifo => {}
            Release::Lifo => waiting.reverse(),
            Release::Symbols(symbols) => {
                // Stable: those of one token, and those of none of these, go on as they came.
                waiting.sort_by_key(|waiting| {
                    let place = symbols.iter().position(|symbol| waiting.symbol.as_ref() == Some(symbol));
                    place.unwrap_or(symbols.len())
                });
            }
        }
        waiting.into_iter().map(|waiting| waiting.go).collect()
    }

    /// What opens it of its own accord, and in how much real time.
    fn next_by_time(&self, real: Real) -> Option<(&'static str, Duration)> {
        let first = self.waiting.iter().filter(|waiting| waiting.is_there()).map(|it| it.came).min()?;
        let after =
            |from: Real, wait: jiff::SignedDuration| (from + wait.unsigned_abs()).saturating_sub(real);
        let quiet = self.gate.open_when.iter().filter_map(|open| match open {
            OpenWhen::Quiet(quiet) => Some(("quiet", after(self.last, quiet.duration()))),
            _ => None,
        });
        quiet.chain([("limit", after(first, self.gate.limit.duration()))]).min_by_key(|(_, left)| *left)
    }
}

impl Gates {
    /// Sets up the gate of a rule.
    pub(crate) fn set_up(&mut self, rule: &str, gate: Gate) {
        let barrier = Barrier { gate, open: false, waiting: Vec::new(), last: Real::ZERO };
        self.0.insert(rule.to_owned(), barrier);
    }

    /// The closed gates that something opens, as `opens` says.
    fn opened_by(&self, opens: impl Fn(&OpenWhen) -> bool) -> Vec<String> {
        let closed = self.0.iter().filter(|(_, barrier)| !barrier.open);
        closed
            .filter(|(_, barrier)| barrier.gate.open_when.iter().any(&opens))
            .map(|(rule, _)| rule.clone())
            .collect()
    }
}

impl State {
    /// Lets a request wait at the gate of a rule, if that is closed and does not open by it.
    pub(crate) fn wait_at(&mut self, rule: &str, symbol: Option<String>) -> Option<Place> {
        let real = clock::real();
        let barrier = self.gates.0.get_mut(rule).filter(|barrier| !barrier.open)?;
        let (go, place) = oneshot::channel();
        barrier.waiting.retain(Waiting::is_there);
        barrier.waiting.push(Waiting { symbol, came: real, go });
        barrier.last = real;
        let waiting = barrier.waiting.len();
        let enough =
            |open: &OpenWhen| matches!(open, OpenWhen::Waiting(most) if waiting >= most.get() as usize);
        if barrier.gate.open_when.iter().any(enough) {
            self.open_gate(rule, "waiting");
        }
        Some(Place { rule: rule.to_owned(), go: place })
    }

    /// Whether a rule has a gate that is closed.
    pub(crate) fn is_gate_closed(&self, rule: &str) -> bool {
        self.gates.0.get(rule).is_some_and(|barrier| !barrier.open)
    }

    /// Opens the gates that an answered exchange opens.
    pub(crate) fn open_gates_that_saw(&mut self, exchange: &Exchange) {
        let opens = |open: &OpenWhen| matches!(open, OpenWhen::Seen(wanted) if wanted.matches(exchange));
        for rule in self.gates.opened_by(opens) {
            self.open_gate(&rule, "seen");
        }
    }

    /// Whether any closed gate wants to see exchanges.
    pub(crate) fn gates_look(&self) -> bool {
        let looks = |open: &OpenWhen| matches!(open, OpenWhen::Seen(_));
        self.gates.0.values().any(|barrier| !barrier.open && barrier.gate.open_when.iter().any(looks))
    }

    /// A step of the scenario begins.
    pub(crate) fn begin_phase(&mut self, phase: String) {
        self.note(Event::Note { text: format!("phase {phase}") });
        let opens = |open: &OpenWhen| matches!(open, OpenWhen::Step(step) if *step == phase);
        for rule in self.gates.opened_by(opens) {
            self.open_gate(&rule, "step");
        }
        self.rules.begin_phase(&phase);
        self.phase = Some(phase);
    }

    /// Takes the gate of a rule away. Who waits there goes on as if the rule had not been.
    pub(crate) fn remove_gate(&mut self, rule: &str) {
        let Some(barrier) = self.gates.0.remove(rule).filter(|barrier| !barrier.open) else { return };
        let waiting = barrier.waiting.iter().filter(|waiting| waiting.is_there()).count() as u64;
        let (asked, opened_by) = (self.course.asked(), "removed".to_owned());
        self.note(Event::Gate { rule: rule.to_owned(), waiting, asked, opened_by, did: Vec::new() });
    }

    /// Opens the gate of a rule if its time has come, else says in how much real time that is. `None` if it
    /// is open.
    fn gate_due(&mut self, rule: &str) -> Option<Duration> {
        let barrier = self.gates.0.get(rule).filter(|barrier| !barrier.open)?;
        let (by, left) = barrier.next_by_time(clock::real())?;
        if !left.is_zero() {
            return Some(left);
        }
        self.open_gate(rule, by);
        None
    }

    fn open_gate(&mut self, rule: &str, by: &str) {
        let Some(barrier) = self.gates.0.get_mut(rule).filter(|barrier| !barrier.open) else { return };
        barrier.open = true;
        barrier.waiting.retain(Waiting::is_there);
        let queue = barrier.release();
        let then = barrier.gate.then.clone();
        let did = then.iter().map(|effect| enact::effect(self, effect, None)).collect();
        let waiting = queue.len() as u64;
        let (asked, opened_by) = (self.course.asked(), by.to_owned());
        self.note(Event::Gate { rule: rule.to_owned(), waiting, asked, opened_by, did });
        drop(Turn(queue));
    }
}

impl Sandbox {
    /// Waits before a gate until it opens and all that go on before have done so. None if the gate was taken
    /// away, and the rule with it.
    pub(crate) async fn pass(&self, mut place: Place) -> Option<Turn> {
        loop {
            let left = self.lock().gate_due(&place.rule);
            let wait = async {
                match left {
                    Some(left) => tokio::time::sleep(left).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                turn = &mut place.go => return turn.ok(),
                () = wait => {}
            }
        }
    }
}

#[cfg(test)]
mod tests;
