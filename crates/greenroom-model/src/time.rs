//! Virtual time as arithmetic: an origin, a speed, and a real reading passed in by the caller.
//!
//! Nothing here reads a clock. The caller hands over how long its process has been running
//! ([`Real`]), so that the same readings always give the same virtual instants.

use std::{borrow::Cow, fmt, str::FromStr, time::Duration};

use jiff::{
    SignedDuration, Timestamp,
    fmt::{StdFmtWrite, temporal::DateTimePrinter},
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// An instant as most services write it: milliseconds and `Z` (`glp.md §6.2`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Iso(pub Timestamp);

impl fmt::Display for Iso {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
        PRINTER.print_timestamp(&self.0, StdFmtWrite(f)).map_err(|_| fmt::Error)
    }
}

impl Serialize for Iso {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// An instant as credentials and provisions write it: a space, microseconds, no zone (`glp.md §10` row 25).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spaced(pub Timestamp);

impl fmt::Display for Spaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.strftime("%Y-%m-%d %H:%M:%S.%6f"))
    }
}

impl Serialize for Spaced {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A monotonic reading: how long ago the process started.
pub type Real = Duration;

/// How many virtual seconds pass in a real second: 0 (frozen) to 1,000,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Speed(u32);

impl Speed {
    /// Time stands still until it is advanced.
    pub const FROZEN: Self = Self(0);
    /// One virtual second a real second.
    pub const REAL: Self = Self(1);
    const MAX: u32 = 1_000_000;
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::FROZEN => f.write_str("frozen"),
            Self::REAL => f.write_str("real"),
            Self(times) => write!(f, "x{times}"),
        }
    }
}

impl FromStr for Speed {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        match text {
            "frozen" => Ok(Self::FROZEN),
            "real" => Ok(Self::REAL),
            _ => text
                .strip_prefix('x')
                .and_then(|times| times.parse().ok())
                .filter(|times| *times <= Self::MAX)
                .map(Self)
                .ok_or_else(|| TimeError::Speed(text.to_owned())),
        }
    }
}

impl Serialize for Speed {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for Speed {
    fn schema_name() -> Cow<'static, str> {
        "Speed".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "How fast virtual time passes: `real`, `frozen` or `x60`.",
            "type": "string",
            "pattern": "^(real|frozen|x[0-9]+)$"
        })
    }
}

impl<'de> Deserialize<'de> for Speed {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A span by which the clock can move, as people write it: `16m`. Never negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forward(SignedDuration);

impl Forward {
    /// The span.
    pub fn duration(self) -> SignedDuration {
        self.0
    }
}

impl FromStr for Forward {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        parse_duration(text).map(Self)
    }
}

impl Serialize for Forward {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:#}", self.0))
    }
}

impl JsonSchema for Forward {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A span of time, never negative: `20s`, `16m` or `1h 30m`.",
            "type": "string",
            "minLength": 1
        })
    }
}

impl<'de> Deserialize<'de> for Forward {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Why a wish about time cannot be granted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Tokens already issued would come back to life.
    #[error("the virtual clock only moves forward: it is {now}, not before {wish}")]
    Backwards {
        /// The present virtual instant.
        now: Timestamp,
        /// The instant asked for.
        wish: Timestamp,
    },
    /// Past the last instant that can be written down.
    #[error("the virtual clock ends on 9999-12-30; {0} would pass it")]
    TooFar(String),
    /// Neither `frozen`, `real` nor `x60`.
    #[error("unknown clock speed {0:?}: say real, frozen or x60 (0 to 1000000 virtual seconds a second)")]
    Speed(String),
    /// Not a duration, or a negative one.
    #[error("{0:?} is not a duration: say 20s, 16m or 1h 30m")]
    Duration(String),
}

/// Reads a duration that is not negative: `20s`, `16m`, `1h 30m`, `PT16M`.
pub fn parse_duration(text: &str) -> Result<SignedDuration, TimeError> {
    text.parse::<SignedDuration>()
        .ok()
        .filter(|duration| !duration.is_negative())
        .ok_or_else(|| TimeError::Duration(text.to_owned()))
}

/// The virtual clock of one sandbox.
#[derive(Clone, Debug)]
pub struct Timeline {
    origin: Timestamp,
    since: Real,
    speed: Speed,
}

impl Timeline {
    /// A clock that shows `start` at the real reading `at` and runs on at `speed`.
    pub fn new(start: Timestamp, speed: Speed, at: Real) -> Self {
        Self { origin: start, since: at, speed }
    }

