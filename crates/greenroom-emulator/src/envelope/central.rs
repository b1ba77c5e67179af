//! Refusals of New Central (`central.md §4.3`, appendix A5 to A8).

use greenroom_model::{
    dialect::{CentralAuthError, EdgeErrors},
    refusal::{Refusal, TokenFault},
};
use http::StatusCode;
use serde_json::json;

use super::{Answer, Setting, Speaker};
use crate::{central::WLAN, route::Api};

pub(super) fn refusal(speaker: Speaker, refusal: &Refusal, at: Setting<'_>) -> Answer {
    let invalid = match speaker.api() {
        Some(Api::CentralMsp) => "HPE_GL_NETWORK_SERVICES_INVALID_INPUT",
        // By the samples of HPE's notifications.json.
        Some(Api::CentralNotifications) => "HPE_GL_NETWORK_NOTIFICATIONS_BAD_REQUEST",
        Some(Api::CentralConfig) => "HPE_GL_ERROR_BAD_REQUEST",
        _ => "HPE_GL_NETWORK_MONITORING_INVALID_INPUT",
    };
    const GENERIC: &str = "HPE_GL_NETWORKING_ERROR_BAD_REQUEST";
    let (status, code, message) = match refusal {
        Refusal::Token(TokenFault::UserShutOut) => {
            (StatusCode::FORBIDDEN, "HPE_GL_ERROR_FORBIDDEN", "Forbidden".to_owned())
        }
        Refusal::Token(_) => {
            let code = match at.dialect.central_auth_error {
                CentralAuthError::Live => "HPE_GL_NETWORKING_ERROR_UNAUTHORIZED",
                CentralAuthError::Documented => "HPE_GL_ERROR_UNAUTHORIZED",
            };
            (StatusCode::UNAUTHORIZED, code, "Invalid access token".to_owned())
        }
        Refusal::MergePatch if at.dialect.edge_errors == EdgeErrors::Html => {
            return Answer::html(StatusCode::FORBIDDEN);
        }
        Refusal::WrongWorkspace | Refusal::NotAnMsp | Refusal::Denied { .. } | Refusal::MergePatch => {
            (StatusCode::FORBIDDEN, "HPE_GL_ERROR_FORBIDDEN", "Forbidden".to_owned())
        }
        Refusal::Limited(_) => {
            (StatusCode::TOO_MANY_REQUESTS, "HPE_GL_ERROR_TOO_MANY_REQUESTS", "Too Many Requests".to_owned())
        }
        Refusal::NoRoute if at.dialect.edge_errors == EdgeErrors::Html => {
            return Answer::html(StatusCode::NOT_FOUND);
        }
        Refusal::NoRoute => (StatusCode::NOT_FOUND, "HPE_GL_ERROR_NOT_FOUND", "Route Not Found".to_owned()),
        Refusal::NotFound(_) if speaker.route() == WLAN => {
            (StatusCode::NOT_FOUND, "HPE_GL_NETWORK_MONITORING_WLAN_NOT_FOUND", "Not Found".to_owned())
        }
        Refusal::NotFound(_) | Refusal::NoOperation(_) => {
            (StatusCode::NOT_FOUND, "HPE_GL_ERROR_NOT_FOUND", "Not Found".to_owned())
        }
        Refusal::Method(_) => (StatusCode::METHOD_NOT_ALLOWED, GENERIC, "Method Not Allowed".to_owned()),
        Refusal::UnknownQuery(name) => (
            StatusCode::BAD_REQUEST,
            "HPE_GL_NETWORKING_ERROR_INVALID_QUERY_PARAMETER",
            format!("Unknown query parameter: {name}"),
        ),
        Refusal::Query { name, message } | Refusal::Path { name, message } => {
            (StatusCode::BAD_REQUEST, invalid, format!("{name}: {message}"))
        }
        Refusal::Filter(error) => (StatusCode::BAD_REQUEST, invalid, format!("filter: {error}")),
        Refusal::Body { member, message } if member.is_empty() => {
            (StatusCode::BAD_REQUEST, invalid, format!("body: {message}"))
        }
        Refusal::Body { member, message } => {
            (StatusCode::BAD_REQUEST, invalid, format!("{member}: {message}"))
        }
        Refusal::Conflict(conflict) => (StatusCode::BAD_REQUEST, invalid, conflict.to_string()),
        Refusal::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, GENERIC, "Payload Too Large".to_owned()),
        Refusal::BodyTooSlow => (StatusCode::REQUEST_TIMEOUT, GENERIC, "Request Timeout".to_owned()),
        Refusal::Malformed(message) => (StatusCode::BAD_REQUEST, GENERIC, message.clone()),
    };
    let debug_id = at.seed.uuid("debug", "central", at.ordinal).simple().to_string();
    // The key order is that of the live 401.
    let body = json!({
        "errorCode": code, "httpStatusCode": status.as_u16(), "message": message, "debugId": debug_id,
    });
    Answer::json(status, &body)
}
