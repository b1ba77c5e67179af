//! Making a matrix: the client without a mistake first, which says what each mutant is to be run through.

use std::{
    fs,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
};

use greenroom_emulator::Emulator;
use tokio::{sync::Semaphore, task::JoinSet};

use super::{Matrix, MatrixError, Progress, Row};
use crate::{
    adapter::Adapter,
    judge,
    load::Loaded,
    play,
    run::Pace,
    scenario::Scenario,
    verdict::{ScenarioVerdict, Verdict},
};

/// Most of a run is waiting.
const AT_ONCE_A_CORE: usize = 4;

/// One run to make.
struct Pair {
    mutant: Option<String>,
    digest: String,
    scenario: Scenario,
    adapter: Adapter,
}

/// Runs the client without a mistake through every scenario, and every mutant through those in which its mistake
/// could show, or through all (`full`). `adapter` plugs in the client with a mistake, or without; told a file, it
/// writes down there which mistakes it was asked about, one a line. Wants a tokio runtime.
pub async fn run(
    loaded: &[Loaded],
    mutants: &[&str],
    full: bool,
    adapter: impl Fn(Option<&str>, Option<&Path>) -> Adapter,
    mut on: impl FnMut(Progress<'_>),
) -> Result<Matrix, MatrixError> {
    let emulator = Arc::new(Emulator::builder().frozen().start().await?);
    let client = play::introduce(&emulator, &adapter(None, None), None).await;
    let client =
        client.map_err(|error| MatrixError::Client(error.to_string()))?.map_err(MatrixError::Client)?;
    let pace = Pace::of(&client.can);
    let scenarios: Vec<(&str, &Scenario)> = loaded
        .iter()
        .flat_map(|file| file.variants.iter().map(|paced| (file.digest.as_str(), paced.at(pace))))
        .collect();
    let place = tempfile::tempdir()
        .map_err(|error| MatrixError::Reach { scenario: "the first scenario".to_owned(), error })?;
    let reach = |scenario: &Scenario| -> PathBuf { place.path().join(scenario.name()) };
    let mut matrix = Matrix {
        rows: mutants.iter().map(|mutant| ((*mutant).to_owned(), Row::default())).collect(),
        ..Matrix::default()
    };
    on(Progress::Planned(scenarios.len()));
    let clean = scenarios.iter().map(|(digest, scenario)| Pair {
        mutant: None,
        digest: (*digest).to_owned(),
        scenario: (*scenario).clone(),
        adapter: adapter(None, Some(&reach(scenario))),
    });
    all(&emulator, clean, |_, found| {
        on(Progress::Finished(None, &found.name));
        if found.verdict != Verdict::Pass {
            matrix.clean.insert(found.name.clone(), found.verdict);
        }
    })
    .await?;
    for (_, scenario) in &scenarios {
        let name = scenario.name();
        let reached = fs::read_to_string(reach(scenario))
            .map_err(|error| MatrixError::Reach { scenario: name.clone(), error })?;
        for mutant in reached.lines() {
            if let Some(row) = matrix.rows.get_mut(mutant) {
                row.reached.insert(name.clone());
            }
        }
    }
    let mut pairs = Vec::new();
    for (mutant, row) in &matrix.rows {
        let meant = scenarios.iter().filter(|(_, scenario)| full || row.reached.contains(&scenario.name()));
        pairs.extend(meant.map(|(digest, scenario)| Pair {
            mutant: Some(mutant.clone()),
            digest: (*digest).to_owned(),
            scenario: (*scenario).clone(),
            adapter: adapter(Some(mutant), None),
        }));
    }
    on(Progress::Planned(pairs.len()));
    all(&emulator, pairs, |mutant, found| {
        on(Progress::Finished(mutant, &found.name));
        if let Some(row) = mutant.and_then(|mutant| matrix.rows.get_mut(mutant)) {
            row.add(found);
        }
    })
    .await?;
    Ok(matrix)
}

/// Makes runs, several at once, and judges them.
async fn all(
    emulator: &Arc<Emulator>,
    pairs: impl IntoIterator<Item = Pair>,
    mut found: impl FnMut(Option<&str>, &ScenarioVerdict),
) -> Result<(), MatrixError> {
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let starting = Arc::new(Semaphore::new(cores));
    // Given up with this future, and with them their clients.
    let mut runs = JoinSet::new();
    let mut pairs = pairs.into_iter();
    loop {
        while runs.len() < cores * AT_ONCE_A_CORE
            && let Some(pair) = pairs.next()
        {
            let (emulator, starting) = (Arc::clone(emulator), Arc::clone(&starting));
            runs.spawn(async move {
                let Pair { mutant, digest, scenario, adapter } = pair;
                let run = play::play(&emulator, &adapter, (&scenario, &digest), &starting, None).await;
                (mutant, judge::judge(&scenario, &run))
            });
        }
        match runs.join_next().await {
            None => return Ok(()),
            Some(Ok((mutant, verdict))) => found(mutant.as_deref(), &verdict),
            Some(Err(error)) => return Err(MatrixError::Kit(error.to_string())),
        }
    }
}
