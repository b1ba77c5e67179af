//! World files and what is kept of a world, by the real binary.

use std::path::Path;

use serde_json::Value;

use crate::harness::{Output, Scratch, repository, run, served::Served};

/// `greenroom serve --world FILE`, which must not start.
fn refused(scratch: &Scratch, text: &str) -> Output {
    let file = scratch.write("world.yaml", text);
    let mut serve = scratch.greenroom();
    serve.args(["serve", "--port", "0", "--world"]).arg(file);
    run(serve).ended_with(2)
}

fn show(scratch: &Scratch, served: &Served) -> Value {
    served.control(scratch, &["world", "show", "--json"]).ended_with(0).json()
}

fn symbols(world: &Value) -> Vec<&str> {
    world["workspaces"].as_array().unwrap().iter().map(|it| it["symbol"].as_str().unwrap()).collect()
}

/// A GET with a bearer token, and its status.
fn status(scratch: &Scratch, served: &Served, token: &str, path: &str) -> String {
    let mut curl = scratch.command("curl");
    curl.args([
        "-s",
        "-o",
        "/dev/null",
        "-w",
        "%{http_code}",
        "-H",
        &format!("Authorization: Bearer {token}"),
    ]);
    curl.arg(format!("{}{path}", served.url()));
    run(curl).ended_with(0).stdout
}

fn token(scratch: &Scratch, served: &Served, client: &str) -> String {
    served.control(scratch, &["tokens", "issue", "--as", client]).ended_with(0).stdout.trim().to_owned()
}

