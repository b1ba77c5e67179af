//! What holds for every request: tokens are unique, tenants apart, pages complete, runs repeatable,
//! and all clocks one clock.

mod apart;
mod repeatable;

use std::collections::{BTreeSet, HashSet};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};

use crate::wire::{AUDIT_LOG, Answer, DEVICES, INVENTORY, LIST_TENANTS, MSP_TENANTS, PROVISIONS, Wire};

// ---- tokens ----

#[tokio::test(flavor = "multi_thread")]
async fn n_mints_on_a_frozen_clock_are_n_different_tokens() {
    let wire = Wire::frozen().await;
    let msp = wire.mint("msp").await;
    let mut tokens = vec![msp.clone()];
    for _ in 0..16 {
        tokens.push(wire.mint_sso("msp").await);
        tokens.push(wire.mint("msp").await);
        tokens.push(wire.exchange(&msp, "abc").await);
    }
    let at_once = (0..64).map(|n| {
        let (wire, msp) = (&wire, &msp);
        async move {
            match n % 3 {
                0 => wire.mint_sso("msp").await,
                1 => wire.mint("msp").await,
                _ => wire.exchange(msp, "abc").await,
            }
        }
    });
    tokens.extend(together(at_once).await);
    let jtis: HashSet<_> = tokens.iter().map(|token| claims(token)["jti"].to_string()).collect();
    let signatures: HashSet<_> = tokens.iter().map(|token| token.rsplit('.').next()).collect();
    let symbols: HashSet<_> = wire
        .emulator
        .history()
        .exchanges()
        .into_iter()
        .filter_map(|exchange| exchange.response?.issued)
        .collect();
    assert_eq!([tokens.len(), jtis.len(), signatures.len(), symbols.len()], [1 + 3 * 16 + 64; 4]);
    let answers = together(tokens.iter().map(|token| wire.get(PROVISIONS, token))).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "each of them is good");
}

/// All of them under way at the same time, in the order in which they were given.
async fn together<T>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut pending: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|cx| {
        for (future, done) in pending.iter_mut().filter(|(_, done)| done.is_none()) {
            if let std::task::Poll::Ready(value) = future.as_mut().poll(cx) {
                *done = Some(value);
            }
        }
        if pending.iter().all(|(_, done)| done.is_some()) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    pending.into_iter().filter_map(|(_, done)| done).collect()
}

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("a payload");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64url")).expect("claims")
}

// ---- lists ----

/// A list, how it is paged, and what names an item.
struct List {
    path: &'static str,
    by_page: bool,
    id: &'static str,
    max: usize,
}

const LISTS: [List; 10] = [
    List { path: INVENTORY, by_page: true, id: "id", max: 1_000 },
    List { path: LIST_TENANTS, by_page: true, id: "tenantId", max: 100 },
    List { path: DEVICES, by_page: false, id: "id", max: 2_000 },
    List { path: MSP_TENANTS, by_page: false, id: "id", max: 300 },
    List { path: AUDIT_LOG, by_page: false, id: "id", max: 2_000 },
    List { path: PROVISIONS, by_page: false, id: "id", max: 2_000 },
    List { path: "/network-monitoring/v1/aps", by_page: true, id: "id", max: 1_000 },
    List { path: "/network-monitoring/v1/clients", by_page: true, id: "id", max: 1_000 },
    List { path: "/network-notifications/v1/alerts", by_page: true, id: "id", max: 100 },
    List { path: "/network-monitoring/v1/sites-health", by_page: false, id: "id", max: 1_000 },
];

