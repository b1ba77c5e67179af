//! Adoption: credentials that a program already has become those of the sample world, so that it
//! runs as it stands.

use jiff::Timestamp;

use crate::{
    access::Service,
    credential::{ApiClient, ClientSecret},
    host::Cluster,
    id::WorkspaceId,
    issue::Validity,
    secret::Secret,
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
    /// The id of its workspace, which becomes that of the sample MSP.
    pub workspace: Option<WorkspaceId>,
    /// The cluster it calls: the MSP and its tenants then live there and nowhere else.
    pub cluster: Option<Cluster>,
    /// Whether the platform client signs in at the SSO issuer (`glp`) rather than at the workspace's
    /// (`unified`); it decides the kind of an adopted token.
    pub separate: bool,
}

impl World {
    /// Makes the MSP workspace of the sample, its clients and its cluster those of `adoption`. An
    /// adopted token is entered by digest as live from `now` on, with a full life: the table vouches
    /// for it, and only its digest is kept.
    pub fn adopt(&mut self, adoption: &Adoption, now: Timestamp) {
        let Some((msp, _)) = self.workspaces().find(|(_, workspace)| workspace.kind == WorkspaceKind::Msp)
        else {
            return;
        };
        if let Some(id) = adoption.workspace {
            self.directory.leave_workspace(msp, &self.workspaces[msp.0]);
            self.workspaces[msp.0].id = id;
            self.directory.enter_workspace(msp, &self.workspaces[msp.0]);
        }
        if let Some(cluster) = &adoption.cluster {
            let family: Vec<_> = self.each_tenant(msp).map(|(ix, ..)| ix).chain([msp]).collect();
            for ix in family {
                self.workspaces[ix.0].cluster = Some(cluster.clone());
            }
        }
        let platform_kind = if adoption.separate { TokenKind::Sso } else { TokenKind::Workspace };
        let platform_id = adoption.platform.as_ref().and_then(|platform| platform.id.clone());
        if let Some(platform) = &adoption.platform {
            self.adopt_client(msp, Service::Platform, platform, platform_kind, now);
        }
        if let Some(central) = &adoption.central {
            // One id in both blocks is one client, and a platform client opens Central as well.
            let same = central.id.is_some() && central.id == platform_id;
            let service = if same { Service::Platform } else { Service::Central };
            self.adopt_client(msp, service, central, TokenKind::Sso, now);
        }
    }

    fn adopt_client(
        &mut self,
        workspace: WorkspaceIx,
        service: Service,
        credentials: &Credentials,
        kind: TokenKind,
        now: Timestamp,
    ) {
        let fits = |client: &ApiClient| client.workspace == workspace && client.service == service;
        let Some(ix) = self.clients.iter().position(fits) else { return };
        let client = &mut self.clients[ix];
        self.directory.leave_client(client);
        if let Some(id) = &credentials.id {
            client.id.clone_from(id);
        }
        if let Some(secret) = &credentials.secret {
            client.secret = ClientSecret::Value(secret.clone());
            client.sample = false;
            self.secrets_version += 1;
        }
        self.directory.enter_client(ClientIx(ix), client);
        if let Some(token) = &credentials.access_token {
            self.adopt_token(ClientIx(ix), token, kind, now);
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
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        access::ApiFamily, host::HostFamily, refusal::TokenFault, sample::DEFAULT_SEED, world::Door,
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
        world.adopt(&adoption, now());
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
            world.adopt(&adoption, now());
            world.clients().filter(|(_, client)| client.id == glp || client.id == central).count()
        };
        assert_eq!(adopt("a", "a"), 1);
        assert_eq!(adopt("a", "b"), 2);
    }
}
