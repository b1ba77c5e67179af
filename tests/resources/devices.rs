//! The device inventory of GLP.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{DEVICES, INVENTORY, pages};
use crate::client::Client;

#[tokio::test]
async fn an_msp_sees_its_own_devices_and_those_it_owns_for_tenants() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let all = client.get(&msp, DEVICES).await.ended_with(200);
    let body = all.json();
    assert_eq!([&body["count"], &body["total"], &body["offset"]], [1325, 1325, 0]);
    let mut by_owner = BTreeMap::<String, usize>::new();
    for owner in all.column("tenantWorkspaceId") {
        *by_owner.entry(owner).or_default() += 1;
    }
    let id = |symbol: &str| client.workspace(symbol).to_owned();
    let expected = [("null".to_owned(), 22), (id("example"), 53), (id("abc"), 1220), (id("oneil"), 30)];
    assert_eq!(by_owner, expected.into());
    for (symbol, own) in [("example", 53), ("customer", 38), ("empty", 0)] {
        let token = client.exchange(&msp, symbol).await;
        let answer = client.get(&token, DEVICES).await.ended_with(200);
        let body = answer.json();
        assert_eq!([&body["count"], &body["total"]], [own, own], "{symbol}");
        assert!(answer.column("tenantWorkspaceId").iter().all(|owner| owner == "null"));
        let used_by = format!("\"id\":\"{}\"", id(symbol).replace('-', ""));
        assert!(answer.column("inUseWorkspace").iter().all(|used| used.contains(&used_by)), "{symbol}");
    }
    assert_eq!(client.get(&client.mint("standard").await, DEVICES).await.json()["total"], 84);
}

#[tokio::test]
async fn devices_come_in_pages_that_meet_each_once() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let page = async |offset: usize, limit: &str| {
        client.list(&msp, DEVICES, &[("offset", &offset.to_string()), ("limit", limit)]).await
    };
    let mut seen = Vec::new();
    while seen.len() < 1325 {
        let answer = page(seen.len(), "190").await.ended_with(200);
        let body = answer.json();
        assert_eq!([&body["total"], &body["offset"]], [1325, seen.len()]);
        let ids = answer.column("id");
        assert!(!ids.is_empty());
        seen.extend(ids);
    }
    assert_eq!(page(1325, "190").await.ended_with(200).json()["count"], 0);
    assert_eq!(seen, client.get(&msp, DEVICES).await.column("id"), "pages are cut from one order");
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 1325);
    for (offset, limit) in [("0", "2001"), ("0", "0"), ("-1", "1"), ("x", "1"), ("0", "x")] {
        client.list(&msp, DEVICES, &[("offset", offset), ("limit", limit)]).await.ended_with(400);
    }
    client.dialect(&["limit_over_max=clamp", "page_past_end=400"]);
    assert_eq!(page(0, "9000").await.ended_with(200).json()["count"], 1325);
    page(1325, "1").await.ended_with(400);
    page(1324, "1").await.ended_with(200);
}

