//! Devices added and changed (`glp.md §6.4`, `§6.5`): what a request asks for, as far as it can be told
//! without looking at devices. The rest is seen when the operation ends.

use std::collections::{BTreeMap, HashSet};

use greenroom_model::{
    async_operation::Task,
    devices::orders::{Addition, Update, Version, Wish, Wished},
    dialect::NetworkDeviceSerial,
    fleet::{Application, Category, Contact, MOST_TAGS, NewDevice, Tags},
    id::parse_uuid,
    refusal::Refusal,
    tenancy::is_email,
    world::{Session, World},
};
use jiff::Timestamp;
use serde_json::{Map, Value};
use smol_str::SmolStr;
use uuid::Uuid;

use crate::{
    glp::{async_operations::accept_devices, bad},
    route::{Ask, Reply},
};

type Members = Map<String, Value>;

/// How many devices there may be in a request of v1 (`glp.md §6.4`, `§6.5`).
const MOST: usize = 5;

/// How many devices a PATCH of v2beta1 may name (`glp.md §6.5`).
const MOST_V2BETA1: usize = 25;

/// `POST /devices/v1/devices`.
pub(super) fn add(world: &mut World, session: &Session, ask: &Ask, now: Timestamp) -> Result<Reply, Refusal> {
    let dry_run = dry_run(ask)?;
    let body = ask.members()?;
    let kinds =
        [("compute", Category::Compute), ("network", Category::Network), ("storage", Category::Storage)];
    let is_missing = |name: &str| body.get(name).is_none_or(Value::is_null);
    let missing: Vec<_> = kinds.into_iter().filter(|(name, _)| is_missing(name)).collect();
    if !missing.is_empty() {
        // Seen live (glp.md §6.4).
        let texts: Vec<_> = missing.iter().map(|(name, _)| format!("{name}: must not be null")).collect();
        return Err(bad("", texts.join("; ")));
    }
    let mut devices = Vec::new();
    for (name, category) in kinds {
        let Some(Value::Array(rows)) = body.get(name) else { return Err(bad(name, "must be an array")) };
        for row in rows {
            let Value::Object(row) = row else { return Err(bad(name, "must hold objects")) };
            devices.push(new_device(world, category, row)?);
        }
    }
    match devices.len() {
        0 => Err(bad("", "must name at least one device")),
        1..=MOST => accept_devices(world, session, Task::AddDevices(Addition { devices, dry_run }), now),
        _ => Err(bad("", format!("must not name more than {MOST} devices"))),
    }
}

/// `POST /devices/v2beta1/devices`.
pub(super) fn add_v2beta1(
    world: &mut World,
    session: &Session,
    ask: &Ask,
    now: Timestamp,
) -> Result<Reply, Refusal> {
    let dry_run = dry_run(ask)?;
    let body = ask.members()?;
    let category = match body.get("deviceType").and_then(Value::as_str) {
        Some("COMPUTE") => Category::Compute,
        Some("NETWORK") => Category::Network,
        Some("STORAGE") => Category::Storage,
        _ => return Err(bad("deviceType", "must be one of COMPUTE, NETWORK, STORAGE")),
    };
    let device = NewDevice {
        location: said(location(&body)?),
        contact: said(contact(&body)?),
        ..new_device(world, category, &body)?
    };
    let order = Addition { devices: vec![device], dry_run };
    accept_devices(world, session, Task::AddDevices(order), now)
}

fn new_device(world: &World, category: Category, row: &Members) -> Result<NewDevice, Refusal> {
    let network = category == Category::Network;
    let serial_needed = !network || world.dialect.network_device_serial == NetworkDeviceSerial::Required;
    let serial = name_of(row, "serialNumber", "serial number", serial_needed)?;
    let mac = name_of(row, "macAddress", "MAC address", network)?;
    let part_number = name_of(row, "partNumber", "part number", !network)?;
    let tags = wished_tags(row)?.into_iter().filter_map(|(key, value)| Some((key, value?)));
    let tags: Tags = tags.collect();
    let mut keys = HashSet::new();
    if let Some(key) = tags.keys().find(|key| !keys.insert(key.to_lowercase())) {
        return Err(bad(
            "tags",
            format!("{key} is there twice: keys that differ in case alone are the same key"),
        ));
    }
    Ok(NewDevice {
        category,
        serial,
        mac: mac.map(|mac| written_out(&mac)),
        part_number,
        tags,
        location: None,
        contact: None,
    })
}

