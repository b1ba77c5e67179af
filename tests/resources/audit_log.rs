//! The audit log of GLP.

use greenroom_model::{issue::Term, sample::DEFAULT_SEED, world::World};

use super::{AUDIT, DEVICES, INVENTORY, TENANTS};
use crate::client::Client;

#[tokio::test]
async fn the_audit_log_tells_sign_ins_and_calls_newest_first() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    client.advance("1m");
    client.get(&msp, TENANTS).await.ended_with(200);
    client.get(&msp, &format!("{DEVICES}/garbage")).await.ended_with(400);
    let abc = client.exchange(&msp, "abc").await;
    client.get(&abc, INVENTORY).await.ended_with(200);
    let own = client.get(&msp, AUDIT).await.ended_with(200);
    let sign_in = "User msp.admin@example.com logged in via API client.";
    let list_tenants = "GET /workspaces/v1/msp-tenants";
    assert_eq!(own.column("description"), [list_tenants, sign_in], "what was refused is not told");
    assert_eq!(own.column("createdAt"), ["2026-01-01T00:01:00Z", "2026-01-01T00:00:00Z"]);
    assert!(own.column("user").iter().all(|user| user == r#"{"username":"msp.admin@example.com"}"#));
    // Each workspace has its own log: the exchange and the tenant's call are in the tenant's.
    let tenants = client.get(&abc, AUDIT).await.ended_with(200);
    assert_eq!(tenants.column("description"), [&format!("GET {INVENTORY}"), sign_in]);
    let page = client.list(&msp, AUDIT, &[("limit", "1")]).await.ended_with(200);
    let body = page.json();
    assert_eq!(page.column("description"), [list_tenants], "reading the log does not lengthen it");
    assert_eq!([&body["count"], &body["offset"], &body["total"]], [1, 0, 2]);
    assert_eq!(body["remainingRecords"], true);
    let page = client.list(&msp, AUDIT, &[("limit", "1"), ("offset", "1")]).await.ended_with(200);
    assert_eq!(
        (page.column("description"), &page.json()["remainingRecords"]),
        (vec![sign_in.to_owned()], &false.into())
    );
    let standard = client.mint("standard").await;
    let users = client.get(&standard, AUDIT).await.column("user");
    assert_eq!(users, [r#"{"username":"ops.user@example.com"}"#]);
    for (name, value) in
        [("limit", "2001"), ("limit", "0"), ("offset", "-1"), ("filter", "category eq 'API'"), ("all", "x")]
    {
        client.list(&msp, AUDIT, &[(name, value)]).await.ended_with(400);
    }
}

#[tokio::test]
async fn the_audit_log_can_leave_reads_out() {
    let client = Client::speaking(&["audit=mutations"]).await;
    let msp = client.mint("msp").await;
    client.get(&msp, TENANTS).await.ended_with(200);
    assert_eq!(client.get(&msp, AUDIT).await.column("category"), [""; 0]);
}

#[tokio::test]
async fn the_audit_log_keeps_its_newest_ten_thousand_lines() {
    let mut world = World::sample(DEFAULT_SEED);
    let (client, _) = world.clients().next().unwrap();
    let early = "2025-12-31T00:00:00Z".parse().unwrap();
    for _ in 0..10_020 {
        world.issue_for(client, None, Term::OfKind, early).unwrap();
    }
    let client = Client::of(world).await;
    let msp = client.mint("msp").await;
    let newest = client.list(&msp, AUDIT, &[("limit", "2")]).await.ended_with(200);
    assert_eq!(newest.column("createdAt"), ["2026-01-01T00:00:00Z", "2025-12-31T00:00:00Z"]);
    assert_eq!(newest.json()["total"], 10_000);
    let body = client.get(&msp, AUDIT).await.ended_with(200).json();
    assert_eq!((body["count"].clone(), body["remainingRecords"].clone()), (50.into(), true.into()));
    let last = client.list(&msp, AUDIT, &[("limit", "2000"), ("offset", "8000")]).await.json();
    assert_eq!((last["count"].clone(), last["remainingRecords"].clone()), (2000.into(), false.into()));
    client.dialect(&["audit_v1_default_limit=2000"]);
    assert_eq!(client.get(&msp, AUDIT).await.json()["count"], 2000);
}
