//! What may be done to Central's scopes (`central.md §6.3`): made, changed, deleted, put into one another, and
//! profiles assigned to them. Whatever is refused has changed nothing.

mod form;

use std::sync::Arc;

use serde_json::{Map, Value};

use self::form::{bad, coordinates, digits, name_of, needed, text, texts, timezone};
use crate::{
    dialect::ScopeInUse,
    fleet::Tree,
    refusal::{Conflict, Refusal},
    scope::{FIRST, MOST_MAPPINGS, MOST_SCOPES, Mapping, Named, Scope, SiteRow, next},
    world::{Session, World},
};

/// The scopes that can be made and deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Sites.
    Site,
    /// Site collections.
    Collection,
    /// Device groups.
    Group,
}

impl Kind {
    /// One of them, for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Site => "site",
            Self::Collection => "site collection",
            Self::Group => "device group",
        }
    }

    fn holds(self, scope: Scope) -> bool {
        matches!(
            (self, scope),
            (Self::Site, Scope::Site(_))
                | (Self::Collection, Scope::Collection(_))
                | (Self::Group, Scope::Group(_))
        )
    }
}

/// The kinds of device that a profile can be assigned for (`VALID_PERSONAS` of pycentral 2.0a25).
pub const PERSONAS: [&str; 12] = [
    "SERVICE_PERSONA",
    "HYBRID_NAC",
    "CORE_SWITCH",
    "BRIDGE",
    "CAMPUS_AP",
    "IOT",
    "MOBILITY_GW",
    "AGG_SWITCH",
    "BRANCH_GW",
    "VPNC",
    "ACCESS_SWITCH",
    "MICROBRANCH_AP",
];

impl World {
    /// The scope of `kind` whose id a body gives as `member`.
    fn scope_of(
        &self,
        session: &Session,
        kind: Kind,
        (member, id): (&str, Option<&Value>),
    ) -> Result<Scope, Refusal> {
        let id = id.filter(|id| !id.is_null()).ok_or_else(|| bad(member, "is required"))?;
        let id = digits(id).ok_or_else(|| bad(member, "must be an id in digits"))?;
        self.scope_in(&self.fleet.tree(session.workspace), session, kind, (member, id))
    }

    fn scope_in(
        &self,
        tree: &Tree<'_>,
        session: &Session,
        kind: Kind,
        (member, id): (&str, u64),
    ) -> Result<Scope, Refusal> {
        Scope::of_id(session.workspace, id)
            .filter(|scope| kind.holds(*scope) && tree.contains(*scope))
            .ok_or_else(|| bad(member, format!("there is no {} {id}", kind.name())))
    }

    /// The scopes of `kind` that these ids name, each once and in order.
    pub fn scopes_of(
        &self,
        session: &Session,
        kind: Kind,
        member: &str,
        ids: impl IntoIterator<Item = u64>,
    ) -> Result<Vec<Scope>, Refusal> {
        let tree = self.fleet.tree(session.workspace);
        let found = ids.into_iter().map(|id| self.scope_in(&tree, session, kind, (member, id)));
        let mut scopes = found.collect::<Result<Vec<_>, _>>()?;
        scopes.sort_unstable();
        scopes.dedup();
        if scopes.is_empty() { Err(bad(member, "must name at least one")) } else { Ok(scopes) }
    }

    /// Refuses a name that another scope of the kind has.
    fn name_is_free(
        &self,
        session: &Session,
        kind: Kind,
        name: &str,
        but: Option<Scope>,
    ) -> Result<(), Refusal> {
        let tree = self.fleet.tree(session.workspace);
        let taken = match kind {
            Kind::Site => {
                let own = but.map(|scope| scope.id(session.workspace));
                self.fleet.sites(session.workspace).any(|it| it.name == name && Some(it.id) != own)
            }
            Kind::Collection => tree
                .collections()
                .any(|(number, it)| it.name == name && Some(Scope::Collection(number)) != but),
            Kind::Group => {
                tree.groups().any(|(number, it)| it.name == name && Some(Scope::Group(number)) != but)
            }
        };
        if taken { Err(Conflict::ScopeNameTaken(kind.name()).into()) } else { Ok(()) }
    }

