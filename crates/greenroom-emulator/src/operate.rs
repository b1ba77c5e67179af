//! What a request does to the world: issue a token, show a document, answer a session. Under the lock.

use greenroom_model::{
    access::ApiFamily,
    classic::{Pair, SignedIn},
    dialect::CentralMergePatch,
    issue::{Issuer, Subject},
    limit::Allowance,
    refusal::{Refusal, TokenRefusal},
    secret::Secret,
    token::Unsigned,
    world::Session,
};
use http::{Method, header, request::Parts};
use jiff::Timestamp;

use crate::{
    envelope::Speaker,
    identify::{self, Target},
    oauth::{self, Grant, TokenRequest},
    route::{Action, Api, Operation, Reply, Route},
    sandbox::State,
    serve::Call,
};

/// In which tenant a call of an MSP acts.
const TENANT: &str = "tenantid";

/// What the world made of a request.
pub(crate) enum Outcome {
    Token(Box<Issuance>),
    TokenRefused(TokenRefusal),
    Document(serde_json::Value),
    /// What a service answers, and how the quota stands that the call was counted against.
    Reply(Reply, Option<Allowance>),
    Refused(Refusal, Option<Allowance>),
    Closed(String),
}

/// What is handed out: the token that was asked for, and what comes along.
pub(crate) struct Issuance {
    pub(crate) token: Unsigned,
    /// The refresh token beside it.
    pub(crate) refresh: Option<Unsigned>,
    /// What a session proves with that a request is its own.
    pub(crate) csrf: Option<Secret>,
}

impl From<Unsigned> for Issuance {
    fn from(token: Unsigned) -> Self {
        Self { token, refresh: None, csrf: None }
    }
}

impl From<Pair> for Issuance {
    fn from(Pair { access, refresh }: Pair) -> Self {
        Self { token: access, refresh: Some(refresh), csrf: None }
    }
}

impl From<SignedIn> for Issuance {
    fn from(SignedIn { session, csrf }: SignedIn) -> Self {
        Self { token: session, refresh: None, csrf: Some(csrf) }
    }
}

impl Outcome {
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self, Self::TokenRefused(_) | Self::Refused(..))
    }

    /// The same, with what a refusal repeats of the request as `show` shows it.
    pub(crate) fn shown(self, show: impl Fn(&str) -> String) -> Self {
        match self {
            Self::TokenRefused(refusal) => Self::TokenRefused(refusal.shown(show)),
            Self::Refused(refusal, allowance) => Self::Refused(refusal.shown(show), allowance),
            other => other,
        }
    }
}

impl State {
    pub(crate) fn operate(&mut self, call: &Call<'_>, now: Timestamp) -> Outcome {
        if let Some(request) = call.token_request {
            let issued = match &call.body_fault {
                Some(fault) => Err(TokenRefusal::Body(Box::new(fault.clone()))),
                None => self.issue(call, request, now),
            };
            return issued.map_or_else(Outcome::TokenRefused, |issued| Outcome::Token(Box::new(issued)));
        }
        let target = &call.identified.target;
        if let Some(speaker) = target.speaker() {
            return match &call.body_fault {
                Some(fault) => Outcome::Refused(fault.clone(), None),
                None => self.api(speaker, call, now),
            };
        }
        // A host of issuers: nobody has to show a token for its documents.
        match target {
            Target::Route(Route { action: Action::Document(document), .. }) => {
                let document = document(&self.world, &call.ask);
                document.map_or(Outcome::Refused(Refusal::NoRoute, None), Outcome::Document)
            }
            Target::WrongMethod(routes) => Outcome::Refused(Refusal::Method(identify::allow(routes)), None),
            Target::Route(_) | Target::NoRoute(_) | Target::NothingThere => {
                Outcome::Refused(Refusal::NoRoute, None)
            }
        }
    }

    fn issue(
        &mut self,
        call: &Call<'_>,
        request: &TokenRequest,
        now: Timestamp,
    ) -> Result<Issuance, TokenRefusal> {
        let auth = &request.auth;
        let workspace = call.identified.segments.first().map(|(_, id)| id.as_str());
        let digest = |shown: Option<Secret>| shown.map(|shown| shown.digest());
        let named = auth.body.id.as_deref();
        let world = &mut self.world;
        let token = match (request.grant.clone()?, workspace) {
            (Grant::Login { user, password }, _) => {
                return Ok(world.classic_sign_in(named, &user, &password, now)?.into());
            }
            (Grant::Code(code), _) => return Ok(world.classic_redeem(auth, digest(code), now)?.into()),
            (Grant::Refresh(token), _) => return Ok(world.classic_refresh(auth, digest(token), now)?.into()),
            (Grant::Unknown(grant), _) => Err(world.classic_no_grant(auth, &grant)),
            (Grant::Authorize { session, csrf, customer, response_type }, _) => {
                let session = digest(session);
                world.classic_authorize(named, session, csrf.as_ref(), &customer, &response_type, now)
            }
            (Grant::ClientCredentials, None) => world.mint(Issuer::Sso, call.door, auth, now),
            (Grant::ClientCredentials, Some(id)) => world.mint(Issuer::Workspace(id), call.door, auth, now),
            // The SSO issuer knows no exchange (glp.md §2.1, §3).
            (Grant::Exchange { .. }, None) => Err(TokenRefusal::Grant(oauth::TOKEN_EXCHANGE.to_owned())),
            (Grant::Exchange { subject_token }, Some(id)) => {
                let subject = Subject { digest: subject_token.digest(), signature: call.subject };
                world.exchange(id, call.door, auth, subject, now)
            }
        };
        Ok(token?.into())
    }

