//! Devices added and changed, and how that goes.

use serde_json::{Value, json};

use crate::client::{Ask, Client};

const DEVICES: &str = "/devices/v1/devices";
const V2: &str = "/devices/v2beta1/devices";
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

#[tokio::test]
async fn devices_are_added_and_changed() {
    let client = Client::start().await;
    let token = client.mint("standard").await;
    let send =
        |method: &str, path: &str, body: &Value| Ask::new(method, path).bearer(&token).body(body.to_string());
    let rows = |names: &[&str]| {
        let row = |name: &&str| json!({"serialNumber": name, "macAddress": format!("02:FF:00:00:00:0{}", &name[3..])});
        json!({"network": names.iter().map(row).collect::<Vec<_>>(), "compute": [], "storage": []})
    };
    let added = client.shot("devices-added", send("POST", DEVICES, &rows(&["NEW1"]))).await;
    let operation = added.header("location").unwrap().to_owned();
    client.shot("operation-running", Ask::get(&operation).bearer(&token)).await;
    client.shot("operation-succeeded", Ask::get(&operation).bearer(&token)).await;
    let found = client.list(&token, DEVICES, &[("filter", "serialNumber eq 'NEW1'")]).await;
    let id = found.column("id").remove(0);
    let one = format!("{DEVICES}?id={id}");
    let one_v2 = format!("{V2}?id={id}");
    let unknown = rows(&["NEW1", "NEW2", "new-3"]);
    for (name, ask) in [
        ("operation-added-partly", send("POST", DEVICES, &unknown)),
        (
            "operation-v1-succeeded",
            send("PATCH", &one, &json!({"application": {"id": null}, "region": null})),
        ),
        (
            "operation-v1-failed",
            send("PATCH", &format!("{DEVICES}?id={NOBODY}"), &json!({"subscription": []})),
        ),
        ("operation-v2beta1-failed", send("PATCH", &one_v2, &json!({"tenantWorkspaceId": NOBODY}))),
        ("operation-v2beta1-succeeded", {
            let user = client.get(&token, "/identity/v1/users").await.column("id").remove(0);
            let contact = json!({"type": "WORKSPACE-USER", "workspaceUser": {"id": user}});
            send(
                "PATCH",
                &one_v2,
                &json!({"tags": {"a": "b"}, "location": {"id": NOBODY}, "contact": contact}),
            )
        }),
    ] {
        let location = client.send(ask).await.ended_with(202).header("location").unwrap().to_owned();
        client.advance("2s");
        client.shot(name, Ask::get(&location).bearer(&token)).await;
    }
    client.shot("device-v2beta1", Ask::get(&format!("{V2}/{id}")).bearer(&token)).await;
    client.shot("devices-v2beta1-400-limit", Ask::get(V2).bearer(&token).query(&[("limit", "501")])).await;
    client.dialect(&["async_pace=never"]);
    let late = client.send(send("POST", DEVICES, &rows(&["NEW4"]))).await;
    client.advance("2m");
    client.shot("operation-timed-out", Ask::get(late.header("location").unwrap()).bearer(&token)).await;
    client.advance("24h");
    let token = client.mint("standard").await;
    client.shot("operation-404", Ask::get(&operation).bearer(&token)).await;
    client.shot("operation-400", Ask::get("/devices/v1/async-operations/nonsense").bearer(&token)).await;
}

#[tokio::test]
async fn refusals_of_orders() {
    let client = Client::start().await;
    let token = client.mint("standard").await;
    let ask =
        |method: &str, path: &str, body: Value| Ask::new(method, path).bearer(&token).body(body.to_string());
    let post = |body: Value| ask("POST", DEVICES, body);
    let patch = |body: Value| ask("PATCH", &format!("{DEVICES}?id={NOBODY}"), body);
    let patch_v2 = |body: Value| ask("PATCH", &format!("{V2}?id={NOBODY}"), body);
    let six: Vec<_> = (0..6)
        .map(|n| json!({"serialNumber": format!("NEW{n}"), "macAddress": format!("02:FF:00:00:00:0{n}")}))
        .collect();
    let ids = |count: u32| {
        (0..count).map(|n| format!("id=00000000-0000-4000-8000-{n:012}")).collect::<Vec<_>>().join("&")
    };
    client
        .shots([
            ("devices-400-no-kinds", post(json!({"network": []}))),
            ("devices-400-none", post(json!({"network": [], "compute": [], "storage": []}))),
            ("devices-400-six", post(json!({"network": six, "compute": [], "storage": []}))),
            ("devices-400-blank-serial", {
                let row = json!({"serialNumber": " ", "macAddress": "02:FF:00:00:00:01"});
                post(json!({"network": [row], "compute": [], "storage": []}))
            }),
            ("devices-400-blank-part", {
                post(json!({"network": [], "compute": [{"serialNumber": "SRV1"}], "storage": []}))
            }),
            ("devices-400-dry-run", ask("POST", &format!("{DEVICES}?dry-run=1"), json!({}))),
            ("devices-400-tags", {
                let row =
                    json!({"serialNumber": "N", "macAddress": "02:FF:00:00:00:01", "tags": {"a/b": "c"}});
                post(json!({"network": [row], "compute": [], "storage": []}))
            }),
            ("devices-patch-400-no-id", ask("PATCH", DEVICES, json!({"subscription": []}))),
            (
                "devices-patch-400-id",
                ask("PATCH", &format!("{DEVICES}?id=nonsense"), json!({"subscription": []})),
            ),
            (
                "devices-patch-400-six",
                ask("PATCH", &format!("{DEVICES}?{}", ids(6)), json!({"subscription": []})),
            ),
            ("devices-patch-400-26", ask("PATCH", &format!("{V2}?{}", ids(26)), json!({"archived": true}))),
            ("devices-patch-400-two-kinds", {
                patch(json!({"application": {"id": null}, "subscription": []}))
            }),
            ("devices-patch-400-no-kind", patch(json!({"tags": {"a": "b"}}))),
            ("devices-patch-400-region", patch(json!({"application": {"id": NOBODY}}))),
            ("devices-patch-400-tenant", patch(json!({"tenantPlatformCustomerId": "acme"}))),
            ("devices-patch-400-archived", patch_v2(json!({"archived": true, "tags": {"a": "b"}}))),
            ("devices-patch-400-mixed", patch_v2(json!({"subscription": [], "tags": {"a": "b"}}))),
            ("devices-patch-400-contact", patch_v2(json!({"contact": {"type": "WORKSPACE-USER"}}))),
            ("devices-patch-400-nothing", patch_v2(json!({}))),
            ("devices-v2beta1-400-type", ask("POST", V2, json!({"serialNumber": "N"}))),
        ])
        .await;
}
