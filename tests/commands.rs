//! The commands around a running emulator, by the real binary.

use std::{
    ffi::OsStr,
    os::unix::{ffi::OsStrExt as _, fs::PermissionsExt as _},
};

use serde_json::Value;

use crate::harness::{Output, Scratch, run, served::Served};

/// Runs lines in a shell, stopping at the first that fails.
fn shell(scratch: &Scratch, script: &str) -> Output {
    let mut bash = scratch.command("bash");
    bash.args(["-euo", "pipefail", "-c", script]);
    run(bash)
}

#[test]
fn the_banners_lines_work_when_pasted() {
    let scratch = Scratch::new();
    let served = Served::start(&scratch, &[]);
    let banner = served.banner();
    let lines: Vec<_> = banner
        .lines()
        .map(str::trim)
        .filter(|line| ["curl", "TOKEN=", "TENANT="].iter().any(|it| line.starts_with(it)))
        .collect();
    assert_eq!(lines.len(), 5, "{banner}");
    let output = shell(&scratch, &lines.join("\necho\n")).ended_with(0);
    let bodies: Vec<Value> = output
        .stdout
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(bodies.len(), 3, "{output}");
    assert_eq!((&bodies[0]["total"], &bodies[2]["total"]), (&Value::from(6), &Value::from(6)));
    assert_eq!((&bodies[1]["count"], &bodies[1]["total"]), (&Value::from(2), &Value::from(1200)));
}

#[test]
fn a_taken_port_is_said_and_is_2() {
    let scratch = Scratch::new();
    let served = Served::start(&scratch, &[]);
    let port = served.url().rsplit(':').next().unwrap().to_owned();
    let mut second = scratch.greenroom();
    second.args(["serve", "--port", &port]);
    let output = run(second).ended_with(2);
    assert!(output.stderr.contains("is taken") && output.stderr.contains("--port 0"), "{output}");
    served.control(&scratch, &["clock"]).ended_with(0);
}

#[test]
fn wrong_flags_name_the_mend() {
    let scratch = Scratch::new();
    for (args, code, mend) in [
        (&["serve", "--prt", "1"][..], 2, "--port"),
        (&["serve", "--dialect", "exchange_expird=live"], 2, "exchange_expired"),
        (&["serve", "--dialect", "exchange_expired=soon"], 2, "live, rfc8693"),
        (&["serve", "--token-life", "0s"], 2, "from 1s to ten years"),
        (&["serve", "--clock", "fast"], 2, "x60"),
        (&["serve", "--listen", "0.0.0.0", "--port", "0"], 2, "--control-token"),
        (&["history", "--op", "apis"], 2, "mint, exchange, refresh, sign_in, api"),
        (&["exec", "--expire", "tenant", "--", "true"], 125, "tenant@api#3"),
        (&["serve", "--connection-timeout", "0s"], 2, "--connection-timeout"),
        (&["serve", "--log", "greenroom=loud"], 2, "--log"),
        (&["exec", "--log", "greenroom=loud", "--", "true"], 125, "--log"),
        (&["exec", "--expir", "x", "--", "true"], 125, "--expire"),
        (&["exec", "--timeout", "0s", "--", "true"], 125, "--timeout"),
        (&["--data-dir", "d", "exec", "--bogus", "--", "true"], 125, "--bogus"),
        (&["--data-dir", "exec", "serve", "--bogus"], 2, "--bogus"),
        (&["exec"], 125, "CMD"),
        (&["clock", "--url", "http://127.0.0.1:1"], 2, "greenroom serve"),
        (&["clock", "--url", "ftp://x"], 2, "http://127.0.0.1:4020"),
    ] {
        let mut command = scratch.greenroom();
        command.args(args);
        let output = run(command).ended_with(code);
        assert!(output.stderr.contains(mend), "{args:?}: {output}");
    }
}

