//! Token endpoints: reading the form and the credentials, and writing the token answer.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use greenroom_model::{
    access::IssuerKind,
    call::OpKind,
    credential::{ClientAuth, Presented},
    dialect::{Dialect, ExpiresInShape, ScopeShape},
    refusal::TokenRefusal,
    secret::Secret,
    token::{TokenKind, Unsigned},
};
use http::{HeaderMap, Method, StatusCode, header};
use serde_json::{Map, Value, json};

use crate::{
    classic::sign_in::REFRESH_TOKEN,
    envelope::Answer,
    route::{Action, Confidence, Route},
    signer::SIGNER,
};

/// `grant_type` of a client's own token.
pub(crate) const CLIENT_CREDENTIALS: &str = "client_credentials";
/// `grant_type` of an exchange (RFC 8693 §2.1).
pub(crate) const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:access_token";

/// The issuers' routes.
pub(crate) fn routes() -> Vec<Route> {
    let route = |name, method, path, source, confidence, action| Route {
        name,
        method,
        path,
        query: &[],
        source,
        confidence,
        not_served: None,
        chosen: "",
        action,
    };
    use Confidence::{Client, Documented, Inferred};
    vec![
        route("oauth.sso.token", Method::POST, "/as/token.oauth2", "glp.md §2.1", Documented, Action::Token)
            .without(
                "scopes (any is taken and means nothing); a 429, for which nobody has published numbers; \
                 tokens without a `jti`",
            ),
        route(
            "oauth.sso.jwks",
            Method::GET,
            "/pf/JWKS",
            "glp.md §2.3",
            Client,
            Action::Document(|world, _| Some(SIGNER.key_set(IssuerKind::Sso, world.key_rotations))),
        )
        .whole(),
        route(
            "oauth.sso.jwks.well-known",
            Method::GET,
            "/.well-known/jwks.json",
            "glp.md §10 row 32",
            Inferred,
            Action::Document(|world, _| Some(SIGNER.key_set(IssuerKind::Sso, world.key_rotations))),
        )
        .whole(),
        route(
            "oauth.workspace.token",
            Method::POST,
            "/authorization/v2/oauth2/{workspace}/token",
            "glp.md §2.2, §3",
            Documented,
            Action::Token,
        )
        .without(
            "scopes (any is taken and means nothing); a 429, for which nobody has published numbers; the \
             claims of HPE's tokens, which are not published (glp.md §11 U1)",
        ),
        route(
            "oauth.workspace.jwks",
            Method::GET,
            "/authorization/v2/oauth2/{workspace}/jwks",
            "glp.md §11 U2",
            Inferred,
            Action::Document(|world, ask| {
                world.issuer_workspace(ask.segment("workspace"), &ask.door)?;
                Some(SIGNER.key_set(IssuerKind::Workspace, world.key_rotations))
            }),
        )
        .whole(),
        route(
            "oauth.workspace.discovery",
            Method::GET,
            "/authorization/v2/oauth2/{workspace}/.well-known/openid-configuration",
            "glp.md §11 U2",
            Inferred,
            Action::Document(|world, ask| {
                let workspace = world.issuer_workspace(ask.segment("workspace"), &ask.door)?;
                let issuer = world.issuer_url(workspace);
                Some(json!({
                    "greenroom_note": "HPE publishes no discovery document for this issuer; this one is Greenroom's own.",
                    "issuer": issuer,
                    "token_endpoint": format!("{issuer}/token"),
                    "jwks_uri": format!("{issuer}/jwks"),
                    "grant_types_supported": [CLIENT_CREDENTIALS, TOKEN_EXCHANGE],
                    "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
                    "response_types_supported": ["token"],
                    "subject_types_supported": ["public"],
                    "id_token_signing_alg_values_supported": ["RS256"],
                }))
            }),
        )
        .whole(),
    ]
}

/// Who is asked for a token, or for something on the way to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// The SSO issuer, or that of a workspace.
    Issuer,
    /// Classic Central, for a session.
    Login,
    /// Classic Central, for a code.
    Authorize,
    /// Classic Central, for tokens.
    Token,
}

