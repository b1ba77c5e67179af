//! An adapter made of a trait: whoever has a client in Rust implements [`Client`] and is done.

use std::{
    collections::HashMap,
    future::Future,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    sync::{mpsc, oneshot},
    task::JoinSet,
};

use super::{
    Ask, AskError, Call, Capability, Config, Headers, Introduction, Kind, Leaving, Mode, Open, Reply,
    Seconds, Shift, Sleep, VERSION, Verb, Wake, What, Who,
};

/// A client to be plugged in. Everything but [`Client::introduce`], [`Client::open`] and [`Client::call`] answers
/// that it is not known, unless it is implemented and claimed in the introduction.
///
/// Questions are worked on side by side. That matters only to who claims [`Capability::Concurrent`]: the kit asks
/// anybody else one thing at a time.
pub trait Client: Send + Sync + 'static {
    /// What is open: the top client, or that of a tenant.
    type Session: Send + Sync + 'static;

    /// Who it is, and what it can.
    fn introduce(&self) -> Introduction;

    /// Builds the top client.
    fn open(&self, open: Open) -> impl Future<Output = Result<Self::Session, Failed>> + Send;

    /// Makes a call and returns what its caller is given.
    fn call(
        &self,
        session: &Self::Session,
        call: Call,
    ) -> impl Future<Output = Result<Answer, Failed>> + Send;

    /// Enters a tenant.
    fn tenant(
        &self,
        of: &Self::Session,
        who: Who,
    ) -> impl Future<Output = Result<Self::Session, Failed>> + Send {
        let _ = (of, who);
        async { Err(Failed::unknown(Capability::Tenant)) }
    }

    /// Lists what its own pager yields.
    fn list(
        &self,
        session: &Self::Session,
        what: What,
    ) -> impl Future<Output = Result<Vec<String>, Failed>> + Send {
        let _ = (session, what);
        async { Err(Failed::unknown(Capability::List)) }
    }

    /// Gets new tokens, and goes on with them.
    fn refresh(&self, session: &Self::Session) -> impl Future<Output = Result<(), Failed>> + Send {
        let _ = session;
        async { Err(Failed::unknown(Capability::Refresh)) }
    }

    /// Swaps credentials.
    fn reload(
        &self,
        session: &Self::Session,
        config: Config,
    ) -> impl Future<Output = Result<(), Failed>> + Send {
        let _ = (session, config);
        async { Err(Failed::unknown(Capability::Reload)) }
    }

    /// Shifts its wall clock.
    fn shift(&self, by: Shift) -> impl Future<Output = Result<(), Failed>> + Send {
        let _ = by;
        async { Err(Failed::unknown(Capability::Clock)) }
    }

    /// Releases what was open. Whatever calls are under way still have it.
    fn close(&self, session: Arc<Self::Session>) -> impl Future<Output = Result<(), Failed>> + Send {
        drop(session);
        async { Ok(()) }
    }

    /// Leaves what was open as an exception does that comes out of the caller's block: a Rust client is dropped. By
    /// default it is released.
    fn abandon(&self, session: Arc<Self::Session>) -> impl Future<Output = Result<(), Failed>> + Send {
        self.close(session)
    }

    /// What it sleeps with, if it claims [`Capability::SleepEvents`].
    fn sleeper(&self) -> Option<&Sleeper> {
        None
    }
}

/// What the caller of a call is given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body: JSON, or a text.
    pub body: Value,
    /// The headers.
    pub headers: Headers,
}

/// What the caller is given instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Why.
    pub kind: Kind,
    /// The status it was about, if it was about one.
    pub status: Option<u16>,
    /// What the client says.
    pub message: String,
}

impl Failed {
    /// A failure of this kind.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, status: None, message: message.into() }
    }

    /// About this status.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    fn unknown(capability: Capability) -> Self {
        Self::new(Kind::Usage, format!("{} is not known", capability.word()))
    }
}

/// Sleeps for a client: says for how long to the kit, and waits until the kit wakes it. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Sleeper(Arc<Mutex<Sleepers>>);

#[derive(Debug, Default)]
struct Sleepers {
    last: u64,
    asleep: HashMap<u64, oneshot::Sender<()>>,
    lines: Option<mpsc::UnboundedSender<String>>,
}

impl Sleeper {
    /// Sleeps. Without a kit, for real.
    pub async fn sleep(&self, duration: Duration) {
        let waking = {
            let mut sleepers = lock(&self.0);
            sleepers.last += 1;
            let (n, (wake, waking)) = (sleepers.last, oneshot::channel());
            let line = Sleep { sleep: Seconds(duration), n }.to_line();
            let told = sleepers.lines.as_ref().is_some_and(|lines| lines.send(line).is_ok());
            told.then(|| {
                sleepers.asleep.insert(n, wake);
                waking
            })
        };
        match waking {
            // Whoever waits when the kit has gone need not wait any longer.
            Some(waking) => drop(waking.await),
            None => tokio::time::sleep(duration).await,
        }
    }

