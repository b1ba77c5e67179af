//! Refusals of the credentials API, in the words that HPE documents for each of its operations
//! (`glp.md §4`): the envelope without details. Dialect `credentials_quirks: clean` leaves them to the
//! platform's common words, all but the statuses.

use greenroom_model::{
    dialect::{CredentialsQuirks, EighthCredential, GlpAuthError},
    refusal::{Conflict, Refusal},
};
use http::{Method, StatusCode};

use super::{Answer, Setting, envelope};
use crate::route::Route;

/// The answer, where this API has words of its own.
pub(super) fn refusal(route: &Route, refusal: &Refusal, at: Setting<'_>) -> Option<Answer> {
    let (status, body_status, code, message) = match at.dialect.credentials_quirks {
        CredentialsQuirks::AsDocumented => as_documented(operation(route), refusal, at)?,
        CredentialsQuirks::Clean => clean(refusal, at)?,
    };
    let debug_id = at.seed.uuid("debug", "", at.ordinal).to_string();
    let mut body = envelope(status, code, message, &debug_id);
    body["httpStatusCode"] = body_status.as_u16().into();
    Some(Answer::json(status, &body))
}

/// Status, status in the body, code, message.
type Words = (StatusCode, StatusCode, &'static str, &'static str);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    List,
    Create,
    Delete,
    Reset,
}

fn operation(route: &Route) -> Operation {
    match route.method {
        Method::DELETE => Operation::Delete,
        Method::POST if route.path.ends_with("/reset") => Operation::Reset,
        Method::POST => Operation::Create,
        _ => Operation::List,
    }
}

fn as_documented(operation: Operation, refusal: &Refusal, at: Setting<'_>) -> Option<Words> {
    const UNABLE_TO_CREATE: &str = "HPE_GL_WORKSPACES_UNABLE_CREATE_CREDENTIALS";
    const NOT_NOW: &str = "Unable to create credentials at this time";
    let same = |status, code, message| Some((status, status, code, message));
    let unauthorized = StatusCode::UNAUTHORIZED;
    match refusal {
        // The gateway's words are the gateway's (glp.md §8.3).
        Refusal::Token(_) if at.dialect.glp_auth_error == GlpAuthError::Service => {
            same(unauthorized, "HPE_GL_ERROR_FORBIDDEN", "Verification Failed")
        }
        Refusal::Denied { .. } => {
            let status = StatusCode::FORBIDDEN;
            match operation {
                Operation::List => same(status, "HPE_GL_ERROR_FORBIDDEN", "Not authorised"),
                // Two of them say 401 in the body (glp.md §10 row 28).
                Operation::Create => {
                    Some((status, unauthorized, "HPE_GL_ERROR_FORBIDDEN", "Verification Failed"))
                }
                Operation::Delete => same(
                    status,
                    "HPE_GL_WORKSPACES_UNABLE_DELETE_CREDENTIALS",
                    "Not authorized to delete credentials",
                ),
                Operation::Reset => Some((
                    status,
                    unauthorized,
                    "HPE_GL_WORKSPACES_UNABLE_RESET_CREDENTIALS",
                    "Not authorized to reset credentials",
                )),
            }
        }
        // A POST documents a 404 and names no path: what it can miss is the provision.
        Refusal::NotFound(_) | Refusal::Conflict(Conflict::NoSuchProvision) => match operation {
            Operation::Delete => same(
                StatusCode::NOT_FOUND,
                "HPE_GL_WORKSPACES_UNABLE_RETRIEVE_CREDENTIALS",
                "Unable to find the credential",
            ),
            _ => same(StatusCode::NOT_FOUND, "HPE_GL_ERROR_NOTFOUND", "Resource not found"),
        },
        Refusal::Conflict(Conflict::CredentialNameTaken) => {
            same(StatusCode::CONFLICT, UNABLE_TO_CREATE, "Credential name already created.")
        }
        // Only the limit is documented; code and message are those that this POST has (glp.md §11 U11).
        Refusal::Conflict(Conflict::EighthCredential) => same(eighth(at), UNABLE_TO_CREATE, NOT_NOW),
        Refusal::Conflict(Conflict::Full(_)) => {
            same(StatusCode::INTERNAL_SERVER_ERROR, UNABLE_TO_CREATE, NOT_NOW)
        }
        // The one 400 that there is, whatever is wrong.
        Refusal::Conflict(Conflict::NoSuchTenant)
        | Refusal::UnknownQuery(_)
        | Refusal::Query { .. }
        | Refusal::Filter(_)
        | Refusal::Path { .. }
        | Refusal::Body { .. } => {
            let message = if operation == Operation::List { "Verification Failed" } else { "Bad request" };
            same(StatusCode::BAD_REQUEST, "HPE_GL_WORKSPACES_TENANT_NONEXISTANT", message)
        }
        _ => None,
    }
}

