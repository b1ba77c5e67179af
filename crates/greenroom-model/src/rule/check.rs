//! Rules that cannot be: each is refused with the field and the reason.

use serde_json::Value;

use super::{
    Action, At, EditJson, Effect, Gate, Goaway, OpenWhen, Redirect, Reply, Rule, Tokens, Wire, as_is_of,
    edit::fault_of_pointer, http_date_of, retry_after, wire_bodies,
};
use crate::{call::OpKind, nearest, time::parse_duration};

/// How long a rule's name may be: it is repeated in the history whenever the rule fires.
const LONGEST_ID: usize = 100;
/// How many things a rule may do.
const MOST_ACTIONS: usize = 20;
/// The shortest quiet that can be told from a pause, in milliseconds.
const LEAST_QUIET: i128 = 500;

/// Why a rule is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct RuleError {
    /// The field that is wrong: `when.status`, `do[1]`.
    pub field: String,
    /// Why.
    pub reason: String,
}

fn wrong(field: impl Into<String>, reason: impl Into<String>) -> RuleError {
    RuleError { field: field.into(), reason: reason.into() }
}

impl RuleError {
    /// The same of the nth of `count` rules, counted from 0.
    #[must_use]
    pub fn of_nth(self, nth: usize, count: usize) -> Self {
        match count {
            1 => self,
            _ => Self { field: format!("[{nth}].{}", self.field), ..self },
        }
    }

    pub(super) fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        wrong(field, reason)
    }

    /// The same, its field being one of `place`.
    fn within(self, place: &str) -> Self {
        Self { field: format!("{place}.{}", self.field), ..self }
    }
}

impl Rule {
    /// Whether it can be in force.
    pub fn check(&self) -> Result<(), RuleError> {
        let id = self.id.as_deref().unwrap_or("rule");
        if id.is_empty() || id.chars().count() > LONGEST_ID {
            return Err(wrong("id", format!("a name has 1 to {LONGEST_ID} characters")));
        }
        if self.once && self.times.is_some() {
            return Err(wrong("once", "says the same as times: leave one out"));
        }
        if self.actions.is_empty() && self.gate.is_none() {
            return Err(wrong("do", "the rule does nothing: say what, or give it a gate"));
        }
        if self.actions.len() > MOST_ACTIONS {
            return Err(wrong("do", format!("at most {MOST_ACTIONS} actions a rule")));
        }
        let at = self.at();
        self.check_selector(at)?;
        self.check_actions(at)?;
        self.gate.as_ref().map_or(Ok(()), |gate| check_gate(gate, at))
    }

    fn check_selector(&self, at: At) -> Result<(), RuleError> {
        let selector = &self.when.selector;
        if at != At::Response
            && let Some(field) = selector.known_afterwards().next()
        {
            let reason = "not known before there is an answer: act on it with at: response";
            return Err(wrong(format!("when.{field}"), reason));
        }
        if at == At::Connect {
            let given = selector.given();
            let known = |field: &str| ["host", "nth"].contains(&field);
            if let Some((field, _)) = given.iter().find(|(field, _)| !known(field)) {
                let reason = "before there is a request only its host is known (and nth)";
                return Err(wrong(format!("when.{field}"), reason));
            }
        }
        selector.check().map_err(|error| error.within("when"))?;
        // A rule is asked before it changes the answer, so what was refused is still an error. A history, and a
        // gate that looks at it, may see another status.
        let answered = |status: &u16| *status < 400;
        match &selector.status {
            Some(status) if selector.refused.is_some() && status.values().iter().all(answered) => {
                Err(wrong("when.status", "this never matches: what is refused has a status from 400 on"))
            }
            _ => Ok(()),
        }
    }

    fn check_actions(&self, at: At) -> Result<(), RuleError> {
        let mut on_the_wire = None;
        for (nth, action) in self.actions.iter().enumerate() {
            let field = format!("do[{nth}]");
            let wire = match action {
                Action::Wire(wire) => wire,
                Action::Effect(effect) => {
                    self.check_effect(effect, at, &field)?;
                    continue;
                }
            };
            if let Some(first) = on_the_wire.replace(wire.name()) {
                let reason =
                    format!("{first} happens on the wire already, and nothing can happen to an answer twice");
                return Err(wrong(field, reason));
            }
            check_wire(wire, at).map_err(|error| error.within(&field))?;
        }
        Ok(())
    }

