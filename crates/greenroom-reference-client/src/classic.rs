//! Classic Central: a sign-in of three steps, and two tokens, for which each refresh gives the next two.
//!
//! A refresh token is good once (RFC 6749 §6, RFC 9700 §4.14.2). Whoever is to send it takes it out, so that nobody sends
//! it a second time, and the two that come for it are stored together, before either is used. Only when none is left, or
//! the one that was sent is worth nothing, the user signs in again.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use reqwest::{
    Method, Url,
    header::{COOKIE, HeaderName, HeaderValue, SET_COOKIE},
};
use serde_json::{Value, json};

use crate::{
    config::{ClassicEntry, Credentials, Secret, User},
    failure::{Failure, Kind},
    http::{Answer, Http, Lost, Request},
    issuer::{self, Refusal},
    mutant::Mutant::{
        self, M64, M164, M201, M202, M203, M204, M205, M206, M207, M209, M211, M212, M213, M214,
    },
    place,
    token::{Slot, Token},
    token_file::TokenFile,
};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const CSRF: HeaderName = HeaderName::from_static("x-csrf-token");
const LOGIN: &str = "/oauth2/authorize/central/api/login";
const AUTHORIZE: &str = "/oauth2/authorize/central/api";
const TOKEN: &str = "/oauth2/token";
/// Its entry in the token file.
const ENTRY: &str = "classic";

/// The tokens of one application, and of the user whose it is.
#[derive(Debug)]
pub(crate) struct Classic {
    http: Http,
    base: Url,
    application: Option<Credentials>,
    user: Option<User>,
    pub(crate) slot: Slot,
    /// Good for one refresh.
    refresh_token: Mutex<Option<Secret>>,
    file: Option<Arc<TokenFile>>,
}

/// What the first step of a sign-in gives: a session, and what its requests prove with that they are its own.
struct Session {
    cookie: Secret,
    csrf: Secret,
}

impl Classic {
    pub(crate) fn new(
        http: Http,
        base: Url,
        entry: &ClassicEntry,
        file: Option<Arc<TokenFile>>,
    ) -> Result<Self, Failure> {
        let (application, user) = (entry.application(), entry.user());
        if entry.access_token.is_none() && (application.is_none() || user.is_none()) {
            let message = "config.classic has neither an access_token nor all of client_id, client_secret, username, \
                           password and customer_id";
            return Err(Failure::new(Kind::Other, message));
        }
        // How long a supplied token lives, nobody said; when one runs out that was stored, the file knows. With nothing to
        // renew it, it is tried all the same.
        let life =
            entry.expires_at().filter(|_| application.is_some()).map(|end| http.process.clock.until(end));
        let supplied = entry.access_token.clone().map(|value| Token::new(&http.process, value, life));
        let supplied = supplied.filter(|_| file.is_none() || !http.process.broken(M164));
        let refresh_token = Mutex::new(entry.refresh_token.clone());
        Ok(Self { http, base, application, user, slot: Slot::with(supplied), refresh_token, file })
    }

    pub(crate) fn http(&self) -> &Http {
        &self.http
    }

    /// A token that is good as far as anybody here knows.
    pub(crate) async fn token(&self) -> Result<Arc<Token>, Failure> {
        let is_good = |token: &Arc<Token>| !token.has_run_out(&self.http.process);
        self.slot.get(&self.http.process, is_good, self.next()).await
    }

    /// A newer token than this one, which the server has refused.
    pub(crate) async fn renew(&self, stale: &Arc<Token>) -> Result<Arc<Token>, Failure> {
        if self.broken(M203) {
            return self.slot.get_alone(self.next()).await;
        }
        let is_alone = self.application.is_none();
        if is_alone && self.broken(M213) {
            return Ok(Arc::clone(stale));
        }
        self.slot.get(&self.http.process, |token| !Arc::ptr_eq(token, stale), self.next()).await
    }

