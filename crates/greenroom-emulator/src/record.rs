//! What a history shows of a request: everything that a reader can use, and no secret.

use std::collections::BTreeMap;

use greenroom_model::{
    history::{Request, TokenView},
    refusal::TokenFault,
    secret::Digest,
    token::Token,
    world::{Door, World},
};
use http::{HeaderMap, Version, header, request::Parts};
use jiff::Timestamp;

use crate::{
    identify::{Identified, Target},
    listen::Peer,
    oauth::TokenRequest,
    veil,
};

/// The bearer token of a request.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<String, TokenFault> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().ok_or(TokenFault::Missing)?;
    if values.next().is_some() {
        return Err(TokenFault::Malformed);
    }
    let text = value.to_str().map_err(|_| TokenFault::Malformed)?;
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim().to_owned()),
        _ => Err(TokenFault::Malformed),
    }
}

/// What arrived, in the parts that the record is made of.
pub(crate) struct Arrival<'a> {
    pub(crate) peer: &'a Peer,
    pub(crate) door: &'a Door,
    pub(crate) head: &'a Parts,
    pub(crate) identified: &'a Identified,
    pub(crate) token_request: Option<&'a TokenRequest>,
    pub(crate) bearer: &'a Result<String, TokenFault>,
    pub(crate) body: Option<Digest>,
}

impl Arrival<'_> {
    /// The record of this request as the world stands at `now`.
    pub(crate) fn record(&self, world: &World, now: Timestamp) -> Request {
        let head = self.head;
        let veil = |text: &str| veil::short(text, world);
        let headers = head
            .headers
            .iter()
            .map(|(name, value)| {
                let text = String::from_utf8_lossy(value.as_bytes());
                let scheme = text.split(' ').next().unwrap_or_default().to_ascii_lowercase();
                let shown = match *name {
                    header::AUTHORIZATION | header::PROXY_AUTHORIZATION => credentials(&text),
                    // Some clients carry credentials in headers of their own.
                    _ if matches!(scheme.as_str(), "basic" | "bearer") => credentials(&text),
                    header::COOKIE => Digest::of(value.as_bytes()).to_string(),
                    _ => veil(&text),
                };
                (name.as_str().to_owned(), shown)
            })
            .collect();
        let token_request = self.token_request;
        let workspace = token_request.and_then(|_| self.identified.segments.first()).map(|(_, id)| {
            let known = world.workspace_named(id).map(|ix| world.workspace(ix).symbol.clone());
            known.unwrap_or_else(|| veil(id))
        });
        let token = match self.bearer {
            Ok(token) if token_request.is_none() => Some(view(token, world, now)),
            _ => None,
        };
        let actor = match (&token, self.bearer) {
            (Some(_), Ok(token)) => world
                .tokens()
                .by_digest(&Digest::of(token))
                .map(|token| world.workspace(token.workspace).symbol.clone()),
            _ => None,
        };
        Request {
            connection: self.peer.connection,
            op: token_request.map_or(self.identified.op, TokenRequest::op),
            route: match self.identified.target {
                Target::Route(route) => Some(route.name.to_owned()),
                _ => None,
            },
            http: version(head.version).to_owned(),
            tls: self.peer.tls,
            host: veil(&self.door.host),
            method: veil(head.method.as_str()),
            path: veil(head.uri.path()),
            query: veil(head.uri.query().unwrap_or_default()),
            headers,
            auth: token_request.map(|request| request.auth.method()),
            form: token_request.map(|request| form(request, world)).unwrap_or_default(),
            workspace,
            client: token_request.and_then(|request| client(request, world)),
            subject: token_request
                .and_then(TokenRequest::subject_token)
                .map(|subject| view(subject, world, now)),
            token,
            actor,
            body: self.body.map(|digest| digest.to_string()),
        }
    }
}

fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2",
        _ => "1.1",
    }
}

/// The form, with every value that may be secret as a digest.
fn form(request: &TokenRequest, world: &World) -> BTreeMap<String, String> {
    let shown = |name: &str, value: &str| match name {
        "grant_type" | "subject_token_type" | "requested_token_type" | "scope" | "client_id" => {
            veil::short(value, world)
        }
        _ if value.is_empty() => String::new(),
        _ => Digest::of(value).to_string(),
    };
    request.form.iter().take(50).map(|(name, value)| (veil::short(name, world), shown(name, value))).collect()
}

/// The client that a token request names: by its name, else by the id it sent.
fn client(request: &TokenRequest, world: &World) -> Option<String> {
    let presented = request.auth.basic.first().and_then(|reading| reading.id.as_ref());
    let id = presented.or(request.auth.body.id.as_ref())?;
    let known = world.client_by_id(id).map(|ix| world.client(ix).name.clone());
    Some(known.unwrap_or_else(|| veil::short(id, world)))
}

/// A token as histories show it.
pub(crate) fn view(token: &str, world: &World, now: Timestamp) -> TokenView {
    match world.tokens().by_digest(&Digest::of(token)) {
        Some(token) => known_view(token, world, now),
        None => TokenView {
            // What a client sends when it has lost its token tells more than a digest.
            symbol: match token {
                "null" | "None" | "undefined" => format!("literal:{token}"),
                "" => "literal:empty".to_owned(),
                other => Digest::of(other).to_string(),
            },
            kind: None,
            standing: None,
            age: None,
            remaining: None,
        },
    }
}

/// A token of ours as histories and commands show it.
pub(crate) fn known_view(token: &Token, world: &World, now: Timestamp) -> TokenView {
    TokenView {
        symbol: token.symbol.to_string(),
        kind: Some(token.kind),
        standing: Some(world.standing(token, now)),
        age: Some(now.as_second() - token.issued_at.as_second()),
        remaining: Some(token.expires_at.as_second() - now.as_second()),
    }
}

/// A scheme and the digest of what follows it.
fn credentials(text: &str) -> String {
    match text.split_once(' ') {
        Some((scheme, credentials)) if scheme.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
            format!("{scheme} {}", Digest::of(credentials))
        }
        _ => Digest::of(text).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_keep_their_scheme_only() {
        assert_eq!(credentials("Bearer abc"), format!("Bearer {}", Digest::of("abc")));
        assert_eq!(credentials("abc"), Digest::of("abc").to_string());
    }

    #[test]
    fn bearers_are_read_strictly() {
        let read = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::AUTHORIZATION, value.parse().unwrap());
            }
            bearer(&headers)
        };
        assert_eq!(read(&[]), Err(TokenFault::Missing));
        assert_eq!(read(&["Bearer t"]), Ok("t".into()));
        assert_eq!(read(&["bearer  t "]), Ok("t".into()));
        assert_eq!(read(&["Bearer "]), Ok(String::new()));
        for bad in [&["Basic x"][..], &["t"], &["Bearer a", "Bearer b"], &["Bearer"]] {
            assert_eq!(read(bad), Err(TokenFault::Malformed), "{bad:?}");
        }
    }
}
