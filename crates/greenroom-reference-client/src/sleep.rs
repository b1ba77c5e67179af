//! Sleeping as events: says how long it wants to sleep, and sleeps until it is woken.

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::{mpsc, oneshot};

use crate::{clock::Clock, drive};

#[derive(Debug)]
pub(crate) struct Sleeps {
    out: mpsc::UnboundedSender<String>,
    last: AtomicU64,
    asleep: Mutex<HashMap<u64, oneshot::Sender<()>>>,
}

impl Sleeps {
    /// Whose wishes are lines on `out`.
    pub(crate) fn new(out: mpsc::UnboundedSender<String>) -> Self {
        Self { out, last: AtomicU64::new(0), asleep: Mutex::default() }
    }

    /// Sleeps for so long. Afterwards the clock says so.
    pub(crate) async fn sleep(&self, clock: &Clock, duration: Duration) {
        let deadline = clock.now().steady.saturating_add(duration);
        let n = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let (wake, woken) = oneshot::channel();
        self.asleep.lock().unwrap_or_else(PoisonError::into_inner).insert(n, wake);
        // Nobody listens any more once the process ends, and then nobody minds.
        let _ = self.out.send(drive::sleep(duration, n));
        let _ = woken.await;
        clock.reached(deadline);
    }

    /// Wakes one of them. Whether it slept.
    pub(crate) fn wake(&self, n: u64) -> bool {
        let asleep = self.asleep.lock().unwrap_or_else(PoisonError::into_inner).remove(&n);
        asleep.is_some_and(|wake| wake.send(()).is_ok())
    }
}
