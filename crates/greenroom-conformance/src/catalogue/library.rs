//! The scenarios that this Greenroom has in itself, or those of a folder.

use std::sync::LazyLock;

use greenroom_model::yaml::Mistakes;

use crate::{
    load::{self, Loaded},
    scenario::{Id, Profile, Scenario},
};

static FILES: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/scenarios.rs"));

/// The files of the built-in scenarios: paths within `scenarios`, in order, and their texts.
pub fn scenarios() -> impl Iterator<Item = (&'static str, &'static str)> {
    FILES.iter().copied()
}

/// Scenarios that could be read, in the order of their files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Library {
    entries: Vec<Entry>,
}

/// A scenario file that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Where it stands.
    pub path: String,
    /// What it holds.
    pub loaded: Loaded,
}

impl Entry {
    /// The scenario, with the first value of its axis if it has one.
    pub fn first(&self) -> Option<&Scenario> {
        self.loaded.variants.first().map(|paced| &paced.otherwise)
    }

    /// Its id.
    pub fn id(&self) -> Option<&Id> {
        self.first().map(|scenario| &scenario.id)
    }
}

impl Library {
    /// The built-in scenarios. Those that cannot be read are missing, which a test forbids.
    pub fn builtin() -> &'static Self {
        static BUILTIN: LazyLock<Library> = LazyLock::new(|| Library::read(scenarios()).0);
        &BUILTIN
    }

    /// Reads files, given with their paths. What is wrong with some does not hide the others.
    pub fn read<'f>(files: impl IntoIterator<Item = (&'f str, &'f str)>) -> (Self, Vec<(String, Mistakes)>) {
        let (mut entries, mut mistakes) = (Vec::new(), Vec::new());
        for (path, text) in files {
            match load::load(text) {
                Ok(loaded) => entries.push(Entry { path: path.to_owned(), loaded }),
                Err(wrong) => mistakes.push((path.to_owned(), wrong)),
            }
        }
        (Self { entries }, mistakes)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// The one with an id.
    pub fn get(&self, id: &Id) -> Option<&Entry> {
        self.iter().find(|entry| entry.id() == Some(id))
    }

    /// Those of a profile.
    pub fn of(&self, profile: Profile) -> impl Iterator<Item = &Entry> {
        let is_of_it = move |scenario: &Scenario| scenario.profiles.contains(&profile);
        self.iter().filter(move |entry| entry.first().is_some_and(is_of_it))
    }

    /// Every check of every scenario, as it runs: `("EXC-02[live]", "tenant-usable")`.
    pub fn checks(&self) -> impl Iterator<Item = (String, &str)> {
        let scenarios = self.iter().flat_map(|entry| &entry.loaded.variants).map(|paced| &paced.otherwise);
        scenarios
            .flat_map(|scenario| scenario.expect.iter().map(|check| (scenario.name(), check.id.as_str())))
    }
}
