//! Filters: one parser for all services, and per service what of it may be used.
//!
//! The union of all grammars is read first (`glp.md §9`, `central.md §1.4`), then the tree is
//! checked against a [`Grammar`], so that a mistake is reported with its place and in the terms of
//! the service that was asked.

use std::fmt;

use winnow::{
    ModalResult, Parser,
    ascii::{Caseless, multispace0, multispace1},
    combinator::{alt, delimited, not, opt, peek, preceded, repeat, separated, separated_pair, terminated},
    error::{ContextError, ErrMode},
    stream::{LocatingSlice, Location, Stateful},
    token::{one_of, take_while},
};

/// A comparison.
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
}

impl Op {
    const ALL: [Self; 7] = [Self::Eq, Self::Ne, Self::Gt, Self::Ge, Self::Lt, Self::Le, Self::In];

    fn name(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Lt => "lt",
            Self::Le => "le",
            Self::In => "in",
        }
    }
}

/// A value in a filter, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// `'text'`
    Quoted(String),
    /// Anything without quotes: a number, `true`, `null`, a timestamp, or a bare word.
    Bare(String),
}

impl Literal {
    fn text(&self) -> &str {
        match self {
            Self::Quoted(text) | Self::Bare(text) => text,
        }
    }
}

/// A function on text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// `contains(field,'x')`
    Contains,
    /// `startswith(field,'x')`
    StartsWith,
    /// `endswith(field,'x')`
    EndsWith,
}

/// A filter that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
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
        /// The comparison.
        op: Op,
        /// What it is compared with.
        literals: Vec<Literal>,
        /// Where the comparison stands in the text, in bytes.
        at: usize,
    },
    /// A function of a field.
    Call {
        /// The function.
        function: Function,
        /// The field.
        field: String,
        /// Its argument.
        argument: Literal,
        /// Where it stands in the text, in bytes.
        at: usize,
    },
}

/// What a service accepts, as data.
#[derive(Clone, Copy, Debug)]
pub struct Grammar {
    /// The fields, each with what it holds and the comparisons it takes.
    pub fields: &'static [(&'static str, Kind, &'static [Op])],
    /// Whether `or`, `not` and groups are known.
    pub logic: bool,
    /// Whether functions are known.
    pub functions: bool,
    /// Whether text may stand without quotes.
    pub bare_text: bool,
    /// Whether a backslash may escape a quote, as well as doubling it (`central.md §1.4`).
    pub backslash: bool,
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
    fn holds(self, text: &str) -> bool {
        match self {
            Self::Text => true,
            Self::Number => text.parse::<f64>().is_ok(),
            Self::Truth => text.parse::<bool>().is_ok(),
            Self::Instant => instant(text).is_some(),
        }
    }
}

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
pub fn parse(text: &str, grammar: &Grammar) -> Result<Option<Filter>, FilterError> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    if let Some(at) = too_deep(text) {
        return Err(FilterError { at, message: format!("more than {DEEPEST} groups inside each other") });
    }
    let filter = delimited(multispace0, or_terms, multispace0)
        .parse(Input { input: LocatingSlice::new(text), state: grammar.backslash })
        .map_err(|error| FilterError { at: error.offset(), message: unexpected(text, error.offset()) })?;
    check(&filter, grammar)?;
    Ok(Some(filter))
}

fn unexpected(text: &str, at: usize) -> String {
    match text.get(at..).and_then(|rest| rest.chars().next()) {
        Some(found) => format!("unexpected {found:?} in filter"),
        None => "the filter ends too early".to_owned(),
    }
}

/// How deep groups may nest: far more than anyone writes, far less than the stack bears.
const DEEPEST: usize = 32;

/// Where a group opens that would be nested too deep. Parentheses inside quotes count as well:
/// nobody writes that many.
fn too_deep(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    text.bytes().position(|byte| {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > DEEPEST
    })
}

