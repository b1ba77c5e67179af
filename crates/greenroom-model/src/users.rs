//! The users API's rules (`glp.md §7.2`): who belongs to which workspace, is invited, changed and removed, and
//! what that does to API clients and tokens.
//!
//! An account is one for all workspaces; where it belongs is a matter of each. A workspace's users are who made it
//! or was invited to it, and who made an API client in it; an MSP's users act in its tenants and are none of theirs.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{
    audit::{Category, Effect},
    credential::ApiClient,
    dialect::{ExportCompliance, ShutOutUser, UserRemoval},
    refusal::{Conflict, Refusal, TokenFault},
    tenancy::{WorkspaceKind, is_email},
    user::{IDLE_TIMEOUT, Language, Membership, Roster, User, UserStatus},
    world::{ClientIx, Session, UserIx, WorkspaceIx, World},
};

/// How many users a world can ever hold. Removed ones count: they keep their numbers.
pub const MOST_USERS: usize = 100_000;

/// The role of who was invited: an invitation names none.
const ROLE_OF_GUESTS: &str = "Observer";

/// How long the removal of a user takes under dialect `user_removal: staged`.
const REMOVAL: SignedDuration = SignedDuration::from_secs(10);

/// The top-level domains of the countries of dialect `export_compliance`.
const EMBARGOED: [&str; 4] = [".cu", ".ir", ".kp", ".sy"];

/// The users of each workspace that has or had some. Rosters are shared, so that a copy of a world costs little.
pub(crate) type Members = BTreeMap<WorkspaceIx, Arc<BTreeMap<UserIx, Membership>>>;

/// What PUT says a user prefers. It replaces: what it does not say is what it is for a new user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preferences {
    /// `language`.
    pub language: Language,
    /// `idleTimeout`, in seconds.
    pub idle_timeout: u32,
}

impl Preferences {
    /// Reads the body of a request. Null is as good as nothing.
    pub fn read(members: &Map<String, Value>) -> Result<Self, Refusal> {
        let wrong = |member: &str, message: String| Refusal::Body { member: member.to_owned(), message };
        let language = match members.get("language") {
            None | Some(Value::Null) => Language::English,
            Some(said) => said.as_str().and_then(Language::named).ok_or_else(|| {
                let known = Language::names().join(", ");
                wrong("language", format!("Value is not one of {known} for field language"))
            })?,
        };
        let idle_timeout = match members.get("idleTimeout") {
            None | Some(Value::Null) => IDLE_TIMEOUT,
            Some(said) => said.as_u64().and_then(|seconds| seconds.try_into().ok()).ok_or_else(|| {
                wrong("idleTimeout", "Value is not a valid integer for field idleTimeout".to_owned())
            })?,
        };
        Ok(Self { language, idle_timeout })
    }
}

/// The address that POST invites.
pub fn invited(members: &Map<String, Value>) -> Result<&str, Refusal> {
    let wrong = |member: &str, message: &str| {
        Err(Refusal::Body { member: member.to_owned(), message: format!("{message} for field {member}") })
    };
    match members.get("sendWelcomeEmail") {
        None | Some(Value::Null | Value::Bool(_)) => {}
        Some(_) => return wrong("sendWelcomeEmail", "Value is not a valid boolean"),
    }
    match members.get("email") {
        None | Some(Value::Null) => wrong("email", "Field required"),
        Some(Value::String(email)) if is_email(email) => Ok(email),
        Some(_) => wrong("email", "Value is not a valid email address"),
    }
}

impl World {
    /// The users that a workspace shows at `now`.
    pub fn roster(&self, of: WorkspaceIx, now: Timestamp) -> Roster {
        let members = self.members.get(&of).into_iter().flat_map(|members| members.iter());
        let shown = members.filter_map(|(ix, membership)| Some((*ix, self.shown_as(*ix, *membership, now)?)));
        Roster { shown: shown.collect(), users: self.users.clone() }
    }

    /// The user of that id in the workspace of a session, with `userStatus`.
    pub fn user_of(
        &self,
        session: &Session,
        id: Uuid,
        now: Timestamp,
    ) -> Result<(UserIx, &'static str), Refusal> {
        self.member(session.workspace, id, now).ok_or_else(|| Conflict::NoSuchUser.into())
    }

    /// The user of that id whom a workspace shows at `now`, with `userStatus`.
    pub(crate) fn member(&self, of: WorkspaceIx, id: Uuid, now: Timestamp) -> Option<(UserIx, &'static str)> {
        let mut members = self.members.get(&of)?.iter();
        let (ix, membership) = members.find(|(ix, _)| self.user(**ix).id == id)?;
        Some((*ix, self.shown_as(*ix, *membership, now)?))
    }

    /// The same, if the user was not removed.
    fn present_user_of(&self, session: &Session, id: Uuid, now: Timestamp) -> Result<UserIx, Refusal> {
        let (ix, _) = self.user_of(session, id, now)?;
        match self.membership(session.workspace, ix) {
            Some(Membership::Present) => Ok(ix),
            _ => Err(Conflict::NoSuchUser.into()),
        }
    }

