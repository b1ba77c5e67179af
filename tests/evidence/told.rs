//! What is told of a client, between its requests.

use std::time::Duration;

use greenroom_emulator::{Emulator, command::SandboxOptions};
use greenroom_model::{
    history::{Bounds, Entry, Event, IdSet, ReplyNote, Request, StepNote, Stream, canonical},
    sample::DEFAULT_SEED,
    world::World,
};
use reqwest::Method;
use serde_json::json;

use super::{TRAP, entries, nothing_shows, watching};
use crate::{
    rules::rule,
    wire::{INVENTORY, LIST_TENANTS, TENANTS, Wire, credentials, until, workspace_id},
};

fn step(id: u64, step: &str) -> StepNote {
    StepNote { id, step: step.to_owned(), verb: "call".to_owned(), ..StepNote::default() }
}

fn reply(id: u64, step: &str) -> ReplyNote {
    ReplyNote { id, step: step.to_owned(), ok: true, ..ReplyNote::default() }
}

fn tags(entries: &[Entry]) -> Vec<String> {
    let tag = |entry: &Entry| {
        let json = serde_json::to_value(entry).unwrap();
        let names: Vec<_> = json.as_object().unwrap().keys().cloned().collect();
        names.last().unwrap().clone()
    };
    entries.iter().map(tag).collect()
}

