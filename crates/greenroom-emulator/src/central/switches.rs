//! Switches (`central.md §6.5`).

use greenroom_model::{
    filter::grammars,
    fleet::{Device, DeviceType, Health},
    refusal::Refusal,
    world::{Session, World},
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    get,
    network::{DEPLOYMENT, List, listed, named, title_status, told, uptime},
    shown,
    sites::health_name,
};
use crate::route::{Api, Ask, Reply, Route};

/// Their routes.
pub(super) fn routes() -> Vec<Route> {
    vec![
        get(
            ("central.switches.list", "/network-monitoring/v1/switches"),
            Api::CentralMonitoring,
            &["filter", "limit", "next", "sort"],
            "central.md §6.5",
            list,
        )
        .without(
            "stacks: `stackId` is null everywhere, `deployment` is Standalone; `ipv6`; of `switchTrends` what \
             was drawn and sent",
        ),
        get(
            ("central.switches.get", "/network-monitoring/v1/switches/{serial-number}"),
            Api::CentralMonitoring,
            &[],
            "HPE's monitoring.json",
            one,
        )
        .without("stacks, by their id or their conductor; `ipv6`, `jNumber`, `publicIp`, `switchLinkType`"),
    ]
}

const LIST: List = List {
    default_limit: 1000,
    filter: grammars::CENTRAL_SWITCHES,
    sort: grammars::CENTRAL_SWITCHES_SORT,
    monitored: true,
    kind: Some(DeviceType::Switch),
};

fn list(world: &World, session: &Session, ask: &Ask, now: Timestamp) -> Result<Reply, Refusal> {
    let absent = world.dialect.central_absent;
    listed(world, session, ask, &LIST, move |device| shown(item(device, now), absent))
}

fn one(world: &World, session: &Session, ask: &Ask, now: Timestamp) -> Result<Reply, Refusal> {
    let fleet = world.fleet();
    let device = named(&fleet, session.workspace, ask, DeviceType::Switch)?;
    Ok(Reply::ok(shown(detail(device, now), world.dialect.central_absent)))
}

/// Seconds, here alone (`central.md §6.5`).
fn last_seen(device: &Device<'_>, now: Timestamp) -> i64 {
    if device.online() { now.as_second() } else { device.created_at().as_second() }
}

fn trends(device: &Device<'_>) -> Value {
    let [processor, memory] = device.load().unwrap_or_default();
    json!({
        "cpuUtilization": processor,
        "memoryUtilization": memory,
        "serialNumber": device.serial(),
        "switchRole": DEPLOYMENT,
        "upLinkPorts": "1/1/28",
    })
}

/// `type` of a switch.
const TYPE: &str = "switch";

fn item(device: Device<'_>, now: Timestamp) -> Value {
    let rest = json!({
        "siteName": device.site().map(|site| site.name),
        "deployment": DEPLOYMENT,
        "deviceFunction": device.function(),
        "firmwareVersion": device.firmware(),
        "ipv4": device.ipv4(),
        "ipv6": null,
        "lastSeenAt": last_seen(&device, now),
        "model": device.model(),
        "partNumber": device.part_number(),
        "stackId": null,
        "status": title_status(&device),
        "switchTrends": trends(&device),
        "switchType": "cx",
        "uptimeInMillis": uptime(&device, now),
    });
    told(&device, TYPE, rest)
}

fn detail(device: Device<'_>, now: Timestamp) -> Value {
    let health = device.health().unwrap_or(Health::Poor);
    let reasons = |of: Health, reason: &'static str| if health == of { vec![reason] } else { vec![] };
    let (poor, fair) = (reasons(Health::Poor, "DEVICE_OFFLINE"), reasons(Health::Fair, "DEVICE_DEGRADED"));
    let primary = poor.iter().chain(&fair).next().copied().unwrap_or("None");
    let rest = json!({
        "siteName": device.site().map(|site| site.name),
        "deployment": DEPLOYMENT,
        "firmwareVersion": device.firmware(),
        "health": health_name(health),
        "healthReasons": {
            "fairReasons": fair,
            "poorReasons": poor,
            "primaryReason": {
                "reasonEnum": primary,
                "totalReasons": poor.len() + fair.len(),
                "typeId": device.alert().map_or("None", |alert| alert.severity.type_id()),
            },
        },
        "ipv4": device.ipv4(),
        "ipv6": null,
        "jNumber": null,
        "lastConfigChange": device.created_at().as_second(),
        "lastRestartReason": null,
        "lastSeenAt": last_seen(&device, now),
        "manufacturer": "Aruba",
        "model": device.model(),
        "publicIp": null,
        "status": title_status(&device),
        "switchLinkType": null,
        "switchRole": DEPLOYMENT,
        "switchTrends": trends(&device),
        "switchType": "cx",
        "uptimeInMillis": uptime(&device, now),
    });
    told(&device, TYPE, rest)
}
