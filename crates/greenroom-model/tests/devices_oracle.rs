//! Devices that change against an oracle that shares no code with the model: whatever is added, assigned,
//! tagged, archived and handed over, and however operations end, both clouds agree on who has what.

use std::collections::BTreeMap;

use greenroom_model::{
    access::Service,
    async_operation::{Accepted, Progress, Task},
    devices::orders::{Addition, Update, Version, Wish, Wished},
    dialect::{AsyncBatch, AsyncPace, AsyncTimeoutName, HandoverOfAssigned, TenantWithDevices},
    fleet::{Application, Category, Contact, Device, NewDevice, Tags},
    id::WorkspaceId,
    spec::{self, Secrets, Spec},
    world::{ClientIx, Session, UserIx, WorkspaceIx, World},
};
use jiff::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

const START: i64 = 1_767_225_600_000;

/// An MSP, tenants whose devices it owns (0, 2) and does not (1), a workspace that stands alone.
const HOMES: [&str; 5] = ["m", "a", "b", "c", "s"];
/// Central is provisioned in these, in one region each.
const PROVISIONED: [Option<&str>; 5] = [Some("us-west"), Some("eu-central"), Some("us-west"), None, None];
const REGIONS: [&str; 2] = ["us-west", "eu-central"];

const WORLD: &str = "
workspaces:
  - symbol: m
    type: MSP
    devices: {network: 3, compute: 1, unassigned: 2}
    provisions: [{service_manager: central}]
    subscriptions: [{key: KEY-ONE, tier: ADVANCED_AP, quantity: 2}]
    tenants:
      listed:
        - {symbol: a, devices: {network: 2}, provisions: [{service_manager: central, region: eu-central}], subscriptions: [{key: KEY-TWO, tier: FOUNDATION_AP, quantity: 1}]}
        - {symbol: b, ownership: CUSTOMER_OWNED_INVENTORY, provisions: [{service_manager: central}]}
        - {symbol: c, devices: {storage: 1}, provisions: []}
  - symbol: s
    devices: {network: 2}
    provisions: []
";

/// New devices: serial number, MAC address; servers say none. One has the address that the MSP's eighth device would
/// get. The last can never be.
const NEW: [(&str, Option<&str>); 7] = [
    ("NEW1", Some("02:FF:00:00:00:01")),
    ("NEW2", Some("02:FF:00:00:00:02")),
    ("NEW3", Some("02:FF:00:00:00:01")),
    ("NEW4", Some("02:00:00:00:00:07")),
    ("NEW5", None),
    ("NEW6", None),
    ("new-7", Some("02:FF:00:00:00:07")),
];
const NEVER: usize = 6;
/// Subscriptions: key, whose it is, for how many devices. The last is none.
const SUBSCRIPTIONS: [(&str, usize, usize); 3] = [("KEY-ONE", 0, 2), ("KEY-TWO", 1, 1), ("", 4, 0)];
const KEYS: [&str; 3] = ["site", "SITE", "owner"];

#[derive(Clone, Debug, PartialEq)]
struct Known {
    id: Option<Uuid>,
    /// None as long as nobody has said or seen one.
    mac: Option<String>,
    home: usize,
    network: bool,
    region: Option<&'static str>,
    subscription: Option<String>,
    archived: bool,
    tags: Tags,
    location: Option<String>,
    contact: Option<Contact>,
    notes: String,
}

impl Known {
    /// A device as a list shows it.
    fn of(device: &Device<'_>, home: usize) -> Self {
        Self {
            id: Some(device.id()),
            mac: Some(device.mac().to_string()),
            home,
            network: device.kind().is_network(),
            region: region_of(device),
            subscription: device.subscription().map(|held| held.key.to_string()),
            archived: device.archived(),
            tags: device.tags().clone(),
            location: device.location().map(str::to_owned),
            contact: device.contact().cloned(),
            notes: device.notes().unwrap_or_default().to_owned(),
        }
    }
}

/// Somebody outside, and a user whom nobody has.
fn contact(known: bool) -> Contact {
    match known {
        true => {
            Contact::Other { email: "e@x.example".into(), first_name: None, last_name: None, phone: None }
        }
        false => Contact::User("00000000-0000-0000-0000-000000000007".into()),
    }
}

