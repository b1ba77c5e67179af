//! `greenroom verify`: runs the scenarios of the kit against a client, and tells what is broken.

mod progress;
mod telling;

use std::{
    env,
    ffi::OsString,
    fs,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use greenroom_conformance::{
    adapter::Adapter,
    baseline::AllChecks,
    scenario::Profile,
    suite::{Judged, Progress, Report, Suite},
};

pub(crate) use self::progress::Live;
pub(crate) use self::telling::{Ran, Telling};
use crate::{
    exit::{Exit, Failure},
    out, scenarios, stop, timeout,
};

const EXAMPLES: &str = "Examples:
  greenroom verify --client pycentral
  greenroom verify --only 'RTY-*' --only REF-02 -- python adapter.py
  greenroom verify --client pycentral --baseline known.yaml \\
      --report junit=junit.xml --report json=report.json
  greenroom verify --client pycentral --baseline known.yaml --update-baseline
  greenroom verify --profile msp --strict --record runs -- ./adapter

Exit codes: 0 all is as it must be, or known; 1 a MUST is broken (--strict: or a
SHOULD); 2 a wrong flag or file; 3 something broke down, or nothing can be said
about a MUST; 4 the baseline is not true any more. The first of 2, 3, 1, 4 that
applies. Stopped by Ctrl-C: 130; by SIGTERM: 143; clients are ended, and no report
is written.";

/// Run the scenarios of the conformance kit against a client. Without a client: the built-in reference.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct VerifyArgs {
    /// An adapter that comes along: pycentral, requests-oauthlib, openid-client, ruby-oauth2, bash-curl.
    #[arg(long, value_name = "NAME", conflicts_with = "command")]
    client: Option<String>,
    /// Only these scenarios: REF-02, 'RTY-*', 'EXC-02[live]'. May be given several times.
    #[arg(long, value_name = "PATTERN")]
    only: Vec<String>,
    /// Only those of a profile, with what it requires: core, msp, resilience, security, pycentral-docs,
    /// classic.
    #[arg(long, value_name = "PROFILE")]
    profile: Option<Profile>,
    /// Scenario files of your own, or directories of them, instead of those that come along.
    #[arg(long, value_name = "PATH")]
    scenarios: Vec<PathBuf>,
    /// Write each run to DIR/NAME.jsonl, for greenroom judge.
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    /// Run every scenario twice, and fail unless both runs are the same.
    #[arg(long)]
    twice: bool,
    /// How many clients run at once; four a core and at most 16, if nothing is said.
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    jobs: Option<NonZeroUsize>,
    /// For how long a client may give no sign of life, in real time, where its scenario says nothing of it [default: 20s].
    #[arg(long, value_name = "DURATION", value_parser = timeout::parse)]
    patience: Option<Duration>,
    #[command(flatten)]
    telling: Telling,
    /// The command line of an adapter that speaks drive/1.
    #[arg(last = true, value_name = "CMD")]
    command: Vec<OsString>,
}

impl VerifyArgs {
    /// What plugs the client in.
    fn adapter(&self) -> Result<Adapter, Failure> {
        if let Some(name) = &self.client {
            return Adapter::builtin(name).map_err(Failure::new);
        }
        match self.command.split_first() {
            Some((program, arguments)) => Ok(Adapter::command(program, arguments)),
            None => Ok(Adapter::command(own_program()?, ["reference-client"])),
        }
    }

    /// The client as the command line names it.
    fn client(&self) -> String {
        match (&self.client, self.command.is_empty()) {
            (Some(name), _) => format!(" --client {}", quoted(name)),
            (None, true) => String::new(),
            (None, false) => {
                let words: Vec<_> = self.command.iter().map(|word| quoted(&word.to_string_lossy())).collect();
                format!(" -- {}", words.join(" "))
            }
        }
    }

    /// For each scenario the command line that runs it again as it was run.
    fn again(&self, report: &Report) -> Vec<String> {
        if report.client.is_nobody() {
            return vec![format!("greenroom adapter check{}", self.client())];
        }
        let mut flags = self.profile.map(|profile| format!(" --profile {profile}")).unwrap_or_default();
        flags += &scenarios::repeated(&self.scenarios);
        if self.twice {
            flags += " --twice";
        }
        flags += self.telling.repeated();
        let again = |judged: &Judged| {
            let name = quoted(&judged.verdict.name);
            format!("greenroom verify --only {name}{flags}{}", self.client())
        };
        report.scenarios.iter().map(again).collect()
    }
}

fn at_least_one(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "give a whole number from 1 on".to_owned())
}

/// This program, which the reference client is a part of.
pub(crate) fn own_program() -> Result<PathBuf, Failure> {
    env::current_exe().map_err(|error| Failure::new(format!("this program cannot find itself: {error}")))
}

/// A word as a shell reads it.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Runs the command.
pub(crate) async fn verify(args: VerifyArgs) -> Result<Exit, Failure> {
    let telling = args.telling.open()?;
    if let Some(directory) = &args.record {
        fs::create_dir_all(directory)
            .map_err(|error| Failure::new(format!("{} cannot be made: {error}", directory.display())))?;
    }
    let mut live = Live::start();
    let mut failed = None;
    let stop = stop::signals()?;
    // Whoever stops the suite drops it, and with it its clients: they are in process groups of their own, where
    // Ctrl-C does not reach them.
    let ran = tokio::select! {
        ran = run(&args, |progress| {
            if let (Progress::Finished(judged), Some(directory), None) = (&progress, &args.record, &failed) {
                failed = record(directory, judged).err();
            }
            live.tell(&progress);
        }) => Ok(ran),
        code = stop => Err(code),
    };
    live.end();
    let ran = match ran {
        Ok(ran) => ran?,
        Err(code) => {
            out::complain("stopped before it was over: no report is written");
            return Ok(Exit::Stopped(code));
        }
    };
    if let Some(failure) = failed {
        return Err(failure);
    }
    telling.tell(&ran, &args.again(&ran.report))
}

/// Runs the suite. `on_progress` hears of each scenario.
async fn run(args: &VerifyArgs, mut on_progress: impl FnMut(Progress<'_>)) -> Result<Ran, Failure> {
    let loaded = scenarios::read(&args.scenarios)?;
    let all = AllChecks::of(loaded.iter().flat_map(|file| &file.variants).map(|paced| &paced.otherwise));
    let suite = Suite::loaded(loaded)
        .only(&args.only)
        .profile(args.profile)
        .jobs(args.jobs)
        .twice(args.twice)
        .patience(args.patience);
    let report = suite.run(&args.adapter()?, &mut on_progress).await.map_err(Failure::new)?;
    Ok(Ran { report, all })
}

/// Keeps a run.
fn record(directory: &Path, judged: &Judged) -> Result<(), Failure> {
    let Some(run) = &judged.run else { return Ok(()) };
    let file = directory.join(format!("{}.jsonl", run.header.scenario));
    let mut bytes = Vec::new();
    run.write(&mut bytes)
        .and_then(|()| fs::write(&file, bytes))
        .map_err(|error| Failure::new(format!("{} cannot be written: {error}", file.display())))
}
