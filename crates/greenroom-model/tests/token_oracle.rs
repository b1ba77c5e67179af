//! The life of tokens against an oracle that shares no code with the model: whatever the order of
//! events, a token is accepted exactly when it was issued, sealed, unexpired, unrevoked and belongs.

use std::{collections::BTreeMap, sync::LazyLock};

use greenroom_model::{
    access::ApiFamily,
    credential::{ClientAuth, Presented},
    dialect::{MixedServices, RotateOnIssue},
    host::HostFamily,
    issue::{Issuer, Signature, Subject},
    refusal::TokenFault,
    sample::{DEDICATED_HOST, DEFAULT_SEED},
    secret::Digest,
    token::{Ticket, Unsigned},
    world::{Door, World},
};
use jiff::Timestamp;
use proptest::{prelude::*, strategy::ValueTree as _};

// ---- the oracle: what the sample world is, written out again, and a vector of tokens ----

const START: i64 = 1_767_225_600_250;
const TENANTS: [&str; 6] = ["example", "abc", "customer", "oneil", "zurich", "empty"];
/// Name, service and workspace of each client.
const CLIENTS: [(&str, &str, &str); 6] = [
    ("msp", "platform", "msp"),
    ("msp-central", "central", "msp"),
    ("standard", "platform", "standard"),
    ("standard-central", "central", "standard"),
    ("standard-data", "data", "standard"),
    ("dedicated", "platform", "dedicated"),
];

#[derive(Clone, Debug)]
struct Record {
    kind: &'static str,
    client: usize,
    workspace: String,
    parent: Option<usize>,
    /// In milliseconds.
    expires: i64,
    sealed: bool,
    revoked: bool,
}

#[derive(Default)]
struct Oracle {
    records: Vec<Record>,
    lenient: bool,
    rotate: usize,
}

impl Oracle {
    fn may_mint(&self, client: usize, issuer: &str, door: &str) -> bool {
        let (_, service, home) = CLIENTS[client];
        match issuer {
            "sso" => home != "dedicated",
            _ => home == issuer && reachable(home, door) && (self.lenient || service == "platform"),
        }
    }

    fn may_exchange(&self, subject: usize, target: &str, genuine: bool, now: i64) -> bool {
        let subject = &self.records[subject];
        genuine
            && subject.live(now)
            && subject.workspace == "msp"
            && subject.kind == "workspace"
            && TENANTS.contains(&target)
    }

    fn accepts(&self, token: usize, family: &str, door: &str, now: i64) -> bool {
        let token = &self.records[token];
        let belongs = match (CLIENTS[token.client].1, family) {
            _ if self.lenient => true,
            (_, "classic") => false,
            ("platform", _) => true,
            (service, _) => service == family && token.kind == "sso",
        };
        token.live(now) && belongs && reachable(&token.workspace, door)
    }

    fn seal(&mut self, token: usize) {
        self.records[token].sealed = true;
        let new = self.records[token].clone();
        if new.revoked || self.rotate == 0 {
            return;
        }
        let like =
            |old: &Record| (old.kind, old.client, &old.workspace) == (new.kind, new.client, &new.workspace);
        let replaced: Vec<usize> = (0..token).filter(|old| like(&self.records[*old])).collect();
        for (ix, record) in self.records.iter_mut().enumerate() {
            let orphan = self.rotate == 2 && record.parent.is_some_and(|parent| replaced.contains(&parent));
            record.revoked |= replaced.contains(&ix) || orphan;
        }
    }
}

impl Record {
    fn live(&self, now: i64) -> bool {
        self.sealed && !self.revoked && now < self.expires
    }
}

fn reachable(workspace: &str, door: &str) -> bool {
    door == "emulator" || (workspace == "dedicated") == (door == "dedicated")
}

// ---- what happens ----

