//! What refusals look like on the wire: one envelope for each family of services.

use base64::{Engine as _, engine::general_purpose::URL_SAFE};
use bytes::Bytes;
use greenroom_model::{
    access::ApiFamily,
    dialect::{
        CentralAuthError, CentralRateReset, ClientOfOtherWorkspace, Dialect, EdgeErrors, ExchangeExpired,
        ExchangeForeignTenant, ExchangeGarbageSubject, ExchangeOnDedicatedPlatform, ExchangeOwnWorkspace,
        GlpAuthError, IssuerUnknownWorkspace, RateHeaders, WwwAuthenticate,
    },
    id::Seed,
    refusal::{Refusal, TokenFault, TokenRefusal},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use http_body_util::Full;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{route::Api, signer::Jws};

/// A response before it is sent.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// A JSON answer.
    pub(crate) fn json(status: StatusCode, body: &Value) -> Self {
        Self::of(status, "application/json", body.to_string())
    }

    /// A sentence of Greenroom's own, for what no vendor would answer.
    pub(crate) fn text(status: StatusCode, text: impl Into<String>) -> Self {
        Self::of(status, "text/plain; charset=utf-8", text.into() + "\n")
    }

    fn html(status: StatusCode) -> Self {
        let reason = status.canonical_reason().unwrap_or_default();
        let body = format!(
            "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01 Transitional//EN\" \
             \"http://www.w3.org/TR/html4/loose.dtd\">\n<HTML><HEAD><TITLE>ERROR: The request could not be \
             satisfied</TITLE></HEAD><BODY><H1>{} {reason}</H1><H2>The request could not be \
             satisfied.</H2></BODY></HTML>\n",
            status.as_u16()
        );
        Self::of(status, "text/html", body)
    }

    fn of(status: StatusCode, content_type: &'static str, body: String) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        Self { status, headers, body: body.into() }
    }

    /// The same answer with one more header. A value that is no header value is left out.
    pub(crate) fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// The response to send at virtual time `now`.
    pub(crate) fn into_response(self, now: Timestamp) -> http::Response<Full<Bytes>> {
        let mut response = http::Response::new(Full::new(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response.headers_mut().insert(header::DATE, http_date(now));
        response
    }
}

/// `now` as an HTTP date (RFC 9110 §5.6.7).
pub(crate) fn http_date(now: Timestamp) -> HeaderValue {
    jiff::fmt::rfc2822::DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&now)
        .ok()
        .and_then(|date| HeaderValue::try_from(date).ok())
        // Years past 9999 have no HTTP date, and the clock ends before.
        .unwrap_or(HeaderValue::from_static("Fri, 31 Dec 9999 00:00:00 GMT"))
}

/// What an answer depends on besides the refusal.
#[derive(Clone, Copy)]
pub(crate) struct Setting<'a> {
    pub(crate) dialect: &'a Dialect,
    pub(crate) seed: Seed,
    /// The number of the request among the imitated ones: debug ids derive from it.
    pub(crate) ordinal: u64,
    pub(crate) now: Timestamp,
}

/// Which vocabulary of errors a resource request is answered in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaker {
    /// A service that has the route.
    Service(Api),
    /// The gateway in front of a family, for what no service has.
    Gateway(ApiFamily),
}

impl Speaker {
    pub(crate) fn family(self) -> ApiFamily {
        match self {
            Self::Service(api) => api.family(),
            Self::Gateway(family) => family,
        }
    }
}

