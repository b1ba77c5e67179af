//! What happened: an append-only list of entries under one sequence, bounded by count and bytes.

mod canonical;
mod cut;
mod headers;
mod notes;
mod reading;
mod size;

use std::{
    borrow::Cow,
    collections::{BTreeMap, VecDeque},
};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::size::size_of;
pub use self::{
    canonical::canonical,
    cut::{LONGEST, beginning},
    headers::Headers,
    notes::{Encoding, FileNote, IdSet, Leak, Place, ReplyNote, StepNote, Stream},
    reading::Reading,
};
use crate::{
    call::OpKind,
    credential::AuthMethod,
    time::Real,
    token::{Standing, TokenKind},
};

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Entries. Default 20,000.
    pub entries: usize,
    /// Bytes, estimated from what the entries hold. Default 16 MiB.
    pub bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { entries: 20_000, bytes: 16 << 20 }
    }
}

/// A text that is most often one of a few: then it is part of the program and takes no memory.
pub type Word = Cow<'static, str>;

/// A token as an entry shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenView {
    /// Its symbol, `msp#1`; for one that is none of ours a digest, or `literal:null`,
    /// `literal:None`, `literal:empty`.
    pub symbol: String,
    /// Its kind, if it is ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<TokenKind>,
    /// Its standing when it was seen, if it is ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
    /// Seconds since it was issued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<i64>,
    /// Seconds until it expires; negative afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining: Option<i64>,
}

/// A request, as far as it was understood when it arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Request {
    /// The connection it came on, counted from 1.
    pub connection: u64,
    /// The phase in which it came: the step of a scenario.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// What kind of request it is.
    pub op: OpKind,
    /// The name of the route, if there is one: `glp.devices.list`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<Word>,
    /// HTTP version: `1.1`, `2`.
    pub http: Word,
    /// Whether it came through TLS.
    pub tls: bool,
    /// The host it addressed.
    pub host: String,
    /// The method.
    pub method: Word,
    /// The path; segments that are secrets are digests.
    pub path: String,
    /// The query, as written; values that are secrets are digests.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub query: String,
    /// Headers in order, names in lower case; credentials are digests.
    pub headers: Headers,
    /// How client credentials were sent, at a token endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<AuthMethod>,
    /// The form, with secrets as digests.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub form: BTreeMap<String, String>,
    /// The workspace in the path of a token request, by symbol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// The client that a token request names, by name, or the id it sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The bearer token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenView>,
    /// The subject token of an exchange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<TokenView>,
    /// The workspace in which the bearer token acts, by symbol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The digest of the body, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The digest of the body as a JSON value ([`canonical`]), if it is one and evidence is gathered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<String>,
}

