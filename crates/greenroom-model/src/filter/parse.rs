//! The parser: the union of all grammars (`glp.md §9`, `central.md §1.4`) as it is written, each word
//! with its place. What a service takes of it is decided in [`check`](super::check).

use winnow::{
    ModalResult, Parser,
    ascii::{Caseless, multispace0, multispace1},
    combinator::{alt, cut_err, delimited, eof, opt, peek, preceded, repeat, terminated},
    error::{AddContext, ContextError, ErrMode, ParserError, StrContext, StrContextValue},
    stream::{LocatingSlice, Location, Stateful, Stream},
    token::{one_of, take_until, take_while},
};

use super::{
    FilterError,
    grammar::{Grammar, List, is_word},
};

/// How deep groups may nest: far more than anyone writes, far less than the stack bears.
const DEEPEST: usize = 32;

/// A filter as written.
#[derive(Debug)]
pub(super) enum Written {
    /// Terms joined by `or`, the first of which stands `at`.
    Or { at: usize, terms: Vec<Self> },
    /// Terms joined by `and`.
    And(Vec<Self>),
    /// `not`, once or more often. An even number of them turns nothing round.
    Not { at: usize, odd: bool, term: Box<Self> },
    /// Something in parentheses.
    Group { at: usize, inner: Box<Self> },
    /// `field op value`.
    Condition(Condition),
    /// `function(field,value)`.
    Call { function: Word, field: Operand, argument: Operand },
}

/// One operand, an operator and one or more operands.
#[derive(Debug)]
pub(super) struct Condition {
    pub(super) left: Operand,
    /// Where `not` stands between the left side and the operator.
    pub(super) not: Option<usize>,
    pub(super) op: Word,
    /// The form of the list, if there is one, and where it stands.
    pub(super) list: Option<(List, usize)>,
    pub(super) right: Vec<Operand>,
}

/// A word that is no value.
#[derive(Debug)]
pub(super) struct Word {
    pub(super) at: usize,
    pub(super) text: String,
}

/// A name or a value: which of them, only the grammar of a service can tell.
#[derive(Debug)]
pub(super) struct Operand {
    pub(super) at: usize,
    pub(super) text: String,
    pub(super) marks: Marks,
}

/// What stands around an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marks {
    /// Nothing.
    None,
    /// `'text'`
    Single,
    /// `''text''`
    Doubled,
}

/// The text, and what the parser has to remember.
type Input<'a> = Stateful<LocatingSlice<&'a str>, State>;

#[derive(Clone, Debug)]
struct State {
    /// Whether a backslash escapes.
    backslash: bool,
    /// Whether the words of the grammar may stand in upper case.
    any_case: bool,
    /// How many groups are open.
    depth: usize,
}

/// Reads a filter.
pub(super) fn parse(text: &str, grammar: &Grammar) -> Result<Written, FilterError> {
    let Grammar { backslash, any_case, .. } = *grammar;
    let input = Input { input: LocatingSlice::new(text), state: State { backslash, any_case, depth: 0 } };
    delimited(multispace0, or_terms, (multispace0, eof)).parse(input).map_err(|error| {
        let at = error.offset();
        FilterError { at, message: explain(text, at, error.inner()) }
    })
}

/// What the parser has to say about the place where it stopped.
fn explain(text: &str, at: usize, error: &ContextError) -> String {
    let mut expected = None;
    for context in error.context() {
        match context {
            StrContext::Label(message) => return (*message).to_owned(),
            StrContext::Expected(StrContextValue::Description(what)) => expected = Some(*what),
            _ => {}
        }
    }
    let found = text.get(at..).and_then(|rest| rest.chars().next());
    match (found, expected) {
        (None, _) => "the filter ends too early".to_owned(),
        (Some(found), None) => format!("unexpected {found:?} in filter"),
        (Some(found), Some(what)) => format!("unexpected {found:?} in filter, {what} belongs here"),
    }
}

