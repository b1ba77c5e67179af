//! Roles: which permission on which resource a user has, as data, and the one question they answer.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Deserialize, Serialize};

use crate::nearest;

/// What permissions are about, in HPE's words: `Workspace` and `Platform Customer Account` are named by
/// the permission tables of credentials and workspaces (`glp.md §4`, `§5`), device management by
/// `ccs.device-management` (`glp.md §6`); the other names are ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// API client credentials.
    Workspace,
    /// The workspace itself and the tenants of an MSP.
    PlatformCustomerAccount,
    /// GLP's device inventory.
    DeviceManagement,
    /// The audit log.
    AuditLog,
    /// Users of a workspace.
    UserManagement,
    /// Service managers and their provisions.
    ServiceCatalog,
    /// What New Central shows and lets change.
    NetworkMonitoring,
    /// What data services such as Private Cloud Business Edition show.
    DataServices,
}

impl Resource {
    /// All resources.
    pub const ALL: [Self; 8] = [
        Self::Workspace,
        Self::PlatformCustomerAccount,
        Self::DeviceManagement,
        Self::AuditLog,
        Self::UserManagement,
        Self::ServiceCatalog,
        Self::NetworkMonitoring,
        Self::DataServices,
    ];

    /// `workspace`, `platform_customer_account`, …: the name in world files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Workspace => "workspace",
            Self::PlatformCustomerAccount => "platform_customer_account",
            Self::DeviceManagement => "device_management",
            Self::AuditLog => "audit_log",
            Self::UserManagement => "user_management",
            Self::ServiceCatalog => "service_catalog",
            Self::NetworkMonitoring => "network_monitoring",
            Self::DataServices => "data_services",
        }
    }
}

/// What may be done to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// Read it.
    View,
    /// Create and change it.
    Edit,
    /// Remove it.
    Delete,
}

impl Permission {
    /// All permissions.
    pub const ALL: [Self; 3] = [Self::View, Self::Edit, Self::Delete];

    /// `view`, `edit` or `delete`.
    pub fn name(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Edit => "edit",
            Self::Delete => "delete",
        }
    }
}

/// The permission that an operation wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Need(pub Resource, pub Permission);

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.1.name(), self.0.name())
    }
}

/// What a role grants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Role {
    /// The permissions on each resource. One that is not there grants nothing.
    pub grants: BTreeMap<Resource, BTreeSet<Permission>>,
}

impl Role {
    /// A role with the same permissions on everything.
    pub fn on_everything(permissions: &[Permission]) -> Self {
        let granted: BTreeSet<_> = permissions.iter().copied().collect();
        Self { grants: Resource::ALL.into_iter().map(|resource| (resource, granted.clone())).collect() }
    }

    /// Whether the role grants what an operation needs.
    pub fn grants(&self, Need(resource, permission): Need) -> bool {
        self.grants.get(&resource).is_some_and(|granted| granted.contains(&permission))
    }
}

/// The name of a role that no world file or preset defines.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no role {role:?}{hint} There are {known}")]
pub struct UnknownRole {
    role: String,
    hint: String,
    known: String,
}

impl UnknownRole {
    /// How many roles are named.
    const NAMED: usize = 20;

    pub(crate) fn of<'a>(role: &str, known: impl Iterator<Item = &'a str>) -> Self {
        let known: Vec<_> = known.collect();
        let hint = match nearest::of(role, &known) {
            Some(_) => nearest::hint(&nearest::of(role, &known)),
            None => ".".to_owned(),
        };
        let more = known.len().saturating_sub(Self::NAMED);
        let mut named = known[..known.len() - more].join(", ");
        if more > 0 {
            named.push_str(&format!(" and {more} more"));
        }
        Self { role: role.to_owned(), hint, known: named }
    }
}

/// The name of the preconfigured role that may do everything.
pub const ADMINISTRATOR: &str = "Administrator";

/// The preconfigured roles. HPE's pages on workspace and user management (behind `glp.md §5` and
/// `§7.2`) give the administrator view, edit and delete, the operator view and edit, the observer view.
pub fn preconfigured() -> BTreeMap<String, Role> {
    use Permission::{Delete, Edit, View};
    [(ADMINISTRATOR, &[View, Edit, Delete][..]), ("Operator", &[View, Edit][..]), ("Observer", &[View][..])]
        .into_iter()
        .map(|(name, permissions)| (name.to_owned(), Role::on_everything(permissions)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preconfigured_roles_grant_what_hpe_says() {
        let roles = preconfigured();
        for resource in Resource::ALL {
            let row =
                |name: &str| Permission::ALL.map(|permission| roles[name].grants(Need(resource, permission)));
            assert_eq!(row("Administrator"), [true, true, true], "{resource:?}");
            assert_eq!(row("Operator"), [true, true, false], "{resource:?}");
            assert_eq!(row("Observer"), [true, false, false], "{resource:?}");
        }
    }

    #[test]
    fn a_custom_role_grants_what_it_lists_and_nothing_else() {
        let mut role = Role::default();
        role.grants.insert(Resource::Workspace, [Permission::Edit].into());
        for resource in Resource::ALL {
            for permission in Permission::ALL {
                let listed = (resource, permission) == (Resource::Workspace, Permission::Edit);
                assert_eq!(role.grants(Need(resource, permission)), listed);
            }
        }
    }
}
