//! The recipes of `docs/recipes.md` come true: their programs and commands run as they stand there, against the
//! real SDK, and end as the page says.

use std::{net::TcpListener, path::Path, process::Command};

use crate::harness::{Scratch, python, repository, run};

const PAGE: &str = "docs/recipes.md";

/// Stands in an outcome for any text of a line; alone, for any lines.
const ANY: &str = "…";

/// A fenced block of the page.
struct Block {
    /// `python` or `console`.
    language: String,
    /// The number of the line after its fence.
    line: usize,
    lines: Vec<String>,
}

/// A command with what it prints, a line each.
struct Step {
    line: usize,
    command: String,
    outcome: Vec<String>,
}

fn page() -> String {
    std::fs::read_to_string(repository().join(PAGE)).unwrap()
}

/// The blocks of the page, each with the number of its recipe; 0 is for those before the first.
fn blocks(page: &str) -> Vec<(usize, Block)> {
    let (mut recipe, mut blocks, mut open) = (0, Vec::new(), None::<Block>);
    for (nth, line) in page.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => {
                open = Some(Block { language: language.to_owned(), line: nth + 2, lines: Vec::new() });
            }
            (Some(_), Some(_)) => blocks.extend(open.take().map(|block| (recipe, block))),
            (Some(block), None) => block.lines.push(line.to_owned()),
            (None, None) => {
                if let Some((number, _)) = line.strip_prefix("## ").and_then(|title| title.split_once(". ")) {
                    recipe += 1;
                    assert_eq!(number, recipe.to_string(), "{PAGE}:{}: recipes are counted", nth + 1);
                }
            }
        }
    }
    assert!(open.is_none(), "{PAGE}: the last block has no end");
    blocks
}

impl Block {
    /// The name of a program, from its first line.
    fn name(&self) -> &str {
        let name = self.lines[0].strip_prefix("# ").filter(|name| name.ends_with(".py"));
        name.unwrap_or_else(|| panic!("{PAGE}:{}: a program begins with its name", self.line))
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
            let step = steps.last_mut().unwrap_or_else(|| panic!("{PAGE}:{line}: no command before it"));
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

/// Where the binary under test and the SDK are the first that a shell finds.
fn with_path(command: &mut Command) {
    let directories = [env!("CARGO_BIN_EXE_greenroom"), python::interpreter()]
        .map(|program| Path::new(program).parent().unwrap().to_owned());
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(directories.into_iter().chain(std::env::split_paths(&path))).unwrap();
    command.env("PATH", path);
}

/// A port of our own for `greenroom serve`, which others of this machine may run too.
fn on_a_free_port(command: &mut Command) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    command.env("GREENROOM_PORT", port.to_string()).env("GREENROOM_URL", format!("http://127.0.0.1:{port}"));
}

/// Between what two commands print.
const MARK: &str = "--- next command";

/// One shell for all steps, because a step sets variables for those after it. What an exit code other than 0
/// adds is the `[1]` of the page.
fn script(steps: &[Step]) -> String {
    let one = |step: &Step| {
        format!("{}\ncode=$?; [ $code = 0 ] || echo \"[$code]\"; echo '{MARK}'\n", step.command)
    };
    let steps: String = steps.iter().map(one).collect();
    format!("exec 2>&1\ntrap 'kill $(jobs -p) 2> /dev/null' EXIT\n{steps}")
}

/// Runs the recipe of this number.
#[track_caller]
fn comes_true(number: usize) {
    let blocks = blocks(&page());
    let scratch = Scratch::new();
    let of_recipe = || blocks.iter().filter(move |(recipe, _)| *recipe == number);
    for (_, program) in blocks.iter().filter(|(recipe, _)| [0, number].contains(recipe)) {
        if program.language == "python" {
            scratch.write(program.name(), &(program.lines.join("\n") + "\n"));
        }
    }
    let steps: Vec<Step> =
        of_recipe().filter(|(_, block)| block.language == "console").flat_map(|(_, it)| it.steps()).collect();
    assert!(!steps.is_empty(), "{PAGE}: recipe {number} has no commands");

    let mut shell = scratch.command("bash");
    shell.args(["-c", &script(&steps)]);
    with_path(&mut shell);
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
            "{PAGE}:{line}: this does not end as the page says:\n$ {command}\n--- the page\n{}\n--- seen\n{seen}\
             --- all\n{output}",
            outcome.join("\n"),
        );
    }
}

macro_rules! recipes {
    ($($name:ident: $number:literal,)*) => {
        const NUMBERS: &[usize] = &[$($number),*];
        $(
            #[test]
            fn $name() {
                comes_true($number);
            }
        )*
    };
}

recipes! {
    an_expired_subject_is_not_renewed: 1,
    a_total_that_grows_is_read_for_ever: 2,
    a_401_after_a_429_is_not_renewed: 3,
    ten_threads_renew_ten_times: 4,
    an_error_is_an_empty_list: 5,
    a_post_is_sent_again: 6,
    a_token_endpoint_is_waited_for_and_not_asked_again: 7,
    a_tenant_of_another_name_is_entered: 8,
    a_closed_connection_costs_a_call: 9,
    a_null_token_is_kept: 10,
}

#[test]
fn every_recipe_has_a_test_and_every_program_is_used() {
    let page = page();
    let blocks = blocks(&page);
    let mut numbers: Vec<_> = blocks.iter().map(|(recipe, _)| *recipe).collect();
    numbers.dedup();
    assert_eq!(numbers.strip_prefix(&[0]), Some(NUMBERS));
    for (recipe, program) in blocks.iter().filter(|(_, block)| block.language == "python") {
        let (module, _) = program.name().split_once('.').unwrap();
        let uses = [format!("python {module}.py"), format!("from {module} import")];
        let text = blocks.iter().filter(|(other, _)| *recipe == 0 || other == recipe);
        let used = text.flat_map(|(_, it)| &it.lines).any(|line| uses.iter().any(|it| line.contains(it)));
        assert!(used, "{PAGE}:{}: {module}.py is never run", program.line);
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
