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
    "device-operation",
    "audit-log",
    "audit-log.details",
    "audit-log.v2beta1",
    "audit-log.v2beta1.entry",
    "audit-log.v2beta1.details",
    "users",
    "user",
    "provisions",
    "provision",
    "service-managers",
    "service-manager",
    "regions",
    "region",
    "subscriptions",
    "subscription",
    "subscriptions.bulk",
    "subscription-operation",
    "auto-subscriptions",
    "auto-subscription",
    "catalogs",
    "catalog",
];
/// Where GLP has nothing, which it says to who shows a right token.
const GLP_ELSEWHERE: &[&str] = &["glp elsewhere", "data elsewhere"];
const USERS: &[&str] = &["users", "user"];
const AUDIT_DETAILS: &[&str] = &["audit-log.details", "audit-log.v2beta1.details"];
const CREDENTIALS: &[&str] = &["credentials", "credential", "credential.reset"];
const SUBSCRIPTIONS: &[&str] = &[
    "subscriptions",
    "subscription",
    "subscriptions.bulk",
    "subscription-operation",
    "auto-subscriptions",
    "auto-subscription",
];
const CENTRAL: &[&str] = &[
    "device-inventory",
    "list-tenants",
    "central.devices",
    "central.device",
    "central.device-alias",
    "central.aps",
    "central.ap",
    "central.switches",
    "central.switch",
    "central.gateways",
    "central.gateway",
    "central.clients",
    "central.client",
    "central.wlans",
    "central.wlan",
    "central.sites-health",
    "central.sites-device-health",
    "central.site-health",
    "central.alerts",
    "central.sites",
    "central.site-collections",
    "central.device-groups",
    "central.scope-change",
    "central.hierarchy",
    "central.global",
    "central.scope-maps",
];
const CENTRAL_ELSEWHERE: &[&str] = &["central elsewhere"];
/// What has the scopes of Central change.
const SCOPES: &[&str] =
    &["central.sites", "central.site-collections", "central.device-groups", "central.scope-change"];
