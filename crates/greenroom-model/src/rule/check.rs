//! Rules that cannot be: each is refused with the field and the reason.

use serde_json::Value;

use super::{Action, At, Effect, Gate, OpenWhen, Reply, Rule, Selector, Tokens, Wire, wire_bodies};
use crate::{call::OpKind, nearest};

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

    pub(super) fn new(field: &str, reason: impl Into<String>) -> Self {
        wrong(field, reason)
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
        if at != At::Response {
            let later = [("status", selector.status.is_some()), ("refused", selector.refused.is_some())];
            if let Some((field, _)) = later.into_iter().find(|(_, given)| *given) {
                let reason = "not known before there is an answer: act on it with at: response";
                return Err(wrong(format!("when.{field}"), reason));
            }
        }
        if at == At::Connect {
            let host_only =
                Selector { host: selector.host.clone(), nth: selector.nth, ..Selector::default() };
            if *selector != host_only {
                let reason = "before there is a request only its host is known (and nth)";
                return Err(wrong("when", reason));
            }
        }
        match never(selector) {
            Some((field, reason)) => {
                Err(wrong(format!("when.{field}"), format!("this never matches: {reason}")))
            }
            None => Ok(()),
        }
    }

    fn check_actions(&self, at: At) -> Result<(), RuleError> {
        let mut on_the_wire = None;
        for (nth, action) in self.actions.iter().enumerate() {
            let field = format!("do[{nth}]");
            let Action::Wire(wire) = action else {
                if at == At::Connect && !matches!(action, Action::Effect(Effect::Advance(_) | Effect::Set(_)))
                {
                    return Err(wrong(field, "before there is a request only the clock can be moved"));
                }
                continue;
            };
            if let Some(first) = on_the_wire.replace(wire.name()) {
                let reason =
                    format!("{first} happens on the wire already, and nothing can happen to an answer twice");
                return Err(wrong(field, reason));
            }
            check_wire(wire, at).map_err(|reason| wrong(format!("{field}.{}", wire.name()), reason))?;
        }
        Ok(())
    }
}

fn check_wire(wire: &Wire, at: At) -> Result<(), String> {
    if at == At::Connect && !wire.fits_a_connection() {
        return Err("needs a request: it cannot happen at: connect".to_owned());
    }
    if at == At::Request && wire.wants_an_answer() {
        return Err("spoils an answer, and there is none at: request; say at: response".to_owned());
    }
    match wire {
        Wire::BadCertificate(_) if at != At::Connect => {
            Err("happens before there is a request: say at: connect".to_owned())
        }
        Wire::Reply(reply) => check_reply(reply),
        Wire::Redirect(redirect) if ![301, 302, 303, 307, 308].contains(&redirect.status) => {
            Err(format!("status {} does not redirect: 301, 302, 303, 307 or 308", redirect.status))
        }
        Wire::Redirect(redirect) => check_value("to", &redirect.to),
        Wire::WrongContentType(kind) => check_value("the type", kind),
        Wire::Goaway(goaway) if goaway.last_stream.is_some_and(|last| last > LAST_STREAM) => {
            Err(format!("last_stream is a number up to {LAST_STREAM}"))
        }
        Wire::Goaway(goaway) if goaway.last_stream.is_none() && goaway.code.is_some() => {
            Err("a farewell has code 0: say last_stream too, then the code is yours".to_owned())
        }
        Wire::EditJson(edit) if edit.set.is_empty() && edit.remove.is_empty() => {
            Err("says nothing to set and nothing to remove".to_owned())
        }
        Wire::EditJson(edit) => {
            let mut places = edit.set.keys().chain(&edit.remove);
            match places.find(|place| !place.is_empty() && !place.starts_with('/')) {
                Some(place) => {
                    Err(format!("{place:?} is no JSON pointer: they begin with a slash, as in /total"))
                }
                None => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

fn check_reply(reply: &Reply) -> Result<(), String> {
    let status = reply.status;
    if !(200..600).contains(&status) {
        return Err(format!("status {status} is none of an answer: 200 to 599"));
    }
    match (&reply.body, &reply.text) {
        (Some(_), Some(_)) => return Err("body and text are two bodies: leave one out".to_owned()),
        (None, None) => {}
        // RFC 9110 §6.4.1.
        _ if matches!(status, 204 | 304) => return Err(format!("an answer {status} has no body")),
        (Some(Value::String(name)), _) if !wire_bodies().any(|known| known == name) => {
            let known: Vec<_> = wire_bodies().collect();
            let hint = nearest::hint(&nearest::of(name, &known));
            return Err(format!(
                "there is no documented body {name:?}{hint} They are {}; a text of your own is text: …",
                known.join(", ")
            ));
        }
        _ => {}
    }
    for (name, value) in &reply.headers {
        let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if name.is_empty() || !name.chars().all(is_token) {
            return Err(format!("{name:?} is no name of a header"));
        }
        check_value(name, value)?;
        if let Some((_, why)) = NOT_YOURS.iter().find(|(theirs, _)| name.eq_ignore_ascii_case(theirs)) {
            return Err(format!("{name}: {why}"));
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

fn check_value(name: &str, value: &str) -> Result<(), String> {
    match value.chars().all(|c| matches!(c, ' '..='~' | '\t')) {
        true => Ok(()),
        false => Err(format!("{name}: {value:?} cannot stand in a header")),
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
        if let OpenWhen::Quiet(quiet) = open
            && quiet.duration().as_millis() < LEAST_QUIET
        {
            let reason = format!("quiet shorter than {LEAST_QUIET} ms cannot be told from a pause");
            return Err(wrong(format!("gate.open_when[{nth}]"), reason));
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

/// A field that no request of the selector's `op` has, with the reason.
fn never(selector: &Selector) -> Option<(&'static str, &'static str)> {
    let ops = selector.op.as_ref().map_or(&OpKind::ALL[..], |ops| ops.values());
    let only = |wanted: &[OpKind]| ops.iter().all(|op| !wanted.contains(op));
    let of_issuers = &[OpKind::Mint, OpKind::Exchange];
    let with_tokens = &[OpKind::Api, OpKind::Exchange];
    [
        (
            "subject",
            selector.subject.is_some() && only(&[OpKind::Exchange]),
            "only an exchange has a subject token",
        ),
        (
            "token",
            selector.token.is_some() && only(&[OpKind::Api, OpKind::Other]),
            "only an api request has a bearer",
        ),
        (
            "actor",
            selector.actor.is_some() && only(&[OpKind::Api, OpKind::Other]),
            "only a bearer acts somewhere",
        ),
        ("kind", selector.kind.is_some() && only(with_tokens), "it presents no token"),
        ("client", selector.client.is_some() && only(of_issuers), "only a token request names a client"),
        ("auth", selector.auth.is_some() && only(of_issuers), "only a token request authenticates a client"),
        ("form", !selector.form.is_empty() && only(of_issuers), "only a token request has a form"),
    ]
    .into_iter()
    .find(|(_, never, _)| *never)
    .map(|(field, _, reason)| (field, reason))
    .or_else(|| {
        let paths = selector.path.as_ref()?;
        let rooted = |path: &super::Glob| path.literal().is_none_or(|path| path.starts_with('/'));
        (!paths.values().iter().any(rooted)).then_some(("path", "a path begins with a slash"))
    })
}
