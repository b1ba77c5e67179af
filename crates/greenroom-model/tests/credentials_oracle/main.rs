//! Credentials against an oracle that shares no code with the model: whatever several users make, reset,
//! delete, mint and use in several workspaces, in whatever order, each answer is the one that a vector of
//! plain records gives.

mod oracle;
mod steps;

use std::{
    collections::{BTreeMap, HashSet},
    sync::LazyLock,
};

use greenroom_model::{
    access::{ApiFamily, Service},
    credential::{ClientAuth, Presented},
    credentials::NewCredential,
    dialect::{NonMspCredentialsFilter, TokensAfterResetOrDelete},
    host::HostFamily,
    issue::{Issuer, Signature, Subject},
    refusal::{Conflict, Refusal, TokenRefusal},
    sample::DEFAULT_SEED,
    secret::Digest,
    token::{Ticket, Unsigned},
    world::{ClientIx, Door, Session, UserIx, World},
};
use jiff::Timestamp;
use proptest::{prelude::*, strategy::ValueTree as _};

use self::{
    oracle::{Held, Oracle, Record, SAMPLE, START, USERS, Verdict, WORKSPACES, manages},
    steps::{Back, LAST, Step, Via, Wish, steps},
};

/// The model and the oracle, side by side.
struct Run {
    world: World,
    oracle: Oracle,
    now: i64,
    /// What the model calls each token.
    tickets: Vec<Ticket>,
    /// How often each kind of step came to each end.
    ends: BTreeMap<(&'static str, String), usize>,
}

impl Run {
    fn new(until_exp: bool, ignore_filter: bool) -> Self {
        static WORLD: LazyLock<World> = LazyLock::new(|| World::sample(DEFAULT_SEED));
        let mut world = WORLD.clone();
        if until_exp {
            world.dialect.tokens_after_reset_or_delete = TokensAfterResetOrDelete::UntilExp;
        }
        if ignore_filter {
            world.dialect.non_msp_credentials_filter = NonMspCredentialsFilter::Ignore;
        }
        let record = |(name, owner, home, service): &(&str, usize, &'static str, &'static str)| {
            let client = world.client(world.client_named(name).unwrap());
            Record {
                name: (*name).to_owned(),
                owner: *owner,
                home,
                service,
                for_tenant: false,
                provisioned: false,
                created: client.created_at.as_millisecond(),
                updated: client.created_at.as_millisecond(),
                id: client.id.clone(),
                secrets: vec![client.secret.value().unwrap().reveal().to_owned()],
                deleted: false,
            }
        };
        let records = SAMPLE.iter().map(record).collect();
        let oracle = Oracle { records, tokens: Vec::new(), until_exp, ignore_filter };
        Self { world, oracle, now: START, tickets: Vec::new(), ends: BTreeMap::new() }
    }

    fn instant(&self) -> Timestamp {
        Timestamp::from_millisecond(self.now).unwrap()
    }

    fn end(&mut self, step: &'static str, how: impl std::fmt::Debug) {
        *self.ends.entry((step, format!("{how:?}"))).or_default() += 1;
    }

    fn pick(number: usize, of: usize) -> Option<usize> {
        let last = of.checked_sub(1)?;
        Some(if number == LAST { last } else { number % of })
    }

    fn token(&self, number: usize) -> Option<usize> {
        Self::pick(number, self.oracle.tokens.len())
    }

    fn digest(token: usize) -> Digest {
        Digest::of(format!("value of token {token}"))
    }

    fn enter(&self, token: usize, family: &str) -> Option<Session> {
        let family = match family {
            "glp" => ApiFamily::Glp,
            "central" => ApiFamily::Central,
            _ => ApiFamily::DataServices,
        };
        self.world.enter(Ok(Self::digest(token)), family, &door(), self.instant()).ok()
    }

    /// User and workspace that a request acts as, in the oracle's words and the model's; none if a token
    /// opens nothing, on which both must agree.
    fn acting(&self, via: Via) -> Option<(usize, &'static str, Session)> {
        match via {
            Via::User(user, at) => {
                let workspace = self.world.workspace_named(at).unwrap();
                Some((user, at, Session { token: 0, client: ClientIx(0), user: UserIx(user), workspace }))
            }
            Via::Token(number) => {
                let token = self.token(number)?;
                let entered = self.enter(token, "glp");
                assert_eq!(entered.is_some(), self.oracle.opens(token, "glp", self.now), "{token}");
                let held = &self.oracle.tokens[token];
                let owner = self.oracle.records[held.client].owner;
                let session = entered?;
                assert_eq!(self.world.user(session.user).email, USERS[owner]);
                assert_eq!(self.world.workspace(session.workspace).symbol, held.workspace);
                Some((owner, held.workspace, session))
            }
        }
    }