#[test]
fn a_line_that_is_no_text_is_refused_without_a_panic() {
    let scratch = Scratch::new();
    let broken = OsStr::from_bytes(b"\xff");
    for (args, code) in [
        (&[broken][..], 2),
        (&[OsStr::new("serve"), broken], 2),
        (&[OsStr::new("exec"), broken, OsStr::new("--"), broken], 125),
    ] {
        let mut command = scratch.greenroom();
        command.args(args);
        let output = run(command).ended_with(code);
        assert!(output.stderr.contains("Usage") && !output.stderr.contains("panicked"), "{output}");
    }
}

/// `greenroom world show | head -1` is no failure.
#[test]
fn nobody_has_to_read_what_is_said() {
    let scratch = Scratch::new();
    let served = Served::start(&scratch, &[]);
    let url = &["--url", served.url()][..];
    let closed = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        writer
    };
    for args in [
        &["completions", "bash"][..],
        &["--help"],
        &["init"],
        &[&["world", "show"], url].concat(),
        &[&["clock"], url].concat(),
        &[&["tokens", "--json"], url].concat(),
        &[&["tokens", "issue", "--as", "msp"], url].concat(),
        &[&["history"], url].concat(),
        &[&["history", "--count"], url].concat(),
        &[&["dialect"], url].concat(),
        &[&["env"], url].concat(),
        &[&["env", "--ca"], url].concat(),
    ] {
        let output = scratch.greenroom().args(args).stdout(closed()).output().unwrap();
        assert_eq!((output.status.code(), &*output.stderr), (Some(0), &b""[..]), "{args:?}: {output:?}");
    }
    for (args, code) in [
        (&["clock", "--url", "ftp://x"][..], 2),
        (&["bogus"], 2),
        (&[&["history", "--expect", ">= 1"], url].concat(), 1),
        (&["exec", "--", "true"], 0),
        (&["exec", "--", "/nonexistent/program"], 127),
    ] {
        let output = scratch.greenroom().args(args).stdout(closed()).stderr(closed()).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{args:?}");
    }
}

#[test]
fn the_clock_moves_forward_only() {
    let scratch = Scratch::new();
    let served = Served::start(&scratch, &["--clock", "frozen", "--start-time", "2026-01-01T00:00:00Z"]);
    let say = |args: &[&str]| served.control(&scratch, args);
    assert_eq!(say(&["clock"]).stdout, "2026-01-01T00:00:00Z (frozen)\n");
    assert_eq!(say(&["clock", "advance", "16m"]).stdout, "2026-01-01T00:16:00Z (frozen)\n");
    let back = say(&["clock", "set", "2025-01-01T00:00:00Z"]).ended_with(2);
    assert!(back.stderr.contains("only moves forward"), "{back}");
    let wrong = say(&["clock", "advance", "soon"]).ended_with(2);
    assert!(wrong.stderr.contains("16m"), "{wrong}");
    say(&["clock", "set", "2030-01-01T00:00:00Z"]).ended_with(0);
    assert_eq!(say(&["clock", "--json"]).json()["now"], "2030-01-01T00:00:00Z");
    assert_eq!(say(&["clock", "speed", "x60", "--json"]).json()["speed"], "x60");
}

#[test]
fn history_is_filtered_counted_and_expected() {
    let scratch = Scratch::new();
    let served = Served::start(&scratch, &[]);
    let url = served.url();
    shell(
        &scratch,
        &format!("curl -s {url}/devices/v1/devices; curl -s {url}/as/token.oauth2 -d grant_type=x"),
    )
    .ended_with(0);
    let history = |args: &[&str]| served.control(&scratch, &[&["history"], args].concat());
    assert_eq!(history(&["--count"]).stdout, "2\n");
    let one = history(&["--op", "mint", "--json"]).json();
    assert_eq!(one["count"], 1);
    assert_eq!(one["exchanges"][0]["response"]["refused"], "unsupported_grant");
    history(&["--count", "--refused", "no_token", "--expect", "= 1"]).ended_with(0);
    let broken = history(&["--count", "--op", "api", "--expect", "<= 0"]).ended_with(1);
    assert!(
        broken.stdout.contains("/devices/v1/devices") && broken.stderr.contains("expected = 0"),
        "{broken}"
    );
    let wrong = history(&["--count", "--expect", "some"]).ended_with(2);
    assert!(wrong.stderr.contains("'= 2'"), "{wrong}");
}

