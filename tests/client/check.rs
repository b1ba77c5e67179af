//! What is checked on every answer, whatever the test that asked is about.

use std::collections::BTreeMap;

use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, DATE, WWW_AUTHENTICATE};
use serde_json::Value;

use super::{APIGW, Answer, Ask, CENTRAL, Client, DATA, GLP, SSO, answers, schema};

/// Where a path lives, for requests that name no host.
pub(super) fn home(path: &str) -> &'static str {
    match path.split('/').nth(1).unwrap_or_default() {
        first if first.starts_with("network-") => CENTRAL,
        "private-cloud-business" => DATA,
        "as" | "pf" | ".well-known" => SSO,
        "oauth2" | "platform" | "configuration" | "msp_api" => APIGW,
        _ => GLP,
    }
}

/// The families of hosts, told apart by other means than the emulator's.
fn family(host: &str) -> &'static str {
    match host {
        SSO => "sso",
        "dedicated.example.com" => "dedicated",
        _ if host.ends_with("greenlake.hpe.com") => "glp",
        _ if host.ends_with("data.cloud.hpe.com") => "data",
        _ if host.contains(".api.central.") => "central",
        _ if host.contains("apigw") => "apigw",
        _ => panic!("{host} is in no family"),
    }
}

/// Route, families that have it, path with `*` for a segment. A Dedicated Platform has its issuer and
/// credentials only.
const ROUTES: &[(&str, &[&str], &str)] = &[
    ("sso.token", &["sso"], "/as/token.oauth2"),
    ("sso.jwks", &["sso"], "/pf/JWKS"),
    ("sso.jwks", &["sso"], "/.well-known/jwks.json"),
    ("issuer.token", &["glp", "dedicated"], "/authorization/v2/oauth2/*/token"),
    ("issuer.jwks", &["glp", "dedicated"], "/authorization/v2/oauth2/*/jwks"),
    (
        "issuer.discovery",
        &["glp", "dedicated"],
        "/authorization/v2/oauth2/*/.well-known/openid-configuration",
    ),
    ("credentials", &["glp", "dedicated"], "/workspaces/v1/credentials"),
    ("credential", &["glp", "dedicated"], "/workspaces/v1/credentials/*"),
    ("credential.reset", &["glp", "dedicated"], "/workspaces/v1/credentials/*/reset"),
    ("workspaces", &["glp"], "/workspaces/v1/msp-tenants"),
    ("tenant", &["glp"], "/workspaces/v1/msp-tenants/*"),
    ("workspace", &["glp"], "/workspaces/v1/workspaces/*"),
    ("contact", &["glp"], "/workspaces/v1/workspaces/*/contact"),
    ("devices", &["glp"], "/devices/v1/devices"),
    ("device", &["glp"], "/devices/v1/devices/*"),
    ("devices", &["glp"], "/devices/v2beta1/devices"),
    ("device", &["glp"], "/devices/v2beta1/devices/*"),
    ("device-operation", &["glp"], "/devices/v1/async-operations/*"),
    ("audit-log", &["glp"], "/audit-log/v1/logs"),
    ("audit-log.details", &["glp"], "/audit-log/v1/logs/*/detail"),
    ("audit-log.v2beta1", &["glp"], "/audit-log/v2beta1/logs"),
    ("audit-log.v2beta1.entry", &["glp"], "/audit-log/v2beta1/logs/*"),
    ("audit-log.v2beta1.details", &["glp"], "/audit-log/v2beta1/logs/*/details"),
    ("users", &["glp"], "/identity/v1/users"),
    ("user", &["glp"], "/identity/v1/users/*"),
    ("provisions", &["glp"], "/service-catalog/v1/service-manager-provisions"),
    ("provision", &["glp"], "/service-catalog/v1/service-manager-provisions/*"),
    ("service-managers", &["glp"], "/service-catalog/v1/service-managers"),
    ("service-manager", &["glp"], "/service-catalog/v1/service-managers/*"),
    ("regions", &["glp"], "/service-catalog/v1/per-region-service-managers"),
    ("region", &["glp"], "/service-catalog/v1/per-region-service-managers/*"),
    ("subscriptions", &["glp"], "/subscriptions/v1/subscriptions"),
    ("subscription", &["glp"], "/subscriptions/v1/subscriptions/*"),
    ("subscriptions.bulk", &["glp"], "/subscriptions/v2beta1/subscriptions/bulk"),
    ("subscription-operation", &["glp"], "/subscriptions/v1/async-operations/*"),
    ("auto-subscriptions", &["glp"], "/subscriptions/v1/auto-subscription-settings"),
    ("auto-subscription", &["glp"], "/subscriptions/v1/auto-subscription-settings/*"),
    ("device-inventory", &["central", "apigw"], "/network-monitoring/v1/device-inventory"),
    ("list-tenants", &["central", "apigw"], "/network-msp/v1/list-tenants"),
    ("central.devices", &["central", "apigw"], "/network-monitoring/v1/devices"),
    ("central.device", &["central", "apigw"], "/network-monitoring/v1/devices/*"),
    ("central.device-alias", &["central", "apigw"], "/devices/*"),
    ("central.aps", &["central", "apigw"], "/network-monitoring/v1/aps"),
    ("central.ap", &["central", "apigw"], "/network-monitoring/v1/aps/*"),
    ("central.switches", &["central", "apigw"], "/network-monitoring/v1/switches"),
    ("central.switch", &["central", "apigw"], "/network-monitoring/v1/switches/*"),
    ("central.gateways", &["central", "apigw"], "/network-monitoring/v1/gateways"),
    ("central.gateway", &["central", "apigw"], "/network-monitoring/v1/gateways/*"),
    ("central.clients", &["central", "apigw"], "/network-monitoring/v1/clients"),
    ("central.client", &["central", "apigw"], "/network-monitoring/v1/clients/*"),
    ("central.wlans", &["central", "apigw"], "/network-monitoring/v1/wlans"),
    ("central.wlan", &["central", "apigw"], "/network-monitoring/v1/wlans/*"),
    ("central.sites-health", &["central", "apigw"], "/network-monitoring/v1/sites-health"),
    ("central.sites-device-health", &["central", "apigw"], "/network-monitoring/v1/sites-device-health"),
    ("central.site-health", &["central", "apigw"], "/network-monitoring/v1/site-health/*"),
    ("catalogs", &["data", "glp"], "/private-cloud-business/v1beta1/system-software-catalogs"),
    ("catalog", &["data", "glp"], "/private-cloud-business/v1beta1/system-software-catalogs/*"),
    ("central.alerts", &["central", "apigw"], "/network-notifications/v1/alerts"),
    ("central.sites", &["central", "apigw"], "/network-config/*/sites"),
    ("central.scope-change", &["central", "apigw"], "/network-config/*/sites/bulk"),
    ("central.site-collections", &["central", "apigw"], "/network-config/*/site-collections"),
    ("central.scope-change", &["central", "apigw"], "/network-config/*/site-collections/bulk"),
    ("central.device-groups", &["central", "apigw"], "/network-config/*/device-groups"),
    ("central.scope-change", &["central", "apigw"], "/network-config/*/device-groups/bulk"),
    ("central.device-groups", &["central", "apigw"], "/network-config/v1alpha1/device-collections"),
    ("central.scope-change", &["central", "apigw"], "/network-config/v1alpha1/device-collections/bulk"),
    ("central.scope-change", &["central", "apigw"], "/network-config/*/site-add-devices"),
    ("central.scope-change", &["central", "apigw"], "/network-config/*/site-collection-add-sites"),
    ("central.scope-change", &["central", "apigw"], "/network-config/*/site-collection-remove-sites"),
    ("central.scope-change", &["central", "apigw"], "/network-config/*/device-groups-add-devices"),
    ("central.scope-change", &["central", "apigw"], "/network-config/*/device-groups-create-and-add-devices"),
    ("central.scope-change", &["central", "apigw"], "/network-config/*/device-groups-remove-devices"),
    ("central.scope-change", &["central", "apigw"], "/network-config/v1alpha1/device-collection-add-devices"),
    (
        "central.scope-change",
        &["central", "apigw"],
        "/network-config/v1alpha1/device-collection-create-and-add-devices",
    ),
    (
        "central.scope-change",
        &["central", "apigw"],
        "/network-config/v1alpha1/device-collection-remove-devices",
    ),
    ("central.hierarchy", &["central", "apigw"], "/network-config/*/hierarchy"),
    ("central.global", &["central", "apigw"], "/network-config/v1/global"),
    ("central.scope-maps", &["central", "apigw"], "/network-config/v1alpha1/scope-maps"),
    ("classic sign-in", &["apigw"], "/oauth2/authorize/central/api/login"),
    ("classic code", &["apigw"], "/oauth2/authorize/central/api"),
    ("classic token", &["apigw"], "/oauth2/token"),
    ("classic.devices", &["apigw"], "/platform/device_inventory/v1/devices"),
    ("classic.groups", &["apigw"], "/configuration/v2/groups"),
    ("classic.customers", &["apigw"], "/msp_api/v1/customers"),
    ("classic.customer", &["apigw"], "/msp_api/v1/customers/*"),
    ("classic.audit-log", &["apigw"], "/platform/auditlogs/v1/logs"),
];