#[derive(Clone, Debug)]
enum Wanted {
    Subscribe(Option<usize>),
    Tenant(usize),
    Assign(usize),
    Unassign,
    Archive(bool),
    Tag(usize, Option<u8>),
    Locate(Option<u8>),
    Contact(Option<bool>),
}

#[derive(Clone, Debug)]
enum Order {
    Add(Vec<usize>),
    /// Which devices, by their place among the serial numbers there ever were.
    Update(Vec<usize>, Vec<Wanted>),
}

#[derive(Clone, Debug)]
enum Step {
    Order(usize, Order, bool),
    Poll(usize),
    Advance(i64),
    Reload,
    /// Central notes something about a device of a workspace.
    Note(usize, usize),
    /// The MSP deletes a tenant with all it has.
    Delete(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let wanted = prop_oneof![
        3 => (0..HOMES.len()).prop_map(Wanted::Tenant),
        3 => (0..REGIONS.len()).prop_map(Wanted::Assign),
        2 => Just(Wanted::Unassign),
        1 => any::<bool>().prop_map(Wanted::Archive),
        3 => prop::option::weighted(0.8, 0..SUBSCRIPTIONS.len()).prop_map(Wanted::Subscribe),
        2 => (0..KEYS.len(), any::<Option<u8>>()).prop_map(|(key, value)| Wanted::Tag(key, value)),
        1 => any::<Option<u8>>().prop_map(Wanted::Locate),
        1 => prop::option::of(prop::bool::weighted(0.8)).prop_map(Wanted::Contact),
    ];
    let order = prop_oneof![
        2 => prop::collection::vec(0..NEW.len(), 1..3).prop_map(Order::Add),
        4 => (prop::collection::vec(0..24usize, 1..4), prop::collection::vec(wanted, 1..3))
            .prop_map(|(which, wanted)| Order::Update(which, wanted)),
    ];
    let who = prop_oneof![6 => Just(0usize), 2 => Just(1), 1 => Just(2), 1 => Just(4)];
    let step = prop_oneof![
        8 => (who, order, prop::bool::weighted(0.1)).prop_map(|(who, order, dry)| Step::Order(who, order, dry)),
        4 => any::<usize>().prop_map(Step::Poll),
        3 => (1..3_000i64).prop_map(Step::Advance),
        1 => Just(Step::Advance(180_000)),
        1 => Just(Step::Reload),
        3 => (0..2usize, any::<usize>()).prop_map(|(home, which)| Step::Note(home, which)),
        1 => (1..4usize).prop_map(Step::Delete),
    ];
    prop::collection::vec(step, 1..40)
}

/// An operation as the oracle knows it.
#[derive(Clone, Debug)]
struct Pending {
    id: Uuid,
    who: usize,
    order: Order,
    dry: bool,
    started: i64,
    polls: u32,
    /// When it ended, and what it said.
    ended: Option<(i64, &'static str)>,
}

struct Run {
    world: World,
    homes: Vec<WorkspaceIx>,
    gone: [bool; HOMES.len()],
    known: BTreeMap<String, Known>,
    /// Serial numbers in the order in which they came.
    order: Vec<String>,
    operations: Vec<Pending>,
    pace: AsyncPace,
    partial: bool,
    unassigns: bool,
    now: i64,
}

fn region_of(device: &Device<'_>) -> Option<&'static str> {
    let (manager, region) = device.application()?;
    assert_eq!(manager, World::service_manager(Service::Central));
    Some(REGIONS.into_iter().find(|known| *known == region).unwrap())
}

impl Run {
    fn new(pace: AsyncPace, partial: bool, unassigns: bool) -> Self {
        let mut world = World::from_spec(&Spec::read(WORLD.as_bytes()).unwrap()).unwrap();
        world.dialect.async_pace = pace;
        world.dialect.async_batch = if partial { AsyncBatch::Partial } else { AsyncBatch::Nothing };
        world.dialect.handover_of_assigned =
            if unassigns { HandoverOfAssigned::Unassign } else { HandoverOfAssigned::Fail };
        world.dialect.tenant_with_devices = TenantWithDevices::Delete;
        let homes = HOMES.map(|symbol| world.workspace_named(symbol).unwrap()).to_vec();
        let fleet = world.fleet();
        let (mut known, mut order) = (BTreeMap::new(), Vec::new());
        for (at, ix) in homes.iter().enumerate() {
            for device in fleet.all(*ix) {
                let row = Known { region: device.assigned().then_some("us-west"), ..Known::of(&device, at) };
                order.push(device.serial().to_string());
                known.insert(device.serial().to_string(), row);
            }
        }
        let gone = [false; HOMES.len()];
        Self {
            world,
            homes,
            gone,
            known,
            order,
            operations: Vec::new(),
            pace,
            partial,
            unassigns,
            now: START,
        }
    }

    fn instant(&self) -> Timestamp {
        Timestamp::from_millisecond(self.now).unwrap()
    }

    fn session(&self, who: usize) -> Session {
        let workspace = self.homes[who];
        Session { token: 1, client: ClientIx(0), user: UserIx(0), workspace }
    }

    fn sees(who: usize, of: usize) -> bool {
        who == of || (who == 0 && (of == 1 || of == 3))
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Advance(by) => {
                self.now += by;
                self.come_due();
            }
            Step::Reload => {
                let text = spec::export(&self.world, Secrets::Shown, self.instant()).unwrap();
                self.world = World::from_spec(&Spec::read(text.as_bytes()).unwrap()).unwrap();
                let again = spec::export(&self.world, Secrets::Shown, self.instant()).unwrap();
                assert_eq!(text, again);
            }
            Step::Order(who, order, dry) if !self.gone[*who] => self.order(*who, order, *dry),
            Step::Order(..) => {}
            Step::Poll(which) => {
                let Some(at) = which.checked_rem(self.operations.len()) else { return };
                self.poll(at);
            }
            Step::Note(at, which) => {
                let mut here =
                    self.known.iter_mut().filter(|(_, row)| row.home == *at && row.region.is_some());
                let Some((serial, row)) = here.nth(which % 4) else { return };
                let note = format!("note {which}");
                // Only what Central monitors has notes.
                if self.world.set_device_notes(self.homes[*at], serial, &note) {
                    row.notes = note;
                }
            }
            Step::Delete(at) => {
                if std::mem::replace(&mut self.gone[*at], true) {
                    return;
                }
                let (session, now) = (self.session(0), self.instant());
                let id = self.world.workspace(self.homes[*at]).id;
                self.world.delete_tenant(&session, id, now).unwrap();
                self.known.retain(|_, row| row.home != *at);
            }
        }
        let now = self.instant();
        self.world.settle(now);
        self.compare();
    }

    fn order(&mut self, who: usize, order: &Order, dry: bool) {
        let task = match order {
            Order::Add(which) => {
                let device = |which: &usize| NewDevice {
                    category: if NEW[*which].1.is_some() { Category::Network } else { Category::Compute },
                    serial: Some(NEW[*which].0.into()),
                    mac: NEW[*which].1.map(Into::into),
                    part_number: None,
                    tags: Tags::new(),
                    location: None,
                    contact: None,
                };
                Task::AddDevices(Addition { devices: which.iter().map(device).collect(), dry_run: dry })
            }
            Order::Update(which, wanted) => {
                let nobody = Uuid::from_u128(7);
                let id = |which: &usize| {
                    let known = self.order.get(*which).and_then(|serial| self.known.get(serial));
                    known.and_then(|known| known.id).unwrap_or(nobody)
                };
                let mut ids: Vec<_> = Vec::new();
                for id in which.iter().map(id) {
                    if !ids.contains(&id) {
                        ids.push(id);
                    }
                }
                let mut wish = Wish::default();
                for wanted in wanted {
                    match wanted {
                        Wanted::Tenant(to) => {
                            wish.tenant = Some(self.world.workspace(self.homes[*to]).id.0);
                        }
                        Wanted::Assign(region) => {
                            wish.service = Some(Wished::To(Application {
                                manager: World::service_manager(Service::Central),
                                region: REGIONS[*region].into(),
                            }));
                        }
                        Wanted::Subscribe(which) => {
                            wish.subscription = Some(match which {
                                None => Wished::Nothing,
                                Some(which) => {
                                    let known = self.world.ledger().by_key(SUBSCRIPTIONS[*which].0);
                                    Wished::To(known.map_or(nobody, |known| known.held.id))
                                }
                            });
                        }
                        Wanted::Unassign => wish.service = Some(Wished::Nothing),
                        Wanted::Archive(archived) => wish.archived = Some(*archived),
                        Wanted::Locate(to) => {
                            let to = to.map(|to| Wished::To(to.to_string().into()));
                            wish.location = Some(to.unwrap_or(Wished::Nothing));
                        }
                        Wanted::Contact(known) => {
                            let to = known.map(|known| Wished::To(contact(known)));
                            wish.contact = Some(to.unwrap_or(Wished::Nothing));
                        }
                        Wanted::Tag(key, value) => {
                            wish.tags.insert(KEYS[*key].into(), value.map(|it| it.to_string().into()));
                        }
                    }
                }
                let order = Update { version: Version::V2Beta1, ids, wish, dry_run: dry };
                Task::UpdateDevices(Box::new(order))
            }
        };
        // The same device twice in one order is one device; those unknown now are one unknown id, also once
        // they have come.
        let mut order = order.clone();
        if let Order::Update(which, _) = &mut order {
            let is_known = |which: &usize| {
                let known = self.order.get(*which).and_then(|serial| self.known.get(serial));
                known.is_some_and(|known| known.id.is_some())
            };
            let mut seen = Vec::new();
            for which in which.iter().map(|which| if is_known(which) { *which } else { usize::MAX }) {
                if !seen.contains(&which) {
                    seen.push(which);
                }
            }
            *which = seen;
        }
        let (session, now) = (self.session(who), self.instant());
        let id = self.world.accept(&session, task, now).unwrap();
        assert!(self.operations.iter().all(|it| it.id != id));
        self.operations.push(Pending { id, who, order, dry, started: self.now, polls: 0, ended: None });
        self.come_due();
    }

    /// Ends what ends by time, in order: here after it has ended in the world, which gives addresses to those
    /// that have none as they come, and may give one that a later order wants.
    fn come_due(&mut self) {
        let now = self.instant();
        self.world.settle(now);
        for at in 0..self.operations.len() {
            let Pending { started, ended, who, .. } = self.operations[at];
            if ended.is_some() || self.gone[who] {
                continue;
            }
            let (due, in_time) = match self.pace {
                AsyncPace::TimeOrPolls | AsyncPace::Time => (started + 2_000, true),
                AsyncPace::Now => (started, true),
                AsyncPace::Polls | AsyncPace::Never => (started + 120_000, false),
            };
            if due <= self.now {
                let status = if in_time { self.perform(at) } else { "TIMEOUT" };
                self.operations[at].ended = Some((due, status));
            }
        }
    }

    fn poll(&mut self, at: usize) {
        let (session, now) = (self.session(self.operations[at].who), self.instant());
        // Nobody else sees it, and no other service has it; neither counts.
        let other = self.session(if self.operations[at].who == 4 { 0 } else { 4 });
        assert!(self.world.poll(&other, Accepted::Devices, self.operations[at].id, now).is_none());
        assert!(self.world.poll(&session, Accepted::Subscriptions, self.operations[at].id, now).is_none());
        if self.gone[self.operations[at].who] {
            assert!(self.world.poll(&session, Accepted::Devices, self.operations[at].id, now).is_none());
            return;
        }
        self.operations[at].polls += 1;
        let by_polls = matches!(self.pace, AsyncPace::TimeOrPolls | AsyncPace::Polls);
        if by_polls && self.operations[at].polls == 2 && self.operations[at].ended.is_none() {
            let status = self.perform(at);
            self.operations[at].ended = Some((self.now, status));
        }
        let known = self.operations[at].clone();
        let shown = self.world.poll(&session, Accepted::Devices, known.id, now).unwrap();
        let status = shown.status(AsyncTimeoutName::Timeout);
        assert_eq!(status, known.ended.map_or("RUNNING", |(_, status)| status), "{known:?}");
        let ended = match &shown.progress {
            Progress::Running(_) => None,
            Progress::Ended { at, .. } => Some(at.as_millisecond()),
        };
        assert_eq!(ended, known.ended.map(|(at, _)| at));
    }

    /// Does what an operation asks for, if it can be.
    fn perform(&mut self, at: usize) -> &'static str {
        let Pending { who, order, dry, .. } = self.operations[at].clone();
        match order {
            Order::Add(which) => self.add(who, &which, dry),
            Order::Update(which, wanted) => self.update(who, &which, &wanted, dry),
        }
    }

