//! Token endpoints: how they are asked, and what their answers mean.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use form_urlencoded::{Serializer, byte_serialize};
use reqwest::{
    Method, Url,
    header::{AUTHORIZATION, HeaderValue},
};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    config::{Credentials, Secret},
    failure::{Failure, Kind},
    http::{Answer, Http, Level, Request},
    mutant::Mutant::{M06, M16, M28, M40, M42, M47, M48, M57},
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
    if answer.status != 200 && http.process.broken(M40) {
        let message = format!("{} is refused", who.secret.reveal());
        return Err(Failure::new(Kind::Auth, message).with_status(answer.status));
    }
    granted(http, &request, &answer)
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
async fn ask(http: &Http, mut request: Request) -> Result<Answer, Failure> {
    let mut patience = Patience::of_token(&request.to_string());
    loop {
        patience.try_begins();
        let wait = match http.send(&request, None).await {
            Ok(answer) if matches!(answer.status, 429 | 503) => {
                match retry::wait(&http.process, &mut patience, &request, &answer)? {
                    Some(wait) => wait,
                    None => return Ok(answer),
                }
            }
            Ok(answer) => match redirect::target(&request, &answer) {
                Some(target) if http.process.broken(M42) && patience.has_tries() => {
                    request.url = target;
                    Duration::ZERO
                }
                Some(_) => return Err(redirect::refused(&request, &answer)),
                None => return Ok(answer),
            },
            Err(lost) => patience.wait_after_loss().ok_or(lost.failure)?,
        };
        http.process.sleep(wait).await;
    }
}

/// [`M06`] and [`M16`].
fn asks_again(http: &Http, answer: &Answer) -> bool {
    let is_oauth = matches!(answer.status, 400 | 401) && answer.reason().is_some();
    answer.status == 401 && http.process.broken(M06) || is_oauth && http.process.broken(M16)
}

/// The token in an answer.
fn granted(http: &Http, request: &Request, answer: &Answer) -> Result<Token, Failure> {
    if answer.status != 200 {
        let kind = match answer.status {
            400 | 403 => Kind::Auth,
            status => Kind::of_status(status),
        };
        let message = format!("{request}: no token is given: {}", answer.verdict());
        return Err(Failure::new(kind, message).with_status(answer.status));
    }
    let nonsense = |what: &str| {
        Failure::new(Kind::Protocol, format!("{request}: the answer with status 200 {what}")).with_status(200)
    };
    // A parser's own words may quote the answer.
    let granted: Granted =
        serde_json::from_slice(&answer.body).map_err(|_| nonsense("is no JSON with an access_token"))?;
    if granted.access_token.reveal().is_empty() {
        return Err(nonsense("has an empty access_token"));
    }
    // Who does not know a type must not use the token (RFC 6749 §7.1).
    if granted.token_type.is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
        return Err(nonsense("has a token_type other than Bearer"));
    }
    if granted.issued_token_type.is_some_and(|kind| kind != ACCESS_TOKEN) {
        return Err(nonsense("has an issued_token_type other than an access token"));
    }
    http.tell(Level::Info, || format!("{request}: a token is given"));
    let token = Token::new(&http.process, granted.access_token, life(&granted.expires_in));
    http.process.got(&token);
    Ok(token)
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
