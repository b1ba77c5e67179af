//! The device inventory (`central.md §1.1`).

use greenroom_model::{
    dialect::IsProvisioned,
    filter::{Field, Grammar, Kind},
    fleet::{Device, DeviceType},
    refusal::Refusal,
    role::Permission,
    sort,
    world::{Session, World},
};
use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{EQ_IN, limit, next, page_json, page_of, read_filter, read_sort, route};
use crate::route::{Api, Ask, Operation, Reply, Route};

const FILTER: Grammar = Grammar {
    fields: &[
        ("siteId", Kind::Text, EQ_IN),
        ("siteName", Kind::Text, EQ_IN),
        ("serialNumber", Kind::Text, EQ_IN),
        ("deviceName", Kind::Text, EQ_IN),
        ("deviceType", Kind::Text, EQ_IN),
        ("model", Kind::Text, EQ_IN),
        ("firmwareVersion", Kind::Text, EQ_IN),
        ("deviceFunction", Kind::Text, EQ_IN),
        ("isProvisioned", Kind::Text, EQ_IN),
        ("deviceGroupName", Kind::Text, EQ_IN),
        // Not in the specification's table of fields, but in its example.
        ("deployment", Kind::Text, EQ_IN),
    ],
    logic: false,
    functions: false,
    bare_text: true,
    backslash: true,
};

const SORT: &[&str] = &[
    "siteId",
    "siteName",
    "serialNumber",
    "deviceName",
    "macAddress",
    "deviceType",
    "ipv4",
    "model",
    "deviceGroupName",
    "deviceFunction",
    "deployment",
];

/// Its route.
pub(super) fn routes() -> Vec<Route> {
    vec![route(
        ("central.device-inventory", Method::GET, "/network-monitoring/v1/device-inventory"),
        (Api::CentralMonitoring, Permission::View),
        &["filter", "limit", "next", "site-assigned", "sort"],
        "central.md §1.1",
        Operation::Read(list),
    )]
}

fn list(world: &World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let limit = limit(world, ask, Some(20), 1000)?;
    let number = next(ask)?.unwrap_or(1);
    let filter = read_filter(world, ask, FILTER)?;
    let sort = read_sort(ask, SORT)?;
    let sited = match ask.text("site-assigned") {
        None => None,
        Some("ASSIGNED") => Some(true),
        Some("UNASSIGNED") => Some(false),
        Some(_) => {
            let message = "must be ASSIGNED or UNASSIGNED".to_owned();
            return Err(Refusal::Query { name: "site-assigned", message });
        }
    };
    let (fleet, workspace, spelling) = (world.fleet(), session.workspace, world.dialect.is_provisioned);
    let past_end = world.dialect.page_past_end;
    if filter.is_none() && sort.is_empty() && sited.is_none() {
        // Serial numbers are in order of index, so a page is a range.
        let total = fleet.mix(workspace).network as usize;
        let page = page_of(past_end, total, number, limit)?;
        return Ok(Reply::later(page.rows.len(), move || {
            let row = |index| fleet.device(workspace, u32::try_from(index).ok()?);
            let items = page.rows.clone().filter_map(row).map(|device| inventory_item(&device, spelling));
            Ok(page_json(items.collect(), &page, total).to_string())
        }));
    }
    Ok(Reply::later(fleet.mix(workspace).network as usize, move || {
        let mut devices: Vec<_> = fleet
            .network(workspace)
            .filter(|device| sited.is_none_or(|sited| device.site.is_some() == sited))
            .filter(|device| {
                filter.as_ref().is_none_or(|filter| {
                    let site = site_id(device);
                    filter.matches(&|name| inventory_field(device, &site, name))
                })
            })
            .collect();
        sort::rows(&mut devices, &sort, |device, name| {
            match inventory_field(device, &site_id(device), name) {
                Field::Text(text) | Field::Word(text) => text.to_owned(),
                _ => String::new(),
            }
        });
        let total = devices.len();
        let page = page_of(past_end, total, number, limit)?;
        let items = devices[page.rows.clone()].iter().map(|device| inventory_item(device, spelling));
        Ok(page_json(items.collect(), &page, total).to_string())
    }))
}

fn site_id(device: &Device) -> String {
    device.site.as_ref().map(|site| site.id.to_string()).unwrap_or_default()
}

fn device_type(device: &Device) -> &'static str {
    match device.kind {
        DeviceType::AccessPoint => "ACCESS_POINT",
        DeviceType::Switch => "SWITCH",
        DeviceType::Gateway => "GATEWAY",
        DeviceType::Compute | DeviceType::Storage => "UNKNOWN",
    }
}

fn inventory_field<'a>(device: &'a Device, site_id: &'a str, name: &str) -> Field<'a> {
    match name {
        "siteId" => Field::Text(site_id),
        "siteName" => device.site.as_ref().map_or(Field::Null, |site| Field::Text(site.name)),
        "serialNumber" => Field::Text(&device.serial),
        "deviceName" => Field::Text(&device.name),
        "macAddress" => Field::Text(&device.mac),
        "ipv4" => Field::Text(&device.ipv4),
        "deviceType" => Field::Word(device_type(device)),
        "model" => Field::Text(device.model),
        "firmwareVersion" => Field::Text(device.firmware),
        "deviceFunction" => Field::Word(device.function),
        "isProvisioned" => Field::Word(if device.provisioned { "Yes" } else { "No" }),
        "deviceGroupName" => device.group.map_or(Field::Null, |(_, name)| Field::Text(name)),
        "deployment" => Field::Word("Standalone"),
        _ => Field::Null,
    }
}

/// `central.md` appendix A1: all members, those without a value null.
fn inventory_item(device: &Device, spelling: IsProvisioned) -> Value {
    let provisioned = match (device.provisioned, spelling) {
        (true, IsProvisioned::Title) => "Yes",
        (false, IsProvisioned::Title) => "No",
        (true, IsProvisioned::Upper) => "YES",
        (false, IsProvisioned::Upper) => "NO",
    };
    json!({
        "id": device.serial,
        "type": "network-monitoring/device-monitoring",
        "serialNumber": device.serial,
        "macAddress": device.mac,
        "deviceName": device.name,
        "deviceType": device_type(device),
        "model": device.model,
        "partNumber": device.part_number,
        "deviceFunction": device.function,
        "deployment": "Standalone",
        "role": null,
        "firmwareVersion": device.firmware,
        "ipv4": device.ipv4,
        "status": if device.online { "ONLINE" } else { "OFFLINE" },
        "isProvisioned": provisioned,
        "siteId": site_id(device),
        "siteName": device.site.as_ref().map(|site| site.name),
        "deviceGroupId": device.group.map(|(id, _)| id.to_string()),
        "deviceGroupName": device.group.map(|(_, name)| name),
        "scopeId": device.scope_id.to_string(),
        "stackId": null,
        "subscriptionKey": device.subscription_key(),
        "tier": device.tier,
    })
}
