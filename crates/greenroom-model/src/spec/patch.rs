//! Patches: what shall be different about a world that is running, in the words of a world file.

use jiff::Timestamp;
use serde::Serializer;
use serde_json::{Value, json};

use super::{
    build::said_contact,
    choices::Managed,
    collections::Rows,
    devices::{Device, DeviceChange, DeviceCount, DeviceMix},
    form::{Definitions, Form, Keys, Reader, Word},
    opened,
    record::{plain_maps, read_record, record_schema, records, write_record},
    rows::Row,
    words::{Email, Note, Serial, Symbol, Title},
    workspaces::{Base, Contact, Contents, Provision, Tenant},
};
use crate::{
    access::Service,
    tenancy::{Ownership, WorkspaceKind},
    user::UserStatus,
    world::{WorkspaceIx, World},
    yaml::{Id, Kind, Mistakes},
};

records! {
    /// What shall be different about a world: what is removed goes first, then what is changed, then what is added comes; tenants before devices. All of it happens, or nothing.
    Patch {} optional {
        /// Tenants that come, change and go.
        tenants: TenantPatch,
        /// Devices that come, change and go.
        devices: DevicePatch,
        /// Users that change.
        users: UserPatch,
    };

    /// Users that change. They come and go by the API.
    UserPatch {} optional {
        /// Users that change.
        change: Vec<UserChange>,
    };

    /// A user that changes.
    UserChange {
        /// The e-mail address.
        email: Email,
        /// How far the user has come. Tokens of one who is BLOCKED or SUSPENDED are refused from now on, and let in again when that is over.
        status: UserStatus,
    } optional {};

    /// Tenants that come, change and go.
    TenantPatch {} optional {
        /// The symbols of tenants that are deleted, with all that hangs on them.
        remove: Vec<Symbol>,
        /// Tenants that change.
        change: Vec<TenantChange>,
        /// Tenants that are made.
        add: Vec<NewTenant>,
    };

    /// A tenant that changes. What is not said stays.
    TenantChange {
        /// Its symbol, which stays.
        symbol: Symbol => defines Changed,
    } optional {
        /// Its name.
        name: Title,
        /// Who owns its devices.
        ownership: Ownership,
        /// How to reach whoever runs it. It takes the place of all that was said.
        contact: Contact,
        /// What is said about it.
        description: Note,
    };

    /// A tenant that is made. Central is provisioned in it.
    @scope NewTenant {
        /// The symbol of its MSP.
        msp: Symbol,
        /// What histories and commands call it.
        symbol: Symbol => defines Workspace,
    } optional {
        /// Its name. Follows from the symbol.
        name: Title,
        /// Who owns its devices. The MSP does, if nothing is said.
        ownership: Ownership,
        /// How to reach whoever runs it.
        contact: Contact,
        /// What is said about it.
        description: Note,
        /// The names of its sites. Without them there are HQ and Branch.
        sites: Vec<Title> => defines Site,
        /// Devices that are generated for it. Without them there are none.
        devices: DeviceMix,
    };

    /// Devices that come, change and go.
    DevicePatch {} optional {
        /// Serial numbers, or the last ones of a workspace.
        remove: Vec<Removed>,
        /// Devices that change.
        change: Rows<DeviceChange>,
        /// Devices with what is known of each, or so many.
        add: Rows<Added>,
    };

    /// The devices of a workspace that were added last.
    LastOf {
        /// The symbol of the workspace.
        workspace: Symbol,
        /// How many.
        last: DeviceCount,
    } optional {};

    /// A device that is added.
    AddedDevice {
        ..device: Device,
        /// The symbol of its workspace.
        workspace: Symbol,
    } optional {} check comes_to_stay;

    /// So many devices that are added, each like one that is generated.
    AddedDevices {
        ..mix: DeviceMix,
        /// The symbol of their workspace.
        workspace: Symbol,
    } optional {} check some_are_added;
}

plain_maps!(
    UserPatch,
    UserChange,
    TenantPatch,
    TenantChange,
    NewTenant,
    DevicePatch,
    LastOf,
    AddedDevice,
    AddedDevices
);

/// What is removed: a serial number, or the last devices of a workspace.
#[derive(Clone, Debug, PartialEq)]
pub enum Removed {
    /// The device of that serial number.
    Serial(Serial),
    /// The last ones.
    Last(LastOf),
}

