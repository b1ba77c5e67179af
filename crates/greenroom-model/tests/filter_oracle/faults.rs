//! What a row does not allow: one mistake in a filter that is right otherwise.

use crate::{
    ask::{Ask, Dice, Writer},
    table::{Holds, Known, Row, Value},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    UnknownField,
    FieldInOtherMarks,
    /// An operator the field does not take, though others may.
    Operator(&'static str),
    UnknownOperator,
    Function(&'static str),
    UnknownFunction,
    ArgumentWithoutQuotes,
    LiteralFirst,
    Or,
    Not,
    NotBetween,
    NotBeforeAnotherOperator,
    Group,
    List(char),
    TwoValues,
    Null,
    Bare(Holds),
    Quoted(Holds),
    Garbage(Holds),
    Doubled(Holds),
    OpenQuote,
    OpenGroup,
    OpenList,
    NoValue,
    NothingBetween,
    QuotedWhole,
}

/// The faults that are faults in this row.
pub(crate) fn of(row: &Row) -> Vec<Fault> {
    let ops = ["eq", "ne", "gt", "ge", "lt", "le", "in"].map(Fault::Operator);
    let functions = ["contains", "startswith", "endswith"].map(Fault::Function);
    let holds = [Holds::Text, Holds::Number, Holds::Truth, Holds::Instant];
    let plain = [
        Fault::UnknownField,
        Fault::FieldInOtherMarks,
        Fault::UnknownOperator,
        Fault::Operator("contains"),
        Fault::UnknownFunction,
        Fault::ArgumentWithoutQuotes,
        Fault::LiteralFirst,
        Fault::Or,
        Fault::Not,
        Fault::NotBetween,
        Fault::NotBeforeAnotherOperator,
        Fault::Group,
        Fault::List(','),
        Fault::List('['),
        Fault::List('('),
        Fault::TwoValues,
        Fault::Null,
        Fault::OpenQuote,
        Fault::OpenGroup,
        Fault::OpenList,
        Fault::NoValue,
        Fault::NothingBetween,
        Fault::QuotedWhole,
    ];
    let of_kinds = holds.into_iter().flat_map(|holds| {
        [Fault::Bare(holds), Fault::Quoted(holds), Fault::Garbage(holds), Fault::Doubled(holds)]
    });
    let all = ops.into_iter().chain(functions).chain(plain).chain(of_kinds);
    all.filter(|fault| fault.applies(row) && !fault.fields(row).is_empty()).collect()
}

impl Fault {
    fn applies(self, row: &Row) -> bool {
        let may = |holds: Holds, mark: char| row.marks[place(holds)].contains(mark);
        match self {
            Self::Or | Self::Not | Self::NotBetween | Self::Group => !row.logic,
            Self::NotBeforeAnotherOperator | Self::OpenGroup => row.logic,
            Self::UnknownField => !row.tags,
            Self::LiteralFirst => !row.literal_first && !row.tags,
            Self::Operator("contains") => !row.infix_contains,
            Self::QuotedWhole => !row.quoted_whole && !row.tags,
            Self::List(form) => !row.lists.contains(form),
            Self::Null => !row.null && !may(Holds::Text, 'b'),
            Self::Bare(holds) => !may(holds, 'b'),
            Self::Quoted(holds) => !may(holds, 'q'),
            Self::Doubled(holds) => !(row.doubled && holds == Holds::Instant),
            Self::Garbage(holds) => holds != Holds::Text,
            _ => true,
        }
    }

    /// The fields that the mistake can be made with.
    fn fields(self, row: &Row) -> Vec<usize> {
        let takes = |field: &Known, op: &str| field.ops.split(' ').any(|known| known == op);
        let fits = |field: &Known| match self {
            Self::Operator("contains") => true,
            Self::Operator(op) | Self::Function(op) => !takes(field, op),
            Self::List(_) | Self::OpenList => takes(field, "in"),
            Self::ArgumentWithoutQuotes => takes(field, "contains"),
            Self::NotBeforeAnotherOperator => takes(field, "ne"),
            Self::Bare(holds) | Self::Quoted(holds) | Self::Garbage(holds) | Self::Doubled(holds) => {
                place(field.holds) == place(holds) && comparison(field).is_some()
            }
            _ => comparison(field).is_some(),
        };
        (0..row.fields.len()).filter(|field| fits(&row.fields[*field])).collect()
    }

    /// A filter with the mistake, and the place of the word that is wrong.
    pub(crate) fn text(self, row: &Row, dice: &mut Dice<'_>) -> (String, usize) {
        let first = Ask::make(row, dice, 1);
        let before = match first {
            // Alternatives would be cut in two by what follows.
            Ask::Any(_) => String::new(),
            first if dice.roll(3) > 0 => {
                // No quotes around the whole: this is the first part only.
                let row = Row { quoted_whole: false, fields: row.fields, ..*row };
                Writer::new(&row, dice).filter(&first).trim_end().to_owned()
            }
            _ => String::new(),
        };
        let joint = match (self, before.is_empty()) {
            (Self::Or, true) => return Self::Or.text_of_or(row, dice),
            (Self::Or, false) => " or ",
            (_, true) => "",
            (_, false) => " and ",
        };
        let (wrong, at) = self.condition(row, dice);
        let at = if self == Self::Or { before.len() + 1 } else { before.len() + joint.len() + at };
        (format!("{before}{joint}{wrong}"), at)
    }

    fn text_of_or(self, row: &Row, dice: &mut Dice<'_>) -> (String, usize) {
        let (one, _) = self.condition(row, dice);
        let (other, _) = self.condition(row, dice);
        (format!("{one} or {other}"), one.len() + 1)
    }

    /// The condition with the mistake, and its place there.
    fn condition(self, row: &Row, dice: &mut Dice<'_>) -> (String, usize) {
        let field = *dice.pick(&self.fields(row));
        let known = &row.fields[field];
        let good = Value::some(known.holds, dice);
        let mut writer = Writer::new(row, dice);
        let name = writer.field(field);
        let value = writer.value(&good, known.holds);
        let op = comparison(known).unwrap_or("eq");
        let after = name.len() + 1;
        let of_value = |value: &str| (format!("{name} {op} {value}"), after + op.len() + 1);
        match self {
            Self::UnknownField => (format!("colour {op} {value}"), 0),
            Self::FieldInOtherMarks if row.tags => (format!("city {op} {value}"), 0),
            Self::FieldInOtherMarks => (format!("'{name}' {op} {value}"), 0),
            Self::Operator("in") => {
                let list = writer.list(&[good], known.holds);
                (format!("{name} in {list}"), after)
            }
            Self::Operator("contains") => (format!("{name} contains 'a'"), after),
            Self::Operator(op) => (format!("{name} {op} {value}"), after),
            Self::UnknownOperator => (format!("{name} like {value}"), after),
            Self::Function(function) => (format!("{function}({name},'a')"), 0),
            Self::UnknownFunction => (format!("indexof({name},'a')"), 0),
            Self::ArgumentWithoutQuotes => (format!("contains({name},abc)"), name.len() + 10),
            Self::LiteralFirst => (format!("2020 in {name}"), 0),
            Self::Or => (format!("{name} {op} {value}"), 0),
            Self::Not => (format!("not {name} {op} {value}"), 0),
            Self::NotBetween => (format!("{name} not {op} {value}"), after),
            Self::NotBeforeAnotherOperator => (format!("{name} not ne {value}"), after + 4),
            Self::Group => (format!("({name} {op} {value})"), 0),
            Self::List(',') => (format!("{name} in {value},{value}"), after + 3),
            Self::List('[') => (format!("{name} in [{value}]"), after + 3),
            Self::List(_) => (format!("{name} in ({value})"), after + 3),
            Self::TwoValues => of_value(&format!("{value},{value}")),
            Self::Null => of_value("null"),
            Self::Bare(holds) => of_value(sample(holds)),
            Self::Quoted(holds) => of_value(&format!("'{}'", sample(holds))),
            Self::Garbage(holds) => {
                let mark = if row.marks[place(holds)].contains('q') { "'" } else { "" };
                of_value(&format!("{mark}noon{mark}"))
            }
            Self::Doubled(holds) => of_value(&format!("''{}''", sample(holds))),
            Self::OpenQuote => of_value("'abc"),
            Self::OpenGroup => {
                let text = format!("({name} {op} {value}");
                (text.clone(), text.len())
            }
            Self::OpenList => {
                let text = format!("{name} in ({value}");
                (text.clone(), text.len())
            }
            Self::NoValue => {
                let text = format!("{name} {op} ");
                (text.clone(), text.len())
            }
            // One word in quotes, and then nothing.
            Self::QuotedWhole => {
                let text = format!("'{name} {op} abc'");
                (text.clone(), text.len())
            }
            Self::NothingBetween => {
                let text = format!("{name} {op} {value} ");
                (format!("{text}{name} {op} {value}"), text.len())
            }
        }
    }
}

/// An operator with one value that the field takes.
fn comparison(field: &Known) -> Option<&'static str> {
    field.ops.split(' ').find(|op| *op == "eq" || *op == "ge")
}

fn place(holds: Holds) -> usize {
    match holds {
        Holds::Text | Holds::Word => 0,
        Holds::Number => 1,
        Holds::Truth => 2,
        Holds::Instant => 3,
    }
}

fn sample(holds: Holds) -> &'static str {
    match holds {
        Holds::Text | Holds::Word => "abc",
        Holds::Number => "5",
        Holds::Truth => "true",
        Holds::Instant => "2024-01-18T19:53:51.480Z",
    }
}
