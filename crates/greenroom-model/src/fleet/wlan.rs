//! Wireless networks, the radios of access points, and which of them offers what.
//!
//! Which networks there are is a rule of Greenroom's own; HPE's files say what is told of one
//! (`central.md §6.9`).

use smol_str::SmolStr;

use super::{Device, DeviceType};

/// A range of frequencies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Band {
    /// 2.4 GHz.
    Two,
    /// 5 GHz.
    Five,
    /// 6 GHz.
    Six,
}

impl Band {
    /// As networks and radios write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Two => "2.4 GHz",
            Self::Five => "5 GHz",
            Self::Six => "6 GHz",
        }
    }

    /// As clients write it (`central.md §6.7`).
    pub fn of_client(self) -> &'static str {
        match self {
            Self::Two => "2.4GHZ",
            Self::Five => "5GHZ",
            Self::Six => "6GHZ",
        }
    }

    /// The channel that every radio of the band uses.
    pub fn channel(self) -> &'static str {
        match self {
            Self::Two => "6",
            Self::Five => "36",
            Self::Six => "37",
        }
    }
}

/// A wireless network.
#[derive(Debug, PartialEq, Eq)]
pub struct Wlan {
    /// Its name.
    pub name: &'static str,
    /// `securityLevel`.
    pub level: &'static str,
    /// `security`.
    pub security: &'static str,
    /// The number of its VLAN.
    pub vlan: &'static str,
    /// The bands that it is offered on.
    pub bands: &'static [Band],
    /// The `role` of its clients.
    pub role: &'static str,
    /// How they show who they are: `authenticationType`.
    pub authentication: &'static str,
    /// `keyManagement` of its clients.
    pub keys: &'static str,
}

/// Every network there may be, in the order of their names.
pub static WLANS: [Wlan; 3] = [
    Wlan {
        name: "corporate",
        level: "Enterprise",
        security: "WPA2-Enterprise",
        vlan: "10",
        bands: &[Band::Five, Band::Six],
        role: "employee",
        authentication: "802.1X",
        keys: "WPA2_AES",
    },
    Wlan {
        name: "guest",
        level: "Captive Portal",
        security: "Open",
        vlan: "20",
        bands: &[Band::Two, Band::Five],
        role: "guest",
        authentication: "Captive Portal",
        keys: "OPEN",
    },
    Wlan {
        name: "things",
        level: "Personal",
        security: "WPA2-Personal",
        vlan: "30",
        bands: &[Band::Two],
        role: "thing",
        authentication: "PSK",
        keys: "WPA2_PSK",
    },
];

impl Wlan {
    /// Its bands, as one text.
    pub fn band(&self) -> String {
        self.bands.iter().map(|band| band.name()).collect::<Vec<_>>().join(", ")
    }
}

impl<'f> Device<'f> {
    /// The networks that an access point on board offers: two of them everywhere, the third at every other.
    pub fn wlans(&self) -> impl Iterator<Item = &'static Wlan> + use<'f> {
        let offers = self.kind() == DeviceType::AccessPoint && self.provisioned();
        let count = if !offers { 0 } else { 3 - (self.index() as usize & 1) };
        WLANS[..count].iter()
    }

    /// Number and band of each radio of an access point. The models of the 600 and 700 series have 6 GHz.
    pub fn radios(&self) -> impl Iterator<Item = (u8, Band)> + use<'f> {
        let six = self.model().strip_prefix("AP-").is_some_and(|series| series.starts_with(['6', '7']));
        let count = if self.kind() == DeviceType::AccessPoint { 2 + usize::from(six) } else { 0 };
        let bands = [Band::Five, Band::Two, Band::Six].into_iter().take(count);
        bands.enumerate().map(|(number, band)| (number as u8, band))
    }

    /// The MAC address of one of its radios.
    pub fn radio_mac(&self, number: u8) -> SmolStr {
        self.address.mac_of((number << 4) | 0xa)
    }

    /// The MAC address under which one of its radios offers a network.
    pub fn bssid(&self, number: u8, wlan: &Wlan) -> SmolStr {
        let place = WLANS.iter().position(|known| known == wlan).unwrap_or_default() as u8;
        self.address.mac_of((number << 6) | (place << 4) | 0xe)
    }
}
