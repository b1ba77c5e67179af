//! What New Central shows of access points, switches, gateways, clients, networks, sites and alerts: one table of
//! devices, told in many ways that agree.

use std::{cmp::Reverse, collections::BTreeMap};

use serde_json::{Value, json};

use super::{CENTRAL_DEVICES, LIST_TENANTS, cell, rows};
use crate::client::{Ask, Client};

pub(super) const APS: &str = "/network-monitoring/v1/aps";
pub(super) const SWITCHES: &str = "/network-monitoring/v1/switches";
pub(super) const GATEWAYS: &str = "/network-monitoring/v1/gateways";
pub(super) const CLIENTS: &str = "/network-monitoring/v1/clients";
pub(super) const WLANS: &str = "/network-monitoring/v1/wlans";
pub(super) const SITES_HEALTH: &str = "/network-monitoring/v1/sites-health";
const SITES_DEVICE_HEALTH: &str = "/network-monitoring/v1/sites-device-health";
pub(super) const ALERTS: &str = "/network-notifications/v1/alerts";

const FAMILIES: [(&str, &str); 3] = [(APS, "ACCESS_POINT"), (SWITCHES, "SWITCH"), (GATEWAYS, "GATEWAY")];

/// A tenant with more than a thousand clients, or one with a few dozen.
async fn tenant(symbol: &str) -> (Client, String) {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let token = client.exchange(&msp, symbol).await;
    (client, token)
}

/// Every row of a list that pages by number.
async fn all(client: &Client, token: &str, path: &str, query: &[(&str, &str)]) -> Vec<Value> {
    let limit = if path == ALERTS { "100" } else { "1000" };
    let (mut found, mut next) = (Vec::new(), Some("1".to_owned()));
    while let Some(number) = next {
        let query = [query, &[("limit", limit), ("next", &number)]].concat();
        let answer = client.list(token, path, &query).await.ended_with(200);
        found.extend(rows(&answer));
        next = answer.json()["next"].as_str().map(str::to_owned);
        assert_eq!(next.is_none(), found.len() as u64 == answer.json()["total"].as_u64().unwrap());
    }
    found
}

/// How often each value of a member occurs.
fn tally<'a>(rows: impl IntoIterator<Item = &'a Value>, name: &str) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for row in rows {
        *counts.entry(cell(row, name)).or_default() += 1;
    }
    counts
}

/// Poor, fair and good.
fn groups(health: &Value) -> [u64; 3] {
    ["Poor", "Fair", "Good"].map(|name| {
        let groups = health["groups"].as_array().unwrap();
        groups.iter().find(|group| group["name"] == name).unwrap()["value"].as_u64().unwrap()
    })
}

#[tokio::test]
async fn each_family_lists_the_devices_of_its_kind_in_its_own_words() {
    let (client, token) = tenant("example").await;
    let devices = all(&client, &token, CENTRAL_DEVICES, &[]).await;
    for (path, kind) in FAMILIES {
        let known: Vec<_> = devices.iter().filter(|row| row["deviceType"] == kind).collect();
        let found = all(&client, &token, path, &[]).await;
        assert_eq!(found.len(), known.len(), "{path}");
        for (row, known) in found.iter().zip(known) {
            for name in
                ["id", "serialNumber", "deviceName", "macAddress", "siteId", "firmwareVersion", "model"]
            {
                assert_eq!(row[name], known[name], "{name} in {path}");
            }
            let online = known["status"] == "ONLINE";
            let words = if kind == "ACCESS_POINT" { ["OFFLINE", "ONLINE"] } else { ["Offline", "Online"] };
            assert_eq!(row["status"], words[usize::from(online)]);
            assert_eq!(row["uptimeInMillis"], known["uptimeInMillis"]);
            let address = if kind == "GATEWAY" { "ipAddress" } else { "ipv4" };
            assert_eq!(row[address], known["ipv4"]);
        }
        let last = &found[found.len() - 1];
        let one = client.get(&token, &format!("{path}/{}", cell(last, "id"))).await.ended_with(200).json();
        let common: Vec<_> =
            one.as_object().unwrap().keys().filter(|name| last.get(name).is_some()).collect();
        assert!(common.len() >= 15, "{common:?}");
        assert!(common.iter().all(|name| one[*name] == last[*name]), "{one} as in {last}");
        // Nobody sees a device under another family, nor one of another workspace.
        let other = if kind == "SWITCH" { APS } else { SWITCHES };
        client.get(&token, &format!("{other}/{}", cell(last, "id"))).await.ended_with(404);
        let standard = client.mint("standard").await;
        client.get(&standard, &format!("{path}/{}", cell(last, "id"))).await.ended_with(404);
    }
    // Seconds here, an instant there, null while it is seen (central.md §6.4, §6.5).
    let switch = &all(&client, &token, SWITCHES, &[("filter", "status eq 'Online'")]).await[0];
    assert_eq!(switch["lastSeenAt"], 1_767_225_600);
    let aps = all(&client, &token, APS, &[]).await;
    assert!(aps.iter().all(|row| row["lastSeenAt"].is_null() == (row["status"] == "ONLINE")));
}