    fn add(&mut self, who: usize, which: &[usize], dry: bool) -> &'static str {
        let mut good = Vec::new();
        for (nth, which_one) in which.iter().enumerate() {
            let (serial, mac) = NEW[*which_one];
            // What is not a name is unknown before anybody compares it.
            let before = which[..nth].iter().filter(|it| **it != NEVER);
            let same = |other: Option<&str>| mac.is_some() && other == mac;
            let twice = before.map(|it| NEW[*it]).any(|(other, its)| other == serial || same(its));
            let taken =
                self.known.contains_key(serial) || self.known.values().any(|it| same(it.mac.as_deref()));
            if !(taken || twice || *which_one == NEVER) {
                good.push((serial, mac));
            }
        }
        let all = good.len() == which.len();
        if !dry && (all || self.partial) {
            for (serial, mac) in good {
                self.order.push(serial.to_owned());
                let given = || self.world.fleet().by_serial(serial).map(|device| device.mac().to_string());
                let row = Known {
                    id: None,
                    mac: mac.map(str::to_owned).or_else(given),
                    home: who,
                    network: mac.is_some(),
                    region: None,
                    subscription: None,
                    archived: false,
                    tags: Tags::new(),
                    location: None,
                    contact: None,
                    notes: String::new(),
                };
                self.known.insert(serial.to_owned(), row);
            }
        }
        if all { "SUCCEEDED" } else { "FAILED" }
    }

