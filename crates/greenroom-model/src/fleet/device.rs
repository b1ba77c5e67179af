//! One device: each of its fields is a function of where it stands, of what a world says about it and
//! of what has changed since.

use std::{fmt, sync::LazyLock};

use jiff::{SignedDuration, Timestamp};
use smol_str::{SmolStr, SmolStrBuilder};
use uuid::Uuid;

use super::{Contact, Fleet, Health, Listed, Mix, Tags, address::Address, change::Change, plot::Plot};
use crate::{
    access::Service,
    id::Seed,
    sample::REGION,
    scope::{Scope, usual_group},
    world::{WorkspaceIx, World},
};

/// What a device is. The names are those of GLP's `deviceType` (`glp.md §6.2`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceType {
    /// An access point.
    AccessPoint,
    /// A switch.
    Switch,
    /// A gateway.
    Gateway,
    /// A server.
    Compute,
    /// A storage system.
    Storage,
}

impl DeviceType {
    /// Whether Central can manage it.
    pub fn is_network(self) -> bool {
        matches!(self, Self::AccessPoint | Self::Switch | Self::Gateway)
    }

    /// How names begin.
    fn prefix(self) -> &'static str {
        match self {
            Self::AccessPoint => "ap",
            Self::Switch => "sw",
            Self::Gateway => "gw",
            Self::Compute => "srv",
            Self::Storage => "sto",
        }
    }
}

/// A class of devices: each of a [`Mix`](super::Mix) is so many of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Assigned to Central.
    Network,
    /// Servers.
    Compute,
    /// Storage systems.
    Storage,
    /// Network devices that no service was assigned to.
    Unassigned,
}

impl Class {
    /// How many of each class there are.
    pub fn all(mix: &Mix) -> [(Self, u32); 4] {
        let Mix { network, compute, storage, unassigned } = *mix;
        [
            (Self::Network, network),
            (Self::Compute, compute),
            (Self::Storage, storage),
            (Self::Unassigned, unassigned),
        ]
    }

    /// What a world would say of a device at that place to have it like one that is generated there.
    pub(super) fn like_generated(self, address: Address, seed: Seed, sites: &[SmolStr]) -> Listed {
        let (index, luck) = (address.index() as usize, address.luck(seed));
        let made = match self {
            Self::Network | Self::Unassigned => &NETWORK[index % NETWORK.len()],
            Self::Compute => &COMPUTE,
            Self::Storage => &STORAGE,
        };
        let known = |text: &str| (!text.is_empty()).then(|| SmolStr::new(text));
        let assigned = self == Self::Network;
        let provisioned = assigned && !luck.is_multiple_of(11);
        Listed {
            model: known(made.model),
            part_number: known(made.part_number),
            firmware: known(made.firmware),
            tier: known(made.tier),
            site: if assigned && index % 8 != 7 {
                sites.get(index % sites.len().max(1)).cloned()
            } else {
                None
            },
            tags: if made.kind.is_network() && index % 10 == 9 { LAB.clone() } else { Tags::new() },
            assigned,
            provisioned,
            online: provisioned && !luck.is_multiple_of(7),
            ..Listed::new(made.kind)
        }
    }
}

/// Where Central has put a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Site<'f> {
    /// Decimal digits; pycentral turns it into an integer (`central.md §1.1`).
    pub id: u64,
    /// Its name.
    pub name: &'f str,
}

/// One device of a [`Fleet`]. It holds nothing: ask it for a field and the field is computed.
#[derive(Clone, Copy)]
pub struct Device<'f> {
    pub(super) fleet: &'f Fleet,
    pub(super) plot: &'f Plot,
    pub(super) address: Address,
}

impl<'f> Device<'f> {
    /// GLP's id.
    pub fn id(&self) -> Uuid {
        self.given_id().unwrap_or_else(|| self.address.id(self.fleet.seed))
    }

    /// The id that a world gave it.
    pub(super) fn given_id(&self) -> Option<Uuid> {
        self.listed().and_then(|listed| listed.id)
    }

    /// The workspace that uses it.
    pub fn workspace(&self) -> WorkspaceIx {
        self.address.workspace()
    }

