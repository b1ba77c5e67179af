//! HPE GreenLake Platform: workspaces, devices, audit log, service catalog.

use greenroom_model::{
    access::Service,
    dialect::{AuditV1DefaultLimit, LimitOverMax, OffsetUnit, PagePastEnd},
    filter::{self, Field, Filter, Grammar, Op},
    fleet::{Device, DeviceType},
    id::parse_uuid,
    page,
    refusal::Refusal,
    sample::REGION,
    tenancy::{Ownership, Workspace, WorkspaceKind},
    world::{Provision, Session, WorkspaceIx, World},
};
use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::route::{Action, Api, Ask, Confidence, NumberFault, Reply, Route};

/// The routes of the platform.
pub(crate) fn routes() -> Vec<Route> {
    type Operation = fn(&World, &Session, &Ask, Timestamp) -> Result<Reply, Refusal>;
    let get = |name, api, path, query, source, operation: Operation| Route {
        name,
        method: Method::GET,
        path,
        query,
        source,
        confidence: Confidence::Documented,
        action: Action::Api(api, operation),
    };
    vec![
        get(
            "glp.msp-tenants.list",
            Api::Workspaces,
            "/workspaces/v1/msp-tenants",
            &["filter", "limit", "offset"],
            "glp.md §5",
            list_tenants,
        ),
        get(
            "glp.workspaces.get",
            Api::Workspaces,
            "/workspaces/v1/workspaces/{id}",
            &[],
            "glp.md §5",
            get_workspace,
        ),
        get(
            "glp.devices.list",
            Api::Devices,
            "/devices/v1/devices",
            &["filter", "filter-tags", "limit", "offset", "select", "sort"],
            "glp.md §6.2",
            list_devices,
        ),
        get("glp.devices.get", Api::Devices, "/devices/v1/devices/{id}", &[], "glp.md §6.3", get_device),
        get(
            "glp.audit-log.list",
            Api::AuditLog,
            "/audit-log/v1/logs",
            &["all", "filter", "limit", "offset", "select"],
            "glp.md §7.1",
            list_audit_log,
        ),
        get(
            "glp.service-manager-provisions.list",
            Api::ServiceCatalog,
            "/service-catalog/v1/service-manager-provisions",
            &["filter", "limit", "offset"],
            "glp.md §7.3",
            list_provisions,
        ),
        get(
            "glp.service-manager-provisions.get",
            Api::ServiceCatalog,
            "/service-catalog/v1/service-manager-provisions/{id}",
            &[],
            "glp.md §7.3",
            get_provision,
        ),
    ]
}

