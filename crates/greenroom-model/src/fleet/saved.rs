//! The devices as a world file keeps them: shares, and what has changed since they were planted.

use std::collections::BTreeMap;

use jiff::Timestamp;
use smol_str::SmolStr;

use super::{Address, Fleet, Listed, Share, Tags, change::Change};
use crate::world::WorkspaceIx;

/// What has changed about a device. What is `None` has not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed<'f> {
    /// Its serial number.
    pub serial: SmolStr,
    /// What is said about one that was generated; all of it, if anything is.
    pub row: Option<&'f Listed>,
    /// Notes in Central; empty for none.
    pub notes: Option<&'f str>,
    /// Tags in GLP.
    pub tags: Option<&'f Tags>,
    /// Whether Central let it go.
    pub forgotten: bool,
    /// When GLP's record of it changed.
    pub updated_at: Option<Timestamp>,
}

impl Fleet {
    /// What `workspace` was given: planting it again gives the same devices as they were at first.
    pub fn share(&self, workspace: WorkspaceIx) -> Share {
        self.plot(workspace).map(|plot| plot.share()).unwrap_or_default()
    }

    /// What has changed about the devices of `workspace` since then.
    pub fn changed(&self, workspace: WorkspaceIx) -> impl Iterator<Item = Changed<'_>> {
        let mut changed: BTreeMap<Address, (Option<&Listed>, Option<&Change>)> = BTreeMap::new();
        let altered = self.plot(workspace).into_iter().flat_map(|plot| plot.altered());
        for (index, row) in altered {
            changed.entry(Address::new(workspace, index)).or_default().0 = Some(row);
        }
        for (address, change) in self.changes.range(Address::all_of(workspace)) {
            changed.entry(*address).or_default().1 = Some(change);
        }
        changed.into_iter().map(|(address, (row, change))| Changed {
            serial: self.at(address).serial(),
            row,
            notes: change.and_then(|change| change.notes.as_deref()),
            tags: change.and_then(|change| change.tags.as_deref()),
            forgotten: change.is_some_and(|change| change.forgotten),
            updated_at: change.and_then(|change| change.updated_at),
        })
    }
}
