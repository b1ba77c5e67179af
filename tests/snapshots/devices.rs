//! Devices in GLP and in New Central.

use crate::client::{Ask, CENTRAL, Client};

const DEVICES: &str = "/devices/v1/devices";
const CENTRAL_DEVICES: &str = "/network-monitoring/v1/devices";

#[tokio::test]
async fn devices_of_glp() {
    let client = Client::start().await;
    let token = client.mint("standard").await;
    let with = |query: &[(&str, &str)]| Ask::get(DEVICES).bearer(&token).query(query);
    client
        .shots([
            ("devices-standard-tagged", with(&[("limit", "1"), ("offset", "9")])),
            (
                "devices-selected",
                with(&[("select", "application,serialNumber"), ("select", "deviceName"), ("limit", "2")]),
            ),
            (
                "devices-sorted-and-filtered",
                with(&[
                    ("filter", "deviceType in 'AP', 'SWITCH' and not model eq 'AP-515'"),
                    ("filter-tags", "'site' eq 'lab'"),
                    ("sort", "model desc,serialNumber"),
                    ("select", "serialNumber,model,tags"),
                ]),
            ),
            ("devices-400-sort", with(&[("sort", "colour")])),
            ("devices-400-filter-tags", with(&[("filter-tags", "site eq 'lab'")])),
        ])
        .await;
}

#[tokio::test]
async fn devices_of_central() {
    let client = Client::start().await;
    let token = client.mint("standard").await;
    let with = |query: &[(&str, &str)]| Ask::get(CENTRAL_DEVICES).bearer(&token).query(query);
    let serials = client.send(with(&[])).await.column("serialNumber");
    let one =
        |method: &str, serial: &str| Ask::new(method, &format!("{CENTRAL_DEVICES}/{serial}")).bearer(&token);
    let patch = |body: &str| one("PATCH", &serials[0]).header("content-type", "application/json").body(body);
    let named = format!("serialNumber eq {}", serials[0]);
    client
        .shots([
            ("central-devices", with(&[("limit", "2"), ("next", "2")])),
            ("central-devices-gateway", with(&[("filter", "clusterName eq 'gateways'"), ("limit", "1")])),
            ("central-devices-offline", with(&[("filter", "status eq 'OFFLINE'"), ("limit", "1")])),
            ("central-devices-400-filter", with(&[("filter", "isProvisioned eq 'Yes'")])),
            ("central-devices-400-sort", with(&[("sort", "macAddress")])),
            ("central-devices-400-site-assigned", with(&[("site-assigned", "ASSIGNED")])),
            ("device-notes", patch(r#"{"notes": "Building A, floor 2"}"#)),
            ("device-notes-400-missing", patch("{}")),
            ("device-notes-400-number", patch(r#"{"notes": 2}"#)),
            ("device-notes-400-no-json", patch("notes")),
            ("central-devices-noted", with(&[("filter", &named)])),
            ("device-deleted", one("DELETE", &serials[0])),
            ("device-deleted-404", one("DELETE", &serials[0])),
            ("device-405", one("GET", &serials[0])),
            ("device-delete-alias-off", {
                Ask::new("DELETE", &format!("/devices/{}", serials[1])).bearer(&token).at(CENTRAL)
            }),
        ])
        .await;
    client.dialect(&["central_delete_alias=on"]);
    let alias = Ask::new("DELETE", &format!("/devices/{}", serials[1])).bearer(&token).at(CENTRAL);
    client.shot("device-delete-alias", alias).await;
}
