//! The exchange of an MSP token for a tenant's (`glp.md §3`), and every refusal in every dialect.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use greenroom_emulator::command::{Command, IssueToken, Reply, TokenRow};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::json;

use super::{assert_unstorable, keys, opened};
use crate::{
    dialects,
    wire::{
        ACCESS_TOKEN_TYPE, Answer, DEVICES, TENANTS, TOKEN_EXCHANGE, Wire, access_token, credentials,
        exchange_form, issuer, workspace_id,
    },
};

fn basic(client: &str) -> String {
    let (id, secret) = credentials(client);
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

fn path_of(id: &str) -> String {
    format!("/authorization/v2/oauth2/{id}/token")
}

/// Verdict, and the code under which the history knows the reason.
async fn told(wire: &Wire, answer: Answer) -> (String, String) {
    let response = wire.last_exchange().response.expect("an answer");
    assert_eq!(response.status, Some(answer.status));
    if answer.text.starts_with('{') && answer.json().get("error").is_some() {
        assert_unstorable(&answer);
    }
    (answer.verdict(), response.refused.unwrap_or_default())
}

/// Tries one exchange in each value of its dialect.
async fn in_dialects(wire: &Wire, dialect: &str, code: &str, subject: &str, path: &str) {
    for (value, verdict) in dialects::seen(dialect) {
        wire.dialect(&["live", &format!("{dialect}={value}")]);
        let answer = wire.post(path, &[], &exchange_form(subject)).await;
        let expected = if verdict.starts_with("200") { "" } else { code };
        let case = format!("{dialect}={value}");
        assert_eq!(told(wire, answer).await, ((*verdict).to_owned(), expected.to_owned()), "{case}");
    }
    wire.dialect(&["live"]);
}

#[tokio::test]
async fn an_exchange_answers_as_rfc_8693_says_and_its_token_acts_in_the_tenant() {
    let wire = Wire::frozen().await;
    let msp = wire.mint("msp").await;
    for tenant in TENANTS {
        // CUSTOMER_OWNED tenants are managed too.
        let answer = wire.try_exchange(&msp, tenant).await;
        assert_unstorable(&answer);
        let body = answer.json();
        assert_eq!(keys(&body), ["access_token", "issued_token_type", "token_type", "expires_in"]);
        assert_eq!(body["issued_token_type"], ACCESS_TOKEN_TYPE);
        assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(899)));
        let token = access_token(&answer);
        let own = format!("/workspaces/v1/workspaces/{}", workspace_id(tenant));
        assert_eq!(wire.get(&own, &token).await.json()["id"], json!(workspace_id(tenant).to_string()));
        assert_eq!(opened(&token)[1]["hpe_workspace_id"], json!(workspace_id(tenant).plain()));
    }
}

#[tokio::test]
async fn the_list_of_tokens_shows_the_lineage() {
    let wire = Wire::frozen().await;
    let first = wire.mint("msp").await;
    let second = wire.mint("msp").await;
    wire.exchange(&second, "abc").await;
    wire.exchange(&first, "abc").await;
    let Ok(Reply::Tokens(list)) = wire.emulator.run(Command::Tokens) else { panic!("no tokens") };
    let row = |row: &TokenRow| {
        (row.view.symbol.clone(), row.client.clone(), row.workspace.clone(), row.parent.clone())
    };
    let rows: Vec<_> = list.tokens.iter().map(row).collect();
    let text = |text: &str| text.to_owned();
    assert_eq!(
        rows,
        [
            (text("msp#1"), text("msp"), text("msp"), None),
            (text("msp#2"), text("msp"), text("msp"), None),
            (text("abc#1"), text("msp"), text("abc"), Some(text("msp#2"))),
            (text("abc#2"), text("msp"), text("abc"), Some(text("msp#1"))),
        ]
    );
}

