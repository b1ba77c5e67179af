//! Scopes of Central in a world file: what is said of sites, site collections and device groups, and which
//! profiles are assigned to what.

use std::borrow::Cow;

use rpds::{RedBlackTreeMapSync, RedBlackTreeSetSync};
use serde::Serializer;
use serde_json::{Value, json};
use smol_str::SmolStr;
use std::sync::Arc;

use super::{
    collections::Rows,
    export::{ExportError, word},
    form::{Complaint, Definitions, Form, Keys, Reader, Word},
    record::{plain_maps, records},
    values::Count,
    words::{Line, NotThis, Text},
};
use crate::{
    fleet::Fleet,
    scope::{self, LONGEST, Mapping, Named, Scope, SiteRow, Timezone},
    world::WorkspaceIx,
    yaml::{Id, Kind},
};

/// A text of a scope.
type ScopeText = Line<{ LONGEST }>;

/// The number of a scope among those of its kind.
pub type ScopeNumber = Count<{ scope::MOST_SCOPES - 1 }>;

records! {
    /// The scopes of a workspace. Those that are not listed are as they follow from its sites and the seed.
    Scopes {} optional {
        /// Sites. Those that `sites` of the workspace names have the first numbers.
        sites: Rows<SiteScope>,
        /// Site collections.
        collections: Rows<NamedScope>,
        /// Device groups. The first three are aps, switches and gateways.
        groups: Rows<NamedScope>,
        /// Configuration profiles that are assigned to scopes.
        profiles: Rows<AssignedProfile>,
    } check each_once;

    /// A site. What is not said follows from the seed.
    SiteScope {
        /// Its number, counted from 0.
        number: ScopeNumber,
    } optional {
        /// Its name.
        name: ScopeText,
        /// The street.
        address: ScopeText,
        /// The city.
        city: ScopeText,
        /// The state or region.
        state: ScopeText,
        /// The country.
        country: ScopeText,
        /// The postal code.
        zipcode: ScopeText,
        /// How far north it is, in degrees.
        latitude: Degrees,
        /// How far east it is, in degrees.
        longitude: Degrees,
        /// The id of its time zone.
        timezone: ScopeText,
        /// What its time zone is called.
        timezone_name: ScopeText,
        /// The offset of its time zone, in the unit in which it was sent.
        timezone_offset: Offset,
        /// The number of its site collection.
        collection: ScopeNumber,
        /// Whether it was deleted: it keeps its number.
        gone: bool,
    } check both_degrees;

    /// A site collection or a device group.
    NamedScope {
        /// Its number, counted from 0.
        number: ScopeNumber,
    } optional {
        /// Its name. Follows from its number.
        name: ScopeText,
        /// What is said about it.
        description: Text<0, { LONGEST }, true>,
        /// Whether it was deleted: it keeps its number.
        gone: bool,
    };

    /// A configuration profile that is assigned to a scope.
    AssignedProfile {
        /// The scope: global, or its kind and number, such as site 0.
        scope: ScopeName,
        /// For which kind of device: CAMPUS_AP.
        persona: ScopeText,
        /// The profile.
        resource: ScopeText,
    } optional {};
}

plain_maps!(Scopes, SiteScope, NamedScope, AssignedProfile);

/// Degrees in digits, as they were sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Degrees(SmolStr);

impl Word for Degrees {
    fn of(text: &str) -> Result<Self, Complaint> {
        let number = text.parse().ok().filter(|number: &f64| number.abs() <= 180.0 && text.len() <= 32);
        number.map(|_| Self(text.into())).ok_or_else(|| Complaint {
            message: "must be a number from -180 to 180".to_owned(),
            mend: "write it in digits".to_owned(),
        })
    }

    fn text(&self) -> Cow<'_, str> {
        self.0.as_str().into()
    }

    fn schema() -> Value {
        json!({"type": "string", "maxLength": 32})
    }
}

impl std::str::FromStr for Degrees {
    type Err = NotThis;

    fn from_str(text: &str) -> Result<Self, NotThis> {
        Self::of(text).map_err(NotThis::from)
    }
}

/// The offset of a time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offset(pub i32);

impl Form for Offset {
    fn read(reader: &mut Reader<'_>, id: Id) -> Option<Self> {
        if !reader.is(id, Kind::Number) {
            return None;
        }
        let offset = reader.tree.characters(id)?.parse().ok().map(Self);
        if offset.is_none() {
            reader.wrong(id, format!("must be a whole number from {} to {}", i32::MIN, i32::MAX), "");
        }
        offset
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i32(self.0)
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({"type": "integer", "minimum": i32::MIN, "maximum": i32::MAX})
    }
}

/// The number of a scope that a device was put into, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(pub Option<ScopeNumber>);

const NONE: &str = "none";

