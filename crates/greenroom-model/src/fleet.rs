//! Devices: each is a function of the seed, its workspace and its index, so a million cost no rows.
//!
//! Serial numbers and MAC addresses are written from (workspace, index), ids from a keyed permutation of
//! it, so they are unique by construction and lead back to their device without a table. Devices that
//! a world lists come after the generated ones; only what they are given is kept. What has changed
//! since the world began is an overlay of as many entries as devices have changed.

mod address;
mod alert;
mod alter;
mod change;
mod client;
mod device;
mod health;
mod plot;
mod pool;
mod saved;
mod scopes;
mod share;
mod tally;
#[cfg(test)]
mod tests;
mod transfer;
mod wlan;

use std::{ops::Range, sync::Arc};

use jiff::Timestamp;
use rpds::RedBlackTreeMapSync;
use smol_str::SmolStr;
use uuid::Uuid;

pub(crate) use self::{
    address::Address,
    share::{is_mac, is_serial},
};
pub use self::{
    address::MOST_DEVICES,
    alert::{Alert, Severity},
    alter::Alteration,
    client::{Client, Make},
    device::{Class, Device, DeviceType, Site},
    health::{Census, Health},
    pool::{Held, Pool},
    saved::Changed,
    scopes::Tree,
    share::{FleetError, Listed, MOST_SITES, MOST_TAGS, Mix, NOTES, SITES, Share, Tags},
    tally::{Count, Tally, sum},
    transfer::{Application, Category, Contact, NewDevice},
    wlan::{Band, WLANS, Wlan},
};
use self::{
    address::PLOTS,
    change::Change,
    plot::{BLOCK, NetworkPlace, Plot},
};
use crate::{
    access::Service,
    id::Seed,
    sample::REGION,
    scope::Scopes,
    world::{WorkspaceIx, World},
};

/// A fleet that readers share while the world goes on.
pub type SharedFleet = Arc<Fleet>;

/// Every device of a world. A copy shares everything with its original until one of them changes.
#[derive(Clone, Debug)]
pub struct Fleet {
    seed: Seed,
    born: Timestamp,
    /// By number of workspace.
    plots: Arc<Vec<Arc<Plot>>>,
    /// The serial numbers and MAC addresses that a world gives.
    serials: RedBlackTreeMapSync<SmolStr, Address>,
    macs: RedBlackTreeMapSync<SmolStr, Address>,
    /// The ids that a world gives, such as that of a device that came from another workspace.
    ids: RedBlackTreeMapSync<Uuid, Address>,
    changes: RedBlackTreeMapSync<Address, Change>,
    /// How many devices use each subscription because somebody said so.
    uses: RedBlackTreeMapSync<Uuid, u32>,
    /// What was said about the scopes of workspaces.
    scopes: RedBlackTreeMapSync<WorkspaceIx, Arc<Scopes>>,
}

impl Fleet {
    /// An empty fleet whose devices were added from `born` on.
    pub fn new(seed: Seed, born: Timestamp) -> Self {
        Self {
            seed,
            born,
            plots: Arc::default(),
            serials: RedBlackTreeMapSync::new_sync(),
            macs: RedBlackTreeMapSync::new_sync(),
            ids: RedBlackTreeMapSync::new_sync(),
            changes: RedBlackTreeMapSync::new_sync(),
            uses: RedBlackTreeMapSync::new_sync(),
            scopes: RedBlackTreeMapSync::new_sync(),
        }
    }

    /// Gives `workspace` its share. After an error in a listed device those before it are there.
    pub fn plant(&mut self, workspace: WorkspaceIx, share: impl Into<Share>) -> Result<(), FleetError> {
        let Share { mix, listed, gone, sites } = share.into();
        if workspace.0 >= PLOTS {
            return Err(FleetError::TooManyWorkspaces);
        }
        if mix.sum() > MOST_DEVICES.into() {
            return Err(FleetError::TooMany(mix.sum()));
        }
        if self.plot(workspace).is_some_and(|plot| plot.next() > 0) {
            return Err(FleetError::PlantedTwice);
        }
        let mut plot = Plot::new(mix, gone, sites);
        plot.open_pools(workspace, self.seed, self.born);
        self.check_given(workspace, &plot)?;
        let plots = Arc::make_mut(&mut self.plots);
        if plots.len() <= workspace.0 {
            plots.resize_with(workspace.0 + 1, Arc::default);
        }
        plots[workspace.0] = Arc::new(plot);
        let mut census = Census::default();
        self.range(workspace, 0..mix.network).for_each(|device| census.enter(device));
        self.plot_mut(workspace).census = census;
        listed.into_iter().try_for_each(|listed| self.add(workspace, listed).map(drop))
    }

