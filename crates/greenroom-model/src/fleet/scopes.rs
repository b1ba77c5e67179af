//! The scope tree of a workspace: what its devices say of their sites and groups, and what was said about scopes
//! since (`central.md §6.2`).

use std::{
    cell::OnceCell,
    sync::{Arc, LazyLock},
};

use smol_str::SmolStr;

use super::{Census, Fleet, SITES, Site, address::Address};
use crate::{
    scope::{FIRST, Mapping, Named, Scope, Scopes, SiteRow, next, usual_group_name},
    world::WorkspaceIx,
};

static NOTHING_SAID: LazyLock<Scopes> = LazyLock::new(Scopes::default);

impl Fleet {
    /// What was said about the scopes of `workspace`.
    pub fn scopes(&self, workspace: WorkspaceIx) -> &Scopes {
        match self.scopes.is_empty() {
            true => &NOTHING_SAID,
            false => self.scopes.get(&workspace).map_or(&NOTHING_SAID, Arc::as_ref),
        }
    }

    /// Says something else about them.
    pub(crate) fn say_scopes(&mut self, workspace: WorkspaceIx, say: impl FnOnce(&mut Scopes)) {
        let mut scopes = self.scopes(workspace).clone();
        say(&mut scopes);
        self.scopes.insert_mut(workspace, Arc::new(scopes));
    }

    /// The site of that number, if it is there.
    pub(super) fn site_at(&self, workspace: WorkspaceIx, number: u32) -> Option<Site<'_>> {
        let name = match self.scopes(workspace).sites.get(&number) {
            Some(said) => said.as_ref()?.name.as_str(),
            None => self.plot(workspace)?.sites().get(number as usize)?.as_str(),
        };
        Some(Site { id: Scope::Site(number).id(workspace), name })
    }

    /// The name of the device group of that number, if it is there.
    pub(super) fn group_at(&self, workspace: WorkspaceIx, number: u32) -> Option<&str> {
        match self.scopes(workspace).groups.get(&number) {
            Some(said) => said.as_ref().map(|group| group.name.as_str()),
            None => usual_group_name(number),
        }
    }

    /// What a site is like of which only the number is said.
    pub(crate) fn usual_site(&self, workspace: WorkspaceIx, number: u32) -> SiteRow {
        let given = self.plot(workspace).and_then(|plot| plot.site_names().get(number as usize));
        let name = given.cloned().unwrap_or_else(|| format!("Site {number}").into());
        SiteRow::generated(self.seed, workspace, number, &name)
    }

    /// The number that the next site of `workspace` gets.
    pub(crate) fn next_site(&self, workspace: WorkspaceIx) -> u32 {
        let given = self.plot(workspace).map_or(SITES.len(), |plot| plot.site_names().len());
        next(&self.scopes(workspace).sites, given as u32)
    }

    /// Puts a device of `workspace` that Central was assigned to into a site, or into none.
    pub(crate) fn put_at_site(&mut self, workspace: WorkspaceIx, index: u32, site: Option<u32>) {
        self.record(Address::new(workspace, index), |change| change.site = Some(site));
    }

    /// Puts a device of `workspace` into a device group, or into none.
    pub(crate) fn put_in_group(&mut self, workspace: WorkspaceIx, index: u32, group: Option<u32>) {
        self.record(Address::new(workspace, index), |change| change.group = Some(group));
    }

    /// The scopes of `workspace`.
    pub fn tree(&self, workspace: WorkspaceIx) -> Tree<'_> {
        Tree { fleet: self, workspace, said: self.scopes(workspace), census: OnceCell::new() }
    }
}

/// The scopes of a workspace as they are: the global one, below it site collections, sites and device groups, and
/// below sites and groups devices.
pub struct Tree<'f> {
    fleet: &'f Fleet,
    workspace: WorkspaceIx,
    said: &'f Scopes,
    census: OnceCell<Census>,
}

impl<'f> Tree<'f> {
    fn census(&self) -> &Census {
        self.census.get_or_init(|| self.fleet.census(self.workspace))
    }

