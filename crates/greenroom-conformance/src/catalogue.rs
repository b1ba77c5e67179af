//! The requirements of the kit: those that have a scenario and those that will, and the broken clients that show
//! that their checks can fail.

mod compare;
mod library;
mod page;
mod read;

use std::sync::LazyLock;

use greenroom_model::rule::Glob;
use serde::{Deserialize, Serialize};

pub use self::{
    compare::compare,
    library::{Entry, Library, scenarios},
    page::{markdown, profiles},
};
use crate::scenario::{Basis, Clock, Id, Level, Source};

/// The version of the catalogue's files.
pub const FORMAT: u32 = 1;

/// Requirements by family, and mutants.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalogue {
    /// The families, in the order of the page.
    pub families: Vec<Family>,
    /// Ids that were given up, and are never given again.
    pub retired: Vec<Id>,
    /// The broken clients.
    pub mutants: Vec<Mutant>,
    /// Requirements that no mutant breaks.
    pub no_mutant: Vec<NoMutant>,
    /// Checks that no mutant has to break.
    pub unkilled: Vec<Unkilled>,
    /// Requirements that are to have a mutant, or a reason for none, when they get their scenario.
    pub owed: Vec<Id>,
}

/// Requirements about one thing.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// The letters of their ids.
    pub id: String,
    /// What they are about.
    pub name: String,
    /// The folder of their scenarios.
    pub folder: String,
    /// The requirements.
    pub requirements: Vec<Requirement>,
}

/// A requirement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// Its name.
    pub id: Id,
    /// The sentence.
    pub requirement: String,
    /// How binding it is.
    pub level: Level,
    /// What it rests on.
    pub basis: Basis,
    /// Where it is written.
    pub sources: Vec<Source>,
    /// The clock that it is about.
    pub clock: Clock,
    /// What pycentral is expected to do.
    pub pyc: Expected,
    /// What there is to say about that, or about its parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Why it has no scenario yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub later: Option<String>,
}

/// What a client is expected to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expected {
    /// It passes.
    Pass,
    /// It fails, or is warned.
    Fail,
    /// It passes, with something to remark.
    Remark,
    /// Nobody has looked yet.
    NotRun,
}

/// A client that is broken in one way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mutant {
    /// Its name: `M01`.
    pub id: String,
    /// What it does.
    pub broken: String,
    /// Who did so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub precedent: Vec<Source>,
    /// The checks that must find it, each of them; a scenario stands for any of its checks.
    pub killed_by: Vec<String>,
    /// What else it may turn red.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Also>,
    /// Why nothing can find it yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub later: Option<String>,
}

/// Checks that a mutant may turn red besides those that must find it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Also {
    /// Which; `*` stands for anything.
    pub red: String,
    /// Why.
    pub because: String,
}

/// A requirement that no mutant breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoMutant {
    /// Which.
    pub id: Id,
    /// Why that is right.
    pub because: String,
}

/// A check that no mutant has to break.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unkilled {
    /// Which.
    pub check: String,
    /// Why that is right.
    pub because: String,
}

impl Catalogue {
    /// All requirements, in the order of the page.
    pub fn requirements(&self) -> impl Iterator<Item = &Requirement> {
        self.families.iter().flat_map(|family| &family.requirements)
    }

    /// A requirement by its id.
    pub fn requirement(&self, id: &Id) -> Option<&Requirement> {
        self.requirements().find(|requirement| requirement.id == *id)
    }

    /// A mutant by its name.
    pub fn mutant(&self, id: &str) -> Option<&Mutant> {
        self.mutants.iter().find(|mutant| mutant.id == id)
    }
}

/// The catalogue of this Greenroom. Empty if its files cannot be read, which a test forbids.
pub fn builtin() -> &'static Catalogue {
    static BUILTIN: LazyLock<Catalogue> =
        LazyLock::new(|| read::read(read::REQUIREMENTS, read::MUTANTS).unwrap_or_default());
    &BUILTIN
}

/// Why the requirement of that id has no scenario, if it has none.
pub fn why_not_yet(id: &str) -> Option<&'static str> {
    let mut requirements = builtin().requirements();
    requirements.find(|requirement| requirement.id.as_str() == id)?.later.as_deref()
}

/// Where a scenario stands among others: by family in the order of the catalogue, those of none last, then by number.
pub fn place(id: &Id) -> (usize, Id) {
    let families = &builtin().families;
    let family = families.iter().position(|family| family.id == id.family());
    (family.unwrap_or(families.len()), id.clone())
}

/// Whether a name of the catalogue (`REF-02`, `REF-02.chain`, `EXC-02[live]`, `EXC-02*`) means a check of a scenario,
/// which has the name under which it runs. Without a value of the axis all of them are meant.
pub fn means(name: &str, scenario: &str, check: &str) -> bool {
    let Ok(glob) = name.parse::<Glob>();
    let id = id_of(scenario);
    [scenario, id]
        .into_iter()
        .any(|scenario| glob.fits(scenario) || glob.fits(&format!("{scenario}.{check}")))
}

/// The id that a name of the catalogue begins with.
fn id_of(name: &str) -> &str {
    name.split(['[', '.', '*']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests;
