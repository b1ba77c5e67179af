//! From a world to a file that loads again to the same world.

mod devices;

use std::{
    collections::{HashMap, HashSet},
    fmt,
    str::FromStr,
};

use jiff::Timestamp;
use uuid::Uuid;

use self::devices::{change, device};
use super::{
    Address, AuditLine, Base, Basics, Client, Contact, Contents, Counters, DeviceCount, DeviceMix, Devices,
    Estate, Home, Json, MOST_BYTES, Managed, NotThis, Nth, NthOf, Operation, Provision, RemovedUser, Rows,
    Spec, State, Symbol, Tags, Tenant, Tenants, Token, TokenLife, TokenName, Unwritable, User, VERSION,
    Workspace, WorkspaceType, scopes, subscriptions,
};
use crate::{
    access::Service,
    catalog::{self, ProvisionStatus},
    classic,
    credential::{ApiClient, ClientSecret},
    dialect::Dialect,
    fleet::Share,
    role,
    tenancy::{self, WorkspaceKind},
    token,
    user::Membership,
    world::{ClientIx, UserIx, WorkspaceIx, World},
};

/// How the secrets of API clients are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// As SHA-256, which is enough to check what a client presents. What follows from the seed is left out.
    Digests,
    /// As they are, where they are known.
    Shown,
}

/// Why a world cannot be written as a file.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A text that no world file can hold.
    #[error("{what} {text:?} cannot be written into a world file: {reason}")]
    Text {
        /// What it is.
        what: &'static str,
        /// The text.
        text: String,
        /// What is wrong with it.
        reason: NotThis,
    },
    /// It cannot be written as YAML.
    #[error(transparent)]
    Unwritable(#[from] Unwritable),
    /// No file of this size is read.
    #[error(
        "its file would have {0} MiB, and {most} MiB is the most; delete tenants and credentials, or let \
         tokens expire",
        most = MOST_BYTES >> 20
    )]
    TooLarge(usize),
}

/// The world as a file, written at `now`. Tokens that have expired by then are left out.
pub fn export(world: &World, secrets: Secrets, now: Timestamp) -> Result<String, ExportError> {
    within(Export { world, secrets }.spec(now)?.write()?, MOST_BYTES)
}

/// A file that is not too large to be read again.
fn within(text: String, most: usize) -> Result<String, ExportError> {
    if text.len() > most { Err(ExportError::TooLarge(text.len().div_ceil(1 << 20))) } else { Ok(text) }
}

/// A text as the kind of word it must be.
pub(super) fn word<T: FromStr<Err = NotThis>>(
    what: &'static str,
    text: impl fmt::Display,
) -> Result<T, ExportError> {
    let text = text.to_string();
    text.parse().map_err(|reason| ExportError::Text { what, text, reason })
}

fn maybe<T: FromStr<Err = NotThis>>(
    what: &'static str,
    text: &Option<String>,
) -> Result<Option<T>, ExportError> {
    text.as_ref().map(|text| word(what, text)).transpose()
}

struct Export<'w> {
    world: &'w World,
    secrets: Secrets,
}

