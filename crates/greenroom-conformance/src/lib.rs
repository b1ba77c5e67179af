//! The conformance kit: scripted scenarios run against any client, judged from what the server saw.
//!
//! Three decisions carry it. The kit, not the client, holds the script. Verdicts come from the history; what
//! a client says is one more kind of evidence. Judging is a function of scenario and history, so that an old
//! run can be judged again.
#![warn(missing_docs)]

pub mod adapter;
pub mod baseline;
pub mod catalogue;
pub mod drive;
pub mod judge;
pub mod load;
pub mod matrix;
mod play;
pub mod report;
pub mod run;
#[cfg(test)]
mod sample;
pub mod scenario;
pub mod stage;
pub mod suite;
pub mod verdict;
