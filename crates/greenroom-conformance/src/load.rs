//! A scenario file: its text to scenarios, one for each value of its axis, with every mistake at its place.
//!
//! The text becomes a tree that knows where everything stands; for each value of the axis what `$` stands for is
//! put in, and every part is read by itself, so that one mistake does not hide the others.

mod files;
mod lint;
pub(crate) mod place;
mod vary;

use greenroom_model::{
    secret::Digest,
    yaml::{Findings, Found, Kind, Mistakes, Tree},
};
use serde::{Deserialize as _, de::DeserializeOwned};
use serde_json::{Map, Value, json};

pub use self::files::{FilesError, find, load_files};
use self::{place::Places, vary::Bindings};
use crate::{
    drive::Capability,
    run::Pace,
    scenario::{FORMAT, Scenario, Variant, VaryValue},
};

/// A scenario file that was read: at least one scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The digest of its text.
    pub digest: String,
    /// One for each value of its axis, in the order of the file.
    pub variants: Vec<Paced>,
}

/// A scenario at both paces: waits are exact and long where they cost nothing, else short.
#[derive(Clone, Debug, PartialEq)]
pub struct Paced {
    /// For clients that say when they would sleep.
    pub sleep_events: Scenario,
    /// For all others.
    pub otherwise: Scenario,
}

impl Paced {
    /// The one for a pace.
    pub fn at(&self, pace: Pace) -> &Scenario {
        match pace {
            Pace::SleepEvents => &self.sleep_events,
            Pace::Otherwise => &self.otherwise,
        }
    }
}

/// The keys whose items are read one by one.
const LISTS: [&str; 4] = ["steps", "stimuli", "proofs", "expect"];

/// Reads a scenario file. All mistakes come at once, in the order in which they stand in the file.
pub fn load(text: &str) -> Result<Loaded, Mistakes> {
    let variants =
        strictly(text, ["a scenario is a map of keys", "begin with format: 1 and id: REF-02"], read)?;
    Ok(Loaded { digest: Digest::of(text).to_string(), variants })
}

