//! What a rule names and is not there yet: no mistake, since tokens come and go, but worth saying.

use super::{Action, Effect, Glob, OpenWhen, Pattern, Release, Rule, Selector, Tokens};
use crate::{host, world::World};

impl Rule {
    /// A sentence for each token, client or workspace that the rule names and that does not exist yet, and for
    /// each host that is neither Greenroom's nor one of the traps.
    pub fn absent(&self, world: &World, traps: &[String]) -> Vec<String> {
        let mut absent = Absent { world, traps, notes: Vec::new() };
        absent.selector(&self.when.selector, "the rule waits for it");
        for action in &self.actions {
            if let Action::Effect(effect) = action {
                absent.effect(effect);
            }
        }
        if let Some(gate) = &self.gate {
            for open in &gate.open_when {
                if let OpenWhen::Seen(selector) = open {
                    absent.selector(selector, "the gate waits for it");
                }
            }
            gate.then.iter().for_each(|effect| absent.effect(effect));
            if let Release::Symbols(symbols) = &gate.release {
                symbols.iter().for_each(|symbol| absent.token(symbol, "none goes first with it"));
            }
        }
        absent.notes
    }
}

struct Absent<'a> {
    world: &'a World,
    traps: &'a [String],
    notes: Vec<String>,
}

impl Absent<'_> {
    fn selector(&mut self, selector: &Selector, so: &str) {
        let each = |pattern: &Option<Pattern>| {
            let literals = pattern.iter().flat_map(Pattern::values).filter_map(Glob::literal);
            literals.map(str::to_owned).collect::<Vec<_>>()
        };
        for symbol in each(&selector.token).into_iter().chain(each(&selector.subject)) {
            self.token(&symbol, so);
        }
        for symbol in each(&selector.actor).into_iter().chain(each(&selector.workspace)) {
            let there = self.world.directory.symbol(&symbol).is_some();
            self.note("workspace", &symbol, there, so);
        }
        for name in each(&selector.client) {
            self.client(&name, so);
        }
        for host in each(&selector.host) {
            // Plain requests to an address are asked about, too: it may be Greenroom's own.
            let own =
                host == "localhost" || host.starts_with(|first: char| first.is_ascii_digit() || first == '[');
            let trap = self.traps.contains(&host);
            if !own && !trap && host::family(&host, &self.world.dedicated_hosts()).is_none() {
                self.notes.push(format!("Greenroom stands in for no host {host}: no rule is asked about it"));
            }
        }
    }

    fn effect(&mut self, effect: &Effect) {
        match effect {
            Effect::Expire(Tokens::Symbol(glob)) | Effect::Revoke(Tokens::Symbol(glob)) => {
                if let Some(symbol) = glob.literal() {
                    self.token(symbol, "nothing happens to it until then");
                }
            }
            Effect::RotateSecret(client) => self.client(client, "nothing happens to it until then"),
            Effect::Expire(Tokens::Presented(_))
            | Effect::Revoke(Tokens::Presented(_))
            | Effect::Advance(_)
            | Effect::AdvanceToExpiry(_)
            | Effect::AdvanceAfterReply(_)
            | Effect::Set(_)
            | Effect::RotateKeys(_) => {}
        }
    }

    fn token(&mut self, symbol: &str, so: &str) {
        // What is none of our tokens is shown as a digest or as what was sent instead of one.
        let foreign = ["sha256:", "literal:"].iter().any(|mark| symbol.starts_with(mark));
        self.note("token", symbol, foreign || self.world.tokens().was_issued(symbol), so);
    }

    fn client(&mut self, name: &str, so: &str) {
        self.note("client", name, self.world.client_named(name).is_some(), so);
    }

    fn note(&mut self, what: &str, name: &str, there: bool, so: &str) {
        let note = format!("no {what} {name} exists yet: {so}");
        if !there && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{issue::Term, sample::DEFAULT_SEED};

    #[test]
    fn what_is_named_and_not_there_is_said_once_and_what_is_there_is_not() {
        let mut world = World::sample(DEFAULT_SEED);
        let now: Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
        let msp = world.client_named("msp").unwrap();
        world.issue_for(msp, None, Term::OfKind, now).unwrap();
        for (rule, notes) in [
            (r#"{"when":{"token":"msp#1"},"do":[{"expire":"msp#1"}]}"#, &[][..]),
            (
                r#"{"when":{"token":["msp#2","msp#1"],"subject":"msp#2"},"do":[{"expire":"presented"}]}"#,
                &["no token msp#2 exists yet: the rule waits for it"],
            ),
            (
                r#"{"when":{"token":["msp#0","msp"]},"do":[{"advance":"1m"}]}"#,
                &[
                    "no token msp#0 exists yet: the rule waits for it",
                    "no token msp exists yet: the rule waits for it",
                ],
            ),
            // What has a star in it, or is no token of ours, is waited for without a word.
            (
                r#"{"when":{"token":["x#*","literal:null","sha256:01234567"],"client":"n*"},"do":[{"revoke":"y*"}]}"#,
                &[],
            ),
            (
                r#"{"when":{"client":"nightly","workspace":["abc","nowhere"]},"do":[{"rotate_secret":"msp"}]}"#,
                &[
                    "no workspace nowhere exists yet: the rule waits for it",
                    "no client nightly exists yet: the rule waits for it",
                ],
            ),
            (
                r#"{"when":{"host":["example.com","127.0.0.1","sso.common.cloud.hpe.com","evil.example.net","*.example.com"]},"do":[{"close":{}}]}"#,
                &["Greenroom stands in for no host example.com: no rule is asked about it"],
            ),
            (
                r#"{"when":{},"do":[{"rotate_secret":"nobody"},{"revoke":"abc#1"}]}"#,
                &[
                    "no client nobody exists yet: nothing happens to it until then",
                    "no token abc#1 exists yet: nothing happens to it until then",
                ],
            ),
            (
                r#"{"when":{},"gate":{"open_when":[{"seen":{"actor":"new"}}],"limit":"5s","release":["msp#9"],
                    "then":[{"expire":"msp#8"}]}}"#,
                &[
                    "no workspace new exists yet: the gate waits for it",
                    "no token msp#8 exists yet: nothing happens to it until then",
                    "no token msp#9 exists yet: none goes first with it",
                ],
            ),
        ] {
            let rule: Rule = serde_json::from_str(rule).unwrap();
            assert_eq!(rule.absent(&world, &["evil.example.net".to_owned()]), notes, "{rule:?}");
        }
    }
}
