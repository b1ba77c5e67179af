//! Every check finds a broken client, and every broken client is found by the checks that are to find it, and by no
//! others.

use std::{fs, path::Path};

use greenroom_conformance::{
    adapter::Adapter,
    catalogue::{Library, builtin},
    load::Loaded,
    matrix::{Matrix, Row, findings, run},
};
use greenroom_reference_client::Mutant;

use crate::harness::repository;

/// The reference client with a mistake, or without, in a process of its own.
fn client(mutant: Option<&str>, reach: Option<&Path>) -> Adapter {
    let mut arguments = vec!["reference-client".into()];
    arguments.extend(mutant.iter().flat_map(|name| ["--mutant".into(), name.into()]));
    arguments.extend(reach.iter().flat_map(|file| ["--reach".into(), file.as_os_str().to_owned()]));
    Adapter::command(env!("CARGO_BIN_EXE_greenroom"), arguments)
}

/// More than that is no race.
const A_FEW: usize = 5;

/// The mutants of which the committed matrix says something else.
fn others_than(committed: &str, matrix: &Matrix) -> Vec<String> {
    let differs = |(name, row): &(&String, &Row)| {
        let alone =
            Matrix { rows: [((*name).clone(), (*row).clone())].into(), ..Matrix::default() }.to_string();
        let paragraph = alone.split_once("mutants:\n").map_or("", |(_, paragraph)| paragraph);
        !committed.contains(paragraph)
    };
    matrix.rows.iter().filter(differs).map(|(name, _)| name.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_matrix_is_the_committed_one_and_says_what_the_catalogue_says() {
    let loaded: Vec<Loaded> = Library::builtin().iter().map(|entry| entry.loaded.clone()).collect();
    let mutants: Vec<&str> = Mutant::ALL.iter().map(|mutant| mutant.name()).collect();
    let mut matrix = run(&loaded, &mutants, false, client, |_| {}).await.unwrap();
    let file = repository().join("scenarios/matrix.yaml");
    let others = others_than(&fs::read_to_string(&file).unwrap_or_default(), &matrix);
    // On a busy machine a race may end the other way: a few are run once more, by themselves.
    if (1..=A_FEW).contains(&others.len()) {
        let others: Vec<&str> = others.iter().map(String::as_str).collect();
        matrix.rows.extend(run(&loaded, &others, false, client, |_| {}).await.unwrap().rows);
    }
    let wrong = findings(&matrix, builtin(), Library::builtin());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let present = matrix.to_string();
    if std::env::var_os("GREENROOM_BLESS").is_some() {
        fs::write(&file, &present).unwrap();
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    let differ: Vec<_> = present.lines().filter(|line| !committed.contains(line)).collect();
    assert!(
        committed == present,
        "scenarios/matrix.yaml lags behind: run GREENROOM_BLESS=1 cargo test -p greenroom --test it matrix::the_matrix \
         and read the diff. Lines that are new to it: {differ:#?}"
    );
}
