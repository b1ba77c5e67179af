//! Invariants 1 and 2 of the architecture: arrows between crates point one way, the model does no
//! I/O, and one file reads the wall clock.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// Crates that do I/O, or exist for crates that do.
const IO_CRATES: [&str; 16] = [
    "async-std",
    "aws-lc-rs",
    "axum",
    "getrandom",
    "h2",
    "hyper",
    "hyper-util",
    "mio",
    "rand",
    "rcgen",
    "reqwest",
    "rustls",
    "socket2",
    "tempfile",
    "tokio",
    "tokio-rustls",
];

/// The crates from the innermost to the outermost: each may know those before it. The reference client
/// is the outsider: it knows none, and only the binary, which carries it, knows it.
const OUTSIDER: &str = "greenroom-reference-client";
const INWARDS: [&str; 4] = ["greenroom-model", "greenroom-emulator", "greenroom-conformance", "greenroom"];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn cargo(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(args)
        .args(["--offline", "--locked"])
        .current_dir(repository())
        .output()
        .expect("cargo runs");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {args:?}: {complaint}");
    String::from_utf8(output.stdout).expect("cargo writes UTF-8")
}

#[test]
fn the_model_has_no_io_crate_in_its_tree() {
    let all = ["--edges", "normal", "--target", "all", "--prefix", "none", "--format", "{p}"];
    let tree = cargo(&[&["tree", "--package", "greenroom-model"][..], &all].concat());
    let names: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(names.contains("greenroom-model") && names.contains("serde_json"), "no tree: {tree}");
    let found: Vec<_> = IO_CRATES.iter().filter(|name| names.contains(**name)).collect();
    assert!(found.is_empty(), "greenroom-model depends on {found:?}");
}

#[test]
fn arrows_between_crates_point_one_way() {
    let metadata = cargo(&["metadata", "--no-deps", "--format-version", "1"]);
    let metadata: Value = serde_json::from_str(&metadata).expect("cargo metadata is JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let name_of = |value: &Value| value["name"].as_str().expect("a name").to_owned();
    let ours: BTreeSet<String> = packages.iter().map(name_of).collect();
    for package in packages {
        let name = name_of(package);
        let knows: BTreeSet<String> = package["dependencies"]
            .as_array()
            .expect("dependencies")
            .iter()
            .map(name_of)
            .filter(|name| ours.contains(name))
            .collect();
        let may_know = match INWARDS.iter().position(|known| *known == name) {
            Some(place) if name == "greenroom" => [&INWARDS[..place], &[OUTSIDER]].concat(),
            Some(place) => INWARDS[..place].to_vec(),
            None if name == OUTSIDER => Vec::new(),
            None => {
                panic!("{name} has no place among the crates yet: give it one in architecture.md and here")
            }
        };
        let too_much: Vec<_> = knows.iter().filter(|known| !may_know.contains(&known.as_str())).collect();
        assert!(too_much.is_empty(), "{name} must not know {too_much:?}");
    }
    assert!(ours.contains("greenroom-model") && ours.contains("greenroom-emulator"), "{ours:?}");
}

#[test]
fn the_model_reaches_neither_files_nor_the_network_nor_its_environment() {
    let mut reached = Vec::new();
    let sources = sources(&repository().join("crates/greenroom-model/src"));
    assert!(sources.len() > 10, "{} sources", sources.len());
    for (path, code) in &sources {
        for module in std_modules(code) {
            if ["fs", "net", "env", "process", "os"].contains(&module.as_str()) {
                reached.push(format!("{}: std::{module}", path.display()));
            }
        }
        // The sample lies beside the code that reads it, and is as much a part of the source.
        let code = code.replace("include_str!(\"sample.yaml\")", "");
        // So are the documented bodies, which lie where people look for them.
        let code =
            code.replace("include_str!(concat!(\"../../../../fixtures/wire/\", $name, \".json\"))", "");
        if code.contains("include_str!") || code.contains("include_bytes!") {
            reached.push(format!("{}: a file, at build time", path.display()));
        }
    }
    assert!(reached.is_empty(), "{reached:#?}");
}

/// One file of Greenroom, and one of the outsider, which has a clock of its own.
#[test]
fn one_file_reads_the_wall_clock() {
    let mut readers = BTreeSet::new();
    for krate in fs::read_dir(repository().join("crates")).expect("crates") {
        for (path, code) in sources(&krate.expect("an entry").path().join("src")) {
            let clocks =
                ["SystemTime::now", "Instant::now", "Timestamp::now", "Zoned::now", "UNIX_EPOCH.elapsed"];
            if clocks.iter().any(|clock| code.contains(clock)) {
                let crates = repository().join("crates");
                let path = path.strip_prefix(crates).expect("below crates").display().to_string();
                readers.insert(path);
            }
        }
    }
    // The kit is patient with a client in real time: of that nothing follows but that it gives up.
    let clocks = [
        "greenroom-conformance/src/play.rs",
        "greenroom-conformance/src/play/hello.rs",
        "greenroom-emulator/src/clock.rs",
        "greenroom-reference-client/src/clock.rs",
    ];
    assert_eq!(readers.into_iter().collect::<Vec<_>>(), clocks);
}

/// Every Rust file below `folder`, without its comments.
fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a readable source");
                found.push((path, text.lines().map(code_of).collect::<Vec<_>>().join("\n")));
            }
        }
    }
    found
}

/// A line up to its comment. Slashes inside a text, as in a URL, begin none.
fn code_of(line: &str) -> &str {
    let quotes = |text: &str| text.matches('"').count() - text.matches("\\\"").count();
    let comment = line.match_indices("//").map(|(at, _)| at).find(|at| quotes(&line[..*at]) % 2 == 0);
    &line[..comment.unwrap_or(line.len())]
}

/// The modules of std that `code` names: `std::fs`, and `fs` of `use std::{fmt, fs::File}`.
fn std_modules(code: &str) -> BTreeSet<String> {
    let mut modules = BTreeSet::new();
    for (at, _) in code.match_indices("std::") {
        let rest = &code[at + "std::".len()..];
        let Some(list) = rest.strip_prefix('{') else {
            modules.insert(first_segment(rest));
            continue;
        };
        let (mut depth, mut entry) = (1, String::new());
        for c in list.chars() {
            depth += i32::from(c == '{') - i32::from(c == '}');
            if depth == 0 || (depth == 1 && c == ',') {
                modules.insert(first_segment(&entry));
                entry.clear();
            } else {
                entry.push(c);
            }
            if depth == 0 {
                break;
            }
        }
    }
    modules
}

/// Only the first segment of a path counts: `fmt::fs` is no `std::fs`.
fn first_segment(path: &str) -> String {
    path.trim_start().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

#[test]
fn what_the_searches_find() {
    let found = |code| std_modules(code).into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>();
    assert_eq!(found("use std::fs::File;"), ["fs"]);
    assert_eq!(found("let x = std::env::var(name);"), ["env"]);
    assert_eq!(found("use std::{fmt, net::{IpAddr, fs}, str::FromStr};"), ["fmt", "net", "str"]);
    assert_eq!(
        found("use std::{\n    collections::{BTreeMap, env},\n    process,\n};"),
        ["collections", "process"]
    );
    assert_eq!(code_of(r#"let url = "https://x"; // std::fs"#), r#"let url = "https://x"; "#);
    assert_eq!(code_of("/// Instant::now"), "");
}
