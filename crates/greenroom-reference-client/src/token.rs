//! A token, and the place where it is kept: one caller renews it, and all others wait for that one.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use reqwest::header::HeaderValue;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::{
    clock::Moment,
    config::Secret,
    failure::{Failure, Kind},
    mutant::Mutant::{M12, M13, M20, M186, M190},
    process::Process,
};

/// A token is renewed so long before its end, since a request takes a while to arrive.
const MARGIN: Duration = Duration::from_secs(10);

/// An access token.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    value: Secret,
    got: Moment,
    /// How long it is good for, if its issuer said so.
    good_for: Option<Duration>,
}

impl Token {
    /// One that was given just now, to live for so long.
    pub(crate) fn new(process: &Process, value: Secret, life: Option<Duration>) -> Self {
        let good_for = life.map(|life| {
            let margin = if process.broken(M12) { life } else { MARGIN.min(life / 10) };
            let life = if process.broken(M13) { life / 1000 } else { life };
            life.saturating_sub(margin)
        });
        Self { value, got: process.clock.now(), good_for }
    }

    /// For requests. A token is opaque: whatever it looks like, it is sent as it came.
    pub(crate) fn reveal(&self) -> &str {
        self.value.reveal()
    }

    /// The one header that carries it.
    pub(crate) fn header(&self) -> Result<HeaderValue, Failure> {
        let header = HeaderValue::try_from(format!("Bearer {}", self.reveal()));
        let mut header = header.map_err(|_| {
            Failure::new(Kind::Protocol, "an access token that fits into no header cannot be sent")
        })?;
        header.set_sensitive(true);
        Ok(header)
    }

    /// Whether nobody said how long it lives, as of one that was supplied.
    pub(crate) fn is_of_unknown_life(&self) -> bool {
        self.good_for.is_none()
    }

    /// Whether it is known to have run out. The server may know better: then it says 401.
    pub(crate) fn has_run_out(&self, process: &Process) -> bool {
        let Some(good_for) = self.good_for else { return false };
        if process.clock.since(self.got) >= good_for {
            let awake = process.clock.now().steady.saturating_sub(self.got.steady) >= good_for;
            return awake || !process.broken(M190);
        }
        self.has_run_out_by_claim(process) && process.broken(M186)
    }

    /// How often it could have run out since it was given.
    pub(crate) fn lives_since(&self, process: &Process) -> u64 {
        let life = self.good_for.map_or(0, |good_for| good_for.as_secs());
        process.clock.since(self.got).as_secs().checked_div(life).unwrap_or_default()
    }

    /// How much of its life is left, if it is known.
    pub(crate) fn life_left(&self, process: &Process) -> Option<Duration> {
        Some(self.good_for?.saturating_sub(process.clock.since(self.got)))
    }

    /// Whether it ran out while the machine slept: what [`M190`] does not see.
    pub(crate) fn was_slept_out(&self, process: &Process) -> bool {
        let run_out = |age| self.good_for.is_some_and(|good_for| age >= good_for);
        let steady = process.clock.now().steady.saturating_sub(self.got.steady);
        run_out(process.clock.since(self.got)) && !run_out(steady)
    }

    /// Whether the clock of the wall has gone back behind the moment in which it was given.
    pub(crate) fn is_of_the_future(&self, process: &Process) -> bool {
        process.clock.now().wall < self.got.wall
    }

    /// Whether it has run out by its own word and the clock of the wall: what mutants ask, since a token is opaque.
    pub(crate) fn has_run_out_by_claim(&self, process: &Process) -> bool {
        self.claim("exp").is_some_and(|exp| exp <= process.clock.now().wall.as_second())
    }

    /// Whether it was issued much later than now, by its own word and the clock of the wall: what mutants ask.
    pub(crate) fn is_not_yet_valid(&self, process: &Process) -> bool {
        let hour = 3600;
        self.claim("iat").is_some_and(|iat| iat >= process.clock.now().wall.as_second() + hour)
    }

    fn claim(&self, name: &str) -> Option<i64> {
        let payload = BASE64_URL_SAFE_NO_PAD.decode(self.reveal().split('.').nth(1)?).ok()?;
        serde_json::from_slice::<Value>(&payload).ok()?[name].as_i64()
    }
}

/// Where a token is kept.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    /// Locked for as long as somebody renews it.
    kept: Mutex<Kept>,
    tried: AtomicU64,
}

