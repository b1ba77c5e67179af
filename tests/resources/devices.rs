//! The device inventory of GLP.

use std::{cmp::Reverse, collections::BTreeMap};

use greenroom_model::{
    fleet::{DeviceType, Listed},
    sample::DEFAULT_SEED,
    world::World,
};
use serde_json::{Value, json};

use super::{CENTRAL_DEVICES, DEVICES, INVENTORY, cell, pages, rows};
use crate::client::{Ask, Client};

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
    let abc = client.workspace("abc").replace('-', "");
    check(&format!("management eq 'MSP' and inUseWorkspaceId eq '{abc}'"), &|row| {
        row["inUseWorkspace"]["id"] == abc
    })
    .await;
    check("management eq 'MSP' and inUseWorkspaceId eq null", &|row| row["inUseWorkspace"].is_null()).await;
    let central = all[0]["application"]["id"].as_str().unwrap();
    check(&format!("application/id ne '{central}'"), &|row| row["application"].is_null()).await;
    check("not (archived eq true or isFlex eq true) and deviceType gt 'SERVER'", &|row| {
        row["deviceType"].as_str() > Some("SERVER")
    })
    .await;
    let (id, mac) = (all[30]["id"].as_str().unwrap(), all[40]["macAddress"].as_str().unwrap());
    check(&format!("id in '{id}', 'x'"), &|row| row["id"] == id).await;
    check(&format!("macAddress eq '{mac}' and make eq 'HPE'"), &|row| row["macAddress"] == mac).await;
    let (one, two) = (all[1300]["serialNumber"].as_str().unwrap(), all[20]["serialNumber"].as_str().unwrap());
    check(&format!("serialNumber in '{one}', '{two}', '{one}', 'NOBODY'"), &|row| {
        row["serialNumber"] == one || row["serialNumber"] == two
    })
    .await;
    check(&format!("serialNumber eq '{one}' or serialNumber eq '{two}'"), &|row| {
        row["serialNumber"] == one || row["serialNumber"] == two
    })
    .await;
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
        ("filter-tags", "site eq 'lab'"),
        ("filter-tags", "'site' gt 'lab'"),
        ("filter-tags", "'site' eq"),
        ("sort", "colour"),
        ("sort", "application"),
        ("sort", "model up"),
        ("sort", "model,,id"),
    ] {
        let answer = client.list(&msp, DEVICES, &[(name, value)]).await.ended_with(400);
        assert_eq!(answer.json()["errorDetails"][0]["issues"][0]["subject"], name, "{value}");
    }
}

/// Devices of others are not found by name either.
#[tokio::test]
async fn a_look_up_by_name_finds_what_the_list_would_show() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let customer = client.exchange(&msp, "customer").await;
    let theirs = rows(&client.get(&customer, DEVICES).await)[0].clone();
    for (field, member) in [("serialNumber", "serialNumber"), ("id", "id"), ("macAddress", "macAddress")] {
        let filter = format!("{field} eq '{}'", cell(&theirs, member));
        let found = client.list(&customer, DEVICES, &[("filter", &filter)]).await.ended_with(200).json();
        assert_eq!((&found["total"], &found["items"][0]), (&1.into(), &theirs), "{filter}");
        for also in ["", " and model eq 'no such model'"] {
            let filter = format!("{filter}{also}");
            let token = if also.is_empty() { &msp } else { &customer };
            let answer = client.list(token, DEVICES, &[("filter", &filter)]).await.ended_with(200);
            assert_eq!(answer.json()["total"], 0, "{filter}");
        }
    }
}

#[tokio::test]
async fn tags_are_filtered_by_key_and_value() {
    let client = Client::start().await;
    let token = client.mint("standard").await;
    let all = rows(&client.get(&token, DEVICES).await.ended_with(200));
    let in_lab = |row: &&Value| row["tags"]["site"] == "lab";
    assert_eq!(all.iter().filter(in_lab).count(), 7);
    for (tags, expected) in [
        ("'site' eq 'lab'", 7),
        ("'site' in 'roof', 'lab'", 7),
        ("'site' eq 'roof'", 0),
        ("'floor' eq 'lab'", 0),
        ("'site' ne 'lab'", 0),
        ("'site' ne 'roof'", 7),
        ("not 'site' eq 'lab'", 77),
        ("'site' eq 'lab' and 'floor' eq '1'", 0),
        ("'site' eq 'lab' or 'floor' eq '1'", 7),
    ] {
        let answer = client.list(&token, DEVICES, &[("filter-tags", tags)]).await.ended_with(200);
        assert_eq!(answer.json()["total"], expected, "{tags}");
    }
    let both =
        [("filter-tags", "'site' eq 'lab'"), ("filter", "deviceType eq 'AP'"), ("sort", "serialNumber desc")];
    let found = rows(&client.list(&token, DEVICES, &both).await.ended_with(200));
    let mut expected: Vec<_> =
        all.iter().filter(in_lab).filter(|row| row["deviceType"] == "AP").cloned().collect();
    expected.reverse();
    assert!(!expected.is_empty() && found == expected);
}