#[tokio::test]
async fn devices_are_filtered_and_nothing_asked_for_is_ignored() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let all = client.get(&msp, DEVICES).await.json()["items"].as_array().unwrap().clone();
    let check = async |filter: &str, passes: &dyn Fn(&Value) -> bool| {
        let answer = client.list(&msp, DEVICES, &[("filter", filter)]).await.ended_with(200).json();
        let expected: Vec<_> = all.iter().filter(|row| passes(row)).cloned().collect();
        assert!(!expected.is_empty() && expected.len() < all.len(), "{filter} tells devices apart");
        assert_eq!(answer["items"].as_array(), Some(&expected), "{filter}");
        assert_eq!(answer["total"], expected.len(), "{filter}");
    };
    let serial = all[700]["serialNumber"].as_str().unwrap();
    check(&format!("serialNumber eq '{serial}'"), &|row| row["serialNumber"] == serial).await;
    check("deviceType in 'COMPUTE', 'STORAGE'", &|row| {
        row["deviceType"] == "COMPUTE" || row["deviceType"] == "STORAGE"
    })
    .await;
    check("category ne 'NETWORK'", &|row| row["category"] != "NETWORK").await;
    check("assignedState eq 'UNASSIGNED' and not deviceType eq 'COMPUTE'", &|row| {
        row["assignedState"] == "UNASSIGNED" && row["deviceType"] != "COMPUTE"
    })
    .await;
    check("model eq 'AP-635' or (model eq '9004' and region eq 'us-west')", &|row| {
        row["model"] == "AP-635" || (row["model"] == "9004" && row["region"] == "us-west")
    })
    .await;
    check("tenantWorkspaceId eq null", &|row| row["tenantWorkspaceId"].is_null()).await;
    let born = all[700]["createdAt"].as_str().unwrap();
    check(&format!("createdAt ge '{born}'"), &|row| row["createdAt"].as_str() >= Some(born)).await;
    let paged = client
        .list(&msp, DEVICES, &[("filter", "category eq 'COMPUTE'"), ("limit", "2"), ("offset", "1")])
        .await;
    let body = paged.ended_with(200).json();
    assert_eq!([&body["count"], &body["offset"]], [2, 1]);
    for (name, value) in [
        ("filter", "colour eq 'red'"),
        ("filter", "model eq AP"),
        ("filter", "contains(model,'AP')"),
        ("filter", "model eq 'x"),
        ("filter-tags", "'a' eq 'b'"),
        ("sort", "model"),
        ("select", "id"),
    ] {
        client.list(&msp, DEVICES, &[(name, value)]).await.ended_with(400);
    }
}

#[tokio::test]
async fn a_device_is_shown_to_those_who_see_it_in_a_list() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let oneil = client.exchange(&msp, "oneil").await;
    let customer = client.exchange(&msp, "customer").await;
    let standard = client.mint("standard").await;
    let first =
        async |token: &str| client.get(token, &format!("{DEVICES}?limit=1")).await.json()["items"][0].clone();
    let path = |device: &Value| format!("{DEVICES}/{}", device["id"].as_str().unwrap());
    let (of_msp, of_oneil, of_customer) = (first(&msp).await, first(&oneil).await, first(&customer).await);
    assert_eq!(client.get(&oneil, &path(&of_oneil)).await.ended_with(200).json(), of_oneil);
    let seen_by_msp = client.get(&msp, &path(&of_oneil)).await.ended_with(200).json();
    assert_eq!(seen_by_msp["tenantWorkspaceId"], client.workspace("oneil"));
    let loud = of_oneil["id"].as_str().unwrap().to_uppercase();
    client.get(&msp, &format!("{DEVICES}/{loud}")).await.ended_with(200);
    for (token, device) in [
        (&msp, &of_customer),
        (&oneil, &of_customer),
        (&oneil, &of_msp),
        (&customer, &of_oneil),
        (&standard, &of_msp),
    ] {
        let answer = client.get(token, &path(device)).await.ended_with(404);
        assert_eq!(answer.json()["errorCode"], "HPE_GL_DM_DEVICE_ID_NOT_FOUND");
    }
    client.get(&msp, &format!("{DEVICES}/ffffffff-ffff-5fff-bfff-ffffffffffff")).await.ended_with(404);
    for garbage in ["garbage", "%20", "123", "0000000000000000000000000000000g"] {
        client.get(&msp, &format!("{DEVICES}/{garbage}")).await.ended_with(400);
    }
}

#[tokio::test]
async fn glp_and_central_count_the_same_devices() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    for symbol in ["example", "abc", "customer", "oneil", "zurich", "empty"] {
        let token = client.exchange(&msp, symbol).await;
        let glp = client.list(&token, DEVICES, &[("filter", "assignedState eq 'ASSIGNED_TO_SERVICE'")]).await;
        let (total, mut serials) = (glp.json()["total"].clone(), glp.column("serialNumber"));
        let central = pages(&client, &token, INVENTORY, &[("limit", "1000")], "serialNumber").await;
        assert_eq!(total, central.len(), "{symbol}");
        serials.sort();
        assert_eq!(serials, central, "{symbol}");
        assert_eq!(client.get(&token, INVENTORY).await.json()["total"], total);
    }
}
