//! Adoption: credentials that a program already has become those of the sample world, so that it
//! runs as it stands.

use jiff::Timestamp;

use crate::{
    access::Service,
    credential::ClientSecret,
    host::Cluster,
    id::WorkspaceId,
    issue::Validity,
    secret::{JWT, LONGEST, Secret},
    tenancy::WorkspaceKind,
    token::{Token, TokenKind},
    world::{ClientIx, WorkspaceIx, World},
};

/// A client as a credentials file or the environment names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    /// Client id.
    pub id: Option<String>,
    /// Client secret.
    pub secret: Option<Secret>,
    /// A token the program already holds.
    pub access_token: Option<Secret>,
}

/// Everything that a program brings along.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Adoption {
    /// A platform client, of `unified` or `glp`.
    pub platform: Option<Credentials>,
    /// A client of the Central service, of `new_central`.
    pub central: Option<Credentials>,
    /// The id of its workspace.
    pub workspace: Option<WorkspaceId>,
    /// The cluster it calls: the MSP and its tenants then live there and nowhere else.
    pub cluster: Option<Cluster>,
    /// Whether the platform client signs in at the SSO issuer (`glp`) rather than at the workspace's
    /// (`unified`); it decides the kind of an adopted token.
    pub separate: bool,
}

/// Why credentials cannot become those of a world. No message repeats what they say, for a secret may stand
/// in the wrong line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAdopted {
    /// It could not be hidden in logs and histories.
    #[error("their {0} is longer than {LONGEST} characters, and no JWT: use another")]
    TooLong(&'static str),
    /// Nothing in the world has their ids, and there is nobody whose ids could become theirs.
    #[error(
        "the world has neither a workspace nor an API client of these ids, and no MSP workspace to take them \
         over: give the world file one"
    )]
    NoMsp,
    /// The workspace has no client that could become theirs.
    #[error(
        "the workspace {workspace} has no API client for {service} to take over these credentials: give the \
         world file one"
    )]
    NoClient {
        /// The workspace, by symbol.
        workspace: String,
        /// `the platform` or `Central`.
        service: &'static str,
    },
    /// The id is that of something that is gone.
    #[error("their {0} is that of one that was deleted in this world: use another")]
    Gone(&'static str),
    /// The id is that of a client of another workspace.
    #[error("their client_id is that of the API client {client}, which is of {home} and not of {wanted}")]
    Elsewhere {
        /// The client, by name.
        client: String,
        /// Its workspace, by symbol.
        home: String,
        /// The workspace of the other ids, by symbol.
        wanted: String,
    },
    /// The id is that of a client that was made for something else.
    #[error("their client_id is that of the API client {client}, which was not made for {service}")]
    OtherService {
        /// The client, by name.
        client: String,
        /// `the platform` or `Central`.
        service: &'static str,
    },
}

