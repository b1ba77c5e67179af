//! What a request is, in the terms of histories, rules and logs.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What kind of request it is. Host and path decide, whatever the method; an issuer's path is an
/// exchange if its form asks for one, else a mint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OpKind {
    /// A `client_credentials` request, or anything else at a token endpoint.
    Mint,
    /// A token exchange (RFC 8693).
    Exchange,
    /// A resource request.
    Api,
    /// A key set or discovery document.
    Jwks,
    /// Everything else: unknown hosts, unknown paths of an issuer's host.
    Other,
}

impl OpKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::Mint, Self::Exchange, Self::Api, Self::Jwks, Self::Other];

    /// Its name in selectors.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mint => "mint",
            Self::Exchange => "exchange",
            Self::Api => "api",
            Self::Jwks => "jwks",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for OpKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for OpKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|op| op.name() == text)
            .ok_or_else(|| format!("unknown operation {text:?}: mint, exchange, api, jwks or other"))
    }
}
