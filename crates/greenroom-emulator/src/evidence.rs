//! Evidence: what whoever drives a client tells of it, and secrets seen where none belongs.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use greenroom_model::{
    call::OpKind,
    credential::ApiClient,
    history::{Encoding, Event, FileNote, IdSet, Leak, Place, ReplyNote, Request, StepNote, Stream},
    host::HostFamily,
    secret::Secret,
    tenancy::WorkspaceKind,
    token::Unsigned,
    world::World,
};
use http::{HeaderName, header};
use jiff::Timestamp;

use crate::{
    clock,
    leak::{Found, Index},
    oauth::Endpoint,
    record::{self, Arrival},
    sandbox::{Locked, Sandbox, State},
    veil::Veil,
};

/// A line that is longer is taken in parts.
const LONGEST_LINE: usize = 16 << 10;
/// What is kept back of such a line: a piece of a secret may have begun, in base64 with percent signs at worst.
const KEPT_BACK: usize = 256;

/// What is known of a client, and what is looked for in what it writes.
#[derive(Debug)]
pub(crate) struct Watch {
    /// Tokens and secrets, where they are looked for.
    index: Option<RwLock<Index>>,
    /// Which secrets of the world are in it.
    secrets: AtomicU64,
    /// What was written and is not told yet: a line that has no end.
    pending: Mutex<BTreeMap<Stream, Vec<u8>>>,
    /// What its files were when they were looked at.
    inodes: Mutex<BTreeMap<String, u64>>,
}

/// The secrets of a world, by client, some of which nobody looks for yet.
struct News {
    version: u64,
    secrets: Vec<(String, Secret)>,
}

/// What under the lock is known of a client.
#[derive(Debug, Default)]
pub(crate) struct Course {
    /// The requests to the client that have no reply yet.
    asked: BTreeSet<u64>,
    /// The log level that was asked for last.
    log: Option<String>,
}

impl Course {
    /// How many requests to the client have no reply yet.
    pub(crate) fn asked(&self) -> u64 {
        self.asked.len() as u64
    }
}

/// A secret that was seen: of whom, and how it was written.
type Sighting = (String, Encoding);

impl Watch {
    /// Watches for tokens and secrets if `evidence` is gathered.
    pub(crate) fn new(evidence: bool) -> Self {
        Self {
            index: evidence.then(RwLock::default),
            // No world has come so far.
            secrets: AtomicU64::new(u64::MAX),
            pending: Mutex::default(),
            inodes: Mutex::default(),
        }
    }

