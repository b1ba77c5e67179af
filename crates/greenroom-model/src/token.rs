//! The life of a token: minted, sealed, used, revoked, expired, forgotten.
//!
//! A token comes to be in three steps, because RSA must not run under the world's lock: the world
//! *mints* claims under an ordinal, the caller signs them, and the world *seals* the ordinal with
//! the digest of the finished token. An unsealed token is never valid, and revocation acts on
//! ordinals, so a token revoked between the two steps stays dead when it is sealed.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    str::FromStr,
};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    secret::Digest,
    world::{ClientIx, WorkspaceIx},
};

/// The number of a token within its world, counted from 1 over all kinds.
pub type Ordinal = u64;

/// How many tokens a world remembers. Expired ones are forgotten first; a world with this many
/// live tokens issues no more (the token endpoint answers 503).
pub const MOST_TOKENS: usize = 250_000;

/// Who issued a token, and to act where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// Minted at the SSO issuer.
    Sso,
    /// Minted at the issuer of the client's own workspace.
    Workspace,
    /// Exchanged from an MSP token; acts in one tenant.
    Tenant,
}

impl TokenKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Sso, Self::Workspace, Self::Tenant];

    /// `sso`, `workspace` or `tenant`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sso => "sso",
            Self::Workspace => "workspace",
            Self::Tenant => "tenant",
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
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| format!("unknown kind of token {text:?}: sso, workspace or tenant"))
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
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self { sso: Life::minutes(120), workspace: Life::minutes(15), tenant: Life::minutes(15) }
    }
}

impl Lifetimes {
    /// The life of a token of `kind`.
    pub fn of(&self, kind: TokenKind) -> Life {
        match kind {
            TokenKind::Sso => self.sso,
            TokenKind::Workspace => self.workspace,
            TokenKind::Tenant => self.tenant,
        }
    }

    /// Sets the life of `kind`.
    pub fn set(&mut self, kind: TokenKind, life: Life) {
        match kind {
            TokenKind::Sso => self.sso = life,
            TokenKind::Workspace => self.workspace = life,
            TokenKind::Tenant => self.tenant = life,
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
    /// The MSP token it was exchanged from.
    pub parent: Option<Ordinal>,
    /// Entered by digest rather than issued here, so there is no signature to check.
    pub adopted: bool,
    /// Taken back before its time.
    pub revoked: bool,
    /// Its value, once signed.
    pub seal: Option<Digest>,
}

/// What a token is worth at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// Which token of which world is to be sealed. A world that takes the place of another gives the same
/// ordinals again, to other clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// How often a world had taken the place of another when the token was minted.
    pub epoch: u64,
    /// The token.
    pub ordinal: Ordinal,
}

/// A token that still needs a signature.
#[derive(Clone, Debug)]
pub struct Unsigned {
    /// What [`crate::world::World::seal`] wants back.
    pub ticket: Ticket,
    /// Its kind.
    pub kind: TokenKind,
    /// What stands for it.
    pub symbol: Symbol,
    /// `exp - iat`, in seconds.
    pub life: i64,
    /// The JOSE header without `alg` and `kid`, which belong to the signer.
    pub header: Map<String, Value>,
    /// The claims, in the order in which they are written.
    pub claims: Map<String, Value>,
}

/// All tokens of a world, by ordinal and by digest.
#[derive(Clone, Debug, Default)]
pub struct TokenTable {
    tokens: BTreeMap<Ordinal, Token>,
    by_digest: HashMap<Digest, Ordinal>,
    issued: Ordinal,
    by_subject: HashMap<String, u32>,
    /// Whether there ever was a token that was not issued here.
    any_adopted: bool,
    /// No remembered token expires before this: until then a search for expired ones finds nothing.
    full_until: Option<Timestamp>,
}

/// No room for another live token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl TokenTable {
    /// Enters a token under the next ordinal and symbol of `subject`. `now`, less the `skew` for which
    /// tokens outlive their `exp`, decides what may be forgotten when the table is full.
    pub fn enter(
        &mut self,
        subject: &str,
        now: Timestamp,
        skew: SignedDuration,
        make: impl FnOnce(Ordinal, Symbol) -> Token,
    ) -> Result<&Token, Full> {
        if self.tokens.len() >= MOST_TOKENS {
            self.forget_expired(now.saturating_sub(skew).unwrap_or(Timestamp::MIN));
            if self.tokens.len() >= MOST_TOKENS {
                return Err(Full);
            }
        }
        let issued = self.issued.checked_add(1).ok_or(Full)?;
        let count = self.by_subject.entry(subject.to_owned()).or_default();
        let nth = count.checked_add(1).ok_or(Full)?;
        (self.issued, *count) = (issued, nth);
        let token = make(issued, Symbol { subject: subject.to_owned(), nth });
        if let Some(seal) = token.seal {
            self.by_digest.insert(seal, token.ordinal);
        }
        self.any_adopted |= token.adopted;
        // It may live for less long than those that were there at the last search.
        self.full_until = self.full_until.map(|until| until.min(token.expires_at));
        Ok(self.tokens.entry(self.issued).or_insert(token))
    }

