//! One check against what was seen.

use std::collections::{BTreeMap, BTreeSet};

use greenroom_model::{
    call::OpKind,
    history::{Event, ReplyNote},
    rule::Selector,
};
use jiff::SignedDuration;

use super::{
    sight::{Noted, Seen, Sight, Window},
    words,
};
use crate::{
    run::{self, Pace},
    scenario::{
        Alternative, Check, ClientPart, ClientSymbol, CountOf, Delays, Distinct, Each, Field, FileIs, Gap,
        Grade, Judgement, LeakOf, Never, OneOrMore, Outcome, ResultOf, Returns, Same, Sockets,
    },
};

/// How much earlier than said a client may be that sleeps in real time: clocks differ.
const EARLY: SignedDuration = SignedDuration::from_millis(50);

/// What came of a check.
pub(super) struct Found {
    pub(super) holds: bool,
    pub(super) grade: Option<Grade>,
    /// What was seen, in words.
    pub(super) actual: String,
    /// The entries that it rests on.
    pub(super) events: Vec<u64>,
}

impl Found {
    fn new(holds: bool, actual: impl Into<String>, events: Vec<u64>) -> Self {
        Self { holds, grade: None, actual: actual.into(), events }
    }
}

/// Judges a check.
pub(super) fn judge(check: &Check, sight: &Sight<'_>) -> Found {
    asked(&check.judgement, check, sight)
}

fn asked(judgement: &Judgement, check: &Check, sight: &Sight<'_>) -> Found {
    let window = sight.window(check);
    match judgement {
        Judgement::Result(it) => result(it, sight),
        Judgement::Returns(it) => returns(it, sight),
        Judgement::Count(it) => count(it, sight, &window),
        Judgement::Never(it) => never(it, sight, &window),
        Judgement::Order(it) => order(it, sight, &window),
        Judgement::Gap(it) => gap(it, sight, &window),
        Judgement::Delays(it) => delays(it, sight, &window),
        Judgement::Same(it) => same(it, sight, &window),
        Judgement::Distinct(it) => distinct(it, check, sight, &window),
        Judgement::Each(it) => each(it, sight, &window),
        Judgement::Sockets(it) => sockets(*it, sight),
        Judgement::Leak(it) => leak(it, sight),
        Judgement::File(it) => file(it, check, sight),
        Judgement::OneOf(ways) => one_of(ways, check, sight),
    }
}

fn one_of(ways: &[Alternative], check: &Check, sight: &Sight<'_>) -> Found {
    let mut first = None;
    for way in ways {
        let found = asked(&way.judgement, check, sight);
        if found.holds {
            return Found { grade: Some(way.grade), ..found };
        }
        first.get_or_insert(found);
    }
    first.unwrap_or_else(|| Found::new(false, "there are no alternatives", Vec::new()))
}

fn result(wanted: &ResultOf, sight: &Sight<'_>) -> Found {
    let replies: Vec<_> = sight.replies.iter().filter(|reply| reply.note.step == wanted.step).collect();
    let Some(last) = replies.last() else {
        return Found::new(false, format!("step {} was never asked for", wanted.step), Vec::new());
    };
    let judged = if wanted.all { &replies[..] } else { std::slice::from_ref(last) };
    for reply in judged {
        if let Some(wrong) = wrong_reply(wanted, reply, sight) {
            return Found::new(false, wrong, vec![reply.n]);
        }
    }
    let actual = match judged.len() {
        1 => words::reply(last.note),
        many => format!("all {many} replies of step {} are so", wanted.step),
    };
    Found::new(true, actual, judged.iter().map(|reply| reply.n).take(words::MOST).collect())
}

