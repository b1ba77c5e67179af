//! Sort orders: `prop [asc|desc]{, prop [asc|desc]}`, the first one deciding (`central.md §1.5`).

use std::{cmp::Ordering, ops::Range};

use crate::{filter::FilterError, nearest};

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
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let mut at = 0;
    text.split(',')
        .map(|part| {
            let start = at + part.len() - part.trim_start().len();
            at += part.len() + 1;
            let refuse = |message: String| FilterError { at: start, message };
            let mut words = part.split_whitespace();
            let field = words.next().ok_or_else(|| refuse("a field is missing".to_owned()))?;
            if !known.contains(&field) {
                let hint = nearest::hint(&nearest::of(field, known));
                return Err(refuse(format!("unknown sort field {field}{hint}")));
            }
            let descending = match words.next() {
                None => false,
                Some(word) if word.eq_ignore_ascii_case("asc") => false,
                Some(word) if word.eq_ignore_ascii_case("desc") => true,
                Some(word) => return Err(refuse(format!("{word:?} is neither asc nor desc"))),
            };
            match words.next() {
                None => Ok(SortKey { field: field.to_owned(), descending }),
                Some(word) => Err(refuse(format!("unexpected {word:?} after the direction"))),
            }
        })
        .collect()
}

/// Sorts rows by `keys`, equal ones keeping their order. `value` gives what is compared.
pub fn rows<T, V: Ord>(rows: &mut [T], keys: &[SortKey], value: impl Fn(&T, &str) -> V) {
    let all = 0..rows.len();
    let mut places = page(rows.len(), keys, all, |row, name| value(&rows[row], name));
    // Where the row came from that belongs here: it has moved if its own place is settled already.
    for place in 0..places.len() {
        let mut from = places[place];
        while from < place {
            from = places[from];
        }
        places[place] = from;
        rows.swap(place, from);
    }
}

/// The numbers of the rows that a page of the sorted list shows: `range` of what sorting all `len`
/// rows by `keys`, equal ones keeping their order, would give. `value` is asked once a row and key.
///
/// A [`Field`](crate::filter::Field) is a value that sorts as it should. A page takes time in
/// proportion to the rows, and to sort no more than the page.
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
        for (bad, at) in [("c", 0), ("a, c", 3), ("a up", 0), ("a,,b", 2), ("a asc b", 0)] {
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
            let mut sorted = list.clone();
            let text = |row: &(u8, u8), name: &str| format!("{:03}", if name == "a" { row.0 } else { row.1 });
            rows(&mut sorted, &keys, text);
            let turn = |down, order: Ordering| if down { order.reverse() } else { order };
            list.sort_by(|x, y| turn(down.0, x.0.cmp(&y.0)).then(turn(down.1, x.1.cmp(&y.1))));
            prop_assert_eq!(sorted, list);
        }
    }
}
