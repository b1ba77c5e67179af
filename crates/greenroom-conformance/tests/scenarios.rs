//! Every scenario of the tree can be read, and they look alike.

use std::{fs, path::Path};

use greenroom_conformance::load;

#[test]
fn every_scenario_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let mut bad = String::new();
    for family in fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).filter(|it| it.is_dir()) {
        for path in fs::read_dir(family).unwrap().map(|it| it.unwrap().path()) {
            if let Err(mistakes) = load::load(&fs::read_to_string(&path).unwrap()) {
                bad += &format!("{}\n{mistakes}\n", path.display());
            }
        }
    }
    assert!(bad.is_empty(), "{bad}");
}
