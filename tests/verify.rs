//! The command line of the conformance kit: flags, files, reports and exit codes, by the real binary.

use std::process::Command;

use greenroom_conformance::{load, report};
use serde_json::{Value, json};

use crate::harness::{Output, Scratch, python, repository, run};

/// A scenario that asks for one call.
const SCENARIO: &str = r#"format: 1
id: REF-90
title: A call is made once, and its caller is told
level: MUST
basis: promise
sources: ["seed:002#R3", "rfc:6750#3.1"]
drive: adapter
clock: server
world: { use: standard }
steps:
  - { id: open, open: { as: app, mode: unified } }
  - { id: hit, call: { client: app, api: glp, method: GET, path: /devices/v1/devices } }
proofs:
  - { id: asked, sent: [hit] }
expect:
  - { id: caller-told, result: { step: hit, ok: true, status: 200 } }
  - { id: asked-once, level: SHOULD, count: { of: { op: api }, is: "= 1" } }
"#;

/// A file with a run of that scenario: the client asks `times` times, and hands `status` on.
fn recorded(scratch: &Scratch, name: &str, times: u64, status: u16) {
    let digest = load::load(SCENARIO).unwrap().digest;
    let client = json!({"name": "app", "version": "2.0a25", "scheme": "pep440", "can": []});
    let header = json!({"format": 1, "scenario": "REF-90", "played": digest, "client": client, "dropped": 0});
    let mut lines = vec![header];
    let mut add = |event: Value| {
        let mut entry = json!({"n": lines.len(), "at": "2026-11-23T05:00:00Z", "real_ms": lines.len()});
        entry.as_object_mut().unwrap().extend(event.as_object().unwrap().clone());
        lines.push(entry);
        lines.len() as u64 - 1
    };
    add(json!({"world": {"seed": 1, "workspaces": {"standard": "7c1de0a25b3f11ee86a19d42f7b35e60"}}}));
    add(json!({"step": {"id": 1, "step": "open", "verb": "open", "object": "app"}}));
    add(json!({"reply": {"id": 1, "step": "open", "ok": true}}));
    let step = json!({"id": 2, "step": "hit", "verb": "call", "client": "app", "api": "glp", "method": "GET",
        "path": "/devices/v1/devices"});
    add(json!({"step": step}));
    for _ in 0..times {
        let token = json!({"symbol": "app#1", "standing": "live", "age": 1, "remaining": 899});
        let request = add(json!({"request": {"connection": 1, "phase": "hit", "op": "api", "http": "1.1",
            "tls": true, "host": "global.api.greenlake.hpe.com", "method": "GET", "path": "/devices/v1/devices",
            "headers": [["authorization", "Bearer app#1"]], "token": token}}));
        add(json!({"response": {"request": request, "status": status, "decision": "answered"}}));
    }
    add(json!({"reply": {"id": 2, "step": "hit", "ok": true, "status": status}}));
    add(json!({"exit": {"code": 0}}));
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    scratch.write(name, &text);
}

/// A directory with the scenario, a good run and a bad one.
fn prepared() -> Scratch {
    let scratch = Scratch::new();
    scratch.write("ref-90.yaml", SCENARIO);
    recorded(&scratch, "good.jsonl", 1, 200);
    recorded(&scratch, "twice.jsonl", 2, 200);
    recorded(&scratch, "bad.jsonl", 2, 401);
    scratch
}

fn greenroom(scratch: &Scratch, args: &[&str]) -> Command {
    let mut command = scratch.greenroom();
    command.args(args).env_remove("GITHUB_ACTIONS").env_remove("CI");
    command
}

/// Judges a run again by the scenario beside it.
fn judge(scratch: &Scratch, file: &str, flags: &[&str]) -> Output {
    run(greenroom(scratch, &[&["judge", file, "--scenarios", "ref-90.yaml"], flags].concat()))
}

