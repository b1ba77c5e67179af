//! The routes of the imitated services: one registration each, with its source.
//!
//! Paths of different services do not collide, so one matcher serves all hosts; which of them a host
//! has is decided by [`identify`](crate::identify).

use std::{ops::RangeInclusive, sync::LazyLock};

use bytes::Bytes;
use greenroom_model::{
    access::ApiFamily,
    dialect::UnknownQuery,
    refusal::Refusal,
    role::Need,
    world::{Door, Session, World},
};
use http::{HeaderName, Method, StatusCode, header};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

pub(crate) use greenroom_model::evidence::Confidence;

use crate::{
    central, classic, data_services, glp, json,
    oauth::{self, Endpoint},
};

/// The services with a vocabulary of errors of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Api {
    /// GLP API client credentials.
    Credentials,
    /// GLP workspace management.
    Workspaces,
    /// GLP device management.
    Devices,
    /// GLP audit log.
    AuditLog,
    /// GLP users.
    Users,
    /// GLP service catalog.
    ServiceCatalog,
    /// GLP subscriptions.
    Subscriptions,
    /// New Central monitoring.
    CentralMonitoring,
    /// New Central MSP.
    CentralMsp,
    /// New Central notifications.
    CentralNotifications,
    /// Private Cloud Business Edition.
    PrivateCloud,
    /// New Central configuration.
    CentralConfig,
    /// Classic Central.
    Classic,
    /// The audit trail of Classic Central.
    ClassicAuditLog,
}

impl Api {
    /// The family it belongs to.
    pub(crate) fn family(self) -> ApiFamily {
        match self {
            Self::Credentials
            | Self::Workspaces
            | Self::Devices
            | Self::AuditLog
            | Self::Users
            | Self::ServiceCatalog
            | Self::Subscriptions => ApiFamily::Glp,
            Self::CentralMonitoring | Self::CentralMsp | Self::CentralNotifications | Self::CentralConfig => {
                ApiFamily::Central
            }
            Self::PrivateCloud => ApiFamily::DataServices,
            Self::Classic | Self::ClassicAuditLog => ApiFamily::Classic,
        }
    }

    /// The services that a Dedicated Platform has (seed 004).
    pub(crate) fn on_dedicated_platforms(self) -> bool {
        self == Self::Credentials
    }

    /// Whether an undocumented query name is an error (dialect `unknown_query`, `central.md §1.6`).
    pub(crate) fn rejects_unknown_query(self, dialect: UnknownQuery) -> bool {
        match dialect {
            UnknownQuery::Reject => true,
            UnknownQuery::Ignore => false,
            UnknownQuery::ByFamily => self.family() == ApiFamily::Central && self != Self::CentralConfig,
        }
    }
}

/// What a route does.
#[derive(Clone, Copy)]
pub(crate) enum Action {
    /// Issues tokens.
    Token,
    /// A step of Classic Central's own sign-in.
    SignIn(Endpoint),
    /// A key set or discovery document of an issuer, open to everyone.
    Document(fn(&World, &Ask) -> Option<Value>),
    /// Answers a session whose user has the permission that is needed.
    Api(Api, Need, Operation),
}

/// What an operation that looks is.
pub(crate) type Look = fn(&World, &Session, &Ask, Timestamp) -> Result<Reply, Refusal>;

/// What an operation that changes something is.
pub(crate) type Change = fn(&mut World, &Session, &Ask, Timestamp) -> Result<Reply, Refusal>;

/// What a route of a service does to the world. Runs under the lock: what is long belongs into
/// [`Reply::later`].
#[derive(Clone, Copy)]
pub(crate) enum Operation {
    /// Looks.
    Read(Look),
    /// Changes, or refuses and changes nothing.
    Write(Change),
}

/// What an operation answers.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(HeaderName, String)>,
    pub(crate) body: Content,
    /// What it changed, for the history: `credential nightly-sync created`.
    pub(crate) changes: Vec<String>,
}

