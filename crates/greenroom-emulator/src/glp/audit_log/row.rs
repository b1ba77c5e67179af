//! What the audit log shows of a line, in either version.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use greenroom_model::{
    access::Service,
    audit::{Line, Lines},
    filter::Field,
    id::Seed,
    sample::REGION,
    tenancy::WorkspaceKind,
    world::{WorkspaceIx, World},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::table;

/// Which of the two shapes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    V1,
    V2Beta1,
}

/// The members that `select` of version 1 may name. HPE's page lists them, of which we have no more than the
/// beginning (`additionalInfo`, `createdAt`), so all of them.
pub(super) const V1_MEMBERS: &[&str] = &[
    "id",
    "type",
    "user",
    "application",
    "region",
    "category",
    "description",
    "workspace",
    "createdAt",
    "updatedAt",
    "additionalInfo",
    "hasDetails",
    "generation",
];

/// The members that `select` of the second beta may name. `id` and `type` are shown in any case: they are
/// required and not on its list.
pub(super) const V2BETA1_MEMBERS: &[&str] = &[
    "serviceOffer",
    "createdAt",
    "category",
    "hasDetails",
    "workspace",
    "description",
    "username",
    "ipAddress",
    "additionalInfo",
];

/// Where the platform itself is, in the second beta.
pub(super) const PLATFORM_REGION: &str = "global";

/// Everybody calls from here, whatever the connection says: a log does not depend on where it was made.
const ADDRESS: &str = "127.0.0.1";

/// What all rows of a list have in common.
pub(super) struct Teller {
    version: Version,
    seed: Seed,
    workspace_id: String,
    workspace_name: String,
    workspace_type: &'static str,
    /// The ids of the services, as text, and where they are for this workspace.
    services: [(Service, String, &'static str); 4],
}

impl Teller {
    pub(super) fn new(world: &World, of: WorkspaceIx, version: Version) -> Self {
        let workspace = world.workspace(of);
        let id = |service| match service {
            // The platform is all zeros (glp.md §7.1).
            Service::Platform => Uuid::nil(),
            other => World::service_manager(other),
        };
        Self {
            version,
            seed: world.seed,
            workspace_id: workspace.id.plain(),
            workspace_name: workspace.name.clone(),
            workspace_type: match workspace.kind {
                WorkspaceKind::Standard => "STANDALONE",
                WorkspaceKind::Msp => "MSP",
                WorkspaceKind::Tenant { .. } => "TENANT",
            },
            services: Service::ALL.map(|service| {
                // "Region where it is provisioned" (HPE's audit-logs.json, `serviceOffer`).
                let mut there = world.provisions(of).filter(|it| it.status.is_usable());
                let there = there.find(|it| it.service_manager == id(service));
                (service, id(service).to_string(), there.map_or(REGION, |it| it.region))
            }),
        }
    }

    /// The id of a line: a UUID in version 1, 20 characters in the second beta.
    pub(super) fn id(&self, line: &Line) -> String {
        match self.version {
            Version::V1 => self.seed.uuid("audit", "", line.ordinal).to_string(),
            Version::V2Beta1 => {
                URL_SAFE_NO_PAD.encode(&self.seed.bytes("audit-v2beta1", "", line.ordinal)[..15])
            }
        }
    }

    pub(super) fn row<'a>(&'a self, lines: &'a Lines, line: &'a Line) -> Row<'a> {
        Row { teller: self, line, author: lines.author(line) }
    }
}

/// One row.
pub(super) struct Row<'a> {
    teller: &'a Teller,
    line: &'a Line,
    author: &'a str,
}

