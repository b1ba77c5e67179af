//! Words of which there are only so many.

use std::{borrow::Cow, str::FromStr};

use serde_json::{Value, json};

use super::{
    form::{Complaint, Word},
    words::NotThis,
};
use crate::{
    access::Service,
    fleet::DeviceType,
    host::{CLUSTERS, Cluster},
    role::{Permission, Resource},
    tenancy::Ownership,
    token::TokenKind,
};

/// The regions of service managers (`glp.md §7.3`).
pub const REGIONS: [&str; 18] = [
    "ap-ausnz",
    "ap-east",
    "ap-northeast",
    "ap-south",
    "ap-southeast",
    "ca-central",
    "ca-east",
    "cn-east",
    "cn-north",
    "eu-central",
    "eu-north",
    "eu-west",
    "mea",
    "sa-east",
    "us-central",
    "us-east",
    "us-gov",
    "us-west",
];

/// One of [`REGIONS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region(&'static str);

impl Region {
    /// Its name.
    pub fn name(self) -> &'static str {
        self.0
    }
}

impl FromStr for Region {
    type Err = NotThis;

    fn from_str(text: &str) -> Result<Self, NotThis> {
        Self::of(text).map_err(NotThis::from)
    }
}

impl Word for Region {
    fn of(text: &str) -> Result<Self, Complaint> {
        let known = REGIONS.into_iter().find(|known| *known == text);
        known.map(Self).ok_or_else(|| Complaint::unknown("region", text, &REGIONS))
    }

    fn text(&self) -> Cow<'_, str> {
        self.0.into()
    }

    fn schema() -> Value {
        json!({"enum": REGIONS})
    }
}

/// Where in New Central a workspace lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Home {
    /// On every cluster.
    Any,
    /// On one.
    On(Cluster),
}

impl Word for Home {
    fn of(text: &str) -> Result<Self, Complaint> {
        if text == "any" {
            return Ok(Self::Any);
        }
        let own_host = || Cluster::of_host(text).filter(|cluster| cluster.host() == text);
        Cluster::named(text).or_else(own_host).map(Self::On).ok_or_else(|| {
            let names: Vec<_> = ["any"].into_iter().chain(CLUSTERS.map(|(name, _)| name)).collect();
            Complaint::unknown("cluster", text, &names)
        })
    }

    fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Any => "any".into(),
            Self::On(cluster) => cluster.name().into(),
        }
    }

    fn schema() -> Value {
        let names: Vec<_> = ["any"].into_iter().chain(CLUSTERS.map(|(name, _)| name)).collect();
        let hosts = r"^[a-z0-9.-]+\.central\.arubanetworks\.com(\.cn)?$";
        json!({"anyOf": [{"enum": names}, {"type": "string", "pattern": hosts}]})
    }
}

/// What a workspace that is no tenant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkspaceType {
    /// Stands alone.
    Standard,
    /// Manages tenants.
    Msp,
}

macro_rules! choices {
    ($($type:ty: $what:literal { $($value:path = $name:expr),+ $(,)? })+) => {$(
        impl Word for $type {
            fn of(text: &str) -> Result<Self, Complaint> {
                $(if text == $name { return Ok($value); })+
                Err(Complaint::unknown($what, text, &[$($name),+]))
            }

            fn text(&self) -> Cow<'_, str> {
                match self { $($value => $name.into()),+ }
            }

            fn schema() -> Value {
                json!({"enum": [$($name),+]})
            }
        }
    )+};
}

choices! {
    WorkspaceType: "type of workspace" {
        WorkspaceType::Msp = "MSP", WorkspaceType::Standard = "STANDARD_ENTERPRISE",
    }
    Ownership: "ownership" {
        Ownership::Msp = Ownership::Msp.inventory(), Ownership::Customer = Ownership::Customer.inventory(),
    }
    DeviceType: "type of device" {
        DeviceType::AccessPoint = "AP", DeviceType::Switch = "SWITCH", DeviceType::Gateway = "GATEWAY",
        DeviceType::Compute = "COMPUTE", DeviceType::Storage = "STORAGE",
    }
    Service: "service" {
        Service::Platform = "platform", Service::Central = "central", Service::DataServices = "data_services",
    }
    TokenKind: "kind of token" {
        TokenKind::Sso = TokenKind::Sso.name(), TokenKind::Workspace = TokenKind::Workspace.name(),
        TokenKind::Tenant = TokenKind::Tenant.name(),
    }
    Permission: "permission" {
        Permission::View = Permission::View.name(), Permission::Edit = Permission::Edit.name(),
        Permission::Delete = Permission::Delete.name(),
    }
}

impl Word for Resource {
    fn of(text: &str) -> Result<Self, Complaint> {
        let known = Self::ALL.into_iter().find(|resource| resource.name() == text);
        known.ok_or_else(|| Complaint::unknown("resource", text, &Self::ALL.map(Self::name)))
    }

    fn text(&self) -> Cow<'_, str> {
        self.name().into()
    }

    fn schema() -> Value {
        json!({"enum": Self::ALL.map(Self::name)})
    }
}
