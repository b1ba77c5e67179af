//! The simulated HPE GreenLake and HPE Aruba Networking Central, as values.
//!
//! Nothing in this crate does I/O or reads a clock, the environment or a file: `now` is always an
//! argument, and everything that looks random follows from a [`id::Seed`]. `greenroom-emulator` puts
//! it on the wire.
#![warn(missing_docs)]

pub mod access;
pub mod adopt;
pub mod async_operation;
pub mod audit;
pub mod bound;
pub mod call;
pub mod catalog;
pub mod classic;
pub mod credential;
pub mod credentials;
pub mod devices;
pub mod dialect;
mod directory;
pub mod evidence;
pub mod filter;
pub mod fleet;
pub mod history;
pub mod host;
pub mod id;
pub mod issue;
pub mod limit;
pub mod nearest;
pub mod page;
pub mod patch;
pub mod refusal;
pub mod role;
pub mod rule;
pub mod sample;
pub mod scope;
pub mod scopes;
pub mod secret;
pub mod select;
pub mod software_catalog;
pub mod sort;
pub mod spec;
pub mod subscription;
mod succession;
pub mod tenancy;
pub mod tenants;
pub mod time;
pub mod token;
pub mod user;
pub mod users;
pub mod world;
pub mod yaml;
