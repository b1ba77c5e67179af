//! What of a list is asked for: which rows, in which order, and which of their members.

use std::ops::Range;

use greenroom_model::{
    filter::{self, Field, Filter, FilterError, Grammar},
    refusal::Refusal,
    select::{Selection, Unknown},
    sort::{self, SortKey},
    world::World,
};

use super::read_filter;
use crate::{route::Ask, table};

/// What can be asked for.
pub(super) struct Known {
    /// `filter`.
    pub(super) filter: Grammar,
    /// `filter-tags`.
    pub(super) tags: Grammar,
    /// `sort`.
    pub(super) sort: &'static [&'static str],
    /// `select`.
    pub(super) members: &'static [&'static str],
}

/// What is asked for.
pub(super) struct Choice {
    pub(super) filter: Option<Filter>,
    tags: Option<Filter>,
    sort: Vec<SortKey>,
    /// The members that are shown.
    pub(super) selection: Selection,
}

impl Choice {
    /// Reads what a request says. Not every list has `filter-tags`, so that they are handed in.
    pub(super) fn read(world: &World, ask: &Ask, filter_tags: &str, known: &Known) -> Result<Self, Refusal> {
        let refuse = |name| move |error: FilterError| Refusal::Query { name, message: error.to_string() };
        let filter = read_filter(world, ask, known.filter)?;
        let of_tags = known.tags.spoken(&world.dialect);
        let tags = filter::parse(filter_tags, of_tags).map_err(refuse("filter-tags"))?;
        let sort = sort::parse(ask.text("sort").unwrap_or_default(), known.sort).map_err(refuse("sort"))?;
        let selection = Selection::parse(ask.texts("select"), known.members, Unknown::Ignored)
            .map_err(refuse("select"))?;
        Ok(Self { filter, tags, sort, selection })
    }

    /// Whether every row is wanted, in the order in which they are.
    pub(super) fn is_all(&self) -> bool {
        self.filter.is_none() && self.tags.is_none() && self.sort.is_empty()
    }

    /// Whether a row is wanted, whose tags are these.
    pub(super) fn wants<'r>(&self, row: &'r impl table::Row, tag: impl Fn(&str) -> Field<'r>) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.matches(&|name| row.field(name)))
            && self.tags.as_ref().is_none_or(|tags| tags.matches(&tag))
    }

    /// Which of so many rows stand in a range once they are in order; `value` gives a field of one.
    pub(super) fn sorted(
        &self,
        total: usize,
        range: Range<usize>,
        value: impl Fn(usize, &str) -> sort::Value,
    ) -> Vec<usize> {
        sort::page(total, &self.sort, range, value)
    }
}
