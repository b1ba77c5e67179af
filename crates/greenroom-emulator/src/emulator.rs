//! The emulator as a value: built, started, moved through time, asked what it saw, stopped.

use std::{
    io::{self, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use greenroom_model::{
    history::{Bounds, Entry, Event, Exchange, History},
    host,
    rule::{Rule, RuleError, Rules, Selector},
    sample::DEFAULT_SEED,
    secret::Secret,
    time::{Speed, TimeError, Timeline},
    world::World,
};
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tower::ServiceExt as _;

use crate::{
    ca::{Authority, CaError},
    client_env::{self, ClientEnv, TrustStoreError},
    clock,
    command::{Command, CommandError, MoveClock, Reply},
    control::{self, Desk},
    envelope,
    gateway::{self, Road},
    listen::{self, ConnectionEvent, Peer, Timeouts},
    sandbox::Sandbox,
    tls::Tls,
};

/// Why an emulator does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another program listens there.
    #[error("{0} is taken: stop what listens there, or choose another port (--port 0 picks a free one)")]
    Taken(SocketAddr),
    /// The address cannot be listened on for another reason.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    /// Control would be open to everyone who can reach the address.
    #[error("{0} is not a loopback address: set a control token (--control-token) before listening there")]
    ControlToken(SocketAddr),
    /// The certificate authority cannot be made or read.
    #[error(transparent)]
    Authority(#[from] CaError),
    /// A rule makes no sense.
    #[error("rule {0}")]
    Rule(#[from] RuleError),
    /// The files that clients are pointed to cannot be written.
    #[error("cannot write the certificate for clients: {0}")]
    ClientFiles(#[from] ClientFilesError),
}

/// Why the files that clients are pointed to cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ClientFilesError {
    /// The disk says no.
    #[error("{}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the disk says.
        source: io::Error,
    },
    /// The trust store for Java cannot be made.
    #[error(transparent)]
    TrustStore(#[from] TrustStoreError),
}

/// What an emulator is made of. Every part has a default.
pub struct Builder {
    world: Option<World>,
    listen: SocketAddr,
    authority_dir: Option<PathBuf>,
    start_time: Option<Timestamp>,
    speed: Speed,
    rules: Vec<Rule>,
    bounds: Bounds,
    max_requests: Option<u64>,
    connection_timeout: Duration,
    control_token: Option<Secret>,
    log: bool,
}

impl Builder {
    fn new() -> Self {
        Self {
            world: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            authority_dir: None,
            start_time: None,
            speed: Speed::REAL,
            rules: Vec::new(),
            bounds: Bounds::default(),
            max_requests: None,
            connection_timeout: Duration::from_secs(30),
            control_token: None,
            log: false,
        }
    }

    /// The world; the sample world by default.
    #[must_use]
    pub fn world(mut self, world: World) -> Self {
        self.world = Some(world);
        self
    }

    /// Where to listen; a free port on 127.0.0.1 by default.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Keeps the certificate authority in a directory, made at the first start. By default each
    /// emulator has its own, in memory.
    #[must_use]
    pub fn authority_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.authority_dir = Some(dir.into());
        self
    }

    /// When the virtual clock starts; now, by default.
    #[must_use]
    pub fn start_time(mut self, start: Timestamp) -> Self {
        self.start_time = Some(start);
        self
    }

    /// How fast the virtual clock runs; as fast as the real one by default.
    #[must_use]
    pub fn speed(mut self, speed: Speed) -> Self {
        self.speed = speed;
        self
    }

    /// The virtual clock stands still until it is moved.
    #[must_use]
    pub fn frozen(self) -> Self {
        self.speed(Speed::FROZEN)
    }

    /// Rules that are in force from the start.
    #[must_use]
    pub fn rules(mut self, rules: Vec<Rule>) -> Self {
        self.rules = rules;
        self
    }

    /// How much history is kept; 20,000 entries and 16 MiB by default.
    #[must_use]
    pub fn history_bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }

    /// After so many requests every further one gets a 503. No limit by default.
    #[must_use]
    pub fn max_requests(mut self, most: u64) -> Self {
        self.max_requests = Some(most);
        self
    }

    /// How long a client may take to say something, in real time; 30 s by default.
    #[must_use]
    pub fn connection_timeout(mut self, timeout: Duration) -> Self {
        self.connection_timeout = timeout;
        self
    }

    /// What control wants as bearer token. Needed to listen anywhere but on loopback.
    #[must_use]
    pub fn control_token(mut self, token: Secret) -> Self {
        self.control_token = Some(token);
        self
    }

    /// Whether each request is logged through `tracing`; not by default.
    #[must_use]
    pub fn log(mut self, log: bool) -> Self {
        self.log = log;
        self
    }

    /// Starts listening.
    pub async fn start(self) -> Result<Emulator, StartError> {
        if !self.listen.ip().is_loopback() && self.control_token.is_none() {
            return Err(StartError::ControlToken(self.listen));
        }
        let authority = match &self.authority_dir {
            Some(dir) => Authority::load_or_create(dir)?,
            None => Authority::generate()?,
        };
        let authority = Arc::new(authority);
        let mut rules = Rules::default();
        for rule in self.rules {
            rules.add(rule)?;
        }
        let listener = TcpListener::bind(self.listen).await.map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => StartError::Taken(self.listen),
            _ => StartError::Listen(self.listen, error),
        })?;
        let address = listener.local_addr().map_err(|error| StartError::Listen(self.listen, error))?;
        let files = ClientFiles::write(self.authority_dir.as_deref(), authority.pem())?;
        let start = self.start_time.unwrap_or_else(clock::wall_now);
        let sandbox = Arc::new(Sandbox::new(
            self.world.unwrap_or_else(|| World::sample(DEFAULT_SEED)),
            Timeline::new(start, self.speed, clock::real()),
            rules,
            History::new(self.bounds),
            self.connection_timeout,
            self.max_requests,
            self.log,
        ));
        let url = format!("http://{address}");
        let desk = Arc::new(Desk {
            sandbox: Arc::clone(&sandbox),
            address,
            token: self.control_token.map(|token| token.digest()),
            ca_pem: authority.pem().to_owned(),
            about: json!({
                "name": "greenroom",
                "version": env!("CARGO_PKG_VERSION"),
                "url": url,
                "ca": files.ca,
                "trust_store": files.trust_store,
            }),
        });
        let front = Arc::new(Front { sandbox: Arc::clone(&sandbox), control: control::router(desk) });
        let timeouts = Timeouts { head: self.connection_timeout, ..Timeouts::default() };
        let (stop, stopped) = watch::channel(false);
        let tls = Tls::new(Arc::clone(&authority));
        let task = tokio::spawn(listen::serve(listener, tls, front, timeouts, stopped));
        Ok(Emulator { sandbox, address, url, authority, files, stop, task })
    }
}

