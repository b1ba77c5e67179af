//! The kit plays scenarios against clients of a few lines, good ones and ones that break down.

use greenroom_conformance::{
    adapter::Adapter,
    run::Run,
    scenario::Scenario,
    suite::{Judged, Suite},
};
use serde_json::{Value, json};

use crate::harness::repository;

const DEVICES: &str = "/devices/v1/devices";

fn client(how: &str) -> Adapter {
    let script = repository().join("tests/kit/client.py");
    Adapter::command("python3", [script.as_os_str(), how.as_ref()])
}

/// A scenario with an open, a call to get a token, and what else is given.
fn scenario(with: Value) -> Scenario {
    let mut scenario = json!({
        "format": 1, "id": "KIT-01", "title": "The kit plays it", "level": "MUST", "basis": "practice",
        "sources": ["practice:kit"], "drive": "adapter", "clock": "server",
        "world": {"use": "msp-two-tenants", "ttl": {"msp": "15m"}},
        "steps": [
            {"id": "open", "open": {"as": "c", "mode": "unified"}},
            {"id": "warm", "call": {"client": "c", "api": "glp", "method": "GET", "path": DEVICES, "query": {"limit": 1}}},
        ],
        "proofs": [{"id": "asked", "sent": ["warm"]}],
        "expect": [{"id": "works", "result": {"step": "warm", "ok": true, "status": 200}}],
    });
    for (key, value) in with.as_object().unwrap() {
        match (&mut scenario[key], value) {
            (Value::Array(list), Value::Array(more)) => list.extend(more.iter().cloned()),
            (place, value) => *place = value.clone(),
        }
    }
    serde_json::from_value(scenario).unwrap()
}

async fn play(how: &str, scenario: &Scenario) -> Run {
    let report = Suite::of([scenario.clone()]).run(&client(how), |_| {}).await.unwrap();
    let [Judged { run: Some(run), .. }] = &report.scenarios[..] else { panic!("{report:?}") };
    run.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scenario_is_played_from_end_to_end() {
    let run = play("good", &scenario(json!({}))).await;
    for entry in &run.entries {
        println!("{}", serde_json::to_string(entry).unwrap());
    }
    println!("{:?}", run.header);
}
