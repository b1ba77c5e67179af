//! Devices that are added, changed and handed over: both clouds agree at every moment.

use serde_json::{Value, json};

use super::{CENTRAL_DEVICES, DEVICES, INVENTORY};
use crate::client::{Answer, Ask, Client};

const V2: &str = "/devices/v2beta1/devices";

async fn ordered(client: &Client, token: &str, method: &str, path: &str, body: &Value) -> Answer {
    client.send(Ask::new(method, path).bearer(token).body(body.to_string())).await
}

/// Has an order accepted and lets the time pass that it takes; how it ended.
async fn done(client: &Client, token: &str, method: &str, path: &str, body: &Value) -> Value {
    let accepted = ordered(client, token, method, path, body).await.ended_with(202);
    let location = accepted.header("location").unwrap().to_owned();
    let id = accepted.json()["transactionId"].as_str().unwrap().to_owned();
    assert_eq!(location, format!("/devices/v1/async-operations/{id}"));
    client.advance("2s");
    client.get(token, &location).await.ended_with(200).json()
}

fn new(serial: &str, mac: &str) -> Value {
    json!({"network": [{"serialNumber": serial, "macAddress": mac}], "compute": [], "storage": []})
}

/// What a token sees of a device in GLP's list, in Central's inventory and among what Central monitors.
async fn seen(client: &Client, token: &str, serial: &str) -> [u64; 3] {
    let filter = format!("serialNumber eq '{serial}'");
    let glp = client.list(token, DEVICES, &[("filter", &filter)]).await.ended_with(200).json();
    let of_central = async |path: &str| {
        let page = client.list(token, path, &[("filter", &filter), ("limit", "100")]).await;
        page.ended_with(200).json()["total"].as_u64().unwrap()
    };
    [glp["total"].as_u64().unwrap(), of_central(INVENTORY).await, of_central(CENTRAL_DEVICES).await]
}

async fn totals(client: &Client, token: &str) -> [u64; 2] {
    let total = async |path: &str| client.get(token, path).await.ended_with(200).json()["total"].as_u64();
    [total(DEVICES).await.unwrap(), total(INVENTORY).await.unwrap()]
}

/// How many devices of a tenant Central counts among those it monitors.
async fn of_customer(client: &Client, msp: &str, tenant: &str) -> u64 {
    let path = "/network-msp/v1/list-tenants?limit=100&next=1";
    let rows = client.get(msp, path).await.ended_with(200).json();
    let row = rows["items"].as_array().unwrap().iter().find(|row| row["tenantName"] == tenant).unwrap();
    row["deviceHealthStatus"]["total"].as_u64().unwrap()
}

