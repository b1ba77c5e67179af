//! The rules of a scenario: those that are in force from the start, and those with a date in them, which are made when
//! the phase begins that they are about.

use greenroom_model::{
    rule::{Pattern, Rule},
    time::{Forward, whole_second},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{StageError, with_ids};
use crate::scenario::Scenario;

/// How a date is written that lies some time ahead of the client's clock.
const DATE: &str = "$http_date(";

/// The rules of a scenario that are not in force yet.
#[derive(Debug, Default)]
pub(super) struct Stimuli {
    at_once: Vec<Rule>,
    dated: Vec<Dated>,
}

/// A rule that has a date in it.
#[derive(Debug)]
struct Dated {
    /// The phases it is about; any if there are none.
    phases: Option<Pattern>,
    rule: Value,
}

impl Stimuli {
    /// Those of a scenario. `id` knows what `@acme` stands for.
    pub(super) fn of(scenario: &Scenario, id: impl Fn(&str) -> Option<String>) -> Result<Self, StageError> {
        let mut stimuli = Self::default();
        for rule in &scenario.stimuli {
            let mut value = serde_json::to_value(rule).map_err(|error| wrong(rule, error))?;
            each_text(&mut value, None, &mut |key, text| match key {
                // What a history calls a workspace has no sign before it.
                Some("workspace" | "actor") => text.trim_start_matches('@').to_owned(),
                _ => with_ids(text, &id),
            });
            if value.to_string().contains(DATE) {
                let phases = rule.when.selector.phase.clone();
                stimuli.dated.push(Dated { phases, rule: value });
            } else {
                stimuli.at_once.push(serde_json::from_value(value).map_err(|error| wrong(rule, error))?);
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
        let of_it = |dated: &mut Dated| {
            let fits = |phases: &Pattern| phases.values().iter().any(|glob| glob.fits(phase));
            dated.phases.as_ref().is_none_or(fits)
        };
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
        let Some(wait) = text.strip_prefix(DATE).and_then(|rest| rest.strip_suffix(')')) else {
            return text.to_owned();
        };
        wait.parse().ok().and_then(|wait| date_after(wall, wait)).unwrap_or_else(|| {
            wrong.get_or_insert_with(|| format!("{text}: write $http_date(3s)"));
            text.to_owned()
        })
    });
    match wrong {
        Some(why) => Err(StageError::Stimulus(why)),
        None => serde_json::from_value(rule).map_err(|error| StageError::Stimulus(error.to_string())),
    }
}

/// The date, as HTTP writes it (RFC 9110 §5.6.7), that lies `wait` ahead: rounded up to whole seconds, and a second
/// more, so that whoever waits for it has waited that long.
fn date_after(wall: Timestamp, wait: Forward) -> Option<String> {
    let then = wall.checked_add(wait.duration()).ok()?;
    let whole = whole_second(then);
    let up = if whole < then { 2 } else { 1 };
    let date = whole.checked_add(SignedDuration::from_secs(up)).ok()?;
    Some(date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_lies_at_least_that_far_ahead() {
        let date = |wall: &str, wait: &str| date_after(wall.parse().unwrap(), wait.parse().unwrap()).unwrap();
        assert_eq!(date("2026-03-01T12:00:00Z", "3s"), "Sun, 01 Mar 2026 12:00:04 GMT");
        assert_eq!(date("2026-03-01T12:00:00.001Z", "2m"), "Sun, 01 Mar 2026 12:02:02 GMT");
    }
}
