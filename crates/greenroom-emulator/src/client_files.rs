//! The files that clients are pointed to: the authority's certificate, as PEM and for Java.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::{
    client_env::{self, ClientEnv, TrustStoreError},
    whole_file,
};

/// Why the files that clients are pointed to cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ClientFilesError {
    /// The disk says no.
    #[error("{}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the disk says.
        source: io::Error,
    },
    /// The trust store for Java cannot be made.
    #[error(transparent)]
    TrustStore(#[from] TrustStoreError),
}

/// The files that clients are pointed to.
pub(crate) struct ClientFiles {
    directory: PathBuf,
    ca: PathBuf,
    trust_store: PathBuf,
    /// Removes the directory in the end, where it is the emulator's own.
    _own: Option<TempDir>,
}

impl ClientFiles {
    /// In the directory where the authority is kept, or in one of the emulator's own.
    pub(crate) fn write(kept: Option<&Path>, ca_pem: &str) -> Result<Self, ClientFilesError> {
        let (directory, own) = match kept {
            Some(kept) => (kept.to_owned(), None),
            None => {
                let own = tempfile::Builder::new().prefix("greenroom-").tempdir();
                let own =
                    own.map_err(|source| ClientFilesError::Write { path: std::env::temp_dir(), source })?;
                (own.path().to_owned(), Some(own))
            }
        };
        let (ca, trust_store) = (directory.join("ca.pem"), directory.join("ca.p12"));
        // A kept authority has written its certificate itself.
        if own.is_some() {
            write(&ca, ca_pem.as_bytes())?;
        }
        // Made once for a kept authority, whose folder may be read-only from then on.
        if own.is_some() || !is_newer(&trust_store, &ca) {
            write(&trust_store, &client_env::trust_store(ca_pem)?)?;
        }
        Ok(Self { directory, ca, trust_store, _own: own })
    }

    /// The certificate, as PEM.
    pub(crate) fn ca(&self) -> &Path {
        &self.ca
    }

    /// The certificate, for Java.
    pub(crate) fn trust_store(&self) -> &Path {
        &self.trust_store
    }

    /// The variables that route a program to the emulator at `url`.
    pub(crate) fn client_env(&self, url: &str, direct: &[String]) -> ClientEnv {
        ClientEnv::new(url, &self.ca, &self.trust_store, direct)
    }

    /// The same for a program that also reaches hosts directly, and so needs their roots (PEM).
    pub(crate) fn client_env_with_roots(
        &self,
        url: &str,
        direct: &[String],
        ca_pem: &str,
        roots: &str,
    ) -> Result<ClientEnv, ClientFilesError> {
        let both = format!("{ca_pem}\n{roots}");
        let (ca, trust_store) =
            (self.directory.join("ca-and-roots.pem"), self.directory.join("ca-and-roots.p12"));
        write(&ca, both.as_bytes())?;
        write(&trust_store, &client_env::trust_store(&both)?)?;
        Ok(ClientEnv::new(url, &ca, &trust_store, direct))
    }
}

/// Whether a file was written after another one.
fn is_newer(path: &Path, than: &Path) -> bool {
    let written = |path: &Path| path.metadata().and_then(|metadata| metadata.modified()).ok();
    written(path).zip(written(than)).is_some_and(|(this, that)| this >= that)
}

/// Writes a file that is there whole or not at all: other processes may be reading the old one.
fn write(path: &Path, bytes: &[u8]) -> Result<(), ClientFilesError> {
    let whole = whole_file::write(path, |file| file.write_all(bytes));
    whole.map_err(|source| ClientFilesError::Write { path: path.to_owned(), source })
}
