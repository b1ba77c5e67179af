//! The checks, in the order in which they are made.

use std::fs;

use greenroom_model::{
    call::OpKind,
    history::{Event, Exchange},
    nearest,
    rule::Rule,
};
use serde_json::{Value, json};

use super::{super::NO_REQUEST, Check, Finding, Halt, Outcome, talk::Trouble};
use crate::drive::{
    Api, Ask, Body, Call, Capability, Clock, Close, Config, Headers, Hello, Kind, List, Log, Mode, Open,
    Query, Refresh, Reload, Reply, Shift, Tenant, Verb, What, Who,
};

/// The name of a check, and what an adapter does that passes it.
type Row = (&'static str, &'static str);

const HELLO: Row = ("hello", "says hello: v, name, version, scheme and can");
const CAPABILITIES: Row = ("capabilities", "claims what there is to be claimed");
const UNKNOWN_VERB: Row = ("unknown-verb", "answers a verb that it does not know with the failure usage");
const OPEN: Row = ("open", "opens a client");
const CALL_GLP: Row = ("call-glp", "calls GLP through the emulator, with a query");
const CALL_CENTRAL: Row = ("call-central", "calls New Central");
const BODY: Row = ("body", "sends a body");
const UNKNOWN_MEMBER: Row = ("unknown-member", "ignores members that it does not know");
const REFUSED: Row = ("refused-call", "tells of a call that was refused, by its status or as a failure");
const UNKNOWN_CLIENT: Row = ("unknown-client", "fails to call with a client that was never opened");
const TENANT: Row = ("tenant", "enters a tenant by workspace id and by name, and acts in it");
const LIST: Row = ("list", "lists all devices, and all tenants of an MSP");
const CONCURRENT: Row = ("concurrent", "has several calls under way when ten lines are written at once");
const STREAM: Row = ("stream", "sends a body as a stream");
const TOKEN_FILE: Row = ("token-file", "opens a client with a token file");
const REFRESH: Row = ("refresh", "gets new tokens on demand");
const RELOAD: Row = ("reload", "takes new credentials");
const CLOCK: Row = ("clock", "shifts its wall clock");
const SLEEP: Row = ("sleep-events", "says that it would sleep instead of sleeping");
const CLASSIC: Row = ("classic", "signs in to Classic Central, and calls it");
const CLOSE: Row = ("close", "closes a client");
const STDOUT: Row = ("stdout", "prints nothing else on stdout");
const SECRETS: Row = ("secrets", "shows neither secret nor token outside its requests");
const END: Row = ("end", "ends with exit code 0 when stdin does, and leaves no process behind");

const TOP: &str = "top";
const OF_CLASSIC: &str = "classic";
const DEVICES: &str = "/devices/v1/devices";
const INVENTORY: &str = "/network-monitoring/v1/device-inventory";

const GROUPS: &str = "/configuration/v2/groups";

const READ_REASON: &str = "read the reason; what the adapter said last is below";

fn call(client: &str, api: Api, path: &str) -> Call {
    Call {
        client: client.to_owned(),
        api,
        method: "GET".to_owned(),
        path: path.to_owned(),
        query: Query::from_iter([("limit".to_owned(), json!(1))]),
        body: None,
        content_type: None,
        headers: Headers::new(),
        stream: false,
    }
}

/// A call with a body, of a method that this route does not have: nothing happens, and it is answered.
fn post(stream: bool) -> Call {
    Call {
        method: "POST".to_owned(),
        query: Query::new(),
        body: Some(Body::Json(json!({"note": "a body"}))),
        stream,
        ..call(TOP, Api::Glp, DEVICES)
    }
}

fn is_status(reply: &Reply, status: u16) -> bool {
    reply.ok && reply.status == Some(status)
}

/// What a reply says, in a few words.
fn said(reply: &Reply) -> String {
    let status = reply.status.map(|status| format!(", status {status}")).unwrap_or_default();
    let kind = reply.kind.map(|kind| format!(", kind {}", json!(kind).as_str().unwrap_or_default()));
    let message = reply.message.as_ref().map(|message| format!(": {message}"));
    format!("\"ok\": {}{status}{}{}", reply.ok, kind.unwrap_or_default(), message.unwrap_or_default())
}

