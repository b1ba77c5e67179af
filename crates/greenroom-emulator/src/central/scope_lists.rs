//! What there is of Central's scopes: the lists of sites, site collections and device groups, the hierarchy, the
//! global scope and the assigned profiles (`central.md §6.2`).

use std::collections::HashMap;

use greenroom_model::{
    dialect::{CentralAbsent, LimitOverMax, PagePastEnd},
    filter::{Field, Filter, Grammar, grammars},
    fleet::Tree,
    refusal::Refusal,
    scope::{Scope, SiteRow},
    sort::{self, SortKey},
    world::{Session, World},
};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use smol_str::SmolStr;

use super::{cut, read_filter, read_sort};
use crate::{
    json::{self, Member, Quoted},
    route::{Ask, NumberFault, Reply},
    table::Row,
};

/// The most rows of a page, and how many it has if nothing is said.
const MOST: usize = 100;

/// What was asked of a list.
struct Query {
    limit: usize,
    offset: usize,
    filter: Option<Filter>,
    sort: Vec<SortKey>,
    /// What some text of a row must contain, in lower case.
    search: Option<String>,
    past_end: PagePastEnd,
    absent: CentralAbsent,
}

impl Query {
    fn read(world: &World, ask: &Ask, (grammar, known): (Grammar, &[&str])) -> Result<Self, Refusal> {
        let refuse = |name, message: String| Refusal::Query { name, message };
        let most = i32::MAX.unsigned_abs() as usize;
        let offset = ask
            .number("offset", 0..=most)
            .map_err(|_| refuse("offset", "must be a whole number from 0 on".to_owned()))?;
        let limit = match ask.number("limit", 1..=MOST) {
            Ok(limit) => limit.unwrap_or(MOST),
            Err(NumberFault::TooLarge) if world.dialect.limit_over_max == LimitOverMax::Clamp => MOST,
            Err(_) => return Err(refuse("limit", format!("must be a whole number from 1 to {MOST}"))),
        };
        Ok(Self {
            // It counts only beside an offset (`central.md §6.2`).
            limit: if offset.is_some() { limit } else { MOST },
            offset: offset.unwrap_or(0),
            filter: read_filter(world, ask, grammar)?,
            sort: read_sort(ask, known)?,
            search: ask.text("search").map(str::to_lowercase),
            past_end: world.dialect.page_past_end,
            absent: world.dialect.central_absent,
        })
    }

    /// The page as JSON: `offset` is where the next one begins, or null.
    fn page<R: Row + Shown>(&self, code: &str, rows: Vec<R>) -> Result<String, Refusal> {
        let passes = |row: &R| {
            let found = |search: &String| row.texts().any(|text| text.to_lowercase().contains(search));
            self.search.as_ref().is_none_or(found)
                && self.filter.as_ref().is_none_or(|filter| filter.matches(&|name| row.field(name)))
        };
        let rows: Vec<_> = rows.into_iter().filter(passes).collect();
        let total = rows.len();
        let cut = cut(self.past_end, total, self.offset, self.limit)?;
        let next = (cut.end < total).then_some(Quoted(cut.end as u64));
        let value = |row: usize, name: &str| rows[row].value(name);
        let shown = sort::page(total, &self.sort, cut, value);
        let items: Vec<_> = shown.iter().map(|row| rows[*row].item(self.absent)).collect();
        Ok(json::text(&Page { count: items.len(), items, total, offset: next, response: response(code) }))
    }
}

/// A list, and what was found.
#[derive(Serialize)]
struct Page<'a, T> {
    items: Vec<T>,
    count: usize,
    total: usize,
    offset: Option<Quoted>,
    response: Response<'a>,
}

#[derive(Serialize)]
struct Response<'a> {
    code: &'a str,
    status: &'static str,
    message: &'static str,
}

fn response(code: &str) -> Response<'_> {
    Response { code, status: "SUCCESS", message: "success." }
}

/// A row that is listed.
trait Shown {
    type Item<'a>: Serialize
    where
        Self: 'a;

    /// What a sort compares.
    fn value(&self, name: &str) -> sort::Value;

    /// What a search looks through.
    fn texts(&self) -> impl Iterator<Item = &str>;

