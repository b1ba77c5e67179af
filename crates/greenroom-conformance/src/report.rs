//! What people and machines read of a run: a text, a JSON document, JUnit, annotations of GitHub; and how the
//! command ends.

mod annotations;
mod console;
mod document;
mod junit;
mod summary;
#[cfg(test)]
mod tests;
mod text;
mod timeline;

use std::{borrow::Cow, ops::BitOr};

pub use self::{
    annotations::annotations,
    console::{Console, line},
    document::{Document, FORMAT, schema},
    junit::junit,
    summary::{Proven, Summary},
    timeline::timeline,
};
use crate::{
    baseline::Applied,
    scenario::Level,
    suite::Report,
    verdict::{CheckVerdict, ScenarioVerdict, Verdict},
};

/// How a command ends, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// 0: what was judged is as it must be, or known.
    Fine,
    /// 4: the baseline is not true any more.
    Stale,
    /// 1: a MUST is broken; when strict, a SHOULD.
    Broken,
    /// 3: something broke down, or nothing can be said about a MUST.
    Unjudged,
    /// 2: the command line or a file is wrong.
    Usage,
}

impl Ending {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Broken => 1,
            Self::Usage => 2,
            Self::Unjudged => 3,
            Self::Stale => 4,
        }
    }

    /// What one check alone would make of it.
    fn of_check(check: &CheckVerdict, strict: bool) -> Self {
        match check.verdict {
            Verdict::Error => Self::Unjudged,
            Verdict::Inconclusive if check.level == Level::Must => Self::Unjudged,
            Verdict::Fail => Self::Broken,
            Verdict::Warn if strict => Self::Broken,
            _ => Self::Fine,
        }
    }

    /// How it ends with this report and what a baseline says about it.
    pub fn of(report: &Report, applied: &Applied, strict: bool) -> Self {
        let stale = if applied.stale.is_empty() { Self::Fine } else { Self::Stale };
        let all = report.scenarios.iter().flat_map(|judged| checks(&judged.verdict));
        all.filter(|check| !applied.known.contains_key(&check.id))
            .fold(stale, |ending, check| ending | Self::of_check(&check, strict))
    }
}

/// The one that comes first.
impl BitOr for Ending {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.max(other)
    }
}

/// The checks of a scenario. One whose verdict no check of it has, because it broke down before there were any,
/// is a check itself, under its own name.
pub fn checks(scenario: &ScenarioVerdict) -> Vec<Cow<'_, CheckVerdict>> {
    let worst = scenario.checks.iter().map(|check| check.verdict).max();
    let mut checks: Vec<_> = scenario.checks.iter().map(Cow::Borrowed).collect();
    if worst.is_none_or(|worst| worst < scenario.verdict) {
        checks.push(Cow::Owned(CheckVerdict {
            id: scenario.name.clone(),
            level: scenario.level,
            verdict: scenario.verdict,
            grade: None,
            expected: scenario.title.clone(),
            actual: scenario.why.clone().unwrap_or_default(),
            events: Vec::new(),
            cause: None,
        }));
    }
    checks
}
