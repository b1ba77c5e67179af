//! Device management (`glp.md §6`).

pub(super) mod orders;
mod row;

use greenroom_model::{
    filter::grammars,
    id::parse_uuid,
    refusal::Refusal,
    role::{Permission, Resource},
    sort,
    world::{Session, World},
};
use http::Method;
use jiff::Timestamp;

use self::row::{Inventory, MEMBERS, Place};
use super::{
    Paging,
    choice::{Choice, Known},
    cut, get, paging,
};
use crate::{
    route::{Api, Ask, Confidence, NumberFault, Reply, Route},
    table::Row as _,
};

const SAME_IN_EVERY_ROW: &str = "values of `deviceName`, `secondaryName`, `warranty`, \
    `dedicatedPlatformWorkspace`, `billingAccountId`, `billingAccountName`, `billingTier`, \
    `subscriptionCategory` and `manufacturedDate` (null everywhere), of `isFlex` (false), of `ownership` and \
    `source` (MANAGED); what is known of a `location` besides its id";

const DEVICES: &str = "/devices/v1/devices";
const DEVICE: &str = "/devices/v1/devices/{id}";
const DEVICES_V2BETA1: &str = "/devices/v2beta1/devices";
const DEVICE_V2BETA1: &str = "/devices/v2beta1/devices/{id}";

/// What can be asked of its lists.
const KNOWN: Known = Known {
    filter: grammars::GLP_DEVICES,
    tags: grammars::GLP_DEVICE_TAGS,
    sort: grammars::GLP_DEVICES_SORT,
    members: MEMBERS,
};

const PARTIAL: &str =
    "a documented form of `result` where some devices fail and others do not, of which there is none";

/// Its routes.
pub(super) fn routes() -> Vec<Route> {
    let devices = (Api::Devices, Resource::DeviceManagement);
    let order = |name, method, path, query, act| {
        let source = ("glp.md §6.4 to §6.6", Confidence::Live);
        super::change((name, method, path), (devices.0, devices.1, Permission::Edit), query, source, act)
    };
    let (add, update) = (&["dry-run"], &["dry-run", "id"]);
    vec![
        order("glp.devices.add", Method::POST, DEVICES, add, orders::add).without(PARTIAL),
        order("glp.devices.update", Method::PATCH, DEVICES, update, orders::update).without(PARTIAL),
        // Nobody has shown what it answers.
        Route {
            confidence: Confidence::Documented,
            ..order("glp.devices.add-v2beta1", Method::POST, DEVICES_V2BETA1, add, orders::add_v2beta1)
        }
        .without(PARTIAL),
        order("glp.devices.update-v2beta1", Method::PATCH, DEVICES_V2BETA1, update, orders::update_v2beta1)
            .without(
                "the warranty of discovered devices; a documented form of `result` where some devices fail and others \
                do not, of which there is none",
            ),
        get(
            ("glp.devices.list-v2beta1", DEVICES_V2BETA1),
            devices,
            &["filter", "limit", "offset", "select", "sort"],
            ("glp.md §6.2", Confidence::Documented),
            list_v2beta1,
        )
        .without(SAME_IN_EVERY_ROW),
        get(
            ("glp.devices.get-v2beta1", DEVICE_V2BETA1),
            devices,
            &[],
            ("glp.md §6.3", Confidence::Documented),
            get_device,
        )
        .without(SAME_IN_EVERY_ROW),
        get(
            ("glp.devices.list", DEVICES),
            devices,
            &["filter", "filter-tags", "limit", "offset", "select", "sort"],
            ("glp.md §6.2", Confidence::Documented),
            list,
        )
        .without(SAME_IN_EVERY_ROW),
        get(("glp.devices.get", DEVICE), devices, &[], ("glp.md §6.3", Confidence::Documented), get_device)
            .without(SAME_IN_EVERY_ROW),
    ]
}

fn list(world: &World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let tags = ask.text("filter-tags").unwrap_or_default();
    page(world, session, ask, &Paging { default: 2000, max: 2000, text: numeric_value }, tags)
}

/// The second beta has smaller pages and no `filter-tags` (`glp.md §6.2`).
fn list_v2beta1(world: &World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    page(world, session, ask, &Paging { default: 100, max: 500, text: numeric_value }, "")
}

fn page(
    world: &World,
    session: &Session,
    ask: &Ask,
    rules: &Paging,
    filter_tags: &str,
) -> Result<Reply, Refusal> {
    let (offset, limit) = paging(world, ask, rules)?;
    let choice = Choice::read(world, ask, filter_tags, &KNOWN)?;
    let inventory = Inventory::new(world, session.workspace);
    let past_end = world.dialect.page_past_end;
    if choice.is_all() {
        let total = inventory.total();
        let rows = cut(past_end, total, offset, limit)?;
        return Ok(Reply::later(rows.len(), move || {
            let places: Vec<_> = inventory.places(rows).collect();
            Ok(inventory.page(&places, &choice.selection, offset, total))
        }));
    }
    let named = choice.filter.as_ref().and_then(|filter| inventory.named(filter));
    let looked_at = named.as_ref().map_or_else(|| inventory.total(), Vec::len);
    Ok(Reply::later(looked_at, move || {
        let passes = |place: &Place| {
            let row = inventory.row(*place);
            choice.wants(&row, |key| row.tag(key))
        };
        let places: Vec<_> = match named {
            Some(named) => named.into_iter().filter(passes).collect(),
            None => inventory.places(0..inventory.total()).filter(passes).collect(),
        };
        let total = places.len();
        let rows = cut(past_end, total, offset, limit)?;
        let value = |row: usize, name: &str| sort::Value::from(inventory.row(places[row]).field(name));
        let shown: Vec<_> = choice.sorted(total, rows, value).into_iter().map(|row| places[row]).collect();
        Ok(inventory.page(&shown, &choice.selection, offset, total))
    }))
}

fn get_device(world: &World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let Some(id) = parse_uuid(ask.segment("id")) else {
        let message = "Device ID is not a valid UUID.".to_owned();
        return Err(Refusal::Path { name: "id", message });
    };
    let device = world
        .visible_device(session.workspace, id)
        .ok_or_else(|| Refusal::NotFound(id.hyphenated().to_string()))?;
    let inventory = Inventory::of(world, session.workspace, [device.workspace()]);
    let place = Place::first(device.index());
    Ok(Reply::later(1, move || Ok(inventory.one(place))))
}

/// The words of the device service (`glp.md §8.1`).
pub(super) fn numeric_value(name: &'static str, fault: NumberFault, max: usize) -> String {
    let least = if name == "offset" { 0 } else { 1 };
    match fault {
        NumberFault::TooLarge => format!("Must not be greater than {max}."),
        NumberFault::NotANumber | NumberFault::TooSmall => {
            format!("Must be a numeric value which is {least} or greater.")
        }
    }
}
