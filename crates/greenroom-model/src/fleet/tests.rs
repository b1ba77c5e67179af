use std::collections::{BTreeMap, BTreeSet};

use proptest::{collection::vec, option, prelude::*, sample::select};

use super::*;

const KINDS: [DeviceType; 5] = [
    DeviceType::AccessPoint,
    DeviceType::Switch,
    DeviceType::Gateway,
    DeviceType::Compute,
    DeviceType::Storage,
];

fn born() -> Timestamp {
    "2025-09-17T13:06:59Z".parse().unwrap()
}

fn ix(workspace: usize) -> WorkspaceIx {
    WorkspaceIx(workspace)
}

/// Three workspaces of generated devices.
fn fleet(seed: u64) -> Fleet {
    let mut fleet = Fleet::new(Seed(seed), born());
    for plot in 0..3 {
        fleet.plant(ix(plot), Mix { network: 700, compute: 20, storage: 5, unassigned: 9 }).unwrap();
    }
    fleet
}

/// What a device should be, worked out without the fleet.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    workspace: usize,
    index: u32,
    serial: String,
    mac: String,
    network: bool,
    notes: String,
    tags: Tags,
    forgotten: bool,
    updated: bool,
}

/// The serial number that follows from the place of a device: letters, then base 32.
fn serial(kind: DeviceType, workspace: usize, index: u32) -> String {
    let letters = if kind.is_network() {
        "CN"
    } else if kind == DeviceType::Compute {
        "CZ"
    } else {
        "AF"
    };
    let mut rest = workspace as u64 * 16_777_216 + u64::from(index);
    let mut digits = Vec::new();
    for _ in 0..8 {
        digits.push("0123456789ABCDEFGHJKLMNPQRSTVWXY".chars().nth((rest % 32) as usize).unwrap());
        rest /= 32;
    }
    letters.chars().chain(digits.into_iter().rev()).collect()
}

fn mac(workspace: usize, index: u32) -> String {
    let text = format!("{:010X}", workspace as u64 * 16_777_216 + u64::from(index));
    let pairs: Vec<_> = (0..5).map(|at| &text[2 * at..2 * at + 2]).collect();
    format!("02:{}", pairs.join(":"))
}

/// The rows of a share.
fn rows(workspace: usize, share: &Share) -> Vec<Row> {
    let Mix { network, compute, storage, unassigned } = share.mix;
    let row = |index, serial, mac, network| Row {
        workspace,
        index,
        serial,
        mac,
        network,
        notes: String::new(),
        tags: Tags::new(),
        forgotten: false,
        updated: false,
    };
    let mut rows = Vec::new();
    for (count, kind, network) in [
        (network, DeviceType::Switch, true),
        (compute, DeviceType::Compute, false),
        (storage, DeviceType::Storage, false),
        (unassigned, DeviceType::Switch, false),
    ] {
        for _ in 0..count {
            let index = rows.len() as u32;
            let mut row = row(index, serial(kind, workspace, index), mac(workspace, index), network);
            if kind.is_network() && index % 10 == 9 {
                row.tags.insert("site".into(), "lab".into());
            }
            rows.push(row);
        }
    }
    for listed in &share.listed {
        let index = rows.len() as u32;
        let given = |text: &Option<SmolStr>, otherwise| text.as_ref().map_or(otherwise, SmolStr::to_string);
        let serial = given(&listed.serial, serial(listed.kind, workspace, index));
        let mac = given(&listed.mac, mac(workspace, index));
        let network = listed.kind.is_network() && listed.assigned;
        rows.push(Row {
            notes: listed.notes.to_string(),
            tags: listed.tags.clone(),
            ..row(index, serial, mac, network)
        });
    }
    rows
}

/// Serial numbers that look like those of generated devices, and some that do not.
fn some_serial() -> impl Strategy<Value = SmolStr> {
    let like = (select(&KINDS[..]), 0_usize..4, 0_u32..14);
    prop_oneof![
        like.prop_map(|(kind, workspace, index)| serial(kind, workspace, index).into()),
        "[A-C][0-1]{1,3}".prop_map(SmolStr::from),
        "[0-9A-Z]{16}".prop_map(SmolStr::from),
    ]
}

