//! How the devices of a workspace do, in numbers that agree with what each device says.

use super::Device;

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
    /// How many poor devices each site has, as far as any has.
    poor_at: Vec<u32>,
}

impl Census {
    /// How many devices Central monitors.
    pub fn monitored(&self) -> u32 {
        self.good + self.fair + self.poor
    }

    /// How many sites have a poor device.
    pub fn degraded_sites(&self) -> u32 {
        self.poor_at.iter().map(|poor| u32::from(*poor > 0)).sum()
    }

    /// Critical, major and minor alerts: one for each device that does not answer, has something wrong
    /// or was never brought on board. A rule of Greenroom's own: no source says what raises an alert.
    pub fn alerts(&self) -> [u32; 3] {
        [self.poor, self.fair, self.waiting]
    }

    /// Counts a network device as it was before anything changed.
    pub(super) fn enter(&mut self, device: Device<'_>) {
        if !device.was_provisioned() {
            self.waiting += 1;
            return;
        }
        *self.class(device) += 1;
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
    }

    /// Takes back a device that was on board: it has left.
    pub(super) fn leave(&mut self, device: Device<'_>) {
        *self.class(device) -= 1;
        if let Some(poor) = self.poor_with(device) {
            *poor -= 1;
        }
        while self.poor_at.last() == Some(&0) {
            self.poor_at.pop();
        }
        self.waiting += 1;
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
        if self.poor_at.len() <= site {
            self.poor_at.resize(site + 1, 0);
        }
        self.poor_at.get_mut(site)
    }
}
