//! The rules of the token endpoints, over HTTP: forms, client authentication, answers, claims
//! (`glp.md §2`). The exchange and the key sets are in the modules below.

mod curl;
mod exchange;
mod key_sets;

use base64::{Engine as _, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use greenroom_emulator::Emulator;
use greenroom_model::{
    adopt::{Adoption, Credentials},
    secret::Secret,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::wire::{Answer, SAMPLE, Wire, access_token, credentials, issuer, workspace_id};

const SSO: &str = "/as/token.oauth2";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
/// The grant, spelled as it stands in a form.
const GRANT: &str = "grant_type=client_credentials";

fn basic(credentials: impl AsRef<[u8]>) -> String {
    format!("Basic {}", STANDARD.encode(credentials))
}

/// Header and payload of a token.
fn opened(token: &str) -> [Value; 2] {
    let mut parts = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).expect("base64url"));
    [(); 2].map(|()| serde_json::from_slice(&parts.next().expect("a part")).expect("JSON"))
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// What every answer of a token endpoint must carry, whatever it says.
#[track_caller]
fn assert_unstorable(answer: &Answer) {
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
    assert_eq!(answer.header("pragma"), Some("no-cache"), "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json"), "{answer:?}");
}

#[tokio::test]
async fn an_sso_token_is_what_seed_003_shows() {
    let wire = Wire::frozen().await;
    let (id, secret) = credentials("msp");
    let form = [("grant_type", "client_credentials"), ("client_id", &*id), ("client_secret", &*secret)];
    let answer = wire.post(SSO, &[], &form).await;
    assert_unstorable(&answer);
    let body = answer.json();
    assert_eq!(keys(&body), ["access_token", "token_type", "expires_in"]);
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(7_199)));
    let [header, claims] = opened(&access_token(&answer));
    assert_eq!(keys(&header), ["alg", "kid", "pi.atm"]);
    assert_eq!((&header["alg"], &header["pi.atm"]), (&json!("RS256"), &json!("dez0")));
    assert_eq!(header["kid"].as_str().map(str::len), Some(27));
    assert_eq!(
        keys(&claims),
        [
            "client_id",
            "iss",
            "aud",
            "sub",
            "user_ctx",
            "auth_source",
            "platform_customer_id",
            "iat",
            "application_instance_id",
            "exp",
            "jti"
        ]
    );
    let client = SAMPLE.client(SAMPLE.client_named("msp").unwrap());
    let iat = wire.emulator.clock().now().as_second();
    for (name, expected) in [
        ("client_id", json!(id)),
        ("iss", json!("https://sso.common.cloud.hpe.com")),
        ("aud", json!("external_api")),
        ("sub", json!("msp.admin@example.com")),
        ("user_ctx", json!(SAMPLE.user(client.owner).context)),
        ("auth_source", json!("ccs_token_management")),
        ("platform_customer_id", json!(workspace_id("msp").plain())),
        ("application_instance_id", json!(client.application_instance)),
        ("iat", json!(iat)),
        ("exp", json!(iat + 7_200)),
    ] {
        assert_eq!(claims[name], expected, "{name}");
    }
    let part = |token: &str, n: usize| token.split('.').nth(n).map(str::len);
    let token = access_token(&answer);
    assert_eq!((part(&token, 0), part(&token, 2)), (Some(90), Some(342)), "as long as the live one");
}

#[tokio::test]
async fn workspace_and_tenant_tokens_have_the_claims_that_the_reference_settles() {
    let wire = Wire::frozen().await;
    let msp = wire.mint("msp").await;
    let tenant = wire.exchange(&msp, "abc").await;
    for (token, symbol) in [(&msp, "msp"), (&tenant, "abc")] {
        let [header, claims] = opened(token);
        assert_eq!(keys(&header), ["alg", "kid", "typ"]);
        assert_eq!(header["typ"], "JWT");
        let plain = workspace_id(symbol).plain();
        let client = SAMPLE.client(SAMPLE.client_named("msp").unwrap());
        let iat = wire.emulator.clock().now().as_second();
        let expected = json!({
            "iss": format!("https://global.api.greenlake.hpe.com/authorization/v2/oauth2/{plain}"),
            "aud": "external_api",
            "sub": format!("user:{}", SAMPLE.user(client.owner).principal),
            "client_id": client.id,
            "platform_customer_id": plain,
            "hpe_workspace_id": plain,
            "hpe_token_type": "api-v1.2",
            "iat": iat,
            "exp": iat + 900,
            "jti": claims["jti"],
        });
        assert_eq!(claims.to_string(), expected.to_string(), "in this order too");
        assert!(claims["jti"].is_string());
    }
    let form = [("grant_type", "client_credentials"), ("client_id", ""), ("client_secret", "")];
    let (id, secret) = credentials("msp");
    let answer =
        wire.post(&issuer("msp"), &[("authorization", &basic(format!("{id}:{secret}")))], &form).await;
    assert_unstorable(&answer);
    assert_eq!(keys(&answer.json()), ["access_token", "token_type", "expires_in"]);
    assert_eq!(answer.json()["expires_in"], 899);
}

