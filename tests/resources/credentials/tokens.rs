//! What a credential is worth at the token endpoints, from the moment the API answers: real mints in every
//! kind of workspace.

use serde_json::json;

use super::{CREDENTIALS, DEDICATED, Pair, create, delete, named, names, of_tenant, provision, reset};
use crate::client::{Answer, Ask, CENTRAL, Client};

const SSO: &str = "/as/token.oauth2";
const INVENTORY: &str = "/network-monitoring/v1/device-inventory?limit=1";

fn mint(pair: &Pair, issuer: &str) -> Ask {
    Ask::form(issuer, &[("grant_type", "client_credentials")]).basic(&pair.id, &pair.secret)
}

/// A token of a workspace's issuer, or the error.
pub(super) async fn minted(client: &Client, pair: &Pair, symbol: &str) -> Result<String, String> {
    let mut ask = mint(pair, &client.issuer(symbol));
    if symbol == "dedicated" {
        ask = ask.at(DEDICATED);
    }
    token_of(&client.send(ask).await)
}

async fn signed_in(client: &Client, pair: &Pair) -> Result<String, String> {
    token_of(&client.send(mint(pair, SSO)).await)
}

fn token_of(answer: &Answer) -> Result<String, String> {
    let body = answer.json();
    match body["access_token"].as_str() {
        Some(token) => Ok(token.to_owned()),
        None => Err(format!("{} {}", answer.status, body["error"].as_str().expect("an OAuth error"))),
    }
}

fn refused(error: &str) -> Result<String, String> {
    Err(error.to_owned())
}

/// Every kind of workspace: its symbol, a session that makes credentials in it, and the body that does.
async fn places(client: &Client) -> Vec<(&'static str, String, serde_json::Value)> {
    let msp = client.mint("msp").await;
    let body = json!({"credentialName": "made"});
    let dedicated = client.mint_ask("dedicated", &client.issuer("dedicated")).at(DEDICATED);
    let dedicated = token_of(&client.send(dedicated).await).unwrap();
    vec![
        ("standard", client.mint("standard").await, body.clone()),
        ("msp", msp.clone(), body.clone()),
        ("abc", client.exchange(&msp, "abc").await, body.clone()),
        ("oneil", msp, json!({"credentialName": "made", "associatedTenant": of_tenant(client, "oneil")})),
        ("dedicated", dedicated, body),
    ]
}

/// The request at the host where the workspace lives.
fn there(ask: Ask, symbol: &str) -> Ask {
    if symbol == "dedicated" { ask.at(DEDICATED) } else { ask }
}

#[tokio::test]
async fn a_created_pair_mints_in_its_own_workspace_and_in_no_other() {
    let client = Client::start().await;
    for (symbol, session, body) in places(&client).await {
        let made = client.send(there(create(&session, &body), symbol)).await.ended_with(201);
        let pair = Pair::of(&made);
        let token = minted(&client, &pair, symbol).await.unwrap();
        for other in ["standard", "msp", "abc", "oneil"] {
            if other != symbol {
                let expected = refused("401 unauthorized_request");
                assert_eq!(minted(&client, &pair, other).await, expected, "{symbol} at {other}");
            }
        }
        // A token acts in that workspace, as the user who made the credential.
        let list = client.send(there(Ask::get(CREDENTIALS).bearer(&token), symbol)).await.ended_with(200);
        assert!(list.column("credentialName").contains(&"made".to_owned()), "{symbol}");
        if symbol == "dedicated" {
            assert_eq!(signed_in(&client, &pair).await, refused("401 invalid_client"));
            assert_eq!(client.send(Ask::get(CREDENTIALS).bearer(&token)).await.status, 200);
            let cloud = Ask::get(CREDENTIALS).bearer(&token).at("global.api.greenlake.hpe.com");
            client.send(cloud).await.ended_with(401);
            continue;
        }
        let own = format!("{}/{}", super::super::WORKSPACES, client.workspace(symbol));
        client.get(&token, &own).await.ended_with(200);
        let sso = signed_in(&client, &pair).await.unwrap();
        client.get(&sso, &own).await.ended_with(200);
        client.send(Ask::get(INVENTORY).bearer(&sso).at(CENTRAL)).await.ended_with(200);
        // Only an MSP's token leads into tenants.
        let exchanged = client.send(client.exchange_ask(&token, "example")).await;
        assert_eq!(exchanged.status == 200, symbol == "msp", "{symbol}: {exchanged:?}");
    }
}

