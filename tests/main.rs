//! The integration tests: every one runs the real binary.

mod bad_input;
mod client;
mod commands;
mod contract;
mod control;
mod dialects;
mod exec;
mod exec_flags;
mod exec_worlds;
mod faults;
mod fidelity;
mod harness;
mod oauth;
mod properties;
mod pycentral;
mod pycentral_glp;
mod readme;
mod recipes;
mod resources;
mod roles;
mod rules;
mod secrecy;
mod snapshots;
mod token_endpoints;
mod wire;
mod worlds;