    /// Refuses a plot whose generated devices would be called like listed ones that are there already.
    fn check_given(&self, workspace: WorkspaceIx, plot: &Plot) -> Result<(), FleetError> {
        let mut runs = plot.generated.runs();
        let taken = runs.find_map(|(kind, run)| {
            let [first, last] =
                [run.start, run.end - 1].map(|index| Address::new(workspace, index).serial(kind));
            // Between two generated ones there may be others, which no device of the run has.
            let mut between = self.serials.range(first..=last).map(|(serial, _)| serial);
            between.find(|serial| Address::of_serial(serial).is_some_and(|it| plot.generates(it.index())))
        });
        if let Some(serial) = taken {
            return Err(FleetError::SerialTaken(serial.clone()));
        }
        let Some(last) = plot.generated.total().checked_sub(1) else { return Ok(()) };
        let [first, last] = [0, last].map(|index| Address::new(workspace, index).mac());
        let mut between = self.macs.range(first..=last).map(|(mac, _)| mac);
        match between.find(|mac| Address::of_mac(mac).is_some_and(|it| plot.generates(it.index()))) {
            Some(mac) => Err(FleetError::MacTaken(mac.clone())),
            None => Ok(()),
        }
    }

    /// Adds one device to a workspace that has a share, or changes nothing. Gives its index.
    pub fn add(&mut self, workspace: WorkspaceIx, listed: Listed) -> Result<u32, FleetError> {
        if self.plot(workspace).is_none() {
            self.plant(workspace, Share::default())?;
        }
        let plot = &self.plots[workspace.0];
        let index = plot.next();
        if index == MOST_DEVICES {
            return Err(FleetError::TooMany(u64::from(index) + 1));
        }
        if listed.gone {
            self.plot_mut(workspace).push(listed);
            return Ok(index);
        }
        listed.check(plot.site_names())?;
        let address = Address::new(workspace, index);
        let serial = listed.serial.clone().unwrap_or_else(|| address.serial(listed.kind));
        let mac = listed.mac.clone().unwrap_or_else(|| address.mac());
        if self.by_serial(&serial).is_some() {
            return Err(FleetError::SerialTaken(serial));
        }
        if self.mac_is_taken(&mac) {
            return Err(FleetError::MacTaken(mac));
        }
        if let Some(id) = listed.id.filter(|id| self.by_id(*id).is_some()) {
            return Err(FleetError::IdTaken(id));
        }
        let (kind, network) = (listed.kind, listed.kind.is_network() && listed.assigned);
        if let Some(id) = listed.id {
            self.ids.insert_mut(id, address);
        }
        if listed.serial.is_some() {
            self.serials.insert_mut(serial.clone(), address);
        }
        if listed.mac.is_some() {
            self.macs.insert_mut(mac, address);
        }
        let place = network.then(|| self.network_place(workspace, &serial));
        let plot = self.plot_mut(workspace);
        plot.push(listed);
        plot.enter(index, kind, place);
        if network {
            self.count_in(address);
        }
        self.count_use(workspace, self.at(address).uses());
        Ok(index)
    }

    /// How many network devices of a workspace have a smaller serial number: the rank of the one that
    /// has this one.
    pub fn network_rank(&self, workspace: WorkspaceIx, serial: &str) -> u32 {
        self.plot(workspace).map_or(0, |plot| plot.rank_at(self.network_place(workspace, serial)))
    }

    fn network_place(&self, workspace: WorkspaceIx, serial: &str) -> NetworkPlace {
        let is_smaller = |index| self.at(Address::new(workspace, index)).serial() < *serial;
        self.plots[workspace.0].network_place(is_smaller)
    }

    /// Whether a device has that MAC address. That of a generated one stays its own, also if it says another:
    /// a world file plants it first.
    pub(crate) fn mac_is_taken(&self, mac: &str) -> bool {
        let generates = |address: Address| {
            self.plot(address.workspace()).is_some_and(|plot| plot.generates(address.index()))
        };
        self.by_mac(mac).is_some() || Address::of_mac(mac).is_some_and(generates)
    }

