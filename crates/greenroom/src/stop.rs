//! The signals that ask a command to end.

use crate::exit::Failure;

/// Resolves to the exit code of a command that SIGINT or SIGTERM ended: 130 or 143. They are watched from now on.
#[cfg(unix)]
pub(crate) fn signals() -> Result<impl Future<Output = u8>, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let unwatched = |error| Failure::new(format!("cannot watch for signals: {error}"));
    let mut interrupt = signal(SignalKind::interrupt()).map_err(unwatched)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(unwatched)?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => 130,
            _ = terminate.recv() => 143,
        }
    })
}

/// Resolves at Ctrl-C.
#[cfg(not(unix))]
pub(crate) fn signals() -> Result<impl Future<Output = u8>, Failure> {
    Ok(async {
        // Without a handler the process ends by itself.
        let _ = tokio::signal::ctrl_c().await;
        130
    })
}