    fn step(&mut self, step: &Step) {
        let version = self.world.secrets_version();
        let before = self.world.clients().count();
        let verdict = match *step {
            Step::Create(via, ref wish) => self.create(via, wish),
            Step::Reset(via, which, plain) => self.change(via, which, plain, true),
            Step::Delete(via, which, plain) => self.change(via, which, plain, false),
            Step::List(via, filter) => self.list(via, filter),
            Step::Mint(which, back, issuer, seal) => return self.mint(which, back, issuer, seal),
            Step::Exchange(token, target) => return self.exchange(token, target),
            Step::Seal(number) => return self.seal(number),
            Step::Use(number, family) => return self.use_it(number, family),
            Step::Advance(by) => {
                self.now += by;
                return;
            }
        };
        if verdict.is_some_and(|verdict| verdict != Verdict::Done) {
            assert_eq!(self.world.secrets_version(), version, "a refusal changes nothing: {step:?}");
            assert_eq!(self.world.clients().count(), before, "a refusal changes nothing: {step:?}");
        }
    }

    fn create(&mut self, via: Via, wish: &Wish) -> Option<Verdict> {
        let (user, at, session) = self.acting(via)?;
        let world = &self.world;
        let workspace = |symbol| world.workspace(world.workspace_named(symbol).unwrap()).id;
        let provision = |of: &str| {
            let known = world.workspace_named(of).and_then(|ix| world.provisions(ix).next());
            known.map_or_else(|| greenroom_model::id::parse_uuid(&"7".repeat(32)).unwrap(), |it| it.id)
        };
        let new = NewCredential {
            name: wish.name.to_owned(),
            tenant: wish.tenant.map(workspace),
            provision: wish.provision.map(provision),
        };
        let expected = self.oracle.create(user, at, wish);
        let made = self.world.create_credential(&session, new, self.instant());
        let got = verdict(&made);
        assert_eq!(got, expected, "{wish:?} of {} at {at}", USERS[user]);
        self.end("create", got);
        if let Ok(ix) = made {
            let client = self.world.client(ix);
            self.oracle.records.push(Record {
                name: wish.name.to_owned(),
                owner: user,
                home: WORKSPACES.into_iter().find(|known| *known == wish.tenant.unwrap_or(at)).unwrap(),
                service: if wish.provision.is_some() { "central" } else { "platform" },
                for_tenant: wish.tenant.is_some(),
                provisioned: wish.provision.is_some(),
                created: self.now,
                updated: self.now,
                id: client.id.clone(),
                secrets: vec![client.secret.value().unwrap().reveal().to_owned()],
                deleted: false,
            });
        }
        Some(got)
    }

    fn change(&mut self, via: Via, which: usize, plain: bool, reset: bool) -> Option<Verdict> {
        let (user, at, session) = self.acting(via)?;
        let which = Self::pick(which, self.oracle.records.len())?;
        let id = self.oracle.records[which].id.clone();
        let id = if plain { id.replace('-', "") } else { id };
        let expected = if self.oracle.reaches(user, at, which) { Verdict::Done } else { Verdict::Missing };
        let done = match reset {
            true => self.world.reset_credential(&session, &id, self.instant()),
            false => self.world.delete_credential(&session, &id, self.instant()),
        };
        let got = verdict(&done);
        assert_eq!(got, expected, "{} at {at}: {:?}", USERS[user], self.oracle.records[which]);
        self.end(if reset { "reset" } else { "delete" }, got);
        if let Ok(ix) = done {
            let record = &mut self.oracle.records[which];
            if reset {
                let secret = self.world.client(ix).secret.value().unwrap().reveal();
                record.secrets.push(secret.to_owned());
                record.updated = self.now;
            } else {
                record.deleted = true;
            }
            self.oracle.take_back(which);
        }
        Some(got)
    }

    fn list(&mut self, via: Via, filter: Option<&'static str>) -> Option<Verdict> {
        let (user, at, session) = self.acting(via)?;
        let text = filter.map(|filter| match self.world.workspace_named(filter) {
            Some(ix) => format!("tenantId eq '{}'", self.world.workspace(ix).id),
            None if filter == "garbage" => "garbage".to_owned(),
            None => format!("tenantId eq '{}'", "7".repeat(32)),
        });
        let expected = match filter {
            Some(_) if at != "msp" && self.oracle.ignore_filter => Ok(at),
            Some(_) if at != "msp" => Err(Verdict::Query),
            Some("garbage") => Err(Verdict::Filter),
            Some(tenant) if manages(at, tenant) => Ok(tenant),
            Some(_) => Err(Verdict::NoTenant),
            None => Ok(at),
        };
        let listed = self.world.credentials(&session, text.as_deref());
        let got = listed.map(|list| list.map(|(_, client)| client.id.clone()).collect::<Vec<_>>());
        let end = verdict(&got);
        let expected = expected
            .map(|home| self.oracle.of(user, home).iter().map(|it| it.id.clone()).collect::<Vec<_>>());
        match (got, &expected) {
            (Ok(got), Ok(expected)) => assert_eq!(got, *expected),
            (_, expected) => assert_eq!(Some(&end), expected.as_ref().err(), "{filter:?} at {at}"),
        }
        self.end("list", end);
        Some(end)
    }

