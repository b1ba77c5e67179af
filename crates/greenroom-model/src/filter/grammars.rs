//! The grammar of every list that takes a filter, and what it can be sorted by.
//!
//! Rows of the table in `glp.md §9`, and of `central.md §1.1`, `§1.2` and `§2`. A field that is no
//! member of the resource says where it is found.

use super::{
    Kind::{Instant, Number, Text, Truth},
    Op,
    grammar::{Fields, Grammar, List, Quotes, Words},
};

const ALL: &[Op] = &[Op::Eq, Op::Ne, Op::Gt, Op::Ge, Op::Lt, Op::Le, Op::In];
const EQ: &[Op] = &[Op::Eq];
const EQ_IN: &[Op] = &[Op::Eq, Op::In];
const EQ_CONTAINS: &[Op] = &[Op::Eq, Op::Contains];

/// What GLP's services have in common: every form of list (`glp.md §10 row 29`), truth values and
/// numbers without quotes, instants with or without (`glp.md §9`).
const GLP: Grammar = Grammar {
    fields: Fields::Named(&[]),
    logic: false,
    functions: false,
    literal_first: false,
    lists: List::ALL,
    null: false,
    numbers: Quotes::Never,
    truths: Quotes::Never,
    instants: Quotes::Either,
    bare_text: false,
    any_case: true,
    backslash: false,
    doubled_quotes: false,
    quoted_whole: false,
    words: Words::Ours,
};

/// `GET /devices/v1/devices` (`glp.md §9`): the fields of the documented samples, and the members of
/// a device that clients ask for. `inUseWorkspaceId` is `inUseWorkspace/id`, and
/// `currentSupportLevelEndDate` is `warranty/currentSupportLevel/endDate`. One sample has an instant
/// in doubled quotes.
pub const GLP_DEVICES: Grammar = Grammar {
    fields: Fields::Named(&[
        ("id", Text, ALL),
        ("serialNumber", Text, ALL),
        ("macAddress", Text, ALL),
        ("partNumber", Text, ALL),
        ("deviceType", Text, ALL),
        ("model", Text, ALL),
        ("make", Text, ALL),
        ("assignedState", Text, ALL),
        ("category", Text, ALL),
        ("region", Text, ALL),
        ("archived", Truth, ALL),
        ("isFlex", Truth, ALL),
        ("billingTier", Text, ALL),
        ("management", Text, ALL),
        ("source", Text, ALL),
        ("createdAt", Instant, ALL),
        ("updatedAt", Instant, ALL),
        ("manufacturedDate", Instant, ALL),
        ("currentSupportLevelEndDate", Instant, ALL),
        ("tenantWorkspaceId", Text, ALL),
        ("inUseWorkspaceId", Text, ALL),
        ("application/id", Text, ALL),
    ]),
    logic: true,
    null: true,
    doubled_quotes: true,
    ..GLP
};

/// `sort` of `GET /devices/v1/devices`: "a property name", so the members that hold one value
/// (`glp.md §6.2`).
pub const GLP_DEVICES_SORT: &[&str] = &[
    "id",
    "serialNumber",
    "partNumber",
    "macAddress",
    "deviceType",
    "model",
    "make",
    "category",
    "deviceName",
    "secondaryName",
    "archived",
    "assignedState",
    "region",
    "tenantWorkspaceId",
    "billingAccountId",
    "billingAccountName",
    "billingTier",
    "subscriptionCategory",
    "isFlex",
    "ownership",
    "source",
    "management",
    "manufacturedDate",
    "createdAt",
    "updatedAt",
];

/// `filter-tags` of `GET /devices/v1/devices` (`glp.md §9`).
pub const GLP_DEVICE_TAGS: Grammar =
    Grammar { fields: Fields::Tags(&[Op::Eq, Op::Ne, Op::In]), logic: true, ..GLP };

/// `GET /workspaces/v1/msp-tenants` (`glp.md §5`, `§9`). Functions and the value on the left are those
/// of the user management guide, which speaks of workspaces too.
pub const GLP_WORKSPACES: Grammar = Grammar {
    fields: Fields::Named(&[
        ("id", Text, ALL),
        ("createdAt", Instant, ALL),
        ("updatedAt", Instant, ALL),
        ("workspaceName", Text, ALL),
        ("createdBy", Text, ALL),
        ("inventoryOwnership", Text, ALL),
    ]),
    functions: true,
    literal_first: true,
    null: true,
    ..GLP
};