impl World {
    /// Makes a workspace of the world, its clients and its cluster those of `adoption`: those that have its
    /// ids already, else the first MSP and its first clients, which then get them. An adopted token is
    /// entered by digest as live from `now` on, with a full life: the table vouches for it, and only its
    /// digest is kept. A refusal changes nothing.
    pub fn adopt(&mut self, adoption: &Adoption, now: Timestamp) -> Result<(), NotAdopted> {
        let Adoption { platform, central, workspace, cluster, separate } = adoption;
        for credentials in [platform, central].into_iter().flatten() {
            let long = |secret: &Secret| secret.reveal().chars().count() > LONGEST;
            let Credentials { secret, access_token, .. } = credentials;
            if secret.as_ref().is_some_and(long) {
                return Err(NotAdopted::TooLong("client_secret"));
            }
            if access_token.as_ref().is_some_and(|token| long(token) && !token.reveal().starts_with(JWT)) {
                return Err(NotAdopted::TooLong("access_token"));
            }
        }
        let known = |credentials: &Option<Credentials>| {
            credentials.as_ref().and_then(|it| self.client_by_id(it.id.as_ref()?))
        };
        let home = workspace
            .and_then(|id| self.workspace_by_id(id))
            .or_else(|| {
                known(platform).or_else(|| known(central)).map(|client| self.client(client).workspace)
            })
            .or_else(|| self.workspaces().find(|(_, it)| it.kind == WorkspaceKind::Msp).map(|(ix, _)| ix))
            .ok_or(NotAdopted::NoMsp)?;
        let id_of_gone = |id| self.workspaces.iter().any(|it| it.gone && it.id == id);
        if workspace.is_some_and(|id| self.workspace_by_id(id).is_none() && id_of_gone(id)) {
            return Err(NotAdopted::Gone("workspace_id"));
        }
        let others = known(central);
        let for_platform =
            platform.as_ref().map(|it| self.heir(home, Service::Platform, it, others)).transpose()?;
        let id = |credentials: &Option<Credentials>| credentials.as_ref().and_then(|it| it.id.clone());
        let for_central = match central {
            // One id in both blocks is one client, and a platform client opens Central as well.
            Some(_) if for_platform.is_some() && id(platform).is_some() && id(central) == id(platform) => {
                for_platform
            }
            Some(central) => Some(self.heir(home, Service::Central, central, for_platform)?),
            None => None,
        };
        if let Some(id) = *workspace {
            self.directory.leave_workspace(home, &self.workspaces[home.0]);
            self.workspaces[home.0].id = id;
            self.directory.know_workspace(&self.workspaces[home.0]);
            self.directory.enter_workspace(home, &self.workspaces[home.0]);
        }
        if let Some(cluster) = cluster {
            let family: Vec<_> = self.each_tenant(home).map(|(ix, ..)| ix).chain([home]).collect();
            for ix in family {
                self.workspaces[ix.0].cluster = Some(cluster.clone());
            }
        }
        let platform_kind = if *separate { TokenKind::Sso } else { TokenKind::Workspace };
        for (client, credentials, kind) in
            [(for_platform, platform, platform_kind), (for_central, central, TokenKind::Sso)]
        {
            if let (Some(client), Some(credentials)) = (client, credentials) {
                self.hand_over(client, credentials, kind, now);
            }
        }
        Ok(())
    }

    /// The client that credentials become: the one of their id, else the first of the workspace for the
    /// service that is not `taken` by the other credentials.
    fn heir(
        &self,
        home: WorkspaceIx,
        service: Service,
        credentials: &Credentials,
        taken: Option<ClientIx>,
    ) -> Result<ClientIx, NotAdopted> {
        let symbol = |ix| self.workspace(ix).symbol.clone();
        let name = if service == Service::Platform { "the platform" } else { "Central" };
        let id = credentials.id.as_deref();
        if let Some(ix) = id.and_then(|id| self.client_by_id(id)) {
            let (client, it) = (self.client(ix).name.clone(), self.client(ix));
            if it.workspace != home {
                let (home, wanted) = (symbol(it.workspace), symbol(home));
                return Err(NotAdopted::Elsewhere { client, home, wanted });
            }
            // A platform client opens Central as well.
            if ![service, Service::Platform].contains(&it.service) {
                return Err(NotAdopted::OtherService { client, service: name });
            }
            return Ok(ix);
        }
        if self.clients.iter().any(|it| it.gone && Some(it.id.as_str()) == id) {
            return Err(NotAdopted::Gone("client_id"));
        }
        let mut clients = self.clients();
        let fits =
            clients.find(|(ix, it)| it.workspace == home && it.service == service && Some(*ix) != taken);
        let none = || NotAdopted::NoClient { workspace: symbol(home), service: name };
        fits.map(|(ix, _)| ix).ok_or_else(none)
    }

    fn hand_over(&mut self, ix: ClientIx, credentials: &Credentials, kind: TokenKind, now: Timestamp) {
        let client = &mut self.clients[ix.0];
        self.directory.leave_client(client);
        if let Some(id) = &credentials.id {
            client.id.clone_from(id);
        }
        self.directory.know_client(client);
        self.directory.enter_client(ix, client);
        if let Some(secret) = &credentials.secret {
            client.sample = false;
            let old = std::mem::replace(&mut client.secret, ClientSecret::Value(secret.clone()));
            self.retire(old);
        }
        if let Some(token) = &credentials.access_token {
            self.adopt_token(ix, token, kind, now);
        }
    }

