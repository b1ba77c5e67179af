//! Secrets and their digests: what is secret can be compared and named, never printed.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// How long a secret may be, in characters, to be found and hidden wherever a client may put it. Only JWTs are
/// longer: they are known by how they begin.
pub const LONGEST: usize = 512;

/// How a JWT begins: `{"` in base64.
pub const JWT: &str = "eyJ";

/// How the tokens begin that we issue and that are no JWT (`token_shape=opaque`).
pub const OPAQUE: &str = "gro_";

/// The SHA-256 of a token or secret. Its first eight hex digits stand for the value in logs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `value`.
    pub fn of(value: impl AsRef<[u8]>) -> Self {
        Self(Sha256::digest(value).into())
    }

    /// All 64 hex digits, as world files have them.
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The digest with these 64 hex digits.
    pub fn of_hex(digits: &str) -> Option<Self> {
        let digits = digits.as_bytes();
        let mut bytes = [0; 32];
        if digits.len() != 64 {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let digit = |at: usize| char::from(pair[at]).to_digit(16);
            *byte = u8::try_from(digit(0)? << 4 | digit(1)?).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = *b"sha256:########";
        for (pair, byte) in text[7..].chunks_exact_mut(2).zip(self.0) {
            pair.copy_from_slice(
                &[byte >> 4, byte & 15].map(|digit| b"0123456789abcdef"[usize::from(digit)]),
            );
        }
        // It is ASCII.
        f.write_str(str::from_utf8(&text).unwrap_or_default())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A client secret or token. `Debug` shows its digest; [`Secret::reveal`] is the one way out.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself, for the places where the vendor would show it too.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What stands for it everywhere else.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.digest().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_a_digest_only() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?}"), "sha256:f52fbd32");
        assert_eq!(secret.digest(), Digest::of("hunter2"));
    }
}
