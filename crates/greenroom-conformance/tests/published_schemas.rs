//! The published schemas of reports follow the code.

use std::{fs, path::PathBuf};

use greenroom_conformance::report;
use serde_json::Value;

/// Fails unless a schema is published as it is now.
#[track_caller]
fn check(name: &str, present: &Value) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/schemas").join(name);
    let present = serde_json::to_string_pretty(present).unwrap() + "\n";
    if std::env::var_os("GREENROOM_BLESS").is_some() {
        fs::write(&file, &present).unwrap();
    }
    assert!(
        fs::read_to_string(&file).unwrap_or_default() == present,
        "fixtures/schemas/{name} lags behind: if the change breaks readers, raise FORMAT; then run GREENROOM_BLESS=1 \
         cargo test -p greenroom-conformance --test published_schemas"
    );
}

#[test]
fn the_published_schemas_are_the_present_ones() {
    check("report.json", &report::schema());
}
