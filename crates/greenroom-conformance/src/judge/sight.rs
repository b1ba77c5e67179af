//! A history as a judge looks at it: exchanges with their times, and what the client was asked and said.

use std::collections::BTreeMap;

use greenroom_model::{
    history::{
        Entry, Event, Exchange, FileNote, Leak, ReplyNote, Request, Response, StepNote, beginning, join,
    },
    rule::Selector,
};
use jiff::{SignedDuration, Timestamp};

use crate::{
    run::{Pace, Run},
    scenario::{After, By, Check, Scenario},
};

/// An exchange, and where its halves stand in the history.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) exchange: Exchange,
    /// The number of the answer's entry.
    pub(super) answered: Option<u64>,
}

impl Seen {
    pub(super) fn n(&self) -> u64 {
        self.exchange.n
    }

    pub(super) fn request(&self) -> &Request {
        &self.exchange.request
    }

    pub(super) fn response(&self) -> Option<&Response> {
        self.exchange.response.as_ref()
    }

    pub(super) fn status(&self) -> Option<u16> {
        self.response()?.status
    }
}

/// A note with its number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Noted<'r, T> {
    pub(super) n: u64,
    pub(super) note: &'r T,
}

/// How many lines of output are shown when a client broke down, and how many bytes of each.
const LAST_WORDS: usize = 10;
const LONGEST_WORDS: usize = 300;

/// Why there was no reply to a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// The client gave no sign of life for too long.
    Patience,
    /// Its process ended.
    Exit,
    /// It asked and asked.
    Unbounded,
}

impl Cut {
    pub(super) fn of(note: &ReplyNote) -> Option<Self> {
        let cut = note.cut.as_deref()?;
        Some(match cut {
            _ if cut.starts_with(crate::run::UNBOUNDED) => Self::Unbounded,
            _ if cut.starts_with(crate::run::EXITED) => Self::Exit,
            _ => Self::Patience,
        })
    }
}

/// What of a history a check looks at.
#[derive(Clone, Debug)]
pub(super) struct Window<'c> {
    phases: &'c [String],
    after: u64,
    by: By,
}

/// A history.
pub(super) struct Sight<'r> {
    pub(super) entries: &'r [Entry],
    pub(super) pace: Pace,
    /// The phase of each step: its own, or that of the step around it.
    phases: BTreeMap<&'r str, &'r str>,
    /// In the order of the requests.
    pub(super) seen: Vec<Seen>,
    pub(super) steps: Vec<Noted<'r, StepNote>>,
    pub(super) replies: Vec<Noted<'r, ReplyNote>>,
    pub(super) leaks: Vec<Noted<'r, Leak>>,
    pub(super) files: Vec<Noted<'r, FileNote>>,
}

impl<'r> Sight<'r> {
    pub(super) fn of(scenario: &'r Scenario, run: &'r Run) -> Self {
        let entries = &run.entries[..];
        let (mut steps, mut replies, mut leaks, mut files) = (vec![], vec![], vec![], vec![]);
        let mut seen: Vec<Seen> =
            join(entries.iter()).into_iter().map(|exchange| Seen { exchange, answered: None }).collect();
        for Entry { n, event, .. } in entries {
            let n = *n;
            match event {
                Event::Step(note) => steps.push(Noted { n, note: &**note }),
                Event::Reply(note) => replies.push(Noted { n, note }),
                Event::Leak(note) => leaks.push(Noted { n, note }),
                Event::File(note) => files.push(Noted { n, note }),
                Event::Response(response) => {
                    if let Ok(at) = seen.binary_search_by_key(&response.request, Seen::n) {
                        seen[at].answered = Some(n);
                    }
                }
                _ => {}
            }
        }
        let outer = scenario
            .steps
            .iter()
            .flat_map(|step| step.with_inner().map(move |inner| (&*inner.id, &*step.id)));
        let phases = outer.collect();
        Self { entries, pace: run.pace(), phases, seen, steps, replies, leaks, files }
    }