#[tokio::test]
async fn the_shapes_of_an_answer_are_dialects() {
    let wire = Wire::frozen().await;
    let msp = wire.mint("msp").await;
    for (setting, name, expected) in [
        ("expires_in_shape=life_minus_1", "expires_in", Some(json!(899))),
        ("expires_in_shape=life", "expires_in", Some(json!(900))),
        ("expires_in_shape=string", "expires_in", Some(json!("899"))),
        ("expires_in_shape=null", "expires_in", Some(Value::Null)),
        ("expires_in_shape=absent", "expires_in", None),
        ("scope_shape=omit", "scope", None),
        ("scope_shape=string", "scope", Some(json!("hpe-tenant"))),
        ("scope_shape=array", "scope", Some(json!(["hpe-tenant"]))),
    ] {
        wire.dialect(&["live", setting]);
        let answer = wire.try_exchange(&msp, "abc").await.json();
        assert_eq!(answer.get(name).cloned(), expected, "{setting}");
    }
}

/// Two clients with difficult ids and secrets: one for each reading of a Basic header.
fn difficult() -> (Adoption, (String, String), (String, String)) {
    let platform = ("my client+ä".to_owned(), "p%40ss w+rd:ä/é".to_owned());
    let central = ("central client".to_owned(), "100% pure+東京".to_owned());
    let credentials = |(id, secret): &(String, String)| {
        Some(Credentials { id: Some(id.clone()), secret: Some(Secret::new(secret)), access_token: None })
    };
    let adoption =
        Adoption { platform: credentials(&platform), central: credentials(&central), ..Adoption::default() };
    (adoption, platform, central)
}

#[tokio::test]
async fn basic_credentials_are_understood_raw_encoded_and_in_latin_1() {
    let (adoption, (id, secret), (other, other_secret)) = difficult();
    let mut world = SAMPLE.clone();
    world.adopt(&adoption, "2026-03-01T10:00:00Z".parse().unwrap()).unwrap();
    let wire = Wire::start(Emulator::builder().world(world).frozen()).await;
    let latin1 = |text: &str| text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect::<Vec<_>>();
    let form = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    for (what, credentials, accepted) in [
        ("raw UTF-8", format!("{id}:{secret}").into_bytes(), true),
        ("raw Latin-1, as requests sends it", latin1(&format!("{id}:{secret}")), true),
        ("form-encoded, as RFC 6749 wants it", format!("{}:{}", form(&id), form(&secret)).into_bytes(), true),
        ("raw beyond Latin-1", format!("{other}:{other_secret}").into_bytes(), true),
        (
            "form-encoded beyond Latin-1",
            format!("{}:{}", form(&other), form(&other_secret)).into_bytes(),
            true,
        ),
        ("encoded twice", format!("{}:{}", form(&form(&id)), form(&form(&secret))).into_bytes(), false),
        ("half of the secret", format!("{id}:p%40ss w+rd").into_bytes(), false),
        ("somebody else's secret", format!("{id}:{other_secret}").into_bytes(), false),
    ] {
        let answer =
            wire.send(Method::POST, SSO, &[FORM, ("authorization", &basic(credentials))], GRANT).await;
        let expected = if accepted { "200 ok" } else { "401 invalid_client" };
        assert_eq!(answer.verdict(), expected, "{what}");
    }
    let body = [("grant_type", "client_credentials"), ("client_id", &*id), ("client_secret", &*secret)];
    assert_eq!(wire.post(SSO, &[], &body).await.verdict(), "200 ok", "in the form");
}

/// Authorization header, what follows the grant in the form, and the verdict.
type AuthCase<'a> = (Option<String>, String, &'a str);

