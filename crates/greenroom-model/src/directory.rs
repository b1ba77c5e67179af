//! Who is there, by the ids and names that requests and people use, and which of them are free.

use std::collections::{HashMap, HashSet};

use crate::{
    credential::ApiClient,
    id::WorkspaceId,
    tenancy::{Workspace, WorkspaceKind},
    world::{ClientIx, UserIx, WorkspaceIx},
};

/// The numbers of the users, and of the workspaces and clients that were not deleted; and every id and name there
/// ever was: what tokens and histories were called by is not given again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Directory {
    workspaces: HashMap<WorkspaceId, WorkspaceIx>,
    symbols: HashMap<String, WorkspaceIx>,
    /// By the id of the Central application customer.
    customers: HashMap<String, WorkspaceIx>,
    tenants: HashMap<WorkspaceIx, Vec<WorkspaceIx>>,
    clients: HashMap<String, ClientIx>,
    client_names: HashMap<String, ClientIx>,
    /// By address in lower case.
    users: HashMap<String, UserIx>,
    /// Symbols of workspaces, names and ids of clients.
    taken: HashSet<String>,
    taken_workspaces: HashSet<WorkspaceId>,
    /// Below which number no `name-2`, `name-3` … is free.
    next: HashMap<String, usize>,
}

impl Directory {
    pub(crate) fn workspace(&self, id: WorkspaceId) -> Option<WorkspaceIx> {
        self.workspaces.get(&id).copied()
    }

    pub(crate) fn symbol(&self, symbol: &str) -> Option<WorkspaceIx> {
        self.symbols.get(symbol).copied()
    }

    /// The workspace that Central knows as this customer.
    pub(crate) fn customer(&self, id: &str) -> Option<WorkspaceIx> {
        self.customers.get(id).copied()
    }

    /// The tenants of an MSP, in order of creation.
    pub(crate) fn tenants(&self, of: WorkspaceIx) -> &[WorkspaceIx] {
        self.tenants.get(&of).map(Vec::as_slice).unwrap_or_default()
    }

    pub(crate) fn client(&self, id: &str) -> Option<ClientIx> {
        self.clients.get(id).copied()
    }

    pub(crate) fn client_name(&self, name: &str) -> Option<ClientIx> {
        self.client_names.get(name).copied()
    }

    pub(crate) fn user(&self, email: &str) -> Option<UserIx> {
        self.users.get(&email.to_lowercase()).copied()
    }

    pub(crate) fn enter_user(&mut self, ix: UserIx, email: &str) {
        self.users.insert(email.to_lowercase(), ix);
    }

    /// Whether a client or a workspace was ever called that.
    pub(crate) fn is_taken(&self, name: &str) -> bool {
        self.taken.contains(name)
    }

    /// Whether a workspace ever had that id.
    pub(crate) fn is_taken_workspace(&self, id: WorkspaceId) -> bool {
        self.taken_workspaces.contains(&id)
    }

    /// The name itself, or, if a client or a workspace was ever called that, the first of `name-2`, `name-3`
    /// … that is free. It counts as taken from now on.
    pub(crate) fn take(&mut self, name: &str) -> String {
        let next = self.next.entry(name.to_owned()).or_insert(1);
        loop {
            let free = if *next == 1 { name.to_owned() } else { format!("{name}-{next}") };
            *next += 1;
            if self.taken.insert(free.clone()) {
                return free;
            }
        }
    }

    /// Remembers what a workspace is called, even one that is gone.
    pub(crate) fn know_workspace(&mut self, workspace: &Workspace) {
        self.taken_workspaces.insert(workspace.id);
        self.taken.insert(workspace.symbol.clone());
    }

    /// Remembers what a client is called, even one that is gone.
    pub(crate) fn know_client(&mut self, client: &ApiClient) {
        self.taken.extend([client.id.clone(), client.name.clone()]);
    }

    pub(crate) fn enter_workspace(&mut self, ix: WorkspaceIx, workspace: &Workspace) {
        self.workspaces.insert(workspace.id, ix);
        self.symbols.insert(workspace.symbol.clone(), ix);
        self.customers.insert(workspace.central_customer.clone(), ix);
        if let WorkspaceKind::Tenant { msp, .. } = workspace.kind {
            self.tenants.entry(msp).or_default().push(ix);
        }
    }

    pub(crate) fn leave_workspace(&mut self, ix: WorkspaceIx, workspace: &Workspace) {
        self.workspaces.remove(&workspace.id);
        self.symbols.remove(&workspace.symbol);
        self.customers.remove(&workspace.central_customer);
        if let WorkspaceKind::Tenant { msp, .. } = workspace.kind
            && let Some(tenants) = self.tenants.get_mut(&msp)
        {
            tenants.retain(|tenant| *tenant != ix);
        }
    }

    pub(crate) fn enter_client(&mut self, ix: ClientIx, client: &ApiClient) {
        self.clients.insert(client.id.clone(), ix);
        self.client_names.insert(client.name.clone(), ix);
    }

    pub(crate) fn leave_client(&mut self, client: &ApiClient) {
        self.clients.remove(&client.id);
        self.client_names.remove(&client.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{sample::DEFAULT_SEED, world::World};

    #[test]
    fn the_first_free_name_is_taken_once() {
        let mut directory = Directory::default();
        directory.taken.extend(["a-3".to_owned(), "a-2-2".to_owned()]);
        let names: Vec<_> = (0..4).map(|_| directory.take("a")).collect();
        assert_eq!(names, ["a", "a-2", "a-4", "a-5"]);
        let names: Vec<_> = ["a-4", "a-2", "b", "a"].map(|name| directory.take(name)).into();
        assert_eq!(names, ["a-4-2", "a-2-3", "b", "a-6"]);
    }

    #[test]
    fn what_is_gone_is_remembered_from_the_start() {
        let sample = World::sample(DEFAULT_SEED);
        let (mut client, mut workspace) = (sample.clients[0].clone(), sample.workspaces[0].clone());
        (client.gone, workspace.gone) = (true, true);
        let mut world = World::empty(DEFAULT_SEED, sample.born);
        world.add_workspace(workspace.clone());
        world.add_client(client.clone());
        let directory = &world.directory;
        assert!([&client.name, &client.id, &workspace.symbol].iter().all(|name| directory.is_taken(name)));
        assert!(directory.is_taken_workspace(workspace.id) && directory.workspace(workspace.id).is_none());
    }
}
