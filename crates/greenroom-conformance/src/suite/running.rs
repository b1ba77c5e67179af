//! Running a suite: one emulator, a sandbox for each run, several runs at once.

use std::{num::NonZeroUsize, sync::Arc, thread, time::Duration};

use greenroom_emulator::Emulator;
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
};

use super::{Entry, Judged, Progress, Report, Suite, SuiteError, fit};
use crate::{
    adapter::Adapter,
    judge, play,
    run::{Pace, Run},
    scenario::Scenario,
    verdict::{ClientInfo, Verdict},
};

/// How many runs there are at once, by default and at most.
const MOST_AT_ONCE: usize = 16;
const AT_ONCE_A_CORE: usize = 4;

/// What all runs share.
struct Shared {
    emulator: Emulator,
    adapter: Adapter,
    client: ClientInfo,
    /// As many clients may start at once as there are cores.
    starting: Semaphore,
    /// Most of a run is waiting, so that more may run.
    at_once: Semaphore,
    twice: bool,
    patience: Option<Duration>,
}

/// What a run tells.
enum News {
    Started(usize),
    Finished(usize, Box<Judged>),
}

impl Suite {
    /// Runs the scenarios and judges them. `on` is told how it goes. Wants a tokio runtime.
    pub async fn run(
        &self,
        adapter: &Adapter,
        mut on: impl FnMut(Progress<'_>),
    ) -> Result<Report, SuiteError> {
        let chosen = self.chosen()?;
        let emulator = Emulator::builder().frozen().start().await?;
        let client = match play::introduce(&emulator, adapter, self.patience).await? {
            Ok(client) => client,
            Err(why) => return Ok(Report::of_nobody(self.profile, why)),
        };
        let pace = Pace::of(&client.can);
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let at_once = self.jobs.map_or_else(|| (cores * AT_ONCE_A_CORE).min(MOST_AT_ONCE), NonZeroUsize::get);
        let shared = Arc::new(Shared {
            emulator,
            adapter: adapter.clone(),
            client: client.clone(),
            starting: Semaphore::new(cores),
            at_once: Semaphore::new(at_once.min(Semaphore::MAX_PERMITS)),
            twice: self.twice,
            patience: self.patience,
        });
        on(Progress::Planned(chosen.len()));
        let mut judged: Vec<Option<Judged>> = Vec::new();
        let (tell, mut news) = mpsc::unbounded_channel();
        // Given up with this future, and with them their clients.
        let mut runs = JoinSet::new();
        for (nth, entry) in chosen.iter().enumerate() {
            let verdict = fit::without_run(entry.paced.at(pace), &client, self.profile);
            let finished = verdict.map(|verdict| Judged { verdict, run: None });
            match &finished {
                Some(judged) => on(Progress::Finished(judged)),
                None => {
                    let (shared, tell, entry) = (Arc::clone(&shared), tell.clone(), Entry::clone(entry));
                    runs.spawn(async move { shared.run(nth, &entry, pace, &tell).await });
                }
            }
            judged.push(finished);
        }
        drop(tell);
        while let Some(one) = news.recv().await {
            match one {
                News::Started(nth) => on(Progress::Started(&chosen[nth].paced.at(pace).name())),
                News::Finished(nth, finished) => {
                    on(Progress::Finished(&finished));
                    judged[nth] = Some(*finished);
                }
            }
        }
        let scenarios = judged.into_iter().zip(&chosen).map(|(judged, entry)| {
            judged.unwrap_or_else(|| {
                let why = "the kit broke down in this run".to_owned();
                Judged { verdict: judge::not_run(entry.paced.at(pace), Verdict::Error, why), run: None }
            })
        });
        Ok(Report { client, profile: self.profile, scenarios: scenarios.collect() })
    }
}

impl Shared {
    async fn run(&self, nth: usize, entry: &Entry, pace: Pace, tell: &mpsc::UnboundedSender<News>) {
        // Nobody closes the semaphore.
        let _permit = self.at_once.acquire().await.ok();
        // Whoever gave up on the suite hears nothing.
        let _ = tell.send(News::Started(nth));
        let scenario = entry.paced.at(pace);
        let run = self.play(entry, scenario).await;
        let mut verdict = judge::judge(scenario, &run);
        if self.twice {
            let again = self.play(entry, scenario).await;
            if let Some(difference) = run.first_difference(&again, scenario) {
                verdict.verdict = Verdict::Error;
                verdict.why = Some(format!("two runs are not alike: {difference}"));
            }
        }
        let _ = tell.send(News::Finished(nth, Box::new(Judged { verdict, run: Some(run) })));
    }

    async fn play(&self, entry: &Entry, scenario: &Scenario) -> Run {
        let Self { emulator, adapter, starting, .. } = self;
        let mut run = play::play(emulator, adapter, (scenario, &entry.digest), starting, self.patience).await;
        // One that broke down before it said who it is, is the one that said so before.
        run.header.client.get_or_insert_with(|| self.client.clone());
        run
    }
}