impl Request {
    /// A GET of this path over HTTP/1.1 and TLS, of which nothing else is known: what a history made by hand begins
    /// with.
    pub fn of(op: OpKind, path: impl Into<String>) -> Self {
        Self {
            connection: 1,
            phase: None,
            op,
            route: None,
            http: "1.1".into(),
            tls: true,
            host: String::new(),
            method: "GET".into(),
            path: path.into(),
            query: String::new(),
            headers: Headers::default(),
            auth: None,
            form: BTreeMap::new(),
            workspace: None,
            client: None,
            token: None,
            subject: None,
            actor: None,
            body: None,
            json: None,
        }
    }
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// It got what it asked for.
    Answered,
    /// It was refused.
    Refused,
    /// A rule answered in its place, or ended the connection: nobody looked at what it asked for.
    Faulted,
    /// The client left before the answer was ready.
    ClientGone,
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Response {
    /// The entry of its request.
    pub request: u64,
    /// The status; absent when no answer was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The status that the service had answered with, where a rule changed or lost that answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handled: Option<u16>,
    /// What was decided.
    pub decision: Decision,
    /// The code of the refusal: `expired`, `unknown_token`, `bad_client`…
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// Why, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The token that was issued, by symbol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued: Option<String>,
    /// The rules that were applied, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub applied: Vec<String>,
    /// What the request changed in the world: `credential nightly-sync created`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<String>,
}

impl Response {
    /// The answer to a request, of which nothing else is known yet.
    pub fn of(request: u64, decision: Decision) -> Self {
        Self {
            request,
            status: None,
            handled: None,
            decision,
            refused: None,
            why: None,
            issued: None,
            applied: Vec::new(),
            changes: Vec::new(),
        }
    }
}

/// What an entry tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The first entry: what there is at the start.
    World {
        /// The seed.
        seed: u64,
        /// Symbol and id of each workspace.
        workspaces: BTreeMap<String, String>,
        /// Name and id of each API client. Only where evidence is gathered.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        clients: BTreeMap<String, String>,
        /// What its clients should list: `devices(acme)` the serial numbers of the devices that Central lists
        /// for a workspace, `tenants(msp)` the ids of the tenants of an MSP, without dashes. Only where
        /// evidence is gathered.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        lists: BTreeMap<String, IdSet>,
        /// The hosts that are there to see who sends something to them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        traps: Vec<String>,
    },
    /// Something happened to a connection.
    Connection {
        /// Its number, counted from 1.
        connection: u64,
        /// `opened`, `tunnel`, `refused`, `tls-failed`, `malformed`, `timed-out`, `ended-by-rule`, `closed`.
        what: String,
        /// The host it asked for, where it asked for one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        host: Option<String>,
        /// Why, in a sentence.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// A request arrived.
    Request(Box<Request>),
    /// A request was answered.
    Response(Response),
    /// A rule fired.
    Fault {
        /// The rule.
        rule: String,
        /// The request it fired on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<u64>,
        /// The connection it fired on, where there was no request yet.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        connection: Option<u64>,
        /// What it did.
        did: String,
    },
    /// A gate opened.
    Gate {
        /// The rule it belongs to.
        rule: String,
        /// How many requests waited.
        waiting: u64,
        /// How many requests to the client of a scenario had no reply yet.
        #[serde(default, skip_serializing_if = "is_zero")]
        asked: u64,
        /// What opened it: `waiting`, `quiet`, `seen`, `step`, `limit` or `removed`.
        opened_by: String,
        /// What its `then` did.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        did: Vec<String>,
    },
    /// The clock was moved or its speed changed.
    Clock {
        /// What was done: `advance 16m`.
        did: String,
    },
    /// A remark, such as a dialect that was changed.
    Note {
        /// The remark.
        text: String,
    },
    /// The client of a scenario was asked for a step, or was not because it makes no sense any more.
    Step(Box<StepNote>),
    /// It replied, or will not.
    Reply(ReplyNote),
    /// It wants to sleep.
    Sleep {
        /// The number of the sleep.
        n: u64,
        /// For how many milliseconds.
        ms: u64,
    },
    /// It was told that a sleep is over.
    Wake {
        /// The number of the sleep.
        n: u64,
    },
    /// It wrote something.
    Output {
        /// Where.
        stream: Stream,
        /// What, without secrets.
        text: String,
    },
    /// A secret was seen where none belongs.
    Leak(Leak),
    /// A file of the client was looked at.
    File(FileNote),
    /// It is told to end: nothing more is asked of it, and its stdin is closed. Told where it matters what it had
    /// open by then.
    Farewell {},
    /// Its process ended.
    Exit {
        /// Its exit code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<i32>,
        /// The signal that ended it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signal: Option<i32>,
        /// Why it was ended, if it did not end by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// Its number, counted from 1 without gaps.
    pub n: u64,
    /// Virtual time.
    pub at: Timestamp,
    /// Milliseconds of real time since the emulator started.
    pub real_ms: u64,
    /// What it tells.
    #[serde(flatten)]
    pub event: Event,
}

/// A request joined with its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Exchange {
    /// The number of the request's entry.
    pub n: u64,
    /// When it arrived, in virtual time.
    pub at: Timestamp,
    /// The request.
    pub request: Request,
    /// The answer, unless it is still being made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<Response>,
}

/// The entries of one sandbox.
#[derive(Clone, Debug, Default)]
pub struct History {
    bounds: Bounds,
    entries: VecDeque<(usize, Entry)>,
    bytes: usize,
    last: u64,
    dropped: u64,
}

impl History {
    /// An empty history that keeps at most so much.
    pub fn new(bounds: Bounds) -> Self {
        Self { bounds, ..Self::default() }
    }

    /// Appends an entry and returns its number. Of long texts of a request, and of the step that asks for
    /// it, it keeps the beginnings.
    pub fn append(&mut self, mut event: Event, at: Timestamp, real: Real) -> u64 {
        self.last += 1;
        match &mut event {
            Event::Request(request) => request.cut(),
            Event::Step(note) => note.cut(),
            _ => {}
        }
        let real_ms = u64::try_from(real.as_millis()).unwrap_or(u64::MAX);
        let size = size_of(&event);
        self.entries.push_back((size, Entry { n: self.last, at, real_ms, event }));
        self.bytes += size;
        while self.entries.len() > self.bounds.entries || self.bytes > self.bounds.bytes {
            let Some((size, _)) = self.entries.pop_front() else { break };
            self.bytes -= size;
            self.dropped += 1;
        }
        self.last
    }

