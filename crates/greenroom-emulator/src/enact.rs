//! What a rule decided, done: to clock and tokens under the lock, to the answer at the edge.

use std::time::Duration;

use bytes::Bytes;
use greenroom_model::{
    history::Event,
    rule::{
        BadCertificate, Close, EditJson, Edited, Effect, Reply, Ruling, Then, Tokens, Trickle, Wire,
        as_is_of, http_date_after, http_date_of, retry_after, wire_body,
    },
    time::Forward,
    token::Ordinal,
};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    clock,
    envelope::{self, Answer, Setting},
    listen::{Delivery, End, Payload, Reception},
    sandbox::{Motion, State},
    serve::Call,
};

/// Does something to the clock or to tokens, and says what was done. `presented` is the token of the request.
pub(crate) fn effect(state: &mut State, effect: &Effect, presented: Option<Ordinal>) -> String {
    match effect {
        Effect::Advance(by) => move_clock(state, Motion::By(by.duration())),
        Effect::AdvanceAfterReply(by) => format!("advance {:#} after the reply", by.duration()),
        Effect::Set(target) => set_clock(state, *target),
        Effect::AdvanceToExpiry(_) => {
            let token = presented.and_then(|ordinal| state.world.tokens().by_ordinal(ordinal));
            match token.map(|token| token.expires_at) {
                Some(end) => set_clock(state, end),
                None => "nothing: the request presents no token of ours".to_owned(),
            }
        }
        Effect::Expire(tokens) => {
            let now = state.now();
            to_tokens(state, "expire", tokens, presented, |state, ordinal| state.world.expire(ordinal, now))
        }
        Effect::Revoke(tokens) => {
            to_tokens(state, "revoke", tokens, presented, |state, ordinal| state.world.revoke(ordinal))
        }
        Effect::RotateKeys(_) => {
            state.world.key_rotations = state.world.key_rotations.saturating_add(1);
            "rotate the signing keys".to_owned()
        }
        Effect::RotateSecret(name) => {
            let now = state.now();
            match state.world.client_named(name) {
                Some(client) => {
                    state.world.renew_secret(client, now);
                    format!("rotate the secret of {name}")
                }
                None => format!("nothing: there is no client {name}"),
            }
        }
    }
}

fn move_clock(state: &mut State, motion: Motion) -> String {
    state.move_clock(motion).unwrap_or_else(|error| format!("nothing: {error}"))
}

fn set_clock(state: &mut State, target: Timestamp) -> String {
    match target <= state.now() {
        true => format!("nothing: {target} has passed already"),
        false => move_clock(state, Motion::To(target)),
    }
}

/// How many tokens an entry names.
const NAMED: usize = 10;

fn to_tokens(
    state: &mut State,
    verb: &str,
    tokens: &Tokens,
    presented: Option<Ordinal>,
    act: impl Fn(&mut State, Ordinal),
) -> String {
    let meant: Vec<(Ordinal, String)> = state
        .world
        .tokens()
        .iter()
        .filter(|token| match tokens {
            Tokens::Presented(_) => presented == Some(token.ordinal),
            Tokens::Symbol(symbol) => symbol.fits(&token.symbol.to_string()),
        })
        .map(|token| (token.ordinal, token.symbol.to_string()))
        .collect();
    if meant.is_empty() {
        return format!("nothing: there is no such token to {verb}");
    }
    let mut did = verb.to_owned();
    for (nth, (ordinal, symbol)) in meant.iter().enumerate() {
        act(state, *ordinal);
        if nth < NAMED {
            did.push(' ');
            did.push_str(symbol);
        }
    }
    if meant.len() > NAMED {
        did.push_str(&format!(" and {} more", meant.len() - NAMED));
    }
    did
}

