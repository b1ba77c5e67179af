//! Device management (`glp.md §6`).

use std::ops::Range;

use greenroom_model::{
    access::Service,
    filter::{Field, Grammar, Kind},
    fleet::{Device, DeviceType, SharedFleet},
    id::{WorkspaceId, parse_uuid},
    refusal::Refusal,
    role::Resource,
    sample::REGION,
    world::{Session, WorkspaceIx, World},
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{ALL_OPS, Paging, cut, get, iso, paging, read_filter, served};
use crate::route::{Api, Ask, NumberFault, Reply, Route, object};

const FILTER: Grammar = Grammar {
    fields: &[
        ("id", Kind::Text, ALL_OPS),
        ("serialNumber", Kind::Text, ALL_OPS),
        ("macAddress", Kind::Text, ALL_OPS),
        ("partNumber", Kind::Text, ALL_OPS),
        ("deviceType", Kind::Text, ALL_OPS),
        ("model", Kind::Text, ALL_OPS),
        ("assignedState", Kind::Text, ALL_OPS),
        ("category", Kind::Text, ALL_OPS),
        ("region", Kind::Text, ALL_OPS),
        ("archived", Kind::Truth, ALL_OPS),
        ("isFlex", Kind::Truth, ALL_OPS),
        ("createdAt", Kind::Instant, ALL_OPS),
        ("updatedAt", Kind::Instant, ALL_OPS),
        ("tenantWorkspaceId", Kind::Text, ALL_OPS),
        ("manufacturedDate", Kind::Instant, ALL_OPS),
        ("application/id", Kind::Text, ALL_OPS),
    ],
    logic: true,
    functions: false,
    bare_text: false,
    backslash: false,
};

/// Its routes.
pub(super) fn routes() -> Vec<Route> {
    let devices = (Api::Devices, Resource::DeviceManagement);
    vec![
        get(
            ("glp.devices.list", "/devices/v1/devices"),
            devices,
            &["filter", "filter-tags", "limit", "offset", "select", "sort"],
            "glp.md §6.2",
            list,
        ),
        get(("glp.devices.get", "/devices/v1/devices/{id}"), devices, &[], "glp.md §6.3", get_device),
    ]
}

fn list(world: &World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    served(ask, &["filter-tags", "sort", "select"])?;
    let (offset, limit) = paging(world, ask, &Paging { default: 2000, max: 2000, text: numeric_value })?;
    let filter = read_filter(ask, &FILTER)?;
    let plots = world.visible_devices(session.workspace);
    let writer = DeviceWriter::new(world, session.workspace);
    let past_end = world.dialect.page_past_end;
    let Some(filter) = filter else {
        let total = plots.iter().map(|(_, count)| *count as usize).sum();
        let rows = cut(past_end, total, offset, limit)?;
        return Ok(Reply::later(rows.len(), move || {
            let items: Vec<_> = writer.rows(&plots, rows).collect();
            Ok(device_page(items, offset, total).to_string())
        }));
    };
    let most = plots.iter().map(|(_, count)| *count as usize).sum();
    Ok(Reply::later(most, move || {
        let all = writer.rows(&plots, 0..usize::MAX);
        let matching: Vec<_> = all.filter(|item| filter.matches(&|name| json_field(item, name))).collect();
        let total = matching.len();
        let rows = cut(past_end, total, offset, limit)?;
        let items = matching.into_iter().take(rows.end).skip(rows.start).collect();
        Ok(device_page(items, offset, total).to_string())
    }))
}

fn device_page(items: Vec<Value>, offset: usize, total: usize) -> Value {
    let count = items.len().into();
    object([
        ("items", Value::Array(items)),
        ("count", count),
        ("offset", offset.into()),
        ("total", total.into()),
    ])
}

/// A member of a row, named by its path.
fn json_field<'a>(item: &'a Value, name: &str) -> Field<'a> {
    let member = name.split('/').try_fold(item, |value, part| value.get(part));
    match member {
        Some(Value::String(text)) => match (name.ends_with("At"), text.parse()) {
            (true, Ok(at)) => Field::Instant(at),
            _ => Field::Text(text),
        },
        Some(Value::Bool(truth)) => Field::Truth(*truth),
        Some(Value::Number(number)) => number.as_i64().map_or(Field::Null, Field::Number),
        _ => Field::Null,
    }
}

