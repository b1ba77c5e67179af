//! The list of tenants that New Central shows to an MSP.

use std::{cmp::Reverse, collections::HashSet};

use serde_json::Value;

use super::{INVENTORY, LIST_TENANTS, TENANTS, cell, pages, rows};
use crate::client::{Ask, Client};

#[tokio::test]
async fn list_tenants_wants_limit_and_next() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let get = async |query: &[(&str, &str)]| client.list(&msp, LIST_TENANTS, query).await;
    for query in [
        &[][..],
        &[("limit", "10")],
        &[("next", "1")],
        &[("limit", "101"), ("next", "1")],
        &[("limit", "10"), ("next", "0")],
        &[("limit", "10"), ("next", "")],
        &[("limit", "-1"), ("next", "1")],
    ] {
        let answer = get(query).await.ended_with(400);
        assert_eq!(answer.json()["errorCode"], "HPE_GL_NETWORK_SERVICES_INVALID_INPUT", "{query:?}");
    }
    let all = get(&[("limit", "100"), ("next", "1")]).await.ended_with(200);
    assert_eq!((all.json()["total"].clone(), all.json()["next"].clone()), (6.into(), Value::Null));
    let paged = pages(&client, &msp, LIST_TENANTS, &[("limit", "4")], "tenantId").await;
    assert_eq!(paged, all.column("tenantId"));
    client.dialect(&["page_past_end=400", "limit_over_max=clamp"]);
    get(&[("limit", "4"), ("next", "3")]).await.ended_with(400);
    assert_eq!(get(&[("limit", "500"), ("next", "1")]).await.ended_with(200).json()["count"], 6);
}

#[tokio::test]
async fn list_tenants_filters_by_name_and_ownership() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let names = async |filter: &str| {
        let query = [("limit", "100"), ("next", "1"), ("filter", filter), ("sort", "tenantName")];
        client.list(&msp, LIST_TENANTS, &query).await.ended_with(200).column("tenantName")
    };
    // The documented escape is a backslash; GLP's doubled quote is taken too (central.md §1.4).
    assert_eq!(names(r"tenantName eq 'O\'Neil & Sons'").await, ["O'Neil & Sons"]);
    assert_eq!(names("tenantName eq 'O''Neil & Sons'").await, ["O'Neil & Sons"]);
    assert_eq!(names("tenantName eq 'Käserei Zürich 東京'").await, ["Käserei Zürich 東京"]);
    assert_eq!(names("deviceOwnership in ('TENANT')").await, ["Customer-Owned Ltd", "Käserei Zürich 東京"]);
    assert_eq!(names("deviceOwnership in ('MSP','TENANT')").await.len(), 6);
    assert_eq!(names("tenantName eq 'Tenant ABC' and deviceOwnership in ('TENANT')").await, [""; 0]);
    for bad in [
        "tenantName in ('a','b')",
        "alerts eq '1'",
        "tenantId eq 'x'",
        "tenantName eq 'a' or tenantName eq 'b'",
    ] {
        client
            .list(&msp, LIST_TENANTS, &[("limit", "9"), ("next", "1"), ("filter", bad)])
            .await
            .ended_with(400);
    }
}

#[tokio::test]
async fn list_tenants_sorts_by_every_field_and_by_alerts_unless_told() {
    type Key = fn(&Value) -> Vec<(i64, String)>;
    fn numbers(row: &Value, name: &str, parts: &[&str]) -> Vec<(i64, String)> {
        parts.iter().map(|part| (row[name][part].as_i64().unwrap(), String::new())).collect()
    }
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let list = async |sort: &str| {
        rows(
            &client
                .list(&msp, LIST_TENANTS, &[("limit", "100"), ("next", "1"), ("sort", sort)])
                .await
                .ended_with(200),
        )
    };
    let keys: [(&str, Key); 7] = [
        ("tenantName", |row| vec![(0, cell(row, "tenantName"))]),
        ("deviceOwnership", |row| vec![(0, cell(row, "deviceOwnership"))]),
        ("totalSites", |row| vec![(row["totalSites"].as_i64().unwrap(), String::new())]),
        ("degradedSites", |row| vec![(row["degradedSites"].as_i64().unwrap(), String::new())]),
        ("createdTime", |row| vec![(row["createdTime"].as_i64().unwrap(), String::new())]),
        ("alerts", |row| numbers(row, "alerts", &["critical", "major", "minor"])),
        ("deviceHealthStatus", |row| numbers(row, "deviceHealthStatus", &["poor", "fair", "good"])),
    ];
    for (field, key) in keys {
        let (up, down) = (list(&format!("{field} ASC")).await, list(&format!("{field} desc")).await);
        assert!(up.is_sorted_by_key(key), "{field}");
        assert!(down.is_sorted_by_key(|row| Reverse(key(row))), "{field}");
        assert_ne!(key(&up[0]), key(&up[5]), "{field} tells the tenants of the sample apart");
    }
    let by_default = rows(&client.list(&msp, LIST_TENANTS, &[("limit", "100"), ("next", "1")]).await);
    assert_eq!(by_default, list("alerts DESC").await);
    client
        .list(&msp, LIST_TENANTS, &[("limit", "9"), ("next", "1"), ("sort", "colour")])
        .await
        .ended_with(400);
}

