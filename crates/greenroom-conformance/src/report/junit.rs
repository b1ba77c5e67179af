//! The report as JUnit XML, as CI servers read it: a suite for each family of scenarios, a case for each check.
//!
//! Written to the schema of Jenkins' xUnit plugin (`junit-10.xsd`), the strictest that is in use.

use std::{collections::BTreeMap, io};

use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};

use super::{checks, text::tame};
use crate::{
    baseline::Applied,
    suite::Report,
    verdict::{CheckVerdict, ScenarioVerdict, Verdict},
};

/// What became of a case.
enum Outcome {
    Passed,
    Skipped(String),
    Failed(&'static str, String),
    Errored(&'static str, String),
}

struct Case {
    name: String,
    class: String,
    outcome: Outcome,
    text: String,
}

#[derive(Default)]
struct Totals {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Totals {
    fn of<'a>(cases: impl Iterator<Item = &'a Case>) -> Self {
        let mut totals = Self::default();
        for case in cases {
            totals.tests += 1;
            match case.outcome {
                Outcome::Passed => {}
                Outcome::Skipped(_) => totals.skipped += 1,
                Outcome::Failed(..) => totals.failures += 1,
                Outcome::Errored(..) => totals.errors += 1,
            }
        }
        totals
    }
}

/// The document. What is broken and known is skipped, with the reason; so is what was not judged.
pub fn junit(report: &Report, applied: &Applied, strict: bool) -> io::Result<Vec<u8>> {
    let mut suites: BTreeMap<&str, Vec<Case>> = BTreeMap::new();
    for judged in &report.scenarios {
        let scenario = &judged.verdict;
        let family = scenario.name.split('-').next().unwrap_or_default();
        let cases = checks(scenario).into_iter().map(|check| case(scenario, &check, applied, strict));
        suites.entry(family).or_default().extend(cases);
    }
    if !applied.stale.is_empty() {
        let cases = applied.stale.iter().map(|stale| Case {
            name: format!("line {}: {}", stale.line, stale.check),
            class: "baseline".to_owned(),
            outcome: Outcome::Failed("STALE", stale.to_string()),
            text: stale.to_string(),
        });
        suites.insert("baseline", cases.collect());
    }
    write(report, &suites)
}

fn case(scenario: &ScenarioVerdict, check: &CheckVerdict, applied: &Applied, strict: bool) -> Case {
    let word = check.verdict.word();
    let outcome = match (applied.known.get(&check.id), check.verdict) {
        (Some(known), _) => {
            Outcome::Skipped(format!("known: {} (line {} of the baseline)", known.reason, known.line))
        }
        (None, Verdict::Fail) => Outcome::Failed(word, check.actual.clone()),
        (None, Verdict::Warn) if strict => Outcome::Failed(word, check.actual.clone()),
        (None, Verdict::Error) => Outcome::Errored(word, check.actual.clone()),
        (None, Verdict::Inconclusive) if check.level == crate::scenario::Level::Must => {
            Outcome::Errored(word, check.actual.clone())
        }
        (None, Verdict::Inconclusive | Verdict::NotApplicable | Verdict::NotScored) => {
            Outcome::Skipped(format!("{word}: {}", check.actual))
        }
        (None, Verdict::Pass | Verdict::Note | Verdict::Warn) => Outcome::Passed,
    };
    let mut text = format!("{word}: {} ({})\n", scenario.title, check.level);
    for source in &scenario.sources {
        let link = source.link().map(|link| format!(" {link}")).unwrap_or_default();
        text.push_str(&format!("source: {source}{link}\n"));
    }
    text.push_str(&format!("expected: {}\nactual: {}\n", check.expected, check.actual));
    if let Some(cause) = &check.cause {
        text.push_str(&format!("usually: {cause}\n"));
    }
    let silent = check.verdict == Verdict::Pass;
    Case {
        name: check.id.clone(),
        class: scenario.name.clone(),
        outcome,
        text: if silent { String::new() } else { text },
    }
}

fn write(report: &Report, suites: &BTreeMap<&str, Vec<Case>>) -> io::Result<Vec<u8>> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let all = Totals::of(suites.values().flatten());
    let name = clean(&format!("greenroom verify: {} {}", report.client.name, report.client.version));
    let root = writer.create_element("testsuites").with_attributes([
        ("name", name.as_str()),
        ("tests", &all.tests.to_string()),
        ("failures", &all.failures.to_string()),
        ("errors", &all.errors.to_string()),
    ]);
    root.write_inner_content(|writer| {
        for (family, cases) in suites {
            let of = Totals::of(cases.iter());
            let suite = writer.create_element("testsuite").with_attributes([
                ("name", *family),
                ("tests", &of.tests.to_string()),
                ("failures", &of.failures.to_string()),
                ("errors", &of.errors.to_string()),
                ("skipped", &of.skipped.to_string()),
            ]);
            suite.write_inner_content(|writer| cases.iter().try_for_each(|case| write_case(writer, case)))?;
        }
        Ok(())
    })?;
    let mut text = writer.into_inner();
    text.push(b'\n');
    Ok(text)
}

fn write_case(writer: &mut Writer<Vec<u8>>, case: &Case) -> io::Result<()> {
    let (name, class) = (clean(&case.name), clean(&case.class));
    let element = writer
        .create_element("testcase")
        .with_attributes([("name", name.as_str()), ("classname", class.as_str())]);
    let text = clean(&case.text);
    let (tag, kind, message) = match &case.outcome {
        // A warning that does not count says what it has to say all the same.
        Outcome::Passed if text.is_empty() => return element.write_empty().map(drop),
        Outcome::Passed => {
            return element
                .write_inner_content(|writer| {
                    writer.create_element("system-out").write_text_content(BytesText::new(&text)).map(drop)
                })
                .map(drop);
        }
        Outcome::Skipped(why) => ("skipped", None, why),
        Outcome::Failed(kind, why) => ("failure", Some(*kind), why),
        Outcome::Errored(kind, why) => ("error", Some(*kind), why),
    };
    let message = clean(message);
    element
        .write_inner_content(|writer| {
            let mut inner = writer.create_element(tag).with_attribute(("message", message.as_str()));
            if let Some(kind) = kind {
                inner = inner.with_attribute(("type", kind));
            }
            inner.write_text_content(BytesText::new(&text)).map(drop)
        })
        .map(drop)
}

/// Text without what XML 1.0 cannot hold.
fn clean(text: &str) -> String {
    tame(text).chars().filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}')).collect()
}
