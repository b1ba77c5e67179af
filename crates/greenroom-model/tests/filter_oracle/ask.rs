//! A question about a row: made up, answered in the obvious way, and written down.

use std::fmt::Write;

use crate::table::{Holds, INSTANTS, Row, Value};

/// Chance, out of bytes: what comes after the last one is zero.
pub(crate) struct Dice<'a> {
    rolls: std::slice::Iter<'a, u8>,
}

impl<'a> Dice<'a> {
    pub(crate) fn new(rolls: &'a [u8]) -> Self {
        Self { rolls: rolls.iter() }
    }

    /// A number below `sides`.
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.rolls.next().map_or(0, |byte| usize::from(*byte) % sides)
    }

    pub(crate) fn pick<'b, T>(&mut self, of: &'b [T]) -> &'b T {
        &of[self.roll(of.len())]
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Ask {
    All(Vec<Self>),
    Any(Vec<Self>),
    Deny(Box<Self>),
    Test { field: usize, op: &'static str, values: Vec<Value> },
}

impl Ask {
    /// A question that the row allows, with groups up to `depth` deep.
    pub(crate) fn make(row: &Row, dice: &mut Dice<'_>, depth: usize) -> Self {
        let kinds = if row.logic { 6 } else { 4 };
        match if depth == 0 { 0 } else { dice.roll(kinds) } {
            0..=2 => Self::test(row, dice),
            3 => Self::All((0..2 + dice.roll(2)).map(|_| Self::make(row, dice, depth - 1)).collect()),
            4 => Self::Any((0..2 + dice.roll(2)).map(|_| Self::make(row, dice, depth - 1)).collect()),
            _ => Self::Deny(Box::new(Self::make(row, dice, depth - 1))),
        }
    }

    fn test(row: &Row, dice: &mut Dice<'_>) -> Self {
        let field = dice.roll(row.fields.len());
        let known = &row.fields[field];
        let ops: Vec<_> = known.ops.split(' ').collect();
        let op = *dice.pick(&ops);
        let values = match op {
            "contains" | "startswith" | "endswith" => vec![Value::Text(part(known.holds, dice))],
            "in" => (0..1 + dice.roll(3)).map(|_| value(row, known.holds, dice)).collect(),
            _ => vec![value(row, known.holds, dice)],
        };
        Self::Test { field, op, values }
    }

    /// The answer for a row with these values.
    pub(crate) fn holds(&self, row: &Row, values: &[Value]) -> bool {
        match self {
            Self::All(asks) => asks.iter().all(|ask| ask.holds(row, values)),
            Self::Any(asks) => asks.iter().any(|ask| ask.holds(row, values)),
            Self::Deny(ask) => !ask.holds(row, values),
            Self::Test { field, op, values: wanted } => {
                let word = row.fields[*field].holds == Holds::Word;
                let has = lowered(&values[*field], word);
                let wanted: Vec<_> = wanted.iter().map(|value| lowered(value, word)).collect();
                let first = &wanted[0];
                let part = || shown(first).expect("a part");
                match *op {
                    "eq" => has == *first,
                    // A tag that is not there has no other value.
                    "ne" => has != *first && !(row.tags && has == Value::Null),
                    "in" => wanted.contains(&has),
                    "gt" => is_less(first, &has),
                    "ge" => is_less(first, &has) || has == *first,
                    "lt" => is_less(&has, first),
                    "le" => is_less(&has, first) || has == *first,
                    "contains" => shown(&has).is_some_and(|text| text.contains(&part())),
                    "startswith" => shown(&has).is_some_and(|text| text.starts_with(&part())),
                    "endswith" => shown(&has).is_some_and(|text| text.ends_with(&part())),
                    op => panic!("{op}"),
                }
            }
        }
    }
}

/// What a function may look for: part of a text or of an instant.
fn part(holds: Holds, dice: &mut Dice<'_>) -> String {
    match Value::some(holds, dice) {
        Value::Instant(at) => {
            let text = INSTANTS[at][0];
            let start = dice.roll(text.len());
            let end = start + dice.roll(text.len() - start + 1);
            [text, &text[..4], &text[start..end], "480Z"][dice.roll(4)].to_owned()
        }
        Value::Text(text) => text,
        value => panic!("{value:?}"),
    }
}

fn value(row: &Row, holds: Holds, dice: &mut Dice<'_>) -> Value {
    if row.null && dice.roll(6) == 5 { Value::Null } else { Value::some(holds, dice) }
}

fn lowered(value: &Value, word: bool) -> Value {
    match value {
        Value::Text(text) if word => Value::Text(text.to_ascii_lowercase()),
        value => value.clone(),
    }
}

fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Text(text) => Some(text.clone()),
        Value::Instant(at) => Some(INSTANTS[*at][0].to_owned()),
        value => panic!("{value:?}"),
    }
}

