//! Classic Central's own sign-in (`central.md §7.2`): user and password for a session, the session for a code, the
//! code for two tokens, and these for the next two.
//!
//! Everything that is handed out on the way is a token of the world's table, so that it expires, is taken back and
//! is saved like any other. In front of it stands Kong, whose OAuth2 plugin speaks for what `central.md` leaves open.

use jiff::Timestamp;

use crate::{
    access::Service,
    credential::ClientAuth,
    dialect::ClassicReplacedAccess,
    id::Seed,
    issue::Validity,
    limit::Step,
    refusal::{Refusal, TokenFault, TokenRefusal},
    secret::{Digest, OPAQUE, Secret},
    tenancy::WorkspaceKind,
    token::{Ordinal, Standing, Token, TokenKind, Unsigned},
    world::{ClientIx, Session, World},
};

/// The two tokens that Classic hands out together.
#[derive(Clone, Debug)]
pub struct Pair {
    /// What opens its APIs.
    pub access: Unsigned,
    /// What the next pair is had for.
    pub refresh: Unsigned,
}

/// A session, and what a request of it proves with that it is no other site's.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The session cookie.
    pub session: Unsigned,
    /// The CSRF token.
    pub csrf: Secret,
}

/// The password of a user of whom the file says none.
pub(crate) fn derived_password(seed: Seed, email: &str) -> Secret {
    Secret::new(seed.uuid_v1("password", email, 0).simple().to_string())
}

/// What both of the first steps say of a wrong name and of a wrong password.
const WRONG: TokenRefusal = TokenRefusal::SignIn("unknown user or wrong password");

impl World {
    /// Step 1: a user signs in to an application of the gateway. Only the user whose application it is can.
    pub fn classic_sign_in(
        &mut self,
        client: Option<&str>,
        user: &str,
        password: &Secret,
        now: Timestamp,
    ) -> Result<SignedIn, TokenRefusal> {
        let client = self.classic_client(client)?;
        self.count_step(Step::SignIn, client, now)?;
        let user = self.user_named(user).ok_or(WRONG)?;
        if !self.user(user).password.is(password) || self.user_fault(self.client(client)).is_some() {
            return Err(WRONG);
        }
        if self.client(client).owner != user {
            return Err(TokenRefusal::SignIn("the application belongs to another user"));
        }
        let session = self.hand_out(TokenKind::SignIn, client, None, now)?;
        let csrf = self.tokens.by_ordinal(session.ticket.ordinal).map(|token| self.csrf_of(token));
        Ok(SignedIn { session, csrf: csrf.ok_or(TokenRefusal::TooMany)? })
    }

    /// Step 2: the session asks for a code, for one customer. The session is looked at before `response_type`, since
    /// Kong hands out codes behind the sign-in.
    pub fn classic_authorize(
        &mut self,
        client: Option<&str>,
        session: Option<Digest>,
        csrf: Option<&Secret>,
        customer: &str,
        response_type: &str,
        now: Timestamp,
    ) -> Result<Unsigned, TokenRefusal> {
        let client = self.classic_client(client)?;
        self.count_step(Step::Authorize, client, now)?;
        let session = self.presented(TokenKind::SignIn, session, client, now)?;
        match csrf {
            None => return Err(TokenRefusal::Csrf("no X-CSRF-TOKEN")),
            Some(csrf) if *csrf != self.csrf_of(session) => {
                return Err(TokenRefusal::Csrf("the X-CSRF-TOKEN is not that of this session"));
            }
            Some(_) => {}
        }
        if self.workspace(self.client(client).workspace).central_customer != customer {
            return Err(TokenRefusal::SignIn("the application belongs to another customer"));
        }
        if response_type != "code" {
            return Err(TokenRefusal::ResponseType(response_type.to_owned()));
        }
        let parent = Some(session.ordinal);
        self.hand_out(TokenKind::Code, client, parent, now)
    }

    /// Step 3: the code is redeemed, once. What came of it stays good when it is shown again, as with Kong, which
    /// deletes the code, although RFC 6749 §4.1.2 would have it revoked.
    pub fn classic_redeem(
        &mut self,
        auth: &ClientAuth,
        code: Option<Digest>,
        now: Timestamp,
    ) -> Result<Pair, TokenRefusal> {
        let client = self.classic_application(auth)?;
        self.count_step(Step::Redeem, client, now)?;
        let code = self.presented(TokenKind::Code, code, client, now)?.ordinal;
        self.count_new_token(client, now)?;
        let pair = self.hand_out_pair(client, now)?;
        self.tokens.revoke(code);
        Ok(pair)
    }