impl Check {
    /// Makes all checks but the last.
    pub(super) async fn every_verb(&mut self) -> Result<(), Halt> {
        self.hello().await?;
        self.unknown_verb().await?;
        if !self.open(TOP, self.desk.config(), OPEN).await? {
            return Ok(());
        }
        self.fine(OPEN);
        self.calls().await?;
        self.tenant().await?;
        self.list().await?;
        self.concurrent().await?;
        self.claims().await?;
        self.sleep_events().await?;
        self.close().await
    }

    /// Makes the last checks, whether or not the others came to their end.
    pub(super) async fn end(&mut self, halted: bool) {
        let exit = self.talk.end(self.patience.end, !halted).await;
        match &self.talk.noise {
            None => self.fine(STDOUT),
            Some(line) => {
                let problem = format!("stdout has a line that is none of the protocol: {line:.100}");
                self.wrong(STDOUT, problem, "print on stderr; stdout belongs to the protocol");
            }
        }
        if self.desk.leaks(&self.talk.output) || self.desk.leaks(&self.talk.messages) {
            self.wrong(
                SECRETS,
                "the client's secret or a token stands in its output or in a message".to_owned(),
                "log neither, not even as part of a request",
            );
        } else {
            self.fine(SECRETS);
        }
        if halted {
            return;
        }
        let problem = match exit {
            Some(exit) if exit.killed => {
                format!("it still ran {:?} after the end of its stdin, and was killed", self.patience.end)
            }
            Some(exit) if exit.left_behind => "it left a process behind, which was killed".to_owned(),
            Some(exit) if exit.is_clean() => return self.fine(END),
            exit => Trouble::Ended(exit).problem().replace(" instead of replying", ""),
        };
        self.wrong(
            END,
            problem,
            "when stdin ends, close every client, wait for your own processes and exit with 0",
        );
    }

    async fn hello(&mut self) -> Result<(), Halt> {
        let reply = match self.talk.ask(Verb::Hello(Hello { v: 1 })).await {
            Ok(reply) => reply,
            Err(trouble) => return Err(self.halt(HELLO, &trouble)),
        };
        let introduction = match reply.introduction() {
            Ok(introduction) => introduction,
            Err(error) => return Err(self.halt(HELLO, &Trouble::Wrong(error))),
        };
        self.fine(HELLO);
        let words = Capability::ALL.map(Capability::word);
        match introduction.can.unknown.first() {
            None => self.fine(CAPABILITIES),
            Some(word) => {
                let hint = nearest::hint(&nearest::of(word, &words));
                let problem = format!("{word:?} is no capability{hint}");
                self.wrong(CAPABILITIES, problem, "claim only what docs/drive.md lists");
            }
        }
        self.client = Some(introduction);
        Ok(())
    }

    async fn unknown_verb(&mut self) -> Result<(), Halt> {
        let asked = self.talk.ask_oddly(|id| json!({"id": id, "do": "dance"}).to_string()).await;
        let Some(reply) = self.heard(UNKNOWN_VERB, asked)? else { return Ok(()) };
        if !reply.ok && reply.kind == Some(Kind::Usage) {
            self.fine(UNKNOWN_VERB);
        } else {
            let mend = "reply {\"id\": …, \"ok\": false, \"kind\": \"usage\"}, so that the protocol can grow";
            self.wrong(UNKNOWN_VERB, said(&reply), mend);
        }
        Ok(())
    }

    /// Says whether the client is open; if not, a finding says why.
    async fn open(&mut self, client: &str, config: Config, row: Row) -> Result<bool, Halt> {
        let mode = if self.can(Capability::Msp) { Mode::Msp } else { Mode::Unified };
        let open = Open { client: client.to_owned(), mode, log: Log::Info, config };
        Ok(self.done(row, Verb::Open(open)).await?.is_some())
    }

