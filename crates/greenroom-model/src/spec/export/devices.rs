//! Devices as an export writes them.

use super::{ExportError, maybe, tags, word};
use crate::{
    fleet::{self, Changed, Listed},
    spec::{Device, DeviceApplication, DeviceChange, DeviceContact, Place, Subscribed},
};

pub(super) fn device(listed: &Listed) -> Result<Device, ExportError> {
    if listed.gone {
        let serial = word("serial number", listed.serial.as_deref().unwrap_or_default())?;
        return Ok(Device { gone: Some(true), ..Device::new(serial, listed.kind) });
    }
    let assigned = listed.assigned && listed.kind.is_network();
    let provisioned = listed.provisioned && assigned;
    let text = |text: &Option<smol_str::SmolStr>| text.as_ref().map(ToString::to_string);
    Ok(Device {
        serial: word("serial number", listed.serial.as_deref().unwrap_or_default())?,
        kind: listed.kind,
        id: listed.id,
        mac: maybe("MAC address", &text(&listed.mac))?,
        model: maybe("model", &text(&listed.model))?,
        part_number: maybe("part number", &text(&listed.part_number))?,
        firmware: maybe("firmware version", &text(&listed.firmware))?,
        tier: maybe("tier", &text(&listed.tier))?,
        name: maybe("name", &text(&listed.name))?,
        site: maybe("site", &text(&listed.site))?,
        notes: Some(word("notes", &listed.notes)?),
        tags: Some(tags(&listed.tags)?),
        // What cannot be is not written, and has no effect either.
        assigned: Some(assigned),
        provisioned: Some(provisioned),
        online: Some(provisioned && listed.online),
        created_at: listed.created_at,
        gone: None,
    })
}

pub(super) fn change(changed: Changed<'_>) -> Result<DeviceChange, ExportError> {
    let said = match changed.row {
        Some(row) => Some(device(&Listed { serial: Some(changed.serial.clone()), ..row.clone() })?),
        None => None,
    };
    let row = match said {
        Some(row) => DeviceChange {
            mac: row.mac,
            model: row.model,
            part_number: row.part_number,
            firmware: row.firmware,
            tier: row.tier,
            name: row.name,
            site: row.site,
            assigned: row.assigned,
            provisioned: row.provisioned,
            online: row.online,
            ..DeviceChange::new(row.serial)
        },
        None => DeviceChange::new(word("serial number", changed.serial)?),
    };
    Ok(DeviceChange {
        notes: changed.notes.map(|notes| word("notes", notes)).transpose()?,
        tags: changed.tags.map(tags).transpose()?,
        monitored: changed.forgotten.then_some(false),
        archived: changed.archived.then_some(true),
        location: changed.location.map(|id| word("location", id)).transpose()?,
        contact: changed.contact.map(device_contact).transpose()?,
        application: changed.application.map(application).transpose()?,
        put_at_site: changed.put_at_site.map(Place::of),
        put_in_group: changed.put_in_group.map(Place::of),
        subscription: match changed.subscription {
            Some(Some(held)) => Some(Subscribed(Some(word("key", &held.key)?))),
            Some(None) => Some(Subscribed(None)),
            None => None,
        },
        updated_at: changed.updated_at,
        ..row
    })
}

fn device_contact(contact: &fleet::Contact) -> Result<DeviceContact, ExportError> {
    let one = |text: &Option<smol_str::SmolStr>| {
        text.as_ref().map(|text| word("contact of a device", text)).transpose()
    };
    Ok(match contact {
        fleet::Contact::User(id) => DeviceContact { user: one(&Some(id.clone()))?, ..DeviceContact::new() },
        fleet::Contact::Other { email, first_name, last_name, phone } => DeviceContact {
            email: one(&Some(email.clone()))?,
            first_name: one(first_name)?,
            last_name: one(last_name)?,
            phone: one(phone)?,
            ..DeviceContact::new()
        },
    })
}

fn application(application: &fleet::Application) -> Result<DeviceApplication, ExportError> {
    let region = word("region", &application.region)?;
    Ok(DeviceApplication { service_manager: application.manager, region })
}
