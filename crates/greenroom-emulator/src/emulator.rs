//! The emulator as a value: started, moved through time, asked what it saw, stopped. Its further sandboxes are
//! such values, too.

use std::{net::SocketAddr, ops::Deref, path::Path, sync::Arc};

use greenroom_model::{
    history::{Entry, Exchange},
    patch::Changes,
    rule::{Armed, Rule, Selector},
    spec::Patch,
    time::{Speed, TimeError},
};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use crate::{
    activity::Activity,
    builder::Builder,
    client_env::ClientEnv,
    client_files::ClientFilesError,
    command::{
        BeginPhase, Command, CommandError, FaultAdded, FaultsAdded, HistoryPage, HistoryQuery, Reply,
        SandboxOptions,
    },
    evidence::Evidence,
    follow,
    house::{House, Open},
    sandbox::{Motion, Sandbox},
    state_file::StateError,
};

/// A running emulator. Dropping it stops it without waiting; [`Emulator::stop`] waits.
///
/// ```
/// use greenroom_emulator::Emulator;
/// use greenroom_model::{call::OpKind, rule::Selector};
/// # use tokio::io::{AsyncReadExt, AsyncWriteExt};
/// # async fn call(url: &str) -> std::io::Result<String> {
/// #     let address = url.trim_start_matches("http://").split('/').next().unwrap_or_default();
/// #     let mut socket = tokio::net::TcpStream::connect(address).await?;
/// #     let path = &url["http://".len() + address.len()..];
/// #     socket.write_all(format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes()).await?;
/// #     let mut answer = String::new();
/// #     socket.read_to_string(&mut answer).await?;
/// #     Ok(answer)
/// # }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let emulator = Emulator::builder().frozen().start().await?;
///
/// // Any client: here one that forgot its token.
/// let answer = call(&format!("{}/devices/v1/devices", emulator.url())).await?;
/// assert!(answer.starts_with("HTTP/1.1 401"));
///
/// // Time passes when the test says so, and the history knows what was asked.
/// emulator.clock().advance("16m".parse()?)?;
/// let unauthenticated = Selector { op: Some(OpKind::Api.into()), refused: Some("no_token".into()), ..Selector::default() };
/// assert_eq!(emulator.history().count(&unauthenticated), 1);
///
/// emulator.stop().await?;
/// # Ok(()) })
/// # }
/// ```
///
/// It is a sandbox, with all that one can do, and can open further ones: each with a port, a world, a clock,
/// rules and a history of its own, for the price of no further process and no further certificate.
///
/// ```
/// use greenroom_emulator::{Emulator, command::SandboxOptions};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let emulator = Emulator::builder().start().await?;
/// let one = emulator.open_sandbox(SandboxOptions::default())?;
/// let other = emulator.open_sandbox(SandboxOptions::default())?;
/// let before = other.clock().now();
/// one.clock().advance("16m".parse()?)?;
/// assert_eq!(other.clock().now(), before);
/// one.end().await;
/// # Ok(()) })
/// # }
/// ```
pub struct Emulator {
    main: OpenSandbox,
}

impl Emulator {
    /// An emulator with the sample world on a free port of 127.0.0.1.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn new(open: Open, house: Arc<House>) -> Self {
        Self { main: OpenSandbox { open: Arc::new(open), house } }
    }

    /// Opens a sandbox beside this one, on a free port of loopback. It ends with its handle, or with the
    /// emulator.
    pub fn open_sandbox(&self, options: SandboxOptions) -> Result<OpenSandbox, CommandError> {
        let open = self.main.open.sandbox.open_sandbox(options)?;
        Ok(OpenSandbox { open, house: Arc::clone(&self.main.house) })
    }

    /// Stops listening, lets running answers end (for two seconds at most), ends all sandboxes, writes the
    /// state file if there is one, and returns. Only the state file can fail.
    pub async fn stop(self) -> Result<(), StateError> {
        self.main.open.end();
        for sandbox in self.main.house.end_all() {
            sandbox.ended().await;
        }
        self.main.open.ended().await;
        self.main.open.sandbox.keep_world()
    }
}

impl Deref for Emulator {
    type Target = OpenSandbox;

    fn deref(&self) -> &OpenSandbox {
        &self.main
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.main.house.end_all();
    }
}

/// A sandbox that listens: that of an [`Emulator`], or one beside it. Dropping it ends it without waiting;
/// [`OpenSandbox::end`] waits.
pub struct OpenSandbox {
    open: Arc<Open>,
    house: Arc<House>,
}

