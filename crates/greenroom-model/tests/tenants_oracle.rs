//! Tenants against an oracle that shares no code with the model: whatever is made, changed and deleted,
//! the lists, the issuers, the exchange, tokens and clients all agree on who is there.

use std::{collections::HashSet, sync::LazyLock};

use greenroom_model::{
    access::ApiFamily,
    credential::{ClientAuth, Presented},
    credentials::NewCredential,
    dialect::{ExportCompliance, TenantWithDevices, WrongWorkspaceToken},
    host::HostFamily,
    id::WorkspaceId,
    issue::{Issuer, Signature, Subject},
    refusal::{Conflict, Refusal, TokenFault},
    sample::DEFAULT_SEED,
    secret::Digest,
    spec::{self, Secrets, Spec},
    tenancy::{Contact, Ownership},
    tenants::TenantForm,
    token::Ordinal,
    world::{Door, Session, WorkspaceIx, World},
};
use jiff::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

// ---- the oracle: the tenants of the sample written out again, and plain lists ----

const START: i64 = 1_767_225_600_000;
/// Name, whether the MSP owns its devices, and how many it has.
const SAMPLE: [(&str, bool, u32); 6] = [
    ("Example Tenant Name", true, 53),
    ("Tenant ABC", true, 1_220),
    ("Customer-Owned Ltd", false, 38),
    ("O'Neil & Sons", true, 30),
    ("Käserei Zürich 東京", false, 24),
    ("Tenant Without Devices", true, 0),
];
/// Names that differ in nothing but case or spaces are different names.
const NAMES: [&str; 8] =
    ["Acme", "ACME", "Acme ", "Tenant ABC", "東京", "Tenant Without Devices", "acme-2", "\u{1f600}"];
const COUNTRIES: [Option<&str>; 6] = [None, Some("CH"), Some("US"), Some("CU"), Some("KP"), Some("SY")];

#[derive(Clone, Debug)]
struct Tenant {
    id: WorkspaceId,
    name: String,
    of_msp: bool,
    devices: u32,
    generation: u32,
    made: i64,
    changed: i64,
    country: Option<&'static str>,
    gone: bool,
}

/// A token, and the tenant it acts in.
#[derive(Clone, Debug)]
struct Pass {
    tenant: usize,
    digest: Digest,
}

#[derive(Clone, Debug, PartialEq)]
enum Verdict {
    Done,
    NotAnMsp,
    Foreign,
    Taken,
    Devices,
    Export,
}

// ---- what happens ----

#[derive(Clone, Copy, Debug)]
enum Who {
    Msp,
    Standard,
    Tenant,
}

#[derive(Clone, Debug)]
struct Form {
    name: usize,
    country: usize,
    ownership: Option<bool>,
}

#[derive(Clone, Debug)]
enum Step {
    Create(Who, Form),
    /// Which tenant: there or gone, or an id that is nobody's.
    Update(Who, Option<usize>, Form),
    Delete(Who, Option<usize>),
    /// A token for the tenant by exchange.
    Exchange(usize),
    /// A client in the tenant, and a token of its own.
    Client(usize),
    Advance(i64),
    /// The world goes through a file: exported, and loaded again.
    Reload,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let who = || prop_oneof![8 => Just(Who::Msp), 1 => Just(Who::Standard), 1 => Just(Who::Tenant)];
    let pick = || any::<prop::sample::Index>().prop_map(|it| it.index(1 << 16));
    let target = || prop_oneof![9 => pick().prop_map(Some), 1 => Just(None)];
    let form = || {
        (0..NAMES.len(), 0..COUNTRIES.len(), any::<Option<bool>>())
            .prop_map(|(name, country, ownership)| Form { name, country, ownership })
    };
    let step = prop_oneof![
        4 => (who(), form()).prop_map(|(who, form)| Step::Create(who, form)),
        3 => (who(), target(), form()).prop_map(|(who, target, form)| Step::Update(who, target, form)),
        3 => (who(), target()).prop_map(|(who, target)| Step::Delete(who, target)),
        3 => pick().prop_map(Step::Exchange),
        2 => pick().prop_map(Step::Client),
        1 => (1..5_000i64).prop_map(Step::Advance),
        1 => Just(Step::Reload),
    ];
    prop::collection::vec(step, 1..60)
}

