//! The device inventory (`central.md §1.1`).

use greenroom_model::{
    dialect::{CentralAbsent, IsProvisioned},
    filter::grammars,
    fleet::Device,
    refusal::Refusal,
    role::Permission,
    world::{Session, World},
};
use http::Method;
use jiff::Timestamp;
use serde::Serialize;
use smol_str::SmolStr;

use super::{
    network::{DEPLOYMENT, List, Query, SiteId, TYPE, device_type, status},
    route,
};
use crate::{
    json::{self, Member, Quoted},
    route::{Api, Ask, Confidence, Operation, Reply, Route},
};

/// Its route.
pub(super) fn routes() -> Vec<Route> {
    vec![
        route(
            ("central.device-inventory", Method::GET, "/network-monitoring/v1/device-inventory"),
            (Api::CentralMonitoring, Permission::View),
            &["filter", "limit", "next", "site-assigned", "sort"],
            ("central.md §1.1", Confidence::Documented),
            Operation::Read(list),
        )
        .without("values of `role` and `stackId` (null everywhere); `deployment` other than Standalone"),
    ]
}

const LIST: List = List {
    default_limit: 20,
    filter: grammars::CENTRAL_DEVICE_INVENTORY,
    sort: grammars::CENTRAL_DEVICE_INVENTORY_SORT,
    monitored: false,
    kind: None,
};

fn list(world: &World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let mut query = Query::read(world, ask, &LIST)?;
    query.sited = match ask.text("site-assigned") {
        None => None,
        Some("ASSIGNED") => Some(true),
        Some("UNASSIGNED") => Some(false),
        Some(_) => {
            let message = "must be ASSIGNED or UNASSIGNED".to_owned();
            return Err(Refusal::Query { name: "site-assigned", message });
        }
    };
    let (fleet, workspace) = (world.fleet(), session.workspace);
    let (spelling, absent) = (world.dialect.is_provisioned, world.dialect.central_absent);
    Ok(Reply::later(query.looks_at(&fleet, workspace), move || {
        let picked = query.pick(&fleet, workspace)?;
        let devices = || picked.ranks.iter().filter_map(|rank| fleet.network_at(workspace, *rank));
        Ok(picked.json(json::Rows(|| devices().map(|device| Item::of(device, spelling, absent)))))
    }))
}

/// `central.md` appendix A1: all members, those without a value as the dialect `central_absent` says.
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
    status: &'static str,
    is_provisioned: &'static str,
    site_id: SiteId,
    #[serde(skip_serializing_if = "Member::is_omitted")]
    site_name: Member<&'a str>,
    #[serde(skip_serializing_if = "Member::is_omitted")]
    device_group_id: Member<Quoted>,
    #[serde(skip_serializing_if = "Member::is_omitted")]
    device_group_name: Member<&'a str>,
    scope_id: Quoted,
    #[serde(skip_serializing_if = "Member::is_omitted")]
    stack_id: Member<()>,
    #[serde(skip_serializing_if = "Member::is_omitted")]
    subscription_key: Member<&'a str>,
    tier: &'a str,
}

impl<'a> Item<'a> {
    fn of(device: Device<'a>, spelling: IsProvisioned, absent: CentralAbsent) -> Self {
        let (serial, site, group) = (device.serial(), device.site(), device.group());
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
            status: status(&device),
            is_provisioned: match (device.provisioned(), spelling) {
                (true, IsProvisioned::Title) => "Yes",
                (false, IsProvisioned::Title) => "No",
                (true, IsProvisioned::Upper) => "YES",
                (false, IsProvisioned::Upper) => "NO",
            },
            site_id: SiteId(site.map(|site| site.id)),
            site_name: Member::of(site.map(|site| site.name), absent),
            device_group_id: Member::of(group.map(|(id, _)| Quoted(id)), absent),
            device_group_name: Member::of(group.map(|(_, name)| name), absent),
            scope_id: Quoted(device.scope_id()),
            stack_id: Member::of(None, absent),
            subscription_key: Member::of(device.subscription().map(|held| held.key.as_str()), absent),
            tier: device.subscription().map_or_else(|| device.tier(), |held| held.tier.as_str()),
        }
    }
}
