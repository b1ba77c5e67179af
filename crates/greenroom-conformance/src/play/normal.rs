//! What two runs of a scenario have in common if the client does the same in both: ids, tokens, dates, ports and the
//! numbers of connections do not count.

use std::collections::BTreeMap;

use greenroom_model::{
    history::{Event, Exchange, Request, StepNote, join},
    secret::Digest,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    run::Run,
    scenario::{Scenario, Verb},
};

impl Run {
    /// The digest of what counts: a client that does the same in two runs of a scenario gives the same.
    pub fn normal_digest(&self, scenario: &Scenario) -> Digest {
        Digest::of(lines(self, scenario).join("\n"))
    }

    /// What counts in one run and is not in the other one, in a sentence; `None` if they are alike.
    pub fn first_difference(&self, other: &Self, scenario: &Scenario) -> Option<String> {
        let (one, other) = (lines(self, scenario), lines(other, scenario));
        let shown = |lines: &[String], nth| lines.get(nth).map_or("nothing", String::as_str).to_owned();
        let nth = (0..one.len().max(other.len())).find(|nth| one.get(*nth) != other.get(*nth))?;
        Some(format!(
            "in one run line {} is {}, in the other {}",
            nth + 1,
            shown(&one, nth),
            shown(&other, nth)
        ))
    }
}

/// What counts: in the order of the requests, or sorted where several were under way at once.
fn lines(run: &Run, scenario: &Scenario) -> Vec<String> {
    let at_once = scenario.steps.iter().any(|step| step.parallel || matches!(step.verb, Verb::Together(_)));
    // How long a client waits for a date depends on the second in which it is asked to.
    let dated = serde_json::to_string(&scenario.stimuli).is_ok_and(|text| text.contains("$http_date("));
    let start = run.entries.first().map(|entry| entry.at);
    let exchanges: BTreeMap<u64, Exchange> =
        join(run.entries.iter()).into_iter().map(|exchange| (exchange.n, exchange)).collect();
    let mut lines = Vec::new();
    for entry in &run.entries {
        let Some(mut line) = line(&entry.event, exchanges.get(&entry.n)) else { continue };
        if at_once && !matches!(entry.event, Event::Request(_)) {
            continue;
        }
        if !at_once && !dated {
            line["at"] = start.map(|start| since(start, entry.at)).into();
        }
        if dated && let Some(sleep) = line.get_mut("sleep") {
            sleep["ms"] = Value::Null;
        }
        lines.push(line.to_string());
    }
    if at_once {
        lines.sort();
    }
    lines
}

fn since(start: Timestamp, at: Timestamp) -> i64 {
    at.duration_since(start).as_secs()
}

/// What counts of an entry; nothing of those that come when they like.
fn line(event: &Event, exchange: Option<&Exchange>) -> Option<Value> {
    Some(match event {
        Event::Request(request) => {
            let response = exchange.and_then(|exchange| exchange.response.as_ref());
            let answer = response.map(|response| {
                json!({
                    "status": response.status, "decision": response.decision, "refused": response.refused,
                    "issued": response.issued, "applied": response.applied,
                })
            });
            json!({"request": asked(request), "response": answer})
        }
        Event::Step(step) => json!({"step": step_line(step)}),
        Event::Reply(reply) => json!({"reply": {
            "step": reply.step, "ok": reply.ok, "status": reply.status, "kind": reply.kind, "cut": reply.cut,
            "ids": reply.ids,
        }}),
        Event::Fault { rule, did, .. } => json!({"fault": rule, "did": did}),
        Event::Sleep { n, ms } => json!({"sleep": {"n": n, "ms": ms}}),
        Event::Wake { n } => json!({"wake": n}),
        Event::Leak(leak) => json!({"leak": leak.symbol, "encoding": leak.encoding}),
        Event::File(file) => json!({"file": file.which, "holds": file.holds, "replaced": file.replaced}),
        Event::Exit { code, signal, .. } => json!({"exit": code, "signal": signal}),
        Event::World { .. }
        | Event::Connection { .. }
        | Event::Response(_)
        | Event::Gate { .. }
        | Event::Clock { .. }
        | Event::Note { .. }
        | Event::Farewell {}
        | Event::Output { .. } => return None,
    })
}

fn asked(request: &Request) -> Value {
    let symbol = |token: &Option<greenroom_model::history::TokenView>| {
        token.as_ref().map(|token| match token.kind {
            Some(_) => token.symbol.clone(),
            // The digest of a token that nobody here issued.
            None => token.symbol.split(':').next().unwrap_or_default().to_owned(),
        })
    };
    // Tokens and codes in the JSON of a token request are others in every run; which members it has, its form says.
    let json = request.json.as_ref().filter(|_| request.form.is_empty());
    json!({
        "phase": request.phase, "op": request.op, "http": request.http, "host": request.host,
        "method": request.method, "path": request.path, "query": request.query,
        "headers": names(request), "auth": request.auth, "form": request.form.keys().collect::<Vec<_>>(),
        "workspace": request.workspace, "client": request.client, "actor": request.actor,
        "token": symbol(&request.token), "subject": symbol(&request.subject), "json": json,
    })
}

/// The names of its headers. Values may be dates and numbers of the run.
fn names(request: &Request) -> Vec<&str> {
    let mut names: Vec<_> = request.headers.iter().map(|(name, _)| name).collect();
    names.sort_unstable();
    names
}

fn step_line(step: &StepNote) -> Value {
    let mut line = serde_json::to_value(step).unwrap_or_default();
    if let Value::Object(line) = &mut line {
        line.remove("headers");
    }
    line
}
