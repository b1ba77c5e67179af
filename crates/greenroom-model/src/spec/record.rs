//! Maps with known keys: structure, reading, writing and schema from one list of keys.

use serde::ser::{SerializeMap, Serializer};
use serde_json::{Map, Value, json};

use super::form::{Definitions, Form, Keys, Reader};
use crate::yaml::Id;

/// A map with known keys.
pub(super) trait Record: Sized {
    /// Its name among the definitions of the schema.
    const NAME: &'static str;
    /// What it is.
    const ABOUT: &'static str;
    /// Whether names of sites hold within it.
    const SCOPE: bool;

    /// The keys it knows.
    fn keys() -> Vec<&'static str>;
    /// Reads the values of its keys.
    fn take(reader: &mut Reader<'_>, id: Id, keys: &Keys) -> Option<Self>;
    /// Writes its keys and values.
    fn put<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error>;
    /// Describes its keys: properties, and the names of those that must be there.
    fn describe(
        definitions: &mut Definitions,
        properties: &mut Map<String, Value>,
        required: &mut Vec<Value>,
    );
}

/// Reads a record.
pub(super) fn read_record<T: Record>(reader: &mut Reader<'_>, id: Id) -> Option<T> {
    let outer = reader.scope;
    if T::SCOPE {
        reader.scope = id;
    }
    let keys = reader.keys(id, &T::keys());
    let read = keys.and_then(|keys| T::take(reader, id, &keys));
    reader.scope = outer;
    read
}

/// Writes a record.
pub(super) fn write_record<T: Record, S: Serializer>(record: &T, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    record.put(&mut map)?;
    map.end()
}

/// Describes a record among the definitions and points there.
pub(super) fn record_schema<T: Record>(definitions: &mut Definitions) -> Value {
    if !definitions.contains_key(T::NAME) {
        // The place is taken first, so that definitions come in the order in which they are met.
        definitions.insert(T::NAME.to_owned(), Value::Null);
        let (mut properties, mut required) = (Map::new(), Vec::new());
        T::describe(definitions, &mut properties, &mut required);
        let mut schema = json!({
            "description": T::ABOUT, "type": "object", "additionalProperties": false,
        });
        if !required.is_empty() {
            schema["required"] = Value::Array(required);
        }
        schema["properties"] = Value::Object(properties);
        definitions.insert(T::NAME.to_owned(), schema);
    }
    json!({"$ref": format!("#/$defs/{}", T::NAME)})
}

/// A property with what it is about.
pub(super) fn property<T: Form>(definitions: &mut Definitions, about: &str) -> Value {
    let mut property = json!({"description": about});
    if let (Value::Object(property), Value::Object(schema)) = (&mut property, T::schema(definitions)) {
        property.extend(schema);
    }
    property
}

/// Declares the records of world files: structure, reading, writing and schema from one list of keys.
///
/// Keys in the first block must be there, those in the second may be left out. `as "key"` gives a key
/// another name than its field, `..` the keys of another record. `=> defines X` and `=> refers X` say that the value is a name, and
/// `check` names a function that looks at the map as a whole.
macro_rules! records {
    ($(
        $(#[doc = $about:literal])+
        $(@$scope:ident)? $name:ident {
            $(..$part:ident: $part_type:ty,)*
            $($(#[doc = $must_about:literal])+
              $must:ident $(as $must_key:literal)?: $must_type:ty $(=> $must_how:ident $must_kind:ident)?,)*
        } optional {
            $($(#[doc = $may_about:literal])+
              $may:ident $(as $may_key:literal)?: $may_type:ty $(=> $may_how:ident $may_kind:ident)?,)*
            $(..$tail:ident: $tail_type:ty,)*
        } $(check $check:path)?;
    )+) => {$(
        $(#[doc = $about])+
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            $(/// The keys that several kinds share.
              pub $part: $part_type,)*
            $($(#[doc = $must_about])+ pub $must: $must_type,)*
            $($(#[doc = $may_about])+ pub $may: Option<$may_type>,)*
            $(/// The keys that several kinds share.
              pub $tail: $tail_type,)*
        }

        impl $name {
            /// One with what must be there and nothing else.
            #[allow(clippy::new_without_default, reason = "a record may have only optional keys")]
            pub fn new(
                $($part: $part_type,)* $($must: $must_type,)* $($tail: $tail_type,)*
            ) -> Self {
                Self { $($part,)* $($must,)* $($may: None,)* $($tail,)* }
            }
        }

        impl $crate::spec::record::Record for $name {
            const NAME: &'static str = stringify!($name);
            const ABOUT: &'static str = concat!($($about),+).trim_ascii();
            const SCOPE: bool = records!(@scope $($scope)?);

            fn keys() -> Vec<&'static str> {
                #[allow(unused_mut, reason = "a record without shared parts")]
                let mut keys = vec![
                    $(records!(@key $must $($must_key)?),)*
                    $(records!(@key $may $($may_key)?),)*
                ];
                $(keys.extend(<$part_type as $crate::spec::record::Record>::keys());)*
                $(keys.extend(<$tail_type as $crate::spec::record::Record>::keys());)*
                keys
            }

            #[allow(unused_variables, reason = "a record may have only optional keys")]
            fn take(
                reader: &mut $crate::spec::form::Reader<'_>,
                id: $crate::yaml::Id,
                keys: &$crate::spec::form::Keys,
            ) -> Option<Self> {
                $(let $part = <$part_type as $crate::spec::record::Record>::take(reader, id, keys);)*
                $(
                    let $must = match keys.get(records!(@key $must $($must_key)?)) {
                        Some(value) => {
                            let read = <$must_type as $crate::spec::form::Form>::read(reader, value);
                            $(reader.$must_how($crate::spec::names::Name::$must_kind, id, value, read.is_some());)?
                            read
                        }
                        None => {
                            reader.missing(id, keys, records!(@key $must $($must_key)?));
                            None
                        }
                    };
                )*
                $(
                    let $may = match keys.get(records!(@key $may $($may_key)?)) {
                        Some(value) => {
                            let read = <$may_type as $crate::spec::form::Form>::read(reader, value);
                            $(reader.$may_how($crate::spec::names::Name::$may_kind, id, value, read.is_some());)?
                            read.map(Some)
                        }
                        None => Some(None),
                    };
                )*
                $(let $tail = <$tail_type as $crate::spec::record::Record>::take(reader, id, keys);)*
                $($check(reader, id, keys);)?
                Some(Self { $($part: $part?,)* $($must: $must?,)* $($may: $may?,)* $($tail: $tail?,)* })
            }

            fn put<M: serde::ser::SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
                $($crate::spec::record::Record::put(&self.$part, map)?;)*
                $(map.serialize_entry(
                    records!(@key $must $($must_key)?),
                    &$crate::spec::form::Written(&self.$must),
                )?;)*
                $(if let Some(value) = &self.$may {
                    map.serialize_entry(
                        records!(@key $may $($may_key)?),
                        &$crate::spec::form::Written(value),
                    )?;
                })*
                $($crate::spec::record::Record::put(&self.$tail, map)?;)*
                Ok(())
            }

            #[allow(unused_variables, reason = "a record may have only optional keys")]
            fn describe(
                definitions: &mut $crate::spec::form::Definitions,
                properties: &mut serde_json::Map<String, serde_json::Value>,
                required: &mut Vec<serde_json::Value>,
            ) {
                $(<$part_type as $crate::spec::record::Record>::describe(definitions, properties, required);)*
                $({
                    let about = concat!($($must_about),+).trim_ascii();
                    let property = $crate::spec::record::property::<$must_type>(definitions, about);
                    properties.insert(records!(@key $must $($must_key)?).to_owned(), property);
                    required.push(records!(@key $must $($must_key)?).into());
                })*
                $({
                    let about = concat!($($may_about),+).trim_ascii();
                    let property = $crate::spec::record::property::<$may_type>(definitions, about);
                    properties.insert(records!(@key $may $($may_key)?).to_owned(), property);
                })*
                $(<$tail_type as $crate::spec::record::Record>::describe(definitions, properties, required);)*
            }
        }
    )+};
    (@key $field:ident) => { stringify!($field) };
    (@key $field:ident $key:literal) => { $key };
    (@scope) => { false };
    (@scope $scope:ident) => { true };
}

/// Gives records the form of a plain map.
macro_rules! plain_maps {
    ($($name:ty),+ $(,)?) => {$(
        impl $crate::spec::form::Form for $name {
            fn read(
                reader: &mut $crate::spec::form::Reader<'_>,
                id: $crate::yaml::Id,
            ) -> Option<Self> {
                $crate::spec::record::read_record(reader, id)
            }

            fn write<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::spec::record::write_record(self, serializer)
            }

            fn schema(definitions: &mut $crate::spec::form::Definitions) -> serde_json::Value {
                $crate::spec::record::record_schema::<Self>(definitions)
            }
        }
    )+};
}

pub(super) use {plain_maps, records};
