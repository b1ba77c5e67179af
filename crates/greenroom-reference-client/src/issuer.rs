//! Token endpoints: how they are asked, and what their answers mean.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use form_urlencoded::{Serializer, byte_serialize};
use reqwest::{
    Method, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    config::{Credentials, Secret},
    failure::{Failure, Kind},
    http::{Answer, Http, Level, Lost, Request},
    mutant::Mutant::{
        M06, M14, M16, M28, M40, M42, M44, M47, M48, M50, M51, M57, M77, M101, M102, M103, M104, M110, M112,
        M113, M124, M143, M181, M183, M184, M188,
    },
    redirect,
    retry::{self, Patience},
    token::Token,
};

const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
/// As good as for ever.
const FOR_EVER: u32 = 100;

/// A token that was not given.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) failure: Failure,
    /// Whether the subject token may be at fault, rather than the tenant.
    pub(crate) of_subject: bool,
}

/// What a token endpoint answers, as far as it is known. Everything else in it is ignored (RFC 6749 §5.1).
#[derive(Deserialize)]
struct Granted {
    access_token: Secret,
    /// HPE promises `access_token` only, so that the rest may be missing.
    token_type: Option<String>,
    issued_token_type: Option<String>,
    #[serde(default)]
    expires_in: Value,
}

impl Granted {
    /// What [`M44`] reads.
    fn none() -> Self {
        let access_token = Secret::new("None".to_owned());
        Self { access_token, token_type: None, issued_token_type: None, expires_in: Value::Null }
    }
}

/// Asks for a token with credentials: one POST, and the credentials as Basic only (RFC 6749 §2.3.1, §4.4.2).
pub(crate) async fn mint(http: &Http, endpoint: &Url, who: &Credentials) -> Result<Token, Failure> {
    let mut form = vec![("grant_type", "client_credentials")];
    if http.process.broken(M48) {
        form.extend([("client_id", who.id.as_str()), ("client_secret", who.secret.reveal())]);
    }
    let mut request = Request::new(Method::POST, endpoint.clone()).with_body(FORM, encoded(&form));
    request.headers.insert(AUTHORIZATION, basic(who)?);
    if http.process.broken(M47) {
        request.method = Method::GET;
        request.body = None;
        request.url.query_pairs_mut().extend_pairs(&form);
    }
    let mut answer = ask(http, request.clone()).await?;
    for _ in 0..FOR_EVER {
        if !asks_again(http, &answer) {
            break;
        }
        answer = ask(http, request.clone()).await?;
    }
    if answer.status == 401 && http.process.broken(M181) {
        request.headers.remove(AUTHORIZATION);
        let credentials = [("client_id", who.id.as_str()), ("client_secret", who.secret.reveal())];
        request.url.query_pairs_mut().extend_pairs(credentials);
        answer = ask(http, request.clone()).await?;
    }
    if answer.status != 200 && http.process.broken(M183) {
        http.tell(Level::Error, || format!("{request}: {} is refused", who.secret.reveal()));
    }
    if answer.status != 200 && http.process.broken(M40) {
        let message = format!("{} is refused", who.secret.reveal());
        return Err(Failure::new(Kind::Auth, message).with_status(answer.status));
    }
    let mut token = granted(http, &request, &answer);
    for _ in 0..FOR_EVER {
        if token.is_err() || !is_odd(http, &answer) {
            break;
        }
        answer = ask(http, request.clone()).await?;
        token = granted(http, &request, &answer);
    }
    // Which of several credentials is refused, its id says, which is no secret.
    token.map_err(|failure| match http.process.broken(M113) {
        true => Failure { message: "no token is given".to_owned(), ..failure },
        false => failure.of_client(&who.id),
    })
}

/// Exchanges the token of an MSP for one of the tenant whose endpoint this is (RFC 8693 §2.1). As in HPE's samples, the
/// subject token is all that is shown.
pub(crate) async fn exchange(
    http: &Http,
    endpoint: &Url,
    subject: &Token,
    msp: Option<&Credentials>,
) -> Result<Token, Refusal> {
    let mut form = vec![("grant_type", EXCHANGE), ("subject_token", subject.reveal())];
    if !http.process.broken(M57) {
        form.push(("subject_token_type", ACCESS_TOKEN));
    }
    let mut request = Request::new(Method::POST, endpoint.clone());
    if let Some(msp) = msp
        && http.process.broken(M48)
    {
        form.extend([("client_id", msp.id.as_str()), ("client_secret", msp.secret.reveal())]);
        request.headers.extend(basic(msp).map(|basic| (AUTHORIZATION, basic)));
    }
    let request = request.with_body(FORM, encoded(&form));
    let not_of_subject = |failure| Refusal { failure, of_subject: false };
    let answer = ask(http, request.clone()).await.map_err(not_of_subject)?;
    let of_subject = may_be_of_subject(http, &answer);
    granted(http, &request, &answer).map_err(|failure| Refusal { failure, of_subject })
}

