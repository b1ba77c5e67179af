use super::*;
use crate::{
    sample::{self, TODAY},
    scenario::Level,
    suite::{Judged, Report},
    verdict::CheckVerdict,
};

const ALL: [(&str, &[&str]); 4] = [
    ("REF-02", &["caller-unaware", "one-refusal-only"]),
    ("EXC-02[live]", &["bounded", "usable"]),
    ("EXC-02[rfc8693]", &["bounded", "usable"]),
    ("RTY-10", &["caller-succeeds", "retry-after-kept"]),
];

/// A report in which these checks were judged, and no scenario besides.
fn report(checks: &[(&str, Verdict)]) -> Report {
    let mut report = Report { client: sample::client(), profile: None, scenarios: Vec::new() };
    for (id, found) in checks {
        let (scenario, _) = id.rsplit_once('.').unwrap();
        let check = sample::check(id, Level::Must, *found);
        match report.scenarios.iter_mut().find(|judged: &&mut Judged| judged.verdict.name == scenario) {
            Some(judged) => {
                judged.verdict.verdict = judged.verdict.verdict | *found;
                judged.verdict.checks.push(check);
            }
            None => {
                let verdict = sample::verdict(scenario, "t", Level::Must, vec![check]);
                report.scenarios.push(Judged { verdict, run: None });
            }
        }
    }
    report
}

fn read(entries: &str) -> Baseline {
    Baseline::read(&format!("client: pycentral\nknown:\n{entries}")).unwrap()
}

fn apply(entries: &str, checks: &[(&str, Verdict)]) -> (Vec<String>, Vec<String>) {
    let applied = read(entries).apply(&report(checks), &AllChecks::named(ALL), TODAY).unwrap();
    let stale = applied.stale.iter().map(ToString::to_string).collect();
    (applied.known.into_keys().collect(), stale)
}

#[test]
fn what_is_known_is_known_and_nothing_else() {
    let checks = [
        ("REF-02.caller-unaware", Verdict::Fail),
        ("REF-02.one-refusal-only", Verdict::Fail),
        ("EXC-02[live].bounded", Verdict::Warn),
        ("EXC-02[rfc8693].bounded", Verdict::Pass),
        ("RTY-10.I4", Verdict::Fail),
    ];
    let entries = "  - { check: REF-02.caller-unaware, verdict: FAIL, when: \">=2.0a19, <2.0a40\", reason: r }\n  \
                   - { check: \"EXC-02[*].bounded\", verdict: WARN, reason: r, issue: null, expires: 2026-11-23 }\n  \
                   - { check: RTY-10.I4, verdict: FAIL, reason: r }\n";
    let (known, stale) = apply(entries, &checks);
    assert_eq!(known, ["EXC-02[live].bounded", "REF-02.caller-unaware", "RTY-10.I4"]);
    assert!(stale.is_empty(), "{stale:?}");
}

#[test]
fn every_way_to_go_stale_is_told_with_line_and_mend() {
    let checks = [
        ("REF-02.caller-unaware", Verdict::Pass),
        ("REF-02.one-refusal-only", Verdict::Warn),
        ("EXC-02[live].bounded", Verdict::Fail),
        ("EXC-02[live].usable", Verdict::Pass),
        ("RTY-10.caller-succeeds", Verdict::Pass),
    ];
    let entries = "  - { check: REF-02.caller-unaware, verdict: FAIL, reason: r }\n  \
                   - { check: REF-02.one-refusal-only, verdict: FAIL, reason: r }\n  \
                   - { check: REF-02.caller-unawere, verdict: FAIL, reason: r }\n  \
                   - { check: XYZ-99.nothing, verdict: FAIL, reason: r }\n  \
                   - { check: \"XYZ-*\", verdict: FAIL, reason: r }\n  \
                   - { check: \"EXC-02[*].usable\", verdict: FAIL, reason: r }\n  \
                   - { check: \"EXC-02[*].bounded\", verdict: FAIL, reason: r, expires: 2026-11-22 }\n  \
                   - { check: RTY-10.I4, verdict: FAIL, reason: r }\n";
    let (known, stale) = apply(entries, &checks);
    insta::assert_snapshot!(stale.join("\n"));
    assert_eq!(known, ["EXC-02[live].bounded"], "an expired entry still covers its check: 4, and not 1");
}

