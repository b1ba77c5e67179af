use greenroom_model::call::OpKind;

use super::*;
use crate::sample::{Making, at_once, check, con_02, rty_10, throttled, verdict};

/// A picture, which fits its bounds.
fn drawn(run: &Run, verdict: &ScenarioVerdict) -> String {
    let picture = timeline(run, verdict);
    for line in picture.lines() {
        assert!(line.chars().count() <= WIDTH, "{line}");
    }
    picture
}

#[test]
fn a_jump_of_the_clock_and_a_wait_are_seen() {
    insta::assert_snapshot!(drawn(&throttled(), &rty_10()));
}

#[test]
fn fifty_requests_at_once_are_one_moment() {
    insta::assert_snapshot!(drawn(&at_once(), &con_02()));
}

#[test]
fn a_run_without_named_events_is_drawn_whole() {
    let verdict = verdict("REF-02", "t", crate::scenario::Level::Must, Vec::new());
    insta::assert_snapshot!(drawn(&throttled(), &verdict));
}

#[test]
fn a_long_run_leaves_out_its_middle_and_an_empty_one_says_so() {
    let mut run = Making::new("PAG-01");
    run.entered();
    for page in 0..40 {
        let step = format!("page-{page}");
        run.step("call", &step);
        let asked = run.ask(OpKind::Api, Some(("a-workspace-with-a-very-long-symbol#1", 900)));
        run.answer(asked, 200, |_| {});
        run.reply(&step, true, Some(200));
    }
    let long = verdict("PAG-01", "t", crate::scenario::Level::Must, Vec::new());
    insta::assert_snapshot!(drawn(&run.done(), &long));
    assert_eq!(
        drawn(&Making::new("PAG-01").done(), &long),
        "PAG-01  pycentral 2.0a25  PASS\n(nothing was seen)\n"
    );
}

#[test]
fn who_died_without_a_word_is_drawn_too() {
    let mut run = Making::new("LIF-01");
    run.step("open", "open");
    let asked = run.ask(OpKind::Mint, None);
    run.event(greenroom_model::history::Event::Exit { code: None, signal: Some(9), why: None });
    let mut verdict = verdict("LIF-01", "t", crate::scenario::Level::Must, vec![]);
    verdict.checks.push(crate::verdict::CheckVerdict {
        events: vec![asked],
        ..check("LIF-01.returns", crate::scenario::Level::Must, Verdict::Fail)
    });
    verdict.verdict = Verdict::Fail;
    insta::assert_snapshot!(drawn(&run.done(), &verdict));
}
