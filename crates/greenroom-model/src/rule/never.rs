//! Selectors that no request can meet: each is a mistake, and said so before anybody waits for it.

use super::{RuleError, Selector};
use crate::call::OpKind;

/// The kinds of requests that are sent to a token endpoint. All others may have a bearer.
const OF_ISSUERS: [OpKind; 4] = [OpKind::Mint, OpKind::Exchange, OpKind::Refresh, OpKind::SignIn];

/// Those of them that present a token: its kind can be asked for.
const PRESENTING: [OpKind; 3] = [OpKind::Exchange, OpKind::Refresh, OpKind::SignIn];

impl Selector {
    /// The fields that are given and not known before there is an answer.
    pub(super) fn known_afterwards(&self) -> impl Iterator<Item = &'static str> {
        let Self { status, refused, applied, fired, .. } = self;
        [
            ("status", status.is_some()),
            ("refused", refused.is_some()),
            ("applied", applied.is_some()),
            ("fired", fired.is_some()),
        ]
        .into_iter()
        .filter_map(|(field, given)| given.then_some(field))
    }

    /// Whether some request can be meant, and by every value.
    pub(super) fn check(&self) -> Result<(), RuleError> {
        let never = |field: &str, why: &str| Err(RuleError::new(field, format!("this never matches: {why}")));
        if let Some((field, why)) = self.not_of_its_op() {
            return never(field, why);
        }
        for (field, values) in self.given() {
            if let Some((value, why)) = values.iter().find_map(|value| Some((value, fault(&field, value)?))) {
                return never(&field, &format!("{value:?}: {why}"));
            }
        }
        Ok(())
    }

    /// A field that no request of its `op` has, with the reason.
    fn not_of_its_op(&self) -> Option<(&str, &'static str)> {
        let ops = self.op.as_ref().map_or(&OpKind::ALL[..], |ops| ops.values());
        let all = |are: fn(&OpKind) -> bool| ops.iter().all(are);
        let no_subject = all(|op| !PRESENTING.contains(op));
        let no_bearer = all(|op| OF_ISSUERS.contains(op));
        let no_issuer = all(|op| !OF_ISSUERS.contains(op));
        let form = self.form.keys().next().map(|_| "form");
        [
            (self.subject.as_ref().map(|_| "subject"), no_subject, "only an exchange has a subject token"),
            (self.token.as_ref().map(|_| "token"), no_bearer, "a token request has no bearer"),
            (self.actor.as_ref().map(|_| "actor"), no_bearer, "only a bearer acts somewhere"),
            (self.kind.as_ref().map(|_| "kind"), all(|op| *op == OpKind::Mint), "it presents no token"),
            (self.client.as_ref().map(|_| "client"), no_issuer, "only a token request names a client"),
            (self.auth.as_ref().map(|_| "auth"), no_issuer, "only a token request authenticates a client"),
            (form, no_issuer, "only a token request has a form"),
        ]
        .into_iter()
        .find_map(|(field, never, why)| Some((field.filter(|_| never)?, why)))
    }
}

/// Why no request has such a value in this field. `*` may stand for anything in it.
fn fault(field: &str, value: &str) -> Option<&'static str> {
    match field {
        // A request may name no host, no workspace and no query.
        "token" | "subject" | "actor" | "client" | "method" | "path" | "phase" | "refused" | "applied"
        | "fired"
            if value.is_empty() =>
        {
            Some("it is never empty; leave it out for any")
        }
        "status" => {
            let status = value.parse().is_ok_and(|status: u16| (200..600).contains(&status));
            (!status).then_some("the status of an answer is 200 to 599")
        }
        // Upper and lower case differ (RFC 9110 §9.1), so a faulty client may send one in lower case: who waits
        // for that says `patc*`.
        "method" if !value.contains('*') && value.contains(|c: char| c.is_ascii_lowercase()) => {
            Some("methods are in upper case, as in POST")
        }
        "host" => fault_of_host(value),
        "path" if !value.starts_with(['/', '*']) => Some("a path begins with a slash"),
        "path" if value.contains('?') => Some("what follows the ? is the query: say query, or query.NAME"),
        _ => None,
    }
}

/// Hosts are known in lower case and without a port; only those that are addresses of IPv6 have colons, in brackets.
fn fault_of_host(value: &str) -> Option<&'static str> {
    if value.contains('/') {
        return Some("a host has no scheme and no path");
    }
    if value.contains(|c: char| c.is_ascii_uppercase()) {
        return Some("hosts are in lower case");
    }
    let (_, port) = value.rsplit_once(':')?;
    let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    (is_port || !value.starts_with(['*', '['])).then_some("a host is known without its port")
}
