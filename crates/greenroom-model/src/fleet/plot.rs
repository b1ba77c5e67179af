//! The devices of one workspace: how many are generated, and which are listed.

use std::sync::{Arc, OnceLock};

use rpds::RedBlackTreeMapSync;
use smol_str::SmolStr;

use super::{
    Census, DeviceType, Listed, Mix, Pool, Share,
    device::{COMPUTE, Make, NETWORK, STORAGE},
    share::USUAL_SITES,
};

/// How many ranks are looked at, at most, to find where a page of the devices on board begins.
/// Few in tests, whose worlds are small.
pub(super) const BLOCK: u32 = if cfg!(test) { 3 } else { 256 };

/// The devices of one workspace. The listed ones come after the generated ones; one that was removed keeps its
/// index.
#[derive(Clone, Debug, Default)]
pub(super) struct Plot {
    pub(super) generated: Mix,
    /// All devices that are there, by class.
    pub(super) total: Mix,
    listed: Vec<Listed>,
    /// Generated devices that are not as they were generated.
    altered: RedBlackTreeMapSync<u32, Arc<Listed>>,
    /// The indices of devices that were removed, in order.
    gone: Vec<u32>,
    /// The indices of devices that were generated as network devices and are none any more, in order: removed,
    /// or not assigned.
    away: Vec<u32>,
    /// The other network devices in the order of serial numbers: how many of those that were generated as
    /// network devices come before each, and its index.
    ranked: Vec<(u32, u32)>,
    sites: Option<Box<[SmolStr]>>,
    /// The subscriptions of its devices, by tier.
    pools: Vec<Pool>,
    /// How they did before Central let go of any.
    pub(super) census: Census,
    /// What [`monitored_before`](Self::monitored_before) gives, once somebody has asked.
    monitored_before: OnceLock<Box<[u32]>>,
}

impl Plot {
    /// What it would be planted with to be as it is, but for what was altered.
    pub(super) fn share(&self) -> Share {
        let sites = self.sites.as_ref().map(|sites| sites.to_vec());
        let generated = self.gone.partition_point(|index| *index < self.generated.total());
        let gone = self.gone[..generated].to_vec();
        Share { mix: self.generated, listed: self.listed.clone(), gone, sites }
    }

    pub(super) fn new(generated: Mix, gone: Vec<u32>, sites: Option<Vec<SmolStr>>) -> Self {
        let network = gone.partition_point(|index| *index < generated.network);
        let mut total = generated;
        for index in &gone {
            *generated.class_of(*index, &mut total) -= 1;
        }
        Self {
            generated,
            total,
            away: gone[..network].to_vec(),
            gone,
            sites: sites.map(Vec::into_boxed_slice),
            ..Self::default()
        }
    }

    pub(super) fn pools(&self) -> &[Pool] {
        &self.pools
    }

    pub(super) fn pools_mut(&mut self) -> &mut Vec<Pool> {
        &mut self.pools
    }

    /// The indices of devices that were generated as network devices and are none any more, in order.
    pub(super) fn away(&self) -> &[u32] {
        &self.away
    }

    /// Its sites: if the world does not name them, the usual ones as soon as something stands there.
    pub(super) fn sites(&self) -> &[SmolStr] {
        if self.total.network == 0 { self.sites.as_deref().unwrap_or_default() } else { self.site_names() }
    }

    /// The names of the sites where something may stand.
    pub(super) fn site_names(&self) -> &[SmolStr] {
        self.sites.as_deref().unwrap_or(&USUAL_SITES)
    }

    /// How many devices there are.
    pub(super) fn len(&self) -> u32 {
        self.total.total()
    }

    /// How many there ever were: the index of the next.
    pub(super) fn next(&self) -> u32 {
        self.generated.total() + self.listed.len() as u32
    }

    /// Whether there is a device at `index`.
    pub(super) fn is_there(&self, index: u32) -> bool {
        index < self.next() && self.gone.binary_search(&index).is_err()
    }

    /// Whether the device at `index` is one that was generated, and was not removed.
    pub(super) fn generates(&self, index: u32) -> bool {
        index < self.generated.total() && self.is_there(index)
    }

    /// The index of the `nth` device, counted from 0.
    pub(super) fn nth(&self, nth: u32) -> Option<u32> {
        (nth < self.len()).then(|| nth_without(&self.gone, nth))
    }

    /// What a world says of the device at `index`, unless it is as it was generated.
    pub(super) fn listed(&self, index: u32) -> Option<&Listed> {
        match index.checked_sub(self.generated.total()) {
            Some(nth) => self.listed.get(nth as usize),
            None if self.altered.is_empty() => None,
            None => self.altered.get(&index).map(Arc::as_ref),
        }
    }

    /// The generated devices that are not as they were generated, by index.
    pub(super) fn altered(&self) -> impl Iterator<Item = (u32, &Listed)> {
        self.altered.iter().map(|(index, row)| (*index, row.as_ref()))
    }

    /// From now on a world says that of the device at `index`.
    pub(super) fn say(&mut self, index: u32, row: Listed) {
        match index.checked_sub(self.generated.total()) {
            Some(nth) => self.listed[nth as usize] = row,
            None => self.altered.insert_mut(index, Arc::new(row)),
        }
        self.monitored_before = OnceLock::new();
    }

