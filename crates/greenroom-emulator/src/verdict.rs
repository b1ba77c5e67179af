//! What is answered, made of what the world made of a request: signed, computed, enveloped. Runs without
//! the lock.

use greenroom_model::{
    dialect::Dialect,
    host::HostFamily,
    refusal::{Refusal, TokenFault},
    secret::{Digest, Secret},
    token::{TokenKind, Unsigned},
};
use http::StatusCode;
use tokio::runtime::{Handle, RuntimeFlavor};

use crate::{
    classic::sign_in,
    envelope::{self, Answer, Setting},
    oauth::{self, Endpoint},
    operate::{Issuance, Outcome},
    route::{Content, Reply},
    serve::Call,
    signer::{Jws, SIGNER},
};

/// What is answered, and what the history says about it.
pub(crate) struct Verdict {
    pub(crate) answer: Answer,
    /// Code and sentence of a refusal.
    pub(crate) refused: Option<(String, String)>,
    /// The tokens that were signed, the one that was asked for first.
    pub(crate) issued: Vec<Issued>,
    /// What changed in the world.
    pub(crate) changes: Vec<String>,
}

/// A token that was signed, and its digest.
pub(crate) struct Issued {
    pub(crate) unsigned: Unsigned,
    pub(crate) token: Secret,
    pub(crate) digest: Digest,
}

impl Verdict {
    fn answered(answer: Answer) -> Self {
        Self { answer, refused: None, issued: Vec::new(), changes: Vec::new() }
    }

    pub(crate) fn refused(answer: Answer, code: &str, why: String) -> Self {
        Self { answer, refused: Some((code.to_owned(), why)), issued: Vec::new(), changes: Vec::new() }
    }

    /// What a closed sandbox answers to everything.
    pub(crate) fn closed(reason: String) -> Self {
        let text = format!("Greenroom answers no more requests: {reason}.");
        Self::refused(Answer::text(StatusCode::SERVICE_UNAVAILABLE, text), "closed", reason)
    }

    /// Turns an outcome into an answer: signs, or computes a page. Runs without the lock.
    pub(crate) fn of(outcome: Outcome, call: &Call<'_>, at: Setting<'_>) -> Self {
        match outcome {
            Outcome::Token(issuance) => Self::of_issuance(*issuance, at.dialect),
            Outcome::TokenRefused(refusal) => {
                let endpoint = call.token_request.map_or(Endpoint::Issuer, |request| request.endpoint);
                let answer = envelope::token_refusal(&refusal, endpoint, at);
                Self::refused(answer, refusal.code(), refusal.to_string())
            }
            Outcome::Document(body) => Self::answered(Answer::json(StatusCode::OK, &body)),
            Outcome::Reply(reply, allowance) => Self::of_reply(reply, call, Setting { allowance, ..at }),
            Outcome::Refused(refusal, allowance) => {
                Self::of_refusal(refusal, call, Setting { allowance, ..at })
            }
            Outcome::Closed(reason) => Self::closed(reason),
        }
    }

    fn of_issuance(issuance: Issuance, dialect: &Dialect) -> Self {
        let Issuance { token, refresh, csrf } = issuance;
        let sign = |unsigned: Unsigned| {
            let token = SIGNER.sign(&unsigned);
            Issued { digest: Digest::of(&token), unsigned, token: Secret::new(token) }
        };
        let (first, refresh) = (sign(token), refresh.map(sign));
        let text = first.token.reveal();
        let answer = match (first.unsigned.kind, &refresh, &csrf) {
            (_, Some(refresh), _) => {
                sign_in::pair_answer(text, refresh.token.reveal(), &first.unsigned, dialect)
            }
            (_, None, Some(csrf)) => sign_in::session_answer(text, csrf),
            (TokenKind::Code, None, None) => sign_in::code_answer(text),
            _ => oauth::token_answer(text, &first.unsigned, dialect),
        };
        let issued = [first].into_iter().chain(refresh).collect();
        Self { answer, refused: None, issued, changes: Vec::new() }
    }

    fn of_reply(reply: Reply, call: &Call<'_>, at: Setting<'_>) -> Self {
        let Reply { status, headers, body, changes } = reply;
        let answer = match body {
            Content::Empty => Answer::empty(status),
            Content::Written(body) => Answer::written(status, body),
            Content::Later { rows, write } => match stepping_aside(rows, write) {
                Ok(body) => Answer::written(status, body),
                Err(refusal) => return Self::of_refusal(refusal, call, at),
            },
        };
        let answer = headers.iter().fold(answer, |answer, (name, value)| answer.with(name.clone(), value));
        Self { changes, ..Self::answered(counted(answer, call, at)) }
    }

    fn of_refusal(mut refusal: Refusal, call: &Call<'_>, at: Setting<'_>) -> Self {
        if call.door.family == HostFamily::Foreign {
            let answer = Answer::text(StatusCode::NOT_FOUND, "Greenroom has nothing here.");
            return Self::refused(answer, "trap", "the host is a trap".to_owned());
        }
        let mut bearer = Jws::Undecodable;
        if let (Refusal::Token(fault @ TokenFault::Unknown), Ok(presented)) = (&mut refusal, call.bearer) {
            bearer = SIGNER.classify(&presented.token);
            // A token that was issued here and forgotten after it had expired is still an expired one.
            if bearer.signature().expired_by(at.now, at.dialect.clock_skew.0) {
                *fault = TokenFault::Expired;
            }
        }
        let at = match refusal {
            Refusal::Limited(spent) => Setting { allowance: Some(spent), ..at },
            _ => at,
        };
        let answer = match call.identified.target.speaker() {
            Some(speaker) => counted(envelope::refusal(speaker, &refusal, bearer, at), call, at),
            None => envelope::issuer_refusal(&refusal, at),
        };
        Self::refused(answer, refusal.code(), refusal.to_string())
    }
}

/// A resource answer with its rate headers.
fn counted(answer: Answer, call: &Call<'_>, at: Setting<'_>) -> Answer {
    match call.identified.target.speaker() {
        Some(speaker) => envelope::rate_headers(answer, speaker, at),
        None => answer,
    }
}

/// Above so many rows a list is computed where it keeps no other request waiting.
const MANY_ROWS: usize = 5_000;

/// Runs `work` here, or, if it is long and the runtime has other threads, after handing the other tasks
/// of this thread to them.
fn stepping_aside<T>(rows: usize, work: impl FnOnce() -> T) -> T {
    let elsewhere = Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread;
    if rows > MANY_ROWS && elsewhere { tokio::task::block_in_place(work) } else { work() }
}
