//! One connection: finds out what the client speaks, ends its TLS, opens its tunnel, and serves its HTTP.

use std::error::Error as _;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use greenroom_model::rule::BadCertificate;
use http::header::{CONNECTION, CONTENT_TYPE, DATE};
use http::uri::Authority;
use http::{HeaderValue, Method, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use hyper::ext::ReasonPhrase;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::delivery::{Delivery, End, Payload};
use super::fault_io::{FaultIo, Order, Orders, Outcome};
use super::line::Line;
use super::stream::{Flight, Flights, Language, Stream};
use super::{ConnectionEvent, GRACE, Peer, Reception, Service, Timeouts, stopped};
use crate::tls::{Hello, Tls, TlsError};

/// The longest head of a request, and the longest list of HTTP/2 headers; more is answered with 431.
const MAX_HEAD: usize = 64 * 1024;
/// How many requests one HTTP/2 connection may have at once.
const MAX_STREAMS: u32 = 128;

type Answer = Response<Payload>;
/// What hyper takes for the end of a stream with an error code of ours.
type Refusal = h2::Error;

/// An accepted connection, from [`ConnectionEvent::Opened`] to [`ConnectionEvent::Closed`].
pub(super) struct Connection<S: Service> {
    number: u64,
    service: Arc<S>,
    tls: Tls,
    timeouts: Timeouts,
    stop: watch::Receiver<bool>,
}

/// An accepted CONNECT.
struct Tunnel {
    host: String,
    upgrade: OnUpgrade,
    /// What is wrong with the certificate inside.
    flaw: Option<BadCertificate>,
}

impl<S: Service> Connection<S> {
    /// Reports the connection as opened; dropping it reports it as closed.
    pub(super) fn open(
        number: u64,
        service: Arc<S>,
        tls: Tls,
        timeouts: Timeouts,
        stop: watch::Receiver<bool>,
    ) -> Self {
        service.event(ConnectionEvent::Opened { connection: number });
        Self { number, service, tls, timeouts, stop }
    }

    /// Serves the client until one of both has had enough.
    pub(super) async fn run(mut self, socket: TcpStream) {
        let line = Line::new(socket);
        let Some(begun) = self.within_head("first_byte", Stream::begin(line.clone())).await else { return };
        let mut after = match begun {
            // Nothing was said, so nothing is wrong.
            Err(_) => return,
            Ok((Language::Tls, stream)) => self.serve_direct_tls(stream).await,
            Ok((Language::Http, stream)) => {
                let peer = Peer { connection: self.number, tls: false, tunnel: None, sni: None };
                self.serve_http(stream, peer).await
            }
        };
        if let After::Tunnel(Tunnel { host, upgrade, flaw }) = after {
            // It fails for a client that left before our 200.
            let Ok(inside) = upgrade.await else { return };
            // A CONNECT in there is refused, so this is the innermost level.
            after = match self.greet(TokioIo::new(inside), Some(&host)).await {
                Some(hello) => self.serve_tls(hello, Some(host), flaw).await,
                None => After::Nothing,
            };
        }
        if let After::End(end) = after {
            self.service.event(ConnectionEvent::EndedByRule { connection: self.number });
            // It fails for a client that has gone.
            let _ = line.end(end).await;
        }
    }

    /// TLS without a tunnel around it: what it meets is known when it has said hello.
    async fn serve_direct_tls(&mut self, stream: Stream<Line>) -> After {
        let Some(mut hello) = self.greet(stream, None).await else { return After::Nothing };
        let Reception { pause, end, flaw, held } = self.service.meet(self.number, hello.sni());
        if let Some(pause) = pause {
            tokio::select! {
                biased;
                () = stopped(&mut self.stop) => return After::Nothing,
                () = hello.io().left() => return After::Nothing,
                () = tokio::time::sleep(pause) => {}
            }
        }
        drop(held);
        match end {
            Some(end) => After::End(end),
            None => self.serve_tls(hello, None, flaw).await,
        }
    }

    /// Listens for a TLS hello.
    async fn greet<IO>(&mut self, io: IO, tunnel: Option<&str>) -> Option<Hello<IO>>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let greeted = self.within_head("tls_handshake", Tls::greet(io)).await?;
        greeted.map_err(|error| self.tls_failed(error, tunnel)).ok()
    }

    fn tls_failed(&self, TlsError { sni, reason }: TlsError, tunnel: Option<&str>) {
        let host = sni.or_else(|| tunnel.map(str::to_owned));
        self.service.event(ConnectionEvent::TlsFailed { connection: self.number, host, reason });
    }

    async fn serve_tls<IO>(
        &mut self,
        hello: Hello<IO>,
        tunnel: Option<String>,
        flaw: Option<BadCertificate>,
    ) -> After
    where
        IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (tls, service, connection) = (self.tls.clone(), Arc::clone(&self.service), self.number);
        let handshake = tls
            .shake(hello, tunnel.as_deref(), flaw, service.offers_http2(), |host| service.knows_host(host));
        let Some(shaken) = self.within_head("tls_handshake", handshake).await else { return After::Nothing };
        let accepted = match shaken {
            Ok(accepted) => accepted,
            Err(error) => {
                self.tls_failed(error, tunnel.as_deref());
                return After::Nothing;
            }
        };
        let peer = Peer { connection, tls: true, tunnel, sni: accepted.sni };
        let Some(begun) = self.within_head("request_head", Stream::begin(accepted.stream)).await else {
            return After::Nothing;
        };
        match begun {
            Ok((_, stream)) => self.serve_http(stream, peer).await,
            Err(error) => {
                // A client that refuses our certificate may say so only now.
                if error.kind() == io::ErrorKind::InvalidData {
                    let error = TlsError { sni: peer.sni, reason: error.to_string() };
                    self.tls_failed(error, peer.tunnel.as_deref());
                }
                After::Nothing
            }
        }
    }

    /// Serves HTTP/1.0, 1.1 and 2 until the connection ends or becomes a tunnel.
    async fn serve_http<IO>(&mut self, stream: Stream<IO>, peer: Peer) -> After
    where
        IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let flights = watch::Sender::new(Flights::default());
        let watched = flights.subscribe();
        let orders = Orders::new();
        let stream = stream.holding_the_end(flights.subscribe(), self.timeouts.half_closed);
        let stream = FaultIo::new(stream, Arc::clone(&orders));
        let front = Arc::new(Front {
            service: Arc::clone(&self.service),
            peer: Arc::new(peer),
            orders: Arc::clone(&orders),
            tunnel: Mutex::default(),
        });
        let entrance = Arc::clone(&front);
        let service = service_fn(move |request| {
            let flight = Flight::begin(&flights);
            let front = Arc::clone(&entrance);
            async move {
                let mut answered = front.answer(request).await;
                if let Ok(answer) = &mut answered {
                    answer.body_mut().keep(flight);
                }
                answered
            }
        });
        let streams = Streams::default();
        let builder = builder(streams.clone());
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
        let ended = drive(connection, watched, &orders, &self.timeouts, &mut self.stop).await;
        // Requests of a client that went away end before the connection is reported as closed.
        streams.end().await;
        let connection = self.number;
        match ended {
            Ended::Well => {}
            Ended::Malformed(reason) => {
                self.service.event(ConnectionEvent::Malformed { connection, reason });
            }
            Ended::TimedOut(what) => self.service.event(ConnectionEvent::TimedOut { connection, what }),
            Ended::Ordered(end) => return After::End(end),
        }
        front.take_tunnel().map_or(After::Nothing, After::Tunnel)
    }

    /// Does a piece of work that needs the client, unless it takes too long or the listener stops.
    async fn within_head<T>(&mut self, what: &'static str, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = stopped(&mut self.stop) => None,
            done = timeout(self.timeouts.head, work) => {
                if done.is_err() {
                    self.service.event(ConnectionEvent::TimedOut { connection: self.number, what });
                }
                done.ok()
            }
        }
    }
}

