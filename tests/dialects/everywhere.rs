//! Dialects of all services: who is let in, which parameters are taken, how calls are counted.

use super::{Case, check};
use crate::client::{Answer, Ask, Client};

const DEVICES: &str = "/devices/v1/devices?limit=1";
const INVENTORY: &str = "/network-monitoring/v1/device-inventory?limit=1";
const NO_DEVICE: &str = "/devices/v1/devices/00000000-0000-4000-8000-000000000000";

pub(super) const CASES: &[Case] = &[
    // GLP, Central, and a token endpoint, once the user was removed.
    (
        "shut_out_user",
        &[
            ("forbidden_403", "403 HPE_AUTHZ_BLOCKED_USER, 403 HPE_GL_ERROR_FORBIDDEN, 401 invalid_client"),
            (
                "unauthorized_401",
                "401 HPE_GL_ERROR_FORBIDDEN, 401 HPE_GL_NETWORKING_ERROR_UNAUTHORIZED, 401 invalid_client",
            ),
        ],
    ),
    // Ten seconds after exp.
    ("clock_skew", &[("0s", "401 HPE_GL_ERROR_FORBIDDEN"), ("30s", "200 ok")]),
    // A 401 of GLP, of Central, of a token endpoint.
    (
        "www_authenticate",
        &[
            ("by_family", "Bearer, absent, Basic realm=\"greenlake\""),
            ("on", "Bearer, Bearer, Basic realm=\"greenlake\""),
            ("off", "absent, absent, absent"),
        ],
    ),
    // A client of Central at its workspace's issuer, and its SSO token at GLP.
    (
        "mixed_services",
        &[("strict", "401 unauthorized_request, 401 HPE_GL_ERROR_FORBIDDEN"), ("lenient", "200 ok, 200 ok")],
    ),
    // GLP, Central.
    (
        "unknown_query",
        &[
            ("by_family", "200 ok, 400 HPE_GL_NETWORKING_ERROR_INVALID_QUERY_PARAMETER"),
            ("reject", "400 HPE_GL_ERROR_BAD_REQUEST, 400 HPE_GL_NETWORKING_ERROR_INVALID_QUERY_PARAMETER"),
            ("ignore", "200 ok, 200 ok"),
        ],
    ),
    (
        "limit_over_max",
        &[
            ("reject", "400 HPE_GL_ERROR_BAD_REQUEST, 400 HPE_GL_NETWORK_MONITORING_INVALID_INPUT"),
            ("clamp", "200 ok, 200 ok"),
        ],
    ),
    (
        "page_past_end",
        &[
            ("empty", "200 ok, 200 ok"),
            ("400", "400 HPE_GL_ERROR_BAD_REQUEST, 400 HPE_GL_NETWORK_MONITORING_INVALID_INPUT"),
        ],
    ),
    // How many calls of one route there may be in a minute.
    ("rate_limits", &[("off", "any number"), ("documented", "40"), ("custom:3/1m", "3")]),
    (
        "rate_headers",
        &[
            ("by_family", "ratelimit, x-ratelimit"),
            ("ratelimit", "ratelimit, ratelimit"),
            ("x_ratelimit", "x-ratelimit, x-ratelimit"),
            ("none", "absent, absent"),
        ],
    ),
    (
        "retry_after",
        &[
            ("documented", "absent, absent, alerts 40"),
            ("on", "40, 40, alerts 40"),
            ("off", "absent, absent, alerts absent"),
            (
                "date",
                "Thu, 01 Jan 2026 00:01:00 GMT, Thu, 01 Jan 2026 00:01:00 GMT, alerts Thu, 01 Jan 2026 00:01:00 GMT",
            ),
        ],
    ),
    // An operator and a connective, in GLP and in Central.
    (
        "operator_case",
        &[
            ("any", "200 ok, 200 ok"),
            ("lower", "400 HPE_GL_ERROR_BAD_REQUEST, 400 HPE_GL_NETWORK_MONITORING_INVALID_INPUT"),
        ],
    ),
    // A client that speaks both.
    ("http_versions", &[("both", "HTTP/2.0"), ("http1", "HTTP/1.1")]),
    (
        "edge_errors",
        &[
            (
                "json",
                "404 HPE_GL_ERROR_NOT_FOUND, 404 HPE_GL_ERROR_NOT_FOUND, 404 invalid_request, \
                 403 HPE_GL_ERROR_FORBIDDEN",
            ),
            ("html", "404 html, 404 html, 404 html, 403 html"),
        ],
    ),
];

#[tokio::test]
async fn dialects_of_all_services() {
    check(CASES, observe).await;
}

