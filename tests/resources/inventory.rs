//! The device inventory of New Central.

use std::cmp::Reverse;

use serde_json::Value;

use super::{CENTRAL_DEVICES, INVENTORY, LIST_TENANTS, cell, pages, rows};
use crate::client::{Ask, Client};

async fn tenant(client: &Client, symbol: &str) -> String {
    let msp = client.mint("msp").await;
    client.exchange(&msp, symbol).await
}

/// Also where a filter that names serial numbers is answered without a look at the others.
#[tokio::test]
async fn a_serial_number_of_another_workspace_is_found_in_no_list() {
    let client = Client::start().await;
    let own = tenant(&client, "example").await;
    let foreign = tenant(&client, "abc").await;
    for path in [INVENTORY, CENTRAL_DEVICES, "/network-monitoring/v1/aps", "/network-monitoring/v1/gateways"]
    {
        let serial = async |token: &str| {
            client.get(token, path).await.ended_with(200).column("serialNumber").remove(0)
        };
        let (mine, theirs) = (serial(&own).await, serial(&foreign).await);
        for (filter, expected) in [
            (format!("serialNumber eq '{theirs}'"), &[][..]),
            (format!("serialNumber in ('{theirs}', '{mine}')"), std::slice::from_ref(&mine)),
        ] {
            let answer = client.list(&own, path, &[("filter", &filter)]).await.ended_with(200);
            assert_eq!(answer.column("serialNumber"), expected, "{path} {filter}");
            assert_eq!(answer.json()["total"], expected.len());
        }
    }
}

#[tokio::test]
async fn every_filter_field_selects_by_equality_and_by_list() {
    let client = Client::start().await;
    let token = tenant(&client, "example").await;
    let all = rows(&client.list(&token, INVENTORY, &[("limit", "1000")]).await.ended_with(200));
    assert_eq!(all.len(), 40);
    for field in [
        "siteId",
        "siteName",
        "serialNumber",
        "deviceName",
        "deviceType",
        "model",
        "firmwareVersion",
        "deviceFunction",
        "isProvisioned",
        "deviceGroupName",
        "deployment",
    ] {
        let mut values: Vec<_> =
            all.iter().map(|row| cell(row, field)).filter(|value| !value.is_empty()).collect();
        values.sort();
        values.dedup();
        let (one, two) = (&values[0], values.last().unwrap());
        for (filter, wanted) in [
            (format!("{field} eq '{one}'"), vec![one]),
            (format!("{field} in ('{one}', '{two}')"), vec![one, two]),
            (format!("{field} in ('{two}')"), vec![two]),
        ] {
            let answer = client.list(&token, INVENTORY, &[("limit", "1000"), ("filter", &filter)]).await;
            let expected: Vec<_> =
                all.iter().filter(|row| wanted.contains(&&cell(row, field))).cloned().collect();
            assert_eq!(rows(&answer.clone().ended_with(200)), expected, "{filter}");
            assert_eq!(answer.json()["total"], expected.len(), "{filter}");
        }
        let nothing = format!("{field} eq 'no such value'");
        assert_eq!(rows(&client.list(&token, INVENTORY, &[("filter", &nothing)]).await).len(), 0, "{field}");
    }
    let both = "deviceType eq 'SWITCH' and siteName eq 'HQ'";
    let answer = client.list(&token, INVENTORY, &[("limit", "1000"), ("filter", both)]).await.ended_with(200);
    let passes = |row: &&Value| row["deviceType"] == "SWITCH" && row["siteName"] == "HQ";
    let expected: Vec<_> = all.iter().filter(passes).cloned().collect();
    assert!(!expected.is_empty() && rows(&answer) == expected);
}

#[tokio::test]
async fn enumerations_and_is_provisioned_are_compared_without_case() {
    let client = Client::start().await;
    let token = tenant(&client, "example").await;
    let count = async |filter: &str| {
        client.list(&token, INVENTORY, &[("filter", filter)]).await.ended_with(200).json()["total"].clone()
    };
    assert_ne!(count("isProvisioned eq 'Yes'").await, 0);
    assert_eq!(count("isProvisioned eq 'YES'").await, count("isProvisioned eq 'Yes'").await);
    assert_eq!(count("deviceType eq 'switch'").await, count("deviceType eq 'SWITCH'").await);
    assert_eq!(count("siteName eq 'hq'").await, 0);
}

