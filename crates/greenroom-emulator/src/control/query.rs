//! Queries of control: pairs to a command's argument.

use greenroom_model::spec::Secrets;

use super::route::Parameter;
use crate::command::{Command, CommandError, HistoryQuery};

/// The query of the history, besides the fields of a selector.
pub(super) const HISTORY: &[Parameter] =
    &[Parameter { name: "after", says: "Only what came after this entry." }];

/// The query of an export.
pub(super) const EXPORT: &[Parameter] =
    &[Parameter { name: "secrets", says: "`shown` writes secrets as they are, `digests` their digests." }];

pub(super) fn export_world(query: &str) -> Result<Command, CommandError> {
    let secrets = match query {
        "" | "secrets=digests" => Secrets::Digests,
        "secrets=shown" => Secrets::Shown,
        _ => {
            let message = "say secrets=digests or secrets=shown, and nothing else";
            return Err(CommandError::field("secrets", message));
        }
    };
    Ok(Command::ExportWorld(secrets))
}

/// `op=api&status=401&after=12`: the fields of a selector, and `after`.
pub(super) fn history(text: &str) -> Result<Command, CommandError> {
    let mut query = HistoryQuery::default();
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        if name == "after" {
            let number = || CommandError::field(&name, format!("{value:?} is no number"));
            query.after = value.parse().map_err(|_| number())?;
        } else {
            query.selector.set(&name, &value).map_err(|error| CommandError::field(&name, error))?;
        }
    }
    Ok(Command::History(Box::new(query)))
}
