//! Devices in a world file: so many that are generated, and some with what is known of each.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    choices::Region,
    collections::Rows,
    form::{Keys, Reader},
    record::{plain_maps, records},
    scopes::Place,
    subscriptions::Subscribed,
    values::Count,
    words::{Line, Mac, Serial, Text, Title},
};
use crate::{
    fleet::DeviceType,
    yaml::{Id, Kind},
};

pub use crate::fleet::{MOST_DEVICES, MOST_TAGS};

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
        /// Devices that are not as they were generated or listed. Written by export.
        changed: Rows<DeviceChange>,
        /// The numbers of generated devices that were removed, counted from 0. Written by export.
        gone: BTreeSet<u32>,
    };

    /// A device with what is known of it. The rest follows from the seed and the serial number.
    Device {
        /// Its serial number.
        serial: Serial => defines Serial,
        /// What it is.
        kind as "type": DeviceType,
    } optional {
        /// Its id in GLP. Follows from its number, unless it came from another workspace.
        id: Uuid => defines DeviceId,
        /// Its MAC address.
        mac: Mac => defines Mac,
        /// Its model.
        model: Line<32>,
        /// Its part number.
        part_number: Line<12>,
        /// Its firmware version.
        firmware: Line<32>,
        /// The tier of its subscription.
        tier: Line<32>,
        /// Its name in Central.
        name: Line<256>,
        /// The name of its site, one of the workspace's.
        site: Title => refers Site,
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
        /// When it was added. Follows from when the world began.
        created_at: Timestamp,
        /// Whether it was removed. Written by export, because it keeps its number.
        gone: bool,
    } check device_fits;

    /// A device that is not as it was given. What is not said stays.
    DeviceChange {
        /// Its serial number.
        serial: Serial => defines ChangedSerial,
    } optional {
        /// Its MAC address.
        mac: Mac => defines Mac,
        /// Its model.
        model: Line<32>,
        /// Its part number.
        part_number: Line<12>,
        /// Its firmware version.
        firmware: Line<32>,
        /// The tier of its subscription.
        tier: Line<32>,
        /// Its name in Central.
        name: Line<256>,
        /// The name of its site, one of the workspace's.
        site: Title => refers Site,
        /// Notes in Central.
        notes: Text<0, 256>,
        /// Tags in GLP.
        tags: Tags,
        /// Whether Central was assigned to it. One that is assigned anew is on board and answers, if nothing else is said.
        assigned: bool,
        /// Whether Central has it on board. One that comes on board answers, if nothing else is said.
        provisioned: bool,
        /// Whether it answers.
        online: bool,
        /// Whether Central still monitors it: no, once it was removed there.
        monitored: bool,
        /// Whether it is put away.
        archived: bool,
        /// The id of its location.
        location: Line<256>,
        /// Who is to be asked about it.
        contact: DeviceContact,
        /// The service that it was assigned to, if that is not Central in us-west.
        application: DeviceApplication,
        /// The number of the site it was put into in Central, or none. Written by export.
        put_at_site: Place,
        /// The number of the device group it was put into in Central, or none. Written by export.
        put_in_group: Place,
        /// The key of the subscription that it uses, or none. One that is assigned uses its tier's, if nothing is said.
        subscription: Subscribed,
        /// When it was last changed.
        updated_at: Timestamp,
    } check device_fits;

    /// Who is to be asked about a device: a user of the workspace by id, or somebody else by e-mail address.
    DeviceContact {} optional {
        /// The id of the user.
        user: Line<256>,
        /// The e-mail address of somebody else.
        email: Line<256>,
        /// Their first name.
        first_name: Line<256>,
        /// Their last name.
        last_name: Line<256>,
        /// Their telephone number.
        phone: Line<256>,
    } check contact_fits;

    /// The service that a device was assigned to.
    DeviceApplication {
        /// The id of the service manager.
        service_manager: Uuid,
        /// The region.
        region: Region,
    } optional {};
}

plain_maps!(DeviceMix, Devices, Device, DeviceChange, DeviceContact, DeviceApplication);

fn contact_fits(reader: &mut Reader<'_>, id: Id, keys: &Keys) {
    if keys.get("user").is_some() == keys.get("email").is_some() && !reader.tree.is_open(id) {
        reader.wrong(id, "a contact is a user or somebody with an e-mail address", "say one of them");
    }
}

fn tags_fit(reader: &mut Reader<'_>, _: Id, keys: &Keys) {
    let Some(tags) = keys.get("tags") else { return };
    if let Some((surplus, _)) =
        reader.tree.pairs(tags).nth(MOST_TAGS).filter(|_| reader.tree.kind(tags) == Kind::Map)
    {
        let message = format!("a device has at most {MOST_TAGS} tags, and here it has more");
        reader.wrong(surplus, message, "leave some out");
    }
}

/// Central has network devices only, on board only what is assigned to it, and hears only those on board.
fn device_fits(reader: &mut Reader<'_>, id: Id, keys: &Keys) {
    tags_fit(reader, id, keys);
    let said = |key| Some(reader.tree.characters(keys.get(key)?)?.to_ascii_lowercase());
    let is = |key| said(key).is_some_and(|word| word == "true");
    let is_not = |key| said(key).is_some_and(|word| word == "false");
    let text = |key| reader.tree.characters(keys.get(key)?);
    let stays_out = match text("type") {
        Some("COMPUTE" | "STORAGE") => Some("Central has network devices only"),
        _ if is_not("assigned") => Some("it is not assigned to Central"),
        _ => None,
    };
    let silent = if is_not("provisioned") { Some("it is not on board") } else { stays_out };
    let mistakes = [
        ("assigned", stays_out.filter(|_| !is_not("assigned"))),
        ("provisioned", stays_out),
        ("online", silent),
    ];
    for (key, why) in mistakes {
        if let (Some(value), Some(why)) = (keys.get(key).filter(|_| is(key)), why) {
            reader.wrong(value, format!("cannot be true: {why}"), "leave it out, or say false");
        }
    }
}

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
