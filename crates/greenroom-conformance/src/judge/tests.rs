//! Hand-made histories, and what is found in them.

use std::collections::BTreeMap;

use greenroom_model::{
    call::OpKind,
    history::{
        Decision, Encoding, Entry, Event, FileNote, Headers, IdSet, Leak, Place, ReplyNote, Request,
        Response, StepNote, TokenView,
    },
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::*;
use crate::{
    drive::{Capability, Scheme},
    run::{EXITED, Header, UNBOUNDED},
    verdict::ClientInfo,
};

/// A history that is written down line by line.
struct Tape {
    entries: Vec<Entry>,
    now: Timestamp,
    real_ms: u64,
    phase: Option<String>,
    asked: u64,
    can: Vec<Capability>,
}

impl Tape {
    fn new() -> Self {
        let lists = BTreeMap::from([("devices(acme)".to_owned(), ids(["a", "b", "c"]))]);
        let mut tape = Self {
            entries: Vec::new(),
            now: Timestamp::UNIX_EPOCH,
            real_ms: 0,
            phase: None,
            asked: 0,
            can: Vec::new(),
        };
        tape.add(Event::World { seed: 1, workspaces: BTreeMap::new(), lists, traps: Vec::new() });
        tape
    }

    fn add(&mut self, event: Event) -> u64 {
        let n = self.entries.len() as u64 + 1;
        self.entries.push(Entry { n, at: self.now, real_ms: self.real_ms, event });
        n
    }

    fn pass(&mut self, ms: u64) {
        self.real_ms += ms;
    }

    /// The client is asked for a step.
    fn step(&mut self, step: &str, verb: &str, change: impl FnOnce(&mut StepNote)) -> u64 {
        self.phase = Some(step.to_owned());
        self.asked += 1;
        let mut note = StepNote {
            id: self.asked,
            step: step.to_owned(),
            verb: verb.to_owned(),
            client: (verb != "open").then(|| "c".to_owned()),
            object: (verb == "open").then(|| "c".to_owned()),
            workspace: Some("msp".to_owned()),
            ..StepNote::default()
        };
        change(&mut note);
        self.add(Event::Step(Box::new(note)));
        self.asked
    }

    fn call(&mut self, step: &str) -> u64 {
        self.step(step, "call", |note| {
            (note.method, note.path) = (Some("GET".to_owned()), Some("/a".to_owned()));
        })
    }

    fn replied(&mut self, id: u64, change: impl FnOnce(&mut ReplyNote)) {
        let step = self.entries.iter().find_map(|entry| match &entry.event {
            Event::Step(note) if note.id == id => Some(note.step.clone()),
            _ => None,
        });
        let mut note =
            ReplyNote { id, step: step.unwrap(), ok: true, status: Some(200), ..ReplyNote::default() };
        change(&mut note);
        self.add(Event::Reply(note));
    }

    /// A request that is answered at once, or not at all.
    fn exchange(
        &mut self,
        op: OpKind,
        token: &str,
        status: Option<u16>,
        change: impl FnOnce(&mut Request, &mut Response),
    ) -> u64 {
        let view = |symbol: &str| TokenView {
            symbol: symbol.to_owned(),
            kind: None,
            standing: None,
            age: None,
            remaining: None,
        };
        let mut request = Request {
            connection: 1,
            phase: self.phase.clone(),
            op,
            route: None,
            http: "1.1".into(),
            tls: true,
            host: "h".to_owned(),
            method: "GET".into(),
            path: "/a".to_owned(),
            query: String::new(),
            headers: Headers::default(),
            auth: None,
            form: BTreeMap::new(),
            workspace: None,
            client: None,
            token: None,
            subject: None,
            actor: None,
            body: None,
            json: None,
        };
        match op {
            OpKind::Api => {
                request.token = Some(view(token));
                request.actor = token.split('#').next().map(str::to_owned);
            }
            OpKind::Exchange => {
                request.subject = Some(view(token));
                request.workspace = Some("acme".to_owned());
            }
            _ => {}
        }
        let n = self.entries.len() as u64 + 1;
        let mut response = Response {
            status,
            ..Response::of(
                n,
                if status.is_some_and(|it| it < 400) { Decision::Answered } else { Decision::Refused },
            )
        };
        change(&mut request, &mut response);
        self.add(Event::Request(Box::new(request)));
        if status.is_some() {
            for rule in response.applied.clone() {
                let did = "advance 16m".to_owned();
                self.add(Event::Fault { rule, request: Some(n), connection: None, did });
            }
            self.add(Event::Response(response));
        }
        n
    }

    fn api(&mut self, token: &str, status: u16) -> u64 {
        self.exchange(OpKind::Api, token, Some(status), |_, _| {})
    }

    fn mint(&mut self, status: u16, issued: Option<&str>) -> u64 {
        self.exchange(OpKind::Mint, "", Some(status), |_, response| {
            response.issued = issued.map(str::to_owned)
        })
    }

    fn leak(&mut self, symbol: &str, place: Place, host: Option<&str>, log: Option<&str>) {
        let request = self.entries.iter().rev().find(|entry| matches!(entry.event, Event::Request(_)));
        let leak = Leak {
            symbol: symbol.to_owned(),
            place,
            host: host.map(str::to_owned),
            encoding: Encoding::Raw,
            request: request.map(|entry| entry.n),
            step: None,
            log: log.map(str::to_owned),
        };
        self.add(Event::Leak(leak));
    }

    fn run(self) -> Run {
        let client =
            ClientInfo { name: "c".into(), version: "1".into(), scheme: Scheme::Semver, can: self.can };
        let header = Header {
            format: crate::run::FORMAT,
            scenario: "REF-01".to_owned(),
            played: String::new(),
            client: Some(client),
            trouble: None,
            dropped: 0,
        };
        Run { header, entries: self.entries }
    }
}

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

#[test]
fn each_check_holds_where_it_should_and_nowhere_else() {
    let api = json!({"op": "api"});
    for (check, verdict, actual) in [
        (
            json!({"result": {"step": "hit", "ok": true, "status": 200}}),
            "PASS",
            "step hit succeeds with status 200",
        ),
        (json!({"result": {"step": "hit", "status": 401}}), "FAIL", "step hit succeeds with status 200"),
        (json!({"result": {"step": "hit", "outcome": "auth"}}), "FAIL", "step hit succeeds with status 200"),
        (json!({"result": {"step": "hut", "ok": true}}), "FAIL", "step hut was never asked for"),
        (json!({"returns": {"step": "hit"}}), "PASS", "step hit came back"),
        (json!({"count": {"of": {"op": "mint"}, "is": "= 2"}}), "PASS", "2: #5 mint → 200, #14 mint → 200"),
        (json!({"phase": "hit", "count": {"of": {"op": "mint"}, "is": "= 1"}}), "PASS", "1: #14 mint → 200"),
        (
            json!({"phase": ["warm", "hit"], "count": {"of": api, "is": "<= 2"}}),
            "FAIL",
            "3: #7 api msp#1 → 200, #11 api msp#1 → 401 expired, #16 api msp#2 → 200",
        ),
        (
            json!({"after": {"fired": "runs-out"}, "count": {"of": api, "is": "= 1"}}),
            "PASS",
            "1: #16 api msp#2 → 200",
        ),
        (
            json!({"after": {"step": "warm"}, "count": {"of": api, "is": "= 2"}}),
            "PASS",
            "2: #11 api msp#1 → 401 expired, #16 api msp#2 → 200",
        ),
        (json!({"after": {"fired": "nothing"}, "count": {"of": api, "is": "= 0"}}), "PASS", "none"),
        (
            json!({"count": {"of": {"op": "api", "nth": 2, "status": 200}, "is": "= 1"}}),
            "PASS",
            "1: #16 api msp#2 → 200",
        ),
        (json!({"never": {"op": "exchange"}}), "PASS", "none"),
        (json!({"never": {"op": "mint"}}), "FAIL", "2: #5 mint → 200, #14 mint → 200"),
        (json!({"never": {"op": "api", "before": {"op": "mint"}}}), "PASS", "none"),
        (
            json!({"phase": "hit", "never": {"op": "api", "before": {"op": "mint"}}}),
            "FAIL",
            "1: #11 api msp#1 → 401 expired",
        ),
        (
            json!({"never": {"op": "api", "before": {"op": "exchange"}}}),
            "FAIL",
            "3: #7 api msp#1 → 200, #11 api msp#1 → 401 expired, #16 api msp#2 → 200",
        ),
        (
            json!({"order": [{"op": "api", "refused": "expired"}, {"op": "mint"}, {"token": "msp#2"}]}),
            "PASS",
            "#11, #14, #16",
        ),
        (
            json!({"order": [{"op": "mint"}, {"op": "mint"}, {"op": "mint"}]}),
            "FAIL",
            "only 2 matched: there is no further mint after #14",
        ),
        (json!({"order": [{"op": "exchange"}, {"op": "mint"}]}), "FAIL", "there is no exchange"),
        (
            json!({"order": [{"token": "msp#2"}, {"token": "msp#1"}]}),
            "FAIL",
            "only 1 matched: there is no further request with token msp#1 after #16",
        ),
        (
            json!({"same": {"a": {"op": "api", "nth": 1}, "b": {"op": "api", "nth": 2}}}),
            "PASS",
            "#7 and #11 are the same",
        ),
        (
            json!({"same": {"a": {"op": "api", "nth": 1}, "b": {"op": "mint", "nth": 1}}}),
            "PASS",
            "#7 and #5 are the same",
        ),
        (
            json!({"same": {"a": {"op": "api", "nth": 1}, "b": {"op": "api", "nth": 1}}}),
            "FAIL",
            "only 1 matched: #7",
        ),
        (json!({"same": {"a": api, "b": {"op": "jwks"}}}), "FAIL", "there is no jwks"),
        (
            json!({"distinct": {"field": "token", "of": api, "is": "= 2"}}),
            "PASS",
            "2 in 3 requests: msp#1, msp#2",
        ),
        (json!({"distinct": {"field": "host", "of": api, "is": "= 2"}}), "FAIL", "1 in 3 requests: h"),
        (
            json!({"each": {"group": "token", "count": {"of": api, "is": "<= 2"}}}),
            "PASS",
            "so it is in each of 2 groups",
        ),
        (
            json!({"each": {"group": "token", "count": {"of": api, "is": "<= 1"}}}),
            "FAIL",
            "token msp#1: 2: #7 api msp#1 → 200, #11 api msp#1 → 401 expired",
        ),
        (
            json!({"each": {"group": "token", "count": {"of": {"op": "jwks"}, "is": "<= 1"}}}),
            "FAIL",
            "there is none at all",
        ),
        (json!({"leak": {"is": "= 0"}}), "PASS", "none"),
        (json!({"leak": {"is": ">= 1"}}), "FAIL", "none"),
        (json!({"file": {"which": "token_file", "replaced": true}}), "FAIL", "there is no token_file"),
        (json!({"level": "SHOULD", "never": {"op": "mint"}}), "WARN", "2: #5 mint → 200, #14 mint → 200"),
        (json!({"level": "MAY", "never": {"op": "mint"}}), "NOTE", "2: #5 mint → 200, #14 mint → 200"),
        (
            json!({"oneof": [{"grade": "ideal", "never": {"op": "mint"}}, {"grade": "allowed", "never": {"op": "exchange"}}]}),
            "PASS",
            "none",
        ),
        (
            json!({"oneof": [{"grade": "ideal", "never": {"op": "mint"}}, {"grade": "allowed", "never": {"op": "api"}}]}),
            "FAIL",
            "2: #5 mint → 200, #14 mint → 200",
        ),
    ] {
        let found = found(renewal(), check.clone());
        assert_eq!((found.verdict.word(), found.actual.as_str()), (verdict, actual), "{check}");
        assert_eq!(found.cause.is_some(), verdict != "PASS", "{check}");
    }
}

#[test]
fn grades_are_told() {
    let ways = json!({"oneof": [
        {"grade": "ideal", "never": {"op": "mint"}}, {"grade": "allowed", "never": {"op": "exchange"}}
    ]});
    assert_eq!(found(renewal(), ways).grade, Some(crate::scenario::Grade::Allowed));
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

#[test]
fn a_wait_is_what_the_client_slept_and_not_what_rules_did_to_the_clock() {
    let gap =
        json!({"gap": {"from": {"op": "api", "status": 429}, "to": {"op": "api", "nth": 2}, "min": "3s"}});
    let verdict = |tape| found(tape, gap.clone()).verdict;
    let events = [Capability::SleepEvents];
    assert_eq!(verdict(waits(&events, 0, 3)), Verdict::Pass);
    assert_eq!(verdict(waits(&events, 60_000, 2)), Verdict::Fail, "real time is nothing to a sleeper");
    assert_eq!(verdict(waits(&[], 3_000, 0)), Verdict::Pass);
    assert_eq!(verdict(waits(&[], 2_950, 0)), Verdict::Pass, "within the tolerance");
    assert_eq!(
        verdict(waits(&[], 2_949, 600)),
        Verdict::Fail,
        "the virtual clock is nothing to a real sleep"
    );
    let mut alone = Tape::new();
    let hit = alone.call("hit");
    alone.api("msp#1", 429);
    alone.replied(hit, |reply| (reply.ok, reply.kind) = (false, Some("rate".to_owned())));
    let gone = found(alone, gap);
    assert_eq!(
        (gone.verdict, gone.actual.as_str()),
        (Verdict::Fail, "only 1 matched: there is no api number 2")
    );
}

#[test]
fn lists_must_hold_every_id_once() {
    let check = json!({"result": {"step": "hit", "ok": true, "ids": "devices(@acme)"}});
    for (got, verdict, actual) in [
        (Some(ids(["c", "b", "a"])), Verdict::Pass, "step hit succeeds with status 200"),
        (Some(ids(["a", "b"])), Verdict::Fail, "2 ids; expected 3"),
        (Some(ids(["a", "b", "b"])), Verdict::Fail, "3 ids, 2 of them different; expected 3"),
        (Some(ids(["a", "b", "x"])), Verdict::Fail, "3 ids, and not the right ones"),
        (None, Verdict::Fail, "step hit succeeds with status 200; the reply to step hit holds no ids"),
    ] {
        let mut tape = Tape::new();
        let hit = tape.step("hit", "list", |_| {});
        tape.api("acme#1", 200);
        tape.replied(hit, |reply| reply.ids = got);
        let found = found(tape, check.clone());
        assert_eq!((found.verdict, found.actual.as_str()), (verdict, actual));
    }
}

#[test]
fn every_repetition_counts_where_all_are_asked_for() {
    let tape = || {
        let mut tape = Tape::new();
        for nth in 1..=3 {
            let hit = tape.call("hit");
            tape.api("msp#1", 200);
            tape.replied(hit, |reply| reply.ok = nth != 2);
        }
        tape
    };
    let check = |all| json!({"result": {"step": "hit", "ok": true, "all": all}});
    assert_eq!(found(tape(), check(false)).verdict, Verdict::Pass);
    assert_eq!(found(tape(), check(true)).verdict, Verdict::Fail);
}

#[test]
fn a_file_is_judged_as_it_was_after_the_step() {
    let mut tape = Tape::new();
    for (step, holds, replaced) in [("hit", "msp#2", true), ("later", "msp#3", false)] {
        let asked = tape.call(step);
        tape.api("msp#1", 200);
        tape.replied(asked, |_| {});
        tape.add(Event::File(FileNote {
            which: "token_file".to_owned(),
            mode: "0600".to_owned(),
            inode: 1,
            replaced,
            holds: vec![holds.to_owned(), "secret".to_owned()],
        }));
    }
    let run = tape.run();
    let verdict = |file: Value| {
        let check = json!([{"id": "x", "phase": "hit", "file": file}]);
        judge(&scenario(check), &run).checks[0].verdict
    };
    assert_eq!(verdict(json!({"which": "token_file", "holds": ["msp#2", "secret"]})), Verdict::Pass);
    assert_eq!(verdict(json!({"which": "token_file", "holds": ["msp#3"]})), Verdict::Fail);
    assert_eq!(verdict(json!({"which": "token_file", "mode": "0600", "replaced": true})), Verdict::Pass);
    assert_eq!(verdict(json!({"which": "token_file", "mode": "0644"})), Verdict::Fail);
    assert_eq!(verdict(json!({"which": "token_file", "replaced": false})), Verdict::Fail);
}

#[test]
fn same_looks_at_what_the_caller_supplied() {
    let tape = |change: fn(&mut Request)| {
        let mut tape = Tape::new();
        let hit = tape.step("hit", "call", |note| {
            note.headers.insert("x-mine".to_owned(), "1".to_owned());
        });
        tape.api("msp#1", 401);
        tape.exchange(OpKind::Api, "msp#2", Some(200), |request, _| change(request));
        tape.replied(hit, |_| {});
        tape
    };
    let check = json!({"same": {"a": {"nth": 1}, "b": {"nth": 2}}});
    type Change = fn(&mut Request);
    let changes: [(Change, Verdict); 7] = [
        (|_| {}, Verdict::Pass),
        (|request| request.headers.push("x-theirs", "2"), Verdict::Pass),
        (|request| request.headers.push("x-mine", "2"), Verdict::Fail),
        (|request| request.query = "a=1".to_owned(), Verdict::Fail),
        (|request| request.path = "/b".to_owned(), Verdict::Fail),
        (|request| request.method = "PUT".into(), Verdict::Fail),
        (|request| request.body = Some("sha256:1".to_owned()), Verdict::Fail),
    ];
    for (change, verdict) in changes {
        assert_eq!(found(tape(change), check.clone()).verdict, verdict);
    }
}

fn verdict_of(scenario: &Scenario, tape: Tape) -> (Verdict, String) {
    let verdict = judge(scenario, &tape.run());
    (verdict.verdict, verdict.why.unwrap_or_default())
}

fn proven(proof: Value) -> Scenario {
    let mut scenario = scenario(json!([{"id": "x", "count": {"of": {"op": "jwks"}, "is": "= 0"}}]));
    scenario.proofs = vec![serde_json::from_value(proof).unwrap()];
    scenario
}

#[test]
fn nothing_is_said_where_the_stimulus_did_not_fire() {
    for (proof, met) in [
        (json!({"id": "p", "fired": "runs-out"}), true),
        (json!({"id": "p", "fired": "another"}), false),
        (json!({"id": "p", "answered": {"fired": "runs-out", "status": 401}}), true),
        (json!({"id": "p", "answered": {"fired": "runs-out", "status": 200}}), false),
        (json!({"id": "p", "answered": {"fired": "another", "status": 401}}), false),
        (json!({"id": "p", "sent": ["warm", "hit"]}), true),
        (json!({"id": "p", "sent": ["warm", "hut"]}), false),
        (json!({"id": "p", "gate": {"id": "g"}}), false),
        (json!({"id": "p", "offered": "handshake"}), false),
    ] {
        let (verdict, why) = verdict_of(&proven(proof.clone()), renewal());
        let expected = if met { Verdict::Pass } else { Verdict::Inconclusive };
        assert_eq!(verdict, expected, "{proof}: {why}");
        assert_eq!(why.is_empty(), met, "{proof}");
    }
}

#[test]
fn a_gate_proves_who_waited() {
    let tape = || {
        let mut tape = renewal();
        let (rule, opened_by) = ("g".to_owned(), "quiet".to_owned());
        tape.add(Event::Gate { rule, waiting: 7, asked: 50, opened_by, did: Vec::new() });
        tape
    };
    for (gate, met) in [
        (json!({"id": "g", "waiting": ">= 2"}), true),
        (json!({"id": "g", "waiting": ">= 8"}), false),
        (json!({"id": "g", "asked": "= 50"}), true),
        (json!({"id": "g", "asked": "= 49"}), false),
        (json!({"id": "g", "opened_by": ["waiting", "quiet"]}), true),
        (json!({"id": "g", "opened_by": "limit"}), false),
    ] {
        let (verdict, why) = verdict_of(&proven(json!({"id": "p", "gate": gate})), tape());
        assert_eq!(verdict == Verdict::Pass, met, "{gate}: {why}");
    }
}

#[test]
fn who_fails_before_anything_was_done_to_him_fails() {
    let mut tape = Tape::new();
    let warm = tape.call("warm");
    tape.api("msp#1", 200);
    tape.replied(warm, |reply| (reply.ok, reply.kind) = (false, Some("other".to_owned())));
    let verdict = judge(&proven(json!({"id": "p", "fired": "runs-out"})), &tape.run());
    assert_eq!(verdict.verdict, Verdict::Fail);
    assert_eq!(verdict.checks[0].id, "REF-01.precondition");
    assert!(verdict.checks[0].actual.contains("stimulus runs-out never fired"), "{verdict:?}");
}

#[test]
fn who_sends_nothing_passes_nothing() {
    let checks = json!([
        {"id": "none", "never": {"op": "exchange"}},
        {"id": "few", "count": {"of": {"op": "mint"}, "is": "<= 1"}},
        {"id": "ok", "result": {"step": "hit", "ok": true}},
    ]);
    let mut tape = Tape::new();
    let hit = tape.call("hit");
    tape.replied(hit, |_| {});
    let verdict = judge(&scenario(checks.clone()), &tape.run());
    assert!(verdict.checks.iter().all(|check| check.verdict != Verdict::Pass), "{verdict:?}");
    // One who sends something, but nothing for the call that he says went well.
    let mut tape = renewal();
    let more = tape.call("more");
    tape.replied(more, |_| {});
    let lied = found(tape, json!({"result": {"step": "more", "ok": true}}));
    assert_eq!(lied.actual, "step more succeeds with status 200; but it sent nothing during the step");
    let empty = judge(&scenario(checks), &Run { entries: Vec::new(), ..Tape::new().run() });
    assert_eq!(empty.verdict, Verdict::Inconclusive);
    assert!(empty.checks.iter().all(|check| check.verdict != Verdict::Pass));
}

#[test]
fn what_breaks_down_is_an_error_and_no_verdict() {
    let result = || scenario(json!([{"id": "x", "result": {"step": "hit", "ok": true}}]));
    let cut = |cut: &str, applied: bool| {
        let mut tape = Tape::new();
        let hit = tape.call("hit");
        tape.exchange(OpKind::Api, "msp#1", Some(200), |_, response| {
            response.applied.extend(applied.then(|| "s".to_owned()));
        });
        let cut = cut.to_owned();
        tape.replied(hit, |reply| (reply.ok, reply.status, reply.cut) = (false, None, Some(cut)));
        tape
    };
    let silent = "no reply within 20s of its last sign of life";
    assert_eq!(verdict_of(&result(), cut(silent, true)).0, Verdict::Error);
    let returns = scenario(json!([{"id": "x", "returns": {"step": "hit"}}]));
    assert_eq!(
        verdict_of(&returns, cut(silent, true)).0,
        Verdict::Fail,
        "who must come back and does not fails"
    );
    let exited = format!("{EXITED} with 1");
    assert_eq!(verdict_of(&result(), cut(&exited, false)).0, Verdict::Error);
    assert_eq!(verdict_of(&result(), cut(&exited, true)).0, Verdict::Fail, "a stimulus killed it");
    let other = scenario(json!([{"id": "x", "never": {"op": "jwks"}}]));
    assert_eq!(verdict_of(&other, cut(&exited, true)).0, Verdict::Fail, "whatever is asked");
    let unbounded = judge(&result(), &cut(&format!("{UNBOUNDED}: more than 40 requests"), false).run());
    assert!(unbounded.checks.iter().any(|check| check.id == "REF-01.I11" && check.verdict == Verdict::Fail));

    let mut run = renewal().run();
    run.header.trouble = Some("the adapter did not say hello".to_owned());
    let verdict = judge(&result(), &run);
    assert_eq!(
        (verdict.verdict, verdict.why.as_deref()),
        (Verdict::Error, Some("the adapter did not say hello"))
    );
    let mut run = renewal().run();
    run.header.dropped = 1;
    assert_eq!(judge(&result(), &run).verdict, Verdict::Error);
}

#[test]
fn a_history_with_a_hole_is_not_judged() {
    let scenario = scenario(json!([{"id": "x", "never": {"op": "exchange"}}]));
    let mut run = renewal().run();
    assert_eq!(judge(&scenario, &run).verdict, Verdict::Pass);
    run.entries.remove(4);
    let verdict = judge(&scenario, &run);
    assert_eq!(verdict.verdict, Verdict::Error);
    assert!(verdict.why.unwrap().starts_with("entry #5 of the history is missing, before #6"));
}

#[test]
fn how_the_client_ends_counts() {
    let ended = |code: Option<i32>, signal: Option<i32>, why: Option<&str>| {
        let mut tape = renewal();
        let text = "Traceback\n".to_owned();
        tape.add(Event::Output { stream: greenroom_model::history::Stream::Stderr, text });
        tape.add(Event::Exit { code, signal, why: why.map(str::to_owned) });
        verdict_of(&scenario(json!([{"id": "x", "never": {"op": "exchange"}}])), tape)
    };
    assert_eq!(ended(Some(0), None, None).0, Verdict::Pass);
    assert_eq!(ended(None, Some(9), Some("it did not end")).0, Verdict::Pass, "the kit ended it");
    let (verdict, why) = ended(Some(3), None, None);
    assert_eq!(verdict, Verdict::Error);
    assert_eq!(why, "the client ended with code 3, and not with 0\nits last words:\n  Traceback");
    assert_eq!(ended(None, Some(6), None).0, Verdict::Error);
}

#[test]
fn who_only_signs_in_has_not_called() {
    let mut tape = Tape::new();
    let hit = tape.call("hit");
    tape.mint(200, Some("msp#1"));
    tape.replied(hit, |_| {});
    let found = found(tape, json!({"result": {"step": "hit", "ok": true, "status": 200}}));
    assert_eq!(found.actual, "step hit succeeds with status 200; but it sent nothing during the step");
}

#[test]
fn members_of_a_step_are_of_its_phase() {
    let mut scenario = scenario(json!([{"id": "x", "result": {"step": "one", "ok": true}}]));
    scenario.steps = serde_json::from_value(json!([{"id": "both", "together": [
        {"id": "one", "call": {"client": "c", "api": "glp", "method": "GET", "path": "/a"}},
    ]}]))
    .unwrap();
    scenario.proofs[0].sent = Some(vec!["one".to_owned()]);
    let mut tape = Tape::new();
    let one = tape.call("one");
    tape.phase = Some("both".to_owned());
    tape.exchange(OpKind::Api, "msp#1", Some(200), |_, response| response.applied.push("s".to_owned()));
    tape.replied(one, |reply| {
        (reply.ok, reply.status, reply.cut) = (false, None, Some(format!("{EXITED} with 1")));
    });
    assert_eq!(judge(&scenario, &tape.run()).verdict, Verdict::Fail, "a stimulus touched its phase");
}

#[test]
fn an_adapter_that_cannot_is_no_client_that_fails() {
    let usage = |asks: bool| {
        let mut tape = Tape::new();
        let hit = tape.call("hit");
        if asks {
            tape.api("msp#1", 200);
        }
        tape.replied(hit, |reply| (reply.ok, reply.kind) = (false, Some("usage".to_owned())));
        tape
    };
    let result = scenario(json!([{"id": "x", "result": {"step": "hit", "ok": true}}]));
    assert_eq!(verdict_of(&result, usage(false)).0, Verdict::Error);
    assert_eq!(verdict_of(&result, usage(true)).0, Verdict::Fail);
}

/// The invariants that are broken.
fn broken(tape: Tape) -> Vec<(String, Verdict)> {
    let verdict = judge(&scenario(json!([{"id": "x", "never": {"op": "jwks"}}])), &tape.run());
    let other = verdict.checks.into_iter().filter(|check| check.id != "REF-01.x");
    other.map(|check| (check.id.trim_start_matches("REF-01.").to_owned(), check.verdict)).collect()
}

fn only(id: &str, verdict: Verdict) -> Vec<(String, Verdict)> {
    vec![(id.to_owned(), verdict)]
}

#[test]
fn a_good_client_breaks_no_invariant() {
    assert_eq!(broken(renewal()), []);
}

#[test]
fn leaks_break_invariants_by_where_they_are() {
    let stdout = Place::Output { stream: greenroom_model::history::Stream::Stdout };
    for (place, host, log, id, verdict) in [
        (stdout, None, Some("INFO"), "I2", Verdict::Fail),
        (stdout, None, None, "I2", Verdict::Fail),
        (stdout, None, Some("DEBUG"), "I2", Verdict::Warn),
        (Place::Message, None, None, "I2", Verdict::Fail),
        (Place::Header, Some("evil.example.net"), None, "I4", Verdict::Fail),
    ] {
        let mut tape = renewal();
        tape.leak("msp#1", place, host, log);
        assert_eq!(broken(tape), only(id, verdict), "{place:?} {log:?}");
    }
    for place in [Place::Header, Place::Body] {
        let mut tape = renewal();
        tape.leak("msp#1", place, None, None);
        assert_eq!(broken(tape), only("I5", Verdict::Fail), "{place:?}");
    }
    let mut tape = renewal();
    tape.leak("msp#1", Place::Url, None, None);
    let ids: Vec<_> = broken(tape).into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, ["I1", "I5"], "in a URL, and beside a header");
}

#[test]
fn a_call_carries_a_token_of_its_workspace() {
    let mut tape = renewal();
    let more = tape.call("more");
    tape.api("acme#1", 200);
    tape.replied(more, |_| {});
    assert_eq!(broken(tape), only("I3", Verdict::Fail));
    // Two calls that look the same are for either.
    let mut tape = renewal();
    let (one, other) = (tape.call("more"), tape.call("more"));
    tape.api("acme#1", 200);
    tape.replied(one, |_| {});
    tape.replied(other, |_| {});
    assert_eq!(broken(tape), []);
}

#[test]
fn a_call_is_tried_ten_times_at_most() {
    let tries = |count: usize, asked: usize| {
        let mut tape = Tape::new();
        let asked: Vec<_> = (0..asked).map(|_| tape.call("hit")).collect();
        for _ in 0..count {
            tape.api("msp#1", 503);
        }
        for id in asked {
            tape.replied(id, |_| {});
        }
        tape
    };
    assert_eq!(broken(tries(10, 1)), []);
    assert_eq!(broken(tries(11, 1)), only("I6", Verdict::Fail));
    assert_eq!(broken(tries(20, 2)), []);
    assert_eq!(broken(tries(21, 2)), only("I6", Verdict::Fail));
    // That the same was asked for in another step excuses nothing.
    let mut tape = Tape::new();
    let warm = tape.call("warm");
    tape.api("msp#1", 200);
    tape.replied(warm, |_| {});
    let hit = tape.call("hit");
    for _ in 0..11 {
        tape.api("msp#1", 503);
    }
    tape.replied(hit, |_| {});
    assert_eq!(broken(tape), only("I6", Verdict::Fail));
}

#[test]
fn nothing_is_sent_for_what_was_closed() {
    let closed = |reopened: bool| {
        let mut tape = renewal();
        let close = tape.step("close", "close", |_| {});
        tape.replied(close, |_| {});
        if reopened {
            let open = tape.step("again", "open", |_| {});
            tape.replied(open, |_| {});
        }
        tape.api("msp#2", 200);
        tape
    };
    assert_eq!(broken(closed(false)), only("I7", Verdict::Fail));
    assert_eq!(broken(closed(true)), []);

    let tenant = |twice: bool| {
        let mut tape = renewal();
        for name in if twice { &["acme", "acme2"][..] } else { &["acme"] } {
            let enter = tape.step("enter", "tenant", |note| {
                (note.object, note.workspace) = (Some((*name).to_owned()), Some("acme".to_owned()));
            });
            tape.exchange(OpKind::Exchange, "msp#2", Some(200), |_, response| {
                response.issued = Some("acme#1".to_owned());
            });
            tape.replied(enter, |_| {});
        }
        let close = tape.step("leave", "close", |note| note.client = Some("acme".to_owned()));
        tape.replied(close, |_| {});
        tape.api("acme#1", 200);
        tape
    };
    assert_eq!(broken(tenant(false)), only("I7", Verdict::Fail));
    assert_eq!(broken(tenant(true)), [], "another object of that tenant is open");
}

#[test]
fn only_hosts_of_the_cloud_are_spoken_to() {
    let mut tape = renewal();
    let (what, host) = ("refused".to_owned(), Some("pypi.example.org".to_owned()));
    tape.add(Event::Connection { connection: 9, what, host, why: None });
    assert_eq!(broken(tape), only("I8", Verdict::Fail));
    let mut tape = renewal();
    tape.exchange(OpKind::Other, "", Some(403), |_, response| {
        response.refused = Some("unexpected_host".to_owned())
    });
    assert_eq!(broken(tape), only("I8", Verdict::Fail));
}

#[test]
fn a_post_whose_effect_stands_is_not_sent_again() {
    let post = |first: Option<u16>, handled: Option<u16>, asked: usize| {
        let mut tape = Tape::new();
        for _ in 0..asked {
            tape.step("hit", "call", |note| {
                (note.method, note.path) = (Some("POST".to_owned()), Some("/a".to_owned()));
            });
        }
        for status in [first, Some(201)] {
            tape.exchange(OpKind::Api, "msp#1", status, |request, response| {
                request.method = "POST".into();
                if status == first {
                    response.handled = handled;
                }
            });
        }
        tape
    };
    assert_eq!(broken(post(Some(201), None, 1)), only("I9", Verdict::Warn));
    assert_eq!(broken(post(Some(502), Some(201), 1)), only("I9", Verdict::Warn), "the answer was changed");
    assert_eq!(broken(post(None, None, 1)), only("I9", Verdict::Warn), "nobody knows what became of it");
    assert_eq!(broken(post(Some(401), None, 1)), []);
    assert_eq!(broken(post(Some(201), None, 2)), [], "it was asked for twice");
}

#[test]
fn a_token_that_is_never_used_is_noted() {
    let mut tape = renewal();
    tape.mint(200, Some("msp#3"));
    assert_eq!(broken(tape), only("I10", Verdict::Note));
}

#[test]
fn a_run_that_is_written_and_read_again_is_judged_alike() {
    let scenario =
        scenario(json!([{"id": "x", "phase": "hit", "count": {"of": {"op": "mint"}, "is": "= 1"}}]));
    let run = waits(&[Capability::SleepEvents], 1, 1).run();
    let mut file = Vec::new();
    run.write(&mut file).unwrap();
    let read = Run::read(&file[..]).unwrap();
    assert_eq!(read, run);
    assert_eq!(judge(&scenario, &read), judge(&scenario, &run));
    for (file, says) in [
        ("", "line 1: the file is empty"),
        ("{}", "line 1: missing field `format`"),
        (r#"{"format":9}"#, "it is of format 9, and this Greenroom reads format 1: record the run again"),
    ] {
        let error = Run::read(file.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with(says), "{error}");
    }
    let broken = String::from_utf8(file).unwrap() + "{\"n\":}\n";
    let error = Run::read(broken.as_bytes()).unwrap_err().to_string();
    assert!(error.starts_with("line 12: "), "{error}");
}