    /// Counts a network device that has come.
    fn count_in(&mut self, address: Address) {
        let mut census = self.plots[address.workspace().0].census.clone();
        census.enter(self.at(address));
        self.plot_mut(address.workspace()).census = census;
    }

    /// How many devices `workspace` has, by class.
    pub fn mix(&self, workspace: WorkspaceIx) -> Mix {
        self.plot(workspace).map(|plot| plot.total).unwrap_or_default()
    }

    /// Whether a device of `workspace` is assigned to that service manager in that region.
    pub fn is_served(&self, workspace: WorkspaceIx, manager: Uuid, region: &str) -> bool {
        let mut elsewhere = 0;
        for (address, change) in self.changes.range(Address::all_of(workspace)) {
            let Some(application) = &change.application else { continue };
            if application.manager == manager && application.region == region {
                return true;
            }
            elsewhere += u32::from(self.at(*address).assigned());
        }
        let usual = manager == World::service_manager(Service::Central) && region == REGION;
        usual && self.mix(workspace).network > elsewhere
    }

    /// How many devices `workspace` has.
    pub fn count(&self, workspace: WorkspaceIx) -> u32 {
        self.plot(workspace).map_or(0, Plot::len)
    }

    /// How the network devices of `workspace` do.
    pub fn census(&self, workspace: WorkspaceIx) -> Census {
        let Some(plot) = self.plot(workspace) else { return Census::default() };
        let mut census = plot.census.clone();
        for (&address, change) in self.changes.range(Address::all_of(workspace)) {
            if change.forgotten {
                census.leave(self.at(address));
            }
            census.follow(self.at(address), change);
        }
        let (given, said) = (plot.sites().len() as u32, &self.scopes(workspace).sites);
        census.sites = given;
        for (number, row) in said {
            match row {
                Some(_) => census.sites += u32::from(*number >= given),
                None => {
                    census.sites -= u32::from(*number < given);
                    census.close(*number);
                }
            }
        }
        census
    }