#[tokio::test]
async fn a_literal_without_quotes_is_a_dialect() {
    let client = Client::start().await;
    let token = tenant(&client, "example").await;
    let serial = client.get(&token, INVENTORY).await.column("serialNumber").remove(3);
    // As pycentral sends it (central.md §1.4).
    let path = format!("{INVENTORY}?limit=1&next=1&filter=serialNumber+eq+{serial}");
    assert_eq!(client.get(&token, &path).await.ended_with(200).column("serialNumber"), [serial]);
    client.dialect(&["unquoted_literal=reject"]);
    client.get(&token, &path).await.ended_with(400);
}

#[tokio::test]
async fn filters_that_cannot_be_honoured_are_refused() {
    let client = Client::start().await;
    let token = tenant(&client, "example").await;
    let longest = format!("deviceName eq '{}'", "x".repeat(256 - "deviceName eq ''".len()));
    client.list(&token, INVENTORY, &[("filter", &longest)]).await.ended_with(200);
    let too_long = format!("{longest} ");
    for filter in [
        too_long.as_str(),
        "colour eq 'red'",
        "status eq 'ONLINE'",
        "macAddress eq '02:00:00:00:00:00'",
        "model ne 'AP-635'",
        "model eq 'AP-635' or model eq 'AP-515'",
        "not model eq 'AP-635'",
        "(model eq 'AP-635')and",
        "model eq 'AP-635",
        "model eq",
        "model",
        "contains(model,'AP')",
    ] {
        let answer = client.list(&token, INVENTORY, &[("filter", filter)]).await.ended_with(400);
        assert_eq!(answer.json()["errorCode"], "HPE_GL_NETWORK_MONITORING_INVALID_INPUT", "{filter}");
    }
}

#[tokio::test]
async fn sorting_is_by_the_first_key_then_the_next() {
    let client = Client::start().await;
    let token = tenant(&client, "example").await;
    let all = rows(&client.list(&token, INVENTORY, &[("limit", "1000")]).await);
    let sorted = async |sort: &str| {
        rows(&client.list(&token, INVENTORY, &[("limit", "1000"), ("sort", sort)]).await.ended_with(200))
    };
    for field in [
        "siteId",
        "siteName",
        "serialNumber",
        "deviceName",
        "macAddress",
        "deviceType",
        "ipv4",
        "model",
        "deviceGroupName",
        "deviceFunction",
        "deployment",
    ] {
        let mut up = all.clone();
        up.sort_by_key(|row| cell(row, field));
        let mut down = all.clone();
        down.sort_by_key(|row| Reverse(cell(row, field)));
        for sort in [field.to_owned(), format!("{field} asc"), format!("{field} ASC")] {
            assert_eq!(sorted(&sort).await, up, "{sort}");
        }
        for sort in [format!("{field} desc"), format!("{field} DESC"), format!("{field} Desc")] {
            assert_eq!(sorted(&sort).await, down, "{sort}");
        }
    }
    let mut by_two = all.clone();
    by_two.sort_by_key(|row| (cell(row, "deviceType"), Reverse(cell(row, "serialNumber"))));
    assert_eq!(sorted("deviceType,serialNumber desc").await, by_two);
    // Without a sort: by serial number (central.md §9).
    let mut by_serial = all.clone();
    by_serial.sort_by_key(|row| cell(row, "serialNumber"));
    assert_eq!(all, by_serial);
    for bad in ["colour", "status", "model up", "model,,siteId", "model asc desc"] {
        client.list(&token, INVENTORY, &[("sort", bad)]).await.ended_with(400);
    }
}

#[tokio::test]
async fn site_assigned_splits_the_inventory() {
    let client = Client::start().await;
    let token = tenant(&client, "example").await;
    let ids = async |query: &[(&str, &str)]| {
        let query = [&[("limit", "1000")], query].concat();
        client.list(&token, INVENTORY, &query).await.ended_with(200).column("siteId")
    };
    let (with, without) =
        (ids(&[("site-assigned", "ASSIGNED")]).await, ids(&[("site-assigned", "UNASSIGNED")]).await);
    assert!(!with.is_empty() && with.iter().all(|id| !id.is_empty()));
    assert!(!without.is_empty() && without.iter().all(String::is_empty));
    assert_eq!(with.len() + without.len(), ids(&[]).await.len());
    for bad in ["assigned", "yes"] {
        client.list(&token, INVENTORY, &[("site-assigned", bad)]).await.ended_with(400);
    }
}

