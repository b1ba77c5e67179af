//! Turns at a gate.

use tokio::sync::oneshot::{self, error::TryRecvError};

use super::Turn;

#[test]
fn a_turn_passes_over_whoever_has_left() {
    let (senders, mut receivers): (_, Vec<_>) = (0..3).map(|_| oneshot::channel()).unzip();
    let opening = Turn(senders);
    // The first one leaves when the gate has opened, and before it has its turn.
    drop(receivers.remove(0));
    let [second, third] = &mut receivers[..] else { unreachable!() };
    drop(opening);
    let turn = second.try_recv().expect("the turn is the second one's");
    assert_eq!(third.try_recv().unwrap_err(), TryRecvError::Empty);
    drop(turn);
    let last = third.try_recv().expect("the turn is the third one's");
    assert!(last.0.is_empty());
}
