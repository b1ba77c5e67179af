//! Devices: each is a function of the seed, its plot and its index, so a million cost no rows.
//!
//! A *plot* is the share of one workspace: so many network devices assigned to Central, so many
//! servers and storage systems, so many network devices not assigned to anything yet. Serial
//! numbers and MAC addresses are written from (plot, index), ids from a keyed permutation of it, so
//! they are unique by construction and an id leads back to its device without a table.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::{id::Seed, world::WorkspaceIx};

/// How many devices of each class a workspace has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mix {
    /// Access points, switches and gateways assigned to Central.
    pub network: u32,
    /// Servers.
    pub compute: u32,
    /// Storage systems.
    pub storage: u32,
    /// Network devices in the inventory that no service was assigned to.
    pub unassigned: u32,
}

impl Mix {
    /// How many devices there are in all.
    pub fn total(&self) -> u32 {
        self.network + self.compute + self.storage + self.unassigned
    }
}

/// What a device is. The names are those of GLP's `deviceType` (`glp.md §6.2`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceType {
    /// An access point.
    AccessPoint,
    /// A switch.
    Switch,
    /// A gateway.
    Gateway,
    /// A server.
    Compute,
    /// A storage system.
    Storage,
}

/// Where Central has put a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Decimal digits; pycentral turns it into an integer (`central.md §1.1`).
    pub id: u64,
    /// Its name.
    pub name: &'static str,
}

/// One device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// GLP's id.
    pub id: Uuid,
    /// Serial number, at most 16 characters.
    pub serial: String,
    /// `02:00:…`: locally administered, so it is nobody's.
    pub mac: String,
    /// What it is.
    pub kind: DeviceType,
    /// Model name.
    pub model: &'static str,
    /// Part number.
    pub part_number: &'static str,
    /// Name in Central.
    pub name: String,
    /// Central's `deviceFunction`.
    pub function: &'static str,
    /// Firmware version.
    pub firmware: &'static str,
    /// Subscription tier.
    pub tier: &'static str,
    /// Address in a documentation range.
    pub ipv4: String,
    /// Whether a service was assigned to it.
    pub assigned: bool,
    /// Whether Central has it on board.
    pub provisioned: bool,
    /// Whether it answers.
    pub online: bool,
    /// Where it stands.
    pub site: Option<Site>,
    /// Central's scope id, decimal.
    pub scope_id: u64,
    /// Central's device group, decimal id and name.
    pub group: Option<(u64, &'static str)>,
    /// The workspace that uses it.
    pub workspace: WorkspaceIx,
    /// When it was added.
    pub created_at: Timestamp,
    /// Its number within its plot.
    pub index: u32,
}

impl Device {
    /// The key of its subscription.
    pub fn subscription_key(&self) -> String {
        format!("E{}", self.serial)
    }

    /// The id of its subscription: one a device, in the sample.
    pub fn subscription_id(&self) -> Uuid {
        Seed(0).uuid("subscription", &self.serial, 0)
    }
}

struct Model {
    kind: DeviceType,
    model: &'static str,
    part_number: &'static str,
    function: &'static str,
    firmware: &'static str,
    tier: &'static str,
}

const fn model(
    kind: DeviceType,
    model: &'static str,
    part_number: &'static str,
    function: &'static str,
    firmware: &'static str,
    tier: &'static str,
) -> Model {
    Model { kind, model, part_number, function, firmware, tier }
}

const NETWORK: [Model; 6] = [
    model(
        DeviceType::AccessPoint,
        "AP-635",
        "R7J28A",
        "Campus Access Point",
        "10.7.0.0_90000",
        "ADVANCED_AP",
    ),
    model(
        DeviceType::AccessPoint,
        "AP-515",
        "Q9H62A",
        "Campus Access Point",
        "10.7.0.0_90000",
        "FOUNDATION_AP",
    ),
    model(DeviceType::Switch, "6300M", "JL659A", "Access Switch", "10.15.1005", "ADVANCED_SWITCH_6300"),
    model(
        DeviceType::AccessPoint,
        "AP-655",
        "R7J39A",
        "Campus Access Point",
        "10.7.0.0_90000",
        "ADVANCED_AP",
    ),
    model(DeviceType::Switch, "6200F", "JL726A", "Access Switch", "10.15.1005", "FOUNDATION_SWITCH_6200"),
    model(DeviceType::Gateway, "9004", "R1B20A", "Branch Gateway", "10.7.0.0_90000", "FOUNDATION_GW"),
];
const COMPUTE: Model =
    model(DeviceType::Compute, "ProLiant DL360 Gen11", "P52499-B21", "", "", "ENHANCED_PROLIANT");
const STORAGE: Model = model(DeviceType::Storage, "Alletra 6010", "R4U19A", "", "", "FOUNDATION_STORAGE");
const SITES: [&str; 2] = ["HQ", "Branch"];

/// Every device of a world.
#[derive(Clone, Debug)]
pub struct Fleet {
    seed: Seed,
    born: Timestamp,
    plots: Vec<(WorkspaceIx, Mix)>,
}

