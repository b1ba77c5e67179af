//! Devices in a world file: so many that are generated, and some with what is known of each.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    collections::Rows,
    form::{Keys, Reader},
    record::{plain_maps, records},
    tree::Id,
    values::Count,
    words::{Label, Mac, Serial, Text},
};
use crate::fleet::DeviceType;

/// How many devices a workspace has at most: twenty-four bits of a device's number count them.
pub const MOST_DEVICES: u32 = 16_777_215;

/// How many devices of a class a workspace has.
pub type DeviceCount = Count<MOST_DEVICES>;

/// Tags: names with values (`glp.md §6.4`).
pub type Tags = BTreeMap<Text<1, 128>, Text<0, 256>>;

records! {
    /// How many devices are generated, by class.
    DeviceMix {} optional {
        /// How many access points, switches and gateways that are assigned to Central.
        network: DeviceCount,
        /// How many servers.
        compute: DeviceCount,
        /// How many storage systems.
        storage: DeviceCount,
        /// How many network devices that no service was assigned to.
        unassigned: DeviceCount,
    } check mix_fits;

    /// The devices of a workspace.
    Devices {
        ..mix: DeviceMix,
    } optional {
        /// Devices with what is known of each.
        listed: Rows<Device>,
        /// Generated devices that are not as they were generated. Written by export.
        changed: Rows<DeviceChange>,
    };

    /// A device with what is known of it. The rest follows from the seed and the serial number.
    Device {
        /// Its serial number.
        serial: Serial => defines Serial,
        /// What it is.
        kind as "type": DeviceType,
    } optional {
        /// Its MAC address.
        mac: Mac => defines Mac,
        /// Its model.
        model: Text<1, 32>,
        /// Its part number.
        part_number: Text<1, 12>,
        /// Its firmware version.
        firmware: Text<1, 32>,
        /// The tier of its subscription.
        tier: Text<1, 32>,
        /// Its name in Central.
        name: Text<1, 256>,
        /// The name of its site, one of the workspace's.
        site: Label => refers Site,
        /// Notes in Central.
        notes: Text<0, 256>,
        /// Tags in GLP.
        tags: Tags,
        /// Whether Central was assigned to it: so if it is a network device and nothing is said.
        assigned: bool,
        /// Whether Central has it on board: so if it is assigned and nothing is said.
        provisioned: bool,
        /// Whether it answers: so if it is on board and nothing is said.
        online: bool,
    };

    /// A device that is not as it was given. Written by export.
    DeviceChange {
        /// Its serial number.
        serial: Serial => defines ChangedSerial,
    } optional {
        /// Notes in Central.
        notes: Text<0, 256>,
        /// Tags in GLP.
        tags: Tags,
        /// Whether Central still monitors it: no, once it was removed there.
        monitored: bool,
        /// When it was last changed.
        updated_at: Timestamp,
    };
}

plain_maps!(DeviceMix, Devices, Device, DeviceChange);

fn mix_fits(reader: &mut Reader<'_>, id: Id, _: &Keys) {
    let classes = ["network", "compute", "storage", "unassigned"];
    let generated: u64 = classes
        .into_iter()
        .filter_map(|class| reader.number_at(id, class))
        .filter(|count| *count <= MOST_DEVICES.into())
        .sum();
    // The map of a mix is that of the devices, which may list some as well.
    let listed = reader.at(id, "listed").map_or(0, |listed| reader.tree.children(listed).count() as u64);
    if generated + listed > MOST_DEVICES.into() {
        let message =
            format!("a workspace has at most {MOST_DEVICES} devices, and this has {}", generated + listed);
        reader.wrong(id, message, "leave some out");
    }
}
