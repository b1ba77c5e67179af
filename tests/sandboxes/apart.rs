//! Sandboxes in one process that never see one another.

use greenroom_emulator::{Emulator, command::SandboxOptions};
use greenroom_model::rule::Selector;
use jiff::SignedDuration;
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use super::{
    Guest, at, open,
    step::{Diary, Step, advance, look, remains, steps},
};

/// A list that is quickly made.
const FEW: &str = "/devices/v1/devices?limit=1";
const START: &str = "2026-03-01T10:00:00Z";

/// Tries what holds of the sandboxes of one emulator.
fn property<S: Strategy>(
    cases: u32,
    strategy: S,
    holds: impl AsyncFn(&Emulator, S::Value) -> Result<(), TestCaseError>,
) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let emulator = runtime.block_on(Emulator::builder().frozen().start()).unwrap();
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(cases) });
    let all = runner.run(&strategy, |value| runtime.block_on(holds(&emulator, value)));
    all.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn any_interleaving_gives_each_sandbox_what_it_gets_alone() {
    let each = prop::collection::vec(steps(), 1..16);
    let strategy =
        (prop::collection::vec(each, 2..5), prop::collection::vec(any::<prop::sample::Index>(), 64));
    property(16, strategy, async |emulator, (clients, order)| {
        let mut alone = Vec::new();
        for steps in &clients {
            let guest = open(emulator, at(START));
            let mut diary = Diary::default();
            for step in steps {
                diary.take(&guest, step).await;
            }
            alone.push((diary.answers, remains(&guest, true)));
        }
        let mut together: Vec<(Guest, Diary, &[Step])> =
            clients.iter().map(|steps| (open(emulator, at(START)), Diary::default(), &steps[..])).collect();
        let mut order = order.iter();
        loop {
            let mut busy: Vec<_> = together.iter_mut().filter(|(.., left)| !left.is_empty()).collect();
            if busy.is_empty() {
                break;
            }
            let next = order.next().map_or(0, |index| index.index(busy.len()));
            let (guest, diary, left) = &mut busy[next];
            let (step, rest) = left.split_first().expect("a step");
            diary.take(guest, step).await;
            *left = rest;
        }
        for ((guest, diary, _), (answers, left)) in together.iter().zip(&alone) {
            prop_assert_eq!(&diary.answers, answers);
            prop_assert_eq!(&remains(guest, true), left);
        }
        Ok(())
    });
}

#[test]
fn an_hour_is_sixty_minutes_whatever_happened_before_and_comes_after() {
    let some = || prop::collection::vec(steps(), 1..14);
    property(16, (some(), some()), async |emulator, (before, after)| {
        let mut ends = Vec::new();
        for (times, by) in [(1, "1h"), (60, "1m")] {
            let guest = open(emulator, at(START));
            let mut diary = Diary::default();
            for step in &before {
                diary.take(&guest, step).await;
            }
            for minute in 0..times {
                guest.emulator.run(advance(by.to_owned())).expect("forward");
                look(&guest, minute);
            }
            for step in &after {
                diary.take(&guest, step).await;
            }
            // The clock was moved sixty times, so that the numbers of entries differ; what they tell does not.
            ends.push((diary.answers, remains(&guest, true)));
        }
        prop_assert_eq!(&ends[0], &ends[1]);
        Ok(())
    });
}

/// What the nth of 64 tests wants of the emulator, which no other one wants.
async fn a_test_of_its_own(guest: Guest, number: u32) {
    let start = guest.emulator.clock().now();
    let token = guest.mint("msp").await;
    let before = number % 7;
    for _ in 0..before {
        assert_eq!(guest.get(FEW, &token).await.status, 200, "{number}");
    }
    assert_eq!(guest.get(FEW, &token).await.status, 418, "the rule of test {number}");
    let by = SignedDuration::from_mins(i64::from(number));
    guest.emulator.clock().advance(by).unwrap();
    assert_eq!(guest.emulator.clock().now(), start + by);
    let alive = guest.get(FEW, &token).await.status == 200;
    assert_eq!(alive, number < 15, "{number} minutes of a token's fifteen");
    let tenant = ["example", "abc", "customer"][number as usize % 3];
    let fresh = guest.mint("msp").await;
    guest.exchange(&fresh, tenant).await;
    let count = |json: &str| {
        let selector: Selector = serde_json::from_str(json).unwrap();
        guest.emulator.history().count(&selector)
    };
    assert_eq!(count(r#"{"op":"api"}"#), before as usize + 2);
    assert_eq!(count(r#"{"op":"api","status":418}"#), 1);
    assert_eq!(count(r#"{"op":"mint"}"#), 2);
    assert_eq!(count(&format!(r#"{{"op":"exchange","workspace":"{tenant}"}}"#)), 1);
    assert_eq!(count("{}"), before as usize + 5, "nobody else was here");
    guest.emulator.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_tests_share_one_process_without_meeting() {
    let emulator = Emulator::builder().start().await.unwrap();
    let tests: Vec<_> = (0..64u32)
        .map(|number| {
            let rule = format!(
                r#"{{"when":{{"op":"api","nth":{}}},"do":[{{"reply":{{"status":418}}}}]}}"#,
                number % 7 + 1
            );
            let options = SandboxOptions {
                rules: vec![serde_json::from_str(&rule).unwrap()],
                start: Some(format!("20{:02}-01-01T00:00:00Z", 26 + number).parse().unwrap()),
                ..SandboxOptions::default()
            };
            tokio::spawn(a_test_of_its_own(open(&emulator, options), number))
        })
        .collect();
    for test in tests {
        test.await.unwrap();
    }
    assert!(emulator.history().exchanges().is_empty());
}