const fn expected(what: &'static str) -> StrContext {
    StrContext::Expected(StrContextValue::Description(what))
}

/// An error at the present place that no other reading of the text can mend.
fn refuse(input: &Input<'_>, message: &'static str) -> ErrMode<ContextError> {
    let error = ContextError::from_input(input);
    ErrMode::Cut(error.add_context(input, &input.checkpoint(), StrContext::Label(message)))
}

fn or_terms(input: &mut Input<'_>) -> ModalResult<Written> {
    joined("or", and_terms, |at, terms| Written::Or { at, terms }, input)
}

fn and_terms(input: &mut Input<'_>) -> ModalResult<Written> {
    joined("and", term, |_, terms| Written::And(terms), input)
}

/// Parts with a keyword between them. `many` gets the place of the first keyword.
fn joined(
    word: &'static str,
    part: fn(&mut Input<'_>) -> ModalResult<Written>,
    many: fn(usize, Vec<Written>) -> Written,
    input: &mut Input<'_>,
) -> ModalResult<Written> {
    let mut terms = vec![part(input)?];
    let mut first = None;
    while let Some(at) = opt(preceded(multispace1, keyword(word))).parse_next(input)? {
        first.get_or_insert(at);
        space(input)?;
        terms.push(part(input)?);
    }
    Ok(match first {
        None => terms.remove(0),
        Some(at) => many(at, terms),
    })
}

/// Where `word` stands, with a space, a group or nothing after it.
fn keyword<'a>(word: &'static str) -> impl Parser<Input<'a>, usize, ErrMode<ContextError>> {
    move |input: &mut Input<'a>| {
        let any_case = input.state.any_case;
        let known = Caseless(word).verify(|written: &str| is_word(word, written, any_case));
        let after = alt((one_of(|c: char| c.is_whitespace() || c == '(').void(), eof.void()));
        terminated(known.span(), peek(after)).parse_next(input).map(|span| span.start)
    }
}

fn space(input: &mut Input<'_>) -> ModalResult<()> {
    cut_err(multispace1).context(expected("a space")).void().parse_next(input)
}

fn term(input: &mut Input<'_>) -> ModalResult<Written> {
    let mut nots = 0_usize;
    let mut first = None;
    while let Some(at) = opt(terminated(keyword("not"), multispace0)).parse_next(input)? {
        first.get_or_insert(at);
        nots += 1;
    }
    let inner = match opt(peek('(')).parse_next(input)? {
        Some(_) => group(input)?,
        None => condition(input)?,
    };
    Ok(match first {
        None => inner,
        Some(at) => Written::Not { at, odd: !nots.is_multiple_of(2), term: Box::new(inner) },
    })
}

fn group(input: &mut Input<'_>) -> ModalResult<Written> {
    let at = input.current_token_start();
    if input.state.depth == DEEPEST {
        return Err(refuse(input, "more than 32 groups inside each other"));
    }
    input.state.depth += 1;
    let close = (multispace0, cut_err(')').context(expected("a closing parenthesis")));
    let inner = delimited(('(', multispace0), or_terms, close).parse_next(input)?;
    input.state.depth -= 1;
    Ok(Written::Group { at, inner: Box::new(inner) })
}

fn condition(input: &mut Input<'_>) -> ModalResult<Written> {
    let left = cut_err(operand).context(expected("a field")).parse_next(input)?;
    if left.marks == Marks::None && opt(preceded(multispace0, '(')).parse_next(input)?.is_some() {
        return call(Word { at: left.at, text: left.text }, input);
    }
    space(input)?;
    let mut op = operator(input)?;
    let mut not = None;
    if is_word("not", &op.text, input.state.any_case) {
        space(input)?;
        not = Some(op.at);
        op = operator(input)?;
    }
    let before = input.checkpoint();
    multispace0.parse_next(input)?;
    let at = input.current_token_start();
    let (list, right) = if opt('(').parse_next(input)?.is_some() {
        (Some((List::Parentheses, at)), enclosed(')', "a comma or a closing parenthesis", input)?)
    } else if opt('[').parse_next(input)?.is_some() {
        (Some((List::Brackets, at)), enclosed(']', "a comma or a closing bracket", input)?)
    } else {
        input.reset(&before);
        space(input)?;
        let values = values(input)?;
        ((values.len() > 1).then_some((List::Commas, at)), values)
    };
    Ok(Written::Condition(Condition { left, not, op, list, right }))
}

