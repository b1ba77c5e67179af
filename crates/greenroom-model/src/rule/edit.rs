//! A JSON body, changed in some places.

use std::{collections::BTreeMap, fmt};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is changed in a JSON body: first something is taken away, then something is set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EditJson {
    /// What stands at these places from now on. A member that is not there is added to its object.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, Value>,
    /// These places are gone. All are places of the body as it was.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<String>,
}

/// What became of an [`EditJson`], by JSON pointer. Written as histories tell it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edited {
    /// What was set.
    pub set: Vec<String>,
    /// What was taken away.
    pub removed: Vec<String>,
    /// Where nothing is that could be set or taken away.
    pub absent: Vec<String>,
}

/// How many places of a kind a sentence names.
const NAMED: usize = 10;

impl fmt::Display for Edited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let done = [("set", &self.set), ("remove", &self.removed), ("nothing at", &self.absent)];
        for (nth, (what, places)) in done.into_iter().filter(|(_, places)| !places.is_empty()).enumerate() {
            f.write_str(if nth == 0 { what } else { "; " })?;
            if nth > 0 {
                f.write_str(what)?;
            }
            for place in places.iter().take(NAMED) {
                // The pointer to the whole is empty (RFC 6901 §5).
                write!(f, " {}", if place.is_empty() { "the whole body" } else { place })?;
            }
            if places.len() > NAMED {
                write!(f, " and {} more", places.len() - NAMED)?;
            }
        }
        Ok(())
    }
}

/// A step from a value to one inside it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Item(usize),
    Member(String),
}

impl EditJson {
    /// Changes a body, and says what was done. What is to be set inside something that is not there, or is no
    /// object, is left out.
    pub fn apply(&self, body: &mut Value) -> Edited {
        let mut edited = Edited::default();
        let mut gone = Vec::new();
        for place in &self.remove {
            match steps(body, place) {
                Some(steps) => {
                    gone.push(steps);
                    edited.removed.push(place.clone());
                }
                None => edited.absent.push(place.clone()),
            }
        }
        // What is inside goes before what it is in, and a later item before an earlier one: until its turn
        // comes each is where it was.
        gone.sort();
        gone.dedup();
        gone.iter().rev().for_each(|steps| remove(body, steps));
        for (place, value) in &self.set {
            let set = set(body, place, value);
            let list = if set { &mut edited.set } else { &mut edited.absent };
            list.push(place.clone());
        }
        edited
    }
}

/// The way to what stands at a JSON pointer, if anything does.
fn steps(body: &Value, pointer: &str) -> Option<Vec<Step>> {
    let (mut at, mut steps) = (body, Vec::new());
    // The pointer to the whole has no steps, and the whole cannot be taken away.
    for token in pointer.strip_prefix('/')?.split('/') {
        let token = unescaped(token);
        let step = match at {
            // Neither a sign nor leading zeros (RFC 6901 §4).
            Value::Array(_) => Step::Item(token.parse().ok().filter(|nth: &usize| nth.to_string() == token)?),
            _ => Step::Member(token),
        };
        at = match &step {
            Step::Item(nth) => at.get(nth)?,
            Step::Member(name) => at.get(name)?,
        };
        steps.push(step);
    }
    Some(steps)
}

fn remove(body: &mut Value, steps: &[Step]) {
    let Some((last, way)) = steps.split_last() else { return };
    let parent = way.iter().try_fold(body, |at, step| match step {
        Step::Item(nth) => at.get_mut(nth),
        Step::Member(name) => at.get_mut(name),
    });
    match (parent, last) {
        (Some(Value::Object(members)), Step::Member(name)) => {
            members.shift_remove(name);
        }
        (Some(Value::Array(items)), Step::Item(nth)) if *nth < items.len() => {
            items.remove(*nth);
        }
        _ => {}
    }
}

fn set(body: &mut Value, pointer: &str, value: &Value) -> bool {
    if let Some(old) = body.pointer_mut(pointer) {
        *old = value.clone();
        return true;
    }
    let Some((parent, name)) = pointer.rsplit_once('/') else { return false };
    match body.pointer_mut(parent) {
        Some(Value::Object(members)) => {
            members.insert(unescaped(name), value.clone());
            true
        }
        _ => false,
    }
}

/// A token of a JSON pointer as it is meant (RFC 6901 §4).
fn unescaped(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

/// Why a text is no JSON pointer, if it is none (RFC 6901 §3).
pub(super) fn fault_of_pointer(text: &str) -> Option<&'static str> {
    if !text.is_empty() && !text.starts_with('/') {
        return Some("they begin with a slash, as in /total");
    }
    let escapes = text.split('~').skip(1);
    let fault = "a ~ is written ~0, and a slash inside a name ~1";
    escapes.into_iter().any(|rest| !rest.starts_with(['0', '1'])).then_some(fault)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn places_are_those_of_the_body_as_it_was_and_what_was_done_is_said() {
        for (edit, expected, said) in [
            (
                json!({"remove": ["/items/0", "/items/1"]}),
                json!([2, {"a": 1}, 4]),
                "remove /items/0 /items/1",
            ),
            (
                json!({"remove": ["/items/1", "/items/0"]}),
                json!([2, {"a": 1}, 4]),
                "remove /items/1 /items/0",
            ),
            (
                json!({"remove": ["/items/3", "/items/3/a", "/items/0", "/items/0"]}),
                json!([1, 2, 4]),
                "remove /items/3 /items/3/a /items/0 /items/0",
            ),
            (
                json!({"remove": ["/items/3/a", "/items/9", "/items/01", "/items/+1", "/items/-", "/none/x"]}),
                json!([0, 1, 2, {}, 4]),
                "remove /items/3/a; nothing at /items/9 /items/01 /items/+1 /items/- /none/x",
            ),
            // First taken away, then set.
            (
                json!({"remove": ["/items/0"], "set": {"/items/0": 9}}),
                json!([9, 2, {"a": 1}, 4]),
                "set /items/0; remove /items/0",
            ),
            (
                json!({"set": {"/items/3/b~1c": 2, "/items/5": 1, "/nope/x": 1}}),
                json!([0, 1, 2, {"a": 1, "b/c": 2}, 4]),
                "set /items/3/b~1c; nothing at /items/5 /nope/x",
            ),
        ] {
            let edit: EditJson = serde_json::from_value(edit).unwrap();
            let mut body = json!({"items": [0, 1, 2, {"a": 1}, 4]});
            let edited = edit.apply(&mut body);
            assert_eq!((&body["items"], &*edited.to_string()), (&expected, said), "{edit:?}");
        }
        let mut body = json!([1]);
        let whole = EditJson { set: [(String::new(), json!({"a": 1}))].into(), ..EditJson::default() };
        assert_eq!(whole.apply(&mut body).to_string(), "set the whole body");
        assert_eq!(body, json!({"a": 1}));
        let many = Edited { absent: (0..12).map(|n| format!("/{n}")).collect(), ..Edited::default() };
        assert_eq!(many.to_string(), "nothing at /0 /1 /2 /3 /4 /5 /6 /7 /8 /9 and 2 more");
    }
}
