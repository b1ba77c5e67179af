//! The service catalog: which service managers there are and where, and their life in a workspace.
//!
//! To provision one takes as long as dialect `async_pace` says, and so does taking it away (`glp.md §7.3`).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::{
    access::Service,
    async_operation::{Accepted, Outcome, Task},
    audit::{Author, Category, Effect},
    refusal::{Conflict, Refusal},
    spec::{REGIONS, Region},
    tenancy::WorkspaceKind,
    world::{Session, UserIx, WorkspaceIx, World},
};

/// A service manager that can be provisioned (`glp.md §7.3`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceManager {
    /// What it is.
    pub service: Service,
    /// Its name.
    pub name: &'static str,
    /// What is said about it.
    pub description: &'static str,
    /// Whether an MSP workspace can have it.
    pub msp: bool,
    /// The regions where it is.
    pub regions: &'static [&'static str],
}

/// All service managers. The name of Central is that of HPE's samples; which is in which region, and which an
/// MSP can have, is a rule of Greenroom's own.
pub static SERVICE_MANAGERS: [ServiceManager; 3] = [
    ServiceManager {
        service: Service::Central,
        name: "Aruba Central",
        description: "Manage your wired, wireless, and WAN infrastructure",
        msp: true,
        regions: &REGIONS,
    },
    ServiceManager {
        service: Service::DataServices,
        name: "Data Services",
        description: "Manage your storage and data infrastructure",
        msp: false,
        regions: &["ap-northeast", "eu-central", "us-west"],
    },
    ServiceManager {
        service: Service::Platform,
        name: "HPE GreenLake Platform",
        description: "Manage your workspace, users, devices and subscriptions",
        msp: true,
        regions: &["us-west"],
    },
];

impl ServiceManager {
    /// Its id.
    pub fn id(&self) -> Uuid {
        World::service_manager(self.service)
    }

    /// The one of that id.
    pub fn of_id(id: Uuid) -> Option<&'static Self> {
        SERVICE_MANAGERS.iter().find(|manager| manager.id() == id)
    }

    /// Those of a region.
    pub fn of_region(region: Region) -> impl Iterator<Item = &'static Self> {
        SERVICE_MANAGERS.iter().filter(move |manager| manager.regions.contains(&region.name()))
    }
}

/// `regionName`. US West is that of HPE's samples, by which the others are made.
pub fn region_name(region: Region) -> &'static str {
    match region.name() {
        "ap-ausnz" => "AP AUS NZ",
        "ap-east" => "AP East",
        "ap-northeast" => "AP Northeast",
        "ap-south" => "AP South",
        "ap-southeast" => "AP Southeast",
        "ca-central" => "CA Central",
        "ca-east" => "CA East",
        "cn-east" => "CN East",
        "cn-north" => "CN North",
        "eu-central" => "EU Central",
        "eu-north" => "EU North",
        "eu-west" => "EU West",
        "mea" => "MEA",
        "sa-east" => "SA East",
        "us-central" => "US Central",
        "us-east" => "US East",
        "us-gov" => "US Gov",
        _ => "US West",
    }
}

/// `provisionStatus` (`glp.md §7.3`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProvisionStatus {
    /// It is being provisioned.
    ProvisionInitiated,
    /// It is there.
    Provisioned,
    /// It could not be provisioned.
    ProvisionFailed,
    /// It is being taken away.
    UnprovisionInitiated,
    /// It was taken away, and can be provisioned again.
    Unprovisioned,
    /// It could not be taken away, and is still there.
    UnprovisionFailed,
}

