//! The credentials API's rules (`glp.md §4`): who sees, makes, resets and deletes which API client.
//!
//! What happens here governs the token endpoints at once: they look at the same clients.

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    access::Service,
    audit::{Category, Effect},
    credential::{ApiClient, ClientSecret},
    dialect::{NonMspCredentialsFilter, TokensAfterResetOrDelete},
    filter::{self, Filter, FilterError, Grammar, Literal, grammars::GLP_CREDENTIALS},
    id::{WorkspaceId, parse_uuid},
    refusal::{Conflict, Refusal},
    secret::{Digest, Secret},
    tenancy::WorkspaceKind,
    world::{ClientIx, Session, UserIx, WorkspaceIx, World},
};

/// How many credentials a user may have in a workspace (`glp.md §2.4`).
pub const MOST_CREDENTIALS: usize = 7;

/// How many API clients a world can ever hold. Deleted ones count: they keep their numbers.
pub const MOST_CLIENTS: usize = 100_000;

/// How many characters a credential's name may have. HPE documents no limit; this one bounds what a
/// world can grow to.
pub const LONGEST_NAME: usize = 1_000;

/// How many replaced secrets are remembered, so that they are not shown either.
const MOST_RETIRED: usize = 10_000;

/// How many characters of a credential's name its tokens are called by.
const LONGEST_SYMBOL: usize = 40;

/// What a new credential shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCredential {
    /// `credentialName`.
    pub name: String,
    /// The tenant in `associatedTenant`, by its GLP id.
    pub tenant: Option<WorkspaceId>,
    /// The provision in `associatedServiceManagerProvision`.
    pub provision: Option<Uuid>,
}

impl World {
    /// The credentials that the user of a session has in the session's workspace, in order of creation.
    /// In an MSP workspace a filter names the tenant to look into instead; elsewhere dialect
    /// `non_msp_credentials_filter` decides what becomes of it.
    pub fn credentials(
        &self,
        session: &Session,
        filter: Option<&str>,
    ) -> Result<impl Iterator<Item = (ClientIx, &ApiClient)>, Refusal> {
        let here = session.workspace;
        let msp = self.workspace(here).kind == WorkspaceKind::Msp;
        let ignored = self.dialect.non_msp_credentials_filter == NonMspCredentialsFilter::Ignore;
        let workspace = match filter.filter(|text| !text.trim().is_empty()) {
            Some(text) if msp => {
                self.managed(here, wanted_tenant(text, GLP_CREDENTIALS.spoken(&self.dialect))?)?
            }
            Some(_) if !ignored => {
                let message = "only an MSP workspace can filter its credentials by tenant".to_owned();
                return Err(Refusal::Query { name: "filter", message });
            }
            _ => here,
        };
        Ok(self.credentials_of(session.user, workspace))
    }

    /// Makes a credential for the user of a session: in the tenant that `new` names, which the session's
    /// workspace must manage, else in the session's workspace. The answer to it shows the secret.
    pub fn create_credential(
        &mut self,
        session: &Session,
        new: NewCredential,
        now: Timestamp,
    ) -> Result<ClientIx, Refusal> {
        if new.name.trim().is_empty() || new.name.chars().count() > LONGEST_NAME {
            let message = format!("must have 1 to {LONGEST_NAME} characters, and not only spaces");
            return Err(Refusal::Body { member: "credentialName".to_owned(), message });
        }
        let owner = session.user;
        let workspace = match new.tenant {
            Some(tenant) => self.managed(session.workspace, Some(tenant))?,
            None => session.workspace,
        };
        let service = match new.provision {
            Some(provision) => self.service_behind(workspace, provision)?,
            None => Service::Platform,
        };
        if self.credentials_of(owner, workspace).any(|(_, other)| other.credential_name == new.name) {
            return Err(Conflict::CredentialNameTaken.into());
        }
        if self.credentials_of(owner, workspace).count() >= MOST_CREDENTIALS {
            return Err(Conflict::EighthCredential.into());
        }
        if self.clients.len() >= MOST_CLIENTS {
            return Err(Conflict::Full("API clients").into());
        }
        let name = self.free_symbol(&new.name, "credential");
        let id = self.free_id();
        let ix = self.add_client(ApiClient {
            name,
            credential_name: new.name,
            service,
            workspace,
            owner,
            secret: ClientSecret::Value(self.nth_secret(&id, 1)),
            sample: false,
            application_instance: self.seed.uuid("application-instance", &id, 0).to_string(),
            for_tenant: new.tenant.is_some(),
            provision: new.provision,
            secrets: 1,
            created_at: now,
            updated_at: now,
            gone: false,
            id,
        });
        self.tell_credential(session, ix, "created", now);
        Ok(ix)
    }

