//! Where client secrets stand in a text.
//!
//! An index of how secrets begin, not an automaton over them: it is made anew whenever a credential is, and
//! an automaton over ten thousand secrets takes a third of a second to make.

use std::ops::Range;

use greenroom_model::secret::{Digest, Secret};

/// How many bytes of a secret the index knows.
const WINDOW: usize = size_of::<u64>();

/// Secrets to be found in texts, in upper or lower case.
#[derive(Debug)]
pub(super) struct Needles {
    /// One bit for each value that [`Needles::bit`] gives a beginning: most places in most texts need no
    /// more than a look at it.
    bits: Vec<u64>,
    /// The secrets with how they begin, in the order of that.
    by_start: Vec<(u64, Secret)>,
    /// Those that are shorter than the window.
    brief: Vec<Secret>,
}

impl FromIterator<Secret> for Needles {
    fn from_iter<I: IntoIterator<Item = Secret>>(secrets: I) -> Self {
        let mut needles = Self { bits: Vec::new(), by_start: Vec::new(), brief: Vec::new() };
        for secret in secrets {
            // Nothing can be hidden by hiding nothing.
            match secret.reveal().as_bytes() {
                [] => {}
                text => match text.first_chunk() {
                    Some(start) => needles.by_start.push((folded(*start), secret)),
                    None => needles.brief.push(secret),
                },
            }
        }
        needles.by_start.sort_by_key(|(start, _)| *start);
        // Sixteen bits a secret let one place in sixteen pass.
        let words = (needles.by_start.len() / 4).next_power_of_two().max(16);
        needles.bits = vec![0; words];
        for at in 0..needles.by_start.len() {
            let (word, bit) = needles.bit(needles.by_start[at].0);
            needles.bits[word] |= bit;
        }
        needles
    }
}

impl Needles {
    /// Tells `found` of every place of a secret in a text.
    pub(super) fn look(&self, text: &[u8], mut found: impl FnMut(Range<usize>, Digest)) {
        let mut hit = |at: usize, secret: &Secret| {
            let length = secret.reveal().len();
            let there = text.get(at..at + length);
            if there.is_some_and(|there| there.eq_ignore_ascii_case(secret.reveal().as_bytes())) {
                found(at..at + length, secret.digest());
            }
        };
        for (at, window) in text.windows(WINDOW).enumerate() {
            let start = folded(window.try_into().unwrap_or_default());
            let (word, bit) = self.bit(start);
            if self.bits[word] & bit != 0 {
                let first = self.by_start.partition_point(|(other, _)| *other < start);
                let same = self.by_start[first..].iter().take_while(|(other, _)| *other == start);
                same.for_each(|(_, secret)| hit(at, secret));
            }
        }
        for secret in &self.brief {
            (0..text.len()).for_each(|at| hit(at, secret));
        }
    }

    /// The word and the bit in it that stand for a beginning.
    fn bit(&self, start: u64) -> (usize, u64) {
        let hash = start.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        ((hash >> 6) as usize & (self.bits.len() - 1), 1 << (hash & 63))
    }
}

/// The bytes with letters of both cases alike; so are some other characters.
fn folded(bytes: [u8; WINDOW]) -> u64 {
    u64::from_le_bytes(bytes) | 0x2020_2020_2020_2020
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn places(secrets: &[String], text: &str) -> Vec<Range<usize>> {
        let needles: Needles = secrets.iter().map(Secret::new).collect();
        let mut places = Vec::new();
        needles.look(text.as_bytes(), |place, digest| {
            assert!(secrets.iter().any(|secret| Digest::of(secret) == digest));
            places.push(place);
        });
        places.sort_by_key(|place| (place.start, place.end));
        places.dedup();
        places
    }

    proptest! {
        #[test]
        fn what_a_search_by_hand_finds_is_found_and_nothing_else(
            secrets in prop::collection::vec("[abAB-]{0,11}", 0..40),
            text in "[abABé-]{0,60}",
        ) {
            let mut expected: Vec<_> = (0..text.len())
                .flat_map(|start| (start + 1..=text.len()).map(move |end| start..end))
                .filter(|place| {
                    let there = &text.as_bytes()[place.clone()];
                    secrets.iter().any(|secret| secret.as_bytes().eq_ignore_ascii_case(there))
                })
                .collect();
            expected.sort_by_key(|place| (place.start, place.end));
            prop_assert_eq!(places(&secrets, &text), expected);
        }
    }

    #[test]
    fn each_of_many_is_found() {
        let secrets: Vec<_> =
            (1..5_000_u128).map(|n| format!("{:032x}", n * 0x9e37_79b9_7f4a_7c15)).collect();
        for secret in secrets.iter().step_by(7) {
            let text = format!("x{secret}x");
            let found = places(&secrets, &text);
            assert_eq!((found.len(), &found[0]), (1, &(1..33)));
        }
        assert!(places(&secrets, &"/devices/v1/devices".repeat(50)).is_empty());
    }
}