/// A token request, read but not believed.
#[derive(Clone, Debug)]
pub(crate) struct TokenRequest {
    /// Who is asked.
    pub(crate) endpoint: Endpoint,
    /// How the client says who it is.
    pub(crate) auth: ClientAuth,
    /// What it wants.
    pub(crate) grant: Result<Grant, TokenRefusal>,
    /// The names and values of the form, in order.
    pub(crate) form: Vec<(String, String)>,
}

/// What a token request wants.
#[derive(Clone, Debug)]
pub(crate) enum Grant {
    /// A token of its own.
    ClientCredentials,
    /// A token for another workspace, in exchange for this one.
    Exchange {
        /// The token to be exchanged.
        subject_token: Secret,
    },
    /// A session with Classic Central.
    Login {
        /// The name.
        user: String,
        /// The password.
        password: Secret,
    },
    /// A code for a session with Classic Central.
    Authorize {
        /// The cookie.
        session: Option<Secret>,
        /// What it proves with that it is its own.
        csrf: Option<Secret>,
        /// For whom.
        customer: String,
        /// What it asks for: `code`, or Classic Central refuses it.
        response_type: String,
    },
    /// Tokens for a code.
    Code(Option<Secret>),
    /// Tokens for a refresh token.
    Refresh(Option<Secret>),
    /// Something that Classic Central does not have. Whose application it is comes first there.
    Unknown(String),
}

impl TokenRequest {
    /// Reads headers and body. Every fault of the form is kept for the moment at which it counts.
    pub(crate) fn read(method: &Method, headers: &HeaderMap, body: &[u8]) -> Self {
        let form: Vec<(String, String)> = form_urlencoded::parse(body).into_owned().collect();
        let (basic, unreadable_header) = basic(headers);
        let value = |name| first(&form, name).unwrap_or_default();
        let auth = ClientAuth {
            basic,
            body: Presented::new(value("client_id"), value("client_secret")),
            unreadable_header,
        };
        let grant =
            if method == Method::POST { read_grant(headers, &form) } else { Err(TokenRefusal::Method) };
        Self { endpoint: Endpoint::Issuer, auth, grant, form }
    }

    /// Whether it is a mint, an exchange or a refresh, as its form says, or a step before it.
    pub(crate) fn op(&self) -> OpKind {
        match (self.endpoint, first(&self.form, "grant_type")) {
            (Endpoint::Login | Endpoint::Authorize, _) => OpKind::SignIn,
            (Endpoint::Token, Some(REFRESH_TOKEN)) => OpKind::Refresh,
            (Endpoint::Issuer, Some(TOKEN_EXCHANGE)) => OpKind::Exchange,
            _ => OpKind::Mint,
        }
    }

    /// What it presents to have something for, whatever else is wrong: the subject token of an exchange; with
    /// Classic Central the session, the code or the refresh token.
    pub(crate) fn subject_token(&self) -> Option<&str> {
        match (&self.grant, self.endpoint) {
            (_, Endpoint::Issuer) => first(&self.form, "subject_token"),
            (Ok(Grant::Authorize { session: shown, .. } | Grant::Code(shown) | Grant::Refresh(shown)), _) => {
                shown.as_ref().map(Secret::reveal)
            }
            _ => None,
        }
    }
}

/// The first value of a parameter; one without a value is absent (RFC 6749 §3.2).
pub(crate) fn first<'a>(form: &'a [(String, String)], name: &str) -> Option<&'a str> {
    form.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
}

