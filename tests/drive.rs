//! Adapters, good and broken, before `greenroom adapter check`; and the page that says how to write one.

use greenroom_conformance::drive::{Ask, Line, Verb};
use serde_json::{Value, json};

use crate::harness::{Output, Scratch, python, repository, run};

fn page() -> String {
    std::fs::read_to_string(repository().join("docs/drive.md")).unwrap()
}

/// The whole adapter of the page.
fn minimal() -> String {
    let page = page();
    let (_, rest) = page.split_once("```python\n").unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

fn check(flags: &[&str], adapter: &[&str]) -> Output {
    let scratch = Scratch::new();
    let mut command = scratch.greenroom();
    command.args(["adapter", "check", "--json"]).args(flags).arg("--").args(adapter);
    run(command)
}

/// Checks a Python program that lies in the directory where the command runs.
fn check_python(flags: &[&str], text: &str) -> Output {
    let scratch = Scratch::new();
    scratch.write("adapter.py", text);
    let mut command = scratch.greenroom();
    command.args(["adapter", "check", "--json"]).args(flags).args(["--", "python3", "adapter.py"]);
    run(command)
}

/// The outcome of each check that was come to.
fn outcomes(output: &Output) -> Vec<(String, String)> {
    let report = output.json();
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap().to_owned();
    let findings = report["findings"].as_array().unwrap();
    findings.iter().map(|finding| (text(finding, "check"), text(finding, "outcome"))).collect()
}

/// Fails unless the checks with that outcome are these.
#[track_caller]
fn assert_outcome(output: &Output, outcome: &str, expected: &[&str]) {
    let outcomes = outcomes(output);
    let got: Vec<_> =
        outcomes.iter().filter(|(_, it)| it == outcome).map(|(check, _)| check.as_str()).collect();
    assert_eq!(got, expected, "{outcome}: {output}");
}

/// The minimal adapter, broken in one place.
#[track_caller]
fn broken(from: &str, to: &str) -> String {
    let text = minimal();
    assert_eq!(text.matches(from).count(), 1, "{from}");
    text.replace(from, to)
}

/// Fails unless exactly this is wrong with an adapter, and the message says so.
#[track_caller]
fn assert_wrong(flags: &[&str], adapter: &str, check: &str, problem: &str) -> Output {
    let output = check_python(flags, adapter).ended_with(1);
    assert_outcome(&output, "wrong", &[check]);
    let report = output.json();
    let findings = report["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["check"] == check).unwrap();
    let said = finding["problem"].as_str().unwrap();
    assert!(said.contains(problem), "{said}");
    assert!(!finding["mend"].as_str().unwrap().is_empty());
    output
}

#[test]
fn the_adapter_of_the_page_has_nothing_wrong() {
    let output = check_python(&[], &minimal()).ended_with(0);
    assert_eq!(output.json()["client"], json!({"name": "minimal", "version": "1.0.0"}));
    let skipped = [
        "tenant",
        "list",
        "concurrent",
        "stream",
        "token-file",
        "reload",
        "clock",
        "classic",
        "refresh",
        "sleep-events",
    ];
    assert_outcome(&output, "skipped", &skipped);
    assert_outcome(&output, "wrong", &[]);
}

#[test]
fn pycentral_comes_along_and_has_nothing_wrong() {
    let scratch = Scratch::new();
    let bin = std::path::Path::new(python::interpreter()).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut command = scratch.greenroom();
    command.args(["adapter", "check", "--json", "--client", "pycentral"]).env("PATH", path);
    let output = run(command).ended_with(0);
    assert_outcome(&output, "wrong", &[]);
    // Its refresh raises a TypeError, which scenarios judge.
    assert_outcome(&output, "skipped", &["stream", "reload", "clock", "refresh", "sleep-events"]);
}

#[test]
fn a_refresh_that_asks_for_nothing_is_told() {
    let adapter = repository().join("fixtures/adapters/pycentral/adapter.py");
    let adapter = std::fs::read_to_string(adapter).unwrap();
    let (before, after) = adapter.split_once("elif verb == \"refresh\":").unwrap();
    let idle = format!("{before}elif verb == \"refresh\": return {{}}\n    elif verb == \"later\":{after}");
    let scratch = Scratch::new();
    scratch.write("adapter.py", &idle);
    let mut command = scratch.greenroom();
    command.args(["adapter", "check", "--json", "--", python::interpreter(), "adapter.py"]);
    let output = run(command).ended_with(1);
    assert_outcome(&output, "wrong", &["refresh"]);
    assert!(output.stdout.contains("no refresh was asked for"), "{output}");
}

#[test]
fn what_is_printed_is_for_people() {
    let scratch = Scratch::new();
    scratch.write("adapter.py", "import sys\nsys.exit('no licence')\n");
    let mut command = scratch.greenroom();
    command.args(["adapter", "check", "--", "python3", "adapter.py"]);
    let output = run(command).ended_with(1);
    insta::assert_snapshot!(output.stdout);
}

#[test]
fn what_cannot_be_started_is_said_in_a_sentence() {
    let said = |output: Output| output.ended_with(2).stderr;
    assert_eq!(said(check(&[], &["no-such-adapter"])), "greenroom: no-such-adapter: command not found\n");
    let scratch = Scratch::new();
    let mut command = scratch.greenroom();
    command.args(["adapter", "check", "--client", "pycentrall"]);
    let unknown = "greenroom: no adapter named \"pycentrall\" comes along, did you mean \"pycentral\"?; there is pycentral, requests-oauthlib, openid-client, ruby-oauth2, bash-curl\n";
    assert_eq!(said(run(command)), unknown);
}

#[test]
fn a_python_without_the_sdk_is_a_clear_sentence() {
    let scratch = Scratch::new();
    // A module of that name hides the SDK, wherever it is installed.
    scratch.write("pycentral.py", "");
    let mut command = scratch.greenroom();
    command.args(["adapter", "check", "--client", "pycentral"]).env("PYTHONPATH", scratch.path(""));
    let output = run(command).ended_with(1);
    assert!(output.stdout.contains("the adapter ended with exit code 1 instead of replying"), "{output}");
    assert!(output.stdout.contains("this python3 has no pycentral"), "{output}");
    assert!(output.stdout.contains("python3 -m pip install --pre pycentral"), "{output}");
}

#[test]
fn the_environment_tells_of_the_emulator_and_lends_no_credentials() {
    let names =
        "','.join(sorted(it for it in os.environ if it.startswith(('GREENROOM_', 'GLP_', 'CENTRAL_'))))";
    let tells = broken("\"message\": \"not known\"", &format!("\"message\": {names}"));
    let scratch = Scratch::new();
    let tells = tells.replace("\"kind\": \"usage\"", "\"kind\": \"other\"");
    scratch.write("adapter.py", &format!("import os\n{tells}"));
    let mut command = scratch.greenroom();
    command.args(["adapter", "check", "--", "python3", "adapter.py"]);
    let theirs = ["GREENROOM_PORT", "GREENROOM_ANYTHING", "GLP_CLIENT_ID", "GLP_CLIENT_SECRET"];
    command.envs(theirs.iter().map(|name| (name, "1"))).env("CENTRAL_CLUSTER_NAME", "EU-1");
    let output = run(command).ended_with(1);
    let names = "kind other: GREENROOM_CENTRAL_URL,GREENROOM_GLP_URL,GREENROOM_SSO_URL,GREENROOM_URL\n";
    assert!(output.stdout.contains(names), "{output}");
}

#[test]
fn adapters_that_do_not_get_far_are_told_why() {
    let dies = broken("case \"hello\":", "case \"hello\":\n            sys.exit(3)");
    let output = assert_wrong(&[], &dies, "hello", "the adapter ended with exit code 3 instead of replying");
    assert_outcome(&output, "fine", &["stdout", "secrets"]);
    let wrong_id = broken("{\"id\": ask[\"id\"]", "{\"id\": ask[\"id\"] + 1");
    assert_wrong(&[], &wrong_id, "hello", "a reply bears the id 2, and no question that is open does");
    let silent = broken("for line in sys.stdin:", "for line in sys.stdin.read().splitlines():");
    assert_wrong(&["--patience", "2s"], &silent, "hello", "no reply came within 2s");
    let text_id = broken("{\"id\": ask[\"id\"]", "{\"id\": str(ask[\"id\"])");
    assert_wrong(&[], &text_id, "hello", "\"id\" of a reply must be a whole number");
    let no_scheme = broken("\"scheme\": \"semver\"", "\"scheme\": \"calver\"");
    assert_wrong(&[], &no_scheme, "hello", "\"scheme\" of a reply must be pep440 or semver");
    let version = broken("\"v\": 1", "\"v\": 2");
    assert_wrong(&[], &version, "hello", "\"v\" must be 1, and is 2");
}

#[test]
fn a_flood_is_an_end() {
    let flood = "while True:\n    print('x' * 4000)\n";
    let output = check_python(&[], flood).ended_with(1);
    assert_outcome(&output, "wrong", &["hello", "stdout"]);
    assert!(output.stdout.contains("stdout is flooded: more came than anybody listens to"), "{output}");
    assert!(output.stdout.len() < 20_000, "the flood is not handed on: {}", output.stdout.len());
}

#[test]
fn claims_are_tried() {
    let claim = |words: &str| broken("\"can\": [\"close\"]", &format!("\"can\": [\"close\", {words}]"));
    assert_wrong(&[], &claim("\"concurent\""), "capabilities", "did you mean \"concurrent\"?");
    assert_wrong(&[], &claim("\"concurrent\""), "concurrent", "ten calls came one after the other");
    assert_wrong(&[], &claim("\"tenant\""), "tenant", "tenant failed with \"ok\": false, kind usage");
    assert_wrong(&[], &claim("\"list\""), "list", "list failed with \"ok\": false, kind usage");
    assert_wrong(&[], &claim("\"classic\""), "classic", "open failed with \"ok\": false, kind usage");
    assert_wrong(&[], &claim("\"refresh\""), "refresh", "it claims refresh and not classic");
    let output = check_python(&[], &claim("\"sleep_events\"")).ended_with(0);
    assert!(outcomes(&output).contains(&("sleep-events".to_owned(), "skipped".to_owned())), "{output}");
}

#[test]
fn what_an_adapter_makes_up_or_leaves_out_is_seen() {
    let made_up = broken("status, answer = client.call(", "status, answer = 200, {\"items\": []}; (");
    let output = check_python(&[], &made_up).ended_with(1);
    assert_outcome(&output, "wrong", &["call-glp", "call-central", "body", "refused-call"]);
    assert!(output.stdout.contains("no request came; the reply is \\\"ok\\\": true, status 200"), "{output}");
    let query = broken("ask.get(\"query\"), body", "None, body");
    let output = check_python(&[], &query).ended_with(1);
    assert_outcome(&output, "wrong", &["call-glp", "call-central"]);
    let body = broken("body or None)", "None)");
    assert_wrong(&[], &body, "body", "the POST came without its body");
    let usage = broken("\"kind\": \"usage\"", "\"kind\": \"other\"");
    assert_wrong(&[], &usage, "unknown-verb", "kind other");
    let strict = broken("case \"call\" if", "case \"call\" if \"later\" not in ask and");
    assert_wrong(&[], &strict, "unknown-member", "kind usage");
    let text = broken("\"status\": status,", "\"status\": str(status),");
    let output = check_python(&[], &text).ended_with(1);
    assert!(output.stdout.contains("\\\"status\\\" of a reply must be a whole number, as 401"), "{output}");
}

#[test]
fn noise_secrets_and_a_bad_end_are_told() {
    let noise = broken("clients = {}", "clients = {}\nprint('starting up')");
    assert_wrong(&[], &noise, "stdout", "starting up");
    let secret =
        broken("self.token = None", "self.token = None\n        print(client_secret, file=sys.stderr)");
    let output = assert_wrong(&[], &secret, "secrets", "the client's secret or a token stands in its output");
    let words = output.json()["last_words"].as_str().unwrap().to_owned();
    assert_eq!(words, "***");
    let token = broken(
        "json.load(answer)[\"access_token\"]",
        "json.load(answer)[\"access_token\"]\n            print('got', self.token, file=sys.stderr)",
    );
    let output = assert_wrong(&[], &token, "secrets", "the client's secret or a token stands in its output");
    assert!(!output.stdout.contains("eyJ"), "{output}");
    let failure = minimal() + "sys.exit(4)\n";
    assert_wrong(&[], &failure, "end", "the adapter ended with exit code 4");
    let left = "import subprocess\nsubprocess.Popen(['sleep', '1000'])\n".to_owned() + &minimal();
    assert_wrong(&[], &left, "end", "it left a process behind, which was killed");
    let deaf = minimal() + "import time\nwhile True:\n    time.sleep(1)\n";
    assert_wrong(&[], &deaf, "end", "it still ran 5s after the end of its stdin, and was killed");
}

#[test]
fn every_line_of_the_page_is_one_of_the_protocol() {
    let page = page();
    let (mut asked, mut heard) = (Vec::new(), 0);
    for line in page.lines() {
        if let Some(line) = line.strip_prefix("→ ").filter(|line| !line.contains("wake")) {
            let ask = Ask::read(line).unwrap();
            asked.push(ask.verb.word());
        } else if let Some(line) = line.strip_prefix("← ") {
            assert!(matches!(Line::parse(line), Line::Reply(_) | Line::Sleep(_)), "{line}");
            heard += 1;
        }
    }
    let classic = ["open", "call"];
    let all = [&["hello", "open", "tenant", "call", "call", "close"][..], &classic].concat();
    assert_eq!((asked, heard), (all, 9));
    for word in Verb::WORDS {
        assert!(page.contains(&format!("| `{word}` |")), "{word} has no row");
    }
}
