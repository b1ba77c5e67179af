//! What refusals of Classic Central look like: those of Kong, which stands in front of it (`central.md §7.3`).

use greenroom_model::{
    dialect::{ClassicRefreshRefused, ClassicSignInRefused, RateHeaders, WwwAuthenticate},
    limit::{Allowance, Day},
    refusal::{Refusal, TokenFault, TokenRefusal},
    token::TokenKind,
};
use http::{HeaderName, StatusCode, header};
use serde_json::json;

use super::{Answer, Setting, retry_after};

/// The header of the gateway, as it was seen.
const KONG: &str = "kong/0.14.1";

/// What Kong says of a token that is worth nothing, whatever the reason.
const INVALID: &str = "The access token is invalid or has expired";

/// Limit and remaining of the day, then of the second.
static RATES: [HeaderName; 4] = [
    HeaderName::from_static("x-ratelimit-limit-day"),
    HeaderName::from_static("x-ratelimit-remaining-day"),
    HeaderName::from_static("x-ratelimit-limit-second"),
    HeaderName::from_static("x-ratelimit-remaining-second"),
];

/// A day of which nobody counts the calls.
const UNCOUNTED_DAY: Day = Day { most: 5_000, remaining: 4_999 };

/// An allowance that nobody counts.
pub(super) const UNCOUNTED: Allowance =
    Allowance { most: 7, remaining: 6, resets_in: 1, day: Some(UNCOUNTED_DAY) };

/// The answer as it comes through the gateway.
pub(crate) fn through_kong(answer: Answer) -> Answer {
    answer.with(header::VIA, KONG)
}

/// The answer with the rate headers of Classic.
pub(super) fn with_rates(answer: Answer, spent: Option<Allowance>, at: Setting<'_>) -> Answer {
    let Some(allowance) = spent.filter(|_| at.dialect.rate_headers != RateHeaders::None) else {
        return through_kong(answer);
    };
    let day = allowance.day.unwrap_or(UNCOUNTED_DAY);
    let values = [day.most, day.remaining, allowance.most, allowance.remaining];
    let answer = RATES
        .iter()
        .zip(values)
        .fold(answer, |answer, (name, value)| answer.with(name.clone(), &value.to_string()));
    through_kong(answer)
}

/// The answer to a refused resource request.
pub(super) fn refusal(refusal: &Refusal, at: Setting<'_>) -> Answer {
    match refusal {
        Refusal::Token(TokenFault::UserShutOut) => plain(StatusCode::FORBIDDEN),
        Refusal::Token(fault) => {
            let missing = matches!(fault, TokenFault::Missing | TokenFault::Malformed);
            let (body, challenge) = if missing {
                (
                    json!({"error": "invalid_request", "error_description": "The access token is missing"}),
                    r#"Bearer realm="service""#.to_owned(),
                )
            } else {
                (
                    json!({"error": "invalid_token", "error_description": INVALID}),
                    format!(r#"Bearer realm="service" error="invalid_token" error_description="{INVALID}""#),
                )
            };
            let answer = Answer::json(StatusCode::UNAUTHORIZED, &body);
            match at.dialect.www_authenticate {
                WwwAuthenticate::Off => answer,
                WwwAuthenticate::On | WwwAuthenticate::ByFamily => {
                    answer.with(header::WWW_AUTHENTICATE, &challenge)
                }
            }
        }
        Refusal::NoRoute | Refusal::NotFound(_) => plain(StatusCode::NOT_FOUND),
        Refusal::Method(_) => plain(StatusCode::METHOD_NOT_ALLOWED),
        Refusal::WrongWorkspace | Refusal::NotAnMsp | Refusal::Denied { .. } => plain(StatusCode::FORBIDDEN),
        Refusal::BodyTooLarge => plain(StatusCode::PAYLOAD_TOO_LARGE),
        Refusal::BodyTooSlow => plain(StatusCode::REQUEST_TIMEOUT),
        Refusal::Limited(_) => limited(),
        _ => plain(StatusCode::BAD_REQUEST),
    }
}

/// The answer to a refused step of the sign-in or a refused refresh.
pub(super) fn token_refusal(refusal: &TokenRefusal, at: Setting<'_>) -> Answer {
    let kong = |status, error: &str, description: &str| {
        Answer::json(status, &json!({"error": error, "error_description": description}))
            .with(header::CACHE_CONTROL, "no-store")
            .with(header::PRAGMA, "no-cache")
    };
    let bad = StatusCode::BAD_REQUEST;
    let invalid_client = || kong(bad, "invalid_client", "Invalid client authentication");
    let answer = match refusal {
        TokenRefusal::Form(_) => plain(bad),
        TokenRefusal::Method => plain(StatusCode::METHOD_NOT_ALLOWED).with(header::ALLOW, "POST"),
        TokenRefusal::Grant(_) => kong(bad, "unsupported_grant_type", "Invalid grant_type"),
        TokenRefusal::ResponseType(_) => kong(bad, "unsupported_response_type", "Invalid response_type"),
        TokenRefusal::Presented { kind: TokenKind::Refresh, fault: TokenFault::WrongClient } => {
            invalid_client()
        }
        TokenRefusal::Presented { kind: TokenKind::Refresh, .. } => {
            let status = match at.dialect.classic_refresh_refused {
                ClassicRefreshRefused::BadRequest => bad,
                ClassicRefreshRefused::Unauthorized => StatusCode::UNAUTHORIZED,
            };
            kong(status, "invalid_request", "Invalid refresh_token")
        }
        TokenRefusal::Presented { kind: TokenKind::Code, .. } => kong(bad, "invalid_request", "Invalid code"),
        TokenRefusal::SignIn(_) | TokenRefusal::Csrf(_) | TokenRefusal::Presented { .. } => {
            let status = match at.dialect.classic_sign_in_refused {
                ClassicSignInRefused::Unauthorized401 => StatusCode::UNAUTHORIZED,
                ClassicSignInRefused::Forbidden403 => StatusCode::FORBIDDEN,
                ClassicSignInRefused::BadRequest400 => bad,
            };
            Answer::json(status, &json!({"message": "Auth failure", "status": false}))
        }
        TokenRefusal::Limited(spent) => {
            let spent = Allowance { day: Some(UNCOUNTED_DAY), ..*spent };
            return with_rates(retry_after(limited(), "", spent, at), Some(spent), at);
        }
        TokenRefusal::TooMany => Answer::json(
            StatusCode::INTERNAL_SERVER_ERROR,
            &json!({"message": "An unexpected error occurred"}),
        ),
        TokenRefusal::Body(body) => self::refusal(body, at),
        _ => invalid_client(),
    };
    through_kong(answer)
}

fn limited() -> Answer {
    Answer::json(StatusCode::TOO_MANY_REQUESTS, &json!({"message": "API rate limit exceeded"}))
}

fn plain(status: StatusCode) -> Answer {
    Answer::json(status, &json!({"message": status.canonical_reason()}))
}