/// What happens on the wire, to `answer` if there is one, as histories tell it.
pub(crate) fn told(wire: &Wire, answer: Option<&Answer>) -> String {
    let span = |forward: &Forward| format!("{} {:#}", wire.name(), forward.duration());
    match wire {
        Wire::Reply(reply) => format!("reply {}", reply.status),
        Wire::Redirect(redirect) => format!("redirect {}", redirect.status),
        Wire::Delay(by) | Wire::Hang(by) => span(by),
        Wire::HalfBody(half) => format!("half_body after {} bytes", half.bytes),
        Wire::RstStream(code) => format!("rst_stream {code}"),
        Wire::EditJson(edit) => match answer.and_then(|answer| edited(edit, answer)) {
            Some((_, edited)) => format!("edit_json: {edited}"),
            None => "edit_json: nothing, the body is no JSON".to_owned(),
        },
        Wire::BadCertificate(flaw) => format!(
            "bad_certificate {}",
            match flaw {
                BadCertificate::ForeignAuthority => "foreign_authority",
                BadCertificate::WrongName => "wrong_name",
                BadCertificate::Expired => "expired",
            }
        ),
        _ => wire.name().to_owned(),
    }
}

fn closing(close: Close) -> End {
    if close.unannounced { End::CloseUnannounced } else { End::Close }
}

/// How much real time passes before anything else does.
pub(crate) fn pause(wire: &Wire) -> Option<Duration> {
    match wire {
        Wire::Delay(by) | Wire::Hang(by) => Some(by.duration().unsigned_abs()),
        _ => None,
    }
}

/// The answer that a rule makes up, if it makes one up.
pub(crate) fn made_up(wire: &Wire, call: &Call<'_>, at: Setting<'_>) -> Option<Answer> {
    match wire {
        Wire::Reply(reply) => Some(reply_of(reply, call, at)),
        Wire::Redirect(redirect) => {
            let status = StatusCode::from_u16(redirect.status).unwrap_or(StatusCode::TEMPORARY_REDIRECT);
            Some(Answer::empty(status).with(header::LOCATION, &redirect.to))
        }
        _ => None,
    }
}

fn reply_of(reply: &Reply, call: &Call<'_>, at: Setting<'_>) -> Answer {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let answer = match (&reply.text, &reply.body) {
        (Some(text), _) => Answer::as_is(status, text.clone()),
        (None, Some(Value::String(name))) => match wire_body(name) {
            Some(documented) => Answer::json(status, &documented.body),
            None => Answer::empty(status),
        },
        (None, Some(json)) => Answer::json(status, json),
        (None, None) => envelope::of_status(call.identified.target.speaker(), status, at),
    };
    reply.headers.iter().fold(answer, |answer, (name, value)| {
        let Ok(name) = HeaderName::try_from(name) else { return answer };
        // Clients wait by the clock of the machine, whatever the virtual one says.
        let date = http_date_of(value).and_then(|wait| http_date_after(clock::wall_now(), wait));
        if let Some(text) = as_is_of(value) {
            return answer.with(name, text);
        }
        match (date, retry_after(value)) {
            (Some(date), _) => answer.with(name, &date),
            (None, Some(wait)) if name == header::RETRY_AFTER => answer.with(name, &wait),
            _ => answer.with(name, value),
        }
    })
}

/// The JSON body of an answer, changed, and what was done to it, if it is JSON.
fn edited(edit: &EditJson, answer: &Answer) -> Option<(Bytes, Edited)> {
    let mut body = serde_json::from_slice(&answer.body).ok()?;
    let edited = edit.apply(&mut body);
    Some((body.to_string().into(), edited))
}

