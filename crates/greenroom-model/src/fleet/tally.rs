//! What there is at each site, counted from the devices (`central.md §6.8`).

use std::collections::BTreeMap;

use super::{Device, DeviceType, Fleet, Health, Site};
use crate::world::WorkspaceIx;

/// Good, fair and poor, as many as there are.
pub type Count = [u32; 3];

/// What there is at a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally<'f> {
    /// The site.
    pub site: Site<'f>,
    /// The devices that Central monitors: access points, switches, gateways.
    pub devices: [Count; 3],
    /// The connected clients: with and without a cable.
    pub clients: [Count; 2],
    /// Critical, major and minor alerts.
    pub alerts: Count,
}

impl<'f> Tally<'f> {
    fn of(site: Site<'f>) -> Self {
        Self { site, devices: [[0; 3]; 3], clients: [[0; 3]; 2], alerts: [0; 3] }
    }

    fn enter(&mut self, device: &Device<'_>) {
        if let Some(alert) = device.alert() {
            self.alerts[alert.severity as usize] += 1;
        }
        let kind = match device.kind() {
            DeviceType::AccessPoint => 0,
            DeviceType::Switch => 1,
            _ => 2,
        };
        if let Some(health) = device.health() {
            self.devices[kind][health as usize] += 1;
        }
        for client in device.clients().filter(|client| client.connected()) {
            self.clients[kind.min(1) ^ 1][usize::from(client.is_fair())] += 1;
        }
    }

    /// How the site does: as badly as the worst of its devices, as
    /// [`Census::degraded_sites`](super::Census::degraded_sites) has it.
    pub fn health(&self) -> Health {
        let [_, fair, poor] = sum(&self.devices);
        match (poor, fair) {
            (1.., _) => Health::Poor,
            (0, 1..) => Health::Fair,
            (0, 0) => Health::Good,
        }
    }
}

/// All counts together.
pub fn sum(counts: &[Count]) -> Count {
    counts.iter().fold([0; 3], |[a, b, c], [x, y, z]| [a + x, b + y, c + z])
}

impl Fleet {
    /// What there is at each site of `workspace`, in the order of the sites. Looks at every network device.
    pub fn tallies(&self, workspace: WorkspaceIx) -> Vec<Tally<'_>> {
        let mut tallies: Vec<_> = self.sites(workspace).map(Tally::of).collect();
        let places: BTreeMap<_, _> =
            tallies.iter().enumerate().map(|(place, tally)| (tally.site.id, place)).collect();
        for device in self.network(workspace) {
            if let Some(place) = device.site().and_then(|site| places.get(&site.id)) {
                tallies[*place].enter(&device);
            }
        }
        tallies
    }
}
