//! Texts that may hold a secret, shown with its digest in its place.
//!
//! What may hold one is everything that a client sends: paths, queries, headers, and the texts that
//! repeat them, such as the reason of a refusal. Client secrets are known by value and found anywhere, in
//! either case and behind percent signs. Tokens, and secrets of which a world file knows no more, are known
//! by digest and found as whole words.

mod needles;

use std::{borrow::Cow, collections::HashSet, ops::Range, sync::Arc};

use greenroom_model::{
    history::{LONGEST, beginning},
    secret::{self, Digest, JWT, OPAQUE},
    world::World,
};

use self::needles::Needles;

/// No shorter word is taken for a token: they have hundreds of characters.
const SHORTEST: usize = 20;

/// How tokens begin that nobody has told us of.
const TOKENS: [&str; 2] = [JWT, OPAQUE];

/// How many slashes a token may have in it to be found before the end of a path.
const MOST_SLASHES: usize = 8;

/// What hides the secrets of a world.
#[derive(Debug)]
pub(crate) struct Veil {
    version: u64,
    needles: Needles,
    /// Secrets and tokens that may look like anything.
    digests: HashSet<Digest>,
}

/// The veil of a world, made anew when its secrets have changed.
#[derive(Debug, Default)]
pub(crate) struct Kept(Option<Arc<Veil>>);

impl Kept {
    /// The veil of this world as it is now.
    pub(crate) fn of(&mut self, world: &World) -> Arc<Veil> {
        match &self.0 {
            Some(veil) if !veil.is_outdated(world) => Arc::clone(veil),
            _ => Arc::clone(self.0.insert(Arc::new(Veil::of(world)))),
        }
    }
}

impl Veil {
    /// Whether this world has other secrets by now.
    pub(crate) fn is_outdated(&self, world: &World) -> bool {
        self.version != world.secrets_version()
    }

    fn of(world: &World) -> Self {
        Self {
            version: world.secrets_version(),
            needles: world.secrets().cloned().collect(),
            digests: world.secret_digests().collect(),
        }
    }

    /// The text with every secret of this world, and whatever looks like a token, as a digest.
    pub(crate) fn whole<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut hits = Vec::new();
        self.look(text.as_bytes(), &mut |place, digest| hits.push((place, digest)));
        if text.contains('%') {
            let (bytes, places) = unescaped(text.as_bytes());
            self.look(&bytes, &mut |place, digest| {
                hits.push((places[place.start]..places[place.end], digest));
            });
        }
        if hits.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(covered(text, hits)) }
    }

    /// The same, cut where a history cuts.
    pub(crate) fn short<'t>(&self, text: &'t str) -> Cow<'t, str> {
        // Cut before looking: what is dropped anyway need not be searched, but for a secret that begins before
        // the cut. Written with percent signs it is three times as long.
        let enough = beginning(text, LONGEST + 3 * secret::LONGEST);
        let shown = self.whole(enough);
        match beginning(&shown, LONGEST) {
            kept if kept.len() < shown.len() || enough.len() < text.len() => Cow::Owned(format!("{kept}…")),
            _ => shown,
        }
    }

    /// Tells `found` of every secret in a text.
    fn look(&self, text: &[u8], found: &mut impl FnMut(Range<usize>, Digest)) {
        self.needles.look(text, &mut *found);
        let any_word = !self.digests.is_empty();
        let holds = |mark: &str| text.windows(mark.len()).any(|part| part == mark.as_bytes());
        if !any_word && !TOKENS.into_iter().any(holds) {
            return;
        }
        let mut judge = |place: Range<usize>, token: bool| {
            let word = &text[place.clone()];
            if token && word.len() >= SHORTEST && TOKENS.iter().any(|mark| word.starts_with(mark.as_bytes()))
            {
                found(place, Digest::of(word));
            } else if any_word && word.len() <= secret::LONGEST {
                // Longer ones are JWTs. Without this a text of many slashes takes as long as its square.
                let digest = Digest::of(word);
                if self.digests.contains(&digest) {
                    found(place, digest);
                }
            }
        };
        for run in runs(text, is_wide) {
            runs(&text[run.clone()], is_narrow)
                .for_each(|part| judge(run.start + part.start..run.start + part.end, true));
            let equals = text[run.end..].iter().take_while(|byte| **byte == b'=').count();
            judge(run.start..run.end + equals, true);
            if any_word {
                // It may be a part of a path, and an equals sign behind it that of a query.
                let slashes: Vec<_> = (run.start..run.end).filter(|at| text[*at] == b'/').collect();
                for (nth, start) in slashes.iter().map(|slash| slash + 1).enumerate() {
                    judge(start..run.end + equals, false);
                    let ends = slashes[nth + 1..].iter().take(MOST_SLASHES + 1);
                    ends.for_each(|end| judge(start..*end, false));
                }
                judge(run.start..run.end, false);
            }
        }
    }
}

