//! Devices made other than they were, and removed.

use std::sync::Arc;

use jiff::Timestamp;
use smol_str::SmolStr;

use super::{
    Address, Application, Class, Contact, Device, DeviceType, Fleet, FleetError, Held, Listed, Tags,
    plot::Plot,
};
use crate::world::WorkspaceIx;

/// What shall be different about a device. What is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alteration {
    /// MAC address, in capitals with colons.
    pub mac: Option<SmolStr>,
    /// Model name.
    pub model: Option<SmolStr>,
    /// Part number.
    pub part_number: Option<SmolStr>,
    /// Firmware version.
    pub firmware: Option<SmolStr>,
    /// Subscription tier.
    pub tier: Option<SmolStr>,
    /// Name in Central.
    pub name: Option<SmolStr>,
    /// The name of one of the workspace's sites.
    pub site: Option<SmolStr>,
    /// Notes in Central; empty for none.
    pub notes: Option<SmolStr>,
    /// Tags in GLP.
    pub tags: Option<Tags>,
    /// Whether Central was assigned to it. One that is assigned anew is on board and answers, unless
    /// something else is said.
    pub assigned: Option<bool>,
    /// Whether Central has it on board. One that comes on board answers, unless something else is said.
    pub provisioned: Option<bool>,
    /// Whether it answers.
    pub online: Option<bool>,
    /// Whether Central still monitors it, if it has it on board.
    pub monitored: Option<bool>,
    /// Whether it is put away.
    pub archived: Option<bool>,
    /// The id of its location, or that it has none.
    pub location: Option<Option<SmolStr>>,
    /// Who is to be asked about it, or nobody.
    pub contact: Option<Option<Contact>>,
    /// The service that it was assigned to, or that it is the usual one or none, as `assigned` says.
    pub application: Option<Option<Application>>,
    /// The number of the site it is put into, or that it is put into none. What `site` says is undone by it.
    pub put_at_site: Option<Option<u32>>,
    /// The number of the device group it is put into, or that it is put into none.
    pub put_in_group: Option<Option<u32>>,
    /// The subscription that it uses, or that it uses none.
    pub subscription: Option<Option<Arc<Held>>>,
    /// When GLP's record of it changed.
    pub updated_at: Option<Timestamp>,
}

impl Alteration {
    /// Whether anything changes that a world says of a device.
    fn alters_row(&self) -> bool {
        let Self { mac, model, part_number, firmware, tier, name, site, .. } = self;
        [mac, model, part_number, firmware, tier, name, site].into_iter().any(Option::is_some)
            || [self.assigned, self.provisioned, self.online].into_iter().any(|truth| truth.is_some())
    }

    /// What is then said about a device of which `row` was said.
    fn of(&self, row: &Listed) -> Listed {
        let either = |new: &Option<SmolStr>, old: &Option<SmolStr>| new.clone().or_else(|| old.clone());
        // What cannot be has no effect.
        let network = row.kind.is_network();
        let was_assigned = network && row.assigned;
        let was_provisioned = was_assigned && row.provisioned;
        let assigned = network && self.assigned.unwrap_or(was_assigned);
        let comes = assigned && !was_assigned;
        let provisioned = assigned && self.provisioned.unwrap_or(was_provisioned || comes);
        let comes = provisioned && !was_provisioned;
        let online = provisioned && self.online.unwrap_or((was_provisioned && row.online) || comes);
        Listed {
            mac: either(&self.mac, &row.mac),
            model: either(&self.model, &row.model),
            part_number: either(&self.part_number, &row.part_number),
            firmware: either(&self.firmware, &row.firmware),
            tier: either(&self.tier, &row.tier),
            name: either(&self.name, &row.name),
            site: either(&self.site, &row.site),
            assigned,
            provisioned,
            online,
            ..row.clone()
        }
    }
}

impl Fleet {
    /// Changes a device, or nothing. Whether `workspace` has the device.
    pub fn alter(
        &mut self,
        workspace: WorkspaceIx,
        serial: &str,
        wanted: Alteration,
    ) -> Result<bool, FleetError> {
        let Some(device) = self.by_serial(serial).filter(|device| device.workspace() == workspace) else {
            return Ok(false);
        };
        let (address, used) = (device.address, device.uses());
        if wanted.alters_row() {
            let (before, was_network) = (device.row(), device.assigned());
            let row = wanted.of(&before);
            row.check(self.plots[workspace.0].site_names())?;
            if let Some(mac) = row.mac.as_ref().filter(|_| row.mac != before.mac)
                && *mac != device.mac()
                && self.mac_is_taken(mac)
                && !(Address::of_mac(mac) == Some(address) && self.by_mac(mac).is_none())
            {
                return Err(FleetError::MacTaken(mac.clone()));
            }
            self.say(address, before, row, was_network);
        }
        let was_provisioned = self.at(address).was_provisioned();
        self.record(address, |change| {
            change.notes = wanted.notes.or_else(|| change.notes.take());
            change.tags = wanted.tags.map(Arc::new).or_else(|| change.tags.take());
            let monitored = wanted.monitored.or(wanted.provisioned);
            change.forgotten = monitored.map_or(change.forgotten, |monitored| !monitored) && was_provisioned;
            change.archived = wanted.archived.unwrap_or(change.archived);
            change.location = wanted.location.unwrap_or_else(|| change.location.take());
            change.contact = match wanted.contact {
                Some(contact) => contact.map(Arc::new),
                None => change.contact.take(),
            };
            if let Some(application) = wanted.application {
                change.application = application.map(Arc::new);
            }
            // Who names a site of the world means that one, wherever the device was put since.
            let put = change.site.filter(|_| wanted.site.is_none());
            change.site = wanted.put_at_site.or(put);
            change.group = wanted.put_in_group.or(change.group);
            change.subscription = wanted.subscription.or_else(|| change.subscription.take());
            change.updated_at = wanted.updated_at.or(change.updated_at);
        });
        let uses = self.at(address).uses();
        if uses != used {
            self.discount_use(workspace, used);
            self.count_use(workspace, uses);
        }
        Ok(true)
    }

