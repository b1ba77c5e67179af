//! Every field of a selector means the requests that it says, for rules and for histories alike.

use greenroom_model::rule::Selector;
use reqwest::Method;

use super::with_rules;
use crate::wire::{DEVICES, INVENTORY, Wire, credentials, issuer};

/// What a client does, each request with the letter that it is known by here:
/// `a` mint by form, `b` mint by Basic, `c` exchange to abc, `d` GLP devices with the MSP's token, `e` Central's
/// inventory with abc's, `f` the same with a token of nobody's, `g` the key set, `h` the same with the MSP's, which nobody asks for.
async fn script(wire: &Wire) {
    wire.begin_phase("sign-in");
    let msp = wire.mint("msp").await;
    let (id, secret) = credentials("msp");
    let basic = reqwest::Client::builder().no_proxy().build().unwrap();
    let form = "grant_type=client_credentials";
    let mint = basic
        .post(wire.url(&issuer("msp")))
        .basic_auth(id, Some(secret))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form);
    assert_eq!(mint.send().await.unwrap().status(), 200);
    let abc = wire.exchange(&msp, "abc").await;
    wire.begin_phase("calls");
    wire.get(DEVICES, &msp).await;
    let headers = [
        ("authorization", &*format!("Bearer {abc}")),
        ("host", "us5.api.central.arubanetworks.com"),
        ("x-trace", "one"),
    ];
    let central = wire.send(Method::GET, &format!("{INVENTORY}?limit=5&next=1"), &headers, "").await;
    assert_eq!(central.status, 200, "{central:?}");
    wire.get(INVENTORY, "nobody's").await;
    let sso = ("host", "sso.common.cloud.hpe.com");
    wire.send(Method::GET, "/.well-known/jwks.json", &[sso], "").await;
    let bearer = format!("Bearer {msp}");
    wire.send(Method::GET, "/pf/JWKS", &[sso, ("authorization", &bearer)], "").await;
}

/// Which of the requests a rule fired on.
fn marked(wire: &Wire) -> String {
    let exchanges = wire.emulator.history().exchanges();
    let letter = |(nth, _): (usize, _)| char::from(b'a' + u8::try_from(nth).unwrap());
    let marked = |exchange: &&greenroom_model::history::Exchange| {
        exchange.response.as_ref().unwrap().applied == ["mark"]
    };
    exchanges.iter().enumerate().filter(|(_, exchange)| marked(exchange)).map(letter).collect()
}

