//! Values with a form of their own: platforms, dialects, roles, bounded numbers.

use serde::ser::{SerializeMap, Serializer};
use serde_json::{Map, Value, json};

use super::{
    collections::number,
    form::{Complaint, Definitions, Form, Reader, Written, near},
    words::{Host, dedicated, duration_pattern, is_duration},
};
use crate::{
    dialect::{Dialect, Preset, Row},
    role::Role,
    tenancy::Platform,
    yaml::{Id, Kind},
};

/// A whole number from 0 to MOST.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count<const MOST: u32>(u32);

impl<const MOST: u32> Count<MOST> {
    /// The largest.
    pub const MOST: u32 = MOST;

    /// The number, unless it is too large.
    pub fn new(number: u32) -> Option<Self> {
        (number <= MOST).then_some(Self(number))
    }

    /// The number.
    pub fn get(self) -> u32 {
        self.0
    }
}

/// A number that goes up by one with each of its kind, with room for more than there will ever be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Nth(u64);

/// How many of its kind a subject has had, with as much room.
pub type NthOf = Count<2_000_000_000>;

impl Nth {
    /// The largest: one that JSON can write.
    pub const MOST: u64 = (1 << 53) - 1;

    /// The number, or the largest.
    pub fn new(number: u64) -> Self {
        Self(number.min(Self::MOST))
    }

    /// The number.
    pub fn get(self) -> u64 {
        self.0
    }
}

impl Form for Nth {
    fn read(reader: &mut Reader<'_>, id: Id) -> Option<Self> {
        number(reader, id, Self::MOST).map(Self)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({"type": "integer", "minimum": 0, "maximum": Self::MOST})
    }
}

impl<const MOST: u32> Form for Count<MOST> {
    fn read(reader: &mut Reader<'_>, id: Id) -> Option<Self> {
        number(reader, id, MOST.into()).and_then(|number| number.try_into().ok()).map(Self)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0)
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({"type": "integer", "minimum": 0, "maximum": MOST})
    }
}

/// `cloud`, or `dedicated` with a host.
impl Form for Platform {
    fn read(reader: &mut Reader<'_>, id: Id) -> Option<Self> {
        if reader.tree.kind(id) == Kind::Map {
            let keys = reader.keys(id, &["dedicated"])?;
            let Some(host) = keys.get("dedicated") else {
                reader.missing(id, &keys, "dedicated");
                return None;
            };
            if !reader.is(host, Kind::Text) {
                return None;
            }
            return match dedicated(reader.tree.characters(host)?) {
                Ok(host) => Some(Self::Dedicated { host: host.as_str().to_owned() }),
                Err(Complaint { message, mend }) => {
                    reader.wrong(host, message, mend);
                    None
                }
            };
        }
        match reader.tree.characters(id) {
            Some("cloud") => Some(Self::Cloud),
            _ if reader.tree.kind(id) != Kind::Text => {
                reader.is(id, Kind::Text);
                None
            }
            found => {
                let found = reader.shown(id, found.unwrap_or_default());
                let message = format!("there is no platform {found}");
                reader.wrong(id, message, "write cloud, or {dedicated: dedicated.example.com}");
                None
            }
        }
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Cloud => serializer.serialize_str("cloud"),
            Self::Dedicated { host } => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("dedicated", host)?;
                map.end()
            }
        }
    }

    fn schema(definitions: &mut Definitions) -> Value {
        let host = <Host as Form>::schema(definitions);
        let dedicated = json!({
            "type": "object", "additionalProperties": false,
            "required": ["dedicated"], "properties": {"dedicated": host},
        });
        json!({"anyOf": [{"const": "cloud"}, dedicated]})
    }
}