fn is_less(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Text(one), Value::Text(other)) => one < other,
        (Value::Halves(one), Value::Halves(other)) => one < other,
        (Value::Truth(one), Value::Truth(other)) => !one & other,
        (Value::Instant(one), Value::Instant(other)) => one < other,
        (Value::Null, _) | (_, Value::Null) => false,
        pair => panic!("{pair:?}"),
    }
}

/// Writes questions down, in any spelling that the row allows.
pub(crate) struct Writer<'a, 'b> {
    row: &'a Row,
    dice: &'a mut Dice<'b>,
    /// Values stand bare, because the filter stands in quotes as a whole.
    bare: bool,
}

impl<'a, 'b> Writer<'a, 'b> {
    pub(crate) fn new(row: &'a Row, dice: &'a mut Dice<'b>) -> Self {
        Self { row, dice, bare: false }
    }

    /// The whole filter.
    pub(crate) fn filter(&mut self, ask: &Ask) -> String {
        self.bare =
            self.row.quoted_whole && texts(ask).iter().all(|text| is_bare(text)) && self.dice.roll(2) == 1;
        let text = self.any(ask);
        let (before, after) = (self.gap(0), self.gap(0));
        if self.bare { format!("{before}'{text}'{after}") } else { format!("{before}{text}{after}") }
    }

    /// Where `or` may stand.
    fn any(&mut self, ask: &Ask) -> String {
        match ask {
            Ask::Any(asks) => {
                let terms: Vec<_> = asks.iter().map(|ask| self.all(ask)).collect();
                self.joined(terms, "or")
            }
            ask => self.all(ask),
        }
    }

    /// Where `and` may stand, but no `or`.
    fn all(&mut self, ask: &Ask) -> String {
        match ask {
            Ask::All(asks) => {
                let terms: Vec<_> = asks.iter().map(|ask| self.unary(ask)).collect();
                self.joined(terms, "and")
            }
            ask => self.unary(ask),
        }
    }

    fn unary(&mut self, ask: &Ask) -> String {
        match ask {
            // `and` within `and` needs no group, and rows without groups have no other way.
            Ask::All(_) if !self.row.logic => self.all(ask),
            Ask::All(_) | Ask::Any(_) => self.group(ask),
            ask if self.row.logic && self.dice.roll(8) == 7 => self.group(ask),
            Ask::Deny(inner) => match &**inner {
                Ask::Test { field, op: "eq", values } if self.dice.roll(2) == 1 => {
                    let not = self.word("not");
                    let (field, before, between) = (self.field(*field), self.gap(1), self.gap(1));
                    let rest = self.comparison("eq", &values[0], self.row.fields[self.place(ask)].holds);
                    format!("{field}{before}{not}{between}{rest}")
                }
                inner => {
                    let (not, gap, text) = (self.word("not"), self.gap(1), self.unary(inner));
                    let gap = if text.starts_with('(') && self.dice.roll(2) == 1 { "" } else { gap };
                    format!("{not}{gap}{text}")
                }
            },
            Ask::Test { field, op, values } => self.test(*field, op, values),
        }
    }

    fn place(&self, ask: &Ask) -> usize {
        match ask {
            Ask::Deny(inner) => self.place(inner),
            Ask::Test { field, .. } => *field,
            ask => panic!("{ask:?}"),
        }
    }

    fn group(&mut self, ask: &Ask) -> String {
        let (before, text, after) = (self.gap(0), self.any(ask), self.gap(0));
        format!("({before}{text}{after})")
    }

    fn test(&mut self, field: usize, op: &str, values: &[Value]) -> String {
        let holds = self.row.fields[field].holds;
        let name = self.field(field);
        let (before, between) = (self.gap(1), self.gap(1));
        if op == "in" {
            let word = self.word("in");
            let list = self.list(values, holds);
            let gap = if list.starts_with(['(', '[']) { self.gap(0) } else { between };
            return format!("{name}{before}{word}{gap}{list}");
        }
        if !["contains", "startswith", "endswith"].contains(&op) {
            let rest = self.comparison(op, &values[0], holds);
            return format!("{name}{before}{rest}");
        }
        let Value::Text(part) = &values[0] else { panic!("{values:?}") };
        let quoted = self.quoted(part);
        match self.dice.roll(3) {
            1 if op == "contains" && self.row.literal_first => {
                let names_a_field = self.row.fields.iter().any(|field| field.name == part);
                let bare = is_bare(part) && !names_a_field && self.dice.roll(2) == 1;
                let (literal, word) = (if bare { part } else { &quoted }, self.word("in"));
                format!("{literal}{before}{word}{between}{name}")
            }
            1 if op == "contains" && self.row.infix_contains => {
                let word = self.word(op);
                format!("{name}{before}{word}{between}{quoted}")
            }
            _ => {
                let gaps: [&str; 5] = std::array::from_fn(|_| self.gap(0));
                let [a, b, c, d, e] = gaps;
                let word = self.word(op);
                format!("{word}{a}({b}{name}{c},{d}{quoted}{e})")
            }
        }
    }

