//! A world patched while it runs: tenants and devices come, change and go, users change, all of it or nothing.
//!
//! What is removed goes first, then what is changed, then what is added comes, tenants before devices; so a
//! device can move to another workspace. Everything is tried on a copy of the fleet, which shares what stays.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    fmt,
    sync::Arc,
};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::{
    fleet::{Alteration, Class, Fleet, FleetError, Share},
    nearest,
    spec::{Added, NewTenant, Patch, Removed, Symbol, TenantChange, UserChange},
    tenancy::{MOST_WORKSPACES, WorkspaceKind},
    user::UserStatus,
    world::{UserIx, WorkspaceIx, World},
};

/// How many devices a patch adds at most without naming them. Each costs a row, which generated ones do not.
pub const MOST_ADDED: u64 = 100_000;

/// For how many misfits the nearest known name is looked for.
const MOST_HINTS: usize = 100;

/// What a patch changed: the symbols of tenants, the serial numbers of devices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Changes {
    /// Tenants that were deleted.
    pub tenants_removed: Vec<String>,
    /// Tenants that changed.
    pub tenants_changed: Vec<String>,
    /// Tenants that were made.
    pub tenants_added: Vec<String>,
    /// Devices that were removed, but for those of tenants that were deleted.
    #[schemars(with = "Vec<String>")]
    pub devices_removed: Vec<SmolStr>,
    /// Devices that changed.
    #[schemars(with = "Vec<String>")]
    pub devices_changed: Vec<SmolStr>,
    /// Devices that were added, those of new tenants among them only as far as they are listed.
    #[schemars(with = "Vec<String>")]
    pub devices_added: Vec<SmolStr>,
    /// Users that changed, by e-mail address.
    #[serde(default)]
    pub users_changed: Vec<String>,
}

impl fmt::Display for Changes {
    /// `2 devices removed, 1 tenant added`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            (self.tenants_removed.len(), "tenant", "removed"),
            (self.tenants_changed.len(), "tenant", "changed"),
            (self.tenants_added.len(), "tenant", "added"),
            (self.devices_removed.len(), "device", "removed"),
            (self.devices_changed.len(), "device", "changed"),
            (self.devices_added.len(), "device", "added"),
            (self.users_changed.len(), "user", "changed"),
        ];
        let mut first = true;
        for (count, what, how) in counts.into_iter().filter(|(count, ..)| *count > 0) {
            let (comma, plural) = (if first { "" } else { ", " }, if count == 1 { "" } else { "s" });
            write!(f, "{comma}{count} {what}{plural} {how}")?;
            first = false;
        }
        if first { f.write_str("nothing changed") } else { Ok(()) }
    }
}

/// Something about a patch that does not fit the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// The way to it: `devices.add[2].serial`.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub mend: String,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, message, mend } = self;
        write!(f, "{path}: {message}; {mend}")
    }
}

impl World {
    /// Makes the world what `patch` says, or nothing if any of it does not fit: then everything that does not
    /// is said, in the order in which it would have happened.
    pub fn patch(&mut self, patch: &Patch, now: Timestamp) -> Result<Changes, Vec<Misfit>> {
        let mut draft = Draft {
            world: self,
            now,
            fleet: Fleet::clone(&self.fleet),
            removed: BTreeSet::new(),
            made: HashMap::new(),
            misfits: Vec::new(),
            changes: Changes::default(),
        };
        let (changed, added) = draft.tenants(patch);
        draft.remove_devices(patch);
        draft.change_devices(patch);
        draft.add_devices(patch);
        let statuses = draft.users(patch);
        let Draft { fleet, removed, misfits, changes, .. } = draft;
        if !misfits.is_empty() {
            return Err(misfits);
        }
        self.take_away_tenants(&removed);
        for (ix, change) in changed {
            self.change_tenant(ix, change, now);
        }
        for (msp, new) in added {
            self.found_tenant(msp, new, now);
        }
        self.fleet = Arc::new(fleet);
        for (ix, status) in statuses {
            let user = &mut self.users[ix.0];
            user.status = status;
            (user.generation, user.updated_at) = (user.generation.saturating_add(1), now);
        }
        Ok(changes)
    }
}

