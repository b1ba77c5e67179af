//! Cutting a list into pages: by item offset (GLP) or by page number (Central).

use std::ops::Range;

/// The rows `offset .. offset + limit` of a list of `total`.
pub fn by_offset(total: usize, offset: usize, limit: usize) -> Range<usize> {
    let start = offset.min(total);
    start..start.saturating_add(limit).min(total)
}

/// One page of a Central list (`central.md §1.6`): its rows and the number of the next page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbered {
    /// The rows of this page.
    pub rows: Range<usize>,
    /// The number of the next page, `None` on the last one.
    pub next: Option<usize>,
    /// Whether the page lies behind the last one.
    pub past_end: bool,
}

/// Page `page` (counted from 1) of `limit` rows. A limit of 0 gives no rows and no next page.
pub fn by_number(total: usize, page: usize, limit: usize) -> Numbered {
    let page = page.max(1);
    let start = (page - 1).saturating_mul(limit);
    let rows = by_offset(total, start, limit);
    let next = (rows.end < total && !rows.is_empty()).then(|| page + 1);
    Numbered { past_end: page > 1 && limit > 0 && start >= total, rows, next }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn walking_the_offsets_meets_every_row_once(total in 0usize..500, limit in 1usize..60) {
            let mut seen = Vec::new();
            while seen.len() < total {
                let rows = by_offset(total, seen.len(), limit);
                prop_assert!(!rows.is_empty() && rows.len() <= limit);
                seen.extend(rows);
            }
            prop_assert_eq!(seen, (0..total).collect::<Vec<_>>());
            prop_assert!(by_offset(total, total, limit).is_empty());
        }

        #[test]
        fn walking_the_numbers_meets_every_row_once(total in 0usize..500, limit in 1usize..60) {
            let (mut seen, mut page) = (Vec::new(), Some(1));
            while let Some(number) = page {
                let numbered = by_number(total, number, limit);
                prop_assert!(!numbered.past_end);
                prop_assert!(numbered.next.is_none() || numbered.rows.len() == limit);
                seen.extend(numbered.rows);
                page = numbered.next;
            }
            prop_assert_eq!(seen, (0..total).collect::<Vec<_>>());
        }

        #[test]
        fn no_offset_limit_or_page_overflows(
            total in any::<usize>(), at in any::<usize>(), limit in any::<usize>()
        ) {
            let rows = by_offset(total, at, limit);
            prop_assert!(rows.start <= rows.end && rows.end <= total);
            by_number(total, at, limit);
        }
    }

    #[test]
    fn edges() {
        assert_eq!(by_number(5, 1, 0), Numbered { rows: 0..0, next: None, past_end: false });
        assert_eq!(by_number(0, 1, 10), Numbered { rows: 0..0, next: None, past_end: false });
        assert_eq!(by_number(9, 0, 5), by_number(9, 1, 5), "there is no page before the first");
        assert_eq!(by_number(10, 2, 10), Numbered { rows: 10..10, next: None, past_end: true });
    }
}