#[tokio::test]
async fn client_authentication_by_every_method() {
    let wire = Wire::frozen().await;
    let (id, secret) = credentials("msp");
    let right = || Some(basic(format!("{id}:{secret}")));
    let none = String::new;
    let in_form = |id: &str, secret: &str| format!("&client_id={id}&client_secret={secret}");
    let cases: [AuthCase<'_>; 19] = [
        (right(), none(), "200 ok"),
        (right().map(|header| header.replace("Basic", "bAsIc")), none(), "200 ok"),
        (None, in_form(&id, &secret), "200 ok"),
        (right(), in_form(&id, &secret), "200 ok"),
        (right(), format!("&client_id={id}"), "200 ok"),
        (right(), in_form("", ""), "200 ok"),
        (Some(basic(":")), in_form(&id, &secret), "200 ok"),
        (Some(basic(format!("{id}:"))), in_form(&id, &secret), "200 ok"),
        (Some(basic(format!("{id}:"))), format!("&client_secret={secret}"), "200 ok"),
        (None, none(), "401 invalid_client"),
        (None, in_form(&id, "wrong"), "401 invalid_client"),
        (None, in_form("nobody", &secret), "401 invalid_client"),
        (None, format!("&client_id={id}"), "401 invalid_client"),
        (None, format!("&client_secret={secret}"), "401 invalid_client"),
        (Some(basic(format!("{id}:wrong"))), none(), "401 invalid_client"),
        (Some("Basic !!!".to_owned()), in_form(&id, &secret), "401 invalid_client"),
        (Some("Bearer x".to_owned()), none(), "401 invalid_client"),
        (right(), in_form("nobody", &secret), "400 invalid_request"),
        (right(), in_form(&id, "wrong"), "400 invalid_request"),
    ];
    for path in [SSO, &issuer("msp")] {
        for (header, rest, verdict) in &cases {
            let headers: Vec<_> = header.iter().map(|header| ("authorization", header.as_str())).collect();
            let answer = wire
                .send(Method::POST, path, &[&[FORM][..], &headers].concat(), &format!("{GRANT}{rest}"))
                .await;
            let case = format!("{path} {header:?} {rest}");
            assert_eq!(answer.verdict(), *verdict, "{case}");
            assert_unstorable(&answer);
            // RFC 9110 §15.5.2 wants a challenge on every 401, whether the header was used or not.
            let challenge = verdict.starts_with("401").then_some(r#"Basic realm="greenlake""#);
            assert_eq!(answer.header("www-authenticate"), challenge, "{case}");
            if *verdict == "401 invalid_client" {
                let text = "Invalid client or client credentials.";
                assert_eq!(answer.json()["error_description"], text, "{case}");
            }
        }
    }
    let twice = [FORM, ("authorization", &basic(format!("{id}:{secret}"))), ("authorization", "Basic eDp5")];
    let answer = wire.send(Method::POST, SSO, &twice, GRANT).await;
    assert_eq!(answer.verdict(), "401 invalid_client", "two Authorization headers");
}

#[tokio::test]
async fn dialects_of_client_authentication() {
    let wire = Wire::frozen().await;
    let (id, secret) = credentials("msp");
    let header = basic(format!("{id}:{secret}"));
    let both = [("grant_type", "client_credentials"), ("client_id", &*id), ("client_secret", &*secret)];
    let verdict =
        async |form: &[(&str, &str)]| wire.post(SSO, &[("authorization", &header)], form).await.verdict();
    wire.dialect(&["client_auth_twice=reject"]);
    assert_eq!(verdict(&both).await, "400 invalid_request");
    assert_eq!(verdict(&both[..2]).await, "400 invalid_request", "the id alone is a second method too");
    assert_eq!(verdict(&both[..1]).await, "200 ok");
    assert_eq!(verdict(&[both[0], ("client_id", ""), ("client_secret", "")]).await, "200 ok");
    for (setting, challenged) in [("off", false), ("on", true), ("by_family", true)] {
        wire.dialect(&[&format!("www_authenticate={setting}")]);
        let answer = wire.post(SSO, &[("authorization", "Basic eDp5")], &both[..1]).await;
        assert_eq!(answer.verdict(), "401 invalid_client");
        assert_eq!(answer.header("www-authenticate").is_some(), challenged, "{setting}");
    }
}

#[tokio::test]
async fn forms_by_the_rules_of_rfc_6749() {
    let wire = Wire::frozen().await;
    let (id, secret) = credentials("msp");
    let auth = format!("client_id={id}&client_secret={secret}");
    let header = basic(format!("{id}:{secret}"));
    let plain = FORM.1;
    for (content_type, form, verdict) in [
        (plain, format!("{GRANT}&{auth}"), "200 ok"),
        ("application/x-www-form-urlencoded; charset=UTF-8", format!("{GRANT}&{auth}"), "200 ok"),
        ("Application/X-WWW-Form-URLEncoded;charset=utf-8", format!("{GRANT}&{auth}"), "200 ok"),
        ("", format!("{GRANT}&{auth}"), "200 ok"),
        ("application/json", format!("{GRANT}&{auth}"), "400 invalid_request"),
        ("multipart/form-data; boundary=x", format!("{GRANT}&{auth}"), "400 invalid_request"),
        ("text/plain", format!("{GRANT}&{auth}"), "400 invalid_request"),
        (plain, format!("{GRANT}&{auth}&scope=hpe-tenant"), "200 ok"),
        (plain, format!("{GRANT}&{auth}&scope="), "200 ok"),
        (plain, format!("{GRANT}&{auth}&x=1&x=2&colour=red&=&&"), "200 ok"),
        (plain, format!("grant_type=&{GRANT}&{auth}"), "200 ok"),
        (plain, format!("{GRANT}&client_id=&{auth}"), "200 ok"),
        (plain, format!("{GRANT}&{GRANT}&{auth}"), "400 invalid_request"),
        (plain, format!("{GRANT}&{auth}&client_id={id}"), "400 invalid_request"),
        (plain, format!("{GRANT}&{auth}&client_secret={secret}"), "400 invalid_request"),
        (plain, format!("{GRANT}&{auth}&scope=a&scope=b"), "400 invalid_request"),
        (plain, auth.clone(), "400 invalid_request"),
        (plain, format!("grant_type=&{auth}"), "400 invalid_request"),
        (plain, format!("grant_type&{auth}"), "400 invalid_request"),
        (plain, format!("grant_type=password&{auth}"), "400 unsupported_grant_type"),
        (plain, format!("grant_type=CLIENT_CREDENTIALS&{auth}"), "400 unsupported_grant_type"),
        (plain, String::new(), "400 invalid_request"),
        (plain, r#"{"grant_type":"client_credentials"}"#.to_owned(), "400 invalid_request"),
    ] {
        for path in [SSO, &issuer("msp")] {
            let kind: &[(&str, &str)] =
                if content_type.is_empty() { &[] } else { &[("content-type", content_type)] };
            let answer = wire.send(Method::POST, path, kind, &form).await;
            assert_eq!(answer.verdict(), verdict, "{path} {content_type} {form}");
            assert_unstorable(&answer);
        }
    }
    // What is in the query is no part of the form.
    let query = format!("{SSO}?{GRANT}&{auth}");
    assert_eq!(wire.send(Method::POST, &query, &[FORM], "").await.verdict(), "400 invalid_request");
    for method in ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"] {
        let method: Method = method.parse().unwrap();
        for path in [&query, &issuer("msp")] {
            let headers = [FORM, ("authorization", &header)];
            let answer = wire.send(method.clone(), path, &headers, GRANT).await;
            assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")), "{method} {path}");
            assert!(!answer.text.contains("access_token"), "{method}");
        }
    }
}

#[tokio::test]
async fn clients_of_another_workspace_or_service() {
    let wire = Wire::frozen().await;
    let refused = async |path: &str, client: &str| {
        let (id, secret) = credentials(client);
        let header = basic(format!("{id}:{secret}"));
        let form = [("grant_type", "client_credentials")];
        let verdict = wire.post(path, &[("authorization", &header)], &form).await.verdict();
        (verdict, wire.last_exchange().response.and_then(|response| response.refused).unwrap_or_default())
    };
    let other_workspace = |verdict: &str| (verdict.to_owned(), "client_of_other_workspace".to_owned());
    let other_service = |verdict: &str| (verdict.to_owned(), "client_of_other_service".to_owned());
    for (setting, verdict) in
        [("unauthorized_request", "401 unauthorized_request"), ("invalid_client", "401 invalid_client")]
    {
        wire.dialect(&[&format!("client_of_other_workspace={setting}")]);
        assert_eq!(refused(&issuer("standard"), "msp").await, other_workspace(verdict));
        assert_eq!(refused(&issuer("abc"), "msp").await, other_workspace(verdict), "a tenant's issuer");
        assert_eq!(refused(&issuer("msp"), "msp-central").await, other_service(verdict));
        assert_eq!(refused(&issuer("standard"), "standard-data").await, other_service(verdict));
    }
    for client in ["msp", "msp-central", "standard", "standard-central", "standard-data"] {
        assert_eq!(refused(SSO, client).await.0, "200 ok", "{client} at the SSO issuer");
    }
    assert_eq!(refused(SSO, "dedicated").await, ("401 invalid_client".to_owned(), "bad_client".to_owned()));
    assert_eq!(refused(&issuer("dedicated"), "dedicated").await.0, "200 ok");
    wire.dialect(&["mixed_services=lenient"]);
    assert_eq!(refused(&issuer("msp"), "msp-central").await.0, "200 ok");
}
