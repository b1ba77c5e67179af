//! The road of one request through a sandbox: record, decide rules, authenticate and operate under the
//! lock; sign or compute outside it; record the answer.

mod open;

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use greenroom_model::{
    call::OpKind,
    dialect::Dialect,
    history::{Decision, Request, Response, canonical},
    host::HostFamily,
    id::Seed,
    issue::Signature,
    refusal::{Refusal, TokenFault},
    rule::{At, Wire},
    secret::Digest,
    token::Ordinal,
    world::{Door, World},
};
use http::{StatusCode, request::Parts};
use hyper::body::Incoming;
use jiff::Timestamp;

use self::open::Open;
use crate::{
    body,
    classic::sign_in,
    enact,
    envelope::{Answer, Setting},
    gate::{Place, Turn},
    identify::{self, Identified, Paths, Target},
    listen::{Delivery, Peer},
    oauth::{Endpoint, Grant, TokenRequest},
    operate::Outcome,
    record::{self, Arrival, Bearer},
    route::Ask,
    sandbox::{Sandbox, State},
    signer::SIGNER,
    veil::Veil,
    verdict::{Issued, Verdict},
};

/// The target of the line that is logged for each request.
const LOG: &str = "greenroom";

impl Sandbox {
    /// Answers an imitated request.
    pub(crate) async fn answer(&self, peer: &Peer, door: Door, head: Parts, body: Incoming) -> Delivery {
        let unread = Unread { sandbox: self, peer, door: &door, head: &head };
        let body = body::read(body, self.body_timeout).await;
        unread.was_read();
        let (paths, veil) =
            self.learning(|state| (Paths::of(&state.world.dialect, &door.host), state.veil()));
        let identified = identify::identify(&door.family, paths, &head.method, head.uri.path());
        let read = body.as_ref().map_or(&[][..], |body| body);
        let token_request = identified.target.endpoint().map(|endpoint| match endpoint {
            Endpoint::Issuer => TokenRequest::read(&head.method, &head.headers, read),
            step => sign_in::read(step, &head, read),
        });
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
            json: body.as_ref().ok().filter(|_| self.evidence).and_then(|body| json_digest(body)),
        };
        // The signature of a subject token is checked before the lock is taken.
        let subject = match token_request.as_ref().map(|request| &request.grant) {
            Some(Ok(Grant::Exchange { subject_token })) => SIGNER.signature(subject_token.reveal()),
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
        let call = Call {
            door: &door,
            head: &head,
            identified: &identified,
            ask,
            bearer: &bearer,
            subject,
            token_request: token_request.as_ref(),
            body_fault: body.err(),
        };
        let (mut open, next) = self.begin(&arrival, veil, &call);
        let handled = match next {
            Next::Handled(handled) => handled,
            Next::First { place, wire } => match self.wait(&mut open, place, wire).await {
                None | Some(Wire::Delay(_)) => self.lock().handle(&call, None),
                Some(wire) => return self.answer_by_rule(open, &wire, &call),
            },
        };
        let Handled { now, dialect, seed, outcome } = handled;
        let setting = Setting { dialect: &dialect, seed, ordinal: open.ordinal, now, allowance: None };
        let verdict = Verdict::of(outcome, &call, setting);
        self.finish(open, verdict, &call, setting).await
    }

    /// The first half: record, and under the lock count, decide rules and, unless they want something else first,
    /// authenticate and operate.
    fn begin(&self, arrival: &Arrival<'_>, veil: Arc<Veil>, call: &Call<'_>) -> (Open<'_>, Next) {
        let (mut guard, mut request, leaks) = self.recorded(arrival, &call.ask.body, veil);
        let state = &mut *guard;
        state.place(arrival, &mut request);
        let closed = self.admit(state);
        // Other than `n` it does not depend on connections.
        let ordinal = state.next_ordinal();
        let presented = presented(&state.world, arrival);
        let ruling = match closed {
            Some(_) => None,
            None => state.rules.decide(At::Request, &request, None),
        };
        let asked = state.rules.act_at(At::Response).then(|| Box::new(request.clone()));
        let n = state.note_request(request, leaks);
        let mut open = Open::new(self, n, ordinal, presented, asked);
        let next = match ruling {
            None => Next::Handled(state.handle(call, closed)),
            Some(ruling) => match open.apply(state, ruling, None) {
                (None, None) => Next::Handled(state.handle(call, closed)),
                (place, wire) => Next::First { place, wire },
            },
        };
        // The lock is let go before the guard of the request can be dropped.
        drop(guard);
        (open, next)
    }

    /// Waits before a gate, and then for as long as the rule says. Returns what is then to happen on the wire:
    /// nothing, if the rule was removed while this request waited.
    async fn wait(&self, open: &mut Open<'_>, place: Option<Place>, wire: Option<Wire>) -> Option<Wire> {
        // Those behind need not wait for what this one waits for.
        open.turn = Turn::default();
        let pause = wire.as_ref().and_then(enact::pause);
        let _held = (place.is_some() || pause.is_some()).then(|| self.hold());
        if let Some(place) = place {
            open.turn = self.pass(place).await?;
        }
        if let Some(pause) = pause {
            open.turn = Turn::default();
            tokio::time::sleep(pause).await;
        }
        wire
    }

