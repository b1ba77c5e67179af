//! The integration tests: every one runs the real binary.

mod client;
mod commands;
mod exec;
mod harness;
mod oauth;
mod pycentral;
mod readme;
mod resources;
mod snapshots;
