//! What becomes of Central's scopes (`central.md §6.3`): sites, site collections and device groups made, changed,
//! deleted and put into one another, and profiles assigned to them.

use greenroom_model::{
    dialect::CentralDeleteAlias,
    refusal::Refusal,
    scope::Scope,
    scopes::Kind,
    world::{Session, World},
};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    json::Quoted,
    route::{Ask, Reply},
};

/// What a write answers: the ids of the scopes that it was about (`central.md §6.3`). No source says the code.
#[derive(Serialize)]
struct Done {
    items: Vec<Quoted>,
    code: &'static str,
    status: &'static str,
    message: &'static str,
}

fn done(ids: impl IntoIterator<Item = u64>) -> Done {
    let items = ids.into_iter().map(Quoted).collect();
    Done { items, code: "SUCC_001", status: "SUCCESS", message: "Success." }
}

fn ids(session: &Session, scopes: &[Scope]) -> Vec<u64> {
    scopes.iter().map(|scope| scope.id(session.workspace)).collect()
}

/// 200, and for the history what happened to which.
fn did(session: &Session, kind: Kind, scopes: &[Scope], what: &str) -> Reply {
    let ids = ids(session, scopes);
    told(Reply::ok(done(ids.iter().copied())), kind, &ids, what)
}

fn told(reply: Reply, kind: Kind, ids: &[u64], what: &str) -> Reply {
    ids.iter().fold(reply, |reply, id| reply.changed(format!("{} {id} {what}", kind.name())))
}

/// 202 as documented, or 200 as pycentral expects (dialect `central_delete_alias`).
fn gone(world: &World, session: &Session, kind: Kind, scopes: &[Scope], what: &str) -> Reply {
    let mut reply = did(session, kind, scopes, what);
    if world.dialect.central_delete_alias == CentralDeleteAlias::Off {
        reply.status = http::StatusCode::ACCEPTED;
    }
    reply
}

pub(super) fn create_site(
    world: &mut World,
    session: &Session,
    ask: &Ask,
    _: Timestamp,
) -> Result<Reply, Refusal> {
    let scope = world.create_site(session, &ask.members()?)?;
    Ok(did(session, Kind::Site, &[scope], "created"))
}

pub(super) fn update_site(
    world: &mut World,
    session: &Session,
    ask: &Ask,
    _: Timestamp,
) -> Result<Reply, Refusal> {
    let scope = world.update_site(session, &ask.members()?)?;
    Ok(did(session, Kind::Site, &[scope], "updated"))
}

pub(super) fn create_collection(
    world: &mut World,
    session: &Session,
    ask: &Ask,
    _: Timestamp,
) -> Result<Reply, Refusal> {
    let scope = world.create_named(session, Kind::Collection, &ask.members()?, false)?;
    Ok(did(session, Kind::Collection, &[scope], "created"))
}

pub(super) fn update_collection(
    world: &mut World,
    session: &Session,
    ask: &Ask,
    _: Timestamp,
) -> Result<Reply, Refusal> {
    let scope = world.update_named(session, Kind::Collection, &ask.members()?)?;
    Ok(did(session, Kind::Collection, &[scope], "updated"))
}

pub(super) fn create_group(
    world: &mut World,
    session: &Session,
    ask: &Ask,
    _: Timestamp,
) -> Result<Reply, Refusal> {
    let scope = world.create_named(session, Kind::Group, &ask.members()?, false)?;
    Ok(did(session, Kind::Group, &[scope], "created"))
}

pub(super) fn create_full_group(
    world: &mut World,
    session: &Session,
    ask: &Ask,
    _: Timestamp,
) -> Result<Reply, Refusal> {
    let scope = world.create_named(session, Kind::Group, &ask.members()?, true)?;
    Ok(did(session, Kind::Group, &[scope], "created with devices"))
}

pub(super) fn update_group(
    world: &mut World,
    session: &Session,
    ask: &Ask,
    _: Timestamp,
) -> Result<Reply, Refusal> {
    let scope = world.update_named(session, Kind::Group, &ask.members()?)?;
    Ok(did(session, Kind::Group, &[scope], "updated"))
}

pub(super) fn add_to_site(
    world: &mut World,
    session: &Session,
    ask: &Ask,
    _: Timestamp,
) -> Result<Reply, Refusal> {
    let scope = world.add_to_scope(session, Kind::Site, &ask.members()?)?;
    Ok(did(session, Kind::Site, &[scope], "given devices"))
}

pub(super) fn add_to_group(
    world: &mut World,
    session: &Session,
    ask: &Ask,
    _: Timestamp,
) -> Result<Reply, Refusal> {
    let scope = world.add_to_scope(session, Kind::Group, &ask.members()?)?;
    Ok(did(session, Kind::Group, &[scope], "given devices"))
}

pub(super) fn remove_from_group(
    world: &mut World,
    session: &Session,
    ask: &Ask,
    _: Timestamp,
) -> Result<Reply, Refusal> {
    let ids = world.take_out_of_groups(session, &ask.members()?)?;
    Ok(told(Reply::ok(done(ids.iter().copied())), Kind::Group, &ids, "relieved of devices"))
}

