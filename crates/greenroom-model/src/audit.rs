//! The audit log: who signed in, what was done and what was called, newest first, bounded.
//!
//! What changes something is told once, as an [`Effect`], by whoever did it and in the workspace where it
//! was asked for. Calls that change nothing are told by their method and path (dialect `audit`).

use std::{
    borrow::Cow,
    cmp::Reverse,
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use jiff::{Timestamp, ToSpan, tz::TimeZone};
use rpds::VectorSync;

use crate::{
    access::Service,
    dialect::Audit,
    time::whole_second,
    user::User,
    world::{ClientIx, Session, UserIx, WorkspaceIx, World},
};

/// How many lines are kept of what a workspace did, and how many of what it read: more than [`MOST_TOLD`], so
/// that a log can have more than it tells.
const MOST_LINES: usize = 20_000;

/// How many lines are kept of all workspaces together, so that a world can be saved.
const MOST_OF_ALL: usize = 400_000;

/// How many lines of a list can be read, whatever matches (`glp.md §7.1`).
pub const MOST_TOLD: usize = 10_000;

/// For how many months a line can be read (`glp.md §7.1`).
const MONTHS: i32 = 3;

/// How many characters a text of a line may have: names in it may be long.
const LONGEST: usize = 2_000;

/// What a line is about. The first three are names of HPE's samples (`glp.md §7.1`; `API Gateway` stands in
/// the sample filters), the others are formed like them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// Users and their sign-ins.
    User,
    /// Workspaces.
    Customer,
    /// Devices.
    Device,
    /// API clients and what is called with them.
    ApiGateway,
    /// Subscriptions.
    Subscription,
    /// Service managers and their provisions.
    Service,
}

impl Category {
    /// `category` on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "User Management",
            Self::Customer => "Customer Management",
            Self::Device => "Device Management",
            Self::ApiGateway => "API Gateway",
            Self::Subscription => "Subscription Management",
            Self::Service => "Service Management",
        }
    }
}

/// Who did something, and in which workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Author {
    /// The workspace whose log tells it.
    pub workspace: WorkspaceIx,
    /// The user: the one who made the API client (seed 003).
    pub user: UserIx,
}

impl From<&Session> for Author {
    fn from(session: &Session) -> Self {
        Self { workspace: session.workspace, user: session.user }
    }
}

/// Something that was done, as the log tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    category: Category,
    description: String,
    details: Vec<String>,
}

impl Effect {
    /// What was done, in a sentence.
    pub fn new(category: Category, description: impl Into<String>) -> Self {
        Self { category, description: description.into(), details: Vec::new() }
    }

    /// The same, saying more: `Serial number: CN000G0000`.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.details.push(format!("{name}: {value}"));
        self
    }
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number, counted from 1.
    pub ordinal: u64,
    /// The workspace it happened in.
    pub workspace: WorkspaceIx,
    /// Who did it: the user who made the API client (seed 003).
    pub user: UserIx,
    /// The service it happened at.
    pub service: Service,
    /// `category`.
    pub category: Cow<'static, str>,
    /// `description`.
    pub description: String,
    /// What there is to say besides. A line without has no details.
    pub details: Vec<String>,
    /// When, in whole seconds as the log shows it (`glp.md §10 row 25`).
    pub at: Timestamp,
}

impl Line {
    /// Whether it tells a call that only looked: those make room first.
    fn is_read(&self) -> bool {
        self.category == Category::ApiGateway.name() && self.description.starts_with("GET ")
    }
}

/// The lines of all workspaces. Each has room of its own, and what it did other room than what it read: nobody's
/// reads drop what was done, or what somebody else's log tells.
#[derive(Clone, Debug, Default)]
pub struct AuditLog {
    /// By workspace and whether they are reads, oldest first. Shared, so that a copy of a world costs little.
    logs: BTreeMap<(WorkspaceIx, bool), Arc<VecDeque<Arc<Line>>>>,
    /// How many lines there are.
    kept: usize,
    written: u64,
}

impl AuditLog {
    /// Adds a line, dropping those of its log that nobody can read any more.
    fn write(&mut self, by: Author, service: Service, effect: Effect, now: Timestamp) {
        self.written = self.written.saturating_add(1);
        let Effect { category, description, details } = effect;
        let line = Line {
            ordinal: self.written,
            workspace: by.workspace,
            user: by.user,
            service,
            category: category.name().into(),
            description: shortened(description),
            details: details.into_iter().map(shortened).collect(),
            at: whole_second(now),
        };
        self.keep(line, kept_since(now));
    }