    /// Removes all devices of a workspace that goes, with what they used. Nothing is left of them to be told.
    pub(crate) fn clear(&mut self, workspace: WorkspaceIx) {
        let all = self.all(workspace).map(|device| device.index()).collect();
        self.remove(workspace, all);
        if self.plot(workspace).is_some() {
            *self.plot_mut(workspace) = Plot::default();
        }
    }

    /// From now on the world says `row` of a device of which it said `before`.
    fn say(&mut self, address: Address, before: Listed, row: Listed, was_network: bool) {
        let workspace = address.workspace();
        if let Some(mac) = before.mac.filter(|mac| row.mac.as_ref() != Some(mac)) {
            self.macs.remove_mut(&mac);
        }
        if let Some(mac) = &row.mac {
            self.macs.insert_mut(mac.clone(), address);
        }
        if was_network {
            let mut census = self.plots[workspace.0].census.clone();
            census.take_out(self.at(address));
            self.plot_mut(workspace).census = census;
        }
        let (kind, network) = (row.kind, row.assigned);
        let index = address.index();
        let serial = self.at(address).serial();
        self.plot_mut(workspace).say(index, row);
        if network != was_network {
            self.plot_mut(workspace).leave(&[(index, kind, was_network)]);
            let place = network.then(|| self.network_place(workspace, &serial));
            self.plot_mut(workspace).enter(index, kind, place);
        }
        if network {
            self.count_in(address);
        }
    }

    /// Adds a device that is like one that is generated. Gives its serial number.
    pub fn add_one_more(
        &mut self,
        workspace: WorkspaceIx,
        class: Class,
        now: Timestamp,
    ) -> Result<SmolStr, FleetError> {
        let address = self.next(workspace)?;
        let usual = Plot::default();
        let sites = self.plot(workspace).unwrap_or(&usual).site_names();
        let row = Listed { created_at: Some(now), ..class.like_generated(address, self.seed, sites) };
        let serial = address.serial(row.kind);
        self.add(workspace, Listed { serial: Some(serial.clone()), ..row })?;
        Ok(serial)
    }

    /// Removes the devices of `workspace` at these indices. Their numbers are not given again, their serial
    /// numbers and MAC addresses are free.
    pub fn remove(&mut self, workspace: WorkspaceIx, mut indices: Vec<u32>) {
        indices.sort_unstable();
        indices.dedup();
        let devices: Vec<_> = indices.into_iter().filter_map(|index| self.device(workspace, index)).collect();
        let classes: Vec<(u32, DeviceType, bool)> =
            devices.iter().map(|device| (device.index(), device.kind(), device.assigned())).collect();
        let names: Vec<_> =
            devices.iter().map(|device| (device.index(), device.kind(), device.serial())).collect();
        let macs: Vec<_> = devices.iter().map(Device::mac).collect();
        let uses: Vec<_> = devices.iter().map(Device::uses).collect();
        let Some(plot) = self.plot(workspace) else { return };
        let mut census = plot.census.clone();
        devices.into_iter().filter(Device::assigned).for_each(|device| census.take_out(device));
        for ((index, _, serial), mac) in names.iter().zip(macs) {
            let address = Address::new(workspace, *index);
            // Another device may be listed under the name that follows from the place of this one.
            if self.serials.get(serial) == Some(&address) {
                self.serials.remove_mut(serial);
            }
            if let Some(id) = self.at(address).given_id() {
                self.ids.remove_mut(&id);
            }
            if self.macs.get(&mac) == Some(&address) {
                self.macs.remove_mut(&mac);
            }
            self.changes.remove_mut(&address);
        }
        let plot = self.plot_mut(workspace);
        plot.census = census;
        plot.leave(&classes);
        plot.remove(&names);
        uses.into_iter().for_each(|used| self.discount_use(workspace, used));
    }
}

impl Device<'_> {
    /// What a world would say of it to have it as it is now, but for what [`Changed`](super::Changed) holds.
    pub(super) fn row(&self) -> Listed {
        if let Some(listed) = self.listed() {
            return listed.clone();
        }
        let was_provisioned = self.was_provisioned();
        let known = |text: &str| (!text.is_empty()).then(|| SmolStr::new(text));
        Listed {
            model: known(self.model()),
            part_number: known(self.part_number()),
            firmware: known(self.firmware()),
            tier: known(self.tier()),
            site: self.site_number().and_then(|number| self.plot.sites().get(number).cloned()),
            tags: self.generated_tags().clone(),
            assigned: self.assigned(),
            provisioned: was_provisioned,
            online: was_provisioned && self.answers(),
            ..Listed::new(self.kind())
        }
    }
}
