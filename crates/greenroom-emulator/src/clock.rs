//! The only file that reads a clock of the machine.
//!
//! Everything else is handed either `real`, a monotonic reading, or a virtual instant computed from
//! it by the sandbox's timeline.

use std::{sync::LazyLock, time::Instant};

use greenroom_model::time::Real;
use jiff::Timestamp;

#[expect(clippy::disallowed_methods, reason = "this is the one file that may")]
static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);

/// How long this process has been measuring time.
pub(crate) fn real() -> Real {
    STARTED.elapsed()
}

/// The time of the machine, for starting virtual clocks and for dates that clients wait for by theirs.
#[expect(clippy::disallowed_methods, reason = "this is the one file that may")]
pub fn wall_now() -> Timestamp {
    Timestamp::now()
}
