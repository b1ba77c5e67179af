//! What the sandboxes of one emulator share, and which of them are open.

use std::{
    collections::BTreeMap,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use greenroom_model::{
    history::{Bounds, History},
    host,
    secret::Digest,
    time::{Timeline, whole_second},
    world::World,
};
use jiff::Timestamp;
use serde_json::json;
use tokio::{
    net::{TcpListener, TcpSocket},
    runtime::Handle,
    sync::watch,
};

use crate::{
    ca::Authority,
    client_files::ClientFiles,
    clock,
    command::{CommandError, SandboxOptions},
    control::{self, Desk},
    front::Front,
    listen::{self, Timeouts},
    sandbox::{Conduct, Sandbox},
    tls::Tls,
};

/// How many sandboxes may be open at once, beside the emulator itself.
pub(crate) const MOST_SANDBOXES: usize = 256;
/// How many connections may wait to be accepted, as with tokio's own listeners.
const BACKLOG: u32 = 1024;

/// What the sandboxes of one emulator share: the authority, the files of clients, the token of control; and
/// the sandboxes that were opened beside the first.
pub(crate) struct House {
    pub(crate) authority: Arc<Authority>,
    pub(crate) files: ClientFiles,
    pub(crate) tls: Tls,
    /// The digest of the token that control wants away from loopback.
    pub(crate) token: Option<Digest>,
    /// Where the emulator itself listens.
    pub(crate) address: SocketAddr,
    /// How long a client may take to say something, in real time.
    pub(crate) connection_timeout: Duration,
    pub(crate) bounds: Bounds,
    pub(crate) log: bool,
    /// When the world was saved that the emulator began with, if it was.
    pub(crate) saved_at: Option<Timestamp>,
    /// What runs the listeners, whoever opens them.
    pub(crate) runtime: Handle,
    pub(crate) opened: Mutex<Opened>,
}

/// The sandboxes that were opened.
#[derive(Default)]
pub(crate) struct Opened {
    by_name: BTreeMap<String, Arc<Open>>,
    /// How many were given a name.
    named: u64,
}

/// A sandbox that listens, until `stop` turns true or is dropped.
pub(crate) struct Open {
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) address: SocketAddr,
    pub(crate) url: String,
    /// When it was opened, by the machine's clock.
    pub(crate) created: Timestamp,
    pub(crate) stop: watch::Sender<bool>,
    /// Its sender goes when the last connection has ended.
    ended: watch::Receiver<()>,
}

impl Open {
    /// Lets it end. It does not wait.
    pub(crate) fn end(&self) {
        self.stop.send_replace(true);
    }

    /// Waits until the port is free and all connections have ended.
    pub(crate) fn ended(&self) -> impl Future<Output = ()> + use<> {
        let mut ended = self.ended.clone();
        async move { while ended.changed().await.is_ok() {} }
    }
}

impl House {
    /// Serves a sandbox on a listener.
    pub(crate) fn serve(&self, sandbox: Arc<Sandbox>, listener: TcpListener, address: SocketAddr) -> Open {
        let url = format!("http://{address}");
        let mut about = json!({
            "name": "greenroom",
            "version": env!("CARGO_PKG_VERSION"),
            "url": url,
            "ca": self.files.ca(),
            "trust_store": self.files.trust_store(),
        });
        if let Some(name) = &sandbox.name {
            about["sandbox"] = name.as_str().into();
        }
        let (stop, stopped) = watch::channel(false);
        let desk = Desk {
            sandbox: Arc::clone(&sandbox),
            stop: stopped.clone(),
            address,
            token: self.token,
            ca_pem: self.authority.pem().to_owned(),
            about,
        };
        let front = Front { sandbox: Arc::clone(&sandbox), control: control::router(Arc::new(desk)) };
        let timeouts = Timeouts { head: sandbox.body_timeout, ..Timeouts::default() };
        let (ending, ended) = watch::channel(());
        let serving = listen::serve(listener, self.tls.clone(), Arc::new(front), timeouts, stopped);
        self.runtime.spawn(async move {
            serving.await;
            drop(ending);
        });
        Open { sandbox, address, url, created: clock::wall_now(), stop, ended }
    }

