//! Refusals of HPE GreenLake Platform: the envelope of `glp.md §8`, in the words of each service.

use base64::{Engine as _, engine::general_purpose::URL_SAFE};
use greenroom_model::{
    dialect::{EdgeErrors, GlpAuthError},
    refusal::{Conflict, Refusal, TokenFault},
};
use http::StatusCode;
use serde_json::{Value, json};

use super::{Answer, Setting, Speaker, audit_log, credentials, envelope, users, workspaces};
use crate::{glp::UNCLAIM, route::Api, signer::Jws};

/// `glp.md §8`.
pub(super) fn refusal(speaker: Speaker, refusal: &Refusal, bearer: Jws, at: Setting<'_>) -> Answer {
    if let Refusal::Token(TokenFault::UserShutOut) = refusal {
        let debug_id = at.seed.uuid("debug", "", at.ordinal).to_string();
        let status = StatusCode::FORBIDDEN;
        // Only the code is known (glp.md §8.3).
        return Answer::json(status, &envelope(status, "HPE_AUTHZ_BLOCKED_USER", "Forbidden", &debug_id));
    }
    let own = match speaker {
        Speaker::Service(Api::Credentials, route) => credentials::refusal(route, refusal, at),
        Speaker::Service(Api::Workspaces, _) => workspaces::refusal(refusal, at),
        Speaker::Service(Api::Users, _) => users::refusal(refusal, at),
        Speaker::Service(Api::AuditLog, _) => audit_log::refusal(refusal, at),
        _ => None,
    };
    if let Some(answer) = own {
        return answer;
    }
    let envelope = |status: StatusCode, code: &str, message: &str| {
        let debug_id = at.seed.uuid("debug", "", at.ordinal).to_string();
        envelope(status, code, message, &debug_id)
    };
    // The unclaiming of subscriptions has words of its own (HPE's sample).
    let (kind, field) = match speaker {
        Speaker::Service(_, route) if route.name == UNCLAIM => {
            ("hpe.greenlake.subscriptionmanagement.bad_request", "Invalid input provided")
        }
        _ => ("hpe.greenlake.bad_request", "field"),
    };
    let issue = |status: StatusCode, code: &str, message: &str, source: &str, subject: &str, text: &str| {
        let mut body = envelope(status, code, message);
        body["errorDetails"] = json!([{
            "type": kind,
            "issues": [{"source": source, "subject": subject, "description": text}],
        }]);
        Answer::json(status, &body)
    };
    let bad_value = |source: &str, name: &str, text: &str| match speaker.api() {
        Some(Api::ServiceCatalog) => Answer::json(
            StatusCode::BAD_REQUEST,
            &envelope(StatusCode::BAD_REQUEST, "HPE_GL_SERVICE_CATALOG_BAD_REQUEST", text),
        ),
        _ => issue(StatusCode::BAD_REQUEST, "HPE_GL_ERROR_BAD_REQUEST", "Bad Request", source, name, text),
    };
    match refusal {
        Refusal::Token(fault) => unauthorized(Some(speaker), *fault, bearer, at),
        Refusal::WrongWorkspace | Refusal::NotAnMsp | Refusal::Denied { .. } | Refusal::MergePatch => {
            let status = StatusCode::FORBIDDEN;
            let message = match speaker.api() {
                Some(Api::ServiceCatalog) => "Not authorized.",
                _ => "Forbidden Request",
            };
            let mut body = envelope(status, "HPE_GL_ERROR_FORBIDDEN", message);
            if let Some(source) = speaker.api().and_then(detailing) {
                let text = "Permission is denied to perform requested operation.";
                body["errorDetails"] = metadata(source, "access_token", text.into());
            }
            Answer::json(status, &body)
        }
        // glp.md §8.2.
        Refusal::Limited(_) => {
            let status = StatusCode::TOO_MANY_REQUESTS;
            let mut body = envelope(status, "HPE_GL_ERROR_TOO_MANY_REQUESTS", "Too Many Requests");
            if let Some(source) = speaker.api().and_then(detailing) {
                let text = "Too Many Requests. Rate limit has exceeded a predefined value.";
                body["errorDetails"] = metadata(source, "apiRateLimit", text.into());
            }
            Answer::json(status, &body)
        }
        Refusal::NoRoute if at.dialect.edge_errors == EdgeErrors::Html => Answer::html(StatusCode::NOT_FOUND),
        Refusal::NoRoute => Answer::json(
            StatusCode::NOT_FOUND,
            &envelope(StatusCode::NOT_FOUND, "HPE_GL_ERROR_NOT_FOUND", "Not Found"),
        ),
        Refusal::NotFound(what) => {
            let status = StatusCode::NOT_FOUND;
            match speaker.api() {
                Some(Api::Devices) => {
                    let mut body =
                        envelope(status, "HPE_GL_DM_DEVICE_ID_NOT_FOUND", "Invalid input provided");
                    let text = format!("ResourceId [{what}] not found");
                    body["errorDetails"] = metadata(DEVICE_SERVICE, "id", text.into());
                    Answer::json(status, &body)
                }
                // glp.md §7.4.
                Some(Api::Subscriptions) => {
                    let mut body = envelope(status, "HPE_GL_DM_SUBSCRIPTION_ID_NOT_FOUND", "Not Found");
                    let text = format!("Resource with id [{what}] not found");
                    body["errorDetails"] = metadata(SUBSCRIPTION_SERVICE, "id", json!({"message": text}));
                    Answer::json(status, &body)
                }
                Some(Api::ServiceCatalog) => {
                    Answer::json(status, &envelope(status, "HPE_GL_SERVICE_CATALOG_NOT_FOUND", what))
                }
                _ => Answer::json(status, &envelope(status, "HPE_GL_ERROR_NOT_FOUND", "Not Found")),
            }
        }
        // Where subscriptions are documented, the sample has the body of another refusal (glp.md §7.4).
        Refusal::NoOperation(_) => {
            let status = StatusCode::NOT_FOUND;
            let mut body = envelope(status, "HPE_GL_ERROR_NOT_FOUND", "Not Found");
            if speaker.api() == Some(Api::Devices) {
                body["errorDetails"] = json!([{
                    "type": "hpe.greenlake.not_found",
                    "issues": [{
                        "source": "hpe.greenlake.devicemanagement",
                        "subject": "Internal Server Error",
                        "description": "Device ID not found",
                    }],
                }]);
            }
            Answer::json(status, &body)
        }
        Refusal::Method(_) => {
            let status = StatusCode::METHOD_NOT_ALLOWED;
            Answer::json(status, &envelope(status, "HPE_GL_ERROR_BAD_REQUEST", "Method Not Allowed"))
        }
        Refusal::UnknownQuery(name) => bad_value("query.parameter", name, "Unknown query parameter."),
        Refusal::Query { name, message } => bad_value("query.parameter", name, message),
        // Its sample has no place in it (glp.md §9); the history has.
        Refusal::Filter(error) if speaker.api() == Some(Api::ServiceCatalog) => {
            bad_value("query.parameter", "filter", &error.message)
        }
        Refusal::Filter(error) => bad_value("query.parameter", "filter", &error.to_string()),
        // Here the sentence stands alone.
        Refusal::Body { member, message }
            if member.is_empty() && speaker.api() == Some(Api::ServiceCatalog) =>
        {
            bad_value(field, "body", &format!("The body {message}"))
        }
        Refusal::Body { member, message } if member.is_empty() => bad_value(field, "body", message),
        // Seen live (glp.md §6.5).
        Refusal::Body { member, message } if member == "region" && speaker.api() == Some(Api::Devices) => {
            issue(StatusCode::BAD_REQUEST, "HPE_GL_DM_BAD_REQUEST", "Bad Request", "field", member, message)
        }
        Refusal::Body { member, message } => bad_value(field, member, message),
        Refusal::Conflict(conflict) if speaker.api() == Some(Api::ServiceCatalog) => {
            // glp.md §7.3: the two have prefixes of their own.
            let (status, code) = match conflict {
                Conflict::ProvisionHasDevices => {
                    (StatusCode::PRECONDITION_FAILED, "HPE_GL_SERVICE_CATALOG_PRECONDITION_FAILED")
                }
                _ => (StatusCode::CONFLICT, "HPE_GLCP_SERVICE_CATALOG_CONFLICT"),
            };
            Answer::json(status, &envelope(status, code, &conflict.to_string()))
        }
        Refusal::Conflict(conflict) => {
            let status = StatusCode::CONFLICT;
            Answer::json(status, &envelope(status, "HPE_GL_ERROR_CONFLICT", &conflict.to_string()))
        }
        // The device service calls its path parameter one of the query (glp.md §6.3).
        Refusal::Path { name, message } => bad_value("query.parameter", name, message),
        Refusal::BodyTooLarge => {
            let status = StatusCode::PAYLOAD_TOO_LARGE;
            Answer::json(status, &envelope(status, "HPE_GL_ERROR_BAD_REQUEST", "Payload Too Large"))
        }
        Refusal::BodyTooSlow => {
            let status = StatusCode::REQUEST_TIMEOUT;
            Answer::json(status, &envelope(status, "HPE_GL_ERROR_BAD_REQUEST", "Request Timeout"))
        }
        Refusal::Malformed(message) => Answer::json(
            StatusCode::BAD_REQUEST,
            &envelope(StatusCode::BAD_REQUEST, "HPE_GL_ERROR_BAD_REQUEST", message),
        ),
    }
}

