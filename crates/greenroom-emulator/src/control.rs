//! Control over HTTP, below `/_greenroom/v1/`: each command once, on the plain side only.
//!
//! The one list of what there is, is [`ROUTES`]: the router, the front page, the hints of a 404 and the methods
//! of a 405 follow from it. A new command is a new row.
//!
//! A browser page of another origin cannot drive it: the Host must name this machine or the address
//! that is listened on, and an Origin must be the emulator's own. Away from loopback it needs a token.

mod body;
mod export;
mod openapi;
mod problem;
mod query;
mod route;
mod table;

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    Router,
    body::Body,
    extract::{RawPathParams, RawQuery, State as Shared},
    http::{HeaderMap, HeaderValue, Request, StatusCode, Uri, header, uri::Authority},
    middleware::{self, Next},
    response::Response,
    routing::{MethodFilter, MethodRouter, get},
};
use bytes::Bytes;
use greenroom_model::{nearest, secret::Digest};
use serde_json::Value;
use tokio::sync::watch;

pub use self::openapi::openapi;
use self::{
    problem::problem,
    route::{Given, Route, Takes},
    table::ROUTES,
};
pub(crate) use self::{problem::unread, query::DROPPED};
use crate::{
    command::{Command, CommandError, Reply},
    follow,
    sandbox::Sandbox,
};

/// What the path of every route begins with.
pub(crate) const BASE: &str = "/_greenroom/v1";

/// What control knows besides the sandbox.
pub(crate) struct Desk {
    pub(crate) sandbox: Arc<Sandbox>,
    /// Becomes true when the emulator stops.
    pub(crate) stop: watch::Receiver<bool>,
    pub(crate) address: SocketAddr,
    /// The digest of the token that control wants away from loopback.
    pub(crate) token: Option<Digest>,
    pub(crate) ca_pem: String,
    /// What `about` says.
    pub(crate) about: Value,
}

/// The control surface.
pub(crate) fn router(desk: Arc<Desk>) -> Router {
    let mut paths: BTreeMap<&str, MethodRouter<Arc<Desk>>> = BTreeMap::new();
    for route in ROUTES.iter() {
        let answer = move |Shared(desk): Desked,
                           names: RawPathParams,
                           RawQuery(query),
                           headers: HeaderMap,
                           body: Bytes| async move {
            let name = names.iter().next().map(|(_, name)| name.to_owned()).unwrap_or_default();
            let last_event_id =
                headers.get(query::EVENT_ID).and_then(|id| id.to_str().ok()).map(str::to_owned);
            route.answer(&desk, &Given { name, query: query.unwrap_or_default(), last_event_id, body }).await
        };
        // The rows know no method that axum does not.
        if let Ok(method) = MethodFilter::try_from(route.method.clone()) {
            let methods = paths.remove(route.path).unwrap_or_default();
            paths.insert(route.path, methods.on(method, answer));
        }
    }
    let router = paths.into_iter().fold(Router::new().route("/", get(front)), |router, (path, methods)| {
        router.route(&format!("{BASE}/{path}"), methods)
    });
    router
        .fallback(no_such_route)
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
    /// The rows that can do something here: a sandbox opens no others, and says so to those who ask.
    fn rows(&self) -> impl Iterator<Item = &'static Route> {
        let is_house = self.sandbox.house.is_some();
        ROUTES.iter().filter(move |route| is_house || !route.is_of_the_house())
    }

    /// Grants a wish, when its time has come: a history that is waited for holds, the port of a sandbox that
    /// ended is free.
    async fn run(&self, command: Command) -> Result<Reply, CommandError> {
        match command {
            Command::EndSandbox(name) => {
                let (reply, ended) = self.sandbox.end_sandbox(&name)?;
                ended.await;
                Ok(reply)
            }
            Command::History(query) => {
                self.sandbox.check_part(&query.selector, query.after)?;
                follow::until_decided(&self.sandbox, &query, &self.stop).await;
                self.sandbox.run(Command::History(query))
            }
            other => self.sandbox.run(other),
        }
    }

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

/// What a person sees who opens the emulator in a browser.
async fn front(Shared(desk): Desked) -> String {
    let mut page = "This is Greenroom, an offline HPE GreenLake and HPE Aruba Networking Central.\n\
                    Its control, with examples of bodies:\n"
        .to_owned();
    for Route { method, path, says, takes, .. } in desk.rows() {
        page += &format!("\n{method} {BASE}/{path}\n    {says}\n");
        match takes {
            Takes::Nothing => {}
            Takes::Body { example, .. } => page += &format!("    {example}\n"),
            Takes::Query(parameters) | Takes::Part(parameters) => {
                parameters.iter().for_each(|it| page += &format!("    ?{}=  {}\n", it.name, it.says));
            }
        }
    }
    page
}

async fn no_such_route(Shared(desk): Desked, request: Request<Body>) -> Response {
    let mut known: Vec<_> = desk.rows().map(|route| route.path).collect();
    known.dedup();
    let path = request.uri().path();
    let asked = path.trim_start_matches("/_greenroom").trim_start_matches("/v1").trim_matches('/');
    let hint = nearest::hint(&nearest::of(asked, &known));
    let detail = format!("there is no {path}{hint} Known below {BASE}/: {}", known.join(", "));
    problem(StatusCode::NOT_FOUND, None, &detail)
}

async fn no_such_method(request: Request<Body>) -> Response {
    let detail = format!("{} does not know {}", request.uri().path(), request.method());
    problem(StatusCode::METHOD_NOT_ALLOWED, None, &detail)
}
