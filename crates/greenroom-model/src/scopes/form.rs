//! What a request's body says of a scope, read strictly: a member that is wrong is named with what it must be.

use serde_json::{Map, Value};
use smol_str::{SmolStr, ToSmolStr};

use crate::{
    refusal::Refusal,
    scope::{LONGEST, Timezone},
};

pub(super) fn bad(member: &str, message: impl Into<String>) -> Refusal {
    Refusal::Body { member: member.to_owned(), message: message.into() }
}

/// A text, if it is given. Null is as good as nothing.
pub(super) fn text(members: &Map<String, Value>, name: &str) -> Result<Option<SmolStr>, Refusal> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.chars().count() > LONGEST => {
            Err(bad(name, format!("must not be longer than {LONGEST} characters")))
        }
        // A world file could not hold it.
        Some(Value::String(text)) if text.contains(char::is_control) => {
            Err(bad(name, "must be one line without control characters"))
        }
        Some(Value::String(text)) => Ok(Some(text.into())),
        Some(_) => Err(bad(name, "must be text")),
    }
}

pub(super) fn name_of(members: &Map<String, Value>, name: &str) -> Result<Option<SmolStr>, Refusal> {
    match text(members, name)? {
        Some(text) if text.trim().is_empty() => Err(bad(name, "must not be empty")),
        text => Ok(text),
    }
}

pub(super) fn needed(members: &Map<String, Value>, name: &str) -> Result<SmolStr, Refusal> {
    name_of(members, name)?.ok_or_else(|| bad(name, "is required"))
}

/// A number of degrees, in digits: as a number, or as the text that a list of sites shows.
fn degrees(members: &Map<String, Value>, name: &str, most: f64) -> Result<Option<SmolStr>, Refusal> {
    let said = match members.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.to_smolstr(),
        Some(Value::String(text)) => text.into(),
        Some(_) => return Err(bad(name, "must be a number")),
    };
    let number: Option<f64> = said.parse().ok().filter(|number: &f64| number.abs() <= most);
    match number {
        Some(_) if said.len() <= 32 => Ok(Some(said)),
        _ => Err(bad(name, format!("must be a number from -{most} to {most}"))),
    }
}

pub(super) fn timezone(members: &Map<String, Value>) -> Result<Option<Timezone>, Refusal> {
    const NAME: &str = "timezone";
    let inside = |refusal| match refusal {
        Refusal::Body { member, message } => bad(&format!("{NAME}.{member}"), message),
        other => other,
    };
    match members.get(NAME) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(zone)) => Ok(Some(Timezone {
            id: needed(zone, "timezoneId").map_err(inside)?,
            name: needed(zone, "timezoneName").map_err(inside)?,
            offset: match zone.get("rawOffset") {
                None | Some(Value::Null) => 0,
                Some(offset) => offset
                    .as_i64()
                    .and_then(|offset| offset.try_into().ok())
                    .ok_or_else(|| bad("timezone.rawOffset", "must be a whole number"))?,
            },
        })),
        Some(_) => Err(bad(NAME, "must be an object")),
    }
}

/// An id in digits: pycentral sends some as numbers.
pub(super) fn digits(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        Value::Number(number) => number.as_u64(),
        _ => None,
    }
}

/// A list of texts, each of them once.
pub(super) fn texts<'m>(
    members: &'m Map<String, Value>,
    name: &str,
) -> Result<Option<Vec<&'m str>>, Refusal> {
    let refuse = || bad(name, "must be a list of texts");
    let Some(list) = members.get(name).filter(|list| !list.is_null()) else { return Ok(None) };
    let mut texts: Vec<&str> = Vec::new();
    for item in list.as_array().ok_or_else(refuse)? {
        texts.push(item.as_str().ok_or_else(refuse)?);
    }
    texts.sort_unstable();
    texts.dedup();
    Ok(Some(texts))
}

/// `latitude` and `longitude`, which go together.
pub(super) fn coordinates(body: &Map<String, Value>) -> Result<Option<[SmolStr; 2]>, Refusal> {
    match (degrees(body, "latitude", 90.0)?, degrees(body, "longitude", 180.0)?) {
        (Some(latitude), Some(longitude)) => Ok(Some([latitude, longitude])),
        (None, None) => Ok(None),
        (Some(_), None) => Err(bad("longitude", "is required with latitude")),
        (None, Some(_)) => Err(bad("latitude", "is required with longitude")),
    }
}
