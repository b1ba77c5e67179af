//! Who is there, by the ids and names that requests and people use.

use std::collections::HashMap;

use crate::{
    credential::ApiClient,
    id::WorkspaceId,
    tenancy::{Workspace, WorkspaceKind},
    world::{ClientIx, UserIx, WorkspaceIx},
};

/// The numbers of the users, and of the workspaces and clients that were not deleted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Directory {
    workspaces: HashMap<WorkspaceId, WorkspaceIx>,
    symbols: HashMap<String, WorkspaceIx>,
    tenants: HashMap<WorkspaceIx, Vec<WorkspaceIx>>,
    clients: HashMap<String, ClientIx>,
    client_names: HashMap<String, ClientIx>,
    users: HashMap<String, UserIx>,
}

impl Directory {
    pub(crate) fn workspace(&self, id: WorkspaceId) -> Option<WorkspaceIx> {
        self.workspaces.get(&id).copied()
    }

    pub(crate) fn symbol(&self, symbol: &str) -> Option<WorkspaceIx> {
        self.symbols.get(symbol).copied()
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
        self.users.get(email).copied()
    }

    pub(crate) fn enter_user(&mut self, ix: UserIx, email: &str) {
        self.users.insert(email.to_owned(), ix);
    }

    pub(crate) fn enter_workspace(&mut self, ix: WorkspaceIx, workspace: &Workspace) {
        self.workspaces.insert(workspace.id, ix);
        self.symbols.insert(workspace.symbol.clone(), ix);
        if let WorkspaceKind::Tenant { msp, .. } = workspace.kind {
            self.tenants.entry(msp).or_default().push(ix);
        }
    }

    pub(crate) fn leave_workspace(&mut self, ix: WorkspaceIx, workspace: &Workspace) {
        self.workspaces.remove(&workspace.id);
        self.symbols.remove(&workspace.symbol);
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
