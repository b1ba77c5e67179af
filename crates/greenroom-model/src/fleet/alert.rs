//! Alerts: one for each network device that does not answer, has something wrong or never came on board, as
//! [`Census::alerts`](super::Census::alerts) counts them.

use jiff::Timestamp;
use smol_str::{SmolStr, format_smolstr};
use uuid::Uuid;

use super::{Device, Health};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The device does not answer.
    Critical,
    /// Something is wrong with it.
    Major,
    /// It was never brought on board.
    Minor,
}

impl Severity {
    /// `severity`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Critical => "Critical",
            Self::Major => "Major",
            Self::Minor => "Minor",
        }
    }

    /// `priority`. The sample of HPE's file has "Very High" for Critical and "Medium" for Minor.
    pub fn priority(self) -> &'static str {
        match self {
            Self::Critical => "Very High",
            Self::Major => "High",
            Self::Minor => "Medium",
        }
    }

    /// `typeId`. Which numbers Central gives is not documented.
    pub fn type_id(self) -> &'static str {
        match self {
            Self::Critical => "1",
            Self::Major => "2",
            Self::Minor => "3",
        }
    }

    /// `name`. Which names Central gives is documented by two samples of other alerts.
    pub fn title(self) -> &'static str {
        match self {
            Self::Critical => "Device Offline",
            Self::Major => "Device Degraded",
            Self::Minor => "Device Not Provisioned",
        }
    }
}

/// What is wrong with a device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alert<'f> {
    /// The device.
    pub device: Device<'f>,
    /// How bad it is.
    pub severity: Severity,
}

impl<'f> Device<'f> {
    /// What is wrong with a device that is assigned to Central, if anything is.
    pub fn alert(&self) -> Option<Alert<'f>> {
        let severity = match self.health() {
            Some(Health::Good) => return None,
            Some(Health::Fair) => Severity::Major,
            Some(Health::Poor) => Severity::Critical,
            None => Severity::Minor,
        };
        self.assigned().then_some(Alert { device: *self, severity })
    }
}

impl Alert<'_> {
    /// Two numbers and a colon, as in HPE's sample.
    pub fn id(&self) -> SmolStr {
        format_smolstr!("{}:{}", self.severity.type_id(), self.device.scope_id())
    }

    /// `key`: what alerts of this kind about this device have in common.
    pub fn key(&self) -> Uuid {
        self.device.fleet.seed.uuid("alert", self.severity.type_id(), self.device.address.0)
    }

    /// When it was raised: what is wrong with a device has been since it was added.
    pub fn created_at(&self) -> Timestamp {
        self.device.created_at()
    }

    /// A sentence about it.
    pub fn summary(&self) -> String {
        let (name, serial) = (self.device.name(), self.device.serial());
        match self.severity {
            Severity::Critical => format!("{name} ({serial}) does not answer."),
            Severity::Major => format!("Something is wrong with {name} ({serial})."),
            Severity::Minor => format!("{name} ({serial}) was assigned and never came on board."),
        }
    }
}
