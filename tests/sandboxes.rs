//! Sandboxes: several emulators in one process that never meet.

mod apart;
mod control;
mod step;

use greenroom_emulator::{
    Emulator, OpenSandbox,
    command::{Command, CommandError, Reply, SandboxOptions, SandboxView, SandboxWorld},
};
use greenroom_model::time::Speed;
use jiff::Timestamp;
use reqwest::Method;
use tokio::net::{TcpListener, TcpStream};

use crate::wire::{DEVICES, Wire, until};

/// A sandbox and a client of its own.
type Guest = Wire<Box<OpenSandbox>>;

fn open(emulator: &Emulator, options: SandboxOptions) -> Guest {
    Wire::of(Box::new(emulator.open_sandbox(options).expect("a sandbox")))
}

/// A frozen clock at an instant that both sides of a comparison share.
fn at(start: &str) -> SandboxOptions {
    SandboxOptions { start: Some(start.parse().unwrap()), ..SandboxOptions::default() }
}

fn named(name: &str) -> SandboxOptions {
    SandboxOptions { name: Some(name.to_owned()), ..SandboxOptions::default() }
}

fn list(emulator: &OpenSandbox) -> Vec<SandboxView> {
    match emulator.run(Command::Sandboxes) {
        Ok(Reply::Sandboxes(list)) => list.sandboxes,
        other => panic!("no list: {other:?}"),
    }
}

fn refused(emulator: &Emulator, options: SandboxOptions) -> CommandError {
    emulator.open_sandbox(options).err().expect("a refusal")
}

#[tokio::test]
async fn a_token_opens_its_own_sandbox_and_no_other() {
    let emulator = Emulator::builder().frozen().start().await.unwrap();
    let (one, other) = (open(&emulator, named("one")), open(&emulator, named("other")));
    let token = one.mint("msp").await;
    let main = Wire::of(emulator);
    assert_eq!(one.get(DEVICES, &token).await.status, 200);
    assert_eq!(other.get(DEVICES, &token).await.verdict(), main.get(DEVICES, &token).await.verdict());
    assert_eq!(other.get(DEVICES, &token).await.status, 401);
    // Under the real names too, by the one authority.
    let https = "https://global.api.greenlake.hpe.com/devices/v1/devices";
    for (guest, status) in [(&one, 200), (&other, 401)] {
        let answer = guest.proxied().get(https).bearer_auth(&token).send().await.unwrap();
        assert_eq!(answer.status(), status);
    }
    assert_eq!(main.emulator.history().exchanges().len(), 1);
    let requests: Vec<_> =
        list(&main.emulator).into_iter().map(|sandbox| (sandbox.name, sandbox.requests)).collect();
    assert_eq!(requests, [("one".to_owned(), 3), ("other".to_owned(), 3)]);
}

#[tokio::test]
async fn a_clock_starts_frozen_at_the_real_second_or_as_the_creator_chooses() {
    let emulator =
        Emulator::builder().start_time("2030-01-01T00:00:00Z".parse().unwrap()).start().await.unwrap();
    let before = greenroom_emulator::clock::wall_now().as_second();
    let plain = emulator.open_sandbox(SandboxOptions::default()).unwrap();
    let (now, after) = (plain.clock().now(), greenroom_emulator::clock::wall_now().as_second());
    assert!((before..=after).contains(&now.as_second()) && now.subsec_nanosecond() == 0, "{now}");
    assert_eq!(plain.clock().now(), now, "it stands still");
    let chosen = SandboxOptions { speed: "x60".parse().unwrap(), ..at("2031-05-05T05:05:05Z") };
    let chosen = emulator.open_sandbox(chosen).unwrap();
    assert!(chosen.clock().now() >= "2031-05-05T05:05:05Z".parse().unwrap());
    let Ok(Reply::Clock(reading)) = chosen.run(Command::Clock) else { panic!("a clock") };
    assert_eq!(reading.speed.to_string(), "x60");
    let early = refused(&emulator, at("1969-12-31T23:59:59Z"));
    assert_eq!(early.field.as_deref(), Some("start"), "{early}");
}

#[tokio::test]
async fn time_never_goes_back_in_a_world_that_was_saved() {
    let saved: Timestamp = "2090-01-01T00:00:00Z".parse().unwrap();
    let emulator = Emulator::builder().frozen().start_time(saved).saved(true).start().await.unwrap();
    let same = emulator.open_sandbox(SandboxOptions::default()).unwrap();
    assert_eq!(same.clock().now(), saved);
    let early = refused(&emulator, at("2089-01-01T00:00:00Z"));
    assert!(early.message.contains("when the world was saved"), "{early}");
    let sample = SandboxOptions { world: SandboxWorld::Sample, ..at("2026-01-01T00:00:00Z") };
    emulator.open_sandbox(sample).unwrap();
    let Ok(Reply::Exported(file)) = same.run(Command::ExportWorld(greenroom_model::spec::Secrets::Digests))
    else {
        panic!("a world file")
    };
    let of_file = SandboxOptions { world: SandboxWorld::File(file.world), ..SandboxOptions::default() };
    assert_eq!(emulator.open_sandbox(of_file).unwrap().clock().now(), saved);
}

