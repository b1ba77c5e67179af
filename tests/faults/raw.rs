//! A socket whose bytes are counted, on each road: HTTP/1.1 by hand, HTTP/2 by the h2 library over a tap.

use std::{
    io::{self, ErrorKind},
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, ready},
};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::{Http, LIMIT, MARK, Road, Stage};
use crate::client::GLP;

/// A stream to the emulator.
pub(super) trait Line: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Line for T {}

/// What came over a line.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Came {
    /// The status of the answer.
    pub(super) status: Option<u16>,
    /// How long it says its body is.
    pub(super) said: Option<u64>,
    /// The bytes of its body.
    pub(super) body: Vec<u8>,
    /// HTTP/2: the code of RST_STREAM.
    pub(super) reset: Option<u32>,
    /// HTTP/2: last stream and code of each GOAWAY.
    pub(super) goaway: Vec<(u32, u32)>,
    /// How the connection ended; nothing if it still answers.
    pub(super) end: Option<&'static str>,
}

impl Stage {
    pub(super) fn tls_config(&self, alpn: &[&str]) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        let pem = self.wire.emulator.ca_pem();
        roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        Arc::new(config)
    }

    pub(super) async fn dial(&self) -> TcpStream {
        TcpStream::connect(self.address()).await.unwrap()
    }

    /// A socket behind an accepted CONNECT, or what came instead of the 200.
    pub(super) async fn tunnel(&self, host: &str) -> Result<TcpStream, (Vec<u8>, &'static str)> {
        let mut socket = self.dial().await;
        let connect = format!("CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n");
        socket.write_all(connect.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match timeout(LIMIT, socket.read_u8()).await.expect("an answer to CONNECT") {
                Ok(byte) => head.push(byte),
                Err(error) => return Err((head, ended(&error))),
            }
        }
        Ok(socket)
    }

    pub(super) async fn line(&self, road: Road, http: Http) -> io::Result<Box<dyn Line>> {
        let socket = match road {
            Road::Plain => return Ok(Box::new(self.dial().await)),
            Road::Tls => self.dial().await,
            Road::Tunnel => self.tunnel(GLP).await.expect("a tunnel"),
        };
        let config = self.tls_config(&[if http == Http::One { "http/1.1" } else { "h2" }]);
        Ok(Box::new(TlsConnector::from(config).connect(ServerName::try_from(GLP).unwrap(), socket).await?))
    }

    /// Sends a request and takes what comes: to the end of the connection if that `ends`, else to the end of
    /// the answer, and of a second one that must be good.
    pub(super) async fn raw(&self, road: Road, http: Http, path: &str, mark: &str, ends: bool) -> Came {
        let line = self.line(road, http).await.unwrap();
        let came = async {
            match http {
                Http::One => self.by_hand(line, path, mark, ends).await,
                Http::Two => self.by_h2(line, road, path, mark, ends).await,
            }
        };
        timeout(LIMIT, came).await.unwrap_or_else(|_| panic!("{mark} hangs"))
    }

    async fn by_hand(&self, mut line: Box<dyn Line>, path: &str, mark: &str, ends: bool) -> Came {
        let ask = |mark: &str| {
            let token = &self.token;
            format!(
                "GET {path} HTTP/1.1\r\nHost: {GLP}\r\nAuthorization: Bearer {token}\r\n{MARK}: {mark}\r\n\r\n"
            )
        };
        line.write_all(ask(mark).as_bytes()).await.unwrap();
        let mut came = answer_by_hand(&mut line, ends).await;
        if came.end.is_none() {
            line.write_all(ask("again").as_bytes()).await.unwrap();
            let again = answer_by_hand(&mut line, false).await;
            if again.status != Some(200) {
                came.end = Some("no second answer");
            }
        }
        came
    }

    async fn by_h2(&self, line: Box<dyn Line>, road: Road, path: &str, mark: &str, ends: bool) -> Came {
        let tapped = Arc::new(Mutex::new(Tapped::default()));
        let tap = Tap { line, tapped: Arc::clone(&tapped) };
        let (mut client, connection) = h2::client::handshake(tap).await.unwrap();
        let driver = tokio::spawn(connection);
        let scheme = if road == Road::Plain { "http" } else { "https" };
        let request = |mark: &str| {
            http::Request::get(format!("{scheme}://{GLP}{path}"))
                .header("authorization", format!("Bearer {}", self.token))
                .header(MARK, mark)
                .body(())
                .unwrap()
        };
        let mut came = Came::default();
        let (answer, _) = client.send_request(request(mark), true).unwrap();
        if let Ok(answer) = answer.await {
            came.status = Some(answer.status().as_u16());
            came.said =
                answer.headers().get("content-length").map(|it| it.to_str().unwrap().parse().unwrap());
            let mut body = answer.into_body();
            while let Some(Ok(piece)) = body.data().await {
                body.flow_control().release_capacity(piece.len()).unwrap();
            }
        }
        if !ends {
            let again = async {
                let (answer, _) = client.clone().ready().await?.send_request(request("again"), true)?;
                answer.await
            };
            if !again.await.is_ok_and(|answer| answer.status() == 200) {
                came.end = Some("no second answer");
            }
        }
        if !ends {
            drop(client);
        }
        let _ = driver.await.unwrap();
        let tapped = tapped.lock().unwrap();
        tapped.tell(&mut came);
        if ends {
            came.end = tapped.end.or(Some("ended by the client"));
        }
        came
    }
}

