//! The built-in world: one MSP with six tenants, one workspace that stands alone, one on a
//! Dedicated Platform. Ids and secrets derive from the seed, so documentation can print them.

use std::sync::LazyLock;

use crate::{id::Seed, spec::Spec, world::World};

/// The seed of the sample world unless told otherwise.
pub const DEFAULT_SEED: Seed = Seed(1);

/// The host of the sample's Dedicated Platform.
pub const DEDICATED_HOST: &str = "dedicated.example.com";

/// The region in which service managers are provisioned for which no other is given.
pub const REGION: &str = "us-west";

/// The sample world as a file.
pub const FILE: &str = include_str!("sample.yaml");

/// The same, read once.
static SPEC: LazyLock<Spec> =
    LazyLock::new(|| Spec::read(FILE.as_bytes()).expect("the sample is a world file"));

impl World {
    /// The sample world of `seed`.
    pub fn sample(seed: Seed) -> Self {
        let mut spec = SPEC.clone();
        spec.basics.seed = Some(seed.0);
        Self::from_spec(&spec).expect("what is read can be built")
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
        assert_eq!((world.seed, world.dedicated_hosts()), (DEFAULT_SEED, vec![DEDICATED_HOST.to_owned()]));
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
