//! JSON written straight from rows: what looks different there is made as it is written.

use std::fmt;

use jiff::{Timestamp, fmt::temporal::DateTimePrinter};
use serde::{Serialize, Serializer};

/// The text of a value that cannot fail to be JSON.
pub(crate) fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("no map of a row has keys other than text")
}

/// An instant as most services write it: milliseconds and `Z`.
#[derive(Clone, Copy)]
pub(crate) struct Iso(pub(crate) Timestamp);

impl Serialize for Iso {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
        let mut text = String::with_capacity(24);
        PRINTER.print_timestamp(&self.0, &mut text).map_err(serde::ser::Error::custom)?;
        serializer.serialize_str(&text)
    }
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

/// A list of what is made row by row.
pub(crate) struct Rows<F>(pub(crate) F);

impl<I: IntoIterator<Item: Serialize>, F: Fn() -> I> Serialize for Rows<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_have_milliseconds_and_the_rest_is_cut_off() {
        for (at, expected) in [
            ("2026-01-01T00:00:00Z", "\"2026-01-01T00:00:00.000Z\""),
            ("2025-09-17T13:06:59.0019Z", "\"2025-09-17T13:06:59.001Z\""),
            ("2025-09-17T13:06:59.999999999Z", "\"2025-09-17T13:06:59.999Z\""),
        ] {
            assert_eq!(text(&Iso(at.parse().unwrap())), expected);
        }
    }
}
