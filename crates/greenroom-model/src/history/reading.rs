//! Reading a history piece by piece, by the number of the last entry that was looked at.

use super::{Entry, Event, History};
use crate::rule::Selector;

/// A piece of a history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The entries that are wanted. A request whose selector wants something of its answer comes with that,
    /// before it; otherwise they are in order.
    pub entries: Vec<Entry>,
    /// The last entry that was looked at: where to go on from.
    pub last: u64,
    /// How many entries were gone before they could be read.
    pub missed: u64,
}

impl History {
    /// Looks at the entries after number `after`, at most so many. Of exchanges only those that the selector
    /// means are wanted; all other entries are.
    pub fn read(&self, after: u64, most: usize, selector: &Selector) -> Reading {
        let all = *selector == Selector::default();
        let missed = self.dropped.saturating_sub(after);
        let mut reading = Reading { entries: Vec::new(), last: after.max(self.dropped), missed };
        for entry in self.after(after).take(most) {
            reading.last = entry.n;
            let wanted = match &entry.event {
                _ if all => true,
                Event::Request(request) => !selector.wants_an_answer() && selector.matches_request(request),
                Event::Response(response) => match self.request(response.request) {
                    Some(request) => {
                        selector.matches_request(request) && selector.matches_response(Some(response))
                    }
                    // Nobody knows any more what it answers.
                    None => false,
                },
                _ => true,
            };
            if let Event::Response(response) = &entry.event
                && wanted
                && !all
                && selector.wants_an_answer()
            {
                reading.entries.extend(self.after(response.request - 1).next().cloned());
            }
            if wanted {
                reading.entries.push(entry.clone());
            }
        }
        reading
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{
        call::OpKind,
        history::{Bounds, Decision, Request, Response},
        time::Real,
    };

    fn request(path: &str) -> Event {
        Event::Request(Box::new(Request { host: "h".into(), ..Request::of(OpKind::Api, path) }))
    }

    fn response(request: u64, status: u16) -> Event {
        Event::Response(Response { status: Some(status), ..Response::of(request, Decision::Answered) })
    }

    fn history(bounds: Bounds) -> History {
        let mut history = History::new(bounds);
        for event in [
            request("/a"),
            request("/b"),
            Event::Note { text: "x".into() },
            response(2, 429),
            response(1, 200),
            request("/b"),
        ] {
            history.append(event, Timestamp::UNIX_EPOCH, Real::ZERO);
        }
        history
    }

    fn numbers(reading: &Reading) -> Vec<u64> {
        reading.entries.iter().map(|entry| entry.n).collect()
    }

    #[test]
    fn exchanges_are_selected_and_all_else_is_there() {
        let history = history(Bounds::default());
        let selector = |field: &str, text: &str| {
            let mut selector = Selector::default();
            selector.set(field, text).unwrap();
            selector
        };
        for (selector, wanted) in [
            (Selector::default(), &[1, 2, 3, 4, 5, 6][..]),
            (selector("path", "/b"), &[2, 3, 4, 6]),
            (selector("path", "/nowhere"), &[3]),
            // What is not answered yet cannot be judged by its answer.
            (selector("status", "429"), &[3, 2, 4]),
            (selector("status", "200"), &[3, 1, 5]),
        ] {
            let reading = history.read(0, usize::MAX, &selector);
            assert_eq!((numbers(&reading), reading.last, reading.missed), (wanted.to_vec(), 6, 0));
            // In pieces it is the same.
            let (mut pieces, mut after) = (Vec::new(), 0);
            while after < history.last() {
                let piece = history.read(after, 1, &selector);
                assert_eq!(piece.last, after + 1);
                pieces.extend(numbers(&piece));
                after = piece.last;
            }
            assert_eq!(pieces, wanted);
        }
        assert_eq!(history.read(6, 10, &Selector::default()), Reading { last: 6, ..Reading::default() });
        assert_eq!(history.read(99, 10, &Selector::default()).last, 99);
    }

    #[test]
    fn what_was_dropped_is_counted() {
        let history = history(Bounds { entries: 2, bytes: usize::MAX });
        let reading = history.read(1, 10, &Selector::default());
        assert_eq!((numbers(&reading), reading.missed), (vec![5, 6], 3));
        let mut ok = Selector::default();
        ok.set("status", "200").unwrap();
        assert_eq!(numbers(&history.read(0, 10, &ok)), [0; 0], "its request is gone");
    }
}