/// RFC 6749 §3.2: unknown parameters are ignored, none of the known ones may come twice (but `resource` and `audience` may, RFC 8693 §2.1).
fn read_grant(headers: &HeaderMap, form: &[(String, String)]) -> Result<Grant, TokenRefusal> {
    if let Some(content_type) = headers.get(header::CONTENT_TYPE) {
        let essence = content_type.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            let message = "the body must be application/x-www-form-urlencoded";
            return Err(TokenRefusal::Form(message.to_owned()));
        }
    }
    let known = [
        "grant_type",
        "client_id",
        "client_secret",
        "scope",
        "subject_token",
        "subject_token_type",
        "requested_token_type",
        "actor_token",
        "actor_token_type",
    ];
    for name in known {
        if form.iter().filter(|(key, value)| key == name && !value.is_empty()).count() > 1 {
            return Err(TokenRefusal::Form(format!("{name} is given more than once")));
        }
    }
    let required = |name| first(form, name).ok_or_else(|| TokenRefusal::Form(format!("{name} is required")));
    match required("grant_type")? {
        CLIENT_CREDENTIALS => Ok(Grant::ClientCredentials),
        TOKEN_EXCHANGE => {
            let subject_token = Secret::new(required("subject_token")?);
            if required("subject_token_type")? != ACCESS_TOKEN_TYPE {
                return Err(TokenRefusal::Form(format!("subject_token_type must be {ACCESS_TOKEN_TYPE}")));
            }
            if first(form, "requested_token_type").is_some_and(|wanted| wanted != ACCESS_TOKEN_TYPE) {
                return Err(TokenRefusal::Form(format!("requested_token_type must be {ACCESS_TOKEN_TYPE}")));
            }
            // RFC 8693 §2.1: one must not come without the other.
            if first(form, "actor_token").is_some() != first(form, "actor_token_type").is_some() {
                return Err(TokenRefusal::Form("actor_token and actor_token_type go together".to_owned()));
            }
            Ok(Grant::Exchange { subject_token })
        }
        other => Err(TokenRefusal::Grant(other.to_owned())),
    }
}

/// The readings of a Basic header: the halves raw, as pycentral sends them (`glp.md §2.2`), and
/// form-decoded, as RFC 6749 §2.3.1 wants them. The bytes are UTF-8 or, as requests sends them,
/// Latin-1 (`pycentral.md §2`).
pub(crate) fn basic(headers: &HeaderMap) -> (Vec<Presented>, bool) {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return (Vec::new(), false) };
    let unreadable = (Vec::new(), true);
    if values.next().is_some() {
        return unreadable;
    }
    let Ok(text) = value.to_str() else { return unreadable };
    let Some((scheme, credentials)) = text.split_once(' ') else { return unreadable };
    if !scheme.eq_ignore_ascii_case("basic") {
        return unreadable;
    }
    let Ok(bytes) = STANDARD.decode(credentials.trim()) else { return unreadable };
    let latin1 = || bytes.iter().map(|byte| char::from(*byte)).collect();
    let text = String::from_utf8(bytes.clone()).unwrap_or_else(|_| latin1());
    let Some((id, secret)) = text.split_once(':') else { return unreadable };
    let raw = Presented::new(id, secret);
    let decoded = Presented::new(&form_decoded(id), &form_decoded(secret));
    (vec![raw, decoded], false)
}

fn form_decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// The answer that hands a token out (RFC 6749 §5.1, RFC 8693 §2.2.1).
pub(crate) fn token_answer(token: &str, unsigned: &Unsigned, dialect: &Dialect) -> Answer {
    let mut body = Map::new();
    body.insert("access_token".to_owned(), token.into());
    if unsigned.kind == TokenKind::Tenant {
        body.insert("issued_token_type".to_owned(), ACCESS_TOKEN_TYPE.into());
    }
    body.insert("token_type".to_owned(), "Bearer".into());
    let expires_in = match dialect.expires_in_shape {
        // A second has gone by on the way (glp.md §2.1).
        ExpiresInShape::LifeMinus1 => Some(json!((unsigned.life - 1).max(0))),
        ExpiresInShape::Life => Some(json!(unsigned.life)),
        ExpiresInShape::Text => Some(json!((unsigned.life - 1).max(0).to_string())),
        ExpiresInShape::Absent => None,
        ExpiresInShape::Null => Some(Value::Null),
    };
    body.extend(expires_in.map(|value| ("expires_in".to_owned(), value)));
    let scope = match dialect.scope_shape {
        ScopeShape::Omit => None,
        ScopeShape::Text => Some(json!("hpe-tenant")),
        ScopeShape::Array => Some(json!(["hpe-tenant"])),
    };
    body.extend(scope.map(|value| ("scope".to_owned(), value)));
    Answer::json(StatusCode::OK, &Value::Object(body))
        .with(header::CACHE_CONTROL, "no-store")
        .with(header::PRAGMA, "no-cache")
}

