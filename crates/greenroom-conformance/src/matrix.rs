//! Which check finds which broken client: the matrix of mutants and checks, and what it says about the kit.

mod findings;
mod running;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use greenroom_emulator::StartError;

pub use self::{findings::findings, running::run};
use crate::verdict::{ScenarioVerdict, Verdict};

/// What came of every mutant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matrix {
    /// The scenarios that the client without a mistake does not pass, and what they came to.
    pub clean: BTreeMap<String, Verdict>,
    /// The mutants by name.
    pub rows: BTreeMap<String, Row>,
}

/// What came of a mutant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// The scenarios in which a client without a mistake asks whether it shall make this one. In any other it is
    /// the same client.
    pub reached: BTreeSet<String>,
    /// What found it: checks that are FAIL or WARN.
    pub red: BTreeMap<Check, Verdict>,
    /// The scenarios that came to ERROR or INCONCLUSIVE, which finds nothing.
    pub unsaid: BTreeMap<String, Verdict>,
}

/// A check of a scenario as it ran: `EXC-02[live]` and `tenant-usable`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Check {
    /// The name under which the scenario ran.
    pub scenario: String,
    /// The id within the scenario.
    pub check: String,
}

impl std::fmt::Display for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.scenario, self.check)
    }
}

/// What is told while a matrix is made.
#[derive(Debug)]
pub enum Progress<'a> {
    /// So many runs are to come, of the client without a mistake or of mutants.
    Planned(usize),
    /// One is over: of a mutant, or of the client without a mistake, through a scenario.
    Finished(Option<&'a str>, &'a str),
}

/// Why there is no matrix.
#[derive(Debug, thiserror::Error)]
pub enum MatrixError {
    /// The emulator does not start.
    #[error("the emulator: {0}")]
    Emulator(#[from] StartError),
    /// The client never says who it is.
    #[error("{0}")]
    Client(String),
    /// A run was given up.
    #[error("the kit broke down: {0}")]
    Kit(String),
    /// There is nowhere to write down what was reached, or it was not written.
    #[error("what {scenario} reached cannot be read: {error}")]
    Reach {
        /// Whose run it was.
        scenario: String,
        /// Why.
        error: std::io::Error,
    },
}

impl Row {
    /// Takes in what was found in a run.
    fn add(&mut self, found: &ScenarioVerdict) {
        if matches!(found.verdict, Verdict::Error | Verdict::Inconclusive) {
            self.unsaid.insert(found.name.clone(), found.verdict);
        }
        // What a run shows that broke down is as much the kit's doing as the client's.
        if found.verdict == Verdict::Error {
            return;
        }
        for check in found.checks.iter().filter(|check| check.verdict.kills()) {
            let id = check.id.strip_prefix(&format!("{}.", found.name)).unwrap_or(&check.id);
            let id = Check { scenario: found.name.clone(), check: id.to_owned() };
            self.red.insert(id, check.verdict);
        }
    }
}

#[cfg(test)]
mod tests;
