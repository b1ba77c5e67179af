//! Workspaces in a world file: MSPs with their tenants, listed or generated, and what each contains.

use std::collections::BTreeMap;

use serde::Serializer;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    choices::{Home, Managed, Region, WorkspaceType},
    devices::{DeviceCount, DeviceMix, Devices},
    form::{Definitions, Form, Keys, Reader},
    names::{MOST_WORKSPACES, default_pattern},
    record::{plain_maps, read_record, record_schema, records, write_record},
    scopes::Scopes,
    subscriptions::{AutoSubscriptions, DevicePool, Subscription},
    values::Count,
    words::{Country, Email, HexId, Label, Line, Note, Symbol, SymbolPattern, Title},
};
use crate::{
    access::Service,
    catalog::ProvisionStatus,
    id::WorkspaceId,
    secret::{Digest, Secret},
    tenancy::{Ownership, Platform},
    yaml::{Id, Kind},
};
use jiff::Timestamp;

/// How many tenants can be generated.
pub type TenantCount = Count<MOST_WORKSPACES>;

records! {
    /// What all workspaces have.
    Base {
        /// What histories and commands call the workspace.
        symbol: Symbol => defines Workspace,
    } optional {
        /// Its name. Follows from the symbol.
        name: Title,
        /// Its id. Follows from the seed and the symbol.
        id: WorkspaceId => defines WorkspaceId,
        /// The id of its Central application customer, which is another than the workspace's.
        central_customer: HexId => defines CentralCustomer,
        /// The e-mail address of the user who made it. Without one, a user is made up.
        owner: Email => refers User,
        /// The cluster of New Central on which it lives: any, a name such as US-WEST-5, or a host.
        cluster: Home,
        /// Where it lives: cloud, or dedicated with the host of a Dedicated Platform.
        platform: Platform,
        /// How to reach whoever runs it.
        contact: Contact,
        /// What is said about it.
        description: Note,
        /// When it was made.
        created_at: Timestamp,
        /// When it was last changed.
        updated_at: Timestamp,
        /// How often it was made or changed.
        generation: u32,
        /// Its number in the order of creation, counted from 0. Written by export where the order of the file is another.
        number: u32,
        /// Whether it was deleted. Written by export, because tokens and the audit log still name it.
        gone: bool,
    };

    /// What workspaces contain.
    Contents {} optional {
        /// The names of its sites. Without them there are HQ and Branch.
        sites: Vec<Title> => defines Site,
        /// What is said of its scopes in Central, beside the names of its sites.
        scopes: Scopes,
        /// Its devices. Without them there are none.
        devices: Devices,
        /// Its API clients. Without them, a workspace that is no tenant has one of the platform and one of Central, named after its symbol.
        clients: Vec<Client>,
        /// The service managers that are provisioned in it. Without them there is Central in us-west.
        provisions: Vec<Provision>,
        /// Subscriptions that it has claimed, beside those that its devices use if nothing else is said.
        subscriptions: Vec<Subscription>,
        /// The subscriptions that its devices use if nothing else is said, one a tier, where they are not as they follow from the devices.
        pools: BTreeMap<Line<64>, DevicePool>,
        /// Which tiers its devices get by themselves.
        auto_subscriptions: AutoSubscriptions,
    };

    /// An MSP, or a workspace that stands alone.
    @scope Workspace {
        ..base: Base,
    } optional {
        /// What it is. One with tenants is an MSP, others are STANDARD_ENTERPRISE.
        kind as "type": WorkspaceType,
        ..contents: Contents,
        ..estate: Estate,
    } check workspace_fits;

    /// What an MSP manages.
    Estate {} optional {
        /// Its tenants: a list, a number of generated ones, or both in a map.
        tenants: Tenants,
        /// How many network devices each generated tenant has.
        devices_per_tenant: DeviceCount,
    };

    /// A workspace that an MSP manages.
    @scope Tenant {
        ..base: Base,
    } optional {
        /// Who owns its devices. The MSP does, if nothing is said.
        ownership: Ownership,
        ..contents: Contents,
    } check tenant_counts;

    /// The tenants of an MSP: generated ones, then listed ones.
    Tenants {} optional {
        /// How many are generated.
        count: TenantCount,
        /// What the generated ones are called: {n} is the number of each, from 1. Follows from the MSP's symbol.
        symbol: SymbolPattern,
        /// The names of the generated ones, with {n} for the number.
        name: Title,
        /// Who owns the devices of the generated ones.
        ownership: Ownership,
        /// The devices that each generated one has.
        devices: DeviceMix,
        /// Tenants with what is known of each.
        listed: Vec<Tenant>,
        /// Generated ones that are not as they were generated. Written by export.
        changed: Changed,
    } check generation_fits;

    /// How to reach whoever runs a workspace.
    Contact {} optional {
        /// Where the company is.
        address: Address,
        /// A telephone number.
        phone: Title,
        /// An e-mail address.
        email: Email,
    };

    /// Where a company is.
    Address {} optional {
        /// The street.
        street: Title,
        /// A second line of it.
        complement: Line<60>,
        /// The city.
        city: Line<40>,
        /// The state or region.
        state: Line<220>,
        /// The postal code.
        zip: Line<10>,
        /// The country: ISO 3166 alpha-2.
        country: Country,
    };

    /// An API client. Its id and secret follow from the seed and its name.
    Client {
        /// What its tokens are called: msp for msp#1.
        name: Label => defines ClientSymbol,
    } optional {
        /// Its name in the credentials API.
        credential_name: Label,
        /// Its id.
        id: Label => defines Client,
        /// Its secret.
        secret: Secret,
        /// The SHA-256 of its secret, instead of the secret.
        secret_sha256: Digest,
        /// Whether it has no secret at all, and only uses tokens that it already holds.
        no_secret: bool,
        /// What it was made for: the platform, if nothing is said; classic is an application of Classic Central's gateway.
        service: Service,
        /// The e-mail address of the user who made it. Without one, who made the workspace.
        owner: Email => refers User,
        /// The application_instance_id of its tokens.
        application_instance: Uuid,
        /// Whether it was made for a tenant by name.
        for_tenant: bool,
        /// The id of the provision it was made for.
        provision: Uuid => refers Provision,
        /// How many secrets it has had.
        secrets: u32,
        /// When it was made.
        created_at: Timestamp,
        /// When it was last changed.
        updated_at: Timestamp,
        /// Its number in the order of creation, counted from 0. Written by export where the order of the file is another.
        number: u32,
        /// Whether it was deleted. Written by export, because tokens still name it.
        gone: bool,
    } check one_secret;

    /// A service manager that is provisioned in a workspace.
    Provision {
        /// The service manager.
        service_manager: Managed,
    } optional {
        /// The region in which it is provisioned. us-west, if nothing is said.
        region: Region,
        /// Its id. Follows from the seed and the symbol of the workspace.
        id: Uuid => defines Provision,
        /// The e-mail address of the user who provisioned it. Without one, who made the workspace.
        owner: Email => refers User,
        /// When it was provisioned.
        created_at: Timestamp,
        /// How it stands. PROVISIONED, if nothing is said.
        status: ProvisionStatus,
        /// When that last changed.
        updated_at: Timestamp,
        /// How often it was provisioned or taken away.
        generation: u32,
    };
}