    /// To look for something takes long, and every request waits for the state: whoever holds that one must not
    /// wait for this one.
    fn index(&self) -> Option<RwLockReadGuard<'_, Index>> {
        debug_assert!(!Locked::by_this_thread(), "the state is held while secrets are looked for");
        self.index.as_ref().map(|index| index.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn index_mut(&self) -> Option<RwLockWriteGuard<'_, Index>> {
        debug_assert!(!Locked::by_this_thread(), "the state is held while secrets are learnt");
        self.index.as_ref().map(|index| index.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// The secrets of a world, where any are looked for, if these are others than the last ones.
    fn news(&self, world: &World) -> Option<News> {
        let version = world.secrets_version();
        if self.index.is_none() || self.secrets.load(Ordering::Acquire) == version {
            return None;
        }
        let secret = |client: &ApiClient| Some((client.name.clone(), client.secret.value()?.clone()));
        let secrets = world.clients().filter_map(|(_, client)| secret(client));
        let passwords =
            world.users().filter_map(|(_, it)| Some((it.email.clone(), it.password.value()?.clone())));
        Some(News { version, secrets: secrets.chain(passwords).collect() })
    }

    /// Looks for these from now on, and for those before them.
    fn learn(&self, News { version, secrets }: News) {
        if let Some(mut index) = self.index_mut() {
            secrets.iter().for_each(|(client, secret)| index.secret(client, secret));
        }
        // Not before: whoever sees the number relies on the index.
        self.secrets.store(version, Ordering::Release);
    }

    fn look(&self, text: &[u8]) -> Vec<Found> {
        self.index().map(|index| index.look(text)).unwrap_or_default()
    }

    /// The text with names over the secrets, and which these are.
    fn seen(&self, text: &[u8]) -> (String, BTreeSet<Sighting>) {
        let Some(index) = self.index() else {
            return (String::from_utf8_lossy(text).into_owned(), [].into());
        };
        let found = index.look(text);
        let sightings = found.iter().map(|it| (index.called(it).to_owned(), it.encoding)).collect();
        (String::from_utf8_lossy(&index.covered(text, &found)).into_owned(), sightings)
    }

    /// What there is to tell of a stream: whole lines, or all of it.
    fn take(&self, stream: Stream, bytes: &[u8], all: bool) -> Option<(String, BTreeSet<Sighting>)> {
        let mut kept = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let mut pending = kept.remove(&stream).unwrap_or_default();
        pending.extend_from_slice(bytes);
        let line =
            bytes.iter().rposition(|byte| *byte == b'\n').map(|at| pending.len() - bytes.len() + at + 1);
        let end = match line {
            _ if all => pending.len(),
            Some(end) => end,
            None if pending.len() > LONGEST_LINE => self.end_of_part(&pending),
            None => 0,
        };
        let rest = pending.split_off(end);
        if !rest.is_empty() {
            kept.insert(stream, rest);
        }
        drop(kept);
        (!pending.is_empty()).then(|| self.seen(&pending))
    }

    /// Where a line that has no end can be parted without parting a secret.
    fn end_of_part(&self, line: &[u8]) -> usize {
        let end = line.len() - KEPT_BACK;
        let parted = self.look(line).into_iter().find(|found| found.place.end > end);
        let end = parted.map_or(end, |found| found.place.start.min(end));
        // A character has four bytes at most, and the second to fourth say that they are such.
        let begins = |at: &usize| line[*at] & 0b1100_0000 != 0b1000_0000;
        let end = (end.saturating_sub(3)..=end).rev().find(begins).unwrap_or(end);
        // If all of it is secrets, none of it is worth waiting for.
        if end == 0 { line.len() } else { end }
    }
}

impl Sandbox {
    /// What is done under the lock. All secrets that the world has then are looked for from now on, where any
    /// are.
    pub(crate) fn learning<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let done = work(&mut state);
        let news = self.watch.news(&state.world);
        drop(state);
        news.into_iter().for_each(|news| self.watch.learn(news));
        done
    }

    /// What hides the secrets of the world, all of which are looked for by now.
    pub(crate) fn informed(&self) -> Arc<Veil> {
        self.learning(State::veil)
    }

    /// Looks for a token that was signed just now, where any are looked for.
    pub(crate) fn learn_token(&self, unsigned: &Unsigned, token: &str) {
        if let Some(mut index) = self.watch.index_mut() {
            index.token(&unsigned.symbol.to_string(), token);
        }
    }

    fn output(&self, stream: Stream, bytes: &[u8], all: bool) {
        let veil = self.informed();
        let Some((text, sightings)) = self.watch.take(stream, bytes, all) else { return };
        let text = veil.whole(&text).into_owned();
        let mut state = self.lock();
        state.note(Event::Output { stream, text });
        state.note_leaks(leaks(sightings, Place::Output { stream }, None));
    }
}

/// Entries of what was seen in one place.
fn leaks(sightings: BTreeSet<Sighting>, place: Place, host: Option<&str>) -> Vec<Leak> {
    let leak = |(symbol, encoding)| Leak {
        symbol,
        place,
        host: host.map(str::to_owned),
        encoding,
        request: None,
        step: None,
        log: None,
    };
    sightings.into_iter().map(leak).collect()
}

impl Sandbox {
    /// The state, with a request as the history shows it, but for what the world knows of it, and what it gives
    /// away: by the secrets that the world has in that state, and searched before that was taken.
    pub(crate) fn recorded(
        &self,
        arrival: &Arrival<'_>,
        body: &[u8],
        mut veil: Arc<Veil>,
    ) -> (Locked<'_>, Request, Vec<Leak>) {
        loop {
            let request = self.record(arrival, &veil);
            let leaks = self.leaks_in(&request, arrival, body);
            let state = self.lock();
            if !veil.is_outdated(&state.world) {
                return (state, request, leaks);
            }
            drop(state);
            veil = self.informed();
        }
    }

    fn record(&self, arrival: &Arrival<'_>, veil: &Veil) -> Request {
        let mut request = arrival.record(veil);
        if self.evidence {
            let Request { host, path, query, headers, form, workspace, client, .. } = &mut request;
            let texts = [host, path, query].into_iter().chain(form.values_mut());
            for text in texts.chain(workspace.as_mut()).chain(client.as_mut()) {
                *text = self.covered(std::mem::take(text));
            }
            *headers = headers.iter().map(|(name, value)| (name, self.covered(value.to_owned()))).collect();
        }
        request
    }

    /// A text that is shown, with names over the parts of secrets that are looked for.
    pub(crate) fn covered(&self, text: String) -> String {
        match self.evidence {
            true => self.watch.seen(text.as_bytes()).0,
            false => text,
        }
    }