#[tokio::test]
async fn sorting_is_by_the_first_key_then_the_next_then_age() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let oneil = client.exchange(&msp, "oneil").await;
    let all = rows(&client.get(&oneil, DEVICES).await);
    let sorted = async |token: &str, sort: &str| {
        rows(&client.list(token, DEVICES, &[("sort", sort)]).await.ended_with(200))
    };
    for field in [
        "id",
        "serialNumber",
        "partNumber",
        "macAddress",
        "deviceType",
        "model",
        "make",
        "category",
        "deviceName",
        "secondaryName",
        "archived",
        "assignedState",
        "region",
        "tenantWorkspaceId",
        "billingAccountId",
        "billingAccountName",
        "billingTier",
        "subscriptionCategory",
        "isFlex",
        "ownership",
        "source",
        "management",
        "manufacturedDate",
        "createdAt",
        "updatedAt",
    ] {
        let mut up = all.clone();
        up.sort_by_key(|row| cell(row, field));
        assert_eq!(sorted(&oneil, field).await, up, "{field}");
        let mut down = all.clone();
        down.sort_by_key(|row| Reverse(cell(row, field)));
        assert_eq!(sorted(&oneil, &format!("{field} desc")).await, down, "{field} desc");
    }
    // Across workspaces.
    let all = rows(&client.get(&msp, DEVICES).await);
    let mut by_owner = all.clone();
    by_owner.sort_by_key(|row| Reverse(cell(row, "tenantWorkspaceId")));
    assert_eq!(sorted(&msp, "tenantWorkspaceId desc").await, by_owner);
    let mut by_three = all.clone();
    by_three.sort_by_key(|row| (cell(row, "model"), Reverse(cell(row, "createdAt")), cell(row, "id")));
    assert_eq!(sorted(&msp, "model, createdAt desc, id").await, by_three);
    let page = [("sort", "model, createdAt desc, id"), ("limit", "50"), ("offset", "700")];
    let answer = client.list(&msp, DEVICES, &page).await.ended_with(200);
    assert_eq!(rows(&answer), by_three[700..750]);
    assert_eq!(answer.json()["total"], all.len());
}

#[tokio::test]
async fn select_keeps_the_members_that_are_asked_for() {
    let client = Client::start().await;
    let token = client.mint("standard").await;
    let all = rows(&client.get(&token, DEVICES).await);
    let every: Vec<_> = all[0].as_object().unwrap().keys().map(String::as_str).collect();
    let page = [("limit", "5"), ("offset", "58")];
    for (selects, members) in [
        (&["serialNumber,macAddress"][..], &["serialNumber", "macAddress"][..]),
        (&["serialNumber", "macAddress"], &["serialNumber", "macAddress"]),
        (&["macAddress, serialNumber", "id"], &["id", "serialNumber", "macAddress"]),
        // Nulls are kept, unknown names ignored (glp.md §11 U22).
        (&["location,colour,application"], &["application", "location"]),
        (&["id,id"], &["id"]),
        (&[&every.join(",")], &every),
    ] {
        let selects: Vec<_> = selects.iter().map(|select| ("select", *select)).collect();
        let answer = client.list(&token, DEVICES, &[&page[..], &selects].concat()).await.ended_with(200);
        let expected: Vec<Value> = all[58..63]
            .iter()
            .map(|row| members.iter().map(|member| ((*member).to_owned(), row[member].clone())).collect())
            .collect();
        assert_eq!(rows(&answer), expected, "{selects:?}");
        // In the order of the whole row.
        let text = &answer.body;
        let places: Vec<_> =
            members.iter().map(|member| text.find(&format!("\"{member}\"")).unwrap()).collect();
        assert!(places.is_sorted(), "{text}");
    }
    for nothing in ["colour", ","] {
        let query = [&page[..], &[("select", nothing)]].concat();
        let answer = client.list(&token, DEVICES, &query).await.ended_with(200);
        assert_eq!(rows(&answer), all[58..63], "{nothing}");
    }
    let sorted = [("select", "model"), ("sort", "serialNumber desc"), ("limit", "1")];
    assert_eq!(
        client.list(&token, DEVICES, &sorted).await.json()["items"][0],
        json!({"model": "ProLiant DL360 Gen11"})
    );
}