/// A running emulator. Dropping it stops it without waiting; [`Emulator::stop`] waits.
///
/// ```
/// use greenroom_emulator::Emulator;
/// use greenroom_model::{call::OpKind, rule::Selector};
/// # use tokio::io::{AsyncReadExt, AsyncWriteExt};
/// # async fn call(url: &str) -> std::io::Result<String> {
/// #     let address = url.trim_start_matches("http://").split('/').next().unwrap_or_default();
/// #     let mut socket = tokio::net::TcpStream::connect(address).await?;
/// #     let path = &url["http://".len() + address.len()..];
/// #     socket.write_all(format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes()).await?;
/// #     let mut answer = String::new();
/// #     socket.read_to_string(&mut answer).await?;
/// #     Ok(answer)
/// # }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let emulator = Emulator::builder().frozen().start().await?;
///
/// // Any client: here one that forgot its token.
/// let answer = call(&format!("{}/devices/v1/devices", emulator.url())).await?;
/// assert!(answer.starts_with("HTTP/1.1 401"));
///
/// // Time passes when the test says so, and the history knows what was asked.
/// emulator.advance("16m".parse()?)?;
/// let unauthenticated = Selector { op: Some(OpKind::Api), refused: Some("no_token".into()), ..Selector::default() };
/// assert_eq!(emulator.count(&unauthenticated), 1);
///
/// emulator.stop().await;
/// # Ok(()) })
/// # }
/// ```
pub struct Emulator {
    sandbox: Arc<Sandbox>,
    address: SocketAddr,
    url: String,
    authority: Arc<Authority>,
    files: ClientFiles,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Emulator {
    /// An emulator with the sample world on a free port of 127.0.0.1.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Its plain base URL: `http://127.0.0.1:4020`. Every service answers there.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificate of its authority, for clients that reach it under the real host names.
    pub fn ca_pem(&self) -> &str {
        self.authority.pem()
    }

    /// The file that certificate is in.
    pub fn ca_file(&self) -> &Path {
        &self.files.ca
    }

    /// The variables that route an unmodified program to this emulator. The files they name live as
    /// long as the emulator does.
    pub fn client_env(&self) -> ClientEnv {
        ClientEnv::new(&self.url, &self.files.ca, &self.files.trust_store, &[])
    }

    /// Like [`Emulator::client_env`], with hosts that the program reaches directly, and further roots
    /// (PEM) that it then needs to trust.
    pub fn client_env_with(
        &self,
        direct: &[String],
        roots: Option<&str>,
    ) -> Result<ClientEnv, ClientFilesError> {
        let Some(roots) = roots else {
            return Ok(ClientEnv::new(&self.url, &self.files.ca, &self.files.trust_store, direct));
        };
        let both = format!("{}\n{roots}", self.authority.pem());
        let ca = self.files.directory.join("ca-and-roots.pem");
        write(&ca, both.as_bytes())?;
        let trust_store = self.files.directory.join("ca-and-roots.p12");
        write(&trust_store, &client_env::trust_store(&both)?)?;
        Ok(ClientEnv::new(&self.url, &ca, &trust_store, direct))
    }

    /// The present virtual instant.
    pub fn now(&self) -> Timestamp {
        self.sandbox.lock().now()
    }

    /// Moves the virtual clock forward.
    pub fn advance(&self, by: SignedDuration) -> Result<Timestamp, TimeError> {
        let mut state = self.sandbox.lock();
        let now = state.timeline.advance(by, clock::real())?;
        state.note(Event::Clock { did: format!("advance {by:#}") });
        Ok(now)
    }

    /// Moves the virtual clock to an instant that lies ahead.
    pub fn set_clock(&self, target: Timestamp) -> Result<Reply, CommandError> {
        self.run(Command::MoveClock(MoveClock { set: Some(target.to_string()), ..MoveClock::default() }))
    }

    /// The exchanges so far, in order of their requests.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.sandbox.lock().history.exchanges(0)
    }

