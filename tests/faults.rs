//! Faults as clients meet them: a raw socket that counts bytes, curl, and reqwest.

mod answers;
mod connect;
mod curl;
mod documented;
mod effects;
mod leave;
mod matrix;
mod raw;

use std::net::SocketAddr;

use greenroom_emulator::command::{Command, Reply};
use greenroom_model::history::{Event, Exchange, Response};
use serde_json::Value;

use crate::{
    client::GLP,
    wire::{LIMIT, Wire, until},
};

/// How a client comes to the emulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Road {
    /// To its own address, without TLS.
    Plain,
    /// To its own address with the real name in the TLS hello.
    Tls,
    /// Through CONNECT to the real name.
    Tunnel,
}

const ROADS: [Road; 3] = [Road::Plain, Road::Tls, Road::Tunnel];

/// The version of HTTP that is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Http {
    One,
    Two,
}

/// An emulator on a clock that stands still, and a token for it.
struct Stage {
    wire: Wire,
    token: String,
}

impl Stage {
    async fn open() -> Self {
        let wire = Wire::frozen().await;
        let token = wire.issue("msp", None);
        Self { wire, token }
    }

    fn address(&self) -> SocketAddr {
        self.wire.emulator.address()
    }

    /// Puts a rule into force.
    #[track_caller]
    fn rule(&self, rule: Value) -> String {
        let rule = serde_json::from_value(rule.clone()).unwrap_or_else(|error| panic!("{rule}: {error}"));
        match self.wire.emulator.run(Command::AddFaults(vec![rule])) {
            Ok(Reply::FaultsAdded(mut added)) => added.added.remove(0).id,
            other => panic!("{other:?}"),
        }
    }

    fn clear(&self) {
        self.wire.emulator.run(Command::ClearFaults).unwrap();
    }

    /// The address of a path on a road.
    fn url(&self, road: Road, path: &str) -> String {
        match road {
            Road::Plain => format!("{}{path}", self.wire.emulator.url()),
            Road::Tls => format!("https://{GLP}:{}{path}", self.address().port()),
            Road::Tunnel => format!("https://{GLP}{path}"),
        }
    }

    fn reqwest(&self, road: Road, http: Http) -> reqwest::Client {
        let ca = reqwest::Certificate::from_pem(self.wire.emulator.ca_pem().as_bytes()).unwrap();
        let builder = reqwest::Client::builder().tls_certs_only([ca]).timeout(LIMIT);
        let builder = builder.redirect(reqwest::redirect::Policy::none());
        let builder = match http {
            Http::One => builder.http1_only(),
            Http::Two => builder.http2_prior_knowledge(),
        };
        let builder = match road {
            Road::Plain => builder.no_proxy(),
            Road::Tls => builder.no_proxy().resolve(GLP, self.address()),
            Road::Tunnel => builder.proxy(reqwest::Proxy::all(self.wire.emulator.url()).unwrap()),
        };
        builder.build().unwrap()
    }

    /// The exchanges that bear a mark.
    fn marked(&self, mark: &str) -> Vec<Exchange> {
        let exchanges = self.wire.emulator.history().exchanges().into_iter();
        let bears = |exchange: &Exchange| {
            exchange.request.headers.iter().any(|(name, value)| name == MARK && value == mark)
        };
        exchanges.filter(bears).collect()
    }

    /// Every firing on a connection: the rule, and what it did.
    fn connection_faults(&self) -> Vec<(String, String)> {
        let (entries, _) = self.wire.emulator.history().entries(0);
        let told = entries.into_iter().filter_map(|entry| match entry.event {
            Event::Fault { rule, request: None, connection: Some(_), did } => Some((rule, did)),
            _ => None,
        });
        told.collect()
    }

    /// Waits until all connections but so many have ended.
    async fn only_open(&self, most: usize) {
        let count = || {
            let (entries, _) = self.wire.emulator.history().entries(0);
            let events = entries.iter().filter_map(|entry| match &entry.event {
                Event::Connection { what, .. } => Some(what.as_str()),
                _ => None,
            });
            events.fold(0, |open, what| match what {
                "opened" => open + 1,
                "closed" => open - 1,
                _ => open,
            })
        };
        until("connections stay open", || count() <= most).await;
    }
}

impl Stage {
    /// What became of the last request.
    fn last(&self) -> Response {
        self.wire.last_exchange().response.expect("an answer in the history")
    }
}

/// One device: JSON of some hundred bytes.
const PATH: &str = "/devices/v1/devices?limit=1";

/// The header by which an exchange is found again.
const MARK: &str = "x-mark";

/// The innermost reason of an error.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
