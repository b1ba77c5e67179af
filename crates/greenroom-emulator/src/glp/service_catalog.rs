//! The service catalog (`glp.md §7.3`).

use greenroom_model::{
    filter::{Field, grammars::GLP_PROVISIONS},
    id::parse_uuid,
    refusal::Refusal,
    role::Resource,
    time::Spaced,
    world::{Provision, Session, World},
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Paging, Source, cut, ensure_value, get, paging, read_filter};
use crate::route::{Api, Ask, Confidence, Reply, Route};

const SOURCE: Source = ("glp.md §7.3", Confidence::Documented);
const ALWAYS_PROVISIONED: &str = "provisions in another state than PROVISIONED, and `reason`";

/// Its routes.
pub(super) fn routes() -> Vec<Route> {
    let catalog = (Api::ServiceCatalog, Resource::ServiceCatalog);
    vec![
        get(
            ("glp.service-manager-provisions.list", "/service-catalog/v1/service-manager-provisions"),
            catalog,
            &["filter", "limit", "offset"],
            SOURCE,
            list_provisions,
        )
        .without(ALWAYS_PROVISIONED),
        get(
            ("glp.service-manager-provisions.get", "/service-catalog/v1/service-manager-provisions/{id}"),
            catalog,
            &[],
            SOURCE,
            get_provision,
        )
        .without(ALWAYS_PROVISIONED),
    ]
}

fn list_provisions(world: &World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let (offset, limit) = paging(world, ask, &Paging { default: 2000, max: 2000, text: ensure_value })?;
    let filter = read_filter(world, ask, GLP_PROVISIONS)?;
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
    let rows = cut(world.dialect.page_past_end, provisions.len(), offset, limit)?;
    let items: Vec<_> = provisions[rows].iter().map(|provision| provision_json(world, provision)).collect();
    Ok(Reply::ok(json!({"offset": offset, "count": items.len(), "total": provisions.len(), "items": items})))
}

fn get_provision(world: &World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let Some(id) = parse_uuid(ask.segment("id")) else {
        let message = "Value is not a valid uuid for field id".to_owned();
        return Err(Refusal::Path { name: "id", message });
    };
    world
        .provisions(session.workspace)
        .find(|provision| provision.id == id)
        .map(|provision| Reply::ok(provision_json(world, provision)))
        .ok_or_else(|| Refusal::NotFound("provision".to_owned()))
}

/// `glp.md §7.3`; timestamps in the form seen live.
fn provision_json(world: &World, provision: &Provision) -> Value {
    let id = provision.id.simple().to_string();
    let at = Spaced(provision.created_at);
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
