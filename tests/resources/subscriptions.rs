//! Subscriptions: what devices use and what is listed agree, and what is claimed, tagged and given back.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{AUDIT, DEVICES, INVENTORY};
use crate::client::{Answer, Ask, Client};

const SUBSCRIPTIONS: &str = "/subscriptions/v1/subscriptions";
const BULK: &str = "/subscriptions/v2beta1/subscriptions/bulk";
const SETTINGS: &str = "/subscriptions/v1/auto-subscription-settings";
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

async fn ordered(client: &Client, token: &str, method: &str, path: &str, body: &Value) -> Answer {
    client.send(Ask::new(method, path).bearer(token).body(body.to_string())).await
}

/// Has an order accepted and lets the time pass that it takes; how it ended.
async fn done(client: &Client, token: &str, method: &str, path: &str, body: &Value) -> Value {
    let accepted = ordered(client, token, method, path, body).await.ended_with(202);
    let location = accepted.header("location").unwrap().to_owned();
    let id = accepted.json()["transactionId"].as_str().unwrap().to_owned();
    assert_eq!(location, format!("/subscriptions/v1/async-operations/{id}"));
    client.advance("2s");
    client.get(token, &location).await.ended_with(200).json()
}

/// All subscriptions that a token sees, page by page.
async fn all(client: &Client, token: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    loop {
        let offset = rows.len().to_string();
        let page = client.list(token, SUBSCRIPTIONS, &[("limit", "7"), ("offset", &offset)]).await;
        let page = page.ended_with(200).json();
        rows.extend(page["items"].as_array().unwrap().clone());
        if rows.len() as u64 == page["total"].as_u64().unwrap() {
            return rows;
        }
    }
}

fn number(text: &Value) -> u64 {
    text.as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn what_devices_use_is_what_is_missing_from_what_is_there() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    for token in [client.mint("standard").await, client.exchange(&msp, "abc").await, msp.clone()] {
        let rows = all(&client, &token).await;
        let devices = client.get(&token, DEVICES).await.ended_with(200).json();
        let mut used: BTreeMap<String, u64> = BTreeMap::new();
        for device in devices["items"].as_array().unwrap() {
            for subscription in device["subscription"].as_array().unwrap() {
                *used.entry(subscription["id"].as_str().unwrap().to_owned()).or_default() += 1;
                let row = rows.iter().find(|row| row["id"] == subscription["id"]).expect("it is listed");
                for member in ["key", "tier", "startTime", "endTime"] {
                    assert_eq!(row[member], subscription[member], "{member}");
                }
            }
        }
        assert!(!used.is_empty());
        for row in &rows {
            let used = used.remove(row["id"].as_str().unwrap()).unwrap_or_default();
            assert_eq!(number(&row["quantity"]), number(&row["availableQuantity"]) + used, "{row}");
            let one = client.get(&token, &format!("{SUBSCRIPTIONS}/{}", row["id"].as_str().unwrap())).await;
            assert_eq!(&one.ended_with(200).json(), row);
        }
        assert!(used.is_empty(), "every device's subscription is listed: {used:?}");
    }
    let standard = client.mint("standard").await;
    let first = &client.list(&standard, INVENTORY, &[("limit", "1")]).await.json()["items"][0];
    let keys: Vec<_> = all(&client, &standard).await.iter().map(|row| row["key"].clone()).collect();
    assert!(keys.contains(&first["subscriptionKey"]), "Central knows the same keys: {first}");
}

