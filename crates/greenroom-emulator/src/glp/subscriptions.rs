//! Subscriptions (`glp.md §7.4`): list, get, add, tag, give back, and what devices get by themselves.

use std::collections::BTreeMap;

use greenroom_model::{
    async_operation::{Accepted, Task},
    filter::{Field, grammars},
    id::{WorkspaceId, parse_uuid},
    refusal::Refusal,
    role::{Permission, Resource},
    sort,
    subscription::{
        AutoDevice, AutoTier, Subscription, Subscriptions,
        orders::{Claims, NewSubscription, Tagging, Unclaims},
    },
    time::Iso,
    world::{Session, WorkspaceIx, World},
};
use http::Method;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};
use smol_str::{SmolStr, ToSmolStr};
use uuid::Uuid;

use super::{
    Paging, Source,
    async_operations::{accept, show},
    bad,
    choice::{Choice, Known},
    cut,
    devices::{
        numeric_value,
        orders::{dry_run, wished_tags},
    },
    get, paging,
};
use crate::{
    json::{self, Quoted, Uri},
    route::{Api, Ask, Confidence, Reply, Route},
    table::Row as _,
};

const SUBSCRIPTIONS: &str = "/subscriptions/v1/subscriptions";
const SUBSCRIPTION: &str = "/subscriptions/v1/subscriptions/{id}";
const OPERATION: &str = "/subscriptions/v1/async-operations/{id}";
const BULK: &str = "/subscriptions/v2beta1/subscriptions/bulk";
const SETTINGS: &str = "/subscriptions/v1/auto-subscription-settings";
const SETTING: &str = "/subscriptions/v1/auto-subscription-settings/{id}";
/// The route whose 400 has a form of its own.
pub(crate) const UNCLAIM: &str = "glp.subscriptions.unclaim";
const SOURCE: Source = ("glp.md §7.4", Confidence::Documented);
const RESULT: &str = "a documented form of `result`, of which there is none (it is as live answers about devices \
    are, with keys instead of serial numbers)";
const NOTHING_BY_ITSELF: &str = "that devices get subscriptions by themselves; which tier goes with which type of \
    device (any is taken)";

/// How many subscriptions there may be in a POST.
const MOST_ADDED: usize = 5;

/// How many subscriptions a PATCH may name. Nobody says; it is as many as a POST.
const MOST_TAGGED: usize = 5;

/// How many subscriptions may be given back at once.
const MOST_UNCLAIMED: usize = 10;

/// Its routes. The permissions of HPE's page are those of the devices and subscription service.
pub(super) fn routes() -> Vec<Route> {
    let subscriptions = (Api::Subscriptions, Resource::DeviceManagement);
    let change = |name, method, path, query, permission, act| {
        super::change(
            (name, method, path),
            (subscriptions.0, subscriptions.1, permission),
            query,
            SOURCE,
            act,
        )
    };
    let (edit, view) = (Permission::Edit, Permission::View);
    let listed = &["filter", "filter-tags", "limit", "offset", "select", "sort"];
    let marks = &["dry-run", "id"];
    vec![
        get(("glp.subscriptions.list", SUBSCRIPTIONS), subscriptions, listed, SOURCE, list).whole(),
        get(("glp.subscriptions.get", SUBSCRIPTION), subscriptions, &[], SOURCE, get_subscription).whole(),
        change("glp.subscriptions.add", Method::POST, SUBSCRIPTIONS, &["dry-run"], edit, add).whole(),
        change("glp.subscriptions.update", Method::PATCH, SUBSCRIPTIONS, marks, edit, update).whole(),
        change(UNCLAIM, Method::DELETE, BULK, &[], edit, unclaim).whole(),
        // To ask is to look, but by some paces it ends an operation.
        change("glp.subscriptions.operation", Method::GET, OPERATION, &[], view, operation).without(RESULT),
        get(("glp.auto-subscription-settings.list", SETTINGS), subscriptions, &[], SOURCE, list_settings)
            .without(NOTHING_BY_ITSELF),
        get(("glp.auto-subscription-settings.get", SETTING), subscriptions, &[], SOURCE, get_settings)
            .without(NOTHING_BY_ITSELF),
        change("glp.auto-subscription-settings.update", Method::PATCH, SETTING, &[], edit, update_settings)
            .without(NOTHING_BY_ITSELF),
    ]
}

/// A subscription as it is at a time, and how many devices can still use it.
struct Row {
    subscription: Subscription,
    available: u32,
    now: Timestamp,
    id: SmolStr,
}

impl Row {
    fn new(subscription: Subscription, available: u32, now: Timestamp) -> Self {
        let id = subscription.held.id.to_smolstr();
        Self { subscription, available, now, id }
    }
}

