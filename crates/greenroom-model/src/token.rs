//! The life of a token: minted, sealed, used, revoked, expired, forgotten.
//!
//! A token comes to be in three steps, because RSA must not run under the world's lock: the world
//! *mints* claims under an ordinal, the caller signs them, and the world *seals* the ordinal with
//! the digest of the finished token. An unsealed token is never valid, and revocation acts on
//! ordinals, so a token revoked between the two steps stays dead when it is sealed.

mod table;

use std::{fmt, str::FromStr};

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use self::table::{Full, TokenTable};
use crate::{
    secret::{Digest, Secret},
    world::{ClientIx, WorkspaceIx},
};

/// The number of a token within its world, counted from 1 over all kinds.
pub type Ordinal = u64;

/// How many tokens a world remembers. Expired ones are forgotten first; a world with this many
/// live tokens issues no more (the token endpoint answers 503).
pub const MOST_TOKENS: usize = 250_000;

/// Who issued a token, and to act where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// Minted at the SSO issuer.
    Sso,
    /// Minted at the issuer of the client's own workspace.
    Workspace,
    /// Exchanged from an MSP token; acts in one tenant.
    Tenant,
    /// Issued by Classic Central's own sign-in (`central.md §7.2`).
    Classic,
    /// What a Classic token is refreshed with, once.
    Refresh,
    /// The authorization code between Classic's sign-in and its tokens, good once.
    Code,
    /// The session cookie of Classic's sign-in.
    SignIn,
}

impl TokenKind {
    /// All kinds.
    pub const ALL: [Self; 7] =
        [Self::Sso, Self::Workspace, Self::Tenant, Self::Classic, Self::Refresh, Self::Code, Self::SignIn];

    /// Those that open services; the others are only worth something to who issued them.
    pub const ACCESS: [Self; 4] = [Self::Sso, Self::Workspace, Self::Tenant, Self::Classic];

    /// Its name in world files, flags and histories.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sso => "sso",
            Self::Workspace => "workspace",
            Self::Tenant => "tenant",
            Self::Classic => "classic",
            Self::Refresh => "refresh",
            Self::Code => "code",
            Self::SignIn => "sign_in",
        }
    }

    /// What it is called in a sentence.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Sso | Self::Workspace | Self::Tenant | Self::Classic => "access token",
            Self::Refresh => "refresh token",
            Self::Code => "authorization code",
            Self::SignIn => "session cookie",
        }
    }
}

impl fmt::Display for TokenKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for TokenKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("unknown kind of token {text:?}: {names}")
        })
    }
}

/// What stands for a token in logs and reports: the nth of its subject, as in `msp#1`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Symbol {
    /// The client's name for a minted token, the workspace's for an exchanged one.
    pub subject: String,
    /// Counted from 1 for each subject.
    pub nth: u32,
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.subject, self.nth)
    }
}

/// How long a token lives: whole seconds, as `iat` and `exp` count them, from one to ten years of 365
/// days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Life(SignedDuration);

/// A duration that no token can live.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?}: tokens live whole seconds, from 1s to ten years")]
pub struct NotALife(String);

impl Life {
    const LONGEST: SignedDuration = SignedDuration::from_hours(10 * 365 * 24);

    /// So many minutes.
    const fn minutes(minutes: i64) -> Self {
        Self(SignedDuration::from_mins(minutes))
    }

    /// In seconds.
    pub fn as_secs(self) -> i64 {
        self.0.as_secs()
    }

    /// The same as a duration.
    pub fn duration(self) -> SignedDuration {
        self.0
    }
}

impl TryFrom<SignedDuration> for Life {
    type Error = NotALife;

    fn try_from(life: SignedDuration) -> Result<Self, NotALife> {
        let whole = life.subsec_nanos() == 0;
        let fits = (SignedDuration::from_secs(1)..=Self::LONGEST).contains(&life);
        if whole && fits { Ok(Self(life)) } else { Err(NotALife(format!("{life:#}"))) }
    }
}

