//! Users (`glp.md §7.2`): list, invite, get, update preferences, remove.

use greenroom_model::{
    filter::{Field, grammars::GLP_USERS},
    id::parse_uuid,
    refusal::Refusal,
    role::{Permission, Resource},
    time::Iso,
    user::User,
    users::{Preferences, invited},
    world::{Session, UserIx, World},
};
use http::Method;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::{Page, Paging, Source, cut, ensure_value, first_row, get, paging, read_filter};
use crate::{
    json::{self, Rows, Uri},
    route::{Api, Ask, Confidence, Reply, Route},
};

const USERS: &str = "/identity/v1/users";
const USER: &str = "/identity/v1/users/{id}";
const SOURCE: Source = ("glp.md §7.2", Confidence::Documented);

/// Its routes.
pub(super) fn routes() -> Vec<Route> {
    let users = (Api::Users, Resource::UserManagement);
    let change = |name, method, path, permission, act| {
        super::change((name, method, path), (users.0, users.1, permission), &[], SOURCE, act)
    };
    let paged = &["filter", "limit", "offset"];
    vec![
        get(("glp.users.list", USERS), users, paged, SOURCE, list).whole(),
        change("glp.users.invite", Method::POST, USERS, Permission::Edit, invite)
            .without(
                "the welcome e-mail, and the answer to it: a world patch verifies who was invited; a role, status and \
                 last sign-in for each workspace: who has an account already brings them along",
            ),
        get(("glp.users.get", USER), users, &[], SOURCE, get_user).whole(),
        change("glp.users.update", Method::PUT, USER, Permission::Edit, update)
            .without("an effect of the preferences, which no other operation shows"),
        change("glp.users.remove", Method::DELETE, USER, Permission::Delete, remove).whole(),
    ]
}

fn list(world: &World, session: &Session, ask: &Ask, now: Timestamp) -> Result<Reply, Refusal> {
    let (offset, limit) = paging(world, ask, &Paging { default: 300, max: 600, text: ensure_value })?;
    let filter = read_filter(world, ask, GLP_USERS)?;
    let start = first_row(world, offset, limit);
    let past_end = world.dialect.page_past_end;
    let roster = world.roster(session.workspace, now);
    Ok(Reply::later(roster.count(), move || {
        let items = roster.iter().map(|(user, status)| Item::of(user, status));
        let passing: Vec<_> = items
            .filter(|item| {
                let id = item.id.to_string();
                filter.as_ref().is_none_or(|filter| filter.matches(&|name| item.field(&id, name)))
            })
            .collect();
        let rows = cut(past_end, passing.len(), start, limit)?;
        let shown = &passing[rows];
        Ok(json::text(&Page { offset, count: shown.len(), total: passing.len(), items: Rows(|| shown) }))
    }))
}

fn get_user(world: &World, session: &Session, ask: &Ask, now: Timestamp) -> Result<Reply, Refusal> {
    let (ix, status) = world.user_of(session, id(ask)?, now)?;
    Ok(Reply::ok(Item::of(world.user(ix), status)))
}

fn invite(world: &mut World, session: &Session, ask: &Ask, now: Timestamp) -> Result<Reply, Refusal> {
    let members = ask.members()?;
    let ix = world.invite_user(session, invited(&members)?, now)?;
    let location = format!("{USERS}/{}", world.user(ix).id);
    Ok(Reply::created(location, json!({"message": "User invited"})).changed(change(world, ix, "invited")))
}

fn update(world: &mut World, session: &Session, ask: &Ask, now: Timestamp) -> Result<Reply, Refusal> {
    let id = id(ask)?;
    // Whose it is comes before what the body says.
    world.user_of(session, id, now)?;
    let ix = world.set_preferences(session, id, Preferences::read(&ask.members()?)?, now)?;
    Ok(Reply::ok(json!({"message": "User updated"})).changed(change(world, ix, "changed")))
}

fn remove(world: &mut World, session: &Session, ask: &Ask, now: Timestamp) -> Result<Reply, Refusal> {
    let ix = world.remove_user(session, id(ask)?, now)?;
    Ok(Reply::no_content().changed(change(world, ix, "removed")))
}

/// For the history.
fn change(world: &World, ix: UserIx, what: &str) -> String {
    format!("user {} {what}", world.user(ix).email)
}

fn id(ask: &Ask) -> Result<Uuid, Refusal> {
    let text = ask.segment("id");
    parse_uuid(text).ok_or_else(|| Refusal::Path { name: "id", message: format!("Invalid UUID: {text}") })
}

/// A user. Names and the last login are left out where there are none: only `id`, `type` and `username` are
/// required.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    id: Uuid,
    r#type: &'static str,
    username: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<String>,
    user_status: &'static str,
    generation: u32,
    created_at: Iso,
    updated_at: Iso,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_login: Option<Iso>,
    resource_uri: Uri<Uuid>,
}

impl<'a> Item<'a> {
    fn of(user: &'a User, status: &'static str) -> Self {
        let [first_name, last_name] = user.names();
        Self {
            id: user.id,
            r#type: "user",
            username: &user.email,
            first_name,
            last_name,
            user_status: status,
            generation: user.generation,
            created_at: Iso(user.created_at),
            updated_at: Iso(user.updated_at),
            last_login: user.last_login.map(Iso),
            resource_uri: Uri("/identity/v1/users/", user.id),
        }
    }

    /// By the names of `filter::grammars::GLP_USERS`; `id` is the id as text.
    fn field<'f>(&'f self, id: &'f str, name: &str) -> Field<'f> {
        let maybe = |text: &'f Option<String>| text.as_deref().map_or(Field::Null, Field::Text);
        match name {
            "id" => Field::Word(id),
            "username" => Field::Text(self.username),
            "firstName" => maybe(&self.first_name),
            "lastName" => maybe(&self.last_name),
            "userStatus" => Field::Text(self.user_status),
            "createdAt" => Field::Instant(self.created_at.0),
            "updatedAt" => Field::Instant(self.updated_at.0),
            "lastLogin" => self.last_login.as_ref().map_or(Field::Null, |at| Field::Instant(at.0)),
            _ => Field::Null,
        }
    }
}
