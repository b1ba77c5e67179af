//! One clock, and the same bytes for the same requests.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use greenroom_emulator::{
    Emulator,
    command::{Command, Reply},
};
use jiff::{SignedDuration, Timestamp};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use reqwest::{Client, Method};
use serde_json::Value;

use super::claims;
use crate::wire::{
    AUDIT_LOG, Answer, DEVICES, INVENTORY, LIST_TENANTS, MSP_TENANTS, PROVISIONS, Wire, access_token, answer,
    credentials, exchange_form, issuer, workspace_id,
};

/// A tour of every route and every family of errors. Returns each answer as its bytes.
async fn tour(wire: &Wire) -> Vec<(String, String)> {
    let mut answers = Vec::new();
    let mut keep = |what: &str, answer: Answer| {
        let mut headers: Vec<_> =
            answer.headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
        // The connection's own business, not the answer's.
        headers.retain(|header| !header.starts_with("connection:"));
        answers
            .push((what.to_owned(), format!("{}\n{}\n\n{}", answer.status, headers.join("\n"), answer.text)));
        answer
    };
    let (id, secret) = credentials("msp");
    let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
    let mint = [("grant_type", "client_credentials")];
    let auth = [("authorization", basic.as_str())];
    let sso = keep("sso", wire.post("/as/token.oauth2", &auth, &mint).await);
    let msp = access_token(&keep("workspace", wire.post(&issuer("msp"), &auth, &mint).await));
    let tenant = access_token(&keep("tenant", wire.post(&issuer("abc"), &[], &exchange_form(&msp)).await));
    keep("bad client", wire.post("/as/token.oauth2", &[("authorization", "Basic eDp5")], &mint).await);
    keep("bad grant", wire.post(&issuer("msp"), &auth, &[("grant_type", "password")]).await);
    keep("bad issuer", wire.post("/authorization/v2/oauth2/x/token", &auth, &mint).await);
    keep("garbage subject", wire.try_exchange("garbage", "abc").await);
    keep("foreign tenant", wire.try_exchange(&tenant, "abc").await);
    for token in [&access_token(&sso), &msp, &tenant, "garbage", &format!("{msp}x")] {
        for path in [INVENTORY, DEVICES, MSP_TENANTS, AUDIT_LOG, PROVISIONS] {
            keep(path, wire.get(&format!("{path}?limit=7"), token).await);
        }
        for path in [
            &format!("{LIST_TENANTS}?limit=5&next=1"),
            &format!("{INVENTORY}?offset=3&colour=red"),
            &format!("{INVENTORY}?filter=x+eq"),
            &format!("{DEVICES}?limit=x"),
            &format!("{DEVICES}/00000000-0000-0000-0000-000000000000"),
            &format!("/workspaces/v1/workspaces/{}", workspace_id("oneil")),
            "/devices/v9/nothing",
            "/network-nothing/v1/nothing",
            "/nothing",
            "/pf/JWKS",
        ] {
            keep(path, wire.get(path, token).await);
        }
    }
    keep("no token", wire.send(Method::GET, DEVICES, &[], "").await);
    keep(
        "wrong method",
        wire.send(Method::PUT, DEVICES, &[("authorization", &format!("Bearer {msp}"))], "").await,
    );
    keep("get at an issuer", wire.send(Method::GET, "/as/token.oauth2", &[], "").await);
    let host =
        [("host", "us5.api.central.arubanetworks.com"), ("authorization", &format!("Bearer {tenant}"))];
    keep("by host", wire.send(Method::GET, INVENTORY, &host, "").await);
    wire.emulator.clock().advance(SignedDuration::from_mins(16)).expect("forward");
    keep("expired", wire.get(DEVICES, &msp).await);
    keep("expired in Central", wire.get(INVENTORY, &tenant).await);
    keep("expired subject", wire.try_exchange(&msp, "abc").await);
    answers
}

#[tokio::test]
async fn the_same_requests_on_a_frozen_clock_give_the_same_bytes() {
    let (one, mut other) = (Wire::frozen().await, Wire::frozen().await);
    // Neither connections nor what other clients of control do are requests.
    other.http = Client::builder().no_proxy().pool_max_idle_per_host(0).build().expect("a client");
    // Nor do hosts count that Greenroom does not stand in for, as of a program that looks for updates.
    for stray in ["CONNECT pypi.org:443", "GET http://pypi.org/simple/"] {
        let stray = format!("{stray} HTTP/1.1\r\nHost: pypi.org\r\nConnection: close\r\n\r\n");
        assert!(other.raw(stray.as_bytes()).await.starts_with("HTTP/1.1 403"));
    }
    let first = tour(&one).await;
    let second = tour(&other).await;
    assert!(first.len() > 80, "{}", first.len());
    for ((what, one), (_, other)) in first.iter().zip(&second) {
        assert_eq!(one, other, "{what}");
    }
}

#[tokio::test]
async fn what_control_reads_does_not_change_the_bytes() {
    let (one, other) = (Wire::frozen().await, Wire::frozen().await);
    let first = tour(&one).await;
    for path in ["clock", "tokens", "history", "world", "dialect", "fidelity", "faults", "about"] {
        other.send(Method::GET, &format!("/_greenroom/v1/{path}"), &[], "").await;
    }
    assert_eq!(first, tour(&other).await);
}

// ---- one clock ----

