//! Signing tokens with RS256, and telling what is wrong with those that are none of ours.
//!
//! The keys are baked in, because making one costs 40 to 80 ms and its signatures are worth nothing:
//! a token is valid because the world's table knows it, never because of its signature alone.
//! Signing uses a parsed key directly; `jsonwebtoken::encode` would parse it again for every token.

use std::sync::LazyLock;

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeyPair,
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use greenroom_model::{
    access::IssuerKind,
    issue::Signature,
    secret::OPAQUE,
    token::{Content, TokenKind, Unsigned},
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use rustls::pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// For tests only, published with the source: whoever trusts them trusts everybody. Each rotation takes the next
/// one, and after the last comes the first again.
const KEYS: [&str; 2] =
    [include_str!("signing-key-for-tests-only.pem"), include_str!("second-signing-key-for-tests-only.pem")];

/// The signer of every emulator in this process.
pub(crate) static SIGNER: LazyLock<Signer> = LazyLock::new(|| {
    // The keys are part of the source; a test reads them.
    Signer::new(KEYS).expect("the baked signing keys are readable RSA keys")
});

/// What a bearer that is not in the table looks like. The gateway of GLP tells the cases apart
/// (`glp.md §8.3`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Jws {
    /// Not three parts of base64url JSON, or signed by somebody else.
    Undecodable,
    /// A JWS whose `kid` is none of ours.
    UnknownKid,
    /// It bears our signature.
    Genuine {
        /// `exp`, if it has one.
        exp: Option<i64>,
    },
}

impl Jws {
    /// What the world wants to know of it.
    pub(crate) fn signature(self) -> Signature {
        match self {
            Self::Undecodable | Self::UnknownKid => Signature::Foreign,
            Self::Genuine { exp } => Signature::Ours { exp },
        }
    }
}

/// The keys, of which one signs at a time.
pub(crate) struct Signer {
    keys: [SigningKey; KEYS.len()],
}

/// An RSA key with the key ids under which the two kinds of issuers publish it.
struct SigningKey {
    pair: KeyPair,
    verify: DecodingKey,
    modulus: String,
    exponent: String,
}

impl Signer {
    fn new([first, second]: [&str; 2]) -> Result<Self, String> {
        // Cargo may have switched on another crypto provider of jsonwebtoken elsewhere in the tree;
        // it then panics unless one is installed. A second installation is harmless.
        let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
        Ok(Self { keys: [SigningKey::read(first)?, SigningKey::read(second)?] })
    }

    /// The key that signs after so many rotations.
    fn key(&self, rotations: u32) -> &SigningKey {
        &self.keys[rotations as usize % self.keys.len()]
    }

    /// The finished token: RS256 over the header and claims in their order, or a text that says nothing.
    pub(crate) fn sign(&self, unsigned: &Unsigned) -> String {
        let (more, claims) = match &unsigned.content {
            Content::Jwt { header, claims } => (header, claims),
            Content::Opaque(text) => return text.reveal().to_owned(),
        };
        let issuer = match unsigned.kind {
            TokenKind::Sso => IssuerKind::Sso,
            _ => IssuerKind::Workspace,
        };
        let key = self.key(unsigned.key_rotations);
        let mut header = Map::new();
        header.insert("alg".to_owned(), "RS256".into());
        header.insert("kid".to_owned(), key.kid(issuer).into());
        header.extend(more.clone());
        let mut token = URL_SAFE_NO_PAD.encode(Value::Object(header).to_string());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(Value::Object(claims.clone()).to_string(), &mut token);
        let mut signature = vec![0; key.pair.public_modulus_len()];
        let signed = key.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), token.as_bytes(), &mut signature);
        // PKCS#1 v1.5 with a parsed 2048-bit key and a buffer of its size has no way to fail.
        signed.expect("a parsed RSA key signs");
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        token
    }

    /// What the world wants to know of a subject token. One that is no JWT vouches for nothing: the table knows it, or
    /// nobody does.
    pub(crate) fn signature(&self, token: &str) -> Signature {
        match token.starts_with(OPAQUE) {
            true => Signature::Ours { exp: None },
            false => self.classify(token).signature(),
        }
    }

    /// What a token is, judged by itself. A key that is not served any more, or not yet, is still ours.
    pub(crate) fn classify(&self, token: &str) -> Jws {
        let Ok(header) = jsonwebtoken::decode_header(token) else { return Jws::Undecodable };
        let issuers = [IssuerKind::Sso, IssuerKind::Workspace];
        let named = |key: &&SigningKey| issuers.iter().any(|it| Some(key.kid(*it)) == header.kid);
        let Some(key) = self.keys.iter().find(named) else { return Jws::UnknownKid };
        // Expiry is judged by the world, on the virtual clock.
        let mut validation = Validation::new(Algorithm::RS256);
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        match jsonwebtoken::decode::<Value>(token, &key.verify, &validation) {
            Ok(data) => Jws::Genuine { exp: data.claims.get("exp").and_then(Value::as_i64) },
            Err(_) => Jws::Undecodable,
        }
    }

    /// The public keys as a JWK set (RFC 7517 §5) under the key ids of that issuer: the one that signs after so
    /// many rotations, then the one before.
    pub(crate) fn key_set(&self, issuer: IssuerKind, rotations: u32) -> Value {
        let before = rotations.checked_sub(1).map(|before| self.key(before).public(issuer));
        let keys: Vec<_> = [Some(self.key(rotations).public(issuer)), before].into_iter().flatten().collect();
        json!({"keys": keys})
    }
}