impl crate::table::Row for Row {
    fn field(&self, name: &str) -> Field<'_> {
        let it = &self.subscription;
        let notes = &it.notes;
        let noted = match name {
            "tierDescription" => Some(&notes.tier_description),
            "sku" => Some(&notes.sku),
            "skuDescription" => Some(&notes.sku_description),
            "contract" => Some(&notes.contract),
            "quote" => Some(&notes.quote),
            "po" => Some(&notes.po),
            "resellerPo" => Some(&notes.reseller_po),
            _ => None,
        };
        if let Some(noted) = noted {
            return noted.as_ref().map_or(Field::Null, |noted| Field::Text(noted));
        }
        match name {
            "id" => Field::Text(&self.id),
            "key" => Field::Text(&it.held.key),
            "tier" => Field::Text(&it.held.tier),
            "subscriptionType" => Field::Text(it.kind.name()),
            "productType" => Field::Text(it.product.name()),
            "subscriptionStatus" => Field::Text(it.status(self.now).name()),
            "quantity" => Field::Number(it.quantity.into()),
            "availableQuantity" => Field::Number(self.available.into()),
            "isEval" => Field::Truth(it.eval),
            "startTime" => Field::Instant(it.held.start),
            "endTime" => Field::Instant(it.held.end),
            "createdAt" => Field::Instant(it.created_at),
            "updatedAt" => Field::Instant(it.updated_at),
            _ => Field::Null,
        }
    }
}

/// The members of a subscription, in the order in which they are shown (`glp.md §7.4`).
const MEMBERS: &[&str] = &[
    "id",
    "type",
    "key",
    "subscriptionType",
    "subscriptionStatus",
    "productType",
    "tier",
    "tierDescription",
    "sku",
    "skuDescription",
    "quantity",
    "availableQuantity",
    "isEval",
    "contract",
    "quote",
    "po",
    "resellerPo",
    "startTime",
    "endTime",
    "createdAt",
    "updatedAt",
    "tags",
];

/// What can be asked of the list.
const KNOWN: Known = Known {
    filter: grammars::GLP_SUBSCRIPTIONS,
    tags: grammars::GLP_SUBSCRIPTION_TAGS,
    sort: grammars::GLP_SUBSCRIPTIONS_SORT,
    members: MEMBERS,
};

/// A subscription as JSON. What has no value is left out: only id and type must be there, and nothing may be
/// null.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    id: Uuid,
    r#type: &'static str,
    key: &'a str,
    subscription_type: &'static str,
    subscription_status: &'static str,
    product_type: &'static str,
    tier: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tier_description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sku: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sku_description: Option<&'a str>,
    quantity: Quoted,
    available_quantity: Quoted,
    is_eval: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    contract: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quote: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    po: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reseller_po: Option<&'a str>,
    start_time: Iso,
    end_time: Iso,
    created_at: Iso,
    updated_at: Iso,
    tags: &'a greenroom_model::fleet::Tags,
}

impl Row {
    fn item(&self) -> Item<'_> {
        let (it, notes) = (&self.subscription, &self.subscription.notes);
        Item {
            id: it.held.id,
            r#type: "subscriptions/subscription",
            key: &it.held.key,
            subscription_type: it.kind.name(),
            subscription_status: it.status(self.now).name(),
            product_type: it.product.name(),
            tier: &it.held.tier,
            tier_description: notes.tier_description.as_deref(),
            sku: notes.sku.as_deref(),
            sku_description: notes.sku_description.as_deref(),
            quantity: Quoted(it.quantity.into()),
            available_quantity: Quoted(self.available.into()),
            is_eval: it.eval,
            contract: notes.contract.as_deref(),
            quote: notes.quote.as_deref(),
            po: notes.po.as_deref(),
            reseller_po: notes.reseller_po.as_deref(),
            start_time: Iso(it.held.start),
            end_time: Iso(it.held.end),
            created_at: Iso(it.created_at),
            updated_at: Iso(it.updated_at),
            tags: &it.tags,
        }
    }
}

fn list(world: &World, session: &Session, ask: &Ask, now: Timestamp) -> Result<Reply, Refusal> {
    let (offset, limit) = paging(world, ask, &Paging { default: 50, max: 200, text: numeric_value })?;
    let choice = Choice::read(world, ask, ask.text("filter-tags").unwrap_or_default(), &KNOWN)?;
    let subscriptions = world.subscriptions(session.workspace);
    let past_end = world.dialect.page_past_end;
    Ok(Reply::later(subscriptions.workspaces(), move || {
        let passes = |row: &Row| {
            choice.wants(row, |key| row.subscription.tags.get(key).map_or(Field::Null, |it| Field::Text(it)))
        };
        let all: Vec<Row> = rows(&subscriptions, now).filter(passes).collect();
        let rows = cut(past_end, all.len(), offset, limit)?;
        let value = |row: usize, name: &str| sort::Value::from(all[row].field(name));
        let shown = choice.sorted(all.len(), rows, value);
        let items: Vec<Value> =
            shown.into_iter().map(|row| choice.selection.cut(json!(all[row].item()))).collect();
        let page = json!({"items": items, "count": items.len(), "offset": offset, "total": all.len()});
        Ok(json::text(&page))
    }))
}

