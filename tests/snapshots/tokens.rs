//! Answers and refusals of the issuers.

use greenroom_emulator::command::{Command, Reply};

use crate::{
    client::{ACCESS_TOKEN, Ask, Client, EXCHANGE, SSO},
    dialects::issuers::{AT_TOKEN_ENDPOINTS, OF_NOBODY, stimulus},
};

const SSO_TOKEN: &str = "/as/token.oauth2";
const DEVICES: &str = "/devices/v1/devices";

#[tokio::test]
async fn token_answers() {
    let client = Client::start().await;
    client.shot("token-sso", client.mint_ask("standard-central", SSO_TOKEN)).await;
    let msp = client.shot("token-workspace", client.mint_ask("msp", &client.issuer("msp"))).await;
    let msp = msp.json()["access_token"].as_str().unwrap().to_owned();
    client.shot("token-tenant", client.exchange_ask(&msp, "abc")).await;
    let dedicated = client.mint_ask("dedicated", &client.issuer("dedicated"));
    client.shot("token-dedicated", dedicated.at("dedicated.example.com")).await;
    for setting in ["expires_in_shape=life", "expires_in_shape=string", "expires_in_shape=absent"] {
        shape(setting).await;
    }
    for setting in ["expires_in_shape=null", "scope_shape=string", "scope_shape=array"] {
        shape(setting).await;
    }
}

async fn shape(setting: &str) {
    let client = Client::speaking(&[setting]).await;
    client.shot(&format!("token-{}", setting.replace('=', "-")), client.mint_ask("msp", SSO_TOKEN)).await;
}

#[tokio::test]
async fn documents_of_the_issuers() {
    let client = Client::start().await;
    let base = client.issuer("abc").replace("/token", "");
    client
        .shots([
            ("jwks-sso", Ask::get("/pf/JWKS")),
            ("jwks-sso-well-known", Ask::get("/.well-known/jwks.json")),
            ("jwks-workspace", Ask::get(&format!("{base}/jwks"))),
            ("discovery", Ask::get(&format!("{base}/.well-known/openid-configuration"))),
        ])
        .await;
}

#[tokio::test]
async fn refusals_of_the_token_endpoints() {
    let client = Client::start().await;
    let (id, secret) = client.credentials("msp");
    let issuer = client.issuer("msp");
    let grant = ("grant_type", "client_credentials");
    let exchange = ("grant_type", EXCHANGE);
    let subject = client.mint("msp").await;
    let standard = client.mint("standard").await;
    let form = |pairs: &[(&str, &str)]| Ask::form(&issuer, pairs);
    let json = Ask::new("POST", &issuer).header("content-type", "application/json").body("{}");
    let sso = client.mint_sso("msp").await;
    client
        .shots([
            ("oauth-400-no-grant", form(&[]).basic(id, secret)),
            ("oauth-400-grant-twice", form(&[grant, grant]).basic(id, secret)),
            ("oauth-400-not-a-form", json),
            ("oauth-400-unknown-grant", form(&[("grant_type", "password")]).basic(id, secret)),
            (
                "oauth-400-sso-exchange",
                Ask::form(
                    SSO_TOKEN,
                    &[exchange, ("subject_token", &subject), ("subject_token_type", ACCESS_TOKEN)],
                ),
            ),
            ("oauth-400-no-subject", form(&[exchange])),
            ("oauth-400-no-subject-type", form(&[exchange, ("subject_token", &subject)])),
            ("oauth-400-sso-subject", client.exchange_ask(&sso, "abc")),
            ("oauth-400-credentials-disagree", form(&[grant, ("client_id", "other")]).basic(id, secret)),
            ("oauth-400-dedicated-exchange", client.exchange_ask(&subject, "dedicated")),
            ("oauth-400-garbage-subject", client.exchange_ask("not-a-token-at-all", "abc")),
            ("oauth-401-wrong-secret-basic", form(&[grant]).basic(id, "a-secret-of-nobody")),
            ("oauth-401-wrong-secret-form", form(&[grant, ("client_id", id), ("client_secret", "nobody's")])),
            ("oauth-401-no-client", form(&[grant])),
            ("oauth-401-unreadable-header", form(&[grant]).bearer("not-a-token-at-all")),
            ("oauth-401-sso-wrong-secret", Ask::form(SSO_TOKEN, &[grant]).basic(id, "a-secret-of-nobody")),
            ("oauth-401-client-of-other-workspace", client.mint_ask("standard", &issuer)),
            ("oauth-401-client-of-other-service", client.mint_ask("msp-central", &issuer)),
            ("oauth-401-exchange-by-other-client", {
                let (id, secret) = client.credentials("msp-central");
                client.exchange_ask(&subject, "abc").basic(id, secret)
            }),
            ("oauth-403-subject-no-msp", client.exchange_ask(&standard, "abc")),
            ("oauth-403-foreign-tenant", client.exchange_ask(&subject, "standard")),
            ("oauth-403-own-workspace", client.exchange_ask(&subject, "msp")),
            ("oauth-403-unknown-workspace", client.mint_ask("msp", OF_NOBODY)),
            ("oauth-405", Ask::get(&issuer)),
            ("oauth-405-sso", Ask::get(SSO_TOKEN)),
            ("oauth-413", Ask::form(SSO_TOKEN, &[("x", &"x".repeat(1 << 20))])),
            ("issuer-404", Ask::get("/authorization/v2/nothing")),
            ("issuer-404-jwks-of-nobody", Ask::get("/authorization/v2/oauth2/ffff/jwks")),
            ("issuer-405-jwks", Ask::new("POST", &format!("{}/jwks", issuer.trim_end_matches("/token")))),
            ("sso-404", Ask::get("/as/nothing")),
            ("sso-404-glp-path", Ask::get(DEVICES).at(SSO)),
            ("sso-405-jwks", Ask::new("DELETE", "/pf/JWKS")),
        ])
        .await;
    client.dialect(&["rotate_on_issue=newest_only"]);
    client.mint("msp").await;
    client.shot("oauth-401-revoked-subject", client.exchange_ask(&subject, "abc")).await;
    client.dialect(&["edge_errors=html"]);
    client.shot("issuer-404-html", Ask::get("/authorization/v2/nothing")).await;
}

/// Every value of every dialect that a token endpoint knows, taken from the table itself.
#[tokio::test]
async fn dialects_of_the_token_endpoints() {
    let Reply::Dialect(rows) = Client::start().await.emulator().run(Command::Dialect).unwrap() else {
        panic!()
    };
    let mut seen = 0;
    for row in rows.dialects.iter().filter(|row| AT_TOKEN_ENDPOINTS.contains(&row.name.as_str())) {
        for value in &row.values {
            let client = Client::speaking(&[&format!("{}={value}", row.name)]).await;
            for (suffix, ask) in stimulus(&client, &row.name).await {
                client.shot(&format!("dialect-{}-{value}{suffix}", row.name), ask).await;
                seen += 1;
            }
        }
    }
    assert!(seen > 30, "{seen} cases: a row has lost its name");
}
