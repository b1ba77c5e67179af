//! Hand-made runs and reports, for the tests of what is told about them.

use greenroom_model::{
    call::OpKind,
    history::{Decision, Entry, Event, ReplyNote, Request, Response, StepNote, TokenView},
    token::{Standing, TokenKind},
};
use jiff::{SignedDuration, Timestamp, civil::Date};

use crate::{
    drive::{Capability, Scheme},
    run::{FORMAT, Header, Run},
    scenario::{Basis, Level, Source},
    suite::{Judged, Report},
    verdict::{CheckVerdict, ClientInfo, ScenarioVerdict, Verdict},
};

/// A file of the least that a scenario is.
pub(crate) const SCENARIO: &str = "\
format: 1
id: REF-01
title: A
level: MUST
basis: rfc
sources: [\"rfc:6750#3.1\"]
drive: adapter
clock: server
world: { use: standard }
steps: [{ id: open, open: { as: c, mode: unified } }]
proofs: [{ id: p, sent: [open] }]
expect: [{ id: works, result: { step: open, ok: true } }]
";

/// The day on which tests are run.
pub(crate) const TODAY: Date = jiff::civil::date(2026, 11, 23);

/// The client of the sample.
pub(crate) fn client() -> ClientInfo {
    ClientInfo {
        name: "pycentral".into(),
        version: "2.0a25".into(),
        scheme: Scheme::Pep440,
        can: vec![Capability::Msp, Capability::Tenant],
    }
}

/// A run in the making.
pub(crate) struct Making {
    run: Run,
    now: Timestamp,
    phase: Option<String>,
}

impl Making {
    pub(crate) fn new(scenario: &str) -> Self {
        let header = Header {
            format: FORMAT,
            scenario: scenario.into(),
            played: "0".into(),
            client: Some(client()),
            trouble: None,
            dropped: 0,
        };
        let now: Timestamp = "2026-11-23T05:00:00Z".parse().unwrap();
        Self { run: Run { header, entries: Vec::new() }, now, phase: None }
    }

    pub(crate) fn event(&mut self, event: Event) -> u64 {
        let n = self.run.entries.len() as u64 + 1;
        self.run.entries.push(Entry { n, at: self.now, real_ms: n, event });
        n
    }

    pub(crate) fn pass(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }

    pub(crate) fn step(&mut self, verb: &str, step: &str) -> u64 {
        self.phase = Some(step.into());
        let id = self.run.entries.len() as u64;
        self.event(Event::Step(Box::new(StepNote {
            id,
            step: step.into(),
            verb: verb.into(),
            ..StepNote::default()
        })))
    }

    pub(crate) fn reply(&mut self, step: &str, ok: bool, status: Option<u16>) -> u64 {
        let kind = (!ok).then(|| "auth".to_owned());
        self.event(Event::Reply(ReplyNote { step: step.into(), ok, status, kind, ..ReplyNote::default() }))
    }

    pub(crate) fn ask(&mut self, op: OpKind, token: Option<(&str, i64)>) -> u64 {
        let view = token.map(|(symbol, remaining)| TokenView {
            symbol: symbol.into(),
            kind: Some(TokenKind::Tenant),
            standing: Some(if remaining > 0 { Standing::Live } else { Standing::Expired }),
            age: None,
            remaining: Some(remaining),
        });
        let (token, subject) = if op == OpKind::Exchange { (None, view) } else { (view, None) };
        let (method, host, path) = match op {
            OpKind::Api => {
                ("GET", "us5.api.central.arubanetworks.com", "/network-monitoring/v1/device-inventory")
            }
            _ => ("POST", "sso.common.cloud.hpe.com", "/as/token.oauth2"),
        };
        self.event(Event::Request(Box::new(Request {
            phase: self.phase.clone(),
            host: host.into(),
            method: method.into(),
            client: (op == OpKind::Mint).then(|| "msp".into()),
            token,
            subject,
            ..Request::of(op, path)
        })))
    }

    pub(crate) fn answer(&mut self, request: u64, status: u16, more: impl FnOnce(&mut Response)) -> u64 {
        let decision = if status < 400 { Decision::Answered } else { Decision::Refused };
        let mut response = Response { status: Some(status), ..Response::of(request, decision) };
        more(&mut response);
        self.event(Event::Response(response))
    }

    /// A tenant entered: mint, exchange.
    pub(crate) fn entered(&mut self) {
        self.step("open", "open");
        self.reply("open", true, None);
        self.step("tenant", "enter");
        let mint = self.ask(OpKind::Mint, None);
        self.answer(mint, 200, |response| response.issued = Some("msp#1".into()));
        let exchange = self.ask(OpKind::Exchange, Some(("msp#1", 14_400)));
        self.answer(exchange, 200, |response| response.issued = Some("acme#1".into()));
        self.reply("enter", true, None);
    }

    pub(crate) fn done(self) -> Run {
        self.run
    }
}

/// A client that does not renew after it waited out a rate limit: the run of RTY-10.
pub(crate) fn throttled() -> Run {
    let mut run = Making::new("RTY-10");
    run.entered();
    run.step("call", "warm");
    let warm = run.ask(OpKind::Api, Some(("acme#1", 900)));
    run.answer(warm, 200, |_| {});
    run.reply("warm", true, Some(200));
    run.step("call", "hit");
    let first = run.ask(OpKind::Api, Some(("acme#1", 900)));
    run.event(Event::Fault {
        rule: "throttle-and-run-out".into(),
        request: Some(first),
        connection: None,
        did: "answered 429, advanced 16m after the reply".into(),
    });
    run.answer(first, 429, |response| {
        response.decision = Decision::Faulted;
        response.applied = vec!["throttle-and-run-out".into()];
    });
    run.pass(960);
    run.event(Event::Sleep { n: 1, ms: 1000 });
    run.pass(1);
    run.event(Event::Wake { n: 1 });
    let second = run.ask(OpKind::Api, Some(("acme#1", -61)));
    run.answer(second, 401, |response| {
        response.refused = Some("expired".into());
        response.why = Some("the token expired 61 s ago".into());
    });
    run.reply("hit", true, Some(401));
    run.done()
}

/// Many calls at once that meet the same expiry: the run of CON-02.
pub(crate) fn at_once() -> Run {
    let mut run = Making::new("CON-02");
    run.entered();
    for _ in 0..50 {
        run.step("call", "burst");
    }
    let first: Vec<_> = (0..50).map(|_| run.ask(OpKind::Api, Some(("acme#1", 900)))).collect();
    run.pass(960);
    run.event(Event::Gate {
        rule: "everyone-in".into(),
        waiting: 50,
        asked: 50,
        opened_by: "waiting".into(),
        did: vec!["advance 16m".into()],
    });
    for request in first {
        run.answer(request, 401, |response| response.refused = Some("expired".into()));
    }
    for nth in 2..4 {
        let exchange = run.ask(OpKind::Exchange, Some(("msp#1", 13_440)));
        run.answer(exchange, 200, |response| response.issued = Some(format!("acme#{nth}")));
    }
    for _ in 0..50 {
        let again = run.ask(OpKind::Api, Some(("acme#3", 900)));
        run.answer(again, 200, |_| {});
        run.reply("burst", true, Some(200));
    }
    run.done()
}

/// What was found about one check.
pub(crate) fn check(id: &str, level: Level, verdict: Verdict) -> CheckVerdict {
    CheckVerdict {
        id: id.into(),
        level,
        verdict,
        grade: None,
        expected: "this".into(),
        actual: "that".into(),
        events: Vec::new(),
        cause: None,
    }
}

/// What was found about one scenario.
pub(crate) fn verdict(name: &str, title: &str, level: Level, checks: Vec<CheckVerdict>) -> ScenarioVerdict {
    let sources = ["seed:002#R3", "rfc:6585#4"];
    ScenarioVerdict {
        name: name.into(),
        title: title.into(),
        level,
        basis: Basis::Promise,
        sources: sources.map(|source| Source::try_from(source.to_owned()).unwrap()).to_vec(),
        verdict: checks.iter().map(|check| check.verdict).max().unwrap_or(Verdict::Pass),
        why: None,
        checks,
    }
}

/// What was found about RTY-10.
pub(crate) fn rty_10() -> ScenarioVerdict {
    let checks = vec![
        CheckVerdict {
            expected: "step hit: ok, status 200".into(),
            actual: "ok with status 401 (#21)".into(),
            events: vec![21],
            cause: Some(
                "One counter for both: an attempt that waits out a 429 uses up the one that would renew the token."
                    .into(),
            ),
            ..check("RTY-10.caller-succeeds", Level::Must, Verdict::Fail)
        },
        CheckVerdict {
            expected: "api 429, then exchange 200, then api 200 with acme#2".into(),
            actual: "only 1 matched: api 429 (#16)".into(),
            events: vec![16, 21],
            ..check("RTY-10.renewed-after-the-wait", Level::Must, Verdict::Fail)
        },
        CheckVerdict {
            expected: "at least 3 s from #18 to #21".into(),
            actual: "1 s".into(),
            events: vec![18, 21],
            ..check("RTY-10.retry-after-kept", Level::Should, Verdict::Warn)
        },
        check("RTY-10.limit-does-not-renew", Level::May, Verdict::Pass),
    ];
    verdict("RTY-10", "Waiting out a rate limit must not use up the renewal", Level::Must, checks)
}

/// What was found about CON-02.
pub(crate) fn con_02() -> ScenarioVerdict {
    let checks = vec![CheckVerdict {
        expected: "exchange to acme: <= 1".into(),
        actual: "2: #160, #162".into(),
        events: vec![160, 162],
        ..check("CON-02.single-exchange", Level::Should, Verdict::Warn)
    }];
    verdict("CON-02", "Many calls meeting the same expiry share one renewal", Level::Should, checks)
}

/// A report with a bit of everything.
pub(crate) fn report() -> Report {
    let judged = |verdict, run| Judged { verdict, run };
    let passed = vec![
        check("REF-02.caller-unaware", Level::Must, Verdict::Pass),
        check("REF-02.one-refusal-only", Level::Must, Verdict::Pass),
    ];
    let mut unseen =
        verdict("EXC-02[live]", "An exchange is repeated with a fresh token", Level::Must, Vec::new());
    unseen.verdict = Verdict::Inconclusive;
    unseen.why = Some("proof refused: the stimulus msp-runs-out never fired".into());
    let mut unable = verdict("CON-09", "Streams are sent again only if they can be", Level::Must, Vec::new());
    unable.verdict = Verdict::NotApplicable;
    unable.why = Some("needs stream, which pycentral does not claim".into());
    let noted = vec![
        check("SEC-01.quiet", Level::May, Verdict::Note),
        check("SEC-01.wall", Level::Must, Verdict::NotScored),
    ];
    Report {
        client: client(),
        profile: Some(crate::scenario::Profile::Msp),
        scenarios: vec![
            judged(verdict("REF-02", "A tenant token that runs out is replaced", Level::Must, passed), None),
            judged(rty_10(), Some(throttled())),
            judged(con_02(), Some(at_once())),
            judged(unseen, None),
            judged(unable, None),
            judged(verdict("SEC-01", "Tokens stay where they belong", Level::May, noted), None),
        ],
    }
}