/// The route of a request, or the family that has none there.
fn route(host: Option<&str>, path: &str, dialects: &BTreeMap<String, String>) -> &'static str {
    let path = path.split('?').next().unwrap_or_default();
    let family = family(host.unwrap_or_else(|| home(path)));
    let like = |pattern: &str| {
        let (mut parts, mut wanted) = (path.split('/'), pattern.split('/'));
        wanted.all(|wanted| parts.next().is_some_and(|part| wanted == "*" || wanted == part))
            && parts.next().is_none()
    };
    let classic = family == "apigw" && dialects["apigw_hosts"] == "classic";
    let found = ROUTES.iter().find(|(_, families, pattern)| families.contains(&family) && like(pattern));
    match (found, family) {
        (Some((name, ..)), _) if !classic || name.starts_with("classic") => name,
        (_, "sso") => "issuer elsewhere",
        (_, "glp" | "dedicated") if path.starts_with("/authorization/") => "issuer elsewhere",
        (_, "glp" | "dedicated") => "glp elsewhere",
        (_, "central") => "central elsewhere",
        (_, "apigw") if !classic && path.starts_with("/network-") => "central elsewhere",
        (_, "apigw") => "classic elsewhere",
        (_, other) => {
            assert_eq!(other, "data");
            "data elsewhere"
        }
    }
}

