//! The moments of a picture: each is one thing that happened, or the same thing several times.

use std::collections::{BTreeMap, BTreeSet};

use greenroom_model::{
    call::OpKind,
    history::{Decision, Entry, Event, Exchange, join},
};

use crate::{
    report::text::{cut, duration, tame_line},
    run::Run,
};

/// A row of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lane {
    Entry,
    Virtual,
    Caller,
    Client,
    Api,
    Mint,
    Exchange,
    Other,
}

impl Lane {
    pub(super) const ALL: [Self; 8] = [
        Self::Entry,
        Self::Virtual,
        Self::Caller,
        Self::Client,
        Self::Api,
        Self::Mint,
        Self::Exchange,
        Self::Other,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Virtual => "virtual",
            Self::Caller => "caller",
            Self::Client => "client",
            Self::Api => "api",
            Self::Mint => "mint",
            Self::Exchange => "exchange",
            Self::Other => "other",
        }
    }

    /// Whether it is drawn even if nothing happened there: that is worth knowing.
    pub(super) fn always(self) -> bool {
        self != Self::Other
    }

    fn of(op: OpKind) -> Self {
        match op {
            OpKind::Mint | OpKind::Refresh | OpKind::SignIn => Self::Mint,
            OpKind::Exchange => Self::Exchange,
            OpKind::Api => Self::Api,
            OpKind::Jwks | OpKind::Other => Self::Other,
        }
    }
}

/// One thing that happened.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    /// Virtual time in milliseconds since the start.
    pub(super) at: i64,
    /// By how much there are more steps under way after it.
    pub(super) opens: i64,
    /// The entry.
    pub(super) n: u64,
    /// Whether a broken check names it.
    pub(super) named: bool,
    /// How often it happened.
    times: usize,
    /// The step in which it happened.
    phase: Option<String>,
    cells: BTreeMap<Lane, String>,
}

impl Moment {
    /// What stands in a row.
    pub(super) fn cell(&self, lane: Lane) -> &str {
        self.cells.get(&lane).map_or("", String::as_str)
    }

    pub(super) fn lanes(&self) -> impl Iterator<Item = Lane> {
        self.cells.keys().copied().chain([Lane::Virtual])
    }

    /// How wide it is: as its widest cell, and the time above it.
    pub(super) fn width(&self) -> usize {
        let widest = self.cells.values().map(|cell| cell.chars().count()).max();
        widest.unwrap_or_default().max(8)
    }

    /// Cuts cells that are wider than a strip.
    pub(super) fn narrow(&mut self, room: usize) {
        for cell in self.cells.values_mut() {
            *cell = cut(cell, room).into_owned();
        }
    }

    /// Whether it is the same as another one but for when exactly.
    fn is_like(&self, other: &Self) -> bool {
        (self.at, self.named, &self.phase, &self.cells) == (other.at, other.named, &other.phase, &other.cells)
    }

    /// Writes how often it happened, and its number.
    fn finish(mut self) -> Self {
        let mark = if self.named { "✕" } else { "" };
        if self.times > 1 {
            let lane = [Lane::Caller, Lane::Client].into_iter().find(|lane| self.cells.contains_key(lane));
            if let Some(cell) = lane.and_then(|lane| self.cells.get_mut(&lane)) {
                cell.push_str(&format!(" ×{}", self.times));
            }
        }
        self.cells.insert(Lane::Entry, format!("{mark}#{}", self.n));
        self
    }
}

