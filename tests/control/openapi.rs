//! The description of control says what control does: every route, every reply, every rule.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;

use super::*;

/// The description with one of its schemas at the top.
fn schema(of: Value) -> jsonschema::Validator {
    let mut root = greenroom_emulator::openapi();
    root.as_object_mut().unwrap().extend(of.as_object().unwrap().clone());
    jsonschema::draft202012::new(&root).unwrap()
}

fn named(name: &str) -> jsonschema::Validator {
    schema(json!({"$ref": format!("#/components/schemas/{name}")}))
}

#[track_caller]
fn fits(schema: &jsonschema::Validator, value: &Value, what: &str) {
    let errors: Vec<_> =
        schema.iter_errors(value).map(|it| format!("{}: {it}", it.instance_path())).collect();
    assert!(errors.is_empty(), "{what}: {errors:#?}\n{value:#}");
}

/// Method and path of every operation, with the operation.
fn operations() -> Vec<(String, String, Value)> {
    let document = greenroom_emulator::openapi();
    let paths = document["paths"].as_object().unwrap();
    let each = |(path, methods): (&String, &Value)| {
        let methods = methods.as_object().unwrap().clone();
        let path = path.clone();
        methods
            .into_iter()
            .map(move |(method, it)| (method.to_uppercase(), path.clone(), it))
            .collect::<Vec<_>>()
    };
    paths.iter().flat_map(each).collect()
}

/// Every `$ref` in a value.
fn references(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            into.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| references(member, into));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, into)),
        _ => {}
    }
}