#[tokio::test]
async fn a_device_goes_its_way_from_claim_to_tenant_and_both_clouds_follow() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let (abc, customer) = (client.exchange(&msp, "abc").await, client.exchange(&msp, "customer").await);
    let before = [totals(&client, &msp).await, totals(&client, &abc).await, totals(&client, &customer).await];
    let accepted = ordered(&client, &msp, "POST", DEVICES, &new("NEW1", "02:FF:00:00:00:01")).await;
    assert_eq!(accepted.status, 202);
    assert_eq!(seen(&client, &msp, "NEW1").await, [0, 0, 0], "not before the operation ends");
    client.advance("1999ms");
    assert_eq!(seen(&client, &msp, "NEW1").await, [0, 0, 0]);
    client.advance("1ms");
    assert_eq!(seen(&client, &msp, "NEW1").await, [1, 0, 0], "though nobody asked about it");
    let filter = [("filter", "serialNumber eq 'NEW1'")];
    let first = client.list(&msp, DEVICES, &filter).await.json()["items"][0].clone();
    assert_eq!(first["createdAt"], "2026-01-01T00:00:02.000Z");
    let id = first["id"].as_str().unwrap().to_owned();
    let path = format!("{DEVICES}?id={id}");

    let give = json!({"tenantPlatformCustomerId": client.workspace("abc")});
    assert_eq!(done(&client, &msp, "PATCH", &path, &give).await["status"], "SUCCEEDED");
    let there = client.list(&abc, DEVICES, &filter).await.json()["items"][0].clone();
    for member in ["id", "serialNumber", "macAddress", "createdAt", "model", "partNumber"] {
        assert_eq!(there[member], first[member], "{member}");
    }
    // The MSP still sees what it owns for a tenant, and that the tenant has it.
    let seen_by_msp = client.list(&msp, DEVICES, &filter).await.json()["items"][0].clone();
    assert_eq!(seen_by_msp["tenantWorkspaceId"], client.workspace("abc"));
    assert_eq!(
        [seen(&client, &msp, "NEW1").await, seen(&client, &customer, "NEW1").await],
        [[1, 0, 0], [0; 3]]
    );

    let application = json!({"id": central_of(&client, &msp).await});
    let assign = json!({"application": application, "region": "us-west"});
    let counted = of_customer(&client, &msp, "Tenant ABC").await;
    assert_eq!(done(&client, &msp, "PATCH", &path, &assign).await["status"], "SUCCEEDED");
    assert_eq!(
        [seen(&client, &abc, "NEW1").await, seen(&client, &msp, "NEW1").await],
        [[1, 1, 1], [1, 0, 0]]
    );
    let more = of_customer(&client, &msp, "Tenant ABC").await;
    assert_eq!(more, counted + 1);

    // Given on, it leaves the service and, since that tenant owns its devices, the sight of the MSP.
    let give = json!({"tenantPlatformCustomerId": client.workspace("customer")});
    assert_eq!(done(&client, &msp, "PATCH", &path, &give).await["status"], "SUCCEEDED");
    let all = [seen(&client, &msp, "NEW1").await, seen(&client, &abc, "NEW1").await];
    assert_eq!((all, seen(&client, &customer, "NEW1").await), ([[0; 3], [0; 3]], [1, 0, 0]));
    client.get(&msp, &format!("{DEVICES}/{id}")).await.ended_with(404);
    let own = client.get(&customer, &format!("{DEVICES}/{id}")).await.ended_with(200).json();
    assert_eq!([&own["serialNumber"], &own["createdAt"]], [&first["serialNumber"], &first["createdAt"]]);
    assert_eq!(of_customer(&client, &msp, "Tenant ABC").await, counted);

    assert_eq!(done(&client, &customer, "PATCH", &path, &assign).await["status"], "SUCCEEDED");
    assert_eq!(seen(&client, &customer, "NEW1").await, [1, 1, 1]);
    let unassign = json!({"application": {"id": null}, "region": null});
    assert_eq!(done(&client, &customer, "PATCH", &path, &unassign).await["status"], "SUCCEEDED");
    assert_eq!(seen(&client, &customer, "NEW1").await, [1, 0, 0]);
    let after = [totals(&client, &msp).await, totals(&client, &abc).await, totals(&client, &customer).await];
    assert_eq!(after[..2], before[..2]);
    assert_eq!(after[2], [before[2][0] + 1, before[2][1]]);
}

async fn central_of(client: &Client, token: &str) -> Value {
    let page = client.list(token, DEVICES, &[("filter", "assignedState eq 'ASSIGNED_TO_SERVICE'")]).await;
    page.ended_with(200).json()["items"][0]["application"]["id"].clone()
}