#[tokio::test]
async fn a_world_is_that_of_the_start_the_sample_or_a_files() {
    let symbols = |sandbox: &OpenSandbox| match sandbox.run(Command::World) {
        Ok(Reply::World(world)) => world.workspaces.into_iter().map(|it| it.symbol).collect::<Vec<_>>(),
        other => panic!("no world: {other:?}"),
    };
    let file = "workspaces:\n- symbol: solo\n";
    let solo = SandboxOptions { world: SandboxWorld::File(file.to_owned()), ..SandboxOptions::default() };
    let emulator = Emulator::builder().frozen().start().await.unwrap();
    let wire = Wire::of(emulator);
    let token = wire.mint("msp").await;
    let same = wire.emulator.open_sandbox(SandboxOptions::default()).unwrap();
    assert_eq!(symbols(&same), symbols(&wire.emulator));
    assert_eq!(Wire::of(Box::new(same)).get(DEVICES, &token).await.status, 401, "no token comes along");
    assert_eq!(symbols(&wire.emulator.open_sandbox(solo).unwrap()), ["solo"]);
    let given = greenroom_model::spec::Spec::read(file.as_bytes()).unwrap();
    let given = greenroom_model::world::World::from_spec(&given).unwrap();
    let given = SandboxOptions { world: SandboxWorld::Given(Box::new(given)), ..SandboxOptions::default() };
    assert_eq!(symbols(&wire.emulator.open_sandbox(given).unwrap()), ["solo"]);
}

#[tokio::test]
async fn what_makes_no_sandbox_is_told_with_its_field_and_opens_none() {
    let emulator = Emulator::builder().frozen().start().await.unwrap();
    let _held = emulator.open_sandbox(named("held")).unwrap();
    let rule = |json: &str| serde_json::from_str(json).unwrap();
    let file = |text: &str| SandboxOptions {
        world: SandboxWorld::File(text.to_owned()),
        ..SandboxOptions::default()
    };
    let with = |rules: &[&str]| SandboxOptions {
        rules: rules.iter().map(|text| rule(text)).collect(),
        ..SandboxOptions::default()
    };
    let dialect =
        |setting: &str| SandboxOptions { dialect: vec![setting.to_owned()], ..SandboxOptions::default() };
    for (options, field, mend) in [
        (named(""), "name", "1 to 50"),
        (named("a b"), "name", "A-Z a-z 0-9 . _ -"),
        (named("ä"), "name", "A-Z"),
        (named(&"x".repeat(51)), "name", "1 to 50"),
        (named("held"), "name", "choose another"),
        (file("workspaces:\n- symbl: x\n"), "world.file", "line 2, column 3"),
        (file("- 5"), "world.file", "no sandbox was opened"),
        (dialect("exchange_expird=live"), "dialect", "exchange_expired"),
        (
            with(&[
                r#"{"when":{},"do":[{"delay":"1s"}]}"#,
                r#"{"when":{"at":"request","status":401},"do":[]}"#,
            ]),
            "rules[1].",
            "",
        ),
    ] {
        let error = refused(&emulator, options);
        assert!(error.field.as_deref().is_some_and(|named| named.starts_with(field)), "{field}: {error:?}");
        assert!(error.message.contains(mend), "{error}");
    }
    assert_eq!(list(&emulator).len(), 1);
    assert_eq!(emulator.open_sandbox(named(&"x".repeat(50))).unwrap().name(), Some(&*"x".repeat(50)));
}

#[tokio::test]
async fn names_are_given_in_turn_and_free_again_after_the_end() {
    let emulator = Emulator::builder().frozen().start().await.unwrap();
    let _taken = emulator.open_sandbox(named("sandbox-2")).unwrap();
    let [one, three] = [(); 2].map(|()| emulator.open_sandbox(SandboxOptions::default()).unwrap());
    assert_eq!((one.name(), three.name()), (Some("sandbox-1"), Some("sandbox-3")));
    // Ended by another hand, and its name taken by a new one, which the old handle must not end.
    emulator.run(Command::EndSandbox("sandbox-3".to_owned())).unwrap();
    let again = emulator.open_sandbox(named("sandbox-3")).unwrap();
    three.end().await;
    let names: Vec<_> = list(&emulator).into_iter().map(|sandbox| sandbox.name).collect();
    assert_eq!(names, ["sandbox-1", "sandbox-2", "sandbox-3"]);
    assert!(TcpStream::connect(again.address()).await.is_ok());
    let unknown = emulator.run(Command::EndSandbox("sandbox-4".to_owned())).unwrap_err();
    assert!(unknown.message.contains("sandbox-3") || unknown.message.contains("sandbox-2"), "{unknown}");
}

