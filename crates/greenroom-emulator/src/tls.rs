//! Picks the certificate and the protocols for each TLS connection, and makes the handshake.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use greenroom_model::rule::BadCertificate;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::Acceptor;
use rustls::sign::SingleCertAndKey;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::server::TlsStream;
use tokio_rustls::{LazyConfigAcceptor, StartHandshake};

use crate::ca::{Authority, CaError};

/// What the server offers, in its order of preference.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];
/// How many certificates are kept prepared. Clients choose the names, so there must be a bound.
const PREPARED: usize = 256;

/// The TLS side of a listener. Clones share the prepared certificates.
#[derive(Clone)]
pub(crate) struct Tls {
    shared: Arc<Shared>,
}

/// A handshake that has begun: its client has said hello and waits.
pub(crate) struct Hello<IO> {
    start: StartHandshake<IO>,
    sni: Option<String>,
}

impl<IO> Hello<IO> {
    /// The name the client asks for, lower case.
    pub(crate) fn sni(&self) -> Option<&str> {
        self.sni.as_deref()
    }

    /// What the client is heard on meanwhile.
    pub(crate) fn io(&mut self) -> &mut IO {
        &mut self.start.io
    }
}

/// A finished handshake.
pub(crate) struct Accepted<IO> {
    /// The stream inside.
    pub(crate) stream: TlsStream<IO>,
    /// The name the client asked for, lower case.
    pub(crate) sni: Option<String>,
}

/// A handshake that failed.
#[derive(Debug)]
pub(crate) struct TlsError {
    /// The name the client asked for, if it came that far.
    pub(crate) sni: Option<String>,
    /// What went wrong, in words of rustls or of the operating system.
    pub(crate) reason: String,
}

struct Shared {
    authority: Arc<Authority>,
    provider: Arc<CryptoProvider>,
    prepared: Mutex<HashMap<Leaf, Prepared>>,
}

/// A host, or none for the default leaf, and what is wrong with its certificate.
type Leaf = (Option<String>, Option<BadCertificate>);

/// Two configurations over one leaf.
#[derive(Clone)]
struct Prepared {
    offering: Arc<ServerConfig>,
    /// rustls ends a handshake without a common protocol, and has no switch for it. Without any offer of
    /// ours it goes on, as the servers behind OpenSSL do.
    silent: Arc<ServerConfig>,
}

impl Tls {
    /// Takes its certificates from `authority`.
    pub(crate) fn new(authority: Arc<Authority>) -> Self {
        // Named, never the process's default: this crate is embedded in programs with another one.
        let provider = Arc::new(aws_lc_rs::default_provider());
        Self { shared: Arc::new(Shared { authority, provider, prepared: Mutex::default() }) }
    }

    /// Listens for a client's hello.
    pub(crate) async fn greet<IO>(io: IO) -> Result<Hello<IO>, TlsError>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let failed = |reason: String| TlsError { sni: None, reason };
        let start =
            LazyConfigAcceptor::new(Acceptor::default(), io).await.map_err(|error| match error.kind() {
                // The standard text, "unexpected end of file", would leave the reader with a riddle.
                io::ErrorKind::UnexpectedEof => failed("the client closed before its TLS hello".to_owned()),
                _ => failed(error.to_string()),
            })?;
        let sni = start.client_hello().server_name().map(str::to_ascii_lowercase);
        Ok(Hello { start, sni })
    }

    /// Answers a hello, which came by a CONNECT to `tunnel` if there is one, and makes the handshake. With a
    /// `flaw` its certificate is one that no client should take. Without `http2` nothing is offered, and clients speak
    /// HTTP/1.1.
    pub(crate) async fn shake<IO>(
        &self,
        Hello { start, sni }: Hello<IO>,
        tunnel: Option<&str>,
        flaw: Option<BadCertificate>,
        http2: bool,
        known_host: impl Fn(&str) -> bool,
    ) -> Result<Accepted<IO>, TlsError>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let failed = |cause: &dyn std::fmt::Display| TlsError { sni: sni.clone(), reason: cause.to_string() };
        let offers = start.client_hello().alpn().map(|offers| offers.map(<[u8]>::to_vec).collect::<Vec<_>>());
        let offers = offers.as_ref().map(|offers| offers.iter().map(Vec::as_slice));
        let host = leaf_host(sni.as_deref(), tunnel, known_host);
        let config = self.config(host, flaw, http2, offers).map_err(|error| failed(&error))?;
        let stream = start.into_stream(config).await.map_err(|error| failed(&error))?;
        Ok(Accepted { stream, sni })
    }

    fn config<'a>(
        &self,
        host: Option<&str>,
        flaw: Option<BadCertificate>,
        http2: bool,
        offers: Option<impl Iterator<Item = &'a [u8]>>,
    ) -> Result<Arc<ServerConfig>, CaError> {
        let prepared = self.prepared(host, flaw)?;
        let common = http2 && offers.is_none_or(|mut offers| offers.any(|offer| PROTOCOLS.contains(&offer)));
        Ok(if common { prepared.offering } else { prepared.silent })
    }

    fn prepared(&self, host: Option<&str>, flaw: Option<BadCertificate>) -> Result<Prepared, CaError> {
        let key = (host.map(str::to_owned), flaw);
        let cache = || self.shared.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(prepared) = cache().get(&key) {
            return Ok(prepared.clone());
        }
        // Signed outside the lock. Of two connections that do so at once the later one's leaf stays.
        let prepared = self.prepare(host, flaw)?;
        let mut cache = cache();
        if cache.len() >= PREPARED {
            cache.clear();
        }
        cache.insert(key, prepared.clone());
        Ok(prepared)
    }

    /// A session that was made under one leaf cannot be taken up under another one, as each has a memory of
    /// its own: who has a session shows no certificate.
    fn prepare(&self, host: Option<&str>, flaw: Option<BadCertificate>) -> Result<Prepared, CaError> {
        let leaf = match flaw {
            None => self.shared.authority.leaf(host)?,
            Some(flaw) => self.shared.authority.bad_leaf(host, flaw)?,
        };
        let silent = ServerConfig::builder_with_provider(Arc::clone(&self.shared.provider))
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(leaf)));
        let mut offering = silent.clone();
        offering.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).into();
        Ok(Prepared { offering: Arc::new(offering), silent: Arc::new(silent) })
    }
}

