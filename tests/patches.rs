//! A world patched while clients page through its lists.

use greenroom_emulator::{Remote, command::Command};
use greenroom_model::{history::Event, spec::Patch};
use serde_json::Value;

use crate::{
    client::{Answer, Client},
    harness::{Scratch, run, served::Served},
};

const DEVICES: &str = "/devices/v1/devices";
const INVENTORY: &str = "/network-monitoring/v1/device-inventory";
const MONITORED: &str = "/network-monitoring/v1/devices";

fn patch(client: &Client, text: &str) {
    client.emulator().patch_world(&Patch::read(text.as_bytes()).unwrap()).unwrap();
}

/// Total and serial numbers of a page.
fn page(answer: Answer) -> (u64, Vec<String>) {
    let body = answer.ended_with(200).json();
    let serials = body["items"].as_array().unwrap().iter();
    let serials = serials.map(|item| item["serialNumber"].as_str().unwrap().to_owned());
    (body["total"].as_u64().unwrap(), serials.collect())
}

async fn tenant(client: &Client, symbol: &str) -> String {
    let msp = client.mint("msp").await;
    client.exchange(&msp, symbol).await
}

#[tokio::test]
async fn a_pager_sees_the_total_grow_and_shrink() {
    let client = Client::start().await;
    let token = tenant(&client, "abc").await;
    let glp = async |offset: u64| {
        let offset = offset.to_string();
        page(client.list(&token, DEVICES, &[("limit", "600"), ("offset", &offset)]).await)
    };
    let (total, first) = glp(0).await;
    patch(&client, "devices: {add: [{workspace: abc, network: 5}]}");
    let (grown, second) = glp(600).await;
    assert_eq!(grown, total + 5);
    // What was there keeps its place: the new ones come last.
    let (_, rest) = glp(1200).await;
    let seen: Vec<_> = [&first[..], &second, &rest].concat();
    assert_eq!(seen.len() as u64, total + 5);
    // The first three go between two pages: the next page begins three later, and three are never seen.
    let gone = first[..3].join(", ");
    let (_, before) = glp(0).await;
    patch(&client, &format!("devices: {{remove: [{gone}]}}"));
    let (shrunk, next) = glp(600).await;
    assert_eq!(shrunk, total + 2);
    assert_eq!(next[..], seen[603..1203]);
    assert!(before.iter().chain(&next).all(|serial| !seen[600..603].contains(serial)));
    for serial in &first[..3] {
        let filter = format!("serialNumber eq '{serial}'");
        assert_eq!(page(client.list(&token, DEVICES, &[("filter", &filter)]).await), (0, vec![]));
        let device = client.get(&token, &format!("{MONITORED}/{serial}")).await;
        assert!(device.status >= 400, "{serial}: {}", device.body);
    }
}

#[tokio::test]
async fn centrals_lists_count_as_glps_does_and_cursors_go_on() {
    let client = Client::start().await;
    let token = tenant(&client, "abc").await;
    let list = async |path: &str, next: &str| {
        let answer = client.list(&token, path, &[("limit", "100"), ("next", next)]).await;
        let body = answer.json();
        (page(answer), body["next"].clone())
    };
    for path in [INVENTORY, MONITORED] {
        let ((total, first), cursor) = list(path, "1").await;
        let cursor = cursor.as_str().map_or_else(|| cursor.to_string(), str::to_owned);
        // One of each: on board, and the smallest serial number there is; it comes first from now on.
        patch(
            &client,
            &format!(
                "devices: {{add: [{{workspace: abc, serial: A{}, type: AP}}], remove: [{}, {}]}}",
                total, first[98], first[99]
            ),
        );
        let ((after, second), _) = list(path, &cursor).await;
        assert_eq!(after, total - 1, "{path}");
        let ((_, again), _) = list(path, "1").await;
        assert_eq!(again[0], format!("A{total}"));
        assert_eq!(again[1..99], first[..98]);
        // The page after the cursor starts where that page ends now.
        assert!(second.iter().all(|serial| !again.contains(serial)), "{path}");
        assert_eq!(second.len(), 100);
    }
}

