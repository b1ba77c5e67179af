//! The TCP connection under everything, for ends that no library makes.

use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::delivery::End;

/// How long a client may take to close its side of a connection that we have closed.
const LINGER: Duration = Duration::from_secs(1);

/// A client's socket. It stays open while there is a clone of it, also when HTTP and TLS have let go of theirs.
#[derive(Clone)]
pub(super) struct Line(Arc<TcpStream>);

impl Line {
    pub(super) fn new(socket: TcpStream) -> Self {
        // Fails for a client that is gone, which the first read finds out too.
        let _ = socket.set_nodelay(true);
        Self(Arc::new(socket))
    }

    /// Ends the connection. All other clones must be gone. It fails for clients that have left, which
    /// is what was wanted.
    pub(super) async fn end(mut self, end: End) -> io::Result<()> {
        match end {
            End::Reset => SockRef::from(&*self.0).set_linger(Some(Duration::ZERO)),
            End::Close | End::CloseUnannounced => {
                self.shut_down()?;
                // Closed with unread bytes it would be reset, and the client might lose what it was sent.
                let mut unread = [0; 4096];
                let drained = async {
                    while self.read(&mut unread).await? > 0 {}
                    Ok(())
                };
                timeout(LINGER, drained).await.unwrap_or(Ok(()))
            }
        }
    }

    fn shut_down(&self) -> io::Result<()> {
        SockRef::from(&*self.0).shutdown(Shutdown::Write)
    }

    /// Tries to write until it is clear whether the socket can take anything.
    fn write(
        &self,
        cx: &mut Context<'_>,
        mut attempt: impl FnMut(&TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.0.poll_write_ready(cx))?;
            match attempt(&self.0) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return Poll::Ready(done),
            }
        }
    }
}

impl AsyncRead for Line {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.0.poll_read_ready(cx))?;
            match self.0.try_read(buf.initialize_unfilled()) {
                Ok(count) => {
                    buf.advance(count);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Line {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.write(cx, |socket| socket.try_write(buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.write(cx, |socket| socket.try_write_vectored(bufs))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.shut_down())
    }
}