    /// Gives a credential another secret. The old one is worth nothing from now on.
    pub fn reset_credential(
        &mut self,
        session: &Session,
        id: &str,
        now: Timestamp,
    ) -> Result<ClientIx, Refusal> {
        let ix = self.own_credential(session, id)?;
        self.renew_secret(ix, now);
        self.tell_credential(session, ix, "reset", now);
        Ok(ix)
    }

    /// Gives a client another secret. The old one is worth nothing from now on.
    pub fn renew_secret(&mut self, ix: ClientIx, now: Timestamp) {
        let secrets = self.client(ix).secrets.saturating_add(1);
        let secret = ClientSecret::Value(self.nth_secret(&self.client(ix).id, secrets));
        let client = &mut self.clients[ix.0];
        (client.secrets, client.updated_at) = (secrets, now);
        // Everybody has the secrets of the sample, but nobody this one.
        client.sample = false;
        let old = std::mem::replace(&mut client.secret, secret);
        self.retire(old);
        self.take_back_tokens(ix);
    }

    /// Deletes a credential. Its id and secret are worth nothing from now on.
    pub fn delete_credential(
        &mut self,
        session: &Session,
        id: &str,
        now: Timestamp,
    ) -> Result<ClientIx, Refusal> {
        let ix = self.own_credential(session, id)?;
        self.remove_client(ix);
        self.take_back_tokens(ix);
        self.tell_credential(session, ix, "deleted", now);
        Ok(ix)
    }

    fn tell_credential(&mut self, session: &Session, ix: ClientIx, what: &str, now: Timestamp) {
        let client = self.client(ix);
        let description = format!("API client credential {} {what}", client.credential_name);
        let mut effect = Effect::new(Category::ApiGateway, description).with("Client ID", &client.id);
        if client.for_tenant {
            effect = effect.with("Tenant", &self.workspace(client.workspace).name);
        }
        self.tell(session, effect, now);
    }

    /// Remembers a secret that was replaced: it may be an adopted one, which still opens a door elsewhere.
    pub(crate) fn retire(&mut self, secret: ClientSecret) {
        self.secrets_version += 1;
        if secret != ClientSecret::None {
            self.retired.truncate(MOST_RETIRED - 1);
            self.retired.push_front(secret);
        }
    }

    fn credentials_of(
        &self,
        owner: UserIx,
        workspace: WorkspaceIx,
    ) -> impl Iterator<Item = (ClientIx, &ApiClient)> {
        let own = move |client: &ApiClient| client.owner == owner && client.workspace == workspace;
        // An application of Classic's gateway is none of the platform's credentials.
        self.clients().filter(move |(_, client)| own(client) && client.service != Service::Classic)
    }

    /// The tenant of that id, if `msp` manages it.
    fn managed(&self, msp: WorkspaceIx, tenant: Option<WorkspaceId>) -> Result<WorkspaceIx, Conflict> {
        let tenant = tenant.and_then(|id| self.workspace_by_id(id));
        tenant.filter(|tenant| self.manages(msp, *tenant)).ok_or(Conflict::NoSuchTenant)
    }