fn check(filter: &Filter, grammar: &Grammar) -> Result<(), FilterError> {
    match filter {
        Filter::And(terms) => terms.iter().try_for_each(|term| check(term, grammar)),
        Filter::Or(_) | Filter::Not(_) if !grammar.logic => {
            Err(FilterError { at: position(filter), message: "only \"and\" may join conditions".to_owned() })
        }
        Filter::Or(terms) => terms.iter().try_for_each(|term| check(term, grammar)),
        Filter::Not(term) => check(term, grammar),
        Filter::Call { field, at, .. } => {
            let known = grammar.fields.iter().any(|(name, ..)| name == field);
            (grammar.functions && known).then_some(()).ok_or_else(|| FilterError {
                at: *at,
                message: format!("functions of {field} are not supported"),
            })
        }
        Filter::Compare { field, op, literals, at } => {
            let Some((_, kind, ops)) = grammar.fields.iter().find(|(name, ..)| name == field) else {
                return Err(FilterError { at: *at, message: format!("unknown filter field {field}") });
            };
            if !ops.contains(op) {
                let message = format!("operator {} is not supported for {field}", op.name());
                return Err(FilterError { at: *at, message });
            }
            let bare =
                literals.iter().find(|literal| matches!(literal, Literal::Bare(text) if is_word(text)));
            let is_null = |literal: &Literal| matches!(literal, Literal::Bare(word) if word == "null");
            if let Some(wrong) = literals.iter().find(|it| !is_null(it) && !kind.holds(it.text())) {
                let message = format!("{:?} is no value for {field}", wrong.text());
                return Err(FilterError { at: *at, message });
            }
            match bare {
                Some(literal) if !grammar.bare_text => Err(FilterError {
                    at: *at,
                    message: format!("{:?} must stand in single quotes", literal.text()),
                }),
                _ => Ok(()),
            }
        }
    }
}

fn position(filter: &Filter) -> usize {
    match filter {
        Filter::Or(terms) | Filter::And(terms) => terms.first().map_or(0, position),
        Filter::Not(term) => position(term),
        Filter::Compare { at, .. } | Filter::Call { at, .. } => *at,
    }
}

/// Whether a bare literal is text rather than a number, truth value, null or timestamp.
fn is_word(text: &str) -> bool {
    let number = text.parse::<f64>().is_ok();
    !(number || matches!(text, "true" | "false" | "null") || text.parse::<jiff::Timestamp>().is_ok())
}

/// The value of a field of one row.
#[derive(Clone, Debug, PartialEq)]
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
    Instant(jiff::Timestamp),
    /// Nothing there.
    Null,
}

impl Filter {
    /// Whether a row passes. `field` gives the row's value for the name of a field.
    pub fn matches<'a>(&self, field: &impl Fn(&str) -> Field<'a>) -> bool {
        match self {
            Self::Or(terms) => terms.iter().any(|term| term.matches(field)),
            Self::And(terms) => terms.iter().all(|term| term.matches(field)),
            Self::Not(term) => !term.matches(field),
            Self::Compare { field: name, op, literals, .. } => {
                let value = field(name);
                literals.iter().any(|literal| compare(&value, *op, literal))
            }
            Self::Call { function, field: name, argument, .. } => match field(name) {
                Field::Text(text) | Field::Word(text) => match function {
                    Function::Contains => text.contains(argument.text()),
                    Function::StartsWith => text.starts_with(argument.text()),
                    Function::EndsWith => text.ends_with(argument.text()),
                },
                _ => false,
            },
        }
    }
}

fn compare(value: &Field<'_>, op: Op, literal: &Literal) -> bool {
    let text = literal.text();
    let null = matches!(literal, Literal::Bare(word) if word == "null");
    let order = match value {
        Field::Null => null.then_some(std::cmp::Ordering::Equal),
        _ if null => None,
        Field::Text(value) => Some((*value).cmp(text)),
        Field::Word(value) => Some(value.to_ascii_lowercase().cmp(&text.to_ascii_lowercase())),
        Field::Number(value) => text.parse::<f64>().ok().and_then(|text| (*value as f64).partial_cmp(&text)),
        Field::Truth(value) => text.parse().ok().map(|text| value.cmp(&text)),
        Field::Instant(value) => instant(text).map(|text| value.cmp(&text)),
    };
    let Some(order) = order else {
        return op == Op::Ne;
    };
    match op {
        Op::Eq | Op::In => order.is_eq(),
        Op::Ne => order.is_ne(),
        Op::Gt => order.is_gt(),
        Op::Ge => order.is_ge(),
        Op::Lt => order.is_lt(),
        Op::Le => order.is_le(),
    }
}

/// An instant with a zone, or without one and then in UTC, as HPE's samples write it.
fn instant(text: &str) -> Option<jiff::Timestamp> {
    text.parse().or_else(|_| format!("{text}Z").parse()).ok()
}

/// The text, and whether a backslash escapes.
type Input<'a> = Stateful<LocatingSlice<&'a str>, bool>;

/// `word` not followed by more of a name, in any case.
fn keyword<'a>(word: &'static str) -> impl Parser<Input<'a>, (), ErrMode<ContextError>> {
    (Caseless(word), not(one_of(|c: char| c.is_alphanumeric() || c == '_'))).void()
}

fn or_terms(input: &mut Input<'_>) -> ModalResult<Filter> {
    let terms: Vec<_> =
        separated(1.., and_terms, (multispace1, keyword("or"), multispace1)).parse_next(input)?;
    Ok(single(terms, Filter::Or))
}

