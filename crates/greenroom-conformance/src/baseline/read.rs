//! A file read, with every mistake at its place.

use std::{collections::BTreeMap, ops::Range as Bytes};

use greenroom_model::{
    nearest,
    yaml::{Findings, Found, Id, Kind, Mistakes, Tree},
};
use jiff::civil::Date;

use super::{Baseline, Known};
use crate::verdict::Verdict;

const FILE: [&str; 2] = ["client", "known"];
const ENTRY: [&str; 6] = ["check", "verdict", "when", "reason", "issue", "expires"];

/// What can be known. A break-down cannot: it says nothing about the client.
const KNOWABLE: [Verdict; 4] = [Verdict::Fail, Verdict::Warn, Verdict::Note, Verdict::Inconclusive];

pub(super) fn read(text: &str) -> Result<Baseline, Mistakes> {
    let mut faults = Vec::new();
    let tree = Tree::read(text, &mut faults);
    let mut reader = Reader { text, tree: &tree, findings: Findings::default() };
    for fault in faults {
        reader.findings.note(|| Found {
            start: fault.start,
            end: fault.end,
            path: fault.node.map(|node| tree.path(node)).unwrap_or_default(),
            message: fault.message,
            mend: Some(fault.mend.to_owned()),
            other: None,
        });
    }
    let baseline = match tree.root() {
        Some(root) => reader.file(root),
        None => {
            reader.at(0..0, String::new(), "the file is empty", "write client: NAME and known: []");
            None
        }
    };
    match baseline.filter(|_| reader.findings.is_empty()) {
        Some(baseline) => Ok(baseline),
        None => Err(reader.findings.in_order(text)),
    }
}

struct Reader<'t> {
    text: &'t str,
    tree: &'t Tree<'t>,
    findings: Findings,
}

/// The keys of a map with their values.
type Keys<'t> = BTreeMap<&'t str, (Id, Id)>;

impl<'t> Reader<'t> {
    fn at(&mut self, at: Bytes<usize>, path: String, message: impl Into<String>, mend: impl Into<String>) {
        let (message, mend) = (message.into(), Some(mend.into()));
        self.findings.note(|| Found { start: at.start, end: at.end, path, message, mend, other: None });
    }

    fn wrong(&mut self, id: Id, message: impl Into<String>, mend: impl Into<String>) {
        let (start, end) = self.tree.place(id);
        let path = self.tree.path(id);
        self.at(start..end, path, message, mend);
    }

    fn place(&self, id: Id) -> Bytes<usize> {
        let (start, end) = self.tree.place(id);
        start..end
    }

