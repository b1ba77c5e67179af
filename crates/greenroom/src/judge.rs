//! `greenroom judge`: judges runs again that `verify --record` kept.

use std::{
    fs::{self, File},
    io::BufReader,
    path::{Path, PathBuf},
};

use clap::Args;
use greenroom_conformance::run::Run;

use crate::{
    exit::{Exit, Failure},
    verify::{Catalogued, Telling},
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
        for file in files(path, "jsonl")? {
            runs.push((file.clone(), read(&file)?));
        }
    }
    telling.tell(&rejudge(&runs, &args.scenarios)?, "")
}

/// The files of that ending in a directory and those within it, in order; a file is itself.
pub(crate) fn files(path: &Path, ending: &str) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    let mut unread = vec![path.to_owned()];
    while let Some(path) = unread.pop() {
        let unreadable =
            |error: std::io::Error| Failure::new(format!("{} cannot be read: {error}", path.display()));
        if !fs::metadata(&path).map_err(unreadable)?.is_dir() {
            found.push(path);
            continue;
        }
        for entry in fs::read_dir(&path).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?.path();
            if entry.is_dir() || entry.extension().is_some_and(|it| it == ending) {
                unread.push(entry);
            }
        }
    }
    found.sort();
    if found.is_empty() {
        return Err(Failure::new(format!("{} holds no .{ending} file", path.display())));
    }
    Ok(found)
}

fn read(file: &Path) -> Result<Run, Failure> {
    let failure = |error: &dyn std::fmt::Display| Failure::new(format!("{}: {error}", file.display()));
    let opened = File::open(file).map_err(|error| failure(&error))?;
    Run::read(BufReader::new(opened)).map_err(|error| failure(&error))
}

/// Judges runs by the scenarios that they were made with.
fn rejudge(runs: &[(PathBuf, Run)], scenarios: &[PathBuf]) -> Result<Catalogued, Failure> {
    let _ = (runs, scenarios);
    Err(Failure::new("this build cannot judge runs yet"))
}
