//! The service catalog (`glp.md §7.3`): service managers, those of each region, and what is provisioned.

use greenroom_model::{
    catalog::{self, Provision, SERVICE_MANAGERS, ServiceManager},
    filter::{
        Field,
        grammars::{GLP_PROVISIONS, GLP_SERVICE_MANAGERS},
    },
    id::parse_uuid,
    refusal::Refusal,
    role::{Permission, Resource},
    spec::{REGIONS, Region},
    time::{Iso, Spaced},
    world::{Session, World},
};
use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Paging, Source, bad, cut, ensure_value, get, paging, read_filter};
use crate::route::{Api, Ask, Confidence, Reply, Route};

const SOURCE: Source = ("glp.md §7.3", Confidence::Documented);
const MANAGERS: &str = "/service-catalog/v1/service-managers";
const MANAGER: &str = "/service-catalog/v1/service-managers/{id}";
const BY_REGION: &str = "/service-catalog/v1/per-region-service-managers";
const OF_REGION: &str = "/service-catalog/v1/per-region-service-managers/{id}";
const PROVISIONS: &str = "/service-catalog/v1/service-manager-provisions";
const PROVISION: &str = "/service-catalog/v1/service-manager-provisions/{id}";
const OF_THREE: &str = "service managers other than Central, Data Services and the platform; names, \
    descriptions, regions and supported workspaces as HPE has them (they are the same in every world)";
const PAGE: Paging = Paging { default: 2000, max: 2000, text: ensure_value };

/// Its routes.
pub(super) fn routes() -> Vec<Route> {
    let catalog = (Api::ServiceCatalog, Resource::ServiceCatalog);
    let change = |name, method, path, query, permission, act| {
        super::change((name, method, path), (catalog.0, catalog.1, permission), query, SOURCE, act)
    };
    let (view, edit, delete) = (Permission::View, Permission::Edit, Permission::Delete);
    let (paged, filtered) = (&["limit", "offset"], &["filter", "limit", "offset"]);
    vec![
        get(("glp.service-managers.list", MANAGERS), catalog, paged, SOURCE, list_managers).without(OF_THREE),
        get(("glp.service-managers.get", MANAGER), catalog, &[], SOURCE, get_manager).without(OF_THREE),
        get(("glp.per-region-service-managers.list", BY_REGION), catalog, filtered, SOURCE, list_regions)
            .without(OF_THREE),
        get(("glp.per-region-service-managers.get", OF_REGION), catalog, &[], SOURCE, get_region)
            .without(OF_THREE),
        // To look is only to look, but by some paces it ends what is under way.
        change(
            "glp.service-manager-provisions.list",
            Method::GET,
            PROVISIONS,
            filtered,
            view,
            list_provisions,
        )
        .whole(),
        change("glp.service-manager-provisions.get", Method::GET, PROVISION, &[], view, get_provision)
            .whole(),
        change("glp.service-manager-provisions.create", Method::POST, PROVISIONS, &[], edit, provision)
            .without("that an MSP has a service before its tenants can have it (any workspace provisions at any time)"),
        change(
            "glp.service-manager-provisions.delete",
            Method::DELETE,
            PROVISION,
            &[],
            delete,
            delete_provision,
        )
        .whole(),
    ]
}

fn list_managers(world: &World, _: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let (offset, limit) = paging(world, ask, &PAGE)?;
    let rows = cut(world.dialect.page_past_end, SERVICE_MANAGERS.len(), offset, limit)?;
    let items: Vec<_> = SERVICE_MANAGERS[rows].iter().map(|manager| manager_json(world, manager)).collect();
    Ok(page(offset, SERVICE_MANAGERS.len(), items))
}

/// The words of HPE's sample.
fn get_manager(world: &World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let id = path_id(ask)?;
    let Some(manager) = ServiceManager::of_id(id) else {
        let workspace = world.workspace(session.workspace).id;
        let text = format!("Service-manager with id {id} is not present in workspace with id {workspace}");
        return Err(Refusal::NotFound(text));
    };
    Ok(Reply::ok(manager_json(world, manager)))
}

fn list_regions(world: &World, _: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let (offset, limit) = paging(world, ask, &PAGE)?;
    let filter = read_filter(world, ask, GLP_SERVICE_MANAGERS)?;
    let passes = |manager: &&ServiceManager| {
        filter.as_ref().is_none_or(|filter| {
            filter.matches(&|field| match field {
                "mspSupported" | "mspsupported" => Field::Truth(manager.msp),
                _ => Field::Null,
            })
        })
    };
    let region = |region: Region| {
        let managers: Vec<_> = ServiceManager::of_region(region).filter(passes).collect();
        (!managers.is_empty()).then(|| region_json(world, region, &managers))
    };
    let regions: Vec<_> = known_regions().filter_map(region).collect();
    let rows = cut(world.dialect.page_past_end, regions.len(), offset, limit)?;
    Ok(page(offset, regions.len(), regions[rows].to_vec()))
}

fn known_regions() -> impl Iterator<Item = Region> {
    REGIONS.iter().filter_map(|name| name.parse().ok())
}

/// The words of HPE's sample.
fn get_region(world: &World, _: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let not_found = || Refusal::NotFound("Provided region not found.".to_owned());
    let region: Region = ask.segment("id").parse().map_err(|_| not_found())?;
    let managers: Vec<_> = ServiceManager::of_region(region).collect();
    Ok(Reply::ok(region_json(world, region, &managers)))
}

