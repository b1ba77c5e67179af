//! Which requests, in a few words: `exchange`, `api:GET /network-monitoring/* status=429`.

use std::{fmt, str::FromStr};

use greenroom_emulator::command::HistoryQuery;
use greenroom_model::{bound::Bound, rule::Selector};

/// Requests, as people name them on a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Selection {
    pub(crate) selector: Selector,
    text: String,
}

const FORM: &str =
    "say OP, OP:METHOD, a path and FIELD=VALUE, as in 'api:GET /network-monitoring/* token=acme#1'";

impl FromStr for Selection {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut selector = Selector::default();
        for (nth, word) in text.split_whitespace().enumerate() {
            let mut set = |field: &str, value: &str| {
                selector.set(field, value).map_err(|error| format!("{text:?}: {field}: {error}"))
            };
            if word.starts_with('/') || word.starts_with("*/") {
                set("path", word)?;
            } else if let Some((field, value)) = word.split_once('=') {
                set(field, value)?;
            } else if nth == 0 {
                let (op, method) = word.split_once(':').unwrap_or((word, ""));
                if op != "*" && !op.is_empty() {
                    set("op", op)?;
                }
                if !method.is_empty() && method != "*" {
                    set("method", method)?;
                }
            } else {
                return Err(format!("{text:?}: {word:?} is neither a path nor FIELD=VALUE; {FORM}"));
            }
        }
        if selector == Selector::default() && text.trim() != "*" {
            return Err(format!("{text:?} selects nothing; {FORM}, or '*' for every request"));
        }
        Ok(Self { selector, text: text.trim().to_owned() })
    }
}

/// A selection of which nobody counts the nth: that of a history, or of an expectation.
pub(crate) fn parse_uncounted(text: &str) -> Result<Selection, String> {
    let selection: Selection = text.parse()?;
    HistoryQuery::check_selector(&selection.selector).map_err(|error| format!("{text:?}: {error}"))?;
    Ok(selection)
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// How many requests of some kind there shall be: `exchange = 2`, `mint <= 1`, `api:POST >= 1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expectation {
    pub(crate) selection: Selection,
    pub(crate) bound: Bound,
}

impl FromStr for Expectation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let wrong =
            || format!("{text:?} is no expectation: say which requests and how many, as in 'exchange = 2'");
        // The bound is the last word, or the last two: `= 2`, `<=1`, `2..5`.
        let (head, last) = text.rsplit_once(char::is_whitespace).ok_or_else(wrong)?;
        let head = head.trim_end();
        let (selection, bound) = match ["<=", ">=", "="]
            .iter()
            .find_map(|sign| head.strip_suffix(sign).map(|head| (head, format!("{sign} {last}"))))
        {
            Some(split) => split,
            None => (head, last.to_owned()),
        };
        let selection = parse_uncounted(selection).map_err(|error| format!("{}; {error}", wrong()))?;
        let bound = bound.parse().map_err(|error: String| format!("{text:?}: {error}"))?;
        Ok(Self { selection, bound })
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.selection, self.bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> serde_json::Value {
        serde_json::to_value(text.parse::<Selection>().unwrap().selector).unwrap()
    }

    #[test]
    fn selections_are_read() {
        for (text, expected) in [
            ("exchange", serde_json::json!({"op": "exchange"})),
            ("api:GET", serde_json::json!({"op": "api", "method": "GET"})),
            ("api:GET /x/*", serde_json::json!({"op": "api", "method": "GET", "path": "/x/*"})),
            ("*:POST", serde_json::json!({"method": "POST"})),
            (":POST", serde_json::json!({"method": "POST"})),
            ("/x token=acme#1", serde_json::json!({"path": "/x", "token": "acme#1"})),
            ("status=429", serde_json::json!({"status": 429})),
            ("mint header.accept=*json*", serde_json::json!({"op": "mint", "header.accept": "*json*"})),
            ("*", serde_json::json!({})),
        ] {
            let mut got = fields(text);
            if let Some(status) = got.get_mut("status")
                && let Some(number) = status.as_str().and_then(|text| text.parse::<u64>().ok())
            {
                *status = number.into();
            }
            assert_eq!(got, expected, "{text}");
        }
    }

    #[test]
    fn wrong_selections_say_what_is_wrong() {
        for (text, what) in [
            ("", "selects nothing"),
            ("apis", "mint, exchange, refresh, sign_in, api"),
            ("api GET", "neither a path nor"),
            ("api statis=429", "status"),
            ("status=x", "status"),
        ] {
            let error = text.parse::<Selection>().unwrap_err();
            assert!(error.contains(what), "{text}: {error}");
        }
    }

    #[test]
    fn expectations_are_read_and_written() {
        for (text, written) in [
            ("exchange = 2", "exchange = 2"),
            ("exchange =2", "exchange = 2"),
            ("mint <= 1", "mint <= 1"),
            ("api:POST /a >= 1", "api:POST /a >= 1"),
            ("api status=401 2..5", "api status=401 2..5"),
            ("status=401 = 0", "status=401 = 0"),
        ] {
            assert_eq!(text.parse::<Expectation>().unwrap().to_string(), written);
        }
        for (text, what) in [
            ("exchange", "which requests and how many"),
            ("exchange 2", "no bound"),
            ("= 2", "which requests"),
            ("exchnge = 2", "mint, exchange, refresh, sign_in, api"),
            ("api nth=3 = 1", "counted by rules only"),
        ] {
            let error = text.parse::<Expectation>().unwrap_err();
            assert!(error.contains(what), "{text}: {error}");
        }
    }
}