impl Place {
    /// The number.
    pub(super) fn number(self) -> Option<u32> {
        self.0.map(ScopeNumber::get)
    }

    pub(super) fn of(number: Option<u32>) -> Self {
        Self(number.and_then(ScopeNumber::new))
    }
}

impl Form for Place {
    fn read(reader: &mut Reader<'_>, id: Id) -> Option<Self> {
        match reader.tree.characters(id) {
            Some(NONE) => Some(Self(None)),
            _ => ScopeNumber::read(reader, id).map(|number| Self(Some(number))),
        }
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(number) => number.write(serializer),
            None => serializer.serialize_str(NONE),
        }
    }

    fn schema(definitions: &mut Definitions) -> Value {
        json!({"anyOf": [ScopeNumber::schema(definitions), {"const": NONE}]})
    }
}

/// What a scope is called here: `global`, or its kind and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScopeName(Scope);

const GLOBAL: &str = "global";

impl Word for ScopeName {
    fn of(text: &str) -> Result<Self, Complaint> {
        let numbered = |kind: &str, number: &str| {
            let number = number.parse().ok()?;
            Some(match kind {
                "collection" => Scope::Collection(number),
                "site" => Scope::Site(number),
                "group" => Scope::Group(number),
                "device" => Scope::Device(number),
                _ => return None,
            })
        };
        let scope = match text.split_once(' ') {
            None => (text == GLOBAL).then_some(Scope::Global),
            Some((kind, number)) => numbered(kind, number),
        };
        scope.map(Self).ok_or_else(|| Complaint {
            message: format!("{text:?} is no scope"),
            mend: "write global, or collection, site, group or device and a number, such as site 0"
                .to_owned(),
        })
    }

    fn text(&self) -> Cow<'_, str> {
        match self.0 {
            Scope::Global => GLOBAL.into(),
            Scope::Collection(number) => format!("collection {number}").into(),
            Scope::Site(number) => format!("site {number}").into(),
            Scope::Group(number) => format!("group {number}").into(),
            Scope::Device(number) => format!("device {number}").into(),
        }
    }

    fn schema() -> Value {
        json!({"type": "string", "pattern": "^(global|(collection|site|group|device) [0-9]+)$"})
    }
}

impl std::str::FromStr for ScopeName {
    type Err = NotThis;

    fn from_str(text: &str) -> Result<Self, NotThis> {
        Self::of(text).map_err(NotThis::from)
    }
}

fn both_degrees(reader: &mut Reader<'_>, _: Id, keys: &Keys) {
    let (latitude, longitude) = (keys.get("latitude"), keys.get("longitude"));
    if let (Some(alone), None) | (None, Some(alone)) = (latitude, longitude) {
        reader.wrong(alone, "latitude and longitude go together", "say both, or none");
    }
}

/// No two of a kind have one number or one name.
fn each_once(reader: &mut Reader<'_>, id: Id, _: &Keys) {
    for kind in ["sites", "collections", "groups"] {
        let Some(rows) = reader.at(id, kind).filter(|rows| reader.tree.kind(*rows) == Kind::List) else {
            continue;
        };
        let tree = reader.tree;
        for key in ["number", "name"] {
            let mut seen = std::collections::HashMap::new();
            let mut twice = Vec::new();
            for row in tree.children(rows) {
                let gone = reader.at(row, "gone").and_then(|gone| tree.characters(gone)) == Some("true");
                let Some(value) = reader.at(row, key).filter(|_| key == "number" || !gone) else { continue };
                if let Some(first) = tree.characters(value).and_then(|text| seen.insert(text, value)) {
                    twice.push((value, first));
                }
            }
            for (second, first) in twice {
                let message = format!("this {key} was already given");
                reader.wrong_like(second, message, "give each its own", Some(first));
            }
        }
    }
}

impl SiteScope {
    fn row(&self, fleet: &Fleet, home: WorkspaceIx) -> Option<Arc<SiteRow>> {
        if self.gone == Some(true) {
            return None;
        }
        let said = |text: &Option<ScopeText>, usual: SmolStr| {
            text.as_ref().map_or(usual, |text| SmolStr::new(text.as_str()))
        };
        let usual = fleet.usual_site(home, self.number.get());
        let degrees = |degrees: &Option<Degrees>| degrees.as_ref().map(|degrees| degrees.0.clone());
        Some(Arc::new(SiteRow {
            name: said(&self.name, usual.name),
            address: said(&self.address, usual.address),
            city: said(&self.city, usual.city),
            state: said(&self.state, usual.state),
            country: said(&self.country, usual.country),
            zipcode: said(&self.zipcode, usual.zipcode),
            place: match (degrees(&self.latitude), degrees(&self.longitude)) {
                (Some(latitude), Some(longitude)) => Some([latitude, longitude]),
                // Somewhere else, it need not be said where exactly.
                _ => usual.place.filter(|_| self.address.is_none()),
            },
            timezone: Timezone {
                id: said(&self.timezone, usual.timezone.id),
                name: said(&self.timezone_name, usual.timezone.name),
                offset: self.timezone_offset.map_or(usual.timezone.offset, |offset| offset.0),
            },
            collection: self.collection.map(ScopeNumber::get),
        }))
    }
}