fn list_provisions(
    world: &mut World,
    session: &Session,
    ask: &Ask,
    now: Timestamp,
) -> Result<Reply, Refusal> {
    let (offset, limit) = paging(world, ask, &PAGE)?;
    let filter = read_filter(world, ask, GLP_PROVISIONS)?;
    world.poll_provisions(session, None, now);
    let passes = |provision: &Provision| {
        let manager = provision.service_manager.to_string();
        filter.as_ref().is_none_or(|filter| {
            filter.matches(&|field| match field {
                "serviceManagerId" => Field::Word(&manager),
                "status" => Field::Text(provision.status.name()),
                "region" => Field::Text(provision.region),
                _ => Field::Null,
            })
        })
    };
    let provisions: Vec<_> =
        world.provisions(session.workspace).filter(|provision| passes(provision)).collect();
    let rows = cut(world.dialect.page_past_end, provisions.len(), offset, limit)?;
    let items = provisions[rows].iter().map(|provision| provision_json(world, provision)).collect();
    Ok(page(offset, provisions.len(), items))
}

/// The page, its members in the order seen live (`glp.md §7.3`).
fn page(offset: usize, total: usize, items: Vec<Value>) -> Reply {
    Reply::ok(json!({"offset": offset, "count": items.len(), "total": total, "items": items}))
}

fn get_provision(world: &mut World, session: &Session, ask: &Ask, now: Timestamp) -> Result<Reply, Refusal> {
    let id = path_id(ask)?;
    world.poll_provisions(session, Some(id), now);
    let provision = own_provision(world, session, id)?;
    Ok(Reply::ok(provision_json(world, provision)))
}

/// The provision of that id. One of somebody else is not there; the words are those of HPE's sample.
fn own_provision<'w>(world: &'w World, session: &Session, id: Uuid) -> Result<&'w Provision, Refusal> {
    world.own_provision(session, id).ok_or_else(|| missing(id))
}

fn missing(id: Uuid) -> Refusal {
    let id = id.simple();
    Refusal::NotFound(format!("The provision details doesn't exists for application_customer_id: {id}."))
}

fn path_id(ask: &Ask) -> Result<Uuid, Refusal> {
    parse_uuid(ask.segment("id")).ok_or_else(|| {
        let message = "Value is not a valid uuid for field id".to_owned();
        Refusal::Path { name: "id", message }
    })
}

/// Provisioning takes its time: the answer tells of neither status nor dates (`glp.md §7.3`).
fn provision(world: &mut World, session: &Session, ask: &Ask, now: Timestamp) -> Result<Reply, Refusal> {
    let body = ask.members()?;
    let member = |name: &str| match body.get(name) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
        Some(Value::Null) | None => Err(bad(name, format!("Field required for field {name}"))),
        Some(_) => Err(bad(name, format!("Value is not a valid string for field {name}"))),
    };
    let (manager, region) = (member("serviceManagerId")?, member("region")?);
    let manager = parse_uuid(&manager).ok_or_else(|| {
        bad("serviceManagerId", "Value is not a valid uuid for field serviceManagerId".to_owned())
    })?;
    let id = world.provision(session, manager, &region, now)?;
    let mut body = provision_json(world, own_provision(world, session, id)?);
    let location = body["resourceUri"].as_str().unwrap_or_default().to_owned();
    if let Some(members) = body.as_object_mut() {
        members.retain(|name, _| {
            !matches!(name.as_str(), "provisionStatus" | "createdAt" | "updatedAt" | "reason")
        });
    }
    Ok(Reply::created(location, body))
}

fn delete_provision(
    world: &mut World,
    session: &Session,
    ask: &Ask,
    now: Timestamp,
) -> Result<Reply, Refusal> {
    let id = path_id(ask)?;
    match world.unprovision(session, id, now)? {
        true => Ok(Reply::no_content()),
        false => Err(missing(id)),
    }
}

/// `glp.md §7.3`.
fn manager_json(world: &World, manager: &ServiceManager) -> Value {
    let (id, at) = (manager.id().to_string(), Iso(world.born()));
    json!({
        "id": id,
        "resourceUri": format!("{MANAGERS}/{id}"),
        "name": manager.name,
        "description": manager.description,
        "createdAt": at,
        "updatedAt": at,
        "generation": 1,
        "type": "/service-catalog/service-manager",
        "standaloneSupported": true,
        "mspSupported": manager.msp,
        "mspOnlySupported": false,
        "tenantOnlySupported": false,
        "honorUnprovisionResponse": true,
        "workspaceTransferSupported": false,
        "workspaceOpModesSupported": "ALL",
    })
}

fn region_json(world: &World, region: Region, managers: &[&ServiceManager]) -> Value {
    let managers: Vec<_> = managers.iter().map(|manager| manager_json(world, manager)).collect();
    json!({
        "id": region.name(),
        "regionName": catalog::region_name(region),
        "serviceManagers": managers,
        "generation": 1,
        "type": "/service-catalog/service-manager",
    })
}

/// `glp.md §7.3`; timestamps in the form seen live.
fn provision_json(world: &World, provision: &Provision) -> Value {
    let id = provision.id.simple().to_string();
    let mut body = json!({
        "id": id,
        "resourceUri": format!("{PROVISIONS}/{id}"),
        "serviceManager": {
            "id": provision.service_manager.to_string(),
            "resourceUri": format!("{MANAGERS}/{}", provision.service_manager),
        },
        "region": provision.region,
        "provisionStatus": provision.status.name(),
        "createdBy": world.user(provision.created_by).email,
        "createdAt": Spaced(provision.created_at),
        "updatedAt": Spaced(provision.updated_at),
        "generation": provision.generation,
        "type": "/service-catalog/service-manager-provision",
    });
    if let Some(reason) = provision.status.reason() {
        body["reason"] = reason.into();
    }
    body
}
