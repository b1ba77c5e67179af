//! An emulator in this process and a plain client of it, for the tests that look at the wire.

use std::{ops::Deref, sync::LazyLock, time::Duration};

use greenroom_emulator::{
    Builder, Emulator, OpenSandbox,
    command::{Command, IssueToken, Reply},
};
use greenroom_model::{
    history::Exchange,
    id::WorkspaceId,
    sample::DEFAULT_SEED,
    world::{WorkspaceIx, World},
};
use reqwest::{Client, Method, StatusCode, header::HeaderMap};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// How long something may take that is waited for.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// Waits until something is so that no client can tell. Fails with `otherwise` if it never becomes so.
pub(crate) async fn until(otherwise: &str, mut is_so: impl FnMut() -> bool) {
    let so = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    timeout(LIMIT, so).await.unwrap_or_else(|_| panic!("{otherwise}"));
}

/// The sample world, to read ids and secrets from.
pub(crate) static SAMPLE: LazyLock<World> = LazyLock::new(|| World::sample(DEFAULT_SEED));

/// `grant_type` of an exchange, and the type of its subject.
pub(crate) const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
pub(crate) const ACCESS_TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:access_token";

/// The tenants of the sample, by symbol.
pub(crate) const TENANTS: [&str; 6] = ["example", "abc", "customer", "oneil", "zurich", "empty"];

/// Every list, with the name of its paging parameter.
pub(crate) const INVENTORY: &str = "/network-monitoring/v1/device-inventory";
pub(crate) const LIST_TENANTS: &str = "/network-msp/v1/list-tenants";
pub(crate) const DEVICES: &str = "/devices/v1/devices";
pub(crate) const MSP_TENANTS: &str = "/workspaces/v1/msp-tenants";
pub(crate) const AUDIT_LOG: &str = "/audit-log/v1/logs";
pub(crate) const PROVISIONS: &str = "/service-catalog/v1/service-manager-provisions";

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Status and `error` of an OAuth refusal, `errorCode` of an envelope, or `html`.
    pub(crate) fn verdict(&self) -> String {
        verdict(self.status, &self.text)
    }
}

pub(crate) fn verdict(status: u16, body: &str) -> String {
    let json: Value = serde_json::from_str(body).unwrap_or_default();
    let code = json["error"].as_str().or_else(|| json["errorCode"].as_str());
    let html = body.starts_with("<!DOCTYPE").then_some("html");
    format!("{status} {}", code.or(html).unwrap_or("ok"))
}

/// A running emulator, or a sandbox beside one, and a client that talks to it directly.
pub(crate) struct Wire<E = Emulator> {
    pub(crate) emulator: E,
    pub(crate) http: Client,
}

impl Wire {
    /// The sample world on a clock that stands still at a round instant.
    pub(crate) async fn frozen() -> Self {
        Self::start(Emulator::builder().frozen().start_time("2026-03-01T10:00:00Z".parse().unwrap())).await
    }

    pub(crate) async fn start(builder: Builder) -> Self {
        Self::of(builder.start().await.expect("the emulator starts"))
    }
}

impl<E: Deref<Target = OpenSandbox>> Wire<E> {
    /// A client of its own for what is running.
    pub(crate) fn of(emulator: E) -> Self {
        // Another test of this process may have been first.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        // It speaks plain HTTP, and the machine's roots take a while to read.
        let http = Client::builder().no_proxy().tls_certs_only([]).build().expect("a client");
        Self { emulator, http }
    }

    /// A client that reaches the real names through the emulator as its proxy.
    pub(crate) fn proxied(&self) -> Client {
        let ca = reqwest::Certificate::from_pem(self.emulator.ca_pem().as_bytes()).expect("a certificate");
        Client::builder()
            .tls_certs_only([ca])
            .proxy(reqwest::Proxy::all(self.emulator.url()).expect("a proxy"))
            .build()
            .expect("a client")
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.emulator.url())
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut request = self.http.request(method, self.url(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request.body(body.to_owned())).await
    }

