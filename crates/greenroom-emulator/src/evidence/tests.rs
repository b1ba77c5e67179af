use std::time::Duration;

use greenroom_model::{
    adopt::{Adoption, Credentials},
    history::{Bounds, History},
    refusal::TokenFault,
    sample::DEFAULT_SEED,
    time::{Speed, Timeline},
    world::Door,
};
use http::Request as HttpRequest;
use proptest::prelude::*;

use super::*;
use crate::{
    identify::{Identified, Target},
    leak::tests::{encoded, encodings, token},
    listen::Peer,
    sandbox::Conduct,
};

/// What is told of a stream that comes in such chunks, and what was seen in it.
fn told(watch: &Watch, chunks: &[&[u8]]) -> (String, BTreeSet<Sighting>) {
    let (mut text, mut seen) = (String::new(), BTreeSet::new());
    let ends = chunks.iter().map(|chunk| (*chunk, false)).chain([(&[][..], true)]);
    for (chunk, all) in ends {
        if let Some((more, sightings)) = watch.take(Stream::Stderr, chunk, all) {
            text.push_str(&more);
            seen.extend(sightings);
        }
    }
    (text, seen)
}

fn watching(symbol: &str, token: &str) -> Watch {
    let watch = Watch::new(true);
    watch.index_mut().unwrap().token(symbol, token);
    watch
}

/// A text cut at some places.
fn cut<'t>(text: &'t str, places: &[prop::sample::Index]) -> Vec<&'t [u8]> {
    let mut places: Vec<_> =
        places.iter().map(|place| place.index(text.len() + 1)).chain([0, text.len()]).collect();
    places.sort_unstable();
    places.windows(2).map(|pair| &text.as_bytes()[pair[0]..pair[1]]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn a_token_is_found_wherever_chunks_end(
        claims in prop::collection::vec(any::<u8>(), 30..200),
        encoding in encodings(),
        escapes in prop::collection::vec(any::<bool>(), 1..20),
        before in "[ a-z\n]{0,60}",
        after in "[ é\n][ a-zé\n]{0,60}",
        // Sometimes a line that is too long to wait for its end.
        filler in prop_oneof![9 => Just(0_usize), 1 => LONGEST_LINE - 2_000..LONGEST_LINE + 500],
        places in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let token = token(&claims, &[7; 64]);
        let written = encoded(&token, encoding, &escapes);
        let filler = "-".repeat(filler);
        let text = format!("{filler}{before} {written}{after}");
        let watch = watching("abc#1", &token);
        let (shown, seen) = told(&watch, &cut(&text, &places));
        prop_assert!(seen.contains(&("abc#1".to_owned(), encoding)), "{:?}", seen);
        let parts: Vec<_> = token.split('.').skip(1).collect();
        let plain = |text: &str| parts.iter().any(|part| {
            part.as_bytes().windows(16).any(|piece| text.as_bytes().windows(16).any(|there| there == piece))
        });
        prop_assert!(!plain(&shown), "{}", shown);
        if encoding == Encoding::Raw {
            // Nothing else is lost.
            prop_assert_eq!(shown.replace("abc#1", ""), format!("{filler}{before} {after}"));
        }
    }
}

#[test]
fn lines_are_told_when_they_end_and_the_rest_when_asked() {
    let watch = Watch::new(false);
    let take = |text: &str, all| watch.take(Stream::Stdout, text.as_bytes(), all).map(|(text, _)| text);
    assert_eq!(take("one", false), None);
    assert_eq!(take(" line\nand\nhalf", false).unwrap(), "one line\nand\n");
    assert_eq!(take("", false), None);
    assert_eq!(take("", true).unwrap(), "half");
    assert_eq!(take("", true), None);
    let long = take(&"é".repeat(LONGEST_LINE), false).unwrap();
    assert!(long.len() > LONGEST_LINE && !long.contains(char::REPLACEMENT_CHARACTER));
    assert_eq!(long.len() + take("", true).unwrap().len(), 2 * LONGEST_LINE);
}

#[test]
fn a_line_of_nothing_but_tokens_is_not_kept_for_ever() {
    let token = token(&[1; 90], &[7; 64]);
    let watch = watching("abc#1", &token);
    let flood = token.repeat(2 * LONGEST_LINE / token.len());
    let (text, seen) = watch.take(Stream::Stdout, flood.as_bytes(), false).unwrap();
    assert!(text.len() < flood.len() / 2 && seen.len() == 1);
    assert!(watch.pending.lock().unwrap().values().all(|rest| rest.len() < LONGEST_LINE));
}

fn sandbox() -> Sandbox {
    let conduct = Conduct {
        body_timeout: Duration::from_secs(1),
        max_requests: None,
        state_file: None,
        saved: false,
        log: false,
        evidence: true,
        traps: Vec::new(),
    };
    let timeline = Timeline::new(Timestamp::UNIX_EPOCH, Speed::FROZEN, clock::real());
    Sandbox::new(World::sample(DEFAULT_SEED), timeline, History::new(Bounds::default()), conduct)
}

#[test]
#[should_panic(expected = "the state is held")]
fn nothing_is_searched_while_the_state_is_held() {
    let sandbox = sandbox();
    let _state = sandbox.lock();
    sandbox.covered("any text".to_owned());
}

/// Between the look at a request and its entry, somebody rotated a secret that is in it.
#[test]
fn a_request_is_recorded_by_the_secrets_of_the_state_that_it_is_noted_in() {
    let sandbox = sandbox();
    let before = sandbox.informed();
    let secret = "a-secret-of-a-later-hour";
    let credentials = Credentials { id: None, secret: Some(Secret::new(secret)), access_token: None };
    let adoption = Adoption { platform: Some(credentials), ..Adoption::default() };
    sandbox.lock().world.adopt(&adoption, Timestamp::UNIX_EPOCH).unwrap();
    let (head, ()) = HttpRequest::get("/x").header("x-trace", secret).body(()).unwrap().into_parts();
    let arrival = Arrival {
        peer: &Peer { connection: 1, tls: false, tunnel: None, sni: None },
        door: &Door { family: HostFamily::Glp, host: "global.api.greenlake.hpe.com".to_owned() },
        head: &head,
        identified: &Identified { op: OpKind::Api, target: Target::NothingThere, segments: Vec::new() },
        token_request: None,
        bearer: &Err(TokenFault::Missing),
        subject: None,
        body: None,
        json: None,
    };
    let (_state, request, leaks) = sandbox.recorded(&arrival, b"", before);
    assert!(request.headers.iter().all(|(_, value)| !value.contains(secret)), "{request:?}");
    assert_eq!(leaks.iter().map(|leak| leak.place).collect::<Vec<_>>(), [Place::Header]);
}
