//! What a scenario as a whole must be: names that lead somewhere, and checks that can be judged.

use std::collections::BTreeSet;

use greenroom_model::{
    call::OpKind,
    dialect::Dialect,
    nearest,
    rule::{OpenWhen, Pattern, Rule, Selector},
};

use super::place::Places;
use crate::{
    drive::{Capability, Mode},
    scenario::{After, Check, FORMAT, Fixture, Judgement, Level, Open, Proof, Scenario, Step, Verb},
};

/// Where each item of the lists stands.
pub(super) struct PlacesOf {
    pub(super) steps: Vec<String>,
    pub(super) stimuli: Vec<String>,
    pub(super) proofs: Vec<String>,
    pub(super) expect: Vec<String>,
}

impl Fixture {
    /// The workspaces of it, by symbol.
    fn workspaces(self) -> &'static [&'static str] {
        match self {
            Self::MspTwoTenants => &["msp", "acme", "globex", "rival", "stranger"],
            Self::Standard | Self::Split => &["solo"],
            Self::Dedicated => &["dedicated"],
        }
    }
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
                let verb = step.verb.name();
                if let Some(uses) = step.verb.uses().filter(|uses| !objects.contains(uses)) {
                    let key = if verb == "tenant" { "of" } else { "client" };
                    let hint = match nearest::of(uses, &objects) {
                        Some(near) => format!("did you mean {near}?"),
                        None => "open it, or enter it, in an earlier step".to_owned(),
                    };
                    let message = format!("no earlier step makes {uses:?}");
                    self.places.wrong(&format!("{path}.{verb}.{key}"), message, hint);
                }
                objects.extend(step.verb.makes());
                self.step(&path, step);
            }
        }
    }

    fn step(&mut self, path: &str, step: &Step) {
        match &step.verb {
            Verb::Tenant(tenant) => {
                if let Some(workspace) = &tenant.workspace {
                    let path = format!("{path}.tenant.workspace");
                    match workspace.strip_prefix('@') {
                        Some(name) => {
                            let name = name.strip_suffix(":plain").unwrap_or(name);
                            if name != "nobody" {
                                self.workspace(&path, name);
                            }
                        }
                        None => self.places.wrong(&path, "is no workspace", "write @acme, or @acme:plain"),
                    }
                }
            }
            Verb::Call(call) if !call.path.starts_with('/') || call.path.contains('?') => {
                let mend = "begin it with a slash, and put the query into query";
                self.places.wrong(&format!("{path}.call.path"), "is no path", mend);
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
                OpenWhen::Step(step) => self.step_name(&format!("{path}.step"), step),
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
                self.step_name(&format!("{path}.sent[{nth}]"), step);
            }
        }
        if only_sent && !scenario.stimuli.is_empty() && !scenario.proofs.is_empty() {
            let mend = "prove that a stimulus fired, with fired, answered or gate";
            self.places.wrong("proofs", "that steps were sent proves nothing of the stimuli", mend);
        }
    }

    fn expect(&mut self) {
        let scenario = self.scenario;
        for (nth, (check, path)) in scenario.expect.iter().zip(&self.of.expect).enumerate() {
            if scenario.expect[..nth].iter().any(|other| other.id == check.id) {
                self.places.wrong(
                    &format!("{path}.id"),
                    "a check of this name was already given",
                    "rename it",
                );
            }
            for step in &check.phase {
                self.step_name(&format!("{path}.phase"), step);
            }
            match &check.after {
                Some(After::Fired(rule)) => self.stimulus(&format!("{path}.after.fired"), rule),
                Some(After::Step(step)) => self.step_name(&format!("{path}.after.step"), step),
                None => {}
            }
            self.judgement(path, check, &check.judgement);
        }
    }

    fn judgement(&mut self, path: &str, check: &Check, judgement: &Judgement) {
        match judgement {
            Judgement::Result(result) => {
                self.step_name(&format!("{path}.result.step"), &result.step);
                if let Some(ids) = &result.ids {
                    self.workspace(&format!("{path}.result.ids"), &ids.workspace);
                }
            }
            Judgement::Returns(returns) => self.step_name(&format!("{path}.returns.step"), &returns.step),
            Judgement::Count(count) => {
                self.selector(&format!("{path}.count.of"), &count.of);
                self.lazy(path, check, &count.of);
            }
            Judgement::Never(never) => {
                self.selector(&format!("{path}.never"), &never.of);
                if let Some(before) = &never.before {
                    self.selector(&format!("{path}.never.before"), before);
                }
                self.lazy(path, check, &never.of);
            }
            Judgement::Order(selectors) => {
                for (nth, selector) in selectors.iter().enumerate() {
                    self.selector(&format!("{path}.order[{nth}]"), selector);
                }
            }
            Judgement::Gap(gap) => {
                self.selector(&format!("{path}.gap.from"), &gap.from);
                self.selector(&format!("{path}.gap.to"), &gap.to);
                if gap.from.nth.is_none() && !gap.from.wants_an_answer() {
                    let mend = "add nth, or what tells it from the others, as status";
                    self.places.wrong(&format!("{path}.gap.from"), "several requests may be meant", mend);
                }
            }
            Judgement::Same(same) => {
                self.selector(&format!("{path}.same.a"), &same.a);
                self.selector(&format!("{path}.same.b"), &same.b);
            }
            Judgement::Distinct(distinct) => {
                self.selector(&format!("{path}.distinct.of"), &distinct.of);
                if distinct.with_call && check.phase.is_empty() {
                    let mend = "name the step of that call as phase";
                    self.places.wrong(&format!("{path}.distinct.with_call"), "which call is meant?", mend);
                }
            }
            Judgement::Each(each) => self.selector(&format!("{path}.each.count.of"), &each.count.of),
            Judgement::Leak(_) | Judgement::File(_) => {}
            Judgement::OneOf(ways) => {
                for (nth, way) in ways.iter().enumerate() {
                    self.judgement(&format!("{path}.oneof[{nth}]"), check, &way.judgement);
                }
            }
        }
    }

    /// A client may sign in at its first use and not before. A check that counts sign-ins during some steps would
    /// punish it, unless the object was used before.
    fn lazy(&mut self, path: &str, check: &Check, of: &Selector) {
        let counts = |op: OpKind| of.op.as_ref().is_some_and(|ops| ops.values().contains(&op));
        if check.phase.is_empty() || !(counts(OpKind::Mint) || counts(OpKind::Exchange)) {
            return;
        }
        let steps: Vec<&Step> = self.scenario.all_steps().collect();
        let Some(first) = steps.iter().position(|step| check.phase.contains(&step.id)) else { return };
        // Where each object comes from, by what its name begins with: `acme-$i` is one.
        let maker = |name: &str| steps.iter().find(|step| step.verb.makes() == Some(name)).copied();
        let mut within = steps.clone();
        within.retain(|step| check.phase.contains(&step.id));
        for step in within {
            let Some(object) = step.verb.uses() else { continue };
            let Some(made) = maker(object) else { continue };
            let signs_in = match (&made.verb, &step.verb) {
                _ if counts(OpKind::Mint) => top_of(&steps, object),
                (Verb::Tenant(_), Verb::Call(_) | Verb::List(_)) if !check.phase.contains(&made.id) => {
                    Some(object)
                }
                _ => None,
            };
            let Some(name) = signs_in else { continue };
            let used = steps[..first].iter().any(|step| {
                let through = step.verb.uses();
                let same = |through| {
                    if counts(OpKind::Mint) { top_of(&steps, through) == Some(name) } else { through == name }
                };
                through.is_some_and(same) && !matches!(step.verb, Verb::Close(_) | Verb::Reload(_))
            });
            if !used {
                let message = format!(
                    "a lazy client signs {name:?} in during these steps, and would be punished for it"
                );
                self.places.wrong(&format!("{path}.phase"), message, "use it in an earlier step");
            }
        }
    }

    fn selector(&mut self, path: &str, selector: &Selector) {
        let symbols = [("workspace", &selector.workspace), ("actor", &selector.actor)];
        for (field, pattern) in symbols {
            for text in texts(pattern.as_ref()) {
                self.workspace(&format!("{path}.{field}"), &text);
            }
        }
        for text in texts(selector.phase.as_ref()) {
            self.step_name(&format!("{path}.phase"), &text);
        }
        for (field, pattern) in [("fired", &selector.fired), ("applied", &selector.applied)] {
            for text in texts(pattern.as_ref()) {
                self.stimulus(&format!("{path}.{field}"), &text);
            }
        }
    }

    fn workspace(&mut self, path: &str, symbol: &str) {
        let known = self.scenario.world.fixture.workspaces();
        self.named(path, "workspace", symbol, known);
    }

    fn step_name(&mut self, path: &str, name: &str) {
        let known: Vec<_> = self.scenario.all_steps().map(|step| step.id.as_str()).collect();
        self.named(path, "step", name, &known);
    }

    fn stimulus(&mut self, path: &str, name: &str) {
        let known: Vec<_> = self.scenario.stimuli.iter().filter_map(|rule| rule.id.as_deref()).collect();
        self.named(path, "stimulus", name, &known);
    }

    fn named(&mut self, path: &str, what: &str, name: &str, known: &[&str]) {
        if name.contains('*') || known.contains(&name) {
            return;
        }
        let mend = match nearest::of(name, known) {
            Some(near) => format!("did you mean {near}?"),
            None if known.is_empty() => String::new(),
            None => format!("there is {}", known.join(", ")),
        };
        self.places.wrong(path, format!("there is no {what} {name:?}"), mend);
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
            if open.mode == Mode::Msp {
                needs.push(Capability::Msp);
            }
            if open.token_file {
                needs.push(Capability::TokenFile);
            }
        }
        Verb::Tenant(_) => needs.push(Capability::Tenant),
        Verb::Call(call) if call.stream => needs.push(Capability::Stream),
        Verb::Call(_) | Verb::Restart(_) => {}
        Verb::List(_) => needs.push(Capability::List),
        Verb::Reload(_) => needs.push(Capability::Reload),
        Verb::Clock(_) => needs.push(Capability::Clock),
        Verb::Close(_) => needs.push(Capability::Close),
        Verb::Together(_) => needs.push(Capability::Concurrent),
    }
    needs
}

/// The object that was opened through which one was entered.
fn top_of<'s>(steps: &[&'s Step], name: &str) -> Option<&'s str> {
    let made = steps.iter().find(|step| step.verb.makes() == Some(name))?;
    match &made.verb {
        Verb::Tenant(tenant) if tenant.of != name => top_of(steps, &tenant.of),
        _ => made.verb.makes(),
    }
}

fn texts(pattern: Option<&Pattern>) -> Vec<String> {
    pattern.map(|pattern| pattern.values().iter().map(ToString::to_string).collect()).unwrap_or_default()
}
