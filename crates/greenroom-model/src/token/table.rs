//! All tokens that a world remembers.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};

use super::{MOST_TOKENS, Ordinal, Symbol, Token, TokenKind};
use crate::{
    secret::Digest,
    world::{ClientIx, WorkspaceIx},
};

/// Of which tokens a newer one is another: whose, where and of which kind.
type Slot = (ClientIx, WorkspaceIx, TokenKind);

fn slot(token: &Token) -> Slot {
    (token.client, token.workspace, token.kind)
}

/// All tokens of a world, by ordinal and by digest, and those that can be taken back by whose they are, so
/// that nothing has to look at all of them.
#[derive(Clone, Debug, Default)]
pub struct TokenTable {
    tokens: BTreeMap<Ordinal, Token>,
    by_digest: HashMap<Digest, Ordinal>,
    /// In the order in which they expire.
    by_end: BTreeSet<(Timestamp, Ordinal)>,
    /// Those that were not taken back.
    by_slot: BTreeSet<(Slot, Ordinal)>,
    /// The same by where they act.
    by_workspace: BTreeSet<(WorkspaceIx, Ordinal)>,
    /// Exchanged tokens that were not taken back, by the slot of the token they came from.
    by_parent: BTreeSet<(Slot, Ordinal)>,
    /// That slot, by token.
    parents: HashMap<Ordinal, Slot>,
    issued: Ordinal,
    by_subject: HashMap<String, u32>,
    /// The digests of all tokens that were not issued here, whatever has become of them.
    adopted: BTreeSet<Digest>,
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
        self.index(&token);
        self.join_parent(&token);
        Ok(self.tokens.entry(issued).or_insert(token))
    }

    /// Gives the token of `ordinal` its value. Does nothing for one that is gone.
    pub fn seal(&mut self, ordinal: Ordinal, digest: Digest) {
        if let Some(token) = self.tokens.get_mut(&ordinal) {
            if let Some(old) = token.seal.replace(digest) {
                self.leave_digest(old, ordinal);
            }
            self.by_digest.insert(digest, ordinal);
        }
    }

    /// The token of that value, if it was sealed here.
    pub fn by_digest(&self, digest: &Digest) -> Option<&Token> {
        self.by_digest.get(digest).and_then(|ordinal| self.tokens.get(ordinal))
    }

    /// The digests of the tokens that were not issued here, and so may look like anything.
    pub(crate) fn adopted(&self) -> impl Iterator<Item = Digest> {
        self.adopted.iter().copied()
    }

    /// The token of that ordinal.
    pub fn by_ordinal(&self, ordinal: Ordinal) -> Option<&Token> {
        self.tokens.get(&ordinal)
    }

    /// Whether a token of that symbol was ever issued, even if it has been forgotten since.
    pub(crate) fn was_issued(&self, symbol: &str) -> bool {
        symbol.rsplit_once('#').is_some_and(|(subject, nth)| {
            let issued = self.by_subject.get(subject).copied().unwrap_or_default();
            nth.parse().is_ok_and(|nth: u32| (1..=issued).contains(&nth))
        })
    }

    /// All remembered tokens, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Token> {
        self.tokens.values()
    }

    /// Takes back a token, before or after it is sealed.
    pub fn revoke(&mut self, ordinal: Ordinal) {
        if let Some(token) = self.tokens.get_mut(&ordinal) {
            token.revoked = true;
            self.by_slot.remove(&(slot(token), ordinal));
            self.by_workspace.remove(&(token.workspace, ordinal));
            self.leave_parent(ordinal);
        }
    }

    /// Lets a token end at `end`, if it would have ended later.
    pub(crate) fn end_at(&mut self, ordinal: Ordinal, end: Timestamp) {
        if let Some(token) = self.tokens.get_mut(&ordinal).filter(|token| token.expires_at > end) {
            self.by_end.remove(&(token.expires_at, ordinal));
            token.expires_at = end;
            self.by_end.insert((end, ordinal));
        }
    }

    /// Takes back all tokens of a client, those exchanged from them among them.
    pub(crate) fn revoke_of(&mut self, client: ClientIx) {
        let first = (client, WorkspaceIx(0), TokenKind::Sso);
        let last = (client, WorkspaceIx(usize::MAX), TokenKind::SignIn);
        let all = self.by_slot.range((first, 0)..=(last, Ordinal::MAX));
        let all: Vec<_> = all.map(|(_, ordinal)| *ordinal).collect();
        all.into_iter().for_each(|ordinal| self.revoke(ordinal));
    }

    /// Takes back all tokens that act in a workspace.
    pub(crate) fn revoke_in(&mut self, workspace: WorkspaceIx) {
        let all = self.by_workspace.range((workspace, 0)..=(workspace, Ordinal::MAX));
        let all: Vec<_> = all.map(|(_, ordinal)| *ordinal).collect();
        all.into_iter().for_each(|ordinal| self.revoke(ordinal));
    }

    /// Takes back the older tokens of the same client, workspace and kind, and, if `children` says so, what
    /// was exchanged from them. One that was taken back itself replaces nothing.
    pub(crate) fn replace_older(&mut self, newest: Ordinal, children: bool) {
        let Some(new) = self.tokens.get(&newest).filter(|token| !token.revoked) else { return };
        let slot = slot(new);
        let older = self.by_slot.range((slot, 0)..(slot, newest));
        let mut replaced: Vec<_> = older.map(|(_, ordinal)| *ordinal).collect();
        if children {
            let orphan = |child: &Ordinal| {
                let parent = self.tokens.get(child).and_then(|child| child.parent);
                *child != newest && parent.is_none_or(|parent| parent < newest)
            };
            let all = self.by_parent.range((slot, 0)..=(slot, Ordinal::MAX)).map(|(_, child)| *child);
            let orphans: Vec<_> = all.filter(orphan).collect();
            replaced.extend(orphans);
        }
        replaced.into_iter().for_each(|ordinal| self.revoke(ordinal));
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
            table.index(&token);
            table.tokens.insert(token.ordinal, token);
        }
        let children: Vec<_> =
            table.tokens.values().filter(|token| token.parent.is_some()).cloned().collect();
        children.iter().for_each(|child| table.join_parent(child));
        table
    }

    /// Forgets every token. What comes next goes on from the numbers there have been.
    pub(crate) fn clear(&mut self) {
        let Self { issued, by_subject, adopted, .. } = std::mem::take(self);
        *self = Self { issued, by_subject, adopted, ..Self::default() };
    }

    /// Goes on from the numbers of the last tokens of another table, where they are later, so that no number
    /// and no name is given twice. What was adopted there is still known as a token.
    pub(crate) fn go_on_from(&mut self, other: &Self) {
        self.issued = self.issued.max(other.issued);
        for (subject, theirs) in &other.by_subject {
            let count = self.by_subject.entry(subject.clone()).or_default();
            *count = (*count).max(*theirs);
        }
        self.adopted.extend(&other.adopted);
    }

    fn index(&mut self, token: &Token) {
        if let Some(seal) = token.seal {
            self.by_digest.insert(seal, token.ordinal);
            if token.adopted {
                self.adopted.insert(seal);
            }
        }
        self.by_end.insert((token.expires_at, token.ordinal));
        if !token.revoked {
            self.by_slot.insert((slot(token), token.ordinal));
            self.by_workspace.insert((token.workspace, token.ordinal));
        }
    }

    /// Lets a token be found by the one it was exchanged from.
    fn join_parent(&mut self, token: &Token) {
        let parent = token.parent.and_then(|parent| self.tokens.get(&parent));
        if let Some(parent) = parent.filter(|_| !token.revoked) {
            let slot = slot(parent);
            self.by_parent.insert((slot, token.ordinal));
            self.parents.insert(token.ordinal, slot);
        }
    }

    fn leave_parent(&mut self, child: Ordinal) {
        if let Some(slot) = self.parents.remove(&child) {
            self.by_parent.remove(&(slot, child));
        }
    }

    fn leave_digest(&mut self, digest: Digest, ordinal: Ordinal) {
        if self.by_digest.get(&digest) == Some(&ordinal) {
            self.by_digest.remove(&digest);
        }
    }

    fn forget_expired(&mut self, now: Timestamp) {
        while let Some(&(end, ordinal)) = self.by_end.first().filter(|(end, _)| *end <= now) {
            self.by_end.remove(&(end, ordinal));
            if let Some(token) = self.tokens.remove(&ordinal) {
                self.by_slot.remove(&(slot(&token), ordinal));
                self.by_workspace.remove(&(token.workspace, ordinal));
                self.leave_parent(ordinal);
                if let Some(seal) = token.seal {
                    self.leave_digest(seal, ordinal);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revoked(table: &TokenTable) -> Vec<Ordinal> {
        table.iter().filter(|token| token.revoked).map(|token| token.ordinal).collect()
    }

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

    #[test]
    fn tokens_are_taken_back_by_whose_they_are() {
        let mut table = TokenTable::default();
        let mut enter = |client, workspace, kind, parent| {
            let make = |ordinal, symbol| Token {
                ordinal,
                kind,
                symbol,
                client: ClientIx(client),
                workspace: WorkspaceIx(workspace),
                issued_at: Timestamp::UNIX_EPOCH,
                expires_at: Timestamp::MAX,
                parent,
                adopted: false,
                revoked: false,
                seal: None,
            };
            table.enter("x", Timestamp::UNIX_EPOCH, SignedDuration::ZERO, make).unwrap().ordinal
        };
        use TokenKind::{Sso, Tenant, Workspace};
        let old = enter(0, 0, Workspace, None);
        let child = enter(0, 5, Tenant, Some(old));
        let other_kind = enter(0, 0, Sso, None);
        let other_client = enter(1, 0, Workspace, None);
        let same_place = enter(1, 5, Tenant, Some(other_client));
        let new = enter(0, 0, Workspace, None);
        let newer_child = enter(0, 5, Tenant, Some(new));
        // Exchanged for the workspace of its own subject token (dialect `exchange_own_workspace`).
        let same = enter(2, 9, Tenant, None);
        let of_same = enter(2, 9, Tenant, Some(same));
        let resumed = |table: &TokenTable| TokenTable::resume(table.iter().cloned(), 0, std::iter::empty());
        for table in [table.clone(), resumed(&table)] {
            let after = |act: &dyn Fn(&mut TokenTable)| {
                let mut table = table.clone();
                act(&mut table);
                revoked(&table)
            };
            assert_eq!(after(&|table| table.replace_older(new, false)), [old]);
            assert_eq!(after(&|table| table.replace_older(new, true)), [old, child]);
            // A parent that was taken back before takes its children with it all the same.
            let taken_back = |table: &mut TokenTable| {
                table.revoke(old);
                table.replace_older(new, true);
            };
            assert_eq!(after(&taken_back), [old, child]);
            assert_eq!(after(&|table| table.replace_older(newer_child, true)), [child]);
            assert_eq!(after(&|table| table.replace_older(of_same, true)), [same], "not itself");
            assert_eq!(after(&|table| table.revoke_of(ClientIx(1))), [other_client, same_place]);
            assert_eq!(
                after(&|table| table.revoke_of(ClientIx(0))),
                [old, child, other_kind, new, newer_child]
            );
            assert_eq!(after(&|table| table.revoke_in(WorkspaceIx(5))), [child, same_place, newer_child]);
        }
    }
}
