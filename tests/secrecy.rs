//! Secrets stay secret: not in logs at the highest level, not in histories, not in the text of errors.

mod lasting;

use std::{
    collections::BTreeMap,
    io::Write,
    sync::{Arc, Mutex},
};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD},
};
use greenroom_emulator::Emulator;
use reqwest::{Method, Version};
use tracing::{Level, subscriber::DefaultGuard, warn};
use tracing_subscriber::{EnvFilter, filter::filter_fn, fmt::MakeWriter, layer::SubscriberExt as _};

use crate::wire::{
    ACCESS_TOKEN_TYPE, Answer, DEVICES, INVENTORY, TOKEN_EXCHANGE, Wire, access_token, answer, credentials,
    exchange_form, issuer,
};

/// The source of the binary's own filter.
const LOG_OF_THE_BINARY: &str = include_str!("../crates/greenroom/src/log.rs");

/// Everything that was logged.
#[derive(Clone, Default)]
struct Logs(Arc<Mutex<Vec<u8>>>);

impl Logs {
    /// Logs of this thread at the highest level, the libraries capped as the binary caps them.
    fn capture() -> (Self, DefaultGuard) {
        let logs = Self::default();
        let list =
            LOG_OF_THE_BINARY.split("TALKATIVE: [&str;").nth(1).and_then(|rest| rest.split(';').next());
        let mut capped: Vec<_> =
            list.expect("the binary caps libraries").split('"').skip(1).step_by(2).collect();
        assert!(
            capped.contains(&"h2") && capped.contains(&"hyper") && capped.contains(&"rustls"),
            "{capped:?}"
        );
        // The test's own client is in this process too; its logs are not the emulator's.
        capped.push("reqwest");
        // As in the binary: apart from what is asked for, so that nothing lifts the cap.
        let cap = filter_fn(move |metadata| {
            let is_within = |library: &&str| {
                let rest = metadata.target().strip_prefix(library);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
            };
            *metadata.level() <= Level::INFO || !capped.iter().any(is_within)
        });
        let wanted = EnvFilter::new("trace,h2::codec=trace,hyper::proto=trace,rustls::client=trace");
        let layer = tracing_subscriber::fmt::layer().with_writer(logs.clone()).with_ansi(false);
        let registry = tracing_subscriber::registry().with(wanted).with(cap).with(layer);
        let guard = tracing::subscriber::set_default(registry);
        (logs, guard)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Logs {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Logs {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// What must not be found anywhere, in every form that it may take.
#[derive(Default)]
struct Scanner {
    /// Form and name.
    forms: BTreeMap<String, String>,
}

impl Scanner {
    /// A client's secret.
    fn secret(&mut self, name: &str, secret: &str) {
        self.form(name, secret);
        self.form(name, &secret.to_uppercase());
        for encoded in inside_base64(secret) {
            self.form(&format!("{name} in base64"), &encoded);
        }
    }

    /// A token: parts of its payload and signature give it away as the whole does.
    fn token(&mut self, name: &str, token: &str) {
        let parts: Vec<_> = token.split('.').skip(1).collect();
        for (part, text) in ["payload", "signature"].into_iter().zip(parts) {
            for start in [0, text.len() / 2, text.len() - 40] {
                self.secret(&format!("{part} of {name}"), &text[start..start + 40]);
            }
        }
    }

    fn form(&mut self, name: &str, form: &str) {
        assert!(form.len() >= 16, "{name} is too short to search for");
        self.forms.insert(form.to_owned(), name.to_owned());
        let encoded: String = form_urlencoded::byte_serialize(form.as_bytes()).collect();
        let all: String = form.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for escaped in [encoded, all.to_lowercase(), all] {
            self.forms.entry(escaped).or_insert_with(|| format!("{name}, percent-encoded"));
        }
    }

    /// The names of what `text` gives away.
    fn found(&self, text: &str) -> Vec<&str> {
        self.forms.iter().filter(|(form, _)| text.contains(*form)).map(|(_, name)| name.as_str()).collect()
    }
}

/// What a text looks like somewhere inside base64: in each of three alignments, without the characters
/// that also depend on its neighbours.
fn inside_base64(text: &str) -> Vec<String> {
    let mut forms = Vec::new();
    for (shift, first) in [(0, 0), (1, 2), (2, 3)] {
        let padded = [&b"xx"[..shift], text.as_bytes()].concat();
        let whole = padded.len() / 3 * 4;
        for engine in [&STANDARD, &URL_SAFE] {
            forms.push(engine.encode(&padded)[first..whole].to_owned());
        }
    }
    forms
}

/// The answers of a tour, and the tokens that were handed out on it.
struct Tour {
    answers: Vec<(String, Answer)>,
    tokens: Vec<String>,
    /// The secrets that were handed out.
    secrets: Vec<String>,
}

/// Every way to sign in, calls over TLS in both versions of HTTP, and secrets in every wrong place.
async fn tour(wire: &Wire) -> Tour {
    let proxied = wire.proxied();
    let (id, secret) = credentials("msp");
    let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
    let mut tour = Tour { answers: Vec::new(), tokens: Vec::new(), secrets: Vec::new() };
    let (sso, glp) = ("https://sso.common.cloud.hpe.com", "https://global.api.greenlake.hpe.com");
    let grant = [("grant_type", "client_credentials")];
    let body = [grant[0], ("client_id", &*id), ("client_secret", &*secret)];
    for (version, url) in [
        (Version::HTTP_11, format!("{sso}/as/token.oauth2")),
        (Version::HTTP_2, format!("{glp}{}", issuer("msp"))),
    ] {
        let post = || proxied.post(&url).version(version);
        for minted in [post().header("authorization", &basic).form(&grant), post().form(&body)] {
            tour.tokens.push(access_token(&answer(minted).await));
        }
    }
    let msp = tour.tokens[3].clone();
    let exchange = proxied.post(format!("{glp}{}", issuer("abc"))).header("authorization", &basic);
    let tenant = access_token(&answer(exchange.form(&exchange_form(&msp))).await);
    tour.tokens.extend([tenant.clone(), wire.exchange(&msp, "example").await, wire.issue("msp", None)]);
    let central = "https://us5.api.central.arubanetworks.com";
    for (url, token) in
        [(format!("{central}{INVENTORY}?limit=3"), &tenant), (format!("{glp}{DEVICES}?limit=3"), &msp)]
    {
        for version in [Version::HTTP_11, Version::HTTP_2] {
            let called = answer(proxied.get(&url).version(version).bearer_auth(token)).await;
            assert_eq!(called.status, 200, "{called:?}");
        }
    }
    wire.dialect(&["exchange_expired=rfc8693"]);
    wire.emulator.clock().advance(jiff::SignedDuration::from_mins(16)).expect("forward");
    wrong_places(wire, &mut tour, &[&tenant, &msp, &secret]).await;
    wrong_forms(wire, &mut tour, &id, &secret, &msp).await;
    made_and_replaced(wire, &mut tour).await;
    tour
}

/// Secrets that the credentials API hands out, old and new, in every wrong place.
async fn made_and_replaced(wire: &Wire, tour: &mut Tour) {
    let credentials = "/workspaces/v1/credentials";
    let bearer = format!("Bearer {}", wire.issue("msp", None));
    let send = |method, path: String, body: String| {
        let bearer = bearer.clone();
        async move { wire.send(method, &path, &[("authorization", &bearer)], &body).await }
    };
    let name = |name: &str| serde_json::json!({"credentialName": name}).to_string();
    let made = send(Method::POST, credentials.to_owned(), name("made")).await.json();
    let id = made["id"].as_str().expect("an id");
    tour.secrets.push(made["clientSecret"].as_str().expect("a secret").to_owned());
    for _ in 0..2 {
        let reset = send(Method::POST, format!("{credentials}/{id}/reset"), String::new()).await.json();
        tour.secrets.push(reset["clientSecret"].as_str().expect("a secret").to_owned());
    }
    // A name may be anything and is shown where it was given, but names nothing elsewhere.
    let secret = tour.secrets[2].clone();
    let told = send(Method::POST, credentials.to_owned(), name(&format!("not {secret}"))).await;
    assert_eq!(told.status, 201, "{told:?}");
    for _ in 0..2 {
        for secret in tour.secrets.clone() {
            for path in [format!("{credentials}/{secret}"), format!("{credentials}/{secret}/reset")] {
                for method in [Method::DELETE, Method::POST, Method::GET] {
                    tour.keep(&path, send(method, path.clone(), String::new()).await);
                }
            }
            let path = format!("{credentials}?filter=tenantId+eq+%27{secret}%27");
            tour.keep(&path, send(Method::GET, path.clone(), String::new()).await);
            for body in [name(&secret.repeat(40)), format!("{{{secret}")] {
                tour.keep("a body", send(Method::POST, credentials.to_owned(), body).await);
            }
        }
        let secrets = tour.secrets.clone();
        wrong_places(wire, tour, &secrets.iter().map(String::as_str).collect::<Vec<_>>()).await;
        // The second time it is deleted.
        send(Method::DELETE, format!("{credentials}/{id}"), String::new()).await;
    }
}

/// Secrets where no secret belongs: in URLs and headers.
async fn wrong_places(wire: &Wire, tour: &mut Tour, secrets: &[&str]) {
    for secret in secrets {
        let encoded = STANDARD.encode(format!("x:{secret}"));
        let bearer = format!("Bearer {secret}");
        for path in [
            format!("{DEVICES}?access_token={secret}"),
            format!("{DEVICES}/{secret}"),
            format!("{DEVICES}?filter=serialNumber+eq+%27{secret}%27"),
            format!("{DEVICES}?filter={secret}"),
            format!("{INVENTORY}?{secret}=1"),
            format!("{INVENTORY}?filter={secret}+eq+x"),
            format!("{INVENTORY}?sort={secret}"),
            format!("/workspaces/v1/workspaces/{secret}"),
            format!("/authorization/v2/oauth2/{secret}/jwks"),
            format!("/{secret}"),
        ] {
            tour.keep(&path, wire.get(&path, secret).await);
            tour.keep(&path, wire.get(&path, &wire.issue("msp", None)).await);
        }
        for (name, value) in [
            ("authorization", *secret),
            ("authorization", &*format!("Token {secret}")),
            ("authorization", &*format!("Bearer {secret} {secret}")),
            ("proxy-authorization", &*bearer),
            ("x-auth-token", secret),
            ("x-authorization", &*bearer),
            ("x-authorization", &*format!("Basic {encoded}")),
            ("cookie", &*format!("session={secret}")),
            ("user-agent", &*format!("client/1 ({secret})")),
            ("referer", &*format!("https://x.example/?token={secret}")),
            ("content-type", secret),
            ("host", secret),
        ] {
            tour.keep(name, wire.send(Method::GET, DEVICES, &[(name, value)], "").await);
        }
        let host = "Host: pypi.org\r\nConnection: close\r\n\r\n";
        let target = format!("GET http://user:{secret}@pypi.org/{secret} HTTP/1.1\r\n{host}");
        let told = wire.raw(target.as_bytes()).await;
        tour.keep("absolute form", Answer { status: 403, headers: Default::default(), text: told });
    }
}

/// Secrets in the wrong fields of forms, and credentials that are refused.
async fn wrong_forms(wire: &Wire, tour: &mut Tour, id: &str, secret: &str, msp: &str) {
    let grant = ("grant_type", "client_credentials");
    let kind = ("subject_token_type", ACCESS_TOKEN_TYPE);
    let exchange = ("grant_type", TOKEN_EXCHANGE);
    for form in [
        &[("grant_type", secret)][..],
        &[("grant_type", msp)],
        &[grant, ("client_id", secret), ("client_secret", id)],
        &[grant, ("client_id", msp)],
        &[grant, ("client_id", id), ("client_secret", secret), ("client_secret", secret)],
        &[grant, ("password", secret), (secret, "x"), (msp, "x")],
        &[grant, ("scope", secret), ("scope", msp)],
        &[exchange, kind, ("subject_token", msp)],
        &[exchange, kind, ("subject_token", secret)],
        &[exchange, ("subject_token_type", msp), ("subject_token", msp)],
        &[exchange, kind, ("subject_token", msp), ("requested_token_type", msp)],
        &[exchange, kind, ("subject_token", msp), ("actor_token", msp)],
    ] {
        for path in ["/as/token.oauth2", &issuer("abc"), &format!("/authorization/v2/oauth2/{secret}/token")]
        {
            tour.keep(path, wire.post(path, &[], form).await);
            let basic = format!("Basic {}", STANDARD.encode(format!("{secret}:{id}")));
            tour.keep(path, wire.post(path, &[("authorization", &basic)], form).await);
        }
    }
    // Control says what it was told, but must not write it down.
    for body in [format!(r#"{{"as":"{secret}"}}"#), format!(r#"{{"as":"msp","tenant":"{msp}"}}"#)] {
        wire.send(Method::POST, "/_greenroom/v1/tokens", &[], &body).await;
    }
}

impl Tour {
    /// Keeps what is no answer to a good sign-in.
    fn keep(&mut self, what: &str, answer: Answer) {
        assert!(!answer.text.contains(r#""token_type""#), "{what} signs nobody in");
        self.answers.push((what.to_owned(), answer));
    }
}

fn scanner(tour: &Tour) -> Scanner {
    let mut scanner = Scanner::default();
    for client in ["msp", "msp-central", "standard", "standard-central", "standard-data", "dedicated"] {
        scanner.secret(&format!("the secret of {client}"), &credentials(client).1);
    }
    for (n, secret) in tour.secrets.iter().enumerate() {
        scanner.secret(&format!("made secret {n}"), secret);
    }
    for (n, token) in tour.tokens.iter().enumerate() {
        scanner.token(&format!("token {n}"), token);
    }
    scanner
}

#[tokio::test]
async fn no_secret_leaves_by_logs_histories_or_errors() {
    let (logs, _guard) = Logs::capture();
    let wire = Wire::start(Emulator::builder().frozen().log(true)).await;
    let tour = tour(&wire).await;
    let scanner = scanner(&tour);
    let text = logs.text();
    assert!(text.lines().count() > 150 && text.contains("oauth2/"), "the log is there: {text}");
    let history = wire.send(Method::GET, "/_greenroom/v1/history", &[], "").await.text;
    assert!(history.len() > 100_000, "{}", history.len());
    let entries = serde_json::to_string(&wire.emulator.history().entries(0).0).expect("JSON");
    let mut leaks = Vec::new();
    for (place, text) in [("the log", &text), ("the history", &history), ("the entries", &entries)] {
        for line in text.split(['\n', '{']).filter(|line| !scanner.found(line).is_empty()) {
            let beginning: String = line.chars().take(300).collect();
            leaks.push(format!("{place} gives away {:?}: {beginning}", scanner.found(line)));
        }
    }
    for (what, answer) in &tour.answers {
        let text = format!("{:?} {}", answer.headers, answer.text);
        for found in scanner.found(&text) {
            leaks.push(format!("the answer to {what} gives away {found}: {text}"));
        }
    }
    assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks.join("\n"));
}

#[tokio::test]
async fn a_secret_that_is_printed_on_purpose_is_caught() {
    let (logs, _guard) = Logs::capture();
    let wire = Wire::start(Emulator::builder().frozen().log(true)).await;
    let token = wire.mint("msp").await;
    let scanner = scanner(&Tour { answers: Vec::new(), tokens: vec![token.clone()], secrets: Vec::new() });
    assert_eq!(scanner.found(&logs.text()), [""; 0], "before");
    let (id, secret) = credentials("msp");
    let escaped: String = secret.bytes().map(|byte| format!("%{byte:02x}")).collect();
    for (what, text) in [
        ("a secret", secret.clone()),
        ("a secret in shouting", secret.to_uppercase()),
        ("Basic credentials", STANDARD.encode(format!("{id}:{secret}"))),
        ("the same behind something else", STANDARD.encode(format!("xy{id}:{secret}"))),
        ("base64url", URL_SAFE_NO_PAD.encode(format!("z{secret}"))),
        ("percent-encoded", escaped),
        ("a token", token.clone()),
        ("the beginning of a token", token[..token.len() / 2].to_owned()),
        ("a token in base64", STANDARD.encode(&token)),
        ("the end of a token", token[token.len() - 60..].to_owned()),
    ] {
        logs.0.lock().unwrap().clear();
        warn!(value = text, "printed on purpose");
        assert!(!scanner.found(&logs.text()).is_empty(), "{what} is not caught: {}", logs.text());
    }
    // The capture itself is at the highest level.
    logs.0.lock().unwrap().clear();
    tracing::trace!("{token}");
    assert!(!scanner.found(&logs.text()).is_empty(), "a trace is not captured");
}
