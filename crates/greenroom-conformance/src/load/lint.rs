//! What a scenario as a whole must be: names that lead somewhere, and checks that can be judged.

mod expect;
mod names;

use std::{collections::BTreeSet, time::Duration};

use greenroom_model::{
    dialect::Dialect,
    host, nearest,
    rule::{OpenWhen, Rule},
};

use super::place::Places;
use crate::{
    drive::{Api, Capability, Mode},
    scenario::{FORMAT, Fixture, Level, Open, Proof, Reload, Scenario, Step, Verb},
};

/// The longest that a step may wait for a client.
const LONGEST: Duration = Duration::from_secs(3600);

/// Where each item of the lists stands.
pub(super) struct PlacesOf {
    pub(super) steps: Vec<String>,
    pub(super) stimuli: Vec<String>,
    pub(super) proofs: Vec<String>,
    pub(super) expect: Vec<String>,
    /// What is named in items that could not be read. That has been said, and whoever uses such a name is not wrong.
    pub(super) unread: Vec<String>,
}

/// Notes everything that is wrong with a scenario that could be read.
pub(super) fn lint(places: &mut Places<'_>, scenario: &Scenario, of: &PlacesOf) {
    let mut lint = Lint { places, scenario, of };
    lint.head();
    lint.steps();
    lint.stimuli();
    lint.proofs();
    lint.expect();
}

struct Lint<'a, 't> {
    places: &'a mut Places<'t>,
    scenario: &'a Scenario,
    of: &'a PlacesOf,
}

impl Lint<'_, '_> {
    fn head(&mut self) {
        let scenario = self.scenario;
        if scenario.format != FORMAT {
            let message = format!(
                "the file is of format {}, and this Greenroom reads format {FORMAT}",
                scenario.format
            );
            self.places.wrong("format", message, "use the Greenroom that it was written for");
        }
        if scenario.sources.is_empty() {
            self.places.wrong(
                "sources",
                "a requirement without a source is an opinion",
                "say where it is written",
            );
        }
        let more = |level: Level| level > scenario.level;
        if scenario.variant.as_ref().and_then(|variant| variant.level).is_some_and(more) {
            let message = "a value cannot make the requirement more binding than the scenario says";
            self.places.wrong(
                "vary",
                message,
                "raise the level of the scenario, and lower that of the others",
            );
        }
        for symbol in scenario.world.devices.keys() {
            self.workspace(&format!("world.devices.{symbol}"), symbol);
        }
        for symbol in scenario.world.tenants.keys() {
            self.workspace(&format!("world.tenants.{symbol}"), symbol);
        }
        for (nth, client) in scenario.world.issued.iter().enumerate() {
            self.named(
                &format!("world.issued[{nth}]"),
                "API client",
                client,
                scenario.world.fixture.clients(),
            );
        }
        for (nth, trap) in scenario.world.traps.iter().enumerate() {
            if let Err(wrong) = host::traps(std::slice::from_ref(trap), &self.dedicated_hosts()) {
                self.places.wrong(&format!("world.traps[{nth}]"), wrong, "");
            }
        }
        for (name, value) in &scenario.world.dialect {
            if let Err(error) = Dialect::default().apply(&format!("{name}={value}")) {
                self.places.wrong(&format!("world.dialect.{name}"), error.to_string(), "");
            }
        }
        let mut needed: BTreeSet<Capability> = BTreeSet::new();
        for step in scenario.all_steps() {
            needed.extend(needs(step));
        }
        for capability in needed {
            if !scenario.needs.contains(&capability) {
                let word = capability.word();
                let message = format!("a step needs {word}, which the scenario does not say");
                self.places.wrong("needs", message, format!("add {word}"));
            }
        }
    }