fn and_terms(input: &mut Input<'_>) -> ModalResult<Filter> {
    let terms: Vec<_> = separated(1.., term, (multispace1, keyword("and"), multispace1)).parse_next(input)?;
    Ok(single(terms, Filter::And))
}

fn single(mut terms: Vec<Filter>, many: fn(Vec<Filter>) -> Filter) -> Filter {
    if terms.len() == 1 { terms.remove(0) } else { many(terms) }
}

fn term(input: &mut Input<'_>) -> ModalResult<Filter> {
    let nots: usize =
        repeat(0..=DEEPEST, (keyword("not"), multispace0)).fold(|| 0, |n, _| n + 1).parse_next(input)?;
    let inner = alt((group, call, tag_in, comparison)).parse_next(input)?;
    Ok((0..nots).fold(inner, |inner, _| Filter::Not(Box::new(inner))))
}

fn group(input: &mut Input<'_>) -> ModalResult<Filter> {
    delimited(('(', multispace0), or_terms, (multispace0, ')')).parse_next(input)
}

fn call(input: &mut Input<'_>) -> ModalResult<Filter> {
    let at = input.current_token_start();
    let function = alt((
        keyword("contains").value(Function::Contains),
        keyword("startswith").value(Function::StartsWith),
        keyword("endswith").value(Function::EndsWith),
    ))
    .parse_next(input)?;
    let arguments = separated_pair(name, (multispace0, ',', multispace0), quoted);
    let (field, argument) =
        delimited((multispace0, '(', multispace0), arguments, (multispace0, ')')).parse_next(input)?;
    Ok(Filter::Call { function, field, argument: Literal::Quoted(argument), at })
}

/// `'key' in 'a','b'` and `'key' eq 'a'`: filter-tags quotes the field (`glp.md §9`).
fn tag_in(input: &mut Input<'_>) -> ModalResult<Filter> {
    peek('\'').parse_next(input)?;
    compared(quoted, input)
}

fn comparison(input: &mut Input<'_>) -> ModalResult<Filter> {
    compared(name, input)
}

fn compared<'a>(
    mut field: impl Parser<Input<'a>, String, ErrMode<ContextError>>,
    input: &mut Input<'a>,
) -> ModalResult<Filter> {
    let at = input.current_token_start();
    let field = terminated(field.by_ref(), multispace1).parse_next(input)?;
    let negated = opt((keyword("not"), multispace1)).parse_next(input)?.is_some();
    let op = op.parse_next(input)?;
    let filter = if op == Op::In {
        let literals = preceded(multispace0, list).parse_next(input)?;
        Filter::Compare { field, op, literals, at }
    } else {
        let literal = preceded(multispace1, literal).parse_next(input)?;
        Filter::Compare { field, op, literals: vec![literal], at }
    };
    Ok(if negated { Filter::Not(Box::new(filter)) } else { filter })
}

fn op(input: &mut Input<'_>) -> ModalResult<Op> {
    let word = take_while(1.., |c: char| c.is_ascii_alphabetic());
    word.verify_map(|word: &str| Op::ALL.into_iter().find(|op| op.name().eq_ignore_ascii_case(word)))
        .parse_next(input)
}

fn list(input: &mut Input<'_>) -> ModalResult<Vec<Literal>> {
    let comma = || (multispace0, ',', multispace0);
    alt((
        delimited(('(', multispace0), separated(1.., literal, comma()), (multispace0, ')')),
        delimited(('[', multispace0), separated(1.., literal, comma()), (multispace0, ']')),
        separated(1.., literal, comma()),
    ))
    .parse_next(input)
}

fn name(input: &mut Input<'_>) -> ModalResult<String> {
    take_while(1.., |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '/'))
        .map(str::to_owned)
        .parse_next(input)
}

fn literal(input: &mut Input<'_>) -> ModalResult<Literal> {
    alt((quoted.map(Literal::Quoted), bare.map(Literal::Bare))).parse_next(input)
}

/// `'text'`, a quote inside being doubled or, where the service knows that, after a backslash.
fn quoted(input: &mut Input<'_>) -> ModalResult<String> {
    let backslash = input.state;
    let plain = take_while(1.., move |c| c != '\'' && !(backslash && c == '\\')).map(str::to_owned);
    let escaped = alt(("''".value("'"), "\\'".value("'"), "\\\\".value("\\"), "\\".value("\\")));
    let part = alt((plain, escaped.map(str::to_owned)));
    delimited('\'', repeat(0.., part).fold(String::new, |text, part: String| text + &part), '\'')
        .parse_next(input)
}

