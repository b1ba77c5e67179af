//! `greenroom scenarios`: what the kit asks of clients.

mod matrix;

use std::{fmt::Write as _, path::PathBuf};

use clap::{Args, Subcommand};
use greenroom_conformance::{
    catalogue::{self, Library},
    load::{Loaded, Paced, load_files},
    scenario::{self, Profile, Scenario},
};
use greenroom_model::{nearest, rule::OpenWhen};
use serde::Serialize;

use crate::{
    exit::{Exit, Failure},
    out,
    verify::quoted,
};

const EXAMPLES: &str = "Examples:
  greenroom scenarios list --profile msp
  greenroom scenarios show RTY-10
  greenroom scenarios check my-scenario.yaml
  greenroom scenarios schema > scenario.schema.json
  greenroom scenarios matrix > scenarios/matrix.yaml";

/// The scenarios of the conformance kit. Needs no emulator.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ScenariosArgs {
    #[command(subcommand)]
    act: ScenariosAct,
}

#[derive(Debug, Subcommand)]
enum ScenariosAct {
    /// List them: name, level, clock, what they need, title.
    #[command(after_help = "Examples:
  greenroom scenarios list
  greenroom scenarios list --profile core --json")]
    List {
        /// Only those of a profile: core, msp, resilience, security, pycentral-docs,
        /// classic.
        #[arg(long, value_name = "PROFILE")]
        profile: Option<Profile>,
        /// Those of these files or directories, instead of those that come along.
        #[arg(long, value_name = "PATH")]
        scenarios: Vec<PathBuf>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        /// Print the page of all requirements: docs/requirements.md.
        #[arg(long, conflicts_with_all = ["json", "profile", "scenarios"])]
        markdown: bool,
    },
    /// Show one: what is asked, what happens, what must be seen, and why.
    #[command(after_help = "Examples:
  greenroom scenarios show RTY-10
  greenroom scenarios show RTY-10 --json")]
    Show {
        /// Its id, or its name with a value of its axis: RTY-10, 'EXC-02[live]'.
        id: String,
        /// Look in these files or directories, instead of those that come along.
        #[arg(long, value_name = "PATH")]
        scenarios: Vec<PathBuf>,
        /// Print JSON: the scenario as it is played.
        #[arg(long)]
        json: bool,
    },
    /// Check files, and tell every mistake with its line and its mend.
    #[command(after_help = "Examples:
  greenroom scenarios check my-scenario.yaml
  greenroom scenarios check scenarios")]
    Check {
        /// Scenario files, or directories of them.
        #[arg(required = true, value_name = "FILE|DIR")]
        files: Vec<PathBuf>,
    },
    /// Say what the profiles promise, what they require, and what is of them.
    #[command(after_help = "Examples:
  greenroom scenarios profiles
  greenroom scenarios profiles --markdown > docs/profiles.md")]
    Profiles {
        /// Print docs/profiles.md.
        #[arg(long)]
        markdown: bool,
    },
    /// Print the JSON Schema of scenario files, for editors.
    #[command(after_help = "Examples:
  greenroom scenarios schema > scenario.schema.json")]
    Schema,
    /// Run broken clients through the scenarios, and print which checks find them: scenarios/matrix.yaml.
    #[command(after_help = "Examples:
  greenroom scenarios matrix > scenarios/matrix.yaml
  greenroom scenarios matrix --full

Exit codes: 0 the checks find what scenarios/mutants.yaml says, and nothing else;
1 they do not: what disagrees is told on stderr; 2 a wrong flag.")]
    Matrix {
        /// Run every broken client through every scenario, and not only where its mistake can show.
        #[arg(long)]
        full: bool,
    },
}

/// Runs the command.
pub(crate) async fn scenarios(args: ScenariosArgs) -> Result<Exit, Failure> {
    match args.act {
        ScenariosAct::List { markdown: true, .. } => out::say(catalogue::markdown().trim_end())?,
        ScenariosAct::List { profile, scenarios, json, .. } => list(profile, &read(&scenarios)?, json)?,
        ScenariosAct::Profiles { markdown: true } => out::say(catalogue::profiles().trim_end())?,
        ScenariosAct::Profiles { .. } => profiles()?,
        ScenariosAct::Show { id, scenarios, json } => show(&id, &read(&scenarios)?, json)?,
        ScenariosAct::Check { files } => {
            let loaded = read(&files)?;
            let count: usize = loaded.iter().map(|loaded| loaded.variants.len()).sum();
            let plural = |count: usize| if count == 1 { "" } else { "s" };
            out::say(&format!(
                "{} file{} with {count} scenario{}: all is well",
                loaded.len(),
                plural(loaded.len()),
                plural(count)
            ))?;
        }
        ScenariosAct::Schema => {
            let schema = serde_json::to_string_pretty(&scenario::schema()).map_err(Failure::new)?;
            out::say(&schema)?;
        }
        ScenariosAct::Matrix { full } => return matrix::matrix(full).await,
    }
    Ok(Exit::Fine)
}

/// Reads scenario files; those that come along, if none is named. What is wrong with all of them comes at once.
pub(crate) fn read(paths: &[PathBuf]) -> Result<Vec<Loaded>, Failure> {
    if paths.is_empty() {
        return Ok(Library::builtin().iter().map(|entry| entry.loaded.clone()).collect());
    }
    load_files(paths).map_err(Failure::new)
}

/// The flags that name these paths.
pub(crate) fn repeated(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| format!(" --scenarios {}", quoted(&path.to_string_lossy()))).collect()
}

