//! What is said about what is served is what is served: the generated pages, the README, the command line.

use greenroom_emulator::command::{Command, FidelityTable, Reply};

use crate::{
    client::Client,
    harness::{Scratch, repository, run, served::Served},
};

fn read(path: &str) -> String {
    std::fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn the_generated_pages_are_those_of_this_version() {
    let scratch = Scratch::new();
    for (verb, page) in [("dialect", "docs/dialects.md"), ("fidelity", "docs/fidelity.md")] {
        let mut command = scratch.greenroom();
        command.args([verb, "--markdown"]);
        let written = run(command).ended_with(0).stdout;
        assert!(
            written == read(page),
            "{page} lags: run `cargo run -p greenroom -- {verb} --markdown > {page}`"
        );
    }
}

#[test]
fn the_summary_of_the_readme_is_that_of_the_page() {
    let page = read("docs/fidelity.md");
    let (_, rest) = page.split_once("## Summary\n\n").expect("a summary");
    let (summary, _) = rest.split_once("\n## ").expect("a service");
    assert!(
        read("README.md").contains(summary),
        "the README's table of what is served lags: this is it\n\n{summary}"
    );
}

#[tokio::test]
async fn control_and_command_line_show_the_table_of_this_version() {
    let own = FidelityTable::of_this_version();
    let client = Client::start().await;
    let Ok(Reply::Fidelity(told)) = client.emulator().run(Command::Fidelity) else { panic!("a table") };
    assert_eq!(told, own);
    let scratch = Scratch::new();
    let say = |args: &[&str]| {
        let mut command = scratch.greenroom();
        command.arg("fidelity").args(args);
        run(command).ended_with(0)
    };
    let json: FidelityTable = serde_json::from_value(say(&["--json"]).json()).unwrap();
    assert_eq!(json, own);
    let text = say(&[]).stdout;
    for row in &own.routes {
        let wanted = [&row.route, &row.path, &row.source, &row.confidence, &row.not_served, &row.service];
        assert!(wanted.iter().all(|word| text.contains(word.as_str())), "{row:?}");
        assert!(row.needs.iter().chain(&row.limits).all(|word| text.contains(word)), "{row:?}");
    }
    for row in &own.unserved {
        assert!(text.contains(&row.path) && text.contains(&row.operation), "{row:?}");
    }
}

#[test]
fn a_running_emulator_is_asked_when_one_is_named() {
    let scratch = Scratch::new();
    let served = Served::start(&scratch, &[]);
    let asked = served.control(&scratch, &["fidelity", "--json"]).ended_with(0).json();
    assert_eq!(serde_json::from_value::<FidelityTable>(asked).unwrap(), FidelityTable::of_this_version());
    let mut command = scratch.greenroom();
    command.args(["fidelity", "--url", "http://127.0.0.1:1"]);
    assert!(run(command).ended_with(2).stderr.contains("no emulator answers"));
}

#[test]
fn every_route_that_signs_in_says_what_it_needs() {
    for row in FidelityTable::of_this_version().routes {
        let issues = row.service == "Token endpoints" || row.path.starts_with("/oauth2/");
        assert_eq!(row.needs.is_none(), issues, "{row:?}");
        if let Some((permission, resource)) = row.needs.as_deref().and_then(|needs| needs.split_once(" on "))
        {
            let expected = match row.method.as_str() {
                "GET" => "view",
                // "You must have edit permission", says HPE's page of it.
                _ if row.route == "glp.subscriptions.unclaim" => "edit",
                "DELETE" => "delete",
                _ => "edit",
            };
            assert_eq!(permission, expected, "{row:?}");
            assert!(!resource.is_empty());
        }
    }
}
