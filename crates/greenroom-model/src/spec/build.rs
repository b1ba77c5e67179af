//! From a world file to the world it describes: what the file does not say follows from the seed.

use std::{collections::HashSet, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use smol_str::SmolStr;

use super::{
    Base, Client, Contents, Device, DeviceMix, Devices, Home, Managed, Provision as ProvisionForm, Spec,
    Title, WorkspaceType,
    rows::{Row, RowKind, creation, places, rows},
};
use crate::{
    access::Service,
    catalog::{Provision, ProvisionStatus},
    credential::{ApiClient, ClientSecret},
    fleet::{Fleet, FleetError, Listed, Mix, Share},
    id::{Seed, WorkspaceId},
    role::ADMINISTRATOR,
    sample::{DEFAULT_SEED, REGION},
    secret::Secret,
    tenancy::{Address, Contact, Ownership, Platform, Workspace, WorkspaceKind},
    user::Membership,
    world::{UserIx, WorkspaceIx, World},
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
            lifetimes.classic = lives.classic.unwrap_or(lifetimes.classic);
            lifetimes.refresh = lives.refresh.unwrap_or(lifetimes.refresh);
            lifetimes.code = lives.code.unwrap_or(lifetimes.code);
            lifetimes.sign_in = lives.sign_in.unwrap_or(lifetimes.sign_in);
        }
        let roles = basics.roles.iter().flatten();
        world.roles.extend(roles.map(|(name, role)| (name.as_str().to_owned(), role.clone())));
        for user in basics.users.iter().flatten() {
            let role = user.role.as_ref().map_or(ADMINISTRATOR, Title::as_str);
            let ix = world.add_user(user.email.as_str());
            let known = &mut world.users[ix.0];
            role.clone_into(&mut known.role);
            if let Some(principal) = &user.principal {
                principal.as_str().clone_into(&mut known.principal);
            }
            if let Some(context) = &user.context {
                context.as_str().clone_into(&mut known.context);
            }
            let name = |name: &Option<Title>| name.as_ref().map(|name| name.as_str().to_owned());
            (known.first_name, known.last_name) = (name(&user.first_name), name(&user.last_name));
            known.status = user.status.unwrap_or(known.status);
            known.language = user.language.unwrap_or(known.language);
            known.idle_timeout = user.idle_timeout.unwrap_or(known.idle_timeout);
            known.created_at = user.created_at.unwrap_or(known.created_at);
            known.updated_at = user.updated_at.unwrap_or(known.created_at);
            known.last_login = user.last_login;
            known.generation = user.generation.unwrap_or(known.generation);
            known.password = match (&user.password, user.password_sha256) {
                (Some(password), _) => ClientSecret::Value(password.clone()),
                (None, Some(digest)) => ClientSecret::Digest(digest),
                (None, None) => ClientSecret::None,
            };
        }
        let mut fleet = Fleet::new(seed, world.born);
        let rows = rows(spec);
        let mut homes = vec![WorkspaceIx(0); rows.len()];
        for at in creation(&rows) {
            // Its MSP was made before it.
            let msp = rows[at].msp.map(|msp| homes[msp]);
            homes[at] = world.settle_in(&rows[at], msp);
            fleet.plant(homes[at], share(rows[at].contents()))?;
        }
        world.fleet = Arc::new(fleet);
        // Clients and provisions come in the order of the file, whatever the order of their workspaces.
        let mut clients = Vec::new();
        for (row, &home) in rows.iter().zip(&homes) {
            world.provide(home, row.contents());
            clients.extend(world.employ(home, row));
        }
        let numbers = places(clients.iter().map(|(number, _)| *number));
        let mut order: Vec<_> = clients.into_iter().zip(numbers).collect();
        order.sort_by_key(|(_, number)| *number);
        for ((_, client), _) in order {
            world.add_client(client);
        }
        world.subscribe(spec, &rows, &homes);
        world.seat_users(basics.users.as_deref().unwrap_or_default());
        if let Some(state) = &spec.state {
            world.resume(state);
        }
        world.change_devices(&rows, &homes)?;
        Ok(world)
    }

    /// Puts users into the workspaces that the file names, and the others into those they made and those they
    /// made clients in.
    fn seat_users(&mut self, users: &[super::User]) {
        let ix = |world: &Self, user: &super::User| world.user_named(user.email.as_str());
        let said = users.iter().filter(|user| user.workspaces.is_some());
        let said: HashSet<_> = said.filter_map(|user| ix(self, user)).collect();
        let made = self.workspaces().filter(|(_, workspace)| workspace.ownership().is_none());
        let made = made.map(|(home, workspace)| (home, workspace.created_by));
        let employed = self.clients().filter(|(_, client)| !client.for_tenant);
        let employed = employed.map(|(_, client)| (client.workspace, client.owner));
        let follows: Vec<_> = made.chain(employed).filter(|(_, user)| !said.contains(user)).collect();
        let named = users.iter().flat_map(|user| {
            let homes = user.workspaces.iter().flatten();
            homes.filter_map(|home| Some((self.workspace_named(home.as_str())?, ix(self, user)?)))
        });
        for (home, user) in follows.into_iter().chain(named.collect::<Vec<_>>()) {
            if !self.workspace(home).gone {
                self.set_membership(home, user, Membership::Present);
            }
        }
    }

    /// Makes the workspace of a row.
    pub(super) fn settle_in(&mut self, row: &Row<'_>, msp: Option<WorkspaceIx>) -> WorkspaceIx {
        let (seed, base, symbol) = (self.seed, row.base(), row.base().symbol.as_str());
        let kind = match (&row.kind, msp) {
            (_, Some(msp)) => {
                WorkspaceKind::Tenant { msp, ownership: row.ownership().unwrap_or(Ownership::Msp) }
            }
            (RowKind::Own(own), None) if own.kind() == WorkspaceType::Msp => WorkspaceKind::Msp,
            _ => WorkspaceKind::Standard,
        };
        let created_by = match (&base.owner, msp) {
            (Some(owner), _) => self.user_or_new(owner.as_str()),
            (None, Some(msp)) => self.workspace(msp).created_by,
            (None, None) => self.user_or_new(&made_up_owner(symbol)),
        };
        let (inherited_platform, inherited_cluster) = match msp.map(|msp| self.workspace(msp)) {
            Some(msp) => (msp.platform.clone(), msp.cluster.clone()),
            None => (Platform::Cloud, None),
        };
        let created_at = base.created_at.unwrap_or_else(|| {
            let hours = SignedDuration::from_hours(self.workspaces.len() as i64);
            self.born.saturating_add(hours).unwrap_or(self.born)
        });
        let text = |title: &Title| title.as_str().to_owned();
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

    fn user_or_new(&mut self, email: &str) -> UserIx {
        self.user_named(email).unwrap_or_else(|| self.add_user(email))
    }

    /// Provisions the service managers of a workspace: Central, if nothing is said.
    pub(super) fn provide(&mut self, home: WorkspaceIx, contents: &Contents) {
        let central = [ProvisionForm::new(Managed(Service::Central))];
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
                service_manager: Self::service_manager(form.service_manager.0),
                region: form.region.map_or(REGION, super::Region::name),
                created_by,
                created_at: form.created_at.unwrap_or(self.born),
                updated_at: form.updated_at.or(form.created_at).unwrap_or(self.born),
                status: form.status.unwrap_or(ProvisionStatus::Provisioned),
                generation: form.generation.unwrap_or(1),
            });
        }
    }

    /// The API clients of a workspace with their numbers, if the file gives them.
    fn employ(&mut self, home: WorkspaceIx, row: &Row<'_>) -> Vec<(Option<u32>, ApiClient)> {
        let symbol = row.base().symbol.as_str();
        match (&row.contents().clients, &row.kind) {
            (Some(clients), _) => {
                clients.iter().map(|form| (form.number, self.client_of(home, form))).collect()
            }
            (None, RowKind::Own(_)) => {
                let made = |(name, service)| (None, self.default_client(home, name, service));
                default_clients(symbol).map(made).into()
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
}

/// The clients of a workspace of which nothing is said.
pub(super) fn default_clients(symbol: &str) -> [(String, Service); 2] {
    [(symbol.to_owned(), Service::Platform), (format!("{symbol}-central"), Service::Central)]
}

/// The user who made a workspace of which nothing is said.
pub(super) fn made_up_owner(symbol: &str) -> String {
    let symbol = symbol.to_ascii_lowercase();
    let labels: Vec<_> = symbol.split('.').filter(|label| !label.is_empty()).collect();
    format!("admin@{}.example.com", labels.join("."))
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
    said_contact(contact)
}

/// How to reach a workspace, by what the file says.
pub(super) fn said_contact(contact: &super::Contact) -> Contact {
    let title = |title: &Option<Title>| title.as_ref().map(|title| title.as_str().to_owned());
    let address = contact.address.as_ref().map(|address| Address {
        street: title(&address.street),
        complement: address.complement.as_ref().map(|text| text.as_str().to_owned()),
        city: address.city.as_ref().map(|text| text.as_str().to_owned()),
        state: address.state.as_ref().map(|text| text.as_str().to_owned()),
        zip: address.zip.as_ref().map(|text| text.as_str().to_owned()),
        country: address.country.as_ref().map(|text| text.as_str().to_owned()),
    });
    Contact {
        address: address.unwrap_or_default(),
        phone: title(&contact.phone),
        email: contact.email.as_ref().map(|email| email.as_str().to_owned()),
    }
}

pub(super) fn tags(tags: &super::Tags) -> crate::fleet::Tags {
    tags.iter().map(|(key, value)| (SmolStr::new(key.as_str()), SmolStr::new(value.as_str()))).collect()
}

/// What a workspace is given of the fleet.
fn share(contents: &Contents) -> Share {
    let none = Devices::new(DeviceMix::new());
    let devices = contents.devices.as_ref().unwrap_or(&none);
    Share {
        mix: mix(&devices.mix),
        listed: devices.listed.iter().flat_map(|rows| &rows.0).map(listed).collect(),
        gone: gone(devices),
        sites: contents
            .sites
            .as_ref()
            .map(|sites| sites.iter().map(|it| SmolStr::new(it.as_str())).collect()),
    }
}

/// What a workspace lets generate.
pub(crate) fn mix(mix: &DeviceMix) -> Mix {
    let count = |count: Option<super::DeviceCount>| count.map_or(0, super::DeviceCount::get);
    Mix {
        network: count(mix.network),
        compute: count(mix.compute),
        storage: count(mix.storage),
        unassigned: count(mix.unassigned),
    }
}

/// Which generated devices were removed, of those that there are.
pub(super) fn gone(devices: &Devices) -> Vec<u32> {
    let generated = mix(&devices.mix).total();
    devices.gone.iter().flatten().copied().take_while(|index| *index < generated).collect()
}

pub(crate) fn listed(device: &Device) -> Listed {
    if device.gone == Some(true) {
        return Listed::gone(device.kind, SmolStr::new(device.serial.as_str()));
    }
    let assigned = device.assigned.unwrap_or_else(|| device.kind.is_network());
    let provisioned = device.provisioned.unwrap_or(assigned);
    Listed {
        kind: device.kind,
        id: device.id,
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
        provisioned,
        online: device.online.unwrap_or(provisioned),
        created_at: device.created_at,
        gone: false,
    }
}