/// A preset, then single rows. What is written is every row that differs from the default.
impl Form for Dialect {
    fn read(reader: &mut Reader<'_>, id: Id) -> Option<Self> {
        let known: Vec<_> = ["preset"].into_iter().chain(Self::NAMES.iter().copied()).collect();
        let keys = reader.keys(id, &known)?;
        let mut whole = true;
        let mut dialect = Self::default();
        if let Some(preset) = keys.get("preset") {
            match word(reader, preset).map(|text| (text, text.parse::<Preset>())) {
                Some((_, Ok(preset))) => dialect = Self::preset(preset),
                Some((text, Err(_))) => {
                    complain(reader, preset, "preset", text, &["live", "rfc", "sdk"]);
                    whole = false;
                }
                None => whole = false,
            }
        }
        let rows = Self::default().rows();
        for row in &rows {
            let Some(value) = keys.get(&row.name) else { continue };
            match word(reader, value).map(|text| (text, dialect.set(&row.name, text))) {
                Some((text, Ok(()))) if is_spelt(&row.name, text) => {}
                Some((text, _)) => {
                    let values: Vec<_> = row.values.iter().map(String::as_str).collect();
                    complain(reader, value, &row.name, text, &values);
                    whole = false;
                }
                None => whole = false,
            }
        }
        whole.then_some(dialect)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rows = self.rows();
        let other: Vec<_> = rows.iter().filter(|row| row.value != row.default).collect();
        let mut map = serializer.serialize_map(Some(other.len()))?;
        for Row { name, value, .. } in other {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }

    fn schema(_: &mut Definitions) -> Value {
        let mut properties = Map::new();
        let about = "A group of values, before single rows are set.";
        properties.insert("preset".to_owned(), json!({"description": about, "enum": ["live", "rfc", "sdk"]}));
        for row in Self::default().rows() {
            // A row that lists what cannot be set describes its values instead of naming them.
            let named = row.values.iter().all(|value| Self::default().set(&row.name, value).is_ok());
            let numbers = row.values.iter().filter_map(|value| value.parse::<u32>().ok()).map(Value::from);
            let values: Vec<_> = row.values.iter().cloned().map(Value::from).chain(numbers).collect();
            let mut schema = match pattern(&row.name) {
                Some(pattern) if !named => json!({"type": "string", "pattern": pattern}),
                _ => json!({"enum": values}),
            };
            schema["description"] = row.about.into();
            properties.insert(row.name, schema);
        }
        json!({"type": "object", "additionalProperties": false, "properties": properties})
    }
}

/// A word, or a number that is one: `page_past_end: 400`.
fn word<'t>(reader: &mut Reader<'t>, id: Id) -> Option<&'t str> {
    let number = reader.tree.kind(id) == Kind::Number;
    if number || reader.is(id, Kind::Text) { reader.tree.characters(id) } else { None }
}

/// The units in which a clock skew is written.
const UNITS: [&str; 7] = ["h", "ms", "m", "s", "us", "µs", "ns"];

/// The units of the window of a quota.
const WINDOW: [&str; 3] = ["h", "m", "s"];

/// What the values of a row that does not name them look like in a world file: narrower than elsewhere, so
/// that a schema can say it.
fn pattern(row: &str) -> Option<String> {
    match row {
        "clock_skew" => Some(format!("^{}$", duration_pattern(&UNITS))),
        "rate_limits" => {
            let window = duration_pattern(&WINDOW);
            Some(format!("^(off|documented|custom: ?[1-9][0-9]{{0,9}} ?/ ?{window})$"))
        }
        _ => None,
    }
}

/// Whether the value of a row fits its pattern.
fn is_spelt(row: &str, text: &str) -> bool {
    let bare = |text: &str| text.strip_prefix(' ').unwrap_or(text).to_owned();
    match (row, text.strip_prefix("custom:")) {
        ("clock_skew", _) => is_duration(text, &UNITS),
        ("rate_limits", Some(quota)) => quota.split_once('/').is_some_and(|(most, window)| {
            let most = bare(most.strip_suffix(' ').unwrap_or(most));
            (1..=10).contains(&most.len())
                && !most.starts_with('0')
                && most.bytes().all(|byte| byte.is_ascii_digit())
                && is_duration(&bare(window), &WINDOW)
        }),
        _ => true,
    }
}

fn complain(reader: &mut Reader<'_>, id: Id, row: &str, found: &str, values: &[&str]) {
    let mend = match near(found, values) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("write {}", values.join(", ")),
    };
    let found = reader.shown(id, found);
    reader.wrong(id, format!("{row} has no value {found}"), mend);
}

/// What a role grants: resources with permissions.
impl Form for Role {
    fn read(reader: &mut Reader<'_>, id: Id) -> Option<Self> {
        Form::read(reader, id).map(|grants| Self { grants })
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer
            .collect_map(self.grants.iter().map(|(resource, granted)| (resource.name(), Written(granted))))
    }

    fn schema(definitions: &mut Definitions) -> Value {
        let resources = crate::role::Resource::ALL.map(|resource| {
            let permissions = Vec::<crate::role::Permission>::schema(definitions);
            (resource.name().to_owned(), permissions)
        });
        let resources: Map<_, _> = resources.into_iter().collect();
        json!({"type": "object", "additionalProperties": false, "properties": resources})
    }
}