/// How the lists of a service count and complain.
struct Paging {
    default: usize,
    max: usize,
    /// The text for a bad value of a parameter.
    text: fn(&'static str, NumberFault, usize) -> String,
}

/// `offset` and `limit` of a request.
fn paging(world: &World, ask: &Ask, rules: &Paging) -> Result<(usize, usize), Refusal> {
    let refuse = |name, fault| Refusal::Query { name, message: (rules.text)(name, fault, rules.max) };
    let limit = match ask.number("limit", 1..=rules.max) {
        Ok(limit) => limit.unwrap_or(rules.default),
        Err(NumberFault::TooLarge) if world.dialect.limit_over_max == LimitOverMax::Clamp => rules.max,
        Err(fault) => return Err(refuse("limit", fault)),
    };
    let most = i32::MAX.unsigned_abs() as usize;
    let offset = ask.number("offset", 0..=most).map_err(|fault| refuse("offset", fault))?.unwrap_or(0);
    Ok((offset, limit))
}

/// `total` rows cut to a page, or a refusal where the dialect dislikes pages behind the last one.
fn cut(world: &World, total: usize, offset: usize, limit: usize) -> Result<std::ops::Range<usize>, Refusal> {
    if offset > 0 && offset >= total && world.dialect.page_past_end == PagePastEnd::BadRequest {
        return Err(Refusal::Query { name: "offset", message: "There is no such page.".to_owned() });
    }
    Ok(page::by_offset(total, offset, limit))
}

/// The words of the device service (`glp.md §8.1`).
fn numeric_value(_: &'static str, fault: NumberFault, max: usize) -> String {
    match fault {
        NumberFault::TooLarge => format!("Must not be greater than {max}."),
        NumberFault::NotANumber | NumberFault::TooSmall => {
            "Must be a numeric value which is 0 or greater.".to_owned()
        }
    }
}

/// The words of the service catalog and of workspaces (`glp.md §7.3`).
fn ensure_value(name: &'static str, fault: NumberFault, max: usize) -> String {
    let least = if name == "offset" { 0 } else { 1 };
    match fault {
        NumberFault::NotANumber => format!("Value is not a valid integer for field {name}"),
        NumberFault::TooSmall => {
            format!("Ensure this value is greater than or equal to {least} for field {name}")
        }
        NumberFault::TooLarge => format!("Ensure this value is less than or equal to {max} for field {name}"),
    }
}

/// The words of the audit log (`glp.md §7.1`).
fn audit_value(name: &'static str, fault: NumberFault, max: usize) -> String {
    match fault {
        NumberFault::TooLarge => format!("Maximum allowed limit is {max}."),
        NumberFault::NotANumber | NumberFault::TooSmall => format!("Invalid value for {name}."),
    }
}

fn read_filter(ask: &Ask, grammar: &Grammar) -> Result<Option<Filter>, Refusal> {
    Ok(filter::parse(ask.text("filter").unwrap_or_default(), grammar)?)
}

/// A timestamp as most services write it: milliseconds and `Z`.
fn iso(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

const ALL_OPS: &[Op] = &[Op::Eq, Op::Ne, Op::Gt, Op::Ge, Op::Lt, Op::Le, Op::In];

// ---- workspaces ----

const TENANT_FILTER: Grammar = Grammar {
    fields: &[
        ("id", ALL_OPS),
        ("createdAt", ALL_OPS),
        ("updatedAt", ALL_OPS),
        ("workspaceName", ALL_OPS),
        ("createdBy", ALL_OPS),
        ("inventoryOwnership", ALL_OPS),
    ],
    logic: false,
    functions: true,
    bare_text: false,
};

fn list_tenants(world: &World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    if world.workspace(session.workspace).kind != WorkspaceKind::Msp {
        return Err(Refusal::NotAnMsp);
    }
    let (offset, limit) = paging(world, ask, &Paging { default: 300, max: 300, text: ensure_value })?;
    let filter = read_filter(ask, &TENANT_FILTER)?;
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
    let rows = cut(world, tenants.len(), start, limit)?;
    let items: Vec<_> = tenants[rows]
        .iter()
        .map(|(_, tenant, ownership)| {
            let mut item = workspace_json(world, tenant);
            item["inventoryOwnership"] = ownership.inventory().into();
            item
        })
        .collect();
    Ok(Reply::Now(json!({"offset": offset, "count": items.len(), "total": tenants.len(), "items": items})))
}

fn get_workspace(world: &World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let text = ask.segment("id");
    let id = text
        .parse()
        .map_err(|_| Refusal::Path { name: "workspaceId", message: "Invalid UUID.".to_owned() })?;
    // An id of nobody and one of somebody else look the same to a stranger.
    let asked = world.workspace_by_id(id).ok_or(Refusal::WrongWorkspace)?;
    world.only_own_workspace(session, asked)?;
    let workspace = world.workspace(asked);
    let mut body = workspace_json(world, workspace);
    body["workspaceType"] = workspace.kind.name().into();
    Ok(Reply::Now(body))
}

fn workspace_json(world: &World, workspace: &Workspace) -> Value {
    json!({
        "id": workspace.id.to_string(),
        "type": "workspace",
        "workspaceName": workspace.name,
        "generation": 1,
        "createdAt": iso(workspace.created_at),
        "updatedAt": iso(workspace.created_at),
        "createdBy": world.user(workspace.created_by).email,
        "resourceUri": format!("/workspaces/v1/workspaces/{}", workspace.id),
    })
}

// ---- devices ----

const DEVICE_FILTER: Grammar = Grammar {
    fields: &[
        ("id", ALL_OPS),
        ("serialNumber", ALL_OPS),
        ("macAddress", ALL_OPS),
        ("partNumber", ALL_OPS),
        ("deviceType", ALL_OPS),
        ("model", ALL_OPS),
        ("assignedState", ALL_OPS),
        ("category", ALL_OPS),
        ("region", ALL_OPS),
        ("archived", ALL_OPS),
        ("isFlex", ALL_OPS),
        ("createdAt", ALL_OPS),
        ("updatedAt", ALL_OPS),
        ("tenantWorkspaceId", ALL_OPS),
        ("manufacturedDate", ALL_OPS),
        ("application/id", ALL_OPS),
    ],
    logic: true,
    functions: false,
    bare_text: false,
};

fn list_devices(world: &World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    for name in ["filter-tags", "sort", "select"] {
        if ask.text(name).is_some() {
            // Ignoring it would answer another question than the one that was asked.
            let message = "Greenroom does not serve this parameter yet.".to_owned();
            return Err(Refusal::Query { name, message });
        }
    }
    let (offset, limit) = paging(world, ask, &Paging { default: 2000, max: 2000, text: numeric_value })?;
    let filter = read_filter(ask, &DEVICE_FILTER)?;
    let plots = world.visible_devices(session.workspace);
    let writer = DeviceWriter::new(world, session.workspace);
    if filter.is_none() {
        let total = plots.iter().map(|(_, count)| *count as usize).sum();
        let rows = cut(world, total, offset, limit)?;
        return Ok(Reply::Later(Box::new(move || {
            let items: Vec<_> = writer.rows(&plots, rows).collect();
            Ok(device_page(items, offset, total))
        })));
    }
    let past_end = world.dialect.page_past_end;
    Ok(Reply::Later(Box::new(move || {
        let all = writer.rows(&plots, 0..usize::MAX);
        let matching: Vec<_> = all
            .filter(|item| {
                filter.as_ref().is_none_or(|filter| filter.matches(&|name| json_field(item, name)))
            })
            .collect();
        let total = matching.len();
        if offset > 0 && offset >= total && past_end == PagePastEnd::BadRequest {
            return Err(Refusal::Query { name: "offset", message: "There is no such page.".to_owned() });
        }
        let rows = page::by_offset(total, offset, limit);
        Ok(device_page(matching[rows].to_vec(), offset, total))
    })))
}

fn device_page(items: Vec<Value>, offset: usize, total: usize) -> Value {
    json!({"count": items.len(), "items": items, "offset": offset, "total": total})
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
    Ok(Reply::Now(DeviceWriter::new(world, session.workspace).item(&device)))
}

/// Writes devices without holding the world.
struct DeviceWriter {
    fleet: greenroom_model::fleet::SharedFleet,
    viewer: WorkspaceIx,
    /// Dashed and plain id of each workspace, by number.
    ids: Vec<greenroom_model::id::WorkspaceId>,
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
        rows: std::ops::Range<usize>,
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

// ---- audit log ----

fn list_audit_log(world: &World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    for name in ["all", "filter", "select"] {
        if ask.text(name).is_some() {
            let message = "Greenroom does not serve this parameter yet.".to_owned();
            return Err(Refusal::Query { name, message });
        }
    }
    let default = match world.dialect.audit_v1_default_limit {
        AuditV1DefaultLimit::Fifty => 50,
        AuditV1DefaultLimit::TwoThousand => 2000,
    };
    let (offset, limit) = paging(world, ask, &Paging { default, max: 2000, text: audit_value })?;
    let workspace = world.workspace(session.workspace);
    let lines: Vec<_> = world.audit_log().of(session.workspace).collect();
    let rows = cut(world, lines.len(), offset, limit)?;
    let remaining = rows.end < lines.len();
    let items: Vec<_> = lines[rows]
        .iter()
        .map(|line| {
            json!({
                "id": world.seed.uuid("audit", "", line.ordinal).to_string(),
                "type": "/audit-log/logs",
                "user": {"username": world.user(line.user).email},
                "application": {"id": Uuid::nil().to_string()},
                "region": REGION,
                "category": line.category,
                "description": line.description,
                "workspace": {"id": workspace.id.plain(), "workspaceName": workspace.name},
                "createdAt": line.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
                "updatedAt": line.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
                "additionalInfo": {"ipAddress": "127.0.0.1"},
                "hasDetails": false,
                "generation": 1,
            })
        })
        .collect();
    Ok(Reply::Now(json!({
        "count": items.len(),
        "items": items,
        "offset": offset,
        "total": lines.len(),
        "remainingRecords": remaining,
    })))
}

// ---- service catalog ----

const PROVISION_FILTER: Grammar = Grammar {
    fields: &[("serviceManagerId", &[Op::Eq]), ("status", &[Op::Eq]), ("region", &[Op::Eq])],
    logic: false,
    functions: false,
    bare_text: false,
};

fn list_provisions(world: &World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let (offset, limit) = paging(world, ask, &Paging { default: 2000, max: 2000, text: ensure_value })?;
    let filter = read_filter(ask, &PROVISION_FILTER)?;
    let passes = |provision: &Provision| {
        let manager = provision.service_manager.to_string();
        filter.as_ref().is_none_or(|filter| {
            filter.matches(&|field| match field {
                "serviceManagerId" => Field::Word(&manager),
                "status" => Field::Text("PROVISIONED"),
                "region" => Field::Text(provision.region),
                _ => Field::Null,
            })
        })
    };
    let provisions: Vec<_> =
        world.provisions(session.workspace).filter(|provision| passes(provision)).collect();
    let rows = cut(world, provisions.len(), offset, limit)?;
    let items: Vec<_> = provisions[rows].iter().map(|provision| provision_json(world, provision)).collect();
    Ok(Reply::Now(json!({"offset": offset, "count": items.len(), "total": provisions.len(), "items": items})))
}

fn get_provision(world: &World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let Some(id) = parse_uuid(ask.segment("id")) else {
        let message = "Value is not a valid uuid for field id".to_owned();
        return Err(Refusal::Path { name: "id", message });
    };
    world
        .provisions(session.workspace)
        .find(|provision| provision.id == id)
        .map(|provision| Reply::Now(provision_json(world, provision)))
        .ok_or_else(|| Refusal::NotFound("provision".to_owned()))
}

/// `glp.md §7.3`; timestamps in the form seen live.
fn provision_json(world: &World, provision: &Provision) -> Value {
    let id = provision.id.simple().to_string();
    let at = provision.created_at.strftime("%Y-%m-%d %H:%M:%S.%6f").to_string();
    json!({
        "id": id,
        "resourceUri": format!("/service-catalog/v1/service-manager-provisions/{id}"),
        "serviceManager": {
            "id": provision.service_manager.to_string(),
            "resourceUri": format!("/service-catalog/v1/service-managers/{}", provision.service_manager),
        },
        "region": provision.region,
        "provisionStatus": "PROVISIONED",
        "createdBy": world.user(provision.created_by).email,
        "createdAt": at,
        "updatedAt": at,
        "generation": 1,
        "type": "/service-catalog/service-manager-provision",
    })
}
