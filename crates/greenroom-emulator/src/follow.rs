//! Following a history: a reader keeps a number, never entries, and waits for the ring to grow.

use std::sync::Arc;

use greenroom_model::{
    history::{Event, Reading},
    rule::Selector,
};
use tokio::sync::watch;

use crate::{activity::Activity, command::HistoryQuery, listen, sandbox::Sandbox};

/// How many entries are looked at under one lock.
const PIECE: usize = 64;

/// A reader of a history.
pub(crate) struct Reader {
    sandbox: Arc<Sandbox>,
    selector: Selector,
    /// The last entry that was looked at.
    after: u64,
    /// Changes, among other things, with each entry.
    activity: watch::Receiver<Activity>,
    stop: watch::Receiver<bool>,
}

impl Reader {
    /// A reader that waits for more until the emulator stops.
    pub(crate) fn new(
        sandbox: &Arc<Sandbox>,
        selector: Selector,
        after: u64,
        stop: watch::Receiver<bool>,
    ) -> Self {
        let activity = sandbox.activity.subscribe();
        Self { sandbox: Arc::clone(sandbox), selector, after, activity, stop }
    }

    /// The last entry that was looked at.
    pub(crate) fn after(&self) -> u64 {
        self.after
    }

    /// The next piece, which may hold nothing that is wanted. None when the emulator has stopped.
    pub(crate) async fn next(&mut self) -> Option<Reading> {
        loop {
            if *self.stop.borrow() {
                return None;
            }
            // Seen before it is read, so that what comes meanwhile is not missed.
            self.activity.mark_unchanged();
            let reading = self.sandbox.lock().history.read(self.after, PIECE, &self.selector);
            if reading.last > self.after {
                self.after = reading.last;
                return Some(reading);
            }
            tokio::select! {
                () = listen::stopped(&mut self.stop) => return None,
                grown = self.activity.changed() => grown.ok()?,
            }
        }
    }
}

/// Waits, where the query says so, until no further exchange can change whether its count holds.
pub(crate) async fn until_decided(
    sandbox: &Arc<Sandbox>,
    query: &HistoryQuery,
    stop: &watch::Receiver<bool>,
) {
    let HistoryQuery { selector, after, count: Some(bound), wait: Some(wait) } = query else { return };
    let mut reader = Reader::new(sandbox, selector.clone(), *after, stop.clone());
    let decided = async {
        let mut count = 0;
        while !bound.is_decided(count) {
            let Some(reading) = reader.next().await else { break };
            // An exchange is counted when it is known to be one that is meant.
            let is_request = |event: &Event| matches!(event, Event::Request(_));
            count += reading.entries.iter().filter(|entry| is_request(&entry.event)).count();
        }
    };
    // Time that is over is an answer, too.
    let _ = tokio::time::timeout(*wait, decided).await;
}
