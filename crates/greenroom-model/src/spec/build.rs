//! From a world file to the world it describes: what the file does not say follows from the seed.

use std::{collections::HashMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use smol_str::SmolStr;

use super::{
    Base, Client, Contents, Device, DeviceMix, Devices, Home, Label, Provision as ProvisionForm, Spec, State,
    Tenant, Workspace as WorkspaceForm, WorkspaceType, default_pattern, numbered,
};
use crate::{
    access::Service,
    audit::{AuditLog, Line},
    credential::{ApiClient, ClientSecret, User},
    fleet::{Fleet, FleetError, Listed, Mix, Share},
    id::{Seed, WorkspaceId},
    role::ADMINISTRATOR,
    sample::{DEFAULT_SEED, REGION},
    secret::Secret,
    tenancy::{Address, Contact, Ownership, Platform, Workspace, WorkspaceKind},
    token::{Symbol, Token, TokenTable},
    world::{ClientIx, Provision, UserIx, WorkspaceIx, World},
};

/// When everything was made for which a file gives no time: 2025-09-17T13:06:59.001Z.
pub(crate) fn default_birth() -> Timestamp {
    Timestamp::from_millisecond(1_758_114_419_001).unwrap_or(Timestamp::UNIX_EPOCH)
}

impl World {
    /// The world that a file describes.
    pub fn from_spec(spec: &Spec) -> Result<Self, FleetError> {
        let basics = &spec.basics;
        let seed = basics.seed.map_or(DEFAULT_SEED, Seed);
        let mut world = Self::empty(seed, basics.born.unwrap_or_else(default_birth));
        if let Some(dialect) = &basics.dialect {
            world.dialect = dialect.clone();
        }
        if let Some(lives) = &basics.token_life {
            let lifetimes = &mut world.lifetimes;
            lifetimes.sso = lives.sso.unwrap_or(lifetimes.sso);
            lifetimes.workspace = lives.workspace.unwrap_or(lifetimes.workspace);
            lifetimes.tenant = lives.tenant.unwrap_or(lifetimes.tenant);
        }
        let roles = basics.roles.iter().flatten();
        world.roles.extend(roles.map(|(name, role)| (name.as_str().to_owned(), role.clone())));
        for user in basics.users.iter().flatten() {
            let role = user.role.as_ref().map_or(ADMINISTRATOR, Label::as_str);
            let ix = world.add_user(user.email.as_str(), role);
            let known = &mut world.users[ix.0];
            if let Some(principal) = &user.principal {
                principal.as_str().clone_into(&mut known.principal);
            }
            if let Some(context) = &user.context {
                context.as_str().clone_into(&mut known.context);
            }
        }
        let mut fleet = Fleet::new(seed, world.born);
        let rows = rows(spec);
        let numbers = places(rows.iter().map(|row| row.base().number));
        let mut order: Vec<_> = rows.iter().zip(&numbers).collect();
        order.sort_by_key(|(_, number)| **number);
        for (row, _) in &order {
            let ix = world.settle(row);
            fleet.plant(ix, share(row.contents()))?;
        }
        world.fleet = Arc::new(fleet);
        // Clients and provisions come in the order of the file, whatever the order of their workspaces.
        let mut clients = Vec::new();
        for row in &rows {
            let Some(home) = world.settled(row.base()) else { continue };
            world.provide(home, row.contents());
            clients.extend(world.employ(home, row));
        }
        let numbers = places(clients.iter().map(|(number, _)| *number));
        let mut order: Vec<_> = clients.into_iter().zip(numbers).collect();
        order.sort_by_key(|(_, number)| *number);
        for ((_, client), _) in order {
            world.add_client(client);
        }
        if let Some(state) = &spec.state {
            world.resume(state);
        }
        world.change_devices(&rows);
        Ok(world)
    }

    fn add_user(&mut self, email: &str, role: &str) -> UserIx {
        let seed = self.seed;
        self.users.push_back_mut(User {
            email: email.to_owned(),
            principal: seed.uuid("principal", email, 0).simple().to_string(),
            context: seed.uuid_v1("user-context", email, 0).simple().to_string(),
            role: role.to_owned(),
        });
        UserIx(self.users.len() - 1)
    }

    /// Makes the workspace of a row. Its MSP was made before it.
    fn settle(&mut self, row: &Row<'_>) -> WorkspaceIx {
        let (seed, base, symbol) = (self.seed, row.base(), row.base().symbol.as_str());
        let msp = row.msp().and_then(|msp| self.settled(msp));
        let kind = match (row, msp) {
            (_, Some(msp)) => {
                WorkspaceKind::Tenant { msp, ownership: row.ownership().unwrap_or(Ownership::Msp) }
            }
            (Row::Own(own), None) if own.kind() == WorkspaceType::Msp => WorkspaceKind::Msp,
            _ => WorkspaceKind::Standard,
        };
        let created_by = match (&base.owner, msp) {
            (Some(owner), _) => self.user_or_new(owner.as_str()),
            (None, Some(msp)) => self.workspace(msp).created_by,
            (None, None) => self.user_or_new(&format!("admin@{}.example.com", symbol.to_ascii_lowercase())),
        };
        let (inherited_platform, inherited_cluster) = match msp.map(|msp| self.workspace(msp)) {
            Some(msp) => (msp.platform.clone(), msp.cluster.clone()),
            None => (Platform::Cloud, None),
        };
        let created_at = base.created_at.unwrap_or_else(|| {
            let hours = SignedDuration::from_hours(self.workspaces.len() as i64);
            self.born.saturating_add(hours).unwrap_or(self.born)
        });
        let text = |label: &Label| label.as_str().to_owned();
        let central_customer = match &base.central_customer {
            Some(customer) => customer.as_str().to_owned(),
            None => seed.uuid("central-customer", symbol, 0).simple().to_string(),
        };
        let workspace = Workspace {
            id: base.id.unwrap_or_else(|| WorkspaceId(seed.uuid_v1("workspace", symbol, 0))),
            symbol: symbol.to_owned(),
            name: base.name.as_ref().map_or_else(|| symbol.to_owned(), text),
            kind,
            platform: base.platform.clone().unwrap_or(inherited_platform),
            cluster: match &base.cluster {
                Some(Home::On(cluster)) => Some(cluster.clone()),
                Some(Home::Any) => None,
                None => inherited_cluster,
            },
            central_customer,
            created_by,
            created_at,
            updated_at: base.updated_at.unwrap_or(created_at),
            generation: base.generation.unwrap_or(1),
            contact: contact(base, &self.user(created_by).email),
            description: base.description.as_ref().map(|description| description.as_str().to_owned()),
            gone: base.gone == Some(true),
        };
        self.add_workspace(workspace)
    }

    /// The workspace that was made of a row, even if it is gone.
    fn settled(&self, base: &Base) -> Option<WorkspaceIx> {
        let symbol = base.symbol.as_str();
        let gone = || {
            let of_it =
                |it: &Workspace| it.gone && it.symbol == symbol && base.id.is_none_or(|id| it.id == id);
            self.workspaces.iter().position(of_it).map(WorkspaceIx)
        };
        if base.gone == Some(true) { gone() } else { self.workspace_named(symbol) }
    }

    fn user_or_new(&mut self, email: &str) -> UserIx {
        self.user_named(email).unwrap_or_else(|| self.add_user(email, ADMINISTRATOR))
    }

    /// Provisions the service managers of a workspace: Central, if nothing is said.
    fn provide(&mut self, home: WorkspaceIx, contents: &Contents) {
        let central = [ProvisionForm {
            service_manager: Service::Central,
            region: None,
            id: None,
            owner: None,
            created_at: None,
        }];
        if self.workspace(home).gone {
            return;
        }
        for (nth, form) in contents.provisions.as_deref().unwrap_or(&central).iter().enumerate() {
            let symbol = &self.workspace(home).symbol;
            let id = form.id.unwrap_or_else(|| self.seed.uuid("provision", symbol, nth as u64));
            let created_by = match &form.owner {
                Some(owner) => self.user_or_new(owner.as_str()),
                None => self.workspace(home).created_by,
            };
            self.provisions.push(Provision {
                id,
                workspace: home,
                service_manager: Self::service_manager(form.service_manager),
                region: form.region.map_or(REGION, super::Region::name),
                created_by,
                created_at: form.created_at.unwrap_or(self.born),
            });
        }
    }

    /// The API clients of a workspace with their numbers, if the file gives them.
    fn employ(&mut self, home: WorkspaceIx, row: &Row<'_>) -> Vec<(Option<u32>, ApiClient)> {
        let symbol = row.base().symbol.as_str();
        match (&row.contents().clients, row) {
            (Some(clients), _) => {
                clients.iter().map(|form| (form.number, self.client_of(home, form))).collect()
            }
            (None, Row::Own(_)) => {
                let made = |name: String, service| self.default_client(home, name, service);
                vec![
                    (None, made(symbol.to_owned(), Service::Platform)),
                    (None, made(format!("{symbol}-central"), Service::Central)),
                ]
            }
            (None, _) => Vec::new(),
        }
    }

    /// A client of which only the name is known.
    fn default_client(&self, home: WorkspaceIx, name: String, service: Service) -> ApiClient {
        let seed = self.seed;
        ApiClient {
            id: seed.uuid("client", &name, 0).to_string(),
            credential_name: name.clone(),
            service,
            workspace: home,
            owner: self.workspace(home).created_by,
            secret: ClientSecret::Value(derived_secret(seed, &name)),
            sample: true,
            application_instance: seed.uuid("application-instance", &name, 0).to_string(),
            for_tenant: false,
            provision: None,
            secrets: 1,
            created_at: self.born,
            updated_at: self.born,
            gone: false,
            name,
        }
    }

    fn client_of(&mut self, home: WorkspaceIx, form: &Client) -> ApiClient {
        let service = form.service.unwrap_or(Service::Platform);
        let plain = self.default_client(home, form.name.as_str().to_owned(), service);
        let secret = match (&form.secret, form.secret_sha256) {
            (Some(secret), _) => ClientSecret::Value(secret.clone()),
            (None, Some(digest)) => ClientSecret::Digest(digest),
            (None, None) if form.no_secret == Some(true) => ClientSecret::None,
            (None, None) => plain.secret.clone(),
        };
        let created_at = form.created_at.unwrap_or(plain.created_at);
        ApiClient {
            id: form.id.as_ref().map_or(plain.id, |id| id.as_str().to_owned()),
            credential_name: match &form.credential_name {
                Some(name) => name.as_str().to_owned(),
                None => plain.credential_name,
            },
            owner: match &form.owner {
                Some(owner) => self.user_or_new(owner.as_str()),
                None => plain.owner,
            },
            // Everybody has what follows from the seed.
            sample: secret == plain.secret,
            secret,
            application_instance: match form.application_instance {
                Some(id) => id.to_string(),
                None => plain.application_instance,
            },
            for_tenant: form.for_tenant == Some(true),
            provision: form.provision,
            secrets: form.secrets.unwrap_or(1),
            created_at,
            updated_at: form.updated_at.unwrap_or(created_at),
            gone: form.gone == Some(true),
            ..plain
        }
    }

    /// Goes on where the world was that the file was written from.
    fn resume(&mut self, state: &State) {
        let by_symbol: HashMap<_, _> =
            self.workspaces.iter().enumerate().map(|(ix, it)| (it.symbol.clone(), WorkspaceIx(ix))).collect();
        // Present workspaces win over deleted ones of the same symbol.
        let place = |symbol: &str| self.workspace_named(symbol).or_else(|| by_symbol.get(symbol).copied());
        let by_id: HashMap<_, _> =
            self.clients.iter().enumerate().map(|(ix, it)| (it.id.clone(), ClientIx(ix))).collect();
        let tokens = state.tokens.iter().flat_map(|rows| &rows.0).filter_map(|token| {
            Some(Token {
                ordinal: token.number,
                kind: token.kind,
                symbol: Symbol { subject: token.name.subject.as_str().to_owned(), nth: token.name.nth },
                client: *by_id.get(token.client.as_str())?,
                workspace: place(token.workspace.as_str())?,
                issued_at: token.issued_at,
                expires_at: token.expires_at,
                parent: token.parent,
                adopted: token.adopted == Some(true),
                revoked: token.revoked == Some(true),
                seal: token.sha256,
            })
        });
        let counters = state.counters.as_ref();
        let subjects = counters.and_then(|counters| counters.subjects.as_ref()).into_iter().flatten();
        let subjects = subjects.map(|(subject, count)| (subject.as_str().to_owned(), *count));
        let issued = counters.and_then(|counters| counters.tokens).unwrap_or_default();
        let tokens = TokenTable::resume(tokens, issued, subjects);
        let lines = state.audit.iter().flat_map(|rows| &rows.0).filter_map(|line| {
            Some(Line {
                ordinal: line.number,
                workspace: place(line.workspace.as_str())?,
                user: self.user_named(line.user.as_str())?,
                category: line.category.as_str().to_owned().into(),
                description: line.description.as_str().to_owned(),
                at: line.at,
            })
        });
        let written = counters.and_then(|counters| counters.audit_lines).unwrap_or_default();
        let audit = AuditLog::resume(lines, written);
        (self.tokens, self.audit) = (tokens, audit);
    }

    /// Lets happen again what happened to generated devices.
    fn change_devices(&mut self, rows: &[Row<'_>]) {
        let mut fleet = Fleet::clone(&self.fleet);
        for row in rows {
            let Some(home) = self.settled(row.base()) else { continue };
            let devices = row.contents().devices.as_ref();
            for change in devices.and_then(|devices| devices.changed.as_ref()).iter().flat_map(|rows| &rows.0)
            {
                let tags = change.tags.as_ref().map(tags);
                let notes = change.notes.as_ref().map(|notes| SmolStr::new(notes.as_str()));
                let forgotten = change.monitored == Some(false);
                fleet.resume(home, change.serial.as_str(), notes, tags, forgotten, change.updated_at);
            }
        }
        self.fleet = Arc::new(fleet);
    }
}

/// A workspace of the file, with the MSP that it stands under.
enum Row<'s> {
    Own(&'s WorkspaceForm),
    Tenant(&'s Tenant, &'s Base),
    Generated(Box<Tenant>, &'s Base),
}

impl Row<'_> {
    fn base(&self) -> &Base {
        match self {
            Self::Own(own) => &own.base,
            Self::Tenant(tenant, _) => &tenant.base,
            Self::Generated(tenant, _) => &tenant.base,
        }
    }

    fn contents(&self) -> &Contents {
        match self {
            Self::Own(own) => &own.contents,
            Self::Tenant(tenant, _) => &tenant.contents,
            Self::Generated(tenant, _) => &tenant.contents,
        }
    }

    fn ownership(&self) -> Option<Ownership> {
        match self {
            Self::Own(_) => None,
            Self::Tenant(tenant, _) => tenant.ownership,
            Self::Generated(tenant, _) => tenant.ownership,
        }
    }

    fn msp(&self) -> Option<&Base> {
        match self {
            Self::Own(_) => None,
            Self::Tenant(_, msp) | Self::Generated(_, msp) => Some(msp),
        }
    }
}

/// All workspaces: each MSP, its generated tenants, its listed ones.
fn rows(spec: &Spec) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for own in &spec.workspaces {
        rows.push(Row::Own(own));
        let Some(tenants) = &own.estate.tenants else { continue };
        let pattern = match &tenants.symbol {
            Some(pattern) => pattern.as_str().to_owned(),
            None => default_pattern(own.base.symbol.as_str()),
        };
        let devices = tenants.devices.clone().or_else(|| {
            let network = Some(own.estate.devices_per_tenant?);
            Some(DeviceMix { network, ..DeviceMix::new() })
        });
        let devices = devices.map(Devices::new);
        let changed: HashMap<_, _> = tenants
            .changed
            .iter()
            .flat_map(|changed| &changed.0)
            .map(|changed| (changed.base.symbol.as_str(), changed))
            .collect();
        for n in 1..=u64::from(tenants.count.map_or(0, super::TenantCount::get)) {
            // A number in a pattern that was checked makes a symbol.
            let Ok(symbol) = numbered(&pattern, n).parse::<super::Symbol>() else { continue };
            let name = tenants.name.as_ref().and_then(|name| numbered(name.as_str(), n).parse().ok());
            let changed = changed.get(symbol.as_str());
            let base = Base { name, ..Base::new(symbol) };
            let contents = Contents { devices: devices.clone(), ..Contents::new() };
            let mut generated = Tenant { base, ownership: tenants.ownership, contents };
            if let Some(changed) = changed {
                replace(&mut generated, changed);
            }
            rows.push(Row::Generated(Box::new(generated), &own.base));
        }
        rows.extend(tenants.listed.iter().flatten().map(|tenant| Row::Tenant(tenant, &own.base)));
    }
    rows
}

/// Puts what is said of a generated tenant in the place of what was generated.
fn replace(generated: &mut Tenant, said: &Tenant) {
    macro_rules! replace {
        ($($part:ident: $($field:ident)+;)+) => {
            $($(if said.$part.$field.is_some() {
                generated.$part.$field.clone_from(&said.$part.$field);
            })+)+
        };
    }
    replace! {
        base: name id central_customer owner cluster platform contact description created_at updated_at
            generation number gone;
        contents: sites devices clients provisions;
    }
    generated.ownership = said.ownership.or(generated.ownership);
}

/// The place of each in the order of creation: where it stands in the file, unless it says another.
fn places(numbers: impl Iterator<Item = Option<u32>>) -> Vec<usize> {
    numbers.enumerate().map(|(at, number)| number.map_or(at, |number| number as usize)).collect()
}

fn derived_secret(seed: Seed, name: &str) -> Secret {
    Secret::new(seed.uuid_v1("client-secret", name, 0).simple().to_string())
}

/// How to reach a workspace: what the file says, or its owner in the United States.
fn contact(base: &Base, owner: &str) -> Contact {
    let Some(contact) = &base.contact else {
        let address = Address { country: Some("US".to_owned()), ..Address::default() };
        return Contact { address, phone: None, email: Some(owner.to_owned()) };
    };
    let label = |label: &Option<Label>| label.as_ref().map(|label| label.as_str().to_owned());
    let address = contact.address.as_ref().map(|address| Address {
        street: label(&address.street),
        complement: address.complement.as_ref().map(|text| text.as_str().to_owned()),
        city: address.city.as_ref().map(|text| text.as_str().to_owned()),
        state: address.state.as_ref().map(|text| text.as_str().to_owned()),
        zip: address.zip.as_ref().map(|text| text.as_str().to_owned()),
        country: address.country.as_ref().map(|text| text.as_str().to_owned()),
    });
    Contact {
        address: address.unwrap_or_default(),
        phone: label(&contact.phone),
        email: label(&contact.email),
    }
}

fn tags(tags: &super::Tags) -> crate::fleet::Tags {
    tags.iter().map(|(key, value)| (SmolStr::new(key.as_str()), SmolStr::new(value.as_str()))).collect()
}

/// What a workspace is given of the fleet.
fn share(contents: &Contents) -> Share {
    let count = |count: Option<super::DeviceCount>| count.map_or(0, super::DeviceCount::get);
    let none = Devices::new(DeviceMix::new());
    let devices = contents.devices.as_ref().unwrap_or(&none);
    Share {
        mix: Mix {
            network: count(devices.mix.network),
            compute: count(devices.mix.compute),
            storage: count(devices.mix.storage),
            unassigned: count(devices.mix.unassigned),
        },
        listed: devices.listed.iter().flat_map(|rows| &rows.0).map(listed).collect(),
        sites: contents
            .sites
            .as_ref()
            .map(|sites| sites.iter().map(|it| SmolStr::new(it.as_str())).collect()),
    }
}

fn listed(device: &Device) -> Listed {
    let plain = Listed::new(device.kind);
    let assigned = device.assigned.unwrap_or(plain.assigned);
    Listed {
        serial: Some(SmolStr::new(device.serial.as_str())),
        mac: device.mac.as_ref().map(|mac| SmolStr::new(mac.as_str())),
        model: device.model.as_ref().map(|model| SmolStr::new(model.as_str())),
        part_number: device.part_number.as_ref().map(|number| SmolStr::new(number.as_str())),
        name: device.name.as_ref().map(|name| SmolStr::new(name.as_str())),
        firmware: device.firmware.as_ref().map(|version| SmolStr::new(version.as_str())),
        tier: device.tier.as_ref().map(|tier| SmolStr::new(tier.as_str())),
        site: device.site.as_ref().map(|site| SmolStr::new(site.as_str())),
        tags: device.tags.as_ref().map(tags).unwrap_or_default(),
        notes: device.notes.as_ref().map(|notes| SmolStr::new(notes.as_str())).unwrap_or_default(),
        assigned,
        provisioned: device.provisioned.unwrap_or(assigned),
        online: device.online.unwrap_or(assigned),
        ..plain
    }
}
