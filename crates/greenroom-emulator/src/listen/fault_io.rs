//! The place below HTTP where an answer is cut, a frame is slipped in, and a connection ends.
//!
//! HTTP libraries keep what they promise; what breaks a promise happens under them. Over HTTP/1 the bytes that go
//! out are counted. Over HTTP/2, where many answers go out at once, the last bytes of one say themselves when they
//! have been written.

mod cut;

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;

use self::cut::Cut;
use super::delivery::End;

/// What a request's answer wants done to the connection under it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Order {
    /// HTTP/1: let the head of the next answer and so many bytes of its body go out, then end.
    Cut(u64, End),
    /// HTTP/2: let go out what has been written, then end.
    Written(End),
    /// End now.
    End(End),
    /// HTTP/2: send a GOAWAY frame between two others, then end with a FIN.
    GoAway { last_stream: u32, code: u32 },
    /// Finish what is under way and take no more requests.
    Farewell,
}

/// The orders for one HTTP connection, and what has become of them.
pub(super) struct Orders {
    desk: Mutex<Desk>,
    outcome: watch::Sender<Outcome>,
}

/// What the orders have led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nothing: HTTP goes on.
    GoesOn,
    /// HTTP shall say goodbye.
    Farewell,
    /// All that may go out has gone out: the connection ends so.
    Ends(End),
}

#[derive(Default)]
struct Desk {
    order: Option<Order>,
    /// Whoever drives the connection.
    reader: Option<Waker>,
}

impl Orders {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { desk: Mutex::default(), outcome: watch::Sender::new(Outcome::GoesOn) })
    }

    /// Gives an order. The first one that ends the connection stands.
    pub(super) fn give(&self, order: Order) {
        if matches!(order, Order::Farewell) {
            self.become_of(Outcome::Farewell);
            return;
        }
        let mut desk = self.desk();
        desk.order.get_or_insert(order);
        if let Some(reader) = desk.reader.take() {
            reader.wake();
        }
    }

    /// Waits for an outcome other than `known`.
    pub(super) async fn outcome_after(&self, known: Outcome) -> Outcome {
        let mut outcome = self.outcome.subscribe();
        // The sender is ours, so the wait cannot fail.
        outcome.wait_for(|outcome| *outcome != known).await.map_or(known, |outcome| *outcome)
    }

    fn become_of(&self, outcome: Outcome) {
        self.outcome.send_if_modified(|now| {
            let better = !matches!(now, Outcome::Ends(_)) && *now != outcome;
            if better {
                *now = outcome;
            }
            better
        });
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The last bytes of an answer that may go out over HTTP/2. HTTP lets go of them when it has written them, or
/// when their stream is no more: either way the connection ends then.
pub(super) struct Last {
    bytes: Bytes,
    orders: Arc<Orders>,
    end: End,
}

impl Last {
    pub(super) fn new(bytes: Bytes, orders: &Arc<Orders>, end: End) -> Self {
        Self { bytes, orders: Arc::clone(orders), end }
    }
}

impl AsRef<[u8]> for Last {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Last {
    fn drop(&mut self) {
        self.orders.give(Order::Written(self.end));
    }
}

/// A stream that carries out orders.
pub(super) struct FaultIo<IO> {
    io: IO,
    orders: Arc<Orders>,
    flow: Flow,
}

enum Flow {
    Free,
    /// Until the cut is reached.
    Cutting(Cut, End),
    /// Until HTTP has written whole frames and flushes them; then these bytes follow.
    Flushing(Vec<u8>, End),
    /// These bytes go out first.
    Inserting(Vec<u8>, End),
    Ending(End),
    /// Nothing goes out any more, whatever HTTP believes.
    Over,
}

impl<IO> FaultIo<IO> {
    pub(super) fn new(io: IO, orders: Arc<Orders>) -> Self {
        Self { io, orders, flow: Flow::Free }
    }
}

impl<IO: AsyncWrite + Unpin> FaultIo<IO> {
    /// Takes an order that has come, and carries it on as far as it goes without HTTP writing anything.
    fn attend(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if matches!(self.flow, Flow::Free) {
            let order = self.orders.desk().order.take();
            match order {
                None | Some(Order::Farewell) => {}
                Some(Order::Cut(body, end)) => self.flow = Flow::Cutting(Cut::after(body), end),
                Some(Order::End(end)) => self.flow = Flow::Ending(end),
                Some(Order::Written(end)) => self.flow = Flow::Flushing(Vec::new(), end),
                Some(Order::GoAway { last_stream, code }) => {
                    self.flow = Flow::Flushing(goaway(last_stream, code), End::Close);
                }
            }
        }
        if let Flow::Inserting(bytes, end) = &mut self.flow {
            while !bytes.is_empty() {
                let count = ready!(Pin::new(&mut self.io).poll_write(cx, bytes))?;
                bytes.drain(..count);
            }
            self.flow = Flow::Ending(*end);
        }
        if let Flow::Ending(end) = self.flow {
            ready!(Pin::new(&mut self.io).poll_flush(cx))?;
            if end == End::Close {
                ready!(Pin::new(&mut self.io).poll_shutdown(cx))?;
            }
            self.flow = Flow::Over;
            self.orders.become_of(Outcome::Ends(end));
        }
        Poll::Ready(Ok(()))
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncRead for FaultIo<IO> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.orders.desk().reader = Some(cx.waker().clone());
        ready!(this.attend(cx))?;
        match this.flow {
            // Whoever drives the connection is told by the outcome.
            Flow::Over => Poll::Pending,
            _ => Pin::new(&mut this.io).poll_read(cx, buf),
        }
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for FaultIo<IO> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.attend(cx))?;
        let allowed = match &this.flow {
            Flow::Over => return Poll::Ready(Ok(buf.len())),
            Flow::Cutting(cut, _) => cut.clone().advance(buf),
            _ => buf.len(),
        };
        let count = ready!(Pin::new(&mut this.io).poll_write(cx, &buf[..allowed]))?;
        if let Flow::Cutting(cut, end) = &mut this.flow {
            cut.advance(&buf[..count]);
            if cut.reached() {
                this.flow = Flow::Ending(*end);
                // What cannot be finished now is when the connection is polled next.
                let _ = this.attend(cx)?;
            }
        }
        Poll::Ready(Ok(count))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.attend(cx))?;
        if matches!(this.flow, Flow::Cutting(..) | Flow::Over) {
            let first = bufs.iter().find(|buf| !buf.is_empty()).map_or(&[][..], |buf| buf);
            return Pin::new(this).poll_write(cx, first);
        }
        Pin::new(&mut this.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.attend(cx))?;
        if let Flow::Flushing(bytes, end) = &mut this.flow {
            this.flow = Flow::Inserting(std::mem::take(bytes), *end);
            ready!(this.attend(cx))?;
        }
        match this.flow {
            Flow::Over => Poll::Ready(Ok(())),
            _ => Pin::new(&mut this.io).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match this.flow {
            Flow::Over => Poll::Ready(Ok(())),
            _ => Pin::new(&mut this.io).poll_shutdown(cx),
        }
    }
}

/// A GOAWAY frame (RFC 9113 §6.8).
fn goaway(last_stream: u32, code: u32) -> Vec<u8> {
    const GOAWAY: u8 = 7;
    let mut frame = vec![0, 0, 8, GOAWAY, 0, 0, 0, 0, 0];
    frame.extend((last_stream & 0x7fff_ffff).to_be_bytes());
    frame.extend(code.to_be_bytes());
    frame
}
