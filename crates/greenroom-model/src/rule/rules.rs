//! The rules in force, and what they decide.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Action, At, Effect, Rule, RuleError, Selector, Wire};
use crate::history::{Request, Response};

/// How many rules may be in force.
const MOST_RULES: usize = 1_000;

/// A rule in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Armed {
    /// The rule.
    pub rule: Rule,
    /// How many requests, or connections, it has matched.
    pub matched: u64,
    /// How often it has fired.
    pub fired: u64,
    /// How many it had matched when the phase began that it is about: `nth` counts from there.
    #[serde(skip)]
    before_phase: u64,
}

impl Armed {
    /// Its name.
    pub fn id(&self) -> &str {
        self.rule.id.as_deref().unwrap_or_default()
    }

    fn is_spent(&self) -> bool {
        self.rule.most().is_some_and(|most| self.fired >= most)
    }
}

/// What a rule decided for one request or connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Ruling {
    /// The rule that fired.
    pub rule: String,
    /// What happens to clock and tokens, in this order, under the lock.
    pub effects: Vec<Effect>,
    /// What happens on the wire. A request waits at the rule's gate first, if it has one.
    pub wire: Option<Wire>,
}

/// The rules of one sandbox.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    armed: Vec<Armed>,
    added: u64,
}

impl Rules {
    /// Adds a rule behind the others and returns its name.
    pub fn add(&mut self, mut rule: Rule) -> Result<String, RuleError> {
        rule.check()?;
        if self.armed.len() >= MOST_RULES {
            let reason = format!("there are {MOST_RULES} rules already: remove some first");
            return Err(RuleError::new("id", reason));
        }
        let is_taken = |id: &str| self.armed.iter().any(|armed| armed.id() == id);
        let id = match &rule.id {
            Some(id) if is_taken(id) => {
                return Err(RuleError::new("id", format!("there is a rule named {id:?} already")));
            }
            Some(id) => id.clone(),
            // Somebody may have named one like that.
            None => {
                (self.added + 1..).map(|n| format!("rule-{n}")).find(|id| !is_taken(id)).unwrap_or_default()
            }
        };
        self.added += 1;
        rule.id = Some(id.clone());
        self.armed.push(Armed { rule, matched: 0, fired: 0, before_phase: 0 });
        Ok(id)
    }

    /// A phase begins, perhaps not for the first time: rules about it count from one again.
    pub fn begin_phase(&mut self, phase: &str) {
        for armed in &mut self.armed {
            if armed.rule.when.selector.phase.as_ref().is_some_and(|phases| phases.fits(phase)) {
                armed.before_phase = armed.matched;
            }
        }
    }

    /// The rules in force.
    pub fn list(&self) -> &[Armed] {
        &self.armed
    }

    /// Removes a rule. Says whether it was there.
    pub fn remove(&mut self, id: &str) -> bool {
        let before = self.armed.len();
        self.armed.retain(|armed| armed.id() != id);
        self.armed.len() < before
    }

    /// Removes all rules.
    pub fn clear(&mut self) {
        self.armed.clear();
    }

    /// Whether any rule acts at this point.
    pub fn act_at(&self, at: At) -> bool {
        self.armed.iter().any(|armed| armed.rule.at() == at)
    }

    /// What happens to a request at this point: what the first rule says that means it and has firings left.
    /// Every rule that means it counts it.
    pub fn decide(&mut self, at: At, request: &Request, response: Option<&Response>) -> Option<Ruling> {
        self.first(at, |selector| {
            selector.matches_request(request) && (at != At::Response || selector.matches_response(response))
        })
    }

    /// What happens to a connection before there is a request on it, in the same way. `host` is the one of its
    /// CONNECT or of its TLS hello; who dials an address names none.
    pub fn decide_connection(&mut self, host: Option<&str>) -> Option<Ruling> {
        self.first(At::Connect, |selector| selector.matches_host(host))
    }

    fn first(&mut self, at: At, means: impl Fn(&Selector) -> bool) -> Option<Ruling> {
        let mut ruling = None;
        for armed in &mut self.armed {
            let selector = &armed.rule.when.selector;
            if armed.rule.at() != at || !means(selector) {
                continue;
            }
            armed.matched += 1;
            let its_turn = selector.nth.is_none_or(|nth| nth.get() == armed.matched - armed.before_phase);
            if ruling.is_some() || !its_turn || armed.is_spent() {
                continue;
            }
            armed.fired += 1;
            let mut made = Ruling { rule: armed.id().to_owned(), effects: Vec::new(), wire: None };
            for action in &armed.rule.actions {
                match action {
                    Action::Effect(effect) => made.effects.push(effect.clone()),
                    Action::Wire(wire) => made.wire = Some(wire.clone()),
                }
            }
            ruling = Some(made);
        }
        ruling
    }
}
