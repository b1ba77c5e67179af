use base64::{Engine as _, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use proptest::prelude::*;

use super::*;

/// A token as the signer makes them.
pub(crate) fn token(claims: &[u8], signature: &[u8]) -> String {
    let parts = [br#"{"alg":"RS256","typ":"JWT"}"#, claims, signature];
    parts.map(|part| BASE64_URL_SAFE_NO_PAD.encode(part)).join(".")
}

/// A text in an encoding, with percent signs where `escapes` says so and in some places more.
pub(crate) fn encoded(text: &str, encoding: Encoding, escapes: &[bool]) -> String {
    match encoding {
        Encoding::Raw => text.to_owned(),
        Encoding::Base64 => BASE64_STANDARD.encode(text),
        Encoding::Url => {
            // So often that no sixteen characters in a row stand there as they are.
            let escape = |at: usize| at % 8 == 3 || escapes.get(at % escapes.len().max(1)) == Some(&true);
            let byte = |(at, byte): (usize, u8)| match escape(at) {
                true => format!("%{byte:02X}"),
                false => char::from(byte).to_string(),
            };
            text.bytes().enumerate().map(byte).collect()
        }
    }
}

/// Any of the three.
pub(crate) fn encodings() -> impl Strategy<Value = Encoding> {
    prop_oneof![Just(Encoding::Raw), Just(Encoding::Base64), Just(Encoding::Url)]
}

fn index(tokens: &[(&str, &str)]) -> Index {
    let mut index = Index::default();
    tokens.iter().for_each(|(symbol, token)| index.token(symbol, token));
    index
}

fn names(index: &Index, text: &str) -> Vec<(String, Encoding)> {
    let found = index.look(text.as_bytes());
    found.iter().map(|found| (index.called(found).to_owned(), found.encoding)).collect()
}

fn shown(index: &Index, text: &str) -> String {
    String::from_utf8(index.covered(text.as_bytes(), &index.look(text.as_bytes()))).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn any_sixteen_characters_are_found_in_any_encoding(
        claims in prop::collection::vec(any::<u8>(), 30..200),
        signature in prop::collection::vec(any::<u8>(), 64),
        (from, length) in (any::<prop::sample::Index>(), 16_usize..60),
        in_signature in any::<bool>(),
        encoding in encodings(),
        escapes in prop::collection::vec(any::<bool>(), 1..20),
        before in "[ -~é]{0,40}",
        after in "[ -~é]{0,40}",
    ) {
        let token = token(&claims, &signature);
        let part = token.split('.').nth(if in_signature { 2 } else { 1 }).unwrap();
        let length = length.min(part.len());
        let start = from.index(part.len() - length + 1);
        let written = encoded(&part[start..start + length], encoding, &escapes);
        let index = index(&[("abc#1", &token)]);
        // A lone percent sign in front would make an escape of the first two characters.
        let before = before.replace('%', "&");
        let text = format!("{before}{written}{after}");
        prop_assert_eq!(names(&index, &text).first().cloned(), Some(("abc#1".to_owned(), encoding)));
        prop_assert!(!shown(&index, &text).contains(&written));
    }

    #[test]
    fn no_other_text_is_taken_for_a_part_of_a_token(
        text in "([A-Za-z0-9+/=_.-]|%[0-9a-f]{2}| ){0,300}",
        claims in prop::collection::vec(any::<u8>(), 30..200),
        signature in prop::collection::vec(any::<u8>(), 64),
        start in any::<prop::sample::Index>(),
    ) {
        let token = token(&claims, &signature);
        let index = index(&[("abc#1", &token)]);
        prop_assert_eq!(names(&index, &text), []);
        // Nor is one of fifteen characters.
        let part = token.split('.').next_back().unwrap();
        let start = start.index(part.len() - 15);
        prop_assert_eq!(names(&index, &format!("<{}>", &part[start..start + 15])), []);
    }
}

#[test]
fn of_tokens_that_begin_alike_the_right_one_is_named() {
    let like = |n: u8| {
        let claims =
            format!(r#"{{"iss":"https://global.api.greenlake.hpe.com/","sub":"user:x","jti":"{n:032}"}}"#);
        token(claims.as_bytes(), &[n.wrapping_mul(37); 64])
    };
    let (first, second, third) = (like(1), like(2), like(3));
    let index = index(&[("abc#1", &first), ("abc#2", &second), ("abc#3", &third)]);
    let raw = |name: &str| (name.to_owned(), Encoding::Raw);
    assert_eq!(names(&index, &format!("a {second} b {first} c")), [raw("abc#2"), raw("abc#1")]);
    assert_eq!(shown(&index, &format!("a {second} b '{first}'\n{third}.")), "a abc#2 b 'abc#1'\nabc#3.");
    // Without an encoding of its own it is seen once.
    assert_eq!(names(&index, &format!("100% {second}")), [raw("abc#2")]);
    // What all have in common is the last one's; how all tokens begin is no secret.
    let [head, claims, _] = second.split('.').collect::<Vec<_>>()[..] else { unreachable!() };
    assert_eq!(names(&index, &claims[..30]), [raw("abc#3")]);
    assert_eq!(names(&index, head), []);
}

#[test]
fn a_token_that_is_no_jwt_is_found_like_the_others() {
    let token = "gro_00112233445566778899aabbccddeeff0123456789";
    let index = index(&[("abc#1", token)]);
    assert_eq!(
        names(&index, &format!("{token}, or {}", &token[9..25])),
        vec![("abc#1".to_owned(), Encoding::Raw); 2]
    );
    assert_eq!(names(&index, &token[..15]), []);
}

#[test]
fn secrets_are_found_whole_if_they_are_short_and_in_parts_else() {
    let mut index = Index::default();
    let (long, short) = ("0123456789abcdef-and-more", "s3cret+/");
    for _ in 0..2 {
        index.secret("msp", &Secret::new(long));
        index.secret("abc", &Secret::new(short));
    }
    let both = [("client:msp", long), ("client:abc", short)];
    for (name, secret) in both {
        for encoding in [Encoding::Raw, Encoding::Base64, Encoding::Url] {
            for before in ["", "a", "ab", "abc", "id:"] {
                let written = match encoding {
                    Encoding::Base64 => encoded(&format!("{before}{secret}"), encoding, &[]),
                    _ => format!("{before}{}", encoded(secret, encoding, &[true])),
                };
                assert_eq!(names(&index, &written), [(name.to_owned(), encoding)], "{written}");
            }
        }
    }
    assert_eq!(names(&index, &long[3..19]), [("client:msp".to_owned(), Encoding::Raw)]);
    for harmless in [&long[3..18], &short[1..], "S3CRET+/"] {
        assert_eq!(names(&index, harmless), []);
    }
    // In base64 with percent signs, as forms have it.
    let basic = BASE64_STANDARD.encode(format!("m:{long}")).replace('=', "%3D");
    assert_eq!(names(&index, &basic), [("client:msp".to_owned(), Encoding::Base64)]);
    assert_eq!(shown(&index, &format!("a {long} b {short}")), "a client:msp b client:abc");
}
