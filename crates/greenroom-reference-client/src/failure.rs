//! How a call fails, as its caller is told.

use serde::Serialize;

/// What went wrong, as far as a caller acts on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// No token can be had, or none is accepted.
    Auth,
    /// Too many requests, and patience is at its end.
    Rate,
    /// No answer came.
    Transport,
    /// An answer came that makes no sense.
    Protocol,
    /// The service refused.
    Api,
    /// The request makes no sense here.
    Usage,
    /// Anything else.
    Other,
}

impl Kind {
    /// Of an answer with this status.
    pub(crate) fn of_status(status: u16) -> Self {
        match status {
            401 => Self::Auth,
            429 => Self::Rate,
            300..=399 => Self::Protocol,
            _ => Self::Api,
        }
    }
}

/// A failure with a sentence that names the endpoint and no secret.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failure {
    pub(crate) kind: Kind,
    /// The status that the server gave.
    pub(crate) status: Option<u16>,
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, status: None, message: message.into() }
    }

    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// This failure as that of the API client with this id.
    pub(crate) fn of_client(mut self, id: &str) -> Self {
        self.message = format!("{}, for the client {id}", self.message);
        self
    }

    /// Whether it may be one to get a token.
    pub(crate) fn is_of_sign_in(&self) -> bool {
        self.status.is_some() && matches!(self.kind, Kind::Auth | Kind::Protocol | Kind::Api)
    }

    /// This failure as what came of another one, which stays told.
    pub(crate) fn after(mut self, cause: &str) -> Self {
        self.message = format!("{cause}; then {}", self.message);
        self
    }
}
