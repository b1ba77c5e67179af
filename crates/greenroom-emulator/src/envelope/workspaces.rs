//! Refusals of workspace management: the envelope without details (`glp.md §5`). No operation on a
//! workspace documents a 400 for bad values, so they are a 422 everywhere (`glp.md §9`).

use greenroom_model::{
    dialect::TenantNameTaken,
    refusal::{Conflict, Refusal},
};
use http::StatusCode;

use super::{Answer, Setting, envelope};

/// The answer, where this API has words of its own.
pub(super) fn refusal(refusal: &Refusal, at: Setting<'_>) -> Option<Answer> {
    let (status, message) = match refusal {
        Refusal::UnknownQuery(_) => (StatusCode::UNPROCESSABLE_ENTITY, "Unknown query parameter.".to_owned()),
        Refusal::Query { message, .. } | Refusal::Path { message, .. } => {
            (StatusCode::UNPROCESSABLE_ENTITY, message.clone())
        }
        Refusal::Filter(error) => (StatusCode::UNPROCESSABLE_ENTITY, error.to_string()),
        Refusal::Body { member, message } if member.is_empty() => {
            (StatusCode::UNPROCESSABLE_ENTITY, format!("The body {message}"))
        }
        Refusal::Body { message, .. } => (StatusCode::UNPROCESSABLE_ENTITY, message.clone()),
        Refusal::Conflict(conflict) => words(conflict, at.dialect.tenant_name_taken),
        _ => return None,
    };
    let debug_id = at.seed.uuid("debug", "", at.ordinal).to_string();
    Some(Answer::json(status, &envelope(status, code(status), &message, &debug_id)))
}

/// The 412 of a taken name was seen live (`central.md §2`), and Aruba's own onboarding client knows it by
/// this message. What causes the others is not documented.
fn words(conflict: &Conflict, name_taken: TenantNameTaken) -> (StatusCode, String) {
    match conflict {
        Conflict::TenantNameTaken => {
            let status = match name_taken {
                TenantNameTaken::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
                TenantNameTaken::Conflict => StatusCode::CONFLICT,
            };
            (status, "Workspace name already exists".to_owned())
        }
        Conflict::TenantHasDevices => {
            (StatusCode::PRECONDITION_FAILED, "The tenant still has devices".to_owned())
        }
        Conflict::ExportRules(_) => {
            (StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS, "Unavailable For Legal Reasons".to_owned())
        }
        other => (StatusCode::CONFLICT, other.to_string()),
    }
}

/// The common codes of `glp.md §8.2`. That of the 451 is formed like them.
fn code(status: StatusCode) -> &'static str {
    match status {
        StatusCode::PRECONDITION_FAILED => "HPE_GL_ERROR_PRECONDITION_FAILED",
        StatusCode::CONFLICT => "HPE_GL_ERROR_CONFLICT",
        StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS => "HPE_GL_ERROR_UNAVAILABLE_FOR_LEGAL_REASONS",
        _ => "HPE_GL_ERROR_UNPROCESSABLE_ENTITY",
    }
}
