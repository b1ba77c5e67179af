//! Each kind of check, where it holds and where it does not.

use super::*;

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

#[test]
fn what_a_caller_is_told_is_the_message_of_a_failure_or_the_status_that_is_handed_on() {
    let named = "no entry for 0C2D";
    for (ok, status, message, says, verdict) in [
        (false, None, Some("Mint: 503 from SSO"), json!("*503*"), Verdict::Pass),
        (false, None, Some("Mint: 503 from SSO"), json!(["*502*", "*from sso"]), Verdict::Pass),
        (false, Some(503), Some("it is broken"), json!("*503*"), Verdict::Fail),
        (false, Some(503), None, json!("*503*"), Verdict::Fail),
        (false, None, Some(named), json!("*client:msp.id*"), Verdict::Pass),
        (false, None, Some("client:msp.id"), json!("*client:msp.id*"), Verdict::Fail),
        (true, Some(503), None, json!("*503*"), Verdict::Pass),
        (true, Some(502), None, json!("*503*"), Verdict::Fail),
        (true, Some(200), Some("503"), json!(["*503*", "*200*"]), Verdict::Fail),
        (true, None, None, json!("*503*"), Verdict::Fail),
    ] {
        let mut tape = Tape::new();
        let hit = tape.call("hit");
        tape.mint(503, None);
        tape.replied(hit, |reply| {
            (reply.ok, reply.status, reply.message) = (ok, status, message.map(str::to_owned));
        });
        let found = found(tape, json!({"result": {"step": "hit", "says": says}}));
        assert_eq!(found.verdict, verdict, "{says} of {ok} {status:?} {message:?}: {}", found.actual);
    }
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
fn waits_between_tries_are_looked_at_one_by_one_and_as_a_whole() {
    use Verdict::{Fail, Pass};
    let api = json!({"op": "api"});
    for (waits, wanted, verdict, actual) in [
        (&[1, 2, 4][..], json!({"grow": true}), Pass, "1s, 2s, 4s, together 7s"),
        (&[2, 2], json!({"grow": true}), Pass, "2s, 2s, together 4s"),
        (&[1, 3, 2], json!({"grow": true}), Fail, "1s, 3s, 2s, together 6s"),
        (&[2, 2], json!({"distinct": ">= 2"}), Fail, "2s, 2s, together 4s"),
        (&[2, 3, 2], json!({"distinct": "= 2"}), Pass, "2s, 3s, 2s, together 7s"),
        (&[2, 1], json!({"min": "2s"}), Fail, "2s, 1s, together 3s"),
        (&[2, 3], json!({"min": "2s"}), Pass, "2s, 3s, together 5s"),
        (&[400, 201], json!({"most": "10m"}), Fail, "6m 40s, 3m 21s, together 10m 1s"),
        (&[400, 200], json!({"most": "10m"}), Pass, "6m 40s, 3m 20s, together 10m"),
        (&[7], json!({"min": "2s", "most": "5s"}), Fail, "7s"),
        (&[7], json!({"grow": true, "distinct": ">= 1"}), Pass, "7s"),
        (&[], json!({"grow": true}), Fail, "#3 api msp#1 → 503: that is no wait between two"),
        (&[], json!({"distinct": "<= 2"}), Fail, "#3 api msp#1 → 503: that is no wait between two"),
        (&[], json!({"min": "1s"}), Fail, "#3 api msp#1 → 503: that is no wait between two"),
        (&[], json!({"most": "1s", "min": "1s"}), Fail, "#3 api msp#1 → 503: that is no wait between two"),
        (&[1, 3], json!({"least": "4s"}), Pass, "1s, 3s, together 4s"),
        (&[1, 3], json!({"least": "5s"}), Fail, "1s, 3s, together 4s"),
        (&[], json!({"least": "1s"}), Fail, "#3 api msp#1 → 503: that is no wait between two"),
        (&[], json!({"most": "1s"}), Pass, "#3 api msp#1 → 503: that is no wait between two"),
    ] {
        let mut delays = wanted.clone();
        delays["of"] = api.clone();
        let check = json!({"delays": delays});
        for can in [&[][..], &[Capability::SleepEvents]] {
            let found = found(tries(can, waits), check.clone());
            let (_, said) = found.actual.split_once(": ").unwrap();
            assert_eq!((found.verdict, said), (verdict, actual), "{waits:?} {wanted} {can:?}");
        }
    }
    let mut unanswered = Tape::new();
    let hit = unanswered.call("hit");
    unanswered.exchange(OpKind::Api, "msp#1", None, |_, _| {});
    unanswered.api("msp#1", 200);
    unanswered.replied(hit, |_| {});
    let found = found(unanswered, json!({"delays": {"of": api, "most": "1s"}}));
    assert_eq!((found.verdict, found.actual.as_str()), (Fail, "#3 was never answered"));
}

#[test]
fn a_connection_counts_that_was_open_when_the_client_was_told_to_end() {
    let connection = |tape: &mut Tape, connection, what: &str| {
        tape.add(Event::Connection { connection, what: what.to_owned(), host: None, why: None });
    };
    // What happens before and after the farewell; none, if the client did not live that long.
    let tape = |before: &[(u64, &str)], after: Option<&[(u64, &str)]>| {
        let mut tape = renewal();
        before.iter().for_each(|(number, what)| connection(&mut tape, *number, what));
        if let Some(after) = after {
            tape.add(Event::Farewell {});
            after.iter().for_each(|(number, what)| connection(&mut tape, *number, what));
        }
        tape
    };
    let none = json!({"sockets": {"is": "= 0"}});
    let opened = [(7, "opened"), (7, "tunnel"), (8, "opened")];
    let closed = [(7, "opened"), (7, "closed"), (8, "opened"), (8, "ended-by-rule"), (8, "closed")];
    for (tape, verdict, actual) in [
        (tape(&[], Some(&[])), Verdict::Pass, "none"),
        (tape(&closed, Some(&[])), Verdict::Pass, "none"),
        (tape(&opened, Some(&[(7, "closed"), (8, "closed")])), Verdict::Fail, "2: connection 7, 8"),
        (tape(&[(7, "opened"), (8, "opened"), (7, "closed")], Some(&[])), Verdict::Fail, "1: connection 8"),
        (tape(&closed, Some(&[(9, "opened")])), Verdict::Pass, "none"),
        (tape(&closed, None), Verdict::Fail, "the client did not live to be told to end"),
    ] {
        let found = found(tape, none.clone());
        assert_eq!((found.verdict, found.actual.as_str()), (verdict, actual));
    }
    // At a restart, it is told to end before the last time.
    let mut restarted = tape(&opened, Some(&[(7, "closed"), (8, "closed"), (9, "opened"), (9, "closed")]));
    restarted.add(Event::Farewell {});
    assert_eq!(found(restarted, none).actual, "2: connection 7, 8");
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

#[test]
fn an_outcome_is_told_in_two_ways_and_no_third() {
    let is = |wanted: Value, ok: bool, status: Option<u16>, kind: Option<&str>| {
        let mut tape = Tape::new();
        let hit = tape.call("hit");
        tape.api("msp#1", 200);
        let kind = kind.map(str::to_owned);
        tape.replied(hit, |reply| (reply.ok, reply.status, reply.kind) = (ok, status, kind));
        let mut result = wanted;
        result["step"] = "hit".into();
        found(tape, json!({"result": result})).verdict == Verdict::Pass
    };
    for (outcome, handed_on, other) in [("auth", 401, 429), ("rate", 429, 401)] {
        let is = |ok, status, kind| is(json!({"outcome": outcome}), ok, status, kind);
        assert!(is(false, None, Some(outcome)) && is(true, Some(handed_on), None), "{outcome}");
        assert!(!is(false, Some(handed_on), Some("api")) && !is(false, Some(handed_on), None), "{outcome}");
        assert!(!is(true, Some(200), None) && !is(true, Some(other), None), "{outcome}");
        assert!(!is(true, None, Some(outcome)), "{outcome}: it went well");
    }
    assert!(is(json!({"kind": "rate"}), false, None, Some("rate")));
    assert!(
        !is(json!({"kind": "rate"}), false, None, Some("auth"))
            && !is(json!({"kind": "rate"}), false, None, None)
    );
}

#[test]
fn who_comes_back_comes_back_in_time() {
    let after = |step: &str, within: &str| {
        let mut tape = Tape::new();
        for (step, took) in [("before", 9_000), ("hit", 5_000), ("later", 30_000)] {
            let asked = tape.call(step);
            tape.api("msp#1", 200);
            tape.pass(took);
            tape.replied(asked, |_| {});
        }
        found(tape, json!({"returns": {"step": step, "within": within}})).verdict
    };
    assert_eq!(after("hit", "5s"), Verdict::Pass);
    assert_eq!(after("hit", "4s"), Verdict::Fail);
    assert_eq!((after("later", "30s"), after("later", "29s")), (Verdict::Pass, Verdict::Fail));
}

#[test]
fn what_is_first_does_not_come_before_itself() {
    let before_itself = found(renewal(), json!({"never": {"op": "api", "before": {"op": "api"}}}));
    assert_eq!(before_itself.verdict, Verdict::Pass, "{before_itself:?}");
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
