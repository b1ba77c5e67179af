//! Rules: listing, adding and removing them.

use greenroom_model::{
    history::Event,
    nearest,
    rule::{Armed, Rule, RuleError},
};

use super::{CommandError, FaultAdded, FaultList};
use crate::sandbox::Sandbox;

impl Sandbox {
    pub(crate) fn faults(&self) -> FaultList {
        FaultList { faults: self.lock().rules.list().to_vec() }
    }

    pub(crate) fn add_fault(&self, rule: Rule) -> Result<FaultAdded, CommandError> {
        let mut state = self.lock();
        let notes = rule.absent(&state.world);
        let wrong = |error: RuleError| CommandError { field: Some(error.field), message: error.reason };
        let id = state.add_rule(rule).map_err(wrong)?;
        state.note(Event::Note { text: format!("rule {id} added") });
        Ok(FaultAdded { id, notes })
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
