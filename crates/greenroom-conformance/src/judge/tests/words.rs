//! How expectations and what was seen are told.

use super::*;

#[test]
fn what_is_expected_is_told_in_words() {
    for (check, told) in [
        (json!({"result": {"step": "hit", "ok": true, "status": 200}}), "hit succeeds, gives status 200"),
        (
            json!({"result": {"step": "hit", "ok": false, "kind": "rate", "all": true}}),
            "every hit fails, tells of a failure of kind rate",
        ),
        (
            json!({"phase": ["warm", "hit"], "result": {"step": "hit", "outcome": "auth"}}),
            "hit tells that it was not let in during warm, hit",
        ),
        (
            json!({"result": {"step": "hit", "outcome": "rate", "says": ["*a*", "*b*"]}}),
            "hit tells that there were too many requests, says *a* or *b*",
        ),
        (json!({"result": {"step": "all", "ids": "devices(@acme)"}}), "all gives devices(@acme), each once"),
        (json!({"returns": {"step": "hit", "within": "10s"}}), "step hit comes back within 10s"),
        (
            json!({"after": {"fired": "runs-out"}, "count": {"of": {"op": "mint"}, "is": "= 1"}}),
            "= 1: mint, after runs-out fired",
        ),
        (
            json!({"after": {"step": "warm"}, "never": {"op": "api", "token": "acme#1"}}),
            "no api with token acme#1, after step warm",
        ),
        (
            json!({"never": {"op": "mint", "before": {"op": "api", "status": 401, "nth": 2}}}),
            "no mint before the first api number 2 → 401",
        ),
        (
            json!({"never": {"op": "exchange", "workspace": "@acme", "refused": "expired", "status": [400, 401]}}),
            "no exchange with workspace @acme → 400 or 401, refused: expired",
        ),
        (
            json!({"count": {"of": {"op": "api", "fired": "busy"}, "is": "<= 2"}}),
            "<= 2: api → touched by busy",
        ),
        (json!({"order": [{"op": "mint"}, {"op": "api"}]}), "mint, then api"),
        (
            json!({"gap": {"from": {"op": "api", "status": 429}, "to": {"op": "api"}, "min": "3s"}}),
            "at least 3s from the answer of api → 429 to api",
        ),
        (
            json!({"delays": {"of": {"op": "api"}, "grow": true, "distinct": ">= 2", "min": "1s", "least": "3s", "most": "1m"}}),
            "waits between one api and the next: none shorter than the one before, >= 2 different ones, each at least 1s, \
             at least 3s together, at most 1m together",
        ),
        (
            json!({"same": {"a": {"op": "api", "nth": 1}, "b": {"op": "api", "nth": 2}}}),
            "api number 2 is the same request as api number 1",
        ),
        (
            json!({"leak": {"symbol": "msp#1", "where": ["output", "message"], "is": "= 0"}}),
            "= 0 leaks of msp#1 in output or message",
        ),
        (json!({"leak": {"is": "= 0"}}), "= 0 leaks of tokens and secrets"),
        (
            json!({"oneof": [{"grade": "ideal", "never": {"op": "mint"}}, {"grade": "allowed", "never": {"op": "api"}}]}),
            "no mint; or no api",
        ),
    ] {
        assert_eq!(found(renewal(), check.clone()).expected, told, "{check}");
    }
}

#[test]
fn of_a_long_list_the_first_eight_are_told() {
    let told = |count: usize| {
        let mut tape = Tape::new();
        let hit = tape.call("hit");
        for _ in 0..count {
            tape.api("msp#1", 503);
        }
        tape.replied(hit, |_| {});
        found(tape, json!({"never": {"op": "api"}})).actual
    };
    let one = |n: usize| format!("#{n} api msp#1 → 503");
    let eight: Vec<_> = (0..8).map(|nth| one(3 + 2 * nth)).collect();
    assert_eq!(told(8), format!("8: {}", eight.join(", ")));
    assert_eq!(told(9), format!("9: {}, and 1 more", eight.join(", ")));
    // Of waits likewise.
    let told = |count: usize| {
        let found = found(
            tries(&[Capability::SleepEvents], &vec![1; count]),
            json!({"delays": {"of": {"op": "api"}, "min": "2s"}}),
        );
        found.actual.split_once(": ").unwrap().1.to_owned()
    };
    let eight = ["1s"; 8].join(", ");
    assert_eq!(told(8), format!("{eight}, together 8s"));
    assert_eq!(told(9), format!("{eight}, and 1 more, together 9s"));
}

#[test]
fn what_was_seen_is_told_with_the_token_that_counts() {
    let mut tape = renewal();
    tape.exchange(OpKind::Exchange, "msp#2", Some(400), |_, response| {
        response.refused = Some("expired".to_owned());
    });
    let n = tape.entries.len() - 1;
    let seen = found(tape, json!({"never": {"op": "exchange"}}));
    assert_eq!(seen.actual, format!("1: #{n} exchange msp#2 → 400 expired"));
    let mut tape = renewal();
    tape.leak("msp#1", Place::Body, Some("evil.example.net"), None);
    let n = tape.entries.len();
    let seen = found(tape, json!({"leak": {"is": "= 0"}}));
    assert_eq!(seen.actual, format!("#{n} msp#1 (raw) in body of #{} at evil.example.net", n - 3));
}

#[test]
fn a_parameter_of_the_query_tells_requests_apart() {
    let asked = |queries: [&str; 2]| {
        let mut tape = Tape::new();
        let hit = tape.call("hit");
        for query in queries {
            tape.exchange(OpKind::Api, "msp#1", Some(200), |request, _| request.query = query.to_owned());
        }
        tape.replied(hit, |_| {});
        let distinct = json!({"distinct": {"field": "query.next", "of": {"op": "api"}, "is": "= 2"}});
        found(tape, distinct).verdict
    };
    assert_eq!(asked(["limit=1&next=2", "limit=1&next=3"]), Verdict::Pass);
    assert_eq!(asked(["limit=1&next=2", "limit=2&next=2"]), Verdict::Fail);
}