    fn item(&self, absent: CentralAbsent) -> Self::Item<'_>;
}

/// A site with what is counted.
struct SiteOf {
    id: u64,
    site: SiteRow,
    collection: Option<(u64, SmolStr)>,
    devices: u32,
}

impl Row for SiteOf {
    fn field(&self, name: &str) -> Field<'_> {
        match name {
            "scopeName" => Field::Text(&self.site.name),
            "address" => Field::Text(&self.site.address),
            "city" => Field::Text(&self.site.city),
            "state" => Field::Text(&self.site.state),
            "country" => Field::Text(&self.site.country),
            "zipcode" => Field::Text(&self.site.zipcode),
            "timezone" => Field::Text(&self.site.timezone.id),
            "collectionName" => self.collection.as_ref().map_or(Field::Null, |(_, name)| Field::Text(name)),
            _ => Field::Null,
        }
    }
}

/// `central.md §6.2`: no other member, or pycentral gives up.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SiteItem<'a> {
    id: Quoted,
    r#type: &'static str,
    scope_id: Quoted,
    scope_name: &'a str,
    address: &'a str,
    city: &'a str,
    state: &'a str,
    country: &'a str,
    zipcode: &'a str,
    #[serde(skip_serializing_if = "Member::is_omitted")]
    latitude: Member<&'a str>,
    #[serde(skip_serializing_if = "Member::is_omitted")]
    longitude: Member<&'a str>,
    #[serde(skip_serializing_if = "Member::is_omitted")]
    collection_id: Member<Quoted>,
    #[serde(skip_serializing_if = "Member::is_omitted")]
    collection_name: Member<&'a str>,
    device_count: Quoted,
    timezone: TimezoneItem<'a>,
    #[serde(skip_serializing_if = "Member::is_omitted")]
    image: Member<()>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TimezoneItem<'a> {
    raw_offset: i32,
    timezone_id: &'a str,
    timezone_name: &'a str,
}

impl Shown for SiteOf {
    type Item<'a> = SiteItem<'a>;

    fn value(&self, name: &str) -> sort::Value {
        let degrees = |nth: usize| match &self.site.place {
            // A millionth of a degree is about a step on the ground.
            Some(place) => sort::Value::Number((place[nth].parse::<f64>().unwrap_or_default() * 1e6) as i64),
            None => sort::Value::Null,
        };
        match name {
            "deviceCount" => sort::Value::Number(self.devices.into()),
            "latitude" => degrees(0),
            "longitude" => degrees(1),
            _ => self.field(name).into(),
        }
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        let SiteRow { name, address, city, state, country, zipcode, .. } = &self.site;
        [name, address, city, state, country, zipcode].into_iter().map(SmolStr::as_str)
    }

    fn item(&self, absent: CentralAbsent) -> SiteItem<'_> {
        let site = &self.site;
        let degrees = |nth: usize| Member::of(site.place.as_ref().map(|place| place[nth].as_str()), absent);
        let collection = self.collection.as_ref();
        SiteItem {
            id: Quoted(self.id),
            r#type: "network-config/site",
            scope_id: Quoted(self.id),
            scope_name: &site.name,
            address: &site.address,
            city: &site.city,
            state: &site.state,
            country: &site.country,
            zipcode: &site.zipcode,
            latitude: degrees(0),
            longitude: degrees(1),
            collection_id: Member::of(collection.map(|(id, _)| Quoted(*id)), absent),
            collection_name: Member::of(collection.map(|(_, name)| name.as_str()), absent),
            device_count: Quoted(self.devices.into()),
            timezone: TimezoneItem {
                raw_offset: site.timezone.offset,
                timezone_id: &site.timezone.id,
                timezone_name: &site.timezone.name,
            },
            image: Member::of(None, absent),
        }
    }
}

/// A site collection or device group with what is counted.
struct NamedOf {
    id: u64,
    r#type: &'static str,
    name: SmolStr,
    description: SmolStr,
    /// A device group has none.
    sites: Option<u32>,
    devices: u32,
}

impl Row for NamedOf {
    fn field(&self, name: &str) -> Field<'_> {
        match name {
            "scopeName" => Field::Text(&self.name),
            "description" => Field::Text(&self.description),
            _ => Field::Null,
        }
    }
}

