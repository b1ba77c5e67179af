//! The devices that Central has on board, their notes, and how one is let go (`central.md §1.2`, `§1.3`).

use greenroom_model::{
    dialect::CentralAbsent,
    filter::grammars,
    fleet::{Device, NOTES},
    refusal::Refusal,
    role::Permission,
    time::Iso,
    world::{Session, World},
};
use http::Method;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use smol_str::SmolStr;

use super::{
    network::{DEPLOYMENT, List, Query, SiteId, TYPE, cluster_name, device_type, status, uptime},
    route,
};
use crate::{
    json::{self, Member},
    route::{Api, Ask, Confidence, Operation, Reply, Route},
    table,
};

/// The path and the status that pycentral expects, which exist by dialect `central_delete_alias` only.
pub(crate) const DELETE_ALIAS: &str = "central.devices.delete-alias";

const ONE: &str = "/network-monitoring/v1/devices/{serial-number}";

/// Their routes.
pub(super) fn routes() -> Vec<Route> {
    let named = |name, method, path, permission, query, source, operation| {
        route((name, method, path), (Api::CentralMonitoring, permission), query, source, operation)
    };
    vec![
        named(
            "central.devices.list",
            Method::GET,
            "/network-monitoring/v1/devices",
            Permission::View,
            &["filter", "limit", "next", "sort"],
            ("central.md §1.2", Confidence::Documented),
            Operation::Read(list),
        )
        .without(
            "values of `role`, `ipv6`, `buildingId` and `floorId` (null everywhere); `deployment` other than \
             Standalone, `configStatus` other than Synchronized",
        ),
        named(
            "central.devices.set-notes",
            Method::PATCH,
            ONE,
            Permission::Edit,
            &[],
            ("central.md §1.3", Confidence::Documented),
            Operation::Write(set_notes),
        )
        .whole(),
        named(
            "central.devices.delete",
            Method::DELETE,
            ONE,
            Permission::Delete,
            &[],
            ("central.md §1.3", Confidence::Documented),
            Operation::Write(delete),
        )
        .without("the state of the removal, which `Location` leads to: the device is gone at once"),
        named(
            DELETE_ALIAS,
            Method::DELETE,
            "/devices/{serial-number}",
            Permission::Delete,
            &[],
            ("central.md §1.3", Confidence::Client),
            Operation::Write(delete_by_alias),
        )
        .without("the path as such: there is none unless dialect `central_delete_alias` is `on`"),
    ]
}

const LIST: List = List {
    default_limit: 1000,
    filter: grammars::CENTRAL_DEVICES,
    sort: grammars::CENTRAL_DEVICES_SORT,
    monitored: true,
    kind: None,
};

fn list(world: &World, session: &Session, ask: &Ask, now: Timestamp) -> Result<Reply, Refusal> {
    let query = Query::read(world, ask, &LIST)?;
    let asks = |name| query.filter.as_ref().is_some_and(|filter| table::mentions(filter, name));
    let with_notes = asks("siteId") || asks("serialNumber");
    let (fleet, workspace, absent) = (world.fleet(), session.workspace, world.dialect.central_absent);
    Ok(Reply::later(query.looks_at(&fleet, workspace), move || {
        let picked = query.pick(&fleet, workspace)?;
        let devices = || picked.ranks.iter().filter_map(|rank| fleet.network_at(workspace, *rank));
        Ok(picked.json(json::Rows(|| devices().map(|device| Item::of(device, with_notes, now, absent)))))
    }))
}

fn set_notes(world: &mut World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let refuse = |message: String| Refusal::Body { member: "notes".to_owned(), message };
    let notes = match ask.members()?.remove("notes") {
        Some(Value::String(notes)) => notes,
        Some(_) => return Err(refuse("must be text".to_owned())),
        None => return Err(refuse("is required".to_owned())),
    };
    if notes.chars().count() > NOTES {
        return Err(refuse(format!("must not be longer than {NOTES} characters")));
    }
    let serial = ask.segment("serial-number");
    if !world.set_device_notes(session.workspace, serial, &notes) {
        return Err(Refusal::NotFound(format!("device {serial}")));
    }
    let change = if notes.is_empty() { "notes removed" } else { "notes set" };
    Ok(Reply::ok(json!({"notes": notes})).changed(format!("device {serial}: {change}")))
}