#[tokio::test]
async fn subscriptions_are_filtered_sorted_and_selected() {
    let client = Client::start().await;
    let token = client.mint("standard").await;
    let total = async |name: &str, value: &str| {
        client.list(&token, SUBSCRIPTIONS, &[(name, value)]).await.ended_with(200).json()["total"].clone()
    };
    let rows = all(&client, &token).await;
    assert_eq!(rows.len(), 5, "one a tier of sixty network devices");
    let key = rows[2]["key"].as_str().unwrap();
    for (filter, count) in [
        (format!("key eq '{key}'"), 1),
        (format!("key in '{key}', 'nobody'"), 1),
        (format!("not key eq '{key}'"), 4),
        (format!("id eq '{}'", rows[0]["id"].as_str().unwrap()), 1),
        ("subscriptionType in 'CENTRAL_AP', 'CENTRAL_SWITCH'".to_owned(), 4),
        ("tier eq 'ADVANCED_AP' and subscriptionStatus eq 'STARTED'".to_owned(), 1),
        ("quantity eq '25' or quantity eq '10'".to_owned(), 5),
        ("availableQuantity gt '4'".to_owned(), 1),
        ("isEval eq true".to_owned(), 0),
        ("productType ne 'SERVICE'".to_owned(), 5),
        ("sku eq null".to_owned(), 5),
        ("startTime lt '2026-01-01T00:00:00.000Z' and endTime gt '2026-01-01T00:00:00.000Z'".to_owned(), 5),
    ] {
        assert_eq!(total("filter", &filter).await, count, "{filter}");
    }
    for (name, bad) in [
        ("filter", "quantity eq 5"),
        ("filter", "colour eq 'red'"),
        ("filter-tags", "'a' gt 'b'"),
        ("sort", "colour"),
        ("limit", "201"),
        ("limit", "0"),
        ("offset", "-1"),
    ] {
        let answer = client.list(&token, SUBSCRIPTIONS, &[(name, bad)]).await.ended_with(400).json();
        assert_eq!(answer["errorCode"], "HPE_GL_ERROR_BAD_REQUEST", "{bad}");
        assert_eq!(answer["errorDetails"][0]["issues"][0]["subject"], name, "{bad}");
    }
    let sorted = client.list(&token, SUBSCRIPTIONS, &[("sort", "quantity desc, key")]).await;
    let quantities: Vec<_> =
        sorted.json()["items"].as_array().unwrap().iter().map(|row| number(&row["quantity"])).collect();
    assert!(quantities.is_sorted_by(|a, b| a >= b), "{quantities:?}");
    let chosen = client.get(&token, &format!("{SUBSCRIPTIONS}?select=key,id&limit=1")).await.json();
    let members: Vec<_> = chosen["items"][0].as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["id", "key"]);
    let foreign = client.exchange(&client.mint("msp").await, "abc").await;
    let id = rows[0]["id"].as_str().unwrap();
    client.get(&foreign, &format!("{SUBSCRIPTIONS}/{id}")).await.ended_with(404);
    client.advance("45000h");
    let token = client.mint("standard").await;
    let ended = client.list(&token, SUBSCRIPTIONS, &[("filter", "subscriptionStatus eq 'ENDED'")]).await;
    assert_eq!(ended.json()["total"], 5);
}

