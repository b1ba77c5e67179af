//! Control over HTTP, below `/_greenroom/v1/`: each command once, on the plain side only.
//!
//! A browser page of another origin cannot drive it: the Host must name this machine or the address
//! that is listened on, and an Origin must be the emulator's own. Away from loopback it needs a token.
//! Errors are problem documents (RFC 9457) that name the field.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, RawQuery, State as Shared},
    http::{HeaderMap, HeaderValue, Request, StatusCode, Uri, header, uri::Authority},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{delete, get, post},
};
use bytes::Bytes;
use greenroom_model::{nearest, refusal::Refusal, secret::Digest, spec::Secrets};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{
    command::{Command, CommandError, HistoryQuery, Reply},
    envelope,
    sandbox::Sandbox,
};

/// What control knows besides the sandbox.
pub(crate) struct Desk {
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) address: SocketAddr,
    /// The digest of the token that control wants away from loopback.
    pub(crate) token: Option<Digest>,
    pub(crate) ca_pem: String,
    /// What `about` says.
    pub(crate) about: Value,
}

/// The control surface.
pub(crate) fn router(desk: Arc<Desk>) -> Router {
    Router::new()
        .route("/", get(front))
        .route("/_greenroom/v1/about", get(about))
        .route("/_greenroom/v1/ca.pem", get(ca))
        .route("/_greenroom/v1/clock", get(read::<ClockCommand>).post(clock))
        .route("/_greenroom/v1/tokens", get(read::<TokensCommand>).post(issue_token))
        .route("/_greenroom/v1/history", get(history))
        .route("/_greenroom/v1/dialect", get(read::<DialectCommand>).post(set_dialect))
        .route("/_greenroom/v1/world", get(read::<WorldCommand>))
        .route("/_greenroom/v1/world/roles", post(assign_role))
        .route("/_greenroom/v1/world/save", post(read::<SaveWorldCommand>))
        .route("/_greenroom/v1/world/restore", post(read::<RestoreWorldCommand>))
        .route("/_greenroom/v1/world/reset", post(read::<ResetWorldCommand>))
        .route("/_greenroom/v1/world/export", get(export_world))
        .route("/_greenroom/v1/fidelity", get(read::<FidelityCommand>))
        .route(
            "/_greenroom/v1/faults",
            get(read::<FaultsCommand>).post(add_fault).delete(read::<ClearFaultsCommand>),
        )
        .route("/_greenroom/v1/faults/{id}", delete(remove_fault))
        .route("/_greenroom/v1/phase", post(begin_phase))
        .fallback(no_such_command)
        .method_not_allowed_fallback(no_such_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&desk), guard))
        .with_state(desk)
}

type Desked = Shared<Arc<Desk>>;

/// Refuses pages of other origins, and strangers.
async fn guard(Shared(desk): Desked, request: Request<Body>, next: Next) -> Response {
    match admit(&desk, request.headers(), request.uri().host()) {
        Ok(()) => next.run(request).await,
        Err((status, detail)) => problem(status, None, detail),
    }
}

