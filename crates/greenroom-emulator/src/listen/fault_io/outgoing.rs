//! What of HTTP goes out: where its heads, bodies and frames end.

/// How long the head of an HTTP/2 frame is (RFC 9113 §4.1).
const FRAME_HEAD: usize = 9;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const GOAWAY: u8 = 7;
/// The flag of DATA and HEADERS frames with which a stream ends.
const END_STREAM: u8 = 1;
/// The flag of HEADERS frames that no CONTINUATION follows.
const END_HEADERS: u8 = 4;
const CONTINUATION: u8 = 9;

/// How far the bytes that went out have come.
#[derive(Clone, Debug)]
pub(super) enum Outgoing {
    /// Nothing needs to be known before a cut.
    Http1,
    Http2(Frames),
}

/// How far the frames of HTTP/2 have come.
#[derive(Clone, Debug, Default)]
pub(super) struct Frames {
    head: [u8; FRAME_HEAD],
    /// How many bytes of the head there are.
    have: usize,
    /// How many bytes of the payload are missing.
    missing: usize,
    /// Whether the HEADERS under way are those of an answer without a body.
    last: bool,
}

/// The place at which an answer is cut.
#[derive(Clone, Debug)]
pub(super) struct Cut {
    /// How many bytes of the body may still go out.
    body: u64,
    /// HTTP/1: how much of the empty line behind the head has been seen.
    line: usize,
    reached: bool,
}

impl Cut {
    pub(super) fn reached(&self) -> bool {
        self.reached
    }
}

impl Outgoing {
    pub(super) fn of(http2: bool) -> Self {
        if http2 { Self::Http2(Frames::default()) } else { Self::Http1 }
    }

    /// A cut after so many bytes of the body of the next answer.
    pub(super) fn cut(&self, body: u64) -> Cut {
        Cut { body, line: 0, reached: false }
    }

    /// Whether a frame of our own could stand here.
    pub(super) fn between_frames(&self) -> bool {
        match self {
            Self::Http1 => true,
            Self::Http2(frames) => frames.have == 0,
        }
    }

    /// Takes note of bytes that go out, up to the cut. Returns how many these are.
    pub(super) fn advance(&mut self, bytes: &[u8], cut: Option<&mut Cut>) -> usize {
        match (self, cut) {
            (Self::Http1, None) => bytes.len(),
            (Self::Http1, Some(cut)) => cut.advance_http1(bytes),
            (Self::Http2(frames), cut) => frames.advance(bytes, cut),
        }
    }
}

impl Cut {
    fn advance_http1(&mut self, bytes: &[u8]) -> usize {
        const EMPTY_LINE: &[u8] = b"\r\n\r\n";
        let mut at = 0;
        while at < bytes.len() && self.line < EMPTY_LINE.len() {
            self.line = match bytes[at] {
                byte if byte == EMPTY_LINE[self.line] => self.line + 1,
                b'\r' => 1,
                _ => 0,
            };
            at += 1;
        }
        if self.line < EMPTY_LINE.len() {
            return at;
        }
        let body = (bytes.len() - at).min(usize::try_from(self.body).unwrap_or(usize::MAX));
        self.body -= body as u64;
        self.reached = self.body == 0;
        at + body
    }
}

impl Frames {
    fn advance(&mut self, bytes: &[u8], mut cut: Option<&mut Cut>) -> usize {
        let mut at = 0;
        while at < bytes.len() && !cut.as_ref().is_some_and(|cut| cut.reached) {
            if self.have < FRAME_HEAD {
                let part = (FRAME_HEAD - self.have).min(bytes.len() - at);
                self.head[self.have..self.have + part].copy_from_slice(&bytes[at..at + part]);
                (self.have, at) = (self.have + part, at + part);
                if self.have < FRAME_HEAD {
                    break;
                }
                let [a, b, c, ..] = self.head;
                self.missing = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
            } else {
                let mut part = self.missing.min(bytes.len() - at);
                if let (DATA, Some(cut)) = (self.head[3], &mut cut) {
                    part = part.min(usize::try_from(cut.body).unwrap_or(usize::MAX));
                    cut.body -= part as u64;
                    cut.reached = cut.body == 0;
                }
                (self.missing, at) = (self.missing - part, at + part);
            }
            if self.missing == 0 {
                self.end_of_frame(cut.as_deref_mut());
            }
        }
        at
    }

