//! What only a socket can send: bytes that are no HTTP, halves, slow clients, strange hosts.

use greenroom_model::{call::OpKind, history::Event};

use super::*;
use crate::wire::read_out;

#[tokio::test]
async fn garbage_is_answered_or_closed_and_noted() {
    let mut wire = Wire::frozen().await;
    let huge_line = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(100_000));
    let get = "GET /pf/JWKS HTTP/1.1\r\nHost: x\r\n";
    for (bytes, begins, what) in [
        (&b"\x00\x01\x02\x03"[..], "HTTP/1.1 400", "malformed"),
        (b"\xff\xff\xff\xff\r\n\r\n", "HTTP/1.1 400", "malformed"),
        (b"GARBAGE\r\n\r\n", "HTTP/1.1 400", "malformed"),
        (b"GET\r\n\r\n", "HTTP/1.1 400", "malformed"),
        (b"GET / HTTP/9.9\r\n\r\n", "HTTP/1.1 400", "malformed"),
        (b"GET  / HTTP/1.1\r\n\r\n", "HTTP/1.1 400", "malformed"),
        (b"\x16\x03\x01\x00\x05hello", "", "tls-failed"),
        (b"\x16", "", "tls-failed"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nthis is no frame at all, and much too long", "", "malformed"),
        (b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", "HTTP/1.1 400", "malformed"),
        (format!("{get}No colon here\r\n\r\n").as_bytes(), "HTTP/1.1 400", "malformed"),
        (format!("{get}Sp ace: x\r\n\r\n").as_bytes(), "HTTP/1.1 400", "malformed"),
        (format!("{get}X: \0\r\n\r\n").as_bytes(), "HTTP/1.1 400", "malformed"),
        (format!("{get}Content-Length: -1\r\n\r\n").as_bytes(), "HTTP/1.1 400", "malformed"),
        (
            format!("{get}Content-Length: 5\r\nContent-Length: 6\r\n\r\n12345").as_bytes(),
            "HTTP/1.1 400",
            "malformed",
        ),
        (format!("{get}{}\r\n", "X: y\r\n".repeat(1_000)).as_bytes(), "HTTP/1.1 431", "malformed"),
        (format!("{get}X: {}\r\n\r\n", "x".repeat(100_000)).as_bytes(), "HTTP/1.1 431", "malformed"),
        (huge_line.as_bytes(), "HTTP/1.1 4", "malformed"),
    ] {
        let before = noted(&wire).len();
        let answer = tokio::time::timeout(LIMIT, wire.raw(bytes)).await.expect("it hangs");
        let case = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]).into_owned();
        assert!(answer.starts_with(begins), "{case:?}: {answer:?}");
        assert_consistent(&mut wire).await;
        let events: Vec<_> = noted(&wire)[before..].iter().map(|(what, _)| what.clone()).collect();
        assert_eq!(events, ["opened", what, "closed"], "{case:?}");
    }
    assert!(wire.emulator.history().exchanges().is_empty(), "none of it parses");
    lives(&wire).await;
}

#[tokio::test]
async fn half_requests_are_noted_and_disturb_nobody() {
    let mut wire = Wire::frozen().await;
    for half in ["G", "GET /pf/JWKS HTTP/1.1", "GET /pf/JWKS HTTP/1.1\r\nHos"] {
        wire.raw(half.as_bytes()).await;
    }
    assert_consistent(&mut wire).await;
    assert_eq!(noted(&wire).iter().filter(|(what, _)| what == "malformed").count(), 3);
    // With a whole head it is a request, so it has an exchange.
    for (path, rest) in [
        ("/as/token.oauth2", "Content-Length: 100\r\n\r\ngrant_type="),
        (DEVICES, "Content-Length: 100\r\n\r\n"),
        (DEVICES, "Transfer-Encoding: chunked\r\n\r\n5\r\nab"),
        (DEVICES, "Transfer-Encoding: chunked\r\n\r\nzz\r\nab"),
    ] {
        wire.raw(format!("POST {path} HTTP/1.1\r\nHost: x\r\n{rest}").as_bytes()).await;
        assert_eq!(wire.last_exchange().request.path, path);
    }
    assert_eq!(wire.emulator.history().exchanges().len(), 4);
    assert_consistent(&mut wire).await;
    lives(&wire).await;
}

