use anstream::adapter::strip_str;

use super::*;
use crate::{
    baseline::{AllChecks, Baseline, Stale, Staleness},
    sample,
    suite::Judged,
};

fn known() -> Applied {
    let text = "client: pycentral\nknown:\n  - { check: RTY-10.retry-after-kept, verdict: WARN, reason: waits one \
                second whatever Retry-After says, issue: \"#12\" }\n  - { check: REF-02.gone, verdict: FAIL, \
                reason: x }\n";
    let all = AllChecks::of([]);
    Baseline::read(text).unwrap().apply(&sample::report(), &all, sample::TODAY).unwrap()
}

#[test]
fn a_report_reads_as_it_always_did() {
    let report = sample::report();
    let names = report.scenarios.iter().filter_map(|judged| judged.verdict.name.split('[').next());
    let again: Vec<_> =
        names.map(|name| format!("greenroom verify --only {name} --client pycentral")).collect();
    let console = Console { again: &again, strict: false, baseline: Some("baseline.yaml") };
    let text = console.report(&sample::report(), &known());
    let plain = strip_str(&text).to_string();
    for line in plain.lines() {
        assert!(line.chars().count() <= 102, "{line}");
    }
    insta::assert_snapshot!(plain);
}

#[test]
fn colours_go_around_words_and_change_none() {
    let judged = &sample::report().scenarios[1];
    let line = line(judged, &Applied::default());
    assert!(line.starts_with("\u{1b}["));
    assert!(strip_str(&line).to_string().starts_with("FAIL          RTY-10"), "{line:?}");
}

#[test]
fn what_is_known_does_not_count_and_what_is_stale_does() {
    let (report, none) = (sample::report(), Applied::default());
    assert_eq!(Ending::of(&report, &none, false), Ending::Unjudged);
    let only = |name: &str| {
        let mut report = sample::report();
        report.scenarios.retain(|judged| judged.verdict.name == name);
        report
    };
    assert_eq!(Ending::of(&only("RTY-10"), &none, false), Ending::Broken);
    let mut applied = Applied::default();
    for check in checks(&only("RTY-10").scenarios[0].verdict) {
        let row = crate::baseline::KnownCheck {
            check: check.id.clone(),
            verdict: check.verdict,
            line: 1,
            reason: "r".into(),
            issue: None,
        };
        applied.known.insert(check.id.clone(), row);
    }
    assert_eq!(Ending::of(&only("RTY-10"), &applied, true), Ending::Fine);
    applied.stale.push(Stale { line: 1, check: "x".into(), how: Staleness::Passes });
    assert_eq!(Ending::of(&only("RTY-10"), &applied, true), Ending::Stale);
    assert_eq!(Ending::of(&only("REF-02"), &none, true), Ending::Fine);
}

mod precedence {
    use proptest::prelude::*;

    use super::*;

    fn check() -> impl Strategy<Value = (Level, Verdict, bool)> {
        let level = prop::sample::select(vec![Level::May, Level::Should, Level::Must]);
        (level, prop::sample::select(Verdict::ALL.to_vec()), any::<bool>())
    }

    /// The rule as the documentation has it.
    fn expected(rows: &[(Level, Verdict, bool)], stale: bool, strict: bool) -> u8 {
        let news = || rows.iter().filter(|(.., known)| !known);
        let unjudged = |(level, verdict, _): &(Level, Verdict, bool)| {
            *verdict == Verdict::Error || (*verdict, *level) == (Verdict::Inconclusive, Level::Must)
        };
        let broken = |(_, verdict, _): &(Level, Verdict, bool)| {
            *verdict == Verdict::Fail || (strict && *verdict == Verdict::Warn)
        };
        match () {
            () if news().any(unjudged) => 3,
            () if news().any(broken) => 1,
            () if stale => 4,
            () => 0,
        }
    }

    proptest! {
        #[test]
        fn the_worst_decides_in_any_order(
            rows in prop::collection::vec(check(), 0..12), stale: bool, strict: bool, split in 0_usize..12,
        ) {
            let mut applied = Applied::default();
            let mut verdicts = Vec::new();
            for (nth, (level, verdict, known)) in rows.iter().enumerate() {
                let check = sample::check(&format!("AAA-01.c{nth}"), *level, *verdict);
                if *known {
                    let row = crate::baseline::KnownCheck {
                        check: check.id.clone(), verdict: *verdict, line: 1, reason: "r".into(), issue: None,
                    };
                    applied.known.insert(check.id.clone(), row);
                }
                verdicts.push(check);
            }
            if stale {
                applied.stale.push(Stale { line: 1, check: "x".into(), how: Staleness::Passes });
            }
            let report = |checks: &[CheckVerdict]| {
                let mut report = sample::report();
                let verdict = checks.iter().map(|check| check.verdict).max().unwrap_or(Verdict::Pass);
                let verdict = ScenarioVerdict {
                    checks: checks.to_vec(), verdict, ..report.scenarios[0].verdict.clone()
                };
                report.scenarios = vec![Judged { verdict, run: None }];
                report
            };
            let ending = Ending::of(&report(&verdicts), &applied, strict);
            prop_assert_eq!(ending.code(), expected(&rows, stale, strict));
            let (one, other) = verdicts.split_at(split.min(verdicts.len()));
            let both = Ending::of(&report(one), &applied, strict) | Ending::of(&report(other), &applied, strict);
            prop_assert_eq!(both, ending);
            prop_assert_eq!((ending | Ending::Usage).code(), 2);
        }
    }
}

#[test]
fn annotations_are_one_line_each() {
    let mut report = sample::report();
    report.scenarios[1].verdict.checks[0].actual = "100 %\nof: a, b".into();
    insta::assert_snapshot!(annotations(&report, &known(), Some(std::path::Path::new("ci/base,line.yaml"))));
}

#[test]
fn junit_is_written_as_ever() {
    let mut report = sample::report();
    report.scenarios[1].verdict.checks[0].actual = "<b> & \u{1b}[31m \u{ffff}".into();
    insta::assert_snapshot!(String::from_utf8(junit(&report, &known(), false).unwrap()).unwrap());
}

#[test]
fn a_document_fits_its_schema_and_is_read_again() {
    let document = Document::of(&sample::report(), &known(), false);
    let text = document.to_json().unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let schema = schema();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let errors: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(serde_json::from_value::<Document>(value).unwrap(), document);
    assert_eq!((document.exit, document.known.len(), document.stale.len()), (3, 1, 1));
}
