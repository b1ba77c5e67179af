//! Random bodies, and bodies that nearly make sense: control refuses or grants, and never falls.

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use super::*;

const SANDBOXES: &str = "/_greenroom/v1/sandboxes";

/// JSON of any shape, often with the names that the routes know.
fn any_json() -> impl Strategy<Value = Value> {
    let names = [
        "advance",
        "set",
        "speed",
        "as",
        "tenant",
        "ttl",
        "expired",
        "preset",
        "clock_skew",
        "when",
        "do",
        "nth",
        "id",
        "op",
        "kind",
        "token",
        "path",
        "exchange_expired",
        "user",
        "role",
    ];
    let texts = [
        "",
        "1m",
        "x60",
        "frozen",
        "msp",
        "abc",
        "live",
        "api",
        "exchange",
        "presented",
        "*",
        "2030-01-01T00:00:00Z",
        "-9999999-01-01T00:00:00Z",
        "P99999Y",
        "\u{0}",
        "ü",
        "msp.admin@example.com",
        "Observer",
    ];
    let name =
        prop_oneof![4 => prop::sample::select(names.to_vec()).prop_map(str::to_owned), 1 => any::<String>()];
    let leaf = prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        3 => prop::sample::select(texts.to_vec()).prop_map(Value::from),
        1 => any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, move |inner| {
        prop_oneof![
            3 => prop::collection::vec((name.clone(), inner.clone()), 0..4)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
            1 => prop::collection::vec(inner, 0..4).prop_map(Value::Array),
        ]
    })
}

/// Bodies that do a lot, besides the examples of the description.
fn rich() -> Vec<(&'static str, &'static str, Value)> {
    let rule = json!({
        "id": "rich", "when": {"op": ["api", "exchange"], "at": "request", "nth": 2, "path": "/devices/*"},
        "do": [
            {"revoke": "acme#1"}, {"advance": "16m"},
            {"reply": {"status": 429, "headers": {"retry-after": "3s"}, "body": {"a": [1, null]}}},
        ],
        "gate": {
            "open_when": [{"waiting": 2}, {"quiet": "500ms"}, {"seen": {"op": "mint"}}, {"step": "burst"}],
            "limit": "1s", "then": [{"advance": "1m"}], "release": ["acme#1"],
        },
        "times": 3,
    });
    let edit = json!({
        "when": {"at": "response", "status": [200, 401]},
        "do": [{"edit_json": {"set": {"/total": 3}, "remove": ["/items/0"]}}],
    });
    let patch = json!({
        "tenants": {"add": [{"msp": "msp", "symbol": "new"}], "remove": ["abc"]},
        "devices": {
            "add": [{"workspace": "standard", "network": 5}], "remove": [{"workspace": "standard", "last": 1}],
            "change": [{"serial": "CN000G0000", "online": false}],
        },
    });
    let sandbox = json!({
        "name": "rich", "world": {"file": "workspaces:\n- symbol: solo\n"}, "start": "2030-01-01T00:00:00Z",
        "speed": "x60", "dialect": ["rfc"], "rules": [rule], "max_requests": 7,
    });
    vec![
        ("POST", "/_greenroom/v1/faults", rule.clone()),
        ("POST", "/_greenroom/v1/faults", json!([edit, rule])),
        ("POST", "/_greenroom/v1/world/patch", patch),
        ("POST", "/_greenroom/v1/sandboxes", sandbox),
    ]
}

/// Where everything is in a value.
fn places(value: &Value, at: &str, into: &mut Vec<String>) {
    into.push(at.to_owned());
    let step = |name: &str| name.replace('~', "~0").replace('/', "~1");
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, it)| places(it, &format!("{at}/{}", step(name)), into));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(nth, it)| places(it, &format!("{at}/{nth}"), into));
        }
        _ => {}
    }
}

/// What becomes of a place.
#[derive(Clone, Debug)]
enum Change {
    Remove,
    Replace(Value),
}

/// Changes in places, which are counted around.
fn changes() -> impl Strategy<Value = Vec<(usize, Change)>> {
    let numbers = [json!(u64::MAX), json!(i64::MIN), json!(-1), json!(0), json!(1e300), json!(0.5)];
    let texts = ["", "-1s", "99999999999h", "*", "é\u{0}", "/", "~2", "\r\n"].map(Value::from);
    let long = ["x".repeat(100_000), "*".repeat(5_000), "9".repeat(400), "[".repeat(300)].map(Value::from);
    let odd: Vec<_> = numbers.into_iter().chain(texts).chain(long).collect();
    let change = prop_oneof![
        1 => Just(Change::Remove),
        1 => any_json().prop_map(Change::Replace),
        2 => prop::sample::select(odd).prop_map(Change::Replace),
    ];
    prop::collection::vec((any::<usize>(), change), 0..3)
}