impl ProvisionStatus {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::ProvisionInitiated,
        Self::Provisioned,
        Self::ProvisionFailed,
        Self::UnprovisionInitiated,
        Self::Unprovisioned,
        Self::UnprovisionFailed,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::ProvisionInitiated => "PROVISION_INITIATED",
            Self::Provisioned => "PROVISIONED",
            Self::ProvisionFailed => "PROVISION_FAILED",
            Self::UnprovisionInitiated => "UNPROVISION_INITIATED",
            Self::Unprovisioned => "UNPROVISIONED",
            Self::UnprovisionFailed => "UNPROVISION_FAILED",
        }
    }

    /// `reason`: why something failed.
    pub fn reason(self) -> Option<&'static str> {
        match self {
            Self::ProvisionFailed | Self::UnprovisionFailed => Some("The operation took too long."),
            _ => None,
        }
    }

    /// Whether it will be another without anybody doing anything.
    fn is_under_way(self) -> bool {
        matches!(self, Self::ProvisionInitiated | Self::UnprovisionInitiated)
    }

    /// Whether the service can be used.
    pub fn is_usable(self) -> bool {
        matches!(self, Self::Provisioned | Self::UnprovisionFailed)
    }
}

/// A service manager in a workspace and region (`glp.md §7.3`).
#[derive(Clone, Debug)]
pub struct Provision {
    /// 32 hex digits on the wire.
    pub id: Uuid,
    /// The workspace.
    pub workspace: WorkspaceIx,
    /// The service manager.
    pub service_manager: Uuid,
    /// The region.
    pub region: &'static str,
    /// How it stands.
    pub status: ProvisionStatus,
    /// Who provisioned it.
    pub created_by: UserIx,
    /// When.
    pub created_at: Timestamp,
    /// When its status last changed.
    pub updated_at: Timestamp,
    /// How often it was provisioned or taken away.
    pub generation: u32,
}

/// What becomes of a provision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provisioning {
    /// Its id.
    pub id: Uuid,
    /// Of which of its generations this is: what came after it counts.
    pub generation: u32,
}

impl World {
    /// The provisions of a workspace.
    pub fn provisions(&self, of: WorkspaceIx) -> impl Iterator<Item = &Provision> {
        self.provisions.iter().filter(move |provision| provision.workspace == of)
    }

    /// The provision of that id, if the workspace of a session has it.
    pub fn own_provision(&self, session: &Session, id: Uuid) -> Option<&Provision> {
        self.provisions(session.workspace).find(|provision| provision.id == id)
    }

    /// Somebody asks how the provisions of the workspace do: all, or the one of that id. By some paces that
    /// ends what was under way.
    pub fn poll_provisions(&mut self, session: &Session, only: Option<Uuid>, now: Timestamp) {
        let asked = self.provisions(session.workspace).filter(|it| only.is_none_or(|only| it.id == only));
        let under_way = asked.filter(|it| it.status.is_under_way());
        let under_way: Vec<Uuid> =
            under_way.filter_map(|it| self.operations().provisioning(it.id, it.generation)).collect();
        for operation in under_way {
            self.poll(session, Accepted::ServiceCatalog, operation, now);
        }
    }

    /// Begins to provision a service manager in the workspace of a session. One that was taken away comes back
    /// under the id that it had.
    pub fn provision(
        &mut self,
        session: &Session,
        service_manager: Uuid,
        region: &str,
        now: Timestamp,
    ) -> Result<Uuid, Refusal> {
        let Session { workspace, user, .. } = *session;
        let msp = self.workspace(workspace).kind == WorkspaceKind::Msp;
        let manager = ServiceManager::of_id(service_manager).filter(|manager| manager.msp || !msp);
        let known = manager.and_then(|manager| manager.regions.iter().find(|known| **known == region));
        let Some(known) = known else {
            let message = format!(
                "Unable to provision service-manager for given service-manager-id: {service_manager} in region: \
                 {region}."
            );
            return Err(Refusal::Body { member: "region".to_owned(), message });
        };
        let region = *known;
        let here = |it: &Provision| {
            (it.workspace, it.service_manager, it.region) == (workspace, service_manager, region)
        };
        let before = self.provisions.iter().position(here);
        let at = match before.map(|at| (at, self.provisions[at].status)) {
            Some((at, ProvisionStatus::Unprovisioned | ProvisionStatus::ProvisionFailed)) => at,
            Some(_) => return Err(Conflict::AlreadyProvisioned.into()),
            None => self.provisions.len(),
        };
        let generation = before.map_or(1, |at| self.provisions[at].generation.saturating_add(1));
        let name = format!("{} {region}", service_manager.simple());
        let id = match before {
            Some(at) => self.provisions[at].id,
            None => self.seed.uuid("service-provision", &name, workspace.0 as u64),
        };
        let began = Provision {
            id,
            workspace,
            service_manager,
            region,
            status: ProvisionStatus::ProvisionInitiated,
            created_by: user,
            created_at: now,
            updated_at: now,
            generation,
        };
        self.begin(session, at, began, now)?;
        Ok(id)
    }

