//! Enough of Classic Central's lists for programs that sign in: devices, groups, an MSP's customers, the audit
//! trail. No specification of them is at hand: their members are those that clients read.

use std::ops::Range;

use greenroom_model::{
    fleet::{Device, DeviceType},
    page,
    refusal::Refusal,
    role::Resource,
    tenancy::{Ownership, Workspace, WorkspaceKind},
    world::{Session, World},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use smol_str::SmolStr;

use crate::{
    glp::get,
    json::{self, Rows},
    route::{Api, Ask, Confidence, Reply, Route},
};

/// What speaks for the members of a list.
const CLIENTS: (&str, Confidence) =
    ("central.md §7.4; pycentral 1.4.3, pycentral.classic 2.0a25", Confidence::Client);

/// Their routes.
pub(super) fn routes() -> Vec<Route> {
    let monitoring = (Api::Classic, Resource::NetworkMonitoring);
    let log = (Api::ClassicAuditLog, Resource::AuditLog);
    vec![
        get(
            ("classic.devices.list", "/platform/device_inventory/v1/devices"),
            monitoring,
            &["limit", "offset", "sku_type"],
            CLIENTS,
            devices,
        )
        .without("`imei` (null everywhere); `sku_type` of what is no access point, switch or gateway is empty"),
        get(
            ("classic.groups.list", "/configuration/v2/groups"),
            monitoring,
            &["limit", "offset"],
            CLIENTS,
            groups,
        )
        .without("templates"),
        get(
            ("classic.customers.list", "/msp_api/v1/customers"),
            monitoring,
            &["customer_name", "limit", "offset"],
            CLIENTS,
            customers,
        )
        .without("provisioning of customers, and quotas"),
        get(("classic.customers.get", "/msp_api/v1/customers/{id}"), monitoring, &[], CLIENTS, customer)
            .without("the same as the list"),
        get(
            ("classic.audit-log.list", "/platform/auditlogs/v1/logs"),
            log,
            &["end_time", "limit", "offset", "start_time", "username"],
            CLIENTS,
            trail,
        )
        .without(
            "filters by `description`, `target`, `classification`, `customer_name`, `ip_address` and `app_id`",
        ),
    ]
}

/// The rows that are asked for: `offset` and `limit`, with what there are if no limit is said.
fn rows(ask: &Ask, most: Option<usize>, total: usize) -> Result<Range<usize>, Refusal> {
    let number = |name: &'static str| {
        let bad = |_| Refusal::Query { name, message: "must be a whole number from 0 on".to_owned() };
        ask.number(name, 0..=usize::MAX / 2).map_err(bad)
    };
    let (offset, limit) = (number("offset")?.unwrap_or(0), number("limit")?);
    let limit = match (limit, most) {
        (Some(limit), Some(most)) => limit.min(most),
        (Some(limit), None) => limit,
        (None, most) => most.unwrap_or(total),
    };
    Ok(page::by_offset(total, offset, limit))
}

/// The most devices at once (pycentral: "Maximum limit per request is 50"). Without a limit they all come.
const MOST_DEVICES: usize = 50;

fn devices(world: &World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let wanted: &[DeviceType] = match ask.text("sku_type").unwrap_or("all") {
        "all" => &[DeviceType::AccessPoint, DeviceType::Switch, DeviceType::Gateway],
        "iap" | "all_ap" => &[DeviceType::AccessPoint],
        "switch" => &[DeviceType::Switch],
        "gateway" | "controller" | "all_controller" => &[DeviceType::Gateway],
        _ => &[],
    };
    let customer = world.workspace(session.workspace);
    let (id, name) = (customer.central_customer.clone(), customer.name.clone());
    let (fleet, workspace, asked) = (world.fleet(), session.workspace, ask.clone());
    Ok(Reply::later(fleet.mix(workspace).network as usize, move || {
        let there: Vec<_> =
            fleet.network(workspace).filter(|device| wanted.contains(&device.kind())).collect();
        let most = asked.text("limit").map(|_| MOST_DEVICES);
        let shown = &there[rows(&asked, most, there.len())?];
        let row = |device: &Device<'_>| device_row(device, &id, &name);
        Ok(json::text(&json!({"devices": shown.iter().map(row).collect::<Vec<_>>(), "total": there.len()})))
    }))
}

fn device_row(device: &Device<'_>, customer: &str, name: &str) -> Value {
    let kind = match device.kind() {
        DeviceType::AccessPoint => "IAP",
        DeviceType::Switch => "SWITCH",
        _ => "GATEWAY",
    };
    // ADVANCED_AP is "advanced_ap" of tier "advanced".
    let tier = device.tier().to_ascii_lowercase();
    json!({
        "aruba_part_no": device.part_number(),
        "customer_id": customer,
        "customer_name": name,
        "device_type": kind,
        "imei": null,
        "macaddr": device.mac(),
        "model": device.model(),
        "serial": device.serial(),
        "services": [tier],
        "tier_type": tier.split('_').next(),
    })
}

