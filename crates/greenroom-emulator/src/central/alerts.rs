//! Alerts (`central.md §6.9`).

use greenroom_model::{
    filter::{Field, grammars},
    fleet::{Alert, DeviceType},
    refusal::Refusal,
    sort::{self, SortKey},
    time::Iso,
    world::{Session, World},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use smol_str::{SmolStr, ToSmolStr};

use super::{get, limit, next, page_of, page_text, read_filter, read_sort};
use crate::{
    json::Rows,
    route::{Api, Ask, Reply, Route},
};

/// The route of which HPE documents when to come back after a 429.
pub(crate) const ALERTS: &str = "central.alerts.list";

/// Their route.
pub(super) fn routes() -> Vec<Route> {
    vec![
        get(
            (ALERTS, "/network-notifications/v1/alerts"),
            Api::CentralNotifications,
            &["filter", "limit", "next", "sort"],
            "central.md §6.9",
            list,
        )
        .without(
            "alerts other than three, of devices that do not answer, have something wrong or never came on \
             board; names and `typeId` as Central gives them; a `status` other than Active",
        ),
    ]
}

fn list(world: &World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let limit = limit(world, ask, Some(20), 1..=100)?;
    let number = next(ask)?.unwrap_or(1);
    let filter = read_filter(world, ask, grammars::CENTRAL_ALERTS)?;
    let mut order = read_sort(ask, grammars::CENTRAL_ALERTS_SORT)?;
    if order.is_empty() {
        order.push(SortKey { field: "createdAt".to_owned(), descending: false });
    }
    let (fleet, workspace) = (world.fleet(), session.workspace);
    let past_end = world.dialect.page_past_end;
    Ok(Reply::later(fleet.mix(workspace).network as usize, move || {
        let alerts = fleet.network(workspace).filter_map(|device| device.alert());
        let found: Vec<_> = alerts
            .filter(|alert| {
                let site = site(alert);
                let field = |name: &str| field(alert, &site, name);
                filter.as_ref().is_none_or(|filter| filter.matches(&field))
            })
            .collect();
        let page = page_of(past_end, found.len(), number, limit)?;
        let shown = sort::page(found.len(), &order, page.rows.clone(), |row, name| value(&found[row], name));
        let items = || shown.iter().map(|row| item(&found[*row]));
        Ok(page_text(Rows(items), &page, shown.len(), found.len()))
    }))
}

fn site(alert: &Alert<'_>) -> SmolStr {
    alert.device.site().map(|site| site.id.to_smolstr()).unwrap_or_default()
}

const ACTIVE: &str = "Active";
const SYSTEM: &str = "System";

fn field<'a>(alert: &Alert<'_>, site: &'a SmolStr, name: &str) -> Field<'a> {
    match name {
        "siteId" => Field::Text(site),
        "typeId" => Field::Text(alert.severity.type_id()),
        "status" => Field::Word(ACTIVE),
        "category" => Field::Word(SYSTEM),
        _ => Field::Word(device_type(alert)),
    }
}

fn value(alert: &Alert<'_>, name: &str) -> sort::Value {
    let text = |text: &'static str| sort::Value::Text(SmolStr::new_static(text));
    match name {
        "createdAt" => sort::Value::Instant(alert.created_at()),
        "severity" => text(alert.severity.name()),
        "status" => text(ACTIVE),
        "name" => text(alert.severity.title()),
        _ => text(alert.severity.priority()),
    }
}

fn device_type(alert: &Alert<'_>) -> &'static str {
    match alert.device.kind() {
        DeviceType::AccessPoint => "Access Point",
        DeviceType::Switch => "Switch",
        _ => "Gateway",
    }
}

fn item(alert: &Alert<'_>) -> Value {
    json!({
        "category": SYSTEM,
        "clearedReason": null,
        "createdAt": Iso(alert.created_at()),
        "deviceType": device_type(alert),
        "id": alert.id(),
        "key": alert.key(),
        "name": alert.severity.title(),
        "priority": alert.severity.priority(),
        "severity": alert.severity.name(),
        "status": ACTIVE,
        "summary": alert.summary(),
        "type": "network-notifications/alerts",
        "typeId": alert.severity.type_id(),
        // Empty until somebody has (the sample of HPE's notifications.json).
        "updatedAt": "",
        "updatedBy": null,
    })
}