#[test]
fn what_was_not_judged_or_is_for_other_versions_is_not_stale() {
    for (check, checks) in [
        ("RTY-10.caller-succeeds, verdict: FAIL", &[("REF-02.caller-unaware", Verdict::Pass)][..]),
        ("\"RTY-*\", verdict: FAIL", &[("REF-02.caller-unaware", Verdict::Pass)]),
        ("RTY-10.I4, verdict: FAIL", &[("REF-02.caller-unaware", Verdict::Pass)]),
        (
            "REF-02.caller-unaware, verdict: FAIL, when: \"<2.0a19\", expires: 2020-01-01",
            &[("REF-02.caller-unaware", Verdict::Pass)],
        ),
        ("REF-02.caller-unaware, verdict: FAIL", &[("REF-02.caller-unaware", Verdict::Error)]),
        ("REF-02.caller-unaware, verdict: FAIL", &[("REF-02.caller-unaware", Verdict::NotScored)]),
        ("REF-02.caller-unaware, verdict: FAIL", &[("REF-02.precondition", Verdict::Fail)]),
    ] {
        let (known, stale) = apply(&format!("  - {{ check: {check}, reason: r }}\n"), checks);
        assert!(known.is_empty() && stale.is_empty(), "{check}: {known:?} {stale:?}");
    }
}

#[test]
fn a_baseline_of_another_client_or_order_of_versions_is_refused_at_its_place() {
    let mut other = report(&[("REF-02.caller-unaware", Verdict::Pass)]);
    other.client.name = "curl".into();
    let text =
        "client: pycentral\nknown:\n  - { check: REF-02.x, verdict: FAIL, when: \"^1.2\", reason: r }\n";
    let baseline = Baseline::read(text).unwrap();
    let refused = baseline.apply(&other, &AllChecks::named(ALL), TODAY).unwrap_err();
    insta::assert_snapshot!(refused);
}

#[test]
fn every_mistake_of_a_file_is_told_with_its_line_and_its_mend() {
    let text = "clint: pycentral\nknown:\n  - { check: REF-02.x, verdict: FAL, reason: r }\n  - { check: REF-02.x, \
                verdict: PASS, reason: \"\" }\n  - { chekc: a, verdict: ERROR, reason: r }\n  - { check: \"a b\", \
                verdict: FAIL, when: soon, reason: null, expires: tomorrow }\n  - { check: b, verdict: FAIL, \
                reason: 12, issue: 12, expires: 2027-02-30, more: 1 }\n  - b\n  - { check: REF-02.y, verdict: FAIL, \
                reason: r }\n  - { check: REF-02.y, verdict: WARN, reason: r, reason: s }\n";
    insta::assert_snapshot!(Baseline::read(text).unwrap_err());
    for (text, wrong) in [
        ("", "the file is empty"),
        ("a: [", "not YAML"),
        ("client: x\nknown: 3\n", "must be a list"),
        ("- 1\n", "must be a map"),
        ("client: 3\nknown: []\n", "must be text"),
    ] {
        let mistakes = Baseline::read(text).unwrap_err().to_string();
        assert!(mistakes.contains(wrong), "{text:?}: {mistakes}");
    }
    assert!(Baseline::read("client: x\nknown:\n").unwrap().known.is_empty());
}

// ---- --update-baseline ----

fn updated(text: &str, checks: &[(&str, Verdict)]) -> Updated {
    Baseline::read(text).unwrap().updated(&report(checks), &AllChecks::named(ALL)).unwrap()
}

