//! The variables that route an unmodified program to an emulator (`conformance.md §2`), and the
//! trust store that Java wants.

use std::path::Path;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use p12_keystore::{Certificate, KeyStore, KeyStoreEntry};

/// The password of the trust store, the one every Java default has. It protects nothing: the store
/// holds certificates only.
pub const TRUST_STORE_PASSWORD: &str = "changeit";

/// What stays direct whatever the proxy.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// What to change in the environment of a program so that it talks to an emulator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientEnv {
    /// Variables to set, name and value.
    pub set: Vec<(String, String)>,
    /// Variables to remove, because they would win over those that are set.
    pub unset: Vec<String>,
}

impl ClientEnv {
    /// For the emulator at `url` (`http://127.0.0.1:PORT`), whose CA certificate lies in the PEM file
    /// `ca`, with other roots beside it if programs shall trust them too, and in the PKCS#12 file
    /// `trust_store`. The hosts in `direct` bypass the emulator.
    pub fn new(url: &str, ca: &Path, trust_store: &Path, direct: &[String]) -> Self {
        let mut set = Vec::new();
        let mut put = |name: &str, value: &str| set.push((name.to_owned(), value.to_owned()));
        // Some programs know one spelling only, and curl reads http_proxy in lower case alone.
        for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
            put(name, url);
        }
        let bypass: Vec<&str> = LOOPBACK.into_iter().chain(direct.iter().map(String::as_str)).collect();
        for name in ["NO_PROXY", "no_proxy"] {
            put(name, &bypass.join(","));
        }
        // All of them, not only missing ones: machines of CI export some already (pycentral.md §1.2).
        let ca = ca.to_string_lossy();
        for name in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"] {
            put(name, &ca);
        }
        put("NODE_USE_ENV_PROXY", "1");
        put("JAVA_TOOL_OPTIONS", &java_options(url, trust_store, direct));
        for name in ["GREENROOM_URL", "GREENROOM_GLP_URL", "GREENROOM_CENTRAL_URL", "GREENROOM_SSO_URL"] {
            put(name, url);
        }
        Self { set, unset: vec!["SSL_CERT_DIR".to_owned()] }
    }
}

/// What a JVM reads at its start: it knows neither proxy variables nor PEM files.
fn java_options(url: &str, trust_store: &Path, direct: &[String]) -> String {
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let (host, port) = address.rsplit_once(':').unwrap_or((address, "80"));
    let mut bypass = vec!["localhost".to_owned(), "127.*".to_owned(), "[::1]".to_owned()];
    for host in direct {
        // NO_PROXY covers sub-domains as well; Java has to be told.
        let bare = host.trim_start_matches("*.").trim_start_matches('.');
        bypass.extend([bare.to_owned(), format!("*.{bare}")]);
    }
    [
        format!("-Dhttp.proxyHost={host}"),
        format!("-Dhttp.proxyPort={port}"),
        format!("-Dhttps.proxyHost={host}"),
        format!("-Dhttps.proxyPort={port}"),
        format!("-Dhttp.nonProxyHosts={}", bypass.join("|")),
        quoted(&format!("-Djavax.net.ssl.trustStore={}", trust_store.to_string_lossy())),
        "-Djavax.net.ssl.trustStoreType=PKCS12".to_owned(),
        format!("-Djavax.net.ssl.trustStorePassword={TRUST_STORE_PASSWORD}"),
    ]
    .join(" ")
}

/// One option of JAVA_TOOL_OPTIONS, which the JVM splits at white space outside quotes.
fn quoted(option: &str) -> String {
    if !option.contains(char::is_whitespace) {
        option.to_owned()
    } else if option.contains('"') {
        format!("'{option}'")
    } else {
        format!("\"{option}\"")
    }
}

/// Why no trust store can be made.
#[derive(Debug, thiserror::Error)]
pub enum TrustStoreError {
    /// No certificate in the file.
    #[error("the CA file holds no PEM certificate")]
    Empty,
    /// A block of the file is not base64, or not closed.
    #[error("certificate {0} of the CA file is no PEM block")]
    Pem(usize),
    /// The emulator's own certificate cannot be read.
    #[error("certificate {0} of the CA file cannot be read: {1}")]
    Certificate(usize, p12_keystore::error::Error),
    /// The store cannot be written.
    #[error("the Java trust store cannot be made: {0}")]
    Store(p12_keystore::error::Error),
}

/// A PKCS#12 trust store of all certificates in `ca_pem`, as a JVM takes it for `trustStore`; its
/// password is [`TRUST_STORE_PASSWORD`]. Among several certificates those that cannot be read are
/// left out, except the first, which is the emulator's.
pub fn trust_store(ca_pem: &str) -> Result<Vec<u8>, TrustStoreError> {
    let mut store = KeyStore::new();
    for (ix, der) in pem_blocks(ca_pem)?.iter().enumerate() {
        match Certificate::from_der(der) {
            // The writer marks plain certificates as trusted, without which Java skips them.
            Ok(certificate) => {
                store.add_entry(&format!("greenroom-{ix}"), KeyStoreEntry::Certificate(certificate));
            }
            Err(error) if ix == 0 => return Err(TrustStoreError::Certificate(1, error)),
            Err(_) => {}
        }
    }
    if store.entries_len() == 0 {
        return Err(TrustStoreError::Empty);
    }
    // A well-known password needs no slow key derivation, and starting up shall be quick.
    let writer = store.writer(TRUST_STORE_PASSWORD).encryption_iterations(1).mac_iterations(1);
    writer.write().map_err(TrustStoreError::Store)
}

