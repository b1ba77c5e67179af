//! A well-behaved client of HPE GreenLake, New Central and Classic Central, as an example of how to do it right.
//!
//! It knows nothing of Greenroom: it speaks `drive/1` on its standard streams, asks real hosts under their real
//! names, and leaves the way there to the environment. From the top down:
//!
//! - [`run`] serves `drive/1`: `adapter` keeps the named clients and their tasks, `drive` is the protocol;
//! - `client` is one opened client, or one tenant entered through it; `config` says with which credentials, `place`
//!   where;
//! - `call` makes one logical call: renewal, waiting, repeating; `retry` says how often and how long; `page` turns
//!   pages;
//! - `source` says where a token comes from, `token` keeps it and lets one caller renew it for all; `issuer` asks the
//!   token endpoints; `classic` signs in to Classic Central, whose tokens come in pairs; `token_file` remembers;
//! - `http` sends one request, `redirect` says where it may go on to, `sleep` waits, `clock` tells the time;
//! - `mutant` lists the mistakes that it can be told to make, asked about wherever they would be made: `if broken(..)`.
#![warn(missing_docs)]

mod adapter;
mod call;
mod classic;
mod client;
mod clock;
mod config;
mod drive;
mod failure;
mod http;
mod issuer;
mod mutant;
mod page;
mod place;
mod process;
mod redirect;
mod retry;
mod sleep;
mod source;
mod token;
mod token_file;

pub use adapter::{Options, RunError, run};
pub use mutant::{Mutant, UnknownMutant};
