//! The integration tests: every one runs the real binary.

mod commands;
mod exec;
mod harness;
mod oauth;
mod pycentral;
