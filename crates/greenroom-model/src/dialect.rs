//! Dialects: one named switch for every behaviour that no source settles.
//!
//! Each row is an enum with a default, the source that speaks for the default, and how sure that
//! source makes us: **L** seen live by someone, **D** documented, **C** seen in client code,
//! **I** inferred. Three presets set groups of rows: `live` (the best evidence of what HPE does),
//! `rfc` (what the RFCs demand) and `sdk` (what pycentral hopes for).

use std::{fmt, str::FromStr};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::{nearest, time};

/// A group of dialect values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// The best evidence of what HPE does. The default.
    Live,
    /// What the RFCs demand.
    Rfc,
    /// What pycentral hopes for.
    Sdk,
}

impl FromStr for Preset {
    type Err = DialectError;

    fn from_str(text: &str) -> Result<Self, DialectError> {
        match text {
            "live" => Ok(Self::Live),
            "rfc" => Ok(Self::Rfc),
            "sdk" => Ok(Self::Sdk),
            _ => Err(DialectError::Preset(text.to_owned())),
        }
    }
}

/// Why a dialect cannot be set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DialectError {
    /// No row of that name.
    #[error("unknown dialect {name:?}{}", nearest::hint(.nearest))]
    Row {
        /// What was asked for.
        name: String,
        /// The known name that looks most like it.
        nearest: Option<&'static str>,
    },
    /// The row has no such value.
    #[error("dialect {row} has no value {value:?}: {expected}")]
    Value {
        /// The row.
        row: &'static str,
        /// What was asked for.
        value: String,
        /// The values it has.
        expected: String,
    },
    /// No preset of that name.
    #[error("unknown preset {0:?}: live, rfc or sdk")]
    Preset(String),
    /// Not of the form `name=value`.
    #[error("{0:?} sets no dialect: write NAME=VALUE, or the name of a preset (live, rfc, sdk)")]
    Form(String),
}

/// One row as people see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The name of the switch.
    pub name: String,
    /// Its present value.
    pub value: String,
    /// What preset `live` sets.
    pub default: String,
    /// What it may be set to.
    pub values: Vec<String>,
    /// What it decides.
    pub about: String,
    /// Where the default comes from.
    pub source: String,
    /// How sure the source makes us: L, D, C or I.
    pub confidence: String,
}

/// A type that a row can hold.
trait Choice: Copy + PartialEq + Sized {
    fn parse(text: &str) -> Option<Self>;
    fn name(self) -> String;
    fn names() -> Vec<String>;
}

/// How long after `exp` a token is still accepted. Default: not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockSkew(pub SignedDuration);

impl Choice for ClockSkew {
    fn parse(text: &str) -> Option<Self> {
        time::parse_duration(text).ok().map(Self)
    }

    fn name(self) -> String {
        format!("{:#}", self.0)
    }

    fn names() -> Vec<String> {
        vec!["any duration, such as 0s or 30s".to_owned()]
    }
}