#[test]
fn wrong_flags_are_2_and_name_the_mend() {
    let scratch = Scratch::new();
    for (args, mend) in [
        (&["verify", "--report", "junt=x"][..], "did you mean \"junit\"?"),
        (&["verify", "--report", "json"], "json=FILE"),
        (&["verify", "--update-baseline"], "--baseline"),
        (&["verify", "--profile", "secruity"], "did you mean \"security\"?"),
        (&["verify", "--jobs", "0"], "give a whole number from 1 on"),
        (&["verify", "--report", "json=-"], "--json prints the report on stdout"),
        (&["adapter", "check"], "or -- CMD"),
        (&["verify", "--client", "x", "--", "true"], "--client"),
        (&["verify", "--baseline", "none.yaml"], "--update-baseline writes the first one"),
        (&["judge"], "FILE|DIR"),
        (&["judge", "none.jsonl"], "none.jsonl cannot be read"),
        (&["scenarios"], "list"),
        (&["scenarios", "check"], "FILE|DIR"),
        (&["scenarios", "check", "."], "holds no .yaml file"),
    ] {
        let output = run(greenroom(&scratch, args)).ended_with(2);
        assert!(output.stderr.contains(mend), "{args:?}: {output}");
    }
}

#[test]
fn a_bad_baseline_is_told_by_line_and_mend_before_anything_runs() {
    let scratch = prepared();
    scratch.write("known.yaml", "client: app\nknown:\n  - { check: REF-90.x, verdict: FAL, reason: \"\" }\n");
    for args in
        [&["verify", "--baseline", "known.yaml"][..], &["judge", "bad.jsonl", "--baseline", "known.yaml"]]
    {
        let output = run(greenroom(&scratch, args)).ended_with(2);
        for told in [
            "known.yaml has 2 mistakes",
            "line 3, column 33: known[0].verdict: there is no verdict \"FAL\"; did you mean FAIL?",
            "line 3, column 46: known[0].reason: is empty; say why it is so",
        ] {
            assert!(output.stderr.contains(told), "{told}: {output}");
        }
    }
    scratch.write("known.yaml", "client: other\nknown: []\n");
    let output = judge(&scratch, "bad.jsonl", &["--baseline", "known.yaml"]).ended_with(2);
    assert!(output.stderr.contains("line 1, column 9: client: it is about \"other\""), "{output}");
}

#[test]
fn scenarios_are_checked_listed_and_shown() {
    let scratch = prepared();
    let checked = run(greenroom(&scratch, &["scenarios", "check", "ref-90.yaml"])).ended_with(0);
    assert_eq!(checked.stdout.trim(), "1 file with 1 scenario: all is well");
    scratch.write("bad.yaml", &SCENARIO.replace("level: MUST", "level: MUTS"));
    let bad = run(greenroom(&scratch, &["scenarios", "check", "."])).ended_with(2);
    assert!(bad.stderr.contains("bad.yaml has 1 mistake") && bad.stderr.contains("line 4"), "{bad}");
    let of = ["--scenarios", "ref-90.yaml"];
    let list = run(greenroom(&scratch, &[&["scenarios", "list"][..], &of].concat())).ended_with(0);
    assert!(list.stdout.contains("REF-90") && list.stdout.contains("A call is made once"), "{list}");
    let list = run(greenroom(&scratch, &[&["scenarios", "list", "--json"][..], &of].concat())).ended_with(0);
    assert_eq!(list.json()[0]["checks"], json!(["caller-told", "asked-once"]));
    let shown = run(greenroom(&scratch, &[&["scenarios", "show", "REF-90"][..], &of].concat())).ended_with(0);
    assert!(shown.stdout.contains("https://www.rfc-editor.org/rfc/rfc6750.html#section-3.1"), "{shown}");
    let none = run(greenroom(&scratch, &[&["scenarios", "show", "REF-9O"][..], &of].concat())).ended_with(2);
    assert!(none.stderr.contains("did you mean \"REF-90\"?"), "{none}");
    let schema = run(greenroom(&scratch, &["scenarios", "schema"])).ended_with(0);
    assert!(schema.json()["properties"]["steps"].is_object());
}

