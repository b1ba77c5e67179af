//! The service catalog of GLP.

use super::PROVISIONS;
use crate::client::{Ask, Client};

#[tokio::test]
async fn provisions_are_listed_filtered_and_shown() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let abc = client.exchange(&msp, "abc").await;
    let list = async |filter: &str| client.list(&abc, PROVISIONS, &[("filter", filter)]).await;
    let all = client.get(&abc, PROVISIONS).await.ended_with(200);
    let body = all.json();
    assert_eq!([&body["count"], &body["total"], &body["offset"]], [1, 1, 0]);
    let manager = body["items"][0]["serviceManager"]["id"].as_str().unwrap();
    for (filter, count) in [
        (format!("serviceManagerId eq '{manager}'"), 1),
        ("serviceManagerId eq '00000000-0000-0000-0000-000000000000'".to_owned(), 0),
        ("status eq 'PROVISIONED'".to_owned(), 1),
        ("status eq 'UNPROVISIONED'".to_owned(), 0),
        ("region eq 'us-west'".to_owned(), 1),
        ("region eq 'eu-west' and status eq 'PROVISIONED'".to_owned(), 0),
    ] {
        assert_eq!(list(&filter).await.ended_with(200).json()["total"], count, "{filter}");
    }
    let unsupported = |wrong: &str| {
        format!(
            "Unsupported filter operator, '{wrong}', refer example: '?filter=region eq 'us-west'' for field filter"
        )
    };
    for (bad, message) in [
        ("region we 'x'", unsupported("region we")),
        ("region ne 'us-west'", unsupported("region ne")),
        ("region gt 'us-west'", unsupported("region gt")),
        ("region lt 'us-west'", unsupported("region lt")),
        ("region in ('us-west')", unsupported("region in")),
        ("region contains 'us'", unsupported("region contains")),
        ("contains(region,'us')", "contains of region is not supported".to_owned()),
        ("status eq null", "\"null\" must stand in single quotes".to_owned()),
        ("status eq PROVISIONED", "\"PROVISIONED\" must stand in single quotes".to_owned()),
        ("provisionStatus eq 'PROVISIONED'", "unknown filter field provisionStatus".to_owned()),
        ("region eq 'us-west' or region eq 'us-east'", "only \"and\" may join conditions".to_owned()),
        ("region eq", "the filter ends too early".to_owned()),
    ] {
        let answer = list(bad).await.ended_with(400).json();
        assert_eq!(answer["errorCode"], "HPE_GL_SERVICE_CATALOG_BAD_REQUEST", "{bad}");
        assert_eq!(answer["message"], message, "{bad}");
    }
    let seen = client.emulator().history().exchanges();
    let mut why = seen.iter().filter_map(|exchange| exchange.response.as_ref()?.why.as_deref());
    assert!(why.next_back().is_some_and(|why| why.ends_with("at position 9")), "the history tells the place");
    for (name, value) in [("limit", "0"), ("limit", "2001"), ("offset", "-1")] {
        client.list(&abc, PROVISIONS, &[(name, value)]).await.ended_with(400);
    }
    let id = body["items"][0]["id"].as_str().unwrap();
    let shown = client.get(&abc, &format!("{PROVISIONS}/{id}")).await.ended_with(200).json();
    assert_eq!(shown, body["items"][0]);
    let foreign = client.get(&msp, &format!("{PROVISIONS}/{id}")).await.ended_with(404);
    assert_eq!(foreign.json()["errorCode"], "HPE_GL_SERVICE_CATALOG_NOT_FOUND");
    client.get(&abc, &format!("{PROVISIONS}/garbage")).await.ended_with(400);
    client.send(Ask::get(PROVISIONS)).await.ended_with(401);
}