fn some_mac() -> impl Strategy<Value = SmolStr> {
    let like = (0_usize..4, 0_u32..14).prop_map(|(workspace, index)| mac(workspace, index));
    prop_oneof![like, "0[02](:0[0-2]){5}"].prop_map(SmolStr::from)
}

fn some_listed() -> impl Strategy<Value = Listed> {
    let says = (
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        "[a-z]{0,3}",
        option::of(select(&["HQ", "Branch"][..])),
    );
    (select(&KINDS[..]), option::of(some_serial()), option::of(some_mac()), says).prop_map(
        |(kind, serial, mac, (assigned, provisioned, online, notes, site))| Listed {
            serial,
            mac,
            assigned,
            provisioned,
            online,
            notes: notes.into(),
            site: site.map(SmolStr::from),
            ..Listed::new(kind)
        },
    )
}

fn some_share() -> impl Strategy<Value = Share> {
    let mix = (0_u32..12, 0_u32..3, 0_u32..3, 0_u32..3)
        .prop_map(|(network, compute, storage, unassigned)| Mix { network, compute, storage, unassigned });
    (mix, vec(some_listed(), 0..5)).prop_map(|(mix, listed)| Share { mix, listed, ..Share::default() })
}

/// Plants shares until one is refused. The rows of those that were not.
fn planted(seed: u64, shares: &[Share]) -> (Fleet, Vec<Row>, Option<FleetError>) {
    let mut fleet = Fleet::new(Seed(seed), born());
    let mut all = Vec::new();
    for (workspace, share) in shares.iter().enumerate() {
        if let Err(error) = fleet.plant(ix(workspace), share.clone()) {
            return (fleet, all, Some(error));
        }
        all.extend(rows(workspace, share));
    }
    (fleet, all, None)
}

fn shares_without_clashes() -> impl Strategy<Value = Vec<Share>> {
    vec(some_share(), 1..4)
        .prop_filter("two devices are called alike", |shares| planted(1, shares).2.is_none())
}

#[derive(Clone, Debug)]
enum Deed {
    Notes(usize, String),
    Forget(usize),
    Tags(usize, Tags),
    Alter(usize, Alteration),
    Remove(usize, Vec<usize>),
    Add(usize, Listed),
    /// A serial number that nobody has.
    Nobody(String),
    /// Another workspace asks.
    Stranger(usize),
}

fn some_change() -> impl Strategy<Value = Deed> {
    let tags = proptest::collection::btree_map("[a-c]", "[a-c]", 0..3)
        .prop_map(|tags| tags.into_iter().map(|(key, value)| (key.into(), value.into())).collect());
    prop_oneof![
        4 => (any::<usize>(), "[a-b]{0,2}").prop_map(|(at, notes)| Deed::Notes(at, notes)),
        2 => any::<usize>().prop_map(Deed::Forget),
        1 => (any::<usize>(), tags).prop_map(|(at, tags)| Deed::Tags(at, tags)),
        4 => (any::<usize>(), some_alteration()).prop_map(|(at, wanted)| Deed::Alter(at, wanted)),
        2 => (0_usize..4, vec(any::<usize>(), 0..4)).prop_map(|(workspace, at)| Deed::Remove(workspace, at)),
        3 => (0_usize..4, some_listed()).prop_map(|(workspace, listed)| Deed::Add(workspace, listed)),
        1 => "[A-Z0-9]{0,10}".prop_map(Deed::Nobody),
        1 => any::<usize>().prop_map(Deed::Stranger),
    ]
}

fn some_alteration() -> impl Strategy<Value = Alteration> {
    let truth = || option::of(any::<bool>());
    (
        option::of(some_mac()),
        option::of("[a-c]{1,2}"),
        option::of(select(&["HQ", "Branch"][..])),
        [truth(), truth(), truth()],
        truth(),
    )
        .prop_map(|(mac, name, site, [assigned, provisioned, online], monitored)| Alteration {
            mac,
            name: name.map(SmolStr::from),
            site: site.map(SmolStr::from),
            assigned,
            provisioned,
            online,
            monitored,
            ..Alteration::default()
        })
}

