//! What rules do to the clock and to tokens, under the lock and around the real handler.

use greenroom_model::history::{Decision, Event};
use reqwest::Method;

use super::with_rules;
use crate::wire::{DEVICES, INVENTORY, Wire, credentials, issuer};

fn now(wire: &Wire) -> String {
    wire.emulator.clock().now().to_string()
}

/// What the rules did, in order.
fn did(wire: &Wire) -> Vec<String> {
    let (entries, _) = wire.emulator.history().entries(0);
    let did = |event| match event {
        Event::Fault { did, .. } => Some(did),
        _ => None,
    };
    entries.into_iter().filter_map(|entry| did(entry.event)).collect()
}

#[tokio::test]
async fn a_429_and_the_token_runs_out_while_the_client_waits() {
    let wire = with_rules(&[
        r#"{"id":"wait","when":{"op":"api","method":"GET","path":"/network-monitoring/*","nth":3},
            "do":[{"reply":{"status":429,"headers":{"retry-after":"30"}}},{"advance_after_reply":"16m"}]}"#,
    ])
    .await;
    let msp = wire.mint("msp").await;
    let abc = wire.exchange(&msp, "abc").await;
    let mut answers = Vec::new();
    for _ in 0..4 {
        answers.push(wire.get(INVENTORY, &abc).await);
    }
    assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [200, 200, 429, 401]);
    assert_eq!(answers[2].header("retry-after"), Some("30"));
    assert_eq!(answers[2].json()["errorCode"], "HPE_GL_ERROR_TOO_MANY_REQUESTS");
    assert_eq!(
        answers[2].header("date"),
        Some("Sun, 01 Mar 2026 10:00:00 GMT"),
        "the clock moves afterwards"
    );
    assert_eq!(answers[3].header("date"), Some("Sun, 01 Mar 2026 10:16:00 GMT"));
    let throttled = &wire.emulator.history().exchanges()[4];
    let response = throttled.response.as_ref().unwrap();
    assert_eq!((response.decision, response.status), (Decision::Faulted, Some(429)));
    assert_eq!(response.applied, ["wait"]);
    let (entries, _) = wire.emulator.history().entries(throttled.n);
    let order: Vec<_> = entries
        .iter()
        .take(3)
        .map(|entry| match &entry.event {
            Event::Fault { .. } => "fault",
            Event::Response(_) => "response",
            Event::Clock { .. } => "clock",
            _ => "other",
        })
        .collect();
    assert_eq!(order, ["fault", "response", "clock"]);
}

#[tokio::test]
async fn clocks_are_moved_in_written_order() {
    let wire = with_rules(&[
        r#"{"when":{"op":"api"},"do":[{"advance":"1m"},{"set":"2026-03-01T10:05:00Z"},{"advance":"1s"},{"set":"2026-03-01T10:00:00Z"}],"once":true}"#,
        r#"{"when":{"op":"api"},"do":[{"advance_to_expiry":"presented"}]}"#,
    ])
    .await;
    let token = wire.mint("msp").await;
    assert_eq!(wire.get(DEVICES, &token).await.status, 200);
    assert_eq!(now(&wire), "2026-03-01T10:05:01Z");
    assert_eq!(wire.get(DEVICES, &token).await.status, 401);
    assert_eq!(wire.get(DEVICES, "nobody's").await.status, 401);
    let did = did(&wire);
    assert!(did[0].starts_with("advance 1m") && did[0].ends_with("has passed already"), "{did:?}");
    assert!(did[2].contains("presents no token of ours"), "{did:?}");
}

#[tokio::test]
async fn tokens_run_out_or_are_taken_back() {
    for (action, refused) in [("expire", "expired"), ("revoke", "revoked")] {
        // By the name of the token, before it is looked at.
        let wire = with_rules(&[&format!(
            r#"{{"when":{{"op":"api","path":"{DEVICES}"}},"do":[{{"{action}":"abc#*"}}],"once":true}}"#
        )])
        .await;
        let msp = wire.mint("msp").await;
        let abc = wire.exchange(&msp, "abc").await;
        let zurich = wire.exchange(&msp, "zurich").await;
        assert_eq!(wire.get(DEVICES, &msp).await.status, 200);
        assert_eq!(wire.get(INVENTORY, &abc).await.status, 401);
        assert_eq!(wire.last_exchange().response.unwrap().refused.as_deref(), Some(refused));
        assert_eq!(wire.get(INVENTORY, &zurich).await.status, 200);
        assert_eq!(did(&wire), [format!("{action} abc#1")]);
        // The one that is presented, at the exchange.
        let wire = with_rules(&[&format!(
            r#"{{"when":{{"op":"exchange"}},"do":[{{"{action}":"presented"}}],"once":true}}"#
        )])
        .await;
        let first = wire.mint("msp").await;
        let second = wire.mint("msp").await;
        let answer = wire.try_exchange(&first, "abc").await;
        assert!(answer.status >= 400, "{answer:?}");
        assert_eq!(wire.last_exchange().response.unwrap().refused.as_deref(), Some(refused));
        assert_eq!(wire.try_exchange(&second, "abc").await.status, 200);
        assert_eq!(did(&wire), [format!("{action} msp#1")]);
    }
}

