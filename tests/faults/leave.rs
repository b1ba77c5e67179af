//! Clients that leave in the middle: what they waited for is let go, and nobody else's turn is lost.

use std::time::Duration;

use greenroom_model::history::{Decision, Event, Response};
use serde_json::{Value, json};
use tokio::{runtime::Handle, time::timeout};

use super::{Http, LIMIT, PATH, ROADS, Road, Stage};
use crate::wire::until;

impl Stage {
    /// Waits until the history says so.
    async fn until(&self, so: impl Fn(&[Event]) -> bool) {
        let events = || -> Vec<_> {
            let (entries, _) = self.wire.emulator.history().entries(0);
            entries.into_iter().map(|entry| entry.event).collect()
        };
        until("the history never says so", || so(&events())).await;
    }

    async fn until_fired(&self, times: usize) {
        let fault = |event: &&Event| matches!(event, Event::Fault { request: Some(_), .. });
        self.until(|events| events.iter().filter(fault).count() >= times).await;
    }

    async fn until_left(&self, times: usize) {
        let gone = |event: &&Event| {
            matches!(event, Event::Response(Response { decision: Decision::ClientGone, .. }))
        };
        self.until(|events| events.iter().filter(gone).count() >= times).await;
    }

    async fn get(&self, road: Road, http: Http) -> reqwest::Result<u16> {
        let asked = self.reqwest(road, http).get(self.url(road, PATH)).bearer_auth(&self.token);
        let answer = asked.send().await?;
        let status = answer.status().as_u16();
        answer.bytes().await?;
        Ok(status)
    }
}

/// Waits until no more tasks live than these.
async fn only_tasks(most: usize) {
    until("tasks stay", || Handle::current().metrics().num_alive_tasks() <= most).await;
}

#[tokio::test]
async fn who_leaves_is_recorded_and_leaves_nothing_behind() {
    let gate = json!({"open_when": [{"waiting": 9}], "limit": "1h"});
    for (at, rule) in [
        ("request", json!({"do": [{"hang": "1h"}]})),
        ("request", json!({"do": [{"delay": "1h"}]})),
        ("request", json!({"gate": gate})),
        ("response", json!({"do": [{"hang": "1h"}]})),
        ("response", json!({"do": [{"delay": "1h"}]})),
        ("response", json!({"gate": gate})),
        ("response", json!({"do": [{"trickle": {"bytes": 1, "every": "1h"}}]})),
    ] {
        let stage = Stage::open().await;
        let mut armed: Value = rule.clone();
        armed["when"] = json!({"at": at});
        stage.rule(armed);
        let tasks = Handle::current().metrics().num_alive_tasks();
        let trickles = rule.to_string().contains("trickle");
        for (n, (http, road)) in
            (1..).zip([Http::One, Http::Two].into_iter().flat_map(|http| ROADS.map(|road| (http, road))))
        {
            tokio::select! {
                got = stage.get(road, http) => panic!("{at} {rule} {http:?} {road:?}: {got:?}"),
                () = async {
                    stage.until_fired(n).await;
                    if trickles {
                        // The head is there and a byte of the body: the answer is under way.
                        let answered = |event: &&Event| matches!(event, Event::Response(_));
                        stage.until(|events| events.iter().filter(answered).count() >= n).await;
                    }
                } => {}
            }
            stage.only_open(0).await;
            only_tasks(tasks).await;
            let response = stage.last();
            let expected = match (at, trickles) {
                (_, true) => (Decision::Answered, Some(200), None),
                ("request", _) => (Decision::ClientGone, None, None),
                _ => (Decision::ClientGone, None, Some(200)),
            };
            let told = (response.decision, response.status, response.handled);
            assert_eq!(told, expected, "{at} {rule} {http:?} {road:?}");
        }
        // One exchange each, and the next client is served as soon as the rule is gone.
        assert_eq!(stage.wire.emulator.history().exchanges().len(), 6);
        stage.clear();
        assert_eq!(stage.get(Road::Plain, Http::One).await.unwrap(), 200);
    }
}

#[tokio::test]
async fn who_leaves_a_gate_is_not_counted() {
    let stage = Stage::open().await;
    stage.rule(json!({"id": "g", "when": {}, "gate": {"open_when": [{"waiting": 3}], "limit": "1h"}}));
    let first = stage.get(Road::Plain, Http::One);
    let others = async {
        stage.until_fired(1).await;
        tokio::select! {
            got = stage.get(Road::Tls, Http::Two) => panic!("{got:?}"),
            () = stage.until_fired(2) => {}
        }
        stage.until_left(1).await;
        // With the one who has left these would be enough.
        let third = stage.get(Road::Tunnel, Http::One);
        let last = async {
            stage.until_fired(3).await;
            let (entries, _) = stage.wire.emulator.history().entries(0);
            assert!(
                !entries.iter().any(|entry| matches!(entry.event, Event::Gate { .. })),
                "it opened early"
            );
            stage.get(Road::Plain, Http::Two).await
        };
        tokio::join!(third, last)
    };
    let (first, (third, last)) = tokio::join!(first, others);
    assert_eq!([first.unwrap(), third.unwrap(), last.unwrap()], [200; 3]);
    let opened =
        |event: &Event| matches!(event, Event::Gate { waiting: 3, opened_by, .. } if opened_by == "waiting");
    stage.until(|events| events.iter().any(opened)).await;
}

#[tokio::test]
async fn a_turn_that_its_owner_leaves_is_the_next_ones() {
    let stage = Stage::open().await;
    let gate = json!({"open_when": [{"waiting": 3}], "limit": "1h"});
    stage.rule(json!({"when": {}, "gate": gate, "do": [{"delay": "400ms"}]}));
    let others = async {
        stage.until_fired(1).await;
        let second = stage.get(Road::Tls, Http::Two);
        let third = async {
            stage.until_fired(2).await;
            stage.get(Road::Tunnel, Http::One).await
        };
        tokio::join!(second, third)
    };
    // The first one has its turn when the gate opens, and leaves in the middle of its delay.
    let opened = |event: &Event| matches!(event, Event::Gate { .. });
    let first = async {
        tokio::select! {
            got = stage.get(Road::Plain, Http::One) => panic!("{got:?}"),
            () = stage.until(|events| events.iter().any(opened)) => {}
        }
    };
    let ((), (second, third)) =
        timeout(LIMIT, async { tokio::join!(first, others) }).await.expect("a turn is lost");
    assert_eq!([second.unwrap(), third.unwrap()], [200; 2]);
    stage.until_left(1).await;
    tokio::time::timeout(Duration::from_secs(60), stage.only_open(0)).await.unwrap();
}
