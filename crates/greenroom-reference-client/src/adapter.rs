//! Serves `drive/1`: the clients by name, a task for each wish, and one writer.

use std::{
    collections::HashMap,
    fs::OpenOptions,
    io::{self, BufRead, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use reqwest::{
    Method,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue},
};
use serde_json::{Map, Value, json};
use tokio::{sync::mpsc, task::JoinSet};

use crate::{
    client::Client,
    drive::{self, Call, Leaving, Line, Open, What, Wish},
    failure::{Failure, Kind},
    http::{Answer, Level, Request},
    mutant::{
        Mutant,
        Mutant::{M67, M68, M78, M79, M87, M92, M106, M111, M150, M192, M195, M196},
    },
    process::Process,
    retry::RetryAfter,
    sleep::Sleeps,
};

/// After what [`M78`] thinks of something.
const A_WHILE: Duration = Duration::from_millis(100);

/// See [`M192`].
const SHORT_LIFE: Duration = Duration::from_secs(60);

/// How this client is run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The mistake that it makes.
    pub mutant: Option<Mutant>,
    /// A file to which the names of the switches that were reached are added at the end.
    pub reach: Option<PathBuf>,
}

/// Why serving ended early.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Requests cannot be read.
    #[error("drive/1 cannot be read from standard input: {0}")]
    Read(io::Error),
    /// Replies cannot be written.
    #[error("drive/1 cannot be written to standard output: {0}")]
    Write(io::Error),
    /// The switches cannot be told.
    #[error("{path}: the switches that were reached cannot be written: {error}", path = .0.display(), error = .1)]
    Reach(PathBuf, io::Error),
}

/// Serves `drive/1` until `input` ends; then everything is closed.
pub async fn run(
    input: impl BufRead + Send + 'static,
    output: impl Write + Send + 'static,
    options: Options,
) -> Result<(), RunError> {
    // Where a program has chosen one already, that one is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let (heard, mut lines) = mpsc::channel(64);
    thread::spawn(move || read(input, &heard));
    let (out, said) = mpsc::unbounded_channel();
    let writer = tokio::task::spawn_blocking(move || write(output, said));
    let process = Arc::new(Process::new(Sleeps::new(out.clone()), options.mutant));
    let adapter = Arc::new(Adapter { process: Arc::clone(&process), clients: Mutex::default(), out });
    let mut tasks = JoinSet::new();
    while let Some(line) = lines.recv().await {
        adapter.hear(&line.map_err(RunError::Read)?, &mut tasks);
        while tasks.try_join_next().is_some() {}
    }
    adapter.close_all().await;
    let left = process.last_token().and_then(|token| token.life_left(&process));
    // Asked of short lives only: every run would wait otherwise.
    if let Some(left) = left.filter(|left| *left < SHORT_LIFE)
        && process.broken(M192)
    {
        tokio::time::sleep(left).await;
    }
    while tasks.join_next().await.is_some() {}
    let reached = process.switches.reached();
    // With the last of who could write, the writer ends.
    drop((adapter, process));
    writer.await.unwrap_or_else(|error| Err(io::Error::other(error))).map_err(RunError::Write)?;
    match options.reach {
        Some(file) => add(&file, &reached).map_err(|error| RunError::Reach(file, error)),
        None => Ok(()),
    }
}

/// Adds to a file: a scenario may end the process and start another one, and both are one run.
fn add(file: &Path, lines: &str) -> io::Result<()> {
    OpenOptions::new().create(true).append(true).open(file)?.write_all(lines.as_bytes())
}

/// Hands on one line after the other, until there are no more or nobody wants them.
fn read(mut input: impl BufRead, heard: &mpsc::Sender<io::Result<Vec<u8>>>) {
    loop {
        let mut line = Vec::new();
        let read = input.read_until(b'\n', &mut line);
        let is_end = !matches!(read, Ok(1..));
        let handed = match read {
            Ok(0) => Ok(()),
            read => heard.blocking_send(read.map(|_| line)),
        };
        if is_end || handed.is_err() {
            return;
        }
    }
}

fn write(mut output: impl Write, mut said: mpsc::UnboundedReceiver<String>) -> io::Result<()> {
    while let Some(mut line) = said.blocking_recv() {
        line.push('\n');
        output.write_all(line.as_bytes())?;
        output.flush()?;
    }
    Ok(())
}

type Reply = Result<Map<String, Value>, Failure>;

struct Adapter {
    process: Arc<Process>,
    clients: Mutex<HashMap<String, Named>>,
    out: mpsc::UnboundedSender<String>,
}

/// A client, and the one that it was entered through.
struct Named {
    client: Arc<Client>,
    of: Option<String>,
}

