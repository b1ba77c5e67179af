//! Central's scopes as values: sites, site collections, device groups and what is assigned to them
//! (`central.md §6.2`).
//!
//! The sites and groups that a workspace begins with follow from its share and the seed and cost no rows.
//! What was said about scopes since is an overlay of as many rows as scopes have changed. Each kind counts its
//! own from 0; a number is never given twice.

use std::sync::Arc;

use rpds::{RedBlackTreeMapSync, RedBlackTreeSetSync};
use smol_str::SmolStr;

use crate::{
    fleet::{DeviceType, MOST_DEVICES},
    id::Seed,
    world::WorkspaceIx,
};

/// How many scopes of each kind a workspace can ever have: sixteen bits of an id. Deleted ones count.
pub const MOST_SCOPES: u32 = 1 << 16;

/// How many profiles can be assigned in a workspace: a bound of Greenroom's own.
pub const MOST_MAPPINGS: usize = 10_000;

/// The longest text of a scope: a bound of Greenroom's own.
pub const LONGEST: usize = 256;

/// One scope of a workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// The whole of it: `org` on the wire.
    Global,
    /// A site collection.
    Collection(u32),
    /// A site.
    Site(u32),
    /// A device group.
    Group(u32),
    /// A device, by its index.
    Device(u32),
}

const GLOBAL: u64 = 1_000_001;
const FIRST_SITES: u64 = 10_000_001;
const FIRST_GROUPS: u64 = 20_000_001;
const DEVICES: u64 = 30_000_000;
const SITES: u64 = 2_000_000_000_000;
const COLLECTIONS: u64 = 3_000_000_000_000;
const GROUPS: u64 = 4_000_000_000_000;

/// How many groups every workspace begins with: one a type of device.
pub const FIRST: u32 = 3;

impl Scope {
    /// Its id, decimal on the wire; pycentral turns it into an integer (`central.md §6.2`). Those of the first two
    /// sites of each workspace and of the first groups are short, those behind all devices there can be are not.
    pub fn id(self, workspace: WorkspaceIx) -> u64 {
        let workspace = workspace.0 as u64;
        let far = |base: u64, number: u32| base + (workspace << 16) + u64::from(number);
        match self {
            Self::Global => GLOBAL + workspace,
            Self::Site(number @ (0 | 1)) => FIRST_SITES + workspace * 2 + u64::from(number),
            Self::Site(number) => far(SITES, number),
            Self::Collection(number) => far(COLLECTIONS, number),
            Self::Group(number @ 0..FIRST) => FIRST_GROUPS + u64::from(number),
            Self::Group(number) => far(GROUPS, number),
            Self::Device(index) => DEVICES + (workspace << 24) + u64::from(index),
        }
    }

    /// The scope that would have this id in `workspace`, whether it is there or not.
    pub fn of_id(workspace: WorkspaceIx, id: u64) -> Option<Self> {
        let own = workspace.0 as u64;
        let number = |first: u64, most: u32| {
            let number: u32 = id.checked_sub(first)?.try_into().ok()?;
            (number < most).then_some(number)
        };
        let far = |base: u64| number(base + (own << 16), MOST_SCOPES);
        let found = match id {
            COLLECTIONS..GROUPS => Self::Collection(far(COLLECTIONS)?),
            GROUPS.. => Self::Group(far(GROUPS)?),
            SITES..COLLECTIONS => Self::Site(far(SITES)?),
            DEVICES..SITES => Self::Device(number(DEVICES + (own << 24), MOST_DEVICES)?),
            FIRST_GROUPS..DEVICES => Self::Group((id - FIRST_GROUPS).try_into().ok()?),
            FIRST_SITES..FIRST_GROUPS => Self::Site(id.checked_sub(FIRST_SITES + own * 2)?.try_into().ok()?),
            _ => Self::Global,
        };
        // Only what leads back is an id of this workspace.
        (found.id(workspace) == id).then_some(found)
    }
}

/// A site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SiteRow {
    /// `scopeName`, one of its kind in a workspace.
    pub name: SmolStr,
    /// `address`: the street.
    pub address: SmolStr,
    /// `city`.
    pub city: SmolStr,
    /// `state`.
    pub state: SmolStr,
    /// `country`.
    pub country: SmolStr,
    /// `zipcode`.
    pub zipcode: SmolStr,
    /// `latitude` and `longitude`, in digits.
    pub place: Option<[SmolStr; 2]>,
    /// `timezone`.
    pub timezone: Timezone,
    /// The number of the collection that it was put into, which may be gone.
    pub collection: Option<u32>,
}

/// The time zone of a site (`central.md §6.2`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timezone {
    /// `timezoneId`: `Europe/Berlin`.
    pub id: SmolStr,
    /// `timezoneName`: what it is called.
    pub name: SmolStr,
    /// `rawOffset`, in the unit in which it was sent: sources speak of seconds, pycentral sends milliseconds
    /// (`central.md §8` row 18).
    pub offset: i32,
}

/// A site collection or a device group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// `scopeName`, one of its kind in a workspace.
    pub name: SmolStr,
    /// `description`; empty for none.
    pub description: SmolStr,
}