    /// The window of a check.
    pub(super) fn window<'c>(&self, check: &'c Check) -> Window<'c> {
        let after = match &check.after {
            None => 0,
            // What never happened has no afterwards.
            Some(After::Fired(rule)) => self.fired(rule).next().unwrap_or(u64::MAX),
            Some(After::Step(step)) => {
                let last =
                    self.replies.iter().filter(|reply| reply.note.step == *step).map(|reply| reply.n).max();
                last.unwrap_or(u64::MAX)
            }
        };
        Window { phases: &check.phase, after, by: check.by }
    }

    /// The exchanges in a window that a selector means, in order.
    pub(super) fn select(&self, selector: &Selector, window: &Window<'_>) -> Vec<&Seen> {
        let in_phase = |seen: &Seen| {
            let phase = seen.request().phase.as_ref();
            window.phases.is_empty() || phase.is_some_and(|phase| window.phases.contains(phase))
        };
        let mut selected: Vec<_> = self
            .seen
            .iter()
            .filter(|seen| seen.n() > window.after && in_phase(seen) && selector.matches(&seen.exchange))
            .collect();
        if window.by == By::Response {
            selected.retain(|seen| seen.answered.is_some());
            selected.sort_by_key(|seen| seen.answered);
        }
        match selector.nth {
            Some(nth) => {
                let at = usize::try_from(nth.get() - 1).unwrap_or(usize::MAX);
                selected.get(at).copied().into_iter().collect()
            }
            None => selected,
        }
    }

    /// Where an exchange stands in the order of a window.
    pub(super) fn place(seen: &Seen, window: &Window<'_>) -> u64 {
        match window.by {
            By::Request => seen.n(),
            By::Response => seen.answered.unwrap_or(u64::MAX),
        }
    }

    /// The entries that tell that a rule fired.
    pub(super) fn fired<'s>(&'s self, rule: &'s str) -> impl Iterator<Item = u64> + 's {
        self.entries.iter().filter(move |entry| fires(&entry.event, rule)).map(|entry| entry.n)
    }

    /// The exchanges that came during a step.
    pub(super) fn in_phase<'s>(&'s self, step: &'s str) -> impl Iterator<Item = &'s Seen> {
        let phase = self.phase(step);
        self.seen.iter().filter(move |seen| seen.request().phase.as_deref() == Some(phase))
    }

    /// The phase of a step.
    pub(super) fn phase<'s>(&'s self, step: &'s str) -> &'s str {
        self.phases.get(step).copied().unwrap_or(step)
    }

    /// Whether a stimulus touched what the client did in a step.
    pub(super) fn was_touched(&self, step: &str) -> bool {
        let touched = |seen: &Seen| seen.response().is_none_or(|response| !response.applied.is_empty());
        self.in_phase(step).any(touched)
    }

    /// Whether a connection or a request of the client ever arrived.
    pub(super) fn anybody_came(&self) -> bool {
        self.entries.iter().any(|entry| {
            matches!(entry.event, Event::Request(_) | Event::Connection { .. } | Event::Fault { .. })
        })
    }

    /// That entries are missing, of which nobody can say what they told.
    pub(super) fn hole(&self) -> Option<String> {
        let (nth, entry) = self.entries.iter().enumerate().find(|(nth, entry)| entry.n != *nth as u64 + 1)?;
        Some(format!(
            "entry #{} of the history is missing, before #{}: what is missing cannot be judged",
            nth + 1,
            entry.n
        ))
    }

    /// What the client wrote last, if it wrote anything.
    pub(super) fn last_words(&self) -> String {
        let output = self.entries.iter().filter_map(|entry| match &entry.event {
            Event::Output { text, .. } => Some(text.as_str()),
            _ => None,
        });
        let lines: Vec<_> = output.flat_map(str::lines).filter(|line| !line.trim().is_empty()).collect();
        let last = lines[lines.len().saturating_sub(LAST_WORDS)..].iter();
        let shown: String = last.map(|line| format!("\n  {}", beginning(line, LONGEST_WORDS))).collect();
        if shown.is_empty() { shown } else { format!("\nits last words:{shown}") }
    }

    /// That the client ended by a signal or with a failure although nobody had ended it, and all steps were over.
    pub(super) fn ended_badly(&self) -> Option<String> {
        if self.replies.iter().any(|reply| reply.note.cut.is_some()) {
            return None;
        }
        self.entries.iter().find_map(|entry| match &entry.event {
            Event::Exit { code: Some(0), .. } | Event::Exit { why: Some(_), .. } => None,
            Event::Exit { code: Some(code), .. } => {
                Some(format!("the client ended with code {code}, and not with 0"))
            }
            Event::Exit { signal, .. } => {
                let signal = signal.map(|signal| format!(" {signal}")).unwrap_or_default();
                Some(format!("the client was ended by a signal{signal}"))
            }
            _ => None,
        })
    }

    /// Whether a request to the client was never written, because an earlier one had failed.
    pub(super) fn was_skipped(&self, id: u64) -> bool {
        self.steps.iter().any(|step| step.note.id == id && step.note.skipped.is_some())
    }

    /// Whether a request to the client was one to call the cloud.
    pub(super) fn was_to_call(&self, id: u64) -> bool {
        self.steps.iter().any(|step| step.note.id == id && matches!(&*step.note.verb, "call" | "list"))
    }

    /// How long the client waited between two entries: by the sleeps from which it was woken, or in real time.
    pub(super) fn waited(&self, from: u64, to: u64) -> SignedDuration {
        let at = |n: u64| self.entries.iter().position(|entry| entry.n == n);
        let (Some(from), Some(to)) = (at(from), at(to)) else { return SignedDuration::ZERO };
        if to <= from {
            return SignedDuration::ZERO;
        }
        match self.pace {
            Pace::Otherwise => {
                let passed = self.entries[to].real_ms.saturating_sub(self.entries[from].real_ms);
                SignedDuration::from_millis(i64::try_from(passed).unwrap_or(i64::MAX))
            }
            // The clock moves for other reasons, too: rules move it. What counts is how long somebody slept.
            Pace::SleepEvents => self.slept(self.entries[from].at, self.entries[to].at),
        }
    }
}

impl Sight<'_> {
    /// For how long, between two instants, at least one sleep went on.
    fn slept(&self, from: Timestamp, to: Timestamp) -> SignedDuration {
        let mut begun: BTreeMap<u64, Timestamp> = BTreeMap::new();
        let mut spans = Vec::new();
        for Entry { at, event, .. } in self.entries {
            match event {
                Event::Sleep { n, .. } => drop(begun.insert(*n, *at)),
                Event::Wake { n } => {
                    spans.extend(begun.remove(n).map(|start| (start.max(from), (*at).min(to))))
                }
                _ => {}
            }
        }
        spans.sort();
        let mut slept = SignedDuration::ZERO;
        let mut counted = from;
        for (start, end) in spans {
            let start = start.max(counted);
            if end > start {
                slept += end.duration_since(start);
                counted = end;
            }
        }
        slept
    }
}

/// Whether an entry tells that a rule fired.
fn fires(event: &Event, rule: &str) -> bool {
    match event {
        Event::Fault { rule: fired, .. } | Event::Gate { rule: fired, .. } => fired == rule,
        _ => false,
    }
}
