//! Which schema the body of an answer must match: by route and status, sometimes by dialect.

use std::{collections::BTreeMap, sync::LazyLock};

use jsonschema::Validator;
use serde_json::Value;

/// A row of [`ANSWERS`]: routes, status, schema, and the dialect without which the row does not count.
type Row = (&'static [&'static str], u16, &'static str, Option<(&'static str, &'static str)>);

const TOKENS: &[&str] = &["sso.token", "issuer.token"];
const ISSUER: &[&str] = &["issuer.token"];
const DOCUMENTS: &[&str] = &["sso.jwks", "issuer.jwks", "issuer.discovery", "issuer elsewhere"];
const GLP: &[&str] = &[
    "credentials",
    "credential",
    "credential.reset",
    "workspaces",
    "tenant",
    "workspace",
    "contact",
    "devices",
    "device",
    "audit-log",
    "provisions",
    "provision",
];
const GLP_ANY: &[&str] = &[
    "credentials",
    "credential",
    "credential.reset",
    "workspaces",
    "tenant",
    "workspace",
    "contact",
    "devices",
    "device",
    "audit-log",
    "provisions",
    "provision",
    "glp elsewhere",
    "data elsewhere",
];
const CREDENTIALS: &[&str] = &["credentials", "credential", "credential.reset"];
const CENTRAL: &[&str] =
    &["device-inventory", "list-tenants", "central.devices", "central.device", "central.device-alias"];
const CENTRAL_ANY: &[&str] = &[
    "device-inventory",
    "list-tenants",
    "central.devices",
    "central.device",
    "central.device-alias",
    "central elsewhere",
];
const CLASSIC: &[&str] = &["classic elsewhere"];
const ELSEWHERE: &[&str] =
    &["glp elsewhere", "data elsewhere", "central elsewhere", "issuer elsewhere", "issuer.jwks"];

/// Every answer there may be. Any other one fails the test that got it.
const ANSWERS: &[Row] = &[
    (&["sso.token"], 200, "token", None),
    (ISSUER, 200, "token", None),
    (ISSUER, 200, "tenant-token", None),
    (TOKENS, 200, "token-shapes", Some(("expires_in_shape", "string"))),
    (TOKENS, 200, "token-shapes", Some(("expires_in_shape", "absent"))),
    (TOKENS, 200, "token-shapes", Some(("expires_in_shape", "null"))),
    (TOKENS, 200, "token-shapes", Some(("scope_shape", "string"))),
    (TOKENS, 200, "token-shapes", Some(("scope_shape", "array"))),
    (TOKENS, 400, "oauth-error", None),
    (TOKENS, 401, "oauth-error", None),
    (TOKENS, 405, "oauth-error", None),
    (TOKENS, 413, "oauth-error", None),
    (ISSUER, 401, "glp-error", Some(("exchange_expired", "gateway_401"))),
    (ISSUER, 401, "glp-error", Some(("exchange_garbage_subject", "gateway_401"))),
    (ISSUER, 403, "oauth-error", None),
    (ISSUER, 403, "html", Some(("exchange_expired", "html_403"))),
    (ISSUER, 403, "html", Some(("exchange_foreign_tenant", "html_403"))),
    (ISSUER, 403, "html", Some(("issuer_unknown_workspace", "html_403"))),
    (ISSUER, 403, "html", Some(("exchange_on_dedicated_platform", "html_403"))),
    (ISSUER, 404, "glp-error", Some(("issuer_unknown_workspace", "envelope_404"))),
    (&["sso.jwks", "issuer.jwks"], 200, "jwks", None),
    (&["issuer.discovery"], 200, "discovery", None),
    (DOCUMENTS, 404, "issuer-error", None),
    (DOCUMENTS, 405, "issuer-error", None),
    (&["credentials"], 200, "credentials", None),
    (&["credentials"], 201, "credential-created", None),
    (&["credential.reset"], 200, "credential-created", None),
    (&["credential"], 204, "nothing", None),
    (CREDENTIALS, 400, "glp-error", None),
    (CREDENTIALS, 403, "glp-error", None),
    (CREDENTIALS, 404, "glp-error", None),
    (&["credentials"], 409, "glp-error", None),
    (&["credentials"], 422, "glp-error", Some(("eighth_credential", "422"))),
    (&["workspaces"], 200, "msp-tenants", None),
    (&["workspaces"], 201, "message", None),
    (&["tenant"], 200, "message", None),
    (&["tenant"], 204, "nothing", None),
    (&["workspaces", "tenant"], 409, "glp-error", Some(("tenant_name_taken", "409"))),
    (&["workspaces", "tenant"], 412, "glp-error", None),
    (&["workspaces", "tenant"], 451, "glp-error", Some(("export_compliance", "refuse"))),
    (&["workspace"], 200, "workspace", None),
    (&["contact"], 200, "contact", None),
    (&["devices"], 200, "devices", None),
    (&["devices"], 200, "devices-selected", None),
    (&["device"], 200, "device", None),
    (&["audit-log"], 200, "audit-log", None),
    (&["provisions"], 200, "provisions", None),
    (&["provision"], 200, "provision", None),
    (&["devices", "device", "audit-log", "provisions", "provision"], 400, "glp-error", None),
    (GLP_ANY, 401, "glp-error", None),
    // The role of the user does not grant what is asked, or the workspace is another.
    (GLP, 403, "glp-error", None),
    (GLP_ANY, 403, "glp-error", Some(("glp_auth_error", "expired_not_401"))),
    (&["device", "provision", "glp elsewhere", "data elsewhere"], 404, "glp-error", None),
    (GLP, 405, "glp-error", None),
    (GLP, 429, "glp-error", None),
    (GLP, 413, "glp-error", None),
    (&["workspaces", "tenant", "workspace", "contact"], 422, "glp-error", None),
    (&["device-inventory"], 200, "device-inventory", Some(("central_absent", "null"))),
    (&["device-inventory"], 200, "device-inventory-omitted", Some(("central_absent", "omitted"))),
    (&["list-tenants"], 200, "list-tenants", None),
    (&["central.devices"], 200, "central-devices", Some(("central_absent", "null"))),
    (&["central.devices"], 200, "central-devices-omitted", Some(("central_absent", "omitted"))),
    (&["central.device"], 200, "device-notes", None),
    (&["central.device"], 202, "central-device", None),
    (&["central.device"], 404, "central-error", None),
    (&["central.device-alias"], 200, "central-device", Some(("central_delete_alias", "on"))),
    (&["central.device-alias"], 404, "central-error", None),
    (CENTRAL, 400, "central-error", None),
    (CENTRAL_ANY, 401, "central-error", None),
    (CENTRAL, 403, "central-error", None),
    (&["central elsewhere"], 404, "central-error", None),
    (CENTRAL, 405, "central-error", None),
    (CENTRAL, 429, "central-error", None),
    (CENTRAL, 413, "central-error", None),
    (CLASSIC, 401, "classic-error", None),
    (CLASSIC, 404, "classic-error", Some(("mixed_services", "lenient"))),
    (CENTRAL, 403, "html", Some(("edge_errors", "html"))),
    (ELSEWHERE, 404, "html", Some(("edge_errors", "html"))),
];

