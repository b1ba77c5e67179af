use std::fmt::Write as _;

use super::*;
use crate::sample::SCENARIO;

#[test]
fn the_catalogue_and_every_built_in_scenario_can_be_read() {
    let catalogue =
        read::read(read::REQUIREMENTS, read::MUTANTS).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert_eq!(&catalogue, builtin());
    assert_eq!(catalogue.requirements().count(), 151);
    let (library, mistakes) = Library::read(scenarios());
    assert!(mistakes.is_empty(), "{mistakes:#?}");
    assert_eq!((library.iter().count(), &library), (scenarios().count(), Library::builtin()));
}

#[test]
fn the_catalogue_and_the_scenarios_agree() {
    let wrong = compare(builtin(), Library::builtin());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const REQUIREMENTS: &str = "\
format: 1
retired: [REF-09]
families:
  - id: REF
    name: Refresh
    folder: refresh
    requirements:
      - { id: REF-01, requirement: A, level: MUST, basis: rfc, sources: [\"rfc:6750#3.1\"], clock: server, pyc: pass }
      - { id: REF-02, requirement: B, level: MAY, basis: rfc, sources: [\"rfc:6750#3.1\"], clock: server, pyc: fail, later: soon }
  - id: EXC
    name: Exchange
    folder: exchange
    requirements: []
";
const MUTANTS: &str = "\
format: 1
mutants:
  - { id: M01, broken: never renews, killed_by: [REF-01.works], also: [{ red: \"REF-01.*\", because: so }] }
  - { id: M02, broken: renews twice, killed_by: [REF-02], later: waits }
";

#[test]
fn mistakes_of_the_catalogue_are_told_with_their_places() {
    assert!(read::read(REQUIREMENTS, MUTANTS).is_ok());
    let mut all = String::new();
    for (from, to) in [
        ("format: 1\nretired", "format: 2\nretired"),
        ("id: REF-02", "id: REF-01"),
        ("id: REF-02", "id: REF-09"),
        ("id: REF-02", "id: EXC-02"),
        ("id: REF-02", "id: ref-2"),
        ("id: EXC\n", "id: REF\n"),
        ("folder: exchange", "folder: refresh"),
        ("pyc: fail", "pyc: fails"),
        ("later: soon", "latter: soon"),
        (", pyc: pass", ""),
        ("[\"rfc:6750#3.1\"], clock", "[\"rfc6750\"], clock"),
        ("name: Exchange", "name: Exchange\n    name: Exchange"),
        ("format: 1\nmutants", "format: 2\nmutants"),
        ("id: M02", "id: M01"),
        ("id: M02", "id: N2"),
        ("killed_by: [REF-02]", "killed_by: []"),
        ("because: so", "why: so"),
    ] {
        let [requirements, mutants] = [REQUIREMENTS, MUTANTS].map(|text| text.replacen(from, to, 1));
        let said = read::read(&requirements, &mutants).expect_err(to);
        let _ = writeln!(all, "--- {from}\n+++ {to}\n{said}\n");
    }
    insta::assert_snapshot!(all);
}

#[test]
fn where_catalogue_and_scenarios_differ_is_told() {
    let told = |requirements: &str, mutants: &str, files: &[(&str, &str)]| {
        let catalogue = read::read(requirements, mutants).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        let (library, mistakes) = Library::read(files.iter().copied());
        assert!(mistakes.is_empty(), "{mistakes:#?}");
        compare(&catalogue, &library).join("\n")
    };
    let path = "refresh/a.yaml";
    assert_eq!(told(REQUIREMENTS, MUTANTS, &[(path, SCENARIO)]), "");
    let mut all = String::new();
    let mut note = |what: &str, said: String| {
        assert!(!said.is_empty(), "{what}");
        let _ = writeln!(all, "--- {what}\n{said}\n");
    };
    for (from, to) in [
        ("title: A", "title: B"),
        ("level: MUST", "level: SHOULD"),
        ("basis: rfc", "basis: practice"),
        ("rfc:6750#3.1", "rfc:6750#3.2"),
        ("clock: server", "clock: real"),
        ("id: REF-01", "id: REF-07"),
        ("id: REF-01\ntitle: A\nlevel: MUST", "id: REF-02\ntitle: B\nlevel: MAY"),
        ("id: works", "id: runs"),
    ] {
        assert!(SCENARIO.contains(from), "{from}");
        let file = SCENARIO.replacen(from, to, 1);
        note(&format!("scenario: {to}"), told(REQUIREMENTS, MUTANTS, &[(path, &file)]));
    }
    note("no scenario", told(REQUIREMENTS, MUTANTS, &[]));
    note("twice", told(REQUIREMENTS, MUTANTS, &[(path, SCENARIO), ("refresh/b.yaml", SCENARIO)]));
    note("elsewhere", told(REQUIREMENTS, MUTANTS, &[("exchange/a.yaml", SCENARIO)]));
    for (from, to) in [
        ("REF-01.works", "REF-01.work"),
        ("REF-01.works", "REF-04.works"),
        ("\"REF-01.*\"", "\"REF-01.x*\""),
        ("killed_by: [REF-01.works]", "killed_by: [REF-02], later: waits"),
        ("killed_by: [REF-02]", "killed_by: [REF-01]"),
        ("mutants:", "no_mutant: [{ id: REF-02, because: so }]\nmutants:"),
        ("mutants:", "no_mutant: [{ id: REF-11, because: so }]\nmutants:"),
        ("mutants:", "owed: [REF-01]\nmutants:"),
        ("mutants:", "unkilled: [{ check: REF-01.runs, because: so }]\nmutants:"),
    ] {
        assert!(MUTANTS.contains(from), "{from}");
        let mutants = MUTANTS.replacen(from, to, 1);
        note(&format!("mutants: {to}"), told(REQUIREMENTS, &mutants, &[(path, SCENARIO)]));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_name_without_a_value_of_the_axis_means_all_of_them() {
    for (name, scenario, check, expected) in [
        ("REF-01", "REF-01", "chain", true),
        ("REF-01.chain", "REF-01", "chain", true),
        ("REF-01.chain", "REF-01", "chains", false),
        ("REF-01.chain", "REF-01[msp]", "chain", true),
        ("REF-01[msp]", "REF-01[msp]", "chain", true),
        ("REF-01[msp]", "REF-01[unified]", "chain", false),
        ("REF-01[msp].chain", "REF-01[msp]", "chain", true),
        ("REF-01[msp].chain", "REF-01", "chain", false),
        ("REF-01*", "REF-01[msp]", "chain", true),
        ("REF-01.*", "REF-01[msp]", "chain", true),
        ("*", "REF-01[msp]", "chain", true),
        ("REF-0", "REF-01", "chain", false),
    ] {
        assert_eq!(means(name, scenario, check), expected, "{name} {scenario}.{check}");
    }
}