    /// The service that a client is for that is made with a provision of its workspace.
    fn service_behind(&self, workspace: WorkspaceIx, id: Uuid) -> Result<Service, Conflict> {
        let provision = self.provisions(workspace).find(|it| it.id == id && it.status.is_usable());
        provision.and_then(|it| Service::of_manager(it.service_manager)).ok_or(Conflict::NoSuchProvision)
    }

    /// The credential of that id, if it is of the session's user, in the session's workspace or a tenant
    /// that it manages. One of somebody else is not there.
    fn own_credential(&self, session: &Session, id: &str) -> Result<ClientIx, Refusal> {
        let uuid = parse_uuid(id);
        let dashed = uuid.map(|uuid| uuid.hyphenated().to_string());
        let here = session.workspace;
        // An adopted client may have an id that is no UUID, or one that is written otherwise.
        self.client_by_id(id)
            .or_else(|| self.client_by_id(&dashed?))
            .filter(|ix| {
                self.client(*ix).owner == session.user && self.client(*ix).service != Service::Classic
            })
            .filter(|ix| self.client(*ix).workspace == here || self.manages(here, self.client(*ix).workspace))
            .ok_or_else(|| match uuid {
                Some(_) => Refusal::NotFound("credential".to_owned()),
                None => Refusal::Path { name: "credentialId", message: format!("Invalid UUID: {id}") },
            })
    }

    /// What becomes of the tokens of a client that was deleted or reset, those exchanged from them among
    /// them (dialect `tokens_after_reset_or_delete`).
    fn take_back_tokens(&mut self, client: ClientIx) {
        if self.dialect.tokens_after_reset_or_delete == TokensAfterResetOrDelete::Revoked {
            self.tokens.revoke_of(client);
        }
    }

    /// Thirty-two hex digits laid out as a UUID of version 1 (`glp.md §2.4`), from the number of secrets
    /// that the client has had. The client of a world that was put back gets others than the one before it.
    fn nth_secret(&self, client: &str, nth: u32) -> Secret {
        let nth = self.epoch << 32 | u64::from(nth);
        Secret::new(self.seed.uuid_v1("client-secret", client, nth).simple().to_string())
    }

    /// An id that no client has: that of the next number, unless a loaded world was numbered otherwise.
    fn free_id(&self) -> String {
        let mut ordinal = self.clients.len() as u64;
        loop {
            let id = self.seed.uuid("client", "", ordinal).to_string();
            if !self.directory.is_taken(&id) {
                return id;
            }
            ordinal += 1;
        }
    }

    /// What the tokens of a credential or of a tenant of this name are called by: `nightly-sync` for
    /// "Nightly sync", `otherwise` for what has no letters to show, and `nightly-sync-2` if a client or a
    /// workspace was ever called that.
    pub(crate) fn free_symbol(&mut self, written: &str, otherwise: &str) -> String {
        let mut symbol = String::new();
        for c in written.chars().map(|c| c.to_ascii_lowercase()) {
            match c {
                'a'..='z' | '0'..='9' => symbol.push(c),
                _ if symbol.is_empty() || symbol.ends_with('-') => {}
                _ => symbol.push('-'),
            }
        }
        symbol.truncate(LONGEST_SYMBOL);
        let symbol = match symbol.trim_end_matches('-') {
            // A secret must not get into histories by being somebody's name.
            slug if slug.is_empty() || self.shows_a_secret(written, slug) => otherwise,
            slug => slug,
        };
        self.directory.take(symbol)
    }

    fn shows_a_secret(&self, name: &str, slug: &str) -> bool {
        let shown = |secret: &Secret| {
            let secret = secret.reveal();
            !secret.is_empty() && (name.contains(secret) || slug.contains(&secret.to_ascii_lowercase()))
        };
        let by_digest = |word| {
            let digest = Digest::of(word);
            self.tokens.by_digest(&digest).is_some() || self.secret_digests().any(|secret| secret == digest)
        };
        self.secrets().any(shown) || name.split_whitespace().any(by_digest)
    }
}

