//! Central's scopes (`central.md §6`): the routes, and what they make, change and delete. Each exists as v1 and as
//! the deprecated v1alpha1, which pycentral calls.

use greenroom_model::{
    dialect::CentralDeleteAlias,
    refusal::Refusal,
    role::Permission,
    scope::Scope,
    scopes::Kind,
    world::{Session, World},
};
use http::{HeaderName, Method};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    route,
    scope_lists::{collections, global, groups, hierarchy, maps, sites},
};
use crate::{
    json::Quoted,
    route::{Api, Ask, Change, Confidence, Look, Operation, Reply, Route},
};

/// Says of an answer that the operation will be gone (`central.md §4.4`).
fn aged(reply: Reply) -> Reply {
    let mut reply = reply;
    let header = |name, value: &str| (HeaderName::from_static(name), value.to_owned());
    reply.headers.push(header("deprecation", "true"));
    reply.headers.push(header("sunset", "Tue, 30 Jun 2026 23:59:59 GMT"));
    reply
}

/// The same operation, deprecated.
macro_rules! aged {
    ($operation:expr) => {
        |world, session, ask, now| $operation(world, session, ask, now).map(aged)
    };
}

const DOCUMENTED: (&str, Confidence) = ("central.md §6.2, §6.3", Confidence::Documented);

/// What the lists do not show.
const LISTS: &str = "images of sites";
const TREE: &str = "the device group of a device: it is shown below its site";
const MAPS: &str = "profiles as such: their names are not checked, and assigning one again changes nothing";

/// Their routes.
pub(super) fn routes() -> Vec<Route> {
    [reading(), sites_and_collections(), device_groups(), profiles()].into_iter().flatten().collect()
}

fn read(name: &'static str, path: &'static str, query: &'static [&'static str], look: Look) -> Route {
    let api = (Api::CentralConfig, Permission::View);
    route((name, Method::GET, path), api, query, DOCUMENTED, Operation::Read(look))
}

fn write(name: &'static str, method: Method, path: &'static str, change: Change) -> Route {
    let permission = if method == Method::DELETE { Permission::Delete } else { Permission::Edit };
    let api = (Api::CentralConfig, permission);
    route((name, method, path), api, &[], DOCUMENTED, Operation::Write(change))
}

fn reading() -> Vec<Route> {
    const V1: &[&str] = &["filter", "limit", "offset", "sort"];
    const ALPHA: &[&str] = &["filter", "limit", "offset", "search", "sort"];
    vec![
        read("central.sites.list", "/network-config/v1/sites", V1, sites).without(LISTS),
        read("central.sites.list-v1alpha1", "/network-config/v1alpha1/sites", ALPHA, aged!(sites))
            .without(LISTS),
        read("central.site-collections.list", "/network-config/v1/site-collections", V1, collections).whole(),
        read(
            "central.site-collections.list-v1alpha1",
            "/network-config/v1alpha1/site-collections",
            ALPHA,
            aged!(collections),
        )
        .whole(),
        read("central.device-groups.list", "/network-config/v1/device-groups", V1, groups).whole(),
        read(
            "central.device-groups.list-v1alpha1",
            "/network-config/v1alpha1/device-groups",
            ALPHA,
            aged!(groups),
        )
        .whole(),
        // Its deprecation is in words only.
        read("central.device-collections.list", "/network-config/v1alpha1/device-collections", ALPHA, groups)
            .whole(),
        read("central.hierarchy", "/network-config/v1/hierarchy", &["id", "type"], hierarchy).without(TREE),
        read(
            "central.hierarchy-v1alpha1",
            "/network-config/v1alpha1/hierarchy",
            &["scope-id", "scope-type"],
            aged!(hierarchy),
        )
        .without(TREE),
        read("central.global", "/network-config/v1/global", &[], global).whole(),
    ]
}