#[test]
fn a_run_is_judged_again_with_the_codes_of_the_kit() {
    let scratch = prepared();
    let good = judge(&scratch, "good.jsonl", &["--strict"]).ended_with(0);
    assert!(good.stdout.contains("PASS") && good.stdout.contains("1 requirement proven: 1 MUST"), "{good}");
    judge(&scratch, "twice.jsonl", &[]).ended_with(0);
    judge(&scratch, "twice.jsonl", &["--strict"]).ended_with(1);
    let bad = judge(&scratch, "bad.jsonl", &[]).ended_with(1);
    insta::assert_snapshot!(bad.stdout);

    let known = "client: app\nknown:\n  # Both.\n  - { check: \"REF-90.*\", verdict: FAIL, reason: r }\n  \
                 - { check: REF-90.asked-once, verdict: WARN, when: \">=2.0a1, <2.0a99\", reason: r }\n";
    scratch.write("known.yaml", known);
    let with = ["--baseline", "known.yaml", "--strict"];
    let output = judge(&scratch, "bad.jsonl", &with).ended_with(0);
    assert!(output.stdout.contains("known REF-90.caller-told FAIL: r"), "{output}");
    let stale = judge(&scratch, "good.jsonl", &with).ended_with(4);
    assert!(stale.stdout.contains("line 5: REF-90.asked-once passes; remove the entry"), "{stale}");
    judge(&scratch, "good.jsonl", &["--baseline", "known.yaml", "--update-baseline"]).ended_with(0);
    assert_eq!(scratch.read("known.yaml"), "client: app\nknown: []\n  # Both.\n");
    let added =
        judge(&scratch, "bad.jsonl", &["--baseline", "known.yaml", "--update-baseline"]).ended_with(0);
    assert!(added.stdout.contains("added    REF-90.caller-told"), "{added}");
    let refused = judge(&scratch, "bad.jsonl", &with).ended_with(2);
    assert!(refused.stderr.contains("reason: is empty"), "{refused}");
    scratch.write("known.yaml", &scratch.read("known.yaml").replace("\"\"", "because"));
    judge(&scratch, "bad.jsonl", &with).ended_with(0);
}

#[test]
fn runs_that_cannot_be_judged_are_2_or_3() {
    let scratch = prepared();
    let trouble = scratch.read("good.jsonl").replacen("\"dropped\":0", "\"dropped\":7", 1);
    scratch.write("dropped.jsonl", &trouble);
    let output = judge(&scratch, "dropped.jsonl", &[]).ended_with(3);
    assert!(output.stdout.contains("7 entries of the history were dropped"), "{output}");
    scratch.write("ref-90.yaml", &SCENARIO.replace("once, and", "once and"));
    let output = judge(&scratch, "good.jsonl", &[]).ended_with(2);
    assert!(output.stderr.contains("REF-90 is another one than was played"), "{output}");
    scratch.write("broken.jsonl", "{\"format\": 1");
    let output = judge(&scratch, "broken.jsonl", &[]).ended_with(2);
    assert!(output.stderr.contains("broken.jsonl: line 1"), "{output}");
}

