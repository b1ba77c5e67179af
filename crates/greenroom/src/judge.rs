//! `greenroom judge`: judges runs again that `verify --record` kept.

use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};

use clap::Args;
use greenroom_conformance::{
    baseline::AllChecks,
    judge,
    load::{self, Loaded},
    run::Run,
    suite::{Judged, Report},
    verdict::ClientInfo,
};

use crate::{
    exit::{Exit, Failure},
    scenarios,
    verify::{Ran, Telling, quoted},
};

const EXAMPLES: &str = "Examples:
  greenroom judge runs
  greenroom judge runs/RTY-10.jsonl --strict
  greenroom judge runs --baseline known.yaml --report junit=junit.xml";

/// Judge recorded runs again: same runs, same verdicts.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct JudgeArgs {
    /// Runs that verify --record wrote, or directories of them.
    #[arg(value_name = "FILE|DIR", required = true)]
    runs: Vec<PathBuf>,
    /// Scenario files of your own, or directories of them, instead of those that come along.
    #[arg(long, value_name = "PATH")]
    scenarios: Vec<PathBuf>,
    #[command(flatten)]
    telling: Telling,
}

/// Runs the command.
pub(crate) fn judge(args: &JudgeArgs) -> Result<Exit, Failure> {
    let telling = args.telling.open()?;
    let mut runs = Vec::new();
    for path in &args.runs {
        for file in load::find(path, "jsonl").map_err(Failure::new)? {
            let run = read(&file)?;
            runs.push((file, run));
        }
    }
    let flags = scenarios::repeated(&args.scenarios) + args.telling.repeated();
    let again = runs
        .iter()
        .map(|(file, _)| format!("greenroom judge {}{flags}", quoted(&file.to_string_lossy())))
        .collect::<Vec<_>>();
    telling.tell(&rejudge(runs, &scenarios::read(&args.scenarios)?)?, &again)
}

fn read(file: &Path) -> Result<Run, Failure> {
    let failure = |error: &dyn std::fmt::Display| Failure::new(format!("{}: {error}", file.display()));
    let opened = File::open(file).map_err(|error| failure(&error))?;
    Run::read(BufReader::new(opened)).map_err(|error| failure(&error))
}

/// Judges runs by the scenarios that they were made with.
fn rejudge(runs: Vec<(PathBuf, Run)>, loaded: &[Loaded]) -> Result<Ran, Failure> {
    let mut scenarios = Vec::new();
    let mut client: Option<ClientInfo> = None;
    for (file, run) in runs {
        let refuse = |why: String| Failure::new(format!("{}: {why}", file.display()));
        let name = &run.header.scenario;
        let mut variants =
            loaded.iter().flat_map(|file| file.variants.iter().map(move |paced| (file, paced)));
        let Some((of, paced)) = variants.find(|(_, paced)| paced.otherwise.name() == *name) else {
            return Err(refuse(format!("there is no scenario {name}; name its file with --scenarios")));
        };
        if of.digest != run.header.played {
            return Err(refuse(format!(
                "{name} is another one than was played; record the run again, or name the old file with --scenarios"
            )));
        }
        match (&client, &run.header.client) {
            (Some(one), Some(other)) if (&one.name, &one.version) != (&other.name, &other.version) => {
                return Err(refuse(format!(
                    "it is of {} {}, and others are of {} {}; judge the runs of one client at a time",
                    other.name, other.version, one.name, one.version
                )));
            }
            (None, Some(_)) => client.clone_from(&run.header.client),
            _ => {}
        }
        let verdict = judge::judge(paced.at(run.pace()), &run);
        scenarios.push(Judged { verdict, run: Some(run) });
    }
    let report = Report { client: client.unwrap_or_else(ClientInfo::nobody), profile: None, scenarios };
    let all = loaded.iter().flat_map(|file| &file.variants).map(|paced| &paced.otherwise);
    Ok(Ran { report, all: AllChecks::of(all) })
}
