//! Roles: giving a user another one.

use greenroom_model::{history::Event, nearest};

use super::{AssignRole, CommandError, Reply, UserView};
use crate::sandbox::Sandbox;

/// How many users a refusal names.
const NAMED: usize = 10;

impl Sandbox {
    pub(super) fn assign_role(&self, wish: &AssignRole) -> Result<Reply, CommandError> {
        let mut state = self.lock();
        let AssignRole { user: email, role } = wish;
        let Some(user) = state.world.user_named(email) else {
            let known: Vec<_> = state.world.users().map(|(_, user)| user.email.as_str()).collect();
            let hint = nearest::hint(&nearest::of(email, &known));
            let named = known.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
            let more = if known.len() > NAMED { ", …" } else { "" };
            let message = format!("there is no user {email:?}{hint}: {named}{more}");
            return Err(CommandError::field("user", message));
        };
        state.world.assign_role(user, role).map_err(|error| CommandError::field("role", error))?;
        state.note(Event::Note { text: format!("{email} has the role {role} now") });
        Ok(Reply::User(UserView { email: email.clone(), role: role.clone() }))
    }
}
