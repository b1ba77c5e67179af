//! A request that was recorded and is not yet answered: sure to be closed in the history, whoever leaves.

use greenroom_model::{
    history::{Decision, Event, History, Request, Response},
    rule::{Effect, Ruling, Wire},
    token::Ordinal,
};
use jiff::SignedDuration;

use crate::{
    enact,
    envelope::Answer,
    gate::{Place, Turn},
    sandbox::{Motion, Sandbox, State},
};

/// An open exchange. Dropped before it is closed, it is closed as one whose client left. It must not be
/// dropped while the lock is held.
pub(super) struct Open<'a> {
    sandbox: &'a Sandbox,
    /// The number of the request among the imitated ones.
    pub(super) ordinal: u64,
    /// The request, where there are rules that may want to see it with its answer.
    asked: Option<Box<Request>>,
    /// What the history will say of the answer.
    pub(super) response: Response,
    /// The token that the request presents.
    presented: Option<Ordinal>,
    /// The right to go on, if it came through a gate: the next one has it when this one is recorded.
    pub(super) turn: Turn,
    /// How far the clock moves when the answer is written down.
    after_reply: Vec<SignedDuration>,
    closed: bool,
}

impl<'a> Open<'a> {
    pub(super) fn new(
        sandbox: &'a Sandbox,
        request: u64,
        ordinal: u64,
        presented: Option<Ordinal>,
        asked: Option<Box<Request>>,
    ) -> Self {
        let response = Response::of(request, Decision::Faulted);
        Self {
            sandbox,
            ordinal,
            asked,
            response,
            presented,
            turn: Turn::default(),
            after_reply: Vec::new(),
            closed: false,
        }
    }

    /// Does to clock and tokens what a rule decided, and records that it fired. Returns what is left to be
    /// done without the lock: to wait at a gate, and something on the wire, to `answer` if there is one.
    pub(super) fn apply(
        &mut self,
        state: &mut State,
        ruling: Ruling,
        answer: Option<&Answer>,
    ) -> (Option<Place>, Option<Wire>) {
        let Ruling { rule, effects, wire } = ruling;
        let mut did: Vec<_> =
            effects.iter().map(|effect| enact::effect(state, effect, self.presented)).collect();
        self.after_reply.extend(effects.iter().filter_map(|effect| match effect {
            Effect::AdvanceAfterReply(by) => Some(by.duration()),
            _ => None,
        }));
        did.extend(state.is_gate_closed(&rule).then(|| "wait at the gate".to_owned()));
        did.extend(wire.as_ref().map(|wire| enact::told(wire, answer)));
        state.fired(&rule, self.response.request, did);
        let symbol = self.asked(&state.history).and_then(presented_symbol);
        let place = state.wait_at(&rule, symbol);
        self.response.applied.push(rule);
        (place, wire)
    }

    /// The request. A rule that wants to see it may have been added since it came; then it is as the history
    /// keeps it, for as long as it does.
    pub(super) fn asked<'s>(&'s self, history: &'s History) -> Option<&'s Request> {
        self.asked.as_deref().or_else(|| history.request(self.response.request))
    }

    /// Whether a rule fired on it.
    pub(super) fn was_ruled(&self) -> bool {
        !self.response.applied.is_empty()
    }

    /// Records the answer, `status` being what its client sees of it.
    pub(super) fn close(mut self, status: Option<u16>) {
        self.closed = true;
        let mut response = self.take_response();
        if response.decision != Decision::Faulted && response.status != status {
            response.handled = response.status;
        }
        response.status = status;
        let mut state = self.sandbox.lock();
        let line = self.sandbox.note_answer(&mut state, response);
        for by in std::mem::take(&mut self.after_reply) {
            if let Err(error) = state.move_clock(Motion::By(by)) {
                state.note(Event::Note { text: format!("advance_after_reply did nothing: {error}") });
            }
        }
        drop(state);
        self.sandbox.log(line);
    }

    fn take_response(&mut self) -> Response {
        let empty = Response::of(self.response.request, Decision::ClientGone);
        std::mem::replace(&mut self.response, empty)
    }
}

/// The symbol of the token that a request presents, or what stands for it.
fn presented_symbol(request: &Request) -> Option<String> {
    request.subject.as_ref().or(request.token.as_ref()).map(|view| view.symbol.clone())
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if self.closed {
            return;
        }
        let mut response = self.take_response();
        response.handled = response.status.take();
        response.decision = Decision::ClientGone;
        response.why = Some("the client left before it was answered".to_owned());
        let line = self.sandbox.note_answer(&mut self.sandbox.lock(), response);
        self.sandbox.log(line);
    }
}
