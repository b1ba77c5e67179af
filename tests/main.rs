//! The integration tests: every one runs the real binary.

mod bad_input;
mod client;
mod commands;
mod exec;
mod exec_flags;
mod harness;
mod oauth;
mod properties;
mod pycentral;
mod readme;
mod resources;
mod secrecy;
mod snapshots;
mod token_endpoints;
mod wire;
