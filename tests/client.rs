//! A client of an emulator that checks every answer it gets: schema, date, headers, secrets.

mod answers;
mod check;
mod place;
mod schema;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use greenroom_emulator::{
    Emulator,
    command::{Command, MoveClock, Reply, WorldView},
};
use greenroom_model::{sample::DEFAULT_SEED, world::World};
use jiff::Timestamp;
use reqwest::{
    Certificate, Method, Proxy, Url, Version,
    header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap},
};
use serde_json::Value;

use self::place::Place;
use crate::{
    harness::{Scratch, served::Served},
    wire,
};

/// The SSO issuer.
pub(crate) const SSO: &str = "sso.common.cloud.hpe.com";
/// The workspace issuers and the APIs of GLP.
pub(crate) const GLP: &str = "global.api.greenlake.hpe.com";
/// A cluster of New Central.
pub(crate) const CENTRAL: &str = "us5.api.central.arubanetworks.com";
/// A host of data services.
pub(crate) const DATA: &str = "us1.data.cloud.hpe.com";
/// A gateway of Classic Central.
pub(crate) const APIGW: &str = "apigw-prod2.central.arubanetworks.com";
/// `grant_type` of an exchange.
pub(crate) const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// `subject_token_type` of an exchange.
pub(crate) const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// How requests travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Road {
    /// Plain HTTP/1.1 to the emulator's own address.
    Plain,
    /// Through a CONNECT tunnel under the real host name, trusting nothing but the emulator's CA.
    Tunnel(Version),
}

/// One client of one emulator whose clock stands still at 2026-01-01T00:00:00Z.
pub(crate) struct Client {
    place: Arc<Place>,
    world: Arc<WorldView>,
    http: reqwest::Client,
    road: Road,
    /// What no answer may show.
    secrets: Arc<Mutex<Vec<String>>>,
}

/// A request before it is sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ask {
    method: Method,
    /// The host to name; on the plain road none is Greenroom's own address.
    host: Option<String>,
    pub(crate) path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

/// A response that passed every check.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.host.as_deref().unwrap_or_else(|| check::home(&self.path));
        write!(f, "{} https://{host}{}", self.method, self.path)
    }
}

impl Ask {
    pub(crate) fn new(method: &str, path: &str) -> Self {
        Self { method: method.parse().unwrap(), path: path.to_owned(), ..Self::default() }
    }

