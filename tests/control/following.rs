//! The history as it grows: followed, waited for, exported.

use std::time::Duration;

use greenroom_emulator::{
    Emulator, Export, Remote, RemoteError,
    command::{Command, HistoryQuery},
};
use greenroom_model::{
    history::{Bounds, Entry, Event},
    rule::Selector,
};
use reqwest::Method;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::*;
use crate::harness::{Scratch, run};

/// Longer than anything here takes: what waits for so long hangs.
const LONG: Duration = Duration::from_secs(50);

fn selector(fields: &[(&str, &str)]) -> Selector {
    let mut selector = Selector::default();
    fields.iter().for_each(|(field, text)| selector.set(field, text).unwrap());
    selector
}

/// Some requests: two that are answered, one without a token.
async fn three_requests(wire: &Wire) {
    let token = wire.issue("msp", None);
    assert_eq!(wire.get(DEVICES, &token).await.status, 200);
    assert_eq!(wire.get(DEVICES, "nothing").await.status, 401);
    assert_eq!(wire.get(AUDIT_LOG, &token).await.status, 200);
}

fn entries(wire: &Wire) -> Vec<Entry> {
    wire.emulator.history().entries(0).0
}

#[tokio::test]
async fn an_export_is_read_back_into_the_entries_it_was_made_of() {
    let wire = Wire::frozen().await;
    let remote = Remote::new(wire.emulator.url(), None).unwrap();
    three_requests(&wire).await;
    let answer = wire.send(Method::GET, "/_greenroom/v1/history/export", &[], "").await;
    assert_eq!(answer.header("content-type"), Some("application/jsonl"));
    let read: Vec<Entry> = answer.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kept = entries(&wire);
    assert_eq!(read, kept[..read.len()]);
    assert!(read.iter().filter(|entry| matches!(entry.event, Event::Response(_))).count() == 3);
    // What is not filtered are exchanges only.
    assert_eq!(answer.header("greenroom-dropped"), Some("0"));
    let Export { entries: refused, dropped } =
        remote.export(&selector(&[("status", "401")]), 1).await.unwrap();
    assert_eq!(dropped, 0);
    let exchanges = refused.iter().filter(|it| matches!(it.event, Event::Request(_) | Event::Response(_)));
    assert_eq!(exchanges.count(), 2);
    assert!(refused.iter().any(|entry| matches!(entry.event, Event::Note { .. })));
}

#[tokio::test]
async fn who_follows_sees_what_is_there_and_what_comes_until_the_end() {
    let wire = Wire::frozen().await;
    let remote = Remote::new(wire.emulator.url(), None).unwrap();
    let mut all = remote.follow(&Selector::default(), 0).await.unwrap();
    let mut refused = remote.follow(&selector(&[("status", "401")]), 1).await.unwrap();
    // The head is there before there is anything to tell, and the first entry was there before.
    assert!(matches!(all.next().await.unwrap().unwrap().event, Event::World { .. }));
    three_requests(&wire).await;
    wire.emulator.clock().advance("16m".parse().unwrap()).unwrap();
    let kept = entries(&wire);
    for entry in &kept[1..] {
        assert_eq!(all.next().await.unwrap().as_ref(), Some(entry));
    }
    // A request that is judged by its answer comes with that.
    let mut seen = Vec::new();
    loop {
        let entry = refused.next().await.unwrap().unwrap();
        match &entry.event {
            Event::Request(_) | Event::Response(_) => seen.push(entry),
            Event::Clock { .. } => break,
            _ => {}
        }
    }
    let [request, response] = &seen[..] else { panic!("{seen:?}") };
    let Event::Response(response) = &response.event else { panic!("{seen:?}") };
    assert_eq!((response.request, response.status), (request.n, Some(401)));
    // The end of the emulator is the end of the story, within its grace and without an error.
    tokio::time::timeout(LONG, wire.emulator.stop()).await.unwrap().unwrap();
    while let Some(entry) = all.next().await.unwrap() {
        assert!(matches!(entry.event, Event::Connection { .. }), "{entry:?}");
    }
    assert_eq!(all.dropped(), 0);
}