    /// The number that the next scope of `kind` gets.
    fn next_scope(&self, session: &Session, kind: Kind) -> Result<u32, Refusal> {
        let scopes = self.fleet.scopes(session.workspace);
        let (number, what) = match kind {
            Kind::Site => (self.fleet.next_site(session.workspace), "sites"),
            Kind::Collection => (next(&scopes.collections, 0), "site collections"),
            Kind::Group => (next(&scopes.groups, FIRST), "device groups"),
        };
        if number < MOST_SCOPES { Ok(number) } else { Err(Conflict::Full(what).into()) }
    }

    fn say_site(&mut self, session: &Session, number: u32, row: Option<SiteRow>) {
        let fleet = Arc::make_mut(&mut self.fleet);
        fleet.say_scopes(session.workspace, |scopes| scopes.sites.insert_mut(number, row.map(Arc::new)));
    }

    fn say_named(&mut self, session: &Session, scope: Scope, row: Option<Named>) {
        let fleet = Arc::make_mut(&mut self.fleet);
        let row = row.map(Arc::new);
        fleet.say_scopes(session.workspace, |scopes| match scope {
            Scope::Collection(number) => scopes.collections.insert_mut(number, row),
            Scope::Group(number) => scopes.groups.insert_mut(number, row),
            Scope::Global | Scope::Site(_) | Scope::Device(_) => {}
        });
    }

    /// Makes a site of a request's body.
    pub fn create_site(&mut self, session: &Session, body: &Map<String, Value>) -> Result<Scope, Refusal> {
        let row = SiteRow {
            name: needed(body, "name")?,
            address: needed(body, "address")?,
            city: needed(body, "city")?,
            state: needed(body, "state")?,
            country: needed(body, "country")?,
            zipcode: needed(body, "zipcode")?,
            place: coordinates(body)?,
            timezone: timezone(body)?.unwrap_or_default(),
            collection: None,
        };
        self.name_is_free(session, Kind::Site, &row.name, None)?;
        let number = self.next_scope(session, Kind::Site)?;
        self.say_site(session, number, Some(row));
        Ok(Scope::Site(number))
    }

    /// Changes a site. What the body does not say stays.
    pub fn update_site(&mut self, session: &Session, body: &Map<String, Value>) -> Result<Scope, Refusal> {
        let scope = self.scope_of(session, Kind::Site, ("scopeId", body.get("scopeId")))?;
        let Scope::Site(number) = scope else { return Err(bad("scopeId", "is no site")) };
        let Some(before) = self.fleet.tree(session.workspace).site(number) else {
            return Err(bad("scopeId", "is no site"));
        };
        let row = SiteRow {
            name: name_of(body, "name")?.unwrap_or(before.name),
            address: name_of(body, "address")?.unwrap_or(before.address),
            city: name_of(body, "city")?.unwrap_or(before.city),
            state: name_of(body, "state")?.unwrap_or(before.state),
            country: name_of(body, "country")?.unwrap_or(before.country),
            zipcode: name_of(body, "zipcode")?.unwrap_or(before.zipcode),
            place: coordinates(body)?.or(before.place),
            timezone: timezone(body)?.unwrap_or(before.timezone),
            collection: before.collection,
        };
        self.name_is_free(session, Kind::Site, &row.name, Some(scope))?;
        self.say_site(session, number, Some(row));
        Ok(scope)
    }

    /// Makes a site collection with the sites that the body names, or a device group with its devices, if `filled`.
    pub fn create_named(
        &mut self,
        session: &Session,
        kind: Kind,
        body: &Map<String, Value>,
        filled: bool,
    ) -> Result<Scope, Refusal> {
        let row = Named {
            name: needed(body, "scopeName")?,
            description: text(body, "description")?.unwrap_or_default(),
        };
        self.name_is_free(session, kind, &row.name, None)?;
        let number = self.next_scope(session, kind)?;
        if kind == Kind::Collection {
            let sites = match texts(body, "siteIds")? {
                Some(ids) if !ids.is_empty() => self.sites_named(session, &ids)?,
                _ => Vec::new(),
            };
            self.say_named(session, Scope::Collection(number), Some(row));
            self.collect(session, &sites, Some(number));
            return Ok(Scope::Collection(number));
        }
        let devices = if filled { self.devices_named(session, body)? } else { Vec::new() };
        self.say_named(session, Scope::Group(number), Some(row));
        self.put(session, Kind::Group, &devices, Some(number));
        Ok(Scope::Group(number))
    }