fn delete(world: &mut World, session: &Session, ask: &Ask, now: Timestamp) -> Result<Reply, Refusal> {
    let (serial, device) = forget(world, session, ask, now)?;
    let location = format!("/network-monitoring/v1/devices/{serial}");
    Ok(Reply::accepted(location, device).changed(format!("device {serial}: deleted from monitoring")))
}

fn delete_by_alias(
    world: &mut World,
    session: &Session,
    ask: &Ask,
    now: Timestamp,
) -> Result<Reply, Refusal> {
    let (serial, device) = forget(world, session, ask, now)?;
    Ok(Reply::ok(device).changed(format!("device {serial}: deleted from monitoring")))
}

/// Lets a device go, and shows what it was.
fn forget(
    world: &mut World,
    session: &Session,
    ask: &Ask,
    now: Timestamp,
) -> Result<(String, Value), Refusal> {
    let serial = ask.segment("serial-number").to_owned();
    let absent = world.dialect.central_absent;
    let item = |device| json!(Item::of(device, true, now, absent));
    let shown = world.fleet().monitored(session.workspace, &serial).map(item);
    match shown {
        Some(device) if world.forget_device(session.workspace, &serial) => Ok((serial, device)),
        _ => Err(Refusal::NotFound(format!("device {serial}"))),
    }
}

/// `central.md §1.2`: all members, those without a value as the dialect `central_absent` says.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    id: SmolStr,
    r#type: &'static str,
    serial_number: SmolStr,
    mac_address: SmolStr,
    device_name: SmolStr,
    device_type: &'static str,
    model: &'a str,
    part_number: &'a str,
    device_function: &'static str,
    deployment: &'static str,
    #[serde(skip_serializing_if = "Member::is_omitted")]
    role: Member<()>,
    firmware_version: &'a str,
    ipv4: SmolStr,
    #[serde(skip_serializing_if = "Member::is_omitted")]
    ipv6: Member<()>,
    status: &'static str,
    site_id: SiteId,
    #[serde(skip_serializing_if = "Member::is_omitted")]
    site_name: Member<&'a str>,
    #[serde(skip_serializing_if = "Member::is_omitted")]
    building_id: Member<()>,
    #[serde(skip_serializing_if = "Member::is_omitted")]
    floor_id: Member<()>,
    #[serde(skip_serializing_if = "Member::is_omitted")]
    cluster_name: Member<&'static str>,
    config_status: &'static str,
    config_last_modified_at: Iso,
    last_seen_at: Iso,
    #[serde(skip_serializing_if = "Member::is_omitted")]
    uptime_in_millis: Member<u64>,
    #[serde(skip_serializing_if = "Member::is_omitted")]
    notes: Member<&'a str>,
}

impl<'a> Item<'a> {
    /// A device that answers was seen just now, and has been up since it was added; one that does not
    /// was last seen then.
    fn of(device: Device<'a>, with_notes: bool, now: Timestamp, absent: CentralAbsent) -> Self {
        let (serial, site, created) = (device.serial(), device.site(), device.created_at());
        Self {
            id: serial.clone(),
            r#type: TYPE,
            serial_number: serial,
            mac_address: device.mac(),
            device_name: device.name(),
            device_type: device_type(device.kind()),
            model: device.model(),
            part_number: device.part_number(),
            device_function: device.function(),
            deployment: DEPLOYMENT,
            role: Member::of(None, absent),
            firmware_version: device.firmware(),
            ipv4: device.ipv4(),
            ipv6: Member::of(None, absent),
            status: status(&device),
            site_id: SiteId(site.map(|site| site.id)),
            site_name: Member::of(site.map(|site| site.name), absent),
            building_id: Member::of(None, absent),
            floor_id: Member::of(None, absent),
            cluster_name: Member::of(cluster_name(&device), absent),
            config_status: "Synchronized",
            config_last_modified_at: Iso(created),
            last_seen_at: Iso(if device.online() { now } else { created }),
            uptime_in_millis: Member::of(uptime(&device, now), absent),
            notes: Member::of(device.notes().filter(|_| with_notes), absent),
        }
    }
}
