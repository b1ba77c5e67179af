//! The modules of the real pycentral, unmodified: those of GLP, and Central's monitoring.
//!
//! Of `pycentral.glp` this is read here: `Devices.get_all_devices`, `get_device` and `get_device_id`, and
//! `ServiceManager.get_service_manager_provisions`. Not served yet, and 404 therefore:
//!
//! - `Devices.get_status`; `add_devices`, `add_sub`, `remove_sub`, `assign_devices`, `unassign_devices`
//! - `ServiceManager.get_service_managers`, `get_service_manager_by_region`, and with them
//!   `get_application_id_and_region`
//! - `Subscriptions`: `get_all_subscriptions`, `get_subscription`, `get_sub_id`, `get_status`,
//!   `add_subscription`
//! - `UserMgmt`: `get_users`, `get_user`, `get_user_id`, `delete_user`, `inv_user`

use std::collections::BTreeSet;

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
    let unserved = result["unserved"].as_object().unwrap();
    assert_eq!(unserved.len(), 7);
    assert!(unserved.values().all(|code| *code == 404), "{unserved:?}");
    assert_eq!(result["application"], Value::Null);
    assert_eq!(scratch.summary().refused().get("no_route"), Some(&8));
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
