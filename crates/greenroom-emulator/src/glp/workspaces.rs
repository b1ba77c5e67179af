//! Workspace management (`glp.md §5`): workspaces, how to reach them, and the tenants of an MSP.

use std::cell::OnceCell;

use greenroom_model::{
    filter::{Field, grammars::GLP_WORKSPACES},
    id::WorkspaceId,
    refusal::Refusal,
    role::{Permission, Resource},
    tenancy::{Address, Contact, Ownership, Workspace},
    tenants::TenantForm,
    time::Iso,
    world::{Session, WorkspaceIx, World},
};
use http::Method;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Page, Paging, Source, cut, ensure_value, first_row, get, paging, read_filter};
use crate::{
    json::{self, Rows, Uri},
    route::{Api, Ask, Confidence, Reply, Route},
};

const TENANTS: &str = "/workspaces/v1/msp-tenants";
const TENANT: &str = "/workspaces/v1/msp-tenants/{id}";
const WORKSPACES: &str = "/workspaces/v1/workspaces/";
const WORKSPACE: &str = "/workspaces/v1/workspaces/{id}";
const CONTACT: &str = "/workspaces/v1/workspaces/{id}/contact";
const SOURCE: Source = ("glp.md §5", Confidence::Documented);

/// Its routes, all with permissions on the Platform Customer Account.
pub(super) fn routes() -> Vec<Route> {
    let account = (Api::Workspaces, Resource::PlatformCustomerAccount);
    let change = |name, method, path, permission, act| {
        super::change((name, method, path), (account.0, account.1, permission), &[], SOURCE, act)
    };
    let paged = &["filter", "limit", "offset"];
    vec![
        get(("glp.msp-tenants.list", TENANTS), account, paged, SOURCE, list_tenants).whole(),
        change("glp.msp-tenants.create", Method::POST, TENANTS, Permission::Edit, create_tenant)
            .without("the quota of ten tenants in a window of unknown length, seen live (central.md §2)"),
        change("glp.msp-tenants.update", Method::PUT, TENANT, Permission::Edit, update_tenant).whole(),
        change("glp.msp-tenants.delete", Method::DELETE, TENANT, Permission::Delete, delete_tenant).whole(),
        get(("glp.workspaces.get", WORKSPACE), account, &[], SOURCE, get_workspace).whole(),
        get(("glp.workspaces.contact", CONTACT), account, &[], SOURCE, get_contact).whole(),
    ]
}

fn list_tenants(world: &World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let tenants = world.tenants(world.own_msp(session)?);
    let (offset, limit) = paging(world, ask, &Paging { default: 300, max: 300, text: ensure_value })?;
    let filter = read_filter(world, ask, GLP_WORKSPACES)?;
    let start = first_row(world, offset, limit);
    let past_end = world.dialect.page_past_end;
    Ok(Reply::later(tenants.count(), move || {
        let passes = |(_, tenant, ownership): &(_, &Workspace, Ownership)| {
            // It is written out for a filter that asks for it only.
            let id = OnceCell::new();
            filter.as_ref().is_none_or(|filter| {
                filter.matches(&|field| match field {
                    "id" => Field::Word(id.get_or_init(|| tenant.id.to_string())),
                    "createdAt" => Field::Instant(tenant.created_at),
                    "updatedAt" => Field::Instant(tenant.updated_at),
                    "workspaceName" => Field::Text(&tenant.name),
                    "createdBy" => Field::Text(tenants.creator(tenant)),
                    "inventoryOwnership" => Field::Text(ownership.inventory()),
                    _ => Field::Null,
                })
            })
        };
        let passing: Vec<_> = tenants.iter().filter(passes).collect();
        let rows = cut(past_end, passing.len(), start, limit)?;
        let shown = &passing[rows];
        Ok(json::text(&Page {
            offset,
            count: shown.len(),
            total: passing.len(),
            items: Rows(|| {
                shown.iter().map(|(_, tenant, ownership)| Item {
                    inventory_ownership: Some(ownership.inventory()),
                    ..Item::of(tenant, tenants.creator(tenant))
                })
            }),
        }))
    }))
}

