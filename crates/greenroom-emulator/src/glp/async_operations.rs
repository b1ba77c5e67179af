//! Asynchronous operations (`glp.md §6.6`): how a service accepts one, and where it is asked about.

use greenroom_model::{
    async_operation::{Accepted, Operation, Outcome, Progress, SECONDS, TIMEOUT_MINUTES, Task},
    dialect::AsyncTimeoutName,
    id::parse_uuid,
    refusal::Refusal,
    role::{Permission, Resource},
    time::Iso,
    world::{Session, World},
};
use http::Method;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::route::{Api, Ask, Confidence, Reply, Route};

const OF_DEVICES: &str = "/devices/v1/async-operations/{id}";

/// Its routes: each service is asked about its own.
pub(super) fn routes() -> Vec<Route> {
    vec![
        // To ask is to look, but by some paces it ends an operation.
        super::change(
            ("glp.devices.operation", Method::GET, OF_DEVICES),
            (Api::Devices, Resource::DeviceManagement, Permission::View),
            &[],
            ("glp.md §6.6", Confidence::Live),
            of_devices,
        )
        .without("the states INITIALIZED and PAUSED; `logMessages` (always empty)"),
    ]
}

/// 202: two kinds of clients look for the id of an operation in two places (`glp.md §6.6`).
pub(super) fn accept(
    world: &mut World,
    session: &Session,
    task: Task,
    at: &'static str,
    now: Timestamp,
) -> Result<Reply, Refusal> {
    let id = world.accept(session, task, now)?;
    let body = json!({"code": 202, "status": "202 ACCEPTED", "transactionId": id});
    Ok(Reply::accepted(at.replace("{id}", &id.to_string()), body))
}

/// 202 of the device service. Its second beta has no place of its own to ask at (`glp.md §6.1`).
pub(super) fn accept_devices(
    world: &mut World,
    session: &Session,
    task: Task,
    now: Timestamp,
) -> Result<Reply, Refusal> {
    accept(world, session, task, OF_DEVICES, now)
}

fn of_devices(world: &mut World, session: &Session, ask: &Ask, now: Timestamp) -> Result<Reply, Refusal> {
    show(world, session, Accepted::Devices, ask, now)
}

/// How an operation stands that a service accepted.
pub(super) fn show(
    world: &mut World,
    session: &Session,
    accepted: Accepted,
    ask: &Ask,
    now: Timestamp,
) -> Result<Reply, Refusal> {
    let timeout = world.dialect.async_timeout_name;
    let Some(id) = parse_uuid(ask.segment("id")) else {
        // Each in the words of its own sample.
        let (name, message) = match accepted {
            Accepted::Subscriptions => ("Id", "Id is not a valid UUID."),
            Accepted::Devices | Accepted::ServiceCatalog => ("id", "Async ID is not a valid UUID."),
        };
        return Err(Refusal::Path { name, message: message.to_owned() });
    };
    let operation = world.poll(session, accepted, id, now).ok_or(Refusal::NoOperation(id))?;
    Ok(Reply::ok(Body::of(operation, timeout)))
}

/// An operation as JSON. What it has only at its end is not there before.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    id: Uuid,
    r#type: &'static str,
    source_resource_uri: &'static str,
    status: &'static str,
    progress_percent: u8,
    started_at: Iso,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Iso>,
    suggested_polling_interval_seconds: i64,
    timeout_minutes: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result_type: Option<&'a str>,
    log_messages: [(); 0],
}

impl<'a> Body<'a> {
    fn of(operation: &'a Operation, timeout: AsyncTimeoutName) -> Self {
        let (ended_at, outcome): (_, Option<&Outcome>) = match &operation.progress {
            Progress::Running(_) => (None, None),
            Progress::Ended { at, outcome } => (Some(Iso(*at)), outcome.as_ref()),
        };
        Self {
            id: operation.id,
            r#type: "/async-resource",
            source_resource_uri: "AsyncOperationResource",
            status: operation.status(timeout),
            progress_percent: outcome.map_or(0, |outcome| outcome.progress),
            started_at: Iso(operation.started_at),
            ended_at,
            suggested_polling_interval_seconds: SECONDS,
            timeout_minutes: TIMEOUT_MINUTES,
            result: outcome.map(|outcome| &outcome.result),
            result_type: outcome.map(|outcome| outcome.result_type.as_str()),
            log_messages: [],
        }
    }
}
