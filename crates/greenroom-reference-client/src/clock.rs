//! This client's own clocks, and the only file that reads those of the machine.
//!
//! A sleep that the kit ended early has taken the time it was asked for all the same, so both clocks stand at its end.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};

/// An instant on both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// On the clock that nobody sets.
    pub(crate) steady: Duration,
    /// On the clock of the wall.
    pub(crate) wall: Timestamp,
}

#[derive(Debug)]
pub(crate) struct Clock {
    started: Instant,
    shift: Mutex<Shift>,
}

#[derive(Debug, Default)]
struct Shift {
    slept: Duration,
    wall: SignedDuration,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "this is the one file that may")]
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), shift: Mutex::default() }
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one file that may")]
    pub(crate) fn now(&self) -> Moment {
        let shift = self.shift();
        let slept = SignedDuration::try_from(shift.slept).unwrap_or(SignedDuration::MAX);
        let wall = Timestamp::now().saturating_add(shift.wall.saturating_add(slept));
        Moment {
            steady: self.started.elapsed().saturating_add(shift.slept),
            wall: wall.unwrap_or(Timestamp::MAX),
        }
    }

    /// Sets the clock of the wall forward or back.
    pub(crate) fn set_wall(&self, by: SignedDuration) {
        let mut shift = self.shift();
        shift.wall = shift.wall.saturating_add(by);
    }

    /// A sleep is over that was to last until `deadline`.
    pub(crate) fn reached(&self, deadline: Duration) {
        let mut shift = self.shift();
        let now = self.started.elapsed().saturating_add(shift.slept);
        shift.slept = shift.slept.saturating_add(deadline.saturating_sub(now));
    }

    /// How long ago something was: by the clock that says the most, since a machine that was suspended stops one
    /// of them, and whoever sets the wall clock back makes nothing younger.
    pub(crate) fn since(&self, then: Moment) -> Duration {
        let now = self.now();
        let by_wall = Duration::try_from(now.wall.duration_since(then.wall)).unwrap_or_default();
        now.steady.saturating_sub(then.steady).max(by_wall)
    }

    /// How long it is until something happens by the clock of the wall; nothing, if that is over.
    pub(crate) fn until(&self, then: Timestamp) -> Duration {
        Duration::try_from(then.duration_since(self.now().wall)).unwrap_or_default()
    }

    fn shift(&self) -> MutexGuard<'_, Shift> {
        self.shift.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_grows_younger() {
        let clock = Clock::new();
        let then = clock.now();
        clock.set_wall(SignedDuration::from_mins(-60));
        assert!(clock.since(then) < Duration::from_secs(60));
        clock.set_wall(SignedDuration::from_mins(65));
        assert!(clock.since(then) >= Duration::from_secs(300));
    }

    #[test]
    fn a_sleep_that_was_ended_has_been_slept() {
        let clock = Clock::new();
        let then = clock.now();
        let minute = Duration::from_secs(60);
        // Two that ran at once.
        clock.reached(then.steady + minute);
        clock.reached(then.steady + minute);
        let since = clock.since(then);
        assert!(since >= minute && since < minute * 2, "{since:?}");
        assert!(clock.now().wall.duration_since(then.wall) >= SignedDuration::from_mins(1));
    }
}
