//! `--scenario` of `serve` and `exec`: the world and the stimuli of a scenario, for a program of one's own.

use crate::harness::{Output, Scratch, run, served::Served};

/// Signs in with what the environment says, and has a token in `$TOKEN`.
const SIGN_IN: &str = r#"
    sign_in() {
        TOKEN=$(curl -s "https://global.api.greenlake.hpe.com/authorization/v2/oauth2/$GLP_WORKSPACE_ID/token" \
            -d grant_type=client_credentials -d client_id="$GLP_CLIENT_ID" -d client_secret="$GLP_CLIENT_SECRET" \
            | sed 's/.*_token":"//; s/".*//')
    }
    devices() {
        curl -s -o body -D head -w '%{http_code}\n' -H "Authorization: Bearer $TOKEN" \
            "https://global.api.greenlake.hpe.com/devices/v1/devices?limit=1"
    }
"#;

/// A scenario of one's own.
const OWN: &str = r#"format: 1
id: REF-90
title: A call is made once
level: MUST
basis: promise
sources: ["seed:002#R3"]
drive: adapter
clock: server
vary: { status: [{ value: 503 }, { value: 429 }] }
world: { use: standard, traps: [trap.example.com] }
steps:
  - { id: open, open: { as: app, mode: unified } }
  - { id: first, call: { client: app, api: glp, method: GET, path: /devices/v1/devices } }
  - { id: second, call: { client: app, api: glp, method: GET, path: /devices/v1/devices } }
stimuli:
  - { id: fails, when: { op: api, phase: first, nth: 1, at: request }, do: [{ reply: { status: $status } }] }
  - { id: later, when: { op: api, phase: second, at: request }, do: [{ reply: { status: 500 } }] }
proofs:
  - { id: failed, answered: { fired: fails, status: $status } }
expect:
  - { id: caller-told, result: { step: first, ok: true, status: $status } }
"#;

/// Runs lines of a shell under `exec`, signed in.
fn shell(scratch: &Scratch, flags: &[&str], lines: &str) -> Output {
    run(scratch.exec(flags, &["sh", "-euc", &format!("{SIGN_IN}\n{lines}")]))
}

#[test]
fn a_program_meets_the_stimuli_of_a_scenario_in_its_world() {
    let scratch = Scratch::new();
    let lines = "sign_in; devices; devices; sign_in; devices";
    let output = shell(&scratch, &["--scenario", "REF-01[unified]"], lines).ended_with(0);
    assert_eq!(output.stdout, "401\n401\n200\n", "{output}");
    assert_eq!(scratch.summary().refused()["expired"], 2);
    assert_eq!(scratch.summary().minted(), ["msp#1", "msp#2"]);
    for told in ["scenario REF-01[unified]: A workspace", "phase hit has begun", "runs-out"] {
        assert!(output.stderr.contains(told), "{told}: {output}");
    }
}

#[test]
fn the_real_sdk_outlives_the_token_of_a_scenario() {
    let scratch = Scratch::new();
    let output =
        scratch.exec_python(&["--scenario", "REF-01"], "inventory_from_environment.py", &[]).ended_with(0);
    assert_eq!(output.stdout, "{\"code\": 200, \"total\": 5}\n", "{output}");
    assert_eq!(scratch.summary().refused()["expired"], 1);
    assert_eq!(scratch.summary().minted(), ["msp#1", "msp#2"]);
}

#[test]
fn without_a_value_of_its_axis_the_first_is_taken_and_said() {
    let scratch = Scratch::new();
    let greenroom = env!("CARGO_BIN_EXE_greenroom");
    let dialect = format!("{greenroom} dialect exchange_expired");
    for (scenario, dialect_is) in [("EXC-02", "=live"), ("EXC-02[gateway_401]", "=gateway_401")] {
        let output = shell(&scratch, &["--scenario", scenario], &dialect).ended_with(0);
        assert!(output.stdout.contains(dialect_is), "{output}");
        let said = output.stderr.contains("the first value of its axis is taken; there are EXC-02[rfc8693]");
        assert_eq!(said, scenario == "EXC-02", "{output}");
    }
    let output = shell(&scratch, &["--quiet", "--scenario", "EXC-02"], "true").ended_with(0);
    assert_eq!(output.stderr, "");
}

#[test]
fn a_file_of_ones_own_has_axis_and_phases_and_a_trap() {
    let scratch = Scratch::new();
    scratch.write("own.yaml", OWN);
    let greenroom = env!("CARGO_BIN_EXE_greenroom");
    let lines = format!(
        "sign_in; devices; devices; {greenroom} phase second >phase; devices
         curl -s -o body -w '%{{http_code}}\\n' https://trap.example.com/"
    );
    for (scenario, status) in [("own.yaml", "503"), ("./own.yaml[429]", "429")] {
        let output = shell(&scratch, &["--scenario", scenario], &lines).ended_with(0);
        assert_eq!(output.stdout, format!("{status}\n200\n500\n404\n"), "{output}");
        assert!(output.stderr.contains("other stimuli wait for greenroom phase second"), "{output}");
        assert_eq!(scratch.summary().minted(), ["solo#1"]);
    }
}