impl OpenSandbox {
    /// Its name; the emulator's own sandbox has none.
    pub fn name(&self) -> Option<&str> {
        self.open.sandbox.name.as_deref()
    }

    /// Its plain base URL: `http://127.0.0.1:4020`. Every service answers there.
    pub fn url(&self) -> &str {
        &self.open.url
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.open.address
    }

    /// The certificate of its authority, for clients that reach it under the real host names.
    pub fn ca_pem(&self) -> &str {
        self.house.authority.pem()
    }

    /// The file that certificate is in.
    pub fn ca_file(&self) -> &Path {
        self.house.files.ca()
    }

    /// The variables that route an unmodified program here. The files they name live as long as the
    /// emulator does.
    pub fn client_env(&self) -> ClientEnv {
        self.house.files.client_env(&self.open.url, &[])
    }

    /// Like [`OpenSandbox::client_env`], with hosts that the program reaches directly, and further roots
    /// (PEM) that it then needs to trust.
    pub fn client_env_with(&self, direct: &[String], roots: &str) -> Result<ClientEnv, ClientFilesError> {
        self.house.files.client_env_with_roots(&self.open.url, direct, self.ca_pem(), roots)
    }

    /// Its virtual clock.
    pub fn clock(&self) -> Clock<'_> {
        Clock(&self.open.sandbox)
    }

    /// Its rules: what shall go wrong, and when.
    pub fn faults(&self) -> Faults<'_> {
        Faults(&self.open.sandbox)
    }

    /// Begins a phase: histories, selectors and gates know what comes from now on by this name.
    pub fn begin_phase(&self, name: impl Into<String>) -> Result<(), CommandError> {
        self.open.sandbox.begin_phase(BeginPhase { phase: name.into() }).map(drop)
    }

    /// Takes what is told of a client besides its requests.
    pub fn evidence(&self) -> Evidence<'_> {
        Evidence(&self.open.sandbox)
    }

    /// How busy it is, as it changes.
    pub fn activity(&self) -> watch::Receiver<Activity> {
        self.open.sandbox.activity.subscribe()
    }

    /// What it saw.
    pub fn history(&self) -> Record<'_> {
        Record { sandbox: &self.open.sandbox, stop: &self.open.stop }
    }

    /// Lets tenants and devices come, change and go, all of it or nothing.
    pub fn patch_world(&self, patch: &Patch) -> Result<Changes, CommandError> {
        self.open.sandbox.patch_world(patch)
    }

    /// Grants a wish, whole or not at all: what the control API and the command line do.
    pub fn run(&self, command: Command) -> Result<Reply, CommandError> {
        self.open.sandbox.run(command)
    }

    /// From now on every request gets a 503 that says why.
    pub fn close(&self, reason: impl Into<String>) {
        self.open.sandbox.close(reason.into());
    }

    /// Waits until more requests came than [`Builder::max_requests`] allows.
    pub fn exhausted(&self) -> impl Future<Output = ()> + use<> {
        let mut exhausted = self.open.sandbox.exhausted();
        async move {
            // Without a sender left there is nobody who could send more requests.
            if exhausted.wait_for(|exhausted| *exhausted).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Ends it: stops listening, lets running answers end (for two seconds at most), and returns when the port
    /// is free.
    pub async fn end(self) {
        self.house.end_this(&self.open);
        self.open.ended().await;
    }
}

impl Drop for OpenSandbox {
    fn drop(&mut self) {
        self.house.end_this(&self.open);
    }
}

/// The virtual clock of a sandbox.
#[derive(Clone, Copy)]
pub struct Clock<'a>(&'a Sandbox);

impl Clock<'_> {
    /// The present virtual instant.
    pub fn now(self) -> Timestamp {
        self.0.lock().now()
    }

    /// Moves it forward.
    pub fn advance(self, by: SignedDuration) -> Result<(), TimeError> {
        self.0.lock().move_clock(Motion::By(by)).map(drop)
    }

    /// Moves it to an instant that lies ahead.
    pub fn set(self, target: Timestamp) -> Result<(), TimeError> {
        self.0.lock().move_clock(Motion::To(target)).map(drop)
    }

    /// Changes how fast it runs.
    pub fn set_speed(self, speed: Speed) {
        // Only an instant can be out of reach, never a speed.
        let _ = self.0.lock().move_clock(Motion::At(speed));
    }
}

