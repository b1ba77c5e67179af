//! The flags of `exec`, and what CMD is given.

use clap::Parser;

use super::*;

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    args: ExecArgs,
}

fn parse(line: &[&str]) -> Result<ExecArgs, String> {
    let line = ["exec"].iter().chain(line);
    Line::try_parse_from(line).map(|line| line.args).map_err(|error| error.to_string())
}

#[test]
fn all_flags_are_read_and_the_command_is_left_alone() {
    let args = parse(&[
        "--adopt",
        "t.yaml",
        "--keep-token-file",
        "--token-life",
        "20s",
        "--token-life",
        "tenant=5m",
        "--clock",
        "x60",
        "--start-time",
        "2030-01-01T00:00:00Z",
        "--expire",
        "tenant@api#3",
        "--expire",
        "sso@api",
        "--dialect",
        "rfc",
        "--dialect",
        "audit=mutations",
        "--rng-seed",
        "7",
        "--max-requests",
        "9",
        "--timeout",
        "1h 30m",
        "--direct",
        "packages.example.org",
        "--summary",
        "json=out.json",
        "--quiet",
        "--",
        "python",
        "--quiet",
        "x,y",
    ])
    .unwrap();
    assert_eq!(args.command, ["python", "--quiet", "x,y"]);
    assert_eq!((args.expire.len(), args.command.len()), (2, 3));
    assert_eq!(args.timeout, Some(Duration::from_secs(5_400)));
    assert_eq!(args.summary, SummaryForm::Json("out.json".into()));
    assert!(args.keep_token_file && args.quiet);
    let args = parse(&["--", "true"]).unwrap();
    assert_eq!(args.max_requests, 100_000);
}

#[test]
fn wrong_flags_say_what_is_right() {
    for (line, expected) in [
        (&[][..], "Usage: exec -- <CMD>..."),
        (&["--expire", "tenant", "--", "x"], "as in tenant@api#3"),
        (&["--token-life", "0s", "--", "x"], "from 1s to ten years"),
        (&["--clock", "fast", "--", "x"], "say real, frozen or x60"),
        (&["--start-time", "soon", "--", "x"], "2030-01-01T00:00:00Z"),
        (&["--dialect", "exchange_expird=live", "--", "x"], "did you mean \"exchange_expired\""),
        (&["--max-requests", "0", "--", "x"], "0 is not in 1.."),
        (&["--timeout", "0s", "--", "x"], "too short"),
        (&["--direct", "hpe.com", "--", "x"], "a host of HPE"),
        (&["--summary", "xml", "--", "x"], "write text or json=FILE"),
    ] {
        let error = parse(line).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn an_end_at_the_refusal_is_the_guard_rails() {
    let args = parse(&["--max-requests", "1", "--", "x"]).unwrap();
    for (before, code) in [(Ended::Exit(0), 125), (Ended::Exit(7), 7), (Ended::Signal(9), 137)] {
        let after = unless_exhausted(&args, before.clone(), future::pending()).await;
        assert_eq!(after, before);
        let after = unless_exhausted(&args, before, future::ready(())).await;
        assert!(
            matches!(&after, Ended::GuardRail { reason, .. } if reason.contains("more than 1")),
            "{after:?}"
        );
        assert_eq!(after.code(), code);
    }
    let missing = Ended::NotFound("x".to_owned());
    assert_eq!(unless_exhausted(&args, missing.clone(), future::ready(())).await, missing);
}

#[test]
fn a_program_without_credentials_gets_the_samples() {
    let args = parse(&["--rng-seed", "7", "--", "x"]).unwrap();
    let Shape { world, .. } = args.shape.shape(None, clock::wall_now()).unwrap();
    let variables = lent_credentials(&world, None);
    let names: Vec<_> = variables.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names[..4], ["GLP_CLIENT_ID", "GLP_CLIENT_SECRET", "GLP_WORKSPACE_ID", "CENTRAL_BASE_URL"]);
    assert!(
        names[4..].iter().all(|name| name.starts_with("CLASSIC_CENTRAL_")) && names.len() == 10,
        "{names:?}"
    );
    let client = world.client(world.client_named(&variables[0].1).unwrap());
    assert_eq!(
        (client.name.as_str(), client.secret.value().unwrap().reveal()),
        ("msp", variables[1].1.as_str())
    );
    assert_eq!(world.workspace_named(&variables[2].1), world.workspace_named("msp"));
}