/// Reads a map of keys of which each stands there once. `else_say` is the message and the mend for what is none.
pub(crate) fn strictly<T: Default>(
    text: &str,
    else_say: [&str; 2],
    read: impl FnOnce(&mut Places<'_>, &Value) -> T,
) -> Result<T, Mistakes> {
    let mut faults = Vec::new();
    let tree = Tree::read(text, &mut faults);
    let mut findings = Findings::default();
    for fault in faults {
        let path = fault.node.map(|node| tree.path(node)).unwrap_or_default();
        findings.note(|| Found {
            start: fault.start,
            end: fault.end,
            path,
            message: fault.message,
            mend: Some(fault.mend.to_owned()),
            other: None,
        });
    }
    let mut places = Places::new(&tree, findings);
    let value = match tree.root() {
        Some(root) if tree.kind(root) == Kind::Map => {
            places.refuse_doubled_keys();
            read(&mut places, &tree.json(root))
        }
        _ => {
            places.wrong("", else_say[0], else_say[1]);
            T::default()
        }
    };
    match places.into_findings() {
        findings if findings.is_empty() => Ok(value),
        findings => Err(findings.in_order(text)),
    }
}

/// Reads the scenario for every value of its axis and at both paces.
fn read(places: &mut Places<'_>, file: &Value) -> Vec<Paced> {
    let axis = axis(places, file);
    let values: Vec<Option<&VaryValue>> = match &axis {
        Some((_, values)) => values.iter().map(Some).collect(),
        None => vec![None],
    };
    let name = axis.as_ref().map(|(name, _)| name.as_str());
    let mut variants = Vec::new();
    for value in values {
        let paced = [Pace::SleepEvents, Pace::Otherwise].map(|pace| {
            let bindings = Bindings::of(file, name.zip(value), pace);
            scenario(places, file, &bindings, value)
        });
        if let [Some(sleep_events), Some(otherwise)] = paced {
            variants.push(Paced { sleep_events, otherwise });
        }
    }
    variants
}

/// The axis of a file, if it has one and it can be read.
fn axis(places: &mut Places<'_>, file: &Value) -> Option<(String, Vec<VaryValue>)> {
    let Value::Object(vary) = file.get("vary")? else {
        places.wrong(
            "vary",
            "must be a map of one name with its values",
            "write vary: { status: [{ value: 302 }] }",
        );
        return None;
    };
    if vary.len() != 1 {
        places.wrong("vary", "a scenario has one axis", "write one name; make two scenarios of two axes");
        return None;
    }
    let (name, values) = vary.iter().next()?;
    let path = format!("vary.{name}");
    if !vary::is_name(name) {
        places.wrong(&path, "is no name that can stand behind a $", "write a word in lower case");
    }
    let values = values.as_array().filter(|values| !values.is_empty()).cloned().or_else(|| {
        places.wrong(&path, "must be a list of values", "write [{ value: close }, { value: reset }]");
        None
    })?;
    let mut read = Vec::new();
    for (nth, value) in values.iter().enumerate() {
        let path = format!("{path}[{nth}]");
        let Some(value) = part::<VaryValue>(places, &path, value) else { continue };
        if !vary::is_scalar(&value.value) || !value.with.values().all(vary::is_scalar) {
            places.wrong(&path, "values are texts, numbers, true, false or null", "");
        }
        if !vary::is_word(&vary::text(&value.value)) {
            let message = "a value names the variant, and the files that are kept of it";
            places.wrong(
                &format!("{path}.value"),
                message,
                "write a word of letters, digits, dots, dashes and _",
            );
        }
        if read.iter().any(|other: &VaryValue| vary::text(&other.value) == vary::text(&value.value)) {
            places.wrong(&path, "this value was already given", "keep one of the two");
        }
        read.push(value);
    }
    Some((name.clone(), read))
}

/// Reads the scenario for one value of the axis, at one pace.
fn scenario(
    places: &mut Places<'_>,
    file: &Value,
    bindings: &Bindings,
    value: Option<&VaryValue>,
) -> Option<Scenario> {
    let variant = value.map(|value| Variant { name: vary::text(&value.value), level: value.level });
    let file = file.as_object()?;
    let mut head = Map::new();
    for (key, value) in file {
        let value = match key.as_str() {
            // What `$` stands for is not put into what says it.
            "vary" | "vars" => value.clone(),
            key if LISTS.contains(&key) => json!([]),
            _ => bindings.put(places, key, value),
        };
        head.insert(key.clone(), value);
    }
    for list in ["steps", "proofs", "expect"] {
        if file.get(list).and_then(Value::as_array).is_none_or(Vec::is_empty) {
            let (message, mend) = match list {
                "steps" => ("the client is asked to do nothing", "write at least one step"),
                "proofs" => (
                    "a file without a proof proves nothing",
                    "say what the kit must have done, as sent: [use]",
                ),
                _ => ("nothing is expected", "write at least one check"),
            };
            places.wrong(if file.contains_key(list) { list } else { "" }, message, mend);
        }
        // It has been said.
        head.insert(list.to_owned(), json!([]));
    }
    let scenario = part::<Scenario>(places, "", &Value::Object(head.clone()));
    let variant_name = variant.as_ref().map(|variant| variant.name.as_str());
    let steps = items(places, file, bindings, variant_name, "steps");
    let stimuli = items(places, file, bindings, variant_name, "stimuli");
    let proofs = items(places, file, bindings, variant_name, "proofs");
    let expect = items(places, file, bindings, variant_name, "expect");
    let is_whole = scenario.is_some();
    let mut scenario = scenario.or_else(|| what_can_be_read(&head))?;
    (scenario.steps, scenario.stimuli, scenario.proofs, scenario.expect) =
        (steps.values, stimuli.values, proofs.values, expect.values);
    let besides = value.into_iter().flat_map(|value| &value.needs);
    for capability in besides {
        if !scenario.needs.contains(capability) {
            scenario.needs.push(*capability);
        }
    }
    scenario.variant = variant;
    let unread =
        [&steps.unread, &stimuli.unread, &proofs.unread].into_iter().flatten().flat_map(names).collect();
    let places_of = lint::PlacesOf {
        unread,
        steps: steps.paths,
        stimuli: stimuli.paths,
        proofs: proofs.paths,
        expect: expect.paths,
    };
    lint::lint(places, &scenario, &places_of);
    is_whole.then_some(scenario)
}

/// A scenario with those keys of a head that can be read, so that what leads nowhere is told as well.
fn what_can_be_read(head: &Map<String, Value>) -> Option<Scenario> {
    let mut whole = json!({
        "format": FORMAT, "id": "XXX-00", "title": "", "level": "MUST", "basis": "rfc", "sources": ["practice:x"],
        "drive": "adapter", "needs": Capability::ALL, "clock": "server", "world": {"use": "msp-two-tenants"},
        "steps": [], "stimuli": [], "proofs": [], "expect": [],
    });
    for (key, value) in head {
        let mut with = whole.clone();
        with[key] = value.clone();
        if Scenario::deserialize(&with).is_ok() {
            whole = with;
        }
    }
    Scenario::deserialize(&whole).ok()
}

/// What could be read of a list, and where each stands.
struct Items<T> {
    values: Vec<T>,
    paths: Vec<String>,
    /// What could not.
    unread: Vec<Value>,
}

/// What an item and those within it are called, the objects that they make, and the stimuli that they prove.
fn names(item: &Value) -> Vec<String> {
    match item {
        Value::Object(members) => {
            let own = ["id", "as", "fired"].into_iter().filter_map(|key| members.get(key)?.as_str());
            own.map(str::to_owned).chain(members.values().flat_map(names)).collect()
        }
        Value::Array(items) => items.iter().flat_map(names).collect(),
        _ => Vec::new(),
    }
}

/// Reads those items of a list that are for this value of the axis.
fn items<T: DeserializeOwned>(
    places: &mut Places<'_>,
    file: &Map<String, Value>,
    bindings: &Bindings,
    variant: Option<&str>,
    list: &str,
) -> Items<T> {
    let mut items = Items { values: Vec::new(), paths: Vec::new(), unread: Vec::new() };
    let Some(given) = file.get(list) else { return items };
    let Value::Array(given) = given else {
        places.wrong(list, "must be a list", "begin each item with a dash");
        return items;
    };
    for (nth, item) in given.iter().enumerate() {
        let path = format!("{list}[{nth}]");
        let mut item = item.clone();
        let only = match &mut item {
            Value::Object(members) if list != "steps" => members.shift_remove("only"),
            _ => None,
        };
        if let Some(only) = only {
            match vary::is_for(places, bindings, &format!("{path}.only"), &only, variant) {
                true => {}
                false => continue,
            }
        }
        let mut item = bindings.put(places, &path, &item);
        if list != "steps" {
            vary::drop_ats(&mut item);
        }
        match part(places, &path, &item) {
            Some(value) => {
                items.values.push(value);
                items.paths.push(path);
            }
            None => items.unread.push(item),
        }
    }
    items
}

/// Reads a part of the file that stands at a path.
pub(crate) fn part<T: DeserializeOwned>(places: &mut Places<'_>, path: &str, value: &Value) -> Option<T> {
    match serde_path_to_error::deserialize::<_, T>(value) {
        Ok(value) => Some(value),
        Err(error) => {
            places.unreadable(path, &error);
            None
        }
    }
}

#[cfg(test)]
mod tests;