#[test]
fn tokens_are_issued_and_listed_without_their_values() {
    let scratch = Scratch::new();
    let served = Served::start(&scratch, &["--clock", "frozen"]);
    let issue = |args: &[&str]| served.control(&scratch, &[&["tokens", "issue"], args].concat());
    let status = |token: &str| {
        let url = served.url();
        let script = format!(
            "curl -s -o /dev/null -w '%{{http_code}}' {url}/devices/v1/devices -H 'Authorization: Bearer {token}'"
        );
        shell(&scratch, &script).stdout
    };
    let tenant = issue(&["--as", "msp", "--tenant", "abc"]).ended_with(0).stdout;
    assert_eq!(status(tenant.trim()), "200");
    let expired = issue(&["--as", "standard", "--expired"]).ended_with(0).stdout;
    assert_eq!(status(expired.trim()), "401");
    let list = served.control(&scratch, &["tokens", "list"]).ended_with(0).stdout;
    assert_eq!(list, served.control(&scratch, &["tokens"]).stdout);
    assert!(list.contains("abc#1") && list.contains("expired"), "{list}");
    assert!(!list.contains(tenant.trim()), "{list}");
    let wrong = issue(&["--as", "nobody"]).ended_with(2);
    assert!(wrong.stderr.contains("standard-central"), "{wrong}");
    issue(&["--as", "standard", "--tenant", "abc"]).ended_with(2);
}

#[test]
fn dialects_are_read_and_set() {
    let scratch = Scratch::new();
    let served = Served::start(&scratch, &["--dialect", "rfc"]);
    let say = |args: &[&str]| served.control(&scratch, &[&["dialect"], args].concat());
    assert!(say(&["exchange_expired"]).stdout.starts_with("exchange_expired=rfc8693 (changed)"));
    say(&["exchange_expired=html_403"]).ended_with(0);
    let rows = say(&["--json"]).json();
    let value = |name: &str| {
        let rows = rows["dialects"].as_array().unwrap();
        rows.iter().find(|row| row["name"] == name).unwrap()["value"].clone()
    };
    assert_eq!((value("exchange_expired"), value("expires_in_shape")), ("html_403".into(), "life".into()));
    // One after the other: what comes later wins, presets among them.
    let shown = say(&["exchange_expired=live", "rfc", "exchange_expired=html_403"]).ended_with(0).stdout;
    assert!(shown.starts_with("exchange_expired=html_403"), "{shown}");
    let shown = say(&["exchange_expired=html_403", "rfc"]).ended_with(0).stdout;
    assert!(shown.starts_with("exchange_expired=rfc8693"), "{shown}");
    let wrong = say(&["exchange_expired=soon", "tenant_life=capped"]).ended_with(2);
    assert!(wrong.stderr.contains("rfc8693"), "{wrong}");
    assert!(say(&["tenant_life"]).stdout.starts_with("tenant_life=own"), "nothing half-applied");
}

#[test]
fn the_world_is_shown() {
    let scratch = Scratch::new();
    let served = Served::start(&scratch, &["--rng-seed", "7"]);
    let text = served.control(&scratch, &["world", "show"]).ended_with(0).stdout;
    assert!(text.contains("seed 7") && text.contains("O'Neil & Sons"), "{text}");
    let world = served.control(&scratch, &["world", "show", "--json"]).json();
    let workspaces = world["workspaces"].as_array().unwrap();
    assert_eq!(workspaces.len(), 9);
    assert_eq!((&workspaces[0]["kind"], workspaces[0].get("msp")), (&"MSP".into(), None));
    assert_eq!((&workspaces[2]["kind"], &workspaces[2]["msp"]), (&"MSP_TENANT".into(), &"msp".into()));
    assert!(text.contains("MSP_TENANT of msp"), "{text}");
}

