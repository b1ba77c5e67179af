//! The modules of the real pycentral, unmodified: those of GLP, and Central's monitoring.
//!
//! All of `pycentral.glp` is used here: `Devices`, `ServiceManager`, `Subscriptions` and `UserMgmt`.

use std::collections::BTreeSet;

use greenroom_emulator::command::FidelityTable;
use serde_json::{Value, json};

use crate::harness::Scratch;

const UNIFIED: &str = "unified:
  client_id: 3f0c1a52-7f5e-4c55-9f0b-8b2b6a1f4d10
  client_secret: 9b1de0a25b3f11ee86a19d42f7b35e60
  workspace_id: 5d1f0c3e8a4b11f09c2d0242ac120002
  base_url: https://us5.api.central.arubanetworks.com
";

fn ran(flags: &[&str], program: &str, args: &[&str]) -> (Value, Scratch) {
    let scratch = Scratch::new();
    scratch.write("token.yaml", UNIFIED);
    (scratch.exec_python(flags, program, args).ended_with(0).json(), scratch)
}

#[track_caller]
fn distinct(list: &Value) -> usize {
    let list = list.as_array().unwrap();
    let set: BTreeSet<_> = list.iter().map(|serial| serial.as_str().unwrap()).collect();
    assert_eq!(set.len(), list.len(), "a device came twice");
    set.len()
}

#[test]
fn the_devices_module_reads_the_inventory_of_glp() {
    let (result, scratch) = ran(&[], "glp_devices.py", &[]);
    // The MSP's own and those that it owns for tenants, on one page of 2,000.
    assert_eq!(distinct(&result["serials"]), 22 + 53 + 1_220 + 30);
    assert_eq!(result["narrow"], json!([["macAddress", "serialNumber"], ["macAddress", "serialNumber"]]));
    assert_eq!(result["narrow_total"], 1_325);
    assert_eq!(result["found"], json!([true, result["last_id"]]));
    assert_eq!(result["nobody"], json!([false, "Serial not found"]));
    let all = result["serials"].as_array().unwrap();
    let mut network: Vec<_> =
        all.iter().map(|it| it.as_str().unwrap()).filter(|it| it.starts_with("CN")).collect();
    network.sort_unstable();
    let last: Vec<_> =
        result["last"].as_array().unwrap().iter().map(|row| row["serialNumber"].clone()).collect();
    assert!(
        last[0].as_str() > last[1].as_str() && last.iter().all(|it| network.contains(&it.as_str().unwrap()))
    );
    assert_eq!(scratch.summary().requests("api"), 5);
}

#[test]
fn the_devices_module_adds_assigns_subscribes_and_releases() {
    // A clock that stands still does not keep it waiting for ever; one that runs is not waited for.
    for (flags, sleeps) in [(&["--clock", "frozen"][..], 7), (&["--dialect", "async_pace=now"], 0)] {
        let (result, _) = ran(flags, "glp_devices_written.py", &[]);
        assert_eq!(result["added"], json!([202, true, "SUCCEEDED"]));
        assert_eq!(result["duplicate"], json!([false, "FAILED", {"failedDevicesSerial": ["NEW1"]}]));
        assert_eq!(result["found"], true);
        let key = &result["key"];
        let lab = json!({"site": "lab"});
        assert_eq!(
            result["states"],
            json!([
                ["UNASSIGNED", null, [], lab],
                ["ASSIGNED_TO_SERVICE", "us-west", [], lab],
                ["ASSIGNED_TO_SERVICE", "us-west", [key], lab],
                ["ASSIGNED_TO_SERVICE", "us-west", [], lab],
                ["UNASSIGNED", null, [], lab],
            ])
        );
        let id = &result["id"];
        let done = json!([200, "SUCCEEDED", {"succeededDevices": [id]}]);
        assert_eq!(result["answers"], json!([done, done, done, done]));
        assert_eq!(result["nowhere"], json!(["FAILED", {"failedDevices": [id]}]));
        assert_eq!(result["missing"], json!([404, "HPE_GL_ERROR_NOT_FOUND"]));
        assert_eq!(result["slept"], sleeps);
    }
}

