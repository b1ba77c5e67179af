//! Answers and refusals of the credentials API (`glp.md §4`).

use greenroom_model::{sample::DEFAULT_SEED, world::UserIx, world::World};
use serde_json::{Value, json};

use crate::client::{Ask, Client};

const CREDENTIALS: &str = "/workspaces/v1/credentials";
const NOBODY: &str = "7600415a-8876-4722-9f3c-b0fd11112283";

fn create(token: &str, body: Value) -> Ask {
    Ask::new("POST", CREDENTIALS).bearer(token).body(body.to_string())
}

fn reset(token: &str, id: &str) -> Ask {
    Ask::new("POST", &format!("{CREDENTIALS}/{id}/reset")).bearer(token)
}

fn delete(token: &str, id: &str) -> Ask {
    Ask::new("DELETE", &format!("{CREDENTIALS}/{id}")).bearer(token)
}

#[tokio::test]
async fn answers_of_credentials() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let abc = client.exchange(&msp, "abc").await;
    let list = Ask::get(CREDENTIALS).bearer(&msp);
    client.shot("credentials", list.clone()).await;
    client.shot("credentials-none", Ask::get(CREDENTIALS).bearer(&abc)).await;
    let made =
        client.shot("credential-created", create(&msp, json!({"credentialName": "API Credential"}))).await;
    let provisions = client.get(&abc, "/service-catalog/v1/service-manager-provisions").await;
    let provision = provisions.column("id").remove(0);
    let uri = |path: String| json!({"resourceUri": path});
    let body = json!({
        "credentialName": "API Credential",
        "associatedTenant": uri(format!("/workspaces/v1/workspaces/{}", client.workspace("abc"))),
        "associatedServiceManagerProvision":
            uri(format!("/service-catalog/v1beta1/service-manager-provisions/{provision}")),
    });
    client.advance("1234567us");
    client.shot("credential-created-in-tenant", create(&msp, body)).await;
    let filter = format!("tenantId eq '{}'", client.workspace("abc"));
    client.shot("credentials-of-tenant", list.query(&[("filter", &filter)])).await;
    let id = made.json()["id"].as_str().unwrap().to_owned();
    client.shot("credential-reset", reset(&msp, &id)).await;
    client.shot("credential-deleted", delete(&msp, &id)).await;
}

#[tokio::test]
async fn refusals_of_credentials() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let list = Ask::get(CREDENTIALS).bearer(&msp);
    let nowhere = json!({"resourceUri": format!("/service-catalog/v1/service-manager-provisions/{NOBODY}")});
    client
        .shots([
            ("credentials-400-filter", list.clone().query(&[("filter", "credentialName eq 'a'")])),
            ("credentials-400-tenant", list.clone().query(&[("filter", "tenantId eq 'nobody'")])),
            ("credentials-400-not-an-msp", {
                let standard = client.mint("standard").await;
                Ask::get(CREDENTIALS).bearer(&standard).query(&[("filter", "tenantId eq 'nobody'")])
            }),
            ("credential-400-no-body", Ask::new("POST", CREDENTIALS).bearer(&msp)),
            ("credential-400-name", create(&msp, json!({"credentialName": ""}))),
            ("credential-400-id", delete(&msp, "garbage")),
            ("credential-404-provision", {
                create(&msp, json!({"credentialName": "a", "associatedServiceManagerProvision": nowhere}))
            }),
            ("credential-404-reset", reset(&msp, NOBODY)),
            ("credential-404-delete", delete(&msp, NOBODY)),
            ("credential-409-name", create(&msp, json!({"credentialName": "msp"}))),
            ("credentials-405", Ask::new("PUT", CREDENTIALS).bearer(&msp)),
            ("credential-405", Ask::get(&format!("{CREDENTIALS}/{NOBODY}")).bearer(&msp)),
            ("credential-405-reset", Ask::get(&format!("{CREDENTIALS}/{NOBODY}/reset")).bearer(&msp)),
            ("credentials-413", Ask::new("POST", CREDENTIALS).bearer(&msp).body(vec![b'x'; (1 << 20) + 1])),
            ("credentials-401-no-token", Ask::get(CREDENTIALS)),
            ("credentials-401-gateway", Ask::get(CREDENTIALS).bearer("not-a-token-at-all")),
        ])
        .await;
    for n in 3..=7 {
        client.send(create(&msp, json!({"credentialName": n.to_string()}))).await.ended_with(201);
    }
    for setting in ["400", "409", "422"] {
        client.dialect(&[&format!("eighth_credential={setting}")]);
        client
            .shot(
                &format!("dialect-eighth_credential-{setting}"),
                create(&msp, json!({"credentialName": "8"})),
            )
            .await;
    }
    client.dialect(&["glp_auth_error=service"]);
    client.shot("credentials-401-service", Ask::get(CREDENTIALS).bearer("not-a-token-at-all")).await;
}

#[tokio::test]
async fn denials_of_credentials() {
    let mut world = World::sample(DEFAULT_SEED);
    world.roles.insert("None".to_owned(), Default::default());
    world.assign_role(UserIx(0), "None").unwrap();
    let client = Client::of(world).await;
    let msp = client.mint("msp").await;
    let list = Ask::get(CREDENTIALS).bearer(&msp);
    client
        .shots([
            ("credentials-403-list", list),
            ("credential-403-create", create(&msp, json!({"credentialName": "a"}))),
            ("credential-403-delete", delete(&msp, NOBODY)),
            ("credential-403-reset", reset(&msp, NOBODY)),
        ])
        .await;
    client.dialect(&["credentials_quirks=clean"]);
    client.shot("dialect-credentials_quirks-clean", reset(&msp, NOBODY)).await;
}
