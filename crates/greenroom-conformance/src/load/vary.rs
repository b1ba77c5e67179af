//! What `$` stands for in a scenario file: a value of the axis, a variable, or text of some length.

use std::collections::BTreeMap;

use greenroom_model::nearest;
use serde_json::{Map, Value};

use super::place::{Places, UNBOUND};
use crate::{
    run::Pace,
    scenario::{Var, VaryValue},
};

/// Left as it is: the number of a repetition, which the play puts in.
const LATER: &str = "i";

/// What each name stands for.
pub(super) struct Bindings {
    values: BTreeMap<String, Value>,
    /// The values of the axis, for those who name them in `only`.
    axis: Vec<String>,
}

impl Bindings {
    /// For one value of the axis, at one pace.
    pub(super) fn of(file: &Value, axis: Option<(&str, &VaryValue)>, pace: Pace) -> Self {
        let mut values = BTreeMap::new();
        for (name, var) in file.get("vars").and_then(Value::as_object).into_iter().flatten() {
            // One that cannot be read is told of where the head is read.
            if let Ok(Var { sleep_events, otherwise }) = serde_json::from_value(var.clone()) {
                values.insert(name.clone(), if pace == Pace::SleepEvents { sleep_events } else { otherwise });
            }
        }
        if let Some((name, value)) = axis {
            values.insert(name.to_owned(), value.value.clone());
            values.extend(value.with.iter().map(|(key, value)| (format!("{name}.{key}"), value.clone())));
        }
        let axis = file.get("vary").and_then(Value::as_object).and_then(|vary| vary.values().next());
        let axis = axis.and_then(Value::as_array).into_iter().flatten();
        let axis = axis.filter_map(|value| value.get("value")).map(text).collect();
        Self { values, axis }
    }

    /// A value of the file with everything put in that a `$` stands for.
    pub(super) fn put(&self, places: &mut Places<'_>, path: &str, value: &Value) -> Value {
        match value {
            Value::String(text) => self.put_into(places, path, text),
            Value::Array(items) => {
                let item = |(nth, item)| self.put(places, &format!("{path}[{nth}]"), item);
                Value::Array(items.iter().enumerate().map(item).collect())
            }
            Value::Object(members) => {
                let member = |(key, value): (&String, &Value)| {
                    (key.clone(), self.put(places, &format!("{path}.{key}"), value))
                };
                Value::Object(members.iter().map(member).collect::<Map<_, _>>())
            }
            _ => value.clone(),
        }
    }

    fn put_into(&self, places: &mut Places<'_>, path: &str, given: &str) -> Value {
        if let Some(size) = given.strip_prefix("$fill(").and_then(|rest| rest.strip_suffix(')')) {
            return match bytes(size) {
                Some(bytes) => Value::String("x".repeat(bytes)),
                None => {
                    places.wrong(path, format!("{size:?} is no size"), "write $fill(64KiB), at most 1MiB");
                    Value::Null
                }
            };
        }
        let mut made = String::new();
        let mut rest = given;
        while let Some((before, after)) = rest.split_once('$') {
            made.push_str(before);
            let date = after.strip_prefix("http_date(").and_then(|inner| inner.split_once(')'));
            if let Some((wait, after)) = date {
                // Which date that is will be known when the client is about to ask.
                let wait = self.values.get(wait).map_or_else(|| wait.to_owned(), text);
                made.push_str(&format!("$http_date({wait})"));
                rest = after;
                continue;
            }
            let end = after.find(|c: char| !is_part(c)).unwrap_or(after.len());
            let name = after[..end].trim_end_matches('.');
            match self.values.get(name) {
                _ if name == LATER => made.push_str("$i"),
                // What is all of the text keeps its kind.
                Some(value) if given.len() == name.len() + 1 => return value.clone(),
                Some(value) => made.push_str(&text(value)),
                None => {
                    let known: Vec<_> = self.values.keys().map(String::as_str).collect();
                    let mend = match nearest::of(name, &known) {
                        Some(near) => format!("did you mean ${near}?"),
                        None => "say it in vary or in vars".to_owned(),
                    };
                    places.wrong(path, format!("{UNBOUND}${name} stands for"), mend);
                }
            }
            rest = &after[name.len()..];
        }
        made.push_str(rest);
        Value::String(made)
    }
}

fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.')
}

/// Whether a name can stand behind a `$`.
pub(super) fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && name != LATER
}

/// Whether a value is one that a name can stand for.
pub(super) fn is_scalar(value: &Value) -> bool {
    !matches!(value, Value::Array(_) | Value::Object(_))
}

/// Whether a value can stand in the name of a file.
pub(super) fn is_word(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    !text.is_empty() && text.bytes().all(allowed)
}

/// A value as it stands within a text.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Bytes, as `64KiB`.
fn bytes(size: &str) -> Option<usize> {
    const MOST: usize = 1 << 20;
    let (number, unit) = match (size.strip_suffix("MiB"), size.strip_suffix("KiB")) {
        (Some(number), _) => (number, 1 << 20),
        (_, Some(number)) => (number, 1 << 10),
        _ => (size, 1),
    };
    number.parse::<usize>().ok()?.checked_mul(unit).filter(|bytes| *bytes <= MOST)
}

/// Whether an item that is `only` for some values of the axis is for this one.
pub(super) fn is_for(
    places: &mut Places<'_>,
    bindings: &Bindings,
    path: &str,
    only: &Value,
    variant: Option<&str>,
) -> bool {
    let values: Vec<String> = match only {
        Value::Array(values) => values.iter().map(text).collect(),
        value if is_scalar(value) => vec![text(value)],
        _ => Vec::new(),
    };
    if values.is_empty() {
        places.wrong(path, "must be a list of values of the axis", "write only: [close, reset]");
    }
    for value in values.iter().filter(|value| !bindings.axis.contains(value)) {
        let known: Vec<_> = bindings.axis.iter().map(String::as_str).collect();
        let mend = match nearest::of(value, &known) {
            Some(near) => format!("did you mean {near}?"),
            None if known.is_empty() => "leave only out: there is no vary".to_owned(),
            None => format!("there is {}", known.join(", ")),
        };
        places.wrong(path, format!("the axis has no value {value:?}"), mend);
    }
    variant.is_some_and(|variant| values.iter().any(|value| value == variant))
}

/// `@acme` is the symbol `acme` in selectors: there an id means nothing.
pub(super) fn drop_ats(value: &mut Value) {
    let is_symbol = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    match value {
        Value::String(text) => {
            if let Some(name) = text.strip_prefix('@').filter(|name| is_symbol(name)) {
                *text = name.to_owned();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(drop_ats),
        Value::Object(members) => members.values_mut().for_each(drop_ats),
        _ => {}
    }
}
