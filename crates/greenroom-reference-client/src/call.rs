//! One logical call: what its caller sees of tokens that run out, of limits and of broken connections is nothing, or
//! the truth.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;

use crate::{
    failure::Failure,
    http::{Answer, Http, Request},
    mutant::Mutant::{M01, M02, M03, M04, M05, M08, M09, M15, M35, M41, M46, M53, M66, M90},
    redirect,
    retry::{self, Patience},
    source::Source,
    token::Token,
};

/// As good as for ever.
const FOR_EVER: u32 = 100;

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
            patience.try_begins();
            let answer = match self.http.send(&request, Some(&token)).await {
                Ok(answer) => answer,
                Err(lost) => {
                    if lost.may_have_arrived && !request.is_idempotent() && !self.http.process.broken(M35) {
                        return if self.http.process.broken(M90) { Ok(done()) } else { Err(lost.failure) };
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
                match self.source.renew(&token).await {
                    Ok(fresh) if !self.http.process.broken(M02) => token = fresh,
                    Ok(_) => {}
                    Err(_) if patience.has_tries() && self.http.process.broken(M53) => continue,
                    Err(failure) => return Err(failure.after(&format!("{request}: {}", answer.verdict()))),
                }
                if request.body.is_some() && self.http.process.broken(M03) {
                    request.body = None;
                }
                if let Some(first) = request.first_page.take_if(|_| self.http.process.broken(M46)) {
                    request.url = first;
                }
                refused = Some(answer);
            } else if retry::is_invited(&request, &answer) {
                match retry::wait(&self.http.process, &mut patience, &request, &answer)? {
                    Some(wait) => token = self.wait(wait).await?,
                    None => return Ok(answer),
                }
            } else if let Some(target) = redirect::target(&request, &answer) {
                hops += 1;
                let allowed = redirect::is_allowed(&request, &target);
                if hops > redirect::HOPS || !allowed && !self.http.process.broken(M41) {
                    return Err(redirect::refused(&request, &answer));
                }
                request.url = target;
            } else {
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
                    || self.source.is_believed().await)
            }
            403 => !renewed && broken(M09),
            _ => false,
        }
    }

    /// Waits, and says with which token to go on: the one before may have run out meanwhile.
    async fn wait(&self, wait: Duration) -> Result<Arc<Token>, Failure> {
        self.http.process.sleep(wait).await;
        self.source.token().await
    }
}

/// What [`M90`] makes up.
fn done() -> Answer {
    Answer { status: 200, headers: Default::default(), body: Bytes::new() }
}
