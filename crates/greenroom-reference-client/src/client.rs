//! One opened client: the top one, or a tenant entered through it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use reqwest::Url;
use tokio::sync::{RwLock, watch};

use crate::{
    call::Caller,
    classic::Classic,
    config::{Config, Entry},
    failure::{Failure, Kind},
    http::{Answer, Http, Level, Request},
    mutant::Mutant::{
        self, M22, M23, M24, M49, M60, M61, M62, M80, M100, M107, M108, M164, M166, M168, M193, M194,
    },
    page, place,
    process::Process,
    source::{Own, Source, Tenant},
    token_file::TokenFile,
};

/// Which credentials a client is opened with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// One set for GLP and New Central.
    Unified,
    /// One set each.
    Separate,
    /// One set of an MSP, which opens its tenants, too.
    Msp,
    /// An application of Classic Central, and the user whose it is.
    Classic,
}

/// A service that is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Api {
    Glp,
    Central,
    Classic,
}

/// How a tenant is named.
#[derive(Clone, Debug)]
pub(crate) enum Which {
    Id(String),
    Name(String),
}

#[derive(Debug)]
pub(crate) struct Client {
    http: Http,
    glp: Option<Arc<Source>>,
    central: Option<Arc<Source>>,
    central_url: Option<Url>,
    classic: Option<Arc<Source>>,
    classic_url: Option<Url>,
    standing: Standing,
    closed: watch::Sender<bool>,
    /// Read by every call under way.
    running: RwLock<()>,
}

/// What a client is to others.
#[derive(Debug)]
enum Standing {
    /// Its own, with what each part of the configuration gave.
    Own {
        unified: Option<Arc<Own>>,
        glp: Option<Arc<Own>>,
        new_central: Option<Arc<Own>>,
    },
    Msp(Msp),
    /// Its own, at Classic Central.
    Classic,
    /// A tenant, until it is closed.
    Tenant(Mutex<Option<Entered>>),
}

/// An MSP and the tenants that were entered: one entry each, however often.
#[derive(Debug)]
struct Msp {
    own: Arc<Own>,
    tenants: Arc<Mutex<Tenants>>,
}

/// By id without dashes.
type Tenants = HashMap<String, Room>;

#[derive(Debug)]
struct Room {
    source: Arc<Source>,
    /// How many clients are in it. The last one to leave closes it.
    clients: usize,
}