/// What speaks for a route: its headers follow from that.
fn speaker(route: &str) -> &'static str {
    match route {
        "device-inventory" | "list-tenants" | "central elsewhere" => "central",
        _ if route.starts_with("central.") => "central",
        "classic sign-in" | "classic code" | "classic token" => "classic issuer",
        _ if route.starts_with("classic") => "classic",
        "issuer elsewhere" => "issuer",
        _ if route.starts_with("sso.") || route.starts_with("issuer.") => "issuer",
        _ => "glp",
    }
}

impl Client {
    pub(super) fn check(&self, ask: &Ask, answer: &Answer) {
        let dialects = self.in_force();
        let route = route(ask.host.as_deref(), &ask.path, &dialects);
        let case = format!("{} {} ({route}): {answer:#?}", ask.method, ask.path);
        let now = self.place.now();
        let dates: Vec<_> = answer.headers.get_all(DATE).iter().collect();
        assert_eq!(dates, [&http_date(now)], "the date is that of the virtual clock: {case}");
        self.check_body(ask, answer, answers::of(route, answer.status, &dialects), &case);
        check_challenge(ask, answer, speaker(route), &dialects, &case);
        check_rates(answer, speaker(route), &dialects, now, &case);
        self.check_secrets(ask, answer, &case);
    }

    fn check_body(&self, ask: &Ask, answer: &Answer, allowed: Vec<&str>, case: &str) {
        assert!(!allowed.is_empty(), "no answer that the tables know: {case}");
        let content_type = answer.header(CONTENT_TYPE.as_str()).unwrap_or_default();
        if answer.status == 204 {
            assert_eq!((allowed, content_type, answer.body.as_str()), (vec!["nothing"], "", ""), "{case}");
            return;
        }
        if ask.method == "HEAD" {
            assert_eq!((content_type, answer.body.as_str()), ("application/json", ""), "{case}");
            return;
        }
        if content_type == "text/html" {
            assert!(allowed.contains(&"html"), "no page of the edge is due: {case}");
            assert!(answer.body.starts_with("<!DOCTYPE HTML"), "{case}");
            return;
        }
        assert_eq!(content_type, "application/json", "{case}");
        let body = answer.json();
        // A form says whether a mint or an exchange was asked for.
        let exchange =
            String::from_utf8_lossy(ask.body.as_deref().unwrap_or_default()).contains("token-exchange");
        let candidates: Vec<_> = allowed
            .into_iter()
            .filter(|schema| match *schema {
                "html" => false,
                "token" => !exchange,
                "tenant-token" => exchange,
                "devices" | "subscriptions" | "software-catalogs" | "audit-log" | "audit-log-v2beta1" => {
                    !ask.path.contains("select=")
                }
                selected if selected.ends_with("-selected") => ask.path.contains("select="),
                _ => true,
            })
            .collect();
        let faults: Vec<_> =
            candidates.iter().map(|schema| (schema, schema::faults(schema, &body))).collect();
        assert!(faults.iter().any(|(_, faults)| faults.is_empty()), "{faults:#?} in {case}");
        if let Some(status) = body.get("httpStatusCode") {
            // Two 403 of the credentials API say 401 (glp.md §10 row 28).
            let odd = (status, answer.status) == (&401.into(), 403)
                && self.in_force()["credentials_quirks"] == "as_documented"
                && ask.method == "POST"
                && ask.path.starts_with("/workspaces/v1/credentials");
            assert!(odd || *status == answer.status, "{case}");
        }
        if let Some(count) = body.get("count") {
            assert_eq!(
                Some(count),
                body["items"].as_array().map(|items| items.len().into()).as_ref(),
                "{case}"
            );
        }
    }

