//! A running emulator in another process: the same commands, over its control API.

mod follow;

use std::time::Duration;

use bytes::Bytes;
use greenroom_model::{
    history::Entry,
    patch::Changes,
    rule::{Rule, Selector},
    spec::{Patch, Secrets},
};
use http::{Method, Request, Uri, header};
use http_body_util::{BodyExt, Collected, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::net::TcpStream;

pub use self::follow::Follow;
use crate::command::{
    AssignRole, BeginPhase, ClockReading, DialectRows, ExportedWorld, FaultList, FaultsAdded, FidelityTable,
    HistoryPage, HistoryQuery, IssueToken, IssuedToken, MoveClock, SandboxList, SandboxOptions, SandboxView,
    TokenList, UserView, WorldView,
};
use crate::control::DROPPED;

/// How long an emulator may take to answer, in real time.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a running emulator did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// The URL cannot be used.
    #[error("that is no URL of an emulator: say http://127.0.0.1:4020 (--url or GREENROOM_URL)")]
    Url,
    /// Nobody is there, or somebody else.
    #[error(
        "no emulator answers at {url}: {reason}; start one with `greenroom serve`, or say where it is with --url"
    )]
    Unreachable {
        /// Where it was looked for.
        url: String,
        /// What went wrong.
        reason: String,
    },
    /// It says no.
    #[error("{0}")]
    Refused(String),
}

/// Entries that were taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// The entries, in order; a request that is judged by its answer comes with that.
    pub entries: Vec<Entry>,
    /// How many of those that were asked for are gone: the history is bounded.
    pub dropped: u64,
}

/// An emulator somewhere else.
#[derive(Clone, Debug)]
pub struct Remote {
    url: String,
    authority: String,
    token: Option<greenroom_model::secret::Secret>,
}

impl Remote {
    /// The emulator at `url`, with its control token if it has one.
    pub fn new(url: &str, token: Option<greenroom_model::secret::Secret>) -> Result<Self, RemoteError> {
        // The text is not repeated: a password may stand in it.
        let wrong = || RemoteError::Url;
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let authority = uri
            .authority()
            .filter(|it| uri.scheme_str() == Some("http") && !it.as_str().contains('@'))
            .ok_or_else(wrong)?;
        let port = authority.port_u16().unwrap_or(80);
        Ok(Self { url: url.to_owned(), authority: format!("{}:{port}", authority.host()), token })
    }

    /// What it is: name, version, URL and the files of its certificate.
    pub async fn about(&self) -> Result<Value, RemoteError> {
        self.get("about").await
    }

    /// The clock.
    pub async fn clock(&self) -> Result<ClockReading, RemoteError> {
        self.get("clock").await
    }

    /// Moves the clock.
    pub async fn move_clock(&self, wish: &MoveClock) -> Result<ClockReading, RemoteError> {
        self.post("clock", wish).await
    }

    /// The tokens its world remembers.
    pub async fn tokens(&self) -> Result<TokenList, RemoteError> {
        self.get("tokens").await
    }

    /// Issues a token.
    pub async fn issue_token(&self, wish: &IssueToken) -> Result<IssuedToken, RemoteError> {
        self.post("tokens", wish).await
    }

    /// A part of its history. Waits first, if the query says so, until no further exchange can change whether
    /// its count holds.
    pub async fn history(&self, query: &HistoryQuery) -> Result<HistoryPage, RemoteError> {
        let mut pairs = part(&query.selector, query.after)?;
        if let Some(bound) = query.count {
            pairs.append_pair("count", &bound.to_string());
        }
        if let Some(wait) = query.wait {
            pairs.append_pair("wait", &format!("{}ms", wait.as_millis()));
        }
        let path = format!("history?{}", pairs.finish());
        let answer = self.exchange(Method::GET, &path, Bytes::new());
        self.within(PATIENCE + query.wait.unwrap_or_default(), answer).await
    }

