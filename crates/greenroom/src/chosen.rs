//! `--scenario`: the world and the stimuli of a scenario, for a program of one's own or a debugger.

use std::path::Path;

use greenroom_conformance::{catalogue::Library, scenario::Scenario, stage::Staged};
use greenroom_emulator::{
    Emulator,
    command::{Command, CommandError, IssueToken, Reply},
};
use greenroom_model::nearest;

use crate::{exit::Failure, scenarios};

/// The scenario that was chosen.
pub(crate) struct Chosen {
    /// What it has, without its steps.
    pub(crate) staged: Staged,
    name: String,
    title: String,
    /// How it would be chosen with the other values of its axis, if none was named.
    others: Vec<String>,
}

impl Chosen {
    /// That of `RTY-10`, `EXC-02[live]`, a file, or `FILE[VALUE]`. Of several values of an axis the first is taken.
    pub(crate) fn of(text: &str) -> Result<Self, Failure> {
        let (place, value) = match text.strip_suffix(']').and_then(|text| text.rsplit_once('[')) {
            Some((place, value)) if !Path::new(text).exists() => (place, Some(value)),
            _ => (text, None),
        };
        let variants = variants(text, place)?;
        let value_of = |scenario: &Scenario| scenario.variant.as_ref().map(|variant| variant.name.clone());
        let values: Vec<String> = variants.iter().filter_map(value_of).collect();
        let chosen = match value {
            None => variants.first(),
            Some(_) if values.is_empty() => {
                return Err(Failure::new(format!("{place} has no axis with values: say {place}")));
            }
            Some(value) => variants.iter().find(|scenario| value_of(scenario).as_deref() == Some(value)),
        };
        let Some(scenario) = chosen else {
            let value = value.unwrap_or_default();
            let known: Vec<&str> = values.iter().map(String::as_str).collect();
            let hint = nearest::hint(&nearest::of(value, &known));
            let known = known.join(", ");
            return Err(Failure::new(format!("{place} has no value {value:?}{hint}; it has {known}")));
        };
        let others = match value {
            None => values.iter().skip(1).map(|value| format!("{place}[{value}]")).collect(),
            Some(_) => Vec::new(),
        };
        let staged = Staged::of(scenario).map_err(|error| Failure::new(format!("{text}: {error}")))?;
        Ok(Self { staged, name: scenario.name(), title: scenario.title.clone(), others })
    }

    /// What a person has to know of it, a line each.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes = vec![format!("scenario {}: {}", self.name, self.title)];
        if !self.others.is_empty() {
            notes.push(format!("the first value of its axis is taken; there are {}", self.others.join(", ")));
        }
        if let Some((phase, later)) = self.staged.phases.split_first() {
            notes.push(format!(
                "phase {phase} has begun, so that its stimuli are in force from the first request on; greenroom \
                 phase NAME ends it, greenroom phase {phase} begins it anew"
            ));
            if !later.is_empty() {
                notes.push(format!("other stimuli wait for greenroom phase {}", later.join(" or ")));
            }
        }
        notes
    }

    /// Begins what an emulator has only while it runs: the first phase that stimuli are about, and the tokens that are
    /// there from the start, as variables for a program.
    pub(crate) fn begin(&self, emulator: &Emulator) -> Result<Vec<(String, String)>, CommandError> {
        let mut variables = Vec::new();
        for client in &self.staged.issued {
            let wish = IssueToken { client: client.clone(), ..IssueToken::default() };
            if let Reply::Issued(token) = emulator.run(Command::IssueToken(wish))? {
                let name = client.to_ascii_uppercase().replace('-', "_");
                variables.push((format!("GREENROOM_TOKEN_{name}"), token.access_token));
            }
        }
        if let Some(phase) = self.staged.phases.first() {
            emulator.begin_phase(phase)?;
        }
        Ok(variables)
    }
}

/// A scenario with each value of its axis, as it is for clients that sleep in real time.
fn variants(text: &str, place: &str) -> Result<Vec<Scenario>, Failure> {
    let library = Library::builtin();
    let is_it = |scenario: &Scenario| scenario.id.as_str() == place;
    if let Some(entry) = library.iter().find(|entry| entry.first().is_some_and(is_it)) {
        return Ok(entry.loaded.variants.iter().map(|paced| paced.otherwise.clone()).collect());
    }
    let path = Path::new(place);
    if path.is_dir() {
        return Err(Failure::new(format!("{place} is a directory; name one scenario file")));
    }
    if !path.exists() && path.extension().is_none() && path.components().count() == 1 {
        let all = library.iter().flat_map(|entry| &entry.loaded.variants).map(|paced| &paced.otherwise);
        return Err(scenarios::unknown(text, all));
    }
    let loaded = scenarios::read(&[path.to_owned()])?;
    Ok(loaded.into_iter().flat_map(|loaded| loaded.variants).map(|paced| paced.otherwise).collect())
}
