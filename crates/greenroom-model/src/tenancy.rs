//! Workspaces: MSPs, their tenants, and those that stand alone.

use jiff::Timestamp;

use crate::{
    host::Cluster,
    id::WorkspaceId,
    world::{UserIx, WorkspaceIx},
};

/// Who owns the devices of a tenant (`glp.md §5`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// The MSP: it sees them in its own inventory too.
    Msp,
    /// The customer.
    Customer,
}

impl Ownership {
    /// `inventoryOwnership` of msp-tenants.
    pub fn inventory(self) -> &'static str {
        match self {
            Self::Msp => "MSP_OWNED_INVENTORY",
            Self::Customer => "CUSTOMER_OWNED_INVENTORY",
        }
    }

    /// The ownership that `inventoryOwnership` names.
    pub fn of_inventory(name: &str) -> Option<Self> {
        [Self::Msp, Self::Customer].into_iter().find(|ownership| ownership.inventory() == name)
    }

    /// `deviceOwnership` of list-tenants.
    pub fn device(self) -> &'static str {
        match self {
            Self::Msp => "MSP",
            Self::Customer => "TENANT",
        }
    }
}

/// What a workspace is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkspaceKind {
    /// Stands alone.
    Standard,
    /// Manages tenants.
    Msp,
    /// Is managed by an MSP.
    Tenant {
        /// The MSP.
        msp: WorkspaceIx,
        /// Who owns its devices.
        ownership: Ownership,
    },
}

impl WorkspaceKind {
    /// `workspaceType` (`glp.md §5`).
    pub fn name(self) -> &'static str {
        match self {
            Self::Standard => "STANDARD_ENTERPRISE",
            Self::Msp => "MSP",
            Self::Tenant { .. } => "MSP_TENANT",
        }
    }
}

/// Where a workspace lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Platform {
    /// HPE's cloud.
    Cloud,
    /// A Dedicated Platform under its own host (seed 004).
    Dedicated {
        /// Its host.
        host: String,
    },
}

/// Where a workspace's company is, in the members of `contact` (`glp.md §5`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// `streetAddress`.
    pub street: Option<String>,
    /// `streetAddressComplement`, at most 60 characters.
    pub complement: Option<String>,
    /// `city`, at most 40 characters.
    pub city: Option<String>,
    /// `stateOrRegion`, at most 220 characters.
    pub state: Option<String>,
    /// `zip`, at most 10 characters.
    pub zip: Option<String>,
    /// `countryCode`: ISO 3166 alpha-2.
    pub country: Option<String>,
}

/// How to reach whoever runs a workspace (`glp.md §5`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// `address`.
    pub address: Address,
    /// `phoneNumber`.
    pub phone: Option<String>,
    /// `email`.
    pub email: Option<String>,
}

/// A workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    /// Its GLP id.
    pub id: WorkspaceId,
    /// Its name in histories and commands; tenant tokens are called by it: `abc#1`.
    pub symbol: String,
    /// `workspaceName`.
    pub name: String,
    /// What it is.
    pub kind: WorkspaceKind,
    /// Where it lives.
    pub platform: Platform,
    /// The one Central cluster it lives on; `None` for any.
    pub cluster: Option<Cluster>,
    /// The id of its Central application customer: `tenantId` of list-tenants, never the GLP id
    /// (`central.md §2`).
    pub central_customer: String,
    /// Who made it.
    pub created_by: UserIx,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// `generation`: 1, and one more with each change.
    pub generation: u32,
    /// How to reach whoever runs it.
    pub contact: Contact,
    /// `description` of a tenant.
    pub description: Option<String>,
    /// Deleted: nobody finds it any more, and it keeps its number.
    pub gone: bool,
}
