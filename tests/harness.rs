//! What every test stands on: a directory of its own, a clean environment, and a run that ends.

mod installed;
pub(crate) mod node;
pub(crate) mod page;
pub(crate) mod python;
pub(crate) mod served;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    io::Read,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

use serde_json::Value;

/// How long a command may take. Far more than any needs: a test that reaches it hangs.
const LIMIT: Duration = Duration::from_secs(300);

/// How long a command that was asked to end may take to do so.
const FAREWELL: Duration = Duration::from_secs(10);

/// A directory that goes away with the test: where commands run, and where Greenroom keeps its data.
pub(crate) struct Scratch {
    root: tempfile::TempDir,
}

impl Scratch {
    /// A new, empty one.
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("work")).unwrap();
        Self { root }
    }

    /// A file in the directory where commands run.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join("work").join(name)
    }

    /// Writes a file into the directory where commands run.
    pub(crate) fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Reads a file from the directory where commands run.
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// A program, to run here and with nothing in its environment that leads to a real cloud, to
    /// another Greenroom or to another CA.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os().filter(|(name, _)| is_foreign(name)) {
            command.env_remove(name);
        }
        command.env("GREENROOM_DATA_DIR", self.root.path().join("data")).current_dir(self.path(""));
        command
    }

    /// The binary under test.
    pub(crate) fn greenroom(&self) -> Command {
        self.command(env!("CARGO_BIN_EXE_greenroom"))
    }

    /// `greenroom exec FLAGS -- CMD…`, with its summary in a file; for tests that add variables.
    pub(crate) fn exec(&self, flags: &[&str], cmd: &[&str]) -> Command {
        let mut command = self.greenroom();
        command.arg("exec").args(flags);
        command.arg("--summary").arg(format!("json={}", self.summary_path().display()));
        command.arg("--").args(cmd);
        command
    }

    /// Runs a program of `tests/python` under `greenroom exec FLAGS`.
    pub(crate) fn exec_python(&self, flags: &[&str], program: &str, args: &[&str]) -> Output {
        run(self.exec(flags, &python::invocation(program, args)))
    }

    /// What the last `exec` here said its client did.
    pub(crate) fn summary(&self) -> Summary {
        let path = self.summary_path();
        let text = std::fs::read_to_string(&path).expect("exec writes the summary it was asked for");
        Summary(serde_json::from_str(&text).expect("the summary is JSON"))
    }

    fn summary_path(&self) -> PathBuf {
        self.root.path().join("summary.json")
    }
}

/// Whether a variable would change where a client goes or whom it trusts.
fn is_foreign(name: &OsString) -> bool {
    let name = name.to_string_lossy().to_uppercase();
    ["GREENROOM_", "GLP_", "CENTRAL_"].iter().any(|prefix| name.starts_with(prefix))
        || [
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "ALL_PROXY",
            "NO_PROXY",
            "SSL_CERT_FILE",
            "SSL_CERT_DIR",
            "REQUESTS_CA_BUNDLE",
            "CURL_CA_BUNDLE",
            "NODE_EXTRA_CA_CERTS",
            "NODE_USE_ENV_PROXY",
            "JAVA_TOOL_OPTIONS",
        ]
        .contains(&name.as_str())
}

/// What a command left behind.
pub(crate) struct Output {
    /// Its exit code; none if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Output {
    /// The one JSON value that it printed.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("no JSON ({error}): {self}"))
    }

    /// Fails with all that it printed unless it ended with `code`.
    #[track_caller]
    pub(crate) fn ended_with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }
}

impl std::fmt::Display for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "code {:?}\n--- stdout\n{}\n--- stderr\n{}", self.code, self.stdout, self.stderr)
    }
}