/// The answer as it goes out, `wire` done to it, and its status as the client sees it.
pub(crate) fn deliver(
    wire: Option<&Wire>,
    answer: Answer,
    method: &Method,
    now: Timestamp,
) -> (Option<u16>, Delivery) {
    let status = Some(answer.status.as_u16());
    let sent = |delivery| (status, delivery);
    let lost = |delivery| (None, delivery);
    let whole = |answer: Answer| head_alone(answer.into_response(now), method).map(Payload::whole);
    match wire {
        None | Some(Wire::Reply(_) | Wire::Redirect(_) | Wire::Delay(_) | Wire::BadCertificate(_)) => {
            sent(Delivery::Answer(whole(answer)))
        }
        Some(Wire::Close(close)) => lost(Delivery::End(closing(*close))),
        Some(Wire::Hang(_)) => lost(Delivery::End(End::Close)),
        Some(Wire::Reset(_)) => lost(Delivery::End(End::Reset)),
        Some(Wire::RstStream(code)) => lost(Delivery::ResetStream(*code)),
        Some(Wire::Goaway(goaway)) => match goaway.last_stream {
            Some(last_stream) => {
                lost(Delivery::GoAway { last_stream, code: goaway.code.unwrap_or_default() })
            }
            None => sent(Delivery::Farewell(whole(answer))),
        },
        Some(Wire::IdleClose(_)) => {
            sent(Delivery::Cut { answer: whole(answer), body: u64::MAX, end: End::Close })
        }
        Some(Wire::HalfBody(half)) => {
            let end = match half.then {
                Then::Close => End::Close,
                Then::Reset => End::Reset,
            };
            sent(Delivery::Cut { answer: whole(answer), body: half.bytes, end })
        }
        Some(Wire::Trickle(Trickle { bytes, every })) => {
            let piece = usize::try_from(bytes.get()).unwrap_or(usize::MAX);
            let pause = every.duration().unsigned_abs();
            let answer = head_alone(answer.into_response(now), method);
            sent(Delivery::Answer(answer.map(|body| Payload::trickling(body, piece, pause))))
        }
        Some(Wire::BadJson(_)) => {
            let mut answer = answer;
            answer.body = answer.body.slice(..answer.body.len() / 2);
            sent(Delivery::Answer(whole(answer)))
        }
        Some(Wire::WrongContentType(kind)) => {
            sent(Delivery::Answer(whole(answer.with(header::CONTENT_TYPE, kind))))
        }
        // Nothing can be missing where there is no body (RFC 9110 §6.4.1).
        Some(Wire::WrongLength(_)) if matches!(status, Some(204 | 304)) => {
            sent(Delivery::Answer(whole(answer)))
        }
        Some(Wire::WrongLength(more)) => {
            let length = answer.body.len() as u64 + u64::from(more.get());
            let mut answer = head_alone(answer.into_response(now), method);
            answer.headers_mut().insert(header::CONTENT_LENGTH, length.into());
            sent(Delivery::Answer(answer.map(Payload::of_any_length)))
        }
        Some(Wire::EditJson(edit)) => {
            let mut answer = answer;
            if let Some((body, _)) = edited(edit, &answer) {
                answer.body = body;
            }
            sent(Delivery::Answer(whole(answer)))
        }
    }
}

/// The answer to HEAD has no body, and says how long it would have been (RFC 9110 §9.3.2).
fn head_alone(mut response: http::Response<Bytes>, method: &Method) -> http::Response<Bytes> {
    if method != Method::HEAD {
        return response;
    }
    let length = response.body().len();
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response.map(|_| Bytes::new())
}

impl State {
    /// Records that a rule fired on a request, with what it did.
    pub(crate) fn fired(&mut self, rule: &str, request: u64, did: Vec<String>) {
        let did = did.join(", ");
        self.note(Event::Fault { rule: rule.to_owned(), request: Some(request), connection: None, did });
    }

    /// What a new connection meets: decided, done as far as it concerns the clock, and recorded.
    pub(crate) fn meet(&mut self, connection: u64, host: Option<&str>) -> Reception {
        let ruling = if self.is_closed() { None } else { self.rules.decide_connection(host) };
        let Some(Ruling { rule, effects, wire }) = ruling else { return Reception::default() };
        let mut did: Vec<_> = effects.iter().map(|it| effect(self, it, None)).collect();
        did.extend(wire.as_ref().map(|wire| told(wire, None)));
        let did = did.join(", ");
        self.note(Event::Fault { rule, request: None, connection: Some(connection), did });
        let pause = wire.as_ref().and_then(pause);
        let held = pause.map(|_| self.hold());
        let mut reception = Reception { pause, held, ..Reception::default() };
        match wire {
            Some(Wire::Close(close)) => reception.end = Some(closing(close)),
            Some(Wire::Hang(_)) => reception.end = Some(End::Close),
            Some(Wire::Reset(_)) => reception.end = Some(End::Reset),
            Some(Wire::BadCertificate(flaw)) => reception.flaw = Some(flaw),
            // Nothing else fits a connection.
            _ => {}
        }
        reception
    }
}