    /// A GET with a bearer token.
    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        self.send(Method::GET, path, &[("authorization", &format!("Bearer {token}"))], "").await
    }

    /// A form.
    pub(crate) async fn post(&self, path: &str, headers: &[(&str, &str)], form: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let form = [("content-type", "application/x-www-form-urlencoded")];
        self.send(Method::POST, path, &[&form[..], headers].concat(), &body).await
    }

    /// A token of a sample client, minted at `path`.
    #[track_caller]
    pub(crate) fn mint_at(&self, path: &str, client: &str) -> impl Future<Output = String> {
        let (id, secret) = credentials(client);
        let path = path.to_owned();
        async move {
            let form = [
                ("grant_type", "client_credentials"),
                ("client_id", id.as_str()),
                ("client_secret", secret.as_str()),
            ];
            access_token(&self.post(&path, &[], &form).await)
        }
    }

    pub(crate) async fn mint_sso(&self, client: &str) -> String {
        self.mint_at("/as/token.oauth2", client).await
    }

    /// A token of the issuer of the client's own workspace.
    pub(crate) async fn mint(&self, client: &str) -> String {
        let ix = SAMPLE.client_named(client).expect("a sample client");
        let home = SAMPLE.workspace(SAMPLE.client(ix).workspace);
        self.mint_at(&issuer(&home.symbol), client).await
    }

    /// The answer to an exchange without client authentication.
    pub(crate) async fn try_exchange(&self, subject: &str, tenant: &str) -> Answer {
        self.post(&issuer(tenant), &[], &exchange_form(subject)).await
    }

    pub(crate) async fn exchange(&self, subject: &str, tenant: &str) -> String {
        access_token(&self.try_exchange(subject, tenant).await)
    }

    /// A token that no client asked for.
    pub(crate) fn issue(&self, client: &str, tenant: Option<&str>) -> String {
        let wish = IssueToken {
            client: client.to_owned(),
            tenant: tenant.map(str::to_owned),
            ..IssueToken::default()
        };
        match self.emulator.run(Command::IssueToken(wish)) {
            Ok(Reply::Issued(issued)) => issued.access_token,
            other => panic!("no token: {other:?}"),
        }
    }

    pub(crate) fn dialect(&self, settings: &[&str]) {
        let settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
        self.emulator.run(Command::SetDialect(settings)).expect("a dialect");
    }

    pub(crate) fn last_exchange(&self) -> Exchange {
        self.emulator.history().exchanges().pop().expect("an exchange")
    }

    /// Sends bytes on a connection of their own and reads until the emulator closes it.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> String {
        let mut socket = TcpStream::connect(self.emulator.address()).await.expect("a connection");
        // The emulator may have refused, and closed, before it read everything.
        let _ = socket.write_all(bytes).await;
        let _ = socket.shutdown().await;
        read_out(&mut socket).await
    }
}

/// What is left to read on a socket, as text.
pub(crate) async fn read_out(socket: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let mut chunk = [0; 4096];
    // A reset after the answer is an end too.
    while let Ok(length @ 1..) = socket.read(&mut chunk).await {
        answer.extend_from_slice(&chunk[..length]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// Sends a request and reads its answer.
pub(crate) async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status(), response.headers().clone());
    let status = StatusCode::as_u16(&status);
    Answer { status, headers, text: response.text().await.expect("a body") }
}

#[track_caller]
pub(crate) fn access_token(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["access_token"].as_str().expect("an access token").to_owned()
}

/// Id and secret of a sample client.
pub(crate) fn credentials(client: &str) -> (String, String) {
    let client = SAMPLE.client(SAMPLE.client_named(client).expect("a sample client"));
    (client.id.clone(), client.secret.value().expect("a sample secret").reveal().to_owned())
}

pub(crate) fn workspace(symbol: &str) -> WorkspaceIx {
    SAMPLE.workspace_named(symbol).expect("a sample workspace")
}

pub(crate) fn workspace_id(symbol: &str) -> WorkspaceId {
    SAMPLE.workspace(workspace(symbol)).id
}

/// The token endpoint of a workspace.
pub(crate) fn issuer(symbol: &str) -> String {
    format!("/authorization/v2/oauth2/{}/token", workspace_id(symbol).plain())
}

pub(crate) fn exchange_form(subject: &str) -> [(&str, &str); 3] {
    [("grant_type", TOKEN_EXCHANGE), ("subject_token", subject), ("subject_token_type", ACCESS_TOKEN_TYPE)]
}