#[tokio::test]
async fn pages_have_the_limits_of_the_specification() {
    let client = Client::start().await;
    let token = tenant(&client, "abc").await;
    let get = async |query: &[(&str, &str)]| client.list(&token, INVENTORY, query).await;
    let page = get(&[]).await.ended_with(200).json();
    assert_eq!([&page["count"], &page["total"]], [20, 1200]);
    assert_eq!(page["next"], "2");
    let page = get(&[("limit", "1000")]).await.ended_with(200).json();
    assert_eq!([&page["count"], &page["total"]], [1000, 1200]);
    let last = get(&[("limit", "1000"), ("next", "2")]).await.ended_with(200).json();
    assert_eq!((last["count"].clone(), last["next"].clone()), (200.into(), Value::Null));
    let none = get(&[("limit", "0")]).await.ended_with(200).json();
    assert_eq!(
        (none["count"].clone(), none["next"].clone(), none["total"].clone()),
        (0.into(), Value::Null, 1200.into())
    );
    for (name, value) in [
        ("limit", "1001"),
        ("limit", "-1"),
        ("limit", "ten"),
        ("limit", "1.5"),
        ("next", "0"),
        ("next", "-1"),
        ("next", "two"),
        ("next", "99999999999999999999"),
    ] {
        get(&[(name, value)]).await.ended_with(400);
    }
    let past = get(&[("limit", "1000"), ("next", "3")]).await.ended_with(200).json();
    assert_eq!(
        (past["count"].clone(), past["next"].clone(), past["total"].clone()),
        (0.into(), Value::Null, 1200.into())
    );
    client.dialect(&["page_past_end=400", "limit_over_max=clamp"]);
    get(&[("limit", "1000"), ("next", "3")]).await.ended_with(400);
    get(&[("limit", "1000"), ("next", "3"), ("sort", "model")]).await.ended_with(400);
    get(&[("limit", "1000"), ("next", "2")]).await.ended_with(200);
    assert_eq!(get(&[("limit", "5000")]).await.ended_with(200).json()["count"], 1000);
}

#[tokio::test]
async fn following_next_meets_every_device_once() {
    let client = Client::start().await;
    let token = tenant(&client, "abc").await;
    for query in [&[("limit", "170")][..], &[("limit", "170"), ("sort", "model desc")]] {
        let mut serials = pages(&client, &token, INVENTORY, query, "serialNumber").await;
        assert_eq!(serials.len(), 1200);
        serials.sort();
        serials.dedup();
        assert_eq!(serials.len(), 1200, "{query:?}");
    }
}

#[tokio::test]
async fn unknown_query_names_are_refused_but_offset_is_not() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    for (path, name) in
        [(INVENTORY, "end"), (INVENTORY, "Limit"), (LIST_TENANTS, "search"), (LIST_TENANTS, "site-assigned")]
    {
        let answer =
            client.list(&msp, path, &[("limit", "5"), ("next", "1"), (name, "1")]).await.ended_with(400);
        let body = answer.json();
        assert_eq!(body["errorCode"], "HPE_GL_NETWORKING_ERROR_INVALID_QUERY_PARAMETER");
        assert_eq!(body["message"], format!("Unknown query parameter: {name}"));
    }
    for path in [INVENTORY, LIST_TENANTS] {
        let plain = client.list(&msp, path, &[("limit", "3"), ("next", "1")]).await.ended_with(200);
        let offset = client.list(&msp, path, &[("limit", "3"), ("next", "1"), ("offset", "2")]).await;
        assert_eq!(offset.body, plain.body);
    }
    // Names are judged before values (dialects.md), the token before both.
    let both = client.list(&msp, INVENTORY, &[("limit", "x"), ("end", "1")]).await.ended_with(400);
    assert_eq!(both.json()["errorCode"], "HPE_GL_NETWORKING_ERROR_INVALID_QUERY_PARAMETER");
    client.send(Ask::get(INVENTORY).query(&[("end", "1")])).await.ended_with(401);
    client.dialect(&["unknown_query=ignore"]);
    client.list(&msp, INVENTORY, &[("end", "1")]).await.ended_with(200);
}

#[tokio::test]
async fn central_shows_each_workspace_its_own() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let mut seen = client.list(&msp, INVENTORY, &[("limit", "1000")]).await.column("serialNumber");
    assert_eq!(seen.len(), 15);
    let mut total = 15;
    for (symbol, devices) in [("example", 40), ("customer", 30), ("oneil", 25), ("zurich", 20), ("empty", 0)]
    {
        let token = client.exchange(&msp, symbol).await;
        let serials = client.list(&token, INVENTORY, &[("limit", "1000")]).await.column("serialNumber");
        assert_eq!(serials.len(), devices, "{symbol}");
        total += devices;
        seen.extend(serials);
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), total, "no device is shown to two workspaces");
}