fn sites_and_collections() -> Vec<Route> {
    let (post, put, delete) = (|| Method::POST, || Method::PUT, || Method::DELETE);
    vec![
        write("central.sites.create", post(), "/network-config/v1/sites", create_site).without(LISTS),
        write("central.sites.create-v1alpha1", post(), "/network-config/v1alpha1/sites", aged!(create_site))
            .without(LISTS),
        write("central.sites.update", put(), "/network-config/v1/sites", update_site).without(LISTS),
        write("central.sites.update-v1alpha1", put(), "/network-config/v1alpha1/sites", aged!(update_site))
            .without(LISTS),
        write("central.sites.delete-bulk", delete(), "/network-config/v1/sites/bulk", delete_sites_listed)
            .whole(),
        write(
            "central.sites.delete-bulk-v1alpha1",
            delete(),
            "/network-config/v1alpha1/sites/bulk",
            aged!(delete_sites_listed),
        )
        .whole(),
        write(
            "central.sites.delete-v1alpha1",
            delete(),
            "/network-config/v1alpha1/sites",
            aged!(delete_sites_asked),
        )
        .asking(&["scope-id"])
        .whole(),
        write("central.sites.add-devices", post(), "/network-config/v1/site-add-devices", add_to_site)
            .without("stack ids"),
        write(
            "central.sites.add-devices-v1alpha1",
            post(),
            "/network-config/v1alpha1/site-add-devices",
            aged!(add_to_site),
        )
        .without("stack ids"),
        write(
            "central.site-collections.create",
            post(),
            "/network-config/v1/site-collections",
            create_collection,
        )
        .whole(),
        write(
            "central.site-collections.create-v1alpha1",
            post(),
            "/network-config/v1alpha1/site-collections",
            aged!(create_collection),
        )
        .whole(),
        write(
            "central.site-collections.update",
            put(),
            "/network-config/v1/site-collections",
            update_collection,
        )
        .whole(),
        write(
            "central.site-collections.update-v1alpha1",
            put(),
            "/network-config/v1alpha1/site-collections",
            aged!(update_collection),
        )
        .whole(),
        write(
            "central.site-collections.delete-bulk",
            delete(),
            "/network-config/v1/site-collections/bulk",
            delete_collections_listed,
        )
        .whole(),
        write(
            "central.site-collections.delete-bulk-v1alpha1",
            delete(),
            "/network-config/v1alpha1/site-collections/bulk",
            aged!(delete_collections_listed),
        )
        .whole(),
        write(
            "central.site-collections.delete-v1alpha1",
            delete(),
            "/network-config/v1alpha1/site-collections",
            aged!(delete_collections_asked),
        )
        .asking(&["scope-id"])
        .whole(),
        write(
            "central.site-collections.add-sites",
            post(),
            "/network-config/v1/site-collection-add-sites",
            add_sites,
        )
        .whole(),
        // No deprecation headers are documented for it.
        write(
            "central.site-collections.add-sites-v1alpha1",
            post(),
            "/network-config/v1alpha1/site-collection-add-sites",
            add_sites,
        )
        .whole(),
        write(
            "central.site-collections.remove-sites",
            delete(),
            "/network-config/v1/site-collection-remove-sites",
            remove_sites,
        )
        .asking(&["site-id"])
        .whole(),
        write(
            "central.site-collections.remove-sites-v1alpha1",
            delete(),
            "/network-config/v1alpha1/site-collection-remove-sites",
            aged!(remove_sites),
        )
        .asking(&["site-ids"])
        .whole(),
    ]
}