    /// The host that a connection is for as the history shows it, and what it gives away: who leads there, if
    /// only the resolver, reads it.
    pub(crate) fn host(&self, host: &str) -> (String, Vec<Leak>) {
        let veil = self.informed();
        // Tokens have letters of both cases.
        let (shown, sightings) = self.watch.seen(host.as_bytes());
        let shown = if sightings.is_empty() { shown.to_ascii_lowercase() } else { shown };
        let shown = veil.short(&shown).into_owned();
        let leaks = leaks(sightings, Place::Url, Some(&shown));
        (shown, leaks)
    }

    /// What a request gives away: in its URL, its headers but for the one that credentials belong in, and its
    /// body but for the forms of token endpoints; to a host that is no part of the cloud by anything.
    fn leaks_in(&self, request: &Request, arrival: &Arrival<'_>, body: &[u8]) -> Vec<Leak> {
        if !self.evidence {
            return Vec::new();
        }
        let watch = &self.watch;
        let foreign = arrival.door.family == HostFamily::Foreign;
        let host = foreign.then_some(request.host.as_str());
        let url = arrival.head.uri.path_and_query().map_or("", |url| url.as_str());
        // Classic's sign-in wants them in the query, and its session in a cookie (central.md §7.2).
        let step = !foreign && arrival.token_request.is_some_and(|it| it.endpoint != Endpoint::Issuer);
        let mut in_url = if step { BTreeSet::new() } else { watch.seen(url.as_bytes()).1 };
        if foreign {
            // As it came: that of the door is in lower case, and tokens are not.
            let host = arrival.head.uri.host().unwrap_or_default();
            in_url.extend(watch.seen(host.as_bytes()).1);
        }
        let mut all = leaks(in_url, Place::Url, host);
        let belongs = |name: &HeaderName| match *name {
            header::AUTHORIZATION => !foreign,
            header::COOKIE => step,
            _ => false,
        };
        let headers = arrival.head.headers.iter().filter(|(name, _)| !belongs(name));
        let in_headers = headers.flat_map(|(_, value)| watch.seen(value.as_bytes()).1).collect();
        all.extend(leaks(in_headers, Place::Header, host));
        // A token is sent in one way (RFC 6750 §2): beside the header, a form (§2.2) is a second one.
        if foreign || arrival.identified.op == OpKind::Api {
            all.extend(leaks(watch.seen(body).1, Place::Body, host));
        }
        all
    }
}

impl State {
    /// Records a request, and what it gives away. Returns the number of its entry.
    pub(crate) fn note_request(&mut self, request: Request, leaks: Vec<Leak>) -> u64 {
        let n = self.note(Event::Request(Box::new(request)));
        self.note_leaks(leaks.into_iter().map(|leak| Leak { request: Some(n), ..leak }).collect());
        n
    }

    /// Records leaks. Those that were in no request and no step say which step is under way.
    pub(crate) fn note_leaks(&mut self, leaks: Vec<Leak>) {
        for leak in leaks {
            let step = leak.step.or_else(|| self.phase.clone());
            self.note(Event::Leak(Leak { step, log: self.course.log.clone(), ..leak }));
        }
    }
}

/// What the clients of a world should list.
pub(crate) fn lists(world: &World) -> BTreeMap<String, IdSet> {
    let mut lists = BTreeMap::new();
    let fleet = world.fleet();
    for (ix, workspace) in world.workspaces() {
        let serials: Vec<_> = fleet.network(ix).map(|device| device.serial()).collect();
        let symbol = &workspace.symbol;
        lists.insert(format!("devices({symbol})"), IdSet::of(serials.iter().map(|serial| serial.as_str())));
        if workspace.kind == WorkspaceKind::Msp {
            let tenants = world.workspaces().filter(|(tenant, _)| world.manages(ix, *tenant));
            let ids: Vec<_> = tenants.map(|(_, tenant)| tenant.id.plain()).collect();
            lists.insert(format!("tenants({symbol})"), IdSet::of(ids.iter().map(|id| &**id)));
        }
    }
    lists
}

/// What whoever drives a client tells of it: appended to the history in the order in which it is told, between
/// the requests. Texts of the client are looked through for secrets, where these are looked for
/// ([`Builder::evidence`](crate::Builder::evidence)), and kept without them.
#[derive(Clone, Copy)]
pub struct Evidence<'a>(pub(crate) &'a Sandbox);

