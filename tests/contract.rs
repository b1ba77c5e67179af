//! The contract check, run as its users run it. HPE's files are not ours to carry, so what the check
//! finds is shown on a file of our own; with `GREENROOM_OPENAPI_DIR` set, it runs on HPE's, too.

use std::{env, fs, path::Path, process::Command};

use serde_json::{Value, json};

use crate::harness::{Output, Scratch, repository, run, served::Served};

const VARIABLE: &str = "GREENROOM_OPENAPI_DIR";

/// `contract/check`, on this binary.
fn check(scratch: &Scratch) -> Command {
    let mut command = scratch.command(repository().join("contract/check"));
    // CARGO_TARGET_TMPDIR lies in the target directory, where the virtual environment is kept.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    command.env("CARGO_TARGET_DIR", target).args(["--greenroom", env!("CARGO_BIN_EXE_greenroom")]);
    command
}

#[test]
fn without_hpes_files_it_is_skipped_and_says_why() {
    let scratch = Scratch::new();
    for value in [None, Some("")] {
        let mut command = check(&scratch);
        command.envs(value.map(|value| (VARIABLE, value)));
        let output = run(command).ended_with(0);
        assert!(output.stderr.is_empty(), "{output}");
        let sentence = output.stdout.trim_end();
        assert_eq!(sentence.lines().count(), 1, "{output}");
        for part in ["skipped", "GREENROOM_OPENAPI_DIR is not set", "contract/README.md"] {
            assert!(sentence.contains(part), "{output}");
        }
    }
}

#[test]
fn greenroom_keeps_hpes_contract() {
    let scratch = Scratch::new();
    let mut command = check(&scratch);
    command.envs(env::var_os(VARIABLE).map(|files| (VARIABLE, files)));
    let output = run(command).ended_with(0);
    // What it skipped, or what it drove.
    println!("{}", output.stdout);
}

/// The one operation of our own file.
const ROUTE: &str = "glp.workspaces.get";
const PATH: &str = "/workspaces/v1/workspaces/{workspaceId}";

/// A contract of our own about one operation, which Greenroom keeps as it stands.
struct Contract {
    scratch: Scratch,
    document: Value,
    operations: Value,
    deviations: Value,
}

impl Contract {
    fn new() -> Self {
        let text = json!({"type": "string"});
        let json = |schema| json!({"description": "", "content": {"application/json": {"schema": schema}}});
        let error = json(json!({"type": "object", "required": ["httpStatusCode", "errorCode", "message"]}));
        let workspace = json(json!({
            "type": "object",
            "required": ["id", "workspaceName"],
            "properties": {"id": {"type": "string", "format": "uuid"}, "workspaceName": text},
        }));
        let scratch = Scratch::new();
        Self {
            document: json!({
                "openapi": "3.1.0",
                "info": {"title": "Our own", "version": "1"},
                "paths": {PATH: {"get": {
                    "parameters": [{"name": "workspaceId", "in": "path", "required": true, "schema": text}],
                    "responses": {"200": workspace, "401": error, "403": error, "422": error},
                }}},
            }),
            operations: json!({
                // The digest is of another edition, which is a note and no failure.
                "files": {"greenlake/own.json": "0"},
                "tokens": {"msp": {"as": "msp"}},
                "not covered": others(&scratch),
                "routes": {ROUTE: {
                    "file": "greenlake/own.json",
                    "as": "msp",
                    "examples": [{"path": {"workspaceId": "{msp.id}"}}],
                }},
            }),
            deviations: json!([]),
            scratch,
        }
    }

    fn responses(&mut self) -> &mut Value {
        &mut self.document["paths"][PATH]["get"]["responses"]
    }

    fn write(&self) {
        fs::create_dir_all(self.scratch.path("files/greenlake")).unwrap();
        self.scratch.write("files/greenlake/own.json", &self.document.to_string());
        // JSON is YAML.
        self.scratch.write("operations.yaml", &self.operations.to_string());
        self.scratch.write("deviations.yaml", &self.deviations.to_string());
    }

    fn run(&self) -> Output {
        let mut command = check(&self.scratch);
        command.arg("--tables").arg(self.scratch.path("")).env(VARIABLE, self.scratch.path("files"));
        run(command)
    }

