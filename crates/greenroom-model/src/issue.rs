//! What the token endpoints decide: `client_credentials` and the exchange of RFC 8693.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::{
    access::{self, IssuerKind, Service},
    credential::{Claim, ClientAuth},
    dialect::{
        ExchangeClientAuth, ExchangeOwnWorkspace, ExchangeSsoSubject, IssuerHyphens, RotateOnIssue,
        TenantLife, TokenShape,
    },
    host::{GLP_HOST, HostFamily, SSO_HOST},
    id::WorkspaceId,
    refusal::TokenRefusal,
    secret::{Digest, OPAQUE, Secret},
    tenancy::{Platform, WorkspaceKind},
    time::whole_second,
    token::{Content, Life, Ordinal, Standing, Ticket, Token, TokenKind, Unsigned},
    world::{ClientIx, Door, WorkspaceIx, World},
};

/// How many times 64 characters a token has more where the dialect pads it: about 8 KiB as base64.
const PADDING: u64 = 88;

/// The issuer that a token request addressed.
#[derive(Clone, Copy, Debug)]
pub enum Issuer<'a> {
    /// The SSO issuer.
    Sso,
    /// The issuer of the workspace that the URL names, as it was written there.
    Workspace(&'a str),
}

/// What the signature of a token says about where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    /// Not from here, or no signature at all.
    Foreign,
    /// From here.
    Ours {
        /// The `exp` that it vouches for, in seconds since 1970.
        exp: Option<i64>,
    },
}

/// The subject token of an exchange.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    /// Its digest.
    pub digest: Digest,
    /// What its signature says.
    pub signature: Signature,
}

impl Signature {
    /// Whether it is ours and what it vouches for has run out at `now`, tokens outliving their `exp` by
    /// `skew`: true of tokens that the world issued and has forgotten since.
    pub fn expired_by(self, now: Timestamp, skew: SignedDuration) -> bool {
        matches!(self, Self::Ours { exp: Some(exp) } if exp.saturating_add(skew.as_secs()) <= now.as_second())
    }
}

/// How long a token lives that is issued on an operator's wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Term {
    /// As long as its kind does.
    OfKind,
    /// So long.
    Life(Life),
    /// Expired from the start, whatever the clock skew.
    Expired,
}

/// `iat` and `exp`: whole seconds, as a token writes them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Validity {
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

impl Validity {
    /// From now on, for so long.
    pub(crate) fn from(now: Timestamp, life: SignedDuration) -> Self {
        let issued_at = whole_second(now);
        Self { issued_at, expires_at: issued_at.saturating_add(life).unwrap_or(Timestamp::MAX) }
    }

    /// For so long, until a second ago and `skew`.
    fn until(now: Timestamp, skew: SignedDuration, life: SignedDuration) -> Self {
        let back = |from: Timestamp, by| from.saturating_sub(by).unwrap_or(Timestamp::MIN);
        let expires_at = back(back(whole_second(now), SignedDuration::from_secs(1)), skew);
        let expires_at = whole_second(expires_at);
        Self { issued_at: back(expires_at, life), expires_at }
    }
}

impl World {
    /// Answers `grant_type=client_credentials` (RFC 6749 §4.4, `glp.md §2`).
    pub fn mint(
        &mut self,
        issuer: Issuer<'_>,
        door: &Door,
        auth: &ClientAuth,
        now: Timestamp,
    ) -> Result<Unsigned, TokenRefusal> {
        let addressed = match issuer {
            Issuer::Sso => None,
            Issuer::Workspace(id) => Some(self.addressed_workspace(id, door)?),
        };
        let client =
            self.authenticate_client(auth)?.ok_or(TokenRefusal::Client("no client credentials were sent"))?;
        let (home, service) = (self.client(client).workspace, self.client(client).service);
        if addressed.is_some_and(|workspace| workspace != home) {
            return Err(TokenRefusal::ClientOfOtherWorkspace);
        }
        let (issuer, kind) = match addressed {
            None => (IssuerKind::Sso, TokenKind::Sso),
            Some(_) => (IssuerKind::Workspace, TokenKind::Workspace),
        };
        // The SSO issuer is a service of HPE's cloud; clients of a Dedicated Platform are not known there.
        if addressed.is_none() && self.workspace(home).platform != Platform::Cloud {
            return Err(TokenRefusal::Client("the client belongs to a Dedicated Platform"));
        }
        if !access::may_mint(service, issuer, self.dialect.mixed_services) {
            return Err(TokenRefusal::ClientOfOtherService);
        }
        let validity = Validity::from(now, self.lifetimes.of(kind).duration());
        self.issue(kind, client, home, None, validity, now)
    }

