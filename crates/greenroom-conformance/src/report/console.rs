//! The report as people read it in a terminal.

mod events;

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use greenroom_model::history::{Event, Stream};

use self::events::events;
use super::{
    Ending, Summary, checks,
    text::{WIDTH, tame, tame_line, wrap},
    timeline,
};
use crate::{
    baseline::Applied,
    suite::{Judged, Report},
    verdict::{CheckVerdict, Verdict},
};

/// What the report is told with.
#[derive(Clone, Debug, Default)]
pub struct Console<'a> {
    /// For each scenario of the report the command line that tells the same of it again.
    pub again: &'a [String],
    /// Whether a broken SHOULD counts.
    pub strict: bool,
    /// How the baseline's file is called.
    pub baseline: Option<&'a str>,
}

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// The colour of a verdict.
fn style(verdict: Verdict) -> Style {
    let colour = match verdict {
        Verdict::Pass => AnsiColor::Green,
        Verdict::NotApplicable | Verdict::NotScored => return DIM,
        Verdict::Note => AnsiColor::Cyan,
        Verdict::Warn => AnsiColor::Yellow,
        Verdict::Fail | Verdict::Error => AnsiColor::Red,
        Verdict::Inconclusive => AnsiColor::Magenta,
    };
    Style::new().fg_color(Some(colour.into())).bold()
}

/// The line of a scenario: its verdict, name and title. What is known does not make it red.
pub fn line(judged: &Judged, applied: &Applied) -> String {
    let scenario = &judged.verdict;
    let all = checks(scenario);
    let news =
        all.iter().filter(|check| !applied.known.contains_key(&check.id)).map(|check| check.verdict).max();
    let known = all.iter().filter(|check| applied.known.contains_key(&check.id)).count();
    // If every check was known, nothing is left that could be red.
    let verdict = news.unwrap_or(Verdict::Pass);
    let (word, style) =
        if known > 0 && verdict <= Verdict::Note { ("known", DIM) } else { (verdict.word(), style(verdict)) };
    format!("{style}{word:<12}{style:#}  {:<10} {}", scenario.name, scenario.title)
}