    fn mint(&mut self, which: usize, back: Back, issuer: &'static str, seal: bool) {
        let Some(which) = Self::pick(which, self.oracle.records.len()) else { return };
        let record = self.oracle.records[which].clone();
        let issuer = if issuer == "home" { record.home } else { issuer };
        let nth = record.secrets.len().checked_sub(back + 1);
        let secret = nth.map_or_else(|| "0".repeat(32), |nth| record.secrets[nth].clone());
        let known = !record.deleted && nth == Some(record.secrets.len() - 1);
        let expected = if !known || (issuer == "sso" && record.home == "dedicated") {
            "invalid_client"
        } else if issuer != "sso" && issuer != record.home {
            "other workspace"
        } else if issuer != "sso" && record.service != "platform" {
            "other service"
        } else {
            "token"
        };
        let auth = ClientAuth { body: Presented::new(&record.id, &secret), ..ClientAuth::default() };
        let id = self.world.workspace_named(issuer).map(|ix| self.world.workspace(ix).id.plain());
        let at = id.as_deref().map_or(Issuer::Sso, Issuer::Workspace);
        let minted = self.world.mint(at, &door(), &auth, self.instant());
        let got = match &minted {
            Ok(_) => "token",
            Err(TokenRefusal::Client(_)) => "invalid_client",
            Err(TokenRefusal::ClientOfOtherWorkspace) => "other workspace",
            Err(TokenRefusal::ClientOfOtherService) => "other service",
            Err(other) => panic!("{other:?}"),
        };
        assert_eq!(got, expected, "{record:?} at {issuer}, secret {back} back");
        self.end("mint", got);
        if let Ok(unsigned) = minted {
            let kind = if issuer == "sso" { "sso" } else { "workspace" };
            self.issued(&unsigned, which, kind, record.home);
            if seal {
                self.seal(LAST);
            }
        }
    }

    fn exchange(&mut self, number: usize, target: &'static str) {
        let Some(token) = self.token(number) else { return };
        let held = self.oracle.tokens[token].clone();
        let expected = self.oracle.live(token, self.now)
            && (held.workspace, held.kind) == ("msp", "workspace")
            && manages("msp", target);
        let id = self.world.workspace(self.world.workspace_named(target).unwrap()).id.plain();
        let subject = Subject { digest: Self::digest(token), signature: Signature::Ours { exp: None } };
        let exchanged =
            self.world.exchange(&id, &door(), &ClientAuth::default(), subject, self.instant()).ok();
        assert_eq!(exchanged.is_some(), expected, "{held:?} to {target}");
        self.end("exchange", expected);
        if let Some(unsigned) = exchanged {
            self.issued(&unsigned, held.client, "tenant", target);
            self.seal(LAST);
        }
    }

    fn issued(&mut self, unsigned: &Unsigned, client: usize, kind: &'static str, workspace: &'static str) {
        let life = if kind == "sso" { 7_200_000 } else { 900_000 };
        let expires = self.now / 1_000 * 1_000 + life;
        self.tickets.push(unsigned.ticket);
        let held = Held { client, kind, workspace, expires, revoked: false, sealed: false };
        self.oracle.tokens.push(held);
    }

    fn seal(&mut self, number: usize) {
        let Some(token) = self.token(number) else { return };
        self.world.seal(self.tickets[token], Self::digest(token));
        self.oracle.tokens[token].sealed = true;
    }

    fn use_it(&mut self, number: usize, family: &'static str) {
        let Some(token) = self.token(number) else { return };
        let expected = self.oracle.opens(token, family, self.now);
        let entered = self.enter(token, family);
        let held = &self.oracle.tokens[token];
        assert_eq!(entered.is_some(), expected, "{family}: {held:?} at {}", self.now);
        self.end("use", expected);
    }

