//! What the sample world is, written out again, and vectors of records: it shares no code with the model.

use super::steps::Wish;

pub(crate) const START: i64 = 1_767_225_600_250;
pub(crate) const USERS: [&str; 3] =
    ["msp.admin@example.com", "ops.user@example.com", "dedicated.admin@example.com"];
pub(crate) const WORKSPACES: [&str; 5] = ["msp", "abc", "oneil", "standard", "dedicated"];
/// Name, owner, workspace and service of the sample's clients.
pub(crate) const SAMPLE: [(&str, usize, &str, &str); 6] = [
    ("msp", 0, "msp", "platform"),
    ("msp-central", 0, "msp", "central"),
    ("standard", 1, "standard", "platform"),
    ("standard-central", 1, "standard", "central"),
    ("standard-data", 1, "standard", "data"),
    ("dedicated", 2, "dedicated", "platform"),
];
pub(crate) const NAMES: [&str; 5] = ["a", "b", "msp", " ", "Nightly sync"];

pub(crate) fn manages(workspace: &str, tenant: &str) -> bool {
    workspace == "msp" && ["abc", "oneil"].contains(&tenant)
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) name: String,
    pub(crate) owner: usize,
    pub(crate) home: &'static str,
    pub(crate) service: &'static str,
    pub(crate) for_tenant: bool,
    pub(crate) provisioned: bool,
    /// In milliseconds.
    pub(crate) created: i64,
    pub(crate) updated: i64,
    pub(crate) id: String,
    /// Every secret that it had, oldest first.
    pub(crate) secrets: Vec<String>,
    pub(crate) deleted: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) client: usize,
    pub(crate) kind: &'static str,
    pub(crate) workspace: &'static str,
    pub(crate) expires: i64,
    pub(crate) revoked: bool,
    pub(crate) sealed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    Done,
    Body,
    Path,
    Query,
    Filter,
    NoTenant,
    NoProvision,
    Taken,
    Eighth,
    Missing,
}

#[derive(Default)]
pub(crate) struct Oracle {
    pub(crate) records: Vec<Record>,
    pub(crate) tokens: Vec<Held>,
    pub(crate) until_exp: bool,
    pub(crate) ignore_filter: bool,
}

impl Oracle {
    pub(crate) fn of(&self, owner: usize, home: &str) -> Vec<&Record> {
        let wanted = |record: &&Record| !record.deleted && record.owner == owner && record.home == home;
        self.records.iter().filter(wanted).collect()
    }

    pub(crate) fn create(&self, user: usize, at: &str, wish: &Wish) -> Verdict {
        let home = wish.tenant.unwrap_or(at);
        if wish.name.trim().is_empty() {
            Verdict::Body
        } else if wish.tenant.is_some_and(|tenant| !manages(at, tenant)) {
            Verdict::NoTenant
        } else if wish.provision.is_some_and(|of| of != home || of == "dedicated") {
            Verdict::NoProvision
        } else if self.of(user, home).iter().any(|record| record.name == wish.name) {
            Verdict::Taken
        } else if self.of(user, home).len() >= 7 {
            Verdict::Eighth
        } else {
            Verdict::Done
        }
    }

    pub(crate) fn reaches(&self, user: usize, at: &str, record: usize) -> bool {
        let record = &self.records[record];
        !record.deleted && record.owner == user && (record.home == at || manages(at, record.home))
    }

    pub(crate) fn take_back(&mut self, record: usize) {
        if !self.until_exp {
            for token in self.tokens.iter_mut().filter(|token| token.client == record) {
                token.revoked = true;
            }
        }
    }

    pub(crate) fn live(&self, token: usize, now: i64) -> bool {
        let token = &self.tokens[token];
        token.sealed && !token.revoked && now < token.expires
    }

    pub(crate) fn opens(&self, token: usize, family: &str, now: i64) -> bool {
        let held = &self.tokens[token];
        let belongs = match self.records[held.client].service {
            "platform" => true,
            service => service == family && held.kind == "sso",
        };
        self.live(token, now) && belongs
    }
}