fn bare(input: &mut Input<'_>) -> ModalResult<String> {
    take_while(1.., |c: char| !c.is_whitespace() && !matches!(c, '\'' | ',' | '(' | ')' | '[' | ']'))
        .map(str::to_owned)
        .parse_next(input)
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ANY: &[Op] = &Op::ALL;
    const WIDE: Grammar = Grammar {
        fields: &[
            ("name", Kind::Text, ANY),
            ("n", Kind::Number, ANY),
            ("at", Kind::Instant, ANY),
            ("a/b", Kind::Text, ANY),
        ],
        logic: true,
        functions: true,
        bare_text: true,
        backslash: true,
    };
    const CENTRAL: Grammar = Grammar {
        fields: &[("name", Kind::Text, &[Op::Eq, Op::In]), ("at", Kind::Instant, &[Op::Gt])],
        logic: false,
        functions: false,
        bare_text: false,
        backslash: false,
    };

    fn passes(text: &str, name: &str, n: i64) -> bool {
        let filter = parse(text, &WIDE).unwrap().unwrap();
        filter.matches(&|field| match field {
            "name" => Field::Text(name),
            "n" => Field::Number(n),
            "at" => Field::Instant("2026-01-01T00:00:00Z".parse().unwrap()),
            _ => Field::Null,
        })
    }

    #[test]
    fn filters_as_the_documents_write_them() {
        for (text, expected) in [
            ("name eq 'O''Neil'", true),
            (r"name eq 'O\'Neil'", true),
            ("name eq 'ONeil'", false),
            ("name in 'a', 'O''Neil'", true),
            ("name in ('a','O''Neil')", true),
            ("name in ['a','b']", false),
            ("name ne 'x' and n ge 5", true),
            ("n lt 5 or (n eq 7 and not name eq 'x')", true),
            ("name not eq 'x'", true),
            ("contains(name,'Nei') and endswith(name,'l')", true),
            ("startswith(name, 'N')", false),
            ("at gt '2020-09-21T14:19:09.769747'", true),
            ("at lt 2020-09-21T14:19:09Z", false),
            ("a/b eq null", true),
            ("a/b eq 'x'", false),
            ("a/b ne 'x'", true),
            ("name eq", false),
        ] {
            if text == "name eq" {
                assert!(parse(text, &WIDE).is_err());
            } else {
                assert_eq!(passes(text, "O'Neil", 7), expected, "{text}");
            }
        }
        assert_eq!(parse("  ", &WIDE), Ok(None));
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        for (text, at, words) in [
            ("name eq 'a' or name eq 'b'", 0, "only \"and\""),
            ("name eq 'a' and colour eq 'b'", 16, "unknown filter field colour"),
            ("name gt 'a'", 0, "operator gt"),
            ("name eq CN1", 0, "single quotes"),
            ("at gt 'garbage'", 0, "no value for at"),
            ("name eq 'a", 8, "unexpected"),
            ("contains(name,'a')", 0, "functions"),
        ] {
            let error = parse(text, &CENTRAL).unwrap_err();
            assert_eq!(error.at, at, "{text}: {error}");
            assert!(error.message.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn a_backslash_escapes_only_where_the_service_says_so() {
        let value = |text, grammar| match parse(text, grammar).unwrap().unwrap() {
            Filter::Compare { literals, .. } => literals[0].text().to_owned(),
            other => panic!("{other:?}"),
        };
        assert_eq!(value(r"name eq 'a\'", &CENTRAL), r"a\");
        assert_eq!(value(r"name eq 'a\\b'", &CENTRAL), r"a\\b");
        assert_eq!(value(r"name eq 'a\\b'", &WIDE), r"a\b");
        assert!(parse(r"name eq 'a\'", &WIDE).is_err());
    }

    #[test]
    fn deep_nesting_is_refused_and_not_overflown() {
        assert!(parse(&"(".repeat(100_000), &WIDE).is_err());
        assert!(parse(&"not ".repeat(100_000), &WIDE).is_err());
        assert!(parse(&"not (".repeat(100_000), &WIDE).is_err());
        assert!(parse(&format!("{}n eq 1{}", "(".repeat(20), ")".repeat(20)), &WIDE).is_ok());
    }

    proptest! {
        #[test]
        fn any_text_survives_quoting_both_ways(name in "[^\\\\]{0,20}") {
            let doubled = format!("name eq '{}'", name.replace('\'', "''"));
            prop_assert!(passes(&doubled, &name, 0));
            let slashed = format!("name eq '{}'", name.replace('\'', "\\'"));
            prop_assert!(passes(&slashed, &name, 0));
        }

        #[test]
        fn no_text_panics(text in ".{0,80}", seasoned in "[a-z ()\\[\\],'=\\\\]{0,60}") {
            let _ = parse(&text, &WIDE);
            let _ = parse(&seasoned, &WIDE);
            let _ = parse(&format!("name eq '{seasoned}"), &CENTRAL);
        }
    }
}