async fn observe(client: &Client, row: &str) -> String {
    let of_each = async |token: &str, glp: &str, central: &str, show: fn(&Answer) -> String| {
        let [glp, central] = [client.get(token, glp).await, client.get(token, central).await];
        format!("{}, {}", show(&glp), show(&central))
    };
    match row {
        "shut_out_user" => {
            let msp = client.mint("msp").await;
            let own = client.get(&msp, "/identity/v1/users").await.column("id").remove(0);
            let remove = Ask::new("DELETE", &format!("/identity/v1/users/{own}")).bearer(&msp);
            client.send(remove).await.ended_with(204);
            let minted = client.send(client.mint_ask("msp", &client.issuer("msp"))).await;
            let answers = [client.get(&msp, DEVICES).await, client.get(&msp, INVENTORY).await, minted];
            answers.map(|answer| answer.verdict()).join(", ")
        }
        "clock_skew" => {
            let token = client.mint("msp").await;
            client.advance("15m 10s");
            client.get(&token, DEVICES).await.verdict()
        }
        "www_authenticate" => {
            let mint = Ask::form("/as/token.oauth2", &[("grant_type", "client_credentials")]);
            let mut seen = Vec::new();
            for ask in [Ask::get(DEVICES), Ask::get(INVENTORY), mint] {
                seen.push(header(&client.send(ask).await.ended_with(401), "www-authenticate"));
            }
            seen.join(", ")
        }
        "mixed_services" => {
            let minted = client.send(client.mint_ask("msp-central", &client.issuer("msp"))).await;
            let token = client.mint_sso("msp-central").await;
            format!("{}, {}", minted.verdict(), client.get(&token, DEVICES).await.verdict())
        }
        "unknown_query" => {
            let token = client.mint("msp").await;
            let [glp, central] = [DEVICES, INVENTORY].map(|path| format!("{path}&colour=red"));
            of_each(&token, &glp, &central, Answer::verdict).await
        }
        "limit_over_max" => {
            let token = client.mint("msp").await;
            let [glp, central] = [DEVICES, INVENTORY].map(|path| path.replace("limit=1", "limit=9000"));
            of_each(&token, &glp, &central, Answer::verdict).await
        }
        "page_past_end" => {
            let token = client.mint("msp").await;
            let (glp, central) = (format!("{DEVICES}&offset=9000"), format!("{INVENTORY}&next=9000"));
            of_each(&token, &glp, &central, Answer::verdict).await
        }
        "rate_limits" => {
            let token = client.mint("msp").await;
            for number in 0..45 {
                if client.get(&token, NO_DEVICE).await.status == 429 {
                    return number.to_string();
                }
            }
            "any number".to_owned()
        }
        "rate_headers" => {
            let token = client.mint("msp").await;
            of_each(&token, DEVICES, INVENTORY, |answer| {
                let shown = |family: &&&str| answer.header(&format!("{family}-limit")).is_some();
                ["ratelimit", "x-ratelimit"].iter().find(shown).map_or("absent", |family| family).to_owned()
            })
            .await
        }
        "retry_after" => {
            client.dialect(&["rate_limits=custom:1/1m"]);
            let token = client.mint("msp").await;
            client.advance("20s");
            of_each(&token, DEVICES, INVENTORY, Answer::verdict).await;
            let told = |answer: &Answer| header(answer, "retry-after");
            let alerts = client.get(&token, "/network-notifications/v1/alerts").await.ended_with(429);
            format!("{}, alerts {}", of_each(&token, DEVICES, INVENTORY, told).await, told(&alerts))
        }
        "operator_case" => {
            let token = client.mint("msp").await;
            let filter = "&filter=model%20EQ%20'x'%20AND%20serialNumber%20IN%20('y')";
            let [glp, central] = [DEVICES, INVENTORY].map(|path| format!("{path}{filter}"));
            of_each(&token, &glp, &central, Answer::verdict).await
        }
        "http_versions" => format!("{:?}", client.agreed_version().await),
        "edge_errors" => {
            let token = client.mint("msp").await;
            let issuer = client.send(Ask::get("/as/nothing")).await.verdict();
            let services = of_each(&token, "/devices/v1/nothing", "/network-msp/v1/nothing", Answer::verdict);
            let patch = client.send(merge_patch(&token)).await.verdict();
            format!("{}, {issuer}, {patch}", services.await)
        }
        other => panic!("dialect {other} needs an observation"),
    }
}

/// A PATCH of notes as its type should not be.
pub(super) fn merge_patch(token: &str) -> Ask {
    let ask = Ask::new("PATCH", "/network-monitoring/v1/devices/CN0000000A").bearer(token);
    ask.header("content-type", "application/merge-patch+json").body(r#"{"notes": "x"}"#.to_owned())
}

fn header(answer: &Answer, name: &str) -> String {
    answer.header(name).unwrap_or("absent").to_owned()
}