/// The certificates of a PEM file, as DER.
fn pem_blocks(pem: &str) -> Result<Vec<Vec<u8>>, TrustStoreError> {
    pem.split("-----BEGIN CERTIFICATE-----")
        .skip(1)
        .enumerate()
        .map(|(ix, rest)| {
            let (body, _) =
                rest.split_once("-----END CERTIFICATE-----").ok_or(TrustStoreError::Pem(ix + 1))?;
            let compact: String = body.split_whitespace().collect();
            BASE64_STANDARD.decode(compact).map_err(|_| TrustStoreError::Pem(ix + 1))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, fs, process::Command};

    use super::*;

    fn env(direct: &[&str]) -> BTreeMap<String, String> {
        let direct: Vec<_> = direct.iter().map(|host| (*host).to_owned()).collect();
        let url = "http://127.0.0.1:4021";
        ClientEnv::new(url, Path::new("/run/ca.pem"), Path::new("/run/trust.p12"), &direct)
            .set
            .into_iter()
            .collect()
    }

    #[test]
    fn every_variable_of_the_table_is_set() {
        let env = env(&[]);
        for name in [
            "HTTP_PROXY",
            "http_proxy",
            "HTTPS_PROXY",
            "https_proxy",
            "ALL_PROXY",
            "all_proxy",
            "GREENROOM_URL",
            "GREENROOM_GLP_URL",
            "GREENROOM_CENTRAL_URL",
            "GREENROOM_SSO_URL",
        ] {
            assert_eq!(env[name], "http://127.0.0.1:4021", "{name}");
        }
        for name in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"] {
            assert_eq!(env[name], "/run/ca.pem", "{name}");
        }
        assert_eq!(env["NO_PROXY"], "localhost,127.0.0.1,::1");
        assert_eq!(env["NODE_USE_ENV_PROXY"], "1");
        assert_eq!(
            env["JAVA_TOOL_OPTIONS"],
            "-Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort=4021 -Dhttps.proxyHost=127.0.0.1 \
             -Dhttps.proxyPort=4021 -Dhttp.nonProxyHosts=localhost|127.*|[::1] \
             -Djavax.net.ssl.trustStore=/run/trust.p12 -Djavax.net.ssl.trustStoreType=PKCS12 \
             -Djavax.net.ssl.trustStorePassword=changeit"
        );
        assert_eq!(env.len(), 18);
    }

    #[test]
    fn direct_hosts_bypass_the_proxy_in_every_dialect() {
        let env = env(&["packages.example.org", ".corp.example"]);
        assert_eq!(env["no_proxy"], "localhost,127.0.0.1,::1,packages.example.org,.corp.example");
        assert!(
            env["JAVA_TOOL_OPTIONS"]
                .contains("[::1]|packages.example.org|*.packages.example.org|corp.example|*.corp.example ")
        );
    }

    #[test]
    fn a_trust_store_path_with_a_space_stays_one_option() {
        assert_eq!(quoted("-Dx=/a b"), "\"-Dx=/a b\"");
        assert_eq!(quoted("-Dx=/a b\"c"), "'-Dx=/a b\"c'");
        assert_eq!(quoted("-Dx=/ab"), "-Dx=/ab");
    }

    #[test]
    fn pem_that_is_none_is_refused() {
        assert!(matches!(trust_store(""), Err(TrustStoreError::Empty)));
        let open = "-----BEGIN CERTIFICATE-----\nAAAA\n";
        assert!(matches!(trust_store(open), Err(TrustStoreError::Pem(1))));
        let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(matches!(trust_store(garbage), Err(TrustStoreError::Certificate(1, _))));
    }

    /// The JDK itself is asked where there is one; without it only our own reading is checked.
    #[test]
    fn the_store_is_one_that_java_trusts() {
        let issue = || {
            let key = rcgen::KeyPair::generate().unwrap();
            let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
            params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
            params.self_signed(&key).unwrap().pem()
        };
        let store = trust_store(&format!("# ours\n{}\n# another\n{}", issue(), issue())).unwrap();
        let read = KeyStore::from_pkcs12(&store, TRUST_STORE_PASSWORD, Default::default()).unwrap();
        assert_eq!(read.entries_len(), 2);

        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("trust.p12");
        fs::write(&file, store).unwrap();
        let mut keytool = Command::new("keytool");
        keytool.args(["-list", "-storepass", "changeit", "-keystore"]).arg(file);
        if let Ok(listed) = keytool.output() {
            let text = String::from_utf8_lossy(&listed.stdout);
            assert_eq!(text.matches("trustedCertEntry").count(), 2, "{text}");
        }
    }
}