#[derive(Clone, Debug)]
enum Step {
    /// Client, issuer (`sso` or a workspace), door.
    Mint(usize, &'static str, &'static str),
    /// Subject, target, whether its signature is ours.
    Exchange(usize, &'static str, bool),
    Sign(usize),
    Seal(usize),
    /// Token, family, door.
    Use(usize, &'static str, &'static str),
    Revoke(usize),
    Advance(i64),
    /// To so many milliseconds before (or after) the end of a token.
    Approach(usize, i64),
}

/// The token that came last, where a number means a token.
const LAST: usize = usize::MAX;

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let pick =
        || prop_oneof![3 => any::<prop::sample::Index>().prop_map(|it| it.index(1 << 16)), 1 => Just(LAST)];
    let target = prop::sample::select([&TENANTS[..], &["msp", "standard", "dedicated"]].concat());
    let family = prop::sample::select(vec!["glp", "central", "data", "classic"]);
    let door = prop::sample::select(vec!["emulator", "cloud", "dedicated"]);
    let issuer = prop::sample::select(vec!["sso", "sso", "msp", "msp", "standard", "dedicated", "abc"]);
    let client = 0..CLIENTS.len();
    // Some tokens are made in one go, else few would ever be good.
    let whole = |first| vec![first, Step::Sign(LAST), Step::Seal(LAST)];
    let step = prop_oneof![
        2 => (client, issuer, door.clone()).prop_map(|(client, at, door)| vec![Step::Mint(client, at, door)]),
        2 => Just(whole(Step::Mint(0, "msp", "emulator"))),
        2 => (0..5usize).prop_map(move |client| whole(Step::Mint(client, "sso", "emulator"))),
        2 => (pick(), target.clone()).prop_map(move |(token, to)| whole(Step::Exchange(token, to, true))),
        3 => (pick(), target, any::<bool>()).prop_map(|(token, to, ok)| vec![Step::Exchange(token, to, ok)]),
        4 => pick().prop_map(|token| vec![Step::Sign(token)]),
        4 => pick().prop_map(|token| vec![Step::Seal(token)]),
        8 => (pick(), family, door).prop_map(|(token, family, door)| vec![Step::Use(token, family, door)]),
        1 => pick().prop_map(|token| vec![Step::Revoke(token)]),
        1 => (0..400_000i64).prop_map(|by| vec![Step::Advance(by)]),
        1 => (pick(), -1..=1i64).prop_map(|(token, by)| vec![Step::Approach(token, by)]),
    ];
    prop::collection::vec(step, 1..100).prop_map(|steps| steps.concat())
}

/// The model and the oracle, side by side.
struct Run {
    world: World,
    oracle: Oracle,
    /// Milliseconds.
    now: i64,
    /// What the model calls each token, and its value once signed.
    tokens: Vec<(Ticket, Option<String>)>,
    /// How often a token of a kind was accepted, and refused.
    used: BTreeMap<(&'static str, bool), usize>,
}

impl Run {
    fn new(lenient: bool, rotate: usize) -> Self {
        static SAMPLE: LazyLock<World> = LazyLock::new(|| World::sample(DEFAULT_SEED));
        let mut world = SAMPLE.clone();
        world.dialect.mixed_services = if lenient { MixedServices::Lenient } else { MixedServices::Strict };
        world.dialect.rotate_on_issue =
            [RotateOnIssue::Off, RotateOnIssue::NewestOnly, RotateOnIssue::NewestAndChildren][rotate];
        Self {
            world,
            oracle: Oracle { lenient, rotate, ..Oracle::default() },
            now: START,
            tokens: Vec::new(),
            used: BTreeMap::new(),
        }
    }

    fn instant(&self) -> Timestamp {
        Timestamp::from_millisecond(self.now).unwrap()
    }

    /// Which token a random number means; none as long as there is none.
    fn pick(&self, number: usize) -> Option<usize> {
        let last = self.tokens.len().checked_sub(1)?;
        Some(if number == LAST { last } else { number % self.tokens.len() })
    }

    fn digest(&self, token: usize) -> Digest {
        let value = self.tokens[token].1.clone();
        Digest::of(value.unwrap_or_else(|| format!("guess of token {token}")))
    }

