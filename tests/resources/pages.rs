//! How lists count: how many rows a page has that nobody asked a number of, what lies behind the last page,
//! and which rows a page shows when others have gone since the one before.

use greenroom_emulator::command::{Command, IssueToken, Reply};
use greenroom_model::{spec::Spec, world::World};
use serde_json::Value;

use super::{
    AUDIT, CENTRAL_DEVICES, DEVICES, INVENTORY, LIST_TENANTS, PROVISIONS, TENANTS, cell,
    monitoring::{ALERTS, APS, CLIENTS, SITES_HEALTH, WLANS},
    pages, rows,
};
use crate::client::{Ask, Client};

/// A client of a large world, and a token of its MSP.
async fn large() -> (Client, String) {
    let file = "workspaces:
  - symbol: acme
    devices: {network: 2100}
    tenants: 310
    provisions:
      - {service_manager: central, region: us-west}
      - {service_manager: data_services, region: us-west}
";
    let world = World::from_spec(&Spec::read(file.as_bytes()).unwrap()).unwrap();
    let client = Client::of(world).await;
    let wish = IssueToken { client: "acme".to_owned(), ..IssueToken::default() };
    let Reply::Issued(issued) = client.emulator().run(Command::IssueToken(wish)).unwrap() else {
        panic!("a token")
    };
    (client, issued.access_token)
}

#[tokio::test]
async fn a_page_without_a_limit_has_as_many_rows_as_its_specification_says() {
    let (client, token) = large().await;
    let on_board = pages(&client, &token, CENTRAL_DEVICES, &[("limit", "1000")], "serialNumber").await.len();
    assert!(on_board > 1_000);
    let all = async |kind: &str| {
        let path = format!("/network-monitoring/v1/{kind}");
        pages(&client, &token, &path, &[("limit", "1000")], "id").await.len()
    };
    let alerts = pages(&client, &token, "/network-notifications/v1/alerts", &[("limit", "100")], "id").await;
    let alerts = alerts.len();
    for (path, count, total) in [
        (TENANTS, 300, 310),
        (DEVICES, 2_000, 2_100),
        (PROVISIONS, 2, 2),
        (INVENTORY, 20, 2_100),
        (CENTRAL_DEVICES, 1_000, on_board),
        ("/network-monitoring/v1/aps", 20, all("aps").await),
        ("/network-monitoring/v1/switches", all("switches").await, all("switches").await),
        ("/network-monitoring/v1/gateways", 20, all("gateways").await),
        ("/network-monitoring/v1/clients", 100, all("clients").await),
        ("/network-monitoring/v1/wlans", 3, 3),
        ("/network-monitoring/v1/sites-health", 2, 2),
        ("/network-notifications/v1/alerts", 20, alerts),
    ] {
        let page = client.get(&token, path).await.ended_with(200).json();
        assert_eq!([&page["count"], &page["total"]], [count, total], "{path}");
        assert_eq!(page["items"].as_array().unwrap().len(), count, "{path}");
    }
}

#[tokio::test]
async fn every_list_answers_behind_its_last_page_as_the_dialect_says() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let ask = |path: &str| match path {
        LIST_TENANTS => Ask::get(path).query(&[("limit", "10"), ("next", "9000")]),
        INVENTORY | CENTRAL_DEVICES | APS | CLIENTS | WLANS | ALERTS => {
            Ask::get(path).query(&[("next", "9000")])
        }
        _ => Ask::get(path).query(&[("offset", "9000")]),
    };
    let lists = [
        TENANTS,
        DEVICES,
        PROVISIONS,
        AUDIT,
        INVENTORY,
        CENTRAL_DEVICES,
        LIST_TENANTS,
        APS,
        CLIENTS,
        WLANS,
        ALERTS,
        SITES_HEALTH,
    ];
    for path in lists {
        let page = client.send(ask(path).bearer(&msp)).await.ended_with(200).json();
        assert_eq!((&page["count"], &page["items"]), (&0.into(), &Value::Array(vec![])), "{path}");
        assert!(page["total"].as_u64().unwrap() > 0, "{path}");
    }
    client.dialect(&["page_past_end=400"]);
    for path in lists {
        // A service that lists no 400 answers 422 (glp.md §9).
        let refused = if path == TENANTS { 422 } else { 400 };
        client.send(ask(path).bearer(&msp)).await.ended_with(refused);
        // The first page is there however short the list is.
        let first = if path == LIST_TENANTS { "?limit=10&next=1" } else { "" };
        client.get(&msp, &format!("{path}{first}")).await.ended_with(200);
    }
}

