//! What is told of a report: on stdout, in files, to GitHub; and with which code it ends. `verify` and `judge` share it.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    str::FromStr,
};

use clap::Args;
use greenroom_conformance::{
    baseline::{self, AllChecks, Applied, Baseline},
    load::FilesError,
    report::{Console, Document, Ending, annotations, junit},
    suite::Report,
};
use greenroom_emulator::clock::wall_now;
use greenroom_model::{nearest, yaml::Mistakes};
use jiff::{civil::Date, tz::TimeZone};

use crate::{
    exit::{Exit, Failure},
    out,
};

/// What is told, and how.
#[derive(Debug, Args)]
#[command(next_help_heading = "Report")]
pub(crate) struct Telling {
    /// What is known to be wrong: those checks do not count, and entries that are not true any more are told.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write the baseline anew: what passes goes, what is new comes, comments stay.
    #[arg(long, requires = "baseline")]
    update_baseline: bool,
    /// A broken SHOULD counts as a broken MUST does.
    #[arg(long)]
    strict: bool,
    /// Also write the report to a file: json=FILE or junit=FILE. May be given several times.
    #[arg(long, value_name = "FORM=FILE")]
    report: Vec<ReportFile>,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

/// A file for a report.
#[derive(Clone, Debug)]
struct ReportFile {
    form: Form,
    file: PathBuf,
}

#[derive(Clone, Copy, Debug)]
enum Form {
    Json,
    Junit,
}

impl FromStr for ReportFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (form, file) = text.split_once('=').unwrap_or((text, ""));
        let form = match form {
            "json" => Form::Json,
            "junit" => Form::Junit,
            _ => {
                let hint = nearest::hint(&nearest::of(form, &["json", "junit"]));
                return Err(format!("there is no report {form:?}{hint}; write json=FILE or junit=FILE"));
            }
        };
        match file {
            "" => return Err("write json=FILE or junit=FILE".to_owned()),
            "-" => return Err("- is no file; --json prints the report on stdout".to_owned()),
            _ => {}
        }
        Ok(Self { form, file: file.into() })
    }
}

/// A report, and all scenarios that there are.
pub(crate) struct Ran {
    pub(crate) report: Report,
    pub(crate) all: AllChecks,
}

/// The flags, with the files that they name read.
pub(crate) struct Open<'a> {
    flags: &'a Telling,
    baseline: Option<Baseline>,
    today: Date,
}

impl Telling {
    /// The flags that decide what is red, as the line has them that reproduces it.
    pub(crate) fn repeated(&self) -> &'static str {
        if self.strict { " --strict" } else { "" }
    }

    /// Reads what must be right before anything is run.
    pub(crate) fn open(&self) -> Result<Open<'_>, Failure> {
        let baseline = match &self.baseline {
            None => None,
            Some(file) => match fs::read_to_string(file) {
                Ok(text) => Some(Baseline::read(&text).map_err(|mistakes| refuse(file, &mistakes))?),
                // The first one is written by --update-baseline.
                Err(error) if error.kind() == ErrorKind::NotFound && self.update_baseline => None,
                Err(error) => {
                    let mend = match error.kind() {
                        ErrorKind::NotFound => "; --update-baseline writes the first one",
                        _ => "",
                    };
                    return Err(Failure::new(format!("{} cannot be read: {error}{mend}", file.display())));
                }
            },
        };
        let today = wall_now().to_zoned(TimeZone::UTC).date();
        Ok(Open { flags: self, baseline, today })
    }
}

impl Open<'_> {
    /// Tells it. `again` has for each scenario of the report the command line that tells the same of it.
    pub(crate) fn tell(&self, of: &Ran, again: &[String]) -> Result<Exit, Failure> {
        let Ran { report, all } = of;
        // No baseline is about a client that nobody knows.
        let known = !report.client.is_nobody();
        if self.flags.update_baseline
            && known
            && let Some(file) = &self.flags.baseline
        {
            return self.update(file, of);
        }
        let applied = match (&self.baseline, &self.flags.baseline) {
            (Some(baseline), Some(file)) if known => {
                let applied = baseline.apply(report, all, self.today);
                applied.map_err(|mistakes| refuse(file, &mistakes))?
            }
            _ => Applied::default(),
        };
        let strict = self.flags.strict;
        let document = || Document::of(report, &applied, strict).to_json().map_err(Failure::new);
        for ReportFile { form, file } in &self.flags.report {
            let bytes = match form {
                Form::Json => (document()? + "\n").into_bytes(),
                Form::Junit => junit(report, &applied, strict).map_err(Failure::new)?,
            };
            write(file, &bytes)?;
        }
        let shown = self.flags.baseline.as_ref().map(|file| file.display().to_string());
        if self.flags.json {
            out::say(&document()?)?;
        } else {
            let console = Console { again, strict, baseline: shown.as_deref() };
            out::say(console.report(report, &applied).trim_end())?;
            if std::env::var_os("GITHUB_ACTIONS").is_some_and(|it| it == "true") {
                let lines = annotations(report, &applied, self.flags.baseline.as_deref());
                if !lines.is_empty() {
                    out::say(lines.trim_end())?;
                }
            }
        }
        Ok(Exit::Judged(Ending::of(report, &applied, strict)))
    }

    /// Writes the baseline as it should be.
    fn update(&self, file: &Path, Ran { report, all }: &Ran) -> Result<Exit, Failure> {
        let blank;
        let baseline = match &self.baseline {
            Some(baseline) => baseline,
            None => {
                let text = baseline::blank(&report.client.name);
                blank = Baseline::read(&text).map_err(|mistakes| refuse(file, &mistakes))?;
                &blank
            }
        };
        let updated = baseline.updated(report, all).map_err(|mistakes| refuse(file, &mistakes))?;
        write(file, updated.text.as_bytes())?;
        for (what, checks) in
            [("added", &updated.added), ("removed", &updated.removed), ("changed", &updated.changed)]
        {
            for check in checks {
                out::say(&format!("{what:<8} {check}"))?;
            }
        }
        let shown = file.display();
        if updated.added.is_empty() {
            out::say(&format!("{shown} is true again"))?;
        } else {
            out::say(&format!(
                "{shown} is read again once each new entry has a reason: fill in reason: \"\""
            ))?;
        }
        Ok(Exit::Fine)
    }
}

fn write(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    fs::write(file, bytes)
        .map_err(|error| Failure::new(format!("{} cannot be written: {error}", file.display())))
}

fn refuse(file: &Path, mistakes: &Mistakes) -> Failure {
    Failure::new(FilesError::mistakes(file, mistakes))
}