/// A configuration profile that is assigned to a scope for one kind of device (`central.md §6.2`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mapping {
    /// The scope.
    pub scope: Scope,
    /// `persona`: `CAMPUS_AP`.
    pub persona: SmolStr,
    /// `resource`: the profile.
    pub resource: SmolStr,
}

/// What was said about the scopes of one workspace. A row that is `None` was deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes {
    /// Sites, by number.
    pub sites: RedBlackTreeMapSync<u32, Option<Arc<SiteRow>>>,
    /// Site collections, by number.
    pub collections: RedBlackTreeMapSync<u32, Option<Arc<Named>>>,
    /// Device groups, by number.
    pub groups: RedBlackTreeMapSync<u32, Option<Arc<Named>>>,
    /// Assigned profiles.
    pub maps: RedBlackTreeSetSync<Mapping>,
}

/// The number after the last of an overlay, or `first` if nothing comes after that.
pub(crate) fn next<T>(rows: &RedBlackTreeMapSync<u32, T>, first: u32) -> u32 {
    rows.last().map_or(first, |(number, _)| first.max(number + 1))
}

/// The group that a device belongs to of which nothing else is said.
pub(crate) fn usual_group(kind: DeviceType) -> Option<u32> {
    match kind {
        DeviceType::AccessPoint => Some(0),
        DeviceType::Switch => Some(1),
        DeviceType::Gateway => Some(2),
        DeviceType::Compute | DeviceType::Storage => None,
    }
}

/// The name of one of the groups that every workspace begins with.
pub(crate) fn usual_group_name(number: u32) -> Option<&'static str> {
    ["aps", "switches", "gateways"].get(number as usize).copied()
}

/// Street, city, state, country, postal code, latitude and longitude; id, name and offset of the time zone.
type Place = ([&'static str; 7], (&'static str, &'static str, i32));

/// Places where sites are of which only the name is known: what pycentral checks against ISO 3166 is in it.
const PLACES: [Place; 4] = [
    (
        ["1 Example Way", "San Jose", "California", "United States", "95110", "37.3382", "-121.8863"],
        ("America/Los_Angeles", "Pacific Standard Time", -28_800),
    ),
    (
        ["2 Sample Street", "Austin", "Texas", "United States", "78701", "30.2672", "-97.7431"],
        ("America/Chicago", "Central Standard Time", -21_600),
    ),
    (
        ["3 Musterweg", "Berlin", "Berlin", "Germany", "10115", "52.5323", "13.3846"],
        ("Europe/Berlin", "Central European Standard Time", 3_600),
    ),
    (
        ["4 Specimen Road", "Sydney", "New South Wales", "Australia", "2000", "-33.8688", "151.2093"],
        ("Australia/Sydney", "Australian Eastern Standard Time", 36_000),
    ),
];

impl SiteRow {
    /// What a site is like of which only the name is known.
    pub(crate) fn generated(seed: Seed, workspace: WorkspaceIx, number: u32, name: &SmolStr) -> Self {
        let luck = seed.uuid("site", &Scope::Site(number).id(workspace).to_string(), 0).as_u128();
        let ([address, city, state, country, zipcode, latitude, longitude], zone) =
            PLACES[(luck % PLACES.len() as u128) as usize];
        let text = SmolStr::new_static;
        Self {
            name: name.clone(),
            address: text(address),
            city: text(city),
            state: text(state),
            country: text(country),
            zipcode: text(zipcode),
            place: Some([text(latitude), text(longitude)]),
            timezone: Timezone { id: text(zone.0), name: text(zone.1), offset: zone.2 },
            collection: None,
        }
    }
}

impl Default for Timezone {
    /// That of a site of which none was said.
    fn default() -> Self {
        let [id, name] = ["UTC", "Coordinated Universal Time"].map(SmolStr::new_static);
        Self { id, name, offset: 0 }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ids_lead_back_and_to_one_workspace_only(
            workspace in 0usize..1 << 16, other in 0usize..1 << 16, number in 0..MOST_SCOPES,
        ) {
            let (workspace, other) = (WorkspaceIx(workspace), WorkspaceIx(other));
            for scope in [
                Scope::Global,
                Scope::Collection(number),
                Scope::Site(number),
                Scope::Site(number % 3),
                Scope::Group(number),
                Scope::Group(number % 4),
                Scope::Device(number << 8),
            ] {
                let id = scope.id(workspace);
                prop_assert_eq!(Scope::of_id(workspace, id), Some(scope));
                let shared = matches!(scope, Scope::Group(0..FIRST));
                if workspace != other && !shared {
                    prop_assert_eq!(Scope::of_id(other, id), None, "{:?}", scope);
                }
            }
        }

        #[test]
        fn what_is_no_id_leads_nowhere(workspace in 0usize..1 << 16, id in any::<u64>()) {
            let workspace = WorkspaceIx(workspace);
            if let Some(scope) = Scope::of_id(workspace, id) {
                prop_assert_eq!(scope.id(workspace), id);
            }
        }
    }
}