/// What becomes of a world, and what does not fit it.
struct Draft<'w> {
    world: &'w World,
    now: Timestamp,
    fleet: Fleet,
    /// Tenants that go.
    removed: BTreeSet<WorkspaceIx>,
    /// Tenants that come, by symbol.
    made: HashMap<&'w str, WorkspaceIx>,
    misfits: Vec<Misfit>,
    changes: Changes,
}

/// Tenants that change, and tenants that come to an MSP.
type TenantPlan<'p> = (Vec<(WorkspaceIx, &'p TenantChange)>, Vec<(WorkspaceIx, &'p NewTenant)>);

impl<'w> Draft<'w> {
    fn wrong(&mut self, path: String, message: impl Into<String>, mend: impl Into<String>) {
        self.misfits.push(Misfit { path, message: message.into(), mend: mend.into() });
    }

    /// The workspace of that symbol, if it is there when all is done.
    fn workspace(&mut self, symbol: &Symbol, path: impl FnOnce() -> String) -> Option<WorkspaceIx> {
        let symbol = symbol.as_str();
        let known = self.world.directory.symbol(symbol).filter(|ix| !self.removed.contains(ix));
        let found = known.or_else(|| self.made.get(symbol).copied());
        if found.is_none() {
            let known: Vec<_> = match self.misfits.len() {
                0..MOST_HINTS => self.world.workspaces().map(|(_, it)| it.symbol.as_str()).collect(),
                _ => Vec::new(),
            };
            let mend = match nearest::of(symbol, &known) {
                Some(near) if near != symbol => format!("did you mean {near}?"),
                Some(_) => "this patch removes it".to_owned(),
                None => "name one by its symbol: the world has them".to_owned(),
            };
            self.wrong(path(), format!("there is no workspace {symbol}"), mend);
        }
        found
    }

    /// The tenant of that symbol.
    fn tenant(&mut self, symbol: &Symbol, path: impl Fn() -> String) -> Option<WorkspaceIx> {
        let ix = self.workspace(symbol, &path)?;
        if self.world.workspace(ix).ownership().is_none() {
            let message = format!("{} is no tenant", symbol.as_str());
            self.wrong(path(), message, "tenants come, change and go; other workspaces stay");
            return None;
        }
        Some(ix)
    }

    fn tenants<'p: 'w>(&mut self, patch: &'p Patch) -> TenantPlan<'p> {
        let Some(tenants) = &patch.tenants else { return TenantPlan::default() };
        for (nth, symbol) in tenants.remove.iter().flatten().enumerate() {
            if let Some(ix) = self.tenant(symbol, || format!("tenants.remove[{nth}]")) {
                self.removed.insert(ix);
                self.changes.tenants_removed.push(symbol.as_str().to_owned());
            }
        }
        let mut changed = Vec::new();
        for (nth, change) in tenants.change.iter().flatten().enumerate() {
            if let Some(ix) = self.tenant(&change.symbol, || format!("tenants.change[{nth}].symbol")) {
                changed.push((ix, change));
                self.changes.tenants_changed.push(change.symbol.as_str().to_owned());
            }
        }
        let mut added = Vec::new();
        let room = (MOST_WORKSPACES as usize).saturating_sub(self.world.workspaces.len());
        for (nth, new) in tenants.add.iter().flatten().enumerate() {
            let symbol = new.symbol.as_str();
            let Some(msp) = self.workspace(&new.msp, || format!("tenants.add[{nth}].msp")) else { continue };
            let is_msp = |ix: WorkspaceIx| self.world.workspaces.get(ix.0).map(|it| it.kind);
            if is_msp(msp) != Some(WorkspaceKind::Msp) {
                let message = format!("{} is no MSP", new.msp.as_str());
                self.wrong(format!("tenants.add[{nth}].msp"), message, "name a workspace of type MSP");
                continue;
            }
            if self.world.directory.is_taken(symbol) {
                let message = format!("a workspace or a client is or was called {symbol}");
                self.wrong(format!("tenants.add[{nth}].symbol"), message, "choose another");
                continue;
            }
            if added.len() == room {
                let message =
                    format!("a world has at most {MOST_WORKSPACES} workspaces, and here it has more");
                self.wrong(format!("tenants.add[{nth}]"), message, "leave some out");
                break;
            }
            let ix = WorkspaceIx(self.world.workspaces.len() + added.len());
            let share = Share {
                mix: new.devices.as_ref().map(crate::spec::mix).unwrap_or_default(),
                sites: new
                    .sites
                    .as_ref()
                    .map(|sites| sites.iter().map(|site| SmolStr::new(site.as_str())).collect()),
                ..Share::default()
            };
            if let Err(error) = self.fleet.plant(ix, share) {
                self.wrong(format!("tenants.add[{nth}].devices"), error.to_string(), mend_of(&error));
            }
            self.made.insert(symbol, ix);
            self.changes.tenants_added.push(symbol.to_owned());
            added.push((nth, msp, new));
        }
        self.names(&changed, &added, tenants.change.as_deref().unwrap_or_default());
        (changed, added.into_iter().map(|(_, msp, new)| (msp, new)).collect())
    }

    /// Each tenant of an MSP has a name of its own (`glp.md §5`).
    fn names(
        &mut self,
        changed: &[(WorkspaceIx, &TenantChange)],
        added: &[(usize, WorkspaceIx, &NewTenant)],
        all: &[TenantChange],
    ) {
        let world = self.world;
        let msp_of = |ix: WorkspaceIx| match world.workspace(ix).kind {
            WorkspaceKind::Tenant { msp, .. } => Some(msp),
            WorkspaceKind::Standard | WorkspaceKind::Msp => None,
        };
        let renamed: HashSet<_> =
            changed.iter().filter(|(_, change)| change.name.is_some()).map(|(ix, _)| *ix).collect();
        let msps: BTreeSet<_> =
            renamed.iter().filter_map(|ix| msp_of(*ix)).chain(added.iter().map(|(_, msp, _)| *msp)).collect();
        let mut taken = HashSet::new();
        for msp in msps {
            let stay =
                world.each_tenant(msp).filter(|(ix, ..)| !self.removed.contains(ix) && !renamed.contains(ix));
            taken.extend(stay.map(|(_, it, _)| (msp, it.name.as_str())));
        }
        let change_at = |change: &TenantChange| {
            let nth = all.iter().position(|it| std::ptr::eq(it, change)).unwrap_or_default();
            format!("tenants.change[{nth}].name")
        };
        let of_changed = changed.iter().filter_map(|(ix, change)| {
            Some((change_at(change), msp_of(*ix)?, change.name.as_ref()?.as_str()))
        });
        let of_added = added.iter().map(|(nth, msp, new)| {
            let key = if new.name.is_some() { "name" } else { "symbol" };
            (format!("tenants.add[{nth}].{key}"), *msp, new.name())
        });
        for (path, msp, name) in of_changed.chain(of_added).collect::<Vec<_>>() {
            if !taken.insert((msp, name)) {
                self.wrong(path, "another tenant of this MSP has this name", "each needs its own");
            }
        }
    }

    fn users(&mut self, patch: &Patch) -> Vec<(UserIx, UserStatus)> {
        let changes = patch.users.as_ref().and_then(|users| users.change.as_ref());
        let mut found = Vec::new();
        for (nth, UserChange { email, status }) in changes.into_iter().flatten().enumerate() {
            let email = email.as_str();
            match self.world.user_named(email) {
                Some(ix) => {
                    found.push((ix, *status));
                    self.changes.users_changed.push(email.to_owned());
                }
                None => {
                    let known: Vec<_> = match self.misfits.len() {
                        0..MOST_HINTS => self.world.users().map(|(_, user)| user.email.as_str()).collect(),
                        _ => Vec::new(),
                    };
                    let mend = match nearest::of(email, &known) {
                        Some(near) => format!("did you mean {near}?"),
                        None => "name one by the e-mail address: the world has them".to_owned(),
                    };
                    self.wrong(
                        format!("users.change[{nth}].email"),
                        format!("there is no user {email}"),
                        mend,
                    );
                }
            }
        }
        found
    }

    /// Where the device of that serial number is.
    fn device(&mut self, serial: &str, path: impl FnOnce() -> String) -> Option<(WorkspaceIx, u32)> {
        let device = self.fleet.by_serial(serial).map(|device| (device.workspace(), device.index()));
        let there = |ix: WorkspaceIx| {
            let old = self.world.workspaces.get(ix.0);
            !self.removed.contains(&ix) && old.is_none_or(|workspace| !workspace.gone)
        };
        let found = device.filter(|(workspace, _)| there(*workspace));
        if found.is_none() {
            let mend = match self.world.fleet.by_serial(serial) {
                Some(_) => "it went before, with this patch or with its tenant",
                None => "name one by its serial number: GLP and Central list them",
            };
            self.wrong(path(), format!("there is no device {serial}"), mend);
        }
        found
    }

    fn remove_devices(&mut self, patch: &Patch) {
        let Some(removed) = patch.devices.as_ref().and_then(|devices| devices.remove.as_ref()) else {
            return;
        };
        let mut gone: BTreeMap<WorkspaceIx, Vec<u32>> = BTreeMap::new();
        let mut named = HashSet::new();
        for (nth, removed) in removed.iter().enumerate() {
            let Removed::Serial(serial) = removed else { continue };
            let path = || format!("devices.remove[{nth}]");
            let Some((workspace, index)) = self.device(serial.as_str(), path) else { continue };
            if named.insert((workspace, index)) {
                gone.entry(workspace).or_default().push(index);
            } else {
                self.wrong(path(), format!("{} is removed already", serial.as_str()), "say it once");
            }
        }
        self.let_go(gone);
        // All of a workspace go at once: each time costs as much as the workspace is large.
        let mut gone: BTreeMap<WorkspaceIx, Vec<u32>> = BTreeMap::new();
        for (nth, removed) in removed.iter().enumerate() {
            let Removed::Last(last) = removed else { continue };
            let at = || format!("devices.remove[{nth}].workspace");
            let Some(workspace) = self.workspace(&last.workspace, at) else { continue };
            let going = gone.entry(workspace).or_default();
            let (count, there) = (last.last.get(), self.fleet.count(workspace) - going.len() as u32);
            if count > there {
                let message =
                    format!("{} has {there} devices, and {count} are to go", last.workspace.as_str());
                self.wrong(
                    format!("devices.remove[{nth}].last"),
                    message,
                    "say as many as there are, or fewer",
                );
                continue;
            }
            going.extend((there - count..there).filter_map(|nth| self.fleet.nth(workspace, nth)));
        }
        self.let_go(gone);
    }

    fn let_go(&mut self, gone: BTreeMap<WorkspaceIx, Vec<u32>>) {
        for (workspace, indices) in gone {
            let serial = |index: &u32| self.fleet.device(workspace, *index).map(|device| device.serial());
            self.changes.devices_removed.extend(indices.iter().filter_map(serial));
            self.fleet.remove(workspace, indices);
        }
    }

    fn change_devices(&mut self, patch: &Patch) {
        let changes = patch.devices.as_ref().and_then(|devices| devices.change.as_ref());
        for (nth, change) in changes.iter().flat_map(|rows| &rows.0).enumerate() {
            let at = |key: &str| format!("devices.change[{nth}].{key}");
            let serial = change.serial.as_str();
            let Some((workspace, index)) = self.device(serial, || at("serial")) else { continue };
            let network = self.fleet.device(workspace, index).is_some_and(|it| it.kind().is_network());
            let assigned = self.fleet.device(workspace, index).is_some_and(|it| it.assigned());
            let stays_out = match (network, change.assigned.unwrap_or(assigned)) {
                (false, _) => Some("Central has network devices only"),
                (true, false) => Some("it is not assigned to Central"),
                (true, true) => None,
            };
            let truths = [
                ("assigned", change.assigned.filter(|_| !network)),
                ("provisioned", change.provisioned),
                ("online", change.online),
                ("monitored", change.monitored),
            ];
            let mut fits = true;
            for (key, _) in truths.into_iter().filter(|(_, truth)| *truth == Some(true)) {
                if let Some(why) = stays_out {
                    self.wrong(at(key), format!("cannot be true: {why}"), "leave it out, or say false");
                    fits = false;
                }
            }
            if !fits {
                continue;
            }
            let wanted = change.alteration();
            let updated_at = wanted.updated_at.or(Some(self.now));
            let said = self.world.said_subscription(change);
            let altered = said.and_then(|subscription| {
                let wanted = Alteration { updated_at, subscription, ..wanted };
                self.fleet.alter(workspace, serial, wanted)
            });
            match altered {
                Ok(_) => self.changes.devices_changed.push(serial.into()),
                Err(error) => self.wrong(at(key_of(&error)), error.to_string(), mend_of(&error)),
            }
        }
    }

    fn add_devices(&mut self, patch: &Patch) {
        let added = patch.devices.as_ref().and_then(|devices| devices.add.as_ref());
        let mut many = 0;
        for (nth, added) in added.iter().flat_map(|rows| &rows.0).enumerate() {
            let at = |key: &str| format!("devices.add[{nth}].{key}");
            let symbol = match added {
                Added::One(device) => &device.workspace,
                Added::Many(devices) => &devices.workspace,
            };
            let Some(workspace) = self.workspace(symbol, || at("workspace")) else { continue };
            match added {
                Added::One(device) => {
                    let mut listed = crate::spec::listed(&device.device);
                    listed.created_at.get_or_insert(self.now);
                    match self.fleet.add(workspace, listed) {
                        Ok(_) => self.changes.devices_added.push(device.device.serial.as_str().into()),
                        Err(error) => self.wrong(at(key_of(&error)), error.to_string(), mend_of(&error)),
                    }
                }
                Added::Many(devices) => {
                    let mix = crate::spec::mix(&devices.mix);
                    many += u64::from(mix.total());
                    if many > MOST_ADDED {
                        let message =
                            format!("a patch adds at most {MOST_ADDED} devices without naming them");
                        self.wrong(format!("devices.add[{nth}]"), message, "let a world file generate them");
                        return;
                    }
                    for (class, count) in Class::all(&mix) {
                        for _ in 0..count {
                            match self.fleet.add_one_more(workspace, class, self.now) {
                                Ok(serial) => self.changes.devices_added.push(serial),
                                Err(error) => {
                                    let path = format!("devices.add[{nth}]");
                                    self.wrong(path, error.to_string(), mend_of(&error));
                                    break;
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The key of a device that a fleet complains about.
fn key_of(error: &FleetError) -> &'static str {
    match error {
        FleetError::MacTaken(_) => "mac",
        FleetError::IdTaken(_) => "id",
        FleetError::Site { .. } => "site",
        FleetError::NoSubscription(_) => "subscription",
        FleetError::TooMany(_) | FleetError::TooManyWorkspaces | FleetError::PlantedTwice => "workspace",
        FleetError::SerialTaken(_) | FleetError::Field { .. } => "serial",
    }
}

fn mend_of(error: &FleetError) -> &'static str {
    match error {
        FleetError::TooMany(_) | FleetError::TooManyWorkspaces | FleetError::PlantedTwice => "leave some out",
        FleetError::SerialTaken(_) | FleetError::MacTaken(_) | FleetError::IdTaken(_) => "choose another",
        FleetError::Field { .. } => "write it so",
        FleetError::Site { .. } => "name one of the workspace's sites",
        FleetError::NoSubscription(_) => "name one of the world's, or say none",
    }
}
