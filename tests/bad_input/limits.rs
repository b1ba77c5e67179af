//! Limits: of bodies, of time, of requests, of what an operator may wish.

use std::net::SocketAddr;

use greenroom_emulator::{
    StartError,
    command::{Command, CommandError, IssueToken, Reply},
};
use greenroom_model::{history::Event, secret::Secret};

use super::*;
use tokio::io::AsyncReadExt as _;

use crate::wire::workspace_id;

#[tokio::test]
async fn a_body_that_announces_too_much_is_refused_at_once() {
    let wire = Wire::frozen().await;
    for (path, kind) in [(DEVICES, "application/json"), ("/_greenroom/v1/clock", "application/problem+json")]
    {
        let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n");
        let answer = wire.raw(head.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        assert!(answer.contains(kind), "{answer}");
    }
}

#[tokio::test]
async fn half_a_control_body_times_out() {
    let wire = Wire::start(Emulator::builder().frozen().connection_timeout(Duration::from_millis(200))).await;
    let head = "POST /_greenroom/v1/clock HTTP/1.1\r\nHost: localhost\r\nContent-Length: 30\r\n\r\n{";
    let mut socket = TcpStream::connect(wire.emulator.address()).await.unwrap();
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    socket.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 408");
}

#[tokio::test]
async fn control_wants_its_token_and_an_empty_one_is_none() {
    let everywhere: SocketAddr = "0.0.0.0:0".parse().unwrap();
    for token in [None, Some("")] {
        let mut builder = Emulator::builder().listen(everywhere);
        if let Some(token) = token {
            builder = builder.control_token(Secret::new(token));
        }
        assert!(matches!(builder.start().await, Err(StartError::ControlToken(_))), "{token:?}");
    }
    let wire = Wire::start(Emulator::builder().control_token(Secret::new("s3cret"))).await;
    for (authorization, status) in [
        (None, 401),
        (Some("Bearer wrong"), 401),
        (Some("Bearer "), 401),
        (Some("s3cret"), 401),
        (Some("Bearer s3cret"), 200),
    ] {
        let line = authorization.map(|it| format!("Authorization: {it}\r\n")).unwrap_or_default();
        let head = format!(
            "GET /_greenroom/v1/clock HTTP/1.1\r\nHost: localhost\r\n{line}Connection: close\r\n\r\n"
        );
        let answer = wire.raw(head.as_bytes()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{authorization:?}: {answer}");
    }
}

#[tokio::test]
async fn every_request_counts_towards_the_most() {
    let wire = Wire::start(Emulator::builder().frozen().max_requests(3)).await;
    let unknown =
        b"GET http://www.example.com/ HTTP/1.1\r\nHost: www.example.com\r\nConnection: close\r\n\r\n";
    assert!(wire.raw(unknown).await.starts_with("HTTP/1.1 403 "));
    assert!(wire.raw(b"CONNECT www.example.com:443 HTTP/1.1\r\n\r\n").await.starts_with("HTTP/1.1 403 "));
    assert_eq!(wire.get(DEVICES, "x").await.status, 401);
    assert!(wire.raw(unknown).await.starts_with("HTTP/1.1 503 "));
    assert_eq!(wire.get(DEVICES, "x").await.status, 503);
    wire.emulator.exhausted().await;
}

#[tokio::test]
async fn tokens_live_whole_seconds_and_expired_ones_not_at_all() {
    let wire = Wire::frozen().await;
    wire.dialect(&["clock_skew=1h"]);
    let issue = |ttl: Option<&str>, expired| {
        let wish = IssueToken { client: "msp".into(), tenant: None, ttl: ttl.map(str::to_owned), expired };
        wire.emulator.run(Command::IssueToken(wish))
    };
    for ttl in ["500ms", "1s 1ms", "0s", "87601h", "soon"] {
        let error: CommandError = issue(Some(ttl), false).unwrap_err();
        assert_eq!(error.field.as_deref(), Some("ttl"), "{ttl}: {error}");
    }
    let Ok(Reply::Issued(expired)) = issue(None, true) else { panic!("a token") };
    assert_eq!(wire.get(DEVICES, &expired.access_token).await.status, 401, "whatever the skew");
    let Ok(Reply::Issued(live)) = issue(Some("1s"), false) else { panic!("a token") };
    assert_eq!(wire.get(DEVICES, &live.access_token).await.status, 200);
    // A client whose tokens no issuer of a workspace signs has none for tenants.
    let wish =
        IssueToken { client: "msp-central".into(), tenant: Some("abc".into()), ttl: None, expired: false };
    assert!(wire.emulator.run(Command::IssueToken(wish)).is_err());
}

#[tokio::test]
async fn an_unknown_workspace_and_a_foreign_one_look_the_same() {
    let wire = Wire::frozen().await;
    let msp = wire.mint("msp").await;
    let nobody = "00000000-0000-1000-8000-000000000000".to_owned();
    for (dialect, status) in [("forbidden_403", 403), ("unauthorized_401", 401)] {
        wire.dialect(&[&format!("wrong_workspace_token={dialect}")]);
        for id in [&nobody, &workspace_id("standard").to_string()] {
            let path = format!("/workspaces/v1/workspaces/{id}");
            assert_eq!(wire.get(&path, &msp).await.status, status, "{dialect} {id}");
        }
    }
}

#[tokio::test]
async fn an_operators_words_do_not_fill_the_history() {
    let wire = Wire::frozen().await;
    wire.dialect(&[&format!("clock_skew={}5s", " ".repeat(100_000))]);
    let notes = wire.emulator.history().entries(0).0.into_iter().filter_map(|entry| match entry.event {
        Event::Note { text } => Some(text),
        _ => None,
    });
    assert_eq!(notes.collect::<Vec<_>>(), ["dialect clock_skew=5s"]);
}

#[tokio::test]
async fn a_secret_in_a_host_name_comes_back_nowhere() {
    let wire = Wire::frozen().await;
    let (_, secret) = credentials("msp");
    let connect = format!("CONNECT {secret}.example.net:443 HTTP/1.1\r\n\r\n");
    let absolute = format!(
        "GET http://{secret}.example.net/ HTTP/1.1\r\nHost: {secret}.example.net\r\nConnection: close\r\n\r\n"
    );
    for request in [connect, absolute] {
        let answer = wire.raw(request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 403 ") && !answer.contains(&secret), "{answer}");
    }
    let history = serde_json::to_string(&wire.emulator.history().entries(0).0).unwrap();
    assert!(history.contains(".example.net") && !history.contains(&secret), "{history}");
}