/// The body of a reply.
pub(crate) enum Content {
    /// None.
    Empty,
    /// This, written as JSON.
    Written(String),
    /// What this writes once the lock is released; `rows` is how many rows it looks at.
    Later { rows: usize, write: Box<dyn FnOnce() -> Result<String, Refusal> + Send> },
}

impl Reply {
    /// 200 with this body.
    pub(crate) fn ok(body: impl Serialize) -> Self {
        Self::of(StatusCode::OK, Content::Written(json::text(&body)))
    }

    /// 200 with what `write` writes as JSON once the lock is released, having looked at `rows` rows.
    pub(crate) fn later(
        rows: usize,
        write: impl FnOnce() -> Result<String, Refusal> + Send + 'static,
    ) -> Self {
        Self::of(StatusCode::OK, Content::Later { rows, write: Box::new(write) })
    }

    /// 201 with this body, and where the new object is.
    pub(crate) fn created(location: String, body: impl Serialize) -> Self {
        Self::of(StatusCode::CREATED, Content::Written(json::text(&body))).at(location)
    }

    /// 202 with this body, and where to ask how it goes.
    pub(crate) fn accepted(location: String, body: impl Serialize) -> Self {
        Self::of(StatusCode::ACCEPTED, Content::Written(json::text(&body))).at(location)
    }

    /// 204.
    pub(crate) fn no_content() -> Self {
        Self::of(StatusCode::NO_CONTENT, Content::Empty)
    }

    /// The same, having changed something.
    pub(crate) fn changed(mut self, change: String) -> Self {
        self.changes.push(change);
        self
    }

    fn of(status: StatusCode, body: Content) -> Self {
        Self { status, headers: Vec::new(), body, changes: Vec::new() }
    }

    fn at(mut self, location: String) -> Self {
        self.headers.push((header::LOCATION, location));
        self
    }
}

/// One registration.
pub(crate) struct Route {
    /// Its name in histories: `glp.devices.list`.
    pub(crate) name: &'static str,
    pub(crate) method: Method,
    /// With `{name}` for a segment.
    pub(crate) path: &'static str,
    /// The query names it knows.
    pub(crate) query: &'static [&'static str],
    pub(crate) source: &'static str,
    pub(crate) confidence: Confidence,
    /// What of the original is not served; empty if everything is, none as long as nobody has said.
    pub(crate) not_served: Option<&'static str>,
    /// What it does where no source says what HPE does; empty if there is nothing of the kind.
    pub(crate) chosen: &'static str,
    pub(crate) action: Action,
}

impl Route {
    /// The same, saying what of the original it leaves out.
    pub(crate) fn without(self, not_served: &'static str) -> Self {
        Self { not_served: Some(not_served), ..self }
    }

    /// The same, saying what it does where no source says what HPE does.
    pub(crate) fn choosing(self, chosen: &'static str) -> Self {
        Self { chosen, ..self }
    }

    /// The same, saying that it leaves nothing out.
    pub(crate) fn whole(self) -> Self {
        self.without("")
    }
}

/// Every route.
pub(crate) static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(|| {
    let all = [oauth::routes(), glp::routes(), central::routes(), data_services::routes(), classic::routes()];
    all.into_iter().flatten().collect()
});

/// All routes of a path.
static PATHS: LazyLock<matchit::Router<Vec<&'static Route>>> = LazyLock::new(|| {
    let mut paths: Vec<(&'static str, Vec<&'static Route>)> = Vec::new();
    for route in ROUTES.iter() {
        match paths.iter_mut().find(|(path, _)| *path == route.path) {
            Some((_, routes)) => routes.push(route),
            None => paths.push((route.path, vec![route])),
        }
    }
    let mut router = matchit::Router::new();
    for (path, routes) in paths {
        // The table is part of the source; a test builds it.
        router.insert(path, routes).expect("paths of the route table do not collide");
    }
    router
});

/// Names and values of path segments.
pub(crate) type Segments = Vec<(String, String)>;