fn admit(desk: &Desk, headers: &HeaderMap, target: Option<&str>) -> Result<(), (StatusCode, &'static str)> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let header_host = || Some(text(header::HOST)?.parse::<Authority>().ok()?.host().to_owned());
    let host = target.map(str::to_owned).or_else(header_host).unwrap_or_default();
    if !desk.is_here(&host) {
        let detail = "the Host header must name this machine: use 127.0.0.1 or localhost";
        return Err((StatusCode::FORBIDDEN, detail));
    }
    let own_page = |origin: &str| {
        let origin: Option<Uri> = origin.parse().ok();
        origin.is_some_and(|origin| {
            origin.host().is_some_and(|host| desk.is_here(host))
                && origin.port_u16().unwrap_or(80) == desk.address.port()
        })
    };
    if headers.get_all(header::ORIGIN).iter().any(|origin| !origin.to_str().is_ok_and(own_page)) {
        return Err((StatusCode::FORBIDDEN, "a page of another origin may not drive Greenroom"));
    }
    let given = text(header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer ")).map(Digest::of);
    if desk.token.is_some() && desk.token != given {
        let detail = "this emulator's control needs its token: send it as Authorization: Bearer \
                      (--control-token or GREENROOM_CONTROL_TOKEN)";
        return Err((StatusCode::UNAUTHORIZED, detail));
    }
    Ok(())
}

impl Desk {
    /// Whether a host names this machine: a loopback name or address, or what is listened on.
    fn is_here(&self, host: &str) -> bool {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let listening = self.address.ip();
        host.eq_ignore_ascii_case("localhost")
            || bare
                .parse::<IpAddr>()
                .is_ok_and(|ip| ip.is_loopback() || ip == listening || listening.is_unspecified())
    }
}

/// The answer to a request whose body could not be had.
pub(crate) fn unread(refusal: &Refusal) -> Response {
    let status = match refusal {
        Refusal::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
        _ => StatusCode::BAD_REQUEST,
    };
    problem(status, None, &refusal.to_string())
}

/// A problem document (RFC 9457).
fn problem(status: StatusCode, field: Option<&str>, detail: &str) -> Response {
    let mut body = json!({"title": status.canonical_reason(), "status": status.as_u16(), "detail": detail});
    if let Some(field) = field {
        body["field"] = field.into();
    }
    let json = [(header::CONTENT_TYPE, "application/problem+json")];
    (status, json, body.to_string()).into_response()
}

impl IntoResponse for CommandError {
    fn into_response(self) -> Response {
        problem(StatusCode::UNPROCESSABLE_ENTITY, self.field.as_deref(), &self.message)
    }
}

fn reply(result: Result<Reply, CommandError>) -> Response {
    match result {
        Ok(reply) => {
            // The clock is read once: the head must not tell a later second than the body.
            let date = match &reply {
                Reply::Clock(reading) => Some([(header::DATE, envelope::http_date(reading.now))]),
                _ => None,
            };
            (date, Json(reply)).into_response()
        }
        Err(error) => error.into_response(),
    }
}

async fn front() -> &'static str {
    "This is Greenroom, an offline HPE GreenLake and HPE Aruba Networking Central.\n\
     Control: /_greenroom/v1/about, clock, tokens, history, dialect, world, faults, fidelity, ca.pem\n"
}

async fn about(Shared(desk): Desked) -> Json<Value> {
    Json(desk.about.clone())
}

async fn ca(Shared(desk): Desked) -> Response {
    ([(header::CONTENT_TYPE, "application/x-pem-file")], desk.ca_pem.clone()).into_response()
}

/// A command without arguments.
trait Plain {
    const COMMAND: Command;
}

macro_rules! plain {
    ($($name:ident => $command:ident),+ $(,)?) => {
        $(
            struct $name;
            impl Plain for $name {
                const COMMAND: Command = Command::$command;
            }
        )+
    };
}

plain! {
    ClockCommand => Clock,
    TokensCommand => Tokens,
    DialectCommand => Dialect,
    WorldCommand => World,
    SaveWorldCommand => SaveWorld,
    RestoreWorldCommand => RestoreWorld,
    ResetWorldCommand => ResetWorld,
    FidelityCommand => Fidelity,
    FaultsCommand => Faults,
    ClearFaultsCommand => ClearFaults,
}

async fn read<P: Plain>(Shared(desk): Desked) -> Response {
    reply(desk.sandbox.run(P::COMMAND))
}

/// Reads a JSON body, naming the field that is wrong.
fn parse<T: DeserializeOwned>(body: &Bytes) -> Result<T, CommandError> {
    serde_json::from_slice(body).map_err(|error| {
        let message = error.to_string();
        // serde_json names an unknown or missing field between backticks.
        let named = message.starts_with("unknown field") || message.starts_with("missing field");
        let field = message.split('`').nth(1).filter(|_| named).map(str::to_owned);
        CommandError { field, message: format!("the body cannot be read: {message}") }
    })
}

async fn clock(Shared(desk): Desked, body: Bytes) -> Response {
    reply(parse(&body).and_then(|wish| desk.sandbox.run(Command::MoveClock(wish))))
}