#[tokio::test]
async fn every_field_selects() {
    for (when, expected) in [
        (r#"{}"#, "abcdefgh"),
        (r#"{"op":"mint"}"#, "ab"),
        (r#"{"op":["exchange","jwks"]}"#, "cgh"),
        (r#"{"op":"api","kind":"workspace"}"#, "d"),
        (r#"{"kind":"tenant"}"#, "e"),
        (r#"{"kind":"workspace","op":"exchange"}"#, "c"),
        (r#"{"phase":"sign-in"}"#, "abc"),
        (r#"{"phase":"call*"}"#, "defgh"),
        (r#"{"token":"msp#1"}"#, "dh"),
        (r#"{"token":["msp#9","abc#1"]}"#, "e"),
        (r#"{"token":"*#1"}"#, "deh"),
        (r#"{"subject":"msp#1"}"#, "c"),
        (r#"{"actor":"abc"}"#, "e"),
        (r#"{"workspace":"abc"}"#, "ce"),
        (r#"{"workspace":"msp","op":"mint"}"#, "ab"),
        (r#"{"client":"msp"}"#, "ab"),
        (r#"{"auth":"basic"}"#, "b"),
        (r#"{"auth":"body"}"#, "a"),
        (r#"{"auth":"none"}"#, "c"),
        (r#"{"host":"us5.*"}"#, "e"),
        (r#"{"method":"POST"}"#, "abc"),
        (r#"{"path":"/devices/*"}"#, "d"),
        (r#"{"path":"*inventory"}"#, "ef"),
        (r#"{"op":"jwks","token":"msp#1"}"#, "h"),
        (r#"{"op":["jwks","other"],"kind":"workspace","actor":"msp"}"#, "h"),
        (r#"{"query":"limit=5&next=1"}"#, "e"),
        (r#"{"query.limit":"5"}"#, "e"),
        (r#"{"query.limit":["4","6"]}"#, ""),
        (r#"{"header.x-trace":"one"}"#, "e"),
        (r#"{"header.X-Trace":"o*"}"#, "e"),
        (r#"{"form.grant_type":"client_credentials"}"#, "ab"),
        (r#"{"status":401,"at":"response"}"#, "f"),
        (r#"{"status":[401,404],"op":"api","at":"response"}"#, "f"),
        (r#"{"refused":"unknown_token","at":"response"}"#, "f"),
        (r#"{"op":"api","nth":2}"#, "e"),
        (r#"{"op":"api","nth":2,"at":"response"}"#, "e"),
        (r#"{"applied":"nothing","at":"response"}"#, ""),
        (r#"{"fired":"nothing","at":"response"}"#, ""),
    ] {
        let wire =
            with_rules(&[&format!(r#"{{"id":"mark","when":{when},"do":[{{"advance":"1s"}}]}}"#)]).await;
        script(&wire).await;
        assert_eq!(marked(&wire), expected, "{when}");
        // A history selects the same, but for nth and at, which are a rule's.
        let mut fields: serde_json::Value = serde_json::from_str(when).unwrap();
        let of_a_rule = ["nth", "at"].map(|field| fields.as_object_mut().unwrap().remove(field));
        if of_a_rule[0].is_none() {
            let selector: Selector = serde_json::from_value(fields).unwrap();
            assert_eq!(wire.emulator.history().count(&selector), expected.len(), "{when}");
        }
        wire.emulator.stop().await.unwrap();
    }
}

#[tokio::test]
async fn the_rules_that_fired_select_afterwards() {
    let wire = with_rules(&[
        r#"{"id":"first","when":{"op":"mint"},"do":[{"advance":"1s"}]}"#,
        r#"{"id":"second","when":{"op":"mint","applied":"first","at":"response"},"do":[{"wrong_content_type":"text/x"}]}"#,
    ])
    .await;
    let (id, secret) = credentials("msp");
    let form = [("grant_type", "client_credentials"), ("client_id", &*id), ("client_secret", &*secret)];
    let answer = wire.post(&issuer("msp"), &[], &form).await;
    assert_eq!(answer.header("content-type"), Some("text/x"));
    let both = |field: &str| {
        let selector = serde_json::from_str::<Selector>(&format!(r#"{{"{field}":"second"}}"#)).unwrap();
        wire.emulator.history().count(&selector)
    };
    assert_eq!((both("applied"), both("fired")), (1, 1));
    assert_eq!(wire.last_exchange().response.unwrap().applied, ["first", "second"]);
}

#[tokio::test]
async fn times_and_order_of_rules() {
    let wire = with_rules(&[
        r#"{"id":"once","when":{"op":"api"},"do":[{"reply":{"status":500}}],"once":true}"#,
        r#"{"id":"twice","when":{"op":"api"},"do":[{"reply":{"status":502}}],"times":2}"#,
        r#"{"id":"fifth","when":{"op":"api","nth":5},"do":[{"reply":{"status":503}}]}"#,
    ])
    .await;
    let token = wire.mint("msp").await;
    let mut seen = Vec::new();
    for _ in 0..6 {
        seen.push(wire.get(DEVICES, &token).await.status);
    }
    assert_eq!(seen, [500, 502, 502, 200, 503, 200]);
}

#[tokio::test]
async fn rules_look_at_all_of_a_long_text_and_a_history_keeps_its_beginning() {
    let long = "x".repeat(5_000);
    let end = |before: &str| format!("{before}{long}-end");
    for when in [
        r#"{"op":"mint","workspace":"*-end"}"#,
        r#"{"op":"mint","client":"*-end"}"#,
        r#"{"op":"mint","form.scope":"*-end"}"#,
        r#"{"op":"api","path":"*-end"}"#,
        r#"{"op":"api","query":"*&offset=50"}"#,
        r#"{"op":"api","query.offset":"50"}"#,
        r#"{"op":"api","header.x-trace":"*-end"}"#,
    ] {
        let wire =
            with_rules(&[&format!(r#"{{"id":"mark","when":{when},"do":[{{"advance":"1s"}}]}}"#)]).await;
        let form =
            [("grant_type", "client_credentials"), ("client_id", &*end("me")), ("scope", &*end("all"))];
        wire.post(&format!("/authorization/v2/oauth2/{}/token", end("w")), &[], &form).await;
        let path = format!("{DEVICES}/{}?filter={long}&offset=50", end("d"));
        wire.send(Method::GET, &path, &[("x-trace", &end("one"))], "").await;
        assert_eq!(marked(&wire), if when.contains("mint") { "a" } else { "b" }, "{when}");
        for exchange in wire.emulator.history().exchanges() {
            let text = serde_json::to_string(&exchange.request).unwrap();
            assert!(!text.contains("-end") && !text.contains("offset"), "{text}");
            assert!(text.contains("xxx…") && !text.contains(&"x".repeat(513)), "{text}");
        }
        wire.emulator.stop().await.unwrap();
    }
}
