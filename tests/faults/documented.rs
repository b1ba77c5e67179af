//! `docs/faults.md` keeps its word: its examples are rules, and it leaves nothing out.

use greenroom_model::rule::{Action, Rule, Selector, wire_bodies};

use crate::harness::repository;

#[test]
fn every_example_is_a_rule_and_nothing_is_left_out() {
    let page = std::fs::read_to_string(repository().join("docs/faults.md")).unwrap();
    let (mut count, mut done) = (0, Vec::new());
    for block in page.split("```yaml\n").skip(1) {
        let (text, _) = block.split_once("```").expect("the end of an example");
        let rules: Vec<Rule> = match text.starts_with('-') {
            true => serde_saphyr::from_str(text),
            false => serde_saphyr::from_str(text).map(|rule| vec![rule]),
        }
        .unwrap_or_else(|error| panic!("{error}\n{text}"));
        for rule in rules {
            rule.check().unwrap_or_else(|error| panic!("{error}\n{text}"));
            count += 1;
            done.extend(rule.actions.iter().map(|action| {
                let json = serde_json::to_value(action).unwrap();
                json.as_object().unwrap().keys().next().unwrap().clone()
            }));
        }
    }
    assert!(count > 30, "{count} examples");
    for name in Action::names() {
        assert!(done.iter().any(|it| it == name), "{name} has no example");
        assert!(page.contains(&format!("| `{name}` |")), "{name} has no row");
    }
    for name in Selector::fields().chain(wire_bodies()) {
        assert!(page.contains(&format!("`{name}`")), "{name} is left out");
    }
}

#[test]
fn every_file_of_documented_bodies_has_a_name_and_the_other_way_round() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/wire");
    let name = |file: std::io::Result<std::fs::DirEntry>| file.unwrap().file_name().into_string().unwrap();
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|file| name(file).replace(".json", "")).collect();
    files.sort();
    assert_eq!(wire_bodies().collect::<Vec<_>>(), files);
}