/// What has to be wanted of a fleet that was planted again.
fn wanted_again(changed: &Changed<'_>) -> Alteration {
    let row = changed.row.cloned();
    let row = row.as_ref();
    Alteration {
        mac: row.and_then(|row| row.mac.clone()),
        model: row.and_then(|row| row.model.clone()),
        part_number: row.and_then(|row| row.part_number.clone()),
        firmware: row.and_then(|row| row.firmware.clone()),
        tier: row.and_then(|row| row.tier.clone()),
        name: row.and_then(|row| row.name.clone()),
        site: row.and_then(|row| row.site.clone()),
        notes: changed.notes.map(SmolStr::from),
        tags: changed.tags.cloned(),
        assigned: row.map(|row| row.assigned),
        provisioned: row.map(|row| row.provisioned),
        online: row.map(|row| row.online),
        monitored: changed.forgotten.then_some(false),
        archived: Some(changed.archived),
        location: Some(changed.location.map(SmolStr::from)),
        contact: Some(changed.contact.cloned()),
        application: Some(changed.application.cloned()),
        put_at_site: changed.put_at_site,
        put_in_group: changed.put_in_group,
        subscription: changed.subscription.map(|held| held.cloned().map(Arc::new)),
        updated_at: changed.updated_at,
    }
}

fn shown(fleet: &Fleet, workspaces: usize, now: Timestamp) -> Vec<Row> {
    (0..workspaces)
        .flat_map(|workspace| fleet.all(ix(workspace)))
        .map(|device| Row {
            workspace: device.workspace().0,
            index: device.index(),
            serial: device.serial().into(),
            mac: device.mac().into(),
            network: device.assigned(),
            notes: device.notes().unwrap_or_default().to_owned(),
            tags: device.tags().clone(),
            forgotten: device.was_provisioned() && !device.provisioned(),
            updated: device.updated_at() == now,
        })
        .collect()
}

/// What a census should say, by asking every device.
fn counted(fleet: &Fleet, workspace: WorkspaceIx) -> ([u32; 4], u32) {
    let mut counts = [0; 4];
    let mut degraded = BTreeSet::new();
    for device in fleet.all(workspace).filter(Device::assigned) {
        counts[match device.health() {
            Some(Health::Good) => 0,
            Some(Health::Fair) => 1,
            Some(Health::Poor) => 2,
            None => 3,
        }] += 1;
        assert_eq!(device.online(), matches!(device.health(), Some(Health::Good | Health::Fair)));
        if let (Some(Health::Poor), Some(site)) = (device.health(), device.site()) {
            degraded.insert(site.id);
        }
    }
    (counts, degraded.len() as u32)
}