#[tokio::test]
async fn each_family_filters_and_sorts_by_the_fields_of_its_own() {
    let (client, token) = tenant("example").await;
    for (path, filters, sorts, neither) in [
        (
            APS,
            &["siteId", "siteName", "serialNumber", "deviceName", "status", "model", "firmwareVersion"][..],
            &["siteId", "serialNumber", "deviceName", "model", "status"][..],
            "macAddress",
        ),
        (
            SWITCHES,
            &["siteId", "siteName", "model", "status", "deployment"],
            &["siteId", "model", "status", "serialNumber", "deviceName"],
            "macAddress",
        ),
        (
            GATEWAYS,
            &["siteId", "model", "status", "macAddress", "deviceName", "serialNumber", "clusterName"],
            &["siteId", "model", "status", "serialNumber", "macAddress", "siteName", "firmwareVersion"],
            "deviceFunction",
        ),
    ] {
        let every = all(&client, &token, path, &[]).await;
        for field in filters {
            let value = cell(&every[every.len() / 2], field);
            if value.is_empty() {
                continue;
            }
            for filter in [format!("{field} eq '{value}'"), format!("{field} in ('{value}', 'nobody')")] {
                let found = all(&client, &token, path, &[("filter", &filter)]).await;
                let expected: Vec<_> =
                    every.iter().filter(|row| cell(row, field) == value).cloned().collect();
                assert!(!expected.is_empty() && found == expected, "{filter} of {path}");
            }
        }
        for field in sorts {
            let mut down = every.clone();
            down.sort_by_key(|row| Reverse(cell(row, field).to_lowercase()));
            let found = all(&client, &token, path, &[("sort", &format!("{field} DESC"))]).await;
            let places = |rows: &[Value]| rows.iter().map(|row| cell(row, field)).collect::<Vec<_>>();
            assert_eq!(places(&found), places(&down), "{field} of {path}");
        }
        for query in [("filter", format!("{neither} eq 'x'")), ("sort", "ipv6".to_owned())] {
            let refused = client.list(&token, path, &[(query.0, &query.1)]).await.ended_with(400);
            assert_eq!(refused.json()["errorCode"], "HPE_GL_NETWORK_MONITORING_INVALID_INPUT", "{path}");
        }
    }
}

