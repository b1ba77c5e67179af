//! The schemas of bodies, and what of a body is not as they say.

use std::{collections::BTreeMap, sync::LazyLock};

use jsonschema::Validator;
use serde_json::Value;

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
        "accepted",
        "alert",
        "alerts",
        "audit-details",
        "audit-entry-v2beta1",
        "audit-log",
        "audit-log-selected",
        "audit-log-v2beta1",
        "audit-log-v2beta1-selected",
        "auto-subscription-setting",
        "auto-subscription-settings",
        "central-ap",
        "central-ap-detail",
        "central-ap-detail-omitted",
        "central-ap-omitted",
        "central-aps",
        "central-aps-omitted",
        "central-client",
        "central-client-omitted",
        "central-clients",
        "central-clients-omitted",
        "central-device",
        "central-device-omitted",
        "central-devices",
        "central-devices-omitted",
        "central-error",
        "central-gateway",
        "central-gateways",
        "central-switch",
        "central-switch-detail",
        "central-switch-detail-omitted",
        "central-switch-omitted",
        "central-switches",
        "central-switches-omitted",
        "central-wlan",
        "central-wlan-detail",
        "central-wlans",
        "classic-audit-log",
        "classic-code",
        "classic-customer",
        "classic-customers",
        "classic-devices",
        "classic-error",
        "config-written",
        "classic-groups",
        "classic-refused",
        "classic-signed-in",
        "classic-token",
        "contact",
        "credential",
        "credential-created",
        "credentials",
        "device",
        "device-contact",
        "device-groups",
        "device-inventory",
        "device-inventory-omitted",
        "device-notes",
        "devices",
        "devices-selected",
        "discovery",
        "global-scope",
        "glp-error",
        "issuer-error",
        "jwks",
        "list-tenants",
        "message",
        "msp-tenants",
        "oauth-error",
        "operation",
        "per-region-service-managers",
        "provision",
        "provision-created",
        "provisions",
        "region-service-managers",
        "scope-hierarchy",
        "scope-maps",
        "scope-written",
        "service-manager",
        "service-managers",
        "site-health",
        "sites-device-health",
        "sites-health",
        "software-catalog",
        "software-catalog-selected",
        "software-catalogs",
        "software-catalogs-selected",
        "site-collections",
        "sites",
        "sites-omitted",
        "subscription",
        "subscriptions",
        "subscriptions-selected",
        "tenant-token",
        "token",
        "token-shapes",
        "user",
        "users",
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
                    // What may be absent: details of an error, whatever a dialect takes away, what a credential
                    // was made with, what is not known of a contact, and of which tenant one's own settings are.
                    let free = matches!(
                        name,
                        "glp-error"
                            | "token-shapes"
                            | "contact"
                            | "credential"
                            | "credential-created"
                            | "device-contact"
                            | "auto-subscription-setting"
                            | "provision"
                            | "subscription"
                            | "user"
                            | "users"
                    );
                    // What dialect `central_absent` takes away of a device: what is null otherwise.
                    let omitted = match name {
                        "device-inventory-omitted" if known > 20 => 6,
                        "central-ap-omitted" if known > 15 => 8,
                        "central-ap-detail-omitted" if known > 15 => 3,
                        "central-switch-omitted" | "central-switch-detail-omitted" if known > 15 => 2,
                        "central-client-omitted" => 15,
                        "sites-omitted" if known > 10 => 4,
                        name if name.ends_with("-omitted") && known > 20 => 5,
                        _ => 0,
                    };
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
