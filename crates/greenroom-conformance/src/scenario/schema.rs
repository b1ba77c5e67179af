//! The JSON Schema of scenario files: that of a scenario, with what only files have.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::Scenario;

/// Definitions of the items of those lists that can be for some values of the axis alone.
const ITEMS: [&str; 3] = ["Rule", "Proof", "Check"];

/// The schema of a scenario file. Where a scalar stands, a name of `vary` or `vars` can stand as well; an item of
/// `stimuli`, `proofs` and `expect` can say `only`.
pub fn schema() -> Value {
    let root = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Scenario>();
    let mut schema = root.to_value();
    for item in ITEMS {
        if let Some(Value::Object(properties)) = schema.pointer_mut(&format!("/$defs/{item}/properties")) {
            properties.insert("only".to_owned(), only());
        }
    }
    allow_names(&mut schema);
    schema["title"] = "Scenario of Greenroom".into();
    schema["$defs"]["Name"] = json!({
        "description": "What stands in vary or vars under this name: `$loss`, `$loss.bytes`.",
        "type": "string",
        "pattern": r"^\$",
    });
    schema
}

fn only() -> Value {
    let value = json!({"type": ["string", "number", "boolean", "null"]});
    json!({
        "description": "The values of the axis that it is for.",
        "anyOf": [value, {"type": "array", "items": value, "minItems": 1}],
    })
}

/// Lets a name stand wherever a scalar of a certain kind is wanted.
fn allow_names(schema: &mut Value) {
    if is_scalar(schema) {
        if !takes_any_text(schema) {
            let description = schema.as_object_mut().and_then(|schema| schema.shift_remove("description"));
            *schema = json!({"anyOf": [schema.take(), {"$ref": "#/$defs/Name"}]});
            if let Some(description) = description {
                schema["description"] = description;
            }
        }
        return;
    }
    let Value::Object(members) = schema else { return };
    for (key, value) in members {
        match (key.as_str(), value) {
            ("properties" | "patternProperties" | "$defs", Value::Object(named)) => {
                named.values_mut().for_each(allow_names);
            }
            ("anyOf" | "oneOf" | "allOf", Value::Array(branches)) => {
                branches.iter_mut().for_each(allow_names)
            }
            ("items" | "additionalProperties", value) => allow_names(value),
            _ => {}
        }
    }
}

fn is_scalar(schema: &Value) -> bool {
    let Value::Object(schema) = schema else { return false };
    if schema.contains_key("const") || schema.contains_key("enum") {
        return true;
    }
    if let Some(branches) = ["anyOf", "oneOf"].iter().find_map(|key| schema.get(*key)?.as_array()) {
        return branches.iter().all(is_scalar);
    }
    match schema.get("type") {
        Some(Value::String(kind)) => !matches!(kind.as_str(), "object" | "array"),
        Some(Value::Array(kinds)) => kinds.iter().all(|kind| kind != "object" && kind != "array"),
        _ => false,
    }
}

/// Whether any text fits it anyway.
fn takes_any_text(schema: &Value) -> bool {
    let text = |kind: &Value| kind == "string";
    let is_text = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().any(text),
        kind => text(kind),
    };
    let no_bounds = |schema: &Map<String, Value>| {
        ["pattern", "format", "enum", "const", "minLength", "maxLength"]
            .iter()
            .all(|key| !schema.contains_key(*key))
    };
    is_text && schema.as_object().is_some_and(no_bounds)
}