/// How long tokens live, by kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// SSO tokens: 7,200 s (`glp.md §2.1`).
    pub sso: Life,
    /// Workspace tokens: 900 s (`glp.md §2.2`).
    pub workspace: Life,
    /// Tenant tokens: 900 s (`glp.md §3`).
    pub tenant: Life,
    /// Classic tokens: 7,200 s (`central.md §7.2`).
    pub classic: Life,
    /// Refresh tokens: 15 days; other texts say 14 (`central.md §7.2`).
    pub refresh: Life,
    /// Authorization codes: 300 s, as Kong keeps them.
    pub code: Life,
    /// Session cookies. Nothing is published; this is the `idleTimeout` of users (`glp.md §7.2`).
    pub sign_in: Life,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            sso: Life::minutes(120),
            workspace: Life::minutes(15),
            tenant: Life::minutes(15),
            classic: Life::minutes(120),
            refresh: Life::minutes(15 * 24 * 60),
            code: Life::minutes(5),
            sign_in: Life::minutes(30),
        }
    }
}

impl Lifetimes {
    /// The life of a token of `kind`.
    pub fn of(&self, kind: TokenKind) -> Life {
        match kind {
            TokenKind::Sso => self.sso,
            TokenKind::Workspace => self.workspace,
            TokenKind::Tenant => self.tenant,
            TokenKind::Classic => self.classic,
            TokenKind::Refresh => self.refresh,
            TokenKind::Code => self.code,
            TokenKind::SignIn => self.sign_in,
        }
    }

    /// Sets the life of `kind`.
    pub fn set(&mut self, kind: TokenKind, life: Life) {
        match kind {
            TokenKind::Sso => self.sso = life,
            TokenKind::Workspace => self.workspace = life,
            TokenKind::Tenant => self.tenant = life,
            TokenKind::Classic => self.classic = life,
            TokenKind::Refresh => self.refresh = life,
            TokenKind::Code => self.code = life,
            TokenKind::SignIn => self.sign_in = life,
        }
    }
}

/// A token as the world knows it. Its value is known by digest only.
#[derive(Clone, Debug)]
pub struct Token {
    /// Its number.
    pub ordinal: Ordinal,
    /// Who issued it.
    pub kind: TokenKind,
    /// What stands for it in logs.
    pub symbol: Symbol,
    /// The client it was issued to; for a tenant token, the client of its MSP token.
    pub client: ClientIx,
    /// The workspace it acts in.
    pub workspace: WorkspaceIx,
    /// `iat`.
    pub issued_at: Timestamp,
    /// `exp`.
    pub expires_at: Timestamp,
    /// The token it came from: the MSP token of an exchanged one, the access token beside a refresh token.
    pub parent: Option<Ordinal>,
    /// Entered by digest rather than issued here, so there is no signature to check.
    pub adopted: bool,
    /// Taken back before its time.
    pub revoked: bool,
    /// Its value, once signed.
    pub seal: Option<Digest>,
}

/// What a token is worth at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Good.
    Live,
    /// Past its `exp`.
    Expired,
    /// Taken back.
    Revoked,
}

impl Token {
    /// Its standing at `now`, `skew` being how long past `exp` it still counts as live.
    pub fn standing(&self, now: Timestamp, skew: SignedDuration) -> Standing {
        if self.revoked {
            Standing::Revoked
        } else if self.has_expired(now, skew) {
            Standing::Expired
        } else {
            Standing::Live
        }
    }

    /// Whether it is past its `exp`, revoked or not.
    pub(crate) fn has_expired(&self, now: Timestamp, skew: SignedDuration) -> bool {
        self.expires_at.saturating_add(skew).is_ok_and(|end| now >= end)
    }
}

/// Which token of which world is to be sealed. In a world that takes the place of another, a ticket of that
/// one seals nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// How often a world had taken the place of another when the token was minted.
    pub epoch: u64,
    /// The token.
    pub ordinal: Ordinal,
}

/// A token that is not written yet, and may need a signature.
#[derive(Clone, Debug)]
pub struct Unsigned {
    /// What [`crate::world::World::seal`] wants back.
    pub ticket: Ticket,
    /// Its kind.
    pub kind: TokenKind,
    /// How often the keys were rotated before it.
    pub key_rotations: u32,
    /// What stands for it.
    pub symbol: Symbol,
    /// `exp - iat`, in seconds.
    pub life: i64,
    /// What it is made of.
    pub content: Content,
}

/// What the text of a token is made of. To clients it is opaque (RFC 6749 §1.4).
#[derive(Clone, Debug)]
pub enum Content {
    /// A JWT that is yet to be signed.
    Jwt {
        /// The JOSE header without `alg` and `kid`, which belong to the signer.
        header: Map<String, Value>,
        /// The claims, in the order in which they are written.
        claims: Map<String, Value>,
    },
    /// The text itself, which says nothing.
    Opaque(Secret),
}
