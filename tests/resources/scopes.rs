//! New Central's scopes over HTTP: which rows a list shows, in which order and on which page; what a change leaves
//! behind; and that nobody names what is somebody else's.

use serde_json::{Value, json};

use super::{CENTRAL_DEVICES, cell, rows};
use crate::client::{Answer, Ask, Client};

const SITES: &str = "/network-config/v1/sites";
const OLD_SITES: &str = "/network-config/v1alpha1/sites";
const COLLECTIONS: &str = "/network-config/v1/site-collections";
const GROUPS: &str = "/network-config/v1/device-groups";
const HIERARCHY: &str = "/network-config/v1/hierarchy";
const MAPS: &str = "/network-config/v1alpha1/scope-maps";

struct Scene {
    client: Client,
    token: String,
}

impl Scene {
    /// A workspace with five sites, two of them in one collection, and four device groups.
    async fn set() -> Self {
        let client = Client::start().await;
        let token = client.mint("standard").await;
        let scene = Self { client, token };
        let mut west = Vec::new();
        for (name, city, state, latitude) in [
            ("Lab", "San Diego", "California", "32.7"),
            ("Annex", "Austin", "Texas", "30.3"),
            ("Depot", "Oakland", "California", "37.8"),
        ] {
            let site = json!({
                "name": name, "address": "5 Test Street", "city": city, "state": state,
                "country": "United States", "zipcode": "90000", "latitude": latitude, "longitude": "-100",
            });
            let id = scene.made(SITES, site).await;
            west.extend((state == "California").then_some(id));
        }
        scene.made(COLLECTIONS, json!({"scopeName": "West", "description": "sunny", "siteIds": west})).await;
        scene.made(COLLECTIONS, json!({"scopeName": "East", "description": "rainy"})).await;
        scene.made(GROUPS, json!({"scopeName": "edge", "description": "first"})).await;
        scene
    }

    async fn send(&self, method: &str, path: &str, body: Value) -> Answer {
        self.client.send(Ask::new(method, path).bearer(&self.token).body(body.to_string())).await
    }

    async fn made(&self, path: &str, body: Value) -> String {
        let answer = self.send("POST", path, body).await.ended_with(200);
        answer.json()["items"][0].as_str().unwrap().to_owned()
    }

    async fn list(&self, path: &str, query: &[(&str, &str)]) -> Answer {
        self.client.list(&self.token, path, query).await
    }

    async fn names(&self, path: &str, query: &[(&str, &str)]) -> Vec<String> {
        self.list(path, query).await.ended_with(200).column("scopeName")
    }

    async fn all(&self, path: &str) -> Vec<Value> {
        rows(&self.list(path, &[("offset", "0")]).await.ended_with(200))
    }
}

#[tokio::test]
async fn a_filter_shows_the_rows_that_have_the_value() {
    let scene = Scene::set().await;
    for (path, fields) in [
        (SITES, &["scopeName", "address", "city", "state", "country", "zipcode", "collectionName"][..]),
        (COLLECTIONS, &["scopeName", "description"]),
        (GROUPS, &["scopeName"]),
    ] {
        let all = scene.all(path).await;
        for field in fields {
            let value = cell(all.iter().find(|row| row[field].is_string()).unwrap(), field);
            let expected: Vec<_> = all.iter().filter(|row| cell(row, field) == value).collect();
            let filter = format!("{field} eq '{value}'");
            let answer = scene.list(path, &[("filter", &filter), ("offset", "0")]).await.ended_with(200);
            assert_eq!(answer.json()["total"], expected.len(), "{path} {filter}");
            assert_eq!(rows(&answer).iter().collect::<Vec<_>>(), expected, "{path} {filter}");
        }
    }
    // Unquoted, twice, and for nobody.
    assert_eq!(scene.names(SITES, &[("filter", "city eq Oakland")]).await, ["Depot"]);
    let both = "state eq 'California' and city eq 'Oakland'";
    assert_eq!(scene.names(SITES, &[("filter", both)]).await, ["Depot"]);
    let none = scene.list(SITES, &[("filter", "city eq 'oakland'")]).await.ended_with(200).json();
    assert_eq!((&none["total"], &none["count"], &none["offset"]), (&json!(0), &json!(0), &Value::Null));
}

