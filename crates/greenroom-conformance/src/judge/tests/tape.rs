//! A history that is written down line by line.

use std::collections::BTreeMap;

use super::*;

/// A history that is written down line by line.
pub(super) struct Tape {
    pub(super) entries: Vec<Entry>,
    pub(super) now: Timestamp,
    pub(super) real_ms: u64,
    pub(super) phase: Option<String>,
    pub(super) asked: u64,
    pub(super) can: Vec<Capability>,
}

impl Tape {
    pub(super) fn new() -> Self {
        let lists = BTreeMap::from([("devices(acme)".to_owned(), ids(["a", "b", "c"]))]);
        let mut tape = Self {
            entries: Vec::new(),
            now: Timestamp::UNIX_EPOCH,
            real_ms: 0,
            phase: None,
            asked: 0,
            can: Vec::new(),
        };
        let clients = BTreeMap::from([("msp".to_owned(), "0c2d".to_owned())]);
        tape.add(Event::World { seed: 1, workspaces: BTreeMap::new(), clients, lists, traps: Vec::new() });
        tape
    }

    pub(super) fn add(&mut self, event: Event) -> u64 {
        let n = self.entries.len() as u64 + 1;
        self.entries.push(Entry { n, at: self.now, real_ms: self.real_ms, event });
        n
    }

    pub(super) fn pass(&mut self, ms: u64) {
        self.real_ms += ms;
    }

    /// The client is asked for a step.
    pub(super) fn step(&mut self, step: &str, verb: &str, change: impl FnOnce(&mut StepNote)) -> u64 {
        self.phase = Some(step.to_owned());
        self.asked += 1;
        let mut note = StepNote {
            id: self.asked,
            step: step.to_owned(),
            verb: verb.to_owned(),
            client: (verb != "open").then(|| "c".to_owned()),
            object: (verb == "open").then(|| "c".to_owned()),
            workspace: Some("msp".to_owned()),
            ..StepNote::default()
        };
        change(&mut note);
        self.add(Event::Step(Box::new(note)));
        self.asked
    }

    pub(super) fn call(&mut self, step: &str) -> u64 {
        self.step(step, "call", |note| {
            (note.method, note.path) = (Some("GET".to_owned()), Some("/a".to_owned()));
        })
    }

    pub(super) fn replied(&mut self, id: u64, change: impl FnOnce(&mut ReplyNote)) {
        let step = self.entries.iter().find_map(|entry| match &entry.event {
            Event::Step(note) if note.id == id => Some(note.step.clone()),
            _ => None,
        });
        let mut note =
            ReplyNote { id, step: step.unwrap(), ok: true, status: Some(200), ..ReplyNote::default() };
        change(&mut note);
        self.add(Event::Reply(note));
    }

    /// A request that is answered at once, or not at all.
    pub(super) fn exchange(
        &mut self,
        op: OpKind,
        token: &str,
        status: Option<u16>,
        change: impl FnOnce(&mut Request, &mut Response),
    ) -> u64 {
        let view = |symbol: &str| TokenView {
            symbol: symbol.to_owned(),
            kind: None,
            standing: None,
            age: None,
            remaining: None,
        };
        let mut request =
            Request { phase: self.phase.clone(), host: "h".to_owned(), ..Request::of(op, "/a") };
        match op {
            OpKind::Api => {
                request.token = Some(view(token));
                request.actor = token.split('#').next().map(str::to_owned);
            }
            OpKind::Exchange => {
                request.subject = Some(view(token));
                request.workspace = Some("acme".to_owned());
            }
            _ => {}
        }
        let n = self.entries.len() as u64 + 1;
        let mut response = Response {
            status,
            ..Response::of(
                n,
                if status.is_some_and(|it| it < 400) { Decision::Answered } else { Decision::Refused },
            )
        };
        change(&mut request, &mut response);
        self.add(Event::Request(Box::new(request)));
        if status.is_some() {
            for rule in response.applied.clone() {
                let did = "advance 16m".to_owned();
                self.add(Event::Fault { rule, request: Some(n), connection: None, did });
            }
            self.add(Event::Response(response));
        }
        n
    }

    pub(super) fn api(&mut self, token: &str, status: u16) -> u64 {
        self.exchange(OpKind::Api, token, Some(status), |_, _| {})
    }

    pub(super) fn mint(&mut self, status: u16, issued: Option<&str>) -> u64 {
        self.exchange(OpKind::Mint, "", Some(status), |_, response| {
            response.issued = issued.map(str::to_owned)
        })
    }

    pub(super) fn leak(&mut self, symbol: &str, place: Place, host: Option<&str>, log: Option<&str>) {
        let request = self.entries.iter().rev().find(|entry| matches!(entry.event, Event::Request(_)));
        let leak = Leak {
            symbol: symbol.to_owned(),
            place,
            host: host.map(str::to_owned),
            encoding: Encoding::Raw,
            request: request.map(|entry| entry.n),
            step: None,
            log: log.map(str::to_owned),
        };
        self.add(Event::Leak(leak));
    }

    pub(super) fn run(self) -> Run {
        let client =
            ClientInfo { name: "c".into(), version: "1".into(), scheme: Scheme::Semver, can: self.can };
        let header = Header {
            format: crate::run::FORMAT,
            scenario: "REF-01".to_owned(),
            played: String::new(),
            client: Some(client),
            trouble: None,
            dropped: 0,
        };
        Run { header, entries: self.entries }
    }
}