    fn update(&mut self, who: usize, which: &[usize], wanted: &[Wanted], dry: bool) -> &'static str {
        let mut changed = Vec::new();
        let subscription = wanted.iter().rev().find_map(|it| match it {
            Wanted::Subscribe(which) => Some(*which),
            _ => None,
        });
        let mut left = match subscription {
            Some(Some(which)) => {
                let (key, owner, quantity) = SUBSCRIPTIONS[which];
                let used = self.known.values().filter(|it| it.subscription.as_deref() == Some(key)).count();
                (which < 2 && !self.gone[owner] && Self::sees(who, owner)).then(|| quantity - used)
            }
            _ => None,
        };
        for which in which {
            let Some(serial) = self.order.get(*which) else { continue };
            let Some(before) = self.known.get(serial) else { continue };
            if before.id.is_none() || !Self::sees(who, before.home) {
                continue;
            }
            if let Some(mut after) = self.changed(who, before.clone(), wanted) {
                match subscription {
                    Some(Some(which)) => {
                        let key = SUBSCRIPTIONS[which].0;
                        if before.subscription.as_deref() != Some(key) || before.home != after.home {
                            // One tenant's is not for another's.
                            match left.filter(|_| [who, after.home].contains(&SUBSCRIPTIONS[which].1)) {
                                Some(some @ 1..) => left = Some(some - 1),
                                _ => continue,
                            }
                        }
                        after.subscription = Some(key.to_owned());
                    }
                    Some(None) => after.subscription = None,
                    None => {}
                }
                changed.push((serial.clone(), after));
            }
        }
        let all = changed.len() == which.len();
        if !dry && (all || self.partial) {
            self.known.extend(changed);
        }
        if all { "SUCCEEDED" } else { "FAILED" }
    }

    /// A device as it is wanted: first where it is, then the rest. The last word on each counts.
    fn changed(&self, who: usize, mut device: Known, wanted: &[Wanted]) -> Option<Known> {
        let tenant = wanted.iter().rev().find_map(|it| match it {
            Wanted::Tenant(to) => Some(*to),
            _ => None,
        });
        if let Some(to) = tenant {
            if self.gone[to] || (to != who && !(who == 0 && (1..=3).contains(&to))) {
                return None;
            }
            if to != device.home {
                if device.region.is_some() && !self.unassigns {
                    return None;
                }
                (device.home, device.region, device.subscription) = (to, None, None);
                (device.location, device.contact, device.notes) = (None, None, String::new());
            }
        }
        let service = wanted.iter().rev().find(|it| matches!(it, Wanted::Assign(_) | Wanted::Unassign));
        match service {
            Some(Wanted::Assign(region)) => {
                let region = REGIONS[*region];
                if !device.network || PROVISIONED[device.home] != Some(region) {
                    return None;
                }
                device.region = Some(region);
            }
            Some(_) => device.region = None,
            None => {}
        }
        let mut tags = BTreeMap::new();
        for wanted in wanted {
            match wanted {
                Wanted::Archive(archived) => device.archived = *archived,
                Wanted::Locate(to) => device.location = to.map(|to| to.to_string()),
                Wanted::Contact(known) => device.contact = known.map(contact),
                Wanted::Tag(key, value) => _ = tags.insert(KEYS[*key], *value),
                _ => {}
            }
        }
        // The last word counts, also of this.
        let contacts = wanted.iter().rev().find_map(|it| match it {
            Wanted::Contact(known) => Some(*known),
            _ => None,
        });
        if contacts == Some(Some(false)) {
            return None;
        }
        for (key, value) in &tags {
            if value.is_none() {
                device.tags.retain(|other, _| !other.eq_ignore_ascii_case(key));
            }
        }
        for (key, value) in &tags {
            let Some(value) = value else { continue };
            if device.tags.keys().any(|other| other != key && other.eq_ignore_ascii_case(key)) {
                return None;
            }
            device.tags.insert((*key).into(), value.to_string().into());
        }
        Some(device)
    }

    fn compare(&mut self) {
        let fleet = self.world.fleet();
        for (at, named) in HOMES.iter().enumerate() {
            let ix = self.homes[at];
            let mut there = BTreeMap::new();
            for device in fleet.all(ix) {
                let serial = device.serial().to_string();
                // A new device has an id, and an address if nobody said one, from the moment of its coming.
                let known = self.known.get_mut(&serial).unwrap();
                assert_eq!(*known.id.get_or_insert_with(|| device.id()), device.id(), "{serial}");
                known.mac.get_or_insert_with(|| device.mac().to_string());
                for found in [
                    fleet.by_id(device.id()),
                    fleet.by_serial(&serial),
                    fleet.by_mac(&device.mac()),
                    fleet.device(ix, device.index()),
                ] {
                    assert_eq!(found, Some(device), "{serial}");
                }
                let row = Known::of(&device, at);
                assert!(there.insert(serial, row).is_none(), "twice in one list");
            }
            let here = self.known.iter().filter(|(_, row)| row.home == at);
            let here: BTreeMap<_, _> = here.map(|(serial, row)| (serial.clone(), row.clone())).collect();
            assert_eq!(there, here, "GLP's list of {named}");
            assert_eq!(fleet.count(ix) as usize, here.len());
            let central: Vec<_> = fleet.network(ix).map(|device| device.serial().to_string()).collect();
            let assigned: Vec<_> = here
                .iter()
                .filter(|(_, row)| row.region.is_some())
                .map(|(serial, _)| serial.clone())
                .collect();
            assert_eq!(central, assigned, "Central's list of {named}");
            assert_eq!(fleet.mix(ix).network as usize, assigned.len());
            let census = fleet.census(ix);
            assert_eq!((census.monitored() + census.waiting) as usize, assigned.len());
            let monitored = fleet.monitored_ranks(ix, 0..usize::MAX / 2).len();
            assert_eq!(monitored, census.monitored() as usize);
        }
        for (key, owner, quantity) in &SUBSCRIPTIONS[..2] {
            if self.gone[*owner] {
                continue;
            }
            let id = self.world.ledger().by_key(key).unwrap().held.id;
            let (_, left) = self.world.visible_subscription(self.homes[*owner], id).unwrap();
            let used = self.known.values().filter(|it| it.subscription.as_deref() == Some(*key)).count();
            assert_eq!(left as usize, quantity - used, "{key}");
        }
        for (who, named) in HOMES.iter().enumerate() {
            let seen = self.world.visible_devices(self.homes[who]);
            let seen: u32 = seen.into_iter().map(|(_, count)| count).sum();
            let expected = self.known.values().filter(|row| Self::sees(who, row.home)).count();
            assert_eq!(seen as usize, expected, "{named}");
            for row in self.known.values() {
                let shown = self.world.visible_device(self.homes[who], row.id.unwrap());
                assert_eq!(shown.is_some(), Self::sees(who, row.home));
            }
        }
    }
}