    /// Begins to take a provision of the session's workspace away. Whether there is one to be taken away;
    /// whoever asks for what is under way already gets the same answer.
    pub fn unprovision(&mut self, session: &Session, id: Uuid, now: Timestamp) -> Result<bool, Refusal> {
        let own = |it: &Provision| it.id == id && it.workspace == session.workspace;
        let Some(at) = self.provisions.iter().position(own) else { return Ok(false) };
        let before = self.provisions[at].clone();
        match before.status {
            ProvisionStatus::UnprovisionInitiated => return Ok(true),
            ProvisionStatus::Unprovisioned => return Ok(false),
            _ => {}
        }
        if self.fleet.is_served(before.workspace, before.service_manager, before.region) {
            return Err(Conflict::ProvisionHasDevices.into());
        }
        let status = ProvisionStatus::UnprovisionInitiated;
        let generation = before.generation.saturating_add(1);
        self.begin(session, at, Provision { status, generation, updated_at: now, ..before }, now)?;
        Ok(true)
    }

    /// Puts a provision at its place, with the operation that goes on with it.
    fn begin(
        &mut self,
        session: &Session,
        at: usize,
        began: Provision,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let order = Provisioning { id: began.id, generation: began.generation };
        let before = match self.provisions.get_mut(at) {
            Some(place) => Some(std::mem::replace(place, began)),
            None => {
                self.provisions.push(began);
                None
            }
        };
        if let Err(full) = self.accept(session, Task::Provision(order), now) {
            match before {
                Some(before) => self.provisions[at] = before,
                None => _ = self.provisions.pop(),
            }
            return Err(full);
        }
        Ok(())
    }

    /// A provision is there, or gone; or it took too long.
    pub(crate) fn end_provisioning(
        &mut self,
        order: Provisioning,
        actor: Author,
        in_time: bool,
        at: Timestamp,
    ) -> Outcome {
        let found = self.provisions.iter().position(|it| it.id == order.id);
        let found = found.filter(|it| self.provisions[*it].generation == order.generation);
        if let Some(ix) = found {
            let it = &self.provisions[ix];
            let still = self.fleet.is_served(it.workspace, it.service_manager, it.region);
            let (status, did) = match (it.status, in_time) {
                (ProvisionStatus::UnprovisionInitiated, true) if !still => {
                    (ProvisionStatus::Unprovisioned, "unprovisioned")
                }
                (ProvisionStatus::UnprovisionInitiated, _) => {
                    (ProvisionStatus::UnprovisionFailed, "could not be unprovisioned")
                }
                (_, true) => (ProvisionStatus::Provisioned, "provisioned"),
                (_, false) => (ProvisionStatus::ProvisionFailed, "could not be provisioned"),
            };
            let name = ServiceManager::of_id(it.service_manager).map_or("A service", |manager| manager.name);
            let description = format!("{name} {did} in {}.", it.region);
            let place = &mut self.provisions[ix];
            (place.status, place.updated_at) = (status, at);
            self.tell(actor, Effect::new(Category::Service, description), at);
        }
        Outcome { succeeded: in_time, progress: 100, result: json!({}), result_type: String::new() }
    }
}