#[tokio::test]
async fn clients_are_counted_alike_by_devices_networks_and_sites() {
    let (client, token) = tenant("abc").await;
    let connected = all(&client, &token, CLIENTS, &[]).await;
    assert!(connected.len() > 1_000 && connected.iter().all(|row| row["status"] == "Connected"));
    let macs: std::collections::BTreeSet<_> = connected.iter().map(|row| cell(row, "id")).collect();
    assert_eq!(macs.len(), connected.len(), "each once");
    let by_device = tally(&connected, "connectedDeviceSerial");
    for ap in all(&client, &token, APS, &[]).await {
        let serial = cell(&ap, "id");
        assert_eq!(ap["clientCount"], by_device.get(&serial).copied().unwrap_or_default(), "{ap}");
        assert!(ap["status"] == "ONLINE" || ap["clientCount"] == 0);
    }
    let by_network = tally(connected.iter().filter(|row| row["wlanName"].is_string()), "wlanName");
    for wlan in all(&client, &token, WLANS, &[]).await {
        let one = client.get(&token, &format!("{WLANS}/{}", cell(&wlan, "wlanName"))).await.ended_with(200);
        assert_eq!(one.json()["clientCount"], by_network[&cell(&wlan, "wlanName")]);
    }
    let by_site = tally(&connected, "siteId");
    let devices = all(&client, &token, CENTRAL_DEVICES, &[]).await;
    for site in rows(&client.get(&token, SITES_HEALTH).await.ended_with(200)) {
        let id = cell(&site, "id");
        assert_eq!(site["clients"]["count"], by_site[&id]);
        assert_eq!(groups(&site["clients"]["health"]).iter().sum::<u64>(), by_site[&id]);
        let here = devices.iter().filter(|row| cell(row, "siteId") == id);
        assert_eq!(site["devices"]["count"], here.clone().count());
        let [poor, _, _] = groups(&site["devices"]["health"]);
        assert_eq!(poor, here.filter(|row| row["status"] == "OFFLINE").count() as u64);
        let listed = all(&client, &token, CLIENTS, &[("site-id", &id)]).await;
        let named = all(&client, &token, CLIENTS, &[("site-name", &cell(&site, "siteName"))]).await;
        assert!(listed.len() as u64 == by_site[&id] && listed == named);
        // One site tells the same as the list, by kind.
        let one =
            client.get(&token, &format!("/network-monitoring/v1/site-health/{id}")).await.ended_with(200);
        let one = one.json();
        assert_eq!((&one["health"], &one["reasons"]), (&site["health"], &site["reasons"]));
        let sum = |types: &Value| {
            let each = types.as_array().unwrap().iter().map(|it| groups(&it["health"]));
            each.fold([0; 3], |[a, b, c], [x, y, z]| [a + x, b + y, c + z])
        };
        assert_eq!(sum(&one["deviceTypes"]), groups(&site["devices"]["health"]));
        assert_eq!(sum(&one["clientTypes"]), groups(&site["clients"]["health"]));
        let filter = format!("siteId eq '{id}'");
        let kinds = client.list(&token, SITES_DEVICE_HEALTH, &[("filter", &filter)]).await.ended_with(200);
        assert_eq!(rows(&kinds)[0]["deviceTypes"], one["deviceTypes"]);
    }
}

#[tokio::test]
async fn a_client_is_found_by_its_address_and_by_what_is_known_of_it() {
    let (client, token) = tenant("example").await;
    let connected = all(&client, &token, CLIENTS, &[]).await;
    for place in [0, connected.len() / 2, connected.len() - 1] {
        let row = &connected[place];
        let mac = cell(row, "macAddress");
        for spelling in [mac.clone(), mac.to_lowercase()] {
            let one = client.get(&token, &format!("{CLIENTS}/{spelling}")).await.ended_with(200);
            assert_eq!(one.json(), *row);
        }
        let standard = client.mint("standard").await;
        client.get(&standard, &format!("{CLIENTS}/{mac}")).await.ended_with(404);
    }
    for (field, value) in [
        ("clientConnectionType", "Wired"),
        ("clientConnectionType", "Wireless"),
        ("wlanName", "guest"),
        ("vlanId", "30"),
        ("role", "employee"),
        ("tunnelType", "Overlay"),
    ] {
        let found = all(&client, &token, CLIENTS, &[("filter", &format!("{field} eq '{value}'"))]).await;
        let expected: Vec<_> = connected.iter().filter(|row| cell(row, field) == value).cloned().collect();
        assert_eq!(found, expected, "{field} eq {value}");
        assert_eq!(found.is_empty(), field == "tunnelType");
    }
    let serial = cell(&connected[0], "connectedDeviceSerial");
    let there = all(&client, &token, CLIENTS, &[("serial-number", &serial)]).await;
    assert!(!there.is_empty() && there.iter().all(|row| row["connectedDeviceSerial"] == serial.as_str()));
    assert_eq!(all(&client, &token, CLIENTS, &[("serial-number", "NOBODY")]).await, [Value::Null; 0]);
    for field in ["clientName", "macAddress", "ipv4", "connectedTo", "port", "wlanName", "connectedAt"] {
        let found = all(&client, &token, CLIENTS, &[("sort", &format!("{field} DESC"))]).await;
        let mut expected: Vec<_> = connected.iter().map(|row| cell(row, field)).collect();
        expected.sort_by(|one, other| other.cmp(one));
        assert_eq!(found.iter().map(|row| cell(row, field)).collect::<Vec<_>>(), expected, "{field}");
    }
}