    /// Opens a sandbox beside the emulator, whose own world is `same`.
    pub(crate) fn open(
        &self,
        options: SandboxOptions,
        same: impl FnOnce() -> World,
    ) -> Result<Arc<Open>, CommandError> {
        let (world, saved_at) = options.world(same, self.saved_at)?;
        let start = options.start(saved_at, whole_second(clock::wall_now()))?;
        let connection_timeout = options.connection_timeout.unwrap_or(self.connection_timeout);
        let traps = host::traps(&options.traps, &world.dedicated_hosts())
            .map_err(|wrong| CommandError::field("traps", wrong))?;
        let bounds = options.history_bounds.unwrap_or(self.bounds);
        let conduct = Conduct {
            body_timeout: connection_timeout,
            max_requests: options.max_requests,
            state_file: None,
            saved: false,
            log: self.log,
            evidence: options.evidence,
            traps,
        };
        let timeline = Timeline::new(start, options.speed, clock::real());
        let mut sandbox = Sandbox::new(world, timeline, History::new(bounds), conduct);
        sandbox.lock().add_rules(options.rules).map_err(|(nth, error)| {
            CommandError::field(&format!("rules[{nth}].{}", error.field), error.reason)
        })?;
        let mut opened = self.lock();
        let name = opened.name(options.name)?;
        sandbox.name = Some(name.clone());
        let (listener, address) = self.listen_beside().map_err(|error| {
            let message = format!("no port for another sandbox: {error}; end one that is not needed");
            CommandError { field: None, message }
        })?;
        let open = Arc::new(self.serve(Arc::new(sandbox), listener, address));
        opened.by_name.insert(name, Arc::clone(&open));
        Ok(open)
    }

    /// A free port of loopback: that of the emulator if it listens there.
    fn listen_beside(&self) -> io::Result<(TcpListener, SocketAddr)> {
        let own = Some(self.address.ip()).filter(IpAddr::is_loopback);
        let ip = own.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let _runtime = self.runtime.enter();
        let socket = if ip.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // Or the port would stay taken for a minute after its connections.
        #[cfg(unix)]
        socket.set_reuseaddr(true)?;
        socket.bind(SocketAddr::new(ip, 0))?;
        let listener = socket.listen(BACKLOG)?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    }

    /// The sandboxes that are open, by name.
    pub(crate) fn list(&self) -> Vec<Arc<Open>> {
        self.lock().by_name.values().cloned().collect()
    }

    /// Takes the sandbox of a name away, and lets it end.
    pub(crate) fn end(&self, name: &str) -> Option<Arc<Open>> {
        let open = self.lock().by_name.remove(name);
        open.inspect(|open| open.end())
    }

    /// Takes this sandbox away unless another one has its name by now, and lets it end.
    pub(crate) fn end_this(&self, open: &Arc<Open>) {
        if let Some(name) = &open.sandbox.name {
            let mut opened = self.lock();
            if opened.by_name.get(name).is_some_and(|there| Arc::ptr_eq(there, open)) {
                opened.by_name.remove(name);
            }
        }
        open.end();
    }

    /// Lets all sandboxes end.
    pub(crate) fn end_all(&self) -> Vec<Arc<Open>> {
        let all = std::mem::take(&mut self.lock().by_name);
        all.into_values().inspect(|open| open.end()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Opened> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Opened {
    /// The name for another sandbox: the wish, or a free one.
    fn name(&mut self, wish: Option<String>) -> Result<String, CommandError> {
        if self.by_name.len() >= MOST_SANDBOXES {
            let message = format!("{MOST_SANDBOXES} sandboxes are open, which is the most: end one first");
            return Err(CommandError { field: None, message });
        }
        match wish {
            Some(name) if self.by_name.contains_key(&name) => {
                let message = format!("a sandbox named {name} is open: end it, or choose another name");
                Err(CommandError::field("name", message))
            }
            Some(name) => Ok(name),
            None => loop {
                self.named += 1;
                let name = format!("sandbox-{}", self.named);
                if !self.by_name.contains_key(&name) {
                    return Ok(name);
                }
            },
        }
    }
}
