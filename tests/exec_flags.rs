//! `greenroom exec`: what it says and does not say, and what of the user's environment reaches CMD.

use std::{collections::BTreeMap, process::Command};

use crate::harness::{Output, Scratch, run};

const ID: &str = "8c7b0d1e-2f3a-4b5c-9d6e-7f8091a2b3c4";
const SECRET: &str = "0a1b2c3d4e5f11ee86a19d42f7b35e60";

/// Whole credentials, all but the cluster.
fn with_client(command: &mut Command) -> &mut Command {
    command
        .env("GLP_CLIENT_ID", ID)
        .env("GLP_CLIENT_SECRET", SECRET)
        .env("GLP_WORKSPACE_ID", "0b54c8d2-91aa-11f0-b1c5-0242ac120002")
}

/// The variables that `env` printed.
fn variables(output: &Output) -> BTreeMap<&str, &str> {
    output.stdout.lines().filter_map(|line| line.split_once('=')).collect()
}

// The summary.

#[test]
fn a_summary_that_cannot_be_written_never_hides_the_commands_own_failure() {
    let scratch = Scratch::new();
    for quiet in [&[][..], &["--quiet"]] {
        for (cmd, code) in [("exit 7", 7), ("exit 0", 125)] {
            let mut command = scratch.greenroom();
            command.arg("exec").args(quiet).args(["--summary", "json=/nonexistent/dir/x.json"]);
            command.args(["--", "sh", "-c", cmd]);
            let output = run(command).ended_with(code);
            let message = "the summary cannot be written to /nonexistent/dir/x.json";
            assert!(output.stderr.contains(message), "{output}");
        }
    }
}

// What is reported.

#[test]
fn a_token_file_that_the_variables_outdo_is_reported() {
    let scratch = Scratch::new();
    let file = "unified: {client_id: other, client_secret: s}\n";
    scratch.write("token.yaml", file);
    let mut command = scratch.exec(&[], &["env"]);
    with_client(&mut command);
    let output = run(command).ended_with(0);
    assert!(output.stderr.contains("greenroom exec: ignored: ./token.yaml\n"), "{output}");
    assert_eq!(variables(&output)["GLP_CLIENT_ID"], ID);
}

#[test]
fn variables_without_a_client_are_not_replaced_without_a_word() {
    let scratch = Scratch::new();
    let mut command = scratch.exec(&[], &["env"]);
    command.env("GLP_WORKSPACE_ID", "0b54c8d2-91aa-11f0-b1c5-0242ac120002");
    command.env("CENTRAL_BASE_URL", "https://de1.api.central.arubanetworks.com");
    command.env("CENTRAL_CLUSTER_NAME", "Mars");
    let output = run(command).ended_with(0);
    let report = "greenroom exec: ignored: GLP_WORKSPACE_ID, CENTRAL_BASE_URL, CENTRAL_CLUSTER_NAME, \
                  because neither GLP_CLIENT_ID nor GLP_CLIENT_SECRET is set\n";
    assert!(output.stderr.contains(report), "{output}");
    assert_eq!(variables(&output)["CENTRAL_BASE_URL"], "https://us5.api.central.arubanetworks.com");

    let output = run(scratch.exec(&[], &["true"])).ended_with(0);
    assert!(!output.stderr.contains("ignored"), "{output}");
}

#[test]
fn a_quiet_run_without_errors_says_nothing() {
    let scratch = Scratch::new();
    scratch.write("token.yaml", "unified: {client_id: other, client_secret: s}\n");
    let script = "curl -s https://sso.common.cloud.hpe.com/pf/JWKS > keys.json";
    let go = |flags: &[&str]| {
        let mut command = scratch.exec(flags, &["sh", "-c", script]);
        with_client(&mut command);
        run(command).ended_with(0)
    };
    let loud = go(&[]);
    assert!(loud.stderr.contains("ignored: ") && loud.stderr.lines().count() > 1, "{loud}");
    let quiet = go(&["--quiet"]);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
    assert_eq!(scratch.summary().requests("jwks"), 1, "the summary in a file is not silenced");
}

// The environment of CMD.

#[test]
fn proxies_and_certificates_of_the_user_do_not_reach_the_command() {
    const ROUTED: [&str; 10] = [
        "HTTP_PROXY",
        "http_proxy",
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "all_proxy",
        "SSL_CERT_FILE",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "NODE_EXTRA_CA_CERTS",
    ];
    let scratch = Scratch::new();
    let mut command = scratch.exec(&["--quiet"], &["env"]);
    command.envs(ROUTED.map(|name| (name, "/the/users/own")));
    command.envs(["NO_PROXY", "no_proxy"].map(|name| (name, "*")));
    command.env("SSL_CERT_DIR", "/the/users/own").env("PROBE", "kept");
    let output = run(command).ended_with(0);
    let env = variables(&output);
    assert!(!env.contains_key("SSL_CERT_DIR"), "{output}");
    assert!(!output.stdout.contains("/the/users/own"), "{output}");
    for name in &ROUTED[..6] {
        assert_eq!(env[name], env["GREENROOM_URL"], "{name}");
    }
    for name in &ROUTED[6..] {
        assert!(env[name].ends_with(".pem"), "{name}: {output}");
    }
    for name in ["NO_PROXY", "no_proxy"] {
        assert_eq!(env[name], "localhost,127.0.0.1,::1");
    }
    assert_eq!(env["PROBE"], "kept");
}

#[test]
fn what_the_user_tells_the_jvm_stays_in_front() {
    let scratch = Scratch::new();
    let mut command = scratch.exec(&["--quiet"], &["env"]);
    command.env("JAVA_TOOL_OPTIONS", "-Xmx64m -Dhttp.proxyHost=theirs");
    let output = run(command).ended_with(0);
    let options = variables(&output)["JAVA_TOOL_OPTIONS"];
    assert!(
        options.starts_with("-Xmx64m -Dhttp.proxyHost=theirs -Dhttp.proxyHost=127.0.0.1 "),
        "of two options alike the JVM takes the later one: {options}"
    );
}

// Clusters.

#[test]
fn a_base_url_with_a_root_dot_is_adopted_as_its_cluster() {
    let scratch = Scratch::new();
    // Signs in and prints the answers of two clusters.
    let script = r#"
        TOKEN=$(curl -s "https://global.api.greenlake.hpe.com/authorization/v2/oauth2/$GLP_WORKSPACE_ID/token" \
            -d grant_type=client_credentials -d client_id="$GLP_CLIENT_ID" -d client_secret="$GLP_CLIENT_SECRET" |
            sed 's/.*"access_token": *"\([^"]*\)".*/\1/')
        for CLUSTER in us5 us1; do
            curl -s -o answer.json -w '%{http_code}\n' -H "Authorization: Bearer $TOKEN" \
                "https://$CLUSTER.api.central.arubanetworks.com/network-monitoring/v1/device-inventory"
        done
    "#;
    let mut command = scratch.exec(&[], &["sh", "-c", script]);
    with_client(&mut command).env("CENTRAL_BASE_URL", "https://us5.api.central.arubanetworks.com.");
    let output = run(command).ended_with(0);
    assert_eq!(output.stdout, "200\n401\n", "{output}");
    assert_eq!(scratch.summary().refused().into_iter().collect::<Vec<_>>(), [("wrong_cluster", 1)]);
}
