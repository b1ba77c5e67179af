//! Names in a world file: which are given, which are used, and which are given twice or not at all.

use std::collections::{HashMap, hash_map::Entry};

use super::{
    collections::whole,
    form::{Reader, near},
};
use crate::{
    role,
    yaml::{Id, Kind},
};

pub use crate::{
    fleet::{MOST_SITES, SITES},
    tenancy::MOST_WORKSPACES,
};

/// For how many unknown names the nearest known one is looked for.
const MOST_HINTS: usize = 100;

/// What can have a name that must be its own, or that others use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Name {
    User,
    /// The same without regard to case.
    UserInAnyCase,
    Role,
    Workspace,
    WorkspaceId,
    CentralCustomer,
    /// A generated tenant, by its symbol.
    Generated,
    /// The same where it is changed.
    Changed,
    Client,
    ClientSymbol,
    Provision,
    Site,
    Serial,
    DeviceId,
    Mac,
    /// A generated device that is changed.
    ChangedSerial,
    Token,
    TokenDigest,
    Operation,
    SubscriptionKey,
    SubscriptionId,
}

impl Name {
    /// What the name is called, and what it is a name of.
    pub(super) fn what(self) -> (&'static str, &'static str) {
        match self {
            Self::User | Self::UserInAnyCase => ("e-mail address", "user"),
            Self::Role => ("name", "role"),
            Self::Workspace | Self::Generated => ("symbol", "workspace"),
            Self::Changed => ("symbol", "change"),
            Self::WorkspaceId => ("id", "workspace"),
            Self::CentralCustomer => ("id", "Central customer"),
            Self::Client => ("id", "client"),
            Self::ClientSymbol => ("name", "client"),
            Self::Provision => ("id", "provision"),
            Self::Site => ("name", "site"),
            Self::Serial => ("serial number", "device"),
            Self::ChangedSerial => ("serial number", "change"),
            Self::DeviceId => ("id", "device"),
            Self::Mac => ("MAC address", "device"),
            Self::Token => ("number", "token"),
            Self::TokenDigest => ("digest", "token"),
            Self::Operation => ("number", "operation"),
            Self::SubscriptionKey => ("key", "subscription"),
            Self::SubscriptionId => ("id", "subscription"),
        }
    }

    /// The one spelling of a name that can be spelt in several ways.
    fn canonical(self, text: &str) -> String {
        match self {
            Self::WorkspaceId
            | Self::CentralCustomer
            | Self::Provision
            | Self::DeviceId
            | Self::SubscriptionId => text.replace('-', "").to_ascii_lowercase(),
            Self::Mac | Self::Serial | Self::ChangedSerial => text.to_ascii_uppercase(),
            Self::TokenDigest => text.to_ascii_lowercase(),
            Self::UserInAnyCase => text.to_lowercase(),
            Self::Token | Self::Operation => {
                whole(text).map_or_else(|| text.to_owned(), |number| number.to_string())
            }
            _ => text.to_owned(),
        }
    }
}

/// Tenants that are generated: so many, called by a pattern with `{n}` in it.
struct Generator {
    msp: Id,
    pattern: String,
    count: u64,
    place: Id,
}

impl Generator {
    fn symbols(&self) -> impl Iterator<Item = String> {
        (1..=self.count).map(|n| numbered(&self.pattern, n))
    }
}

/// The `n`th name of a pattern: `{n}` in it is replaced.
pub fn numbered(pattern: &str, n: u64) -> String {
    pattern.replace("{n}", &n.to_string())
}

/// The pattern of the symbols of generated tenants, unless a file gives another.
pub fn default_pattern(msp: &str) -> String {
    format!("{msp}-{{n}}")
}

/// All names of one file.
#[derive(Default)]
pub(super) struct Names {
    /// Each with its place, and whether it may be given again.
    given: HashMap<(Name, Id, String), (Id, bool)>,
    used: Vec<(Name, Id, String, Id)>,
    generators: Vec<Generator>,
    workspaces: u64,
}