async fn issue_token(Shared(desk): Desked, body: Bytes) -> Response {
    reply(parse(&body).and_then(|wish| desk.sandbox.run(Command::IssueToken(wish))))
}

async fn assign_role(Shared(desk): Desked, body: Bytes) -> Response {
    reply(parse(&body).and_then(|wish| desk.sandbox.run(Command::AssignRole(wish))))
}

/// `?secrets=shown` writes secrets as they are, instead of their digests.
async fn export_world(Shared(desk): Desked, RawQuery(query): RawQuery) -> Response {
    let secrets = match query.as_deref().unwrap_or_default() {
        "" | "secrets=digests" => Ok(Secrets::Digests),
        "secrets=shown" => Ok(Secrets::Shown),
        _ => Err(CommandError::field("secrets", "say secrets=digests or secrets=shown, and nothing else")),
    };
    reply(secrets.and_then(|secrets| desk.sandbox.run(Command::ExportWorld(secrets))))
}

async fn add_fault(Shared(desk): Desked, body: Bytes) -> Response {
    reply(parse(&body).and_then(|rule| desk.sandbox.run(Command::AddFault(Box::new(rule)))))
}

async fn remove_fault(Shared(desk): Desked, Path(id): Path<String>) -> Response {
    reply(desk.sandbox.run(Command::RemoveFault(id)))
}

async fn begin_phase(Shared(desk): Desked, body: Bytes) -> Response {
    reply(parse(&body).and_then(|wish| desk.sandbox.run(Command::BeginPhase(wish))))
}

/// `{"NAME": "VALUE", …}`, or `{"preset": "rfc"}`, or a list in the form of the command line:
/// `["rfc", "NAME=VALUE", …]`.
async fn set_dialect(Shared(desk): Desked, body: Bytes) -> Response {
    let settings = if body.trim_ascii_start().starts_with(b"[") {
        parse::<Vec<String>>(&body)
    } else {
        parse::<serde_json::Map<String, Value>>(&body).and_then(|map| {
            map.into_iter()
                .map(|(name, value)| match value {
                    Value::String(preset) if name == "preset" => Ok(preset),
                    Value::String(value) => Ok(format!("{name}={value}")),
                    other => Err(CommandError::field(&name, format!("{other} is no text: quote the value"))),
                })
                .collect()
        })
    };
    reply(settings.and_then(|settings| desk.sandbox.run(Command::SetDialect(settings))))
}

/// `?op=api&status=401&after=12`: the fields of a selector, and `after`.
async fn history(Shared(desk): Desked, RawQuery(query): RawQuery) -> Response {
    reply(
        history_query(query.as_deref().unwrap_or_default())
            .and_then(|query| desk.sandbox.run(Command::History(Box::new(query)))),
    )
}

fn history_query(text: &str) -> Result<HistoryQuery, CommandError> {
    let mut query = HistoryQuery::default();
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        if name == "after" {
            let number = || CommandError::field(&name, format!("{value:?} is no number"));
            query.after = value.parse().map_err(|_| number())?;
        } else {
            query.selector.set(&name, &value).map_err(|error| CommandError::field(&name, error))?;
        }
    }
    Ok(query)
}

async fn no_such_command(request: Request<Body>) -> Response {
    const KNOWN: &[&str] = &[
        "about",
        "ca.pem",
        "clock",
        "dialect",
        "faults",
        "fidelity",
        "history",
        "phase",
        "tokens",
        "world",
        "world/export",
        "world/reset",
        "world/restore",
        "world/roles",
        "world/save",
    ];
    let path = request.uri().path();
    let asked = path.trim_start_matches("/_greenroom").trim_start_matches("/v1").trim_matches('/');
    let hint = nearest::hint(&nearest::of(asked, KNOWN));
    let detail = format!("there is no {path}{hint} Known below /_greenroom/v1/: {}", KNOWN.join(", "));
    problem(StatusCode::NOT_FOUND, None, &detail)
}

async fn no_such_method(request: Request<Body>) -> Response {
    let detail = format!("{} does not know {}", request.uri().path(), request.method());
    problem(StatusCode::METHOD_NOT_ALLOWED, None, &detail)
}