const CLASSIC: &[&str] = &[
    "classic.devices",
    "classic.groups",
    "classic.customers",
    "classic.customer",
    "classic.audit-log",
    "classic elsewhere",
];
const CLASSIC_STEPS: &[&str] = &["classic sign-in", "classic code", "classic token"];
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
    (TOKENS, 200, "token-shapes", Some(("token_shape", "opaque"))),
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
    (&["devices"], 202, "accepted", None),
    (&["device-operation"], 200, "operation", None),
    (&["device-operation"], 404, "glp-error", None),
    (&["device-operation"], 400, "glp-error", None),
    (&["audit-log"], 200, "audit-log", None),
    (&["audit-log"], 200, "audit-log-selected", None),
    (&["audit-log.v2beta1"], 200, "audit-log-v2beta1", None),
    (&["audit-log.v2beta1"], 200, "audit-log-v2beta1-selected", None),
    (&["audit-log.v2beta1.entry"], 200, "audit-entry-v2beta1", None),
    (AUDIT_DETAILS, 200, "audit-details", None),
    (AUDIT_DETAILS, 404, "glp-error", None),
    (&["audit-log.v2beta1.entry"], 404, "glp-error", None),
    (&["users"], 200, "users", None),
    (&["users"], 201, "message", None),
    (&["user"], 200, "user", None),
    (&["user"], 200, "message", None),
    (&["user"], 204, "nothing", None),
    (USERS, 400, "glp-error", None),
    (&["user"], 404, "glp-error", Some(("unknown_user", "404"))),
    (&["users"], 409, "glp-error", None),
    (&["user"], 412, "glp-error", Some(("unknown_user", "412"))),
    (USERS, 422, "glp-error", None),
    (&["users"], 451, "glp-error", Some(("export_compliance", "refuse"))),
    (&["provisions"], 200, "provisions", None),
    (&["provision"], 200, "provision", None),
    (&["provisions"], 201, "provision-created", None),
    (&["provision"], 204, "nothing", None),
    (&["provisions"], 409, "glp-error", None),
    (&["provision"], 412, "glp-error", None),
    (&["service-managers"], 200, "service-managers", None),
    (&["service-manager"], 200, "service-manager", None),
    (&["regions"], 200, "per-region-service-managers", None),
    (&["region"], 200, "region-service-managers", None),
    (&["service-managers", "service-manager", "regions"], 400, "glp-error", None),
    (&["service-manager", "region"], 404, "glp-error", None),
    (&["subscriptions"], 200, "subscriptions", None),
    (&["subscriptions"], 200, "subscriptions-selected", None),
    (&["subscription"], 200, "subscription", None),
    (&["subscriptions", "subscriptions.bulk"], 202, "accepted", None),
    (&["subscription-operation"], 200, "operation", None),
    (&["auto-subscriptions"], 200, "auto-subscription-settings", None),
    (&["auto-subscription"], 200, "auto-subscription-setting", None),
    (SUBSCRIPTIONS, 400, "glp-error", None),
    (&["subscription", "subscription-operation"], 404, "glp-error", None),
    (
        &["devices", "device", "audit-log", "audit-log.v2beta1", "provisions", "provision"],
        400,
        "glp-error",
        None,
    ),
    (&["catalogs"], 200, "software-catalogs", None),
    (&["catalogs"], 200, "software-catalogs-selected", None),
    (&["catalog"], 200, "software-catalog", None),
    (&["catalog"], 200, "software-catalog-selected", None),
    (&["catalogs"], 400, "glp-error", None),
    // The global host of GLP has none.
    (&["catalogs", "catalog"], 404, "glp-error", None),
    (GLP, 401, "glp-error", None),
    (GLP_ELSEWHERE, 401, "glp-error", None),
    // The role of the user does not grant what is asked, or the workspace is another.
    (GLP, 403, "glp-error", None),
    (GLP_ELSEWHERE, 403, "glp-error", Some(("glp_auth_error", "expired_not_401"))),
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
    (&["central.aps"], 200, "central-aps", Some(("central_absent", "null"))),
    (&["central.aps"], 200, "central-aps-omitted", Some(("central_absent", "omitted"))),
    (&["central.ap"], 200, "central-ap-detail", Some(("central_absent", "null"))),
    (&["central.ap"], 200, "central-ap-detail-omitted", Some(("central_absent", "omitted"))),
    (&["central.switches"], 200, "central-switches", Some(("central_absent", "null"))),
    (&["central.switches"], 200, "central-switches-omitted", Some(("central_absent", "omitted"))),
    (&["central.switch"], 200, "central-switch-detail", Some(("central_absent", "null"))),
    (&["central.switch"], 200, "central-switch-detail-omitted", Some(("central_absent", "omitted"))),
    (&["central.clients"], 200, "central-clients", Some(("central_absent", "null"))),
    (&["central.clients"], 200, "central-clients-omitted", Some(("central_absent", "omitted"))),
    (&["central.client"], 200, "central-client", Some(("central_absent", "null"))),
    (&["central.client"], 200, "central-client-omitted", Some(("central_absent", "omitted"))),
    (&["central.gateways"], 200, "central-gateways", None),
    (&["central.gateway"], 200, "central-gateway", None),
    (&["central.wlans"], 200, "central-wlans", None),
    (&["central.wlan"], 200, "central-wlan-detail", None),
    (&["central.sites-health"], 200, "sites-health", None),
    (&["central.sites-device-health"], 200, "sites-device-health", None),
    (&["central.site-health"], 200, "site-health", None),
    (&["central.alerts"], 200, "alerts", None),
    (
        &["central.ap", "central.switch", "central.gateway", "central.client", "central.wlan"],
        404,
        "central-error",
        None,
    ),
    (&["central.sites"], 200, "sites", Some(("central_absent", "null"))),
    (&["central.sites"], 200, "sites-omitted", Some(("central_absent", "omitted"))),
    (&["central.site-collections"], 200, "site-collections", None),
    (&["central.device-groups"], 200, "device-groups", None),
    (SCOPES, 200, "scope-written", None),
    (SCOPES, 202, "scope-written", Some(("central_delete_alias", "off"))),
    (&["central.scope-change"], 404, "central-error", None),
    (&["central.hierarchy"], 200, "scope-hierarchy", None),
    (&["central.global"], 200, "global-scope", None),
    (&["central.scope-maps"], 200, "scope-maps", None),
    (&["central.scope-maps"], 200, "config-written", None),
    (&["central.scope-maps"], 404, "central-error", None),
    (CENTRAL, 400, "central-error", None),
    (CENTRAL, 401, "central-error", None),
    (CENTRAL_ELSEWHERE, 401, "central-error", None),
    (CENTRAL, 403, "central-error", None),
    (CENTRAL_ELSEWHERE, 404, "central-error", None),
    (CENTRAL, 405, "central-error", None),
    (CENTRAL, 429, "central-error", None),
    (CENTRAL, 413, "central-error", None),
    (CLASSIC, 401, "classic-error", None),
    (CLASSIC, 400, "classic-error", None),
    (CLASSIC, 403, "classic-error", None),
    (CLASSIC, 404, "classic-error", None),
    (CLASSIC, 405, "classic-error", None),
    (CLASSIC, 429, "classic-error", None),
    (&["classic sign-in"], 200, "classic-signed-in", None),
    (&["classic code"], 200, "classic-code", None),
    (&["classic token"], 200, "classic-token", None),
    (CLASSIC_STEPS, 400, "classic-refused", None),
    (CLASSIC_STEPS, 401, "classic-refused", None),
    (CLASSIC_STEPS, 403, "classic-refused", None),
    (CLASSIC_STEPS, 405, "classic-refused", None),
    (CLASSIC_STEPS, 429, "classic-refused", None),
    (&["classic.devices"], 200, "classic-devices", None),
    (&["classic.groups"], 200, "classic-groups", None),
    (&["classic.customers"], 200, "classic-customers", None),
    (&["classic.customer"], 200, "classic-customer", None),
    (&["classic.audit-log"], 200, "classic-audit-log", None),
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
