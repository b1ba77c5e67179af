//! Service managers, and the life of what is provisioned.

use serde_json::{Value, json};

use super::PROVISIONS;
use crate::client::{Answer, Ask, Client};

const MANAGERS: &str = "/service-catalog/v1/service-managers";
const REGIONS: &str = "/service-catalog/v1/per-region-service-managers";
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

async fn provision(client: &Client, token: &str, body: Value) -> Answer {
    client.send(Ask::new("POST", PROVISIONS).bearer(token).body(body.to_string())).await
}

async fn delete(client: &Client, token: &str, path: &str) -> Answer {
    client.send(Ask::new("DELETE", path).bearer(token)).await
}

async fn manager(client: &Client, token: &str, name: &str) -> String {
    let all = client.get(token, MANAGERS).await.ended_with(200).json();
    let found = all["items"].as_array().unwrap().iter().find(|it| it["name"] == name).unwrap();
    found["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn managers_are_listed_by_themselves_and_by_region() {
    let client = Client::start().await;
    let token = client.mint("standard").await;
    let all = client.get(&token, MANAGERS).await.ended_with(200).json();
    assert_eq!(all["total"], 3);
    for manager in all["items"].as_array().unwrap() {
        let uri = manager["resourceUri"].as_str().unwrap();
        assert_eq!(&client.get(&token, uri).await.ended_with(200).json(), manager);
    }
    let regions = client.get(&token, REGIONS).await.ended_with(200).json();
    assert_eq!(regions["total"], 18);
    for region in regions["items"].as_array().unwrap() {
        let path = format!("{REGIONS}/{}", region["id"].as_str().unwrap());
        assert_eq!(&client.get(&token, &path).await.ended_with(200).json(), region);
    }
    let filtered = async |filter: &str| client.list(&token, REGIONS, &[("filter", filter)]).await;
    for (filter, total) in
        [("mspSupported eq true", 18), ("mspSupported eq false", 3), ("mspsupported eq false", 3)]
    {
        assert_eq!(filtered(filter).await.ended_with(200).json()["total"], total, "{filter}");
    }
    // To the letter, as HPE's samples.
    let example = "refer example: '?filter=mspsupported eq true' for field filter";
    for (bad, text) in [
        ("mspSupported eq maybe", "Query 'mspSupported' needs to be a boolean value"),
        ("mspSupported eq 'maybe'", "Query 'mspSupported' needs to be a boolean value"),
        ("mspsupported we true", "Unsupported filter operator, 'mspsupported we'"),
        ("name eq 'x'", "Query 'mspsupported' not present in the filtered data"),
    ] {
        let answer = filtered(bad).await.ended_with(400).json();
        assert_eq!(answer["errorCode"], "HPE_GL_SERVICE_CATALOG_BAD_REQUEST", "{bad}");
        assert_eq!(answer["message"], format!("{text}, {example}"), "{bad}");
    }
    for (path, status) in [
        (format!("{MANAGERS}/{NOBODY}"), 404),
        (format!("{MANAGERS}/nonsense"), 400),
        (format!("{REGIONS}/atlantis"), 404),
        (format!("{MANAGERS}?limit=0"), 400),
        (format!("{REGIONS}?limit=2001"), 400),
    ] {
        client.get(&token, &path).await.ended_with(status);
    }
    let pages = client.list(&token, REGIONS, &[("limit", "5"), ("offset", "15")]).await.json();
    assert_eq!([&pages["count"], &pages["total"]], [3, 18]);
}

#[tokio::test]
async fn a_provision_comes_and_goes_in_its_time() {
    let client = Client::start().await;
    let token = client.mint("standard").await;
    let data = manager(&client, &token, "Data Services").await;
    let wish = json!({"serviceManagerId": data, "region": "eu-central"});
    let made = provision(&client, &token, wish.clone()).await.ended_with(201);
    let path = made.header("location").unwrap().to_owned();
    assert_eq!(made.json()["resourceUri"], path);
    let status = async || client.get(&token, &path).await.ended_with(200).json()["provisionStatus"].clone();
    let counted = async |status: &str| {
        let filter = format!("status eq '{status}'");
        client.list(&token, PROVISIONS, &[("filter", &filter)]).await.ended_with(200).json()["total"].clone()
    };
    let conflict = provision(&client, &token, wish.clone()).await.ended_with(409).json();
    assert_eq!(conflict["errorCode"], "HPE_GLCP_SERVICE_CATALOG_CONFLICT");
    assert_eq!(status().await, "PROVISION_INITIATED");
    client.advance("2s");
    assert_eq!(status().await, "PROVISIONED", "though it was asked about once only");
    provision(&client, &token, wish.clone()).await.ended_with(409);

    delete(&client, &token, &path).await.ended_with(204);
    assert_eq!(status().await, "UNPROVISION_INITIATED");
    delete(&client, &token, &path).await.ended_with(204);
    // A list asks too, so that a client on a clock that stands still comes to an end.
    assert_eq!(counted("UNPROVISION_INITIATED").await, 0);
    assert_eq!(status().await, "UNPROVISIONED");
    delete(&client, &token, &path).await.ended_with(404);
    let again = provision(&client, &token, wish).await.ended_with(201);
    assert_eq!(again.header("location"), Some(&*path), "it comes back under the id that it had");
    assert_eq!(again.json()["generation"], 3);
    client.dialect(&["async_pace=never"]);
    client.advance("1m");
    assert_eq!(status().await, "PROVISION_INITIATED");
    client.advance("1m");
    let failed = client.get(&token, &path).await.ended_with(200).json();
    assert_eq!(
        (&failed["provisionStatus"], &failed["reason"]),
        (&json!("PROVISION_FAILED"), &json!("The operation took too long."))
    );
    let log = client.list(&token, "/audit-log/v1/logs", &[("limit", "50")]).await.json();
    let told: Vec<_> = log["items"].as_array().unwrap().iter().map(|it| it["description"].clone()).collect();
    for (did, times) in [("provisioned", 1), ("unprovisioned", 1), ("could not be provisioned", 1)] {
        let line = json!(format!("Data Services {did} in eu-central."));
        assert_eq!(told.iter().filter(|it| **it == line).count(), times, "{line} in {told:#?}");
    }
}

#[tokio::test]
async fn a_provision_with_devices_stays() {
    let client = Client::start().await;
    let token = client.mint("standard").await;
    let own = client.get(&token, PROVISIONS).await.json()["items"][0].clone();
    let path = own["resourceUri"].as_str().unwrap();
    let refused = delete(&client, &token, path).await.ended_with(412).json();
    assert_eq!(refused["errorCode"], "HPE_GL_SERVICE_CATALOG_PRECONDITION_FAILED");
    let msp = client.mint("msp").await;
    delete(&client, &msp, path).await.ended_with(404);
    let empty = client.exchange(&msp, "empty").await;
    let own = client.get(&empty, PROVISIONS).await.json()["items"][0].clone();
    delete(&client, &empty, own["resourceUri"].as_str().unwrap()).await.ended_with(204);
}

#[tokio::test]
async fn what_cannot_be_provisioned_is_refused() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let (central, data) =
        (manager(&client, &msp, "Aruba Central").await, manager(&client, &msp, "Data Services").await);
    for (body, message) in [
        (json!({"region": "us-west"}), "Field required for field serviceManagerId".to_owned()),
        (json!({"serviceManagerId": central}), "Field required for field region".to_owned()),
        (
            json!({"serviceManagerId": "nonsense", "region": "us-west"}),
            "Value is not a valid uuid for field serviceManagerId".to_owned(),
        ),
        (
            json!({"serviceManagerId": NOBODY, "region": "us-west"}),
            format!(
                "Unable to provision service-manager for given service-manager-id: {NOBODY} in region: us-west."
            ),
        ),
        (
            json!({"serviceManagerId": central, "region": "atlantis"}),
            format!(
                "Unable to provision service-manager for given service-manager-id: {central} in region: atlantis."
            ),
        ),
        // No MSP can have it.
        (
            json!({"serviceManagerId": data, "region": "us-west"}),
            format!(
                "Unable to provision service-manager for given service-manager-id: {data} in region: us-west."
            ),
        ),
    ] {
        let answer = provision(&client, &msp, body.clone()).await.ended_with(400).json();
        assert_eq!(answer["message"], message, "{body}");
    }
    for (body, message) in [
        ("", "The body is missing"),
        ("[]", "The body must be a JSON object"),
        ("{", "The body is no JSON: line 1, column 1"),
    ] {
        let answer = client.send(Ask::new("POST", PROVISIONS).bearer(&msp).body(body)).await;
        assert_eq!(answer.ended_with(400).json()["message"], message, "{body}");
    }
}
