//! A filter as written against the grammar of a service: what remains can be asked of rows.

use super::{
    Filter, FilterError, Literal, Value,
    grammar::{Fields, Grammar, Kind, List, Op, Quotes, Words},
    parse::{Condition, Marks, Operand, Word, Written},
};
use crate::nearest;

/// Checks `written`. `bare` says that the filter stood in quotes as a whole, so that its values stand
/// without.
pub(super) fn check(written: Written, grammar: &Grammar, bare: bool) -> Result<Filter, FilterError> {
    Checker { grammar, bare }.node(written)
}

struct Checker<'a> {
    grammar: &'a Grammar,
    bare: bool,
}

impl Checker<'_> {
    fn node(&self, written: Written) -> Result<Filter, FilterError> {
        let all = |terms: Vec<Written>| -> Result<Vec<Filter>, FilterError> {
            terms.into_iter().map(|term| self.node(term)).collect()
        };
        match written {
            Written::And(terms) => all(terms).map(Filter::And),
            Written::Or { at, .. } if !self.grammar.logic => {
                refuse(at, "only \"and\" may join conditions".to_owned())
            }
            Written::Not { at, .. } if !self.grammar.logic => {
                refuse(at, "\"not\" is not supported".to_owned())
            }
            Written::Group { at, .. } if !self.grammar.logic => {
                refuse(at, "groups are not supported".to_owned())
            }
            Written::Or { terms, .. } => all(terms).map(Filter::Or),
            Written::Not { odd: true, term, .. } => Ok(Filter::Not(Box::new(self.node(*term)?))),
            Written::Not { term, .. } => self.node(*term),
            Written::Group { inner, .. } => self.node(*inner),
            Written::Condition(condition) => self.condition(condition),
            Written::Call { function, field, argument } => self.call(&function, field, argument),
        }
    }

    fn call(&self, function: &Word, field: Operand, argument: Operand) -> Result<Filter, FilterError> {
        let (_, ops) = self.field(&field)?;
        let Some(op) = self.named(&function.text).filter(|op| op.is_function()) else {
            let hint = nearest::hint(&nearest::of(&function.text, &Op::names(true)));
            let ours = || format!("unknown function {}{hint}", function.text);
            return refuse(function.at, self.bad_operator(&function.text, ours));
        };
        if !(self.grammar.functions || ops.contains(&op)) {
            let ours = || format!("{op} of {} is not supported", field.text);
            return refuse(function.at, self.bad_operator(&function.text, ours));
        }
        if argument.marks != Marks::Single {
            return refuse(argument.at, format!("{:?} must stand in single quotes", argument.text));
        }
        Ok(Filter::Compare { field: field.text, op, literals: vec![literal(argument)] })
    }

    fn condition(&self, condition: Condition) -> Result<Filter, FilterError> {
        if self.is_literal_first(&condition) {
            return self.literal_first(condition);
        }
        let Condition { left, not, op, list, right } = condition;
        let (kind, ops) = self.field(&left)?;
        let found = self.operator(&op, &left, ops)?;
        match (not, found) {
            (Some(at), _) if !self.grammar.logic => return refuse(at, "\"not\" is not supported".to_owned()),
            (Some(_), found) if found != Op::Eq => {
                return refuse(op.at, "only eq may stand after \"not\"".to_owned());
            }
            _ => {}
        }
        match list {
            Some((_, at)) if found != Op::In => return refuse(at, format!("{found} takes one value")),
            Some((form, at)) => self.list(form, at)?,
            None if found == Op::In => self.list(List::Commas, right.first().map_or(op.at, |it| it.at))?,
            None => {}
        }
        let literals = right.into_iter().map(|value| self.literal(value, kind, &left.text));
        let literals = literals.collect::<Result<_, _>>()?;
        // A tag that is not there has no other value (filter-tags of HPE's subscription-management.json,
        // "not-equals").
        let absent = (found == Op::Ne && matches!(self.grammar.fields, Fields::Tags(_))).then(|| {
            let literals = vec![Literal::Bare(Value::null())];
            Filter::Compare { field: left.text.clone(), op: Op::Eq, literals }
        });
        let comparison = Filter::Compare { field: left.text, op: found, literals };
        if let Some(absent) = absent {
            return Ok(Filter::And(vec![Filter::Not(Box::new(absent)), comparison]));
        }
        Ok(if not.is_some() { Filter::Not(Box::new(comparison)) } else { comparison })
    }

    fn named(&self, word: &str) -> Option<Op> {
        Op::named(word, self.grammar.any_case)
    }

    /// Whether this is `2020 in createdAt`.
    fn is_literal_first(&self, condition: &Condition) -> bool {
        let field = |operand: &Operand| {
            operand.marks == Marks::None && self.grammar.fields.find(&operand.text).is_some()
        };
        let Condition { left, not: None, op, list: None, right } = condition else { return false };
        let right_is_field = matches!(right.as_slice(), [right] if field(right));
        self.grammar.literal_first && self.named(&op.text) == Some(Op::In) && !field(left) && right_is_field
    }

    /// The field contains the value, whatever it holds (the user management guide).
    fn literal_first(&self, condition: Condition) -> Result<Filter, FilterError> {
        let Condition { left, mut right, .. } = condition;
        if left.marks == Marks::Doubled {
            return refuse(left.at, format!("{:?} must not stand in doubled quotes", left.text));
        }
        let field = right.swap_remove(0).text;
        Ok(Filter::Compare { field, op: Op::Contains, literals: vec![literal(left)] })
    }

    fn field(&self, operand: &Operand) -> Result<(Kind, &'static [Op]), FilterError> {
        let wanted = if matches!(self.grammar.fields, Fields::Tags(_)) { Marks::Single } else { Marks::None };
        let Operand { at, text, marks } = operand;
        if *marks != wanted {
            let message = match wanted {
                Marks::None => format!("{text:?} is no field: fields stand without quotes, on the left"),
                _ => format!("the key {text:?} must stand in single quotes"),
            };
            return refuse(*at, message);
        }
        self.grammar.fields.find(text).ok_or_else(|| {
            let known = self.grammar.fields.names();
            let message = match self.grammar.words {
                Words::AuditLog => format!(
                    "Unsupported filter parameter '{text}' provided. Supported parameters are {}.",
                    known.join(", ")
                ),
                Words::Catalog { example, only: Some(only) } => format!(
                    "Query '{only}' not present in the filtered data, refer example: '?filter={example}' for \
                     field filter"
                ),
                Words::Ours | Words::Catalog { only: None, .. } => {
                    format!("unknown filter field {text}{}", nearest::hint(&nearest::of(text, &known)))
                }
            };
            FilterError { at: *at, message }
        })
    }

    /// What is wrong with an operator or a function, in the words of the audit log or in `ours`.
    fn bad_operator(&self, text: &str, ours: impl FnOnce() -> String) -> String {
        match self.grammar.words {
            Words::AuditLog => format!(
                "Invalid operator '{text}' used in filter. Supported operators are eq, in, contains, lt, ge."
            ),
            Words::Ours | Words::Catalog { .. } => ours(),
        }
    }

    fn operator(&self, word: &Word, field: &Operand, ops: &[Op]) -> Result<Op, FilterError> {
        let op = self.named(&word.text);
        if let Some(op) = op.filter(|op| ops.contains(op)) {
            return Ok(op);
        }
        let Word { at, text } = word;
        let name = &field.text;
        let ours = || match (self.grammar.words, op) {
            (Words::Catalog { example, .. }, _) => format!(
                "Unsupported filter operator, '{name} {text}', refer example: '?filter={example}' for field filter"
            ),
            (_, Some(op)) => format!("operator {op} is not supported for {name}"),
            (_, None) => {
                let hint = nearest::hint(&nearest::of(text, &Op::names(false)));
                format!("unknown operator {text}{hint}")
            }
        };
        refuse(*at, self.bad_operator(text, ours))
    }

    fn list(&self, form: List, at: usize) -> Result<(), FilterError> {
        if self.grammar.lists.contains(&form) {
            return Ok(());
        }
        let known: Vec<_> = self.grammar.lists.iter().map(|form| form.name()).collect();
        refuse(at, format!("the values of in stand {}", known.join(" or ")))
    }

    fn literal(&self, operand: Operand, kind: Kind, field: &str) -> Result<Literal, FilterError> {
        let Operand { at, text, marks } = &operand;
        if *marks == Marks::None && text == "null" && self.grammar.null {
            return Ok(Literal::Bare(Value::null()));
        }
        let quotes = if self.bare { Quotes::Never } else { self.grammar.quotes(kind) };
        if let (Words::Catalog { example, .. }, Kind::Truth) = (self.grammar.words, kind)
            && (!kind.holds(text)
                || matches!((marks, quotes), (Marks::Single, Quotes::Never) | (Marks::Doubled, _)))
        {
            // However the field is spelt in the filter.
            let message = format!(
                "Query 'mspSupported' needs to be a boolean value, refer example: '?filter={example}' for field \
                 filter"
            );
            return refuse(*at, message);
        }
        let fault = match (marks, quotes) {
            (Marks::None, Quotes::Always) => "must stand in single quotes",
            (Marks::Single, Quotes::Never) => "must stand without quotes",
            (Marks::Doubled, _) if !(self.grammar.doubled_quotes && kind == Kind::Instant) => {
                "must not stand in doubled quotes"
            }
            _ if kind.holds(text) => return Ok(literal(operand)),
            _ if kind == Kind::Instant && self.grammar.words == Words::AuditLog => {
                let message = format!(
                    "Invalid date format '{text}' provided for {field} filter. Expected RFC 3339 timestamp \
                     format (e.g., '2024-02-16T07:54:55.0Z')."
                );
                return refuse(*at, message);
            }
            _ => return refuse(*at, format!("{text:?} is no value for {field}")),
        };
        refuse(*at, format!("{text:?} {fault}"))
    }
}

fn literal(operand: Operand) -> Literal {
    let value = Value::read(operand.text);
    if operand.marks == Marks::None { Literal::Bare(value) } else { Literal::Quoted(value) }
}

fn refuse<T>(at: usize, message: String) -> Result<T, FilterError> {
    Err(FilterError { at, message })
}
