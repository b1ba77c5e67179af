//! Evidence of a client: what is told of it, what it gives away, and who falls into a trap.

mod busy;
mod leaks;
mod told;

use greenroom_emulator::{Builder, Emulator};
use greenroom_model::history::{Entry, Event, Leak, Place};

use crate::wire::Wire;

/// A host that is nobody's.
const TRAP: &str = "evil.example.net";

/// An emulator that gathers evidence, with a trap.
fn watching() -> Builder {
    let start = "2026-03-01T10:00:00Z".parse().unwrap();
    Emulator::builder().frozen().start_time(start).evidence(true).traps(vec![TRAP.to_owned()])
}

fn entries(wire: &Wire) -> Vec<Entry> {
    let (entries, dropped) = wire.emulator.history().entries(0);
    assert_eq!(dropped, 0);
    entries
}

fn leaks(wire: &Wire) -> Vec<Leak> {
    let leak = |entry: Entry| match entry.event {
        Event::Leak(leak) => Some(leak),
        _ => None,
    };
    entries(wire).into_iter().filter_map(leak).collect()
}

/// What was given away: what, where, to whom, and how it was written.
fn in_short(leaks: &[Leak]) -> Vec<String> {
    let host = |leak: &Leak| leak.host.as_ref().map(|host| format!(" to {host}")).unwrap_or_default();
    let mut all: Vec<_> = leaks
        .iter()
        .map(|leak| format!("{} in {}{} as {}", leak.symbol, leak.place, host(leak), leak.encoding))
        .collect();
    all.sort();
    all
}

/// Nothing that the emulator keeps shows sixteen characters in a row of any of these.
#[track_caller]
fn nothing_shows(wire: &Wire, secrets: &[&str]) {
    let text = serde_json::to_string(&entries(wire)).unwrap();
    for secret in secrets {
        // How a token begins is the same for all.
        let rest = secret.split_once('.').map_or(*secret, |(_, rest)| rest);
        let shown = rest.as_bytes().windows(16).find(|piece| text.contains(str::from_utf8(piece).unwrap()));
        assert_eq!(shown.map(String::from_utf8_lossy), None, "{text}");
    }
}

fn is_in_output(leak: &Leak) -> bool {
    matches!(leak.place, Place::Output { .. })
}
