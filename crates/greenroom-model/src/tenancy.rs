//! Workspaces: MSPs, their tenants, and those that stand alone.

use std::sync::Arc;

use jiff::Timestamp;
use rpds::VectorSync;

use crate::{
    host::Cluster,
    id::WorkspaceId,
    user::User,
    world::{UserIx, WorkspaceIx},
};

/// How many workspaces a world can ever hold: sixteen bits of a device's number say whose it is. Deleted
/// ones count, because they keep their numbers.
pub const MOST_WORKSPACES: u32 = 60_000;

/// The countries of an address: all of ISO 3166-1 alpha-2 (`glp.md §5`).
pub const COUNTRIES: &str = "\
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS \
    BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE \
    EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM \
    HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC \
    LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA \
    NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW \
    SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO \
    TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

/// The longest e-mail address, as SMTP has it (RFC 5321 §4.5.3.1).
pub(crate) const LONGEST_EMAIL: usize = 254;

/// One `@`, something before it, and a host of two labels or more behind it.
pub fn is_email(text: &str) -> bool {
    let host = |host: &str| host.contains('.') && host.split('.').all(|label| !label.is_empty());
    text.split_once('@').is_some_and(|(user, rest)| !user.is_empty() && !rest.contains('@') && host(rest))
        && text.chars().count() <= LONGEST_EMAIL
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// Whether a code is one of [`COUNTRIES`].
pub(crate) fn is_country(code: &str) -> bool {
    COUNTRIES.split(' ').any(|known| known == code)
}

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

impl Workspace {
    /// Who owns the devices of a tenant; `None` of what is no tenant.
    pub fn ownership(&self) -> Option<Ownership> {
        match self.kind {
            WorkspaceKind::Tenant { ownership, .. } => Some(ownership),
            WorkspaceKind::Standard | WorkspaceKind::Msp => None,
        }
    }
}

/// The tenants of an MSP as they were at one moment. It costs little to make, and lists are read from it
/// while the world goes on.
#[derive(Clone, Debug)]
pub struct Tenants {
    places: Arc<[WorkspaceIx]>,
    workspaces: VectorSync<Workspace>,
    users: VectorSync<User>,
}

impl Tenants {
    pub(crate) fn new(
        places: Arc<[WorkspaceIx]>,
        workspaces: VectorSync<Workspace>,
        users: VectorSync<User>,
    ) -> Self {
        Self { places, workspaces, users }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.places.len()
    }

    /// Each of them, in order of creation.
    pub fn iter(&self) -> impl Iterator<Item = (WorkspaceIx, &Workspace, Ownership)> {
        self.places.iter().filter_map(|ix| {
            let tenant = &self.workspaces[ix.0];
            Some((*ix, tenant, tenant.ownership()?))
        })
    }

    /// The e-mail address of who made one.
    pub fn creator(&self, tenant: &Workspace) -> &str {
        &self.users[tenant.created_by.0].email
    }
}
