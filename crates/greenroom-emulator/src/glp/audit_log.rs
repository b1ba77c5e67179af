//! The audit log (`glp.md §7.1`): version 1 and the second beta, which tell the same lines in two shapes.

mod row;

use greenroom_model::{
    audit::{Lines, MOST_TOLD},
    dialect::AuditV1DefaultLimit,
    filter::{Filter, FilterError, Grammar, grammars},
    refusal::Refusal,
    role::Resource,
    select::{Selection, Unknown},
    sort,
    spec::REGIONS,
    world::{Session, World},
};
use jiff::Timestamp;
use serde_json::{Value, json};

use self::row::{PLATFORM_REGION, Row, Teller, V1_MEMBERS, V2BETA1_MEMBERS, Version};
use super::{Paging, Source, cut, get, paging, read_filter};
use crate::{
    json,
    route::{Api, Ask, Confidence, NumberFault, Reply, Route},
    table::{self, Row as _},
};

const SOURCE: Source = ("glp.md §7.1", Confidence::Documented);
const ADDRESS: &str = "the address that a call came from (all come from 127.0.0.1)";

/// How many services a filter of the second beta names at most.
const MOST_SERVICES: usize = 5;

/// Its routes.
pub(super) fn routes() -> Vec<Route> {
    let log = (Api::AuditLog, Resource::AuditLog);
    let of_v1 = &["all", "filter", "limit", "offset", "select"];
    let of_v2 = &["filter", "limit", "offset", "select", "sort"];
    vec![
        get(("glp.audit-log.list", "/audit-log/v1/logs"), log, of_v1, SOURCE, list_v1).without(ADDRESS),
        get(("glp.audit-log.details", "/audit-log/v1/logs/{id}/detail"), log, &[], SOURCE, details_v1)
            .whole(),
        get(("glp.audit-log.v2beta1.list", "/audit-log/v2beta1/logs"), log, of_v2, SOURCE, list_v2beta1)
            .without(ADDRESS),
        get(("glp.audit-log.v2beta1.get", "/audit-log/v2beta1/logs/{id}"), log, &[], SOURCE, get_v2beta1)
            .without(ADDRESS),
        get(
            ("glp.audit-log.v2beta1.details", "/audit-log/v2beta1/logs/{id}/details"),
            log,
            &[],
            SOURCE,
            details_v2beta1,
        )
        .whole(),
    ]
}

/// What a list is asked for.
struct Wish {
    offset: usize,
    limit: usize,
    filter: Option<Filter>,
    selection: Selection,
    sort: Vec<sort::SortKey>,
    /// Text that stands anywhere in a line, in lower case.
    anywhere: Option<String>,
}

fn list_v1(world: &World, session: &Session, ask: &Ask, now: Timestamp) -> Result<Reply, Refusal> {
    let default = match world.dialect.audit_v1_default_limit {
        AuditV1DefaultLimit::Fifty => 50,
        AuditV1DefaultLimit::TwoThousand => 2000,
    };
    let wish = wish(world, ask, default, grammars::GLP_AUDIT_LOG_V1, V1_MEMBERS)?;
    // "Free text": which members it looks into is not documented. All that hold text, without regard to case.
    let anywhere = ask.text("all").map(str::to_lowercase);
    list(world, session, Version::V1, Wish { anywhere, ..wish }, now)
}

fn list_v2beta1(world: &World, session: &Session, ask: &Ask, now: Timestamp) -> Result<Reply, Refusal> {
    let wish = wish(world, ask, 50, grammars::GLP_AUDIT_LOG_V2BETA1, V2BETA1_MEMBERS)?;
    let services = wish.filter.as_ref().map_or(0, |filter| values(filter, "serviceOffer/id").len());
    if services > MOST_SERVICES {
        let message = format!("Maximum {MOST_SERVICES} serviceOffer/id can be passed in the filter.");
        return Err(Refusal::Query { name: "filter", message });
    }
    let known = grammars::GLP_AUDIT_LOG_V2BETA1_SORT;
    let sort =
        sort::parse_from(ask.text("sort").unwrap_or_default(), known, true).map_err(unsupported("sort"))?;
    list(world, session, Version::V2Beta1, Wish { sort, ..wish }, now)
}