#[tokio::test]
async fn a_subscription_is_added_tagged_used_and_given_back() {
    let client = Client::start().await;
    let token = client.mint("standard").await;
    let key = |key: &str| json!({"subscriptions": [{"key": key}]});
    let body = json!({"subscriptions": [{"key": "EGREENROOM0000001", "tags": {"site": "lab"}}]});
    // pycentral sends an offset with it (glp.md §7.4).
    let path = format!("{SUBSCRIPTIONS}?offset=0");
    let dry = done(&client, &token, "POST", &format!("{SUBSCRIPTIONS}?dry-run=true"), &body).await;
    assert_eq!(dry["status"], "SUCCEEDED");
    assert_eq!(all(&client, &token).await.len(), 5, "a dry run adds nothing");
    ordered(&client, &token, "POST", &path, &body).await.ended_with(202);
    assert_eq!(all(&client, &token).await.len(), 5, "not before the operation ends");
    client.advance("2s");
    let rows = all(&client, &token).await;
    let added = rows.last().unwrap();
    assert_eq!(
        [&added["key"], &added["quantity"], &added["availableQuantity"]],
        ["EGREENROOM0000001", "50", "50"]
    );
    assert_eq!(
        (&added["tags"], &added["createdAt"]),
        (&json!({"site": "lab"}), &json!("2026-01-01T00:00:04.000Z"))
    );
    let id = added["id"].as_str().unwrap().to_owned();

    let again = done(&client, &token, "POST", SUBSCRIPTIONS, &body).await;
    assert_eq!((&again["status"], &again["progressPercent"]), (&json!("FAILED"), &json!(0)));
    assert_eq!(again["result"]["failedSubscriptions"][0]["errorCode"], "HPE_GL_ERROR_CONFLICT");
    let unknown = done(&client, &token, "POST", SUBSCRIPTIONS, &key("NOBODYKNOWSIT")).await;
    assert_eq!(unknown["result"]["failedSubscriptions"][0]["errorCode"], "HPE_GL_ERROR_NOT_FOUND");
    let twice = json!({"subscriptions": [{"key": "EGREENROOM0000002"}, {"key": "EGREENROOM0000002"}]});
    let once = done(&client, &token, "POST", SUBSCRIPTIONS, &twice).await;
    assert_eq!((&once["status"], &once["progressPercent"]), (&json!("SUCCEEDED"), &json!(100)));
    let both = json!({"subscriptions": [{"key": "EGREENROOM0000004"}, {"key": "NOBODYKNOWSIT"}]});
    let partly = done(&client, &token, "POST", SUBSCRIPTIONS, &both).await;
    assert_eq!((&partly["status"], &partly["progressPercent"]), (&json!("FAILED"), &json!(50)));
    client.dialect(&["async_batch=nothing"]);
    let both = json!({"subscriptions": [{"key": "EGREENROOM0000003"}, {"key": "NOBODYKNOWSIT"}]});
    assert_eq!(done(&client, &token, "POST", SUBSCRIPTIONS, &both).await["status"], "FAILED");
    assert_eq!(all(&client, &token).await.len(), 8, "nothing of a batch with a mistake");

    let tags = json!({"tags": {"site": null, "Owner": "Ops"}});
    let pool = rows[0]["id"].as_str().unwrap();
    let path = format!("{SUBSCRIPTIONS}?id={id}&id={pool}");
    assert_eq!(done(&client, &token, "PATCH", &path, &tags).await["status"], "SUCCEEDED");
    for id in [&*id, pool] {
        let one = client.get(&token, &format!("{SUBSCRIPTIONS}/{id}")).await.ended_with(200).json();
        assert_eq!(one["tags"], json!({"Owner": "Ops"}), "{id}");
        assert_ne!(one["createdAt"], one["updatedAt"], "{id}");
    }
    let tagged = client.list(&token, SUBSCRIPTIONS, &[("filter-tags", "'Owner' eq 'Ops'")]).await;
    assert_eq!(tagged.json()["total"], 2);
    // What has no such tag has no other value of it.
    for (filter, total) in [("'Owner' ne 'Nobody'", 2), ("'Owner' ne 'Ops'", 0), ("not 'Owner' eq 'Ops'", 6)]
    {
        let found = client.list(&token, SUBSCRIPTIONS, &[("filter-tags", filter)]).await.ended_with(200);
        assert_eq!(found.json()["total"], total, "{filter}");
    }
    let clash = json!({"tags": {"owner": "Nobody"}});
    assert_eq!(done(&client, &token, "PATCH", &path, &clash).await["status"], "FAILED");
    let seen = async || client.get(&token, &format!("{SUBSCRIPTIONS}/{id}")).await.ended_with(200).json();
    let before = seen().await;
    for nothing in [json!({"tags": {"nothere": null}}), json!({"tags": {"Owner": "Ops"}})] {
        assert_eq!(done(&client, &token, "PATCH", &path, &nothing).await["status"], "SUCCEEDED");
        assert_eq!(seen().await, before, "{nothing} changes nothing, nor is it told below");
    }
    // Keys that differ in case alone are one key.
    let tags = json!({"tags": {"oWNER": null}});
    let untagged = format!("{SUBSCRIPTIONS}?id={pool}");
    assert_eq!(done(&client, &token, "PATCH", &untagged, &tags).await["status"], "SUCCEEDED");
    assert_eq!(client.get(&token, &format!("{SUBSCRIPTIONS}/{pool}")).await.json()["tags"], json!({}));

    // A device that uses it is counted, and keeps it from being given back.
    let device = client.list(&token, DEVICES, &[("limit", "1")]).await.json()["items"][0].clone();
    let patch = format!("{DEVICES}?id={}", device["id"].as_str().unwrap());
    let wish = json!({"subscription": [{"id": id}]});
    ordered(&client, &token, "PATCH", &patch, &wish).await.ended_with(202);
    client.advance("2s");
    let available = async |id: &str| {
        number(&client.get(&token, &format!("{SUBSCRIPTIONS}/{id}")).await.json()["availableQuantity"])
    };
    assert_eq!(available(&id).await, 49);
    let items = json!({"items": [{"id": id}]});
    let used = done(&client, &token, "DELETE", BULK, &items).await["result"].clone();
    assert_eq!(used["failedSubscriptions"][0]["message"], "The subscription is used by devices.");
    ordered(&client, &token, "PATCH", &patch, &json!({"subscription": []})).await.ended_with(202);
    client.advance("2s");
    assert_eq!(done(&client, &token, "DELETE", BULK, &items).await["status"], "SUCCEEDED");
    client.get(&token, &format!("{SUBSCRIPTIONS}/{id}")).await.ended_with(404);
    let pool = json!({"items": [{"id": pool}]});
    assert_eq!(done(&client, &token, "DELETE", BULK, &pool).await["status"], "FAILED");
    // Somebody else may have it now.
    let abc = client.exchange(&client.mint("msp").await, "abc").await;
    assert_eq!(
        done(&client, &abc, "POST", SUBSCRIPTIONS, &key("EGREENROOM0000001")).await["status"],
        "SUCCEEDED"
    );
    let log = client.list(&token, "/audit-log/v1/logs", &[("limit", "200")]).await.json();
    let told: Vec<_> = log["items"].as_array().unwrap().iter().map(|it| it["description"].clone()).collect();
    for what in ["added", "tagged", "removed"] {
        let line = json!(format!("Subscription EGREENROOM0000001 {what}."));
        assert_eq!(told.iter().filter(|it| **it == line).count(), 1, "{line} in {told:#?}");
    }
}

