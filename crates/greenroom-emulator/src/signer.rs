//! Signing tokens with RS256, and telling what is wrong with those that are none of ours.
//!
//! The key is baked in, because making one costs 40 to 80 ms and its signatures are worth nothing:
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
    token::{TokenKind, Unsigned},
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use rustls::pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// For tests only, published with the source: whoever trusts it trusts everybody.
const KEY: &str = include_str!("signing-key-for-tests-only.pem");

/// The signer of every emulator in this process.
pub(crate) static SIGNER: LazyLock<Signer> = LazyLock::new(|| {
    // The key is part of the source; a test reads it.
    Signer::new(KEY).expect("the baked signing key is a readable RSA key")
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

/// An RSA key with the key ids under which the two kinds of issuers publish it.
pub(crate) struct Signer {
    key: KeyPair,
    verify: DecodingKey,
    modulus: String,
    exponent: String,
}

impl Signer {
    fn new(pem: &str) -> Result<Self, String> {
        // Cargo may have switched on another crypto provider of jsonwebtoken elsewhere in the tree;
        // it then panics unless one is installed. A second installation is harmless.
        let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|error| error.to_string())?;
        let key = KeyPair::from_pkcs8(der.secret_pkcs8_der()).map_err(|error| error.to_string())?;
        let modulus = key.public_key().modulus().big_endian_without_leading_zero().to_vec();
        let exponent = key.public_key().exponent().big_endian_without_leading_zero().to_vec();
        Ok(Self {
            verify: DecodingKey::from_rsa_raw_components(&modulus, &exponent),
            modulus: URL_SAFE_NO_PAD.encode(modulus),
            exponent: URL_SAFE_NO_PAD.encode(exponent),
            key,
        })
    }

    /// The finished token: RS256 over the header and claims in their order.
    pub(crate) fn sign(&self, unsigned: &Unsigned) -> String {
        let issuer = match unsigned.kind {
            TokenKind::Sso => IssuerKind::Sso,
            TokenKind::Workspace | TokenKind::Tenant => IssuerKind::Workspace,
        };
        let mut header = Map::new();
        header.insert("alg".to_owned(), "RS256".into());
        header.insert("kid".to_owned(), self.kid(issuer).into());
        header.extend(unsigned.header.clone());
        let mut token = URL_SAFE_NO_PAD.encode(Value::Object(header).to_string());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(Value::Object(unsigned.claims.clone()).to_string(), &mut token);
        let mut signature = vec![0; self.key.public_modulus_len()];
        let signed = self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), token.as_bytes(), &mut signature);
        // PKCS#1 v1.5 with a parsed 2048-bit key and a buffer of its size has no way to fail.
        signed.expect("a parsed RSA key signs");
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        token
    }

    /// What a token is, judged by itself.
    pub(crate) fn classify(&self, token: &str) -> Jws {
        let Ok(header) = jsonwebtoken::decode_header(token) else { return Jws::Undecodable };
        let known = [IssuerKind::Sso, IssuerKind::Workspace].map(|issuer| self.kid(issuer));
        if header.kid.is_none_or(|kid| !known.contains(&kid)) {
            return Jws::UnknownKid;
        }
        // Expiry is judged by the world, on the virtual clock.
        let mut validation = Validation::new(Algorithm::RS256);
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        match jsonwebtoken::decode::<Value>(token, &self.verify, &validation) {
            Ok(data) => Jws::Genuine { exp: data.claims.get("exp").and_then(Value::as_i64) },
            Err(_) => Jws::Undecodable,
        }
    }

    /// The public key as a JWK set (RFC 7517 §5) under the key id of that issuer.
    pub(crate) fn key_set(&self, issuer: IssuerKind) -> Value {
        json!({"keys": [{
            "kty": "RSA",
            "kid": self.kid(issuer),
            "use": "sig",
            "alg": "RS256",
            "n": self.modulus,
            "e": self.exponent,
        }]})
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
            symbol: Symbol { subject: "msp".into(), nth: 1 },
            life: 900,
            header: map(json!({"typ": "JWT"})),
            claims: map(json!({"iss": "x", "exp": 1_000})),
        }
    }

    #[test]
    fn our_own_tokens_are_genuine_and_their_exp_is_read_but_not_judged() {
        let token = SIGNER.sign(&unsigned(TokenKind::Workspace));
        assert_eq!(SIGNER.classify(&token), Jws::Genuine { exp: Some(1_000) });
        assert_eq!(SIGNER.kid(IssuerKind::Sso).len(), 27);
        assert_ne!(SIGNER.kid(IssuerKind::Sso), SIGNER.kid(IssuerKind::Workspace));
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