    fn adopt_token(&mut self, client: ClientIx, value: &Secret, kind: TokenKind, now: Timestamp) {
        let seal = value.digest();
        if self.tokens.by_digest(&seal).is_some() {
            return;
        }
        let (subject, workspace) = (self.client(client).name.clone(), self.client(client).workspace);
        let Validity { issued_at, expires_at } = Validity::from(now, self.lifetimes.of(kind).duration());
        // A table that is full cannot happen here: adoption precedes the first request.
        let _ = self.tokens.enter(&subject, now, self.dialect.clock_skew.0, |ordinal, symbol| Token {
            ordinal,
            kind,
            symbol,
            client,
            workspace,
            issued_at,
            expires_at,
            parent: None,
            adopted: true,
            revoked: false,
            seal: Some(seal),
        });
        self.secrets_version += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        access::ApiFamily,
        host::HostFamily,
        refusal::TokenFault,
        sample::DEFAULT_SEED,
        spec::{self, Secrets, Spec},
        world::Door,
    };

    fn now() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn an_adopted_token_lives_a_full_life_on_the_adopted_cluster_only() {
        let mut world = World::sample(DEFAULT_SEED);
        let token = Secret::new("opaque.token.value");
        let adoption = Adoption {
            platform: Some(Credentials { access_token: Some(token.clone()), ..Credentials::default() }),
            cluster: Cluster::named("US-WEST-5"),
            ..Adoption::default()
        };
        world.adopt(&adoption, now()).unwrap();
        let door = |host: &str| Door { family: HostFamily::Central, host: host.to_owned() };
        let enter = |host, at: &str| {
            world.enter(Ok(token.digest()), ApiFamily::Central, &door(host), at.parse().unwrap())
        };
        let home = "us5.api.central.arubanetworks.com";
        assert!(enter(home, "2026-01-01T00:14:59Z").is_ok());
        assert_eq!(enter(home, "2026-01-01T00:15:00Z"), Err(TokenFault::Expired));
        let elsewhere = enter("us1.api.central.arubanetworks.com", "2026-01-01T00:00:01Z");
        assert_eq!(elsewhere, Err(TokenFault::WrongCluster));
    }

    #[test]
    fn glp_and_new_central_with_one_id_are_one_client() {
        let credentials = |id: &str| {
            Some(Credentials { id: Some(id.to_owned()), secret: Some(Secret::new("pw")), access_token: None })
        };
        let adopt = |glp, central| {
            let mut world = World::sample(DEFAULT_SEED);
            let adoption = Adoption {
                platform: credentials(glp),
                central: credentials(central),
                separate: true,
                ..Adoption::default()
            };
            world.adopt(&adoption, now()).unwrap();
            world.clients().filter(|(_, client)| client.id == glp || client.id == central).count()
        };
        assert_eq!(adopt("a", "a"), 1);
        assert_eq!(adopt("a", "b"), 2);
    }

    fn with_id(id: &str) -> Option<Credentials> {
        Some(Credentials { id: Some(id.to_owned()), secret: Some(Secret::new("pw")), access_token: None })
    }

    fn id_of(world: &World, client: &str) -> String {
        world.client(world.client_named(client).unwrap()).id.clone()
    }

    /// Every present client is found under its id, and every present workspace.
    fn is_sound(world: &World) {
        assert!(world.clients().all(|(ix, client)| world.client_by_id(&client.id) == Some(ix)));
        assert!(world.workspaces().all(|(ix, it)| world.workspace_by_id(it.id) == Some(ix)));
        let text = spec::export(world, Secrets::Shown, now()).unwrap();
        Spec::read(text.as_bytes()).unwrap();
    }

    #[test]
    fn who_has_the_ids_already_is_taken_before_the_first() {
        let mut world = World::sample(DEFAULT_SEED);
        let (id, before) = (id_of(&world, "standard"), id_of(&world, "msp"));
        let adoption = Adoption { platform: with_id(&id), ..Adoption::default() };
        world.adopt(&adoption, now()).unwrap();
        assert_eq!((id_of(&world, "standard"), id_of(&world, "msp")), (id.clone(), before.clone()));
        let standard = world.client_named("standard").unwrap();
        assert!(world.client(standard).secret.is(&Secret::new("pw")));
        is_sound(&world);
        // The workspace's id alone says where to look.
        let home = world.workspace(world.client(standard).workspace).id;
        let adoption = Adoption { platform: with_id("new"), workspace: Some(home), ..Adoption::default() };
        world.adopt(&adoption, now()).unwrap();
        assert_eq!((id_of(&world, "standard"), id_of(&world, "msp")), ("new".to_owned(), before));
        is_sound(&world);
    }