/// Of the deprecated ones, these have the headers of it that change groups themselves by the name of device-groups.
fn device_groups() -> Vec<Route> {
    let (post, put, delete) = (|| Method::POST, || Method::PUT, || Method::DELETE);
    let stackless = |route: Route| route.without("stack ids");
    let mut routes = vec![
        write("central.device-groups.create", post(), "/network-config/v1/device-groups", create_group),
        write(
            "central.device-groups.create-v1alpha1",
            post(),
            "/network-config/v1alpha1/device-groups",
            aged!(create_group),
        ),
        write(
            "central.device-collections.create",
            post(),
            "/network-config/v1alpha1/device-collections",
            create_group,
        ),
        write("central.device-groups.update", put(), "/network-config/v1/device-groups", update_group),
        write(
            "central.device-groups.update-v1alpha1",
            put(),
            "/network-config/v1alpha1/device-groups",
            aged!(update_group),
        ),
        write(
            "central.device-collections.update",
            put(),
            "/network-config/v1alpha1/device-collections",
            update_group,
        ),
        write(
            "central.device-groups.delete-bulk",
            delete(),
            "/network-config/v1/device-groups/bulk",
            delete_groups_listed,
        ),
        write(
            "central.device-groups.delete-bulk-v1alpha1",
            delete(),
            "/network-config/v1alpha1/device-groups/bulk",
            aged!(delete_groups_listed),
        ),
        write(
            "central.device-collections.delete-bulk",
            delete(),
            "/network-config/v1alpha1/device-collections/bulk",
            delete_groups_listed,
        ),
        write(
            "central.device-collections.delete",
            delete(),
            "/network-config/v1alpha1/device-collections",
            delete_groups_named,
        ),
    ]
    .into_iter()
    .map(Route::whole)
    .collect::<Vec<_>>();
    routes.extend([
        stackless(write(
            "central.device-groups.add-devices",
            post(),
            "/network-config/v1/device-groups-add-devices",
            add_to_group,
        )),
        stackless(write(
            "central.device-groups.add-devices-v1alpha1",
            post(),
            "/network-config/v1alpha1/device-groups-add-devices",
            add_to_group,
        )),
        stackless(write(
            "central.device-collections.add-devices",
            post(),
            "/network-config/v1alpha1/device-collection-add-devices",
            add_to_group,
        )),
        stackless(write(
            "central.device-groups.create-with-devices",
            post(),
            "/network-config/v1/device-groups-create-and-add-devices",
            create_full_group,
        )),
        stackless(write(
            "central.device-groups.create-with-devices-v1alpha1",
            post(),
            "/network-config/v1alpha1/device-groups-create-and-add-devices",
            create_full_group,
        )),
        stackless(write(
            "central.device-collections.create-with-devices",
            post(),
            "/network-config/v1alpha1/device-collection-create-and-add-devices",
            create_full_group,
        )),
        stackless(write(
            "central.device-groups.remove-devices",
            post(),
            "/network-config/v1/device-groups-remove-devices",
            remove_from_group,
        )),
        stackless(write(
            "central.device-groups.remove-devices-v1alpha1",
            post(),
            "/network-config/v1alpha1/device-groups-remove-devices",
            remove_from_group,
        )),
        stackless(write(
            "central.device-collections.remove-devices",
            post(),
            "/network-config/v1alpha1/device-collection-remove-devices",
            remove_from_group,
        )),
    ]);
    routes
}

/// No file of HPE's has them: they are what pycentral calls.
fn profiles() -> Vec<Route> {
    const PATH: &str = "/network-config/v1alpha1/scope-maps";
    let routes = [
        read("central.scope-maps.list", PATH, &[], maps),
        write("central.scope-maps.create", Method::POST, PATH, assign),
        write("central.scope-maps.delete", Method::DELETE, PATH, take),
    ];
    routes
        .into_iter()
        .map(|route| {
            Route { confidence: Confidence::Client, source: "central.md §6.2", ..route }.without(MAPS)
        })
        .collect()
}

impl Route {
    /// The same with names of query parameters.
    fn asking(self, query: &'static [&'static str]) -> Self {
        Self { query, ..self }
    }
}

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

fn create_site(world: &mut World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let scope = world.create_site(session, &ask.members()?)?;
    Ok(did(session, Kind::Site, &[scope], "created"))
}

fn update_site(world: &mut World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let scope = world.update_site(session, &ask.members()?)?;
    Ok(did(session, Kind::Site, &[scope], "updated"))
}

