//! Why the cloud says no, in the model's own terms.
//!
//! Each refusal has a short code, which histories and selectors use (`refused: expired`), and a
//! sentence. What status and body it becomes on the wire is the business of the emulator's
//! envelopes and of the dialect.

use uuid::Uuid;

use crate::{filter::FilterError, limit::Allowance, role::Need, token::TokenKind};

/// What is wrong with the bearer token of a resource request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// No Authorization header.
    #[error("no Authorization header")]
    Missing,
    /// An Authorization header that is no bearer token, or more than one.
    #[error("the Authorization header holds no bearer token")]
    Malformed,
    /// Not in the table: forged, of another run, or never issued.
    #[error("the token is not one that was issued here")]
    Unknown,
    /// Past its `exp`.
    #[error("the token has expired")]
    Expired,
    /// Taken back.
    #[error("the token was revoked")]
    Revoked,
    /// Of a user who is blocked or suspended, or was removed (dialect `shut_out_user: forbidden_403`).
    #[error("the user behind the token was shut out")]
    UserShutOut,
    /// Valid, but not for this family of services.
    #[error("the token is for another service")]
    WrongService,
    /// Given to another client than the one that presents it.
    #[error("it was given to another client")]
    WrongClient,
    /// Valid, but its workspace lives on another cluster.
    #[error("the workspace of the token lives on another cluster")]
    WrongCluster,
    /// Valid, but of a workspace on another platform (cloud or Dedicated).
    #[error("the token is for another platform")]
    WrongPlatform,
    /// Valid, but for another workspace (dialect `wrong_workspace_token: unauthorized_401`).
    #[error("the token is for another workspace")]
    WrongWorkspace,
}

/// Why a resource request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// 401 of the family; 403 for a user who was shut out.
    #[error("{0}")]
    Token(TokenFault),
    /// 403: the token acts in another workspace than the one asked for.
    #[error("the token is for another workspace")]
    WrongWorkspace,
    /// 403: the role of the user does not grant what the operation needs.
    #[error("the role {role} does not grant {need}")]
    Denied {
        /// The role.
        role: String,
        /// What the operation needs.
        need: Need,
    },
    /// 429: there were as many calls in this window as there may be (dialect `rate_limits`).
    #[error("the rate limit of {} is reached; its window ends in {} s", .0.most, .0.resets_in)]
    Limited(Allowance),
    /// 403: only an MSP workspace has tenants.
    #[error("the workspace of the token is no MSP")]
    NotAnMsp,
    /// 404: the family has no such route.
    #[error("no such route")]
    NoRoute,
    /// 405, with the methods that the route has.
    #[error("the route does not have this method")]
    Method(String),
    /// 404: the route exists, the object does not.
    #[error("there is no {0}")]
    NotFound(String),
    /// 404: there is no such asynchronous operation, or it ended too long ago.
    #[error("there is no operation {0}")]
    NoOperation(Uuid),
    /// 403 of New Central's gateway: a PATCH that says it is a merge patch (dialect `central_merge_patch`).
    #[error("the gateway takes no application/merge-patch+json")]
    MergePatch,
    /// A query parameter nobody documented.
    #[error("unknown query parameter {0}")]
    UnknownQuery(String),
    /// A query parameter with a bad value.
    #[error("query parameter {name}: {message}")]
    Query {
        /// The parameter.
        name: &'static str,
        /// What is wrong with its value.
        message: String,
    },
    /// A filter that cannot be read.
    #[error("filter: {0}")]
    Filter(#[from] FilterError),
    /// A path parameter with a bad value.
    #[error("path parameter {name}: {message}")]
    Path {
        /// The parameter.
        name: &'static str,
        /// What is wrong with its value.
        message: String,
    },
    /// The body is no JSON, or a member of it has a bad value.
    #[error("body: {message}")]
    Body {
        /// The member, by its path (`address/countryCode`); empty for the body as a whole.
        member: String,
        /// What is wrong with it.
        message: String,
    },
    /// What is asked for cannot be, as things stand.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// 413: the body is larger than 1 MiB (`glp.md §11 U20`).
    #[error("the body is larger than 1 MiB")]
    BodyTooLarge,
    /// 408: the body did not arrive in time.
    #[error("the body did not arrive in time")]
    BodyTooSlow,
    /// 400: the request cannot be understood at all.
    #[error("{0}")]
    Malformed(String),
}