    /// Answers as a rule says that acts before anybody has looked at the request.
    fn answer_by_rule(&self, open: Open<'_>, wire: &Wire, call: &Call<'_>) -> Delivery {
        let (now, dialect, seed) = {
            let state = self.lock();
            (state.now(), state.world.dialect.clone(), state.world.seed)
        };
        let setting = Setting { dialect: &dialect, seed, ordinal: open.ordinal, now, allowance: None };
        let answer = enact::made_up(wire, call, setting).unwrap_or_else(|| Answer::empty(StatusCode::OK));
        let (status, delivery) = self.deliver(Some(wire), answer, call, now);
        open.close(status);
        delivery
    }

    /// The second half: seal what was signed, decide rules about the answer, and record it.
    async fn finish(
        &self,
        mut open: Open<'_>,
        verdict: Verdict,
        call: &Call<'_>,
        setting: Setting<'_>,
    ) -> Delivery {
        let Verdict { mut answer, refused, issued, changes } = verdict;
        for issued in &issued {
            self.learn_token(&issued.unsigned, issued.token.reveal());
        }
        // What was found out since may repeat the request as well.
        let refused = refused.map(|(code, why)| {
            let veil = self.informed();
            let body = String::from_utf8_lossy(&answer.body);
            if let Cow::Owned(veiled) = veil.whole(&body) {
                answer.body = veiled.into();
            }
            (code, self.covered(veil.short(&why).into_owned()))
        });
        let (code, why) = refused.unzip();
        let (place, mut wire) = self.learning(|state| {
            let response = &mut open.response;
            response.status = Some(answer.status.as_u16());
            response.decision = if code.is_some() { Decision::Refused } else { Decision::Answered };
            (response.refused, response.why, response.changes) = (code, why, changes);
            response.issued = issued.first().map(|issued| issued.unsigned.symbol.to_string());
            for Issued { unsigned, digest, .. } in issued {
                state.world.seal(unsigned.ticket, digest);
            }
            let State { rules, history, .. } = state;
            let ruling =
                open.asked(history).and_then(|asked| rules.decide(At::Response, asked, Some(&open.response)));
            match ruling {
                None => (None, None),
                Some(ruling) => open.apply(state, ruling, Some(&answer)),
            }
        });
        if place.is_some() || wire.as_ref().and_then(enact::pause).is_some() {
            wire = self.wait(&mut open, place, wire).await;
        }
        if let Some(made_up) = wire.as_ref().and_then(|wire| enact::made_up(wire, call, setting)) {
            answer = made_up;
        }
        // The clock is read once a request, unless a rule came between.
        let now = if open.was_ruled() { self.lock().now() } else { setting.now };
        let (status, delivery) = self.deliver(wire.as_ref(), answer, call, now);
        open.close(status);
        delivery
    }

    /// What goes out, `wire` done to it, and its status as the client sees it.
    fn deliver(
        &self,
        wire: Option<&Wire>,
        answer: Answer,
        call: &Call<'_>,
        now: Timestamp,
    ) -> (Option<u16>, Delivery) {
        let (status, mut delivery) = enact::deliver(wire, answer, &call.head.method, now);
        if let (Some(Wire::Trickle(_)), Delivery::Answer(answer)) = (wire, &mut delivery) {
            answer.body_mut().hold(self.hold());
        }
        (status, delivery)
    }

    /// Records and answers a request to a host that Greenroom does not stand in for.
    pub(crate) async fn refuse_host(
        &self,
        peer: &Peer,
        host: String,
        head: &Parts,
        body: Incoming,
    ) -> http::Response<Bytes> {
        let door = Door { family: HostFamily::Foreign, host };
        // Whoever gathers evidence wants to know what was sent there.
        let body = match self.evidence {
            true => {
                let unread = Unread { sandbox: self, peer, door: &door, head };
                let body = body::read(body, self.body_timeout).await;
                unread.was_read();
                body.unwrap_or_default()
            }
            false => Bytes::new(),
        };
        // The name is not repeated: a client may have put anything into it.
        let why = "Greenroom does not stand in for this host and forwards nothing".to_owned();
        let arrival = Arrival {
            peer,
            door: &door,
            head,
            identified: &Identified { op: OpKind::Other, target: Target::NothingThere, segments: Vec::new() },
            token_request: None,
            bearer: &record::bearer(&head.headers),
            subject: None,
            body: (!body.is_empty()).then(|| Digest::of(&body)),
            json: None,
        };
        let (mut guard, mut request, leaks) = self.recorded(&arrival, &body, self.informed());
        let state = &mut *guard;
        let now = state.now();
        state.place(&arrival, &mut request);
        let closed = self.admit(state);
        let request = state.note_request(request, leaks);
        let (code, why, answer) = match closed {
            Some(reason) => ("closed", reason.clone(), Verdict::closed(reason).answer),
            None => {
                let answer = Answer::text(StatusCode::FORBIDDEN, format!("{why}."));
                ("unexpected_host", why, answer)
            }
        };
        let response = Response {
            status: Some(answer.status.as_u16()),
            refused: Some(code.to_owned()),
            why: Some(why),
            ..Response::of(request, Decision::Refused)
        };
        let line = self.note_answer(state, response);
        drop(guard);
        self.log(line);
        answer.into_response(now)
    }

