//! Annotations of GitHub's workflows: `::error title=…::…`.

use std::path::Path;

use super::{checks, text::tame};
use crate::{baseline::Applied, suite::Report, verdict::Verdict};

/// A line for each broken check that is not known, and for each stale entry of the baseline, at its line.
pub fn annotations(report: &Report, applied: &Applied, baseline: Option<&Path>) -> String {
    let mut lines = String::new();
    for judged in &report.scenarios {
        for check in checks(&judged.verdict) {
            let word = match check.verdict {
                Verdict::Fail | Verdict::Error | Verdict::Inconclusive => "error",
                Verdict::Warn => "warning",
                Verdict::Note => "notice",
                Verdict::Pass | Verdict::NotApplicable | Verdict::NotScored => continue,
            };
            if applied.known.contains_key(&check.id) {
                continue;
            }
            let title = property(&format!("{} {}", check.verdict, check.id));
            let mut text =
                format!("{}\nexpected: {}\nactual: {}", judged.verdict.title, check.expected, check.actual);
            if let Some(cause) = &check.cause {
                text.push_str(&format!("\nusually: {cause}"));
            }
            lines.push_str(&format!("::{word} title={title}::{}\n", data(&tame(&text))));
        }
    }
    for stale in &applied.stale {
        let file = baseline.map(|file| format!("file={},", property(&file.display().to_string())));
        let (file, line) = (file.unwrap_or_default(), stale.line);
        lines.push_str(&format!(
            "::error {file}line={line},title=stale baseline::{}\n",
            data(&stale.to_string())
        ));
    }
    lines
}

/// A message, as GitHub wants it: a line break would end the command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property: a colon would end it, a comma begin the next.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