/// Makes a tenant and gives its id.
fn new_tenant(scratch: &Scratch, served: &Served, token: &str, name: &str) -> String {
    let mut curl = scratch.command("curl");
    curl.args(["-s", "-i", "-X", "POST", "-H", &format!("Authorization: Bearer {token}")]);
    curl.args(["-H", "Content-Type: application/json", "-d"]);
    curl.arg(format!(r#"{{"workspaceName":"{name}","address":{{"countryCode":"US"}}}}"#));
    curl.arg(format!("{}/workspaces/v1/msp-tenants", served.url()));
    let answer = run(curl).ended_with(0).stdout;
    let location = answer.lines().find_map(|line| line.strip_prefix("location: ")).expect(&answer);
    location.trim().rsplit('/').next().unwrap().to_owned()
}

#[test]
fn a_world_comes_from_a_file() {
    let scratch = Scratch::new();
    let file = scratch.write(
        "world.yaml",
        "workspaces:\n  - symbol: acme\n    tenants:\n      - {symbol: bakery, devices: {network: 3}}\n",
    );
    let served = Served::start(&scratch, &["--world", file.to_str().unwrap()]);
    let world = show(&scratch, &served);
    assert_eq!(symbols(&world), ["acme", "bakery"]);
    let token = token(&scratch, &served, "acme");
    assert_eq!(status(&scratch, &served, &token, "/workspaces/v1/msp-tenants"), "200");
}

#[test]
fn everything_wrong_with_a_world_file_is_said_and_nothing_starts() {
    let scratch = Scratch::new();
    let output = refused(
        &scratch,
        "seeed: 1\ntoken_life: {sso: soon}\nworkspaces:\n  - symbol: acme\n    clustr: any\n    owner: nobody@example.com\n",
    );
    for part in [
        "world.yaml has 4 mistakes; nothing was started",
        "line 1, column 1",
        "did you mean seed?",
        "line 2, column 19",
        "line 5, column 5",
        "did you mean cluster?",
        "line 6, column 12",
        "nobody@example.com",
    ] {
        assert!(output.stderr.contains(part), "{part:?} is not said: {output}");
    }
    assert!(output.stdout.is_empty(), "{output}");
    let output = refused(&scratch, "workspaces: [");
    assert!(output.stderr.contains("line 1"), "{output}");
    let mut serve = scratch.greenroom();
    serve.args(["serve", "--port", "0", "--world", "nowhere.yaml"]);
    assert!(run(serve).ended_with(2).stderr.contains("there is no file nowhere.yaml"));
    let mut exec = scratch.greenroom();
    exec.args(["exec", "--world", "nowhere.yaml", "--", "true"]);
    run(exec).ended_with(125);
}

#[test]
fn a_serial_number_that_a_generated_device_has_is_refused() {
    let scratch = Scratch::new();
    let world = "workspaces:\n  - symbol: acme\n    devices: {network: 3}\n";
    let file = scratch.write("world.yaml", world);
    let served = Served::start(&scratch, &["--world", file.to_str().unwrap()]);
    let bearer = token(&scratch, &served, "acme");
    let mut curl = scratch.command("curl");
    curl.args(["-s", "-H", &format!("Authorization: Bearer {bearer}")]);
    curl.arg(format!("{}/devices/v1/devices", served.url()));
    let serial = run(curl).ended_with(0).json()["items"][1]["serialNumber"].as_str().unwrap().to_owned();
    let twice = format!(
        "workspaces:\n  - symbol: acme\n    devices:\n      network: 3\n      listed:\n        - {{serial: {serial}, type: AP}}\n"
    );
    let output = refused(&scratch, &twice);
    assert!(output.stderr.contains(&serial) && output.stderr.contains("taken"), "{output}");
}

#[test]
fn every_world_of_the_fixtures_starts_and_its_export_starts_as_the_same_world() {
    let dir = repository().join("fixtures/worlds");
    let mut files: Vec<_> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    // A debug build takes too long to write ten thousand tenants; generated ones are in another file.
    files.retain(|file| !file.ends_with("large.yaml"));
    assert!(files.len() > 3);
    for file in files {
        same_after_export(&file);
    }
}

fn same_after_export(file: &Path) {
    let scratch = Scratch::new();
    let start = |file: &Path| {
        let flags = ["--clock", "frozen", "--start-time", "2026-06-01T00:00:00Z", "--world"];
        Served::start(&scratch, &[&flags[..], &[file.to_str().unwrap()]].concat())
    };
    let export = |served: &Served| served.control(&scratch, &["world", "export"]).ended_with(0).stdout;
    let first = export(&start(file));
    assert!(!first.contains("secret: "), "{}", file.display());
    let again = scratch.write("again.yaml", &first);
    assert_eq!(export(&start(&again)), first, "{}", file.display());
}

#[test]
fn a_kept_world_goes_on_where_it_was() {
    let scratch = Scratch::new();
    let state = scratch.path("state.yaml");
    let flags = ["--state", state.to_str().unwrap()];
    let served = Served::start(&scratch, &flags);
    let bearer = token(&scratch, &served, "msp");
    let tenant = new_tenant(&scratch, &served, &bearer, "Kept");
    served.control(&scratch, &["clock", "advance", "5m"]).ended_with(0);
    assert!(!state.exists(), "a world is written when it is saved or at a clean stop");
    assert_eq!(served.end().0, Some(0));
    let text = scratch.read("state.yaml");
    assert!(text.contains("Kept") && !text.contains(&bearer), "{text}");

    let served = Served::start(&scratch, &flags);
    assert!(symbols(&show(&scratch, &served)).contains(&"kept"));
    // The token is five minutes old by now, and the tenant's id is still its id.
    assert_eq!(status(&scratch, &served, &bearer, "/workspaces/v1/msp-tenants"), "200");
    let again = new_tenant(&scratch, &served, &bearer, "Another");
    assert_ne!(tenant, again, "ids go on where they were");
    served.control(&scratch, &["clock", "advance", "11m"]).ended_with(0);
    assert_eq!(status(&scratch, &served, &bearer, "/workspaces/v1/msp-tenants"), "401");
}

#[test]
fn a_state_file_of_another_version_or_half_of_one_is_refused_and_left_alone() {
    let scratch = Scratch::new();
    for (text, part) in [
        ("version: 99\nworkspaces: [{symbol: acme}]\n", "version 99"),
        ("version: 1\nworkspaces: [{symbol: ac", "line 2"),
    ] {
        let state = scratch.write("state.yaml", text);
        let mut serve = scratch.greenroom();
        serve.args(["serve", "--port", "0", "--state"]).arg(&state);
        let output = run(serve).ended_with(2);
        assert!(output.stderr.contains(part), "{output}");
        assert_eq!(scratch.read("state.yaml"), text);
    }
}

#[test]
fn a_world_is_saved_restored_and_reset() {
    let scratch = Scratch::new();
    let state = scratch.path("state.yaml");
    let served = Served::start(&scratch, &["--state", state.to_str().unwrap()]);
    let output = served.control(&scratch, &["world", "restore"]).ended_with(2);
    assert!(output.stderr.contains("no world was saved yet"), "{output}");
    let bearer = token(&scratch, &served, "msp");
    let here = |name: &str| symbols(&show(&scratch, &served)).contains(&name);

    new_tenant(&scratch, &served, &bearer, "First");
    served.control(&scratch, &["world", "save"]).ended_with(0);
    assert!(scratch.read("state.yaml").contains("First"));
    new_tenant(&scratch, &served, &bearer, "Second");
    assert!(here("first") && here("second"));
    served.control(&scratch, &["world", "restore"]).ended_with(0);
    assert!(here("first") && !here("second"));
    assert_eq!(status(&scratch, &served, &bearer, "/workspaces/v1/msp-tenants"), "200");
    served.control(&scratch, &["world", "reset"]).ended_with(0);
    assert!(!here("first"));
    assert_eq!(status(&scratch, &served, &bearer, "/workspaces/v1/msp-tenants"), "401");
}

#[test]
fn a_state_file_that_cannot_be_written_is_said_and_is_2() {
    let scratch = Scratch::new();
    let state = scratch.path("gone").join("state.yaml");
    let served = Served::start(&scratch, &["--state", state.to_str().unwrap()]);
    let output = served.control(&scratch, &["world", "save"]).ended_with(2);
    assert!(output.stderr.contains("cannot write") && output.stderr.contains("state.yaml"), "{output}");
}

#[test]
fn ten_thousand_tenants_with_a_million_devices_are_served() {
    let scratch = Scratch::new();
    let file = repository().join("fixtures/worlds/large.yaml");
    let served = Served::start(&scratch, &["--world", file.to_str().unwrap()]);
    let bearer = token(&scratch, &served, "big");
    let get = |path: &str| {
        let mut curl = scratch.command("curl");
        curl.args(["-s", "-H", &format!("Authorization: Bearer {bearer}")]);
        curl.arg(format!("{}{path}", served.url()));
        run(curl).ended_with(0).json()
    };
    assert_eq!(get("/workspaces/v1/msp-tenants?limit=1")["total"], 10_000);
    let last = get("/devices/v1/devices?limit=1&offset=999999");
    assert_eq!((&last["total"], &last["count"]), (&Value::from(1_000_000), &Value::from(1)));
    let serial = last["items"][0]["serialNumber"].as_str().unwrap();
    let found = get(&format!("/devices/v1/devices?filter=serialNumber%20eq%20%27{serial}%27"));
    assert_eq!(found["items"], last["items"]);
}
