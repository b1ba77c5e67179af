//! JSON written straight from rows: what looks different there is made as it is written.

use std::fmt;

use greenroom_model::dialect::CentralAbsent;
use serde::{Serialize, Serializer};

/// The text of a value that cannot fail to be JSON.
pub(crate) fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("no map of a row has keys other than text")
}

/// A number in quotes: pycentral reads it back with `int()` (`central.md §1.1`).
pub(crate) struct Quoted(pub(crate) u64);

impl Serialize for Quoted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// The address of a resource, relative to its host.
pub(crate) struct Uri<T>(pub(crate) &'static str, pub(crate) T);

impl<T: fmt::Display> Serialize for Uri<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}{}", self.0, self.1))
    }
}

/// A member of a row that may have no value (dialect `central_absent`). It wants `#[serde(skip_serializing_if =
/// "Member::is_omitted")]`.
pub(crate) enum Member<T> {
    Value(T),
    Null,
    Omitted,
}

impl<T> Member<T> {
    /// How a value, or none, is shown.
    pub(crate) fn of(value: Option<T>, absent: CentralAbsent) -> Self {
        match (value, absent) {
            (Some(value), _) => Self::Value(value),
            (None, CentralAbsent::Null) => Self::Null,
            (None, CentralAbsent::Omitted) => Self::Omitted,
        }
    }

    pub(crate) fn is_omitted(&self) -> bool {
        matches!(self, Self::Omitted)
    }
}

impl<T: Serialize> Serialize for Member<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(serializer),
            Self::Null | Self::Omitted => serializer.serialize_unit(),
        }
    }
}

/// A list of what is made row by row.
pub(crate) struct Rows<F>(pub(crate) F);

impl<I: IntoIterator<Item: Serialize>, F: Fn() -> I> Serialize for Rows<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}
