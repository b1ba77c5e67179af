//! What a history shows of a request: everything that a reader can use, and no secret.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fmt::{self, Display},
};

use greenroom_model::{
    history::{Headers, Request, TokenView},
    refusal::TokenFault,
    secret::Digest,
    token::Token,
    world::{Door, World},
};
use http::{HeaderMap, Method, Version, header, request::Parts};
use jiff::Timestamp;

use crate::{
    identify::{Identified, Target},
    listen::Peer,
    oauth::TokenRequest,
    veil::Veil,
};

/// A bearer token, with its digest: a token is long, and its digest is asked for at every step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bearer {
    pub(crate) token: String,
    pub(crate) digest: Digest,
}

impl From<&str> for Bearer {
    fn from(token: &str) -> Self {
        Self { token: token.to_owned(), digest: Digest::of(token) }
    }
}

/// The bearer token of a request.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<Bearer, TokenFault> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().ok_or(TokenFault::Missing)?;
    if values.next().is_some() {
        return Err(TokenFault::Malformed);
    }
    let text = value.to_str().map_err(|_| TokenFault::Malformed)?;
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim().into()),
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
    pub(crate) bearer: &'a Result<Bearer, TokenFault>,
    /// The subject token of an exchange, with its digest.
    pub(crate) subject: Option<(&'a str, Digest)>,
    pub(crate) body: Option<Digest>,
    /// The digest of the body as a JSON value, if it is one and evidence is gathered.
    pub(crate) json: Option<Digest>,
}

impl Arrival<'_> {
    /// The record of this request, but for what the world knows of it. Made without the lock. Its texts are
    /// whole, because rules decide on them: the history cuts them.
    pub(crate) fn record(&self, veil: &Veil) -> Request {
        let head = self.head;
        let shown = |text: &str| veil.whole(text).into_owned();
        let bearer = self.bearer.as_ref().ok();
        // What is shown is mostly as long as what came, but for the token.
        let mut headers = Headers::with_room(256);
        for (name, value) in &head.headers {
            let text = match str::from_utf8(value.as_bytes()) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) => String::from_utf8_lossy(value.as_bytes()),
            };
            match *name {
                header::COOKIE => headers.push(name.as_str(), Digest::of(value.as_bytes())),
                header::AUTHORIZATION | header::PROXY_AUTHORIZATION => {
                    headers.push(name.as_str(), credentials(&text, bearer));
                }
                // Some clients carry credentials in headers of their own.
                _ if is_scheme(&text, "basic") || is_scheme(&text, "bearer") => {
                    headers.push(name.as_str(), credentials(&text, bearer));
                }
                _ => headers.push(name.as_str(), veil.whole(&text)),
            }
        }
        headers.shrink();
        let token_request = self.token_request;
        Request {
            connection: self.peer.connection,
            phase: None,
            op: token_request.map_or(self.identified.op, TokenRequest::op),
            route: match self.identified.target {
                Target::Route(route) => Some(route.name.into()),
                _ => None,
            },
            http: version(head.version).into(),
            tls: self.peer.tls,
            host: shown(&self.door.host),
            method: method(head).map_or_else(|| shown(head.method.as_str()).into(), Into::into),
            path: shown(head.uri.path()),
            query: head.uri.query().map(|query| shown(&without_secrets(query))).unwrap_or_default(),
            headers,
            auth: token_request.map(|request| request.auth.method()),
            form: token_request.map(|request| form(request, veil)).unwrap_or_default(),
            workspace: self.issuer().map(shown),
            client: token_request.and_then(client_id).map(shown),
            token: self.api_bearer().map(|bearer| foreign_view(&bearer.token, bearer.digest)),
            subject: self.subject.map(|(subject, digest)| foreign_view(subject, digest)),
            actor: None,
            body: self.body.map(|digest| digest.to_string()),
            json: self.json.map(|digest| digest.to_string()),
        }
    }

    /// Says in the record what the world knows of this request at `now`: whose workspace, client and tokens
    /// these are.
    pub(crate) fn place(&self, record: &mut Request, world: &World, now: Timestamp) {
        let symbol = |ix| world.workspace(ix).symbol.clone();
        let token = |digest: &Digest| world.tokens().by_digest(digest);
        if let Some(issuer) = self.issuer().and_then(|id| world.workspace_named(id)) {
            record.workspace = Some(symbol(issuer));
        }
        if let Some(client) = self.token_request.and_then(client_id).and_then(|id| world.client_by_id(id)) {
            record.client = Some(world.client(client).name.clone());
        }
        if let Some(bearer) = self.api_bearer().and_then(|bearer| token(&bearer.digest)) {
            record.token = Some(known_view(bearer, world, now));
            record.actor = Some(symbol(bearer.workspace));
        }
        if let Some(subject) = self.subject.and_then(|(_, digest)| token(&digest)) {
            record.subject = Some(known_view(subject, world, now));
        }
    }

    /// The workspace in the path of a token request, as it stands there.
    fn issuer(&self) -> Option<&str> {
        self.token_request?;
        self.identified.segments.first().map(|(_, id)| id.as_str())
    }

    /// The bearer of what is no token request.
    fn api_bearer(&self) -> Option<&Bearer> {
        self.bearer.as_ref().ok().filter(|_| self.token_request.is_none())
    }
}

