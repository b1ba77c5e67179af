//! What a workspace sees: everything of its own, and nothing of anybody else.

use std::collections::{BTreeMap, BTreeSet};

use greenroom_model::{fleet::Device, tenancy::Ownership, world::WorkspaceIx};
use serde_json::json;

use super::{LISTS, walk};
use crate::wire::{
    AUDIT_LOG, Answer, DEVICES, INVENTORY, LIST_TENANTS, MSP_TENANTS, PROVISIONS, SAMPLE, TENANTS, Wire,
    workspace, workspace_id,
};

/// Everything that names a workspace or one of its devices.
fn names_of(ix: WorkspaceIx) -> BTreeSet<String> {
    let workspace = SAMPLE.workspace(ix);
    let own = [workspace.id.to_string(), workspace.id.plain(), workspace.central_customer.clone()];
    let device = |device: Device<'_>| {
        let key = device.subscription().map(|held| held.key.to_string());
        [device.id().to_string(), device.serial().into(), device.mac().into()].into_iter().chain(key)
    };
    let provisions = SAMPLE.provisions(ix).map(|provision| provision.id.simple().to_string());
    let devices: Vec<_> = SAMPLE.fleet().all(ix).flat_map(device).collect();
    own.into_iter().chain(provisions).chain(devices).collect()
}

fn serials(ix: WorkspaceIx) -> BTreeSet<String> {
    SAMPLE.fleet().all(ix).map(|device| device.serial().into()).collect()
}

/// Fails if an answer names a workspace that its reader must not see.
#[track_caller]
fn shows_nothing_of(answer: &Answer, strangers: &BTreeMap<String, &str>, names: &[&str], reader: &str) {
    let text = format!("{:?} {}", answer.headers, answer.text);
    for word in text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == ':')) {
        if let Some(owner) = strangers.get(word) {
            panic!("{reader} sees {word} of {owner}");
        }
    }
    for name in names {
        assert!(!text.contains(name), "{reader} sees the name {name}");
    }
}

#[tokio::test]
async fn no_workspace_sees_what_is_not_its_own() {
    let wire = Wire::frozen().await;
    // list-tenants answers a tenant with an empty list rather than at once with 403.
    wire.dialect(&["list_tenants_from_tenant_token=empty", "list_tenants_from_standard=empty"]);
    let msp = wire.mint("msp").await;
    let mut readers = vec![("msp", msp.clone()), ("standard", wire.mint("standard").await)];
    for tenant in TENANTS {
        readers.push((tenant, wire.exchange(&msp, tenant).await));
    }
    readers.push(("dedicated", wire.mint("dedicated").await));
    // Something in everybody's audit log, that names somebody's device and workspace.
    for (reader, token) in &readers {
        let device = SAMPLE.fleet().all(workspace(reader)).next().map(|device| device.id().to_string());
        wire.get(&format!("{DEVICES}/{}", device.unwrap_or_default()), token).await;
        wire.get(&format!("/workspaces/v1/workspaces/{}", workspace_id(reader)), token).await;
    }
    let managed = |owner: &str| TENANTS.contains(&owner);
    let msp_owned =
        |ix| SAMPLE.tenants(workspace("msp")).iter().any(|(it, _, how)| it == ix && how == Ownership::Msp);
    for (reader, token) in &readers {
        let own = workspace(reader);
        let mut strangers = BTreeMap::new();
        let mut names = Vec::new();
        for (ix, other) in SAMPLE.workspaces().filter(|(ix, _)| *ix != own) {
            let symbol = other.symbol.as_str();
            if *reader == "msp" && managed(symbol) {
                // An MSP sees who its tenants are, and the devices it owns for them.
                if !msp_owned(ix) {
                    strangers.extend(serials(ix).into_iter().map(|serial| (serial, symbol)));
                }
                continue;
            }
            strangers.extend(names_of(ix).into_iter().map(|name| (name, symbol)));
            names.push(other.name.as_str());
        }
        let mut seen: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for list in &LISTS {
            for page in walk(&wire, token, list, list.max, "").await {
                shows_nothing_of(&page, &strangers, &names, reader);
                let items = page.json()["items"].as_array().cloned().unwrap_or_default();
                let key = if list.path == DEVICES { "serialNumber" } else { list.id };
                let found = items.iter().map(|item| item[key].as_str().expect("a name").to_owned());
                seen.entry(list.path).or_default().extend(found);
            }
        }
        let network: BTreeSet<_> = SAMPLE.fleet().network(own).map(|device| device.serial().into()).collect();
        let mut inventory = serials(own);
        if *reader == "msp" {
            inventory
                .extend(SAMPLE.workspaces().filter(|(ix, _)| msp_owned(*ix)).flat_map(|(ix, _)| serials(ix)));
        }
        assert_eq!(seen[INVENTORY], network, "{reader}");
        assert_eq!(seen[DEVICES], inventory, "{reader}");
        let tenants = if *reader == "msp" { TENANTS.len() } else { 0 };
        assert_eq!([seen[LIST_TENANTS].len(), seen[MSP_TENANTS].len()], [tenants; 2], "{reader}");
        assert_eq!(seen[PROVISIONS].len(), SAMPLE.provisions(own).count(), "{reader}");
        assert!(!seen[AUDIT_LOG].is_empty(), "{reader}");
        by_id(&wire, reader, token).await;
    }
}

/// What a workspace gets for the ids of the others.
async fn by_id(wire: &Wire, reader: &str, token: &str) {
    let own = workspace(reader);
    for (ix, other) in SAMPLE.workspaces() {
        let visible = ix == own;
        let get = async |path: String| wire.get(&path, token).await.status;
        for id in [other.id.to_string(), other.id.plain()] {
            let status = get(format!("/workspaces/v1/workspaces/{id}")).await;
            assert_eq!(status, if visible { 200 } else { 403 }, "{reader} asks for {}", other.symbol);
        }
        for provision in SAMPLE.provisions(ix) {
            let status = get(format!("{PROVISIONS}/{}", provision.id)).await;
            assert_eq!(status, if visible { 200 } else { 404 }, "{reader} asks for {}", other.symbol);
        }
        let devices = SAMPLE.visible_devices(own);
        if let Some(device) = SAMPLE.fleet().all(ix).last() {
            let visible = devices.iter().any(|(plot, _)| *plot == ix);
            let status = get(format!("{DEVICES}/{}", device.id())).await;
            assert_eq!(status, if visible { 200 } else { 404 }, "{reader} asks for {}", other.symbol);
            let filter = format!("{DEVICES}?filter=serialNumber+eq+%27{}%27", device.serial());
            let found = wire.get(&filter, token).await.json()["total"].clone();
            assert_eq!(found, json!(usize::from(visible)), "{reader} filters for {}", other.symbol);
            let filter = format!("{INVENTORY}?filter=serialNumber+eq+{}", device.serial());
            let found = wire.get(&filter, token).await.json()["total"].clone();
            assert_eq!(found, json!(usize::from(ix == own && device.assigned())), "{reader} in Central");
        }
    }
}