/// Why a request that can be read changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// The user has a credential of that name in the workspace.
    #[error("the user has a credential of this name in this workspace")]
    CredentialNameTaken,
    /// The user has as many credentials in the workspace as HPE allows (`glp.md §2.4`).
    #[error("the user has seven credentials in this workspace, which is the most there may be")]
    EighthCredential,
    /// A credential is asked for a tenant that is not there or not managed (`glp.md §4`).
    #[error("there is no such tenant of this workspace")]
    NoSuchTenant,
    /// A credential is asked for a provision that the workspace does not have.
    #[error("there is no such service manager provision in the workspace")]
    NoSuchProvision,
    /// The MSP has a tenant of that name.
    #[error("the MSP has a tenant of this name")]
    TenantNameTaken,
    /// The service manager is provisioned in that region already, or is about to be (`glp.md §7.3`).
    #[error("Provision of the application is not allowed as application is already provisioned.")]
    AlreadyProvisioned,
    /// 412: the provision still has devices (`glp.md §7.3`).
    #[error("service-manager-provision has devices associated with it in the user's workspace.")]
    ProvisionHasDevices,
    /// The user belongs to the workspace already.
    #[error("the user belongs to this workspace already")]
    UserThere,
    /// There is no such user in the workspace (dialect `unknown_user`).
    #[error("there is no such user in this workspace")]
    NoSuchUser,
    /// The tenant still has devices.
    #[error("the tenant still has devices")]
    TenantHasDevices,
    /// 451: a workspace in that country, or a user from there, is refused (`glp.md §5`, `§7.2`).
    #[error("export rules forbid business with {0}")]
    ExportRules(String),
    /// A scope of that kind has the name.
    #[error("there is a {0} of that name already")]
    ScopeNameTaken(&'static str),
    /// A scope is deleted that something is in (dialect `scope_in_use`).
    #[error("there is something in this {0}")]
    ScopeInUse(&'static str),
    /// The world is full.
    #[error("this world has as many {0} as it can hold")]
    Full(&'static str),
}

impl Conflict {
    /// The short code of histories.
    pub fn code(&self) -> &'static str {
        match self {
            Self::CredentialNameTaken | Self::TenantNameTaken => "name_taken",
            Self::EighthCredential => "too_many_credentials",
            Self::UserThere => "user_there",
            Self::NoSuchUser => "no_such_user",
            Self::NoSuchTenant => "no_such_tenant",
            Self::NoSuchProvision => "no_such_provision",
            Self::TenantHasDevices => "tenant_has_devices",
            Self::AlreadyProvisioned => "already_provisioned",
            Self::ProvisionHasDevices => "provision_has_devices",
            Self::ExportRules(_) => "export_rules",
            Self::ScopeNameTaken(_) => "scope_name_taken",
            Self::ScopeInUse(_) => "scope_in_use",
            Self::Full(_) => "full",
        }
    }
}

impl From<TokenFault> for Refusal {
    fn from(fault: TokenFault) -> Self {
        Self::Token(fault)
    }
}

impl TokenFault {
    /// The short code of histories.
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing => "no_token",
            Self::Malformed => "malformed_token",
            Self::Unknown => "unknown_token",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::UserShutOut => "user_shut_out",
            Self::WrongService => "wrong_service",
            Self::WrongClient => "wrong_client",
            Self::WrongCluster => "wrong_cluster",
            Self::WrongPlatform => "wrong_platform",
            Self::WrongWorkspace => "wrong_workspace",
        }
    }
}