    /// The next token for the refresh token, and everybody goes on with it, though nobody has refused the one before.
    /// Each demand is kept: one that comes while somebody renews is for the tokens after those.
    pub(crate) async fn refreshed(&self) -> Result<(), Failure> {
        if self.broken(M214) {
            return Err(Failure::new(Kind::Other, "refresh takes no such argument"));
        }
        if self.broken(M211) {
            return self.next().await.map(drop);
        }
        if self.refresh_token.lock().unwrap_or_else(PoisonError::into_inner).is_none() {
            return Err(Failure::new(Kind::Auth, "there is no refresh token to refresh with"));
        }
        let before = self.slot.peek().await;
        let is_newer = |token: &Arc<Token>| before.as_ref().is_none_or(|before| !Arc::ptr_eq(before, token));
        self.slot.get(&self.http.process, is_newer, self.next()).await.map(drop)
    }

    /// The next token: for the refresh token, or, if that is worth nothing, for user and password.
    pub(crate) async fn next(&self) -> Result<Token, Failure> {
        let Some(refresh_token) = self.take() else { return self.sign_in().await };
        let is_stored = self.file.is_some() && self.http.process.tokens() == 0;
        if is_stored && self.broken(M64) {
            return Err(Failure::new(Kind::Auth, "the stored token is no good").with_status(401));
        }
        match self.refresh(&refresh_token).await {
            Ok(token) => Ok(token),
            Err(Refusal { failure, of_subject: true }) if !self.broken(M205) => {
                self.sign_in().await.map_err(|later| later.after(&failure.message))
            }
            // It was not looked at: a limit, an outage. The next call may use it.
            Err(Refusal { failure, .. }) => {
                self.put(Some(refresh_token));
                Err(failure)
            }
        }
    }

    /// Two tokens for a refresh token (RFC 6749 §6). In the body nothing of it is seen by who reads URLs; the gateway
    /// takes it there as well as in the query.
    async fn refresh(&self, refresh_token: &Secret) -> Result<Token, Refusal> {
        let grant = json!({"grant_type": "refresh_token", "refresh_token": refresh_token.reveal()});
        let kept = |failure| Refusal { failure, of_subject: false };
        let request = self.token_request(grant).map_err(kept)?;
        // Without an answer it may have been used up. It is not sent again to find out: some servers take back all
        // tokens of a user when that happens (RFC 9700 §4.14.2).
        let ends = |sent: &Result<Answer, Lost>| match sent {
            Ok(answer) => answer.status == 429 && self.broken(M204),
            Err(lost) => lost.may_have_arrived && !self.broken(M209),
        };
        let answer = issuer::ask_unless(&self.http, request.clone(), ends).await?;
        let of_subject = is_void(&answer)
            || may_be_used_up(&answer) && !self.broken(M212)
            || answer.status == 429 && self.broken(M204);
        let taken = self.taken(&request, &answer, Some(refresh_token)).await;
        taken.map_err(|failure| Refusal { failure, of_subject })
    }

    /// Two tokens for user and password: a session, for the session a code, for the code the tokens.
    async fn sign_in(&self) -> Result<Token, Failure> {
        if self.user.is_none() {
            let message = "the tokens are no good any more, and there is no user to sign in with";
            return Err(Failure::new(Kind::Auth, message).with_status(401));
        }
        if self.broken(M206) {
            self.signed_in().await?;
        }
        let token = self.signed_in().await;
        if token.is_err() && self.broken(M207) {
            std::process::exit(1);
        }
        token
    }

    async fn signed_in(&self) -> Result<Token, Failure> {
        let session = self.session().await?;
        let code = self.code(&session).await?;
        let request =
            self.token_request(json!({"grant_type": "authorization_code", "code": code.reveal()}))?;
        let answer = issuer::ask(&self.http, request.clone()).await?;
        self.taken(&request, &answer, None).await
    }

    /// The first step: who it is.
    async fn session(&self) -> Result<Session, Failure> {
        let (application, user) = self.who()?;
        let body = json!({"username": user.name, "password": user.password.reveal()});
        let (request, answer) = self.step(LOGIN, &[("client_id", &application.id)], body, &[]).await?;
        match (cookie(&answer, "session"), cookie(&answer, "csrftoken")) {
            (Some(cookie), Some(csrf)) => Ok(Session { cookie, csrf }),
            _ => Err(nonsense(&request, "has no session")),
        }
    }

