//! A history that is followed: server-sent events, read one after the other.

use greenroom_model::history::Entry;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::Value;

use super::{Remote, RemoteError};

/// A history that is followed. Dropping it ends that.
#[derive(Debug)]
pub struct Follow {
    pub(super) remote: Remote,
    pub(super) body: Incoming,
    /// The beginning of an event.
    pub(super) buffer: Vec<u8>,
    pub(super) dropped: u64,
}

impl Follow {
    /// The next entry; none when the emulator has stopped. Waits for as long as it takes. A future that is dropped
    /// loses nothing.
    pub async fn next(&mut self) -> Result<Option<Entry>, RemoteError> {
        loop {
            while let Some(end) = self.buffer.windows(2).position(|two| two == b"\n\n") {
                let event: Vec<_> = self.buffer.drain(..end + 2).collect();
                if let Some(entry) = self.read(&event)? {
                    return Ok(Some(entry));
                }
            }
            match self.body.frame().await {
                Some(Ok(frame)) => self.buffer.extend_from_slice(frame.data_ref().map_or(&[], |data| data)),
                Some(Err(error)) => return Err(self.remote.unreachable(error.to_string())),
                None => return Ok(None),
            }
        }
    }

    /// How many entries were gone before they could be sent.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    fn read(&mut self, event: &[u8]) -> Result<Option<Entry>, RemoteError> {
        let (mut name, mut data) = (&b"message"[..], &b""[..]);
        for line in event.split(|byte| *byte == b'\n') {
            name = line.strip_prefix(b"event: ").unwrap_or(name);
            data = line.strip_prefix(b"data: ").unwrap_or(data);
        }
        let wrong = |_| self.remote.another_version();
        match name {
            b"message" => serde_json::from_slice(data).map(Some).map_err(wrong),
            b"dropped" => {
                let dropped: Value = serde_json::from_slice(data).map_err(wrong)?;
                self.dropped += dropped["dropped"].as_u64().unwrap_or_default();
                Ok(None)
            }
            // `restarted` is for those who name the last event they heard.
            _ => Ok(None),
        }
    }
}
