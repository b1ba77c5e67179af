//! How busy a sandbox says it is.

use std::sync::Arc;

use greenroom_emulator::Activity;
use tokio::{io::AsyncWriteExt as _, net::TcpStream, time::timeout};

use super::{entries, watching};
use crate::{
    client::GLP,
    rules::rule,
    wire::{DEVICES, LIMIT, Wire, until},
};

fn now(wire: &Wire) -> Activity {
    *wire.emulator.activity().borrow()
}

#[tokio::test]
async fn it_counts_what_came_what_is_under_way_and_what_it_holds() {
    for (waits, in_flight) in [
        (r#""do":[{"delay":"1h"}]"#, 2),
        (r#""do":[{"hang":"1h"}]"#, 2),
        (r#""gate":{"open_when":[{"waiting":9}],"limit":"1h"}"#, 2),
        // Its answer is in the history, and not at its client.
        (r#""do":[{"trickle":{"bytes":1,"every":"1h"}}]"#, 0),
    ] {
        for at in ["request", "response"] {
            if waits.contains("trickle") && at == "request" {
                continue;
            }
            let wire = Wire::start(watching()).await;
            assert_eq!(now(&wire), Activity { last: 1, ..Activity::default() });
            let mut changes = wire.emulator.activity();
            let json = format!(r#"{{"when":{{"op":"api","phase":"held","at":"{at}"}},{waits}}}"#);
            wire.emulator.faults().add(rule(&json)).unwrap();
            wire.get(DEVICES, "nothing").await;
            assert!(changes.has_changed().unwrap());
            let before = *changes.borrow_and_update();
            assert_eq!((before.requests, before.in_flight, before.held), (1, 0, 0));
            wire.emulator.begin_phase("held").unwrap();
            let wire = Arc::new(wire);
            let waiting: Vec<_> = (0..2)
                .map(|_| {
                    let wire = Arc::clone(&wire);
                    tokio::spawn(async move { wire.get(DEVICES, "nothing").await })
                })
                .collect();
            let held = |activity: &Activity| activity.held == 2;
            let seen = *timeout(LIMIT, changes.wait_for(held)).await.expect(waits).unwrap();
            assert_eq!((seen.requests, seen.in_flight), (3, in_flight), "{at} {waits}");
            assert_eq!(now(&wire).last, entries(&wire).last().unwrap().n);
            // Who leaves is not waited for.
            waiting.iter().for_each(tokio::task::JoinHandle::abort);
            let over = |activity: &Activity| activity.held == 0 && activity.in_flight == 0;
            timeout(LIMIT, changes.wait_for(over)).await.expect(waits).unwrap();
        }
    }
}

/// A client that knocks at wrong doors for ever is a runaway like any other.
#[tokio::test]
async fn it_counts_what_is_for_hosts_that_nobody_stands_in_for() {
    let wire = Wire::start(watching()).await;
    wire.raw(b"CONNECT other.example.net:443 HTTP/1.1\r\n\r\n").await;
    until("the tunnel is never counted", || now(&wire).requests == 1).await;
    wire.raw(b"GET http://other.example.net/ HTTP/1.1\r\nHost: other.example.net\r\n\r\n").await;
    until("the request is never counted", || now(&wire).requests == 2).await;
    wire.get(DEVICES, "nothing").await;
    assert_eq!(now(&wire).requests, 3);
}

#[tokio::test]
async fn a_connection_that_a_rule_keeps_waiting_is_held() {
    let wire = Wire::start(watching()).await;
    wire.emulator.faults().add(rule(r#"{"when":{"at":"connect"},"do":[{"hang":"1h"}]}"#)).unwrap();
    let mut socket = TcpStream::connect(wire.emulator.address()).await.unwrap();
    socket.write_all(format!("CONNECT {GLP}:443 HTTP/1.1\r\n\r\n").as_bytes()).await.unwrap();
    until("it is never held", || now(&wire).held == 1).await;
    drop(socket);
    until("it stays held", || now(&wire).held == 0).await;
    assert_eq!(now(&wire).requests, 0);
}