    async fn calls(&mut self) -> Result<(), Halt> {
        for (row, api, path) in [(CALL_GLP, Api::Glp, DEVICES), (CALL_CENTRAL, Api::Central, INVENTORY)] {
            let asked = self.talk.ask(Verb::Call(call(TOP, api, path))).await;
            let Some(reply) = self.heard(row, asked)? else { continue };
            let seen = self.seen(|it| it.request.path == path);
            let items = reply.body.as_ref().is_some_and(|body| body["items"].is_array());
            match seen {
                None => {
                    self.wrong(row, format!("no request came; the reply is {}", said(&reply)), NO_REQUEST)
                }
                Some(_) if !is_status(&reply, 200) => self.wrong(row, said(&reply), READ_REASON),
                Some(seen) if seen.request.query != "limit=1" => {
                    let problem =
                        format!("the query that came is {:?}, and not \"limit=1\"", seen.request.query);
                    self.wrong(row, problem, "hand the members of \"query\" on as parameters");
                }
                Some(_) if !items => {
                    let mend = "put the body of the answer into \"body\", as JSON if it is JSON";
                    self.wrong(row, "the reply has no body with items".to_owned(), mend);
                }
                Some(_) => self.fine(row),
            }
        }
        self.bodies(BODY, false).await?;
        let asked = self.talk.ask_oddly(|id| {
            let ask = Ask { id, verb: Verb::Call(call(TOP, Api::Glp, DEVICES)) };
            let mut line = json!(ask);
            line["later"] = json!({"do": [1, null]});
            line.to_string()
        });
        let asked = asked.await;
        if let Some(reply) = self.heard(UNKNOWN_MEMBER, asked)? {
            if is_status(&reply, 200) {
                self.fine(UNKNOWN_MEMBER);
            } else {
                self.wrong(UNKNOWN_MEMBER, said(&reply), "read the members that you know, and no others");
            }
        }
        let asked = self.talk.ask(Verb::Call(call(TOP, Api::Glp, "/devices/v1/nowhere"))).await;
        if let Some(reply) = self.heard(REFUSED, asked)? {
            if is_status(&reply, 404) || (!reply.ok && reply.kind.is_some_and(|kind| kind != Kind::Usage)) {
                self.fine(REFUSED);
            } else {
                let mend = "reply with \"status\": 404, or with \"ok\": false and a \"kind\"";
                self.wrong(REFUSED, format!("a 404 is told as {}", said(&reply)), mend);
            }
        }
        let asked = self.talk.ask(Verb::Call(call("nobody", Api::Glp, DEVICES))).await;
        if let Some(reply) = self.heard(UNKNOWN_CLIENT, asked)? {
            if reply.ok {
                self.wrong(UNKNOWN_CLIENT, said(&reply), "look the client up by its name");
            } else {
                self.fine(UNKNOWN_CLIENT);
            }
        }
        Ok(())
    }

    async fn bodies(&mut self, row: Row, stream: bool) -> Result<(), Halt> {
        let asked = self.talk.ask(Verb::Call(post(stream))).await;
        let Some(reply) = self.heard(row, asked)? else { return Ok(()) };
        match self.seen(|it| it.request.method == "POST" && it.request.path == DEVICES) {
            None => self.wrong(row, format!("no POST came; the reply is {}", said(&reply)), READ_REASON),
            Some(seen) if seen.request.body.is_none() => {
                self.wrong(row, "the POST came without its body".to_owned(), "send \"body\" as JSON");
            }
            Some(_) => self.fine(row),
        }
        Ok(())
    }

    async fn tenant(&mut self) -> Result<(), Halt> {
        if !self.claims_or_skips(TENANT, Capability::Tenant) {
            return Ok(());
        }
        let who = [Who::WorkspaceId(self.desk.tenant_id.clone()), Who::Name(self.desk.tenant_name.clone())];
        for (name, who) in ["by-id", "by-name"].into_iter().zip(who) {
            let tenant = Tenant { client: name.to_owned(), of: TOP.to_owned(), who };
            if self.done(TENANT, Verb::Tenant(tenant)).await?.is_none() {
                return Ok(());
            }
            let asked = self.talk.ask(Verb::Call(call(name, Api::Central, INVENTORY))).await;
            let Some(reply) = self.heard(TENANT, asked)? else { return Ok(()) };
            let actor = self.seen(|it| it.request.path == INVENTORY).and_then(|seen| seen.request.actor);
            if !is_status(&reply, 200) {
                self.wrong(TENANT, said(&reply), READ_REASON);
                return Ok(());
            }
            if actor.as_deref() != Some("example") {
                let mend = "call with the tenant's client, and not with the one it was entered through";
                let actor = actor.unwrap_or_else(|| "nobody".to_owned());
                self.wrong(TENANT, format!("the call in the tenant came with a token of {actor}"), mend);
                return Ok(());
            }
        }
        self.fine(TENANT);
        Ok(())
    }