impl Form for Removed {
    fn read(reader: &mut Reader<'_>, id: Id) -> Option<Self> {
        match reader.tree.kind(id) {
            Kind::Map => Form::read(reader, id).map(Self::Last),
            _ => Form::read(reader, id).map(Self::Serial),
        }
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Serial(serial) => Form::write(serial, serializer),
            Self::Last(last) => Form::write(last, serializer),
        }
    }

    fn schema(definitions: &mut Definitions) -> Value {
        json!({"anyOf": [<Serial as Word>::schema(), LastOf::schema(definitions)]})
    }
}

/// What is added: one device, or so many.
#[derive(Clone, Debug, PartialEq)]
pub enum Added {
    /// One, with what is known of it.
    One(Box<AddedDevice>),
    /// So many, by class.
    Many(AddedDevices),
}

impl Form for Added {
    fn read(reader: &mut Reader<'_>, id: Id) -> Option<Self> {
        let one = ["serial", "type"].into_iter().any(|key| reader.at(id, key).is_some());
        if one {
            Form::read(reader, id).map(Box::new).map(Self::One)
        } else {
            Form::read(reader, id).map(Self::Many)
        }
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::One(device) => device.write(serializer),
            Self::Many(devices) => devices.write(serializer),
        }
    }

    fn schema(definitions: &mut Definitions) -> Value {
        json!({"anyOf": [AddedDevice::schema(definitions), AddedDevices::schema(definitions)]})
    }
}

impl Patch {
    /// Reads a patch: YAML, of which JSON is a part. All mistakes come at once, in the order in which they
    /// stand in it. Whether it fits a world is for [`World::patch`](crate::world::World::patch) to say.
    pub fn read(file: &[u8]) -> Result<Self, Mistakes> {
        opened(
            file,
            "write what comes, changes or goes, such as devices: {remove: [CN000G0000]}",
            read_record::<Self>,
        )
    }

    /// The JSON Schema of patches.
    pub fn schema() -> Value {
        let mut definitions = Definitions::new();
        let whole = record_schema::<Self>(&mut definitions);
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Patch of a world of Greenroom",
            "$ref": whole["$ref"],
            "$defs": definitions,
        })
    }
}

impl serde::Serialize for Patch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write_record(self, serializer)
    }
}

fn comes_to_stay(reader: &mut Reader<'_>, _: Id, keys: &Keys) {
    if let Some(gone) = keys.get("gone").filter(|gone| reader.tree.characters(*gone) == Some("true")) {
        reader.wrong(gone, "what is added is not gone", "leave it out");
    }
}

fn some_are_added(reader: &mut Reader<'_>, id: Id, keys: &Keys) {
    let classes = ["network", "compute", "storage", "unassigned"];
    if !classes.into_iter().any(|class| keys.get(class).is_some()) && !reader.tree.is_open(id) {
        reader.wrong(id, "this says no device", "write its serial and type, or how many, such as network: 5");
    }
}

impl NewTenant {
    /// Its name.
    pub fn name(&self) -> &str {
        self.name.as_ref().map_or(self.symbol.as_str(), Title::as_str)
    }
}

impl World {
    /// Makes a tenant as a world file would, but now. Its devices come apart.
    pub(crate) fn found_tenant(&mut self, msp: WorkspaceIx, new: &NewTenant, now: Timestamp) {
        let central = Provision { created_at: Some(now), ..Provision::new(Managed(Service::Central)) };
        let tenant = Tenant {
            base: Base {
                name: new.name.clone(),
                contact: new.contact.clone(),
                description: new.description.clone(),
                created_at: Some(now),
                ..Base::new(new.symbol.clone())
            },
            ownership: new.ownership,
            contents: Contents { provisions: Some(vec![central]), ..Contents::new() },
        };
        let home = self.settle_in(&Row::listed(&tenant), Some(msp));
        self.provide(home, &tenant.contents);
    }

    /// Makes a tenant what a patch says of it.
    pub(crate) fn change_tenant(&mut self, ix: WorkspaceIx, change: &TenantChange, now: Timestamp) {
        let Some(tenant) = self.workspaces.get_mut(ix.0) else { return };
        if let Some(name) = &change.name {
            name.as_str().clone_into(&mut tenant.name);
        }
        if let (WorkspaceKind::Tenant { ownership, .. }, Some(wanted)) = (&mut tenant.kind, change.ownership)
        {
            *ownership = wanted;
        }
        if let Some(contact) = &change.contact {
            tenant.contact = said_contact(contact);
        }
        if let Some(description) = &change.description {
            tenant.description = Some(description.as_str().to_owned());
        }
        (tenant.generation, tenant.updated_at) = (tenant.generation.saturating_add(1), now);
    }
}
