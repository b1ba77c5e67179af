//! Refusals of the audit log, in the words of the error samples of its second beta (`glp.md §7.1`). Version 1
//! documents statuses only, and has them too.

use greenroom_model::{
    dialect::GlpAuthError,
    refusal::{Refusal, TokenFault},
};
use http::StatusCode;
use serde_json::{Value, json};

use super::{Answer, Setting, envelope};

const SERVICE: &str = "hpe.greenlake.audit-log";

/// The answer, where this API has words of its own.
pub(super) fn refusal(refusal: &Refusal, at: Setting<'_>) -> Option<Answer> {
    let (status, code, message, details) = match refusal {
        // The gateway's words are the gateway's (glp.md §8.3).
        Refusal::Token(fault)
            if *fault == TokenFault::Missing || at.dialect.glp_auth_error == GlpAuthError::Service =>
        {
            let state = if *fault == TokenFault::Expired { "expired" } else { "invalid" };
            (StatusCode::UNAUTHORIZED, "HPE_GL_ERROR_UNAUTHORIZED", "UNAUTHORIZED", access_token(state))
        }
        Refusal::WrongWorkspace | Refusal::NotAnMsp | Refusal::Denied { .. } => {
            (StatusCode::FORBIDDEN, "HPE_GL_ERROR_FORBIDDEN", "FORBIDDEN", access_token("invalid"))
        }
        Refusal::NotFound(_) => (
            StatusCode::NOT_FOUND,
            "HPE_GL_ERROR_NOT_FOUND",
            "Audit details not found.",
            json!([{"type": "hpe.greenlake.not_found", "source": SERVICE, "metadata": {"id": "not found"}}]),
        ),
        Refusal::Limited(_) => (
            StatusCode::TOO_MANY_REQUESTS,
            "hpe.greenlake.too_many_requests",
            "Too many requests. Please try again later.",
            Value::Null,
        ),
        Refusal::UnknownQuery(name) => bad_request("query.parameter", name, "Unknown query parameter."),
        // One of its samples has another source than the others.
        Refusal::Query { name: "select", message } => bad_request(SERVICE, "select", message),
        Refusal::Query { name, message } => bad_request("query.parameter", name, message),
        // Its samples have no place in them; the history has.
        Refusal::Filter(error) => bad_request("query.parameter", "filter", &error.message),
        _ => return None,
    };
    let debug_id = at.seed.uuid("debug", "", at.ordinal).to_string();
    let mut body = envelope(status, code, message, &debug_id);
    if !details.is_null() {
        body["errorDetails"] = details;
    }
    Some(Answer::json(status, &body))
}

type Words = (StatusCode, &'static str, &'static str, Value);

fn bad_request(source: &str, subject: &str, text: &str) -> Words {
    let issue = json!({"source": source, "subject": subject, "description": text});
    let details = json!([{"type": "hpe.greenlake.bad_request", "issues": [issue]}]);
    (StatusCode::BAD_REQUEST, "HPE_GL_ERROR_BAD_REQUEST", "Bad request error", details)
}

fn access_token(state: &str) -> Value {
    json!([{"type": "hpe.greenlake.metadata", "source": SERVICE, "metadata": {"access_token": state}}])
}