    /// Changes name and description of a site collection or a device group. What the body does not say stays.
    pub fn update_named(
        &mut self,
        session: &Session,
        kind: Kind,
        body: &Map<String, Value>,
    ) -> Result<Scope, Refusal> {
        let scope = self.scope_of(session, kind, ("scopeId", body.get("scopeId")))?;
        let tree = self.fleet.tree(session.workspace);
        let before = match scope {
            Scope::Collection(number) => tree.collection(number).cloned(),
            Scope::Group(number) => tree.group(number),
            Scope::Global | Scope::Site(_) | Scope::Device(_) => None,
        };
        let Some(before) = before else { return Err(bad("scopeId", "is no such scope")) };
        let row = Named {
            name: name_of(body, "scopeName")?.unwrap_or(before.name),
            description: text(body, "description")?.unwrap_or(before.description),
        };
        self.name_is_free(session, kind, &row.name, Some(scope))?;
        self.say_named(session, scope, Some(row));
        Ok(scope)
    }

    /// Deletes scopes that are there, with the profiles assigned to them. What was in them is in none, unless that
    /// keeps them from being deleted (dialect `scope_in_use`).
    pub fn delete_scopes(&mut self, session: &Session, kind: Kind, scopes: &[Scope]) -> Result<(), Refusal> {
        let tree = self.fleet.tree(session.workspace);
        if self.dialect.scope_in_use == ScopeInUse::Refuse
            && scopes.iter().any(|scope| tree.children(*scope) > 0)
        {
            return Err(Conflict::ScopeInUse(kind.name()).into());
        }
        let fleet = Arc::make_mut(&mut self.fleet);
        fleet.say_scopes(session.workspace, |said| {
            for scope in scopes {
                match *scope {
                    Scope::Site(number) => said.sites.insert_mut(number, None),
                    Scope::Collection(number) => said.collections.insert_mut(number, None),
                    Scope::Group(number) => said.groups.insert_mut(number, None),
                    Scope::Global | Scope::Device(_) => {}
                }
            }
            let lost: Vec<_> = said.maps.iter().filter(|it| scopes.contains(&it.scope)).cloned().collect();
            lost.iter().for_each(|mapping| _ = said.maps.remove_mut(mapping));
        });
        Ok(())
    }

    fn sites_named(&self, session: &Session, ids: &[&str]) -> Result<Vec<Scope>, Refusal> {
        let number = |id: &&str| id.parse().map_err(|_| bad("siteIds", format!("{id:?} is no id in digits")));
        let ids = ids.iter().map(number).collect::<Result<Vec<u64>, _>>()?;
        self.scopes_of(session, Kind::Site, "siteIds", ids)
    }

    /// Puts the sites that a body names into the collection that it names. Gives the sites.
    pub fn add_sites(&mut self, session: &Session, body: &Map<String, Value>) -> Result<Vec<Scope>, Refusal> {
        const COLLECTION: &str = "siteCollectionId";
        let scope = self.scope_of(session, Kind::Collection, (COLLECTION, body.get(COLLECTION)))?;
        let ids = texts(body, "siteIds")?.ok_or_else(|| bad("siteIds", "is required"))?;
        let sites = self.sites_named(session, &ids)?;
        if let Scope::Collection(number) = scope {
            self.collect(session, &sites, Some(number));
        }
        Ok(sites)
    }

    /// Puts sites that are there into a collection, or takes them out of theirs.
    pub fn collect(&mut self, session: &Session, sites: &[Scope], collection: Option<u32>) {
        let tree = self.fleet.tree(session.workspace);
        let row = |site: &Scope| match *site {
            Scope::Site(number) => Some((number, tree.site(number)?)),
            Scope::Global | Scope::Collection(_) | Scope::Group(_) | Scope::Device(_) => None,
        };
        let rows: Vec<_> = sites.iter().filter_map(row).collect();
        for (number, row) in rows.into_iter().filter(|(_, row)| row.collection != collection) {
            self.say_site(session, number, Some(SiteRow { collection, ..row }));
        }
    }

    /// The devices that a body names by serial number: those that Central was assigned to.
    fn devices_named(&self, session: &Session, body: &Map<String, Value>) -> Result<Vec<u32>, Refusal> {
        let serials = texts(body, "devices")?.ok_or_else(|| bad("devices", "is required"))?;
        if serials.is_empty() {
            return Err(bad("devices", "must name at least one"));
        }
        let index = |serial: &str| {
            let device = self.fleet.by_serial(serial);
            let own = device.filter(|it| it.workspace() == session.workspace && it.assigned());
            own.map(|it| it.index()).ok_or_else(|| Refusal::NotFound(format!("device {serial}")))
        };
        serials.into_iter().map(index).collect()
    }

