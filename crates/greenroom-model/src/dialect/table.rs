//! The table of dialects: one row a behaviour, in the order of what it is about.

use super::{Area, Choice, ClockSkew, DialectError, Preset, RateLimits, Row, assign};
use crate::{evidence::Confidence, nearest};

dialects! {
    /// What the exchange answers when the MSP token has run out or was revoked. live: 401 unauthorized_request;
    /// rfc8693: 400 invalid_request; invalid_client: 401; token_expired, invalid_grant: 400; gateway_401: the
    /// envelope of GLP for an expired token; html_403: a page of the edge.
    exchange_expired: ExchangeExpired {
        Live = "live", Rfc8693 = "rfc8693", InvalidClient = "invalid_client",
        TokenExpired = "token_expired", InvalidGrant = "invalid_grant",
        Gateway401 = "gateway_401", Html403 = "html_403",
    } rfc Rfc8693 sdk InvalidClient; Issuers, source "central.md §5.3 (code), status inferred", Live;

    /// What the exchange answers to a subject token that is none of ours. invalid_request: 400; gateway_401:
    /// the envelope of GLP for a token that it cannot read.
    exchange_garbage_subject: ExchangeGarbageSubject {
        InvalidRequest = "invalid_request", Gateway401 = "gateway_401",
    }; Issuers, source "RFC 8693 §2.2.2", Documented;

    /// What the exchange answers for a tenant that the subject does not manage, or a subject that is no MSP
    /// token. unauthorized_request: 403; invalid_target: 400; html_403: a page of the edge.
    exchange_foreign_tenant: ExchangeForeignTenant {
        UnauthorizedRequest = "unauthorized_request", InvalidTarget = "invalid_target",
        Html403 = "html_403",
    } rfc InvalidTarget; Issuers, source "glp.md §2.2, §11 U4", Client;

    /// Whether a token of the SSO issuer can be exchanged. invalid_request: no, 400.
    exchange_sso_subject: ExchangeSsoSubject {
        InvalidRequest = "invalid_request", Allow = "allow",
    }; Issuers, source "glp.md §3", Inferred;

    /// Whether an MSP token can be exchanged onto its own workspace. unauthorized_request: no, 403;
    /// invalid_target: no, 400.
    exchange_own_workspace: ExchangeOwnWorkspace {
        UnauthorizedRequest = "unauthorized_request", Allow = "allow", InvalidTarget = "invalid_target",
    } rfc InvalidTarget; Issuers, source "glp.md §11 U5", Inferred;

    /// Whether the exchange wants client authentication. A wrong one is always 401 invalid_client.
    exchange_client_auth: ExchangeClientAuth {
        Optional = "optional", Required = "required", Forbidden = "forbidden",
    }; Issuers, source "glp.md §3, clients.md §0", Documented;

    /// Whether a tenant token has its own full life or ends with its MSP token.
    tenant_life: TenantLife { Own = "own", Capped = "capped" }; Issuers, source "glp.md §11 U7", Inferred;

    /// Whether a workspace id with dashes works in a token URL. reject: 400 invalid_request.
    issuer_hyphens: IssuerHyphens { Accept = "accept", Reject = "reject" };
        Issuers, source "glp.md §10 row 4", Client;

    /// What the issuer of an unknown workspace answers. html_403: a page of the edge; envelope_404: the
    /// envelope of GLP; invalid_client: 401.
    issuer_unknown_workspace: IssuerUnknownWorkspace {
        Html403 = "html_403", Envelope404 = "envelope_404", InvalidClient = "invalid_client",
    } rfc InvalidClient; Issuers, source "glp.md §2.2", Client;

    /// What an issuer answers to a client of another workspace, or of a service it does not serve. Both are a
    /// 401.
    client_of_other_workspace: ClientOfOtherWorkspace {
        UnauthorizedRequest = "unauthorized_request", InvalidClient = "invalid_client",
    } rfc InvalidClient; Issuers, source "glp.md §2.2", Client;

    /// Credentials both as Basic and in the form. An empty half counts as absent. reject: 400 invalid_request.
    client_auth_twice: ClientAuthTwice {
        AcceptIfEqual = "accept_if_equal", Reject = "reject",
    } rfc Reject; Issuers, source "clients.md §0", Client;

    /// What becomes of live tokens when their client is deleted or its secret reset. revoked: refused from the
    /// next call on.
    tokens_after_reset_or_delete: TokensAfterResetOrDelete {
        Revoked = "revoked", UntilExp = "until_exp",
    } rfc UntilExp sdk UntilExp; Issuers, source "central.md §4.1", Live;

    /// What a newly issued token does to the older ones of the same client and workspace.
    rotate_on_issue: RotateOnIssue {
        Off = "off", NewestOnly = "newest_only", NewestAndChildren = "newest_and_children",
    }; Issuers, source "glp.md §2.1", Inferred;

    /// How long after exp a token is still accepted; it is expired when now >= exp.
    clock_skew: ClockSkew {}; Everywhere, source "glp.md §11 U10", Inferred;

    /// The form of expires_in in token answers. life_minus_1: 899 for a life of 900 s; life: 900; string:
    /// "899"; absent: no such member.
    expires_in_shape: ExpiresInShape {
        LifeMinus1 = "life_minus_1", Life = "life", Text = "string", Absent = "absent", Null = "null",
    } rfc Life; Issuers, source "glp.md §2.1", Live;

    /// The form of access tokens, which is nobody's business but the issuer's. jwt: signed, of about a KiB; opaque: a
    /// random text that is no JWT; padded: a JWT of about 8 KiB.
    token_shape: TokenShape { Jwt = "jwt", Opaque = "opaque", Padded = "padded" };
        Issuers, source "glp.md §2.3; RFC 6749 §1.4", Live;

    /// The form of scope in token answers.
    scope_shape: ScopeShape { Omit = "omit", Text = "string", Array = "array" };
        Issuers, source "glp.md §2.2", Client;

    /// Whether a 401 carries WWW-Authenticate. by_family: GLP and token endpoints yes, Central no.
    www_authenticate: WwwAuthenticate {
        ByFamily = "by_family", On = "on", Off = "off",
    } rfc On; Everywhere, source "RFC 6750 §3; no evidence on Central", Inferred;

    /// The refusal of a token by GLP. gateway: 401 HPE_GL_ERROR_FORBIDDEN with texts about the JWT; service:
    /// 401 HPE_GL_ERROR_UNAUTHORIZED; expired_not_401: as gateway, but 403 for an expired token.
    glp_auth_error: GlpAuthError {
        Gateway = "gateway", Service = "service", ExpiredNot401 = "expired_not_401",
    }; Glp, source "glp.md §8.3, clients.md §0 item 5", Live;

    /// The error code of a Central 401. live: HPE_GL_NETWORKING_ERROR_UNAUTHORIZED; documented:
    /// HPE_GL_ERROR_UNAUTHORIZED.
    central_auth_error: CentralAuthError { Live = "live", Documented = "documented" };
        Central, source "central.md §4.3", Live;

    /// What another cluster answers to the token of a workspace that lives on one cluster.
    wrong_cluster: WrongCluster { Live401 = "live_401", Accept = "accept" } sdk Accept;
        Central, source "central.md §3", Live;

    /// What a right token gets for the id of another workspace.
    wrong_workspace_token: WrongWorkspaceToken {
        Forbidden403 = "forbidden_403", Unauthorized401 = "unauthorized_401",
    }; Glp, source "glp.md §11 U17", Inferred;

    /// Whether clients and tokens of one service are refused by the others.
    mixed_services: MixedServices { Strict = "strict", Lenient = "lenient" } sdk Lenient;
        Everywhere, source "central.md §4.1", Documented;

    /// list-tenants asked with a tenant token.
    list_tenants_from_tenant_token: ListTenantsFromTenantToken {
        Forbidden403 = "forbidden_403", Empty = "empty",
    }; Central, source "central.md §9", Inferred;

    /// list-tenants asked from a workspace that is no MSP.
    list_tenants_from_standard: ListTenantsFromStandard {
        Forbidden403 = "forbidden_403", Empty = "empty",
    }; Central, source "central.md §9", Inferred;

    /// The filter of the credentials list outside an MSP workspace.
    non_msp_credentials_filter: NonMspCredentialsFilter {
        BadRequest = "bad_request_400", Ignore = "ignore",
    }; Glp, source "seed 004", Documented;

    /// Whether the credentials API has its documented oddities: a 403 whose body says 401, error codes of other
    /// operations.
    credentials_quirks: CredentialsQuirks {
        AsDocumented = "as_documented", Clean = "clean",
    } rfc Clean; Glp, source "glp.md §4", Documented;

    /// What the eighth credential of one user in one workspace gets.
    eighth_credential: EighthCredential {
        BadRequest = "400", Conflict = "409", Unprocessable = "422",
    }; Glp, source "glp.md §11 U11 (the limit is documented, the answer is not)", Inferred;

    /// Query names nobody documented. by_family: Central monitoring, notifications, services and msp reject
    /// (offset is ignored), GLP ignores.
    unknown_query: UnknownQuery {
        ByFamily = "by_family", Reject = "reject", Ignore = "ignore",
    }; Everywhere, source "central.md §1.6", Live;

    /// A limit above the documented maximum.
    limit_over_max: LimitOverMax { Reject = "reject", Clamp = "clamp" };
        Everywhere, source "glp.md §11 U21", Documented;

    /// A page behind the last one.
    page_past_end: PagePastEnd { Empty = "empty", BadRequest = "400" };
        Everywhere, source "central.md §9", Inferred;

    /// What offset counts on tenants and users.
    offset_unit: OffsetUnit { Items = "items", Pages = "pages" }; Glp, source "glp.md §10 row 16", Client;

    /// Literals without quotes in a Central filter.
    unquoted_literal: UnquotedLiteral { Accept = "accept", Reject = "reject" };
        Central, source "central.md §1.4", Client;

    /// Truth values in quotes, in a filter of devices: the samples have none. reject: 400.
    quoted_truth: QuotedTruth { Reject = "reject", Accept = "accept" };
        Glp, source "glp.md §9", Inferred;

    /// The words of a filter (operators, functions, and, or, not) in upper case. lower: 400, since HPE names
    /// OData 4.0, which has them in lower case.
    operator_case: OperatorCase { Any = "any", Lower = "lower" };
        Everywhere, source "OData 4.01, where case does not matter", Inferred;

    /// What the gateway of New Central answers to a PATCH whose type is application/merge-patch+json.
    central_merge_patch: CentralMergePatch {
        Forbidden403 = "forbidden_403", Accept = "accept",
    }; Central, source "central.md §1.3", Live;

    /// How devices of Central show a member that has no value.
    central_absent: CentralAbsent {
        Null = "null", Omitted = "omitted",
    }; Central, source "central.md appendix A", Inferred;

    /// How the state of an operation that took too long is spelled.
    async_timeout_name: AsyncTimeoutName {
        Timeout = "TIMEOUT", TimedOut = "TIMEDOUT",
    }; Glp, source "glp.md §10 row 10", Documented;

    /// When an asynchronous operation ends. time_or_polls: after 2 virtual seconds or 2 polls, whichever comes
    /// first; now: as it is accepted; never, and polls if nobody asks: after 2 virtual minutes, with the state of
    /// async_timeout_name and nothing done.
    async_pace: AsyncPace {
        TimeOrPolls = "time_or_polls", Time = "time", Polls = "polls", Now = "now", Never = "never",
    }; Glp, source "glp.md §6.6", Live;

    /// What an asynchronous operation does when something is wrong with some of what it is about. partial: the rest,
    /// and says which is which; nothing.
    async_batch: AsyncBatch { Partial = "partial", Nothing = "nothing" };
        Glp, source "glp.md §6.6", Inferred;

    /// What giving a device to a tenant does if it is assigned to a service of the workspace that it leaves.
    handover_of_assigned: HandoverOfAssigned { Unassign = "unassign", Fail = "fail" };
        Glp, source "glp.md §6.5", Inferred;

    /// How many calls a workspace may make. documented: HPE's numbers, where there are any, and for Classic Central 7 a
    /// second and 5000 a day, with each step of its sign-in once a second; custom: so many calls of GLP, as many of New
    /// Central and as many of Classic, in each window. Token endpoints are not counted otherwise.
    rate_limits: RateLimits {}; Everywhere, source "glp.md §6.1, §7.1, §10 row 18; central.md §4.4", Client;

    /// Which rate headers a resource answer carries. by_family: GLP ratelimit, Central x-ratelimit.
    rate_headers: RateHeaders {
        ByFamily = "by_family", RateLimit = "ratelimit", XRateLimit = "x_ratelimit", None = "none",
    }; Everywhere, source "glp.md §8.5, central.md appendix A4", Documented;

    /// The Retry-After of a 429. documented: seconds, for Central's alerts only; on: seconds; date: an HTTP date.
    retry_after: RetryAfter {
        Documented = "documented", On = "on", Off = "off", Date = "date",
    } rfc On; Everywhere, source "glp.md §8.5, §11 U19; central.md §4.4", Documented;

    /// The form of Central's x-ratelimit-reset.
    central_rate_reset: CentralRateReset { Rfc3339 = "rfc3339", Seconds = "seconds" };
        Central, source "central.md §8 item 3", Documented;

    /// What a tenant's name gets that the MSP has given already.
    tenant_name_taken: TenantNameTaken {
        PreconditionFailed = "412", Conflict = "409",
    }; Glp, source "central.md §2", Live;

    /// What deleting a tenant gets that still has devices of its own.
    tenant_with_devices: TenantWithDevices {
        PreconditionFailed = "412", Delete = "delete",
    }; Glp, source "glp.md §5 lists the 412, not its cause", Inferred;

    /// What the users API answers for a user that the workspace does not have: it documents no 404.
    unknown_user: UnknownUser {
        PreconditionFailed = "412", BadRequest = "400", NotFound = "404", Unprocessable = "422",
    }; Glp, source "glp.md §7.2 lists the 412, not its cause", Inferred;

    /// How a workspace shows a user who was removed. gone: not at all; staged: as DELETE_IN_PROGRESS for ten seconds,
    /// then as DELETED. API clients and tokens of the user end at once either way.
    user_removal: UserRemoval { Gone = "gone", Staged = "staged" };
        Glp, source "glp.md §7.2 (the statuses are documented, the way is not)", Inferred;

    /// What tokens of a user get who is blocked or suspended, or was removed from the workspace. forbidden_403: 403
    /// HPE_AUTHZ_BLOCKED_USER; unauthorized_401: as a token that was revoked. New tokens are refused either way.
    shut_out_user: ShutOutUser {
        Forbidden403 = "forbidden_403", Unauthorized401 = "unauthorized_401",
    }; Everywhere, source "glp.md §11 U29", Inferred;

    /// Whether a tenant for a country under embargo (CU, IR, KP, SY), and a user whose address ends so, is refused
    /// with 451.
    export_compliance: ExportCompliance { Refuse = "refuse", Off = "off" };
        Glp, source "glp.md §5, §7.2 list the 451, not its cause", Inferred;

    /// The default limit of audit-log v1.
    audit_v1_default_limit: AuditV1DefaultLimit { Fifty = "50", TwoThousand = "2000" };
        Glp, source "glp.md §7.1", Inferred;

    /// The bodies of errors that the edge in front of HPE answers: the 404 where nothing is, and the 403 of
    /// New Central's gateway. Its 502 and 503 are not served yet.
    edge_errors: EdgeErrors { Json = "json", Html = "html" };
        Everywhere, source "glp.md §1, central.md §4.3", Inferred;

    /// What TLS handshakes offer. both: HTTP/2 and HTTP/1.1; http1: nothing, so that clients speak HTTP/1.1.
    http_versions: HttpVersions { Both = "both", Http1 = "http1" }; Everywhere, source "glp.md §1", Inferred;

    /// The unit of createdTime and lastUpdatedTime in list-tenants.
    created_time_unit: CreatedTimeUnit { Milliseconds = "milliseconds", Seconds = "seconds" };
        Central, source "central.md §8 item 5", Live;

    /// The spelling of isProvisioned.
    is_provisioned: IsProvisioned { Title = "Yes", Upper = "YES" };
        Central, source "central.md §8 item 7", Live;

    /// Whether adding a network device needs its serial number.
    network_device_serial: NetworkDeviceSerial {
        Required = "required", Optional = "optional",
    }; Glp, source "glp.md §10 row 20", Documented;

    /// Whether Central also deletes a device at /devices/{serial}, the path without prefix that pycentral
    /// sends, and answers 200 where it deletes scopes, as pycentral expects, not 202.
    central_delete_alias: CentralDeleteAlias { Off = "off", On = "on" } sdk On;
        Central, source "central.md §1.3", Client;

    /// What deleting a site, site collection or device group of Central does that something is in. release: what
    /// was in it is in none; refuse: 400.
    scope_in_use: ScopeInUse { Release = "release", Refuse = "refuse" };
        Central, source "central.md §6.3", Inferred;

    /// Which services the apigw hosts of Classic Central serve.
    apigw_hosts: ApigwHosts { Both = "both", Classic = "classic" }; Central, source "seed 001", Documented;

    /// What the audit log keeps besides everything that changes something. all: sign-ins and the other calls,
    /// but not reads of the log itself; mutations: nothing.
    audit: Audit { All = "all", Mutations = "mutations" }; Glp, source "seed 003", Documented;

    /// What a token exchange on a Dedicated Platform answers, which has none. unsupported_grant_type: 400;
    /// html_403: a page of the edge.
    exchange_on_dedicated_platform: ExchangeOnDedicatedPlatform {
        UnsupportedGrantType = "unsupported_grant_type", Html403 = "html_403",
    }; Issuers, source "seed 004", Documented;

    /// The status of Classic's answer to a refresh token that is worth nothing. The body is Kong's in any case.
    classic_refresh_refused: ClassicRefreshRefused { BadRequest = "400", Unauthorized = "401" };
        Classic, source "central.md §7.3, §9; Kong, plugin oauth2", Inferred;

    /// What the first two steps of Classic's sign-in answer to a wrong user, password, cookie, CSRF token or customer.
    classic_sign_in_refused: ClassicSignInRefused {
        Unauthorized401 = "unauthorized_401", Forbidden403 = "forbidden_403", BadRequest400 = "bad_request_400",
    }; Classic, source "central.md §7.2 has no word on it", Inferred;

    /// How often an application of Classic may sign in, besides once a second (`rate_limits`), which is all that HPE's
    /// page has. Authors of clients met another 429, and give different numbers. one_token_in_30m: a code is redeemed
    /// once in half an hour; three_in_30m: a user signs in three times. Half hours begin with the hour; a refresh is no
    /// sign-in.
    classic_sign_in_limit: ClassicSignInLimit {
        None = "none", OneTokenIn30m = "one_token_in_30m", ThreeIn30m = "three_in_30m",
    }; Classic, source "central.md §7.2, §4.4", Documented;

    /// What becomes of the access token that was handed out with a refresh token when that is used. revoked: refused
    /// from then on, because Kong keeps both in one row and deletes it; until_exp: good until it runs out.
    classic_replaced_access: ClassicReplacedAccess { Revoked = "revoked", UntilExp = "until_exp" };
        Classic, source "central.md §7.2; Kong, plugin oauth2", Documented;
}
