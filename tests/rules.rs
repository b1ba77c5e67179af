//! Rules, as clients meet them: who is selected, what happens to clock and tokens, who waits for whom.

mod commands;
mod consistent;
mod effects;
mod gates;
mod selectors;

use std::sync::Arc;

use greenroom_emulator::command::{BeginPhase, Command, CommandError, Reply};
use greenroom_model::rule::{Armed, Rule};
use tokio::task::JoinSet;

use crate::wire::{Wire, until};

/// A rule as it is written.
#[track_caller]
pub(crate) fn rule(json: &str) -> Rule {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{json}: {error}"))
}

/// An emulator on a frozen clock with these rules in force.
pub(crate) async fn with_rules(rules: &[&str]) -> Wire {
    let start = "2026-03-01T10:00:00Z".parse().unwrap();
    let rules = rules.iter().map(|json| rule(json)).collect();
    Wire::start(greenroom_emulator::Emulator::builder().frozen().start_time(start).rules(rules)).await
}

impl Wire {
    fn add_rule(&self, json: &str) -> Result<Reply, CommandError> {
        self.emulator.run(Command::AddFaults(vec![rule(json)]))
    }

    fn rules(&self) -> Vec<Armed> {
        match self.emulator.run(Command::Faults) {
            Ok(Reply::Faults(list)) => list.faults,
            other => panic!("{other:?}"),
        }
    }

    fn begin_phase(&self, phase: &str) {
        self.emulator.run(Command::BeginPhase(BeginPhase { phase: phase.to_owned() })).unwrap();
    }

    /// Waits until something is so that no client can tell.
    async fn until(&self, is_so: impl Fn(&Self) -> bool) {
        until("it never becomes so", || is_so(self)).await;
    }

    /// Does something at once for each of these, and returns what came of it in their order.
    async fn at_once<A: Send + 'static, T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        self: &Arc<Self>,
        each: Vec<A>,
        what: impl Fn(Arc<Self>, A) -> F,
    ) -> Vec<T> {
        let mut tasks = JoinSet::new();
        for (nth, it) in each.into_iter().enumerate() {
            let done = what(Arc::clone(self), it);
            tasks.spawn(async move { (nth, done.await) });
        }
        let mut all = tasks.join_all().await;
        all.sort_by_key(|(nth, _)| *nth);
        all.into_iter().map(|(_, done)| done).collect()
    }
}
