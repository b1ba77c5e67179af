//! What selectors look like in JSON, as a schema: they are read and written by hand, so is this.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::{At, Selector, When};
use crate::{call::OpKind, credential::AuthMethod, token::TokenKind};

/// The fields that are one value or a list, in the order of [`Selector`], each with what it selects by.
const FIELDS: [(&str, &str); 17] = [
    ("op", "What kind of request."),
    ("kind", "The kind of its token: the bearer of an api request, the subject of an exchange."),
    ("phase", "The phase in which it came: the step of a scenario."),
    ("token", "The bearer token's symbol."),
    ("subject", "The subject token's symbol."),
    ("actor", "The workspace the bearer acts in, by symbol."),
    ("workspace", "The workspace in the path of a token request, by symbol; of any other request the actor."),
    ("client", "The client that a token request names, by name."),
    ("auth", "How client credentials were sent."),
    ("host", "The host."),
    ("method", "The method."),
    ("path", "The path."),
    ("query", "The query as it was written."),
    ("status", "The status of the answer. Known only afterwards."),
    ("refused", "The code of the refusal. Known only afterwards."),
    ("applied", "The rule that was applied to it."),
    ("fired", "The rule that fired on it: another name of `applied`."),
];

fn properties(generator: &mut SchemaGenerator) -> Map<String, Value> {
    let mut properties = Map::new();
    for (field, says) in FIELDS {
        let one = match field {
            "op" => generator.subschema_for::<OpKind>().to_value(),
            "kind" => generator.subschema_for::<TokenKind>().to_value(),
            "auth" => generator.subschema_for::<AuthMethod>().to_value(),
            // A number may be written as a text, as in a query.
            "status" => json!({"anyOf": [
                {"type": "integer", "minimum": 0, "maximum": 65535},
                {"type": "string", "pattern": "^[0-9]{1,5}$"},
            ]}),
            _ => pattern(),
        };
        let mut schema = any_of(one);
        schema["description"] = says.into();
        properties.insert(field.to_owned(), schema);
    }
    let nth = json!({
        "description": "Only that one of those that match, counted from 1.",
        "anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": "^0*[1-9][0-9]*$"}],
    });
    properties.insert("nth".to_owned(), nth);
    properties
}

/// One or a list of them, which is not empty.
fn any_of(one: Value) -> Value {
    json!({"anyOf": [one.clone(), {"type": "array", "items": one, "minItems": 1}]})
}

/// A text in which `*` stands for anything, or a number.
fn pattern() -> Value {
    json!({"type": ["string", "integer"]})
}

fn object(says: &str, properties: Map<String, Value>) -> Schema {
    json_schema!({
        "description": says,
        "type": "object",
        "properties": properties,
        // Parameters of the query, headers in lower case, parameters of a form: by name.
        "patternProperties": {"^(query|header|form)\\.": any_of(pattern())},
        "additionalProperties": false,
    })
}

impl JsonSchema for Selector {
    fn schema_name() -> Cow<'static, str> {
        "Selector".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let says = "Which requests are meant. A field that is absent means any; all given ones must hold. In a \
                    text `*` stands for anything, slashes included. `query.NAME`, `header.NAME` and `form.NAME` \
                    are parameters by name.";
        object(says, properties(generator))
    }
}

impl JsonSchema for When {
    fn schema_name() -> Cow<'static, str> {
        "When".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut properties = properties(generator);
        properties.insert("at".to_owned(), generator.subschema_for::<Option<At>>().to_value());
        let says = "Which requests are meant, by the fields of a selector, and at which point of their way.";
        object(says, properties)
    }
}
