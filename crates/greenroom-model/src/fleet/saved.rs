//! The devices as a world file keeps them: shares, and what has changed since they were planted.

use std::collections::BTreeMap;

use jiff::Timestamp;
use smol_str::SmolStr;

use super::{Address, Application, Contact, Fleet, Held, Listed, Share, Tags, change::Change};
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
    /// Whether it is put away.
    pub archived: bool,
    /// The id of its location.
    pub location: Option<&'f str>,
    /// Who is to be asked about it.
    pub contact: Option<&'f Contact>,
    /// The service that it was assigned to, if that is not Central in the usual region.
    pub application: Option<&'f Application>,
    /// The subscription that it uses, or that it uses none.
    pub subscription: Option<Option<&'f Held>>,
    /// The number of the site it was put into, or that it was put into none.
    pub put_at_site: Option<Option<u32>>,
    /// The number of the device group it was put into, or that it was put into none.
    pub put_in_group: Option<Option<u32>>,
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
            archived: change.is_some_and(|change| change.archived),
            location: change.and_then(|change| change.location.as_deref()),
            contact: change.and_then(|change| change.contact.as_deref()),
            application: change.and_then(|change| change.application.as_deref()),
            subscription: change
                .and_then(|change| change.subscription.as_ref())
                .map(|subscription| subscription.as_deref()),
            put_at_site: change.and_then(|change| change.site),
            put_in_group: change.and_then(|change| change.group),
            updated_at: change.and_then(|change| change.updated_at),
        })
    }
}
