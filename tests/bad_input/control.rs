//! Control: who may drive it, and what it says to mistakes.

mod random;

use serde_json::{Value, json};

use super::*;

const BASE: &str = "/_greenroom/v1";

#[tokio::test]
async fn pages_of_other_origins_and_other_hosts_may_not_drive_it() {
    let wire = Wire::frozen().await;
    let port = wire.emulator.address().port();
    let (own, by_name) = (format!("127.0.0.1:{port}"), format!("localhost:{port}"));
    for (host, origin, status) in [
        (&*own, "", 200),
        (&by_name, "", 200),
        ("127.0.0.1", "", 200),
        ("localhost:1", "", 200),
        ("[::1]:4020", "", 200),
        (&own, &format!("http://{own}"), 200),
        (&own, &format!("http://{by_name}"), 200),
        (&own, "http://evil.example", 403),
        (&own, &format!("http://evil.example:{port}"), 403),
        (&own, "http://127.0.0.1:1", 403),
        (&own, "http://127.0.0.1", 403),
        (&own, &format!("http://127.0.0.1.evil.example:{port}"), 403),
        (&own, "null", 403),
        (&own, "garbage", 403),
        (&own, "\u{fc}", 403),
        (&format!("evil.example:{port}"), "", 403),
        ("localhost.evil.example", "", 403),
        ("127.0.0.1.evil.example", "", 403),
        ("", "", 403),
        ("a b", "", 403),
    ] {
        let origin_header = if origin.is_empty() { String::new() } else { format!("Origin: {origin}\r\n") };
        for (method, path) in [
            ("GET", "clock"),
            ("POST", "clock"),
            ("GET", "history"),
            ("DELETE", "faults"),
            ("GET", "nothing"),
        ] {
            let body = r#"{"advance":"1s"}"#;
            let request = format!(
                "{method} {BASE}/{path} HTTP/1.1\r\nHost: {host}\r\n{origin_header}Connection: close\r\n\
                 Content-Length: {}\r\n\r\n{body}",
                body.len()
            );
            let before = wire.emulator.clock().now();
            let answer = wire.raw(request.as_bytes()).await;
            let refused = answer.starts_with("HTTP/1.1 403 ");
            assert_eq!(refused, status == 403, "{method} {path} {host:?} {origin:?}: {answer}");
            assert!(!answer.contains("access-control-allow-origin"), "{answer}");
            let moved = wire.emulator.clock().now() > before;
            assert_eq!(moved, !refused && (method, path) == ("POST", "clock"), "{host:?} {origin:?}");
        }
    }
    assert!(wire.emulator.history().exchanges().is_empty(), "control is no part of the history");
}

/// Sends a body to a route of control and returns its problem document.
async fn problem(wire: &Wire, method: &str, path: &str, body: &str) -> (u16, Value) {
    let answer = wire.send(method.parse().unwrap(), &format!("{BASE}/{path}"), &[], body).await;
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{path} {body}: {answer:?}");
    let problem = answer.json();
    assert_eq!(problem["status"], json!(answer.status), "{path} {body}");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.len() > 10), "{problem}");
    (answer.status, problem)
}