#[test]
fn a_token_that_is_there_from_the_start_is_in_a_variable() {
    let scratch = Scratch::new();
    let lines = "TOKEN=$GREENROOM_TOKEN_MSP; devices";
    let output = shell(&scratch, &["--scenario", "ACQ-09"], lines).ended_with(0);
    assert_eq!(output.stdout, "401\n", "{output}");
    assert_eq!(scratch.summary().refused()["expired"], 1);
    assert_eq!(scratch.summary().minted(), [""; 0]);
}

#[test]
fn ones_own_credentials_are_left_alone_and_said() {
    let scratch = Scratch::new();
    scratch.write("token.yaml", "unified: {client_id: a, client_secret: b}");
    let mut command = scratch.exec(&["--scenario", "REF-01"], &["sh", "-c", "echo $GLP_CLIENT_ID"]);
    command.env("GLP_CLIENT_ID", "foreign");
    let output = run(command).ended_with(0);
    assert!(!output.stdout.contains("foreign"), "{output}");
    for told in ["ignored: GLP_CLIENT_ID: --scenario sets its own", "ignored: ./token.yaml"] {
        assert!(output.stderr.contains(told), "{told}: {output}");
    }
}

#[test]
fn an_emulator_that_serves_a_scenario_says_how_and_its_phase_begins_by_hand() {
    let scratch = Scratch::new();
    let served = Served::start(&scratch, &["--scenario", "RATE-02"]);
    let banner = served.banner();
    let variables: Vec<_> = banner.lines().filter_map(|line| line.strip_prefix("  ")).collect();
    let ask = |lines: &str| {
        let mut command = scratch.command("sh");
        command.args(["-euc", &format!("{SIGN_IN}\nsign_in; {lines}")]);
        command.envs(
            variables.iter().map(|line| line.split_once("  ").unwrap()).map(|(k, v)| (k.trim(), v.trim())),
        );
        run({
            served.route(&mut command);
            command
        })
        .ended_with(0)
        .stdout
    };
    assert_eq!(ask("devices; grep -i ^retry-after head; devices").lines().count(), 3, "{banner}");
    // A date that lies ahead of the answer, whenever that is asked for.
    let head = scratch.read("head");
    assert!(!head.to_lowercase().contains("retry-after"), "the second answer is a good one: {head}");
    for (phase, status) in [("warm", "200"), ("hit", "429")] {
        let line = banner.lines().find(|line| line.ends_with(" hit")).expect("how it begins anew");
        assert!(line.contains(&format!("greenroom phase --url {}", served.url())), "{line}");
        served.control(&scratch, &["phase", phase]).ended_with(0);
        let said = ask("devices");
        assert_eq!(said.trim(), status, "{phase}");
    }
    let head = scratch.read("head");
    let after = |name: &str| {
        let line = head
            .lines()
            .find(|line| line.to_lowercase().starts_with(name))
            .unwrap_or_else(|| panic!("{head}"));
        let date = line.split_once(": ").unwrap().1.trim();
        jiff::fmt::strtime::parse("%a, %d %b %Y %H:%M:%S GMT", date).unwrap().to_datetime().unwrap()
    };
    let wait = after("retry-after").duration_since(after("date")).as_secs();
    assert!((3..60).contains(&wait), "{wait}: {head}");
}

#[test]
fn what_is_no_scenario_is_said_with_the_mend_before_anything_runs() {
    let scratch = Scratch::new();
    scratch.write("own.yaml", OWN);
    scratch.write("bad.yaml", &OWN.replace("op: api, phase: first", "op: apis, phase: first"));
    scratch.write("world.yaml", "workspaces: [{symbol: solo}]");
    let touch = ["--", "touch", "started"];
    for (flags, mend) in [
        (&["--scenario", "RTX-10"][..], "there is no scenario \"RTX-10\", did you mean \"RTY-10\"?"),
        (&["--scenario", "rty-10"], "did you mean \"RTY-10\"?"),
        (&["--scenario", "EXC-02[liv]"], "EXC-02 has no value \"liv\", did you mean \"live\"?"),
        (&["--scenario", "RTY-10[x]"], "RTY-10 has no axis with values: say RTY-10"),
        (&["--scenario", "own.yaml[500]"], "it has 503, 429"),
        (&["--scenario", "none.yaml"], "none.yaml cannot be read"),
        (&["--scenario", "."], ". is a directory; name one scenario file"),
        (&["--scenario", "bad.yaml"], "bad.yaml has 1 mistake\n  line 16, column 30: stimuli[0].when.op"),
        (&["--scenario", "RTY-10", "--world", "world.yaml"], "cannot be used with"),
        (&["--scenario", "RTY-10", "--rng-seed", "7"], "cannot be used with"),
    ] {
        let output = run(scratch.exec(flags, &touch[1..])).ended_with(125);
        assert!(output.stderr.contains(mend), "{flags:?}: {output}");
        let mut serve = scratch.greenroom();
        serve.args(["serve", "--port", "0"]).args(flags);
        let output = run(serve).ended_with(2);
        assert!(output.stderr.contains(mend), "{flags:?}: {output}");
    }
    let adopting = scratch.exec(&["--scenario", "RTY-10", "--adopt", "token.yaml"], &touch[1..]);
    assert!(run(adopting).ended_with(125).stderr.contains("cannot be used with"));
    let mut keeping = scratch.greenroom();
    keeping.args(["serve", "--scenario", "RTY-10", "--state", "kept.yaml"]);
    assert!(run(keeping).ended_with(2).stderr.contains("cannot be used with"));
    assert!(!scratch.path("started").exists());
}