/// `central.md §6.2`: pycentral gives up if a site collection has another member, or lacks one of these.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NamedItem<'a> {
    id: Quoted,
    r#type: &'static str,
    scope_id: Quoted,
    scope_name: &'a str,
    description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    site_count: Option<Quoted>,
    device_count: Quoted,
}

impl Shown for NamedOf {
    type Item<'a> = NamedItem<'a>;

    fn value(&self, name: &str) -> sort::Value {
        match name {
            "deviceCount" => sort::Value::Number(self.devices.into()),
            "siteCount" => sort::Value::Number(self.sites.unwrap_or_default().into()),
            _ => self.field(name).into(),
        }
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        [self.name.as_str(), self.description.as_str()].into_iter()
    }

    fn item(&self, _: CentralAbsent) -> NamedItem<'_> {
        NamedItem {
            id: Quoted(self.id),
            r#type: self.r#type,
            scope_id: Quoted(self.id),
            scope_name: &self.name,
            description: &self.description,
            site_count: self.sites.map(|sites| Quoted(sites.into())),
            device_count: Quoted(self.devices.into()),
        }
    }
}

pub(super) fn sites(world: &World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let query = Query::read(world, ask, (grammars::CENTRAL_SITES, grammars::CENTRAL_SITES_SORT))?;
    let (fleet, workspace) = (world.fleet(), session.workspace);
    Ok(Reply::later(fleet.sites(workspace).count(), move || {
        let tree = fleet.tree(workspace);
        let row = |(number, site): (u32, SiteRow)| SiteOf {
            id: tree.id(Scope::Site(number)),
            collection: tree
                .collection_of(&site)
                .map(|(number, row)| (tree.id(Scope::Collection(number)), row.name.clone())),
            devices: tree.devices_at(number),
            site,
        };
        query.page("SCOPE-LIST-SITES-SUCCESS-001", tree.sites().map(row).collect())
    }))
}

pub(super) fn collections(
    world: &World,
    session: &Session,
    ask: &Ask,
    _: Timestamp,
) -> Result<Reply, Refusal> {
    let spoken = (grammars::CENTRAL_SITE_COLLECTIONS, grammars::CENTRAL_SITE_COLLECTIONS_SORT);
    let query = Query::read(world, ask, spoken)?;
    let (fleet, workspace) = (world.fleet(), session.workspace);
    Ok(Reply::later(fleet.sites(workspace).count(), move || {
        let tree = fleet.tree(workspace);
        let mut counts: HashMap<u32, (u32, u32)> = HashMap::new();
        for (number, site) in tree.sites() {
            if let Some(collection) = site.collection {
                let (sites, devices) = counts.entry(collection).or_default();
                (*sites, *devices) = (*sites + 1, *devices + tree.devices_at(number));
            }
        }
        let rows = tree.collections().map(|(number, row)| {
            let (sites, devices) = counts.get(&number).copied().unwrap_or_default();
            NamedOf {
                id: tree.id(Scope::Collection(number)),
                r#type: "network-config/site-collection",
                name: row.name.clone(),
                description: row.description.clone(),
                sites: Some(sites),
                devices,
            }
        });
        query.page("SCOPE-SITE-COLLECTION-SUC-001", rows.collect())
    }))
}

pub(super) fn groups(world: &World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let spoken = (grammars::CENTRAL_DEVICE_GROUPS, grammars::CENTRAL_DEVICE_GROUPS_SORT);
    let query = Query::read(world, ask, spoken)?;
    let (fleet, workspace) = (world.fleet(), session.workspace);
    Ok(Reply::later(0, move || {
        let tree = fleet.tree(workspace);
        let rows = tree.groups().map(|(number, row)| NamedOf {
            id: tree.id(Scope::Group(number)),
            r#type: "network-config/device-groups",
            name: row.name,
            description: row.description,
            sites: None,
            devices: tree.devices_in(number),
        });
        query.page("SCOPE-device-groups-SUC-001", rows.collect())
    }))
}