    fn steps(&mut self) {
        let mut seen: Vec<&str> = Vec::new();
        let mut objects: Vec<&str> = Vec::new();
        for (step, path) in self.scenario.steps.iter().zip(&self.of.steps) {
            for (nth, step) in step.with_inner().enumerate() {
                let path = match nth {
                    0 => path.clone(),
                    nth => format!("{path}.together[{}]", nth - 1),
                };
                if seen.contains(&step.id.as_str()) {
                    self.places.wrong(
                        &format!("{path}.id"),
                        "a step of this name was already given",
                        "rename it",
                    );
                }
                seen.push(&step.id);
                if nth == 0 && step.late {
                    let message = "only a step that begins together with others can be late";
                    self.places.wrong(&format!("{path}.late"), message, "leave it out");
                }
                let verb = step.verb.name();
                if let Some(uses) =
                    step.verb.uses().filter(|uses| !objects.contains(uses) && !self.is_unread(uses))
                {
                    let key = if verb == "tenant" { "of" } else { "client" };
                    let hint = match nearest::of(uses, &objects) {
                        Some(near) => format!("did you mean {near}?"),
                        None => "open it, or enter it, in an earlier step".to_owned(),
                    };
                    let message = format!("no earlier step makes {uses:?}");
                    self.places.wrong(&format!("{path}.{verb}.{key}"), message, hint);
                }
                objects.extend(step.verb.makes());
                if step.patience.is_some_and(|patience| patience.duration().unsigned_abs() > LONGEST) {
                    let message = "nobody waits longer than an hour for a client";
                    self.places.wrong(&format!("{path}.patience"), message, "write 1h or less");
                }
                self.step(&path, step);
                self.api(&path, step);
            }
        }
    }

    /// Classic Central is called through what was opened for it, and nothing else is. Only that has a refresh token.
    fn api(&mut self, path: &str, step: &Step) {
        let (client, api, path) = match &step.verb {
            Verb::Call(call) => (&call.client, call.api, format!("{path}.call.api")),
            Verb::Refresh(refresh) => (&refresh.client, Api::Classic, format!("{path}.refresh.client")),
            _ => return,
        };
        let steps: Vec<_> = self.scenario.all_steps().map(|step| &step.verb).collect();
        if !steps.iter().any(|verb| verb.makes() == Some(client)) {
            return;
        }
        let is_classic = steps.iter().any(
            |verb| matches!(verb, Verb::Open(open) if open.name == *client && open.mode == Mode::Classic),
        );
        match (is_classic, api == Api::Classic) {
            (true, false) => {
                let message = format!("{client} is a client of Classic Central alone");
                self.places.wrong(&path, message, "write classic");
            }
            (false, true) => {
                let message = format!("{client} is no client of Classic Central");
                self.places.wrong(&path, message, "open it with mode: classic");
            }
            _ => {}
        }
    }

    fn step(&mut self, path: &str, step: &Step) {
        if let Verb::Open(Open { config: Some(config), .. })
        | Verb::Reload(Reload { config: Some(config), .. }) = &step.verb
        {
            self.configuration(&format!("{path}.{}.config", step.verb.name()), config);
        }
        match &step.verb {
            Verb::Tenant(tenant) => {
                if let Some(workspace) = &tenant.workspace {
                    let path = format!("{path}.tenant.workspace");
                    match workspace.strip_prefix('@') {
                        Some(name) => self.id(&path, name),
                        None => self.places.wrong(&path, "is no workspace", "write @acme, or @acme:plain"),
                    }
                }
            }
            Verb::Call(call) if !call.path.starts_with('/') || call.path.contains('?') => {
                let mend = "begin it with a slash, and put the query into query";
                self.places.wrong(&format!("{path}.call.path"), "is no path", mend);
            }
            Verb::Open(Open { mode: Mode::Classic, .. })
                if self.scenario.world.fixture != Fixture::Classic =>
            {
                let message = "this world has no application of Classic Central";
                self.places.wrong(&format!("{path}.open.mode"), message, "write world: { use: classic }");
            }
            Verb::Open(Open { token_file: true, config: Some(_), .. }) => {
                let mend = "leave config out: the file holds the fixture's";
                self.places.wrong(&format!("{path}.open.config"), "a token file has its own", mend);
            }
            _ => {}
        }
    }

