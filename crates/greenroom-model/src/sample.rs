//! The built-in world: one MSP with six tenants, one workspace that stands alone, one on a
//! Dedicated Platform. Ids and secrets derive from the seed, so documentation can print them.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::{
    access::Service,
    credential::{ApiClient, ClientSecret},
    fleet::{Fleet, Mix},
    id::{Seed, WorkspaceId},
    secret::Secret,
    tenancy::{Address, Contact, Ownership, Platform, Workspace, WorkspaceKind},
    world::{Provision, UserIx, WorkspaceIx, World},
};

/// The seed of the sample world unless told otherwise.
pub const DEFAULT_SEED: Seed = Seed(1);

/// The host of the sample's Dedicated Platform.
pub const DEDICATED_HOST: &str = "dedicated.example.com";

/// The region in which the sample's service managers are provisioned.
pub const REGION: &str = "us-west";

/// When everything in the sample world was made: 2025-09-17T13:06:59.001Z.
fn born() -> Timestamp {
    Timestamp::from_millisecond(1_758_114_419_001).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Symbol, name, ownership and devices of the six tenants.
const TENANTS: [(&str, &str, Ownership, Mix); 6] = [
    ("example", "Example Tenant Name", Ownership::Msp, mix(40, 6, 3, 4)),
    ("abc", "Tenant ABC", Ownership::Msp, mix(1200, 10, 5, 5)),
    ("customer", "Customer-Owned Ltd", Ownership::Customer, mix(30, 4, 2, 2)),
    ("oneil", "O'Neil & Sons", Ownership::Msp, mix(25, 2, 1, 2)),
    ("zurich", "Käserei Zürich 東京", Ownership::Customer, mix(20, 2, 1, 1)),
    ("empty", "Tenant Without Devices", Ownership::Msp, mix(0, 0, 0, 0)),
];

const fn mix(network: u32, compute: u32, storage: u32, unassigned: u32) -> Mix {
    Mix { network, compute, storage, unassigned }
}

impl World {
    /// The sample world of `seed`.
    pub fn sample(seed: Seed) -> Self {
        let mut builder = Builder { world: Self::empty(seed, born()), fleet: Fleet::new(seed, born()) };
        let msp_admin = builder.world.add_user("msp.admin@example.com");
        let msp = builder.workspace("msp", "Example MSP", WorkspaceKind::Msp, Platform::Cloud, msp_admin);
        builder.client("msp", Service::Platform, msp, msp_admin);
        builder.client("msp-central", Service::Central, msp, msp_admin);
        builder.provision(msp, msp_admin);
        builder.plant(msp, mix(15, 3, 2, 2));
        for (symbol, name, ownership, devices) in TENANTS {
            let kind = WorkspaceKind::Tenant { msp, ownership };
            let tenant = builder.workspace(symbol, name, kind, Platform::Cloud, msp_admin);
            builder.provision(tenant, msp_admin);
            builder.plant(tenant, devices);
        }
        let admin = builder.world.add_user("ops.user@example.com");
        let standard =
            builder.workspace("standard", "Example Company", WorkspaceKind::Standard, Platform::Cloud, admin);
        builder.client("standard", Service::Platform, standard, admin);
        builder.client("standard-central", Service::Central, standard, admin);
        builder.client("standard-data", Service::DataServices, standard, admin);
        builder.provision(standard, admin);
        builder.plant(standard, mix(60, 12, 6, 6));
        let keeper = builder.world.add_user("dedicated.admin@example.com");
        let platform = Platform::Dedicated { host: DEDICATED_HOST.to_owned() };
        let dedicated =
            builder.workspace("dedicated", "Example Dedicated", WorkspaceKind::Standard, platform, keeper);
        builder.client("dedicated", Service::Platform, dedicated, keeper);
        builder.world.fleet = Arc::new(builder.fleet);
        builder.world
    }
}

struct Builder {
    world: World,
    fleet: Fleet,
}

impl Builder {
    fn workspace(
        &mut self,
        symbol: &str,
        name: &str,
        kind: WorkspaceKind,
        platform: Platform,
        created_by: UserIx,
    ) -> WorkspaceIx {
        let seed = self.world.seed;
        let hours = SignedDuration::from_hours(self.world.workspaces.len() as i64);
        let created_at = born().saturating_add(hours).unwrap_or_else(|_| born());
        let address = Address { country: Some("US".to_owned()), ..Address::default() };
        self.world.add_workspace(Workspace {
            id: WorkspaceId(seed.uuid_v1("workspace", symbol, 0)),
            symbol: symbol.to_owned(),
            name: name.to_owned(),
            kind,
            platform,
            cluster: None,
            central_customer: seed.uuid("central-customer", symbol, 0).simple().to_string(),
            created_by,
            created_at,
            updated_at: created_at,
            generation: 1,
            contact: Contact { address, phone: None, email: Some(self.world.user(created_by).email.clone()) },
            description: None,
            gone: false,
        })
    }

    fn plant(&mut self, workspace: WorkspaceIx, devices: Mix) {
        self.fleet.plant(workspace, devices).expect("a workspace of the sample has few devices");
    }

    fn client(&mut self, name: &str, service: Service, workspace: WorkspaceIx, owner: UserIx) {
        let seed = self.world.seed;
        let secret = Secret::new(seed.uuid_v1("client-secret", name, 0).simple().to_string());
        self.world.add_client(ApiClient {
            id: seed.uuid("client", name, 0).to_string(),
            name: name.to_owned(),
            credential_name: name.to_owned(),
            service,
            workspace,
            owner,
            secret: ClientSecret::Value(secret),
            sample: true,
            application_instance: seed.uuid("application-instance", name, 0).to_string(),
            for_tenant: false,
            provision: None,
            secrets: 1,
            created_at: born(),
            updated_at: born(),
            gone: false,
        });
    }

    fn provision(&mut self, workspace: WorkspaceIx, created_by: UserIx) {
        let symbol = self.world.workspaces[workspace.0].symbol.clone();
        self.world.provisions.push(Provision {
            id: self.world.seed.uuid("provision", &symbol, 0),
            workspace,
            service_manager: World::service_manager(Service::Central),
            region: REGION,
            created_by,
            created_at: born(),
        });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_sample_is_what_the_documentation_promises() {
        let world = World::sample(DEFAULT_SEED);
        let msp = world.workspace_named("msp").unwrap();
        let names: Vec<_> = world.each_tenant(msp).map(|(_, tenant, _)| tenant.name.clone()).collect();
        assert_eq!(names.len(), 6);
        assert_eq!(&names[..2], ["Example Tenant Name", "Tenant ABC"]);
        assert!(names.iter().any(|name| name.contains('\'')));
        assert!(names.iter().any(|name| !name.is_ascii()));
        let abc = world.workspace_named("abc").unwrap();
        assert_eq!(world.fleet().network(abc).count(), 1200);
        assert_eq!(world.fleet().all(world.workspace_named("empty").unwrap()).count(), 0);
        assert!(world.workspaces().all(|(_, workspace)| workspace.cluster.is_none()));
    }

    #[test]
    fn the_two_ids_of_a_tenant_differ_and_all_ids_are_unique() {
        let world = World::sample(DEFAULT_SEED);
        let glp: HashSet<_> = world.workspaces().map(|(_, workspace)| workspace.id.plain()).collect();
        let central: HashSet<_> =
            world.workspaces().map(|(_, workspace)| workspace.central_customer.clone()).collect();
        assert_eq!((glp.len(), central.len()), (world.workspaces().count(), world.workspaces().count()));
        assert!(glp.is_disjoint(&central));
    }

    #[test]
    fn another_seed_is_another_world() {
        let id = |seed| World::sample(Seed(seed)).client(crate::world::ClientIx(0)).id.clone();
        assert_eq!(id(1), id(1));
        assert_ne!(id(1), id(2));
    }
}