impl Refusal {
    /// The same, with every text that may repeat what a client sent as `show` shows it: whole and cut in one
    /// place, so that no secret is cut before it can be known as one.
    #[must_use]
    pub fn shown(self, show: impl Fn(&str) -> String) -> Self {
        match self {
            Self::NotFound(text) => Self::NotFound(show(&text)),
            Self::UnknownQuery(name) => Self::UnknownQuery(show(&name)),
            Self::Query { name, message } => Self::Query { name, message: show(&message) },
            Self::Filter(FilterError { at, message }) => {
                Self::Filter(FilterError { at, message: show(&message) })
            }
            Self::Path { name, message } => Self::Path { name, message: show(&message) },
            Self::Body { member, message } => Self::Body { member: show(&member), message: show(&message) },
            Self::Malformed(text) => Self::Malformed(show(&text)),
            own @ (Self::Token(_)
            | Self::WrongWorkspace
            | Self::Denied { .. }
            | Self::Limited(_)
            | Self::NotAnMsp
            | Self::NoRoute
            | Self::NoOperation(_)
            | Self::Method(_)
            | Self::Conflict(_)
            | Self::BodyTooLarge
            | Self::BodyTooSlow
            | Self::MergePatch) => own,
        }
    }

    /// The short code of histories.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Token(fault) => fault.code(),
            Self::WrongWorkspace => "wrong_workspace",
            Self::Denied { .. } => "denied",
            Self::Limited(_) => "rate_limited",
            Self::NotAnMsp => "not_an_msp",
            Self::NoRoute => "no_route",
            Self::Method(_) => "method_not_allowed",
            Self::NotFound(_) | Self::NoOperation(_) => "not_found",
            Self::MergePatch => "merge_patch",
            Self::UnknownQuery(_) => "unknown_query",
            Self::Query { .. } => "bad_query",
            Self::Filter(_) => "bad_filter",
            Self::Path { .. } => "bad_path",
            Self::Body { .. } => "bad_body",
            Self::Conflict(conflict) => conflict.code(),
            Self::BodyTooLarge => "body_too_large",
            Self::BodyTooSlow => "body_too_slow",
            Self::Malformed(_) => "malformed",
        }
    }
}

