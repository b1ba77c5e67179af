//! Rules from a shell, by the real binary.

use crate::harness::{Scratch, run, served::Served};

/// Runs lines in a shell with a running emulator's address in its environment, stopping at the first that fails.
fn shell(scratch: &Scratch, served: &Served, script: &str) -> crate::harness::Output {
    let mut bash = scratch.command("bash");
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_greenroom")).parent().unwrap().to_owned();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    bash.env("GREENROOM_URL", served.url()).env("PATH", path).args(["-euo", "pipefail", "-c", script]);
    run(bash)
}

const CALLS: &str = r#"
TOKEN=$(greenroom tokens issue --as msp --tenant abc)
call() { curl -s -o /dev/null -w '%{http_code} ' -D headers -H "Authorization: Bearer $TOKEN" \
         "$GREENROOM_URL/network-monitoring/v1/device-inventory"; }
"#;

#[test]
fn the_third_call_gets_a_429_and_its_token_runs_out() {
    let scratch = Scratch::new();
    let served = Served::start(&scratch, &["--clock", "frozen"]);
    let script = format!(
        "{CALLS}
greenroom faults add --on 'api:GET /network-monitoring/*' --nth 3 --reply 429 --retry-after 30 \\
    --advance-after-reply 16m
call; call; call; grep -i '^retry-after: 30' headers; call
greenroom faults list
greenroom faults rm rule-1
greenroom faults
greenroom history --count 'api status=429' --expect '= 1'
greenroom history --count 'api status=200' --expect '= 1'"
    );
    let output = shell(&scratch, &served, &script).ended_with(1);
    for line in [
        "rule-1\n200 200 429 ",
        "retry-after: 30\r\n401 ",
        "rule-1                     4     1",
        "no rules are in force",
    ] {
        assert!(output.stdout.contains(line), "{line:?} in {output}");
    }
    assert!(output.stderr.contains("2 requests, expected = 1"), "{output}");
}

#[test]
fn exec_takes_rules_and_expectations() {
    let scratch = Scratch::new();
    let script = r#"curl -s -o /dev/null -w '%{http_code} ' -d grant_type=client_credentials -d "client_id=$GLP_CLIENT_ID" \
        -d "client_secret=$GLP_CLIENT_SECRET" https://sso.common.cloud.hpe.com/as/token.oauth2"#;
    let twice = format!("{script}; {script}");
    let rules =
        scratch.write("rules.yaml", "- when: { op: mint, nth: 2 }\n  do: [{ reply: { status: 503 } }]\n");
    let rules = rules.display().to_string();
    for (flags, code, out, err) in [
        (
            &["--rule", &*rules, "--expect", "mint = 2", "--expect", "mint status=503 = 1"][..],
            0,
            "200 503",
            "",
        ),
        (&["--rule", "{when: {op: mint}, do: [{reply: {status: 429}}], once: true}"], 0, "429 200", ""),
        (&["--expect", "mint <= 1"], 1, "200 200", "mint: 2 requests, expected <= 1"),
        (&["--expect", "exchange >= 1"], 1, "200 200", "exchange: 0 requests, expected >= 1"),
        (&["--expect", "mint"], 125, "", "which requests and how many"),
        (&["--expect", "mint nth=2 = 1"], 125, "", "counted by rules only"),
        (&["--rule", "{when: {op: mint}}"], 125, "", "does nothing"),
    ] {
        let output = run(scratch.exec(flags, &["bash", "-c", &twice])).ended_with(code);
        assert!(output.stdout.contains(out) && output.stderr.contains(err), "{flags:?}: {output}");
    }
    // The program's own failure tells more.
    let output = run(scratch.exec(&["--expect", "mint = 9"], &["bash", "-c", "exit 7"])).ended_with(7);
    assert!(output.stderr.contains("expected = 9"), "{output}");
}

