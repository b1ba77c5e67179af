//! Several at once: two who want one name, and a reader who pages while others write.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use reqwest::Version;
use serde_json::json;

use super::{delete, made, post};
use crate::{
    client::{Client, Road},
    resources::{LIST_TENANTS, TENANTS},
};

/// Four creators on connections of their own, by every road: one wins, the others get the conflict.
#[tokio::test(flavor = "multi_thread")]
async fn of_several_who_want_one_name_one_gets_it() {
    for (dialect, conflict) in [("tenant_name_taken=412", 412), ("tenant_name_taken=409", 409)] {
        let client = Client::speaking(&[dialect]).await;
        let msp = client.mint("msp").await;
        let roads = [Road::Plain, Road::Plain, Road::Tunnel(Version::HTTP_11), Road::Tunnel(Version::HTTP_2)];
        let creators = roads.map(|road| Arc::new(client.over(road)));
        for round in 0..25 {
            let body = json!({"workspaceName": format!("Contested {round}")});
            let mut race = tokio::task::JoinSet::new();
            for creator in &creators {
                let (creator, ask) = (Arc::clone(creator), post(&msp, &body));
                race.spawn(async move { creator.send(ask).await.status });
            }
            let mut statuses = race.join_all().await;
            statuses.sort_unstable();
            assert_eq!(statuses, [201, conflict, conflict, conflict], "round {round}");
        }
        let names = client.get(&msp, TENANTS).await.ended_with(200).column("workspaceName");
        assert_eq!(names.len(), 6 + 25);
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
    }
}

/// Two who delete one tenant: one does, for the other it is nobody's.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_delete_one_tenant_one_does() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let other = Arc::new(client.over(Road::Plain));
    for round in 0..25 {
        let id = made(&client, &msp, &format!("Doomed {round}")).await;
        let mine = delete(&msp, &id);
        let (theirs, elsewhere) = (mine.clone(), Arc::clone(&other));
        let theirs = tokio::spawn(async move { elsewhere.send(theirs).await.status });
        let mut statuses = [client.send(mine).await.status, theirs.await.unwrap()];
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 403], "round {round}");
    }
}

/// What a reader gets who follows the pages of a list.
struct Walk {
    /// In the order of the pages.
    seen: Vec<String>,
    pages: usize,
}

impl Walk {
    /// Nothing comes twice, and of what stays the first come first.
    fn check(&self, stayed: &[String]) {
        let distinct: HashSet<_> = self.seen.iter().collect();
        assert_eq!(distinct.len(), self.seen.len(), "a tenant came twice");
        let order: HashMap<_, _> = stayed.iter().enumerate().map(|(at, name)| (name, at)).collect();
        let places: Vec<_> = self.seen.iter().filter_map(|name| order.get(name)).collect();
        assert!(places.is_sorted(), "what stays keeps its order");
        assert!(places.len() > stayed.len() / 2, "{} of {} were seen", places.len(), stayed.len());
    }
}

async fn walk_glp(client: &Client, msp: &str, limit: usize) -> Walk {
    let mut walk = Walk { seen: Vec::new(), pages: 0 };
    loop {
        let (offset, limit) = (walk.seen.len().to_string(), limit.to_string());
        let page = client.list(msp, TENANTS, &[("offset", &offset), ("limit", &limit)]).await.ended_with(200);
        let names = page.column("workspaceName");
        if names.is_empty() {
            return walk;
        }
        walk.seen.extend(names);
        walk.pages += 1;
    }
}

async fn walk_central(client: &Client, msp: &str, limit: usize, sort: &str) -> Walk {
    let mut walk = Walk { seen: Vec::new(), pages: 0 };
    let mut next = Some("1".to_owned());
    while let Some(number) = next {
        let limit = limit.to_string();
        let query = [("limit", limit.as_str()), ("next", &number), ("sort", sort)];
        let page = client.list(msp, LIST_TENANTS, &query).await.ended_with(200);
        walk.seen.extend(page.column("tenantName"));
        walk.pages += 1;
        next = page.json()["next"].as_str().map(str::to_owned);
    }
    walk
}

/// New tenants come last and deleted ones leave a gap: a reader meets nobody twice, and those who stay in
/// their order, whoever writes between the pages.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_pages_while_others_write_meets_nobody_twice() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let mut stayed = client.get(&msp, TENANTS).await.ended_with(200).column("workspaceName");
    let mut doomed = Vec::new();
    for number in 0..330 {
        let name = format!("Tenant {number:03}");
        let id = made(&client, &msp, &name).await;
        // Every fifth will go.
        if number % 5 == 0 { doomed.push(id) } else { stayed.push(name) }
    }
    let stop = Arc::new(AtomicBool::new(false));
    let writer = {
        let (writer, msp, stop) = (client.over(Road::Plain), msp.clone(), Arc::clone(&stop));
        tokio::spawn(async move {
            let mut round = 0;
            while !stop.load(Ordering::Relaxed) || !doomed.is_empty() {
                made(&writer, &msp, &format!("Newcomer {round}")).await;
                // Now an early one, now a late one.
                let at = if round % 2 == 0 { 0 } else { doomed.len().saturating_sub(1) };
                if at < doomed.len() {
                    writer.send(delete(&msp, &doomed.remove(at))).await.ended_with(204);
                }
                round += 1;
            }
            round
        })
    };
    for limit in [300, 50, 7] {
        let walk = walk_glp(&client, &msp, limit).await;
        assert!(walk.pages > 1);
        walk.check(&stayed);
    }
    for sort in ["createdTime", "createdTime ASC"] {
        let walk = walk_central(&client, &msp, 20, sort).await;
        assert!(walk.pages > 1);
        walk.check(&stayed);
    }
    stop.store(true, Ordering::Relaxed);
    assert!(writer.await.unwrap() >= 66, "the writer got through all that goes");
    let left = walk_glp(&client, &msp, 300).await;
    left.check(&stayed);
    assert_eq!(left.seen.iter().filter(|name| stayed.contains(name)).count(), stayed.len());
}
