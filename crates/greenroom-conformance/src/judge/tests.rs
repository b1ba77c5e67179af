//! Hand-made histories, and what is found in them.

mod checks;
mod invariants;
mod proofs;
mod runs;
mod tape;
mod words;

use greenroom_model::{
    call::OpKind,
    history::{
        Decision, Encoding, Entry, Event, FileNote, IdSet, Leak, Place, ReplyNote, Request, Response,
        StepNote, TokenView,
    },
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use self::tape::Tape;
use super::*;
use crate::{
    drive::{Capability, Scheme},
    run::{EXITED, Header, UNBOUNDED},
    verdict::ClientInfo,
};

fn ids<const N: usize>(ids: [&str; N]) -> IdSet {
    IdSet::of(ids.into_iter())
}

/// A scenario that expects this.
fn scenario(expect: Value) -> Scenario {
    serde_json::from_value(json!({
        "format": 1, "id": "REF-01", "title": "t", "level": "MUST", "basis": "rfc", "sources": ["rfc:6749#1"],
        "drive": "adapter", "clock": "server", "world": {"use": "msp-two-tenants"}, "steps": [],
        "stimuli": [], "proofs": [{"id": "sent", "sent": ["hit"]}], "expect": expect, "cause": "carelessness",
    }))
    .unwrap()
}

/// What is found about one check.
fn found(tape: Tape, check: Value) -> CheckVerdict {
    let mut check = check;
    check["id"] = "x".into();
    let verdict = judge(&scenario(json!([check])), &tape.run());
    verdict.checks.into_iter().find(|check| check.id == "REF-01.x").expect("the check")
}

/// The story of REF-01: a token runs out under a call and is replaced.
fn renewal() -> Tape {
    let mut tape = Tape::new();
    let open = tape.step("open", "open", |_| {});
    tape.replied(open, |reply| reply.status = None);
    let warm = tape.call("warm");
    tape.mint(200, Some("msp#1"));
    tape.api("msp#1", 200);
    tape.replied(warm, |_| {});
    let hit = tape.call("hit");
    tape.exchange(OpKind::Api, "msp#1", Some(401), |_, response| {
        response.refused = Some("expired".to_owned());
        response.applied.push("runs-out".to_owned());
    });
    tape.mint(200, Some("msp#2"));
    tape.api("msp#2", 200);
    tape.replied(hit, |_| {});
    tape
}

/// A 429 after which the client waits, and a rule moves the clock by 16 minutes meanwhile.
fn waits(can: &[Capability], real: u64, slept: i64) -> Tape {
    let mut tape = Tape::new();
    tape.can = can.to_vec();
    let hit = tape.call("hit");
    tape.api("msp#1", 429);
    tape.now += SignedDuration::from_mins(16);
    tape.add(Event::Clock { did: "advance 16m".to_owned() });
    tape.add(Event::Sleep { n: 1, ms: 1 });
    tape.now += SignedDuration::from_secs(slept);
    tape.add(Event::Wake { n: 1 });
    tape.pass(real);
    tape.api("msp#1", 200);
    tape.replied(hit, |_| {});
    tape
}

fn verdict_of(scenario: &Scenario, tape: Tape) -> (Verdict, String) {
    let verdict = judge(scenario, &tape.run());
    (verdict.verdict, verdict.why.unwrap_or_default())
}

/// Tries with these waits between them, in seconds: slept, and passed in real time besides.
fn tries(can: &[Capability], waits: &[i64]) -> Tape {
    let mut tape = Tape::new();
    tape.can = can.to_vec();
    let hit = tape.call("hit");
    tape.api("msp#1", 503);
    for (n, wait) in (1..).zip(waits) {
        match can {
            [] => tape.pass(u64::try_from(wait * 1000).unwrap()),
            _ => {
                tape.add(Event::Sleep { n, ms: 1 });
                tape.now += SignedDuration::from_secs(*wait);
                tape.add(Event::Wake { n });
            }
        }
        tape.mint(200, None);
        tape.api("msp#1", 503);
    }
    tape.replied(hit, |reply| reply.status = Some(503));
    tape
}