/// The new id is only in `Location`, and its last segment, where clients look for it (`central.md §2`).
fn create_tenant(world: &mut World, session: &Session, ask: &Ask, now: Timestamp) -> Result<Reply, Refusal> {
    world.own_msp(session)?;
    let form = TenantForm::read(&ask.members()?)?;
    let ix = world.create_tenant(session, form, now)?;
    let location = uri(world.workspace(ix));
    Ok(Reply::created(location, json!({"message": "Tenant created"})).changed(change(world, ix, "created")))
}

fn update_tenant(world: &mut World, session: &Session, ask: &Ask, now: Timestamp) -> Result<Reply, Refusal> {
    let id = asked_tenant(world, session, ask)?;
    let form = TenantForm::read(&ask.members()?)?;
    let ix = world.update_tenant(session, id, form, now)?;
    Ok(Reply::ok(json!({"message": "Tenant updated"})).changed(change(world, ix, "changed")))
}

fn delete_tenant(world: &mut World, session: &Session, ask: &Ask, now: Timestamp) -> Result<Reply, Refusal> {
    let id = asked_tenant(world, session, ask)?;
    let ix = world.delete_tenant(session, id, now)?;
    Ok(Reply::no_content().changed(change(world, ix, "deleted")))
}

/// The tenant in the path. Whose it is comes before what the body says.
fn asked_tenant(world: &World, session: &Session, ask: &Ask) -> Result<WorkspaceId, Refusal> {
    world.own_msp(session)?;
    let id = path_id(ask, "tenantId")?;
    world.own_tenant(session, id)?;
    Ok(id)
}

/// For the history, by symbol: the name may hold anything.
fn change(world: &World, ix: WorkspaceIx, what: &str) -> String {
    format!("tenant {} {what}", world.workspace(ix).symbol)
}

fn get_workspace(world: &World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let workspace = world.own_workspace(session, path_id(ask, "workspaceId")?)?;
    let creator = &world.user(workspace.created_by).email;
    Ok(Reply::ok(Item { workspace_type: Some(workspace.kind.name()), ..Item::of(workspace, creator) }))
}

/// What is not known is left out: no member is required, and none may be null (`glp.md §5`). A workspace
/// of which nothing is known still has its `resourceUri`.
fn get_contact(world: &World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let workspace = world.own_workspace(session, path_id(ask, "workspaceId")?)?;
    let Contact { address, phone, email } = &workspace.contact;
    let Address { street, complement, city, state, zip, country } = address;
    let address = known([
        ("streetAddress", street),
        ("streetAddressComplement", complement),
        ("city", city),
        ("stateOrRegion", state),
        ("zip", zip),
        ("countryCode", country),
    ]);
    let mut body = Map::new();
    if !address.is_empty() {
        body.insert("address".to_owned(), address.into());
    }
    body.extend(known([("phoneNumber", phone), ("email", email)]));
    body.insert("resourceUri".to_owned(), format!("{}/contact", uri(workspace)).into());
    Ok(Reply::ok(body))
}

/// The members that have a value.
fn known<const N: usize>(members: [(&str, &Option<String>); N]) -> Map<String, Value> {
    let some = members.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
    some.map(|(name, value)| (name.to_owned(), value.clone().into())).collect()
}

fn path_id(ask: &Ask, name: &'static str) -> Result<WorkspaceId, Refusal> {
    let text = ask.segment("id");
    text.parse().map_err(|_| Refusal::Path { name, message: format!("Invalid UUID: {text}") })
}

fn uri(workspace: &Workspace) -> String {
    format!("{WORKSPACES}{}", workspace.id)
}

/// A workspace; `msp-tenants` tells who owns its devices instead of its type (`glp.md §5`).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    id: WorkspaceId,
    r#type: &'static str,
    workspace_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace_type: Option<&'static str>,
    generation: u32,
    created_at: Iso,
    updated_at: Iso,
    created_by: &'a str,
    resource_uri: Uri<WorkspaceId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inventory_ownership: Option<&'static str>,
}

impl<'a> Item<'a> {
    fn of(workspace: &'a Workspace, created_by: &'a str) -> Self {
        Self {
            id: workspace.id,
            r#type: "workspace",
            workspace_name: &workspace.name,
            workspace_type: None,
            generation: workspace.generation,
            created_at: Iso(workspace.created_at),
            updated_at: Iso(workspace.updated_at),
            created_by,
            resource_uri: Uri(WORKSPACES, workspace.id),
            inventory_ownership: None,
        }
    }
}
