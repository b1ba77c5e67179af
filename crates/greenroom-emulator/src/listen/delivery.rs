//! How an answer reaches its client, or does not.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt as _, combinators::UnsyncBoxBody};
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

use super::{
    fault_io::{Last, Orders},
    stream::Flight,
};
use crate::activity::Held;

/// How a request is answered on the wire.
#[derive(Debug)]
pub(crate) enum Delivery {
    /// By this.
    Answer(Response<Payload>),
    /// By the head of this and `body` bytes of its body, or all of it if it is no longer; then the
    /// connection ends.
    Cut { answer: Response<Payload>, body: u64, end: End },
    /// By the end of the connection.
    End(End),
    /// By the end of its stream, with this error code. HTTP/2 only; of an HTTP/1 request the connection
    /// ends.
    ResetStream(u32),
    /// By this, and HTTP/2 clients are told to ask no more on this connection. After an answer over HTTP/1
    /// the connection ends.
    Farewell(Response<Payload>),
    /// Not at all: a GOAWAY frame says that streams above `last_stream` were not looked at, and the
    /// connection ends. HTTP/2 only; of an HTTP/1 request the connection just ends.
    GoAway { last_stream: u32, code: u32 },
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// With a FIN, and inside TLS with a `close_notify` before it.
    Close,
    /// With a FIN and nothing else, as when a machine on the way has had enough.
    CloseUnannounced,
    /// With a RST.
    Reset,
}

/// The body of an answer.
pub(crate) struct Payload {
    rest: Bytes,
    pace: Option<Pace>,
    /// Whether HTTP may know how long it is.
    sized: bool,
    /// What follows `rest`, as it comes.
    source: Option<Source>,
    /// What comes first, and the connection ends with.
    last: Option<Last>,
    /// How many bytes HTTP waits for in vain after that.
    withheld: u64,
    /// While it is made or trickles, its client counts as one that waits for an answer.
    flight: Option<Flight>,
    /// While it trickles, the sandbox keeps its client waiting.
    held: Option<Held>,
}

/// A body that is made while it is sent.
struct Source(UnsyncBoxBody<Bytes, ()>);

/// So many bytes at a time, with a pause before each further piece.
struct Pace {
    piece: usize,
    pause: Duration,
    until: Option<Pin<Box<Sleep>>>,
}

impl std::fmt::Debug for Payload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Payload")
    }
}

impl Payload {
    /// All at once.
    pub(crate) fn whole(bytes: impl Into<Bytes>) -> Self {
        let rest = bytes.into();
        Self {
            rest,
            pace: None,
            sized: true,
            source: None,
            last: None,
            withheld: 0,
            flight: None,
            held: None,
        }
    }

    /// In pieces of `piece` bytes (at least one), with a pause in real time between them.
    pub(crate) fn trickling(bytes: impl Into<Bytes>, piece: usize, pause: Duration) -> Self {
        let pace = Some(Pace { piece: piece.max(1), pause, until: None });
        Self { pace, ..Self::whole(bytes) }
    }

    /// All at once, below a `Content-Length` that may say more: then the connection ends after it.
    pub(crate) fn of_any_length(bytes: impl Into<Bytes>) -> Self {
        Self { sized: false, ..Self::whole(bytes) }
    }

    /// As it comes, for as long as the client stays. One that fails ends there.
    pub(crate) fn streaming<B: Body<Data = Bytes> + Send + 'static>(body: B) -> Self {
        let source = Some(Source(body.map_err(drop).boxed_unsync()));
        Self { source, ..Self::of_any_length(Bytes::new()) }
    }
}

impl Payload {
    /// How many bytes it has.
    pub(super) fn length(&self) -> u64 {
        self.rest.len() as u64
    }

    /// Ends the connection, which must be one of HTTP/2, when so many bytes of it (or all, if there are no more)
    /// have gone out.
    pub(super) fn end_after(&mut self, count: u64, orders: &Arc<Orders>, end: End) {
        let count = self.length().min(count);
        self.withheld = self.length() - count;
        let mut bytes = std::mem::take(&mut self.rest);
        // Not more than there are, so that it fits.
        bytes.truncate(usize::try_from(count).unwrap_or(usize::MAX));
        self.last = Some(Last::new(bytes, orders, end));
    }

    /// Counts its client as kept waiting while it trickles.
    pub(crate) fn hold(&mut self, held: Held) {
        self.held = self.pace.is_some().then_some(held);
    }

    /// Keeps the request in flight while a body is still made, or trickles. Any other body is all there.
    pub(super) fn keep(&mut self, flight: Flight) {
        if self.pace.is_some() || self.source.is_some() {
            self.flight = Some(flight);
        }
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        if let Some(source) = &mut this.source {
            let frame = ready!(Pin::new(&mut source.0).poll_frame(cx)).and_then(Result::ok);
            if frame.is_none() {
                (this.source, this.flight) = (None, None);
            }
            return Poll::Ready(frame.map(Ok));
        }
        if let Some(last) = this.last.take() {
            return Poll::Ready(Some(Ok(Frame::data(Bytes::from_owner(last)))));
        }
        if this.withheld > 0 {
            return Poll::Pending;
        }
        if this.rest.is_empty() {
            return Poll::Ready(None);
        }
        let Some(pace) = &mut this.pace else {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut this.rest)))));
        };
        if let Some(until) = &mut pace.until {
            ready!(until.as_mut().poll(cx));
        }
        let piece = this.rest.split_to(pace.piece.min(this.rest.len()));
        pace.until = Some(Box::pin(tokio::time::sleep(pace.pause)));
        if this.rest.is_empty() {
            (this.flight, this.held) = (None, None);
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.source.is_none() && self.last.is_none() && self.withheld == 0
    }

    fn size_hint(&self) -> SizeHint {
        let last = self.last.as_ref().map_or(0, |last| last.as_ref().len() as u64);
        if self.sized {
            SizeHint::with_exact(last + self.length() + self.withheld)
        } else {
            SizeHint::default()
        }
    }
}