    /// The model's clients are the oracle's records, member by member.
    fn compare(&self) {
        let (mut ids, mut names, mut secrets) = (HashSet::new(), HashSet::new(), HashSet::new());
        for record in &self.oracle.records {
            assert!(ids.insert(&record.id), "an id is given once: {record:?}");
            for secret in &record.secrets {
                assert!(secrets.insert(secret), "a secret is given once: {record:?}");
                assert!(self.world.secrets().any(|known| known.reveal() == secret), "it stays secret");
            }
            let found = self.world.client_by_id(&record.id);
            assert_eq!(found.is_some(), !record.deleted, "{record:?}");
            let Some(ix) = found else { continue };
            let client = self.world.client(ix);
            assert!(names.insert(&client.name), "{} is one client's name", client.name);
            let shown = Record {
                name: client.credential_name.clone(),
                owner: client.owner.0,
                home: WORKSPACES
                    .into_iter()
                    .find(|symbol| self.world.workspace_named(symbol) == Some(client.workspace))
                    .unwrap(),
                service: match client.service {
                    Service::Platform => "platform",
                    Service::Central => "central",
                    Service::DataServices => "data",
                    Service::Classic => "classic",
                },
                for_tenant: client.for_tenant,
                provisioned: client.provision.is_some(),
                created: client.created_at.as_millisecond(),
                updated: client.updated_at.as_millisecond(),
                id: client.id.clone(),
                secrets: record.secrets.clone(),
                deleted: client.gone,
            };
            assert_eq!(shown, *record);
            assert_eq!(client.secret.value().unwrap().reveal(), record.secrets.last().unwrap());
        }
        let alive = self.oracle.records.iter().filter(|record| !record.deleted).count();
        // The oracle knows nothing of applications of Classic Central.
        let credentials = self.world.clients().filter(|(_, it)| it.service != Service::Classic);
        assert_eq!(credentials.count(), alive);
    }
}

fn door() -> Door {
    Door { family: HostFamily::Emulator, host: "127.0.0.1".to_owned() }
}

fn verdict<T>(result: &Result<T, Refusal>) -> Verdict {
    match result {
        Ok(_) => Verdict::Done,
        Err(Refusal::Body { .. }) => Verdict::Body,
        Err(Refusal::Path { .. }) => Verdict::Path,
        Err(Refusal::Query { .. }) => Verdict::Query,
        Err(Refusal::Filter(_)) => Verdict::Filter,
        Err(Refusal::NotFound(_)) => Verdict::Missing,
        Err(Refusal::Conflict(Conflict::NoSuchTenant)) => Verdict::NoTenant,
        Err(Refusal::Conflict(Conflict::NoSuchProvision)) => Verdict::NoProvision,
        Err(Refusal::Conflict(Conflict::CredentialNameTaken)) => Verdict::Taken,
        Err(Refusal::Conflict(Conflict::EighthCredential)) => Verdict::Eighth,
        Err(other) => panic!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn credentials_are_what_the_oracle_says(
        steps in steps(), until_exp in any::<bool>(), ignore_filter in any::<bool>(),
    ) {
        let mut run = Run::new(until_exp, ignore_filter);
        for step in &steps {
            run.step(step);
        }
        run.compare();
        // In the end every secret that ever was is tried at home, and every token everywhere.
        for which in 0..run.oracle.records.len() {
            for back in 0..run.oracle.records[which].secrets.len() {
                run.mint(which, back, "home", true);
                run.mint(which, back, "sso", true);
            }
        }
        for token in 0..run.oracle.tokens.len() {
            for family in ["glp", "central", "data"] {
                run.use_it(token, family);
            }
        }
    }
}

/// The property is worth nothing if its sequences never come to some end.
#[test]
fn the_sequences_come_to_every_end() {
    let mut runner = prop::test_runner::TestRunner::deterministic();
    let mut ends = BTreeMap::new();
    for n in 0..150 {
        let mut run = Run::new(n % 2 == 0, n % 3 == 0);
        let sequence = steps().new_tree(&mut runner).unwrap().current();
        sequence.iter().for_each(|step| run.step(step));
        for (end, count) in run.ends {
            *ends.entry(end).or_default() += count;
        }
    }
    for (step, how) in [
        ("create", &["Done", "Body", "NoTenant", "NoProvision", "Taken", "Eighth"][..]),
        ("reset", &["Done", "Missing"]),
        ("delete", &["Done", "Missing"]),
        ("list", &["Done", "Query", "Filter", "NoTenant"]),
        ("mint", &["\"token\"", "\"invalid_client\"", "\"other workspace\"", "\"other service\""]),
        ("exchange", &["true", "false"]),
        ("use", &["true", "false"]),
    ] {
        for how in how {
            let end = (step, (*how).to_owned());
            assert!(ends.get(&end).is_some_and(|count: &usize| *count >= 10), "{end:?}: {ends:#?}");
        }
    }
}
