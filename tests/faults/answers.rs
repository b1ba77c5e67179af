//! Answers that rules make up, change or slow down, as a client reads them.

use std::time::Duration;

use greenroom_model::{
    history::{Entry, Event},
    rule::{wire_bodies, wire_body},
};
use reqwest::{Method, header};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::Instant,
};

use super::{Http, PATH, ROADS, Road, Stage};
use crate::wire::{Answer, answer};

const BOTH: [Http; 2] = [Http::One, Http::Two];

impl Stage {
    /// What the rule that fired last did.
    fn last_fault(&self) -> String {
        let (entries, _) = self.wire.emulator.history().entries(0);
        let did = |entry: Entry| match entry.event {
            Event::Fault { did, .. } => Some(did),
            _ => None,
        };
        entries.into_iter().rev().find_map(did).unwrap()
    }

    /// The answer that one action leads to.
    async fn after(&self, http: Http, path: &str, action: Value) -> Answer {
        self.rule(json!({"when": {}, "do": [action], "once": true}));
        let url = self.url(Road::Plain, path);
        let answered = answer(self.reqwest(Road::Plain, http).get(url).bearer_auth(&self.token)).await;
        self.clear();
        answered
    }
}

#[tokio::test]
async fn an_answer_is_made_up_whole() {
    let stage = Stage::open().await;
    for http in BOTH {
        for name in wire_bodies() {
            let documented = wire_body(name).unwrap();
            let reply = json!({"reply": {"status": documented.status, "body": name}});
            let answer = stage.after(http, PATH, reply).await;
            assert_eq!((answer.status, answer.json()), (documented.status, documented.body), "{name}");
            assert_eq!(answer.header("content-type"), Some("application/json"), "{name}");
        }
        let headers = json!({"Retry-After": "90s", "X-Mine": "yes", "content-type": "text/html"});
        let text = json!({"reply": {"status": 502, "headers": headers, "text": "<h1>Bad gateway</h1>"}});
        let answer = stage.after(http, PATH, text).await;
        assert_eq!((answer.status, answer.text.as_str()), (502, "<h1>Bad gateway</h1>"));
        let header = |name| answer.header(name).unwrap();
        assert_eq!(
            [header("retry-after"), header("x-mine"), header("content-type")],
            ["90", "yes", "text/html"]
        );
        let date =
            json!({"reply": {"status": 429, "headers": {"retry-after": "Fri, 31 Dec 1999 23:59:59 GMT"}}});
        let answer = stage.after(http, PATH, date).await;
        assert_eq!(answer.header("retry-after"), Some("Fri, 31 Dec 1999 23:59:59 GMT"));
        // Who comes early is refused again.
        let span = json!({"reply": {"status": 429, "headers": {"retry-after": "1500ms"}}});
        assert_eq!(stage.after(http, PATH, span).await.header("retry-after"), Some("2"));
        let senseless = json!({"reply": {"status": 429, "headers": {"retry-after": "$as_is(soon)"}}});
        assert_eq!(stage.after(http, PATH, senseless).await.header("retry-after"), Some("soon"));
        // Without a body it is what the service that is asked says.
        assert_eq!(answer.json()["errorCode"], "HPE_GL_ERROR_TOO_MANY_REQUESTS");
        let answer = stage.after(http, "/as/token.oauth2", json!({"reply": {"status": 503}})).await;
        assert_eq!(answer.json(), json!({"error": "temporarily_unavailable"}));
        let inline = json!({"reply": {"status": 200, "body": {"items": [], "total": 0}}});
        assert_eq!(stage.after(http, PATH, inline).await.json(), json!({"items": [], "total": 0}));
        let answer = stage.after(http, PATH, json!({"redirect": {"status": 308, "to": "/elsewhere"}})).await;
        assert_eq!(
            (answer.status, answer.header("location"), answer.text.as_str()),
            (308, Some("/elsewhere"), "")
        );
        for status in [204, 304] {
            let answer = stage.after(http, PATH, json!({"reply": {"status": status}})).await;
            assert_eq!((answer.status, answer.text.as_str()), (status, ""));
        }
    }
}

