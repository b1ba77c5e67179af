//! Steps of random clients and operators, and what a sandbox says to them.

use greenroom_emulator::command::{AssignRole, Command, IssueToken, MoveClock};
use greenroom_model::spec::Secrets;
use proptest::prelude::*;
use reqwest::Method;

use super::Guest;
use crate::wire::{
    AUDIT_LOG, Answer, DEVICES, INVENTORY, LIST_TENANTS, MSP_TENANTS, PROVISIONS, TENANTS, credentials,
    exchange_form, issuer,
};

/// What one of them does. Numbers choose among what there is.
#[derive(Clone, Debug)]
pub(super) enum Step {
    MintSso(usize),
    Mint(usize),
    Exchange(usize, usize),
    Read(usize, usize),
    MakeTenant(usize, u8),
    Issue(usize, bool),
    Advance(u32),
    Rule(usize),
    ClearRules,
    Dialect(usize),
    Role(usize),
    Phase(u8),
    Reset,
    /// What only reads changes nothing.
    Look(usize),
}

const CLIENTS: [&str; 3] = ["msp", "standard", "msp-central"];
const PATHS: [&str; 6] = [DEVICES, INVENTORY, LIST_TENANTS, MSP_TENANTS, AUDIT_LOG, PROVISIONS];
const RULES: [&str; 5] = [
    r#"{"when":{"op":"api","nth":2},"do":[{"reply":{"status":429}}]}"#,
    r#"{"when":{"op":"exchange"},"do":[{"advance":"16m"}],"once":true}"#,
    r#"{"when":{"op":"api","at":"response"},"do":[{"advance":"1m"}],"times":2}"#,
    r#"{"when":{"op":"mint"},"do":[{"reply":{"status":503}}],"once":true}"#,
    r#"{"when":{"path":"/nowhere"},"do":[{"delay":"1h"}]}"#,
];
const DIALECTS: [&str; 5] =
    ["rfc", "live", "rate_limits=custom:3/1m", "rate_limits=off", "exchange_expired=rfc8693"];
const ROLES: [&str; 2] = ["Observer", "Administrator"];

pub(super) fn steps() -> impl Strategy<Value = Step> {
    let some = || 0..12usize;
    prop_oneof![
        2 => some().prop_map(Step::MintSso),
        3 => some().prop_map(Step::Mint),
        4 => (some(), some()).prop_map(|(token, tenant)| Step::Exchange(token, tenant)),
        6 => (some(), some()).prop_map(|(token, path)| Step::Read(token, path)),
        1 => (some(), any::<u8>()).prop_map(|(token, name)| Step::MakeTenant(token, name)),
        1 => (some(), any::<bool>()).prop_map(|(client, expired)| Step::Issue(client, expired)),
        2 => (0..2_000u32).prop_map(Step::Advance),
        1 => some().prop_map(Step::Rule),
        1 => Just(Step::ClearRules),
        1 => some().prop_map(Step::Dialect),
        1 => some().prop_map(Step::Role),
        1 => any::<u8>().prop_map(Step::Phase),
        1 => Just(Step::Reset),
        1 => some().prop_map(Step::Look),
    ]
}

/// What a random client knows of its sandbox.
#[derive(Default)]
pub(super) struct Diary {
    /// The tokens it was given, oldest first.
    tokens: Vec<String>,
    /// What it was answered, as bytes.
    pub(super) answers: Vec<String>,
}