    fn comparison(&mut self, op: &str, value: &Value, holds: Holds) -> String {
        let (word, gap, value) = (self.word(op), self.gap(1), self.value(value, holds));
        format!("{word}{gap}{value}")
    }

    pub(crate) fn list(&mut self, values: &[Value], holds: Holds) -> String {
        let mut text = String::new();
        for (place, value) in values.iter().enumerate() {
            if place > 0 {
                let (before, after) = (self.gap(0), self.gap(0));
                write!(text, "{before},{after}").unwrap();
            }
            text += &self.value(value, holds);
        }
        let (before, after) = (self.gap(0), self.gap(0));
        let forms: Vec<char> = self.row.lists.chars().collect();
        match self.dice.pick(&forms) {
            ',' => text,
            '[' => format!("[{before}{text}{after}]"),
            _ => format!("({before}{text}{after})"),
        }
    }

    /// The name of a field, or the key of a tag.
    pub(crate) fn field(&mut self, field: usize) -> String {
        let name = self.row.fields[field].name;
        if self.row.tags { self.quoted(name) } else { name.to_owned() }
    }

    pub(crate) fn value(&mut self, value: &Value, holds: Holds) -> String {
        let kind = match holds {
            Holds::Text | Holds::Word => 0,
            Holds::Number => 1,
            Holds::Truth => 2,
            Holds::Instant => 3,
        };
        let mut bare = self.bare || *self.dice.pick(self.row.marks[kind].as_bytes()) == b'b';
        let text = match value {
            Value::Null => return "null".to_owned(),
            Value::Text(text) => {
                bare &= is_bare(text);
                text.clone()
            }
            Value::Halves(halves) => self.number(*halves),
            Value::Truth(truth) => truth.to_string(),
            Value::Instant(at) => {
                let spellings = if bare { &INSTANTS[*at][..2] } else { &INSTANTS[*at][..] };
                let text = (*self.dice.pick(spellings)).to_owned();
                if self.row.doubled && !bare && self.dice.roll(3) == 2 {
                    return format!("''{text}''");
                }
                text
            }
        };
        if bare { text } else { self.quoted(&text) }
    }

    fn number(&mut self, halves: i64) -> String {
        let sign = if halves < 0 { "-" } else { "" };
        match (halves.abs() / 2, halves % 2 == 0) {
            (whole, false) => format!("{sign}{whole}.5"),
            (whole, true) => format!("{sign}{whole}{}", self.dice.pick(&["", ".0", ".00"])),
        }
    }

    pub(crate) fn quoted(&mut self, text: &str) -> String {
        let mut quoted = "'".to_owned();
        for c in text.chars() {
            match c {
                '\'' if self.row.backslash && self.dice.roll(2) == 1 => quoted += "\\'",
                '\'' => quoted += "''",
                '\\' if self.row.backslash => quoted += "\\\\",
                c => quoted.push(c),
            }
        }
        quoted + "'"
    }

    fn joined(&mut self, terms: Vec<String>, word: &str) -> String {
        let mut text = String::new();
        for (place, term) in terms.into_iter().enumerate() {
            if place > 0 {
                let (before, word, after) = (self.gap(1), self.word(word), self.gap(1));
                write!(text, "{before}{word}{after}").unwrap();
            }
            text += &term;
        }
        text
    }

    /// A keyword; case does not matter.
    fn word(&mut self, word: &str) -> String {
        if self.dice.roll(8) == 7 { word.to_uppercase() } else { word.to_owned() }
    }

    /// At least so many spaces.
    fn gap(&mut self, least: usize) -> &'static str {
        ["", " ", "  ", "\t "][least + self.dice.roll(4 - least) * usize::from(self.dice.roll(3) == 2)]
    }
}

/// Whether it may stand without quotes wherever that is allowed. A bare `not` in front is a keyword.
fn is_bare(text: &str) -> bool {
    !text.is_empty() && text != "not" && !text.contains(['\'', ' ', ',', '(', ')', '[', ']'])
}

fn texts(ask: &Ask) -> Vec<&str> {
    match ask {
        Ask::All(asks) | Ask::Any(asks) => asks.iter().flat_map(texts).collect(),
        Ask::Deny(ask) => texts(ask),
        Ask::Test { values, .. } => values
            .iter()
            .filter_map(|value| if let Value::Text(text) = value { Some(text.as_str()) } else { None })
            .collect(),
    }
}
