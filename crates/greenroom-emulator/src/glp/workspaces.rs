//! Workspace management (`glp.md §5`).

use greenroom_model::{
    dialect::OffsetUnit,
    filter::{Field, Grammar, Kind},
    refusal::Refusal,
    role::Resource,
    tenancy::{Ownership, Workspace, WorkspaceKind},
    world::{Session, World},
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{ALL_OPS, Paging, cut, ensure_value, get, iso, paging, read_filter};
use crate::route::{Api, Ask, Reply, Route};

const FILTER: Grammar = Grammar {
    fields: &[
        ("id", Kind::Text, ALL_OPS),
        ("createdAt", Kind::Instant, ALL_OPS),
        ("updatedAt", Kind::Instant, ALL_OPS),
        ("workspaceName", Kind::Text, ALL_OPS),
        ("createdBy", Kind::Text, ALL_OPS),
        ("inventoryOwnership", Kind::Text, ALL_OPS),
    ],
    logic: false,
    functions: true,
    bare_text: false,
    backslash: false,
};

/// Its routes.
pub(super) fn routes() -> Vec<Route> {
    let account = (Api::Workspaces, Resource::PlatformCustomerAccount);
    vec![
        get(
            ("glp.msp-tenants.list", "/workspaces/v1/msp-tenants"),
            account,
            &["filter", "limit", "offset"],
            "glp.md §5",
            list_tenants,
        ),
        get(
            ("glp.workspaces.get", "/workspaces/v1/workspaces/{id}"),
            account,
            &[],
            "glp.md §5",
            get_workspace,
        ),
    ]
}

fn list_tenants(world: &World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    if world.workspace(session.workspace).kind != WorkspaceKind::Msp {
        return Err(Refusal::NotAnMsp);
    }
    let (offset, limit) = paging(world, ask, &Paging { default: 300, max: 300, text: ensure_value })?;
    let filter = read_filter(ask, &FILTER)?;
    let passes = |tenant: &Workspace, ownership: Ownership| {
        let id = tenant.id.to_string();
        filter.as_ref().is_none_or(|filter| {
            filter.matches(&|field| match field {
                "id" => Field::Word(&id),
                "createdAt" | "updatedAt" => Field::Instant(tenant.created_at),
                "workspaceName" => Field::Text(&tenant.name),
                "createdBy" => Field::Text(&world.user(tenant.created_by).email),
                "inventoryOwnership" => Field::Text(ownership.inventory()),
                _ => Field::Null,
            })
        })
    };
    let tenants: Vec<_> = world
        .tenants(session.workspace)
        .filter(|(_, tenant, ownership)| passes(tenant, *ownership))
        .collect();
    let start = match world.dialect.offset_unit {
        OffsetUnit::Items => offset,
        OffsetUnit::Pages => offset.saturating_mul(limit),
    };
    let rows = cut(world.dialect.page_past_end, tenants.len(), start, limit)?;
    let items: Vec<_> = tenants[rows]
        .iter()
        .map(|(_, tenant, ownership)| {
            let mut item = workspace_json(world, tenant, None);
            item["inventoryOwnership"] = ownership.inventory().into();
            item
        })
        .collect();
    Ok(Reply::ok(json!({"offset": offset, "count": items.len(), "total": tenants.len(), "items": items})))
}

fn get_workspace(world: &World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let text = ask.segment("id");
    let id = text.parse().map_err(|_| {
        let shown: String = text.chars().take(36).collect();
        Refusal::Path { name: "workspaceId", message: format!("Invalid UUID: {shown}") }
    })?;
    let workspace = world.own_workspace(session, id)?;
    Ok(Reply::ok(workspace_json(world, workspace, Some(workspace.kind.name()))))
}

/// A workspace; `msp-tenants` leaves its type out (`glp.md §5`).
fn workspace_json(world: &World, workspace: &Workspace, kind: Option<&str>) -> Value {
    let mut body = json!({
        "id": workspace.id.to_string(),
        "type": "workspace",
        "workspaceName": workspace.name,
        "workspaceType": kind,
        "generation": 1,
        "createdAt": iso(workspace.created_at),
        "updatedAt": iso(workspace.created_at),
        "createdBy": world.user(workspace.created_by).email,
        "resourceUri": format!("/workspaces/v1/workspaces/{}", workspace.id),
    });
    if let (None, Some(members)) = (kind, body.as_object_mut()) {
        members.shift_remove("workspaceType");
    }
    body
}