#[tokio::test]
async fn an_answer_is_changed() {
    let stage = Stage::open().await;
    let path = "/devices/v1/devices?limit=2";
    let good = stage.after(Http::One, path, json!({"delay": "0s"})).await;
    for http in BOTH {
        let edit = json!({"edit_json": {
            "set": {"/total": 7, "/items/0/serialNumber": null, "/items/0/a~1b": [1], "/nowhere/x": 1},
            "remove": ["/count", "/items/1", "/items/9", "/none"],
        }});
        let answer = stage.after(http, path, edit).await;
        let mut expected = good.json();
        expected["total"] = 7.into();
        expected["items"][0]["serialNumber"] = Value::Null;
        expected["items"][0]["a/b"] = json!([1]);
        expected["items"].as_array_mut().unwrap().truncate(1);
        expected.as_object_mut().unwrap().shift_remove("count");
        assert_eq!(answer.json(), expected);
        assert_eq!(
            stage.last_fault(),
            "edit_json: set /items/0/a~1b /items/0/serialNumber /total; remove /count /items/1; \
             nothing at /items/9 /none /nowhere/x"
        );
        let edit = json!({"edit_json": {"set": {"/nope/x": 1}}});
        assert_eq!(stage.after(http, path, edit).await.json(), good.json());
        assert_eq!(stage.last_fault(), "edit_json: nothing at /nope/x");
        let answer = stage.after(http, path, json!({"bad_json": {}})).await;
        assert_eq!(answer.text, good.text[..good.text.len() / 2]);
        let answer = stage.after(http, path, json!({"wrong_content_type": "text/html; charset=x"})).await;
        assert_eq!(answer.header("content-type"), Some("text/html; charset=x"));
        assert_eq!(answer.text, good.text);
    }
}

/// Answers without a body stay so, whatever is done to them, and the connection goes on.
#[tokio::test]
async fn an_answer_without_a_body_gets_none() {
    let stage = Stage::open().await;
    for action in [
        json!({"trickle": {"bytes": 3, "every": "1ms"}}),
        json!({"wrong_length": 5}),
        json!({"bad_json": {}}),
        json!({"wrong_content_type": "text/html"}),
        json!({"edit_json": {"set": {"/total": 1}}}),
        json!({"reply": {"status": 200, "text": "a text"}}),
        json!({"half_body": {"bytes": 3, "then": "close"}}),
        json!({"idle_close": {}}),
        json!({"goaway": {}}),
    ] {
        for http in BOTH {
            let client = stage.reqwest(Road::Plain, http);
            let url = stage.url(Road::Plain, PATH);
            let id = stage.rule(json!({"when": {"method": "HEAD"}, "do": [action]}));
            for _ in 0..2 {
                let head = answer(client.head(&url).bearer_auth(&stage.token)).await;
                assert_eq!((head.status, head.text.as_str()), (200, ""), "{action} {http:?}");
                assert_eq!(stage.last().applied, std::slice::from_ref(&id), "{action} {http:?}");
            }
            let next = answer(client.get(&url).bearer_auth(&stage.token)).await;
            assert!(next.status == 200 && next.json()["total"].is_u64(), "{action} {http:?}: {next:?}");
            stage.clear();

            let ask = |method, path: String| {
                client.request(method, stage.url(Road::Plain, &path)).bearer_auth(&stage.token)
            };
            let made = ask(Method::POST, "/workspaces/v1/credentials".to_owned());
            let made = answer(made.json(&json!({"credentialName": "gone"}))).await;
            let credential =
                format!("/workspaces/v1/credentials/{}", made.json()["clientId"].as_str().unwrap());
            let id = stage.rule(json!({"when": {"method": "DELETE", "at": "response"}, "do": [action]}));
            let deleted = answer(ask(Method::DELETE, credential)).await;
            if action.get("edit_json").is_some() {
                assert_eq!(stage.last_fault(), "edit_json: nothing, the body is no JSON", "{http:?}");
            }
            if action.get("reply").is_none() {
                assert_eq!((deleted.status, deleted.text.as_str()), (204, ""), "{action} {http:?}");
            }
            assert_eq!(stage.last().applied, [id], "{action} {http:?}");
            stage.clear();
        }
    }
}

