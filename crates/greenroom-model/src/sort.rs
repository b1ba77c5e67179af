//! Sort orders: `prop [asc|desc]{, prop [asc|desc]}`, the first one deciding (`central.md §1.5`).

use std::{cmp::Ordering, ops::Range};

use jiff::Timestamp;
use smol_str::{SmolStr, StrExt as _};

use crate::{
    filter::{Field, FilterError},
    nearest,
};

/// One step of a sort order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortKey {
    /// The field.
    pub field: String,
    /// Whether the largest comes first.
    pub descending: bool,
}

/// Reads a sort order over the `known` fields; `asc` and `desc` in any case. Blank text is none.
pub fn parse(text: &str, known: &[&str]) -> Result<Vec<SortKey>, FilterError> {
    parse_from(text, known, false)
}

/// The same, where a field without a direction is one in descending order or not, as is said (the audit log of
/// GLP: "The default sort order is descending").
pub fn parse_from(text: &str, known: &[&str], descending: bool) -> Result<Vec<SortKey>, FilterError> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let mut at = 0;
    let refuse = |at, message: String| Err(FilterError { at, message });
    text.split(',')
        .map(|part| {
            let mut words = words(part, at);
            at += part.len() + 1;
            let Some((place, field)) = words.next() else {
                return refuse(at - 1, "a field is missing".to_owned());
            };
            if !known.contains(&field) {
                let hint = nearest::hint(&nearest::of(field, known));
                return refuse(place, format!("unknown sort field {field}{hint}"));
            }
            let descending = match words.next() {
                None => descending,
                Some((_, word)) if word.eq_ignore_ascii_case("asc") => false,
                Some((_, word)) if word.eq_ignore_ascii_case("desc") => true,
                Some((place, word)) => return refuse(place, format!("{word:?} is neither asc nor desc")),
            };
            match words.next() {
                None => Ok(SortKey { field: field.to_owned(), descending }),
                Some((place, word)) => refuse(place, format!("unexpected {word:?} after the direction")),
            }
        })
        .collect()
}

/// The words of a part that stands `at` a place, each with its own.
fn words(part: &str, at: usize) -> impl Iterator<Item = (usize, &str)> {
    let pieces = part.split_inclusive(char::is_whitespace).scan(at, |next, piece| {
        let place = *next;
        *next += piece.len();
        Some((place, piece.trim_end()))
    });
    pieces.filter(|(_, word)| !word.is_empty())
}

/// The value of a field, to be sorted by. It outlives its row, so that a row is read once and not as
/// often as it is compared.
///
/// Columns hold values of one kind, so the order of kinds matters for null only: it comes first (OData
/// 4.01 §11.2.6.2 for ascending orders).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// Nothing there.
    Null,
    /// A truth value.
    Truth(bool),
    /// A whole number.
    Number(i64),
    /// An instant.
    Instant(Timestamp),
    /// Text that is compared without regard to case, in lower case.
    Word(SmolStr),
    /// Text, compared as it is.
    Text(SmolStr),
}

impl From<Field<'_>> for Value {
    fn from(field: Field<'_>) -> Self {
        match field {
            Field::Null => Self::Null,
            Field::Truth(truth) => Self::Truth(truth),
            Field::Number(number) => Self::Number(number),
            Field::Instant(at) => Self::Instant(at),
            Field::Word(word) => Self::Word(word.to_ascii_lowercase_smolstr()),
            Field::Text(text) => Self::Text(text.into()),
        }
    }
}

/// The numbers of the rows that a page of the sorted list shows: `range` of what sorting all `len`
/// rows by `keys`, equal ones keeping their order, would give. `value` is asked once a row and key.
///
/// A page takes time in proportion to the rows, and to sort no more than the page.
pub fn page<V: Ord>(
    len: usize,
    keys: &[SortKey],
    range: Range<usize>,
    value: impl Fn(usize, &str) -> V,
) -> Vec<usize> {
    let end = range.end.min(len);
    let start = range.start.min(end);
    if keys.is_empty() || start == end {
        return (start..end).collect();
    }
    let value = &value;
    let values_of = |row| keys.iter().map(move |key| value(row, &key.field));
    let values: Vec<V> = (0..len).flat_map(values_of).collect();
    let row = |row: usize| &values[row * keys.len()..(row + 1) * keys.len()];
    // The number of the row settles ties, so that an unstable sort gives the stable order.
    let order = |one: &usize, other: &usize| compare(keys, row(*one), row(*other)).then(one.cmp(other));
    let mut rows: Vec<usize> = (0..len).collect();
    if end < len {
        rows.select_nth_unstable_by(end, order);
        rows.truncate(end);
    }
    if start > 0 {
        rows.select_nth_unstable_by(start, order);
        rows.drain(..start);
    }
    rows.sort_unstable_by(order);
    rows
}

fn compare<V: Ord>(keys: &[SortKey], one: &[V], other: &[V]) -> Ordering {
    let mut steps = keys
        .iter()
        .zip(one)
        .zip(other)
        .map(|((key, one), other)| if key.descending { other.cmp(one) } else { one.cmp(other) });
    steps.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KNOWN: &[&str] = &["a", "b"];

    #[test]
    fn orders_are_read_and_mistakes_named() {
        let key = |field: &str, descending| SortKey { field: field.into(), descending };
        assert_eq!(parse("a, b DESC", KNOWN), Ok(vec![key("a", false), key("b", true)]));
        assert_eq!(parse("a Asc", KNOWN), Ok(vec![key("a", false)]));
        assert_eq!(parse(" ", KNOWN), Ok(vec![]));
        for (bad, at) in [
            ("c", 0),
            ("a, c", 3),
            ("a sideways", 2),
            ("a,b  up", 5),
            ("a,,b", 2),
            ("a, ,b", 3),
            ("a,", 2),
            ("a asc b", 6),
            ("a\u{2003}up", 4),
        ] {
            assert_eq!(parse(bad, KNOWN).unwrap_err().at, at, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn rows_come_out_as_a_comparison_of_tuples_orders_them(mut list: Vec<(u8, u8)>, down: (bool, bool)) {
            let keys = [
                SortKey { field: "a".into(), descending: down.0 },
                SortKey { field: "b".into(), descending: down.1 },
            ];
            let value = |row: usize, name: &str| if name == "a" { list[row].0 } else { list[row].1 };
            let rows = page(list.len(), &keys, 0..list.len(), value);
            let sorted: Vec<_> = rows.into_iter().map(|row| list[row]).collect();
            let turn = |down, order: Ordering| if down { order.reverse() } else { order };
            list.sort_by(|x, y| turn(down.0, x.0.cmp(&y.0)).then(turn(down.1, x.1.cmp(&y.1))));
            prop_assert_eq!(sorted, list);
        }
    }
}
