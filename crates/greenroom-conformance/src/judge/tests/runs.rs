//! Runs as a whole: what breaks down, how clients end, what is read again.

use super::*;

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
fn why_there_is_no_verdict_is_told() {
    let mut tape = Tape::new();
    let hit = tape.call("hit");
    tape.api("msp#1", 200);
    let silent = "no reply within 20s of its last sign of life".to_owned();
    tape.replied(hit, |reply| (reply.ok, reply.status, reply.cut) = (false, None, Some(silent)));
    let wants = scenario(json!([{"id": "x", "result": {"step": "hit", "ok": true}}]));
    let why = verdict_of(&wants, tape).1;
    assert_eq!(why, "step hit: no reply within 20s of its last sign of life");
}

#[test]
fn who_dies_of_a_stimulus_fails_once() {
    let exited = || {
        let mut tape = Tape::new();
        let hit = tape.call("hit");
        tape.exchange(OpKind::Api, "msp#1", Some(200), |_, response| response.applied.push("s".to_owned()));
        tape.replied(hit, |reply| {
            (reply.ok, reply.status, reply.cut) = (false, None, Some(format!("{EXITED} with 1")));
        });
        tape
    };
    let ids = |checks: Value| -> Vec<String> {
        let verdict = judge(&scenario(checks), &exited().run());
        verdict.checks.into_iter().filter(|it| it.verdict == Verdict::Fail).map(|it| it.id).collect()
    };
    // A check about the step says so already, and where none is somebody has to.
    assert_eq!(ids(json!([{"id": "x", "result": {"step": "hit", "ok": true}}])), ["REF-01.x"]);
    assert_eq!(ids(json!([{"id": "x", "returns": {"step": "hit"}}])), ["REF-01.x"]);
    assert_eq!(
        ids(json!([{"id": "x", "result": {"step": "other", "ok": true}}])),
        ["REF-01.x", "REF-01.exit"]
    );
}

#[test]
fn who_is_started_anew_must_have_ended_by_itself() {
    let check = json!({"returns": {"step": "again"}});
    for (why, verdict, actual) in [
        (None, Verdict::Pass, "step again came back"),
        (Some("it did not end"), Verdict::Fail, "it did not end"),
    ] {
        let mut tape = renewal();
        let id = tape.step("again", "restart", |_| {});
        let code = why.is_none().then_some(0);
        tape.add(Event::Exit { code, signal: why.map(|_| 9), why: why.map(str::to_owned) });
        tape.add(Event::Reply(ReplyNote { id, step: "again".to_owned(), ok: true, ..ReplyNote::default() }));
        let found = found(tape, check.clone());
        assert_eq!((found.verdict, found.actual.as_str()), (verdict, actual));
    }
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