    /// Keeps a line, and of its log what is not older than an instant. Where there is no room the oldest line of
    /// the log goes, or of the longest one.
    fn keep(&mut self, line: Line, since: Timestamp) {
        let log = Arc::make_mut(self.logs.entry((line.workspace, line.is_read())).or_default());
        self.kept -= log.len();
        while log.len() >= MOST_LINES || log.front().is_some_and(|line| line.at < since) {
            log.pop_front();
        }
        log.push_back(Arc::new(line));
        self.kept += log.len();
        if self.kept > MOST_OF_ALL
            && let Some(longest) = self.logs.values_mut().max_by_key(|log| log.len())
        {
            Arc::make_mut(longest).pop_front();
            self.kept -= 1;
        }
    }

    /// The lines of one workspace that can be read at `now`, newest first.
    pub fn of(&self, workspace: WorkspaceIx, now: Timestamp) -> Vec<Arc<Line>> {
        let kept_since = kept_since(now);
        let logs = [false, true].into_iter().filter_map(|reads| self.logs.get(&(workspace, reads)));
        let lines = logs.flat_map(|log| log.iter()).filter(|line| line.at >= kept_since);
        let mut lines: Vec<_> = lines.cloned().collect();
        lines.sort_by_key(|line| Reverse(line.ordinal));
        lines
    }

    /// All lines, oldest first.
    pub(crate) fn lines(&self) -> Vec<&Line> {
        let mut lines: Vec<_> = self.logs.values().flat_map(|log| log.iter()).map(|line| &**line).collect();
        lines.sort_by_key(|line| line.ordinal);
        lines
    }

    /// How many lines were ever written.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// A log that goes on after `lines`, oldest first, and `written` lines in all.
    pub(crate) fn resume(lines: impl Iterator<Item = Line>, written: u64) -> Self {
        let mut log = Self { written, ..Self::default() };
        for line in lines {
            log.written = log.written.max(line.ordinal);
            log.keep(line, Timestamp::MIN);
        }
        log
    }
}

/// The oldest instant of which the log still tells at `now`.
fn kept_since(now: Timestamp) -> Timestamp {
    let back = now.to_zoned(TimeZone::UTC).checked_sub(MONTHS.months());
    whole_second(back.map_or(Timestamp::MIN, |back| back.timestamp()))
}

fn shortened(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
    }
    text
}

/// The lines that a workspace can read, to be looked at without holding the world.
pub struct Lines {
    /// Newest first.
    pub lines: Vec<Arc<Line>>,
    users: VectorSync<User>,
}

impl Lines {
    /// The e-mail address of who did it.
    pub fn author(&self, line: &Line) -> &str {
        &self.users[line.user.0].email
    }
}

impl World {
    /// The lines that can be read of a workspace at `now`.
    pub fn audit_lines(&self, of: WorkspaceIx, now: Timestamp) -> Lines {
        Lines { lines: self.audit.of(of, now), users: self.users.clone() }
    }

    /// Tells what was done. Whatever changes the imitated cloud on somebody's behalf tells it here, once, when
    /// it takes effect.
    pub fn tell(&mut self, by: impl Into<Author>, effect: Effect, now: Timestamp) {
        self.audit.write(by.into(), Service::Platform, effect, now);
    }

    /// Tells a call of which no effect was told (dialect `audit`).
    pub fn audit_call(
        &mut self,
        session: &Session,
        service: Service,
        description: String,
        changed: bool,
        now: Timestamp,
    ) {
        if changed || self.dialect.audit == Audit::All {
            let effect = Effect::new(Category::ApiGateway, description);
            self.audit.write(session.into(), service, effect, now);
        }
    }