#[test]
fn the_description_is_whole_and_the_committed_one() {
    let document = greenroom_emulator::openapi();
    let committed = include_str!("../../docs/control.openapi.json");
    assert!(
        serde_json::from_str::<Value>(committed).unwrap() == document,
        "write it anew: cargo run -- control --openapi > docs/control.openapi.json"
    );
    let mut all = BTreeSet::new();
    references(&document, &mut all);
    assert!(all.len() > 40);
    for reference in all {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    for (name, _) in document["components"]["schemas"].as_object().unwrap() {
        named(name);
    }
    let ids: BTreeSet<_> = operations().into_iter().map(|(.., it)| it["operationId"].to_string()).collect();
    assert_eq!(ids.len(), operations().len(), "no operation id is given twice");
}

#[tokio::test]
async fn every_route_is_described_and_the_other_way_round() {
    let wire = Wire::frozen().await;
    let page = wire.send(Method::GET, "/", &[], "").await.text;
    let listed: BTreeSet<_> = page.lines().filter(|line| line.contains(" /_greenroom/")).collect();
    let described: Vec<_> = operations().iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    assert_eq!(listed, described.iter().map(String::as_str).collect());
    for (method, path, _) in operations() {
        let path = path.replace("{id}", "nobody").replace("{name}", "nobody");
        // What follows never ends.
        let path = if path.ends_with("follow") { format!("{path}?op=x") } else { path };
        let answer = wire.send(method.parse().unwrap(), &path, &[], "{}").await;
        assert!(![404, 405].contains(&answer.status) && answer.status < 500, "{method} {path}: {answer:?}");
    }
    let served = wire.send(Method::GET, "/_greenroom/v1/openapi.json", &[], "").await.json();
    assert!(served == greenroom_emulator::openapi());
}

#[tokio::test]
async fn every_reply_is_as_it_is_described() {
    let wire = Wire::frozen().await;
    let problem = named("Problem");
    let save = wire.send(Method::POST, "/_greenroom/v1/world/save", &[], "").await;
    assert_eq!(save.status, 200, "there is something to restore");
    let rule = json!({
        "id": "one", "when": {"op": "api", "nth": 2, "at": "request"}, "do": [{"reply": {"status": 429}}],
        "gate": {"open_when": [{"waiting": 1}], "limit": "1s"},
    });
    // Twice, because the first round gives the second something to tell.
    for _ in 0..2 {
        let token = wire.issue("msp", None);
        wire.get(DEVICES, &token).await;
        wire.get(DEVICES, "nothing").await;
        wire.try_exchange(&token, "abc").await;
        wire.raw(b"CONNECT elsewhere.example:443 HTTP/1.1\r\nHost: elsewhere.example:443\r\n\r\n").await;
        wire.raw(b"no HTTP at all\r\n\r\n").await;
        let mut rest = operations();
        // Removing last, so that there is something to list.
        rest.sort_by_key(|(method, ..)| method == "DELETE");
        for (method, path, operation) in rest {
            if path.ends_with("follow") {
                continue;
            }
            let body = match (path.as_str(), &operation["requestBody"]["content"]["application/json"]) {
                ("/_greenroom/v1/faults", content) if !content.is_null() => rule.clone(),
                (_, content) => content["example"].clone(),
            };
            if let Some(described) = operation["requestBody"]["content"]["application/json"].get("schema") {
                fits(&schema(described.clone()), &body, &path);
            }
            // The sandbox is there: the example of its creation made it.
            let at = path.replace("{id}", "nobody").replace("{name}", "login");
            let answer = wire.send(method.parse().unwrap(), &at, &[], &body.to_string()).await;
            let what = format!("{method} {at}");
            if at.ends_with("nobody") {
                assert_eq!(answer.status, 422, "{what}");
                fits(&problem, &answer.json(), &what);
                continue;
            }
            assert_eq!(answer.status, 200, "{what}: {answer:?}");
            let content = operation["responses"]["200"]["content"].as_object().unwrap();
            let (media_type, described) = content.iter().next().unwrap();
            let given = answer.header("content-type").unwrap();
            assert!(given.starts_with(media_type), "{what}: {given}");
            if media_type == "application/json" {
                fits(&schema(described["schema"].clone()), &answer.json(), &what);
            }
            if let Some(item) = described.get("x-item-schema") {
                let item = schema(item.clone());
                for line in answer.text.lines() {
                    fits(&item, &serde_json::from_str(line).unwrap(), &what);
                }
            }
        }
    }
    for (path, body) in [("clock", "{}"), ("faults", r#"{"when":{"op":"x"}}"#), ("nowhere", "")] {
        let answer = wire.send(Method::POST, &format!("/_greenroom/v1/{path}"), &[], body).await;
        fits(&problem, &answer.json(), path);
    }
}

#[test]
fn the_schema_of_a_rule_takes_what_is_a_rule_and_nothing_else() {
    let schema = named("Rule");
    let all = json!([
        {"when": {}, "do": [{"advance": "16m"}, {"advance_to_expiry": "presented"}, {"advance_after_reply": "1h 30m"}]},
        {"when": {}, "do": [{"set": "2030-01-01T00:00:00Z"}, {"expire": "presented"}, {"expire": "acme#*"}]},
        {"id": "x", "when": {}, "do": [{"revoke": "acme#1"}, {"rotate_secret": "msp"}], "times": 3},
        {"when": {"at": "response", "status": 401, "refused": "expired"}, "do": [{"delay": "2s"}], "once": true},
        {"when": {"status": ["401", 403], "at": "response"}, "do": [{"half_body": {"bytes": 3, "then": "reset"}}]},
        {"when": {"op": ["mint", "exchange"], "kind": "sso", "auth": "basic"}, "do": [{"hang": "2s"}]},
        {"when": {"path": "/a/*", "method": ["GET", "POST"], "host": "h", "phase": 3, "query": "x"}, "do": [{"close": {}}]},
        {"when": {"query.limit": 5, "header.accept": ["a", "b"], "form.scope": "x"}, "do": [{"reset": {}}]},
        {"when": {"token": "a#1", "actor": "abc", "nth": "3"}, "do": [{"close": {"unannounced": true}}]},
        {"when": {"subject": "a#1", "workspace": "abc", "client": "msp", "nth": 3}, "do": [{"rst_stream": 7}]},
        {"when": {"applied": "x", "fired": "y", "at": "response"}, "do": [{"idle_close": {}}]},
        {"when": {}, "do": [{"reply": {"status": 429, "headers": {"retry-after": "3s"}, "body": {"a": [1, null]}}}]},
        {"when": {}, "do": [{"reply": {"status": 503, "text": "busy"}}]},
        {"when": {}, "do": [{"redirect": {"status": 302, "to": "/"}}]},
        {"when": {}, "do": [{"trickle": {"bytes": 3, "every": "10ms"}}]},
        {"when": {}, "do": [{"bad_json": {}}]},
        {"when": {}, "do": [{"wrong_content_type": "text/html"}]},
        {"when": {}, "do": [{"wrong_length": 3}]},
        {"when": {}, "do": [{"edit_json": {"set": {"/total": 3}, "remove": ["/items/0"]}}]},
        {"when": {}, "do": [{"goaway": {}}]},
        {"when": {}, "do": [{"goaway": {"last_stream": 1, "code": 2}}]},
        {"when": {"at": "connect", "host": "h"}, "do": [{"bad_certificate": "wrong_name"}]},
        {"when": {}, "gate": {"open_when": [{"waiting": 2}, {"quiet": "500ms"}, {"seen": {"op": "api"}}, {"step": "x"}],
            "limit": "5s", "then": [{"advance": "1m"}], "release": ["a#1"]}},
        {"when": {}, "gate": {"open_when": [{"waiting": 2}], "limit": "5s", "release": "lifo"}},
    ]);
    for example in all.as_array().unwrap() {
        let read: Rule =
            serde_json::from_value(example.clone()).unwrap_or_else(|error| panic!("{example}: {error}"));
        assert_eq!(read.check(), Ok(()), "{example}");
        fits(&schema, example, "as it is written by people");
        fits(&schema, &serde_json::to_value(&read).unwrap(), "as it is written by us");
        // What it selects by is all that there is: every other name is refused by both.
        let mut other = example.clone();
        other["when"]["opp"] = json!("api");
        assert!(!schema.is_valid(&other) && serde_json::from_value::<Rule>(other).is_err());
    }
    let none = json!([
        5, null, "x", [], {}, {"do": [{"advance": "1m"}]},
        {"when": {"op": "apy"}}, {"when": {"op": []}}, {"when": {"nth": 0}}, {"when": {"nth": [1, 2]}},
        {"when": {"status": "x"}}, {"when": {"status": 70000}}, {"when": {"path": {}}}, {"when": {"path": true}},
        {"when": {"at": "noon"}}, {"when": {"kind": "msp"}}, {"when": {"auth": "bearer"}},
        {"when": {}, "do": {}}, {"when": {}, "do": [{"advnce": "1m"}]}, {"when": {}, "do": [{"advance": 5}]},
        {"when": {}, "do": [{"reply": {}}]}, {"when": {}, "do": [{"reply": {"status": "x"}}]},
        {"when": {}, "do": [{"reply": {"status": 429}, "advance": "1m"}]}, {"when": {}, "do": [{"close": {"x": 1}}]},
        {"when": {}, "do": [{"wrong_length": 0}]}, {"when": {}, "do": [{"half_body": {"bytes": 3, "then": "x"}}]},
        {"when": {}, "times": 0}, {"when": {}, "once": "yes"}, {"when": {}, "x": 1},
        {"when": {}, "gate": {"limit": "5s"}}, {"when": {}, "gate": {"open_when": [{"waiting": 0}], "limit": "5s"}},
        {"when": {}, "gate": {"open_when": [{"seen": {"opp": 1}}], "limit": "5s"}},
    ]);
    for example in none.as_array().unwrap() {
        assert!(serde_json::from_value::<Rule>(example.clone()).is_err(), "{example}");
        assert!(!schema.is_valid(example), "{example}");
    }
}
