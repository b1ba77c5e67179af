//! Devices that a workspace claims, and devices that go from one workspace to another.

use std::{collections::HashSet, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use uuid::Uuid;

use super::{Address, Class, Fleet, FleetError, Listed, MOST_DEVICES, Tags, plot::Plot};
use crate::world::WorkspaceIx;

/// Who is to be asked about a device (`glp.md §6.2`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Contact {
    /// A user of the workspace, by id.
    User(SmolStr),
    /// Somebody else.
    Other {
        /// E-mail address.
        email: SmolStr,
        /// First name.
        first_name: Option<SmolStr>,
        /// Last name.
        last_name: Option<SmolStr>,
        /// Telephone number.
        phone: Option<SmolStr>,
    },
}

/// The service that a device was assigned to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    /// The id of its service manager.
    pub manager: Uuid,
    /// The region it was assigned in.
    pub region: SmolStr,
}

/// The kinds of devices that can be added (`glp.md §6.4`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Category {
    /// Servers.
    Compute,
    /// Access points, switches, gateways.
    Network,
    /// Storage systems.
    Storage,
}

/// A device to be added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewDevice {
    /// What kind of device it is.
    pub category: Category,
    /// Its serial number. Without one the MAC address must do (dialect `network_device_serial`).
    pub serial: Option<SmolStr>,
    /// Its MAC address.
    pub mac: Option<SmolStr>,
    /// Its part number.
    pub part_number: Option<SmolStr>,
    /// Its tags.
    pub tags: Tags,
    /// The id of its location.
    pub location: Option<SmolStr>,
    /// Who is to be asked about it.
    pub contact: Option<Contact>,
}

impl NewDevice {
    /// What it is called where it cannot be added.
    pub(crate) fn name(&self) -> &str {
        self.serial.as_deref().or(self.mac.as_deref()).unwrap_or_default()
    }

    /// What it is like, of which nothing else is said: network devices belong to no service yet.
    fn class(&self) -> Class {
        match self.category {
            Category::Compute => Class::Compute,
            Category::Network => Class::Unassigned,
            Category::Storage => Class::Storage,
        }
    }
}

impl Fleet {
    /// Adds a device that belongs to nobody yet, or nothing. What is not said of it is as if it was generated, but
    /// for names that somebody has, or shall have: those `spoken_for`.
    pub fn claim(
        &mut self,
        workspace: WorkspaceIx,
        new: NewDevice,
        spoken_for: &HashSet<SmolStr>,
        at: Timestamp,
    ) -> Result<(), FleetError> {
        let address = self.next(workspace)?;
        let like = new.class().like_generated(address, self.seed, &[]);
        let namesakes = || (address.index()..=MOST_DEVICES).map(|index| Address::new(workspace, index));
        let serials = || namesakes().map(|it| it.serial(like.kind));
        let macs = || namesakes().map(Address::mac);
        let serial = new
            .serial
            .or_else(|| serials().find(|name| self.by_serial(name).is_none() && !spoken_for.contains(name)));
        let mac =
            new.mac.or_else(|| macs().find(|name| !self.mac_is_taken(name) && !spoken_for.contains(name)));
        let row = Listed {
            serial,
            mac: mac.filter(|mac| *mac != address.mac()),
            part_number: new.part_number.or(like.part_number),
            tags: new.tags,
            created_at: Some(at),
            ..like
        };
        self.add(workspace, row)?;
        if new.location.is_some() || new.contact.is_some() {
            self.record(address, |change| {
                change.location = new.location;
                change.contact = new.contact.map(Arc::new);
            });
        }
        Ok(())
    }

    /// Gives a device to another workspace. It keeps what is its own: id, names, tags, when it was added. What
    /// ties it to the workspace that it leaves it does not: service, subscription, place, contact, notes.
    /// Whether it is there.
    pub fn hand_over(&mut self, id: Uuid, to: WorkspaceIx, at: Timestamp) -> Result<bool, FleetError> {
        let Some(device) = self.by_id(id) else { return Ok(false) };
        let (from, index, archived) = (device.workspace(), device.index(), device.archived());
        let row = Listed {
            id: Some(id),
            serial: Some(device.serial()),
            mac: Some(device.mac()),
            tags: device.tags().clone(),
            notes: SmolStr::default(),
            site: None,
            assigned: false,
            provisioned: false,
            online: false,
            created_at: Some(device.created_at()),
            ..device.row()
        };
        // Nothing may fail once it has left.
        let address = self.next(to)?;
        self.remove(from, vec![index]);
        self.add(to, row)?;
        self.record(address, |change| {
            change.archived = archived;
            change.updated_at = Some(at);
        });
        Ok(true)
    }

    /// Refuses where a workspace cannot have so many devices more.
    pub(crate) fn has_room(&self, workspace: WorkspaceIx, more: u32) -> Result<(), FleetError> {
        let next = self.next(workspace)?.index();
        match next.checked_add(more) {
            Some(all) if all <= MOST_DEVICES => Ok(()),
            _ => Err(FleetError::TooMany(u64::from(next) + u64::from(more))),
        }
    }

    /// Refuses a fleet where a listed device has the id of one that is generated.
    pub(crate) fn check_ids(&self) -> Result<(), FleetError> {
        let mut given = self.ids.iter().filter_map(|(id, _)| Some((*id, Address::of_id(*id, self.seed)?)));
        let generates = |address: Address| {
            self.plot(address.workspace()).is_some_and(|plot| plot.generates(address.index()))
        };
        given.find(|(_, address)| generates(*address)).map_or(Ok(()), |(id, _)| Err(FleetError::IdTaken(id)))
    }

    /// Where the next device of a workspace goes.
    pub(super) fn next(&self, workspace: WorkspaceIx) -> Result<Address, FleetError> {
        let index = self.plot(workspace).map_or(0, Plot::next);
        if index == MOST_DEVICES {
            return Err(FleetError::TooMany(u64::from(index) + 1));
        }
        if workspace.0 >= super::address::PLOTS {
            return Err(FleetError::TooManyWorkspaces);
        }
        Ok(Address::new(workspace, index))
    }
}
