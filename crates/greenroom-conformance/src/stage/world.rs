//! The worlds of the kit, and what a scenario changes in them.

use greenroom_model::{
    host::{CLUSTERS, Cluster},
    secret::Digest,
    spec::{DeviceCount, DeviceMix, Devices, Spec, TenantCount, Tenants, TokenLife},
    time::Forward,
    token::Life,
    world::World,
};

use super::StageError;
use crate::scenario::{Fixture, Scenario};

/// The cluster that clients are configured with. The workspaces of the kit live there as on every other one.
const CLUSTER: &str = "US-WEST-5";

/// The base URL of New Central that clients are configured with.
pub(super) fn central_url() -> String {
    let host = CLUSTERS.iter().find(|(name, _)| *name == CLUSTER).map_or(CLUSTERS[0].1, |(_, host)| host);
    format!("https://{host}")
}

/// The base URL of Classic Central that clients are configured with: that of the same cluster's gateway.
pub(super) fn classic_url() -> Option<String> {
    Some(format!("https://{}", Cluster::named(CLUSTER)?.gateway()?))
}

/// The text of the world file.
fn file(fixture: Fixture) -> &'static str {
    match fixture {
        Fixture::MspTwoTenants => include_str!("../../../../fixtures/worlds/kit/msp-two-tenants.yaml"),
        Fixture::Standard => include_str!("../../../../fixtures/worlds/kit/standard.yaml"),
        Fixture::Split => include_str!("../../../../fixtures/worlds/kit/split.yaml"),
        Fixture::Dedicated => include_str!("../../../../fixtures/worlds/kit/dedicated.yaml"),
        Fixture::Classic => include_str!("../../../../fixtures/worlds/kit/classic.yaml"),
    }
}

/// The workspace in which the top object of a client acts.
pub(super) fn own(fixture: Fixture) -> &'static str {
    match fixture {
        Fixture::MspTwoTenants => "msp",
        Fixture::Standard | Fixture::Split | Fixture::Classic => "solo",
        Fixture::Dedicated => "dedicated",
    }
}

/// The API client for the platform, and the one for Central, which is the same where there is one for both.
pub(super) fn clients(fixture: Fixture) -> (&'static str, &'static str) {
    match fixture {
        Fixture::MspTwoTenants => ("msp", "msp-central"),
        Fixture::Standard | Fixture::Classic => ("solo", "solo"),
        Fixture::Split => ("solo", "solo-central"),
        Fixture::Dedicated => ("dedicated", "dedicated"),
    }
}

/// The application of Classic Central's gateway, where there is one.
pub(super) fn application(fixture: Fixture) -> Option<&'static str> {
    (fixture == Fixture::Classic).then_some("solo-classic")
}

/// The world of a scenario. It is the same in every run, but for tokens and dates.
pub(super) fn of(scenario: &Scenario) -> Result<World, StageError> {
    let wishes = &scenario.world;
    let mut spec = Spec::read(file(wishes.fixture).as_bytes())?;
    spec.basics.seed = Some(seed(&scenario.name()));
    let life = |key: &str, wish: Option<Forward>| {
        let life = wish.map(|wish| Life::try_from(wish.duration())).transpose();
        life.map_err(|error| StageError::Different(format!("ttl.{key}: {error}")))
    };
    spec.basics.token_life = Some(TokenLife {
        sso: life("sso", wishes.ttl.sso)?,
        workspace: life("msp", wishes.ttl.msp)?,
        tenant: life("tenant", wishes.ttl.tenant)?,
        ..TokenLife::new()
    });
    let mut dialect = spec.basics.dialect.take().unwrap_or_default();
    for (name, value) in &wishes.dialect {
        let set = dialect.set(name, value);
        set.map_err(|error| StageError::Different(format!("dialect.{name}: {error}")))?;
    }
    spec.basics.dialect = Some(dialect);
    for (symbol, count) in &wishes.devices {
        let different = |why: String| StageError::Different(format!("devices.{symbol}: {why}"));
        let number = u32::try_from(*count).ok().and_then(DeviceCount::new);
        let number = number.ok_or_else(|| different(format!("at most {}", DeviceCount::MOST)))?;
        let Some(devices) = devices_of(&mut spec, symbol) else {
            return Err(different("there is no such workspace".to_owned()));
        };
        devices.get_or_insert_with(|| Devices::new(DeviceMix::new())).mix.network = Some(number);
    }
    for (symbol, count) in &wishes.tenants {
        let different = |why: String| StageError::Different(format!("tenants.{symbol}: {why}"));
        let number = u32::try_from(*count).ok().and_then(TenantCount::new);
        let number = number.ok_or_else(|| different(format!("at most {}", TenantCount::MOST)))?;
        let own = spec.workspaces.iter_mut().find(|own| own.base.symbol.as_str() == symbol);
        let own = own.ok_or_else(|| different("there is no such MSP".to_owned()))?;
        own.estate.tenants.get_or_insert_with(Tenants::new).count = Some(number);
    }
    Ok(World::from_spec(&spec)?)
}

/// The devices of the workspace of that symbol.
fn devices_of<'a>(spec: &'a mut Spec, symbol: &str) -> Option<&'a mut Option<Devices>> {
    for workspace in &mut spec.workspaces {
        if workspace.base.symbol.as_str() == symbol {
            return Some(&mut workspace.contents.devices);
        }
        let tenants = workspace.estate.tenants.iter_mut().flat_map(|tenants| &mut tenants.listed).flatten();
        for tenant in tenants {
            if tenant.base.symbol.as_str() == symbol {
                return Some(&mut tenant.contents.devices);
            }
        }
    }
    None
}

/// What everything in the world of a scenario follows from, by the name under which it runs.
fn seed(name: &str) -> u64 {
    let hex = Digest::of(format!("greenroom conformance kit 1\n{name}")).hex();
    // World files hold numbers that JSON can hold.
    u64::from_str_radix(&hex[..12], 16).unwrap_or(1)
}