#[test]
fn the_subscriptions_module_lists_finds_and_adds() {
    // A clock that stands still does not keep it waiting for ever; one that runs is not waited for.
    for (flags, sleeps) in [(&["--clock", "frozen"][..], 3), (&["--dialect", "async_pace=now"], 0)] {
        let (result, _) = ran(flags, "glp_subscriptions.py", &[]);
        let keys = result["keys"].as_array().unwrap();
        assert!(keys.len() > 10 && distinct(&result["keys"]) == keys.len());
        assert_eq!(result["narrow"].as_array().unwrap().len(), keys.len());
        assert!(result["narrow"].as_array().unwrap().iter().all(|row| *row == json!(["id", "key"])));
        assert_eq!(result["some"], json!([["CENTRAL_AP", "CENTRAL_AP"], 2, 1]));
        assert_eq!(result["found"], json!([true, true]));
        assert_eq!(result["nobody"], json!([false, "Key not found"]));
        let both = json!([{"key": "EGREENROOM0000001"}, {"key": "EGREENROOM0000002"}]);
        assert_eq!(result["added"], json!([200, "SUCCEEDED", {"succeededSubscriptions": both}]));
        assert_eq!(result["again"], json!(["FAILED", "EGREENROOM0000001"]));
        assert_eq!(result["unknown"], json!(["FAILED", "NOBODYKNOWSIT"]));
        assert_eq!(
            [&result["empty"], &result["owned"], &result["missing"]],
            [&json!(400), &json!(true), &json!(404)]
        );
        assert_eq!(result["slept"], sleeps);
    }
}

#[test]
fn the_service_manager_module_reads_what_is_provisioned() {
    let (result, scratch) = ran(&[], "service_manager.py", &["Tenant ABC"]);
    for workspace in ["of_msp", "of_tenant"] {
        let page = &result[workspace];
        assert_eq!([&page["count"], &page["total"], &page["offset"]], [1, 1, 0], "{workspace}");
        assert_eq!(page["items"][0]["provisionStatus"], "PROVISIONED", "{workspace}");
        assert_eq!(page["items"][0]["region"], "us-west", "{workspace}");
    }
    assert_ne!(result["of_msp"]["items"][0]["id"], result["of_tenant"]["items"][0]["id"]);
    assert_eq!(result["behind"], json!({"offset": 1, "count": 0, "total": 1, "items": []}));
    let words = "Ensure this value is less than or equal to 2000 for field limit";
    assert_eq!(result["too_many"], json!([400, words]));
    assert_eq!(result["managers"], json!([["Data Services", "HPE GreenLake Platform"], 3]));
    assert_eq!(result["regions"], 18);
    let central = &result["of_msp"]["items"][0]["serviceManager"]["id"];
    let found = json!({"id": central, "region": "us-west"});
    assert_eq!(result["applications"], json!([found, null, null, null]), "what is provisioned, where it is");
    assert_eq!(scratch.summary().refused().get("no_route"), None);
}

