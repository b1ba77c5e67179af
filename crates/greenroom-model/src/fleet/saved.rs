//! The devices as a world file keeps them: shares, and what has changed since they were planted.

use std::sync::Arc;

use jiff::Timestamp;
use smol_str::SmolStr;

use super::{Address, Fleet, Share, Tags};
use crate::world::WorkspaceIx;

/// What has changed about a device. What is `None` has not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed<'f> {
    /// Its serial number.
    pub serial: SmolStr,
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
        self.changes.range(Address::all_of(workspace)).map(|(&address, change)| Changed {
            serial: self.at(address).serial(),
            notes: change.notes.as_deref(),
            tags: change.tags.as_deref(),
            forgotten: change.forgotten,
            updated_at: change.updated_at,
        })
    }

    /// Lets that happen again. A device that Central never had on board cannot be let go. Whether
    /// `workspace` has the device.
    pub fn resume(
        &mut self,
        workspace: WorkspaceIx,
        serial: &str,
        notes: Option<SmolStr>,
        tags: Option<Tags>,
        forgotten: bool,
        updated_at: Option<Timestamp>,
    ) -> bool {
        let Some(device) = self.by_serial(serial).filter(|device| device.workspace() == workspace) else {
            return false;
        };
        let (address, provisioned) = (device.address, device.was_provisioned());
        self.alter(address, |change| {
            change.notes = notes;
            change.tags = tags.map(Arc::new);
            change.forgotten = forgotten && provisioned;
            change.updated_at = updated_at;
        });
        true
    }
}
