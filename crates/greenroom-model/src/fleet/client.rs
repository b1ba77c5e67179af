//! What hangs on the network devices: the clients of access points and switches, each a function of its device
//! and its number there, like the devices themselves.
//!
//! How many there are, what they are called and what fails is a rule of Greenroom's own; HPE's files say what is
//! told of a client (`central.md §6.7`). A client is connected as long as its device answers.

use jiff::{SignedDuration, Timestamp};
use smol_str::{SmolStr, format_smolstr};

use super::{Address, Device, DeviceType, Fleet, Wlan, wlan::Band};
use crate::world::WorkspaceIx;

/// The most clients that a device has, by kind.
const MOST: [(DeviceType, u64); 2] = [(DeviceType::AccessPoint, 5), (DeviceType::Switch, 4)];

/// A client of a network device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Client<'f> {
    device: Device<'f>,
    nth: u8,
    luck: u64,
}

/// What a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Make {
    /// How names begin.
    pub name: &'static str,
    /// `clientCategory`.
    pub category: &'static str,
    /// `clientFunction`.
    pub function: &'static str,
    /// `clientManufacturer` and `clientVendor`.
    pub manufacturer: &'static str,
    /// `clientOperatingSystem`.
    pub system: &'static str,
}

const fn made([name, category, function, manufacturer, system]: [&'static str; 5]) -> Make {
    Make { name, category, function, manufacturer, system }
}

/// What clients are, one after the other.
const MAKES: [Make; 4] = [
    made(["phone", "Smart Device", "Mobile", "Samsung", "Android"]),
    made(["laptop", "Computer", "Laptop", "Apple", "macOS"]),
    made(["desk", "Computer", "Desktop", "Dell", "Windows"]),
    made(["camera", "IoT", "Camera", "Axis", "Linux"]),
];

impl<'f> Device<'f> {
    /// Its clients: none unless it answers.
    pub fn clients(&self) -> impl Iterator<Item = Client<'f>> + use<'f> {
        let device = *self;
        let most = MOST.iter().find(|(kind, _)| *kind == self.kind()).map_or(0, |(_, most)| *most);
        let count = if most > 0 && self.online() { (self.luck() >> 40) % (most + 1) } else { 0 };
        (0..count as u8).map(move |nth| Client { device, nth, luck: device.luck_of(nth) })
    }

    /// How many of them are connected.
    pub fn connected_clients(&self) -> usize {
        self.clients().filter(Client::connected).count()
    }
}

impl<'f> Client<'f> {
    /// The device that it is connected to, or failed to be.
    pub fn device(&self) -> Device<'f> {
        self.device
    }

    /// MAC address; locally administered, and no device's.
    pub fn mac(&self) -> SmolStr {
        self.device.address.mac_of((self.nth << 4) | 6)
    }

    /// Name, and the name of its host.
    pub fn name(&self) -> SmolStr {
        format_smolstr!("{}-{:04}-{}", self.make().name, self.device.index() + 1, self.nth + 1)
    }

    /// What it is.
    pub fn make(&self) -> Make {
        MAKES[self.pick(0, MAKES.len())]
    }

    /// Whether it is connected. Every eighth fails, and tries again from time to time.
    pub fn connected(&self) -> bool {
        !(self.luck >> 56).is_multiple_of(8)
    }

    /// Address in a documentation range.
    pub fn ipv4(&self) -> SmolStr {
        format_smolstr!("198.51.100.{}", 1 + self.pick(8, 254))
    }

    /// Since when it is connected.
    pub fn connected_at(&self, now: Timestamp) -> Timestamp {
        let after = SignedDuration::from_secs(self.pick(16, 3_600) as i64);
        self.device.created_at().saturating_add(after).map_or(now, |at| at.min(now))
    }

    /// When it last failed to connect before `end`. It tries every one to ten hours.
    pub fn failed_at(&self, end: Timestamp) -> Option<Timestamp> {
        let period = 3_600 + self.pick(16, 32_400) as i64;
        let past = (end.as_second() - self.pick(24, period as usize) as i64).rem_euclid(period);
        let at = Timestamp::from_second(end.as_second() - past).ok()?;
        (at >= self.device.created_at()).then_some(at)
    }

    /// The wireless network that it uses; `None` for one on a cable.
    pub fn wlan(&self) -> Option<&'static Wlan> {
        let offered = self.device.wlans().count().max(1);
        self.device.wlans().nth(self.pick(32, offered))
    }

    /// Number and band of the radio that it uses.
    pub fn radio(&self) -> Option<(u8, Band)> {
        let wlan = self.wlan()?;
        let radios = || self.device.radios().filter(|(_, band)| wlan.bands.contains(band));
        radios().nth(self.pick(40, radios().count().max(1)))
    }

    /// Signal to noise, in decibels, of one without a cable.
    pub fn snr(&self) -> Option<u8> {
        self.wlan().map(|_| 20 + self.pick(48, 26) as u8)
    }

    /// Whether its signal is weak.
    pub fn is_fair(&self) -> bool {
        self.snr().is_some_and(|snr| snr < 25)
    }

    /// The port of one on a cable.
    pub fn port(&self) -> Option<SmolStr> {
        self.wlan().is_none().then(|| format_smolstr!("1/1/{}", self.nth + 1))
    }

    /// Its VLAN: number and name.
    pub fn vlan(&self) -> (&'static str, &'static str) {
        self.wlan().map_or(("1", "default"), |wlan| (wlan.vlan, wlan.name))
    }

    /// One of `count`, by chance.
    fn pick(&self, shift: u32, count: usize) -> usize {
        ((self.luck.rotate_right(shift) & 0xffff_ffff) % count as u64) as usize
    }
}

impl Fleet {
    /// The client of that MAC address, in any case, if a device of `workspace` has it.
    pub fn client(&self, workspace: WorkspaceIx, mac: &str) -> Option<Client<'_>> {
        let (first, address) = Address::of_any_mac(&mac.to_ascii_uppercase())?;
        let device = self.there(address).filter(|device| device.workspace() == workspace)?;
        device.clients().find(|client| (client.nth << 4) | 6 == first)
    }
}
