//! Dialects of HPE GreenLake Platform.

use greenroom_emulator::Remote;
use serde_json::json;

use super::{Case, check};
use crate::client::{Answer, Ask, Client};

const DEVICES: &str = "/devices/v1/devices?limit=1";
const DEVICES_V1: &str = "/devices/v1/devices";
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";
const TENANTS: &str = "/workspaces/v1/msp-tenants";
const CREDENTIALS: &str = "/workspaces/v1/credentials";
const USERS: &str = "/identity/v1/users";
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
    (
        "unknown_user",
        &[
            ("412", "412 HPE_GL_ERROR_PRECONDITION_FAILED"),
            ("400", "400 HPE_GL_ERROR_BAD_REQUEST"),
            ("404", "404 HPE_GL_ERROR_NOT_FOUND"),
            ("422", "422 HPE_GL_ERROR_UNPROCESSABLE_ENTITY"),
        ],
    ),
    // Who is listed besides the one who asks.
    ("user_removal", &[("gone", "[]"), ("staged", "[\"DELETE_IN_PROGRESS\"]")]),
    // How many of the 61 lines of an audit log there are on its first page.
    ("audit_v1_default_limit", &[("50", "50"), ("2000", "61")]),
    // How an operation stands after it was accepted, at its second poll, and 2 seconds and 2 minutes after its start.
    (
        "async_pace",
        &[
            ("time_or_polls", "RUNNING SUCCEEDED SUCCEEDED SUCCEEDED"),
            ("time", "RUNNING RUNNING SUCCEEDED SUCCEEDED"),
            ("polls", "RUNNING SUCCEEDED RUNNING TIMEOUT"),
            ("now", "SUCCEEDED SUCCEEDED SUCCEEDED SUCCEEDED"),
            ("never", "RUNNING RUNNING RUNNING TIMEOUT"),
        ],
    ),
    ("async_timeout_name", &[("TIMEOUT", "TIMEOUT"), ("TIMEDOUT", "TIMEDOUT")]),
    // A device that is there and one that is not, tagged: how many tags there are then.
    ("async_batch", &[("partial", "FAILED 50 1"), ("nothing", "FAILED 0 0")]),
    ("handover_of_assigned", &[("unassign", "SUCCEEDED"), ("fail", "FAILED")]),
    ("network_device_serial", &[("required", "400 HPE_GL_ERROR_BAD_REQUEST"), ("optional", "202 ok")]),
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
        "unknown_user" => {
            client.get(&msp, &format!("/identity/v1/users/{}", client.workspace("abc"))).await.verdict()
        }
        "user_removal" => {
            let body = json!({"email": "guest@example.com"});
            let path =
                create(client, USERS, &msp, &body).await.header("location").expect("a path").to_owned();
            client.send(Ask::new("DELETE", &path).bearer(&msp)).await.ended_with(204);
            format!("{:?}", &client.get(&msp, USERS).await.column("userStatus")[1..])
        }
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
        "async_pace" => {
            let polled = accept(client, &msp, "POST", DEVICES_V1, &added("NEW1")).await;
            let first = status(client, &msp, &polled).await;
            let second = status(client, &msp, &polled).await;
            let timed = accept(client, &msp, "POST", DEVICES_V1, &added("NEW2")).await;
            client.advance("2s");
            let soon = status(client, &msp, &timed).await;
            let left = accept(client, &msp, "POST", DEVICES_V1, &added("NEW3")).await;
            client.advance("2m");
            format!("{first} {second} {soon} {}", status(client, &msp, &left).await)
        }
        "async_timeout_name" => {
            let setting = ["async_pace=never".to_owned()];
            Remote::new(client.url(), None).unwrap().set_dialect(&setting).await.unwrap();
            let late = accept(client, &msp, "POST", DEVICES_V1, &added("NEW1")).await;
            client.advance("2m");
            status(client, &msp, &late).await
        }
        "async_batch" => {
            let device = client.get(&msp, DEVICES).await.column("id").remove(0);
            let path = format!("/devices/v2beta1/devices?id={device}&id={NOBODY}");
            let tag = json!({"tags": {"rack": "7"}});
            let accepted = accept(client, &msp, "PATCH", &path, &tag).await;
            client.advance("2s");
            let ended = client.get(&msp, &accepted).await.ended_with(200).json();
            let path = format!("/devices/v1/devices/{device}");
            let tags = client.get(&msp, &path).await.json()["tags"].as_object().unwrap().len();
            format!("{} {} {tags}", ended["status"].as_str().unwrap(), ended["progressPercent"])
        }
        "handover_of_assigned" => {
            let device = client.get(&msp, DEVICES).await.column("id").remove(0);
            let path = format!("{DEVICES_V1}?id={device}");
            let body = json!({"tenantPlatformCustomerId": client.workspace("abc")});
            let accepted = accept(client, &msp, "PATCH", &path, &body).await;
            client.advance("2s");
            status(client, &msp, &accepted).await
        }
        "network_device_serial" => {
            let network = [json!({"macAddress": "02:FF:00:00:00:01"})];
            let body = json!({"network": network, "compute": [], "storage": []});
            create(client, DEVICES_V1, &msp, &body).await.verdict()
        }
        other => panic!("dialect {other} needs an observation"),
    }
}

async fn create(client: &Client, path: &str, token: &str, body: &serde_json::Value) -> Answer {
    let ask = Ask::new("POST", path).bearer(token).header("content-type", "application/json");
    client.send(ask.body(body.to_string())).await
}

/// A device to be added.
fn added(serial: &str) -> serde_json::Value {
    let mac = format!("02:FF:00:00:00:0{}", &serial[3..]);
    json!({"network": [{"serialNumber": serial, "macAddress": mac}], "compute": [], "storage": []})
}

/// Where to ask about what was accepted.
async fn accept(client: &Client, token: &str, method: &str, path: &str, body: &serde_json::Value) -> String {
    let ask = Ask::new(method, path).bearer(token).body(body.to_string());
    client.send(ask).await.ended_with(202).header("location").unwrap().to_owned()
}

async fn status(client: &Client, token: &str, operation: &str) -> String {
    let shown = client.get(token, operation).await.ended_with(200).json();
    shown["status"].as_str().unwrap().to_owned()
}

async fn create_tenant(client: &Client, token: &str, name: &str, country: &str) -> Answer {
    let body = json!({"workspaceName": name, "address": {"countryCode": country}});
    create(client, TENANTS, token, &body).await
}