impl<S: Service> Drop for Connection<S> {
    fn drop(&mut self) {
        self.service.event(ConnectionEvent::Closed { connection: self.number });
    }
}

/// What is left to do when HTTP is over.
enum After {
    Nothing,
    Tunnel(Tunnel),
    End(End),
}

/// Answers the requests of one connection, CONNECT by itself.
struct Front<S> {
    service: Arc<S>,
    peer: Arc<Peer>,
    orders: Arc<Orders>,
    /// The tunnel to open when hyper has written the 200 and let go of the connection. Waiting for that
    /// inside the answer would be waiting for oneself.
    tunnel: Mutex<Option<Tunnel>>,
}

impl<S: Service> Front<S> {
    async fn answer(&self, request: Request<Incoming>) -> Result<Answer, Refusal> {
        if request.method() == Method::CONNECT {
            return self.connect(request).await;
        }
        let http2 = request.version() == Version::HTTP_2;
        let head_only = request.method() == Method::HEAD;
        match self.service.answer(Arc::clone(&self.peer), request).await {
            Delivery::Answer(answer) => Ok(answer),
            // Other answers go out meanwhile, so that nothing can be counted below HTTP.
            Delivery::Cut { mut answer, body, end } if http2 => {
                answer.body_mut().end_after(body, &self.orders, end);
                Ok(answer)
            }
            Delivery::Cut { answer, body, end } => {
                let length = if head_only { 0 } else { answer.body().length() };
                self.orders.give(Order::Cut(body.min(length), end));
                Ok(answer)
            }
            Delivery::Farewell(answer) => {
                self.orders.give(Order::Farewell);
                Ok(answer)
            }
            Delivery::ResetStream(code) if http2 => Err(h2::Reason::from(code).into()),
            Delivery::ResetStream(_) => self.end(Order::End(End::Reset)).await,
            Delivery::End(end) => self.end(Order::End(end)).await,
            Delivery::GoAway { last_stream, code } if http2 => {
                self.end(Order::GoAway { last_stream, code }).await
            }
            Delivery::GoAway { .. } => self.end(Order::End(End::Close)).await,
        }
    }

