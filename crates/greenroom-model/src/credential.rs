//! API clients, and how a request proves to be one of them.

use std::str::FromStr;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    access::Service,
    dialect::ClientAuthTwice,
    refusal::TokenRefusal,
    secret::{Digest, Secret},
    world::{UserIx, WorkspaceIx},
};

/// What a world knows of a client's secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientSecret {
    /// There is none: the client can only use a token it already has.
    None,
    /// The secret itself.
    Value(Secret),
    /// Its digest, as an exported world has it.
    Digest(Digest),
}

impl ClientSecret {
    /// The secret itself, if it is known.
    pub fn value(&self) -> Option<&Secret> {
        match self {
            Self::Value(secret) => Some(secret),
            Self::None | Self::Digest(_) => None,
        }
    }

    /// Its digest, if there is a secret at all.
    pub fn digest(&self) -> Option<Digest> {
        match self {
            Self::None => None,
            Self::Value(secret) => Some(secret.digest()),
            Self::Digest(digest) => Some(*digest),
        }
    }

    /// Whether `presented` is the secret.
    pub fn is(&self, presented: &Secret) -> bool {
        match self {
            Self::None => false,
            Self::Value(secret) => secret == presented,
            Self::Digest(digest) => *digest == presented.digest(),
        }
    }
}

/// A personal API client (`glp.md §2.4`), which the credentials API calls a credential (`glp.md §4`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiClient {
    /// Its id. Generated ones are dashed UUIDs; an adopted one is whatever the user has.
    pub id: String,
    /// What its tokens are called: `msp` for `msp#1`.
    pub name: String,
    /// `credentialName`, unique among those of one user in one workspace.
    pub credential_name: String,
    /// What it was made for.
    pub service: Service,
    /// The workspace it belongs to.
    pub workspace: WorkspaceIx,
    /// Who made it.
    pub owner: UserIx,
    /// Its secret.
    pub secret: ClientSecret,
    /// Whether it is of the sample, so that its secret may be shown: everybody has it.
    pub sample: bool,
    /// `application_instance_id` of SSO tokens.
    pub application_instance: String,
    /// Whether it was made with an `associatedTenant`, which is then shown.
    pub for_tenant: bool,
    /// The provision it was made with as `associatedServiceManagerProvision`.
    pub provision: Option<Uuid>,
    /// How many secrets it has had: 1, and one more with each reset. Not `generation`, which stays 1 in
    /// HPE's samples.
    pub secrets: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Deleted: it proves nothing any more, and it keeps its number.
    pub gone: bool,
}

/// How credentials were sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// Not at all.
    #[default]
    None,
    /// In the Authorization header.
    Basic,
    /// In the form.
    Body,
    /// Both ways at once.
    Both,
}

impl AuthMethod {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::None, Self::Basic, Self::Body, Self::Both];

    /// Its name in selectors and histories.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Basic => "basic",
            Self::Body => "body",
            Self::Both => "both",
        }
    }
}

impl FromStr for AuthMethod {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|method| method.name() == text)
            .ok_or_else(|| format!("unknown method {text:?}: none, basic, body or both"))
    }
}

/// An id and a secret as one method carried them. An empty half counts as absent.
#[derive(Clone, Debug, Default)]
pub struct Presented {
    /// The client id.
    pub id: Option<String>,
    /// The client secret.
    pub secret: Option<Secret>,
}

impl Presented {
    /// From two halves of which either may be empty.
    pub fn new(id: &str, secret: &str) -> Self {
        Self {
            id: (!id.is_empty()).then(|| id.to_owned()),
            secret: (!secret.is_empty()).then(|| Secret::new(secret)),
        }
    }

    fn is_empty(&self) -> bool {
        self.id.is_none() && self.secret.is_none()
    }
}

/// The credentials of one token request, before they are believed.
#[derive(Clone, Debug, Default)]
pub struct ClientAuth {
    /// The readings of the Authorization header: raw, as pycentral sends it, and form-decoded, as
    /// RFC 6749 §2.3.1 wants it. Empty without a Basic header.
    pub basic: Vec<Presented>,
    /// The form's `client_id` and `client_secret`.
    pub body: Presented,
    /// An Authorization header that is no readable Basic header.
    pub unreadable_header: bool,
}

