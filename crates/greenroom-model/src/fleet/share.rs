//! What a workspace is given: devices that are generated, devices that a world lists, and its sites.

use std::{collections::BTreeMap, ops::Range};

use jiff::Timestamp;
use smol_str::SmolStr;
use uuid::Uuid;

use super::{Address, DeviceType, MOST_DEVICES, address::PLOTS};
use crate::{nearest, world::WorkspaceIx};

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
    /// How many devices there are in all; for what no fleet would plant, at least so many.
    pub fn total(&self) -> u32 {
        self.classes().into_iter().fold(0, u32::saturating_add)
    }

    pub(super) fn sum(&self) -> u64 {
        self.classes().into_iter().map(u64::from).sum()
    }

    fn classes(&self) -> [u32; 4] {
        [self.network, self.compute, self.storage, self.unassigned]
    }

    /// The classes that there are, with the indices of their devices and a kind that has their letters.
    pub(super) fn runs(&self) -> impl Iterator<Item = (DeviceType, Range<u32>)> + use<> {
        let kinds = [DeviceType::AccessPoint, DeviceType::Compute, DeviceType::Storage, DeviceType::Switch];
        let mut end = 0;
        kinds.into_iter().zip(self.classes()).filter_map(move |(kind, count)| {
            end += count;
            (count > 0).then_some((kind, end - count..end))
        })
    }

    /// How many there are in `counts` of the class of the device that is generated at `index`.
    pub(super) fn class_of<'c>(&self, index: u32, counts: &'c mut Self) -> &'c mut u32 {
        let Self { network, compute, storage, .. } = *self;
        match index {
            _ if index < network => &mut counts.network,
            _ if index < network + compute => &mut counts.compute,
            _ if index < network + compute + storage => &mut counts.storage,
            _ => &mut counts.unassigned,
        }
    }

    /// Whether a device that is generated for `workspace` has this serial number.
    pub(crate) fn has_serial(&self, workspace: WorkspaceIx, serial: &str) -> bool {
        let address = Address::of_serial(serial).filter(|address| address.workspace() == workspace);
        address.is_some_and(|address| {
            let run = self.runs().find(|(_, run)| run.contains(&address.index()));
            run.is_some_and(|(kind, _)| address.serial(kind) == serial)
        })
    }

    /// How many there are of the class of such a device.
    pub(super) fn class(&mut self, kind: DeviceType, assigned: bool) -> &mut u32 {
        match kind {
            DeviceType::Compute => &mut self.compute,
            DeviceType::Storage => &mut self.storage,
            _ if assigned => &mut self.network,
            _ => &mut self.unassigned,
        }
    }
}

/// The tags of a device (`glp.md §6.2`).
pub type Tags = BTreeMap<SmolStr, SmolStr>;

/// A device that a world lists. What is `None` follows from the seed, as it does for generated ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// What it is.
    pub kind: DeviceType,
    /// GLP's id.
    pub id: Option<Uuid>,
    /// Serial number: at most sixteen capital letters and digits.
    pub serial: Option<SmolStr>,
    /// MAC address, in capitals with colons.
    pub mac: Option<SmolStr>,
    /// Model name.
    pub model: Option<SmolStr>,
    /// Part number.
    pub part_number: Option<SmolStr>,
    /// Name in Central.
    pub name: Option<SmolStr>,
    /// Firmware version.
    pub firmware: Option<SmolStr>,
    /// Subscription tier.
    pub tier: Option<SmolStr>,
    /// The name of one of the workspace's sites; `None` for no site.
    pub site: Option<SmolStr>,
    /// Tags in GLP.
    pub tags: Tags,
    /// Notes in Central; empty for none.
    pub notes: SmolStr,
    /// Whether Central was assigned to it. Network devices only.
    pub assigned: bool,
    /// Whether Central has it on board. Assigned devices only.
    pub provisioned: bool,
    /// Whether it answers. Devices on board only.
    pub online: bool,
    /// When it was added.
    pub created_at: Option<Timestamp>,
    /// Removed: it keeps its number, and nobody finds it any more.
    pub gone: bool,
}

impl Listed {
    /// A device of which only the kind is said: a network device is assigned, on board and online.
    pub fn new(kind: DeviceType) -> Self {
        let network = kind.is_network();
        Self {
            kind,
            id: None,
            serial: None,
            mac: None,
            model: None,
            part_number: None,
            name: None,
            firmware: None,
            tier: None,
            site: None,
            tags: Tags::new(),
            notes: SmolStr::default(),
            assigned: network,
            provisioned: network,
            online: network,
            created_at: None,
            gone: false,
        }
    }

    /// What is left of one that was removed.
    pub(crate) fn gone(kind: DeviceType, serial: SmolStr) -> Self {
        Self { serial: Some(serial), gone: true, ..Self::new(kind) }
    }