#[test]
fn reports_are_valid_for_those_who_read_them() {
    let scratch = prepared();
    scratch
        .write("known.yaml", "client: app\nknown:\n  - { check: REF-90.gone, verdict: FAIL, reason: r }\n");
    let flags = ["--baseline", "known.yaml", "--report", "junit=junit.xml", "--report", "json=report.json"];
    judge(&scratch, "bad.jsonl", &flags).ended_with(1);
    let schema = repository().join("fixtures/schemas/junit-10.xsd").into_os_string().into_string().unwrap();
    let words = python::invocation("valid_xml.py", &[&schema, "junit.xml"]);
    let mut validate = scratch.command(words[0]);
    validate.args(&words[1..]);
    assert_eq!(run(validate).ended_with(0).stdout.trim(), "valid");
    let junit = scratch.read("junit.xml");
    assert!(junit.contains("<testsuite name=\"REF\" tests=\"2\" failures=\"1\""), "{junit}");

    let document: Value = serde_json::from_str(&scratch.read("report.json")).unwrap();
    let validator = jsonschema::draft202012::new(&report::schema()).unwrap();
    let errors: Vec<_> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!((&document["exit"], &document["summary"]["checks"]["FAIL"]), (&json!(1), &json!(1)));
    let printed = judge(&scratch, "bad.jsonl", &["--baseline", "known.yaml", "--json"]).ended_with(1);
    assert_eq!(printed.json(), document);

    let mut github = greenroom(&scratch, &["judge", "bad.jsonl", "--scenarios", "ref-90.yaml"]);
    github.args(["--baseline", "known.yaml"]).env("GITHUB_ACTIONS", "true");
    let output = run(github).ended_with(1);
    assert!(
        output.stdout.contains("\n::error title=FAIL REF-90.caller-told::A call is made once"),
        "{output}"
    );
    assert!(output.stdout.contains("::error file=known.yaml,line=3,title=stale baseline::"), "{output}");
}

#[test]
fn a_report_that_cannot_be_written_is_said() {
    let scratch = prepared();
    let output = judge(&scratch, "good.jsonl", &["--report", "json=no/such/place.json"]).ended_with(2);
    assert!(output.stderr.contains("no/such/place.json cannot be written"), "{output}");
}

/// An adapter that says who it is, and then what `then` says.
fn introduced(then: &str) -> String {
    let hello = r#"{"id":1,"ok":true,"v":1,"name":"app","version":"1.0.0","scheme":"semver","can":[]}"#;
    format!("read -r hello; echo '{hello}'; {then}")
}

/// Says yes to everything, and sends nothing.
const YES: &str = "n=1; while read -r ask; do n=$((n+1)); echo \"{\\\"id\\\":$n,\\\"ok\\\":true,\\\"status\\\":200}\"; done";

#[test]
fn whoever_stops_verify_ends_its_clients() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let scratch = Scratch::new();
        // The one that is only asked who it is reads no further question; the next one stops the kit.
        let hangs =
            format!("read -r ask || exit 0; sleep 600 & echo $! $$ > pids; kill -{signal} $PPID; wait");
        let mut verify = greenroom(&scratch, &["verify", "--only", "ACQ-01", "--report", "json=report.json"]);
        verify.args(["--", "sh", "-c", &introduced(&hangs)]);
        let output = run(verify).ended_with(code);
        assert!(output.stderr.contains("no report is written"), "{output}");
        assert!(!scratch.path("report.json").exists());
        for pid in scratch.read("pids").split_whitespace() {
            // They were sent SIGKILL; nobody can be waited for who is not one's own child.
            let lives = || {
                let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
                stat.is_ok_and(|stat| !stat.contains(") Z "))
            };
            let gone = (0..1_000_000).any(|_| {
                std::thread::yield_now();
                !lives()
            });
            assert!(gone, "process {pid} is an orphan");
        }
    }
}

#[test]
fn nothing_chosen_is_no_success() {
    let scratch = Scratch::new();
    for (args, told) in [
        (&["verify", "--only", "ACQ-01", "--profile", "msp"][..], "that --only names is of profile msp"),
        (
            &["verify", "--only", "NET-01"],
            "NET-01 has no scenario: not scored: it needs a road without a proxy",
        ),
        (&["verify", "--only", "NOPE-9"], "no scenario of `greenroom scenarios list` is called NOPE-9"),
    ] {
        let output = run(greenroom(&scratch, args)).ended_with(2);
        assert!(output.stderr.contains(told), "{args:?}: {output}");
        assert_eq!(output.stdout, "");
    }
}

