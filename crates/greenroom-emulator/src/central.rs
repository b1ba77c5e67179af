//! New Central: the device inventory and the MSP's list of tenants.

use greenroom_model::{
    dialect::{
        CreatedTimeUnit, IsProvisioned, LimitOverMax, ListTenantsFromStandard, ListTenantsFromTenantToken,
        PagePastEnd, UnquotedLiteral,
    },
    filter::{self, Field, Filter, FilterError, Grammar, Op},
    fleet::{Device, DeviceType},
    page::{self, Numbered},
    refusal::Refusal,
    sort::{self, SortKey},
    tenancy::{Ownership, Workspace, WorkspaceKind},
    world::{Session, WorkspaceIx, World},
};
use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::route::{Action, Api, Ask, Confidence, NumberFault, Reply, Route};

/// The routes of New Central.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route {
            name: "central.device-inventory",
            method: Method::GET,
            path: "/network-monitoring/v1/device-inventory",
            query: &["filter", "limit", "next", "site-assigned", "sort"],
            source: "central.md §1.1",
            confidence: Confidence::Documented,
            action: Action::Api(Api::CentralMonitoring, device_inventory),
        },
        Route {
            name: "central.list-tenants",
            method: Method::GET,
            path: "/network-msp/v1/list-tenants",
            query: &["filter", "limit", "next", "sort"],
            source: "central.md §2",
            confidence: Confidence::Documented,
            action: Action::Api(Api::CentralMsp, list_tenants),
        },
    ]
}

/// The longest `filter` and `sort` (`central.md §1.1`).
const LONGEST: usize = 256;
const EQ_IN: &[Op] = &[Op::Eq, Op::In];

fn limit(world: &World, ask: &Ask, default: Option<usize>, max: usize) -> Result<usize, Refusal> {
    let refuse = |message: String| Refusal::Query { name: "limit", message };
    match ask.number("limit", 0..=max) {
        Ok(Some(limit)) => Ok(limit),
        Ok(None) => default.ok_or_else(|| refuse("is required".to_owned())),
        Err(NumberFault::TooLarge) if world.dialect.limit_over_max == LimitOverMax::Clamp => Ok(max),
        Err(_) => Err(refuse(format!("must be a whole number from 0 to {max}"))),
    }
}

/// The number of the page asked for, if one was.
fn next(ask: &Ask) -> Result<Option<usize>, Refusal> {
    let most = i32::MAX.unsigned_abs() as usize;
    ask.number("next", 1..=most)
        .map_err(|_| Refusal::Query { name: "next", message: "must be a page number from 1 on".to_owned() })
}

fn short_text<'a>(ask: &'a Ask, name: &'static str) -> Result<&'a str, Refusal> {
    let text = ask.text(name).unwrap_or_default();
    if text.chars().count() > LONGEST {
        return Err(Refusal::Query {
            name,
            message: format!("must not be longer than {LONGEST} characters"),
        });
    }
    Ok(text)
}

fn read_filter(world: &World, ask: &Ask, grammar: Grammar) -> Result<Option<Filter>, Refusal> {
    let bare_text = world.dialect.unquoted_literal == UnquotedLiteral::Accept;
    Ok(filter::parse(short_text(ask, "filter")?, &Grammar { bare_text, ..grammar })?)
}

fn read_sort(ask: &Ask, known: &[&str]) -> Result<Vec<SortKey>, Refusal> {
    sort::parse(short_text(ask, "sort")?, known).map_err(|FilterError { at, message }| Refusal::Query {
        name: "sort",
        message: format!("{message} at position {at}"),
    })
}

fn page_of(world: &World, total: usize, number: usize, limit: usize) -> Result<Numbered, Refusal> {
    let page = page::by_number(total, number, limit);
    if page.past_end && world.dialect.page_past_end == PagePastEnd::BadRequest {
        return Err(Refusal::Query { name: "next", message: "there is no such page".to_owned() });
    }
    Ok(page)
}

/// `count`, `next` (text or null) and `total` of a page (`central.md §1.6`).
fn page_json(items: Vec<Value>, page: &Numbered, total: usize) -> Value {
    json!({
        "count": items.len(),
        "items": items,
        "next": page.next.map(|number| number.to_string()),
        "total": total,
    })
}

// ---- device inventory ----

const INVENTORY_FILTER: Grammar = Grammar {
    fields: &[
        ("siteId", EQ_IN),
        ("siteName", EQ_IN),
        ("serialNumber", EQ_IN),
        ("deviceName", EQ_IN),
        ("deviceType", EQ_IN),
        ("model", EQ_IN),
        ("firmwareVersion", EQ_IN),
        ("deviceFunction", EQ_IN),
        ("isProvisioned", EQ_IN),
        ("deviceGroupName", EQ_IN),
        // Not in the specification's table of fields, but in its example.
        ("deployment", EQ_IN),
    ],
    logic: false,
    functions: false,
    bare_text: true,
};

