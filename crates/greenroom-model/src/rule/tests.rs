use super::*;
use crate::{
    call::OpKind,
    history::{Decision as Decided, Headers, Request, Response, TokenView},
};

fn request(op: OpKind, path: &str) -> Request {
    let mut headers = Headers::with_room(32);
    headers.push("accept", "application/json");
    Request {
        phase: Some("hit".to_owned()),
        host: "h".into(),
        query: "limit=5&filter=a%20eq%20b".to_owned(),
        headers,
        form: [("scope".to_owned(), "x".to_owned())].into(),
        client: Some("msp".to_owned()),
        token: Some(view("abc#2")),
        actor: Some("abc".to_owned()),
        ..Request::of(op, path)
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
fn nth_counts_from_the_beginning_of_its_phase() {
    let mut rules = Rules::default();
    rules.add(rule(r#"{"id":"hit","when":{"phase":"hit","nth":2},"do":[{"close":{}}]}"#)).unwrap();
    rules.add(rule(r#"{"id":"any","when":{"nth":5},"do":[{"close":{}}]}"#)).unwrap();
    let request = request(OpKind::Api, "/x");
    let two = |rules: &mut Rules| [(); 2].map(|()| fired(rules, At::Request, &request));
    rules.begin_phase("hit");
    assert_eq!(two(&mut rules), [None, Some("hit".to_owned())]);
    // Another one does not let it begin anew, the same one does.
    rules.begin_phase("warm");
    assert_eq!(two(&mut rules), [None, None]);
    rules.begin_phase("hit");
    assert_eq!(two(&mut rules), [Some("any".to_owned()), Some("hit".to_owned())]);
    assert_eq!((rules.list()[0].matched, rules.list()[0].fired), (6, 2));
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
        (r#"{"when":{"applied":"x"},"do":[{"close":{}}]}"#, "when.applied: not known before"),
        (r#"{"when":{"fired":"x","at":"request"},"do":[{"close":{}}]}"#, "when.fired: not known before"),
        (r#"{"when":{"fired":"x","at":"connect"},"do":[{"close":{}}]}"#, "when.fired: not known before"),
        (
            r#"{"when":{"at":"connect","host":"h","header.a":"b"},"do":[{"close":{}}]}"#,
            "when.header.a: before",
        ),
        (r#"{"when":{"op":"mint"},"do":[{"expire":"presented"}]}"#, "do[0].expire: a mint presents no token"),
        (r#"{"when":{"op":"mint"},"do":[{"revoke":"presented"}]}"#, "do[0].revoke: a mint presents no token"),
        (
            r#"{"when":{"op":["mint","mint"]},"do":[{"advance":"1s"},{"advance_to_expiry":"presented"}]}"#,
            "do[1].advance_to_expiry: a mint presents no token",
        ),
        (
            r#"{"when":{},"do":[{"reply":{"status":429,"headers":{"retry-after":"soon"}}}]}"#,
            "do[0].reply.headers.retry-after: \"soon\" is no time to wait",
        ),
        (
            r#"{"when":{},"do":[{"reply":{"status":429,"headers":{"Retry-After":"-3s"}}}]}"#,
            "do[0].reply.headers.Retry-After: \"-3s\" is no time to wait",
        ),
        (
            r#"{"when":{},"do":[{"edit_json":{"remove":["/a",""]}}]}"#,
            "do[0].edit_json.remove[1]: the whole body cannot be taken away",
        ),
        (
            r#"{"when":{},"do":[{"edit_json":{"set":{"/a~2b":1}}}]}"#,
            "do[0].edit_json.set: \"/a~2b\" is no JSON pointer: a ~ is written ~0",
        ),
        (
            r#"{"when":{},"do":[{"edit_json":{"remove":["/a~"]}}]}"#,
            "do[0].edit_json.remove[0]: \"/a~\" is no",
        ),
        (
            r#"{"when":{"at":"response","refused":"x","status":[200,301]},"do":[{"close":{}}]}"#,
            "when.status: this never matches: what is refused",
        ),
        (
            r#"{"when":{"at":"connect","path":"/x"},"do":[{"close":{}}]}"#,
            "when.path: before there is a request",
        ),
        (r#"{"when":{"at":"connect"},"do":[{"reply":{"status":500}}]}"#, "do[0].reply: needs a request"),
        (r#"{"when":{"at":"connect"},"do":[{"revoke":"a#1"}]}"#, "do[0]: before there is a request only"),
        (r#"{"when":{},"do":[{"close":{}},{"reset":{}}]}"#, "do[1]: close happens on the wire already"),
        (r#"{"when":{"at":"request"},"do":[{"bad_json":{}}]}"#, "do[0].bad_json: spoils an answer"),
        (r#"{"when":{},"do":[{"bad_certificate":"expired"}]}"#, "do[0].bad_certificate: happens before"),
        (r#"{"when":{},"do":[{"reply":{"status":99}}]}"#, "do[0].reply.status: 99 is none"),
        (r#"{"when":{},"do":[{"redirect":{"status":200,"to":"/"}}]}"#, "do[0].redirect.status: 200 does not"),
        (
            r#"{"when":{},"do":[{"redirect":{"status":302,"to":"/a\nb"}}]}"#,
            "do[0].redirect.to: \"/a\\nb\" cannot",
        ),
        (r#"{"when":{},"do":[{"wrong_content_type":"é"}]}"#, "do[0].wrong_content_type: \"é\" cannot"),
        (
            r#"{"when":{},"do":[{"reply":{"status":500,"body":{},"text":"x"}}]}"#,
            "do[0].reply.text: body and text are two bodies",
        ),
        (
            r#"{"when":{},"do":[{"reply":{"status":429,"body":"too-many-request"}}]}"#,
            "do[0].reply.body: there is no documented body \"too-many-request\", did you mean \"too-many-requests\"?",
        ),
        (
            r#"{"when":{},"do":[{"reply":{"status":204,"text":"x"}}]}"#,
            "do[0].reply.text: an answer 204 has no body",
        ),
        (
            r#"{"when":{},"do":[{"reply":{"status":304,"body":{}}}]}"#,
            "do[0].reply.body: an answer 304 has no body",
        ),
        (
            r#"{"when":{},"do":[{"reply":{"status":500,"headers":{"a b":"x"}}}]}"#,
            "do[0].reply.headers: \"a b\" is no name of a header",
        ),
        (
            r#"{"when":{},"do":[{"reply":{"status":500,"headers":{"x-a":"\u0000"}}}]}"#,
            "do[0].reply.headers.x-a: \"\\0\" cannot stand in a header",
        ),
        (
            r#"{"when":{},"do":[{"reply":{"status":500,"headers":{"Content-Length":"9"}}}]}"#,
            "do[0].reply.headers.Content-Length: the body has the length it has",
        ),
        (
            r#"{"when":{},"do":[{"reply":{"status":500,"headers":{"connection":"close"}}}]}"#,
            "do[0].reply.headers.connection: it belongs to the connection",
        ),
        (r#"{"when":{},"do":[{"goaway":{"code":11}}]}"#, "do[0].goaway.code: a farewell has code 0"),
        (
            r#"{"when":{},"do":[{"goaway":{"last_stream":2147483648}}]}"#,
            "do[0].goaway.last_stream: a number up to 2147483647",
        ),
        (r#"{"when":{},"do":[{"edit_json":{}}]}"#, "do[0].edit_json: says nothing"),
        (
            r#"{"when":{},"do":[{"edit_json":{"remove":["total"]}}]}"#,
            "do[0].edit_json.remove[0]: \"total\" is no JSON pointer",
        ),
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

/// In a rule's `when` and where a gate waits for what it has seen.
#[test]
fn what_no_request_can_be_is_refused_wherever_it_is_waited_for() {
    let of = |selector: &str| {
        let when = rule(&format!(r#"{{"when":{selector},"do":[{{"bad_json":{{}}}}]}}"#)).check();
        let seen = rule(&format!(
            r#"{{"when":{{}},"gate":{{"open_when":[{{"waiting":2}},{{"seen":{selector}}}],"limit":"5s"}}}}"#
        ))
        .check();
        (when, seen)
    };
    for (selector, field, why) in [
        (r#"{"op":["mint","jwks"],"subject":"a#1"}"#, "subject", "only an exchange"),
        (r#"{"op":["mint","exchange"],"token":"a#1"}"#, "token", "a token request has no bearer"),
        (r#"{"op":"mint","actor":"a"}"#, "actor", "only a bearer"),
        (r#"{"op":"mint","kind":"sso"}"#, "kind", "it presents no token"),
        (r#"{"op":["api","jwks"],"client":"msp"}"#, "client", "only a token request names"),
        (r#"{"op":"other","auth":"both"}"#, "auth", "only a token request auth"),
        (r#"{"op":"api","form.scope":"x"}"#, "form", "only a token request has a form"),
        (r#"{"status":199}"#, "status", "\"199\": the status of an answer is 200 to 599"),
        (r#"{"status":[200,600]}"#, "status", "\"600\": "),
        (r#"{"method":"post"}"#, "method", "\"post\": methods are in upper case"),
        (r#"{"method":["GET","Post"]}"#, "method", "\"Post\": "),
        (r#"{"host":"Sso.common.cloud.hpe.com"}"#, "host", "hosts are in lower case"),
        (r#"{"host":"*.HPE.com"}"#, "host", "hosts are in lower case"),
        (r#"{"host":"https://sso.common.cloud.hpe.com"}"#, "host", "no scheme and no path"),
        (r#"{"host":"*/x"}"#, "host", "no scheme and no path"),
        (r#"{"host":"localhost:4020"}"#, "host", "without its port"),
        (r#"{"host":"localhost:*"}"#, "host", "without its port"),
        (r#"{"host":"*:443"}"#, "host", "without its port"),
        (r#"{"host":"[::1]:443"}"#, "host", "without its port"),
        (r#"{"path":"devices/*"}"#, "path", "\"devices/*\": a path begins with a slash"),
        (r#"{"path":["/x","x"]}"#, "path", "\"x\": a path begins with a slash"),
        (r#"{"path":"/x?limit=5"}"#, "path", "say query"),
        (r#"{"path":"*?limit=5"}"#, "path", "say query"),
        (r#"{"token":""}"#, "token", "\"\": it is never empty"),
        (r#"{"subject":["a#1",""]}"#, "subject", "\"\": it is never empty"),
        (r#"{"actor":""}"#, "actor", "it is never empty"),
        (r#"{"client":""}"#, "client", "it is never empty"),
        (r#"{"method":""}"#, "method", "it is never empty"),
        (r#"{"path":""}"#, "path", "it is never empty"),
        (r#"{"phase":""}"#, "phase", "it is never empty"),
        (r#"{"refused":""}"#, "refused", "it is never empty"),
        (r#"{"applied":""}"#, "applied", "it is never empty"),
        (r#"{"fired":""}"#, "fired", "it is never empty"),
    ] {
        let (when, seen) = of(selector);
        for (place, error) in [("when", when), ("gate.open_when[1].seen", seen)] {
            let RuleError { field: named, reason } = error.expect_err(selector);
            assert_eq!(named, format!("{place}.{field}"), "{selector}");
            assert!(
                reason.starts_with("this never matches: ") && reason.contains(why),
                "{selector}: {reason}"
            );
        }
    }
    for selector in [
        "{}",
        // A request may have neither a host nor a query, and a token endpoint no workspace.
        r#"{"host":"","workspace":"","query":"","query.x":"","header.x":"","form.x":""}"#,
        // Any request but a token request may have a bearer, of whatever kind.
        r#"{"op":["jwks","other"],"token":"a#1","actor":"a","kind":"tenant"}"#,
        r#"{"op":"api","kind":"sso"}"#,
        r#"{"op":["mint","exchange"],"subject":"a#1"}"#,
        r#"{"host":["[::1]","*::*","127.0.0.1","us5.*"],"path":["*","/","*/x"],"method":["GET","M-SEARCH","patc*"]}"#,
        r#"{"status":[200,599]}"#,
    ] {
        assert_eq!(of(selector), (Ok(()), Ok(())), "{selector}");
    }
    // A rule may have changed the answer that a gate sees.
    let (when, seen) = of(r#"{"refused":"expired","status":200}"#);
    assert!(when.is_err() && seen.is_ok());
    assert_eq!(of(r#"{"refused":"expired","status":[200,401]}"#).0, Ok(()));
    // What a gate has seen it does not count.
    let (when, seen) = of(r#"{"op":"mint","nth":2}"#);
    let seen = seen.unwrap_err().to_string();
    assert!(when.is_ok() && seen.starts_with("gate.open_when[1].seen.nth: seen counts nothing"), "{seen}");
}

#[test]
fn what_is_no_rule_is_not_read() {
    for (text, expected) in [
        (r#"{"when":{"op":"api","op":"mint"},"do":[{"close":{}}]}"#, "op: given twice: write a list"),
        (r#"{"when":{"nth":1,"op":"api","nth":1},"do":[{"close":{}}]}"#, "nth: given twice"),
        (r#"{"when":{"header.A":1,"header.a":1},"do":[{"close":{}}]}"#, "header.a: given twice"),
        (r#"{"when":{"query.a":1,"query":"b","query.a":1},"do":[{"close":{}}]}"#, "query.a: given twice"),
        (r#"{"when":{"at":"request","at":"request"},"do":[{"close":{}}]}"#, "at: given twice"),
        (r#"{"when":{},"do":[{"expire":5}]}"#, "integer `5`, expected a symbol such as acme#1, or presented"),
        (r#"{"when":{},"do":[{"revoke":""}]}"#, "expected a symbol such as acme#1, or presented"),
        (
            r#"{"when":{},"gate":{"open_when":[{"waiting":2}],"limit":"5s","release":"random"}}"#,
            "string \"random\", expected fifo, lifo, or a list of symbols",
        ),
        (
            r#"{"when":{},"gate":{"open_when":[{"waiting":2}],"limit":"5s","release":5}}"#,
            "integer `5`, expected fifo, lifo, or a list of symbols",
        ),
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

#[test]
fn a_field_is_set_once() {
    let mut selector = Selector::default();
    selector.set("op", "api").unwrap();
    selector.set("header.Accept", "x").unwrap();
    for field in ["op", "header.Accept", "header.accept"] {
        assert_eq!(selector.set(field, "x").unwrap_err(), "given twice: say it once", "{field}");
    }
    selector.set("query", "x").unwrap();
    selector.set("query.accept", "x").unwrap();
    assert!(selector.set("opp", "x").unwrap_err().contains("there is no field"));
}
