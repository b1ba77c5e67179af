//! One request and its answer. Nothing is repeated and no redirect is followed here.

use std::{
    collections::VecDeque,
    convert::Infallible,
    error::Error as _,
    fmt, io,
    path::Path,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use hyper::body::{Body, Frame};
use reqwest::{
    Certificate, Method, Url,
    header::{
        ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
    },
    redirect::Policy,
};
use serde_json::Value;

use crate::{
    failure::{Failure, Kind},
    mutant::Mutant::{M38, M39, M43, M45, M72, M74, M76, M185},
    place,
    process::Process,
    retry::RetryAfter,
    token::Token,
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How much of an upload goes into one frame.
const CHUNK: usize = 16 * 1024;

/// A request, whole, so that it can be sent again.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
    /// Whether the body is sent piece by piece, its length unsaid.
    pub(crate) streamed: bool,
    /// The first page of the list that this is a page of.
    pub(crate) first_page: Option<Url>,
}

impl Request {
    pub(crate) fn new(method: Method, url: Url) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        Self { method, url, headers, body: None, streamed: false, first_page: None }
    }

    pub(crate) fn with_body(mut self, content_type: HeaderValue, body: impl Into<Bytes>) -> Self {
        self.headers.insert(CONTENT_TYPE, content_type);
        self.body = Some(body.into());
        self
    }

    /// Whether it has headers that do not belong to every request.
    pub(crate) fn has_more_headers(&self) -> bool {
        !self.headers.keys().all(is_usual)
    }

    /// What [`crate::mutant::Mutant::M120`] does.
    pub(crate) fn drop_more_headers(&mut self) {
        let headers = std::mem::take(&mut self.headers);
        self.headers =
            headers.into_iter().filter_map(|(name, value)| Some((name.filter(is_usual)?, value))).collect();
    }

    /// Whether sending it twice does no more than sending it once (RFC 9110 §9.2.2).
    pub(crate) fn is_idempotent(&self) -> bool {
        [Method::GET, Method::HEAD, Method::OPTIONS, Method::PUT, Method::DELETE].contains(&self.method)
    }
}

fn is_usual(name: &HeaderName) -> bool {
    name == ACCEPT || name == CONTENT_TYPE
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, place::name(&self.url))
    }
}

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// Its body, if that is JSON.
    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    pub(crate) fn retry_after(&self) -> Option<RetryAfter> {
        RetryAfter::parse(self.headers.get(RETRY_AFTER)?.to_str().ok()?)
    }

    pub(crate) fn location(&self) -> Option<&str> {
        self.headers.get(LOCATION)?.to_str().ok()
    }

    /// What the service calls its refusal: a single word of the body, which holds no secret.
    pub(crate) fn reason(&self) -> Option<String> {
        let body = self.json()?;
        let word = ["error", "errorCode"].iter().find_map(|name| body.get(name)?.as_str())?;
        let is_word =
            word.len() <= 60 && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        is_word.then(|| word.to_owned())
    }

    /// The id of the request, as the error envelopes of HPE have it: a word, too.
    pub(crate) fn debug_id(&self) -> Option<String> {
        let body = self.json()?;
        let id = body.get("debugId")?.as_str()?;
        let is_word = !id.is_empty() && id.len() <= 100 && id.bytes().all(|b| b.is_ascii_graphic());
        is_word.then(|| id.to_owned())
    }

    /// Status and reason, for messages.
    pub(crate) fn verdict(&self) -> String {
        match self.reason() {
            Some(reason) => format!("{} {reason}", self.status),
            None => self.status.to_string(),
        }
    }
}

/// A request that got no answer, or only a part of one.
#[derive(Debug)]
pub(crate) struct Lost {
    /// Whether the server may have got the request.
    pub(crate) may_have_arrived: bool,
    /// Whether nothing broke, and nothing came.
    pub(crate) is_silence: bool,
    pub(crate) failure: Failure,
}

/// How much a client tells on stderr.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Error,
    #[default]
    Info,
    Debug,
}

impl Level {
    /// By the name that most logs have for it.
    pub(crate) fn named(name: &str) -> Self {
        match name.to_ascii_uppercase().as_str() {
            "DEBUG" | "TRACE" | "NOTSET" => Self::Debug,
            "INFO" => Self::Info,
            _ => Self::Error,
        }
    }
}

/// The connections of one client.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    client: reqwest::Client,
    timeout: Duration,
    log: Level,
    pub(crate) process: Arc<Process>,
}

impl Http {
    /// Trusts the certificates in the file that `SSL_CERT_FILE` names, or else those of the machine, and takes the
    /// proxy that the environment names.
    pub(crate) fn new(process: Arc<Process>, timeout: Duration, log: Level) -> Result<Self, Failure> {
        let builder = reqwest::Client::builder()
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .connect_timeout(CONNECT_TIMEOUT);
        let builder = match std::env::var_os("SSL_CERT_FILE").filter(|file| !file.is_empty()) {
            Some(file) => builder.tls_certs_only(certificates(Path::new(&file))?),
            None => builder,
        };
        let client = builder.build().map_err(|error| {
            Failure::new(Kind::Other, format!("no HTTP client can be made: {}", chain(error)))
        })?;
        Ok(Self { client, timeout, log, process })
    }

