//! Filters: one parser for all services, and per service what of it may be used.
//!
//! The union of all grammars is read first (`glp.md §9`, `central.md §1.4`), then the tree is
//! checked against a [`Grammar`], so that a mistake is reported with its place and
//! in the terms of the service that was asked. What values mean is worked out then, once, so that a
//! row costs no more than comparing.

mod check;
pub mod grammar;
pub mod grammars;
mod parse;

use std::{cmp::Ordering, ops::Deref};

use jiff::Timestamp;

pub use self::grammar::{Grammar, Kind, Op};
use crate::time::Iso;

/// Why a filter is refused, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} at position {at}")]
pub struct FilterError {
    /// Bytes from the start of the filter.
    pub at: usize,
    /// What is wrong, in words for whoever wrote the filter.
    pub message: String,
}

/// Reads a filter and checks it against what the service accepts. Text that is empty or blank is no
/// filter at all (`glp.md §9`).
pub fn parse(text: &str, grammar: Grammar) -> Result<Option<Filter>, FilterError> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Ok(None);
    }
    let inside = trimmed.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    let whole = inside.filter(|inside| grammar.quoted_whole && !inside.contains('\''));
    let (filter, skipped) = match whole {
        Some(inside) => (inside, text.len() - text.trim_start().len() + 1),
        None => (text, 0),
    };
    parse::parse(filter, &grammar)
        .and_then(|written| check::check(written, &grammar, skipped > 0))
        .map(Some)
        .map_err(|error| FilterError { at: error.at + skipped, ..error })
}

/// A filter that was understood.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// Any of these.
    Or(Vec<Self>),
    /// All of these.
    And(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
    /// A field against literals: one, or any of several for `in`.
    Compare {
        /// The field, as the service names it.
        field: String,
        /// What is asked of it.
        op: Op,
        /// What it is compared with.
        literals: Vec<Literal>,
    },
}

impl Filter {
    /// Whether a row passes. `field` gives the row's value for the name of a field.
    pub fn matches<'a>(&self, field: &impl Fn(&str) -> Field<'a>) -> bool {
        match self {
            Self::Or(terms) => terms.iter().any(|term| term.matches(field)),
            Self::And(terms) => terms.iter().all(|term| term.matches(field)),
            Self::Not(term) => !term.matches(field),
            Self::Compare { field: name, op, literals } => {
                let value = field(name);
                literals.iter().any(|literal| literal.passes(&value, *op))
            }
        }
    }
}

/// A value in a filter.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `'text'`
    Quoted(Value),
    /// Anything without quotes: a number, `true`, `null`, a timestamp, or a bare word.
    Bare(Value),
}

/// What a literal says, read once in every way that a row may ask for. It is the text in the first
/// place.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    text: String,
    /// Whether it is null, and no text at all.
    null: bool,
    /// The text in lower case.
    word: String,
    number: Option<Number>,
    truth: Option<bool>,
    instant: Option<Timestamp>,
}

impl Value {
    fn read(text: String) -> Self {
        let number = if Kind::Number.holds(&text) { Number::read(&text) } else { None };
        let (word, truth, instant) = (text.to_ascii_lowercase(), text.parse().ok(), instant(&text));
        Self { text, null: false, word, number, truth, instant }
    }

    fn null() -> Self {
        Self { null: true, ..Self::read("null".to_owned()) }
    }
}

impl Deref for Value {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Number {
    Whole(i64),
    Decimal(f64),
}

impl Number {
    fn read(text: &str) -> Option<Self> {
        let decimal = || text.parse().ok().map(Self::Decimal);
        text.parse().ok().map(Self::Whole).or_else(decimal)
    }
}

impl Literal {
    /// The text it is, unless it is null.
    pub fn text(&self) -> Option<&str> {
        let value = self.value();
        (!value.null).then_some(&*value.text)
    }

    fn value(&self) -> &Value {
        let (Self::Quoted(value) | Self::Bare(value)) = self;
        value
    }

    /// Whether the value of a row passes the comparison with this one.
    fn passes(&self, field: &Field<'_>, op: Op) -> bool {
        let order = || self.order(field);
        match op {
            Op::Eq | Op::In => order() == Some(Ordering::Equal),
            Op::Ne => order() != Some(Ordering::Equal),
            Op::Gt => order().is_some_and(Ordering::is_gt),
            Op::Ge => order().is_some_and(Ordering::is_ge),
            Op::Lt => order().is_some_and(Ordering::is_lt),
            Op::Le => order().is_some_and(Ordering::is_le),
            Op::Contains | Op::StartsWith | Op::EndsWith => field.has_part(op, self.value()),
        }
    }

    /// How the value of a row relates to this one; nothing if they cannot be compared. Null equals
    /// null, and is neither less nor greater than anything (`glp.md §9`; the user management guide).
    fn order(&self, field: &Field<'_>) -> Option<Ordering> {
        let value = self.value();
        match field {
            _ if value.null => matches!(field, Field::Null).then_some(Ordering::Equal),
            Field::Null => None,
            Field::Text(text) => Some((*text).cmp(&value.text)),
            Field::Word(word) => Some(lower(word).cmp(value.word.bytes())),
            Field::Number(number) => match value.number? {
                Number::Whole(other) => Some(number.cmp(&other)),
                Number::Decimal(other) => (*number as f64).partial_cmp(&other),
            },
            Field::Truth(truth) => Some(truth.cmp(&value.truth?)),
            Field::Instant(at) => Some(at.cmp(&value.instant?)),
        }
    }
}

/// The value of a field of one row, to be filtered and sorted by.
#[derive(Clone, Debug)]
pub enum Field<'a> {
    /// Text, compared as it is.
    Text(&'a str),
    /// Text, compared without regard to case (Central's enums and `isProvisioned`).
    Word(&'a str),
    /// A whole number.
    Number(i64),
    /// A truth value.
    Truth(bool),
    /// An instant.
    Instant(Timestamp),
    /// Nothing there.
    Null,
}

impl Field<'_> {
    /// Whether `part` is in the right place of the text. What is no text is taken as the services
    /// write it, since `2020 in createdAt` is a documented sample (the user management guide).
    fn has_part(&self, op: Op, part: &Value) -> bool {
        let text = |text: &str| match op {
            Op::StartsWith => text.starts_with(&part.text),
            Op::EndsWith => text.ends_with(&part.text),
            _ => text.contains(&part.text),
        };
        match self {
            Field::Null => false,
            Field::Text(value) => text(value),
            Field::Word(value) => has_part_of_word(op, value.as_bytes(), part.word.as_bytes()),
            Field::Number(number) => text(&number.to_string()),
            Field::Truth(truth) => text(&truth.to_string()),
            Field::Instant(at) => text(&Iso(*at).to_string()),
        }
    }
}

fn lower(text: &str) -> impl Iterator<Item = u8> {
    text.bytes().map(|byte| byte.to_ascii_lowercase())
}

fn has_part_of_word(op: Op, word: &[u8], part: &[u8]) -> bool {
    match op {
        _ if part.is_empty() => true,
        Op::StartsWith => word.get(..part.len()).is_some_and(|start| start.eq_ignore_ascii_case(part)),
        Op::EndsWith => {
            let start = word.len().checked_sub(part.len());
            start.is_some_and(|start| word[start..].eq_ignore_ascii_case(part))
        }
        _ => word.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part)),
    }
}

/// An instant with a zone, or without one and then in UTC, as HPE's samples write it.
fn instant(text: &str) -> Option<Timestamp> {
    text.parse().or_else(|_| format!("{text}Z").parse()).ok()
}

#[cfg(test)]
mod tests;