/// The tenant that the filter of the list names; `None` for a text that is no id.
fn wanted_tenant(text: &str, grammar: Grammar) -> Result<Option<WorkspaceId>, FilterError> {
    match filter::parse(text, grammar)? {
        Some(Filter::Compare { literals, .. }) => match &literals[..] {
            [Literal::Quoted(id) | Literal::Bare(id)] => Ok(id.parse().ok()),
            _ => Err(one_comparison()),
        },
        _ => Err(one_comparison()),
    }
}

fn one_comparison() -> FilterError {
    FilterError { at: 0, message: "must be one comparison: tenantId eq '…'".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::DEFAULT_SEED;

    fn session(world: &World, user: usize, workspace: &str) -> Session {
        let workspace = world.workspace_named(workspace).unwrap();
        Session { token: 1, client: ClientIx(0), user: UserIx(user), workspace }
    }

    fn named(name: &str) -> NewCredential {
        NewCredential { name: name.to_owned(), tenant: None, provision: None }
    }

    fn create(world: &mut World, user: usize, name: &str) -> Result<ClientIx, Refusal> {
        let session = session(world, user, "empty");
        world.create_credential(&session, named(name), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn tokens_are_called_by_what_can_be_written_of_the_name() {
        let mut world = World::sample(DEFAULT_SEED);
        let secret = world.secrets().next().unwrap().reveal().to_owned();
        let id = world.client(ClientIx(0)).id.clone();
        let long = format!("{}{}", "x".repeat(39), " and the rest of it");
        for (user, (name, expected)) in [
            ("Nightly Sync", "nightly-sync"),
            ("nightly_sync!", "nightly-sync-2"),
            ("nightly-sync-3", "nightly-sync-3"),
            ("NIGHTLY   sync", "nightly-sync-4"),
            ("  --a/b--  ", "a-b"),
            ("東京", "credential"),
            ("…", "credential-2"),
            // What names another client or a workspace.
            ("msp", "msp-2"),
            ("Oneil", "oneil-2"),
            (&id, &format!("{id}-2")),
            // Secrets.
            (&secret, "credential-3"),
            (&format!("my {} is", secret.to_uppercase()), "credential-4"),
            (&long, &"x".repeat(39)),
        ]
        .into_iter()
        .enumerate()
        {
            let ix = create(&mut world, user, name).unwrap();
            assert_eq!(world.client(ix).name, expected, "{name}");
            assert_eq!(world.client(ix).credential_name, name);
            assert_eq!(world.client_named(expected), Some(ix));
        }
    }

    #[test]
    fn the_name_of_a_deleted_client_is_not_given_again() {
        let mut world = World::sample(DEFAULT_SEED);
        let first = create(&mut world, 0, "a").unwrap();
        let id = world.client(first).id.clone();
        let session = session(&world, 0, "empty");
        assert_eq!(world.delete_credential(&session, &id, Timestamp::UNIX_EPOCH), Ok(first));
        let second = create(&mut world, 0, "a").unwrap();
        assert_eq!((&*world.client(first).name, &*world.client(second).name), ("a", "a-2"));
        assert_ne!(world.client(second).id, id);
    }

    #[test]
    fn a_loaded_world_that_lost_its_deleted_clients_gives_no_id_twice() {
        let mut world = World::sample(DEFAULT_SEED);
        let (first, last) = (create(&mut world, 0, "a").unwrap(), create(&mut world, 0, "b").unwrap());
        let id = world.client(last).id.clone();
        // As if loaded: the one that is left moved up.
        world.clients.remove(first.0);
        world.directory.leave_client(&world.clients[first.0].clone());
        world.directory.enter_client(first, &world.clients[first.0].clone());
        let third = create(&mut world, 1, "c").unwrap();
        assert_ne!(world.client(third).id, id);
        assert_eq!(world.client_by_id(&id), Some(first));
    }

    #[test]
    fn names_have_a_length() {
        let mut world = World::sample(DEFAULT_SEED);
        for name in ["", " \t", &"é".repeat(LONGEST_NAME + 1)] {
            let refused = create(&mut world, 0, name);
            assert!(matches!(refused, Err(Refusal::Body { .. })), "{refused:?}");
        }
        create(&mut world, 0, &"é".repeat(LONGEST_NAME)).unwrap();
    }

    #[test]
    fn a_world_holds_so_many_clients_and_no_more() {
        let mut world = World::sample(DEFAULT_SEED);
        let template = world.client(ClientIx(0)).clone();
        for n in world.clients.len()..MOST_CLIENTS - 1 {
            let secret = ClientSecret::None;
            let (id, name) = (format!("id {n}"), format!("client {n}"));
            world.add_client(ApiClient { id, name, secret, ..template.clone() });
        }
        let last = create(&mut world, 0, "last").unwrap();
        let full = Err(Conflict::Full("API clients").into());
        assert_eq!(create(&mut world, 0, "one more"), full);
        // What was deleted keeps its number.
        let (id, session) = (world.client(last).id.clone(), session(&world, 0, "empty"));
        world.delete_credential(&session, &id, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(create(&mut world, 0, "one more"), full);
    }

    #[test]
    fn a_replaced_secret_stays_a_secret_within_bounds() {
        let mut world = World::sample(DEFAULT_SEED);
        let ix = create(&mut world, 0, "a").unwrap();
        let (id, session) = (world.client(ix).id.clone(), session(&world, 0, "empty"));
        let old = world.client(ix).secret.value().unwrap().clone();
        let count = world.secrets().count();
        for n in 1..=MOST_RETIRED + 1 {
            let version = world.secrets_version();
            world.reset_credential(&session, &id, Timestamp::UNIX_EPOCH).unwrap();
            assert_ne!(world.secrets_version(), version);
            if n % 1_000 < 2 {
                assert_eq!(world.secrets().any(|secret| *secret == old), n <= MOST_RETIRED, "{n}");
            }
        }
        assert_eq!(world.secrets().count(), count + MOST_RETIRED);
    }

    #[test]
    fn the_filter_of_the_list_has_two_spellings() {
        let id: WorkspaceId = "7600415a-8876-5722-9f3c-b0fd11112283".parse().unwrap();
        for text in [
            "tenantId eq '7600415a-8876-5722-9f3c-b0fd11112283'",
            " tenantId  eq  '7600415A887657229F3CB0FD11112283' ",
            "'tenantId eq 7600415a-8876-5722-9f3c-b0fd11112283'",
            "' tenantId eq 7600415a887657229f3cb0fd11112283 '",
        ] {
            assert_eq!(wanted_tenant(text, GLP_CREDENTIALS), Ok(Some(id)), "{text}");
        }
        for text in ["tenantId eq 'x'", "tenantId eq ''", "'tenantId eq x'", "'tenantId eq null'"] {
            assert_eq!(wanted_tenant(text, GLP_CREDENTIALS), Ok(None), "{text}");
        }
        for text in [
            "tenantId eq 7600415a-8876-5722-9f3c-b0fd11112283",
            "tenantId eq null",
            // Neither of the two documented spellings, but both at once.
            "'tenantId eq '7600415a-8876-5722-9f3c-b0fd11112283''",
            "tenantId ne '7600415a-8876-5722-9f3c-b0fd11112283'",
            "tenantId in ('a','b')",
            "tenantId eq 'a' and tenantId eq 'a'",
            "tenantId eq 'a' or tenantId eq 'a'",
            "not tenantId eq 'a'",
            "tenantid eq 'a'",
            "'tenantId' eq 'a'",
            "credentialName eq 'a'",
            "tenantId",
            "''",
            "'",
        ] {
            assert!(wanted_tenant(text, GLP_CREDENTIALS).is_err(), "{text}");
        }
    }
}
