//! World files: what is read is what was written, and what is wrong is said, all at once and in place.

#[path = "world_file/fixtures.rs"]
mod fixtures;
#[path = "world_file/injected.rs"]
mod injected;
#[path = "world_file/mistakes.rs"]
mod mistakes;
#[path = "world_file/round_trip.rs"]
mod round_trip;
#[path = "world_file/schema.rs"]
mod schema;
#[path = "world_file/specs.rs"]
mod specs;