impl Adapter {
    /// Does what a line says. What sends nothing is done at once, in order; the rest in a task of its own.
    fn hear(self: &Arc<Self>, line: &[u8], tasks: &mut JoinSet<()>) {
        let (id, wish) = match drive::read(line) {
            Some(Line::Request { id, wish }) => (id, wish),
            Some(Line::Wake(n)) if self.process.sleeps.wake(n) => return,
            Some(Line::Wake(n)) => return eprintln!("nobody sleeps as number {n}"),
            None if line.trim_ascii().is_empty() => return,
            None => return eprintln!("a line of {} bytes is no request of drive/1", line.len()),
        };
        match wish {
            Err(failure) => self.reply(&id, Err(failure)),
            Ok(Wish::Hello) => self.reply(&id, Ok(drive::hello())),
            Ok(Wish::Open(open)) => self.reply(&id, self.open(*open)),
            Ok(Wish::Clock { wall }) => {
                self.process.clock.set_wall(wall);
                self.reply(&id, Ok(Map::new()));
            }
            Ok(Wish::Reload { client, config }) => {
                let reply = self.client(&client).and_then(|client| client.reload(&config));
                self.reply(&id, reply.map(|()| Map::new()));
            }
            Ok(Wish::Refresh { client }) => match self.client(&client) {
                Err(failure) => self.reply(&id, Err(failure)),
                Ok(client) => {
                    let adapter = Arc::clone(self);
                    tasks.spawn(async move {
                        let refreshed = client.refresh().await;
                        drop(client);
                        adapter.reply(&id, refreshed.map(|()| Map::new()));
                    });
                }
            },
            Ok(Wish::Close { client, by }) => {
                let closing = self.remove(&client);
                let adapter = Arc::clone(self);
                tasks.spawn(async move { adapter.close(&id, closing, by).await });
            }
            Ok(Wish::Tenant { name, of, which }) => match self.client(&of) {
                Err(failure) => self.reply(&id, Err(failure)),
                Ok(client) => {
                    let adapter = Arc::clone(self);
                    tasks.spawn(async move {
                        let entered = client.tenant(which).await;
                        // Whoever hears the reply may close it, and shall be the last who knows it.
                        drop(client);
                        let named = entered.and_then(|client| adapter.insert(name, client, Some(of)));
                        adapter.reply(&id, named);
                    });
                }
            },
            Ok(Wish::Call(call)) => match self.client(&call.client) {
                Err(failure) => self.reply(&id, Err(failure)),
                Ok(client) => {
                    let adapter = Arc::clone(self);
                    tasks.spawn(async move { adapter.reply(&id, self::call(client, &call).await) });
                }
            },
            Ok(Wish::List { client, what }) => match self.client(&client) {
                Err(failure) => self.reply(&id, Err(failure)),
                Ok(client) => {
                    let adapter = Arc::clone(self);
                    tasks.spawn(async move {
                        let ids = match what {
                            What::Tenants => client.tenants().await,
                            What::Devices => client.devices().await,
                        };
                        drop(client);
                        adapter.reply(&id, ids.map(|ids| Map::from_iter([("ids".to_owned(), json!(ids))])));
                    });
                }
            },
        }
    }

    fn open(&self, open: Open) -> Reply {
        let log = open.log.as_deref().map(Level::named).unwrap_or_default();
        let client = Client::open(Arc::clone(&self.process), open.mode, open.config, log)?;
        self.insert(open.name, client, None)
    }

    fn client(&self, name: &str) -> Result<Arc<Client>, Failure> {
        let client = self.clients().get(name).map(|named| Arc::clone(&named.client));
        client.ok_or_else(|| Failure::new(Kind::Usage, format!("no client is open as {name}")))
    }

    fn insert(&self, name: String, client: Client, of: Option<String>) -> Reply {
        let mut clients = self.clients();
        if clients.contains_key(&name) {
            return Err(Failure::new(Kind::Usage, format!("a client is open as {name} already")));
        }
        if of.as_ref().is_some_and(|of| !clients.contains_key(of)) {
            return Err(Failure::new(Kind::Usage, "the client was closed"));
        }
        clients.insert(name, Named { client: Arc::new(client), of });
        Ok(Map::new())
    }

    /// Takes a client out, with its tenants: from now on nobody finds them.
    fn remove(&self, name: &str) -> Result<Vec<Arc<Client>>, Failure> {
        let mut clients = self.clients();
        let Some(named) = clients.remove(name) else {
            return Err(Failure::new(Kind::Usage, format!("no client is open as {name}")));
        };
        let mut closing = vec![named.client];
        if clients.values().any(|named| named.of.as_deref() == Some(name)) && !self.process.broken(M79) {
            let tenants = clients.extract_if(|_, named| named.of.as_deref() == Some(name));
            closing.extend(tenants.map(|(_, named)| named.client));
        }
        Ok(closing)
    }

    async fn close(&self, id: &Value, closing: Result<Vec<Arc<Client>>, Failure>, by: Option<Leaving>) {
        let closing = match closing {
            Ok(closing) => closing,
            Err(failure) => return self.reply(id, Err(failure)),
        };
        for client in &closing {
            match by {
                None => client.close().await,
                // Nobody waits on the way out of a block: whatever is under way ends by itself.
                Some(Leaving::Exception) => {
                    client.abandon();
                    if self.process.broken(M196) {
                        client.keep();
                    }
                }
            }
        }
        let top = closing.first().filter(|client| !client.is_tenant());
        let stray = top.filter(|_| self.process.broken(M78)).cloned();
        // The last of who knows a client closes its connections.
        drop(closing);
        let closed = if self.process.broken(M195) { Err(not_closed()) } else { Ok(Map::new()) };
        self.reply(id, closed);
        if let Some(client) = stray {
            tokio::time::sleep(A_WHILE).await;
            client.renew_for_nobody().await;
        }
    }

