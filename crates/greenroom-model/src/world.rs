//! The simulated cloud: all state, and who may enter where.
//!
//! A world is a plain value. Its operations take `now` as an argument and do no I/O; issuing tokens
//! is in [`crate::issue`], the built-in world in [`crate::sample`].

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use jiff::Timestamp;
use rpds::VectorSync;
use uuid::Uuid;

use crate::{
    access::{self, ApiFamily, Service},
    async_operation::Operations,
    audit::AuditLog,
    catalog::Provision,
    classic,
    credential::{ApiClient, ClientSecret},
    dialect::{Dialect, WrongCluster, WrongWorkspaceToken},
    directory::Directory,
    fleet::{Fleet, SharedFleet},
    host::HostFamily,
    id::{Seed, WorkspaceId},
    limit::Limiter,
    refusal::{Refusal, TokenFault},
    role::{self, ADMINISTRATOR, Need, Role, UnknownRole},
    secret::{Digest, Secret},
    subscription::Ledger,
    tenancy::{Ownership, Platform, Tenants, Workspace, WorkspaceKind},
    token::{Lifetimes, Ordinal, Standing, Token, TokenTable},
    user::{IDLE_TIMEOUT, Language, User, UserStatus},
    users::Members,
};

/// The number of a workspace in its world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkspaceIx(pub usize);

/// The number of a user in its world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserIx(pub usize);

/// The number of an API client in its world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientIx(pub usize);

/// All state of one sandbox's cloud.
#[derive(Clone, Debug)]
pub struct World {
    /// What everything that looks random follows from.
    pub seed: Seed,
    /// When everything was made for which no other time is known.
    pub(crate) born: Timestamp,
    /// The present value of every dialect.
    pub dialect: Dialect,
    /// How long tokens live.
    pub lifetimes: Lifetimes,
    /// How often the keys were rotated that sign tokens.
    pub key_rotations: u32,
    /// The roles that users can have, by name.
    pub roles: BTreeMap<String, Role>,
    // A workspace or client that was deleted stays where it is, marked as gone: tokens and the audit log
    // point to it by number. The directory holds the present ones.
    pub(crate) workspaces: VectorSync<Workspace>,
    pub(crate) users: VectorSync<User>,
    pub(crate) members: Members,
    pub(crate) clients: Vec<ApiClient>,
    pub(crate) directory: Directory,
    pub(crate) provisions: Vec<Provision>,
    pub(crate) fleet: SharedFleet,
    pub(crate) ledger: Ledger,
    pub(crate) tokens: TokenTable,
    pub(crate) audit: AuditLog,
    pub(crate) operations: Operations,
    pub(crate) limiter: Limiter,
    // Secrets that were replaced, newest first.
    pub(crate) retired: VecDeque<ClientSecret>,
    pub(crate) secrets_version: u64,
    // How often a world took the place of another in this one's past.
    pub(crate) epoch: u64,
}

/// The door a request came through: which host, and so which services and which cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Door {
    /// The family of the host.
    pub family: HostFamily,
    /// The host itself, lower case, without port.
    pub host: String,
}

/// A request that was let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// The token it showed.
    pub token: Ordinal,
    /// The client behind the token.
    pub client: ClientIx,
    /// The user behind the client.
    pub user: UserIx,
    /// The workspace it acts in.
    pub workspace: WorkspaceIx,
}

impl World {
    /// An empty world, to be filled by whoever calls this.
    pub(crate) fn empty(seed: Seed, born: Timestamp) -> Self {
        Self {
            seed,
            born,
            dialect: Dialect::default(),
            lifetimes: Lifetimes::default(),
            key_rotations: 0,
            roles: role::preconfigured(),
            workspaces: VectorSync::default(),
            users: VectorSync::default(),
            members: Members::new(),
            clients: Vec::new(),
            directory: Directory::default(),
            provisions: Vec::new(),
            fleet: Arc::new(Fleet::new(seed, born)),
            ledger: Ledger::default(),
            tokens: TokenTable::default(),
            audit: AuditLog::default(),
            operations: Operations::default(),
            limiter: Limiter::default(),
            retired: VecDeque::new(),
            secrets_version: 0,
            epoch: 0,
        }
    }

