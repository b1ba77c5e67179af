//! Pages of `docs/` that are done by doing exactly what they say: their files are written, their commands run, and what
//! those print is compared with the page.

use std::{net::TcpListener, path::Path, process::Command};

use super::{Scratch, python, repository, run};

/// Stands in an outcome for any text of a line; alone, for any lines.
const ANY: &str = "…";

/// Between what two commands print.
const MARK: &str = "--- next command";

/// A fenced block of a page.
pub(crate) struct Block {
    page: &'static str,
    /// The number of its chapter; 0 is for what stands before the first, or where chapters have no numbers.
    pub(crate) chapter: usize,
    pub(crate) language: String,
    /// The number of the line after its fence.
    pub(crate) line: usize,
    pub(crate) lines: Vec<String>,
}

/// A command with what it prints, a line each.
pub(crate) struct Step {
    line: usize,
    pub(crate) command: String,
    outcome: Vec<String>,
}

/// The blocks of a page. `## 1. title` begins a chapter.
pub(crate) fn blocks(page: &'static str) -> Vec<Block> {
    let text = std::fs::read_to_string(repository().join(page)).unwrap();
    let (mut chapter, mut blocks, mut open) = (0, Vec::new(), None::<Block>);
    for (nth, line) in text.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => {
                let (language, line) = (language.to_owned(), nth + 2);
                open = Some(Block { page, chapter, language, line, lines: Vec::new() });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => block.lines.push(line.to_owned()),
            (None, None) => {
                if let Some((number, _)) = line.strip_prefix("## ").and_then(|title| title.split_once(". ")) {
                    chapter += 1;
                    assert_eq!(number, chapter.to_string(), "{page}:{}: chapters are counted", nth + 1);
                }
            }
        }
    }
    assert!(open.is_none(), "{page}: the last block has no end");
    blocks
}

impl Block {
    /// The name of the file that it is, if its first line says so: `# script.py`.
    pub(crate) fn file(&self) -> Option<&str> {
        let name = self.lines.first()?.strip_prefix("# ")?;
        let is_name = name.contains('.') && !name.contains(' ');
        (self.language != "console" && is_name).then_some(name)
    }

    /// Its lines.
    pub(crate) fn text(&self) -> String {
        self.lines.join("\n") + "\n"
    }

    /// The commands, if it has any.
    pub(crate) fn console(&self) -> Vec<Step> {
        if self.language == "console" { self.steps() } else { Vec::new() }
    }

    /// The commands. One goes on where its line ends with a backslash, or within quotes.
    fn steps(&self) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::new();
        for (nth, text) in self.lines.iter().enumerate() {
            let line = self.line + nth;
            if let Some(command) = text.strip_prefix("$ ") {
                steps.push(Step { line, command: command.to_owned(), outcome: Vec::new() });
                continue;
            }
            let step =
                steps.last_mut().unwrap_or_else(|| panic!("{}:{line}: no command before it", self.page));
            let goes_on = step.command.ends_with('\\') || step.command.matches('\'').count() % 2 == 1;
            if step.outcome.is_empty() && goes_on {
                step.command.extend(["\n", text]);
            } else {
                step.outcome.push(text.clone());
            }
        }
        steps
    }
}

/// Whether lines are as expected.
fn fit(expected: &[String], seen: &[&str]) -> bool {
    match (expected, seen) {
        ([], seen) => seen.is_empty(),
        ([any, rest @ ..], _) if any == ANY => (0..=seen.len()).any(|skipped| fit(rest, &seen[skipped..])),
        ([first, rest @ ..], [line, seen @ ..]) => fits(first, line) && fit(rest, seen),
        (_, []) => false,
    }
}

/// Whether a line is as expected.
fn fits(expected: &str, seen: &str) -> bool {
    let Some((start, rest)) = expected.split_once(ANY) else { return expected == seen };
    let Some(seen) = seen.strip_prefix(start) else { return false };
    let ends = seen.char_indices().map(|(ix, _)| ix).chain([seen.len()]);
    ends.into_iter().any(|ix| fits(rest, &seen[ix..]))
}

/// Where the binary under test and the SDK are the first that a shell finds, but for what is in `before`.
pub(crate) fn with_path(command: &mut Command, before: Option<&Path>) {
    let directories = [env!("CARGO_BIN_EXE_greenroom"), python::interpreter()]
        .map(|program| Path::new(program).parent().unwrap().to_owned());
    let path = std::env::var_os("PATH").unwrap_or_default();
    let before = before.map(Path::to_owned).into_iter();
    let path = before.chain(directories).chain(std::env::split_paths(&path));
    let path = std::env::join_paths(path).unwrap();
    command.env("PATH", path);
}

/// A port of our own for `greenroom serve`, which others of this machine may run too.
fn on_a_free_port(command: &mut Command) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    command.env("GREENROOM_PORT", port.to_string()).env("GREENROOM_URL", format!("http://127.0.0.1:{port}"));
}

/// One shell for all steps, because a step sets variables for those after it. What an exit code other than 0
/// adds is the `[1]` of the page.
fn script(steps: &[Step]) -> String {
    let one = |step: &Step| {
        format!("{}\ncode=$?; [ $code = 0 ] || echo \"[$code]\"; echo '{MARK}'\n", step.command)
    };
    let steps: String = steps.iter().map(one).collect();
    format!("exec 2>&1\ntrap 'kill $(jobs -p) 2> /dev/null' EXIT\n{steps}")
}

/// Does what a chapter of a page says: writes its files and those before the first chapter, runs its commands, and
/// compares what they print.
#[track_caller]
pub(crate) fn comes_true(page: &'static str, chapter: usize) {
    let blocks = blocks(page);
    let scratch = Scratch::new();
    for block in blocks.iter().filter(|block| [0, chapter].contains(&block.chapter)) {
        if let Some(name) = block.file() {
            scratch.write(name, &block.text());
        }
    }
    let of_chapter = blocks.iter().filter(|block| block.chapter == chapter);
    let steps: Vec<Step> = of_chapter.flat_map(Block::console).collect();
    assert!(!steps.is_empty(), "{page}: chapter {chapter} has no commands");

    let mut shell = scratch.command("bash");
    shell.args(["-c", &script(&steps)]);
    with_path(&mut shell, None);
    if steps.iter().any(|step| step.command.starts_with("greenroom serve")) {
        on_a_free_port(&mut shell);
    }
    let output = run(shell);
    let mark = format!("{MARK}\n");
    let mut printed = output.stdout.split(&mark);
    for Step { line, command, outcome } in &steps {
        let seen = printed.next().unwrap_or_default();
        assert!(
            fit(outcome, &seen.lines().collect::<Vec<_>>()),
            "{page}:{line}: this does not end as the page says:\n$ {command}\n--- the page\n{}\n--- seen\n{seen}\
             --- all\n{output}",
            outcome.join("\n"),
        );
    }
}

#[test]
fn an_outcome_is_compared_line_by_line() {
    let fit = |expected: &[&str], seen: &[&str]| {
        fit(&expected.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>(), seen)
    };
    assert!(fit(&[], &[]) && fit(&["a", "b"], &["a", "b"]) && fit(&["…"], &[]) && fit(&["a…c…"], &["abcc"]));
    assert!(fit(&["a", "…", "z"], &["a", "m", "n", "z"]) && fit(&["… b"], &["  a b"]));
    assert!(!fit(&["a"], &[]) && !fit(&[], &["a"]) && !fit(&["a…"], &["b"]) && !fit(&["a…c"], &["ab"]));
    assert!(!fit(&["…", "z"], &["a"]) && !fit(&["a"], &["a", "b"]));
}
