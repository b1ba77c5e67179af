//! What no client may do, whatever a scenario asks.

use super::*;

/// The invariants that are broken.
fn broken(tape: Tape) -> Vec<(String, Verdict)> {
    let verdict = judge(&scenario(json!([{"id": "x", "never": {"op": "jwks"}}])), &tape.run());
    let other = verdict.checks.into_iter().filter(|check| check.id != "REF-01.x");
    let told = |check: CheckVerdict| {
        let cause = check.cause.unwrap_or_default();
        assert!(cause.len() > 20, "{}: the usual cause is {cause:?}", check.id);
        (check.id.trim_start_matches("REF-01.").to_owned(), check.verdict)
    };
    other.map(told).collect()
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
    let mut spoilt = renewal();
    spoilt.exchange(OpKind::Mint, "", Some(200), |_, response| {
        response.issued = Some("msp#3".to_owned());
        response.applied.push("of-type-mac".to_owned());
    });
    assert_eq!(broken(spoilt), [], "nobody has to use a token whose answer a stimulus touched");
}

#[test]
fn a_leak_that_is_no_word_for_debugging_is_told_first() {
    let mut tape = renewal();
    let output = || Place::Output { stream: greenroom_model::history::Stream::Stderr };
    tape.leak("msp#1", output(), None, Some("DEBUG"));
    tape.leak("msp#2", output(), None, Some("INFO"));
    assert_eq!(broken(tape), only("I2", Verdict::Fail));
}

#[test]
fn a_token_in_a_body_breaks_nothing_where_none_is_in_the_header() {
    let mut tape = renewal();
    tape.mint(200, Some("msp#3"));
    tape.leak("client:msp", Place::Body, None, None);
    tape.api("msp#3", 200);
    assert_eq!(broken(tape), []);
}

#[test]
fn only_what_a_call_asked_for_is_held_against_its_workspace() {
    type Change = fn(&mut Request);
    let changes: [(Change, bool); 6] = [
        (|_| {}, true),
        (|request| request.method = "PUT".into(), false),
        (|request| request.path = "/b".into(), false),
        (|request| request.query = "limit=2&offset=1".into(), false),
        (|request| request.json = Some("2".into()), false),
        // Of a body that is no JSON the text counts.
        (|request| (request.json, request.body) = (None, Some("1".into())), true),
    ];
    for (nth, (change, is_it)) in changes.into_iter().enumerate() {
        let mut tape = renewal();
        let more = tape.step("more", "call", |note| {
            (note.method, note.path) = (Some("POST".to_owned()), Some("/a".to_owned()));
            (note.query, note.body) = (Some("offset=1&limit=1".to_owned()), Some("1".to_owned()));
        });
        tape.exchange(OpKind::Api, "acme#1", Some(200), |request, _| {
            (request.method, request.query) = ("POST".into(), "limit=1&offset=1".into());
            request.json = Some("1".into());
            change(request);
        });
        tape.replied(more, |_| {});
        assert_eq!(broken(tape), if is_it { only("I3", Verdict::Fail) } else { vec![] }, "{nth}");
    }
}

#[test]
fn calls_are_told_apart_by_what_they_are() {
    // Eleven requests, no two of which are for the same.
    let mut tape = Tape::new();
    let hit = tape.call("hit");
    for nth in 0..11 {
        tape.exchange(OpKind::Api, "msp#1", Some(200), |request, _| request.query = format!("limit={nth}"));
    }
    tape.replied(hit, |_| {});
    assert_eq!(broken(tape), []);
}

#[test]
fn what_was_not_done_changes_nothing_about_what_is_closed() {
    let story = |verb: &str, change: fn(&mut StepNote, &mut ReplyNote)| {
        let mut tape = renewal();
        let (mut skipped, mut reply) = (StepNote::default(), ReplyNote { ok: true, ..ReplyNote::default() });
        change(&mut skipped, &mut reply);
        let first = if verb == "close" {
            tape.step("close", "close", |note| note.skipped = skipped.skipped.clone())
        } else {
            let close = tape.step("close", "close", |_| {});
            tape.replied(close, |_| {});
            tape.step("again", verb, |note| note.skipped = skipped.skipped.clone())
        };
        tape.replied(first, |note| note.ok = reply.ok);
        tape.api("msp#2", 200);
        broken(tape)
    };
    let skipped = |note: &mut StepNote, _: &mut ReplyNote| note.skipped = Some("no such object".to_owned());
    let failed = |_: &mut StepNote, reply: &mut ReplyNote| reply.ok = false;
    assert_eq!(story("open", skipped), only("I7", Verdict::Fail), "nothing was opened");
    assert_eq!(story("close", failed), [], "it was not closed");
}

#[test]
fn who_is_started_anew_has_nothing_open() {
    let mut tape = renewal();
    let restart = tape.step("restart", "restart", |_| {});
    tape.replied(restart, |_| {});
    let close = tape.step("close", "close", |_| {});
    tape.replied(close, |_| {});
    tape.api("msp#2", 200);
    assert_eq!(broken(tape), only("I7", Verdict::Fail));
}

#[test]
fn a_call_that_is_under_way_may_end_after_the_close() {
    let mut tape = renewal();
    let slow = tape.call("slow");
    let close = tape.step("close", "close", |_| {});
    tape.replied(close, |_| {});
    tape.api("msp#2", 200);
    tape.replied(slow, |_| {});
    assert_eq!(broken(tape), []);
}

#[test]
fn who_enters_a_tenant_again_may_know_its_token() {
    let mut tape = renewal();
    let enter = |tape: &mut Tape, object: &str, workspace: &str| {
        let enter = tape.step("enter", "tenant", |note| {
            (note.object, note.workspace) = (Some(object.to_owned()), Some(workspace.to_owned()));
        });
        tape.replied(enter, |_| {});
    };
    tape.exchange(OpKind::Exchange, "msp#2", Some(200), |_, response| {
        response.issued = Some("acme#1".to_owned());
    });
    enter(&mut tape, "acme", "acme");
    let close = tape.step("leave", "close", |note| note.client = Some("acme".to_owned()));
    tape.replied(close, |_| {});
    enter(&mut tape, "other", "globex");
    let mut again = Tape { entries: tape.entries.clone(), phase: tape.phase.clone(), ..Tape::new() };
    again.asked = tape.asked;
    tape.api("acme#1", 200);
    assert_eq!(broken(tape), only("I7", Verdict::Fail), "another one was entered");
    enter(&mut again, "acme-again", "acme");
    again.api("acme#1", 200);
    assert_eq!(broken(again), []);
}

#[test]
fn connections_that_come_and_go_are_nobody_s_host() {
    let mut tape = renewal();
    let host = Some("global.api.greenlake.hpe.com".to_owned());
    tape.add(Event::Connection { connection: 9, what: "tunnel".to_owned(), host, why: None });
    assert_eq!(broken(tape), []);
}

#[test]
fn reads_may_be_sent_again() {
    let mut tape = Tape::new();
    let hit = tape.call("hit");
    tape.api("msp#1", 200);
    tape.api("msp#1", 200);
    tape.replied(hit, |_| {});
    assert_eq!(broken(tape), []);
}