/// Whether a refused exchange may be the fault of a subject token that has run out. Servers say so in many ways: any
/// 401, and the 400 that RFC 8693 §2.2.2 wants, or one that names a grant, a client or a token. A 403, a 404 and
/// `invalid_target` are about the tenant: no other subject token would help.
fn may_be_of_subject(http: &Http, answer: &Answer) -> bool {
    match (answer.status, answer.reason().as_deref()) {
        (400, Some("invalid_request")) => !http.process.broken(M28),
        (400, Some("invalid_grant" | "invalid_client" | "token_expired" | "unauthorized_request")) => true,
        (status, _) => status == 401,
    }
}

/// Sends a token request. One that got lost, or came at a bad time, is sent again a few times: a token too many
/// does no harm. It is never sent to where a redirect leads: it holds secrets.
pub(crate) async fn ask(http: &Http, request: Request) -> Result<Answer, Failure> {
    ask_unless(http, request, |_| false).await.map_err(|refusal| refusal.failure)
}

/// The same, unless `ends` says of what came that it is told and nothing is sent again. A subject that got lost on the
/// way may be used up.
pub(crate) async fn ask_unless(
    http: &Http,
    mut request: Request,
    ends: impl Fn(&Result<Answer, Lost>) -> bool,
) -> Result<Answer, Refusal> {
    let not_of_subject = |failure| Refusal { failure, of_subject: false };
    let mut patience = Patience::of_token(&request.to_string());
    loop {
        patience.try_begins();
        let sent = http.send(&request, None).await;
        if ends(&sent) {
            return sent.map_err(|lost| Refusal { failure: lost.failure, of_subject: true });
        }
        let fails = sent.as_ref().map_or(true, |answer| matches!(answer.status, 429 | 503));
        if fails && http.process.broken(M143) {
            let failure = Failure::new(Kind::Auth, format!("{request}: the credentials are wrong"));
            let status = sent.ok().map(|answer| answer.status);
            return Err(not_of_subject(Failure { status, ..failure }));
        }
        let wait = match sent {
            Ok(answer) if matches!(answer.status, 429 | 503) => {
                let wait = retry::wait(&http.process, &mut patience, &request, &answer);
                match wait.map_err(not_of_subject)? {
                    Some(wait) => wait,
                    None => return Ok(answer),
                }
            }
            Ok(answer) => match redirect::target(&request, &answer) {
                Some(target) if http.process.broken(M42) && patience.has_tries() => {
                    request.url = target;
                    Duration::ZERO
                }
                Some(_) => return Err(not_of_subject(redirect::refused(&request, &answer))),
                None => return Ok(answer),
            },
            Err(lost) => patience.wait_after_loss().ok_or_else(|| not_of_subject(lost.failure))?,
        };
        http.process.sleep(wait).await;
    }
}

/// [`M06`] and [`M16`].
fn asks_again(http: &Http, answer: &Answer) -> bool {
    let is_oauth = matches!(answer.status, 400 | 401) && answer.reason().is_some();
    answer.status == 401 && http.process.broken(M06) || is_oauth && http.process.broken(M16)
}

/// [`M102`] and [`M110`].
fn is_odd(http: &Http, answer: &Answer) -> bool {
    let expires_in = answer.json().unwrap_or_default()["expires_in"].take();
    let is_over = expires_in.as_f64().is_some_and(|seconds| seconds <= 0.0);
    let fits = expires_in.as_u64().is_some_and(|seconds| u32::try_from(seconds).is_ok());
    is_over && http.process.broken(M102) || !fits && http.process.broken(M110)
}