/// What a request claims, after both methods were laid side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The client id.
    pub id: String,
    /// The secret, if one was sent.
    pub secret: Option<Secret>,
}

impl ClientAuth {
    /// How the credentials were sent.
    pub fn method(&self) -> AuthMethod {
        let basic = self.basic.iter().any(|reading| !reading.is_empty());
        match (basic, !self.body.is_empty()) {
            (false, false) => AuthMethod::None,
            (true, false) => AuthMethod::Basic,
            (false, true) => AuthMethod::Body,
            (true, true) => AuthMethod::Both,
        }
    }

    /// The possible claims, most literal first. None if no credentials were sent at all.
    pub fn claims(&self, twice: ClientAuthTwice) -> Result<Vec<Claim>, TokenRefusal> {
        if self.unreadable_header {
            return Err(TokenRefusal::Client("the Authorization header is no readable Basic header"));
        }
        let readings: Vec<Presented> = match self.method() {
            AuthMethod::None => return Ok(Vec::new()),
            AuthMethod::Basic => self.basic.clone(),
            AuthMethod::Body => vec![self.body.clone()],
            AuthMethod::Both if twice == ClientAuthTwice::Reject => return Err(TokenRefusal::ClientTwice),
            AuthMethod::Both => self.basic.iter().filter_map(|reading| merge(reading, &self.body)).collect(),
        };
        if readings.is_empty() {
            return Err(TokenRefusal::ClientTwice);
        }
        let claims: Vec<_> = readings
            .into_iter()
            .filter_map(|reading| Some(Claim { id: reading.id?, secret: reading.secret }))
            .collect();
        if claims.is_empty() {
            return Err(TokenRefusal::Client("a client secret was sent without a client id"));
        }
        Ok(claims)
    }
}

/// Both methods together, unless they contradict one another.
fn merge(basic: &Presented, body: &Presented) -> Option<Presented> {
    fn agree<T: Clone + PartialEq>(a: &Option<T>, b: &Option<T>) -> Option<Option<T>> {
        match (a, b) {
            (Some(a), Some(b)) if a != b => None,
            _ => Some(a.clone().or_else(|| b.clone())),
        }
    }
    Some(Presented { id: agree(&basic.id, &body.id)?, secret: agree(&basic.secret, &body.secret)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auth(basic: Option<(&str, &str)>, body: (&str, &str)) -> ClientAuth {
        ClientAuth {
            basic: basic.map(|(id, secret)| Presented::new(id, secret)).into_iter().collect(),
            body: Presented::new(body.0, body.1),
            unreadable_header: false,
        }
    }

    #[test]
    fn an_empty_half_counts_as_absent() {
        for case in [
            auth(Some(("id", "pw")), ("", "")),
            auth(None, ("id", "pw")),
            auth(Some(("id", "pw")), ("id", "pw")),
            auth(Some(("id", "pw")), ("id", "")),
            auth(Some(("id", "")), ("id", "pw")),
            auth(Some(("", "")), ("id", "pw")),
        ] {
            let claims = case.claims(ClientAuthTwice::AcceptIfEqual).unwrap();
            assert_eq!(claims, [Claim { id: "id".into(), secret: Some(Secret::new("pw")) }], "{case:?}");
        }
    }

    #[test]
    fn contradictions_and_halves_are_refused() {
        let accept = ClientAuthTwice::AcceptIfEqual;
        let two = auth(Some(("id", "pw")), ("other", "pw"));
        assert_eq!(two.claims(accept), Err(TokenRefusal::ClientTwice));
        let two = auth(Some(("id", "pw")), ("id", "other"));
        assert_eq!(two.claims(accept), Err(TokenRefusal::ClientTwice));
        let equal = auth(Some(("id", "pw")), ("id", "pw"));
        assert_eq!(equal.claims(ClientAuthTwice::Reject), Err(TokenRefusal::ClientTwice));
        assert!(matches!(auth(None, ("", "pw")).claims(accept), Err(TokenRefusal::Client(_))));
        assert_eq!(auth(None, ("", "")).claims(accept), Ok(Vec::new()));
    }
}
