//! Flags that say how long something may take, in real time.

use std::time::Duration;

use greenroom_model::time;

/// Ten years of 365 days. Far longer ones overflow when they are added to the time of day.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// Reads one. None is 0: what is timed would end before it begins.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let duration = time::parse_duration(text).map_err(|error| error.to_string())?;
    match Duration::try_from(duration) {
        Ok(duration) if !duration.is_zero() && duration <= LONGEST => Ok(duration),
        Ok(duration) if duration > LONGEST => Err(format!("{text:?} is too long: say at most 87600h")),
        _ => Err(format!("{text:?} is too short: everything would end before it begins; say 30s or 5m")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_neither_nothing_nor_for_ever() {
        assert_eq!(parse("1h 30m"), Ok(Duration::from_secs(5_400)));
        assert_eq!(parse("1ms"), Ok(Duration::from_millis(1)));
        assert_eq!(parse("87600h"), Ok(LONGEST));
        for (text, complaint) in [("0s", "too short"), ("87601h", "too long"), ("-1s", ""), ("soon", "16m")] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(complaint), "{error}");
        }
    }
}
