//! What commands say. Whoever reads it may stop reading: `greenroom history | head -1` is no failure.

use std::io::{ErrorKind, Write as _};

use crate::exit::Failure;

/// Prints lines on stdout. That nobody reads them any more is fine; that they are lost is not.
pub(crate) fn say(text: &str) -> Result<(), Failure> {
    tell(text).map(drop)
}

/// The same, for who goes on telling: says whether anybody reads.
pub(crate) fn tell(text: &str) -> Result<bool, Failure> {
    let mut stdout = anstream::stdout().lock();
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => {
            Err(Failure::new(format!("cannot write to stdout: {error}; give it a place that takes it")))
        }
    }
}

/// Prints a line on stderr. Nothing can be said about a stderr that is closed.
pub(crate) fn complain(message: &str) {
    let _ = writeln!(anstream::stderr().lock(), "greenroom: {message}");
}