impl SigningKey {
    fn read(pem: &str) -> Result<Self, String> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|error| error.to_string())?;
        let pair = KeyPair::from_pkcs8(der.secret_pkcs8_der()).map_err(|error| error.to_string())?;
        let modulus = pair.public_key().modulus().big_endian_without_leading_zero().to_vec();
        let exponent = pair.public_key().exponent().big_endian_without_leading_zero().to_vec();
        Ok(Self {
            verify: DecodingKey::from_rsa_raw_components(&modulus, &exponent),
            modulus: URL_SAFE_NO_PAD.encode(modulus),
            exponent: URL_SAFE_NO_PAD.encode(exponent),
            pair,
        })
    }

    fn public(&self, issuer: IssuerKind) -> Value {
        json!({
            "kty": "RSA",
            "kid": self.kid(issuer),
            "use": "sig",
            "alg": "RS256",
            "n": self.modulus,
            "e": self.exponent,
        })
    }

    /// 27 characters of base64url, as live tokens have (`glp.md §2.3`).
    fn kid(&self, issuer: IssuerKind) -> String {
        let label: &[u8] = match issuer {
            IssuerKind::Sso => b"sso",
            IssuerKind::Workspace => b"workspace",
        };
        let digest = Sha256::new().chain_update(label).chain_update(&self.modulus).finalize();
        URL_SAFE_NO_PAD.encode(&digest[..20])
    }
}

#[cfg(test)]
mod tests {
    use greenroom_model::token::{Symbol, Ticket};

    use super::*;

    fn unsigned(kind: TokenKind) -> Unsigned {
        let map = |value: Value| value.as_object().cloned().unwrap_or_default();
        Unsigned {
            ticket: Ticket { epoch: 0, ordinal: 1 },
            kind,
            key_rotations: 0,
            symbol: Symbol { subject: "msp".into(), nth: 1 },
            life: 900,
            content: Content::Jwt {
                header: map(json!({"typ": "JWT"})),
                claims: map(json!({"iss": "x", "exp": 1_000})),
            },
        }
    }

    #[test]
    fn our_own_tokens_are_genuine_and_their_exp_is_read_but_not_judged() {
        let token = SIGNER.sign(&unsigned(TokenKind::Workspace));
        assert_eq!(SIGNER.classify(&token), Jws::Genuine { exp: Some(1_000) });
        assert_eq!(SIGNER.key(0).kid(IssuerKind::Sso).len(), 27);
        assert_ne!(SIGNER.key(0).kid(IssuerKind::Sso), SIGNER.key(0).kid(IssuerKind::Workspace));
    }

    #[test]
    fn a_token_that_is_no_jwt_is_written_as_it_is_and_needs_no_signature() {
        let text = format!("{OPAQUE}0011223344");
        let content = Content::Opaque(greenroom_model::secret::Secret::new(text.clone()));
        let token = SIGNER.sign(&Unsigned { content, ..unsigned(TokenKind::Workspace) });
        assert_eq!(token, text);
        assert_eq!(SIGNER.signature(&token), Signature::Ours { exp: None });
        assert_eq!(SIGNER.signature("0011223344"), Signature::Foreign);
        assert_eq!(SIGNER.classify(&token), Jws::Undecodable);
    }

    #[test]
    fn forgeries_are_told_apart() {
        let token = SIGNER.sign(&unsigned(TokenKind::Sso));
        let (head, signature) = token.rsplit_once('.').unwrap();
        let (header, _) = head.split_once('.').unwrap();
        let other = URL_SAFE_NO_PAD.encode(json!({"iss": "y"}).to_string());
        assert_eq!(SIGNER.classify(&format!("{header}.{other}.{signature}")), Jws::Undecodable);
        let alien = URL_SAFE_NO_PAD.encode(json!({"alg": "RS256", "kid": "other"}).to_string());
        assert_eq!(SIGNER.classify(&format!("{alien}.{other}.{signature}")), Jws::UnknownKid);
        let none = URL_SAFE_NO_PAD.encode(json!({"alg": "none"}).to_string());
        for junk in ["", "a", "a.b.c", "null", &format!("{none}.{other}.")] {
            assert_eq!(SIGNER.classify(junk), Jws::Undecodable, "{junk}");
        }
    }
}
