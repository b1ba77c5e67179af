//! The scope tree against an oracle that keeps nothing but maps of names: no scope is an orphan, and every total
//! is what the devices themselves say.

use std::collections::{BTreeMap, BTreeSet};

use greenroom_model::{
    dialect::ScopeInUse,
    fleet::Health,
    scope::Scope,
    scopes::{Kind, PERSONAS},
    spec::{Secrets, Spec, export},
    world::{ClientIx, Session, UserIx, WorkspaceIx, World},
};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const FILE: &str = "
workspaces:
  - symbol: acme
    sites: [HQ, Branch, Roof]
    devices:
      network: 12
      compute: 1
      listed: [{serial: LISTED1, type: SWITCH, site: Roof}, {serial: LISTED2, type: GATEWAY, provisioned: false}]
  - {symbol: other, devices: {network: 5}}
";

const NAMES: [&str; 5] = ["HQ", "Lab", "East", "West", "aps"];

#[derive(Clone, Debug)]
enum Step {
    Create(usize, usize),
    Rename(usize, usize, usize),
    Delete(usize, usize),
    Collect(usize, usize),
    Free(usize),
    Place(usize, usize, usize),
    TakeOut(usize),
    Assign(usize, usize, usize),
    Unassign(usize),
    Forget(usize),
    Reload,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (kind, name, nth) = (0..3usize, 0..NAMES.len(), 0..16usize);
    let step = prop_oneof![
        4 => (kind.clone(), name.clone()).prop_map(|(kind, name)| Step::Create(kind, name)),
        2 => (kind.clone(), nth.clone(), name).prop_map(|(kind, nth, name)| Step::Rename(kind, nth, name)),
        3 => (kind.clone(), nth.clone()).prop_map(|(kind, nth)| Step::Delete(kind, nth)),
        3 => (nth.clone(), nth.clone()).prop_map(|(to, site)| Step::Collect(to, site)),
        1 => nth.clone().prop_map(Step::Free),
        5 => (0..2usize, nth.clone(), nth.clone()).prop_map(|(kind, to, it)| Step::Place(kind * 2, to, it)),
        1 => nth.clone().prop_map(Step::TakeOut),
        2 => (0..4usize, nth.clone(), 0..3usize).prop_map(|(kind, to, what)| Step::Assign(kind, to, what)),
        1 => nth.clone().prop_map(Step::Unassign),
        2 => nth.prop_map(Step::Forget),
        2 => Just(Step::Reload),
    ];
    prop::collection::vec(step, 1..40)
}

/// What is known of a scope: its name and what it is in.
#[derive(Clone, Debug, PartialEq)]
struct Known {
    name: String,
    above: Option<u64>,
}

const KINDS: [Kind; 3] = [Kind::Site, Kind::Collection, Kind::Group];

struct Oracle {
    world: World,
    session: Session,
    /// By kind, then by id.
    scopes: [BTreeMap<u64, Known>; 3],
    /// Where each device is: by serial number, site and group.
    devices: BTreeMap<String, [Option<u64>; 2]>,
    forgotten: BTreeSet<String>,
    maps: BTreeSet<(u64, String, String)>,
    ever: BTreeSet<u64>,
}