#[tokio::test]
async fn what_cannot_be_done_is_said_for_each_device_and_dry_runs_do_nothing() {
    let client = Client::start().await;
    let token = client.mint("standard").await;
    let known = client.get(&token, DEVICES).await.json()["items"][0].clone();
    let before = client.get(&token, DEVICES).await.body;
    let dry = format!("{DEVICES}?dry-run=true");
    let ended = done(&client, &token, "POST", &dry, &new("NEW1", "02:FF:00:00:00:01")).await;
    assert_eq!([&ended["status"], &ended["result"]], ["SUCCEEDED", "SUCCEEDED"]);
    let taken = [known["serialNumber"].as_str().unwrap(), known["macAddress"].as_str().unwrap()];
    for duplicate in [new(taken[0], "02:FF:00:00:00:01"), new("NEW1", taken[1])] {
        let ended = done(&client, &token, "POST", DEVICES, &duplicate).await;
        let serial = &duplicate["network"][0]["serialNumber"];
        assert_eq!(ended["result"], json!({"failedDevicesSerial": [serial]}));
        assert_eq!([&ended["status"], &ended["resultType"]], ["FAILED", "postDevicesResponse"]);
        assert_eq!(ended["progressPercent"], 0);
    }
    // A tenant's and another workspace's are no more there than any other.
    let foreign = client.get(&client.mint("msp").await, DEVICES).await.column("id").remove(0);
    let nobody = "00000000-0000-4000-8000-000000000000";
    let id = known["id"].as_str().unwrap();
    let tags = json!({"tags": {"rack": "7"}});
    let dry = format!("{V2}?id={id}&dry-run=true");
    let ended = done(&client, &token, "PATCH", &dry, &tags).await;
    assert_eq!(ended["result"], json!({"succeededDevices": [{"id": id}]}));
    assert_eq!(client.get(&token, DEVICES).await.body, before);
    let many = format!("{V2}?id={foreign}&id={id}&id={nobody}&id={id}");
    let ended = done(&client, &token, "PATCH", &many, &tags).await;
    let row = |id: &str| {
        let message = format!("ResourceId [{id}] not found");
        json!({"id": id, "errorCode": "HPE_GL_ERROR_NOT_FOUND", "message": message})
    };
    assert_eq!(
        ended["result"],
        json!({"succeededDevices": [{"id": id}], "failedDevices": [row(&foreign), row(nobody)]})
    );
    assert_eq!([&ended["status"], &ended["resultType"]], ["FAILED", "PatchDeviceResponseV2"]);
    assert_eq!(ended["progressPercent"], 33);
    let after = client.get(&token, &format!("{DEVICES}/{id}")).await.json();
    assert_eq!(after["tags"], json!({"rack": "7"}));
}

#[tokio::test]
async fn the_second_beta_combines_what_is_about_a_device() {
    let client = Client::start().await;
    let token = client.mint("standard").await;
    let body = json!({
        "serialNumber": "SRV1", "deviceType": "COMPUTE", "partNumber": "P1-B21",
        "tags": {"Site": "lab"}, "location": {"id": "here"},
        "contact": {"type": "NON-WORKSPACE-USER", "nonWorkspaceUser": {"email": "a@example.com"}},
    });
    assert_eq!(done(&client, &token, "POST", V2, &body).await["status"], "SUCCEEDED");
    let page = client.list(&token, V2, &[("filter", "serialNumber eq 'SRV1'")]).await.ended_with(200).json();
    let added = &page["items"][0];
    assert_eq!([&added["deviceType"], &added["partNumber"]], ["COMPUTE", "P1-B21"]);
    assert_eq!(added["location"], json!({"id": "here", "resourceUri": "/locations/v1beta1/locations/here"}));
    assert_eq!(added["contact"], json!({"type": "NON-WORKSPACE-USER", "email": "a@example.com"}));
    let id = added["id"].as_str().unwrap();
    let path = format!("{V2}?id={id}");
    let user = client.get(&token, "/identity/v1/users").await.column("id").remove(0);
    let body = json!({
        "tags": {"Site": null, "SITE": "roof"}, "location": {"id": "there"},
        "contact": {"type": "WORKSPACE-USER", "workspaceUser": {"id": user}},
    });
    assert_eq!(done(&client, &token, "PATCH", &path, &body).await["status"], "SUCCEEDED");
    let changed = client.get(&token, &format!("{V2}/{id}")).await.ended_with(200).json();
    assert_eq!(changed["tags"], json!({"SITE": "roof"}));
    assert_eq!(
        [&changed["location"]["id"], &changed["contact"]["resourceUri"]],
        ["there", &format!("/identity/v1/users/{user}")]
    );
    let nobody = json!({"contact": {"type": "WORKSPACE-USER", "workspaceUser": {"id": "nobody"}}});
    let ended = done(&client, &token, "PATCH", &path, &nobody).await;
    assert_eq!(ended["result"]["failedDevices"][0]["message"], "There is no user nobody in the workspace.");
    assert_eq!(changed["updatedAt"], "2026-01-01T00:00:04.000Z");
    // A key is the same key in any case.
    let body = json!({"tags": {"site": "cellar"}});
    assert_eq!(done(&client, &token, "PATCH", &path, &body).await["status"], "FAILED");
    assert_eq!(
        done(&client, &token, "PATCH", &path, &json!({"archived": true})).await["status"],
        "SUCCEEDED"
    );
    let archived = client.list(&token, V2, &[("filter", "archived eq true")]).await.ended_with(200);
    assert_eq!(archived.column("id"), [id]);
    assert_eq!(client.list(&token, V2, &[("limit", "501")]).await.status, 400);
    assert_eq!(client.get(&token, V2).await.json()["count"], 85);
}