    fn stimuli(&mut self) {
        let scenario = self.scenario;
        for (nth, (rule, path)) in scenario.stimuli.iter().zip(&self.of.stimuli).enumerate() {
            match &rule.id {
                None => self.places.wrong(path, "a stimulus has a name", "add id"),
                Some(id) if scenario.stimuli[..nth].iter().any(|other| other.id.as_ref() == Some(id)) => {
                    let message = "a stimulus of this name was already given";
                    self.places.wrong(&format!("{path}.id"), message, "rename it");
                }
                Some(_) => {}
            }
            if let Err(error) = rule.check() {
                self.places.wrong(&format!("{path}.{}", error.field), error.reason, "");
            }
            self.selector(&format!("{path}.when"), &rule.when.selector);
            self.gate(path, rule);
        }
    }

    fn gate(&mut self, path: &str, rule: &Rule) {
        for (nth, open) in rule.gate.iter().flat_map(|gate| &gate.open_when).enumerate() {
            let path = format!("{path}.gate.open_when[{nth}]");
            match open {
                OpenWhen::Step(step) => self.phase(&format!("{path}.step"), step),
                OpenWhen::Seen(selector) => self.selector(&format!("{path}.seen"), selector),
                OpenWhen::Waiting(_) | OpenWhen::Quiet(_) => {}
            }
        }
    }

    fn proofs(&mut self) {
        let scenario = self.scenario;
        let mut only_sent = true;
        for (nth, (proof, path)) in scenario.proofs.iter().zip(&self.of.proofs).enumerate() {
            let Proof { id, fired, answered, gate, offered, sent } = proof;
            if scenario.proofs[..nth].iter().any(|other| other.id == *id) {
                self.places.wrong(
                    &format!("{path}.id"),
                    "a proof of this name was already given",
                    "rename it",
                );
            }
            let given =
                [fired.is_some(), answered.is_some(), gate.is_some(), offered.is_some(), sent.is_some()];
            if given.iter().filter(|given| **given).count() != 1 {
                let mend = "write one of fired, answered, gate, offered, sent";
                self.places.wrong(path, "a proof says one thing", mend);
            }
            only_sent &= sent.is_some();
            if let Some(fired) = fired {
                self.stimulus(&format!("{path}.fired"), fired);
            }
            if let Some(answered) = answered {
                self.stimulus(&format!("{path}.answered.fired"), &answered.fired);
            }
            if let Some(gate) = gate {
                self.stimulus(&format!("{path}.gate.id"), &gate.id);
                let named = |rule: &&Rule| rule.id.as_deref() == Some(gate.id.as_str());
                if scenario.stimuli.iter().find(named).is_some_and(|rule| rule.gate.is_none()) {
                    self.places.wrong(
                        &format!("{path}.gate.id"),
                        "this stimulus has no gate",
                        "use fired or answered",
                    );
                }
            }
            for (nth, step) in sent.iter().flatten().enumerate() {
                self.asked(&format!("{path}.sent[{nth}]"), step);
            }
        }
        if only_sent && !scenario.stimuli.is_empty() && !scenario.proofs.is_empty() {
            let mend = "prove that a stimulus fired, with fired, answered or gate";
            self.places.wrong("proofs", "that steps were sent proves nothing of the stimuli", mend);
        }
    }
}

/// What a client must be able to do for a step.
fn needs(step: &Step) -> Vec<Capability> {
    let mut needs = Vec::new();
    if step.parallel {
        needs.push(Capability::Concurrent);
    }
    match &step.verb {
        Verb::Open(open) => {
            match open.mode {
                Mode::Msp => needs.push(Capability::Msp),
                Mode::Classic => needs.push(Capability::Classic),
                Mode::Unified | Mode::Separate => {}
            }
            if open.token_file {
                needs.push(Capability::TokenFile);
            }
        }
        Verb::Tenant(_) => needs.push(Capability::Tenant),
        Verb::Call(call) => {
            if call.stream {
                needs.push(Capability::Stream);
            }
            if call.api == Api::Classic {
                needs.push(Capability::Classic);
            }
        }
        Verb::Restart(_) => {}
        Verb::List(_) => needs.push(Capability::List),
        Verb::Refresh(_) => needs.push(Capability::Refresh),
        Verb::Reload(_) => needs.push(Capability::Reload),
        Verb::Clock(_) => needs.push(Capability::Clock),
        Verb::Close(_) => needs.push(Capability::Close),
        Verb::Together(_) => needs.push(Capability::Concurrent),
    }
    needs
}