/// The method, if it is a usual one.
fn method(head: &Parts) -> Option<&'static str> {
    Some(match head.method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        _ => return None,
    })
}

fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2",
        _ => "1.1",
    }
}

/// The parameters of a form that are shown: any other may be a secret.
const PLAIN: [&str; 7] = [
    "grant_type",
    "subject_token_type",
    "requested_token_type",
    "scope",
    "client_id",
    "response_type",
    "customer_id",
];

/// The parameters of a query that are secrets, whoever gave them out: those of RFC 6749, 7523, 7636, 7662 and
/// 8693, which the flow of Classic Central sends in the query (`central.md §7.2`), and what else is called so.
const SECRET: [&str; 15] = [
    "access_token",
    "actor_token",
    "api_key",
    "apikey",
    "assertion",
    "client_assertion",
    "client_secret",
    "code",
    "code_verifier",
    "id_token",
    "password",
    "refresh_token",
    "secret",
    "subject_token",
    "token",
];

/// The query with the values of secret parameters as digests. Filters and the like stay readable.
pub(crate) fn without_secrets(query: &str) -> Cow<'_, str> {
    let secret = |pair: &str| {
        let (name, value) = form_urlencoded::parse(pair.as_bytes()).next()?;
        let name = name.trim().to_ascii_lowercase();
        (SECRET.contains(&&*name) && !value.is_empty()).then(|| format!("{name}={}", Digest::of(&*value)))
    };
    if query.split('&').all(|pair| secret(pair).is_none()) {
        return Cow::Borrowed(query);
    }
    let shown = query.split('&').map(|pair| secret(pair).map_or(Cow::Borrowed(pair), Cow::Owned));
    Cow::Owned(shown.collect::<Vec<_>>().join("&"))
}

/// The form, with every value that may be secret as a digest.
fn form(request: &TokenRequest, veil: &Veil) -> BTreeMap<String, String> {
    let shown = |name: &str, value: &str| match name {
        _ if PLAIN.contains(&name) => veil.whole(value).into_owned(),
        _ if value.is_empty() => String::new(),
        _ => Digest::of(value).to_string(),
    };
    let row = |(name, value): &(String, String)| (veil.whole(name).into_owned(), shown(name, value));
    request.form.iter().take(50).map(row).collect()
}

/// The client that a token request names, by the id it sent.
fn client_id(request: &TokenRequest) -> Option<&str> {
    let presented = request.auth.basic.first().and_then(|reading| reading.id.as_deref());
    presented.or(request.auth.body.id.as_deref())
}

/// What is no token of ours.
fn foreign_view(token: &str, digest: Digest) -> TokenView {
    TokenView {
        // What a client sends when it has lost its token tells more than a digest.
        symbol: match token {
            "null" | "None" | "undefined" => format!("literal:{token}"),
            "" => "literal:empty".to_owned(),
            _ => digest.to_string(),
        },
        kind: None,
        standing: None,
        age: None,
        remaining: None,
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

/// A scheme and the digest of what follows it, which is known of the bearer.
fn credentials<'t>(text: &'t str, bearer: Option<&Bearer>) -> impl Display + use<'t> {
    let (scheme, credentials) = match text.split_once(' ') {
        Some((scheme, rest)) if scheme.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
            (&text[..scheme.len() + 1], rest)
        }
        _ => ("", text),
    };
    let known = bearer.filter(|bearer| bearer.token == credentials);
    let digest = known.map_or_else(|| Digest::of(credentials), |bearer| bearer.digest);
    fmt::from_fn(move |f| write!(f, "{scheme}{digest}"))
}

/// Whether credentials of this scheme, if any, come first.
fn is_scheme(text: &str, scheme: &str) -> bool {
    let first = text.split(' ').next().unwrap_or_default();
    first.eq_ignore_ascii_case(scheme)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_keep_their_scheme_only() {
        assert_eq!(credentials("Bearer abc", None).to_string(), format!("Bearer {}", Digest::of("abc")));
        assert_eq!(credentials("abc", None).to_string(), Digest::of("abc").to_string());
    }

    #[test]
    fn secrets_in_queries_are_digests_and_nothing_else_is() {
        let digest = Digest::of("s3cret/+ü");
        for (query, expected) in [
            ("client_secret=s3cret%2F%2B%C3%BC", format!("client_secret={digest}")),
            ("a=b&Client%5Fsecret=s3cret%2f%2b%c3%bc&c", format!("a=b&client_secret={digest}&c")),
            ("&%70assword=s3cret/%2B%C3%BC&&x=%20", format!("&password={digest}&&x=%20")),
            ("+code+=s3cret/%2B%C3%BC", format!("code={digest}")),
            ("code=&token", "code=&token".to_owned()),
            (
                "filter=code+eq+'x'&code-2=7&limit=5&next=1",
                "filter=code+eq+'x'&code-2=7&limit=5&next=1".to_owned(),
            ),
            ("", String::new()),
        ] {
            assert_eq!(without_secrets(query), expected, "{query}");
        }
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
        assert_eq!(read(&["Bearer "]), Ok("".into()));
        for bad in [&["Basic x"][..], &["t"], &["Bearer a", "Bearer b"], &["Bearer"]] {
            assert_eq!(read(bad), Err(TokenFault::Malformed), "{bad:?}");
        }
    }
}
