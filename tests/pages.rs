//! The pages for people who plug a client in come true: what they have one write is written, what they have one run is
//! run, and the builds that they show are built.

use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};

use serde_json::Value;

use crate::harness::{
    Output, Scratch,
    page::{blocks, comes_true, with_path},
    run,
};

const ADAPTER: &str = "docs/adapter.md";
const CI: &str = "docs/ci.md";

#[test]
fn an_adapter_is_written_checked_and_run_and_its_client_mended() {
    comes_true(ADAPTER, 0);
}

#[test]
fn a_scenario_is_written_checked_and_finds_a_broken_client() {
    comes_true("docs/scenario.md", 0);
}

#[test]
fn a_verdict_reads_as_the_page_says() {
    comes_true("docs/verdict.md", 0);
}

/// A project whose build runs the kit, on a machine where what is to be installed is there already.
struct Project {
    scratch: Scratch,
    /// What the build runs, line by line.
    lines: Vec<String>,
}

impl Project {
    /// The adapter of the page, and the baseline that the page of the build has one make.
    fn with(lines: Vec<String>) -> Self {
        let scratch = Scratch::new();
        for block in blocks(ADAPTER) {
            if let Some(name) = block.file() {
                scratch.write(name, &block.text());
            }
        }
        std::fs::create_dir(scratch.path("installers")).unwrap();
        for installer in ["pip", "cargo", "apt-get"] {
            let file =
                scratch.write(&format!("installers/{installer}"), "#!/bin/sh\necho \"$0 $*\" >> installed\n");
            std::fs::set_permissions(file, Permissions::from_mode(0o755)).unwrap();
        }
        let project = Self { scratch, lines };
        let update =
            blocks(CI).iter().flat_map(|block| block.console()).map(|step| step.command).collect::<Vec<_>>();
        let [update] = &update[..] else {
            panic!("{CI}: one command makes the baseline, and not {update:?}")
        };
        project.line(update);
        let made = project.scratch.read("baseline.yaml");
        assert!(made.contains("reason: \"\""), "{made}");
        project.scratch.write("baseline.yaml", &made.replace("reason: \"\"", "reason: it does not renew"));
        project
    }

    /// Runs a line as the build's shell does.
    fn line(&self, line: &str) -> Output {
        let mut shell = self.scratch.command("bash");
        shell.args(["-e", "-c", line]).env("GITHUB_ACTIONS", "true");
        with_path(&mut shell, Some(&self.scratch.path("installers")));
        run(shell)
    }

    /// Runs the build: its output, up to the line that failed.
    fn build(&self) -> Output {
        self.line(&self.lines.join("\n"))
    }
}

/// The file of this name on the page of builds.
fn build_file(name: &str) -> Value {
    let blocks = blocks(CI);
    let block = blocks.iter().find(|block| block.file() == Some(name));
    serde_saphyr::from_str(&block.unwrap_or_else(|| panic!("{CI} has no {name}")).text()).unwrap()
}

/// The texts in a list of a build.
fn texts(list: &Value, text: impl Fn(&Value) -> Option<&str>) -> Vec<String> {
    list.as_array().unwrap().iter().filter_map(text).map(str::to_owned).collect()
}

/// Green with its baseline.
#[track_caller]
fn is_green(lines: Vec<String>, installed: &[&str]) -> Project {
    let project = Project::with(lines);
    let green = project.build().ended_with(0);
    assert!(green.stdout.contains("nothing is wrong"), "{green}");
    assert!(project.scratch.path("conformance.xml").is_file(), "{green}");
    let log = project.scratch.read("installed");
    for what in installed {
        assert!(log.contains(what), "{what}: {log}");
    }
    project
}

/// Red when the client gets worse, and red when it gets better and nobody says so.
#[track_caller]
fn keeps_watch(project: &Project) {
    let (client, adapter) = (project.scratch.read("client.py"), project.scratch.read("adapter.py"));
    let verify = project.lines.last().unwrap();
    project.scratch.write("client.py", &client.replace("data=form", "params=form"));
    // It cannot even sign in: of much nothing can be said.
    let worse = project.line(verify).ended_with(3);
    assert!(worse.stdout.contains("::error"), "the change is annotated: {worse}");
    project.scratch.write("client.py", &client);
    project.scratch.write("adapter.py", &adapter.replace("from client import", "from renewing import"));
    let better = project.line(verify).ended_with(4);
    assert!(better.stdout.contains("passes; remove the entry"), "{better}");
}

/// What each build runs last, but for its reports.
fn last_words(lines: &[String]) -> Vec<&str> {
    let words = lines.last().unwrap().split_whitespace();
    words.filter(|word| !["\\", "--report"].contains(word) && !word.contains("=conformance.")).collect()
}

#[test]
fn the_build_on_github_is_as_the_page_says() {
    keeps_watch(&is_green(on_github(), &["pip install requests", "cargo install --locked --git"]));
}

#[test]
fn the_build_on_gitlab_is_as_the_page_says() {
    let file = build_file(".gitlab-ci.yml");
    let lines = texts(&file["conformance"]["script"], Value::as_str);
    // Whoever runs the same keeps the same watch.
    assert_eq!(last_words(&lines), last_words(&on_github()));
    is_green(lines, &["apt-get install --yes python3-requests", "cargo install --locked --git"]);
}

fn on_github() -> Vec<String> {
    let file = build_file(".github/workflows/conformance.yaml");
    texts(&file["jobs"]["greenroom"]["steps"], |step| step["run"].as_str())
}
