//! Asynchronous operations: accepted at once, done at their end, to be asked about for a day after it.
//!
//! What an operation changes is changed when it ends, never before, and whether or not somebody asks: a
//! world [settles](World::settle) what has come due before anything else looks at it. When that is, is the
//! business of dialect `async_pace`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    audit::Author,
    catalog::Provisioning,
    devices::orders::{Addition, Update},
    dialect::{AsyncPace, AsyncTimeoutName},
    id::Seed,
    refusal::{Conflict, Refusal},
    subscription::orders::{Claims, Tagging, Unclaims},
    world::{Session, WorkspaceIx, World},
};

/// How many operations a world remembers.
pub const MOST_OPERATIONS: usize = 10_000;

/// How long an operation takes, and how often a client should ask (`glp.md §6.6`).
pub const SECONDS: i64 = 2;

/// How long it may take before it is given up (`glp.md §6.6`).
pub const TIMEOUT_MINUTES: i64 = 2;

/// How often somebody must ask, where asking ends an operation.
const POLLS: u32 = 2;

/// How long one that has ended can be asked about (`glp.md §6.6`).
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

/// Which service accepted an operation: it can be asked about there and nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// Device management.
    Devices,
    /// Subscription management.
    Subscriptions,
    /// The service catalog, which tells how a provision goes and nothing of the operation.
    ServiceCatalog,
}

/// What an operation will do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Adds devices.
    AddDevices(Addition),
    /// Changes devices.
    UpdateDevices(Box<Update>),
    /// Adds subscriptions.
    AddSubscriptions(Claims),
    /// Tags subscriptions.
    TagSubscriptions(Tagging),
    /// Gives subscriptions back.
    UnclaimSubscriptions(Unclaims),
    /// Provisions a service manager, or takes it away.
    Provision(Provisioning),
}

impl Task {
    fn accepted(&self) -> Accepted {
        match self {
            Self::AddDevices(_) | Self::UpdateDevices(_) => Accepted::Devices,
            Self::AddSubscriptions(_) | Self::TagSubscriptions(_) | Self::UnclaimSubscriptions(_) => {
                Accepted::Subscriptions
            }
            Self::Provision(_) => Accepted::ServiceCatalog,
        }
    }
}

/// What came of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Whether all of it was done.
    pub succeeded: bool,
    /// `progressPercent`.
    pub progress: u8,
    /// `result`.
    pub result: Value,
    /// `resultType`.
    pub result_type: String,
}

/// How an operation stands. World files keep it as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// It has this still to do.
    Running(Task),
    /// It has ended.
    Ended {
        /// When.
        at: Timestamp,
        /// How; `None` if it took too long, and so did nothing.
        outcome: Option<Outcome>,
    },
}

/// An asynchronous operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// `transactionId`.
    pub id: Uuid,
    /// Which service accepted it.
    pub accepted: Accepted,
    /// On whose behalf.
    pub actor: Author,
    /// When it was accepted.
    pub started_at: Timestamp,
    /// How often somebody has asked about it.
    pub polls: u32,
    /// How it stands.
    pub progress: Progress,
}

impl Operation {
    /// `status` (`glp.md §6.6`, dialect `async_timeout_name`).
    pub fn status(&self, timeout: AsyncTimeoutName) -> &'static str {
        match &self.progress {
            Progress::Running(_) => "RUNNING",
            Progress::Ended { outcome: Some(Outcome { succeeded: true, .. }), .. } => "SUCCEEDED",
            Progress::Ended { outcome: Some(_), .. } => "FAILED",
            Progress::Ended { outcome: None, .. } => match timeout {
                AsyncTimeoutName::Timeout => "TIMEOUT",
                AsyncTimeoutName::TimedOut => "TIMEDOUT",
            },
        }
    }

    fn is_forgotten(&self, now: Timestamp) -> bool {
        matches!(self.progress, Progress::Ended { at, .. } if now.duration_since(at) >= REMEMBERED)
    }
}

/// The operations of a world, by number.
#[derive(Clone, Debug, Default)]
pub struct Operations {
    all: BTreeMap<u64, Operation>,
    by_id: HashMap<Uuid, u64>,
    /// Those that run. All take as long as each other, so the first of them is the first to end.
    running: BTreeSet<u64>,
    /// How many there ever were.
    started: u64,
}

/// `transactionId` of the operation of that number.
pub(crate) fn id(seed: Seed, number: u64) -> Uuid {
    seed.uuid("async-operation", "", number)
}

impl Operations {
    /// Operations that go on, `started` of which there were in all.
    pub(crate) fn resume(all: impl Iterator<Item = (u64, Operation)>, started: u64) -> Self {
        let mut operations = Self::default();
        all.for_each(|(number, operation)| operations.enter(number, operation));
        operations.started = operations.all.keys().next_back().copied().unwrap_or_default().max(started);
        operations
    }

    /// Those that can still be asked about at `now`, by number.
    pub(crate) fn remembered(&self, now: Timestamp) -> impl Iterator<Item = (u64, &Operation)> {
        let remembered = self.all.iter().filter(move |(_, operation)| !operation.is_forgotten(now));
        remembered.map(|(number, operation)| (*number, operation))
    }

    /// The operation that goes on with a provision, if one does.
    pub(crate) fn provisioning(&self, id: Uuid, generation: u32) -> Option<Uuid> {
        let running = self.running.iter().filter_map(|number| self.all.get(number));
        let task = Progress::Running(Task::Provision(Provisioning { id, generation }));
        running.into_iter().find(|operation| operation.progress == task).map(|operation| operation.id)
    }