impl Export<'_> {
    fn spec(&self, now: Timestamp) -> Result<Spec, ExportError> {
        let world = self.world;
        let mut order: Vec<_> = (0..world.workspaces.len()).collect();
        // Each MSP, then its tenants: all in order of creation.
        order.sort_by_key(|ix| match world.workspaces[*ix].kind {
            WorkspaceKind::Tenant { msp, .. } => (msp.0, true),
            WorkspaceKind::Standard | WorkspaceKind::Msp => (*ix, false),
        });
        // A number is written only where the order of the file would say another.
        let numbered = order.iter().enumerate().any(|(at, number)| at != *number);
        let mut homes: HashMap<WorkspaceIx, Vec<ClientIx>> = HashMap::new();
        for (ix, client) in world.clients.iter().enumerate() {
            homes.entry(client.workspace).or_default().push(ClientIx(ix));
        }
        let written = order.iter().flat_map(|ix| homes.get(&WorkspaceIx(*ix)).into_iter().flatten());
        let numbered_clients = written.enumerate().any(|(at, ix)| at != ix.0);
        let mut provisions: HashMap<WorkspaceIx, Vec<&catalog::Provision>> = HashMap::new();
        for provision in &world.provisions {
            provisions.entry(provision.workspace).or_default().push(provision);
        }
        let provided = world.provisions.iter().map(|provision| provision.id).collect();
        let parts = Parts { homes, numbered_clients, provisions, provided };
        let mut workspaces: Vec<Workspace> = Vec::new();
        for ix in order {
            let it = &world.workspaces[ix];
            let number = numbered.then_some(ix as u32);
            let (base, contents) = (self.base(it, number)?, self.contents(WorkspaceIx(ix), &parts)?);
            match it.kind {
                WorkspaceKind::Tenant { ownership, .. } => {
                    let tenant = Tenant { base, ownership: Some(ownership), contents };
                    if let Some(Workspace { estate: Estate { tenants: Some(tenants), .. }, .. }) =
                        workspaces.last_mut()
                    {
                        tenants.listed.get_or_insert_default().push(tenant);
                    }
                }
                WorkspaceKind::Standard | WorkspaceKind::Msp => {
                    let msp = it.kind == WorkspaceKind::Msp;
                    let kind = Some(if msp { WorkspaceType::Msp } else { WorkspaceType::Standard });
                    let estate = Estate { tenants: msp.then(Tenants::new), devices_per_tenant: None };
                    workspaces.push(Workspace { base, kind, contents, estate });
                }
            }
        }
        for own in &mut workspaces {
            own.estate.tenants = own.estate.tenants.take().filter(|tenants| tenants.listed.is_some());
        }
        Ok(Spec { basics: self.basics()?, workspaces, state: Some(self.state(now)?) })
    }

    fn basics(&self) -> Result<Basics, ExportError> {
        let world = self.world;
        let mut homes: HashMap<UserIx, Vec<Symbol>> = HashMap::new();
        for (home, user, membership) in self.seats() {
            if membership == Membership::Present {
                homes.entry(user).or_default().push(word("symbol", &world.workspace(home).symbol)?);
            }
        }
        let of_classic = |client: &&ApiClient| client.service == Service::Classic;
        let owners: HashSet<_> = world.clients.iter().filter(of_classic).map(|client| client.owner).collect();
        let users = world.users.iter().enumerate().map(|(ix, user)| {
            let derived = classic::derived_password(world.seed, &user.email);
            let (password, password_sha256) = match (&user.password, self.secrets) {
                (ClientSecret::None, _) => (None, None),
                (ClientSecret::Digest(digest), _) => (None, Some(*digest)),
                // What follows from the seed need not be written.
                (ClientSecret::Value(password), _)
                    if *password == derived && owners.contains(&UserIx(ix)) =>
                {
                    (None, None)
                }
                (ClientSecret::Value(password), Secrets::Shown) => (Some(password.clone()), None),
                (ClientSecret::Value(password), Secrets::Digests) => (None, Some(password.digest())),
            };
            Ok(User {
                password,
                password_sha256,
                first_name: maybe("first name", &user.first_name)?,
                last_name: maybe("last name", &user.last_name)?,
                status: Some(user.status),
                workspaces: Some(homes.remove(&UserIx(ix)).unwrap_or_default()),
                language: Some(user.language),
                idle_timeout: Some(user.idle_timeout),
                created_at: Some(user.created_at),
                updated_at: Some(user.updated_at),
                last_login: user.last_login,
                generation: Some(user.generation),
                email: word("e-mail address", &user.email)?,
                role: Some(word("role", &user.role)?),
                principal: Some(word("principal", &user.principal)?),
                context: Some(word("context", &user.context)?),
            })
        });
        let preconfigured = role::preconfigured();
        let own = world.roles.iter().filter(|(name, role)| preconfigured.get(*name) != Some(role));
        let roles = own.map(|(name, role)| Ok((word("role", name)?, role.clone())));
        let roles: std::collections::BTreeMap<_, _> = roles.collect::<Result<_, ExportError>>()?;
        Ok(Basics {
            version: Some(VERSION),
            seed: Some(world.seed.0),
            born: Some(world.born),
            token_life: Some(TokenLife {
                sso: Some(world.lifetimes.sso),
                workspace: Some(world.lifetimes.workspace),
                tenant: Some(world.lifetimes.tenant),
                classic: Some(world.lifetimes.classic),
                refresh: Some(world.lifetimes.refresh),
                code: Some(world.lifetimes.code),
                sign_in: Some(world.lifetimes.sign_in),
            }),
            dialect: Some(world.dialect.clone()).filter(|dialect| *dialect != Dialect::default()),
            roles: Some(roles).filter(|roles| !roles.is_empty()),
            users: Some(users.collect::<Result<_, ExportError>>()?),
            unclaimed: some(world.ledger.written(None).collect::<Result<_, _>>()?),
        })
    }

    /// Who belongs where, or did.
    fn seats(&self) -> impl Iterator<Item = (WorkspaceIx, UserIx, Membership)> {
        let homes = self.world.members.iter();
        homes.flat_map(|(home, members)| members.iter().map(|(user, it)| (*home, *user, *it)))
    }

    fn base(&self, it: &tenancy::Workspace, number: Option<u32>) -> Result<Base, ExportError> {
        Ok(Base {
            symbol: word("symbol", &it.symbol)?,
            name: Some(word("name", &it.name)?),
            id: Some(it.id),
            central_customer: Some(word("central customer", &it.central_customer)?),
            owner: Some(word("owner", &self.world.user(it.created_by).email)?),
            cluster: Some(it.cluster.clone().map_or(Home::Any, Home::On)),
            platform: Some(it.platform.clone()),
            contact: Some(contact(&it.contact)?),
            description: maybe("description", &it.description)?,
            created_at: Some(it.created_at),
            updated_at: Some(it.updated_at),
            generation: Some(it.generation),
            number,
            gone: it.gone.then_some(true),
        })
    }

    fn contents(&self, home: WorkspaceIx, parts: &Parts<'_>) -> Result<Contents, ExportError> {
        let Share { mix, listed, gone, sites } = self.world.fleet.share(home);
        let sites = sites.map(|sites| sites.iter().map(|site| word("site", site)).collect::<Result<_, _>>());
        let listed = listed.iter().map(device).collect::<Result<Vec<_>, _>>()?;
        let changed = self.world.fleet.changed(home).map(change).collect::<Result<Vec<_>, _>>()?;
        let count = |count: u32| DeviceCount::new(count).filter(|count| count.get() > 0);
        let devices = Devices {
            mix: DeviceMix {
                network: count(mix.network),
                compute: count(mix.compute),
                storage: count(mix.storage),
                unassigned: count(mix.unassigned),
            },
            listed: (!listed.is_empty()).then_some(Rows(listed)),
            changed: (!changed.is_empty()).then_some(Rows(changed)),
            gone: (!gone.is_empty()).then(|| gone.into_iter().collect()),
        };
        let provisions = parts.provisions.get(&home).into_iter().flatten().map(|provision| {
            Ok(Provision {
                service_manager: Managed(
                    Service::of_manager(provision.service_manager).unwrap_or(Service::Central),
                ),
                region: Some(word("region", provision.region)?),
                id: Some(provision.id),
                owner: Some(word("owner", &self.world.user(provision.created_by).email)?),
                created_at: Some(provision.created_at),
                status: Some(provision.status).filter(|status| *status != ProvisionStatus::Provisioned),
                updated_at: Some(provision.updated_at).filter(|at| *at != provision.created_at),
                generation: Some(provision.generation).filter(|generation| *generation != 1),
            })
        });
        let clients = parts.homes.get(&home).into_iter().flatten();
        let clients = clients.map(|ix| self.client(*ix, parts));
        Ok(Contents {
            sites: sites.transpose()?,
            scopes: scopes::written(self.world.fleet.scopes(home))?,
            devices: Some(devices).filter(|devices| *devices != Devices::new(DeviceMix::new())),
            clients: Some(clients.collect::<Result<_, _>>()?),
            provisions: Some(provisions.collect::<Result<_, ExportError>>()?),
            subscriptions: some(self.world.ledger.written(Some(home)).collect::<Result<_, _>>()?),
            pools: Some(subscriptions::written_pools(self.world, home)?).filter(|pools| !pools.is_empty()),
            auto_subscriptions: subscriptions::written_auto(self.world, home),
        })
    }

    fn client(&self, ix: ClientIx, parts: &Parts<'_>) -> Result<Client, ExportError> {
        let it = self.world.client(ix);
        let (shown, digest, none) = match (&it.secret, self.secrets) {
            (ClientSecret::None, _) => (None, None, Some(true)),
            // What follows from the seed need not be written.
            (ClientSecret::Value(_), _) if it.sample => (None, None, None),
            (ClientSecret::Value(secret), Secrets::Shown) => (Some(secret.clone()), None, None),
            (ClientSecret::Value(secret), Secrets::Digests) => (None, Some(secret.digest()), None),
            (ClientSecret::Digest(digest), _) => (None, Some(*digest), None),
        };
        let application_instance = it.application_instance.parse().ok();
        Ok(Client {
            name: word("client name", &it.name)?,
            credential_name: Some(word("credential name", &it.credential_name)?),
            id: Some(word("client id", &it.id)?),
            secret: shown,
            secret_sha256: digest,
            no_secret: none,
            service: Some(it.service),
            owner: Some(word("owner", &self.world.user(it.owner).email)?),
            application_instance,
            for_tenant: it.for_tenant.then_some(true),
            // A client that was deleted with its tenant keeps naming a provision that went with it too.
            provision: it.provision.filter(|id| parts.provided.contains(id)),
            secrets: Some(it.secrets),
            created_at: Some(it.created_at),
            updated_at: Some(it.updated_at),
            number: parts.numbered_clients.then_some(ix.0 as u32),
            gone: it.gone.then_some(true),
        })
    }

    fn state(&self, now: Timestamp) -> Result<State, ExportError> {
        let world = self.world;
        let symbol = |ix| word("symbol", &world.workspace(ix).symbol);
        // The signature of one that has expired says so for ever; an adopted one has none from here.
        let expired =
            |token: &token::Token| !token.adopted && token.has_expired(now, world.dialect.clock_skew.0);
        // By its parent a live one may still be taken back (dialect `rotate_on_issue`).
        let live = world.tokens.iter().filter(|token| !token.revoked && !expired(token));
        let parents: HashSet<_> = live.filter_map(|token| token.parent).collect();
        let kept = |token: &&token::Token| !expired(token) || parents.contains(&token.ordinal);
        let tokens = world.tokens.iter().filter(kept).map(|token| {
            Ok(Token {
                number: Nth::new(token.ordinal),
                name: TokenName {
                    subject: word("token subject", &token.symbol.subject)?,
                    nth: nth_of(token.symbol.nth),
                },
                kind: token.kind,
                client: word("client id", &world.client(token.client).id)?,
                workspace: symbol(token.workspace)?,
                issued_at: token.issued_at,
                expires_at: token.expires_at,
                sha256: token.seal,
                parent: token.parent.map(Nth::new),
                adopted: token.adopted.then_some(true),
                revoked: token.revoked.then_some(true),
            })
        });
        let lines = world.audit.lines().into_iter().map(|line| {
            let details = line.details.iter().map(|detail| word("detail", detail));
            Ok(AuditLine {
                number: Nth::new(line.ordinal),
                workspace: symbol(line.workspace)?,
                user: word("user", &world.user(line.user).email)?,
                category: word("category", &line.category)?,
                description: word("description", &line.description)?,
                at: line.at,
                service: Some(line.service).filter(|service| *service != Service::Platform),
                details: Some(details.collect::<Result<_, ExportError>>()?)
                    .filter(|it: &Vec<_>| !it.is_empty()),
            })
        });
        let operations = world.operations().remembered(now).map(|(number, it)| {
            Ok(Operation {
                number: Nth::new(number),
                service: it.accepted,
                workspace: symbol(it.actor.workspace)?,
                user: word("user", &world.user(it.actor.user).email)?,
                started_at: it.started_at,
                progress: Json(it.progress.clone()),
                polls: Some(nth_of(it.polls)).filter(|polls| polls.get() > 0),
            })
        });
        let operations = operations.collect::<Result<Vec<_>, ExportError>>()?;
        let removed = self.seats().filter_map(|(home, user, membership)| match membership {
            Membership::Removed(at) => Some((home, user, at)),
            Membership::Present => None,
        });
        let removed = removed.map(|(home, user, at)| {
            let user = word("user", &world.user(user).email)?;
            Ok(RemovedUser { user, workspace: symbol(home)?, at })
        });
        let (issued, subjects) = world.tokens.counters();
        let subjects = subjects.map(|(subject, count)| Ok((word("token subject", subject)?, nth_of(count))));
        // A token from elsewhere is forgotten at a reset, but not that it is one.
        let lost = world.tokens.adopted().filter(|digest| world.tokens.by_digest(digest).is_none());
        let retired = world.retired.iter().rev().filter_map(ClientSecret::digest);
        Ok(State {
            saved_at: Some(now),
            counters: Some(Counters {
                tokens: Some(Nth::new(issued)),
                audit_lines: Some(Nth::new(world.audit.written())),
                subjects: Some(subjects.collect::<Result<_, ExportError>>()?),
                operations: Some(Nth::new(world.operations().started())).filter(|count| count.get() > 0),
                epoch: Some(nth_of(world.epoch.try_into().unwrap_or(u32::MAX))),
                key_rotations: Some(nth_of(world.key_rotations)).filter(|rotations| rotations.get() > 0),
            }),
            tokens: Some(Rows(tokens.collect::<Result<_, ExportError>>()?)),
            // As digests in any case: nobody needs them again.
            retired: Some(lost.chain(retired).collect()),
            audit: Some(Rows(lines.collect::<Result<_, ExportError>>()?)),
            operations: Some(operations).filter(|operations| !operations.is_empty()).map(Rows),
            removed_users: Some(Rows(removed.collect::<Result<_, ExportError>>()?))
                .filter(|rows: &Rows<_>| !rows.0.is_empty()),
        })
    }
}