impl NamedScope {
    fn row(&self, usual: impl FnOnce(u32) -> SmolStr) -> Option<Arc<Named>> {
        let text = |text: &str| SmolStr::new(text);
        (self.gone != Some(true)).then(|| {
            Arc::new(Named {
                name: self.name.as_ref().map_or_else(|| usual(self.number.get()), |name| text(name.as_str())),
                description: self.description.as_ref().map(|it| text(it.as_str())).unwrap_or_default(),
            })
        })
    }
}

impl Scopes {
    /// Says it of the scopes of a workspace that has its devices.
    pub(super) fn say(&self, fleet: &mut Fleet, home: WorkspaceIx) {
        let sites = self.sites.iter().flat_map(|rows| &rows.0);
        let sites: RedBlackTreeMapSync<_, _> =
            sites.map(|site| (site.number.get(), site.row(fleet, home))).collect();
        let named = |rows: &Option<Rows<NamedScope>>, usual: fn(u32) -> SmolStr| {
            let rows = rows.iter().flat_map(|rows| &rows.0);
            rows.map(|row| (row.number.get(), row.row(usual))).collect::<RedBlackTreeMapSync<_, _>>()
        };
        let collections = named(&self.collections, |number| format!("Collection {number}").into());
        let groups = named(&self.groups, |number| {
            scope::usual_group_name(number)
                .map_or_else(|| format!("Group {number}").into(), SmolStr::new_static)
        });
        let maps = self.profiles.iter().flat_map(|rows| &rows.0).map(|row| Mapping {
            scope: row.scope.0,
            persona: SmolStr::new(row.persona.as_str()),
            resource: SmolStr::new(row.resource.as_str()),
        });
        let maps: RedBlackTreeSetSync<_> = maps.collect();
        fleet.say_scopes(home, |scopes| {
            *scopes = scope::Scopes { sites, collections, groups, maps };
        });
    }
}

/// What is said of scopes, if anything is.
pub(super) fn written(scopes: &scope::Scopes) -> Result<Option<Scopes>, ExportError> {
    fn some<T>(all: Vec<T>) -> Option<Rows<T>> {
        Some(all).filter(|all| !all.is_empty()).map(Rows)
    }
    let number = |number: &u32| ScopeNumber::new(*number).unwrap_or_default();
    let sites = scopes.sites.iter().map(|(at, row)| {
        let plain = SiteScope::new(number(at));
        let Some(row) = row else { return Ok(SiteScope { gone: Some(true), ..plain }) };
        let [latitude, longitude] = match &row.place {
            Some([latitude, longitude]) => {
                [Some(word("latitude", latitude)?), Some(word("longitude", longitude)?)]
            }
            None => [None, None],
        };
        Ok(SiteScope {
            name: Some(word("name of a site", &row.name)?),
            address: Some(word("address", &row.address)?),
            city: Some(word("city", &row.city)?),
            state: Some(word("state", &row.state)?),
            country: Some(word("country", &row.country)?),
            zipcode: Some(word("postal code", &row.zipcode)?),
            latitude,
            longitude,
            timezone: Some(word("time zone", &row.timezone.id)?),
            timezone_name: Some(word("time zone", &row.timezone.name)?),
            timezone_offset: Some(Offset(row.timezone.offset)),
            collection: row.collection.as_ref().map(number),
            ..plain
        })
    });
    let named = |rows: &RedBlackTreeMapSync<u32, Option<Arc<Named>>>| {
        let rows = rows.iter().map(|(at, row)| {
            let plain = NamedScope::new(number(at));
            let Some(row) = row else { return Ok(NamedScope { gone: Some(true), ..plain }) };
            Ok(NamedScope {
                name: Some(word("name of a scope", &row.name)?),
                description: Some(word("description", &row.description)?),
                ..plain
            })
        });
        rows.collect::<Result<Vec<_>, ExportError>>()
    };
    let maps = scopes.maps.iter().map(|mapping| {
        Ok(AssignedProfile {
            scope: ScopeName(mapping.scope),
            persona: word("persona", &mapping.persona)?,
            resource: word("profile", &mapping.resource)?,
        })
    });
    let scopes = Scopes {
        sites: some(sites.collect::<Result<_, ExportError>>()?),
        collections: some(named(&scopes.collections)?),
        groups: some(named(&scopes.groups)?),
        profiles: some(maps.collect::<Result<_, ExportError>>()?),
    };
    Ok(Some(scopes).filter(|scopes| *scopes != Scopes::new()))
}
