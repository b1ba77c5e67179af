//! The published schema of reports follows the code.

use std::{fs, path::PathBuf};

use greenroom_conformance::report;

#[test]
fn the_published_schema_is_the_present_one() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/schemas/report.json");
    let present = serde_json::to_string_pretty(&report::schema()).unwrap() + "\n";
    if std::env::var_os("GREENROOM_BLESS").is_some() {
        fs::write(&file, &present).unwrap();
    }
    assert!(
        fs::read_to_string(&file).unwrap_or_default() == present,
        "fixtures/schemas/report.json lags behind: if the change breaks readers, raise report::FORMAT; then run \
         GREENROOM_BLESS=1 cargo test -p greenroom-conformance --test report_schema"
    );
}