proptest! {
    #[test]
    fn a_fleet_is_refused_exactly_if_two_devices_would_be_called_alike(shares in vec(some_share(), 1..4)) {
        let (_, mut all, error) = planted(1, &shares);
        if error.is_some() {
            let refused = all.last().map_or(0, |row| row.workspace + 1);
            // Workspaces without devices leave no row.
            let refused = (refused..shares.len()).find(|at| planted(1, &shares[..=*at]).2.is_some()).unwrap();
            all.extend(rows(refused, &shares[refused]));
        }
        let distinct = |name: fn(&Row) -> &str| all.iter().map(name).collect::<BTreeSet<_>>().len() == all.len();
        let (serials, macs) = (distinct(|row| &row.serial), distinct(|row| &row.mac));
        match error {
            None => prop_assert!(serials && macs),
            Some(FleetError::SerialTaken(_)) => prop_assert!(!serials),
            Some(FleetError::MacTaken(_)) => prop_assert!(!macs),
            Some(other) => prop_assert!(false, "{}", other),
        }
    }

    #[test]
    fn ids_serials_and_macs_lead_back(seed: u64, shares in shares_without_clashes()) {
        let (fleet, rows, _) = planted(seed, &shares);
        let mut ids = BTreeSet::new();
        for row in &rows {
            let device = fleet.device(ix(row.workspace), row.index).unwrap();
            prop_assert_eq!((&*device.serial(), &*device.mac()), (&*row.serial, &*row.mac));
            prop_assert_eq!(fleet.by_id(device.id()), Some(device));
            prop_assert_eq!(fleet.by_serial(&row.serial), Some(device));
            prop_assert_eq!(fleet.by_mac(&row.mac), Some(device));
            prop_assert_eq!(device.id().get_version_num(), 5);
            prop_assert!(ids.insert(device.id()));
        }
        for kind in KINDS {
            for (workspace, index) in (0..4).flat_map(|workspace| (0..30).map(move |index| (workspace, index))) {
                let (serial, mac) = (serial(kind, workspace, index), mac(workspace, index));
                prop_assert_eq!(fleet.by_serial(&serial).is_some(), rows.iter().any(|row| row.serial == serial));
                prop_assert_eq!(fleet.by_mac(&mac).is_some(), rows.iter().any(|row| row.mac == mac));
            }
        }
    }

    #[test]
    fn network_devices_come_in_the_order_of_serial_numbers(seed: u64, shares in shares_without_clashes()) {
        let (fleet, rows, _) = planted(seed, &shares);
        for workspace in 0..shares.len() {
            let mut expected: Vec<_> =
                rows.iter().filter(|row| row.workspace == workspace && row.network).map(|row| row.serial.clone()).collect();
            expected.sort();
            let serials: Vec<_> = fleet.network(ix(workspace)).map(|device| device.serial().to_string()).collect();
            prop_assert_eq!(fleet.mix(ix(workspace)).network as usize, expected.len());
            for (rank, serial) in serials.iter().enumerate() {
                prop_assert_eq!(fleet.network_rank(ix(workspace), serial) as usize, rank);
            }
            prop_assert_eq!(serials, expected);
            prop_assert!(fleet.network_at(ix(workspace), fleet.mix(ix(workspace)).network).is_none());
        }
    }

    #[test]
    fn changes_are_those_of_a_plain_table(
        seed: u64,
        shares in shares_without_clashes(),
        changes in vec(some_change(), 0..40),
    ) {
        let (mut fleet, mut rows, _) = planted(seed, &shares);
        let mut next: Vec<_> = (0..4).map(|workspace| fleet.count(ix(workspace))).collect();
        let (first, first_rows) = (fleet.clone(), rows.clone());
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let monitored = |fleet: &Fleet, row: &Row| {
            let device = fleet.device(ix(row.workspace), row.index).unwrap();
            row.network && device.was_provisioned() && !row.forgotten
        };
        for change in changes {
            match change {
                _ if rows.is_empty() => {}
                Deed::Notes(at, notes) => {
                    let at = at % rows.len();
                    let there = monitored(&fleet, &rows[at]);
                    prop_assert_eq!(fleet.set_notes(ix(rows[at].workspace), &rows[at].serial, &notes), there);
                    if there {
                        rows[at].notes = notes;
                    }
                }
                Deed::Forget(at) => {
                    let at = at % rows.len();
                    let there = monitored(&fleet, &rows[at]);
                    prop_assert_eq!(fleet.forget(ix(rows[at].workspace), &rows[at].serial), there);
                    rows[at].forgotten |= there;
                }
                Deed::Tags(at, tags) => {
                    let at = at % rows.len();
                    // Nobody sets tags yet: a world file says that they were set.
                    let Row { workspace, serial, notes, forgotten, .. } = &rows[at];
                    let wanted = Alteration {
                        notes: Some(notes.into()),
                        tags: Some(tags.clone()),
                        monitored: Some(!forgotten),
                        updated_at: Some(now),
                        ..Alteration::default()
                    };
                    prop_assert_eq!(fleet.alter(ix(*workspace), serial, wanted), Ok(true));
                    rows[at].tags = tags;
                    rows[at].updated = true;
                }
                Deed::Alter(at, wanted) => {
                    let at = at % rows.len();
                    let Row { workspace, index, serial, .. } = rows[at].clone();
                    let of_another = |mac: &SmolStr| {
                        let generated = |row: &Row| shares.get(row.workspace).is_some_and(|share| row.index < share.mix.total());
                        rows.iter().enumerate().any(|(other, row)| {
                            let own = generated(row) && *mac == *self::mac(row.workspace, row.index);
                            other != at && (*row.mac == **mac || own)
                        })
                    };
                    let clash = wanted.mac.as_ref().is_some_and(of_another);
                    let before = fleet.device(ix(workspace), index).unwrap();
                    let (kind, was_online) = (before.kind(), before.answers() && before.was_provisioned());
                    let (was_assigned, was_provisioned) = (before.assigned(), before.was_provisioned());
                    match fleet.alter(ix(workspace), &serial, wanted.clone()) {
                        Err(FleetError::MacTaken(_)) => prop_assert!(clash),
                        other => {
                            prop_assert_eq!((other, clash), (Ok(true), false));
                            let device = fleet.device(ix(workspace), index).unwrap();
                            let assigned = kind.is_network() && wanted.assigned.unwrap_or(was_assigned);
                            let comes = assigned && !was_assigned;
                            let provisioned = assigned && wanted.provisioned.unwrap_or(was_provisioned || comes);
                            let comes = provisioned && !was_provisioned;
                            prop_assert_eq!((device.assigned(), device.was_provisioned()), (assigned, provisioned));
                            let online = provisioned && wanted.online.unwrap_or(was_online || comes);
                            prop_assert_eq!(device.answers() && provisioned, online);
                            let row = &mut rows[at];
                            row.network = assigned;
                            row.mac = wanted.mac.map_or_else(|| row.mac.clone(), Into::into);
                            let stays = wanted.monitored.or(wanted.provisioned);
                            row.forgotten = stays.map_or(row.forgotten, |stays| !stays) && provisioned;
                            if let Some(name) = wanted.name {
                                prop_assert_eq!(device.name(), name);
                            }
                            if let Some(site) = wanted.site.filter(|_| assigned) {
                                prop_assert_eq!(device.site().map(|site| site.name), Some(&*site));
                            }
                        }
                    }
                }
                Deed::Remove(workspace, at) => {
                    let own: Vec<_> = rows.iter().filter(|row| row.workspace == workspace).collect();
                    let mut gone = BTreeSet::new();
                    for at in at.into_iter().filter(|_| !own.is_empty()) {
                        gone.insert(own[at % own.len()].index);
                    }
                    fleet.remove(ix(workspace), gone.iter().rev().copied().collect());
                    rows.retain(|row| row.workspace != workspace || !gone.contains(&row.index));
                }
                Deed::Add(workspace, listed) => {
                    let share = Share { listed: vec![listed.clone()], ..Share::default() };
                    let mut row = self::rows(workspace, &share).remove(0);
                    row.index = next[workspace];
                    if listed.serial.is_none() {
                        row.serial = self::serial(listed.kind, workspace, row.index);
                    }
                    if listed.mac.is_none() {
                        row.mac = self::mac(workspace, row.index);
                    }
                    let own_mac = |other: &Row| {
                        let generated = shares.get(other.workspace).is_some_and(|share| other.index < share.mix.total());
                        generated && self::mac(other.workspace, other.index) == row.mac
                    };
                    let clash = rows.iter().any(|other| {
                        other.serial == row.serial || other.mac == row.mac || own_mac(other)
                    });
                    match fleet.add(ix(workspace), listed) {
                        Ok(index) => {
                            prop_assert!(!clash && index == row.index);
                            next[workspace] += 1;
                            let after = rows.partition_point(|other| other.workspace <= workspace);
                            rows.insert(after, row);
                        }
                        Err(FleetError::SerialTaken(_) | FleetError::MacTaken(_)) => prop_assert!(clash),
                        Err(other) => prop_assert!(false, "{}", other),
                    }
                }
                Deed::Nobody(serial) => {
                    let nobody = !rows.iter().any(|row| row.serial == serial);
                    prop_assert!(!nobody || !fleet.forget(ix(0), &serial) && !fleet.set_notes(ix(0), &serial, "x"));
                }
                Deed::Stranger(at) => {
                    let row = &rows[at % rows.len()];
                    prop_assert!(!fleet.forget(ix(row.workspace + 1), &row.serial));
                    prop_assert!(!fleet.set_notes(ix(row.workspace + 1), &row.serial, "x"));
                }
            }
            prop_assert_eq!(&shown(&fleet, 4, now), &rows);
            for row in &rows {
                let device = fleet.device(ix(row.workspace), row.index).unwrap();
                prop_assert_eq!(fleet.by_serial(&row.serial), Some(device));
                prop_assert_eq!(fleet.by_mac(&row.mac), Some(device));
                prop_assert_eq!(fleet.by_id(device.id()), Some(device));
            }
            for workspace in (0..4).map(ix) {
                let own: Vec<_> = rows.iter().filter(|row| row.workspace == workspace.0).collect();
                prop_assert_eq!(fleet.count(workspace) as usize, own.len());
                let nth: Vec<_> = (0..).map_while(|nth| fleet.nth(workspace, nth)).collect();
                prop_assert_eq!(nth, own.iter().map(|row| row.index).collect::<Vec<_>>());
                let mut network: Vec<_> =
                    own.iter().filter(|row| row.network).map(|row| row.serial.as_str()).collect();
                network.sort_unstable();
                let shown: Vec<_> = fleet.network(workspace).map(|device| device.serial()).collect();
                prop_assert_eq!(fleet.mix(workspace).network as usize, shown.len());
                prop_assert_eq!(&shown, &network);
                for (rank, serial) in network.iter().enumerate() {
                    prop_assert_eq!(fleet.network_rank(workspace, serial) as usize, rank);
                }
                let census = fleet.census(workspace);
                let (counts, degraded) = counted(&fleet, workspace);
                prop_assert_eq!([census.good, census.fair, census.poor, census.waiting], counts);
                prop_assert_eq!(census.degraded_sites(), degraded);
                prop_assert_eq!(census.sites as usize, fleet.sites(workspace).count());
                let on_board: Vec<_> = (0..fleet.mix(workspace).network)
                    .filter(|rank| fleet.network_at(workspace, *rank).unwrap().provisioned())
                    .collect();
                for (start, length) in (0..=on_board.len() + 1).flat_map(|start| [(start, 2), (start, 99)]) {
                    let page: Vec<_> = on_board.iter().copied().skip(start).take(length).collect();
                    prop_assert_eq!(fleet.monitored_ranks(workspace, start..start + length), page);
                }
            }
        }
        prop_assert_eq!(shown(&first, shares.len(), now), first_rows, "a reader keeps what it had");
        // What a world file keeps is enough to have it all again.
        let mut again = Fleet::new(Seed(seed), born());
        for workspace in (0..4).map(ix) {
            again.plant(workspace, fleet.share(workspace)).unwrap();
        }
        for workspace in (0..4).map(ix) {
            for changed in fleet.changed(workspace) {
                prop_assert_eq!(again.alter(workspace, &changed.serial, wanted_again(&changed)), Ok(true));
            }
        }
        prop_assert_eq!(&shown(&again, 4, now), &rows);
        for workspace in (0..4).map(ix) {
            prop_assert_eq!(again.share(workspace), fleet.share(workspace));
            prop_assert_eq!(again.census(workspace), fleet.census(workspace));
            prop_assert!(again.all(workspace).eq(fleet.all(workspace)));
            prop_assert!(again.changed(workspace).eq(fleet.changed(workspace)));
        }
    }

    #[test]
    fn no_name_from_outside_panics(seed: u64, id: u128, text in "\\PC{0,20}") {
        let fleet = fleet(seed);
        prop_assert_eq!(fleet.by_id(Uuid::from_u128(id)), None);
        fleet.by_serial(&text);
        fleet.by_mac(&text);
    }
}