    /// Answers `grant_type=urn:ietf:params:oauth:grant-type:token-exchange` (RFC 8693 §2,
    /// `glp.md §3`). The URL must name a workspace of this host; then checks run in the order of the
    /// dialect table: client authentication, subject, issuer, expiry, MSP, target.
    pub fn exchange(
        &mut self,
        target: &str,
        door: &Door,
        auth: &ClientAuth,
        subject: Subject,
        now: Timestamp,
    ) -> Result<Unsigned, TokenRefusal> {
        let target = self.addressed_workspace(target, door)?;
        if self.workspace(target).platform != Platform::Cloud {
            return Err(TokenRefusal::DedicatedPlatform);
        }
        let named = self.exchange_client(auth)?;
        let Some(token) = self.tokens.by_digest(&subject.digest) else {
            return Err(match subject.signature.expired_by(now, self.dialect.clock_skew.0) {
                true => TokenRefusal::SubjectExpired,
                false => TokenRefusal::SubjectUnknown,
            });
        };
        if subject.signature == Signature::Foreign && !token.adopted {
            return Err(TokenRefusal::SubjectUnknown);
        }
        if named.is_some_and(|client| client != token.client) {
            return Err(TokenRefusal::Client("the client is not the one the subject token was issued to"));
        }
        if token.kind == TokenKind::Sso && self.dialect.exchange_sso_subject != ExchangeSsoSubject::Allow {
            return Err(TokenRefusal::SubjectFromSso);
        }
        match self.standing(token, now) {
            Standing::Live if self.user_fault(self.client(token.client)).is_some() => {
                return Err(TokenRefusal::SubjectRevoked);
            }
            Standing::Live => {}
            Standing::Expired => return Err(TokenRefusal::SubjectExpired),
            Standing::Revoked => return Err(TokenRefusal::SubjectRevoked),
        }
        let msp = token.workspace;
        if self.workspace(msp).kind != WorkspaceKind::Msp {
            return Err(TokenRefusal::SubjectNotMsp);
        }
        match self.workspace(target).kind {
            WorkspaceKind::Tenant { msp: manager, .. } if manager == msp => {}
            _ if target == msp && self.dialect.exchange_own_workspace == ExchangeOwnWorkspace::Allow => {}
            _ if target == msp => return Err(TokenRefusal::TargetIsOwn),
            _ => return Err(TokenRefusal::TargetNotManaged),
        }
        let mut validity = Validity::from(now, self.lifetimes.of(TokenKind::Tenant).duration());
        if self.dialect.tenant_life == TenantLife::Capped {
            validity.expires_at = validity.expires_at.min(token.expires_at);
        }
        let (client, parent) = (token.client, token.ordinal);
        self.issue(TokenKind::Tenant, client, target, Some(parent), validity, now)
    }

    /// Gives a signed token its value, and takes back what the dialect says it replaces. A token of a world
    /// that was replaced in the meantime is none of this one's: it stays without value.
    pub fn seal(&mut self, Ticket { epoch, ordinal }: Ticket, digest: Digest) {
        if epoch != self.epoch {
            return;
        }
        self.tokens.seal(ordinal, digest);
        // Classic's tokens have a rotation of their own.
        let kind = self.tokens.by_ordinal(ordinal).map(|token| token.kind);
        let rotates = matches!(kind, Some(TokenKind::Sso | TokenKind::Workspace | TokenKind::Tenant));
        match self.dialect.rotate_on_issue {
            _ if !rotates => {}
            RotateOnIssue::Off => {}
            RotateOnIssue::NewestOnly => self.tokens.replace_older(ordinal, false),
            RotateOnIssue::NewestAndChildren => self.tokens.replace_older(ordinal, true),
        }
    }

    /// Issues a token to a client without its secret, for `greenroom tokens issue`: to act in its
    /// own workspace or in a tenant of it.
    pub fn issue_for(
        &mut self,
        client: ClientIx,
        tenant: Option<WorkspaceIx>,
        term: Term,
        now: Timestamp,
    ) -> Result<Unsigned, TokenRefusal> {
        let home = self.client(client).workspace;
        let (kind, workspace) = match tenant {
            None if self.client(client).service == Service::Classic => (TokenKind::Classic, home),
            None => {
                let service = self.client(client).service;
                let here = access::may_mint(service, IssuerKind::Workspace, self.dialect.mixed_services);
                (if here { TokenKind::Workspace } else { TokenKind::Sso }, home)
            }
            Some(tenant) => match self.workspace(tenant).kind {
                // A token that opens nothing would only puzzle.
                _ if !access::may_mint(
                    self.client(client).service,
                    IssuerKind::Workspace,
                    self.dialect.mixed_services,
                ) =>
                {
                    return Err(TokenRefusal::ClientOfOtherService);
                }
                WorkspaceKind::Tenant { msp, .. } if msp == home => (TokenKind::Tenant, tenant),
                _ => return Err(TokenRefusal::TargetNotManaged),
            },
        };
        let usual = self.lifetimes.of(kind).duration();
        let validity = match term {
            Term::OfKind => Validity::from(now, usual),
            Term::Life(life) => Validity::from(now, life.duration()),
            Term::Expired => Validity::until(now, self.dialect.clock_skew.0, usual),
        };
        self.issue(kind, client, workspace, None, validity, now)
    }