    fn wake(&self, n: u64) {
        lock(&self.0).asleep.remove(&n).map(|wake| wake.send(()));
    }

    fn wake_all(&self) {
        let mut sleepers = lock(&self.0);
        sleepers.lines = None;
        sleepers.asleep.clear();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Serves `client` on stdin and stdout until stdin ends. Wants a tokio runtime; stdout must be left to it.
///
/// ```no_run
/// use greenroom_conformance::drive::{self, Answer, Call, Client, Failed, Introduction, Kind, Open, Scheme};
/// # struct Sdk;
/// # impl Sdk {
/// #     fn new(_: drive::Config) -> Self { Self }
/// #     async fn send(&self, _: Call) -> Result<(u16, serde_json::Value), String> { Err(String::new()) }
/// # }
///
/// struct Adapter;
///
/// impl Client for Adapter {
///     type Session = Sdk;
///
///     fn introduce(&self) -> Introduction {
///         Introduction::new("my-sdk", env!("CARGO_PKG_VERSION"), Scheme::Semver)
///     }
///
///     async fn open(&self, open: Open) -> Result<Sdk, Failed> {
///         Ok(Sdk::new(open.config))
///     }
///
///     async fn call(&self, sdk: &Sdk, call: Call) -> Result<Answer, Failed> {
///         let (status, body) = sdk.send(call).await.map_err(|error| Failed::new(Kind::Transport, error))?;
///         Ok(Answer { status, body, ..Answer::default() })
///     }
/// }
///
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() -> std::io::Result<()> {
///     drive::serve(Adapter).await
/// }
/// ```
pub async fn serve(client: impl Client) -> io::Result<()> {
    serve_on(client, tokio::io::stdin(), tokio::io::stdout()).await
}

/// The same on any other two streams.
///
/// ```
/// use greenroom_conformance::drive::{self, Answer, Call, Client, Failed, Introduction, Open, Scheme};
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
///
/// struct Echo;
///
/// impl Client for Echo {
///     type Session = ();
///
///     fn introduce(&self) -> Introduction {
///         Introduction::new("echo", "1.0.0", Scheme::Semver)
///     }
///
///     async fn open(&self, _: Open) -> Result<(), Failed> {
///         Ok(())
///     }
///
///     async fn call(&self, _: &(), call: Call) -> Result<Answer, Failed> {
///         Ok(Answer { status: 200, body: call.path.into(), ..Answer::default() })
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let (mut kit, adapter) = tokio::io::duplex(4096);
/// let (stdin, stdout) = tokio::io::split(adapter);
/// let serving = tokio::spawn(drive::serve_on(Echo, stdin, stdout));
///
/// let mut reply = [0; 19];
/// kit.write_all(b"{\"id\":1,\"do\":\"open\",\"as\":\"c\",\"mode\":\"unified\"}\n").await?;
/// kit.read_exact(&mut reply).await?;
/// assert_eq!(&reply, b"{\"id\":1,\"ok\":true}\n");
/// let call = r#"{"id":2,"do":"call","client":"c","api":"glp","method":"GET","path":"/x"}"#;
/// kit.write_all(format!("{call}\n").as_bytes()).await?;
/// kit.shutdown().await?;
/// let mut rest = String::new();
/// kit.read_to_string(&mut rest).await?;
/// assert_eq!(rest, "{\"id\":2,\"ok\":true,\"status\":200,\"body\":\"/x\",\"headers\":{}}\n");
/// serving.await?
/// # }
/// ```
pub async fn serve_on(
    client: impl Client,
    stdin: impl AsyncRead + Unpin,
    stdout: impl AsyncWrite + Unpin,
) -> io::Result<()> {
    let (to, lines) = mpsc::unbounded_channel();
    let sleeper = client.sleeper().cloned();
    if let Some(sleeper) = &sleeper {
        lock(&sleeper.0).lines = Some(to.clone());
    }
    let desk = Arc::new(Desk { client, sessions: Mutex::default(), to });
    // Reading and writing end together: who does not read replies is not worked for.
    tokio::try_join!(read(desk, sleeper, stdin), write(lines, stdout)).map(drop)
}

async fn read(
    desk: Arc<Desk<impl Client>>,
    sleeper: Option<Sleeper>,
    stdin: impl AsyncRead + Unpin,
) -> io::Result<()> {
    let mut lines = BufReader::new(stdin).lines();
    let mut tasks = JoinSet::new();
    while let Some(line) = lines.next_line().await? {
        if let (Some(sleeper), Ok(Wake { wake })) = (&sleeper, serde_json::from_str(&line)) {
            sleeper.wake(wake);
            continue;
        }
        let desk = Arc::clone(&desk);
        tasks.spawn(async move { desk.answer(&line).await });
        while tasks.try_join_next().is_some() {}
    }
    // Nobody will wake them any more; what is under way may end.
    if let Some(sleeper) = sleeper {
        sleeper.wake_all();
    }
    while tasks.join_next().await.is_some() {}
    let left: Vec<_> = lock(&desk.sessions).drain().map(|(_, session)| session).collect();
    for session in left {
        // There is nobody left to be told.
        let _ = desk.client.close(session).await;
    }
    Ok(())
}

async fn write(
    mut lines: mpsc::UnboundedReceiver<String>,
    mut stdout: impl AsyncWrite + Unpin,
) -> io::Result<()> {
    while let Some(line) = lines.recv().await {
        stdout.write_all((line + "\n").as_bytes()).await?;
        stdout.flush().await?;
    }
    stdout.shutdown().await
}

/// The client, and what of it is open under which name.
struct Desk<C: Client> {
    client: C,
    sessions: Mutex<HashMap<String, Arc<C::Session>>>,
    to: mpsc::UnboundedSender<String>,
}

impl<C: Client> Desk<C> {
    async fn answer(&self, line: &str) {
        let reply = match Ask::read(line) {
            Ok(Ask { id, verb }) => match self.done(verb).await {
                Ok(reply) => Reply { id, ok: true, ..reply },
                Err(Failed { kind, status, message }) => Reply { status, ..Reply::failed(id, kind, message) },
            },
            Err(AskError { id: Some(id), message }) => Reply::failed(id, Kind::Usage, message),
            // A line without an id has no reply.
            Err(AskError { id: None, .. }) => return,
        };
        // The writer is gone only when everything ends.
        let _ = self.to.send(reply.to_line());
    }

    async fn done(&self, verb: Verb) -> Result<Reply, Failed> {
        let mut reply = Reply::default();
        match verb {
            Verb::Hello(_) => {
                let Introduction { name, version, scheme, can } = self.client.introduce();
                reply = Reply {
                    v: Some(VERSION),
                    name: Some(name),
                    version: Some(version),
                    scheme: Some(scheme),
                    can: Some(can),
                    ..reply
                };
            }
            // Who was written before there was this mode does not look for it.
            Verb::Open(open)
                if open.mode == Mode::Classic && !self.client.introduce().can.has(Capability::Classic) =>
            {
                return Err(Failed::unknown(Capability::Classic));
            }
            Verb::Open(open) => {
                let name = open.client.clone();
                self.keep(name, self.client.open(open).await?);
            }
            Verb::Tenant(tenant) => {
                let of = self.session(&tenant.of)?;
                self.keep(tenant.client, self.client.tenant(&of, tenant.who).await?);
            }
            Verb::Call(call) => {
                let session = self.session(&call.client)?;
                let answer = self.client.call(&session, call).await?;
                reply.status = Some(answer.status);
                reply.body = Some(answer.body);
                reply.headers = Some(answer.headers);
            }
            Verb::List(list) => {
                let session = self.session(&list.client)?;
                reply.ids = Some(self.client.list(&session, list.what).await?);
            }
            Verb::Refresh(refresh) => {
                let session = self.session(&refresh.client)?;
                self.client.refresh(&session).await?;
            }
            Verb::Reload(reload) => {
                let session = self.session(&reload.client)?;
                self.client.reload(&session, reload.config).await?;
            }
            Verb::Clock(clock) => self.client.shift(clock.wall).await?,
            Verb::Close(close) => {
                let session = lock(&self.sessions).remove(&close.client);
                let session = session.ok_or_else(|| not_open(&close.client))?;
                match close.by {
                    None => self.client.close(session).await?,
                    Some(Leaving::Exception) => self.client.abandon(session).await?,
                }
            }
        }
        Ok(reply)
    }

    fn keep(&self, name: String, session: C::Session) {
        lock(&self.sessions).insert(name, Arc::new(session));
    }

    fn session(&self, name: &str) -> Result<Arc<C::Session>, Failed> {
        lock(&self.sessions).get(name).cloned().ok_or_else(|| not_open(name))
    }
}

fn not_open(name: &str) -> Failed {
    Failed::new(Kind::Usage, format!("{name} is not open"))
}

#[cfg(test)]
mod tests;