fn rows(subscriptions: &Subscriptions, now: Timestamp) -> impl Iterator<Item = Row> {
    subscriptions.iter().map(move |it| {
        let available = subscriptions.available(&it);
        Row::new(it, available, now)
    })
}

fn get_subscription(world: &World, session: &Session, ask: &Ask, now: Timestamp) -> Result<Reply, Refusal> {
    let Some(id) = parse_uuid(ask.segment("id")) else {
        return Err(Refusal::Path { name: "Id", message: "Id is not a valid UUID.".to_owned() });
    };
    let (subscription, available) = world
        .visible_subscription(session.workspace, id)
        .ok_or_else(|| Refusal::NotFound(id.hyphenated().to_string()))?;
    Ok(Reply::ok(Row::new(subscription, available, now).item()))
}

type Members = Map<String, Value>;

/// Tags and all the rest of a query that a client has no business to send are ignored: pycentral sends an
/// `offset` (`glp.md §7.4`).
fn add(world: &mut World, session: &Session, ask: &Ask, now: Timestamp) -> Result<Reply, Refusal> {
    let dry_run = dry_run(ask)?;
    let body = ask.members()?;
    let rows = match body.get("subscriptions") {
        Some(Value::Array(rows)) if (1..=MOST_ADDED).contains(&rows.len()) => rows,
        Some(Value::Array(_)) => {
            return Err(bad("subscriptions", "Subscriptions must be between 1 and 5."));
        }
        _ => return Err(bad("subscriptions", "Required fields missing.")),
    };
    let wanted = rows.iter().map(|row| {
        let row = row.as_object().ok_or_else(|| bad("subscriptions", "Must hold objects."))?;
        // The words of HPE's sample.
        let key = row.get("key").and_then(Value::as_str).map(str::trim).filter(|key| !key.is_empty());
        let key = key.ok_or_else(|| bad("key", "Parameter key is empty."))?;
        Ok(NewSubscription { key: key.into(), tags: wished_tags(row)? })
    });
    let subscriptions = wanted.collect::<Result<_, Refusal>>()?;
    let task = Task::AddSubscriptions(Claims { subscriptions, dry_run });
    accept(world, session, task, OPERATION, now)
}

fn update(world: &mut World, session: &Session, ask: &Ask, now: Timestamp) -> Result<Reply, Refusal> {
    let dry_run = dry_run(ask)?;
    let refuse = |message: &str| Refusal::Query { name: "id", message: message.to_owned() };
    let ids = each_once(ask.texts("id").map(parse_uuid)).ok_or_else(|| refuse("Id is not a valid UUID."))?;
    match ids.len() {
        0 => return Err(refuse("Parameter ID is missing.")),
        1..=MOST_TAGGED => {}
        _ => return Err(refuse("There must not be more than 5 ids.")),
    }
    let body = ask.members()?;
    if !body.get("tags").is_some_and(Value::is_object) {
        return Err(bad("tags", "Required fields missing."));
    }
    let tags = wished_tags(&body)?;
    if tags.is_empty() {
        return Err(bad("tags", "There must be at least one tag."));
    }
    accept(world, session, Task::TagSubscriptions(Tagging { ids, tags, dry_run }), OPERATION, now)
}

/// Ids in their order, each once; none if one of them is no id.
fn each_once(ids: impl Iterator<Item = Option<Uuid>>) -> Option<Vec<Uuid>> {
    let mut once = Vec::new();
    for id in ids {
        let id = id?;
        if !once.contains(&id) {
            once.push(id);
        }
    }
    Some(once)
}

/// The words about `items` are those of HPE's sample.
fn unclaim(world: &mut World, session: &Session, ask: &Ask, now: Timestamp) -> Result<Reply, Refusal> {
    let body = ask.members()?;
    let items = match body.get("items") {
        Some(Value::Array(items)) if (1..=MOST_UNCLAIMED).contains(&items.len()) => items,
        _ => return Err(bad("items", "Items must be between 1 and 10.")),
    };
    let id = |item: &Value| item.get("id").and_then(Value::as_str).and_then(parse_uuid);
    let ids = each_once(items.iter().map(id)).ok_or_else(|| bad("id", "Id is not a valid UUID."))?;
    accept(world, session, Task::UnclaimSubscriptions(Unclaims { ids }), OPERATION, now)
}

