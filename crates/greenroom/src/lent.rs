//! Credentials of the world, for a program that brings nothing along.

use greenroom_model::{
    access::Service,
    credential::ApiClient,
    tenancy::WorkspaceKind,
    world::{WorkspaceIx, World},
};

/// Where New Central is looked for by programs that bring nothing along, in a workspace without a cluster.
const ANY_BASE_URL: &str = "https://us5.api.central.arubanetworks.com";
/// Where Classic Central is looked for then.
const ANY_GATEWAY: &str = "apigw-uswest5.central.arubanetworks.com";

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
    let classic = classic_credentials(world, workspace);
    let workspace = world.workspace(workspace);
    let base_url = workspace.cluster.as_ref().map(|cluster| format!("https://{}", cluster.host()));
    let variables = [
        ("GLP_CLIENT_ID", id),
        ("GLP_CLIENT_SECRET", secret.reveal().to_owned()),
        ("GLP_WORKSPACE_ID", workspace.id.plain()),
        ("CENTRAL_BASE_URL", base_url.unwrap_or_else(|| ANY_BASE_URL.to_owned())),
    ];
    variables.into_iter().chain(classic).map(|(name, value)| (name.to_owned(), value)).collect()
}

/// What a program signs in to Classic Central with, for the same workspace: there are no names for it in the SDK's
/// documentation, which wants it in a file. Nothing without an application there of which everything is known.
fn classic_credentials(world: &World, home: WorkspaceIx) -> Vec<(&'static str, String)> {
    let known = world.clients().find_map(|(_, client)| {
        let here = client.service == Service::Classic && client.workspace == home;
        let user = world.user(client.owner);
        here.then_some(())?;
        Some((client.id.clone(), client.secret.value()?, user.email.clone(), user.password.value()?))
    });
    let Some((id, secret, user, password)) = known else { return Vec::new() };
    let workspace = world.workspace(home);
    let gateway = workspace.cluster.as_ref().and_then(|cluster| cluster.gateway()).unwrap_or(ANY_GATEWAY);
    vec![
        ("CLASSIC_CENTRAL_USERNAME", user),
        ("CLASSIC_CENTRAL_PASSWORD", password.reveal().to_owned()),
        ("CLASSIC_CENTRAL_CLIENT_ID", id),
        ("CLASSIC_CENTRAL_CLIENT_SECRET", secret.reveal().to_owned()),
        ("CLASSIC_CENTRAL_CUSTOMER_ID", workspace.central_customer.clone()),
        ("CLASSIC_CENTRAL_BASE_URL", format!("https://{gateway}")),
    ]
}
