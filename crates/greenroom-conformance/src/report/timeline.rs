//! A run as a picture of text: who did what when, and how long tokens lived meanwhile. Pure.

mod moment;
mod tokens;

use std::{collections::BTreeSet, fmt::Write as _};

use self::{
    moment::{Lane, Moment, moments},
    tokens::{Life, lives},
};
use super::text::{WIDTH, cut, offset};
use crate::{
    run::Run,
    verdict::{ScenarioVerdict, Verdict},
};

/// How many strips are drawn; of more, those in the middle are left out unless a broken check names something there.
const MOST_STRIPS: usize = 6;

/// How many tokens are drawn at most.
const MOST_TOKENS: usize = 8;

/// The picture of a run: from the step in which the first event lies that a broken check names, to the end of that of
/// the last one; the whole run if none is named. At most a hundred columns wide; what does not fit goes on below.
pub fn timeline(run: &Run, verdict: &ScenarioVerdict) -> String {
    let broken: Vec<_> = verdict.broken().into_iter().filter(|check| check.verdict > Verdict::Note).collect();
    let named: BTreeSet<u64> = broken.iter().flat_map(|check| check.events.iter().copied()).collect();
    let client = run.header.client.as_ref().map(|client| format!("{} {}  ", client.name, client.version));
    let ids: Vec<_> = broken
        .iter()
        .map(|check| {
            check.id.strip_prefix(&verdict.name).map_or(check.id.as_str(), |id| id.trim_start_matches('.'))
        })
        .filter(|id| !id.is_empty())
        .collect();
    let head =
        format!("{}  {}{}  {}", verdict.name, client.unwrap_or_default(), verdict.verdict, ids.join(" "),);
    let mut picture = format!("{}\n", cut(head.trim_end(), WIDTH));
    let all = moments(run, &named);
    if all.is_empty() {
        picture.push_str("(nothing was seen)\n");
        return picture;
    }
    let tokens = lives(run, &all);
    picture.push_str(&Strips::of(all, &tokens).draw(&tokens));
    if tokens.len() > MOST_TOKENS {
        let _ = writeln!(picture, "(and {} more tokens)", tokens.len() - MOST_TOKENS);
    }
    picture
}

/// The moments in strips that are narrow enough, one below the other.
struct Strips {
    strips: Vec<Vec<Moment>>,
    /// How wide the names of the lanes are.
    names: usize,
}

impl Strips {
    fn of(moments: Vec<Moment>, tokens: &[Life]) -> Self {
        let names = tokens.iter().take(MOST_TOKENS).map(|life| life.symbol.chars().count()).max();
        let names = names.unwrap_or_default().clamp(9, 24) + 1;
        let room = WIDTH - names - 1;
        let mut strips: Vec<Vec<Moment>> = vec![Vec::new()];
        let mut used = 0;
        for mut moment in moments {
            moment.narrow(room);
            let width = moment.width();
            if used + width > room && used > 0 {
                strips.push(Vec::new());
                used = 0;
            }
            used += width + 1;
            if let Some(strip) = strips.last_mut() {
                strip.push(moment);
            }
        }
        Self { strips, names }
    }

    /// Which strips are drawn: the first, those that are named, the last, and of the others the first.
    fn kept(&self) -> BTreeSet<usize> {
        let last = self.strips.len() - 1;
        let named = (0..last).filter(|nth| self.strips[*nth].iter().any(|moment| moment.named));
        let mut kept = BTreeSet::new();
        for nth in [0, last].into_iter().chain(named).chain(0..last) {
            if kept.len() < MOST_STRIPS {
                kept.insert(nth);
            }
        }
        kept
    }

    fn draw(&self, tokens: &[Life]) -> String {
        let used: BTreeSet<Lane> = self.strips.iter().flatten().flat_map(Moment::lanes).collect();
        let kept = self.kept();
        let (mut picture, mut time, mut open, mut left_out) = (String::new(), None, 0_i64, 0);
        for (nth, strip) in self.strips.iter().enumerate() {
            let under_way = open > 0;
            let (clock, caller) = (clock(strip, &mut time), caller(strip, &mut open));
            if !kept.contains(&nth) {
                left_out += strip.len();
                continue;
            }
            if std::mem::take(&mut left_out) > 0 {
                let _ = write!(picture, "\n(here some moments are left out)\n");
            }
            if nth > 0 {
                picture.push('\n');
            }
            let here: BTreeSet<Lane> = strip.iter().flat_map(Moment::lanes).collect();
            for lane in Lane::ALL {
                let waits = lane == Lane::Caller && under_way;
                if !(here.contains(&lane) || nth == 0 && lane.always() || waits) {
                    continue;
                }
                let row = match lane {
                    Lane::Virtual if clock.trim().is_empty() => continue,
                    Lane::Virtual => clock.clone(),
                    Lane::Caller => caller.clone(),
                    _ if !used.contains(&lane) => "(nothing)".to_owned(),
                    _ => cells(strip, |moment| moment.cell(lane).to_owned()),
                };
                self.row(&mut picture, lane.name(), &row);
            }
            let before = nth.checked_sub(1).and_then(|before| self.strips[before].last());
            for life in tokens.iter().take(MOST_TOKENS) {
                if let Some(row) = life.row(strip, before) {
                    self.row(&mut picture, &cut(&life.symbol, self.names - 1), &row);
                }
            }
        }
        picture
    }

    fn row(&self, picture: &mut String, name: &str, row: &str) {
        let line = format!("{name:<width$}{row}", width = self.names);
        let _ = writeln!(picture, "{}", line.trim_end());
    }
}

/// The virtual time where it is another one than before.
fn clock(strip: &[Moment], time: &mut Option<i64>) -> String {
    cells(strip, |moment| {
        let told = time.replace(moment.at) != Some(moment.at);
        if told { offset(moment.at) } else { String::new() }
    })
}

/// A row of cells, each at the place of its moment.
fn cells(strip: &[Moment], mut cell: impl FnMut(&Moment) -> String) -> String {
    let mut row = String::new();
    for moment in strip {
        let text = cell(moment);
        let pad = (moment.width() + 1).saturating_sub(text.chars().count());
        row.push_str(&text);
        row.extend(std::iter::repeat_n(' ', pad));
    }
    row
}

/// The row of the caller: a line while it waits for a reply.
fn caller(strip: &[Moment], open: &mut i64) -> String {
    let mut row = String::new();
    for moment in strip {
        *open = (*open + moment.opens).max(0);
        let text = moment.cell(Lane::Caller);
        let fill = if *open > 0 { '─' } else { ' ' };
        let pad = (moment.width() + 1).saturating_sub(text.chars().count());
        row.push_str(text);
        row.extend(std::iter::repeat_n(fill, pad));
    }
    row
}

#[cfg(test)]
mod tests;