    /// When everything was made for which no other time is known.
    pub fn born(&self) -> Timestamp {
        self.born
    }

    /// All workspaces that are there, in order of creation.
    pub fn workspaces(&self) -> impl Iterator<Item = (WorkspaceIx, &Workspace)> {
        let numbered = self.workspaces.iter().enumerate();
        numbered.filter(|(_, workspace)| !workspace.gone).map(|(ix, workspace)| (WorkspaceIx(ix), workspace))
    }

    /// A workspace, even one that is gone.
    pub fn workspace(&self, ix: WorkspaceIx) -> &Workspace {
        &self.workspaces[ix.0]
    }

    /// The workspace of that GLP id.
    pub fn workspace_by_id(&self, id: WorkspaceId) -> Option<WorkspaceIx> {
        self.directory.workspace(id)
    }

    /// The workspace of that symbol or id.
    pub fn workspace_named(&self, name: &str) -> Option<WorkspaceIx> {
        self.directory.symbol(name).or_else(|| self.workspace_by_id(name.parse().ok()?))
    }

    /// The tenants of an MSP, in order of creation.
    pub(crate) fn each_tenant(
        &self,
        of: WorkspaceIx,
    ) -> impl Iterator<Item = (WorkspaceIx, &Workspace, Ownership)> {
        let tenants = self.directory.tenants(of).iter();
        tenants.filter_map(|ix| Some((*ix, self.workspace(*ix), self.workspace(*ix).ownership()?)))
    }

    /// The tenants of an MSP as they are now, to be read without holding the world.
    pub fn tenants(&self, of: WorkspaceIx) -> Tenants {
        Tenants::new(self.directory.tenants(of).into(), self.workspaces.clone(), self.users.clone())
    }

    /// Whether `tenant` is a tenant of `msp` that is there.
    pub fn manages(&self, msp: WorkspaceIx, tenant: WorkspaceIx) -> bool {
        let tenant = self.workspace(tenant);
        !tenant.gone && matches!(tenant.kind, WorkspaceKind::Tenant { msp: manager, .. } if manager == msp)
    }

    /// A user.
    pub fn user(&self, ix: UserIx) -> &User {
        &self.users[ix.0]
    }

    /// The user of that e-mail address, whatever its case.
    pub fn user_named(&self, email: &str) -> Option<UserIx> {
        self.directory.user(email)
    }

    /// All users, in order of creation.
    pub fn users(&self) -> impl ExactSizeIterator<Item = (UserIx, &User)> {
        self.users.iter().enumerate().map(|(ix, user)| (UserIx(ix), user))
    }

    /// All API clients that are there, in order of creation.
    pub fn clients(&self) -> impl Iterator<Item = (ClientIx, &ApiClient)> {
        let numbered = self.clients.iter().enumerate();
        numbered.filter(|(_, client)| !client.gone).map(|(ix, client)| (ClientIx(ix), client))
    }

    /// An API client, even one that is gone.
    pub fn client(&self, ix: ClientIx) -> &ApiClient {
        &self.clients[ix.0]
    }

    /// The client of that id.
    pub fn client_by_id(&self, id: &str) -> Option<ClientIx> {
        self.directory.client(id)
    }

    /// The client of that name or id.
    pub fn client_named(&self, name: &str) -> Option<ClientIx> {
        self.directory.client_name(name).or_else(|| self.client_by_id(name))
    }

    /// Whether the user behind a session may do what an operation needs, by the role that the user has
    /// now: a change of role acts on tokens that were issued before it.
    pub fn permit(&self, session: &Session, need: Need) -> Result<(), Refusal> {
        let role = &self.user(session.user).role;
        match self.roles.get(role) {
            Some(granted) if granted.grants(need) => Ok(()),
            _ => Err(Refusal::Denied { role: role.clone(), need }),
        }
    }