/// `GET /identity/v1/users` (`glp.md §7.2`, `§9`). Its specification lists `or` and `not`.
pub const GLP_USERS: Grammar = Grammar {
    fields: Fields::Named(&[
        ("id", Text, ALL),
        ("username", Text, ALL),
        ("firstName", Text, ALL),
        ("lastName", Text, ALL),
        ("userStatus", Text, ALL),
        ("createdAt", Instant, ALL),
        ("updatedAt", Instant, ALL),
        ("lastLogin", Instant, ALL),
    ]),
    logic: true,
    functions: true,
    literal_first: true,
    null: true,
    ..GLP
};

/// `GET /workspaces/v1/credentials` (`glp.md §4`). `'tenantId eq <id>'`, in quotes as a whole, is the
/// other documented spelling (`glp.md §10 row 19`).
pub const GLP_CREDENTIALS: Grammar =
    Grammar { fields: Fields::Named(&[("tenantId", Text, EQ)]), quoted_whole: true, ..GLP };

/// `GET /service-catalog/v1/service-manager-provisions` (`glp.md §7.3`). `status` is
/// `provisionStatus`, and `serviceManagerId` is `serviceManager/id`.
pub const GLP_PROVISIONS: Grammar = Grammar {
    fields: Fields::Named(&[("serviceManagerId", Text, EQ), ("status", Text, EQ), ("region", Text, EQ)]),
    words: Words::Catalog { example: "region eq 'us-west'", only: None },
    ..GLP
};

/// `GET /service-catalog/v1/per-region-service-managers` (`glp.md §7.3`). Its samples spell the name in two ways.
pub const GLP_SERVICE_MANAGERS: Grammar = Grammar {
    fields: Fields::Named(&[("mspSupported", Truth, EQ), ("mspsupported", Truth, EQ)]),
    words: Words::Catalog { example: "mspsupported eq true", only: Some("mspsupported") },
    ..GLP
};

/// `GET /audit-log/v1/logs` (`glp.md §7.1`): every value is quoted. `contains` stands among the
/// operators there and is a function in the documented samples, so it is taken both ways.
pub const GLP_AUDIT_LOG_V1: Grammar = Grammar {
    fields: Fields::Named(&[
        ("createdAt", Instant, &[Op::Lt, Op::Ge]),
        ("category", Text, EQ_IN),
        ("description", Text, EQ_CONTAINS),
        ("additionalInfo/ipAddress", Text, EQ_CONTAINS),
        ("user/username", Text, EQ_CONTAINS),
        ("workspace/workspaceName", Text, EQ_CONTAINS),
        ("application/id", Text, EQ),
        ("region", Text, EQ),
        ("hasDetails", Truth, EQ),
    ]),
    truths: Quotes::Always,
    instants: Quotes::Always,
    words: Words::AuditLog,
    ..GLP
};

/// `GET /audit-log/v2beta1/logs` (`glp.md §7.1`), in the order in which its errors list the fields. `region`
/// is `serviceOffer/region`.
pub const GLP_AUDIT_LOG_V2BETA1: Grammar = Grammar {
    fields: Fields::Named(&[
        ("createdAt", Instant, &[Op::Lt, Op::Ge]),
        ("category", Text, EQ_IN),
        ("description", Text, EQ_CONTAINS),
        ("ipAddress", Text, EQ_CONTAINS),
        ("username", Text, EQ_CONTAINS),
        ("workspace/name", Text, EQ_CONTAINS),
        ("workspace/type", Text, EQ),
        ("serviceOffer/id", Text, EQ_IN),
        ("region", Text, EQ),
        ("hasDetails", Truth, EQ),
    ]),
    ..GLP_AUDIT_LOG_V1
};

/// `sort` of `GET /audit-log/v2beta1/logs`: "a property name", so the members that hold one value.
pub const GLP_AUDIT_LOG_V2BETA1_SORT: &[&str] =
    &["createdAt", "category", "description", "username", "ipAddress", "hasDetails"];

/// `GET /subscriptions/v1/subscriptions` (`glp.md §7.4`): numbers must be quoted.
pub const GLP_SUBSCRIPTIONS: Grammar = Grammar {
    fields: Fields::Named(&[
        ("id", Text, ALL),
        ("subscriptionType", Text, ALL),
        ("subscriptionStatus", Text, ALL),
        ("key", Text, ALL),
        ("quantity", Number, ALL),
        ("availableQuantity", Number, ALL),
        ("isEval", Truth, ALL),
        ("sku", Text, ALL),
        ("skuDescription", Text, ALL),
        ("contract", Text, ALL),
        ("startTime", Instant, ALL),
        ("endTime", Instant, ALL),
        ("productType", Text, ALL),
        ("tier", Text, ALL),
        ("tierDescription", Text, ALL),
        ("quote", Text, ALL),
        ("po", Text, ALL),
        ("resellerPo", Text, ALL),
        ("createdAt", Instant, ALL),
        ("updatedAt", Instant, ALL),
    ]),
    logic: true,
    null: true,
    numbers: Quotes::Always,
    ..GLP
};