    /// How many there ever were.
    pub(crate) fn started(&self) -> u64 {
        self.started
    }

    /// No id is given that was given before.
    pub(crate) fn go_on_from(&mut self, before: &Self) {
        self.started = self.started.max(before.started);
    }

    fn enter(&mut self, number: u64, operation: Operation) {
        self.by_id.insert(operation.id, number);
        if matches!(operation.progress, Progress::Running(_)) {
            self.running.insert(number);
        }
        self.all.insert(number, operation);
    }

    /// Forgets the operations of workspaces that go.
    pub(crate) fn forget_those_of(&mut self, gone: impl Fn(WorkspaceIx) -> bool) {
        self.all.retain(|number, operation| {
            let stays = !gone(operation.actor.workspace);
            if !stays {
                self.by_id.remove(&operation.id);
                self.running.remove(number);
            }
            stays
        });
    }

    /// Makes room for one more, if there is one that has ended.
    fn make_room(&mut self, now: Timestamp) -> Result<(), Conflict> {
        while let Some((number, first)) = self.all.first_key_value() {
            if self.all.len() < MOST_OPERATIONS && !first.is_forgotten(now) {
                break;
            }
            let ended = if self.running.contains(number) {
                self.all.keys().find(|number| !self.running.contains(number))
            } else {
                Some(number)
            };
            let number = *ended.ok_or(Conflict::Full("running operations"))?;
            if let Some(gone) = self.all.remove(&number) {
                self.by_id.remove(&gone.id);
            }
        }
        Ok(())
    }
}

impl World {
    /// The asynchronous operations.
    pub(crate) fn operations(&self) -> &Operations {
        &self.operations
    }

    /// Does what has come due by `now`, each at the time at which it ended. Whoever holds a world that time
    /// has passed for calls this first.
    pub fn settle(&mut self, now: Timestamp) {
        while let Some(number) = self.operations.running.first().copied() {
            let Some(operation) = self.operations.all.get(&number) else { return };
            let (after, in_time) = match self.dialect.async_pace {
                AsyncPace::TimeOrPolls | AsyncPace::Time => (SignedDuration::from_secs(SECONDS), true),
                AsyncPace::Now => (SignedDuration::ZERO, true),
                AsyncPace::Polls | AsyncPace::Never => (SignedDuration::from_mins(TIMEOUT_MINUTES), false),
            };
            match operation.started_at.checked_add(after) {
                Ok(due) if due <= now => self.end(number, in_time, due),
                _ => return,
            }
        }
    }

    /// Accepts a task. Its id, and with it where to ask, follows from the seed and how many came before.
    pub fn accept(&mut self, session: &Session, task: Task, now: Timestamp) -> Result<Uuid, Refusal> {
        self.operations.make_room(now)?;
        self.operations.started += 1;
        let number = self.operations.started;
        let operation = Operation {
            id: id(self.seed, number),
            accepted: task.accepted(),
            actor: session.into(),
            started_at: now,
            polls: 0,
            progress: Progress::Running(task),
        };
        let id = operation.id;
        self.operations.enter(number, operation);
        self.settle(now);
        Ok(id)
    }

    /// Asks about an operation that the session's workspace started at a service. By some paces that ends it.
    pub fn poll(
        &mut self,
        session: &Session,
        accepted: Accepted,
        id: Uuid,
        now: Timestamp,
    ) -> Option<&Operation> {
        let number = *self.operations.by_id.get(&id)?;
        let operation = self.operations.all.get_mut(&number).filter(|it| !it.is_forgotten(now))?;
        if operation.actor.workspace != session.workspace || operation.accepted != accepted {
            return None;
        }
        operation.polls = operation.polls.saturating_add(1);
        let by_polls = matches!(self.dialect.async_pace, AsyncPace::TimeOrPolls | AsyncPace::Polls);
        if by_polls && operation.polls >= POLLS && self.operations.running.contains(&number) {
            self.end(number, true, now);
        }
        self.operations.all.get(&number)
    }

    /// Ends an operation that runs, having done it or not.
    fn end(&mut self, number: u64, in_time: bool, at: Timestamp) {
        self.operations.running.remove(&number);
        let Some(operation) = self.operations.all.get_mut(&number) else { return };
        let ended = Progress::Ended { at, outcome: None };
        let Progress::Running(task) = std::mem::replace(&mut operation.progress, ended) else { return };
        let actor = operation.actor;
        let done = match (in_time, task) {
            (true, task) => Some(self.perform(task, actor, at)),
            // It shows that it took too long.
            (false, Task::Provision(order)) => Some(self.end_provisioning(order, actor, false, at)),
            (false, _) => None,
        };
        if let Some(Operation { progress: Progress::Ended { outcome, .. }, .. }) =
            self.operations.all.get_mut(&number)
        {
            *outcome = done;
        }
    }

    /// Does a task, and says what came of it.
    fn perform(&mut self, task: Task, actor: Author, at: Timestamp) -> Outcome {
        match task {
            Task::AddDevices(order) => self.add_devices(order, actor, at),
            Task::UpdateDevices(order) => self.update_devices(*order, actor, at),
            Task::AddSubscriptions(order) => self.add_subscriptions(order, actor, at),
            Task::TagSubscriptions(order) => self.tag_subscriptions(order, actor, at),
            Task::UnclaimSubscriptions(order) => self.unclaim_subscriptions(order, actor, at),
            Task::Provision(order) => self.end_provisioning(order, actor, true, at),
        }
    }
}
