//! What was done stays done when its answer is lost, and what never ran was not done.

use greenroom_model::history::Decision;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Http, Road, Stage};
use crate::wire::answer;

const CREDENTIALS: &str = "/workspaces/v1/credentials";

#[tokio::test]
async fn an_effect_stands_at_response_and_is_none_at_request() {
    let stage = Stage::open().await;
    let actions = [
        json!({"close": {}}),
        json!({"close": {"unannounced": true}}),
        json!({"reset": {}}),
        json!({"hang": "20ms"}),
        json!({"rst_stream": 8}),
        json!({"goaway": {"last_stream": 0, "code": 2}}),
        json!({"reply": {"status": 503}}),
        json!({"redirect": {"status": 302, "to": "/"}}),
        json!({"half_body": {"bytes": 0, "then": "reset"}}),
        json!({"half_body": {"bytes": 9, "then": "close"}}),
        json!({"wrong_length": 3}),
        json!({"bad_json": {}}),
    ];
    for (n, action) in actions.iter().enumerate() {
        for http in [Http::One, Http::Two] {
            for at in ["request", "response"] {
                let name = format!("c{n}-{http:?}-{at}");
                let spoils =
                    ["half_body", "wrong_length", "bad_json"].iter().any(|it| action.get(it).is_some());
                if at == "request" && spoils {
                    continue;
                }
                let when = json!({"at": at, "method": "POST"});
                let rule = stage.rule(json!({"when": when, "do": [action]}));
                let client = stage.reqwest(Road::Tunnel, http);
                let ask = |method| {
                    client.request(method, stage.url(Road::Tunnel, CREDENTIALS)).bearer_auth(&stage.token)
                };
                let lost = ask(Method::POST).json(&json!({"credentialName": name})).send().await;
                let (status, read) = match lost {
                    Err(_) => (None, false),
                    Ok(answer) => (Some(answer.status().as_u16()), answer.json::<Value>().await.is_ok()),
                };
                assert!(!read || status != Some(201), "{name} {action}: {status:?}");
                stage.clear();
                let response = stage.last();
                assert_eq!(
                    (response.status, &response.applied[..]),
                    (status, &[rule][..]),
                    "{name} {action}"
                );
                let expected = match at {
                    "request" => (Decision::Faulted, None, false),
                    _ if spoils => (Decision::Answered, None, true),
                    _ => (Decision::Answered, Some(201), true),
                };
                let told = (response.decision, response.handled, !response.changes.is_empty());
                assert_eq!(told, expected, "{name} {action}");
                let listed = answer(ask(Method::GET)).await.json();
                let exists = listed.to_string().contains(&format!("\"{name}\""));
                assert_eq!(exists, at == "response", "{name} {action}: {listed}");
                // The next one of its name does not meet what is not there, and makes room again.
                for item in listed["items"].as_array().unwrap() {
                    if item["credentialName"] == name.as_str() {
                        let id = item["clientId"].as_str().unwrap();
                        let url = stage.url(Road::Tunnel, &format!("{CREDENTIALS}/{id}"));
                        assert_eq!(
                            client.delete(url).bearer_auth(&stage.token).send().await.unwrap().status(),
                            204
                        );
                    }
                }
            }
        }
    }
}
