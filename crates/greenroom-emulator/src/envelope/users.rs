//! Refusals of the users API: the envelope without details (`glp.md §7.2`). Its operations document 400, 412 and
//! 422 without their causes: what cannot be read is a 400, what can be and makes no sense a 422, as an id is
//! (`glp.md §8.2`).

use greenroom_model::{
    dialect::UnknownUser,
    refusal::{Conflict, Refusal},
};
use http::StatusCode;

use super::{Answer, Setting, envelope};

/// The answer, where this API has words of its own.
pub(super) fn refusal(refusal: &Refusal, at: Setting<'_>) -> Option<Answer> {
    let bad = StatusCode::BAD_REQUEST;
    let (status, message) = match refusal {
        Refusal::UnknownQuery(_) => (bad, "Unknown query parameter.".to_owned()),
        Refusal::Query { message, .. } => (bad, message.clone()),
        Refusal::Filter(error) => (bad, error.to_string()),
        Refusal::Body { member, message } if member.is_empty() => (bad, format!("The body {message}")),
        Refusal::Path { message, .. } | Refusal::Body { message, .. } => {
            (StatusCode::UNPROCESSABLE_ENTITY, message.clone())
        }
        Refusal::Conflict(Conflict::UserThere) => {
            (StatusCode::CONFLICT, "User already exists in the workspace".to_owned())
        }
        Refusal::Conflict(Conflict::NoSuchUser) => {
            let status = match at.dialect.unknown_user {
                UnknownUser::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
                UnknownUser::BadRequest => bad,
                UnknownUser::NotFound => StatusCode::NOT_FOUND,
                UnknownUser::Unprocessable => StatusCode::UNPROCESSABLE_ENTITY,
            };
            (status, "User not found".to_owned())
        }
        Refusal::Conflict(Conflict::ExportRules(_)) => {
            (StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS, "Unavailable For Legal Reasons".to_owned())
        }
        Refusal::Conflict(other) => (StatusCode::CONFLICT, other.to_string()),
        _ => return None,
    };
    let debug_id = at.seed.uuid("debug", "", at.ordinal).to_string();
    Some(Answer::json(status, &envelope(status, code(status), &message, &debug_id)))
}

/// The common codes of `glp.md §8.2`. That of the 451 is formed like them.
fn code(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST => "HPE_GL_ERROR_BAD_REQUEST",
        StatusCode::NOT_FOUND => "HPE_GL_ERROR_NOT_FOUND",
        StatusCode::PRECONDITION_FAILED => "HPE_GL_ERROR_PRECONDITION_FAILED",
        StatusCode::CONFLICT => "HPE_GL_ERROR_CONFLICT",
        StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS => "HPE_GL_ERROR_UNAVAILABLE_FOR_LEGAL_REASONS",
        _ => "HPE_GL_ERROR_UNPROCESSABLE_ENTITY",
    }
}
