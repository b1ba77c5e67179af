//! What the resources do: lists, filters, pages, visibility, and which host has what.

mod audit_log;
mod central_devices;
mod credentials;
mod device_orders;
mod devices;
mod inventory;
mod list_tenants;
mod monitoring;
mod pages;
mod provisions;
mod scopes;
mod service_catalog;
mod software_catalogs;
mod subscriptions;
mod tenants;
mod users;
mod workspaces;

use greenroom_model::{
    adopt::{Adoption, Credentials},
    host::Cluster,
    sample::DEFAULT_SEED,
    secret::Secret,
    world::World,
};
use reqwest::Version;
use serde_json::Value;

use crate::client::{APIGW, Answer, Ask, CENTRAL, Client, Road};

const TENANTS: &str = "/workspaces/v1/msp-tenants";
const WORKSPACES: &str = "/workspaces/v1/workspaces";
const DEVICES: &str = "/devices/v1/devices";
const AUDIT: &str = "/audit-log/v1/logs";
const PROVISIONS: &str = "/service-catalog/v1/service-manager-provisions";
const INVENTORY: &str = "/network-monitoring/v1/device-inventory";
const CENTRAL_DEVICES: &str = "/network-monitoring/v1/devices";
const LIST_TENANTS: &str = "/network-msp/v1/list-tenants";

/// Follows Central's `next` from page 1 on, and gives one member of every row.
async fn pages(
    client: &Client,
    token: &str,
    path: &str,
    query: &[(&str, &str)],
    column: &str,
) -> Vec<String> {
    let mut rows = Vec::new();
    let mut next = Some("1".to_owned());
    while let Some(number) = next {
        let query = [query, &[("next", number.as_str())]].concat();
        let answer = client.list(token, path, &query).await.ended_with(200);
        rows.extend(answer.column(column));
        next = answer.json()["next"].as_str().map(str::to_owned);
    }
    rows
}

fn rows(answer: &Answer) -> Vec<Value> {
    answer.json()["items"].as_array().unwrap().clone()
}