#[derive(Debug)]
struct Entered {
    process: Arc<Process>,
    tenants: Arc<Mutex<Tenants>>,
    key: String,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut tenants = locked(&self.tenants);
        if let Some(room) = tenants.get_mut(&self.key) {
            room.clients -= 1;
            if room.clients == 0 && !self.process.broken(M60) {
                tenants.remove(&self.key);
            }
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Client {
    /// Opens a client. Nothing is sent: its first token is asked for when the first call needs one.
    pub(crate) fn open(
        process: Arc<Process>,
        mode: Mode,
        config: Config,
        log: Level,
    ) -> Result<Self, Failure> {
        let (file, config) = match &config.token_file {
            Some(path) => {
                let (file, stored) = TokenFile::open(path)?;
                (Some(Arc::new(file)), stored.or(config))
            }
            None => (None, config),
        };
        let http = Http::new(process, config.timeout()?, log)?;
        if mode == Mode::Classic {
            return Self::open_classic(http, &config, file);
        }
        let own = |entry: &Entry, endpoint: Url, name: &'static str| {
            let credentials = entry.credentials();
            if credentials.is_none() && entry.access_token.is_none() {
                let message =
                    format!("config.{name} has neither client_id and client_secret nor access_token");
                return Err(Failure::new(Kind::Other, message));
            }
            let file = file.clone().map(|file| (file, name));
            let mut supplied = entry.access_token.clone();
            if file.is_some() && supplied.is_some() && http.process.broken(M164) {
                supplied = None;
            }
            Ok(Arc::new(Own::new(http.clone(), endpoint, credentials, supplied, file)))
        };
        // Unified credentials win over separate ones that are there as well.
        let has_separate = config.glp.is_some() || config.new_central.is_some();
        let prefers_separate = config.unified.is_some() && has_separate && http.process.broken(M80);
        if let Some(entry) = &config.unified
            && !prefers_separate
        {
            let workspace = entry.workspace_id.as_deref();
            let workspace = workspace.filter(|id| !id.is_empty());
            let Some(workspace) = workspace else {
                return Err(Failure::new(Kind::Other, "config.unified has no workspace_id"));
            };
            let asks_sso = http.process.broken(M49);
            let endpoint = if asks_sso { place::sso()? } else { place::issuer(workspace)? };
            let unified = || own(entry, endpoint.clone(), "unified");
            let (mut own, central_url) = (unified()?, central(&http, entry)?);
            if let Some(first) = http.process.signs_in(&own)
                && http.process.broken(M168)
            {
                own = first;
            }
            let of_central = match central_url.is_some() && http.process.broken(M62) {
                true => unified()?,
                false => Arc::clone(&own),
            };
            let standing = match mode {
                Mode::Msp => Standing::Msp(Msp { own: Arc::clone(&own), tenants: Arc::default() }),
                _ => Standing::Own { unified: Some(Arc::clone(&own)), glp: None, new_central: None },
            };
            let source = |own| Some(Arc::new(Source::Own(own)));
            return Ok(Self::new(http, source(own), source(of_central), central_url, standing));
        }
        if mode != Mode::Separate && !prefers_separate && !(has_separate && http.process.broken(M108)) {
            let message = match mode {
                Mode::Msp => "MSP mode takes unified credentials only: config.unified is missing",
                _ => "config.unified is missing",
            };
            return Err(Failure::new(Kind::Other, message));
        }
        let endpoint = if http.process.broken(M100) { place::issuer("")? } else { place::sso()? };
        let own = |entry: &Option<Entry>, name| {
            entry.as_ref().map(|it| own(it, endpoint.clone(), name)).transpose()
        };
        let (glp, new_central) = (own(&config.glp, "glp")?, own(&config.new_central, "new_central")?);
        if glp.is_none() && new_central.is_none() {
            return Err(Failure::new(Kind::Other, "config has neither glp nor new_central"));
        }
        let central_url = config.new_central.as_ref().map(|it| central(&http, it)).transpose()?.flatten();
        let source = |own: &Option<Arc<Own>>| own.clone().map(|own| Arc::new(Source::Own(own)));
        let (glp_source, central_source) = (source(&glp), source(&new_central));
        let standing = Standing::Own { unified: None, glp, new_central };
        Ok(Self::new(http, glp_source, central_source, central_url, standing))
    }

    fn new(
        http: Http,
        glp: Option<Arc<Source>>,
        central: Option<Arc<Source>>,
        central_url: Option<Url>,
        standing: Standing,
    ) -> Self {
        let closed = watch::Sender::new(false);
        let (classic, classic_url) = (None, None);
        Self {
            http,
            glp,
            central,
            central_url,
            classic,
            classic_url,
            standing,
            closed,
            running: RwLock::default(),
        }
    }

    fn open_classic(http: Http, config: &Config, file: Option<Arc<TokenFile>>) -> Result<Self, Failure> {
        let missing = || Failure::new(Kind::Other, "config.classic is missing");
        let entry = config.classic.as_ref().ok_or_else(missing)?;
        let base = entry.base()?;
        let classic = Classic::new(http.clone(), base.clone(), entry, file)?;
        let source = Arc::new(Source::Classic(Box::new(classic)));
        let bare = Self::new(http, None, None, None, Standing::Classic);
        Ok(Self { classic: Some(source), classic_url: Some(base), ..bare })
    }

    /// Enters a tenant. The exchange is made at once, so that whoever may not enter hears it here; who enters a second
    /// time shares the token of the first.
    pub(crate) async fn tenant(&self, which: Which) -> Result<Self, Failure> {
        let Standing::Msp(msp) = &self.standing else {
            if let Some(glp) = &self.glp
                && self.broken(M108)
            {
                glp.token().await?;
                let standing = Standing::Own { unified: None, glp: None, new_central: None };
                return Ok(Self::new(
                    self.http.clone(),
                    self.glp.clone(),
                    self.central.clone(),
                    None,
                    standing,
                ));
            }
            return Err(Failure::new(Kind::Usage, "this is no client of an MSP: open it with mode msp"));
        };
        self.until_closed(async {
            let (id, name) = match which {
                Which::Id(id) => (id, None),
                Which::Name(name) => (page::tenant_named(&self.caller(Api::Glp)?, &name).await?, Some(name)),
            };
            let (entered, source, is_new) = msp.enter(&self.http, &id, name)?;
            if let Some(refusal) = source.refusal()
                && self.http.process.broken(M61)
            {
                return Err(refusal);
            }
            source.token().await?;
            if !is_new && self.http.process.broken(M22) {
                source.renew_alone().await?;
            }
            let (glp, central) = (Some(Arc::clone(&source)), Some(source));
            let standing = Standing::Tenant(Mutex::new(Some(entered)));
            Ok(Self::new(self.http.clone(), glp, central, self.central_url.clone(), standing))
        })
        .await
    }

    /// Makes one call.
    pub(crate) async fn call(&self, api: Api, request: Request) -> Result<Answer, Failure> {
        self.until_closed(async { self.caller(api)?.call(request).await }).await
    }

    /// The serial numbers of all devices.
    pub(crate) async fn devices(&self) -> Result<Vec<String>, Failure> {
        self.until_closed(async {
            page::devices(&self.caller(Api::Central)?, self.base(Api::Central)?).await
        })
        .await
    }

    /// The ids of all tenants.
    pub(crate) async fn tenants(&self) -> Result<Vec<String>, Failure> {
        self.until_closed(async { page::tenants(&self.caller(Api::Glp)?).await }).await
    }

    /// The URL of a path of a service.
    pub(crate) fn url(&self, api: Api, path: &str, query: &[(String, String)]) -> Result<Url, Failure> {
        match api {
            Api::Glp => place::at(&place::glp()?, path, query),
            Api::Central | Api::Classic => place::at(self.base(api)?, path, query),
        }
    }

    /// Gets new tokens for the refresh token, though nobody has refused those that are there, and goes on with them.
    pub(crate) async fn refresh(&self) -> Result<(), Failure> {
        let Some(Source::Classic(classic)) = self.classic.as_deref() else {
            return Err(Failure::new(Kind::Usage, "only a client of Classic Central has a refresh token"));
        };
        self.until_closed(classic.refreshed()).await
    }

    /// Takes other credentials. Tokens that are good stay in use.
    pub(crate) fn reload(&self, config: &Config) -> Result<(), Failure> {
        let (unified, glp, new_central) = match &self.standing {
            Standing::Own { unified, glp, new_central } => {
                (unified.as_ref(), glp.as_ref(), new_central.as_ref())
            }
            Standing::Msp(msp) => (Some(&msp.own), None, None),
            Standing::Classic => {
                return Err(Failure::new(
                    Kind::Usage,
                    "a client of Classic Central takes no other credentials",
                ));
            }
            Standing::Tenant(_) => {
                return Err(Failure::new(Kind::Usage, "a tenant has no credentials: reload its MSP client"));
            }
        };
        let parts = [(unified, &config.unified), (glp, &config.glp), (new_central, &config.new_central)];
        for (own, entry) in parts {
            if let (Some(own), Some(entry)) = (own, entry) {
                own.reload(entry.credentials());
            }
        }
        Ok(())
    }

    /// Ends the calls that are under way, and waits for none of them.
    pub(crate) fn abandon(&self) {
        self.closed.send_replace(true);
        self.leave();
    }

    /// Whoever enters the tenant from now on enters anew, even if a task that is done still knows this client.
    fn leave(&self) {
        if let Standing::Tenant(entered) = &self.standing {
            drop(locked(entered).take());
        }
    }

    /// Ends the calls that are under way, and returns when nothing is.
    pub(crate) async fn close(&self) {
        if self.running.try_write().is_ok() || !self.broken(M193) {
            self.abandon();
        }
        drop(self.running.write().await);
        self.leave();
        if self.broken(M194) {
            self.keep();
        }
    }

    /// Keeps its connections: what mutants do.
    pub(crate) fn keep(&self) {
        self.http.keep();
    }

    /// Gets a token that nobody wants: what mutants do.
    pub(crate) async fn renew_for_nobody(&self) {
        if let Some(source) = self.glp.as_ref().or(self.central.as_ref()) {
            let _ = source.renew_alone().await;
        }
    }

    /// Whether it was entered through another one.
    pub(crate) fn is_tenant(&self) -> bool {
        matches!(self.standing, Standing::Tenant(_))
    }

    /// Whether this mistake is to be made.
    pub(crate) fn broken(&self, mutant: Mutant) -> bool {
        self.http.process.broken(mutant)
    }

    async fn until_closed<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let _running = self.running.read().await;
        let mut closed = self.closed.subscribe();
        tokio::select! {
            biased;
            _ = closed.wait_for(|closed| *closed) => Err(Failure::new(Kind::Usage, "the client was closed")),
            done = work => done,
        }
    }