#[test]
fn a_role_is_given_and_acts_on_a_token_that_was_issued_before() {
    let scratch = Scratch::new();
    let served = Served::start(&scratch, &["--clock", "frozen"]);
    let token = served.control(&scratch, &["tokens", "issue", "--as", "msp"]).ended_with(0).stdout;
    let make = |name: &str| {
        let script = format!(
            "curl -s -o /dev/null -w '%{{http_code}}' {}/workspaces/v1/msp-tenants -H 'Authorization: Bearer {}' \
             -d '{{\"workspaceName\": \"{name}\"}}'",
            served.url(),
            token.trim()
        );
        shell(&scratch, &script).ended_with(0).stdout
    };
    let role = |args: &[&str]| served.control(&scratch, &[&["world", "role"], args].concat());
    assert_eq!(make("One"), "201");
    let given = role(&["msp.admin@example.com", "Observer"]).ended_with(0);
    assert_eq!(given.stdout, "msp.admin@example.com has the role Observer now\n");
    assert_eq!(make("Two"), "403");
    let shown = served.control(&scratch, &["world", "show"]).ended_with(0).stdout;
    let line = shown.lines().find(|line| line.starts_with("msp.admin@example.com")).unwrap();
    assert!(line.ends_with("Observer") && shown.contains("Operator "), "{shown}");
    let history = served.control(&scratch, &["history", "--refused", "denied"]).ended_with(0).stdout;
    assert!(
        history.contains("the role Observer does not grant edit on platform_customer_account"),
        "{history}"
    );
    let given = role(&["msp.admin@example.com", "Operator", "--json"]).ended_with(0).json();
    assert_eq!(given, serde_json::json!({"email": "msp.admin@example.com", "role": "Operator"}));
    assert_eq!(make("Two"), "201");
    let wrong = role(&["msp.admin@example.com", "Operater"]).ended_with(2);
    assert!(wrong.stderr.contains("did you mean \"Operator\""), "{wrong}");
    let wrong = role(&["nobody@example.com", "Operator"]).ended_with(2);
    assert!(wrong.stderr.contains("ops.user@example.com"), "{wrong}");
}

#[test]
fn env_routes_a_shell_to_a_running_emulator() {
    let scratch = Scratch::new();
    let served = Served::start(&scratch, &[]);
    let greenroom = env!("CARGO_BIN_EXE_greenroom");
    let script = format!(
        "eval \"$({greenroom} env --url {})\"; curl -s https://sso.common.cloud.hpe.com/pf/JWKS; \
         echo; curl -s --cacert \"$({greenroom} env --ca)\" https://us1.api.central.arubanetworks.com/x; \
         echo; curl -s https://www.example.com/ || echo refused",
        served.url()
    );
    let output = shell(&scratch, &script).ended_with(0);
    let lines: Vec<_> = output.stdout.lines().collect();
    assert!(lines[0].contains("\"kty\":\"RSA\""), "{output}");
    assert!(lines[1].contains("Invalid access token"), "{output}");
    assert_eq!(lines[2], "refused", "{output}");
    let json = served.control(&scratch, &["env", "--json"]).ended_with(0).json();
    assert_eq!(json["set"]["HTTPS_PROXY"], served.url());
    assert!(json["unset"].as_array().unwrap().contains(&"SSL_CERT_DIR".into()), "{json}");
}