#[tokio::test]
async fn a_dedicated_platform_has_all_four_operations_and_no_exchange() {
    let client = Client::start().await;
    let keeper = client.mint_ask("dedicated", &client.issuer("dedicated")).at(DEDICATED);
    let keeper = token_of(&client.send(keeper).await).unwrap();
    let first = Pair::of(&client.send(named(&keeper, "a").at(DEDICATED)).await.ended_with(201));
    let second = Pair::of(&client.send(reset(&keeper, &first.id).at(DEDICATED)).await.ended_with(200));
    assert_eq!(minted(&client, &first, "dedicated").await, refused("401 invalid_client"));
    let token = minted(&client, &second, "dedicated").await.unwrap();
    let list = Ask::get(CREDENTIALS).bearer(&keeper).at(DEDICATED);
    assert_eq!(client.send(list.clone()).await.column("credentialName"), ["dedicated", "a"]);
    let exchange = client.exchange_ask(&token, "dedicated").at(DEDICATED);
    assert_eq!(token_of(&client.send(exchange).await), refused("400 unsupported_grant_type"));
    client.send(delete(&keeper, &first.id).at(DEDICATED)).await.ended_with(204);
    assert_eq!(minted(&client, &second, "dedicated").await, refused("401 invalid_client"));
    assert_eq!(client.send(list).await.column("credentialName"), ["dedicated"]);
    // It manages no tenants and has no provisions.
    let tenant = json!({"credentialName": "b", "associatedTenant": of_tenant(&client, "abc")});
    client.send(create(&keeper, &tenant).at(DEDICATED)).await.ended_with(400);
    let filter = format!("tenantId eq '{}'", client.workspace("abc"));
    let filtered = Ask::get(CREDENTIALS).bearer(&keeper).query(&[("filter", &filter)]);
    client.send(filtered.at(DEDICATED)).await.ended_with(400);
    // Nor is the API of the cloud reached with its tokens, or the other way round.
    client.send(named(&keeper, "c").at("global.api.greenlake.hpe.com")).await.ended_with(401);
    client.send(named(&client.mint("msp").await, "c").at(DEDICATED)).await.ended_with(401);
}

