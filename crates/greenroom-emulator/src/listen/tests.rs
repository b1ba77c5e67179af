//! The listener before raw sockets, a rustls client and an HTTP/2 client.

mod ends;
mod faults;
mod plain;
mod tunnel;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{ConnectionEvent, Delivery, Payload, Peer, Reception, Service, Timeouts, serve};
use crate::ca::Authority;
use crate::tls::Tls;

const HOST: &str = "sso.common.cloud.hpe.com";
const DATE: &str = "Tue, 01 Jan 2030 00:00:00 GMT";
/// No test waits for real for more than this.
const LIMIT: Duration = Duration::from_secs(10);
/// For the timeouts that a test waits for.
const SOON: Duration = Duration::from_millis(40);

/// A service that tells what it sees.
struct Cloud {
    notes: mpsc::UnboundedSender<String>,
    gate: Notify,
}

/// Tells that an answer was dropped before its end.
struct Unfinished<'a>(Option<&'a Cloud>);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if let Some(cloud) = self.0 {
            cloud.note("dropped");
        }
    }
}

impl Cloud {
    fn note(&self, text: impl Into<String>) {
        let _ = self.notes.send(text.into());
    }
}

impl Service for Cloud {
    async fn answer(&self, peer: Arc<Peer>, request: Request<Incoming>) -> Delivery {
        if let Some(fault) = request.uri().path().strip_prefix("/fault/") {
            return faults::delivery(fault);
        }
        let text = match request.uri().path() {
            "/gate" => {
                let mut unfinished = Unfinished(Some(self));
                self.note("at the gate");
                self.gate.notified().await;
                unfinished.0 = None;
                "through".to_owned()
            }
            "/big" => "b".repeat(8 << 20),
            "/body" => match request.into_body().collect().await {
                Ok(body) => format!("{} bytes", body.to_bytes().len()),
                Err(_) => {
                    self.note("half a body");
                    "half".to_owned()
                }
            },
            _ => {
                let Peer { connection, tls, tunnel, sni } = &*peer;
                let (version, uri) = (request.version(), request.uri());
                format!("{version:?} {uri} #{connection} tls={tls} tunnel={tunnel:?} sni={sni:?}")
            }
        };
        Delivery::Answer(Response::new(Payload::whole(text)))
    }

    fn knows_host(&self, host: &str) -> bool {
        host.ends_with(".hpe.com")
    }

    fn meet(&self, _connection: u64, _host: Option<&str>) -> Reception {
        Reception::default()
    }

    fn event(&self, event: ConnectionEvent) {
        self.note(format!("{event:?}").replace("connection: ", "#"));
    }

    fn date(&self) -> HeaderValue {
        HeaderValue::from_static(DATE)
    }
}

/// A listener with its service.
struct Port {
    address: SocketAddr,
    cloud: Arc<Cloud>,
    notes: mpsc::UnboundedReceiver<String>,
    authority: Arc<Authority>,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
}

impl Port {
    async fn open() -> Self {
        Self::with(Timeouts::default(), async |_| {}).await
    }

    /// Lets clients do something before the listener accepts the first of them.
    async fn with(timeouts: Timeouts, before: impl AsyncFnOnce(SocketAddr)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        before(address).await;
        let (sender, notes) = mpsc::unbounded_channel();
        let cloud = Arc::new(Cloud { notes: sender, gate: Notify::new() });
        let authority = Arc::new(Authority::generate().unwrap());
        let stop = watch::Sender::new(false);
        let tls = Tls::new(Arc::clone(&authority));
        let server = tokio::spawn(serve(listener, tls, Arc::clone(&cloud), timeouts, stop.subscribe()));
        Self { address, cloud, notes, authority, stop, server }
    }

    async fn dial(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends the bytes and returns all that comes back.
    async fn raw(&self, bytes: impl AsRef<[u8]>) -> String {
        exchange(self.dial().await, bytes).await
    }

    /// A stream behind an accepted CONNECT.
    async fn tunnel(&self, host: &str) -> TcpStream {
        let mut stream = self.dial().await;
        stream
            .write_all(format!("CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n").as_bytes())
            .await
            .unwrap();
        let head = head(&mut stream).await;
        assert_eq!(head, "HTTP/1.1 200 Connection established\r\n\r\n");
        stream
    }

    /// A TLS client that trusts our authority and nobody else.
    async fn tls<IO>(&self, io: IO, name: &'static str, alpn: &[&str]) -> std::io::Result<TlsStream<IO>>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let name = ServerName::try_from(name).unwrap();
        TlsConnector::from(Arc::new(client(&self.authority, alpn))).connect(name, io).await
    }

    /// The next note.
    async fn note(&mut self) -> String {
        tokio::time::timeout(LIMIT, self.notes.recv()).await.expect("a note in time").unwrap()
    }

    async fn expect(&mut self, notes: &[&str]) {
        for expected in notes {
            assert_eq!(self.note().await, *expected);
        }
    }
}

fn client(authority: &Authority, alpn: &[&str]) -> rustls::ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    config
}

async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, bytes: impl AsRef<[u8]>) -> String {
    stream.write_all(bytes.as_ref()).await.unwrap();
    rest(&mut stream).await
}

/// Reads to the end.
async fn rest(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut answer = Vec::new();
    // A peer that does not say goodbye in TLS counts as an end here.
    let _ = tokio::time::timeout(LIMIT, stream.read_to_end(&mut answer)).await.expect("an end in time");
    String::from_utf8(answer).unwrap()
}

/// Reads the head of an answer and no byte more.
async fn head(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        head.push(char::from(tokio::time::timeout(LIMIT, stream.read_u8()).await.expect("a head").unwrap()));
    }
    head
}

/// An HTTP/2 client on a stream, and the end of its connection.
async fn h2<IO>(io: IO) -> (http2::SendRequest<Empty<Bytes>>, JoinHandle<hyper::Result<()>>)
where
    IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (client, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(io)).await.unwrap();
    (client, tokio::spawn(connection))
}

async fn get(client: &mut http2::SendRequest<Empty<Bytes>>, uri: &str) -> String {
    let answer = client.send_request(Request::get(uri).body(Empty::new()).unwrap()).await.unwrap();
    assert!(!answer.headers().contains_key("date"), "hyper's own Date is off");
    String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().into()).unwrap()
}

/// HTTP/2 by hand, in one piece: the preface, an empty SETTINGS frame, and a HEADERS frame for each path, on
/// stream 1 and so on.
fn h2_gets(paths: &[&str]) -> Vec<u8> {
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
    for (stream, path) in (1..).step_by(2).zip(paths) {
        let length = u8::try_from(path.len()).unwrap();
        let fields = [b"\x82\x86\x04", &[length][..], path.as_bytes(), b"\x01\x01h"].concat();
        bytes.extend([0, 0, u8::try_from(fields.len()).unwrap(), 1, 5, 0, 0, 0, stream]);
        bytes.extend(fields);
    }
    bytes
}