struct Run {
    world: World,
    tenants: Vec<Tenant>,
    passes: Vec<Pass>,
    clients: Vec<(usize, Presented)>,
    msp_token: (Ordinal, Digest),
    /// The first device of each tenant of the sample that has any.
    first_devices: Vec<Uuid>,
    now: i64,
}

impl Run {
    fn new(delete_with_devices: bool, export: bool, unauthorized: bool) -> Self {
        static WORLD: LazyLock<World> = LazyLock::new(|| World::sample(DEFAULT_SEED));
        let mut world = WORLD.clone();
        if delete_with_devices {
            world.dialect.tenant_with_devices = TenantWithDevices::Delete;
        }
        if !export {
            world.dialect.export_compliance = ExportCompliance::Off;
        }
        if unauthorized {
            world.dialect.wrong_workspace_token = WrongWorkspaceToken::Unauthorized401;
        }
        let msp = world.workspace_named("msp").unwrap();
        let born: i64 = world.workspace(msp).created_at.as_millisecond();
        let present = world.tenants(msp);
        let tenants = present
            .iter()
            .zip(SAMPLE)
            .enumerate()
            .map(|(at, ((_, there, _), (name, of_msp, devices)))| {
                let made = born + (at as i64 + 1) * 3_600_000;
                Tenant {
                    id: there.id,
                    name: name.to_owned(),
                    of_msp,
                    devices,
                    generation: 1,
                    made,
                    changed: made,
                    country: Some("US"),
                    gone: false,
                }
            })
            .collect();
        let fleet = world.fleet();
        let first = |(ix, ..): (WorkspaceIx, _, _)| fleet.device(ix, 0).map(|device| device.id());
        let first_devices = present.iter().filter_map(first).collect();
        let mut run = Self {
            world,
            tenants,
            passes: Vec::new(),
            clients: Vec::new(),
            msp_token: (0, Digest::of("")),
            first_devices,
            now: START,
        };
        let client = run.world.client_named("msp").unwrap();
        let client = run.world.client(client);
        let secret = client.secret.value().unwrap().reveal().to_owned();
        let presented = Presented::new(&client.id.clone(), &secret);
        let id = run.world.workspace(msp).id;
        run.msp_token = run.mint(id, presented).expect("a token of the MSP");
        run
    }

    fn instant(&self) -> Timestamp {
        Timestamp::from_millisecond(self.now).unwrap()
    }

    fn mint(&mut self, at: WorkspaceId, body: Presented) -> Option<(Ordinal, Digest)> {
        let auth = ClientAuth { body, ..ClientAuth::default() };
        let minted =
            self.world.mint(Issuer::Workspace(&at.plain()), &door(HostFamily::Glp), &auth, self.instant());
        let unsigned = minted.ok()?;
        let digest = Digest::of(format!("token {}", unsigned.ticket.ordinal));
        self.world.seal(unsigned.ticket, digest);
        Some((unsigned.ticket.ordinal, digest))
    }

    fn exchange(&mut self, tenant: WorkspaceId) -> Option<Digest> {
        let subject = Subject { digest: self.msp_token.1, signature: Signature::Ours { exp: None } };
        let (door, now) = (door(HostFamily::Glp), self.instant());
        let unsigned =
            self.world.exchange(&tenant.plain(), &door, &ClientAuth::default(), subject, now).ok()?;
        let digest = Digest::of(format!("token {}", unsigned.ticket.ordinal));
        self.world.seal(unsigned.ticket, digest);
        Some(digest)
    }

