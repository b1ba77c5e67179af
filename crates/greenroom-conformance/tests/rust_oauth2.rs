//! The crate oauth2 under the kit, by the API of this crate: it does what its baseline says, and nothing else.

use std::path::{Path, PathBuf};

use greenroom_conformance::{
    adapter::{
        Adapter,
        check::{Patience, check},
    },
    baseline::{AllChecks, Baseline},
    report::Ending,
    run::Pace,
    suite::Suite,
    verdict::Verdict,
};
use jiff::civil::date;

/// The example, which cargo builds beside the tests.
fn example() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let profile = tests.ancestors().nth(2).unwrap();
    let example = profile.join("examples/rust-oauth2").with_extension(std::env::consts::EXE_EXTENSION);
    assert!(
        example.is_file(),
        "This test runs the example rust-oauth2, which is not built when tests are named: run cargo test -p \
         greenroom-conformance"
    );
    example
}

#[tokio::test(flavor = "multi_thread")]
async fn the_crate_oauth2_does_what_its_baseline_says() {
    let adapter = Adapter::command(example(), [""; 0]);
    let checked = check(&adapter, Patience::default()).await.unwrap();
    assert_eq!(checked.wrong(), 0, "{checked:?}");

    let suite = Suite::builtin();
    let report = suite.run(&adapter, |_| {}).await.unwrap();
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/adapters/rust-oauth2/baseline.yaml");
    let baseline = Baseline::read(&std::fs::read_to_string(file).unwrap()).unwrap();
    let all = AllChecks::of(suite.scenarios(Pace::Otherwise).unwrap());
    // No entry has a last day: the version is pinned.
    let today = date(2026, 11, 23);
    let applied = baseline.apply(&report, &all, today).unwrap();
    let errors = report.scenarios.iter().filter(|it| it.verdict.verdict == Verdict::Error);
    assert_eq!(errors.count(), 0, "{report:#?}");
    assert_eq!(Ending::of(&report, &applied, true).code(), 0, "{:#?}", (&applied, report));
    assert_eq!(report.client.version, "5.0.0");
}