    /// The keys of a map. Notes those that are unknown, missing, or come twice.
    fn keys(&mut self, id: Id, known: &[&str], needed: &[&str]) -> Option<Keys<'t>> {
        let tree = self.tree;
        if tree.kind(id) != Kind::Map {
            let message = format!("must be a map, not {}", tree.kind(id).name());
            self.wrong(id, message, format!("its keys are {}", known.join(", ")));
            return None;
        }
        let mut keys = Keys::new();
        let mut guessed = Vec::new();
        for (key, value) in tree.pairs(id) {
            let name = tree.characters(key).unwrap_or_default();
            if !known.contains(&name) {
                let near = nearest::of(name, known);
                guessed.extend(near);
                let mend = match near {
                    Some(near) => format!("did you mean {near}?"),
                    None => format!("the keys here are {}", known.join(", ")),
                };
                self.wrong(key, "unknown key", mend);
            } else if keys.insert(name, (key, value)).is_some() {
                self.wrong(key, "this key was already given", "keep one of the two");
            }
        }
        for needed in needed {
            if !keys.contains_key(needed) && !guessed.contains(needed) && !tree.is_open(id) {
                self.wrong(id, format!("{needed} is missing"), "add it");
            }
        }
        Some(keys)
    }

    /// The text of a value that must be some.
    fn text(&mut self, id: Id, mend: &str) -> Option<&'t str> {
        let tree = self.tree;
        let message = match (tree.kind(id), tree.characters(id)) {
            (Kind::Text, Some(text)) if !text.trim().is_empty() => return Some(text),
            (Kind::Text, _) => "is empty".to_owned(),
            (Kind::Nothing, _) => "there is no value".to_owned(),
            (kind, _) => format!("must be text, not {}", kind.name()),
        };
        self.wrong(id, message, mend);
        None
    }

    /// The text of a value that may be left out.
    fn text_if_any(&mut self, keys: &Keys<'t>, key: &str, mend: &str) -> Option<(Id, &'t str)> {
        let (_, id) = *keys.get(key)?;
        if self.tree.kind(id) == Kind::Nothing { None } else { Some((id, self.text(id, mend)?)) }
    }

    fn file(&mut self, root: Id) -> Option<Baseline> {
        let keys = self.keys(root, &FILE, &FILE)?;
        let client = keys.get("client").and_then(|&(_, id)| {
            Some((id, self.text(id, "write the name that the client gives itself in its reply to hello")?))
        });
        let known = keys.get("known").map(|&(key, list)| (key, list, self.entries(list)));
        let ((client_id, client), (key, list, known)) = (client?, known?);
        let end = self.place(key).end;
        let colon = self.text.get(end..).and_then(|rest| rest.find(':')).map_or(end, |at| end + at + 1);
        let list_at = if self.tree.kind(list) == Kind::List { self.place(list) } else { colon..colon };
        Some(Baseline {
            client: client.to_owned(),
            known,
            text: self.text.to_owned(),
            client_at: self.place(client_id),
            list_at,
            colon,
        })
    }

    fn entries(&mut self, list: Id) -> Vec<Known> {
        let tree = self.tree;
        match tree.kind(list) {
            Kind::List => {}
            Kind::Nothing => return Vec::new(),
            kind => {
                let message = format!("must be a list, not {}", kind.name());
                self.wrong(list, message, "begin each entry with \"- check:\"");
                return Vec::new();
            }
        }
        let mut seen: Vec<(&str, Option<&str>, Id)> = Vec::new();
        let mut known = Vec::new();
        for id in tree.children(list) {
            let Some(keys) = self.keys(id, &ENTRY, &["check", "verdict", "reason"]) else { continue };
            let text = |key: &str| keys.get(key).and_then(|&(_, id)| tree.characters(id));
            if let Some(check) = text("check") {
                let when = text("when");
                if let Some((.., first)) =
                    seen.iter().find(|(other, range, _)| (*other, *range) == (check, when))
                {
                    let other = Some(tree.place(*first).0);
                    let (start, end) = tree.place(id);
                    self.findings.note(|| Found {
                        start,
                        end,
                        path: tree.path(id),
                        message: format!("{check} is known already,"),
                        mend: Some("keep one of the two, or give them versions apart".to_owned()),
                        other,
                    });
                }
                seen.push((check, when, id));
            }
            known.extend(self.entry(id, &keys));
        }
        known
    }

    fn entry(&mut self, id: Id, keys: &Keys<'t>) -> Option<Known> {
        let check = keys.get("check").and_then(|&(_, id)| self.check(id));
        let verdict = keys.get("verdict").and_then(|&(_, id)| Some((id, self.verdict(id)?)));
        let reason = keys
            .get("reason")
            .and_then(|&(_, id)| self.text(id, "say why it is so, for whoever reads it in a year"));
        let when = self.text_if_any(keys, "when", "write a range of versions: \">=2.0a19, <2.0a40\"");
        let when = when.and_then(|(id, text)| match text.parse() {
            Ok(range) => Some((id, range)),
            Err(message) => {
                let mend = "write one as Python does, \">=2.0a19, <2.0a40\", or as Cargo does, \">=1.2, <2\"";
                self.wrong(id, message, mend);
                None
            }
        });
        let issue = self.text_if_any(keys, "issue", "write an address or a number in quotes, or null");
        let expires = self.text_if_any(keys, "expires", "write a day: 2027-06-30");
        let expires = expires.and_then(|(id, text)| match text.parse::<Date>() {
            Ok(date) if text.len() == 10 => Some(date),
            _ => {
                self.wrong(id, format!("{text:?} is no day"), "write one as 2027-06-30");
                None
            }
        });
        let (verdict_id, verdict) = verdict?;
        let at = self.place(id);
        let line = 1 + self.text.get(..at.start).unwrap_or_default().matches('\n').count();
        let (when_at, when) = match when {
            Some((id, range)) => (self.place(id), Some(range)),
            None => (at.clone(), None),
        };
        Some(Known {
            line,
            check: check?.to_owned(),
            verdict,
            when,
            reason: reason?.to_owned(),
            issue: issue.map(|(_, text)| text.to_owned()),
            expires,
            verdict_at: self.place(verdict_id),
            when_at,
            at,
        })
    }

    fn check(&mut self, id: Id) -> Option<&'t str> {
        const MEND: &str =
            "write the id of a check, REF-02.caller-unaware, or a pattern, \"EXC-02[*].bounded\"";
        let text = self.text(id, MEND)?;
        if text.contains(char::is_whitespace) {
            self.wrong(id, format!("{text:?} is no check"), MEND);
            return None;
        }
        Some(text)
    }

    fn verdict(&mut self, id: Id) -> Option<Verdict> {
        let text = self.text(id, "write FAIL, WARN, NOTE or INCONCLUSIVE")?;
        if let Some(known) = KNOWABLE.into_iter().find(|verdict| verdict.word() == text) {
            return Some(known);
        }
        let (message, mend) = match text {
            "ERROR" => (
                "an ERROR cannot be known: it says nothing about the client".to_owned(),
                "mend the adapter, or leave the scenario out with --only".to_owned(),
            ),
            "PASS" => ("what passes need not be known".to_owned(), "remove the entry".to_owned()),
            _ => {
                let upper = text.to_ascii_uppercase();
                let near = nearest::of(&upper, &KNOWABLE.map(Verdict::word));
                let mend = near.map_or_else(
                    || "write FAIL, WARN, NOTE or INCONCLUSIVE".to_owned(),
                    |near| format!("did you mean {near}?"),
                );
                (format!("there is no verdict {text:?}"), mend)
            }
        };
        self.wrong(id, message, mend);
        None
    }
}
