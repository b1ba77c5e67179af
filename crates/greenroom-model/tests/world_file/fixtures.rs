//! The worlds among the fixtures.

use std::{fs, path::PathBuf};

use greenroom_model::sample;

/// A folder of the fixtures.
pub(crate) fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(name)
}

/// Name and text of every world among the fixtures, and of the sample.
pub(crate) fn all() -> Vec<(String, String)> {
    let mut found = vec![("sample.yaml".to_owned(), sample::FILE.to_owned())];
    for folder in ["worlds", "worlds/kit"].map(folder) {
        for path in
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file())
        {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            found.push((name, fs::read_to_string(path).unwrap()));
        }
    }
    found.sort();
    assert!(found.len() >= 6, "{found:?}");
    found
}