/// What is left out of a file if there is none.
fn some<T>(all: Vec<T>) -> Option<Vec<T>> {
    Some(all).filter(|all| !all.is_empty())
}

fn nth_of(count: u32) -> NthOf {
    NthOf::new(count.min(NthOf::MOST)).unwrap_or_default()
}

/// What workspaces contain, by workspace.
struct Parts<'w> {
    homes: HashMap<WorkspaceIx, Vec<ClientIx>>,
    /// Whether clients must be numbered, because the order of the file is another than that of creation.
    numbered_clients: bool,
    provisions: HashMap<WorkspaceIx, Vec<&'w catalog::Provision>>,
    /// The ids of all provisions.
    provided: HashSet<Uuid>,
}

fn contact(contact: &tenancy::Contact) -> Result<Contact, ExportError> {
    let address = &contact.address;
    Ok(Contact {
        address: Some(Address {
            street: maybe("street", &address.street)?,
            complement: maybe("street", &address.complement)?,
            city: maybe("city", &address.city)?,
            state: maybe("state", &address.state)?,
            zip: maybe("postal code", &address.zip)?,
            country: maybe("country", &address.country)?,
        }),
        phone: maybe("telephone number", &contact.phone)?,
        email: maybe("e-mail address", &contact.email)?,
    })
}

pub(super) fn tags(tags: &crate::fleet::Tags) -> Result<Tags, ExportError> {
    tags.iter().map(|(key, value)| Ok((word("tag", key)?, word("tag", value)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_nobody_would_read_is_not_written() {
        assert_eq!(within("four".to_owned(), 4).unwrap(), "four");
        let error = within("five!".to_owned(), 4).unwrap_err().to_string();
        assert!(error.starts_with("its file would have 1 MiB, and 256 MiB is the most; delete"), "{error}");
    }
}