/// The ids that `items` of a body has as `id`, or `scopeIds` as they are.
fn listed(ask: &Ask, member: &'static str) -> Result<Vec<u64>, Refusal> {
    let refuse = |message: &str| Refusal::Body { member: member.to_owned(), message: message.to_owned() };
    let members = ask.members()?;
    let items = members.get(member).and_then(Value::as_array).ok_or_else(|| refuse("must be a list"))?;
    let id = |item: &Value| {
        let id = item.get("id").unwrap_or(item).as_str()?;
        id.parse().ok()
    };
    items.iter().map(|item| id(item).ok_or_else(|| refuse("must be a list of ids in digits"))).collect()
}

/// The ids in a query parameter, whichever of its spellings: several with commas between them, or one each time.
fn asked<'a>(ask: &Ask, names: [&'a str; 3]) -> Result<(&'a str, Vec<u64>), Refusal> {
    let given = names.into_iter().find(|name| ask.text(name).is_some()).unwrap_or(names[0]);
    let ids = ask.texts(given).flat_map(|text| text.split(',')).map(str::trim).filter(|id| !id.is_empty());
    let id = |id: &str| {
        let message = "must be ids in digits".to_owned();
        id.parse().map_err(|_| Refusal::Body { member: given.to_owned(), message })
    };
    Ok((given, ids.map(id).collect::<Result<_, _>>()?))
}

fn delete(
    world: &mut World,
    session: &Session,
    kind: Kind,
    (member, ids): (&str, Vec<u64>),
) -> Result<Reply, Refusal> {
    let scopes = world.scopes_of(session, kind, member, ids)?;
    world.delete_scopes(session, kind, &scopes)?;
    Ok(gone(world, session, kind, &scopes, "deleted"))
}

pub(super) fn delete_sites_listed(
    world: &mut World,
    session: &Session,
    ask: &Ask,
    _: Timestamp,
) -> Result<Reply, Refusal> {
    delete(world, session, Kind::Site, ("items", listed(ask, "items")?))
}

pub(super) fn delete_collections_listed(
    world: &mut World,
    session: &Session,
    ask: &Ask,
    _: Timestamp,
) -> Result<Reply, Refusal> {
    delete(world, session, Kind::Collection, ("items", listed(ask, "items")?))
}

pub(super) fn delete_groups_listed(
    world: &mut World,
    session: &Session,
    ask: &Ask,
    _: Timestamp,
) -> Result<Reply, Refusal> {
    delete(world, session, Kind::Group, ("items", listed(ask, "items")?))
}

pub(super) fn delete_groups_named(
    world: &mut World,
    session: &Session,
    ask: &Ask,
    _: Timestamp,
) -> Result<Reply, Refusal> {
    delete(world, session, Kind::Group, ("scopeIds", listed(ask, "scopeIds")?))
}

const SCOPE_ID: [&str; 3] = ["scope-id", "scopeId", "scope-ids"];

pub(super) fn delete_sites_asked(
    world: &mut World,
    session: &Session,
    ask: &Ask,
    _: Timestamp,
) -> Result<Reply, Refusal> {
    delete(world, session, Kind::Site, asked(ask, SCOPE_ID)?)
}

pub(super) fn delete_collections_asked(
    world: &mut World,
    session: &Session,
    ask: &Ask,
    _: Timestamp,
) -> Result<Reply, Refusal> {
    delete(world, session, Kind::Collection, asked(ask, SCOPE_ID)?)
}

pub(super) fn add_sites(
    world: &mut World,
    session: &Session,
    ask: &Ask,
    _: Timestamp,
) -> Result<Reply, Refusal> {
    let sites = world.add_sites(session, &ask.members()?)?;
    Ok(did(session, Kind::Site, &sites, "put into a site collection"))
}

pub(super) fn remove_sites(
    world: &mut World,
    session: &Session,
    ask: &Ask,
    _: Timestamp,
) -> Result<Reply, Refusal> {
    let (member, ids) = asked(ask, ["site-id", "site-ids", "siteIds"])?;
    let sites = world.scopes_of(session, Kind::Site, member, ids)?;
    world.collect(session, &sites, None);
    Ok(gone(world, session, Kind::Site, &sites, "taken out of its site collection"))
}

/// How writes of the configuration succeed (`central.md §4.3`).
fn success(world: &World) -> Reply {
    let debug = world.seed.uuid("debug", "config", world.audit_log().written());
    let debug = debug.simple().to_string();
    Reply::ok(json!({
        "httpStatusCode": 200, "errorCode": "SUCC_001", "message": "Success.", "debugId": debug,
    }))
}

pub(super) fn assign(
    world: &mut World,
    session: &Session,
    ask: &Ask,
    _: Timestamp,
) -> Result<Reply, Refusal> {
    let more = world.assign_profiles(session, &ask.members()?)?;
    let reply = success(world);
    Ok(if more > 0 { reply.changed(format!("{more} profiles assigned")) } else { reply })
}

pub(super) fn take(world: &mut World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let fewer = world.take_profiles(session, &ask.members()?)?;
    Ok(success(world).changed(format!("{fewer} profiles taken away")))
}
