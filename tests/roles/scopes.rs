//! The operations on Central's scopes, on what [`made`] made in the MSP's own workspace.

use super::{Operation, Scene, row};
use crate::client::{Ask, Client};

/// A request whose body may name a device.
fn ask(scene: &Scene, method: &str, path: &str, body: &str) -> Ask {
    let ask = Ask::new(method, path);
    if body.is_empty() { ask } else { ask.body(body.replace("SERIAL", &scene.serials[1])) }
}

macro_rules! scope {
    ($route:literal, $needs:literal, $method:literal, $path:literal, $body:literal) => {
        row($route, $needs, |scene| ask(scene, $method, $path, $body), 200)
    };
}

#[rustfmt::skip]
pub(super) const SCOPES: &[Operation] = &[
    scope!("central.sites.list", "view on network_monitoring", "GET", "/network-config/v1/sites", ""),
    scope!("central.sites.list-v1alpha1", "view on network_monitoring", "GET", "/network-config/v1alpha1/sites", ""),
    scope!("central.site-collections.list", "view on network_monitoring", "GET", "/network-config/v1/site-collections", ""),
    scope!("central.site-collections.list-v1alpha1", "view on network_monitoring", "GET", "/network-config/v1alpha1/site-collections", ""),
    scope!("central.device-groups.list", "view on network_monitoring", "GET", "/network-config/v1/device-groups", ""),
    scope!("central.device-groups.list-v1alpha1", "view on network_monitoring", "GET", "/network-config/v1alpha1/device-groups", ""),
    scope!("central.device-collections.list", "view on network_monitoring", "GET", "/network-config/v1alpha1/device-collections", ""),
    scope!("central.hierarchy", "view on network_monitoring", "GET", "/network-config/v1/hierarchy?id=10000001&type=site", ""),
    scope!("central.hierarchy-v1alpha1", "view on network_monitoring", "GET", "/network-config/v1alpha1/hierarchy?id=10000001&type=site", ""),
    scope!("central.global", "view on network_monitoring", "GET", "/network-config/v1/global", ""),
    scope!("central.sites.create", "edit on network_monitoring", "POST", "/network-config/v1/sites", r#"{"name": "Site of 1", "address": "1 Road", "city": "Town", "state": "Texas", "country": "United States", "zipcode": "1"}"#),
    scope!("central.sites.create-v1alpha1", "edit on network_monitoring", "POST", "/network-config/v1alpha1/sites", r#"{"name": "Site of 2", "address": "1 Road", "city": "Town", "state": "Texas", "country": "United States", "zipcode": "1"}"#),
    scope!("central.sites.update", "edit on network_monitoring", "PUT", "/network-config/v1/sites", r#"{"scopeId": "2000000000002", "city": "Ville"}"#),
    scope!("central.sites.update-v1alpha1", "edit on network_monitoring", "PUT", "/network-config/v1alpha1/sites", r#"{"scopeId": "2000000000002", "city": "Ville"}"#),
    scope!("central.sites.delete-bulk", "delete on network_monitoring", "DELETE", "/network-config/v1/sites/bulk", r#"{"items": [{"id": "2000000000003"}]}"#),
    scope!("central.sites.delete-bulk-v1alpha1", "delete on network_monitoring", "DELETE", "/network-config/v1alpha1/sites/bulk", r#"{"items": [{"id": "2000000000004"}]}"#),
    scope!("central.sites.delete-v1alpha1", "delete on network_monitoring", "DELETE", "/network-config/v1alpha1/sites?scope-id=2000000000005", ""),
    scope!("central.sites.add-devices", "edit on network_monitoring", "POST", "/network-config/v1/site-add-devices", r#"{"desScopeId": "10000001", "devices": ["SERIAL"]}"#),
    scope!("central.sites.add-devices-v1alpha1", "edit on network_monitoring", "POST", "/network-config/v1alpha1/site-add-devices", r#"{"desScopeId": "10000001", "devices": ["SERIAL"]}"#),
    scope!("central.site-collections.create", "edit on network_monitoring", "POST", "/network-config/v1/site-collections", r#"{"scopeName": "Collection of 10"}"#),
    scope!("central.site-collections.create-v1alpha1", "edit on network_monitoring", "POST", "/network-config/v1alpha1/site-collections", r#"{"scopeName": "Collection of 11"}"#),
    scope!("central.site-collections.update", "edit on network_monitoring", "PUT", "/network-config/v1/site-collections", r#"{"scopeId": "3000000000000", "description": "x"}"#),
    scope!("central.site-collections.update-v1alpha1", "edit on network_monitoring", "PUT", "/network-config/v1alpha1/site-collections", r#"{"scopeId": "3000000000000", "description": "x"}"#),
    scope!("central.site-collections.delete-bulk", "delete on network_monitoring", "DELETE", "/network-config/v1/site-collections/bulk", r#"{"items": [{"id": "3000000000001"}]}"#),
    scope!("central.site-collections.delete-bulk-v1alpha1", "delete on network_monitoring", "DELETE", "/network-config/v1alpha1/site-collections/bulk", r#"{"items": [{"id": "3000000000002"}]}"#),
    scope!("central.site-collections.delete-v1alpha1", "delete on network_monitoring", "DELETE", "/network-config/v1alpha1/site-collections?scope-id=3000000000003", ""),
    scope!("central.site-collections.add-sites", "edit on network_monitoring", "POST", "/network-config/v1/site-collection-add-sites", r#"{"siteCollectionId": "3000000000000", "siteIds": ["10000001"]}"#),
    scope!("central.site-collections.add-sites-v1alpha1", "edit on network_monitoring", "POST", "/network-config/v1alpha1/site-collection-add-sites", r#"{"siteCollectionId": "3000000000000", "siteIds": ["10000001"]}"#),
    scope!("central.site-collections.remove-sites", "delete on network_monitoring", "DELETE", "/network-config/v1/site-collection-remove-sites?site-id=10000001", ""),
    scope!("central.site-collections.remove-sites-v1alpha1", "delete on network_monitoring", "DELETE", "/network-config/v1alpha1/site-collection-remove-sites?site-ids=10000001", ""),
    scope!("central.device-groups.create", "edit on network_monitoring", "POST", "/network-config/v1/device-groups", r#"{"scopeName": "Group of 21"}"#),
    scope!("central.device-groups.create-v1alpha1", "edit on network_monitoring", "POST", "/network-config/v1alpha1/device-groups", r#"{"scopeName": "Group of 22"}"#),
    scope!("central.device-collections.create", "edit on network_monitoring", "POST", "/network-config/v1alpha1/device-collections", r#"{"scopeName": "Group of 23"}"#),
    scope!("central.device-groups.update", "edit on network_monitoring", "PUT", "/network-config/v1/device-groups", r#"{"scopeId": "4000000000003", "scopeName": "Group", "description": "x"}"#),
    scope!("central.device-groups.update-v1alpha1", "edit on network_monitoring", "PUT", "/network-config/v1alpha1/device-groups", r#"{"scopeId": "4000000000003", "scopeName": "Group", "description": "x"}"#),
    scope!("central.device-collections.update", "edit on network_monitoring", "PUT", "/network-config/v1alpha1/device-collections", r#"{"scopeId": "4000000000003", "scopeName": "Group", "description": "x"}"#),
    scope!("central.device-groups.delete-bulk", "delete on network_monitoring", "DELETE", "/network-config/v1/device-groups/bulk", r#"{"items": [{"id": "4000000000004"}]}"#),
    scope!("central.device-groups.delete-bulk-v1alpha1", "delete on network_monitoring", "DELETE", "/network-config/v1alpha1/device-groups/bulk", r#"{"items": [{"id": "4000000000005"}]}"#),
    scope!("central.device-collections.delete-bulk", "delete on network_monitoring", "DELETE", "/network-config/v1alpha1/device-collections/bulk", r#"{"items": [{"id": "4000000000006"}]}"#),
    scope!("central.device-collections.delete", "delete on network_monitoring", "DELETE", "/network-config/v1alpha1/device-collections", r#"{"scopeIds": ["4000000000007"]}"#),
    scope!("central.device-groups.add-devices", "edit on network_monitoring", "POST", "/network-config/v1/device-groups-add-devices", r#"{"desScopeId": "20000001", "devices": ["SERIAL"]}"#),
    scope!("central.device-groups.add-devices-v1alpha1", "edit on network_monitoring", "POST", "/network-config/v1alpha1/device-groups-add-devices", r#"{"desScopeId": "20000001", "devices": ["SERIAL"]}"#),
    scope!("central.device-collections.add-devices", "edit on network_monitoring", "POST", "/network-config/v1alpha1/device-collection-add-devices", r#"{"desScopeId": "20000001", "devices": ["SERIAL"]}"#),
    scope!("central.device-groups.create-with-devices", "edit on network_monitoring", "POST", "/network-config/v1/device-groups-create-and-add-devices", r#"{"scopeName": "Group of 34", "devices": ["SERIAL"]}"#),
    scope!("central.device-groups.create-with-devices-v1alpha1", "edit on network_monitoring", "POST", "/network-config/v1alpha1/device-groups-create-and-add-devices", r#"{"scopeName": "Group of 35", "devices": ["SERIAL"]}"#),
    scope!("central.device-collections.create-with-devices", "edit on network_monitoring", "POST", "/network-config/v1alpha1/device-collection-create-and-add-devices", r#"{"scopeName": "Group of 36", "devices": ["SERIAL"]}"#),
    scope!("central.device-groups.remove-devices", "edit on network_monitoring", "POST", "/network-config/v1/device-groups-remove-devices", r#"{"devices": ["SERIAL"]}"#),
    scope!("central.device-groups.remove-devices-v1alpha1", "edit on network_monitoring", "POST", "/network-config/v1alpha1/device-groups-remove-devices", r#"{"devices": ["SERIAL"]}"#),
    scope!("central.device-collections.remove-devices", "edit on network_monitoring", "POST", "/network-config/v1alpha1/device-collection-remove-devices", r#"{"devices": ["SERIAL"]}"#),
    scope!("central.scope-maps.list", "view on network_monitoring", "GET", "/network-config/v1alpha1/scope-maps", ""),
    scope!("central.scope-maps.create", "edit on network_monitoring", "POST", "/network-config/v1alpha1/scope-maps", r#"{"scope-map": [{"scope-name": "10000001", "persona": "IOT", "resource": "profiles/new"}]}"#),
    scope!("central.scope-maps.delete", "delete on network_monitoring", "DELETE", "/network-config/v1alpha1/scope-maps", r#"{"scope-map": [{"scope-name": "10000001", "persona": "IOT", "resource": "profiles/old"}]}"#),
];

/// Makes what the operations change and delete.
pub(super) async fn made(client: &Client, token: &str) {
    let post = async |path: &str, body: String| {
        let path = format!("/network-config/{path}");
        client.send(Ask::new("POST", &path).bearer(token).body(body)).await.ended_with(200);
    };
    for n in 0..4 {
        let place = r#""address": "1", "city": "c", "state": "s", "country": "c", "zipcode": "z""#;
        post("v1/sites", format!(r#"{{"name": "Site {n}", {place}}}"#)).await;
        post("v1/site-collections", format!(r#"{{"scopeName": "Collection {n}"}}"#)).await;
    }
    for n in 0..5 {
        post("v1/device-groups", format!(r#"{{"scopeName": "Group {n}"}}"#)).await;
    }
    let map = r#"{"scope-name": "10000001", "persona": "IOT", "resource": "profiles/old"}"#;
    post("v1alpha1/scope-maps", format!(r#"{{"scope-map": [{map}]}}"#)).await;
}

/// HPE's scope-management.json has the headers for these only: of the deprecated operations those by the name of
/// device collections lack them, and those that move devices between groups or sites into collections.
#[tokio::test]
async fn what_is_deprecated_says_so_where_hpe_documents_it() {
    const SILENT: [&str; 4] = [
        "central.site-collections.add-sites-v1alpha1",
        "central.device-groups.add-devices-v1alpha1",
        "central.device-groups.create-with-devices-v1alpha1",
        "central.device-groups.remove-devices-v1alpha1",
    ];
    let scene = Scene::set().await;
    let mut aged = 0;
    for operation in SCOPES {
        let answer = scene.send(operation).await.ended_with(200);
        let expected = operation.route.ends_with("-v1alpha1") && !SILENT.contains(&operation.route);
        let sunset = expected.then_some("Tue, 30 Jun 2026 23:59:59 GMT");
        assert_eq!(answer.header("sunset"), sunset, "{}", operation.route);
        assert_eq!(answer.header("deprecation"), expected.then_some("true"), "{}", operation.route);
        aged += usize::from(expected);
    }
    assert_eq!(aged, 17);
}
