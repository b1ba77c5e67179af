//! A world that is exported loads again to the same world, whatever was done to it.

use greenroom_model::{
    credential::{ClientAuth, Presented},
    credentials::NewCredential,
    host::HostFamily,
    id::Seed,
    issue::Issuer,
    sample::DEFAULT_SEED,
    secret::Digest,
    spec::{Secrets, Spec, export},
    world::{ClientIx, Door, Session, World},
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

fn text(world: &World) -> String {
    export(world, Secrets::Digests, Timestamp::UNIX_EPOCH).unwrap()
}

fn reload(world: &World) -> World {
    let file = text(world);
    let spec = Spec::read(file.as_bytes()).unwrap_or_else(|mistakes| panic!("{mistakes}\n{file}"));
    World::from_spec(&spec).unwrap()
}

#[test]
fn the_file_of_the_sample_is_the_sample() {
    let file = include_bytes!("../../../fixtures/worlds/sample.yaml");
    let world = World::from_spec(&Spec::read(file).unwrap()).unwrap();
    assert_eq!(text(&world), text(&World::sample(DEFAULT_SEED)));
}

#[test]
fn secrets_are_written_as_digests_unless_they_are_wanted() {
    let mut world = World::sample(DEFAULT_SEED);
    let session = session(&world, "msp");
    let made = world.create_credential(&session, credential("nightly"), Timestamp::UNIX_EPOCH).unwrap();
    let secret = world.client(made).secret.value().unwrap().reveal().to_owned();
    assert!(!text(&world).contains(&secret));
    assert!(export(&world, Secrets::Shown, Timestamp::UNIX_EPOCH).unwrap().contains(&secret));
    let again = reload(&world);
    let known = again.client_by_id(&world.client(made).id).unwrap();
    assert!(again.client(known).secret.is(&greenroom_model::secret::Secret::new(secret)));
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
    Create(String),
    Reset(usize),
    Delete(usize),
    Role(usize, &'static str),
    Notes(usize, String),
    Forget(usize),
    Wait(u32),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        3 => any::<usize>().prop_map(Deed::Mint),
        3 => "[a-zA-Z0-9 '#:{}é-]{1,12}".prop_map(Deed::Create),
        1 => any::<usize>().prop_map(Deed::Reset),
        1 => any::<usize>().prop_map(Deed::Delete),
        1 => (any::<usize>(), prop::sample::select(vec!["Administrator", "Operator", "Observer"]))
            .prop_map(|(user, role)| Deed::Role(user, role)),
        1 => (any::<usize>(), "[ -~é\n]{0,20}").prop_map(|(device, notes)| Deed::Notes(device, notes)),
        1 => any::<usize>().prop_map(Deed::Forget),
        1 => (0u32..2_000).prop_map(Deed::Wait),
    ]
}

fn nth(world: &World, n: usize) -> Option<ClientIx> {
    let clients: Vec<_> = world.clients().map(|(ix, _)| ix).collect();
    (!clients.is_empty()).then(|| clients[n % clients.len()])
}

fn act(world: &mut World, deed: &Deed, now: Timestamp) {
    let door = Door { family: HostFamily::Emulator, host: String::new() };
    let msp = world.workspace_named("msp").unwrap();
    let serial = |world: &World, n: usize| {
        let serials: Vec<_> = world.fleet().network(msp).map(|device| device.serial().to_string()).collect();
        serials[n % serials.len()].clone()
    };
    match deed {
        Deed::Mint(n) => {
            let Some(client) = nth(world, *n).map(|ix| world.client(ix).clone()) else { return };
            let Some(secret) = client.secret.value() else { return };
            let auth =
                ClientAuth { body: Presented::new(&client.id, secret.reveal()), ..ClientAuth::default() };
            if let Ok(token) = world.mint(Issuer::Sso, &door, &auth, now) {
                world.seal(token.ordinal, Digest::of(format!("token {}", token.ordinal)));
            }
        }
        Deed::Create(name) => {
            let _ = world.create_credential(&session(world, "msp"), credential(name), now);
        }
        Deed::Reset(n) => {
            let Some(ix) = nth(world, *n) else { return };
            let (id, session) = (world.client(ix).id.clone(), session(world, "msp"));
            let _ = world.reset_credential(&session, &id, now);
        }
        Deed::Delete(n) => {
            let Some(ix) = nth(world, *n).filter(|ix| world.client(*ix).name != "msp") else { return };
            let (id, session) = (world.client(ix).id.clone(), session(world, "msp"));
            let _ = world.delete_credential(&session, &id);
        }
        Deed::Role(n, role) => {
            let users: Vec<_> = world.users().map(|(ix, _)| ix).collect();
            world.assign_role(users[n % users.len()], role).unwrap();
        }
        Deed::Notes(n, notes) => _ = world.set_device_notes(msp, &serial(world, *n), notes),
        Deed::Forget(n) => _ = world.forget_device(msp, &serial(world, *n)),
        Deed::Wait(_) => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn an_export_loads_to_the_same_world_and_both_go_on_alike(
        seed in 0u64..100,
        before in prop::collection::vec(deed(), 0..25),
        after in prop::collection::vec(deed(), 0..10),
    ) {
        let mut now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut wait = |deed: &Deed| {
            if let Deed::Wait(seconds) = deed {
                now = now.saturating_add(SignedDuration::from_secs(i64::from(*seconds))).unwrap();
            }
            now
        };
        let mut world = World::sample(Seed(seed));
        for deed in &before {
            let now = wait(deed);
            act(&mut world, deed, now);
        }
        let mut again = reload(&world);
        prop_assert_eq!(text(&again), text(&world));
        // A secret that is known by digest only cannot be minted with here, so minting is left out.
        for deed in after.iter().filter(|deed| !matches!(deed, Deed::Mint(_))) {
            let now = wait(deed);
            act(&mut world, deed, now);
            act(&mut again, deed, now);
        }
        prop_assert_eq!(text(&again), text(&world));
    }
}