    /// The virtual instant at the real reading `at`. Stands still at the end of time.
    pub fn now(&self, at: Real) -> Timestamp {
        let elapsed = at.saturating_sub(self.since).saturating_mul(self.speed.0);
        SignedDuration::try_from(elapsed)
            .ok()
            .and_then(|elapsed| self.origin.checked_add(elapsed).ok())
            .unwrap_or(Timestamp::MAX)
    }

    /// How fast time passes.
    pub fn speed(&self) -> Speed {
        self.speed
    }

    /// Moves the clock forward by `by`.
    pub fn advance(&mut self, by: SignedDuration, at: Real) -> Result<Timestamp, TimeError> {
        if by.is_negative() {
            return Err(TimeError::Duration(by.to_string()));
        }
        let target = self.now(at).checked_add(by).map_err(|_| TimeError::TooFar(format!("{by:#}")))?;
        self.set(target, at)
    }

    /// Moves the clock to `target`, which must not lie in its past.
    pub fn set(&mut self, target: Timestamp, at: Real) -> Result<Timestamp, TimeError> {
        let now = self.now(at);
        if target < now {
            return Err(TimeError::Backwards { now, wish: target });
        }
        (self.origin, self.since) = (target, at);
        Ok(target)
    }

    /// Changes how fast time passes from now on.
    pub fn set_speed(&mut self, speed: Speed, at: Real) {
        (self.origin, self.since, self.speed) = (self.now(at), at, speed);
    }
}

/// Drops the part of `instant` below a second, as `iat` and `exp` do.
pub fn whole_second(instant: Timestamp) -> Timestamp {
    Timestamp::from_second(instant.as_second() - i64::from(instant.subsec_nanosecond() < 0))
        .unwrap_or(instant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_have_milliseconds_and_the_rest_is_cut_off() {
        for (at, expected) in [
            ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000Z"),
            ("2025-09-17T13:06:59.0019Z", "2025-09-17T13:06:59.001Z"),
            ("2025-09-17T13:06:59.999999999Z", "2025-09-17T13:06:59.999Z"),
        ] {
            assert_eq!(Iso(at.parse().unwrap()).to_string(), expected);
        }
        let at = "2026-01-22T14:09:42.8836219Z".parse().unwrap();
        assert_eq!(Spaced(at).to_string(), "2026-01-22 14:09:42.883621");
    }

    fn start() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_frozen_clock_moves_only_by_advance() {
        let mut line = Timeline::new(start(), Speed::FROZEN, Real::ZERO);
        assert_eq!(line.now(Real::from_secs(5)), start());
        line.advance(SignedDuration::from_mins(16), Real::from_secs(6)).unwrap();
        assert_eq!(line.now(Real::from_secs(900)).to_string(), "2026-01-01T00:16:00Z");
    }

    #[test]
    fn a_fast_clock_multiplies_and_keeps_its_instant_when_the_speed_changes() {
        let mut line = Timeline::new(start(), "x60".parse().unwrap(), Real::from_secs(10));
        assert_eq!(line.now(Real::from_secs(11)).to_string(), "2026-01-01T00:01:00Z");
        line.set_speed(Speed::FROZEN, Real::from_secs(12));
        assert_eq!(line.now(Real::from_secs(99)).to_string(), "2026-01-01T00:02:00Z");
    }

    #[test]
    fn the_clock_never_goes_back_and_never_overflows() {
        let mut line = Timeline::new(start(), Speed::REAL, Real::ZERO);
        let before = "2025-12-31T00:00:00Z".parse().unwrap();
        assert!(matches!(line.set(before, Real::ZERO), Err(TimeError::Backwards { .. })));
        assert!(matches!(line.advance(SignedDuration::MAX, Real::ZERO), Err(TimeError::TooFar(_))));
        assert_eq!(line.now(Real::ZERO), start());
        assert_eq!(Timeline::new(start(), Speed(1_000_000), Real::ZERO).now(Real::MAX), Timestamp::MAX);
    }

    #[test]
    fn durations_are_read_as_people_write_them() {
        assert_eq!(parse_duration("1h 30m").unwrap(), SignedDuration::from_mins(90));
        assert_eq!(parse_duration("PT16M").unwrap(), SignedDuration::from_mins(16));
        for bad in ["-5s", "5", "", "soon"] {
            assert_eq!(parse_duration(bad), Err(TimeError::Duration(bad.to_owned())));
        }
    }

    #[test]
    fn whole_seconds_round_down() {
        let instant: Timestamp = "2026-01-01T00:00:00.900Z".parse().unwrap();
        assert_eq!(whole_second(instant), start());
        let early: Timestamp = "1969-12-31T23:59:58.5Z".parse().unwrap();
        assert_eq!(whole_second(early).to_string(), "1969-12-31T23:59:58Z");
    }
}
