//! Central's scopes (`central.md §6`): which routes there are. Each exists as v1 and as the deprecated v1alpha1, which
//! pycentral calls.

use greenroom_model::role::Permission;
use http::{HeaderName, Method};

use super::{
    route,
    scope_changes::{
        add_sites, add_to_group, add_to_site, assign, create_collection, create_full_group, create_group,
        create_site, delete_collections_asked, delete_collections_listed, delete_groups_listed,
        delete_groups_named, delete_sites_asked, delete_sites_listed, remove_from_group, remove_sites, take,
        update_collection, update_group, update_site,
    },
    scope_lists::{collections, global, groups, hierarchy, maps, sites},
};
use crate::route::{
    Api, Confidence,
    Operation::{self, Read, Write},
    Reply, Route,
};

/// Name, method, path, names of the query, what it does, what of the original it leaves out, and what it does where
/// no source says what HPE does.
type Row =
    (&'static str, Method, &'static str, &'static [&'static str], Operation, &'static str, &'static str);

/// Says of an answer that the operation will be gone (`central.md §4.4`).
fn aged(reply: Reply) -> Reply {
    let mut reply = reply;
    let header = |name, value: &str| (HeaderName::from_static(name), value.to_owned());
    reply.headers.push(header("deprecation", "true"));
    reply.headers.push(header("sunset", "Tue, 30 Jun 2026 23:59:59 GMT"));
    reply
}

/// The same operation, of which each answer says that it is deprecated.
macro_rules! aged {
    ($operation:expr) => {
        |world, session, ask, now| $operation(world, session, ask, now).map(aged)
    };
}

macro_rules! v1 {
    ($path:literal) => {
        concat!("/network-config/v1/", $path)
    };
}

macro_rules! v1alpha1 {
    ($path:literal) => {
        concat!("/network-config/v1alpha1/", $path)
    };
}

const V1: &[&str] = &["filter", "limit", "offset", "sort"];
const ALPHA: &[&str] = &["filter", "limit", "offset", "search", "sort"];
const NONE: &[&str] = &[];

const WHOLE: &str = "";
const LISTS: &str = "images of sites";
const TREE: &str = "the device group of a device: it is shown below its site";
const STACKS: &str = "stack ids";

const NOTHING: &str = "";
/// HPE's scope-management.json says of `code` only that it is the return code.
const CODE: &str =
    "the `code` of the answer, which is that of other writes of the configuration (central.md §4.3)";
const NAME: &str = "400 for a name that another scope of the kind has, as HPE's scope-management.json lists no 409; the \
                    `code` of the answer, which is that of other writes of the configuration (central.md §4.3)";
/// `central.md` appendix A9 counts none, and is nothing that was seen.
const CHILDREN: &str = "devices count in `childCount`: HPE's scope-management.json has \"number of child of this scope\", and a \
                        device is a scope";