    /// Notes a sign-in with the user, and tells it to the workspace it led to (dialect `audit`). One by exchange reads as the platform's
    /// "Loading workspace" (the second sample of v2beta1).
    pub(crate) fn audit_sign_in(
        &mut self,
        client: ClientIx,
        workspace: WorkspaceIx,
        exchanged: bool,
        now: Timestamp,
    ) {
        let owner = self.client(client).owner;
        self.users[owner.0].last_login = Some(now);
        if self.dialect.audit != Audit::All {
            return;
        }
        let client = self.client(client);
        let email = &self.user(client.owner).email;
        let effect = if exchanged {
            let id = self.workspace(workspace).id.plain();
            Effect::new(Category::Customer, format!("Loading workspace {id} for user {email}"))
        } else {
            Effect::new(Category::User, format!("User {email} logged in via API client."))
        };
        let effect = effect.with("API client", &client.credential_name).with("Client ID", &client.id);
        let author = Author { workspace, user: client.owner };
        self.tell(author, effect, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::DEFAULT_SEED;

    fn told(count: usize, at: &str) -> (World, Author) {
        let mut world = World::sample(DEFAULT_SEED);
        let by = Author { workspace: WorkspaceIx(0), user: UserIx(0) };
        for n in 0..count {
            world.tell(by, Effect::new(Category::Device, n.to_string()), at.parse().unwrap());
        }
        (world, by)
    }

    #[test]
    fn lines_are_read_for_three_months_and_then_forgotten() {
        let (mut world, by) = told(2, "2025-11-30T12:00:00.5Z");
        let read = |world: &World, at: &str| world.audit_lines(by.workspace, at.parse().unwrap()).lines.len();
        // Three months before the end of February there is no 30th.
        assert_eq!(read(&world, "2026-02-28T12:00:00Z"), 2);
        assert_eq!(read(&world, "2026-03-01T00:00:00Z"), 0);
        world.tell(by, Effect::new(Category::Device, "new"), "2026-03-01T00:00:00Z".parse().unwrap());
        assert_eq!((world.audit.kept, world.audit.lines().len(), world.audit.written()), (1, 1, 3));
    }

    #[test]
    fn the_oldest_lines_make_room_and_texts_have_an_end() {
        let (mut world, by) = told(MOST_LINES + 3, "2026-01-01T00:00:00Z");
        assert_eq!(world.audit.kept, MOST_LINES);
        assert_eq!(world.audit.lines()[0].description, "3");
        let long = "ü".repeat(LONGEST + 1);
        let effect = Effect::new(Category::Device, &*long).with("Name", &long);
        world.tell(by, effect, "2026-01-01T00:00:00Z".parse().unwrap());
        let line = *world.audit.lines().last().unwrap();
        assert_eq!(line.description.chars().count(), LONGEST);
        assert_eq!(line.details[0].chars().count(), LONGEST);
    }

    #[test]
    fn nobody_reads_away_what_was_done_or_what_another_log_tells() {
        let (mut world, by) = told(1, "2026-01-01T00:00:00Z");
        let now = "2026-01-01T00:00:01Z".parse().unwrap();
        let other = Author { workspace: WorkspaceIx(1), user: UserIx(0) };
        let read = Effect::new(Category::ApiGateway, "GET /devices/v1/devices");
        world.audit.write(other, Service::Platform, read.clone(), now);
        for _ in 0..MOST_LINES + 3 {
            world.audit.write(by, Service::Platform, read.clone(), now);
        }
        let told = |of: Author| world.audit_lines(of.workspace, now).lines;
        let own = told(by);
        assert_eq!((own.len(), &*own.last().unwrap().description), (MOST_LINES + 1, "0"));
        assert!(own.is_sorted_by(|a, b| a.ordinal > b.ordinal));
        assert_eq!(told(other).len(), 1);
        let again = AuditLog::resume(world.audit.lines().into_iter().cloned(), 0);
        assert_eq!((again.lines(), again.written), (world.audit.lines(), world.audit.written));
    }

    #[test]
    fn of_all_logs_the_longest_makes_room() {
        let mut log = AuditLog::default();
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let full = MOST_OF_ALL / MOST_LINES;
        for workspace in 0..=full {
            let by = Author { workspace: WorkspaceIx(workspace), user: UserIx(0) };
            for _ in 0..if workspace < full { MOST_LINES } else { 5 } {
                log.write(by, Service::Platform, Effect::new(Category::Device, "x"), now);
            }
        }
        assert_eq!((log.kept, log.lines().len()), (MOST_OF_ALL, MOST_OF_ALL));
        assert_eq!(log.of(WorkspaceIx(full), now).len(), 5);
    }
}