/// The statuses that the platform's common words would get wrong, with common codes (`glp.md §8.2`).
fn clean(refusal: &Refusal, at: Setting<'_>) -> Option<Words> {
    let (status, code, message) = match refusal {
        Refusal::Conflict(Conflict::NoSuchTenant) => {
            (StatusCode::BAD_REQUEST, "HPE_GL_ERROR_BAD_REQUEST", "Bad Request")
        }
        Refusal::Conflict(Conflict::NoSuchProvision) => {
            (StatusCode::NOT_FOUND, "HPE_GL_ERROR_NOT_FOUND", "Not Found")
        }
        Refusal::Conflict(Conflict::Full(_)) => {
            (StatusCode::INTERNAL_SERVER_ERROR, "HPE_GL_ERROR_INTERNAL_SERVER_ERROR", "Internal Server Error")
        }
        Refusal::Conflict(Conflict::EighthCredential) => match eighth(at) {
            status @ StatusCode::CONFLICT => (status, "HPE_GL_ERROR_CONFLICT", "Conflict"),
            status @ StatusCode::UNPROCESSABLE_ENTITY => {
                (status, "HPE_GL_ERROR_UNPROCESSABLE_ENTITY", "Unprocessable Content")
            }
            status => (status, "HPE_GL_ERROR_BAD_REQUEST", "Bad Request"),
        },
        _ => return None,
    };
    Some((status, status, code, message))
}

fn eighth(at: Setting<'_>) -> StatusCode {
    match at.dialect.eighth_credential {
        EighthCredential::BadRequest => StatusCode::BAD_REQUEST,
        EighthCredential::Conflict => StatusCode::CONFLICT,
        EighthCredential::Unprocessable => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

#[cfg(test)]
mod tests {
    use greenroom_model::{dialect::Dialect, sample::DEFAULT_SEED};
    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::*;
    use crate::route::ROUTES;

    /// The documented 500 (`glp.md §4`, `§8.2`). A hundred thousand clients are too many to make over HTTP.
    #[test]
    fn a_full_world_cannot_make_credentials_at_this_time() {
        let route = ROUTES.iter().find(|route| route.name == "glp.credentials.create").unwrap();
        for (quirks, code, message) in [
            (
                "as_documented",
                "HPE_GL_WORKSPACES_UNABLE_CREATE_CREDENTIALS",
                "Unable to create credentials at this time",
            ),
            ("clean", "HPE_GL_ERROR_INTERNAL_SERVER_ERROR", "Internal Server Error"),
        ] {
            let mut dialect = Dialect::default();
            dialect.set("credentials_quirks", quirks).unwrap();
            let now = Timestamp::UNIX_EPOCH;
            let at = Setting { dialect: &dialect, seed: DEFAULT_SEED, ordinal: 1, now, allowance: None };
            let answer = refusal(route, &Conflict::Full("API clients").into(), at).unwrap();
            assert_eq!(answer.status, 500, "{quirks}");
            let body: Value = serde_json::from_slice(&answer.body).unwrap();
            assert_eq!([&body["errorCode"], &body["message"]], [&json!(code), &json!(message)], "{quirks}");
        }
    }
}
