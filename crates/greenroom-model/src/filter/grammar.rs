//! What of the union of all grammars a service accepts, as data.

use std::fmt;

use super::instant;
use crate::dialect::{Dialect, OperatorCase, QuotedTruth, UnquotedLiteral};

/// What may be asked of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// `eq`
    Eq,
    /// `ne`
    Ne,
    /// `gt`
    Gt,
    /// `ge`
    Ge,
    /// `lt`
    Lt,
    /// `le`
    Le,
    /// `in`
    In,
    /// `contains(field,'x')`
    Contains,
    /// `startswith(field,'x')`
    StartsWith,
    /// `endswith(field,'x')`
    EndsWith,
}

impl Op {
    const ALL: [Self; 10] = [
        Self::Eq,
        Self::Ne,
        Self::Gt,
        Self::Ge,
        Self::Lt,
        Self::Le,
        Self::In,
        Self::Contains,
        Self::StartsWith,
        Self::EndsWith,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Lt => "lt",
            Self::Le => "le",
            Self::In => "in",
            Self::Contains => "contains",
            Self::StartsWith => "startswith",
            Self::EndsWith => "endswith",
        }
    }

    /// The one that is called so.
    pub(super) fn named(word: &str, any_case: bool) -> Option<Self> {
        Self::ALL.into_iter().find(|op| is_word(op.name(), word, any_case))
    }

    /// The names of all that are written between a field and a value, or of all that are functions.
    pub(super) fn names(functions: bool) -> Vec<&'static str> {
        Self::ALL.into_iter().filter(|op| op.is_function() == functions).map(Self::name).collect()
    }

    /// Whether it is written as a function.
    pub(super) fn is_function(self) -> bool {
        matches!(self, Self::Contains | Self::StartsWith | Self::EndsWith)
    }
}

/// Whether a word of the grammar is written so.
pub(super) fn is_word(known: &str, written: &str, any_case: bool) -> bool {
    if any_case { known.eq_ignore_ascii_case(written) } else { known == written }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A number.
    Number,
    /// `true` or `false`.
    Truth,
    /// An instant, with a zone or in UTC.
    Instant,
}

impl Kind {
    /// Whether `text` is a value of this kind. Numbers are integers and decimals, as the user
    /// management guide lists them: no exponents, no infinities.
    pub(super) fn holds(self, text: &str) -> bool {
        match self {
            Self::Text => true,
            Self::Number => is_number(text),
            Self::Truth => text.parse::<bool>().is_ok(),
            Self::Instant => instant(text).is_some(),
        }
    }
}

fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    match unsigned.split_once('.') {
        Some((whole, part)) => digits(whole) && digits(part),
        None => digits(unsigned),
    }
}

/// A way to write the values after `in`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// `in 'a', 'b'`
    Commas,
    /// `in ['a', 'b']`
    Brackets,
    /// `in ('a', 'b')`
    Parentheses,
}

impl List {
    /// Every form: what GLP's services get (`glp.md §10 row 29`).
    pub const ALL: &'static [Self] = &[Self::Commas, Self::Brackets, Self::Parentheses];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Commas => "without brackets",
            Self::Brackets => "in [ ]",
            Self::Parentheses => "in ( )",
        }
    }
}

/// Whether values that are no text stand in single quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quotes {
    /// They must not.
    Never,
    /// They must.
    Always,
    /// Either way.
    Either,
}

/// What conditions may be about.
#[derive(Clone, Copy, Debug)]
pub enum Fields {
    /// These fields, each with what it holds and what may be asked of it.
    Named(&'static [(&'static str, Kind, &'static [Op])]),
    /// The tags of a resource: keys of any name, in quotes, holding text (`glp.md §9` filter-tags).
    Tags(&'static [Op]),
}

impl Fields {
    /// The field of that name.
    pub(super) fn find(&self, name: &str) -> Option<(Kind, &'static [Op])> {
        match self {
            Self::Named(fields) => {
                fields.iter().find(|(known, ..)| *known == name).map(|(_, kind, ops)| (*kind, *ops))
            }
            Self::Tags(ops) => Some((Kind::Text, ops)),
        }
    }

    /// The names a filter may use, where they are fixed.
    pub fn names(&self) -> Vec<&'static str> {
        match self {
            Self::Named(fields) => fields.iter().map(|(name, ..)| *name).collect(),
            Self::Tags(_) => Vec::new(),
        }
    }
}

/// What a service accepts: one row of the table in `glp.md §9`, or of `central.md`.
#[derive(Clone, Copy, Debug)]
pub struct Grammar {
    /// What conditions may be about.
    pub fields: Fields,
    /// Whether `or`, `not` and groups are known, besides `and`.
    pub logic: bool,
    /// Whether every field takes functions. A field that lists them among its operators takes them both
    /// ways: `contains(field,'x')` and `field contains 'x'`.
    pub functions: bool,
    /// Whether `2020 in createdAt` asks if the field contains the value.
    pub literal_first: bool,
    /// How the values after `in` may be written.
    pub lists: &'static [List],
    /// Whether `null` is a value.
    pub null: bool,
    /// How numbers are written.
    pub numbers: Quotes,
    /// How `true` and `false` are written.
    pub truths: Quotes,
    /// How instants are written.
    pub instants: Quotes,
    /// Whether text may stand without quotes.
    pub bare_text: bool,
    /// Whether operators and connectives may stand in upper case.
    pub any_case: bool,
    /// Whether a backslash may escape a quote, as well as doubling it.
    pub backslash: bool,
    /// Whether an instant may stand in doubled quotes.
    pub doubled_quotes: bool,
    /// Whether the whole filter may stand in quotes, its values then without.
    pub quoted_whole: bool,
    /// Whose words say what is wrong.
    pub words: Words,
}

/// The words for what is wrong with a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// Ours: no service's are documented.
    Ours,
    /// Those of the service catalog, which shows this sample when it dislikes an operator (`glp.md §9`).
    Catalog {
        /// The sample.
        example: &'static str,
        /// The one field that there is, as the sentence about another one spells it.
        only: Option<&'static str>,
    },
    /// Those of the audit log (`glp.md §7.1`, and the error samples of its specification).
    AuditLog,
}

impl Grammar {
    /// The same, as a dialect has it where no source settles what a service accepts.
    pub fn spoken(self, dialect: &Dialect) -> Self {
        let truths = match dialect.quoted_truth {
            QuotedTruth::Accept if self.truths == Quotes::Never => Quotes::Either,
            _ => self.truths,
        };
        Self {
            truths,
            any_case: self.any_case && dialect.operator_case == OperatorCase::Any,
            bare_text: self.bare_text && dialect.unquoted_literal == UnquotedLiteral::Accept,
            ..self
        }
    }

    pub(super) fn quotes(&self, kind: Kind) -> Quotes {
        match kind {
            Kind::Text if self.bare_text => Quotes::Either,
            Kind::Text => Quotes::Always,
            Kind::Number => self.numbers,
            Kind::Truth => self.truths,
            Kind::Instant => self.instants,
        }
    }
}