    /// The entries of its history after number `after`: those of the exchanges that a selector means, and all
    /// others.
    pub async fn export(&self, selector: &Selector, after: u64) -> Result<Export, RemoteError> {
        let path = format!("history/export?{}", part(selector, after)?.finish());
        let answer = async {
            let answer = self.open(Method::GET, &path, Bytes::new()).await?;
            let dropped =
                answer.headers().get(DROPPED).and_then(|dropped| dropped.to_str().ok()?.parse().ok());
            Ok((dropped.ok_or_else(|| self.another_version())?, self.read(answer).await?))
        };
        let (dropped, lines): (u64, Bytes) = self.within(PATIENCE, answer).await?;
        let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let read = |line| serde_json::from_slice(line).map_err(|_| self.another_version());
        Ok(Export { entries: lines.map(read).collect::<Result<_, _>>()?, dropped })
    }

    /// Follows its history from the entry after number `after`: what is there already, then what comes. Of
    /// exchanges only those that the selector means.
    pub async fn follow(&self, selector: &Selector, after: u64) -> Result<Follow, RemoteError> {
        let path = format!("history/follow?{}", part(selector, after)?.finish());
        let body = self.within(PATIENCE, self.open(Method::GET, &path, Bytes::new())).await?.into_body();
        Ok(Follow { remote: self.clone(), body, buffer: Vec::new(), dropped: 0 })
    }

    /// The dialects.
    pub async fn dialect(&self) -> Result<DialectRows, RemoteError> {
        self.get("dialect").await
    }

    /// Sets dialects, one after the other: each `NAME=VALUE`, or a preset.
    pub async fn set_dialect(&self, settings: &[String]) -> Result<DialectRows, RemoteError> {
        // As a list: in a map a later setting would take the place of an earlier one.
        self.post("dialect", &settings).await
    }

    /// The rules in force.
    pub async fn faults(&self) -> Result<FaultList, RemoteError> {
        self.get("faults").await
    }

    /// Adds rules behind the others: all of them or none.
    pub async fn add_faults(&self, rules: &[Rule]) -> Result<FaultsAdded, RemoteError> {
        self.post("faults", &rules).await
    }

    /// Removes a rule, by name. Returns those that are left.
    pub async fn remove_fault(&self, id: &str) -> Result<FaultList, RemoteError> {
        self.delete(&format!("faults/{}", segment(id))).await
    }

    /// Removes all rules.
    pub async fn clear_faults(&self) -> Result<FaultList, RemoteError> {
        self.delete("faults").await
    }

    /// Begins a phase.
    pub async fn begin_phase(&self, wish: &BeginPhase) -> Result<BeginPhase, RemoteError> {
        self.post("phase", wish).await
    }

    /// The sandboxes that are open beside it.
    pub async fn sandboxes(&self) -> Result<SandboxList, RemoteError> {
        self.get("sandboxes").await
    }

    /// Opens a sandbox. It is an emulator like any other: another `Remote` speaks to it.
    pub async fn open_sandbox(&self, options: &SandboxOptions) -> Result<SandboxView, RemoteError> {
        self.post("sandboxes", options).await
    }

    /// Ends a sandbox, by name. Returns those that are left.
    pub async fn end_sandbox(&self, name: &str) -> Result<SandboxList, RemoteError> {
        self.delete(&format!("sandboxes/{}", segment(name))).await
    }

    /// What it serves.
    pub async fn fidelity(&self) -> Result<FidelityTable, RemoteError> {
        self.get("fidelity").await
    }

    /// Gives a user another role.
    pub async fn assign_role(&self, wish: &AssignRole) -> Result<UserView, RemoteError> {
        self.post("world/roles", wish).await
    }

    /// Lets it remember its world as it is.
    pub async fn save_world(&self) -> Result<WorldView, RemoteError> {
        self.post("world/save", &Value::Null).await
    }

    /// Makes its world what it was when it was last saved.
    pub async fn restore_world(&self) -> Result<WorldView, RemoteError> {
        self.post("world/restore", &Value::Null).await
    }

    /// Makes its world what it was at the start.
    pub async fn reset_world(&self) -> Result<WorldView, RemoteError> {
        self.post("world/reset", &Value::Null).await
    }

    /// Lets tenants and devices come, change and go, all of it or nothing.
    pub async fn patch_world(&self, patch: &Patch) -> Result<Changes, RemoteError> {
        self.post("world/patch", patch).await
    }

