//! Access points (`central.md §6.4`).

use greenroom_model::{
    filter::grammars,
    fleet::{Band, Device, DeviceType},
    refusal::Refusal,
    time::Iso,
    world::{Session, World},
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    get,
    network::{DEPLOYMENT, List, listed, named, status, told, uptime},
    shown,
    wlans::wlan,
};
use crate::{
    json::Quoted,
    route::{Api, Ask, Reply, Route},
};

/// Their routes.
pub(super) fn routes() -> Vec<Route> {
    vec![
        get(
            ("central.aps.list", "/network-monitoring/v1/aps"),
            Api::CentralMonitoring,
            &["filter", "limit", "next", "sort"],
            "central.md §6.4",
            list,
        )
        .without(
            "swarms, mesh and floors: `clusterId`, `clusterName`, `meshRole`, `buildingId`, `floorId`, `role`, \
             `ipv6` and `publicIpv4` are null everywhere; `deployment` other than Standalone",
        ),
        get(
            ("central.aps.get", "/network-monitoring/v1/aps/{serial-number}"),
            Api::CentralMonitoring,
            &[],
            "HPE's monitoring.json",
            one,
        )
        .without("modems, mesh, power negotiated; what a radio measures; ports other than the uplink"),
    ]
}

const LIST: List = List {
    default_limit: 20,
    filter: grammars::CENTRAL_APS,
    sort: grammars::CENTRAL_APS_SORT,
    monitored: true,
    kind: Some(DeviceType::AccessPoint),
};

fn list(world: &World, session: &Session, ask: &Ask, now: Timestamp) -> Result<Reply, Refusal> {
    let absent = world.dialect.central_absent;
    listed(world, session, ask, &LIST, move |device| shown(item(device, now), absent))
}

fn one(world: &World, session: &Session, ask: &Ask, now: Timestamp) -> Result<Reply, Refusal> {
    let fleet = world.fleet();
    let device = named(&fleet, session.workspace, ask, DeviceType::AccessPoint)?;
    Ok(Reply::ok(shown(detail(device, now), world.dialect.central_absent)))
}

/// When it was last seen: null while it is (HPE's monitoring.json).
fn last_seen(device: &Device<'_>) -> Option<Iso> {
    (!device.online()).then(|| Iso(device.created_at()))
}

/// `type` of an access point.
const TYPE: &str = "network-monitoring/access-point-monitoring";

fn item(device: Device<'_>, now: Timestamp) -> Value {
    let (group, load) = (device.group(), device.load());
    let rest = json!({
        "siteName": device.site().map(|site| site.name),
        "buildingId": null,
        "floorId": null,
        "clientCount": device.connected_clients(),
        "clusterId": null,
        "clusterName": null,
        "cpuUtilization": load.map(|[processor, _]| processor),
        "memoryUtilization": load.map(|[_, memory]| memory),
        "deployment": DEPLOYMENT,
        "deviceFunction": device.function(),
        "deviceGroupId": group.map(|(id, _)| Quoted(id)),
        "deviceGroupName": group.map(|(_, name)| name),
        "firmwareVersion": device.firmware(),
        "ipv4": device.ipv4(),
        "ipv6": null,
        "publicIpv4": null,
        "subnetMask": "255.255.255.0",
        "lastRebootReason": "AP_RELOAD",
        "lastSeenAt": last_seen(&device),
        "meshRole": null,
        "model": device.model(),
        "partNumber": device.part_number(),
        "powerConsumption": device.watts(),
        "role": null,
        "status": status(&device),
        "uptimeInMillis": uptime(&device, now),
        "wlanCount": device.wlans().count(),
    });
    told(&device, TYPE, rest)
}

fn detail(device: Device<'_>, now: Timestamp) -> Value {
    let (load, up) = (device.load(), if device.online() { "UP" } else { "DOWN" });
    let radio = |(number, band): (u8, Band)| {
        json!({
            "antenna": "Internal",
            "band": band.name(),
            "bandwidth": "20 MHz",
            "channel": band.channel(),
            "macAddress": device.radio_mac(number),
            "mode": "Client Access",
            "radioNumber": number,
            "status": up,
        })
    };
    let radios: Vec<_> = device.radios().map(radio).collect();
    let rest = json!({
        "apStats": {
            "clientCount": device.connected_clients(),
            "cpuUtilization": load.map_or(0, |[processor, _]| processor),
            "memoryUtilization": load.map_or(0, |[_, memory]| memory),
        },
        "bandSelection": if radios.len() == 3 { "Tri radio" } else { "Dual band" },
        "countryCode": "US",
        "currentUplinkInUse": "Ethernet",
        "defaultGateway": "192.0.2.254 (DHCP)",
        "deployment": DEPLOYMENT,
        "firmwareVersion": device.firmware(),
        "ipv4": device.ipv4(),
        "ipv6": null,
        "publicIpv4": null,
        "subnetMask": "255.255.255.0",
        "lastRebootReason": "AP_RELOAD",
        "lastSeenAt": last_seen(&device),
        "manufacturer": "Aruba",
        "meshRole": null,
        "mode": "Client Access",
        "model": device.model(),
        "modem": {},
        "negotiatedPower": null,
        "notes": device.notes(),
        "ports": [{
            "accessVlan": "1",
            "allowedVlan": "all",
            "connector": "RJ45",
            "duplex": "Auto",
            "isUplink": true,
            "macAddress": device.mac(),
            "name": "eth0",
            "nativeVlan": "1",
            "portIndex": "0",
            "portStatus": up,
            // Required by HPE's monitoring.json, which describes `portStatus` only; its sample has this.
            "status": up,
            "speed": "1 Gbps",
            "vlanMode": "Trunk",
        }],
        "radios": radios,
        "role": null,
        "status": status(&device),
        "uptimeInMillis": uptime(&device, now),
        "wlans": device.wlans().map(wlan).collect::<Vec<_>>(),
    });
    told(&device, TYPE, rest)
}
