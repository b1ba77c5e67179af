//! Nobody passes for nothing, and nobody breaks the kit: clients that do nothing, end at once, or run wild.

use std::time::Duration;

use greenroom_conformance::{
    adapter::Adapter,
    catalogue::Library,
    drive::Capability,
    judge::judge,
    run::{Header, Pace, Run},
    suite::{Judged, Report, Suite},
    verdict::{ScenarioVerdict, Verdict},
};
use serde_json::json;

use crate::harness::{Scratch, repository};

fn client(name: &str, argument: &str) -> Adapter {
    let script = repository().join("tests/vacuity").join(name);
    Adapter::command("python3", [script.as_os_str(), argument.as_ref()])
}

/// No scenario is passed, and no check of any.
fn passes_nothing(found: &ScenarioVerdict) {
    let passed: Vec<_> = found.checks.iter().filter(|check| check.verdict == Verdict::Pass).collect();
    assert!(found.verdict != Verdict::Pass && passed.is_empty(), "{}: {found:#?}", found.name);
}

async fn verify(client: &Adapter) -> Report {
    let report = Suite::builtin().patience(Some(Duration::from_secs(2))).run(client, |_| {}).await.unwrap();
    let planned = Suite::builtin().scenarios(Pace::SleepEvents).unwrap().len();
    assert_eq!(report.scenarios.len(), planned);
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_says_that_all_is_well_and_sends_nothing_passes_nothing() {
    for judged in verify(&client("null.py", "lives")).await.scenarios {
        passes_nothing(&judged.verdict);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_ends_with_0_after_it_said_who_it_is_passes_nothing() {
    for judged in verify(&client("null.py", "leaves")).await.scenarios {
        passes_nothing(&judged.verdict);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_no_client_is_not_judged_at_all() {
    let nobody = Adapter::command("true", [""; 0]);
    let report = Suite::builtin().run(&nobody, |_| {}).await.unwrap();
    let [Judged { verdict, run: None }] = &report.scenarios[..] else { panic!("{report:?}") };
    assert_eq!(verdict.verdict, Verdict::Error);
    let why = verdict.why.as_deref().unwrap_or_default();
    assert!(why.contains("the client exited with code 0 before it said who it is"), "{why}");
}

#[test]
fn a_run_in_which_nothing_was_seen_passes_nothing() {
    let can = Capability::ALL.map(Capability::word);
    let client = json!({"name": "nobody", "version": "1", "scheme": "semver", "can": can});
    for paced in Library::builtin().iter().flat_map(|entry| &entry.loaded.variants) {
        for client in [None, serde_json::from_value(client.clone()).unwrap()] {
            let scenario = paced.at(Pace::SleepEvents);
            let header = Header {
                format: 1,
                scenario: scenario.name(),
                played: String::new(),
                client,
                trouble: None,
                dropped: 0,
            };
            passes_nothing(&judge(scenario, &Run { header, entries: Vec::new() }));
        }
    }
}

/// Each start of it does something else, by its number.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_runs_wild_neither_hangs_nor_breaks_the_kit() {
    let scratch = Scratch::new();
    let report = verify(&client("chaos.py", "1").in_directory(scratch.path(""))).await;
    for judged in report.scenarios {
        let found = judged.verdict;
        assert!(found.why.as_deref() != Some("the kit broke down in this run"), "{found:#?}");
        assert!(found.verdict != Verdict::Pass, "{found:#?}");
        assert!(judged.run.is_some(), "{found:#?}");
    }
}
