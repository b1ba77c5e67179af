//! Data services: the system software catalogs of Private Cloud Business Edition (seed 003).

use greenroom_model::{
    dialect::LimitOverMax,
    filter::{self, grammars::SOFTWARE_CATALOGS},
    refusal::Refusal,
    role::{Need, Permission, Resource},
    select::{Selection, Unknown},
    software_catalog::{CATALOGS, MEMBERS, field},
    world::{Session, World},
};
use http::Method;
use jiff::Timestamp;
use serde_json::json;

use crate::{
    glp,
    route::{Action, Api, Ask, Confidence, NumberFault, Operation, Reply, Route},
};

const CATALOG: &str = "/private-cloud-business/v1beta1/system-software-catalogs";

/// Their routes.
pub(crate) fn routes() -> Vec<Route> {
    let get = |name, path, query, look| Route {
        name,
        method: Method::GET,
        path,
        query,
        source: "seed 003, HPE's private-cloud-business.json",
        confidence: Confidence::Live,
        not_served: None,
        chosen: "",
        action: Action::Api(
            Api::PrivateCloud,
            Need(Resource::DataServices, Permission::View),
            Operation::Read(look),
        ),
    };
    vec![
        get("pcbe.catalogs.list", CATALOG, &["filter", "limit", "offset", "select"], list).without(
            "catalogs other than eleven, of which the last is Greenroom's own; `hypervisorManager` and \
             `systemsWithUpdatePath` (null everywhere)",
        ),
        get(
            "pcbe.catalogs.get",
            "/private-cloud-business/v1beta1/system-software-catalogs/{id}",
            &["select"],
            one,
        )
        .without("as in the list"),
    ]
}

/// The least and the most that a page may have; the least is what it has by itself.
const LIMITS: (usize, usize) = (10, 100);

fn list(world: &World, _: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let (least, most) = LIMITS;
    let refuse = |name, message: String| Refusal::Query { name, message };
    let limit = match ask.number("limit", least..=most) {
        Ok(limit) => limit.unwrap_or(least),
        Err(NumberFault::TooLarge) if world.dialect.limit_over_max == LimitOverMax::Clamp => most,
        Err(_) => return Err(refuse("limit", format!("must be a whole number from {least} to {most}"))),
    };
    let furthest = i32::MAX.unsigned_abs() as usize;
    let offset = ask.number("offset", 0..=furthest);
    let offset =
        offset.map_err(|_| refuse("offset", "must be a whole number from 0 on".to_owned()))?.unwrap_or(0);
    let text = ask.text("filter").unwrap_or_default();
    let filter = filter::parse(text, SOFTWARE_CATALOGS.spoken(&world.dialect))?;
    let selection = selection(ask)?;
    let passing: Vec<_> = CATALOGS
        .iter()
        .filter(|row| filter.as_ref().is_none_or(|filter| filter.matches(&|name| field(row, name))))
        .collect();
    let shown = &passing[glp::cut(world.dialect.page_past_end, passing.len(), offset, limit)?];
    Ok(Reply::ok(json!({
        "count": shown.len(),
        "items": shown.iter().map(|row| selection.cut((*row).clone())).collect::<Vec<_>>(),
        "offset": offset,
        "total": passing.len(),
    })))
}

fn one(_: &World, _: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let id = ask.segment("id");
    let found = CATALOGS.iter().find(|row| row["id"] == id);
    let found = found.ok_or_else(|| Refusal::NotFound(format!("catalog {id}")))?;
    Ok(Reply::ok(selection(ask)?.cut(found.clone())))
}

fn selection(ask: &Ask) -> Result<Selection, Refusal> {
    Ok(Selection::parse(ask.texts("select"), MEMBERS, Unknown::Ignored)?)
}
