//! What a scenario names: steps and stimuli of its own, and the workspaces, clients, tokens and hosts of its world.

use greenroom_model::{
    host::{self, CLUSTERS, GLP_HOST, SSO_HOST},
    nearest,
    rule::{Glob, Pattern, Selector},
};

use super::Lint;
use crate::scenario::{ClientSymbol, Configuration, Fixture, Open, Reload, Scenario, Verb, WrittenText};

/// How a history calls a token that nobody issued.
const LITERALS: [&str; 3] = ["literal:null", "literal:None", "literal:empty"];

impl Fixture {
    /// The workspaces of it, by symbol.
    pub(crate) fn workspaces(self) -> &'static [&'static str] {
        match self {
            Self::MspTwoTenants => &["msp", "acme", "globex", "rival", "stranger"],
            Self::Standard | Self::Split | Self::Classic => &["solo", "rival", "stranger"],
            Self::Dedicated => &["dedicated", "acme", "rival", "stranger"],
        }
    }

    /// The API clients of it, by name.
    pub(crate) fn clients(self) -> &'static [&'static str] {
        match self {
            Self::MspTwoTenants => &["msp", "msp-central", "rival"],
            Self::Standard => &["solo"],
            Self::Split => &["solo", "solo-central"],
            Self::Dedicated => &["dedicated"],
            Self::Classic => &["solo", "solo-classic"],
        }
    }

    /// The host of its Dedicated Platform, if it has one.
    pub(crate) fn dedicated_host(self) -> Option<&'static str> {
        (self == Self::Dedicated).then_some("dedicated.example.com")
    }
}

impl Lint<'_, '_> {
    pub(super) fn selector(&mut self, path: &str, selector: &Selector) {
        let scenario = self.scenario;
        let fixture = scenario.world.fixture;
        for (field, pattern) in [("workspace", &selector.workspace), ("actor", &selector.actor)] {
            for text in texts(pattern.as_ref()) {
                self.fitting(&format!("{path}.{field}"), "workspace", &text, fixture.workspaces());
            }
        }
        for (field, pattern) in [("token", &selector.token), ("subject", &selector.subject)] {
            for text in texts(pattern.as_ref()).into_iter().filter(|text| !is_of_nobody(text)) {
                self.token(&format!("{path}.{field}"), &text);
            }
        }
        for text in texts(selector.client.as_ref()) {
            let known: Vec<_> = fixture.clients().iter().copied().chain(made_up_clients(scenario)).collect();
            self.fitting(&format!("{path}.client"), "API client", &text, &known);
        }
        for text in texts(selector.host.as_ref()) {
            self.host(&format!("{path}.host"), &text);
        }
        for text in texts(selector.phase.as_ref()) {
            self.phases(&format!("{path}.phase"), &text);
        }
        let known: Vec<_> = self.scenario.stimuli.iter().filter_map(|rule| rule.id.as_deref()).collect();
        for (field, pattern) in [("fired", &selector.fired), ("applied", &selector.applied)] {
            for text in texts(pattern.as_ref()) {
                self.fitting(&format!("{path}.{field}"), "stimulus", &text, &known);
            }
        }
    }

    pub(super) fn workspace(&mut self, path: &str, symbol: &str) {
        let known = self.scenario.world.fixture.workspaces();
        self.named(path, "workspace", symbol, known);
    }

    /// The id of a workspace, by what stands behind the `@`.
    pub(super) fn id(&mut self, path: &str, name: &str) {
        let name = name.strip_suffix(":plain").unwrap_or(name);
        if name != "nobody" {
            self.workspace(path, name);
        }
    }

    /// Credentials that a scenario makes up: where they look like a symbol it stands for something.
    pub(super) fn configuration(&mut self, path: &str, config: &Configuration) {
        for WrittenText { block, field, text } in config.texts() {
            self.symbol(&format!("{path}.{block}.{field}"), text);
        }
    }

