//! Tenants as they are made, changed and deleted, and what a role denies.

use greenroom_emulator::command::{AssignRole, Command};
use serde_json::{Value, json};

use crate::client::{Ask, Client};

const TENANTS: &str = "/workspaces/v1/msp-tenants";
const WORKSPACES: &str = "/workspaces/v1/workspaces";

fn post(token: &str, body: &Value) -> Ask {
    Ask::new("POST", TENANTS).bearer(token).body(body.to_string())
}

fn put(token: &str, id: &str, body: &Value) -> Ask {
    Ask::new("PUT", &format!("{TENANTS}/{id}")).bearer(token).body(body.to_string())
}

fn delete(token: &str, id: &str) -> Ask {
    Ask::new("DELETE", &format!("{TENANTS}/{id}")).bearer(token)
}

#[tokio::test]
async fn a_tenant_is_made_changed_and_deleted() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let contact = format!("{WORKSPACES}/{}/contact", client.workspace("msp"));
    client.shot("contact", Ask::get(&contact).bearer(&msp)).await;
    let body = json!({"workspaceName": "Acme", "address": {"countryCode": "CH"}});
    let made = client.shot("tenant-created", post(&msp, &body)).await;
    let id = made.header("location").unwrap().rsplit('/').next().unwrap().to_owned();
    client.advance("1m");
    let other = json!({"workspaceName": "Acme II", "inventoryOwnership": "CUSTOMER_OWNED_INVENTORY"});
    client.shot("tenant-updated", put(&msp, &id, &other)).await;
    let filter = format!("id eq '{id}'");
    client.shot("msp-tenants-updated", Ask::get(TENANTS).bearer(&msp).query(&[("filter", &filter)])).await;
    client.shot("tenant-deleted", delete(&msp, &id)).await;
}

#[tokio::test]
async fn refusals_of_tenants() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let taken = json!({"workspaceName": "Tenant ABC"});
    let wrong = json!({"address": {"city": "x".repeat(41)}, "email": "nobody"});
    let embargo = json!({"workspaceName": "Acme", "address": {"countryCode": "KP"}});
    let (abc, empty) = (client.workspace("abc"), client.workspace("empty"));
    client
        .shots([
            ("tenants-403-unknown", delete(&msp, "00000000-0000-4000-8000-000000000000")),
            ("tenants-405", Ask::new("PATCH", &format!("{TENANTS}/{abc}")).bearer(&msp)),
            ("tenants-412-name", post(&msp, &taken)),
            ("tenants-412-devices", delete(&msp, abc)),
            ("tenants-422-body", put(&msp, empty, &wrong)),
            ("tenants-422-no-json", Ask::new("POST", TENANTS).bearer(&msp).body("{")),
            ("tenants-422-id", delete(&msp, "garbage")),
            ("tenants-451", post(&msp, &embargo)),
        ])
        .await;
    client.dialect(&["tenant_name_taken=409"]);
    client.shot("tenants-409-name", post(&msp, &taken)).await;
}

#[tokio::test]
async fn what_a_role_denies() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let wish = AssignRole { user: "msp.admin@example.com".to_owned(), role: "Observer".to_owned() };
    client.emulator().run(Command::AssignRole(wish)).unwrap();
    let serial = client.get(&msp, "/network-monitoring/v1/devices").await.column("serialNumber").remove(0);
    let device = format!("/network-monitoring/v1/devices/{serial}");
    client
        .shots([
            ("denied-workspaces", post(&msp, &json!({"workspaceName": "Acme"}))),
            ("denied-central", Ask::new("DELETE", &device).bearer(&msp)),
        ])
        .await;
}
