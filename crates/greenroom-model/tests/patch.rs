//! Random patches against a table kept by hand: what is there after each, what each list says, what a file
//! keeps of it; and that a patch which does not fit changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use greenroom_model::{
    patch::Changes,
    spec::{Patch, Secrets, Spec, export},
    world::World,
};
use jiff::Timestamp;
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};

const WORLD: &str = "
workspaces:
  - symbol: msp
    tenants:
      listed:
        - {symbol: a, devices: {network: 5, compute: 1, unassigned: 2}}
        - {symbol: b, ownership: CUSTOMER_OWNED_INVENTORY, devices: {network: 2, listed: [{serial: L1, type: AP}]}}
        - {symbol: c}
  - symbol: alone
    devices: {network: 3, listed: [{serial: L2, type: SWITCH, mac: '02:00:5E:00:53:01'}, {serial: L3, type: COMPUTE}]}
";

fn now() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

fn world() -> World {
    World::from_spec(&Spec::read(WORLD.as_bytes()).unwrap()).unwrap()
}

fn written(world: &World) -> String {
    export(world, Secrets::Digests, now()).unwrap()
}

/// The devices of each workspace in the order in which they were added: serial number, and whether it is a
/// network device that Central was assigned to.
type Table = BTreeMap<String, Vec<(String, bool)>>;

fn shown(world: &World) -> Table {
    let fleet = world.fleet();
    let row = |device: greenroom_model::fleet::Device<'_>| (device.serial().to_string(), device.assigned());
    world.workspaces().map(|(ix, it)| (it.symbol.clone(), fleet.all(ix).map(row).collect())).collect()
}