    /// Its world as a file that loads again.
    pub async fn export_world(&self, secrets: Secrets) -> Result<ExportedWorld, RemoteError> {
        let secrets = match secrets {
            Secrets::Digests => "digests",
            Secrets::Shown => "shown",
        };
        self.get(&format!("world/export?secrets={secrets}")).await
    }

    /// The world.
    pub async fn world(&self) -> Result<WorldView, RemoteError> {
        self.get("world").await
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, RemoteError> {
        self.send(Method::GET, path, Bytes::new()).await
    }

    async fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<T, RemoteError> {
        self.send(Method::DELETE, path, Bytes::new()).await
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, RemoteError> {
        let body = serde_json::to_vec(body).map_err(|error| RemoteError::Refused(error.to_string()))?;
        self.send(Method::POST, path, body.into()).await
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<T, RemoteError> {
        self.within(PATIENCE, self.exchange(method, path, body)).await
    }

    async fn within<T>(
        &self,
        patience: Duration,
        answer: impl Future<Output = Result<T, RemoteError>>,
    ) -> Result<T, RemoteError> {
        tokio::time::timeout(patience, answer)
            .await
            .unwrap_or_else(|_| Err(self.unreachable(format!("no answer within {} s", patience.as_secs()))))
    }

    async fn exchange<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<T, RemoteError> {
        let body = self.body(method, path, body).await?;
        serde_json::from_slice(&body).map_err(|_| self.another_version())
    }

    async fn body(&self, method: Method, path: &str, body: Bytes) -> Result<Bytes, RemoteError> {
        let answer = self.open(method, path, body).await?;
        self.read(answer).await
    }

    async fn read(&self, answer: http::Response<Incoming>) -> Result<Bytes, RemoteError> {
        let answer = answer.into_body().collect().await;
        answer.map(Collected::to_bytes).map_err(|error| self.unreachable(error.to_string()))
    }

    /// Sends a request and returns the head of its answer, unless that is a refusal.
    async fn open(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<http::Response<Incoming>, RemoteError> {
        let unreachable = |error: &dyn std::fmt::Display| self.unreachable(error.to_string());
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/_greenroom/v1/{path}"))
            .header(header::HOST, &self.authority)
            .header(header::CONTENT_TYPE, "application/json")
            // The connection ends with the answer, or when its body is dropped.
            .header(header::CONNECTION, "close");
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", token.reveal()));
        }
        let request = request.body(Full::new(body)).map_err(|error| unreachable(&error))?;
        let socket = TcpStream::connect(&self.authority).await.map_err(|error| unreachable(&error))?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(socket))
            .await
            .map_err(|error| unreachable(&error))?;
        tokio::spawn(connection);
        let response = sender.send_request(request).await.map_err(|error| unreachable(&error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = response.into_body().collect().await.map_err(|error| unreachable(&error))?.to_bytes();
        let problem: Value = serde_json::from_slice(&body).unwrap_or_default();
        match problem.get("detail").and_then(Value::as_str) {
            Some(detail) => Err(RemoteError::Refused(detail.to_owned())),
            None => Err(unreachable(&format!("it answered {status}, so it is no Greenroom"))),
        }
    }

    fn unreachable(&self, reason: String) -> RemoteError {
        RemoteError::Unreachable { url: self.url.clone(), reason }
    }

    fn another_version(&self) -> RemoteError {
        self.unreachable("what answers there is no Greenroom of this version".to_owned())
    }
}

/// The query of a part of a history.
fn part(
    selector: &Selector,
    after: u64,
) -> Result<form_urlencoded::Serializer<'static, String>, RemoteError> {
    let mut pairs = form_urlencoded::Serializer::new(String::new());
    pairs.append_pair("after", &after.to_string());
    if let Ok(Value::Object(fields)) = serde_json::to_value(selector) {
        for (name, value) in fields {
            let text = value.as_str().ok_or_else(|| {
                RemoteError::Refused(format!("{name}: a history is asked for one value: ask once for each"))
            })?;
            pairs.append_pair(&name, text);
        }
    }
    Ok(pairs)
}

/// A name as a segment of a path.
fn segment(name: &str) -> impl std::fmt::Display {
    percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC)
}
