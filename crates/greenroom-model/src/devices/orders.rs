//! Devices added and changed by request: what is asked for, whether it can be, and what came of it.
//!
//! An order is checked as a whole when its operation ends, then what can be done of it is done (dialect
//! `async_batch`). Nothing of a device that cannot be changed as asked is changed.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use smol_str::SmolStr;
use uuid::Uuid;

use crate::{
    access::Service,
    async_operation::Outcome,
    audit::{self, Author, Effect},
    dialect::{AsyncBatch, HandoverOfAssigned},
    fleet::{
        Alteration, Application, Contact, Device, FleetError, Held, MOST_TAGS, NewDevice, Tags, is_mac,
        is_serial,
    },
    id::{WorkspaceId, parse_uuid},
    sample::REGION,
    world::{WorkspaceIx, World},
};

/// The version of the API that took an order: what it says of the result differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Version {
    /// `/devices/v1`.
    V1,
    /// `/devices/v2beta1`.
    V2Beta1,
}

/// Devices to be added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addition {
    /// The devices.
    pub devices: Vec<NewDevice>,
    /// Whether it shall only be seen whether they could be.
    pub dry_run: bool,
}

/// What shall take the place of what there is of a kind: this, or nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wished<T> {
    /// This.
    To(T),
    /// Nothing.
    Nothing,
}

impl<T> Wished<T> {
    fn get(&self) -> Option<&T> {
        match self {
            Self::To(wished) => Some(wished),
            Self::Nothing => None,
        }
    }
}

/// What shall be different about devices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// The workspace that shall have them: a tenant, or again the MSP itself.
    pub tenant: Option<Uuid>,
    /// The service.
    pub service: Option<Wished<Application>>,
    /// The id of the subscription.
    pub subscription: Option<Wished<Uuid>>,
    /// Tags to be set, or deleted.
    pub tags: BTreeMap<SmolStr, Option<SmolStr>>,
    /// Whether they are put away.
    pub archived: Option<bool>,
    /// The id of their location.
    pub location: Option<Wished<SmolStr>>,
    /// Who is to be asked about them.
    pub contact: Option<Wished<Contact>>,
}

/// Devices to be changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Update {
    /// The version of the API.
    pub version: Version,
    /// Their ids, each once.
    pub ids: Vec<Uuid>,
    /// What shall be different.
    pub wish: Wish,
    /// Whether it shall only be seen whether it could be.
    pub dry_run: bool,
}

/// Why something cannot be done to a device or a subscription: a code and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Fault {
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self { code: "HPE_GL_ERROR_NOT_FOUND", message: message.into() }
    }

    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self { code: "HPE_GL_ERROR_CONFLICT", message: message.into() }
    }
}

impl From<FleetError> for Fault {
    fn from(error: FleetError) -> Self {
        Self::conflict(error.to_string())
    }
}

/// Why a device cannot be added.
enum NotAdded {
    /// Somebody has it.
    Duplicate,
    /// HPE does not know it, or it cannot be as it is described.
    Refused(Fault),
}

/// A subscription that devices shall use.
struct Lease {
    held: Arc<Held>,
    /// Whose it is.
    owner: WorkspaceIx,
    /// How many devices more can use it.
    left: u32,
}

/// What is done to a device that can become what is wished.
struct Change {
    id: Uuid,
    serial: SmolStr,
    /// The workspace that has it then.
    home: WorkspaceIx,
    /// Whether it goes there from another.
    moves: bool,
    alteration: Alteration,
    /// What is different about it, in words.
    done: Vec<String>,
}

