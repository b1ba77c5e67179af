//! Clients that people use, from their registries, under the conformance kit: each does what its baseline says, and nothing
//! else. pycentral has a file of its own, and so has the crate oauth2: crates/greenroom-conformance/tests/rust_oauth2.rs.

use std::{path::Path, process::Command};

use serde_json::Value;

use crate::harness::{Scratch, node, python, repository, run};

/// Checks the adapter and runs the suite: the client is of this version, where one is pinned, and its baseline is true.
#[track_caller]
fn as_its_baseline_says(client: &str, version: Option<&str>, routed: impl Fn(&mut Command)) -> Value {
    let scratch = Scratch::new();
    let greenroom = |args: &[&str]| {
        let mut command = scratch.greenroom();
        command.args(args).args(["--client", client, "--json"]).env_remove("GITHUB_ACTIONS").env_remove("CI");
        routed(&mut command);
        run(command)
    };
    let checked = greenroom(&["adapter", "check"]).ended_with(0);
    if let Some(version) = version {
        assert_eq!(
            checked.json()["client"]["version"],
            version,
            "the baseline of {client} is of that version"
        );
    }
    let baseline = repository().join("fixtures/adapters").join(client).join("baseline.yaml");
    // Fewer at once than a user has: others run beside them, and a client's own timeout is in real time.
    let output = greenroom(&["verify", "--jobs", "4", "--strict", "--baseline", baseline.to_str().unwrap()]);
    let report = output.ended_with(0).json();
    let scenarios = report["scenarios"].as_array().unwrap();
    assert!(scenarios.iter().any(|row| row["name"] == "ACQ-01" && row["verdict"] == "PASS"), "{report}");
    let errors = scenarios.iter().filter(|row| row["verdict"] == "ERROR");
    assert_eq!(errors.collect::<Vec<_>>(), [&Value::Null; 0]);
    report
}

/// With a directory before all others where programs are looked for.
fn found_in(directory: &Path, command: &mut Command) {
    let mut path = directory.as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap());
    command.env("PATH", path);
}

#[test]
fn requests_oauthlib_does_what_its_baseline_says() {
    let bin = Path::new(python::interpreter()).parent().unwrap();
    as_its_baseline_says("requests-oauthlib", Some("2.0.0"), |command| found_in(bin, command));
}

#[test]
fn openid_client_does_what_its_baseline_says() {
    as_its_baseline_says("openid-client", Some("6.8.9"), |command| {
        command.current_dir(node::project());
    });
}

#[test]
fn ruby_oauth2_does_what_its_baseline_says() {
    let asked = Command::new("ruby").args(["-e", "require 'oauth2/version'; print OAuth2::Version"]).output();
    let found =
        asked.map_or_else(|error| error.to_string(), |it| String::from_utf8_lossy(&it.stdout).into_owned());
    assert_eq!(
        found, "1.4.4",
        "This test runs the gem oauth2 and therefore needs ruby with its version 1.4.4: apt install ruby-oauth2, or gem \
         install oauth2 -v 1.4.4"
    );
    as_its_baseline_says("ruby-oauth2", Some("1.4.4"), |_| {});
}

#[test]
fn bash_with_curl_does_what_its_baseline_says() {
    // What curl does here, it does in every version.
    let report = as_its_baseline_says("bash-curl", None, |_| {});
    let named = |verdict: &str| -> Vec<_> {
        let scenarios = report["scenarios"].as_array().unwrap().iter();
        scenarios.filter(|row| row["verdict"] == verdict).map(|row| row["name"].as_str().unwrap()).collect()
    };
    // It can be done with curl alone, and what is not claimed is not asked.
    for name in ["ACQ-01", "REF-01[unified]", "REF-05", "CAC-05", "RATE-01", "CRD-06"] {
        assert!(named("PASS").contains(&name), "{name}: {report}");
    }
    for name in ["ACQ-09", "REF-01[msp]", "EXC-02[live]", "CON-02", "PAG-02", "ISO-01"] {
        assert!(named("NOT_APPLICABLE").contains(&name), "{name}: {report}");
    }
}

/// Who has the interpreter and not the library is told which, and how to get it.
#[test]
fn a_missing_library_is_a_sentence() {
    let scratch = Scratch::new();
    scratch.write("requests_oauthlib.py", "");
    scratch.write("oauth2.rb", "raise LoadError, 'hidden'");
    let cases = [
        ("requests-oauthlib", "PYTHONPATH", "python3 -m pip install requests_oauthlib"),
        ("openid-client", "NODE_PATH", "npm install openid-client@6 undici@7, with node 20.19 or later"),
        ("ruby-oauth2", "RUBYLIB", "apt install ruby-oauth2, or gem install oauth2"),
    ];
    for (client, variable, mend) in cases {
        let mut command = scratch.greenroom();
        command.args(["adapter", "check", "--client", client]).env(variable, scratch.path(""));
        let output = run(command).ended_with(1);
        assert!(output.stdout.contains("the adapter ended with exit code 1 instead of replying"), "{output}");
        assert!(output.stdout.contains(mend), "{client}: {output}");
    }
}