    /// The next pair for a refresh token, which is worth nothing from then on.
    pub fn classic_refresh(
        &mut self,
        auth: &ClientAuth,
        refresh: Option<Digest>,
        now: Timestamp,
    ) -> Result<Pair, TokenRefusal> {
        let client = self.classic_application(auth)?;
        let old = self.presented(TokenKind::Refresh, refresh, client, now)?;
        let (old, access) = (old.ordinal, old.parent);
        let pair = self.hand_out_pair(client, now)?;
        self.tokens.revoke(old);
        if self.dialect.classic_replaced_access == ClassicReplacedAccess::Revoked
            && let Some(access) = access
        {
            self.tokens.revoke(access);
        }
        Ok(pair)
    }

    /// A grant that Classic's token endpoint does not have. Kong looks at the application first.
    pub fn classic_no_grant(&self, auth: &ClientAuth, grant: &str) -> TokenRefusal {
        match self.classic_application(auth) {
            Ok(_) => TokenRefusal::Grant(grant.to_owned()),
            Err(refusal) => refusal,
        }
    }

    /// The session of an MSP, acting in the tenant whose customer id it names in the header `TenantID`, with the
    /// MSP's own token (`central.md §7.3`).
    pub fn in_tenant(&self, session: Session, customer: &str) -> Result<Session, Refusal> {
        if self.workspace(session.workspace).central_customer == customer {
            return Ok(session);
        }
        let tenant = self.directory.customer(customer).filter(|ix| self.manages(session.workspace, *ix));
        tenant.map(|workspace| Session { workspace, ..session }).ok_or_else(|| self.wrong_workspace())
    }

    /// The id of the MSP that manages the workspace of a session, as Classic calls it.
    pub fn classic_msp(&self, session: &Session) -> Option<&str> {
        match self.workspace(session.workspace).kind {
            WorkspaceKind::Msp => Some(&self.workspace(session.workspace).central_customer),
            WorkspaceKind::Tenant { msp, .. } => Some(&self.workspace(msp).central_customer),
            WorkspaceKind::Standard => None,
        }
    }

    /// The gateway's application of that id.
    fn classic_client(&self, id: Option<&str>) -> Result<ClientIx, TokenRefusal> {
        let known = id.and_then(|id| self.client_by_id(id));
        known
            .filter(|ix| self.client(*ix).service == Service::Classic)
            .ok_or(TokenRefusal::Client("unknown application"))
    }

    /// The application that a token request proves to be.
    fn classic_application(&self, auth: &ClientAuth) -> Result<ClientIx, TokenRefusal> {
        let client = self.authenticate_client(auth)?;
        client
            .filter(|ix| self.client(*ix).service == Service::Classic)
            .ok_or(TokenRefusal::Client("no application of the gateway"))
    }

    /// What a client presents to go on with: its own, and still worth something.
    fn presented(
        &self,
        kind: TokenKind,
        digest: Option<Digest>,
        client: ClientIx,
        now: Timestamp,
    ) -> Result<&Token, TokenRefusal> {
        let refuse = |fault| TokenRefusal::Presented { kind, fault };
        let digest = digest.ok_or_else(|| refuse(TokenFault::Missing))?;
        let token = self.tokens.by_digest(&digest).filter(|token| token.kind == kind);
        let token = token.ok_or_else(|| refuse(TokenFault::Unknown))?;
        match self.standing(token, now) {
            _ if token.client != client => Err(refuse(TokenFault::WrongClient)),
            Standing::Revoked => Err(refuse(TokenFault::Revoked)),
            Standing::Expired => Err(refuse(TokenFault::Expired)),
            Standing::Live => Ok(token),
        }
    }

    fn hand_out_pair(&mut self, client: ClientIx, now: Timestamp) -> Result<Pair, TokenRefusal> {
        let access = self.hand_out(TokenKind::Classic, client, None, now)?;
        let refresh = self.hand_out(TokenKind::Refresh, client, Some(access.ticket.ordinal), now);
        let refresh = match refresh {
            Ok(refresh) => refresh,
            Err(refusal) => {
                self.tokens.revoke(access.ticket.ordinal);
                return Err(refusal);
            }
        };
        self.audit_sign_in(client, self.client(client).workspace, false, now);
        Ok(Pair { access, refresh })
    }

    fn hand_out(
        &mut self,
        kind: TokenKind,
        client: ClientIx,
        parent: Option<Ordinal>,
        now: Timestamp,
    ) -> Result<Unsigned, TokenRefusal> {
        let validity = Validity::from(now, self.lifetimes.of(kind).duration());
        self.enter_token(kind, client, self.client(client).workspace, parent, validity, now)
    }

    /// What a session proves with that a request is its own. It follows from the session, so that nothing has to be
    /// kept; a world that begins again has other sessions, and others of these.
    fn csrf_of(&self, session: &Token) -> Secret {
        let text = self.random_hex("csrf", &session.issued_at.as_second().to_string(), session.ordinal);
        Secret::new(format!("{OPAQUE}{text}"))
    }
}