fn get_device(world: &World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let Some(id) = parse_uuid(ask.segment("id")) else {
        let message = "Device ID is not a valid UUID.".to_owned();
        return Err(Refusal::Path { name: "id", message });
    };
    let device = world
        .visible_device(session.workspace, id)
        .ok_or_else(|| Refusal::NotFound(id.hyphenated().to_string()))?;
    Ok(Reply::ok(DeviceWriter::new(world, session.workspace).item(&device)))
}

/// Writes devices without holding the world.
struct DeviceWriter {
    fleet: SharedFleet,
    viewer: WorkspaceIx,
    /// Dashed and plain id of each workspace, by number.
    ids: Vec<WorkspaceId>,
}

impl DeviceWriter {
    fn new(world: &World, viewer: WorkspaceIx) -> Self {
        let ids = world.workspaces().map(|(_, workspace)| workspace.id).collect();
        Self { fleet: world.fleet(), viewer, ids }
    }

    /// The rows of the concatenated plots.
    fn rows<'a>(
        &'a self,
        plots: &'a [(WorkspaceIx, u32)],
        rows: Range<usize>,
    ) -> impl Iterator<Item = Value> + 'a {
        let mut before = 0;
        plots
            .iter()
            .flat_map(move |(workspace, count)| {
                let first = rows.start.saturating_sub(before).min(*count as usize);
                let end = rows.end.saturating_sub(before).min(*count as usize);
                before += *count as usize;
                (first..end).map(move |index| (*workspace, index))
            })
            .filter_map(|(workspace, index)| {
                let device = self.fleet.device(workspace, u32::try_from(index).ok()?)?;
                Some(self.item(&device))
            })
    }

    /// `glp.md §6.2`. Members without a value are null, as live.
    fn item(&self, device: &Device) -> Value {
        let (device_type, category) = match device.kind {
            DeviceType::AccessPoint => ("AP", "NETWORK"),
            DeviceType::Switch => ("SWITCH", "NETWORK"),
            DeviceType::Gateway => ("GATEWAY", "NETWORK"),
            DeviceType::Compute => ("COMPUTE", "COMPUTE"),
            DeviceType::Storage => ("STORAGE", "STORAGE"),
        };
        let central = World::service_manager(Service::Central);
        let of_tenant = device.workspace != self.viewer;
        let owner = self.ids[device.workspace.0];
        let subscription_id = device.subscription_id();
        let subscription = json!([{
            "id": subscription_id.to_string(),
            "resourceUri": format!("/subscriptions/v1beta1/subscriptions/{subscription_id}"),
            "key": device.subscription_key(),
            "tier": device.tier,
            "startTime": iso(device.created_at),
            "endTime": "2030-12-31T23:59:59.000Z",
        }]);
        json!({
            "id": device.id.to_string(),
            "type": "devices/device",
            "serialNumber": device.serial,
            "partNumber": device.part_number,
            "macAddress": device.mac,
            "deviceType": device_type,
            "model": device.model,
            "make": "HPE",
            "category": category,
            "deviceName": null,
            "secondaryName": null,
            "archived": false,
            "assignedState": if device.assigned { "ASSIGNED_TO_SERVICE" } else { "UNASSIGNED" },
            "region": device.assigned.then_some(REGION),
            "application": device.assigned.then(|| json!({
                "id": central.to_string(),
                "resourceUri": format!("/service-catalog/v1beta1/service-managers/{central}"),
            })),
            "subscription": if device.assigned { subscription } else { json!([]) },
            "tags": {},
            "location": null,
            "contact": null,
            "warranty": null,
            "dedicatedPlatformWorkspace": null,
            "tenantWorkspaceId": of_tenant.then(|| owner.to_string()),
            "billingAccountId": null,
            "billingAccountName": null,
            "billingTier": null,
            "subscriptionCategory": null,
            "isFlex": false,
            "ownership": "MANAGED",
            "source": "MANAGED",
            "management": null,
            "inUseWorkspace": {
                "id": owner.plain(),
                "resourceUri": format!("/workspaces/v1/workspaces/{}", owner.plain()),
                "type": "workspaces/workspace",
            },
            "manufacturedDate": null,
            "createdAt": iso(device.created_at),
            "updatedAt": iso(device.created_at),
        })
    }
}

/// The words of the device service (`glp.md §8.1`).
fn numeric_value(name: &'static str, fault: NumberFault, max: usize) -> String {
    let least = if name == "offset" { 0 } else { 1 };
    match fault {
        NumberFault::TooLarge => format!("Must not be greater than {max}."),
        NumberFault::NotANumber | NumberFault::TooSmall => {
            format!("Must be a numeric value which is {least} or greater.")
        }
    }
}
