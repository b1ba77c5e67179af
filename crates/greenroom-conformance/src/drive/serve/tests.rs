//! A client served over pipes in memory.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::io::{DuplexStream, Lines, ReadHalf, WriteHalf, split};

use super::*;
use crate::drive::{Line, Scheme};

/// Sleeps before each call as long as its path says, in seconds.
#[derive(Default)]
struct Sleepy {
    sleeper: Sleeper,
    closed: Arc<AtomicUsize>,
}

impl Client for Sleepy {
    type Session = String;

    fn introduce(&self) -> Introduction {
        Introduction::new("sleepy", "1.0.0", Scheme::Semver)
            .can([Capability::SleepEvents, Capability::Tenant])
    }

    async fn open(&self, open: Open) -> Result<String, Failed> {
        match open.config.timeout {
            Some(_) => Err(Failed::new(Kind::Auth, "no").status(401)),
            None => Ok("top".to_owned()),
        }
    }

    async fn tenant(&self, of: &String, who: Who) -> Result<String, Failed> {
        Ok(format!("{who:?} of {of}"))
    }

    async fn call(&self, session: &String, call: Call) -> Result<Answer, Failed> {
        self.sleeper.sleep(Duration::from_secs(call.path.trim_start_matches('/').parse().unwrap())).await;
        Ok(Answer { status: 200, body: session.as_str().into(), ..Answer::default() })
    }

    async fn close(&self, _: Arc<String>) -> Result<(), Failed> {
        self.closed.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    async fn abandon(&self, _: Arc<String>) -> Result<(), Failed> {
        self.closed.fetch_add(100, Ordering::Relaxed);
        Ok(())
    }

    fn sleeper(&self) -> Option<&Sleeper> {
        Some(&self.sleeper)
    }
}

struct Kit {
    stdin: WriteHalf<DuplexStream>,
    stdout: Lines<BufReader<ReadHalf<DuplexStream>>>,
    serving: tokio::task::JoinHandle<io::Result<()>>,
    closed: Arc<AtomicUsize>,
}

impl Kit {
    fn start() -> Self {
        let client = Sleepy::default();
        let closed = Arc::clone(&client.closed);
        let (kit, adapter) = tokio::io::duplex(1 << 16);
        let (stdin, stdout) = split(adapter);
        let serving = tokio::spawn(serve_on(client, stdin, stdout));
        let (out, into) = split(kit);
        Self { stdin: into, stdout: BufReader::new(out).lines(), serving, closed }
    }

    async fn say(&mut self, line: Value) {
        self.stdin.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }

    async fn hear(&mut self) -> Line {
        Line::parse(&self.stdout.next_line().await.unwrap().unwrap())
    }

    async fn ask(&mut self, line: Value) -> Reply {
        self.say(line).await;
        match self.hear().await {
            Line::Reply(reply) => *reply,
            other => panic!("{other:?}"),
        }
    }

    async fn open(&mut self) {
        let reply = self.ask(json!({"id": 1, "do": "open", "as": "c", "mode": "msp"})).await;
        assert_eq!(reply, Reply::done(1));
    }

    fn call(id: u64, client: &str, path: &str) -> Value {
        json!({"id": id, "do": "call", "client": client, "api": "glp", "method": "GET", "path": path})
    }
}

#[tokio::test]
async fn what_is_not_there_is_answered_and_what_fails_too() {
    let mut kit = Kit::start();
    let hello = kit.ask(json!({"id": 9, "do": "hello", "v": 1, "later": true})).await;
    assert_eq!(hello.introduction().unwrap(), Sleepy::default().introduce());
    for (line, message) in [
        (json!({"id": 1, "do": "dance"}), "\"dance\" is not known"),
        (json!({"id": 1, "do": "close", "client": "c"}), "c is not open"),
        (Kit::call(1, "c", "/"), "c is not open"),
        (json!({"id": 1, "do": "refresh", "client": "c"}), "c is not open"),
        (json!({"id": 1, "do": "clock", "wall": "+1m"}), "clock is not known"),
        // A mode that is not claimed.
        (json!({"id": 1, "do": "open", "as": "c", "mode": "classic"}), "classic is not known"),
    ] {
        assert_eq!(kit.ask(line).await, Reply::failed(1, Kind::Usage, message));
    }
    let refused = json!({"id": 2, "do": "open", "as": "c", "mode": "msp", "config": {"timeout": 1}});
    let expected = Reply { status: Some(401), ..Reply::failed(2, Kind::Auth, "no") };
    assert_eq!(kit.ask(refused).await, expected);
    kit.open().await;
    assert_eq!(
        kit.ask(json!({"id": 2, "do": "list", "client": "c", "what": "devices"})).await.kind,
        Some(Kind::Usage)
    );
    kit.ask(json!({"id": 3, "do": "tenant", "as": "t", "of": "c", "name": "n"})).await;
    kit.say(Kit::call(4, "t", "/3")).await;
    let Line::Sleep(sleep) = kit.hear().await else { panic!() };
    let woken = kit.ask(json!({"wake": sleep.n})).await;
    assert_eq!(woken.body, Some(json!("Name(\"n\") of top")));
}

#[tokio::test]
async fn what_is_left_by_an_exception_is_told_from_what_is_closed() {
    let mut kit = Kit::start();
    kit.open().await;
    kit.ask(json!({"id": 3, "do": "tenant", "as": "t", "of": "c", "name": "n"})).await;
    assert!(kit.ask(json!({"id": 4, "do": "close", "client": "t", "by": "exception"})).await.ok);
    assert_eq!(kit.closed.load(Ordering::Relaxed), 100);
    assert!(kit.ask(json!({"id": 5, "do": "close", "client": "c"})).await.ok);
    assert_eq!(kit.closed.load(Ordering::Relaxed), 101);
}

#[tokio::test]
async fn sleepers_are_woken_one_by_one_and_all_at_the_end() {
    let mut kit = Kit::start();
    kit.open().await;
    let mut asleep = Vec::new();
    for (id, path) in [(2, "/10"), (3, "/20"), (4, "/30")] {
        kit.say(Kit::call(id, "c", path)).await;
        let Line::Sleep(sleep) = kit.hear().await else { panic!() };
        assert_eq!(sleep.duration(), Duration::from_secs(10 * (id - 1)));
        asleep.push(sleep.n);
    }
    assert_eq!(kit.ask(json!({"wake": asleep[1]})).await.id, 3, "the second, and no other");
    kit.stdin.shutdown().await.unwrap();
    let mut left = Vec::new();
    while let Some(line) = kit.stdout.next_line().await.unwrap() {
        let Line::Reply(reply) = Line::parse(&line) else { panic!("{line}") };
        left.push(reply.id);
    }
    left.sort_unstable();
    assert_eq!(left, [2, 4], "what is under way at the end of stdin is finished");
    kit.serving.await.unwrap().unwrap();
    assert_eq!(kit.closed.load(Ordering::Relaxed), 1, "and what is open is closed");
}
