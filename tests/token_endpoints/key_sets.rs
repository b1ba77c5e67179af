//! Tokens verify through the key sets that the issuers publish.

use greenroom_emulator::command::{Command, ExportedWorld, Reply};
use greenroom_model::{
    spec::{Secrets, Spec},
    world::World,
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use serde_json::{Value, json};

use crate::{
    rules::with_rules,
    wire::{DEVICES, Wire, workspace_id},
};

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

#[tokio::test]
async fn tokens_verify_across_a_rotation_of_the_keys() {
    let wire = with_rules(&[r#"{"when":{"op":"api"},"do":[{"rotate_keys":{}}]}"#]).await;
    let plain = workspace_id("msp").plain();
    let issuer = format!("https://global.api.greenlake.hpe.com/authorization/v2/oauth2/{plain}");
    let set = async || wire.get(&format!("/authorization/v2/oauth2/{plain}/jwks"), "").await.json();
    let kids = |set: &Value| -> Vec<String> {
        let keys = set["keys"].as_array().unwrap().iter();
        keys.map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    };
    let (first, sso) = (wire.mint("msp").await, wire.mint_sso("msp").await);
    let before = set().await;
    assert_eq!(kids(&before).len(), 1);
    assert_eq!(wire.get(DEVICES, &first).await.status, 200);
    let second = wire.mint("msp").await;
    let after = set().await;
    assert_eq!(kids(&after)[1..], kids(&before), "the key before comes second");
    for token in [&first, &second] {
        verify(token, &after, &issuer).expect("a good signature");
        let kid = jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
        assert_eq!(kid, kids(&after)[usize::from(token == &first)]);
    }
    assert_eq!(
        verify(&second, &before, &issuer),
        Err("no such kid".to_owned()),
        "who cached the set asks again"
    );
    // The other issuer's keys go with them, and both tokens are let in.
    let sso_set = wire.get("/pf/JWKS", "").await.json();
    verify(&sso, &sso_set, "https://sso.common.cloud.hpe.com").expect("a good signature");
    verify(&wire.mint_sso("msp").await, &sso_set, "https://sso.common.cloud.hpe.com")
        .expect("a good signature");
    assert_eq!(wire.get(DEVICES, &second).await.status, 200);
    assert_eq!(kids(&set().await), kids(&after).into_iter().rev().collect::<Vec<_>>(), "there are two keys");
    // A saved world remembers which it is; the start knew only the first.
    let text = wire.emulator.run(Command::ExportWorld(Secrets::Digests)).unwrap();
    let Reply::Exported(ExportedWorld { world }) = text else { panic!("a world") };
    assert!(world.contains("key_rotations: 2"));
    let again = World::from_spec(&Spec::read(world.as_bytes()).unwrap()).unwrap();
    assert_eq!(again.key_rotations, 2);
    wire.emulator.run(Command::ResetWorld).unwrap();
    assert_eq!(set().await, before);
}
