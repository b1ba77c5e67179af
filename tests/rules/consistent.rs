//! Whatever the rules and whatever the requests: the history is consistent.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use greenroom_model::history::{Decision, Event};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use reqwest::Method;
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use crate::wire::{DEVICES, INVENTORY, Wire, issuer};

fn any_when() -> impl Strategy<Value = String> {
    let op = prop::sample::select(vec!["", r#""op":"mint""#, r#""op":"exchange""#, r#""op":"api""#]);
    let more = prop::sample::select(vec![
        "",
        r#""nth":1"#,
        r#""nth":2"#,
        r#""method":"GET""#,
        r#""path":"/devices/*""#,
        r#""workspace":"abc""#,
    ]);
    (op, more).prop_map(|(op, more)| {
        let fields: Vec<_> = [op, more].into_iter().filter(|field| !field.is_empty()).collect();
        fields.join(",")
    })
}

fn any_rule() -> impl Strategy<Value = String> {
    let effect = prop::sample::select(vec![
        r#"{"advance":"1m"}"#,
        r#"{"advance_to_expiry":"presented"}"#,
        r#"{"advance_after_reply":"10m"}"#,
        r#"{"expire":"presented"}"#,
        r#"{"revoke":"msp#*"}"#,
        r#"{"rotate_secret":"msp"}"#,
        r#"{"rotate_keys":{}}"#,
        r#"{"expire":"msp#*"}"#,
        r#"{"set":"2026-03-01T10:30:00Z"}"#,
    ]);
    let wire = prop::sample::select(vec![
        ("", ""),
        ("", r#"{"reply":{"status":429}}"#),
        ("", r#"{"redirect":{"status":307,"to":"http://127.0.0.1:1/"}}"#),
        ("", r#"{"delay":"1ms"}"#),
        ("", r#"{"close":{}}"#),
        ("", r#"{"reset":{}}"#),
        ("", r#"{"hang":"1ms"}"#),
        ("", r#"{"rst_stream":7}"#),
        ("", r#"{"goaway":{"last_stream":0}}"#),
        (r#""at":"response""#, r#"{"close":{}}"#),
        (r#""at":"response""#, r#"{"bad_json":{}}"#),
        (r#""at":"response""#, r#"{"half_body":{"bytes":3,"then":"close"}}"#),
        (r#""at":"response""#, r#"{"wrong_length":3}"#),
        (r#""at":"response""#, r#"{"edit_json":{"set":{"/total":-1}}}"#),
        (r#""at":"response""#, r#"{"trickle":{"bytes":999,"every":"1ms"}}"#),
        (r#""at":"response""#, r#"{"idle_close":{}}"#),
    ]);
    let gate = prop::sample::select(vec![
        "",
        "",
        r#""gate":{"open_when":[{"waiting":2}],"limit":"5ms","then":[{"advance":"1m"}]}"#,
        r#""gate":{"open_when":[{"seen":{"op":"mint"}}],"limit":"5ms","release":"lifo"}"#,
        r#""gate":{"open_when":[{"waiting":3}],"limit":"5ms","release":["msp#1"]}"#,
        r#""times":1"#,
        r#""once":true"#,
    ]);
    let rule = (any_when(), effect, wire, gate).prop_map(|(when, effect, (at, wire), gate)| {
        let when = [when.as_str(), at].into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join(",");
        let does = [effect, wire].into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join(",");
        let gate = if gate.is_empty() { String::new() } else { format!(",{gate}") };
        format!(r#"{{"when":{{{when}}},"do":[{does}]{gate}}}"#)
    });
    rule.prop_filter("a mint presents no token", |rule| {
        !(rule.starts_with(r#"{"when":{"op":"mint""#) && rule.contains("presented"))
    })
}

/// A rule for requests or, now and then, for connections.
fn any_rule_at_all() -> impl Strategy<Value = String> {
    let at_connect = prop::sample::select(vec![
        r#"{"close":{}}"#,
        r#"{"reset":{}}"#,
        r#"{"hang":"1ms"}"#,
        r#"{"delay":"1ms"}"#,
        r#"{"bad_certificate":"expired"}"#,
    ]);
    let at_connect =
        at_connect.prop_map(|wire| format!(r#"{{"when":{{"at":"connect"}},"do":[{wire}],"times":1}}"#));
    prop_oneof![6 => any_rule(), 1 => at_connect]
}

/// Sends a request and leaves as soon as it is recorded.
async fn leave(wire: &Wire, token: &str) {
    static LEFT: AtomicU64 = AtomicU64::new(0);
    let mark = LEFT.fetch_add(1, Ordering::Relaxed).to_string();
    let mut socket = TcpStream::connect(wire.emulator.address()).await.unwrap();
    let head =
        format!("GET {DEVICES} HTTP/1.1\r\nHost: x\r\nX-Mark: {mark}\r\nAuthorization: Bearer {token}\r\n");
    socket.write_all(format!("{head}\r\n").as_bytes()).await.unwrap();
    let recorded = |wire: &Wire| {
        let exchanges = wire.emulator.history().exchanges();
        exchanges.iter().any(|it| it.request.headers.iter().any(|row| row == ("x-mark", &*mark)))
    };
    wire.until(recorded).await;
}

/// Kinds of requests with clients of their own.
const HTTP_2: u8 = 6;
const TUNNEL: u8 = 7;
const LEAVES: u8 = 8;

/// One request of any kind; what comes of it does not matter.
async fn request(wire: &Wire, kind: u8, token: &str) {
    if kind == LEAVES {
        return leave(wire, token).await;
    }
    let bearer = format!("Bearer {token}");
    let (method, path, body) = match kind {
        0 => (Method::POST, issuer("msp"), "grant_type=client_credentials&client_id=x&client_secret=y"),
        1 | HTTP_2 | TUNNEL => (Method::GET, format!("{DEVICES}?limit=1"), ""),
        2 => (Method::GET, format!("{INVENTORY}?limit=1"), ""),
        3 => (Method::HEAD, format!("{DEVICES}?limit=1"), ""),
        4 => (Method::POST, issuer("abc"), "grant_type=urn:ietf:params:oauth:grant-type:token-exchange"),
        _ => (Method::GET, "/nowhere".to_owned(), ""),
    };
    let (http, url) = match kind {
        HTTP_2 => {
            let builder = reqwest::Client::builder().no_proxy().tls_certs_only([]).http2_prior_knowledge();
            (builder.build().unwrap(), wire.url(&path))
        }
        TUNNEL => (wire.proxied(), format!("https://global.api.greenlake.hpe.com{path}")),
        _ => (wire.http.clone(), wire.url(&path)),
    };
    let request = http.request(method, url).header("authorization", bearer).body(body);
    if let Ok(answer) = request.send().await {
        let _ = answer.bytes().await;
    }
}

/// Each request is one exchange; a firing belongs to a request that names its rule, and lies between it and its
/// answer; numbers have no gaps, and time does not go back.
fn check(wire: &Wire, requests: usize) -> Result<(), TestCaseError> {
    let (entries, dropped) = wire.emulator.history().entries(0);
    prop_assert_eq!(dropped, 0);
    let numbers: Vec<_> = entries.iter().map(|entry| entry.n).collect();
    prop_assert_eq!(numbers, (1..=entries.len() as u64).collect::<Vec<_>>());
    prop_assert!(entries.is_sorted_by_key(|entry| (entry.at, entry.real_ms)));
    let mut open = BTreeMap::new();
    let mut closed = 0;
    for entry in &entries {
        match &entry.event {
            Event::Request(_) => prop_assert!(open.insert(entry.n, Vec::new()).is_none()),
            Event::Fault { rule, request: Some(request), .. } => match open.get_mut(request) {
                Some(fired) => fired.push(rule.clone()),
                None => prop_assert!(false, "{rule} fired on {request}, which is not open"),
            },
            Event::Response(response) => {
                let fired = open.remove(&response.request);
                prop_assert_eq!(fired.as_ref(), Some(&response.applied), "{:?}", response);
                prop_assert!(response.decision != Decision::Faulted || !response.applied.is_empty());
                prop_assert!(response.handled.is_none() || !response.applied.is_empty());
                closed += 1;
            }
            _ => {}
        }
    }
    prop_assert_eq!((open.len(), closed), (0, requests));
    let fired: u64 = wire.rules().iter().map(|armed| armed.fired).sum();
    let firings = entries.iter().filter(|entry| matches!(entry.event, Event::Fault { .. })).count();
    prop_assert_eq!(fired, firings as u64);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_history_is_consistent_for_any_rules_and_requests() {
    let runtime = tokio::runtime::Handle::current();
    let cases = tokio::task::spawn_blocking(move || {
        let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(250) });
        let rules = prop::collection::vec(any_rule_at_all(), 0..4);
        let requests = prop::collection::vec(prop::collection::vec(0..=LEAVES, 1..4), 1..5);
        let outcome = runner.run(&(rules, requests), |(rules, requests)| {
            runtime.block_on(async {
                let wire = Arc::new(Wire::frozen().await);
                let token = wire.issue("msp", None);
                for json in &rules {
                    prop_assert!(wire.add_rule(json).is_ok(), "{json}");
                }
                // Those of a group at once.
                for group in &requests {
                    let send = |wire: Arc<Wire>, kind| {
                        let token = token.clone();
                        async move { request(&wire, kind, &token).await }
                    };
                    wire.at_once(group.clone(), send).await;
                }
                let all_closed = |wire: &Wire| {
                    wire.emulator.history().exchanges().iter().all(|exchange| exchange.response.is_some())
                };
                wire.until(all_closed).await;
                // A client may repeat what was reset, so there may be more. It may also send into a connection
                // that is closed under its pool, and that request never arrives.
                let sent = wire.emulator.history().exchanges().len();
                let closes_idle = rules.iter().any(|json| json.contains("idle_close"));
                let of_http_1 = requests.iter().flatten().filter(|kind| **kind < HTTP_2).count();
                let least = if closes_idle { 0 } else { of_http_1 };
                prop_assert!(sent >= least, "{sent} of {requests:?}");
                check(&wire, sent)
            })
        });
        outcome.map_err(|error| error.to_string())
    });
    cases.await.unwrap().unwrap_or_else(|error| panic!("{error}"));
}