    /// The check must end with `code` and say all of `parts`.
    #[track_caller]
    fn ends_with(&self, code: i32, parts: &[&str]) {
        self.write();
        let output = self.run().ended_with(code);
        let said = format!("{}{}", output.stdout, output.stderr);
        for part in parts {
            assert!(said.contains(part), "{part:?} is not said: {output}");
        }
    }
}

/// Every route but ours.
fn others(scratch: &Scratch) -> Value {
    let served = Served::start(scratch, &[]);
    let mut curl = scratch.command("curl");
    curl.args(["--silent", "--show-error", "--fail"]).arg(format!("{}/_greenroom/v1/fidelity", served.url()));
    let fidelity = run(curl).ended_with(0).json();
    let routes = fidelity["routes"].as_array().unwrap().iter().map(|route| route["route"].as_str().unwrap());
    routes.filter(|route| *route != ROUTE).map(|route| (route, "not ours")).collect()
}

#[test]
fn it_passes_what_is_as_documented() {
    Contract::new().ends_with(0, &["ok ", ROUTE, "another edition", "0 problems"]);
}

#[test]
fn it_fails_on_an_operation_that_only_answers_404() {
    let mut contract = Contract::new();
    // The file documents the 404, and somebody expects it.
    contract.document["paths"]["/devices/v1/devices/{id}"] = json!({"get": {
        "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
        "responses": {"default": {"description": ""}},
    }});
    contract.operations["not covered"].as_object_mut().unwrap().remove("glp.devices.get");
    contract.operations["routes"]["glp.devices.get"] = json!({
        "file": "greenlake/own.json",
        "as": "msp",
        "examples": [{"path": {"id": "00000000-0000-4000-8000-000000000000"}}],
    });
    contract.ends_with(1, &["FAIL glp.devices.get", "wants 2xx, and got 404", "was never answered with 2xx"]);
}

#[test]
fn it_fails_on_a_body_against_its_schema_and_on_an_undocumented_status() {
    let mut contract = Contract::new();
    let schema = &mut contract.responses()["200"]["content"]["application/json"]["schema"];
    schema["properties"]["workspaceName"]["type"] = "integer".into();
    contract.responses().as_object_mut().unwrap().remove("422");
    contract.ends_with(
        1,
        &[
            "glp.workspaces.get: schema, 200, at /workspaceName, rule type, got string",
            "glp.workspaces.get: status, 422",
            "the file has 200, 401, 403",
        ],
    );
}

#[test]
fn it_excuses_a_deviation_and_fails_on_one_that_is_not_seen() {
    let mut contract = Contract::new();
    contract.responses().as_object_mut().unwrap().remove("422");
    let excuse = |status: u16| {
        json!({
            "route": ROUTE, "kind": "status", "status": status,
            "basis": "live", "reason": "It was seen.", "source": "glp.md §5",
        })
    };
    contract.deviations = json!([excuse(422)]);
    contract.ends_with(0, &["1 known deviations", "0 problems"]);
    contract.deviations = json!([excuse(422), excuse(418)]);
    contract.ends_with(1, &["These deviations were not seen", "glp.workspaces.get status 418", "1 problems"]);
}

#[test]
fn it_fails_on_a_route_without_a_row() {
    let mut contract = Contract::new();
    contract.document["paths"]["/devices/v1/devices"] = json!({"get": {"responses": {}}});
    let others = contract.operations["not covered"].as_object_mut().unwrap();
    others.remove("glp.msp-tenants.list");
    others.insert("glp.gone".to_owned(), "not ours".into());
    contract.ends_with(
        1,
        &[
            "glp.msp-tenants.list (GET /workspaces/v1/msp-tenants) has no row",
            "glp.devices.list (GET /devices/v1/devices) is listed as not covered, and greenlake/own.json has it",
            "Greenroom serves no glp.gone",
            "operations.yaml",
        ],
    );
}

#[test]
fn it_says_what_is_missing() {
    let contract = Contract::new();
    contract.write();
    fs::remove_file(contract.scratch.path("files/greenlake/own.json")).unwrap();
    let output = contract.run().ended_with(2);
    for part in ["has no greenlake/own.json", "contract/README.md"] {
        assert!(output.stderr.contains(part), "{output}");
    }
    fs::remove_dir_all(contract.scratch.path("files")).unwrap();
    let output = contract.run().ended_with(2);
    assert!(output.stderr.contains("there is no such directory"), "{output}");
}
