//! Rules: listing, adding and removing them.

use greenroom_model::{
    history::Event,
    nearest,
    rule::{Armed, Rule, RuleError},
};

use super::{CommandError, FaultAdded, FaultList, FaultsAdded};
use crate::sandbox::Sandbox;

impl Sandbox {
    pub(crate) fn faults(&self) -> FaultList {
        FaultList { faults: self.lock().rules.list().to_vec() }
    }

    pub(crate) fn add_faults(&self, rules: Vec<Rule>) -> Result<FaultsAdded, CommandError> {
        let mut state = self.lock();
        let notes: Vec<_> = rules.iter().map(|rule| rule.absent(&state.world, &self.traps)).collect();
        let count = rules.len();
        let wrong = |(nth, error): (usize, RuleError)| {
            let RuleError { field, reason } = error.of_nth(nth, count);
            CommandError { field: Some(field), message: reason }
        };
        let ids = state.add_rules(rules).map_err(wrong)?;
        for id in &ids {
            state.note(Event::Note { text: format!("rule {id} added") });
        }
        let added = ids.into_iter().zip(notes).map(|(id, notes)| FaultAdded { id, notes }).collect();
        Ok(FaultsAdded { added })
    }

    pub(crate) fn remove_fault(&self, id: &str) -> Result<FaultList, CommandError> {
        let mut state = self.lock();
        if !state.remove_rule(id) {
            let known: Vec<_> = state.rules.list().iter().map(Armed::id).collect();
            let hint = nearest::hint(&nearest::of(id, &known));
            return Err(CommandError::field("id", format!("there is no rule named {id:?}{hint}")));
        }
        state.note(Event::Note { text: format!("rule {id} removed") });
        Ok(FaultList { faults: state.rules.list().to_vec() })
    }

    pub(crate) fn clear_faults(&self) -> FaultList {
        let mut state = self.lock();
        let rules: Vec<_> = state.rules.list().iter().filter_map(|armed| armed.rule.id.clone()).collect();
        rules.iter().for_each(|rule| _ = state.remove_rule(rule));
        state.note(Event::Note { text: "all rules removed".to_owned() });
        FaultList { faults: Vec::new() }
    }
}
