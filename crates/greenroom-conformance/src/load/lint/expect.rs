//! What a scenario expects: checks that can be judged, and that can fail.

use greenroom_model::{call::OpKind, rule::Selector};

use super::Lint;
use crate::{
    drive::{Capability, Kind},
    scenario::{
        After, Check, ClientPart, ClientSymbol, Clock, Count, Delays, FileIs, Judgement, LeakOf, OneOrMore,
        Outcome, Proof, ResultOf, Step, Verb,
    },
};

impl Lint<'_, '_> {
    pub(super) fn expect(&mut self) {
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
                self.phase(&format!("{path}.phase"), step);
            }
            match &check.after {
                Some(After::Fired(rule)) => self.after_fired(&format!("{path}.after.fired"), rule),
                Some(After::Step(step)) => self.after_step(&format!("{path}.after.step"), step),
                None => {}
            }
            self.judgement(path, check, &check.judgement);
        }
    }

    fn after_fired(&mut self, path: &str, rule: &str) {
        self.stimulus(path, rule);
        let proves = |proof: &Proof| {
            let Proof { fired, answered, gate, .. } = proof;
            let named = [
                fired.as_deref(),
                answered.as_ref().map(|it| it.fired.as_str()),
                gate.as_ref().map(|it| it.id.as_str()),
            ];
            named.contains(&Some(rule))
        };
        let is_known = self.scenario.stimuli.iter().any(|it| it.id.as_deref() == Some(rule));
        if is_known && !self.is_unread(rule) && !self.scenario.proofs.iter().any(proves) {
            let message = "if it never fires there is nothing after it, and no proof says that it did";
            self.places.wrong(path, message, format!("add {{ id: {rule}-fired, fired: {rule} }} to proofs"));
        }
    }

    fn after_step(&mut self, path: &str, name: &str) {
        self.asked(path, name);
        let last = self.scenario.steps.last().filter(|_| self.of.unread.is_empty());
        if last.is_some_and(|last| last.with_inner().any(|step| step.id == name)) {
            let mend = "name an earlier step, or leave after out";
            self.places.wrong(path, "after the last step nothing is asked for", mend);
        }
    }

    fn result(&mut self, path: &str, result: &ResultOf) {
        let ResultOf { step, ok, status, kind, outcome, says, ids, all: _ } = result;
        self.asked(&format!("{path}.step"), step);
        if *ok == Some(true)
            && let Some(kind) = kind
        {
            let message = format!("a step that succeeds does not fail with {}", kind.word());
            self.places.wrong(&format!("{path}.kind"), message, "leave ok or kind out");
        }
        if let Some(outcome) = outcome {
            let (word, handed_on, as_kind) = match outcome {
                Outcome::Auth => ("auth", 401, Kind::Auth),
                Outcome::Rate => ("rate", 429, Kind::Rate),
            };
            let place = format!("{path}.outcome");
            if *ok == Some(true) && status.is_some_and(|status| status != handed_on) {
                let message = format!("a success is {word} only as a {handed_on} that is handed on");
                self.places.wrong(&place, message, "leave outcome out, or ok and status");
            }
            if kind.is_some_and(|kind| kind != as_kind) {
                let message = format!("a failure is {word} only if that is its kind");
                self.places.wrong(&place, message, "leave outcome or kind out");
            }
        }
        if let Some(says) = says {
            self.says(&format!("{path}.says"), *ok == Some(true) && status.is_none_or(|it| it < 400), says);
        }
        let Some(ids) = ids else { return };
        let place = format!("{path}.ids");
        self.workspace(&place, &ids.workspace);
        let verb = self.scenario.all_steps().find(|it| it.id == *step).map(|it| &it.verb);
        match verb {
            Some(Verb::List(list)) if list.what == ids.what => {}
            Some(Verb::List(list)) => {
                let message = format!("step {step} lists {}", list.what.word());
                self.places.wrong(&place, message, format!("write {}(@{})", list.what.word(), ids.workspace));
            }
            // It has been said of a step within which others stand, and of one that is not there.
            Some(Verb::Together(_)) | None => {}
            Some(verb) => {
                let message = format!("step {step} is no list, and its reply holds no ids ({})", verb.name());
                self.places.wrong(&place, message, "name a step that lists, or leave ids out");
            }
        }
    }

    /// What a caller is told: there is something, and it stands among other words.
    fn says(&mut self, path: &str, succeeds: bool, says: &OneOrMore) {
        if succeeds {
            self.places.wrong(path, "a success says nothing", "leave ok or says out");
        }
        for pattern in &says.0 {
            let words: Vec<_> = pattern.split('*').filter(|word| !word.is_empty()).collect();
            if words.is_empty() {
                let mend = "write what it must say, as *503*";
                self.places.wrong(path, format!("{pattern:?} is said by any message"), mend);
            } else if !pattern.contains('*') {
                let message = format!("{pattern:?} is said by a message that says nothing else");
                self.places.wrong(path, message, format!("write \"*{pattern}*\""));
            }
            for word in words {
                match (ClientSymbol::of(word), word.strip_prefix('@')) {
                    (Some(ClientSymbol { part: ClientPart::Secret, .. }), _) => {
                        let mend = "name the id of the client, or look for leaks";
                        self.places.wrong(path, "no message may hold a secret", mend);
                    }
                    _ if word.starts_with(ClientSymbol::PREFIX) => self.symbol(path, word),
                    (_, Some(name)) => self.id(path, name),
                    _ => {}
                }
            }
        }
    }

    /// Of the nth of something there is one or none: a bound that both keep, or neither, says nothing.
    fn bound(&mut self, path: &str, of: &Selector, is: Count) {
        if of.nth.is_some() && is.0.holds(0) == is.0.holds(1) {
            let verdict = if is.0.holds(0) { "holds always" } else { "never holds" };
            let message = format!("of the nth there is at most one, so that this {verdict}");
            self.places.wrong(&format!("{path}.is"), message, "leave nth out");
        }
    }

    fn delays(&mut self, path: &str, delays: &Delays) {
        let Delays { of, grow, distinct, min: _, least: _, most } = delays;
        self.selector(&format!("{path}.of"), of);
        if of.nth.is_some() {
            let message = "of the nth there is at most one, and no wait until the next";
            self.places.wrong(&format!("{path}.of.nth"), message, "leave nth out");
        }
        let clock = self.scenario.clock;
        // A scenario about another clock may need the same sleeps.
        let asks = clock == Clock::Delay || self.scenario.needs.contains(&Capability::SleepEvents);
        for (member, given) in [("grow", *grow), ("distinct", distinct.is_some())] {
            if given && !asks {
                let message = "only sleeps that a client asks for can be compared with one another";
                self.places.wrong(
                    &format!("{path}.{member}"),
                    message,
                    "write clock: delay, or leave it out",
                );
            }
        }
        if most.is_some() && !asks && clock != Clock::Real {
            let message = "only a scenario about delays or real time bounds them from above";
            self.places.wrong(&format!("{path}.most"), message, "write clock: delay, or leave it out");
        }
    }

    /// At the end everything is over: there is no phase to look at, and nobody to close what no step closes.
    fn sockets(&mut self, path: &str, check: &Check) {
        for (member, given) in [("phase", !check.phase.is_empty()), ("after", check.after.is_some())] {
            if given {
                let message = "what is open at the end is open after all steps";
                self.places.wrong(&format!("{path}.{member}"), message, format!("leave {member} out"));
            }
        }
        if !self.scenario.all_steps().any(|step| matches!(step.verb, Verb::Close(_)))
            && self.of.unread.is_empty()
        {
            let message = "no step closes anything, so that a client may keep what it has";
            self.places.wrong(&format!("{path}.sockets"), message, "add a step that closes the client");
        }
    }

    fn leak(&mut self, path: &str, leak: &LeakOf) {
        const PLACES: [&str; 5] = ["output", "message", "url", "header", "body"];
        let all =
            |texts: &Option<OneOrMore>| texts.iter().flat_map(|texts| texts.0.clone()).collect::<Vec<_>>();
        for text in all(&leak.symbol) {
            self.secret(&format!("{path}.symbol"), &text);
        }
        for text in all(&leak.place) {
            self.fitting(&format!("{path}.where"), "place", &text, &PLACES);
        }
        for text in all(&leak.host) {
            self.host(&format!("{path}.host"), &text);
        }
    }

    fn file(&mut self, path: &str, file: &FileIs) {
        self.named(&format!("{path}.which"), "file", &file.which, &["token_file"]);
        for (nth, symbol) in file.holds.iter().flatten().enumerate() {
            if symbol != "secret" {
                let path = format!("{path}.holds[{nth}]");
                match symbol.contains('*') {
                    true => self.places.wrong(&path, "which of them is meant?", "write one, as acme#1"),
                    false => self.token(&path, symbol),
                }
            }
        }
    }

    fn judgement(&mut self, path: &str, check: &Check, judgement: &Judgement) {
        match judgement {
            Judgement::Result(result) => self.result(&format!("{path}.result"), result),
            Judgement::Returns(returns) => {
                self.asked(&format!("{path}.returns.step"), &returns.step);
                if returns.within.is_some() && self.scenario.clock != Clock::Real {
                    let message = "only a scenario about real time bounds it from above";
                    self.places.wrong(
                        &format!("{path}.returns.within"),
                        message,
                        "write clock: real, or leave it out",
                    );
                }
            }
            Judgement::Count(count) => {
                self.selector(&format!("{path}.count.of"), &count.of);
                self.bound(&format!("{path}.count"), &count.of, count.is);
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
            Judgement::Delays(delays) => self.delays(&format!("{path}.delays"), delays),
            Judgement::Same(same) => {
                self.selector(&format!("{path}.same.a"), &same.a);
                self.selector(&format!("{path}.same.b"), &same.b);
            }
            Judgement::Distinct(distinct) => {
                self.selector(&format!("{path}.distinct.of"), &distinct.of);
                self.bound(&format!("{path}.distinct"), &distinct.of, distinct.is);
                if distinct.with_call && check.phase.is_empty() {
                    let mend = "name the step of that call as phase";
                    self.places.wrong(&format!("{path}.distinct.with_call"), "which call is meant?", mend);
                }
            }
            Judgement::Each(each) => self.selector(&format!("{path}.each.count.of"), &each.count.of),
            Judgement::Sockets(_) => self.sockets(path, check),
            Judgement::Leak(leak) => self.leak(&format!("{path}.leak"), leak),
            Judgement::File(file) => self.file(&format!("{path}.file"), file),
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
        // The members of `together` are in its phase.
        let phases = self.scenario.steps.iter().filter(|step| check.phase.contains(&step.id));
        let within: Vec<&Step> = phases.flat_map(Step::with_inner).collect();
        let is_within = |step: &Step| within.iter().any(|other| other.id == step.id);
        let Some(first) = steps.iter().position(|step| is_within(step)) else { return };
        // Where each object comes from, by what its name begins with: `acme-$i` is one.
        let maker = |name: &str| steps.iter().find(|step| step.verb.makes() == Some(name)).copied();
        for step in &within {
            let Some(object) = step.verb.uses() else { continue };
            let Some(made) = maker(object) else { continue };
            let signs_in = match (&made.verb, &step.verb) {
                _ if counts(OpKind::Mint) => top_of(&steps, object),
                (Verb::Tenant(_), Verb::Call(_) | Verb::List(_)) if !is_within(made) => Some(object),
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
}

/// The object that was opened through which one was entered.
fn top_of<'s>(steps: &[&'s Step], name: &str) -> Option<&'s str> {
    let made = steps.iter().find(|step| step.verb.makes() == Some(name))?;
    match &made.verb {
        Verb::Tenant(tenant) if tenant.of != name => top_of(steps, &tenant.of),
        _ => made.verb.makes(),
    }
}
