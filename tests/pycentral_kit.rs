//! Clients under the conformance kit: pycentral with what is known of it, the reference client, and one that does something
//! else each time.

use std::{path::Path, process::Command};

use greenroom_conformance::{
    catalogue::{self, Expected, Library},
    report,
};
use serde_json::Value;

use crate::harness::{Output, Scratch, python, repository, run};

/// What is known of pycentral.
fn baseline() -> String {
    repository().join("fixtures/adapters/pycentral/baseline.yaml").into_os_string().into_string().unwrap()
}

/// The binary, where a shell with the SDK's environment finds it.
fn greenroom(scratch: &Scratch, args: &[&str]) -> Command {
    let mut command = scratch.greenroom();
    command.args(args).env_remove("GITHUB_ACTIONS").env_remove("CI");
    let mut path = Path::new(python::interpreter()).parent().unwrap().as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap());
    command.env("PATH", path);
    command
}

/// The scenarios of a report that `--json` or `--report json=FILE` wrote, by verdict.
fn named<'a>(report: &'a Value, verdict: &str) -> Vec<&'a str> {
    let scenarios = report["scenarios"].as_array().unwrap().iter();
    scenarios.filter(|row| row["verdict"] == verdict).map(|row| row["name"].as_str().unwrap()).collect()
}

#[test]
fn pycentral_is_run_once_and_judged_three_ways() {
    let scratch = Scratch::new();
    let baseline = baseline();
    let reports = ["--report", "json=report.json", "--report", "junit=junit.xml"];
    let verify = ["verify", "--client", "pycentral", "--record", "runs", "--baseline", &baseline];
    let known = run(greenroom(&scratch, &[&verify[..], &reports].concat())).ended_with(0);
    let report: Value = serde_json::from_str(&scratch.read("report.json")).unwrap();
    assert_eq!(report["client"]["version"], "2.0a25", "{known}");
    assert_eq!(named(&report, "ERROR"), [""; 0], "{known}");
    assert_eq!(named(&report, "INCONCLUSIVE"), [""; 0], "{known}");
    valid(&scratch, &report);
    as_the_catalogue_expects(&report);

    // The same run, as it was recorded.
    let judge = |args: &[&str]| run(greenroom(&scratch, &[&["judge", "runs"], args].concat()));
    judge(&["--baseline", &baseline]).ended_with(0);
    let bare = judge(&[]).ended_with(1);
    assert!(bare.stdout.contains("RTY-10.caller-succeeds"), "{bare}");
    let more = format!(
        "{}  - {{ check: \"REF-01[msp].chain\", verdict: FAIL, reason: it is not renewed }}\n",
        std::fs::read_to_string(&baseline).unwrap()
    );
    let line = more.lines().count();
    scratch.write("more.yaml", &more);
    let stale = judge(&["--baseline", "more.yaml"]).ended_with(4);
    assert!(
        stale.stdout.contains(&format!("line {line}: REF-01[msp].chain passes; remove the entry")),
        "{stale}"
    );
}

/// One baseline knows several versions by the ranges in its entries.
#[track_caller]
fn is_as_its_baseline_says(version: &str) {
    let scratch = Scratch::new();
    let baseline = baseline();
    let args = ["verify", "--client", "pycentral", "--baseline", &baseline, "--report", "json=report.json"];
    let mut verify = greenroom(&scratch, &args);
    verify.env("PYTHONPATH", python::pycentral(version));
    let output = run(verify).ended_with(0);
    let report: Value = serde_json::from_str(&scratch.read("report.json")).unwrap();
    assert_eq!(report["client"]["version"], version, "{output}");
    assert_eq!(named(&report, "ERROR"), [""; 0], "{output}");
}

#[test]
fn pycentral_2_0a19_is_as_its_baseline_says() {
    is_as_its_baseline_says("2.0a19");
}

#[test]
fn pycentral_2_0a22_is_as_its_baseline_says() {
    is_as_its_baseline_says("2.0a22");
}

/// The catalogue says of pycentral what a run says.
fn as_the_catalogue_expects(report: &Value) {
    assert!(catalogue::builtin().requirements().next().is_some(), "the catalogue cannot be read");
    for requirement in catalogue::builtin().requirements() {
        let id = requirement.id.as_str();
        if Library::builtin().get(&requirement.id).is_none() {
            continue;
        }
        let broken = ["FAIL", "WARN"].iter().flat_map(|verdict| named(report, verdict));
        let broken: Vec<_> = broken.filter(|name| name.split('[').next() == Some(id)).collect();
        let expected = requirement.pyc;
        // What it does not claim, or has no clock for, has not run.
        let mut left_out = ["NOT_APPLICABLE", "NOT_SCORED"].iter().flat_map(|verdict| named(report, verdict));
        let has_run = !left_out.any(|name| name.split('[').next() == Some(id));
        assert_eq!(expected != Expected::NotRun, has_run, "{id}: {expected:?}");
        assert_eq!(expected == Expected::Fail, !broken.is_empty(), "{id}: {expected:?}, and {broken:?}");
    }
}

/// The reports are what those who read them expect.
fn valid(scratch: &Scratch, report: &Value) {
    let validator = jsonschema::draft202012::new(&report::schema()).unwrap();
    let errors: Vec<_> = validator.iter_errors(report).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    let schema = repository().join("fixtures/schemas/junit-10.xsd").into_os_string().into_string().unwrap();
    let words = python::invocation("valid_xml.py", &[&schema, "junit.xml"]);
    let mut validate = scratch.command(words[0]);
    validate.args(&words[1..]);
    assert_eq!(run(validate).ended_with(0).stdout.trim(), "valid");
}

#[test]
fn without_the_sdk_pycentral_is_told_to_be_missing() {
    let scratch = Scratch::new();
    // A bare environment has no packages of anybody.
    let words = ["-m", "venv", "--without-pip", "bare"];
    let mut venv = scratch.command("python3");
    venv.args(words);
    run(venv).ended_with(0);
    let mut verify = greenroom(&scratch, &["verify", "--client", "pycentral"]);
    verify.env("PATH", scratch.path("bare/bin"));
    let output = run(verify).ended_with(3);
    let told = output.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("this python3 has no pycentral"), "{output}");
    assert!(told.contains("python3 -m pip install --pre pycentral"), "{output}");
    assert!(!told.contains("Traceback"), "{output}");
}

#[test]
fn the_reference_client_does_the_same_twice() {
    let scratch = Scratch::new();
    let output = run(greenroom(&scratch, &["verify", "--twice", "--strict"])).ended_with(0);
    assert!(!output.stdout.contains("not alike"), "{output}");
}

#[test]
fn a_client_with_a_random_order_is_told_where_its_runs_part() {
    let scratch = Scratch::new();
    let script = repository().join("tests/kit/client.py").into_os_string().into_string().unwrap();
    let verify = |how: &str| -> Output {
        let only = ["verify", "--twice", "--only", "ACQ-01", "--", "python3"];
        run(greenroom(&scratch, &[&only[..], &[&script, how]].concat()))
    };
    verify("good").ended_with(0);
    let output = verify("random-order").ended_with(3);
    assert!(output.stdout.contains("two runs are not alike: in one run line "), "{output}");
    // Which requests differ.
    assert!(output.stdout.contains("limit="), "{output}");
}
