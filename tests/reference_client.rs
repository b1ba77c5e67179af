//! The reference client, as the real binary over drive/1, against an emulator.

use std::{collections::BTreeSet, path::PathBuf, process::Stdio};

use greenroom_model::{history::Exchange, rule::Rule};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout},
    time::timeout,
};

use crate::{
    classic::{Application, GROUPS},
    harness::{Scratch, run},
    wire::{self, DEVICES, INVENTORY, LIMIT, Wire},
};

/// A reference client under way.
struct Driven {
    child: Child,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    last: u64,
    /// All that it printed.
    said: String,
}

impl Driven {
    fn start(scratch: &Scratch, wire: &Wire, flags: &[&str]) -> Self {
        let mut command = scratch.greenroom();
        command.arg("reference-client").args(flags);
        let env = wire.emulator.client_env();
        for name in env.unset {
            command.env_remove(name);
        }
        command.envs(env.set);
        let mut command = tokio::process::Command::from(command);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let input = child.stdin.take().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, input, lines, last: 0, said: String::new() }
    }

    async fn write(&mut self, line: &str) {
        self.input.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }

    /// Sends a request without waiting for the reply; its id.
    async fn send(&mut self, mut frame: Value) -> u64 {
        self.last += 1;
        frame["id"] = self.last.into();
        self.write(&frame.to_string()).await;
        self.last
    }

    /// The next line.
    async fn next(&mut self) -> Value {
        let line = timeout(LIMIT, self.lines.next_line()).await.expect("a line in time").unwrap();
        let line = line.expect("a line");
        self.said.push_str(&line);
        self.said.push('\n');
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    async fn ask(&mut self, frame: Value) -> Value {
        let id = self.send(frame).await;
        let reply = self.next().await;
        assert_eq!(reply["id"], id, "{reply}");
        reply
    }

    async fn call(&mut self, client: &str, path: &str) -> Value {
        self.ask(call(client, path)).await
    }

    async fn open(&mut self, mode: &str, config: Value) {
        let open = json!({"do": "open", "as": "c", "mode": mode, "config": config, "log": "DEBUG"});
        assert_eq!(self.ask(open).await, json!({"id": self.last, "ok": true}));
    }

    async fn enter(&mut self, symbol: &str) -> Value {
        let id = wire::workspace_id(symbol).to_string();
        self.ask(json!({"do": "tenant", "as": symbol, "of": "c", "workspace_id": id})).await
    }

    /// Ends the input; what came on stdout and on stderr in all.
    async fn end(mut self) -> (String, String) {
        drop(self.input);
        let mut stderr = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).await.unwrap();
        while let Some(line) = timeout(LIMIT, self.lines.next_line()).await.unwrap().unwrap() {
            self.said.push_str(&line);
        }
        assert_eq!(self.child.wait().await.unwrap().code(), Some(0), "{stderr}");
        (self.said, stderr)
    }
}

fn call(client: &str, path: &str) -> Value {
    let api = if path.starts_with("/network-") { "central" } else { "glp" };
    json!({"do": "call", "client": client, "api": api, "method": "GET", "path": path})
}

fn unified() -> Value {
    let (id, secret) = wire::credentials("msp");
    let workspace = wire::workspace_id("msp").to_string();
    let central = "https://us5.api.central.arubanetworks.com";
    json!({"unified": {"client_id": id, "client_secret": secret, "workspace_id": workspace, "central_url": central}})
}

fn rule(wire: &Wire, rule: Value) {
    let rule: Rule = serde_json::from_value(rule).unwrap();
    wire.emulator.faults().add(rule).unwrap();
}

/// What came, in order: operation, token shown, status.
fn came(wire: &Wire) -> Vec<String> {
    let exchanges = wire.emulator.history().exchanges().into_iter();
    exchanges
        .map(|exchange| {
            let shown = exchange.request.token.or(exchange.request.subject).map(|token| token.symbol);
            let status = exchange.response.and_then(|response| response.status);
            format!(
                "{} {}{}",
                exchange.request.op.name(),
                shown.map(|it| format!("{it} ")).unwrap_or_default(),
                status.unwrap_or_default()
            )
        })
        .collect()
}