/// Page `number` of Central is the rows `(number - 1) * limit ..` of the list as it is now: who pages while
/// devices are let go misses as many as went from the pages before.
#[tokio::test]
async fn a_page_of_central_is_cut_from_the_devices_that_are_left() {
    const LIMIT: &str = "70";
    for (query, turned) in [
        (&[][..], false),
        (&[("sort", "serialNumber desc")][..], true),
        (&[("filter", "deployment eq 'Standalone'")][..], false),
    ] {
        let client = Client::start().await;
        let token = client.exchange(&client.mint("msp").await, "abc").await;
        let mut left = pages(&client, &token, CENTRAL_DEVICES, &[("limit", "1000")], "serialNumber").await;
        let assigned = client.get(&token, INVENTORY).await.json()["total"].clone();
        if turned {
            left.reverse();
        }
        let mut next = Some("1".to_owned());
        let mut number = 0;
        while let Some(asked) = next {
            assert_eq!(asked, (number + 1).to_string());
            let query = [&[("limit", LIMIT), ("next", &asked)], query].concat();
            let page = client.list(&token, CENTRAL_DEVICES, &query).await.ended_with(200);
            let (start, end) = (left.len().min(number * 70), left.len().min((number + 1) * 70));
            assert_eq!(page.column("serialNumber"), left[start..end], "{query:?}");
            let body = page.json();
            assert_eq!(body["total"], left.len());
            assert_eq!(body["next"].is_null(), end == left.len(), "{query:?}");
            next = body["next"].as_str().map(str::to_owned);
            number += 1;
            // The first, the last, one that was shown and one that will be.
            for at in [0, left.len() - 2, end.saturating_sub(5), (end + 3).min(left.len() - 4)] {
                let gone = left.remove(at);
                let path = format!("{CENTRAL_DEVICES}/{gone}");
                client.send(Ask::new("DELETE", &path).bearer(&token)).await.ended_with(202);
            }
            assert_eq!(client.get(&token, INVENTORY).await.json()["total"], assigned);
        }
        assert!(number > 10, "{number} pages");
        // What is behind the last page of a list that shrank is empty.
        let behind = (number + 1).to_string();
        let query = [("limit", LIMIT), ("next", &behind)];
        let page = client.list(&token, CENTRAL_DEVICES, &query).await.ended_with(200).json();
        assert_eq!((&page["count"], &page["next"]), (&0.into(), &Value::Null));
    }
}

async fn delete_tenant(client: &Client, msp: &str, id: &str) {
    client.send(Ask::new("DELETE", &format!("{TENANTS}/{id}")).bearer(msp)).await.ended_with(204);
}

/// A tenant that goes takes its devices out of the MSP's list; the rows behind them move up.
#[tokio::test]
async fn an_offset_counts_the_devices_that_are_left() {
    let of = |row: &Value| (cell(row, "serialNumber"), cell(row, "tenantWorkspaceId"));
    for sort in [None, Some("serialNumber desc")] {
        let client = Client::speaking(&["tenant_with_devices=delete"]).await;
        let msp = client.mint("msp").await;
        let all = rows(&client.get(&msp, DEVICES).await.ended_with(200));
        let mut left: Vec<_> = all.iter().map(of).collect();
        if sort.is_some() {
            left.sort_by(|one, other| other.0.cmp(&one.0));
        }
        let mut doomed = ["oneil", "zurich", "abc"].map(|symbol| client.workspace(symbol)).into_iter();
        let mut offset = 0;
        while offset < left.len() {
            let at = offset.to_string();
            let mut query = vec![("limit", "60"), ("offset", &*at)];
            query.extend(sort.map(|sort| ("sort", sort)));
            let page = client.list(&msp, DEVICES, &query).await.ended_with(200);
            let shown: Vec<_> = left[offset..].iter().take(60).map(|(serial, _)| serial.clone()).collect();
            assert_eq!(page.column("serialNumber"), shown, "{query:?}");
            assert_eq!(page.json()["total"], left.len());
            offset += shown.len();
            if let Some(id) = doomed.next() {
                let before = left.len();
                delete_tenant(&client, &msp, id).await;
                left.retain(|(_, tenant)| tenant != id);
                assert!(left.len() < before || id == client.workspace("zurich"), "{id} had devices");
            }
        }
        assert_eq!(doomed.next(), None, "all of them went between pages");
    }
}

/// The same for tenants, of which one goes after each page, by GLP's offset and by Central's page numbers.
#[tokio::test]
async fn a_page_of_tenants_is_cut_from_those_that_are_left() {
    for central in [false, true] {
        let client = Client::start().await;
        let msp = client.mint("msp").await;
        for number in 0..30 {
            let body = format!(r#"{{"workspaceName": "Tenant {number:02}"}}"#);
            client.send(Ask::new("POST", TENANTS).bearer(&msp).body(body)).await.ended_with(201);
            client.advance("1s");
        }
        let all = client.get(&msp, TENANTS).await.ended_with(200);
        let mut left: Vec<_> = all.column("workspaceName").into_iter().zip(all.column("id")).collect();
        for number in 0.. {
            let (place, next) = ((number * 6).to_string(), (number + 1).to_string());
            let (page, name) = if central {
                let query = [("limit", "6"), ("next", &*next), ("sort", "createdTime")];
                (client.list(&msp, LIST_TENANTS, &query).await, "tenantName")
            } else {
                (client.list(&msp, TENANTS, &[("limit", "6"), ("offset", &place)]).await, "workspaceName")
            };
            let page = page.ended_with(200);
            let shown = left.iter().skip(number * 6).take(6).map(|(name, _)| name.clone());
            assert_eq!(page.column(name), shown.collect::<Vec<_>>(), "page {number}, Central: {central}");
            assert_eq!(page.json()["total"], left.len());
            if number * 6 >= left.len() {
                assert!(number > 4);
                break;
            }
            // New ones have no devices: now one that was shown, now one that will be.
            let at = if number % 2 == 0 { 8 } else { left.len() - 2 };
            let (_, id) = left.remove(at);
            delete_tenant(&client, &msp, &id).await;
        }
    }
}
