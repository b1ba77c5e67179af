//! Tokens verify through the key sets that the issuers publish.

use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use serde_json::{Value, json};

use crate::wire::{Wire, workspace_id};

/// Verifies a token as a resource server would: the key by its `kid` from the set.
fn verify(token: &str, set: &Value, issuer: &str) -> Result<Value, String> {
    // Cargo may have built another provider in, and then one must be chosen.
    let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
    let set: JwkSet = serde_json::from_value(set.clone()).map_err(|error| error.to_string())?;
    let kid = jsonwebtoken::decode_header(token).ok().and_then(|header| header.kid).ok_or("no kid")?;
    let key =
        DecodingKey::from_jwk(set.find(&kid).ok_or("no such kid")?).map_err(|error| error.to_string())?;
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&["external_api"]);
    validation.set_issuer(&[issuer]);
    // The virtual clock decides about expiry, not this machine's.
    validation.validate_exp = false;
    let data = jsonwebtoken::decode::<Value>(token, &key, &validation);
    data.map(|data| data.claims).map_err(|error| error.to_string())
}

#[tokio::test]
async fn an_sso_token_verifies_through_both_paths_of_the_key_set() {
    let wire = Wire::frozen().await;
    let token = wire.mint_sso("msp").await;
    let other = wire.mint("msp").await;
    for path in ["/pf/JWKS", "/.well-known/jwks.json"] {
        let set = wire.get(path, "").await.json();
        assert_eq!(set["keys"][0]["alg"], "RS256", "{set}");
        let claims = verify(&token, &set, "https://sso.common.cloud.hpe.com").expect("a good signature");
        assert_eq!(claims["sub"], "msp.admin@example.com");
        assert_eq!(verify(&other, &set, "x"), Err("no such kid".to_owned()), "the issuers' kids differ");
        // The signature covers the claims.
        let (head, signature) = token.rsplit_once('.').unwrap();
        let (header, payload) = head.split_once('.').unwrap();
        let changed = format!("{header}.{}{}.{signature}", &payload[..payload.len() - 8], &payload[..8]);
        assert!(verify(&changed, &set, "https://sso.common.cloud.hpe.com").is_err());
    }
}

#[tokio::test]
async fn a_workspace_and_a_tenant_token_verify_through_discovery() {
    let wire = Wire::frozen().await;
    let msp = wire.mint("msp").await;
    let tenant = wire.exchange(&msp, "abc").await;
    for (token, symbol) in [(msp, "msp"), (tenant, "abc")] {
        let plain = workspace_id(symbol).plain();
        let issuer = format!("https://global.api.greenlake.hpe.com/authorization/v2/oauth2/{plain}");
        for id in [plain, workspace_id(symbol).to_string()] {
            let path = format!("/authorization/v2/oauth2/{id}/.well-known/openid-configuration");
            let found = wire.get(&path, "").await.json();
            assert_eq!(found["issuer"], json!(issuer));
            assert_eq!(found["token_endpoint"], json!(format!("{issuer}/token")));
            assert!(found["greenroom_note"].as_str().is_some_and(|note| note.contains("HPE")), "{found}");
            let jwks = found["jwks_uri"].as_str().unwrap();
            let path = jwks.strip_prefix("https://global.api.greenlake.hpe.com").expect("the real host");
            let claims = verify(&token, &wire.get(path, "").await.json(), &issuer).expect("a good signature");
            assert_eq!(claims["hpe_workspace_id"], json!(workspace_id(symbol).plain()));
        }
    }
    for id in ["00000000000000000000000000000000", "nonsense"] {
        for document in ["jwks", ".well-known/openid-configuration"] {
            let path = format!("/authorization/v2/oauth2/{id}/{document}");
            assert_eq!(wire.get(&path, "").await.status, 404, "{path}");
        }
    }
}