impl Names {
    /// Gives a name within a scope. Returns who else has it, unless one of the two is `weak`.
    pub(super) fn define(&mut self, kind: Name, scope: Id, text: &str, place: Id, weak: bool) -> Option<Id> {
        let given = self.given.entry((kind, scope, kind.canonical(text))).or_insert((place, weak));
        if given.0 == place || weak {
            return None;
        }
        let (first, was_weak) = std::mem::replace(given, (given.0, false));
        if was_weak {
            given.0 = place;
            return None;
        }
        Some(first)
    }

    /// Uses a name.
    pub(super) fn refer(&mut self, kind: Name, scope: Id, text: &str, place: Id) {
        self.used.push((kind, scope, kind.canonical(text), place));
    }

    fn is_given(&self, kind: Name, scope: Id, text: &str) -> bool {
        self.given.contains_key(&(kind, scope, text.to_owned()))
    }

    fn all(&self, kind: Name, scope: Id) -> Vec<&str> {
        let given = self.given.keys().filter(|(known, within, _)| (*known, *within) == (kind, scope));
        let mut names: Vec<_> = given.map(|(.., text)| text.as_str()).collect();
        names.sort_unstable();
        names
    }
}

impl Reader<'_> {
    /// The value of a key is a name of what holds it. Roles are the keys of a map, sites the items of a
    /// list. A name that was not good still counts, so that those who use it are not blamed.
    pub(super) fn defines(&mut self, kind: Name, owner: Id, value: Id, good: bool) {
        let tree = self.tree;
        match (kind, tree.kind(value)) {
            (Name::Role, Kind::Map) => tree.pairs(value).for_each(|(key, _)| self.define_role(key)),
            (Name::Site, Kind::List) => {
                tree.children(value).for_each(|item| self.define(kind, item, false));
                if let Some(surplus) = tree.children(value).nth(MOST_SITES) {
                    let message = format!("a workspace has at most {MOST_SITES} sites, and here it has more");
                    self.wrong(surplus, message, "leave some out");
                }
            }
            (Name::Role | Name::Site, _) => {}
            _ => {
                let gone = self.at(owner, "gone").and_then(|gone| tree.characters(gone)) == Some("true");
                self.define(kind, value, gone || !good);
            }
        }
    }

    /// The value of a key is the name of something else, or a list of such. An empty one is the name of nothing.
    pub(super) fn refers(&mut self, kind: Name, _: Id, value: Id, good: bool) {
        let tree = self.tree;
        if tree.kind(value) == Kind::List {
            tree.children(value).for_each(|item| self.refers(kind, item, item, good));
        } else if let Some(text) = tree.characters(value).filter(|text| good && !text.is_empty()) {
            self.names.refer(kind, self.scope, text, value);
        }
    }

    fn define_role(&mut self, key: Id) {
        let known = self.tree.characters(key).filter(|name| role::preconfigured().contains_key(*name));
        if known.is_some() {
            self.wrong(key, "this role is there already and stays what it is", "give yours another name");
        }
        // A key that comes twice is a mistake already.
        self.define(Name::Role, key, true);
    }

    /// Gives a name. One that is `weak` may be given again.
    fn define(&mut self, kind: Name, value: Id, weak: bool) {
        let Some(text) = self.tree.characters(value) else { return };
        let scope = if kind == Name::Site { self.scope } else { 0 };
        let (kind, scope) = match self.changing {
            Some(msp) if kind == Name::Workspace => {
                self.names.refer(Name::Generated, msp, text, value);
                (Name::Changed, msp)
            }
            _ => (kind, scope),
        };
        let mut first = self.names.define(kind, scope, text, value, weak);
        if kind == Name::User {
            let same = self.names.define(Name::UserInAnyCase, scope, text, value, weak);
            first = first.or(same);
        }
        if let Some(first) = first {
            let (what, owner) = kind.what();
            let message = format!("another {owner} has this {what}");
            self.wrong_like(value, message, "each needs its own", Some(first));
        }
    }
}