    /// A text that may be a symbol.
    pub(super) fn symbol(&mut self, path: &str, text: &str) {
        let scenario = self.scenario;
        let clients = scenario.world.fixture.clients();
        if text.starts_with(ClientSymbol::PREFIX) {
            return match ClientSymbol::of(text) {
                Some(ClientSymbol { name, .. }) => self.named(path, "API client", name, clients),
                None => {
                    let mend = "write client:NAME.id or client:NAME.secret";
                    self.places.wrong(path, format!("{text:?} is nothing of an API client"), mend);
                }
            };
        }
        if let Some(name) = text.strip_prefix('@') {
            return self.id(path, name);
        }
        let Some((owner, nth)) = text.split_once('#') else { return };
        if clients.contains(&owner) && !(nth == "1" && scenario.world.issued.iter().any(|it| it == owner)) {
            let mend = match nth {
                "1" => format!("add {owner} to world.issued"),
                _ => format!("write {owner}#1: one is issued at the start"),
            };
            self.places.wrong(path, format!("there is no token {text} at the start"), mend);
        }
    }

    /// A step during which requests come. Those of a member of `together` come during the step around it.
    pub(super) fn phase(&mut self, path: &str, name: &str) {
        let around =
            self.scenario.steps.iter().find(|step| step.with_inner().skip(1).any(|it| it.id == name));
        if let Some(around) = around {
            let message = format!("{name} stands within together, and is no phase of its own");
            return self.places.wrong(path, message, format!("write {}", around.id));
        }
        let known: Vec<_> = self.scenario.steps.iter().map(|step| step.id.as_str()).collect();
        self.named(path, "step", name, &known);
    }

    fn phases(&mut self, path: &str, pattern: &str) {
        let known: Vec<_> = self.scenario.steps.iter().map(|step| step.id.as_str()).collect();
        match pattern.contains('*') {
            true => self.fitting(path, "step", pattern, &known),
            false => self.phase(path, pattern),
        }
    }

    /// A step that the client is asked for. The members of `together` are, and not the step around them.
    pub(super) fn asked(&mut self, path: &str, name: &str) {
        let steps: Vec<_> = self.scenario.all_steps().collect();
        let around = steps.iter().find(|step| step.id == name).map(|step| &step.verb);
        if let Some(Verb::Together(members)) = around {
            let message = format!("{name} is no step that is asked for: its members are");
            let members: Vec<_> = members.iter().map(|step| step.id.as_str()).collect();
            return self.places.wrong(path, message, format!("write one of {}", members.join(", ")));
        }
        let known: Vec<_> = steps.iter().map(|step| step.id.as_str()).collect();
        self.named(path, "step", name, &known);
    }

    pub(super) fn stimulus(&mut self, path: &str, name: &str) {
        let known: Vec<_> = self.scenario.stimuli.iter().filter_map(|rule| rule.id.as_deref()).collect();
        self.named(path, "stimulus", name, &known);
    }

    /// A token as a history calls it: `msp#1`, after the client it was issued to, or `acme#1`, after the workspace it
    /// was exchanged for.
    pub(super) fn token(&mut self, path: &str, text: &str) {
        let fixture = self.scenario.world.fixture;
        let mut owners: Vec<&str> = fixture.clients().to_vec();
        owners.extend(fixture.workspaces().iter().filter(|name| !fixture.clients().contains(name)));
        let Some((owner, nth)) = text.split_once('#') else {
            let first: Vec<_> = owners.iter().map(|owner| format!("{owner}#1")).collect();
            if !text.contains('*') || !first.iter().any(|symbol| fits(text, symbol)) {
                self.places.wrong(path, format!("{text:?} is no token"), "write acme#1, or acme#* for any");
            }
            return;
        };
        self.fitting(path, "client or workspace", owner, &owners);
        if !nth.contains('*') && !nth.parse::<u32>().is_ok_and(|nth| nth > 0) {
            self.places.wrong(path, format!("{text:?} is no token"), "count from 1, as in acme#1");
        }
    }