plain_maps!(Workspace, Tenant, Contact, Address, Client, Provision);

impl Workspace {
    /// What it is: an MSP also if it has tenants and nothing is said.
    pub fn kind(&self) -> WorkspaceType {
        let guess = if self.estate.tenants.is_some() { WorkspaceType::Msp } else { WorkspaceType::Standard };
        self.kind.unwrap_or(guess)
    }
}

/// Generated tenants that are not as they were generated: each goes by the symbol of one, and what is
/// said here replaces what was generated.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed(pub Vec<Tenant>);

impl Form for Changed {
    fn read(reader: &mut Reader<'_>, id: Id) -> Option<Self> {
        let outer = reader.changing.replace(reader.scope);
        let read = Form::read(reader, id).map(Self);
        reader.changing = outer;
        read
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }

    fn schema(definitions: &mut Definitions) -> Value {
        Vec::<Tenant>::schema(definitions)
    }
}

/// A list, a number, or a map.
impl Form for Tenants {
    fn read(reader: &mut Reader<'_>, id: Id) -> Option<Self> {
        let none = Self::new();
        match reader.tree.kind(id) {
            Kind::List => Some(Self { listed: Some(Form::read(reader, id)?), ..none }),
            Kind::Number => {
                let count: TenantCount = Form::read(reader, id)?;
                generates(reader, id, count, None);
                Some(Self { count: Some(count), ..none })
            }
            _ => read_record(reader, id),
        }
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self {
                count: None,
                symbol: None,
                name: None,
                ownership: None,
                devices: None,
                listed: Some(listed),
                changed: None,
            } => listed.write(serializer),
            _ => write_record(self, serializer),
        }
    }

    fn schema(definitions: &mut Definitions) -> Value {
        let forms = [
            Vec::<Tenant>::schema(definitions),
            TenantCount::schema(definitions),
            record_schema::<Self>(definitions),
        ];
        json!({"anyOf": forms})
    }
}

