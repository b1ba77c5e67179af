//! Where tokens come from: a client's own credentials, or an exchange of its MSP's token for a tenant's.

use std::sync::{
    Arc, Mutex, OnceLock, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use reqwest::{Method, Url};

use crate::{
    classic::Classic,
    config::{Credentials, Secret},
    failure::{Failure, Kind},
    http::{Http, Request},
    issuer::{self, Refusal},
    mutant::Mutant::{
        self, M11, M17, M18, M19, M25, M26, M27, M29, M52, M54, M55, M58, M59, M63, M64, M70, M71, M82, M83,
        M84, M85, M93, M121, M126, M160, M161, M162, M163, M167, M187, M189, M200,
    },
    place,
    token::{Slot, Token},
    token_file::{Flaw, TokenFile},
};

/// The tokens of one workspace, or of one application of Classic Central.
#[derive(Debug)]
pub(crate) enum Source {
    Own(Arc<Own>),
    Tenant(Box<Tenant>),
    Classic(Box<Classic>),
}

/// Tokens for credentials.
#[derive(Debug)]
pub(crate) struct Own {
    http: Http,
    endpoint: Url,
    credentials: Mutex<Option<Credentials>>,
    slot: Slot,
    /// The file that remembers its token, and the entry there.
    file: Option<(Arc<TokenFile>, &'static str)>,
    /// Whether a token of this process is in the file.
    has_kept: AtomicBool,
}

/// Tokens of a tenant, for those of its MSP.
#[derive(Debug)]
pub(crate) struct Tenant {
    http: Http,
    endpoint: Url,
    msp: Arc<Own>,
    slot: Slot,
    /// How many renewals there had been of any tenant when its token was issued.
    renewals: AtomicU64,
    /// What [`M58`] offers for ever.
    first_subject: OnceLock<Arc<Token>>,
}

impl Source {
    /// A token that is good as far as anybody here knows.
    pub(crate) async fn token(&self) -> Result<Arc<Token>, Failure> {
        if let Some(refusal) = self.http().process.refusal(None)
            && self.http().process.broken(M70)
        {
            return Err(refusal);
        }
        let token = match self {
            Self::Own(own) => own.token().await?,
            Self::Tenant(tenant) => tenant.token().await?,
            Self::Classic(classic) => classic.token().await?,
        };
        if let Self::Tenant(tenant) = self
            && tenant.broken(M93)
        {
            return tenant.msp.token().await;
        }
        let process = &self.http().process;
        if process.broken(M71) {
            return Ok(process.last_token().map_or(token, Arc::new));
        }
        Ok(token)
    }

    /// A newer token than this one, which the server has refused.
    pub(crate) async fn renew(&self, stale: &Arc<Token>) -> Result<Arc<Token>, Failure> {
        let process = &self.http().process;
        if process.is_under_way() && process.broken(M25) {
            process.idle().await;
            return Ok(process.last_token().map_or_else(|| Arc::clone(stale), Arc::new));
        }
        let _under_way = process.begins();
        match self {
            Self::Own(own) => own.renew(stale).await,
            Self::Tenant(tenant) => tenant.renew(stale).await,
            Self::Classic(classic) => classic.renew(stale).await,
        }
    }

    /// Whether these are tokens of Classic Central.
    pub(crate) fn is_classic(&self) -> bool {
        matches!(self, Self::Classic(_))
    }

    /// Whether somebody renews it now.
    pub(crate) fn is_being_renewed(&self) -> bool {
        self.slot().is_being_renewed()
    }

    /// Gets a token in any case: what mutants do.
    pub(crate) async fn renew_alone(&self) -> Result<Arc<Token>, Failure> {
        match self {
            Self::Own(own) => own.slot.get_alone(own.mint()).await,
            Self::Tenant(tenant) => tenant.slot.get_alone(tenant.exchange()).await,
            Self::Classic(classic) => classic.slot.get_alone(classic.next()).await,
        }
    }

    /// Whether a 401 is not believed, since the MSP token is still good: [`M59`].
    pub(crate) async fn is_believed(&self) -> bool {
        let Self::Tenant(tenant) = self else { return false };
        let msp = tenant.msp.slot.peek().await;
        msp.is_some_and(|token| !token.has_run_out(&tenant.http.process)) && tenant.broken(M59)
    }

    /// Why this tenant could not be entered before, if it could not.
    pub(crate) fn refusal(&self) -> Option<Failure> {
        match self {
            Self::Own(_) | Self::Classic(_) => None,
            Self::Tenant(tenant) => tenant.http.process.refusal(Some(&tenant.endpoint)),
        }
    }

    fn slot(&self) -> &Slot {
        match self {
            Self::Own(own) => &own.slot,
            Self::Tenant(tenant) => &tenant.slot,
            Self::Classic(classic) => &classic.slot,
        }
    }

    fn http(&self) -> &Http {
        match self {
            Self::Own(own) => &own.http,
            Self::Tenant(tenant) => &tenant.http,
            Self::Classic(classic) => classic.http(),
        }
    }
}

impl Own {
    pub(crate) fn new(
        http: Http,
        endpoint: Url,
        credentials: Option<Credentials>,
        supplied: Option<Secret>,
        file: Option<(Arc<TokenFile>, &'static str)>,
    ) -> Self {
        let supplied = supplied.filter(|_| credentials.is_none() || !http.process.broken(M52));
        // How long a supplied token lives, nobody said.
        let supplied = supplied.map(|value| Token::new(&http.process, value, None));
        let (credentials, slot) = (Mutex::new(credentials), Slot::with(supplied));
        Self { http, endpoint, credentials, slot, file, has_kept: AtomicBool::new(false) }
    }

    /// Takes other credentials, for the next token that is asked for.
    pub(crate) fn reload(&self, credentials: Option<Credentials>) {
        *self.credentials.lock().unwrap_or_else(PoisonError::into_inner) = credentials;
    }

    fn credentials(&self) -> Option<Credentials> {
        self.credentials.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn token(&self) -> Result<Arc<Token>, Failure> {
        self.slot.get(&self.http.process, |token| is_good(&self.http, token), self.mint()).await
    }

    async fn renew(&self, stale: &Arc<Token>) -> Result<Arc<Token>, Failure> {
        if self.broken(M18) {
            return self.slot.get_alone(self.mint()).await;
        }
        if self.file.is_some() && stale.is_of_unknown_life() && self.broken(M64) {
            return Err(Failure::new(Kind::Auth, "the stored token is no good").with_status(401));
        }
        if let Some(failure) = self.slot.failure()
            && self.broken(M17)
        {
            return Err(failure);
        }
        if self.broken(M121) {
            return Ok(Arc::new(self.mint().await?));
        }
        let is_newer = |token: &Arc<Token>| !Arc::ptr_eq(token, stale) && !self.broken(M19);
        self.slot.get(&self.http.process, is_newer, self.mint()).await
    }

    async fn mint(&self) -> Result<Token, Failure> {
        let Some(credentials) = self.credentials() else {
            let message =
                "the access token is no good any more, and there are no credentials to get another with";
            return Err(Failure::new(Kind::Auth, message).with_status(401));
        };
        let process = &self.http.process;
        let missed = process.last_token().map_or(0, |token| token.lives_since(process));
        if missed > 1 && self.broken(M189) {
            for _ in 1..missed.min(10) {
                issuer::mint(&self.http, &self.endpoint, &credentials).await?;
            }
        }
        let mut token = issuer::mint(&self.http, &self.endpoint, &credentials).await?;
        if self.broken(M85) {
            token = issuer::mint(&self.http, &self.endpoint, &credentials).await?;
        }
        if token.has_run_out_by_claim(process) && self.broken(M187) {
            for _ in 0..4 {
                issuer::mint(&self.http, &self.endpoint, &credentials).await?;
            }
            return Err(Failure::new(Kind::Auth, "every token has run out when it comes"));
        }
        self.keep(&token).await;
        Ok(token)
    }

    /// Puts a token into the file, if there is one.
    async fn keep(&self, token: &Token) {
        let Some((file, entry)) = &self.file else { return };
        if self.has_kept.swap(true, Ordering::AcqRel) && self.broken(M163) {
            return;
        }
        let flaws = [(M160, Flaw::Alone), (M161, Flaw::ModeOfNewFiles), (M162, Flaw::InPlace)];
        let flaw = flaws.into_iter().find(|(mutant, _)| self.broken(*mutant)).map(|(_, flaw)| flaw);
        let members = vec![("access_token", Some(token.reveal().to_owned()))];
        file.remember(&self.http, entry, members, flaw).await;
    }

    fn broken(&self, mutant: Mutant) -> bool {
        self.http.process.broken(mutant)
    }
}

impl Tenant {
    pub(crate) fn new(http: Http, workspace: &str, msp: Arc<Own>) -> Result<Self, Failure> {
        let endpoint = match workspace.contains('-') && http.process.broken(M54) {
            true => place::issuer_as_given(workspace)?,
            false => place::issuer(workspace)?,
        };
        let renewals = AtomicU64::new(http.process.renewals());
        Ok(Self { http, endpoint, msp, slot: Slot::default(), renewals, first_subject: OnceLock::new() })
    }

    async fn token(&self) -> Result<Arc<Token>, Failure> {
        if self.slot.peek().await.is_none() && self.broken(M18) {
            return self.slot.get_alone(self.exchange()).await;
        }
        let process = &self.http.process;
        if self.renewals.load(Ordering::Acquire) != process.renewals() && self.broken(M167) {
            self.renewals.store(process.renewals(), Ordering::Release);
            return self.slot.get_alone(self.exchange()).await;
        }
        self.slot.get(process, |token| is_good(&self.http, token), self.exchange()).await
    }

    async fn renew(&self, stale: &Arc<Token>) -> Result<Arc<Token>, Failure> {
        if self.broken(M55) {
            self.msp.slot.get_alone(self.msp.mint()).await?;
            return Ok(Arc::clone(stale));
        }
        if self.broken(M18) || self.broken(M84) {
            return self.slot.get_alone(self.exchange_again()).await;
        }
        let is_newer = |token: &Arc<Token>| !Arc::ptr_eq(token, stale) && !self.broken(M19);
        self.slot.get(&self.http.process, is_newer, self.exchange_again()).await
    }

    async fn exchange_again(&self) -> Result<Token, Failure> {
        if self.broken(M84) {
            self.msp.slot.get_alone(self.msp.mint()).await?;
        }
        if self.broken(M83) {
            self.exchange_for_everybody().await?;
        }
        if self.broken(M200) {
            let taken = self.msp.token().await?;
            self.msp.slot.get_alone(self.msp.mint()).await?;
            if let Ok(token) = self.exchange_for(&self.endpoint, &taken).await {
                return Ok(token);
            }
        }
        let exchanged = self.exchange().await;
        self.http.process.renews();
        self.renewals.store(self.http.process.renewals(), Ordering::Release);
        exchanged
    }

    /// Exchanges, and if the MSP token may have run out meanwhile, renews it once and exchanges once more.
    async fn exchange(&self) -> Result<Token, Failure> {
        let mut subject = self.msp.token().await?;
        let first = self.first_subject.get_or_init(|| Arc::clone(&subject));
        if !Arc::ptr_eq(first, &subject) && self.broken(M58) {
            subject = Arc::clone(first);
        }
        let refusal = match self.exchange_for(&self.endpoint, &subject).await {
            Ok(token) => return Ok(token),
            Err(refusal) => refusal,
        };
        if self.broken(M26) {
            return Ok((*subject).clone());
        }
        if !refusal.of_subject {
            return if self.broken(M29) { self.storm(subject).await } else { Err(refusal.failure) };
        }
        let renewed = self.msp.renew(&subject).await;
        let mut fresh = renewed.map_err(|failure| failure.after(&refusal.failure.message))?;
        if self.broken(M82) {
            fresh = self.msp.renew(&fresh).await?;
        }
        let subject = if self.broken(M27) { subject } else { fresh };
        match self.exchange_for(&self.endpoint, &subject).await {
            Err(refusal) if refusal.of_subject && self.broken(M126) => self.storm(subject).await,
            exchanged => exchanged.map_err(|refusal| refusal.failure),
        }
    }

    async fn exchange_for(&self, endpoint: &Url, subject: &Token) -> Result<Token, Refusal> {
        let exchanged =
            issuer::exchange(&self.http, endpoint, subject, self.msp.credentials().as_ref()).await;
        match &exchanged {
            Ok(token) if self.msp.file.is_some() && self.broken(M63) => self.msp.keep(token).await,
            Err(refusal) if !refusal.of_subject => self.http.process.refused(endpoint, &refusal.failure),
            _ => {}
        }
        exchanged
    }

    /// [`M29`] and [`M126`].
    async fn storm(&self, mut subject: Arc<Token>) -> Result<Token, Failure> {
        for _ in 0..4 {
            subject = self.msp.renew(&subject).await?;
            if let Ok(token) = self.exchange_for(&self.endpoint, &subject).await {
                return Ok(token);
            }
        }
        Err(Failure::new(Kind::Auth, "no tenant token for five MSP tokens"))
    }

    /// [`M83`].
    async fn exchange_for_everybody(&self) -> Result<(), Failure> {
        let subject = self.msp.token().await?;
        let list = Request::new(Method::GET, place::at(&place::glp()?, "/workspaces/v1/msp-tenants", &[])?);
        let page = self.http.send(&list, Some(&subject)).await.map_err(|lost| lost.failure)?.json();
        let rows = page.as_ref().and_then(|page| page["items"].as_array());
        for id in rows.into_iter().flatten().filter_map(|row| row["id"].as_str()) {
            // Which of them it may enter does not matter here.
            let _ = self.exchange_for(&place::issuer(id)?, &subject).await;
        }
        Ok(())
    }

    fn broken(&self, mutant: Mutant) -> bool {
        self.http.process.broken(mutant)
    }
}

fn is_good(http: &Http, token: &Token) -> bool {
    !token.has_run_out(&http.process) && !http.process.broken(M11)
}