    fn put(&mut self, session: &Session, kind: Kind, devices: &[u32], into: Option<u32>) {
        let fleet = Arc::make_mut(&mut self.fleet);
        for index in devices {
            match kind {
                Kind::Site => fleet.put_at_site(session.workspace, *index, into),
                Kind::Group => fleet.put_in_group(session.workspace, *index, into),
                Kind::Collection => {}
            }
        }
    }

    /// Puts the devices that a body names into the site or device group that it names.
    pub fn add_to_scope(
        &mut self,
        session: &Session,
        kind: Kind,
        body: &Map<String, Value>,
    ) -> Result<Scope, Refusal> {
        let scope = self.scope_of(session, kind, ("desScopeId", body.get("desScopeId")))?;
        let devices = self.devices_named(session, body)?;
        if let Scope::Site(number) | Scope::Group(number) = scope {
            self.put(session, kind, &devices, Some(number));
        }
        Ok(scope)
    }

    /// Takes the devices that a body names out of their device groups. Gives the groups that they were in.
    pub fn take_out_of_groups(
        &mut self,
        session: &Session,
        body: &Map<String, Value>,
    ) -> Result<Vec<u64>, Refusal> {
        let devices = self.devices_named(session, body)?;
        let group = |index: &u32| self.fleet.device(session.workspace, *index)?.group();
        let mut groups: Vec<_> = devices.iter().filter_map(|index| Some(group(index)?.0)).collect();
        groups.sort_unstable();
        groups.dedup();
        self.put(session, Kind::Group, &devices, None);
        Ok(groups)
    }

    /// The mappings that a body names: one scope, persona and profile each.
    fn mappings(&self, session: &Session, body: &Map<String, Value>) -> Result<Vec<Mapping>, Refusal> {
        const LIST: &str = "scope-map";
        let rows = body.get(LIST).and_then(Value::as_array).filter(|rows| !rows.is_empty());
        let tree = self.fleet.tree(session.workspace);
        let read = |row: &Value| {
            let Value::Object(row) = row else { return Err(bad(LIST, "must be a list of objects")) };
            let id = row.get("scope-name").and_then(digits);
            let id = id.ok_or_else(|| bad("scope-name", "must be an id in digits"))?;
            let scope = Scope::of_id(session.workspace, id).filter(|scope| tree.contains(*scope));
            let persona = needed(row, "persona")?;
            if !PERSONAS.contains(&persona.as_str()) {
                return Err(bad("persona", format!("must be one of {}", PERSONAS.join(", "))));
            }
            let scope = scope.ok_or_else(|| bad("scope-name", format!("there is no scope {id}")))?;
            Ok(Mapping { scope, persona, resource: needed(row, "resource")? })
        };
        rows.ok_or_else(|| bad(LIST, "must be a list of at least one"))?.iter().map(read).collect()
    }

    /// Assigns profiles to scopes. One that is assigned already stays so. How many were not.
    pub fn assign_profiles(
        &mut self,
        session: &Session,
        body: &Map<String, Value>,
    ) -> Result<usize, Refusal> {
        let wanted = self.mappings(session, body)?;
        let scopes = self.fleet.scopes(session.workspace);
        let before = scopes.maps.size();
        let mut maps = scopes.maps.clone();
        wanted.into_iter().for_each(|mapping| maps.insert_mut(mapping));
        let more = maps.size() - before;
        if maps.size() > MOST_MAPPINGS {
            return Err(Conflict::Full("assigned profiles").into());
        }
        if more > 0 {
            Arc::make_mut(&mut self.fleet).say_scopes(session.workspace, |scopes| scopes.maps = maps);
        }
        Ok(more)
    }

    /// Takes profiles from scopes, to which they must be assigned. How many.
    pub fn take_profiles(&mut self, session: &Session, body: &Map<String, Value>) -> Result<usize, Refusal> {
        let wanted = self.mappings(session, body)?;
        let mut maps = self.fleet.scopes(session.workspace).maps.clone();
        let before = maps.size();
        for mapping in &wanted {
            if !maps.remove_mut(mapping) {
                let Mapping { persona, resource, .. } = mapping;
                return Err(Refusal::NotFound(format!("assignment of {resource} for {persona}")));
            }
        }
        let fewer = before - maps.size();
        Arc::make_mut(&mut self.fleet).say_scopes(session.workspace, |scopes| scopes.maps = maps);
        Ok(fewer)
    }
}