    /// Gives a user another role. The name of a role that is not there is an error, with the nearest.
    pub fn assign_role(&mut self, user: UserIx, role: &str) -> Result<(), UnknownRole> {
        if !self.roles.contains_key(role) {
            return Err(UnknownRole::of(role, self.roles.keys().map(String::as_str)));
        }
        role.clone_into(&mut self.users[user.0].role);
        Ok(())
    }

    /// The hosts of Dedicated Platforms, each once.
    pub fn dedicated_hosts(&self) -> Vec<String> {
        let host = |workspace: &Workspace| match &workspace.platform {
            Platform::Dedicated { host } => Some(host.clone()),
            Platform::Cloud => None,
        };
        let hosts: BTreeSet<_> = self.workspaces().filter_map(|(_, workspace)| host(workspace)).collect();
        hosts.into_iter().collect()
    }

    /// All tokens this world remembers.
    pub fn tokens(&self) -> &TokenTable {
        &self.tokens
    }

    /// Forgets every token: none of them is let in any more.
    pub fn forget_tokens(&mut self) {
        self.tokens.clear();
    }

    /// The devices, to be read without holding the world.
    pub fn fleet(&self) -> SharedFleet {
        Arc::clone(&self.fleet)
    }

    /// The audit log.
    pub fn audit_log(&self) -> &AuditLog {
        &self.audit
    }

    /// A token's standing at `now`.
    pub fn standing(&self, token: &Token, now: Timestamp) -> Standing {
        token.standing(now, self.dialect.clock_skew.0)
    }

    /// Whether a request may use the APIs of `family` behind `door`: the token, then the matrix of
    /// services, then platform and cluster.
    pub fn enter(
        &self,
        bearer: Result<Digest, TokenFault>,
        family: ApiFamily,
        door: &Door,
        now: Timestamp,
    ) -> Result<Session, TokenFault> {
        let token = self.tokens.by_digest(&bearer?).ok_or(TokenFault::Unknown)?;
        match self.standing(token, now) {
            Standing::Live => {}
            Standing::Expired => return Err(TokenFault::Expired),
            Standing::Revoked => {
                return Err(self.user_fault(self.client(token.client)).unwrap_or(TokenFault::Revoked));
            }
        }
        let client = self.client(token.client);
        if let Some(fault) = self.user_fault(client) {
            return Err(fault);
        }
        if !access::opens(token.kind, client.service, family, self.dialect.mixed_services) {
            return Err(TokenFault::WrongService);
        }
        let workspace = self.workspace(token.workspace);
        match (&workspace.platform, &door.family) {
            (_, HostFamily::Emulator) => {}
            (Platform::Dedicated { host }, HostFamily::Dedicated) if *host == door.host => {}
            (Platform::Dedicated { .. }, _) | (Platform::Cloud, HostFamily::Dedicated) => {
                return Err(TokenFault::WrongPlatform);
            }
            (Platform::Cloud, _) => {}
        }
        if let Some(cluster) = &workspace.cluster
            && matches!(door.family, HostFamily::Central | HostFamily::ClassicGateway)
            && !cluster.is_behind(&door.host)
            && self.dialect.wrong_cluster == WrongCluster::Live401
        {
            return Err(TokenFault::WrongCluster);
        }
        Ok(Session {
            token: token.ordinal,
            client: token.client,
            user: client.owner,
            workspace: token.workspace,
        })
    }

    /// The workspace that a session asks for, which must be its own. One of somebody else and one that
    /// is not there look the same (dialect `wrong_workspace_token`).
    pub fn own_workspace(&self, session: &Session, asked: WorkspaceId) -> Result<&Workspace, Refusal> {
        let own = self.workspace(session.workspace);
        if own.id == asked { Ok(own) } else { Err(self.wrong_workspace()) }
    }

