//! A selection of members: `select=id,serialNumber`, or the parameter several times
//! (`glp.md §6.2`, `§10 row 30`).

use serde_json::Value;

use crate::{filter::FilterError, nearest};

/// What becomes of a name that the resource does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// It counts as if it had not been written (devices, `glp.md §11 U22`).
    Ignored,
    /// It is refused (the audit log, `glp.md §11 U22`).
    Refused,
}

/// The members of a row that are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// All of them.
    All,
    /// These, each once, in the order they were asked for. Rows keep their own.
    Only(Vec<&'static str>),
}

impl Selection {
    /// Reads the values of the parameter: each a name or names with commas between them. Where nothing
    /// known is named, nothing is selected by name, and rows stay whole.
    ///
    /// Names are those of whole members: no documented sample reaches into one.
    pub fn parse<'a>(
        values: impl IntoIterator<Item = &'a str>,
        known: &[&'static str],
        unknown: Unknown,
    ) -> Result<Self, FilterError> {
        let mut wanted = Vec::new();
        let mut at = 0;
        for part in values.into_iter().flat_map(|value| value.split(',')) {
            let name = part.trim();
            match known.iter().find(|member| **member == name) {
                Some(member) if !wanted.contains(member) => wanted.push(*member),
                None if !name.is_empty() && unknown == Unknown::Refused => {
                    let hint = nearest::hint(&nearest::of(name, known));
                    let message = format!("unknown select field {name}{hint}");
                    return Err(FilterError { at: at + part.len() - part.trim_start().len(), message });
                }
                _ => {}
            }
            at += part.len() + 1;
        }
        Ok(if wanted.is_empty() { Self::All } else { Self::Only(wanted) })
    }

    /// Whether rows need the member `name`.
    pub fn wants(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(wanted) => wanted.contains(&name),
        }
    }

    /// A row without the members nobody asked for.
    pub fn cut(&self, mut row: Value) -> Value {
        if let (Self::Only(_), Value::Object(members)) = (self, &mut row) {
            members.retain(|name, _| self.wants(name));
        }
        row
    }
}
