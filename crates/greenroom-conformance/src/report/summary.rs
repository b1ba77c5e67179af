//! A report in a few numbers.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::checks;
use crate::{baseline::Applied, scenario::Level, suite::Report, verdict::Verdict};

/// How many requirements a client keeps, whatever the axis they are tried on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Proven {
    /// That bind.
    pub must: usize,
    /// That should be kept.
    pub should: usize,
    /// That may be kept.
    pub may: usize,
}

impl Proven {
    /// All of them.
    pub fn all(self) -> usize {
        self.must + self.should + self.may
    }
}

/// A report in a few numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// How many scenarios there are in the report.
    pub scenarios: usize,
    /// How many checks came to each verdict; those that are known do not count.
    pub checks: BTreeMap<Verdict, usize>,
    /// How many are broken as it is known.
    pub known: usize,
    /// The requirements whose every check passed.
    pub proven: Proven,
}

impl Summary {
    /// The numbers of a report.
    pub fn of(report: &Report, applied: &Applied) -> Self {
        let mut summary = Self { scenarios: report.scenarios.len(), ..Self::default() };
        let mut requirements: BTreeMap<&str, (Level, bool)> = BTreeMap::new();
        for judged in &report.scenarios {
            let verdict = &judged.verdict;
            for check in checks(verdict) {
                if applied.known.contains_key(&check.id) {
                    summary.known += 1;
                } else {
                    *summary.checks.entry(check.verdict).or_default() += 1;
                }
            }
            // A value of an axis that a client cannot be tried with proves nothing, and disproves nothing.
            if !matches!(verdict.verdict, Verdict::NotApplicable | Verdict::NotScored) {
                let name = verdict.name.split('[').next().unwrap_or_default();
                let (level, kept) = requirements.entry(name).or_insert((verdict.level, true));
                *level = verdict.level.max(*level);
                *kept &= verdict.verdict == Verdict::Pass;
            }
        }
        for (level, kept) in requirements.into_values() {
            let Proven { must, should, may } = &mut summary.proven;
            let count = match level {
                Level::Must => must,
                Level::Should => should,
                Level::May => may,
            };
            *count += usize::from(kept);
        }
        summary
    }

    /// How many checks came to a verdict, those that are known left out.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.checks.get(&verdict).copied().unwrap_or_default()
    }
}