const INVENTORY_SORT: &[&str] = &[
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

fn device_inventory(world: &World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let limit = limit(world, ask, Some(20), 1000)?;
    let number = next(ask)?.unwrap_or(1);
    let filter = read_filter(world, ask, INVENTORY_FILTER)?;
    let sort = read_sort(ask, INVENTORY_SORT)?;
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
    if filter.is_none() && sort.is_empty() && sited.is_none() {
        // Serial numbers are in order of index, so a page is a range.
        let total = fleet.mix(workspace).network as usize;
        let page = page_of(world, total, number, limit)?;
        return Ok(Reply::Later(Box::new(move || {
            let row = |index| fleet.device(workspace, u32::try_from(index).ok()?);
            let items = page.rows.clone().filter_map(row).map(|device| inventory_item(&device, spelling));
            Ok(page_json(items.collect(), &page, total))
        })));
    }
    let past_end = world.dialect.page_past_end;
    Ok(Reply::Later(Box::new(move || {
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
        let page = page::by_number(total, number, limit);
        if page.past_end && past_end == PagePastEnd::BadRequest {
            return Err(Refusal::Query { name: "next", message: "there is no such page".to_owned() });
        }
        let items = devices[page.rows.clone()].iter().map(|device| inventory_item(device, spelling));
        Ok(page_json(items.collect(), &page, total))
    })))
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

// ---- tenants ----

const TENANT_FILTER: Grammar = Grammar {
    fields: &[("tenantName", &[Op::Eq]), ("deviceOwnership", EQ_IN)],
    logic: false,
    functions: false,
    bare_text: true,
};

const TENANT_SORT: &[&str] = &[
    "tenantName",
    "totalSites",
    "deviceHealthStatus",
    "degradedSites",
    "alerts",
    "deviceOwnership",
    "createdTime",
];

/// What list-tenants shows of one tenant.
struct TenantRow<'a> {
    tenant: &'a Workspace,
    ownership: Ownership,
    sites: u64,
    degraded: u64,
    /// Good, fair, poor.
    health: [u64; 3],
    /// Critical, major, minor.
    alerts: [u64; 3],
}

impl<'a> TenantRow<'a> {
    fn new(world: &World, ix: WorkspaceIx, tenant: &'a Workspace, ownership: Ownership) -> Self {
        let devices = u64::from(world.fleet().mix(ix).network);
        let poor = devices / 20;
        let fair = devices / 10;
        let luck = |what, most| world.seed.number(what, &tenant.symbol, 0) % most;
        let alerts =
            if devices == 0 { [0; 3] } else { [luck("critical", 4), luck("major", 8), luck("minor", 16)] };
        Self {
            tenant,
            ownership,
            sites: if devices == 0 { 0 } else { 2 },
            degraded: u64::from(poor > 0),
            health: [devices - fair - poor, fair, poor],
            alerts,
        }
    }

    /// What a sort compares: `alerts` by critical, major, minor; health by poor, fair, good.
    fn key(&self, name: &str) -> String {
        let numbers =
            |numbers: &[u64]| numbers.iter().map(|number| format!("{number:012}")).collect::<String>();
        match name {
            "tenantName" => self.tenant.name.clone(),
            "totalSites" => numbers(&[self.sites]),
            "degradedSites" => numbers(&[self.degraded]),
            "deviceHealthStatus" => numbers(&[self.health[2], self.health[1], self.health[0]]),
            "alerts" => numbers(&self.alerts),
            "deviceOwnership" => self.ownership.device().to_owned(),
            "createdTime" => format!("{:020}", self.tenant.created_at.as_millisecond()),
            _ => String::new(),
        }
    }

    fn json(&self, unit: CreatedTimeUnit) -> Value {
        let created = match unit {
            CreatedTimeUnit::Milliseconds => self.tenant.created_at.as_millisecond(),
            CreatedTimeUnit::Seconds => self.tenant.created_at.as_second(),
        };
        let [good, fair, poor] = self.health;
        let [critical, major, minor] = self.alerts;
        json!({
            "tenantId": self.tenant.central_customer,
            "tenantName": self.tenant.name,
            "totalSites": self.sites,
            "degradedSites": self.degraded,
            "deviceHealthStatus": {"total": good + fair + poor, "good": good, "fair": fair, "poor": poor},
            "alerts": {"total": critical + major + minor, "critical": critical, "major": major, "minor": minor},
            "deviceOwnership": self.ownership.device(),
            "createdTime": created,
            "lastUpdatedTime": created,
        })
    }
}

fn list_tenants(world: &World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let empty = match world.workspace(session.workspace).kind {
        WorkspaceKind::Msp => false,
        WorkspaceKind::Tenant { .. } => {
            world.dialect.list_tenants_from_tenant_token == ListTenantsFromTenantToken::Empty
        }
        WorkspaceKind::Standard => world.dialect.list_tenants_from_standard == ListTenantsFromStandard::Empty,
    };
    if !empty && world.workspace(session.workspace).kind != WorkspaceKind::Msp {
        return Err(Refusal::NotAnMsp);
    }
    let limit = limit(world, ask, None, 100)?;
    let number =
        next(ask)?.ok_or_else(|| Refusal::Query { name: "next", message: "is required".to_owned() })?;
    let filter = read_filter(world, ask, TENANT_FILTER)?;
    let mut sort = read_sort(ask, TENANT_SORT)?;
    if sort.is_empty() {
        sort.push(SortKey { field: "alerts".to_owned(), descending: true });
    }
    let mut rows: Vec<_> = world
        .tenants(session.workspace)
        .filter(|(_, tenant, ownership)| {
            filter.as_ref().is_none_or(|filter| {
                filter.matches(&|name| match name {
                    "tenantName" => Field::Text(&tenant.name),
                    "deviceOwnership" => Field::Word(ownership.device()),
                    _ => Field::Null,
                })
            })
        })
        .map(|(ix, tenant, ownership)| TenantRow::new(world, ix, tenant, ownership))
        .collect();
    sort::rows(&mut rows, &sort, TenantRow::key);
    let page = page_of(world, rows.len(), number, limit)?;
    let items = rows[page.rows.clone()].iter().map(|row| row.json(world.dialect.created_time_unit)).collect();
    Ok(Reply::Now(page_json(items, &page, rows.len())))
}
