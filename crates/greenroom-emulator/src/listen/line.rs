//! The TCP connection under everything, for ends that no library makes.

use std::{io, net::Shutdown, time::Duration};

use socket2::{SockRef, Socket};
use tokio::{io::AsyncReadExt as _, net::TcpStream, time::timeout};

use super::delivery::End;

/// How long a client may take to close its side of a connection that we have closed.
const LINGER: Duration = Duration::from_secs(1);

/// A second handle of a client's socket: it stays open when HTTP and TLS have let go of theirs.
pub(super) struct Line(Socket);

impl Line {
    pub(super) fn of(socket: &TcpStream) -> io::Result<Self> {
        SockRef::from(socket).try_clone().map(Self)
    }

    /// Ends the connection. All other handles must be gone. It fails for clients that have left, which
    /// is what was wanted.
    pub(super) async fn end(self, end: End) -> io::Result<()> {
        match end {
            End::Reset => self.0.set_linger(Some(Duration::ZERO)),
            End::Close | End::CloseUnannounced => {
                self.0.shutdown(Shutdown::Write)?;
                // Closed with unread bytes it would be reset, and the client might lose what it was sent.
                let mut socket = TcpStream::from_std(self.0.into())?;
                let mut unread = [0; 4096];
                let drained = async {
                    while socket.read(&mut unread).await? > 0 {}
                    Ok(())
                };
                timeout(LINGER, drained).await.unwrap_or(Ok(()))
            }
        }
    }
}
