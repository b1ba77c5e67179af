use super::*;
use crate::{
    catalogue::{Also, Catalogue, Library, Mutant, Unkilled},
    judge::not_run,
    sample::SCENARIO,
    scenario::Level,
    verdict::CheckVerdict,
};

fn library() -> Library {
    // With a second check.
    let told = ", { id: told, result: { step: open, ok: true } }]";
    let text = format!("{}{told}\n", SCENARIO.trim_end().trim_end_matches(']'));
    Library::read([("refresh/a.yaml", &*text)]).0
}

fn mutant(id: &str, killed_by: &str) -> Mutant {
    let [broken, id, killed_by] = ["breaks it", id, killed_by].map(str::to_owned);
    Mutant { id, broken, precedent: Vec::new(), killed_by: vec![killed_by], also: Vec::new(), later: None }
}

fn check(id: &str) -> Check {
    Check { scenario: "REF-01".to_owned(), check: id.to_owned() }
}

/// A matrix and a catalogue that agree: `works` finds M01 alone, and `told` nobody.
fn agreed() -> (Matrix, Catalogue) {
    let row = Row {
        reached: ["REF-01".to_owned()].into(),
        red: [(check("works"), Verdict::Fail)].into(),
        unsaid: BTreeMap::new(),
    };
    let matrix = Matrix { clean: BTreeMap::new(), rows: [("M01".to_owned(), row)].into() };
    let unkilled = vec![Unkilled { check: "REF-01.told".to_owned(), because: "so".to_owned() }];
    let catalogue = Catalogue { mutants: vec![mutant("M01", "REF-01")], unkilled, ..Catalogue::default() };
    (matrix, catalogue)
}

#[test]
fn every_disagreement_is_told_with_its_mend() {
    let told = |change: &dyn Fn(&mut Matrix, &mut Catalogue)| {
        let (mut matrix, mut catalogue) = agreed();
        change(&mut matrix, &mut catalogue);
        findings(&matrix, &catalogue, &library()).join("\n")
    };
    assert_eq!(told(&|_, _| {}), "");
    let row = |matrix: &mut Matrix, change: &dyn Fn(&mut Row)| matrix.rows.values_mut().for_each(change);
    type Change<'a> = &'a dyn Fn(&mut Matrix, &mut Catalogue);
    let cases: [(&str, Change<'_>); 11] = [
        ("REF-01 is ERROR with the client that makes no mistake", &|matrix, _| {
            matrix.clean.insert("REF-01".to_owned(), Verdict::Error);
        }),
        ("M01 survives REF-01.told: tighten", &|_, catalogue| {
            catalogue.mutants = vec![mutant("M01", "REF-01.told")]
        }),
        ("REF-01.works is FAIL with M01, and nothing says so", &|_, catalogue| {
            catalogue.mutants = vec![mutant("M01", "REF-01.told")];
        }),
        ("M01: nothing is red that REF-01.told means: take it out of also", &|_, catalogue| {
            catalogue.mutants[0].also =
                vec![Also { red: "REF-01.told".to_owned(), because: "so".to_owned() }];
        }),
        ("M01 stands in no row", &|_, catalogue| catalogue.mutants.clear()),
        ("M02: no client makes this mistake", &|_, catalogue| {
            catalogue.mutants.push(mutant("M02", "REF-01"))
        }),
        ("REF-01.told is red with no mutant", &|_, catalogue| catalogue.unkilled.clear()),
        ("REF-01.works is red with no mutant", &|matrix, _| row(matrix, &|row| row.red.clear())),
        ("REF-01.told is red with M01: take it out of unkilled", &|matrix, _| {
            row(matrix, &|row| row.red.extend([(check("told"), Verdict::Warn)]));
        }),
        ("REF-01.works is red with M01, whose switch is not reached there", &|matrix, _| {
            row(matrix, &|row| row.reached.clear());
        }),
        ("REF-01.I3 is FAIL with M01", &|matrix, catalogue| {
            row(matrix, &|row| row.red.extend([(check("I3"), Verdict::Fail)]));
            catalogue.mutants = vec![mutant("M01", "REF-01.works")];
        }),
    ];
    for (expected, change) in cases {
        let said = told(change);
        assert!(said.contains(expected), "{expected}: {said}");
    }
    assert_eq!(
        told(&|_, catalogue| {
            catalogue.mutants.push(Mutant { later: Some("waits".to_owned()), ..mutant("M02", "REF-02") });
        }),
        ""
    );
}

/// A scenario that came to `verdict`, with a check that is `of_check`.
fn found(verdict: Verdict, of_check: Verdict) -> ScenarioVerdict {
    let library = library();
    let scenario = library.iter().next().unwrap().first().unwrap();
    let check = CheckVerdict {
        id: "REF-01.works".to_owned(),
        level: Level::Must,
        verdict: of_check,
        grade: None,
        expected: String::new(),
        actual: String::new(),
        events: Vec::new(),
        cause: None,
    };
    ScenarioVerdict { checks: vec![check], ..not_run(scenario, verdict, "so".to_owned()) }
}

#[test]
fn what_broke_down_and_what_cannot_be_said_finds_nothing() {
    use Verdict::{Error, Fail, Inconclusive, Note, Pass, Warn};
    for (verdict, of_check, red, unsaid) in [
        (Pass, Pass, false, false),
        (Note, Note, false, false),
        (Warn, Warn, true, false),
        (Fail, Fail, true, false),
        (Inconclusive, Inconclusive, false, true),
        (Inconclusive, Fail, true, true),
        (Error, Fail, false, true),
    ] {
        let mut row = Row::default();
        row.add(&found(verdict, of_check));
        assert_eq!((!row.red.is_empty(), !row.unsaid.is_empty()), (red, unsaid), "{verdict} {of_check}");
    }
}

#[test]
fn a_matrix_is_a_text_of_a_paragraph_each() {
    let (mut matrix, _) = agreed();
    matrix.clean.insert("EXC-02[live]".to_owned(), Verdict::Fail);
    matrix
        .rows
        .entry("M02".to_owned())
        .or_default()
        .unsaid
        .insert("REF-01".to_owned(), Verdict::Inconclusive);
    let text = matrix.to_string();
    let body = text.split_once("format: 1\n").unwrap().1;
    assert_eq!(
        body,
        "clean:\n  \"EXC-02[live]\": FAIL\nmutants:\n  M01:\n    reached: [\"REF-01\"]\n    red:\n      \
         \"REF-01.works\": FAIL\n  M02:\n    reached: []\n    unsaid:\n      \"REF-01\": INCONCLUSIVE\n"
    );
}
