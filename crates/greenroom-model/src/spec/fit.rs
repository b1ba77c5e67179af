//! What only shows once everything was read: what two parts of a world file say must fit together, also with
//! what is generated and with what follows from the seed.

use std::collections::{HashMap, HashSet, hash_map::Entry};

use super::{
    Device, Devices, Spec,
    build::{default_clients, made_up_owner},
    form::Reader,
    rows::{Row, RowKind, Stand, Under, creation, rows},
};
use crate::{
    access::Service,
    credentials::MOST_CREDENTIALS,
    fleet::{Address, Mix},
    world::WorkspaceIx,
    yaml::{Id, Kind},
};

/// A place in the file: a workspace, and the keys and items that lead on from there.
#[derive(Clone, Debug)]
struct Spot(Stand, Vec<Step>);

#[derive(Clone, Copy, Debug)]
enum Step {
    Key(&'static str),
    Item(usize),
}

use Step::{Item, Key};

/// Notes everything in `spec`, which is what `root` says, that does not fit together. What a world can be
/// made of is left.
pub(super) fn fit(reader: &mut Reader<'_>, root: Id, spec: &Spec) {
    let rows = rows(spec);
    let mut fitter = Fitter { reader, root };
    fitter.numbers(&rows);
    fitter.tenants(&rows);
    fitter.clients(&rows);
    fitter.devices(&rows);
}

struct Fitter<'r, 't> {
    reader: &'r mut Reader<'t>,
    root: Id,
}

impl Fitter<'_, '_> {
    /// Numbers of creation: each its own, and an MSP before its tenants.
    fn numbers(&mut self, rows: &[Row<'_>]) {
        let mut given = HashMap::new();
        for row in rows {
            let at = || Spot(row.stand, vec![Key("number")]);
            let Some(number) = row.base().number else { continue };
            self.only(&mut given, number, at(), "another workspace has this number");
        }
        for row in rows {
            let Some(msp) = row.msp.map(|msp| &rows[msp]) else { continue };
            let (Some(first), own) = (msp.base().number, row.base().number) else { continue };
            if own.is_some_and(|own| own < first) {
                let other = Some(Spot(msp.stand, vec![Key("number")]));
                let message = "its MSP was made after it, by the number";
                self.wrong(
                    Spot(row.stand, vec![Key("number")]),
                    message,
                    "give the MSP a smaller one",
                    other,
                );
            }
        }
        let mut given = HashMap::new();
        for row in rows {
            for (nth, client) in row.contents().clients.iter().flatten().enumerate() {
                let Some(number) = client.number else { continue };
                let at = Spot(row.stand, vec![Key("clients"), Item(nth), Key("number")]);
                self.only(&mut given, number, at, "another client has this number");
            }
        }
    }

    /// Names of tenants: each its own within an MSP (`glp.md §5`).
    fn tenants(&mut self, rows: &[Row<'_>]) {
        let mut given = HashMap::new();
        for row in rows.iter().filter(|row| row.base().gone != Some(true)) {
            let Some(msp) = row.msp else { continue };
            let base = row.base();
            let name = base.name.as_ref().map_or(base.symbol.as_str(), super::Title::as_str);
            let key = match row.stand.under {
                Under::Generated => Key("tenants"),
                _ if base.name.is_some() => Key("name"),
                _ => Key("symbol"),
            };
            let at = Spot(row.stand, vec![key]);
            self.only(&mut given, (msp, name.to_owned()), at, "another tenant of this MSP has this name");
        }
    }

    /// API clients, as the credentials API would make them (`glp.md §2.4`, `§4`).
    fn clients(&mut self, rows: &[Row<'_>]) {
        let mut symbols = HashMap::new();
        let mut names = HashMap::new();
        let mut counts: HashMap<(usize, String), usize> = HashMap::new();
        for (home, row) in rows.iter().enumerate() {
            let Some(clients) = &row.contents().clients else {
                if let RowKind::Own(own) = &row.kind {
                    for (name, _) in default_clients(own.base.symbol.as_str()) {
                        let at = Spot(row.stand, vec![Key("symbol")]);
                        let message = format!("the workspace has a client {name} by default, as another has");
                        self.only(&mut symbols, name, at, &message);
                    }
                }
                continue;
            };
            for (nth, client) in clients.iter().enumerate().filter(|(_, client)| client.gone != Some(true)) {
                let at = |key| Spot(row.stand, vec![Key("clients"), Item(nth), Key(key)]);
                let symbol = client.name.as_str().to_owned();
                self.only(
                    &mut symbols,
                    symbol.clone(),
                    at("name"),
                    "another client has this name by default",
                );
                // An application of Classic's gateway is none of the platform's credentials.
                if client.service == Some(Service::Classic) {
                    continue;
                }
                let owner = match &client.owner {
                    Some(owner) => owner.as_str().to_owned(),
                    None => owner(rows, row),
                };
                let name = client.credential_name.as_ref().map(|name| name.as_str().to_owned());
                let key = if name.is_some() { "credential_name" } else { "name" };
                let name = (home, owner.clone(), name.unwrap_or(symbol));
                let message = "another credential of this user has this name in this workspace";
                self.only(&mut names, name, at(key), message);
                let count = counts.entry((home, owner)).or_default();
                *count += 1;
                if *count == MOST_CREDENTIALS + 1 {
                    let message = format!("a user has at most {MOST_CREDENTIALS} credentials in a workspace");
                    let spot = Spot(row.stand, vec![Key("clients"), Item(nth)]);
                    self.wrong(spot, message, "give it another owner, or leave it out", None);
                }
            }
        }
    }

    /// Devices that are listed must differ from those that are generated, and those that are changed must be
    /// there.
    fn devices(&mut self, rows: &[Row<'_>]) {
        let order = creation(rows);
        let mut homes = vec![WorkspaceIx(0); rows.len()];
        for (home, row) in order.iter().enumerate() {
            homes[*row] = WorkspaceIx(home);
        }
        let row_of = |home: WorkspaceIx| order.get(home.0).map(|row| &rows[*row]);
        for (row, &home) in rows.iter().zip(&homes) {
            let Some(devices) = &row.contents().devices else { continue };
            let at = |list, nth, key| Spot(row.stand, vec![Key("devices"), Key(list), Item(nth), Key(key)]);
            let generated = mix(row).total();
            if let Some(nth) = devices.gone.iter().flatten().position(|index| *index >= generated) {
                let message = format!("{generated} devices are generated here, counted from 0");
                let spot = Spot(row.stand, vec![Key("devices"), Key("gone"), Item(nth)]);
                self.wrong(spot, message, "leave out the numbers behind them", None);
            }
            let mut known = HashSet::new();
            for (nth, device) in present(devices) {
                let serial = device.serial.as_str();
                known.insert(serial);
                let maker =
                    Address::of_serial(serial).and_then(|it| row_of(it.workspace()).map(|row| (it, row)));
                if let Some((_, maker)) = maker.filter(|(address, maker)| {
                    mix(maker).has_serial(address.workspace(), serial) && !is_gone(maker, address.index())
                }) {
                    let message = format!("a device of {} has this serial number already", symbol(maker));
                    self.wrong(at("listed", nth, "serial"), message, "choose another", None);
                }
            }
            let of_listed = present(devices).filter_map(|(nth, device)| {
                Some(("listed", nth, device.mac.as_ref()?, Some(generated.saturating_add(nth as u32))))
            });
            let changed = devices.changed.iter().flat_map(|rows| rows.0.iter().enumerate());
            let of_changed = changed.clone().filter_map(|(nth, change)| {
                let own = Address::of_serial(change.serial.as_str());
                let own = own.filter(|own| own.workspace() == home && own.index() < generated);
                Some(("changed", nth, change.mac.as_ref()?, own.map(Address::index)))
            });
            for (list, nth, mac, own) in of_listed.chain(of_changed) {
                let Some(address) = Address::of_mac(mac.as_str()) else { continue };
                let (maker, index) = (address.workspace(), address.index());
                let itself = maker == home && own == Some(index);
                if let Some(maker) = row_of(maker).filter(|maker| !itself && makes_mac(maker, index)) {
                    let message = format!("a device of {} has this MAC address already", symbol(maker));
                    self.wrong(at(list, nth, "mac"), message, "choose another", None);
                }
            }
            for (nth, change) in changed {
                let serial = change.serial.as_str();
                let generated = || Address::of_serial(serial).is_some_and(|it| !is_gone(row, it.index()));
                let there = known.contains(serial) || (mix(row).has_serial(home, serial) && generated());
                if !there {
                    let message = format!("this workspace has no device {serial}");
                    self.wrong(at("changed", nth, "serial"), message, "leave the change out", None);
                }
            }
        }
    }

    /// Notes that something is there that was there before.
    fn only<K: Eq + std::hash::Hash>(
        &mut self,
        given: &mut HashMap<K, Spot>,
        key: K,
        at: Spot,
        message: &str,
    ) {
        match given.entry(key) {
            Entry::Vacant(free) => _ = free.insert(at),
            Entry::Occupied(first) => {
                let first = first.get().clone();
                self.wrong(at, message, "each needs its own", Some(first));
            }
        }
    }

    fn wrong(&mut self, at: Spot, message: impl Into<String>, mend: &str, other: Option<Spot>) {
        // What is only counted needs no place.
        let full = self.reader.findings.is_full();
        let place = |spot: Spot| if full { self.root } else { self.node(&spot) };
        let (at, other) = (place(at), other.map(place));
        self.reader.wrong_like(at, message, mend, other);
    }

    /// The node of a place, or the last one on the way there.
    fn node(&self, Spot(stand, keys): &Spot) -> Id {
        let tree = self.reader.tree;
        let item = |list: Id, nth| tree.children(list).nth(nth).unwrap_or(list);
        let key = |map: Id, key| self.reader.at(map, key);
        let mut node = item(key(self.root, "workspaces").unwrap_or(self.root), stand.own);
        let tenants = key(node, "tenants").unwrap_or(node);
        node = match stand.under {
            Under::Itself | Under::Generated => node,
            Under::Listed(nth) if tree.kind(tenants) == Kind::List => item(tenants, nth),
            Under::Listed(nth) => item(key(tenants, "listed").unwrap_or(tenants), nth),
            Under::Changed(nth) => item(key(tenants, "changed").unwrap_or(tenants), nth),
        };
        for step in keys {
            node = match step {
                Key(name) => match key(node, name) {
                    Some(value) => value,
                    None => return node,
                },
                Item(nth) => item(node, *nth),
            };
        }
        node
    }
}

/// Who makes what is in a workspace of which nothing else is said.
fn owner(rows: &[Row<'_>], row: &Row<'_>) -> String {
    match (&row.base().owner, row.msp) {
        (Some(owner), _) => owner.as_str().to_owned(),
        (None, Some(msp)) => owner(rows, &rows[msp]),
        (None, None) => made_up_owner(row.base().symbol.as_str()),
    }
}

/// What a workspace lets generate.
fn mix(row: &Row<'_>) -> Mix {
    row.contents().devices.as_ref().map(|devices| super::build::mix(&devices.mix)).unwrap_or_default()
}

/// The listed devices that are there.
fn present(devices: &Devices) -> impl Iterator<Item = (usize, &Device)> {
    let listed = devices.listed.iter().flat_map(|rows| &rows.0).enumerate();
    listed.filter(|(_, device)| device.gone != Some(true))
}

/// Whether the generated device of that index was removed.
fn is_gone(row: &Row<'_>, index: u32) -> bool {
    let gone = row.contents().devices.as_ref().and_then(|devices| devices.gone.as_ref());
    gone.is_some_and(|gone| gone.contains(&index))
}

/// Whether the device of that index has the MAC address that follows from it.
fn makes_mac(row: &Row<'_>, index: u32) -> bool {
    let listed = row.contents().devices.as_ref().and_then(|devices| devices.listed.as_ref());
    match index.checked_sub(mix(row).total()) {
        None => !is_gone(row, index),
        Some(nth) => listed
            .and_then(|rows| rows.0.get(nth as usize))
            .is_some_and(|device| device.mac.is_none() && device.gone != Some(true)),
    }
}

fn symbol<'r>(row: &'r Row<'_>) -> &'r str {
    row.base().symbol.as_str()
}
