//! The local certificate authority: makes it once, keeps it in two files, signs a leaf for any host.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use greenroom_model::rule::BadCertificate;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SerialNumber, date_time_ymd,
};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::sign::{CertifiedKey, SigningKey};

/// The name of the certificate's file: what clients are told to trust.
const CERTIFICATE: &str = "ca.pem";
/// The name of the key's file. Whoever reads it can stand in for any host before clients that trust the CA.
const KEY: &str = "ca-key.pem";
/// The file whose lock makes concurrent first starts agree on one pair.
const LOCK: &str = "ca.lock";
/// The names of the leaf for a client that asks for no host, or for one Greenroom does not know.
const DEFAULT_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// What the authority is called. It must stay the same between versions: the issuer of a stored authority is
/// put together from it.
const NAME: &str = "Greenroom local CA (for tests only)";
/// The years for which certificates are good: no clock jump may make them invalid.
const ALWAYS: [(i32, u8, u8); 2] = [(2000, 1, 1), (2099, 12, 31)];

/// A certificate authority that only the clients under test trust.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    /// One key serves all leaves: making a key a host would add nothing but time.
    leaf_key: KeyPair,
    leaf_signer: Arc<dyn SigningKey>,
    provider: CryptoProvider,
}

/// Why there is no authority, or no leaf.
#[derive(Debug, thiserror::Error)]
pub enum CaError {
    /// A file or folder could not be read, locked or written.
    #[error("cannot {doing} {}: {cause}", path.display())]
    File {
        /// What was attempted: "read", "write".
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },
    /// A stored file cannot be used.
    #[error("{} cannot be used: {why}; delete it, a new one is made", path.display())]
    Corrupt {
        /// The file to delete.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A key or a certificate could not be made.
    #[error("cannot make a certificate: {0}")]
    Make(#[from] rcgen::Error),
    /// The random source or the signing key failed.
    #[error("cannot make a certificate: {0}")]
    Crypto(#[from] rustls::Error),
}

impl Authority {
    /// A new authority that lives in memory only.
    pub(crate) fn generate() -> Result<Self, CaError> {
        Self::generate_named(NAME)
    }

    fn generate_named(name: &str) -> Result<Self, CaError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let pem = ca_params(name).self_signed(&key)?.pem();
        Self::new(name, key, pem)
    }

    /// The authority kept in `dir`, made there if it is missing. Processes that start at the same time
    /// end with the same one.
    pub(crate) fn load_or_create(dir: &Path) -> Result<Self, CaError> {
        // Without the lock first: it cannot be taken in a folder that is only readable. A file may be half
        // replaced at this moment, so a failure here decides nothing.
        if let Ok(Some(authority)) = Self::load(dir) {
            return Ok(authority);
        }
        private_dir(dir)?;
        let _lock = lock(&dir.join(LOCK))?;
        if let Some(authority) = Self::load(dir)? {
            return Ok(authority);
        }
        let key_file = dir.join(KEY);
        let key = match read(&key_file)? {
            // The certificate can be made again from the key; who trusts the old one trusts this one too.
            Some(pem) => parse_key(&key_file, &pem)?,
            None => {
                // Old certificate, then key, then certificate: a crash in between never leaves two files
                // that do not belong together.
                remove(&dir.join(CERTIFICATE))?;
                let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
                write(&key_file, &key.serialize_pem(), 0o600)?;
                key
            }
        };
        let pem = ca_params(NAME).self_signed(&key)?.pem();
        write(&dir.join(CERTIFICATE), &pem, 0o644)?;
        Self::new(NAME, key, pem)
    }

    /// The certificate, for a client's trust store. The key is not in it.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// A leaf for `host`, or the default leaf (`localhost` and the loopback addresses).
    pub(crate) fn leaf(&self, host: Option<&str>) -> Result<Arc<CertifiedKey>, CaError> {
        self.dated_leaf(host, ALWAYS)
    }

    /// A leaf for `host` that no client should take, for this reason and no other.
    pub(crate) fn bad_leaf(
        &self,
        host: Option<&str>,
        flaw: BadCertificate,
    ) -> Result<Arc<CertifiedKey>, CaError> {
        match flaw {
            // Made anew for each leaf, and forgotten: nobody can come to trust it.
            BadCertificate::ForeignAuthority => {
                Self::generate_named("An authority that nobody trusts")?.leaf(host)
            }
            // A name that is nobody's (RFC 6761 §6.4).
            BadCertificate::WrongName => self.leaf(Some("another-host.invalid")),
            BadCertificate::Expired => self.dated_leaf(host, [(2020, 1, 1), (2020, 12, 31)]),
        }
    }

    fn dated_leaf(&self, host: Option<&str>, days: [(i32, u8, u8); 2]) -> Result<Arc<CertifiedKey>, CaError> {
        let names =
            host.map_or_else(|| DEFAULT_NAMES.map(str::to_owned).to_vec(), |host| vec![host.to_owned()]);
        let mut params = CertificateParams::new(names)?;
        [params.not_before, params.not_after] =
            days.map(|(year, month, day)| date_time_ymd(year, month, day));
        params.distinguished_name = named("Greenroom (for tests only)");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        // Python 3.13 refuses a leaf without it.
        params.use_authority_key_identifier_extension = true;
        // rcgen's default is a digest of the key, which our leaves share: some clients refuse one issuer's
        // number on two certificates.
        params.serial_number = Some(self.serial()?);
        let leaf = params.signed_by(&self.leaf_key, &self.issuer)?;
        Ok(Arc::new(CertifiedKey::new(vec![leaf.der().clone()], Arc::clone(&self.leaf_signer))))
    }

    fn new(name: &str, key: KeyPair, pem: String) -> Result<Self, CaError> {
        let leaf_key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let der = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(leaf_key.serialize_der()));
        let leaf_signer = aws_lc_rs::sign::any_ecdsa_type(&der)?;
        let provider = aws_lc_rs::default_provider();
        Ok(Self { issuer: Issuer::new(ca_params(name), key), pem, leaf_key, leaf_signer, provider })
    }

    /// What `dir` holds, or `None` if a file is missing.
    fn load(dir: &Path) -> Result<Option<Self>, CaError> {
        let (certificate_file, key_file) = (dir.join(CERTIFICATE), dir.join(KEY));
        let (Some(key), Some(pem)) = (read(&key_file)?, read(&certificate_file)?) else { return Ok(None) };
        let authority = Self::new(NAME, parse_key(&key_file, &key)?, pem)?;
        authority.check().map_err(|why| CaError::Corrupt { path: certificate_file, why })?;
        Ok(Some(authority))
    }

    /// Whether a client that trusts the stored certificate accepts what the stored key signs.
    fn check(&self) -> Result<(), String> {
        // `pem` is handed out to be shown and copied.
        if self.pem.contains("PRIVATE KEY") {
            return Err("it holds a private key".to_owned());
        }
        let certificates = CertificateDer::pem_slice_iter(self.pem.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| error.to_string())?;
        let [certificate] = certificates.as_slice() else {
            return Err(format!("it holds {} certificates instead of one", certificates.len()));
        };
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).map_err(|error| error.to_string())?;
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::new(self.provider.clone()))
                .build()
                .map_err(|error| error.to_string())?;
        let leaf = self.leaf(None).map_err(|error| error.to_string())?;
        let leaf = leaf.end_entity_cert().map_err(|error| error.to_string())?;
        let name = ServerName::try_from(DEFAULT_NAMES[0]).map_err(|error| error.to_string())?;
        // Any moment of the validity will do: 2027, say.
        let moment = UnixTime::since_unix_epoch(Duration::from_secs(1_800_000_000));
        match verifier.verify_server_cert(leaf, &[], &name, &[], moment) {
            Ok(_) => Ok(()),
            Err(error) => Err(format!("it does not belong to {KEY} ({error})")),
        }
    }

    fn serial(&self) -> Result<SerialNumber, CaError> {
        let mut serial = [0; 16];
        self.provider.secure_random.fill(&mut serial).map_err(rustls::Error::from)?;
        // Positive and of constant length.
        serial[0] = serial[0] & 0x7f | 0x40;
        Ok(SerialNumber::from_slice(&serial))
    }
}