/// The moments of the part of a run that holds the named entries.
pub(super) fn moments(run: &Run, named: &BTreeSet<u64>) -> Vec<Moment> {
    let (from, to) = window(&run.entries, named);
    let entries = || run.entries.iter().filter(|entry| (from..=to).contains(&entry.n));
    let Some(start) = run.entries.first().map(|entry| entry.at) else { return Vec::new() };
    // An answer may come after the window; it belongs to its request all the same.
    let exchanges: BTreeMap<u64, Exchange> =
        join(run.entries.iter()).into_iter().map(|exchange| (exchange.n, exchange)).collect();
    let answers: BTreeMap<u64, u64> = run
        .entries
        .iter()
        .filter_map(|entry| match &entry.event {
            Event::Response(response) => Some((response.request, entry.n)),
            _ => None,
        })
        .collect();
    let parallel = parallel_steps(&run.entries);
    let mut phase = None;
    let mut moments: Vec<Moment> = Vec::new();
    for entry in entries() {
        if let Event::Step(note) = &entry.event {
            phase = Some(note.step.clone());
        }
        let answer = answers.get(&entry.n).is_some_and(|answer| named.contains(answer));
        let Some((cells, opens)) = cells(entry, exchanges.get(&entry.n)) else { continue };
        let of_request = exchanges.get(&entry.n).and_then(|exchange| exchange.request.phase.clone());
        let moment = Moment {
            at: entry.at.duration_since(start).as_millis().try_into().unwrap_or(i64::MAX),
            opens,
            n: entry.n,
            named: named.contains(&entry.n) || answer,
            times: 1,
            phase: of_request.or_else(|| phase.clone()),
            cells,
        };
        // What is asked for at once comes in any order: steps and requests in turn.
        let at_once = moment.phase.as_ref().is_some_and(|phase| parallel.contains(phase));
        let back = if at_once { 2 } else { 1 };
        match moments.iter_mut().rev().take(back).find(|earlier| earlier.is_like(&moment)) {
            Some(earlier) => {
                earlier.times += 1;
                earlier.opens += moment.opens;
            }
            None => moments.push(moment),
        }
    }
    moments.into_iter().map(Moment::finish).collect()
}

/// From the step before the first named entry to the reply after the last one, with all repetitions of both.
fn window(entries: &[Entry], named: &BTreeSet<u64>) -> (u64, u64) {
    let (Some(first), Some(last)) = (named.first(), named.last()) else { return (0, u64::MAX) };
    let step = |entry: &&Entry| match &entry.event {
        Event::Step(note) => Some((entry.n, note.step.clone())),
        _ => None,
    };
    let reply = |entry: &&Entry| match &entry.event {
        Event::Reply(note) => Some((entry.n, note.step.clone())),
        Event::Exit { .. } => Some((entry.n, String::new())),
        _ => None,
    };
    let begun = entries.iter().filter_map(|entry| step(&entry)).take_while(|(n, _)| n <= first).last();
    let over = entries.iter().filter_map(|entry| reply(&entry)).find(|(n, _)| n >= last);
    let from = begun
        .and_then(|(_, begun)| entries.iter().filter_map(|entry| step(&entry)).find(|(_, it)| *it == begun));
    let to = over
        .and_then(|(_, over)| entries.iter().filter_map(|entry| reply(&entry)).rfind(|(_, it)| *it == over));
    (from.map_or(0, |(n, _)| n), to.map_or(u64::MAX, |(n, _)| n))
}

/// The steps of which several were under way at once.
fn parallel_steps(entries: &[Entry]) -> BTreeSet<String> {
    let (mut open, mut parallel) = (BTreeMap::<&str, usize>::new(), BTreeSet::new());
    for entry in entries {
        match &entry.event {
            Event::Step(note) => {
                let count = open.entry(&note.step).or_default();
                *count += 1;
                if *count > 1 {
                    parallel.insert(note.step.clone());
                }
            }
            Event::Reply(note) => {
                let count = open.entry(&note.step).or_default();
                *count = count.saturating_sub(1);
            }
            _ => {}
        }
    }
    parallel
}

type Cells = BTreeMap<Lane, String>;