    /// The second step: for which customer.
    async fn code(&self, session: &Session) -> Result<Secret, Failure> {
        let (application, user) = self.who()?;
        let query = [("client_id", &*application.id), ("response_type", "code"), ("scope", "all")];
        let headers = [
            (COOKIE, sensitive(format!("session={}", session.cookie.reveal()))?),
            (CSRF, sensitive(session.csrf.reveal().to_owned())?),
        ];
        let body = json!({"customer_id": user.customer});
        let (request, answer) = self.step(AUTHORIZE, &query, body, &headers).await?;
        let code = text(&answer, "auth_code");
        code.ok_or_else(|| nonsense(&request, "has no auth_code"))
    }

    /// One of the first two steps.
    async fn step(
        &self,
        path: &str,
        query: &[(&str, &str)],
        body: Value,
        headers: &[(HeaderName, HeaderValue)],
    ) -> Result<(Request, Answer), Failure> {
        let query: Vec<_> = query.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let mut request = Request::new(Method::POST, place::at(&self.base, path, &query)?)
            .with_body(JSON, body.to_string());
        request.headers.extend(headers.iter().cloned());
        let answer = issuer::ask(&self.http, request.clone()).await?;
        if answer.status == 200 {
            return Ok((request, answer));
        }
        let kind = match answer.status {
            400 | 403 => Kind::Auth,
            status => Kind::of_status(status),
        };
        let message = format!("{request}: the user is not signed in: {}", answer.verdict());
        let failure = Failure::new(kind, message).with_status(answer.status);
        Err(self.application.iter().fold(failure, |failure, own| failure.of_client(&own.id)))
    }

    /// A request to the token endpoint: the grant, and who asks.
    fn token_request(&self, mut grant: Value) -> Result<Request, Failure> {
        let Some(application) = &self.application else {
            let message =
                "the access token is no good any more, and there is no application to get another with";
            return Err(Failure::new(Kind::Auth, message).with_status(401));
        };
        grant["client_id"] = application.id.as_str().into();
        grant["client_secret"] = application.secret.reveal().into();
        let request = Request::new(Method::POST, place::at(&self.base, TOKEN, &[])?);
        Ok(request.with_body(JSON, grant.to_string()))
    }

    fn who(&self) -> Result<(&Credentials, &User), Failure> {
        let missing = || Failure::new(Kind::Other, "config.classic has no application, or no user");
        self.application.as_ref().zip(self.user.as_ref()).ok_or_else(missing)
    }

    /// The tokens in an answer, which take the place of those before, here and in the file. `sent` is the refresh token
    /// that they came for; if no other comes, it is still good.
    async fn taken(
        &self,
        request: &Request,
        answer: &Answer,
        sent: Option<&Secret>,
    ) -> Result<Token, Failure> {
        let granted = issuer::granted(&self.http, request, answer);
        let of_client = |failure: Failure| {
            self.application.iter().fold(failure, |failure, own| failure.of_client(&own.id))
        };
        let token = granted.map_err(of_client)?;
        let mut next = text(answer, "refresh_token").or_else(|| sent.cloned());
        if sent.is_some() && self.broken(M201) {
            next = sent.cloned();
        }
        if let Some(file) = &self.file {
            let mut members = vec![
                ("access_token", Some(token.reveal().to_owned())),
                ("expires_at", self.end(answer).map(|end| end.to_string())),
            ];
            if !self.broken(M202) {
                members.push(("refresh_token", next.as_ref().map(|next| next.reveal().to_owned())));
            }
            file.remember(&self.http, ENTRY, members, None).await;
        }
        self.put(next);
        Ok(token)
    }

    /// When an access token that has just come runs out, if the answer says so.
    fn end(&self, answer: &Answer) -> Option<Timestamp> {
        let life = SignedDuration::from_secs(answer.json()?["expires_in"].as_i64()?);
        self.http.process.clock.now().wall.checked_add(life).ok()
    }

