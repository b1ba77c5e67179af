//! Lists, maps, numbers, true and false in a world file.

use std::collections::{BTreeMap, BTreeSet};

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Value, json};

use super::form::{Complaint, Definitions, Form, Reader, Word, Written};
use crate::yaml::{Id, Kind};

/// Reads all items of a list, or none of them.
fn items<T: Form>(reader: &mut Reader<'_>, id: Id) -> Option<Vec<T>> {
    if !reader.is(id, Kind::List) {
        return None;
    }
    let tree = reader.tree;
    let read: Vec<_> = tree.children(id).map(|item| T::read(reader, item)).collect();
    read.into_iter().collect()
}

impl<T: Form> Form for Vec<T> {
    fn read(reader: &mut Reader<'_>, id: Id) -> Option<Self> {
        items(reader, id)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Written))
    }

    fn schema(definitions: &mut Definitions) -> Value {
        json!({"type": "array", "items": T::schema(definitions)})
    }
}

/// A list that is written one item a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows<T>(pub Vec<T>);

impl<T: Form> Form for Rows<T> {
    fn read(reader: &mut Reader<'_>, id: Id) -> Option<Self> {
        items(reader, id).map(Self)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rows = serializer.serialize_seq(Some(self.0.len()))?;
        for row in &self.0 {
            rows.serialize_element(&serde_saphyr::FlowMap(Written(row)))?;
        }
        rows.end()
    }

    fn schema(definitions: &mut Definitions) -> Value {
        Vec::<T>::schema(definitions)
    }
}

impl<T: Form + Ord> Form for BTreeSet<T> {
    fn read(reader: &mut Reader<'_>, id: Id) -> Option<Self> {
        Some(items(reader, id)?.into_iter().collect())
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let items: Vec<_> = self.iter().map(Written).collect();
        serde_saphyr::FlowSeq(items).serialize(serializer)
    }

    fn schema(definitions: &mut Definitions) -> Value {
        Vec::<T>::schema(definitions)
    }
}

impl<K: Word + Ord, V: Form> Form for BTreeMap<K, V> {
    fn read(reader: &mut Reader<'_>, id: Id) -> Option<Self> {
        if !reader.is(id, Kind::Map) {
            return None;
        }
        let (tree, mut map, mut whole) = (reader.tree, Self::new(), true);
        let mut seen = BTreeMap::new();
        for (key, value) in tree.pairs(id) {
            let name = reader.key(key).and_then(|name| match K::of(name) {
                Ok(name) => Some(name),
                Err(Complaint { message, mend }) => {
                    reader.wrong(key, message, mend);
                    None
                }
            });
            let value = V::read(reader, value);
            let first = tree.characters(key).and_then(|name| seen.insert(name, key));
            if let Some(first) = first {
                reader.wrong_like(key, "this key was already given", "keep one of the two", Some(first));
            }
            match (name, value) {
                (Some(name), Some(value)) => _ = map.insert(name, value),
                _ => whole = false,
            }
        }
        whole.then_some(map)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (key, value) in self {
            map.serialize_entry(&key.text(), &Written(value))?;
        }
        map.end()
    }

    fn schema(definitions: &mut Definitions) -> Value {
        let (names, values) = (K::schema(), V::schema(definitions));
        json!({"type": "object", "propertyNames": names, "additionalProperties": values})
    }
}

impl Form for bool {
    fn read(reader: &mut Reader<'_>, id: Id) -> Option<Self> {
        reader
            .is(id, Kind::Truth)
            .then(|| reader.tree.characters(id).is_some_and(|word| word.starts_with(['t', 'T'])))
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(*self)
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({"type": "boolean"})
    }
}

/// The whole number that a word of YAML means: `12`, `0xc`, `0o14` and `12.0` are one.
pub(super) fn whole(word: &str) -> Option<u64> {
    if let Some(digits) = word.strip_prefix("0x") {
        return u64::from_str_radix(digits, 16).ok();
    }
    if let Some(digits) = word.strip_prefix("0o") {
        return u64::from_str_radix(digits, 8).ok();
    }
    word.parse().ok().or_else(|| {
        // What a float can tell apart.
        let number = word.parse::<f64>().ok()?;
        ((0.0..=9_007_199_254_740_991.0).contains(&number) && number.fract() == 0.0).then_some(number as u64)
    })
}

/// Reads a whole number from 0 to `most`.
pub(super) fn number(reader: &mut Reader<'_>, id: Id, most: u64) -> Option<u64> {
    if !reader.is(id, Kind::Number) {
        return None;
    }
    let number = whole(reader.tree.characters(id)?).filter(|number| *number <= most);
    if number.is_none() {
        reader.wrong(id, format!("must be a whole number from 0 to {most}"), "");
    }
    number
}

macro_rules! numbers {
    ($($type:ty),+) => {$(
        impl Form for $type {
            fn read(reader: &mut Reader<'_>, id: Id) -> Option<Self> {
                number(reader, id, Self::MAX.into()).and_then(|number| number.try_into().ok())
            }

            fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_u64((*self).into())
            }

            fn schema(_: &mut Definitions) -> Value {
                json!({"type": "integer", "minimum": 0, "maximum": Self::MAX})
            }
        }
    )+};
}

numbers!(u32, u64);