pub(super) fn global(_: &World, session: &Session, _: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let id = Scope::Global.id(session.workspace).to_string();
    Ok(Reply::ok(json!({"id": id, "scopeId": id, "type": "network-config/global"})))
}

/// `scopeType` of a scope (parameter `type` of the hierarchy).
fn type_of(scope: Scope) -> &'static str {
    match scope {
        Scope::Global => "org",
        Scope::Collection(_) => "site-collection",
        Scope::Site(_) => "site",
        Scope::Group(_) => "device-groups",
        Scope::Device(_) => "device",
    }
}

/// One scope of a hierarchy.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Level {
    scope_id: Quoted,
    scope_name: SmolStr,
    scope_type: &'static str,
    child_count: u32,
    host_name: SmolStr,
}

fn level(tree: &Tree<'_>, scope: Scope) -> Level {
    let name = tree.name(scope).unwrap_or_default();
    Level {
        scope_id: Quoted(tree.id(scope)),
        scope_type: type_of(scope),
        child_count: tree.children(scope),
        host_name: if matches!(scope, Scope::Device(_)) { name.clone() } else { SmolStr::default() },
        scope_name: name,
    }
}

/// The scopes from the global one down to the one that is asked for. Both spellings of `hierarchy` are sent, and
/// every spelling of the parameters is read (`central.md §8` row 9).
pub(super) fn hierarchy(world: &World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let given = |names: [&'static str; 3]| names.into_iter().find_map(|name| Some((name, ask.text(name)?)));
    let required = |name| Refusal::Query { name, message: "is required".to_owned() };
    let (id_name, id) = given(["id", "scope-id", "scopeId"]).ok_or_else(|| required("id"))?;
    let (type_name, kind) = given(["type", "scope-type", "scopeType"]).ok_or_else(|| required("type"))?;
    let kind = match kind {
        "org" | "global" => "org",
        "site-collection" | "site_collection" => "site-collection",
        "site" => "site",
        "device-groups" | "device-group" | "device_group" | "device_groups" => "device-groups",
        "device" => "device",
        _ => {
            let message = "must be device, site, site-collection, device-groups or org".to_owned();
            return Err(Refusal::Query { name: type_name, message });
        }
    };
    let fleet = world.fleet();
    let tree = fleet.tree(session.workspace);
    let found = id.parse().ok().and_then(|id| Scope::of_id(session.workspace, id));
    let found = found.filter(|scope| type_of(*scope) == kind && tree.contains(*scope));
    let Some(scope) = found else {
        return Err(Refusal::Query { name: id_name, message: format!("there is no {kind} of this id") });
    };
    let levels: Vec<_> = tree.path(scope).into_iter().map(|scope| level(&tree, scope)).collect();
    #[derive(Serialize)]
    struct Item<'a> {
        id: Quoted,
        r#type: &'static str,
        hierarchy: &'a [Level],
        #[serde(rename = "Hierarchy")]
        documented: &'a [Level],
    }
    let item = Item {
        id: Quoted(tree.id(scope)),
        r#type: "network-config/hierarchy",
        hierarchy: &levels,
        documented: &levels,
    };
    Ok(Reply::ok(Page {
        items: vec![item],
        count: 1,
        total: 1,
        offset: None,
        response: response("SCOPE-HIERARCHY-SUC-001"),
    }))
}

pub(super) fn maps(world: &World, session: &Session, _: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    #[derive(Serialize)]
    #[serde(rename_all = "kebab-case")]
    struct Item<'a> {
        scope_name: Quoted,
        scope_id: u64,
        persona: &'a str,
        resource: &'a str,
    }
    let (fleet, workspace) = (world.fleet(), session.workspace);
    Ok(Reply::later(fleet.scopes(workspace).maps.size(), move || {
        let tree = fleet.tree(workspace);
        let item =
            |id: u64, persona, resource| Item { scope_name: Quoted(id), scope_id: id, persona, resource };
        let items: Vec<_> = tree
            .maps()
            .map(|it| item(tree.id(it.scope), it.persona.as_str(), it.resource.as_str()))
            .collect();
        let metadata = json!({"count_objects_in_module": items.len()});
        Ok(json::text(&json!({"scope-map": items, "metadata": metadata})))
    }))
}
