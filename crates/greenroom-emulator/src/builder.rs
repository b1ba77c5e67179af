//! What an emulator is made of, and how it starts.

use std::{
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use greenroom_model::{
    history::{Bounds, History},
    host,
    rule::{Rule, RuleError},
    sample::DEFAULT_SEED,
    secret::Secret,
    time::{Speed, Timeline},
    world::World,
};
use jiff::Timestamp;
use tokio::{net::TcpListener, runtime::Handle};

use crate::{
    ca::{Authority, CaError},
    client_files::{ClientFiles, ClientFilesError},
    clock,
    emulator::Emulator,
    house::House,
    sandbox::{Conduct, Sandbox},
    state_file::{StateError, StateFile},
    tls::Tls,
};

/// Why an emulator does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another program listens there.
    #[error("{0} is taken: stop what listens there, or choose another port (--port 0 picks a free one)")]
    Taken(SocketAddr),
    /// The address cannot be listened on for another reason.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    /// Control would be open to everyone who can reach the address.
    #[error("{0} is not a loopback address: set a control token (--control-token) before listening there")]
    ControlToken(SocketAddr),
    /// The certificate authority cannot be made or read.
    #[error(transparent)]
    Authority(#[from] CaError),
    /// A host cannot be a trap.
    #[error("trap {0}")]
    Trap(String),
    /// A rule makes no sense.
    #[error("rule {0}")]
    Rule(#[from] RuleError),
    /// The world could not be kept.
    #[error("nothing was started: {0}")]
    State(#[from] StateError),
    /// The files that clients are pointed to cannot be written.
    #[error("cannot write the certificate for clients: {0}")]
    ClientFiles(#[from] ClientFilesError),
}

/// What an emulator is made of. Every part has a default.
pub struct Builder {
    world: Option<World>,
    listen: SocketAddr,
    authority_dir: Option<PathBuf>,
    start_time: Option<Timestamp>,
    speed: Speed,
    rules: Vec<Rule>,
    bounds: Bounds,
    max_requests: Option<u64>,
    connection_timeout: Duration,
    control_token: Option<Secret>,
    state_file: Option<PathBuf>,
    saved: bool,
    log: bool,
    evidence: bool,
    traps: Vec<String>,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            world: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            authority_dir: None,
            start_time: None,
            speed: Speed::REAL,
            rules: Vec::new(),
            bounds: Bounds::default(),
            max_requests: None,
            connection_timeout: Duration::from_secs(30),
            control_token: None,
            state_file: None,
            saved: false,
            log: false,
            evidence: false,
            traps: Vec::new(),
        }
    }

    /// The world; the sample world by default.
    #[must_use]
    pub fn world(mut self, world: World) -> Self {
        self.world = Some(world);
        self
    }

    /// Where to listen; a free port on 127.0.0.1 by default.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Keeps the certificate authority in a directory, made at the first start. By default each
    /// emulator has its own, in memory.
    #[must_use]
    pub fn authority_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.authority_dir = Some(dir.into());
        self
    }

    /// When the virtual clock starts; now, by default.
    #[must_use]
    pub fn start_time(mut self, start: Timestamp) -> Self {
        self.start_time = Some(start);
        self
    }

    /// How fast the virtual clock runs; as fast as the real one by default.
    #[must_use]
    pub fn speed(mut self, speed: Speed) -> Self {
        self.speed = speed;
        self
    }

    /// The virtual clock stands still until it is moved.
    #[must_use]
    pub fn frozen(self) -> Self {
        self.speed(Speed::FROZEN)
    }

    /// Rules that are in force from the start.
    #[must_use]
    pub fn rules(mut self, rules: Vec<Rule>) -> Self {
        self.rules = rules;
        self
    }

    /// How much history is kept; 20,000 entries and 16 MiB by default.
    #[must_use]
    pub fn history_bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }

    /// After so many requests every further one gets a 503. No limit by default.
    #[must_use]
    pub fn max_requests(mut self, most: u64) -> Self {
        self.max_requests = Some(most);
        self
    }

    /// How long a client may take to say something, in real time; 30 s by default.
    #[must_use]
    pub fn connection_timeout(mut self, timeout: Duration) -> Self {
        self.connection_timeout = timeout;
        self
    }

    /// What control wants as bearer token. Needed to listen anywhere but on loopback.
    #[must_use]
    pub fn control_token(mut self, token: Secret) -> Self {
        self.control_token = Some(token);
        self
    }

    /// The file that the world is kept in: written whenever the world is saved, and by
    /// [`Emulator::stop`]. It is not read: give what is in it to [`Builder::world`].
    #[must_use]
    pub fn state_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.state_file = Some(path.into());
        self
    }

    /// Says that the world is one that was saved, such as that of the state file: `world restore` goes back
    /// to it until another one is saved.
    #[must_use]
    pub fn saved(mut self, saved: bool) -> Self {
        self.saved = saved;
        self
    }

    /// Whether each request is logged through `tracing`; not by default.
    #[must_use]
    pub fn log(mut self, log: bool) -> Self {
        self.log = log;
        self
    }

    /// Whether evidence about a client is gathered; not by default. Then secrets are looked for wherever a client
    /// may have put one, and the history begins with what clients should list.
    #[must_use]
    pub fn evidence(mut self, evidence: bool) -> Self {
        self.evidence = evidence;
        self
    }

    /// Hosts that are there to see who sends something to them: reached like the others, they answer everything
    /// with 404.
    #[must_use]
    pub fn traps(mut self, hosts: Vec<String>) -> Self {
        self.traps = hosts;
        self
    }

    /// Starts listening.
    pub async fn start(self) -> Result<Emulator, StartError> {
        // An empty token, as of an unset variable, protects nothing.
        let token = self.control_token.filter(|token| !token.reveal().is_empty());
        if !self.listen.ip().is_loopback() && token.is_none() {
            return Err(StartError::ControlToken(self.listen));
        }
        let world = self.world.unwrap_or_else(|| World::sample(DEFAULT_SEED));
        let traps = host::traps(&self.traps, &world.dedicated_hosts()).map_err(StartError::Trap)?;
        // Tried before anything starts, so that a world is not lost at the end.
        let state_file = self.state_file.map(StateFile::new).transpose()?;
        let authority = match &self.authority_dir {
            Some(dir) => Authority::load_or_create(dir)?,
            None => Authority::generate()?,
        };
        let authority = Arc::new(authority);
        let listener = TcpListener::bind(self.listen).await.map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => StartError::Taken(self.listen),
            _ => StartError::Listen(self.listen, error),
        })?;
        let address = listener.local_addr().map_err(|error| StartError::Listen(self.listen, error))?;
        let files = ClientFiles::write(self.authority_dir.as_deref(), authority.pem())?;
        let start = self.start_time.unwrap_or_else(clock::wall_now);
        let house = Arc::new(House {
            tls: Tls::new(Arc::clone(&authority)),
            authority,
            files,
            token: token.map(|token| token.digest()),
            address,
            connection_timeout: self.connection_timeout,
            bounds: self.bounds,
            log: self.log,
            saved_at: self.saved.then_some(start),
            runtime: Handle::current(),
            opened: Mutex::default(),
        });
        let mut sandbox = Sandbox::new(
            world,
            Timeline::new(start, self.speed, clock::real()),
            History::new(self.bounds),
            Conduct {
                body_timeout: self.connection_timeout,
                max_requests: self.max_requests,
                state_file,
                saved: self.saved,
                log: self.log,
                evidence: self.evidence,
                traps,
            },
        );
        sandbox.house = Some(Arc::clone(&house));
        let count = self.rules.len();
        sandbox.lock().add_rules(self.rules).map_err(|(nth, error)| error.of_nth(nth, count))?;
        let open = house.serve(Arc::new(sandbox), listener, address);
        Ok(Emulator::new(open, house))
    }
}