/// `glp.md §8.3`, by dialect `glp_auth_error`; a request without a token by §11 U14.
pub(super) fn unauthorized(
    speaker: Option<Speaker>,
    fault: TokenFault,
    bearer: Jws,
    at: Setting<'_>,
) -> Answer {
    const EXPIRED: &str =
        "JWT verification failed, JWT verification failed for claims: Signature has expired.";
    const UNDECODABLE: &str = "JWT verification failed, Error decoding token claims.";
    const UNKNOWN_KID: &str = "JWT verification failed, Cannot find valid KID in JWT token..";
    let status = StatusCode::UNAUTHORIZED;
    if fault == TokenFault::Missing || at.dialect.glp_auth_error == GlpAuthError::Service {
        let debug_id = at.seed.uuid("debug", "", at.ordinal).to_string();
        let mut body = envelope(status, "HPE_GL_ERROR_UNAUTHORIZED", "Unauthorized Request", &debug_id);
        // Operations on devices have words of their own (glp.md §8.3).
        if speaker.map(Speaker::route) == Some("glp.devices.operation") && fault == TokenFault::Expired {
            body["errorDetails"] = json!([{
                "type": "hpe.greenlake.unauthorized",
                "issues": [{
                    "source": DEVICE_SERVICE,
                    "subject": "Unauthorized",
                    "description": "Authentication error - the token was expired.",
                }],
            }]);
        // Only the services of devices and subscriptions detail it (glp.md §5, §7.3, §8.2).
        } else if let Some(source) = speaker.and_then(Speaker::api).and_then(detailing) {
            body["errorDetails"] = metadata(source, "access_token", "Token provided is invalid".into());
        }
        return Answer::json(status, &body);
    }
    let (status, message) = match (fault, bearer) {
        (TokenFault::Expired, _) if at.dialect.glp_auth_error == GlpAuthError::ExpiredNot401 => {
            (StatusCode::FORBIDDEN, "JWT verification failed: signature has expired")
        }
        (TokenFault::Expired, _) => (status, EXPIRED),
        (TokenFault::Unknown, Jws::UnknownKid) => (status, UNKNOWN_KID),
        _ => (status, UNDECODABLE),
    };
    // The gateway's ids are CloudFront's: 40 bytes in base64url make 56 characters ending in "==".
    let mut bytes = [0; 40];
    bytes[..32].copy_from_slice(&at.seed.bytes("debug", "edge", at.ordinal));
    bytes[32..].copy_from_slice(&at.seed.number("debug", "edge-tail", at.ordinal).to_be_bytes());
    Answer::json(status, &envelope(status, "HPE_GL_ERROR_FORBIDDEN", message, &URL_SAFE.encode(bytes)))
}

const DEVICE_SERVICE: &str = "hpe.greenlake.devicemanagement";
const SUBSCRIPTION_SERVICE: &str = "hpe.greenlake.subscriptionmanagement";

/// What a service calls itself in the details that it adds, if it adds any: that of devices by the name of the other
/// (`glp.md §8.2`).
fn detailing(api: Api) -> Option<&'static str> {
    matches!(api, Api::Devices | Api::Subscriptions).then_some(SUBSCRIPTION_SERVICE)
}

/// What these two add (`glp.md §8.2`).
fn metadata(source: &str, name: &str, value: Value) -> Value {
    json!([{"type": "hpe.greenlake.metadata", "source": source, "metadata": {name: value}}])
}
