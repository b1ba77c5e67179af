//! The place below HTTP where an answer is cut, a frame is slipped in, and a connection ends.
//!
//! HTTP libraries keep what they promise; what breaks a promise happens under them. The bytes that go out are
//! counted as HTTP sees them: body bytes of HTTP/1, DATA bytes of HTTP/2.

mod outgoing;

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;

use self::outgoing::{Cut, Outgoing};
use super::delivery::End;

/// What a request's answer wants done to the connection under it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Order {
    /// Let the head of the next answer and so many bytes of its body go out, then end.
    Cut(u64, End),
    /// End now.
    End(End),
    /// Send a GOAWAY frame between two others, then end with a FIN.
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

/// A stream that carries out orders.
pub(super) struct FaultIo<IO> {
    io: IO,
    orders: Arc<Orders>,
    outgoing: Outgoing,
    flow: Flow,
}

enum Flow {
    Free,
    /// Until the cut is reached.
    Cutting(Cut, End),
    /// These bytes go out first.
    Inserting(Vec<u8>),
    Ending(End),
    /// Nothing goes out any more, whatever HTTP believes.
    Over,
}

impl<IO> FaultIo<IO> {
    pub(super) fn new(io: IO, orders: Arc<Orders>, http2: bool) -> Self {
        Self { io, orders, outgoing: Outgoing::of(http2), flow: Flow::Free }
    }
}

impl<IO: AsyncWrite + Unpin> FaultIo<IO> {
    /// Takes an order that has come, and carries it on as far as it goes without HTTP writing anything.
    fn attend(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if matches!(self.flow, Flow::Free) {
            let order = self.orders.desk().order.take();
            match order {
                None | Some(Order::Farewell) => {}
                Some(Order::Cut(body, end)) => self.flow = Flow::Cutting(self.outgoing.cut(body), end),
                Some(Order::End(end)) => self.flow = Flow::Ending(end),
                Some(Order::GoAway { last_stream, code }) => {
                    self.flow = match &self.outgoing {
                        Outgoing::Http1 => Flow::Ending(End::Close),
                        Outgoing::Http2(_) => Flow::Inserting(outgoing::goaway(last_stream, code)),
                    };
                }
            }
        }
        if let Flow::Inserting(bytes) = &mut self.flow {
            // In the middle of a frame: HTTP writes the rest of it first.
            if !self.outgoing.between_frames() {
                return Poll::Ready(Ok(()));
            }
            while !bytes.is_empty() {
                let count = ready!(Pin::new(&mut self.io).poll_write(cx, bytes))?;
                bytes.drain(..count);
            }
            self.flow = Flow::Ending(End::Close);
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
            Flow::Cutting(cut, _) => this.outgoing.clone().advance(buf, Some(&mut cut.clone())),
            _ => buf.len(),
        };
        let count = ready!(Pin::new(&mut this.io).poll_write(cx, &buf[..allowed]))?;
        match &mut this.flow {
            Flow::Cutting(cut, end) => {
                this.outgoing.advance(&buf[..count], Some(cut));
                if cut.reached() {
                    this.flow = Flow::Ending(*end);
                    // What cannot be finished now is when the connection is polled next.
                    let _ = this.attend(cx)?;
                }
            }
            _ => {
                this.outgoing.advance(&buf[..count], None);
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
        if !matches!(this.flow, Flow::Free | Flow::Inserting(_)) {
            let first = bufs.iter().find(|buf| !buf.is_empty()).map_or(&[][..], |buf| buf);
            return Pin::new(this).poll_write(cx, first);
        }
        let count = ready!(Pin::new(&mut this.io).poll_write_vectored(cx, bufs))?;
        let mut left = count;
        for buf in bufs {
            let part = &buf[..left.min(buf.len())];
            this.outgoing.advance(part, None);
            left -= part.len();
        }
        Poll::Ready(Ok(count))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.attend(cx))?;
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