fn create_collection(
    world: &mut World,
    session: &Session,
    ask: &Ask,
    _: Timestamp,
) -> Result<Reply, Refusal> {
    let scope = world.create_named(session, Kind::Collection, &ask.members()?, false)?;
    Ok(did(session, Kind::Collection, &[scope], "created"))
}

fn update_collection(
    world: &mut World,
    session: &Session,
    ask: &Ask,
    _: Timestamp,
) -> Result<Reply, Refusal> {
    let scope = world.update_named(session, Kind::Collection, &ask.members()?)?;
    Ok(did(session, Kind::Collection, &[scope], "updated"))
}

fn create_group(world: &mut World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let scope = world.create_named(session, Kind::Group, &ask.members()?, false)?;
    Ok(did(session, Kind::Group, &[scope], "created"))
}

fn create_full_group(
    world: &mut World,
    session: &Session,
    ask: &Ask,
    _: Timestamp,
) -> Result<Reply, Refusal> {
    let scope = world.create_named(session, Kind::Group, &ask.members()?, true)?;
    Ok(did(session, Kind::Group, &[scope], "created with devices"))
}

fn update_group(world: &mut World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let scope = world.update_named(session, Kind::Group, &ask.members()?)?;
    Ok(did(session, Kind::Group, &[scope], "updated"))
}

fn add_to_site(world: &mut World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let scope = world.add_to_scope(session, Kind::Site, &ask.members()?)?;
    Ok(did(session, Kind::Site, &[scope], "given devices"))
}

fn add_to_group(world: &mut World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let scope = world.add_to_scope(session, Kind::Group, &ask.members()?)?;
    Ok(did(session, Kind::Group, &[scope], "given devices"))
}

fn remove_from_group(
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

fn delete_sites_listed(
    world: &mut World,
    session: &Session,
    ask: &Ask,
    _: Timestamp,
) -> Result<Reply, Refusal> {
    delete(world, session, Kind::Site, ("items", listed(ask, "items")?))
}

fn delete_collections_listed(
    world: &mut World,
    session: &Session,
    ask: &Ask,
    _: Timestamp,
) -> Result<Reply, Refusal> {
    delete(world, session, Kind::Collection, ("items", listed(ask, "items")?))
}

fn delete_groups_listed(
    world: &mut World,
    session: &Session,
    ask: &Ask,
    _: Timestamp,
) -> Result<Reply, Refusal> {
    delete(world, session, Kind::Group, ("items", listed(ask, "items")?))
}

fn delete_groups_named(
    world: &mut World,
    session: &Session,
    ask: &Ask,
    _: Timestamp,
) -> Result<Reply, Refusal> {
    delete(world, session, Kind::Group, ("scopeIds", listed(ask, "scopeIds")?))
}

const SCOPE_ID: [&str; 3] = ["scope-id", "scopeId", "scope-ids"];

fn delete_sites_asked(
    world: &mut World,
    session: &Session,
    ask: &Ask,
    _: Timestamp,
) -> Result<Reply, Refusal> {
    delete(world, session, Kind::Site, asked(ask, SCOPE_ID)?)
}

fn delete_collections_asked(
    world: &mut World,
    session: &Session,
    ask: &Ask,
    _: Timestamp,
) -> Result<Reply, Refusal> {
    delete(world, session, Kind::Collection, asked(ask, SCOPE_ID)?)
}

fn add_sites(world: &mut World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let sites = world.add_sites(session, &ask.members()?)?;
    Ok(did(session, Kind::Site, &sites, "put into a site collection"))
}

fn remove_sites(world: &mut World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
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

fn assign(world: &mut World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let more = world.assign_profiles(session, &ask.members()?)?;
    let reply = success(world);
    Ok(if more > 0 { reply.changed(format!("{more} profiles assigned")) } else { reply })
}

fn take(world: &mut World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let fewer = world.take_profiles(session, &ask.members()?)?;
    Ok(success(world).changed(format!("{fewer} profiles taken away")))
}
