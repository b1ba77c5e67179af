use greenroom_model::call::OpKind;

use super::*;
use crate::scenario::{Judgement, Level, Verb};

/// A scenario that has nothing wrong with it.
const GOOD: &str = "\
format: 1
id: RTY-05
title: A POST is not repeated after its answer was lost
level: SHOULD
basis: rfc
sources: [\"rfc:9110#9.2.2\"]
drive: adapter
needs: [msp, tenant]
clock: server
vary:
  loss: [{ value: close, level: MAY }, { value: half, with: { bytes: 20 } }]
vars: { wait: { sleep_events: 2m, otherwise: 3s } }
world: { use: msp-two-tenants, ttl: { msp: 15m } }
steps:
  - { id: open, open: { as: msp, mode: msp } }
  - { id: enter, tenant: { as: acme, of: msp, workspace: \"@acme\" } }
  - { id: hit, repeat: 2, call: { client: acme, api: central, method: GET, path: /a, query: { limit: $i, how: \"x-$loss\" } } }
stimuli:
  - { id: fin, only: [close], when: { op: api, phase: hit, actor: \"@acme\", at: response }, do: [{ close: {} }] }
  - { id: cut, only: [half], when: { op: api, at: response }, do: [{ half_body: { bytes: $loss.bytes, then: close } }] }
  - { id: slow, when: { op: mint, at: request }, do: [{ reply: { status: 429, headers: { retry-after: \"$http_date(wait)\" } } }] }
proofs:
  - { id: p, fired: slow }
expect:
  - { id: once, phase: hit, count: { of: { op: api, actor: \"@acme\" }, is: \"= 1\" } }
  - { id: late, level: MUST, gap: { from: { op: mint, status: 429 }, to: { op: mint, nth: 2 }, min: $wait } }
";

#[test]
fn a_file_is_a_scenario_for_each_value_of_its_axis_and_at_each_pace() {
    let loaded = load(GOOD).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let names: Vec<_> = loaded.variants.iter().map(|it| it.otherwise.name()).collect();
    assert_eq!(names, ["RTY-05[close]", "RTY-05[half]"]);
    let [close, half] = &loaded.variants[..] else { panic!() };
    let stimuli = |paced: &Paced| -> Vec<_> {
        paced.otherwise.stimuli.iter().filter_map(|rule| rule.id.clone()).collect()
    };
    assert_eq!(
        (stimuli(close), stimuli(half)),
        (vec!["fin".into(), "slow".into()], vec!["cut".into(), "slow".into()])
    );
    let text = |scenario: &Scenario| serde_json::to_string(&scenario.stimuli).unwrap();
    assert!(text(&half.otherwise).contains(r#""bytes":20"#), "a number stays one");
    assert!(
        text(&half.otherwise).contains("$http_date(3s)")
            && text(&half.sleep_events).contains("$http_date(2m)")
    );
    assert!(text(&close.otherwise).contains(r#""actor":"acme""#));
    let Verb::Call(call) = &half.otherwise.steps[2].verb else { panic!() };
    assert_eq!(serde_json::to_string(&call.query).unwrap(), r#"{"how":"x-half","limit":"$i"}"#);
    let Judgement::Gap(gap) = &half.sleep_events.expect[1].judgement else { panic!() };
    assert_eq!(gap.min.duration().as_secs(), 120);
    let [once, late] = &close.otherwise.expect[..] else { panic!() };
    assert_eq!(close.otherwise.level_of(once), Level::May, "the value makes it less binding");
    assert_eq!(close.otherwise.level_of(late), Level::May);
    assert_eq!(half.otherwise.level_of(late), Level::Must);
    let Judgement::Count(count) = &once.judgement else { panic!() };
    assert_eq!(count.of.op.as_ref().unwrap().values(), [OpKind::Api]);
}

#[test]
fn a_value_of_the_axis_can_need_more_of_the_client_than_the_others() {
    let text = GOOD
        .replace("needs: [msp, tenant]", "needs: [tenant]")
        .replace("value: close, level: MAY", "value: close, needs: [msp]");
    let said = load(&text).expect_err("half needs it too").to_string();
    assert!(said.contains("a step needs msp"), "{said}");
    let text = text.replace("value: half,", "value: half, needs: [msp, tenant, close],");
    let loaded = load(&text).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let needs: Vec<_> = loaded.variants.iter().map(|it| it.otherwise.needs.clone()).collect();
    use Capability::{Close, Msp, Tenant};
    assert_eq!(needs, [vec![Tenant, Msp], vec![Tenant, Msp, Close]]);
}

/// What is said of the good one after a change.
fn said(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    load(&GOOD.replacen(from, to, 1)).expect_err(to).to_string()
}

/// What the first check of it asks.
const COUNTED: &str = "count: { of: { op: api, actor: \"@acme\" }, is: \"= 1\" }";

/// How the client of it is opened.
const OPEN: &str = "as: msp, mode: msp }";

/// The same with credentials that are made up.
fn made_up(unified: &str) -> String {
    format!("as: msp, mode: msp, config: {{ unified: {{ {unified} }} }} }}")
}

#[test]
fn every_mistake_is_told_with_its_place_and_its_mend() {
    let mut all = String::new();
    for (from, to) in [
        ("format: 1", "format: 2"),
        ("id: RTY-05", "id: rty5"),
        ("level: SHOULD", "level: should"),
        ("level: SHOULD", "levle: SHOULD"),
        ("basis: rfc\n", ""),
        ("[\"rfc:9110#9.2.2\"]", "[]"),
        ("rfc:9110#9.2.2", "rfc9110"),
        ("needs: [msp, tenant]", "needs: [msp]"),
        ("needs: [msp, tenant]", "needs: [msp, tennant]"),
        ("use: msp-two-tenants", "use: msp-two-tenant"),
        ("ttl: { msp: 15m }", "ttl: { msp: fifteen }"),
        ("ttl: { msp: 15m }", "dialect: { exchange_expires: live }"),
        ("ttl: { msp: 15m }", "dialect: { exchange_expired: alive }"),
        ("value: half", "value: close"),
        ("value: half", "value: [half]"),
        ("level: MAY", "level: MUST"),
        ("otherwise: 3s", "other: 3s"),
        ("id: enter, tenant", "id: open, tenant"),
        ("of: msp, ", "of: mps, "),
        ("workspace: \"@acme\"", "workspace: \"@acne\""),
        ("workspace: \"@acme\"", "workspace: acme"),
        ("mode: msp }", "mode: classic }"),
        ("api: central", "api: classic"),
        ("tenant: { as: acme, of: msp, workspace: \"@acme\" }", "open: { as: acme, mode: classic }"),
        ("mode: msp }", "mode: classic, config: { classic: { access_token: \"msp#1\" } } }"),
        ("tenant: { as: acme, of: msp, workspace: \"@acme\" }", "refresh: { client: msp }"),
        ("call: { client: acme", "call: { client: globex"),
        ("path: /a", "path: a"),
        ("path: /a", "path: /a, close: {}"),
        ("limit: $i, ", "limit: $j, "),
        ("repeat: 2, ", "repeat: 0, "),
        ("repeat: 2, ", "parallel: true, "),
        ("id: hit, repeat: 2, call", "id: hit, repeat: 2, cal"),
        ("id: fin, only: [close]", "id: fin, only: [closed]"),
        ("id: slow, when", "when"),
        ("id: slow, when", "id: cut, when"),
        ("op: mint, at: request", "op: mint, status: 200, at: request"),
        ("op: mint, at: request", "op: mints, at: request"),
        ("phase: hit, actor", "phase: hti, actor"),
        ("{ close: {} }", "{ closse: {} }"),
        ("fired: slow", "fired: slwo"),
        ("fired: slow", "fired: slow, sent: [hit]"),
        ("fired: slow", "sent: [hit]"),
        ("fired: slow", "gate: { id: slow }"),
        ("is: \"= 1\"", "is: one"),
        ("phase: hit, count", "phase: hitt, count"),
        ("count: { of: { op: api, actor", "count: { of: { opp: api, actor"),
        ("{ id: once, phase: hit", "{ id: late, phase: hit"),
        ("{ id: once, phase: hit", "{ id: Once!, phase: hit"),
        ("from: { op: mint, status: 429 }", "from: { op: mint }"),
        ("min: $wait", "min: $wiat"),
        ("min: $wait", "min: -1s"),
        ("of: { op: api, actor: \"@acme\" }", "of: { op: exchange }"),
        ("level: MUST, gap: {", "level: MUST, never: { op: api }, gap: {"),
        ("title: A", "title: A\ntitle: B"),
        ("format: 1", "format: [1"),
        ("clock: server", "clock: server\nclocks: server"),
        ("value: half", "value: ../../x"),
        ("ttl: { msp: 15m }", "issued: [nobodyhere]"),
        ("ttl: { msp: 15m }", "traps: [\"https://x\"]"),
        ("ttl: { msp: 15m }", "traps: [us5.api.central.arubanetworks.com]"),
        ("repeat: 2, ", "repeat: 4000000000, "),
        ("repeat: 2, ", "patience: 61m, "),
        ("repeat: 2, ", "late: true, "),
        ("phase: hit, actor", "phase: \"x*\", actor"),
        ("op: mint, at: request", "op: mint, workspace: \"nosuch*\", at: request"),
        ("op: mint, at: request", "op: mint, client: mps, at: request"),
        ("op: mint, at: request", "op: mint, host: sso.common.cloud.hpe.comm, at: request"),
        ("op: mint, at: request", "op: mint, host: SSO.common.cloud.hpe.com, at: request"),
        ("op: mint, at: request", "op: mint, host: \"*.example.net\", at: request"),
        ("{ op: api, actor: \"@acme\" }", "{ op: api, token: \"acm#1\" }"),
        ("{ op: api, actor: \"@acme\" }", "{ op: api, token: \"acme#0\" }"),
        ("{ op: api, actor: \"@acme\" }", "{ op: api, token: acme }"),
        ("{ op: api, actor: \"@acme\" }", "{ op: exchange, subject: \"mps#*\" }"),
        ("{ op: api, actor: \"@acme\" }", "{ op: api, fired: \"slwo*\" }"),
        ("{ op: api, actor: \"@acme\" }, is: \"= 1\"", "{ op: api, nth: 3 }, is: \"= 5\""),
        ("{ op: api, actor: \"@acme\" }, is: \"= 1\"", "{ op: api, nth: 3 }, is: \"<= 2\""),
        ("phase: hit, count", "phase: \"hi*\", count"),
        ("phase: hit, count", "after: { step: hit }, count"),
        ("phase: hit, count", "after: { fired: fin }, count"),
        (COUNTED, "leak: { symbol: \"acm#9\", is: \"= 0\" }"),
        (COUNTED, "leak: { symbol: \"client:mps\", is: \"= 0\" }"),
        (COUNTED, "leak: { host: evil.example.net, is: \"= 0\" }"),
        (COUNTED, "leak: { where: outptu, is: \"= 0\" }"),
        (COUNTED, "file: { which: tokenfile, mode: \"0600\" }"),
        (COUNTED, "file: { which: token_file, holds: [\"acme#*\"] }"),
        (COUNTED, "result: { step: hit, ids: devices(@acme) }"),
        (COUNTED, "result: { step: hit, ok: true, kind: auth }"),
        (COUNTED, "result: { step: hit, ok: true, outcome: auth, status: 200 }"),
        (COUNTED, "result: { step: hit, outcome: rate, kind: auth }"),
        (COUNTED, "returns: { step: hit, within: 30s }"),
        (COUNTED, "result: { step: hit, ok: true, says: \"*503*\" }"),
        (COUNTED, "result: { step: hit, says: \"503\" }"),
        (COUNTED, "result: { step: hit, says: [\"*503*\", \"*\"] }"),
        (COUNTED, "result: { step: hit, says: \"*client:mps.id*\" }"),
        (COUNTED, "result: { step: hit, says: \"*client:msp.secret*\" }"),
        (COUNTED, "result: { step: hit, says: \"*@acne*\" }"),
        (COUNTED, "delays: { of: { op: api } }"),
        (COUNTED, "delays: { of: { op: api, nth: 2 }, min: 1s }"),
        (COUNTED, "delays: { of: { op: api, token: \"acm#1\" }, min: 1s }"),
        (COUNTED, "delays: { of: { op: api }, grow: true }"),
        (COUNTED, "delays: { of: { op: api }, distinct: \">= 2\" }"),
        (COUNTED, "delays: { of: { op: api }, most: 10m }"),
        (COUNTED, "sockets: { is: \"= 0\" }"),
        (OPEN, &made_up("client_id: \"client:mps.id\"")),
        (OPEN, &made_up("client_secret: \"client:msp.sceret\"")),
        (OPEN, &made_up("client_id: \"client:msp\"")),
        (OPEN, &made_up("workspace_id: \"@acne:plain\"")),
        (OPEN, &made_up("access_token: \"msp#1\"")),
    ] {
        all.push_str(&format!("--- {}\n+++ {}\n{}\n\n", from.trim(), to.trim(), said(from, to)));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_step_within_others_is_asked_for_and_the_step_around_it_is_the_phase() {
    let hit = GOOD.lines().find(|line| line.contains("id: hit")).unwrap();
    let both = format!(
        "  - id: both\n    together:\n    {hit}\n      - {{ id: too, list: {{ client: acme, what: devices }} }}"
    );
    let good = GOOD
        .replace(hit, &both)
        .replace("needs: [msp, tenant]", "needs: [msp, tenant, concurrent, list]")
        .replace("phase: hit", "phase: both")
        .replace(COUNTED, "result: { step: too, ids: devices(@acme) }");
    load(&good).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    for (from, to, expected) in [
        (
            "phase: both, result",
            "phase: hit, result",
            "hit stands within together, and is no phase of its own; write both",
        ),
        (
            "api, phase: both",
            "api, phase: hit",
            "hit stands within together, and is no phase of its own; write both",
        ),
        (
            "step: too",
            "step: both",
            "both is no step that is asked for: its members are; write one of hit, too",
        ),
        ("devices(@acme)", "tenants(@msp)", "step too lists devices; write devices(@msp)"),
        ("phase: both, result", "after: { step: too }, result", "after the last step nothing is asked for"),
    ] {
        assert!(good.contains(from), "{from}: {good}");
        let said = load(&good.replacen(from, to, 1)).expect_err(to).to_string();
        assert!(said.contains(expected) && said.lines().count() == 1, "{to}: {said}");
    }
}

#[test]
fn tokens_secrets_hosts_and_traps_that_can_be_are_no_mistake() {
    let fired = "world: { use: msp-two-tenants, traps: [evil.example.net], issued: [msp]";
    let good = GOOD.replace("world: { use: msp-two-tenants", fired);
    for check in [
        "never: { op: api, token: [\"msp#1\", \"acme#*\", \"*#2\", \"g*\", \"literal:*\", \"msp-central#3\"] }",
        "never: { op: api, host: [evil.example.net, \"*.api.central.arubanetworks.com\", \"us5*\", us-west.api.greenlake.hpe.com] }",
        "never: { op: mint, client: \"msp*\", phase: \"h*\", fired: \"s*\" }",
        "leak: { symbol: [\"client:msp\", \"acme#2\", \"client:*\", \"*\"], host: evil.example.net, where: [url, \"*\"], is: \"= 0\" }",
        "file: { which: token_file, holds: [secret, \"msp#2\"] }",
        "count: { of: { op: api, nth: 3 }, is: \"= 1\" }",
        "result: { step: hit, ok: true, status: 401, outcome: auth }",
        "delays: { of: { op: api }, min: $wait }",
        "result: { step: hit, ok: true, status: 503, says: \"*503*\" }",
        "result: { step: hit, says: [\"*client:msp.id*\", \"*@acme:plain*\", \"me*you@acne*\"] }",
    ] {
        load(&good.replace(COUNTED, check)).unwrap_or_else(|mistakes| panic!("{check}: {mistakes}"));
    }
}

#[test]
fn what_is_open_at_the_end_is_asked_for_where_something_closes() {
    let stimuli = "stimuli:\n";
    let close = format!("  - {{ id: end, close: {{ client: msp }} }}\n{stimuli}");
    let good = GOOD
        .replace("needs: [msp, tenant]", "needs: [msp, tenant, close]")
        .replace(stimuli, &close)
        .replace(&format!("phase: hit, {COUNTED}"), "sockets: { is: \"= 0\" }");
    load(&good).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    for member in ["phase: hit", "after: { step: hit }"] {
        let text = good.replace("sockets:", &format!("{member}, sockets:"));
        let said = load(&text).expect_err(member).to_string();
        assert!(said.contains("what is open at the end is open after all steps; leave"), "{said}");
    }
}

#[test]
fn credentials_that_are_made_up_may_name_what_is_in_the_world() {
    let good = GOOD.replace("use: msp-two-tenants", "use: msp-two-tenants, issued: [msp]");
    for unified in [
        "client_id: \"client:msp.id\", client_secret: \"client:msp-central.secret\", workspace_id: \"@nobody\"",
        "access_token: \"msp#1\", workspace_id: \"@msp:plain\", cluster_name: EU-1",
        "client_id: whoever, client_secret: \"s#1\", workspace_id: \"@stranger\"",
    ] {
        let text = good.replace(OPEN, &made_up(unified));
        load(&text).unwrap_or_else(|mistakes| panic!("{unified}: {mistakes}"));
    }
}

#[test]
fn what_is_no_scenario_at_all_is_told() {
    for (text, what) in [
        ("", "line 1, column 1: a scenario is a map of keys; begin with format: 1 and id: REF-02"),
        ("- 1", "a scenario is a map"),
        ("format: 1\n---\nformat: 1", "a second document"),
        ("steps: 1\nproofs: {}\nexpect: []", "the client is asked to do nothing"),
    ] {
        let mistakes = load(text).unwrap_err().to_string();
        assert!(mistakes.contains(what), "{text:?}: {mistakes}");
    }
}

#[test]
fn all_mistakes_of_a_file_come_at_once() {
    let text = GOOD
        .replace("level: SHOULD", "level: should")
        .replace("of: msp, ", "of: mps, ")
        .replace("fired: slow", "fired: slwo");
    let mistakes = load(&text).unwrap_err();
    let lines: Vec<_> = mistakes.list.iter().map(|mistake| mistake.line).collect();
    assert_eq!(lines, [4, 16, 23], "{mistakes}");
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { failure_persistence: None, cases: 400, ..Default::default() })]

    #[test]
    fn no_text_makes_it_panic(text in "(?s).{0,200}") {
        drop(load(&text));
    }

    #[test]
    fn nor_does_a_scenario_with_something_cut_out_or_doubled(from in 0..GOOD.len(), length in 0_usize..80, twice: bool) {
        let (from, to) = (GOOD.floor_char_boundary(from), GOOD.floor_char_boundary((from + length).min(GOOD.len())));
        let middle = if twice { GOOD[from..to].repeat(2) } else { String::new() };
        drop(load(&format!("{}{middle}{}", &GOOD[..from], &GOOD[to..])));
    }
}