const WRITTEN: &str = "# Ours.
client:   pycentral # the SDK
known:
    # Mended soon.
    - { check: REF-02.caller-unaware, verdict: FAIL, reason: r } # trailing
    # One counter: for both.

    - check: RTY-10.caller-succeeds   # block
      verdict: FAIL # as ever
      reason: >-
        401 and 429 share
        one counter
    - { check: RTY-10.retry-after-kept, verdict: WARN, when: \"<1.0\", reason: old }
# The end.
";

#[test]
fn an_update_touches_only_what_it_must() {
    let unchanged = [("REF-02.caller-unaware", Verdict::Fail), ("RTY-10.caller-succeeds", Verdict::Fail)];
    assert_eq!(updated(WRITTEN, &unchanged).text, WRITTEN);
    let crlf = WRITTEN.replace('\n', "\r\n");
    assert_eq!(updated(&crlf, &unchanged).text, crlf);
    let new = [
        ("REF-02.caller-unaware", Verdict::Pass),
        ("RTY-10.caller-succeeds", Verdict::Warn),
        ("EXC-02[live].bounded", Verdict::Fail),
        ("EXC-02[live].usable", Verdict::Note),
        ("EXC-02[rfc8693].usable", Verdict::Error),
    ];
    let updated = updated(WRITTEN, &new);
    assert_eq!(updated.added, ["EXC-02[live].bounded"]);
    assert_eq!(updated.removed, ["REF-02.caller-unaware"]);
    assert_eq!(updated.changed, ["RTY-10.caller-succeeds"]);
    insta::assert_snapshot!(updated.text);
}

#[test]
fn what_an_update_writes_wants_a_reason_and_is_then_true() {
    let checks = [
        ("REF-02.caller-unaware", Verdict::Fail),
        ("EXC-02[live].bounded", Verdict::Warn),
        ("RTY-10.caller-succeeds", Verdict::Pass),
    ];
    for text in [
        &blank("pycentral"),
        "client: pycentral\nknown:\n",
        "client: pycentral\nknown: []",
        "known:\nclient: pycentral\n",
        "client: pycentral\nknown:\n- { check: RTY-10.caller-succeeds, verdict: FAIL, reason: r }",
        WRITTEN,
    ] {
        let updated = updated(text, &checks);
        let refused = Baseline::read(&updated.text).unwrap_err().to_string();
        assert!(refused.contains("reason: is empty; say why"), "{refused}");
        let filled = updated.text.replace("reason: \"\"", "reason: because");
        let baseline = Baseline::read(&filled).unwrap();
        let applied = baseline.apply(&report(&checks), &AllChecks::named(ALL), TODAY).unwrap();
        assert_eq!((applied.known.len(), applied.stale.len()), (2, 0), "{filled}");
        let again = baseline.updated(&report(&checks), &AllChecks::named(ALL)).unwrap();
        assert_eq!(again.text, filled);
        let mended = checks.map(|(check, _)| (check, Verdict::Pass));
        let empty = baseline.updated(&report(&mended), &AllChecks::named(ALL)).unwrap();
        assert!(Baseline::read(&empty.text).is_ok(), "{}", empty.text);
    }
}

#[test]
fn entries_in_brackets_are_refused_rather_than_rewritten() {
    let text = "client: pycentral\nknown: [{ check: REF-02.caller-unaware, verdict: FAIL, reason: r }]\n";
    let baseline = Baseline::read(text).unwrap();
    let passes = report(&[("REF-02.caller-unaware", Verdict::Pass)]);
    let refused = baseline.updated(&passes, &AllChecks::named(ALL)).unwrap_err();
    assert!(
        refused.to_string().starts_with("line 2, column 8: known: its entries stand in brackets"),
        "{refused}"
    );
    let fails = report(&[("REF-02.caller-unaware", Verdict::Fail)]);
    assert_eq!(baseline.updated(&fails, &AllChecks::named(ALL)).unwrap().text, text);
}

#[test]
fn a_scenario_that_could_not_be_judged_can_be_known_by_its_own_name() {
    let mut report = report(&[("REF-02.caller-unaware", Verdict::Pass)]);
    let verdict = &mut report.scenarios[0].verdict;
    verdict.checks = Vec::<CheckVerdict>::new();
    verdict.verdict = Verdict::Inconclusive;
    let baseline = read("  - { check: REF-02, verdict: INCONCLUSIVE, reason: r }\n");
    let applied = baseline.apply(&report, &AllChecks::named(ALL), TODAY).unwrap();
    assert_eq!((applied.known.len(), applied.stale.len()), (1, 0));
}
