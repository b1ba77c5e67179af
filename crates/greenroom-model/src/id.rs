//! Identifiers, and how they follow from the seed.
//!
//! Ids come from `hash(seed, kind, parent, ordinal)`, never from a shared random stream, so that
//! one request cannot shift the ids that another one will see.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::{Builder, Uuid};

/// The seed of a world: everything that looks random follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seed(pub u64);

impl Seed {
    /// Thirty-two bytes that depend on the seed and all arguments, and on nothing else.
    pub fn bytes(self, kind: &str, parent: &str, ordinal: u64) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.0.to_le_bytes());
        for part in [kind, parent] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        hash.update(ordinal.to_le_bytes());
        hash.finalize().into()
    }

    /// A number that depends on the seed and all arguments.
    pub fn number(self, kind: &str, parent: &str, ordinal: u64) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.bytes(kind, parent, ordinal);
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }

    /// A UUID of random layout (version 4).
    pub fn uuid(self, kind: &str, parent: &str, ordinal: u64) -> Uuid {
        Builder::from_random_bytes(self.sixteen(kind, parent, ordinal)).into_uuid()
    }

    /// A UUID of version 1 layout, as workspace ids and client secrets have (`glp.md §2.3`).
    pub fn uuid_v1(self, kind: &str, parent: &str, ordinal: u64) -> Uuid {
        let mut bytes = self.sixteen(kind, parent, ordinal);
        bytes[6] = 0x11;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        Uuid::from_bytes(bytes)
    }

    fn sixteen(self, kind: &str, parent: &str, ordinal: u64) -> [u8; 16] {
        let mut half = [0; 16];
        half.copy_from_slice(&self.bytes(kind, parent, ordinal)[..16]);
        half
    }
}

/// A workspace id. HPE writes it with dashes in APIs and without in token URLs and claims.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkspaceId(pub Uuid);

impl WorkspaceId {
    /// The 32 hex digits without dashes: token URLs, claims, `platform_customer_id`.
    pub fn plain(self) -> String {
        self.0.simple().to_string()
    }
}

/// Text that is no workspace id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a workspace id: 32 hex digits, with or without dashes")]
pub struct NotAWorkspaceId(pub String);

impl FromStr for WorkspaceId {
    type Err = NotAWorkspaceId;

    fn from_str(text: &str) -> Result<Self, NotAWorkspaceId> {
        parse_uuid(text).map(Self).ok_or_else(|| NotAWorkspaceId(text.to_owned()))
    }
}

/// Reads a UUID in its dashed or its plain form, in any case; nothing else.
pub fn parse_uuid(text: &str) -> Option<Uuid> {
    matches!(text.len(), 32 | 36).then(|| Uuid::try_parse(text).ok()).flatten()
}

impl fmt::Display for WorkspaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl fmt::Debug for WorkspaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for WorkspaceId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for WorkspaceId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_depend_on_every_argument() {
        let seed = Seed(1);
        let base = seed.uuid("device", "acme", 1);
        assert_eq!(base, seed.uuid("device", "acme", 1));
        for other in [
            Seed(2).uuid("device", "acme", 1),
            seed.uuid("devicea", "cme", 1),
            seed.uuid("device", "acme", 2),
        ] {
            assert_ne!(base, other);
        }
        assert_eq!(seed.uuid_v1("workspace", "", 0).get_version_num(), 1);
    }

    #[test]
    fn workspace_ids_are_read_in_both_forms_and_any_case() {
        let dashed = "7c1de0a2-5b3f-11ee-86a1-9d42f7b35e60";
        let id: WorkspaceId = dashed.parse().unwrap();
        assert_eq!(id.to_string(), dashed);
        assert_eq!(id.plain().to_uppercase().parse(), Ok(id));
        for bad in ["", "7c1de0a2", "urn:uuid:7c1de0a2-5b3f-11ee-86a1-9d42f7b35e60", &"z".repeat(32)] {
            assert!(bad.parse::<WorkspaceId>().is_err(), "{bad}");
        }
    }
}
