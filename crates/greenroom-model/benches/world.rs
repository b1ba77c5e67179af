//! What the rules of the cloud cost, without a wire: a token, a session, devices, an entry of the history.

use std::{hint::black_box, time::Duration};

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use greenroom_model::{
    access::ApiFamily,
    call::OpKind,
    credential::{ClientAuth, Presented},
    filter::{self, Field, grammars::GLP_DEVICES},
    history::{Bounds, Event, History, Request},
    host::HostFamily,
    issue::Issuer,
    sample::DEFAULT_SEED,
    secret::Digest,
    spec::Spec,
    time::Real,
    world::{Door, World},
};
use jiff::Timestamp;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// A million devices that are not written down.
const LARGE: &str = "workspaces: [{symbol: big, type: MSP, tenants: 10000, devices_per_tenant: 100}]";

fn door() -> Door {
    Door { family: HostFamily::Emulator, host: "127.0.0.1".to_owned() }
}

/// A client of the sample, as it signs in.
fn auth(world: &World) -> ClientAuth {
    let client = world.client(world.client_named("msp").expect("the sample has it"));
    let secret = client.secret.value().expect("the sample's secrets are known");
    ClientAuth {
        basic: Vec::new(),
        body: Presented::new(&client.id, secret.reveal()),
        unreadable_header: false,
    }
}

fn tokens(c: &mut Criterion) {
    let mut world = World::sample(DEFAULT_SEED);
    let auth = auth(&world);
    c.bench_function("a token: mint and seal", |b| {
        let mint = |world: &mut World| {
            let unsigned = world.mint(Issuer::Sso, &door(), &auth, NOW).expect("good credentials");
            world.seal(unsigned.ticket, Digest::of("the token"));
            unsigned
        };
        b.iter_batched_ref(|| world.clone(), mint, BatchSize::SmallInput);
    });
    let unsigned = world.mint(Issuer::Sso, &door(), &auth, NOW).expect("good credentials");
    let digest = Digest::of("the token");
    world.seal(unsigned.ticket, digest);
    c.bench_function("a session: enter", |b| {
        let door = door();
        b.iter(|| world.enter(Ok(black_box(digest)), ApiFamily::Glp, &door, NOW).expect("a live token"));
    });
}

fn devices(c: &mut Criterion) {
    let spec = Spec::read(LARGE.as_bytes()).expect("a good world");
    c.bench_function("a world of a million devices: made", |b| {
        b.iter(|| World::from_spec(&spec).expect("a good world"));
    });
    let world = World::from_spec(&spec).expect("a good world");
    let fleet = world.fleet();
    let (tenant, _) = world.workspaces().nth(5_000).expect("there are 10,001");
    c.bench_function("a tenant's hundred devices: id and serial number", |b| {
        b.iter(|| fleet.all(tenant).map(|device| (device.id(), device.serial())).collect::<Vec<_>>());
    });
    let text = "serialNumber in 'CN1','CN2' or model eq 'AP-505'";
    c.bench_function("a filter: read", |b| {
        b.iter(|| filter::parse(black_box(text), GLP_DEVICES).expect("a good filter"));
    });
    let filter = filter::parse(text, GLP_DEVICES).expect("a good filter").expect("a filter");
    c.bench_function("a filter: one row", |b| {
        b.iter(|| filter.matches(&|_| Field::Text(black_box("CN00000003"))));
    });
}

fn history(c: &mut Criterion) {
    let request = Request {
        route: Some("glp.devices.list".into()),
        host: "global.api.greenlake.hpe.com".to_owned(),
        query: "limit=100".to_owned(),
        headers: [("host", "global.api.greenlake.hpe.com"), ("user-agent", "x"), ("accept", "*/*")]
            .into_iter()
            .collect(),
        actor: Some("msp".to_owned()),
        ..Request::of(OpKind::Api, "/devices/v1/devices")
    };
    let mut history = History::new(Bounds::default());
    c.bench_function("an entry of a full history: a request", |b| {
        let append = |request: Request| history.append(Event::Request(Box::new(request)), NOW, Real::ZERO);
        b.iter_batched(|| request.clone(), append, BatchSize::SmallInput);
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .without_plots();
    targets = tokens, devices, history
}
criterion_main!(benches);