    /// What the generated device at `index` is made like.
    pub(super) fn generated_make(&self, index: u32) -> &'static Make {
        let Mix { network, compute, storage, .. } = self.generated;
        match index {
            _ if index < network => &NETWORK[index as usize % NETWORK.len()],
            _ if index < network + compute => &COMPUTE,
            _ if index < network + compute + storage => &STORAGE,
            _ => &NETWORK[index as usize % NETWORK.len()],
        }
    }

    /// Adds a device at the index [`next`](Self::next), to no class yet, or one that was removed.
    pub(super) fn push(&mut self, listed: Listed) {
        if listed.gone {
            self.gone.push(self.next());
        }
        self.listed.push(listed);
    }

    /// Counts the device at `index`, if there is none of its class at its place yet. A network device is told
    /// its place.
    pub(super) fn enter(&mut self, index: u32, kind: DeviceType, at: Option<NetworkPlace>) {
        *self.total.class(kind, at.is_some()) += 1;
        let Some(NetworkPlace { ranked, before }) = at else { return };
        match self.away.binary_search(&index) {
            Ok(place) if index < self.generated.network => _ = self.away.remove(place),
            _ => self.ranked.insert(ranked, (before, index)),
        }
        self.monitored_before = OnceLock::new();
    }

    /// Takes these devices out of their classes: indices in order, each with its kind and whether it is a
    /// network device.
    pub(super) fn leave(&mut self, devices: &[(u32, DeviceType, bool)]) {
        for (_, kind, network) in devices {
            *self.total.class(*kind, *network) -= 1;
        }
        let network = || devices.iter().filter(|(.., network)| *network).map(|(index, ..)| *index);
        let generated = self.generated.network;
        merge(&mut self.away, network().filter(|index| *index < generated));
        if network().any(|index| index >= generated) {
            let leaves = |index| devices.binary_search_by_key(&index, |(index, ..)| *index).is_ok();
            self.ranked.retain(|(_, index)| !leaves(*index));
        }
        self.monitored_before = OnceLock::new();
    }

    /// Forgets devices that have left their classes.
    pub(super) fn remove(&mut self, devices: &[(u32, DeviceType, SmolStr)]) {
        for (index, kind, serial) in devices {
            match index.checked_sub(self.generated.total()) {
                Some(nth) => self.listed[nth as usize] = Listed::gone(*kind, serial.clone()),
                None => _ = self.altered.remove_mut(index),
            }
        }
        merge(&mut self.gone, devices.iter().map(|(index, ..)| *index));
    }

    /// How many network devices were on board, before anything changed, among those of smaller rank than
    /// the first of each block. `was_provisioned` tells it of a rank.
    pub(super) fn monitored_before(&self, was_provisioned: impl Fn(u32) -> bool) -> &[u32] {
        self.monitored_before.get_or_init(|| {
            let mut before = 0;
            let block = |first: u32| {
                let start = before;
                let ranks = first..first.saturating_add(BLOCK).min(self.total.network);
                before += ranks.filter(|rank| was_provisioned(*rank)).count() as u32;
                start
            };
            (0..=self.total.network).step_by(BLOCK as usize).map(block).collect()
        })
    }

    /// The index of the network device of that rank in the order of serial numbers.
    pub(super) fn network_at(&self, rank: u32) -> Option<u32> {
        if rank >= self.total.network {
            return None;
        }
        let (mut place, mut high) = (0, self.ranked.len());
        while place < high {
            let middle = place + (high - place) / 2;
            if self.rank_of(middle) < rank { place = middle + 1 } else { high = middle }
        }
        match self.ranked.get(place) {
            Some((_, index)) if self.rank_of(place) == rank => Some(*index),
            _ => Some(nth_without(&self.away, rank - place as u32)),
        }
    }

    /// Where a network device goes whose serial number compares so with that of the one at an index.
    pub(super) fn network_place(&self, is_smaller: impl Fn(u32) -> bool) -> NetworkPlace {
        let ranked = self.ranked.partition_point(|(_, index)| is_smaller(*index));
        let (mut before, mut high) = (0, self.generated.network);
        while before < high {
            let middle = before + (high - before) / 2;
            if is_smaller(middle) { before = middle + 1 } else { high = middle }
        }
        NetworkPlace { ranked, before }
    }

    /// The rank of a place in the order of serial numbers.
    pub(super) fn rank_at(&self, NetworkPlace { ranked, before }: NetworkPlace) -> u32 {
        ranked as u32 + before - self.away.partition_point(|index| *index < before) as u32
    }

    fn rank_of(&self, place: usize) -> u32 {
        self.rank_at(NetworkPlace { ranked: place, before: self.ranked[place].0 })
    }
}

/// A place among the network devices in the order of serial numbers: how many of those that were not generated
/// as network devices come before it, and how many of those that were, whether they still are or not.
#[derive(Clone, Copy)]
pub(super) struct NetworkPlace {
    ranked: usize,
    before: u32,
}

/// The `nth` number, counted from 0, that is not among `without`, which is in order.
fn nth_without(without: &[u32], nth: u32) -> u32 {
    let (mut low, mut high) = (0, without.len());
    while low < high {
        let middle = low + (high - low) / 2;
        if without[middle] - middle as u32 <= nth { low = middle + 1 } else { high = middle }
    }
    nth + low as u32
}

/// Adds numbers that are not there yet, and keeps the order.
fn merge(sorted: &mut Vec<u32>, more: impl Iterator<Item = u32>) {
    let before = sorted.len();
    sorted.extend(more);
    if sorted.len() > before {
        // Two runs in order: the sort merges them.
        sorted.sort();
    }
}
