//! Rules as they are given to a command: a file, or the text itself.

use std::{fs, path::Path};

use greenroom_model::rule::Rule;
use serde::Deserialize;

/// Rules from one flag.
#[derive(Clone, Debug)]
pub(crate) struct Rules(pub(crate) Vec<Rule>);

const FORM: &str = "a rule in YAML or JSON, such as '{when: {op: api, nth: 3}, do: [{reply: {status: 429}}]}', \
                    or the name of a file with one or a list of them (docs/faults.md)";

/// Reads a rule or a list of rules: the text itself if it begins with a brace or a bracket, `-` for standard
/// input, else the name of a file.
pub(crate) fn parse(text: &str) -> Result<Rules, String> {
    let begins = text.trim_start();
    if begins.starts_with('{') || begins.starts_with('[') {
        return read(text).map_err(|error| format!("{error}; write {FORM}"));
    }
    let (name, content) = match text {
        "-" => ("standard input".to_owned(), std::io::read_to_string(std::io::stdin())),
        file => (file.to_owned(), fs::read_to_string(Path::new(file))),
    };
    let content = content.map_err(|error| format!("{name} cannot be read: {error}; give {FORM}"))?;
    read(&content).map_err(|error| format!("{name}: {error}"))
}

fn read(text: &str) -> Result<Rules, String> {
    // Asked first, so that a mistake is told of what it is in.
    let is_list = text.lines().map(str::trim_start).find(|line| !line.is_empty() && !line.starts_with('#'));
    let rules = match is_list.is_some_and(|line| line.starts_with('-') || line.starts_with('[')) {
        true => of::<Vec<Rule>>(text)?,
        false => vec![of::<Rule>(text)?],
    };
    for (nth, rule) in rules.iter().enumerate() {
        rule.check().map_err(|error| error.of_nth(nth, rules.len()).to_string())?;
    }
    Ok(Rules(rules))
}

fn of<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, String> {
    let options = serde_saphyr::options! { with_snippet: false };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_or_a_list_of_them() {
        for (text, count) in [
            ("{when: {op: api, nth: 3}, do: [{reply: {status: 429, headers: {retry-after: 3s}}}]}", 1),
            (r#"{"when":{"token":"acme\u00231"},"do":[{"expire":"presented"},{"close":{}}]}"#, 1),
            ("[{when: {}, do: [{advance: 1m}]}, {when: {}, do: [{reset: {}}]}]", 2),
        ] {
            assert_eq!(parse(text).unwrap().0.len(), count, "{text}");
        }
        let list = "# twice\n- when: { op: exchange }\n  do:\n    - expire: msp#1\n- when: {}\n  do: [{ hang: 1s }]\n";
        assert_eq!(read(list).unwrap().0.len(), 2);
    }

    #[test]
    fn what_is_no_rule_is_said_with_its_place() {
        for (text, what) in [
            ("{", "rule"),
            ("{when: {opp: api}, do: []}", "op"),
            ("{when: {}, do: [{advnce: 1m}]}", "advance"),
            ("{when: {}}", "does nothing"),
            ("[{when: {}, do: [{close: {}}]}, {when: {status: 200}, do: [{close: {}}]}]", "[1].when.status"),
            ("no-such-file.yaml", "cannot be read"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(what), "{text}: {error}");
        }
    }
}
