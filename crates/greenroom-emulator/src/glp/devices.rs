//! Device management (`glp.md §6`).

mod row;

use greenroom_model::{
    filter::{self, FilterError, grammars},
    id::parse_uuid,
    refusal::Refusal,
    role::Resource,
    select::{Selection, Unknown},
    sort,
    world::{Session, World},
};
use jiff::Timestamp;

use self::row::{Inventory, MEMBERS, Place};
use super::{Paging, cut, get, paging, read_filter};
use crate::{
    route::{Api, Ask, Confidence, NumberFault, Reply, Route},
    table::Row as _,
};

const SAME_IN_EVERY_ROW: &str = "services other than Central; values of `deviceName`, `secondaryName`, \
    `location`, `contact`, `warranty`, `dedicatedPlatformWorkspace`, `billingAccountId`, \
    `billingAccountName`, `billingTier`, `subscriptionCategory` and `manufacturedDate` (null everywhere), of \
    `archived` and `isFlex` (false), of `ownership` and `source` (MANAGED)";

/// Its routes.
pub(super) fn routes() -> Vec<Route> {
    let devices = (Api::Devices, Resource::DeviceManagement);
    vec![
        get(
            ("glp.devices.list", "/devices/v1/devices"),
            devices,
            &["filter", "filter-tags", "limit", "offset", "select", "sort"],
            ("glp.md §6.2", Confidence::Documented),
            list,
        )
        .without(SAME_IN_EVERY_ROW),
        get(
            ("glp.devices.get", "/devices/v1/devices/{id}"),
            devices,
            &[],
            ("glp.md §6.3", Confidence::Documented),
            get_device,
        )
        .without(SAME_IN_EVERY_ROW),
    ]
}

fn list(world: &World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let (offset, limit) = paging(world, ask, &Paging { default: 2000, max: 2000, text: numeric_value })?;
    let refuse = |name| move |error: FilterError| Refusal::Query { name, message: error.to_string() };
    let filter = read_filter(world, ask, grammars::GLP_DEVICES)?;
    let of_tags = grammars::GLP_DEVICE_TAGS.spoken(&world.dialect);
    let tags =
        filter::parse(ask.text("filter-tags").unwrap_or_default(), of_tags).map_err(refuse("filter-tags"))?;
    let sort = sort::parse(ask.text("sort").unwrap_or_default(), grammars::GLP_DEVICES_SORT)
        .map_err(refuse("sort"))?;
    let selection =
        Selection::parse(ask.texts("select"), MEMBERS, Unknown::Ignored).map_err(refuse("select"))?;
    let inventory = Inventory::new(world, session.workspace);
    let past_end = world.dialect.page_past_end;
    if filter.is_none() && tags.is_none() && sort.is_empty() {
        let total = inventory.total();
        let rows = cut(past_end, total, offset, limit)?;
        return Ok(Reply::later(rows.len(), move || {
            let places: Vec<_> = inventory.places(rows).collect();
            Ok(inventory.page(&places, &selection, offset, total))
        }));
    }
    let named = filter.as_ref().and_then(|filter| inventory.named(filter));
    let looked_at = named.as_ref().map_or_else(|| inventory.total(), Vec::len);
    Ok(Reply::later(looked_at, move || {
        let passes = |place: &Place| {
            let row = inventory.row(*place);
            filter.as_ref().is_none_or(|filter| filter.matches(&|name| row.field(name)))
                && tags.as_ref().is_none_or(|tags| tags.matches(&|key| row.tag(key)))
        };
        let places: Vec<_> = match named {
            Some(named) => named.into_iter().filter(passes).collect(),
            None => inventory.places(0..inventory.total()).filter(passes).collect(),
        };
        let total = places.len();
        let rows = cut(past_end, total, offset, limit)?;
        let value = |row: usize, name: &str| sort::Value::from(inventory.row(places[row]).field(name));
        let shown: Vec<_> =
            sort::page(total, &sort, rows, value).into_iter().map(|row| places[row]).collect();
        Ok(inventory.page(&shown, &selection, offset, total))
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
fn numeric_value(name: &'static str, fault: NumberFault, max: usize) -> String {
    let least = if name == "offset" { 0 } else { 1 };
    match fault {
        NumberFault::TooLarge => format!("Must not be greater than {max}."),
        NumberFault::NotANumber | NumberFault::TooSmall => {
            format!("Must be a numeric value which is {least} or greater.")
        }
    }
}
