//! One row of the table of control routes: where it is, what it takes, what it gives.

use axum::{
    Json,
    http::{Method, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;

use super::{Desk, body, query::PART};
use crate::{
    command::{Command, CommandError, Reply},
    envelope,
};

/// A route of control.
pub(crate) struct Route {
    /// The method.
    pub(crate) method: Method,
    /// The path below [`super::BASE`]; `{id}` stands for a name.
    pub(crate) path: &'static str,
    /// What it does, in a sentence.
    pub(crate) says: &'static str,
    /// What it takes besides a name in its path.
    pub(crate) takes: Takes,
    /// What it gives.
    pub(crate) gives: Gives,
    does: Does,
}

/// What a route takes.
pub(crate) enum Takes {
    /// Neither a query nor a body that is looked at.
    Nothing,
    /// A query of these parameters.
    Query(&'static [Parameter]),
    /// The fields of a selector, and these parameters.
    Part(&'static [Parameter]),
    /// A JSON body.
    Body {
        /// One that does something.
        example: &'static str,
        /// What it looks like.
        schema: Describe,
    },
}

/// What a route gives.
pub(crate) enum Gives {
    /// JSON.
    Json(Describe),
    /// Something of this media type.
    Text(&'static str),
    /// Entries of the history, in this media type.
    Entries(&'static str),
}

/// A type's schema.
pub(crate) type Describe = fn(&mut SchemaGenerator) -> Schema;

/// A parameter of a query.
pub(crate) struct Parameter {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it means.
    pub(crate) says: &'static str,
}

/// How the parts of a request become a command.
type Read = Box<dyn Fn(&Given) -> Result<Command, CommandError> + Send + Sync>;

enum Does {
    /// The sandbox grants a command.
    Command(Read),
    /// Something is said that only HTTP has.
    Tell(fn(&Desk) -> Response),
    /// The history is read, and written as it is read.
    Read(fn(&Desk, &Given) -> Result<Response, CommandError>),
}

/// What came with a request.
pub(super) struct Given {
    /// The name in the path.
    pub(super) name: String,
    /// The query as it was written.
    pub(super) query: String,
    /// Where a client that followed goes on from.
    pub(super) last_event_id: Option<String>,
    /// The body.
    pub(super) body: Bytes,
}

/// How a request becomes a command.
pub(super) struct Asks {
    takes: Takes,
    read: Read,
}

/// The path alone says it.
pub(super) fn plain(command: fn() -> Command) -> Asks {
    Asks { takes: Takes::Nothing, read: Box::new(move |_| Ok(command())) }
}

/// The name in the path is its argument.
pub(super) fn named(command: fn(String) -> Command) -> Asks {
    Asks { takes: Takes::Nothing, read: Box::new(move |given| Ok(command(given.name.clone()))) }
}

/// The body is its argument.
pub(super) fn json<T: DeserializeOwned + JsonSchema + 'static>(
    example: &'static str,
    command: fn(T) -> Command,
) -> Asks {
    let Asks { takes, read } = list(example, command);
    let read = move |given: &Given| match given.body.trim_ascii_start().first() {
        // serde would take a list for an object whose members have lost their names.
        Some(b'[') => Err(CommandError {
            field: None,
            message: format!("the body is a list; it is written as in {example}"),
        }),
        _ => read(given),
    };
    Asks { takes, read: Box::new(read) }
}

/// The body is its argument, and may be a list.
pub(super) fn list<T: DeserializeOwned + JsonSchema + 'static>(
    example: &'static str,
    command: fn(T) -> Command,
) -> Asks {
    let read = move |given: &Given| body::read(&given.body, example).map(command);
    let schema = SchemaGenerator::subschema_for::<T>;
    Asks { takes: Takes::Body { example, schema }, read: Box::new(read) }
}

/// The body is its argument, read in the words of a world file.
pub(super) fn words(
    example: &'static str,
    schema: Describe,
    read: fn(&[u8]) -> Result<Command, CommandError>,
) -> Asks {
    Asks { takes: Takes::Body { example, schema }, read: Box::new(move |given| read(&given.body)) }
}

/// The query is its argument.
pub(super) fn query(
    parameters: &'static [Parameter],
    read: fn(&str) -> Result<Command, CommandError>,
) -> Asks {
    Asks { takes: Takes::Query(parameters), read: Box::new(move |given| read(&given.query)) }
}

/// The query is a part of the history.
pub(super) fn part(
    parameters: &'static [Parameter],
    read: fn(&str) -> Result<Command, CommandError>,
) -> Asks {
    Asks { takes: Takes::Part(parameters), ..query(parameters, read) }
}

/// A row: a command over HTTP. The reply is named by its variant.
pub(super) fn route<T: JsonSchema>(
    method: Method,
    path: &'static str,
    says: &'static str,
    Asks { takes, read }: Asks,
    _reply: fn(T) -> Reply,
) -> Route {
    let gives = Gives::Json(SchemaGenerator::subschema_for::<T>);
    Route { method, path, says, takes, gives, does: Does::Command(read) }
}

/// A row: something to read that only HTTP has.
pub(super) fn tell(
    path: &'static str,
    says: &'static str,
    gives: Gives,
    tell: fn(&Desk) -> Response,
) -> Route {
    Route { method: Method::GET, path, says, takes: Takes::Nothing, gives, does: Does::Tell(tell) }
}

/// A row: the history in another form.
pub(super) fn read(
    path: &'static str,
    says: &'static str,
    media_type: &'static str,
    read: fn(&Desk, &Given) -> Result<Response, CommandError>,
) -> Route {
    let (takes, gives) = (Takes::Part(PART), Gives::Entries(media_type));
    Route { method: Method::GET, path, says, takes, gives, does: Does::Read(read) }
}

impl Route {
    /// Whether only the emulator itself does this, none of its sandboxes.
    pub(super) fn is_of_the_house(&self) -> bool {
        self.path.starts_with("sandboxes")
    }

    /// Answers a request.
    pub(super) async fn answer(&self, desk: &Desk, given: &Given) -> Response {
        if !matches!(self.takes, Takes::Query(_) | Takes::Part(_)) && !given.query.is_empty() {
            let message = format!("{} {} takes no query", self.method, self.path);
            return CommandError { field: None, message }.into_response();
        }
        match &self.does {
            Does::Command(read) => reply(match read(given) {
                Ok(command) => desk.run(command).await,
                Err(error) => Err(error),
            }),
            Does::Read(read) => read(desk, given).unwrap_or_else(IntoResponse::into_response),
            Does::Tell(tell) => tell(desk),
        }
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