/// What of a reply is not as it must be, in words.
fn wrong_reply(wanted: &ResultOf, reply: &Noted<'_, ReplyNote>, sight: &Sight<'_>) -> Option<String> {
    let note = reply.note;
    let ResultOf { step, ok, status, kind, outcome, says, ids, all: _ } = wanted;
    let told = || Some(words::reply(note));
    if note.cut.is_some() {
        return told();
    }
    if ok.is_some_and(|ok| note.ok != ok)
        || status.is_some_and(|status| note.status != Some(status))
        || kind.is_some_and(|kind| note.kind.as_deref() != Some(kind.word()))
    {
        return told();
    }
    let outcome_is = |kind: &str, status| {
        (!note.ok && note.kind.as_deref() == Some(kind)) || (note.ok && note.status == Some(status))
    };
    let as_wanted = match outcome {
        None => true,
        Some(Outcome::Auth) => outcome_is("auth", 401),
        Some(Outcome::Rate) => outcome_is("rate", 429),
    };
    if !as_wanted {
        return told();
    }
    if let Some(says) = says
        && let Some(wrong) = says_otherwise(&says.0, note, sight)
    {
        return Some(wrong);
    }
    if note.ok && *ok == Some(true) && sight.must_ask(note.id) && !sight.asked_before(reply) {
        return Some(format!("{}; but it sent nothing during the step", words::reply(note)));
    }
    let Some(ids) = ids else { return None };
    let Some(expected) = sight.list(&ids.key()) else {
        return Some(format!("the history does not say what {} is", String::from(ids.clone())));
    };
    match &note.ids {
        None => Some(format!("{}; the reply to step {step} holds no ids", words::reply(note))),
        Some(got) if got == expected => None,
        Some(got) if got.count != got.distinct => Some(format!(
            "{} ids, {} of them different; expected {}",
            got.count, got.distinct, expected.count
        )),
        Some(got) if got.count == expected.count => {
            Some(format!("{} ids, and not the right ones", got.count))
        }
        Some(got) => Some(format!("{} ids; expected {}", got.count, expected.count)),
    }
}

/// That a caller is told nothing, or nothing that fits, in words.
fn says_otherwise(patterns: &[String], note: &ReplyNote, sight: &Sight<'_>) -> Option<String> {
    let told = match (note.ok, &note.message, note.status) {
        (false, Some(message), _) => message.to_lowercase(),
        // Whoever is handed an answer has its status.
        (true, _, Some(status)) if status >= 400 => status.to_string(),
        _ => return Some(format!("{}; and it says nothing", words::reply(note))),
    };
    let patterns = patterns.iter().map(|pattern| sight.with_client_ids(pattern).to_lowercase());
    let fits = OneOrMore(patterns.collect()).fits(&told);
    (!fits).then(|| words::reply(note))
}

fn returns(wanted: &Returns, sight: &Sight<'_>) -> Found {
    let replies: Vec<_> = sight.replies.iter().filter(|reply| reply.note.step == wanted.step).collect();
    let Some(last) = replies.last() else {
        return Found::new(false, format!("step {} was never asked for", wanted.step), Vec::new());
    };
    if let Some(cut) = replies.iter().find(|reply| reply.note.cut.is_some()) {
        return Found::new(false, words::reply(cut.note), vec![cut.n]);
    }
    let asked = sight.steps.iter().find(|step| step.note.step == wanted.step).map_or(last.n, |step| step.n);
    // Of a client that is started anew this is the end of the one before.
    let ended = sight.entries.iter().filter(|entry| (asked..=last.n).contains(&entry.n));
    let kill = ended.into_iter().find_map(|entry| match &entry.event {
        Event::Exit { why: Some(why), .. } => Some((entry.n, why)),
        _ => None,
    });
    if let Some((n, why)) = kill {
        return Found::new(false, why.clone(), vec![n]);
    }
    let Some(within) = wanted.within else {
        return Found::new(true, format!("step {} came back", wanted.step), vec![last.n]);
    };
    let took = sight.real_between(asked, last.n);
    Found::new(
        took <= within.duration(),
        format!("step {} came back after {took:#}", wanted.step),
        vec![asked, last.n],
    )
}

fn count(CountOf { of, is }: &CountOf, sight: &Sight<'_>, window: &Window<'_>) -> Found {
    let found = sight.select(of, window);
    Found::new(is.0.holds(found.len()), words::listed(&found), numbers(&found))
}

fn never(Never { of, before }: &Never, sight: &Sight<'_>, window: &Window<'_>) -> Found {
    let end = before
        .as_ref()
        .map(|before| sight.select(before, window).first().map(|seen| Sight::place(seen, window)));
    let mut found = sight.select(of, window);
    if let Some(Some(end)) = end {
        found.retain(|seen| Sight::place(seen, window) < end);
    }
    Found::new(found.is_empty(), words::listed(&found), numbers(&found))
}