#[tokio::test]
async fn each_change_can_be_made_alone_and_what_takes_away_does() {
    let client = Client::start().await;
    let token = client.mint("standard").await;
    let known = client.get(&token, DEVICES).await.json()["items"][0].clone();
    let path = format!("{V2}?id={}", known["id"].as_str().unwrap());
    let shown = async |member: &str| {
        let get = format!("{V2}/{}", known["id"].as_str().unwrap());
        client.get(&token, &get).await.ended_with(200).json()[member].clone()
    };
    let other = json!({"type": "NON-WORKSPACE-USER", "nonWorkspaceUser": {"email": "a@example.com"}});
    for (change, member, expected) in [
        (json!({"location": {"id": "here"}}), "location", json!("here")),
        (json!({"contact": other}), "contact", json!("a@example.com")),
        (json!({"tags": {"rack": "7"}}), "tags", json!("7")),
        (json!({"location": {}}), "location", Value::Null),
        (json!({"contact": {}}), "contact", Value::Null),
        (json!({"tags": {"RACK": null}}), "tags", Value::Null),
        (json!({"archived": true}), "archived", json!(true)),
        (json!({"archived": false}), "archived", json!(false)),
        (json!({"subscription": []}), "subscription", Value::Null),
        (json!({"application": {"id": null}, "region": null}), "application", Value::Null),
    ] {
        let ended = done(&client, &token, "PATCH", &path, &change).await;
        assert_eq!(ended["status"], "SUCCEEDED", "{change}: {ended}");
        let value = shown(member).await;
        let within = ["id", "email", "rack", "RACK"].iter().find_map(|key| value.get(key));
        let value = within.cloned().unwrap_or(if value.is_boolean() { value } else { Value::Null });
        assert_eq!(value, expected, "{change}");
    }
    // What is so already is neither told nor dated.
    let lines =
        async || client.get(&token, "/audit-log/v1/logs?limit=2000").await.body.matches("Device ").count();
    let (before, told) = (shown("updatedAt").await, lines().await);
    for change in [
        json!({"location": {}}),
        json!({"subscription": []}),
        json!({"tags": {"rack": null}}),
        json!({"archived": false}),
        json!({"application": {"id": null}, "region": null}),
    ] {
        assert_eq!(done(&client, &token, "PATCH", &path, &change).await["status"], "SUCCEEDED", "{change}");
    }
    assert_eq!((shown("updatedAt").await, lines().await), (before, told));
}

#[tokio::test]
async fn kinds_of_changes_are_told_by_what_is_there() {
    let client = Client::start().await;
    let token = client.mint("standard").await;
    let id = client.get(&token, DEVICES).await.column("id").remove(0);
    let nobody = "00000000-0000-4000-8000-000000000000";
    let subscription = json!([]);
    for (path, body, subject) in [
        (DEVICES, json!({"subscription": [], "archived": true}), "archived"),
        (DEVICES, json!({"subscription": [], "tenantWorkspaceId": nobody}), "tenantWorkspaceId"),
        (DEVICES, json!({"subscription": [], "region": null}), "body"),
        (DEVICES, json!({"application": {"id": null}, "region": "us-west"}), "region"),
        (V2, json!({"archived": true, "tags": {}}), "archived"),
        (V2, json!({"archived": true, "subscription": subscription}), "archived"),
        (V2, json!({"subscription": [], "location": {}}), "subscription"),
        (V2, json!({"tenantPlatformCustomerId": nobody, "tags": {"a": "b"}}), "tenantPlatformCustomerId"),
        (V2, json!({}), "body"),
        (
            V2,
            json!({"contact": {"type": "NON-WORKSPACE-USER", "nonWorkspaceUser": {"email": "no"}}}),
            "contact/nonWorkspaceUser/email",
        ),
    ] {
        let refused = ordered(&client, &token, "PATCH", &format!("{path}?id={id}"), &body).await;
        let refused = refused.ended_with(400).json();
        assert_eq!(refused["errorDetails"][0]["issues"][0]["subject"], subject, "{body}");
    }
    let twice = json!({"network": [], "storage": [], "compute": [{
        "serialNumber": "SRV1", "partNumber": "P1", "tags": {"Site": "a", "SITE": "b"},
    }]});
    let refused = ordered(&client, &token, "POST", DEVICES, &twice).await.ended_with(400).json();
    assert_eq!(refused["errorDetails"][0]["issues"][0]["subject"], "tags");
}