    /// What a right token gets for the id of another workspace (dialect `wrong_workspace_token`).
    pub(crate) fn wrong_workspace(&self) -> Refusal {
        match self.dialect.wrong_workspace_token {
            WrongWorkspaceToken::Forbidden403 => Refusal::WrongWorkspace,
            WrongWorkspaceToken::Unauthorized401 => TokenFault::WrongWorkspace.into(),
        }
    }

    /// What is known of the secrets of all clients and the passwords of all users, those that are gone or were
    /// replaced among them. None of them may be shown.
    pub(crate) fn client_secrets(&self) -> impl Iterator<Item = &ClientSecret> {
        let passwords = self.users.iter().map(|user| &user.password);
        self.clients.iter().map(|client| &client.secret).chain(passwords).chain(&self.retired)
    }

    /// The secrets that are known by value.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.client_secrets().filter_map(ClientSecret::value)
    }

    /// The secrets that are known by digest only, and the tokens that were not issued here. Those that were
    /// are known by their looks.
    pub fn secret_digests(&self) -> impl Iterator<Item = Digest> {
        let by_digest = self.client_secrets().filter_map(|secret| match secret {
            ClientSecret::Digest(digest) => Some(*digest),
            ClientSecret::None | ClientSecret::Value(_) => None,
        });
        by_digest.chain(self.tokens.adopted())
    }

    /// Another one after each change of the secrets, also in a world that [succeeds](World::succeed) this
    /// one, so that what was made from them can be kept.
    pub fn secrets_version(&self) -> u64 {
        self.secrets_version
    }

    /// Adds an administrator and returns the number. The address must be free.
    pub(crate) fn add_user(&mut self, email: &str) -> UserIx {
        let (seed, ix) = (self.seed, UserIx(self.users.len()));
        self.directory.enter_user(ix, email);
        self.users.push_back_mut(User {
            email: email.to_owned(),
            principal: seed.uuid("principal", email, 0).simple().to_string(),
            context: seed.uuid_v1("user-context", email, 0).simple().to_string(),
            role: ADMINISTRATOR.to_owned(),
            id: seed.uuid("user", email, 0),
            first_name: None,
            last_name: None,
            status: UserStatus::Verified,
            language: Language::English,
            idle_timeout: IDLE_TIMEOUT,
            created_at: self.born,
            updated_at: self.born,
            last_login: None,
            generation: 1,
            password: ClientSecret::None,
        });
        ix
    }

    /// Adds a workspace and returns its number. Its id and symbol must be free, unless it is gone already,
    /// as in a file of a world that was running.
    pub(crate) fn add_workspace(&mut self, workspace: Workspace) -> WorkspaceIx {
        let ix = WorkspaceIx(self.workspaces.len());
        self.directory.know_workspace(&workspace);
        if !workspace.gone {
            self.directory.enter_workspace(ix, &workspace);
        }
        self.workspaces.push_back_mut(workspace);
        ix
    }

    /// Adds a client and returns its number. Its id and name must be free, unless it is gone already.
    pub(crate) fn add_client(&mut self, client: ApiClient) -> ClientIx {
        let ix = ClientIx(self.clients.len());
        self.directory.know_client(&client);
        if !client.gone {
            self.directory.enter_client(ix, &client);
        }
        if client.service == Service::Classic && self.user(client.owner).password == ClientSecret::None {
            let password = classic::derived_password(self.seed, &self.user(client.owner).email);
            self.users[client.owner.0].password = ClientSecret::Value(password);
        }
        self.clients.push(client);
        self.secrets_version += 1;
        ix
    }

    /// Takes a client away: its secret and its tokens are worth nothing from now on.
    pub(crate) fn remove_client(&mut self, ix: ClientIx) {
        self.directory.leave_client(&self.clients[ix.0]);
        self.clients[ix.0].gone = true;
    }

    /// A service manager's id: the same in every world, because it names a product of HPE.
    pub fn service_manager(service: Service) -> Uuid {
        let name = match service {
            Service::Platform => "platform",
            Service::Central | Service::Classic => "central",
            Service::DataServices => "data-services",
        };
        Seed(0).uuid("service-manager", name, 0)
    }
}