#[tokio::test]
async fn a_reset_kills_the_old_secret_and_its_tokens_at_once() {
    for dialect in ["revoked", "until_exp"] {
        let client = Client::speaking(&[&format!("tokens_after_reset_or_delete={dialect}")]).await;
        for (symbol, session, body) in places(&client).await {
            let old = Pair::of(&client.send(there(create(&session, &body), symbol)).await.ended_with(201));
            let token = minted(&client, &old, symbol).await.unwrap();
            let tenant = match symbol {
                "msp" => Some(client.exchange(&token, "example").await),
                _ => None,
            };
            let new = Pair::of(&client.send(there(reset(&session, &old.id), symbol)).await.ended_with(200));
            assert_eq!(new.id, old.id);
            let answered = if dialect == "revoked" { 401 } else { 200 };
            for held in [Some(&token), tenant.as_ref()].into_iter().flatten() {
                let call = there(Ask::get(CREDENTIALS).bearer(held), symbol);
                client.send(call).await.ended_with(answered);
            }
            if symbol == "msp" {
                let exchanged = token_of(&client.send(client.exchange_ask(&token, "example")).await);
                assert_eq!(exchanged.is_ok(), dialect == "until_exp", "{exchanged:?}");
            }
            assert_eq!(minted(&client, &old, symbol).await, refused("401 invalid_client"), "{symbol}");
            let fresh = minted(&client, &new, symbol).await.unwrap();
            client.send(there(Ask::get(CREDENTIALS).bearer(&fresh), symbol)).await.ended_with(200);
            // Nobody else's tokens are touched.
            client.send(there(Ask::get(CREDENTIALS).bearer(&session), symbol)).await.ended_with(200);
            // And again, by itself.
            let last = Pair::of(&client.send(there(reset(&fresh, &old.id), symbol)).await.ended_with(200));
            assert_eq!(minted(&client, &new, symbol).await, refused("401 invalid_client"), "{symbol}");
            minted(&client, &last, symbol).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_deleted_client_is_unknown_at_once_and_its_tokens_follow_the_dialect() {
    for dialect in ["revoked", "until_exp"] {
        let client = Client::speaking(&[&format!("tokens_after_reset_or_delete={dialect}")]).await;
        for (symbol, session, body) in places(&client).await {
            let pair = Pair::of(&client.send(there(create(&session, &body), symbol)).await.ended_with(201));
            let token = minted(&client, &pair, symbol).await.unwrap();
            client.send(there(delete(&session, &pair.id), symbol)).await.ended_with(204);
            assert_eq!(minted(&client, &pair, symbol).await, refused("401 invalid_client"), "{symbol}");
            if symbol != "dedicated" {
                assert_eq!(signed_in(&client, &pair).await, refused("401 invalid_client"), "{symbol}");
            }
            let answered = if dialect == "revoked" { 401 } else { 200 };
            let call = there(Ask::get(CREDENTIALS).bearer(&token), symbol);
            let list = client.send(call.clone()).await.ended_with(answered);
            assert!(!list.body.contains(&pair.id), "it is in no list: {list:?}");
            for ask in [delete(&session, &pair.id), reset(&session, &pair.id)] {
                client.send(there(ask, symbol)).await.ended_with(404);
            }
            if symbol == "msp" && dialect == "until_exp" {
                // The token is still worth an exchange, but nobody can name its client any more.
                let ask = client.exchange_ask(&token, "example");
                client.send(ask.clone()).await.ended_with(200);
                let named = client.send(ask.basic(&pair.id, &pair.secret)).await;
                assert_eq!(token_of(&named), refused("401 invalid_client"));
            }
        }
        client.advance("15m");
        client.send(Ask::get(CREDENTIALS).bearer("x")).await.ended_with(401);
    }
}

#[tokio::test]
async fn until_exp_ends_at_exp() {
    let client = Client::speaking(&["tokens_after_reset_or_delete=until_exp"]).await;
    let msp = client.mint("msp").await;
    let pair = Pair::of(&client.send(named(&msp, "a")).await.ended_with(201));
    let token = minted(&client, &pair, "msp").await.unwrap();
    client.send(delete(&token, &pair.id)).await.ended_with(204);
    client.advance("899s");
    assert_eq!(names(&client, &token, "").await, ["msp", "msp-central"]);
    client.advance("1s");
    client.get(&token, CREDENTIALS).await.ended_with(401);
}

#[tokio::test]
async fn a_credential_may_delete_itself() {
    let client = Client::start().await;
    let pair = Pair::of(&client.send(named(&client.mint("msp").await, "a")).await.ended_with(201));
    let token = minted(&client, &pair, "msp").await.unwrap();
    client.send(delete(&token, &pair.id)).await.ended_with(204);
    client.send(delete(&token, &pair.id)).await.ended_with(401);
    // One of the sample is like any other.
    let msp = client.mint("msp").await;
    let id = client.credentials("msp").0.to_owned();
    client.send(delete(&msp, &id)).await.ended_with(204);
    client.get(&msp, CREDENTIALS).await.ended_with(401);
    let ask = client.mint_ask("msp", &client.issuer("msp"));
    assert_eq!(token_of(&client.send(ask).await), refused("401 invalid_client"));
}

#[tokio::test]
async fn a_provision_makes_a_client_of_its_service() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let abc = client.exchange(&msp, "abc").await;
    let standard = client.mint("standard").await;
    let of_msp = provision(&client, &msp).await;
    let of_abc = provision(&client, &abc).await;
    let dashed = {
        let digits = |from: usize, to: usize| &of_msp[from..to];
        [digits(0, 8), digits(8, 12), digits(12, 16), digits(16, 20), digits(20, 32)].join("-")
    };
    let body = |name: &str, path: &str| {
        let uri = format!("/service-catalog/{path}");
        json!({"credentialName": name, "associatedServiceManagerProvision": {"resourceUri": uri}})
    };
    for path in [
        format!("v1beta1/service-manager-provisions/{dashed}"),
        format!("v1/service-manager-provisions/{of_msp}"),
    ] {
        let made = client.send(create(&msp, &body(&path, &path))).await.ended_with(201);
        let uri = format!("/service-catalog/v1beta1/service-manager-provisions/{of_msp}");
        assert_eq!(made.json()["associatedServiceManagerProvision"], json!({"resourceUri": uri}));
        // A client of Central: SSO only, and good for Central only (central.md §4.1).
        let pair = Pair::of(&made);
        assert_eq!(minted(&client, &pair, "msp").await, refused("401 unauthorized_request"));
        let token = signed_in(&client, &pair).await.unwrap();
        client.send(Ask::get(INVENTORY).bearer(&token).at(CENTRAL)).await.ended_with(200);
        client.get(&token, CREDENTIALS).await.ended_with(401);
    }
    // The provision of the workspace that the credential belongs to, and no other.
    let path = |id: &str| format!("v1beta1/service-manager-provisions/{id}");
    let in_abc = |id: &str| {
        let mut body = body("in abc", &path(id));
        body["associatedTenant"] = of_tenant(&client, "abc");
        body
    };
    for (token, body) in [
        (&msp, body("x", &path(&of_abc))),
        (&msp, in_abc(&of_msp)),
        (&abc, body("x", &path(&of_msp))),
        (&standard, body("x", &path(&of_msp))),
        (&msp, body("x", &path(super::NOBODY))),
    ] {
        let missing = client.send(create(token, &body)).await;
        super::assert_words(&missing, 404, "ERROR_NOTFOUND", "Resource not found");
    }
    client.send(create(&msp, &in_abc(&of_abc))).await.ended_with(201);
    client.send(create(&abc, &body("also in abc", &path(&of_abc)))).await.ended_with(201);
}