/// A name of a device. The text for a blank one is HPE's (`glp.md §8.2`).
fn name_of(row: &Members, member: &str, what: &str, needed: bool) -> Result<Option<SmolStr>, Refusal> {
    match row.get(member) {
        None | Some(Value::Null) if !needed => Ok(None),
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text.trim().into())),
        None | Some(Value::Null | Value::String(_)) => Err(bad(member, format!("{what} is blank."))),
        Some(_) => Err(bad(member, "must be text")),
    }
}

/// A MAC address in capitals with colons, however its digits were parted. What is none stays as it is.
fn written_out(text: &str) -> SmolStr {
    let digits: Vec<_> = text.chars().filter(|c| !matches!(c, ':' | '-' | '.')).collect();
    if digits.len() != 12 || !digits.iter().all(char::is_ascii_hexdigit) {
        return text.into();
    }
    let pairs: Vec<String> = digits.chunks(2).map(|pair| pair.iter().collect()).collect();
    pairs.join(":").to_ascii_uppercase().into()
}

/// `PATCH /devices/v1/devices`: one kind of change a call (`glp.md §6.5`).
pub(super) fn update(
    world: &mut World,
    session: &Session,
    ask: &Ask,
    now: Timestamp,
) -> Result<Reply, Refusal> {
    let (ids, dry_run) = (ids(ask, MOST)?, dry_run(ask)?);
    let body = ask.members()?;
    if let Some(member) = V2BETA1_ALONE.into_iter().find(|member| body.contains_key(*member)) {
        return Err(bad(member, "can be changed by v2beta1 only"));
    }
    if kinds(&body, TENANT).len() != 1 {
        let text = format!("must hold exactly one of application, subscription and {TENANT}");
        return Err(bad("", &text));
    }
    let wish = Wish {
        tenant: tenant(&body, TENANT)?,
        service: service(&body)?,
        subscription: subscription(&body)?,
        ..Wish::default()
    };
    let order = Update { version: Version::V1, ids, wish, dry_run };
    accept_devices(world, session, Task::UpdateDevices(Box::new(order)), now)
}

const TENANT: &str = "tenantPlatformCustomerId";
const TENANT_V2BETA1: &str = "tenantWorkspaceId";

/// What v1 does not change (`glp.md §6.5`).
const V2BETA1_ALONE: [&str; 6] = ["archived", "contact", "location", "tags", TENANT_V2BETA1, WARRANTY];

