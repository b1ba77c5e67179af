//! What is told while scenarios run: one line on a terminal that is written over; nothing elsewhere.

use std::io::{IsTerminal as _, Write as _};

use greenroom_conformance::{suite::Progress, verdict::Verdict};

/// The line.
pub(crate) struct Live {
    on: bool,
    planned: usize,
    finished: usize,
    broken: usize,
    under_way: Vec<String>,
}

impl Live {
    /// Only a terminal gets one; a log of CI would keep every version of it.
    pub(crate) fn start() -> Self {
        let ci = std::env::var_os("CI").is_some_and(|it| !it.is_empty() && it != "false");
        let dumb = std::env::var_os("TERM").is_some_and(|it| it == "dumb");
        let on = std::io::stderr().is_terminal() && !ci && !dumb;
        Self { on, planned: 0, finished: 0, broken: 0, under_way: Vec::new() }
    }

    pub(super) fn tell(&mut self, progress: &Progress<'_>) {
        match progress {
            Progress::Planned(count) => self.planned = *count,
            Progress::Started(name) => self.under_way.push((*name).to_owned()),
            Progress::Finished(judged) => {
                self.finished += 1;
                self.broken += usize::from(judged.verdict.verdict >= Verdict::Warn);
                self.under_way.retain(|name| *name != judged.verdict.name);
            }
        }
        self.write(&self.line());
    }

    fn line(&self) -> String {
        let broken =
            if self.broken > 0 { format!(", {} not as they should be", self.broken) } else { String::new() };
        let under_way = self.under_way.join(" ");
        let line = format!("{} of {} scenarios{broken}  {under_way}", self.finished, self.planned);
        short(&line)
    }

    /// Shows another line than that of scenarios.
    pub(crate) fn show(&self, line: &str) {
        self.write(&short(line));
    }

    fn write(&self, line: &str) {
        if self.on {
            let mut stderr = std::io::stderr().lock();
            // Nothing can be said about a stderr that is closed.
            let _ = write!(stderr, "\r\u{1b}[2K{line}").and_then(|()| stderr.flush());
        }
    }

    /// Leaves the line empty.
    pub(crate) fn end(&self) {
        self.write("");
    }
}

/// A line that wraps cannot be written over.
fn short(line: &str) -> String {
    line.chars().take(78).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_short_and_says_what_is_under_way() {
        let mut live = Live { on: false, planned: 0, finished: 0, broken: 0, under_way: Vec::new() };
        live.tell(&Progress::Planned(98));
        live.tell(&Progress::Started("REF-02"));
        assert_eq!(live.line(), "0 of 98 scenarios  REF-02");
        for nth in 0..40 {
            live.tell(&Progress::Started(&format!("REF-{nth}")));
        }
        assert_eq!(live.line().chars().count(), 78);
    }
}
