//! The road of one request through a sandbox: record, decide rules, authenticate and operate under the
//! lock; sign or compute outside it; record the answer.

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use greenroom_model::{
    call::OpKind,
    dialect::Dialect,
    history::{Decision, Event, Request, Response},
    host::HostFamily,
    id::Seed,
    issue::Signature,
    refusal::{Refusal, TokenFault},
    rule::Advance,
    secret::Digest,
    world::{Door, World},
};
use http::{Method, StatusCode, request::Parts};
use hyper::body::Incoming;
use jiff::Timestamp;

use crate::{
    body,
    envelope::{Answer, Setting},
    identify::{self, Identified, Paths, Target},
    listen::Peer,
    oauth::{Grant, TokenRequest},
    operate::Outcome,
    record::{self, Arrival, Bearer},
    route::Ask,
    sandbox::{Motion, Sandbox, State},
    signer::SIGNER,
    veil::Veil,
    verdict::Verdict,
};

/// The target of the line that is logged for each request.
const LOG: &str = "greenroom";

impl Sandbox {
    /// Answers an imitated request.
    pub(crate) async fn answer(
        &self,
        peer: &Peer,
        door: Door,
        head: Parts,
        body: Incoming,
    ) -> http::Response<Bytes> {
        let unread = Unread { sandbox: self, peer, door: &door, head: &head };
        let body = body::read(body, self.body_timeout).await;
        unread.was_read();
        let (paths, veil) = {
            let mut state = self.lock();
            (Paths::of(&state.world.dialect), state.veil())
        };
        let identified = identify::identify(&door.family, paths, &head.method, head.uri.path());
        let token_request = match (identified.op, &body) {
            (OpKind::Mint, Ok(body)) => Some(TokenRequest::read(&head.method, &head.headers, body)),
            (OpKind::Mint, Err(_)) => Some(TokenRequest::read(&head.method, &head.headers, &[])),
            _ => None,
        };
        let bearer = record::bearer(&head.headers);
        let arrival = Arrival {
            peer,
            door: &door,
            head: &head,
            identified: &identified,
            token_request: token_request.as_ref(),
            bearer: &bearer,
            subject: token_request.as_ref().and_then(subject),
            body: body.as_ref().ok().filter(|body| !body.is_empty()).map(Digest::of),
        };
        // The signature of a subject token is checked before the lock is taken.
        let subject = match token_request.as_ref().map(|request| &request.grant) {
            Some(Ok(Grant::Exchange { subject_token })) => {
                SIGNER.classify(subject_token.reveal()).signature()
            }
            _ => Signature::Foreign,
        };
        let ask = Ask {
            segments: identified.segments.clone(),
            query: form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes())
                .into_owned()
                .collect(),
            body: body.as_ref().ok().cloned().unwrap_or_default(),
            door: door.clone(),
        };
        let call = Call { door: &door, head: &head, identified: &identified, ask, bearer: &bearer, subject };
        let record = (arrival.record(&veil), veil);
        let (pending, ordinal, outcome) =
            self.begin(&arrival, record, &call, token_request.as_ref(), body.err());
        let Pending { now, seed, .. } = pending;
        let setting = Setting { dialect: &pending.dialect, seed, ordinal, now, allowance: None };
        let verdict = Verdict::of(outcome, &call, setting);
        let answer = self.finish(pending, verdict);
        let response = answer.into_response(now);
        match head.method {
            Method::HEAD => without_body(response),
            _ => response,
        }
    }

    /// The first half, under the lock: record, count, decide rules, authenticate, operate. The number is that
    /// of the request among the imitated ones.
    fn begin(
        &self,
        arrival: &Arrival<'_>,
        (mut request, veil): (Request, Arc<Veil>),
        call: &Call<'_>,
        token_request: Option<&TokenRequest>,
        body_fault: Option<Refusal>,
    ) -> (Pending, u64, Outcome) {
        let mut state = self.lock();
        let state = &mut *state;
        if veil.is_outdated(&state.world) {
            request = arrival.record(&state.veil());
        }
        arrival.place(&mut request, &state.world, state.now());
        let closed = self.admit(state);
        // Other than `n` it does not depend on connections.
        let ordinal = state.next_ordinal();
        let firings = match closed {
            Some(_) => Vec::new(),
            None => state.rules.decide(&request, presented_expiry(&state.world, arrival, token_request)),
        };
        let n = state.note(Event::Request(Box::new(request)));
        let mut applied = Vec::new();
        for firing in firings {
            let did = advance(state, firing.advance);
            state.note(Event::Fault { rule: firing.rule.clone(), request: n, did });
            applied.push(firing.rule);
        }
        let now = state.now();
        let outcome = match closed {
            Some(reason) => Outcome::Closed(reason),
            None => state.operate(call, token_request, body_fault, now),
        };
        // What is refused may be repeated in the refusal, and a secret may stand in the wrong place.
        let outcome = match outcome.is_refusal() {
            true => {
                let veil = state.veil();
                outcome.shown(|text| veil.short(text).into_owned())
            }
            false => outcome,
        };
        let dialect = state.world.dialect.clone();
        let seed = state.world.seed;
        (Pending { n, now, dialect, seed, applied }, ordinal, outcome)
    }

    /// The second half: seal what was signed, and record what is answered.
    fn finish(&self, pending: Pending, verdict: Verdict) -> Answer {
        let Verdict { mut answer, refused, issued, changes } = verdict;
        let (code, why) = refused.unzip();
        let mut state = self.lock();
        // What was found out since may repeat the request as well.
        let why = why.map(|why| state.veil().short(&why).into_owned());
        if code.is_some() {
            let body = String::from_utf8_lossy(&answer.body);
            if let Cow::Owned(veiled) = state.veil().whole(&body) {
                answer.body = veiled.into();
            }
        }
        let response = Response {
            request: pending.n,
            status: Some(answer.status.as_u16()),
            decision: if code.is_some() { Decision::Refused } else { Decision::Answered },
            refused: code,
            why,
            issued: issued.as_ref().map(|(unsigned, _)| unsigned.symbol.to_string()),
            applied: pending.applied,
            changes,
        };
        if let Some((unsigned, digest)) = issued {
            state.world.seal(unsigned.ticket, digest);
        }
        let logged = self.log && tracing::enabled!(target: LOG, tracing::Level::INFO);
        let logged = logged.then(|| (state.history.request(pending.n).cloned(), response.clone()));
        state.note(Event::Response(response));
        drop(state);
        if let Some((Some(request), response)) = logged {
            log_line(pending.n, &request, &response);
        }
        answer
    }

    /// Records and answers a request to a host that Greenroom does not stand in for.
    pub(crate) fn refuse_host(&self, peer: &Peer, host: String, head: &Parts) -> http::Response<Bytes> {
        // The name is not repeated: a client may have put anything into it.
        let why = "Greenroom does not stand in for this host and forwards nothing".to_owned();
        let arrival = Arrival {
            peer,
            door: &Door { family: HostFamily::Emulator, host },
            head,
            identified: &Identified { op: OpKind::Other, target: Target::NothingThere, segments: Vec::new() },
            token_request: None,
            bearer: &record::bearer(&head.headers),
            subject: None,
            body: None,
        };
        let mut state = self.lock();
        let now = state.now();
        let mut request = arrival.record(&state.veil());
        arrival.place(&mut request, &state.world, now);
        let closed = self.admit(&mut state);
        let n = state.note(Event::Request(Box::new(request)));
        let (dialect, seed) = (state.world.dialect.clone(), state.world.seed);
        drop(state);
        let verdict = match closed {
            Some(reason) => Verdict::closed(reason),
            None => {
                let answer = Answer::text(StatusCode::FORBIDDEN, format!("{why}."));
                Verdict::refused(answer, "unexpected_host", why)
            }
        };
        let pending = Pending { n, now, dialect, seed, applied: Vec::new() };
        self.finish(pending, verdict).into_response(now)
    }
}

