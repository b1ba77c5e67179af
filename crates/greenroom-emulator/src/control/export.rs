//! The history in other forms: followed as server-sent events, and as JSON lines.

use std::{
    convert::Infallible,
    future,
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
    query::{self, DROPPED, EVENT_ID, Part},
    route::Given,
};
use crate::{
    command::{CommandError, HistoryQuery},
    follow::Reader,
};

/// Server-sent events: each entry as it is written, its number as the id to go on from.
pub(super) fn follow(desk: &Desk, given: &Given) -> Result<Response, CommandError> {
    let Part { selector, mut after } = query::part(&given.query)?;
    HistoryQuery::check_selector(&selector)?;
    let mut first = String::new();
    match &given.last_event_id {
        None => desk.sandbox.check_after(after)?,
        Some(last) => {
            let wrong = |_| CommandError::field(EVENT_ID, format!("{last:?} is no number of an entry"));
            after = last.parse().map_err(wrong)?;
            // Nobody looks at a refusal of what a browser asks for by itself: it is told where it is now.
            if desk.sandbox.check_after(after).is_err() {
                first = format!("event: restarted\ndata: {}\n\n", json!({ "not_there": after }));
                after = 0;
            }
        }
    }
    let reader = Reader::new(&desk.sandbox, selector, after, desk.stop.clone());
    let head = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    Ok((head, Events::new(first, reader)).into_response())
}

/// JSON lines: what there is now, an entry a line.
pub(super) fn export(desk: &Desk, given: &Given) -> Result<Response, CommandError> {
    let Part { selector, after } = query::part(&given.query)?;
    desk.sandbox.check_part(&selector, after)?;
    // Cloned under the lock, selected outside: a long history must not hold requests, nor be overtaken.
    let history = desk.sandbox.lock().history.clone();
    let reading = history.read(after, usize::MAX, &selector);
    let lines: String = reading.entries.iter().map(|entry| format!("{}\n", line(entry))).collect();
    let kind = [(header::CONTENT_TYPE, "application/jsonl")];
    Ok((kind, [(DROPPED, reading.missed.to_string())], lines).into_response())
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

/// What is being read: a text, and who reads on.
type Next = Pin<Box<dyn Future<Output = Option<(String, Reader)>> + Send>>;

/// A body that is read from the history when its client takes it: it keeps one piece at most.
struct Events(Next);

impl Events {
    /// A first text, if it is one, and what the reader reads.
    fn new(first: String, reader: Reader) -> Self {
        match first.is_empty() {
            true => Self(Box::pin(next(reader))),
            false => Self(Box::pin(future::ready(Some((first, reader))))),
        }
    }
}

async fn next(mut reader: Reader) -> Option<(String, Reader)> {
    loop {
        let after = reader.after();
        let text = events(after, &reader.next().await?);
        if !text.is_empty() {
            return Some((text, reader));
        }
    }
}

impl hyper::body::Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        Poll::Ready(ready!(this.0.as_mut().poll(cx)).map(|(text, reader)| {
            this.0 = Box::pin(next(reader));
            Ok(Frame::data(text.into()))
        }))
    }
}

impl IntoResponse for Events {
    fn into_response(self) -> Response {
        Response::new(Body::new(self))
    }
}
