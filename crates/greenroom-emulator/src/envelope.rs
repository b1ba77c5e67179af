//! What refusals look like on the wire: one envelope for each family of services.

mod audit_log;
mod central;
mod classic;
mod credentials;
mod glp;
mod issuer;
mod users;
mod workspaces;

use bytes::Bytes;
use greenroom_model::{
    access::ApiFamily,
    dialect::{CentralRateReset, Dialect, RateHeaders, RateLimits, RetryAfter, WwwAuthenticate},
    id::Seed,
    limit::{self, Allowance},
    refusal::{Refusal, TokenFault, TokenRefusal},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) use self::{classic::through_kong, issuer::issuer_refusal};
use crate::{
    central::ALERTS,
    oauth::Endpoint,
    route::{Api, Route},
    signer::Jws,
};

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

    /// A JSON answer that was written already.
    pub(crate) fn written(status: StatusCode, body: String) -> Self {
        Self::of(status, "application/json", body)
    }

    /// An answer without a body.
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// A sentence of Greenroom's own, for what no vendor would answer.
    pub(crate) fn text(status: StatusCode, text: impl Into<String>) -> Self {
        Self::as_is(status, text.into() + "\n")
    }

    /// A text as it is.
    pub(crate) fn as_is(status: StatusCode, text: String) -> Self {
        Self::of(status, "text/plain; charset=utf-8", text)
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
    pub(crate) fn into_response(self, now: Timestamp) -> http::Response<Bytes> {
        let mut response = http::Response::new(self.body);
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
    /// How the quota stands that the call was counted against.
    pub(crate) allowance: Option<Allowance>,
}

/// Which vocabulary of errors a resource request is answered in.
#[derive(Clone, Copy)]
pub(crate) enum Speaker {
    /// The service behind a route, or, for a method that the path does not have, behind its first one.
    Service(Api, &'static Route),
    /// The gateway in front of a family, for what no service has.
    Gateway(ApiFamily),
}

impl Speaker {
    pub(crate) fn family(self) -> ApiFamily {
        match self {
            Self::Service(api, _) => api.family(),
            Self::Gateway(family) => family,
        }
    }

    /// Whether calls of what it speaks for are counted.
    fn is_limited(self, limits: RateLimits) -> bool {
        let classic = self.family() == ApiFamily::Classic && limits == RateLimits::Documented;
        classic || limit::is_counted(limits, self.route())
    }

    /// The name of the route; none for what only the gateway speaks about.
    fn route(self) -> &'static str {
        match self {
            Self::Service(_, route) => route.name,
            Self::Gateway(_) => "",
        }
    }

    /// The service, if one speaks.
    fn api(self) -> Option<Api> {
        match self {
            Self::Service(api, _) => Some(api),
            Self::Gateway(_) => None,
        }
    }
}

/// The answer to a refused resource request. `bearer` says what the token looks like, for the
/// gateway's different texts.
pub(crate) fn refusal(speaker: Speaker, refusal: &Refusal, bearer: Jws, at: Setting<'_>) -> Answer {
    let answer = match speaker.family() {
        ApiFamily::Glp | ApiFamily::DataServices => glp::refusal(speaker, refusal, bearer, at),
        ApiFamily::Central => central::refusal(speaker, refusal, at),
        ApiFamily::Classic => return limited_wait(classic::refusal(refusal, at), speaker, refusal, at),
    };
    let answer = limited_wait(answer, speaker, refusal, at);
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

/// The answer to a refused token request, in the words of the endpoint that was asked.
pub(crate) fn token_refusal(refusal: &TokenRefusal, endpoint: Endpoint, at: Setting<'_>) -> Answer {
    match endpoint {
        Endpoint::Issuer => issuer::token_refusal(refusal, at),
        Endpoint::Login | Endpoint::Authorize | Endpoint::Token => classic::token_refusal(refusal, at),
    }
}

/// The answer with what it says about when or how to come back.
fn limited_wait(answer: Answer, speaker: Speaker, refusal: &Refusal, at: Setting<'_>) -> Answer {
    match refusal {
        Refusal::Method(allow) => answer.with(header::ALLOW, allow),
        Refusal::Limited(spent) => retry_after(answer, speaker.route(), *spent, at),
        _ => answer,
    }
}

/// The answer with a status that nothing in the request led to, in the words of those who speak; without
/// anybody those of a token endpoint.
pub(crate) fn of_status(speaker: Option<Speaker>, status: StatusCode, at: Setting<'_>) -> Answer {
    if !(status.is_client_error() || status.is_server_error()) {
        return Answer::empty(status);
    }
    let Some(speaker) = speaker else { return issuer::of_status(status) };
    let known = match status {
        StatusCode::UNAUTHORIZED => Some(Refusal::Token(TokenFault::Expired)),
        StatusCode::FORBIDDEN => Some(Refusal::WrongWorkspace),
        StatusCode::NOT_FOUND => Some(Refusal::NoRoute),
        StatusCode::REQUEST_TIMEOUT => Some(Refusal::BodyTooSlow),
        StatusCode::PAYLOAD_TOO_LARGE => Some(Refusal::BodyTooLarge),
        StatusCode::TOO_MANY_REQUESTS => Some(Refusal::Limited(spent(speaker, at))),
        _ => None,
    };
    let answer = known.map(|known| refusal(speaker, &known, Jws::Undecodable, at));
    let answer = answer.filter(|answer| answer.status == status).unwrap_or_else(|| {
        let reason = status.canonical_reason().unwrap_or("Unknown");
        let body = match speaker.family() {
            ApiFamily::Classic => json!({"message": reason}),
            ApiFamily::Glp | ApiFamily::DataServices | ApiFamily::Central => {
                let code = format!("HPE_GL_ERROR_{}", reason.to_ascii_uppercase().replace([' ', '-'], "_"));
                let debug_id = at.seed.uuid("debug", "", at.ordinal).to_string();
                envelope(status, &code, reason, &debug_id)
            }
        };
        Answer::json(status, &body)
    });
    let limited = status == StatusCode::TOO_MANY_REQUESTS;
    let allowance = limited.then(|| spent(speaker, at));
    rate_headers(answer, speaker, Setting { allowance, ..at })
}

/// A quota of which nothing is left: the documented or custom one, else that of an allowance that nobody counts.
fn spent(speaker: Speaker, at: Setting<'_>) -> Allowance {
    limit::used_up(at.dialect.rate_limits, speaker.route(), at.now)
        .unwrap_or_else(|| Allowance { remaining: 0, ..uncounted(speaker.family(), at.now) })
}

/// How an allowance stands that nobody counts. GLP counts by the minute, Central by the hour (`glp.md §6.1`,
/// `central.md §4.4`).
fn uncounted(family: ApiFamily, now: Timestamp) -> Allowance {
    if family == ApiFamily::Classic {
        return classic::UNCOUNTED;
    }
    let window = if family == ApiFamily::Central { 3_600 } else { 60 };
    let resets_in = window - now.as_second().rem_euclid(window);
    Allowance { most: 1000, remaining: 999, resets_in, day: None }
}

fn challenges(family: ApiFamily, at: Setting<'_>) -> bool {
    match at.dialect.www_authenticate {
        WwwAuthenticate::On => true,
        WwwAuthenticate::Off => false,
        WwwAuthenticate::ByFamily => family != ApiFamily::Central,
    }
}

/// When to come back (dialect `retry_after`). HPE documents the header for Central's alerts alone
/// (`central.md §4.4`).
fn retry_after(answer: Answer, route: &str, spent: Allowance, at: Setting<'_>) -> Answer {
    match at.dialect.retry_after {
        RetryAfter::Documented if route != ALERTS => answer,
        RetryAfter::Off => answer,
        RetryAfter::On | RetryAfter::Documented => {
            answer.with(header::RETRY_AFTER, &spent.resets_in.to_string())
        }
        RetryAfter::Date => {
            let mut answer = answer;
            answer.headers.insert(header::RETRY_AFTER, http_date(end_of_window(at.now, spent.resets_in)));
            answer
        }
    }
}

fn end_of_window(now: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_second(now.as_second() + seconds).unwrap_or(now)
}

const BASIC: &str = r#"Basic realm="greenlake""#;
const BEARER_INVALID: &str = r#"Bearer error="invalid_token""#;

fn envelope(status: StatusCode, code: &str, message: &str, debug_id: &str) -> Value {
    json!({"httpStatusCode": status.as_u16(), "errorCode": code, "message": message, "debugId": debug_id})
}

/// The two spellings of the rate headers: limit, remaining, reset.
static RATELIMIT: [HeaderName; 3] = [
    HeaderName::from_static("ratelimit-limit"),
    HeaderName::from_static("ratelimit-remaining"),
    HeaderName::from_static("ratelimit-reset"),
];
static X_RATELIMIT: [HeaderName; 3] = [
    HeaderName::from_static("x-ratelimit-limit"),
    HeaderName::from_static("x-ratelimit-remaining"),
    HeaderName::from_static("x-ratelimit-reset"),
];

/// The rate headers of a resource answer (`glp.md §8.5`, `central.md` appendix A4, dialect
/// `rate_headers`): present on every one, with or without a limit, but for what a limited route answers
/// to those whose calls it does not count, such as strangers.
pub(crate) fn rate_headers(answer: Answer, speaker: Speaker, at: Setting<'_>) -> Answer {
    let family = speaker.family();
    let allowance = match at.allowance {
        Some(allowance) => allowance,
        None if speaker.is_limited(at.dialect.rate_limits) && family == ApiFamily::Classic => {
            return through_kong(answer);
        }
        None if speaker.is_limited(at.dialect.rate_limits) => return answer,
        None => uncounted(family, at.now),
    };
    let names = match (at.dialect.rate_headers, family) {
        (_, ApiFamily::Classic) => return classic::with_rates(answer, Some(allowance), at),
        (RateHeaders::None, _) => return answer,
        // The edge in front answers before anybody counts.
        _ if answer.headers.get(header::CONTENT_TYPE).is_some_and(|it| it == "text/html") => return answer,
        (RateHeaders::RateLimit, _) => &RATELIMIT,
        (RateHeaders::XRateLimit, _) | (RateHeaders::ByFamily, ApiFamily::Central) => &X_RATELIMIT,
        (RateHeaders::ByFamily, ApiFamily::Glp | ApiFamily::DataServices) => &RATELIMIT,
    };
    let Allowance { most, remaining, resets_in, .. } = allowance;
    let reset = if names == &X_RATELIMIT && at.dialect.central_rate_reset == CentralRateReset::Rfc3339 {
        end_of_window(at.now, resets_in).to_string()
    } else {
        resets_in.to_string()
    };
    let values = [most.to_string(), remaining.to_string(), reset];
    names.iter().zip(values).fold(answer, |answer, (name, value)| answer.with(name.clone(), &value))
}
