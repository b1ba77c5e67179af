//! Dialects of HPE GreenLake Platform.

use serde_json::json;

use super::{Case, check};
use crate::client::{Answer, Ask, Client};

const DEVICES: &str = "/devices/v1/devices?limit=1";
const TENANTS: &str = "/workspaces/v1/msp-tenants";
const CREDENTIALS: &str = "/workspaces/v1/credentials";
const AUDIT: &str = "/audit-log/v1/logs";

pub(super) const CASES: &[Case] = &[
    (
        "glp_auth_error",
        &[
            ("gateway", "401 HPE_GL_ERROR_FORBIDDEN"),
            ("service", "401 HPE_GL_ERROR_UNAUTHORIZED"),
            ("expired_not_401", "403 HPE_GL_ERROR_FORBIDDEN"),
        ],
    ),
    ("quoted_truth", &[("reject", "400 HPE_GL_ERROR_BAD_REQUEST"), ("accept", "200 ok")]),
    (
        "wrong_workspace_token",
        &[
            ("forbidden_403", "403 HPE_GL_ERROR_FORBIDDEN"),
            ("unauthorized_401", "401 HPE_GL_ERROR_FORBIDDEN"),
        ],
    ),
    (
        "non_msp_credentials_filter",
        &[("bad_request_400", "400 HPE_GL_WORKSPACES_TENANT_NONEXISTANT"), ("ignore", "200 ok")],
    ),
    // Deleting a credential that is not there.
    (
        "credentials_quirks",
        &[
            ("as_documented", "404 HPE_GL_WORKSPACES_UNABLE_RETRIEVE_CREDENTIALS"),
            ("clean", "404 HPE_GL_ERROR_NOT_FOUND"),
        ],
    ),
    (
        "eighth_credential",
        &[
            ("400", "400 HPE_GL_WORKSPACES_UNABLE_CREATE_CREDENTIALS"),
            ("409", "409 HPE_GL_WORKSPACES_UNABLE_CREATE_CREDENTIALS"),
            ("422", "422 HPE_GL_WORKSPACES_UNABLE_CREATE_CREDENTIALS"),
        ],
    ),
    // The first tenant of the second page, or behind the first tenant.
    ("offset_unit", &[("items", "Tenant ABC"), ("pages", "Customer-Owned Ltd")]),
    (
        "tenant_name_taken",
        &[("412", "412 HPE_GL_ERROR_PRECONDITION_FAILED"), ("409", "409 HPE_GL_ERROR_CONFLICT")],
    ),
    ("tenant_with_devices", &[("412", "412 HPE_GL_ERROR_PRECONDITION_FAILED"), ("delete", "204 ok")]),
    ("export_compliance", &[("refuse", "451 HPE_GL_ERROR_UNAVAILABLE_FOR_LEGAL_REASONS"), ("off", "201 ok")]),
    // How many of the 61 lines of an audit log there are on its first page.
    ("audit_v1_default_limit", &[("50", "50"), ("2000", "61")]),
    // A sign-in, a read, and a tenant that was made.
    ("audit", &[("all", "3"), ("mutations", "1")]),
];

#[tokio::test]
async fn dialects_of_glp() {
    check(CASES, observe).await;
}

async fn observe(client: &Client, row: &str) -> String {
    let msp = client.mint("msp").await;
    match row {
        "glp_auth_error" => {
            client.advance("15m");
            client.get(&msp, DEVICES).await.verdict()
        }
        "quoted_truth" => client.get(&msp, &format!("{DEVICES}&filter=isFlex%20eq%20'true'")).await.verdict(),
        "wrong_workspace_token" => {
            let path = format!("/workspaces/v1/workspaces/{}", client.workspace("standard"));
            client.get(&msp, &path).await.verdict()
        }
        "non_msp_credentials_filter" => {
            let token = client.mint("standard").await;
            let filter = format!("tenantId eq '{}'", client.workspace("abc"));
            client.list(&token, CREDENTIALS, &[("filter", &filter)]).await.verdict()
        }
        "credentials_quirks" => {
            let path = format!("{CREDENTIALS}/{}", client.workspace("abc"));
            client.send(Ask::new("DELETE", &path).bearer(&msp)).await.verdict()
        }
        "eighth_credential" => {
            let had = client.get(&msp, CREDENTIALS).await.json()["count"].as_u64().expect("a count");
            for number in had..7 {
                create(client, CREDENTIALS, &msp, &json!({"credentialName": format!("no. {number}")}))
                    .await
                    .ended_with(201);
            }
            create(client, CREDENTIALS, &msp, &json!({"credentialName": "the eighth"})).await.verdict()
        }
        "offset_unit" => {
            let page = client.list(&msp, TENANTS, &[("limit", "2"), ("offset", "1")]).await.ended_with(200);
            page.column("workspaceName").remove(0)
        }
        "tenant_name_taken" => create_tenant(client, &msp, "Tenant ABC", "US").await.verdict(),
        "tenant_with_devices" => {
            let path = format!("{TENANTS}/{}", client.workspace("zurich"));
            client.send(Ask::new("DELETE", &path).bearer(&msp)).await.verdict()
        }
        "export_compliance" => create_tenant(client, &msp, "Far Away", "KP").await.verdict(),
        "audit_v1_default_limit" => {
            for _ in 0..60 {
                client.get(&msp, TENANTS).await.ended_with(200);
            }
            client.get(&msp, AUDIT).await.json()["count"].to_string()
        }
        "audit" => {
            client.get(&msp, TENANTS).await.ended_with(200);
            create_tenant(client, &msp, "New One", "US").await.ended_with(201);
            client.get(&msp, AUDIT).await.json()["total"].to_string()
        }
        other => panic!("dialect {other} needs an observation"),
    }
}

async fn create(client: &Client, path: &str, token: &str, body: &serde_json::Value) -> Answer {
    let ask = Ask::new("POST", path).bearer(token).header("content-type", "application/json");
    client.send(ask.body(body.to_string())).await
}

async fn create_tenant(client: &Client, token: &str, name: &str, country: &str) -> Answer {
    let body = json!({"workspaceName": name, "address": {"countryCode": country}});
    create(client, TENANTS, token, &body).await
}
