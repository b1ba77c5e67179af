//! World files and what is kept of a world, by the real binary.

use std::{path::Path, sync::Arc};

use greenroom_emulator::{
    Emulator,
    command::{AssignRole, Command, Reply},
};
use greenroom_model::spec::Secrets;
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
    let told = "line 6, column 20: workspaces[0].devices.listed[0].serial: a device of acme has this serial";
    assert!(output.stderr.contains(told), "{output}");
}

#[test]
fn every_world_of_the_fixtures_starts_and_its_export_starts_as_the_same_world() {
    let dir = repository().join("fixtures/worlds");
    let folders = [dir.join("kit"), dir].map(|dir| std::fs::read_dir(dir).unwrap());
    let mut files: Vec<_> = folders.into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.is_file());
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
fn a_kept_world_can_be_restored_and_a_reset_takes_its_tokens() {
    let scratch = Scratch::new();
    let state = scratch.path("state.yaml");
    let flags = ["--clock", "frozen", "--state", state.to_str().unwrap()];
    let served = Served::start(&scratch, &flags);
    let kept = token(&scratch, &served, "msp");
    assert_eq!(served.end().0, Some(0));

    let served = Served::start(&scratch, &flags);
    let can = |token: &str| status(&scratch, &served, token, "/workspaces/v1/msp-tenants") == "200";
    let here = |name: &str| symbols(&show(&scratch, &served)).contains(&name);
    new_tenant(&scratch, &served, &kept, "New");
    let dropped = token(&scratch, &served, "msp");
    served.control(&scratch, &["world", "restore"]).ended_with(0);
    assert!(!here("new") && can(&kept) && !can(&dropped));
    // The clock stands still: were its number given again, this would be the token that was dropped.
    let next = token(&scratch, &served, "msp");
    assert!(can(&next) && !can(&dropped));
    served.control(&scratch, &["world", "reset"]).ended_with(0);
    let last = token(&scratch, &served, "msp");
    assert_eq!([&kept, &dropped, &next, &last].map(|token| can(token)), [false, false, false, true]);
}

#[test]
fn a_world_never_starts_before_it_was_saved() {
    let scratch = Scratch::new();
    let served = Served::start(&scratch, &["--clock", "frozen", "--start-time", "2040-01-01T00:00:00Z"]);
    served.control(&scratch, &["tokens", "issue", "--as", "msp"]).ended_with(0);
    served.control(&scratch, &["clock", "advance", "3h"]).ended_with(0);
    let file =
        scratch.write("later.yaml", &served.control(&scratch, &["world", "export"]).ended_with(0).stdout);
    for flag in ["--world", "--state"] {
        let flags = ["--clock", "frozen", flag, file.to_str().unwrap()];
        let served = Served::start(&scratch, &flags);
        let clock = served.control(&scratch, &["clock", "--json"]).ended_with(0).json();
        assert_eq!(clock["now"], "2040-01-01T03:00:00Z", "{flag}");
        drop(served);
        let mut serve = scratch.greenroom();
        serve.args(["serve", "--port", "0", "--start-time", "2040-01-01T02:59:59Z"]).args(flags);
        let output = run(serve).ended_with(2);
        assert!(output.stderr.contains("lies before 2040-01-01T03:00:00Z"), "{output}");
    }
    let mut exec = scratch.greenroom();
    exec.args(["exec", "--start-time", "2040-01-01T00:00:00Z", "--world"]).arg(&file).args(["--", "true"]);
    run(exec).ended_with(125);
}

#[test]
fn a_state_file_that_cannot_be_written_is_said_and_is_2() {
    let scratch = Scratch::new();
    std::fs::create_dir(scratch.path("dir")).unwrap();
    for (file, said) in [("gone/state.yaml", "cannot write gone/state.yaml"), ("dir", "dir: it is no file")] {
        let mut serve = scratch.greenroom();
        serve.args(["serve", "--port", "0", "--ready-file", "ready.json", "--state", file]);
        let output = run(serve).ended_with(2);
        assert!(output.stderr.contains("nothing was started") && output.stderr.contains(said), "{output}");
        assert!(!scratch.path("ready.json").exists());
    }
    let served = Served::start(&scratch, &["--state", "dir/state.yaml"]);
    std::fs::remove_dir(scratch.path("dir")).unwrap();
    let output = served.control(&scratch, &["world", "save"]).ended_with(2);
    assert!(output.stderr.contains("cannot write dir/state.yaml"), "{output}");
    let (code, log) = served.end();
    assert_eq!(code, Some(2), "what was not kept is no clean stop");
    assert!(log.contains("cannot write dir/state.yaml"), "{log}");
}

