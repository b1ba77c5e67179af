//! What holds of every client, whatever the scenario is about.

use std::collections::{BTreeMap, BTreeSet};

use greenroom_model::{
    call::OpKind,
    history::{Decision, Event, Place, StepNote},
};

use super::{
    sight::{Seen, Sight},
    words,
};
use crate::scenario::Level;

/// An invariant that was broken.
pub(super) struct Broken {
    /// Its name.
    pub(super) id: &'static str,
    /// How binding it is here.
    pub(super) level: Level,
    /// What must hold.
    pub(super) expected: &'static str,
    /// What was seen, in words.
    pub(super) actual: String,
    /// The entries that show it.
    pub(super) events: Vec<u64>,
}

/// What usually breaks an invariant, and where it is written.
pub(super) fn cause(id: &str) -> Option<&'static str> {
    Some(match id {
        "I1" => {
            "a token or a secret is put into the query, where logs and proxies read it (RFC 6750 §5.3, RFC 9700 §4.3.2)"
        }
        "I2" => "requests, answers or configurations are logged or told as they are (RFC 6749 §10.3)",
        "I3" => {
            "the cache of tokens is not keyed by the tenant, or a renewal is handed to the wrong waiter (RFC 9700 §2.3)"
        }
        "I4" => "a redirect, or a link in a body, is followed with the token (RFC 9700 §2.3)",
        "I5" => "a token is sent in the header and once more somewhere else (RFC 6750 §2)",
        "I6" => "retries of several layers multiply, or have no bound (RFC 9110 §9.2.2)",
        "I7" => {
            "background work or a tenant's object outlives the object that was closed (seed 002: closed cleanly)"
        }
        "I8" => "a host name is made up or hard-coded, or a redirect is followed",
        "I9" => "a POST is repeated like a GET after its answer was lost (RFC 9110 §9.2.2)",
        "I10" => "a token is asked for before it is known whether it is needed, or by several at once",
        "I11" => "a loop ends only when the answer changes: renewals, retries or pages without a bound",
        "precondition" => {
            "the client or its adapter fails before the kit has done anything to it: run greenroom adapter check"
        }
        "exit" => "an exception that nobody catches ends the process",
        _ => return None,
    })
}

/// How often a logical call may be tried.
const MOST_ATTEMPTS: usize = 10;

/// The invariants that were broken.
pub(super) fn broken(sight: &Sight<'_>) -> Vec<Broken> {
    let all = [
        leaks_in_urls(sight),
        leaks_in_words(sight),
        own_tokens(sight),
        known_hosts(sight),
        one_method(sight),
        few_attempts(sight),
        nothing_after_close(sight),
        expected_hosts(sight),
        posts_once(sight),
        minted_and_used(sight),
    ];
    all.into_iter().flatten().collect()
}

fn must(id: &'static str, expected: &'static str, actual: String, events: Vec<u64>) -> Option<Broken> {
    Some(Broken { id, level: Level::Must, expected, actual, events })
}

/// I1 (RFC 6750 §5.3, RFC 9700 §4.3.2).
fn leaks_in_urls(sight: &Sight<'_>) -> Option<Broken> {
    let leak = sight.leaks.iter().find(|leak| leak.note.place == Place::Url)?;
    must("I1", "no token and no secret in a URL", words::leak(leak), vec![leak.n])
}

/// I2 (RFC 6749 §10.3): a log for debugging is given away less often.
fn leaks_in_words(sight: &Sight<'_>) -> Option<Broken> {
    let said = |place: &Place| matches!(place, Place::Output { .. } | Place::Message);
    let debug = |log: &Option<String>| log.as_deref() == Some("DEBUG");
    let all = || sight.leaks.iter().filter(|leak| said(&leak.note.place));
    let leak = all().find(|leak| !debug(&leak.note.log)).or_else(|| all().next())?;
    let level = if debug(&leak.note.log) { Level::Should } else { Level::Must };
    let expected = "no token and no secret in output or messages";
    Some(Broken { id: "I2", level, expected, actual: words::leak(leak), events: vec![leak.n] })
}

/// I3 (RFC 9700 §2.3).
fn own_tokens(sight: &Sight<'_>) -> Option<Broken> {
    sight.seen.iter().filter(|seen| seen.request().op == OpKind::Api).find_map(|seen| {
        let actor = seen.request().actor.as_deref()?;
        let mut asking = open_calls(sight, seen.n()).filter(|step| asks_for(step, seen));
        let (Some(step), None) = (asking.next(), asking.next()) else { return None };
        let workspace = step.workspace.as_deref().filter(|workspace| *workspace != actor)?;
        let actual =
            format!("#{} of step {} for {workspace} carries a token of {actor}", seen.n(), step.step);
        must("I3", "a call carries a token of the workspace that it is for", actual, vec![seen.n()])
    })
}

