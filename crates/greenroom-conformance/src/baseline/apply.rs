//! A baseline laid beside a report: what is known, and what is stale.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use greenroom_model::yaml::{Findings, Found, Mistakes};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AllChecks, Baseline, Known};
use crate::{
    report::checks,
    suite::{Judged, Report},
    verdict::{CheckVerdict, Verdict},
};

/// A check that is broken as it is known to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KnownCheck {
    /// The check.
    pub check: String,
    /// What was found, as it is known.
    pub verdict: Verdict,
    /// The line of the baseline.
    pub line: usize,
    /// Why it is so.
    pub reason: String,
    /// Where it is tracked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue: Option<String>,
}

/// How an entry went stale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Staleness {
    /// What it says is broken is as it must be.
    Passes,
    /// There is no such check.
    Unknown {
        /// The one that was probably meant.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        near: Option<String>,
    },
    /// Its pattern matches no check that there is.
    MatchesNothing,
    /// Its day is over.
    Expired {
        /// Which.
        on: String,
    },
    /// It is broken, but otherwise.
    Other {
        /// What is known.
        expected: Verdict,
        /// What was found.
        seen: Verdict,
    },
}

/// An entry that is no longer true.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stale {
    /// The line of the baseline.
    pub line: usize,
    /// The check or pattern.
    pub check: String,
    /// How it went stale.
    pub how: Staleness,
}

impl Stale {
    /// What to do about it.
    pub fn mend(&self) -> String {
        match &self.how {
            Staleness::Passes => "remove the entry, or end its range of versions before this one".to_owned(),
            Staleness::Unknown { near: Some(near) } => format!("did you mean {near}?"),
            Staleness::Unknown { near: None } => {
                "greenroom scenarios list has the names of all scenarios; remove the entry".to_owned()
            }
            Staleness::MatchesNothing => "mend the pattern, or remove the entry".to_owned(),
            Staleness::Expired { .. } => "mend the client, or give the entry another day".to_owned(),
            Staleness::Other { seen, .. } => format!("write verdict: {seen}, or mend the client"),
        }
    }
}

impl fmt::Display for Stale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, check, how } = self;
        write!(f, "line {line}: {check} ")?;
        match how {
            Staleness::Passes => f.write_str("passes")?,
            Staleness::Unknown { .. } => f.write_str("is the id of no check")?,
            Staleness::MatchesNothing => f.write_str("matches no check")?,
            Staleness::Expired { on } => write!(f, "expired on {on}")?,
            Staleness::Other { expected, seen } => write!(f, "was {seen}, and {expected} was expected")?,
        }
        write!(f, "; {}", self.mend())
    }
}

/// What a baseline says about a report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// The broken checks that are known, by id: they do not count.
    pub known: BTreeMap<String, KnownCheck>,
    /// The entries that are stale, in the order of the file.
    pub stale: Vec<Stale>,
}

impl Baseline {
    /// Lays it beside a report. `all` has all scenarios that there are, run or not; entries whose scenario
    /// was not judged are not looked at, nor those for other versions. Refuses the report of another client, and
    /// ranges that cannot be compared with the client's version.
    pub fn apply(&self, report: &Report, all: &AllChecks, today: Date) -> Result<Applied, Mistakes> {
        let in_force = self.in_force(report)?;
        let mut applied = Applied::default();
        for (_, known) in in_force {
            let Some(seen) = seen(known, report, all) else { continue };
            let stale = match seen {
                Seen::Absent { .. } if known.is_pattern() => Some(Staleness::MatchesNothing),
                Seen::Absent { near } => Some(Staleness::Unknown { near }),
                Seen::Passes => Some(Staleness::Passes),
                Seen::Other(seen) => Some(Staleness::Other { expected: known.verdict, seen }),
                Seen::AsKnown(checks) => {
                    for check in checks {
                        applied.known.entry(check.clone()).or_insert_with(|| KnownCheck {
                            check,
                            verdict: known.verdict,
                            line: known.line,
                            reason: known.reason.clone(),
                            issue: known.issue.clone(),
                        });
                    }
                    let over = known.expires.filter(|day| *day < today);
                    over.map(|day| Staleness::Expired { on: day.to_string() })
                }
            };
            let stale = stale.map(|how| Stale { line: known.line, check: known.check.clone(), how });
            applied.stale.extend(stale);
        }
        Ok(applied)
    }