#[test]
fn init_writes_once_and_never_over_a_file() {
    let scratch = Scratch::new();
    let init = || {
        let mut command = scratch.greenroom();
        command.args(["init", "--json"]);
        run(command)
    };
    scratch.write(".gitignore", "target");
    let wrote = init().ended_with(0).json();
    assert_eq!(
        wrote,
        serde_json::json!({"token_file": "./token.yaml", "world_file": "./world.yaml", "ignored": true})
    );
    assert_eq!(scratch.read(".gitignore"), "target\ntoken.yaml\n");
    let token = scratch.path("token.yaml");
    assert_eq!(token.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let written = scratch.read("token.yaml");
    assert!(written.contains("unified:") && written.contains("base_url:"), "{written}");
    let again = init().ended_with(2);
    assert!(again.stderr.contains("left alone"), "{again}");
    assert_eq!(scratch.read("token.yaml"), written);
}

#[test]
fn a_stopped_emulator_ends_with_0_and_a_probe_sees_it() {
    let scratch = Scratch::new();
    let served = Served::start(&scratch, &[]);
    let port = served.url().rsplit(':').next().unwrap().to_owned();
    let probe = || {
        let mut command = scratch.greenroom();
        command.args(["serve", "--check", "--port", &port]);
        run(command)
    };
    probe().ended_with(0);
    let (code, _) = served.end();
    assert_eq!(code, Some(0));
    probe().ended_with(2);
}

/// At the highest level, with every library's words: what must not be read is not there.
#[test]
fn logs_hold_no_token_and_no_secret() {
    // For people, and with the name of who speaks.
    for format in ["text", "json"] {
        let log = log_of_a_tour(format);
        assert!(log.contains("device-inventory") && log.contains("msp#1"), "the log is there: {log}");
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        for line in lines {
            let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            let library = text("target").split("::").next().unwrap_or_default().to_owned();
            let talkative = ["h2", "hyper", "hyper_util", "rustls", "tokio_rustls"].contains(&&*library);
            assert!(!talkative || !["TRACE", "DEBUG"].contains(&&*text("level")), "{line}");
        }
    }
}

/// What `serve` logs when it is asked for everything, the libraries' modules by name. No token and no
/// secret is in it or in the history.
fn log_of_a_tour(format: &str) -> String {
    let scratch = Scratch::new();
    let filter = "trace,h2::codec=trace,h2::proto=trace,hyper=trace,rustls=trace";
    let served = Served::start(&scratch, &["--log", filter, "--log-format", format]);
    let world = served.control(&scratch, &["world", "show", "--json"]).json();
    let client = &world["clients"][0];
    let [id, secret] = ["client_id", "client_secret"].map(|field| client[field].as_str().unwrap().to_owned());
    let token =
        served.control(&scratch, &["tokens", "issue", "--as", "msp"]).ended_with(0).stdout.trim().to_owned();
    let script = format!(
        "eval \"$({} env --url {})\"
         curl -s -u {id}:{secret} https://sso.common.cloud.hpe.com/as/token.oauth2 -d grant_type=client_credentials
         curl -s --http2 https://us1.api.central.arubanetworks.com/network-monitoring/v1/device-inventory -H 'Authorization: Bearer {token}'
         curl -s \"https://global.api.greenlake.hpe.com/devices/v1/devices?access_token={token}&secret={secret}\" -H 'X-Secret: {secret}'",
        env!("CARGO_BIN_EXE_greenroom"),
        served.url()
    );
    let answers = shell(&scratch, &script).ended_with(0).stdout;
    let minted: Value = serde_json::from_str(answers.split_inclusive('}').next().unwrap()).unwrap();
    let history = served.control(&scratch, &["history", "--json"]).ended_with(0).stdout;
    let (_, log) = served.end();
    for hidden in [secret.as_str(), &token, minted["access_token"].as_str().unwrap()] {
        assert!(!log.contains(hidden) && !history.contains(hidden), "a secret is in the log or the history");
    }
    log
}