impl Fleet {
    /// An empty fleet whose devices were added from `born` on.
    pub fn new(seed: Seed, born: Timestamp) -> Self {
        Self { seed, born, plots: Vec::new() }
    }

    /// Gives `workspace` its share.
    pub fn plant(&mut self, workspace: WorkspaceIx, mix: Mix) {
        self.plots.push((workspace, mix));
    }

    /// How many devices `workspace` has, by class.
    pub fn mix(&self, workspace: WorkspaceIx) -> Mix {
        self.plots.iter().find(|(owner, _)| *owner == workspace).map_or_else(Mix::default, |plot| plot.1)
    }

    /// The devices of `workspace` that are assigned to Central, in the order of serial numbers.
    pub fn network(&self, workspace: WorkspaceIx) -> impl Iterator<Item = Device> {
        self.range(workspace, |mix| 0..mix.network)
    }

    /// All devices of `workspace`, by index.
    pub fn all(&self, workspace: WorkspaceIx) -> impl Iterator<Item = Device> {
        self.range(workspace, |mix| 0..mix.total())
    }

    /// The device at `index` of `workspace`.
    pub fn device(&self, workspace: WorkspaceIx, index: u32) -> Option<Device> {
        let (plot, (_, mix)) = self.plots.iter().enumerate().find(|(_, (owner, _))| *owner == workspace)?;
        (index < mix.total()).then(|| self.grow(plot, index))
    }

    /// The device of that GLP id.
    pub fn by_id(&self, id: Uuid) -> Option<Device> {
        let [a, b, c, d, e, ..] = id.into_bytes();
        let (plot, index) = self.unscramble(u64::from_be_bytes([0, 0, 0, a, b, c, d, e]));
        let mix = self.plots.get(plot)?.1;
        (index < mix.total()).then(|| self.grow(plot, index)).filter(|device| device.id == id)
    }

    fn range(
        &self,
        workspace: WorkspaceIx,
        which: impl Fn(&Mix) -> std::ops::Range<u32>,
    ) -> impl Iterator<Item = Device> {
        let plot = self.plots.iter().position(|(owner, _)| *owner == workspace);
        plot.into_iter()
            .flat_map(move |plot| which(&self.plots[plot].1).map(move |index| self.grow(plot, index)))
    }

    fn grow(&self, plot: usize, index: u32) -> Device {
        let (workspace, mix) = self.plots[plot];
        let luck = mixed(self.seed.0 ^ ((plot as u64) << 32) ^ u64::from(index));
        let class_ends = [mix.network, mix.network + mix.compute, mix.network + mix.compute + mix.storage];
        let (model, assigned) = if index < class_ends[0] {
            (&NETWORK[index as usize % NETWORK.len()], true)
        } else if index < class_ends[1] {
            (&COMPUTE, false)
        } else if index < class_ends[2] {
            (&STORAGE, false)
        } else {
            (&NETWORK[index as usize % NETWORK.len()], false)
        };
        let provisioned = assigned && !luck.is_multiple_of(11);
        let sited = assigned && index % 8 != 7;
        let (prefix, group) = match model.kind {
            DeviceType::AccessPoint => ("ap", (20_000_001, "aps")),
            DeviceType::Switch => ("sw", (20_000_002, "switches")),
            DeviceType::Gateway => ("gw", (20_000_003, "gateways")),
            DeviceType::Compute => ("srv", (0, "")),
            DeviceType::Storage => ("sto", (0, "")),
        };
        let site_number = index as usize % SITES.len();
        let packed = pack(plot, index);
        let mac = packed.to_be_bytes();
        Device {
            id: self.id(plot, index),
            serial: serial(model.kind, packed),
            mac: format!("02:{:02X}:{:02X}:{:02X}:{:02X}:{:02X}", mac[3], mac[4], mac[5], mac[6], mac[7]),
            kind: model.kind,
            model: model.model,
            part_number: model.part_number,
            name: format!("{prefix}-{:04}", index + 1),
            function: model.function,
            firmware: model.firmware,
            tier: model.tier,
            ipv4: format!("192.0.2.{}", 1 + luck % 254),
            assigned,
            provisioned,
            online: provisioned && !luck.is_multiple_of(7),
            site: sited.then(|| Site {
                id: 10_000_001 + (plot * SITES.len() + site_number) as u64,
                name: SITES[site_number],
            }),
            scope_id: 30_000_000 + ((plot as u64) << 24) + u64::from(index),
            group: (provisioned && group.0 != 0).then_some(group),
            workspace,
            created_at: self
                .born
                .saturating_add(SignedDuration::from_secs(i64::from(index)))
                .unwrap_or(self.born),
            index,
        }
    }

