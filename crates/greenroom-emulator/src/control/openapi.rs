//! The control API in OpenAPI 3.1, made of the table and of the types that its commands and replies are.

use greenroom_model::{history::Entry, rule::Selector, spec::Patch};
use schemars::{Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::{
    BASE,
    problem::Problem,
    query::{DROPPED, EVENT_ID},
    route::{Gives, Parameter, Route, Takes},
    table::ROUTES,
};

/// The control API of this version, in OpenAPI 3.1.
pub fn openapi() -> Value {
    of(ROUTES.iter())
}

/// These rows of it.
pub(super) fn of(rows: impl Iterator<Item = &'static Route>) -> Value {
    let mut generator = SchemaGenerator::new(SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    }));
    let mut paths = Map::new();
    for route in rows {
        let operation = operation(route, &mut generator);
        let methods = paths.entry(format!("{BASE}/{}", route.path)).or_insert_with(|| json!({}));
        methods[route.method.as_str().to_ascii_lowercase()] = operation;
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Greenroom control",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What can be done to a running Greenroom from outside. It is answered on the plain \
                            side only, never inside TLS.",
        },
        "servers": [{"url": "http://127.0.0.1:4020"}],
        "security": [{}, {"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {
                "type": "http",
                "scheme": "bearer",
                "description": "The control token of an emulator that listens elsewhere than on loopback.",
            }},
            "schemas": generator.take_definitions(true),
        },
    })
}

fn operation(route: &Route, generator: &mut SchemaGenerator) -> Value {
    let Route { method, path, says, takes, gives, .. } = route;
    let id: String = path.chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '_' }).collect();
    let id =
        format!("{}_{}", method.as_str().to_ascii_lowercase(), id.trim_end_matches('_').replace("__", "_"));
    let problem = generator.subschema_for::<Problem<'_>>();
    let answer = match gives {
        Gives::Json(schema) => json!({"application/json": {"schema": schema(generator)}}),
        Gives::Text(media_type) => json!({*media_type: {"schema": {"type": "string"}}}),
        Gives::Entries(media_type) => {
            // OpenAPI 3.1 has no word for what a line or an event is; 3.2 has this one.
            let entry = generator.subschema_for::<Entry>();
            json!({*media_type: {"schema": {"type": "string"}, "x-item-schema": entry}})
        }
    };
    let mut operation = json!({
        "operationId": id,
        "summary": says,
        "responses": {
            "200": {"description": "It is done.", "content": answer},
            "default": {
                "description": "It is not done: a problem document says why, and names the field.",
                "content": {"application/problem+json": {"schema": problem}},
            },
        },
    });
    if matches!(gives, Gives::Entries("application/jsonl")) {
        operation["responses"]["200"]["headers"] = json!({DROPPED: {
            "description": "How many of the entries that were asked for are gone: the history is bounded.",
            "required": true,
            "schema": {"type": "integer", "minimum": 0},
        }});
    }
    let in_path = path.split_once('{').and_then(|(_, rest)| rest.split_once('}'));
    let mut parameters: Vec<_> =
        in_path.map(|(name, _)| named("path", name, "Its name.")).into_iter().collect();
    match takes {
        Takes::Nothing => {}
        Takes::Query(own) => parameters.extend(own.iter().map(in_query)),
        Takes::Part(own) => {
            parameters.extend(own.iter().map(in_query));
            parameters.extend(fields(generator));
            if matches!(gives, Gives::Entries("text/event-stream")) {
                parameters.push(named(
                    "header",
                    EVENT_ID,
                    "The entry after which to go on, in place of `after`. Who names one that is not there yet \
                     followed an emulator that was started anew: `event: restarted`, then all from the beginning.",
                ));
            }
        }
        Takes::Body { example, schema } => {
            let example: Value = serde_json::from_str(example).unwrap_or_default();
            let content = json!({"application/json": {"schema": schema(generator), "example": example}});
            operation["requestBody"] = json!({"required": true, "content": content});
        }
    }
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    operation
}

/// What a patch is, in the schema that the model makes of the words of a world file.
pub(super) fn patch(generator: &mut SchemaGenerator) -> Schema {
    let here = format!("#{}/", generator.settings().definitions_path);
    let mut schema = Patch::schema();
    let definitions = schema["$defs"].take();
    let moved = |schema: &Value| {
        let text = schema.to_string().replace("#/$defs/", &here);
        serde_json::from_str::<Value>(&text).unwrap_or_default()
    };
    for (name, definition) in definitions.as_object().into_iter().flatten() {
        generator.definitions_mut().insert(name.clone(), moved(definition));
    }
    Schema::new_ref(moved(&schema["$ref"]).as_str().unwrap_or_default().to_owned())
}

fn in_query(Parameter { name, says }: &Parameter) -> Value {
    named("query", name, says)
}

/// The fields of a selector, as parameters. Those by name, such as `header.NAME`, are told of in words.
fn fields(generator: &mut SchemaGenerator) -> Vec<Value> {
    generator.subschema_for::<Selector>();
    let properties = &generator.definitions()["Selector"]["properties"];
    let fields = properties.as_object().into_iter().flatten();
    // Counting is what rules do.
    let fields = fields.filter(|(name, _)| *name != "nth");
    let known = |(name, schema): (&String, &Value)| {
        named("query", name, schema["description"].as_str().unwrap_or_default())
    };
    let by_name = ["query.NAME", "header.NAME", "form.NAME"]
        .map(|name| named("query", name, "By name: write the name in place of NAME."));
    fields.map(known).chain(by_name).collect()
}

fn named(place: &str, name: &str, says: &str) -> Value {
    json!({
        "name": name,
        "in": place,
        "required": place == "path",
        "description": says,
        "schema": {"type": "string"},
    })
}