    /// Its number within its workspace.
    pub fn index(&self) -> u32 {
        self.address.index()
    }

    /// Serial number, at most 16 characters.
    pub fn serial(&self) -> SmolStr {
        self.given(|listed| &listed.serial).unwrap_or_else(|| self.address.serial(self.kind()))
    }

    /// MAC address; `02:00:…`, locally administered and so nobody's, unless the world says otherwise.
    pub fn mac(&self) -> SmolStr {
        self.given(|listed| &listed.mac).unwrap_or_else(|| self.address.mac())
    }

    /// What it is.
    pub fn kind(&self) -> DeviceType {
        self.make().kind
    }

    /// Model name.
    pub fn model(&self) -> &'f str {
        self.given_text(|listed| &listed.model).unwrap_or_else(|| self.make().model)
    }

    /// Part number.
    pub fn part_number(&self) -> &'f str {
        self.given_text(|listed| &listed.part_number).unwrap_or_else(|| self.make().part_number)
    }

    /// Name in Central.
    pub fn name(&self) -> SmolStr {
        self.given(|listed| &listed.name).unwrap_or_else(|| {
            let mut name = SmolStrBuilder::new();
            name.push_str(self.kind().prefix());
            name.push('-');
            push_number(&mut name, self.index() + 1, 4);
            name.finish()
        })
    }

    /// Central's `deviceFunction`.
    pub fn function(&self) -> &'static str {
        self.make().function
    }

    /// Firmware version.
    pub fn firmware(&self) -> &'f str {
        self.given_text(|listed| &listed.firmware).unwrap_or_else(|| self.make().firmware)
    }

    /// Subscription tier.
    pub fn tier(&self) -> &'f str {
        self.given_text(|listed| &listed.tier).unwrap_or_else(|| self.make().tier)
    }

    /// Address in a documentation range.
    pub fn ipv4(&self) -> SmolStr {
        let mut text = SmolStrBuilder::new();
        text.push_str("192.0.2.");
        push_number(&mut text, 1 + (self.luck() % 254) as u32, 1);
        text.finish()
    }

    /// Whether Central was assigned to it.
    pub fn assigned(&self) -> bool {
        match self.listed() {
            Some(listed) => listed.assigned && listed.kind.is_network(),
            None => self.index() < self.plot.generated.network,
        }
    }

    /// The service that it was assigned to, and in which region.
    pub fn application(&self) -> Option<(Uuid, &'f str)> {
        let said = self.change().and_then(|change| change.application.as_deref());
        let usual = || self.assigned().then(|| (World::service_manager(Service::Central), REGION));
        said.map(|said| (said.manager, said.region.as_str())).or_else(usual)
    }

    /// Whether it is put away.
    pub fn archived(&self) -> bool {
        self.change().is_some_and(|change| change.archived)
    }

    /// The id of its location.
    pub fn location(&self) -> Option<&'f str> {
        self.change().and_then(|change| change.location.as_deref())
    }

    /// Who is to be asked about it.
    pub fn contact(&self) -> Option<&'f Contact> {
        self.change().and_then(|change| change.contact.as_deref())
    }

    /// Whether Central has it on board, and so monitors it.
    pub fn provisioned(&self) -> bool {
        self.was_provisioned() && !self.change().is_some_and(|change| change.forgotten)
    }

    /// The same, before anything changed.
    pub(super) fn was_provisioned(&self) -> bool {
        self.assigned()
            && self.listed().map_or_else(|| !self.luck().is_multiple_of(11), |listed| listed.provisioned)
    }

    /// Whether it answers.
    pub fn online(&self) -> bool {
        self.provisioned() && self.answers()
    }

    /// How it does; `None` if Central does not monitor it.
    pub fn health(&self) -> Option<Health> {
        self.provisioned().then(|| self.first_health())
    }

    /// How a device that was on board does.
    pub(super) fn first_health(&self) -> Health {
        match self.answers() {
            false => Health::Poor,
            true if self.is_generated() && (self.luck() >> 32).is_multiple_of(10) => Health::Fair,
            true => Health::Good,
        }
    }

    pub(super) fn answers(&self) -> bool {
        self.listed().map_or_else(|| !self.luck().is_multiple_of(7), |listed| listed.online)
    }

    /// Where it stands.
    pub fn site(&self) -> Option<Site<'f>> {
        self.fleet.site_at(self.workspace(), self.site_said()?)
    }

    /// The number of the site where it stands.
    pub(super) fn site_now(&self) -> Option<u32> {
        self.site().and_then(|_| self.site_said())
    }

    /// The number of the site it was put into, which may be gone.
    fn site_said(&self) -> Option<u32> {
        match self.change().and_then(|change| change.site) {
            Some(put) => put.filter(|_| self.assigned()),
            None => self.site_number().map(|number| number as u32),
        }
    }

    /// The number of its site among those that its workspace was given, before anybody put it elsewhere.
    pub(super) fn site_number(&self) -> Option<usize> {
        let sites = self.plot.sites();
        match self.listed() {
            Some(Listed { site, .. }) => {
                let site = site.as_ref().filter(|_| self.assigned())?;
                sites.iter().position(|name| name == site)
            }
            None => {
                let sited = self.assigned() && self.index() % 8 != 7 && !sites.is_empty();
                sited.then(|| self.index() as usize % sites.len())
            }
        }
    }

    /// Central's scope id, decimal.
    pub fn scope_id(&self) -> u64 {
        Scope::Device(self.index()).id(self.workspace())
    }

    /// Central's device group, decimal id and name.
    pub fn group(&self) -> Option<(u64, &'f str)> {
        let usual = || usual_group(self.kind());
        let said = self.change().and_then(|change| change.group).unwrap_or_else(usual);
        let number = said.filter(|_| self.provisioned())?;
        let name = self.fleet.group_at(self.workspace(), number)?;
        Some((Scope::Group(number).id(self.workspace()), name))
    }

    /// Tags in GLP. Of the generated network devices every tenth stands in the lab.
    pub fn tags(&self) -> &'f Tags {
        if let Some(tags) = self.change().and_then(|change| change.tags.as_deref()) {
            return tags;
        }
        self.listed().map_or_else(|| self.generated_tags(), |listed| &listed.tags)
    }

    /// The tags of one of which nothing is said.
    pub(super) fn generated_tags(&self) -> &'static Tags {
        if self.kind().is_network() && self.index() % 10 == 9 { &LAB } else { &UNTAGGED }
    }

    /// Notes in Central, if it has any.
    pub fn notes(&self) -> Option<&'f str> {
        let changed = self.change().and_then(|change| change.notes.as_deref());
        let notes = changed.or_else(|| Some(self.listed()?.notes.as_str()))?;
        (!notes.is_empty()).then_some(notes)
    }

    /// When it was added.
    pub fn created_at(&self) -> Timestamp {
        if let Some(at) = self.listed().and_then(|listed| listed.created_at) {
            return at;
        }
        let born = self.fleet.born;
        born.saturating_add(SignedDuration::from_secs(i64::from(self.index()))).unwrap_or(born)
    }

    /// When GLP's record of it last changed.
    pub fn updated_at(&self) -> Timestamp {
        self.change().and_then(|change| change.updated_at).unwrap_or_else(|| self.created_at())
    }

    fn is_generated(&self) -> bool {
        self.index() < self.plot.generated.total()
    }

    /// What the world says about it, unless it is as it was generated.
    pub(super) fn listed(&self) -> Option<&'f Listed> {
        self.plot.listed(self.index())
    }

    fn given(&self, field: impl Fn(&Listed) -> &Option<SmolStr>) -> Option<SmolStr> {
        self.listed().and_then(|listed| field(listed).clone())
    }

    fn given_text(&self, field: impl Fn(&'f Listed) -> &'f Option<SmolStr>) -> Option<&'f str> {
        self.listed().and_then(|listed| field(listed).as_deref())
    }

    pub(super) fn change(&self) -> Option<&'f Change> {
        self.fleet.change(self.address)
    }

    /// What is left to chance for it.
    pub(super) fn luck(&self) -> u64 {
        self.address.luck(self.fleet.seed)
    }

    /// What is left to chance for what hangs on it, by its number there.
    pub(super) fn luck_of(&self, nth: u8) -> u64 {
        self.address.luck_of(self.fleet.seed, nth)
    }

    /// How busy it is, in hundredths: processor and memory, while it answers.
    pub fn load(&self) -> Option<[u8; 2]> {
        self.online().then(|| [5 + (self.luck() >> 48) as u8 % 60, 20 + (self.luck() >> 56) as u8 % 60])
    }

    /// What it draws, in watts, while it answers.
    pub fn watts(&self) -> Option<u8> {
        self.online().then(|| 8 + (self.luck() >> 24) as u8 % 12)
    }

    fn make(&self) -> &'static Make {
        make(match self.listed() {
            Some(listed) => listed.kind,
            None => return self.plot.generated_make(self.index()),
        })
    }
}