#[test]
fn classes_fill_a_share_in_order() {
    let fleet = fleet(7);
    let device = |index| fleet.device(ix(1), index);
    assert_eq!(fleet.network(ix(1)).count(), 700);
    assert!(fleet.network(ix(1)).all(|device| device.assigned() && device.kind().is_network()));
    assert_eq!(device(700).unwrap().kind(), DeviceType::Compute);
    assert_eq!(device(720).unwrap().kind(), DeviceType::Storage);
    let last = device(733).unwrap();
    assert!(last.kind().is_network() && !last.assigned() && !last.provisioned() && !last.online());
    assert_eq!((last.site(), last.group(), last.health()), (None, None, None));
    assert_eq!(device(734), None);
    assert_eq!((fleet.all(ix(9)).count(), fleet.mix(ix(9)), fleet.census(ix(9))), Default::default());
}

#[test]
fn the_devices_of_a_seed_do_not_move() {
    let fleet = fleet(1);
    let device = fleet.by_serial("CN000G0000").unwrap();
    assert_eq!(device.id().to_string(), "e76b2200-a289-51d9-bf12-63e8243bbcb0");
    assert_eq!((&*device.mac(), &*device.name(), device.model()), ("02:00:01:00:00:00", "ap-0001", "AP-635"));
    assert_eq!(device.scope_id(), 46_777_216);
    assert_eq!(device.site(), Some(Site { id: 10_000_003, name: "HQ" }));
    assert_eq!(device.created_at(), born());
    assert_eq!(fleet.device(ix(0), 0).unwrap().ipv4(), "192.0.2.244");
    assert_eq!(fleet.device(ix(2), 12).unwrap().name(), "ap-0013");
    assert_eq!(fleet.device(ix(2), 699).unwrap().mac(), "02:00:02:00:02:BB");
}

