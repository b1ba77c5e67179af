//! How much of a text is kept. Rules decide on the whole of a request; its entry has the beginnings.

use std::borrow::Cow;

use super::{Headers, Request, StepNote};

/// The longest text that a history keeps of what a client sends, in characters.
pub const LONGEST: usize = 512;

/// At most so many characters of a text.
pub fn beginning(text: &str, characters: usize) -> &str {
    // No character is shorter than a byte.
    if text.len() <= characters {
        return text;
    }
    text.char_indices().nth(characters).map_or(text, |(end, _)| &text[..end])
}

fn is_long(text: &str) -> bool {
    beginning(text, LONGEST).len() < text.len()
}

fn short(text: &str) -> Cow<'_, str> {
    match beginning(text, LONGEST) {
        kept if kept.len() < text.len() => Cow::Owned(format!("{kept}…")),
        _ => Cow::Borrowed(text),
    }
}

fn cut(text: &mut String) {
    if is_long(text) {
        *text = short(text).into_owned();
    }
}

impl Headers {
    fn cut(&mut self) {
        if self.iter().any(|(_, value)| is_long(value)) {
            *self = self.iter().map(|(name, value)| (name, short(value))).collect();
            self.shrink();
        }
    }
}

impl Request {
    /// Cuts what is longer than a history keeps. What is not costs nothing.
    pub(super) fn cut(&mut self) {
        // Not those that the world names, or that are a digest.
        let Self { host, method, path, query, headers, form, workspace, client, .. } = self;
        let texts = [host, path, query].into_iter().chain(workspace.as_mut()).chain(client.as_mut());
        texts.for_each(cut);
        if is_long(method) {
            *method = short(method).into_owned().into();
        }
        headers.cut();
        if form.iter().any(|(name, value)| is_long(name) || is_long(value)) {
            let rows = form.iter().map(|(name, value)| (short(name).into_owned(), short(value).into_owned()));
            *form = rows.collect();
        }
    }
}

impl StepNote {
    /// Cuts like the request that is asked for, so that both can be compared.
    pub(super) fn cut(&mut self) {
        let Self { path, query, headers, .. } = self;
        path.iter_mut().chain(query).chain(headers.values_mut()).for_each(cut);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        call::OpKind,
        history::{Bounds, Event, History},
        time::Real,
    };

    fn request(text: &str) -> Request {
        Request {
            host: text.to_owned(),
            method: text.to_owned().into(),
            query: text.to_owned(),
            headers: [("a", text), ("b", "c")].into_iter().collect(),
            form: [("a", text), (text, "b")].map(|(a, b)| (a.to_owned(), b.to_owned())).into(),
            workspace: Some(text.to_owned()),
            client: Some(text.to_owned()),
            ..Request::of(OpKind::Mint, text)
        }
    }

    #[test]
    fn a_history_keeps_the_beginnings_of_long_texts() {
        let longest = "é".repeat(LONGEST);
        for (text, kept) in [
            (longest.clone(), longest.clone()),
            (format!("{longest}x"), format!("{longest}…")),
            ("é".repeat(100_000), format!("{longest}…")),
            // What was cut before stays as it is.
            (format!("{longest}…"), format!("{longest}…")),
        ] {
            let mut history = History::new(Bounds { entries: 9, bytes: 20_000 });
            let event = Event::Request(Box::new(request(&text)));
            let n = history.append(event, jiff::Timestamp::UNIX_EPOCH, Real::ZERO);
            assert_eq!(history.request(n), Some(&request(&kept)), "and it counts as what is kept");
            let step = |text: &str| {
                let text = || text.to_owned();
                let headers = [("a".to_owned(), text())].into();
                StepNote { path: Some(text()), query: Some(text()), headers, ..StepNote::default() }
            };
            let event = Event::Step(Box::new(step(&text)));
            let n = history.append(event, jiff::Timestamp::UNIX_EPOCH, Real::ZERO);
            let last = &history.after(n - 1).next().unwrap().event;
            assert_eq!(*last, Event::Step(Box::new(step(&kept))), "as of a request");
        }
    }
}
