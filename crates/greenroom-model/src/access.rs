//! The acceptance matrix: which client may mint where, and which token opens which services.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{dialect::MixedServices, token::TokenKind, world::World};

/// What an API client was made for (`glp.md §2.4`, `central.md §4.1`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// The HPE GreenLake platform itself.
    Platform,
    /// The Central service manager.
    Central,
    /// A data service, such as Private Cloud Business Edition.
    DataServices,
    /// The API gateway of Classic Central, which has applications and tokens of its own (`central.md §7`).
    Classic,
}

impl Service {
    /// All services.
    pub const ALL: [Self; 4] = [Self::Platform, Self::Central, Self::DataServices, Self::Classic];

    /// Those with a service manager of their own. Classic is a part of Central.
    pub const MANAGED: [Self; 3] = [Self::Platform, Self::Central, Self::DataServices];

    /// The service that a service manager's id stands for.
    pub fn of_manager(id: Uuid) -> Option<Self> {
        Self::MANAGED.into_iter().find(|service| World::service_manager(*service) == id)
    }
}

/// The families of resource APIs, each with its own envelope and its own rules of access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ApiFamily {
    /// HPE GreenLake Platform.
    Glp,
    /// New Central.
    Central,
    /// Data services.
    DataServices,
    /// Classic Central.
    Classic,
}

impl ApiFamily {
    /// The service behind it.
    pub fn service(self) -> Service {
        match self {
            Self::Glp => Service::Platform,
            Self::Central | Self::Classic => Service::Central,
            Self::DataServices => Service::DataServices,
        }
    }
}

/// Who signs a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssuerKind {
    /// `sso.common.cloud.hpe.com`.
    Sso,
    /// The issuer of one workspace.
    Workspace,
}

/// Whether a client of `service` may mint at an issuer (product plan, "Hosts"; `glp.md §2.2`).
pub fn may_mint(service: Service, issuer: IssuerKind, mixed: MixedServices) -> bool {
    mixed == MixedServices::Lenient
        || service == Service::Platform
        || issuer == IssuerKind::Sso && service != Service::Classic
}

/// Whether a token of `kind`, held by a client of `service`, opens the APIs of `family`.
pub fn opens(kind: TokenKind, service: Service, family: ApiFamily, mixed: MixedServices) -> bool {
    match kind {
        // No bearer tokens, whatever the dialect.
        TokenKind::Refresh | TokenKind::Code | TokenKind::SignIn => return false,
        _ if mixed == MixedServices::Lenient => return true,
        // Classic Central accepts the tokens of its own sign-in only, and nobody else does (central.md §4.1).
        TokenKind::Classic => return family == ApiFamily::Classic,
        TokenKind::Sso | TokenKind::Workspace | TokenKind::Tenant => {}
    }
    match (service, family) {
        (Service::Classic, _) | (_, ApiFamily::Classic) => false,
        (Service::Platform, _) => true,
        (Service::Central, ApiFamily::Central) | (Service::DataServices, ApiFamily::DataServices) => {
            kind == TokenKind::Sso
        }
        (Service::Central | Service::DataServices, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every cell of the matrix, written out: kind, service, then Glp, Central, DataServices, Classic.
    const CELLS: [(TokenKind, Service, [bool; 4]); 13] = [
        (TokenKind::Sso, Service::Platform, [true, true, true, false]),
        (TokenKind::Workspace, Service::Platform, [true, true, true, false]),
        (TokenKind::Tenant, Service::Platform, [true, true, true, false]),
        (TokenKind::Sso, Service::Central, [false, true, false, false]),
        (TokenKind::Workspace, Service::Central, [false, false, false, false]),
        (TokenKind::Tenant, Service::Central, [false, false, false, false]),
        (TokenKind::Sso, Service::DataServices, [false, false, true, false]),
        (TokenKind::Workspace, Service::DataServices, [false, false, false, false]),
        (TokenKind::Tenant, Service::DataServices, [false, false, false, false]),
        (TokenKind::Classic, Service::Classic, [false, false, false, true]),
        (TokenKind::Sso, Service::Classic, [false, false, false, false]),
        (TokenKind::Workspace, Service::Classic, [false, false, false, false]),
        (TokenKind::Tenant, Service::Classic, [false, false, false, false]),
    ];
    const FAMILIES: [ApiFamily; 4] =
        [ApiFamily::Glp, ApiFamily::Central, ApiFamily::DataServices, ApiFamily::Classic];

    #[test]
    fn every_cell_of_the_acceptance_matrix() {
        for (kind, service, row) in CELLS {
            for (family, expected) in FAMILIES.into_iter().zip(row) {
                let case = format!("{kind:?} {service:?} {family:?}");
                assert_eq!(opens(kind, service, family, MixedServices::Strict), expected, "{case}");
                assert!(opens(kind, service, family, MixedServices::Lenient), "{case}");
            }
        }
    }

    #[test]
    fn what_is_no_access_token_opens_nothing() {
        for kind in TokenKind::ALL.into_iter().filter(|kind| !TokenKind::ACCESS.contains(kind)) {
            for (service, family) in
                Service::ALL.into_iter().flat_map(|it| FAMILIES.map(|family| (it, family)))
            {
                for mixed in [MixedServices::Strict, MixedServices::Lenient] {
                    assert!(!opens(kind, service, family, mixed), "{kind:?} {service:?} {family:?}");
                }
            }
        }
    }

    #[test]
    fn only_platform_clients_mint_at_a_workspace_issuer() {
        for service in [Service::Platform, Service::Central, Service::DataServices] {
            assert!(may_mint(service, IssuerKind::Sso, MixedServices::Strict));
            assert!(may_mint(service, IssuerKind::Workspace, MixedServices::Lenient));
            let expected = service == Service::Platform;
            assert_eq!(may_mint(service, IssuerKind::Workspace, MixedServices::Strict), expected);
        }
        for issuer in [IssuerKind::Sso, IssuerKind::Workspace] {
            assert!(!may_mint(Service::Classic, issuer, MixedServices::Strict));
        }
    }
}