#[test]
fn a_listed_device_is_what_the_world_says() {
    let mut fleet = Fleet::new(Seed(1), born());
    let said = Listed {
        serial: Some("SN1".into()),
        mac: Some("AA:BB:CC:DD:EE:FF".into()),
        model: Some("AP-755".into()),
        part_number: Some("S1G45A".into()),
        name: Some("the one in the lobby".into()),
        firmware: Some("10.8".into()),
        tier: Some("TIER".into()),
        site: Some("Lobby".into()),
        tags: Tags::from([("floor".into(), "1".into())]),
        notes: "behind the plant".into(),
        online: false,
        ..Listed::new(DeviceType::AccessPoint)
    };
    let sites = ["Roof", "Cellar", "Lobby"].map(SmolStr::from).to_vec();
    let share = Share {
        mix: Mix { network: 2, ..Mix::default() },
        listed: vec![said, Listed::new(DeviceType::Storage)],
        sites: Some(sites),
        ..Share::default()
    };
    fleet.plant(ix(3), share).unwrap();
    let device = fleet.by_serial("SN1").unwrap();
    assert_eq!((device.index(), &*device.mac(), device.model()), (2, "AA:BB:CC:DD:EE:FF", "AP-755"));
    assert_eq!((device.part_number(), &*device.name()), ("S1G45A", "the one in the lobby"));
    assert_eq!((device.firmware(), device.tier()), ("10.8", "TIER"));
    assert_eq!(device.site().unwrap().name, "Lobby");
    assert_eq!(
        (device.notes(), device.tags().get("floor").unwrap().as_str()),
        (Some("behind the plant"), "1")
    );
    assert!(device.provisioned() && !device.online() && device.health() == Some(Health::Poor));
    let plain = fleet.device(ix(3), 3).unwrap();
    assert_eq!((&*plain.serial(), &*plain.name()), (&*serial(DeviceType::Storage, 3, 3), "sto-0004"));
    assert_eq!((plain.model(), plain.notes(), plain.tags().len()), ("Alletra 6010", None, 0));
    assert_eq!(fleet.mix(ix(3)), Mix { network: 3, storage: 1, ..Mix::default() });
    let names: Vec<_> = fleet.sites(ix(3)).map(|site| site.name.to_string()).collect();
    assert_eq!(names, ["Roof", "Cellar", "Lobby"]);
}

