//! A run of many scenarios against one client.

mod files;
mod fit;
mod running;

use std::{num::NonZeroUsize, time::Duration};

use greenroom_emulator::StartError;
use greenroom_model::{nearest, rule::Glob};

use crate::{
    adapter, catalogue,
    load::{FilesError, Loaded, Paced},
    run::{Pace, Run},
    scenario::{Basis, Level, Profile, Scenario},
    verdict::{ClientInfo, ScenarioVerdict, Verdict},
};

/// A scenario that was run, or was not and why.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What was found.
    pub verdict: ScenarioVerdict,
    /// What was seen; absent where nothing was run.
    pub run: Option<Run>,
}

/// What a suite tells while it runs.
#[derive(Debug)]
pub enum Progress<'a> {
    /// So many scenarios are to be run.
    Planned(usize),
    /// One begins.
    Started(&'a str),
    /// One is over.
    Finished(&'a Judged),
}

/// What came of a suite, in the order of the scenarios.
#[derive(Clone, Debug)]
pub struct Report {
    /// Who was judged.
    pub client: ClientInfo,
    /// Under which profile, if one was asked for.
    pub profile: Option<Profile>,
    /// What was found.
    pub scenarios: Vec<Judged>,
}

impl Report {
    /// Of a client that never said who it is: nothing was run, which is one ERROR.
    fn of_nobody(profile: Option<Profile>, why: String) -> Self {
        let verdict = ScenarioVerdict {
            name: "hello".to_owned(),
            title: "The client says who it is, before any scenario is run".to_owned(),
            level: Level::Must,
            basis: Basis::Promise,
            sources: Vec::new(),
            verdict: Verdict::Error,
            why: Some(why),
            checks: Vec::new(),
        };
        Self { client: ClientInfo::nobody(), profile, scenarios: vec![Judged { verdict, run: None }] }
    }
}

/// Why a suite cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    /// A pattern fits no scenario.
    #[error("no scenario of `greenroom scenarios list` is called {pattern}{}", nearest::hint(&.nearest.as_deref()))]
    Nothing {
        /// The pattern.
        pattern: String,
        /// A name that looks like it.
        nearest: Option<String>,
    },
    /// A pattern is a requirement that has no scenario.
    #[error("{id} has no scenario: {why}")]
    NotYet {
        /// Its id.
        id: String,
        /// Why.
        why: &'static str,
    },
    /// Files cannot be read, or are no scenarios.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// Nothing is chosen.
    #[error("no scenario {}is of profile {profile}: leave out --profile, or name others", if *.named { "that --only names " } else { "" })]
    Empty {
        /// The profile.
        profile: Profile,
        /// Whether patterns chose before.
        named: bool,
    },
    /// The client cannot be started.
    #[error(transparent)]
    Client(#[from] adapter::StartError),
    /// The emulator does not start.
    #[error("the emulator: {0}")]
    Emulator(#[from] StartError),
}

/// Scenarios, and how they are run.
///
/// A client that says yes to everything and sends nothing earns no PASS:
///
/// ```
/// use greenroom_conformance::{adapter::Adapter, suite::Suite, verdict::Verdict};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let yes = r#"
///     read -r hello
///     echo '{"id":1,"ok":true,"v":1,"name":"yes","version":"1.0.0","scheme":"semver","can":[]}'
///     n=1
///     while read -r ask; do n=$((n+1)); echo "{\"id\":$n,\"ok\":true,\"status\":200}"; done
/// "#;
/// let report = Suite::builtin().only(["ACQ-01"]).run(&Adapter::command("sh", ["-c", yes]), |_| {}).await?;
/// assert_eq!(report.client.name, "yes");
/// assert_ne!(report.scenarios[0].verdict.verdict, Verdict::Pass);
/// # Ok(()) })
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Suite {
    entries: Vec<Entry>,
    only: Vec<String>,
    profile: Option<Profile>,
    jobs: Option<NonZeroUsize>,
    twice: bool,
    patience: Option<Duration>,
}

/// A scenario of a file.
#[derive(Clone, Debug)]
struct Entry {
    /// The digest of the file.
    digest: String,
    paced: Paced,
}

impl Entry {
    /// Whether a pattern means it, by its name or by that of its requirement.
    fn is(&self, pattern: &str) -> bool {
        let Ok(glob) = pattern.parse::<Glob>();
        glob.fits(&self.paced.otherwise.name()) || glob.fits(self.paced.otherwise.id.as_str())
    }
}

impl Suite {
    /// The scenarios of files that were read, in the order of the catalogue.
    pub fn loaded(files: impl IntoIterator<Item = Loaded>) -> Self {
        let entries = files.into_iter().flat_map(|Loaded { digest, variants }| {
            variants.into_iter().map(move |paced| Entry { digest: digest.clone(), paced })
        });
        let mut entries: Vec<_> = entries.collect();
        // Stable: the values of an axis stay in the order of their file.
        entries.sort_by_cached_key(|entry| catalogue::place(&entry.paced.otherwise.id));
        Self { entries, only: Vec::new(), profile: None, jobs: None, twice: false, patience: None }
    }

    /// Only scenarios that one of these patterns means: `REF-02`, `EXC-02[live]`, `CAC-*`. Without patterns, all.
    #[must_use]
    pub fn only(mut self, patterns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.only.extend(patterns.into_iter().map(Into::into));
        self
    }

    /// Only scenarios of a profile. What it requires, the client has to be able to do.
    #[must_use]
    pub fn profile(mut self, profile: Option<Profile>) -> Self {
        self.profile = profile;
        self
    }

    /// So many scenarios at once; by default four a core, and at most 16.
    #[must_use]
    pub fn jobs(mut self, jobs: Option<NonZeroUsize>) -> Self {
        self.jobs = jobs;
        self
    }

    /// Runs each scenario twice: a client that does the same both times has the same history.
    #[must_use]
    pub fn twice(mut self, twice: bool) -> Self {
        self.twice = twice;
        self
    }

    /// For how long a client may give no sign of life, in real time, where a scenario says nothing of it.
    #[must_use]
    pub fn patience(mut self, patience: Option<Duration>) -> Self {
        self.patience = patience;
        self
    }

    /// The scenarios that are to be run, at a pace, in their order.
    pub fn scenarios(&self, pace: Pace) -> Result<Vec<&Scenario>, SuiteError> {
        Ok(self.chosen()?.into_iter().map(|entry| entry.paced.at(pace)).collect())
    }

    fn chosen(&self) -> Result<Vec<&Entry>, SuiteError> {
        for pattern in &self.only {
            if !self.entries.iter().any(|entry| entry.is(pattern)) {
                if let Some(why) = catalogue::why_not_yet(pattern) {
                    return Err(SuiteError::NotYet { id: pattern.clone(), why });
                }
                let names: Vec<_> = self.entries.iter().map(|entry| entry.paced.otherwise.name()).collect();
                let names: Vec<_> = names.iter().map(String::as_str).collect();
                let nearest = nearest::of(pattern, &names).map(str::to_owned);
                return Err(SuiteError::Nothing { pattern: pattern.clone(), nearest });
            }
        }
        let meant = |entry: &&Entry| {
            let named = self.only.is_empty() || self.only.iter().any(|pattern| entry.is(pattern));
            let of_profile = self.profile.is_none_or(|it| entry.paced.otherwise.profiles.contains(&it));
            named && of_profile
        };
        let chosen: Vec<_> = self.entries.iter().filter(meant).collect();
        match self.profile {
            Some(profile) if chosen.is_empty() => {
                Err(SuiteError::Empty { profile, named: !self.only.is_empty() })
            }
            _ => Ok(chosen),
        }
    }
}
