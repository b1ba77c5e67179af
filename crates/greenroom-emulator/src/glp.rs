//! HPE GreenLake Platform: the routes of its services, and what their lists have in common.

mod async_operations;
mod audit_log;
mod choice;
mod credentials;
mod devices;
mod service_catalog;
mod subscriptions;
mod users;
mod workspaces;

pub(crate) use self::subscriptions::UNCLAIM;

use std::ops::Range;

use greenroom_model::{
    dialect::{LimitOverMax, OffsetUnit, PagePastEnd},
    filter::{self, Filter, Grammar},
    page,
    refusal::Refusal,
    role::{Need, Permission, Resource},
    world::World,
};
use http::Method;
use serde::Serialize;

use crate::route::{Action, Api, Ask, Change, Confidence, Look, NumberFault, Operation, Route};

/// What speaks for a route, and how sure that makes us.
type Source = (&'static str, Confidence);

/// A GET.
pub(crate) fn get(
    (name, path): (&'static str, &'static str),
    (api, resource): (Api, Resource),
    query: &'static [&'static str],
    source: Source,
    look: Look,
) -> Route {
    let operation = Operation::Read(look);
    route((name, Method::GET, path), (api, resource, Permission::View), query, source, operation)
}

/// What changes the world, or may.
fn change(
    named: (&'static str, Method, &'static str),
    needs: (Api, Resource, Permission),
    query: &'static [&'static str],
    source: Source,
    change: Change,
) -> Route {
    route(named, needs, query, source, Operation::Write(change))
}

fn route(
    (name, method, path): (&'static str, Method, &'static str),
    (api, resource, permission): (Api, Resource, Permission),
    query: &'static [&'static str],
    (source, confidence): Source,
    operation: Operation,
) -> Route {
    Route {
        name,
        method,
        path,
        query,
        source,
        confidence,
        not_served: None,
        chosen: "",
        action: Action::Api(api, Need(resource, permission), operation),
    }
}

/// The routes of the platform.
pub(crate) fn routes() -> Vec<Route> {
    [
        credentials::routes(),
        workspaces::routes(),
        devices::routes(),
        async_operations::routes(),
        audit_log::routes(),
        users::routes(),
        service_catalog::routes(),
        subscriptions::routes(),
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

/// The first row of a page, where `offset` may count pages (dialect `offset_unit`).
fn first_row(world: &World, offset: usize, limit: usize) -> usize {
    match world.dialect.offset_unit {
        OffsetUnit::Items => offset,
        OffsetUnit::Pages => offset.saturating_mul(limit),
    }
}

/// A page of a list whose members stand in this order.
#[derive(Serialize)]
struct Page<T> {
    offset: usize,
    count: usize,
    total: usize,
    items: T,
}

/// A body of which this member is wrong.
fn bad(member: &str, message: impl Into<String>) -> Refusal {
    Refusal::Body { member: member.to_owned(), message: message.into() }
}

/// `total` rows cut to a page, or a refusal where the dialect dislikes pages behind the last one.
pub(crate) fn cut(
    past_end: PagePastEnd,
    total: usize,
    offset: usize,
    limit: usize,
) -> Result<Range<usize>, Refusal> {
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

fn read_filter(world: &World, ask: &Ask, grammar: Grammar) -> Result<Option<Filter>, Refusal> {
    Ok(filter::parse(ask.text("filter").unwrap_or_default(), grammar.spoken(&world.dialect))?)
}
