//! Dialects of the token endpoints, and of what becomes of their tokens.

use serde_json::Value;

use super::{Case, check};
use crate::client::{Ask, Client};

const DEVICES: &str = "/devices/v1/devices?limit=1";
/// The issuer of a workspace that is not there.
pub(crate) const OF_NOBODY: &str = "/authorization/v2/oauth2/ffffffffffffffffffffffffffffffff/token";

pub(super) const CASES: &[Case] = &[
    (
        "exchange_expired",
        &[
            ("live", "401 unauthorized_request"),
            ("rfc8693", "400 invalid_request"),
            ("invalid_client", "401 invalid_client"),
            ("token_expired", "400 token_expired"),
            ("invalid_grant", "400 invalid_grant"),
            ("gateway_401", "401 HPE_GL_ERROR_FORBIDDEN"),
            ("html_403", "403 html"),
        ],
    ),
    (
        "exchange_garbage_subject",
        &[("invalid_request", "400 invalid_request"), ("gateway_401", "401 HPE_GL_ERROR_FORBIDDEN")],
    ),
    (
        "exchange_foreign_tenant",
        &[
            ("unauthorized_request", "403 unauthorized_request"),
            ("invalid_target", "400 invalid_target"),
            ("html_403", "403 html"),
        ],
    ),
    ("exchange_sso_subject", &[("invalid_request", "400 invalid_request"), ("allow", "200 ok")]),
    (
        "exchange_own_workspace",
        &[
            ("unauthorized_request", "403 unauthorized_request"),
            ("allow", "200 ok"),
            ("invalid_target", "400 invalid_target"),
        ],
    ),
    (
        "exchange_on_dedicated_platform",
        &[("unsupported_grant_type", "400 unsupported_grant_type"), ("html_403", "403 html")],
    ),
    // Without client authentication, and with it.
    (
        "exchange_client_auth",
        &[
            ("optional", "200 ok, 200 ok"),
            ("required", "401 invalid_client, 200 ok"),
            ("forbidden", "200 ok, 401 invalid_client"),
        ],
    ),
    ("issuer_hyphens", &[("accept", "200 ok"), ("reject", "400 invalid_request")]),
    (
        "issuer_unknown_workspace",
        &[
            ("html_403", "403 html"),
            ("envelope_404", "404 HPE_GL_ERROR_NOT_FOUND"),
            ("invalid_client", "401 invalid_client"),
        ],
    ),
    (
        "client_of_other_workspace",
        &[("unauthorized_request", "401 unauthorized_request"), ("invalid_client", "401 invalid_client")],
    ),
    ("client_auth_twice", &[("accept_if_equal", "200 ok"), ("reject", "400 invalid_request")]),
    ("tenant_life", &[("own", "899"), ("capped", "299")]),
    (
        "expires_in_shape",
        &[
            ("life_minus_1", "899"),
            ("life", "900"),
            ("string", r#""899""#),
            ("absent", "absent"),
            ("null", "null"),
        ],
    ),
    // Of an MSP token, and of the tenant token that it is exchanged for.
    (
        "token_shape",
        &[
            ("jwt", "3 parts, 200 ok; 3 parts, 200 ok"),
            ("opaque", "1 parts, 200 ok; 1 parts, 200 ok"),
            ("padded", "3 parts of 8 KiB, 200 ok; 3 parts of 8 KiB, 200 ok"),
        ],
    ),
    ("scope_shape", &[("omit", "absent"), ("string", r#""hpe-tenant""#), ("array", r#"["hpe-tenant"]"#)]),
    // An older token, and the tenant token that came from it.
    (
        "rotate_on_issue",
        &[
            ("off", "200 ok, 200 ok"),
            ("newest_only", "401 HPE_GL_ERROR_FORBIDDEN, 200 ok"),
            ("newest_and_children", "401 HPE_GL_ERROR_FORBIDDEN, 401 HPE_GL_ERROR_FORBIDDEN"),
        ],
    ),
    ("tokens_after_reset_or_delete", &[("revoked", "401 HPE_GL_ERROR_FORBIDDEN"), ("until_exp", "200 ok")]),
];

#[tokio::test]
async fn dialects_of_the_issuers() {
    check(CASES, observe).await;
}

async fn observe(client: &Client, row: &str) -> String {
    match row {
        "tenant_life" => {
            let (_, ask) = stimulus(client, row).await.remove(0);
            client.send(ask).await.json()["expires_in"].to_string()
        }
        "expires_in_shape" => member(client, "expires_in").await,
        "scope_shape" => member(client, "scope").await,
        "token_shape" => {
            let msp = client.mint("msp").await;
            let tenant = client.exchange(&msp, "abc").await;
            let mut seen = Vec::new();
            for token in [msp, tenant] {
                let parts = token.split('.').count();
                let long = if (8_000..9_500).contains(&token.len()) { " of 8 KiB" } else { "" };
                seen.push(format!("{parts} parts{long}, {}", client.get(&token, DEVICES).await.verdict()));
            }
            seen.join("; ")
        }
        "rotate_on_issue" => {
            let old = client.mint("msp").await;
            let tenant = client.exchange(&old, "abc").await;
            client.mint("msp").await;
            let [old, tenant] = [client.get(&old, DEVICES).await, client.get(&tenant, DEVICES).await];
            format!("{}, {}", old.verdict(), tenant.verdict())
        }
        "tokens_after_reset_or_delete" => {
            let token = client.mint("msp").await;
            let reset = format!("/workspaces/v1/credentials/{}/reset", client.credentials("msp").0);
            client.send(Ask::new("POST", &reset).bearer(&token)).await.ended_with(200);
            client.get(&token, DEVICES).await.verdict()
        }
        _ => {
            let mut seen = Vec::new();
            for (_, ask) in stimulus(client, row).await {
                seen.push(client.send(ask).await.verdict());
            }
            seen.join(", ")
        }
    }
}

/// A member of a token answer, as JSON.
async fn member(client: &Client, name: &str) -> String {
    let answer = client.send(client.mint_ask("msp", &client.issuer("msp"))).await.ended_with(200);
    answer.json().get(name).map_or_else(|| "absent".to_owned(), Value::to_string)
}

/// Dialects that one or two requests at a token endpoint show: their answers are snapshots too.
pub(crate) const AT_TOKEN_ENDPOINTS: &[&str] = &[
    "exchange_expired",
    "exchange_garbage_subject",
    "exchange_foreign_tenant",
    "exchange_sso_subject",
    "exchange_own_workspace",
    "exchange_client_auth",
    "exchange_on_dedicated_platform",
    "tenant_life",
    "issuer_hyphens",
    "issuer_unknown_workspace",
    "client_of_other_workspace",
    "client_auth_twice",
];

/// The requests that such a dialect decides about.
pub(crate) async fn stimulus(client: &Client, row: &str) -> Vec<(&'static str, Ask)> {
    let msp = client.mint("msp").await;
    let (id, secret) = client.credentials("msp");
    let plain = client.issuer("msp");
    vec![match row {
        "exchange_expired" => {
            client.advance("15m");
            ("", client.exchange_ask(&msp, "abc"))
        }
        "exchange_garbage_subject" => ("", client.exchange_ask("not-a-token-at-all", "abc")),
        "exchange_foreign_tenant" => ("", client.exchange_ask(&msp, "standard")),
        "exchange_sso_subject" => ("", client.exchange_ask(&client.mint_sso("msp").await, "abc")),
        "exchange_own_workspace" => ("", client.exchange_ask(&msp, "msp")),
        "exchange_on_dedicated_platform" => ("", client.exchange_ask(&msp, "dedicated")),
        "exchange_client_auth" => {
            let anonymous = client.exchange_ask(&msp, "abc");
            return vec![("-none", anonymous.clone()), ("-basic", anonymous.basic(id, secret))];
        }
        "client_auth_twice" => {
            let form = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
            ("", Ask::form(&plain, &form).basic(id, secret))
        }
        "client_of_other_workspace" => ("", client.mint_ask("standard", &plain)),
        "issuer_hyphens" => {
            let path = format!("/authorization/v2/oauth2/{}/token", client.workspace("msp"));
            ("", client.mint_ask("msp", &path))
        }
        "issuer_unknown_workspace" => ("", client.mint_ask("msp", OF_NOBODY)),
        "tenant_life" => {
            client.advance("10m");
            ("", client.exchange_ask(&msp, "abc"))
        }
        other => panic!("dialect {other} needs a stimulus"),
    }]
}