impl World {
    /// Adds devices to the workspace of `actor`, as far as they can be.
    pub(crate) fn add_devices(&mut self, order: Addition, actor: Author, at: Timestamp) -> Outcome {
        let (mut good, mut duplicates, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        let mut names = HashSet::new();
        for new in order.devices {
            match self.addable(&new, good.len() as u32, &mut names, actor, at) {
                Ok(()) => good.push(new),
                Err(NotAdded::Duplicate) => duplicates.push(new.name().to_owned()),
                Err(NotAdded::Refused(fault)) => refused.push((new.name().to_owned(), fault)),
            }
        }
        if duplicates.len() + refused.len() > 0 && self.dialect.async_batch == AsyncBatch::Nothing {
            good.clear();
        }
        let mut added = Vec::new();
        for new in good {
            let name = new.name().to_owned();
            if !order.dry_run {
                if let Err(error) = Arc::make_mut(&mut self.fleet).claim(actor.workspace, new, &names, at) {
                    refused.push((name, error.into()));
                    continue;
                }
                let description = format!("Device {name} added.");
                let effect = Effect::new(audit::Category::Device, description).with("Device", &name);
                self.tell(actor, effect, at);
            }
            added.push(name);
        }
        let failed = duplicates.len() + refused.len();
        let result = if failed == 0 {
            "SUCCEEDED".into()
        } else {
            let mut result = json!({});
            if !added.is_empty() {
                result["succeededDevicesSerial"] = json!(added);
            }
            if !duplicates.is_empty() {
                result["failedDevicesSerial"] = json!(duplicates);
            }
            if !refused.is_empty() {
                let row = |(serial, fault): (String, Fault)| json!({"serialNumber": serial, "errorCode": fault.code, "message": fault.message});
                result["failedDevices"] = refused.into_iter().map(row).collect();
            }
            result
        };
        outcome(added.len(), failed, result, "postDevicesResponse")
    }

    /// Whether a device can be added, after `before` others of the same order, whose names are known.
    fn addable(
        &self,
        new: &NewDevice,
        before: u32,
        names: &mut HashSet<SmolStr>,
        actor: Author,
        at: Timestamp,
    ) -> Result<(), NotAdded> {
        let well_formed = new.serial.as_deref().is_none_or(is_serial)
            && new.mac.as_deref().is_none_or(is_mac)
            && new.part_number.as_deref().is_none_or(|number| (1..=12).contains(&number.chars().count()));
        if !well_formed {
            return Err(NotAdded::Refused(Fault::not_found("Device not found")));
        }
        let taken = new.serial.as_ref().is_some_and(|serial| self.fleet.by_serial(serial).is_some())
            || new.mac.as_ref().is_some_and(|mac| self.fleet.mac_is_taken(mac));
        let own = [&new.serial, &new.mac].into_iter().flatten();
        // Every name is entered, also after one that is there.
        let twice = own.filter(|name| !names.insert((*name).clone())).count() > 0;
        if taken || twice {
            return Err(NotAdded::Duplicate);
        }
        let room = self.fleet.has_room(actor.workspace, before + 1).map_err(Fault::from);
        let contact = new.contact.as_ref().map_or(Ok(()), |it| self.reachable(it, &[actor.workspace], at));
        room.and(contact).map_err(NotAdded::Refused)
    }

    /// Refuses a user as a contact who is in none of these workspaces.
    fn reachable(&self, contact: &Contact, of: &[WorkspaceIx], at: Timestamp) -> Result<(), Fault> {
        let Contact::User(id) = contact else { return Ok(()) };
        let is_there = |of: &WorkspaceIx| parse_uuid(id).is_some_and(|id| self.member(*of, id, at).is_some());
        if of.iter().any(is_there) {
            Ok(())
        } else {
            Err(Fault::not_found(format!("There is no user {id} in the workspace.")))
        }
    }

    /// Changes devices that the workspace of `actor` sees, as far as they can be.
    pub(crate) fn update_devices(&mut self, order: Update, actor: Author, at: Timestamp) -> Outcome {
        let Update { version, ids, wish, dry_run } = order;
        let (mut changes, mut failed) = (Vec::new(), Vec::new());
        let mut lease = self.lease(&wish, actor, at);
        let mut moved = 0;
        for id in ids {
            match self.change(id, &wish, actor, &mut lease, moved, at) {
                Ok(change) => {
                    moved += u32::from(change.moves);
                    changes.push(change);
                }
                Err(fault) => failed.push((id, fault)),
            }
        }
        if !failed.is_empty() && self.dialect.async_batch == AsyncBatch::Nothing {
            changes.clear();
        }
        let good: Vec<Uuid> = changes.iter().map(|change| change.id).collect();
        if !dry_run {
            changes.into_iter().for_each(|change| self.make(change, actor, at));
        }
        let (kind, ok, not_ok): (_, Vec<Value>, Vec<Value>) = match version {
            Version::V1 => (
                "PatchDeviceResponse",
                good.iter().map(|id| json!(id)).collect(),
                failed.iter().map(|(id, _)| json!(id)).collect(),
            ),
            Version::V2Beta1 => {
                let fault = |(id, fault): &(Uuid, Fault)| json!({"id": id, "errorCode": fault.code, "message": fault.message});
                (
                    "PatchDeviceResponseV2",
                    good.iter().map(|id| json!({"id": id})).collect(),
                    failed.iter().map(fault).collect(),
                )
            }
        };
        let mut result = json!({});
        for (member, rows) in [("succeededDevices", ok), ("failedDevices", not_ok)] {
            if !rows.is_empty() {
                result[member] = rows.into();
            }
        }
        outcome(good.len(), failed.len(), result, kind)
    }

    /// What has to be done to a device for it to become what is wished, after `moved` others have gone where it
    /// goes. What is so already is not done again.
    fn change(
        &self,
        id: Uuid,
        wish: &Wish,
        actor: Author,
        lease: &mut Result<Option<Lease>, Fault>,
        moved: u32,
        at: Timestamp,
    ) -> Result<Change, Fault> {
        let device = self
            .visible_device(actor.workspace, id)
            .ok_or_else(|| Fault::not_found(format!("ResourceId [{id}] not found")))?;
        let home = match wish.tenant {
            Some(tenant) => self.recipient(&device, tenant, actor, moved)?,
            None => device.workspace(),
        };
        let moves = home != device.workspace();
        // What can be refused comes before what is counted.
        let tags = tagged(device.tags(), &wish.tags)?;
        if let Some(Wished::To(contact)) = &wish.contact {
            self.reachable(contact, &[home, actor.workspace], at)?;
        }
        let (mut alteration, mut done) = (Alteration::default(), Vec::new());
        if moves {
            done.push(format!("given to workspace {}", self.workspace(home).name));
        }
        // What ties it to a workspace it does not take along.
        let service = device.application().filter(|_| !moves);
        let held = device.subscription().filter(|_| !moves);
        let (location, contact) = (device.location().filter(|_| !moves), device.contact().filter(|_| !moves));
        if let Some(wished) = &wish.service {
            if let Wished::To(application) = wished {
                self.assignable(&device, home, application)?;
            }
            let wished = wished.get();
            if wished.map(|it| (it.manager, it.region.as_str())) != service {
                let network = device.kind().is_network();
                let usual = wished.is_some_and(|it| network && it.region == REGION);
                alteration.assigned = network.then_some(wished.is_some());
                alteration.application = Some(wished.filter(|_| !usual).cloned());
                // What it uses no longer follows from whether it is assigned.
                alteration.subscription = Some(held.cloned().map(Arc::new));
                done.push(match wished {
                    Some(application) => format!("assigned to a service in {}", application.region),
                    None => "unassigned from its service".to_owned(),
                });
            }
        }
        match &wish.subscription {
            Some(Wished::To(id)) if held.is_none_or(|held| held.id != *id) => {
                let lease = lease.as_mut().map_err(|fault| fault.clone())?;
                let lease = lease.as_mut().filter(|lease| [home, actor.workspace].contains(&lease.owner));
                let lease = lease.ok_or_else(|| {
                    Fault::conflict("The subscription is not of the workspace of the device.")
                })?;
                lease.left = lease
                    .left
                    .checked_sub(1)
                    .ok_or_else(|| Fault::conflict("As many devices use the subscription as can."))?;
                alteration.subscription = Some(Some(lease.held.clone()));
                done.push(format!("subscribed to {}", lease.held.key));
            }
            Some(Wished::Nothing) if held.is_some() => {
                alteration.subscription = Some(None);
                done.push("unsubscribed".to_owned());
            }
            _ => {}
        }
        if tags != *device.tags() {
            alteration.tags = Some(tags);
            done.push("tagged".to_owned());
        }
        if let Some(archived) = wish.archived.filter(|archived| *archived != device.archived()) {
            alteration.archived = Some(archived);
            done.push(if archived { "archived" } else { "unarchived" }.to_owned());
        }
        if let Some(wished) = wish.location.as_ref().map(Wished::get)
            && wished.map(SmolStr::as_str) != location
        {
            alteration.location = Some(wished.cloned());
            done.push(if wished.is_some() { "given a location" } else { "without a location" }.to_owned());
        }
        if let Some(wished) = wish.contact.as_ref().map(Wished::get)
            && wished != contact
        {
            alteration.contact = Some(wished.cloned());
            done.push(if wished.is_some() { "given a contact" } else { "without a contact" }.to_owned());
        }
        alteration.updated_at = (!done.is_empty()).then_some(at);
        Ok(Change { id, serial: device.serial(), home, moves, alteration, done })
    }

    /// The subscription that is wished, if `actor` has it and it can be used.
    fn lease(&self, wish: &Wish, actor: Author, at: Timestamp) -> Result<Option<Lease>, Fault> {
        let Some(Wished::To(id)) = wish.subscription else { return Ok(None) };
        let found = self.visible_subscription(actor.workspace, id);
        let lease = found.and_then(|(found, left)| Some((found.workspace?, found, left)));
        let (owner, subscription, left) =
            lease.ok_or_else(|| Fault::not_found(format!("There is no subscription {id}.")))?;
        match subscription.status(at).name() {
            "STARTED" => Ok(Some(Lease { held: subscription.held, owner, left })),
            status => Err(Fault::conflict(format!("The subscription is {status}."))),
        }
    }

    /// The workspace that shall have a device, if it can, after `moved` others.
    fn recipient(
        &self,
        device: &Device<'_>,
        tenant: Uuid,
        actor: Author,
        moved: u32,
    ) -> Result<WorkspaceIx, Fault> {
        let to = self.workspace_by_id(WorkspaceId(tenant));
        // The MSP may take back what it sees.
        let to = to.filter(|to| *to == actor.workspace || self.manages(actor.workspace, *to));
        let to = to.ok_or_else(|| Fault::not_found(format!("There is no tenant {tenant}.")))?;
        if to != device.workspace() {
            if device.application().is_some() && self.dialect.handover_of_assigned == HandoverOfAssigned::Fail
            {
                return Err(Fault::conflict("The device is assigned to a service."));
            }
            self.fleet.has_room(to, moved + 1)?;
        }
        Ok(to)
    }

    /// A device goes to a service that is provisioned in its workspace and region; Central takes network
    /// devices and no others.
    fn assignable(
        &self,
        device: &Device<'_>,
        home: WorkspaceIx,
        Application { manager, region }: &Application,
    ) -> Result<(), Fault> {
        let mut there =
            self.provisions(home).filter(|it| it.service_manager == *manager && it.status.is_usable());
        if !there.any(|it| it.region == region) {
            return Err(Fault::not_found(format!("The service is not provisioned in {region}.")));
        }
        if (*manager == Self::service_manager(Service::Central)) != device.kind().is_network() {
            return Err(Fault::conflict("The service does not take devices of this type."));
        }
        Ok(())
    }

    /// Does what was found to be possible.
    fn make(
        &mut self,
        Change { id, serial, home, moves, alteration, done }: Change,
        actor: Author,
        at: Timestamp,
    ) {
        let fleet = Arc::make_mut(&mut self.fleet);
        let gone = moves && fleet.hand_over(id, home, at).is_err();
        if gone || fleet.alter(home, &serial, alteration).is_err() {
            debug_assert!(false, "what was found to be possible is not: {serial}");
            return;
        }
        for what in done {
            let description = format!("Device {serial} {what}.");
            let effect = Effect::new(audit::Category::Device, description).with("Serial number", &serial);
            self.tell(actor, effect, at);
        }
    }
}

/// The tags of a device or subscription after some are set and some deleted. Keys that differ in case alone are the same key
/// (request body of PATCH in HPE's device-management.json, `tags`).
pub(crate) fn tagged(before: &Tags, wish: &BTreeMap<SmolStr, Option<SmolStr>>) -> Result<Tags, Fault> {
    let mut tags = before.clone();
    for (key, _) in wish.iter().filter(|(_, value)| value.is_none()) {
        let lower = key.to_lowercase();
        tags.retain(|other, _| other.to_lowercase() != lower);
    }
    for (key, value) in wish {
        let Some(value) = value else { continue };
        let lower = key.to_lowercase();
        if let Some(other) = tags.keys().find(|other| *other != key && other.to_lowercase() == lower) {
            return Err(Fault::conflict(format!("There is a tag {other}, which is the same key as {key}.")));
        }
        tags.insert(key.clone(), value.clone());
    }
    if tags.len() > MOST_TAGS {
        return Err(Fault::conflict(format!("There are at most {MOST_TAGS} tags.")));
    }
    Ok(tags)
}

pub(crate) fn outcome(succeeded: usize, failed: usize, result: Value, kind: &str) -> Outcome {
    let all = (succeeded + failed).max(1);
    Outcome {
        succeeded: failed == 0,
        progress: if failed == 0 { 100 } else { (succeeded * 100 / all) as u8 },
        result,
        result_type: kind.to_owned(),
    }
}
