//! Lists over rows whose fields are read one by one: only the rows of the page that is shown are ever
//! built.

use greenroom_model::filter::{Field, Filter, Literal, Op};

/// Something of which a list shows rows.
pub(crate) trait Row {
    /// The value of a field, under the name that filters and sort orders use.
    fn field(&self, name: &str) -> Field<'_>;
}

/// The texts of which a field that is never null has one in every row that passes, if the filter says
/// so much: such rows need not be searched for.
pub(crate) fn only<'a>(filter: &'a Filter, name: &str) -> Option<Vec<&'a str>> {
    match filter {
        Filter::And(terms) => terms.iter().find_map(|term| only(term, name)),
        Filter::Compare { field, op: Op::Eq | Op::In, literals } if field == name => {
            Some(literals.iter().filter_map(Literal::text).collect())
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
    fn a_filter_says_of_which_values_a_field_must_have_one() {
        for (text, only_serials, asks_model) in [
            ("serialNumber eq 'A'", Some(vec!["A"]), false),
            ("model eq 'x' and serialNumber in 'A', 'B'", Some(vec!["A", "B"]), true),
            ("serialNumber in 'A', null", Some(vec!["A"]), false),
            ("serialNumber eq null", Some(vec![]), false),
            ("serialNumber eq 'null'", Some(vec!["null"]), false),
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
