//! Small matters of text: what clients say has no power over a terminal, and lines are not too long.

use std::borrow::Cow;

/// How wide texts are.
pub(super) const WIDTH: usize = 100;

/// What others said, without characters that a terminal would obey. Line breaks stay.
pub(super) fn tame(text: &str) -> Cow<'_, str> {
    let wild = |c: char| c.is_control() && c != '\n';
    if !text.contains(wild) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if wild(c) { out.extend(c.escape_debug()) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// The same in one line.
pub(super) fn tame_line(text: &str) -> String {
    tame(text.trim()).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text in lines of at most `width` characters, broken at blanks; a word that is longer stays whole.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

/// At most so many characters; an ellipsis says that there were more.
pub(super) fn cut(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        None => Cow::Borrowed(text),
        Some(_) => {
            let kept: String = text.chars().take(most.saturating_sub(1)).collect();
            Cow::Owned(format!("{kept}…"))
        }
    }
}

/// A virtual time as people read it, from the start of the run: `16:03`, `1:16:03`, `0:02.250` if it is no whole
/// second.
pub(super) fn offset(ms: i64) -> String {
    let (sign, ms) = if ms < 0 { ("-", -ms) } else { ("", ms) };
    let (hours, minutes, seconds, rest) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000);
    let mut text = match hours {
        0 => format!("{sign}{minutes:02}:{seconds:02}"),
        _ => format!("{sign}{hours}:{minutes:02}:{seconds:02}"),
    };
    if rest != 0 {
        text.push_str(&format!(".{rest:03}"));
    }
    text
}

/// A duration as people say it: `3 s`, `2 min`, `250 ms`.
pub(super) fn duration(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        _ if ms.is_multiple_of(60_000) => format!("{} min", ms / 60_000),
        _ if ms.is_multiple_of(1_000) => format!("{} s", ms / 1_000),
        _ => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_say_obeys_nobody() {
        assert_eq!(tame("a\u{1b}[2Jb\nc"), "a\\u{1b}[2Jb\nc");
        assert_eq!(tame_line(" a\r\n  b\u{7} "), "a\\r b\\u{7}");
        assert!(matches!(tame("plain"), Cow::Borrowed(_)));
    }

    #[test]
    fn lines_break_at_blanks() {
        assert_eq!(wrap("one two three\n\nfour", 8), ["one two", "three", "", "four"]);
        assert_eq!(wrap("longerthanthat", 8), ["longerthanthat"]);
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("abcd", 4), "abcd");
    }

    #[test]
    fn times_are_read_at_a_glance() {
        assert_eq!(
            [offset(0), offset(963_000), offset(4_563_000), offset(2_250)],
            ["00:00", "16:03", "1:16:03", "00:02.250"]
        );
        assert_eq!(
            [duration(250), duration(3_000), duration(120_000), duration(1_500)],
            ["250 ms", "3 s", "2 min", "1.5 s"]
        );
    }
}
