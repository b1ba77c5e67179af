//! Words of which there are only so many.

use std::{borrow::Cow, str::FromStr};

use serde_json::{Value, json};

use super::{
    form::{Complaint, Word},
    words::NotThis,
};
use crate::{
    access::Service,
    async_operation::Accepted,
    catalog::ProvisionStatus,
    fleet::DeviceType,
    host::{CLUSTERS, Cluster},
    role::{Permission, Resource},
    tenancy::Ownership,
    token::TokenKind,
    user::{Language, UserStatus},
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
        Service::Classic = "classic",
    }
    Accepted: "service of operations" {
        Accepted::Devices = "devices", Accepted::Subscriptions = "subscriptions",
        Accepted::ServiceCatalog = "service_catalog",
    }
    Permission: "permission" {
        Permission::View = Permission::View.name(), Permission::Edit = Permission::Edit.name(),
        Permission::Delete = Permission::Delete.name(),
    }
}

/// A service that has a service manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Managed(pub Service);

impl Word for Managed {
    fn of(text: &str) -> Result<Self, Complaint> {
        let known = Service::MANAGED.into_iter().find(|known| known.text() == text);
        let names = Service::MANAGED.map(|known| known.text().into_owned());
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        known.map(Self).ok_or_else(|| Complaint::unknown("service manager", text, &names))
    }

    fn text(&self) -> Cow<'_, str> {
        self.0.text().into_owned().into()
    }

    fn schema() -> Value {
        json!({"enum": Service::MANAGED.map(|known| known.text().into_owned())})
    }
}

macro_rules! named {
    ($($type:ty: $what:literal),+ $(,)?) => {$(
        impl Word for $type {
            fn of(text: &str) -> Result<Self, Complaint> {
                let known = Self::ALL.iter().copied().find(|known| known.name() == text);
                let names = || Self::ALL.iter().map(|known| known.name()).collect::<Vec<_>>();
                known.ok_or_else(|| Complaint::unknown($what, text, &names()))
            }

            fn text(&self) -> Cow<'_, str> {
                self.name().into()
            }

            fn schema() -> Value {
                json!({"enum": Self::ALL.iter().map(|known| known.name()).collect::<Vec<_>>()})
            }
        }
    )+};
}

named! {
    UserStatus: "status of a user",
    Language: "language",
    Resource: "resource",
    ProvisionStatus: "status of a provision",
    TokenKind: "kind of token",
}