#[tokio::test]
async fn it_stands_in_order_between_the_requests() {
    let wire = Wire::start(watching()).await;
    let told = wire.emulator.evidence();
    told.step(step(1, "hit"));
    wire.get(INVENTORY, "nothing").await;
    told.sleep(1, 3_000);
    told.wake(1, wire.emulator.clock().now() + jiff::SignedDuration::from_secs(3));
    told.output(Stream::Stderr, b"Traceback\nKey");
    told.reply(ReplyNote { cut: Some("exit".into()), ..reply(1, "hit") });
    told.output(Stream::Stderr, b"Error");
    let exit = told.exit(Some(1), None, None);
    let entries = entries(&wire);
    let told: Vec<_> = tags(&entries).into_iter().filter(|tag| tag != "connection").collect();
    assert_eq!(
        told,
        ["world", "step", "request", "response", "sleep", "wake", "output", "reply", "output", "exit"]
    );
    let texts: Vec<_> = entries
        .iter()
        .filter_map(|entry| match &entry.event {
            Event::Output { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(texts, ["Traceback\n", "KeyError"], "the exit brings what was left");
    assert_eq!(entries.last().unwrap().n, exit);
}

/// What a step asks for is written as the request will be that comes of it, and no secret is in either.
#[tokio::test]
async fn a_step_can_be_compared_with_its_request() {
    let wire = Wire::start(watching()).await;
    let token = wire.mint("msp").await;
    let part = token.split('.').nth(2).unwrap()[..40].to_owned();
    let (path, query) = (format!("/x/{part}"), format!("a={}&token=t", "x".repeat(600)));
    let headers = [("x-part".to_owned(), part.clone())].into();
    let step = StepNote { path: Some(path.clone()), query: Some(query.clone()), headers, ..step(1, "hit") };
    wire.emulator.evidence().step(step);
    wire.send(Method::GET, &format!("{path}?{query}"), &[("x-part", &part)], "").await;
    let request = wire.last_exchange().request;
    let told = entries(&wire).into_iter().find_map(|entry| match entry.event {
        Event::Step(note) => Some(*note),
        _ => None,
    });
    let told = told.unwrap();
    assert_eq!((told.path, told.query), (Some(request.path), Some(request.query)));
    assert_eq!(told.headers.get("x-part").map(String::as_str), request.headers.get("x-part"));
    nothing_shows(&wire, &[&token]);
}

#[tokio::test]
async fn a_gate_says_how_many_requests_to_the_client_are_unanswered() {
    let wire = Wire::start(watching()).await;
    for (nth, replies) in [(1, vec![]), (2, vec![7]), (3, vec![7, 8, 9])] {
        let gate = format!(
            r#"{{"id":"g{nth}","when":{{"op":"api","phase":"p{nth}"}},"gate":{{"open_when":[{{"waiting":1}}],"limit":"60s"}}}}"#
        );
        wire.emulator.faults().add(rule(&gate)).unwrap();
        wire.emulator.begin_phase(format!("p{nth}")).unwrap();
        let told = wire.emulator.evidence();
        for id in 7..10 {
            told.step(step(id, "hit"));
        }
        // What the client is not asked for, it need not answer.
        told.step(StepNote { skipped: Some("open failed".into()), ..step(10, "hit") });
        replies.iter().for_each(|id| _ = told.reply(reply(*id, "hit")));
        wire.get(INVENTORY, "nothing").await;
        let asked: Vec<_> = entries(&wire)
            .iter()
            .filter_map(|entry| match &entry.event {
                Event::Gate { asked, rule, .. } if *rule == format!("g{nth}") => Some(*asked),
                _ => None,
            })
            .collect();
        assert_eq!(asked, [3 - replies.len() as u64]);
    }
}

#[tokio::test]
async fn a_file_is_told_with_what_it_holds() {
    let wire = Wire::start(watching()).await;
    let (id, secret) = credentials("msp");
    let first = wire.mint("msp").await;
    let second = wire.mint("msp").await;
    let told = wire.emulator.evidence();
    let content = json!({"client_id": id, "client_secret": secret, "access_token": first}).to_string();
    let note = told.file("token_file", content.as_bytes(), 0o100_644, 7);
    assert_eq!((note.mode.as_str(), note.replaced), ("0644", false));
    assert_eq!(note.holds, ["msp#1", "secret"]);
    let note = told.file(
        "token_file",
        json!({"unified": {"access_token": second}}).to_string().as_bytes(),
        0o600,
        7,
    );
    assert_eq!((note.mode.as_str(), note.replaced, note.holds), ("0600", false, vec!["msp#2".to_owned()]));
    let both = format!("{second} {first} {second}");
    let note = told.file("token_file", both.as_bytes(), 0o600, 8);
    assert_eq!((note.replaced, note.holds), (true, vec!["msp#1".to_owned(), "msp#2".to_owned()]));
    // Another file has a number of its own.
    let other = told.file("cache", b"", 0o600, 9);
    assert!(!other.replaced && other.holds.is_empty());
    assert_eq!(entries(&wire).last().unwrap().event, Event::File(other));
}

#[tokio::test]
async fn the_world_says_what_clients_should_list() {
    let wire = Wire::start(watching()).await;
    let Event::World { lists, traps, .. } = entries(&wire)[0].event.clone() else { panic!("no world") };
    assert_eq!(traps, [TRAP]);
    let msp = wire.mint("msp").await;
    let ids: Vec<_> = TENANTS.map(|tenant| workspace_id(tenant).plain()).to_vec();
    assert_eq!(lists["tenants(msp)"], IdSet::of(ids.iter().map(String::as_str)));
    let listed = wire.get(&format!("{LIST_TENANTS}?limit=100&next=1"), &msp).await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), ids.len());
    for tenant in ["abc", "customer", "empty"] {
        let token = wire.exchange(&msp, tenant).await;
        let mut serials = Vec::new();
        let mut next = "1".to_owned();
        loop {
            let page = wire.get(&format!("{INVENTORY}?limit=100&next={next}"), &token).await.json();
            let items = page["items"].as_array().unwrap();
            serials.extend(items.iter().map(|item| item["serialNumber"].as_str().unwrap().to_owned()));
            match page["next"].as_str() {
                Some(more) => next = more.to_owned(),
                None => break,
            }
        }
        let expected = &lists[&format!("devices({tenant})")];
        assert_eq!(*expected, IdSet::of(serials.iter().map(String::as_str)), "{tenant}");
    }
    // Whoever gathers nothing starts without all that.
    let plain = entries(&Wire::frozen().await);
    assert!(
        matches!(&plain[0].event, Event::World { lists, traps, .. } if lists.is_empty() && traps.is_empty())
    );
}

#[tokio::test]
async fn a_body_of_json_is_known_whatever_its_order() {
    async fn sent(wire: &Wire, body: &'static str) -> Request {
        wire.send(Method::POST, "/workspaces/v1/msp-tenants", &[], body).await;
        wire.last_exchange().request
    }
    let wire = Wire::start(watching()).await;
    let body = r#"{"a":[1,2],"b":{"d":null,"c":"x"}}"#;
    let one = sent(&wire, body).await;
    let other = sent(&wire, r#"{ "b": {"c": "x", "d": null}, "a": [1, 2] }"#).await;
    assert_eq!(one.json, Some(canonical(&json!({"b": {"c": "x", "d": null}, "a": [1, 2]})).to_string()));
    assert!(one.json == other.json && one.body != other.body);
    for none in ["", "a=b", "{\"a\":"] {
        assert_eq!(sent(&wire, none).await.json, None, "{none}");
    }
    // Nobody else asks for it.
    let plain = sent(&Wire::frozen().await, body).await;
    assert!(plain.json.is_none() && plain.body == one.body);
}

#[tokio::test]
async fn a_sandbox_takes_a_world_bounds_and_patience_of_its_own() {
    let emulator = Emulator::builder().start().await.unwrap();
    let options = SandboxOptions {
        world: greenroom_emulator::command::SandboxWorld::Given(Box::new(World::sample(DEFAULT_SEED))),
        history_bounds: Some(Bounds { entries: 3, bytes: usize::MAX }),
        connection_timeout: Some(Duration::from_millis(50)),
        ..SandboxOptions::default()
    };
    let beside = Wire::of(Box::new(emulator.open_sandbox(options).unwrap()));
    for _ in 0..10 {
        beside.emulator.evidence().wake(1, jiff::Timestamp::UNIX_EPOCH);
    }
    let (entries, dropped) = beside.emulator.history().entries(0);
    assert_eq!((entries.len(), dropped), (3, 8));
    // Who says nothing is not waited for.
    let _socket = tokio::net::TcpStream::connect(beside.emulator.address()).await.unwrap();
    until("the connection stays", || {
        let (entries, _) = beside.emulator.history().entries(0);
        entries
            .iter()
            .any(|entry| matches!(&entry.event, Event::Connection { what, .. } if what == "timed-out"))
    })
    .await;
}
