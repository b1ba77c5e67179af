//! The MSP's list of tenants (`central.md §2`).

use greenroom_model::{
    dialect::{CreatedTimeUnit, ListTenantsFromStandard, ListTenantsFromTenantToken},
    filter::{Field, Grammar, Kind, Op},
    refusal::Refusal,
    role::Permission,
    sort::{self, SortKey},
    tenancy::{Ownership, Workspace, WorkspaceKind},
    world::{Session, WorkspaceIx, World},
};
use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{EQ_IN, limit, next, page_json, page_of, read_filter, read_sort, route};
use crate::route::{Api, Ask, Operation, Reply, Route};

const FILTER: Grammar = Grammar {
    fields: &[("tenantName", Kind::Text, &[Op::Eq]), ("deviceOwnership", Kind::Text, EQ_IN)],
    logic: false,
    functions: false,
    bare_text: true,
    backslash: true,
};

const SORT: &[&str] = &[
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

/// Its route.
pub(super) fn routes() -> Vec<Route> {
    vec![route(
        ("central.list-tenants", Method::GET, "/network-msp/v1/list-tenants"),
        (Api::CentralMsp, Permission::View),
        &["filter", "limit", "next", "sort"],
        "central.md §2",
        Operation::Read(list),
    )]
}

fn list(world: &World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
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
    let filter = read_filter(world, ask, FILTER)?;
    let mut sort = read_sort(ask, SORT)?;
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
    let page = page_of(world.dialect.page_past_end, rows.len(), number, limit)?;
    let items = rows[page.rows.clone()].iter().map(|row| row.json(world.dialect.created_time_unit)).collect();
    Ok(Reply::ok(page_json(items, &page, rows.len())))
}