/// Of what kinds the changes in a body are: what is in it counts, whatever it says.
fn kinds(body: &Members, tenant: &'static str) -> Vec<&'static str> {
    let service = ["application", "region"].iter().any(|member| body.contains_key(*member));
    let others = ["subscription", tenant, "archived", "tags", "location", "contact"];
    let others = others.into_iter().filter(|member| body.contains_key(*member));
    service.then_some("application").into_iter().chain(others).collect()
}

/// `PATCH /devices/v2beta1/devices`: kinds of change may be combined, but for subscriptions and `archived`
/// (`glp.md §6.5`).
pub(super) fn update_v2beta1(
    world: &mut World,
    session: &Session,
    ask: &Ask,
    now: Timestamp,
) -> Result<Reply, Refusal> {
    let (ids, dry_run) = (ids(ask, MOST_V2BETA1)?, dry_run(ask)?);
    let body = ask.members()?;
    if body.contains_key(WARRANTY) {
        return Err(bad(WARRANTY, "is not served by Greenroom yet"));
    }
    if body.contains_key(TENANT) {
        return Err(bad(TENANT, format!("is called {TENANT_V2BETA1} in v2beta1")));
    }
    let archived = match body.get("archived") {
        None => None,
        Some(Value::Bool(archived)) => Some(*archived),
        Some(_) => return Err(bad("archived", "must be true or false")),
    };
    let wish = Wish {
        tenant: tenant(&body, TENANT_V2BETA1)?,
        service: service(&body)?,
        subscription: subscription(&body)?,
        tags: wished_tags(&body)?,
        archived,
        location: location(&body)?,
        contact: contact(&body)?,
    };
    match kinds(&body, TENANT_V2BETA1).as_slice() {
        [] => return Err(bad("", "must hold a change")),
        [_] => {}
        several => {
            for (alone, with) in [("archived", "anything else"), ("subscription", "the device")] {
                if several.contains(&alone) {
                    return Err(bad(alone, format!("cannot be changed together with {with}")));
                }
            }
        }
    }
    let order = Update { version: Version::V2Beta1, ids, wish, dry_run };
    accept_devices(world, session, Task::UpdateDevices(Box::new(order)), now)
}

const WARRANTY: &str = "warranty/currentSupportLevel";

/// The devices that a PATCH is about, each once.
fn ids(ask: &Ask, most: usize) -> Result<Vec<Uuid>, Refusal> {
    let refuse = |message: String| Refusal::Query { name: "id", message };
    let mut ids = Vec::new();
    for text in ask.texts("id") {
        let id = parse_uuid(text).ok_or_else(|| refuse("device ID is not a valid UUID.".to_owned()))?;
        if !ids.contains(&id) {
            ids.push(id);
        }
        if ids.len() > most {
            return Err(refuse(format!("must not name more than {most} devices.")));
        }
    }
    if ids.is_empty() { Err(refuse("device ID is not provided.".to_owned())) } else { Ok(ids) }
}

pub(in crate::glp) fn dry_run(ask: &Ask) -> Result<bool, Refusal> {
    match ask.text("dry-run") {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(Refusal::Query { name: "dry-run", message: "must be true or false.".to_owned() }),
    }
}

/// `application` and `region`. A service is left by null, and entered in a region only (`glp.md §6.5`).
fn service(body: &Members) -> Result<Option<Wished<Application>>, Refusal> {
    let region = match body.get("region") {
        None | Some(Value::Null) => None,
        Some(Value::String(region)) if !region.is_empty() => Some(region.as_str()),
        Some(_) => return Err(bad("region", "must be the name of a region")),
    };
    let id = match body.get("application") {
        None if region.is_some() => return Err(bad("application", "must be there with a region")),
        None => return Ok(None),
        Some(Value::Object(application)) => application.get("id"),
        Some(_) => return Err(bad("application", "must be an object")),
    };
    match id {
        Some(Value::Null) if region.is_some() => Err(bad("region", "must be null where application/id is")),
        Some(Value::Null) => Ok(Some(Wished::Nothing)),
        Some(Value::String(text)) => {
            let manager = parse_uuid(text).ok_or_else(|| bad("application/id", "must be a UUID"))?;
            let region = region.ok_or_else(|| bad("region", "must not be null"))?;
            Ok(Some(Wished::To(Application { manager, region: region.into() })))
        }
        _ => Err(bad("application/id", "must be a UUID or null")),
    }
}

/// `subscription`: one, or an empty list for none.
fn subscription(body: &Members) -> Result<Option<Wished<Uuid>>, Refusal> {
    let Some(rows) = body.get("subscription") else { return Ok(None) };
    let Value::Array(rows) = rows else { return Err(bad("subscription", "must be an array")) };
    match rows.as_slice() {
        [] => Ok(Some(Wished::Nothing)),
        [row] => {
            let id = row.get("id").and_then(Value::as_str).and_then(parse_uuid);
            id.map(Wished::To).map(Some).ok_or_else(|| bad("subscription/id", "must be a UUID"))
        }
        _ => Err(bad("subscription", "must not hold more than one subscription")),
    }
}

fn tenant(body: &Members, member: &str) -> Result<Option<Uuid>, Refusal> {
    match body.get(member) {
        None => Ok(None),
        Some(Value::String(text)) => {
            parse_uuid(text).map(Some).ok_or_else(|| bad(member, "must be the id of a workspace"))
        }
        Some(_) => Err(bad(member, "must be the id of a workspace")),
    }
}

/// `tags`: what a tag may consist of is said in the request body of PATCH (HPE's device-management.json).
pub(in crate::glp) fn wished_tags(body: &Members) -> Result<BTreeMap<SmolStr, Option<SmolStr>>, Refusal> {
    let members = match body.get("tags") {
        None | Some(Value::Null) => return Ok(BTreeMap::new()),
        Some(Value::Object(members)) => members,
        Some(_) => return Err(bad("tags", "must be an object")),
    };
    if members.len() > MOST_TAGS {
        return Err(bad("tags", format!("must not be more than {MOST_TAGS}")));
    }
    let fits = |text: &str| text.chars().all(|c| c.is_alphanumeric() || c == ' ' || "_.:=+-@".contains(c));
    let tag = |(key, value): (&String, &Value)| {
        if !(1..=128).contains(&key.chars().count()) || !fits(key) {
            let text = "a key has 1 to 128 characters: letters, numbers, spaces and _ . : = + - @";
            return Err(bad("tags", text));
        }
        match value {
            Value::Null => Ok((key.into(), None)),
            Value::String(value) if value.chars().count() <= 256 && fits(value) => {
                Ok((key.into(), Some(value.into())))
            }
            _ => {
                let text = "a value has at most 256 characters: letters, numbers, spaces and _ . : = + - @; or is null";
                Err(bad("tags", text))
            }
        }
    };
    members.iter().map(tag).collect()
}

/// The longest text of a member that nothing else bounds.
const LONGEST: usize = 256;

fn text(members: &Members, path: &str, member: &str) -> Result<Option<SmolStr>, Refusal> {
    let path = || format!("{path}/{member}");
    match members.get(member) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.chars().any(char::is_control) => {
            Err(bad(&path(), "must be one line"))
        }
        Some(Value::String(text)) if (1..=LONGEST).contains(&text.chars().count()) => Ok(Some(text.into())),
        Some(_) => Err(bad(&path(), format!("must be text of 1 to {LONGEST} characters"))),
    }
}