fn workspace_fits(reader: &mut Reader<'_>, id: Id, keys: &Keys) {
    reader.count_workspaces(id, 1);
    let alone = keys.get("type").and_then(|kind| reader.tree.characters(kind)) == Some("STANDARD_ENTERPRISE");
    for key in ["tenants", "devices_per_tenant"] {
        if let Some(value) = keys.get(key).filter(|_| alone) {
            let message = "a workspace of type STANDARD_ENTERPRISE has no tenants";
            reader.wrong(value, message, "make it an MSP, or leave them out");
        }
    }
    let Some(each) = keys.get("devices_per_tenant") else { return };
    let tenants = keys.get("tenants");
    let generated = tenants.is_some_and(|tenants| match reader.tree.kind(tenants) {
        Kind::Number => true,
        _ => reader.at(tenants, "count").is_some(),
    });
    if !generated && !reader.tree.is_open(id) {
        reader.wrong(each, "no tenants are generated here", "say how many, such as tenants: 100");
    } else if tenants.is_some_and(|tenants| reader.at(tenants, "devices").is_some()) {
        reader.wrong(each, "the devices of tenants are already given under tenants", "keep one of the two");
    }
}

fn tenant_counts(reader: &mut Reader<'_>, id: Id, _: &Keys) {
    if reader.changing.is_none() {
        reader.count_workspaces(id, 1);
    }
}

fn generation_fits(reader: &mut Reader<'_>, id: Id, keys: &Keys) {
    if let Some(count) = keys.get("count") {
        let number = reader.number_at(id, "count").and_then(|count| TenantCount::new(count.try_into().ok()?));
        let symbol = keys.get("symbol").and_then(|symbol| reader.tree.characters(symbol));
        if let Some(number) = number {
            generates(reader, count, number, symbol);
            let name = keys.get("name").filter(|_| number.get() > 1);
            let alike = |name: &Id| reader.tree.characters(*name).is_some_and(|text| !text.contains("{n}"));
            if let Some(name) = name.filter(alike) {
                reader.wrong(
                    name,
                    "all of them would have this name",
                    "put {n} where the number of each goes",
                );
            }
        }
        return;
    }
    for key in ["symbol", "name", "ownership", "devices", "changed"] {
        if let Some(value) = keys.get(key).filter(|_| !reader.tree.is_open(id)) {
            reader.wrong(value, "no tenants are generated here", "say how many with count");
        }
    }
}

/// Notes the generated tenants of the MSP that is being read.
fn generates(reader: &mut Reader<'_>, place: Id, count: TenantCount, pattern: Option<&str>) {
    let msp = reader.scope;
    reader.count_workspaces(place, count.get().into());
    let symbol = reader.at(msp, "symbol").and_then(|symbol| reader.tree.characters(symbol));
    let pattern = pattern.map(str::to_owned).or_else(|| symbol.map(default_pattern));
    if let Some(pattern) = pattern.filter(|pattern| pattern.contains("{n}")) {
        reader.generate(msp, pattern, count.get().into(), place);
    }
}

fn one_secret(reader: &mut Reader<'_>, _: Id, keys: &Keys) {
    let message = "this client's secret was already given";
    one_of(reader, keys, &["secret", "secret_sha256", "no_secret"], message);
}

/// Whether at most one of several ways to say the same is used.
pub(super) fn one_of(reader: &mut Reader<'_>, keys: &Keys, ways: &[&str], message: &str) {
    let given: Vec<_> = ways.iter().filter_map(|key| keys.get(key)).collect();
    for second in given.iter().skip(1) {
        reader.wrong_like(*second, message, "keep one of the two", given.first().copied());
    }
}