/// The rules of a sandbox.
///
/// ```
/// use greenroom_emulator::Emulator;
/// use greenroom_model::{
///     call::OpKind,
///     rule::{Reply, Rule, Selector, Wire},
/// };
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let emulator = Emulator::builder().frozen().start().await?;
///
/// // The third API request gets a 429. As in a file, or over HTTP:
/// let as_text = r#"{"when":{"op":"api","nth":3},"do":[{"reply":{"status":429}}]}"#;
/// let mut rule: Rule = serde_json::from_str(as_text)?;
///
/// // The same in Rust:
/// let mut built = Rule::of(Wire::Reply(Reply { status: 429, headers: [].into(), body: None, text: None }));
/// built.when.selector = Selector { op: Some(OpKind::Api.into()), nth: 3.try_into().ok(), ..Selector::default() };
/// assert_eq!(built, rule);
///
/// let added = emulator.faults().add(rule.clone())?;
/// assert_eq!(emulator.faults().list()[0].fired, 0);
///
/// // A token that does not exist yet may be named, and that is said.
/// rule.when.selector.token = Some("msp#2".into());
/// assert_eq!(emulator.faults().add(rule)?.notes, ["no token msp#2 exists yet: the rule waits for it"]);
///
/// emulator.faults().remove(&added.id)?;
/// emulator.faults().clear();
/// assert!(emulator.faults().list().is_empty());
/// # emulator.stop().await?;
/// # Ok(()) })
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Faults<'a>(&'a Sandbox);

impl Faults<'_> {
    /// Adds a rule behind the others. Says its name, and what it names that is not there yet.
    pub fn add(&self, rule: Rule) -> Result<FaultAdded, CommandError> {
        let nothing = || CommandError { field: None, message: "no rule was added".to_owned() };
        self.add_all(vec![rule])?.added.pop().ok_or_else(nothing)
    }

    /// Adds rules behind the others: all of them or none.
    pub fn add_all(&self, rules: Vec<Rule>) -> Result<FaultsAdded, CommandError> {
        self.0.add_faults(rules)
    }

    /// The rules in force, with how often each matched and fired.
    pub fn list(&self) -> Vec<Armed> {
        self.0.faults().faults
    }

    /// Removes a rule, by name. Who waits at its gate goes on.
    pub fn remove(&self, id: &str) -> Result<(), CommandError> {
        self.0.remove_fault(id).map(drop)
    }

    /// Removes all rules. Who waits at a gate goes on.
    pub fn clear(&self) {
        self.0.clear_faults();
    }
}

/// What an emulator saw.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    sandbox: &'a Arc<Sandbox>,
    stop: &'a watch::Sender<bool>,
}

impl Record<'_> {
    /// The exchanges so far, in order of their requests.
    pub fn exchanges(self) -> Vec<Exchange> {
        self.sandbox.lock().history.exchanges(0)
    }

    /// A part of it. Waits first, if the query says so, until no further exchange can change whether
    /// its count holds.
    pub async fn page(self, query: &HistoryQuery) -> Result<HistoryPage, CommandError> {
        self.sandbox.check_part(&query.selector, query.after)?;
        follow::until_decided(self.sandbox, query, &self.stop.subscribe()).await;
        self.sandbox.history(query)
    }

    /// How many exchanges a selector means, but for its `nth`.
    pub fn count(self, selector: &Selector) -> usize {
        self.exchanges().iter().filter(|exchange| selector.matches(exchange)).count()
    }

    /// The entries after number `after`, and how many were dropped in all.
    pub fn entries(self, after: u64) -> (Vec<Entry>, u64) {
        let (entries, _, dropped) = self.sandbox.entries(after);
        (entries, dropped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The house knows its sandboxes and the first of them knows the house, which must not become a ring.
    #[tokio::test]
    async fn what_has_ended_takes_no_memory() {
        let emulator = Emulator::builder().start().await.unwrap();
        let held = emulator.open_sandbox(SandboxOptions::default()).unwrap();
        let dropped = emulator.open_sandbox(SandboxOptions::default()).unwrap();
        let state = |sandbox: &OpenSandbox| Arc::downgrade(&sandbox.open.sandbox);
        let all = [state(&held), state(&dropped), state(&emulator)];
        let (house, ended) = (Arc::downgrade(&emulator.main.house), dropped.open.ended());
        drop(dropped);
        ended.await;
        assert!(all[1].upgrade().is_none());
        held.end().await;
        assert!(all[0].upgrade().is_none());
        emulator.run(Command::OpenSandbox(Box::default())).unwrap();
        emulator.stop().await.unwrap();
        assert!(all[2].upgrade().is_none() && house.upgrade().is_none());
    }
}
