//! The form that a value has in a world file: how it is read, written and described.
//!
//! Reading never stops at a mistake: it notes it and goes on, so that all come to light at once.

use std::borrow::Cow;

use serde::ser::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::{collections::whole, names::Names};
use crate::{
    nearest,
    yaml::{Findings, Found, Id, Kind, Tree},
};

/// A value that a world file can hold.
pub(super) trait Form: Sized {
    /// Reads the value of a node. `None` after a mistake was noted.
    fn read(reader: &mut Reader<'_>, id: Id) -> Option<Self>;

    /// Writes it in the form in which it is read.
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;

    /// What it may look like, as a JSON Schema.
    fn schema(definitions: &mut Definitions) -> Value;
}

/// The shared parts of a schema, by name.
pub(super) type Definitions = Map<String, Value>;

/// A value in its written form.
pub(super) struct Written<'a, T>(pub(super) &'a T);

impl<T: Form> Serialize for Written<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

/// Reads a tree and collects what is wrong with it.
pub(super) struct Reader<'t> {
    pub(super) tree: &'t Tree<'t>,
    pub(super) findings: Findings,
    pub(super) names: Names,
    /// The workspace that is being read, within which the names of sites hold.
    pub(super) scope: Id,
    /// The MSP whose generated tenants are being changed.
    pub(super) changing: Option<Id>,
}

/// The keys of a map that its form knows.
#[derive(Default)]
pub(super) struct Keys {
    found: Vec<(&'static str, Id)>,
    /// Those that an unknown key was probably meant to be.
    guessed: Vec<&'static str>,
}

impl Keys {
    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<Id> {
        self.found.iter().find(|(known, _)| *known == key).map(|(_, value)| *value)
    }
}

impl<'t> Reader<'t> {
    pub(super) fn new(tree: &'t Tree<'t>, findings: Findings) -> Self {
        Self { tree, findings, names: Names::default(), scope: 0, changing: None }
    }

    /// Notes a mistake about a node.
    pub(super) fn wrong(&mut self, id: Id, message: impl Into<String>, mend: impl Into<String>) {
        self.wrong_like(id, message, mend, None);
    }

    /// Notes a mistake about a node, and where the other one of two is.
    pub(super) fn wrong_like(
        &mut self,
        id: Id,
        message: impl Into<String>,
        mend: impl Into<String>,
        other: Option<Id>,
    ) {
        let tree = self.tree;
        self.findings.note(|| {
            let (start, end) = tree.place(id);
            let (message, mend) = (message.into(), mend.into());
            let mend = (!mend.is_empty()).then_some(mend);
            let other = other.map(|other| tree.place(other).0);
            Found { start, end, path: tree.path(id), message, mend, other }
        });
    }

    /// Whether a node is of a kind; notes a mistake if not.
    pub(super) fn is(&mut self, id: Id, wanted: Kind) -> bool {
        let found = self.tree.kind(id);
        if found == wanted {
            return true;
        }
        // An alias was noted when the tree was read.
        if self.tree.is_alias(id) {
            return false;
        }
        let wanted_name = wanted.name();
        match (wanted, found) {
            (_, Kind::Nothing) => {
                self.wrong(id, "there is no value", format!("write {wanted_name} or leave it out"));
            }
            (Kind::Text, Kind::Number | Kind::Truth) => {
                let found = found.name();
                self.wrong(id, format!("must be text, not {found}"), "write it in quotes");
            }
            _ => self.wrong(id, format!("must be {wanted_name}, not {}", found.name()), ""),
        }
        false
    }

    /// The keys of a map. Notes those that are unknown or come twice.
    pub(super) fn keys(&mut self, id: Id, known: &[&'static str]) -> Option<Keys> {
        if !self.is(id, Kind::Map) {
            return None;
        }
        let tree = self.tree;
        let mut keys = Keys::default();
        let mut seen: Vec<(&str, Id)> = Vec::new();
        for (key, value) in tree.pairs(id) {
            let Some(name) = self.key(key) else { continue };
            if let Some((_, first)) = seen.iter().find(|(other, _)| *other == name) {
                self.wrong_like(key, "this key was already given", "keep one of the two", Some(*first));
                continue;
            }
            if let Some(known) = known.iter().find(|known| **known == name) {
                seen.push((name, key));
                keys.found.push((known, value));
            } else if !tree.is_alias(value) || name != "<<" {
                let meant = if self.findings.is_full() { None } else { near(name, known) };
                let mend = match meant {
                    Some(near) => format!("did you mean {near}?"),
                    None => format!("the keys here are {}", known.join(", ")),
                };
                keys.guessed.extend(meant);
                self.wrong(key, "unknown key", mend);
            }
        }
        Some(keys)
    }

    /// The characters of a key.
    pub(super) fn key(&mut self, key: Id) -> Option<&'t str> {
        let tree = self.tree;
        let name = tree.characters(key);
        if name.is_none() && !tree.is_alias(key) {
            self.wrong(key, "a key must be text", "");
        }
        name
    }

