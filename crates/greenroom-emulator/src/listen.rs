//! The one port: accepts connections, and hands each request on them to a [`Service`].

mod connection;
mod delivery;
mod fault_io;
mod line;
mod stream;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use greenroom_model::rule::BadCertificate;
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use self::connection::Connection;
pub(crate) use self::delivery::{Delivery, End, Payload};
use crate::activity::Held;
use crate::tls::Tls;

/// How long a connection that is told to end may take to finish its answers.
const GRACE: Duration = Duration::from_secs(2);
/// How much longer a connection is waited for that does not end by itself after that.
const SLACK: Duration = Duration::from_millis(500);
/// How long to wait before accepting again where the process has run out of something.
const BACKOFF: Duration = Duration::from_millis(50);

/// What is known of a connection when a request on it arrives.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// The connection's number on this listener, counted from 1. A tunnel has that of its CONNECT.
    pub(crate) connection: u64,
    /// Whether the request came inside TLS.
    pub(crate) tls: bool,
    /// The host of the CONNECT, lower case, without the port.
    pub(crate) tunnel: Option<String>,
    /// The name in the TLS hello, lower case.
    pub(crate) sni: Option<String>,
}

/// What a connection meets before there is a request on it.
#[derive(Debug, Default)]
pub(crate) struct Reception {
    /// Nothing for so much real time.
    pub(crate) pause: Option<Duration>,
    /// Then its end.
    pub(crate) end: Option<End>,
    /// Or a certificate that no client should take.
    pub(crate) flaw: Option<BadCertificate>,
    /// Kept while the client waits.
    pub(crate) held: Option<Held>,
}

/// Things that happen to connections and are not requests.
#[derive(Clone, Debug)]
pub(crate) enum ConnectionEvent {
    /// A connection was accepted.
    Opened {
        /// Its number.
        connection: u64,
    },
    /// A CONNECT was answered with 403.
    TunnelRefused {
        /// The connection's number.
        connection: u64,
        /// The host, lower case, and the port.
        authority: String,
        /// `unexpected_host`, `port_not_443`, `nested` (inside a tunnel) or `over_http2`.
        why: &'static str,
    },
    /// A CONNECT was answered with 200.
    TunnelOpened {
        /// The connection's number.
        connection: u64,
        /// The host, lower case.
        host: String,
    },
    /// A TLS handshake failed.
    TlsFailed {
        /// The connection's number.
        connection: u64,
        /// The name in the hello, else the host of the tunnel.
        host: Option<String>,
        /// What went wrong, without anything a client sent.
        reason: String,
    },
    /// What came is not HTTP; the protocol's own error was the answer.
    Malformed {
        /// The connection's number.
        connection: u64,
        /// What is wrong, without anything a client sent.
        reason: String,
    },
    /// The client took too long.
    TimedOut {
        /// The connection's number.
        connection: u64,
        /// What was waited for: `first_byte`, `tls_handshake`, `request_head` or (a further one) `idle`.
        what: &'static str,
    },
    /// A rule ends the connection: answers that HTTP took to be sent on it may not have arrived.
    EndedByRule {
        /// The connection's number.
        connection: u64,
    },
    /// The connection is over; all its requests have ended. Always the last event of a connection.
    Closed {
        /// The connection's number.
        connection: u64,
    },
}

/// What answers the requests of a listener.
pub(crate) trait Service: Send + Sync + 'static {
    /// Answers a request. Dropped unfinished when the client goes away.
    fn answer(
        &self,
        peer: Arc<Peer>,
        request: http::Request<Incoming>,
    ) -> impl Future<Output = Delivery> + Send;

    /// Whether Greenroom stands in for a host (lower case, no port).
    fn knows_host(&self, host: &str) -> bool;

    /// Whether HTTP/2 is offered in TLS handshakes.
    fn offers_http2(&self) -> bool {
        true
    }

    /// What a connection meets that wants to reach a host (lower case, no port) by CONNECT or, with the name in
    /// its hello if there is one, by TLS. Asked once a connection.
    fn meet(&self, connection: u64, host: Option<&str>) -> Reception;

    /// Takes note of an event.
    fn event(&self, event: ConnectionEvent);

    /// The value of the Date header (virtual clock), for answers the listener itself makes.
    fn date(&self) -> http::HeaderValue;
}

/// How long a client may take. All of it is real time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    /// For the first byte, for the TLS handshake, and for the head of the first request: each.
    pub(crate) head: Duration,
    /// Between an answer and the next request. Longer than clients keep an idle connection, so that
    /// they, not we, end it: a request that meets our end fails.
    pub(crate) idle: Duration,
    /// For an answer to a client that has ended its side. It has most likely gone away, and its request
    /// is dropped then; but it may be one like `nc`, which ends its side and then reads.
    pub(crate) half_closed: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(30),
            idle: Duration::from_secs(120),
            half_closed: Duration::from_millis(250),
        }
    }
}

/// Serves until `stop` turns true or its sender is dropped, and returns when all connections have ended:
/// idle ones at once, the others after their answers or after two seconds.
pub(crate) async fn serve<S: Service>(
    listener: TcpListener,
    tls: Tls,
    service: Arc<S>,
    timeouts: Timeouts,
    stop: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    let mut stopping = stop.clone();
    let mut count = 0;
    loop {
        let accepted = tokio::select! {
            biased;
            () = stopped(&mut stopping) => break,
            Some(ended) = connections.join_next() => {
                report(ended);
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, _)) => {
                count += 1;
                let connection =
                    Connection::open(count, Arc::clone(&service), tls.clone(), timeouts, stop.clone());
                connections.spawn(connection.run(socket));
            }
            // The client was gone before we came to it.
            Err(error) if is_of_the_client(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection; trying again");
                tokio::time::sleep(BACKOFF).await;
            }
        }
    }
    // New clients are refused from here on, not left waiting.
    drop(listener);
    let all_ended = async {
        while let Some(ended) = connections.join_next().await {
            report(ended);
        }
    };
    if tokio::time::timeout(GRACE + SLACK, all_ended).await.is_err() {
        connections.shutdown().await;
    }
}

/// Waits until the listener shall stop.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that nobody is left who could stop us otherwise.
    let _ = stop.wait_for(|stop| *stop).await;
}

fn is_of_the_client(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset)
}

fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        // Only that it happened: the message of a panic may hold anything.
        tracing::error!(panicked = error.is_panic(), "a connection's task did not end well");
    }
}