    /// The scrambled (plot, index), then bytes that prove it. Version 5 in looks, as HPE's ids are
    /// (`glp.md §6.2`).
    fn id(&self, plot: usize, index: u32) -> Uuid {
        let code = self.scramble(plot, index);
        let mut bytes = [0; 16];
        bytes[..5].copy_from_slice(&code.to_be_bytes()[3..]);
        bytes[5..8].copy_from_slice(&mixed(self.seed.0 ^ code ^ 0x6964).to_be_bytes()[5..]);
        bytes[8..].copy_from_slice(&mixed(code ^ self.seed.0).to_be_bytes());
        bytes[6] = (bytes[6] & 0x0f) | 0x50;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        Uuid::from_bytes(bytes)
    }

    /// A keyed permutation of the forty bits of [`pack`]. Four Feistel rounds.
    fn scramble(&self, plot: usize, index: u32) -> u64 {
        let packed = pack(plot, index);
        let (mut left, mut right) = (packed >> 20, packed & 0xf_ffff);
        for round in 0..4 {
            (left, right) = (right, left ^ self.round(right, round));
        }
        (left << 20) | right
    }

    fn unscramble(&self, code: u64) -> (usize, u32) {
        let (mut left, mut right) = (code >> 20, code & 0xf_ffff);
        for round in (0..4).rev() {
            (left, right) = (right ^ self.round(left, round), left);
        }
        let packed = (left << 20) | right;
        ((packed >> 24) as usize, (packed & 0xff_ffff) as u32)
    }

    fn round(&self, half: u64, round: u64) -> u64 {
        mixed(half ^ self.seed.0.rotate_left(17) ^ (round << 40)) & 0xf_ffff
    }
}

/// A finished hash of one number (the finalizer of splitmix64).
fn mixed(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// Forty bits: 16 for the plot, 24 for the index.
fn pack(plot: usize, index: u32) -> u64 {
    ((plot as u64) << 24) | u64::from(index)
}

/// Two letters, then the forty bits in base 32 without look-alikes. Within a plot and a class the
/// order of serial numbers is the order of indices, so a list in serial order needs no sorting.
fn serial(kind: DeviceType, packed: u64) -> String {
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKLMNPQRSTVWXY";
    let prefix = match kind {
        DeviceType::AccessPoint | DeviceType::Switch | DeviceType::Gateway => "CN",
        DeviceType::Compute => "CZ",
        DeviceType::Storage => "AF",
    };
    let digits = (0..8).rev().map(|place| char::from(DIGITS[(packed >> (5 * place) & 31) as usize]));
    prefix.chars().chain(digits).collect()
}

/// A fleet that readers share while the world goes on.
pub type SharedFleet = Arc<Fleet>;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn fleet(seed: u64) -> Fleet {
        let mut fleet = Fleet::new(Seed(seed), "2025-09-17T13:06:59Z".parse().unwrap());
        for plot in 0..3 {
            let mix = Mix { network: 700, compute: 20, storage: 5, unassigned: 9 };
            fleet.plant(WorkspaceIx(plot), mix);
        }
        fleet
    }

    #[test]
    fn ids_serials_and_macs_are_unique_and_lead_back() {
        let fleet = fleet(7);
        let devices: Vec<_> =
            (0..3).flat_map(|plot| fleet.all(WorkspaceIx(plot)).collect::<Vec<_>>()).collect();
        assert_eq!(devices.len(), 3 * 734);
        let distinct = |field: fn(&Device) -> String| devices.iter().map(field).collect::<HashSet<_>>().len();
        assert_eq!(distinct(|device| device.id.to_string()), devices.len());
        assert_eq!(distinct(|device| device.serial.clone()), devices.len());
        assert_eq!(distinct(|device| device.mac.clone()), devices.len());
        for device in &devices {
            assert_eq!(fleet.by_id(device.id).as_ref(), Some(device));
            assert!(device.serial.len() <= 16);
        }
        assert_eq!(fleet.by_id(Uuid::nil()), None);
    }

    #[test]
    fn classes_fill_the_plot_in_order() {
        let fleet = fleet(7);
        assert_eq!(fleet.network(WorkspaceIx(1)).count(), 700);
        assert!(fleet.network(WorkspaceIx(1)).all(|device| device.assigned));
        assert_eq!(fleet.device(WorkspaceIx(1), 700).unwrap().kind, DeviceType::Compute);
        assert_eq!(fleet.device(WorkspaceIx(1), 720).unwrap().kind, DeviceType::Storage);
        assert!(!fleet.device(WorkspaceIx(1), 733).unwrap().assigned);
        assert_eq!(fleet.device(WorkspaceIx(1), 734), None);
        assert_eq!(fleet.all(WorkspaceIx(9)).count(), 0);
    }

    proptest! {
        #[test]
        fn scrambling_is_undone(seed: u64, plot in 0usize..65_536, index in 0u32..(1 << 24)) {
            let fleet = Fleet::new(Seed(seed), Timestamp::UNIX_EPOCH);
            let code = fleet.scramble(plot, index);
            prop_assert!(code < 1 << 40);
            prop_assert_eq!(fleet.unscramble(code), (plot, index));
        }

        #[test]
        fn no_id_from_outside_panics(seed: u64, id in any::<u128>()) {
            fleet(seed).by_id(Uuid::from_u128(id));
        }
    }
}
