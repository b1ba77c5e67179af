//! Every fault on the wire, on every road and in both versions of HTTP: what comes over the socket, what curl
//! and reqwest make of it, and what the history says.
//!
//! The table of what is seen is the snapshot: one line for what is the same on several roads.

use std::{collections::BTreeMap, sync::Arc};

use greenroom_model::history::Decision;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{Http, MARK, PATH, ROADS, Road, Stage, innermost, raw::Came};

/// A fault, and after which of the two versions of HTTP its connection has ended.
struct Row {
    name: &'static str,
    when: Value,
    action: Value,
    ends: [bool; 2],
}

fn rows() -> Vec<Row> {
    let request = || json!({"at": "request"});
    let response = || json!({"at": "response"});
    let (both, none, http1) = ([true, true], [false, false], [true, false]);
    let row = |name, when, action, ends| Row { name, when, action, ends };
    vec![
        row("nothing", request(), json!({"delay": "0s"}), none),
        row("close", request(), json!({"close": {}}), both),
        row("close, unannounced", request(), json!({"close": {"unannounced": true}}), both),
        row("close at response", response(), json!({"close": {}}), both),
        row("reset", request(), json!({"reset": {}}), both),
        row("reset at response", response(), json!({"reset": {}}), both),
        row("hang", request(), json!({"hang": "60ms"}), both),
        row("hang at response", response(), json!({"hang": "60ms"}), both),
        row("delay", request(), json!({"delay": "60ms"}), none),
        row("delay at response", response(), json!({"delay": "60ms"}), none),
        row("half_body 0, close", json!({}), json!({"half_body": {"bytes": 0, "then": "close"}}), both),
        row("half_body 0, reset", json!({}), json!({"half_body": {"bytes": 0, "then": "reset"}}), both),
        row("half_body 5, close", json!({}), json!({"half_body": {"bytes": 5, "then": "close"}}), both),
        row("half_body 5, reset", json!({}), json!({"half_body": {"bytes": 5, "then": "reset"}}), both),
        row(
            "half_body all, close",
            json!({}),
            json!({"half_body": {"bytes": 1_000_000, "then": "close"}}),
            both,
        ),
        row(
            "half_body all, reset",
            json!({}),
            json!({"half_body": {"bytes": 1_000_000, "then": "reset"}}),
            both,
        ),
        row("idle_close", json!({}), json!({"idle_close": {}}), both),
        row("wrong_length", json!({}), json!({"wrong_length": 7}), http1),
        row("trickle", json!({}), json!({"trickle": {"bytes": 100, "every": "2ms"}}), none),
        row("bad_json", json!({}), json!({"bad_json": {}}), none),
        row("wrong_content_type", json!({}), json!({"wrong_content_type": "text/html"}), none),
        row("edit_json", json!({}), json!({"edit_json": {"set": {"/total": 7}}}), none),
        row(
            "reply",
            request(),
            json!({"reply": {"status": 429, "headers": {"retry-after": "3s"}, "body": "too-many-requests"}}),
            none,
        ),
        row("reply at response", response(), json!({"reply": {"status": 503}}), none),
        row(
            "redirect",
            request(),
            json!({"redirect": {"status": 307, "to": "https://elsewhere.example/"}}),
            none,
        ),
        row("goaway, graceful", json!({}), json!({"goaway": {}}), both),
        row("goaway after 0, code 0", request(), json!({"goaway": {"last_stream": 0}}), both),
        row("goaway after 0, code 11", request(), json!({"goaway": {"last_stream": 0, "code": 11}}), both),
        row("goaway after 1, code 0", response(), json!({"goaway": {"last_stream": 1}}), both),
        row(
            "goaway after 2147483647, code 2",
            request(),
            json!({"goaway": {"last_stream": 2_147_483_647, "code": 2}}),
            both,
        ),
        row("rst_stream INTERNAL_ERROR", request(), json!({"rst_stream": 2}), http1),
        row("rst_stream REFUSED_STREAM", request(), json!({"rst_stream": 7}), http1),
        row("rst_stream CANCEL at response", response(), json!({"rst_stream": 8}), http1),
        row("rst_stream ENHANCE_YOUR_CALM", request(), json!({"rst_stream": 11}), http1),
        row("rst_stream HTTP_1_1_REQUIRED", request(), json!({"rst_stream": 13}), http1),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_on_every_road() {
    let stage = Arc::new(Stage::open().await);
    let mut table = String::new();
    for row in rows() {
        table.push_str(&format!("{}: {}\n", row.name, row.action));
        for (http, ends) in [Http::One, Http::Two].into_iter().zip(row.ends) {
            let mut lines: BTreeMap<String, Vec<&str>> = BTreeMap::new();
            for (road, line) in on_each_road(&stage, &row, http, ends).await {
                lines.entry(line).or_default().push(road);
            }
            for (line, roads) in lines {
                let http = if http == Http::One { "HTTP/1.1" } else { "HTTP/2" };
                table.push_str(&format!("  {http} {}\n{line}", roads.join(", ")));
            }
        }
        stage.clear();
    }
    insta::assert_snapshot!(table);
}

/// What is seen on each road, in the order of the roads.
async fn on_each_road(stage: &Arc<Stage>, row: &Row, http: Http, ends: bool) -> Vec<(&'static str, String)> {
    let mut seen = JoinSet::new();
    for (nth, road) in ROADS.into_iter().enumerate() {
        let raced = http == Http::Two && row.name.contains("reset");
        let all_came = row.name.contains("all");
        for client in ["socket", "curl", "reqwest"] {
            let mark = format!("{} {http:?} {road:?} {client}", row.name);
            let mut when = row.when.clone();
            when[format!("header.{MARK}")] = mark.clone().into();
            stage.rule(json!({"id": mark, "when": when, "do": [row.action], "once": true}));
            let stage = Arc::clone(stage);
            seen.spawn(async move {
                let said = match client {
                    "socket" => socket(&stage.raw(road, http, PATH, &mark, ends).await),
                    "curl" => curl(&stage, road, http, &mark).await,
                    _ => reqwest(&stage, road, http, &mark).await,
                };
                let said = if raced && client != "socket" { in_a_race(said, all_came) } else { said };
                (nth, client, format!("    {client}: {said} | {}\n", history(&stage, &mark)))
            });
        }
    }
    let mut seen = seen.join_all().await;
    seen.sort_by_key(|(nth, client, _)| {
        (*nth, ["socket", "curl", "reqwest"].iter().position(|it| it == client))
    });
    let names = ["plain", "TLS", "tunnel"];
    names
        .into_iter()
        .zip(seen.chunks(3).map(|three| three.iter().map(|(_, _, said)| said.as_str()).collect()))
        .collect()
}

fn socket(came: &Came) -> String {
    let mut said = match came.status {
        None => "no answer".to_owned(),
        Some(status) => format!("{status} {}", body(&came.body, came.said)),
    };
    if let Some(code) = came.reset {
        said.push_str(&format!(", RST_STREAM {code}"));
    }
    for (last, code) in &came.goaway {
        said.push_str(&format!(", GOAWAY {last} {code}"));
    }
    said + ", " + came.end.unwrap_or("goes on")
}

/// How much of a body came, and whether it is JSON.
fn body(body: &[u8], said: Option<u64>) -> String {
    let json = if serde_json::from_slice::<Value>(body).is_ok() { "JSON" } else { "no JSON" };
    let length = body.len() as u64;
    match said {
        Some(said) if said > length && length > 5 => format!("{} bytes short, {json}", said - length),
        Some(said) if said > length => format!("{length} bytes of more"),
        _ if length == 0 => "empty".to_owned(),
        _ => format!("whole, {json}"),
    }
}

async fn curl(stage: &Stage, road: Road, http: Http, mark: &str) -> String {
    let headers = [
        "--header",
        &format!("{MARK}: {mark}"),
        "--header",
        &format!("Authorization: Bearer {}", stage.token),
    ]
    .map(str::to_owned);
    let curled = stage.curl(road, http, PATH, &headers).await;
    let status = if curled.status == 0 { "no answer".to_owned() } else { curled.status.to_string() };
    let json = if serde_json::from_slice::<Value>(&curled.body).is_ok() { ", JSON" } else { "" };
    format!("exit {}, {status}{json}", curled.exit)
}

async fn reqwest(stage: &Stage, road: Road, http: Http, mark: &str) -> String {
    let request =
        stage.reqwest(road, http).get(stage.url(road, PATH)).bearer_auth(&stage.token).header(MARK, mark);
    let answered = async {
        let answer = request.send().await?;
        let (status, said) = (answer.status().as_u16(), answer.content_length());
        Ok::<_, reqwest::Error>(format!("{status} {}", body(&answer.bytes().await?, said)))
    };
    answered.await.unwrap_or_else(|error| {
        let kind = if error.is_body() || error.is_decode() { "body" } else { "request" };
        format!("{kind}: {}", innermost(&error))
    })
}

/// HTTP/2 clients write while they read. Which of both meets a reset is a race of theirs, and with it how they
/// tell it, and whether they had all before; the socket sees it in any case.
fn in_a_race(said: String, all_came: bool) -> String {
    let broken =
        ["exit 55, ", "exit 56, ", "connection reset", "broken pipe", "Connection reset", "Broken pipe"];
    match (broken.iter().any(|it| said.contains(it)), all_came) {
        (true, false) => "its connection broke".to_owned(),
        (_, true) => "its connection broke, or it had all".to_owned(),
        (false, false) => said,
    }
}

fn history(stage: &Stage, mark: &str) -> String {
    let told: Vec<_> = stage
        .marked(mark)
        .into_iter()
        .map(|exchange| {
            let response = exchange.response.expect("an answer in the history");
            let number =
                |status: Option<u16>| status.map_or_else(|| "-".to_owned(), |status| status.to_string());
            let handled = response.handled.map(|status| format!(" for {status}")).unwrap_or_default();
            let decision = match response.decision {
                Decision::Answered => "answered",
                Decision::Refused => "refused",
                Decision::Faulted => "faulted",
                Decision::ClientGone => "client-gone",
            };
            let by = if response.applied == [mark] { "by rule" } else { "by itself" };
            format!("{}{handled} {decision} {by}", number(response.status))
        })
        .collect();
    told.join("; ")
}