    /// Never returns: the end of the connection is the end of its requests.
    async fn end(&self, order: Order) -> Result<Answer, Refusal> {
        self.orders.give(order);
        std::future::pending().await
    }

    async fn connect(&self, request: Request<Incoming>) -> Result<Answer, Refusal> {
        let connection = self.peer.connection;
        let Some((name, port)) = request.uri().authority().and_then(host_and_port) else {
            let reason = "CONNECT without a host and a port".to_owned();
            self.service.event(ConnectionEvent::Malformed { connection, reason });
            let text = "CONNECT needs a host and a port, as in CONNECT host:443.\n".to_owned();
            return Ok(self.refuse(StatusCode::BAD_REQUEST, request.version(), text));
        };
        let host = name.to_ascii_lowercase();
        // One HTTP/2 connection would carry many tunnels, and no client that we know asks for that.
        let over_http2 = request.version() == Version::HTTP_2;
        let (why, text) = if self.peer.tunnel.is_some() {
            ("nested", "Greenroom opens no tunnel inside a tunnel.\n".to_owned())
        } else if !self.service.knows_host(&host) {
            // The name is not repeated: a client may have put anything into it.
            let text = "Greenroom does not stand in for this host and forwards nothing. \
                        If the client shall reach the real host, name it in NO_PROXY.\n";
            ("unexpected_host", text.to_owned())
        } else if port != 443 {
            ("port_not_443", format!("Greenroom stands in for {host} on port 443 only, not on {port}.\n"))
        } else if over_http2 {
            ("over_http2", "Greenroom takes CONNECT over HTTP/1 only.\n".to_owned())
        } else {
            let Reception { pause, end, flaw, held } = self.service.meet(connection, Some(&host));
            if let Some(pause) = pause {
                tokio::time::sleep(pause).await;
            }
            drop(held);
            return match end {
                Some(end) => self.end(Order::End(end)).await,
                None => Ok(self.open_tunnel(host, request, flaw)),
            };
        };
        let authority = format!("{name}:{port}");
        self.service.event(ConnectionEvent::TunnelRefused { connection, authority, why });
        Ok(self.refuse(StatusCode::FORBIDDEN, request.version(), text))
    }

    fn open_tunnel(
        &self,
        host: String,
        mut request: Request<Incoming>,
        flaw: Option<BadCertificate>,
    ) -> Answer {
        let connection = self.peer.connection;
        self.service.event(ConnectionEvent::TunnelOpened { connection, host: host.clone() });
        let upgrade = hyper::upgrade::on(&mut request);
        *self.tunnel.lock().unwrap_or_else(PoisonError::into_inner) = Some(Tunnel { host, upgrade, flaw });
        let mut answer = Answer::new(Payload::whole(""));
        answer.extensions_mut().insert(ReasonPhrase::from_static(b"Connection established"));
        answer
    }

