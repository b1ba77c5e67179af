//! The files of `scenarios` look alike, and the pages and schemas that are made of them follow.

use std::{fs, path::PathBuf};

use greenroom_conformance::catalogue;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A published file is the present one, or is made so.
fn published(path: &str, present: &str) {
    let file = root().join(path);
    if std::env::var_os("GREENROOM_BLESS").is_some() {
        fs::write(&file, present).unwrap();
    }
    assert!(
        fs::read_to_string(file).unwrap_or_default() == present,
        "{path} lags behind: run GREENROOM_BLESS=1 cargo test -p greenroom-conformance --test scenarios"
    );
}

#[test]
fn the_page_of_requirements_is_the_present_one() {
    published("docs/requirements.md", &catalogue::markdown());
}

#[test]
fn every_file_of_a_scenario_is_built_in_and_in_no_other_place() {
    let mut files = Vec::new();
    for family in fs::read_dir(root().join("scenarios")).unwrap().map(|it| it.unwrap().path()) {
        for file in family.is_dir().then(|| fs::read_dir(&family).unwrap()).into_iter().flatten() {
            let file = file.unwrap().path();
            let name = file.strip_prefix(root().join("scenarios")).unwrap();
            files.push(name.to_str().unwrap().replace('\\', "/"));
        }
    }
    files.sort();
    let built_in: Vec<_> = catalogue::scenarios().map(|(path, _)| path.to_owned()).collect();
    assert_eq!(built_in, files);
}

/// The order of the keys of a head; the lists that follow stand apart.
const HEAD: [&str; 13] = [
    "format", "id", "title", "level", "basis", "sources", "drive", "needs", "clock", "profiles", "cause",
    "vary", "vars",
];
const BODY: [&str; 5] = ["world", "steps", "stimuli", "proofs", "expect"];

#[test]
fn scenarios_are_written_alike() {
    for (path, text) in catalogue::scenarios() {
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines[0], "# yaml-language-server: $schema=../../fixtures/schemas/scenario.json",
            "{path}: for the editors"
        );
        assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{path}: one line feed at the end");
        let name = path.split('/').next_back().unwrap().strip_suffix(".yaml").unwrap();
        let is_slug = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(name.chars().all(is_slug), "{path}: small letters and dashes");
        let mut keys = Vec::new();
        for (number, line) in lines.iter().enumerate() {
            let at = format!("{path}:{}", number + 1);
            assert!(line.chars().count() <= 120, "{at}: at most 120 characters");
            assert!(!line.ends_with([' ', '\t']) && !line.contains('\t'), "{at}: blanks");
            assert!(!(line.is_empty() && lines[number - 1].is_empty()), "{at}: two empty lines");
            if let Some((key, _)) = line.split_once(':').filter(|_| line.starts_with(char::is_alphabetic)) {
                let before = lines[number - 1];
                let apart = key != "world" && BODY.contains(&key);
                assert_eq!(before.is_empty(), apart, "{at}: an empty line before a list, and nowhere else");
                keys.push(key);
            }
        }
        let expected: Vec<_> = HEAD.iter().chain(&BODY).copied().filter(|key| keys.contains(key)).collect();
        assert_eq!(keys, expected, "{path}: the order of keys");
        assert!(["profiles", "cause"].iter().all(|key| keys.contains(key)), "{path}: profiles and cause");
    }
}