/// The routes of `path` and the values of its segments, percent-decoded.
pub(crate) fn at_path(path: &str) -> Option<(&'static [&'static Route], Segments)> {
    let matched = PATHS.at(path).ok()?;
    let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let segments = matched.params.iter().map(|(name, value)| (name.to_owned(), decode(value))).collect();
    Some((matched.value, segments))
}

/// What a request asks of a route: its path segments and its query.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) segments: Segments,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Bytes,
    /// The door it came through: a workspace's issuer is behind one of them only.
    pub(crate) door: Door,
}

impl Ask {
    /// The value of a path segment; empty if the route has none of that name.
    pub(crate) fn segment(&self, name: &str) -> &str {
        find(&self.segments, name).unwrap_or_default()
    }

    /// The first value of a query parameter. One without a value counts as absent.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        find(&self.query, name).filter(|value| !value.is_empty())
    }

    /// All values of a query parameter.
    pub(crate) fn texts<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.query.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as a JSON object, whatever its declared type: HPE's clients send several (`glp.md §10`
    /// row 22).
    pub(crate) fn members(&self) -> Result<Map<String, Value>, Refusal> {
        let refuse = |message: String| Refusal::Body { member: String::new(), message };
        match serde_json::from_slice(&self.body) {
            Ok(Value::Object(members)) => Ok(members),
            Ok(_) => Err(refuse("must be a JSON object".to_owned())),
            Err(_) if self.body.is_empty() => Err(refuse("is missing".to_owned())),
            Err(error) => {
                Err(refuse(format!("is no JSON: line {}, column {}", error.line(), error.column())))
            }
        }
    }

    /// A whole number within `range`.
    pub(crate) fn number(
        &self,
        name: &'static str,
        range: RangeInclusive<usize>,
    ) -> Result<Option<usize>, NumberFault> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let number: i64 = text.parse().map_err(|_| NumberFault::NotANumber)?;
        match usize::try_from(number) {
            Ok(number) if number > *range.end() => Err(NumberFault::TooLarge),
            Ok(number) if range.contains(&number) => Ok(Some(number)),
            _ => Err(NumberFault::TooSmall),
        }
    }
}

fn find<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// Why a query parameter is no number that the operation takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NumberFault {
    NotANumber,
    TooSmall,
    TooLarge,
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use greenroom_model::host::HostFamily;

    use super::*;

    #[test]
    fn the_table_can_be_matched_and_names_each_route_once() {
        let mut names = HashSet::new();
        for route in ROUTES.iter() {
            let (routes, _) = at_path(route.path).expect(route.path);
            assert!(routes.iter().any(|found| found.name == route.name), "{}", route.name);
            assert!(names.insert(route.name), "{} twice", route.name);
            assert!(route.not_served.is_some(), "{} is either whole() or without(…)", route.name);
            assert!(!route.source.is_empty() && !route.path.contains("_greenroom"), "{}", route.name);
        }
    }

    #[test]
    fn numbers_are_read_strictly() {
        let door = Door { family: HostFamily::Emulator, host: String::new() };
        let ask = |value: &str| Ask {
            segments: Vec::new(),
            query: vec![("n".into(), value.into())],
            body: Bytes::new(),
            door: door.clone(),
        };
        assert_eq!(ask("5").number("n", 1..=10), Ok(Some(5)));
        assert_eq!(ask("").number("n", 1..=10), Ok(None));
        assert_eq!(ask("0").number("n", 1..=10), Err(NumberFault::TooSmall));
        assert_eq!(ask("-1").number("n", 0..=10), Err(NumberFault::TooSmall));
        assert_eq!(ask("11").number("n", 1..=10), Err(NumberFault::TooLarge));
        for junk in ["x", "1.5", "99999999999999999999", "1e3", " 1"] {
            assert_eq!(ask(junk).number("n", 1..=10), Err(NumberFault::NotANumber), "{junk}");
        }
    }
}