    /// The sites of `workspace`.
    pub fn sites(&self, workspace: WorkspaceIx) -> impl Iterator<Item = Site<'_>> {
        let given = 0..self.plot(workspace).map_or(0, |plot| plot.sites().len() as u32);
        let made = self.scopes(workspace).sites.range(given.end..).map(|(number, _)| *number);
        given.chain(made).filter_map(move |number| self.site_at(workspace, number))
    }

    /// All devices of `workspace` in the order in which they were added.
    pub fn all(&self, workspace: WorkspaceIx) -> impl DoubleEndedIterator<Item = Device<'_>> {
        self.range(workspace, 0..self.plot(workspace).map_or(0, Plot::next))
    }

    /// The devices of `workspace` that are assigned to Central, in the order of serial numbers.
    pub fn network(&self, workspace: WorkspaceIx) -> impl DoubleEndedIterator<Item = Device<'_>> {
        let ranks = 0..self.mix(workspace).network;
        ranks.filter_map(move |rank| self.network_at(workspace, rank))
    }

    /// The ranks, among the network devices of `workspace`, of those that Central monitors: the `shown` ones
    /// of them, in the order of serial numbers.
    pub fn monitored_ranks(&self, workspace: WorkspaceIx, shown: Range<usize>) -> Vec<u32> {
        let Some(plot) = self.plot(workspace) else { return Vec::new() };
        let all = 0..self.mix(workspace).network;
        let monitored_before = plot.monitored_before(|rank| {
            self.network_at(workspace, rank).is_some_and(|device| device.was_provisioned())
        });
        let changes = self.changes.range(Address::all_of(workspace));
        let forgotten = changes.filter(|(_, change)| change.forgotten);
        let mut gone: Vec<u32> =
            forgotten.map(|(address, _)| self.network_rank(workspace, &self.at(*address).serial())).collect();
        gone.sort_unstable();
        // How many there are before the block of that number, as things stand now.
        let before = |block: usize| {
            let gone = gone.partition_point(|rank| *rank < block as u32 * BLOCK);
            monitored_before[block] as usize - gone
        };
        let (mut low, mut high) = (0, monitored_before.len());
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if before(middle) <= shown.start { low = middle } else { high = middle }
        }
        (low as u32 * BLOCK..all.end)
            .filter(|rank| self.network_at(workspace, *rank).is_some_and(|device| device.provisioned()))
            .skip(shown.start - before(low))
            .take(shown.len())
            .collect()
    }

    /// The network device of `workspace` of that rank in the order of serial numbers.
    pub fn network_at(&self, workspace: WorkspaceIx, rank: u32) -> Option<Device<'_>> {
        let index = self.plot(workspace)?.network_at(rank)?;
        Some(self.at(Address::new(workspace, index)))
    }

    /// The device at `index` of `workspace`.
    pub fn device(&self, workspace: WorkspaceIx, index: u32) -> Option<Device<'_>> {
        self.plot(workspace)?.is_there(index).then(|| self.at(Address::new(workspace, index)))
    }

    /// The index of the `nth` device of `workspace` in the order in which they were added, counted from 0.
    pub fn nth(&self, workspace: WorkspaceIx, nth: u32) -> Option<u32> {
        self.plot(workspace)?.nth(nth)
    }

    /// The device of that GLP id.
    pub fn by_id(&self, id: Uuid) -> Option<Device<'_>> {
        let address = self.ids.get(&id).copied().or_else(|| Address::of_id(id, self.seed))?;
        self.there(address).filter(|device| device.id() == id)
    }

    /// The device of that serial number.
    pub fn by_serial(&self, serial: &str) -> Option<Device<'_>> {
        let address = self.serials.get(serial).copied().or_else(|| Address::of_serial(serial))?;
        self.there(address).filter(|device| device.serial() == serial)
    }

    /// The device of that MAC address.
    pub fn by_mac(&self, mac: &str) -> Option<Device<'_>> {
        let address = self.macs.get(mac).copied().or_else(|| Address::of_mac(mac))?;
        self.there(address).filter(|device| device.mac() == mac)
    }

    /// The device of that serial number, if `workspace` has it and Central monitors it.
    pub fn monitored(&self, workspace: WorkspaceIx, serial: &str) -> Option<Device<'_>> {
        self.by_serial(serial).filter(|device| device.workspace() == workspace && device.provisioned())
    }

    /// Sets the notes of a monitored device; empty ones delete them (`central.md §1.3`). Whether there
    /// is such a device.
    pub fn set_notes(&mut self, workspace: WorkspaceIx, serial: &str, notes: &str) -> bool {
        self.alter_monitored(workspace, serial, |change| change.notes = Some(notes.into()))
    }

    /// Central lets go of a monitored device (`central.md §1.3`): it stays in the inventory, not on
    /// board. Whether there is such a device.
    pub fn forget(&mut self, workspace: WorkspaceIx, serial: &str) -> bool {
        self.alter_monitored(workspace, serial, |change| change.forgotten = true)
    }

    fn alter_monitored(
        &mut self,
        workspace: WorkspaceIx,
        serial: &str,
        alter: impl FnOnce(&mut Change),
    ) -> bool {
        let Some(Device { address, .. }) = self.monitored(workspace, serial) else { return false };
        self.record(address, alter);
        true
    }

    fn record(&mut self, address: Address, alter: impl FnOnce(&mut Change)) {
        let mut change = self.change(address).cloned().unwrap_or_default();
        alter(&mut change);
        self.changes.insert_mut(address, change);
    }

    fn change(&self, address: Address) -> Option<&Change> {
        if self.changes.is_empty() { None } else { self.changes.get(&address) }
    }

    fn range(
        &self,
        workspace: WorkspaceIx,
        indices: Range<u32>,
    ) -> impl DoubleEndedIterator<Item = Device<'_>> {
        indices.filter_map(move |index| self.device(workspace, index))
    }

    fn there(&self, address: Address) -> Option<Device<'_>> {
        self.device(address.workspace(), address.index())
    }

    /// A device that is there.
    fn at(&self, address: Address) -> Device<'_> {
        Device { fleet: self, plot: &self.plots[address.workspace().0], address }
    }

    fn plot(&self, workspace: WorkspaceIx) -> Option<&Plot> {
        self.plots.get(workspace.0).map(Arc::as_ref)
    }

    /// The plot of a workspace that has one.
    fn plot_mut(&mut self, workspace: WorkspaceIx) -> &mut Plot {
        Arc::make_mut(&mut Arc::make_mut(&mut self.plots)[workspace.0])
    }
}