fn operator(input: &mut Input<'_>) -> ModalResult<Word> {
    let at = input.current_token_start();
    let word = take_while(1.., |c: char| c.is_ascii_alphabetic());
    let text: &str = cut_err(word).context(expected("an operator such as eq")).parse_next(input)?;
    Ok(Word { at, text: text.to_owned() })
}

fn call(function: Word, input: &mut Input<'_>) -> ModalResult<Written> {
    multispace0.parse_next(input)?;
    let field = cut_err(operand).context(expected("a field")).parse_next(input)?;
    (multispace0, cut_err(',').context(expected("a comma")), multispace0).parse_next(input)?;
    let argument = cut_err(operand).context(expected("a value")).parse_next(input)?;
    (multispace0, cut_err(')').context(expected("a closing parenthesis"))).parse_next(input)?;
    Ok(Written::Call { function, field, argument })
}

fn enclosed(close: char, belongs: &'static str, input: &mut Input<'_>) -> ModalResult<Vec<Operand>> {
    multispace0.parse_next(input)?;
    let values = values(input)?;
    (multispace0, cut_err(close).context(expected(belongs))).parse_next(input)?;
    Ok(values)
}

/// Values with commas between them.
fn values(input: &mut Input<'_>) -> ModalResult<Vec<Operand>> {
    let mut value = cut_err(operand).context(expected("a value"));
    let mut values = vec![value.parse_next(input)?];
    while opt((multispace0, ',', multispace0)).parse_next(input)?.is_some() {
        values.push(value.parse_next(input)?);
    }
    Ok(values)
}

fn operand(input: &mut Input<'_>) -> ModalResult<Operand> {
    let at = input.current_token_start();
    let quoted = match opt(peek('\'')).parse_next(input)? {
        None => {
            let text = take_while(1.., is_bare).parse_next(input)?;
            return Ok(Operand { at, text: text.to_owned(), marks: Marks::None });
        }
        Some(_) if opt(peek(("''", one_of(is_bare)))).parse_next(input)?.is_some() => {
            opt(doubled).parse_next(input)?.map(|text| (text, Marks::Doubled))
        }
        Some(_) => opt(quoted).parse_next(input)?.map(|text| (text, Marks::Single)),
    };
    let Some((text, marks)) = quoted else {
        return Err(refuse(input, "the quote that opens here is not closed"));
    };
    Ok(Operand { at, text, marks })
}

/// What may stand without quotes.
fn is_bare(c: char) -> bool {
    !c.is_whitespace() && !matches!(c, '\'' | ',' | '(' | ')' | '[' | ']')
}

/// `''text''`, as one sample for devices has it (`glp.md §9`). No text in single quotes begins so: two
/// quotes that follow each other are an empty text, and then something must come between.
fn doubled(input: &mut Input<'_>) -> ModalResult<String> {
    delimited("''", take_until(1.., '\''), "''").map(str::to_owned).parse_next(input)
}

/// `'text'`, a quote inside being doubled or, where the service knows that, after a backslash.
fn quoted(input: &mut Input<'_>) -> ModalResult<String> {
    let backslash = input.state.backslash;
    let plain = take_while(1.., move |c| c != '\'' && !(backslash && c == '\\'));
    let escaped = alt(("''".value("'"), "\\'".value("'"), "\\\\".value("\\"), "\\".value("\\")));
    let join = |mut text: String, part: &str| {
        text.push_str(part);
        text
    };
    delimited('\'', repeat(0.., alt((plain, escaped))).fold(String::new, join), '\'').parse_next(input)
}
