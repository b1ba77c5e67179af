//! Gates: requests wait for one another and go on together, and nobody is lost.

use std::{sync::Arc, time::Duration};

use greenroom_emulator::command::Command;
use greenroom_model::history::{Decision, Event, Exchange};
use tokio::{io::AsyncWriteExt as _, net::TcpStream, task::JoinHandle};

use super::with_rules;
use crate::wire::{DEVICES, INVENTORY, Wire};

/// What came of tasks, in order.
async fn each<T>(tasks: Vec<JoinHandle<T>>) -> Vec<T> {
    let mut done = Vec::new();
    for task in tasks {
        done.push(task.await.unwrap());
    }
    done
}

/// How the gate opened: how many waited, by what, and what was done then.
fn opening(wire: &Wire) -> (u64, String, Vec<String>) {
    let (entries, _) = wire.emulator.history().entries(0);
    let mut openings = entries.into_iter().filter_map(|entry| match entry.event {
        Event::Gate { waiting, opened_by, did, .. } => Some((waiting, opened_by, did)),
        _ => None,
    });
    let first = openings.next().expect("the gate opened");
    assert_eq!(openings.next(), None, "it opens once");
    first
}

/// The numbers of the requests in the order of their answers.
fn answered(wire: &Wire) -> Vec<Exchange> {
    let (entries, _) = wire.emulator.history().entries(0);
    let mut exchanges = wire.emulator.history().exchanges();
    let order: Vec<u64> = entries
        .iter()
        .filter_map(|entry| match &entry.event {
            Event::Response(response) => Some(response.request),
            _ => None,
        })
        .collect();
    exchanges.sort_by_key(|exchange| order.iter().position(|n| *n == exchange.n));
    exchanges
}

/// How many requests have come to the gate.
fn came(wire: &Wire) -> usize {
    let (entries, _) = wire.emulator.history().entries(0);
    entries.iter().filter(|entry| matches!(entry.event, Event::Fault { .. })).count()
}

