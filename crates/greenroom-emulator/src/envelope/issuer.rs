//! Refusals of the token endpoints and of the documents beside them.

use greenroom_model::{
    dialect::{
        ClientOfOtherWorkspace, EdgeErrors, ExchangeExpired, ExchangeForeignTenant, ExchangeGarbageSubject,
        ExchangeOnDedicatedPlatform, ExchangeOwnWorkspace, IssuerUnknownWorkspace, WwwAuthenticate,
    },
    refusal::{Refusal, TokenFault, TokenRefusal},
};
use http::{StatusCode, header};
use serde_json::json;

use super::{Answer, BASIC, BEARER_INVALID, Setting, envelope, glp};
use crate::signer::Jws;

/// The answer of a token endpoint with a status that nothing in the request led to. RFC 6749 §5.2 has codes for
/// 400 and 401; what HPE's endpoints say in a breakdown is not known, and the codes are those of §4.1.2.1.
pub(super) fn of_status(status: StatusCode) -> Answer {
    let error = match status.as_u16() {
        401 => "invalid_client",
        403 => "access_denied",
        429 | 502..=504 => "temporarily_unavailable",
        500.. => "server_error",
        _ => "invalid_request",
    };
    Answer::json(status, &json!({"error": error}))
}

/// The answer to a refused token request: OAuth JSON (RFC 6749 §5.2), unless the dialect lets the
/// gateway or the edge answer.
pub(super) fn token_refusal(refusal: &TokenRefusal, at: Setting<'_>) -> Answer {
    let challenged = |answer: Answer, challenge: &str| match at.dialect.www_authenticate {
        WwwAuthenticate::Off => answer,
        WwwAuthenticate::On | WwwAuthenticate::ByFamily => answer.with(header::WWW_AUTHENTICATE, challenge),
    };
    let uncached =
        |answer: Answer| answer.with(header::CACHE_CONTROL, "no-store").with(header::PRAGMA, "no-cache");
    let oauth = |status: StatusCode, error: &str| {
        let body = json!({"error": error, "error_description": description(refusal)});
        let answer = uncached(Answer::json(status, &body));
        match status {
            StatusCode::UNAUTHORIZED => challenged(answer, BASIC),
            _ => answer,
        }
    };
    let bad = StatusCode::BAD_REQUEST;
    let unauthorized = StatusCode::UNAUTHORIZED;
    // The one body that was seen live, in PingFederate's words and order (glp.md §2.1).
    let invalid_client = || {
        let body = json!({
            "error_description": "Invalid client or client credentials.",
            "error": "invalid_client",
        });
        challenged(uncached(Answer::json(unauthorized, &body)), BASIC)
    };
    let gateway = |fault| challenged(glp::unauthorized(None, fault, Jws::Undecodable, at), BEARER_INVALID);
    let foreign = || match at.dialect.exchange_foreign_tenant {
        ExchangeForeignTenant::UnauthorizedRequest => oauth(StatusCode::FORBIDDEN, "unauthorized_request"),
        ExchangeForeignTenant::InvalidTarget => oauth(bad, "invalid_target"),
        ExchangeForeignTenant::Html403 => Answer::html(StatusCode::FORBIDDEN),
    };
    match refusal {
        TokenRefusal::Form(_)
        | TokenRefusal::ClientTwice
        | TokenRefusal::Hyphens
        | TokenRefusal::SubjectFromSso => oauth(bad, "invalid_request"),
        TokenRefusal::Method => {
            oauth(StatusCode::METHOD_NOT_ALLOWED, "invalid_request").with(header::ALLOW, "POST")
        }
        TokenRefusal::Grant(_) => oauth(bad, "unsupported_grant_type"),
        TokenRefusal::Client(_) => invalid_client(),
        TokenRefusal::ClientOfOtherWorkspace | TokenRefusal::ClientOfOtherService => {
            match at.dialect.client_of_other_workspace {
                ClientOfOtherWorkspace::UnauthorizedRequest => oauth(unauthorized, "unauthorized_request"),
                ClientOfOtherWorkspace::InvalidClient => invalid_client(),
            }
        }
        TokenRefusal::UnknownWorkspace => match at.dialect.issuer_unknown_workspace {
            IssuerUnknownWorkspace::Html403 => Answer::html(StatusCode::FORBIDDEN),
            IssuerUnknownWorkspace::Envelope404 => {
                let debug_id = at.seed.uuid("debug", "", at.ordinal).to_string();
                let status = StatusCode::NOT_FOUND;
                Answer::json(status, &envelope(status, "HPE_GL_ERROR_NOT_FOUND", "Not Found", &debug_id))
            }
            IssuerUnknownWorkspace::InvalidClient => invalid_client(),
        },
        TokenRefusal::SubjectExpired | TokenRefusal::SubjectRevoked => match at.dialect.exchange_expired {
            ExchangeExpired::Live => oauth(unauthorized, "unauthorized_request"),
            ExchangeExpired::Rfc8693 => oauth(bad, "invalid_request"),
            ExchangeExpired::InvalidClient => invalid_client(),
            ExchangeExpired::TokenExpired => oauth(bad, "token_expired"),
            ExchangeExpired::InvalidGrant => oauth(bad, "invalid_grant"),
            ExchangeExpired::Gateway401 => gateway(TokenFault::Expired),
            ExchangeExpired::Html403 => Answer::html(StatusCode::FORBIDDEN),
        },
        TokenRefusal::SubjectUnknown => match at.dialect.exchange_garbage_subject {
            ExchangeGarbageSubject::InvalidRequest => oauth(bad, "invalid_request"),
            ExchangeGarbageSubject::Gateway401 => gateway(TokenFault::Unknown),
        },
        TokenRefusal::SubjectNotMsp | TokenRefusal::TargetNotManaged => foreign(),
        TokenRefusal::TargetIsOwn => match at.dialect.exchange_own_workspace {
            ExchangeOwnWorkspace::InvalidTarget => oauth(bad, "invalid_target"),
            _ => oauth(StatusCode::FORBIDDEN, "unauthorized_request"),
        },
        TokenRefusal::DedicatedPlatform => match at.dialect.exchange_on_dedicated_platform {
            ExchangeOnDedicatedPlatform::UnsupportedGrantType => oauth(bad, "unsupported_grant_type"),
            ExchangeOnDedicatedPlatform::Html403 => Answer::html(StatusCode::FORBIDDEN),
        },
        // Of Classic Central's own sign-in, and answered there.
        TokenRefusal::SignIn(_)
        | TokenRefusal::ResponseType(_)
        | TokenRefusal::Csrf(_)
        | TokenRefusal::Presented { .. } => oauth(bad, "invalid_grant"),
        TokenRefusal::Limited(_) => oauth(StatusCode::TOO_MANY_REQUESTS, "temporarily_unavailable"),
        TokenRefusal::TooMany => oauth(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable"),
        TokenRefusal::Body(body) => match **body {
            Refusal::BodyTooLarge => oauth(StatusCode::PAYLOAD_TOO_LARGE, "invalid_request"),
            Refusal::BodyTooSlow => oauth(StatusCode::REQUEST_TIMEOUT, "invalid_request"),
            _ => oauth(bad, "invalid_request"),
        },
    }
}

/// `error_description`: one text for an expired and a revoked subject, which the wire does not tell
/// apart, and in the characters that RFC 6749 §5.2 allows.
fn description(refusal: &TokenRefusal) -> String {
    let text = match refusal {
        TokenRefusal::SubjectRevoked => TokenRefusal::SubjectExpired.to_string(),
        other => other.to_string(),
    };
    let allowed = |c| match c {
        '"' | '\\' => '\'',
        ' '..='~' => c,
        _ => '?',
    };
    text.chars().map(allowed).collect()
}

/// The answer of an issuer's host where it has nothing, or not with this method (`glp.md §8.1`).
pub(crate) fn issuer_refusal(refusal: &Refusal, at: Setting<'_>) -> Answer {
    let body = json!({"error": "invalid_request"});
    match refusal {
        Refusal::Method(allow) => {
            Answer::json(StatusCode::METHOD_NOT_ALLOWED, &body).with(header::ALLOW, allow)
        }
        _ if at.dialect.edge_errors == EdgeErrors::Html => Answer::html(StatusCode::NOT_FOUND),
        _ => Answer::json(StatusCode::NOT_FOUND, &body),
    }
}