/// The leaf is for the name of the handshake if we stand in for it, else for the tunnel's, else the
/// default one: a client that dials an address sends no name.
fn leaf_host<'a>(
    sni: Option<&'a str>,
    tunnel: Option<&'a str>,
    known_host: impl Fn(&str) -> bool,
) -> Option<&'a str> {
    [sni, tunnel].into_iter().flatten().find(|host| known_host(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tls() -> Tls {
        Tls::new(Arc::new(Authority::generate().unwrap()))
    }

    #[test]
    fn the_leaf_is_for_the_hello_else_for_the_tunnel_else_the_default() {
        let chosen = |sni, tunnel| leaf_host(sni, tunnel, |host| host.ends_with(".known"));
        assert_eq!(chosen(Some("a.known"), Some("b.known")), Some("a.known"));
        assert_eq!(chosen(Some("a.strange"), Some("b.known")), Some("b.known"));
        assert_eq!(chosen(None, Some("b.known")), Some("b.known"));
        assert_eq!(chosen(Some("a.strange"), None), None);
        assert_eq!(chosen(None, None), None);
    }

    #[test]
    fn no_offer_of_ours_meets_a_client_that_shares_none() {
        let tls = tls();
        let offered = |offers: Option<Vec<&'static [u8]>>| {
            let config = tls.config(None, None, true, offers.map(Vec::into_iter)).unwrap();
            config.alpn_protocols.clone()
        };
        let both = [b"h2".to_vec(), b"http/1.1".to_vec()];
        assert_eq!(offered(None), both);
        assert_eq!(offered(Some(vec![b"http/1.1", b"h2"])), both);
        assert_eq!(offered(Some(vec![b"foo", b"h2"])), both);
        assert!(offered(Some(vec![b"foo"])).is_empty());
    }

    #[test]
    fn a_leaf_is_prepared_once_and_the_number_of_leaves_is_bounded() {
        let tls = tls();
        let prepared = |host: &str, flaw| tls.prepared(Some(host), flaw).unwrap().offering;
        let flaws = [None, Some(BadCertificate::Expired), Some(BadCertificate::ForeignAuthority)];
        let first = flaws.map(|flaw| prepared("a.known", flaw));
        for (first, flaw) in first.iter().zip(flaws) {
            assert!(Arc::ptr_eq(first, &prepared("a.known", flaw)), "{flaw:?}");
        }
        assert!(!Arc::ptr_eq(&first[0], &first[1]) && !Arc::ptr_eq(&first[1], &first[2]));
        for n in 0..2 * PREPARED {
            prepared(&format!("{n}.known"), flaws[n % flaws.len()]);
            assert!(tls.shared.prepared.lock().unwrap().len() <= PREPARED);
        }
    }
}