    /// How many exchanges a selector means.
    pub fn count(&self, selector: &Selector) -> usize {
        self.exchanges().iter().filter(|exchange| selector.matches(exchange)).count()
    }

    /// The entries after number `after`, and how many were dropped in all.
    pub fn entries(&self, after: u64) -> (Vec<Entry>, u64) {
        let (entries, _, dropped) = self.sandbox.entries(after);
        (entries, dropped)
    }

    /// Grants a wish, whole or not at all: what the control API and the command line do.
    pub fn run(&self, command: Command) -> Result<Reply, CommandError> {
        self.sandbox.run(command)
    }

    /// From now on every request gets a 503 that says why.
    pub fn close(&self, reason: impl Into<String>) {
        self.sandbox.close(reason.into());
    }

    /// Waits until more requests came than [`Builder::max_requests`] allows.
    pub fn exhausted(&self) -> impl Future<Output = ()> + use<> {
        let mut exhausted = self.sandbox.exhausted();
        async move {
            // Without a sender left there is nobody who could send more requests.
            if exhausted.wait_for(|exhausted| *exhausted).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Stops listening, lets running answers end (for two seconds at most), and returns.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        // The task can only fail by a bug, which has been reported by then.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

/// The files that clients are pointed to.
struct ClientFiles {
    directory: PathBuf,
    ca: PathBuf,
    trust_store: PathBuf,
    /// Removes the directory in the end, where it is the emulator's own.
    _own: Option<TempDir>,
}

impl ClientFiles {
    /// In the directory where the authority is kept, or in one of the emulator's own.
    fn write(kept: Option<&Path>, ca_pem: &str) -> Result<Self, ClientFilesError> {
        let (directory, own) = match kept {
            Some(kept) => (kept.to_owned(), None),
            None => {
                let own = tempfile::Builder::new().prefix("greenroom-").tempdir();
                let own =
                    own.map_err(|source| ClientFilesError::Write { path: std::env::temp_dir(), source })?;
                (own.path().to_owned(), Some(own))
            }
        };
        let (ca, trust_store) = (directory.join("ca.pem"), directory.join("ca.p12"));
        // A kept authority has written its certificate itself.
        if own.is_some() {
            write(&ca, ca_pem.as_bytes())?;
        }
        write(&trust_store, &client_env::trust_store(ca_pem)?)?;
        Ok(Self { directory, ca, trust_store, _own: own })
    }
}

/// Writes a file that is there whole or not at all: other processes may be reading the old one.
fn write(path: &Path, bytes: &[u8]) -> Result<(), ClientFilesError> {
    let dir = path.parent().unwrap_or_else(|| Path::new("."));
    let whole = || -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(dir)?;
        file.write_all(bytes)?;
        file.persist(path)?;
        Ok(())
    };
    whole().map_err(|source| ClientFilesError::Write { path: path.to_owned(), source })
}

/// What the listener hands requests to: the imitated surface and control, kept apart by the gateway.
struct Front {
    sandbox: Arc<Sandbox>,
    control: axum::Router,
}

impl listen::Service for Front {
    async fn answer(&self, peer: Arc<Peer>, request: Request<Incoming>) -> http::Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        match gateway::road(&peer, &head, self.sandbox.dedicated_hosts()) {
            Road::Imitated(door) => Arc::clone(&self.sandbox).answer(&peer, door, head, body).await,
            Road::UnknownHost(host) => self.sandbox.refuse_host(&peer, host, &head),
            Road::Control => self.control(Request::from_parts(head, body)).await,
        }
    }

    fn knows_host(&self, host: &str) -> bool {
        host::family(host, self.sandbox.dedicated_hosts()).is_some()
    }

    fn event(&self, event: ConnectionEvent) {
        if let Some((connection, what, host, why)) = tell(event) {
            self.sandbox.lock().note(Event::Connection { connection, what: what.to_owned(), host, why });
        }
    }

    fn date(&self) -> http::HeaderValue {
        envelope::http_date(self.sandbox.lock().now())
    }
}

impl Front {
    async fn control(&self, request: Request<Incoming>) -> http::Response<Full<Bytes>> {
        let Ok(response) = self.control.clone().oneshot(request.map(axum::body::Body::new)).await;
        let (mut head, body) = response.into_parts();
        head.headers.insert(http::header::DATE, listen::Service::date(self));
        // Control answers are made in memory, so reading them cannot fail.
        let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        http::Response::from_parts(head, Full::new(body))
    }
}

/// A connection's event as histories tell it.
fn tell(event: ConnectionEvent) -> Option<(u64, &'static str, Option<String>, Option<String>)> {
    Some(match event {
        ConnectionEvent::Opened { connection } => (connection, "opened", None, None),
        ConnectionEvent::TunnelOpened { connection, host } => (connection, "tunnel", Some(host), None),
        ConnectionEvent::TunnelRefused { connection, authority, why } => {
            let host = authority.chars().take(255).collect();
            (connection, "refused", Some(host), Some(why.replace('_', " ")))
        }
        ConnectionEvent::TlsFailed { connection, host, reason } => {
            (connection, "tls-failed", host, Some(reason))
        }
        ConnectionEvent::Malformed { connection, reason } => (connection, "malformed", None, Some(reason)),
        ConnectionEvent::TimedOut { connection, what } => {
            (connection, "timed-out", None, Some(what.replace('_', " ")))
        }
        ConnectionEvent::Closed { connection } => (connection, "closed", None, None),
    })
}