#[tokio::test]
async fn a_length_that_lies() {
    let mut wire = Wire::frozen().await;
    let post = "POST /as/token.oauth2 HTTP/1.1\r\nHost: x\r\n";
    // Too short: what is left over is the next request, and a bad one.
    let answer = wire.raw(format!("{post}Content-Length: 5\r\n\r\ngrant_type=x\r\n\r\n").as_bytes()).await;
    assert_eq!(answer.matches("HTTP/1.1 400 ").count(), 2, "{answer}");
    // Both lengths at once is a classic of request smuggling: one request at most is seen.
    let both = format!(
        "{post}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n\
         GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    );
    wire.raw(both.as_bytes()).await;
    assert_consistent(&mut wire).await;
    for exchange in wire.emulator.history().exchanges() {
        assert_ne!(exchange.request.headers.iter().filter(|(name, _)| *name == "content-length").count(), 2);
    }
    lives(&wire).await;
}

#[tokio::test]
async fn slow_clients_are_dropped_and_hold_nobody_up() {
    let timeout = Duration::from_millis(400);
    let mut wire = Wire::start(Emulator::builder().frozen().connection_timeout(timeout)).await;
    let token = wire.issue("msp", None);
    // A connection that has had an answer may idle, so this client is never late.
    assert_eq!(wire.get(DEVICES, &token).await.status, 200);
    let mut slow = Vec::new();
    for begun in [
        "",
        "G",
        "GET /pf/JWKS HTTP/1.1\r\nHost: x\r\nX: ",
        "\x16\x03\x01",
        "POST /as/token.oauth2 HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\ngrant",
        "POST /devices/v1/devices HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n",
        "POST /network-monitoring/v1/device-inventory HTTP/1.1\r\nHost: x\r\n\
         Transfer-Encoding: chunked\r\n\r\n5\r\nab",
        "CONNECT sso.common.cloud.hpe.com:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    ] {
        let mut socket = TcpStream::connect(wire.emulator.address()).await.expect("a connection");
        socket.write_all(begun.as_bytes()).await.expect("it is read");
        slow.push((begun, socket));
    }
    let mut endings = tokio::task::JoinSet::new();
    for (begun, mut socket) in slow {
        endings.spawn(async move { (begun, read_out(&mut socket).await) });
    }
    // All the while others are answered.
    let mut said = Vec::new();
    while !endings.is_empty() {
        assert_eq!(wire.get(DEVICES, &token).await.status, 200);
        let ended =
            tokio::time::timeout(LIMIT, endings.join_next()).await.expect("a slow client is held for ever");
        said.push(ended.expect("a client").expect("it ends"));
    }
    said.sort();
    for (begun, answer) in said {
        let status = match begun {
            begun if begun.starts_with("POST") => "HTTP/1.1 408 ",
            begun if begun.starts_with("CONNECT") => "HTTP/1.1 200 ",
            _ => "",
        };
        assert!(answer.starts_with(status) && (answer.is_empty() == status.is_empty()), "{begun}: {answer}");
    }
    let late: Vec<_> = noted(&wire).into_iter().filter(|(what, _)| what == "timed-out").collect();
    assert_eq!(late.len(), 5, "{late:?}");
    let codes = wire.emulator.history().exchanges().into_iter().filter_map(|it| it.response?.refused);
    assert_eq!(codes.collect::<Vec<_>>(), ["body_too_slow"; 3]);
    assert_consistent(&mut wire).await;
}

#[tokio::test]
async fn a_tunnel_leads_to_known_hosts_on_port_443_only() {
    let mut wire = Wire::frozen().await;
    for (target, status) in [
        ("pypi.org:443", 403),
        ("127.0.0.1:443", 403),
        ("localhost:4020", 403),
        ("[::1]:443", 403),
        ("sso.common.cloud.hpe.com.example.net:443", 403),
        ("sso.common.cloud.hpe.com:80", 403),
        ("sso.common.cloud.hpe.com:8443", 403),
        ("sso.common.cloud.hpe.com", 400),
        ("user@sso.common.cloud.hpe.com:443", 400),
        (":443", 400),
        ("sso.common.cloud.hpe.com:99999", 400),
        ("/path", 400),
        ("SSO.common.cloud.hpe.com:443", 200),
    ] {
        for head in [
            format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n"),
            format!("CONNECT {target} HTTP/1.0\r\n\r\n"),
        ] {
            let before = noted(&wire).len();
            let answer = wire.raw(head.as_bytes()).await;
            assert!(answer.split(' ').nth(1) == Some(&status.to_string()), "{head:?}: {answer:?}");
            assert_consistent(&mut wire).await;
            let events = &noted(&wire)[before..];
            let what = match status {
                403 => "refused",
                400 => "malformed",
                _ => "tunnel",
            };
            let event =
                events.iter().find(|(it, _)| it == what).unwrap_or_else(|| panic!("{target}: {events:?}"));
            if status == 403 {
                assert_eq!(event.1, target.to_lowercase());
            }
        }
    }
    assert!(wire.emulator.history().exchanges().is_empty());
    let unexpected =
        |event: &Event| matches!(event, Event::Connection { why: Some(why), .. } if why == "unexpected host");
    let (entries, _) = wire.emulator.history().entries(0);
    assert_eq!(entries.iter().filter(|entry| unexpected(&entry.event)).count(), 10, "five, each twice");
    lives(&wire).await;
}

/// What a plain request got: its status, and how the history tells it.
async fn told(wire: &Wire, request: &str) -> String {
    let before = wire.emulator.history().exchanges().len();
    let answer = wire.raw(format!("{request}Connection: close\r\n\r\n").as_bytes()).await;
    let status = answer.split(' ').nth(1).unwrap_or("none").to_owned();
    match wire.emulator.history().exchanges().get(before) {
        Some(exchange) => {
            let refused = exchange.response.as_ref().and_then(|response| response.refused.clone());
            format!("{status} {} {}", exchange.request.host, refused.unwrap_or_else(|| "answered".to_owned()))
        }
        None => status,
    }
}

#[tokio::test]
async fn the_host_decides_and_an_unknown_one_is_recorded() {
    let mut wire = Wire::frozen().await;
    let sso = "sso.common.cloud.hpe.com";
    for (request, expected) in [
        // Absolute form: like a tunnel to the host.
        ("GET http://pypi.org/simple HTTP/1.1\r\nHost: pypi.org\r\n", "403 pypi.org unexpected_host"),
        ("GET http://PyPI.org:8080/ HTTP/1.1\r\nHost: localhost\r\n", "403 pypi.org unexpected_host"),
        (
            "GET http://127.0.0.1:1/_greenroom/v1/clock HTTP/1.1\r\nHost: x\r\n",
            "403 127.0.0.1 unexpected_host",
        ),
        (
            "POST http://localhost/_greenroom/v1/clock HTTP/1.1\r\nHost: localhost\r\n",
            "403 localhost unexpected_host",
        ),
        ("GET http://localhost/ HTTP/1.0\r\n", "403 localhost unexpected_host"),
        (
            "GET https://sso.common.cloud.hpe.com/_greenroom/v1/clock HTTP/1.1\r\nHost: x\r\n",
            &format!("404 {sso} no_route"),
        ),
        (
            "GET http://sso.common.cloud.hpe.com/pf/JWKS HTTP/1.1\r\nHost: pypi.org\r\n",
            &format!("200 {sso} answered"),
        ),
        // Origin form: a known Host is that host, anything else the emulator.
        ("GET /pf/JWKS HTTP/1.1\r\nHost: SSO.common.cloud.hpe.com:443\r\n", &format!("200 {sso} answered")),
        (
            "GET /_greenroom/v1/clock HTTP/1.1\r\nHost: sso.common.cloud.hpe.com\r\n",
            &format!("404 {sso} no_route"),
        ),
        (
            "GET /devices/v1/devices HTTP/1.1\r\nHost: sso.common.cloud.hpe.com\r\n",
            &format!("404 {sso} no_route"),
        ),
        ("GET /pf/JWKS HTTP/1.1\r\nHost: pypi.org\r\n", "200 pypi.org answered"),
        ("GET /pf/JWKS HTTP/1.1\r\n", "200  answered"),
        ("GET /pf/JWKS HTTP/1.0\r\n", "200  answered"),
        ("GET /pf/JWKS HTTP/1.1\r\nHost:\r\n", "200  answered"),
        ("GET /pf/JWKS HTTP/1.1\r\nHost: a b\r\n", "200  answered"),
        ("GET /pf/JWKS HTTP/1.1\r\nHost: [::1\r\n", "200  answered"),
        ("GET /pf/JWKS HTTP/1.1\r\nHost: \u{fc}\r\n", "200  answered"),
        ("GET /pf/JWKS HTTP/1.1\r\nHost: localhost:99999\r\n", "200 localhost answered"),
    ] {
        assert_eq!(told(&wire, request).await, expected, "{request:?}");
    }
    let hosts = wire.emulator.history().exchanges().into_iter().filter(|it| it.request.op == OpKind::Other);
    assert_eq!(hosts.filter(|it| it.response.as_ref().is_some_and(|it| it.status == Some(403))).count(), 5);
    assert_consistent(&mut wire).await;
}

#[tokio::test]
async fn inside_a_tunnel_another_host_and_control_are_out_of_reach() {
    let wire = Wire::frozen().await;
    let client = wire.proxied();
    let sso = "https://sso.common.cloud.hpe.com";
    let clock = crate::wire::answer(client.get(format!("{sso}/_greenroom/v1/clock"))).await;
    assert_eq!((clock.status, wire.last_exchange().request.op), (404, OpKind::Other));
    for version in [reqwest::Version::HTTP_11, reqwest::Version::HTTP_2] {
        let front = client.get(format!("{sso}/pf/JWKS")).version(version).header("host", "pypi.org");
        let fronted = crate::wire::answer(front).await;
        let seen = wire.last_exchange().request.host;
        assert!(
            (fronted.status, &*seen) == (403, "pypi.org") || seen == "sso.common.cloud.hpe.com",
            "{seen}"
        );
    }
    let refused = client.get("https://pypi.org/").send().await;
    assert!(refused.is_err(), "{refused:?}");
    assert!(noted(&wire).contains(&("refused".to_owned(), "pypi.org:443".to_owned())));
}
