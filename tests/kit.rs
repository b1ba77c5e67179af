//! The kit plays scenarios against clients of a few lines, good ones and ones that break down.

use std::time::Duration;

use greenroom_conformance::{
    adapter::Adapter,
    load::load,
    run::Run,
    suite::{Judged, Suite},
    verdict::{ScenarioVerdict, Verdict},
};
use greenroom_model::{
    history::{Event, ReplyNote, StepNote, join},
    secret::Digest,
    spec::Spec,
    world::World,
};
use serde_json::{Value, json};

use crate::harness::repository;

const DEVICES: &str = "/devices/v1/devices";

fn client(how: &str) -> Adapter {
    let script = repository().join("tests/kit/client.py");
    Adapter::command("python3", [script.as_os_str(), how.as_ref()])
}

fn call(id: &str) -> Value {
    json!({"id": id, "call": {"client": "c", "api": "glp", "method": "GET", "path": DEVICES, "query": {"limit": 1}}})
}

/// A scenario with an open, a call to get a token, and what is given besides.
fn suite(with: &Value) -> Suite {
    let mut scenario = json!({
        "format": 1, "id": "KIT-01", "title": "The kit plays it", "level": "MUST", "basis": "practice",
        "sources": ["practice:kit"], "drive": "adapter", "clock": "server",
        "world": {"use": "msp-two-tenants", "ttl": {"msp": "15m"}},
        "steps": [{"id": "open", "open": {"as": "c", "mode": "unified"}}, call("warm")],
        "proofs": [{"id": "asked", "sent": ["warm"]}],
        "expect": [{"id": "works", "result": {"step": "warm", "ok": true, "status": 200}}],
    });
    for (key, value) in with.as_object().unwrap() {
        match (scenario.get_mut(key), value) {
            (Some(Value::Array(list)), Value::Array(more)) => list.extend(more.iter().cloned()),
            _ => scenario[key] = value.clone(),
        }
    }
    Suite::loaded([load(&scenario.to_string()).unwrap()])
}

struct Played {
    verdict: ScenarioVerdict,
    run: Run,
}

impl Played {
    fn replies(&self) -> Vec<&ReplyNote> {
        let entries = self.run.entries.iter();
        entries
            .filter_map(|entry| if let Event::Reply(reply) = &entry.event { Some(reply) } else { None })
            .collect()
    }

    fn cuts(&self) -> Vec<&str> {
        self.replies().iter().filter_map(|reply| reply.cut.as_deref()).collect()
    }

    fn steps(&self) -> Vec<&StepNote> {
        let entries = self.run.entries.iter();
        entries
            .filter_map(|entry| if let Event::Step(step) = &entry.event { Some(&**step) } else { None })
            .collect()
    }

    fn trouble(&self) -> &str {
        self.run.header.trouble.as_deref().unwrap_or_default()
    }

    fn exits(&self) -> Vec<(Option<i32>, Option<&str>)> {
        let exit = |event| match event {
            &Event::Exit { code, ref why, .. } => Some((code, why.as_deref())),
            _ => None,
        };
        self.run.entries.iter().filter_map(|entry| exit(&entry.event)).collect()
    }

    /// Makes sure that the client gave its secret away and that it is nowhere in what was kept.
    fn is_without_the_secret(&self) {
        let file = repository().join("fixtures/worlds/kit/msp-two-tenants.yaml");
        let mut spec = Spec::read(&std::fs::read(file).unwrap()).unwrap();
        let seed = |event: &Event| if let Event::World { seed, .. } = event { Some(*seed) } else { None };
        spec.basics.seed = self.run.entries.iter().find_map(|entry| seed(&entry.event));
        let world = World::from_spec(&spec).unwrap();
        let client = world.client(world.client_named("msp").unwrap());
        let secret = client.secret.value().unwrap().reveal();
        let text = self.text();
        let fingerprint = format!("sha256:{}", Digest::of(secret).hex());
        assert!(text.contains(&fingerprint), "this is not the secret that the client told: {text}");
        assert!(!text.contains(secret), "{text}");
    }

    /// All of it as text, to look for what must not be there.
    fn text(&self) -> String {
        let mut bytes = Vec::new();
        self.run.write(&mut bytes).unwrap();
        format!("{}{:?}", String::from_utf8(bytes).unwrap(), self.verdict)
    }
}