    fn end_of_frame(&mut self, cut: Option<&mut Cut>) {
        let [_, _, _, kind, flags, ..] = self.head;
        self.have = 0;
        if kind == HEADERS {
            self.last = flags & END_STREAM != 0;
        }
        let Some(cut) = cut else { return };
        cut.reached |= match kind {
            DATA => flags & END_STREAM != 0,
            HEADERS | CONTINUATION => flags & END_HEADERS != 0 && (self.last || cut.body == 0),
            _ => false,
        };
    }
}

/// A GOAWAY frame (RFC 9113 §6.8).
pub(super) fn goaway(last_stream: u32, code: u32) -> Vec<u8> {
    let mut frame = vec![0, 0, 8, GOAWAY, 0, 0, 0, 0, 0];
    frame.extend((last_stream & 0x7fff_ffff).to_be_bytes());
    frame.extend(code.to_be_bytes());
    frame
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        let length = u8::try_from(payload.len()).unwrap();
        [&[0, 0, length, kind, flags, 0, 0, 0, 1][..], payload].concat()
    }

    /// How many of the bytes go out, if they are written in pieces of so many.
    fn goes_out(http2: bool, bytes: &[u8], body: u64, piece: usize) -> (usize, bool) {
        let mut outgoing = Outgoing::of(http2);
        let mut cut = outgoing.cut(body);
        let mut out = 0;
        for piece in bytes.chunks(piece) {
            out += outgoing.advance(piece, Some(&mut cut));
            if cut.reached() {
                break;
            }
        }
        (out, cut.reached())
    }

    #[test]
    fn http_1_is_cut_in_its_body() {
        let head = b"HTTP/1.1 200 OK\r\nx: \r\r\n\r\n";
        let answer = [&head[..], b"0123456789"].concat();
        for piece in 1..=answer.len() {
            for body in 0..=10 {
                let expected = (head.len() + usize::try_from(body).unwrap(), true);
                assert_eq!(goes_out(false, &answer, body, piece), expected, "{body} by {piece}");
            }
            assert_eq!(goes_out(false, &answer, 11, piece), (answer.len(), false));
        }
    }

    #[test]
    fn http_2_is_cut_in_its_data_and_at_the_end_of_its_stream() {
        let head =
            [frame(4, 1, b""), frame(HEADERS, 0, b"abc"), frame(CONTINUATION, END_HEADERS, b"de")].concat();
        let data =
            [frame(DATA, 0, b"01234"), frame(8, 0, b"wind"), frame(DATA, END_STREAM, b"56789")].concat();
        let answer = [head.clone(), data.clone(), frame(6, 0, b"pingping")].concat();
        let whole = head.len() + data.len();
        for piece in 1..=answer.len() {
            for (body, expected) in [
                (0, head.len()),
                (3, head.len() + FRAME_HEAD + 3),
                (5, head.len() + FRAME_HEAD + 5),
                (7, whole - 3),
                (10, whole),
                (99, whole),
            ] {
                assert_eq!(goes_out(true, &answer, body, piece), (expected, true), "{body} by {piece}");
            }
        }
        let empty = frame(HEADERS, END_STREAM | END_HEADERS, b"abc");
        assert_eq!(goes_out(true, &[empty.clone(), empty].concat(), 5, 4), (FRAME_HEAD + 3, true));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

        #[test]
        fn frames_are_followed_however_they_are_written(
            frames in prop::collection::vec((0_u8..10, 0_u8..8, prop::collection::vec(any::<u8>(), 0..20)), 1..8),
            piece in 1_usize..40,
        ) {
            let mut outgoing = Outgoing::of(true);
            prop_assert!(outgoing.between_frames());
            for (kind, flags, payload) in &frames {
                let bytes = frame(*kind, *flags, payload);
                let mut left = bytes.len();
                for piece in bytes.chunks(piece) {
                    prop_assert_eq!(outgoing.advance(piece, None), piece.len());
                    left -= piece.len();
                    prop_assert_eq!(outgoing.between_frames(), left == 0);
                }
            }
        }
    }
}
