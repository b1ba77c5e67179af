//! Scopes of New Central.

use serde_json::{Value, json};

use crate::client::{Ask, Client};

const SITES: &str = "/network-config/v1/sites";
const COLLECTIONS: &str = "/network-config/v1/site-collections";
const GROUPS: &str = "/network-config/v1/device-groups";
const HIERARCHY: &str = "/network-config/v1/hierarchy";
const MAPS: &str = "/network-config/v1alpha1/scope-maps";

fn lab() -> Value {
    json!({
        "name": "Lab", "address": "5 Test Street", "city": "San Diego", "state": "California",
        "country": "United States", "zipcode": "92101",
        "timezone": {"rawOffset": -28_800_000, "timezoneId": "America/Los_Angeles", "timezoneName": "PST"},
    })
}

#[tokio::test]
async fn scopes() {
    let client = Client::start().await;
    let token = client.mint("standard").await;
    let get = |path: &str, query: &[(&str, &str)]| Ask::get(path).bearer(&token).query(query);
    let ask =
        |method: &str, path: &str, body: Value| Ask::new(method, path).bearer(&token).body(body.to_string());
    let id = async |ask: Ask, name: &str| {
        client.shot(name, ask).await.json()["items"][0].as_str().unwrap().to_owned()
    };
    client
        .shots([
            ("sites", get(SITES, &[("limit", "1"), ("offset", "1"), ("sort", "scopeName DESC")])),
            ("sites-page", get("/network-config/v1alpha1/sites", &[("limit", "1"), ("offset", "0")])),
            ("sites-searched", get("/network-config/v1alpha1/sites", &[("search", "bran"), ("offset", "0")])),
            ("device-groups", get(GROUPS, &[("limit", "2"), ("offset", "0")])),
            (
                "device-collections",
                get("/network-config/v1alpha1/device-collections", &[("limit", "1"), ("offset", "1")]),
            ),
            ("global-scope", get("/network-config/v1/global", &[])),
        ])
        .await;
    let site = id(ask("POST", SITES, lab()), "site-created").await;
    let west = json!({"scopeName": "West", "description": "All of it", "siteIds": [site]});
    let west = id(ask("POST", COLLECTIONS, west), "site-collection-created").await;
    let serial = client.get(&token, "/network-monitoring/v1/devices").await.column("serialNumber").remove(0);
    let devices = json!({"desScopeId": site, "devices": [serial]});
    let group = json!({"scopeName": "Lab devices", "devices": [serial]});
    let map =
        json!({"scope-map": [{"scope-name": west, "persona": "CAMPUS_AP", "resource": "profiles/lab"}]});
    client
        .shots([
            ("site-given-devices", ask("POST", "/network-config/v1/site-add-devices", devices)),
            (
                "device-group-created",
                ask("POST", "/network-config/v1/device-groups-create-and-add-devices", group),
            ),
            (
                "site-updated",
                ask("PUT", SITES, json!({"scopeId": site, "latitude": 32.7, "longitude": -117.1})),
            ),
            ("sites-of-collection", get(SITES, &[("filter", "collectionName eq 'West'"), ("offset", "0")])),
            ("site-collections", get(COLLECTIONS, &[("offset", "0")])),
            ("scope-hierarchy", get(HIERARCHY, &[("id", &site), ("type", "site")])),
            ("scope-map-created", ask("POST", MAPS, map)),
            ("scope-maps", get(MAPS, &[])),
            (
                "site-removed-from-collection",
                ask(
                    "DELETE",
                    &format!("/network-config/v1alpha1/site-collection-remove-sites?site-ids={site}"),
                    json!({}),
                ),
            ),
            (
                "site-deleted",
                ask("DELETE", "/network-config/v1/sites/bulk", json!({"items": [{"id": site}]})),
            ),
        ])
        .await;
}

#[tokio::test]
async fn refusals_of_scopes() {
    let client = Client::start().await;
    let token = client.mint("standard").await;
    let ask =
        |method: &str, path: &str, body: Value| Ask::new(method, path).bearer(&token).body(body.to_string());
    let hq = json!({"name": "HQ"});
    let taken = lab().as_object().unwrap().clone().into_iter().chain(hq.as_object().unwrap().clone());
    let place = json!({"desScopeId": "20000001", "devices": ["NOSUCHDEVICE"]});
    let map = json!({"scope-map": [{"scope-name": "10000003", "persona": "TOASTER", "resource": "x"}]});
    client
        .shots([
            ("sites-401", Ask::get(SITES)),
            ("sites-400-limit", Ask::get(SITES).bearer(&token).query(&[("limit", "101"), ("offset", "0")])),
            ("sites-400-filter", Ask::get(SITES).bearer(&token).query(&[("filter", "scopeName in ('HQ')")])),
            ("sites-400-sort", Ask::get(SITES).bearer(&token).query(&[("sort", "image")])),
            ("sites-400-name", ask("POST", SITES, Value::Object(taken.collect()))),
            ("sites-400-address", ask("POST", SITES, json!({"name": "Lab"}))),
            ("sites-400-unknown", ask("PUT", SITES, json!({"scopeId": "1", "name": "Lab"}))),
            ("sites-400-no-json", Ask::new("POST", SITES).bearer(&token).body("{")),
            ("sites-405", Ask::new("PATCH", SITES).bearer(&token)),
            ("device-groups-404", ask("POST", "/network-config/v1/device-groups-add-devices", place)),
            (
                "scope-hierarchy-400",
                Ask::get(HIERARCHY).bearer(&token).query(&[("id", "1"), ("type", "site")]),
            ),
            ("scope-map-400", ask("POST", MAPS, map)),
            (
                "site-collections-400-none",
                ask("DELETE", "/network-config/v1/site-collections/bulk", json!({"items": []})),
            ),
        ])
        .await;
}