#[tokio::test]
async fn a_search_looks_into_every_text_and_only_in_the_deprecated_version() {
    let scene = Scene::set().await;
    for (search, names) in
        [("oakl", &["Depot"][..]), ("CALIFORNIA", &["Lab", "Depot"]), ("nnex", &["Annex"]), ("nowhere", &[])]
    {
        let found = scene.names(OLD_SITES, &[("search", search), ("offset", "0")]).await;
        let mine: Vec<_> = found.iter().filter(|name| *name != "HQ" && *name != "Branch").collect();
        assert_eq!(mine, names, "{search}");
    }
    assert_eq!(
        scene.names("/network-config/v1alpha1/site-collections", &[("search", "SUN")]).await,
        ["West"]
    );
}

#[tokio::test]
async fn lists_are_sorted_by_each_of_their_fields_both_ways() {
    let scene = Scene::set().await;
    for (path, field) in [
        (SITES, "scopeName"),
        (SITES, "city"),
        (SITES, "deviceCount"),
        (SITES, "latitude"),
        (COLLECTIONS, "description"),
        (COLLECTIONS, "siteCount"),
        (GROUPS, "deviceCount"),
    ] {
        let number = |row: &Value| cell(row, field).parse::<f64>().ok();
        let up = rows(&scene.list(path, &[("sort", &format!("{field} ASC"))]).await.ended_with(200));
        let down = rows(&scene.list(path, &[("sort", &format!("{field} DESC"))]).await.ended_with(200));
        let sorted = |rows: &[Value]| match number(&rows[0]) {
            Some(_) => rows.iter().map(|row| number(row).unwrap()).is_sorted(),
            None => rows.iter().map(|row| cell(row, field)).is_sorted(),
        };
        assert!(sorted(&up), "{path} by {field}: {up:?}");
        assert!(sorted(&down.iter().rev().cloned().collect::<Vec<_>>()), "{path} by {field}, down");
        let differs = up.iter().any(|row| row[field] != up[0][field]);
        assert!(differs, "nothing of {field} in {path} could be in another order");
    }
}

#[tokio::test]
async fn an_offset_skips_rows_and_a_limit_counts_beside_an_offset_only() {
    let scene = Scene::set().await;
    let all = scene.names(SITES, &[]).await;
    assert_eq!(all, ["HQ", "Branch", "Lab", "Annex", "Depot"]);
    for offset in 0..=5usize {
        let query = [("offset", &*offset.to_string()), ("limit", "2")];
        let answer = scene.list(SITES, &query).await.ended_with(200);
        let end = all.len().min(offset + 2);
        assert_eq!(answer.column("scopeName"), all[offset..end], "from {offset}");
        let body = answer.json();
        assert_eq!((&body["count"], &body["total"]), (&json!(end - offset), &json!(5)));
        let next = if end < all.len() { json!(end.to_string()) } else { Value::Null };
        assert_eq!(body["offset"], next);
    }
    // central.md §6.2: seen live.
    assert_eq!(scene.names(SITES, &[("limit", "2")]).await, all);
}

#[tokio::test]
async fn a_hierarchy_is_that_of_a_scope_of_the_kind_that_is_asked_for() {
    let scene = Scene::set().await;
    let [site, group] = [SITES, GROUPS].map(async |path| cell(&scene.all(path).await[0], "scopeId"));
    let (site, group) = (site.await, group.await);
    for (id, right, wrong) in [
        (&site, "site", ["site-collection", "device-groups", "device", "org"]),
        (&group, "device-groups", ["site", "site-collection", "device", "org"]),
    ] {
        for kind in wrong {
            scene.list(HIERARCHY, &[("id", id), ("type", kind)]).await.ended_with(400);
        }
        let found = scene.list(HIERARCHY, &[("id", id), ("type", right)]).await.ended_with(200).json();
        let levels = found["items"][0]["hierarchy"].as_array().unwrap().clone();
        let last = levels.last().unwrap();
        assert_eq!((&last["scopeId"], &last["scopeType"]), (&json!(id), &json!(right)));
        // Devices are among the children, so that the numbers of both pages agree.
        let path = if right == "site" { SITES } else { GROUPS };
        assert_eq!(last["childCount"].to_string(), cell(&scene.all(path).await[0], "deviceCount"));
        assert_ne!(last["childCount"], 0);
    }
}

