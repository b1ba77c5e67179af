//! Which checks there are at all, whether they were run or not.

use std::collections::{BTreeMap, BTreeSet};

use greenroom_model::nearest;

use super::Known;
use crate::scenario::Scenario;

/// The names of all scenarios and of their checks.
#[derive(Clone, Debug, Default)]
pub struct AllChecks(BTreeMap<String, BTreeSet<String>>);

impl AllChecks {
    /// Those of these scenarios: all that there are, each value of an axis for itself.
    pub fn of<'a>(scenarios: impl IntoIterator<Item = &'a Scenario>) -> Self {
        let rows = scenarios.into_iter().map(|scenario| {
            (scenario.name(), scenario.expect.iter().map(|check| check.id.clone()).collect())
        });
        Self(rows.collect())
    }

    /// The same from names: for tests, and for who has no files.
    pub fn named<'a>(rows: impl IntoIterator<Item = (&'a str, &'a [&'a str])>) -> Self {
        let row = |(scenario, checks): (&str, &[&str])| {
            (scenario.to_owned(), checks.iter().map(|check| (*check).to_owned()).collect())
        };
        Self(rows.into_iter().map(row).collect())
    }

    /// The names of the scenarios that an entry is about.
    pub(super) fn scenarios(&self, known: &Known) -> Vec<&str> {
        let about = |(scenario, checks): &(&String, &BTreeSet<String>)| {
            known.means(scenario)
                || checks.iter().any(|check| known.means(&format!("{scenario}.{check}")))
                || implied(known, scenario)
        };
        self.0.iter().filter(about).map(|(name, _)| name.as_str()).collect()
    }

    /// The check that somebody probably meant.
    pub(super) fn nearest(&self, check: &str) -> Option<String> {
        let ids: Vec<String> = self
            .0
            .iter()
            .flat_map(|(scenario, checks)| checks.iter().map(move |check| format!("{scenario}.{check}")))
            .collect();
        let names: Vec<&str> = ids.iter().map(String::as_str).collect();
        nearest::of(check, &names).map(str::to_owned)
    }
}

/// Whether an entry is about an invariant of a scenario, or about what it takes to judge it: those are no rows of
/// the file, and are told only when they are broken.
fn implied(known: &Known, scenario: &str) -> bool {
    let rest = known.check.rsplit_once('.').map(|(_, rest)| rest).unwrap_or_default();
    let invariant = rest.strip_prefix('I').is_some_and(|number| matches!(number.parse(), Ok(1..=11)));
    (invariant || ["precondition", "exit"].contains(&rest)) && known.means(&format!("{scenario}.{rest}"))
}
