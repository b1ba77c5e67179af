//! Texts that may hold a secret, shown with its digest in its place.
//!
//! What may hold one is everything that a client sends: paths, queries, headers, and the texts that
//! repeat them, such as the reason of a refusal. Client secrets are known by value and found anywhere;
//! tokens are known by digest and found as whole words.

use std::borrow::Cow;

use greenroom_model::{secret::Digest, world::World};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// The longest text that a history keeps, in characters.
const LONGEST: usize = 512;

/// No shorter word is taken for a token: they have hundreds of characters.
const SHORTEST: usize = 20;

/// The text with every secret of this world, and whatever looks like a JWT, as a digest.
pub(crate) fn whole(text: &str, world: &World) -> String {
    let mut text = Cow::Borrowed(text);
    // Secrets that are known by value are found even inside a longer word.
    for secret in world.secrets().filter(|secret| !secret.reveal().is_empty()) {
        let raw = secret.reveal();
        let escaped = utf8_percent_encode(raw, NON_ALPHANUMERIC).to_string();
        for form in [raw, &escaped] {
            if text.contains(form) {
                text = Cow::Owned(text.replace(form, &secret.digest().to_string()));
            }
        }
    }
    by_words(&by_words(&text, world, wide), world, narrow)
}

/// The text with every word as a digest that is a token of this world or looks like a JWT.
fn by_words(text: &str, world: &World, part: fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let (word, tail) = rest.split_at(rest.find(|c| !part(c)).unwrap_or(rest.len()));
        if word.len() >= SHORTEST && (word.starts_with("eyJ") || world.is_secret(&Digest::of(word))) {
            shown.push_str(&Digest::of(word).to_string());
        } else {
            shown.push_str(word);
        }
        let (gap, tail) = tail.split_at(gap_length(tail));
        shown.push_str(gap);
        rest = tail;
    }
    shown
}

/// Characters of a JWT, and of secrets as the vendor makes them.
fn narrow(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')
}

/// Characters that a bearer token may have besides (RFC 6750 §2.1).
fn wide(c: char) -> bool {
    narrow(c) || matches!(c, '~' | '+' | '/' | '=')
}

/// The same, cut where a history cuts.
pub(crate) fn short(text: &str, world: &World) -> String {
    // Cut before looking: what is dropped anyway need not be searched. Twice the length leaves room
    // for a secret that begins before the cut.
    let enough = cut(text, 2 * LONGEST);
    let shown = whole(enough, world);
    match cut(&shown, LONGEST) {
        kept if kept.len() < shown.len() || enough.len() < text.len() => format!("{kept}…"),
        _ => shown,
    }
}

fn cut(text: &str, characters: usize) -> &str {
    text.char_indices().nth(characters).map_or(text, |(end, _)| &text[..end])
}

/// How many bytes from the start cannot be: one character, or an escaped byte, whose digits would
/// otherwise join the word behind them.
fn gap_length(text: &str) -> usize {
    let escape =
        text.get(..3).is_some_and(|it| it.starts_with('%') && it[1..].bytes().all(|b| b.is_ascii_hexdigit()));
    match text.chars().next() {
        _ if escape => 3,
        Some(other) => other.len_utf8(),
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use greenroom_model::{
        adopt::{Adoption, Credentials},
        sample::DEFAULT_SEED,
        secret::Secret,
    };

    use super::*;

    #[test]
    fn secrets_are_veiled_wherever_they_stand() {
        let world = World::sample(DEFAULT_SEED);
        let secret = world.clients().next().unwrap().1.secret.value().unwrap().clone();
        let (value, digest) = (secret.reveal(), secret.digest());
        for (text, expected) in [
            (format!("/x?client_secret={value}&limit=5"), format!("/x?client_secret={digest}&limit=5")),
            (format!("a eq %27{value}%27"), format!("a eq %27{digest}%27")),
            (format!("{{\"{value}\"}}"), format!("{{\"{digest}\"}}")),
            (value.to_owned(), digest.to_string()),
            (format!("a{value}z.example.net"), format!("a{digest}z.example.net")),
        ] {
            assert_eq!(whole(&text, &world), expected);
            assert_eq!(short(&text, &world), expected);
        }
        let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln";
        let shown = short(&format!("{{'access_token': '{jwt}'}}"), &world);
        assert!(!shown.contains("eyJ") && shown.contains("access_token"), "{shown}");
    }

    #[test]
    fn adopted_secrets_of_any_form_are_veiled() {
        let mut world = World::sample(DEFAULT_SEED);
        let credentials = Credentials {
            id: Some("me".to_owned()),
            secret: Some(Secret::new("Sh0rt+Sec/ret==")),
            access_token: Some(Secret::new("opaque/tok+12345/of/some/length==")),
        };
        let adoption = Adoption { platform: Some(credentials), ..Adoption::default() };
        world.adopt(&adoption, jiff::Timestamp::UNIX_EPOCH);
        for text in [
            "/x?client_secret=Sh0rt+Sec/ret==&a=b",
            "/x/Sh0rt%2BSec%2Fret%3D%3D",
            "say 'opaque/tok+12345/of/some/length=='",
        ] {
            let shown = whole(text, &world);
            assert!(
                shown.contains("sha256:") && !shown.contains("h0rt") && !shown.contains("12345"),
                "{shown}"
            );
        }
    }

    #[test]
    fn harmless_text_stays_and_long_text_is_cut() {
        let world = World::sample(DEFAULT_SEED);
        for text in [
            "",
            "/devices/v1/devices",
            "100%",
            "%2",
            "é%27ü",
            "%%%41",
            "/a/path/of/more/than/twenty/characters",
        ] {
            assert_eq!(whole(text, &world), text);
        }
        let long = short(&"x ".repeat(10_000), &world);
        assert_eq!(long.chars().count(), LONGEST + 1);
    }
}
