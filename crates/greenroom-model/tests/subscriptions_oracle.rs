//! Whatever is done to subscriptions and the devices that use them, a table that knows nothing of pools, ledgers
//! and counters says the same; and a world that was saved and loaded in between goes on alike.

use std::collections::{BTreeMap, BTreeSet};

use greenroom_model::{
    async_operation::{Accepted, Progress, Task},
    audit::Category,
    devices::orders::{Update, Version, Wish, Wished},
    dialect::AsyncPace,
    fleet::Tags,
    sample::DEFAULT_SEED,
    spec::{Secrets, Spec, export},
    subscription::orders::{Claims, NewSubscription, Tagging, Unclaims},
    world::{ClientIx, Session, UserIx, World},
};
use jiff::{SignedDuration, Timestamp};
use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
};
use uuid::Uuid;

/// The workspaces that act: one that stands alone, and the MSP, which sees its own and what it owns for tenants.
const ACTORS: [&str; 2] = ["standard", "msp"];

/// Keys that a request may name: those of the sample, and one that nobody knows.
const KEYS: [&str; 4] = ["EGREENROOM0000001", "EGREENROOM0000002", "EGREENROOM0000005", "NOBODYKNOWSIT"];

#[derive(Clone, Debug)]
enum Step {
    Add(usize, Vec<usize>, bool),
    /// Sets a tag, or deletes it.
    Tag(usize, Vec<Index>, &'static str, bool, bool),
    Unclaim(usize, Vec<Index>),
    /// A device uses a subscription, or none.
    Subscribe(usize, Index, Option<Index>, bool),
    Save,
}

fn step() -> impl Strategy<Value = Step> {
    let actor = || 0..ACTORS.len();
    let dry = || prop::bool::weighted(0.2);
    prop_oneof![
        3 => (actor(), vec(0..KEYS.len(), 1..4), dry())
            .prop_map(|(actor, keys, dry)| Step::Add(actor, keys, dry)),
        2 => (actor(), vec(any::<Index>(), 1..3), select(&["site", "Site", "floor"]), any::<bool>(), dry())
            .prop_map(|(actor, which, key, set, dry)| Step::Tag(actor, which, key, set, dry)),
        2 => (actor(), vec(any::<Index>(), 1..3)).prop_map(|(actor, which)| Step::Unclaim(actor, which)),
        4 => (actor(), any::<Index>(), proptest::option::of(any::<Index>()), dry())
            .prop_map(|(actor, device, which, dry)| Step::Subscribe(actor, device, which, dry)),
        1 => Just(Step::Save),
    ]
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    key: String,
    tier: String,
    quantity: u32,
    tags: Tags,
}

/// What every actor should see, worked out by looking at all of it.
#[derive(Clone, Debug, PartialEq)]
struct Table {
    seen: Vec<BTreeMap<Uuid, Row>>,
    /// Which subscription each device that somebody sees uses.
    uses: BTreeMap<Uuid, Option<Uuid>>,
    unclaimed: BTreeMap<String, Row>,
    /// How many lines the log of each actor has about subscriptions: one for each that changed.
    told: Vec<usize>,
}

fn session(world: &World, actor: usize) -> Session {
    let workspace = world.workspace_named(ACTORS[actor]).unwrap();
    Session { token: 1, client: ClientIx(0), user: UserIx(0), workspace }
}

fn table(world: &World) -> Table {
    let mut uses = BTreeMap::new();
    let mut seen = Vec::new();
    for actor in 0..ACTORS.len() {
        let workspace = session(world, actor).workspace;
        let mut used: BTreeMap<Uuid, u32> = BTreeMap::new();
        for (plot, _) in world.visible_devices(workspace) {
            for device in world.fleet().all(plot) {
                let held = device.subscription().map(|held| held.id);
                uses.insert(device.id(), held);
                *used.entry(held.unwrap_or_default()).or_default() += 1;
            }
        }
        let subscriptions = world.subscriptions(workspace);
        let mut rows = BTreeMap::new();
        for it in subscriptions.iter() {
            let (id, users) = (it.held.id, used.get(&it.held.id).copied().unwrap_or_default());
            assert_eq!(subscriptions.available(&it), it.quantity - users, "{}", it.held.key);
            assert_eq!(subscriptions.by_id(id).as_ref(), Some(&it));
            assert_eq!(subscriptions.by_key(&it.held.key).as_ref(), Some(&it));
            assert_eq!(world.visible_subscription(workspace, id), Some((it.clone(), it.quantity - users)));
            let (key, tier) = (it.held.key.to_string(), it.held.tier.to_string());
            let before = rows.insert(id, Row { key, tier, quantity: it.quantity, tags: it.tags });
            assert_eq!(before, None, "each once");
        }
        let known: BTreeSet<_> = rows.keys().copied().chain([Uuid::nil()]).collect();
        assert!(used.keys().all(|id| known.contains(id)), "whoever sees a device sees its subscription");
        seen.push(rows);
    }
    let unclaimed = world.ledger().of(None).map(|it| {
        let (key, tier) = (it.held.key.to_string(), it.held.tier.to_string());
        (key.clone(), Row { key, tier, quantity: it.quantity, tags: it.tags.clone() })
    });
    let told = (0..ACTORS.len()).map(|actor| {
        let lines =
            world.audit_lines(session(world, actor).workspace, "2026-01-02T00:00:00Z".parse().unwrap());
        lines.lines.iter().filter(|line| line.category == Category::Subscription.name()).count()
    });
    Table { seen, uses, unclaimed: unclaimed.collect(), told: told.collect() }
}

/// Does a task and lets it end; how many of it failed.
fn done(world: &mut World, actor: usize, task: Task, now: &mut Timestamp) -> usize {
    let session = session(world, actor);
    let accepted =
        if matches!(task, Task::UpdateDevices(_)) { Accepted::Devices } else { Accepted::Subscriptions };
    let id = world.accept(&session, task, *now).unwrap();
    *now += SignedDuration::from_secs(2);
    world.settle(*now);
    let operation = world.poll(&session, accepted, id, *now).unwrap();
    let Progress::Ended { outcome: Some(outcome), .. } = &operation.progress else { panic!("it has ended") };
    let failed = ["failedSubscriptions", "failedDevices"];
    let failed = failed.iter().filter_map(|member| outcome.result.get(member)?.as_array());
    let failed = failed.map(Vec::len).sum();
    assert_eq!(outcome.succeeded, failed == 0);
    failed
}

impl Step {
    /// The same, done and not only tried.
    fn wet(mut self) -> Self {
        if let Self::Add(.., dry) | Self::Tag(.., dry) | Self::Subscribe(.., dry) = &mut self {
            *dry = false;
        }
        self
    }
}

impl Table {
    /// What a step does, said without the model; how many of its parts fail.
    /// Of a device it is known whether the subscription is of its workspace or of who asks.
    fn step(&mut self, step: &Step, wanted: &[Uuid], device: Option<(Uuid, bool)>) -> usize {
        let mut failed = 0;
        match step {
            Step::Add(.., true) | Step::Tag(.., true) | Step::Subscribe(.., true) => {
                return self.clone().step(&step.clone().wet(), wanted, device);
            }
            Step::Add(actor, keys, _) => {
                let named: BTreeSet<_> = keys.iter().map(|key| KEYS[*key].to_owned()).collect();
                let (claimed, others): (Vec<_>, Vec<_>) =
                    named.into_iter().partition(|key| self.unclaimed.contains_key(key));
                failed = others.len();
                self.told[*actor] += claimed.len();
                for key in claimed {
                    let row = self.unclaimed.remove(&key).unwrap();
                    let id = greenroom_model::id::Seed(DEFAULT_SEED.0).uuid("subscription", &key, 0);
                    self.seen[*actor].insert(id, row);
                }
            }
            Step::Tag(actor, _, key, set, _) => {
                for id in wanted {
                    let row = self.seen[*actor].get_mut(id).unwrap();
                    let before = row.tags.clone();
                    // Keys that differ in case alone are one key.
                    let other = row.tags.keys().find(|it| it.eq_ignore_ascii_case(key)).cloned();
                    match (set, other) {
                        (true, Some(other)) if other != *key => failed += 1,
                        (true, _) => _ = row.tags.insert((*key).into(), "lab".into()),
                        (false, other) => _ = other.map(|other| row.tags.remove(&other)),
                    }
                    self.told[*actor] += usize::from(row.tags != before);
                }
            }
            Step::Unclaim(actor, _) => {
                for id in wanted {
                    let used = self.uses.values().any(|it| *it == Some(*id));
                    if used || !self.seen[*actor][id].key.starts_with("EGREENROOM") {
                        failed += 1;
                        continue;
                    }
                    self.told[*actor] += 1;
                    let row = self.seen[*actor].remove(id).unwrap();
                    self.unclaimed.insert(row.key.clone(), Row { tags: Tags::new(), ..row });
                }
            }
            Step::Subscribe(actor, ..) => {
                let ((device, shares), wanted) = (device.unwrap(), wanted.first().copied());
                let foreign = !shares && self.uses.get(&device) != Some(&wanted);
                let full = wanted.is_some_and(|id| {
                    let users = self.uses.iter().filter(|(it, used)| **it != device && **used == Some(id));
                    users.count() as u32 >= self.seen[*actor][&id].quantity
                });
                if full || foreign {
                    failed = 1;
                } else {
                    self.uses.insert(device, wanted);
                }
            }
            Step::Save => {}
        }
        failed
    }
}

fn spec() -> Spec {
    let file = "
seed: 1
unclaimed:
  - {key: EGREENROOM0000001, tier: ADVANCED_AP, quantity: 50}
  - {key: EGREENROOM0000002, tier: FOUNDATION_AP, quantity: 2}
  - {key: EGREENROOM0000005, tier: FOUNDATION_WLAN_GW, quantity: 1}
workspaces:
  - {symbol: standard, devices: {network: 13, unassigned: 2, compute: 1}}
  - symbol: msp
    type: MSP
    devices: {network: 2}
    tenants:
      - {symbol: one, devices: {network: 11}}
      - {symbol: two, ownership: CUSTOMER_OWNED_INVENTORY, devices: {network: 3}}
";
    Spec::read(file.as_bytes()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn the_table_says_the_same(steps in vec(step(), 1..16)) {
        let mut world = World::from_spec(&spec()).unwrap();
        let mut now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut expected = table(&world);
        for step in &steps {
            let ids = |actor: usize, which: &[Index]| -> Vec<Uuid> {
                // What was claimed is meant more often than the pools, of which there are more.
                let claimed = expected.seen[actor].iter().filter(|(_, row)| row.key.starts_with("EGREENROOM"));
                let claimed: Vec<_> = claimed.map(|(id, _)| *id).collect();
                let all: Vec<_> = expected.seen[actor].keys().copied().chain(claimed.repeat(9)).collect();
                let mut ids: Vec<_> = which.iter().map(|it| *it.get(&all)).collect();
                ids.sort_unstable();
                ids.dedup();
                ids
            };
            let (actor, wanted, device, task) = match step {
                Step::Add(actor, keys, dry_run) => {
                    let dry_run = *dry_run;
                    let new = |key: &usize| NewSubscription { key: KEYS[*key].into(), tags: BTreeMap::new() };
                    let claims = Claims { subscriptions: keys.iter().map(new).collect(), dry_run };
                    (*actor, Vec::new(), None, Task::AddSubscriptions(claims))
                }
                Step::Tag(actor, which, key, set, dry_run) => {
                    let wanted = ids(*actor, which);
                    let tags = [((*key).into(), set.then(|| "lab".into()))].into();
                    let tagging = Tagging { ids: wanted.clone(), tags, dry_run: *dry_run };
                    (*actor, wanted, None, Task::TagSubscriptions(tagging))
                }
                Step::Unclaim(actor, which) => {
                    let wanted = ids(*actor, which);
                    (*actor, wanted.clone(), None, Task::UnclaimSubscriptions(Unclaims { ids: wanted }))
                }
                Step::Subscribe(actor, device, which, dry_run) => {
                    let workspace = session(&world, *actor).workspace;
                    let visible = world.visible_devices(workspace);
                    let devices: Vec<Uuid> = visible
                        .iter()
                        .flat_map(|(plot, _)| world.fleet().all(*plot).map(|it| it.id()).collect::<Vec<_>>())
                        .collect();
                    let device = *device.get(&devices);
                    let wanted = which.map(|which| ids(*actor, &[which])).unwrap_or_default();
                    let subscription = wanted.first().map_or(Wished::Nothing, |id| Wished::To(*id));
                    let wish = Wish { subscription: Some(subscription), ..Wish::default() };
                    let update = Update { version: Version::V1, ids: vec![device], wish, dry_run: *dry_run };
                    let home = world.fleet().by_id(device).map(|it| it.workspace());
                    let shares = wanted.first().is_none_or(|id| {
                        let owner = world.subscriptions(workspace).by_id(*id).and_then(|it| it.workspace);
                        owner == home || owner == Some(workspace)
                    });
                    (*actor, wanted, Some((device, shares)), Task::UpdateDevices(Box::new(update)))
                }
                Step::Save => {
                    let file = export(&world, Secrets::Shown, now).unwrap();
                    world = World::from_spec(&Spec::read(file.as_bytes()).unwrap()).unwrap();
                    prop_assert_eq!(export(&world, Secrets::Shown, now).unwrap(), file);
                    prop_assert_eq!(&table(&world), &expected);
                    continue;
                }
            };
            let failed = done(&mut world, actor, task, &mut now);
            prop_assert_eq!(failed, expected.step(step, &wanted, device), "{:?}", step);
            prop_assert_eq!(&table(&world), &expected, "{:?}", step);
        }
    }
}

#[test]
fn a_file_says_how_large_a_pool_is_and_that_it_is_there() {
    let file = "
workspaces:
  - symbol: standard
    devices: {network: 1}
    pools: {ADVANCED_AP: {quantity: 200}, TIER: {quantity: 3, tags: {a: b}}, NOBODYS: {}}
";
    let mut world = World::from_spec(&Spec::read(file.as_bytes()).unwrap()).unwrap();
    let shown = |world: &World| {
        let rows = world.subscriptions(session(world, 0).workspace);
        rows.iter().map(|it| (it.held.tier.to_string(), it.quantity, it.tags.len())).collect::<Vec<_>>()
    };
    assert_eq!(shown(&world), [("ADVANCED_AP".to_owned(), 200, 0), ("TIER".to_owned(), 3, 1)]);
    let again = export(&world, Secrets::Shown, Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(shown(&World::from_spec(&Spec::read(again.as_bytes()).unwrap()).unwrap()), shown(&world));
    // Nobody uses it, and yet it stays.
    let session = session(&world, 0);
    let id = world.subscriptions(session.workspace).iter().find(|it| it.held.tier == "TIER").unwrap().held.id;
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    world.dialect.async_pace = AsyncPace::Now;
    let order = Task::UnclaimSubscriptions(Unclaims { ids: vec![id] });
    let order = world.accept(&session, order, now).unwrap();
    let ended = &world.poll(&session, Accepted::Subscriptions, order, now).unwrap().progress;
    let Progress::Ended { outcome: Some(outcome), .. } = ended else { panic!("it has ended") };
    let why = &outcome.result["failedSubscriptions"][0]["message"];
    assert_eq!(why, "Only a subscription that was added can be removed.");
}

#[test]
fn what_a_workspace_had_is_nobodys_when_it_is_gone() {
    let file = "
workspaces:
  - symbol: msp
    type: MSP
    tenants:
      - {symbol: one, subscriptions: [{key: OWN-1, tier: ADVANCED_AP, tags: {a: b}}]}
";
    let mut world = World::from_spec(&Spec::read(file.as_bytes()).unwrap()).unwrap();
    let session = session(&world, 1);
    let one = world.workspace_named("one").unwrap();
    assert_eq!(world.subscriptions(session.workspace).iter().count(), 1, "the MSP sees what its tenant has");
    let id = world.workspace(one).id;
    world.delete_tenant(&session, id, Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(world.subscriptions(session.workspace).iter().count(), 0);
    let free: Vec<_> = world.ledger().of(None).collect();
    assert_eq!((free[0].held.key.as_str(), free[0].tags.len()), ("OWN-1", 0));
}
