//! Why control says no: problem documents (RFC 9457) that name the field.

use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use greenroom_model::refusal::Refusal;
use schemars::JsonSchema;
use serde::Serialize;

use crate::command::CommandError;

/// A problem document (RFC 9457).
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Problem<'a> {
    /// What its status means.
    title: Option<&'a str>,
    /// The status.
    status: u16,
    /// What is wrong and how to mend it.
    detail: &'a str,
    /// What is wrong, as a JSON path in the body (`do[1].reply.status`) or the name of a parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
}

/// An answer that is a problem document.
pub(crate) fn problem(status: StatusCode, field: Option<&str>, detail: &str) -> Response {
    let problem = Problem { title: status.canonical_reason(), status: status.as_u16(), detail, field };
    let json = [(header::CONTENT_TYPE, "application/problem+json")];
    (status, json, Json(problem)).into_response()
}

/// The answer to a request whose body could not be had.
pub(crate) fn unread(refusal: &Refusal) -> Response {
    let status = match refusal {
        Refusal::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
        _ => StatusCode::BAD_REQUEST,
    };
    problem(status, None, &refusal.to_string())
}

impl IntoResponse for CommandError {
    fn into_response(self) -> Response {
        problem(StatusCode::UNPROCESSABLE_ENTITY, self.field.as_deref(), &self.message)
    }
}
