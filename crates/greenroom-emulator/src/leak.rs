//! Where tokens and client secrets stand in a text, whole or in part, as they are, in base64 or with percent
//! signs.
//!
//! Of a token only hashes of its pieces are kept.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

use greenroom_model::{
    history::Encoding,
    secret::{Digest, JWT, Secret},
};

use crate::veil::{runs, unescaped};

/// So many characters in a row give a token or a secret away.
const WINDOW: usize = 16;

/// The shortest secret that is looked for in base64: anything decodes to something.
const SHORTEST_IN_BASE64: usize = 4;

/// All that may not be seen.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// What the tokens and secrets are called.
    names: Vec<String>,
    /// Whose each piece is.
    pieces: HashMap<u64, Holder>,
    /// The secrets that are no longer than a piece.
    brief: Vec<(Secret, u32)>,
    secrets: HashSet<Digest>,
}

/// Whose a piece is: of many tokens the last one. Those of one client begin alike.
#[derive(Clone, Copy, Debug)]
struct Holder {
    name: u32,
    shared: bool,
}

/// A place in a text that gives something away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) place: Range<usize>,
    name: u32,
    pub(crate) encoding: Encoding,
}

impl Index {
    /// Looks for a token from now on. How a JWT begins is the same for all.
    pub(crate) fn token(&mut self, symbol: &str, token: &str) {
        let rest = token.split_once('.').map_or(token, |(_, rest)| rest);
        let name = self.name(symbol.to_owned());
        self.enter(rest.as_bytes(), name);
    }

    /// Looks for the secret of a client from now on.
    pub(crate) fn secret(&mut self, client: &str, secret: &Secret) {
        if secret.reveal().is_empty() || !self.secrets.insert(secret.digest()) {
            return;
        }
        let name = self.name(format!("client:{client}"));
        match secret.reveal().len() {
            ..WINDOW => self.brief.push((secret.clone(), name)),
            _ => self.enter(secret.reveal().as_bytes(), name),
        }
    }

    fn name(&mut self, name: String) -> u32 {
        self.names.push(name);
        u32::try_from(self.names.len() - 1).unwrap_or(u32::MAX)
    }

    fn enter(&mut self, text: &[u8], name: u32) {
        for piece in text.windows(WINDOW) {
            let holder = self.pieces.entry(hash(piece)).or_insert(Holder { name, shared: false });
            if holder.name != name {
                *holder = Holder { name, shared: true };
            }
        }
    }

    /// What the thing is called that was found: `acme#2`, `client:msp`.
    pub(crate) fn called(&self, found: &Found) -> &str {
        self.names.get(found.name as usize).map_or("", String::as_str)
    }

    /// In which order the things became known.
    pub(crate) fn rank(found: &Found) -> u32 {
        found.name
    }

    /// Every place in a text that gives something away, in order.
    pub(crate) fn look(&self, text: &[u8]) -> Vec<Found> {
        if self.names.is_empty() {
            return Vec::new();
        }
        let mut all = Vec::new();
        self.scan(text, |place, name| all.push(Found { place, name, encoding: Encoding::Raw }));
        let escaped = text.contains(&b'%').then(|| unescaped(text));
        let outside = |places: &[usize], place: Range<usize>| places[place.start]..places[place.end];
        if let Some((bytes, places)) = &escaped {
            let plain = merged(&all);
            self.scan(bytes, |place, name| {
                let place = outside(places, place);
                // What stands there as it is needs no percent sign to be seen.
                if !meets(&plain, &place) {
                    all.push(Found { place, name, encoding: Encoding::Url });
                }
            });
        }
        self.decode(text, |place, name| all.push(Found { place, name, encoding: Encoding::Base64 }));
        if let Some((bytes, places)) = &escaped {
            self.decode(bytes, |place, name| {
                all.push(Found { place: outside(places, place), name, encoding: Encoding::Base64 });
            });
        }
        all.sort_by_key(|found| (found.place.start, std::cmp::Reverse(found.place.end), found.encoding));
        all.dedup();
        all
    }

