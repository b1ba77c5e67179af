//! The files of `scenarios` look alike, and the pages and schemas that are made of them follow.

use std::{fs, path::PathBuf};

use greenroom_conformance::{catalogue, load, scenario};
use jsonschema::Validator;
use serde_json::Value;

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
    published("docs/profiles.md", &catalogue::profiles());
}

fn schema() -> Validator {
    jsonschema::draft202012::new(&scenario::schema()).unwrap()
}

/// A file as somebody else's YAML 1.2 reader sees it.
fn as_others_see_it(text: &str) -> Value {
    serde_saphyr::from_str_with_options(text, serde_saphyr::options! { strict_booleans: true }).unwrap()
}

#[test]
fn the_schema_of_scenarios_is_the_present_one() {
    published(
        "fixtures/schemas/scenario.json",
        &(serde_json::to_string_pretty(&scenario::schema()).unwrap() + "\n"),
    );
}

#[test]
fn every_scenario_fits_the_schema() {
    let schema = schema();
    for (path, text) in catalogue::scenarios() {
        let errors: Vec<_> = schema.iter_errors(&as_others_see_it(text)).map(|it| it.to_string()).collect();
        assert!(errors.is_empty(), "{path}: {errors:#?}");
    }
}

/// What an editor can know to be wrong without knowing the rest of the file.
#[test]
fn the_schema_refuses_what_the_reader_refuses() {
    let schema = schema();
    let text = |path: &str| catalogue::scenarios().find(|(own, _)| *own == path).unwrap().1;
    for (path, from, to, good) in [
        ("retry/post-is-not-repeated.yaml", "bytes: 20", "bytes: $loss", true),
        ("retry/post-is-not-repeated.yaml", "bytes: 20", "bytes: many", false),
        ("retry/post-is-not-repeated.yaml", "hang: 60s", "hang: $loss", true),
        ("retry/post-is-not-repeated.yaml", "only: [close]", "only: close", true),
        ("retry/post-is-not-repeated.yaml", "only: [close]", "only: []", false),
        ("retry/post-is-not-repeated.yaml", "only: [close]", "onyl: [close]", false),
        ("retry/post-is-not-repeated.yaml", "method: POST, path", "method: $loss, path", true),
        ("retry/post-is-not-repeated.yaml", "method: POST, path", "method: post, path", false),
        ("retry/post-is-not-repeated.yaml", "is: \"= 1\"", "is: $loss", true),
        ("retry/post-is-not-repeated.yaml", "is: \"= 1\"", "is: one", false),
        ("retry/post-is-not-repeated.yaml", "level: SHOULD", "level: should", false),
        ("retry/post-is-not-repeated.yaml", "use: msp-two-tenants", "use: msp", false),
        ("retry/post-is-not-repeated.yaml", "ok: false", "ok: $loss", true),
        ("retry/post-is-not-repeated.yaml", "ok: false", "ok: nein", false),
        ("rate-limit/retry-after-date.yaml", "nth: 1, at", "nth: $wait, at", true),
        ("rate-limit/retry-after-date.yaml", "nth: 1, at", "nth: 0, at", false),
        ("rate-limit/retry-after-date.yaml", "op: api, phase", "op: apis, phase", false),
        ("rate-limit/retry-after-date.yaml", "status: 429, headers", "status: $wait, headers", true),
        ("rate-limit/retry-after-date.yaml", "status: 429, headers", "status: many, headers", false),
    ] {
        let file = text(path);
        assert!(file.contains(from), "{path}: {from}");
        let changed = file.replacen(from, to, 1);
        assert_eq!(schema.is_valid(&as_others_see_it(&changed)), good, "{path}: {to}");
        assert!(good || load::load(&changed).is_err(), "{path}: {to}");
    }
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
const HEAD: [&str; 14] = [
    "format",
    "id",
    "title",
    "level",
    "basis",
    "sources",
    "drive",
    "needs",
    "clock",
    "profiles",
    "cause",
    "vary",
    "vars",
    "most_requests",
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