#[tokio::test]
async fn a_change_leaves_what_it_does_not_name() {
    let scene = Scene::set().await;
    for (path, name) in [(COLLECTIONS, "West"), (GROUPS, "edge")] {
        let before = scene.all(path).await.into_iter().find(|row| row["scopeName"] == name).unwrap();
        let id = cell(&before, "scopeId");
        let changed = async |body: Value| {
            scene.send("PUT", path, body).await.ended_with(200);
            scene.all(path).await.into_iter().find(|row| row["scopeId"] == *id).unwrap()
        };
        let mut expected = before.clone();
        expected["scopeName"] = "renamed".into();
        assert_eq!(changed(json!({"scopeId": id, "scopeName": "renamed"})).await, expected);
        expected["description"] = "told".into();
        assert_eq!(changed(json!({"scopeId": id, "description": "told"})).await, expected);
    }
}

/// Whoever knows an id or a serial number of somebody else gets what a made-up one gets.
#[tokio::test]
async fn nobody_names_scopes_and_devices_of_somebody_else() {
    let scene = Scene::set().await;
    let stranger = scene.client.mint("msp").await;
    let foreign = async |path: &str| rows(&scene.client.get(&stranger, path).await.ended_with(200));
    let (theirs, ours) = (foreign(SITES).await, scene.all(SITES).await);
    let site = cell(&theirs[0], "scopeId");
    assert!(ours.iter().all(|row| row["scopeId"] != *site));
    let serial = cell(&foreign(CENTRAL_DEVICES).await[0], "serialNumber");
    let own = cell(&ours[0], "scopeId");
    let group = cell(&scene.all(GROUPS).await[0], "scopeId");
    let map = json!({"scope-map": [{"scope-name": site, "persona": "IOT", "resource": "x"}]});
    let add = "/network-config/v1/site-collection-add-sites";
    let collection = cell(&scene.all(COLLECTIONS).await[0], "scopeId");
    for (method, path, body, status) in [
        ("PUT", SITES, json!({"scopeId": site, "city": "Ville"}), 400),
        ("DELETE", "/network-config/v1/sites/bulk", json!({"items": [{"id": site}]}), 400),
        ("DELETE", "/network-config/v1/sites/bulk", json!({"items": [{"id": own}, {"id": site}]}), 400),
        ("POST", add, json!({"siteCollectionId": collection, "siteIds": [site]}), 400),
        ("POST", "/network-config/v1/site-add-devices", json!({"desScopeId": own, "devices": [serial]}), 404),
        (
            "POST",
            "/network-config/v1/device-groups-add-devices",
            json!({"desScopeId": group, "devices": [serial]}),
            404,
        ),
        ("POST", "/network-config/v1/device-groups-remove-devices", json!({"devices": [serial]}), 404),
        (
            "POST",
            "/network-config/v1/device-groups-create-and-add-devices",
            json!({"scopeName": "thieves", "devices": [serial]}),
            404,
        ),
        ("POST", MAPS, map, 400),
    ] {
        scene.send(method, path, body).await.ended_with(status);
    }
    scene.list(HIERARCHY, &[("id", &site), ("type", "site")]).await.ended_with(400);
    // Nothing came of it on either side.
    assert_eq!((foreign(SITES).await, scene.all(SITES).await), (theirs, ours));
    assert!(scene.names(GROUPS, &[]).await.iter().all(|name| name != "thieves"));
}
