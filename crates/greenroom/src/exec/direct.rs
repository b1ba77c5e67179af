//! Hosts that CMD reaches past Greenroom (`--direct`), and the roots it needs for them.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use greenroom_model::{
    host::{self, CLUSTERS, GLP_HOST, SSO_HOST},
    sample::DEDICATED_HOST,
};

/// Where systems keep their roots: Debian, Fedora, openSUSE, Alpine and macOS.
const BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
];

/// Hosts of the families that have no list, to find out what a domain covers.
const EXAMPLES: [&str; 3] = [
    "any.data.cloud.hpe.com",
    "apigw-any.central.arubanetworks.com",
    "apigw-any.central.arubanetworks.com.cn",
];

/// Reads `--direct HOST`: a host or a domain, as NO_PROXY has them.
pub(crate) fn parse(text: &str) -> Result<String, String> {
    let name = text.trim().to_ascii_lowercase();
    let bare = name.trim_start_matches('*').trim_start_matches('.').trim_end_matches('.');
    let is_name = !bare.is_empty()
        && bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
    if !is_name {
        return Err(format!(
            "{text:?} is no host: write a name such as packages.example.org, without scheme, port or path"
        ));
    }
    if let Some(covered) = hpe_host(bare) {
        return Err(format!(
            "{text:?} covers {covered}, a host of HPE; Greenroom never lets a program reach the real one"
        ));
    }
    Ok(name)
}

/// A host that Greenroom stands in for and that `domain` is or covers: NO_PROXY takes sub-domains in.
fn hpe_host(domain: &str) -> Option<String> {
    if host::family(domain, &[]).is_some() {
        return Some(domain.to_owned());
    }
    let covers = |host: &&str| {
        host.strip_suffix(domain).is_some_and(|before| before.is_empty() || before.ends_with('.'))
    };
    let clusters = CLUSTERS.iter().map(|(_, host)| *host);
    let known = [SSO_HOST, GLP_HOST, DEDICATED_HOST].into_iter().chain(clusters).chain(EXAMPLES);
    known.into_iter().find(covers).map(str::to_owned)
}

/// Why there are no roots for direct hosts.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RootsError {
    /// The file of SSL_CERT_FILE cannot be read.
    #[error("{}, named by SSL_CERT_FILE, cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No usual file is there.
    #[error(
        "--direct needs the roots of this system, and there are none in {}; name a PEM bundle in SSL_CERT_FILE",
        BUNDLES.join(", ")
    )]
    None,
}

/// The PEM bundle that programs on this system trust: that of SSL_CERT_FILE, else the usual one.
pub(crate) fn system_roots(ssl_cert_file: Option<&OsStr>) -> Result<String, RootsError> {
    if let Some(path) = ssl_cert_file.filter(|path| !path.is_empty()) {
        let path = Path::new(path);
        let bytes = fs::read(path).map_err(|source| RootsError::Read { path: path.to_owned(), source })?;
        return Ok(text(&bytes));
    }
    BUNDLES.iter().find_map(|path| fs::read(path).ok()).map(|bytes| text(&bytes)).ok_or(RootsError::None)
}

/// Bundles are ASCII but for comments, which may be in any encoding.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_hosts_may_be_direct() {
        for (text, name) in [
            ("packages.example.org", "packages.example.org"),
            (" Files.Example.net ", "files.example.net"),
            (".corp", ".corp"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(name));
        }
        assert!(parse("hpe.com.example.net").is_ok());
        assert!(parse("notcentral.arubanetworks.com").is_ok());
    }

    #[test]
    fn no_host_of_hpe_may_be_direct_not_even_by_its_domain() {
        for text in [
            "sso.common.cloud.hpe.com",
            "hpe.com",
            ".hpe.com",
            "*.api.greenlake.hpe.com",
            "eu-west.api.greenlake.hpe.com",
            "central.arubanetworks.com.cn",
            "us9.api.central.arubanetworks.com",
            "dedicated.example.com",
            "com",
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains("a host of HPE"), "{error}");
        }
        for text in ["", "*", "https://packages.example.org", "packages.example.org:443", "a b", "a,b"] {
            let error = parse(text).unwrap_err();
            assert!(error.contains("is no host"), "{error}");
        }
    }

    #[test]
    fn the_named_bundle_wins_and_must_be_there() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("roots.pem");
        fs::write(&file, b"# caf\xe9\nroots").unwrap();
        assert!(system_roots(Some(file.as_os_str())).unwrap().ends_with("\nroots"));
        let error = system_roots(Some(OsStr::new("/nowhere/roots.pem"))).unwrap_err().to_string();
        assert!(error.contains("/nowhere/roots.pem, named by SSL_CERT_FILE, cannot be read"), "{error}");
        assert!(RootsError::None.to_string().contains("name a PEM bundle in SSL_CERT_FILE"));
    }
}