#[test]
fn sites_of_all_workspaces_have_ids_of_their_own() {
    let mut fleet = Fleet::new(Seed(1), born());
    let mut ids = BTreeMap::new();
    for workspace in [0, 1, 2, 65_535] {
        let sites = (0..40).map(|number| format!("site {number}").into()).collect();
        let mix = Mix { network: 1, ..Mix::default() };
        fleet.plant(ix(workspace), Share { mix, sites: Some(sites), ..Share::default() }).unwrap();
        for site in fleet.sites(ix(workspace)) {
            assert_eq!(ids.insert(site.id, workspace), None, "{site:?}");
        }
    }
}

#[test]
fn what_cannot_be_shown_is_refused_in_words() {
    let refused = |alter: &dyn Fn(&mut Listed)| {
        let mut fleet = fleet(1);
        let mut listed = Listed::new(DeviceType::Switch);
        alter(&mut listed);
        let error = fleet.add(ix(1), listed).unwrap_err().to_string();
        assert_eq!(fleet.count(ix(1)), 734, "nothing was added");
        error
    };
    for (alter, message) in [
        (
            &(|it: &mut Listed| it.serial = Some("sn1".into())) as &dyn Fn(&mut Listed),
            "serial number \"sn1\" must be one to sixteen capital letters and digits",
        ),
        (&|it| it.serial = Some("CN00000000".into()), "serial number CN00000000 is taken"),
        (&|it| it.mac = Some("02:00:02:00:00:00".into()), "MAC address 02:00:02:00:00:00 is taken"),
        (
            &|it| it.mac = Some("0200.0200.0000".into()),
            "MAC address \"0200.0200.0000\" must be six pairs of capital hexadecimal digits with colons",
        ),
        (
            &|it| it.site = Some("Branhc".into()),
            "the workspace has no site \"Branhc\", did you mean \"Branch\"?",
        ),
        (&|it| it.model = Some("".into()), "model \"\" must be 1 to 32 characters"),
        (
            &|it| {
                it.tags.insert("".into(), "x".into());
            },
            "tag \"\" must be a key of 1 to 128 characters, a value of at most 256",
        ),
    ] {
        assert_eq!(refused(alter), message);
    }
    assert!(refused(&|it| it.notes = "x".repeat(257).into()).contains("at most 256 characters"));
    assert!(
        refused(&|it| it.tags = (0..51).map(|n| (n.to_string().into(), "".into())).collect())
            .contains("at most 50")
    );
}