#[tokio::test]
async fn list_tenants_is_for_msps() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let tenant = client.exchange(&msp, "abc").await;
    let standard = client.mint("standard").await;
    let path = format!("{LIST_TENANTS}?limit=10&next=1");
    for token in [&tenant, &standard] {
        let answer = client.get(token, &path).await.ended_with(403);
        assert_eq!(answer.json()["errorCode"], "HPE_GL_ERROR_FORBIDDEN");
    }
    for (row, token, other) in [
        ("list_tenants_from_tenant_token", &tenant, &standard),
        ("list_tenants_from_standard", &standard, &tenant),
    ] {
        client.dialect(&["live", &format!("{row}=empty")]);
        assert_eq!(client.get(token, &path).await.ended_with(200).json()["total"], 0, "{row}");
        client.get(token, LIST_TENANTS).await.ended_with(400);
        client.get(other, &path).await.ended_with(403);
    }
}

#[tokio::test]
async fn the_two_lists_of_tenants_share_names_but_no_id() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let central = client.get(&msp, &format!("{LIST_TENANTS}?limit=100&next=1&sort=createdTime")).await;
    let glp = client.get(&msp, TENANTS).await;
    assert_eq!(central.column("tenantName"), glp.column("workspaceName"));
    let plain: Vec<_> = glp.column("id").iter().map(|id| id.replace('-', "")).collect();
    assert!(central.column("tenantId").iter().all(|id| !plain.contains(id)));
    for (row, device) in rows(&glp).iter().zip(central.column("deviceOwnership")) {
        let expected = if row["inventoryOwnership"] == "MSP_OWNED_INVENTORY" { "MSP" } else { "TENANT" };
        assert_eq!(device, expected);
    }
    // An exchange onto Central's id goes nowhere.
    let id = central.column("tenantId").remove(0);
    let mut ask = client.exchange_ask(&msp, "abc");
    ask.path = format!("/authorization/v2/oauth2/{id}/token");
    client.send(ask).await.ended_with(403);
}

/// The numbers of a tenant are those that its own token gets of its devices.
#[tokio::test]
async fn the_numbers_of_a_tenant_agree_with_the_devices_that_it_shows() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let listed = rows(&client.get(&msp, &format!("{LIST_TENANTS}?limit=100&next=1&sort=createdTime")).await);
    let count =
        |rows: &[Value], member: &str, value: &str| rows.iter().filter(|row| row[member] == value).count();
    for (symbol, row) in ["example", "abc", "customer", "oneil", "zurich", "empty"].into_iter().zip(&listed) {
        let token = client.exchange(&msp, symbol).await;
        let mut inventory = Vec::new();
        for page in 1..=2 {
            let path = format!("{INVENTORY}?limit=1000&next={page}");
            inventory.extend(rows(&client.get(&token, &path).await.ended_with(200)));
        }
        let monitored = count(&inventory, "isProvisioned", "Yes");
        let offline = inventory.iter().filter(|it| it["isProvisioned"] == "Yes" && it["status"] == "OFFLINE");
        let offline: Vec<_> = offline.cloned().collect();
        let health = |member: &str| row["deviceHealthStatus"][member].as_u64().unwrap() as usize;
        assert_eq!((health("total"), health("poor")), (monitored, offline.len()), "{symbol}");
        assert_eq!(health("good") + health("fair") + health("poor"), monitored, "{symbol}");
        let sites = |rows: &[Value]| {
            let named =
                rows.iter().filter_map(|row| row["siteName"].as_str()).filter(|name| !name.is_empty());
            named.collect::<HashSet<_>>().len()
        };
        let of_all = row["totalSites"].as_u64().unwrap() as usize;
        assert!(sites(&inventory) <= of_all, "{symbol}");
        assert_eq!(row["degradedSites"], sites(&offline), "{symbol}");
    }
    // A device that Central lets go leaves the count at once.
    let token = client.exchange(&msp, "oneil").await;
    let monitored = rows(&client.get(&token, "/network-monitoring/v1/devices").await.ended_with(200));
    let path = format!("/network-monitoring/v1/devices/{}", monitored[0]["serialNumber"].as_str().unwrap());
    client.send(Ask::new("DELETE", &path).bearer(&token)).await.ended_with(202);
    let after = rows(&client.get(&msp, &format!("{LIST_TENANTS}?limit=100&next=1&sort=createdTime")).await);
    let total = |rows: &[Value]| rows[3]["deviceHealthStatus"]["total"].as_u64().unwrap();
    assert_eq!(total(&after), total(&listed) - 1);
}
