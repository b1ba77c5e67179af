//! `Retry-After`, as rules may say it, and dates that lie ahead of whoever asks.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp, fmt::strtime};

use crate::time::{self, Forward, whole_second};

/// The three ways to write a date: the one that servers write and the two obsolete ones that clients still have
/// to read (RFC 9110 §5.6.7).
const DATES: [&str; 3] = ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];

/// The value of the header (RFC 9110 §10.2.3): whole seconds and dates as they are, a duration in seconds,
/// rounded up, since who comes early is refused again. `None` if it is none of these.
pub fn retry_after(text: &str) -> Option<Cow<'_, str>> {
    let seconds = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if seconds || DATES.iter().any(|form| is_date(form, text)) {
        return Some(Cow::Borrowed(text));
    }
    let wait = time::parse_duration(text).ok()?;
    let seconds = wait.as_secs().saturating_add(i64::from(wait.subsec_nanos() > 0));
    Some(Cow::Owned(seconds.to_string()))
}

/// What a header says of which only the wait is known: `$http_date(3s)`. What stands in the brackets; `None` if it
/// says something else.
pub fn http_date_of(text: &str) -> Option<&str> {
    text.strip_prefix("$http_date(")?.strip_suffix(')')
}

/// What a header says though it means nothing there: `$as_is(soon)`. What stands in the brackets; `None` if it says
/// something else.
pub fn as_is_of(text: &str) -> Option<&str> {
    text.strip_prefix("$as_is(")?.strip_suffix(')')
}

/// The date, as HTTP writes it (RFC 9110 §5.6.7), that lies `wait` ahead of `wall`, the clock of who reads it:
/// rounded up to whole seconds, and a second more, so that whoever waits for it has waited that long. `None` if
/// `wait` is no duration, or leads out of the calendar.
pub fn http_date_after(wall: Timestamp, wait: &str) -> Option<String> {
    let then = wall.checked_add(wait.parse::<Forward>().ok()?.duration()).ok()?;
    let whole = whole_second(then);
    let up = if whole < then { 2 } else { 1 };
    let date = whole.checked_add(SignedDuration::from_secs(up)).ok()?;
    Some(date.strftime(DATES[0]).to_string())
}

/// Whether a text is a date, written exactly so.
fn is_date(form: &str, text: &str) -> bool {
    let date = strtime::parse(form, text).and_then(|parts| parts.to_datetime());
    date.is_ok_and(|date| date.strftime(form).to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_lies_at_least_that_far_ahead() {
        let date = |wall: &str, wait: &str| http_date_after(wall.parse().unwrap(), wait);
        let known = [
            ("2026-03-01T12:00:00Z", "3s", Some("Sun, 01 Mar 2026 12:00:04 GMT")),
            ("2026-03-01T12:00:00.001Z", "2m", Some("Sun, 01 Mar 2026 12:02:02 GMT")),
            ("2026-03-01T12:00:00Z", "soon", None),
            ("2026-03-01T12:00:00Z", "-3s", None),
        ];
        for (wall, wait, expected) in known {
            assert_eq!(date(wall, wait).as_deref(), expected, "{wait}");
        }
        assert_eq!(http_date_of("$http_date(3s)"), Some("3s"));
        assert_eq!(http_date_of("3s"), None);
        assert_eq!(
            (as_is_of("$as_is(soon)"), as_is_of("$as_is()"), as_is_of("soon")),
            (Some("soon"), Some(""), None)
        );
    }

    #[test]
    fn seconds_durations_and_dates_are_read_and_nothing_else() {
        for (text, expected) in [
            ("0", "0"),
            ("30", "30"),
            ("3s", "3"),
            ("1500ms", "2"),
            ("1ns", "1"),
            ("1m 30s", "90"),
            ("PT16M", "960"),
            // RFC 9110 §5.6.7.
            ("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("Sunday, 06-Nov-94 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"),
            ("Sun Nov  6 08:49:37 1994", "Sun Nov  6 08:49:37 1994"),
        ] {
            assert_eq!(retry_after(text).as_deref(), Some(expected), "{text}");
        }
        for text in [
            "",
            "soon",
            "-3",
            "-3s",
            "+3",
            "3.5",
            "3 ",
            "٣",
            "2026-03-01T10:00:00Z",
            // A Sunday it was, two digits a day has, and the zone is GMT.
            "Mon, 06 Nov 1994 08:49:37 GMT",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "sun, 06 nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 06 Nov 1994 08:49:61 GMT",
        ] {
            assert_eq!(retry_after(text), None, "{text}");
        }
    }
}