#[tokio::test]
async fn at_response_the_effect_stands_and_the_next_request_meets_it() {
    let wire = with_rules(&[r#"{"when":{"op":"mint","at":"response"},"do":[{"revoke":"msp#1"}]}"#]).await;
    let token = wire.mint("msp").await;
    assert_eq!(wire.get(DEVICES, &token).await.status, 401);
}

#[tokio::test]
async fn a_secret_is_rotated_under_a_client() {
    let wire = with_rules(&[r#"{"when":{"op":"api"},"do":[{"rotate_secret":"msp"}],"once":true}"#]).await;
    let token = wire.mint("msp").await;
    assert_eq!(wire.get(DEVICES, &token).await.status, 401, "the tokens of the old secret go with it");
    let (id, secret) = credentials("msp");
    let form = [("grant_type", "client_credentials"), ("client_id", &*id), ("client_secret", &*secret)];
    assert_eq!(wire.post(&issuer("msp"), &[], &form).await.verdict(), "401 invalid_client");
}

#[tokio::test]
async fn what_is_answered_in_place_of_the_handler() {
    for (reply, status, body) in [
        (r#"{"status":503}"#, 503, "HPE_GL_ERROR_SERVICE_UNAVAILABLE"),
        (r#"{"status":401}"#, 401, "expired"),
        (r#"{"status":429}"#, 429, "HPE_GL_ERROR_TOO_MANY_REQUESTS"),
        (r#"{"status":418,"body":{"a":1}}"#, 418, r#"{"a":1}"#),
        (r#"{"status":204}"#, 204, ""),
    ] {
        let wire = with_rules(&[&format!(r#"{{"when":{{"op":"api"}},"do":[{{"reply":{reply}}}]}}"#)]).await;
        let token = wire.mint("msp").await;
        let body_of = |method: Method| {
            let bearer = format!("Bearer {token}");
            let wire = &wire;
            async move {
                wire.send(method, "/workspaces/v1/credentials", &[("authorization", &bearer)], "{}").await
            }
        };
        let answer = body_of(Method::POST).await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert!(answer.text.contains(body), "{answer:?}");
        let exchange = wire.last_exchange().response.unwrap();
        assert_eq!((exchange.decision, exchange.changes.len()), (Decision::Faulted, 0));
    }
}

#[tokio::test]
async fn a_429_of_a_rule_says_the_numbers_that_are_counted() {
    for (dialect, limit) in
        [("rate_limits=documented", "160"), ("rate_limits=custom:7/1m", "7"), ("rate_limits=off", "1000")]
    {
        let wire = with_rules(&[r#"{"when":{"op":"api"},"do":[{"reply":{"status":429}}]}"#]).await;
        wire.dialect(&[dialect]);
        let token = wire.mint("msp").await;
        let answer = wire.get(DEVICES, &token).await;
        let headers = ["ratelimit-limit", "ratelimit-remaining"].map(|name| answer.header(name));
        assert_eq!(headers, [Some(limit), Some("0")], "{dialect}");
    }
}

#[tokio::test]
async fn token_endpoints_answer_in_their_own_words() {
    for (status, error) in [(401, "invalid_client"), (429, "temporarily_unavailable"), (500, "server_error")]
    {
        let rule = format!(r#"{{"when":{{"op":"mint"}},"do":[{{"reply":{{"status":{status}}}}}]}}"#);
        let wire = with_rules(&[&rule]).await;
        let answer = wire.post(&issuer("msp"), &[], &[("grant_type", "client_credentials")]).await;
        assert_eq!(answer.verdict(), format!("{status} {error}"));
    }
}