#[tokio::test]
async fn orders_that_cannot_be_read_are_refused_at_once() {
    let client = Client::start().await;
    let token = client.mint("standard").await;
    let six: Vec<_> = (0..6).map(|n| json!({"key": format!("K{n}")})).collect();
    let eleven: Vec<_> = (0..11).map(|n| json!({"id": format!("00000000-0000-4000-8000-{n:012}")})).collect();
    let one = format!("{SUBSCRIPTIONS}?id={NOBODY}");
    let tags: serde_json::Map<_, _> = (0..51).map(|n| (format!("tag{n}"), json!("x"))).collect();
    let many: String = (0..6).map(|n| format!("id=00000000-0000-4000-8000-{n:012}&")).collect();
    let many = format!("{SUBSCRIPTIONS}?{}", many.trim_end_matches('&'));
    for (method, path, body) in [
        ("POST", SUBSCRIPTIONS, json!({})),
        ("POST", SUBSCRIPTIONS, json!({"subscriptions": []})),
        ("POST", SUBSCRIPTIONS, json!({"subscriptions": six})),
        ("POST", SUBSCRIPTIONS, json!({"subscriptions": ["K1"]})),
        ("POST", SUBSCRIPTIONS, json!({"subscriptions": [{"key": " "}]})),
        ("POST", SUBSCRIPTIONS, json!({"subscriptions": [{"key": "K1", "tags": {"a": 1}}]})),
        ("POST", &format!("{SUBSCRIPTIONS}?dry-run=perhaps"), json!({"subscriptions": [{"key": "K1"}]})),
        ("PATCH", SUBSCRIPTIONS, json!({"tags": {"a": "b"}})),
        ("PATCH", &format!("{SUBSCRIPTIONS}?id=nonsense"), json!({"tags": {"a": "b"}})),
        ("PATCH", &many, json!({"tags": {"a": "b"}})),
        ("POST", SUBSCRIPTIONS, json!({"subscriptions": [{"key": "K1", "tags": tags}]})),
        ("PATCH", &one, json!({"tags": tags})),
        ("PATCH", &one, json!({})),
        ("PATCH", &one, json!({"tags": {}})),
        ("DELETE", BULK, json!({"items": []})),
        ("DELETE", BULK, json!({"items": eleven})),
        ("DELETE", BULK, json!({"items": [{"id": "nonsense"}]})),
        ("PATCH", &format!("{SETTINGS}/nonsense"), json!({"autoSubscriptionSettings": []})),
    ] {
        let answer = ordered(&client, &token, method, path, &body).await.ended_with(400).json();
        assert_eq!(answer["errorCode"], "HPE_GL_ERROR_BAD_REQUEST", "{method} {path} {body}");
        assert!(!answer["errorDetails"][0]["issues"].as_array().unwrap().is_empty(), "{answer}");
    }
    // Each in the words of HPE's sample.
    let details = async |answer: Answer| answer.ended_with(400).json()["errorDetails"].clone();
    let unclaimed = ordered(&client, &token, "DELETE", BULK, &json!({"items": []})).await;
    let text = "Items must be between 1 and 10.";
    let issue = json!({"source": "Invalid input provided", "subject": "items", "description": text});
    let kind = "hpe.greenlake.subscriptionmanagement.bad_request";
    assert_eq!(details(unclaimed).await, json!([{"type": kind, "issues": [issue]}]));
    let operation = client.get(&token, "/subscriptions/v1/async-operations/nonsense").await;
    let issue =
        json!({"source": "query.parameter", "subject": "Id", "description": "Id is not a valid UUID."});
    assert_eq!(details(operation).await, json!([{"type": "hpe.greenlake.bad_request", "issues": [issue]}]));
    let unknown = done(&client, &token, "PATCH", &one, &json!({"tags": {"a": "b"}})).await;
    assert_eq!(unknown["status"], "FAILED");
}

