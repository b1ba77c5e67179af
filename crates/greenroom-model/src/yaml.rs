//! YAML whose every value knows where it stands, and mistakes that name their place.
//!
//! World files and scenarios are read with it: reading goes on after a mistake, so that all of them come to
//! light at once.

mod mistake;
mod tree;

pub use self::{
    mistake::{Findings, Found, Mistake, Mistakes},
    tree::{Fault, Id, Kind, Tree},
};