fn needed(members: &Members, path: &str, member: &str) -> Result<SmolStr, Refusal> {
    text(members, path, member)?.ok_or_else(|| bad(&format!("{path}/{member}"), "must not be null"))
}

/// A member that is an object. Empty or null, it says that there shall be none: so HPE's examples take a location
/// and a contact away (request body of PATCH in HPE's device-management.json).
fn wished<T>(
    body: &Members,
    member: &str,
    read: impl Fn(&Members) -> Result<T, Refusal>,
) -> Result<Option<Wished<T>>, Refusal> {
    match body.get(member) {
        None => Ok(None),
        Some(Value::Null) => Ok(Some(Wished::Nothing)),
        Some(Value::Object(members)) if members.is_empty() => Ok(Some(Wished::Nothing)),
        Some(Value::Object(members)) => read(members).map(Wished::To).map(Some),
        Some(_) => Err(bad(member, "must be an object")),
    }
}

/// The same of what is added: none is as if nothing was said.
fn said<T>(wished: Option<Wished<T>>) -> Option<T> {
    match wished {
        Some(Wished::To(said)) => Some(said),
        Some(Wished::Nothing) | None => None,
    }
}

/// `location {id}`.
fn location(body: &Members) -> Result<Option<Wished<SmolStr>>, Refusal> {
    wished(body, "location", |location| needed(location, "location", "id"))
}

/// `contact {type, workspaceUser {id} | nonWorkspaceUser {email…}}`.
fn contact(body: &Members) -> Result<Option<Wished<Contact>>, Refusal> {
    wished(body, "contact", |contact| {
        let details = |member: &'static str| match contact.get(member) {
            Some(Value::Object(details)) => Ok((details, format!("contact/{member}"))),
            _ => Err(bad(&format!("contact/{member}"), "must be an object")),
        };
        match contact.get("type").and_then(Value::as_str) {
            Some("WORKSPACE-USER") => {
                let (user, path) = details("workspaceUser")?;
                Ok(Contact::User(needed(user, &path, "id")?))
            }
            Some("NON-WORKSPACE-USER") => {
                let (other, path) = details("nonWorkspaceUser")?;
                let email = needed(other, &path, "email")?;
                if !is_email(&email) {
                    return Err(bad(&format!("{path}/email"), "must be an e-mail address"));
                }
                Ok(Contact::Other {
                    email,
                    first_name: text(other, &path, "firstName")?,
                    last_name: text(other, &path, "lastName")?,
                    phone: text(other, &path, "phoneNumber")?,
                })
            }
            _ => Err(bad("contact/type", "must be WORKSPACE-USER or NON-WORKSPACE-USER")),
        }
    })
}