/// What a list tells of a scenario.
#[derive(Serialize)]
struct Row<'a> {
    name: String,
    title: &'a str,
    level: scenario::Level,
    basis: scenario::Basis,
    clock: scenario::Clock,
    needs: &'a [greenroom_conformance::drive::Capability],
    profiles: &'a [Profile],
    /// Whether it waits for a while in which nothing comes, in real time.
    quiet: bool,
    checks: Vec<&'a str>,
}

impl<'a> Row<'a> {
    fn of(scenario: &'a Scenario) -> Self {
        Self {
            name: scenario.name(),
            title: &scenario.title,
            level: scenario.level,
            basis: scenario.basis,
            clock: scenario.clock,
            needs: &scenario.needs,
            profiles: &scenario.profiles,
            quiet: waits_for_quiet(scenario),
            checks: scenario.expect.iter().map(|check| check.id.as_str()).collect(),
        }
    }
}

fn waits_for_quiet(scenario: &Scenario) -> bool {
    let gates = scenario.stimuli.iter().filter_map(|rule| rule.gate.as_ref());
    gates.flat_map(|gate| &gate.open_when).any(|when| matches!(when, OpenWhen::Quiet(_)))
}

fn profiles() -> Result<(), Failure> {
    let mut text = String::new();
    for profile in Profile::ALL {
        let count = Library::builtin().of(profile).count();
        let requires: Vec<_> = profile.requires().iter().map(|need| need.word()).collect();
        let requires =
            if requires.is_empty() { String::new() } else { format!(", requires {}", requires.join(", ")) };
        text += &format!("{profile}: {count} requirements{requires}\n    {}\n", profile.promise());
    }
    out::say(text.trim_end())
}

fn list(profile: Option<Profile>, loaded: &[Loaded], json: bool) -> Result<(), Failure> {
    let mut chosen: Vec<&Scenario> = loaded
        .iter()
        .flat_map(|loaded| &loaded.variants)
        .map(|paced: &Paced| &paced.otherwise)
        .filter(|scenario| profile.is_none_or(|profile| scenario.profiles.contains(&profile)))
        .collect();
    chosen.sort_by_cached_key(|scenario| catalogue::place(&scenario.id));
    let rows: Vec<Row<'_>> = chosen.into_iter().map(Row::of).collect();
    if json {
        return out::say(&serde_json::to_string_pretty(&rows).map_err(Failure::new)?);
    }
    let mut table = String::new();
    for row in &rows {
        let needs: Vec<_> = row.needs.iter().map(|need| need.word()).collect();
        let needs = if needs.is_empty() { String::new() } else { format!("  needs {}", needs.join(", ")) };
        let quiet = if row.quiet { "  uses quiet" } else { "" };
        let _ = writeln!(table, "{:<22} {:<6} {}{needs}{quiet}", row.name, row.level, row.title);
    }
    let plural = if rows.len() == 1 { "" } else { "s" };
    let _ = write!(table, "{} scenario{plural}", rows.len());
    out::say(&table)
}

/// There is no scenario of that name or id among `all`.
pub(crate) fn unknown<'s>(id: &str, all: impl IntoIterator<Item = &'s Scenario>) -> Failure {
    if let Some(why) = catalogue::why_not_yet(id) {
        return Failure::new(format!("{id} has no scenario: {why}"));
    }
    let names: Vec<String> = all.into_iter().flat_map(|it| [it.id.to_string(), it.name()]).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let nearest = nearest::of(id, &names).or_else(|| nearest::of(&id.to_ascii_uppercase(), &names));
    let hint = nearest::hint(&nearest);
    Failure::new(format!("there is no scenario {id:?}{hint}; greenroom scenarios list has all"))
}

fn show(id: &str, loaded: &[Loaded], json: bool) -> Result<(), Failure> {
    let all: Vec<&Scenario> =
        loaded.iter().flat_map(|loaded| &loaded.variants).map(|paced| &paced.otherwise).collect();
    let meant: Vec<&Scenario> =
        all.iter().copied().filter(|it| it.name() == id || it.id.as_str() == id).collect();
    let Some(first) = meant.first() else {
        return Err(unknown(id, all));
    };
    if json {
        return out::say(&serde_json::to_string_pretty(&meant).map_err(Failure::new)?);
    }
    let mut page = format!("{}  {}\n", first.id, first.title);
    let basis = format!("{:?}", first.basis).to_lowercase();
    let _ = writeln!(page, "{}, by {basis}", first.level);
    for source in &first.sources {
        let link = source.link().map(|link| format!("  {link}")).unwrap_or_default();
        let _ = writeln!(page, "source  {source}{link}");
    }
    if let Some(cause) = &first.cause {
        let _ = writeln!(page, "usually {cause}");
    }
    for scenario in &meant {
        let _ = writeln!(page, "\n{}", scenario.name());
        for step in &scenario.steps {
            let times = if step.repeat > 1 { format!(" ×{}", step.repeat) } else { String::new() };
            let at_once = if step.parallel { " at once" } else { "" };
            let _ = writeln!(page, "  step    {} {}{times}{at_once}", step.verb.name(), step.id);
        }
        for rule in &scenario.stimuli {
            let _ = writeln!(page, "  when    {}", rule.id.as_deref().unwrap_or("-"));
        }
        for check in &scenario.expect {
            let _ = writeln!(page, "  check   {:<6} {}", scenario.level_of(check), check.id);
        }
    }
    out::say(page.trim_end())
}
