//! Classic Central's sign-in against an oracle that shares no code with the model: whatever the order of events,
//! each step is granted or refused as the oracle says, and no token is good that was rotated away.

use std::{collections::BTreeMap, sync::LazyLock};

use greenroom_model::{
    access::ApiFamily,
    credential::{ClientAuth, Presented},
    host::HostFamily,
    refusal::{TokenFault, TokenRefusal},
    sample::DEFAULT_SEED,
    secret::{Digest, Secret},
    token::{Content, Unsigned},
    world::{Door, World},
};
use jiff::Timestamp;
use proptest::{prelude::*, strategy::ValueTree as _};

const START: i64 = 1_767_225_600_250;
/// Name, owner and whether it is an application of the gateway.
const CLIENTS: [(&str, &str, bool); 3] = [
    ("msp-classic", "msp.admin@example.com", true),
    ("standard-classic", "ops.user@example.com", true),
    ("msp", "msp.admin@example.com", false),
];

/// What was handed out, as the oracle remembers it.
#[derive(Clone, Debug)]
struct Record {
    kind: &'static str,
    client: usize,
    /// In milliseconds.
    expires: i64,
    dead: bool,
    /// The access token beside a refresh token.
    beside: Option<usize>,
}

#[derive(Clone, Debug)]
enum Step {
    /// Client, user (a client's owner), whether the password is right.
    SignIn(usize, usize, bool),
    /// Client, what is shown as the session, whose CSRF token if any, whether the customer is right, what it wants.
    Authorize(usize, usize, Option<usize>, bool, &'static str),
    /// Client, whether its secret is right, what is shown as the code.
    Redeem(usize, bool, usize),
    /// Client, whether its secret is right, what is shown as the refresh token.
    Refresh(usize, bool, usize),
    Advance(i64),
}

struct Run {
    world: World,
    now: i64,
    keeps_access: bool,
    records: Vec<Record>,
    values: Vec<Secret>,
    csrf: BTreeMap<usize, Secret>,
    outcomes: BTreeMap<String, usize>,
}

impl Run {
    fn new(keeps_access: bool) -> Self {
        static SAMPLE: LazyLock<World> = LazyLock::new(|| World::sample(DEFAULT_SEED));
        let mut world = SAMPLE.clone();
        world.dialect.apply("rate_limits=off").unwrap();
        if keeps_access {
            world.dialect.apply("classic_replaced_access=until_exp").unwrap();
        }
        let (records, values) = (Vec::new(), Vec::new());
        let (csrf, outcomes) = (BTreeMap::new(), BTreeMap::new());
        Self { world, now: START, keeps_access, records, values, csrf, outcomes }
    }

    fn instant(&self) -> Timestamp {
        Timestamp::from_millisecond(self.now).unwrap()
    }

    fn id(&self, client: usize) -> String {
        self.world.client(self.world.client_named(CLIENTS[client].0).unwrap()).id.clone()
    }

    fn auth(&self, client: usize, right: bool) -> ClientAuth {
        let known = self.world.client(self.world.client_named(CLIENTS[client].0).unwrap());
        let secret = known.secret.value().unwrap().reveal();
        let secret = if right { secret } else { "wrong" };
        ClientAuth { body: Presented::new(&known.id, secret), ..ClientAuth::default() }
    }

    /// The nth of what was handed out: mostly of this kind, else of any; one more is nothing that was.
    fn pick(&self, nth: usize, kind: &str) -> Option<usize> {
        let fits = |(_, record): &(_, &Record)| nth.is_multiple_of(5) || record.kind == kind;
        let mut known: Vec<_> =
            self.records.iter().enumerate().filter(fits).map(|(nth, _)| Some(nth)).collect();
        known.extend(nth.is_multiple_of(5).then_some(None));
        known.get(nth % known.len().max(1)).copied().flatten()
    }

    fn digest(&self, picked: Option<usize>) -> Option<Digest> {
        Some(picked.map_or_else(|| Digest::of("never handed out"), |nth| self.values[nth].digest()))
    }