    #[test]
    fn one_client_does_not_become_two() {
        let mut world = World::sample(DEFAULT_SEED);
        // The platform's would be the first of the MSP, but that is the one which Central's id names.
        let adoption = Adoption {
            platform: with_id("new"),
            central: with_id(&id_of(&world, "msp")),
            ..Adoption::default()
        };
        let before = spec::export(&world, Secrets::Shown, now()).unwrap();
        assert!(matches!(world.adopt(&adoption, now()), Err(NotAdopted::NoClient { .. })));
        assert_eq!(spec::export(&world, Secrets::Shown, now()).unwrap(), before);
    }

    #[test]
    fn what_could_not_be_hidden_is_not_adopted() {
        let long =
            |start: &str, more| Some(Secret::new(format!("{start}{}", "x".repeat(LONGEST - 3 + more))));
        for (secret, access_token, expected) in [
            (long("abc", 0), long("abc", 0), Ok(())),
            (None, long("eyJ", 1), Ok(())),
            (long("abc", 1), None, Err(NotAdopted::TooLong("client_secret"))),
            (None, long("abc", 1), Err(NotAdopted::TooLong("access_token"))),
        ] {
            let platform = Some(Credentials { id: None, secret, access_token });
            let adoption = Adoption { platform, ..Adoption::default() };
            assert_eq!(World::sample(DEFAULT_SEED).adopt(&adoption, now()), expected);
        }
    }

    #[test]
    fn a_deleted_client_is_not_brought_back() {
        let mut world = World::sample(DEFAULT_SEED);
        let (id, ix) = (id_of(&world, "msp-central"), world.client_named("msp-central").unwrap());
        world.remove_client(ix);
        let adoption = |central| Adoption { central, ..Adoption::default() };
        assert_eq!(world.adopt(&adoption(with_id(&id)), now()), Err(NotAdopted::Gone("client_id")));
        let none = NotAdopted::NoClient { workspace: "msp".to_owned(), service: "Central" };
        assert_eq!(world.adopt(&adoption(with_id("new")), now()), Err(none));
        assert_eq!((world.client_by_id(&id), world.client_by_id("new")), (None, None));
        is_sound(&world);
    }

    #[test]
    fn ids_that_contradict_one_another_or_the_world_change_nothing() {
        let mut world = World::sample(DEFAULT_SEED);
        let at = |symbol| world.workspace(world.workspace_named(symbol).unwrap()).id;
        let (msp, standard, tenant) = (at("msp"), at("standard"), at("abc"));
        let [platform, central, data] =
            ["msp", "msp-central", "standard-data"].map(|name| id_of(&world, name));
        let before = spec::export(&world, Secrets::Shown, now()).unwrap();
        for (platform, central, workspace, expected) in [
            (
                with_id(&platform),
                None,
                Some(standard),
                "of the API client msp, which is of msp and not of standard",
            ),
            (with_id(&platform), with_id(&data), None, "standard-data, which is of standard and not of msp"),
            (with_id(&central), None, Some(msp), "msp-central, which was not made for the platform"),
            (None, with_id(&data), None, "standard-data, which was not made for Central"),
            (with_id("new"), None, Some(tenant), "the workspace abc has no API client for the platform"),
        ] {
            let adoption = Adoption { platform, central, workspace, ..Adoption::default() };
            let error = world.adopt(&adoption, now()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
            assert_eq!(spec::export(&world, Secrets::Shown, now()).unwrap(), before);
        }
        let msp = world.workspace_named("msp").unwrap();
        world.workspaces[msp.0].kind = WorkspaceKind::Standard;
        let adoption = Adoption { platform: with_id("new"), ..Adoption::default() };
        assert_eq!(world.adopt(&adoption, now()), Err(NotAdopted::NoMsp));
    }
}
