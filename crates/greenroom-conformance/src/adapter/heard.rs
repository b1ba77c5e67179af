//! What is heard from a client: its streams, cut into lines and chunks, within bounds.

use std::{os::unix::process::ExitStatusExt as _, process::ExitStatus};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    sync::mpsc,
};

use crate::drive::{Line, ProtocolError, Reply, Sleep};

/// How long a line of stdout may be, in bytes.
const LONGEST_LINE: usize = 16 << 20;

/// How much of stdout may be no protocol, and how much of stderr is passed on, in bytes.
const MOST_OUTPUT: usize = 1 << 20;

const CHUNK: usize = 64 << 10;

/// Something heard from a client.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// A reply.
    Reply(Box<Reply>),
    /// It would sleep now.
    Sleep(Sleep),
    /// A line that was meant for the protocol, and is wrong.
    Wrong(ProtocolError),
    /// Anything else: all of stderr, and what on stdout is none of the protocol's business.
    Output {
        /// Where.
        stream: Stream,
        /// A chunk of text; of stdout, whole lines.
        text: String,
    },
    /// A stream has said more than is listened to. Nothing more will be heard from it.
    Flood(Stream),
    /// A stream has ended.
    Closed(Stream),
    /// The process has ended. The last that is heard.
    Exited(Exit),
}

/// A stream of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Stream {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// How a client's process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    /// Its exit code, if it ended by itself.
    pub code: Option<i32>,
    /// The signal that ended it, if one did.
    pub signal: Option<i32>,
    /// Whether the kit ended it.
    pub killed: bool,
    /// Whether it left processes behind. They were ended, too.
    pub left_behind: bool,
}

impl Exit {
    pub(super) fn of(status: ExitStatus, killed: bool, left_behind: bool) -> Self {
        Self { code: status.code(), signal: status.signal(), killed, left_behind }
    }

    /// Whether it ended by itself with exit code 0.
    pub fn is_clean(self) -> bool {
        self.code == Some(0) && !self.killed
    }
}

/// Cuts stdout into lines, until it ends or floods. What comes after a flood is thrown away, so that the client is
/// not held up.
pub(super) async fn lines(mut source: impl AsyncRead + Unpin, to: mpsc::Sender<Heard>) {
    let mut line = Vec::new();
    let mut chunk = vec![0; CHUNK];
    let mut noise = Noise::default();
    loop {
        let read = source.read(&mut chunk).await.unwrap_or(0);
        if read == 0 {
            break;
        }
        for piece in chunk[..read].split_inclusive(|byte| *byte == b'\n') {
            line.extend_from_slice(piece);
            if line.ends_with(b"\n") {
                if !noise.or_pass_on(&line, &to).await {
                    return;
                }
                line.clear();
            }
            if line.len() > LONGEST_LINE || noise.heard > MOST_OUTPUT {
                let _ = noise.pass_on(&to).await && to.send(Heard::Flood(Stream::Stdout)).await.is_ok();
                return throw_away(source, chunk).await;
            }
        }
        line.shrink_to(CHUNK);
        if !noise.pass_on(&to).await {
            return;
        }
    }
    if noise.or_pass_on(&line, &to).await && noise.pass_on(&to).await {
        let _ = to.send(Heard::Closed(Stream::Stdout)).await;
    }
}

/// Lines of stdout that are none of the protocol's business, as many at once as there are.
#[derive(Default)]
struct Noise {
    pending: String,
    heard: usize,
}

impl Noise {
    /// Keeps a line that is noise, and passes on any other. Says whether anybody listens.
    async fn or_pass_on(&mut self, bytes: &[u8], to: &mpsc::Sender<Heard>) -> bool {
        let text = String::from_utf8_lossy(bytes);
        let heard = match Line::parse(text.trim_end_matches(['\r', '\n'])) {
            Line::Reply(reply) => Heard::Reply(reply),
            Line::Sleep(sleep) => Heard::Sleep(sleep),
            Line::Wrong(error) => Heard::Wrong(error),
            Line::Noise(_) => {
                self.heard += bytes.len();
                self.pending.push_str(&text);
                return true;
            }
        };
        self.pass_on(to).await && to.send(heard).await.is_ok()
    }

    async fn pass_on(&mut self, to: &mpsc::Sender<Heard>) -> bool {
        let text = std::mem::take(&mut self.pending);
        text.is_empty() || to.send(Heard::Output { stream: Stream::Stdout, text }).await.is_ok()
    }
}