fn changed(mut body: Value, changes: &[(usize, Change)]) -> Value {
    for (nth, change) in changes {
        let mut all = Vec::new();
        places(&body, "", &mut all);
        let place = &all[nth % all.len()];
        match (change, place.rsplit_once('/')) {
            (Change::Replace(value), _) => *body.pointer_mut(place).unwrap() = value.clone(),
            (Change::Remove, None) => body = Value::Null,
            (Change::Remove, Some((parent, name))) => match body.pointer_mut(parent).unwrap() {
                Value::Array(items) => drop(items.remove(name.parse().unwrap())),
                parent => drop(parent.as_object_mut().unwrap().remove(name)),
            },
        }
    }
    body
}

#[tokio::test]
async fn no_body_and_no_query_is_too_much_for_control() {
    let wire = Wire::frozen().await;
    let runtime = tokio::runtime::Handle::current();
    let cases = tokio::task::spawn_blocking(move || {
        let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(400) });
        // Every row of the table, by its description. What follows never ends.
        let document = greenroom_emulator::openapi();
        let rows = document["paths"].as_object().unwrap().iter().flat_map(|(path, methods)| {
            methods.as_object().unwrap().iter().map(|(method, it)| (method.to_uppercase(), path.clone(), it))
        });
        let rows: Vec<_> = rows.filter(|(_, path, _)| !path.ends_with("follow")).collect();
        assert!(rows.len() > 20);
        let example = |it: &Value| it.pointer("/requestBody/content/application~1json/example").cloned();
        let examples = rows.iter().filter_map(|(method, path, it)| {
            example(it).map(|example| (method.clone(), path.clone(), example))
        });
        let rich = rich().into_iter().map(|(method, path, body)| (method.to_owned(), path.to_owned(), body));
        let bodies: Vec<_> = examples.chain(rich).collect();
        assert!(bodies.len() > 10);
        let routes: Vec<_> = rows.iter().map(|(method, path, _)| (method.clone(), path.clone())).collect();
        // Nothing that makes sense, or only the beginning of it; and what nearly makes sense.
        let random = (prop::sample::select(routes), any_json(), 0..400usize).prop_map(
            |((method, path), json, cut)| {
                let body = json.to_string();
                let body = body.get(..cut).unwrap_or(&body).to_owned();
                (method, path, body)
            },
        );
        let near = (prop::sample::select(bodies), changes())
            .prop_map(|((method, path, body), changes)| (method, path, changed(body, &changes).to_string()));
        let granted = std::cell::Cell::new(0);
        let outcome =
            runner.run(&(prop_oneof![random, near], any::<String>()), |((method, path, body), name)| {
                runtime.block_on(async {
                    let name: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
                    let path =
                        path.replace("{id}", &format!("x{name}")).replace("{name}", &format!("x{name}"));
                    let answer = wire.send(method.parse().unwrap(), &path, &[], &body).await;
                    prop_assert!(answer.status < 500, "{method} {path} {body}: {answer:?}");
                    prop_assert!(answer.status == 200 || answer.json()["detail"].is_string(), "{answer:?}");
                    granted.set(granted.get() + usize::from(answer.status == 200 && body.len() > 2));
                    for path in ["history", "history/follow", "history/export", "world/export", "clock"] {
                        let query = format!("{BASE}/{path}?x{name}=1");
                        let answer = wire.send(Method::GET, &query, &[], "").await;
                        prop_assert!(answer.status == 422, "{query}: {answer:?}");
                    }
                    // What came through must not last, else later cases depend on it.
                    wire.send(Method::DELETE, &format!("{BASE}/faults"), &[], "").await;
                    wire.send(Method::POST, &format!("{BASE}/world/reset"), &[], "").await;
                    for sandbox in wire.send(Method::GET, SANDBOXES, &[], "").await.json()["sandboxes"]
                        .as_array()
                        .unwrap()
                    {
                        let name = sandbox["name"].as_str().unwrap();
                        wire.send(Method::DELETE, &format!("{SANDBOXES}/{name}"), &[], "").await;
                    }
                    Ok(())
                })
            });
        // That nothing is granted would mean that nothing is reached.
        outcome.map_err(|error| error.to_string()).map(|()| assert!(granted.get() > 50, "{granted:?}"))
    });
    cases.await.unwrap().unwrap_or_else(|error| panic!("{error}"));
}
