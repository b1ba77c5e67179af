//! From a scenario and what was seen to what was found. Nothing else goes in: an old run gives the same verdicts.

mod check;
mod invariant;
mod proof;
mod sight;
mod words;

use self::sight::{Cut, Sight};
use crate::{
    adapter::NO_REQUEST,
    drive::Mode,
    run::Run,
    scenario::{Check, Judgement, Level, ResultOf, Returns, Scenario, Step, Verb},
    verdict::{CheckVerdict, ScenarioVerdict, Verdict},
};

/// What may be found in every scenario, besides the checks that it names.
pub(crate) const EVERYWHERE: [&str; 13] =
    ["precondition", "exit", "I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "I9", "I10", "I11"];

/// Judges a run of a scenario.
pub fn judge(scenario: &Scenario, run: &Run) -> ScenarioVerdict {
    let sight = Sight::of(scenario, run);
    if let Some(why) = is_not_had(scenario, &sight) {
        return not_run(scenario, Verdict::NotApplicable, why);
    }
    let mut found = Found { scenario, checks: Vec::new(), why: None, verdict: Verdict::Pass };
    if let Some(broke_down) = broke_down(scenario, run, &sight) {
        found.verdict = Verdict::Error;
        found.why = Some(format!("{broke_down}{}", sight.last_words()));
    } else {
        match proof::unmet(scenario, &sight) {
            None => {
                for check in &scenario.expect {
                    found.checks.push(one(scenario, check, &sight));
                }
            }
            Some(unmet) => found.unproven(&sight, &unmet),
        }
        found.cut_off(&sight);
    }
    found.invariants(&sight);
    if sight.seen.is_empty() {
        found.nothing_was_sent();
    }
    found.whole()
}

/// What a scenario that was not run comes to: N/A or NOT SCORED, or FAIL where a profile asks for what the client
/// does not claim.
pub fn not_run(scenario: &Scenario, verdict: Verdict, why: String) -> ScenarioVerdict {
    Found { scenario, checks: Vec::new(), why: Some(why), verdict }.whole()
}

/// What was found so far.
struct Found<'a> {
    scenario: &'a Scenario,
    checks: Vec<CheckVerdict>,
    why: Option<String>,
    verdict: Verdict,
}

impl Found<'_> {
    fn add(
        &mut self,
        id: &str,
        level: Level,
        verdict: Verdict,
        expected: &str,
        actual: String,
        events: Vec<u64>,
    ) {
        self.checks.push(CheckVerdict {
            id: format!("{}.{id}", self.scenario.name()),
            level,
            verdict,
            grade: None,
            expected: expected.to_owned(),
            actual,
            events,
            cause: invariant::cause(id).map(str::to_owned),
        });
    }

    /// What the kit meant to do did not happen. If that is because the client failed on a road that no stimulus
    /// touched, it is the client's fault.
    fn unproven(&mut self, sight: &Sight<'_>, unmet: &str) {
        let failed = sight.replies.iter().find(|reply| {
            let note = reply.note;
            let failed = !note.ok || note.status.is_some_and(|status| status >= 400);
            failed
                && note.cut.is_none()
                && !sight.was_skipped(note.id)
                && !sight.was_touched(&note.step)
                && !may_fail(self.scenario, &note.step)
        });
        match failed {
            Some(reply) => {
                let expected = "the steps that lead there succeed";
                let actual = format!("{}; so {unmet}", words::reply(reply.note));
                self.add("precondition", Level::Must, Verdict::Fail, expected, actual, vec![reply.n]);
            }
            None => {
                self.verdict = Verdict::Inconclusive;
                self.why = Some(unmet.to_owned());
            }
        }
    }

    /// Steps that were cut off because the client asked and asked, or that its process did not live to end.
    fn cut_off(&mut self, sight: &Sight<'_>) {
        for reply in &sight.replies {
            let step = &reply.note.step;
            match Cut::of(reply.note) {
                Some(Cut::Unbounded) => {
                    let actual = reply.note.cut.clone().unwrap_or_default();
                    let expected = "a logical call ends by itself, after few requests";
                    self.add("I11", Level::Must, Verdict::Fail, expected, actual, vec![reply.n]);
                    return;
                }
                Some(Cut::Exit) if !has_result(self.scenario, step) => {
                    let actual = reply.note.cut.clone().unwrap_or_default();
                    let expected = "the client lives to tell";
                    self.add("exit", Level::Must, Verdict::Fail, expected, actual, vec![reply.n]);
                    return;
                }
                _ => {}
            }
        }
    }

    fn invariants(&mut self, sight: &Sight<'_>) {
        for broken in invariant::broken(sight) {
            let verdict = Verdict::broken(broken.level);
            let invariant::Broken { id, level, expected, actual, events } = broken;
            self.add(id, level, verdict, expected, actual, events);
        }
    }

    /// A client that sends nothing breaks no rule, and keeps none. Where another check fails, that stands.
    fn nothing_was_sent(&mut self) {
        const NOTHING: &str = "the client sent no request at all";
        let fails = self.checks.iter().any(|check| check.verdict.kills());
        for check in self.checks.iter_mut().filter(|check| check.verdict == Verdict::Pass) {
            check.verdict = if fails { Verdict::NotApplicable } else { Verdict::Inconclusive };
            check.actual = NOTHING.to_owned();
        }
        if self.verdict == Verdict::Pass && !fails {
            self.verdict = Verdict::Inconclusive;
            self.why.get_or_insert_with(|| NOTHING.to_owned());
        }
    }

    fn whole(self) -> ScenarioVerdict {
        let Self { scenario, checks, why, verdict } = self;
        let verdict = checks.iter().fold(verdict, |worst, check| worst | check.verdict);
        ScenarioVerdict {
            name: scenario.name(),
            title: scenario.title.clone(),
            level: scenario.level,
            basis: scenario.basis,
            sources: scenario.sources.clone(),
            verdict,
            why,
            checks,
        }
    }
}

