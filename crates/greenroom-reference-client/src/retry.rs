//! How often and how long: the waits between the tries of one logical request.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    time::Duration,
};

use jiff::Timestamp;

use crate::{
    failure::{Failure, Kind},
    http::{Answer, Request},
    mutant::Mutant::{M30, M31, M32, M33, M34, M91, M141},
    process::Process,
};

/// As good as for ever.
const FOR_EVER: u32 = 100;
/// More than a caller would call one request.
const TRIES: u32 = 10;
/// A connection that breaks three times will not hold the fourth time.
const LOSSES: u32 = 3;
/// A token endpoint is asked less often: everybody waits for it.
const TOKEN_TRIES: u32 = 3;
/// Who is asked to wait longer than this in all tells the caller.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
/// The longest wait of our own.
const LONGEST: Duration = Duration::from_secs(60);

/// What is left of the tries and of the time for one logical request.
#[derive(Debug)]
pub(crate) struct Patience {
    tries: u32,
    most: u32,
    losses: u32,
    waits: u32,
    waited: Duration,
    salt: u64,
}

impl Patience {
    /// For a call; `salt` spreads the waits of different calls.
    pub(crate) fn of_call(salt: &str) -> Self {
        Self::of(TRIES, salt)
    }

    /// For a token request.
    pub(crate) fn of_token(salt: &str) -> Self {
        Self::of(TOKEN_TRIES, salt)
    }

    fn of(most: u32, salt: &str) -> Self {
        // The same in every run: a run that is repeated waits alike.
        let mut hasher = DefaultHasher::new();
        salt.hash(&mut hasher);
        Self { tries: 0, most, losses: 0, waits: 0, waited: Duration::ZERO, salt: hasher.finish() }
    }

    /// One try begins.
    pub(crate) fn try_begins(&mut self) {
        self.tries += 1;
    }

    /// Whether another try is allowed.
    pub(crate) fn has_tries(&self) -> bool {
        self.tries < self.most
    }

    pub(crate) fn tries(&self) -> u32 {
        self.tries
    }

    pub(crate) fn has_waited(&self) -> bool {
        self.waits > 0
    }

    /// How long to wait before the next try, if there is one: as long as the server asks for, and at least a wait of
    /// our own that grows.
    pub(crate) fn wait(&mut self, asked: Option<Duration>) -> Option<Duration> {
        let wait = self.own_wait().max(asked.unwrap_or_default());
        let waited = self.waited.saturating_add(wait);
        if !self.has_tries() || waited > PATIENCE {
            return None;
        }
        self.waits += 1;
        self.waited = waited;
        Some(wait)
    }

    /// The same after a connection broke. Once there is no wait: it may have been an idle one that the server had just
    /// closed, of which another is opened (RFC 9112 §9.3.1).
    pub(crate) fn wait_after_loss(&mut self) -> Option<Duration> {
        self.losses += 1;
        match self.losses {
            1 if self.has_tries() => Some(Duration::ZERO),
            losses if losses < LOSSES => self.wait(None),
            _ => None,
        }
    }

    /// 1, 2, 4… seconds and up to a quarter more, so that those who failed together do not come back together.
    fn own_wait(&self) -> Duration {
        let mut hasher = DefaultHasher::new();
        (self.salt, self.waits).hash(&mut hasher);
        let quarters = hasher.finish() % 251;
        let base = Duration::from_millis(1000 + quarters);
        base.saturating_mul(1 << self.waits.min(16)).min(LONGEST)
    }
}

/// Whether a request may be repeated after this answer: it was too much, or it came at a bad time and does no harm
/// twice, or the server asks for it.
pub(crate) fn is_invited(request: &Request, answer: &Answer) -> bool {
    match answer.status {
        429 => true,
        503 => request.is_idempotent() || answer.retry_after().is_some(),
        _ => false,
    }
}