    /// Invites a user to the workspace of a session. A new account waits to be verified; nobody signs in with
    /// it here, but a world patch can verify it.
    pub fn invite_user(&mut self, session: &Session, email: &str, now: Timestamp) -> Result<UserIx, Refusal> {
        let lower = email.to_lowercase();
        if EMBARGOED.iter().any(|domain| lower.ends_with(domain))
            && self.dialect.export_compliance == ExportCompliance::Refuse
        {
            return Err(
                Conflict::ExportRules(lower.rsplit('.').next().unwrap_or_default().to_uppercase()).into()
            );
        }
        let known = self.user_named(email);
        let there = known.and_then(|ix| self.membership(session.workspace, ix));
        if there == Some(Membership::Present) {
            return Err(Conflict::UserThere.into());
        }
        let ix = match known {
            Some(ix) => ix,
            None if self.users.len() >= MOST_USERS => return Err(Conflict::Full("users").into()),
            None => {
                let ix = self.add_user(email);
                let user = &mut self.users[ix.0];
                user.status = UserStatus::Unverified;
                (user.created_at, user.updated_at) = (now, now);
                ROLE_OF_GUESTS.clone_into(&mut user.role);
                ix
            }
        };
        self.set_membership(session.workspace, ix, Membership::Present);
        self.tell_user(session, ix, "invited", now);
        Ok(ix)
    }

    /// Gives a user of the session's workspace other preferences.
    pub fn set_preferences(
        &mut self,
        session: &Session,
        id: Uuid,
        wanted: Preferences,
        now: Timestamp,
    ) -> Result<UserIx, Refusal> {
        let ix = self.present_user_of(session, id, now)?;
        let user = &mut self.users[ix.0];
        (user.language, user.idle_timeout) = (wanted.language, wanted.idle_timeout);
        (user.generation, user.updated_at) = (user.generation.saturating_add(1), now);
        self.tell_user(session, ix, "updated", now);
        Ok(ix)
    }

    /// Removes a user from the session's workspace, with the API clients that the user made there or, as one of its
    /// users, in its tenants (`glp.md §2.4`): they and their tokens are worth nothing from now on.
    pub fn remove_user(&mut self, session: &Session, id: Uuid, now: Timestamp) -> Result<UserIx, Refusal> {
        let ix = self.present_user_of(session, id, now)?;
        let of_user = |(_, client): &(ClientIx, &ApiClient)| {
            client.owner == ix && self.seat(client) == session.workspace
        };
        let clients: Vec<_> = self.clients().filter(of_user).map(|(client, _)| client).collect();
        for client in clients {
            self.remove_client(client);
            self.tokens.revoke_of(client);
        }
        self.set_membership(session.workspace, ix, Membership::Removed(now));
        self.tell_user(session, ix, "removed", now);
        Ok(ix)
    }

    /// What the tokens of a client get whose user was shut out, or removed from where the client belongs (dialect
    /// `shut_out_user`).
    pub(crate) fn user_fault(&self, client: &ApiClient) -> Option<TokenFault> {
        let removed =
            matches!(self.membership(self.seat(client), client.owner), Some(Membership::Removed(_)));
        (removed || self.user(client.owner).status.is_shut_out()).then_some(
            match self.dialect.shut_out_user {
                ShutOutUser::Forbidden403 => TokenFault::UserShutOut,
                ShutOutUser::Unauthorized401 => TokenFault::Revoked,
            },
        )
    }

    /// The workspace as whose user somebody made a client: the one it is in, or the MSP for what its users made for
    /// a tenant or in it.
    fn seat(&self, client: &ApiClient) -> WorkspaceIx {
        match self.workspace(client.workspace).kind {
            WorkspaceKind::Tenant { msp, .. }
                if client.for_tenant || self.membership(client.workspace, client.owner).is_none() =>
            {
                msp
            }
            _ => client.workspace,
        }
    }

    pub(crate) fn membership(&self, of: WorkspaceIx, user: UserIx) -> Option<Membership> {
        self.members.get(&of)?.get(&user).copied()
    }

    pub(crate) fn set_membership(&mut self, of: WorkspaceIx, user: UserIx, membership: Membership) {
        Arc::make_mut(self.members.entry(of).or_default()).insert(user, membership);
    }

    /// `userStatus`; none for who is not listed.
    fn shown_as(&self, ix: UserIx, membership: Membership, now: Timestamp) -> Option<&'static str> {
        match (membership, self.dialect.user_removal) {
            (Membership::Present, _) => Some(self.user(ix).status.name()),
            (Membership::Removed(_), UserRemoval::Gone) => None,
            (Membership::Removed(at), UserRemoval::Staged) => {
                let under_way = at.saturating_add(REMOVAL).is_ok_and(|end| now < end);
                Some(if under_way { "DELETE_IN_PROGRESS" } else { "DELETED" })
            }
        }
    }

    fn tell_user(&mut self, session: &Session, ix: UserIx, what: &str, now: Timestamp) {
        let User { email, id, role, .. } = self.user(ix);
        let effect = Effect::new(Category::User, format!("User {email} {what}"));
        let effect = effect.with("User ID", id).with("Role", role);
        self.tell(session, effect, now);
    }
}