/// All answers of a list, first to last; one only if it is refused.
async fn walk(wire: &Wire, token: &str, list: &List, limit: usize, query: &str) -> Vec<Answer> {
    let (mut pages, mut at) = (Vec::new(), usize::from(list.by_page));
    loop {
        let name = if list.by_page { "next" } else { "offset" };
        let page = wire.get(&format!("{}?limit={limit}&{name}={at}{query}", list.path), token).await;
        let body = page.json();
        pages.push(page);
        assert!(pages.len() <= 2_000, "{} never ends", list.path);
        let count = body["count"].as_u64().unwrap_or_default() as usize;
        let more = match (list.by_page, body["next"].as_str()) {
            (true, Some(next)) => next.parse().expect("a page number"),
            (false, _) if at + count < body["total"].as_u64().unwrap_or_default() as usize => at + count,
            _ => return pages,
        };
        assert!(more > at, "{} stands still at {at}", list.path);
        at = more;
    }
}

fn ids(pages: &[Answer], list: &List) -> Vec<String> {
    let items =
        pages.iter().map(Answer::json).flat_map(|page| page["items"].as_array().cloned().expect("items"));
    items.map(|item| item[list.id].as_str().expect("an id").to_owned()).collect()
}

fn total(pages: &[Answer]) -> usize {
    pages[0].json()["total"].as_u64().expect("a total") as usize
}

#[tokio::test]
async fn paging_returns_each_item_once() {
    let wire = Wire::frozen().await;
    // Enough lines in each audit log to turn pages.
    for who in [("msp", None), ("msp", Some("abc")), ("msp", Some("example"))] {
        let token = wire.issue(who.0, who.1);
        for _ in 0..30 {
            wire.get(PROVISIONS, &token).await;
        }
    }
    let runtime = tokio::runtime::Handle::current();
    let strategy =
        (0..LISTS.len(), prop::sample::select(vec![None, Some("abc"), Some("example")]), 1..2_000usize);
    let cases = tokio::task::spawn_blocking(move || {
        let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(60) });
        runner.run(&strategy, |(list, tenant, limit)| {
            runtime.block_on(async {
                let list = &LISTS[list];
                let who = if list.path == LIST_TENANTS || list.path == MSP_TENANTS { None } else { tenant };
                let token = wire.issue("msp", who);
                // Small limits too, but not a thousand pages.
                let least = if list.path == INVENTORY || list.path == DEVICES { 20 } else { 1 };
                let limit = if limit % 2 == 0 { limit.clamp(least, list.max) } else { least + limit % 9 };
                let pages = walk(&wire, &token, list, limit, "").await;
                let seen = ids(&pages, list);
                let distinct: BTreeSet<_> = seen.iter().collect();
                let what = format!("{} of {who:?} with limit {limit}", list.path);
                prop_assert_eq!(distinct.len(), seen.len(), "{} repeats an item", what);
                prop_assert_eq!(seen.len(), total(&pages), "{} leaves one out", what);
                prop_assert_eq!(total(&pages), total(&pages[pages.len() - 1..]), "{}: the total moves", what);
                let (last, full) = pages.split_last().expect("a page");
                prop_assert!(full.iter().all(|page| page.json()["count"] == json!(limit)), "{}", what);
                prop_assert!(last.json()["count"].as_u64() <= Some(limit as u64), "{}", what);
                Ok(())
            })
        })
    });
    cases.await.unwrap().unwrap_or_else(|error| panic!("{error}"));
}

#[tokio::test]
async fn paging_with_a_filter_and_a_sort_returns_each_item_once() {
    let wire = Wire::frozen().await;
    let token = wire.issue("msp", Some("abc"));
    for (list, query) in [
        (&LISTS[0], "&sort=deviceType+desc"),
        (&LISTS[0], "&filter=deviceType+eq+ACCESS_POINT&sort=siteName+asc"),
        (&LISTS[0], "&site-assigned=UNASSIGNED"),
        (&LISTS[2], "&filter=deviceType+eq+%27SWITCH%27"),
    ] {
        let whole = ids(&walk(&wire, &token, list, 1_000, query).await, list);
        assert!(whole.len() > 60, "{query}: {}", whole.len());
        for limit in [17, 61] {
            assert_eq!(
                ids(&walk(&wire, &token, list, limit, query).await, list),
                whole,
                "{query} by {limit}"
            );
        }
    }
}
