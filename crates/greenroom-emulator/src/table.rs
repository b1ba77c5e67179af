//! Lists over rows whose fields are read one by one: only the rows of the page that is shown are ever
//! built.

use std::{cmp::Ordering, ops::Range};

use greenroom_model::{
    filter::{Field, Filter, Literal, Op},
    sort::SortKey,
};

/// Something of which a list shows rows.
pub(crate) trait Row {
    /// The value of a field, under the name that filters and sort orders use.
    fn field(&self, name: &str) -> Field<'_>;
}

/// How `keys` order two rows.
pub(crate) fn compare(one: &impl Row, other: &impl Row, keys: &[SortKey]) -> Ordering {
    let step = |key: &SortKey| {
        let order = one.field(&key.field).cmp(&other.field(&key.field));
        if key.descending { order.reverse() } else { order }
    };
    keys.iter().map(step).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// The `rows` of a list that `order` would sort, without sorting the rest of it.
pub(crate) fn sorted<T>(
    list: &mut [T],
    rows: Range<usize>,
    mut order: impl FnMut(&T, &T) -> Ordering,
) -> &[T] {
    let (start, length) = (rows.start.min(list.len()), rows.len());
    if 0 < start && start < list.len() {
        list.select_nth_unstable_by(start, &mut order);
    }
    let rest = &mut list[start..];
    if 0 < length && length < rest.len() {
        rest.select_nth_unstable_by(length, &mut order);
    }
    let length = length.min(rest.len());
    let shown = &mut rest[..length];
    shown.sort_unstable_by(&mut order);
    shown
}

/// The texts of which a field that is never null has one in every row that passes, if the filter says
/// so much: such rows need not be searched for.
pub(crate) fn only<'a>(filter: &'a Filter, name: &str) -> Option<Vec<&'a str>> {
    match filter {
        Filter::And(terms) => terms.iter().find_map(|term| only(term, name)),
        Filter::Compare { field, op: Op::Eq | Op::In, literals } if field == name => {
            let text = |literal: &'a Literal| match literal {
                Literal::Quoted(text) | Literal::Bare(text) => &**text,
            };
            Some(literals.iter().map(text).collect())
        }
        _ => None,
    }
}

/// Whether a filter asks about a field.
pub(crate) fn mentions(filter: &Filter, name: &str) -> bool {
    match filter {
        Filter::And(terms) | Filter::Or(terms) => terms.iter().any(|term| mentions(term, name)),
        Filter::Not(term) => mentions(term, name),
        Filter::Compare { field, .. } => field == name,
    }
}

#[cfg(test)]
mod tests {
    use greenroom_model::filter::{self, grammars::GLP_DEVICES};

    use super::*;

    #[test]
    fn a_page_of_a_sorted_list_is_what_sorting_all_of_it_shows() {
        for number in 0..3_usize.pow(6) {
            let list: Vec<_> = (0..6).map(|place| (number / 3_usize.pow(place) % 3, place)).collect();
            let mut all = list.clone();
            all.sort_unstable();
            for (start, end) in (0..8).flat_map(|start| (start..9).map(move |end| (start, end))) {
                let expected = &all[start.min(6)..end.min(6)];
                assert_eq!(sorted(&mut list.clone(), start..end, Ord::cmp), expected, "{start}..{end}");
            }
        }
    }

    #[test]
    fn a_filter_says_of_which_values_a_field_must_have_one() {
        for (text, only_serials, asks_model) in [
            ("serialNumber eq 'A'", Some(vec!["A"]), false),
            ("model eq 'x' and serialNumber in 'A', 'B'", Some(vec!["A", "B"]), true),
            ("(serialNumber eq 'A' or model eq 'x') and id eq 'y'", None, true),
            ("serialNumber ne 'A'", None, false),
            ("not serialNumber eq 'A'", None, false),
            ("not model eq 'x'", None, true),
            ("serialNumber ge 'A'", None, false),
            ("id eq 'A'", None, false),
        ] {
            let filter = filter::parse(text, GLP_DEVICES).unwrap().unwrap();
            assert_eq!(only(&filter, "serialNumber"), only_serials, "{text}");
            assert_eq!(mentions(&filter, "model"), asks_model, "{text}");
        }
    }
}