/// The calls that the client had been asked for and had not replied to when an entry was made.
fn open_calls<'s>(sight: &'s Sight<'_>, n: u64) -> impl Iterator<Item = &'s StepNote> {
    sight.steps.iter().filter_map(move |step| {
        let replied = sight.replies.iter().any(|reply| reply.note.id == step.note.id && reply.n < n);
        (step.n < n && !replied && step.note.verb == "call" && step.note.skipped.is_none())
            .then_some(step.note)
    })
}

/// Whether a request is what a call asks for.
fn asks_for(step: &StepNote, seen: &Seen) -> bool {
    let request = seen.request();
    let sorted = |query: &str| {
        let mut pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        pairs.sort();
        pairs
    };
    step.method.as_deref() == Some(&*request.method)
        && step.path.as_deref() == Some(request.path.as_str())
        && sorted(step.query.as_deref().unwrap_or_default()) == sorted(&request.query)
        && (step.body.is_none() || step.body == request.json || step.body == request.body)
}

/// I4 (RFC 9700 §2.3).
fn known_hosts(sight: &Sight<'_>) -> Option<Broken> {
    let leak =
        sight.leaks.iter().find(|leak| leak.note.host.is_some() && is_of_a_request(leak.note.place))?;
    must("I4", "tokens and secrets go to known hosts only", words::leak(leak), vec![leak.n])
}

fn is_of_a_request(place: Place) -> bool {
    matches!(place, Place::Url | Place::Header | Place::Body)
}

/// I5 (RFC 6750 §2).
fn one_method(sight: &Sight<'_>) -> Option<Broken> {
    let in_header = |n: u64| sight.seen.iter().any(|seen| seen.n() == n && seen.request().token.is_some());
    let leak = sight.leaks.iter().find(|leak| {
        let at_home = leak.note.host.is_none();
        at_home && is_of_a_request(leak.note.place) && leak.note.request.is_some_and(in_header)
    })?;
    must("I5", "a token is sent in one way", words::leak(leak), vec![leak.n])
}

/// What tells calls apart, and how often one was asked for.
type Call = (String, String, String, String, String);

fn call_of(seen: &Seen) -> Option<Call> {
    let request = seen.request();
    let body = request.json.clone().or_else(|| request.body.clone()).unwrap_or_default();
    let phase = request.phase.clone()?;
    Some((phase, request.method.to_string(), request.path.clone(), request.query.clone(), body))
}

/// How often the client was asked, during a phase, for what an exchange is.
fn times_asked(sight: &Sight<'_>, seen: &Seen) -> usize {
    let phase = seen.request().phase.as_deref();
    let steps = sight.steps.iter().filter(|step| step.n < seen.n()).map(|step| step.note);
    let asked = steps.filter(|step| step.verb == "call" && step.skipped.is_none());
    asked.filter(|step| phase == Some(sight.phase(&step.step)) && asks_for(step, seen)).count()
}

/// I6.
fn few_attempts(sight: &Sight<'_>) -> Option<Broken> {
    let mut calls: BTreeMap<Call, Vec<&Seen>> = BTreeMap::new();
    for seen in sight.seen.iter().filter(|seen| seen.request().op == OpKind::Api) {
        if let Some(call) = call_of(seen) {
            calls.entry(call).or_default().push(seen);
        }
    }
    calls.into_values().find_map(|tries| {
        let last = tries.last()?;
        let asked = times_asked(sight, last).max(1);
        let most = MOST_ATTEMPTS.saturating_mul(asked);
        if tries.len() <= most {
            return None;
        }
        let actual = format!("{} requests for {asked} calls, the last of them #{}", tries.len(), last.n());
        must("I6", "a logical call is tried at most 10 times", actual, vec![last.n()])
    })
}

/// I7 (seed 002: closed cleanly).
fn nothing_after_close(sight: &Sight<'_>) -> Option<Broken> {
    let mut objects = Objects::default();
    for entry in sight.entries {
        match &entry.event {
            Event::Step(note) if note.verb == "open" && note.skipped.is_none() => objects.all_closed = false,
            // A new process knows nothing of the objects of the one before.
            Event::Step(note) if note.verb == "restart" => objects.open.clear(),
            Event::Reply(reply) if reply.ok => {
                let step = sight.steps.iter().find(|step| step.note.id == reply.id);
                if let Some(step) = step.filter(|step| step.note.skipped.is_none()) {
                    objects.after(step.note);
                }
            }
            Event::Response(response) => objects.issued.extend(response.issued.clone()),
            // Whose call is under way may finish it, and who enters a tenant anew may know its tokens.
            Event::Step(note) if note.verb == "tenant" && note.skipped.is_none() => {
                objects.enters(note.workspace.as_deref());
            }
            Event::Request(_) if open_calls(sight, entry.n).next().is_some() => {}
            Event::Request(request) => {
                let token = request.token.as_ref().map(|token| token.symbol.as_str());
                let actual = match token.filter(|token| objects.void.contains(*token)) {
                    _ if objects.all_closed => format!("#{} came after the client was closed", entry.n),
                    Some(token) => format!("#{} carries {token}, whose tenant was closed", entry.n),
                    None => continue,
                };
                return must("I7", "nothing is sent for what was closed", actual, vec![entry.n]);
            }
            _ => {}
        }
    }
    None
}

