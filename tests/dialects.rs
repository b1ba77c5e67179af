//! Every value of every dialect, set in one of the three ways that there are, and seen over HTTP.
//!
//! A row of [`CASES`] says what the requests of its observation, in the modules below, get under each
//! value. A value without a case fails, and so do two values with the same answers, unless [`ALIKE`] says
//! why.

mod central;
mod classic;
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

use crate::client::Client;

/// Dialect, values, and what is seen under each.
type Case = (&'static str, &'static [(&'static str, &'static str)]);

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
    [issuers::CASES, everywhere::CASES, glp::CASES, central::CASES, classic::CASES].into_iter().flatten()
}

#[test]
fn every_value_has_a_case_that_tells_it_from_all_others() {
    let mut cases: BTreeMap<_, _> = cases().copied().collect();
    for Row { name, values, .. } in Dialect::default().rows() {
        let seen = cases.remove(&*name).unwrap_or_default();
        // A listed value that is a form, such as "any duration", stands for any number of values.
        let (forms, words): (Vec<_>, Vec<_>) = values.iter().partition(|value| value.contains(' '));
        for word in words.iter().map(|word| &***word) {
            assert!(seen.iter().any(|(value, _)| *value == word), "{name}={word} has no case");
        }
        assert!(seen.len() >= 2 && (seen.len() == words.len() || !forms.is_empty()), "{name}: {seen:?}");
        for (place, (value, answer)) in seen.iter().enumerate() {
            for (other, same) in &seen[..place] {
                assert_ne!(answer, same, "{name}: {other} and {value}");
            }
        }
    }
    assert!(cases.is_empty(), "no dialect is called {:?}", cases.keys());
}