    /// Whether it can be shown. The limits are those of the documented bodies (`central.md §1.1`,
    /// `glp.md §6.4`).
    pub(super) fn check(&self, sites: &[SmolStr]) -> Result<(), FleetError> {
        let refuse =
            |field, value: &str, rule| Err(FleetError::Field { field, value: value.to_owned(), rule });
        if let Some(serial) = &self.serial
            && !is_serial(serial)
        {
            return refuse("serial number", serial, "one to sixteen capital letters and digits");
        }
        if let Some(mac) = &self.mac
            && !is_mac(mac)
        {
            return refuse("MAC address", mac, "six pairs of capital hexadecimal digits with colons");
        }
        for (field, value, most, rule) in [
            ("model", &self.model, 32, "1 to 32 characters"),
            ("part number", &self.part_number, 12, "1 to 12 characters"),
            ("name", &self.name, 256, "1 to 256 characters"),
            ("firmware", &self.firmware, 32, "1 to 32 characters"),
            ("tier", &self.tier, 32, "1 to 32 characters"),
        ] {
            if let Some(value) = value
                && !(1..=most).contains(&value.chars().count())
            {
                return refuse(field, value, rule);
            }
        }
        if self.notes.chars().count() > NOTES {
            return refuse("notes", &self.notes, "at most 256 characters");
        }
        if let Some((key, _)) = self
            .tags
            .iter()
            .find(|(key, value)| !(1..=128).contains(&key.chars().count()) || value.chars().count() > 256)
        {
            return refuse("tag", key, "a key of 1 to 128 characters, a value of at most 256");
        }
        if self.tags.len() > MOST_TAGS {
            return refuse("tags", &self.tags.len().to_string(), "at most 50");
        }
        if let Some(site) = &self.site
            && !sites.contains(site)
        {
            let known: Vec<_> = sites.iter().map(SmolStr::as_str).collect();
            let nearest = nearest::of(site, &known).map(str::to_owned);
            return Err(FleetError::Site { name: site.to_string(), nearest });
        }
        Ok(())
    }
}

/// One to sixteen capital letters and digits (`central.md §1.1`).
pub(crate) fn is_serial(text: &str) -> bool {
    (1..=16).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

/// Six pairs of capital hexadecimal digits with colons.
pub(crate) fn is_mac(text: &str) -> bool {
    text.len() == 17
        && text.bytes().enumerate().all(|(at, byte)| match at % 3 {
            2 => byte == b':',
            _ => matches!(byte, b'0'..=b'9' | b'A'..=b'F'),
        })
}

/// How many tags a device has at most (`glp.md §6.4`).
pub const MOST_TAGS: usize = 50;

/// How many sites a workspace has at most: a bound of Greenroom's own.
pub const MOST_SITES: usize = 1_000;

/// The longest notes of a device (request body of PATCH, `central.md §1.3`).
pub const NOTES: usize = 256;

/// What one workspace is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// How many devices are generated.
    pub mix: Mix,
    /// The devices that the world lists, which come after the generated ones.
    pub listed: Vec<Listed>,
    /// The numbers of generated devices that were removed, in order.
    pub gone: Vec<u32>,
    /// The names of its sites; `None` for the usual two.
    pub sites: Option<Vec<SmolStr>>,
}

impl From<Mix> for Share {
    fn from(mix: Mix) -> Self {
        Self { mix, ..Self::default() }
    }
}

/// Why devices cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FleetError {
    /// The twenty-four bits of an index.
    #[error("a workspace can have at most {most} devices, not {0}", most = MOST_DEVICES)]
    TooMany(u64),
    /// The sixteen bits of a plot.
    #[error("at most {most} workspaces can have devices", most = PLOTS)]
    TooManyWorkspaces,
    /// A workspace gets its share once.
    #[error("the workspace has devices already")]
    PlantedTwice,
    /// Two devices of one serial number, wherever they are.
    #[error("serial number {0} is taken")]
    SerialTaken(SmolStr),
    /// Two devices of one id.
    #[error("id {0} is taken")]
    IdTaken(Uuid),
    /// Two devices of one MAC address.
    #[error("MAC address {0} is taken")]
    MacTaken(SmolStr),
    /// A value that no answer could show.
    #[error("{field} {value:?} must be {rule}")]
    Field {
        /// What it is.
        field: &'static str,
        /// What was given.
        value: String,
        /// What it must be.
        rule: &'static str,
    },
    /// A subscription that nobody has heard of.
    #[error("there is no subscription {0}")]
    NoSubscription(SmolStr),
    /// A site that the workspace does not have.
    #[error("the workspace has no site {name:?}{}", nearest::hint(&.nearest.as_deref()))]
    Site {
        /// What was given.
        name: String,
        /// The site whose name looks most like it.
        nearest: Option<String>,
    },
}

/// The sites of a workspace of which nothing else is said.
pub const SITES: [&str; 2] = ["HQ", "Branch"];

pub(super) static USUAL_SITES: [SmolStr; 2] = [SmolStr::new_static(SITES[0]), SmolStr::new_static(SITES[1])];
