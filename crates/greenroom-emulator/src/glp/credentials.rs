//! API client credentials (`glp.md §4`): list, create, reset, delete.

use greenroom_model::{
    credentials::NewCredential,
    id::{WorkspaceId, parse_uuid},
    refusal::Refusal,
    role::{Permission, Resource},
    time::Spaced,
    world::{ClientIx, Session, World},
};
use http::Method;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Source, bad, get};
use crate::route::{Api, Ask, Confidence, Reply, Route};

const CREDENTIALS: &str = "/workspaces/v1/credentials";
const CREDENTIAL: &str = "/workspaces/v1/credentials/{id}";
const SOURCE: Source = ("glp.md §4", Confidence::Documented);
const RESET: &str = "/workspaces/v1/credentials/{id}/reset";

/// Its routes, with the permissions of seed 004.
pub(super) fn routes() -> Vec<Route> {
    let workspace = (Api::Credentials, Resource::Workspace);
    let change = |name, method, path, permission, act| {
        super::change((name, method, path), (workspace.0, workspace.1, permission), &[], SOURCE, act)
    };
    vec![
        get(("glp.credentials.list", CREDENTIALS), workspace, &["filter"], SOURCE, list).whole(),
        change("glp.credentials.create", Method::POST, CREDENTIALS, Permission::Edit, create).whole(),
        change("glp.credentials.delete", Method::DELETE, CREDENTIAL, Permission::Delete, delete).whole(),
        change("glp.credentials.reset", Method::POST, RESET, Permission::Edit, reset).whole(),
    ]
}

fn list(world: &World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let credentials = world.credentials(session, ask.text("filter"))?;
    let items: Vec<_> = credentials.map(|(ix, _)| credential_json(world, ix, Show::All)).collect();
    Ok(Reply::ok(json!({"items": items, "count": items.len()})))
}

fn create(world: &mut World, session: &Session, ask: &Ask, now: Timestamp) -> Result<Reply, Refusal> {
    let ix = world.create_credential(session, wish(&ask.members()?)?, now)?;
    let location = format!("{CREDENTIALS}/{}", world.client(ix).id);
    let body = credential_json(world, ix, Show::AllAndSecret);
    Ok(Reply::created(location, body).changed(change(world, ix, "created")))
}

fn reset(world: &mut World, session: &Session, ask: &Ask, now: Timestamp) -> Result<Reply, Refusal> {
    let ix = world.reset_credential(session, ask.segment("id"), now)?;
    Ok(Reply::ok(credential_json(world, ix, Show::AllAndSecret)).changed(change(world, ix, "reset")))
}

fn delete(world: &mut World, session: &Session, ask: &Ask, now: Timestamp) -> Result<Reply, Refusal> {
    let ix = world.delete_credential(session, ask.segment("id"), now)?;
    Ok(Reply::no_content().changed(change(world, ix, "deleted")))
}

/// For the history, by the name that tokens are called by: `credentialName` may hold anything.
fn change(world: &World, ix: ClientIx, what: &str) -> String {
    format!("credential {} {what}", world.client(ix).name)
}

/// What the body of a POST asks for. Members that nobody documented are ignored, and null is as good as
/// nothing.
fn wish(members: &Map<String, Value>) -> Result<NewCredential, Refusal> {
    let Some(Value::String(name)) = members.get("credentialName") else {
        return Err(bad("credentialName", "must be there, as text"));
    };
    let tenant = reference(members, "associatedTenant", tenant_id)?;
    let provision = reference(members, "associatedServiceManagerProvision", provision_id)?;
    Ok(NewCredential { name: name.clone(), tenant, provision })
}

/// What `{"resourceUri": …}` refers to.
fn reference<T>(
    members: &Map<String, Value>,
    name: &str,
    read: fn(&str) -> Option<T>,
) -> Result<Option<T>, Refusal> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(members)) => match members.get("resourceUri").and_then(Value::as_str).map(read) {
            Some(Some(id)) => Ok(Some(id)),
            _ => Err(bad(&format!("{name}/resourceUri"), "must be the path of such a resource")),
        },
        Some(_) => Err(bad(name, "must be an object")),
    }
}

/// HPE writes `workspaces` in its examples and `workspace` in its schema (`glp.md §4`).
fn tenant_id(uri: &str) -> Option<WorkspaceId> {
    let id = ["/workspaces/v1/workspaces/", "/workspaces/v1/workspace/"]
        .into_iter()
        .find_map(|path| uri.strip_prefix(path))?;
    id.parse().ok()
}

/// The version of the API in the path is that of the page that shows it (`glp.md §10` rows 24 and 26).
fn provision_id(uri: &str) -> Option<Uuid> {
    let rest = ["/service-catalog/v1beta1/", "/service-catalog/v1/"]
        .into_iter()
        .find_map(|path| uri.strip_prefix(path))?;
    parse_uuid(rest.strip_prefix("service-manager-provisions/")?)
}

/// How much of a credential is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Show {
    /// What a list shows.
    All,
    /// The secret too, as only the answers to create and reset do.
    AllAndSecret,
}

/// A credential. `generation` is 1 in all of HPE's samples, also after a reset.
fn credential_json(world: &World, ix: ClientIx, show: Show) -> Value {
    let client = world.client(ix);
    let mut body = json!({
        "credentialName": client.credential_name,
        "id": client.id,
        "clientId": client.id,
        "type": "credentials",
        "generation": 1,
        "createdAt": Spaced(client.created_at),
        "updatedAt": Spaced(client.updated_at),
    });
    if client.for_tenant {
        let tenant = world.workspace(client.workspace);
        body["associatedTenant"] = json!({
            "resourceUri": format!("/workspaces/v1/workspaces/{}", tenant.id),
            "tenantName": tenant.name,
        });
    }
    if let Some(provision) = client.provision {
        let path = "/service-catalog/v1beta1/service-manager-provisions";
        body["associatedServiceManagerProvision"] =
            json!({"resourceUri": format!("{path}/{}", provision.simple())});
    }
    if let (Show::AllAndSecret, Some(secret)) = (show, client.secret.value()) {
        body["clientSecret"] = secret.reveal().into();
    }
    body
}