/// The answer to a refused resource request. `bearer` says what the token looks like, for the
/// gateway's different texts.
pub(crate) fn refusal(speaker: Speaker, refusal: &Refusal, bearer: Jws, at: Setting<'_>) -> Answer {
    let answer = match speaker.family() {
        ApiFamily::Glp | ApiFamily::DataServices => glp(speaker, refusal, bearer, at),
        ApiFamily::Central => central(speaker, refusal, at),
        ApiFamily::Classic => classic(refusal),
    };
    let answer = match refusal {
        Refusal::Method(allow) => answer.with(header::ALLOW, allow),
        _ => answer,
    };
    match refusal {
        Refusal::Token(fault)
            if answer.status == StatusCode::UNAUTHORIZED && challenges(speaker.family(), at) =>
        {
            // A request without a bearer gets the bare scheme (RFC 6750 §3.1).
            let challenge = match fault {
                TokenFault::Missing | TokenFault::Malformed => "Bearer",
                _ => BEARER_INVALID,
            };
            answer.with(header::WWW_AUTHENTICATE, challenge)
        }
        _ => answer,
    }
}

fn challenges(family: ApiFamily, at: Setting<'_>) -> bool {
    match at.dialect.www_authenticate {
        WwwAuthenticate::On => true,
        WwwAuthenticate::Off => false,
        WwwAuthenticate::ByFamily => family != ApiFamily::Central,
    }
}

const BASIC: &str = r#"Basic realm="greenlake""#;
const BEARER_INVALID: &str = r#"Bearer error="invalid_token""#;