    /// The entries after number `after`, oldest first.
    pub fn after(&self, after: u64) -> impl Iterator<Item = &Entry> {
        let skip = usize::try_from(after.saturating_sub(self.dropped)).unwrap_or(usize::MAX);
        self.entries.iter().skip(skip).map(|(_, entry)| entry)
    }

    /// The request of that number, if it is still there.
    pub fn request(&self, n: u64) -> Option<&Request> {
        match &self.after(n.checked_sub(1)?).next()?.event {
            Event::Request(request) if n > self.dropped => Some(request),
            _ => None,
        }
    }

    /// The number of the newest entry.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// How many entries were dropped to keep within the bounds.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The exchanges after number `after`, in order of their requests.
    pub fn exchanges(&self, after: u64) -> Vec<Exchange> {
        join(self.after(after))
    }
}

/// Joins requests with their answers.
pub fn join<'a>(entries: impl Iterator<Item = &'a Entry>) -> Vec<Exchange> {
    let mut exchanges: BTreeMap<u64, Exchange> = BTreeMap::new();
    for entry in entries {
        match &entry.event {
            Event::Request(request) => {
                let exchange =
                    Exchange { n: entry.n, at: entry.at, request: (**request).clone(), response: None };
                exchanges.insert(entry.n, exchange);
            }
            Event::Response(response) => {
                if let Some(exchange) = exchanges.get_mut(&response.request) {
                    exchange.response = Some(response.clone());
                }
            }
            _ => {}
        }
    }
    exchanges.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(history: &mut History) -> u64 {
        history.append(Event::Note { text: "x".into() }, Timestamp::UNIX_EPOCH, Real::ZERO)
    }

    fn ids() -> IdSet {
        IdSet::of(["a", "b"].into_iter())
    }

    fn leak() -> Leak {
        Leak {
            symbol: "acme#2".into(),
            place: Place::Output { stream: Stream::Stderr },
            host: None,
            encoding: Encoding::Base64,
            request: None,
            step: None,
            log: Some("DEBUG".into()),
        }
    }

    #[test]
    fn numbers_have_no_gaps_and_old_entries_go_first() {
        let mut history = History::new(Bounds { entries: 3, bytes: usize::MAX });
        let numbers: Vec<_> = (0..5).map(|_| note(&mut history)).collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5]);
        assert_eq!((history.last(), history.dropped()), (5, 2));
        assert_eq!(history.after(0).map(|entry| entry.n).collect::<Vec<_>>(), [3, 4, 5]);
        assert_eq!(history.after(4).map(|entry| entry.n).collect::<Vec<_>>(), [5]);
        assert_eq!(history.after(u64::MAX).count(), 0);
    }

    #[test]
    fn bytes_are_bounded_too() {
        let mut history = History::new(Bounds { entries: usize::MAX, bytes: 4_000 });
        for _ in 0..1_000 {
            note(&mut history);
        }
        assert!(history.bytes <= 4_000 && history.after(0).count() > 2);
        let long = || "x".repeat(3_000);
        for event in [
            Event::Note { text: long() },
            Event::Fault { rule: long(), request: Some(1), connection: None, did: long() },
            Event::Gate { rule: long(), waiting: 1, asked: 1, opened_by: long(), did: vec![long()] },
            Event::Clock { did: long() },
            Event::World {
                seed: 1,
                workspaces: [].into(),
                clients: [].into(),
                lists: [].into(),
                traps: vec![long()],
            },
            Event::World {
                seed: 1,
                workspaces: [].into(),
                clients: [(long(), long())].into(),
                lists: [(long(), ids())].into(),
                traps: vec![],
            },
            Event::Step(Box::new(StepNote { path: Some(long()), ..StepNote::default() })),
            Event::Step(Box::new(StepNote { headers: [(long(), long())].into(), ..StepNote::default() })),
            Event::Reply(ReplyNote { message: Some(long()), ..ReplyNote::default() }),
            Event::Output { stream: Stream::Stderr, text: long() },
            Event::Leak(Leak { symbol: long(), ..leak() }),
            Event::Leak(Leak { host: Some(long()), ..leak() }),
            Event::File(FileNote { holds: vec![long()], ..FileNote::default() }),
            Event::Exit { code: None, signal: None, why: Some(long()) },
            Event::Connection { connection: 1, what: long(), host: Some(long()), why: Some(long()) },
            Event::Response(Response {
                request: 1,
                status: None,
                handled: None,
                decision: Decision::Answered,
                refused: None,
                why: None,
                issued: None,
                applied: Vec::new(),
                changes: vec![long()],
            }),
        ] {
            assert!(size_of(&event) > 3_000, "{event:?}");
            history.append(event, Timestamp::UNIX_EPOCH, Real::ZERO);
            assert!(history.bytes <= 4_000);
        }
    }

    #[test]
    fn entries_can_be_written_and_read_back() {
        let step = StepNote {
            id: 4,
            step: "hit".into(),
            verb: "call".into(),
            client: Some("acme".into()),
            headers: [("x-a".to_owned(), "1".to_owned())].into(),
            ..StepNote::default()
        };
        let reply =
            ReplyNote { id: 4, step: "hit".into(), ok: true, status: Some(200), ..ReplyNote::default() };
        let file = FileNote {
            which: "token_file".into(),
            mode: "0600".into(),
            inode: 5,
            replaced: true,
            holds: vec!["acme#1".into(), "secret".into()],
        };
        let digest = ids().digest;
        for (event, expected) in [
            (
                Event::Fault { rule: "r".into(), request: Some(6), connection: None, did: "advance 16m".into() },
                r#""fault":{"rule":"r","request":6,"did":"advance 16m"}"#.to_owned(),
            ),
            (
                Event::World {
                    seed: 1,
                    workspaces: [].into(),
                    clients: [].into(),
                    lists: [].into(),
                    traps: vec![],
                },
                r#""world":{"seed":1,"workspaces":{}}"#.to_owned(),
            ),
            (
                Event::World {
                    seed: 1,
                    workspaces: [].into(),
                    clients: [("msp".to_owned(), "c".to_owned())].into(),
                    lists: [("devices(acme)".to_owned(), ids())].into(),
                    traps: vec!["evil.example.net".into()],
                },
                format!(
                    r#""world":{{"seed":1,"workspaces":{{}},"clients":{{"msp":"c"}},"lists":{{"devices(acme)":{{"count":2,"distinct":2,"digest":"{digest}"}}}},"traps":["evil.example.net"]}}"#
                ),
            ),
            (
                Event::Gate { rule: "r".into(), waiting: 2, asked: 0, opened_by: "limit".into(), did: vec![] },
                r#""gate":{"rule":"r","waiting":2,"opened_by":"limit"}"#.to_owned(),
            ),
            (
                Event::Gate { rule: "r".into(), waiting: 2, asked: 3, opened_by: "limit".into(), did: vec![] },
                r#""gate":{"rule":"r","waiting":2,"asked":3,"opened_by":"limit"}"#.to_owned(),
            ),
            (
                Event::Step(Box::new(step)),
                r#""step":{"id":4,"step":"hit","verb":"call","client":"acme","headers":{"x-a":"1"}}"#.to_owned(),
            ),
            (
                Event::Reply(ReplyNote { ids: Some(ids()), ..reply }),
                format!(
                    r#""reply":{{"id":4,"step":"hit","ok":true,"status":200,"ids":{{"count":2,"distinct":2,"digest":"{digest}"}}}}"#
                ),
            ),
            (Event::Sleep { n: 1, ms: 3000 }, r#""sleep":{"n":1,"ms":3000}"#.to_owned()),
            (Event::Wake { n: 1 }, r#""wake":{"n":1}"#.to_owned()),
            (
                Event::Output { stream: Stream::Stdout, text: "x".into() },
                r#""output":{"stream":"stdout","text":"x"}"#.to_owned(),
            ),
            (
                Event::Leak(leak()),
                r#""leak":{"symbol":"acme#2","place":{"output":{"stream":"stderr"}},"encoding":"base64","log":"DEBUG"}"#
                    .to_owned(),
            ),
            (
                Event::Leak(Leak { place: Place::Message, encoding: Encoding::Url, request: Some(6), log: None, ..leak() }),
                r#""leak":{"symbol":"acme#2","place":"message","encoding":"url","request":6}"#.to_owned(),
            ),
            (
                Event::File(file),
                r#""file":{"which":"token_file","mode":"0600","inode":5,"replaced":true,"holds":["acme#1","secret"]}"#
                    .to_owned(),
            ),
            (Event::Farewell {}, r#""farewell":{}"#.to_owned()),
            (Event::Exit { code: Some(0), signal: None, why: None }, r#""exit":{"code":0}"#.to_owned()),
        ] {
            let entry = Entry { n: 7, at: Timestamp::UNIX_EPOCH, real_ms: 3, event };
            let json = serde_json::to_string(&entry).unwrap();
            assert_eq!(json, format!(r#"{{"n":7,"at":"1970-01-01T00:00:00Z","real_ms":3,{expected}}}"#));
            assert_eq!(serde_json::from_str::<Entry>(&json).unwrap(), entry);
        }
    }
}