fn paces() -> impl Strategy<Value = AsyncPace> {
    prop::sample::select(vec![
        AsyncPace::TimeOrPolls,
        AsyncPace::Time,
        AsyncPace::Polls,
        AsyncPace::Now,
        AsyncPace::Never,
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn both_clouds_agree_whatever_is_done_to_devices(
        steps in steps(), pace in paces(), partial: bool, unassigns: bool,
    ) {
        let mut run = Run::new(pace, partial, unassigns);
        run.compare();
        for step in &steps {
            run.step(step);
        }
    }
}

#[test]
fn an_operation_is_forgotten_a_day_after_its_end_and_its_number_is_not_given_again() {
    let mut run = Run::new(AsyncPace::TimeOrPolls, true, true);
    run.step(&Step::Order(0, Order::Add(vec![0]), false));
    let id = run.operations[0].id;
    let ended = START + 2_000;
    for (after, there) in [(86_399_999, true), (86_400_000, false)] {
        let now = Timestamp::from_millisecond(ended + after).unwrap();
        run.world.settle(now);
        let mut exported = spec::export(&run.world, Secrets::Shown, now).unwrap();
        assert_eq!(exported.contains("\n  operations:"), there);
        exported.push('\n');
        let session = run.session(0);
        assert_eq!(run.world.poll(&session, Accepted::Devices, id, now).is_some(), there, "{after}");
    }
    let mut fresh = Run::new(AsyncPace::TimeOrPolls, true, true);
    fresh.world.succeed(&run.world);
    fresh.step(&Step::Order(0, Order::Add(vec![0]), false));
    assert_ne!(fresh.operations[0].id, id);
}

#[test]
fn a_workspace_of_another_is_nobodys() {
    let mut run = Run::new(AsyncPace::Now, true, true);
    let device = run.world.fleet().all(run.homes[0]).next().unwrap().id();
    let nobody = WorkspaceId(Uuid::from_u128(7));
    let wish = Wish { tenant: Some(nobody.0), ..Wish::default() };
    let update = Update { version: Version::V1, ids: vec![device], wish, dry_run: false };
    let (session, now) = (run.session(0), run.instant());
    let id = run.world.accept(&session, Task::UpdateDevices(Box::new(update)), now).unwrap();
    let shown = run.world.poll(&session, Accepted::Devices, id, now).unwrap();
    let Progress::Ended { outcome: Some(outcome), .. } = &shown.progress else { panic!("{shown:?}") };
    assert_eq!(outcome.result, serde_json::json!({"failedDevices": [device]}));
    assert_eq!((outcome.succeeded, outcome.progress), (false, 0));
    assert_eq!(outcome.result_type, "PatchDeviceResponse");
}

#[test]
fn a_listed_device_cannot_have_the_id_of_a_generated_one() {
    let world = World::from_spec(&Spec::read(WORLD.as_bytes()).unwrap()).unwrap();
    let taken = world.fleet().all(world.workspace_named("s").unwrap()).next().unwrap().id();
    let listed = format!("devices: {{storage: 1, listed: [{{serial: X, type: AP, id: {taken}}}]}}");
    let file = WORLD.replace("devices: {storage: 1}", &listed);
    let error = World::from_spec(&Spec::read(file.as_bytes()).unwrap()).unwrap_err();
    assert_eq!(error.to_string(), format!("id {taken} is taken"));
}
