//! Dialects of New Central.

use serde_json::Value;

use super::{Case, check, everywhere::merge_patch};
use crate::client::{APIGW, Ask, CENTRAL, Client};

const INVENTORY: &str = "/network-monitoring/v1/device-inventory";
const ON_BOARD: &str = "/network-monitoring/v1/devices";
const LIST_TENANTS: &str = "/network-msp/v1/list-tenants?limit=10&next=1";

pub(super) const CASES: &[Case] = &[
    (
        "central_auth_error",
        &[
            ("live", "401 HPE_GL_NETWORKING_ERROR_UNAUTHORIZED"),
            ("documented", "401 HPE_GL_ERROR_UNAUTHORIZED"),
        ],
    ),
    ("wrong_cluster", &[("live_401", "401 HPE_GL_NETWORKING_ERROR_UNAUTHORIZED"), ("accept", "200 ok")]),
    // A tenant token, a standard workspace.
    (
        "list_tenants_from_tenant_token",
        &[
            ("forbidden_403", "403 HPE_GL_ERROR_FORBIDDEN, 403 HPE_GL_ERROR_FORBIDDEN"),
            ("empty", "200 ok, 403 HPE_GL_ERROR_FORBIDDEN"),
        ],
    ),
    (
        "list_tenants_from_standard",
        &[
            ("forbidden_403", "403 HPE_GL_ERROR_FORBIDDEN, 403 HPE_GL_ERROR_FORBIDDEN"),
            ("empty", "403 HPE_GL_ERROR_FORBIDDEN, 200 ok"),
        ],
    ),
    ("unquoted_literal", &[("accept", "200 ok"), ("reject", "400 HPE_GL_NETWORK_MONITORING_INVALID_INPUT")]),
    ("central_rate_reset", &[("rfc3339", "2026-01-01T01:00:00Z"), ("seconds", "3600")]),
    // Digits: 13 are milliseconds, 10 seconds.
    ("created_time_unit", &[("milliseconds", "13"), ("seconds", "10")]),
    ("is_provisioned", &[("Yes", "No, Yes"), ("YES", "NO, YES")]),
    ("central_delete_alias", &[("off", "404 HPE_GL_ERROR_NOT_FOUND"), ("on", "200 ok")]),
    ("scope_in_use", &[("release", "202 ok"), ("refuse", "400 HPE_GL_ERROR_BAD_REQUEST")]),
    ("central_absent", &[("null", "null null"), ("omitted", "omitted omitted")]),
    ("central_merge_patch", &[("forbidden_403", "403 HPE_GL_ERROR_FORBIDDEN"), ("accept", "200 ok")]),
    ("apigw_hosts", &[("both", "200 ok"), ("classic", "401 invalid_token")]),
];

#[tokio::test]
async fn dialects_of_central() {
    check(CASES, observe).await;
}

async fn observe(client: &Client, row: &str) -> String {
    let msp = client.mint("msp").await;
    match row {
        "central_auth_error" => client.send(Ask::get(INVENTORY)).await.verdict(),
        "wrong_cluster" => {
            let elsewhere = Ask::get(INVENTORY).bearer(&msp).at("de1.api.central.arubanetworks.com");
            client.send(elsewhere).await.verdict()
        }
        "list_tenants_from_tenant_token" | "list_tenants_from_standard" => {
            let tenant = client.exchange(&msp, "abc").await;
            let tenant = client.get(&tenant, LIST_TENANTS).await.verdict();
            let standard = client.get(&client.mint("standard").await, LIST_TENANTS).await.verdict();
            format!("{tenant}, {standard}")
        }
        "unquoted_literal" => {
            let filter = [("filter", "serialNumber eq CN0000000A")];
            client.list(&msp, INVENTORY, &filter).await.verdict()
        }
        "central_rate_reset" => {
            client.get(&msp, INVENTORY).await.header("x-ratelimit-reset").unwrap_or_default().to_owned()
        }
        "created_time_unit" => {
            client.get(&msp, LIST_TENANTS).await.ended_with(200).column("createdTime")[0].len().to_string()
        }
        "is_provisioned" => {
            let all = client.exchange(&msp, "abc").await;
            let mut words =
                client.get(&all, &format!("{INVENTORY}?limit=1000")).await.column("isProvisioned");
            words.sort();
            words.dedup();
            words.join(", ")
        }
        "central_delete_alias" => {
            let serial = client.get(&msp, ON_BOARD).await.ended_with(200).column("serialNumber").remove(0);
            let delete = Ask::new("DELETE", &format!("/devices/{serial}")).bearer(&msp);
            client.send(delete.at(CENTRAL)).await.verdict()
        }
        "central_absent" => {
            // A device without a site, and the same member in the other list.
            let unsited = [("site-assigned", "UNASSIGNED"), ("limit", "1")];
            let inventory = client.list(&msp, INVENTORY, &unsited).await.ended_with(200).json();
            let monitored = client.get(&msp, ON_BOARD).await.ended_with(200).json();
            let shown = |page: &Value, member: &str| match page["items"][0].get(member) {
                Some(Value::Null) => "null",
                Some(_) => "a value",
                None => "omitted",
            };
            format!("{} {}", shown(&inventory, "siteName"), shown(&monitored, "role"))
        }
        "scope_in_use" => {
            let site =
                client.get(&msp, "/network-config/v1/sites").await.ended_with(200).column("id").remove(0);
            let body = format!(r#"{{"items": [{{"id": "{site}"}}]}}"#);
            let delete = Ask::new("DELETE", "/network-config/v1/sites/bulk").bearer(&msp).body(body);
            client.send(delete).await.verdict()
        }
        "central_merge_patch" => client.send(merge_patch(&msp)).await.verdict(),
        "apigw_hosts" => client.send(Ask::get(INVENTORY).bearer(&msp).at(APIGW)).await.verdict(),
        other => panic!("dialect {other} needs an observation"),
    }
}