/// Runs a command to its end. One that does not end is a failure that shows what it last said.
#[track_caller]
pub(crate) fn run(mut command: Command) -> Output {
    // Its own process group, so that a hanging client goes with it.
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (stdout, stderr) =
        (Stream::of(child.stdout.take().unwrap()), Stream::of(child.stderr.take().unwrap()));
    let ended = stdout.ended_within(LIMIT) && stderr.ended_within(LIMIT);
    if !ended {
        stop(&child, &[&stdout, &stderr]);
    }
    let code = child.wait().unwrap().code();
    let output = Output { code, stdout: stdout.text(), stderr: stderr.text() };
    assert!(ended, "{command:?} hangs: {output}");
    output
}

/// Asks a process to end, then makes its whole group.
fn stop(child: &Child, streams: &[&Stream]) {
    signal("TERM", &child.id().to_string());
    if !streams.iter().all(|stream| stream.ended_within(FAREWELL)) {
        signal("KILL", &format!("-{}", child.id()));
    }
}

/// Sends a signal to a process that was not waited for yet, so the number is still its own.
fn signal(name: &str, to: &str) {
    let _ = Command::new("kill").args([&format!("-{name}"), "--", to]).stderr(Stdio::null()).status();
}

/// What a process says on one of its streams, read as it comes.
struct Stream {
    said: Arc<Mutex<Vec<u8>>>,
    news: mpsc::Receiver<()>,
}

impl Stream {
    fn of(mut source: impl Read + Send + 'static) -> Self {
        let said = Arc::new(Mutex::new(Vec::new()));
        let (tell, news) = mpsc::channel();
        let heard = Arc::clone(&said);
        thread::spawn(move || {
            let mut chunk = [0; 8192];
            while let Ok(length @ 1..) = source.read(&mut chunk) {
                heard.lock().unwrap().extend_from_slice(&chunk[..length]);
                let _ = tell.send(());
            }
        });
        Self { said, news }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.said.lock().unwrap()).into_owned()
    }

    /// Waits for the end of the stream; `limit` is how long it may stay silent.
    fn ended_within(&self, limit: Duration) -> bool {
        loop {
            match self.news.recv_timeout(limit) {
                Ok(()) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => return true,
                Err(mpsc::RecvTimeoutError::Timeout) => return false,
            }
        }
    }

    /// The first line, once there is one; `None` if the stream ends or stays silent before.
    fn first_line(&self, limit: Duration) -> Option<String> {
        loop {
            if let Some((line, _)) = self.text().split_once('\n') {
                return Some(line.to_owned());
            }
            self.news.recv_timeout(limit).ok()?;
        }
    }
}

/// What a client did, as `exec --summary json=FILE` tells it.
#[derive(Debug)]
pub(crate) struct Summary(Value);

impl Summary {
    /// How many requests of a kind there were: `mint`, `exchange`, `api`, `jwks`, `other`.
    pub(crate) fn requests(&self, op: &str) -> u64 {
        self.0["requests"].as_object().expect("requests by kind").get(op).map_or(0, |n| n.as_u64().unwrap())
    }

    /// The symbols of the tokens that were minted, in order.
    pub(crate) fn minted(&self) -> Vec<&str> {
        texts(&self.0["tokens"]["minted"])
    }

    /// The symbols of the tokens that were exchanged, in order.
    pub(crate) fn exchanged(&self) -> Vec<&str> {
        texts(&self.0["tokens"]["exchanged"])
    }

    /// How often each refusal was given.
    pub(crate) fn refused(&self) -> BTreeMap<&str, u64> {
        let refused = self.0["refused"].as_array().expect("a list of refusals");
        refused.iter().map(|row| (row["code"].as_str().unwrap(), row["count"].as_u64().unwrap())).collect()
    }

    /// The hosts that were asked for and that Greenroom does not stand in for.
    pub(crate) fn unexpected_hosts(&self) -> Vec<&str> {
        texts(&self.0["unexpected_hosts"])
    }
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().map(|text| text.as_str().unwrap()).collect()
}

/// The top of the repository.
pub(crate) fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
