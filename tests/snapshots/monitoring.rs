//! What New Central shows of access points, switches, gateways, clients, networks, sites and alerts.

use crate::client::{Ask, Client};

const MONITORING: &str = "/network-monitoring/v1";

#[tokio::test]
async fn monitoring_of_central() {
    let client = Client::start().await;
    let token = client.mint("standard").await;
    let with = |path: &str, query: &[(&str, &str)]| {
        Ask::get(&format!("{MONITORING}/{path}")).bearer(&token).query(query)
    };
    let first = async |path: &str, query: &[(&str, &str)], name: &str| {
        client.send(with(path, query)).await.column(name).remove(0)
    };
    let ap = first("aps", &[], "id").await;
    let switch = first("switches", &[], "id").await;
    let offline = first("switches", &[("filter", "status eq 'Offline'")], "id").await;
    let gateway = first("gateways", &[], "id").await;
    let mac = first("clients", &[("filter", "clientConnectionType eq 'Wired'")], "id").await;
    let site = first("sites-health", &[], "id").await;
    let one = |path: &str, id: &str| with(&format!("{path}/{id}"), &[]);
    let alerts =
        |query: &[(&str, &str)]| Ask::get("/network-notifications/v1/alerts").bearer(&token).query(query);
    client
        .shots([
            ("aps", with("aps", &[("limit", "2")])),
            ("aps-offline", with("aps", &[("filter", "status eq 'OFFLINE'"), ("limit", "1")])),
            ("aps-400-filter", with("aps", &[("filter", "deviceType eq 'ACCESS_POINT'")])),
            ("aps-400-sort", with("aps", &[("sort", "ipv4")])),
            ("aps-400-limit", with("aps", &[("limit", "1001")])),
            ("ap", one("aps", &ap)),
            ("ap-404", one("aps", &switch)),
            ("switches", with("switches", &[("limit", "1")])),
            ("switches-400-filter", with("switches", &[("filter", "serialNumber eq 'X'")])),
            ("switch", one("switches", &switch)),
            ("switch-offline", one("switches", &offline)),
            ("switch-404", one("switches", "NOSUCHDEVICE")),
            ("gateways", with("gateways", &[("limit", "1")])),
            ("gateways-offline", with("gateways", &[("filter", "status eq 'Offline'"), ("limit", "1")])),
            ("gateway", one("gateways", &gateway)),
            ("gateway-404", one("gateways", "NOSUCHDEVICE")),
            ("clients", with("clients", &[("limit", "2")])),
            ("clients-failed", with("clients", &[("filter", "status eq 'Failed'"), ("limit", "1")])),
            ("clients-400-limit", with("clients", &[("limit", "0")])),
            ("clients-400-filter", with("clients", &[("filter", "macAddress eq 'X'")])),
            ("clients-400-window", with("clients", &[("start-at", "2025-12-01T00:00:00Z")])),
            ("clients-400-instant", with("clients", &[("end-at", "yesterday")])),
            ("client", one("clients", &mac)),
            ("client-404", one("clients", "06:FF:FF:FF:FF:FF")),
            ("wlans", with("wlans", &[("sort", "band desc")])),
            ("wlans-400-filter", with("wlans", &[("filter", "wlanName eq 'guest'")])),
            ("wlan", one("wlans", "guest")),
            ("wlan-404", one("wlans", "nobody")),
            ("sites-health", with("sites-health", &[("limit", "1")])),
            ("sites-health-400-offset", with("sites-health", &[("offset", "-1")])),
            ("sites-device-health", with("sites-device-health", &[("sort", "apHealth DESC")])),
            ("site-health", one("site-health", &site)),
            ("site-health-400", one("site-health", "nowhere")),
            ("alerts", alerts(&[("limit", "2"), ("sort", "severity ASC")])),
            ("alerts-400-limit", alerts(&[("limit", "101")])),
            ("alerts-400-query", alerts(&[("severity", "Critical")])),
        ])
        .await;
}
