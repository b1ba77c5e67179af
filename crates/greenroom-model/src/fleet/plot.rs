//! The devices of one workspace: how many are generated, and which are listed.

use std::sync::OnceLock;

use smol_str::SmolStr;

use super::{
    Census, Listed, Mix, Share,
    device::{COMPUTE, Make, NETWORK, STORAGE},
    share::USUAL_SITES,
};

/// How many ranks are looked at, at most, to find where a page of the devices on board begins.
/// Few in tests, whose worlds are small.
pub(super) const BLOCK: u32 = if cfg!(test) { 3 } else { 256 };

/// The devices of one workspace. The listed ones come after the generated ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Plot {
    pub(super) generated: Mix,
    /// All devices, by class.
    pub(super) total: Mix,
    listed: Vec<Listed>,
    /// The listed devices among the network devices in the order of serial numbers: how many generated
    /// ones come before each, and its index.
    ranked: Vec<(u32, u32)>,
    sites: Option<Box<[SmolStr]>>,
    /// How they did before anything changed.
    pub(super) census: Census,
    /// What [`monitored_before`](Self::monitored_before) gives, once somebody has asked.
    monitored_before: OnceLock<Box<[u32]>>,
}

impl Plot {
    /// What it was planted with.
    pub(super) fn share(&self) -> Share {
        let sites = self.sites.as_ref().map(|sites| sites.to_vec());
        Share { mix: self.generated, listed: self.listed.clone(), sites }
    }

    pub(super) fn new(generated: Mix, sites: Option<Vec<SmolStr>>) -> Self {
        Self { generated, total: generated, sites: sites.map(Vec::into_boxed_slice), ..Self::default() }
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

    /// What a world says of the device at `index`, unless it is generated.
    pub(super) fn listed(&self, index: u32) -> Option<&Listed> {
        self.listed.get(index.checked_sub(self.generated.total())? as usize)
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

    /// Adds a device, at the index `len()`. A network device is told its rank in the order of serial
    /// numbers.
    pub(super) fn push(&mut self, listed: Listed, rank: Option<u32>) {
        if let Some(rank) = rank {
            let place = self.listed_before(rank);
            self.ranked.insert(place, (rank - place as u32, self.len()));
        }
        self.total.count(listed.kind, listed.assigned);
        self.listed.push(listed);
        self.monitored_before = OnceLock::new();
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
        let place = self.listed_before(rank);
        let generated = rank - place as u32;
        match self.ranked.get(place) {
            Some((before, index)) if *before == generated => Some(*index),
            _ => Some(generated),
        }
    }

    /// How many listed devices have a smaller rank. That of each is the number of those before it,
    /// generated and listed.
    fn listed_before(&self, rank: u32) -> usize {
        let (mut low, mut high) = (0, self.ranked.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.ranked[middle].0 + (middle as u32) < rank { low = middle + 1 } else { high = middle }
        }
        low
    }
}
