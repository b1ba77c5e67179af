//! Whatever is asked of a provision, at whatever pace, a status and a number kept by hand say the same, and so does
//! the log; and a world that was saved and loaded in between goes on alike.

use greenroom_model::{
    access::Service,
    async_operation::{SECONDS, TIMEOUT_MINUTES},
    audit::Category,
    catalog::{ProvisionStatus, ServiceManager},
    dialect::AsyncPace,
    refusal::Refusal,
    spec::{Patch, Secrets, Spec, export},
    world::{ClientIx, Session, UserIx, World},
};
use jiff::{SignedDuration, Timestamp};
use proptest::{collection::vec, prelude::*, sample::select};
use uuid::Uuid;

const REGION: &str = "eu-central";

#[derive(Clone, Debug)]
enum Step {
    Provision,
    Unprovision,
    /// Somebody looks at the one, or at all.
    Look(bool),
    Wait(i64),
    Pace(AsyncPace),
    Save,
}

fn step() -> impl Strategy<Value = Step> {
    const PACES: [AsyncPace; 5] =
        [AsyncPace::TimeOrPolls, AsyncPace::Time, AsyncPace::Polls, AsyncPace::Now, AsyncPace::Never];
    prop_oneof![
        3 => Just(Step::Provision),
        3 => Just(Step::Unprovision),
        3 => any::<bool>().prop_map(Step::Look),
        3 => select(vec![0, SECONDS - 1, SECONDS, TIMEOUT_MINUTES * 60 - 1, TIMEOUT_MINUTES * 60])
            .prop_map(Step::Wait),
        2 => select(&PACES).prop_map(Step::Pace),
        1 => Just(Step::Save),
    ]
}

/// What there should be.
#[derive(Debug)]
struct Expected {
    pace: AsyncPace,
    status: ProvisionStatus,
    generation: u32,
    /// When the status became what it is.
    since: Timestamp,
    /// How often somebody looked since.
    looks: u32,
    /// What the log tells, oldest first.
    told: Vec<String>,
}

impl Expected {
    fn is_under_way(&self) -> bool {
        matches!(self.status, ProvisionStatus::ProvisionInitiated | ProvisionStatus::UnprovisionInitiated)
    }

    /// Lets happen what is due.
    fn settle(&mut self, now: Timestamp) {
        let (seconds, in_time) = match self.pace {
            AsyncPace::Now => (0, true),
            AsyncPace::Time | AsyncPace::TimeOrPolls => (SECONDS, true),
            AsyncPace::Polls | AsyncPace::Never => (TIMEOUT_MINUTES * 60, false),
        };
        let due = self.since + SignedDuration::from_secs(seconds);
        if self.is_under_way() && due <= now {
            self.end(in_time, due);
        }
    }

    fn end(&mut self, in_time: bool, at: Timestamp) {
        let (status, did) = match (self.status, in_time) {
            (ProvisionStatus::ProvisionInitiated, true) => (ProvisionStatus::Provisioned, "provisioned"),
            (ProvisionStatus::ProvisionInitiated, false) => {
                (ProvisionStatus::ProvisionFailed, "could not be provisioned")
            }
            (_, true) => (ProvisionStatus::Unprovisioned, "unprovisioned"),
            (_, false) => (ProvisionStatus::UnprovisionFailed, "could not be unprovisioned"),
        };
        (self.status, self.since) = (status, at);
        self.told.push(format!("Data Services {did} in {REGION}."));
    }

    fn begin(&mut self, status: ProvisionStatus, now: Timestamp) {
        (self.status, self.since, self.looks) = (status, now, 0);
        self.generation += 1;
        self.settle(now);
    }

    fn provision(&mut self, now: Timestamp) -> bool {
        let can = matches!(self.status, ProvisionStatus::Unprovisioned | ProvisionStatus::ProvisionFailed);
        if can {
            self.begin(ProvisionStatus::ProvisionInitiated, now);
        }
        can
    }

    /// Whether there was one to be taken away.
    fn unprovision(&mut self, now: Timestamp) -> bool {
        match self.status {
            ProvisionStatus::Unprovisioned => return false,
            ProvisionStatus::UnprovisionInitiated => {}
            _ => self.begin(ProvisionStatus::UnprovisionInitiated, now),
        }
        true
    }

    fn look(&mut self, now: Timestamp) {
        self.looks += 1;
        let by_looks = matches!(self.pace, AsyncPace::TimeOrPolls | AsyncPace::Polls);
        if self.is_under_way() && by_looks && self.looks >= 2 {
            self.end(true, now);
        }
    }
}