    /// The entries for the version that was judged, with their places in the list.
    pub(super) fn in_force(&self, report: &Report) -> Result<Vec<(usize, &Known)>, Mistakes> {
        let mut findings = Findings::default();
        let mut wrong = |at: &std::ops::Range<usize>, path: String, message: String, mend: &str| {
            let (start, end, mend) = (at.start, at.end, Some(mend.to_owned()));
            findings.note(|| Found { start, end, path, message, mend, other: None });
        };
        if self.client != report.client.name {
            let message = format!("it is about {:?}, and {:?} was judged", self.client, report.client.name);
            wrong(&self.client_at, "client".to_owned(), message, "give each client a baseline of its own");
        }
        let mut in_force = Vec::new();
        for (nth, known) in self.known.iter().enumerate() {
            match known.when.as_ref().map_or(Ok(true), |range| range.covers(&report.client)) {
                Ok(true) => in_force.push((nth, known)),
                Ok(false) => {}
                Err(message) => {
                    let path = format!("known[{nth}].when");
                    wrong(
                        &known.when_at,
                        path,
                        message,
                        "write a range in the order of the client's versions",
                    );
                }
            }
        }
        if findings.is_empty() { Ok(in_force) } else { Err(findings.in_order(&self.text)) }
    }
}

/// What was seen of an entry.
pub(super) enum Seen {
    /// There is no such check.
    Absent { near: Option<String> },
    /// What it is about is as it must be.
    Passes,
    /// Something of it is broken, and nothing as it is known.
    Other(Verdict),
    /// These are broken as it is known.
    AsKnown(Vec<String>),
}

/// What was seen of an entry; nothing if nothing of it was judged.
pub(super) fn seen(known: &Known, report: &Report, all: &AllChecks) -> Option<Seen> {
    let of_report = |judged: &&Judged| {
        judged.run.is_some() || !matches!(judged.verdict.verdict, Verdict::NotApplicable | Verdict::NotScored)
    };
    let mut names = all.scenarios(known);
    let told: Vec<(&Judged, Vec<Cow<'_, CheckVerdict>>)> =
        report.scenarios.iter().filter(of_report).map(|judged| (judged, checks(&judged.verdict))).collect();
    // A report may hold what no row of a file names.
    for (judged, checks) in &told {
        if checks.iter().any(|check| known.means(&check.id)) {
            names.push(&judged.verdict.name);
        }
    }
    if names.is_empty() {
        return Some(Seen::Absent { near: all.nearest(&known.check) });
    }
    let ran = told.iter().filter(|(judged, _)| {
        names.contains(&judged.verdict.name.as_str()) && judged.verdict.verdict != Verdict::Error
    });
    let (mut as_known, mut worst, mut judged_at_all) = (Vec::new(), Verdict::Pass, false);
    for (judged, checks) in ran {
        let meant: Vec<_> = checks.iter().filter(|check| known.means(&check.id)).collect();
        // Invariants are told only when they are broken; other checks, too, of a scenario that broke off.
        judged_at_all |= meant.is_empty()
            && (judged.verdict.verdict == Verdict::Pass
                || !judged.verdict.checks.is_empty() && names_invariant(known));
        for check in meant {
            if matches!(check.verdict, Verdict::NotApplicable | Verdict::NotScored) {
                continue;
            }
            judged_at_all = true;
            worst = worst.max(check.verdict);
            if check.verdict == known.verdict {
                as_known.push(check.id.clone());
            }
        }
    }
    match (as_known.is_empty(), worst) {
        (false, _) => Some(Seen::AsKnown(as_known)),
        _ if !judged_at_all => None,
        (_, worst) if worst >= Verdict::Note => Some(Seen::Other(worst)),
        _ => Some(Seen::Passes),
    }
}

fn names_invariant(known: &Known) -> bool {
    let rest = known.check.rsplit_once('.').map(|(_, rest)| rest);
    rest.and_then(|rest| rest.strip_prefix('I')).is_some_and(|number| number.parse::<u8>().is_ok())
}
