//! The MSP's list of tenants (`central.md §2`).

use greenroom_model::{
    dialect::{CreatedTimeUnit, ListTenantsFromStandard, ListTenantsFromTenantToken},
    filter::{Field, grammars},
    fleet::Fleet,
    refusal::Refusal,
    role::Permission,
    sort::{self, SortKey},
    tenancy::{Ownership, Workspace, WorkspaceKind},
    world::{Session, WorkspaceIx, World},
};
use http::Method;
use jiff::Timestamp;
use serde::Serialize;

use super::{limit, next, page_of, page_text, read_filter, read_sort, route};
use crate::{
    json::Rows,
    route::{Api, Ask, Confidence, Operation, Reply, Route},
};

/// A tenant in the list. The numbers are those of its devices, as each of them tells.
#[derive(Clone, Copy)]
struct Row<'a> {
    ix: WorkspaceIx,
    tenant: &'a Workspace,
    ownership: Ownership,
    fleet: &'a Fleet,
}

/// What a sort compares.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key<'a> {
    Text(&'a str),
    Instant(Timestamp),
    Numbers([u32; 3]),
}

impl<'a> Row<'a> {
    fn field(&self, name: &str) -> Field<'a> {
        match name {
            "tenantName" => Field::Text(&self.tenant.name),
            "deviceOwnership" => Field::Word(self.ownership.device()),
            _ => Field::Null,
        }
    }

    /// `alerts` sorts by critical, major, minor; health by poor, fair, good (`central.md §2`).
    fn key(&self, name: &str) -> Key<'a> {
        let census = || self.fleet.census(self.ix);
        match name {
            "tenantName" => Key::Text(&self.tenant.name),
            "deviceOwnership" => Key::Text(self.ownership.device()),
            "createdTime" => Key::Instant(self.tenant.created_at),
            "totalSites" => Key::Numbers([census().sites, 0, 0]),
            "degradedSites" => Key::Numbers([census().degraded_sites(), 0, 0]),
            "deviceHealthStatus" => {
                let census = census();
                Key::Numbers([census.poor, census.fair, census.good])
            }
            _ => Key::Numbers(census().alerts()),
        }
    }

    fn item(&self, unit: CreatedTimeUnit) -> Item<'a> {
        let instant = |at: Timestamp| match unit {
            CreatedTimeUnit::Milliseconds => at.as_millisecond(),
            CreatedTimeUnit::Seconds => at.as_second(),
        };
        let census = self.fleet.census(self.ix);
        let [critical, major, minor] = census.alerts();
        Item {
            tenant_id: &self.tenant.central_customer,
            tenant_name: &self.tenant.name,
            total_sites: census.sites,
            degraded_sites: census.degraded_sites(),
            device_health_status: Health {
                total: census.monitored(),
                good: census.good,
                fair: census.fair,
                poor: census.poor,
            },
            alerts: Alerts { total: critical + major + minor, critical, major, minor },
            device_ownership: self.ownership.device(),
            created_time: instant(self.tenant.created_at),
            last_updated_time: instant(self.tenant.updated_at),
        }
    }
}

/// A tenant as the list shows it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    tenant_id: &'a str,
    tenant_name: &'a str,
    total_sites: u32,
    degraded_sites: u32,
    device_health_status: Health,
    alerts: Alerts,
    device_ownership: &'static str,
    created_time: i64,
    last_updated_time: i64,
}

#[derive(Serialize)]
struct Health {
    total: u32,
    good: u32,
    fair: u32,
    poor: u32,
}

#[derive(Serialize)]
struct Alerts {
    total: u32,
    critical: u32,
    major: u32,
    minor: u32,
}

/// Its route.
pub(super) fn routes() -> Vec<Route> {
    vec![
        route(
            ("central.list-tenants", Method::GET, "/network-msp/v1/list-tenants"),
            (Api::CentralMsp, Permission::View),
            &["filter", "limit", "next", "sort"],
            ("central.md §2", Confidence::Documented),
            Operation::Read(list),
        )
        .without(
            "health and alerts that come from devices: they follow from the seed and the number of devices",
        ),
    ]
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
    let limit = limit(world, ask, None, 0..=100)?;
    let number =
        next(ask)?.ok_or_else(|| Refusal::Query { name: "next", message: "is required".to_owned() })?;
    let filter = read_filter(world, ask, grammars::CENTRAL_LIST_TENANTS)?;
    let mut sort = read_sort(ask, grammars::CENTRAL_LIST_TENANTS_SORT)?;
    if sort.is_empty() {
        sort.push(SortKey { field: "alerts".to_owned(), descending: true });
    }
    let (tenants, fleet) = (world.tenants(session.workspace), world.fleet());
    let (past_end, unit) = (world.dialect.page_past_end, world.dialect.created_time_unit);
    Ok(Reply::later(tenants.count(), move || {
        let rows: Vec<_> = tenants
            .iter()
            .map(|(ix, tenant, ownership)| Row { ix, tenant, ownership, fleet: &fleet })
            .filter(|row| filter.as_ref().is_none_or(|filter| filter.matches(&|name| row.field(name))))
            .collect();
        let page = page_of(past_end, rows.len(), number, limit)?;
        let shown = sort::page(rows.len(), &sort, page.rows.clone(), |row, name| rows[row].key(name));
        Ok(page_text(Rows(|| shown.iter().map(|row| rows[*row].item(unit))), &page, shown.len(), rows.len()))
    }))
}