/// The objects of a client, and what may not be used any more.
#[derive(Default)]
struct Objects {
    open: Vec<Object>,
    /// There was one at the top, and now there is none.
    all_closed: bool,
    /// The tokens that were issued, by symbol.
    issued: Vec<String>,
    /// Those that were issued for tenants which have been closed since.
    void: BTreeSet<String>,
}

/// An object that is open.
struct Object {
    name: String,
    /// The one it was entered through; none for a top one.
    of: Option<String>,
    workspace: Option<String>,
}

impl Objects {
    /// The tokens of a tenant are good for something again; if nobody knows of which, those of all.
    fn enters(&mut self, workspace: Option<&str>) {
        let own = workspace.map(|workspace| format!("{workspace}#"));
        self.void.retain(|symbol| own.as_ref().is_some_and(|own| !symbol.starts_with(own)));
    }

    /// After a step that succeeded.
    fn after(&mut self, step: &StepNote) {
        match (step.verb.as_str(), &step.object, &step.client) {
            ("open" | "tenant", Some(name), of) => {
                self.open.push(Object {
                    name: name.clone(),
                    of: of.clone(),
                    workspace: step.workspace.clone(),
                });
            }
            ("close", _, Some(name)) => {
                let ended: Vec<_> = self
                    .open
                    .extract_if(.., |object| object.name == *name || object.of.as_ref() == Some(name))
                    .collect();
                self.all_closed = !self.open.iter().any(|object| object.of.is_none());
                for Object { of, workspace, .. } in ended {
                    // Another object of the same tenant may still use its tokens.
                    let others = self.open.iter().any(|other| other.workspace == workspace);
                    if let Some(workspace) = workspace.filter(|_| of.is_some() && !others) {
                        let of = format!("{workspace}#");
                        self.void
                            .extend(self.issued.iter().filter(|symbol| symbol.starts_with(&of)).cloned());
                    }
                }
            }
            _ => {}
        }
    }
}

/// I8.
fn expected_hosts(sight: &Sight<'_>) -> Option<Broken> {
    let unknown = |seen: &&Seen| {
        seen.response().is_some_and(|response| response.refused.as_deref() == Some("unexpected_host"))
    };
    let by_request = sight.seen.iter().find(unknown).map(|seen| (seen.n(), "a request".to_owned()));
    let by_tunnel = || {
        sight.entries.iter().find_map(|entry| match &entry.event {
            Event::Connection { what, host, .. } if what == "refused" => {
                Some((entry.n, host.clone().unwrap_or_else(|| "an unknown host".to_owned())))
            }
            _ => None,
        })
    };
    let (n, what) = by_request.or_else(by_tunnel)?;
    must("I8", "only hosts of the cloud are spoken to", format!("#{n}: {what}"), vec![n])
}

/// I9 (RFC 9110 §9.2.2).
fn posts_once(sight: &Sight<'_>) -> Option<Broken> {
    let mut done: BTreeMap<Call, Vec<u64>> = BTreeMap::new();
    let posts =
        sight.seen.iter().filter(|seen| seen.request().op == OpKind::Api && seen.request().method == "POST");
    for seen in posts {
        let Some(call) = call_of(seen) else { continue };
        let before = done.entry(call).or_default();
        if !before.is_empty() && before.len() >= times_asked(sight, seen).max(1) {
            let actual = format!("#{} repeats #{}, whose effect stands", seen.n(), before[0]);
            return Some(Broken {
                id: "I9",
                level: Level::Should,
                expected: "a POST is not sent again after its effect stands",
                actual,
                events: vec![before[0], seen.n()],
            });
        }
        let stands = seen.response().is_none_or(|response| match response.handled {
            Some(handled) => handled < 400,
            None => response.decision == Decision::Answered,
        });
        if stands {
            before.push(seen.n());
        }
    }
    None
}

/// I10. Nobody has to use a token whose answer a stimulus has touched: it may be about that.
fn minted_and_used(sight: &Sight<'_>) -> Option<Broken> {
    let used: BTreeSet<&str> = sight
        .seen
        .iter()
        .flat_map(|seen| [&seen.request().token, &seen.request().subject])
        .flatten()
        .map(|token| token.symbol.as_str())
        .collect();
    let idle = sight.seen.iter().filter(|seen| seen.request().op == OpKind::Mint).find_map(|seen| {
        let response = seen.response().filter(|response| response.applied.is_empty())?;
        let issued = response.issued.as_deref()?;
        (!used.contains(issued)).then(|| (seen.n(), issued.to_owned()))
    });
    let (n, symbol) = idle?;
    Some(Broken {
        id: "I10",
        level: Level::May,
        expected: "a token that was asked for is used",
        actual: format!("{symbol}, issued by #{n}, is never used"),
        events: vec![n],
    })
}
