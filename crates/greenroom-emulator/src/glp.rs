//! HPE GreenLake Platform: the routes of its services, and what their lists have in common.

mod audit_log;
mod credentials;
mod devices;
mod service_catalog;
mod workspaces;

use std::ops::Range;

use greenroom_model::{
    dialect::{LimitOverMax, PagePastEnd},
    filter::{self, Filter, Grammar},
    page,
    refusal::Refusal,
    role::{Need, Permission, Resource},
    world::{Session, World},
};
use http::Method;
use jiff::Timestamp;

use crate::route::{Action, Api, Ask, Confidence, NumberFault, Operation, Reply, Route};

type Look = fn(&World, &Session, &Ask, Timestamp) -> Result<Reply, Refusal>;

/// What speaks for a route, and how sure that makes us.
type Source = (&'static str, Confidence);

/// A GET.
fn get(
    (name, path): (&'static str, &'static str),
    (api, resource): (Api, Resource),
    query: &'static [&'static str],
    (source, confidence): Source,
    look: Look,
) -> Route {
    Route {
        name,
        method: Method::GET,
        path,
        query,
        source,
        confidence,
        not_served: None,
        action: Action::Api(api, Need(resource, Permission::View), Operation::Read(look)),
    }
}

/// The routes of the platform.
pub(crate) fn routes() -> Vec<Route> {
    [
        credentials::routes(),
        workspaces::routes(),
        devices::routes(),
        audit_log::routes(),
        service_catalog::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
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
fn cut(past_end: PagePastEnd, total: usize, offset: usize, limit: usize) -> Result<Range<usize>, Refusal> {
    if offset > 0 && offset >= total && past_end == PagePastEnd::BadRequest {
        return Err(Refusal::Query { name: "offset", message: "There is no such page.".to_owned() });
    }
    Ok(page::by_offset(total, offset, limit))
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

/// Refuses what Greenroom does not serve yet: ignoring it would answer another question than the one
/// that was asked.
fn served(ask: &Ask, not_yet: &[&'static str]) -> Result<(), Refusal> {
    match not_yet.iter().find(|name| ask.text(name).is_some()) {
        Some(name) => {
            Err(Refusal::Query { name, message: "Greenroom does not serve this parameter yet.".to_owned() })
        }
        None => Ok(()),
    }
}

fn read_filter(world: &World, ask: &Ask, grammar: Grammar) -> Result<Option<Filter>, Refusal> {
    Ok(filter::parse(ask.text("filter").unwrap_or_default(), grammar.spoken(&world.dialect))?)
}