#[tokio::test]
async fn as_many_devices_as_are_allowed_are_allowed() {
    let client = Client::start().await;
    let token = client.mint("standard").await;
    let ids = client.list(&token, DEVICES, &[("limit", "26")]).await.column("id");
    let query = |most: usize| ids[..most].iter().map(|id| format!("id={id}")).collect::<Vec<_>>().join("&");
    for (path, body, most) in
        [(DEVICES, json!({"subscription": []}), 5), (V2, json!({"tags": {"rack": "7"}}), 25)]
    {
        let ended = done(&client, &token, "PATCH", &format!("{path}?{}", query(most)), &body).await;
        assert_eq!(ended["result"]["succeededDevices"].as_array().unwrap().len(), most, "{ended}");
        let one_more = format!("{path}?{}", query(most + 1));
        assert_eq!(ordered(&client, &token, "PATCH", &one_more, &body).await.status, 400);
    }
    let rows = |count: usize| {
        let row = |nth| json!({"serialNumber": format!("S{nth}"), "partNumber": "P1"});
        json!({"network": [], "storage": [], "compute": (0..count).map(row).collect::<Vec<_>>()})
    };
    assert_eq!(done(&client, &token, "POST", DEVICES, &rows(5)).await["status"], "SUCCEEDED");
    assert_eq!(ordered(&client, &token, "POST", DEVICES, &rows(6)).await.status, 400);
}

#[tokio::test]
async fn a_subscription_is_for_devices_of_its_workspace_or_of_the_msp_that_has_it() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let of = async |tenant: &str| {
        let token = client.exchange(&msp, tenant).await;
        let device = client.get(&token, DEVICES).await.column("id").remove(0);
        let subscription = client.get(&token, "/subscriptions/v1/subscriptions").await.column("id").remove(0);
        (device, subscription)
    };
    let (_, of_abc) = of("abc").await;
    let (device, _) = of("example").await;
    let own = client.list(&msp, "/subscriptions/v1/subscriptions", &[("limit", "200")]).await.json();
    // Its own come first.
    let rows = own["items"].as_array().unwrap();
    let free = rows.iter().find(|row| row["availableQuantity"] != "0").unwrap();
    assert_ne!(free["id"], of_abc);
    let path = format!("{DEVICES}?id={device}");
    let ended = done(&client, &msp, "PATCH", &path, &json!({"subscription": [{"id": of_abc}]})).await;
    assert_eq!(ended["result"], json!({"failedDevices": [device]}), "{ended}");
    let ended = done(&client, &msp, "PATCH", &path, &json!({"subscription": [{"id": free["id"]}]})).await;
    assert_eq!(ended["status"], "SUCCEEDED", "{ended}");
}

#[tokio::test]
async fn with_a_tenant_go_its_devices_and_what_was_accepted_for_it() {
    let client = Client::speaking(&["tenant_with_devices=delete"]).await;
    let msp = client.mint("msp").await;
    let abc = client.exchange(&msp, "abc").await;
    let device = client.get(&abc, DEVICES).await.json()["items"][0].clone();
    let serial = device["serialNumber"].as_str().unwrap();
    ordered(&client, &abc, "POST", DEVICES, &new("GHOST1", "02:FF:00:00:00:01")).await.ended_with(202);
    let path = format!("/workspaces/v1/msp-tenants/{}", client.workspace("abc"));
    client.send(Ask::new("DELETE", &path).bearer(&msp)).await.ended_with(204);
    client.advance("2s");
    let standard = client.mint("standard").await;
    for (name, mac) in [("GHOST1", "02:FF:00:00:00:01"), (serial, device["macAddress"].as_str().unwrap())] {
        let ended = done(&client, &standard, "POST", DEVICES, &new(name, mac)).await;
        assert_eq!(ended["status"], "SUCCEEDED", "{name} is free: {ended}");
    }
}