    /// Records an answer. Returns what there is to log about it, for when the lock is let go: whoever reads the
    /// log may be slow.
    fn note_answer(&self, state: &mut State, response: Response) -> Option<Line> {
        let logged = self.log && tracing::enabled!(target: LOG, tracing::Level::INFO);
        let asked = if logged { state.history.request(response.request).cloned() } else { None };
        let line = asked.map(|request| (request, response.clone()));
        state.note_answer(response);
        line
    }

    /// Logs what there is to log.
    fn log(&self, line: Option<Line>) {
        if let Some((request, response)) = line {
            log_line(self.name.as_deref(), &request, &response);
        }
    }
}

/// What there is to log about an exchange.
type Line = (Request, Response);

impl State {
    /// Says in the record of a request what the world knows of it, and in which phase it came.
    fn place(&self, arrival: &Arrival<'_>, request: &mut Request) {
        arrival.place(request, &self.world, self.now());
        request.phase.clone_from(&self.phase);
    }

    /// Authenticates and operates.
    fn handle(&mut self, call: &Call<'_>, closed: Option<String>) -> Handled {
        let now = self.now();
        let outcome = match closed {
            Some(reason) => Outcome::Closed(reason),
            None => self.operate(call, now),
        };
        // What is refused may be repeated in the refusal, and a secret may stand in the wrong place.
        let outcome = match outcome.is_refusal() {
            true => {
                let veil = self.veil();
                outcome.shown(|text| veil.short(text).into_owned())
            }
            false => outcome,
        };
        Handled { now, dialect: self.world.dialect.clone(), seed: self.world.seed, outcome }
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
    /// What is asked of a token endpoint, if this is one.
    pub(crate) token_request: Option<&'a TokenRequest>,
    /// Why its body could not be had.
    pub(crate) body_fault: Option<Refusal>,
}

/// What the world made of a request, and when.
struct Handled {
    now: Timestamp,
    dialect: Dialect,
    seed: Seed,
    outcome: Outcome,
}

/// What comes after the record.
enum Next {
    /// The answer.
    Handled(Handled),
    /// What a rule wants first: to wait, and something on the wire.
    First { place: Option<Place>, wire: Option<Wire> },
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
        let (paths, veil) =
            sandbox.learning(|state| (Paths::of(&state.world.dialect, &door.host), state.veil()));
        let arrival = Arrival {
            peer,
            door,
            head,
            identified: &identify::identify(&door.family, paths, &head.method, head.uri.path()),
            token_request: None,
            bearer: &record::bearer(&head.headers),
            subject: None,
            body: None,
            json: None,
        };
        let (mut state, mut request, leaks) = sandbox.recorded(&arrival, &[], veil);
        state.place(&arrival, &mut request);
        sandbox.admit(&mut state);
        let n = state.note_request(request, leaks);
        state.note_answer(Response {
            why: Some("the client left before its request was complete".to_owned()),
            ..Response::of(n, Decision::ClientGone)
        });
    }
}

/// The digest of a body as a JSON value, if it is one: only who judges a client wants to know.
fn json_digest(body: &[u8]) -> Option<Digest> {
    Some(canonical(&serde_json::from_slice(body).ok()?))
}

/// The subject token of an exchange, with its digest.
fn subject(request: &TokenRequest) -> Option<(&str, Digest)> {
    request.subject_token().map(|subject| (subject, Digest::of(subject)))
}

/// The token that a request presents: the subject of an exchange, else the bearer.
fn presented(world: &World, arrival: &Arrival<'_>) -> Option<Ordinal> {
    let digest = match arrival.token_request {
        Some(_) => arrival.subject.map(|(_, digest)| digest),
        None => arrival.bearer.as_ref().ok().map(|bearer| bearer.digest),
    };
    world.tokens().by_digest(&digest?).map(|token| token.ordinal)
}

/// One line a request, with the decision taken.
fn log_line(sandbox: Option<&str>, request: &Request, response: &Response) {
    let token = request.subject.as_ref().or(request.token.as_ref()).map(|view| view.symbol.as_str());
    let who = token.or(request.client.as_deref()).unwrap_or("-");
    let outcome = match (&response.issued, &response.why) {
        (Some(issued), _) => format!("issued {issued}"),
        (None, Some(why)) => why.clone(),
        (None, None) => String::new(),
    };
    let outcome = match response.applied.as_slice() {
        [] => outcome,
        rules => format!("{outcome} [{}]", rules.join(" ")).trim_start().to_owned(),
    };
    tracing::info!(
        target: LOG,
        sandbox,
        n = response.request,
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
