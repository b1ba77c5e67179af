//! Where an answer over HTTP/1 is cut: its body is counted from behind its head.

/// The place at which an answer is cut.
#[derive(Clone, Debug)]
pub(super) struct Cut {
    /// How many bytes of the body may still go out.
    body: u64,
    /// How much of the empty line behind the head has been seen.
    line: usize,
    reached: bool,
}

impl Cut {
    /// After so many bytes of the body of the next answer.
    pub(super) fn after(body: u64) -> Self {
        Self { body, line: 0, reached: false }
    }

    pub(super) fn reached(&self) -> bool {
        self.reached
    }

    /// Takes note of bytes that go out, up to the cut. Returns how many these are.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> usize {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of the bytes go out, if they are written in pieces of so many.
    fn goes_out(bytes: &[u8], body: u64, piece: usize) -> (usize, bool) {
        let mut cut = Cut::after(body);
        let mut out = 0;
        for piece in bytes.chunks(piece) {
            out += cut.advance(piece);
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
                assert_eq!(goes_out(&answer, body, piece), expected, "{body} by {piece}");
            }
            assert_eq!(goes_out(&answer, 11, piece), (answer.len(), false));
        }
    }
}
