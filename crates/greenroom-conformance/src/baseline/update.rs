//! A baseline brought up to date: what passes goes, what is new comes, and the rest stays as it is written,
//! comments and all.

use std::{collections::BTreeSet, ops::Range as Bytes};

use greenroom_model::yaml::{Findings, Found, Mistakes};

use super::{
    AllChecks, Baseline,
    apply::{Seen, seen},
};
use crate::{report::checks, suite::Report, verdict::Verdict};

/// A baseline as it should be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Updated {
    /// The whole file.
    pub text: String,
    /// The checks that came: somebody must say why.
    pub added: Vec<String>,
    /// The checks and patterns that went.
    pub removed: Vec<String>,
    /// The checks whose verdict is another one now.
    pub changed: Vec<String>,
}

/// The beginning of a baseline for a client that has none yet.
pub fn blank(client: &str) -> String {
    format!("# What is known to be wrong, and why.\nclient: {client:?}\nknown: []\n")
}

impl Baseline {
    /// What the file should be after this report. What is new has an empty reason, with which no baseline is read:
    /// somebody must say why. What no scenario has stays: only people know what it was renamed to.
    pub fn updated(&self, report: &Report, all: &AllChecks) -> Result<Updated, Mistakes> {
        let mut gone = BTreeSet::new();
        let (mut removed, mut changed) = (Vec::new(), Vec::new());
        let mut edits: Vec<(Bytes<usize>, String)> = Vec::new();
        let mut known_checks = BTreeSet::new();
        for (nth, known) in self.in_force(report)? {
            match seen(known, report, all) {
                Some(Seen::AsKnown(checks)) => known_checks.extend(checks),
                Some(Seen::Other(verdict)) if !known.is_pattern() && verdict != Verdict::Error => {
                    edits.push((known.verdict_at.clone(), verdict.word().to_owned()));
                    known_checks.insert(known.check.clone());
                    changed.push(known.check.clone());
                }
                Some(Seen::Passes | Seen::Other(_)) => {
                    gone.insert(nth);
                    removed.push(known.check.clone());
                }
                Some(Seen::Absent { .. }) | None => {}
            }
        }
        let added: Vec<_> = report
            .scenarios
            .iter()
            .flat_map(|judged| checks(&judged.verdict))
            .filter(|check| matches!(check.verdict, Verdict::Fail | Verdict::Warn | Verdict::Inconclusive))
            .filter(|check| !known_checks.contains(&check.id))
            .collect();
        let flow = self.text.get(self.list_at.clone()).is_some_and(|list| list.starts_with('['));
        if flow && !self.known.is_empty() && !(gone.is_empty() && added.is_empty()) {
            return Err(self.in_one_line());
        }
        edits.extend(gone.iter().map(|nth| (self.lines_of(*nth), String::new())));
        let none_left = gone.len() == self.known.len();
        if added.is_empty() {
            if none_left && !self.known.is_empty() {
                edits.push((self.colon..self.colon, " []".to_owned()));
            }
        } else {
            let dash = self.dash();
            let rows: String = added
                .iter()
                .map(|check| {
                    // A variant's name has brackets, which end a word of YAML.
                    format!("{dash}- {{ check: {:?}, verdict: {}, reason: \"\" }}\n", check.id, check.verdict)
                })
                .collect();
            if self.known.is_empty() {
                let rows = format!("\n{}", rows.trim_end_matches('\n'));
                let start = self.colon;
                edits.push((start..self.list_at.end, rows));
            } else {
                let end = self.lines_of(self.known.len() - 1).end;
                let newline = if self.text[..end].ends_with('\n') { "" } else { "\n" };
                edits.push((end..end, format!("{newline}{rows}")));
            }
        }
        let added = added.iter().map(|check| check.id.clone()).collect();
        Ok(Updated { text: edited(&self.text, edits), added, removed, changed })
    }

    /// The indentation of the entries.
    fn dash(&self) -> String {
        let Some(first) = self.known.first() else { return "  ".to_owned() };
        let line = self.lines_of_bytes(&first.at).start;
        self.text[line..].chars().take_while(|c| *c == ' ').collect()
    }

    /// The lines of an entry, from its dash to the end of its last line.
    fn lines_of(&self, nth: usize) -> Bytes<usize> {
        self.lines_of_bytes(&self.known[nth].at)
    }

    fn lines_of_bytes(&self, at: &Bytes<usize>) -> Bytes<usize> {
        let dash = self.text[..at.start].rfind('-').unwrap_or(at.start);
        let start = self.text[..dash].rfind('\n').map_or(0, |at| at + 1);
        let end = self.text[at.end..].find('\n').map_or(self.text.len(), |more| at.end + more + 1);
        start..end
    }

    fn in_one_line(&self) -> Mistakes {
        let mut findings = Findings::default();
        findings.note(|| Found {
            start: self.list_at.start,
            end: self.list_at.end,
            path: "known".to_owned(),
            message: "its entries stand in brackets, where none can be replaced".to_owned(),
            mend: Some("write each entry on a line of its own that begins with \"- \"".to_owned()),
            other: None,
        });
        findings.in_order(&self.text)
    }
}

/// The text with its parts replaced.
fn edited(text: &str, mut edits: Vec<(Bytes<usize>, String)>) -> String {
    edits.sort_by_key(|(at, _)| (at.start, at.end));
    let (mut out, mut reached) = (String::with_capacity(text.len()), 0);
    for (at, new) in edits {
        out.push_str(&text[reached..at.start.max(reached)]);
        out.push_str(&new);
        reached = at.end.max(reached);
    }
    out.push_str(&text[reached..]);
    out
}
