//! The table of control: every route once, with what it takes and gives. A new command is a new row.

use std::sync::LazyLock;

use axum::{
    Json,
    http::{Method, header},
    response::{IntoResponse, Response},
};
use schemars::SchemaGenerator;
use serde_json::{Map, Value};

use super::{
    Desk,
    body::{OneOrMore, Settings},
    export, openapi, query,
    route::{Gives, Route, json, list, named, part, plain, query, read, route, tell, words},
};
use crate::command::{Command, Reply, SandboxOptions};

/// Every route of control, in the order of their paths.
pub(crate) static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(|| {
    const GET: Method = Method::GET;
    const POST: Method = Method::POST;
    const DELETE: Method = Method::DELETE;
    vec![
        tell(
            "about",
            "What this is: name, version, URL and the files of its certificate.",
            Gives::Json(SchemaGenerator::subschema_for::<Map<String, Value>>),
            about,
        ),
        tell("ca.pem", "The certificate of its authority.", Gives::Text("application/x-pem-file"), ca),
        route(GET, "clock", "Reads the clock.", plain(|| Command::Clock), Reply::Clock),
        route(
            POST,
            "clock",
            "Moves the clock forward (advance, set), or changes its speed.",
            json(r#"{"advance":"16m"}"#, Command::MoveClock),
            Reply::Clock,
        ),
        route(GET, "dialect", "Lists the dialects.", plain(|| Command::Dialect), Reply::Dialect),
        route(
            POST,
            "dialect",
            "Sets dialects, or all of a preset.",
            list(r#"{"exchange_expired":"rfc8693"}"#, |Settings(settings)| Command::SetDialect(settings)),
            Reply::Dialect,
        ),
        route(
            GET,
            "faults",
            "Lists the rules in force, with how often each matched and fired.",
            plain(|| Command::Faults),
            Reply::Faults,
        ),
        route(
            POST,
            "faults",
            "Adds a rule behind the others, or a list of rules: all of them or none.",
            list(r#"{"when":{"op":"api","nth":3},"do":[{"reply":{"status":429}}]}"#, |OneOrMore(rules)| {
                Command::AddFaults(rules)
            }),
            Reply::FaultsAdded,
        ),
        route(
            DELETE,
            "faults",
            "Removes all rules. Who waits at a gate goes on.",
            plain(|| Command::ClearFaults),
            Reply::Faults,
        ),
        route(
            DELETE,
            "faults/{id}",
            "Removes a rule. Who waits at its gate goes on.",
            named(Command::RemoveFault),
            Reply::Faults,
        ),
        route(
            GET,
            "fidelity",
            "Lists every route of the imitated services with the source of what it does.",
            plain(|| Command::Fidelity),
            Reply::Fidelity,
        ),
        route(
            GET,
            "history",
            "What happened: the exchanges that a selector means, and all other entries.",
            part(query::HISTORY, query::history),
            Reply::History,
        ),
        read(
            "history/export",
            "The entries as JSON lines, those of exchanges that a selector means and all others.",
            "application/jsonl",
            export::export,
        ),
        read(
            "history/follow",
            "The same entries as server-sent events, as they are written. Last-Event-ID goes on from there.",
            "text/event-stream",
            export::follow,
        ),
        tell(
            "openapi.json",
            "This list as an OpenAPI 3.1 description.",
            Gives::Json(SchemaGenerator::subschema_for::<Map<String, Value>>),
            |desk| Json(openapi::of(desk.rows())).into_response(),
        ),
        route(
            POST,
            "phase",
            "Begins a phase: histories, selectors and gates know it by this name.",
            json(r#"{"phase":"login"}"#, Command::BeginPhase),
            Reply::Phase,
        ),
        route(
            GET,
            "sandboxes",
            "Lists the sandboxes that are open beside the emulator.",
            plain(|| Command::Sandboxes),
            Reply::Sandboxes,
        ),
        route(
            POST,
            "sandboxes",
            "Opens a sandbox: a port with a world, a clock, rules and a history of its own.",
            json(
                r#"{"name":"login","start":"2030-01-01T00:00:00Z","dialect":["rfc"]}"#,
                |options: SandboxOptions| Command::OpenSandbox(Box::new(options)),
            ),
            Reply::Sandbox,
        ),
        route(
            DELETE,
            "sandboxes/{name}",
            "Ends a sandbox, and answers when its port is free.",
            named(Command::EndSandbox),
            Reply::Sandboxes,
        ),
        route(
            GET,
            "tokens",
            "Lists the tokens that the world remembers.",
            plain(|| Command::Tokens),
            Reply::Tokens,
        ),
        route(
            POST,
            "tokens",
            "Issues a token without its client asking.",
            json(r#"{"as":"msp","ttl":"5m"}"#, Command::IssueToken),
            Reply::Issued,
        ),
        route(GET, "world", "Shows the world.", plain(|| Command::World), Reply::World),
        route(
            GET,
            "world/export",
            "Writes the world as a file that loads again.",
            query(query::EXPORT, query::export_world),
            Reply::Exported,
        ),
        route(
            POST,
            "world/patch",
            "Lets tenants and devices come, change and go, all of it or nothing. The body may be YAML, too.",
            words(r#"{"devices":{"add":[{"workspace":"abc","network":5}]}}"#, openapi::patch, Command::patch),
            Reply::Patched,
        ),
        route(
            POST,
            "world/reset",
            "Makes the world what it was at the start.",
            plain(|| Command::ResetWorld),
            Reply::World,
        ),
        route(
            POST,
            "world/restore",
            "Makes the world what it was when it was last saved.",
            plain(|| Command::RestoreWorld),
            Reply::World,
        ),
        route(
            POST,
            "world/roles",
            "Gives a user another role. It acts on tokens that were issued before, too.",
            json(r#"{"user":"ops.user@example.com","role":"Observer"}"#, Command::AssignRole),
            Reply::User,
        ),
        route(
            POST,
            "world/save",
            "Remembers the world as it is, in memory and in the state file if there is one.",
            plain(|| Command::SaveWorld),
            Reply::World,
        ),
    ]
});

fn about(desk: &Desk) -> Response {
    Json(desk.about.clone()).into_response()
}

fn ca(desk: &Desk) -> Response {
    ([(header::CONTENT_TYPE, "application/x-pem-file")], desk.ca_pem.clone()).into_response()
}