#[tokio::test]
async fn an_export_says_how_much_of_what_was_asked_for_is_gone() {
    let bounds = Bounds { entries: 5, bytes: usize::MAX };
    let wire = Wire::start(Emulator::builder().frozen().history_bounds(bounds)).await;
    let remote = Remote::new(wire.emulator.url(), None).unwrap();
    for second in 0..20 {
        wire.emulator.begin_phase(format!("{second}")).unwrap();
    }
    for after in [0, 3] {
        let Export { entries, dropped } = remote.export(&Selector::default(), after).await.unwrap();
        assert_eq!((entries.len(), entries[0].n), (5, after + dropped + 1));
        assert!(dropped > 10);
    }
    let newest = entries(&wire).last().unwrap().n;
    let rest = remote.export(&Selector::default(), newest - 1).await.unwrap();
    assert_eq!((rest.entries[0].n, rest.dropped), (newest, 0));
    // The command line says so, and not among the lines.
    let scratch = Scratch::new();
    let mut command = scratch.greenroom();
    command.args(["history", "--jsonl", "--url", wire.emulator.url()]);
    let output = tokio::task::spawn_blocking(|| run(command)).await.unwrap().ended_with(0);
    assert_eq!(output.stdout.lines().count(), 5, "{output}");
    assert!(output.stderr.contains(" older entries were dropped"), "{output}");
}

/// A number that is not there yet would be waited for in silence.
#[tokio::test]
async fn a_number_of_another_run_is_refused_or_told() {
    let wire = Wire::frozen().await;
    let remote = Remote::new(wire.emulator.url(), None).unwrap();
    let any = Selector::default();
    let ahead = HistoryQuery { after: 999, ..HistoryQuery::default() };
    for refused in [
        remote.history(&ahead).await.unwrap_err().to_string(),
        remote.export(&any, 999).await.unwrap_err().to_string(),
        remote.follow(&any, 999).await.unwrap_err().to_string(),
        wire.emulator.history().page(&ahead).await.unwrap_err().to_string(),
        wire.emulator.run(Command::History(Box::new(ahead.clone()))).unwrap_err().to_string(),
    ] {
        assert!(refused.contains("there is no entry 999: the newest is "), "{refused}");
    }
    let newest = entries(&wire).last().unwrap().n;
    assert_eq!(remote.history(&HistoryQuery { after: newest, ..ahead }).await.unwrap().count, 0);
    // A browser sends the number it heard last by itself, and the URL it was given at first.
    for (last, restarted) in [(999, true), (1, false)] {
        let url = format!("{}/_greenroom/v1/history/follow?after=500", wire.emulator.url());
        let mut answer = wire.http.get(url).header("last-event-id", last).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let mut heard = String::new();
        while !heard.contains("id: ") {
            let piece = tokio::time::timeout(LONG, answer.chunk()).await.unwrap().unwrap().unwrap();
            heard += std::str::from_utf8(&piece).unwrap();
        }
        let again = "event: restarted\ndata: {\"not_there\":999}\n\nid: 1\ndata: {\"n\":1,";
        assert_eq!(heard.starts_with(again), restarted, "{heard}");
        assert!(restarted || heard.starts_with("id: 2\n"), "{heard}");
    }
}

#[tokio::test]
async fn nobody_counts_in_a_history() {
    let wire = Wire::frozen().await;
    let remote = Remote::new(wire.emulator.url(), None).unwrap();
    let second = selector(&[("nth", "2")]);
    let query = HistoryQuery { selector: second.clone(), ..HistoryQuery::default() };
    for refused in [
        remote.history(&query).await.unwrap_err().to_string(),
        remote.export(&second, 0).await.unwrap_err().to_string(),
        remote.follow(&second, 0).await.unwrap_err().to_string(),
        wire.emulator.history().page(&query).await.unwrap_err().to_string(),
        wire.emulator.run(Command::History(Box::new(query.clone()))).unwrap_err().to_string(),
    ] {
        assert!(refused.contains("counted by rules only"), "{refused}");
    }
    // What a query cannot say is not sent as something else.
    let paths: Selector = serde_json::from_value(json!({"path": ["/a", "/b"]})).unwrap();
    let refused = remote.export(&paths, 0).await.unwrap_err();
    assert!(refused.to_string().contains("path: a history is asked for one value"), "{refused}");
}