    fn check_effect(&self, effect: &Effect, at: At, field: &str) -> Result<(), RuleError> {
        if at == At::Connect && !matches!(effect, Effect::Advance(_) | Effect::Set(_)) {
            return Err(wrong(field, "before there is a request only the clock can be moved"));
        }
        let presented = match effect {
            Effect::AdvanceToExpiry(_) => "advance_to_expiry",
            Effect::Expire(Tokens::Presented(_)) => "expire",
            Effect::Revoke(Tokens::Presented(_)) => "revoke",
            _ => return Ok(()),
        };
        match &self.when.selector.op {
            Some(ops) if ops.values().iter().all(|op| *op == OpKind::Mint) => {
                let reason = "a mint presents no token: name one, or let another op present it";
                Err(wrong(format!("{field}.{presented}"), reason))
            }
            _ => Ok(()),
        }
    }
}

fn check_wire(wire: &Wire, at: At) -> Result<(), RuleError> {
    let name = wire.name();
    if at == At::Connect && !wire.fits_a_connection() {
        return Err(wrong(name, "needs a request: it cannot happen at: connect"));
    }
    if at == At::Request && wire.wants_an_answer() {
        return Err(wrong(name, "spoils an answer, and there is none at: request; say at: response"));
    }
    match wire {
        Wire::BadCertificate(_) if at != At::Connect => {
            Err(wrong(name, "happens before there is a request: say at: connect"))
        }
        Wire::Reply(reply) => check_reply(reply).map_err(|error| error.within(name)),
        Wire::Redirect(redirect) => check_redirect(redirect).map_err(|error| error.within(name)),
        Wire::WrongContentType(kind) => check_value(name, kind),
        Wire::Goaway(goaway) => check_goaway(*goaway).map_err(|error| error.within(name)),
        Wire::EditJson(edit) if edit.set.is_empty() && edit.remove.is_empty() => {
            Err(wrong(name, "says nothing to set and nothing to remove"))
        }
        Wire::EditJson(edit) => check_edit(edit).map_err(|error| error.within(name)),
        _ => Ok(()),
    }
}

fn check_redirect(Redirect { status, to }: &Redirect) -> Result<(), RuleError> {
    match status {
        301 | 302 | 303 | 307 | 308 => check_value("to", to),
        _ => Err(wrong("status", format!("{status} does not redirect: 301, 302, 303, 307 or 308"))),
    }
}

fn check_goaway(Goaway { last_stream, code }: Goaway) -> Result<(), RuleError> {
    match (last_stream, code) {
        (Some(last), _) if last > LAST_STREAM => {
            Err(wrong("last_stream", format!("a number up to {LAST_STREAM}")))
        }
        (None, Some(_)) => {
            Err(wrong("code", "a farewell has code 0: say last_stream too, then the code is yours"))
        }
        _ => Ok(()),
    }
}

fn check_edit(edit: &EditJson) -> Result<(), RuleError> {
    let set = edit.set.keys().map(|place| ("set".to_owned(), place));
    let remove = edit.remove.iter().enumerate().map(|(nth, place)| (format!("remove[{nth}]"), place));
    for (field, place) in set.chain(remove.clone()) {
        if let Some(fault) = fault_of_pointer(place) {
            return Err(wrong(field, format!("{place:?} is no JSON pointer: {fault}")));
        }
    }
    match remove.into_iter().find(|(_, place)| place.is_empty()) {
        Some((field, _)) => Err(wrong(field, "the whole body cannot be taken away: set \"\" to something")),
        None => Ok(()),
    }
}

