//! A valid file with mistakes put into it at random places: each is reported where it was put, and
//! nothing else is.

use std::collections::BTreeMap;

use greenroom_model::{sample, spec::Spec, yaml::Mistakes};
use proptest::prelude::*;

/// A kind of mistake: what becomes of a line, on which line of that it shows, and what is said.
type Injection = (&'static str, fn(&str) -> Option<(String, usize, &'static str)>);

const INJECTIONS: [Injection; 15] = [
    ("an unknown key", |line| {
        let (indent, _) = own_line(line)?;
        Some((format!("{indent}unheard_of: 1\n{line}"), 0, "unknown key; the keys here are "))
    }),
    ("a key twice", |line| {
        let (_, key) = own_line(line)?;
        (!key.is_empty() && !line.ends_with(':'))
            .then(|| (format!("{line}\n{line}"), 1, "this key was already given on line "))
    }),
    ("a misspelt key", |line| {
        line.contains("- symbol:")
            .then(|| (line.replace("symbol", "symbl"), 0, "unknown key; did you mean symbol?"))
    }),
    ("a missing key", |line| {
        let at = line.find("- symbol:")?;
        Some((format!("{}-", &line[..at]), 1, "symbol is missing; add it"))
    }),
    ("a list for a word", |line| swapped(line, "name: ", "name: [x]", "must be text, not a list")),
    ("nothing", |line| swapped(line, "name: ", "name:", "there is no value; write text or leave it out")),
    ("a number for a word", |line| {
        swapped(line, "name: ", "name: 12", "must be text, not a number; write it in quotes")
    }),
    ("a word for a number", |line| swapped(line, "seed: ", "seed: one", "must be a number, not text")),
    ("a number out of range", |line| {
        let (before, _) = line.split_once("{network: ")?;
        let after = "{network: 16777217}";
        Some((format!("{before}{after}"), 0, "must be a whole number from 0 to 16777216"))
    }),
    ("a bad instant", |line| {
        swapped(line, "born: ", "born: yesterday", "\"yesterday\" is not an instant; write it in UTC")
    }),
    ("a bad choice", |line| {
        swapped(line, "type: ", "type: MSPP", "there is no type of workspace \"MSPP\"; did you mean MSP?")
    }),
    ("a bad service", |line| {
        swapped(line, "service: ", "service: centrl", "there is no service \"centrl\"; did you mean central?")
    }),
    ("a name that nobody has", |line| {
        swapped(
            line,
            "owner: ",
            "owner: msp.admn@example.com",
            "there is no user \"msp.admn@example.com\"; did you mean msp.admin@example.com?",
        )
    }),
    ("a name that another has", |line| {
        let twin = format!("{}- symbol: twin", &line[..line.find("- symbol: empty")?]);
        Some((format!("{twin}\n{twin}\n{line}"), 1, "another workspace has this symbol on line "))
    }),
    ("a host of HPE", |line| {
        line.contains("platform:").then(|| {
            (line.replace("dedicated.example.com", "sso.common.cloud.hpe.com"), 0, "is a host of HPE's cloud")
        })
    }),
];

/// Indentation and key of a line that holds a key and starts no item.
fn own_line(line: &str) -> Option<(&str, &str)> {
    let key = line.trim_start();
    let indent = &line[..line.len() - key.len()];
    let (key, _) = key.split_once(':')?;
    (!key.starts_with(['-', '#']) && !key.contains(' ')).then_some((indent, key))
}

/// The line with something else from `from` on.
fn swapped(line: &str, from: &str, to: &str, said: &'static str) -> Option<(String, usize, &'static str)> {
    let at = line.find(from).filter(|at| line[..*at].trim_start_matches([' ', '-']).is_empty())?;
    Some((format!("{}{to}", &line[..at]), 0, said))
}

/// The text with mistakes on some of its lines, and on which lines of it each must be reported.
fn inject(text: &str, wanted: &BTreeMap<usize, usize>) -> (String, Vec<(usize, &'static str)>) {
    let (mut file, mut expected, mut count) = (Vec::new(), Vec::new(), 0);
    for (number, line) in text.lines().enumerate() {
        let injected = wanted.get(&number).and_then(|kind| INJECTIONS[*kind].1(line));
        let (line, at, said) = injected.unwrap_or_else(|| (line.to_owned(), 0, ""));
        if !said.is_empty() {
            expected.push((count + at + 1, said));
        }
        count += line.lines().count().max(1);
        file.push(line);
    }
    (file.join("\n"), expected)
}

fn compare(text: &str, expected: &[(usize, &str)]) {
    let Mistakes { list, .. } = Spec::read(text.as_bytes()).expect_err("mistakes");
    let all = list.iter().map(|mistake| format!("{mistake}\n")).collect::<String>();
    let lines: Vec<_> = list.iter().map(|mistake| mistake.line).collect();
    let expected_lines: Vec<_> = expected.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, expected_lines, "\n{text}\n{all}");
    for (mistake, (_, said)) in list.iter().zip(expected) {
        assert!(mistake.to_string().contains(said), "{mistake}\n  does not say: {said}");
    }
}

#[test]
fn every_kind_of_mistake_is_reported_on_every_line_where_it_can_be() {
    let text = sample::FILE;
    let mut places = [0; INJECTIONS.len()];
    for number in 0..text.lines().count() {
        for (kind, place) in places.iter_mut().enumerate() {
            let (file, expected) = inject(text, &[(number, kind)].into());
            if !expected.is_empty() {
                compare(&file, &expected);
                *place += 1;
            }
        }
    }
    let never: Vec<_> =
        places.iter().zip(INJECTIONS).filter(|(place, _)| **place == 0).map(|(_, kind)| kind.0).collect();
    assert!(never.is_empty(), "{never:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn so_many_mistakes_are_so_many_reports(wanted in proptest::collection::btree_map(0..80usize, 0..INJECTIONS.len(), 1..40)) {
        // One line apart, so that a missing key shows on a line that is still there.
        let mut apart = BTreeMap::new();
        for (line, kind) in wanted {
            if !apart.contains_key(&line.wrapping_sub(1)) {
                apart.insert(line, kind);
            }
        }
        let (file, expected) = inject(sample::FILE, &apart);
        if !expected.is_empty() {
            compare(&file, &expected);
        }
    }
}