/// What HPE's scope-management.json has.
#[rustfmt::skip]
const DOCUMENTED: &[Row] = &[
    ("central.sites.list", Method::GET, v1!("sites"), V1, Read(sites), LISTS, NOTHING),
    ("central.sites.list-v1alpha1", Method::GET, v1alpha1!("sites"), ALPHA, Read(aged!(sites)), LISTS, NOTHING),
    ("central.site-collections.list", Method::GET, v1!("site-collections"), V1, Read(collections), WHOLE, NOTHING),
    ("central.site-collections.list-v1alpha1", Method::GET, v1alpha1!("site-collections"), ALPHA, Read(aged!(collections)), WHOLE, NOTHING),
    ("central.device-groups.list", Method::GET, v1!("device-groups"), V1, Read(groups), WHOLE, NOTHING),
    ("central.device-groups.list-v1alpha1", Method::GET, v1alpha1!("device-groups"), ALPHA, Read(aged!(groups)), WHOLE, NOTHING),
    // HPE says of the device collections in words only that they are deprecated.
    ("central.device-collections.list", Method::GET, v1alpha1!("device-collections"), ALPHA, Read(groups), WHOLE, NOTHING),
    ("central.hierarchy", Method::GET, v1!("hierarchy"), &["id", "type"], Read(hierarchy), TREE, CHILDREN),
    ("central.hierarchy-v1alpha1", Method::GET, v1alpha1!("hierarchy"), &["scope-id", "scope-type"], Read(aged!(hierarchy)), TREE, CHILDREN),
    ("central.global", Method::GET, v1!("global"), NONE, Read(global), WHOLE, NOTHING),
    ("central.sites.create", Method::POST, v1!("sites"), NONE, Write(create_site), LISTS, NAME),
    ("central.sites.create-v1alpha1", Method::POST, v1alpha1!("sites"), NONE, Write(aged!(create_site)), LISTS, NAME),
    ("central.sites.update", Method::PUT, v1!("sites"), NONE, Write(update_site), LISTS, NAME),
    ("central.sites.update-v1alpha1", Method::PUT, v1alpha1!("sites"), NONE, Write(aged!(update_site)), LISTS, NAME),
    ("central.sites.delete-bulk", Method::DELETE, v1!("sites/bulk"), NONE, Write(delete_sites_listed), WHOLE, CODE),
    ("central.sites.delete-bulk-v1alpha1", Method::DELETE, v1alpha1!("sites/bulk"), NONE, Write(aged!(delete_sites_listed)), WHOLE, CODE),
    ("central.sites.delete-v1alpha1", Method::DELETE, v1alpha1!("sites"), &["scope-id"], Write(aged!(delete_sites_asked)), WHOLE, CODE),
    ("central.sites.add-devices", Method::POST, v1!("site-add-devices"), NONE, Write(add_to_site), STACKS, CODE),
    ("central.sites.add-devices-v1alpha1", Method::POST, v1alpha1!("site-add-devices"), NONE, Write(aged!(add_to_site)), STACKS, CODE),
    ("central.site-collections.create", Method::POST, v1!("site-collections"), NONE, Write(create_collection), WHOLE, NAME),
    ("central.site-collections.create-v1alpha1", Method::POST, v1alpha1!("site-collections"), NONE, Write(aged!(create_collection)), WHOLE, NAME),
    ("central.site-collections.update", Method::PUT, v1!("site-collections"), NONE, Write(update_collection), WHOLE, NAME),
    ("central.site-collections.update-v1alpha1", Method::PUT, v1alpha1!("site-collections"), NONE, Write(aged!(update_collection)), WHOLE, NAME),
    ("central.site-collections.delete-bulk", Method::DELETE, v1!("site-collections/bulk"), NONE, Write(delete_collections_listed), WHOLE, CODE),
    ("central.site-collections.delete-bulk-v1alpha1", Method::DELETE, v1alpha1!("site-collections/bulk"), NONE, Write(aged!(delete_collections_listed)), WHOLE, CODE),
    ("central.site-collections.delete-v1alpha1", Method::DELETE, v1alpha1!("site-collections"), &["scope-id"], Write(aged!(delete_collections_asked)), WHOLE, CODE),
    ("central.site-collections.add-sites", Method::POST, v1!("site-collection-add-sites"), NONE, Write(add_sites), WHOLE, CODE),
    // Deprecated, too, but without the headers; nor have they those below that put devices into groups.
    ("central.site-collections.add-sites-v1alpha1", Method::POST, v1alpha1!("site-collection-add-sites"), NONE, Write(add_sites), WHOLE, CODE),
    ("central.site-collections.remove-sites", Method::DELETE, v1!("site-collection-remove-sites"), &["site-id"], Write(remove_sites), WHOLE, CODE),
    ("central.site-collections.remove-sites-v1alpha1", Method::DELETE, v1alpha1!("site-collection-remove-sites"), &["site-ids"], Write(aged!(remove_sites)), WHOLE, CODE),
    ("central.device-groups.create", Method::POST, v1!("device-groups"), NONE, Write(create_group), WHOLE, NAME),
    ("central.device-groups.create-v1alpha1", Method::POST, v1alpha1!("device-groups"), NONE, Write(aged!(create_group)), WHOLE, NAME),
    ("central.device-collections.create", Method::POST, v1alpha1!("device-collections"), NONE, Write(create_group), WHOLE, NAME),
    ("central.device-groups.update", Method::PUT, v1!("device-groups"), NONE, Write(update_group), WHOLE, NAME),
    ("central.device-groups.update-v1alpha1", Method::PUT, v1alpha1!("device-groups"), NONE, Write(aged!(update_group)), WHOLE, NAME),
    ("central.device-collections.update", Method::PUT, v1alpha1!("device-collections"), NONE, Write(update_group), WHOLE, NAME),
    ("central.device-groups.delete-bulk", Method::DELETE, v1!("device-groups/bulk"), NONE, Write(delete_groups_listed), WHOLE, CODE),
    ("central.device-groups.delete-bulk-v1alpha1", Method::DELETE, v1alpha1!("device-groups/bulk"), NONE, Write(aged!(delete_groups_listed)), WHOLE, CODE),
    ("central.device-collections.delete-bulk", Method::DELETE, v1alpha1!("device-collections/bulk"), NONE, Write(delete_groups_listed), WHOLE, CODE),
    ("central.device-collections.delete", Method::DELETE, v1alpha1!("device-collections"), NONE, Write(delete_groups_named), WHOLE, CODE),
    ("central.device-groups.add-devices", Method::POST, v1!("device-groups-add-devices"), NONE, Write(add_to_group), STACKS, CODE),
    ("central.device-groups.add-devices-v1alpha1", Method::POST, v1alpha1!("device-groups-add-devices"), NONE, Write(add_to_group), STACKS, CODE),
    ("central.device-collections.add-devices", Method::POST, v1alpha1!("device-collection-add-devices"), NONE, Write(add_to_group), STACKS, CODE),
    ("central.device-groups.create-with-devices", Method::POST, v1!("device-groups-create-and-add-devices"), NONE, Write(create_full_group), STACKS, NAME),
    ("central.device-groups.create-with-devices-v1alpha1", Method::POST, v1alpha1!("device-groups-create-and-add-devices"), NONE, Write(create_full_group), STACKS, NAME),
    ("central.device-collections.create-with-devices", Method::POST, v1alpha1!("device-collection-create-and-add-devices"), NONE, Write(create_full_group), STACKS, NAME),
    ("central.device-groups.remove-devices", Method::POST, v1!("device-groups-remove-devices"), NONE, Write(remove_from_group), STACKS, CODE),
    ("central.device-groups.remove-devices-v1alpha1", Method::POST, v1alpha1!("device-groups-remove-devices"), NONE, Write(remove_from_group), STACKS, CODE),
    ("central.device-collections.remove-devices", Method::POST, v1alpha1!("device-collection-remove-devices"), NONE, Write(remove_from_group), STACKS, CODE),
];