/// What the certificate of an authority says besides its key. It must stay the same between versions, as the
/// name.
fn ca_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    [params.not_before, params.not_after] = ALWAYS.map(|(year, month, day)| date_time_ymd(year, month, day));
    params.distinguished_name = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn named(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

fn parse_key(path: &Path, pem: &str) -> Result<KeyPair, CaError> {
    KeyPair::from_pkcs8_pem_and_sign_algo(pem, &PKCS_ECDSA_P256_SHA256).map_err(|error| CaError::Corrupt {
        path: path.to_owned(),
        why: format!("it is not a P-256 key in PKCS#8 ({error})"),
    })
}

fn read(path: &Path) -> Result<Option<String>, CaError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Err(CaError::Corrupt { path: path.to_owned(), why: "it is not text".to_owned() })
        }
        Err(cause) => Err(CaError::File { doing: "read", path: path.to_owned(), cause }),
    }
}

fn remove(path: &Path) -> Result<(), CaError> {
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
            Err(CaError::File { doing: "remove", path: path.to_owned(), cause })
        }
        _ => Ok(()),
    }
}

/// Writes beside `path` and renames, so that a reader sees nothing or the whole. Call it under the lock.
fn write(path: &Path, text: &str, mode: u32) -> Result<(), CaError> {
    let new = path.with_extension("pem.new");
    // What a crashed process left: `create_new` would stumble over it.
    remove(&new)?;
    let written = open(OpenOptions::new().write(true).create_new(true), &new, mode)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&new, path));
    written.map_err(|cause| CaError::File { doing: "write", path: path.to_owned(), cause })
}

