//! `greenroom sandbox`: further emulators in the process of a running one.

use std::{fmt::Write as _, fs, path::PathBuf};

use clap::{Args, Subcommand};
use greenroom_emulator::command::{SandboxOptions, SandboxView, SandboxWorld};
use greenroom_model::time::Speed;
use jiff::Timestamp;

use crate::{
    cli::Target,
    exit::{Exit, Failure},
    remote::{print, remote},
    rules::{self, Rules},
    shape,
};

const EXAMPLES: &str = "Examples:
  greenroom sandbox create --name login
  eval \"$(greenroom env --url \"$(greenroom sandbox create)\")\"   # a shell's own
  greenroom clock advance 16m --url http://127.0.0.1:40001
  greenroom sandbox list
  greenroom sandbox end login";

/// Further emulators in the process of a running one.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SandboxArgs {
    #[command(subcommand)]
    act: Option<SandboxAct>,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Subcommand)]
enum SandboxAct {
    /// List them. What happens without a word, too.
    #[command(after_help = "Examples:\n  greenroom sandbox list --json")]
    List,
    /// Open one, and print its URL.
    Create(CreateArgs),
    /// End one: its port is free, and its connections are closed.
    #[command(after_help = "Examples:\n  greenroom sandbox end login")]
    End {
        /// Its name.
        name: String,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  greenroom sandbox create --name login --clock real
  greenroom sandbox create --world world.yaml --start-time 2030-01-01T00:00:00Z
  greenroom sandbox create --dialect rfc --json
  greenroom sandbox create --rule '{when: {}, do: [{reply: {status: 429}}]}'")]
struct CreateArgs {
    /// Its name: 1 to 50 of A-Z a-z 0-9 . _ -, a letter or a digit first; sandbox-1 and so on, if not given
    #[arg(long)]
    name: Option<String>,
    /// Its world: a file, or sample. That which the emulator started with, if not given
    #[arg(long, value_name = "FILE")]
    world: Option<PathBuf>,
    /// How fast its clock runs: frozen, real, or x60 for sixty virtual seconds a second
    #[arg(long, value_name = "SPEED", default_value = "frozen")]
    clock: Speed,
    /// When its clock starts. In the second in which it is opened, if not given
    #[arg(long, value_name = "TIMESTAMP", value_parser = shape::parse_start_time)]
    start_time: Option<Timestamp>,
    /// Set a dialect, or all of them by a preset. Repeatable
    #[arg(long, value_name = "NAME=VALUE", value_delimiter = ',', value_parser = shape::parse_dialect)]
    dialect: Vec<String>,
    /// A rule that is in force from the start: YAML, JSON, or a file of rules (docs/faults.md). Repeatable
    #[arg(long, value_name = "RULE", value_parser = rules::parse)]
    rule: Vec<Rules>,
    /// After so many requests every further one gets a 503
    #[arg(long, value_name = "N")]
    max_requests: Option<u64>,
}

impl CreateArgs {
    fn options(self) -> Result<SandboxOptions, Failure> {
        let world = match self.world {
            None => SandboxWorld::Same,
            Some(name) if name.as_os_str() == "sample" => SandboxWorld::Sample,
            Some(file) => SandboxWorld::File(fs::read_to_string(&file).map_err(|error| {
                Failure::new(format!("cannot read {}: {error}; name a world file, or sample", file.display()))
            })?),
        };
        Ok(SandboxOptions {
            name: self.name,
            world,
            start: self.start_time,
            speed: self.clock,
            dialect: self.dialect,
            rules: self.rule.into_iter().flat_map(|Rules(rules)| rules).collect(),
            max_requests: self.max_requests,
            ..SandboxOptions::default()
        })
    }
}

/// Runs the command.
pub(crate) async fn sandbox(SandboxArgs { act, target }: SandboxArgs) -> Result<Exit, Failure> {
    let remote = remote(&target)?;
    match act {
        None | Some(SandboxAct::List) => {
            let list = remote.sandboxes().await.map_err(Failure::new)?;
            print(&target, &list, |list| table(&list.sandboxes))
        }
        Some(SandboxAct::Create(args)) => {
            let opened = remote.open_sandbox(&args.options()?).await.map_err(Failure::new)?;
            print(&target, &opened, |opened| opened.url.clone())
        }
        Some(SandboxAct::End { name }) => {
            let left = remote.end_sandbox(&name).await.map_err(Failure::new)?;
            print(&target, &left, |_| format!("{name} has ended"))
        }
    }
}

fn table(sandboxes: &[SandboxView]) -> String {
    if sandboxes.is_empty() {
        return "no sandbox is open".to_owned();
    }
    let mut table =
        format!("{:<20} {:<26} {:>8} {:<31} {}\n", "SANDBOX", "URL", "REQUESTS", "CLOCK", "OPENED");
    for SandboxView { name, url, clock, requests, created } in sandboxes {
        let clock = format!("{} ({})", clock.now, clock.speed);
        let _ = writeln!(table, "{name:<20} {url:<26} {requests:>8} {clock:<31} {created:.0}");
    }
    table
}
