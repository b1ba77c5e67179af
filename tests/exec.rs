//! `greenroom exec`: exit codes, guard rails, put-back, and what the summary says.

use crate::harness::{Scratch, run};

const UNIFIED: &str = "unified:\n    client_id: abc   # kept\n    client_secret: 'pw'\n    \
                       workspace_id: 5d1f0c3e-8a4b-11f0-9c2d-0242ac120002\n";

#[test]
fn the_exit_code_is_that_of_the_command() {
    let scratch = Scratch::new();
    let not_executable = scratch.write("plain.txt", "x").display().to_string();
    for (cmd, code) in [
        (&["true"][..], 0),
        (&["sh", "-c", "exit 7"], 7),
        (&["sh", "-c", "kill -9 $$"], 137),
        (&["/nonexistent/program"], 127),
        (&[&not_executable], 126),
    ] {
        run(scratch.exec(&["--quiet"], cmd)).ended_with(code);
    }
}

#[test]
fn hpes_own_curl_sample_works_with_its_stray_range() {
    let scratch = Scratch::new();
    let script = r#"
        ISSUER=https://global.api.greenlake.hpe.com/authorization/v2/oauth2
        curl -s -r POST "$ISSUER/$GLP_WORKSPACE_ID/token" -H 'Content-Type: application/x-www-form-urlencoded' \
            -d grant_type=client_credentials -d client_id="$GLP_CLIENT_ID" -d client_secret="$GLP_CLIENT_SECRET"
    "#;
    let output = run(scratch.exec(&[], &["sh", "-c", script])).ended_with(0);
    assert_eq!((&output.json()["expires_in"], &output.json()["token_type"]), (&899.into(), &"Bearer".into()));
    assert_eq!(scratch.summary().minted(), ["msp#1"]);
}

#[test]
fn a_refused_unknown_client_is_told_how_to_be_adopted() {
    let scratch = Scratch::new();
    let script = "curl -s https://sso.common.cloud.hpe.com/as/token.oauth2 -u me:secret -d grant_type=client_credentials";
    let output = run(scratch.exec(&[], &["sh", "-c", script])).ended_with(0);
    assert_eq!(output.json()["error"], "invalid_client");
    assert!(output.stderr.contains("--adopt") && output.stderr.contains("GLP_CLIENT_ID"), "{output}");
    assert!(!output.stderr.contains("secret:") && !output.stderr.contains("me:secret"), "{output}");
}

#[test]
fn too_many_requests_end_the_command_and_say_why() {
    let scratch = Scratch::new();
    let script = "while :; do curl -s https://sso.common.cloud.hpe.com/pf/JWKS; echo; done";
    let output = run(scratch.exec(&["--max-requests", "3"], &["bash", "-c", script]));
    assert_ne!(output.code, Some(0), "{output}");
    assert_eq!(output.stdout.matches("\"kty\"").count(), 3, "{output}");
    assert!(output.stderr.contains("more than 3 requests"), "{output}");
}

/// The guard rail races with a program that ends at once: neither may win with a 0.
#[test]
fn a_command_that_ends_at_the_refusal_was_ended_too() {
    let scratch = Scratch::new();
    let ask = "curl -s https://sso.common.cloud.hpe.com/pf/JWKS";
    let by_curl = format!("{ask}; {ask}; exit 0");
    // As fast as can be: it goes at the first byte of the answer.
    let at_once = "address=${GREENROOM_URL#http://}; for n in 1 2; do exec 3<>\"/dev/tcp/${address%:*}/${address#*:}\"; \
                   printf 'GET /pf/JWKS HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n' >&3; read -r -n 1 <&3; done; exit 0";
    for script in std::iter::once(&*by_curl).chain([at_once; 10]) {
        let output = run(scratch.exec(&["--max-requests", "1"], &["bash", "-c", script]));
        assert_ne!(output.code, Some(0), "{output}");
        assert!(output.stderr.contains("more than 1 requests"), "{output}");
    }
}

#[test]
fn a_command_that_takes_too_long_is_ended() {
    let scratch = Scratch::new();
    let output = run(scratch.exec(&["--timeout", "100ms"], &["sleep", "1000"]));
    assert_ne!(output.code, Some(0), "{output}");
    assert!(output.stderr.contains("--timeout"), "{output}");
}

#[test]
fn credentials_that_cannot_be_adopted_are_125_and_name_the_mend() {
    let scratch = Scratch::new();
    for (content, mend) in [
        ("unified:\n  client_id: abc\n  workspace_id: 5d1f0c3e8a4b11f09c2d0242ac120002\n", "client_secret"),
        ("unified:\n  client_id: a\n  client_secret: b\n  workspace_id: nonsense\n", "workspace_id"),
        (
            "unified:\n  client_id: a\n  client_secret: b\n  base_url: https://www.example.com\n",
            "base_url names a host",
        ),
        ("unified: [", "token.yaml"),
    ] {
        scratch.write("token.yaml", content);
        let output = run(scratch.exec(&[], &["true"])).ended_with(125);
        assert!(output.stderr.contains(mend), "{output}");
        assert_eq!(scratch.read("token.yaml"), content);
    }
}