#[derive(Clone, Debug)]
enum Wish {
    RemoveTenant(&'static str),
    Rename(&'static str, &'static str),
    AddTenant(&'static str, u32),
    Remove(usize),
    RemoveLast(&'static str, u32),
    Assign(usize, bool),
    Name(usize),
    Add(&'static str, &'static str, &'static str),
    AddMany(&'static str, u32),
}

fn wishes() -> impl Strategy<Value = Vec<Wish>> {
    let symbol = || select(&["a", "b", "c", "n1", "n2", "alone", "msp", "nobody"][..]);
    let tenant = || select(&["a", "b", "c", "n1", "n2"][..]);
    let serial = select(&["L1", "L2", "L4", "L5", "CN00040000", "CN000G0001"][..]);
    let wish = prop_oneof![
        1 => tenant().prop_map(Wish::RemoveTenant),
        1 => (tenant(), select(&["x", "y", "a"][..])).prop_map(|(symbol, name)| Wish::Rename(symbol, name)),
        2 => (select(&["n1", "n2", "n3", "a"][..]), 0_u32..4).prop_map(|(symbol, many)| Wish::AddTenant(symbol, many)),
        4 => any::<usize>().prop_map(Wish::Remove),
        2 => (symbol(), 0_u32..3).prop_map(|(symbol, last)| Wish::RemoveLast(symbol, last)),
        2 => (any::<usize>(), any::<bool>()).prop_map(|(at, assigned)| Wish::Assign(at, assigned)),
        1 => any::<usize>().prop_map(Wish::Name),
        4 => (symbol(), serial, select(&["AP", "COMPUTE"][..])).prop_map(|(home, serial, kind)| Wish::Add(home, serial, kind)),
        2 => (symbol(), 0_u32..4).prop_map(|(home, many)| Wish::AddMany(home, many)),
    ];
    vec(wish, 1..4)
}

/// The patch as JSON.
fn patch(wishes: &[Wish], table: &Table) -> Value {
    let all: Vec<_> = table.values().flatten().map(|(serial, _)| serial.clone()).collect();
    let serial = |at: &usize| all.get(at % (all.len() + 1)).cloned().unwrap_or_else(|| "NOBODY".to_owned());
    let mut lists: BTreeMap<(&str, &str), Vec<Value>> = BTreeMap::new();
    for wish in wishes {
        let (what, how, item) = match wish {
            Wish::RemoveTenant(symbol) => ("tenants", "remove", json!(symbol)),
            Wish::Rename(symbol, name) => ("tenants", "change", json!({"symbol": symbol, "name": name})),
            Wish::AddTenant(symbol, many) => {
                ("tenants", "add", json!({"msp": "msp", "symbol": symbol, "devices": {"network": many}}))
            }
            Wish::Remove(at) => ("devices", "remove", json!(serial(at))),
            Wish::RemoveLast(home, last) => ("devices", "remove", json!({"workspace": home, "last": last})),
            Wish::Assign(at, assigned) => {
                ("devices", "change", json!({"serial": serial(at), "assigned": assigned}))
            }
            Wish::Name(at) => {
                ("devices", "change", json!({"serial": serial(at), "name": "renamed", "online": false}))
            }
            Wish::Add(home, serial, kind) => {
                ("devices", "add", json!({"workspace": home, "serial": serial, "type": kind}))
            }
            Wish::AddMany(home, many) => {
                ("devices", "add", json!({"workspace": home, "network": many, "storage": 1}))
            }
        };
        lists.entry((what, how)).or_default().push(item);
    }
    let mut patch = json!({});
    for ((what, how), items) in lists {
        patch[what][how] = items.into();
    }
    patch
}

/// What a patch should come to; `None` if it does not fit.
fn expected(patch: &Value, before: &Table, world: &World) -> Option<Table> {
    let mut table = before.clone();
    let list = |what: &str, how: &str| patch[what][how].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let is_tenant = |symbol: &str| !["msp", "alone"].contains(&symbol);
    let mut names: BTreeMap<String, String> = world
        .workspaces()
        .filter(|(_, it)| it.ownership().is_some())
        .map(|(_, it)| (it.symbol.clone(), it.name.clone()))
        .collect();
    for symbol in list("tenants", "remove").iter().map(text) {
        table.remove(&symbol).filter(|_| is_tenant(&symbol))?;
        names.remove(&symbol);
    }
    for change in list("tenants", "change") {
        *names.get_mut(&text(&change["symbol"]))? = text(&change["name"]);
    }
    for new in list("tenants", "add") {
        let symbol = text(&new["symbol"]);
        let known =
            world.workspace_named(&symbol).is_some() || EVER.with_borrow(|ever| ever.contains(&symbol));
        if known || names.insert(symbol.clone(), symbol.clone()).is_some() {
            return None;
        }
        // Serial numbers of generated ones follow from the place: they are looked up.
        table.insert(symbol, vec![(String::new(), true); new["devices"]["network"].as_u64()? as usize]);
    }
    let distinct: BTreeSet<_> = names.values().collect();
    if distinct.len() < names.len() {
        return None;
    }
    let removed = list("devices", "remove");
    for serial in removed.iter().filter(|it| it.is_string()).map(text) {
        let home = table.values_mut().find(|rows| rows.iter().any(|row| row.0 == serial))?;
        home.retain(|row| row.0 != serial);
    }
    for last in removed.iter().filter(|it| it.is_object()) {
        let rows = table.get_mut(&text(&last["workspace"]))?;
        let left = rows.len().checked_sub(last["last"].as_u64()? as usize)?;
        rows.truncate(left);
    }
    for change in list("devices", "change") {
        let serial = text(&change["serial"]);
        let row = table.values_mut().flatten().find(|row| row.0 == serial)?;
        let network = !(serial.starts_with("CZ") || serial.starts_with("AF") || serial == "L3");
        // L1 and L2 may come back as servers.
        let fleet = world.fleet();
        let network = network && fleet.by_serial(&serial).is_some_and(|device| device.kind().is_network());
        match change["assigned"].as_bool() {
            Some(true) if !network => return None,
            Some(assigned) => row.1 = assigned && network,
            None => {}
        }
    }
    for new in list("devices", "add") {
        if new["serial"].is_string() {
            let serial = text(&new["serial"]);
            let gone = world.fleet().by_serial(&serial).is_some()
                && !before.values().flatten().any(|row| row.0 == serial);
            let with_tenant = before
                .iter()
                .any(|(home, rows)| !table.contains_key(home) && rows.iter().any(|row| row.0 == serial));
            if gone || with_tenant || table.values().flatten().any(|row| row.0 == serial) {
                return None;
            }
            table.get_mut(&text(&new["workspace"]))?.push((serial, new["type"] == "AP"));
        } else {
            let rows = table.get_mut(&text(&new["workspace"]))?;
            rows.extend(vec![(String::new(), true); new["network"].as_u64()? as usize]);
            rows.push((String::new(), false));
        }
    }
    Some(table)
}

thread_local! {
    /// The symbols of tenants that there ever were.
    static EVER: std::cell::RefCell<BTreeSet<String>> = const { std::cell::RefCell::new(BTreeSet::new()) };
}

/// Everything that lists and counts devices agrees with every other.
fn agrees(world: &World) {
    let fleet = world.fleet();
    let mut everywhere = BTreeSet::new();
    for (ix, workspace) in world.workspaces() {
        let all: Vec<_> = fleet.all(ix).collect();
        let nth: Vec<_> = (0..fleet.count(ix)).map(|nth| fleet.nth(ix, nth).unwrap()).collect();
        assert_eq!(nth, all.iter().map(|device| device.index()).collect::<Vec<_>>());
        assert_eq!(fleet.count(ix), fleet.mix(ix).total(), "{}", workspace.symbol);
        for device in &all {
            assert!(everywhere.insert(device.serial()), "{device:?} is in one inventory");
            assert_eq!(fleet.by_id(device.id()), Some(*device));
            assert_eq!(fleet.by_serial(&device.serial()), Some(*device));
            assert_eq!(fleet.by_mac(&device.mac()), Some(*device));
            assert_eq!(world.visible_device(ix, device.id()), Some(*device));
        }
        let mut network: Vec<_> = all.iter().filter(|it| it.assigned()).map(|it| it.serial()).collect();
        network.sort();
        assert_eq!(fleet.network(ix).map(|device| device.serial()).collect::<Vec<_>>(), network);
        let monitored: Vec<_> =
            fleet.network(ix).filter(|it| it.provisioned()).map(|it| it.serial()).collect();
        assert_eq!(fleet.census(ix).monitored() as usize, monitored.len());
        let listed = fleet.monitored_ranks(ix, 0..monitored.len() + 1);
        let listed: Vec<_> =
            listed.iter().map(|rank| fleet.network_at(ix, *rank).unwrap().serial()).collect();
        assert_eq!(listed, monitored);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(192) })]

    #[test]
    fn a_patched_world_is_the_table_or_what_it_was(many in vec(wishes(), 1..6)) {
        let mut world = world();
        EVER.with_borrow_mut(|ever| *ever = ["a", "b", "c"].map(str::to_owned).into());
        for wishes in many {
            let before = shown(&world);
            let patch = patch(&wishes, &before);
            let expected = match Patch::read(patch.to_string().as_bytes()) {
                // Said twice in one list: refused where it is read.
                Err(_) => continue,
                Ok(_) => expected(&patch, &before, &world),
            };
            let read = Patch::read(patch.to_string().as_bytes()).unwrap();
            let text = written(&world);
            match world.patch(&read, now()) {
                Err(misfits) => {
                    prop_assert!(expected.is_none() && !misfits.is_empty(), "{:?}\n{}", misfits, patch);
                    prop_assert_eq!(written(&world), text, "nothing of it happened");
                }
                Ok(changes) => {
                    let Some(expected) = expected else {
                        return Err(TestCaseError::fail(format!("{changes:?} of {patch}")));
                    };
                    EVER.with_borrow_mut(|ever| ever.extend(changes.tenants_added.iter().cloned()));
                    let after = shown(&world);
                    let known = |table: &Table, like: &Table| -> Table {
                        // Where the table knows no serial number, any will do.
                        table.iter().map(|(home, rows)| {
                            let of = |(nth, row): (usize, &(String, bool))| {
                                let blank = like.get(home).and_then(|rows| rows.get(nth)).is_some_and(|row| row.0.is_empty());
                                (if blank { String::new() } else { row.0.clone() }, row.1)
                            };
                            (home.clone(), rows.iter().enumerate().map(of).collect())
                        }).collect()
                    };
                    prop_assert_eq!(&known(&after, &expected), &expected, "{}", patch);
                }
            }
            agrees(&world);
            // A file keeps it: the same lists, and the same file again.
            let text = written(&world);
            let spec = Spec::read(text.as_bytes()).map_err(|mistakes| TestCaseError::fail(format!("{mistakes}\n{text}")))?;
            let again = World::from_spec(&spec).unwrap();
            agrees(&again);
            prop_assert_eq!(shown(&again), shown(&world));
            prop_assert_eq!(written(&again), text);
        }
    }
}

fn patched(world: &mut World, text: &str) -> Result<Changes, Vec<String>> {
    let patch = Patch::read(text.as_bytes()).map_err(|mistakes| vec![mistakes.to_string()])?;
    world.patch(&patch, now()).map_err(|misfits| misfits.iter().map(ToString::to_string).collect())
}

#[test]
fn every_mistake_is_told_at_its_place_and_nothing_happens() {
    let mut world = world();
    let before = written(&world);
    let told = patched(
        &mut world,
        "
tenants:
  remove: [alone, nobody]
  change: [{symbol: b, name: c}]
  add: [{msp: a, symbol: n1}, {msp: msp, symbol: b}]
devices:
  remove: [NOBODY, {workspace: c, last: 1}]
  change: [{serial: L3, online: true}, {serial: L2, site: HP}, {serial: L1, mac: '02:00:5E:00:53:01'}]
  add:
    - {workspace: a, serial: L9, type: AP}
    - {workspace: acme, network: 3}
    - {workspace: c, serial: L1, type: AP}
",
    );
    insta::assert_snapshot!(told.unwrap_err().join("\n"));
    assert_eq!(written(&world), before);
    let misspelt = patched(
        &mut world,
        "devices: {add: [{workspace: a, serial: '-', type: AP, gone: true}, {workspace: a}], chnge: []}",
    );
    insta::assert_snapshot!(misspelt.unwrap_err().join("\n"));
}

#[test]
fn a_device_moves_to_another_workspace_and_a_new_tenant_is_like_one_of_a_file() {
    let mut world = world();
    let patch = "
tenants: {add: [{msp: msp, symbol: new, name: New, sites: [Roof], devices: {network: 2}}]}
devices:
  remove: [L1]
  add: [{workspace: new, serial: L1, type: AP, site: Roof}, {workspace: a, network: 30}]
";
    let changes = patched(&mut world, patch).unwrap();
    assert_eq!(changes.to_string(), "1 tenant added, 1 device removed, 31 devices added");
    let ix = world.workspace_named("new").unwrap();
    let (fleet, tenant) = (world.fleet(), world.workspace(ix));
    assert_eq!((tenant.name.as_str(), tenant.created_at, world.provisions(ix).count()), ("New", now(), 1));
    let moved = fleet.by_serial("L1").unwrap();
    assert_eq!((moved.workspace(), moved.site().unwrap().name, moved.created_at()), (ix, "Roof", now()));
    // What is added by number is as mixed as what is generated.
    let added: Vec<_> = fleet.all(world.workspace_named("a").unwrap()).skip(8).collect();
    let some =
        |is: fn(&greenroom_model::fleet::Device<'_>) -> bool| added.iter().any(is) && !added.iter().all(is);
    assert!(some(|it| it.online()) && some(|it| it.provisioned()) && some(|it| it.site().is_some()));
    assert!(added.iter().all(|it| it.created_at() == now()));
}

#[test]
fn a_patch_of_many_entries_takes_no_longer_than_they_are_many() {
    let mut world = world();
    let many = 20_000;
    let patch = json!({"devices": {"add": [{"workspace": "alone", "network": many}]}});
    patched(&mut world, &patch.to_string()).unwrap();
    let last = json!({"workspace": "alone", "last": 1});
    // There were five before: one entry too many is told at its place.
    let patch = |entries: usize| json!({"devices": {"remove": vec![&last; entries]}}).to_string();
    let told = patched(&mut world, &patch(many + 6)).unwrap_err();
    assert_eq!(
        told,
        [
            "devices.remove[20005].last: alone has 0 devices, and 1 are to go; say as many as there are, or fewer"
        ]
    );
    let changes = patched(&mut world, &patch(many + 4)).unwrap();
    assert_eq!(changes.to_string(), "20004 devices removed");
    let ix = world.workspace_named("alone").unwrap();
    assert_eq!(
        (world.fleet().count(ix), changes.devices_removed.last().unwrap().as_str()),
        (1, "CN00200001")
    );
    agrees(&world);
}

#[test]
fn the_published_schema_is_the_present_one_and_judges_as_the_reader_does() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/schemas/patch.json");
    let text = format!("{}\n", serde_json::to_string_pretty(&Patch::schema()).unwrap());
    if std::env::var_os("GREENROOM_BLESS").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let published = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(published, text, "run again with GREENROOM_BLESS=1");
    let schema = jsonschema::validator_for(&Patch::schema()).unwrap();
    for (good, patch) in [
        (true, json!({})),
        (
            true,
            json!({"tenants": {"add": [{"msp": "m", "symbol": "t", "devices": {"network": 1}}], "remove": ["a"]}}),
        ),
        (
            true,
            json!({"devices": {"remove": ["L1", {"workspace": "a", "last": 1}], "change": [{"serial": "L1", "online": true}]}}),
        ),
        (
            true,
            json!({"devices": {"add": [{"workspace": "a", "serial": "L1", "type": "AP"}, {"workspace": "a", "storage": 1}]}}),
        ),
        (false, json!({"devices": {"add": [{"workspace": "a", "serial": "L1"}]}})),
        (false, json!({"devices": {"add": [{"serial": "L1", "type": "AP"}]}})),
        (false, json!({"devices": {"remove": [{"workspace": "a"}]}})),
        (false, json!({"tenants": {"change": [{"name": "a"}]}})),
        (false, json!({"tenant": {}})),
    ] {
        let read = Patch::read(patch.to_string().as_bytes());
        assert_eq!((read.is_ok(), schema.is_valid(&patch)), (good, good), "{patch}\n{read:?}");
        // What is written is read again.
        if let Ok(read) = read {
            let written = serde_json::to_vec(&read).unwrap();
            assert_eq!(Patch::read(&written).unwrap(), read);
        }
    }
}