    fn issued(
        &mut self,
        unsigned: &Unsigned,
        kind: &'static str,
        client: usize,
        at: &str,
        parent: Option<usize>,
    ) {
        let life = if kind == "sso" { 7_200_000 } else { 900_000 };
        assert_eq!(unsigned.life * 1_000, life);
        let expires = self.now / 1_000 * 1_000 + life;
        self.tokens.push((unsigned.ticket, None));
        let workspace = at.to_owned();
        let record = Record { kind, client, workspace, parent, expires, sealed: false, revoked: false };
        self.oracle.records.push(record);
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Mint(client, issuer, door) => {
                let unsigned = self.mint(client, issuer, door);
                assert_eq!(unsigned.is_some(), self.oracle.may_mint(client, issuer, door), "{step:?}");
                if let Some(unsigned) = unsigned {
                    let kind = if issuer == "sso" { "sso" } else { "workspace" };
                    self.issued(&unsigned, kind, client, CLIENTS[client].2, None);
                }
            }
            Step::Exchange(number, target, genuine) => {
                let Some(token) = self.pick(number) else { return };
                let unsigned = self.exchange(token, target, genuine);
                let expected = self.oracle.may_exchange(token, target, genuine, self.now);
                assert_eq!(unsigned.is_some(), expected, "{step:?} of {:?}", self.oracle.records[token]);
                if let Some(unsigned) = unsigned {
                    let client = self.oracle.records[token].client;
                    self.issued(&unsigned, "tenant", client, target, Some(token));
                }
            }
            Step::Sign(number) => {
                let Some(token) = self.pick(number) else { return };
                self.tokens[token].1 = Some(format!("value of token {token}"));
            }
            Step::Seal(number) => {
                let Some(token) = self.pick(number) else { return };
                // Only what was signed can be sealed, and only once.
                if self.tokens[token].1.is_some() && !self.oracle.records[token].sealed {
                    self.world.seal(self.tokens[token].0, self.digest(token));
                    self.oracle.seal(token);
                }
            }
            Step::Use(number, family, door) => {
                let Some(token) = self.pick(number) else { return };
                self.use_it(token, family, door);
            }
            Step::Revoke(number) => {
                let Some(token) = self.pick(number) else { return };
                self.world.revoke(self.tokens[token].0.ordinal);
                self.oracle.records[token].revoked = true;
            }
            Step::Advance(by) => self.now += by,
            Step::Approach(number, by) => {
                let Some(token) = self.pick(number) else { return };
                self.now = self.now.max(self.oracle.records[token].expires + by);
            }
        }
    }

    fn mint(&mut self, client: usize, issuer: &str, door: &str) -> Option<Unsigned> {
        let ix = self.world.client_named(CLIENTS[client].0).unwrap();
        let known = self.world.client(ix);
        let secret = known.secret.value().unwrap().reveal().to_owned();
        let auth = ClientAuth { body: Presented::new(&known.id.clone(), &secret), ..ClientAuth::default() };
        let id = self.world.workspace_named(issuer).map(|ix| self.world.workspace(ix).id.plain());
        let issuer = id.as_deref().map_or(Issuer::Sso, Issuer::Workspace);
        self.world.mint(issuer, &the_door(door, ApiFamily::Glp), &auth, self.instant()).ok()
    }

    fn exchange(&mut self, token: usize, target: &str, genuine: bool) -> Option<Unsigned> {
        let target = self.world.workspace_named(target).unwrap();
        let target = self.world.workspace(target).id.plain();
        let signature = if genuine { Signature::Ours { exp: None } } else { Signature::Foreign };
        let subject = Subject { digest: self.digest(token), signature };
        let (door, now) = (the_door("emulator", ApiFamily::Glp), self.instant());
        self.world.exchange(&target, &door, &ClientAuth::default(), subject, now).ok()
    }