/// Passes stderr on as it comes, but for characters cut in two.
pub(super) async fn chunks(mut source: impl AsyncRead + Unpin, to: mpsc::Sender<Heard>) {
    let mut pending = Vec::new();
    let mut chunk = vec![0; CHUNK];
    let mut heard = 0;
    loop {
        let read = source.read(&mut chunk).await.unwrap_or(0);
        if read == 0 {
            break;
        }
        heard += read;
        if heard > MOST_OUTPUT {
            let _ = to.send(Heard::Flood(Stream::Stderr)).await;
            return throw_away(source, chunk).await;
        }
        pending.extend_from_slice(&chunk[..read]);
        let kept = pending.split_off(pending.len() - cut_in_two(&pending));
        if !pending.is_empty() && to.send(output(&pending)).await.is_err() {
            return;
        }
        pending = kept;
    }
    if !pending.is_empty() {
        let _ = to.send(output(&pending)).await;
    }
    let _ = to.send(Heard::Closed(Stream::Stderr)).await;
}

fn output(bytes: &[u8]) -> Heard {
    Heard::Output { stream: Stream::Stderr, text: String::from_utf8_lossy(bytes).into_owned() }
}

/// How many bytes at the end are the beginning of a character.
fn cut_in_two(bytes: &[u8]) -> usize {
    match bytes.utf8_chunks().last() {
        Some(last) if !last.invalid().is_empty() && bytes.ends_with(last.invalid()) => {
            match str::from_utf8(last.invalid()) {
                Err(error) if error.error_len().is_none() => last.invalid().len(),
                _ => 0,
            }
        }
        _ => 0,
    }
}

async fn throw_away(mut source: impl AsyncRead + Unpin, mut chunk: Vec<u8>) {
    while source.read(&mut chunk).await.is_ok_and(|read| read > 0) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn all(stream: Stream, bytes: &[u8]) -> Vec<Heard> {
        let (to, mut from) = mpsc::channel(64);
        let bytes = bytes.to_vec();
        let reader = async move {
            match stream {
                Stream::Stdout => lines(&bytes[..], to).await,
                Stream::Stderr => chunks(&bytes[..], to).await,
            }
        };
        let listen = async {
            let mut heard = Vec::new();
            while let Some(one) = from.recv().await {
                heard.push(one);
            }
            heard
        };
        tokio::join!(reader, listen).1
    }

    fn noise(text: &str) -> Heard {
        Heard::Output { stream: Stream::Stdout, text: text.to_owned() }
    }

    #[tokio::test]
    async fn stdout_is_cut_into_lines_and_the_last_needs_no_end() {
        let heard = all(Stream::Stdout, b"hi\r\n{\"id\":1,\"ok\":true}\nbye").await;
        let reply = Heard::Reply(Box::new(Reply::done(1)));
        assert_eq!(heard, [noise("hi\r\n"), reply, noise("bye"), Heard::Closed(Stream::Stdout)]);
    }

    #[tokio::test]
    async fn an_endless_line_and_endless_lines_are_floods() {
        let line = vec![b'x'; LONGEST_LINE + CHUNK];
        assert_eq!(all(Stream::Stdout, &line).await, [Heard::Flood(Stream::Stdout)]);
        let mut lines = vec![b'x'; MOST_OUTPUT + CHUNK];
        lines.iter_mut().step_by(64 << 10).for_each(|byte| *byte = b'\n');
        let heard = all(Stream::Stdout, &lines).await;
        let listened: usize = heard
            .iter()
            .map(|heard| if let Heard::Output { text, .. } = heard { text.len() } else { 0 })
            .sum();
        assert!(listened > MOST_OUTPUT, "{listened}");
        assert_eq!(heard.last(), Some(&Heard::Flood(Stream::Stdout)));
        let heard = all(Stream::Stderr, &lines).await;
        assert_eq!(heard.last(), Some(&Heard::Flood(Stream::Stderr)));
    }

    #[test]
    fn a_character_cut_in_two_waits_for_its_rest() {
        let text = "aü東".as_bytes();
        for (end, pending) in [(1, 0), (2, 1), (3, 0), (4, 1), (5, 2), (6, 0)] {
            assert_eq!(cut_in_two(&text[..end]), pending, "{end}");
        }
        assert_eq!(cut_in_two(b"a\xff"), 0);
        assert_eq!(cut_in_two(b"\xff\xc3"), 1);
    }
}
