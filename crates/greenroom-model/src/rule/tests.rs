use super::*;
use crate::{
    call::OpKind,
    history::{Decision as Decided, Headers, Request, Response, TokenView},
};

fn request(op: OpKind, path: &str) -> Request {
    let mut headers = Headers::with_room(32);
    headers.push("accept", "application/json");
    Request {
        connection: 1,
        phase: Some("hit".to_owned()),
        op,
        route: None,
        http: "1.1".into(),
        tls: false,
        host: "h".into(),
        method: "GET".into(),
        path: path.into(),
        query: "limit=5&filter=a%20eq%20b".to_owned(),
        headers,
        auth: None,
        form: [("scope".to_owned(), "x".to_owned())].into(),
        workspace: None,
        client: Some("msp".to_owned()),
        token: Some(view("abc#2")),
        subject: None,
        actor: Some("abc".to_owned()),
        body: None,
    }
}

fn view(symbol: &str) -> TokenView {
    TokenView { symbol: symbol.to_owned(), kind: None, standing: None, age: None, remaining: None }
}

fn response(status: u16, refused: Option<&str>) -> Response {
    Response {
        request: 1,
        handled: None,
        status: Some(status),
        decision: Decided::Refused,
        refused: refused.map(str::to_owned),
        why: None,
        issued: None,
        applied: vec!["slow".to_owned()],
        changes: Vec::new(),
    }
}

fn rule(json: &str) -> Rule {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{json}: {error}"))
}

fn fired(rules: &mut Rules, at: At, request: &Request) -> Option<String> {
    rules.decide(at, request, Some(&response(401, Some("expired")))).map(|decision| decision.rule)
}

