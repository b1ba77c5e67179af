//! `greenroom adapter`: what plugs a client in, checked before any scenario.

use std::{ffi::OsString, fmt::Write as _, process::ExitCode, time::Duration};

use anstyle::{AnsiColor, Style};
use clap::{Args, Subcommand};
use greenroom_conformance::adapter::{
    Adapter,
    check::{CheckError, Finding, Outcome, Patience, Report, check},
};

use crate::{exit::Failure, out, stop, timeout};

/// 3: it is Greenroom that cannot do it.
const OWN_FAILURE: u8 = 3;

/// Adapters, which plug clients into the conformance kit.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  greenroom adapter check --client pycentral
  greenroom adapter check -- ./adapter.sh

docs/drive.md says how to write one.")]
pub(crate) struct AdapterArgs {
    #[command(subcommand)]
    act: AdapterAct,
}

#[derive(Debug, Subcommand)]
enum AdapterAct {
    /// Ask an adapter everything, against an emulator of its own, and say what it does wrong.
    #[command(after_help = "Examples:
  greenroom adapter check -- python adapter.py
  greenroom adapter check --json -- cargo run --example adapter
  greenroom adapter check --client pycentral --patience 1m

The exit code is 0 if nothing is wrong, 1 if something is, 2 if the adapter cannot \
be started, and 3 if Greenroom itself fails.")]
    Check(CheckArgs),
}

#[derive(Debug, Args)]
struct CheckArgs {
    /// An adapter that comes along: pycentral, requests-oauthlib, openid-client, ruby-oauth2, bash-curl.
    #[arg(long, value_name = "NAME", conflicts_with = "command")]
    client: Option<String>,
    /// How long to wait for a reply, in real time.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = timeout::parse)]
    patience: Duration,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// The command that starts the adapter, and its arguments.
    #[arg(last = true, value_name = "CMD")]
    command: Vec<OsString>,
}

/// Runs the command.
pub(crate) async fn adapter(args: AdapterArgs) -> ExitCode {
    let AdapterAct::Check(args) = args.act;
    match attempt(&args).await {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

async fn attempt(args: &CheckArgs) -> Result<ExitCode, Failure> {
    let adapter = match (&args.client, args.command.split_first()) {
        (Some(name), _) => Adapter::builtin(name).map_err(Failure::new)?,
        (None, Some((program, arguments))) => Adapter::command(program, arguments),
        (None, None) => return Err(Failure::new("no adapter was named: give --client pycentral, or -- CMD")),
    };
    let patience = Patience { reply: args.patience, ..Patience::default() };
    let stop = stop::signals()?;
    let checked = tokio::select! {
        checked = check(&adapter, patience) => checked,
        // The adapter ends with the check that is dropped.
        code = stop => return Ok(ExitCode::from(code)),
    };
    let report = match checked {
        Ok(report) => report,
        Err(CheckError::Start(error)) => return Err(Failure::new(error)),
        Err(CheckError::Emulator(error)) => {
            out::complain(&error.to_string());
            return Ok(ExitCode::from(OWN_FAILURE));
        }
    };
    let shown =
        if args.json { serde_json::to_string_pretty(&report).map_err(Failure::new)? } else { told(&report) };
    out::say(shown.trim_end())?;
    Ok(if report.wrong() > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn told(report: &Report) -> String {
    let mut text = String::new();
    if let Some(client) = &report.client {
        let _ = writeln!(text, "{} {}", client.name, client.version);
    }
    for Finding { check, what, outcome } in &report.findings {
        match outcome {
            Outcome::Fine => {
                let _ = writeln!(text, "{} {check:<15} {what}", marked(AnsiColor::Green, "ok     "));
            }
            Outcome::Wrong { problem, mend } => {
                let _ = writeln!(text, "{} {check:<15} {what}", marked(AnsiColor::Red, "wrong  "));
                let _ = writeln!(text, "          but: {problem}");
                let _ = writeln!(text, "          mend: {mend}");
            }
            Outcome::Skipped { why } => {
                let _ = writeln!(text, "{} {check:<15} {why}", marked(AnsiColor::Yellow, "skipped"));
            }
        }
    }
    if let Some(words) = &report.last_words {
        let _ = writeln!(text, "\nThe adapter's last words:");
        for line in words.lines() {
            let _ = writeln!(text, "  {line}");
        }
    }
    let wrong = match report.wrong() {
        0 => "nothing is wrong".to_owned(),
        1 => "1 thing is wrong".to_owned(),
        more => format!("{more} things are wrong"),
    };
    text + "\n" + &wrong
}

fn marked(color: AnsiColor, word: &str) -> String {
    let style = Style::new().fg_color(Some(color.into()));
    format!("{style}{word}{style:#}")
}
