//! The entries around the named ones, as a table.

use std::collections::BTreeSet;

use greenroom_model::history::{Entry, Event};

use crate::{
    report::text::{WIDTH, cut, duration, offset, tame_line},
    run::Run,
};

/// How many rows a table has at most.
const MOST: usize = 24;

/// How many entries before and after a named one are shown.
const AROUND: usize = 2;

/// The rows of a table: number, virtual time, who, what.
pub(super) fn events(run: &Run, named: &[u64]) -> Vec<String> {
    let Some(start) = run.entries.first().map(|entry| entry.at) else { return Vec::new() };
    let rows: Vec<(&Entry, &'static str, String)> = run
        .entries
        .iter()
        .filter_map(|entry| told(&entry.event).map(|(who, what)| (entry, who, what)))
        .collect();
    let named: BTreeSet<u64> = named.iter().copied().collect();
    let shown: BTreeSet<usize> = rows
        .iter()
        .enumerate()
        .filter(|(_, (entry, ..))| named.contains(&entry.n))
        .flat_map(|(at, _)| at.saturating_sub(AROUND)..=(at + AROUND).min(rows.len() - 1))
        .collect();
    let mut table = Vec::new();
    let mut before = None;
    for &at in shown.iter().take(MOST) {
        if before.is_some_and(|before: usize| before + 1 < at) {
            table.push("  ⋮".to_owned());
        }
        before = Some(at);
        let (entry, who, what) = &rows[at];
        let mark = if named.contains(&entry.n) { '✕' } else { ' ' };
        let ms = entry.at.duration_since(start).as_millis().try_into().unwrap_or(i64::MAX);
        let row = format!("{mark} #{:<4} {:>8}  {who:<8}  {what}", entry.n, offset(ms));
        table.push(cut(&row, WIDTH - 12).into_owned());
    }
    if shown.len() > MOST {
        table.push(format!("  and {} more", shown.len() - MOST));
    }
    table
}

/// Who did something, and what; nothing about connections that come and go.
fn told(event: &Event) -> Option<(&'static str, String)> {
    let row = match event {
        Event::Request(request) => {
            let query = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
            let view = request.subject.as_ref().or(request.token.as_ref());
            let token = view.map(|view| match view.remaining {
                Some(left) => format!("{} ({left} s left) ", view.symbol),
                None => format!("{} ", view.symbol),
            });
            let client = request.client.as_ref().map(|client| format!("{client} "));
            let who = token.or(client).unwrap_or_default();
            ("client", format!("{} {who}{} {}{query}", request.op, request.method, request.path))
        }
        Event::Response(response) => {
            let status = response.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
            let mut text = format!("{status} to #{}", response.request);
            if let Some(issued) = &response.issued {
                text.push_str(&format!(", issued {issued}"));
            }
            if let Some(refused) = &response.refused {
                text.push_str(&format!(", {refused}"));
            }
            if !response.applied.is_empty() {
                text.push_str(&format!(" [{}]", response.applied.join(" ")));
            }
            if let Some(why) = &response.why {
                text.push_str(&format!(": {why}"));
            }
            ("server", text)
        }
        Event::Fault { rule, did, .. } => ("stimulus", format!("{rule}: {did}")),
        Event::Gate { rule, waiting, opened_by, did, .. } => {
            let did = if did.is_empty() { String::new() } else { format!(": {}", did.join(", ")) };
            ("gate", format!("{rule} opened by {opened_by} for {waiting}{did}"))
        }
        Event::Clock { did } => ("clock", did.clone()),
        Event::Note { text } => ("note", text.clone()),
        Event::Step(note) => {
            let why = note.skipped.as_ref().map(|why| format!(", skipped: {why}")).unwrap_or_default();
            let nth = note.nth.map(|nth| format!(" {nth}")).unwrap_or_default();
            ("caller", format!("{} {}{nth}{why}", note.verb, note.step))
        }
        Event::Reply(note) => {
            let ok = if note.ok { "ok" } else { "failed" };
            let status = note.status.map(|status| format!(" {status}")).unwrap_or_default();
            let kind = note.kind.as_ref().map(|kind| format!(" {kind}")).unwrap_or_default();
            let cut = note.cut.as_ref().map(|cut| format!(" no reply: {cut}")).unwrap_or_default();
            let message = note.message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
            ("caller", format!("{} {ok}{status}{kind}{cut}{message}", note.step))
        }
        Event::Sleep { ms, .. } => ("client", format!("waits {}", duration(*ms))),
        Event::Wake { n } => ("client", format!("is woken from wait {n}")),
        Event::Output { text, .. } => ("output", text.clone()),
        Event::Leak(leak) => {
            let host = leak.host.as_ref().map(|host| format!(" to {host}")).unwrap_or_default();
            ("leak", format!("{} in {} as {}{host}", leak.symbol, leak.place, leak.encoding))
        }
        Event::File(file) => {
            ("file", format!("{} {} holds {}", file.which, file.mode, file.holds.join(", ")))
        }
        Event::Farewell {} => ("caller", "ends".to_owned()),
        Event::Exit { code, signal, why } => {
            let how = code.map(|code| format!("exit {code}"));
            let how = how.or_else(|| signal.map(|signal| format!("signal {signal}"))).unwrap_or_default();
            let why = why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            ("client", format!("{how}{why}"))
        }
        Event::World { .. } | Event::Connection { .. } => return None,
    };
    Some((row.0, tame_line(&row.1)))
}