#[test]
fn a_killed_exec_is_mended_by_the_next_one() {
    let scratch = Scratch::new();
    scratch.write("token.yaml", UNIFIED);
    // The command kills the exec that runs it, after the token file was rewritten as pycentral does.
    let script = "printf 'unified:\\n  client_id: abc\\n  client_secret: pw\\n  workspace_id: \
                  5d1f0c3e-8a4b-11f0-9c2d-0242ac120002\\n  access_token: x\\n' > token.yaml; kill -9 $PPID";
    let killed = run(scratch.exec(&[], &["sh", "-c", script]));
    assert_eq!(killed.code, None, "{killed}");
    assert!(scratch.read("token.yaml").contains("access_token"));
    let output = run(scratch.exec(&[], &["cat", "token.yaml"])).ended_with(0);
    assert_eq!(output.stdout, UNIFIED, "{output}");
    assert_eq!(scratch.read("token.yaml"), UNIFIED);
}

#[test]
fn a_terminated_exec_ends_its_command_and_puts_the_file_back() {
    let scratch = Scratch::new();
    scratch.write("token.yaml", UNIFIED);
    let script = "trap 'exit 9' TERM; echo changed > token.yaml; kill -TERM $PPID; while :; do read -r _ || wait; done";
    let output = run(scratch.exec(&[], &["bash", "-c", &format!("exec 0< <(tail -f /dev/null); {script}")]));
    assert_eq!(output.code, Some(9), "{output}");
    assert_eq!(scratch.read("token.yaml"), UNIFIED);
}

/// A secret that is rotated while a program runs must not be lost to the old one.
#[test]
fn an_edited_token_file_is_left_alone_and_reported() {
    let scratch = Scratch::new();
    scratch.write("token.yaml", UNIFIED);
    let script = "sed -i \"s/'pw'/'rotated'/\" token.yaml; exit 3";
    let output = run(scratch.exec(&["--quiet"], &["sh", "-c", script])).ended_with(3);
    assert_eq!(scratch.read("token.yaml"), UNIFIED.replace("'pw'", "'rotated'"));
    let token = scratch.path("token.yaml").canonicalize().unwrap().display().to_string();
    assert!(output.stderr.contains(&token) && output.stderr.contains(".saved"), "{output}");
    assert!(!output.stderr.contains("rotated"), "{output}");
    let copy =
        output.stderr.split_whitespace().find_map(|word| word.strip_suffix(';')?.strip_suffix(".saved"));
    let copy = std::fs::read_to_string(format!("{}.saved", copy.unwrap())).unwrap();
    assert!(copy.ends_with(UNIFIED), "{copy}");
}

#[test]
fn a_quiet_exec_mends_in_silence() {
    let scratch = Scratch::new();
    scratch.write("token.yaml", UNIFIED);
    run(scratch.exec(&[], &["sh", "-c", "echo > token.yaml; kill -9 $PPID"]));
    let output = run(scratch.exec(&["--quiet"], &["cat", "token.yaml"])).ended_with(0);
    assert_eq!((&*output.stdout, &*output.stderr), (UNIFIED, ""));
}

/// Control leaves no request in the history, and is no sign of a proxy that was ignored.
#[test]
fn a_command_that_calls_nothing_but_control_is_not_told_that_nothing_arrived() {
    for (script, hint) in [
        (
            "curl -sf -o /dev/null $GREENROOM_URL/_greenroom/v1/clock",
            "no request to a host of HPE arrived: if ",
        ),
        ("true", "no request arrived: "),
    ] {
        let output = run(Scratch::new().exec(&[], &["sh", "-c", script])).ended_with(0);
        assert!(output.stderr.contains("greenroom: 0 requests\n"), "{script}: {output}");
        let told: Vec<_> =
            output.stderr.lines().filter_map(|line| line.trim().strip_prefix("hint")).collect();
        assert_eq!(told.len(), 1, "{script}: {output}");
        assert!(told[0].trim().starts_with(hint), "{script}: {output}");
    }
}

#[test]
fn two_execs_do_not_meet() {
    let scratch = Scratch::new();
    let script = "curl -s $GREENROOM_URL/_greenroom/v1/clock -d '{\"advance\":\"1h\"}' > /dev/null; \
                  greenroom_once() { curl -s $GREENROOM_URL/_greenroom/v1/history; }; greenroom_once";
    let ends: Vec<_> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    run(Scratch::new().exec(&["--quiet"], &["bash", "-c", script])).ended_with(0).json()
                })
            })
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    drop(scratch);
    for history in ends {
        let moves = history["events"].as_array().unwrap().iter().filter(|event| event.get("clock").is_some());
        assert_eq!(moves.count(), 1);
    }
}

#[test]
fn a_link_that_the_command_replaced_is_a_link_again() {
    let scratch = Scratch::new();
    scratch.write("real.yaml", UNIFIED);
    std::os::unix::fs::symlink("real.yaml", scratch.path("token.yaml")).unwrap();
    let script = "echo new > t.tmp && mv t.tmp token.yaml";
    run(scratch.exec(&[], &["sh", "-c", script])).ended_with(0);
    assert_eq!(std::fs::read_link(scratch.path("token.yaml")).unwrap().to_str(), Some("real.yaml"));
    assert_eq!(scratch.read("token.yaml"), UNIFIED);
}
