//! Expectations and what was seen, in words.

use greenroom_model::{
    history::{Leak, ReplyNote},
    rule::Selector,
};
use jiff::SignedDuration;
use serde_json::Value;

use super::sight::{Noted, Seen};
use crate::scenario::{
    After, Check, CountOf, Delays, Distinct, Each, FileIs, Gap, Judgement, LeakOf, Never, Outcome, ResultOf,
    Returns, Same, Sockets,
};

/// How many of a long list are shown.
pub(super) const MOST: usize = 8;

/// What a check wants, in words.
pub(super) fn expected(check: &Check) -> String {
    let mut text = asked(&check.judgement);
    if !check.phase.is_empty() {
        text.push_str(&format!(" during {}", check.phase.join(", ")));
    }
    match &check.after {
        Some(After::Fired(rule)) => text.push_str(&format!(", after {rule} fired")),
        Some(After::Step(step)) => text.push_str(&format!(", after step {step}")),
        None => {}
    }
    text
}

fn asked(judgement: &Judgement) -> String {
    match judgement {
        Judgement::Result(it) => result(it),
        Judgement::Returns(Returns { step, within }) => match within {
            Some(within) => format!("step {step} comes back within {:#}", within.duration()),
            None => format!("step {step} comes back"),
        },
        Judgement::Count(CountOf { of, is }) => format!("{is}: {}", selector(of)),
        Judgement::Never(Never { of, before }) => match before {
            Some(before) => format!("no {} before the first {}", selector(of), selector(before)),
            None => format!("no {}", selector(of)),
        },
        Judgement::Order(list) => list.iter().map(selector).collect::<Vec<_>>().join(", then "),
        Judgement::Gap(Gap { from, to, min }) => {
            format!("at least {:#} from the answer of {} to {}", min.duration(), selector(from), selector(to))
        }
        Judgement::Delays(it) => delays(it),
        Judgement::Same(Same { a, b }) => format!("{} is the same request as {}", selector(b), selector(a)),
        Judgement::Distinct(Distinct { field, of, is, with_call }) => {
            let asked = if *with_call { ", with what the step asked for" } else { "" };
            format!("{is} different values of {field} in {}{asked}", selector(of))
        }
        Judgement::Each(Each { group, count }) => {
            format!("for each {group} {}: {}", count.is, selector(&count.of))
        }
        Judgement::Sockets(Sockets { is }) => format!("{is} connections open when the client is told to end"),
        Judgement::Leak(LeakOf { symbol, place, host, is }) => {
            let of = symbol.as_ref().map_or_else(|| "tokens and secrets".to_owned(), |it| it.0.join(" or "));
            let place = place.as_ref().map(|it| format!(" in {}", it.0.join(" or "))).unwrap_or_default();
            let host = host.as_ref().map(|it| format!(" at {}", it.0.join(" or "))).unwrap_or_default();
            format!("{is} leaks of {of}{place}{host}")
        }
        Judgement::File(FileIs { which, holds, mode, replaced }) => {
            let holds = holds.as_ref().map(|holds| format!("holds {}", holds.join(", ")));
            let mode = mode.as_ref().map(|mode| format!("has mode {mode}"));
            let replaced = replaced.map(|replaced| match replaced {
                true => "was replaced in one piece".to_owned(),
                false => "is the same file as before".to_owned(),
            });
            let said: Vec<_> = [holds, mode, replaced].into_iter().flatten().collect();
            format!("{which} {}", said.join(" and "))
        }
        Judgement::OneOf(ways) => {
            ways.iter().map(|way| asked(&way.judgement)).collect::<Vec<_>>().join("; or ")
        }
    }
}

fn result(ResultOf { step, ok, status, kind, outcome, says, ids, all }: &ResultOf) -> String {
    let ok = ok.map(|ok| if ok { "succeeds".to_owned() } else { "fails".to_owned() });
    let status = status.map(|status| format!("gives status {status}"));
    let kind = kind.map(|kind| format!("tells of a failure of kind {}", kind.word()));
    let outcome = outcome.map(|outcome| match outcome {
        Outcome::Auth => "tells that it was not let in".to_owned(),
        Outcome::Rate => "tells that there were too many requests".to_owned(),
    });
    let says = says.as_ref().map(|says| format!("says {}", says.0.join(" or ")));
    let ids = ids.as_ref().map(|ids| format!("gives {}, each once", String::from(ids.clone())));
    let said: Vec<_> = [ok, status, kind, outcome, says, ids].into_iter().flatten().collect();
    let all = if *all { "every " } else { "" };
    format!("{all}{step} {}", said.join(", "))
}

