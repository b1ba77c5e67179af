//! An offline HPE GreenLake and HPE Aruba Networking Central, embeddable in tests.
//!
//! [`Emulator`] listens on one port that speaks plain HTTP, TLS and CONNECT, and answers as the real
//! hosts would: token endpoints, tenants, devices. All rules of the cloud are in `greenroom-model`;
//! this crate is the wire.
#![warn(missing_docs)]

mod ca;
mod central;
pub mod client_env;
pub mod clock;
pub mod command;
mod control;
mod emulator;
mod envelope;
mod gateway;
mod glp;
mod identify;
mod listen;
mod oauth;
mod record;
mod remote;
mod route;
mod sandbox;
mod signer;
mod tls;

pub use ca::CaError;
pub use emulator::{Builder, ClientFilesError, Emulator, StartError};
pub use remote::{Remote, RemoteError};
