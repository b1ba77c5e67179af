//! Picks the certificate and the protocols for each TLS connection, and makes the handshake.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::Acceptor;
use rustls::sign::SingleCertAndKey;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use crate::ca::{Authority, CaError};

/// What the server offers, in its order of preference.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];
/// How many hosts are kept prepared. Clients choose the names, so there must be a bound.
const PREPARED: usize = 256;

/// The TLS side of a listener. Clones share the prepared certificates.
#[derive(Clone)]
pub(crate) struct Tls {
    shared: Arc<Shared>,
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
    /// By host; `None` is the default leaf.
    prepared: Mutex<HashMap<Option<String>, Prepared>>,
}

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

    /// Makes the handshake on `io`, which came by a CONNECT to `tunnel` if there is one.
    pub(crate) async fn accept<IO>(
        &self,
        io: IO,
        tunnel: Option<&str>,
        known_host: impl Fn(&str) -> bool,
    ) -> Result<Accepted<IO>, TlsError>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let failed = |sni: Option<&String>, cause: &dyn std::fmt::Display| TlsError {
            sni: sni.cloned(),
            reason: cause.to_string(),
        };
        let start = match LazyConfigAcceptor::new(Acceptor::default(), io).await {
            Ok(start) => start,
            // The standard text, "unexpected end of file", would leave the reader with a riddle.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(failed(None, &"the client closed before its TLS hello"));
            }
            Err(error) => return Err(failed(None, &error)),
        };
        let hello = start.client_hello();
        let sni = hello.server_name().map(str::to_ascii_lowercase);
        let config = self
            .config(sni.as_deref(), tunnel, hello.alpn(), known_host)
            .map_err(|error| failed(sni.as_ref(), &error))?;
        let stream = start.into_stream(config).await.map_err(|error| failed(sni.as_ref(), &error))?;
        Ok(Accepted { stream, sni })
    }

    /// The leaf is for the name of the handshake if we stand in for it, else for the tunnel's, else the
    /// default one: a client that dials an address sends no name.
    fn config<'a>(
        &self,
        sni: Option<&str>,
        tunnel: Option<&str>,
        offers: Option<impl Iterator<Item = &'a [u8]>>,
        known_host: impl Fn(&str) -> bool,
    ) -> Result<Arc<ServerConfig>, CaError> {
        let host = [sni, tunnel].into_iter().flatten().find(|host| known_host(host));
        let prepared = self.prepared(host)?;
        let common = offers.is_none_or(|mut offers| offers.any(|offer| PROTOCOLS.contains(&offer)));
        Ok(if common { prepared.offering } else { prepared.silent })
    }

    fn prepared(&self, host: Option<&str>) -> Result<Prepared, CaError> {
        let key = host.map(str::to_owned);
        let cache = || self.shared.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(prepared) = cache().get(&key) {
            return Ok(prepared.clone());
        }
        // Signed outside the lock. Of two connections that do so at once the later one's leaf stays.
        let prepared = self.prepare(host)?;
        let mut cache = cache();
        if cache.len() >= PREPARED {
            cache.clear();
        }
        cache.insert(key, prepared.clone());
        Ok(prepared)
    }

    fn prepare(&self, host: Option<&str>) -> Result<Prepared, CaError> {
        let leaf = self.shared.authority.leaf(host)?;
        let silent = ServerConfig::builder_with_provider(Arc::clone(&self.shared.provider))
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(leaf)));
        let mut offering = silent.clone();
        offering.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).into();
        Ok(Prepared { offering: Arc::new(offering), silent: Arc::new(silent) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Offers = std::vec::IntoIter<&'static [u8]>;

    fn tls() -> Tls {
        Tls::new(Arc::new(Authority::generate().unwrap()))
    }

    fn is_known(host: &str) -> bool {
        host.ends_with(".known")
    }

    /// Which of the hosts' configurations is chosen.
    fn chosen(tls: &Tls, sni: Option<&str>, tunnel: Option<&str>) -> Option<String> {
        let config = tls.config(sni, tunnel, None::<Offers>, is_known).unwrap();
        let cache = tls.shared.prepared.lock().unwrap();
        cache.iter().find(|(_, prepared)| Arc::ptr_eq(&prepared.offering, &config)).unwrap().0.clone()
    }

    #[test]
    fn the_leaf_is_for_the_hello_else_for_the_tunnel_else_the_default() {
        let tls = tls();
        assert_eq!(chosen(&tls, Some("a.known"), Some("b.known")).as_deref(), Some("a.known"));
        assert_eq!(chosen(&tls, Some("a.strange"), Some("b.known")).as_deref(), Some("b.known"));
        assert_eq!(chosen(&tls, None, Some("b.known")).as_deref(), Some("b.known"));
        assert_eq!(chosen(&tls, Some("a.strange"), None), None);
        assert_eq!(chosen(&tls, None, None), None);
    }

    #[test]
    fn no_offer_of_ours_meets_a_client_that_shares_none() {
        let tls = tls();
        let offered = |offers: Option<Vec<&'static [u8]>>| {
            let config = tls.config(None, None, offers.map(Vec::into_iter), is_known).unwrap();
            config.alpn_protocols.clone()
        };
        let both = [b"h2".to_vec(), b"http/1.1".to_vec()];
        assert_eq!(offered(None), both);
        assert_eq!(offered(Some(vec![b"http/1.1", b"h2"])), both);
        assert_eq!(offered(Some(vec![b"foo", b"h2"])), both);
        assert!(offered(Some(vec![b"foo"])).is_empty());
    }

    #[test]
    fn a_host_is_prepared_once_and_the_number_of_hosts_is_bounded() {
        let tls = tls();
        let first = tls.prepared(Some("a.known")).unwrap();
        assert!(Arc::ptr_eq(&first.offering, &tls.prepared(Some("a.known")).unwrap().offering));
        for n in 0..2 * PREPARED {
            tls.prepared(Some(&format!("{n}.known"))).unwrap();
            assert!(tls.shared.prepared.lock().unwrap().len() <= PREPARED);
        }
    }
}