/// The lock is let go when the file is dropped, also by a process that dies.
fn lock(path: &Path) -> Result<File, CaError> {
    open(OpenOptions::new().write(true).create(true).truncate(false), path, 0o600)
        .and_then(|file| file.lock().map(|()| file))
        .map_err(|cause| CaError::File { doing: "lock", path: path.to_owned(), cause })
}

fn open(options: &mut OpenOptions, path: &Path, mode: u32) -> io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    options.open(path)
}

fn private_dir(dir: &Path) -> Result<(), CaError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(|cause| CaError::File { doing: "create", path: dir.to_owned(), cause })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(dir: &Path) -> String {
        Authority::load_or_create(dir).err().expect("an error").to_string()
    }

    #[test]
    fn concurrent_first_starts_agree_on_one_pair() {
        let dir = tempfile::tempdir().unwrap();
        let dir = &dir.path().join("deep/er");
        let start = &std::sync::Barrier::new(8);
        let pems: Vec<String> = std::thread::scope(|scope| {
            let threads = [(); 8].map(|()| {
                scope.spawn(|| {
                    start.wait();
                    Authority::load_or_create(dir).unwrap().pem().to_owned()
                })
            });
            threads.map(|thread| thread.join().unwrap()).into()
        });
        let stored = fs::read_to_string(dir.join(CERTIFICATE)).unwrap();
        assert!(pems.iter().all(|pem| *pem == stored));
        assert_eq!(Authority::load_or_create(dir).unwrap().pem(), stored);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_user_can_read_the_key() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("data");
        Authority::load_or_create(&dir).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&dir), mode(&dir.join(KEY))), (0o700, 0o600));
        let mut names: Vec<_> = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, [KEY, LOCK, CERTIFICATE], "no temporary file is left");
    }

    #[test]
    fn the_certificate_alone_is_handed_out() {
        let pem = Authority::generate().unwrap().pem().to_owned();
        assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"), "{pem}");
        assert!(!pem.contains("PRIVATE"));
    }

    #[test]
    fn a_corrupt_file_is_named_with_the_mend_which_works() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        let first = Authority::load_or_create(dir).unwrap();
        let other = Authority::generate().unwrap();
        let key = fs::read_to_string(dir.join(KEY)).unwrap();

        for (name, bad) in [
            (KEY, "garbage"),
            (KEY, "\u{0}"),
            (CERTIFICATE, "garbage"),
            (CERTIFICATE, other.pem()),
            (CERTIFICATE, &format!("{}{key}", first.pem())),
            (CERTIFICATE, &first.pem().replacen('M', "A", 2)),
        ] {
            let good = fs::read_to_string(dir.join(name)).unwrap();
            fs::write(dir.join(name), bad).unwrap();
            let error = refused(dir);
            assert!(error.contains(dir.join(name).to_str().unwrap()), "{error}");
            assert!(error.ends_with("delete it, a new one is made"), "{error}");
            assert!(!error.contains(key.lines().nth(1).unwrap()), "{error}");
            fs::write(dir.join(name), good).unwrap();
        }

        fs::write(dir.join(CERTIFICATE), [0xff]).unwrap();
        assert!(refused(dir).contains("it is not text"));
        fs::remove_file(dir.join(CERTIFICATE)).unwrap();
        Authority::load_or_create(dir).unwrap();
        assert_eq!(fs::read_to_string(dir.join(KEY)).unwrap(), key, "the key survives its certificate");

        fs::remove_file(dir.join(KEY)).unwrap();
        Authority::load_or_create(dir).unwrap();
        assert_ne!(fs::read_to_string(dir.join(KEY)).unwrap(), key);
        Authority::load_or_create(dir).unwrap();
    }

    #[test]
    fn a_stale_temporary_file_does_not_stop_a_start() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("ca-key.pem.new"), "half a k").unwrap();
        Authority::load_or_create(dir.path()).unwrap();
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(refused(&file).contains(file.to_str().unwrap()));
    }

    #[test]
    fn certificates_hold_what_strict_clients_ask_for() {
        let authority = Authority::generate().unwrap();
        let ca = CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap();
        let leaf = authority.leaf(Some("a.example")).unwrap().cert[0].clone();
        let holds = |der: &[u8], part: &[u8]| der.windows(part.len()).any(|window| window == part);
        // 2.5.29.x with `critical` behind it, or without.
        let critical = |x| [6, 3, 0x55, 0x1d, x, 1, 1, 0xff];
        let plain = |x| [6, 3, 0x55, 0x1d, x, 4];
        assert!(holds(&ca, &critical(19)), "basic constraints");
        assert!(holds(&ca, &[critical(15).as_slice(), &[4, 4, 3, 2, 1, 6]].concat()), "keyCertSign, cRLSign");
        assert!(holds(&ca, &plain(14)), "subject key identifier");
        assert!(holds(&leaf, &plain(35)), "authority key identifier");
        assert!(holds(&leaf, &plain(17)) && holds(&leaf, b"a.example"), "subject alternative name");
        assert!(holds(&leaf, &plain(37)), "extended key usage");
        for der in [&ca, &leaf] {
            assert!(holds(der, b"000101000000Z") && holds(der, b"20991231000000Z"), "validity");
        }
    }

    #[test]
    fn leaves_of_one_authority_have_serial_numbers_of_their_own() {
        let authority = Authority::generate().unwrap();
        let serials = ["a.example", "b.example"].map(|host| {
            let leaf = authority.leaf(Some(host)).unwrap();
            // Version (5 bytes), then the serial number, behind two headers of four bytes.
            leaf.end_entity_cert().unwrap()[8 + 5..][..18].to_vec()
        });
        assert_eq!(serials[0][..2], [0x02, 16], "an INTEGER of 16 bytes");
        assert_ne!(serials[0], serials[1]);
    }

    #[test]
    fn a_name_that_no_certificate_can_hold_is_an_error() {
        assert!(Authority::generate().unwrap().leaf(Some("höst")).is_err());
    }
}
