//! A world that is exported loads again to the same world, whatever was done to it.

use std::collections::HashMap;

use greenroom_model::{
    access::ApiFamily,
    adopt::{Adoption, Credentials},
    credential::{ClientAuth, Presented},
    credentials::NewCredential,
    fleet::{DeviceType, Listed},
    host::HostFamily,
    id::Seed,
    issue::{Issuer, Signature, Subject, Term},
    refusal::{TokenFault, TokenRefusal},
    role::{Permission, Role},
    sample::DEFAULT_SEED,
    secret::{Digest, Secret},
    spec::{MOST_BYTES, MOST_WORKSPACES, Secrets, Spec, export},
    tenants::TenantForm,
    token::{MOST_TOKENS, Unsigned},
    world::{ClientIx, Door, Session, WorkspaceIx, World},
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

fn text(world: &World, now: Timestamp) -> String {
    export(world, Secrets::Digests, now).unwrap()
}

fn reload(world: &World, now: Timestamp) -> World {
    let file = text(world, now);
    let spec = Spec::read(file.as_bytes()).unwrap_or_else(|mistakes| panic!("{mistakes}\n{file}"));
    World::from_spec(&spec).unwrap()
}

#[test]
fn secrets_are_written_as_digests_unless_they_are_wanted() {
    let mut world = World::sample(DEFAULT_SEED);
    let session = session(&world, "msp");
    let made = world.create_credential(&session, credential("nightly"), Timestamp::UNIX_EPOCH).unwrap();
    let secret = world.client(made).secret.value().unwrap().reveal().to_owned();
    assert!(!text(&world, Timestamp::UNIX_EPOCH).contains(&secret));
    assert!(export(&world, Secrets::Shown, Timestamp::UNIX_EPOCH).unwrap().contains(&secret));
    let again = reload(&world, Timestamp::UNIX_EPOCH);
    let known = again.client_by_id(&world.client(made).id).unwrap();
    assert!(again.client(known).secret.is(&Secret::new(secret)));
}

#[test]
fn no_secret_is_given_out_again_after_a_reload() {
    let now = Timestamp::UNIX_EPOCH;
    let start = World::sample(DEFAULT_SEED);
    let create = |world: &mut World| {
        let ix = world.create_credential(&session(world, "msp"), credential("nightly"), now).unwrap();
        (world.client(ix).id.clone(), world.client(ix).secret.value().unwrap().clone())
    };
    let reset = |world: &mut World, id: &str| {
        let ix = world.reset_credential(&session(world, "msp"), id, now).unwrap();
        world.client(ix).secret.value().unwrap().clone()
    };
    let mut world = start.clone();
    let (id, first) = create(&mut world);
    let mut given = vec![first, reset(&mut world, &id)];
    let adopted = Secret::new("from elsewhere");
    let platform = Credentials { id: None, secret: None, access_token: Some(adopted.clone()) };
    world.adopt(&Adoption { platform: Some(platform), ..Adoption::default() }, now).unwrap();
    // A world that was put back gives out the same ids again.
    let mut world = {
        let mut next = start.clone();
        next.succeed(&world);
        next
    };
    let (same, third) = create(&mut world);
    assert_eq!(same, id);
    given.push(third);
    given.push(adopted);
    for secrets in [Secrets::Digests, Secrets::Shown] {
        let file = export(&world, secrets, now).unwrap();
        let mut again = World::from_spec(&Spec::read(file.as_bytes()).unwrap()).unwrap();
        let known = |secret: &Secret| {
            again.secrets().any(|it| it == secret) || again.secret_digests().any(|it| it == secret.digest())
        };
        assert!(given.iter().all(known), "none of them is shown");
        assert!(!file.contains(given[0].reveal()) && !file.contains(given[1].reveal()));
        assert!(!given.contains(&reset(&mut again, &id)));
    }
}

fn credential(name: &str) -> NewCredential {
    NewCredential { name: name.to_owned(), tenant: None, provision: None }
}

/// A session of the client of that name.
fn session(world: &World, client: &str) -> Session {
    let ix = world.client_named(client).unwrap();
    let client = world.client(ix);
    Session { token: 0, client: ix, user: client.owner, workspace: client.workspace }
}

#[derive(Clone, Debug)]
enum Deed {
    Mint(usize),
    Exchange(usize),
    Create(String),
    CreateInTenant(String, usize, bool),
    Reset(usize),
    Delete(usize),
    CreateTenant(String),
    UpdateTenant(usize, String),
    DeleteTenant(usize),
    Adopt(Option<String>, Option<String>),
    Device(usize, Box<Listed>),
    Dialect(usize, usize),
    Role(usize, &'static str),
    Notes(usize, String),
    Forget(usize),
    Wait(u32),
}

fn deed() -> impl Strategy<Value = Deed> {
    let n = any::<usize>;
    let name = || "[a-zA-Z0-9 '#:{}é-]{1,12}";
    let kinds = vec![DeviceType::AccessPoint, DeviceType::Gateway, DeviceType::Storage];
    let device = (prop::sample::select(kinds), "[A-Z0-9]{1,16}", any::<[bool; 3]>(), "[ -~é]{0,8}").prop_map(
        |(kind, serial, [assigned, provisioned, online], notes)| Listed {
            serial: Some(serial.into()),
            tags: [("k".into(), notes.as_str().into())].into(),
            notes: notes.into(),
            assigned,
            provisioned,
            online,
            ..Listed::new(kind)
        },
    );
    prop_oneof![
        3 => n().prop_map(Deed::Mint),
        2 => n().prop_map(Deed::Exchange),
        3 => name().prop_map(Deed::Create),
        3 => (name(), n(), any::<bool>()).prop_map(|(name, tenant, with)| Deed::CreateInTenant(name, tenant, with)),
        1 => n().prop_map(Deed::Reset),
        1 => n().prop_map(Deed::Delete),
        2 => name().prop_map(Deed::CreateTenant),
        1 => (n(), name()).prop_map(|(tenant, name)| Deed::UpdateTenant(tenant, name)),
        3 => n().prop_map(Deed::DeleteTenant),
        1 => ("[a-z]{3,6}".prop_map(Some), prop::option::of("[a-z.]{5,9}"))
            .prop_map(|(id, token)| Deed::Adopt(id, token)),
        2 => (n(), device).prop_map(|(home, device)| Deed::Device(home, Box::new(device))),
        2 => (n(), n()).prop_map(|(row, value)| Deed::Dialect(row, value)),
        1 => (n(), prop::sample::select(vec!["Administrator", "Operator", "Observer", "Keeper"]))
            .prop_map(|(user, role)| Deed::Role(user, role)),
        1 => (n(), "[ -~é\n]{0,20}").prop_map(|(device, notes)| Deed::Notes(device, notes)),
        1 => n().prop_map(Deed::Forget),
        1 => (0u32..2_000).prop_map(Deed::Wait),
    ]
}

fn nth<T: Copy>(all: &[T], n: usize) -> Option<T> {
    (!all.is_empty()).then(|| all[n % all.len()])
}

fn clients(world: &World) -> Vec<ClientIx> {
    world.clients().map(|(ix, _)| ix).collect()
}

fn tenants(world: &World) -> Vec<WorkspaceIx> {
    world.tenants(world.workspace_named("msp").unwrap()).iter().map(|(ix, ..)| ix).collect()
}

/// What the digest of the token of that number is made of.
fn value(ordinal: u64) -> Digest {
    Digest::of(format!("token {ordinal}"))
}

fn here() -> Door {
    Door { family: HostFamily::Emulator, host: String::new() }
}

/// Secrets by client id, as who made the clients was told them.
type Told = HashMap<String, Secret>;

fn tell(world: &World, told: &mut Told) {
    for (_, client) in world.clients() {
        if let Some(secret) = client.secret.value() {
            told.insert(client.id.clone(), secret.clone());
        }
    }
}

/// Does it, with the secrets that people were told. Says what the world answered.
fn act(world: &mut World, told: &mut Told, deed: &Deed, now: Timestamp) -> String {
    let msp = world.workspace_named("msp").unwrap();
    let msp_session = session(world, "msp");
    let serial = |world: &World, n: usize| {
        let serials: Vec<_> = world.fleet().network(msp).map(|device| device.serial().to_string()).collect();
        serials[n % serials.len()].clone()
    };
    let sealed = |world: &mut World, token: Result<Unsigned, TokenRefusal>| match token {
        Ok(token) => {
            world.seal(token.ticket, value(token.ticket.ordinal));
            format!("{} {} {:?}", token.symbol, token.life, token.content)
        }
        Err(refusal) => format!("{refusal:?}"),
    };
    let answer = match deed {
        Deed::Mint(n) => {
            let Some(client) = nth(&clients(world), *n).map(|ix| world.client(ix)) else {
                return String::new();
            };
            let Some(secret) = told.get(&client.id) else { return String::new() };
            let auth =
                ClientAuth { body: Presented::new(&client.id, secret.reveal()), ..ClientAuth::default() };
            let id = world.workspace(client.workspace).id.plain();
            let issuer = if n % 3 == 0 { Issuer::Workspace(&id) } else { Issuer::Sso };
            let token = world.mint(issuer, &here(), &auth, now);
            sealed(world, token)
        }
        Deed::Exchange(n) => {
            // Expired ones are not in every world that was loaded.
            let live = world.tokens().iter().filter(|token| now < token.expires_at);
            let subjects: Vec<_> = live.map(|token| token.ordinal).collect();
            let (Some(subject), Some(tenant)) = (nth(&subjects, *n), nth(&tenants(world), *n)) else {
                return String::new();
            };
            let digest = world.tokens().by_ordinal(subject).unwrap().seal;
            let Some(digest) = digest else { return String::new() };
            let subject = Subject { digest, signature: Signature::Ours { exp: None } };
            let target = world.workspace(tenant).id.plain();
            let token = world.exchange(&target, &here(), &ClientAuth::default(), subject, now);
            sealed(world, token)
        }
        Deed::Create(name) => format!("{:?}", world.create_credential(&msp_session, credential(name), now)),
        Deed::CreateInTenant(name, n, with) => {
            let Some(tenant) = nth(&tenants(world), *n) else { return String::new() };
            let provision = world.provisions(tenant).next().map(|provision| provision.id).filter(|_| *with);
            let tenant = Some(world.workspace(tenant).id);
            let new = NewCredential { name: name.clone(), tenant, provision };
            format!("{:?}", world.create_credential(&msp_session, new, now))
        }
        Deed::Reset(n) => {
            let Some(ix) = nth(&clients(world), *n) else { return String::new() };
            let id = world.client(ix).id.clone();
            format!("{:?}", world.reset_credential(&msp_session, &id, now))
        }
        Deed::Delete(n) => {
            let ix = nth(&clients(world), *n).filter(|ix| world.client(*ix).name != "msp");
            let Some(ix) = ix else { return String::new() };
            let id = world.client(ix).id.clone();
            format!("{:?}", world.delete_credential(&msp_session, &id, now))
        }
        Deed::CreateTenant(name) => {
            format!("{:?}", world.create_tenant(&msp_session, TenantForm::named(name), now))
        }
        Deed::UpdateTenant(n, name) => {
            let Some(tenant) = nth(&tenants(world), *n) else { return String::new() };
            let id = world.workspace(tenant).id;
            format!("{:?}", world.update_tenant(&msp_session, id, TenantForm::named(name), now))
        }
        Deed::DeleteTenant(n) => {
            let Some(tenant) = nth(&tenants(world), *n) else { return String::new() };
            let id = world.workspace(tenant).id;
            format!("{:?}", world.delete_tenant(&msp_session, id, now))
        }
        Deed::Adopt(id, token) => {
            let access_token = token.clone().map(Secret::new);
            let platform = Credentials { id: id.clone(), secret: None, access_token };
            let adoption = Adoption { platform: Some(platform), ..Adoption::default() };
            format!("{:?}", world.adopt(&adoption, now))
        }
        Deed::Device(n, device) => {
            let homes: Vec<_> = world.workspaces().map(|(ix, _)| ix).collect();
            let home = nth(&homes, *n).unwrap();
            format!("{:?}", world.add_device(home, (**device).clone()))
        }
        Deed::Dialect(row, value) => {
            let rows = world.dialect.rows();
            let row = &rows[row % rows.len()];
            format!("{:?}", world.dialect.set(&row.name, &row.values[value % row.values.len()]).is_ok())
        }
        Deed::Role(n, role) => {
            let users: Vec<_> = world.users().map(|(ix, _)| ix).collect();
            format!("{:?}", world.assign_role(users[n % users.len()], role))
        }
        Deed::Notes(n, notes) => {
            let serial = serial(world, *n);
            format!("{}", world.set_device_notes(msp, &serial, notes))
        }
        Deed::Forget(n) => {
            let serial = serial(world, *n);
            format!("{}", world.forget_device(msp, &serial))
        }
        Deed::Wait(_) => String::new(),
    };
    tell(world, told);
    answer
}

/// What the world shows to those who ask: lists, and who is let in with which token.
fn shown(world: &World, tokens: u64, now: Timestamp) -> Vec<String> {
    let mut shown = Vec::new();
    for (ix, it) in world.workspaces() {
        shown.push(format!("{ix:?} {it:?} {:?}", world.fleet().mix(ix)));
        shown.extend(world.provisions(ix).map(|it| format!("{it:?}")));
        shown.extend(world.tenants(ix).iter().map(|(ix, it, _)| format!("{ix:?} {}", it.name)));
        shown.extend(world.audit_lines(ix, now).lines.iter().map(|it| format!("{it:?}")));
    }
    for (ix, it) in world.clients() {
        let session = Session { token: 0, client: ix, user: it.owner, workspace: it.workspace };
        let seen = world.credentials(&session, None).map(|seen| seen.map(|(ix, _)| ix).collect::<Vec<_>>());
        let keys = (&it.credential_name, &it.id, it.service, it.provision, it.secret.digest());
        shown.push(format!("{ix:?} {keys:?} {} {} {seen:?}", it.name, it.updated_at));
    }
    shown.extend(world.users().map(|(ix, user)| format!("{ix:?} {user:?}")));
    shown.push(format!("{:?} {:?}", world.dialect, world.roles));
    let msp = world.workspace_named("msp").unwrap();
    shown.extend(world.fleet().all(msp).map(|device| {
        format!("{} {:?} {:?} {}", device.serial(), device.notes(), device.tags(), device.provisioned())
    }));
    shown.extend((1..=tokens).map(|ordinal| {
        let entered = world.enter(Ok(value(ordinal)), ApiFamily::Glp, &here(), now);
        // One that has expired may be forgotten: its signature then says what it is.
        let forgotten = [TokenFault::Unknown, TokenFault::Expired, TokenFault::Revoked].map(Err);
        if forgotten.contains(&entered) { format!("{ordinal} no") } else { format!("{ordinal} {entered:?}") }
    }));
    shown
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_export_loads_to_the_same_world_and_both_go_on_alike(
        seed in 0u64..100,
        before in prop::collection::vec(deed(), 0..30),
        after in prop::collection::vec(deed(), 0..15),
    ) {
        let mut now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut wait = |deed: &Deed| {
            if let Deed::Wait(seconds) = deed {
                now = now.saturating_add(SignedDuration::from_secs(i64::from(*seconds))).unwrap();
            }
            now
        };
        let mut world = World::sample(Seed(seed));
        world.roles.insert("Keeper".to_owned(), Role::on_everything(&[Permission::View]));
        let mut told = Told::new();
        tell(&world, &mut told);
        for deed in &before {
            let now = wait(deed);
            act(&mut world, &mut told, deed, now);
        }
        let now = wait(&Deed::Wait(0));
        let mut again = reload(&world, now);
        prop_assert_eq!(text(&again, now), text(&world, now));
        for deed in &after {
            let now = wait(deed);
            let mut told_again = told.clone();
            let answer = act(&mut world, &mut told, deed, now);
            prop_assert_eq!(act(&mut again, &mut told_again, deed, now), answer);
        }
        let now = wait(&Deed::Wait(0));
        prop_assert_eq!(text(&again, now), text(&world, now));
        let tokens = world.tokens().iter().map(|token| token.ordinal).max().unwrap_or_default();
        prop_assert_eq!(shown(&again, tokens, now), shown(&world, tokens, now));
    }
}

#[test]
fn a_client_that_went_with_its_tenant_no_longer_names_a_provision() {
    let now = Timestamp::UNIX_EPOCH;
    let mut world = World::sample(DEFAULT_SEED);
    let tenant = world.workspace_named("empty").unwrap();
    let provision = world.provisions(tenant).next().map(|provision| provision.id);
    let tenant = world.workspace(tenant).id;
    let new = NewCredential { name: "c".to_owned(), tenant: Some(tenant), provision };
    let msp = session(&world, "msp");
    world.create_credential(&msp, new, now).unwrap();
    assert!(text(&world, now).contains("provision: "));
    world.delete_tenant(&msp, tenant, now).unwrap();
    assert_eq!(text(&reload(&world, now), now), text(&world, now));
}

/// Whatever is done for each of them must not look at all the others.
#[test]
fn fifty_thousand_listed_devices_are_read_and_built() {
    const MANY: u64 = 50_000;
    let mut file =
        "workspaces:\n- symbol: a\n  sites: [Mill, Shop]\n  devices:\n    network: 50\n    listed:\n"
            .to_owned();
    // In no order.
    let serials: Vec<_> = (1..=MANY).map(|n| format!("S{:010}", n * 7_919_993 % 1_000_000_007)).collect();
    for serial in &serials {
        file += &format!("    - {{serial: {serial}, type: AP, site: Shop, notes: x}}\n");
    }
    file += "    changed:\n";
    for serial in &serials {
        file += &format!("    - {{serial: {serial}, monitored: false}}\n");
    }
    let world = World::from_spec(&Spec::read(file.as_bytes()).unwrap()).unwrap();
    let home = world.workspace_named("a").unwrap();
    let fleet = world.fleet();
    assert_eq!(u64::from(fleet.mix(home).network), MANY + 50);
    assert!(fleet.network(home).is_sorted_by_key(|device| device.serial()));
    assert!(fleet.census(home).monitored() <= 50);
    // Each stands at a site that is not there.
    let lost = Spec::read(file.replace("Mill, Shop", "Mill").as_bytes()).unwrap_err();
    assert_eq!(lost.list.len() as u64 + lost.more as u64, MANY);
}

#[test]
fn tokens_that_have_expired_are_not_written() {
    let mut world = World::sample(DEFAULT_SEED);
    let mut told = Told::new();
    tell(&world, &mut told);
    let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let at = |minutes| start.saturating_add(SignedDuration::from_mins(minutes)).unwrap();
    act(&mut world, &mut told, &Deed::Mint(1), start);
    act(&mut world, &mut told, &Deed::Adopt(None, Some("from elsewhere".to_owned())), start);
    world.dialect.set("clock_skew", "10m").unwrap();
    let written = |minutes| text(&world, at(minutes)).matches("expires_at: ").count();
    // Nothing but its line knows that the adopted one ever was.
    assert_eq!([written(129), written(130), written(10_000)], [2, 1, 1]);
    assert!(text(&world, at(130)).contains("tokens: 2"), "they were issued");
}

#[test]
fn an_expired_parent_is_written_as_long_as_its_child_lives() {
    let at = |minutes| Timestamp::UNIX_EPOCH.saturating_add(SignedDuration::from_mins(minutes)).unwrap();
    let seal = |world: &mut World, token: Unsigned| {
        world.seal(token.ticket, value(token.ticket.ordinal));
        token.ticket.ordinal
    };
    let mint = |world: &mut World, minute| {
        let token =
            world.issue_for(world.client_named("msp").unwrap(), None, Term::OfKind, at(minute)).unwrap();
        seal(world, token)
    };
    let mut world = World::sample(DEFAULT_SEED);
    world.dialect.set("rotate_on_issue", "newest_and_children").unwrap();
    let parent = mint(&mut world, 0);
    let subject = Subject { digest: value(parent), signature: Signature::Ours { exp: None } };
    let target = world.workspace(world.workspace_named("abc").unwrap()).id.plain();
    let token = world.exchange(&target, &here(), &ClientAuth::default(), subject, at(10)).unwrap();
    let child = seal(&mut world, token);
    // Of the two, which live for a quarter of an hour, the child only is left.
    let again = reload(&world, at(20));
    for mut world in [world, again] {
        assert_eq!(text(&world, at(20)).matches("expires_at: ").count(), 2);
        mint(&mut world, 20);
        assert!(world.tokens().by_ordinal(child).unwrap().revoked, "with its parent");
        assert_eq!(text(&world, at(20)).matches("expires_at: ").count(), 2, "the newest and the child");
    }
}

/// A hundredth of all that a world can hold; the whole of it takes minutes without optimization.
#[test]
fn a_full_world_can_be_kept() {
    const PART: usize = 100;
    let (tokens, workspaces) = (MOST_TOKENS / PART, MOST_WORKSPACES as usize / PART);
    let file = format!("workspaces: [{{symbol: a, tenants: {}}}]", workspaces - 1);
    let mut world = World::from_spec(&Spec::read(file.as_bytes()).unwrap()).unwrap();
    let client = world.client_named("a").unwrap();
    for _ in 0..tokens {
        let token = world.issue_for(client, None, Term::OfKind, Timestamp::UNIX_EPOCH).unwrap();
        world.seal(token.ticket, value(token.ticket.ordinal));
    }
    let file = text(&world, Timestamp::UNIX_EPOCH);
    assert!(file.len() * PART < MOST_BYTES, "{} bytes", file.len());
    let again = reload(&world, Timestamp::UNIX_EPOCH);
    assert_eq!((again.tokens().iter().count(), again.workspaces().count()), (tokens, workspaces));
}