fn order(selectors: &[Selector], sight: &Sight<'_>, window: &Window<'_>) -> Found {
    let mut last = None;
    let mut matched = Vec::new();
    for (nth, selector) in selectors.iter().enumerate() {
        let all = sight.select(selector, window);
        let next = all.iter().find(|seen| last.is_none_or(|last| Sight::place(seen, window) > last));
        let Some(seen) = next else {
            let came = if all.is_empty() { "there is no" } else { "there is no further" };
            let behind = matched.last().map(|n| format!(" after #{n}")).unwrap_or_default();
            let so_far = match nth {
                0 => String::new(),
                1 => "only 1 matched: ".to_owned(),
                nth => format!("only {nth} matched: "),
            };
            let actual = format!("{so_far}{came} {}{behind}", words::selector(selector));
            return Found::new(false, actual, matched);
        };
        last = Some(Sight::place(seen, window));
        matched.push(seen.n());
    }
    let actual = matched.iter().map(|n| format!("#{n}")).collect::<Vec<_>>().join(", ");
    Found::new(true, actual, matched)
}

fn gap(Gap { from, to, min }: &Gap, sight: &Sight<'_>, window: &Window<'_>) -> Found {
    let first = |selector| sight.select(selector, window).first().copied();
    let (from_seen, to_seen) = match (first(from), first(to)) {
        (Some(from), Some(to)) => (from, to),
        (Some(seen), None) => {
            let actual = format!("only 1 matched: there is no {}", words::selector(to));
            return Found::new(false, actual, vec![seen.n()]);
        }
        (_, to_seen) => {
            let actual = format!("there is no {}", words::selector(from));
            return Found::new(false, actual, to_seen.map(Seen::n).into_iter().collect());
        }
    };
    let events = vec![from_seen.n(), to_seen.n()];
    let Some(answered) = from_seen.answered else {
        return Found::new(false, format!("#{} was never answered", from_seen.n()), events);
    };
    let waited = sight.waited(answered, to_seen.n());
    let holds = to_seen.n() > answered && waited + early(sight) >= min.duration();
    Found::new(holds, format!("{waited:#} from the answer to #{} to #{}", events[0], events[1]), events)
}

/// How much a wait may fall short of what is asked for.
fn early(sight: &Sight<'_>) -> SignedDuration {
    if sight.pace == Pace::SleepEvents { SignedDuration::ZERO } else { EARLY }
}

fn delays(wanted: &Delays, sight: &Sight<'_>, window: &Window<'_>) -> Found {
    let Delays { of, grow, distinct, min, least, most } = wanted;
    let found = sight.select(of, window);
    let events = numbers(&found);
    let mut waits = Vec::new();
    for (one, next) in found.iter().zip(found.iter().skip(1)) {
        let Some(answered) = one.answered else {
            return Found::new(false, format!("#{} was never answered", one.n()), events);
        };
        waits.push(sight.waited(answered, next.n()));
    }
    let needs_some = *grow || distinct.is_some() || min.is_some() || least.is_some();
    if waits.is_empty() {
        let actual = format!("{}: that is no wait between two", words::listed(&found));
        return Found::new(!needs_some, actual, events);
    }
    let different: BTreeSet<_> = waits.iter().collect();
    let together = words::together(&waits);
    let holds = (!grow
        || waits.iter().zip(waits.iter().skip(1)).all(|(one, next)| *one <= *next + early(sight)))
        && distinct.is_none_or(|is| is.0.holds(different.len()))
        && min.is_none_or(|min| waits.iter().all(|wait| *wait + early(sight) >= min.duration()))
        && least.is_none_or(|least| together + early(sight) >= least.duration())
        && most.is_none_or(|most| together <= most.duration());
    Found::new(holds, words::waits(&waits, &events), events)
}