    async fn list(&mut self) -> Result<(), Halt> {
        if !self.claims_or_skips(LIST, Capability::List) {
            return Ok(());
        }
        let tenants = self.can(Capability::Msp).then_some((What::Tenants, self.desk.tenants));
        for (what, expected) in [Some((What::Devices, self.desk.devices)), tenants].into_iter().flatten() {
            let list = List { client: TOP.to_owned(), what };
            let Some(reply) = self.done(LIST, Verb::List(list)).await? else { return Ok(()) };
            let got = reply.ids.map_or(0, |ids| ids.len());
            if got != expected {
                let word = json!(what);
                let mend = "reply with \"ids\": all serial numbers, or all workspace ids, of every page";
                self.wrong(
                    LIST,
                    format!("{got} {} were listed of {expected}", word.as_str().unwrap_or("")),
                    mend,
                );
                return Ok(());
            }
        }
        self.fine(LIST);
        Ok(())
    }

    async fn concurrent(&mut self) -> Result<(), Halt> {
        if !self.claims_or_skips(CONCURRENT, Capability::Concurrent) {
            return Ok(());
        }
        self.rule(json!({
            "id": "together",
            "when": {"op": "api", "path": DEVICES},
            "gate": {"open_when": [{"waiting": 2}], "limit": "5s"},
        }));
        let mut ids = Vec::new();
        for _ in 0..10 {
            match self.talk.begin(Verb::Call(call(TOP, Api::Glp, DEVICES))) {
                Ok(id) => ids.push(id),
                Err(trouble) => return Err(self.halt(CONCURRENT, &trouble)),
            }
        }
        let mut failed = None;
        for id in ids {
            let asked = self.talk.reply_to(id).await;
            let Some(reply) = self.heard(CONCURRENT, asked)? else { return Ok(()) };
            if !is_status(&reply, 200) {
                failed = Some(said(&reply));
            }
        }
        let (entries, _) = self.emulator.history().entries(0);
        let opened = entries.iter().rev().find_map(|entry| match &entry.event {
            Event::Gate { opened_by, .. } => Some(opened_by.as_str()),
            _ => None,
        });
        self.emulator.faults().clear();
        match (failed, opened) {
            (Some(failed), _) => {
                self.wrong(CONCURRENT, format!("one of ten calls ended so: {failed}"), READ_REASON)
            }
            (None, Some("waiting")) => self.fine(CONCURRENT),
            (None, _) => self.wrong(
                CONCURRENT,
                "ten calls came one after the other".to_owned(),
                "work on each line in a thread or task of its own, or do not claim concurrent",
            ),
        }
        Ok(())
    }

    /// What can be claimed and needs no more than to be tried.
    async fn claims(&mut self) -> Result<(), Halt> {
        if self.claims_or_skips(STREAM, Capability::Stream) {
            self.bodies(STREAM, true).await?;
        }
        if self.claims_or_skips(TOKEN_FILE, Capability::TokenFile) {
            self.token_file().await?;
        }
        if self.claims_or_skips(RELOAD, Capability::Reload) {
            let reload = Reload { client: TOP.to_owned(), config: self.desk.config() };
            if self.done(RELOAD, Verb::Reload(reload)).await?.is_some() {
                self.fine(RELOAD);
            }
        }
        if self.claims_or_skips(CLOCK, Capability::Clock)
            && self.done(CLOCK, Verb::Clock(Clock { wall: Shift(60) })).await?.is_some()
        {
            self.fine(CLOCK);
        }
        let classic = self.claims_or_skips(CLASSIC, Capability::Classic) && self.classic().await?;
        if self.claims_or_skips(REFRESH, Capability::Refresh) {
            if classic {
                self.refresh().await?;
            } else if self.can(Capability::Classic) {
                self.skip(REFRESH, "no client of Classic Central could be opened".to_owned());
            } else {
                let mend = "only clients of Classic Central have refresh tokens: claim it with classic alone";
                self.wrong(REFRESH, "it claims refresh and not classic".to_owned(), mend);
            }
        }
        Ok(())
    }