/// Judges one check.
fn one(scenario: &Scenario, check: &Check, sight: &Sight<'_>) -> CheckVerdict {
    let level = scenario.level_of(check);
    let outcome = check::judge(check, sight);
    let holds = outcome.holds;
    CheckVerdict {
        id: format!("{}.{}", scenario.name(), check.id),
        level,
        verdict: if holds { Verdict::Pass } else { Verdict::broken(level) },
        grade: outcome.grade,
        expected: words::expected(check),
        actual: outcome.actual,
        events: outcome.events,
        cause: check.cause.clone().or_else(|| scenario.cause.clone()).filter(|_| !holds),
    }
}

/// What keeps a run from being judged at all: the client or the kit broke down.
fn broke_down(scenario: &Scenario, run: &Run, sight: &Sight<'_>) -> Option<String> {
    if let Some(trouble) = &run.header.trouble {
        return Some(trouble.clone());
    }
    if let Some(hole) = sight.hole() {
        return Some(hole);
    }
    if run.header.dropped > 0 {
        return Some(format!(
            "{} entries of the history were dropped to keep within its bounds: what is missing cannot be judged",
            run.header.dropped
        ));
    }
    if let Some(how) = sight.ended_badly() {
        return Some(how);
    }
    if let Some(passed_by) = passes_by(scenario, sight) {
        return Some(passed_by);
    }
    for reply in &sight.replies {
        let note = reply.note;
        let step = &note.step;
        match Cut::of(note) {
            Some(Cut::Patience) if !has_returns(scenario, step) => {
                return Some(format!("step {step}: {}", told(note)));
            }
            Some(Cut::Exit) if !sight.was_touched(step) => {
                return Some(format!("step {step}: {}", told(note)));
            }
            _ => {}
        }
        let asked_in_vain = note.kind.as_deref() == Some("usage") && !sight.was_skipped(note.id);
        if asked_in_vain && !may_fail(scenario, step) && sight.in_phase(step).next().is_none() {
            return Some(format!(
                "step {step}: the adapter cannot do what it was asked: {}",
                words::reply(note)
            ));
        }
    }
    None
}

/// That nothing arrived of a client that says it called, or tried to: its requests went somewhere else.
fn passes_by(scenario: &Scenario, sight: &Sight<'_>) -> Option<String> {
    if sight.anybody_came() {
        return None;
    }
    let elsewhere = sight.replies.iter().find(|reply| {
        let note = reply.note;
        let tried = match (note.ok, note.kind.as_deref()) {
            (true, _) => sight.was_to_call(note.id),
            (false, Some("transport")) => !may_fail(scenario, &note.step),
            (false, Some("usage")) => false,
            (false, _) => sight.was_to_call(note.id) && !may_fail(scenario, &note.step),
        };
        tried && note.cut.is_none() && !sight.was_skipped(note.id)
    })?;
    Some(format!("{}; but no request of it arrived: {NO_REQUEST}", words::reply(elsewhere.note)))
}

/// Why the scenario is not for this client, if it refuses as `usage`, and without a request, what is no capability:
/// whoever does not have it says so when it is asked (docs/drive.md).
fn is_not_had(scenario: &Scenario, sight: &Sight<'_>) -> Option<String> {
    let optional = |step: &Step| match &step.verb {
        Verb::Open(open) if open.mode == Mode::Separate => Some("has no mode separate"),
        Verb::Tenant(tenant) if tenant.by_name.is_some() => Some("does not enter tenants by name"),
        _ => None,
    };
    sight.replies.iter().filter(|reply| reply.note.kind.as_deref() == Some("usage")).find_map(|reply| {
        let note = reply.note;
        let lacks = scenario.steps.iter().find(|step| step.id == note.step).and_then(optional)?;
        let silent = sight.in_phase(&note.step).next().is_none();
        silent.then(|| format!("the client {lacks}: {}", note.message.as_deref().unwrap_or_default()))
    })
}

/// Whether a check is content with a failure of a step.
fn may_fail(scenario: &Scenario, step: &str) -> bool {
    fn wants_failure(judgement: &Judgement, step: &str) -> bool {
        match judgement {
            Judgement::Result(result) if result.step == step => {
                let refused = result.status.is_some_and(|status| status >= 400);
                let ResultOf { ok, kind, outcome, says, .. } = result;
                *ok == Some(false) || refused || kind.is_some() || outcome.is_some() || says.is_some()
            }
            Judgement::OneOf(ways) => ways.iter().any(|way| wants_failure(&way.judgement, step)),
            _ => false,
        }
    }
    scenario.expect.iter().any(|check| wants_failure(&check.judgement, step))
}

fn told(note: &greenroom_model::history::ReplyNote) -> &str {
    note.cut.as_deref().unwrap_or_default()
}

fn has_returns(scenario: &Scenario, step: &str) -> bool {
    scenario
        .expect
        .iter()
        .any(|check| matches!(&check.judgement, Judgement::Returns(Returns { step: of, .. }) if of == step))
}

fn has_result(scenario: &Scenario, step: &str) -> bool {
    scenario.expect.iter().any(|check| match &check.judgement {
        Judgement::Result(result) => result.step == step,
        Judgement::Returns(returns) => returns.step == step,
        _ => false,
    })
}

#[cfg(test)]
mod tests;