#[test]
fn a_rule_that_cannot_be_is_refused_with_its_place() {
    let scratch = Scratch::new();
    let served = Served::start(&scratch, &[]);
    for (args, mend) in [
        (&["faults", "add", "--on", "api", "--close", "--reset"][..], "close happens on the wire already"),
        (&["faults", "add", "--on", "apy", "--close"], "mint, exchange, refresh, sign_in, api"),
        (&["faults", "add", "--rule", "{when: {op: api}, doo: []}"], "doo"),
        (&["faults", "add", "--on", "api", "--advance", "-1m"], "--advance"),
        (&["faults", "rm", "rule-9"], "no rule named"),
    ] {
        let output = served.control(&scratch, args).ended_with(2);
        assert!(output.stderr.contains(mend), "{args:?}: {output}");
    }
    let list = served.control(&scratch, &["faults", "--json"]).ended_with(0);
    assert_eq!(list.json()["faults"], serde_json::json!([]));
}

#[test]
fn a_phase_begins_and_a_history_knows_it() {
    let scratch = Scratch::new();
    let served = Served::start(&scratch, &["--clock", "frozen"]);
    let script = format!(
        "{CALLS}
call; greenroom phase login; call; call
greenroom history --count 'api phase=login' --expect '= 2'
greenroom phase burst --json"
    );
    let output = shell(&scratch, &served, &script).ended_with(0);
    let said = "200 phase login\n200 200 2\n{\n  \"phase\": \"burst\"\n}\n";
    assert_eq!(output.stdout, said, "{output}");
    let refused = served.control(&scratch, &["phase", ""]).ended_with(2);
    assert!(refused.stderr.contains("1 to 100 characters"), "{refused}");
}

#[test]
fn a_history_refuses_what_it_would_pass_over() {
    let scratch = Scratch::new();
    let served = Served::start(&scratch, &["--clock", "frozen"]);
    for (args, mend) in [
        (&["history", "api nth=2"][..], "counted by rules only"),
        (&["history", "--follow", "api nth=2"], "counted by rules only"),
        (&["history", "--after", "999999"], "there is no entry 999999: the newest is "),
        (&["history", "--follow", "--after", "999999"], "read from 0"),
        (&["history", "--jsonl", "--after", "999999"], "read from 0"),
    ] {
        let output = served.control(&scratch, args).ended_with(2);
        assert!(output.stderr.contains(mend), "{args:?}: {output}");
    }
    // A rule counts.
    served.control(&scratch, &["faults", "add", "--on", "api nth=2", "--close"]).ended_with(0);
}

#[test]
fn a_history_is_followed_waited_for_and_exported() {
    let scratch = Scratch::new();
    let served = Served::start(&scratch, &["--clock", "frozen"]);
    let script = format!(
        "{CALLS}
greenroom faults add --on api --nth 2 --reply 503 --id busy
call; call
greenroom history --follow | head -3 > followed &
(while kill -0 $! 2>/dev/null; do call; done) > calls
# Who follows hears that nobody reads when there is more to tell.
call > more
wait
greenroom history --count 'api status=503' --expect '= 1' --wait 5s
greenroom history --count mint --expect '>= 1' --wait 1ms || echo 'no mint'
greenroom history --jsonl api > run.jsonl
test \"$(wc -l < run.jsonl)\" -ge 4
cat followed"
    );
    let output = shell(&scratch, &served, &script).ended_with(0);
    let lines: Vec<_> = output.stdout.lines().collect();
    assert!(lines.contains(&"busy") && lines.contains(&"no mint"), "{output}");
    let followed = scratch.read("followed");
    assert!(
        followed.contains("note     rule busy added") && followed.contains(" api      200  GET"),
        "{followed}"
    );
    for line in scratch.read("run.jsonl").lines() {
        let entry: greenroom_model::history::Entry = serde_json::from_str(line).unwrap();
        assert!(entry.n > 0);
    }
}
