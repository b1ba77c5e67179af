//! The devices that New Central has on board: the list, notes, and letting one go.

mod curl;
mod oracle;

use std::cmp::Reverse;

use greenroom_emulator::command::{AssignRole, Command};
use serde_json::{Value, json};

use super::{CENTRAL_DEVICES, DEVICES, INVENTORY, cell, rows};
use crate::client::{APIGW, Answer, Ask, CENTRAL, Client};

async fn tenant(client: &Client, symbol: &str) -> String {
    let msp = client.mint("msp").await;
    client.exchange(&msp, symbol).await
}

/// Every device of the list.
async fn all(client: &Client, token: &str) -> Vec<Value> {
    rows(&client.get(token, CENTRAL_DEVICES).await.ended_with(200))
}

fn patch(token: &str, serial: &str, body: &str) -> Ask {
    let path = format!("{CENTRAL_DEVICES}/{serial}");
    Ask::new("PATCH", &path).bearer(token).header("content-type", "application/json").body(body)
}

fn delete(token: &str, serial: &str) -> Ask {
    Ask::new("DELETE", &format!("{CENTRAL_DEVICES}/{serial}")).bearer(token)
}

/// The one device of that serial number, which the list is filtered for.
async fn one(client: &Client, token: &str, serial: &str) -> Option<Value> {
    let filter = format!("serialNumber eq '{serial}'");
    let mut found = rows(&client.list(token, CENTRAL_DEVICES, &[("filter", &filter)]).await.ended_with(200));
    assert!(found.len() <= 1);
    found.pop()
}

#[tokio::test]
async fn what_is_on_board_is_listed_as_the_inventory_knows_it() {
    let client = Client::start().await;
    let token = tenant(&client, "example").await;
    let inventory = rows(&client.list(&token, INVENTORY, &[("limit", "1000")]).await.ended_with(200));
    let (on_board, waiting): (Vec<_>, Vec<_>) =
        inventory.into_iter().partition(|row| row["isProvisioned"] == "Yes");
    assert!(!on_board.is_empty() && !waiting.is_empty());
    let devices = all(&client, &token).await;
    assert_eq!(devices.len(), on_board.len());
    for (device, known) in devices.iter().zip(&on_board) {
        let common: Vec<_> =
            device.as_object().unwrap().keys().filter(|member| known.get(member).is_some()).collect();
        assert!(common.len() > 12, "{common:?}");
        for member in common {
            assert_eq!(device[member], known[member], "{member}");
        }
        let online = device["status"] == "ONLINE";
        assert_eq!(device["uptimeInMillis"].is_u64(), online, "{device}");
        assert_eq!(device["lastSeenAt"] == "2026-01-01T00:00:00.000Z", online, "the clock stands there");
    }
    client.advance("1m");
    let later = all(&client, &token).await;
    let first = devices.iter().position(|device| device["status"] == "ONLINE").unwrap();
    let up = |rows: &[Value]| rows[first]["uptimeInMillis"].as_u64().unwrap();
    assert_eq!(up(&later) - up(&devices), 60_000);
    for (symbol, on_board) in [("empty", 0), ("customer", 28)] {
        assert_eq!(all(&client, &tenant(&client, symbol).await).await.len(), on_board, "{symbol}");
    }
}