/// Characters of a JWT, and of secrets as the vendor makes them.
fn is_narrow(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')
}

/// Characters that a bearer token may have besides, but for the `=` at its end (RFC 6750 §2.1).
fn is_wide(byte: u8) -> bool {
    is_narrow(byte) || matches!(byte, b'~' | b'+' | b'/')
}

/// The longest runs of such bytes.
pub(crate) fn runs(text: &[u8], part: fn(u8) -> bool) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].iter().position(|byte| part(*byte))?;
        at = start + text[start..].iter().position(|byte| !part(*byte)).unwrap_or(text.len() - start);
        Some(start..at)
    })
}

/// The text without percent signs: its bytes, and where in the text each of them stands. One place more
/// than there are bytes, for the end.
pub(crate) fn unescaped(text: &[u8]) -> (Vec<u8>, Vec<usize>) {
    let (mut bytes, mut places, mut at) = (Vec::new(), vec![0], 0);
    let digit = |at: usize| text.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    while let Some(byte) = text.get(at) {
        let escaped = (*byte == b'%').then(|| Some(digit(at + 1)? * 16 + digit(at + 2)?)).flatten();
        bytes.push(escaped.and_then(|code| u8::try_from(code).ok()).unwrap_or(*byte));
        at += if escaped.is_some() { 3 } else { 1 };
        places.push(at);
    }
    (bytes, places)
}

