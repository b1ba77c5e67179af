//! Why control says no: problem documents (RFC 9457) that name the field.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use greenroom_model::refusal::Refusal;
use serde_json::json;

use crate::command::CommandError;

/// A problem document.
pub(crate) fn problem(status: StatusCode, field: Option<&str>, detail: &str) -> Response {
    let mut body = json!({"title": status.canonical_reason(), "status": status.as_u16(), "detail": detail});
    if let Some(field) = field {
        body["field"] = field.into();
    }
    let json = [(header::CONTENT_TYPE, "application/problem+json")];
    (status, json, body.to_string()).into_response()
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