    /// Gives the token of `ordinal` its value. Does nothing for one that is gone.
    pub fn seal(&mut self, ordinal: Ordinal, digest: Digest) {
        if let Some(token) = self.tokens.get_mut(&ordinal) {
            token.seal = Some(digest);
            self.by_digest.insert(digest, ordinal);
        }
    }

    /// The token of that value, if it was sealed here.
    pub fn by_digest(&self, digest: &Digest) -> Option<&Token> {
        self.by_digest.get(digest).and_then(|ordinal| self.tokens.get(ordinal))
    }

    /// Whether there may be a token that was not issued here, and so may look like anything.
    pub fn any_adopted(&self) -> bool {
        self.any_adopted
    }

    /// The token of that ordinal.
    pub fn by_ordinal(&self, ordinal: Ordinal) -> Option<&Token> {
        self.tokens.get(&ordinal)
    }

    /// All remembered tokens, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Token> {
        self.tokens.values()
    }

    /// Takes back every token that `which` chooses, before or after it is sealed.
    pub fn revoke(&mut self, which: impl Fn(&Token) -> bool) {
        for token in self.tokens.values_mut().filter(|token| which(token)) {
            token.revoked = true;
        }
    }

    /// How many tokens were ever issued, and how many to each subject.
    pub(crate) fn counters(&self) -> (Ordinal, impl Iterator<Item = (&str, u32)>) {
        (self.issued, self.by_subject.iter().map(|(subject, count)| (subject.as_str(), *count)))
    }

    /// A table that goes on after `tokens`, `issued` in all and so many to each subject.
    pub(crate) fn resume(
        tokens: impl Iterator<Item = Token>,
        issued: Ordinal,
        subjects: impl Iterator<Item = (String, u32)>,
    ) -> Self {
        let mut table = Self { issued, by_subject: subjects.collect(), ..Self::default() };
        for token in tokens {
            // A file may forget to count what it lists.
            table.issued = table.issued.max(token.ordinal);
            let count = table.by_subject.entry(token.symbol.subject.clone()).or_default();
            *count = (*count).max(token.symbol.nth);
            if let Some(seal) = token.seal {
                table.by_digest.insert(seal, token.ordinal);
            }
            table.any_adopted |= token.adopted;
            table.tokens.insert(token.ordinal, token);
        }
        table
    }

    /// Forgets every token. What comes next goes on from the numbers there have been.
    pub(crate) fn clear(&mut self) {
        let (issued, by_subject) = (self.issued, std::mem::take(&mut self.by_subject));
        *self = Self { issued, by_subject, ..Self::default() };
    }

    /// Goes on from the number of the last token of another table, if that is later.
    pub(crate) fn go_on_from(&mut self, other: &Self) {
        self.issued = self.issued.max(other.issued);
    }

    fn forget_expired(&mut self, now: Timestamp) {
        if self.full_until.is_some_and(|until| now < until) {
            return;
        }
        self.tokens.retain(|_, token| now < token.expires_at);
        let tokens = &self.tokens;
        self.by_digest.retain(|_, ordinal| tokens.contains_key(ordinal));
        self.full_until = tokens.values().map(|token| token.expires_at).min();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(table: &mut TokenTable, at: i64) -> Result<Ordinal, Full> {
        enter_for(table, at, 900)
    }

    fn enter_for(table: &mut TokenTable, at: i64, life: i64) -> Result<Ordinal, Full> {
        let at = Timestamp::from_second(at).unwrap();
        let make = |ordinal, symbol| Token {
            ordinal,
            kind: TokenKind::Workspace,
            symbol,
            client: ClientIx(0),
            workspace: WorkspaceIx(0),
            issued_at: at,
            expires_at: at.saturating_add(SignedDuration::from_secs(life)).unwrap(),
            parent: None,
            adopted: false,
            revoked: false,
            seal: None,
        };
        table.enter("msp", at, SignedDuration::ZERO, make).map(|token| token.ordinal)
    }

    #[test]
    fn a_full_table_forgets_what_has_expired_and_nothing_else() {
        let mut table = TokenTable::default();
        let first = enter(&mut table, 0).unwrap();
        table.seal(first, Digest::of("first"));
        let live = (1..MOST_TOKENS).map(|_| enter(&mut table, 500).unwrap()).max();
        assert_eq!(enter(&mut table, 899), Err(Full), "all are live");
        let next = enter(&mut table, 900).unwrap();
        assert_eq!(Some(next), live.map(|last| last + 1), "ordinals go on");
        assert!(table.by_ordinal(first).is_none() && table.by_digest(&Digest::of("first")).is_none());
        assert_eq!(table.iter().count(), MOST_TOKENS);
        assert_eq!(table.by_ordinal(next).unwrap().symbol.nth as usize, MOST_TOKENS + 1);
    }
    #[test]
    fn a_full_table_has_room_again_whenever_short_lives_end() {
        let mut table = TokenTable::default();
        let short = 1_000;
        for _ in short..MOST_TOKENS {
            enter_for(&mut table, 0, 7_200).unwrap();
        }
        for start in [0, 901, 1_802, 2_703] {
            for _ in 0..short {
                enter_for(&mut table, start, 900).unwrap();
            }
            assert_eq!(enter_for(&mut table, start + 899, 900), Err(Full), "all are live");
        }
    }
}
