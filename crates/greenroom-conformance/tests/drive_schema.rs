//! The published schema of `drive/1` follows the code, and what the kit writes fits it.

use std::{fs, path::PathBuf};

use greenroom_conformance::drive::{
    self, Api, Ask, Body, Call, Capability, Clock, Close, Config, Credentials, Hello, Introduction, Kind,
    Leaving, Line, List, Log, Mode, Open, Refresh, Reload, Reply, Scheme, Seconds, Shift, Sleep, Tenant,
    Verb, Wake, What, Who,
};
use greenroom_model::secret::Secret;
use serde_json::{Map, Value, json};

fn published() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/schemas/drive.json")
}

#[test]
fn the_published_schema_is_the_present_one() {
    let present = serde_json::to_string_pretty(&drive::schema()).unwrap() + "\n";
    if std::env::var_os("GREENROOM_BLESS").is_some() {
        fs::write(published(), &present).unwrap();
    }
    assert!(
        fs::read_to_string(published()).unwrap_or_default() == present,
        "fixtures/schemas/drive.json lags behind: run GREENROOM_BLESS=1 cargo test -p greenroom-conformance \
         --test drive_schema"
    );
}

/// One line of every kind to the adapter, with every member.
fn asks() -> Vec<(Verb, Value)> {
    let config = Config {
        unified: Some(Credentials {
            client_id: Some("c".into()),
            client_secret: Some(Secret::new("s")),
            workspace_id: Some("w".into()),
            central_url: Some("https://us5.api.central.arubanetworks.com".into()),
            ..Credentials::default()
        }),
        timeout: Some(Seconds("1.5s".parse::<jiff::SignedDuration>().unwrap().unsigned_abs())),
        ..Config::default()
    };
    let written = json!({"unified": {"client_id": "c", "client_secret": "s", "workspace_id": "w",
        "central_url": "https://us5.api.central.arubanetworks.com"}, "timeout": 1.5});
    let call = Call {
        client: "c".into(),
        api: Api::Glp,
        method: "POST".into(),
        path: "/x".into(),
        query: Map::from_iter([("limit".to_owned(), json!(1))]),
        body: Some(Body::Json(json!({"a": null}))),
        content_type: Some("application/json".into()),
        headers: [("x-a".to_owned(), "b".to_owned())].into(),
        stream: true,
    };
    let bare = Call {
        query: Map::new(),
        body: Some(Body::Base64("AAE=".into())),
        content_type: None,
        headers: drive::Headers::new(),
        stream: false,
        ..call.clone()
    };
    let tenant = |who| Verb::Tenant(Tenant { client: "t".into(), of: "c".into(), who });
    vec![
        (Verb::Hello(Hello { v: 1 }), json!({"do": "hello", "v": 1})),
        (
            Verb::Open(Open { client: "c".into(), mode: Mode::Msp, log: Log::Debug, config: config.clone() }),
            json!({"do": "open", "as": "c", "mode": "msp", "log": "DEBUG", "config": written}),
        ),
        (
            tenant(Who::WorkspaceId("w".into())),
            json!({"do": "tenant", "as": "t", "of": "c", "workspace_id": "w"}),
        ),
        (tenant(Who::Name("n".into())), json!({"do": "tenant", "as": "t", "of": "c", "name": "n"})),
        (
            Verb::Call(call),
            json!({"do": "call", "client": "c", "api": "glp", "method": "POST", "path": "/x",
                "query": {"limit": 1}, "body": {"a": null}, "content_type": "application/json",
                "headers": {"x-a": "b"}, "stream": true}),
        ),
        (
            Verb::Call(bare),
            json!({"do": "call", "client": "c", "api": "glp", "method": "POST", "path": "/x",
                "body_b64": "AAE="}),
        ),
        (
            Verb::List(List { client: "c".into(), what: What::Devices }),
            json!({"do": "list", "client": "c", "what": "devices"}),
        ),
        (Verb::Refresh(Refresh { client: "c".into() }), json!({"do": "refresh", "client": "c"})),
        (
            Verb::Reload(Reload { client: "c".into(), config }),
            json!({"do": "reload", "client": "c", "config": written}),
        ),
        (Verb::Clock(Clock { wall: Shift(300) }), json!({"do": "clock", "wall": "+5m"})),
        (Verb::Close(Close { client: "c".into(), by: None }), json!({"do": "close", "client": "c"})),
        (
            Verb::Close(Close { client: "c".into(), by: Some(Leaving::Exception) }),
            json!({"do": "close", "client": "c", "by": "exception"}),
        ),
    ]
}

#[test]
fn what_is_written_is_exact_and_fits_and_is_read_again() {
    let schema = drive::schema();
    let fits = |definition: &str, line: &str| {
        let mut schema = schema.clone();
        schema.as_object_mut().unwrap().remove("anyOf");
        schema["$ref"] = json!(format!("#/$defs/{definition}"));
        let value = serde_json::from_str(line).unwrap();
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        let errors: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{line}: {errors:?}");
    };
    let mut words: Vec<_> = Vec::new();
    for (id, (verb, mut expected)) in (1..).zip(asks()) {
        words.push(verb.word());
        let ask = Ask { id, verb };
        let line = ask.to_line();
        expected["id"] = json!(id);
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), expected);
        fits("Ask", &line);
        assert_eq!(Ask::read(&line).unwrap(), ask);
        let mut more = expected;
        more["later"] = json!({"version": 2});
        fits("ToAdapter", &more.to_string());
        assert_eq!(Ask::read(&more.to_string()).unwrap(), ask, "what a later kit says more is ignored");
    }
    words.dedup();
    assert_eq!(words, Verb::WORDS);
    fits("ToAdapter", &Wake { wake: 1 }.to_line());

    let introduction = Introduction::new("c", "1.0", Scheme::Semver).can(Capability::ALL);
    let hello = Reply {
        v: Some(1),
        name: Some(introduction.name.clone()),
        version: Some(introduction.version.clone()),
        scheme: Some(introduction.scheme),
        can: Some(introduction.can.clone()),
        ..Reply::done(1)
    };
    assert_eq!(hello.introduction().unwrap(), introduction);
    let failed = Reply { status: Some(401), ..Reply::failed(2, Kind::Auth, "no") };
    for reply in [hello, failed, Reply { body: Some(json!([1])), ids: Some(vec![]), ..Reply::done(3) }] {
        fits("ToKit", &reply.to_line());
        assert_eq!(Line::parse(&reply.to_line()), Line::Reply(Box::new(reply)));
    }
    let sleep = Sleep { sleep: Seconds("3s".parse::<jiff::SignedDuration>().unwrap().unsigned_abs()), n: 1 };
    assert_eq!(sleep.to_line(), r#"{"sleep":3,"n":1}"#);
    fits("ToKit", &sleep.to_line());
    assert_eq!(Line::parse(r#"{"sleep":3.0,"n":1}"#), Line::Sleep(sleep));
}

#[test]
fn every_word_is_the_one_on_the_wire() {
    for capability in Capability::ALL {
        assert_eq!(json!(capability), json!(capability.word()));
    }
}