#[tokio::test]
async fn every_filter_field_selects_by_equality_and_by_list() {
    let client = Client::start().await;
    let token = tenant(&client, "example").await;
    let all = all(&client, &token).await;
    for field in [
        "siteId",
        "siteName",
        "serialNumber",
        "deviceName",
        "deviceType",
        "status",
        "model",
        "firmwareVersion",
        "deployment",
        "clusterName",
    ] {
        let mut values: Vec<_> =
            all.iter().map(|row| cell(row, field)).filter(|value| !value.is_empty()).collect();
        values.sort();
        values.dedup();
        let (one, two) = (&values[0], values.last().unwrap());
        for (filter, wanted) in [
            (format!("{field} eq '{one}'"), vec![one]),
            (format!("{field} in ('{one}', '{two}')"), vec![one, two]),
        ] {
            let answer = client.list(&token, CENTRAL_DEVICES, &[("filter", &filter)]).await.ended_with(200);
            let expected: Vec<_> =
                all.iter().filter(|row| wanted.contains(&&cell(row, field))).cloned().collect();
            assert_eq!(rows(&answer), expected, "{filter}");
            assert_eq!(answer.json()["total"], expected.len(), "{filter}");
        }
    }
    let both = "status eq 'offline' and siteName eq 'HQ'";
    let found = rows(&client.list(&token, CENTRAL_DEVICES, &[("filter", both)]).await.ended_with(200));
    let expected: Vec<_> =
        all.iter().filter(|row| row["status"] == "OFFLINE" && row["siteName"] == "HQ").cloned().collect();
    assert!(!expected.is_empty() && found == expected);
    // These are fields of the inventory only, and a parameter of the inventory only.
    for filter in
        ["deviceFunction eq 'x'", "isProvisioned eq 'Yes'", "deviceGroupName eq 'aps'", "status ne 'x'"]
    {
        let answer = client.list(&token, CENTRAL_DEVICES, &[("filter", filter)]).await.ended_with(400);
        assert_eq!(answer.json()["errorCode"], "HPE_GL_NETWORK_MONITORING_INVALID_INPUT", "{filter}");
    }
    let answer = client.list(&token, CENTRAL_DEVICES, &[("site-assigned", "ASSIGNED")]).await.ended_with(400);
    assert_eq!(answer.json()["errorCode"], "HPE_GL_NETWORKING_ERROR_INVALID_QUERY_PARAMETER");
}

#[tokio::test]
async fn sorting_is_by_the_first_key_then_the_next() {
    let client = Client::start().await;
    let token = tenant(&client, "example").await;
    let all = all(&client, &token).await;
    let sorted = async |sort: &str| {
        rows(&client.list(&token, CENTRAL_DEVICES, &[("sort", sort)]).await.ended_with(200))
    };
    for field in ["siteId", "siteName", "serialNumber", "deviceName", "deployment", "model"] {
        let mut up = all.clone();
        up.sort_by_key(|row| cell(row, field));
        let mut down = all.clone();
        down.sort_by_key(|row| Reverse(cell(row, field)));
        assert_eq!(sorted(field).await, up, "{field}");
        assert_eq!(sorted(&format!("{field} desc")).await, down, "{field}");
    }
    let mut by_two = all.clone();
    by_two.sort_by_key(|row| (Reverse(cell(row, "model")), cell(row, "deviceName")));
    assert_eq!(sorted("model desc, deviceName").await, by_two);
    let page = [("sort", "model desc, deviceName"), ("limit", "7"), ("next", "3")];
    let answer = client.list(&token, CENTRAL_DEVICES, &page).await.ended_with(200);
    assert_eq!(rows(&answer), by_two[14..21]);
    for bad in ["macAddress", "deviceType", "ipv4", "status", "colour"] {
        client.list(&token, CENTRAL_DEVICES, &[("sort", bad)]).await.ended_with(400);
    }
}

#[tokio::test]
async fn pages_have_the_limits_of_the_specification() {
    let client = Client::start().await;
    let token = tenant(&client, "abc").await;
    let get = async |query: &[(&str, &str)]| client.list(&token, CENTRAL_DEVICES, query).await;
    let first = get(&[]).await.ended_with(200).json();
    let total = first["total"].as_u64().unwrap();
    assert!(total > 1000 && total < 1200, "{total}");
    assert_eq!((&first["count"], &first["next"]), (&json!(1000), &json!("2")));
    let last = get(&[("next", "2")]).await.ended_with(200).json();
    assert_eq!((&last["count"], &last["next"]), (&json!(total - 1000), &Value::Null));
    let none = get(&[("limit", "0")]).await.ended_with(200).json();
    assert_eq!([&none["count"], &none["total"], &none["next"]], [&json!(0), &json!(total), &Value::Null]);
    let past = get(&[("next", "3")]).await.ended_with(200).json();
    assert_eq!([&past["count"], &past["total"]], [0, total]);
    for (name, value) in [("limit", "1001"), ("limit", "-1"), ("limit", "x"), ("next", "0"), ("next", "x")] {
        get(&[(name, value)]).await.ended_with(400);
    }
    client.dialect(&["page_past_end=400", "limit_over_max=clamp"]);
    get(&[("next", "3")]).await.ended_with(400);
    assert_eq!(get(&[("limit", "5000")]).await.ended_with(200).json()["count"], 1000);
}

