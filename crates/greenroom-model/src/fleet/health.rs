//! How the devices of a workspace do, in numbers that agree with what each device says.

use super::{Device, change::Change};
use crate::scope::usual_group;

/// How a device does, as Central counts it for each tenant (`central.md §2`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It answers and all is well.
    Good,
    /// It answers, and something is wrong with it.
    Fair,
    /// It does not answer.
    Poor,
}

/// How many network devices of a workspace do well. Kept with the workspace, so that asking costs
/// nothing but what has changed since.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// On board, and well.
    pub good: u32,
    /// On board, and with something wrong.
    pub fair: u32,
    /// On board, and not answering.
    pub poor: u32,
    /// Assigned, and not on board.
    pub waiting: u32,
    /// How many sites there are.
    pub sites: u32,
    /// What each site has, by number, as far as any has something.
    at: Vec<At>,
    /// How many devices each group has, by number, as far as any has one.
    groups: Vec<u32>,
}

/// What a site has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct At {
    devices: u32,
    poor: u32,
}

impl Census {
    /// How many devices Central monitors.
    pub fn monitored(&self) -> u32 {
        self.good + self.fair + self.poor
    }

    /// How many sites have a poor device.
    pub fn degraded_sites(&self) -> u32 {
        self.at.iter().map(|at| u32::from(at.poor > 0)).sum()
    }

    /// Critical, major and minor alerts: one for each device that does not answer, has something wrong
    /// or was never brought on board. A rule of Greenroom's own: no source says what raises an alert.
    pub fn alerts(&self) -> [u32; 3] {
        [self.poor, self.fair, self.waiting]
    }

    /// How many devices are at the site of that number.
    pub(super) fn at_site(&self, number: u32) -> u32 {
        self.at.get(number as usize).map_or(0, |at| at.devices)
    }

    /// How many devices are in the group of that number.
    pub(super) fn in_group(&self, number: u32) -> u32 {
        self.groups.get(number as usize).copied().unwrap_or_default()
    }

    /// Counts a network device as it was before anything changed.
    pub(super) fn enter(&mut self, device: Device<'_>) {
        if let Some(site) = device.site_number() {
            place(&mut self.at, site).devices += 1;
        }
        if !device.was_provisioned() {
            self.waiting += 1;
            return;
        }
        *self.class(device) += 1;
        if let Some(group) = usual_group(device.kind()) {
            *place(&mut self.groups, group as usize) += 1;
        }
        if let Some(poor) = self.poor_with(device) {
            *poor += 1;
        }
    }

    /// Takes a network device out that was entered.
    pub(super) fn take_out(&mut self, device: Device<'_>) {
        if device.was_provisioned() {
            self.leave(device);
        }
        self.waiting -= 1;
        if let Some(site) = device.site_number() {
            place(&mut self.at, site).devices -= 1;
        }
        self.trim();
    }

    /// Takes back a device that was on board: it has left.
    pub(super) fn leave(&mut self, device: Device<'_>) {
        *self.class(device) -= 1;
        if let Some(poor) = self.poor_with(device) {
            *poor -= 1;
        }
        if let Some(group) = usual_group(device.kind()) {
            *place(&mut self.groups, group as usize) -= 1;
        }
        self.trim();
        self.waiting += 1;
    }

    /// Counts a device where it was put, no longer where it was, after it [left](Self::leave) if it did.
    pub(super) fn follow(&mut self, device: Device<'_>, change: &Change) {
        if let Some(to) = change.site.filter(|_| device.assigned()) {
            let poor = u32::from(device.health() == Some(Health::Poor));
            if let Some(from) = device.site_number() {
                let at = place(&mut self.at, from);
                (at.devices, at.poor) = (at.devices - 1, at.poor - poor);
            }
            if let Some(to) = to {
                let at = place(&mut self.at, to as usize);
                (at.devices, at.poor) = (at.devices + 1, at.poor + poor);
            }
        }
        if let Some(to) = change.group.filter(|_| device.provisioned()) {
            if let Some(from) = usual_group(device.kind()) {
                *place(&mut self.groups, from as usize) -= 1;
            }
            if let Some(to) = to {
                *place(&mut self.groups, to as usize) += 1;
            }
        }
        self.trim();
    }

    /// Counts nothing at a site that is gone.
    pub(super) fn close(&mut self, number: u32) {
        if let Some(at) = self.at.get_mut(number as usize) {
            *at = At::default();
        }
        self.trim();
    }

    /// Two that count the same are the same.
    fn trim(&mut self) {
        while self.at.last() == Some(&At::default()) {
            self.at.pop();
        }
        while self.groups.last() == Some(&0) {
            self.groups.pop();
        }
    }

    fn class(&mut self, device: Device<'_>) -> &mut u32 {
        match device.first_health() {
            Health::Good => &mut self.good,
            Health::Fair => &mut self.fair,
            Health::Poor => &mut self.poor,
        }
    }

    /// The poor devices at the site of a poor device.
    fn poor_with(&mut self, device: Device<'_>) -> Option<&mut u32> {
        let site = device.site_number().filter(|_| device.first_health() == Health::Poor)?;
        Some(&mut place(&mut self.at, site).poor)
    }
}

/// The count of that number.
fn place<T: Clone + Default>(counts: &mut Vec<T>, number: usize) -> &mut T {
    if counts.len() <= number {
        counts.resize(number + 1, T::default());
    }
    &mut counts[number]
}
