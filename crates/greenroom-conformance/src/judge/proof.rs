//! Whether the kit did what it meant to do.

use greenroom_model::{bound::Bound, history::Event};

use super::sight::Sight;
use crate::scenario::{Answered, Count, GateProof, Proof, Scenario};

/// The first proof that is not met, in words.
pub(super) fn unmet(scenario: &Scenario, sight: &Sight<'_>) -> Option<String> {
    scenario.proofs.iter().find_map(|proof| {
        let why = unmet_proof(proof, sight)?;
        Some(format!("nothing is proven: {why} (proof {})", proof.id))
    })
}

fn unmet_proof(proof: &Proof, sight: &Sight<'_>) -> Option<String> {
    let Proof { id: _, fired, answered, gate, offered, sent } = proof;
    let fires = |rule: &str| sight.fired(rule).next().is_some();
    if let Some(rule) = fired
        && !fires(rule)
    {
        return Some(format!("stimulus {rule} never fired"));
    }
    if let Some(Answered { fired: rule, status }) = answered {
        let so = sight.seen.iter().any(|seen| {
            let applied = seen.response().is_some_and(|response| response.applied.contains(rule));
            applied && seen.status() == Some(*status)
        });
        if !so {
            let fired = if fires(rule) {
                "fired, but on nothing that was"
            } else {
                "never fired, so that nothing was"
            };
            return Some(format!("stimulus {rule} {fired} answered with {status}"));
        }
    }
    if let Some(gate) = gate {
        let opened: Vec<_> = sight.entries.iter().filter(|entry| opens(&entry.event, &gate.id)).collect();
        if !opened.iter().any(|entry| is_as_wanted(&entry.event, gate)) {
            return Some(match opened.first().map(|entry| &entry.event) {
                Some(Event::Gate { waiting, asked, opened_by, .. }) => format!(
                    "gate {} opened with {waiting} waiting and {asked} steps under way, by {opened_by}",
                    gate.id
                ),
                _ => format!("gate {} never opened", gate.id),
            });
        }
    }
    let on_a_connection = |event: &Event| matches!(event, Event::Fault { connection: Some(_), .. });
    if offered.is_some() && !sight.entries.iter().any(|entry| on_a_connection(&entry.event)) {
        return Some("no TLS handshake came as far as it was to be spoilt".to_owned());
    }
    let missing = sent.iter().flatten().find(|step| !sight.steps.iter().any(|note| note.note.step == **step));
    missing.map(|step| format!("step {step} was never written to the client"))
}

fn opens(event: &Event, gate: &str) -> bool {
    matches!(event, Event::Gate { rule, .. } if rule == gate)
}

fn is_as_wanted(event: &Event, wanted: &GateProof) -> bool {
    let Event::Gate { waiting, asked, opened_by, .. } = event else { return false };
    let holds = |bound: &Option<Count>, count: u64| {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        bound.is_none_or(|Count(bound): Count| Bound::holds(bound, count))
    };
    holds(&wanted.waiting, *waiting)
        && holds(&wanted.asked, *asked)
        && wanted.opened_by.as_ref().is_none_or(|by| by.fits(opened_by))
}
