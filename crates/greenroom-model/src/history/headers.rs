//! The headers of a request as an entry keeps them: one text, because many entries are kept.

use std::{
    borrow::Cow,
    fmt::{self, Write as _},
};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Names and values in order, names in lower case.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers {
    /// A line for each name and one for each value: no header has a line break in it.
    lines: String,
}

impl Headers {
    /// No headers yet, with room for so many bytes of them.
    pub fn with_room(bytes: usize) -> Self {
        Self { lines: String::with_capacity(bytes) }
    }

    /// Adds one behind the others.
    pub fn push(&mut self, name: &str, value: impl fmt::Display) {
        for part in [&name as &dyn fmt::Display, &value] {
            // A text takes whatever is written to it.
            let _ = write!(Line(&mut self.lines), "{part}");
            self.lines.push('\n');
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut lines = self.lines.split_terminator('\n');
        std::iter::from_fn(move || Some((lines.next()?, lines.next()?)))
    }

    /// The first value of that name, which is in lower case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(other, _)| *other == name).map(|(_, value)| value)
    }

    /// Gives back what is not needed.
    pub fn shrink(&mut self) {
        self.lines.shrink_to_fit();
    }

    /// How many bytes they take.
    pub(super) fn size(&self) -> usize {
        self.lines.capacity()
    }
}

/// What becomes one line, whatever is written to it.
struct Line<'a>(&'a mut String);

impl fmt::Write for Line<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for (n, part) in text.split('\n').enumerate() {
            self.0.push_str(if n > 0 { " " } else { "" });
            self.0.push_str(part);
        }
        Ok(())
    }
}

impl<N: AsRef<str>, V: fmt::Display> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(headers: I) -> Self {
        let mut all = Self::default();
        headers.into_iter().for_each(|(name, value)| all.push(name.as_ref(), value));
        all
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Serialize for Headers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl JsonSchema for Headers {
    fn schema_name() -> Cow<'static, str> {
        "Headers".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Vec::<(String, String)>::json_schema(generator)
    }
}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<(String, String)>::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn they_are_pairs_in_order_on_the_wire_and_off_it(
            pairs in prop::collection::vec(("[a-z-]{0,9}", "[^\n]{0,20}"), 0..6),
        ) {
            let headers: Headers = pairs.iter().cloned().collect();
            let expected: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            prop_assert_eq!(headers.iter().collect::<Vec<_>>(), expected);
            let json = serde_json::to_string(&headers).unwrap();
            prop_assert_eq!(&json, &serde_json::to_string(&pairs).unwrap());
            prop_assert_eq!(serde_json::from_str::<Headers>(&json).unwrap(), headers);
        }
    }

    #[test]
    fn a_line_break_makes_no_header() {
        let headers: Headers = [("a", "b\nc\nd"), ("e", "f")].into_iter().collect();
        assert_eq!(headers.iter().collect::<Vec<_>>(), [("a", "b c d"), ("e", "f")]);
        assert_eq!((headers.get("e"), headers.get("c")), (Some("f"), None));
    }
}
