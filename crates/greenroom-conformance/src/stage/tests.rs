//! What is staged, without a client.

use greenroom_model::rule::{Action, Wire};
use serde_json::{Value, json};

use super::*;
use crate::load::load;

fn scenario(id: &str, with: &Value) -> Scenario {
    let mut scenario = json!({
        "format": 1, "id": id, "title": "Staged", "level": "MUST", "basis": "practice",
        "sources": ["practice:kit"], "drive": "adapter", "clock": "server", "world": {"use": "msp-two-tenants"},
        "steps": [
            {"id": "open", "open": {"as": "c", "mode": "unified"}},
            {"id": "use", "call": {"client": "c", "api": "glp", "method": "GET", "path": "/devices/v1/devices"}},
        ],
        "proofs": [{"id": "asked", "sent": ["use"]}],
        "expect": [{"id": "works", "result": {"step": "use", "ok": true}}],
    });
    for (key, value) in with.as_object().unwrap() {
        scenario[key] = value.clone();
    }
    load(&scenario.to_string()).unwrap().variants.remove(0).otherwise
}

#[test]
fn every_fixture_has_its_workspace_its_clients_a_stranger_and_no_nobody() {
    for (fixture, named) in [
        (Fixture::MspTwoTenants, "msp-two-tenants"),
        (Fixture::Standard, "standard"),
        (Fixture::Split, "split"),
        (Fixture::Dedicated, "dedicated"),
        (Fixture::Classic, "classic"),
    ] {
        let world = world::of(&scenario("KIT-01", &json!({"world": {"use": named}}))).unwrap();
        let symbols: Vec<_> = world.workspaces().map(|(_, workspace)| &*workspace.symbol).collect();
        assert_eq!(symbols, fixture.workspaces(), "{named}: what the loader knows of it");
        assert_eq!(world.dedicated_hosts(), fixture.dedicated_host().as_slice());
        let (platform, central) = world::clients(fixture);
        assert!(fixture.clients().contains(&platform) && fixture.clients().contains(&central), "{named}");
        assert!(fixture.clients().iter().all(|name| world.client_named(name).is_some()), "{named}");
        assert!(world.client_named(platform).is_some() && world.client_named(central).is_some(), "{named}");
        for symbol in [world::own(fixture), "stranger"] {
            let id = id_in(&world, &format!("@{symbol}")).expect(symbol);
            assert_eq!(id.replace('-', ""), id_in(&world, &format!("@{symbol}:plain")).unwrap());
        }
        let nobody = id_in(&world, "@nobody").unwrap();
        assert!(world.workspace_by_id(nobody.parse().unwrap()).is_none());
        assert_eq!(id_in(&world, "@hoover"), None);
    }
}

#[test]
fn ids_are_the_same_in_every_run_of_a_scenario_and_of_no_other() {
    let id = |name| id_in(&world::of(&scenario(name, &json!({}))).unwrap(), "@acme");
    assert_eq!(id("KIT-01"), id("KIT-01"));
    assert_ne!(id("KIT-01"), id("KIT-02"));
}

#[test]
fn what_a_scenario_changes_in_its_world_is_changed() {
    let with = json!({"world": {"use": "msp-two-tenants", "ttl": {"msp": "2h"}, "devices": {"acme": 2500}, "tenants": {"msp": 320}}});
    let world = world::of(&scenario("KIT-01", &with)).unwrap();
    assert_eq!((world.lifetimes.workspace.as_secs(), world.lifetimes.tenant.as_secs()), (7200, 900));
    let acme = world.workspace_named("acme").unwrap();
    assert_eq!(world.fleet().network(acme).count(), 2500);
    assert_eq!(world.tenants(world.workspace_named("msp").unwrap()).count(), 322);
}

