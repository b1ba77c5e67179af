//! The integration tests: every one runs the real binary.

mod harness;
mod oauth;
mod pycentral;