fn same(Same { a, b }: &Same, sight: &Sight<'_>, window: &Window<'_>) -> Found {
    let first = |selector| sight.select(selector, window).first().copied();
    let (one, other) = match (first(a), first(b)) {
        (Some(one), Some(other)) => (one, other),
        (one, other) => {
            let missing = if one.is_none() { a } else { b };
            let events = [one, other].into_iter().flatten().map(Seen::n).collect();
            return Found::new(false, format!("there is no {}", words::selector(missing)), events);
        }
    };
    let events = vec![one.n(), other.n()];
    if one.n() == other.n() {
        return Found::new(false, format!("only 1 matched: #{}", one.n()), events);
    }
    let (x, y) = (one.request(), other.request());
    let mut differ = Vec::new();
    let mut compare = |what: &str, a: &str, b: &str| {
        if a != b {
            differ.push(format!("{what}: {a:?} and {b:?}"));
        }
    };
    compare("method", &x.method, &y.method);
    compare("host", &x.host, &y.host);
    compare("path", &x.path, &y.path);
    compare("query", &x.query, &y.query);
    compare("body", x.body.as_deref().unwrap_or("none"), y.body.as_deref().unwrap_or("none"));
    let caller: BTreeSet<&String> = sight
        .steps
        .iter()
        .filter(|step| x.phase.as_deref() == Some(sight.phase(&step.note.step)))
        .flat_map(|step| step.note.headers.keys())
        .collect();
    let header = |seen: &Seen, name: &str| -> Vec<String> {
        let named = seen.request().headers.iter().filter(|(given, _)| *given == name);
        named.map(|(_, value)| value.to_owned()).collect()
    };
    for name in caller {
        let (a, b) = (header(one, name).join(", "), header(other, name).join(", "));
        compare(&format!("header {name}"), &a, &b);
    }
    match differ.is_empty() {
        true => Found::new(true, format!("#{} and #{} are the same", events[0], events[1]), events),
        false => Found::new(
            false,
            format!("#{} and #{} differ in {}", events[0], events[1], differ.join("; ")),
            events,
        ),
    }
}

/// A field of a request, as a text.
fn value(field: &Field, seen: &Seen) -> String {
    let request = seen.request();
    let none = || "none".to_owned();
    match field {
        Field::Token => request.token.as_ref().map_or_else(none, |token| token.symbol.clone()),
        Field::Connection => request.connection.to_string(),
        Field::Body => request.json.clone().or_else(|| request.body.clone()).unwrap_or_else(none),
        Field::Host => request.host.clone(),
        Field::Query(name) => words::parameter(&request.query, name).unwrap_or_else(none),
    }
}

fn distinct(wanted: &Distinct, check: &Check, sight: &Sight<'_>, window: &Window<'_>) -> Found {
    let found = sight.select(&wanted.of, window);
    let mut values: BTreeSet<String> = found.iter().map(|seen| value(&wanted.field, seen)).collect();
    if wanted.with_call {
        let asked = sight
            .steps
            .iter()
            .filter(|step| check.phase.iter().any(|phase| phase == sight.phase(&step.note.step)));
        values.extend(asked.filter_map(|step| match &wanted.field {
            Field::Body => step.note.body.clone(),
            Field::Query(name) => words::parameter(step.note.query.as_deref()?, name),
            Field::Token | Field::Connection | Field::Host => None,
        }));
    }
    let shown: Vec<_> = values.iter().take(words::MOST).map(String::as_str).collect();
    let actual = format!("{} in {} requests: {}", values.len(), found.len(), shown.join(", "));
    Found::new(wanted.is.0.holds(values.len()), actual, numbers(&found))
}

fn each(Each { group, count: CountOf { of, is } }: &Each, sight: &Sight<'_>, window: &Window<'_>) -> Found {
    let mut groups: BTreeMap<String, Vec<&Seen>> = BTreeMap::new();
    for seen in sight.select(of, window) {
        groups.entry(value(group, seen)).or_default().push(seen);
    }
    let wrong = groups.iter().find(|(_, found)| !is.0.holds(found.len()));
    match wrong {
        Some((value, found)) => {
            Found::new(false, format!("{group} {value}: {}", words::listed(found)), numbers(found))
        }
        None if groups.is_empty() => Found::new(false, "there is none at all", Vec::new()),
        None => Found::new(true, format!("so it is in each of {} groups", groups.len()), Vec::new()),
    }
}

fn sockets(Sockets { is }: Sockets, sight: &Sight<'_>) -> Found {
    let mut kept: Option<BTreeMap<u64, u64>> = None;
    for (nth, entry) in sight.entries.iter().enumerate() {
        if matches!(entry.event, Event::Farewell {}) {
            kept.get_or_insert_default().extend(run::open_connections(&sight.entries[..nth]));
        }
    }
    let Some(kept) = kept else {
        return Found::new(false, "the client did not live to be told to end", Vec::new());
    };
    let shown: Vec<_> = kept.keys().take(words::MOST).map(u64::to_string).collect();
    let actual = match &shown[..] {
        [] => "none".to_owned(),
        shown => format!("{}: connection {}", kept.len(), shown.join(", ")),
    };
    Found::new(is.0.holds(kept.len()), actual, kept.into_values().collect())
}

