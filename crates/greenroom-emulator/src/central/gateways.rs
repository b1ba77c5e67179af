//! Gateways (`central.md §6.6`). All their members are required, so that none is ever left out.

use greenroom_model::{
    filter::grammars,
    fleet::{Device, DeviceType},
    refusal::Refusal,
    world::{Session, World},
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    get,
    network::{DEPLOYMENT, List, SiteId, cluster_name, listed, named, title_status, uptime},
};
use crate::route::{Api, Ask, Reply, Route};

/// Their routes.
pub(super) fn routes() -> Vec<Route> {
    vec![
        get(
            ("central.gateways.list", "/network-monitoring/v1/gateways"),
            Api::CentralMonitoring,
            &["filter", "limit", "next", "sort"],
            "central.md §6.6",
            list,
        )
        .without(NOT_SERVED),
        get(
            ("central.gateways.get", "/network-monitoring/v1/gateways/{serial-number}"),
            Api::CentralMonitoring,
            &[],
            "HPE's monitoring.json",
            one,
        )
        .without(NOT_SERVED),
    ]
}

const NOT_SERVED: &str = "`mode` other than Standalone, `role` other than Isoleader";

const LIST: List = List {
    default_limit: 20,
    filter: grammars::CENTRAL_GATEWAYS,
    sort: grammars::CENTRAL_GATEWAYS_SORT,
    monitored: true,
    kind: Some(DeviceType::Gateway),
};

fn list(world: &World, session: &Session, ask: &Ask, now: Timestamp) -> Result<Reply, Refusal> {
    listed(world, session, ask, &LIST, move |device| item(device, now))
}

fn one(world: &World, session: &Session, ask: &Ask, now: Timestamp) -> Result<Reply, Refusal> {
    let fleet = world.fleet();
    Ok(Reply::ok(item(named(&fleet, session.workspace, ask, DeviceType::Gateway)?, now)))
}

fn item(device: Device<'_>, now: Timestamp) -> Value {
    let (serial, mac, site) = (device.serial(), device.mac(), device.site());
    let [processor, memory] = device.load().unwrap_or_default();
    json!({
        "id": serial,
        "type": "network-monitoring/gateway-monitoring",
        "serialNumber": serial,
        "deviceName": device.name(),
        "model": device.model(),
        "macAddress": mac,
        "macRange": format!("{mac}-{mac}"),
        "ipAddress": device.ipv4(),
        "siteId": SiteId(site.map(|site| site.id)),
        "siteName": site.map_or("", |site| site.name),
        "clusterName": cluster_name(&device),
        "mode": DEPLOYMENT,
        "role": "Isoleader",
        "deviceFunction": device.function(),
        "firmwareVersion": device.firmware(),
        "status": title_status(&device),
        "rebootReason": "User reboot",
        "cpuUtilization": processor,
        "memoryUtilization": memory,
        // Null while it is offline (HPE's monitoring.json).
        "uptimeInMillis": uptime(&device, now),
    })
}