    fn keep(&mut self, kind: &'static str, client: usize, unsigned: &Unsigned, beside: Option<usize>) {
        let life = match kind {
            "sign_in" => 1_800,
            "code" => 300,
            "access" => 7_200,
            _ => 15 * 86_400,
        };
        let Content::Opaque(value) = &unsigned.content else { panic!("{unsigned:?} is opaque") };
        assert!(self.values.iter().all(|other| other != value), "each value is handed out once");
        self.world.seal(unsigned.ticket, value.digest());
        self.values.push(value.clone());
        let expires = self.now.div_euclid(1_000) * 1_000 + life * 1_000;
        self.records.push(Record { kind, client, expires, dead: false, beside });
    }

    /// What the oracle says of something that is shown to go on with.
    fn worth(&self, kind: &str, client: usize, picked: Option<usize>) -> Result<usize, &'static str> {
        let nth = picked.ok_or("unknown_token")?;
        match &self.records[nth] {
            record if record.kind != kind => Err("unknown_token"),
            record if record.client != client => Err("wrong_client"),
            record if record.dead => Err("revoked"),
            record if self.now >= record.expires => Err("expired"),
            _ => Ok(nth),
        }
    }

    fn told<T>(&mut self, step: &str, said: Result<&T, &TokenRefusal>, expected: Result<(), &'static str>) {
        let code = said.map(|_| ()).map_err(TokenRefusal::code);
        assert_eq!(code, expected, "{step}: {:#?}", self.records);
        *self.outcomes.entry(format!("{step} {}", code.err().unwrap_or("granted"))).or_default() += 1;
    }

    fn step(&mut self, step: &Step) {
        let now = self.instant();
        match *step {
            Step::Advance(by) => self.now += by,
            Step::SignIn(client, user, right) => {
                let email = CLIENTS[user].1;
                let user = self.world.user(self.world.user_named(email).unwrap());
                let password = user.password.value().unwrap().clone();
                let password = if right { password } else { Secret::new("wrong") };
                let id = self.id(client);
                let said = self.world.classic_sign_in(Some(&id), email, &password, now);
                let expected = match (CLIENTS[client], right) {
                    ((_, _, false), _) => Err("bad_client"),
                    ((_, owner, _), true) if owner == email => Ok(()),
                    _ => Err("bad_sign_in"),
                };
                self.told("sign in", said.as_ref(), expected);
                if let Ok(signed_in) = said {
                    self.csrf.insert(self.records.len(), signed_in.csrf);
                    self.keep("sign_in", client, &signed_in.session, None);
                }
            }
            Step::Authorize(client, session, csrf, right, wanted) => {
                let picked = self.pick(session, "sign_in");
                let csrf = csrf.map(|nth| self.pick(nth, "sign_in"));
                let shown = csrf.map(|nth| {
                    let known = nth.and_then(|nth| self.csrf.get(&nth));
                    known.cloned().unwrap_or_else(|| Secret::new("no such"))
                });
                let home = self.world.workspace_named(if client == 1 { "standard" } else { "msp" }).unwrap();
                let customer = self.world.workspace(home).central_customer.clone();
                let customer = if right { customer } else { "0".repeat(32) };
                let (id, session) = (self.id(client), self.digest(picked));
                let said =
                    self.world.classic_authorize(Some(&id), session, shown.as_ref(), &customer, wanted, now);
                let expected = match self.worth("sign_in", client, picked) {
                    _ if !CLIENTS[client].2 => Err("bad_client"),
                    Err(code) => Err(code),
                    Ok(nth) if csrf != Some(Some(nth)) => Err("bad_csrf"),
                    Ok(_) if !right => Err("bad_sign_in"),
                    Ok(_) if wanted != "code" => Err("unsupported_response_type"),
                    Ok(_) => Ok(()),
                };
                self.told("authorize", said.as_ref(), expected);
                if let Ok(code) = said {
                    self.keep("code", client, &code, None);
                }
            }
            Step::Redeem(client, right, nth) | Step::Refresh(client, right, nth) => {
                let (name, kind) = match step {
                    Step::Redeem(..) => ("redeem", "code"),
                    _ => ("refresh", "refresh"),
                };
                let picked = self.pick(nth, kind);
                let (auth, digest) = (self.auth(client, right), self.digest(picked));
                let said = match kind {
                    "code" => self.world.classic_redeem(&auth, digest, now),
                    _ => self.world.classic_refresh(&auth, digest, now),
                };
                let worth = self.worth(kind, client, picked);
                let expected = match worth {
                    _ if !CLIENTS[client].2 || !right => Err("bad_client"),
                    other => other.map(|_| ()),
                };
                self.told(name, said.as_ref(), expected);
                if let Ok(pair) = said {
                    let used = worth.unwrap();
                    self.records[used].dead = true;
                    if let Some(beside) = self.records[used].beside.filter(|_| !self.keeps_access) {
                        self.records[beside].dead = true;
                    }
                    let beside = Some(self.records.len());
                    self.keep("access", client, &pair.access, None);
                    self.keep("refresh", client, &pair.refresh, beside);
                }
            }
        }
    }