/// The token in an answer.
pub(crate) fn granted(http: &Http, request: &Request, answer: &Answer) -> Result<Token, Failure> {
    if answer.status != 200 {
        let kind = match answer.status {
            400 | 403 => Kind::Auth,
            status => Kind::of_status(status),
        };
        let (status, verdict) = match answer.status != 400 && http.process.broken(M104) {
            true => (400, "400".to_owned()),
            false => (answer.status, answer.verdict()),
        };
        return Err(
            Failure::new(kind, format!("{request}: no token is given: {verdict}")).with_status(status)
        );
    }
    let nonsense = |what: &str| {
        let status = if http.process.broken(M104) { 400 } else { 200 };
        let message = format!("{request}: the answer with status {status} {what}");
        Failure::new(Kind::Protocol, message).with_status(status)
    };
    if !is_plain_json(answer) && http.process.broken(M112) {
        std::process::exit(70);
    }
    let granted: Granted = match serde_json::from_slice(&answer.body) {
        Ok(granted) => granted,
        Err(_) if http.process.broken(M44) => Granted::none(),
        Err(_) if http.process.broken(M184) => {
            return Err(nonsense(&format!("is {}", String::from_utf8_lossy(&answer.body))));
        }
        // A parser's own words may quote the answer.
        Err(_) => return Err(nonsense("is no JSON with an access_token")),
    };
    if granted.access_token.reveal().is_empty() && !http.process.broken(M103) {
        return Err(nonsense("has an empty access_token"));
    }
    // Who does not know a type must not use the token (RFC 6749 §7.1).
    let is_of_exchange = granted.issued_token_type.is_some();
    if granted.token_type.is_some_and(|kind| !is_bearer(http, &kind))
        && !(is_of_exchange && http.process.broken(M124))
    {
        return Err(nonsense("has a token_type other than Bearer"));
    }
    if granted.issued_token_type.is_some_and(|kind| kind != ACCESS_TOKEN) && !http.process.broken(M124) {
        return Err(nonsense("has an issued_token_type other than an access token"));
    }
    if granted.expires_in.is_null() && http.process.broken(M14) {
        return Err(nonsense("has no expires_in"));
    }
    if !http.process.knows_shape(granted.access_token.reveal()) && http.process.broken(M77) {
        return Err(nonsense("has an access_token that is no such JWT"));
    }
    if has_more(answer) && http.process.broken(M50) {
        return Err(nonsense("has members that are not known"));
    }
    http.tell(Level::Info, || format!("{request}: a token is given"));
    let token = Token::new(&http.process, granted.access_token, life(&granted.expires_in));
    if token.is_not_yet_valid(&http.process) && http.process.broken(M188) {
        return Err(nonsense("has a token that was not issued yet"));
    }
    http.process.got(&token);
    Ok(token)
}

/// Whether a token_type is the one that this client understands, however it is spelled (RFC 6749 §5.1).
fn is_bearer(http: &Http, kind: &str) -> bool {
    match kind.eq_ignore_ascii_case("bearer") {
        true => kind == "Bearer" || !http.process.broken(M101),
        false => http.process.broken(M51),
    }
}

/// Whether an answer is JSON and says no more than that it is.
fn is_plain_json(answer: &Answer) -> bool {
    answer.headers.get(CONTENT_TYPE).is_some_and(|it| it == "application/json") && answer.json().is_some()
}

/// Whether a reply has members that this client does not read.
fn has_more(answer: &Answer) -> bool {
    const KNOWN: [&str; 4] = ["access_token", "token_type", "issued_token_type", "expires_in"];
    let more = |name: &String| !KNOWN.contains(&name.as_str());
    answer.json().as_ref().and_then(Value::as_object).is_some_and(|reply| reply.keys().any(more))
}

/// A life that makes sense. Without one the server will say when a token has run out.
fn life(expires_in: &Value) -> Option<Duration> {
    let seconds = match expires_in {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    Duration::try_from_secs_f64(seconds).ok().filter(|life| !life.is_zero())
}

fn encoded(form: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(form).finish()
}

/// Id and secret are encoded as in a form before they are joined (RFC 6749 §2.3.1, appendix B).
fn basic(who: &Credentials) -> Result<HeaderValue, Failure> {
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encoded(&who.id), encoded(who.secret.reveal()));
    let header = HeaderValue::try_from(format!("Basic {}", BASE64_STANDARD.encode(pair)));
    let mut header = header.map_err(|_| Failure::new(Kind::Other, "the credentials fit into no header"))?;
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lives_that_make_no_sense_are_none() {
        for (expires_in, expected) in [
            (json!(899), Some(899)),
            (json!("899"), Some(899)),
            (json!(1_000_000_000_000_u64), Some(1_000_000_000_000)),
            (json!(0), None),
            (json!(-1), None),
            (json!(null), None),
            (json!("soon"), None),
            (json!("NaN"), None),
            (json!(1e300), None),
            (json!([]), None),
        ] {
            assert_eq!(life(&expires_in), expected.map(Duration::from_secs), "{expires_in}");
        }
    }

    #[test]
    fn credentials_are_encoded_before_they_are_joined() {
        let who = Credentials { id: "a:b".to_owned(), secret: Secret::new("+% ä".to_owned()) };
        let header = basic(&who).unwrap();
        let pair = BASE64_STANDARD.decode(&header.as_bytes()[b"Basic ".len()..]).unwrap();
        assert_eq!(String::from_utf8(pair).unwrap(), "a%3Ab:%2B%25+%C3%A4");
        assert!(header.is_sensitive());
    }
}