    fn session(&self, who: Who) -> Session {
        let enter = |digest, family| {
            self.world.enter(Ok(digest), family, &door(HostFamily::Emulator), self.instant())
        };
        let msp = enter(self.msp_token.1, ApiFamily::Glp).expect("the MSP's token lives");
        match who {
            Who::Msp => msp,
            Who::Standard => Session { workspace: self.world.workspace_named("standard").unwrap(), ..msp },
            // One of the sample, there or not: it is no MSP in any case.
            Who::Tenant => Session { workspace: WorkspaceIx(1), ..msp },
        }
    }

    fn form(&self, form: &Form) -> TenantForm {
        let mut contact = Contact::default();
        contact.address.country = COUNTRIES[form.country].map(str::to_owned);
        let ownership = form.ownership.map(|msp| if msp { Ownership::Msp } else { Ownership::Customer });
        TenantForm { name: NAMES[form.name].to_owned(), contact, description: None, ownership }
    }

    /// What the oracle makes of a form: refused countries, then names that others have.
    fn admits(&self, form: &Form, itself: Option<usize>) -> Verdict {
        let refused = ["CU", "IR", "KP", "SY"];
        let off = self.world.dialect.export_compliance == ExportCompliance::Off;
        if !off && COUNTRIES[form.country].is_some_and(|country| refused.contains(&country)) {
            return Verdict::Export;
        }
        let taken = self
            .tenants
            .iter()
            .enumerate()
            .any(|(at, other)| !other.gone && Some(at) != itself && other.name == NAMES[form.name]);
        if taken { Verdict::Taken } else { Verdict::Done }
    }

    fn target(&self, number: Option<usize>) -> (Option<usize>, WorkspaceId) {
        match number {
            Some(number) => {
                let at = number % self.tenants.len();
                (Some(at), self.tenants[at].id)
            }
            None => (None, "00000000-0000-4000-8000-000000000000".parse().unwrap()),
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Create(who, form) => {
                let expected = match who {
                    Who::Msp => self.admits(form, None),
                    Who::Standard | Who::Tenant => Verdict::NotAnMsp,
                };
                let (session, now) = (self.session(*who), self.instant());
                let made = self.world.create_tenant(&session, self.form(form), now);
                assert_eq!(verdict(&made), expected, "{step:?}");
                if let Ok(ix) = made {
                    self.tenants.push(Tenant {
                        id: self.world.workspace(ix).id,
                        name: NAMES[form.name].to_owned(),
                        of_msp: form.ownership != Some(false),
                        devices: 0,
                        generation: 1,
                        made: self.now,
                        changed: self.now,
                        country: COUNTRIES[form.country],
                        gone: false,
                    });
                }
            }
            Step::Update(who, number, form) => {
                let (at, id) = self.target(*number);
                let there = at.filter(|at| !self.tenants[*at].gone);
                let expected = match (who, there) {
                    (Who::Standard | Who::Tenant, _) => Verdict::NotAnMsp,
                    (Who::Msp, None) => Verdict::Foreign,
                    (Who::Msp, Some(_)) => self.admits(form, there),
                };
                let (session, now) = (self.session(*who), self.instant());
                let changed = self.world.update_tenant(&session, id, self.form(form), now);
                assert_eq!(verdict(&changed), expected, "{step:?}");
                if let (Ok(_), Some(at)) = (changed, there) {
                    let now = self.now;
                    let tenant = &mut self.tenants[at];
                    tenant.name = NAMES[form.name].to_owned();
                    tenant.of_msp = form.ownership.unwrap_or(tenant.of_msp);
                    tenant.country = COUNTRIES[form.country];
                    (tenant.generation, tenant.changed) = (tenant.generation + 1, now);
                }
            }
            Step::Delete(who, number) => {
                let (at, id) = self.target(*number);
                let there = at.filter(|at| !self.tenants[*at].gone);
                let kept = self.world.dialect.tenant_with_devices == TenantWithDevices::PreconditionFailed;
                let expected = match (who, there) {
                    (Who::Standard | Who::Tenant, _) => Verdict::NotAnMsp,
                    (Who::Msp, None) => Verdict::Foreign,
                    (Who::Msp, Some(at)) if kept && self.tenants[at].devices > 0 => Verdict::Devices,
                    (Who::Msp, Some(_)) => Verdict::Done,
                };
                let (session, now) = (self.session(*who), self.instant());
                let deleted = self.world.delete_tenant(&session, id, now);
                assert_eq!(verdict(&deleted), expected, "{step:?}");
                if let (Ok(_), Some(at)) = (deleted, there) {
                    self.tenants[at].gone = true;
                }
            }
            Step::Exchange(number) => {
                let (at, id) = self.target(Some(*number));
                let tenant = at.unwrap();
                let digest = self.exchange(id);
                assert_eq!(digest.is_some(), !self.tenants[tenant].gone, "{step:?}");
                self.passes.extend(digest.map(|digest| Pass { tenant, digest }));
            }
            Step::Client(number) => {
                let (at, id) = self.target(Some(*number));
                let tenant = at.unwrap();
                let many = self.clients.iter().filter(|(of, _)| *of == tenant).count() >= 7;
                if many {
                    return;
                }
                let name = format!("client {}", self.clients.len());
                let new = NewCredential { name, tenant: Some(id), provision: None };
                let (session, now) = (self.session(Who::Msp), self.instant());
                let made = self.world.create_credential(&session, new, now);
                assert_eq!(made.is_ok(), !self.tenants[tenant].gone, "{step:?}");
                if let Ok(ix) = made {
                    let client = self.world.client(ix);
                    let secret = client.secret.value().unwrap().reveal().to_owned();
                    let presented = Presented::new(&client.id.clone(), &secret);
                    self.clients.push((tenant, presented.clone()));
                    let (_, digest) = self.mint(id, presented).expect("a client's token");
                    self.passes.push(Pass { tenant, digest });
                }
            }
            // Fewer than the 900 seconds of a token, all in all.
            Step::Advance(by) => self.now += by,
            Step::Reload => {
                let file = spec::export(&self.world, Secrets::Digests, self.instant()).expect("a file");
                let spec =
                    Spec::read(file.as_bytes()).unwrap_or_else(|mistakes| panic!("{mistakes}\n{file}"));
                self.world = World::from_spec(&spec).expect("a world");
            }
        }
        self.check();
    }