/// How long to wait after such an answer; `None` if no more.
pub(crate) fn wait(
    process: &Process,
    patience: &mut Patience,
    request: &Request,
    answer: &Answer,
) -> Result<Option<Duration>, Failure> {
    if process.broken(M91) {
        return Err(Failure::new(Kind::Api, format!("{request} is refused")).with_status(answer.status));
    }
    let asked = answer.retry_after();
    if matches!(asked, Some(RetryAfter::Date(_))) && process.broken(M31) {
        let message = format!("{request}: Retry-After is no number ({})", answer.status);
        return Err(Failure::new(Kind::Protocol, message).with_status(answer.status));
    }
    let asked = asked.map(|asked| asked.wait(process.clock.now().wall));
    let mut wait = patience.wait(asked.filter(|_| !process.broken(M30)));
    if wait.is_some() && asked.is_none() && process.broken(M141) {
        wait = Some(Duration::from_millis(100));
    }
    if wait.is_none() && patience.has_tries() && process.broken(M32) {
        wait = asked;
    }
    if wait.is_none() && answer.status == 503 && patience.tries() < FOR_EVER && process.broken(M34) {
        wait = Some(LONGEST);
    }
    Ok(if process.broken(M33) { wait.map(|_| Duration::ZERO) } else { wait })
}

/// What `Retry-After` asks for (RFC 9110 §10.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryAfter {
    Seconds(u64),
    Date(Timestamp),
}

impl RetryAfter {
    /// Reads the header. What is neither seconds nor a date asks for nothing.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Self::Seconds(text.parse().unwrap_or(u64::MAX)));
        }
        let date = httpdate::parse_http_date(text).ok()?;
        Timestamp::try_from(date).ok().map(Self::Date)
    }

    /// How long that is from `now` on.
    pub(crate) fn wait(self, now: Timestamp) -> Duration {
        match self {
            Self::Seconds(seconds) => Duration::from_secs(seconds),
            Self::Date(date) => Duration::try_from(date.duration_since(now)).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-03-01T10:00:00Z".parse().unwrap()
    }

    #[test]
    fn both_forms_of_retry_after_are_read() {
        let wait = |text| RetryAfter::parse(text).map(|asked| asked.wait(now()));
        assert_eq!(wait("120"), Some(Duration::from_secs(120)));
        assert_eq!(wait(" 0 "), Some(Duration::ZERO));
        for date in
            ["Sun, 01 Mar 2026 10:02:00 GMT", "Sunday, 01-Mar-26 10:02:00 GMT", "Sun Mar  1 10:02:00 2026"]
        {
            assert_eq!(wait(date), Some(Duration::from_secs(120)), "{date}");
        }
        assert_eq!(wait("Sun, 01 Mar 2026 09:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(wait("99999999999999999999999"), Some(Duration::from_secs(u64::MAX)));
    }

    #[test]
    fn garbage_asks_for_nothing() {
        for text in ["", " ", "soon", "-1", "1.5", "3s", "1e9", "2026-03-01T10:02:00Z", "Sun, 99 Mar 2026"] {
            assert_eq!(RetryAfter::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn waits_grow_and_end() {
        let mut patience = Patience::of_call("GET https://x/y");
        let mut last = Duration::ZERO;
        for _ in 1..TRIES {
            patience.try_begins();
            let wait = patience.wait(None).unwrap();
            assert!(wait >= last && wait <= LONGEST, "{wait:?} after {last:?}");
            last = wait;
        }
        patience.try_begins();
        assert_eq!(patience.wait(None), None, "ten tries");
    }

    #[test]
    fn the_server_may_ask_for_longer_but_not_for_ever() {
        let mut patience = Patience::of_call("");
        patience.try_begins();
        assert_eq!(patience.wait(Some(Duration::from_secs(120))), Some(Duration::from_secs(120)));
        assert!(patience.wait(Some(Duration::ZERO)).unwrap() >= Duration::from_secs(2));
        assert_eq!(patience.wait(Some(Duration::from_secs(600))), None);
        assert_eq!(Patience::of_call("").wait(Some(Duration::MAX)), None);
    }

    #[test]
    fn three_losses_are_enough() {
        let mut patience = Patience::of_call("");
        assert_eq!(patience.wait_after_loss(), Some(Duration::ZERO));
        assert!(patience.wait_after_loss().is_some_and(|wait| wait >= Duration::from_secs(1)));
        assert_eq!(patience.wait_after_loss(), None);
    }
}