#[tokio::test]
async fn failed_clients_are_shown_to_who_asks_for_them_in_their_time() {
    let (client, token) = tenant("abc").await;
    let failed = "status eq 'Failed'";
    let usual = all(&client, &token, CLIENTS, &[("filter", failed)]).await;
    assert!(!usual.is_empty() && usual.iter().all(|row| row["status"] == "Failed"));
    // The last three hours, unless said otherwise (central.md §6.7).
    let from = ("start-at", "2025-12-31T21:00:00Z");
    assert_eq!(all(&client, &token, CLIENTS, &[("filter", failed), from]).await, usual);
    for row in &usual {
        assert!(
            ("2025-12-31T21:00:00.000Z"..="2026-01-01T00:00:00.000Z").contains(&&*cell(row, "lastSeenAt"))
        );
    }
    let long = [("filter", failed), ("start-at", "2025-12-31T00:00:00.000001Z")];
    assert!(all(&client, &token, CLIENTS, &long).await.len() > usual.len());
    let both = [("filter", "status in ('Failed', 'Connected')")];
    let connected = all(&client, &token, CLIENTS, &[]).await.len();
    assert_eq!(all(&client, &token, CLIENTS, &both).await.len(), connected + usual.len());
    let site = usual.iter().map(|row| cell(row, "siteId")).find(|id| !id.is_empty()).unwrap();
    for (query, status) in [
        (&[("start-at", "2025-12-24T23:59:59Z")][..], 400),
        (&[("start-at", "2025-12-25T00:00:00Z")], 200),
        (&[("start-at", "2025-12-02T00:00:00Z"), ("site-id", &site)], 200),
        (&[("start-at", "2025-11-30T00:00:00Z"), ("site-id", &site)], 400),
        (&[("start-at", "2026-01-01T00:00:00Z")], 400),
        (&[("start-at", "2026-01-02T00:00:00Z")], 400),
        (&[("end-at", "2026-01-01")], 400),
        (&[("limit", "0")], 400),
        (&[("limit", "1001")], 400),
        (&[("next", "0")], 400),
        (&[("site", "HQ")], 400),
    ] {
        client.list(&token, CLIENTS, query).await.ended_with(status);
    }
}

#[tokio::test]
async fn networks_are_those_that_access_points_offer() {
    let (client, token) = tenant("example").await;
    let names = |rows: &[Value]| rows.iter().map(|row| cell(row, "wlanName")).collect::<Vec<_>>();
    assert_eq!(names(&all(&client, &token, WLANS, &[]).await), ["corporate", "guest", "things"]);
    for ap in all(&client, &token, APS, &[]).await.iter().take(4) {
        let offered = all(&client, &token, WLANS, &[("serial-number", &cell(ap, "id"))]).await;
        assert_eq!(ap["wlanCount"], offered.len());
        let one = client.get(&token, &format!("{APS}/{}", cell(ap, "id"))).await.ended_with(200).json();
        assert_eq!(one["wlans"], json!(offered));
    }
    let found = all(&client, &token, WLANS, &[("filter", "band eq '2.4 GHz'")]).await;
    assert_eq!(names(&found), ["things"]);
    assert_eq!(all(&client, &token, WLANS, &[("site-id", "1")]).await.len(), 0);
    // A switch offers none, and who has no access points has none.
    let switch = cell(&all(&client, &token, SWITCHES, &[]).await[0], "id");
    let none = client.list(&token, &format!("{WLANS}/guest"), &[("serial-number", &switch)]).await;
    assert_eq!(none.ended_with(404).json()["errorCode"], "HPE_GL_NETWORK_MONITORING_WLAN_NOT_FOUND");
    let msp = client.mint("msp").await;
    let empty = client.exchange(&msp, "empty").await;
    for path in [APS, SWITCHES, GATEWAYS, CLIENTS, WLANS, ALERTS, SITES_HEALTH, SITES_DEVICE_HEALTH] {
        assert_eq!(client.get(&empty, path).await.ended_with(200).json()["total"], 0, "{path}");
    }
}