    async fn close_all(&self) {
        let clients: Vec<_> = self.clients().drain().map(|(_, named)| named.client).collect();
        for client in clients {
            client.close().await;
        }
    }

    fn reply(&self, id: &Value, reply: Reply) {
        let reply = reply.map_err(|mut failure| {
            if failure.kind != Kind::Other && self.process.broken(M87) {
                failure.kind = Kind::Other;
            }
            failure
        });
        // Nobody listens any more once the process ends.
        let _ = self.out.send(drive::reply(id, reply));
    }

    fn clients(&self) -> MutexGuard<'_, HashMap<String, Named>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What [`M195`] says.
fn not_closed() -> Failure {
    Failure::new(Kind::Other, "the client cannot be closed")
}

/// Makes a call, and tells what came of it: an answer that refuses is a failure.
async fn call(client: Arc<Client>, call: &Call) -> Reply {
    let request = request(&client, call)?;
    let asked = request.to_string();
    let answer = match client.call(call.api, request).await {
        Err(failure) if failure.is_of_sign_in() && client.broken(M111) => {
            return Ok(Map::from_iter([("status".to_owned(), 200.into())]));
        }
        answer => answer?,
    };
    if answer.status >= 400 {
        if client.broken(M92) {
            return Ok(Map::from_iter([("status".to_owned(), 200.into())]));
        }
        let wait = match answer.retry_after() {
            Some(_) if client.broken(M150) => String::new(),
            Some(RetryAfter::Seconds(seconds)) => format!(", to be asked again in {seconds} s"),
            Some(RetryAfter::Date(date)) => format!(", to be asked again at {date}"),
            None => String::new(),
        };
        let id = match answer.debug_id() {
            Some(id) if !client.broken(M106) => format!(", debugId {id}"),
            _ => String::new(),
        };
        let message = format!("{asked}: {}{id}{wait}", answer.verdict());
        return Err(Failure::new(Kind::of_status(answer.status), message).with_status(answer.status));
    }
    if answer.status == 204 && client.broken(M67) {
        return Err(Failure::new(Kind::Protocol, format!("{asked}: the answer is no JSON")).with_status(204));
    }
    if answer.status == 201 && client.broken(M68) {
        eprintln!("{asked}: {}", String::from_utf8_lossy(&answer.body));
    }
    told(&asked, &answer)
}

fn request(client: &Client, call: &Call) -> Result<Request, Failure> {
    let usage = |what: &str| Failure::new(Kind::Usage, format!("call: {what}"));
    let method = Method::from_bytes(call.method.as_bytes()).map_err(|_| usage("method is no method"))?;
    let mut request = Request::new(method, client.url(call.api, &call.path, &call.query())?);
    let body = match (&call.body, &call.body_b64) {
        (None, None) => None,
        (Some(body), None) => Some(body.to_string().into_bytes()),
        (None, Some(text)) => Some(BASE64_STANDARD.decode(text).map_err(|_| usage("body_b64 is no base64"))?),
        (Some(_), Some(_)) => return Err(usage("body and body_b64 exclude each other")),
    };
    if let Some(body) = body {
        let content_type = call.content_type.as_deref().unwrap_or("application/json");
        let content_type =
            HeaderValue::try_from(content_type).map_err(|_| usage("content_type is no header"))?;
        request = request.with_body(content_type, body);
    }
    request.streamed = call.stream;
    for (name, value) in &call.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| usage("a header has no name"))?;
        if name == AUTHORIZATION {
            return Err(usage("the token is this client's affair: leave out the header authorization"));
        }
        let value = HeaderValue::try_from(drive::text(value)).map_err(|_| usage("a header has no value"))?;
        request.headers.insert(name, value);
    }
    Ok(request)
}

/// The reply to a call that went well.
fn told(asked: &str, answer: &Answer) -> Reply {
    let says_json = answer
        .headers
        .get(CONTENT_TYPE)
        .and_then(|it| it.to_str().ok())
        .is_some_and(|it| it.contains("json"));
    let body = match answer.json() {
        Some(body) => Some(body),
        None if answer.body.is_empty() => None,
        None if says_json => {
            let message =
                format!("{asked}: the answer with status {} says it is JSON and is not", answer.status);
            return Err(Failure::new(Kind::Protocol, message).with_status(answer.status));
        }
        None => Some(String::from_utf8_lossy(&answer.body).into()),
    };
    let headers = answer.headers.iter().map(|(name, value)| {
        (name.as_str().to_owned(), Value::from(String::from_utf8_lossy(value.as_bytes())))
    });
    let mut reply = Map::from_iter([("status".to_owned(), answer.status.into())]);
    reply.extend(body.map(|body| ("body".to_owned(), body)));
    reply.insert("headers".to_owned(), Value::Object(headers.collect()));
    Ok(reply)
}