    fn refuse(&self, status: StatusCode, version: Version, text: String) -> Answer {
        let mut answer = Answer::new(Payload::whole(text));
        *answer.status_mut() = status;
        let headers = answer.headers_mut();
        headers.insert(DATE, self.service.date());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        if version < Version::HTTP_2 {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        answer
    }

    fn take_tunnel(&self) -> Option<Tunnel> {
        self.tunnel.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

fn host_and_port(authority: &Authority) -> Option<(String, u16)> {
    let named = !authority.host().is_empty() && !authority.as_str().contains('@');
    named.then_some(())?;
    // A name may end in the dot of the root.
    Some((authority.host().trim_end_matches('.').to_owned(), authority.port_u16()?))
}

fn builder(streams: Streams) -> auto::Builder<Streams> {
    let mut builder = auto::Builder::new(streams);
    // hyper's Date is the real time; ours comes from the virtual clock.
    builder
        .http1()
        .auto_date_header(false)
        .keep_alive(true)
        .max_buf_size(MAX_HEAD)
        .timer(TokioTimer::new())
        // `overdue` does it: hyper's own cannot tell a slow head from an idle connection.
        .header_read_timeout(None)
        // `Stream` does it: hyper would not notice a client that goes away while it waits.
        .half_close(false);
    // No pings: a client that does not read while it is idle, as httpx, could not answer them.
    builder
        .http2()
        .auto_date_header(false)
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEAD as u32)
        .timer(TokioTimer::new());
    builder
}

/// How HTTP on a connection came to its end.
enum Ended {
    /// One of both closed it, also in the middle of something.
    Well,
    Malformed(String),
    TimedOut(&'static str),
    /// By an order; how the connection under it shall end.
    Ordered(End),
}

async fn drive<C>(
    connection: C,
    flights: watch::Receiver<Flights>,
    orders: &Orders,
    timeouts: &Timeouts,
    stop: &mut watch::Receiver<bool>,
) -> Ended
where
    C: GracefulConnection<Error = Box<dyn std::error::Error + Send + Sync>>,
{
    let mut connection = pin!(connection);
    let mut known = Outcome::GoesOn;
    let late = loop {
        tokio::select! {
            biased;
            outcome = orders.outcome_after(known) => match outcome {
                Outcome::Ends(end) => return Ended::Ordered(end),
                Outcome::Farewell | Outcome::GoesOn => {
                    connection.as_mut().graceful_shutdown();
                    known = outcome;
                }
            },
            ended = connection.as_mut() => return ended_by(ended, &flights),
            () = stopped(stop) => break None,
            what = overdue(flights.clone(), timeouts) => break Some(what),
        }
    };
    // A client that has not sent a request is owed no farewell.
    if late != Some("request_head") {
        connection.as_mut().graceful_shutdown();
        let ended = timeout(GRACE, connection).await;
        if let (None, Ok(ended)) = (late, ended) {
            return ended_by(ended, &flights);
        }
    }
    late.map_or(Ended::Well, Ended::TimedOut)
}

/// Waits until the client is late with its next request.
async fn overdue(mut flights: watch::Receiver<Flights>, timeouts: &Timeouts) -> &'static str {
    loop {
        let Flights { begun, open, .. } = *flights.borrow_and_update();
        let (what, limit) =
            if begun == 0 { ("request_head", timeouts.head) } else { ("idle", timeouts.idle) };
        let next = flights.changed();
        let next = if open > 0 { Ok(next.await) } else { timeout(limit, next).await };
        match next {
            Ok(Ok(())) => {}
            // hyper takes no more requests, so none can be late.
            Ok(Err(_)) => std::future::pending().await,
            Err(_) => return what,
        }
    }
}

fn ended_by(
    ended: Result<(), Box<dyn std::error::Error + Send + Sync>>,
    flights: &watch::Receiver<Flights>,
) -> Ended {
    let Err(error) = ended else { return Ended::Well };
    let Some(error) = error.downcast_ref::<hyper::Error>() else { return Ended::Well };
    if error.is_parse() {
        return Ended::Malformed(error.to_string());
    }
    // With a request under way the client left while it waited; its request did parse.
    if error.is_incomplete_message() && flights.borrow().open == 0 {
        return Ended::Malformed(error.to_string());
    }
    // hyper has no other name for it. The remaining kinds are I/O errors: the client went away.
    if error.to_string() == "http2 error" {
        let detail = error.source().map(ToString::to_string).unwrap_or_default();
        // An error "received" is the client's judgement about us, in its own words.
        if !detail.contains("received") {
            return Ended::Malformed(format!("{error}: {detail}"));
        }
    }
    Ended::Well
}

/// The tasks of an HTTP/2 connection's requests: they end with it.
#[derive(Clone, Default)]
struct Streams(Arc<Mutex<JoinSet<()>>>);

impl Streams {
    async fn end(self) {
        let mut tasks = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        tasks.shutdown().await;
    }
}

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for Streams {
    fn execute(&self, request: F) {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(request);
    }
}