fn session(world: &World) -> Session {
    let workspace = world.workspace_named("standard").unwrap();
    Session { token: 1, client: ClientIx(0), user: UserIx(0), workspace }
}

/// The lines about services, oldest first.
fn told(world: &World, now: Timestamp) -> Vec<String> {
    let lines = world.audit_lines(session(world).workspace, now).lines;
    let about = lines.iter().rev().filter(|line| line.category == Category::Service.name());
    about.map(|line| line.description.clone()).collect()
}

fn loaded(world: &World, now: Timestamp) -> World {
    let file = export(world, Secrets::Shown, now).unwrap();
    let mut again = World::from_spec(&Spec::read(file.as_bytes()).unwrap()).unwrap();
    again.dialect = world.dialect.clone();
    again
}

fn world(devices: &str) -> (World, Timestamp) {
    let file = format!("workspaces: [{{symbol: standard, devices: {{{devices}}}}}]");
    let world = World::from_spec(&Spec::read(file.as_bytes()).unwrap()).unwrap();
    (world, "2026-01-01T00:00:00Z".parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn the_table_says_the_same(steps in vec(step(), 1..24)) {
        let (mut world, mut now) = world("");
        let manager: Uuid = World::service_manager(Service::DataServices);
        prop_assert!(ServiceManager::of_id(manager).is_some());
        world.dialect.async_pace = AsyncPace::Now;
        let id = world.provision(&session(&world), manager, REGION, now).unwrap();
        let mut expected = Expected {
            pace: AsyncPace::Now,
            status: ProvisionStatus::ProvisionInitiated,
            generation: 1,
            since: now,
            looks: 0,
            told: Vec::new(),
        };
        expected.settle(now);
        for step in &steps {
            let session = session(&world);
            match step {
                Step::Provision => {
                    let done = world.provision(&session, manager, REGION, now);
                    prop_assert_eq!(done.is_ok(), expected.provision(now));
                    prop_assert!(done.is_err() || done == Ok(id), "it comes back under the id that it had");
                }
                Step::Unprovision => {
                    prop_assert_eq!(world.unprovision(&session, id, now), Ok(expected.unprovision(now)));
                }
                Step::Look(one) => {
                    world.poll_provisions(&session, one.then_some(id), now);
                    expected.look(now);
                }
                Step::Wait(seconds) => now += SignedDuration::from_secs(*seconds),
                Step::Pace(pace) => {
                    world.dialect.async_pace = *pace;
                    expected.pace = *pace;
                }
                Step::Save => world = loaded(&world, now),
            }
            world.settle(now);
            expected.settle(now);
            let it = world.own_provision(&session, id).unwrap();
            prop_assert_eq!(
                (it.status, it.generation, it.updated_at),
                (expected.status, expected.generation, expected.since),
                "{:?}", step
            );
            let failed = matches!(it.status, ProvisionStatus::ProvisionFailed | ProvisionStatus::UnprovisionFailed);
            prop_assert_eq!(it.status.reason(), failed.then_some("The operation took too long."));
            prop_assert_eq!(told(&world, now), expected.told.clone());
        }
    }
}

/// Devices that come to a service while it is being taken away keep it.
#[test]
fn what_devices_use_is_not_taken_away() {
    let (mut world, now) = world("network: 1");
    let session = session(&world);
    let central = world.provisions(session.workspace).next().unwrap().id;
    assert!(matches!(world.unprovision(&session, central, now), Err(Refusal::Conflict(_))));
    let serial = world.fleet().all(session.workspace).next().unwrap().serial().to_string();
    let assign = |world: &mut World, assigned: bool| {
        let patch = format!("devices: {{change: [{{serial: {serial}, assigned: {assigned}}}]}}");
        world.patch(&Patch::read(patch.as_bytes()).unwrap(), now).unwrap();
    };
    assign(&mut world, false);
    assert_eq!(world.unprovision(&session, central, now), Ok(true));
    assign(&mut world, true);
    let end = now + SignedDuration::from_secs(SECONDS);
    world.settle(end);
    let it = world.own_provision(&session, central).unwrap();
    assert_eq!((it.status, it.updated_at), (ProvisionStatus::UnprovisionFailed, end));
    assert_eq!(told(&world, end), ["Aruba Central could not be unprovisioned in us-west."]);
}
