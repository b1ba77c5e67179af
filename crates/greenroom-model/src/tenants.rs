//! The tenants of an MSP: made, changed and deleted, with everything that hangs on them.
//!
//! A tenant is there from the moment of its making (`glp.md §11 U28`): in the lists of both clouds, at its
//! own issuer, as a target of the exchange. A new one has no devices, no API clients and no provisions:
//! who wants Central in it provisions Central with a tenant token, as HPE's onboarding does (`glp.md §5`).

mod form;

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;

pub use self::form::TenantForm;
use crate::{
    audit::{Category, Effect},
    dialect::{ExportCompliance, TenantWithDevices},
    id::WorkspaceId,
    refusal::{Conflict, Refusal},
    tenancy::{MOST_WORKSPACES, Ownership, Workspace, WorkspaceKind},
    world::{ClientIx, Session, WorkspaceIx, World},
};

/// The countries of dialect `export_compliance`.
const EMBARGOED: [&str; 4] = ["CU", "IR", "KP", "SY"];

impl World {
    /// The workspace of a session, which must be an MSP (`glp.md §11 U27`).
    pub fn own_msp(&self, session: &Session) -> Result<WorkspaceIx, Refusal> {
        match self.workspace(session.workspace).kind {
            WorkspaceKind::Msp => Ok(session.workspace),
            WorkspaceKind::Standard | WorkspaceKind::Tenant { .. } => Err(Refusal::NotAnMsp),
        }
    }

    /// The tenant of that id, which the session's workspace must manage. PUT and DELETE document no 404
    /// (`glp.md §5`), so one of another MSP and one that is not there are what the id of another workspace
    /// is everywhere (dialect `wrong_workspace_token`).
    pub fn own_tenant(&self, session: &Session, id: WorkspaceId) -> Result<WorkspaceIx, Refusal> {
        let msp = self.own_msp(session)?;
        let tenant = self.workspace_by_id(id).filter(|tenant| self.manages(msp, *tenant));
        tenant.ok_or_else(|| self.wrong_workspace())
    }

    /// Makes a tenant. It lives where its MSP does, and its maker is the user behind the session.
    pub fn create_tenant(
        &mut self,
        session: &Session,
        form: TenantForm,
        now: Timestamp,
    ) -> Result<WorkspaceIx, Refusal> {
        let msp = self.own_msp(session)?;
        self.admit(msp, None, &form)?;
        // Deleted ones count: they keep their numbers.
        if self.workspaces.len() >= MOST_WORKSPACES as usize {
            return Err(Conflict::Full("workspaces").into());
        }
        let id = self.next_workspace_id();
        let symbol = self.free_symbol(&form.name, "tenant");
        let Workspace { platform, cluster, .. } = self.workspace(msp);
        let (platform, cluster) = (platform.clone(), cluster.clone());
        let ix = self.add_workspace(Workspace {
            id,
            symbol,
            name: form.name,
            kind: WorkspaceKind::Tenant { msp, ownership: form.ownership.unwrap_or(Ownership::Msp) },
            platform,
            cluster,
            central_customer: self.seed.uuid("central-customer", &id.plain(), 0).simple().to_string(),
            created_by: session.user,
            created_at: now,
            updated_at: now,
            generation: 1,
            contact: form.contact,
            description: form.description,
            gone: false,
        });
        self.tell_tenant(session, ix, "created", now);
        Ok(ix)
    }

    /// Makes a tenant what `form` says. What it does not say is gone afterwards, as PUT replaces (RFC 9110
    /// §9.3.4); only the ownership stays, whose default is that of creation (`glp.md §5`). Id and symbol
    /// stay as well.
    pub fn update_tenant(
        &mut self,
        session: &Session,
        id: WorkspaceId,
        form: TenantForm,
        now: Timestamp,
    ) -> Result<WorkspaceIx, Refusal> {
        let ix = self.own_tenant(session, id)?;
        self.admit(session.workspace, Some(ix), &form)?;
        let tenant = &mut self.workspaces[ix.0];
        if let (WorkspaceKind::Tenant { ownership, .. }, Some(wanted)) = (&mut tenant.kind, form.ownership) {
            *ownership = wanted;
        }
        (tenant.name, tenant.contact, tenant.description) = (form.name, form.contact, form.description);
        (tenant.generation, tenant.updated_at) = (tenant.generation.saturating_add(1), now);
        self.tell_tenant(session, ix, "updated", now);
        Ok(ix)
    }