    /// Whether there is a client of Classic Central now.
    async fn classic(&mut self) -> Result<bool, Halt> {
        let config = Config { classic: Some(self.desk.classic.clone()), ..Config::default() };
        let open = Open { client: OF_CLASSIC.to_owned(), mode: Mode::Classic, log: Log::Info, config };
        if self.done(CLASSIC, Verb::Open(open)).await?.is_none() {
            return Ok(false);
        }
        let asked = self.talk.ask(Verb::Call(call(OF_CLASSIC, Api::Classic, GROUPS))).await;
        let Some(reply) = self.heard(CLASSIC, asked)? else { return Ok(true) };
        let data = reply.body.as_ref().is_some_and(|body| body["data"].is_array());
        match self.seen(|it| it.request.path == GROUPS) {
            None => {
                self.wrong(CLASSIC, format!("no request came; the reply is {}", said(&reply)), NO_REQUEST)
            }
            Some(_) if !is_status(&reply, 200) => self.wrong(CLASSIC, said(&reply), READ_REASON),
            Some(seen) if seen.request.query != "limit=1" => {
                let problem = format!("the query that came is {:?}, and not \"limit=1\"", seen.request.query);
                self.wrong(CLASSIC, problem, "hand the members of \"query\" on as parameters");
            }
            Some(_) if !data => {
                let mend = "put the body of the answer into \"body\", as JSON if it is JSON";
                self.wrong(CLASSIC, "the reply has no body with data".to_owned(), mend);
            }
            Some(_) => self.fine(CLASSIC),
        }
        Ok(true)
    }

    /// What a client does wrong before it sends anything is judged by scenarios; what it sends has to be a refresh.
    async fn refresh(&mut self) -> Result<(), Halt> {
        let count = |check: &Self| {
            let all = check.emulator.history().exchanges();
            all.iter().filter(|it| it.request.op == OpKind::Refresh).count()
        };
        let before = count(self);
        let asked = self.talk.ask(Verb::Refresh(Refresh { client: OF_CLASSIC.to_owned() })).await;
        let Some(reply) = self.heard(REFRESH, asked)? else { return Ok(()) };
        match (reply.ok, count(self) > before) {
            (true, true) => self.fine(REFRESH),
            (true, false) => {
                let mend = "call what the client has for it; if it has nothing, do not claim refresh";
                self.wrong(REFRESH, "no refresh was asked for".to_owned(), mend);
            }
            (false, false) if reply.kind != Some(Kind::Usage) => {
                self.skip(REFRESH, format!("the client failed before it sent anything: {}", said(&reply)));
            }
            (false, _) => self.wrong(REFRESH, said(&reply), READ_REASON),
        }
        Ok(())
    }

    async fn token_file(&mut self) -> Result<(), Halt> {
        let path = self.talk.running.place().join("token.json");
        if let Err(error) = fs::write(&path, json!(self.desk.config()).to_string()) {
            self.skip(TOKEN_FILE, format!("no token file could be written: {error}"));
            return Ok(());
        }
        let path = Some(path.to_string_lossy().into_owned());
        if !self.open("filed", Config { token_file: path, ..Config::default() }, TOKEN_FILE).await? {
            return Ok(());
        }
        let asked = self.talk.ask(Verb::Call(call("filed", Api::Glp, DEVICES))).await;
        match self.heard(TOKEN_FILE, asked)? {
            Some(reply) if is_status(&reply, 200) => self.fine(TOKEN_FILE),
            Some(reply) => self.wrong(TOKEN_FILE, said(&reply), READ_REASON),
            None => {}
        }
        Ok(())
    }