#[tokio::test]
async fn client_authentication_is_optional_but_never_wrong() {
    let wire = Wire::frozen().await;
    let msp = wire.mint("msp").await;
    let (id, secret) = credentials("msp");
    let (other, other_secret) = credentials("standard");
    let wrong = format!("Basic {}", STANDARD.encode(format!("{id}:wrong")));
    let (ours, theirs) = (basic("msp"), basic("standard"));
    let (own, sibling) = (&ours[..], basic("msp-central"));
    let id_alone = format!("Basic {}", STANDARD.encode(format!("{id}:")));
    let (good, bad, forged) = ("200 ok", "401 invalid_client", "400 invalid_request");
    // Header, further parameters, and the verdict under `optional`, `required` and `forbidden`.
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], [&'a str; 3]);
    let cases: [Case<'_>; 12] = [
        ("", &[], [good, bad, good]),
        (own, &[], [good, good, bad]),
        ("", &[("client_id", &id), ("client_secret", &secret)], [good, good, bad]),
        ("", &[("client_id", &id)], [good, bad, good]),
        (&id_alone, &[], [good, bad, good]),
        (own, &[("client_id", &id)], [good, good, bad]),
        (&wrong, &[], [bad; 3]),
        ("", &[("client_id", &other)], [bad; 3]),
        ("", &[("client_id", "nobody")], [bad; 3]),
        (&theirs, &[], [bad; 3]),
        (&sibling, &[], [bad; 3]),
        (own, &[("client_id", &other), ("client_secret", &other_secret)], [forged; 3]),
    ];
    for (setting, value) in ["optional", "required", "forbidden"].iter().enumerate() {
        wire.dialect(&[&format!("exchange_client_auth={value}")]);
        for (header, more, verdicts) in &cases {
            let headers: &[(&str, &str)] =
                if header.is_empty() { &[] } else { &[("authorization", *header)] };
            let form = [&exchange_form(&msp)[..], more].concat();
            let answer = wire.post(&issuer("abc"), headers, &form).await;
            let case = format!("{value} {header} {more:?}");
            assert_eq!(answer.verdict(), verdicts[setting], "{case}");
            let challenge = (verdicts[setting] == bad).then_some(r#"Basic realm="greenlake""#);
            assert_eq!(answer.header("www-authenticate"), challenge, "{case}");
        }
    }
}

#[tokio::test]
async fn an_expired_or_revoked_subject_in_every_dialect() {
    let wire = Wire::frozen().await;
    let msp = wire.mint("msp").await;
    wire.emulator.clock().advance(SignedDuration::from_millis(899_999)).unwrap();
    assert_eq!(wire.try_exchange(&msp, "abc").await.verdict(), "200 ok", "until the very end");
    wire.emulator.clock().advance(SignedDuration::from_millis(1)).unwrap();
    in_dialects(&wire, "exchange_expired", "expired", &msp, &issuer("abc")).await;
    // A fresh token that a newer one replaces is a revoked one.
    let replaced = wire.mint("msp").await;
    wire.dialect(&["rotate_on_issue=newest_only"]);
    wire.mint("msp").await;
    in_dialects(&wire, "exchange_expired", "revoked", &replaced, &issuer("abc")).await;
    let wish = IssueToken { client: "msp".into(), expired: true, ..IssueToken::default() };
    let Ok(Reply::Issued(stillborn)) = wire.emulator.run(Command::IssueToken(wish)) else {
        panic!("no token")
    };
    let answer = wire.try_exchange(&stillborn.access_token, "abc").await;
    assert_eq!(told(&wire, answer).await.1, "expired");
}

#[tokio::test]
async fn a_subject_that_is_no_token_of_ours() {
    let wire = Wire::frozen().await;
    let msp = wire.mint("msp").await;
    let (head, signature) = msp.rsplit_once('.').unwrap();
    let (header, payload) = head.split_once('.').unwrap();
    let flipped = if signature.ends_with('A') { 'Q' } else { 'A' };
    let other_payload = wire.mint("standard").await.split('.').nth(1).unwrap().to_owned();
    let elsewhere = Wire::frozen().await;
    let alien = elsewhere.mint("msp").await;
    let alien = format!("{alien}{}", if alien == msp { "x" } else { "" });
    for subject in [
        "garbage",
        "null",
        "a.b.c",
        &format!("{header}.{payload}."),
        &format!("{header}.{payload}.{}{flipped}", &signature[..signature.len() - 1]),
        &format!("{header}.{other_payload}.{signature}"),
        &format!("{msp} "),
        &msp.to_uppercase(),
        &alien,
    ] {
        in_dialects(&wire, "exchange_garbage_subject", "unknown_token", subject, &issuer("abc")).await;
    }
    assert_eq!(wire.try_exchange(&msp, "abc").await.verdict(), "200 ok", "the genuine one still works");
}

#[tokio::test]
async fn subjects_and_targets_that_do_not_fit_in_every_dialect() {
    let wire = Wire::frozen().await;
    let msp = wire.mint("msp").await;
    let tenant = wire.exchange(&msp, "abc").await;
    let standard = wire.mint("standard").await;
    for (subject, target) in [
        (&msp, "standard"),
        (&tenant, "abc"),
        (&tenant, "example"),
        (&tenant, "msp"),
        (&standard, "abc"),
        (&standard, "standard"),
    ] {
        in_dialects(&wire, "exchange_foreign_tenant", "foreign", subject, &issuer(target)).await;
    }
    let sso = wire.mint_sso("msp").await;
    in_dialects(&wire, "exchange_sso_subject", "sso_subject", &sso, &issuer("abc")).await;
    in_dialects(&wire, "exchange_own_workspace", "own_workspace", &msp, &issuer("msp")).await;
    let at = issuer("dedicated");
    let dialect = "exchange_on_dedicated_platform";
    in_dialects(&wire, dialect, "dedicated_platform", &msp, &at).await;
    let keeper = wire.mint("dedicated").await;
    in_dialects(&wire, dialect, "dedicated_platform", &keeper, &at).await;
    in_dialects(&wire, "exchange_foreign_tenant", "foreign", &keeper, &issuer("abc")).await;
}

#[tokio::test]
async fn ids_in_the_url_of_an_issuer() {
    let wire = Wire::frozen().await;
    let msp = wire.mint("msp").await;
    let form = exchange_form(&msp);
    let (plain, dashed) = (workspace_id("abc").plain(), workspace_id("abc").to_string());
    for id in [&plain, &dashed, &plain.to_uppercase(), &dashed.to_uppercase()] {
        assert_eq!(wire.post(&path_of(id), &[], &form).await.verdict(), "200 ok", "{id}");
    }
    in_dialects(&wire, "issuer_hyphens", "hyphens", &msp, &path_of(&dashed)).await;
    wire.dialect(&["issuer_hyphens=reject"]);
    assert_eq!(wire.post(&path_of(&plain), &[], &form).await.verdict(), "200 ok");
    let nobody = "7c1de0a25b3f11ee86a19d42f7b35e60";
    for id in [nobody, "x", "", &plain[1..], &format!("{plain}0"), "%00", "%F0%9F"] {
        in_dialects(&wire, "issuer_unknown_workspace", "unknown_workspace", &msp, &path_of(id)).await;
    }
    let mint = [("grant_type", "client_credentials")];
    let answer = wire.post(&path_of(nobody), &[("authorization", &basic("msp"))], &mint).await;
    assert_eq!(told(&wire, answer).await, ("403 html".to_owned(), "unknown_workspace".to_owned()));
}

#[tokio::test]
async fn forms_of_an_exchange() {
    let wire = Wire::frozen().await;
    let msp = wire.mint("msp").await;
    let [grant, subject, kind] = exchange_form(&msp);
    let (good, bad) = ("200 ok", "400 invalid_request");
    for (form, verdict) in [
        (&[grant, subject, kind][..], good),
        (&[grant, subject, kind, ("requested_token_type", ACCESS_TOKEN_TYPE)], good),
        (&[grant, subject, kind, ("scope", "x"), ("resource", "a"), ("resource", "b")], good),
        (&[grant, subject, kind, ("audience", "a"), ("audience", "b"), ("colour", "red")], good),
        (&[grant, kind], bad),
        (&[grant, ("subject_token", ""), kind], bad),
        (&[grant, subject], bad),
        (&[grant, subject, ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt")], bad),
        (&[grant, subject, kind, ("requested_token_type", "urn:ietf:params:oauth:token-type:jwt")], bad),
        (&[grant, subject, subject, kind], bad),
        (&[grant, grant, subject, kind], bad),
        (
            &[("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), subject, kind],
            "400 unsupported_grant_type",
        ),
    ] {
        assert_eq!(wire.post(&issuer("abc"), &[], form).await.verdict(), verdict, "{form:?}");
    }
    // The colons of the URNs raw, as curl sends them.
    let raw =
        format!("grant_type={TOKEN_EXCHANGE}&subject_token={msp}&subject_token_type={ACCESS_TOKEN_TYPE}");
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    assert_eq!(wire.send(Method::POST, &issuer("abc"), &kind, &raw).await.verdict(), good);
    let at_sso =
        wire.post("/as/token.oauth2", &[("authorization", &basic("msp"))], &exchange_form(&msp)).await;
    assert_eq!(at_sso.verdict(), "400 unsupported_grant_type", "the SSO issuer knows no exchange");
}

#[tokio::test]
async fn a_tenant_token_has_its_own_life_or_that_of_its_parent() {
    for (setting, life) in [("own", 900), ("capped", 300)] {
        let wire = Wire::frozen().await;
        wire.dialect(&[&format!("tenant_life={setting}")]);
        let msp = wire.mint("msp").await;
        wire.emulator.clock().advance(SignedDuration::from_mins(10)).unwrap();
        let answer = wire.try_exchange(&msp, "abc").await;
        assert_eq!(answer.json()["expires_in"], life - 1, "{setting}");
        let token = access_token(&answer);
        let claims = &opened(&token)[1];
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), life);
        wire.emulator.clock().advance(SignedDuration::from_secs(life - 1)).unwrap();
        assert_eq!(wire.get(DEVICES, &token).await.status, 200, "{setting}");
        wire.emulator.clock().advance(SignedDuration::from_secs(1)).unwrap();
        assert_eq!(wire.get(DEVICES, &token).await.status, 401, "{setting}");
    }
}
