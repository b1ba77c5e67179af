//! Bad input: whatever arrives, it gets the vendor's error, is recorded, and disturbs nobody else.

mod control;
mod limits;
mod random;
mod sockets;

use std::{collections::BTreeMap, time::Duration};

use greenroom_emulator::Emulator;
use greenroom_model::history::{Bounds, Event};
use reqwest::{Client, Method};
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use crate::wire::{Answer, DEVICES, INVENTORY, Wire, credentials, issuer};

/// Far more than anything here needs: what takes as long hangs.
const LIMIT: Duration = Duration::from_secs(60);

/// Fails unless the emulator still answers, on a new connection.
#[track_caller]
fn lives(wire: &Wire) -> impl Future<Output = ()> {
    let request = b"GET /pf/JWKS HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    async move {
        let answer = tokio::time::timeout(LIMIT, wire.raw(request)).await.expect("it hangs");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer:?}");
    }
}

/// Waits until every connection has ended, then fails unless the history is consistent: each request
/// has one answer, each connection one end, and nothing comes after it.
async fn assert_consistent(wire: &mut Wire) {
    // The client's own connections end with it.
    wire.http = Client::builder().no_proxy().pool_max_idle_per_host(0).build().expect("a client");
    let quiet = async {
        while !open_connections(wire).is_empty() {
            tokio::task::yield_now().await;
        }
    };
    if tokio::time::timeout(LIMIT, quiet).await.is_err() {
        panic!("connections {:?} never end", open_connections(wire));
    }
    let (entries, dropped) = wire.emulator.history().entries(0);
    assert_eq!(dropped, 0, "the whole history is looked at");
    let (mut answers, mut ended) = (BTreeMap::new(), Vec::new());
    for entry in &entries {
        match &entry.event {
            Event::Request(request) => {
                assert!(!ended.contains(&request.connection), "a request after the end: {request:?}");
                answers.insert(entry.n, 0);
            }
            Event::Response(response) => {
                *answers.get_mut(&response.request).expect("an answer has a request before it") += 1;
                let decided = response.status.is_some() || response.refused.is_none();
                assert!(decided && response.status.is_none_or(|status| status < 500), "{response:?}");
            }
            Event::Connection { connection, what, .. } => {
                assert!(!ended.contains(connection), "{what} after the end of connection {connection}");
                if what == "closed" {
                    ended.push(*connection);
                }
            }
            _ => {}
        }
    }
    assert!(answers.values().all(|count| *count == 1), "each request has one answer: {answers:?}");
}

fn open_connections(wire: &Wire) -> Vec<u64> {
    let mut open = Vec::new();
    for entry in wire.emulator.history().entries(0).0 {
        if let Event::Connection { connection, what, .. } = entry.event {
            match what.as_str() {
                "opened" => open.push(connection),
                "closed" => open.retain(|it| *it != connection),
                _ => {}
            }
        }
    }
    open
}

/// What was noted of connections: what happened, and the host it was about.
fn noted(wire: &Wire) -> Vec<(String, String)> {
    let event = |event| match event {
        Event::Connection { what, host, .. } => Some((what, host.unwrap_or_default())),
        _ => None,
    };
    wire.emulator.history().entries(0).0.into_iter().filter_map(|entry| event(entry.event)).collect()
}

/// The reason the history gives for the last refusal.
fn refused(wire: &Wire) -> String {
    let response = wire.last_exchange().response;
    response.and_then(|response| response.refused).unwrap_or_default()
}

// ---- bodies ----

#[tokio::test]
async fn a_body_over_one_mebibyte_is_413_in_the_words_of_each_family() {
    let mut wire = Wire::frozen().await;
    let token = format!("Bearer {}", wire.issue("msp", None));
    let long = "x".repeat((1 << 20) + 1);
    for (host, path, method, verdict) in [
        ("localhost", "/as/token.oauth2", Method::POST, "413 invalid_request"),
        ("localhost", &*issuer("msp"), Method::POST, "413 invalid_request"),
        ("localhost", DEVICES, Method::GET, "413 HPE_GL_ERROR_BAD_REQUEST"),
        ("localhost", INVENTORY, Method::GET, "413 HPE_GL_NETWORKING_ERROR_BAD_REQUEST"),
        ("us1.data.cloud.hpe.com", "/x", Method::POST, "413 HPE_GL_ERROR_BAD_REQUEST"),
        ("apigw-prod2.central.arubanetworks.com", "/monitoring/v2/aps", Method::POST, "413 ok"),
    ] {
        let headers = [("host", host), ("authorization", &*token)];
        let answer = wire.send(method.clone(), path, &headers, &long).await;
        assert_eq!(answer.verdict(), verdict, "{host}{path}: {}", answer.text);
        assert_eq!(refused(&wire), "body_too_large");
        let answer = wire.send(method, path, &headers, &long[1..]).await;
        assert_ne!(answer.status, 413, "{host}{path}: a mebibyte is not too much");
    }
    // Without a length, and far more of it: the answer may be lost, the record may not.
    let chunk = format!("{:x}\r\n{long}\r\n", long.len());
    let head = "POST /as/token.oauth2 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    wire.raw(format!("{head}{}0\r\n\r\n", chunk.repeat(4)).as_bytes()).await;
    lives(&wire).await;
    let codes: Vec<_> =
        wire.emulator.history().exchanges().into_iter().filter_map(|it| it.response?.refused).collect();
    assert_eq!(codes.iter().filter(|code| *code == "body_too_large").count(), 7);
    assert_consistent(&mut wire).await;
}

