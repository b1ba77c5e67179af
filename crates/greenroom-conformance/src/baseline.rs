//! What is known to be wrong with a client, and why: so that only news is red, and what was mended is told.
//!
//! A file of YAML, read strictly. Its entries go stale loudly: one whose check passes, or that no check has, or
//! whose time is over, is a finding of its own.

mod all_checks;
mod apply;
mod range;
mod read;
#[cfg(test)]
mod tests;
mod update;

use std::ops::Range as Bytes;

use greenroom_model::{rule::Glob, yaml::Mistakes};
use jiff::civil::Date;

pub use self::{
    all_checks::AllChecks,
    apply::{Applied, KnownCheck, Stale, Staleness},
    range::Range,
    update::{Updated, blank},
};
use crate::verdict::Verdict;

/// A baseline file.
#[derive(Clone, Debug)]
pub struct Baseline {
    /// The client that it is about.
    pub client: String,
    /// What is known, in the order of the file.
    pub known: Vec<Known>,
    /// The file as it is written.
    text: String,
    /// Where the name of the client stands.
    client_at: Bytes<usize>,
    /// Where the list of entries stands; where none is written, the place for it.
    list_at: Bytes<usize>,
    /// Just behind the colon of `known:`.
    colon: usize,
}

/// One thing that is known.
#[derive(Clone, Debug)]
pub struct Known {
    /// The line of the file, from 1.
    pub line: usize,
    /// The check, or a pattern with `*`.
    pub check: String,
    /// What is found about it.
    pub verdict: Verdict,
    /// With which versions of the client; with all, if nothing is said.
    pub when: Option<Range>,
    /// Why it is so.
    pub reason: String,
    /// Where it is tracked.
    pub issue: Option<String>,
    /// The last day on which it may be so.
    pub expires: Option<Date>,
    /// Where the entry stands in the file.
    at: Bytes<usize>,
    /// Where its verdict stands.
    verdict_at: Bytes<usize>,
    /// Where its range of versions stands.
    when_at: Bytes<usize>,
}

impl Known {
    /// Whether it is a pattern, rather than one check.
    pub fn is_pattern(&self) -> bool {
        self.check.contains('*')
    }

    /// Whether a check is meant.
    pub fn means(&self, check: &str) -> bool {
        match self.check.parse::<Glob>() {
            Ok(glob) => glob.fits(check),
            Err(never) => match never {},
        }
    }
}

impl Baseline {
    /// Reads a file, or says everything that is wrong with it.
    pub fn read(text: &str) -> Result<Self, Mistakes> {
        read::read(text)
    }
}