#[tokio::test]
async fn a_sandbox_neither_lists_nor_opens_nor_ends_others() {
    let emulator = Emulator::builder().frozen().start().await.unwrap();
    let one = emulator.open_sandbox(named("one")).unwrap();
    for command in
        [Command::Sandboxes, Command::OpenSandbox(Box::default()), Command::EndSandbox("one".to_owned())]
    {
        let error = one.run(command).unwrap_err();
        assert!(error.message.contains("ask the emulator"), "{error}");
    }
    assert_eq!(list(&emulator).len(), 1);
}

#[tokio::test]
async fn there_are_256_at_most() {
    let emulator = Emulator::builder().frozen().start().await.unwrap();
    let mut open: Vec<_> =
        (0..256).map(|_| emulator.open_sandbox(SandboxOptions::default()).unwrap()).collect();
    let error = refused(&emulator, SandboxOptions::default());
    assert!(error.message.contains("256"), "{error}");
    assert_eq!(list(&emulator).len(), 256);
    open.pop().unwrap().end().await;
    emulator.open_sandbox(SandboxOptions::default()).unwrap();
}

#[tokio::test]
async fn its_end_frees_the_port_and_ends_requests_that_hang() {
    let emulator = Emulator::builder().frozen().start().await.unwrap();
    let rule = serde_json::from_str(r#"{"id":"stuck","when":{},"do":[{"hang":"10m"}]}"#).unwrap();
    let guest = open(&emulator, SandboxOptions { rules: vec![rule], ..SandboxOptions::default() });
    let address = guest.emulator.address();
    let stuck = tokio::spawn(guest.http.get(guest.url(DEVICES)).send());
    until("nothing arrives", || !guest.emulator.history().exchanges().is_empty()).await;
    guest.emulator.end().await;
    assert!(stuck.await.unwrap().is_err(), "the request that hung has ended");
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
    TcpListener::bind(address).await.expect("the port is free");
    assert!(list(&emulator).is_empty());
}

#[tokio::test]
async fn all_sandboxes_end_with_their_emulator_and_each_with_its_handle() {
    let emulator = Emulator::builder().frozen().start().await.unwrap();
    emulator.run(Command::OpenSandbox(Box::default())).unwrap();
    let held = emulator.open_sandbox(SandboxOptions::default()).unwrap();
    drop(emulator.open_sandbox(SandboxOptions::default()).unwrap());
    assert_eq!(list(&emulator).len(), 2, "one is nobody's, one is held");
    let url = list(&emulator)[0].url.clone();
    let files = held.client_env();
    emulator.stop().await.unwrap();
    for address in [url.trim_start_matches("http://"), &held.address().to_string()] {
        assert!(TcpStream::connect(address).await.is_err(), "{address}");
    }
    // What was seen is still there to be asked.
    assert!(held.history().exchanges().is_empty());
    let ca = files.set.iter().find(|(name, _)| name == "SSL_CERT_FILE").unwrap();
    assert!(std::path::Path::new(&ca.1).exists());
    held.end().await;
}

#[tokio::test]
async fn rules_and_limits_are_a_sandboxes_own() {
    let emulator = Emulator::builder().frozen().start().await.unwrap();
    let rule = serde_json::from_str(r#"{"when":{"op":"api"},"do":[{"reply":{"status":429}}]}"#).unwrap();
    let faulty = open(&emulator, SandboxOptions { rules: vec![rule], ..named("faulty") });
    let few = open(&emulator, SandboxOptions { max_requests: Some(1), ..named("few") });
    let dialect = vec!["rate_limits=custom:1/1m".to_owned()];
    let limited = open(&emulator, SandboxOptions { dialect, ..named("limited") });
    let plain = open(&emulator, SandboxOptions { speed: Speed::REAL, ..named("plain") });
    let mut seen = Vec::new();
    for guest in [&faulty, &few, &limited, &plain] {
        let token = guest.issue("msp", None);
        let mut statuses = Vec::new();
        for _ in 0..2 {
            statuses.push(
                guest
                    .send(Method::GET, DEVICES, &[("authorization", &format!("Bearer {token}"))], "")
                    .await
                    .status,
            );
        }
        seen.push(statuses);
    }
    assert_eq!(seen, [[429, 429], [200, 503], [200, 429], [200, 200]]);
}