#[test]
fn each_field_selects() {
    let request = request(OpKind::Api, "/devices/v1/devices/x");
    for (when, expected) in [
        ("{}", true),
        (r#"{"op":"api"}"#, true),
        (r#"{"op":["mint","api"]}"#, true),
        (r#"{"op":"mint"}"#, false),
        (r#"{"phase":"hit"}"#, true),
        (r#"{"phase":"warm"}"#, false),
        (r#"{"token":"abc#*"}"#, true),
        (r#"{"token":["x","abc#2"]}"#, true),
        (r#"{"token":"abc#1"}"#, false),
        (r#"{"subject":"*"}"#, false),
        (r#"{"actor":"abc"}"#, true),
        (r#"{"workspace":"abc"}"#, true),
        (r#"{"workspace":"msp"}"#, false),
        (r#"{"client":"ms*"}"#, true),
        (r#"{"auth":"none"}"#, false),
        (r#"{"host":"h"}"#, true),
        (r#"{"method":["POST","GET"]}"#, true),
        (r#"{"path":"/devices/*/x"}"#, true),
        (r#"{"path":"/devices"}"#, false),
        (r#"{"query":"*limit=5*"}"#, true),
        (r#"{"query.limit":5}"#, true),
        (r#"{"query.limit":6}"#, false),
        (r#"{"query.filter":"a eq b"}"#, true),
        (r#"{"query.offset":"*"}"#, false),
        (r#"{"header.Accept":"*json"}"#, true),
        (r#"{"header.accept":"text/*"}"#, false),
        (r#"{"form.scope":"x"}"#, true),
        (r#"{"form.scope":"y"}"#, false),
        (r#"{"status":401}"#, true),
        (r#"{"status":[200,401]}"#, true),
        (r#"{"status":200}"#, false),
        (r#"{"refused":"exp*"}"#, true),
        (r#"{"applied":"slow"}"#, true),
        (r#"{"fired":"fast"}"#, false),
    ] {
        let selector: Selector = serde_json::from_str(when).unwrap_or_else(|error| panic!("{when}: {error}"));
        let exchange = crate::history::Exchange {
            n: 1,
            at: jiff::Timestamp::UNIX_EPOCH,
            request: request.clone(),
            response: Some(response(401, Some("expired"))),
        };
        assert_eq!(selector.matches(&exchange), expected, "{when}");
        // What is written is read back.
        let written = serde_json::to_string(&selector).unwrap();
        assert_eq!(serde_json::from_str::<Selector>(&written).unwrap(), selector, "{written}");
    }
}

#[test]
fn the_nth_match_fires_and_no_other() {
    let mut rules = Rules::default();
    rules.add(rule(r#"{"when":{"op":"api","path":"/devices/*","nth":2},"do":[{"advance":"16m"}]}"#)).unwrap();
    let fired = [
        (OpKind::Api, "/devices/v1/devices"),
        (OpKind::Mint, "/devices/v1/devices"),
        (OpKind::Api, "/other"),
        (OpKind::Api, "/devices/v1/devices/x"),
        (OpKind::Api, "/devices/v1/devices"),
    ]
    .map(|(op, path)| fired(&mut rules, At::Request, &request(op, path)).is_some());
    assert_eq!(fired, [false, false, false, true, false]);
    assert_eq!((rules.list()[0].matched, rules.list()[0].fired), (3, 1));
}

#[test]
fn the_first_rule_with_firings_left_acts_at_its_point() {
    let mut rules = Rules::default();
    for text in [
        r#"{"id":"once","when":{},"do":[{"advance":"1m"}],"once":true}"#,
        r#"{"id":"twice","when":{},"do":[{"close":{}}],"times":2}"#,
        r#"{"id":"after","when":{"at":"response","status":401},"do":[{"reset":{}}]}"#,
        r#"{"id":"spoil","when":{"at":"response"},"do":[{"bad_json":{}}]}"#,
        r#"{"id":"always","when":{},"do":[{"delay":"1s"}]}"#,
    ] {
        rules.add(rule(text)).unwrap();
    }
    let request = request(OpKind::Api, "/x");
    let seen: Vec<_> = (0..4).filter_map(|_| fired(&mut rules, At::Request, &request)).collect();
    assert_eq!(seen, ["once", "twice", "twice", "always"]);
    assert_eq!(fired(&mut rules, At::Response, &request).as_deref(), Some("after"));
    assert_eq!(rules.decide(At::Response, &request, None).unwrap().rule, "spoil");
    assert_eq!(fired(&mut rules, At::Connect, &request), None);
    assert!(rules.remove("twice") && !rules.remove("twice"));
    assert_eq!(rules.list().len(), 4);
}

#[test]
fn a_connection_is_known_by_its_host_alone() {
    let mut rules = Rules::default();
    for text in [
        r#"{"id":"request","when":{"host":"a.example"},"do":[{"close":{}}]}"#,
        r#"{"id":"second","when":{"at":"connect","host":"*.example","nth":2},"do":[{"reset":{}},{"advance":"1m"}]}"#,
        r#"{"id":"any","when":{"at":"connect"},"do":[{"bad_certificate":"expired"}],"once":true}"#,
    ] {
        rules.add(rule(text)).unwrap();
    }
    let hosts = [Some("a.example"), Some("b.test"), Some("b.example"), None, Some("c.example")];
    let fired = hosts.map(|host| rules.decide_connection(host).map(|ruling| ruling.rule));
    assert_eq!(fired, [Some("any".to_owned()), None, Some("second".to_owned()), None, None]);
    assert_eq!(rules.list().iter().map(|armed| armed.matched).collect::<Vec<_>>(), [0, 3, 5]);
}

#[test]
fn what_is_decided_is_in_the_order_written_and_one_thing_on_the_wire() {
    let mut rules = Rules::default();
    rules
        .add(rule(
            r#"{"when":{},"do":[{"revoke":"presented"},{"reply":{"status":429}},{"advance_after_reply":"16m"},{"expire":"acme#1"}]}"#,
        ))
        .unwrap();
    let decision = rules.decide(At::Request, &request(OpKind::Api, "/x"), None).unwrap();
    assert_eq!(decision.rule, "rule-1");
    let expected: Vec<Effect> =
        serde_json::from_str(r#"[{"revoke":"presented"},{"advance_after_reply":"16m"},{"expire":"acme#1"}]"#)
            .unwrap();
    assert_eq!(decision.effects, expected);
    assert_eq!(decision.effects[0], Effect::Revoke(Tokens::Presented(Presented::Presented)));
    assert!(matches!(decision.wire, Some(Wire::Reply(Reply { status: 429, .. }))));
}

#[test]
fn rules_that_cannot_be_are_refused_with_field_and_reason() {
    for (text, expected) in [
        (r#"{"when":{},"do":[]}"#, "do: the rule does nothing"),
        (r#"{"id":"","when":{},"do":[{"close":{}}]}"#, "id: a name has"),
        (r#"{"when":{},"do":[{"close":{}}],"times":3,"once":true}"#, "once: says the same"),
        (r#"{"when":{"status":200},"do":[{"advance":"1m"}]}"#, "when.status: not known before"),
        (r#"{"when":{"refused":"x","at":"request"},"do":[{"close":{}}]}"#, "when.refused: not known before"),
        (r#"{"when":{"at":"connect","path":"/x"},"do":[{"close":{}}]}"#, "when: before there is a request"),
        (r#"{"when":{"at":"connect"},"do":[{"reply":{"status":500}}]}"#, "do[0].reply: needs a request"),
        (r#"{"when":{"at":"connect"},"do":[{"revoke":"a#1"}]}"#, "do[0]: before there is a request only"),
        (r#"{"when":{},"do":[{"close":{}},{"reset":{}}]}"#, "do[1]: close happens on the wire already"),
        (r#"{"when":{"at":"request"},"do":[{"bad_json":{}}]}"#, "do[0].bad_json: spoils an answer"),
        (r#"{"when":{},"do":[{"bad_certificate":"expired"}]}"#, "do[0].bad_certificate: happens before"),
        (r#"{"when":{},"do":[{"reply":{"status":99}}]}"#, "do[0].reply: status 99"),
        (r#"{"when":{},"do":[{"redirect":{"status":200,"to":"/"}}]}"#, "do[0].redirect: status 200"),
        (
            r#"{"when":{},"do":[{"redirect":{"status":302,"to":"/a\nb"}}]}"#,
            "do[0].redirect: to: \"/a\\nb\" cannot",
        ),
        (
            r#"{"when":{},"do":[{"wrong_content_type":"é"}]}"#,
            "do[0].wrong_content_type: the type: \"é\" cannot",
        ),
        (
            r#"{"when":{},"do":[{"reply":{"status":500,"body":{},"text":"x"}}]}"#,
            "do[0].reply: body and text are two bodies",
        ),
        (
            r#"{"when":{},"do":[{"reply":{"status":429,"body":"too-many-request"}}]}"#,
            "do[0].reply: there is no documented body \"too-many-request\", did you mean \"too-many-requests\"?",
        ),
        (
            r#"{"when":{},"do":[{"reply":{"status":204,"text":"x"}}]}"#,
            "do[0].reply: an answer 204 has no body",
        ),
        (
            r#"{"when":{},"do":[{"reply":{"status":304,"body":{}}}]}"#,
            "do[0].reply: an answer 304 has no body",
        ),
        (
            r#"{"when":{},"do":[{"reply":{"status":500,"headers":{"a b":"x"}}}]}"#,
            "do[0].reply: \"a b\" is no name of a header",
        ),
        (
            r#"{"when":{},"do":[{"reply":{"status":500,"headers":{"x-a":"\u0000"}}}]}"#,
            "do[0].reply: x-a: \"\\0\" cannot stand in a header",
        ),
        (
            r#"{"when":{},"do":[{"reply":{"status":500,"headers":{"Content-Length":"9"}}}]}"#,
            "do[0].reply: Content-Length: the body has the length it has",
        ),
        (
            r#"{"when":{},"do":[{"reply":{"status":500,"headers":{"connection":"close"}}}]}"#,
            "do[0].reply: connection: it belongs to the connection",
        ),
        (r#"{"when":{},"do":[{"goaway":{"code":11}}]}"#, "do[0].goaway: a farewell has code 0"),
        (
            r#"{"when":{},"do":[{"goaway":{"last_stream":2147483648}}]}"#,
            "do[0].goaway: last_stream is a number up to 2147483647",
        ),
        (r#"{"when":{},"do":[{"edit_json":{}}]}"#, "do[0].edit_json: says nothing"),
        (
            r#"{"when":{},"do":[{"edit_json":{"remove":["total"]}}]}"#,
            "do[0].edit_json: \"total\" is no JSON pointer",
        ),
        (r#"{"when":{"op":"api","subject":"a#1"},"do":[{"close":{}}]}"#, "when.subject: this never matches"),
        (r#"{"when":{"op":["mint"],"token":"a#1"},"do":[{"close":{}}]}"#, "when.token: this never matches"),
        (r#"{"when":{"op":"api","form.scope":"x"},"do":[{"close":{}}]}"#, "when.form: this never matches"),
        (r#"{"when":{"path":"devices"},"do":[{"close":{}}]}"#, "when.path: this never matches"),
        (r#"{"when":{},"gate":{"open_when":[],"limit":"5s"}}"#, "gate.open_when: say what opens it"),
        (
            r#"{"when":{},"gate":{"open_when":[{"quiet":"100ms"}],"limit":"5s"}}"#,
            "gate.open_when[0]: quiet shorter",
        ),
        (r#"{"when":{},"gate":{"open_when":[{"waiting":2}],"limit":"0s"}}"#, "gate.limit: nobody would wait"),
    ] {
        let error = Rules::default().add(rule(text)).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text}: {error}");
    }
}

#[test]
fn what_is_no_rule_is_not_read() {
    for (text, expected) in [
        (r#"{"when":{"opp":"api"},"do":[{"close":{}}]}"#, "there is no field \"opp\", did you mean \"op\"?"),
        (r#"{"when":{"op":"apii"},"do":[{"close":{}}]}"#, "op: unknown operation"),
        (r#"{"when":{"nth":0},"do":[{"close":{}}]}"#, "nth: a whole number from 1 on"),
        (r#"{"when":{"status":"many"},"do":[{"close":{}}]}"#, "status: "),
        (r#"{"when":{"token":[]},"do":[{"close":{}}]}"#, "token: an empty list"),
        (r#"{"when":{},"do":[{"advance":"-1m"}]}"#, "is not a duration"),
        (r#"{"when":{},"do":[{"hang":{}}]}"#, "invalid type"),
        (r#"{"when":{},"do":[{"half_body":{"bytes":5}}]}"#, "missing field `then`"),
        (r#"{"when":{},"gate":{"open_when":[{"waiting":2}]}}"#, "missing field `limit`"),
        (r#"{"when":{},"do":[{"clos":{}}]}"#, "there is no action \"clos\", did you mean \"close\"?"),
        (r#"{"when":{},"do":[{"close":{},"reset":{}}]}"#, "\"reset\" is a second action"),
        (
            r#"{"when":{},"gate":{"open_when":[{"waiting":2}],"limit":"5s","then":[{"close":{}}]}}"#,
            "unknown variant `close`",
        ),
    ] {
        let error = serde_json::from_str::<Rule>(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn rules_are_bounded_and_their_names_are_their_own() {
    let mut rules = Rules::default();
    rules.add(rule(r#"{"id":"a","when":{},"do":[{"close":{}}]}"#)).unwrap();
    let twice = rules.add(rule(r#"{"id":"a","when":{},"do":[{"close":{}}]}"#)).unwrap_err();
    assert_eq!(twice.to_string(), "id: there is a rule named \"a\" already");
    let any = || rule(r#"{"when":{},"do":[{"close":{}}]}"#);
    while rules.list().len() < 1_000 {
        rules.add(any()).unwrap();
    }
    assert!(rules.add(any()).unwrap_err().reason.contains("1000 rules already"));
    rules.clear();
    assert!(rules.list().is_empty());
}