impl Row<'_> {
    /// Which line of all it is.
    pub(super) fn nth(&self) -> u64 {
        self.line.ordinal
    }

    /// Whether it happened at the platform itself.
    pub(super) fn is_platforms(&self) -> bool {
        self.line.service == Service::Platform
    }

    /// Whether some member of it has `text`, which is in lower case.
    pub(super) fn has(&self, text: &str) -> bool {
        let texts = [
            self.author,
            &self.line.category,
            &self.line.description,
            &self.teller.workspace_name,
            self.region(),
            ADDRESS,
        ];
        texts.iter().any(|member| member.to_lowercase().contains(text))
    }

    /// The id of the service it happened at, and where that is.
    fn service(&self) -> (&str, &'static str) {
        let mut services = self.teller.services.iter();
        let found = services.find(|(service, ..)| *service == self.line.service);
        found.map_or(("", REGION), |(_, id, region)| (id, *region))
    }

    fn service_id(&self) -> &str {
        self.service().0
    }

    /// Version 1 has a region of the cloud also at the platform itself (its sample).
    fn region(&self) -> &'static str {
        match self.teller.version {
            Version::V2Beta1 if self.is_platforms() => PLATFORM_REGION,
            _ => self.service().1,
        }
    }

    fn has_details(&self) -> bool {
        !self.line.details.is_empty()
    }

    pub(super) fn json(&self) -> Value {
        let Self { teller, line, author } = self;
        let id = teller.id(line);
        match teller.version {
            // Whole seconds, unlike the other services (glp.md §10 row 25).
            Version::V1 => {
                let at = line.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
                json!({
                    "id": id,
                    "type": "/audit-log/logs",
                    "user": {"username": author},
                    "application": {"id": self.service_id()},
                    "region": self.region(),
                    "category": line.category,
                    "description": line.description,
                    "workspace": {"id": teller.workspace_id, "workspaceName": teller.workspace_name},
                    "createdAt": at,
                    "updatedAt": at,
                    "additionalInfo": {"ipAddress": ADDRESS},
                    "hasDetails": self.has_details(),
                    "generation": 1,
                })
            }
            // `additionalInfo` is about servers only, and left out elsewhere, as in the second sample.
            Version::V2Beta1 => json!({
                "id": id,
                "type": "/audit-log/log",
                "serviceOffer": {
                    "id": self.service_id(),
                    "name": service_name(line.service),
                    "region": self.region(),
                },
                "username": author,
                "category": line.category,
                "description": line.description,
                "workspace": {
                    "id": teller.workspace_id,
                    "name": teller.workspace_name,
                    "type": teller.workspace_type,
                },
                "createdAt": line.at.strftime("%Y-%m-%dT%H:%M:%S.0Z").to_string(),
                "ipAddress": ADDRESS,
                "hasDetails": self.has_details(),
            }),
        }
    }

    /// What there is to say besides, if there is something.
    pub(super) fn details(&self) -> Option<Value> {
        let kind = match self.teller.version {
            Version::V1 => "audit_details",
            Version::V2Beta1 => "/audit-log/log/details",
        };
        self.has_details().then(|| {
            json!({
                "id": self.teller.id(self.line),
                "type": kind,
                "header": self.line.description,
                "body": self.line.details,
            })
        })
    }
}

/// The platform is spelt so in HPE's sample.
fn service_name(service: Service) -> &'static str {
    match service {
        Service::Platform => "HPE Greenlake Platform",
        Service::Central | Service::Classic => "Aruba Central",
        Service::DataServices => "Data Services",
    }
}

impl table::Row for Row<'_> {
    /// By the names of both grammars, which share no name for two things.
    fn field(&self, name: &str) -> Field<'_> {
        match name {
            "createdAt" => Field::Instant(self.line.at),
            "category" => Field::Text(&self.line.category),
            "description" => Field::Text(&self.line.description),
            "additionalInfo/ipAddress" | "ipAddress" => Field::Text(ADDRESS),
            "user/username" | "username" => Field::Text(self.author),
            "workspace/workspaceName" | "workspace/name" => Field::Text(&self.teller.workspace_name),
            "workspace/type" => Field::Text(self.teller.workspace_type),
            "application/id" | "serviceOffer/id" => Field::Text(self.service_id()),
            "region" => Field::Text(self.region()),
            "hasDetails" => Field::Truth(self.has_details()),
            _ => Field::Null,
        }
    }
}
