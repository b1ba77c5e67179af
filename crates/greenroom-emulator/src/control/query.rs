//! Queries of control: pairs to a command's argument.

use std::{collections::BTreeMap, time::Duration};

use greenroom_model::{bound::Bound, rule::Selector, spec::Secrets, time};

use super::route::Parameter;
use crate::command::{Command, CommandError, HistoryQuery};

/// Where a client that follows goes on from, after it lost its connection (HTML, server-sent events).
pub(super) const EVENT_ID: &str = "last-event-id";

/// How many of the entries that were asked for an export does not have, because they are gone.
pub(crate) const DROPPED: &str = "greenroom-dropped";

/// The longest that a history waits for a count, in real time.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

const AFTER: Parameter =
    Parameter { name: "after", says: "Only what came after this entry, which is there, or 0." };

/// The query of a part of the history, besides the fields of a selector.
pub(super) const PART: &[Parameter] = &[AFTER];

/// The query of the history, besides the fields of a selector.
pub(super) const HISTORY: &[Parameter] = &[
    AFTER,
    Parameter { name: "count", says: "How many exchanges are expected: `= 2`, `<= 1`, `>= 2`, `2..5`." },
    Parameter {
        name: "wait",
        says: "For how much real time, `5s`, to wait until no further exchange can change whether `count` holds.",
    },
];

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

/// Which part of the history.
#[derive(Default)]
pub(super) struct Part {
    pub(super) selector: Selector,
    pub(super) after: u64,
}

impl Part {
    fn set(&mut self, name: &str, value: &str) -> Result<(), CommandError> {
        match name {
            "after" => {
                let number = |_| CommandError::field(name, format!("{value:?} is no number"));
                self.after = value.parse().map_err(number)?;
            }
            _ => self.selector.set(name, value).map_err(|error| CommandError::field(name, error))?,
        }
        Ok(())
    }
}

/// The pairs of a query, none of them twice: of two that are told apart by nothing one would be passed over.
fn pairs(text: &str) -> Result<BTreeMap<String, String>, CommandError> {
    let mut pairs = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        if pairs.insert(name.clone().into_owned(), value.into_owned()).is_some() {
            return Err(CommandError::field(&name, format!("{name} is given twice: ask once for each")));
        }
    }
    Ok(pairs)
}

/// `op=api&status=401&after=12`: the fields of a selector, and `after`.
pub(super) fn part(text: &str) -> Result<Part, CommandError> {
    let mut part = Part::default();
    for (name, value) in pairs(text)? {
        part.set(&name, &value)?;
    }
    Ok(part)
}

/// `op=api&status=401&after=12&count=>= 2&wait=5s`: a part, and what is expected of it.
pub(super) fn history(text: &str) -> Result<Command, CommandError> {
    let (mut part, mut count, mut wait) = (Part::default(), None, None);
    for (name, value) in pairs(text)? {
        let wrong = |error: String| CommandError::field(&name, error);
        match name.as_str() {
            "count" => count = Some(value.parse::<Bound>().map_err(wrong)?),
            "wait" => wait = Some(patience(&value).map_err(wrong)?),
            _ => part.set(&name, &value)?,
        }
    }
    if wait.is_some() && count.is_none() {
        return Err(CommandError::field("wait", "say what is waited for: count, such as >= 2"));
    }
    let Part { selector, after } = part;
    Ok(Command::History(Box::new(HistoryQuery { selector, after, count, wait })))
}

fn patience(text: &str) -> Result<Duration, String> {
    let wait = time::parse_duration(text).map_err(|error| error.to_string())?;
    let wait = Duration::try_from(wait).map_err(|error| error.to_string())?;
    match wait <= LONGEST_WAIT {
        true => Ok(wait),
        false => Err(format!("at most {} s: ask again after that", LONGEST_WAIT.as_secs())),
    }
}