/// The schemas that the body of an answer may match; `html` stands for the page of the edge, `nothing` for
/// no body at all.
pub(super) fn of(route: &str, status: u16, dialects: &BTreeMap<String, String>) -> Vec<&'static str> {
    ANSWERS
        .iter()
        .filter(|(routes, code, ..)| *code == status && routes.contains(&route))
        .filter(|(.., when)| when.is_none_or(|(row, value)| dialects[row] == value))
        .map(|(_, _, schema, _)| *schema)
        .collect()
}

/// What of `body` is not as the schema says.
pub(super) fn faults(schema: &str, body: &Value) -> Vec<String> {
    let validator = VALIDATORS.get(schema).unwrap_or_else(|| panic!("no schema {schema}"));
    validator.iter_errors(body).map(|error| format!("{} at {}", error, error.instance_path())).collect()
}

macro_rules! schemas {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!("../../fixtures/schemas/", $name, ".json")))),+]
    };
}

static SOURCES: LazyLock<BTreeMap<&'static str, Value>> = LazyLock::new(|| {
    let sources = schemas![
        "audit-log",
        "central-device",
        "central-device-omitted",
        "central-devices",
        "central-devices-omitted",
        "central-error",
        "classic-error",
        "contact",
        "credential",
        "credential-created",
        "credentials",
        "device",
        "device-inventory",
        "device-inventory-omitted",
        "device-notes",
        "devices",
        "devices-selected",
        "discovery",
        "glp-error",
        "issuer-error",
        "jwks",
        "list-tenants",
        "message",
        "msp-tenants",
        "oauth-error",
        "provision",
        "provisions",
        "tenant-token",
        "token",
        "token-shapes",
        "workspace",
    ];
    sources.map(|(name, text)| (name, serde_json::from_str(text).expect(name))).into()
});

static VALIDATORS: LazyLock<BTreeMap<&'static str, Validator>> = LazyLock::new(|| {
    let compile = |schema: &Value| jsonschema::draft202012::new(&inline(schema)).expect("a schema");
    SOURCES.iter().map(|(name, schema)| (*name, compile(schema))).collect()
});

/// A schema with `{"$ref": "device.json"}` replaced by that file: nothing is fetched.
fn inline(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => match members.get("$ref").and_then(Value::as_str) {
            Some(file) => inline(&SOURCES[file.trim_end_matches(".json")]),
            None => members.iter().map(|(name, member)| (name.clone(), inline(member))).collect(),
        },
        Value::Array(items) => items.iter().map(inline).collect(),
        other => other.clone(),
    }
}

/// A schema that lets an unknown member pass would check little (invariant 5).
#[test]
fn every_schema_closes_every_object_requires_every_member_and_names_its_source() {
    fn walk(name: &str, schema: &Value) {
        match schema {
            Value::Object(members) => {
                let object = members.get("type").is_some_and(|kind| {
                    kind == "object" || kind.as_array().is_some_and(|kinds| kinds.contains(&"object".into()))
                });
                if object && members.contains_key("properties") {
                    assert_eq!(members["additionalProperties"], false, "{name}: {schema}");
                    let known = members["properties"].as_object().unwrap().len();
                    let required = members["required"].as_array().map_or(0, Vec::len);
                    // What may be absent: details of an error, whatever a dialect takes away, and what a
                    // credential was made with.
                    let free = matches!(
                        name,
                        "glp-error" | "token-shapes" | "contact" | "credential" | "credential-created"
                    );
                    // What dialect `central_absent` takes away of a device: what is null otherwise.
                    let omitted = if name.ends_with("-omitted") && known > 20 { 5 } else { 0 };
                    assert!(
                        required + omitted == known || free,
                        "{name} requires {required} of {known}: {schema}"
                    );
                }
                members.values().for_each(|member| walk(name, member));
            }
            Value::Array(items) => items.iter().for_each(|item| walk(name, item)),
            _ => {}
        }
    }
    for (name, schema) in SOURCES.iter() {
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{name}");
        for member in ["title", "$comment"] {
            assert!(schema[member].as_str().is_some_and(|text| !text.is_empty()), "{name} has a {member}");
        }
        assert!(VALIDATORS.contains_key(name), "{name}");
        walk(name, schema);
    }
}