/// The Date header as an instant.
fn date(answer: &Answer) -> Timestamp {
    let text = answer.header("date").expect("a Date header");
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).expect("an HTTP date")
}

async fn control_clock(wire: &Wire) -> (Timestamp, Answer) {
    let answer = wire.send(Method::GET, "/_greenroom/v1/clock", &[], "").await;
    (answer.json()["now"].as_str().expect("now").parse().expect("an instant"), answer)
}

fn whole(instant: Timestamp) -> i64 {
    instant.as_millisecond().div_euclid(1_000)
}

/// Mints by every road between two readings of the clock and compares what is dated.
async fn clocks_agree(wire: &Wire) -> Result<(), TestCaseError> {
    let (before, reading) = control_clock(wire).await;
    let (id, secret) = credentials("msp");
    let form = [("grant_type", "client_credentials"), ("client_id", &*id), ("client_secret", &*secret)];
    let sso = wire.post("/as/token.oauth2", &[], &form).await;
    let msp = wire.post(&issuer("msp"), &[], &form).await;
    let tenant = wire.try_exchange(&access_token(&msp), "abc").await;
    let call = wire.get(INVENTORY, &access_token(&tenant)).await;
    let refused = wire.get("/nothing", "x").await;
    let (after, last) = control_clock(wire).await;
    prop_assert_eq!(after, wire.emulator.clock().now().min(after));
    let between = |second: i64| whole(before) <= second && second <= whole(after);
    for (answer, life) in [(&sso, 7_200), (&msp, 900), (&tenant, 900)] {
        let claims = claims(&access_token(answer));
        let (iat, exp) = (claims["iat"].as_i64().unwrap(), claims["exp"].as_i64().unwrap());
        prop_assert!(between(iat), "iat {} is not between {} and {}", iat, before, after);
        prop_assert_eq!(whole(date(answer)), iat, "Date contradicts iat");
        prop_assert_eq!(exp - iat, life);
        prop_assert_eq!(answer.json()["expires_in"].as_i64(), Some(life - 1), "expires_in contradicts exp");
    }
    for answer in [&reading, &call, &refused, &last] {
        prop_assert!(
            between(whole(date(answer))),
            "{} is not between {} and {}",
            date(answer),
            before,
            after
        );
    }
    Ok(())
}

#[tokio::test]
async fn the_clock_the_tokens_and_the_date_header_tell_one_time() {
    let start = "2026-03-01T10:00:00.750Z".parse().unwrap();
    let frozen = Wire::start(Emulator::builder().frozen().start_time(start)).await;
    let fast = Wire::start(Emulator::builder().speed("x60".parse().unwrap()).start_time(start)).await;
    let real = Wire::start(Emulator::builder()).await;
    let runtime = tokio::runtime::Handle::current();
    let cases = tokio::task::spawn_blocking(move || {
        let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(12) });
        runner.run(&(0..3usize, 0..400_000_000i64), |(which, by)| {
            let wire = [&frozen, &fast, &real][which];
            wire.emulator.clock().advance(SignedDuration::from_millis(by)).expect("forward");
            runtime.block_on(clocks_agree(wire))
        })
    });
    cases.await.unwrap().unwrap_or_else(|error| panic!("{error}"));
}

/// All that a client could see of the cloud, without the numbers that only tell answers apart.
async fn state(wire: &Wire, tokens: &[String]) -> Vec<String> {
    let mut seen = vec![control_clock(wire).await.0.to_string()];
    let Ok(Reply::Tokens(list)) = wire.emulator.run(Command::Tokens) else { panic!("no tokens") };
    seen.push(serde_json::to_string(&list).expect("JSON"));
    for token in tokens {
        for path in [INVENTORY, DEVICES, MSP_TENANTS, AUDIT_LOG, PROVISIONS] {
            let answer = wire.get(&format!("{path}?limit=20"), token).await;
            let mut body = answer.json();
            body["debugId"] = Value::Null;
            seen.push(format!("{} {:?} {body}", answer.status, answer.headers));
        }
    }
    seen
}

#[tokio::test]
async fn an_hour_is_sixty_minutes() {
    let (hour, minutes) = (Wire::frozen().await, Wire::frozen().await);
    let mut states = Vec::new();
    for (wire, steps, step) in [(&hour, 1, "1h"), (&minutes, 60, "1m")] {
        let msp = wire.mint("msp").await;
        let tokens = [wire.mint_sso("msp").await, wire.exchange(&msp, "abc").await, msp];
        let form = r#"{"as":"msp","tenant":"abc","ttl":"60m"}"#;
        let json = [("content-type", "application/json")];
        let edge = access_token(&wire.send(Method::POST, "/_greenroom/v1/tokens", &json, form).await);
        for _ in 0..steps {
            let body = format!(r#"{{"advance":"{step}"}}"#);
            let moved = answer(wire.http.post(wire.url("/_greenroom/v1/clock")).body(body)).await;
            assert_eq!(moved.status, 200, "{moved:?}");
        }
        states.push(state(wire, &[&tokens[..], &[edge]].concat()).await);
    }
    assert_eq!(states[0], states[1]);
    let statuses: Vec<_> = states[0][2..].chunks(5).map(|of_token| &of_token[0][..3]).collect();
    assert_eq!(statuses, ["200", "401", "401", "401"], "the SSO token alone outlives an hour");
}