fn operation(world: &mut World, session: &Session, ask: &Ask, now: Timestamp) -> Result<Reply, Refusal> {
    show(world, session, Accepted::Subscriptions, ask, now)
}

/// Settings as JSON. Their id is that of the workspace.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    id: WorkspaceId,
    r#type: &'static str,
    auto_subscription_settings: Vec<Setting>,
    resource_uri: Uri<WorkspaceId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant_workspace_id: Option<WorkspaceId>,
    generation: u32,
    created_at: Iso,
    updated_at: Iso,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Setting {
    device_type: &'static str,
    tier: &'static str,
}

impl Settings {
    fn of(world: &World, viewer: WorkspaceIx, workspace: WorkspaceIx) -> Self {
        let (it, settings) = (world.workspace(workspace), world.ledger().auto(workspace));
        let made = it.created_at;
        let setting = |(device, tier): (&AutoDevice, &AutoTier)| Setting {
            device_type: device.name(),
            tier: tier.name(),
        };
        let tiers = settings.map(|settings| settings.tiers.iter().map(setting).collect());
        Self {
            id: it.id,
            r#type: "subscriptions/auto-subscription-settings",
            auto_subscription_settings: tiers.unwrap_or_default(),
            resource_uri: Uri("/subscriptions/v1/auto-subscription-settings/", it.id),
            tenant_workspace_id: (viewer != workspace).then_some(it.id),
            generation: settings.map_or(0, |settings| settings.generation),
            created_at: Iso(settings.map_or(made, |settings| settings.created_at)),
            updated_at: Iso(settings.map_or(made, |settings| settings.updated_at)),
        }
    }
}

/// Those that were set, of the workspace and of the tenants whose inventory it owns.
fn list_settings(world: &World, session: &Session, _: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let viewer = session.workspace;
    let configured = world.ledger().configured().filter(|it| world.sees_devices(viewer, *it));
    let items: Vec<_> = configured.map(|workspace| Settings::of(world, viewer, workspace)).collect();
    let count = items.len();
    Ok(Reply::ok(json!({"items": items, "count": count, "offset": 0, "total": count})))
}

fn get_settings(world: &World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let workspace = asked_workspace(world, session, ask)?;
    Ok(Reply::ok(Settings::of(world, session.workspace, workspace)))
}

/// The workspace in the path: the session's own, or a tenant's whose inventory it owns.
fn asked_workspace(world: &World, session: &Session, ask: &Ask) -> Result<WorkspaceIx, Refusal> {
    let Ok(id) = ask.segment("id").parse::<WorkspaceId>() else {
        return Err(Refusal::Path { name: "id", message: "Id is not a valid UUID.".to_owned() });
    };
    let found = world.workspace_by_id(id).filter(|it| world.sees_devices(session.workspace, *it));
    // The operations document a 403 and no 404.
    found.ok_or(Refusal::WrongWorkspace)
}

/// What is said of a type of device takes the place of what was; `null` takes it away (description of the
/// operation in HPE's subscription-management.json, whose schema calls the member by two names).
fn update_settings(
    world: &mut World,
    session: &Session,
    ask: &Ask,
    now: Timestamp,
) -> Result<Reply, Refusal> {
    let workspace = asked_workspace(world, session, ask)?;
    let body = ask.members()?;
    let said = body.get("autoSubscriptionSettings").or_else(|| body.get("autoSubscriptions"));
    let Some(Value::Array(rows)) = said else {
        return Err(bad("autoSubscriptionSettings", "Required fields missing."));
    };
    let wanted = rows.iter().map(setting).collect::<Result<BTreeMap<_, _>, Refusal>>()?;
    let changed = world.set_auto_subscriptions(session, workspace, wanted, now);
    let change = format!("auto-subscription settings of {} changed", world.workspace(workspace).symbol);
    let reply = Reply::ok(Settings::of(world, session.workspace, workspace));
    Ok(if changed { reply.changed(change) } else { reply })
}

/// One type of device, and the tier that it shall get.
fn setting(row: &Value) -> Result<(AutoDevice, Option<AutoTier>), Refusal> {
    let empty = Members::new();
    let row = row.as_object().unwrap_or(&empty);
    let device = row.get("deviceType").and_then(Value::as_str).and_then(AutoDevice::named);
    let device = device.ok_or_else(|| bad("deviceType", "Must be a type of device."))?;
    let tier = match row.get("tier") {
        Some(Value::Null) => None,
        Some(Value::String(tier)) => {
            Some(AutoTier::named(tier).ok_or_else(|| bad("tier", "Must be a tier, or null."))?)
        }
        _ => return Err(bad("tier", "Required fields missing.")),
    };
    Ok((device, tier))
}