impl Console<'_> {
    /// The whole report: a line for each scenario, a block for each that is broken, what is known, the sum.
    pub fn report(&self, report: &Report, applied: &Applied) -> String {
        let mut text = String::new();
        for judged in &report.scenarios {
            let _ = writeln!(text, "{}", line(judged, applied));
        }
        for (nth, judged) in report.scenarios.iter().enumerate() {
            self.block(&mut text, judged, applied, self.again.get(nth));
        }
        noise(&mut text, report);
        self.known(&mut text, applied);
        not_judged(&mut text, report);
        self.stale(&mut text, applied);
        self.sum(&mut text, report, applied);
        text
    }

    /// All about a scenario that is broken.
    fn block(&self, text: &mut String, judged: &Judged, applied: &Applied, again: Option<&String>) {
        let scenario = &judged.verdict;
        let mut broken: Vec<_> = checks(scenario);
        broken.retain(|check| check.verdict >= Verdict::Note && !applied.known.contains_key(&check.id));
        broken.sort_by_key(|check| std::cmp::Reverse(check.verdict));
        let Some(worst) = broken.first().map(|check| check.verdict) else { return };
        let style = style(worst);
        let (level, basis) = (scenario.level, format!("{:?}", scenario.basis).to_lowercase());
        let _ = writeln!(text, "\n{style}{}{style:#} {BOLD}{}{BOLD:#}", worst.word(), scenario.name);
        for line in wrap(&scenario.title, WIDTH - 2) {
            let _ = writeln!(text, "  {line}");
        }
        field(text, "binding", &format!("{level}, by {basis}"));
        for source in &scenario.sources {
            let link = source.link().map(|link| format!("  {link}")).unwrap_or_default();
            field(text, "source", &format!("{source}{link}"));
        }
        for check in &broken {
            self.check(text, judged, check);
        }
        if worst == Verdict::Note {
            return;
        }
        if let Some(run) = &judged.run {
            if let Some(trouble) = &run.header.trouble {
                field(text, "trouble", trouble);
            }
            text.push('\n');
            for line in timeline(run, scenario).lines() {
                let _ = writeln!(text, "{}", format!("  {line}").trim_end());
            }
        }
        if let Some(again) = again {
            let _ = writeln!(text, "\n  {DIM}again{DIM:#}     {again}");
        }
    }

    fn check(&self, text: &mut String, judged: &Judged, check: &CheckVerdict) {
        let style = style(check.verdict);
        let level =
            if check.level == judged.verdict.level { String::new() } else { format!("  {}", check.level) };
        let _ = writeln!(text, "\n  {style}{}{style:#} {BOLD}{}{BOLD:#}{level}", check.verdict, check.id);
        field(text, "expected", &check.expected);
        field(text, "actual", &check.actual);
        if let Some(cause) = &check.cause {
            field(text, "usually", cause);
        }
        if let (Some(run), true) = (&judged.run, check.verdict > Verdict::Note) {
            for (nth, line) in events(run, &check.events).into_iter().enumerate() {
                let name = if nth == 0 { "events" } else { "" };
                let _ = writeln!(text, "  {DIM}{name:<9}{DIM:#} {line}");
            }
        }
    }

    fn known(&self, text: &mut String, applied: &Applied) {
        if !applied.known.is_empty() {
            text.push('\n');
        }
        for known in applied.known.values() {
            let issue = known.issue.as_ref().map(|issue| format!(", {issue}")).unwrap_or_default();
            let line = format!("known {} {}: {}{issue}", known.check, known.verdict, known.reason);
            let _ = writeln!(text, "{DIM}{}{DIM:#}", tame_line(&line));
        }
    }

    fn stale(&self, text: &mut String, applied: &Applied) {
        if applied.stale.is_empty() {
            return;
        }
        let yellow = style(Verdict::Warn);
        let file = self.baseline.unwrap_or("the baseline");
        let _ = writeln!(text, "\n{yellow}{file} is not true any more{yellow:#}");
        for stale in &applied.stale {
            for (nth, line) in wrap(&tame_line(&stale.to_string()), WIDTH - 4).into_iter().enumerate() {
                let _ = writeln!(text, "{}{line}", if nth == 0 { "  " } else { "    " });
            }
        }
    }

    fn sum(&self, text: &mut String, report: &Report, applied: &Applied) {
        let summary = Summary::of(report, applied);
        let counts: Vec<_> = Verdict::ALL
            .into_iter()
            .rev()
            .filter(|verdict| summary.count(*verdict) > 0)
            .map(|verdict| {
                let style = style(verdict);
                format!("{style}{} {verdict}{style:#}", summary.count(verdict))
            })
            .chain((summary.known > 0).then(|| format!("{DIM}{} known{DIM:#}", summary.known)))
            .collect();
        let client = &report.client;
        let profile = report.profile.map(|profile| format!(", profile {profile}")).unwrap_or_default();
        let _ = writeln!(
            text,
            "\n{BOLD}{}{BOLD:#}{profile}, {} scenario{}\nchecks: {}",
            tame_line(&format!("{} {}", client.name, client.version)).trim_end(),
            summary.scenarios,
            if summary.scenarios == 1 { "" } else { "s" },
            if counts.is_empty() { "none".to_owned() } else { counts.join(", ") },
        );
        let proven = summary.proven;
        let _ = writeln!(
            text,
            "{} requirement{} proven: {} MUST, {} SHOULD, {} MAY",
            proven.all(),
            if proven.all() == 1 { "" } else { "s" },
            proven.must,
            proven.should,
            proven.may
        );
        let ending = Ending::of(report, applied, self.strict);
        let why = match ending {
            Ending::Fine => return,
            Ending::Stale => "the baseline is stale",
            Ending::Broken => "a requirement is broken",
            Ending::Unjudged => "something broke down, or nothing can be said about a MUST",
            Ending::Usage => "a file is wrong",
        };
        let _ = writeln!(text, "exit {}: {why}", ending.code());
    }
}

/// One line on what clients printed where the protocol is spoken.
fn noise(text: &mut String, report: &Report) {
    let entries =
        report.scenarios.iter().filter_map(|judged| judged.run.as_ref()).flat_map(|run| &run.entries);
    let lines: usize = entries
        .map(|entry| match &entry.event {
            Event::Output { stream: Stream::Stdout, text } => text.lines().count(),
            _ => 0,
        })
        .sum();
    if lines > 0 {
        let yellow = style(Verdict::Warn);
        let plural = if lines == 1 { "line" } else { "lines" };
        let _ = writeln!(
            text,
            "\n{yellow}warning{yellow:#}: the client printed {lines} {plural} on stdout that are no drive/1: \
             let it write to stderr"
        );
    }
}

/// What was not judged, apart, with the reason.
fn not_judged(text: &mut String, report: &Report) {
    let mut begun = false;
    for judged in &report.scenarios {
        for check in checks(&judged.verdict) {
            if !matches!(check.verdict, Verdict::NotApplicable | Verdict::NotScored) {
                continue;
            }
            if !begun {
                text.push('\n');
                begun = true;
            }
            let why = [check.actual.as_str(), judged.verdict.why.as_deref().unwrap_or_default()];
            let why = why.into_iter().find(|why| !why.is_empty()).unwrap_or("no reason is given");
            let line = format!("{}  {}: {}", check.verdict, check.id, tame_line(why));
            let _ = writeln!(text, "{DIM}{line}{DIM:#}");
        }
    }
}

/// A named text, with its further lines below its first.
fn field(text: &mut String, name: &str, value: &str) {
    for (nth, line) in wrap(&tame(value), WIDTH - 12).into_iter().enumerate() {
        let name = if nth == 0 { name } else { "" };
        let _ = writeln!(text, "  {DIM}{name:<9}{DIM:#} {line}");
    }
}