    /// Deletes a tenant with its devices (dialect `tenant_with_devices`), its API clients and its
    /// provisions. Every token that acts in it or is of one of its clients is revoked. Its name is free
    /// again; its id and its symbol never come back.
    pub fn delete_tenant(
        &mut self,
        session: &Session,
        id: WorkspaceId,
        now: Timestamp,
    ) -> Result<WorkspaceIx, Refusal> {
        let ix = self.own_tenant(session, id)?;
        if self.fleet.count(ix) > 0
            && self.dialect.tenant_with_devices == TenantWithDevices::PreconditionFailed
        {
            return Err(Conflict::TenantHasDevices.into());
        }
        self.take_away_tenants(&BTreeSet::from([ix]));
        self.tell_tenant(session, ix, "deleted", now);
        Ok(ix)
    }

    fn tell_tenant(&mut self, session: &Session, ix: WorkspaceIx, what: &str, now: Timestamp) {
        let tenant = self.workspace(ix);
        let effect = Effect::new(Category::Customer, format!("Tenant workspace {} {what}", tenant.name));
        let effect = effect.with("Workspace ID", tenant.id.plain());
        let effect = match tenant.ownership() {
            Some(ownership) => effect.with("Inventory ownership", ownership.inventory()),
            None => effect,
        };
        self.tell(session, effect, now);
    }

    /// Takes tenants away, with all that hangs on them.
    pub(crate) fn take_away_tenants(&mut self, tenants: &BTreeSet<WorkspaceIx>) {
        for ix in tenants {
            self.directory.leave_workspace(*ix, &self.workspaces[ix.0]);
            self.workspaces[ix.0].gone = true;
            self.tokens.revoke_in(*ix);
            self.members.remove(ix);
        }
        let of_them = |(client, _): &(ClientIx, _)| tenants.contains(&self.client(*client).workspace);
        let clients: Vec<_> = self.clients().filter(of_them).map(|(client, _)| client).collect();
        for client in clients {
            self.remove_client(client);
            self.tokens.revoke_of(client);
        }
        for ix in tenants {
            Arc::make_mut(&mut self.fleet).clear(*ix);
        }
        // What was accepted in them and is not done yet is never done.
        self.operations.forget_those_of(|workspace| tenants.contains(&workspace));
        self.provisions.retain(|provision| !tenants.contains(&provision.workspace));
        self.ledger.release(|workspace| tenants.contains(&workspace));
    }

    /// Whether a tenant of the MSP may be as `form` says. Names are compared letter by letter, as all text
    /// is (`glp.md §11 U23`): "Acme" and "ACME" are two tenants.
    fn admit(
        &self,
        msp: WorkspaceIx,
        itself: Option<WorkspaceIx>,
        form: &TenantForm,
    ) -> Result<(), Conflict> {
        let country = form.contact.address.country.as_deref();
        if let Some(country) = country.filter(|country| EMBARGOED.contains(country))
            && self.dialect.export_compliance == ExportCompliance::Refuse
        {
            return Err(Conflict::ExportRules(country.to_owned()));
        }
        let mut others = self.each_tenant(msp).filter(|(ix, ..)| Some(*ix) != itself);
        match others.any(|(_, other, _)| other.name == form.name) {
            true => Err(Conflict::TenantNameTaken),
            false => Ok(()),
        }
    }

    /// The id of the next workspace: that of its number, unless a loaded world was numbered otherwise.
    fn next_workspace_id(&self) -> WorkspaceId {
        let mut nth = self.workspaces.len() as u64;
        loop {
            let id = WorkspaceId(self.seed.uuid_v1("tenant", "", nth));
            if !self.directory.is_taken_workspace(id) {
                return id;
            }
            nth += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        host::Cluster,
        sample::DEFAULT_SEED,
        tenancy::{Address, Contact, Platform},
        world::{ClientIx, UserIx},
    };

    fn now() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().unwrap()
    }

    fn session(world: &World, workspace: &str) -> Session {
        let workspace = world.workspace_named(workspace).unwrap();
        Session { token: 1, client: ClientIx(0), user: UserIx(0), workspace }
    }

    fn create(world: &mut World, msp: &str, name: &str) -> Result<WorkspaceIx, Refusal> {
        world.create_tenant(&session(world, msp), TenantForm::named(name), now())
    }