/// The requests that are meant, in words: `exchange of acme with subject msp#2 → 200`.
pub(super) fn selector(selector: &Selector) -> String {
    let Ok(Value::Object(fields)) = serde_json::to_value(selector) else { return "request".to_owned() };
    let mut what = "request".to_owned();
    let mut nth = String::new();
    let mut with = Vec::new();
    let mut answered = Vec::new();
    for (name, value) in &fields {
        let text = match value {
            Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(" or "),
            value => plain(value),
        };
        match name.as_str() {
            "op" => what = text,
            "nth" => nth = format!(" number {text}"),
            "status" => answered.insert(0, text),
            "refused" => answered.push(format!("refused: {text}")),
            "fired" | "applied" => answered.push(format!("touched by {text}")),
            _ => with.push(format!("{name} {text}")),
        }
    }
    let with = if with.is_empty() { String::new() } else { format!(" with {}", with.join(", ")) };
    let answered = if answered.is_empty() { String::new() } else { format!(" → {}", answered.join(", ")) };
    format!("{what}{nth}{with}{answered}")
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn delays(Delays { of, grow, distinct, min, least, most }: &Delays) -> String {
    let grow = grow.then(|| "none shorter than the one before".to_owned());
    let distinct = distinct.map(|is| format!("{is} different ones"));
    let min = min.map(|min| format!("each at least {:#}", min.duration()));
    let least = least.map(|least| format!("at least {:#} together", least.duration()));
    let most = most.map(|most| format!("at most {:#} together", most.duration()));
    let said: Vec<_> = [grow, distinct, min, least, most].into_iter().flatten().collect();
    format!("waits between one {} and the next: {}", selector(of), said.join(", "))
}

/// How long these are together: a history of somebody else's may say what no clock has seen.
pub(super) fn together(waits: &[SignedDuration]) -> SignedDuration {
    waits.iter().fold(SignedDuration::ZERO, |sum, wait| sum.saturating_add(*wait))
}

/// How long it took between these entries.
pub(super) fn waits(waits: &[SignedDuration], events: &[u64]) -> String {
    let shown: Vec<_> = waits.iter().take(MOST).map(|wait| format!("{wait:#}")).collect();
    let more = if waits.len() > MOST { format!(", and {} more", waits.len() - MOST) } else { String::new() };
    let together = match waits {
        [_] => String::new(),
        waits => format!(", together {:#}", together(waits)),
    };
    let (first, last) = (events.first().unwrap_or(&0), events.last().unwrap_or(&0));
    format!("from #{first} to #{last}: {}{more}{together}", shown.join(", "))
}

/// How many there are, and which.
pub(super) fn listed(found: &[&Seen]) -> String {
    if found.is_empty() {
        return "none".to_owned();
    }
    let shown: Vec<_> = found.iter().take(MOST).map(|seen| exchange(seen)).collect();
    let more = if found.len() > MOST { format!(", and {} more", found.len() - MOST) } else { String::new() };
    format!("{}: {}{more}", found.len(), shown.join(", "))
}

/// An exchange in a few words: `#31 api acme#1 → 401 expired`.
fn exchange(seen: &Seen) -> String {
    let request = seen.request();
    let token = match request.op {
        greenroom_model::call::OpKind::Exchange => &request.subject,
        _ => &request.token,
    };
    let token = token.as_ref().map(|token| format!(" {}", token.symbol)).unwrap_or_default();
    let status = match seen.response() {
        None => "no answer".to_owned(),
        Some(response) => match (response.status, &response.refused) {
            (Some(status), Some(refused)) => format!("{status} {refused}"),
            (Some(status), None) => status.to_string(),
            (None, _) => "no answer".to_owned(),
        },
    };
    format!("#{} {}{token} → {status}", seen.n(), request.op)
}

/// A reply in a few words.
pub(super) fn reply(note: &ReplyNote) -> String {
    let ReplyNote { id: _, step, ok, status, kind, message, ids: _, cut } = note;
    if let Some(cut) = cut {
        return format!("step {step} has no reply: {cut}");
    }
    let status = status.map(|status| format!(" with status {status}")).unwrap_or_default();
    if *ok {
        return format!("step {step} succeeds{status}");
    }
    let kind = kind.as_ref().map(|kind| format!(" of kind {kind}")).unwrap_or_default();
    let message = message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
    format!("step {step} fails{kind}{status}{message}")
}

/// A leak in a few words.
pub(super) fn leak(leak: &Noted<'_, Leak>) -> String {
    let Leak { symbol, place, host, encoding, request, step, log: _ } = leak.note;
    let host = host.as_ref().map(|host| format!(" at {host}")).unwrap_or_default();
    let request = request.map(|request| format!(" of #{request}")).unwrap_or_default();
    let step = step.as_ref().map(|step| format!(" during {step}")).unwrap_or_default();
    format!("#{} {symbol} ({}) in {}{request}{host}{step}", leak.n, encoding, place)
}

/// A parameter of a query.
pub(super) fn parameter(query: &str, name: &str) -> Option<String> {
    form_urlencoded::parse(query.as_bytes())
        .find(|(given, _)| given == name)
        .map(|(_, value)| value.into_owned())
}