/// `filter-tags` of `GET /subscriptions/v1/subscriptions`: `eq` and `ne` with `and` and `or`, by the table of
/// HPE's subscription-management.json (`glp.md §9` says that `in` and `not` are known too).
pub const GLP_SUBSCRIPTION_TAGS: Grammar =
    Grammar { fields: Fields::Tags(&[Op::Eq, Op::Ne, Op::In]), logic: true, ..GLP };

/// `sort` of `GET /subscriptions/v1/subscriptions`: "a property name", so the members that hold one
/// value (`glp.md §7.4`).
pub const GLP_SUBSCRIPTIONS_SORT: &[&str] = &[
    "id",
    "key",
    "subscriptionType",
    "subscriptionStatus",
    "productType",
    "tier",
    "tierDescription",
    "sku",
    "skuDescription",
    "quantity",
    "availableQuantity",
    "isEval",
    "contract",
    "quote",
    "po",
    "resellerPo",
    "startTime",
    "endTime",
    "createdAt",
    "updatedAt",
];

/// `central.md §1.4`: conditions joined by `and`, lists in parentheses; text without quotes is
/// accepted unless the dialect `unquoted_literal` says otherwise.
const CENTRAL: Grammar = Grammar { lists: &[List::Parentheses], bare_text: true, backslash: true, ..GLP };

/// `GET /network-monitoring/v1/device-inventory` (`central.md §1.1`). `deployment` is not in the
/// documented table of fields, but in its sample.
pub const CENTRAL_DEVICE_INVENTORY: Grammar = Grammar {
    fields: Fields::Named(&[
        ("siteId", Text, EQ_IN),
        ("siteName", Text, EQ_IN),
        ("serialNumber", Text, EQ_IN),
        ("deviceName", Text, EQ_IN),
        ("deviceType", Text, EQ_IN),
        ("model", Text, EQ_IN),
        ("firmwareVersion", Text, EQ_IN),
        ("deviceFunction", Text, EQ_IN),
        ("isProvisioned", Text, EQ_IN),
        ("deviceGroupName", Text, EQ_IN),
        ("deployment", Text, EQ_IN),
    ]),
    ..CENTRAL
};

/// `sort` of `GET /network-monitoring/v1/device-inventory` (`central.md §1.1`); `deployment` is in the
/// sample only.
pub const CENTRAL_DEVICE_INVENTORY_SORT: &[&str] = &[
    "siteId",
    "siteName",
    "serialNumber",
    "deviceName",
    "macAddress",
    "deviceType",
    "ipv4",
    "model",
    "deviceGroupName",
    "deviceFunction",
    "deployment",
];

/// `GET /network-monitoring/v1/devices` (`central.md §1.2`).
pub const CENTRAL_DEVICES: Grammar = Grammar {
    fields: Fields::Named(&[
        ("siteId", Text, EQ_IN),
        ("siteName", Text, EQ_IN),
        ("serialNumber", Text, EQ_IN),
        ("deviceName", Text, EQ_IN),
        ("deviceType", Text, EQ_IN),
        ("status", Text, EQ_IN),
        ("model", Text, EQ_IN),
        ("firmwareVersion", Text, EQ_IN),
        ("deployment", Text, EQ_IN),
        ("clusterName", Text, EQ_IN),
    ]),
    ..CENTRAL
};

/// `sort` of `GET /network-monitoring/v1/devices` (`central.md §1.2`).
pub const CENTRAL_DEVICES_SORT: &[&str] =
    &["siteId", "siteName", "serialNumber", "deviceName", "deployment", "model"];

/// `GET /network-msp/v1/list-tenants` (`central.md §2`): one operator a field.
pub const CENTRAL_LIST_TENANTS: Grammar = Grammar {
    fields: Fields::Named(&[("tenantName", Text, EQ), ("deviceOwnership", Text, &[Op::In])]),
    ..CENTRAL
};

/// `sort` of `GET /network-msp/v1/list-tenants` (`central.md §2`).
pub const CENTRAL_LIST_TENANTS_SORT: &[&str] = &[
    "tenantName",
    "totalSites",
    "deviceHealthStatus",
    "degradedSites",
    "alerts",
    "deviceOwnership",
    "createdTime",
];