macro_rules! dialects {
    ($(
        $(#[doc = $about:literal])+
        $row:ident: $type:ident {
            $($(#[$meta:meta])* $variant:ident = $name:literal),+ $(,)?
        } $(rfc $rfc:ident)? $(sdk $sdk:ident)? ; source $source:literal $confidence:literal;
    )+) => {
        $(
            $(#[doc = $about])+
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub enum $type {
                $(#[doc = concat!("`", $name, "`")] $(#[$meta])* $variant),+
            }

            impl Choice for $type {
                fn parse(text: &str) -> Option<Self> {
                    match text { $($name => Some(Self::$variant),)+ _ => None }
                }

                fn name(self) -> String {
                    match self { $(Self::$variant => $name.to_owned()),+ }
                }

                fn names() -> Vec<String> {
                    vec![$($name.to_owned()),+]
                }
            }
        )+

        /// The value of every row.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Dialect {
            $($(#[doc = $about])+ pub $row: $type,)+
            /// How long after `exp` a token is still accepted.
            pub clock_skew: ClockSkew,
        }

        impl Dialect {
            /// The names of all rows.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($row),)+ "clock_skew"];

            /// The values that a preset stands for.
            pub fn preset(preset: Preset) -> Self {
                Self {
                    $($row: match preset {
                        $(Preset::Rfc => $type::$rfc,)?
                        $(Preset::Sdk => $type::$sdk,)?
                        #[allow(unreachable_patterns, reason = "rows that fill every preset")]
                        _ => dialects!(@first $type $($variant)+),
                    },)+
                    clock_skew: ClockSkew(SignedDuration::ZERO),
                }
            }

            /// Sets one row by name.
            pub fn set(&mut self, name: &str, value: &str) -> Result<(), DialectError> {
                match name {
                    $(stringify!($row) => assign(&mut self.$row, stringify!($row), value),)+
                    "clock_skew" => assign(&mut self.clock_skew, "clock_skew", value),
                    _ => Err(DialectError::Row {
                        name: name.to_owned(),
                        nearest: nearest::of(name, Self::NAMES),
                    }),
                }
            }

            /// Every row as people see it.
            pub fn rows(&self) -> Vec<Row> {
                let default = Self::default();
                vec![
                    $(Row {
                        name: stringify!($row).to_owned(),
                        value: self.$row.name(),
                        default: default.$row.name(),
                        values: $type::names(),
                        about: concat!($($about),+).trim().to_owned(),
                        source: $source.to_owned(),
                        confidence: $confidence.to_owned(),
                    },)+
                    Row {
                        name: "clock_skew".to_owned(),
                        value: self.clock_skew.name(),
                        default: default.clock_skew.name(),
                        values: ClockSkew::names(),
                        about: "How long after exp a token is still accepted; expired when now >= exp.".to_owned(),
                        source: "glp.md §11 U10".to_owned(),
                        confidence: "I".to_owned(),
                    },
                ]
            }
        }
    };
    (@first $type:ident $first:ident $($rest:ident)*) => { $type::$first };
}

fn assign<T: Choice>(slot: &mut T, row: &'static str, value: &str) -> Result<(), DialectError> {
    *slot = T::parse(value).ok_or_else(|| DialectError::Value {
        row,
        value: value.to_owned(),
        expected: T::names().join(", "),
    })?;
    Ok(())
}

impl Default for Dialect {
    fn default() -> Self {
        Self::preset(Preset::Live)
    }
}

impl Dialect {
    /// Applies `NAME=VALUE`, or a preset by its name (which sets every row).
    pub fn apply(&mut self, setting: &str) -> Result<(), DialectError> {
        match setting.split_once('=') {
            Some((name, value)) => self.set(name.trim(), value.trim()),
            None => match setting.parse() {
                Ok(preset) => {
                    *self = Self::preset(preset);
                    Ok(())
                }
                Err(_) => Err(DialectError::Form(setting.to_owned())),
            },
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, self.value)
    }
}

dialects! {
    /// What the exchange answers when the MSP token has run out or was revoked.
    exchange_expired: ExchangeExpired {
        Live = "live", Rfc8693 = "rfc8693", InvalidClient = "invalid_client",
        TokenExpired = "token_expired", InvalidGrant = "invalid_grant",
        Gateway401 = "gateway_401", Html403 = "html_403",
    } rfc Rfc8693 sdk InvalidClient; source "central.md §5.3 (code), status inferred" "L";

    /// What the exchange answers to a subject token that is none of ours.
    exchange_garbage_subject: ExchangeGarbageSubject {
        InvalidRequest = "invalid_request", Gateway401 = "gateway_401",
    }; source "RFC 8693 §2.2.2" "D";

    /// What the exchange answers for a tenant that the subject does not manage, or a subject that is no MSP token.
    exchange_foreign_tenant: ExchangeForeignTenant {
        UnauthorizedRequest = "unauthorized_request", InvalidTarget = "invalid_target",
        Html403 = "html_403",
    } rfc InvalidTarget; source "glp.md §2.2, §11 U4" "C";

    /// Whether a token of the SSO issuer can be exchanged.
    exchange_sso_subject: ExchangeSsoSubject {
        InvalidRequest = "invalid_request", Allow = "allow",
    }; source "glp.md §3" "I";

    /// Whether an MSP token can be exchanged onto its own workspace.
    exchange_own_workspace: ExchangeOwnWorkspace {
        UnauthorizedRequest = "unauthorized_request", Allow = "allow", InvalidTarget = "invalid_target",
    } rfc InvalidTarget; source "glp.md §11 U5" "I";

    /// Whether the exchange wants client authentication. A wrong one is always 401 invalid_client.
    exchange_client_auth: ExchangeClientAuth {
        Optional = "optional", Required = "required", Forbidden = "forbidden",
    }; source "glp.md §3, clients.md §0" "D";

    /// Whether a tenant token has its own full life or ends with its MSP token.
    tenant_life: TenantLife { Own = "own", Capped = "capped" }; source "glp.md §11 U7" "I";

    /// Whether a workspace id with dashes works in a token URL.
    issuer_hyphens: IssuerHyphens { Accept = "accept", Reject = "reject" }; source "glp.md §10 row 4" "C";

    /// What the issuer of an unknown workspace answers.
    issuer_unknown_workspace: IssuerUnknownWorkspace {
        Html403 = "html_403", Envelope404 = "envelope_404", InvalidClient = "invalid_client",
    } rfc InvalidClient; source "glp.md §2.2" "C";

    /// What an issuer answers to a client of another workspace, or of a service it does not serve.
    client_of_other_workspace: ClientOfOtherWorkspace {
        UnauthorizedRequest = "unauthorized_request", InvalidClient = "invalid_client",
    } rfc InvalidClient; source "glp.md §2.2" "C";

    /// Credentials both as Basic and in the form. An empty half counts as absent.
    client_auth_twice: ClientAuthTwice {
        AcceptIfEqual = "accept_if_equal", Reject = "reject",
    } rfc Reject; source "clients.md §0" "C";

    /// What a newly issued token does to the older ones of the same client and workspace.
    rotate_on_issue: RotateOnIssue {
        Off = "off", NewestOnly = "newest_only", NewestAndChildren = "newest_and_children",
    }; source "glp.md §2.1" "I";

    /// The form of expires_in in token answers.
    expires_in_shape: ExpiresInShape {
        LifeMinus1 = "life_minus_1", Life = "life", Text = "string", Absent = "absent", Null = "null",
    } rfc Life; source "glp.md §2.1" "L";

    /// The form of scope in token answers.
    scope_shape: ScopeShape { Omit = "omit", Text = "string", Array = "array" }; source "glp.md §2.2" "C";

    /// Whether a 401 carries WWW-Authenticate. by_family: GLP and token endpoints yes, Central no.
    www_authenticate: WwwAuthenticate {
        ByFamily = "by_family", On = "on", Off = "off",
    } rfc On; source "RFC 6750 §3; no evidence on Central" "I";

    /// The body of a GLP 401.
    glp_auth_error: GlpAuthError {
        Gateway = "gateway", Service = "service", ExpiredNot401 = "expired_not_401",
    }; source "glp.md §8.3, clients.md §0 item 5" "L";

    /// The error code of a Central 401.
    central_auth_error: CentralAuthError { Live = "live", Documented = "documented" }; source "central.md §4.3" "L";

    /// What another cluster answers to the token of a workspace that lives on one cluster.
    wrong_cluster: WrongCluster { Live401 = "live_401", Accept = "accept" } sdk Accept; source "central.md §3" "L";

    /// What a right token gets for the id of another workspace.
    wrong_workspace_token: WrongWorkspaceToken {
        Forbidden403 = "forbidden_403", Unauthorized401 = "unauthorized_401",
    }; source "glp.md §11 U17" "I";

    /// Whether clients and tokens of one service are refused by the others.
    mixed_services: MixedServices { Strict = "strict", Lenient = "lenient" } sdk Lenient; source "central.md §4.1" "D";

    /// list-tenants asked with a tenant token.
    list_tenants_from_tenant_token: ListTenantsFromTenantToken {
        Forbidden403 = "forbidden_403", Empty = "empty",
    }; source "central.md §9" "I";

    /// list-tenants asked from a workspace that is no MSP.
    list_tenants_from_standard: ListTenantsFromStandard {
        Forbidden403 = "forbidden_403", Empty = "empty",
    }; source "central.md §9" "I";

    /// Query names nobody documented. by_family: Central monitoring, notifications, services and msp reject (offset is ignored), GLP ignores.
    unknown_query: UnknownQuery {
        ByFamily = "by_family", Reject = "reject", Ignore = "ignore",
    }; source "central.md §1.6" "L";

    /// A limit above the documented maximum.
    limit_over_max: LimitOverMax { Reject = "reject", Clamp = "clamp" }; source "glp.md §11 U21" "D";

    /// A page behind the last one.
    page_past_end: PagePastEnd { Empty = "empty", BadRequest = "400" }; source "central.md §9" "I";

    /// What offset counts on tenants and users.
    offset_unit: OffsetUnit { Items = "items", Pages = "pages" }; source "glp.md §10 row 16" "C";

    /// Literals without quotes in a Central filter.
    unquoted_literal: UnquotedLiteral { Accept = "accept", Reject = "reject" }; source "central.md §1.4" "C";

    /// Which rate headers a resource answer carries. by_family: GLP ratelimit, Central x-ratelimit.
    rate_headers: RateHeaders {
        ByFamily = "by_family", RateLimit = "ratelimit", XRateLimit = "x_ratelimit", None = "none",
    }; source "glp.md §8.5, central.md appendix A4" "D";

    /// The form of Central's x-ratelimit-reset.
    central_rate_reset: CentralRateReset { Rfc3339 = "rfc3339", Seconds = "seconds" }; source "central.md §8 item 3" "D";

    /// The default limit of audit-log v1.
    audit_v1_default_limit: AuditV1DefaultLimit { Fifty = "50", TwoThousand = "2000" }; source "glp.md §7.1" "I";

    /// The bodies of errors that the edge in front of HPE answers.
    edge_errors: EdgeErrors { Json = "json", Html = "html" }; source "glp.md §1, central.md §4.3" "I";

    /// The unit of createdTime and lastUpdatedTime in list-tenants.
    created_time_unit: CreatedTimeUnit { Milliseconds = "milliseconds", Seconds = "seconds" }; source "central.md §8 item 5" "L";

    /// The spelling of isProvisioned.
    is_provisioned: IsProvisioned { Title = "Yes", Upper = "YES" }; source "central.md §8 item 7" "L";

    /// Which services the apigw hosts of Classic Central serve.
    apigw_hosts: ApigwHosts { Both = "both", Classic = "classic" }; source "seed 001" "D";

    /// What the audit log keeps. all: sign-ins and every call but reads of the log itself; mutations: calls that change something.
    audit: Audit { All = "all", Mutations = "mutations" }; source "seed 003" "D";

    /// What becomes of live tokens when their client is deleted or its secret reset. revoked: refused from the next call on.
    tokens_after_reset_or_delete: TokensAfterResetOrDelete {
        Revoked = "revoked", UntilExp = "until_exp",
    } rfc UntilExp sdk UntilExp; source "central.md §4.1" "L";

    /// The filter of the credentials list outside an MSP workspace.
    non_msp_credentials_filter: NonMspCredentialsFilter {
        BadRequest = "bad_request_400", Ignore = "ignore",
    }; source "seed 004" "D";

    /// Whether the credentials API has its documented oddities: a 403 whose body says 401, error codes of other operations.
    credentials_quirks: CredentialsQuirks {
        AsDocumented = "as_documented", Clean = "clean",
    } rfc Clean; source "glp.md §4" "D";

    /// What the eighth credential of one user in one workspace gets.
    eighth_credential: EighthCredential {
        BadRequest = "400", Conflict = "409", Unprocessable = "422",
    }; source "glp.md §11 U11 (the limit is documented, the answer is not)" "I";

    /// What a tenant's name gets that the MSP has given already.
    tenant_name_taken: TenantNameTaken {
        PreconditionFailed = "412", Conflict = "409",
    }; source "central.md §2" "L";

    /// What deleting a tenant gets that still has devices of its own.
    tenant_with_devices: TenantWithDevices {
        PreconditionFailed = "412", Delete = "delete",
    }; source "glp.md §5 lists the 412, not its cause" "I";

    /// Whether a tenant for a country under embargo (CU, IR, KP, SY) is refused with 451.
    export_compliance: ExportCompliance { Refuse = "refuse", Off = "off" }; source "glp.md §5 lists the 451, not its cause" "I";

    /// Whether Central also deletes a device at /devices/{serial}, the path without prefix that pycentral sends.
    central_delete_alias: CentralDeleteAlias { Off = "off", On = "on" } sdk On; source "central.md §1.3" "C";

    /// A token exchange on a Dedicated Platform.
    exchange_on_dedicated_platform: ExchangeOnDedicatedPlatform {
        UnsupportedGrantType = "unsupported_grant_type", Html403 = "html_403",
    }; source "seed 004" "D";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_of_every_row_can_be_set_and_read_back() {
        for row in Dialect::default().rows() {
            assert_eq!(row.value, row.default, "{}", row.name);
            if row.name == "clock_skew" {
                continue;
            }
            for value in &row.values {
                let mut dialect = Dialect::default();
                dialect.set(&row.name, value).unwrap();
                let after = dialect.rows().into_iter().find(|after| after.name == row.name);
                assert_eq!(&after.unwrap().value, value);
            }
        }
        let mut dialect = Dialect::default();
        dialect.apply("clock_skew=1m 30s").unwrap();
        assert_eq!(dialect.clock_skew.0, SignedDuration::from_secs(90));
    }

    #[test]
    fn presets_differ_where_the_table_says_so() {
        let rfc = Dialect::preset(Preset::Rfc);
        assert_eq!(rfc.exchange_expired, ExchangeExpired::Rfc8693);
        assert_eq!(rfc.expires_in_shape, ExpiresInShape::Life);
        let sdk = Dialect::preset(Preset::Sdk);
        assert_eq!(sdk.exchange_expired, ExchangeExpired::InvalidClient);
        assert_eq!(sdk.exchange_foreign_tenant, ExchangeForeignTenant::UnauthorizedRequest);
        assert_eq!(sdk.wrong_cluster, WrongCluster::Accept);
    }

    #[test]
    fn wrong_settings_name_the_mend() {
        let mut dialect = Dialect::default();
        let error = dialect.apply("exchange_expird=live").unwrap_err().to_string();
        assert!(error.contains("exchange_expired"), "{error}");
        let error = dialect.apply("exchange_expired=soon").unwrap_err().to_string();
        assert!(error.contains("live, rfc8693, invalid_client"), "{error}");
        assert!(dialect.apply("nonsense").unwrap_err().to_string().contains("NAME=VALUE"));
        assert_eq!(dialect, Dialect::default());
    }
}