fn ended(error: &io::Error) -> &'static str {
    match error.kind() {
        // What tokio says of a FIN in the middle of a number, and rustls of one without a goodbye.
        ErrorKind::UnexpectedEof => "fin",
        ErrorKind::ConnectionReset => "rst",
        other => panic!("{other}"),
    }
}

async fn answer_by_hand(line: &mut Box<dyn Line>, to_the_end: bool) -> Came {
    let (mut came, mut head, mut piece) = (Came::default(), Vec::new(), [0; 4096]);
    loop {
        let count = match line.read(&mut piece).await {
            Ok(0) => {
                came.end = Some("fin");
                break;
            }
            Ok(count) => count,
            Err(error) => {
                came.end =
                    Some(if error.kind() == ErrorKind::UnexpectedEof { "bare fin" } else { ended(&error) });
                break;
            }
        };
        head.extend_from_slice(&piece[..count]);
        let Some(at) = head.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let text = String::from_utf8(head[..at].to_vec()).unwrap();
        came.status = text.split(' ').nth(1).map(|status| status.parse().unwrap());
        came.said = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        came.body = head[at + 4..].to_vec();
        if !to_the_end && came.body.len() as u64 >= came.said.unwrap_or_default() {
            break;
        }
    }
    came
}

/// What a tap saw come.
#[derive(Default)]
struct Tapped {
    bytes: Vec<u8>,
    end: Option<&'static str>,
}

impl Tapped {
    /// Reads the frames of the first stream (RFC 9113 §4.1), also a last one that is not whole.
    fn tell(&self, came: &mut Came) {
        let number = |bytes: &[u8]| bytes.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
        let mut rest = &self.bytes[..];
        while rest.len() >= 9 {
            let (length, kind, stream) = (number(&rest[..3]) as usize, rest[3], number(&rest[5..9]));
            let payload = &rest[9..][..length.min(rest.len() - 9)];
            match (kind, stream) {
                (0, 1) => came.body.extend_from_slice(payload),
                (3, 1) => came.reset = Some(number(payload)),
                (7, _) => came.goaway.push((number(&payload[..4]), number(&payload[4..8]))),
                _ => {}
            }
            rest = &rest[9 + payload.len()..];
        }
    }
}

/// A line with a tap on what comes.
struct Tap {
    line: Box<dyn Line>,
    tapped: Arc<Mutex<Tapped>>,
}

impl Tap {
    /// The library writes while it reads, and whoever comes first meets a reset; it is told of it only when all
    /// was read that came before.
    fn wrote<T>(&self, written: io::Result<T>) -> Option<T> {
        if written.is_err() {
            self.tapped.lock().unwrap().end.get_or_insert("rst");
        }
        written.ok()
    }
}

impl Tap {
    /// The library leaves at once when a GOAWAY says that something is wrong. What comes after it counts too.
    fn is_told_to_go(&self) -> bool {
        let mut came = Came::default();
        self.tapped.lock().unwrap().tell(&mut came);
        came.goaway.iter().any(|(last, _)| *last < 0x7fff_ffff)
    }
}

impl AsyncRead for Tap {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let read = ready!(Pin::new(&mut this.line).poll_read(cx, buf));
        let mut tapped = this.tapped.lock().unwrap();
        let came = &buf.filled()[before..];
        tapped.bytes.extend_from_slice(came);
        let end = match &read {
            Ok(()) if came.is_empty() => "fin",
            Ok(()) => return Poll::Ready(read),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => "bare fin",
            Err(error) => ended(error),
        };
        tapped.end.get_or_insert(end);
        Poll::Ready(read)
    }
}

impl AsyncWrite for Tap {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = ready!(Pin::new(&mut this.line).poll_write(cx, buf));
        Poll::Ready(Ok(this.wrote(written).unwrap_or(buf.len())))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = ready!(Pin::new(&mut this.line).poll_flush(cx));
        this.wrote(flushed);
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while this.is_told_to_go() && this.tapped.lock().unwrap().end.is_none() {
            let mut rest = [0; 1024];
            let _ = ready!(Pin::new(&mut *this).poll_read(cx, &mut ReadBuf::new(&mut rest)));
        }
        Pin::new(&mut this.line).poll_shutdown(cx)
    }
}
