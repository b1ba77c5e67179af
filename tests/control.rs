//! Control: every command, by the handle of an emulator and over HTTP.

mod following;
mod openapi;

use greenroom_emulator::{
    Remote,
    command::{BeginPhase, HistoryQuery},
};
use greenroom_model::rule::{Rule, Selector};
use serde_json::json;

use crate::wire::*;

fn rule(json: serde_json::Value) -> Rule {
    serde_json::from_value(json).unwrap()
}

#[tokio::test]
async fn rules_and_phases_are_the_same_by_the_handle_and_over_http() {
    let wire = Wire::frozen().await;
    let remote = Remote::new(wire.emulator.url(), None).unwrap();
    // A name may hold what a path may not.
    let odd = "a/b c%2f#?ü";
    let of_odd_name = rule(json!({"id": odd, "when": {"token": "msp#2"}, "do": [{"advance": "1m"}]}));
    let added = remote.add_faults(&[of_odd_name]).await.unwrap().added.remove(0);
    assert_eq!((added.id.as_str(), added.notes.len()), (odd, 1), "{added:?}");
    assert_eq!(added.notes[0], "no token msp#2 exists yet: the rule waits for it");
    let third = rule(json!({"when": {"op": "api", "nth": 3}, "do": [{"reply": {"status": 429}}]}));
    let added = wire.emulator.faults().add(third.clone()).unwrap();
    assert_eq!((added.id.as_str(), &added.notes[..]), ("rule-2", &[][..]));
    assert_eq!(remote.faults().await.unwrap().faults, wire.emulator.faults().list());

    wire.emulator.begin_phase("list").unwrap();
    assert!(wire.emulator.begin_phase("").is_err());
    let token = wire.issue("msp", None);
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(wire.get(DEVICES, &token).await.status);
    }
    assert_eq!(statuses, [200, 200, 429, 200]);
    let begun = remote.begin_phase(&BeginPhase { phase: "more".to_owned() }).await.unwrap();
    assert_eq!(begun.phase, "more");
    wire.get(DEVICES, &token).await;
    let selector = Selector { phase: Some("list".into()), ..Selector::default() };
    let query = HistoryQuery { selector, ..HistoryQuery::default() };
    assert_eq!(remote.history(&query).await.unwrap().count, 4);

    let left = remote.remove_fault(odd).await.unwrap().faults;
    assert_eq!((left.len(), left[0].matched, left[0].fired), (1, 5, 1));
    let again = remote.remove_fault(odd).await.unwrap_err().to_string();
    assert!(again.contains("there is no rule named"), "{again}");
    assert!(remote.clear_faults().await.unwrap().faults.is_empty());
    assert!(wire.emulator.faults().list().is_empty());
}