#[test]
fn a_share_that_no_index_can_hold_is_refused() {
    let mut fleet = Fleet::new(Seed(1), born());
    let mix = |network, compute| Mix { network, compute, ..Mix::default() };
    assert_eq!(fleet.plant(ix(0), mix(1 << 24, 1)), Err(FleetError::TooMany((1 << 24) + 1)));
    assert_eq!(
        fleet.plant(ix(0), mix(u32::MAX, u32::MAX)),
        Err(FleetError::TooMany(2 * u64::from(u32::MAX)))
    );
    assert_eq!(fleet.plant(ix(1 << 16), mix(1, 0)), Err(FleetError::TooManyWorkspaces));
    fleet.plant(ix(0), mix(0, 1 << 24)).unwrap();
    assert_eq!(fleet.add(ix(0), Listed::new(DeviceType::Switch)), Err(FleetError::TooMany((1 << 24) + 1)));
    assert_eq!(fleet.plant(ix(0), mix(1, 0)), Err(FleetError::PlantedTwice));
    fleet.plant(ix(65_535), mix(1, 0)).unwrap();
    let last = fleet.device(ix(0), (1 << 24) - 1).unwrap();
    assert_eq!(fleet.by_serial(&last.serial()), Some(last));
}

#[test]
fn a_plot_gives_way_to_no_name_that_is_taken_and_to_no_other() {
    let device = |serial: &str, mac: &str| Listed {
        serial: Some(serial.into()),
        mac: Some(mac.into()),
        ..Listed::new(DeviceType::Storage)
    };
    let mix = Mix { network: 2, compute: 1, ..Mix::default() };
    let plant = |serial, mac| {
        let mut fleet = Fleet::new(Seed(1), born());
        fleet.add(ix(0), device(serial, mac)).unwrap();
        fleet.plant(ix(1), mix)
    };
    let elsewhere = "02:00:02:00:00:00";
    for serial in ["CN000G0001", "CZ000G0002"] {
        assert_eq!(plant(serial, elsewhere), Err(FleetError::SerialTaken(serial.into())));
    }
    // Those beside them in the order, some of which stand between two that are generated.
    for serial in ["CN000G0000A", "CN000G0000U", "CN000G0002", "CZ000G0001", "AF000G0002", "CN000FYYYY"] {
        assert_eq!(plant(serial, elsewhere), Ok(()), "{serial}");
    }
    assert_eq!(plant("A", "02:00:01:00:00:02"), Err(FleetError::MacTaken("02:00:01:00:00:02".into())));
    for mac in ["02:00:01:00:00:03", "02:00:00:FF:FF:FF"] {
        assert_eq!(plant("A", mac), Ok(()), "{mac}");
    }
}