    async fn sleep_events(&mut self) -> Result<(), Halt> {
        if !self.claims_or_skips(SLEEP, Capability::SleepEvents) {
            return Ok(());
        }
        self.rule(json!({
            "when": {"op": "api", "path": DEVICES},
            "do": [{"reply": {"status": 429, "headers": {"retry-after": "3600"}}}],
            "once": true,
        }));
        let before = self.talk.sleeps;
        let asked = self.talk.ask(Verb::Call(call(TOP, Api::Glp, DEVICES))).await;
        self.emulator.faults().clear();
        if let Err(trouble @ Trouble::Silent(_)) = &asked {
            let problem = format!(
                "told to wait an hour, it did not say that it would sleep, and {}",
                trouble.problem()
            );
            let mend = "print {\"sleep\": SECONDS, \"n\": NUMBER} and wait for {\"wake\": NUMBER} instead of sleeping";
            self.wrong(SLEEP, problem, mend);
            return Err(Halt);
        }
        if self.heard(SLEEP, asked)?.is_some() {
            if self.talk.sleeps > before {
                self.fine(SLEEP);
            } else {
                self.skip(
                    SLEEP,
                    "the client did not wait at a 429, so that nothing was to be seen".to_owned(),
                );
            }
        }
        Ok(())
    }

    async fn close(&mut self) -> Result<(), Halt> {
        if self.claims_or_skips(CLOSE, Capability::Close)
            && self.done(CLOSE, Verb::Close(Close { client: TOP.to_owned(), by: None })).await?.is_some()
        {
            self.fine(CLOSE);
        }
        Ok(())
    }

    /// Asks for something that has to be done. If it is not, a finding says why.
    async fn done(&mut self, row: Row, verb: Verb) -> Result<Option<Reply>, Halt> {
        let word = verb.word();
        let asked = self.talk.ask(verb).await;
        Ok(match self.heard(row, asked)? {
            Some(reply) if reply.ok => Some(reply),
            Some(reply) => {
                self.wrong(row, format!("{word} failed with {}", said(&reply)), READ_REASON);
                None
            }
            None => None,
        })
    }

    /// The reply, if there is a sound one; else a finding says what there is.
    fn heard(&mut self, row: Row, asked: Result<Reply, Trouble>) -> Result<Option<Reply>, Halt> {
        match asked {
            Ok(reply) => Ok(Some(reply)),
            Err(Trouble::Wrong(error)) if error.id.is_some() => {
                let trouble = Trouble::Wrong(error);
                self.wrong(row, trouble.problem(), trouble.mend());
                Ok(None)
            }
            Err(trouble) => Err(self.halt(row, &trouble)),
        }
    }

    fn halt(&mut self, row: Row, trouble: &Trouble) -> Halt {
        self.wrong(row, trouble.problem(), trouble.mend());
        Halt
    }

    /// The newest exchange of this kind.
    fn seen(&self, which: impl Fn(&Exchange) -> bool) -> Option<Exchange> {
        self.emulator.history().exchanges().into_iter().rev().find(which)
    }

    fn rule(&self, rule: Value) {
        // It is one of ours; without it the check would find nothing.
        if let Ok(rule) = serde_json::from_value::<Rule>(rule) {
            let _ = self.emulator.faults().add(rule);
        }
    }

    fn can(&self, capability: Capability) -> bool {
        self.client.as_ref().is_some_and(|client| client.can.has(capability))
    }

    fn claims_or_skips(&mut self, row: Row, capability: Capability) -> bool {
        let claims = self.can(capability);
        if !claims {
            self.skip(row, format!("the adapter does not claim {}", capability.word()));
        }
        claims
    }

    fn fine(&mut self, row: Row) {
        self.find(row, Outcome::Fine);
    }

    fn wrong(&mut self, row: Row, problem: String, mend: &'static str) {
        let problem = self.desk.redact(&problem);
        self.find(row, Outcome::Wrong { problem, mend });
    }

    fn skip(&mut self, row: Row, why: String) {
        self.find(row, Outcome::Skipped { why });
    }

    fn find(&mut self, (check, what): Row, outcome: Outcome) {
        self.findings.push(Finding { check, what, outcome });
    }
}
