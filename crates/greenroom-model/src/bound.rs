//! Bounds on a count, as expectations take them: `= 2`, `<= 1`, `>= 1`, `2..5`.

use std::{fmt, str::FromStr};

/// From the least to the most, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    least: usize,
    most: usize,
}

impl Bound {
    /// Whether a count keeps within it.
    pub fn holds(self, count: usize) -> bool {
        (self.least..=self.most).contains(&count)
    }

    /// Whether no further one can change whether it holds, of a count that only grows.
    pub fn is_decided(self, count: usize) -> bool {
        count > self.most || self.most == usize::MAX && count >= self.least
    }
}

impl FromStr for Bound {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no bound: say '= 2', '<= 1', '>= 1' or '2..5'");
        let number = |text: &str| text.trim().parse::<usize>().map_err(|_| wrong());
        let text = text.trim();
        let (least, most) = if let Some(most) = text.strip_prefix("<=") {
            (0, number(most)?)
        } else if let Some(least) = text.strip_prefix(">=") {
            (number(least)?, usize::MAX)
        } else if let Some(exact) = text.strip_prefix('=') {
            (number(exact)?, number(exact)?)
        } else if let Some((least, most)) = text.split_once("..") {
            (number(least)?, number(most)?)
        } else {
            return Err(wrong());
        };
        if least > most { Err(wrong()) } else { Ok(Self { least, most }) }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.least, self.most) {
            (least, most) if least == most => write!(f, "= {least}"),
            (0, most) => write!(f, "<= {most}"),
            (least, usize::MAX) => write!(f, ">= {least}"),
            (least, most) => write!(f, "{least}..{most}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_read_and_written() {
        for (text, inside, outside) in [("= 2", 2, 3), ("<=1", 0, 2), (">= 1", 9, 0), ("2..5", 5, 6)] {
            let bound: Bound = text.parse().unwrap();
            assert!(bound.holds(inside) && !bound.holds(outside), "{text}");
            assert_eq!(bound.to_string().parse(), Ok(bound));
        }
        for (text, open, decided) in [
            ("= 2", &[0, 1, 2][..], &[3][..]),
            ("<= 1", &[0, 1], &[2]),
            (">= 2", &[0, 1], &[2, 3]),
            ("2..3", &[1, 2, 3], &[4]),
        ] {
            let bound: Bound = text.parse().unwrap();
            assert!(open.iter().all(|count| !bound.is_decided(*count)), "{text}");
            assert!(decided.iter().all(|count| bound.is_decided(*count)), "{text}");
        }
        for bad in ["", "2", "< 3", "5..2", "= x", "=-1"] {
            assert!(bad.parse::<Bound>().is_err(), "{bad}");
        }
    }
}
