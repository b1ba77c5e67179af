//! Sandboxes from outside: over HTTP, by `Remote`, by the command line.

use greenroom_emulator::{
    Emulator, Remote, RemoteError,
    command::{Command, MoveClock, SandboxOptions, SandboxWorld},
};
use greenroom_model::secret::Secret;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::{list, named};
use crate::{
    harness::{Scratch, run, served::Served},
    wire::Wire,
};

const SANDBOXES: &str = "/_greenroom/v1/sandboxes";

#[tokio::test]
async fn they_are_opened_listed_and_ended_over_http() {
    let wire = Wire::frozen().await;
    let opened = wire.send(Method::POST, SANDBOXES, &[], r#"{"name":"login","max_requests":7}"#).await;
    assert_eq!(opened.status, 200, "{opened:?}");
    let mut opened = opened.json();
    let listed = wire.send(Method::GET, SANDBOXES, &[], "").await.json();
    assert_eq!(listed["sandboxes"], json!([opened]));
    let url = opened["url"].as_str().unwrap().to_owned();
    let about: Value =
        wire.http.get(format!("{url}/_greenroom/v1/about")).send().await.unwrap().json().await.unwrap();
    assert_eq!((&about["sandbox"], &about["url"]), (&json!("login"), &json!(url)));
    assert_eq!(about["ca"], json!(wire.emulator.ca_file()));
    // It does not list what it would refuse.
    for page in ["/", "/_greenroom/v1/openapi.json", "/_greenroom/v1/nowhere"] {
        let own = wire.http.get(format!("{url}{page}")).send().await.unwrap().text().await.unwrap();
        assert!(!own.contains("/sandboxes") && !own.contains("sandboxes,"), "{page}: {own}");
        assert!(own.contains("world/patch"), "{page}: {own}");
        let emulators = wire.send(Method::GET, page, &[], "").await.text;
        assert!(emulators.contains("sandboxes"), "{page}: {emulators}");
    }
    let asked = wire.http.get(format!("{url}{SANDBOXES}")).send().await.unwrap();
    assert_eq!(asked.status(), 422, "who asks is told where to ask");
    opened.as_object_mut().unwrap().retain(|field, _| field == "name" || field == "requests");
    assert_eq!(opened, json!({"name": "login", "requests": 0}));
    let left = wire.send(Method::DELETE, &format!("{SANDBOXES}/login"), &[], "").await;
    assert_eq!((left.status, left.json()), (200, json!({"sandboxes": []})));
    assert!(TcpStream::connect(url.trim_start_matches("http://")).await.is_err(), "its port is free by then");
}

#[tokio::test]
async fn what_is_no_sandbox_is_a_problem_with_its_field() {
    let wire = Wire::frozen().await;
    for (body, field, mend) in [
        (r#"{"nam":"x"}"#, json!("nam"), "expected one of `name`"),
        (r#"{"name":"a b"}"#, json!("name"), "1 to 50"),
        (r#"{"name":"-x"}"#, json!("name"), "a letter or a digit first"),
        (r#"{"name":".."}"#, json!("name"), "a letter or a digit first"),
        (r#"{"name":""}"#, json!("name"), "1 to 50"),
        (r#"{"name":5}"#, json!("name"), "string"),
        (r#"{"world":"saem"}"#, json!("world"), "same"),
        (r#"{"world":"given"}"#, json!("world"), "same"),
        (r#"{"world":{"file":"workspaces: []"}}"#, json!("world.file"), "line 1, column"),
        (r#"{"start":"soon"}"#, json!("start"), ""),
        (r#"{"start":"1950-01-01T00:00:00Z"}"#, json!("start"), "later one"),
        (r#"{"speed":"fast"}"#, json!("speed"), "x60"),
        (r#"{"dialect":["exchange_expird=live"]}"#, json!("dialect"), "exchange_expired"),
        (r#"{"max_requests":-1}"#, json!("max_requests"), ""),
        (r#"{"rules":[{"when":{},"do":[{"advnce":"1m"}]}]}"#, json!("rules[0].do[0]"), "advance"),
        (
            r#"{"rules":[{"when":{"at":"request","status":401},"do":[{"delay":"1s"}]}]}"#,
            json!("rules[0].when.status"),
            "",
        ),
        ("5", Value::Null, "login"),
        ("", Value::Null, "login"),
    ] {
        let answer = wire.send(Method::POST, SANDBOXES, &[], body).await;
        let problem = answer.json();
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{body}");
        assert_eq!((answer.status, &problem["field"]), (422, &field), "{body}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(mend), "{body}: {problem}");
    }
    assert!(list(&wire.emulator).is_empty(), "nothing is half opened");
    let unknown = wire.send(Method::DELETE, &format!("{SANDBOXES}/nobody"), &[], "").await;
    assert_eq!((unknown.status, &unknown.json()["field"]), (422, &json!("name")), "{unknown:?}");
}

#[tokio::test]
async fn the_token_of_the_emulator_guards_the_control_of_its_sandboxes() {
    let secret = || Some(Secret::new("only-for-me".to_owned()));
    let emulator = Emulator::builder().frozen().control_token(Secret::new("only-for-me".to_owned()));
    let wire = Wire::start(emulator).await;
    assert_eq!(wire.send(Method::POST, SANDBOXES, &[], "{}").await.status, 401);
    let remote = Remote::new(wire.emulator.url(), secret()).unwrap();
    let opened = remote.open_sandbox(&named("mine")).await.unwrap();
    let strange = Remote::new(&opened.url, None).unwrap().clock().await.unwrap_err();
    assert!(matches!(strange, RemoteError::Refused(why) if why.contains("token")));
    let mine = Remote::new(&opened.url, secret()).unwrap();
    let moved = MoveClock { advance: Some("1h".to_owned()), ..MoveClock::default() };
    let moved = mine.move_clock(&moved).await.unwrap();
    assert_eq!(remote.sandboxes().await.unwrap().sandboxes[0].clock, moved);
    let other = mine.open_sandbox(&SandboxOptions::default()).await.unwrap_err();
    assert!(other.to_string().contains("ask the emulator"), "{other}");
    assert!(remote.end_sandbox("mine").await.unwrap().sandboxes.is_empty());
}

#[tokio::test]
async fn a_remote_cannot_send_a_world_of_this_process() {
    let wire = Wire::frozen().await;
    let world = SandboxWorld::Given(Box::new(crate::wire::SAMPLE.clone()));
    let options = SandboxOptions { world, ..SandboxOptions::default() };
    let remote = Remote::new(wire.emulator.url(), None).unwrap();
    assert!(matches!(remote.open_sandbox(&options).await, Err(RemoteError::Refused(_))));
    assert!(wire.emulator.run(Command::OpenSandbox(Box::new(options))).is_ok());
}

#[test]
fn the_command_line_opens_one_that_programs_reach() {
    let scratch = Scratch::new();
    scratch.write("world.yaml", "workspaces:\n- symbol: solo\n");
    let served = Served::start(&scratch, &[]);
    let say = |args: &[&str]| served.control(&scratch, &[&["sandbox"], args].concat());
    assert_eq!(say(&[]).ended_with(0).stdout, "no sandbox is open\n");
    let url =
        say(&["create", "--name", "login", "--start-time", "2030-01-01T00:00:00Z"]).ended_with(0).stdout;
    let solo = say(&["create", "--world", "world.yaml", "--json", "--dialect", "rfc"]).ended_with(0).json();
    assert_eq!(solo["name"], "sandbox-1");
    let table = say(&["list"]).ended_with(0).stdout;
    for part in ["login", "sandbox-1", url.trim(), "2030-01-01T00:00:00Z (frozen)"] {
        assert!(table.contains(part), "{part}: {table}");
    }
    // An unmodified program, routed by `env`, under a real host name.
    let mut bash = scratch.command("bash");
    let script = r#"eval "$("$0" env --url "$1")"; "$0" clock; curl -sS -o /dev/null -w '%{http_code}' https://global.api.greenlake.hpe.com/devices/v1/devices"#;
    bash.args(["-euc", script, env!("CARGO_BIN_EXE_greenroom"), url.trim()]);
    assert_eq!(run(bash).ended_with(0).stdout, "2030-01-01T00:00:00Z (frozen)\n401");
    let requests: Vec<_> = say(&["list", "--json"]).json()["sandboxes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|sandbox| (sandbox["name"].clone(), sandbox["requests"].clone()))
        .collect();
    assert_eq!(requests, [(json!("login"), json!(1)), (json!("sandbox-1"), json!(0))]);
    assert_eq!(served.control(&scratch, &["history", "--count"]).stdout, "0\n");
    assert_eq!(say(&["end", "login"]).ended_with(0).stdout, "login has ended\n");
    let mut clock = scratch.greenroom();
    clock.args(["clock", "--url", url.trim()]);
    run(clock).ended_with(2);
    for (args, mend) in [
        (&["end", "sandbox-2"][..], "did you mean \"sandbox-1\"?"),
        (&["create", "--name", "sandbox-1"], "choose another name"),
        (&["create", "--world", "nowhere.yaml"], "name a world file, or sample"),
    ] {
        let refused = say(args).ended_with(2);
        assert!(refused.stderr.contains(mend), "{refused}");
    }
}