impl Reader<'_> {
    /// Counts workspaces, at a place that says how many more there are.
    pub(super) fn count_workspaces(&mut self, place: Id, more: u64) {
        let before = self.names.workspaces;
        self.names.workspaces = before.saturating_add(more);
        let most = u64::from(MOST_WORKSPACES);
        if before <= most && self.names.workspaces > most {
            let message = format!("a world has at most {most} workspaces, and here it has more");
            self.wrong(place, message, "leave some out");
        }
    }

    /// Notes that the MSP whose map is `msp` generates tenants.
    pub(super) fn generate(&mut self, msp: Id, pattern: String, count: u64, place: Id) {
        if count <= u64::from(MOST_WORKSPACES) {
            self.names.generators.push(Generator { msp, pattern, count, place });
        }
    }

    /// Looks at all names together, once everything was read.
    pub(super) fn resolve(&mut self) {
        let names = std::mem::take(&mut self.names);
        let generated = self.expand(&names);
        // What is used may be given further down, where the text broke off.
        if self.tree.broke_off() {
            return;
        }
        let preconfigured = role::preconfigured();
        let mut hints = 0;
        for (kind, scope, text, place) in &names.used {
            let found = match kind {
                Name::Role => names.is_given(*kind, 0, text) || preconfigured.contains_key(text),
                Name::Workspace => names.is_given(*kind, 0, text) || generated.contains_key(text),
                Name::Generated => generated.get(text) == Some(scope),
                Name::Site => match self.at(*scope, "sites") {
                    Some(_) => names.is_given(*kind, *scope, text),
                    None => SITES.contains(&text.as_str()),
                },
                _ => names.is_given(*kind, 0, text),
            };
            if !found {
                hints += 1;
                let shown = self.shown(*place, text);
                let (message, mend) =
                    self.unknown(&names, (*kind, *scope, text), &shown, hints <= MOST_HINTS);
                self.wrong(*place, message, mend);
            }
        }
    }

    fn known_sites<'n>(&self, names: &'n Names, scope: Id) -> Vec<&'n str> {
        match self.at(scope, "sites") {
            Some(_) => names.all(Name::Site, scope),
            None => SITES.to_vec(),
        }
    }

    /// The symbols of all generated tenants, with the MSP of each. They must differ from those that the
    /// file gives.
    fn expand(&mut self, names: &Names) -> HashMap<String, Id> {
        let mut generated = HashMap::new();
        for generator in &names.generators {
            let mut overlaps = false;
            for symbol in generator.symbols() {
                let given = names.given.get(&(Name::Workspace, 0, symbol.clone()));
                match (generated.entry(symbol), given) {
                    (Entry::Occupied(_), _) => overlaps = true,
                    (Entry::Vacant(free), given) => {
                        free.insert(generator.msp);
                        if let Some((place, _)) = given {
                            let message = "a generated tenant has this symbol";
                            self.wrong(*place, message, "choose another, or list it under changed");
                        }
                    }
                }
            }
            if overlaps {
                let message = "other generated tenants have the same symbols";
                self.wrong(generator.place, message, "give them a symbol of their own, such as t-{n}");
            }
        }
        generated
    }

    fn unknown(
        &self,
        names: &Names,
        (kind, scope, text): (Name, Id, &str),
        shown: &str,
        hint: bool,
    ) -> (String, String) {
        let (_, owner) = kind.what();
        if kind == Name::Generated {
            let message = format!("no tenant with the symbol {} is generated here", shown);
            let generator = names.generators.iter().find(|generator| generator.msp == scope);
            let mend = generator.map(|Generator { pattern, count, .. }| {
                format!("they are {} to {}", numbered(pattern, 1), numbered(pattern, *count))
            });
            return (message, mend.unwrap_or_else(|| "list it under listed".to_owned()));
        }
        let preconfigured = role::preconfigured();
        let mut known = match kind {
            Name::Site if hint => self.known_sites(names, scope),
            _ if hint => names.all(kind, 0),
            _ => Vec::new(),
        };
        if kind == Name::Role {
            known.extend(preconfigured.keys().map(String::as_str));
        }
        let mend = match near(text, &known) {
            Some(near) => format!("did you mean {near}?"),
            None if (1..=8).contains(&known.len()) => format!("there is {}", known.join(", ")),
            None => format!("add the {owner}, or name another"),
        };
        (format!("there is no {owner} {shown}"), mend)
    }
}