    /// Tries everything that was ever handed out as a bearer token.
    fn sweep(&self) {
        let door = Door {
            family: HostFamily::ClassicGateway,
            host: "apigw-prod2.central.arubanetworks.com".to_owned(),
        };
        for (record, value) in self.records.iter().zip(&self.values) {
            let good = record.kind == "access" && !record.dead && self.now < record.expires;
            for family in [ApiFamily::Classic, ApiFamily::Central, ApiFamily::Glp, ApiFamily::DataServices] {
                let entered = self.world.enter(Ok(value.digest()), family, &door, self.instant());
                assert_eq!(entered.is_ok(), good && family == ApiFamily::Classic, "{family:?} {record:?}");
                if record.kind == "access" && record.dead && self.now < record.expires {
                    assert_eq!(entered, Err(TokenFault::Revoked), "{record:?}");
                }
            }
        }
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let client = prop_oneof![6 => 0..1usize, 2 => 1..2usize, 1 => 2..3usize];
    let right = prop::bool::weighted(0.9);
    let wanted = prop_oneof![6 => Just("code"), 1 => Just("token"), 1 => Just("")];
    // Later ones are more interesting.
    let any = 0..64usize;
    let step = prop_oneof![
        3 => (client.clone(), 0..2usize, right).prop_map(|(a, b, c)| Step::SignIn(a, b, c)),
        4 => (client.clone(), any.clone(), prop::option::weighted(0.9, any.clone()), right, wanted)
            .prop_map(|(a, b, c, d, e)| Step::Authorize(a, b, c, d, e)),
        // Its own CSRF token, so that something comes of it.
        6 => (client.clone(), any.clone()).prop_map(|(a, b)| Step::Authorize(a, b, Some(b), true, "code")),
        6 => (client.clone(), right, any.clone()).prop_map(|(a, b, c)| Step::Redeem(a, b, c)),
        8 => (client, right, any).prop_map(|(a, b, c)| Step::Refresh(a, b, c)),
        2 => prop_oneof![0..2_000i64, Just(299_749), Just(299_750), 0..10_000_000i64, Just(1_300_000_000)]
            .prop_map(Step::Advance),
    ];
    prop::collection::vec(step, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn each_step_is_granted_exactly_when_the_oracle_says_so(steps in steps(), keeps_access in any::<bool>()) {
        let mut run = Run::new(keeps_access);
        for step in &steps {
            run.step(step);
            run.sweep();
        }
    }
}

/// The property is worth nothing if its sequences never come to what it is about.
#[test]
fn the_sequences_come_to_every_answer() {
    let mut runner = prop::test_runner::TestRunner::deterministic();
    let mut seen = BTreeMap::new();
    for _ in 0..400 {
        let mut run = Run::new(false);
        steps().new_tree(&mut runner).unwrap().current().iter().for_each(|step| run.step(step));
        for (what, count) in run.outcomes {
            *seen.entry(what).or_default() += count;
        }
    }
    for what in [
        "sign in granted",
        "sign in bad_sign_in",
        "authorize granted",
        "authorize bad_csrf",
        "authorize unsupported_response_type",
        "authorize expired",
        "authorize wrong_client",
        "redeem granted",
        "redeem revoked",
        "redeem expired",
        "refresh granted",
        "refresh revoked",
        "refresh expired",
        "refresh wrong_client",
        "refresh bad_client",
    ] {
        assert!(seen.get(what).is_some_and(|count: &usize| *count > 3), "{what}: {seen:#?}");
    }
}
