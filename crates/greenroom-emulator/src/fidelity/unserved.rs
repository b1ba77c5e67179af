//! What HPE's services have and Greenroom has not. A row goes when its route comes: a test sees to it.

use super::{
    CLASSIC, CONFIGURATION, DEVICES, MONITORING, MSP, NOTIFICATIONS, PRIVATE_CLOUD, SERVICE_CATALOG,
    SUBSCRIPTIONS, WORKSPACES,
};

pub(super) struct Unserved {
    pub(super) service: &'static str,
    pub(super) operation: &'static str,
    /// With spaces between them.
    pub(super) methods: &'static str,
    /// A `*` at the end stands for everything below.
    pub(super) path: &'static str,
    pub(super) reason: &'static str,
}

const DEPRECATED: &str = "HPE has withdrawn it or says it will";
const BETA: &str = "a beta beside a version that is served";
const NO_PROGRAM: &str = "none of the programs that Greenroom began with calls it";
const SDK_ONLY: &str =
    "pycentral has a call for it, and none of the programs that Greenroom began with makes it";
/// Of Classic Central only its sign-in, and what a program needs to see that it works.
const NOT_SIGNED_IN: &str =
    "a call of pycentral's classic module; of Classic Central the sign-in and a few lists are served";

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
    row(DEVICES, "all operations, first beta", "GET POST PATCH", "/devices/v1beta1/*", DEPRECATED),
    row(DEVICES, "how many devices share a value", "GET", "/devices/v2beta1/devices/group", NO_PROGRAM),
    row(
        SERVICE_CATALOG,
        "provisions of services, and one's own services",
        "GET",
        "/service-catalog/v1beta1/*",
        NO_PROGRAM,
    ),
    // What pycentral's `new_monitoring` calls besides what is served, module by module.
    row(
        MONITORING,
        "ports, radios, tunnels, networks and trends of an access point",
        "GET",
        "/network-monitoring/v1/aps/{serial-number}/*",
        SDK_ONLY,
    ),
    row(
        MONITORING,
        "hardware, interfaces, LAGs, VLANs, PoE, VSX and trends of a switch",
        "GET",
        "/network-monitoring/v1/switches/{serial-number}/*",
        SDK_ONLY,
    ),
    row(
        MONITORING,
        "the busiest interfaces of switches",
        "GET",
        "/network-monitoring/v1/switches/topn-interface-trends",
        SDK_ONLY,
    ),
    row(
        MONITORING,
        "ports, VLANs, tunnels, uplinks, DHCP and trends of a gateway",
        "GET",
        "/network-monitoring/v1/gateways/{serial-number}/*",
        SDK_ONLY,
    ),
    row(
        MONITORING,
        "where a client was",
        "GET",
        "/network-monitoring/v1/clients/{mac-address}/mobility-trail",
        NO_PROGRAM,
    ),
    row(MONITORING, "trends of clients", "GET", "/network-monitoring/v1/clients-trend", SDK_ONLY),
    row(MONITORING, "clients by usage", "GET", "/network-monitoring/v1/clients-topn-usage", SDK_ONLY),
    row(MONITORING, "usage of clients", "GET", "/network-monitoring/v1/clients-usage", NO_PROGRAM),
    row(
        MONITORING,
        "health of the clients of sites",
        "GET",
        "/network-monitoring/v1/sites-client-health",
        NO_PROGRAM,
    ),
    row(MONITORING, "health of a tenant", "GET", "/network-monitoring/v1/tenant-*", NO_PROGRAM),
    row(
        MONITORING,
        "throughput of a wireless network",
        "GET",
        "/network-monitoring/v1/wlans/{wlan-name}/throughput-trends",
        NO_PROGRAM,
    ),
    row(MONITORING, "clusters of gateways", "GET", "/network-monitoring/v1/clusters/*", SDK_ONLY),
    row(MONITORING, "swarms", "GET", "/network-monitoring/v1/swarms*", SDK_ONLY),
    row(MONITORING, "radios", "GET", "/network-monitoring/v1/radios", SDK_ONLY),
    row(MONITORING, "basic service sets", "GET", "/network-monitoring/v1/bssids", SDK_ONLY),
    row(MONITORING, "stacks", "GET", "/network-monitoring/v1/stack/*", SDK_ONLY),
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
    row(
        SUBSCRIPTIONS,
        "all operations, first beta",
        "GET POST PATCH",
        "/subscriptions/v1beta1/*",
        DEPRECATED,
    ),
    row(SUBSCRIPTIONS, "all operations, alpha", "GET PATCH", "/subscriptions/v1alpha1/*", BETA),
    row(
        CONFIGURATION,
        "configuration profiles, and config-assignments, which supersede scope maps",
        "GET POST PATCH DELETE",
        "/network-config/v1alpha1/config-assignments",
        NO_PROGRAM,
    ),
    row(
        NOTIFICATIONS,
        "what alerts are cleared, deferred and activated by, their priority and classes; one alert has no path",
        "GET POST",
        "/network-notifications/v1/alerts/*",
        NO_PROGRAM,
    ),
    row(
        NOTIFICATIONS,
        "configuration of alerts",
        "GET",
        "/network-notifications/v1/alert-config",
        NO_PROGRAM,
    ),
    row(NOTIFICATIONS, "insights", "GET", "/network-notifications/v1/insights*", NO_PROGRAM),
    row(
        NOTIFICATIONS,
        "rules",
        "GET POST PATCH DELETE",
        "/network-notifications/v1/notification-rules*",
        NO_PROGRAM,
    ),
    row(
        PRIVATE_CLOUD,
        "systems and their servers",
        "GET POST PATCH DELETE",
        "/private-cloud-business/v1beta1/systems*",
        NO_PROGRAM,
    ),
    row(
        PRIVATE_CLOUD,
        "policies of virtual machines",
        "GET POST PATCH DELETE",
        "/private-cloud-business/v1beta1/vm-provisioning-policies*",
        NO_PROGRAM,
    ),
    row(
        PRIVATE_CLOUD,
        "reports of configuration analyses",
        "GET",
        "/private-cloud-business/v1beta1/configuration-analysis-reports*",
        NO_PROGRAM,
    ),
    row(CLASSIC, "sites", "GET POST PATCH DELETE", "/central/v2/*", NOT_SIGNED_IN),
    row(CLASSIC, "monitoring of devices and clients", "GET", "/monitoring/*", NOT_SIGNED_IN),
    row(CLASSIC, "firmware", "GET POST DELETE", "/firmware/v1/*", NOT_SIGNED_IN),
    row(CLASSIC, "licensing", "GET POST DELETE", "/platform/licensing/v1/*", NOT_SIGNED_IN),
    row(CLASSIC, "users and roles", "GET POST PATCH DELETE", "/platform/rbac/v1/*", NOT_SIGNED_IN),
    row(CLASSIC, "users of accounts", "GET", "/accounts/v2/users", NOT_SIGNED_IN),
    row(CLASSIC, "rogues and intrusions", "GET", "/rapids/v1/*", NOT_SIGNED_IN),
    row(CLASSIC, "floor plans", "GET", "/visualrf_api/v1/*", NOT_SIGNED_IN),
    row(CLASSIC, "topology", "GET", "/topology_external_api/*", NOT_SIGNED_IN),
    row(CLASSIC, "events", "GET", "/auditlogs/v1/*", NOT_SIGNED_IN),
    row(CLASSIC, "one audit entry", "GET", "/platform/auditlogs/v1/logs/{id}", NOT_SIGNED_IN),
    row(
        CLASSIC,
        "devices added, archived and taken back",
        "POST",
        "/platform/device_inventory/v1/*",
        NOT_SIGNED_IN,
    ),
    row(
        CLASSIC,
        "groups made, changed and deleted",
        "POST PATCH DELETE",
        "/configuration/v2/*",
        NOT_SIGNED_IN,
    ),
    row(
        CLASSIC,
        "configuration of groups, templates and devices",
        "GET POST PATCH PUT DELETE",
        "/configuration/v1/*",
        NOT_SIGNED_IN,
    ),
    row(CLASSIC, "a WLAN as a whole", "GET POST PUT", "/configuration/full_wlan/*", NOT_SIGNED_IN),
    row(
        CLASSIC,
        "customers deleted, and what is theirs",
        "PUT DELETE",
        "/msp_api/v1/customers/{id}",
        NOT_SIGNED_IN,
    ),
    row(CLASSIC, "users of customers", "GET", "/msp_api/v1/customers/users", NOT_SIGNED_IN),
    row(CLASSIC, "customers made and changed", "POST PUT", "/msp_api/v2/customers/*", NOT_SIGNED_IN),
    row(CLASSIC, "country codes", "GET", "/msp_api/v2/get_country_code", NOT_SIGNED_IN),
    row(CLASSIC, "devices of an MSP", "GET PUT", "/msp_api/v1/devices", NOT_SIGNED_IN),
    row(CLASSIC, "groups of an MSP", "GET", "/msp_api/v1/groups", NOT_SIGNED_IN),
    row(CLASSIC, "resources of an MSP", "GET PUT", "/msp_api/v1/resource", NOT_SIGNED_IN),
];