/// A request on its way, as the steps behind the record see it.
pub(crate) struct Call<'a> {
    pub(crate) door: &'a Door,
    pub(crate) head: &'a Parts,
    pub(crate) identified: &'a Identified,
    pub(crate) ask: Ask,
    pub(crate) bearer: &'a Result<Bearer, TokenFault>,
    /// What the signature of an exchange's subject token says.
    pub(crate) subject: Signature,
}

/// A request that was recorded and is being answered. From here to the answer nothing is awaited, so
/// no client can leave in between.
struct Pending {
    /// The number of its entry in the history.
    n: u64,
    now: Timestamp,
    dialect: Dialect,
    seed: Seed,
    applied: Vec<String>,
}

/// A request whose body is still on its way. If its client leaves before, it is recorded all the
/// same, without the body.
struct Unread<'a> {
    sandbox: &'a Sandbox,
    peer: &'a Peer,
    door: &'a Door,
    head: &'a Parts,
}

impl Unread<'_> {
    /// The body has arrived, or will not.
    fn was_read(self) {
        std::mem::forget(self);
    }
}

impl Drop for Unread<'_> {
    fn drop(&mut self) {
        let Self { sandbox, peer, door, head } = self;
        let mut state = sandbox.lock();
        let paths = Paths::of(&state.world.dialect);
        let arrival = Arrival {
            peer,
            door,
            head,
            identified: &identify::identify(&door.family, paths, &head.method, head.uri.path()),
            token_request: None,
            bearer: &record::bearer(&head.headers),
            subject: None,
            body: None,
        };
        let now = state.now();
        let mut request = arrival.record(&state.veil());
        arrival.place(&mut request, &state.world, now);
        sandbox.admit(&mut state);
        let n = state.note(Event::Request(Box::new(request)));
        state.note(Event::Response(Response {
            request: n,
            status: None,
            decision: Decision::ClientGone,
            refused: None,
            why: Some("the client left before its request was complete".to_owned()),
            issued: None,
            applied: Vec::new(),
            changes: Vec::new(),
        }));
    }
}

