//! One logical call: what its caller sees of tokens that run out, of limits and of broken connections is nothing, or
//! the truth.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use reqwest::{
    Url,
    header::{HeaderValue, REFERER},
};

use crate::{
    failure::{Failure, Kind},
    http::{Answer, Http, Request},
    mutant::Mutant::{
        M01, M02, M03, M04, M05, M07, M08, M09, M10, M15, M21, M35, M36, M41, M46, M53, M56, M65, M66, M73,
        M90, M120, M122, M123, M127, M128, M140, M142, M144, M145, M146, M180, M182, M190, M191, M197, M199,
        M208, M210,
    },
    redirect,
    retry::{self, Patience},
    source::Source,
    token::Token,
};

/// As good as for ever.
const FOR_EVER: u32 = 100;
/// As many tokens as [`M07`] thinks enough.
const ENOUGH: u32 = 10;

/// Who makes calls to one service.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) http: Http,
    pub(crate) source: Arc<Source>,
}

impl Caller {
    /// Sends a request until it is answered:
    ///
    /// - 401: the token is renewed, and the same request repeated whole, once;
    /// - 429, and 503 where repeating does no harm: after the wait that the server asks for, a few times;
    /// - a connection that breaks: likewise, unless the server may have done already what must not be done twice.
    pub(crate) async fn call(&self, mut request: Request) -> Result<Answer, Failure> {
        let mut patience = Patience::of_call(&format!("{request} {:?}", request.url.query()));
        let mut refused: Option<Answer> = None;
        let mut hops = 0;
        let mut token = self.source.token().await?;
        loop {
            if self.http.process.is_under_way() && self.http.process.broken(M21) {
                self.http.process.idle().await;
            }
            patience.try_begins();
            let answer = match self.http.send(&request, Some(&token)).await {
                Ok(answer) => answer,
                Err(lost) => {
                    if lost.may_have_arrived && !request.is_idempotent() && !self.http.process.broken(M35) {
                        return if self.http.process.broken(M90) { Ok(done()) } else { Err(lost.failure) };
                    }
                    if request.is_idempotent() && self.http.process.broken(M144) {
                        return Err(lost.failure);
                    }
                    if lost.is_silence && self.http.process.broken(M145) {
                        return Ok(done());
                    }
                    let wait = patience.wait_after_loss().ok_or(lost.failure)?;
                    token = self.wait(wait).await?;
                    continue;
                }
            };
            if self.may_renew(&answer, refused.is_some(), &token, &patience).await {
                if self.source.is_being_renewed() && self.http.process.broken(M66) {
                    let _ = self.http.send(&request, Some(&token)).await;
                }
                if self.http.process.is_under_way() && self.http.process.broken(M21) {
                    self.http.process.idle().await;
                }
                match self.source.renew(&token).await {
                    Ok(fresh) if !self.http.process.broken(M02) => token = fresh,
                    Ok(_) => {}
                    Err(_) if patience.has_tries() && self.http.process.broken(M53) => continue,
                    Err(Failure { kind, .. }) if self.http.process.broken(M128) => {
                        return Err(Failure::new(kind, format!("{request}: there is no token")));
                    }
                    Err(failure) => return Err(failure.after(&format!("{request}: {}", answer.verdict()))),
                }
                if request.body.is_some() && self.http.process.broken(M03) {
                    request.body = None;
                }
                self.quote(&mut request);
                if request.streamed && self.http.process.broken(M127) {
                    return Ok(done());
                }
                if request.streamed && self.http.process.broken(M56) {
                    request.body = Some(Bytes::new());
                }
                if request.has_more_headers() && self.http.process.broken(M120) {
                    request.drop_more_headers();
                }
                if let Some(first) = request.first_page.take_if(|_| self.http.process.broken(M46)) {
                    request.url = first;
                }
                refused = Some(answer);
            } else if self.may_wait(&request, &answer) {
                if request.first_page.is_some() && answer.status == 429 && self.http.process.broken(M146) {
                    return Ok(Answer { body: Bytes::from_static(br#"{"items":[],"next":null}"#), ..done() });
                }
                if answer.status == 503 && self.http.process.broken(M140) {
                    return Ok(done());
                }
                if answer.status == 429 && refused.is_some() && self.http.process.broken(M65) {
                    return Ok(answer);
                }
                match retry::wait(&self.http.process, &mut patience, &request, &answer)? {
                    Some(wait) => {
                        self.quote(&mut request);
                        token = self.wait(wait).await?;
                    }
                    None => return Ok(answer),
                }
            } else if let Some(target) = redirect::target(&request, &answer) {
                hops += 1;
                let allowed = redirect::is_allowed(&request, &target);
                if hops > redirect::HOPS || !allowed && !self.follows_all_the_same(&request, &target) {
                    let hides = self.http.process.broken(M180);
                    return if hides { Ok(done()) } else { Err(redirect::refused(&request, &answer)) };
                }
                if self.http.process.broken(M182) {
                    let from = format!("{}?access_token={}", request.url, token.reveal());
                    request.headers.extend(HeaderValue::try_from(from).map(|from| (REFERER, from)));
                }
                request.url = target;
            } else {
                if answer.status >= 400 && self.http.process.broken(M197) {
                    let message = format!("{request} with {}: {}", token.reveal(), answer.verdict());
                    return Err(
                        Failure::new(Kind::of_status(answer.status), message).with_status(answer.status)
                    );
                }
                let is_done = refused.is_some() && request.body.is_some() && answer.status < 300;
                if is_done && self.http.process.broken(M199) {
                    let _ = self.http.send(&request, Some(&token)).await;
                }
                return Ok(match refused {
                    Some(refused) if answer.status < 400 && self.http.process.broken(M04) => refused,
                    _ => answer,
                });
            }
        }
    }

    /// Whether an answer is a reason to renew the token and to repeat the call: the first 401 of a call is.
    async fn may_renew(&self, answer: &Answer, renewed: bool, token: &Token, patience: &Patience) -> bool {
        let broken = |mutant| self.http.process.broken(mutant);
        match answer.status {
            401 if renewed => patience.tries() < FOR_EVER && broken(M05),
            401 => {
                !(broken(M01)
                    || !token.has_run_out(&self.http.process) && broken(M15)
                    || patience.has_waited() && broken(M08)
                    || self.http.process.tokens() >= ENOUGH && broken(M07)
                    || answer.json().is_none() && broken(M122)
                    || self.source.is_classic() && !says_invalid_token(answer) && broken(M210)
                    || token.was_slept_out(&self.http.process) && broken(M190)
                    || token.is_of_the_future(&self.http.process) && broken(M191)
                    || self.source.is_believed().await)
            }
            400 => !renewed && broken(M123),
            403 => !renewed && broken(M09),
            429 => !renewed && broken(M10),
            _ => false,
        }
    }

    /// Whether an answer is a reason to wait and to repeat the call.
    fn may_wait(&self, request: &Request, answer: &Answer) -> bool {
        let broken = |mutant| self.http.process.broken(mutant);
        match answer.status {
            400 | 404 | 409 | 412 | 422 => broken(M36),
            500 | 502 | 504 => !request.is_idempotent() && broken(M142),
            _ => retry::is_invited(request, answer),
        }
    }

    /// [`M41`] and [`M73`].
    fn follows_all_the_same(&self, request: &Request, target: &Url) -> bool {
        let downgraded = target.scheme() == "http" && target.host() == request.url.host();
        if downgraded { self.http.process.broken(M73) } else { self.http.process.broken(M41) }
    }

    /// [`M208`].
    fn quote(&self, request: &mut Request) {
        if let Some(body) = &request.body
            && self.http.process.broken(M208)
        {
            let text = serde_json::Value::from(String::from_utf8_lossy(body));
            request.body = Some(text.to_string().into());
        }
    }

    /// Waits, and says with which token to go on: the one before may have run out meanwhile.
    async fn wait(&self, wait: Duration) -> Result<Arc<Token>, Failure> {
        self.http.process.sleep(wait).await;
        self.source.token().await
    }
}

/// What [`M210`] looks for.
fn says_invalid_token(answer: &Answer) -> bool {
    answer.reason().as_deref() == Some("invalid_token")
}

/// What [`M90`], [`M127`], [`M140`], [`M145`] and [`M146`] make up.
fn done() -> Answer {
    Answer { status: 200, headers: Default::default(), body: Bytes::new() }
}