#[tokio::test]
async fn bad_encodings_get_the_error_of_the_family() {
    let wire = Wire::frozen().await;
    let token = wire.issue("msp", None);
    for (path, verdict) in [
        ("/devices/v1/devices/%zz", "400 HPE_GL_ERROR_BAD_REQUEST"),
        ("/devices/v1/devices/%ff%fe", "400 HPE_GL_ERROR_BAD_REQUEST"),
        ("/devices/v1/devices/%00", "400 HPE_GL_ERROR_BAD_REQUEST"),
        ("/devices/v1/devices?limit=%", "400 HPE_GL_ERROR_BAD_REQUEST"),
        ("/devices/v1/devices?limit=%ff", "400 HPE_GL_ERROR_BAD_REQUEST"),
        ("/devices/v1/devices?filter=%ff", "400 HPE_GL_ERROR_BAD_REQUEST"),
        ("/devices/v1/devices?filter=serialNumber+eq+%27", "400 HPE_GL_ERROR_BAD_REQUEST"),
        ("/devices/v1/devices?%ff=1", "200 ok"),
        ("/workspaces/v1/workspaces/%ff", "422 HPE_GL_ERROR_UNPROCESSABLE_ENTITY"),
        (
            "/network-monitoring/v1/device-inventory?%ff=1",
            "400 HPE_GL_NETWORKING_ERROR_INVALID_QUERY_PARAMETER",
        ),
        ("/network-monitoring/v1/device-inventory?filter=%ff", "400 HPE_GL_NETWORK_MONITORING_INVALID_INPUT"),
        (
            "/network-monitoring/v1/device-inventory?next=%30%30",
            "400 HPE_GL_NETWORK_MONITORING_INVALID_INPUT",
        ),
        ("/network-monitoring/v1/device-inventory?sort=%ff", "400 HPE_GL_NETWORK_MONITORING_INVALID_INPUT"),
        (
            "/network-msp/v1/list-tenants?limit=1&next=99999999999999999999",
            "400 HPE_GL_NETWORK_SERVICES_INVALID_INPUT",
        ),
        ("/service-catalog/v1/service-manager-provisions/%c3%28", "400 HPE_GL_SERVICE_CATALOG_BAD_REQUEST"),
    ] {
        assert_eq!(wire.get(path, &token).await.verdict(), verdict, "{path}");
    }
    let (id, secret) = credentials("msp");
    let form = "Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n";
    for (body, status) in [
        (b"grant_type=client_credentials&client_id=\xff\xfe&client_secret=\xc3".to_vec(), 401),
        (b"grant_type=client_credentials&client_id=%ff&client_secret=%".to_vec(), 401),
        (b"grant_type=\xff\xff".to_vec(), 400),
        (b"\xff\xfe\x00=&&&===%%%".to_vec(), 400),
        (
            format!("grant_type=client_credentials&client_id={id}&client_secret={secret}&x=%zz").into_bytes(),
            200,
        ),
    ] {
        let head = format!(
            "POST /as/token.oauth2 HTTP/1.1\r\nHost: x\r\n{form}Content-Length: {}\r\n\r\n",
            body.len()
        );
        let answer = wire.raw(&[head.as_bytes(), &body].concat()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{body:?}: {answer}");
    }
}

// ---- tokens ----

#[tokio::test]
async fn every_kind_of_garbage_as_a_bearer_is_the_401_of_the_family() {
    let mut wire = Wire::frozen().await;
    let token = wire.issue("msp", None);
    let parts: Vec<_> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("{token}") };
    // {"alg":"none"} and {"alg":"RS256","kid":"x"} and {"alg":"HS256"}
    let (none, alien, hmac) =
        ("eyJhbGciOiJub25lIn0", "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ", "eyJhbGciOiJIUzI1NiJ9");
    let undecodable = "JWT verification failed, Error decoding token claims.";
    let unknown_kid = "JWT verification failed, Cannot find valid KID in JWT token..";
    for (bearer, text) in [
        ("x", undecodable),
        ("null", undecodable),
        ("None", undecodable),
        ("...", undecodable),
        ("a.b.c", undecodable),
        ("Bearer", undecodable),
        (&*"A".repeat(20_000), undecodable),
        (&*format!("{token}x"), undecodable),
        (&*format!("{token}.{token}"), undecodable),
        (&*format!("{header}.{payload}"), undecodable),
        (&*format!("{header}.{payload}."), undecodable),
        (&*format!("{header}..{signature}"), undecodable),
        (&*format!(".{payload}.{signature}"), undecodable),
        (&*format!("{header}.!!!.{signature}"), undecodable),
        (&*format!("{header}.bnVsbA.{signature}"), undecodable),
        (&*format!("{none}.{payload}."), undecodable),
        (&*format!("{none}.{payload}.{signature}"), undecodable),
        (&*format!("{hmac}.{payload}.{signature}"), unknown_kid),
        (&*format!("{alien}.{payload}.{signature}"), unknown_kid),
    ] {
        let answer = wire.get(DEVICES, bearer).await;
        let short: String = bearer.chars().take(60).collect();
        assert_eq!(answer.verdict(), "401 HPE_GL_ERROR_FORBIDDEN", "{short}");
        assert_eq!(answer.json()["message"], text, "{short}");
        assert_eq!(answer.header("www-authenticate"), Some(r#"Bearer error="invalid_token""#));
        assert_eq!(refused(&wire), "unknown_token", "{short}");
        let answer = wire.get(INVENTORY, bearer).await;
        assert_eq!(answer.verdict(), "401 HPE_GL_NETWORKING_ERROR_UNAUTHORIZED", "{short}");
        assert_eq!(answer.header("www-authenticate"), None);
    }
    let bearer = format!("Bearer {token}");
    for (headers, code) in [
        (&[][..], "no_token"),
        (&[("authorization", &*bearer), ("authorization", &*bearer)], "malformed_token"),
        (&[("authorization", "Basic eDp5")], "malformed_token"),
        (&[("authorization", &*token)], "malformed_token"),
        (&[("authorization", "Bearer")], "malformed_token"),
        (&[("authorization", "")], "malformed_token"),
        (&[("authorization", "Bearer \u{fc}\u{fc}")], "malformed_token"),
        (&[("x-authorization", &*bearer)], "no_token"),
    ] {
        for path in [DEVICES, INVENTORY, "/devices/v9/nothing", "/network-nothing"] {
            let answer: Answer = wire.send(Method::GET, path, headers, "").await;
            assert_eq!((answer.status, refused(&wire)), (401, code.to_owned()), "{path} {headers:?}");
        }
    }
    assert_consistent(&mut wire).await;
}

// ---- bounds ----

/// Sends requests one behind the other on one connection, and reads all answers.
async fn pipeline(wire: &Wire, requests: String) {
    let mut socket = TcpStream::connect(wire.emulator.address()).await.expect("a connection");
    let (mut reading, mut writing) = socket.split();
    let last = "GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let all = requests + last;
    let write = async { writing.write_all(all.as_bytes()).await.expect("it is read") };
    let read = async { tokio::io::copy(&mut reading, &mut tokio::io::sink()).await.expect("it is answered") };
    tokio::time::timeout(LIMIT, async { tokio::join!(write, read) }).await.expect("it hangs");
    assert_eq!(wire.last_exchange().request.path, "/last");
}

#[tokio::test]
async fn the_history_is_bounded_by_default() {
    let wire = Wire::start(Emulator::builder()).await;
    assert_eq!((Bounds::default().entries, Bounds::default().bytes), (20_000, 16 << 20));
    pipeline(&wire, "GET /light HTTP/1.1\r\nHost: x\r\n\r\n".repeat(10_100)).await;
    let (entries, dropped) = wire.emulator.history().entries(0);
    assert!(dropped > 0 && entries.len() <= 20_000, "{} entries, {dropped} dropped", entries.len());
    assert_eq!(entries[0].n, dropped + 1, "the oldest go first");
}

#[tokio::test]
async fn the_bytes_of_the_history_are_bounded_by_default() {
    let wire = Wire::start(Emulator::builder()).await;
    let headers = format!("X: {}\r\n", "x".repeat(500)).repeat(90);
    pipeline(&wire, format!("GET /heavy HTTP/1.1\r\nHost: x\r\n{headers}\r\n").repeat(400)).await;
    let (entries, dropped) = wire.emulator.history().entries(0);
    let bytes: usize = entries.iter().map(|entry| serde_json::to_string(entry).expect("JSON").len()).sum();
    assert!(dropped > 0 && bytes <= 16 << 20, "{bytes} bytes, {dropped} dropped");
}