    #[test]
    fn a_tenant_of_another_msp_is_nobodys_and_names_are_an_msps_own() {
        let mut world = World::sample(DEFAULT_SEED);
        let standard = world.workspace_named("standard").unwrap();
        world.workspaces[standard.0].kind = WorkspaceKind::Msp;
        let ours = create(&mut world, "msp", "Acme").unwrap();
        let theirs = create(&mut world, "standard", "Acme").unwrap();
        let id = |world: &World, ix| world.workspace(ix).id;
        let (ours, theirs) = (id(&world, ours), id(&world, theirs));
        let form = TenantForm::named("Other");
        let msp = session(&world, "msp");
        for foreign in [theirs, id(&world, standard), msp_id(&world), "0".repeat(32).parse().unwrap()] {
            let changed = world.update_tenant(&msp, foreign, form.clone(), now());
            assert_eq!(changed, Err(Refusal::WrongWorkspace));
            assert_eq!(world.delete_tenant(&msp, foreign, now()), Err(Refusal::WrongWorkspace));
        }
        assert!(world.delete_tenant(&msp, ours, now()).is_ok());
        assert!(world.workspace_by_id(theirs).is_some());
    }

    fn msp_id(world: &World) -> WorkspaceId {
        world.workspace(world.workspace_named("msp").unwrap()).id
    }

    #[test]
    fn a_new_tenant_lives_where_its_msp_does_and_has_nothing() {
        let mut world = World::sample(DEFAULT_SEED);
        let msp = world.workspace_named("msp").unwrap();
        world.workspaces[msp.0].cluster = Cluster::named("EU-1");
        let ix = create(&mut world, "msp", "Käserei & Söhne").unwrap();
        let tenant = world.workspace(ix);
        assert_eq!((tenant.cluster.clone(), &tenant.platform), (Cluster::named("EU-1"), &Platform::Cloud));
        assert_eq!((tenant.symbol.as_str(), tenant.generation), ("k-serei-s-hne", 1));
        assert_eq!((tenant.created_at, tenant.updated_at), (now(), now()));
        assert_eq!(tenant.kind, WorkspaceKind::Tenant { msp, ownership: Ownership::Msp });
        assert_eq!(world.workspace_named("k-serei-s-hne"), Some(ix));
        assert_eq!((world.fleet().mix(ix).total(), world.provisions(ix).count()), (0, 0));
    }

    #[test]
    fn a_change_replaces_all_but_id_symbol_and_ownership() {
        let mut world = World::sample(DEFAULT_SEED);
        let address = Address { country: Some("CH".to_owned()), ..Address::default() };
        let form = TenantForm {
            contact: Contact { address, phone: Some("1".to_owned()), email: None },
            description: Some("first".to_owned()),
            ownership: Some(Ownership::Customer),
            ..TenantForm::named("Acme")
        };
        let ix = world.create_tenant(&session(&world, "msp"), form, now()).unwrap();
        let before = world.workspace(ix).clone();
        let later = now() + jiff::SignedDuration::from_secs(5);
        let msp = session(&world, "msp");
        world.update_tenant(&msp, before.id, TenantForm::named("Acme II"), later).unwrap();
        let expected = Workspace {
            name: "Acme II".to_owned(),
            contact: Contact::default(),
            description: None,
            generation: 2,
            updated_at: later,
            ..before
        };
        assert_eq!(*world.workspace(ix), expected);
    }

    #[test]
    fn many_tenants_of_one_dedicated_platform_are_one_host() {
        let mut world = World::sample(DEFAULT_SEED);
        let dedicated = world.workspace_named("dedicated").unwrap();
        world.workspaces[dedicated.0].kind = WorkspaceKind::Msp;
        for n in 0..3 {
            create(&mut world, "dedicated", &n.to_string()).unwrap();
        }
        assert_eq!(world.dedicated_hosts(), ["dedicated.example.com"]);
    }

    #[test]
    fn a_full_world_makes_no_more_and_deleted_ones_count() {
        let mut world = World::sample(DEFAULT_SEED);
        let last = create(&mut world, "msp", "Acme").unwrap();
        let gone = Workspace { gone: true, ..world.workspace(last).clone() };
        while world.workspaces.len() < MOST_WORKSPACES as usize - 1 {
            world.workspaces.push_back_mut(gone.clone());
        }
        assert!(create(&mut world, "msp", "Room for one").is_ok());
        assert_eq!(create(&mut world, "msp", "One more"), Err(Conflict::Full("workspaces").into()));
    }

    #[test]
    fn an_id_of_a_world_that_was_numbered_otherwise_is_not_given_twice() {
        let mut world = World::sample(DEFAULT_SEED);
        let [first, second] = ["A", "B"].map(|name| create(&mut world, "msp", name).unwrap());
        let second = world.workspace(second).clone();
        let mut fresh = World::sample(DEFAULT_SEED);
        fresh.add_workspace(second.clone());
        assert_eq!(fresh.workspaces.len(), first.0 + 1);
        let next = create(&mut fresh, "msp", "C").unwrap();
        assert_ne!(fresh.workspace(next).id, second.id);
    }
}