#[tokio::test]
async fn symbols_stand_for_what_a_client_of_the_world_has() {
    let emulator = Emulator::builder().frozen().start().await.unwrap();
    let unified = json!({
        "client_id": "client:solo.id", "client_secret": "client:solo.secret", "workspace_id": "@solo",
        "access_token": "solo#1", "cluster_name": "EU-1",
    });
    let with = json!({
        "world": {"use": "split", "issued": ["solo"]},
        "steps": [
            {"id": "open", "open": {"as": "c", "mode": "unified", "config": {"unified": unified}}},
            {"id": "use", "call": {"client": "c", "api": "glp", "method": "GET", "path": "/devices/v1/devices"}},
        ],
    });
    let scenario = scenario("KIT-01", &with);
    let mut stage = Stage::set(&emulator, &scenario).unwrap();
    let crate::scenario::Verb::Open(open) = &scenario.steps[0].verb else { panic!() };
    let client = stage.world.client(stage.world.client_named("solo").unwrap()).clone();
    let made = stage.config(open).unwrap().unified.unwrap();
    assert_eq!(made.client_id, Some(client.id.to_string()));
    assert_eq!(made.client_secret.as_ref(), client.secret.value());
    assert_eq!(made.workspace_id, id_in(&stage.world, "@solo"));
    assert_eq!(made.access_token.unwrap().reveal(), stage.issued["solo#1"]);
    assert_eq!((made.cluster_name.as_deref(), made.central_url), (Some("EU-1"), None));
}

#[test]
fn a_rule_with_a_date_waits_for_its_phase() {
    let with = json!({
        "stimuli": [
            {"id": "now", "when": {"op": "api"}, "do": [{"advance": "1s"}]},
            {"id": "dated", "when": {"op": "api", "phase": "use"}, "do": [
                {"reply": {"status": 429, "headers": {"retry-after": "$http_date(3s)"}}},
            ]},
        ],
        "proofs": [{"id": "fired", "fired": "dated"}],
    });
    let mut stimuli = Stimuli::of(scenario("KIT-01", &with).stimuli).unwrap();
    let names = |rules: &[greenroom_model::rule::Rule]| -> Vec<_> {
        rules.iter().flat_map(|it| it.id.clone()).collect()
    };
    assert_eq!(names(&stimuli.at_once()), ["now"]);
    let wall = "2026-03-01T12:00:00Z".parse().unwrap();
    assert!(stimuli.of_phase("open", wall).unwrap().is_empty());
    let dated = stimuli.of_phase("use", wall).unwrap();
    let Action::Wire(Wire::Reply(reply)) = &dated[0].actions[0] else { panic!("{dated:?}") };
    assert_eq!(reply.headers["retry-after"], "Sun, 01 Mar 2026 12:00:04 GMT");
    assert!(stimuli.of_phase("use", wall).unwrap().is_empty(), "it is in force");
}

#[test]
fn ids_stand_alone_or_between_slashes() {
    let id = |text: &str| (text == "@acme").then(|| "1".to_owned());
    for (text, expected) in
        [("@acme", "1"), ("/a/@acme/b", "/a/1/b"), ("who@acme", "who@acme"), ("@globex", "@globex")]
    {
        assert_eq!(with_ids(text, id), expected);
    }
}

#[test]
fn what_a_client_puts_in_the_place_of_its_file_cannot_hold_the_kit_up() {
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name);
    std::fs::write(path("file"), "{}").unwrap();
    std::fs::write(path("long"), vec![b'x'; 3 << 20]).unwrap();
    std::os::unix::fs::symlink("/dev/zero", path("device")).unwrap();
    std::fs::create_dir(path("directory")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(path("pipe")).status().unwrap().success());
    let seen = |name: &str| config::look_at(&path(name)).map(|(content, _)| content.len()).ok();
    assert_eq!(["file", "long"].map(seen), [Some(2), Some(1 << 20)]);
    assert_eq!(["device", "directory", "pipe", "nothing"].map(seen), [None; 4]);
}
