//! Subscriptions, and the service catalog.

use greenroom_emulator::command::{AssignRole, Command};
use serde_json::{Value, json};

use crate::client::{Ask, Client};

const SUBSCRIPTIONS: &str = "/subscriptions/v1/subscriptions";
const BULK: &str = "/subscriptions/v2beta1/subscriptions/bulk";
const SETTINGS: &str = "/subscriptions/v1/auto-subscription-settings";
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

#[tokio::test]
async fn subscriptions_are_shown_and_changed() {
    let client = Client::start().await;
    let token = client.mint("standard").await;
    let get = |path: &str| Ask::get(path).bearer(&token);
    let send =
        |method: &str, path: &str, body: Value| Ask::new(method, path).bearer(&token).body(body.to_string());
    client.shot("subscriptions", get(SUBSCRIPTIONS).query(&[("limit", "2"), ("sort", "key desc")])).await;
    client.shot("subscriptions-selected", get(&format!("{SUBSCRIPTIONS}?select=id,key&limit=1"))).await;
    client.shot("subscriptions-400-limit", get(SUBSCRIPTIONS).query(&[("limit", "201")])).await;
    client.shot("subscription-400", get(&format!("{SUBSCRIPTIONS}/nonsense"))).await;
    client.shot("subscription-404", get(&format!("{SUBSCRIPTIONS}/{NOBODY}"))).await;
    client.shot("subscriptions-401", Ask::get(SUBSCRIPTIONS)).await;
    let keys = json!({"subscriptions": [{"key": "EGREENROOM0000001"}, {"key": "NOBODYKNOWSIT"}]});
    let added = client.shot("subscriptions-added", send("POST", SUBSCRIPTIONS, keys)).await;
    client.advance("2s");
    client.shot("subscription-operation-partly", get(added.header("location").unwrap())).await;
    let row = client.list(&token, SUBSCRIPTIONS, &[("filter", "key eq 'EGREENROOM0000001'")]).await;
    let id = row.column("id").remove(0);
    let tags = json!({"tags": {"site": "lab"}});
    let tagged = client.send(send("PATCH", &format!("{SUBSCRIPTIONS}?id={id}"), tags)).await.ended_with(202);
    client.advance("2s");
    client.shot("subscription-operation-tagged", get(tagged.header("location").unwrap())).await;
    client.shot("subscription", get(&format!("{SUBSCRIPTIONS}/{id}"))).await;
    let six: Vec<_> = (0..6).map(|n| json!({"key": format!("K{n}")})).collect();
    let six = json!({"subscriptions": six});
    client.shot("subscriptions-400-six", send("POST", SUBSCRIPTIONS, six)).await;
    let items = json!({"items": [{"id": id}]});
    let unclaimed = client.shot("subscriptions-unclaimed", send("DELETE", BULK, items)).await;
    client.advance("2s");
    client.shot("subscription-operation-unclaimed", get(unclaimed.header("location").unwrap())).await;
    client.shot("subscriptions-unclaim-400", send("DELETE", BULK, json!({"items": []}))).await;
    client
        .shot("subscription-operation-404", get(&format!("/subscriptions/v1/async-operations/{NOBODY}")))
        .await;
    let own = format!("{SETTINGS}/{}", client.workspace("standard"));
    let rows = json!({"autoSubscriptionSettings": [{"deviceType": "AP", "tier": "FOUNDATION_AP"}]});
    client.shot("auto-subscription-settings-changed", send("PATCH", &own, rows)).await;
    client.shot("auto-subscription-settings", get(SETTINGS)).await;
    client.shot("auto-subscription-settings-own", get(&own)).await;
    client.shot("auto-subscription-settings-403", get(&format!("{SETTINGS}/{NOBODY}"))).await;
    let observer = AssignRole { user: "ops.user@example.com".to_owned(), role: "Observer".to_owned() };
    client.emulator().run(Command::AssignRole(observer)).unwrap();
    let none = json!({"subscriptions": []});
    client.shot("subscriptions-403", send("POST", SUBSCRIPTIONS, none)).await;
}

#[tokio::test]
async fn the_service_catalog_is_shown_and_changed() {
    let client = Client::start().await;
    let token = client.mint("standard").await;
    let get = |path: &str| Ask::get(path).bearer(&token);
    let managers = "/service-catalog/v1/service-managers";
    let regions = "/service-catalog/v1/per-region-service-managers";
    let provisions = "/service-catalog/v1/service-manager-provisions";
    client.shot("service-managers", get(managers)).await;
    client.shot("service-manager-404", get(&format!("{managers}/{NOBODY}"))).await;
    client
        .shot("per-region-service-managers", get(regions).query(&[("filter", "mspSupported eq false")]))
        .await;
    client.shot("per-region-service-managers-404", get(&format!("{regions}/atlantis"))).await;
    client.shot("per-region-service-manager", get(&format!("{regions}/us-gov"))).await;
    let data = client.get(&token, managers).await.json()["items"][1]["id"].clone();
    client.shot("service-manager", get(&format!("{managers}/{}", data.as_str().unwrap()))).await;
    let wish = json!({"serviceManagerId": data, "region": "us-west"}).to_string();
    let post = || Ask::new("POST", provisions).bearer(&token);
    let made = client.shot("provision-created", post().body(wish.clone())).await;
    let path = made.header("location").unwrap().to_owned();
    client.shot("provision-initiated", get(&path)).await;
    client.shot("provision-409", post().body(wish)).await;
    client.shot("provision-400", post().body("{}")).await;
    client.advance("2s");
    client.shot("provision-deleted", Ask::new("DELETE", &path).bearer(&token)).await;
    client.shot("provision-unprovision-initiated", get(&path)).await;
    client.dialect(&["async_pace=never"]);
    client.advance("2m");
    client.shot("provision-unprovision-failed", get(&path)).await;
    let own = client.get(&token, provisions).await.json()["items"][0]["resourceUri"].clone();
    client.shot("provision-412", Ask::new("DELETE", own.as_str().unwrap()).bearer(&token)).await;
}
