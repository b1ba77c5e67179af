//! New Central: its routes, and what its lists have in common.

mod alerts;
mod aps;
mod clients;
mod devices;
mod gateways;
mod inventory;
mod network;
mod scope_changes;
mod scope_lists;
mod scopes;
mod sites;
mod switches;
mod tenants;
mod wlans;

use std::ops::{Range, RangeInclusive};

use greenroom_model::{
    dialect::{CentralAbsent, LimitOverMax, PagePastEnd},
    filter::{self, Filter, FilterError, Grammar},
    page::{self, Numbered},
    refusal::Refusal,
    role::{Need, Permission, Resource},
    sort::{self, SortKey},
    world::World,
};
use http::Method;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    json::{self, Quoted},
    route::{Action, Api, Ask, Confidence, Look, NumberFault, Operation, Route},
};

pub(crate) use self::{alerts::ALERTS, devices::DELETE_ALIAS, wlans::WLAN};

/// The routes of New Central.
pub(crate) fn routes() -> Vec<Route> {
    [
        inventory::routes(),
        devices::routes(),
        tenants::routes(),
        aps::routes(),
        switches::routes(),
        gateways::routes(),
        clients::routes(),
        wlans::routes(),
        sites::routes(),
        alerts::routes(),
        scopes::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A GET of monitoring or notifications.
fn get(
    (name, path): (&'static str, &'static str),
    api: Api,
    query: &'static [&'static str],
    source: &'static str,
    look: Look,
) -> Route {
    let source = (source, Confidence::Documented);
    route((name, Method::GET, path), (api, Permission::View), query, source, Operation::Read(look))
}

/// A route of monitoring or of the MSP's list.
fn route(
    (name, method, path): (&'static str, Method, &'static str),
    (api, permission): (Api, Permission),
    query: &'static [&'static str],
    (source, confidence): (&'static str, Confidence),
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
        action: Action::Api(api, Need(Resource::NetworkMonitoring, permission), operation),
    }
}

/// The longest `filter` and `sort` (`central.md §1.1`).
const LONGEST: usize = 256;

fn limit(
    world: &World,
    ask: &Ask,
    default: Option<usize>,
    range: RangeInclusive<usize>,
) -> Result<usize, Refusal> {
    let refuse = |message: String| Refusal::Query { name: "limit", message };
    let (least, most) = (*range.start(), *range.end());
    match ask.number("limit", range) {
        Ok(Some(limit)) => Ok(limit),
        Ok(None) => default.ok_or_else(|| refuse("is required".to_owned())),
        Err(NumberFault::TooLarge) if world.dialect.limit_over_max == LimitOverMax::Clamp => Ok(most),
        Err(_) => Err(refuse(format!("must be a whole number from {least} to {most}"))),
    }
}

/// The first row of a list that counts rows instead of pages.
fn offset(ask: &Ask) -> Result<usize, Refusal> {
    let most = i32::MAX.unsigned_abs() as usize;
    let refuse =
        |_| Refusal::Query { name: "offset", message: "must be a whole number from 0 on".to_owned() };
    Ok(ask.number("offset", 0..=most).map_err(refuse)?.unwrap_or(0))
}

/// The number of the page asked for, if one was.
fn next(ask: &Ask) -> Result<Option<usize>, Refusal> {
    let most = i32::MAX.unsigned_abs() as usize;
    ask.number("next", 1..=most)
        .map_err(|_| Refusal::Query { name: "next", message: "must be a page number from 1 on".to_owned() })
}

fn short_text<'a>(ask: &'a Ask, name: &'static str) -> Result<&'a str, Refusal> {
    let text = ask.text(name).unwrap_or_default();
    if text.chars().count() > LONGEST {
        return Err(Refusal::Query {
            name,
            message: format!("must not be longer than {LONGEST} characters"),
        });
    }
    Ok(text)
}

fn read_filter(world: &World, ask: &Ask, grammar: Grammar) -> Result<Option<Filter>, Refusal> {
    Ok(filter::parse(short_text(ask, "filter")?, grammar.spoken(&world.dialect))?)
}

fn read_sort(ask: &Ask, known: &[&str]) -> Result<Vec<SortKey>, Refusal> {
    sort::parse(short_text(ask, "sort")?, known).map_err(|FilterError { at, message }| Refusal::Query {
        name: "sort",
        message: format!("{message} at position {at}"),
    })
}

fn page_of(past_end: PagePastEnd, total: usize, number: usize, limit: usize) -> Result<Numbered, Refusal> {
    let page = page::by_number(total, number, limit);
    if page.past_end && past_end == PagePastEnd::BadRequest {
        return Err(Refusal::Query { name: "next", message: "there is no such page".to_owned() });
    }
    Ok(page)
}

/// The same where pages are counted by rows.
fn cut(past_end: PagePastEnd, total: usize, offset: usize, limit: usize) -> Result<Range<usize>, Refusal> {
    if offset > 0 && offset >= total && past_end == PagePastEnd::BadRequest {
        return Err(Refusal::Query { name: "offset", message: "there is no such page".to_owned() });
    }
    Ok(page::by_offset(total, offset, limit))
}

/// A page as JSON: `count`, `next` (text or null) and `total` after the items (`central.md §1.6`).
fn page_text(items: impl Serialize, page: &Numbered, count: usize, total: usize) -> String {
    #[derive(Serialize)]
    struct Page<T> {
        items: T,
        count: usize,
        next: Option<Quoted>,
        total: usize,
    }
    let next = page.next.map(|number| Quoted(number as u64));
    json::text(&Page { items, count, next, total })
}

/// A row without the members that have no value, where the dialect leaves them out.
fn shown(row: Value, absent: CentralAbsent) -> Value {
    match (row, absent) {
        (Value::Object(members), CentralAbsent::Omitted) => {
            Value::Object(members.into_iter().filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>())
        }
        (row, _) => row,
    }
}