/// The most groups at once (pycentral asks for 20).
const MOST_GROUPS: usize = 20;

fn groups(world: &World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let fleet = world.fleet();
    let tree = fleet.tree(session.workspace);
    let known = tree.groups().map(|(_, group)| group.name);
    let names: Vec<_> =
        [SmolStr::new_static("default")].into_iter().chain(known).map(|name| [name]).collect();
    let shown = &names[rows(ask, Some(MOST_GROUPS), names.len())?];
    Ok(Reply::ok(json!({"data": shown, "total": names.len()})))
}

/// The most customers at once (pycentral asks for 100).
const MOST_CUSTOMERS: usize = 100;

fn customers(world: &World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let msp = msp(world, session)?.to_owned();
    let (tenants, asked) = (world.tenants(session.workspace), ask.clone());
    Ok(Reply::later(tenants.count(), move || {
        let wanted = asked.text("customer_name");
        let there: Vec<_> = tenants
            .iter()
            .filter(|(_, tenant, _)| wanted.is_none_or(|name| tenant.name.contains(name)))
            .collect();
        let shown = &there[rows(&asked, Some(MOST_CUSTOMERS), there.len())?];
        let row =
            |(_, tenant, ownership): &(_, &Workspace, Ownership)| customer_row(tenant, *ownership, &msp);
        Ok(json::text(&json!({"customers": Rows(|| shown.iter().map(row)), "total": there.len()})))
    }))
}

fn customer(world: &World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let msp = msp(world, session)?;
    let acting = world.in_tenant(*session, ask.segment("id"));
    let tenant = acting.ok().map(|acting| world.workspace(acting.workspace));
    let tenant = tenant.and_then(|tenant| Some((tenant, tenant.ownership()?)));
    let (tenant, ownership) = tenant.ok_or_else(|| Refusal::NotFound("such customer".to_owned()))?;
    Ok(Reply::ok(customer_row(tenant, ownership, msp)))
}

fn msp<'w>(world: &'w World, session: &Session) -> Result<&'w str, Refusal> {
    let workspace = world.workspace(session.workspace);
    match workspace.kind {
        WorkspaceKind::Msp => Ok(&workspace.central_customer),
        WorkspaceKind::Tenant { .. } | WorkspaceKind::Standard => Err(Refusal::NotAnMsp),
    }
}

/// The members that the SDK's documentation of `get_all_customers` lists.
fn customer_row(tenant: &Workspace, ownership: Ownership, msp: &str) -> Value {
    json!({
        "account_status": "Active",
        "account_type": "STANDALONE",
        "application_id": null,
        "application_instance_id": null,
        "created_at": tenant.created_at.as_second(),
        "customer_id": tenant.central_customer,
        "customer_name": tenant.name,
        "description": tenant.description.clone().unwrap_or_default(),
        "device_ownership": ownership.device(),
        "lock_msp_ssids": false,
        "msp_id": msp,
        "platform_customer_id": tenant.id.plain(),
        "provision_status": "PROVISIONED",
        "region": null,
        "updated_at": tenant.updated_at.as_second(),
        "username": tenant.contact.email.clone().unwrap_or_default(),
    })
}

/// The most lines at once ("max limit 100 if you provide the parameter", as a client's authors found).
const MOST_LINES: usize = 100;

fn trail(world: &World, session: &Session, ask: &Ask, now: Timestamp) -> Result<Reply, Refusal> {
    let time = |name: &'static str| {
        let bad = |_| Refusal::Query { name, message: "must be seconds since 1970".to_owned() };
        ask.text(name).map(|text| text.parse::<i64>().map_err(bad)).transpose()
    };
    let (from, until) = (time("start_time")?.unwrap_or(i64::MIN), time("end_time")?.unwrap_or(i64::MAX));
    let (lines, seed, asked) = (world.audit_lines(session.workspace, now), world.seed, ask.clone());
    Ok(Reply::later(lines.lines.len(), move || {
        let user = asked.text("username");
        let there: Vec<_> = lines
            .lines
            .iter()
            .filter(|line| (from..=until).contains(&line.at.as_second()))
            .filter(|line| user.is_none_or(|user| lines.author(line) == user))
            .collect();
        let most = asked.text("limit").map(|_| MOST_LINES);
        let shown = &there[rows(&asked, most, there.len())?];
        let shown = shown.iter().map(|line| {
            json!({
                "app_id": "central",
                "classification": line.category,
                "description": line.description,
                "has_details": !line.details.is_empty(),
                "id": seed.uuid("audit", "", line.ordinal).to_string(),
                "ip_addr": "127.0.0.1",
                "target": "",
                "ts": line.at.as_second(),
                "user": lines.author(line),
            })
        });
        Ok(json::text(&json!({"audit_logs": shown.collect::<Vec<_>>(), "total": there.len()})))
    }))
}