    fn given_sites(&self) -> &'f [SmolStr] {
        self.fleet.plot(self.workspace).map(|plot| plot.sites()).unwrap_or_default()
    }

    /// The sites with their numbers, in the order in which they were made.
    pub fn sites(&self) -> impl Iterator<Item = (u32, SiteRow)> + '_ {
        let given = 0..self.given_sites().len() as u32;
        let made = self.said.sites.range(given.end..).map(|(number, _)| *number);
        given.chain(made).filter_map(|number| Some((number, self.site(number)?)))
    }

    /// A site.
    pub fn site(&self, number: u32) -> Option<SiteRow> {
        match self.said.sites.get(&number) {
            Some(said) => said.as_deref().cloned(),
            None => {
                let name = self.given_sites().get(number as usize)?;
                Some(SiteRow::generated(self.fleet.seed, self.workspace, number, name))
            }
        }
    }

    /// The site of that id.
    pub fn site_of_id(&self, id: u64) -> Option<SiteRow> {
        match Scope::of_id(self.workspace, id)? {
            Scope::Site(number) => self.site(number),
            Scope::Global | Scope::Collection(_) | Scope::Group(_) | Scope::Device(_) => None,
        }
    }

    /// The site collections with their numbers, in the order in which they were made.
    pub fn collections(&self) -> impl Iterator<Item = (u32, &'f Named)> + use<'f> {
        self.said.collections.iter().filter_map(|(number, row)| Some((*number, row.as_deref()?)))
    }

    /// A site collection.
    pub fn collection(&self, number: u32) -> Option<&'f Named> {
        self.said.collections.get(&number)?.as_deref()
    }

    /// The collection of a site, unless that was deleted.
    pub fn collection_of(&self, site: &SiteRow) -> Option<(u32, &'f Named)> {
        let number = site.collection?;
        Some((number, self.collection(number)?))
    }

    /// The device groups with their numbers, in the order in which they were made.
    pub fn groups(&self) -> impl Iterator<Item = (u32, Named)> + '_ {
        let made = self.said.groups.range(FIRST..).map(|(number, _)| *number);
        (0..FIRST).chain(made).filter_map(|number| Some((number, self.group(number)?)))
    }

    /// A device group.
    pub fn group(&self, number: u32) -> Option<Named> {
        match self.said.groups.get(&number) {
            Some(said) => said.as_deref().cloned(),
            None => {
                let name = usual_group_name(number).map(SmolStr::new_static)?;
                Some(Named { name, description: SmolStr::default() })
            }
        }
    }

    /// How many devices are at a site: all that Central was assigned to, as its inventory shows them.
    pub fn devices_at(&self, site: u32) -> u32 {
        self.census().at_site(site)
    }

    /// How many devices are in a group: those that Central has on board.
    pub fn devices_in(&self, group: u32) -> u32 {
        self.census().in_group(group)
    }

    /// The sites of a collection, and how many devices they have.
    pub fn collected(&self, collection: u32) -> (u32, u32) {
        let of_it = self.sites().filter(|(_, site)| site.collection == Some(collection));
        of_it.fold((0, 0), |(sites, devices), (number, _)| (sites + 1, devices + self.devices_at(number)))
    }

    /// Every scope but devices with what it is called.
    fn names(&self, scope: Scope) -> Option<SmolStr> {
        match scope {
            Scope::Global => Some(SmolStr::new_static("Global")),
            Scope::Collection(number) => self.collection(number).map(|row| row.name.clone()),
            Scope::Site(number) => {
                self.fleet.site_at(self.workspace, number).map(|site| SmolStr::new(site.name))
            }
            Scope::Group(number) => self.fleet.group_at(self.workspace, number).map(SmolStr::new),
            Scope::Device(_) => None,
        }
    }

    /// What a scope is called; `None` for one that is not there. A device is a scope once Central was assigned
    /// to it.
    pub fn name(&self, scope: Scope) -> Option<SmolStr> {
        match scope {
            Scope::Device(index) => {
                let device = self.fleet.device(self.workspace, index).filter(|device| device.assigned())?;
                Some(device.name())
            }
            other => self.names(other),
        }
    }

    /// Whether a scope is there.
    pub fn contains(&self, scope: Scope) -> bool {
        self.name(scope).is_some()
    }

    /// The scope that a scope is in. A device is in its site, whatever group it is in.
    pub fn parent(&self, scope: Scope) -> Option<Scope> {
        match scope {
            Scope::Global => None,
            Scope::Collection(_) | Scope::Group(_) => Some(Scope::Global),
            Scope::Site(number) => {
                let collection = self.site(number).and_then(|site| Some(self.collection_of(&site)?.0));
                Some(collection.map_or(Scope::Global, Scope::Collection))
            }
            Scope::Device(index) => {
                let device = self.fleet.device(self.workspace, index)?;
                Some(device.site_now().map_or(Scope::Global, Scope::Site))
            }
        }
    }

    /// The scopes from the global one down to this one; none if it is not there.
    pub fn path(&self, scope: Scope) -> Vec<Scope> {
        let start = Some(scope).filter(|scope| self.contains(*scope));
        let mut path: Vec<_> = std::iter::successors(start, |scope| self.parent(*scope)).collect();
        path.reverse();
        path
    }

    /// How many scopes are right below one, devices among them.
    pub fn children(&self, scope: Scope) -> u32 {
        match scope {
            Scope::Global => {
                let free = self.sites().filter(|(_, site)| self.collection_of(site).is_none()).count();
                let sited: u32 = self.sites().map(|(number, _)| self.devices_at(number)).sum();
                let all = self.fleet.mix(self.workspace).network;
                (free + self.collections().count() + self.groups().count()) as u32 + (all - sited)
            }
            Scope::Collection(number) => self.collected(number).0,
            Scope::Site(number) => self.devices_at(number),
            Scope::Group(number) => self.devices_in(number),
            Scope::Device(_) => 0,
        }
    }

    /// The profiles that are assigned to scopes that are there.
    pub fn maps(&self) -> impl Iterator<Item = &'f Mapping> + '_ {
        self.said.maps.iter().filter(|mapping| self.contains(mapping.scope))
    }

    /// The id of a scope.
    pub fn id(&self, scope: Scope) -> u64 {
        scope.id(self.workspace)
    }
}