/// Why a token endpoint issues no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    /// The body is no form, or a parameter is missing, doubled or unusable.
    #[error("{0}")]
    Form(String),
    /// The request is no POST.
    #[error("a token request is a POST")]
    Method,
    /// A grant type that the issuer does not have.
    #[error("grant type {0:?} is not supported here")]
    Grant(String),
    /// Unknown client, wrong secret, none given where one is needed.
    #[error("{0}")]
    Client(&'static str),
    /// Credentials by two methods that do not agree, or at all where the dialect rejects it.
    #[error("client credentials must be sent by one method, or by two that agree")]
    ClientTwice,
    /// The client belongs to another workspace.
    #[error("the client belongs to another workspace")]
    ClientOfOtherWorkspace,
    /// The client was made for a service whose tokens this issuer does not issue.
    #[error("the client was made for another service")]
    ClientOfOtherService,
    /// The URL names no workspace that this host knows.
    #[error("no such workspace at this issuer")]
    UnknownWorkspace,
    /// The workspace id in the URL has dashes (dialect `issuer_hyphens: reject`).
    #[error("the workspace id in the URL must not have dashes")]
    Hyphens,
    /// The subject token has expired.
    #[error("the subject token has expired")]
    SubjectExpired,
    /// The subject token was revoked. Answered like an expired one.
    #[error("the subject token was revoked")]
    SubjectRevoked,
    /// The subject token is none of ours.
    #[error("the subject token is not one that was issued here")]
    SubjectUnknown,
    /// The subject token came from the SSO issuer.
    #[error("the subject token came from the SSO issuer")]
    SubjectFromSso,
    /// The subject token acts in a workspace that is no MSP.
    #[error("the subject token is no MSP token")]
    SubjectNotMsp,
    /// The tenant is not managed by the MSP of the subject token.
    #[error("the MSP of the subject token does not manage this tenant")]
    TargetNotManaged,
    /// The target is the MSP's own workspace.
    #[error("an MSP token cannot be exchanged for its own workspace")]
    TargetIsOwn,
    /// The exchange does not exist on a Dedicated Platform.
    #[error("a Dedicated Platform has no token exchange")]
    DedicatedPlatform,
    /// The world holds as many live tokens as it can.
    #[error("too many live tokens")]
    TooMany,
    /// Classic Central lets nobody in with this name, password, application or customer.
    #[error("{0}")]
    SignIn(&'static str),
    /// What a session of Classic Central asks for is no code (RFC 6749 §4.1.1).
    #[error("response_type must be \"code\", not {0:?}")]
    ResponseType(String),
    /// A request of a session of Classic Central that does not prove to be its own.
    #[error("{0}")]
    Csrf(&'static str),
    /// What Classic Central hands out to go on with, presented when it is worth nothing: a session cookie, a code
    /// or a refresh token.
    #[error("{}: {fault}", .kind.noun())]
    Presented {
        /// What was presented, or should have been.
        kind: TokenKind,
        /// What is wrong with it.
        fault: TokenFault,
    },
    /// 429: a step of Classic's sign-in was taken too often (dialect `rate_limits`).
    #[error("the rate limit of {} is reached; its window ends in {} s", .0.most, .0.resets_in)]
    Limited(Allowance),
    /// The body was too large or too slow.
    #[error("{0}")]
    Body(Box<Refusal>),
}

impl TokenRefusal {
    /// The same, with every text that may repeat what a client sent as `show` shows it.
    #[must_use]
    pub fn shown(self, show: impl Fn(&str) -> String) -> Self {
        match self {
            Self::Form(text) => Self::Form(show(&text)),
            Self::Grant(grant) => Self::Grant(show(&grant)),
            Self::ResponseType(wanted) => Self::ResponseType(show(&wanted)),
            Self::Body(refusal) => Self::Body(Box::new(refusal.shown(show))),
            own @ (Self::Method
            | Self::Client(_)
            | Self::ClientTwice
            | Self::ClientOfOtherWorkspace
            | Self::ClientOfOtherService
            | Self::UnknownWorkspace
            | Self::Hyphens
            | Self::SubjectExpired
            | Self::SubjectRevoked
            | Self::SubjectUnknown
            | Self::SubjectFromSso
            | Self::SubjectNotMsp
            | Self::TargetNotManaged
            | Self::TargetIsOwn
            | Self::DedicatedPlatform
            | Self::TooMany
            | Self::SignIn(_)
            | Self::Csrf(_)
            | Self::Presented { .. }
            | Self::Limited(_)) => own,
        }
    }

    /// The short code of histories.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Form(_) => "bad_form",
            Self::Method => "method_not_allowed",
            Self::Grant(_) => "unsupported_grant",
            Self::Client(_) => "bad_client",
            Self::ClientTwice => "client_auth_twice",
            Self::ClientOfOtherWorkspace => "client_of_other_workspace",
            Self::ClientOfOtherService => "client_of_other_service",
            Self::UnknownWorkspace => "unknown_workspace",
            Self::Hyphens => "hyphens",
            Self::SubjectExpired => "expired",
            Self::SubjectRevoked => "revoked",
            Self::SubjectUnknown => "unknown_token",
            Self::SubjectFromSso => "sso_subject",
            Self::SubjectNotMsp | Self::TargetNotManaged => "foreign",
            Self::TargetIsOwn => "own_workspace",
            Self::DedicatedPlatform => "dedicated_platform",
            Self::TooMany => "too_many_tokens",
            Self::SignIn(_) => "bad_sign_in",
            Self::ResponseType(_) => "unsupported_response_type",
            Self::Csrf(_) => "bad_csrf",
            Self::Presented { fault, .. } => fault.code(),
            Self::Limited(_) => "rate_limited",
            Self::Body(refusal) => refusal.code(),
        }
    }
}