/// The sample world and a client of its MSP.
async fn msp(flags: &[&str]) -> (Scratch, Wire, Driven) {
    let (scratch, wire) = (Scratch::new(), Wire::frozen().await);
    let mut driven = Driven::start(&scratch, &wire, flags);
    driven.open("msp", unified()).await;
    (scratch, wire, driven)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_calls_enters_lists_and_closes() {
    let (_scratch, wire, mut driven) = msp(&[]).await;
    let hello = driven.ask(json!({"do": "hello", "v": 1})).await;
    assert_eq!((&hello["v"], &hello["name"]), (&json!(1), &json!("greenroom-reference-client")));
    assert_eq!(came(&wire), [""; 0], "an open client has sent nothing");

    let devices = driven.call("c", DEVICES).await;
    assert_eq!((&devices["ok"], &devices["status"]), (&json!(true), &json!(200)));
    assert_eq!(driven.enter("abc").await["ok"], true);
    // A second time by name, and it costs no exchange.
    let by_name = json!({"do": "tenant", "as": "again", "of": "c", "name": "Tenant ABC"});
    assert_eq!(driven.ask(by_name).await["ok"], true);
    let inventory = driven.call("again", INVENTORY).await;
    assert_eq!(inventory["body"]["count"], 20, "{inventory}");
    let serials = driven.ask(json!({"do": "list", "client": "abc", "what": "devices"})).await;
    assert_eq!(serials["ids"].as_array().unwrap().len() as u64, inventory["body"]["total"]);
    let tenants = driven.ask(json!({"do": "list", "client": "c", "what": "tenants"})).await;
    assert_eq!(tenants["ids"].as_array().unwrap().len(), wire::TENANTS.len());
    let pages = ["api msp#1 200", "api abc#1 200", "api abc#1 200", "api abc#1 200", "api msp#1 200"];
    assert_eq!(came(&wire)[..3], ["mint 200", "api msp#1 200", "exchange msp#1 200"]);
    assert_eq!(came(&wire)[3..], pages);

    let refused = driven.call("c", "/nothing/here").await;
    assert_eq!((&refused["kind"], &refused["status"]), (&json!("api"), &json!(404)), "{refused}");
    // Its tenants go with an MSP client.
    assert_eq!(driven.ask(json!({"do": "close", "client": "c"})).await["ok"], true);
    let sent = came(&wire).len();
    assert_eq!(driven.call("abc", INVENTORY).await["kind"], "usage");
    driven.end().await;
    assert_eq!(came(&wire).len(), sent);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_does_not_notice_that_tokens_run_out() {
    let (_scratch, wire, mut driven) = msp(&[]).await;
    assert_eq!(driven.enter("abc").await["ok"], true);
    for (path, client) in [(INVENTORY, "abc"), (DEVICES, "c")] {
        rule(&wire, json!({"when": {"op": "api"}, "do": [{"advance": "16m"}], "once": true}));
        assert_eq!(driven.call(client, path).await["status"], 200);
    }
    let expected = [
        "mint 200",
        "exchange msp#1 200",
        "api abc#1 401",
        "exchange msp#1 401",
        "mint 200",
        "exchange msp#2 200",
        "api abc#2 200",
        "api msp#2 401",
        "mint 200",
        "api msp#3 200",
    ];
    assert_eq!(came(&wire), expected);
    driven.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_msp_token_is_told_from_a_foreign_tenant() {
    let (_scratch, wire, mut driven) = msp(&[]).await;
    let mut minted = 0;
    for (number, refusal) in
        ["live", "rfc8693", "invalid_client", "token_expired", "invalid_grant", "gateway_401"]
            .iter()
            .enumerate()
    {
        wire.dialect(&[&format!("exchange_expired={refusal}")]);
        rule(&wire, json!({"when": {"op": "exchange"}, "do": [{"advance": "16m"}], "once": true}));
        let entered = driven.enter(wire::TENANTS[number]).await;
        assert_eq!(entered["ok"], true, "{refusal}: {entered}");
        let mints = came(&wire).iter().filter(|it| it.starts_with("mint")).count();
        assert_eq!(mints, number + 2, "{refusal}: {:?}", came(&wire));
        minted = mints;
    }
    wire.emulator.clock().advance("1m".parse().unwrap()).unwrap();
    for (number, (status, text)) in [
        (403, r#"{"error":"unauthorized_request"}"#),
        (400, r#"{"error":"invalid_target"}"#),
        (403, "<html></html>"),
        (404, "{}"),
    ]
    .into_iter()
    .enumerate()
    {
        wire.emulator.faults().clear();
        let reply = json!({"status": status, "text": text});
        rule(&wire, json!({"when": {"op": "exchange"}, "do": [{"reply": reply}]}));
        let before = came(&wire).len();
        let id = "00000000-0000-4000-8000-000000000000";
        let tenant =
            json!({"do": "tenant", "as": format!("stranger-{number}"), "of": "c", "workspace_id": id});
        let refused = driven.ask(tenant).await;
        assert_eq!((&refused["ok"], &refused["status"]), (&json!(false), &json!(status)), "{refused}");
        assert_eq!(came(&wire).len(), before + 1, "{text}: {:?}", came(&wire));
    }
    assert_eq!(came(&wire).iter().filter(|it| it.starts_with("mint")).count(), minted);
    driven.end().await;
}

/// Fifty calls that meet the same 401; what came in all.
async fn burst(flags: &[&str]) -> Vec<String> {
    let (_scratch, wire, mut driven) = msp(flags).await;
    assert_eq!(driven.enter("abc").await["ok"], true);
    let gate = json!({"open_when": [{"waiting": 50}], "limit": "60s", "then": [{"expire": "abc#*"}]});
    rule(&wire, json!({"when": {"op": "api", "token": "abc#1"}, "gate": gate}));
    for limit in 1..=50 {
        let mut call = call("abc", INVENTORY);
        call["query"] = json!({"limit": limit});
        driven.send(call).await;
    }
    for _ in 0..50 {
        let reply = driven.next().await;
        assert_eq!(reply["status"], 200, "{reply}");
    }
    driven.end().await;
    came(&wire)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_calls_share_one_renewal() {
    let exchanges = |came: &[String]| came.iter().filter(|it| it.starts_with("exchange")).count();
    let came = burst(&[]).await;
    assert_eq!((exchanges(&came), came.len()), (2, 1 + 2 + 100), "{came:?}");
    let came = burst(&["--mutant", "M18"]).await;
    assert_eq!((exchanges(&came), came.len()), (51, 1 + 51 + 100), "{came:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_is_asked_for_as_an_event() {
    let (_scratch, wire, mut driven) = msp(&[]).await;
    assert_eq!(driven.call("c", DEVICES).await["status"], 200);
    let reply = json!({"status": 429, "headers": {"retry-after": "2m"}});
    rule(&wire, json!({"when": {"op": "api"}, "do": [{"reply": reply}], "once": true}));
    let id = driven.send(call("c", DEVICES)).await;
    assert_eq!(driven.next().await, json!({"sleep": 120.0, "n": 1}));
    // While one sleeps, others work.
    assert_eq!(driven.call("c", DEVICES).await["status"], 200);
    driven.write(r#"{"wake":1}"#).await;
    let reply = driven.next().await;
    assert_eq!((&reply["id"], &reply["status"]), (&json!(id), &json!(200)));
    // Who sleeps when the input ends does not hold up the end.
    rule(&wire, json!({"when": {"op": "api"}, "do": [{"reply": {"status": 503}}]}));
    driven.send(call("c", DEVICES)).await;
    assert_eq!(driven.next().await["n"], 2);
    driven.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_file_is_begun_with_and_kept_up_to_date() {
    let (scratch, wire) = (Scratch::new(), Wire::frozen().await);
    let file = scratch.write("token.json", &unified().to_string());
    for (run, expected) in [(1, &["mint 200", "api msp#1 200"][..]), (2, &["api msp#1 200"])] {
        let before = came(&wire).len();
        let mut driven = Driven::start(&scratch, &wire, &[]);
        driven.open("unified", json!({"token_file": file})).await;
        assert_eq!(driven.call("c", DEVICES).await["status"], 200);
        driven.end().await;
        assert_eq!(came(&wire)[before..], *expected, "run {run}");
    }
    let kept: Value = serde_json::from_str(&scratch.read("token.json")).unwrap();
    assert_eq!(kept["unified"]["client_id"], unified()["unified"]["client_id"]);
    assert!(kept["unified"]["access_token"].as_str().is_some_and(|token| token.len() > 100));
}

/// A file with what signs in to Classic Central.
fn classic_file(scratch: &Scratch, application: &Application) -> PathBuf {
    let classic = json!({
        "base_url": "https://apigw-uswest5.central.arubanetworks.com",
        "client_id": application.id, "client_secret": application.secret,
        "username": application.user, "password": application.password, "customer_id": application.customer,
    });
    scratch.write("classic.json", &json!({"classic": classic}).to_string())
}

/// Operation and status of what came after so many.
fn asked_since(wire: &Wire, before: usize) -> Vec<String> {
    let exchanges = wire.emulator.history().exchanges().into_iter().skip(before);
    let status =
        |it: &Exchange| it.response.as_ref().and_then(|response| response.status).unwrap_or_default();
    exchanges.map(|it| format!("{} {}", it.request.op, status(&it))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_tokens_of_classic_central_are_kept_and_shown_nowhere() {
    let (scratch, wire) = (Scratch::new(), Wire::frozen().await);
    let application = Application::of("msp-classic");
    let file = classic_file(&scratch, &application);
    let groups = json!({"do": "call", "client": "c", "api": "classic", "method": "GET", "path": GROUPS});
    let runs_out = json!({"when": {"op": "api"}, "do": [{"advance": "3h"}], "once": true});
    let mut hidden = vec![application.secret, application.password];
    let stored = || -> Value { serde_json::from_str(&scratch.read("classic.json")).unwrap() };
    for (run, expected) in [
        (1, &["sign_in 200", "sign_in 200", "mint 200", "api 200", "api 401", "refresh 200", "api 200"][..]),
        // What the first one stored is still good, and so is its refresh token.
        (2, &["api 200", "api 401", "refresh 200", "api 200"]),
    ] {
        let before = wire.emulator.history().exchanges().len();
        let mut driven = Driven::start(&scratch, &wire, &[]);
        driven.open("classic", json!({"token_file": file})).await;
        for _ in 0..2 {
            assert_eq!(driven.ask(groups.clone()).await["status"], 200, "run {run}");
            rule(&wire, runs_out.clone());
        }
        wire.emulator.faults().clear();
        assert_eq!(asked_since(&wire, before), *expected, "run {run}");
        let refused = driven.call("c", DEVICES).await;
        assert_eq!(refused["kind"], "usage", "GLP is no API of this client");
        for token in ["access_token", "refresh_token"] {
            hidden.push(stored()["classic"][token].as_str().unwrap().to_owned());
        }
        let (stdout, stderr) = driven.end().await;
        for secret in &hidden {
            assert!(!stdout.contains(secret) && !stderr.contains(secret), "run {run}: {stderr}");
        }
    }
    assert_eq!(hidden.iter().collect::<BTreeSet<_>>().len(), 6, "both tokens were replaced");
    let queries = wire.emulator.history().exchanges().into_iter().map(|it| it.request.query);
    let allowed = |query: &String| !query.contains("secret") && !query.contains("token=");
    assert!(queries.into_iter().all(|query| allowed(&query)), "nothing of it is in a URL");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_token_whose_answer_got_lost_is_not_sent_again() {
    let (scratch, wire) = (Scratch::new(), Wire::frozen().await);
    let file = classic_file(&scratch, &Application::of("msp-classic"));
    let groups = json!({"do": "call", "client": "c", "api": "classic", "method": "GET", "path": GROUPS});
    let mut driven = Driven::start(&scratch, &wire, &[]);
    driven.open("classic", json!({"token_file": file})).await;
    assert_eq!(driven.ask(groups.clone()).await["status"], 200);
    rule(&wire, json!({"when": {"op": "api"}, "do": [{"advance": "3h"}], "once": true}));
    rule(&wire, json!({"when": {"op": "refresh", "at": "response"}, "do": [{"close": {}}], "once": true}));
    let before = wire.emulator.history().exchanges().len();
    assert_eq!(driven.ask(groups).await["status"], 200);
    let asked = asked_since(&wire, before);
    assert_eq!(asked[0], "api 401");
    assert!(asked[1].starts_with("refresh"), "{asked:?}");
    assert_eq!(asked[2..], ["sign_in 200", "sign_in 200", "mint 200", "api 200"]);
    driven.end().await;
}

/// A run in which much goes wrong at the most talkative level; all that it printed.
async fn troubled(flags: &[&str]) -> (String, Vec<String>) {
    let (scratch, wire) = (Scratch::new(), Wire::frozen().await);
    let token = wire.issue("msp", None);
    let mut config = unified();
    config["unified"]["access_token"] = token.clone().into();
    let mut driven = Driven::start(&scratch, &wire, flags);
    driven.open("msp", config).await;
    assert_eq!(driven.call("c", DEVICES).await["status"], 200);
    assert_eq!(driven.enter("abc").await["ok"], true);
    assert_eq!(driven.call("abc", "/nowhere").await["kind"], "api");
    rule(&wire, json!({"when": {"op": "mint"}, "do": [{"reply": {"status": 401}}]}));
    rule(&wire, json!({"when": {"op": "api"}, "do": [{"advance": "16m"}]}));
    let refused = driven.call("c", DEVICES).await;
    assert_eq!((&refused["kind"], &refused["status"]), (&json!("auth"), &json!(401)), "{refused}");
    driven.write("no JSON").await;
    driven.write(r#"{"id":99,"do":"call","client":"c","api":"nowhere"}"#).await;
    assert_eq!(driven.next().await["kind"], "usage");
    let (stdout, stderr) = driven.end().await;
    assert!(stderr.contains("a line of 8 bytes is no request of drive/1"), "{stderr}");
    (stdout + &stderr, vec![token, wire::credentials("msp").1])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_ever_told() {
    // The last sixteen characters of a token are of its signature.
    let told = |(said, secrets): (String, Vec<String>)| {
        secrets.iter().filter(|secret| said.contains(&secret[secret.len() - 16..])).count()
    };
    assert_eq!(told(troubled(&[]).await), 0);
    for broken in ["M39", "M40", "M72"] {
        assert_eq!(told(troubled(&["--mutant", broken]).await), 1, "{broken}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn switches_that_were_reached_are_written_down() {
    let (scratch, _wire, mut driven) = msp(&["--reach", "reached.txt"]).await;
    assert_eq!(driven.call("c", DEVICES).await["status"], 200);
    driven.end().await;
    let reached = scratch.read("reached.txt");
    let reached: Vec<_> = reached.lines().collect();
    // Nothing was refused, no tenant entered.
    assert!(
        reached.contains(&"M47") && !reached.contains(&"M01") && !reached.contains(&"M57"),
        "{reached:?}"
    );
}

#[test]
fn an_unknown_mutant_is_a_usage_error() {
    let scratch = Scratch::new();
    let mut command = scratch.greenroom();
    command.args(["reference-client", "--mutant", "M00"]);
    let output = run(command).ended_with(2);
    assert!(output.stderr.contains("no mutant is called M00"), "{output}");
}