#[tokio::test]
async fn a_trickle_comes_in_its_pieces() {
    let stage = Stage::open().await;
    stage.rule(json!({"when": {}, "do": [{"trickle": {"bytes": 1000, "every": "15ms"}}]}));
    for http in BOTH {
        for road in ROADS {
            let start = Instant::now();
            let url = stage.url(road, "/devices/v1/devices?limit=10");
            let mut answer =
                stage.reqwest(road, http).get(url).bearer_auth(&stage.token).send().await.unwrap();
            let mut body = Vec::new();
            while let Some(piece) = answer.chunk().await.unwrap() {
                body.extend_from_slice(&piece);
            }
            let pauses = u32::try_from(body.len().div_ceil(1000) - 1).unwrap();
            assert!(pauses > 2 && serde_json::from_slice::<Value>(&body).is_ok(), "{http:?} {road:?}");
            assert!(start.elapsed() >= pauses * Duration::from_millis(15), "{http:?} {road:?}");
        }
    }
}

#[tokio::test]
async fn a_delay_is_real_time_and_the_clock_stands_still() {
    let stage = Stage::open().await;
    let before = stage.wire.emulator.clock().now();
    for at in ["request", "response"] {
        for http in BOTH {
            stage.rule(json!({"when": {"at": at}, "do": [{"delay": "80ms"}], "once": true}));
            let start = Instant::now();
            let url = stage.url(Road::Tunnel, PATH);
            let asked = stage.reqwest(Road::Tunnel, http).get(url).bearer_auth(&stage.token);
            assert_eq!(answer(asked).await.status, 200);
            assert!(start.elapsed() >= Duration::from_millis(80), "{at} {http:?}");
        }
    }
    assert_eq!(stage.wire.emulator.clock().now(), before);
}

/// A client with a pool finds the connection gone and takes another one; without the rule it is the same one.
#[tokio::test]
async fn an_idle_connection_is_closed_under_a_pool() {
    let stage = Stage::open().await;
    for http in BOTH {
        for road in ROADS {
            let client = stage.reqwest(road, http);
            let mut connections = Vec::new();
            for action in [json!({"delay": "0s"}), json!({"idle_close": {}}), json!({"delay": "0s"})] {
                let rule = json!({"when": {}, "do": [action], "once": true});
                let closes = action.get("idle_close").is_some();
                stage.rule(rule);
                let asked = client.get(stage.url(road, PATH)).bearer_auth(&stage.token);
                assert_eq!(answer(asked).await.status, 200, "{http:?} {road:?}");
                connections.push(stage.wire.last_exchange().request.connection);
                if closes {
                    stage.only_open(0).await;
                }
            }
            assert_eq!(connections[0], connections[1], "{http:?} {road:?}");
            assert_ne!(connections[1], connections[2], "{http:?} {road:?}");
            drop(client);
            stage.only_open(0).await;
        }
    }
}

/// The head says how much there is, and what comes is counted: nothing of the next answer is in it.
#[tokio::test]
async fn a_wrong_length_is_the_end_of_the_connection_and_of_no_more() {
    let stage = Stage::open().await;
    stage.rule(json!({"when": {}, "do": [{"wrong_length": 11}], "once": true}));
    let mut socket = stage.dial().await;
    let ask = format!("GET {PATH} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {}\r\n\r\n", stage.token);
    // Two at once: the second one waits behind the first, and goes with it.
    socket.write_all(ask.repeat(2).as_bytes()).await.unwrap();
    let mut came = Vec::new();
    socket.read_to_end(&mut came).await.unwrap();
    let came = String::from_utf8(came).unwrap();
    let (head, body) = came.split_once("\r\n\r\n").unwrap();
    assert!(
        head.contains(&format!("content-length: {}\r\n", body.len() + 11))
            || head.ends_with(&format!("content-length: {}", body.len() + 11)),
        "{head}"
    );
    assert!(serde_json::from_str::<Value>(body).is_ok(), "{body}");
    assert!(!head.contains(header::TRANSFER_ENCODING.as_str()));
}