    fn caller(&self, api: Api) -> Result<Caller, Failure> {
        let (source, name) = match api {
            Api::Glp => (&self.glp, "glp"),
            Api::Central => (&self.central, "new_central"),
            Api::Classic => (&self.classic, "classic"),
        };
        let missing =
            || Failure::new(Kind::Usage, format!("this client was opened without credentials for {name}"));
        let source = Arc::clone(source.as_ref().ok_or_else(missing)?);
        Ok(Caller { http: self.http.clone(), source })
    }

    fn base(&self, api: Api) -> Result<&Url, Failure> {
        let missing = || {
            Failure::new(
                Kind::Usage,
                format!("{api:?} is nowhere: the configuration has neither central_url nor cluster_name"),
            )
        };
        let url = if api == Api::Classic { &self.classic_url } else { &self.central_url };
        url.as_ref().ok_or_else(missing)
    }
}

/// Where New Central is, if this entry says so.
fn central(http: &Http, entry: &Entry) -> Result<Option<Url>, Failure> {
    if entry.is_in("US-WEST-5") && http.process.broken(M107) {
        return place::cluster("US-WEST-4").map(Some);
    }
    entry.central()
}

impl Msp {
    /// The entry of a tenant, and whether it is new.
    fn enter(
        &self,
        http: &Http,
        id: &str,
        name: Option<String>,
    ) -> Result<(Entered, Arc<Source>, bool), Failure> {
        let mut key = place::plain(id);
        if let Some(name) = name
            && http.process.broken(M166)
        {
            key = name;
        }
        if http.process.broken(M23) {
            key = id.to_owned();
        }
        if http.process.broken(M24) {
            key.clear();
        }
        let tenant = Tenant::new(http.clone(), id, Arc::clone(&self.own))?;
        let mut tenants = locked(&self.tenants);
        let new = || Room { source: Arc::new(Source::Tenant(Box::new(tenant))), clients: 0 };
        let room = tenants.entry(key.clone()).or_insert_with(new);
        let is_new = room.clients == 0;
        room.clients += 1;
        let source = Arc::clone(&room.source);
        let (process, tenants) = (Arc::clone(&http.process), Arc::clone(&self.tenants));
        Ok((Entered { process, tenants, key }, source, is_new))
    }
}
