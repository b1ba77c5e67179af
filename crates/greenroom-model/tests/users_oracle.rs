//! Users against an oracle that keeps nothing but sets: who belongs where, who is shut out, which clients and
//! tokens are left, and what the audit log must say.

use std::collections::{BTreeMap, BTreeSet};

use greenroom_model::{
    access::ApiFamily,
    credential::{ClientAuth, Presented},
    credentials::NewCredential,
    dialect::{ShutOutUser, UserRemoval},
    host::HostFamily,
    issue::Issuer,
    refusal::{Conflict, Refusal, TokenFault},
    secret::Digest,
    spec::{Patch, Secrets, Spec, export},
    user::{Language, UserStatus},
    users::Preferences,
    world::{ClientIx, Door, Session, World},
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

/// One MSP with a tenant, one workspace that stands alone; each with a user, one of whom belongs to both.
const FILE: &str = "
users:
  - {email: ann@example.com}
  - {email: Bob@example.com, workspaces: [acme, solo]}
workspaces:
  - {symbol: acme, owner: ann@example.com, tenants: [{symbol: branch}]}
  - {symbol: solo, owner: Bob@example.com}
";

const HOMES: [&str; 3] = ["acme", "branch", "solo"];
const EMAILS: [&str; 5] =
    ["ann@example.com", "Bob@example.com", "cem@example.com", "bob@EXAMPLE.com", "dia@example.ir"];

#[derive(Clone, Debug)]
enum Step {
    Invite(usize, usize),
    Remove(usize, usize),
    Prefer(usize, usize, u32),
    Status(usize, UserStatus),
    /// A user makes an API client: where one acts, and for the tenant or not.
    Client(usize, usize, bool),
    /// A client signs in.
    SignIn(usize),
    Wait(i64),
    Dialect(bool, bool),
    Reload,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (home, user) = (0..HOMES.len(), 0..EMAILS.len());
    let status = prop::sample::select(UserStatus::ALL);
    let step = prop_oneof![
        4 => (home.clone(), user.clone()).prop_map(|(home, user)| Step::Invite(home, user)),
        3 => (home.clone(), user.clone()).prop_map(|(home, user)| Step::Remove(home, user)),
        1 => (home.clone(), user.clone(), any::<u32>()).prop_map(|(home, user, n)| Step::Prefer(home, user, n)),
        2 => (user.clone(), status).prop_map(|(user, status)| Step::Status(user, status)),
        3 => (home, user, any::<bool>()).prop_map(|(home, user, tenant)| Step::Client(home, user, tenant)),
        4 => (0..20usize).prop_map(Step::SignIn),
        2 => (0..9_000i64).prop_map(Step::Wait),
        1 => any::<(bool, bool)>().prop_map(|(staged, revoked)| Step::Dialect(staged, revoked)),
        1 => Just(Step::Reload),
    ];
    prop::collection::vec(step, 1..40)
}

/// A client as the oracle knows it.
#[derive(Clone, Debug)]
struct Made {
    id: String,
    owner: String,
    /// As whose user the owner made it.
    seat: usize,
    gone: bool,
}

struct Oracle {
    world: World,
    now: Timestamp,
    /// Who belongs where.
    seats: BTreeSet<(usize, String)>,
    removed: BTreeMap<(usize, String), Timestamp>,
    status: BTreeMap<String, UserStatus>,
    clients: Vec<Made>,
    /// Digests of tokens, their clients and whether they are worth nothing since a removal.
    tokens: Vec<(Digest, usize, Timestamp)>,
    dead: BTreeSet<usize>,
    /// Effects that were done, newest last: workspace and description.
    told: Vec<(usize, String)>,
}

fn key(email: &str) -> String {
    email.to_lowercase()
}

fn door() -> Door {
    Door { family: HostFamily::Emulator, host: "127.0.0.1".to_owned() }
}

impl Oracle {
    fn new() -> Self {
        let world = World::from_spec(&Spec::read(FILE.as_bytes()).unwrap()).unwrap();
        let seats = [(0, "ann@example.com"), (0, "bob@example.com"), (2, "bob@example.com")];
        let status = [("ann@example.com", UserStatus::Verified), ("bob@example.com", UserStatus::Verified)];
        let default = ["acme", "acme-central", "solo", "solo-central"].map(|name| {
            let client = world.client(world.client_named(name).unwrap());
            let (owner, seat) = if name.starts_with("acme") { ("ann", 0) } else { ("bob", 2) };
            Made { id: client.id.clone(), owner: format!("{owner}@example.com"), seat, gone: false }
        });
        Self {
            world,
            now: "2026-01-01T00:00:00Z".parse().unwrap(),
            seats: seats.map(|(home, email)| (home, email.to_owned())).into(),
            removed: BTreeMap::new(),
            status: status.map(|(email, status)| (email.to_owned(), status)).into(),
            clients: default.into(),
            tokens: Vec::new(),
            dead: BTreeSet::new(),
            told: Vec::new(),
        }
    }

    fn session(&self, home: usize) -> Session {
        let workspace = self.world.workspace_named(HOMES[home]).unwrap();
        let (user, _) = self.world.users().next().unwrap();
        Session { token: 0, client: ClientIx(0), user, workspace }
    }

    fn id(&self, email: &str) -> uuid::Uuid {
        match self.world.user_named(email) {
            Some(ix) => self.world.user(ix).id,
            None => uuid::Uuid::nil(),
        }
    }

    fn tell(&mut self, home: usize, email: &str, what: &str) {
        let email = &self.world.user(self.world.user_named(email).unwrap()).email;
        self.told.push((home, format!("User {email} {what}")));
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Invite(home, user) => {
                let (email, session) = (EMAILS[*user], self.session(*home));
                let done = self.world.invite_user(&session, email, self.now);
                if email.ends_with(".ir") {
                    assert_eq!(done, Err(Conflict::ExportRules("IR".to_owned()).into()));
                } else if self.seats.contains(&(*home, key(email))) {
                    assert_eq!(done, Err(Conflict::UserThere.into()));
                } else {
                    done.unwrap();
                    self.seats.insert((*home, key(email)));
                    self.removed.remove(&(*home, key(email)));
                    self.status.entry(key(email)).or_insert(UserStatus::Unverified);
                    self.tell(*home, email, "invited");
                }
            }
            Step::Remove(home, user) => {
                let (email, session) = (EMAILS[*user], self.session(*home));
                let done = self.world.remove_user(&session, self.id(email), self.now);
                if !self.seats.remove(&(*home, key(email))) {
                    assert_eq!(done, Err(Conflict::NoSuchUser.into()), "{step:?}");
                    return;
                }
                done.unwrap();
                self.removed.insert((*home, key(email)), self.now);
                for (at, client) in self.clients.iter_mut().enumerate() {
                    if client.seat == *home && client.owner == key(email) && !client.gone {
                        client.gone = true;
                        let theirs = self.tokens.iter().enumerate().filter(|(_, (_, of, _))| *of == at);
                        self.dead.extend(theirs.map(|(nth, _)| nth));
                    }
                }
                self.tell(*home, email, "removed");
            }
            Step::Prefer(home, user, idle_timeout) => {
                let (email, session) = (EMAILS[*user], self.session(*home));
                let wanted = Preferences { language: Language::Korean, idle_timeout: *idle_timeout };
                let done = self.world.set_preferences(&session, self.id(email), wanted, self.now);
                assert_eq!(done.is_ok(), self.seats.contains(&(*home, key(email))), "{step:?}");
                if let Ok(ix) = done {
                    let user = self.world.user(ix);
                    assert_eq!((user.language, user.idle_timeout), (Language::Korean, *idle_timeout));
                    self.tell(*home, email, "updated");
                }
            }
            Step::Status(user, status) => {
                let email = EMAILS[*user];
                let text = format!("users: {{change: [{{email: '{email}', status: {}}}]}}", status.name());
                let done = self.world.patch(&Patch::read(text.as_bytes()).unwrap(), self.now);
                assert_eq!(done.is_ok(), self.status.contains_key(&key(email)), "{done:?}");
                if done.is_ok() {
                    self.status.insert(key(email), *status);
                }
            }
            Step::Client(home, user, tenant) => {
                let email = EMAILS[*user];
                if !self.seats.contains(&(*home, key(email))) {
                    return;
                }
                let name = format!("c{}", self.clients.len());
                let tenant = *tenant && *home == 0;
                let branch = self.world.workspace_named("branch").unwrap();
                let tenant = tenant.then(|| self.world.workspace(branch).id);
                let user = self.world.user_named(email).unwrap();
                let session = Session { user, ..self.session(*home) };
                let new = NewCredential { name, tenant, provision: None };
                let Ok(ix) = self.world.create_credential(&session, new, self.now) else { return };
                let id = self.world.client(ix).id.clone();
                self.clients.push(Made { id, owner: key(email), seat: *home, gone: false });
            }
            Step::SignIn(nth) => {
                let at = nth % self.clients.len();
                self.sign_in(at);
            }
            Step::Wait(ms) => self.now += SignedDuration::from_millis(*ms),
            Step::Dialect(staged, revoked) => {
                let dialect = &mut self.world.dialect;
                dialect.user_removal = if *staged { UserRemoval::Staged } else { UserRemoval::Gone };
                dialect.shut_out_user =
                    if *revoked { ShutOutUser::Unauthorized401 } else { ShutOutUser::Forbidden403 };
            }
            Step::Reload => {
                let file = export(&self.world, Secrets::Shown, self.now).unwrap();
                let again = World::from_spec(&Spec::read(file.as_bytes()).unwrap()).unwrap();
                assert_eq!(export(&again, Secrets::Shown, self.now).unwrap(), file);
                self.world = again;
            }
        }
    }

    fn sign_in(&mut self, at: usize) {
        let made = self.clients[at].clone();
        let Some(ix) = self.world.client_by_id(&made.id) else {
            assert!(made.gone);
            return;
        };
        let client = self.world.client(ix);
        let secret = client.secret.value().unwrap().reveal().to_owned();
        let auth = ClientAuth { body: Presented::new(&made.id, &secret), ..ClientAuth::default() };
        let done = self.world.mint(Issuer::Sso, &door(), &auth, self.now);
        assert_eq!(done.is_ok(), !made.gone && !self.shut_out(&made), "{made:?}");
        if let Ok(unsigned) = done {
            let digest = Digest::of(format!("token {}", self.tokens.len()));
            self.world.seal(unsigned.ticket, digest);
            self.tokens.push((digest, at, self.now));
            assert_eq!(
                self.world.user(self.world.user_named(&made.owner).unwrap()).last_login,
                Some(self.now)
            );
        }
    }

    fn shut_out(&self, client: &Made) -> bool {
        self.status[&client.owner].is_shut_out()
            || self.removed.contains_key(&(client.seat, client.owner.clone()))
    }

    fn check(&self) {
        for (home, symbol) in HOMES.iter().enumerate() {
            let workspace = self.world.workspace_named(symbol).unwrap();
            let shown: BTreeMap<_, _> = self
                .world
                .roster(workspace, self.now)
                .iter()
                .map(|(user, status)| (key(&user.email), status))
                .collect();
            let present = self.seats.iter().filter(|(at, _)| *at == home);
            let mut expected: BTreeMap<_, _> =
                present.map(|(_, email)| (email.clone(), self.status[email].name())).collect();
            if self.world.dialect.user_removal == UserRemoval::Staged {
                for ((_, email), at) in self.removed.iter().filter(|((at, _), _)| *at == home) {
                    let under_way = self.now < *at + SignedDuration::from_secs(10);
                    let status = if under_way { "DELETE_IN_PROGRESS" } else { "DELETED" };
                    expected.insert(email.clone(), status);
                }
            }
            assert_eq!(shown, expected, "{symbol}");
            let told = self.world.audit_lines(workspace, self.now);
            let of_users = told.lines.iter().rev().map(|line| line.description.as_str());
            let of_users: Vec<_> =
                of_users.filter(|it| it.starts_with("User ") && !it.contains("logged in")).collect();
            let expected: Vec<_> =
                self.told.iter().filter(|(at, _)| *at == home).map(|(_, text)| text.as_str()).collect();
            assert_eq!(of_users, expected, "{symbol}");
        }
        for (nth, (digest, at, _)) in self.tokens.iter().enumerate() {
            let client = &self.clients[*at];
            let entered = self.world.enter(Ok(*digest), ApiFamily::Glp, &door(), self.now);
            let barred = match self.world.dialect.shut_out_user {
                ShutOutUser::Forbidden403 => TokenFault::UserShutOut,
                ShutOutUser::Unauthorized401 => TokenFault::Revoked,
            };
            let expected = match self.dead.contains(&nth) {
                // Whoever came back does not bring back what died.
                true => Some(if self.shut_out(client) { barred } else { TokenFault::Revoked }),
                false if self.shut_out(client) => Some(barred),
                false => None,
            };
            // Central's clients open nothing here, and a live one may have run out.
            match entered {
                Ok(_) => assert_eq!(expected, None, "token {nth} of {client:?}"),
                Err(TokenFault::WrongService) => assert_eq!(expected, None),
                Err(fault) => assert_eq!(Some(fault), expected, "token {nth} of {client:?}"),
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn users_are_what_the_oracle_says(steps in steps()) {
        let mut oracle = Oracle::new();
        for step in &steps {
            oracle.step(step);
            oracle.check();
        }
    }
}

#[test]
fn nobody_reads_or_changes_a_user_of_another_workspace() {
    let mut oracle = Oracle::new();
    let id = oracle.id("ann@example.com");
    let (solo, now) = (oracle.session(2), oracle.now);
    let missing = Refusal::Conflict(Conflict::NoSuchUser);
    assert_eq!(oracle.world.user_of(&solo, id, now), Err(missing.clone()));
    assert_eq!(oracle.world.remove_user(&solo, id, now), Err(missing));
    assert_eq!(oracle.world.user_of(&oracle.session(0), id, now).unwrap().1, "VERIFIED");
}
