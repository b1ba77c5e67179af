//! Exit codes, and failures as people see them.

use std::{fmt, process::ExitCode};

use greenroom_conformance::report::Ending;

use crate::out;

/// How a command ends. `exec` passes the code of its program instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: done as asked.
    Fine,
    /// 1: an expectation does not hold.
    Expectation,
    /// As the conformance kit has it: 1, 3, 4 or 0.
    Judged(Ending),
    /// 130 or 143: a signal ended it.
    Stopped(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Fine => Self::SUCCESS,
            Exit::Expectation => Self::FAILURE,
            Exit::Judged(ending) => Self::from(ending.code()),
            Exit::Stopped(code) => Self::from(code),
        }
    }
}

/// 1: the program of `exec` was content, but an expectation was not met.
pub(crate) const EXPECTATION_FAILURE: u8 = 1;

/// 125: `exec` itself failed, rather than its program. What env, nohup and docker use.
pub(crate) const EXEC_FAILURE: u8 = 125;

/// 2: usage or configuration is wrong, or nobody is there to do it.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

impl Failure {
    /// A failure with a sentence that names place and mend.
    pub(crate) fn new(message: impl ToString) -> Self {
        Self(message.to_string())
    }

    /// Prints the sentence.
    pub(crate) fn report(&self) -> ExitCode {
        out::complain(&self.0);
        ExitCode::from(2)
    }
}