    /// A token, or the secret of a client: `client:msp`.
    pub(super) fn secret(&mut self, path: &str, text: &str) {
        let clients = self.scenario.world.fixture.clients();
        match text.strip_prefix("client:") {
            Some(client) => self.fitting(path, "API client", client, clients),
            None if text.contains('*')
                && clients.iter().any(|name| fits(text, &format!("client:{name}"))) => {}
            None => self.token(path, text),
        }
    }

    /// A host that something can come to: one of the cloud, or a trap.
    pub(super) fn host(&mut self, path: &str, text: &str) {
        let mut known = vec![SSO_HOST, GLP_HOST];
        known.extend(CLUSTERS.iter().map(|(_, host)| *host));
        known.extend(self.scenario.world.fixture.dedicated_host());
        let traps = host::traps(&self.scenario.world.traps, &[]).unwrap_or_default();
        known.extend(traps.iter().map(String::as_str));
        // Families of hosts have no list of their members.
        let is_of_the_cloud = host::family(&text.replace('*', "x"), &[]).is_some();
        if is_of_the_cloud && *text == text.to_ascii_lowercase() || known.iter().any(|host| fits(text, host))
        {
            return;
        }
        let mend = match nearest::of(text, &known) {
            Some(near) => format!("did you mean {near}?"),
            None => "write a host of the cloud in lower case, or name it in world.traps".to_owned(),
        };
        self.places.wrong(path, format!("nothing comes to a host {text:?}"), mend);
    }

    /// The hosts of Dedicated Platforms.
    pub(super) fn dedicated_hosts(&self) -> Vec<String> {
        self.scenario.world.fixture.dedicated_host().map(str::to_owned).into_iter().collect()
    }

    /// Whether a name stands in what could not be read.
    pub(super) fn is_unread(&self, name: &str) -> bool {
        self.of.unread.iter().any(|unread| unread == name)
    }

    /// One of these names.
    pub(super) fn named(&mut self, path: &str, what: &str, name: &str, known: &[&str]) {
        if !known.contains(&name) && !self.is_unread(name) {
            self.unknown(path, format!("there is no {what} {name:?}"), name, known);
        }
    }

    /// One of these names, or a pattern that one of them fits.
    pub(super) fn fitting(&mut self, path: &str, what: &str, pattern: &str, known: &[&str]) {
        if !pattern.contains('*') {
            return self.named(path, what, pattern, known);
        }
        if !known.iter().any(|name| fits(pattern, name))
            && !self.of.unread.iter().any(|name| fits(pattern, name))
        {
            self.unknown(path, format!("no {what} fits {pattern:?}"), pattern, known);
        }
    }

    fn unknown(&mut self, path: &str, message: String, name: &str, known: &[&str]) {
        let mend = match nearest::of(name, known) {
            Some(near) => format!("did you mean {near}?"),
            None if known.is_empty() => String::new(),
            None => format!("there is {}", known.join(", ")),
        };
        self.places.wrong(path, message, mend);
    }
}

/// The ids of clients that a scenario makes up.
fn made_up_clients(scenario: &Scenario) -> impl Iterator<Item = &str> {
    let configs = scenario.all_steps().filter_map(|step| match &step.verb {
        Verb::Open(Open { config, .. }) | Verb::Reload(Reload { config, .. }) => config.as_ref(),
        _ => None,
    });
    let ids = configs.flat_map(Configuration::texts).filter(|it| it.field == "client_id").map(|it| it.text);
    // A symbol stands for a client of the world.
    ids.filter(|id| !id.starts_with(ClientSymbol::PREFIX))
}

/// Whether a token is called so that nobody issued.
fn is_of_nobody(text: &str) -> bool {
    LITERALS.iter().any(|literal| fits(text, literal)) || text.starts_with("sha256:")
}

fn fits(pattern: &str, text: &str) -> bool {
    let Ok(glob) = pattern.parse::<Glob>();
    glob.fits(text)
}

fn texts(pattern: Option<&Pattern>) -> Vec<String> {
    pattern.map(|pattern| pattern.values().iter().map(ToString::to_string).collect()).unwrap_or_default()
}
