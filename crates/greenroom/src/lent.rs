//! Credentials of the world, for a program that brings nothing along.

use greenroom_model::{access::Service, credential::ApiClient, tenancy::WorkspaceKind, world::World};

/// Where New Central is looked for by programs that bring nothing along, in a workspace without a cluster.
const ANY_BASE_URL: &str = "https://us5.api.central.arubanetworks.com";

/// The variables of the SDK's documentation, for a program that brings nothing along: those of the client `own`, else of
/// the platform client of an MSP, else of any workspace, the first whose secret is known. The workspace id is without
/// dashes, as token URLs want it.
pub(crate) fn lent_credentials(world: &World, own: Option<&str>) -> Vec<(String, String)> {
    let lendable = |(_, client): (_, &'_ ApiClient)| {
        let secret = client.secret.value().filter(|_| client.service == Service::Platform)?;
        Some((client.id.clone(), secret.clone(), client.workspace))
    };
    let of_msp = |(.., workspace): &(_, _, _)| world.workspace(*workspace).kind == WorkspaceKind::Msp;
    let own = own.and_then(|name| world.client_named(name)).map(|ix| (ix, world.client(ix)));
    let first = own.and_then(lendable).or_else(|| world.clients().filter_map(lendable).find(of_msp));
    let Some((id, secret, workspace)) = first.or_else(|| world.clients().find_map(lendable)) else {
        return Vec::new();
    };
    let workspace = world.workspace(workspace);
    let base_url = workspace.cluster.as_ref().map(|cluster| format!("https://{}", cluster.host()));
    let variables = [
        ("GLP_CLIENT_ID", id),
        ("GLP_CLIENT_SECRET", secret.reveal().to_owned()),
        ("GLP_WORKSPACE_ID", workspace.id.plain()),
        ("CENTRAL_BASE_URL", base_url.unwrap_or_else(|| ANY_BASE_URL.to_owned())),
    ];
    variables.map(|(name, value)| (name.to_owned(), value)).into()
}