    /// Everything that can be asked agrees with the oracle.
    fn check(&mut self) {
        let world = &self.world;
        let msp = world.workspace_named("msp").unwrap();
        let there: Vec<&Tenant> = self.tenants.iter().filter(|tenant| !tenant.gone).collect();
        let present = world.tenants(msp);
        let shown: Vec<_> = present
            .iter()
            .map(|(_, tenant, ownership)| {
                assert_eq!(present.creator(tenant), "msp.admin@example.com");
                (
                    tenant.id,
                    tenant.name.as_str(),
                    ownership == Ownership::Msp,
                    tenant.generation,
                    tenant.created_at.as_millisecond(),
                    tenant.updated_at.as_millisecond(),
                    tenant.contact.address.country.as_deref(),
                )
            })
            .collect();
        let expected: Vec<_> = there
            .iter()
            .map(|it| (it.id, it.name.as_str(), it.of_msp, it.generation, it.made, it.changed, it.country))
            .collect();
        assert_eq!(shown, expected, "the tenants that are there, in order of their making");
        for tenant in &self.tenants {
            assert_eq!(world.workspace_by_id(tenant.id).is_some(), !tenant.gone, "{tenant:?}");
        }
        let distinct = |of: fn(&greenroom_model::tenancy::Workspace) -> String| {
            world.workspaces().map(|(_, it)| of(it)).collect::<HashSet<_>>().len()
        };
        let all = there.len() + 3;
        assert_eq!(world.workspaces().count(), all);
        assert_eq!(distinct(|it| it.symbol.clone()), all);
        assert_eq!(distinct(|it| it.central_customer.clone()), all);
        let ids: HashSet<_> = self.tenants.iter().map(|tenant| tenant.id).collect();
        assert_eq!(ids.len(), self.tenants.len(), "an id never comes back");
        // The MSP's inventory: its own 22, and those of the tenants whose devices it owns.
        let visible: u32 = world.visible_devices(msp).iter().map(|(_, devices)| devices).sum();
        let owned: u32 = there.iter().filter(|tenant| tenant.of_msp).map(|tenant| tenant.devices).sum();
        assert_eq!(visible, 22 + owned);
        for (tenant, first) in self.tenants.iter().zip(&self.first_devices) {
            let seen = world.visible_device(msp, *first).is_some();
            assert_eq!(seen, tenant.of_msp && !tenant.gone, "{tenant:?}");
        }
        for pass in &self.passes {
            let entered = world.enter(
                Ok(pass.digest),
                ApiFamily::Glp,
                &door(HostFamily::Emulator),
                Timestamp::from_millisecond(self.now).unwrap(),
            );
            let tenant = &self.tenants[pass.tenant];
            match entered {
                Ok(session) => {
                    assert!(!tenant.gone, "{pass:?}");
                    assert_eq!(world.workspace(session.workspace).id, tenant.id);
                }
                Err(fault) => assert_eq!((fault, tenant.gone), (TokenFault::Revoked, true), "{pass:?}"),
            }
        }
        for (tenant, presented) in self.clients.clone() {
            let Tenant { id, gone, .. } = self.tenants[tenant];
            let known = self.world.client_by_id(presented.id.as_deref().unwrap()).is_some();
            assert_eq!(known, !gone);
            if gone {
                assert!(self.mint(id, presented).is_none(), "a client of nowhere gets no token");
            }
        }
    }
}

