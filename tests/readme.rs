//! The README keeps its word: every test and program that it names is there.

use crate::harness::{Scratch, python, repository, run};

#[test]
fn the_readme_names_tests_and_programs_that_exist() {
    let read = |path: &str| std::fs::read_to_string(repository().join(path)).unwrap();
    let sources = ["tests/pycentral.rs", "tests/oauth.rs", "tests/pycentral_classic.rs"].map(read).concat();
    let readme = read("README.md");
    let rows: Vec<_> = readme.lines().filter(|line| line.starts_with("| seed ")).collect();
    assert_eq!(rows.len(), 20);
    for row in rows {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        for program in cells[2].split(", ") {
            let program = program.trim_matches('`');
            assert!(repository().join("tests/python").join(program).is_file(), "{program}");
        }
        for test in cells[3].split(", ") {
            let test = test.trim_matches('`');
            assert!(sources.contains(&format!("fn {test}()")), "{test}");
        }
    }
}

#[test]
fn the_readmes_first_program_runs_as_it_stands() {
    let readme = std::fs::read_to_string(repository().join("README.md")).unwrap();
    let (_, rest) = readme.split_once("<<'EOF'\n").expect("a program");
    let (program, _) = rest.split_once("\nEOF\n").expect("its end");
    let scratch = Scratch::new();
    let path = scratch.write("script.py", program).display().to_string();
    let output = run(scratch.exec(&[], &[python::interpreter(), &path])).ended_with(0);
    assert_eq!(output.stdout.trim_end().split_once(' ').unwrap().0, "200", "{output}");
    assert_eq!(output.stdout.matches("'CN").count(), 5, "{output}");
    assert_eq!(scratch.summary().exchanged(), ["abc#1"]);
}