    /// The refresh token, which nobody else has from now on.
    fn take(&self) -> Option<Secret> {
        let mut refresh_token = self.refresh_token.lock().unwrap_or_else(PoisonError::into_inner);
        if refresh_token.is_some() && self.broken(M203) {
            return refresh_token.clone();
        }
        refresh_token.take()
    }

    fn put(&self, next: Option<Secret>) {
        *self.refresh_token.lock().unwrap_or_else(PoisonError::into_inner) = next;
    }

    fn broken(&self, mutant: Mutant) -> bool {
        self.http.process.broken(mutant)
    }
}

/// Whether a refresh was refused for its refresh token. What is wrong with the application, a sign-in would not mend.
fn is_void(answer: &Answer) -> bool {
    matches!(answer.status, 400 | 401) && answer.reason().as_deref() != Some("invalid_client")
}

/// Whether a refresh token may be used up though it brought nothing: the server broke down over it, or gave an answer
/// that makes no sense. Like one that got lost it is not sent again.
fn may_be_used_up(answer: &Answer) -> bool {
    matches!(answer.status, 200..=299 | 500 | 502 | 504)
}

/// A text of a JSON answer that says something.
fn text(answer: &Answer, name: &str) -> Option<Secret> {
    let body = answer.json()?;
    let text = body.get(name)?.as_str().filter(|text| !text.is_empty())?;
    Some(Secret::new(text.to_owned()))
}

/// A cookie that an answer sets (RFC 6265 §4.1).
fn cookie(answer: &Answer, name: &str) -> Option<Secret> {
    let set = answer.headers.get_all(SET_COOKIE).iter().filter_map(|it| it.to_str().ok());
    let mut pairs = set.filter_map(|it| it.split(';').next()?.split_once('='));
    let (_, value) = pairs.find(|(known, value)| known.trim() == name && !value.trim().is_empty())?;
    Some(Secret::new(value.trim().to_owned()))
}

fn sensitive(value: String) -> Result<HeaderValue, Failure> {
    let mut header = HeaderValue::try_from(value).map_err(|_| {
        Failure::new(Kind::Protocol, "a session that fits into no header cannot be gone on with")
    })?;
    header.set_sensitive(true);
    Ok(header)
}

fn nonsense(request: &Request, what: &str) -> Failure {
    Failure::new(Kind::Protocol, format!("{request}: the answer with status 200 {what}")).with_status(200)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use reqwest::header::HeaderMap;

    use super::*;

    fn answer(status: u16, body: &'static str) -> Answer {
        Answer { status, headers: HeaderMap::new(), body: Bytes::from_static(body.as_bytes()) }
    }

    #[test]
    fn only_what_a_sign_in_mends_is_a_void_refresh_token() {
        let kong = r#"{"error":"invalid_request","error_description":"Invalid refresh_token"}"#;
        for (status, body, expected) in [
            (400, kong, true),
            (401, kong, true),
            (400, r#"{"error":"invalid_grant"}"#, true),
            (400, r#"{"error":"invalid_client"}"#, false),
            (429, r#"{"message":"API rate limit exceeded"}"#, false),
            (500, r#"{"message":"An unexpected error occurred"}"#, false),
            (403, "{}", false),
        ] {
            assert_eq!(is_void(&answer(status, body)), expected, "{status} {body}");
        }
    }

    #[test]
    fn what_was_not_looked_at_is_still_good() {
        for (status, expected) in
            [(200, true), (500, true), (502, true), (504, true), (503, false), (429, false)]
        {
            assert_eq!(may_be_used_up(&answer(status, "<html>")), expected, "{status}");
        }
    }

    #[test]
    fn cookies_are_found_by_their_names() {
        let mut answer = answer(200, r#"{"status":true}"#);
        for set in
            ["csrftoken=a=b; Secure; Path=/", "xsession=no; Path=/", "session=s; Secure; HttpOnly; Path=/"]
        {
            answer.headers.append(SET_COOKIE, HeaderValue::from_static(set));
        }
        let found = |name| cookie(&answer, name).map(|it| it.reveal().to_owned());
        assert_eq!((found("csrftoken").as_deref(), found("session").as_deref()), (Some("a=b"), Some("s")));
        assert_eq!(found("other"), None);
    }
}