#[tokio::test]
async fn notes_are_set_shown_where_they_are_due_and_removed() {
    let client = Client::start().await;
    let token = tenant(&client, "example").await;
    let device = all(&client, &token).await[4].clone();
    let (serial, site) = (cell(&device, "serialNumber"), cell(&device, "siteId"));
    let text = "Rack 4, \"top\" — Zürich 東京";
    let body = json!({"notes": text}).to_string();
    let answer = client.send(patch(&token, &serial, &body)).await.ended_with(200);
    assert_eq!(answer.json(), json!({"notes": text}));
    let notes = async |query: &[(&str, &str)]| {
        let answer = client.list(&token, CENTRAL_DEVICES, query).await.ended_with(200);
        let row = rows(&answer).into_iter().find(|row| row["serialNumber"] == *serial);
        row.expect("the device is listed")["notes"].clone()
    };
    // Filled only when filtered by siteId or serialNumber (central.md §1.2).
    for filter in [
        format!("serialNumber eq '{serial}'"),
        format!("serialNumber in ('{serial}', 'x')"),
        format!("siteId eq '{site}'"),
        format!("model eq '{}' and siteId in ('{site}')", cell(&device, "model")),
    ] {
        assert_eq!(notes(&[("filter", &filter)]).await, text, "{filter}");
    }
    for query in [&[][..], &[("filter", "deployment eq 'Standalone'")], &[("sort", "siteId,serialNumber")]] {
        assert_eq!(notes(query).await, Value::Null, "{query:?}");
    }
    // Another device of the site has none, and neither GLP nor another tenant learns of it.
    let others = client.list(&token, CENTRAL_DEVICES, &[("filter", &format!("siteId eq '{site}'"))]).await;
    assert_eq!(others.column("notes").iter().filter(|notes| *notes != "null").count(), 1);
    assert!(!client.get(&token, DEVICES).await.body.contains("Rack 4"));
    // The empty string deletes.
    let answer =
        client.send(patch(&token, &serial, r#"{"notes": "", "colour": "red"}"#)).await.ended_with(200);
    assert_eq!(answer.json(), json!({"notes": ""}));
    assert_eq!(one(&client, &token, &serial).await.unwrap()["notes"], Value::Null);
    let longest = "ä".repeat(256);
    client.send(patch(&token, &serial, &json!({"notes": longest}).to_string())).await.ended_with(200);
    assert_eq!(one(&client, &token, &serial).await.unwrap()["notes"], *longest);
}

#[tokio::test]
async fn notes_that_cannot_be_read_change_nothing() {
    let client = Client::start().await;
    let token = tenant(&client, "example").await;
    let serial = cell(&all(&client, &token).await[0], "serialNumber");
    client.send(patch(&token, &serial, r#"{"notes": "as it was"}"#)).await.ended_with(200);
    let too_long = json!({"notes": "x".repeat(257)}).to_string();
    for body in [
        "",
        "{}",
        "[]",
        "\"x\"",
        "{\"notes\": 1}",
        "{\"notes\": null}",
        "{\"notes\"",
        "{\"note\": \"x\"}",
        &too_long,
    ] {
        let answer = client.send(patch(&token, &serial, body)).await.ended_with(400);
        assert_eq!(answer.json()["errorCode"], "HPE_GL_NETWORK_MONITORING_INVALID_INPUT", "{body}");
    }
    assert_eq!(one(&client, &token, &serial).await.unwrap()["notes"], "as it was");
}

#[tokio::test]
async fn only_what_is_on_board_can_be_changed_and_by_its_owner_only() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let example = client.exchange(&msp, "example").await;
    let customer = client.exchange(&msp, "customer").await;
    let inventory = client.list(&example, INVENTORY, &[("filter", "isProvisioned eq 'No'")]).await;
    let waiting = inventory.column("serialNumber").remove(0);
    let server = client.list(&example, DEVICES, &[("filter", "category eq 'COMPUTE'")]).await;
    let server = server.column("serialNumber").remove(0);
    let own = cell(&all(&client, &example).await[0], "serialNumber");
    for (token, serial) in [
        (&example, "NOBODY"),
        (&example, &*own.to_lowercase()),
        (&example, &waiting),
        (&example, &server),
        (&customer, &own),
        (&msp, &own),
    ] {
        for ask in [patch(token, serial, r#"{"notes": "x"}"#), delete(token, serial)] {
            let answer = client.send(ask.clone()).await.ended_with(404);
            assert_eq!(answer.json()["errorCode"], "HPE_GL_ERROR_NOT_FOUND", "{ask}");
        }
    }
    assert_eq!(one(&client, &example, &own).await.unwrap()["notes"], Value::Null);
    client.send(delete("garbage", &own)).await.ended_with(401);
    client.send(Ask::get(&format!("{CENTRAL_DEVICES}/{own}")).bearer(&example)).await.ended_with(405);
}

#[tokio::test]
async fn a_deleted_device_leaves_monitoring_and_stays_in_the_inventory() {
    let client = Client::start().await;
    let token = tenant(&client, "example").await;
    let before = all(&client, &token).await;
    let device = before[3].clone();
    let serial = cell(&device, "serialNumber");
    client.send(patch(&token, &serial, r#"{"notes": "to be scrapped"}"#)).await.ended_with(200);
    let answer = client.send(delete(&token, &serial)).await.ended_with(202);
    assert_eq!(answer.header("location"), Some(&*format!("{CENTRAL_DEVICES}/{serial}")));
    let mut shown = answer.json();
    assert_eq!(shown["notes"], "to be scrapped");
    shown["notes"] = Value::Null;
    assert_eq!(shown, device, "it is shown as it was");
    let mut left = before.clone();
    left.remove(3);
    assert_eq!(all(&client, &token).await, left);
    let total = client.list(&token, CENTRAL_DEVICES, &[("limit", "0")]).await.json()["total"].clone();
    assert_eq!(total, left.len());
    assert_eq!(one(&client, &token, &serial).await, None);
    client.send(delete(&token, &serial)).await.ended_with(404);
    client.send(patch(&token, &serial, r#"{"notes": "x"}"#)).await.ended_with(404);
    let filter = format!("serialNumber eq '{serial}'");
    let inventory = rows(&client.list(&token, INVENTORY, &[("filter", &filter)]).await.ended_with(200));
    assert_eq!(inventory.len(), 1);
    let expected =
        [("isProvisioned", json!("No")), ("status", json!("OFFLINE")), ("deviceGroupId", Value::Null)];
    for (member, value) in expected {
        assert_eq!(inventory[0][member], value, "{member}");
    }
    let glp = client.list(&token, DEVICES, &[("filter", &filter)]).await.ended_with(200);
    assert_eq!(glp.column("assignedState"), ["ASSIGNED_TO_SERVICE"]);
}

#[tokio::test]
async fn a_role_that_may_only_look_changes_nothing() {
    let client = Client::start().await;
    let token = client.mint("standard").await;
    let serial = cell(&all(&client, &token).await[0], "serialNumber");
    let assign = |role: &str| {
        let wish = AssignRole { user: "ops.user@example.com".to_owned(), role: role.to_owned() };
        client.emulator().run(Command::AssignRole(wish)).unwrap();
    };
    assign("Observer");
    for ask in [patch(&token, &serial, r#"{"notes": "x"}"#), delete(&token, &serial)] {
        let answer = client.send(ask).await.ended_with(403);
        assert_eq!(answer.json()["errorCode"], "HPE_GL_ERROR_FORBIDDEN");
    }
    assert_eq!(one(&client, &token, &serial).await.unwrap()["notes"], Value::Null);
    assign("Administrator");
    client.send(delete(&token, &serial)).await.ended_with(202);
}

/// The history says what changed, and the audit log which operation was called.
#[tokio::test]
async fn changes_are_on_record() {
    let client = Client::start().await;
    let token = client.mint("standard").await;
    let serial = cell(&all(&client, &token).await[0], "serialNumber");
    client.send(patch(&token, &serial, r#"{"notes": "x"}"#)).await.ended_with(200);
    client.send(patch(&token, &serial, r#"{"notes": ""}"#)).await.ended_with(200);
    client.send(patch(&token, &serial, "{}")).await.ended_with(400);
    client.send(delete(&token, &serial)).await.ended_with(202);
    let changes: Vec<_> = client
        .emulator()
        .history()
        .exchanges()
        .into_iter()
        .filter_map(|exchange| exchange.response)
        .flat_map(|response| response.changes)
        .collect();
    let expected = ["notes set", "notes removed", "deleted from monitoring"];
    assert_eq!(changes, expected.map(|change| format!("device {serial}: {change}")));
}

#[tokio::test]
async fn the_path_that_pycentral_deletes_at_is_a_dialect() {
    let client = Client::start().await;
    let token = client.mint("standard").await;
    let serials: Vec<_> = all(&client, &token).await.iter().map(|row| cell(row, "serialNumber")).collect();
    let alias = |method: &str, host: &str, serial: &str| {
        Ask::new(method, &format!("/devices/{serial}")).bearer(&token).at(host)
    };
    let nothing = |answer: Answer| {
        let answer = answer.ended_with(404);
        assert_eq!(answer.json()["message"], "Route Not Found");
        answer.body.len()
    };
    let off = nothing(client.send(alias("DELETE", CENTRAL, &serials[0])).await);
    assert_eq!(off, nothing(client.send(alias("GET", CENTRAL, &serials[0])).await));
    client.send(Ask::new("DELETE", "/devices/x").at(CENTRAL)).await.ended_with(401);
    client.dialect(&["central_delete_alias=on"]);
    let answer = client.send(alias("DELETE", CENTRAL, &serials[0])).await.ended_with(200);
    assert_eq!(answer.json()["serialNumber"], *serials[0]);
    client.send(alias("DELETE", APIGW, &serials[1])).await.ended_with(200);
    client.send(alias("DELETE", CENTRAL, &serials[0])).await.ended_with(404);
    client.send(alias("GET", CENTRAL, &serials[2])).await.ended_with(405);
    let left: Vec<_> = all(&client, &token).await.iter().map(|row| cell(row, "serialNumber")).collect();
    assert_eq!(left, serials[2..]);
    client.send(alias("DELETE", crate::client::GLP, &serials[2])).await.ended_with(404);
    client.dialect(&["central_delete_alias=off"]);
    nothing(client.send(alias("DELETE", CENTRAL, &serials[2])).await);
}

/// Notes that somebody writes while somebody pages move no device from one page to another.
#[tokio::test]
async fn paging_meets_each_device_once_while_notes_are_written() {
    let client = Client::start().await;
    let token = tenant(&client, "abc").await;
    let all: Vec<_> = {
        let first = client.get(&token, CENTRAL_DEVICES).await.column("serialNumber");
        let second = client.list(&token, CENTRAL_DEVICES, &[("next", "2")]).await.column("serialNumber");
        [first, second].concat()
    };
    for query in [&[][..], &[("sort", "model desc")], &[("filter", "deployment eq 'Standalone'")]] {
        let mut seen = Vec::new();
        let mut next = Some("1".to_owned());
        while let Some(number) = next {
            let query = [&[("limit", "140"), ("next", &number)], query].concat();
            let page = client.list(&token, CENTRAL_DEVICES, &query).await.ended_with(200);
            assert_eq!(page.json()["total"], all.len());
            seen.extend(page.column("serialNumber"));
            next = page.json()["next"].as_str().map(str::to_owned);
            for serial in [&all[seen.len() % all.len()], &all[seen.len() / 2]] {
                let notes = json!({"notes": format!("seen {}", seen.len())}).to_string();
                client.send(patch(&token, serial, &notes)).await.ended_with(200);
            }
        }
        seen.sort();
        assert_eq!(seen, all, "{query:?}");
    }
}