/// `glp.md §8`.
fn glp(speaker: Speaker, refusal: &Refusal, bearer: Jws, at: Setting<'_>) -> Answer {
    let envelope = |status: StatusCode, code: &str, message: &str| {
        let debug_id = at.seed.uuid("debug", "", at.ordinal).to_string();
        envelope(status, code, message, &debug_id)
    };
    let issue = |status: StatusCode, code: &str, message: &str, source: &str, subject: &str, text: &str| {
        let mut body = envelope(status, code, message);
        body["errorDetails"] = json!([{
            "type": "hpe.greenlake.bad_request",
            "issues": [{"source": source, "subject": subject, "description": text}],
        }]);
        Answer::json(status, &body)
    };
    let bad_value = |source: &str, name: &str, text: &str| match speaker {
        // Where an operation documents no 400, a bad value is a 422 (glp.md §9).
        Speaker::Service(Api::Workspaces) => Answer::json(
            StatusCode::UNPROCESSABLE_ENTITY,
            &envelope(StatusCode::UNPROCESSABLE_ENTITY, "HPE_GL_ERROR_UNPROCESSABLE_ENTITY", text),
        ),
        Speaker::Service(Api::ServiceCatalog) => Answer::json(
            StatusCode::BAD_REQUEST,
            &envelope(StatusCode::BAD_REQUEST, "HPE_GL_SERVICE_CATALOG_BAD_REQUEST", text),
        ),
        _ => issue(StatusCode::BAD_REQUEST, "HPE_GL_ERROR_BAD_REQUEST", "Bad Request", source, name, text),
    };
    match refusal {
        Refusal::Token(fault) => glp_unauthorized(Some(speaker), *fault, bearer, at),
        Refusal::WrongWorkspace | Refusal::NotAnMsp => {
            let status = StatusCode::FORBIDDEN;
            let message = match speaker {
                Speaker::Service(Api::ServiceCatalog) => "Not authorized.",
                _ => "Forbidden Request",
            };
            let mut body = envelope(status, "HPE_GL_ERROR_FORBIDDEN", message);
            if speaker == Speaker::Service(Api::Devices) {
                body["errorDetails"] = denied("Permission is denied to perform requested operation.");
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
            match speaker {
                Speaker::Service(Api::Devices) => {
                    let mut body =
                        envelope(status, "HPE_GL_DM_DEVICE_ID_NOT_FOUND", "Invalid input provided");
                    body["errorDetails"] = json!([{
                        "type": "hpe.greenlake.metadata",
                        "source": "hpe.greenlake.devicemanagement",
                        "metadata": {"id": format!("ResourceId [{what}] not found")},
                    }]);
                    Answer::json(status, &body)
                }
                Speaker::Service(Api::ServiceCatalog) => {
                    Answer::json(status, &envelope(status, "HPE_GL_SERVICE_CATALOG_NOT_FOUND", "Not Found"))
                }
                _ => Answer::json(status, &envelope(status, "HPE_GL_ERROR_NOT_FOUND", "Not Found")),
            }
        }
        Refusal::Method(_) => {
            let status = StatusCode::METHOD_NOT_ALLOWED;
            Answer::json(status, &envelope(status, "HPE_GL_ERROR_BAD_REQUEST", "Method Not Allowed"))
        }
        Refusal::UnknownQuery(name) => bad_value("query.parameter", name, "Unknown query parameter."),
        Refusal::Query { name, message } => bad_value("query.parameter", name, message),
        Refusal::Filter(error) => bad_value("query.parameter", "filter", &error.to_string()),
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
fn glp_unauthorized(speaker: Option<Speaker>, fault: TokenFault, bearer: Jws, at: Setting<'_>) -> Answer {
    const EXPIRED: &str =
        "JWT verification failed, JWT verification failed for claims: Signature has expired.";
    const UNDECODABLE: &str = "JWT verification failed, Error decoding token claims.";
    const UNKNOWN_KID: &str = "JWT verification failed, Cannot find valid KID in JWT token..";
    let unauthorized = StatusCode::UNAUTHORIZED;
    if fault == TokenFault::Missing || at.dialect.glp_auth_error == GlpAuthError::Service {
        let debug_id = at.seed.uuid("debug", "", at.ordinal).to_string();
        let mut body = envelope(unauthorized, "HPE_GL_ERROR_UNAUTHORIZED", "Unauthorized Request", &debug_id);
        // Only the device service details it (glp.md §5, §7.3, §8.2).
        if speaker == Some(Speaker::Service(Api::Devices)) {
            body["errorDetails"] = denied("Token provided is invalid");
        }
        return Answer::json(unauthorized, &body);
    }
    let (status, message) = match (fault, bearer) {
        (TokenFault::Expired, _) if at.dialect.glp_auth_error == GlpAuthError::ExpiredNot401 => {
            (StatusCode::FORBIDDEN, "JWT verification failed: signature has expired")
        }
        (TokenFault::Expired, _) => (unauthorized, EXPIRED),
        (TokenFault::Unknown, Jws::UnknownKid) => (unauthorized, UNKNOWN_KID),
        _ => (unauthorized, UNDECODABLE),
    };
    // The gateway's ids are CloudFront's: 40 bytes in base64url make 56 characters ending in "==".
    let mut bytes = [0; 40];
    bytes[..32].copy_from_slice(&at.seed.bytes("debug", "edge", at.ordinal));
    bytes[32..].copy_from_slice(&at.seed.number("debug", "edge-tail", at.ordinal).to_be_bytes());
    Answer::json(status, &envelope(status, "HPE_GL_ERROR_FORBIDDEN", message, &URL_SAFE.encode(bytes)))
}

fn denied(text: &str) -> Value {
    json!([{
        "type": "hpe.greenlake.metadata",
        "source": "hpe.greenlake.devicemanagement",
        "metadata": {"access_token": text},
    }])
}

fn envelope(status: StatusCode, code: &str, message: &str, debug_id: &str) -> Value {
    json!({"httpStatusCode": status.as_u16(), "errorCode": code, "message": message, "debugId": debug_id})
}

/// `central.md §4.3`, appendix A5 to A8.
fn central(speaker: Speaker, refusal: &Refusal, at: Setting<'_>) -> Answer {
    let invalid = match speaker {
        Speaker::Service(Api::CentralMsp) => "HPE_GL_NETWORK_SERVICES_INVALID_INPUT",
        _ => "HPE_GL_NETWORK_MONITORING_INVALID_INPUT",
    };
    const GENERIC: &str = "HPE_GL_NETWORKING_ERROR_BAD_REQUEST";
    let (status, code, message) = match refusal {
        Refusal::Token(_) => {
            let code = match at.dialect.central_auth_error {
                CentralAuthError::Live => "HPE_GL_NETWORKING_ERROR_UNAUTHORIZED",
                CentralAuthError::Documented => "HPE_GL_ERROR_UNAUTHORIZED",
            };
            (StatusCode::UNAUTHORIZED, code, "Invalid access token".to_owned())
        }
        Refusal::WrongWorkspace | Refusal::NotAnMsp => {
            (StatusCode::FORBIDDEN, "HPE_GL_ERROR_FORBIDDEN", "Forbidden".to_owned())
        }
        Refusal::NoRoute if at.dialect.edge_errors == EdgeErrors::Html => {
            return Answer::html(StatusCode::NOT_FOUND);
        }
        Refusal::NoRoute => (StatusCode::NOT_FOUND, "HPE_GL_ERROR_NOT_FOUND", "Route Not Found".to_owned()),
        Refusal::NotFound(_) => (StatusCode::NOT_FOUND, "HPE_GL_ERROR_NOT_FOUND", "Not Found".to_owned()),
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

/// `central.md §7.3`.
fn classic(refusal: &Refusal) -> Answer {
    match refusal {
        Refusal::Token(_) => Answer::json(
            StatusCode::UNAUTHORIZED,
            &json!({
                "error": "invalid_token",
                "error_description": "The access token is invalid or has expired",
            }),
        ),
        other => {
            let status = match other {
                Refusal::NoRoute | Refusal::NotFound(_) => StatusCode::NOT_FOUND,
                Refusal::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
                Refusal::WrongWorkspace | Refusal::NotAnMsp => StatusCode::FORBIDDEN,
                Refusal::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
                Refusal::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
                _ => StatusCode::BAD_REQUEST,
            };
            Answer::json(status, &json!({"message": status.canonical_reason()}))
        }
    }
}

/// The rate headers of a resource answer: present on every one, limits off (`glp.md §8.5`,
/// `central.md` appendix A4, dialect `rate_headers`).
pub(crate) fn rate_headers(answer: Answer, family: ApiFamily, at: Setting<'_>) -> Answer {
    let spelling = match (at.dialect.rate_headers, family) {
        (RateHeaders::None, _) | (_, ApiFamily::Classic) => return answer,
        // The edge in front answers before anybody counts.
        _ if answer.headers.get(header::CONTENT_TYPE).is_some_and(|it| it == "text/html") => return answer,
        (RateHeaders::RateLimit, _) => "ratelimit",
        (RateHeaders::XRateLimit, _) | (RateHeaders::ByFamily, ApiFamily::Central) => "x-ratelimit",
        (RateHeaders::ByFamily, ApiFamily::Glp | ApiFamily::DataServices) => "ratelimit",
    };
    // GLP counts by the minute, Central by the hour (glp.md §6.1, central.md §4.4).
    let window = if family == ApiFamily::Central { 3_600 } else { 60 };
    let rest = window - at.now.as_second().rem_euclid(window);
    let reset = if spelling == "x-ratelimit" && at.dialect.central_rate_reset == CentralRateReset::Rfc3339 {
        Timestamp::from_second(at.now.as_second() + rest).unwrap_or(at.now).to_string()
    } else {
        rest.to_string()
    };
    [("limit", "1000"), ("remaining", "999"), ("reset", reset.as_str())].into_iter().fold(
        answer,
        |answer, (part, value)| match HeaderName::try_from(format!("{spelling}-{part}")) {
            Ok(name) => answer.with(name, value),
            Err(_) => answer,
        },
    )
}

/// The answer to a refused token request: OAuth JSON (RFC 6749 §5.2), unless the dialect lets the
/// gateway or the edge answer.
pub(crate) fn token_refusal(refusal: &TokenRefusal, at: Setting<'_>) -> Answer {
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
    let gateway = |fault| challenged(glp_unauthorized(None, fault, Jws::Undecodable, at), BEARER_INVALID);
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