    /// The order of checks everywhere: token, cluster or workspace, route, rate, permission, query
    /// names, values (`central.md §9`). The rate comes after the token, because it is a principal's or
    /// a workspace's, and after the route, because numbers are an operation's (`glp.md §6.1`, `§8.5`);
    /// it comes before all that the service behind the gateway looks at.
    fn api(&mut self, speaker: Speaker, call: &Call<'_>, now: Timestamp) -> Outcome {
        let (session, route) = match self.let_in(speaker, call, now) {
            Ok(found) => found,
            Err(refusal) => return Outcome::Refused(refusal, None),
        };
        let allowance = match self.world.count(&session, route.name, speaker.family(), now) {
            Ok(allowance) => allowance,
            Err(refusal) => return Outcome::Refused(refusal, None),
        };
        match self.serve(&session, route, call, now) {
            Ok(reply) => Outcome::Reply(reply, allowance),
            Err(refusal) => Outcome::Refused(refusal, allowance),
        }
    }

    fn let_in(
        &self,
        speaker: Speaker,
        call: &Call<'_>,
        now: Timestamp,
    ) -> Result<(Session, &'static Route), Refusal> {
        let bearer = call.bearer.as_ref().map(|bearer| bearer.digest).map_err(|fault| *fault);
        let session = self.world.enter(bearer, speaker.family(), call.door, now)?;
        let session = self.acting(session, speaker, call.head)?;
        match &call.identified.target {
            Target::Route(_) if self.takes_no_merge_patch(speaker) && is_merge_patch(call.head) => {
                Err(Refusal::MergePatch)
            }
            Target::Route(route) => Ok((session, route)),
            Target::WrongMethod(routes) => Err(Refusal::Method(identify::allow(routes))),
            Target::NoRoute(_) | Target::NothingThere => Err(Refusal::NoRoute),
        }
    }

    /// Where a session acts: in Classic Central an MSP names a tenant in a header (`central.md §7.3`).
    fn acting(&self, session: Session, speaker: Speaker, head: &Parts) -> Result<Session, Refusal> {
        let tenant = head.headers.get(TENANT).filter(|_| speaker.family() == ApiFamily::Classic);
        match tenant.map(|tenant| tenant.to_str().unwrap_or_default().trim()) {
            None | Some("") => Ok(session),
            Some(tenant) => self.world.in_tenant(session, tenant),
        }
    }

    fn takes_no_merge_patch(&self, speaker: Speaker) -> bool {
        speaker.family() == ApiFamily::Central
            && self.world.dialect.central_merge_patch == CentralMergePatch::Forbidden403
    }

    fn serve(
        &mut self,
        session: &Session,
        route: &'static Route,
        call: &Call<'_>,
        now: Timestamp,
    ) -> Result<Reply, Refusal> {
        let ask = &call.ask;
        let Action::Api(api, need, operation) = route.action else { return Err(Refusal::NoRoute) };
        self.world.permit(session, need)?;
        if api.rejects_unknown_query(self.world.dialect.unknown_query)
            && let Some((name, _)) =
                ask.query.iter().find(|(name, _)| !(route.query.contains(&name.as_str()) || name == "offset"))
        {
            return Err(Refusal::UnknownQuery(name.clone()));
        }
        let told = self.world.audit_log().written();
        let reply = match operation {
            Operation::Read(read) => read(&self.world, session, ask, now)?,
            Operation::Write(write) => write(&mut self.world, session, ask, now)?,
        };
        // The log does not grow by being read: paging through it would never end. A call whose own effect was told
        // is not told again; whoever asks about an operation may end it, which is somebody else's effect.
        let changed = !reply.changes.is_empty();
        let is_told = changed && self.world.audit_log().written() > told;
        if ![Api::AuditLog, Api::ClassicAuditLog].contains(&api) && !is_told {
            let description = format!("{} {}", call.head.method, route.path);
            self.world.audit_call(session, api.family().service(), description, changed, now);
        }
        Ok(reply)
    }
}

/// Whether a request is a PATCH of the type that RFC 7396 names.
fn is_merge_patch(head: &Parts) -> bool {
    let value = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    head.method == Method::PATCH && essence.eq_ignore_ascii_case("application/merge-patch+json")
}