#[test]
fn a_state_file_is_replaced_whole_where_a_link_leads() {
    let scratch = Scratch::new();
    let (link, state) = (scratch.path("link.yaml"), scratch.path("state.yaml"));
    std::os::unix::fs::symlink("state.yaml", &link).unwrap();
    // There is nothing yet where it leads.
    let served = Served::start(&scratch, &["--state", link.to_str().unwrap()]);
    served.control(&scratch, &["world", "save"]).ended_with(0);
    let first = scratch.read("state.yaml");
    // Another name for the file as it is: who opened it reads on.
    std::fs::hard_link(&state, scratch.path("old.yaml")).unwrap();
    let bearer = token(&scratch, &served, "msp");
    new_tenant(&scratch, &served, &bearer, "Later");
    assert_eq!(served.end().0, Some(0));
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(scratch.read("state.yaml").contains("Later"));
    assert_eq!(scratch.read("old.yaml"), first, "a new file took the place of the old one");
    let others: Vec<_> =
        std::fs::read_dir(scratch.path("")).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(others.len(), 4, "nothing is left over: {others:?}");
}

/// What is saved while the world changes is one world: the file holds what a restore goes back to.
#[tokio::test]
async fn a_world_that_changes_while_it_is_saved_is_restored_as_it_was_written() {
    let scratch = Scratch::new();
    let file = scratch.path("state.yaml");
    let emulator = Arc::new(Emulator::builder().frozen().state_file(&file).start().await.unwrap());
    let assign = |role: &str| {
        let role = AssignRole { user: "msp.admin@example.com".to_owned(), role: role.to_owned() };
        emulator.run(Command::AssignRole(role)).unwrap();
    };
    // That a world was put back is counted.
    let without_epoch = |text: &str| -> Vec<String> {
        text.lines().filter(|line| !line.trim_start().starts_with("epoch: ")).map(str::to_owned).collect()
    };
    for _ in 0..10 {
        let saver = Arc::clone(&emulator);
        let saving = std::thread::spawn(move || saver.run(Command::SaveWorld).unwrap());
        while !saving.is_finished() {
            ["Observer", "Operator", "Administrator"].into_iter().for_each(assign);
        }
        saving.join().unwrap();
        assign("Operator");
        let written = scratch.read("state.yaml");
        emulator.run(Command::RestoreWorld).unwrap();
        let Ok(Reply::Exported(now)) = emulator.run(Command::ExportWorld(Secrets::Digests)) else {
            panic!("no export");
        };
        assert_eq!(without_epoch(&now.world), without_epoch(&written));
    }
}

#[test]
fn a_kept_world_comes_before_another_and_says_so() {
    let scratch = Scratch::new();
    let world = scratch.write("world.yaml", "workspaces: [{symbol: other}]\n");
    scratch.write("state.yaml", "workspaces: [{symbol: kept}]\n");
    let flags = ["--state", "state.yaml", "--world", world.to_str().unwrap()];
    let served = Served::start(&scratch, &flags);
    assert_eq!(symbols(&show(&scratch, &served)), ["kept"]);
    let (_, log) = served.end();
    assert!(log.contains("--world and --rng-seed have no effect"), "{log}");
    std::fs::remove_file(scratch.path("state.yaml")).unwrap();
    let served = Served::start(&scratch, &flags);
    assert_eq!(symbols(&show(&scratch, &served)), ["other"]);
    assert!(!served.end().1.contains("no effect"));
}

#[test]
fn a_world_without_end_is_refused() {
    let scratch = Scratch::new();
    let mut serve = scratch.greenroom();
    serve.args(["serve", "--port", "0", "--world", "/dev/zero"]);
    let output = run(serve).ended_with(2);
    assert!(output.stderr.contains("larger than 256 MiB; generate tenants"), "{output}");
}

#[test]
fn secrets_are_exported_to_those_who_ask_for_them() {
    let scratch = Scratch::new();
    let world = "workspaces:\n- symbol: a\n  clients: [{name: a, secret: not-much-of-one}]\n";
    let file = scratch.write("world.yaml", world);
    let served = Served::start(&scratch, &["--world", file.to_str().unwrap()]);
    let export = |query: &str| {
        let mut curl = scratch.command("curl");
        curl.args(["-s", "-w", "%{http_code}"]);
        curl.arg(format!("{}/_greenroom/v1/world/export{query}", served.url()));
        run(curl).ended_with(0).stdout
    };
    for (query, status, shown) in [
        ("", "200", false),
        ("?secrets=digests", "200", false),
        ("?secrets=shown", "200", true),
        ("?secrets=Shown", "422", false),
        ("?secrets=", "422", false),
        ("?secret=shown", "422", false),
    ] {
        let answer = export(query);
        assert!(answer.ends_with(status), "{query}: {answer}");
        assert_eq!(answer.contains("not-much-of-one"), shown, "{query}: {answer}");
    }
    let shown = served.control(&scratch, &["world", "export", "--with-secrets"]).ended_with(0).stdout;
    assert!(shown.contains("secret: not-much-of-one"), "{shown}");
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