impl Diary {
    /// Takes a step in a sandbox, and writes down what came back.
    pub(super) async fn take(&mut self, guest: &Guest, step: &Step) {
        let answer = match step {
            Step::MintSso(client) => self.mint(guest, CLIENTS[client % CLIENTS.len()], None).await,
            Step::Mint(client) => {
                let client = ["msp", "standard"][client % 2];
                self.mint(guest, client, Some(issuer(client))).await
            }
            Step::Exchange(token, tenant) => {
                let form = &exchange_form(self.token(*token))[..];
                guest.post(&issuer(TENANTS[tenant % TENANTS.len()]), &[], form).await
            }
            Step::Read(token, path) => {
                let path = format!("{}?limit=3", PATHS[path % PATHS.len()]);
                guest.get(&path, self.token(*token)).await
            }
            Step::MakeTenant(token, name) => {
                let bearer = format!("Bearer {}", self.token(*token));
                let body = format!(r#"{{"workspaceName":"Random {name}"}}"#);
                let headers = [("authorization", &*bearer), ("content-type", "application/json")];
                guest.send(Method::POST, MSP_TENANTS, &headers, &body).await
            }
            Step::Issue(client, expired) => {
                let client = CLIENTS[client % CLIENTS.len()].to_owned();
                let wish = IssueToken { client, expired: *expired, ..IssueToken::default() };
                return self.run(guest, Command::IssueToken(wish));
            }
            Step::Advance(seconds) => return self.run(guest, advance(format!("{seconds}s"))),
            Step::Rule(rule) => {
                let rule = serde_json::from_str(RULES[rule % RULES.len()]).expect("a rule");
                return self.run(guest, Command::AddFaults(vec![rule]));
            }
            Step::ClearRules => return self.run(guest, Command::ClearFaults),
            Step::Dialect(setting) => {
                return self
                    .run(guest, Command::SetDialect(vec![DIALECTS[setting % DIALECTS.len()].to_owned()]));
            }
            Step::Role(role) => {
                let role = ROLES[role % ROLES.len()].to_owned();
                let wish = AssignRole { user: "msp.admin@example.com".to_owned(), role };
                return self.run(guest, Command::AssignRole(wish));
            }
            Step::Phase(name) => {
                let phase = format!("phase {name}");
                let wish = greenroom_emulator::command::BeginPhase { phase };
                return self.run(guest, Command::BeginPhase(wish));
            }
            Step::Reset => return self.run(guest, Command::ResetWorld),
            Step::Look(what) => return look(guest, *what),
        };
        if let Some(token) = answer
            .text
            .starts_with('{')
            .then(|| answer.json()["access_token"].as_str().map(str::to_owned))
            .flatten()
        {
            self.tokens.push(token);
        }
        self.answers.push(bytes(guest, &answer));
    }

    async fn mint(&self, guest: &Guest, client: &str, path: Option<String>) -> Answer {
        let (id, secret) = credentials(client);
        let form = [("grant_type", "client_credentials"), ("client_id", &*id), ("client_secret", &*secret)];
        guest.post(path.as_deref().unwrap_or("/as/token.oauth2"), &[], &form).await
    }

    fn token(&self, choice: usize) -> &str {
        let newest = self.tokens.len().checked_sub(1 + choice % self.tokens.len().max(1));
        newest.map_or("garbage", |newest| &self.tokens[newest])
    }

    fn run(&mut self, guest: &Guest, command: Command) {
        let reply = guest.emulator.run(command);
        self.answers.push(match reply {
            Ok(reply) => serde_json::to_string(&reply).expect("JSON"),
            Err(error) => error.to_string(),
        });
    }
}

pub(super) fn advance(by: String) -> Command {
    Command::MoveClock(MoveClock { advance: Some(by), ..MoveClock::default() })
}

/// Reads something through control.
pub(super) fn look(guest: &Guest, what: usize) {
    let command = match what % 5 {
        0 => Command::Tokens,
        1 => Command::World,
        2 => Command::History(Box::default()),
        3 => Command::ExportWorld(Secrets::Digests),
        _ => Command::Faults,
    };
    guest.emulator.run(command).expect("reading succeeds");
}

/// An answer as its client saw it, whatever its address.
fn bytes(guest: &Guest, answer: &Answer) -> String {
    let here = guest.emulator.address().to_string();
    let headers: Vec<_> = answer.headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
    format!("{}\n{}\n\n{}", answer.status, headers.join("\n"), answer.text).replace(&here, "HERE")
}

/// All that is left in a sandbox: its clock, tokens, rules, world and what it saw, without the numbers of
/// entries, which count connections too.
pub(super) fn remains(guest: &Guest, with_history: bool) -> Vec<String> {
    let read = [
        Command::Clock,
        Command::Tokens,
        Command::Faults,
        Command::Dialect,
        Command::World,
        Command::ExportWorld(Secrets::Shown),
    ];
    let mut remains: Vec<_> = read
        .into_iter()
        .map(|command| serde_json::to_string(&guest.emulator.run(command).expect("reading")).expect("JSON"))
        .collect();
    if with_history {
        let here = guest.emulator.address().to_string();
        let exchanges = guest.emulator.history().exchanges().into_iter().map(|mut exchange| {
            (exchange.n, exchange.request.connection) = (0, 0);
            if let Some(response) = &mut exchange.response {
                response.request = 0;
            }
            serde_json::to_string(&exchange).expect("JSON").replace(&here, "HERE")
        });
        remains.extend(exchanges);
    }
    remains
}