    /// Notes that a key is missing, unless it was misspelt, or the text broke off before it could come.
    pub(super) fn missing(&mut self, id: Id, keys: &Keys, key: &str) {
        if !self.tree.is_open(id) && !keys.guessed.contains(&key) {
            self.wrong(id, format!("{key} is missing"), "add it");
        }
    }

    /// The value of a key of a map, whatever else the map holds.
    pub(super) fn at(&self, map: Id, key: &str) -> Option<Id> {
        let named = |(name, _): &(Id, Id)| self.tree.characters(*name) == Some(key);
        (self.tree.kind(map) == Kind::Map).then(|| self.tree.pairs(map).find(named))?.map(|(_, value)| value)
    }

    /// The number under a key of a map, if there is one.
    pub(super) fn number_at(&self, map: Id, key: &str) -> Option<u64> {
        whole(self.tree.characters(self.at(map, key)?)?)
    }

    /// A text as messages show it, unless it may hold a secret.
    pub(super) fn shown(&self, id: Id, text: &str) -> String {
        if self.may_hold_a_secret(id, text) { HIDDEN.to_owned() } else { quoted(text) }
    }

    /// Whether a text may be what was meant for the next key: one over several lines, and one within a client
    /// that has a blank in it or names a secret.
    fn may_hold_a_secret(&self, id: Id, text: &str) -> bool {
        let odd = || text.contains(char::is_whitespace) || text.to_ascii_lowercase().contains("sec");
        self.tree.is_folded(id) || (odd() && self.tree.path(id).contains("clients["))
    }
}

/// What stands for a text that may hold a secret.
const HIDDEN: &str = "\"…\"";

/// Why a word will not do.
pub(super) struct Complaint {
    pub(super) message: String,
    pub(super) mend: String,
}

impl Complaint {
    /// What was found, and what it is not.
    pub(super) fn no(found: &str, what: &str, mend: impl Into<String>) -> Self {
        Self { message: format!("{} is not {what}", quoted(found)), mend: mend.into() }
    }

    /// A name that is none of the known ones.
    pub(super) fn unknown(what: &str, found: &str, known: &[&str]) -> Self {
        let mend = match near(found, known) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("there is {}", known.join(", ")),
        };
        Self { message: format!("there is no {what} {}", quoted(found)), mend }
    }
}

/// Text from a file as messages show it: in quotes, and not too long.
pub(super) fn quoted(text: &str) -> String {
    const MOST: usize = 48;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// A value that is one text.
pub(super) trait Word: Sized {
    /// Reads it.
    fn of(text: &str) -> Result<Self, Complaint>;

    /// Writes it as it can be read.
    fn text(&self) -> Cow<'_, str>;

    /// What it may look like.
    fn schema() -> Value;
}

impl<T: Word> Form for T {
    fn read(reader: &mut Reader<'_>, id: Id) -> Option<Self> {
        if !reader.is(id, Kind::Text) {
            return None;
        }
        match T::of(reader.tree.characters(id)?) {
            Ok(value) => Some(value),
            Err(Complaint { message, mend }) => {
                let text = reader.tree.characters(id).unwrap_or_default();
                let hidden = reader.may_hold_a_secret(id, text);
                let message = if hidden { message.replace(&quoted(text), HIDDEN) } else { message };
                reader.wrong(id, message, mend);
                None
            }
        }
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }

    fn schema(_: &mut Definitions) -> Value {
        <T as Word>::schema()
    }
}

/// The known name that somebody probably meant.
pub(super) fn near<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
    let same = known.iter().find(|name| name.eq_ignore_ascii_case(found));
    same.copied().or_else(|| nearest::of(found, known))
}
