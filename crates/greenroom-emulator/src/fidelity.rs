//! What is served, how sure its sources make us, and what is not: the routes' own registrations, and a
//! list of what HPE has besides.

mod unserved;

use greenroom_model::limit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::unserved::UNSERVED;
use crate::route::{Action, Api, ROUTES, Route};

/// What Greenroom serves, and how sure it is of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FidelityTable {
    /// One row a route, by service.
    pub routes: Vec<FidelityRow>,
    /// What HPE has besides, by service.
    #[serde(default)]
    pub unserved: Vec<UnservedRow>,
}

/// One route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FidelityRow {
    /// Its name in histories.
    pub route: String,
    /// The service it is part of.
    #[serde(default)]
    pub service: String,
    /// Its method.
    pub method: String,
    /// Its path, with `{name}` for a segment.
    pub path: String,
    /// The query parameters it knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub query: Vec<String>,
    /// The permission that a user needs: `view on device_management`. Absent where nobody signs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs: Option<String>,
    /// How often HPE says it may be called (dialect `rate_limits`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<String>,
    /// Where the facts come from.
    pub source: String,
    /// `seen live`, `documented`, `seen in client code` or `inferred`.
    pub confidence: String,
    /// What of the original is not served; absent if everything is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub not_served: String,
    /// What it does where no source says what HPE does; absent if there is nothing of the kind.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub chosen: String,
}

/// Operations that HPE has and Greenroom has not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnservedRow {
    /// The service they are part of.
    pub service: String,
    /// What they do.
    pub operation: String,
    /// Their methods.
    pub methods: Vec<String>,
    /// Their path; a `*` at its end stands for everything below.
    pub path: String,
    /// Why they are not served.
    pub reason: String,
}

impl FidelityTable {
    /// That of this version.
    pub fn of_this_version() -> Self {
        let unserved = UNSERVED.iter().map(|row| UnservedRow {
            service: row.service.to_owned(),
            operation: row.operation.to_owned(),
            methods: row.methods.split(' ').map(str::to_owned).collect(),
            path: row.path.to_owned(),
            reason: row.reason.to_owned(),
        });
        Self { routes: ROUTES.iter().map(row).collect(), unserved: unserved.collect() }
    }
}

fn row(route: &Route) -> FidelityRow {
    FidelityRow {
        route: route.name.to_owned(),
        service: service(&route.action).to_owned(),
        method: route.method.to_string(),
        path: route.path.to_owned(),
        query: route.query.iter().map(|&name| name.to_owned()).collect(),
        needs: match &route.action {
            Action::Api(_, need, _) => Some(need.to_string()),
            Action::Token | Action::SignIn(_) | Action::Document(_) => None,
        },
        limits: limit::documented(route.name).map(ToString::to_string).collect(),
        source: route.source.to_owned(),
        confidence: route.confidence.name().to_owned(),
        not_served: route.not_served.unwrap_or_default().to_owned(),
        chosen: route.chosen.to_owned(),
    }
}

const CREDENTIALS: &str = "GLP API client credentials";
const WORKSPACES: &str = "GLP workspaces";
const DEVICES: &str = "GLP devices";
const AUDIT_LOG: &str = "GLP audit log";
const USERS: &str = "GLP users";
const SERVICE_CATALOG: &str = "GLP service catalog";
const SUBSCRIPTIONS: &str = "GLP subscriptions";
const MONITORING: &str = "New Central monitoring";
const CONFIGURATION: &str = "New Central configuration";
const MSP: &str = "New Central MSP";
const PRIVATE_CLOUD: &str = "Private Cloud Business Edition";
const NOTIFICATIONS: &str = "New Central notifications";
const CLASSIC: &str = "Classic Central";

/// The service of a route, for people.
fn service(action: &Action) -> &'static str {
    match action {
        Action::Token | Action::Document(_) => "Token endpoints",
        Action::SignIn(_) => CLASSIC,
        Action::Api(api, ..) => match api {
            Api::Credentials => CREDENTIALS,
            Api::Workspaces => WORKSPACES,
            Api::Devices => DEVICES,
            Api::AuditLog => AUDIT_LOG,
            Api::Users => USERS,
            Api::ServiceCatalog => SERVICE_CATALOG,
            Api::Subscriptions => SUBSCRIPTIONS,
            Api::CentralMonitoring => MONITORING,
            Api::CentralMsp => MSP,
            Api::CentralNotifications => NOTIFICATIONS,
            Api::PrivateCloud => PRIVATE_CLOUD,
            Api::CentralConfig => CONFIGURATION,
            Api::Classic | Api::ClassicAuditLog => CLASSIC,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use greenroom_model::limit::DOCUMENTED;

    use super::*;

    /// A path without the names of its segments.
    fn shape(path: &str) -> String {
        let part = |part| if str::starts_with(part, '{') { "{}" } else { part };
        path.split('/').map(part).collect::<Vec<_>>().join("/")
    }

    #[test]
    fn nothing_that_is_served_is_listed_as_not_served() {
        let table = FidelityTable::of_this_version();
        for row in &table.unserved {
            let covers = |path: &str| match row.path.strip_suffix('*') {
                Some(start) => shape(path).starts_with(&shape(start)),
                None => shape(path) == shape(&row.path),
            };
            let served =
                table.routes.iter().find(|route| row.methods.contains(&route.method) && covers(&route.path));
            assert_eq!(served, None, "is served: take {} off the list in fidelity/unserved.rs", row.path);
        }
    }

    #[test]
    fn each_operation_is_listed_once_with_a_reason() {
        let mut seen = HashSet::new();
        for row in FidelityTable::of_this_version().unserved {
            for method in row.methods {
                assert!(["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&&*method), "{method}");
                assert!(seen.insert((method, shape(&row.path))), "{} twice", row.path);
            }
            assert!(row.path.starts_with('/') && !row.reason.is_empty() && !row.operation.is_empty());
        }
    }

    #[test]
    fn every_documented_rate_is_that_of_a_route() {
        for limit in DOCUMENTED {
            assert!(ROUTES.iter().any(|route| route.name == limit.route), "{} is no route", limit.route);
        }
    }
}