fn check_reply(reply: &Reply) -> Result<(), RuleError> {
    let status = reply.status;
    if !(200..600).contains(&status) {
        return Err(wrong("status", format!("{status} is none of an answer: 200 to 599")));
    }
    match (&reply.body, &reply.text) {
        (Some(_), Some(_)) => return Err(wrong("text", "body and text are two bodies: leave one out")),
        (None, None) => {}
        // RFC 9110 §6.4.1.
        (body, _) if matches!(status, 204 | 304) => {
            let field = if body.is_some() { "body" } else { "text" };
            return Err(wrong(field, format!("an answer {status} has no body")));
        }
        (Some(Value::String(name)), _) if !wire_bodies().any(|known| known == name) => {
            let known: Vec<_> = wire_bodies().collect();
            let hint = nearest::hint(&nearest::of(name, &known));
            let known = known.join(", ");
            let reason = format!(
                "there is no documented body {name:?}{hint} They are {known}; a text of your own is text: …"
            );
            return Err(wrong("body", reason));
        }
        _ => {}
    }
    for (name, value) in &reply.headers {
        let field = format!("headers.{name}");
        let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if name.is_empty() || !name.chars().all(is_token) {
            return Err(wrong("headers", format!("{name:?} is no name of a header")));
        }
        check_value(&field, value)?;
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        if let Some((_, why)) = NOT_YOURS.iter().find(|(theirs, _)| is(theirs)) {
            return Err(wrong(field, *why));
        }
        let waits = match http_date_of(value) {
            Some(wait) => parse_duration(wait).is_ok(),
            None => !is("retry-after") || retry_after(value).is_some() || as_is_of(value).is_some(),
        };
        if !waits {
            let reason = format!(
                "{value:?} is no time to wait: say 30, 3s, a date of HTTP, or $http_date(3s); $as_is(soon) if it shall \
                 be none"
            );
            return Err(wrong(field, reason));
        }
    }
    Ok(())
}

/// Headers that are not for a rule to say.
const NOT_YOURS: [(&str, &str); 8] = [
    ("content-length", "the body has the length it has; wrong_length says more than there is"),
    ("date", "it is the virtual clock's: advance moves it"),
    ("transfer-encoding", CONNECTIONS),
    ("connection", CONNECTIONS),
    ("keep-alive", CONNECTIONS),
    ("proxy-connection", CONNECTIONS),
    ("te", CONNECTIONS),
    ("upgrade", CONNECTIONS),
];
const CONNECTIONS: &str = "it belongs to the connection, and HTTP/2 has none such (RFC 9113 §8.2.2)";

/// The highest number of a stream (RFC 9113 §5.1.1).
const LAST_STREAM: u32 = 0x7fff_ffff;

fn check_value(field: &str, value: &str) -> Result<(), RuleError> {
    match value.chars().all(|c| matches!(c, ' '..='~' | '\t')) {
        true => Ok(()),
        false => Err(wrong(field, format!("{value:?} cannot stand in a header"))),
    }
}

fn check_gate(gate: &Gate, at: At) -> Result<(), RuleError> {
    if at == At::Connect {
        return Err(wrong("gate", "requests wait, connections do not: it stands at request or response"));
    }
    if gate.open_when.is_empty() {
        return Err(wrong("gate.open_when", "say what opens it: waiting, quiet, seen or step"));
    }
    for (nth, open) in gate.open_when.iter().enumerate() {
        let field = format!("gate.open_when[{nth}]");
        match open {
            OpenWhen::Quiet(quiet) if quiet.duration().as_millis() < LEAST_QUIET => {
                let reason = format!("quiet shorter than {LEAST_QUIET} ms cannot be told from a pause");
                return Err(wrong(field, reason));
            }
            OpenWhen::Seen(seen) if seen.nth.is_some() => {
                let reason = "seen counts nothing: let a rule with nth fire, and say its name in applied";
                return Err(wrong(format!("{field}.seen.nth"), reason));
            }
            OpenWhen::Seen(seen) => seen.check().map_err(|error| error.within(&format!("{field}.seen")))?,
            OpenWhen::Waiting(_) | OpenWhen::Quiet(_) | OpenWhen::Step(_) => {}
        }
    }
    for (nth, effect) in gate.then.iter().enumerate() {
        let reason = match effect {
            Effect::AdvanceToExpiry(_)
            | Effect::Expire(Tokens::Presented(_))
            | Effect::Revoke(Tokens::Presented(_)) => "many may wait: name a token instead of presented",
            Effect::AdvanceAfterReply(_) => "many may wait: there is no one reply to advance after",
            _ => continue,
        };
        return Err(wrong(format!("gate.then[{nth}]"), reason));
    }
    if gate.limit.duration().is_zero() {
        return Err(wrong("gate.limit", "nobody would wait: say how long at most, in real time"));
    }
    Ok(())
}