#[tokio::test]
async fn alerts_and_sites_agree_with_the_list_of_tenants() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let tenants = rows(&client.get(&msp, &format!("{LIST_TENANTS}?limit=100&next=1")).await.ended_with(200));
    let mut counts = Vec::new();
    for (symbol, name) in [("abc", "Tenant ABC"), ("example", "Example Tenant Name")] {
        let told = tenants.iter().find(|row| row["tenantName"] == name).unwrap();
        let token = client.exchange(&msp, symbol).await;
        let alerts = all(&client, &token, ALERTS, &[]).await;
        let by_severity = tally(&alerts, "severity");
        for (member, severity) in [("critical", "Critical"), ("major", "Major"), ("minor", "Minor")] {
            assert_eq!(told["alerts"][member], by_severity[severity], "{severity} of {name}");
        }
        let sites = rows(&client.get(&token, SITES_HEALTH).await.ended_with(200));
        assert_eq!(told["totalSites"], sites.len());
        let poor = sites.iter().filter(|site| groups(&site["health"]) == [1, 0, 0]).count();
        assert_eq!(told["degradedSites"], poor);
        // Every site has its own alerts: the critical ones by name, and with the others in the total.
        for site in &sites {
            let filter = format!("siteId eq '{}'", cell(site, "id"));
            let here = all(&client, &token, ALERTS, &[("filter", &filter)]).await;
            let here = tally(&here, "severity");
            let of = |severity| here.get(severity).copied().unwrap_or_default();
            let [critical, major, minor] = ["Critical", "Major", "Minor"].map(of);
            let counted = json!({
                "totalCount": critical + major + minor,
                "groups": [{"name": "Critical", "count": critical}],
            });
            assert_eq!(site["alerts"], counted, "{}", cell(site, "siteName"));
            counts.push([critical, major, minor]);
        }
        let mut times: Vec<_> = alerts.iter().map(|row| cell(row, "createdAt")).collect();
        assert!(times.is_sorted(), "by createdAt");
        times.reverse();
        let down = all(&client, &token, ALERTS, &[("sort", "createdAt DESC")]).await;
        assert_eq!(down.iter().map(|row| cell(row, "createdAt")).collect::<Vec<_>>(), times);
        for (filter, count) in [
            ("status eq 'Active'", alerts.len()),
            ("status eq 'Cleared'", 0),
            ("category in ('System', 'LAN')", alerts.len()),
            ("typeId in ('1', '2', '3')", alerts.len()),
        ] {
            assert_eq!(all(&client, &token, ALERTS, &[("filter", filter)]).await.len(), count, "{filter}");
        }
        let switches = all(&client, &token, ALERTS, &[("filter", "deviceType eq 'Switch'")]).await;
        assert_eq!(switches.len() as u64, tally(&alerts, "deviceType")["Switch"]);
    }
    // There are alerts of every severity at every site, so that none can be lost unnoticed.
    assert_eq!(counts, [[64, 35, 42], [77, 46, 41], [2, 1, 1], [5, 2, 1]]);
    let refused = client.list(&msp, ALERTS, &[("filter", "severity eq 'Critical'")]).await.ended_with(400);
    assert_eq!(refused.json()["errorCode"], "HPE_GL_NETWORK_NOTIFICATIONS_BAD_REQUEST");
}