fn door(family: HostFamily) -> Door {
    let host = if family == HostFamily::Glp { "global.api.greenlake.hpe.com" } else { "127.0.0.1" };
    Door { family, host: host.to_owned() }
}

fn verdict(result: &Result<WorkspaceIx, Refusal>) -> Verdict {
    match result {
        Ok(_) => Verdict::Done,
        Err(Refusal::NotAnMsp) => Verdict::NotAnMsp,
        Err(Refusal::WrongWorkspace | Refusal::Token(TokenFault::WrongWorkspace)) => Verdict::Foreign,
        Err(Refusal::Conflict(Conflict::TenantNameTaken)) => Verdict::Taken,
        Err(Refusal::Conflict(Conflict::TenantHasDevices)) => Verdict::Devices,
        Err(Refusal::Conflict(Conflict::ExportRules(_))) => Verdict::Export,
        Err(other) => panic!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn everything_agrees_on_which_tenants_there_are(
        steps in steps(), with_devices: bool, export: bool, unauthorized: bool,
    ) {
        let mut run = Run::new(with_devices, export, unauthorized);
        for step in &steps {
            run.step(step);
        }
    }
}

/// The steps reach what the property is about: tenants that are deleted with tokens and clients in them.
#[test]
fn tokens_and_clients_of_a_deleted_tenant_die_with_it() {
    let mut run = Run::new(true, true, false);
    let acme = Form { name: 0, country: 1, ownership: None };
    let tenant = run.tenants.len();
    for step in [
        Step::Create(Who::Msp, acme.clone()),
        Step::Exchange(tenant),
        Step::Client(tenant),
        Step::Client(tenant),
        Step::Exchange(1),
        Step::Delete(Who::Msp, Some(1)),
        Step::Delete(Who::Msp, Some(tenant)),
        Step::Exchange(tenant),
        Step::Client(tenant),
        Step::Create(Who::Msp, acme),
        Step::Exchange(tenant + 1),
    ] {
        run.step(&step);
    }
    assert_eq!(run.passes.len(), 5);
    assert_eq!(run.passes.iter().filter(|pass| run.tenants[pass.tenant].gone).count(), 4);
}
