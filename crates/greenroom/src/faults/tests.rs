//! What flags mean, as rules.

use clap::Parser;
use serde_json::json;

use super::*;

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    add: AddArgs,
}

fn rules(line: &[&str]) -> Result<Vec<Rule>, String> {
    let parsed = Line::try_parse_from([&["add"], line].concat()).map_err(|error| error.to_string())?;
    parsed.add.rules().map_err(|failure| failure.to_string())
}

/// Every flag, with the rule it stands for.
#[test]
fn flags_become_rules() {
    let api = json!({"op": "api"});
    for (line, when, actions) in [
        (
            &[
                "--on",
                "api:GET /network-monitoring/*",
                "--nth",
                "3",
                "--reply",
                "429",
                "--retry-after",
                "30",
                "--advance-after-reply",
                "16m",
            ][..],
            json!({"op": "api", "method": "GET", "path": "/network-monitoring/*", "nth": 3}),
            json!([{"advance_after_reply": "16m"}, {"reply": {"status": 429, "headers": {"retry-after": "30"}}}]),
        ),
        (
            &[
                "--on",
                "api",
                "--set",
                "2030-01-01T00:00:00Z",
                "--advance",
                "1m",
                "--expire",
                "presented",
                "--revoke",
                "acme#*",
                "--rotate-secret",
                "msp",
                "--advance-to-expiry",
            ],
            api.clone(),
            json!([{"revoke": "acme#*"}, {"expire": "presented"}, {"rotate_secret": "msp"}, {"set": "2030-01-01T00:00:00Z"}, {"advance_to_expiry": "presented"}, {"advance": "1m"}]),
        ),
        (
            &["--on", "api", "--reply", "503", "--header", "X-A: b", "--body", r#"{"a":1}"#],
            api.clone(),
            json!([{"reply": {"status": 503, "headers": {"x-a": "b"}, "body": {"a": 1}}}]),
        ),
        (
            &["--on", "api", "--reply", "429", "--body", "too-many-requests"],
            api.clone(),
            json!([{"reply": {"status": 429, "body": "too-many-requests"}}]),
        ),
        (
            &["--on", "api", "--reply", "502", "--text", "Bad gateway"],
            api.clone(),
            json!([{"reply": {"status": 502, "text": "Bad gateway"}}]),
        ),
        (
            &["--on", "api", "--redirect", "307=https://x.example/"],
            api.clone(),
            json!([{"redirect": {"status": 307, "to": "https://x.example/"}}]),
        ),
        (&["--on", "api", "--delay", "1s"], api.clone(), json!([{"delay": "1s"}])),
        (
            &["--on", "api", "--trickle", "10/50ms"],
            api.clone(),
            json!([{"trickle": {"bytes": 10, "every": "50ms"}}]),
        ),
        (&["--on", "api", "--close"], api.clone(), json!([{"close": {}}])),
        (&["--on", "api", "--close-unannounced"], api.clone(), json!([{"close": {"unannounced": true}}])),
        (&["--on", "api", "--reset"], api.clone(), json!([{"reset": {}}])),
        (&["--on", "api", "--hang", "90s"], api.clone(), json!([{"hang": "1m 30s"}])),
        (
            &["--on", "api", "--half-body", "10/reset"],
            api.clone(),
            json!([{"half_body": {"bytes": 10, "then": "reset"}}]),
        ),
        (&["--on", "api", "--bad-json"], api.clone(), json!([{"bad_json": {}}])),
        (
            &["--on", "api", "--wrong-content-type", "text/html"],
            api.clone(),
            json!([{"wrong_content_type": "text/html"}]),
        ),
        (&["--on", "api", "--wrong-length", "5"], api.clone(), json!([{"wrong_length": 5}])),
        (
            &["--on", "api", "--set-json", "/total=7", "--remove-json", "/next"],
            api.clone(),
            json!([{"edit_json": {"set": {"/total": 7}, "remove": ["/next"]}}]),
        ),
        (&["--on", "api", "--goaway"], api.clone(), json!([{"goaway": {}}])),
        (&["--on", "api", "--goaway", "0"], api.clone(), json!([{"goaway": {"last_stream": 0}}])),
        (&["--on", "api", "--rst-stream", "7"], api.clone(), json!([{"rst_stream": 7}])),
        (&["--on", "api", "--idle-close"], api.clone(), json!([{"idle_close": {}}])),
        (
            &[
                "--on",
                "host=us5.api.central.arubanetworks.com",
                "--at",
                "connect",
                "--bad-certificate",
                "expired",
            ],
            json!({"host": "us5.api.central.arubanetworks.com", "at": "connect"}),
            json!([{"bad_certificate": "expired"}]),
        ),
    ] {
        let got = rules(line).unwrap_or_else(|error| panic!("{line:?}: {error}"));
        let got = serde_json::to_value(&got).unwrap();
        let spaceless = |value: &Value| {
            value
                .to_string()
                .replace("\"nth\":\"3\"", "\"nth\":3")
                .replace("1m 30s", "90s")
                .replace("1m30s", "90s")
        };
        assert_eq!(spaceless(&got[0]["when"]), spaceless(&when), "{line:?}");
        assert_eq!(spaceless(&got[0]["do"]), spaceless(&actions), "{line:?}");
    }
}

#[test]
fn a_gate_is_made_of_flags() {
    let line = [
        "--on",
        "api token=acme#1",
        "--gate-waiting",
        "10",
        "--gate-quiet",
        "500ms",
        "--gate-seen",
        "mint",
        "--gate-step",
        "burst",
        "--gate-limit",
        "5s",
        "--gate-advance",
        "16m",
        "--gate-release",
        "acme#1,globex#1",
    ];
    let rule = rules(&line).unwrap().remove(0);
    let gate = serde_json::to_value(rule.gate).unwrap();
    assert_eq!(
        gate,
        json!({
            "open_when": [{"waiting": 10}, {"quiet": "500ms"}, {"seen": {"op": "mint"}}, {"step": "burst"}],
            "limit": "5s",
            "then": [{"advance": "16m"}],
            "release": ["acme#1", "globex#1"],
        })
    );
}

#[test]
fn wrong_flags_are_told() {
    for (line, what) in [
        (&["--close"][..], "--on"),
        (&["--on", "api"], "does nothing"),
        (&["--on", "api", "--close", "--reset"], "close happens on the wire already"),
        (&["--on", "api status=401", "--close"], "at: response"),
        (&["--on", "api", "--gate-waiting", "2"], "--gate-limit"),
        (&["--on", "api", "--nth", "0", "--close"], "nth"),
        (&["--on", "api", "--advance", "-1m"], "advance"),
        (&["--on", "api", "--retry-after", "3"], "--reply"),
        (&["--on", "api", "--reply", "99"], "200 to 599"),
        (&["--on", "api", "--at", "responce", "--close"], "connect, request or response"),
        (&["--rule", "{when: {}, do: [{close: {}}]}", "--once"], "leave the other flags out"),
        (&["--rule", "{when: {}}"], "does nothing"),
        (
            &["--on", "api", "--reply", "429", "--header", "X-A: b", "--header", "x-a: c"],
            "x-a is given twice",
        ),
        (
            &["--on", "api", "--reply", "429", "--retry-after", "3", "--header", "Retry-After: 5"],
            "retry-after is given twice",
        ),
        (&["--on", "api", "--set-json", "/a=1", "--set-json", "/a=2"], "--set-json /a is given twice"),
        (&["--on", "api nth=2", "--nth", "3", "--close"], "nth is given twice"),
    ] {
        let error = rules(line).unwrap_err();
        assert!(error.contains(what), "{line:?}: {error}");
    }
}
