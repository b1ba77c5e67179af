//! Who sees which devices, and what may be done to them.

pub mod orders;

use std::sync::Arc;

use uuid::Uuid;

use crate::{
    fleet::{Device, FleetError, Listed, Share},
    tenancy::{Ownership, WorkspaceKind},
    world::{WorkspaceIx, World},
};

impl World {
    /// Gives a workspace its devices, once.
    pub fn plant(&mut self, workspace: WorkspaceIx, share: impl Into<Share>) -> Result<(), FleetError> {
        Arc::make_mut(&mut self.fleet).plant(workspace, share)
    }

    /// Adds one device to a workspace, or changes nothing. Gives its index.
    pub fn add_device(&mut self, workspace: WorkspaceIx, device: Listed) -> Result<u32, FleetError> {
        Arc::make_mut(&mut self.fleet).add(workspace, device)
    }

    /// The devices that GLP shows to a workspace, in the order in which it shows them: how many of which
    /// workspace. Its own, and for an MSP those of the tenants whose inventory it owns.
    pub fn visible_devices(&self, to: WorkspaceIx) -> Vec<(WorkspaceIx, u32)> {
        let owned = self.each_tenant(to).filter(|(_, _, ownership)| *ownership == Ownership::Msp);
        let visible = std::iter::once(to).chain(owned.map(|(ix, ..)| ix));
        visible.map(|ix| (ix, self.fleet.count(ix))).collect()
    }

    /// The device of that GLP id, if GLP shows it to `to`.
    pub fn visible_device(&self, to: WorkspaceIx, id: Uuid) -> Option<Device<'_>> {
        self.fleet.by_id(id).filter(|device| self.sees_devices(to, device.workspace()))
    }

    /// Whether GLP shows the devices of `of` to `to`.
    pub fn sees_devices(&self, to: WorkspaceIx, of: WorkspaceIx) -> bool {
        let owned = WorkspaceKind::Tenant { msp: to, ownership: Ownership::Msp };
        to == of || (self.manages(to, of) && self.workspace(of).kind == owned)
    }

    /// `management` of the devices of a workspace: who manages them, nobody if the workspace stands
    /// alone (`glp.md §6.2`).
    pub fn management(&self, of: WorkspaceIx) -> Option<&'static str> {
        match self.workspace(of).kind {
            WorkspaceKind::Standard => None,
            WorkspaceKind::Msp | WorkspaceKind::Tenant { ownership: Ownership::Msp, .. } => Some("MSP"),
            WorkspaceKind::Tenant { ownership: Ownership::Customer, .. } => Some("TENANT"),
        }
    }

    /// Sets the notes of a device that Central monitors for a workspace; empty ones delete them
    /// (`central.md §1.3`). Whether there is such a device.
    pub fn set_device_notes(&mut self, workspace: WorkspaceIx, serial: &str, notes: &str) -> bool {
        Arc::make_mut(&mut self.fleet).set_notes(workspace, serial, notes)
    }

    /// Central lets go of a device (`central.md §1.3`). Whether it monitored it for that workspace.
    pub fn forget_device(&mut self, workspace: WorkspaceIx, serial: &str) -> bool {
        Arc::make_mut(&mut self.fleet).forget(workspace, serial)
    }
}
