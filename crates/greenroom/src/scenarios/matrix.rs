//! `greenroom scenarios matrix`: which checks find which broken clients.

use greenroom_conformance::{
    adapter::Adapter,
    catalogue::{Library, builtin},
    load::Loaded,
    matrix::{self, Progress},
};
use greenroom_reference_client::Mutant;

use crate::{
    exit::{Exit, Failure},
    out,
    verify::{Live, own_program},
};

/// Makes the matrix of the scenarios that come along, prints it, and says in what it disagrees with the catalogue.
pub(super) async fn matrix(full: bool) -> Result<Exit, Failure> {
    let program = own_program()?;
    let loaded: Vec<Loaded> = Library::builtin().iter().map(|entry| entry.loaded.clone()).collect();
    let mutants: Vec<&str> = Mutant::ALL.iter().map(|mutant| mutant.name()).collect();
    let live = Live::start();
    let (mut planned, mut finished) = (0, 0);
    let made = matrix::run(
        &loaded,
        &mutants,
        full,
        |mutant, reach| {
            let mut arguments = vec!["reference-client".into()];
            arguments.extend(mutant.iter().flat_map(|name| ["--mutant".into(), name.into()]));
            arguments.extend(reach.iter().flat_map(|file| ["--reach".into(), file.as_os_str().to_owned()]));
            Adapter::command(&program, arguments)
        },
        |progress| match progress {
            Progress::Planned(count) => (planned, finished) = (count, 0),
            Progress::Finished(mutant, scenario) => {
                finished += 1;
                let who = mutant.unwrap_or("no mistake");
                live.show(&format!("{finished} of {planned} runs  {who} {scenario}"));
            }
        },
    )
    .await;
    live.end();
    let made = made.map_err(Failure::new)?;
    out::say(made.to_string().trim_end())?;
    let wrong = matrix::findings(&made, builtin(), Library::builtin());
    for sentence in &wrong {
        out::complain(sentence);
    }
    Ok(if wrong.is_empty() { Exit::Fine } else { Exit::Expectation })
}