#[tokio::test]
async fn settings_say_which_tiers_devices_get() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let own = format!("{SETTINGS}/{}", client.workspace("msp"));
    let of_tenant = format!("{SETTINGS}/{}", client.workspace("abc"));
    assert_eq!(client.get(&msp, SETTINGS).await.ended_with(200).json()["total"], 0);
    let none = client.get(&msp, &own).await.ended_with(200).json();
    assert_eq!((&none["autoSubscriptionSettings"], &none["generation"]), (&json!([]), &json!(0)));
    let set = |rows: Value| json!({"autoSubscriptionSettings": rows});
    let ap = json!({"deviceType": "AP", "tier": "ADVANCED_AP"});
    let switch = json!({"deviceType": "SWITCH", "tier": "FOUNDATION_SWITCH"});
    client.advance("1s");
    let both = ordered(&client, &msp, "PATCH", &own, &set(json!([ap, switch]))).await.ended_with(200).json();
    assert_eq!((&both["autoSubscriptionSettings"], &both["generation"]), (&json!([ap, switch]), &json!(1)));
    assert_eq!(both["createdAt"], none["createdAt"], "they came to be with the workspace");
    assert_eq!(both["updatedAt"], "2026-01-01T00:00:01.000Z");
    let details = async || {
        let log = client.get(&msp, AUDIT).await.ended_with(200).json();
        let lines = log["items"].as_array().unwrap().iter();
        let told = lines.filter(|it| it["description"] == "Auto-subscription settings changed.");
        let ids: Vec<_> = told.map(|it| it["id"].as_str().unwrap().to_owned()).collect();
        let newest = client.get(&msp, &format!("{AUDIT}/{}/detail", ids[0])).await.ended_with(200).json();
        (ids.len(), newest["body"].clone())
    };
    let named = json!(["Workspace: Example MSP", "AP: ADVANCED_AP", "SWITCH: FOUNDATION_SWITCH"]);
    assert_eq!(details().await, (1, named.clone()));
    client.advance("1s");
    for nothing in [json!([]), json!([ap]), json!([{"deviceType": "SENSOR", "tier": null}])] {
        let same = ordered(&client, &msp, "PATCH", &own, &set(nothing)).await.ended_with(200).json();
        assert_eq!(same, both, "nothing changed");
    }
    assert_eq!(details().await, (1, named));
    let less = set(json!([{"deviceType": "AP", "tier": null}]));
    let left = ordered(&client, &msp, "PATCH", &own, &less).await.ended_with(200).json();
    assert_eq!(left["autoSubscriptionSettings"], json!([switch]));
    ordered(&client, &msp, "PATCH", &of_tenant, &set(json!([ap]))).await.ended_with(200);
    let listed = client.get(&msp, SETTINGS).await.ended_with(200).json();
    assert_eq!(listed["total"], 2);
    assert_eq!(listed["items"][1]["tenantWorkspaceId"], client.workspace("abc"));
    let abc = client.exchange(&msp, "abc").await;
    let seen = client.get(&abc, &of_tenant).await.ended_with(200).json();
    assert_eq!((&seen["autoSubscriptionSettings"], seen.get("tenantWorkspaceId")), (&json!([ap]), None));
    client.get(&abc, &own).await.ended_with(403);
    ordered(&client, &abc, "PATCH", &own, &set(json!([ap]))).await.ended_with(403);
    client.get(&abc, &format!("{SETTINGS}/{NOBODY}")).await.ended_with(403);
    for bad in
        [json!({}), set(json!([{"deviceType": "AP"}])), set(json!([{"deviceType": "TOASTER", "tier": null}]))]
    {
        ordered(&client, &msp, "PATCH", &own, &bad).await.ended_with(400);
    }
}