impl Evidence<'_> {
    /// The client is asked for a step, or is not because it makes no sense any more. Write it down before
    /// the client is asked. Returns the number of the entry.
    pub fn step(self, note: StepNote) -> u64 {
        let veil = self.0.informed();
        let hide = |text: String| self.0.covered(veil.whole(&text).into_owned());
        let headers = note.headers.into_iter().map(|(name, value)| (name, hide(value))).collect();
        // As in the record of a request, so that both can be compared.
        let query = note.query.map(|query| hide(record::without_secrets(&query).into_owned()));
        let note = StepNote { path: note.path.map(hide), query, headers, ..note };
        let mut state = self.0.lock();
        if note.skipped.is_none() {
            state.course.asked.insert(note.id);
            if note.log.is_some() {
                state.course.log.clone_from(&note.log);
            }
        }
        state.note(Event::Step(Box::new(note)))
    }

    /// The client replied, or will not any more. Returns the number of the entry.
    pub fn reply(self, note: ReplyNote) -> u64 {
        let veil = self.0.informed();
        let (message, sightings) = match &note.message {
            Some(message) => {
                let (message, sightings) = self.0.watch.seen(message.as_bytes());
                (Some(veil.whole(&message).into_owned()), sightings)
            }
            None => (None, BTreeSet::new()),
        };
        let kind = note.kind.as_ref().map(|kind| self.0.covered(veil.whole(kind).into_owned()));
        let mut leaks = leaks(sightings, Place::Message, None);
        leaks.iter_mut().for_each(|leak| leak.step = Some(note.step.clone()));
        let mut state = self.0.lock();
        state.course.asked.remove(&note.id);
        let n = state.note(Event::Reply(ReplyNote { kind, message, ..note }));
        state.note_leaks(leaks);
        n
    }

    /// A text as it may be shown: without secrets, and without parts of tokens.
    pub fn hidden(self, text: &str) -> String {
        let veil = self.0.lock().veil();
        self.0.covered(veil.whole(text).into_owned())
    }

    /// The client wants to sleep for so many milliseconds. Returns the number of the entry.
    pub fn sleep(self, n: u64, ms: u64) -> u64 {
        self.0.lock().note(Event::Sleep { n, ms })
    }

    /// A sleep of the client is over: the clock moves to its end, unless that has passed, and this entry is all
    /// that says so. Returns the number of the entry.
    pub fn wake(self, n: u64, until: Timestamp) -> u64 {
        let mut state = self.0.lock();
        // It never moves back.
        let _ = state.timeline.set(until, clock::real());
        state.note(Event::Wake { n })
    }

    /// The client wrote something. A stream is told by one task only. Whole lines are told at once, the rest when its line ends or at
    /// [`Evidence::flush`].
    pub fn output(self, stream: Stream, bytes: &[u8]) {
        self.0.output(stream, bytes, false);
    }

    /// Tells what is left of lines without an end.
    pub fn flush(self) {
        [Stream::Stdout, Stream::Stderr].into_iter().for_each(|stream| self.0.output(stream, &[], true));
    }

    /// A file of the client is looked at: what is in it, its permissions and its number in the file system, which says
    /// whether it is another one than before: whoever looks keeps the last one open, so that nobody gets its number.
    /// Returns what was told.
    pub fn file(self, which: &str, content: &[u8], mode: u32, inode: u64) -> FileNote {
        self.0.informed();
        let note = {
            let mut holds: Vec<String> = Vec::new();
            let mut secret = false;
            if let Some(index) = self.0.watch.index() {
                let mut found = index.look(content);
                found.sort_by_key(Index::rank);
                for name in found.iter().map(|found| index.called(found)) {
                    match name.starts_with("client:") {
                        true => secret = true,
                        false if holds.last().is_none_or(|last| last != name) => holds.push(name.to_owned()),
                        false => {}
                    }
                }
            }
            holds.extend(secret.then(|| "secret".to_owned()));
            let mut inodes = self.0.watch.inodes.lock().unwrap_or_else(PoisonError::into_inner);
            let before = inodes.insert(which.to_owned(), inode);
            let replaced = before.is_some_and(|before| before != inode);
            FileNote {
                which: which.to_owned(),
                mode: format!("{:04o}", mode & 0o7777),
                inode,
                replaced,
                holds,
            }
        };
        self.0.lock().note(Event::File(note.clone()));
        note
    }

    /// The client is told to end. Returns the number of the entry.
    pub fn farewell(self) -> u64 {
        self.0.lock().note(Event::Farewell {})
    }

    /// The client's process ended; `why` if it was ended. What it wrote last is told before. Returns the number
    /// of the entry.
    pub fn exit(self, code: Option<i32>, signal: Option<i32>, why: Option<String>) -> u64 {
        self.flush();
        self.0.lock().note(Event::Exit { code, signal, why })
    }
}

#[cfg(test)]
mod tests;
