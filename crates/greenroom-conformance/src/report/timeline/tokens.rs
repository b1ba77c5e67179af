//! The lives of tokens below the lanes.

use greenroom_model::{
    history::{Event, TokenView},
    token::Standing,
};

use super::moment::Moment;
use crate::run::Run;

/// The life of one token, as far as the run tells.
#[derive(Clone, Debug)]
pub(super) struct Life {
    pub(super) symbol: String,
    /// The request that it was issued to; 0 if that was before the run.
    from: u64,
    /// Until when, and how it ended, if it did.
    until: Option<(i64, &'static str)>,
}

/// The tokens that the drawn part of a run shows, in the order in which they came.
pub(super) fn lives(run: &Run, drawn: &[Moment]) -> Vec<Life> {
    let Some(start) = run.entries.first().map(|entry| entry.at) else { return Vec::new() };
    let (Some(first), Some(last)) = (drawn.first(), drawn.last()) else { return Vec::new() };
    let mut lives: Vec<Life> = Vec::new();
    for entry in &run.entries {
        let at: i64 = entry.at.duration_since(start).as_millis().try_into().unwrap_or(i64::MAX);
        match &entry.event {
            Event::Response(response) => {
                if let Some(symbol) = &response.issued {
                    meet(&mut lives, symbol, response.request);
                }
            }
            Event::Request(request) => {
                for view in [&request.token, &request.subject].into_iter().flatten() {
                    if view.standing.is_some() {
                        meet(&mut lives, &view.symbol, 0).see(view, at);
                    }
                }
            }
            _ => {}
        }
    }
    let ended_before = |life: &Life| life.until.is_some_and(|(until, _)| until < first.at);
    lives.retain(|life| life.from <= last.n && !ended_before(life));
    lives
}

/// The life of a token that is seen, perhaps for the first time.
fn meet<'a>(lives: &'a mut Vec<Life>, symbol: &str, from: u64) -> &'a mut Life {
    let at = match lives.iter().position(|life| life.symbol == symbol) {
        Some(at) => at,
        None => {
            lives.push(Life { symbol: symbol.to_owned(), from, until: None });
            lives.len() - 1
        }
    };
    &mut lives[at]
}

impl Life {
    /// What one look at it tells about its end.
    fn see(&mut self, view: &TokenView, at: i64) {
        let remaining = view.remaining.map(|remaining| at.saturating_add(remaining.saturating_mul(1000)));
        match view.standing {
            Some(Standing::Revoked) => {
                let until =
                    self.until.filter(|(_, how)| *how == "revoked").map_or(at, |(until, _)| until.min(at));
                self.until = Some((until, "revoked"));
            }
            Some(Standing::Expired | Standing::Live) => {
                let until = remaining.unwrap_or(at);
                if self.until.is_none_or(|(_, how)| how == "expired") {
                    self.until = Some((until, "expired"));
                }
            }
            None => {}
        }
    }

    /// Its row in a strip: a bar while it lives. Nothing if it does not live there; `before` is the last moment before
    /// the strip.
    pub(super) fn row(&self, strip: &[Moment], before: Option<&Moment>) -> Option<String> {
        let over = |moment: &Moment| self.until.filter(|(until, _)| *until <= moment.at);
        if before.is_some_and(|before| over(before).is_some()) {
            return None;
        }
        let (mut row, mut there, mut ended) = (String::new(), false, false);
        for moment in strip {
            let width = moment.width() + 1;
            let cell = match over(moment) {
                _ if moment.n <= self.from => " ".repeat(width),
                Some((_, how)) if !ended => {
                    ended = true;
                    format!("{:<width$}", format!("▏{how}"))
                }
                Some(_) => " ".repeat(width),
                None => "█".repeat(width),
            };
            there |= moment.n > self.from;
            row.push_str(&cell);
        }
        there.then_some(row)
    }
}