#[test]
fn a_client_that_never_says_who_it_is_is_3_with_all_reports() {
    let wild = r#"read -r hello; printf '%s\n' '{"id":1,"ok":true,"v":1,"name":"a\u001b[2J","version":"1","scheme":"semver","can":[]}'; cat"#;
    for (client, told) in [
        ("exit 7", "before it said who it is"),
        ("echo oh no >&2; kill -9 $$", "oh no"),
        ("read -r hello; echo '{\"id\":1}'; cat", "breaks drive/1"),
        (wild, "must have no control characters"),
    ] {
        let scratch = Scratch::new();
        scratch.write("known.yaml", "client: other\nknown: []\n");
        let flags =
            ["--report", "json=report.json", "--report", "junit=junit.xml", "--baseline", "known.yaml"];
        let mut verify = greenroom(&scratch, &[&["verify", "--only", "ACQ-*"][..], &flags].concat());
        verify.args(["--", "sh", "-c", client]);
        let output = run(verify).ended_with(3);
        assert!(output.stdout.contains("ERROR         hello") && output.stdout.contains(told), "{output}");
        assert!(output.stdout.contains("greenroom adapter check -- sh -c"), "{output}");
        let report: Value = serde_json::from_str(&scratch.read("report.json")).unwrap();
        assert_eq!((&report["exit"], &report["summary"]["checks"]["ERROR"]), (&json!(3), &json!(1)));
        assert!(scratch.read("junit.xml").contains("errors=\"1\""));
    }
    let scratch = Scratch::new();
    let output = run(greenroom(&scratch, &["verify", "--", "no-such-program"])).ended_with(2);
    assert!(output.stderr.contains("command not found"), "{output}");
}

#[test]
fn the_line_that_tells_it_again_has_the_flags_of_the_run() {
    let scratch = prepared();
    let bad = judge(&scratch, "bad.jsonl", &["--strict"]).ended_with(1);
    assert!(bad.stdout.contains("greenroom judge bad.jsonl --scenarios ref-90.yaml --strict\n"), "{bad}");
    let yes = introduced(&format!("echo noise; {YES}"));
    let args =
        ["verify", "--only", "REF-90", "--scenarios", "ref-90.yaml", "--twice", "--strict", "--", "sh"];
    let mut verify = greenroom(&scratch, &args);
    verify.args(["-c", &yes]);
    let output = run(verify).ended_with(3);
    let again = "greenroom verify --only REF-90 --scenarios ref-90.yaml --twice --strict -- sh -c 'read";
    assert!(output.stdout.contains(again), "{output}");
    // Nothing arrived: that is nobody's verdict.
    assert!(output.stdout.contains("through the proxy of HTTPS_PROXY"), "{output}");
    assert!(output.stdout.contains("the client printed 1 line on stdout that are no drive/1"), "{output}");
}

#[test]
fn an_id_is_of_one_file() {
    let scratch = prepared();
    scratch.write("other.yaml", &SCENARIO.replace("once, and", "once and"));
    for args in [
        &["scenarios", "check", "."][..],
        &["verify", "--scenarios", "ref-90.yaml", "--scenarios", "other.yaml"],
    ] {
        let output = run(greenroom(&scratch, args)).ended_with(2);
        for told in ["other.yaml", "ref-90.yaml", "both REF-90"] {
            assert!(output.stderr.contains(told), "{told}: {output}");
        }
    }
    std::fs::write(scratch.path("other.yaml"), b"format: 1\nid: \xff\n").unwrap();
    let output = run(greenroom(&scratch, &["scenarios", "check", "other.yaml"])).ended_with(2);
    assert!(output.stderr.contains("other.yaml: line 2 is not UTF-8: save the file as UTF-8"), "{output}");
}