/// `GET /network-monitoring/v1/aps` (`central.md §6.4`).
pub const CENTRAL_APS: Grammar = Grammar {
    fields: Fields::Named(&[
        ("siteId", Text, EQ_IN),
        ("siteName", Text, EQ_IN),
        ("serialNumber", Text, EQ_IN),
        ("deviceName", Text, EQ_IN),
        ("status", Text, EQ_IN),
        ("model", Text, EQ_IN),
        ("firmwareVersion", Text, EQ_IN),
        ("deployment", Text, EQ_IN),
        ("clusterId", Text, EQ_IN),
        ("clusterName", Text, EQ_IN),
    ]),
    ..CENTRAL
};

/// `sort` of `GET /network-monitoring/v1/aps` (`central.md §6.4`).
pub const CENTRAL_APS_SORT: &[&str] =
    &["siteId", "serialNumber", "deviceName", "model", "status", "deployment"];

/// `GET /network-monitoring/v1/switches` (`central.md §6.5`): neither serial number nor name.
pub const CENTRAL_SWITCHES: Grammar = Grammar {
    fields: Fields::Named(&[
        ("siteId", Text, EQ_IN),
        ("siteName", Text, EQ_IN),
        ("model", Text, EQ_IN),
        ("status", Text, EQ_IN),
        ("deployment", Text, EQ_IN),
    ]),
    ..CENTRAL
};

/// `sort` of `GET /network-monitoring/v1/switches` (`central.md §6.5`).
pub const CENTRAL_SWITCHES_SORT: &[&str] =
    &["siteId", "model", "status", "deployment", "serialNumber", "deviceName"];

/// `GET /network-monitoring/v1/gateways` (`central.md §6.6`).
pub const CENTRAL_GATEWAYS: Grammar = Grammar {
    fields: Fields::Named(&[
        ("siteId", Text, EQ_IN),
        ("model", Text, EQ_IN),
        ("status", Text, EQ_IN),
        ("deployment", Text, EQ_IN),
        ("macAddress", Text, EQ_IN),
        ("siteName", Text, EQ_IN),
        ("deviceName", Text, EQ_IN),
        ("firmwareVersion", Text, EQ_IN),
        ("serialNumber", Text, EQ_IN),
        ("clusterName", Text, EQ_IN),
    ]),
    ..CENTRAL
};

/// `sort` of `GET /network-monitoring/v1/gateways` (`central.md §6.6`).
pub const CENTRAL_GATEWAYS_SORT: &[&str] = &[
    "siteId",
    "model",
    "status",
    "deployment",
    "serialNumber",
    "deviceName",
    "macAddress",
    "siteName",
    "firmwareVersion",
];

/// `GET /network-monitoring/v1/clients` (`central.md §6.7`).
pub const CENTRAL_CLIENTS: Grammar = Grammar {
    fields: Fields::Named(&[
        ("clientConnectionType", Text, EQ_IN),
        ("status", Text, EQ_IN),
        ("wlanName", Text, EQ_IN),
        ("vlanId", Text, EQ_IN),
        ("tunnelType", Text, EQ_IN),
        ("role", Text, EQ_IN),
    ]),
    ..CENTRAL
};

/// `sort` of `GET /network-monitoring/v1/clients` (`central.md §6.7`).
pub const CENTRAL_CLIENTS_SORT: &[&str] = &[
    "clientName",
    "status",
    "clientConnectionType",
    "macAddress",
    "ipv4",
    "ipv6",
    "connectedDeviceSerial",
    "connectedTo",
    "lastSeenAt",
    "port",
    "role",
    "wlanName",
    "vlanId",
    "tunnelType",
    "tunnelId",
    "connectedAt",
];

/// `GET /network-monitoring/v1/wlans` (`central.md §6.9`).
pub const CENTRAL_WLANS: Grammar = Grammar { fields: Fields::Named(&[("band", Text, EQ_IN)]), ..CENTRAL };

/// `sort` of `GET /network-monitoring/v1/wlans`, by HPE's monitoring.json.
pub const CENTRAL_WLANS_SORT: &[&str] = &["wlanName", "band", "status", "securityLevel", "security", "vlan"];

/// `GET /network-monitoring/v1/sites-health` and `sites-device-health` (`central.md §6.8`).
pub const CENTRAL_SITES_HEALTH: Grammar =
    Grammar { fields: Fields::Named(&[("siteId", Text, EQ_IN), ("siteName", Text, EQ_IN)]), ..CENTRAL };

/// `sort` of `GET /network-monitoring/v1/sites-health` (`central.md §6.8`).
pub const CENTRAL_SITES_HEALTH_SORT: &[&str] = &["siteName", "siteHealth", "deviceHealth", "clientHealth"];