#[tokio::test]
async fn a_tenant_goes_with_its_tokens_and_a_new_one_is_there_at_once() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let abc = client.exchange(&msp, "abc").await;
    let count = async || {
        let answer = client.get(&msp, "/workspaces/v1/msp-tenants").await.ended_with(200);
        answer.json()["items"].as_array().unwrap().len()
    };
    let before = count().await;
    patch(&client, "tenants: {remove: [abc]}");
    client.get(&abc, DEVICES).await.ended_with(401);
    assert!(client.send(client.exchange_ask(&msp, "abc")).await.status >= 400);
    assert_eq!(count().await, before - 1);
    patch(
        &client,
        "tenants: {add: [{msp: msp, symbol: newcomer, devices: {network: 7}}], change: [{symbol: zurich, name: Basel}]}",
    );
    assert_eq!(count().await, before);
    let answer = client.get(&msp, "/workspaces/v1/msp-tenants").await;
    assert!(answer.body.contains("\"Basel\"") && !answer.body.contains("Zürich"), "{}", answer.body);
    // What a patch did is there after a save and a restore, and gone after a reset.
    client.emulator().run(Command::SaveWorld).unwrap();
    patch(&client, "devices: {remove: [{workspace: newcomer, last: 7}]}");
    client.emulator().run(Command::RestoreWorld).unwrap();
    let fresh = client.emulator().run(Command::World).unwrap();
    assert!(format!("{fresh:?}").contains("newcomer"));
    client.emulator().run(Command::ResetWorld).unwrap();
    assert!(!format!("{:?}", client.emulator().run(Command::World).unwrap()).contains("newcomer"));
}

#[tokio::test]
async fn over_http_a_patch_is_yaml_or_json_and_a_mistake_names_its_field() {
    let client = Client::start().await;
    let url = format!("{}/_greenroom/v1/world/patch", client.url());
    let post = async |body: &'static str| {
        let answer = reqwest::Client::new().post(&url).body(body).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let (status, changes) = post("devices:\n  add:\n    - {workspace: abc, serial: New1, type: AP}\n").await;
    assert_eq!((status, &changes["devices_added"][0]), (200, &Value::from("NEW1")));
    let (status, problem) =
        post(r#"{"devices":{"add":[{"workspace":"abc","serial":"NEW2","type":"AP"},{"workspace":"abc","serial":"NEW1","type":"AP"}],"remove":["NOPE"]}}"#).await;
    assert_eq!((status, &problem["field"]), (422, &Value::from("devices.remove[0]")));
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.contains("devices.add[1].serial: serial number NEW1 is taken; choose another"),
        "{detail}"
    );
    let (status, problem) = post(r#"{"devices":{"ad":[]}}"#).await;
    assert_eq!((status, &problem["field"]), (422, &Value::from("devices.ad")));
    // Nothing of the second was done; what was done is told in the history.
    let remote = Remote::new(client.url(), None).unwrap();
    let patch = |text: &str| Patch::read(text.as_bytes()).unwrap();
    let changes = remote.patch_world(&patch("devices: {remove: [NEW1]}")).await.unwrap();
    assert_eq!(changes.devices_removed, ["NEW1"]);
    assert!(
        remote
            .patch_world(&patch("devices: {remove: [NEW2]}"))
            .await
            .unwrap_err()
            .to_string()
            .contains("NEW2")
    );
    let (entries, _) = client.emulator().history().entries(0);
    let notes: Vec<_> = entries
        .into_iter()
        .filter_map(|entry| match entry.event {
            Event::Note { text } => Some(text),
            _ => None,
        })
        .collect();
    assert_eq!(notes, ["world patched: 1 device added", "world patched: 1 device removed"]);
}

#[test]
fn the_command_takes_a_file_standard_input_or_flags() {
    let scratch = Scratch::new();
    let served = Served::start(&scratch, &[]);
    let patch = |args: &[&str]| served.control(&scratch, &[&["world", "patch"], args].concat());
    let said = patch(&["--add-devices", "abc=2", "--add-devices", "empty=1", "--remove-devices", "zurich=1"]);
    assert_eq!(said.ended_with(0).stdout.trim(), "1 device removed, 3 devices added");
    let file = scratch.write("patch.yaml", "tenants:\n  add:\n    - {msp: msp, symbol: new}\n");
    assert_eq!(patch(&[file.to_str().unwrap()]).ended_with(0).stdout.trim(), "1 tenant added");
    let wrong = scratch.write("wrong.yaml", "tenants:\n  add: [{msp: msp}]\n");
    let output = patch(&[wrong.to_str().unwrap()]).ended_with(2);
    assert!(
        output.stderr.contains("line 2, column 9: tenants.add[0]: symbol is missing; add it"),
        "{output}"
    );
    let output = patch(&[file.to_str().unwrap()]).ended_with(2);
    assert!(
        output.stderr.contains("tenants.add[0].symbol: a workspace or a client is or was called new"),
        "{output}"
    );
    let output = patch(&["--add-devices", "abc"]).ended_with(2);
    assert!(output.stderr.contains("WORKSPACE=N"), "{output}");
    patch(&[]).ended_with(2);
    let mut bash = scratch.command("bash");
    let script = format!(
        "echo 'devices: {{remove: [{{workspace: new, last: 0}}]}}' | '{}' world patch - --json --url {}",
        env!("CARGO_BIN_EXE_greenroom"),
        served.url()
    );
    bash.args(["-c", &script]);
    assert_eq!(run(bash).ended_with(0).json()["devices_removed"], Value::from(Vec::<Value>::new()));
}
