//! The JSON Schema of both directions.

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::{Ask, Reply, Sleep, Wake};

/// The schema of a line, whichever direction it goes: `#/$defs/ToAdapter` and `#/$defs/ToKit` tell them apart.
/// Members that it does not name are allowed: the protocol may grow.
pub fn schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let to_adapter =
        [generator.subschema_for::<Ask>().to_value(), generator.subschema_for::<Wake>().to_value()];
    let to_kit =
        [generator.subschema_for::<Reply>().to_value(), generator.subschema_for::<Sleep>().to_value()];
    let mut definitions = generator.take_definitions(true);
    definitions.insert("ToAdapter".to_owned(), json!({"anyOf": to_adapter}));
    definitions.insert("ToKit".to_owned(), json!({"anyOf": to_kit}));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "drive/1 of Greenroom",
        "description": "A line of the protocol between the conformance kit and an adapter.",
        "anyOf": [{"$ref": "#/$defs/ToAdapter"}, {"$ref": "#/$defs/ToKit"}],
        "$defs": definitions,
    })
}