/// `sort` of `GET /network-monitoring/v1/sites-device-health`, by HPE's monitoring.json.
pub const CENTRAL_SITES_DEVICE_HEALTH_SORT: &[&str] =
    &["siteName", "deviceHealth", "apHealth", "switchHealth", "gatewayHealth", "bridgeHealth"];

/// `GET /network-notifications/v1/alerts` (`central.md §6.9`); `category` and `deviceType` are in HPE's
/// notifications.json.
pub const CENTRAL_ALERTS: Grammar = Grammar {
    fields: Fields::Named(&[
        ("siteId", Text, EQ_IN),
        ("typeId", Text, EQ_IN),
        ("status", Text, EQ_IN),
        ("category", Text, EQ_IN),
        ("deviceType", Text, EQ_IN),
    ]),
    ..CENTRAL
};

/// `sort` of `GET /network-notifications/v1/alerts` (`central.md §6.9`).
pub const CENTRAL_ALERTS_SORT: &[&str] = &["createdAt", "severity", "status", "name", "priority"];

/// `GET /private-cloud-business/v1beta1/system-software-catalogs`: the fields of HPE's private-cloud-business.json,
/// whose samples have values with quotes and without. It names no operators; these are those of GLP.
pub const SOFTWARE_CATALOGS: Grammar = Grammar {
    fields: Fields::Named(&[
        ("eula", Text, ALL),
        ("createdAt", Instant, ALL),
        ("customerId", Text, ALL),
        ("generation", Number, ALL),
        ("id", Text, ALL),
        ("name", Text, ALL),
        ("resourceUri", Text, ALL),
        ("type", Text, ALL),
        ("updatedAt", Instant, ALL),
        ("hypervisor/name", Text, ALL),
        ("hypervisor/releaseDate", Text, ALL),
        ("hypervisor/releaseNotesUrl", Text, ALL),
        ("hypervisor/version", Text, ALL),
        ("releaseDate", Text, ALL),
        ("serverFirmware/name", Text, ALL),
        ("serverFirmware/releaseDate", Text, ALL),
        ("serverFirmware/releaseNotesUrl", Text, ALL),
        ("serverFirmware/version", Text, ALL),
        ("storageConnectionManager/name", Text, ALL),
        ("storageConnectionManager/releaseDate", Text, ALL),
        ("storageConnectionManager/releaseNotesUrl", Text, ALL),
        ("storageConnectionManager/version", Text, ALL),
        ("storageSoftware/name", Text, ALL),
        ("storageSoftware/releaseDate", Text, ALL),
        ("storageSoftware/releaseNotesUrl", Text, ALL),
        ("storageSoftware/version", Text, ALL),
        ("version", Text, ALL),
    ]),
    logic: true,
    null: true,
    numbers: Quotes::Either,
    bare_text: true,
    ..GLP
};

/// `GET /network-config/v1/sites` (parameter `filter`, `central.md §6.2`): only `eq`, joined by `and`.
pub const CENTRAL_SITES: Grammar = Grammar {
    fields: Fields::Named(&[
        ("scopeName", Text, EQ),
        ("address", Text, EQ),
        ("city", Text, EQ),
        ("state", Text, EQ),
        ("country", Text, EQ),
        ("zipcode", Text, EQ),
        ("collectionName", Text, EQ),
    ]),
    ..CENTRAL
};

/// `sort` of `GET /network-config/v1/sites`.
pub const CENTRAL_SITES_SORT: &[&str] = &[
    "scopeName",
    "address",
    "state",
    "country",
    "city",
    "deviceCount",
    "collectionName",
    "zipcode",
    "timezone",
    "longitude",
    "latitude",
];

/// `GET /network-config/v1/site-collections`, as for sites.
pub const CENTRAL_SITE_COLLECTIONS: Grammar =
    Grammar { fields: Fields::Named(&[("scopeName", Text, EQ), ("description", Text, EQ)]), ..CENTRAL };

/// `sort` of `GET /network-config/v1/site-collections`.
pub const CENTRAL_SITE_COLLECTIONS_SORT: &[&str] = &["scopeName", "description", "deviceCount", "siteCount"];

/// `GET /network-config/v1/device-groups`, as for sites.
pub const CENTRAL_DEVICE_GROUPS: Grammar =
    Grammar { fields: Fields::Named(&[("scopeName", Text, EQ)]), ..CENTRAL };

/// `sort` of `GET /network-config/v1/device-groups`.
pub const CENTRAL_DEVICE_GROUPS_SORT: &[&str] = &["scopeName", "deviceCount"];