    /// Takes back a token before its time.
    pub fn revoke(&mut self, ordinal: Ordinal) {
        self.tokens.revoke(ordinal);
    }

    /// Lets a token run out at `now`, whatever its `exp` says to its bearer.
    pub fn expire(&mut self, ordinal: Ordinal, now: Timestamp) {
        let end = now.saturating_sub(self.dialect.clock_skew.0).unwrap_or(Timestamp::MIN);
        self.tokens.end_at(ordinal, end);
    }

    /// The workspace whose issuer a URL addresses.
    fn addressed_workspace(&self, id: &str, door: &Door) -> Result<WorkspaceIx, TokenRefusal> {
        if id.contains('-') && self.dialect.issuer_hyphens == IssuerHyphens::Reject {
            return Err(TokenRefusal::Hyphens);
        }
        let id: WorkspaceId = id.parse().map_err(|_| TokenRefusal::UnknownWorkspace)?;
        let workspace = self.workspace_by_id(id).ok_or(TokenRefusal::UnknownWorkspace)?;
        let here = match (&self.workspace(workspace).platform, &door.family) {
            (_, HostFamily::Emulator) | (Platform::Cloud, HostFamily::Glp) => true,
            (Platform::Dedicated { host }, HostFamily::Dedicated) => *host == door.host,
            _ => false,
        };
        here.then_some(workspace).ok_or(TokenRefusal::UnknownWorkspace)
    }

    /// The client that a request proves to be; `None` if it sent no credentials.
    pub(crate) fn authenticate_client(&self, auth: &ClientAuth) -> Result<Option<ClientIx>, TokenRefusal> {
        let claims = auth.claims(self.dialect.client_auth_twice)?;
        if claims.is_empty() {
            return Ok(None);
        }
        claims
            .iter()
            .find_map(|claim| self.proven(claim))
            .map(Some)
            .ok_or(TokenRefusal::Client("unknown client or wrong secret"))
    }

    fn proven(&self, claim: &Claim) -> Option<ClientIx> {
        let client = self.client_by_id(&claim.id)?;
        // Nobody signs in for a user who was shut out (glp.md §2.4, §11 U29).
        if self.user_fault(self.client(client)).is_some() {
            return None;
        }
        self.client(client).secret.is(claim.secret.as_ref()?).then_some(client)
    }

    /// The client that an exchange names, if it names one: by proof, or, without any secret, by its
    /// bare `client_id` as public clients do (RFC 6749 §3.2.1).
    fn exchange_client(&self, auth: &ClientAuth) -> Result<Option<ClientIx>, TokenRefusal> {
        let claims = auth.claims(self.dialect.client_auth_twice)?;
        let authenticated = claims.iter().any(|claim| claim.secret.is_some());
        match self.dialect.exchange_client_auth {
            ExchangeClientAuth::Required if !authenticated => {
                return Err(TokenRefusal::Client("the exchange needs client authentication"));
            }
            ExchangeClientAuth::Forbidden if authenticated => {
                return Err(TokenRefusal::Client("the exchange takes no client authentication"));
            }
            _ => {}
        }
        if claims.is_empty() || authenticated {
            return self.authenticate_client(auth);
        }
        claims
            .iter()
            .find_map(|claim| self.client_by_id(&claim.id))
            .map(Some)
            .ok_or(TokenRefusal::Client("unknown client"))
    }

    fn issue(
        &mut self,
        kind: TokenKind,
        client: ClientIx,
        workspace: WorkspaceIx,
        parent: Option<Ordinal>,
        validity: Validity,
        now: Timestamp,
    ) -> Result<Unsigned, TokenRefusal> {
        let unsigned = self.enter_token(kind, client, workspace, parent, validity, now)?;
        self.audit_sign_in(client, workspace, kind == TokenKind::Tenant, now);
        Ok(unsigned)
    }

