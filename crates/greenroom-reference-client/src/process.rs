//! What all clients of this process share: its clock, its sleeps, its switches.

use std::{
    sync::{
        Arc, Mutex, OnceLock, PoisonError, Weak,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use reqwest::Url;
use tokio::sync::watch;

use jiff::{SignedDuration, Timestamp};

use crate::{
    clock::Clock,
    failure::Failure,
    mutant::{Mutant, Mutant::M37, Switches},
    sleep::Sleeps,
    source::Own,
    token::Token,
};

#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) clock: Clock,
    pub(crate) sleeps: Sleeps,
    pub(crate) switches: Switches,
    /// What [`Mutant::M71`] uses.
    last_token: Mutex<Option<Token>>,
    /// The head of the first token, which [`Mutant::M77`] compares with.
    first_head: OnceLock<String>,
    /// How many sleep or renew a token: what [`Mutant::M21`] and [`Mutant::M25`] use.
    under_way: watch::Sender<usize>,
    /// Exchanges that were refused for good: what [`Mutant::M61`] and [`Mutant::M70`] use.
    refusals: Mutex<Vec<(Url, Failure)>>,
    /// How often a token of a tenant was renewed: what [`Mutant::M167`] uses.
    renewals: AtomicU64,
    /// Who signed in first: what [`Mutant::M168`] uses.
    first: Mutex<Weak<Own>>,
    /// What [`Mutant::M07`] counts.
    tokens: AtomicU32,
}

impl Process {
    pub(crate) fn new(sleeps: Sleeps, mutant: Option<Mutant>) -> Self {
        Self {
            clock: Clock::new(),
            sleeps,
            switches: Switches::new(mutant),
            last_token: Mutex::default(),
            first_head: OnceLock::new(),
            under_way: watch::Sender::new(0),
            refusals: Mutex::default(),
            renewals: AtomicU64::new(0),
            first: Mutex::default(),
            tokens: AtomicU32::default(),
        }
    }

    pub(crate) fn broken(&self, mutant: Mutant) -> bool {
        self.switches.broken(mutant)
    }

    /// Waits for so long.
    pub(crate) async fn sleep(&self, duration: Duration) {
        if duration.is_zero() {
            return;
        }
        let _under_way = self.begins();
        if self.broken(M37) {
            return self.sleep_by_the_wall(duration).await;
        }
        self.sleeps.sleep(&self.clock, duration).await;
    }

    /// [`M37`]: looks at the clock every two minutes.
    async fn sleep_by_the_wall(&self, duration: Duration) {
        let span = SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
        let until = self.clock.now().wall.saturating_add(span).unwrap_or(Timestamp::MAX);
        loop {
            let left = until.duration_since(self.clock.now().wall).as_millis();
            let Some(left) = u64::try_from(left).ok().filter(|left| *left > 0) else { return };
            let look = Duration::from_secs(left.div_ceil(1000).min(120));
            self.sleeps.sleep(&self.clock, look).await;
        }
    }

    /// Whether a token is a JWT of at most two KiB with the head of the first one, key and all.
    pub(crate) fn knows_shape(&self, token: &str) -> bool {
        let mut parts = token.split('.');
        let (Some(head), 2, true) = (parts.next(), parts.count(), token.len() <= 2048) else { return false };
        self.first_head.get_or_init(|| head.to_owned()) == head
    }

    /// A token was given.
    pub(crate) fn got(&self, token: &Token) {
        self.tokens.fetch_add(1, Ordering::Relaxed);
        *self.last_token.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
    }

    /// How many tokens were given.
    pub(crate) fn tokens(&self) -> u32 {
        self.tokens.load(Ordering::Relaxed)
    }

    pub(crate) fn last_token(&self) -> Option<Token> {
        self.last_token.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Somebody sleeps or renews from here on, until what is returned is dropped.
    pub(crate) fn begins(&self) -> UnderWay<'_> {
        self.under_way.send_modify(|count| *count += 1);
        UnderWay(&self.under_way)
    }

    /// Whether somebody sleeps or renews.
    pub(crate) fn is_under_way(&self) -> bool {
        *self.under_way.borrow() > 0
    }

    /// Until nobody sleeps or renews.
    pub(crate) async fn idle(&self) {
        // It never ends, as this process holds its other end.
        let _ = self.under_way.subscribe().wait_for(|count| *count == 0).await;
    }

    /// An exchange was refused for good.
    pub(crate) fn refused(&self, endpoint: &Url, failure: &Failure) {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        refusals.push((endpoint.clone(), failure.clone()));
    }

    /// The first refusal there, or anywhere.
    pub(crate) fn refusal(&self, endpoint: Option<&Url>) -> Option<Failure> {
        let refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        let mut there = refusals.iter().filter(|(at, _)| endpoint.is_none_or(|endpoint| at == endpoint));
        there.next().map(|(_, failure)| failure.clone())
    }

    /// Somebody signs in; the one who did so before, and is still there.
    pub(crate) fn signs_in(&self, own: &Arc<Own>) -> Option<Arc<Own>> {
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        let before = first.upgrade();
        if before.is_none() {
            *first = Arc::downgrade(own);
        }
        before
    }

    /// How often a token of a tenant was renewed.
    pub(crate) fn renewals(&self) -> u64 {
        self.renewals.load(Ordering::Acquire)
    }

    /// A token of a tenant is renewed.
    pub(crate) fn renews(&self) {
        self.renewals.fetch_add(1, Ordering::AcqRel);
    }
}

/// Somebody sleeps or renews.
pub(crate) struct UnderWay<'p>(&'p watch::Sender<usize>);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}