/// A cell as the service compares it: null is no text.
fn cell(row: &Value, name: &str) -> String {
    row[name].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn every_road_leads_to_the_same_answers() {
    let client = Client::start().await;
    let mut seen = Vec::new();
    for road in [Road::Plain, Road::Tunnel(Version::HTTP_11), Road::Tunnel(Version::HTTP_2)] {
        let client = client.over(road);
        let msp = client.mint("msp").await;
        let tenant = client.exchange(&msp, "abc").await;
        let mut bodies = Vec::new();
        for (token, path) in [
            (&msp, TENANTS),
            (&msp, "/network-msp/v1/list-tenants?limit=100&next=1"),
            (&tenant, DEVICES),
            (&tenant, INVENTORY),
            (&tenant, PROVISIONS),
        ] {
            let answer = client.get(token, path).await.ended_with(200);
            assert_eq!(answer.version == Version::HTTP_2, road == Road::Tunnel(Version::HTTP_2));
            bodies.push(answer.body);
        }
        seen.push(bodies);
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    for path in [TENANTS, DEVICES, INVENTORY] {
        let got = client.get(&msp, path).await.ended_with(200);
        let head = client.send(Ask::new("HEAD", path).bearer(&msp)).await.ended_with(200);
        assert_eq!(head.body, "");
        let names = |headers: &reqwest::header::HeaderMap| {
            headers.keys().filter(|name| *name != "content-length").cloned().collect::<Vec<_>>()
        };
        assert_eq!(names(&head.headers), names(&got.headers));
    }
    client.send(Ask::new("HEAD", DEVICES)).await.ended_with(401);
}

#[tokio::test]
async fn an_adopted_cluster_is_the_only_one() {
    let mut world = World::sample(DEFAULT_SEED);
    let token = Secret::new("adopted.access.token");
    let platform = Credentials { access_token: Some(token.clone()), ..Credentials::default() };
    let adoption =
        Adoption { platform: Some(platform), cluster: Cluster::named("US-WEST-5"), ..Adoption::default() };
    world.adopt(&adoption, "2026-01-01T00:00:00Z".parse().unwrap()).unwrap();
    let client = Client::of(world).await;
    let msp = client.mint("msp").await;
    let tenant = client.exchange(&msp, "example").await;
    let standard = client.mint("standard").await;
    let elsewhere = "de1.api.central.arubanetworks.com";
    let get = |host: &str, token: &str| Ask::get(INVENTORY).bearer(token).at(host);
    for token in [token.reveal(), &msp, &tenant] {
        client.send(get(CENTRAL, token)).await.ended_with(200);
        let refused = client.send(get(elsewhere, token)).await.ended_with(401);
        assert_eq!(refused.json()["errorCode"], "HPE_GL_NETWORKING_ERROR_UNAUTHORIZED");
        // Greenroom's own address is any cluster.
        client.get(token, INVENTORY).await.ended_with(200);
    }
    // The token comes before the parameters (central.md §2).
    client.send(Ask::get(LIST_TENANTS).bearer(&msp).at(elsewhere)).await.ended_with(401);
    client.send(Ask::get(LIST_TENANTS).bearer(&msp).at(CENTRAL)).await.ended_with(400);
    // A workspace without a cluster lives on all of them.
    client.send(get(elsewhere, &standard)).await.ended_with(200);
    client.dialect(&["wrong_cluster=accept"]);
    client.send(get(elsewhere, &msp)).await.ended_with(200);
    client.advance("15m");
    client.send(get(CENTRAL, token.reveal())).await.ended_with(401);
}

#[tokio::test]
async fn a_dedicated_platform_has_its_issuer_and_nothing_of_the_cloud() {
    let client = Client::start().await;
    let host = "dedicated.example.com";
    let issuer = client.issuer("dedicated");
    let minted = client.send(client.mint_ask("dedicated", &issuer).at(host)).await.ended_with(200);
    let token = minted.json()["access_token"].as_str().unwrap().to_owned();
    // Its issuer is unknown to the cloud and the cloud's to it; the SSO issuer does not know its clients.
    let cloud = "global.api.greenlake.hpe.com";
    client.send(client.mint_ask("dedicated", &issuer).at(cloud)).await.ended_with(403);
    client.send(client.mint_ask("msp", &client.issuer("msp")).at(host)).await.ended_with(403);
    client.send(client.mint_ask("dedicated", "/as/token.oauth2")).await.ended_with(401);
    let discovery = issuer.replace("/token", "/.well-known/openid-configuration");
    let document = client.send(Ask::get(&discovery).at(host)).await.ended_with(200).json();
    assert!(document["issuer"].as_str().unwrap().starts_with("https://dedicated.example.com/"));
    client.send(Ask::get(&discovery).at(cloud)).await.ended_with(404);
    // Tokens stay on their platform.
    client.send(Ask::get(DEVICES).bearer(&token).at(host)).await.ended_with(404);
    client.send(Ask::get(DEVICES).bearer(&token).at(cloud)).await.ended_with(401);
    client.send(Ask::get(INVENTORY).bearer(&token).at(CENTRAL)).await.ended_with(401);
    let msp = client.mint("msp").await;
    client.send(Ask::get(DEVICES).bearer(&msp).at(host)).await.ended_with(401);
}

#[tokio::test]
async fn a_classic_gateway_serves_new_central_unless_the_dialect_says_otherwise() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let get = |path: &str| Ask::get(path).bearer(&msp).at(APIGW);
    let there = client.send(get(INVENTORY)).await.ended_with(200).body;
    assert_eq!(there, client.get(&msp, INVENTORY).await.body);
    // Classic takes no token of New Central.
    let classic = client.send(get("/monitoring/v2/aps")).await.ended_with(401);
    assert_eq!(classic.json()["error"], "invalid_token");
    client.dialect(&["apigw_hosts=classic"]);
    client.send(get(INVENTORY)).await.ended_with(401);
}

#[tokio::test]
async fn a_path_is_only_where_it_belongs() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    for (host, path) in [
        ("global.api.greenlake.hpe.com", INVENTORY),
        ("us-west.api.greenlake.hpe.com", LIST_TENANTS),
        (CENTRAL, DEVICES),
        (CENTRAL, TENANTS),
        ("sso.common.cloud.hpe.com", TENANTS),
        ("us1.data.cloud.hpe.com", DEVICES),
    ] {
        client.send(Ask::get(path).bearer(&msp).at(host)).await.ended_with(404);
    }
    client.send(Ask::get(TENANTS).bearer(&msp).at("us-west.api.greenlake.hpe.com")).await.ended_with(200);
}