fn leak(wanted: &LeakOf, sight: &Sight<'_>) -> Found {
    let fits = |pattern: &Option<crate::scenario::OneOrMore>, text: Option<&str>| {
        pattern.as_ref().is_none_or(|pattern| text.is_some_and(|text| pattern.fits(text)))
    };
    let found: Vec<_> = sight
        .leaks
        .iter()
        .filter(|leak| {
            fits(&wanted.symbol, Some(&leak.note.symbol))
                && fits(&wanted.place, Some(&leak.note.place.to_string()))
                && fits(&wanted.host, leak.note.host.as_deref())
        })
        .collect();
    let actual = match &found[..] {
        [] => "none".to_owned(),
        leaks => leaks.iter().take(words::MOST).map(|leak| words::leak(leak)).collect::<Vec<_>>().join("; "),
    };
    Found::new(wanted.is.0.holds(found.len()), actual, found.iter().map(|leak| leak.n).collect())
}

fn file(wanted: &FileIs, check: &Check, sight: &Sight<'_>) -> Found {
    let over =
        |reply: &&Noted<'_, ReplyNote>| check.phase.is_empty() || check.phase.contains(&reply.note.step);
    let last = sight.replies.iter().filter(over).map(|reply| reply.n).max().unwrap_or_default();
    let mut files = sight.files.iter().filter(|file| file.note.which == wanted.which);
    let Some(file) = files.clone().find(|file| file.n > last).or_else(|| files.next_back()) else {
        return Found::new(false, format!("there is no {}", wanted.which), Vec::new());
    };
    let note = file.note;
    let held = |wanted: &Vec<String>| wanted.iter().all(|symbol| note.holds.contains(symbol));
    let holds = wanted.holds.as_ref().is_none_or(held)
        && wanted.mode.as_ref().is_none_or(|mode| note.mode == *mode)
        && wanted.replaced.is_none_or(|replaced| note.replaced == replaced);
    let replaced = if note.replaced { "replaced in one piece" } else { "the same file as before" };
    let held = if note.holds.is_empty() { "nothing of ours".to_owned() } else { note.holds.join(", ") };
    Found::new(holds, format!("mode {}, {replaced}, holds {held}", note.mode), vec![file.n])
}

fn numbers(found: &[&Seen]) -> Vec<u64> {
    found.iter().map(|seen| seen.n()).collect()
}

impl Sight<'_> {
    /// Whether a step cannot succeed without a request: a call, or a list.
    fn must_ask(&self, id: u64) -> bool {
        self.steps.iter().any(|step| step.note.id == id && matches!(step.note.verb.as_str(), "call" | "list"))
    }

    /// Whether a request that it asks for came between a step and its reply.
    fn asked_before(&self, reply: &Noted<'_, ReplyNote>) -> bool {
        let Some(step) = self.steps.iter().find(|step| step.note.id == reply.note.id) else { return false };
        self.seen.iter().any(|seen| {
            let request = seen.request();
            let is_it = step.note.path.as_ref().is_none_or(|path| *path == request.path);
            (step.n..reply.n).contains(&seen.n()) && request.op == OpKind::Api && is_it
        })
    }

    /// What a list must hold.
    fn list(&self, key: &str) -> Option<&greenroom_model::history::IdSet> {
        self.entries.iter().find_map(|entry| match &entry.event {
            Event::World { lists, .. } => lists.get(key),
            _ => None,
        })
    }

    /// A pattern with ids in the place of `client:msp.id`, where that stands alone or between stars.
    fn with_client_ids(&self, pattern: &str) -> String {
        let id = |part: &str| {
            let ClientSymbol { name, part: ClientPart::Id } = ClientSymbol::of(part)? else { return None };
            self.entries.iter().find_map(|entry| match &entry.event {
                Event::World { clients, .. } => clients.get(name).cloned(),
                _ => None,
            })
        };
        let parts = pattern.split('*').map(|part| id(part).unwrap_or_else(|| part.to_owned()));
        parts.collect::<Vec<_>>().join("*")
    }

    /// Real time between two entries.
    fn real_between(&self, from: u64, to: u64) -> SignedDuration {
        let at = |n: u64| self.entries.iter().find(|entry| entry.n == n).map_or(0, |entry| entry.real_ms);
        SignedDuration::from_millis(i64::try_from(at(to).saturating_sub(at(from))).unwrap_or(i64::MAX))
    }
}
