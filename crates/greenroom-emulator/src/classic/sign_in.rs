//! The three steps of Classic's sign-in and the refresh: what they are asked, and what they hand out
//! (`central.md §7.2`).

use greenroom_model::{
    credential::{ClientAuth, Presented},
    dialect::{Dialect, ExpiresInShape},
    refusal::TokenRefusal,
    secret::Secret,
    token::Unsigned,
};
use http::{HeaderMap, Method, StatusCode, header, request::Parts};
use serde_json::{Map, Value, json};

use crate::{
    envelope::{self, Answer},
    oauth::{self, Endpoint, Grant, TokenRequest},
    route::{Action, Confidence, Route},
};

/// `grant_type` of step 3.
const AUTHORIZATION_CODE: &str = "authorization_code";
/// `grant_type` of a refresh.
pub(crate) const REFRESH_TOKEN: &str = "refresh_token";
/// What a request of a session proves with that it is no other site's.
const CSRF_HEADER: &str = "x-csrf-token";

const REFUSED: &str = "the body of a refusal, `{\"message\": \"Auth failure\", \"status\": false}`: of that of success \
                       only `status` is known";

/// The routes of the sign-in.
pub(super) fn routes() -> Vec<Route> {
    let route = |name, path, query, endpoint| Route {
        name,
        method: Method::POST,
        path,
        query,
        source: "central.md §7.2",
        confidence: Confidence::Client,
        not_served: None,
        chosen: "",
        action: Action::SignIn(endpoint),
    };
    vec![
        route(
            "classic.sign-in",
            "/oauth2/authorize/central/api/login",
            &["client_id"],
            Endpoint::Login,
        )
        .without(
            "users of a single sign-on, whom HPE refuses here; users who sign in to an application of somebody else",
        )
        .choosing(REFUSED),
        route(
            "classic.authorize",
            "/oauth2/authorize/central/api",
            &["client_id", "response_type", "scope"],
            Endpoint::Authorize,
        )
        .without("scopes (any is taken and means `all`)")
        .choosing(
            "a session lives for thirty minutes, as that of a user of the platform who does nothing (lifetime \
             `sign_in`); a code for five, as Kong keeps it (lifetime `code`); the body of a refusal is that of \
             the first step, but a `response_type` other than `code` (RFC 6749 §4.1.1) is refused as Kong does, 400 \
             `unsupported_response_type`",
        ),
        route(
            "classic.token",
            "/oauth2/token",
            &["client_id", "client_secret", "grant_type", "code", "refresh_token"],
            Endpoint::Token,
        )
        .without("`redirect_uri`; making and deleting applications and tokens")
        .choosing(
            "a code that was redeemed is unknown when it comes again, and what was handed out for it stays good: Kong \
             deletes the code and looks no further, though RFC 6749 §4.1.2 says that those tokens should be revoked",
        ),
    ]
}

/// Reads a step. Every fault is kept for the moment at which it counts.
pub(crate) fn read(endpoint: Endpoint, head: &Parts, body: &[u8]) -> TokenRequest {
    let query = form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes()).into_owned();
    let sent = members(&head.headers, body);
    // Kong merges both, and what is in the body wins.
    let mut form: Vec<(String, String)> = sent.clone().unwrap_or_default();
    let known: Vec<_> = form.iter().map(|(name, _)| name.clone()).collect();
    form.extend(query.filter(|(name, _)| !known.contains(name)));
    let value = |name| oauth::first(&form, name);
    let text = |name| value(name).unwrap_or_default();
    let body_auth = Presented::new(text("client_id"), text("client_secret"));
    let (basic, unreadable_header) = match (&body_auth.id, &body_auth.secret) {
        // The header counts only where the parameters do not name both.
        (Some(_), Some(_)) => (Vec::new(), false),
        _ => oauth::basic(&head.headers),
    };
    let body_auth = if basic.is_empty() { body_auth } else { Presented::default() };
    let auth = ClientAuth { basic, body: body_auth, unreadable_header };
    let secret = |name| value(name).map(Secret::new);
    let grant = match (endpoint, sent) {
        _ if head.method != Method::POST => Err(TokenRefusal::Method),
        (_, Err(fault)) => Err(TokenRefusal::Form(fault.to_owned())),
        (Endpoint::Login, Ok(_)) => match (value("username"), secret("password")) {
            (Some(user), Some(password)) => Ok(Grant::Login { user: user.to_owned(), password }),
            _ => Err(TokenRefusal::Form("username and password are required".to_owned())),
        },
        (Endpoint::Authorize, Ok(_)) => Ok(Grant::Authorize {
            session: cookie(&head.headers, "session"),
            csrf: head.headers.get(CSRF_HEADER).and_then(|it| it.to_str().ok()).map(Secret::new),
            customer: text("customer_id").to_owned(),
            response_type: text("response_type").to_owned(),
        }),
        (Endpoint::Token | Endpoint::Issuer, Ok(_)) => match text("grant_type") {
            AUTHORIZATION_CODE => Ok(Grant::Code(secret("code"))),
            REFRESH_TOKEN => Ok(Grant::Refresh(secret("refresh_token"))),
            other => Ok(Grant::Unknown(other.to_owned())),
        },
    };
    TokenRequest { endpoint, auth, grant, form }
}