#[derive(Debug, Default)]
struct Kept {
    token: Option<Arc<Token>>,
    /// Why the last renewal failed, if it did.
    failure: Option<Failure>,
}

impl Slot {
    /// With a token that the user supplied.
    pub(crate) fn with(token: Option<Token>) -> Self {
        let kept = Kept { token: token.map(Arc::new), failure: None };
        Self { kept: Mutex::new(kept), tried: AtomicU64::new(0) }
    }

    /// The token, if it is good, or else the one that `renew` gets. Whoever comes while another one renews waits, and
    /// shares what came of it, good or bad. Whoever comes later tries anew: a failure is not remembered.
    pub(crate) async fn get(
        &self,
        process: &Process,
        is_good: impl Fn(&Arc<Token>) -> bool,
        renew: impl Future<Output = Result<Token, Failure>>,
    ) -> Result<Arc<Token>, Failure> {
        let tried = self.tried.load(Ordering::Acquire);
        let mut kept = self.kept.lock().await;
        if let Some(token) = kept.token.as_ref().filter(|token| is_good(token)) {
            return Ok(Arc::clone(token));
        }
        if let Some(failure) = &kept.failure
            && self.tried.load(Ordering::Acquire) > tried
            && !process.broken(M20)
        {
            return Err(failure.clone());
        }
        let renewed = renew.await.map(Arc::new);
        self.tried.fetch_add(1, Ordering::Release);
        kept.failure = renewed.as_ref().err().cloned();
        if let Ok(token) = &renewed {
            kept.token = Some(Arc::clone(token));
        }
        renewed
    }

    /// Renews without regard to others: what mutants do.
    pub(crate) async fn get_alone(
        &self,
        renew: impl Future<Output = Result<Token, Failure>>,
    ) -> Result<Arc<Token>, Failure> {
        let token = Arc::new(renew.await?);
        self.kept.lock().await.token = Some(Arc::clone(&token));
        Ok(token)
    }

    /// Why the last renewal failed, if it did and nobody renews now.
    pub(crate) fn failure(&self) -> Option<Failure> {
        self.kept.try_lock().ok()?.failure.clone()
    }

    /// Whether somebody renews it now.
    pub(crate) fn is_being_renewed(&self) -> bool {
        self.kept.try_lock().is_err()
    }

    /// The token as it is, if there is one.
    pub(crate) async fn peek(&self) -> Option<Arc<Token>> {
        self.kept.lock().await.token.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sleep::Sleeps;

    fn process() -> Process {
        Process::new(Sleeps::new(tokio::sync::mpsc::unbounded_channel().0), None)
    }

    fn token(value: &str) -> Token {
        Token::new(&process(), Secret::new(value.to_owned()), None)
    }

    #[tokio::test]
    async fn one_renews_and_all_share_what_came_of_it() {
        for fails in [false, true] {
            let slot = Slot::default();
            let renewals = AtomicU64::new(0);
            let renew = || async {
                renewals.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                if fails { Err(Failure::new(Kind::Auth, "refused")) } else { Ok(token("opaque")) }
            };
            let (process, slot) = (process(), &slot);
            let get = || slot.get(&process, |_| true, renew());
            let (a, b, c) = tokio::join!(get(), get(), get());
            assert_eq!([a.is_err(), b.is_err(), c.is_err()], [fails; 3]);
            assert_eq!(renewals.load(Ordering::Relaxed), 1);
            // A failure is not remembered, a token is.
            assert_eq!(get().await.is_err(), fails);
            assert_eq!(renewals.load(Ordering::Relaxed), if fails { 2 } else { 1 });
        }
    }

    #[test]
    fn a_token_runs_out_by_the_clock_if_its_life_is_known() {
        let process = process();
        let of_life = |life| Token::new(&process, Secret::new(String::new()), life);
        let (known, unknown) = (of_life(Some(Duration::from_secs(900))), of_life(None));
        process.clock.set_wall(jiff::SignedDuration::from_secs(880));
        assert!(!known.has_run_out(&process));
        process.clock.set_wall(jiff::SignedDuration::from_secs(15));
        assert!(known.has_run_out(&process) && !unknown.has_run_out(&process));
    }

    #[test]
    fn tokens_are_not_shown() {
        assert!(!format!("{:?}", token("opaque")).contains("opaque"));
        let header = token("opaque").header().unwrap();
        assert!(header.is_sensitive() && header == "Bearer opaque");
        assert!(token("a\nb").header().is_err());
    }
}
