//! What must have happened before anything is proven.

use super::*;

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
        if !met {
            assert!(why.contains("gate g opened with 7 waiting and 50 steps under way, by quiet"), "{why}");
        }
    }
    let (verdict, why) = verdict_of(&proven(json!({"id": "p", "gate": {"id": "other"}})), tape());
    assert_eq!(verdict, Verdict::Inconclusive);
    assert!(why.contains("gate other never opened"), "{why}");
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
fn who_passes_the_proxy_by_is_not_judged() {
    let wants = |ok: bool| scenario(json!([{"id": "x", "result": {"step": "hit", "ok": ok}}]));
    let told = |change: fn(&mut ReplyNote)| {
        let mut tape = Tape::new();
        let hit = tape.call("hit");
        tape.replied(hit, change);
        tape
    };
    let failed = |reply: &mut ReplyNote| {
        (reply.ok, reply.status, reply.kind) = (false, None, Some("transport".to_owned()));
    };
    for tape in [told(|_| {}), told(failed)] {
        let (verdict, why) = verdict_of(&wants(true), tape);
        assert_eq!(verdict, Verdict::Error);
        assert!(
            why.contains("no request of it arrived: let the client's requests go through the proxy"),
            "{why}"
        );
    }
    // It was to fail: a client that sends nothing then may be right.
    assert_eq!(verdict_of(&wants(false), told(failed)).0, Verdict::Inconclusive);
    // A connection came, and a call that was left out says nothing.
    let mut came = told(failed);
    came.add(Event::Connection { connection: 1, what: "opened".to_owned(), host: None, why: None });
    assert_eq!(verdict_of(&wants(true), came).0, Verdict::Fail);
    let mut left_out = Tape::new();
    let hit = left_out.step("hit", "call", |note| note.skipped = Some("enter".to_owned()));
    left_out.replied(hit, failed);
    assert_ne!(verdict_of(&wants(true), left_out).0, Verdict::Error);
    // A client that refuses what it is given fails by itself, whatever road it takes.
    let mut refuses = Tape::new();
    let open = refuses.step("open", "open", |_| {});
    refuses.replied(open, |reply| {
        (reply.ok, reply.status, reply.kind) = (false, None, Some("other".to_owned()))
    });
    assert_ne!(verdict_of(&wants(true), refuses).0, Verdict::Error);
    // Nor is who opens without a request to be blamed.
    let mut opened = Tape::new();
    let open = opened.step("open", "open", |_| {});
    opened.replied(open, |reply| reply.status = None);
    assert_ne!(verdict_of(&wants(true), opened).0, Verdict::Error);
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
fn a_step_that_is_to_fail_proves_nothing_against_the_client() {
    let unproven = |expect: Value| {
        let mut wants = scenario(json!([expect]));
        wants.proofs = vec![serde_json::from_value(json!({"id": "p", "fired": "runs-out"})).unwrap()];
        let mut tape = Tape::new();
        let hit = tape.call("hit");
        tape.api("msp#1", 200);
        tape.replied(hit, |reply| {
            (reply.ok, reply.status, reply.kind) = (false, Some(403), Some("auth".to_owned()))
        });
        verdict_of(&wants, tape).0
    };
    let of = |step: &str, what: Value| {
        let mut result = what;
        result["step"] = step.into();
        json!({"id": "x", "result": result})
    };
    for may in [
        json!({"ok": false}),
        json!({"status": 400}),
        json!({"status": 403}),
        json!({"kind": "auth"}),
        json!({"outcome": "auth"}),
    ] {
        assert_eq!(unproven(of("hit", may.clone())), Verdict::Inconclusive, "{may}");
        assert_eq!(unproven(of("other", may.clone())), Verdict::Fail, "{may} of another step");
        let mut ways = [may.clone(), json!({"ok": true})].map(|way| {
            let mut way = of("hit", way);
            way.as_object_mut().unwrap().remove("id");
            way["grade"] = "allowed".into();
            way
        });
        ways[0]["grade"] = "ideal".into();
        assert_eq!(unproven(json!({"id": "x", "oneof": ways})), Verdict::Inconclusive, "{may}, or not");
    }
    for must in [json!({"ok": true}), json!({"status": 200}), json!({"status": 399})] {
        assert_eq!(unproven(of("hit", must.clone())), Verdict::Fail, "{must}");
    }
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

#[test]
fn who_has_no_mode_separate_is_not_asked_about_it() {
    let opens = |mode: &str| {
        let mut wants = scenario(json!([{"id": "x", "count": {"of": {"op": "mint"}, "is": "= 2"}}]));
        let open = json!({"id": "open", "open": {"as": "c", "mode": mode}});
        wants.steps = vec![serde_json::from_value(open).unwrap()];
        wants
    };
    let refused = |kind: &str, sends: bool| {
        let mut tape = Tape::new();
        let open = tape.step("open", "open", |_| {});
        if sends {
            tape.api("msp#1", 200);
        }
        let (kind, message) = (Some(kind.to_owned()), Some("no such mode".to_owned()));
        tape.replied(open, |reply| {
            (reply.ok, reply.status, reply.kind, reply.message) = (false, None, kind, message)
        });
        tape
    };
    let (verdict, why) = verdict_of(&opens("separate"), refused("usage", false));
    assert_eq!((verdict, &*why), (Verdict::NotApplicable, "the client has no mode separate: no such mode"));
    for (mode, kind, sends) in
        [("unified", "usage", false), ("separate", "auth", false), ("separate", "usage", true)]
    {
        assert_ne!(
            verdict_of(&opens(mode), refused(kind, sends)).0,
            Verdict::NotApplicable,
            "{mode} {kind} {sends}"
        );
    }
    // It is about the step that opens, and not about another that is refused.
    let mut elsewhere = Tape::new();
    let hit = elsewhere.call("hit");
    elsewhere
        .replied(hit, |reply| (reply.ok, reply.status, reply.kind) = (false, None, Some("usage".to_owned())));
    assert_ne!(verdict_of(&opens("separate"), elsewhere).0, Verdict::NotApplicable);
}
