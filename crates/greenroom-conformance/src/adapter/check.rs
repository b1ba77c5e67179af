//! Lints an adapter verb by verb, before any scenario: what it does wrong, and how to mend it.

mod probes;
mod talk;

use std::time::Duration;

use greenroom_emulator::{Emulator, StartError as EmulatorError};
use greenroom_model::{
    credential::ApiClient,
    dialect::HttpVersions,
    sample::DEFAULT_SEED,
    secret::{JWT, Secret},
    world::World,
};
use serde::Serialize;

use self::talk::Talk;
use super::{Adapter, StartError};
use crate::drive::{ClassicCredentials, Config, Credentials, Introduction};

/// How long an adapter is waited for, in real time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For a reply.
    pub reply: Duration,
    /// For its end, after that of its stdin.
    pub end: Duration,
}

impl Default for Patience {
    /// Half a minute, and five seconds.
    fn default() -> Self {
        Self { reply: Duration::from_secs(30), end: Duration::from_secs(5) }
    }
}

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Who the client says it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<Client>,
    /// One for each check that was come to.
    pub findings: Vec<Finding>,
    /// What the adapter said last beside the protocol, without secrets. Only where something is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_words: Option<String>,
}

impl Report {
    /// How many checks went wrong.
    pub fn wrong(&self) -> usize {
        self.findings.iter().filter(|finding| matches!(finding.outcome, Outcome::Wrong { .. })).count()
    }
}

/// Who a client says it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Client {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// The outcome of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The name of the check.
    pub check: &'static str,
    /// What an adapter does that passes it.
    pub what: &'static str,
    /// Whether this one does.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// Whether an adapter does what it should.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It does.
    Fine,
    /// It does not.
    Wrong {
        /// What it does instead.
        problem: String,
        /// How to mend it.
        mend: &'static str,
    },
    /// It was not asked.
    Skipped {
        /// Why not.
        why: String,
    },
}

/// Why nothing was found.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The adapter cannot be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// There is no emulator to check it against.
    #[error(transparent)]
    Emulator(#[from] EmulatorError),
}

/// Asks an adapter everything, against an emulator of its own with the sample world.
pub async fn check(adapter: &Adapter, patience: Patience) -> Result<Report, CheckError> {
    let mut world = World::sample(DEFAULT_SEED);
    // It is the adapter that is asked. Libraries that share a connection of HTTP/2 among threads spoil it now and then.
    world.dialect.http_versions = HttpVersions::Http1;
    let desk = Desk::of(&world);
    let emulator = Emulator::builder().world(world).frozen().start().await?;
    let running = adapter.start(&emulator.client_env(), &[])?;
    let mut check = Check {
        talk: Talk::new(running, patience.reply),
        emulator,
        desk,
        client: None,
        findings: Vec::new(),
        patience,
    };
    let halted = check.every_verb().await.is_err();
    check.end(halted).await;
    Ok(check.report())
}

/// A check under way.
struct Check {
    talk: Talk,
    emulator: Emulator,
    desk: Desk,
    client: Option<Introduction>,
    findings: Vec<Finding>,
    patience: Patience,
}

/// Nothing more can be asked.
struct Halt;

impl Check {
    fn report(self) -> Report {
        let wrong = self.findings.iter().any(|finding| matches!(finding.outcome, Outcome::Wrong { .. }));
        let words = self.desk.redact(&self.talk.running.last_words());
        Report {
            client: self.client.map(|client| Client { name: client.name, version: client.version }),
            findings: self.findings,
            last_words: Some(words).filter(|words| wrong && !words.is_empty()),
        }
    }
}

/// What the adapter is given to work with, and what is to be found with it.
struct Desk {
    /// What may be shown nowhere: the secrets of the credentials.
    secrets: Vec<Secret>,
    credentials: Credentials,
    classic: ClassicCredentials,
    tenant_id: String,
    tenant_name: String,
    tenants: usize,
    devices: usize,
}

impl Desk {
    /// The platform client of the sample world's MSP, its application of Classic Central, and its first tenant.
    fn of(world: &World) -> Self {
        let msp = world.workspace_named("msp");
        let tenant = world.workspace_named("example");
        let named = |name| world.client_named(name).map(|ix| world.client(ix));
        let (client, application) = (named("msp"), named("msp-classic"));
        let secret_of = |client: Option<&ApiClient>| client.and_then(|client| client.secret.value()).cloned();
        let user = application.map(|application| world.user(application.owner));
        let password = user.and_then(|user| user.password.value()).cloned();
        let (secret, its_secret) = (secret_of(client), secret_of(application));
        Self {
            classic: ClassicCredentials {
                base_url: Some("https://apigw-uswest5.central.arubanetworks.com".to_owned()),
                client_id: application.map(|application| application.id.clone()),
                client_secret: its_secret.clone(),
                username: user.map(|user| user.email.clone()),
                password: password.clone(),
                customer_id: msp.map(|msp| world.workspace(msp).central_customer.clone()),
                ..ClassicCredentials::default()
            },
            credentials: Credentials {
                client_id: client.map(|client| client.id.clone()),
                client_secret: secret.clone(),
                workspace_id: msp.map(|msp| world.workspace(msp).id.to_string()),
                central_url: Some("https://us5.api.central.arubanetworks.com".to_owned()),
                ..Credentials::default()
            },
            secrets: [secret, its_secret, password].into_iter().flatten().collect(),
            tenant_id: tenant.map(|it| world.workspace(it).id.to_string()).unwrap_or_default(),
            tenant_name: tenant.map(|it| world.workspace(it).name.clone()).unwrap_or_default(),
            tenants: msp.map_or(0, |msp| world.tenants(msp).count()),
            devices: msp.map_or(0, |msp| world.fleet().network(msp).count()),
        }
    }

    fn config(&self) -> Config {
        Config { unified: Some(self.credentials.clone()), ..Config::default() }
    }

    /// Whether a text shows a secret or a token.
    fn leaks(&self, text: &str) -> bool {
        self.redact(text) != text
    }

    /// A text with stars in the place of secrets and tokens.
    fn redact(&self, text: &str) -> String {
        let hide = |text: String, secret: &Secret| text.replace(secret.reveal(), STARS);
        let text = self.secrets.iter().fold(text.to_owned(), hide);
        let mut clean = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(at) = rest.find(JWT) {
            let (before, token) = rest.split_at(at);
            let is_part = |c: char| c.is_ascii_alphanumeric() || ['.', '-', '_'].contains(&c);
            let end = token.find(|c| !is_part(c)).unwrap_or(token.len());
            clean += before;
            // A token has two dots and hundreds of characters; other words may begin like one.
            clean += if end >= SHORTEST_TOKEN { STARS } else { &token[..end] };
            rest = &token[end..];
        }
        clean + rest
    }
}

const STARS: &str = "***";
const SHORTEST_TOKEN: usize = 40;

#[cfg(test)]
mod tests;