/// The subject token of an exchange, with its digest.
fn subject(request: &TokenRequest) -> Option<(&str, Digest)> {
    request.subject_token().map(|subject| (subject, Digest::of(subject)))
}

/// When the token that a request presents expires: the subject of an exchange, else the bearer.
fn presented_expiry(
    world: &World,
    arrival: &Arrival<'_>,
    token_request: Option<&TokenRequest>,
) -> Option<Timestamp> {
    let digest = match token_request {
        Some(_) => arrival.subject.map(|(_, digest)| digest),
        None => arrival.bearer.as_ref().ok().map(|bearer| bearer.digest),
    };
    world.tokens().by_digest(&digest?).map(|token| token.expires_at)
}

/// Moves the clock as a rule says, and says what was done.
fn advance(state: &mut State, advance: Advance) -> String {
    let motion = match advance {
        Advance::By(by) => Motion::By(by),
        Advance::To(target) if target <= state.now() => return "nothing: it has expired already".to_owned(),
        Advance::To(target) => Motion::To(target),
    };
    state.move_clock(motion).unwrap_or_else(|error| format!("nothing: {error}"))
}

/// The same head, as an answer to HEAD (RFC 9110 §9.3.2).
fn without_body(mut response: http::Response<Bytes>) -> http::Response<Bytes> {
    let length = response.body().len();
    response.headers_mut().insert(http::header::CONTENT_LENGTH, length.into());
    response.map(|_| Bytes::new())
}

/// One line a request, with the decision taken.
fn log_line(n: u64, request: &Request, response: &Response) {
    let token = request.subject.as_ref().or(request.token.as_ref()).map(|view| view.symbol.as_str());
    let who = token.or(request.client.as_deref()).unwrap_or("-");
    let outcome = match (&response.issued, &response.why) {
        (Some(issued), _) => format!("issued {issued}"),
        (None, Some(why)) => why.clone(),
        (None, None) => String::new(),
    };
    tracing::info!(
        target: LOG,
        n,
        op = %request.op,
        host = %request.host,
        method = %request.method,
        path = %request.path,
        who,
        status = response.status.unwrap_or_default(),
        outcome,
        "request"
    );
}