/// Asks for something in the background, and returns when the request has come to the gate.
async fn begin(wire: &Arc<Wire>, path: &str, token: &str) -> JoinHandle<u16> {
    let before = came(wire);
    let (asking, path, token) = (Arc::clone(wire), path.to_owned(), token.to_owned());
    let task = tokio::spawn(async move { asking.get(&path, &token).await.status });
    wire.until(|wire| came(wire) > before).await;
    task
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everyone_in_then_expire() {
    let wire = with_rules(&[
        r#"{"id":"burst","when":{"op":"api","token":"abc#1"},
            "gate":{"open_when":[{"waiting":20},{"quiet":"30s"}],"limit":"60s","then":[{"advance":"16m"}]}}"#,
    ])
    .await;
    let msp = wire.mint("msp").await;
    let abc = wire.exchange(&msp, "abc").await;
    let wire = Arc::new(wire);
    let asked = wire
        .at_once(vec![abc.clone(); 20], |wire, abc| async move { wire.get(INVENTORY, &abc).await.status });
    assert_eq!(asked.await, [401; 20]);
    let (waiting, by, did) = opening(&wire);
    assert_eq!((waiting, &*by, did[0].as_str()), (20, "waiting", "advance 16m"));
    // It stays open.
    assert_eq!(wire.get(INVENTORY, &abc).await.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_go_on_in_the_order_that_the_gate_says() {
    for (release, expected) in [
        (r#""fifo""#, ["msp#1", "abc#1", "zurich#1", "abc#1"]),
        (r#""lifo""#, ["abc#1", "zurich#1", "abc#1", "msp#1"]),
        (r#"["zurich#1","abc#1"]"#, ["zurich#1", "abc#1", "abc#1", "msp#1"]),
    ] {
        for at in ["request", "response"] {
            let wire = with_rules(&[&format!(
                r#"{{"id":"g","when":{{"op":"api","at":"{at}"}},
                    "gate":{{"open_when":[{{"waiting":4}}],"limit":"60s","release":{release}}}}}"#
            )])
            .await;
            let msp = wire.mint("msp").await;
            let (abc, zurich) = (wire.exchange(&msp, "abc").await, wire.exchange(&msp, "zurich").await);
            let wire = Arc::new(wire);
            let mut tasks = Vec::new();
            for (path, token) in [(DEVICES, &msp), (INVENTORY, &abc), (INVENTORY, &zurich), (INVENTORY, &abc)]
            {
                tasks.push(begin(&wire, path, token).await);
            }
            assert_eq!(each(tasks).await, [200; 4]);
            let order: Vec<_> = answered(&wire)
                .into_iter()
                .filter_map(|exchange| exchange.request.token.map(|token| token.symbol))
                .collect();
            assert_eq!(order, expected, "{release} at {at}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gate_opens_by_a_step_an_exchange_or_its_removal() {
    for (open_when, by) in [
        (r#"{"step":"go"}"#, "step"),
        (r#"{"seen":{"op":"mint","status":200,"client":"standard"}}"#, "seen"),
        (r#"{"waiting":99}"#, "removed"),
    ] {
        let wire = with_rules(&[]).await;
        let token = wire.mint("msp").await;
        // What the rule does besides goes with it when it is removed.
        let does = if by == "removed" { r#""do":[{"close":{}}],"# } else { "" };
        let json = format!(
            r#"{{"id":"g","when":{{"op":"api"}},{does}"gate":{{"open_when":[{open_when}],"limit":"60s"}}}}"#
        );
        wire.add_rule(&json).unwrap();
        let wire = Arc::new(wire);
        let waiting = begin(&wire, DEVICES, &token).await;
        // What does not open it.
        wire.begin_phase("ready");
        wire.mint("msp").await;
        assert!(!waiting.is_finished());
        match by {
            "step" => wire.begin_phase("go"),
            "seen" => drop(wire.mint("standard").await),
            _ => drop(wire.emulator.run(Command::RemoveFault("g".to_owned())).unwrap()),
        }
        assert_eq!(waiting.await.unwrap(), 200);
        assert_eq!(opening(&wire), (1, by.to_owned(), Vec::new()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quiet_and_the_limit_open_it_by_themselves() {
    for (gate, by) in [
        (r#"{"open_when":[{"quiet":"500ms"}],"limit":"60s"}"#, "quiet"),
        (r#"{"open_when":[{"waiting":9}],"limit":"20ms"}"#, "limit"),
    ] {
        let wire = with_rules(&[&format!(r#"{{"when":{{"op":"api"}},"gate":{gate}}}"#)]).await;
        let token = wire.mint("msp").await;
        assert_eq!(wire.get(DEVICES, &token).await.status, 200);
        assert_eq!(opening(&wire), (1, by.to_owned(), Vec::new()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_leaves_at_a_gate_takes_nobodys_turn() {
    for at in ["request", "response"] {
        let wire = with_rules(&[&format!(
            r#"{{"id":"g","when":{{"op":"api","at":"{at}"}},"gate":{{"open_when":[{{"step":"go"}}],"limit":"60s"}}}}"#
        )])
        .await;
        let token = wire.mint("msp").await;
        let wire = Arc::new(wire);
        let first = begin(&wire, DEVICES, &token).await;
        let mut leaver = TcpStream::connect(wire.emulator.address()).await.unwrap();
        let request = format!("GET {DEVICES} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n");
        leaver.write_all(request.as_bytes()).await.unwrap();
        wire.until(|wire| came(wire) == 2).await;
        let last = begin(&wire, DEVICES, &token).await;
        socket2::SockRef::from(&leaver).set_linger(Some(Duration::ZERO)).unwrap();
        drop(leaver);
        let gone = |wire: &Wire| {
            wire.emulator.history().exchanges()[2].response.as_ref().map(|it| it.decision)
                == Some(Decision::ClientGone)
        };
        wire.until(gone).await;
        wire.begin_phase("go");
        assert_eq!(each(vec![first, last]).await, [200, 200]);
        assert_eq!(opening(&wire).0, 2, "who has left does not wait");
        let left = wire.emulator.history().exchanges()[2].response.clone().unwrap();
        assert_eq!((left.status, left.applied), (None, vec!["g".to_owned()]));
        assert_eq!(left.handled, (at == "response").then_some(200));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_limit_counts_from_the_first_that_is_still_there() {
    let wire =
        with_rules(&[r#"{"id":"g","when":{"op":"api"},"gate":{"open_when":[{"step":"go"}],"limit":"2s"}}"#])
            .await;
    let token = wire.mint("msp").await;
    let wire = Arc::new(wire);
    let leaver = begin(&wire, DEVICES, &token).await;
    let since = wire.emulator.history().entries(0).0.last().unwrap().real_ms;
    leaver.abort();
    wire.until(|wire| wire.last_exchange().response.is_some()).await;
    let waits = begin(&wire, DEVICES, &token).await;
    assert_eq!(waits.await.unwrap(), 200);
    assert_eq!(opening(&wire).1, "limit");
    // Real time has a lower bound only: the one that waited had its two seconds, whenever the first one came.
    let (entries, _) = wire.emulator.history().entries(0);
    let came = entries.iter().rfind(|entry| matches!(entry.event, Event::Fault { .. })).unwrap().real_ms;
    let opened = entries.iter().find(|entry| matches!(entry.event, Event::Gate { .. })).unwrap().real_ms;
    assert!(came >= since && opened >= came + 2_000, "{came} {opened}");
}