    /// Enters a token that is yet to be sealed.
    pub(crate) fn enter_token(
        &mut self,
        kind: TokenKind,
        client: ClientIx,
        workspace: WorkspaceIx,
        parent: Option<Ordinal>,
        Validity { issued_at, expires_at }: Validity,
        now: Timestamp,
    ) -> Result<Unsigned, TokenRefusal> {
        let subject = match kind {
            TokenKind::Tenant => self.workspace(workspace).symbol.clone(),
            _ => self.client(client).name.clone(),
        };
        let token = self
            .tokens
            .enter(&subject, now, self.dialect.clock_skew.0, |ordinal, symbol| Token {
                ordinal,
                kind,
                symbol,
                client,
                workspace,
                issued_at,
                expires_at,
                parent,
                adopted: false,
                revoked: false,
                seal: None,
            })
            .map_err(|_| TokenRefusal::TooMany)?
            .clone();
        let content = self.content(&token);
        let life = expires_at.as_second() - issued_at.as_second();
        let ticket = Ticket { epoch: self.epoch, ordinal: token.ordinal };
        let key_rotations = self.key_rotations;
        Ok(Unsigned { ticket, kind, key_rotations, symbol: token.symbol, life, content })
    }

    fn content(&self, token: &Token) -> Content {
        let ordinal = token.ordinal;
        // A world that begins again counts from the start, but later.
        let opaque = || {
            let text = self.random_hex("opaque", &token.issued_at.as_second().to_string(), ordinal);
            Content::Opaque(Secret::new(format!("{OPAQUE}{text}")))
        };
        // What Kong hands out is random characters (central.md §7.2).
        if !matches!(token.kind, TokenKind::Sso | TokenKind::Workspace | TokenKind::Tenant) {
            return opaque();
        }
        let (header, mut claims) = self.jwt(token);
        match self.dialect.token_shape {
            TokenShape::Jwt => {}
            TokenShape::Padded => {
                let padding: String =
                    (0..PADDING).map(|n| self.random_hex("padding", &ordinal.to_string(), n)).collect();
                claims.insert("padding".to_owned(), padding.into());
            }
            TokenShape::Opaque => return opaque(),
        }
        Content::Jwt { header, claims }
    }

    pub(crate) fn random_hex(&self, kind: &str, parent: &str, ordinal: u64) -> String {
        self.seed.bytes(kind, parent, ordinal).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Header and claims of a token: the SSO form of `glp.md §2.3` (seen live), or the workspace
    /// form of `glp.md §11 U1` (inferred). `jti` keeps tokens of one frozen second apart.
    fn jwt(&self, token: &Token) -> (Map<String, Value>, Map<String, Value>) {
        let client = self.client(token.client);
        let user = self.user(client.owner);
        let workspace = self.workspace(token.workspace).id.plain();
        let (iat, exp) = (token.issued_at.as_second(), token.expires_at.as_second());
        let jti = self.seed.uuid("jti", "", token.ordinal).to_string();
        let (header, claims) = match token.kind {
            TokenKind::Sso => (
                json!({"pi.atm": "dez0"}),
                json!({
                    "client_id": client.id,
                    "iss": format!("https://{SSO_HOST}"),
                    "aud": "external_api",
                    "sub": user.email,
                    "user_ctx": user.context,
                    "auth_source": "ccs_token_management",
                    "platform_customer_id": workspace,
                    "iat": iat,
                    "application_instance_id": client.application_instance,
                    "exp": exp,
                    "jti": jti,
                }),
            ),
            _ => (
                json!({"typ": "JWT"}),
                json!({
                    "iss": self.issuer_url(token.workspace),
                    "aud": "external_api",
                    "sub": format!("user:{}", user.principal),
                    "client_id": client.id,
                    "platform_customer_id": workspace,
                    "hpe_workspace_id": workspace,
                    "hpe_token_type": "api-v1.2",
                    "iat": iat,
                    "exp": exp,
                    "jti": jti,
                }),
            ),
        };
        (object(header), object(claims))
    }

    /// `iss` of a workspace's tokens and base of its discovery: the real host and the id without
    /// dashes, whatever road the request came (`glp.md §11 U2`).
    pub fn issuer_url(&self, workspace: WorkspaceIx) -> String {
        let workspace = self.workspace(workspace);
        let host = match &workspace.platform {
            Platform::Cloud => GLP_HOST,
            Platform::Dedicated { host } => host,
        };
        format!("https://{host}/authorization/v2/oauth2/{}", workspace.id.plain())
    }

    /// The workspace whose discovery document or key set a URL addresses.
    pub fn issuer_workspace(&self, id: &str, door: &Door) -> Option<WorkspaceIx> {
        self.addressed_workspace(id, door).ok()
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
