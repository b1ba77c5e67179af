//! Bodies of control: JSON to a command's argument, with the place of every mistake.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{
        self, DeserializeOwned, MapAccess, SeqAccess, Visitor,
        value::{MapAccessDeserializer, SeqAccessDeserializer},
    },
};

use greenroom_model::rule::Rule;

use crate::command::CommandError;

/// Reads a JSON body. The field of an error is the JSON path to what is wrong: `do[1].reply.status`.
pub(super) fn read<T: DeserializeOwned>(body: &[u8], example: &str) -> Result<T, CommandError> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let read = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let reason = error.into_inner();
        let message = reason.to_string();
        // What is missing has no place yet; serde names it between backticks.
        let missing = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
        // What breaks off or is no JSON is no mistake of the field that came last.
        let path = Some(path).filter(|path| path != "." && reason.is_data());
        let field = match (path, missing) {
            (Some(path), Some(missing)) => Some(format!("{path}.{missing}")),
            (path, missing) => path.or_else(|| missing.map(str::to_owned)),
        };
        (field, message)
    });
    let whole = read.and_then(|read| match json.end() {
        Ok(()) => Ok(read),
        Err(error) => Err((None, error.to_string())),
    });
    whole.map_err(|(field, message)| {
        let such_as =
            if field.is_none() { format!("; it is written as in {example}") } else { String::new() };
        CommandError { field, message: format!("the body cannot be read: {message}{such_as}") }
    })
}

/// A rule, or a list of rules.
pub(super) struct OneOrMore(pub(super) Vec<Rule>);

impl<'de> Deserialize<'de> for OneOrMore {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RuleOrList;

        impl<'de> Visitor<'de> for RuleOrList {
            type Value = OneOrMore;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a rule, or a list of rules")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<OneOrMore, A::Error> {
                Rule::deserialize(MapAccessDeserializer::new(map)).map(|rule| OneOrMore(vec![rule]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<OneOrMore, A::Error> {
                let rules = Vec::deserialize(SeqAccessDeserializer::new(list))?;
                match rules.is_empty() {
                    true => Err(de::Error::custom("the list is empty: write a rule")),
                    false => Ok(OneOrMore(rules)),
                }
            }
        }

        deserializer.deserialize_any(RuleOrList)
    }
}

impl JsonSchema for OneOrMore {
    fn schema_name() -> Cow<'static, str> {
        "Rules".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let rule = generator.subschema_for::<Rule>();
        json_schema!({
            "description": "A rule, or a list of rules.",
            "anyOf": [rule, {"type": "array", "items": rule, "minItems": 1}],
        })
    }
}

/// Dialects to set: `{"NAME": "VALUE", …}`, or `{"preset": "rfc"}`, or a list in the form of the command line:
/// `["rfc", "NAME=VALUE", …]`.
pub(super) struct Settings(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MapOrList;

        impl<'de> Visitor<'de> for MapOrList {
            type Value = Settings;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of dialects and values, or a list of texts NAME=VALUE")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Settings, A::Error> {
                let mut settings = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    let Quoted(value) = map.next_value()?;
                    settings.push(if name == "preset" { value } else { format!("{name}={value}") });
                }
                Ok(Settings(settings))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Settings, A::Error> {
                let mut settings = Vec::new();
                while let Some(Quoted(setting)) = list.next_element()? {
                    settings.push(setting);
                }
                Ok(Settings(settings))
            }
        }

        deserializer.deserialize_any(MapOrList)
    }
}

impl JsonSchema for Settings {
    fn schema_name() -> Cow<'static, str> {
        "Settings".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Dialects and their values by name, or `preset`; or a list as on the command line.",
            "anyOf": [
                {"type": "object", "additionalProperties": {"type": "string"}},
                {"type": "array", "items": {"type": "string"}},
            ],
        })
    }
}

/// A text. Numbers and booleans are told to be quoted.
struct Quoted(String);

impl<'de> Deserialize<'de> for Quoted {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => Ok(Self(text)),
            other => Err(de::Error::custom(format!("{other} is no string: quote the value"))),
        }
    }
}