fn wish(
    world: &World,
    ask: &Ask,
    default: usize,
    grammar: Grammar,
    members: &[&'static str],
) -> Result<Wish, Refusal> {
    let paging = paging(world, ask, &Paging { default, max: 2000, text: invalid_value });
    let (offset, limit) = paging.map_err(|refusal| match refusal {
        Refusal::Query { name, message } => {
            let message = message.replacen("{}", ask.text(name).unwrap_or_default(), 1);
            Refusal::Query { name, message }
        }
        other => other,
    })?;
    let filter = read_filter(world, ask, grammar)?;
    let regions = filter.as_ref().map(|filter| values(filter, "region")).unwrap_or_default();
    if let Some(odd) = regions.into_iter().find(|it| *it != PLATFORM_REGION && !REGIONS.contains(it)) {
        let message = format!(
            "Invalid region value '{odd}' provided. Supported region codes include us-west, us-east, \
             eu-central, etc."
        );
        return Err(Refusal::Query { name: "filter", message });
    }
    let selection = Selection::parse(ask.texts("select"), members, Unknown::Refused);
    let mut selection = selection.map_err(unsupported("select"))?;
    // Both are required of a row.
    if let Selection::Only(wanted) = &mut selection {
        wanted.extend(["id", "type"]);
    }
    Ok(Wish { offset, limit, filter, selection, sort: Vec::new(), anywhere: None })
}

fn list(
    world: &World,
    session: &Session,
    version: Version,
    wish: Wish,
    now: Timestamp,
) -> Result<Reply, Refusal> {
    let past_end = world.dialect.page_past_end;
    let (lines, teller) = told(world, session, version, now);
    Ok(Reply::later(lines.lines.len(), move || {
        let row = |line| teller.row(&lines, line);
        // Without a service the second beta tells the platform's (its specification, "Note").
        let names_services = wish.filter.as_ref().is_some_and(|it| table::mentions(it, "serviceOffer/id"));
        let passing: Vec<_> = lines
            .lines
            .iter()
            .map(|line| row(line))
            .filter(|row| version == Version::V1 || names_services || row.is_platforms())
            .filter(|row| wish.filter.as_ref().is_none_or(|it| it.matches(&|name| row.field(name))))
            .filter(|row| wish.anywhere.as_ref().is_none_or(|text| row.has(text)))
            .collect();
        let total = passing.len().min(MOST_TOLD);
        let rows = cut(past_end, total, wish.offset, wish.limit)?;
        // Of one second too, the lines are told in the order in which they were written.
        let value = |row: usize, name: &str| {
            let nth = if name == "createdAt" { passing[row].nth() } else { 0 };
            (sort::Value::from(passing[row].field(name)), nth)
        };
        let items: Vec<_> = sort::page(passing.len(), &wish.sort, rows, value)
            .into_iter()
            .map(|row| wish.selection.cut(passing[row].json()))
            .collect();
        Ok(json::text(&json!({
            "items": items,
            "count": items.len(),
            "offset": wish.offset,
            "total": total,
            // Not whether there is another page (the specification of the second beta).
            "remainingRecords": passing.len() > MOST_TOLD,
        })))
    }))
}

fn get_v2beta1(world: &World, session: &Session, ask: &Ask, now: Timestamp) -> Result<Reply, Refusal> {
    one(world, session, ask, Version::V2Beta1, now, |row| Some(row.json()))
}

fn details_v1(world: &World, session: &Session, ask: &Ask, now: Timestamp) -> Result<Reply, Refusal> {
    one(world, session, ask, Version::V1, now, |row| row.details())
}

fn details_v2beta1(world: &World, session: &Session, ask: &Ask, now: Timestamp) -> Result<Reply, Refusal> {
    one(world, session, ask, Version::V2Beta1, now, |row| row.details())
}

/// What `show` shows of the line of that id. Ids are hashes, so that the line is looked for among those that
/// can be read, without the lock.
fn one(
    world: &World,
    session: &Session,
    ask: &Ask,
    version: Version,
    now: Timestamp,
    show: fn(&Row<'_>) -> Option<Value>,
) -> Result<Reply, Refusal> {
    let id = ask.segment("id").to_owned();
    let (lines, teller) = told(world, session, version, now);
    Ok(Reply::later(lines.lines.len(), move || {
        let line = lines.lines.iter().find(|line| teller.id(line) == id);
        let shown = line.and_then(|line| show(&teller.row(&lines, line)));
        shown.map(|shown| json::text(&shown)).ok_or_else(|| Refusal::NotFound("such entry".to_owned()))
    }))
}

fn told(world: &World, session: &Session, version: Version, now: Timestamp) -> (Lines, Teller) {
    (world.audit_lines(session.workspace, now), Teller::new(world, session.workspace, version))
}

/// The values that a filter compares a field with. Only `and` joins conditions here.
fn values<'a>(filter: &'a Filter, name: &str) -> Vec<&'a str> {
    match filter {
        Filter::And(terms) | Filter::Or(terms) => terms.iter().flat_map(|term| values(term, name)).collect(),
        Filter::Not(term) => values(term, name),
        Filter::Compare { field, literals, .. } if field == name => {
            literals.iter().filter_map(|literal| literal.text()).collect()
        }
        Filter::Compare { .. } => Vec::new(),
    }
}

/// The words of the samples, which do not name the attribute. Those about `sort` are formed like them.
fn unsupported(name: &'static str) -> impl Fn(FilterError) -> Refusal {
    move |_| {
        let message = format!("Unsupported {name} attributes are passed in query parameter.");
        Refusal::Query { name, message }
    }
}

/// The words of the audit log, with `{}` for the value.
fn invalid_value(name: &'static str, fault: NumberFault, max: usize) -> String {
    match fault {
        NumberFault::TooLarge if name == "limit" => {
            format!("Invalid limit value '{{}}' provided. Maximum allowed limit is {max}.")
        }
        _ => format!("Invalid {name} value '{{}}' provided."),
    }
}