impl PartialEq for Device<'_> {
    /// The same device in the same state.
    fn eq(&self, other: &Self) -> bool {
        self.address == other.address
            && self.fleet.seed == other.fleet.seed
            && self.change() == other.change()
            && self.listed() == other.listed()
    }
}

impl fmt::Debug for Device<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of workspace {}", self.serial(), self.workspace().0)
    }
}

/// What a kind of device is made like.
pub(super) struct Make {
    pub(super) kind: DeviceType,
    model: &'static str,
    part_number: &'static str,
    function: &'static str,
    firmware: &'static str,
    pub(super) tier: &'static str,
}

const fn made(kind: DeviceType, [model, part_number, function, firmware, tier]: [&'static str; 5]) -> Make {
    Make { kind, model, part_number, function, firmware, tier }
}

const AP: (&str, &str) = ("Campus Access Point", "10.7.0.0_90000");
const SWITCH: (&str, &str) = ("Access Switch", "10.15.1005");

/// What generated network devices are, one after the other.
pub(super) static NETWORK: [Make; 6] = [
    made(DeviceType::AccessPoint, ["AP-635", "R7J28A", AP.0, AP.1, "ADVANCED_AP"]),
    made(DeviceType::AccessPoint, ["AP-515", "Q9H62A", AP.0, AP.1, "FOUNDATION_AP"]),
    made(DeviceType::Switch, ["6300M", "JL659A", SWITCH.0, SWITCH.1, "ADVANCED_SWITCH_6300"]),
    made(DeviceType::AccessPoint, ["AP-655", "R7J39A", AP.0, AP.1, "ADVANCED_AP"]),
    made(DeviceType::Switch, ["6200F", "JL726A", SWITCH.0, SWITCH.1, "FOUNDATION_SWITCH_6200"]),
    made(DeviceType::Gateway, ["9004", "R1B20A", "Branch Gateway", "10.7.0.0_90000", "FOUNDATION_WLAN_GW"]),
];
pub(super) static COMPUTE: Make =
    made(DeviceType::Compute, ["ProLiant DL360 Gen11", "P52499-B21", "", "", "ENHANCED_PROLIANT"]);
pub(super) static STORAGE: Make =
    made(DeviceType::Storage, ["Alletra 6010", "R4U19A", "", "", "FOUNDATION_STORAGE"]);

/// What a device of that kind is made like, if a world does not say.
fn make(kind: DeviceType) -> &'static Make {
    match kind {
        DeviceType::AccessPoint => &NETWORK[0],
        DeviceType::Switch => &NETWORK[2],
        DeviceType::Gateway => &NETWORK[5],
        DeviceType::Compute => &COMPUTE,
        DeviceType::Storage => &STORAGE,
    }
}

static UNTAGGED: Tags = Tags::new();
static LAB: LazyLock<Tags> =
    LazyLock::new(|| Tags::from([(SmolStr::new_static("site"), SmolStr::new_static("lab"))]));

/// Appends a decimal number of at least `width` digits.
fn push_number(text: &mut SmolStrBuilder, number: u32, width: usize) {
    let mut digits = [b'0'; 10];
    let mut rest = number;
    let mut start = digits.len();
    while rest > 0 || digits.len() - start < width {
        start -= 1;
        digits[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    text.push_str(std::str::from_utf8(&digits[start..]).unwrap_or_default());
}
