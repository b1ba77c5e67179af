//! A run of many scenarios against one client.

use crate::{
    run::Run,
    scenario::Profile,
    verdict::{ClientInfo, ScenarioVerdict},
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