#[tokio::test]
async fn what_was_dropped_is_told_and_a_client_that_lost_its_connection_goes_on() {
    let bounds = Bounds { entries: 5, bytes: usize::MAX };
    let wire = Wire::start(Emulator::builder().frozen().history_bounds(bounds)).await;
    for second in 0..20 {
        wire.emulator.begin_phase(format!("{second}")).unwrap();
    }
    let address = wire.emulator.address();
    let mut socket = TcpStream::connect(address).await.unwrap();
    let ask = format!(
        "GET /_greenroom/v1/history/follow?after=0 HTTP/1.1\r\nHost: {address}\r\nLast-Event-ID: 3\r\n\r\n"
    );
    socket.write_all(ask.as_bytes()).await.unwrap();
    let last = entries(&wire).last().unwrap().n;
    let mut answer = String::new();
    while !answer.contains(&format!("id: {last}\ndata: {{\"n\":{last},")) {
        let mut more = [0; 4096];
        let count = tokio::time::timeout(LONG, socket.read(&mut more)).await.unwrap().unwrap();
        assert!(count > 0, "{answer}");
        answer += std::str::from_utf8(&more[..count]).unwrap();
    }
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("text/event-stream"), "{answer}");
    let (_, rest) = answer.split_once("event: dropped\ndata: {\"dropped\":").unwrap();
    let (dropped, _) = rest.split_once('}').unwrap();
    // Those after number 3 that the ring held no more; a connection may have been noted meanwhile.
    let dropped: u64 = dropped.parse().unwrap();
    assert!((13..=18).contains(&dropped), "{answer}");
    assert!(answer.contains(&format!("id: {}\n", 3 + dropped + 1)), "{answer}");
    let wrong = wire.send(Method::GET, "/_greenroom/v1/history/follow", &[("last-event-id", "x")], "").await;
    assert_eq!((wrong.status, &wrong.json()["field"]), (422, &json!("last-event-id")));
}

/// A connection's end is an entry of the history, so that nobody has to guess when it is over.
#[tokio::test]
async fn a_follower_that_leaves_is_gone() {
    let wire = Wire::frozen().await;
    let remote = Remote::new(wire.emulator.url(), None).unwrap();
    let mut watching = remote.follow(&Selector::default(), 0).await.unwrap();
    let leaving = remote.follow(&Selector::default(), 0).await.unwrap();
    let mut opened = 0;
    while opened < 2 {
        let entry = watching.next().await.unwrap().unwrap();
        opened += usize::from(matches!(&entry.event, Event::Connection { what, .. } if what == "opened"));
    }
    drop(leaving);
    let closed = async {
        loop {
            let entry = watching.next().await.unwrap().unwrap();
            if matches!(&entry.event, Event::Connection { what, .. } if what == "closed") {
                break;
            }
        }
    };
    tokio::time::timeout(LONG, closed).await.expect("its connection is closed");
}

#[tokio::test]
async fn a_count_is_waited_for_until_nothing_can_change_it() {
    let wire = Wire::frozen().await;
    let remote = Remote::new(wire.emulator.url(), None).unwrap();
    let query = |fields: &[(&str, &str)], count: &str, wait: Duration| HistoryQuery {
        selector: selector(fields),
        after: 0,
        count: Some(count.parse().unwrap()),
        wait: Some(wait),
    };
    // Two that come while it waits; the third question is answered when its bound is broken.
    let two = query(&[("path", DEVICES)], ">= 2", LONG);
    let refused = query(&[("status", "401")], ">= 1", LONG);
    let at_most_none = query(&[("status", "200")], "<= 1", LONG);
    let (_, two, refused, at_most, handle) = tokio::join!(
        three_requests(&wire),
        remote.history(&two),
        remote.history(&refused),
        remote.history(&at_most_none),
        wire.emulator.history().page(&refused),
    );
    for page in [two.unwrap(), refused.unwrap(), handle.unwrap()] {
        assert_eq!(page.holds, Some(true), "{page:?}");
    }
    assert_eq!(at_most.unwrap().holds, Some(false));
    // What more could still break is answered when the time is over.
    for (bound, holds) in [("= 2", true), ("<= 2", true), ("2..5", true), ("= 3", false)] {
        let page =
            remote.history(&query(&[("path", DEVICES)], bound, Duration::from_millis(1))).await.unwrap();
        assert_eq!((page.holds, page.count), (Some(holds), 2), "{bound}");
    }
    // Without a wait it is answered as things stand.
    let now = HistoryQuery { wait: None, ..query(&[], ">= 9", LONG) };
    assert_eq!(remote.history(&now).await.unwrap().holds, Some(false));
    assert_eq!(remote.history(&HistoryQuery::default()).await.unwrap().holds, None);
    // An emulator that stops answers those who wait.
    let never = query(&[], ">= 99", LONG);
    let (page, ()) = tokio::join!(remote.history(&never), async {
        let opened = HistoryQuery { count: None, wait: None, ..never.clone() };
        // By then the other question has been asked, or will find nobody.
        remote.history(&opened).await.unwrap();
        wire.emulator.close("enough");
        wire.emulator.stop().await.unwrap();
    });
    match page {
        Ok(page) => assert_eq!(page.holds, Some(false)),
        Err(error) => assert!(matches!(error, RemoteError::Unreachable { .. }), "{error}"),
    }
}
