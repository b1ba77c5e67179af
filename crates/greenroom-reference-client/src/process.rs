//! What all clients of this process share: its clock, its sleeps, its switches.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::{
    clock::Clock,
    mutant::{Mutant, Switches},
    sleep::Sleeps,
    token::Token,
};

#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) clock: Clock,
    pub(crate) sleeps: Sleeps,
    pub(crate) switches: Switches,
    /// What [`Mutant::M71`] uses.
    last_token: Mutex<Option<Token>>,
}

impl Process {
    pub(crate) fn new(sleeps: Sleeps, mutant: Option<Mutant>) -> Self {
        Self { clock: Clock::new(), sleeps, switches: Switches::new(mutant), last_token: Mutex::default() }
    }

    pub(crate) fn broken(&self, mutant: Mutant) -> bool {
        self.switches.broken(mutant)
    }

    /// Waits for so long.
    pub(crate) async fn sleep(&self, duration: Duration) {
        if !duration.is_zero() {
            self.sleeps.sleep(&self.clock, duration).await;
        }
    }

    /// A token was given.
    pub(crate) fn got(&self, token: &Token) {
        *self.last_token.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
    }

    pub(crate) fn last_token(&self) -> Option<Token> {
        self.last_token.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