/// No file of HPE's has them: they are what pycentral calls.
#[rustfmt::skip]
const PROFILES: &[Row] = &[
    ("central.scope-maps.list", Method::GET, v1alpha1!("scope-maps"), NONE, Read(maps), MAPS, NOTHING),
    ("central.scope-maps.create", Method::POST, v1alpha1!("scope-maps"), NONE, Write(assign), MAPS, ASSIGNED),
    ("central.scope-maps.delete", Method::DELETE, v1alpha1!("scope-maps"), NONE, Write(take), MAPS, PERSONA),
];

const MAPS: &str = "profiles as such: their names are not checked";
const PERSONA: &str = "400 for a persona that pycentral would not send (its VALID_PERSONAS)";
const ASSIGNED: &str = "400 for a persona that pycentral would not send (its VALID_PERSONAS); 200 for a profile that is assigned \
                        already, which changes nothing";

/// Their routes.
pub(super) fn routes() -> Vec<Route> {
    let documented = ("central.md §6.2, §6.3", Confidence::Documented);
    let called = ("central.md §6.2", Confidence::Client);
    let tables = [(DOCUMENTED, documented), (PROFILES, called)];
    let registered =
        |(rows, evidence): (&'static [Row], _)| rows.iter().map(move |row| registration(row, evidence));
    tables.into_iter().flat_map(registered).collect()
}

fn registration(row: &Row, evidence: (&'static str, Confidence)) -> Route {
    let (name, method, path, query, operation, lacks, chosen) = row;
    let permission = match *method {
        Method::GET => Permission::View,
        Method::DELETE => Permission::Delete,
        _ => Permission::Edit,
    };
    route((name, method.clone(), path), (Api::CentralConfig, permission), query, evidence, *operation)
        .without(lacks)
        .choosing(chosen)
}