#[tokio::test]
async fn who_is_let_go_leaves_every_list() {
    let (client, token) = tenant("example").await;
    let ap = all(&client, &token, APS, &[]).await.into_iter().find(|row| row["clientCount"] != 0).unwrap();
    let serial = cell(&ap, "id");
    let guests = all(&client, &token, CLIENTS, &[("serial-number", &serial)]).await;
    let before = [
        all(&client, &token, APS, &[]).await.len(),
        all(&client, &token, CLIENTS, &[]).await.len(),
        all(&client, &token, ALERTS, &[]).await.len(),
    ];
    let gone = Ask::new("DELETE", &format!("{CENTRAL_DEVICES}/{serial}")).bearer(&token);
    client.send(gone).await.ended_with(202);
    client.get(&token, &format!("{APS}/{serial}")).await.ended_with(404);
    client.get(&token, &format!("{CLIENTS}/{}", cell(&guests[0], "id"))).await.ended_with(404);
    let after = [
        all(&client, &token, APS, &[]).await.len(),
        all(&client, &token, CLIENTS, &[]).await.len(),
        all(&client, &token, ALERTS, &[]).await.len(),
    ];
    assert_eq!(after[..2], [before[0] - 1, before[1] - guests.len()]);
    // It waits now, which is an alert, unless it was one before.
    assert!(after[2] == before[2] || after[2] == before[2] + 1);
}

#[tokio::test]
async fn members_without_a_value_are_left_out_by_dialect_but_never_those_of_gateways() {
    let (client, token) = tenant("abc").await;
    client.dialect(&["central_absent=omitted"]);
    for path in [APS, SWITCHES, CLIENTS] {
        let first = &rows(&client.get(&token, path).await.ended_with(200))[0];
        assert!(first.as_object().unwrap().values().all(|value| !value.is_null()), "{first}");
        client.get(&token, &format!("{path}/{}", cell(first, "id"))).await.ended_with(200);
    }
    let offline = all(&client, &token, GATEWAYS, &[("filter", "status eq 'Offline'")]).await;
    assert!(!offline.is_empty() && offline.iter().all(|row| row["uptimeInMillis"].is_null()));
}

#[tokio::test]
async fn sites_are_cut_by_offset_and_tell_where_they_are() {
    const SITES: &str = "/network-config/v1/sites";
    let (client, token) = tenant("example").await;
    let made = async |body: Value| {
        let ask = Ask::new("POST", SITES).bearer(&token).body(body.to_string());
        client.send(ask).await.ended_with(200);
    };
    let lab = json!({
        "name": "Lab", "address": "5 Test Street", "city": "Zürich", "state": "Zürich", "country": "Switzerland",
        "zipcode": "8001",
    });
    made(lab.clone()).await;
    let mut depot = lab;
    (depot["name"], depot["latitude"], depot["longitude"]) = ("Depot".into(), json!(47.4), json!(8.5));
    made(depot).await;
    let all = rows(&client.get(&token, SITES_HEALTH).await.ended_with(200));
    assert_eq!(all.len(), 4);
    // As the scopes tell it, of sites that were there and of those that were made.
    let scopes = rows(&client.list(&token, SITES, &[("offset", "0")]).await.ended_with(200));
    for site in &all {
        let scope = scopes.iter().find(|scope| scope["scopeId"] == site["id"]).unwrap();
        assert_eq!(site["siteName"], scope["scopeName"]);
        for (name, said) in [
            ("address", "address"),
            ("city", "city"),
            ("state", "state"),
            ("country", "country"),
            ("zipCode", "zipcode"),
        ] {
            assert_eq!(site["address"][name], scope[said], "{name}");
        }
        for name in ["latitude", "longitude"] {
            assert_eq!(site["location"][name], scope[name], "{name}");
        }
    }
    let placed = all.iter().filter(|site| site["location"]["latitude"].is_string()).count();
    assert_eq!(placed, 3, "the laboratory has no place");
    let none = json!({"totalCount": 0, "groups": [{"name": "Critical", "count": 0}]});
    assert_eq!(
        all.iter().filter(|site| site["alerts"] == none).count(),
        2,
        "nothing stands where nobody put it"
    );
    for path in [SITES_HEALTH, SITES_DEVICE_HEALTH] {
        let all = client.get(&token, path).await.ended_with(200).column("id");
        for offset in 0..=4 {
            let query = [("limit", "2"), ("offset", &*offset.to_string())];
            let page = client.list(&token, path, &query).await.ended_with(200);
            let end = all.len().min(offset + 2);
            assert_eq!(page.column("id"), all[offset..end], "{path} from {offset}");
            let body = page.json();
            assert_eq!([&body["count"], &body["offset"], &body["total"]], [end - offset, offset, 4]);
        }
    }
}
