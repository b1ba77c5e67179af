//! What is wrong with a world file: where, what, and how to mend it.

use std::{fmt, ops::Range};

/// One mistake in a world file. It never holds a secret, but the line it stands on may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The line, counted from 1.
    pub line: usize,
    /// The character in the line, counted from 1.
    pub column: usize,
    /// The bytes of the file that it is about: empty where something is missing.
    pub span: Range<usize>,
    /// The way to it: `workspaces[1].cluster`. Empty for the file as a whole.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it, if that can be said.
    pub mend: Option<String>,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: ", self.line, self.column)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        self.mend.as_ref().map_or(Ok(()), |mend| write!(f, "; {mend}"))
    }
}

/// Everything that is wrong with a world file, in the order in which it stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes {
    /// The mistakes: at least one, at most [`Mistakes::MOST`].
    pub list: Vec<Mistake>,
    /// How many more there are.
    pub more: usize,
}

impl Mistakes {
    /// How many mistakes are told apart.
    pub const MOST: usize = 1_000;
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, mistake) in self.list.iter().enumerate() {
            write!(f, "{}{mistake}", if number == 0 { "" } else { "\n" })?;
        }
        if self.more > 0 {
            write!(f, "\nand {} more", self.more)?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

/// A mistake before lines were counted.
#[derive(Debug)]
pub struct Found {
    /// Where it begins, in bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// The way to it.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it, if that can be said.
    pub mend: Option<String>,
    /// Where the other one of two stands, in bytes; its line ends the message.
    pub other: Option<usize>,
}

/// Mistakes as they are found, in any order.
#[derive(Debug, Default)]
pub struct Findings {
    list: Vec<Found>,
    more: usize,
}

impl Findings {
    /// Notes a mistake, or only counts it once there are too many.
    pub fn note(&mut self, make: impl FnOnce() -> Found) {
        if self.is_full() {
            self.more += 1;
        } else {
            self.list.push(make());
        }
    }

    /// Whether more mistakes are only counted.
    pub fn is_full(&self) -> bool {
        self.list.len() >= Mistakes::MOST
    }

    /// Whether nothing was found wrong.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The same with lines and columns, in order of position.
    pub fn in_order(mut self, text: &str) -> Mistakes {
        self.list.sort_by_key(|found| found.start);
        let lines = Lines::of(text);
        let list = self.list.into_iter().map(|found| {
            let (line, column) = lines.position(text, found.start);
            let message = match found.other {
                Some(other) => format!("{} on line {}", found.message, lines.position(text, other).0),
                None => found.message,
            };
            let span = found.start..found.end.max(found.start);
            Mistake { line, column, span, path: found.path, message, mend: found.mend }
        });
        Mistakes { list: list.collect(), more: self.more }
    }
}

/// Where the lines of a text start.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let ends = bytes
            .iter()
            .enumerate()
            .filter(|&(at, byte)| *byte == b'\n' || (*byte == b'\r' && bytes.get(at + 1) != Some(&b'\n')));
        Self(std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect())
    }

    /// Line and column of a byte, both counted from 1.
    fn position(&self, text: &str, at: usize) -> (usize, usize) {
        let at = text.floor_char_boundary(at);
        let line = self.0.partition_point(|start| *start <= at);
        let start = self.0[line - 1];
        let before = text[start..at].trim_start_matches('\u{feff}');
        (line, before.chars().count() + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_as_editors_do() {
        let text = "\u{feff}ä: b\r\nc\rd\n";
        let lines = Lines::of(text);
        let position = |what: &str| lines.position(text, text.find(what).unwrap());
        assert_eq!(position("ä"), (1, 1));
        assert_eq!(position(": b"), (1, 2));
        assert_eq!(position("c"), (2, 1));
        assert_eq!(position("d"), (3, 1));
        assert_eq!(lines.position(text, text.len()), (4, 1));
        assert_eq!(lines.position(text, 4), (1, 1), "inside a character");
    }
}
