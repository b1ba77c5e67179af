//! An offline HPE GreenLake and HPE Aruba Networking Central, embeddable in tests.
//!
//! [`Emulator`] listens on one port that speaks plain HTTP, TLS and CONNECT, and answers as the real
//! hosts would: token endpoints, tenants, devices. All rules of the cloud are in `greenroom-model`;
//! this crate is the wire.
#![warn(missing_docs)]

mod activity;
mod body;
mod builder;
mod ca;
mod central;
mod classic;
pub mod client_env;
mod client_files;
pub mod clock;
pub mod command;
mod control;
mod data_services;
mod emulator;
mod enact;
mod envelope;
mod evidence;
mod fidelity;
mod follow;
mod front;
mod gate;
mod gateway;
mod glp;
mod house;
mod identify;
mod json;
mod leak;
mod listen;
mod oauth;
mod operate;
mod record;
mod remote;
mod route;
mod sandbox;
mod serve;
mod signer;
mod state_file;
mod table;
mod tls;
mod veil;
mod verdict;
pub mod whole_file;

pub use activity::Activity;
pub use builder::{Builder, StartError};
pub use ca::CaError;
pub use client_files::ClientFilesError;
pub use control::openapi;
pub use emulator::{Clock, Emulator, Faults, OpenSandbox, Record};
pub use evidence::Evidence;
pub use remote::{Export, Follow, Remote, RemoteError};
pub use state_file::StateError;