    /// Tells `found` of each run of pieces, and of each brief secret.
    fn scan(&self, text: &[u8], mut found: impl FnMut(Range<usize>, u32)) {
        let mut run: Option<(Range<usize>, Holder)> = None;
        for (at, piece) in text.windows(WINDOW).enumerate() {
            match (self.pieces.get(&hash(piece)), &mut run) {
                (Some(holder), Some((place, known))) => {
                    place.end = at + WINDOW;
                    *known = known.or(*holder);
                }
                (Some(holder), None) => run = Some((at..at + WINDOW, *holder)),
                (None, _) => {
                    if let Some((place, holder)) = run.take() {
                        found(place, holder.name);
                    }
                }
            }
        }
        if let Some((place, holder)) = run {
            found(place, holder.name);
        }
        for (secret, name) in &self.brief {
            let secret = secret.reveal().as_bytes();
            for (at, _) in text.windows(secret.len()).enumerate().filter(|(_, there)| *there == secret) {
                found(at..at + secret.len(), *name);
            }
        }
    }

    /// Reads all of a text that may be base64, from each of the places where four characters may begin, and
    /// tells `found` where in the text something stands.
    fn decode(&self, text: &[u8], mut found: impl FnMut(Range<usize>, u32)) {
        let shortest = self.brief.iter().map(|(secret, _)| secret.reveal().len()).min().unwrap_or(WINDOW);
        // Words are no base64 of anything.
        let runs = runs(text, |byte| sextet(byte).is_some()).filter(|run| run.len() * 3 / 4 >= shortest);
        for run in runs {
            for start in (run.start..run.end).take(4) {
                let bytes = decoded(&text[start..run.end]);
                self.scan(&bytes, |place, name| {
                    if place.len() >= SHORTEST_IN_BASE64 {
                        let end = start + (place.end * 4).div_ceil(3);
                        found(start + place.start * 4 / 3..end.min(run.end), name);
                    }
                });
            }
        }
    }

    /// The text with names over what was found in it. A token that is whole goes with how it begins.
    pub(crate) fn covered(&self, text: &[u8], found: &[Found]) -> Vec<u8> {
        let mut shown = Vec::with_capacity(text.len());
        let mut end = 0;
        for it in found {
            let start =
                if it.encoding == Encoding::Raw { with_head(text, it.place.start) } else { it.place.start };
            if it.place.start >= end {
                shown.extend_from_slice(&text[end..start.max(end)]);
                shown.extend_from_slice(self.called(it).as_bytes());
            }
            end = end.max(it.place.end);
        }
        shown.extend_from_slice(&text[end..]);
        shown
    }
}

impl Holder {
    /// Whose a run of pieces is: a piece that is nobody else's tells it, else the last of all that share them.
    fn or(self, other: Self) -> Self {
        match (self.shared, other.shared) {
            (true, false) => other,
            (false, true) => self,
            _ => Self { name: self.name.max(other.name), shared: self.shared },
        }
    }
}

/// Where the JWT begins whose second part begins at `start`.
fn with_head(text: &[u8], start: usize) -> usize {
    let Some((b'.', before)) = text[..start].split_last() else { return start };
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let head = before.iter().rposition(|byte| !word(byte)).map_or(0, |at| at + 1);
    if before[head..].starts_with(JWT.as_bytes()) { head } else { start }
}

/// The places without their overlaps, in order.
fn merged(found: &[Found]) -> Vec<Range<usize>> {
    let mut places: Vec<_> = found.iter().map(|found| found.place.clone()).collect();
    places.sort_by_key(|place| place.start);
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(places.len());
    for place in places {
        match merged.last_mut() {
            Some(last) if place.start <= last.end => last.end = last.end.max(place.end),
            _ => merged.push(place),
        }
    }
    merged
}

/// Whether one of these, which are in order and apart, overlaps a place.
fn meets(places: &[Range<usize>], place: &Range<usize>) -> bool {
    let first = places.partition_point(|other| other.end <= place.start);
    places.get(first).is_some_and(|other| other.start < place.end)
}

/// The six bits of a character of base64, of either alphabet.
fn sextet(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

/// What characters of base64 stand for: whole bytes only.
fn decoded(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    for group in text.chunks(4) {
        let bits = group.iter().fold(0_u32, |bits, byte| bits << 6 | u32::from(sextet(*byte).unwrap_or(0)));
        let [_, a, b, c] = (bits << (6 * (4 - group.len()))).to_be_bytes();
        bytes.extend_from_slice(&[a, b, c][..group.len() * 3 / 4]);
    }
    bytes
}

/// A piece as a number: half of it cannot be had back.
fn hash(piece: &[u8]) -> u64 {
    let number = |half: Option<&[u8; WINDOW / 2]>| half.map_or(0, |half| u64::from_le_bytes(*half));
    let (first, second) = (number(piece.first_chunk()), number(piece.last_chunk()));
    let mixed = first.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29) ^ second;
    let mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    mixed ^ (mixed >> 32)
}

#[cfg(test)]
pub(crate) mod tests;