    /// Tokens and client secrets are in no answer, but for the token or secret that it hands out.
    fn check_secrets(&self, ask: &Ask, answer: &Answer, case: &str) {
        let mut secrets = self.secrets.lock().unwrap();
        let sent = ask.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        let sent =
            sent.filter_map(|(_, value)| value.split_once(' ')).map(|(_, value)| value.trim().to_owned());
        secrets.extend(sent.filter(|value| value.len() > 8));
        let shown =
            answer.headers.iter().map(|(_, value)| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let shown: Vec<_> = shown.chain([answer.body.clone()]).collect();
        for secret in secrets.iter() {
            assert!(!shown.iter().any(|text| text.contains(secret)), "a secret is shown: {case}");
        }
        let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        let given = ["access_token", "refresh_token", "auth_code", "clientSecret"];
        let given = given.into_iter().filter_map(|name| body.get(name)?.as_str());
        secrets.extend(given.map(str::to_owned));
    }
}

/// `now` as RFC 9110 §5.6.7 writes it.
fn http_date(now: Timestamp) -> String {
    now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Dialect `www_authenticate`: GLP and token endpoints challenge, Central does not.
fn check_challenge(
    ask: &Ask,
    answer: &Answer,
    speaker: &str,
    dialects: &BTreeMap<String, String>,
    case: &str,
) {
    let on = match dialects["www_authenticate"].as_str() {
        "by_family" => speaker != "central",
        setting => setting == "on",
    };
    let presented: Vec<_> =
        ask.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(AUTHORIZATION.as_str())).collect();
    let bearer = matches!(presented[..], [(_, value)] if value.to_ascii_lowercase().starts_with("bearer "));
    let expected = match speaker {
        _ if answer.status != 401 || !on => None,
        // Those of Kong.
        "classic issuer" => None,
        "classic" if bearer => Some(
            "Bearer realm=\"service\" error=\"invalid_token\" \
             error_description=\"The access token is invalid or has expired\"",
        ),
        "classic" => Some("Bearer realm=\"service\""),
        // A token endpoint wants Basic, but where the dialect lets the gateway answer for it.
        "issuer" if !answer.body.contains("\"errorCode\"") => Some("Basic realm=\"greenlake\""),
        "issuer" => Some("Bearer error=\"invalid_token\""),
        // RFC 6750 §3.1: no error code where no bearer was presented.
        _ if bearer => Some("Bearer error=\"invalid_token\""),
        _ => Some("Bearer"),
    };
    assert_eq!(answer.header(WWW_AUTHENTICATE.as_str()), expected, "{case}");
}

/// Dialects `rate_headers` and `central_rate_reset`: on every resource answer, and nowhere else. With
/// limits in force (dialect `rate_limits`) the numbers are those of the tests of dialects.
fn check_rates(
    answer: &Answer,
    speaker: &str,
    dialects: &BTreeMap<String, String>,
    now: Timestamp,
    case: &str,
) {
    let spelling = match (dialects["rate_headers"].as_str(), speaker) {
        ("none", _) | (_, "issuer" | "classic" | "classic issuer") => None,
        // The edge in front of the services does not count.
        _ if answer.header("content-type") == Some("text/html") => None,
        ("by_family", "central") | ("x_ratelimit", _) => Some("x-ratelimit"),
        _ => Some("ratelimit"),
    };
    let signs_in_too_often = answer.status == 429 && dialects["classic_sign_in_limit"] != "none";
    if dialects["rate_limits"] != "off" || signs_in_too_often {
        return;
    }
    let of_classic = ["limit-day", "remaining-day", "limit-second", "remaining-second"];
    let of_classic = of_classic.map(|part| answer.header(&format!("x-ratelimit-{part}")));
    let expected = match (speaker, dialects["rate_headers"].as_str()) {
        ("classic", "none") => [None; 4],
        ("classic", _) => [Some("5000"), Some("4999"), Some("7"), Some("6")],
        _ => [None; 4],
    };
    assert_eq!(of_classic, expected, "{case}");
    let window = if speaker == "central" { 3_600 } else { 60 };
    let left = window - now.as_second() % window;
    let reset = match (spelling, dialects["central_rate_reset"].as_str()) {
        (Some("x-ratelimit"), "rfc3339") => {
            Timestamp::from_second(now.as_second() + left).unwrap().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
        }
        _ => left.to_string(),
    };
    for family in ["ratelimit", "x-ratelimit"] {
        let shown = ["limit", "remaining", "reset"].map(|part| answer.header(&format!("{family}-{part}")));
        let expected = match spelling {
            Some(spelling) if spelling == family => [Some("1000"), Some("999"), Some(reset.as_str())],
            _ => [None; 3],
        };
        assert_eq!(shown, expected, "{case}");
    }
}