fn body(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

impl Oracle {
    fn new() -> Self {
        let world = World::from_spec(&Spec::read(FILE.as_bytes()).unwrap()).unwrap();
        let workspace = world.workspace_named("acme").unwrap();
        let session = Session { token: 1, client: ClientIx(0), user: UserIx(0), workspace };
        let known = |name: &str| Known { name: name.to_owned(), above: None };
        let sites = [(10_000_001, "HQ"), (10_000_002, "Branch"), (2_000_000_000_002, "Roof")];
        let groups = [(20_000_001, "aps"), (20_000_002, "switches"), (20_000_003, "gateways")];
        let of = |rows: [(u64, &str); 3]| rows.into_iter().map(|(id, name)| (id, known(name))).collect();
        let fleet = world.fleet();
        let place = |device: greenroom_model::fleet::Device<'_>| {
            [device.site().map(|site| site.id), device.group().map(|(id, _)| id)]
        };
        let devices = fleet.network(workspace).map(|it| (it.serial().to_string(), place(it))).collect();
        let scopes: [BTreeMap<u64, Known>; 3] = [of(sites), BTreeMap::new(), of(groups)];
        let ever = scopes.iter().flat_map(|scopes| scopes.keys().copied()).collect();
        let (forgotten, maps) = Default::default();
        Self { world, session, scopes, devices, forgotten, maps, ever }
    }

    fn nth(&self, kind: usize, nth: usize) -> Option<u64> {
        let ids: Vec<_> = self.scopes[kind].keys().copied().collect();
        ids.get(nth % ids.len().max(1)).copied()
    }

    fn step(&mut self, step: &Step) {
        let session = self.session;
        match *step {
            Step::Create(kind, name) => {
                let name = NAMES[name];
                let made = match KINDS[kind] {
                    Kind::Site => self.world.create_site(
                        &session,
                        &body(json!({"name": name, "address": "1", "city": "c", "state": "s",
                            "country": "c", "zipcode": "1"})),
                    ),
                    other => {
                        self.world.create_named(&session, other, &body(json!({"scopeName": name})), false)
                    }
                };
                let taken = self.scopes[kind].values().any(|known| known.name == name);
                assert_eq!(made.is_err(), taken, "{made:?}");
                if let Ok(scope) = made {
                    let id = scope.id(session.workspace);
                    assert!(self.ever.insert(id), "an id is given once");
                    self.scopes[kind].insert(id, Known { name: name.to_owned(), above: None });
                }
            }
            Step::Rename(kind, nth, name) => {
                let Some(id) = self.nth(kind, nth) else { return };
                let name = NAMES[name];
                let id_text = id.to_string();
                let done = match KINDS[kind] {
                    Kind::Site => {
                        self.world.update_site(&session, &body(json!({"scopeId": id_text, "name": name})))
                    }
                    other => {
                        let wish = body(json!({"scopeId": id_text, "scopeName": name}));
                        self.world.update_named(&session, other, &wish)
                    }
                };
                let taken = self.scopes[kind].iter().any(|(other, it)| *other != id && it.name == name);
                assert_eq!(done.is_err(), taken);
                if !taken {
                    self.scopes[kind].get_mut(&id).unwrap().name = name.to_owned();
                }
            }
            Step::Delete(kind, nth) => {
                let Some(id) = self.nth(kind, nth) else {
                    assert!(self.world.scopes_of(&session, KINDS[kind], "items", [7]).is_err());
                    return;
                };
                let scopes = self.world.scopes_of(&session, KINDS[kind], "items", [id, id]).unwrap();
                assert_eq!(scopes.len(), 1);
                self.world.delete_scopes(&session, KINDS[kind], &scopes).unwrap();
                self.scopes[kind].remove(&id);
                for known in self.scopes[0].values_mut().filter(|known| known.above == Some(id)) {
                    known.above = None;
                }
                for place in self.devices.values_mut().flatten().filter(|place| **place == Some(id)) {
                    *place = None;
                }
                self.maps.retain(|(scope, ..)| *scope != id);
            }
            Step::Collect(to, site) => {
                let (Some(to), Some(site)) = (self.nth(1, to), self.nth(0, site)) else { return };
                let wish = json!({"siteCollectionId": to.to_string(), "siteIds": [site.to_string()]});
                self.world.add_sites(&session, &body(wish)).unwrap();
                self.scopes[0].get_mut(&site).unwrap().above = Some(to);
            }
            Step::Free(site) => {
                let Some(site) = self.nth(0, site) else { return };
                let scopes = self.world.scopes_of(&session, Kind::Site, "site-id", [site]).unwrap();
                self.world.collect(&session, &scopes, None);
                self.scopes[0].get_mut(&site).unwrap().above = None;
            }
            Step::Place(kind, to, nth) => {
                let serial = self.devices.keys().nth(nth % self.devices.len()).unwrap().clone();
                let Some(to) = self.nth(kind, to) else { return };
                let wish = json!({"desScopeId": to.to_string(), "devices": [serial]});
                self.world.add_to_scope(&session, KINDS[kind], &body(wish)).unwrap();
                self.devices.get_mut(&serial).unwrap()[kind / 2] = Some(to);
            }
            Step::TakeOut(nth) => {
                let serial = self.devices.keys().nth(nth % self.devices.len()).unwrap().clone();
                self.world.take_out_of_groups(&session, &body(json!({"devices": [serial]}))).unwrap();
                self.devices.get_mut(&serial).unwrap()[1] = None;
            }
            Step::Assign(kind, nth, what) => {
                let id = if kind == 3 { Some(1_000_001) } else { self.nth(kind, nth) };
                let Some(id) = id else { return };
                let (persona, resource) = (PERSONAS[what], format!("profiles/{what}"));
                let row = json!({"scope-name": id.to_string(), "persona": persona, "resource": resource});
                let more = self.world.assign_profiles(&session, &body(json!({"scope-map": [row]}))).unwrap();
                assert_eq!(more == 1, self.maps.insert((id, persona.to_owned(), resource)));
            }
            Step::Unassign(nth) => {
                let Some(map) = self.maps.iter().nth(nth).cloned() else { return };
                let (id, persona, resource) = &map;
                let row = json!({"scope-name": id.to_string(), "persona": persona, "resource": resource});
                let body = body(json!({"scope-map": [row]}));
                assert_eq!(self.world.take_profiles(&session, &body).unwrap(), 1);
                assert!(self.world.take_profiles(&session, &body).is_err());
                self.maps.remove(&map);
            }
            Step::Forget(nth) => {
                let serial = self.devices.keys().nth(nth % self.devices.len()).unwrap().clone();
                if self.world.forget_device(session.workspace, &serial) {
                    self.forgotten.insert(serial);
                }
            }
            Step::Reload => {
                let file = export(&self.world, Secrets::Shown, Timestamp::UNIX_EPOCH).unwrap();
                self.world = World::from_spec(&Spec::read(file.as_bytes()).unwrap()).unwrap();
                let again = export(&self.world, Secrets::Shown, Timestamp::UNIX_EPOCH).unwrap();
                assert_eq!(file, again);
            }
        }
    }

    fn check(&self) {
        let (fleet, home) = (self.world.fleet(), self.session.workspace);
        let tree = fleet.tree(home);
        let of = |id: u64| Scope::of_id(home, id).unwrap();
        // The scopes that there are, and nothing else.
        let sites: BTreeMap<_, _> =
            tree.sites().map(|(number, row)| (Scope::Site(number).id(home), row.name.to_string())).collect();
        let collections: BTreeMap<_, _> = tree
            .collections()
            .map(|(number, row)| (Scope::Collection(number).id(home), row.name.to_string()))
            .collect();
        let groups: BTreeMap<_, _> = tree
            .groups()
            .map(|(number, row)| (Scope::Group(number).id(home), row.name.to_string()))
            .collect();
        for (kind, found) in [sites, collections, groups].into_iter().enumerate() {
            let known: BTreeMap<_, _> =
                self.scopes[kind].iter().map(|(id, known)| (*id, known.name.clone())).collect();
            assert_eq!(found, known);
        }
        for id in &self.ever {
            let there = self.scopes.iter().any(|scopes| scopes.contains_key(id));
            assert_eq!(tree.contains(of(*id)), there);
            assert_eq!(tree.path(of(*id)).is_empty(), !there);
        }
        // Devices say where they are; those that Central let go of are in no group.
        let mut poor = BTreeSet::new();
        for device in fleet.network(home) {
            let [site, group] = self.devices[device.serial().as_str()];
            assert_eq!(device.site().map(|site| site.id), site);
            assert_eq!(device.group().map(|(id, _)| id), group.filter(|_| device.provisioned()));
            for (kind, said) in [(0, device.site().map(|it| (it.id, it.name))), (2, device.group())] {
                if let Some((id, name)) = said {
                    assert_eq!(self.scopes[kind][&id].name, name);
                }
            }
            let path = tree.path(Scope::Device(device.index()));
            let above = site.and_then(|site| self.scopes[0][&site].above);
            let expected: Vec<_> = [above, site].into_iter().flatten().map(of).collect();
            assert_eq!(path[0], Scope::Global, "no orphan");
            assert_eq!(path[1..path.len() - 1], expected);
            if device.health() == Some(Health::Poor) {
                poor.extend(site);
            }
        }
        // Totals agree.
        let all = self.devices.len();
        let at = |site: u64| self.devices.values().filter(|place| place[0] == Some(site)).count() as u32;
        let within = |group: u64| {
            fleet.network(home).filter(|it| it.group().is_some_and(|(id, _)| id == group)).count() as u32
        };
        let mut below = all as u32;
        for (id, known) in &self.scopes[0] {
            let Scope::Site(number) = of(*id) else { panic!("a site") };
            assert_eq!((tree.devices_at(number), tree.children(of(*id))), (at(*id), at(*id)));
            assert_eq!(tree.parent(of(*id)), Some(known.above.map_or(Scope::Global, of)));
            below -= at(*id);
        }
        for id in self.scopes[1].keys() {
            let own: Vec<_> = self.scopes[0].iter().filter(|(_, it)| it.above == Some(*id)).collect();
            let devices: u32 = own.iter().map(|(site, _)| at(**site)).sum();
            let Scope::Collection(number) = of(*id) else { panic!("a collection") };
            assert_eq!(tree.collected(number), (own.len() as u32, devices));
        }
        for id in self.scopes[2].keys() {
            let Scope::Group(number) = of(*id) else { panic!("a group") };
            assert_eq!(tree.devices_in(number), within(*id));
        }
        let free = self.scopes[0].values().filter(|site| site.above.is_none()).count();
        let children = free + self.scopes[1].len() + self.scopes[2].len();
        assert_eq!(tree.children(Scope::Global), children as u32 + below);
        let census = fleet.census(home);
        assert_eq!(census.sites as usize, self.scopes[0].len());
        assert_eq!(fleet.sites(home).count(), self.scopes[0].len());
        assert_eq!(census.degraded_sites() as usize, poor.len());
        let maps: BTreeSet<_> = tree
            .maps()
            .map(|it| (it.scope.id(home), it.persona.to_string(), it.resource.to_string()))
            .collect();
        assert_eq!(maps, self.maps);
        // The neighbour sees none of it.
        let neighbour = fleet.tree(WorkspaceIx(1));
        assert_eq!((neighbour.sites().count(), neighbour.groups().count()), (2, 3));
        assert_eq!((neighbour.collections().count(), neighbour.maps().count()), (0, 0));
    }
}

proptest! {
    #[test]
    fn no_scope_is_an_orphan_and_totals_agree(steps in steps()) {
        let mut oracle = Oracle::new();
        oracle.check();
        for step in &steps {
            oracle.step(step);
            oracle.check();
        }
    }
}

#[test]
fn what_is_in_use_is_kept_if_so_decided() {
    let mut oracle = Oracle::new();
    oracle.world.dialect.scope_in_use = ScopeInUse::Refuse;
    let session = oracle.session;
    let scopes = oracle.world.scopes_of(&session, Kind::Site, "items", [10_000_001]).unwrap();
    assert!(oracle.world.delete_scopes(&session, Kind::Site, &scopes).is_err());
    oracle.check();
}
