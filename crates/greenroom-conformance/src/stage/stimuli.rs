//! The rules of a scenario: those that are in force from the start, and those with a date in them, which are made when
//! the phase begins that they are about.

use greenroom_model::rule::{Pattern, Rule, http_date_after, http_date_of};
use jiff::Timestamp;
use serde_json::Value;

use super::{StageError, with_ids};
use crate::scenario::Scenario;

/// The stimuli of a scenario, with ids in the place of symbols. `id` knows what `@acme` stands for.
pub(super) fn rules(
    scenario: &Scenario,
    id: impl Fn(&str) -> Option<String>,
) -> Result<Vec<Rule>, StageError> {
    let with_ids = |rule: &Rule| {
        let mut value = serde_json::to_value(rule).map_err(|error| wrong(rule, error))?;
        each_text(&mut value, None, &mut |key, text| match key {
            // What a history calls a workspace has no sign before it.
            Some("workspace" | "actor") => text.trim_start_matches('@').to_owned(),
            _ => with_ids(text, &id),
        });
        serde_json::from_value(value).map_err(|error| wrong(rule, error))
    };
    scenario.stimuli.iter().map(with_ids).collect()
}

/// The rules of a scenario that are not in force yet.
#[derive(Debug, Default)]
pub(super) struct Stimuli {
    at_once: Vec<Rule>,
    dated: Vec<Dated>,
}

/// A rule that has a date in it: one that lies ahead of the client's own clock, of which only the kit knows by how
/// much it was shifted.
#[derive(Debug)]
struct Dated {
    /// The phases it is about; any if there are none.
    phases: Option<Pattern>,
    rule: Value,
}

impl Stimuli {
    /// These.
    pub(super) fn of(rules: Vec<Rule>) -> Result<Self, StageError> {
        let mut stimuli = Self::default();
        for rule in rules {
            let mut value = serde_json::to_value(&rule).map_err(|error| wrong(&rule, error))?;
            let mut has_date = false;
            each_text(&mut value, None, &mut |_, text| {
                has_date |= http_date_of(text).is_some();
                text.to_owned()
            });
            match has_date {
                true => stimuli.dated.push(Dated { phases: rule.when.selector.phase, rule: value }),
                false => stimuli.at_once.push(rule),
            }
        }
        Ok(stimuli)
    }

    /// Those that are in force from the start.
    pub(super) fn at_once(&mut self) -> Vec<Rule> {
        std::mem::take(&mut self.at_once)
    }

    /// Those that come into force with a phase, `wall` being the client's time.
    pub(super) fn of_phase(&mut self, phase: &str, wall: Timestamp) -> Result<Vec<Rule>, StageError> {
        let of_it = |dated: &mut Dated| dated.phases.as_ref().is_none_or(|phases| phases.fits(phase));
        let due: Vec<_> = self.dated.extract_if(.., of_it).collect();
        due.into_iter().map(|dated| with_dates(dated.rule, wall)).collect()
    }
}

fn wrong(rule: &Rule, error: impl std::fmt::Display) -> StageError {
    StageError::Stimulus(format!("{}: {error}", rule.id.as_deref().unwrap_or("without a name")))
}

fn with_dates(mut rule: Value, wall: Timestamp) -> Result<Rule, StageError> {
    let mut wrong = None;
    each_text(&mut rule, None, &mut |_, text| {
        let Some(wait) = http_date_of(text) else { return text.to_owned() };
        http_date_after(wall, wait).unwrap_or_else(|| {
            wrong.get_or_insert_with(|| format!("{text}: write $http_date(3s)"));
            text.to_owned()
        })
    });
    match wrong {
        Some(why) => Err(StageError::Stimulus(why)),
        None => serde_json::from_value(rule).map_err(|error| StageError::Stimulus(error.to_string())),
    }
}

/// Puts another text in the place of each, which `change` is told with the key it stands under.
fn each_text(value: &mut Value, key: Option<&str>, change: &mut impl FnMut(Option<&str>, &str) -> String) {
    match value {
        Value::String(text) => *text = change(key, text),
        Value::Array(items) => items.iter_mut().for_each(|item| each_text(item, key, change)),
        Value::Object(members) => {
            members.iter_mut().for_each(|(key, value)| each_text(value, Some(key), change));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