#[test]
fn the_user_module_invites_finds_and_removes() {
    for flags in [&[][..], &["--clock", "frozen"]] {
        let (result, scratch) = ran(flags, "users.py", &["guest@example.com", "Tenant ABC"]);
        let statuses = json!([["msp.admin@example.com", "VERIFIED"], ["guest@example.com", "UNVERIFIED"]]);
        assert_eq!(result["before"], json!([["msp.admin@example.com", "VERIFIED"]]));
        assert_eq!(result["invited"], json!([201, {"message": "User invited"}]));
        assert_eq!([&result["twice"], &result["legal"]], [&json!(409), &json!(451)]);
        assert_eq!(result["during"], statuses);
        assert_eq!(result["paged"], statuses, "page by page");
        assert_eq!(result["found"], json!([true, result["id"]]));
        assert_eq!([&result["by_email"], &result["by_id"]], [&result["one"], &result["one"]]);
        assert_eq!(result["one"]["username"], "guest@example.com");
        assert_eq!([&result["removed"], &result["again"]], [&json!(204), &json!(412)]);
        assert_eq!(result["after"], result["before"]);
        assert_eq!(result["nobody"], json!([false, "Email not found"]));
        // It goes on with the sentence in the place of an id.
        assert_eq!(result["get_nobody"], 422);
        assert_eq!(result["of_tenant"], json!([]));
        let log: Vec<_> = result["log"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
        let users: Vec<_> = log.into_iter().filter(|it| it.starts_with("User guest@")).collect();
        assert_eq!(users, ["User guest@example.com removed", "User guest@example.com invited"]);
        assert_eq!(result["details"], json!([200, "User guest@example.com removed"]));
        assert_eq!(scratch.summary().refused().get("no_route"), None);
    }
}

#[test]
fn the_monitoring_module_reads_and_notes_what_is_on_board() {
    let (result, scratch) = ran(&[], "monitored_devices.py", &["Tenant ABC"]);
    let monitored = distinct(&result["serials"]);
    assert!(monitored > 1_000, "more than a page: {monitored}");
    assert_eq!(result["serials"], result["provisioned"], "as the inventory says");
    assert_eq!([&result["materialized"], &result["persona"]], [&json!(true), &json!("CAMPUS_AP")]);
    assert_eq!(result["noted"], json!([200, {"notes": "Behind the plant"}]));
    assert_eq!(result["notes"], json!(["Behind the plant"]));
    // pycentral deletes at a path that Central does not have (central.md §1.3).
    let complaint = result["deleted"].as_str().unwrap();
    assert!(
        complaint.starts_with("Error deleting device from devices/") && complaint.contains("404"),
        "{complaint}"
    );
    assert_eq!(result["left"], monitored);
    assert_eq!(scratch.summary().refused().into_iter().collect::<Vec<_>>(), [("no_route", 1)]);
}

#[test]
fn the_monitoring_module_deletes_where_the_dialect_is_its_own() {
    let (result, _) = ran(&["--dialect", "sdk"], "monitored_devices.py", &["O'Neil & Sons"]);
    assert_eq!(result["deleted"], true);
    assert_eq!(result["left"].as_u64().unwrap() as usize, distinct(&result["serials"]) - 1);
}

#[test]
fn the_monitoring_module_reads_every_list_that_is_served() {
    let (result, scratch) = ran(&["--clock", "frozen"], "monitoring_lists.py", &["Tenant ABC"]);
    let number = |name: &str| result[name].as_u64().unwrap_or_else(|| panic!("{name} in {result}"));
    let aps: Vec<_> = result["aps"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert!(aps.len() > 400 && aps.is_sorted_by(|one, other| one > other));
    assert_eq!(
        (&result["ap"], &result["switch"], &result["gateway"]),
        (&json!(aps[0]), &json!("Online"), &json!("Standalone"))
    );
    // More than one page of a hundred.
    assert!(number("gateways") > 100 && number("switches") > 300);
    assert_eq!(result["wlans"], json!(["corporate", "guest", "things"]));
    assert_eq!(number("wireless"), number("clients_of_aps"));
    assert!(number("clients") > 1_000, "more than a page");
    assert_eq!(number("clients"), number("wireless") + number("wired"));
    assert_eq!(number("clients"), number("connected"));
    assert!(0 < number("failed") && number("failed") < number("failed_today"));
    let sites = result["sites"].as_array().unwrap();
    assert_eq!([&sites[0][0], &sites[1][0]], ["Branch", "HQ"]);
    assert_eq!(result["site_health"], json!([1, sites[0][1]]));
    assert_eq!(number("of_site"), sites[0][2].as_u64().unwrap());
    assert!(result["site_alerts"]["critical"].as_u64() < result["site_alerts"]["total"].as_u64());
    assert_eq!((&result["site"], number("site_devices")), (&json!("network-monitoring/site-health"), 2));
    assert_eq!(result["client"], "Connected");
    assert!(number("alerts") > 100 && number("wlans_of_ap") >= 2 && number("of_device") <= 5);
    assert!(result["not_served"].as_str().unwrap().contains("404"), "{result}");
    assert_eq!(scratch.summary().refused().into_iter().collect::<Vec<_>>(), [("no_route", 1)]);
}

#[test]
fn whatever_the_monitoring_modules_call_is_served_or_listed_as_not_served() {
    let (result, _) = ran(&[], "monitoring_paths.py", &[]);
    assert_eq!(result["silent"], json!([]), "calls that the program did not get to send anything");
    let table = FidelityTable::of_this_version();
    let is_like = |path: &str, pattern: &str| {
        let pattern: Vec<_> = pattern.split('/').collect();
        let path: Vec<_> = path.split('/').collect();
        let rest = pattern.last().and_then(|last| last.strip_suffix('*'));
        let fits = |(place, wanted): (usize, &&str)| {
            let part = path.get(place).copied().unwrap_or_default();
            match rest.filter(|_| place + 1 == pattern.len()) {
                Some(start) => part.starts_with(start),
                None => part == *wanted || (wanted.starts_with('{') && !part.is_empty()),
            }
        };
        let is_long = path.len() == pattern.len() || (rest.is_some() && path.len() > pattern.len());
        is_long && pattern.iter().enumerate().all(fits)
    };
    let (mut served, mut listed) = (0, 0);
    for call in result["paths"].as_array().unwrap() {
        let (method, path) = (call[0].as_str().unwrap(), call[1].as_str().unwrap());
        let is_listed = table
            .unserved
            .iter()
            .any(|row| row.methods.iter().any(|it| it == method) && is_like(path, &row.path));
        let is_served = table.routes.iter().any(|row| row.method == method && is_like(path, &row.path));
        assert!(is_listed || is_served, "{method} {path} is neither served nor in fidelity/unserved.rs");
        (served, listed) = (served + u32::from(!is_listed), listed + u32::from(is_listed));
    }
    // The thirteen lists and details, the inventory, the devices, and the deletion at pycentral's own path.
    assert!(served >= 14 && listed > 60, "{served} served, {listed} listed");
}