    fn use_it(&mut self, token: usize, family: &str, door: &str) {
        let api = match family {
            "glp" => ApiFamily::Glp,
            "central" => ApiFamily::Central,
            "data" => ApiFamily::DataServices,
            _ => ApiFamily::Classic,
        };
        let entered = self.world.enter(Ok(self.digest(token)), api, &the_door(door, api), self.instant());
        let expected = self.oracle.accepts(token, family, door, self.now);
        let record = &self.oracle.records[token];
        assert_eq!(entered.is_ok(), expected, "{family} at {door}: {record:?} at {}: {entered:?}", self.now);
        *self.used.entry((record.kind, expected)).or_default() += 1;
        if let Ok(session) = entered {
            assert_eq!(self.world.workspace(session.workspace).symbol, record.workspace);
            assert_eq!(self.world.client(session.client).name, CLIENTS[record.client].0);
            assert_eq!(session.token, self.tokens[token].0.ordinal);
        }
    }
}

fn the_door(name: &str, api: ApiFamily) -> Door {
    let (family, host) = match (name, api) {
        ("emulator", _) => (HostFamily::Emulator, "127.0.0.1"),
        ("dedicated", _) => (HostFamily::Dedicated, DEDICATED_HOST),
        (_, ApiFamily::Glp) => (HostFamily::Glp, "global.api.greenlake.hpe.com"),
        (_, ApiFamily::Central) => (HostFamily::Central, "us5.api.central.arubanetworks.com"),
        (_, ApiFamily::DataServices) => (HostFamily::DataServices, "us1.data.cloud.hpe.com"),
        (_, ApiFamily::Classic) => (HostFamily::ClassicGateway, "apigw-prod2.central.arubanetworks.com"),
    };
    Door { family, host: host.to_owned() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_token_is_accepted_exactly_when_the_oracle_says_so(
        steps in steps(), lenient in prop::bool::weighted(0.2), rotate in 0..3usize,
    ) {
        let mut run = Run::new(lenient, rotate);
        for step in &steps {
            run.step(step);
        }
        // In the end every token is tried everywhere.
        for token in 0..run.tokens.len() {
            for family in ["glp", "central", "data", "classic"] {
                for door in ["emulator", "cloud", "dedicated"] {
                    run.use_it(token, family, door);
                }
            }
        }
    }

    #[test]
    fn sealing_never_resurrects(rotate in 0..3usize, before in any::<bool>(), again in any::<bool>()) {
        let mut run = Run::new(false, rotate);
        run.step(&Step::Mint(0, "msp", "emulator"));
        run.step(&Step::Sign(0));
        if before {
            run.step(&Step::Seal(0));
        }
        run.step(&Step::Revoke(0));
        run.world.seal(run.tokens[0].0, run.digest(0));
        if again {
            run.world.seal(run.tokens[0].0, Digest::of("another value"));
        }
        for value in [run.digest(0), Digest::of("another value")] {
            let door = the_door("emulator", ApiFamily::Glp);
            let entered = run.world.enter(Ok(value), ApiFamily::Glp, &door, run.instant());
            prop_assert!(matches!(entered, Err(TokenFault::Revoked | TokenFault::Unknown)), "{entered:?}");
        }
    }
}

/// The property is worth nothing if its sequences never come to a good token of some kind.
#[test]
fn the_sequences_accept_and_refuse_every_kind_of_token() {
    let mut runner = prop::test_runner::TestRunner::deterministic();
    let mut used = BTreeMap::new();
    for _ in 0..100 {
        let mut run = Run::new(false, 0);
        let sequence = steps().new_tree(&mut runner).unwrap().current();
        sequence.iter().for_each(|step| run.step(step));
        for (how, count) in run.used {
            *used.entry(how).or_default() += count;
        }
    }
    for how in ["sso", "workspace", "tenant"].into_iter().flat_map(|kind| [(kind, true), (kind, false)]) {
        assert!(used.get(&how).is_some_and(|count: &usize| *count > 10), "{how:?}: {used:?}");
    }
}