/// What is drawn of an entry, and how many steps more are under way after it; nothing of most connections.
fn cells(entry: &Entry, exchange: Option<&Exchange>) -> Option<(Cells, i64)> {
    let one = |lane, text: String| Some((Cells::from([(lane, text)]), 0));
    match &entry.event {
        Event::Request(_) => Some((exchange_cells(exchange?), 0)),
        Event::Step(note) => {
            if let Some(why) = &note.skipped {
                return one(Lane::Caller, format!("({} skipped: {})", note.step, cut(&tame_line(why), 40)));
            }
            Some((Cells::from([(Lane::Caller, format!("|{} {}", note.verb, note.step))]), 1))
        }
        Event::Reply(note) => {
            let what = match (note.ok, note.status, &note.kind, &note.cut) {
                (.., Some(cut)) => format!("✕ none ({})", tame_line(cut)),
                (true, Some(status), ..) => status.to_string(),
                (true, None, ..) => "ok".to_owned(),
                (false, Some(status), kind, _) => {
                    format!("✕ {} {status}", kind.as_deref().unwrap_or("failed"))
                }
                (false, None, kind, _) => format!("✕ {}", kind.as_deref().unwrap_or("failed")),
            };
            Some((Cells::from([(Lane::Caller, format!("► {what}"))]), -1))
        }
        Event::Sleep { ms, .. } => one(Lane::Client, format!("‖ waits {}", duration(*ms))),
        Event::Clock { did } => one(Lane::Client, format!("« {} »", tame_line(did))),
        Event::Gate { rule, waiting, opened_by, did, .. } => {
            let did = if did.is_empty() { String::new() } else { format!(", {}", did.join(", ")) };
            one(Lane::Client, format!("▒ {waiting} at {rule}, opened by {opened_by}{did}"))
        }
        Event::Fault { rule, request: None, connection: Some(_), did } => {
            one(Lane::Client, format!("↯ {rule}: {}", cut(did, 40)))
        }
        Event::Leak(leak) => one(Lane::Client, format!("✕ leak {} in {}", leak.symbol, leak.place)),
        Event::Exit { code, signal, .. } => {
            let how = code
                .map(|code| format!("{code}"))
                .or_else(|| signal.map(|signal| format!("signal {signal}")));
            one(Lane::Client, format!("exit {}", how.unwrap_or_default()))
        }
        Event::Connection { what, host, .. } if what == "tls-failed" || what == "refused" => {
            one(Lane::Client, format!("✕ {what} {}", host.as_deref().unwrap_or_default()))
        }
        Event::World { .. }
        | Event::Connection { .. }
        | Event::Response(_)
        | Event::Fault { .. }
        | Event::Note { .. }
        | Event::Wake { .. }
        | Event::Output { .. }
        | Event::Farewell {}
        | Event::File(_) => None,
    }
}

/// A request, and below it what came of it.
fn exchange_cells(exchange: &Exchange) -> Cells {
    let request = &exchange.request;
    let asked = format!("{} ─┐", request.method);
    let mut answer = match &exchange.response {
        None => "(under way)".to_owned(),
        Some(response) => match (response.status, response.decision) {
            (Some(status), _) => status.to_string(),
            (None, Decision::ClientGone) => "gone".to_owned(),
            (None, _) => "lost".to_owned(),
        },
    };
    let applied = exchange.response.as_ref().is_some_and(|response| !response.applied.is_empty());
    if applied {
        answer.push_str(" ↯");
    }
    let token = request.subject.as_ref().or(request.token.as_ref()).map(|view| view.symbol.as_str());
    if let Some(refused) = exchange.response.as_ref().and_then(|response| response.refused.as_ref()) {
        answer.push_str(&format!(" ✕ {refused}"));
    }
    if let Some(token) = token {
        answer.push_str(&format!(" {token}"));
    }
    if let Some(issued) = exchange.response.as_ref().and_then(|response| response.issued.as_ref()) {
        answer.push_str(&format!(" → {issued}"));
    }
    let indent = " ".repeat(asked.chars().count() - 1);
    Cells::from([(Lane::Client, asked), (Lane::of(request.op), format!("{indent}└{answer}"))])
}
