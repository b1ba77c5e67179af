//! The audit log, version 1 (`glp.md §7.1`).

use greenroom_model::{
    dialect::AuditV1DefaultLimit,
    refusal::Refusal,
    role::Resource,
    sample::REGION,
    world::{Session, World},
};
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::{Paging, cut, get, paging, served};
use crate::route::{Api, Ask, Confidence, NumberFault, Reply, Route};

/// Its routes.
pub(super) fn routes() -> Vec<Route> {
    vec![get(
        ("glp.audit-log.list", "/audit-log/v1/logs"),
        (Api::AuditLog, Resource::AuditLog),
        &["all", "filter", "limit", "offset", "select"],
        ("glp.md §7.1", Confidence::Documented),
        list,
    )
    .without(
        "`all`, `filter` and `select` (a 400 that says so); details of entries (`hasDetails` is false); the \
         retention of three months (the newest 10,000 entries are kept)",
    )]
}

fn list(world: &World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    served(ask, &["all", "filter", "select"])?;
    let default = match world.dialect.audit_v1_default_limit {
        AuditV1DefaultLimit::Fifty => 50,
        AuditV1DefaultLimit::TwoThousand => 2000,
    };
    let (offset, limit) = paging(world, ask, &Paging { default, max: 2000, text: audit_value })?;
    let workspace = world.workspace(session.workspace);
    let lines: Vec<_> = world.audit_log().of(session.workspace).collect();
    let rows = cut(world.dialect.page_past_end, lines.len(), offset, limit)?;
    let remaining = rows.end < lines.len();
    let items: Vec<_> = lines[rows]
        .iter()
        .map(|line| {
            // Whole seconds, unlike the other services (glp.md §10 row 25).
            let at = line.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
            json!({
                "id": world.seed.uuid("audit", "", line.ordinal).to_string(),
                "type": "/audit-log/logs",
                "user": {"username": world.user(line.user).email},
                "application": {"id": Uuid::nil().to_string()},
                "region": REGION,
                "category": line.category,
                "description": line.description,
                "workspace": {"id": workspace.id.plain(), "workspaceName": workspace.name},
                "createdAt": at,
                "updatedAt": at,
                "additionalInfo": {"ipAddress": "127.0.0.1"},
                "hasDetails": false,
                "generation": 1,
            })
        })
        .collect();
    Ok(Reply::ok(json!({
        "items": items,
        "count": items.len(),
        "offset": offset,
        "total": lines.len(),
        "remainingRecords": remaining,
    })))
}

/// The words of the audit log (`glp.md §7.1`).
fn audit_value(name: &'static str, fault: NumberFault, max: usize) -> String {
    match fault {
        NumberFault::TooLarge => format!("Maximum allowed limit is {max}."),
        NumberFault::NotANumber | NumberFault::TooSmall => format!("Invalid value for {name}."),
    }
}
