//! What HPE's services have and Greenroom has not. A row goes when its route comes: a test sees to it.

use super::{AUDIT_LOG, DEVICES, MONITORING, MSP, SERVICE_CATALOG, WORKSPACES};

pub(super) struct Unserved {
    pub(super) service: &'static str,
    pub(super) operation: &'static str,
    /// With spaces between them.
    pub(super) methods: &'static str,
    /// A `*` at the end stands for everything below.
    pub(super) path: &'static str,
    pub(super) reason: &'static str,
}

const PLANNED: &str = "planned";
const DEPRECATED: &str = "HPE has withdrawn it or says it will";
const BETA: &str = "a beta beside a version that is served";
const NO_PROGRAM: &str = "none of the programs that Greenroom began with calls it";
const OTHER_SERVICE: &str = "the service is not served yet";

const fn row(
    service: &'static str,
    operation: &'static str,
    methods: &'static str,
    path: &'static str,
    reason: &'static str,
) -> Unserved {
    Unserved { service, operation, methods, path, reason }
}

pub(super) const UNSERVED: &[Unserved] = &[
    row(
        WORKSPACES,
        "workspaces of an organization",
        "GET POST",
        "/organizations/v1alpha1/workspaces",
        NO_PROGRAM,
    ),
    row(WORKSPACES, "one of them", "GET PATCH", "/organizations/v1alpha1/workspaces/{id}", NO_PROGRAM),
    row(DEVICES, "add devices", "POST", "/devices/v1/devices", PLANNED),
    row(DEVICES, "assign, subscribe, hand over devices", "PATCH", "/devices/v1/devices", PLANNED),
    row(DEVICES, "how an operation goes", "GET", "/devices/v1/async-operations/{id}", PLANNED),
    row(DEVICES, "all operations, first beta", "GET POST PATCH", "/devices/v1beta1/*", DEPRECATED),
    row(DEVICES, "all operations, second beta", "GET POST PATCH", "/devices/v2beta1/*", BETA),
    row(AUDIT_LOG, "what an entry says in full", "GET", "/audit-log/v1/logs/{id}/detail", PLANNED),
    row(AUDIT_LOG, "all operations, second beta", "GET", "/audit-log/v2beta1/*", BETA),
    row(SERVICE_CATALOG, "service managers", "GET", "/service-catalog/v1/service-managers", PLANNED),
    row(SERVICE_CATALOG, "one service manager", "GET", "/service-catalog/v1/service-managers/{id}", PLANNED),
    row(
        SERVICE_CATALOG,
        "service managers by region",
        "GET",
        "/service-catalog/v1/per-region-service-managers",
        PLANNED,
    ),
    row(
        SERVICE_CATALOG,
        "service managers of one region",
        "GET",
        "/service-catalog/v1/per-region-service-managers/{id}",
        PLANNED,
    ),
    row(
        SERVICE_CATALOG,
        "provision a service manager",
        "POST",
        "/service-catalog/v1/service-manager-provisions",
        PLANNED,
    ),
    row(
        SERVICE_CATALOG,
        "take a provision back",
        "DELETE",
        "/service-catalog/v1/service-manager-provisions/{id}",
        PLANNED,
    ),
    row(
        SERVICE_CATALOG,
        "provisions of services, and one's own services",
        "GET",
        "/service-catalog/v1beta1/*",
        NO_PROGRAM,
    ),
    row(MONITORING, "access points", "GET", "/network-monitoring/v1/aps*", PLANNED),
    row(MONITORING, "switches", "GET", "/network-monitoring/v1/switches*", PLANNED),
    row(MONITORING, "gateways", "GET", "/network-monitoring/v1/gateways*", PLANNED),
    row(
        MONITORING,
        "clients, their trends and where they were",
        "GET",
        "/network-monitoring/v1/clients*",
        PLANNED,
    ),
    row(MONITORING, "health of sites", "GET", "/network-monitoring/v1/sites-*", PLANNED),
    row(MONITORING, "health of one site", "GET", "/network-monitoring/v1/site-health/{site-id}", PLANNED),
    row(MONITORING, "health of a tenant", "GET", "/network-monitoring/v1/tenant-*", PLANNED),
    row(MONITORING, "wireless networks", "GET", "/network-monitoring/v1/wlans*", PLANNED),
    row(MONITORING, "clusters of gateways", "GET", "/network-monitoring/v1/clusters/*", NO_PROGRAM),
    row(MONITORING, "swarms", "GET", "/network-monitoring/v1/swarms*", NO_PROGRAM),
    row(MONITORING, "radios", "GET", "/network-monitoring/v1/radios", NO_PROGRAM),
    row(MONITORING, "basic service sets", "GET", "/network-monitoring/v1/bssids", NO_PROGRAM),
    row(MONITORING, "stacks", "GET", "/network-monitoring/v1/stack/*", NO_PROGRAM),
    row(MONITORING, "access points by usage", "GET", "/network-monitoring/v1/top-aps-*", NO_PROGRAM),
    row(MONITORING, "models of access points", "GET", "/network-monitoring/v1/catalogue-aps", NO_PROGRAM),
    row(MONITORING, "how clients come on board", "GET", "/network-monitoring/v1/client-*", NO_PROGRAM),
    row(
        MONITORING,
        "applications and their categories",
        "GET",
        "/network-monitoring/v1/application*",
        NO_PROGRAM,
    ),
    row(
        MONITORING,
        "categories of web sites",
        "GET",
        "/network-monitoring/v1/website-categories",
        NO_PROGRAM,
    ),
    row(MONITORING, "clients of the firewall", "GET", "/network-monitoring/v1/firewall-clients", NO_PROGRAM),
    row(
        MONITORING,
        "firewall sessions of a site",
        "GET",
        "/network-monitoring/v1/site-firewall-sessions",
        NO_PROGRAM,
    ),
    row(MONITORING, "security risks", "GET", "/network-monitoring/v1/security-risks", NO_PROGRAM),
    row(MONITORING, "topology", "GET", "/network-monitoring/v1/topology/{site-id}", NO_PROGRAM),
    row(MONITORING, "neighbours", "GET", "/network-monitoring/v1/neighbours/{serial-number}", NO_PROGRAM),
    row(
        MONITORING,
        "isolated devices",
        "GET",
        "/network-monitoring/v1/isolated-devices/{site-id}",
        NO_PROGRAM,
    ),
    row(
        MONITORING,
        "devices of other makers",
        "GET",
        "/network-monitoring/v1/unmanaged-device/{mac-address}",
        NO_PROGRAM,
    ),
    row(MONITORING, "maps of a site", "GET", "/network-monitoring/v1/sitemaps-summary/{site-id}", NO_PROGRAM),
    row(
        MONITORING,
        "maps of sites: buildings, floors, walls, zones, planned devices",
        "GET POST PUT DELETE",
        "/network-monitoring/v1/sitemaps/*",
        NO_PROGRAM,
    ),
    row(MONITORING, "types of walls", "GET POST PUT DELETE", "/network-monitoring/v1/wall-types", NO_PROGRAM),
    row(
        MSP,
        "inventory of all tenants (seen live, documented nowhere)",
        "GET",
        "/network-msp/v1/device-inventory",
        NO_PROGRAM,
    ),
    row("GLP users", "all operations", "GET POST PUT DELETE", "/identity/v1/users*", OTHER_SERVICE),
    row("GLP subscriptions", "all operations", "GET POST PATCH DELETE", "/subscriptions/*", OTHER_SERVICE),
    row(
        "New Central configuration",
        "sites, site collections, device groups, hierarchy, scopes",
        "GET POST PUT DELETE",
        "/network-config/*",
        OTHER_SERVICE,
    ),
    row(
        "New Central notifications",
        "alerts, insights, rules",
        "GET POST PATCH DELETE",
        "/network-notifications/v1/*",
        OTHER_SERVICE,
    ),
    row(
        "Private Cloud Business Edition",
        "systems, software catalogs, policies",
        "GET POST PATCH DELETE",
        "/private-cloud-business/v1beta1/*",
        OTHER_SERVICE,
    ),
    row("Classic Central", "sign-in and refresh", "POST", "/oauth2/*", OTHER_SERVICE),
];
