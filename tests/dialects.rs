//! Every value of every dialect, set in one of the three ways that there are, and seen over HTTP.
//!
//! A row of [`CASES`] says what the requests of its observation, in the modules below, get under each
//! value. A value without a case fails, and so do two values with the same answers, unless [`ALIKE`] says
//! why. Rows that no route reads yet have no cases; their note says so, here and in `docs/dialects.md`.

mod central;
mod everywhere;
mod glp;
pub(crate) mod issuers;
mod rates;

use std::collections::BTreeMap;

use greenroom_emulator::Remote;
use greenroom_model::{
    dialect::{Dialect, Row},
    spec::Spec,
    world::World,
};

use crate::{
    client::Client,
    harness::{Scratch, served::Served},
};

/// Dialect, values, and what is seen under each.
type Case = (&'static str, &'static [(&'static str, &'static str)]);

/// Values that no request tells apart, and why.
const ALIKE: &[(&str, [&str; 2], &str)] = &[(
    "retry_after",
    ["documented", "off"],
    "HPE documents the header for alerts only, which are not served",
)];

/// What can set a dialect.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// `POST /_greenroom/v1/dialect`, while the emulator runs.
    Control,
    /// `greenroom serve --dialect`.
    Flag,
    /// A world file, or whoever makes the world of an embedded emulator.
    File,
}

const WAYS: [Way; 3] = [Way::Control, Way::Flag, Way::File];

/// A client of an emulator where a dialect has this value.
async fn speaking(way: Way, row: &str, value: &str) -> Client {
    let setting = format!("{row}={value}");
    let file = file(row);
    match way {
        Way::Control => {
            let client = Client::of(world(&file)).await;
            Remote::new(client.url(), None).unwrap().set_dialect(&[setting]).await.unwrap();
            client
        }
        Way::Flag => Client::served(&file, &["--dialect", &setting]),
        Way::File => Client::of(world(&format!("{file}\ndialect: {{{row}: \"{value}\"}}\n"))).await,
    }
}

/// The sample as a file; for `wrong_cluster` one whose MSP lives on one cluster.
fn file(row: &str) -> String {
    let sample = greenroom_model::sample::FILE;
    match row {
        "wrong_cluster" => sample.replace("  - symbol: msp\n", "  - symbol: msp\n    cluster: US-WEST-5\n"),
        _ => sample.to_owned(),
    }
}

fn world(file: &str) -> World {
    World::from_spec(&Spec::read(file.as_bytes()).expect("a world file")).expect("a world")
}

/// Sets each value of each case of an area and compares what is seen.
async fn check(cases: &[Case], observe: impl AsyncFn(&Client, &str) -> String) {
    let mut ways = WAYS.into_iter().cycle();
    for (row, values) in cases {
        for (value, expected) in *values {
            let way = ways.next().expect("an endless cycle");
            let client = speaking(way, row, value).await;
            assert_eq!(observe(&client, row).await, *expected, "{row}={value}, set by {way:?}");
        }
    }
}

/// What is seen under each value of a dialect.
pub(crate) fn seen(row: &str) -> &'static [(&'static str, &'static str)] {
    cases().find(|(name, _)| *name == row).unwrap_or_else(|| panic!("{row} has no case")).1
}

fn cases() -> impl Iterator<Item = &'static Case> {
    [issuers::CASES, everywhere::CASES, glp::CASES, central::CASES].into_iter().flatten()
}

#[test]
fn every_value_has_a_case_that_tells_it_from_all_others() {
    let mut cases: BTreeMap<_, _> = cases().copied().collect();
    for Row { name, values, note, .. } in Dialect::default().rows() {
        let seen = cases.remove(&*name).unwrap_or_default();
        if !note.is_empty() {
            assert_eq!(note, "no route served yet depends on it", "{name}");
            assert!(seen.is_empty(), "{name} has cases, so it is no longer unserved");
            continue;
        }
        // A listed value that is a form, such as "any duration", stands for any number of values.
        let (forms, words): (Vec<_>, Vec<_>) = values.iter().partition(|value| value.contains(' '));
        for word in words.iter().map(|word| &***word) {
            assert!(seen.iter().any(|(value, _)| *value == word), "{name}={word} has no case");
        }
        assert!(seen.len() >= 2 && (seen.len() == words.len() || !forms.is_empty()), "{name}: {seen:?}");
        for (place, (value, answer)) in seen.iter().enumerate() {
            for (other, same) in &seen[..place] {
                let excused = ALIKE.iter().any(|(row, pair, _)| *row == name && *pair == [*other, *value]);
                assert_eq!(answer == same, excused, "{name}: {other} and {value}");
            }
        }
    }
    assert!(cases.is_empty(), "no dialect is called {:?}", cases.keys());
}

#[test]
fn setting_a_dialect_that_no_route_reads_says_so() {
    let scratch = Scratch::new();
    let served = Served::start(&scratch, &["--dialect", "async_pace=now"]);
    let said = served.control(&scratch, &["dialect", "async_pace=never"]).ended_with(0).stdout;
    assert!(said.contains("async_pace=never (changed)"), "{said}");
    assert!(said.contains("no route served yet depends on it"), "{said}");
    let row = served.control(&scratch, &["dialect", "--json", "async_pace"]).ended_with(0).json();
    assert_eq!(row["dialects"][0]["note"], "no route served yet depends on it");
}