#[cfg(test)]
mod tests {
    use greenroom_model::{
        credential::AuthMethod,
        dialect::ClientAuthTwice,
        token::{Content, Ticket},
    };

    use super::*;

    fn read(headers: &[(header::HeaderName, &str)], body: &str) -> TokenRequest {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        TokenRequest::read(&Method::POST, &headers, body.as_bytes())
    }

    #[test]
    fn forms_are_read_by_the_rules_of_rfc_6749() {
        let form = (header::CONTENT_TYPE, "application/x-www-form-urlencoded; charset=utf-8");
        for (body, fault) in [
            ("grant_type=client_credentials", None),
            ("grant_type=client_credentials&x=1&x=2&scope=", None),
            ("grant_type=&grant_type=client_credentials", None),
            ("", Some("grant_type is required")),
            ("grant_type=a&grant_type=b", Some("grant_type is given more than once")),
            ("grant_type=password", Some("not supported")),
            (
                "grant_type=client_credentials&client_id=a&client_id=a",
                Some("client_id is given more than once"),
            ),
            ("grant_type=urn:ietf:params:oauth:grant-type:token-exchange", Some("subject_token is required")),
            (
                "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&subject_token=x",
                Some("subject_token_type is required"),
            ),
        ] {
            let grant = read(std::slice::from_ref(&form), body).grant;
            let message = grant.err().map(|error| error.to_string());
            match fault {
                None => assert_eq!(message, None, "{body}"),
                Some(part) => {
                    assert!(message.clone().unwrap_or_default().contains(part), "{body}: {message:?}")
                }
            }
        }
        let json = (header::CONTENT_TYPE, "application/json");
        assert!(matches!(read(&[json], "{}").grant, Err(TokenRefusal::Form(_))));
    }

    #[test]
    fn basic_credentials_are_read_raw_decoded_and_in_latin_1() {
        let claims = |credentials: &[u8]| {
            let value = format!("Basic {}", STANDARD.encode(credentials));
            let request = read(&[(header::AUTHORIZATION, &value)], "grant_type=client_credentials");
            assert_eq!(request.auth.method(), AuthMethod::Basic);
            let claims = request.auth.claims(ClientAuthTwice::AcceptIfEqual).unwrap();
            claims
                .into_iter()
                .map(|claim| (claim.id, claim.secret.unwrap().reveal().to_owned()))
                .collect::<Vec<_>>()
        };
        assert_eq!(claims(b"id:p%20w+")[0], ("id".into(), "p%20w+".into()));
        assert_eq!(claims(b"id:p%20w+")[1], ("id".into(), "p w ".into()));
        assert_eq!(claims(b"id:\xe4")[0].1, "ä");
        for bad in ["Basic !!!", "Basic aWQ=", "Bearer x", "Basic"] {
            let request = read(&[(header::AUTHORIZATION, bad)], "");
            assert!(request.auth.unreadable_header, "{bad}");
        }
    }

    #[test]
    fn the_shape_of_expires_in_is_a_dialect() {
        let unsigned = Unsigned {
            key_rotations: 0,
            ticket: Ticket { epoch: 0, ordinal: 1 },
            kind: TokenKind::Tenant,
            symbol: greenroom_model::token::Symbol { subject: "abc".into(), nth: 1 },
            life: 900,
            content: Content::Jwt { header: Map::new(), claims: Map::new() },
        };
        let body = |setting: &str| {
            let mut dialect = Dialect::default();
            dialect.apply(setting).unwrap();
            let answer = token_answer("t", &unsigned, &dialect);
            serde_json::from_slice::<Value>(&answer.body).unwrap()
        };
        assert_eq!(body("live")["expires_in"], 899);
        assert_eq!(body("expires_in_shape=life")["expires_in"], 900);
        assert_eq!(body("expires_in_shape=string")["expires_in"], "899");
        assert_eq!(body("expires_in_shape=null")["expires_in"], Value::Null);
        assert_eq!(body("expires_in_shape=absent").get("expires_in"), None);
        assert_eq!(body("scope_shape=array")["scope"], json!(["hpe-tenant"]));
        assert_eq!(body("live")["issued_token_type"], ACCESS_TOKEN_TYPE);
    }
}