#[tokio::test]
async fn a_mistake_is_answered_with_its_field_and_a_mend() {
    let wire = Wire::frozen().await;
    // Route, body, status, field, and a part of the mend.
    for (route, body, status, field, mend) in [
        ("POST clock", r#"{"advance":"soon"}"#, 422, json!("advance"), "say 20s, 16m or 1h 30m"),
        ("POST clock", r#"{"advance":"-5m"}"#, 422, json!("advance"), "say 20s"),
        ("POST clock", r#"{"advance":"99999999999h"}"#, 422, json!("advance"), ""),
        ("POST clock", r#"{"set":"tomorrow"}"#, 422, json!("set"), "2030-01-01T00:00:00Z"),
        ("POST clock", r#"{"set":"2001-01-01T00:00:00Z"}"#, 422, json!("set"), "only moves forward"),
        ("POST clock", r#"{"speed":"x9999999999"}"#, 422, json!("speed"), "say real, frozen or x60"),
        ("POST clock", r#"{"advnce":"5m"}"#, 422, json!("advnce"), "advance"),
        ("POST clock", r#"{"advance":"5m","set":"2030-01-01T00:00:00Z"}"#, 422, Value::Null, "exactly one"),
        ("POST clock", "{}", 422, Value::Null, "exactly one"),
        ("POST clock", "", 422, Value::Null, "cannot be read"),
        ("POST clock", "\u{0}", 422, Value::Null, "cannot be read"),
        ("POST tokens", r#"{"as":"mps"}"#, 422, json!("as"), "msp, msp-central"),
        ("POST tokens", r#"{}"#, 422, json!("as"), "missing"),
        ("POST tokens", r#"{"as":"msp","tenant":"nowhere"}"#, 422, json!("tenant"), "no workspace"),
        ("POST tokens", r#"{"as":"msp","tenant":"standard"}"#, 422, json!("tenant"), "no tenant of"),
        ("POST tokens", r#"{"as":"msp","ttl":"x"}"#, 422, json!("ttl"), "say 20s"),
        ("POST tokens", r#"{"as":"msp","ttl":"5m","expired":true}"#, 422, json!("expired"), "one of both"),
        ("POST dialect", r#"{"exchange_expird":"live"}"#, 422, json!("exchange_expird"), "exchange_expired"),
        ("POST dialect", r#"{"exchange_expired":"soon"}"#, 422, json!("exchange_expired"), "rfc8693"),
        ("POST dialect", r#"{"audit_v1_default_limit":50}"#, 422, json!("audit_v1_default_limit"), "quote"),
        ("POST dialect", r#"{"preset":"dead"}"#, 422, json!("preset"), "live, rfc"),
        ("POST dialect", "5", 422, Value::Null, "map"),
        ("POST dialect", r#"["rfc",5]"#, 422, json!("[1]"), "string"),
        (
            "POST dialect",
            r#"["rfc","exchange_expird=live"]"#,
            422,
            json!("exchange_expird"),
            "exchange_expired",
        ),
        (
            "POST world/roles",
            r#"{"user":"msp.admn@example.com","role":"Observer"}"#,
            422,
            json!("user"),
            "msp.admin@example.com",
        ),
        ("POST world/roles", r#"{"user":"","role":"Observer"}"#, 422, json!("user"), "ops.user@example.com"),
        (
            "POST world/roles",
            r#"{"user":"ops.user@example.com","role":"Obsever"}"#,
            422,
            json!("role"),
            "did you mean \"Observer\"",
        ),
        (
            "POST world/roles",
            r#"{"user":"ops.user@example.com","role":"x"}"#,
            422,
            json!("role"),
            "Administrator, Observer, Operator",
        ),
        ("POST world/roles", r#"{"user":"ops.user@example.com"}"#, 422, json!("role"), "missing"),
        (
            "POST world/roles",
            r#"{"user":"ops.user@example.com","role":"Observer","until":1}"#,
            422,
            json!("until"),
            "unknown",
        ),
        ("POST world/roles", r#"{"user":7,"role":"Observer"}"#, 422, json!("user"), "cannot be read"),
        ("POST world/roles", "", 422, Value::Null, "cannot be read"),
        ("GET world/roles", "", 405, Value::Null, "does not know GET"),
        ("POST world/role", "{}", 404, Value::Null, "world/roles"),
        (
            "POST faults",
            r#"{"when":{"opp":"api"},"do":[{"advance":"1m"}]}"#,
            422,
            json!("when.opp"),
            "did you mean \"op\"",
        ),
        (
            "POST faults",
            r#"{"when":{"status":200},"do":[{"advance":"1m"}]}"#,
            422,
            json!("when.status"),
            "at: response",
        ),
        ("POST faults", r#"{"when":{"nth":0},"do":[{"advance":"1m"}]}"#, 422, json!("when.nth"), "from 1 on"),
        (
            "POST faults",
            r#"{"when":{"op":["api","x"]},"do":[]}"#,
            422,
            json!("when.op"),
            "mint, exchange, refresh, sign_in, api",
        ),
        (
            "POST faults",
            r#"{"when":{"at":"noon"}}"#,
            422,
            json!("when.at"),
            "`connect`, `request`, `response`",
        ),
        ("POST faults", r#"{"when":{"path":{}}}"#, 422, json!("when.path"), "a text, a number, or a list"),
        (
            "POST faults",
            r#"{"when":{},"do":[{"advance":"-1m"}]}"#,
            422,
            json!("do[0].advance"),
            "say 20s, 16m",
        ),
        (
            "POST faults",
            r#"{"when":{},"do":[{"advance":"1m"},{"reply":{"status":"x"}}]}"#,
            422,
            json!("do[1].reply.status"),
            "expected u16",
        ),
        ("POST faults", r#"{"when":{},"do":[{"reply":{}}]}"#, 422, json!("do[0].reply.status"), "missing"),
        (
            "POST faults",
            r#"{"when":{},"do":[{"reply":{"stat":1}}]}"#,
            422,
            json!("do[0].reply.stat"),
            "unknown",
        ),
        ("POST faults", r#"{"when":{},"do":[{"replay":{}}]}"#, 422, json!("do[0]"), "did you mean \"reply\""),
        (
            "POST faults",
            r#"{"when":{},"gate":{"open_when":[{"seen":{"staus":1}}],"limit":"5s"}}"#,
            422,
            json!("gate.open_when[0].seen.staus"),
            "status",
        ),
        ("POST faults", r#"{"when":{},"do":[{"advance":"1m"}],"wen":1}"#, 422, json!("wen"), "unknown field"),
        ("POST faults", "[]", 422, Value::Null, r#"written as in {"when":"#),
        ("POST faults", "null", 422, Value::Null, r#"written as in {"when":"#),
        ("POST faults", "when: {}", 422, Value::Null, r#"written as in {"when":"#),
        ("POST faults", r#"{"when":{},"do":[{"advance""#, 422, Value::Null, r#"written as in {"when":"#),
        ("POST faults", r#"{"when":{},"do":[{"advance":"1m"}]} {}"#, 422, Value::Null, "trailing"),
        ("GET faults?id=x", "", 422, Value::Null, "takes no query"),
        ("POST faults", r#"{"when":{}}"#, 422, json!("do"), "does nothing"),
        (
            "POST faults",
            r#"[{"when":{},"do":[{"close":{}}]},{"when":{},"do":[{"close":{}},{"reset":{}}]}]"#,
            422,
            json!("[1].do[1]"),
            "on the wire already",
        ),
        (
            "POST faults",
            r#"[{"id":"a","when":{},"do":[{"close":{}}]},{"id":"a","when":{},"do":[{"close":{}}]}]"#,
            422,
            json!("[1].id"),
            "named \"a\" already",
        ),
        ("POST sandboxes", "[]", 422, Value::Null, "the body is a list"),
        ("DELETE faults/nosuch", "", 422, json!("id"), "no rule named"),
        ("POST phase", r#"{"phase":""}"#, 422, json!("phase"), "1 to 100"),
        ("GET history?op=apy", "", 422, json!("op"), "mint, exchange, refresh, sign_in, api"),
        ("GET history?staus=401", "", 422, json!("staus"), "status"),
        ("GET history?status=x", "", 422, json!("status"), "invalid digit"),
        ("GET history?op=api&nth=2", "", 422, json!("nth"), "counted by rules only"),
        ("GET history?nth=2&count=%3E%3D1&wait=60s", "", 422, json!("nth"), "counted by rules only"),
        ("GET history/export?nth=2", "", 422, json!("nth"), "counted by rules only"),
        ("GET history/follow?nth=2", "", 422, json!("nth"), "counted by rules only"),
        ("GET history?after=999999", "", 422, json!("after"), "the newest is "),
        ("GET history?after=999999&count=%3E%3D1&wait=60s", "", 422, json!("after"), "the newest is "),
        ("GET history/export?after=999999", "", 422, json!("after"), "the newest is "),
        ("GET history/follow?after=999999", "", 422, json!("after"), "the newest is "),
        ("GET history?op=api&op=mint", "", 422, json!("op"), "given twice"),
        ("GET history?after=1&after=1", "", 422, json!("after"), "given twice"),
        ("GET history?count=%3D1&count=%3D2", "", 422, json!("count"), "given twice"),
        ("GET history?count=%3D1&wait=1s&wait=2s", "", 422, json!("wait"), "given twice"),
        ("GET history/follow?op=api&op=mint", "", 422, json!("op"), "given twice"),
        ("GET history/export?after=0&after=1", "", 422, json!("after"), "given twice"),
        ("GET history?wait=5s", "", 422, json!("wait"), "say what is waited for"),
        ("GET history?count=2", "", 422, json!("count"), "'>= 1' or '2..5'"),
        ("GET history?count=%3D2&wait=61s", "", 422, json!("wait"), "at most 60 s"),
        ("GET history?count=%3D2&wait=-1s", "", 422, json!("wait"), "say 20s"),
        ("GET history/export?wait=1s", "", 422, json!("wait"), "no field"),
        ("GET history/follow?opp=api", "", 422, json!("opp"), "did you mean \"op\""),
        ("GET history/follow?after=x", "", 422, json!("after"), "no number"),
        ("GET history?after=-1", "", 422, json!("after"), "no number"),
        ("GET histroy", "", 404, Value::Null, "history"),
        ("GET clock/now", "", 404, Value::Null, "clock"),
        ("DELETE clock", "", 405, Value::Null, "DELETE"),
        ("PUT tokens", "{}", 405, Value::Null, "PUT"),
    ] {
        let (method, path) = route.split_once(' ').unwrap();
        let before = wire.emulator.history().entries(0).0.len();
        let (got, problem) = problem(&wire, method, path, body).await;
        assert_eq!((got, &problem["field"]), (status, &field), "{route} {body}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(mend), "{route} {body}: {problem}");
        let notes = wire.emulator.history().entries(0).0.split_off(before);
        let connections = |event: &Event| matches!(event, Event::Connection { .. });
        assert!(
            notes.iter().all(|entry| connections(&entry.event)),
            "a refused wish does nothing: {notes:?}"
        );
    }
    let long = wire.send(Method::POST, &format!("{BASE}/clock"), &[], &" ".repeat((2 << 20) + 1)).await;
    assert_eq!(long.status, 413, "{long:?}");
}

#[tokio::test]
async fn the_front_page_lists_what_there_is_and_a_405_what_would_do() {
    let wire = Wire::frozen().await;
    let front = wire.send(Method::GET, "/", &[], "").await;
    let page = &front.text;
    for row in
        ["GET /_greenroom/v1/about\n", "POST /_greenroom/v1/faults\n", "DELETE /_greenroom/v1/faults/{id}\n"]
    {
        assert!(page.contains(row), "{row} {page}");
    }
    let refused = wire.send(Method::PUT, &format!("{BASE}/faults"), &[], "{}").await;
    let mut allowed: Vec<_> = refused.header("allow").unwrap().split(',').map(str::trim).collect();
    allowed.sort_unstable();
    assert_eq!((refused.status, &allowed[..]), (405, &["DELETE", "GET", "HEAD", "POST"][..]));
}
