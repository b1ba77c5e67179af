//! The history in other forms: followed as server-sent events, and as JSON lines.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::{
    body::Body,
    http::header,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use greenroom_model::history::{Entry, Reading};
use hyper::body::Frame;
use serde_json::json;

use super::{
    Desk,
    query::{self, Part},
    route::Given,
};
use crate::{command::CommandError, follow::Reader};

/// Server-sent events: each entry as it is written, its number as the id to go on from.
pub(super) fn follow(desk: &Desk, given: &Given) -> Result<Response, CommandError> {
    let Part { selector, mut after } = query::part(&given.query)?;
    if let Some(last) = &given.last_event_id {
        let wrong = || CommandError::field("last-event-id", format!("{last:?} is no number of an entry"));
        after = last.parse().map_err(|_| wrong())?;
    }
    let reader = Reader::that_follows(&desk.sandbox, selector, after, desk.stop.clone());
    let head = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    Ok((head, Written::new(reader, events)).into_response())
}

/// JSON lines: what there is now, an entry a line.
pub(super) fn export(desk: &Desk, given: &Given) -> Result<Response, CommandError> {
    let Part { selector, after } = query::part(&given.query)?;
    let reader = Reader::to_the_end(&desk.sandbox, selector, after, desk.stop.clone());
    Ok(([(header::CONTENT_TYPE, "application/jsonl")], Written::new(reader, lines)).into_response())
}

fn lines(_: u64, reading: &Reading) -> String {
    reading.entries.iter().map(|entry| format!("{}\n", line(entry))).collect()
}

/// Entries as events. Those that were gone before they could be read are an event of their own.
fn events(after: u64, reading: &Reading) -> String {
    let mut text = match reading.missed {
        0 => String::new(),
        missed => format!("event: dropped\ndata: {}\n\n", json!({ "dropped": missed })),
    };
    let mut newest = after;
    for entry in &reading.entries {
        // A request that comes late must not turn back the number to go on from.
        if entry.n > newest {
            newest = entry.n;
            text += &format!("id: {newest}\n");
        }
        text += &format!("data: {}\n\n", line(entry));
    }
    text
}

/// An entry on one line. That it cannot be written would be a bug, and no reason to fall.
fn line(entry: &Entry) -> String {
    serde_json::to_string(entry).unwrap_or_default()
}

/// What a reading is written as; the number is the entry it was read after.
type Write = fn(u64, &Reading) -> String;

/// What is being read: a text, and who reads on.
type Next = Pin<Box<dyn Future<Output = Option<(String, Reader)>> + Send>>;

/// A body that is read from the history when its client takes it: it keeps one piece at most.
struct Written {
    next: Next,
    write: Write,
}

impl Written {
    fn new(reader: Reader, write: Write) -> Self {
        Self { next: Box::pin(next(reader, write)), write }
    }
}

async fn next(mut reader: Reader, write: Write) -> Option<(String, Reader)> {
    loop {
        let after = reader.after();
        let text = write(after, &reader.next().await?);
        if !text.is_empty() {
            return Some((text, reader));
        }
    }
}

impl hyper::body::Body for Written {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        Poll::Ready(ready!(this.next.as_mut().poll(cx)).map(|(text, reader)| {
            this.next = Box::pin(next(reader, this.write));
            Ok(Frame::data(text.into()))
        }))
    }
}

impl IntoResponse for Written {
    fn into_response(self) -> Response {
        Response::new(Body::new(self))
    }
}