    pub(crate) fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    /// A POST of a form to a token endpoint.
    pub(crate) fn form(path: &str, pairs: &[(&str, &str)]) -> Self {
        let mut url = Url::parse("http://form").unwrap();
        url.query_pairs_mut().extend_pairs(pairs);
        let body = url.query().unwrap_or_default().to_owned();
        Self::new("POST", path).header(CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded").body(body)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header(AUTHORIZATION.as_str(), &format!("Bearer {token}"))
    }

    pub(crate) fn basic(self, id: &str, secret: &str) -> Self {
        self.header(AUTHORIZATION.as_str(), &format!("Basic {}", STANDARD.encode(format!("{id}:{secret}"))))
    }

    pub(crate) fn at(mut self, host: &str) -> Self {
        self.host = Some(host.to_owned());
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// With query parameters, encoded as httpx does: a space as `+`, a quote as `%27`.
    pub(crate) fn query(mut self, pairs: &[(&str, &str)]) -> Self {
        let mut url = Url::parse("http://query").unwrap();
        url.query_pairs_mut().extend_pairs(pairs);
        self.path = format!("{}?{}", self.path, url.query().unwrap_or_default());
        self
    }
}

impl Answer {
    /// Status and `error` of an OAuth refusal, `errorCode` of an envelope, `html` or `ok`.
    pub(crate) fn verdict(&self) -> String {
        wire::verdict(self.status, &self.body)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The text of one member of each row.
    pub(crate) fn column(&self, name: &str) -> Vec<String> {
        let cell = |row: &Value| row[name].as_str().map_or_else(|| row[name].to_string(), str::to_owned);
        self.json()["items"].as_array().expect("a page").iter().map(cell).collect()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    #[track_caller]
    pub(crate) fn ended_with(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }
}

impl Client {
    /// The sample world.
    pub(crate) async fn start() -> Self {
        Self::of(World::sample(DEFAULT_SEED)).await
    }

    /// The sample world with dialects.
    pub(crate) async fn speaking(settings: &[&str]) -> Self {
        let client = Self::start().await;
        client.dialect(settings);
        client
    }

    pub(crate) async fn of(world: World) -> Self {
        // Another test of this process may have been first.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let emulator = Emulator::builder().world(world).start_time(start).frozen().start().await.unwrap();
        Self::at(Place::Here(emulator))
    }

    /// The world of a file in a process of its own: `greenroom serve --world FILE FLAGS`.
    pub(crate) fn served(world: &str, flags: &[&str]) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let scratch = Scratch::new();
        let world = scratch.write("world.yaml", world).display().to_string();
        let start = ["--world", &world, "--clock", "frozen", "--start-time", "2026-01-01T00:00:00Z"];
        let served = Served::start(&scratch, &[&start, flags].concat());
        Self::at(Place::Elsewhere { url: served.url().to_owned(), _running: Mutex::new((served, scratch)) })
    }

    fn at(place: Place) -> Self {
        let Reply::World(world) = place.run(Command::World) else { panic!("a world") };
        let secrets = world.clients.iter().filter_map(|client| client.client_secret.clone()).collect();
        let http = http(&place, Road::Plain);
        let secrets = Arc::new(Mutex::new(secrets));
        Self { place: Arc::new(place), world: Arc::new(world), http, road: Road::Plain, secrets }
    }

    /// The version of HTTP that a client gets by TLS which speaks all and trusts anybody.
    pub(crate) async fn agreed_version(&self) -> Version {
        let builder = reqwest::Client::builder().proxy(Proxy::all(self.url()).unwrap());
        let http = builder.tls_danger_accept_invalid_certs(true).build().unwrap();
        http.get(format!("https://{GLP}/")).send().await.unwrap().version()
    }

    /// Another client of the same emulator, by another road.
    pub(crate) fn over(&self, road: Road) -> Self {
        Self {
            place: Arc::clone(&self.place),
            world: Arc::clone(&self.world),
            http: http(&self.place, road),
            road,
            secrets: Arc::clone(&self.secrets),
        }
    }

    pub(crate) fn dialect(&self, settings: &[&str]) {
        let settings = settings.iter().map(|&setting| setting.to_owned()).collect();
        self.place.run(Command::SetDialect(settings));
    }

    pub(crate) fn advance(&self, by: &str) {
        self.place
            .run(Command::MoveClock(MoveClock { advance: Some(by.to_owned()), ..MoveClock::default() }));
    }

    /// The emulator, which is in this process.
    pub(crate) fn emulator(&self) -> &Emulator {
        match &*self.place {
            Place::Here(emulator) => emulator,
            Place::Elsewhere { .. } => panic!("the emulator is another process"),
        }
    }

    /// Where it is.
    pub(crate) fn url(&self) -> &str {
        self.place.url()
    }

    /// Id and secret of a client of the sample.
    pub(crate) fn credentials(&self, name: &str) -> (&str, &str) {
        let client = self.world.clients.iter().find(|client| client.name == name).expect("a client");
        (&client.client_id, client.client_secret.as_deref().expect("a sample secret"))
    }

    /// The dashed GLP id of a workspace.
    pub(crate) fn workspace(&self, symbol: &str) -> &str {
        &self.world.workspaces.iter().find(|workspace| workspace.symbol == symbol).expect(symbol).id
    }

    /// The token endpoint of a workspace, as HPE documents it.
    pub(crate) fn issuer(&self, symbol: &str) -> String {
        format!("/authorization/v2/oauth2/{}/token", self.workspace(symbol).replace('-', ""))
    }

    /// A token of a client's own workspace: from its issuer for platform clients, else from the SSO issuer.
    pub(crate) async fn mint(&self, name: &str) -> String {
        let client = self.world.clients.iter().find(|client| client.name == name).expect("a client");
        match client.service.as_str() {
            "platform" => self.issued(self.mint_ask(name, &self.issuer(&client.workspace))).await,
            _ => self.mint_sso(name).await,
        }
    }

    /// A token of the SSO issuer.
    pub(crate) async fn mint_sso(&self, name: &str) -> String {
        self.issued(self.mint_ask(name, "/as/token.oauth2")).await
    }

    pub(crate) fn mint_ask(&self, name: &str, path: &str) -> Ask {
        let (id, secret) = self.credentials(name);
        Ask::form(path, &[("grant_type", "client_credentials")]).basic(id, secret)
    }

    /// The tenant token for an MSP token.
    pub(crate) async fn exchange(&self, msp: &str, tenant: &str) -> String {
        self.issued(self.exchange_ask(msp, tenant)).await
    }

    pub(crate) fn exchange_ask(&self, msp: &str, tenant: &str) -> Ask {
        let form = [("grant_type", EXCHANGE), ("subject_token", msp), ("subject_token_type", ACCESS_TOKEN)];
        Ask::form(&self.issuer(tenant), &form)
    }

    async fn issued(&self, ask: Ask) -> String {
        let answer = self.send(ask).await.ended_with(200);
        answer.json()["access_token"].as_str().expect("a token").to_owned()
    }

    pub(crate) async fn get(&self, token: &str, path: &str) -> Answer {
        self.send(Ask::get(path).bearer(token)).await
    }

    /// A list with query parameters.
    pub(crate) async fn list(&self, token: &str, path: &str, query: &[(&str, &str)]) -> Answer {
        self.send(Ask::get(path).bearer(token).query(query)).await
    }

    /// Sends a request and checks the answer.
    pub(crate) async fn send(&self, mut ask: Ask) -> Answer {
        let base = match self.road {
            Road::Plain => self.url().to_owned(),
            Road::Tunnel(_) => {
                let host = ask.host.get_or_insert_with(|| check::home(&ask.path).to_owned());
                format!("https://{host}")
            }
        };
        let mut request = self.http.request(ask.method.clone(), format!("{base}{}", ask.path));
        for (name, value) in &ask.headers {
            request = request.header(name, value);
        }
        if let (Road::Plain, Some(host)) = (self.road, &ask.host) {
            request = request.header(HOST, host);
        }
        if let Some(body) = ask.body.clone() {
            request = request.body(body);
        }
        let response = request.send().await.unwrap_or_else(|error| panic!("{ask:?}: {error:?}"));
        let (status, version) = (response.status().as_u16(), response.version());
        let headers = response.headers().clone();
        let body = response.text().await.unwrap();
        let answer = Answer { status, version, headers, body };
        if let Road::Tunnel(wanted) = self.road {
            assert_eq!(version, wanted, "what ALPN agreed on");
        }
        self.check(&ask, &answer);
        answer
    }

    fn in_force(&self) -> BTreeMap<String, String> {
        let Reply::Dialect(rows) = self.place.run(Command::Dialect) else { panic!("dialects") };
        rows.dialects.into_iter().map(|row| (row.name, row.value)).collect()
    }
}

fn http(place: &Place, road: Road) -> reqwest::Client {
    let builder = reqwest::Client::builder();
    let builder = match road {
        Road::Plain => builder.no_proxy(),
        Road::Tunnel(version) => {
            let Place::Here(emulator) = place else { panic!("tunnels lead to an emulator in this process") };
            let ca = Certificate::from_pem(emulator.ca_pem().as_bytes()).unwrap();
            let builder =
                builder.proxy(Proxy::all(emulator.url()).unwrap()).tls_certs_only([ca]).https_only(true);
            if version == Version::HTTP_2 { builder } else { builder.http1_only() }
        }
    };
    builder.build().unwrap()
}