/// `glp.md §6.2`: an MSP's own devices are used by no workspace.
#[tokio::test]
async fn management_and_use_say_whose_a_device_is() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let customer = client.exchange(&msp, "customer").await;
    let oneil = client.exchange(&msp, "oneil").await;
    for (token, management, used_by) in [
        (&client.mint("standard").await, Value::Null, Some("standard")),
        (&msp, json!("MSP"), None),
        (&oneil, json!("MSP"), Some("oneil")),
        (&customer, json!("TENANT"), Some("customer")),
    ] {
        let device = rows(&client.get(token, DEVICES).await)[0].clone();
        assert_eq!(device["management"], management, "{used_by:?}");
        let id = used_by.map(|symbol| client.workspace(symbol).replace('-', ""));
        assert_eq!(device["inUseWorkspace"]["id"].as_str(), id.as_deref());
    }
}

/// Notes that somebody writes in Central while somebody pages through GLP move nothing.
#[tokio::test]
async fn paging_meets_each_device_once_while_central_changes_them() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let all = client.get(&msp, DEVICES).await.column("serialNumber");
    let own: Vec<_> = client.list(&msp, INVENTORY, &[("limit", "1000")]).await.column("serialNumber");
    for sort in ["", "model desc"] {
        let mut seen = Vec::new();
        while seen.len() < all.len() {
            let offset = seen.len().to_string();
            let query = [("sort", sort), ("limit", "300"), ("offset", &offset)];
            let page = client.list(&msp, DEVICES, &query).await.ended_with(200);
            assert_eq!(page.json()["total"], all.len());
            seen.extend(page.column("serialNumber"));
            let path = format!("{CENTRAL_DEVICES}/{}", own[seen.len() % own.len()]);
            let patch = Ask::new("PATCH", &path).bearer(&msp).body(r#"{"notes": "x"}"#);
            assert!([200, 404].contains(&client.send(patch).await.status));
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), all.len(), "{sort}");
    }
}

/// What a world says of a device is what every list says of it.
#[tokio::test]
async fn listed_devices_are_shown_as_the_world_says() {
    let mut world = World::sample(DEFAULT_SEED);
    let standard = world.workspace_named("standard").unwrap();
    let listed = Listed {
        serial: Some("AB12".into()),
        mac: Some("AA:BB:CC:00:11:22".into()),
        model: Some("CX-10000".into()),
        part_number: Some("R8P13A".into()),
        name: Some("the \"core\"".into()),
        firmware: Some("10.16".into()),
        tier: Some("ADVANCED_SWITCH_10000".into()),
        site: Some("HQ".into()),
        tags: [("site".into(), "roof".into())].into(),
        notes: "do not touch".into(),
        online: false,
        ..Listed::new(DeviceType::Switch)
    };
    world.add_device(standard, listed).unwrap();
    let client = Client::of(world).await;
    let token = client.mint("standard").await;
    let by_tag = client.list(&token, DEVICES, &[("filter-tags", "'site' eq 'roof'")]).await.ended_with(200);
    let device = rows(&by_tag)[0].clone();
    assert_eq!(by_tag.json()["total"], 1);
    for (member, value) in [
        ("serialNumber", json!("AB12")),
        ("macAddress", json!("AA:BB:CC:00:11:22")),
        ("model", json!("CX-10000")),
        ("partNumber", json!("R8P13A")),
        ("deviceType", json!("SWITCH")),
        ("tags", json!({"site": "roof"})),
    ] {
        assert_eq!(device[member], value, "{member}");
    }
    assert_eq!(device["subscription"][0]["tier"], "ADVANCED_SWITCH_10000");
    let all = client.get(&token, DEVICES).await.column("serialNumber");
    assert_eq!((all.len(), all.last().unwrap().as_str()), (85, "AB12"), "the last that was added");
    let path = format!("{DEVICES}/{}", cell(&device, "id"));
    assert_eq!(client.get(&token, &path).await.ended_with(200).json(), device);
    // Central orders by serial number: it is the first there.
    let inventory = rows(&client.list(&token, INVENTORY, &[("limit", "1")]).await.ended_with(200));
    let monitored = rows(
        &client
            .list(&token, CENTRAL_DEVICES, &[("filter", "siteName eq 'HQ' and serialNumber eq 'AB12'")])
            .await,
    );
    for row in [&inventory[0], &monitored[0]] {
        for (member, value) in [
            ("id", "AB12"),
            ("deviceName", "the \"core\""),
            ("firmwareVersion", "10.16"),
            ("deviceFunction", "Access Switch"),
            ("status", "OFFLINE"),
            ("siteName", "HQ"),
        ] {
            assert_eq!(row[member], value, "{member}");
        }
    }
    assert_eq!(
        (&inventory[0]["isProvisioned"], &monitored[0]["notes"]),
        (&json!("Yes"), &json!("do not touch"))
    );
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
