//! A connection's bytes: those already read come first, and the end of input is held while an answer is due.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::sync::watch;
use tokio::time::Sleep;

/// The first byte of a TLS handshake record.
const TLS_HANDSHAKE: u8 = 0x16;
/// What an HTTP/2 client says first.
const H2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How much is read of a client that is to wait.
const AHEAD: usize = 16 * 1024;

/// How many requests a connection has had, and how many of them are not answered yet.
#[derive(Clone, Copy, Default)]
pub(super) struct Flights {
    /// How many there were.
    pub(super) begun: u64,
    /// How many are unanswered.
    pub(super) open: u64,
}

/// Counts a request as unanswered until it is dropped.
pub(super) struct Flight(watch::Sender<Flights>);

impl Flight {
    /// Call it before anything is awaited: the end of input may be next.
    pub(super) fn begin(flights: &watch::Sender<Flights>) -> Self {
        flights.send_modify(|flights| {
            flights.begun += 1;
            flights.open += 1;
        });
        Self(flights.clone())
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.0.send_modify(|flights| flights.open -= 1);
    }
}

/// What a client speaks, by its first bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    /// TLS, whatever is inside.
    Tls,
    /// HTTP of any version, or nothing that we know.
    Http,
}

/// A byte stream with its first bytes put back.
pub(super) struct Stream<IO> {
    io: IO,
    start: BytesMut,
    end: End,
    /// Whether the peer is slow to take what we write.
    write_is_blocked: bool,
}

/// What to do with the end of input.
enum End {
    /// Say so at once.
    Shown,
    /// Say so when no answer is due, or this long after it came and anything was written.
    Held { flights: watch::Receiver<Flights>, patience: Duration },
    /// It has come.
    Due {
        flights: watch::Receiver<Flights>,
        patience: Duration,
        until: Pin<Box<Sleep>>,
        reader: Option<Waker>,
    },
}

impl<IO: AsyncRead + Unpin> Stream<IO> {
    /// Reads until it is clear what the client speaks. An HTTP/2 preface is read whole, so that what comes
    /// after needs no patience for half of one. No byte at all is an error: `UnexpectedEof`.
    pub(super) async fn begin(mut io: IO) -> io::Result<(Language, Self)> {
        let mut start = BytesMut::with_capacity(H2_PREFACE.len());
        loop {
            let more = (&mut io).take((H2_PREFACE.len() - start.len()) as u64).read_buf(&mut start).await?;
            let Some(first) = start.first() else { return Err(io::ErrorKind::UnexpectedEof.into()) };
            let language = if *first == TLS_HANDSHAKE { Language::Tls } else { Language::Http };
            if more == 0 || start.len() == H2_PREFACE.len() || !H2_PREFACE.starts_with(&start) {
                return Ok((language, Self { io, start, end: End::Shown, write_is_blocked: false }));
            }
        }
    }

    /// Waits until the client has left, or ended its side. What it says meanwhile is kept, if it is not too much.
    pub(super) async fn left(&mut self) {
        while self.start.len() < AHEAD {
            match self.io.read_buf(&mut self.start).await {
                Ok(1..) => {}
                Ok(0) | Err(_) => return,
            }
        }
        std::future::pending().await
    }

    /// Holds back the end of input while a request is unanswered, for at most `patience` after anything was
    /// written, and while an answer
    /// is being taken.
    pub(super) fn holding_the_end(mut self, flights: watch::Receiver<Flights>, patience: Duration) -> Self {
        self.end = End::Held { flights, patience };
        self
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Stream<IO> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.start.is_empty() {
            let count = this.start.len().min(buf.remaining());
            buf.put_slice(&this.start[..count]);
            this.start.advance(count);
            return Poll::Ready(Ok(()));
        }
        if !matches!(this.end, End::Due { .. }) {
            let before = buf.remaining();
            ready!(Pin::new(&mut this.io).poll_read(cx, buf))?;
            if buf.remaining() < before || before == 0 {
                return Poll::Ready(Ok(()));
            }
            let End::Held { flights, patience } = &this.end else { return Poll::Ready(Ok(())) };
            let until = Box::pin(tokio::time::sleep(*patience));
            this.end = End::Due { flights: flights.clone(), patience: *patience, until, reader: None };
        }
        let End::Due { flights, until, reader, .. } = &mut this.end else { return Poll::Ready(Ok(())) };
        // hyper drops a request when it meets the end, and what it has not written yet.
        if this.write_is_blocked {
            // Somebody is reading slowly: whoever is gone answers what we write with a reset.
            *reader = Some(cx.waker().clone());
            Poll::Pending
        } else if flights.borrow().open > 0 {
            until.as_mut().poll(cx).map(Ok)
        } else {
            Poll::Ready(Ok(()))
        }
    }
}

impl<IO> Stream<IO> {
    fn noting<T>(&mut self, written: Poll<T>) -> Poll<T> {
        self.write_is_blocked = written.is_pending();
        if let (End::Due { patience, until, reader, .. }, false) = (&mut self.end, self.write_is_blocked) {
            // What has taken this is still there, as far as we know.
            until.as_mut().reset(tokio::time::sleep(*patience).deadline());
            if let Some(reader) = reader.take() {
                reader.wake();
            }
        }
        written
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Stream<IO> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.io).poll_write(cx, buf);
        this.noting(written)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.io).poll_flush(cx);
        this.noting(flushed)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.io).poll_write_vectored(cx, bufs);
        this.noting(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}