async fn play(how: &str, with: Value) -> Played {
    let report = suite(&with).run(&client(how), |_| {}).await.unwrap();
    let [Judged { verdict, run: Some(run) }] = &report.scenarios[..] else { panic!("{report:?}") };
    Played { verdict: verdict.clone(), run: run.clone() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scenario_is_played_from_end_to_end() {
    let played = play("good", json!({})).await;
    assert_eq!(played.verdict.verdict, Verdict::Pass, "{:?}", played.verdict);
    let [open, warm] = &played.steps()[..] else { panic!("{:?}", played.steps()) };
    assert_eq!(
        (open.verb.as_str(), open.object.as_deref(), open.log.as_deref()),
        ("open", Some("c"), Some("INFO"))
    );
    assert_eq!((warm.workspace.as_deref(), warm.query.as_deref()), (Some("msp"), Some("limit=1")));
    let phases: Vec<_> = join(played.run.entries.iter())
        .into_iter()
        .map(|it| (it.request.phase, it.request.op.name()))
        .collect();
    assert_eq!(phases, [(Some("warm".to_owned()), "mint"), (Some("warm".to_owned()), "api")]);
    assert_eq!(played.exits(), [(Some(0), None)]);
    assert_eq!(played.run.header.client.as_ref().unwrap().name, "script");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_dies_leaves_its_last_words_and_no_secret() {
    let played = play("dies", json!({})).await;
    assert_eq!(played.cuts(), ["the client exited with code 3"]);
    assert_eq!(played.exits(), [(Some(3), None)]);
    let text = played.text();
    assert!(text.contains("it is all over"), "{text}");
    assert!(text.contains(r#""leak":{"symbol":"client:msp""#), "{text}");
    played.is_without_the_secret();
    assert_eq!(played.verdict.verdict, Verdict::Error, "no stimulus touched it: {:?}", played.verdict);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_silent_or_only_chatters_is_given_up() {
    let patient = json!({"steps": [{"id": "wait", "patience": "100ms", "call": call("x")["call"]}]});
    for (how, cut) in [
        ("stalls-later", "no reply within 100 ms of its last sign of life"),
        ("chatters-later", "no reply within 3 s, for all its signs of life"),
    ] {
        let played = play(how, patient.clone()).await;
        assert_eq!(played.cuts(), [cut], "{how}");
        assert_eq!(played.exits().len(), 1);
        assert_eq!(played.verdict.verdict, Verdict::Error, "{:?}", played.verdict);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_the_protocol_is_trouble_of_that_scenario() {
    for (how, trouble) in [
        ("wrong", "the client breaks drive/1: \"ok\" of a reply must be true or false"),
        ("wrong-id", "the client breaks drive/1: a reply bears the id 77, which no open question has"),
        ("floods", "the client wrote more to stderr than anybody listens to"),
    ] {
        let played = play(how, json!({})).await;
        assert!(played.trouble().starts_with(trouble), "{how}: {}", played.trouble());
        assert_eq!(played.verdict.verdict, Verdict::Error);
        assert_eq!(played.exits().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_cannot_be_started_is_told_at_once() {
    let nobody = Adapter::command("no-such-client", [""; 0]);
    let error = suite(&json!({})).run(&nobody, |_| {}).await.unwrap_err();
    assert_eq!(error.to_string(), "no-such-client: command not found");
    let silent = Adapter::command("python3", ["-c", "import sys; sys.exit('I shall not')"]);
    let report = suite(&json!({})).run(&silent, |_| {}).await.unwrap();
    let [Judged { verdict, run: None }] = &report.scenarios[..] else { panic!("{report:?}") };
    let error = verdict.why.as_deref().unwrap_or_default();
    assert!(error.starts_with("the client exited with code 1 before it said who it is"), "{error}");
    assert!(error.contains("I shall not"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_passes_the_proxy_by_is_not_judged() {
    let with = json!({
        "stimuli": [{"id": "tick", "when": {"op": "api", "phase": "warm", "nth": 1}, "do": [{"advance": "1s"}]}],
        "proofs": [{"id": "ticked", "fired": "tick"}],
    });
    let played = play("direct", with).await;
    assert!(join(played.run.entries.iter()).is_empty());
    assert_eq!(played.verdict.verdict, Verdict::Error, "{:?}", played.verdict);
    let why = played.verdict.why.unwrap_or_default();
    assert!(why.contains("no request of it arrived"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_asks_for_ever_is_cut_off() {
    let with = json!({
        "stimuli": [{"id": "never", "when": {"op": "api", "at": "request"}, "do": [{"reply": {"status": 401}}]}],
        "proofs": [{"id": "refused", "answered": {"fired": "never", "status": 401}}],
    });
    let played = play("unbounded", with).await;
    assert_eq!(played.cuts(), ["unbounded: more than 40 requests in one step"]);
    assert_eq!(played.verdict.verdict, Verdict::Fail, "{:?}", played.verdict);
}

/// Whether a process runs; one that has ended and is not yet buried does not.
fn runs(pid: &str) -> bool {
    let ps = std::process::Command::new("ps").args(["-o", "stat=", "-p", pid]).output().unwrap();
    let state = String::from_utf8(ps.stdout).unwrap();
    !state.trim().is_empty() && !state.trim().starts_with('Z')
}

#[tokio::test(flavor = "multi_thread")]
async fn children_that_a_client_left_do_not_hold_the_kit_up() {
    let played =
        tokio::time::timeout(Duration::from_secs(60), play("leaves-a-child", json!({}))).await.unwrap();
    assert_eq!(played.verdict.verdict, Verdict::Pass, "{:?}", played.verdict);
    let pid = |event: &Event| match event {
        Event::Output { text, .. } => text.trim().strip_prefix("child ").map(str::to_owned),
        _ => None,
    };
    let child = played.run.entries.iter().find_map(|entry| pid(&entry.event)).expect("it tells of its child");
    let gone = async {
        while runs(&child) {
            tokio::task::yield_now().await
        }
    };
    tokio::time::timeout(Duration::from_secs(30), gone).await.expect("the child was ended with its group");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sleep_takes_exactly_as_long_as_was_asked_for_and_no_real_time() {
    let with = json!({
        "steps": [call("hit")],
        "stimuli": [{
            "id": "throttle", "when": {"op": "api", "phase": "hit", "nth": 1, "at": "request"},
            "do": [{"reply": {"status": 429, "headers": {"retry-after": "90s"}, "body": "too-many-requests"}}],
        }],
        "proofs": [{"id": "throttled", "answered": {"fired": "throttle", "status": 429}}],
        "expect": [{"id": "kept", "phase": "hit", "gap": {
            "from": {"op": "api", "status": 429}, "to": {"op": "api", "nth": 2}, "min": "90s",
        }}],
    });
    let played = play("good", with).await;
    assert_eq!(played.verdict.verdict, Verdict::Pass, "{:?}", played.verdict);
    let exchanges = join(played.run.entries.iter());
    let [.., refused, answered] = &exchanges[..] else { panic!("{exchanges:?}") };
    assert_eq!(answered.at.duration_since(refused.at).as_secs(), 90);
    let moved = played.run.entries.iter().any(|entry| matches!(entry.event, Event::Clock { .. }));
    assert!(!moved, "the wake alone says that the clock moved");
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_calls_wait_at_a_gate_that_knows_how_many_were_asked_for() {
    let with = json!({
        "needs": ["concurrent"],
        "steps": [{"id": "burst", "repeat": 50, "parallel": true, "call": {
            "client": "c", "api": "glp", "method": "GET", "path": DEVICES, "query": {"limit": "$i"},
        }}],
        "stimuli": [{
            "id": "all", "when": {"op": "api", "phase": "burst", "at": "request"},
            "gate": {"open_when": [{"waiting": 50}], "limit": "30s", "then": [{"advance": "16m"}], "release": "fifo"},
        }],
        "proofs": [{"id": "asked-at-once", "gate": {"id": "all", "waiting": "= 50", "asked": "= 50", "opened_by": "waiting"}}],
        "expect": [
            {"id": "all-work", "result": {"step": "burst", "ok": true, "status": 200, "all": true}},
            {"id": "one-renewal", "phase": "burst", "count": {"of": {"op": "mint"}, "is": "= 1"}},
        ],
    });
    let played = play("good", with).await;
    assert_eq!(played.verdict.verdict, Verdict::Pass, "{:?}", played.verdict);
    let queries: Vec<_> =
        played.steps().iter().filter_map(|step| step.nth.and_then(|_| step.query.clone())).collect();
    assert_eq!((queries.len(), queries[0].as_str(), queries[49].as_str()), (50, "limit=1", "limit=50"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_of_an_object_that_never_came_to_be_is_left_out() {
    let played = play("cannot-open", json!({})).await;
    let [_, warm] = &played.steps()[..] else { panic!("{:?}", played.steps()) };
    assert_eq!(warm.skipped.as_deref(), Some("there is no c: its step open failed"));
    let [_, inherited] = &played.replies()[..] else { panic!("{:?}", played.replies()) };
    assert_eq!((inherited.ok, inherited.status, inherited.kind.as_deref()), (false, Some(401), Some("auth")));
    let works = played.verdict.checks.iter().find(|check| check.id == "KIT-01.works").unwrap();
    assert_eq!(works.verdict, Verdict::Fail, "{works:?}");
    assert!(played.text().contains(r#""place":"message""#), "the message told the secret: {}", played.text());
    played.is_without_the_secret();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_file_outlives_a_restart_and_is_looked_at_after_each_step() {
    let with = json!({
        "needs": ["token_file"],
        "world": {"use": "msp-two-tenants", "issued": ["msp"]},
        "steps": [
            {"id": "file", "open": {"as": "f", "mode": "unified", "token_file": true}},
            {"id": "again", "restart": {}},
            {"id": "file2", "open": {"as": "c2", "mode": "unified", "token_file": true}},
            {"id": "use", "call": {"client": "c2", "api": "glp", "method": "GET", "path": DEVICES}},
        ],
    });
    let played = play("good", with).await;
    assert_eq!(played.verdict.verdict, Verdict::Pass, "{:?}", played.verdict);
    let files: Vec<_> = played
        .run
        .entries
        .iter()
        .filter_map(|entry| match &entry.event {
            Event::File(file) => Some((file.mode.as_str(), file.replaced, file.holds.clone())),
            _ => None,
        })
        .collect();
    assert_eq!(files, vec![("0600", false, vec!["secret".to_owned()]); 4]);
    assert_eq!(played.exits(), [(Some(0), None), (Some(0), None)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_has_open_is_counted_when_it_is_told_to_end_and_not_before_it_could_close_it() {
    let with = json!({
        "needs": ["close"],
        "steps": [{"id": "end", "close": {"client": "c"}}],
        "expect": [{"id": "closed", "sockets": {"is": "= 0"}}],
    });
    for (how, verdict, actual) in [
        ("good", Verdict::Pass, "none"),
        ("closes-late", Verdict::Pass, "none"),
        ("keeps-a-socket", Verdict::Fail, "1: connection 1"),
    ] {
        let played = play(how, with.clone()).await;
        let found = played.verdict.checks.iter().find(|check| check.id == "KIT-01.closed").unwrap();
        assert_eq!((found.verdict, found.actual.as_str()), (verdict, actual), "{how}: {}", played.text());
    }
    let unasked = play("good", json!({})).await;
    assert!(!unasked.text().contains("farewell"), "nobody waits where nobody asks");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_given_a_token_and_what_it_signs_in_with_at_once() {
    let with = json!({
        "world": {"use": "msp-two-tenants", "issued": ["msp"]},
        "steps": [
            {"id": "both", "open": {"as": "b", "mode": "unified", "config": {"unified": {
                "client_id": "client:msp.id", "client_secret": "client:msp.secret", "workspace_id": "@msp",
                "access_token": "msp#1",
            }}}},
            {"id": "use", "call": {"client": "b", "api": "glp", "method": "GET", "path": DEVICES}},
        ],
        "stimuli": [{"id": "gone", "when": {"op": "api", "phase": "use", "nth": 1, "at": "request"}, "do": [{"revoke": "presented"}]}],
        "proofs": [{"id": "refused", "answered": {"fired": "gone", "status": 401}}],
        "expect": [
            {"id": "renewed", "result": {"step": "use", "ok": true, "status": 200}},
            {"id": "in-order", "phase": "use", "order": [{"op": "api", "token": "msp#1"}, {"op": "mint", "client": "msp"}, {"op": "api", "token": "msp#3"}]},
        ],
    });
    let played = play("good", with).await;
    assert_eq!(played.verdict.verdict, Verdict::Pass, "{:?}", played.verdict);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_of_a_scenario_are_alike_and_a_client_that_is_not_is_found_out() {
    let report = suite(&json!({})).twice(true).run(&client("good"), |_| {}).await.unwrap();
    assert_eq!(report.scenarios[0].verdict.verdict, Verdict::Pass, "{:?}", report.scenarios[0].verdict);
    let report = suite(&json!({})).twice(true).run(&client("fickle"), |_| {}).await.unwrap();
    let verdict = &report.scenarios[0].verdict;
    assert_eq!(verdict.verdict, Verdict::Error, "{verdict:?}");
    assert!(
        verdict.why.as_deref().unwrap_or_default().starts_with("two runs are not alike: "),
        "{verdict:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_does_not_claim_is_no_fault_unless_a_profile_asks_for_it() {
    let tenant = json!({"needs": ["tenant"], "profiles": ["msp"]});
    let waits = json!({"clock": "delay"});
    for (with, profile, expected) in [
        (&tenant, None, Verdict::NotApplicable),
        (&tenant, Some("msp".parse().unwrap()), Verdict::Fail),
        (&waits, None, Verdict::NotScored),
    ] {
        let report = suite(with).profile(profile).run(&client("plain"), |_| {}).await.unwrap();
        let [Judged { verdict, run: None }] = &report.scenarios[..] else { panic!("{report:?}") };
        assert_eq!(verdict.verdict, expected, "{verdict:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_called_what_nobody_is_called() {
    let error = suite(&json!({})).only(["KIT-02"]).run(&client("good"), |_| {}).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "no scenario of `greenroom scenarios list` is called KIT-02, did you mean \"KIT-01\"?"
    );
}