    /// Sends a request, with a token if there is one, and reads the answer to its end.
    pub(crate) async fn send(&self, request: &Request, token: Option<&Token>) -> Result<Answer, Lost> {
        let mut url = request.url.clone();
        let mut headers = request.headers.clone();
        if let Some(token) = token {
            let in_query = self.process.broken(M38);
            if in_query || self.process.broken(M74) {
                url.query_pairs_mut().append_pair("access_token", token.reveal());
            }
            if !in_query {
                headers.insert(AUTHORIZATION, token.header().map_err(unsent)?);
            }
            if self.log >= Level::Info && self.process.broken(M72)
                || self.log >= Level::Debug && self.process.broken(M39)
            {
                eprintln!("{request} with {}", token.reveal());
            }
        }
        let body = request.body.as_ref().map(|body| match token.and_then(|token| with_token(body, token)) {
            Some(twice) if self.process.broken(M185) => twice,
            _ => body.clone(),
        });
        let ask = |client: &reqwest::Client| {
            let asked = client.request(request.method.clone(), url.clone()).headers(headers.clone());
            match body.clone() {
                Some(body) if request.streamed => asked.body(reqwest::Body::wrap(Pieces::of(&body))),
                Some(body) => asked.body(body),
                None => asked,
            }
        };
        let mut answer = self.read(request, ask(&self.client)).await;
        if let Err(lost) = &answer
            && !lost.may_have_arrived
            && self.process.broken(M43)
        {
            let trusting = reqwest::Client::builder().tls_danger_accept_invalid_certs(true);
            if let Ok(client) = trusting.redirect(Policy::none()).build() {
                answer = self.read(request, ask(&client)).await;
            }
        }
        self.tell(Level::Debug, || match &answer {
            Ok(answer) => format!("{request}: {}", answer.verdict()),
            Err(lost) => lost.failure.message.clone(),
        });
        answer
    }

    /// The whole answer, which may take so long and no longer.
    async fn read(&self, request: &Request, asked: reqwest::RequestBuilder) -> Result<Answer, Lost> {
        let mut reading = pin!(read(asked, &self.process));
        let read = match tokio::time::timeout(self.timeout, &mut reading).await {
            Ok(read) => read,
            Err(_) if self.process.broken(M76) => reading.await,
            Err(_) => return Err(silence(request, self.timeout)),
        };
        read.map_err(|error| lost(request, error))
    }

    /// Keeps its connections for as long as the process lives: what mutants do.
    pub(crate) fn keep(&self) {
        std::mem::forget(self.client.clone());
    }

    /// Says something on stderr, for people, if they want to hear that much.
    pub(crate) fn tell(&self, level: Level, what: impl FnOnce() -> String) {
        if self.log >= level {
            eprintln!("{}", what());
        }
    }
}

async fn read(request: reqwest::RequestBuilder, process: &Process) -> reqwest::Result<Answer> {
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = match response.bytes().await {
        Err(_) if process.broken(M45) => Bytes::new(),
        body => body?,
    };
    Ok(Answer { status, headers, body })
}

/// What [`M185`] sends.
fn with_token(body: &Bytes, token: &Token) -> Option<Bytes> {
    let Ok(Value::Object(mut members)) = serde_json::from_slice(body) else { return None };
    members.insert("access_token".to_owned(), token.reveal().into());
    Some(Value::Object(members).to_string().into())
}

fn unsent(failure: Failure) -> Lost {
    Lost { may_have_arrived: false, is_silence: false, failure }
}

fn silence(request: &Request, timeout: Duration) -> Lost {
    let failure = Failure::new(Kind::Transport, format!("{request}: no answer within {timeout:?}"));
    Lost { may_have_arrived: true, is_silence: true, failure }
}

fn lost(request: &Request, error: reqwest::Error) -> Lost {
    let may_have_arrived = !error.is_connect() && !error.is_builder();
    let failure = Failure::new(Kind::Transport, format!("{request}: {}", chain(error)));
    Lost { may_have_arrived, is_silence: false, failure }
}

/// An error with its causes, and without the URL, whose query may hold anything.
fn chain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

fn certificates(file: &Path) -> Result<Vec<Certificate>, Failure> {
    let failure = |error: &dyn fmt::Display| {
        Failure::new(Kind::Other, format!("SSL_CERT_FILE {}: {error}", file.display()))
    };
    let pem = std::fs::read(file).map_err(|error: io::Error| failure(&error))?;
    Certificate::from_pem_bundle(&pem).map_err(|error| failure(&error))
}

/// A body that goes out piece by piece.
struct Pieces(VecDeque<Bytes>);

impl Pieces {
    fn of(body: &Bytes) -> Self {
        Self(body.chunks(CHUNK).map(|piece| body.slice_ref(piece)).collect())
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.get_mut().0.pop_front().map(|piece| Ok(Frame::data(piece))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &'static str) -> Answer {
        Answer { status: 401, headers: HeaderMap::new(), body: Bytes::from_static(body.as_bytes()) }
    }

    #[test]
    fn only_a_word_of_a_body_is_told() {
        assert_eq!(answer(r#"{"error":"invalid_client"}"#).verdict(), "401 invalid_client");
        assert_eq!(
            answer(r#"{"errorCode":"HPE_GL_ERROR_FORBIDDEN"}"#).verdict(),
            "401 HPE_GL_ERROR_FORBIDDEN"
        );
        let id = |body| answer(body).debug_id();
        assert_eq!(id(r#"{"errorCode":"X","debugId":"3f1c-52=="}"#).as_deref(), Some("3f1c-52=="));
        assert_eq!((id(r#"{"debugId":"your secret is hunter2"}"#), id("<html>")), (None, None));
        for body in ["", "<html>", r#"{"error":{"a":1}}"#, r#"{"error":"your secret is hunter2"}"#, "[1]"] {
            assert_eq!(answer(body).verdict(), "401", "{body}");
        }
    }

    #[test]
    fn levels_have_the_names_of_most_logs() {
        assert!(
            Level::named("debug") > Level::named("INFO") && Level::named("INFO") > Level::named("WARNING")
        );
    }
}
