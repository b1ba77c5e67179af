//! Which scenarios are not run with a client, and what they come to.

use crate::{
    drive::Capability,
    judge::not_run,
    scenario::{Level, Profile, Scenario},
    verdict::{CheckVerdict, ClientInfo, ScenarioVerdict, Verdict},
};

/// The verdict on a scenario that is not run with this client, if that is how it is.
pub(super) fn without_run(
    scenario: &Scenario,
    client: &ClientInfo,
    profile: Option<Profile>,
) -> Option<ScenarioVerdict> {
    let missing: Vec<_> =
        scenario.needs.iter().copied().filter(|capability| !client.can.contains(capability)).collect();
    let required = profile.map_or(&[][..], Profile::requires);
    if let (Some(capability), Some(profile)) =
        (missing.iter().find(|capability| required.contains(capability)), profile)
    {
        let why =
            format!("the client does not claim {}, which profile {profile} requires", capability.word());
        let check = CheckVerdict {
            id: format!("{}.needs", scenario.name()),
            level: Level::Must,
            verdict: Verdict::Fail,
            grade: None,
            expected: format!("the client can {}", capability.word()),
            actual: format!("it claims {}", words(&client.can)),
            events: Vec::new(),
            cause: None,
        };
        return Some(ScenarioVerdict { checks: vec![check], ..not_run(scenario, Verdict::Fail, why) });
    }
    // A clock is nothing that a client has for its users.
    let is_clock =
        |capability: &Capability| [Capability::Clock, Capability::SleepEvents].contains(capability);
    let (clocks, others): (Vec<_>, Vec<_>) = missing.into_iter().partition(is_clock);
    if !others.is_empty() {
        let why = format!("the client does not claim {}", words(&others));
        return Some(not_run(scenario, Verdict::NotApplicable, why));
    }
    let clock = scenario.clock.needs().filter(|capability| !client.can.contains(capability));
    clocks.into_iter().chain(clock).next().map(|capability| {
        let why = format!("it takes a clock that a client without {} does not have", capability.word());
        not_run(scenario, Verdict::NotScored, why)
    })
}

fn words(capabilities: &[Capability]) -> String {
    match capabilities {
        [] => "nothing".to_owned(),
        some => some.iter().map(|capability| capability.word()).collect::<Vec<_>>().join(", "),
    }
}