/// The text with digests over the hits, the longest one where some overlap.
fn covered(text: &str, mut hits: Vec<(Range<usize>, Digest)>) -> String {
    hits.sort_by_key(|(place, _)| (place.start, std::cmp::Reverse(place.end)));
    let mut shown = String::with_capacity(text.len());
    let mut end = 0;
    for (place, digest) in hits {
        if place.start >= end {
            shown.push_str(&text[end..place.start]);
            shown.push_str(&digest.to_string());
        }
        end = end.max(place.end);
    }
    shown + &text[end..]
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use greenroom_model::{
        adopt::{Adoption, Credentials},
        sample::DEFAULT_SEED,
        secret::Secret,
    };
    use proptest::prelude::*;

    use super::*;

    fn whole(text: &str, world: &World) -> String {
        Veil::of(world).whole(text).into_owned()
    }

    fn short(text: &str, world: &World) -> String {
        Veil::of(world).short(text).into_owned()
    }

    #[test]
    fn secrets_are_veiled_wherever_they_stand() {
        let world = World::sample(DEFAULT_SEED);
        let secret = world.clients().next().unwrap().1.secret.value().unwrap().clone();
        let (value, digest) = (secret.reveal(), secret.digest());
        let escaped: String = value.bytes().map(|byte| format!("%{byte:02x}")).collect();
        for (text, expected) in [
            (format!("/x?client_secret={value}&limit=5"), format!("/x?client_secret={digest}&limit=5")),
            (format!("a eq %27{value}%27"), format!("a eq %27{digest}%27")),
            (format!("{{\"{value}\"}}"), format!("{{\"{digest}\"}}")),
            (value.to_owned(), digest.to_string()),
            (value.to_uppercase(), digest.to_string()),
            (format!("é{escaped}é"), format!("é{digest}é")),
            (format!("a{value}z.example.net"), format!("a{digest}z.example.net")),
        ] {
            assert_eq!(whole(&text, &world), expected);
            assert_eq!(short(&text, &world), expected);
        }
        let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln";
        let opaque = "gro_00ff00ff00ff00ff00ff00ff00ff00ff";
        assert_eq!(whole(&format!("/x/{opaque}?a"), &world), format!("/x/{}?a", Digest::of(opaque)));
        for (text, expected) in [
            (format!("{{'access_token': '{jwt}'}}"), "{'access_token': '#'}"),
            (format!("/x?access_token={jwt}&a=%27{jwt}%27"), "/x?access_token=#&a=%27#%27"),
            (format!("/x/{jwt}/y"), "/x/#/y"),
            (jwt.replace('.', "%2E"), "#"),
        ] {
            assert_eq!(short(&text, &world), expected.replace('#', &Digest::of(jwt).to_string()));
        }
    }

    #[test]
    fn adopted_secrets_of_any_form_are_veiled() {
        let mut world = World::sample(DEFAULT_SEED);
        let credentials = Credentials {
            id: Some("me".to_owned()),
            secret: Some(Secret::new("Sh0rt+Sec-ret==")),
            access_token: Some(Secret::new("opaque/tok+12345/of/some/length==")),
        };
        let central = Credentials {
            access_token: Some(Secret::new("opaque/tok+12345/of/some/length")),
            ..Credentials::default()
        };
        let (platform, central) = (Some(credentials), Some(central));
        let adoption = Adoption { platform, central, ..Adoption::default() };
        world.adopt(&adoption, jiff::Timestamp::UNIX_EPOCH).unwrap();
        for text in [
            "/x?client_secret=Sh0rt+Sec-ret==&a=b",
            "/x/Sh0rt%2BSec%2Dret%3D%3D",
            "/x/Sh0rt%2bSec-ret%3d%3d",
            "sh0rt+sec-ret==.example.net",
            "say 'opaque/tok+12345/of/some/length=='",
            "/x?access_token=opaque/tok+12345/of/some/length==&a=b",
            "/x?access_token=opaque%2Ftok%2B12345%2Fof%2Fsome%2Flength%3D%3D",
            "/devices/v1/devices/opaque/tok+12345/of/some/length==",
            "/devices/opaque/tok+12345/of/some/length/reset",
            "/devices/opaque%2Ftok+12345%2fof/some/length/reset/of/it",
        ] {
            let shown = whole(text, &world);
            let hidden = ["h0rt", "12345"].iter().all(|part| !shown.contains(part));
            assert!(shown.contains("sha256:") && hidden, "{shown}");
        }
    }

    #[test]
    fn no_part_of_a_long_secret_stands_before_the_cut() {
        let mut world = World::sample(DEFAULT_SEED);
        let secret = "0123456789abcdef".repeat(secret::LONGEST / 16);
        let credentials = Credentials { id: None, secret: Some(Secret::new(&secret)), access_token: None };
        let adoption = Adoption { platform: Some(credentials), ..Adoption::default() };
        world.adopt(&adoption, jiff::Timestamp::UNIX_EPOCH).unwrap();
        let escaped: String = secret.bytes().map(|byte| format!("%{byte:02x}")).collect();
        for written in [&secret, &escaped] {
            for before in [0, LONGEST - 60, LONGEST - 1] {
                let shown = short(&format!("{}{written}", "-".repeat(before)), &world);
                assert!(!shown.contains("0123") && !shown.contains("%30%31"), "{shown}");
            }
        }
    }

    #[test]
    fn a_text_of_slashes_takes_no_longer_than_it_is_long() {
        let mut world = World::sample(DEFAULT_SEED);
        let token = "opaque/token/12345/of/some/length";
        let credentials = Credentials { access_token: Some(Secret::new(token)), ..Credentials::default() };
        let adoption = Adoption { platform: Some(credentials), ..Adoption::default() };
        world.adopt(&adoption, jiff::Timestamp::UNIX_EPOCH).unwrap();
        // As long as a head may be: its square would be half a gigabyte to digest.
        let slashes = "aaa/".repeat(1 << 13);
        let shown = whole(&format!("{slashes}{token}/{slashes}"), &world);
        assert!(shown.contains("/sha256:") && !shown.contains("12345"));
    }

    #[test]
    fn a_veil_is_made_anew_when_the_secrets_change() {
        let (mut kept, mut world) = (Kept::default(), World::sample(DEFAULT_SEED));
        let before = kept.of(&world);
        assert!(Arc::ptr_eq(&before, &kept.of(&world)), "nothing has changed");
        // A world that takes the place of another has others, whatever happened to it.
        let mut other = world.clone();
        other.succeed(&world);
        for (world, secret) in [(&mut world, "one-of-this-world"), (&mut other, "one-of-the-other")] {
            let credentials = Credentials { id: None, secret: Some(Secret::new(secret)), access_token: None };
            let adoption = Adoption { platform: Some(credentials), ..Adoption::default() };
            world.adopt(&adoption, jiff::Timestamp::UNIX_EPOCH).unwrap();
            let shown = kept.of(world).whole(secret).into_owned();
            assert_eq!(shown, Digest::of(secret).to_string());
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
            "eyJ is how a JWT begins",
            "gro_ is how a token begins that is none",
        ] {
            assert_eq!(whole(text, &world), text);
        }
        let long = short(&"x ".repeat(10_000), &world);
        assert_eq!(long.chars().count(), LONGEST + 1);
        let just = "é".repeat(LONGEST);
        assert_eq!(short(&just, &world), just);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

        #[test]
        fn no_text_panics_and_a_secret_in_it_is_gone(
            // A lone percent sign in front would make an escape of the first two digits.
            before in "([/=+é]|[a-f0-9]|eyJ|%[0-9a-f]{2}|%%é){0,40}",
            after in "([%/=+é]|[a-f0-9]|eyJ|%[0-9a-f]{2}){0,40}",
            escapes in prop::collection::vec(any::<bool>(), 32),
        ) {
            static WORLD: LazyLock<World> = LazyLock::new(|| World::sample(DEFAULT_SEED));
            let secret = WORLD.clients().next().unwrap().1.secret.value().unwrap();
            let byte = |(byte, escape): (u8, &bool)| match escape {
                true => format!("%{byte:02X}"),
                false => char::from(byte).to_string(),
            };
            let written: String = secret.reveal().bytes().zip(&escapes).map(byte).collect();
            let shown = whole(&format!("{before}{written}{after}"), &WORLD);
            prop_assert!(!shown.contains(&written), "{}", shown);
        }
    }
}
