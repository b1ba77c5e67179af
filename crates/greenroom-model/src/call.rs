//! What a request is, in the terms of histories, rules and logs.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What kind of request it is. Host and path decide, whatever the method; an issuer's path is an
/// exchange, and Classic Central's a refresh, if its form asks for one, else a mint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OpKind {
    /// A `client_credentials` request, Classic Central's for a code, or anything else at a token endpoint.
    Mint,
    /// A token exchange (RFC 8693).
    Exchange,
    /// A refresh of Classic Central's tokens.
    Refresh,
    /// One of the steps before Classic Central's tokens: for a session, for a code.
    SignIn,
    /// A resource request.
    Api,
    /// A key set or discovery document.
    Jwks,
    /// Everything else: unknown hosts, unknown paths of an issuer's host.
    Other,
}

impl OpKind {
    /// All kinds.
    pub const ALL: [Self; 7] =
        [Self::Mint, Self::Exchange, Self::Refresh, Self::SignIn, Self::Api, Self::Jwks, Self::Other];

    /// Its name in selectors.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mint => "mint",
            Self::Exchange => "exchange",
            Self::Refresh => "refresh",
            Self::SignIn => "sign_in",
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
        Self::ALL.into_iter().find(|op| op.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("unknown operation {text:?}: {names}")
        })
    }
}