/// What a body says: a JSON object or a form, by what it says it is. Without a type it is what it looks like.
fn members(headers: &HeaderMap, body: &[u8]) -> Result<Vec<(String, String)>, &'static str> {
    let declared = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    if body.is_empty() {
        return Ok(Vec::new());
    }
    if !declared.contains("json") && !body.starts_with(b"{") {
        return Ok(form_urlencoded::parse(body).into_owned().collect());
    }
    match serde_json::from_slice::<Map<String, Value>>(body) {
        Ok(members) => Ok(members
            .into_iter()
            .filter_map(|(name, value)| match value {
                Value::String(text) => Some((name, text)),
                Value::Number(number) => Some((name, number.to_string())),
                _ => None,
            })
            .collect()),
        Err(_) => Err("the body is no JSON object"),
    }
}

/// The first cookie of that name.
fn cookie(headers: &HeaderMap, name: &str) -> Option<Secret> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|it| it.to_str().ok());
    let mut pairs = all.flat_map(|it| it.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, value)| *known == name && !value.is_empty()).map(|(_, value)| Secret::new(value))
}

/// Step 1: the two cookies.
pub(crate) fn session_answer(session: &str, csrf: &Secret) -> Answer {
    let mut answer = Answer::json(StatusCode::OK, &json!({"status": true}));
    let csrf = csrf.reveal();
    for cookie in
        [format!("csrftoken={csrf}; Secure; Path=/"), format!("session={session}; Secure; HttpOnly; Path=/")]
    {
        if let Ok(cookie) = cookie.parse() {
            answer.headers.append(header::SET_COOKIE, cookie);
        }
    }
    envelope::through_kong(answer)
}

/// Step 2: the code.
pub(crate) fn code_answer(code: &str) -> Answer {
    envelope::through_kong(Answer::json(StatusCode::OK, &json!({"auth_code": code})))
}

/// Step 3 and a refresh: both tokens.
pub(crate) fn pair_answer(access: &str, refresh: &str, unsigned: &Unsigned, dialect: &Dialect) -> Answer {
    let expires_in = match dialect.expires_in_shape {
        // Classic says the whole life, whatever the issuers say.
        ExpiresInShape::LifeMinus1 | ExpiresInShape::Life => Some(json!(unsigned.life)),
        ExpiresInShape::Text => Some(json!(unsigned.life.to_string())),
        ExpiresInShape::Absent => None,
        ExpiresInShape::Null => Some(Value::Null),
    };
    let mut body = Map::new();
    body.insert("refresh_token".to_owned(), refresh.into());
    body.insert("token_type".to_owned(), "bearer".into());
    body.insert("access_token".to_owned(), access.into());
    body.extend(expires_in.map(|value| ("expires_in".to_owned(), value)));
    let answer = Answer::json(StatusCode::OK, &Value::Object(body))
        .with(header::CACHE_CONTROL, "no-store")
        .with(header::PRAGMA, "no-cache");
    envelope::through_kong(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(endpoint: Endpoint, uri: &str, headers: &[(&str, &str)], body: &str) -> TokenRequest {
        let mut request = http::Request::post(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(endpoint, &request.body(()).unwrap().into_parts().0, body.as_bytes())
    }

    #[test]
    fn parameters_come_in_the_query_in_a_form_or_in_json() {
        let uri = "/oauth2/token";
        let form = "client_id=c&client_secret=s&grant_type=refresh_token&refresh_token=r";
        let json =
            r#"{"client_id":"c","client_secret":"s","grant_type":"refresh_token","refresh_token":"r"}"#;
        for (uri, body) in [(format!("{uri}?{form}"), ""), (uri.to_owned(), form), (uri.to_owned(), json)] {
            let read = ask(Endpoint::Token, &uri, &[], body);
            assert_eq!(read.auth.body.id.as_deref(), Some("c"));
            assert_eq!(read.auth.body.secret, Some(Secret::new("s")));
            assert!(matches!(read.grant, Ok(Grant::Refresh(Some(token))) if token == Secret::new("r")));
        }
    }

    #[test]
    fn what_is_in_the_body_wins() {
        let read = ask(Endpoint::Token, "/oauth2/token?code=a&grant_type=refresh_token", &[], "code=b");
        assert_eq!(oauth::first(&read.form, "code"), Some("b"));
        assert!(matches!(read.grant, Ok(Grant::Refresh(None))));
    }

    #[test]
    fn the_session_is_found_among_cookies() {
        for (cookies, found) in [
            (vec!["session=s"], Some("s")),
            (vec!["csrftoken=c; session=s"], Some("s")),
            (vec!["csrftoken=c", "session=s"], Some("s")),
            (vec!["session="], None),
            (vec!["sessions=s; xsession=s"], None),
            (vec![], None),
        ] {
            let headers: Vec<_> = cookies.iter().map(|it| ("cookie", *it)).collect();
            let read = ask(Endpoint::Authorize, "/oauth2/authorize/central/api", &headers, "");
            let Ok(Grant::Authorize { session, .. }) = read.grant else { panic!("{cookies:?}") };
            assert_eq!(session, found.map(Secret::new), "{cookies:?}");
        }
    }

    #[test]
    fn a_body_that_is_no_json_object_is_told() {
        let json = [("content-type", "application/json")];
        for body in ["[]", "{", "\"{}\"", "x"] {
            let read = ask(Endpoint::Login, "/oauth2/authorize/central/api/login", &json, body);
            assert!(matches!(read.grant, Err(TokenRefusal::Form(_))), "{body}");
        }
    }
}
