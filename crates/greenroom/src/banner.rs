//! What `serve` says when it is ready: a minute of reading, and lines that work when pasted.

use std::path::Path;

use greenroom_emulator::command::WorldView;

/// The banner of an emulator.
pub(crate) fn banner(url: &str, ca: &Path, world: &WorldView) -> String {
    let client = world.clients.iter().find(|client| client.name == "msp");
    let workspace = world.workspaces.iter().find(|workspace| workspace.symbol == "msp");
    let tenant = world.workspaces.iter().find(|workspace| workspace.symbol == "abc");
    let (Some(client), Some(workspace), Some(tenant)) = (client, workspace, tenant) else {
        return format!("Greenroom listens on {url}");
    };
    let ca = ca.display();
    let id = &client.client_id;
    let secret = client.client_secret.as_deref().unwrap_or("…");
    let issuer = format!("{url}/authorization/v2/oauth2/{}/token", workspace.id.replace('-', ""));
    format!(
        "Greenroom listens on {url} (Ctrl-C stops it)

Sample MSP workspace {name:?}
  GLP_WORKSPACE_ID   {workspace}
  GLP_CLIENT_ID      {id}
  GLP_CLIENT_SECRET  {secret}

Ask for a token, then for the tenants and a tenant's devices:
  TOKEN=$(curl -s {issuer} -d grant_type=client_credentials -d client_id={id} -d client_secret={secret} | sed 's/.*_token\":\"//; s/\".*//')
  curl -s {url}/workspaces/v1/msp-tenants -H \"Authorization: Bearer $TOKEN\"
  TENANT=$(curl -s {url}/authorization/v2/oauth2/{tenant}/token -d grant_type=urn:ietf:params:oauth:grant-type:token-exchange -d subject_token_type=urn:ietf:params:oauth:token-type:access_token -d subject_token=$TOKEN | sed 's/.*_token\":\"//; s/\".*//')
  curl -s \"{url}/network-monitoring/v1/device-inventory?limit=2\" -H \"Authorization: Bearer $TENANT\"

Under the real host names, through this port as proxy:
  curl -s --proxy {url} --cacert '{ca}' https://global.api.greenlake.hpe.com/workspaces/v1/msp-tenants -H \"Authorization: Bearer $TOKEN\"

An unmodified program:        greenroom exec -- python script.py   (an emulator of its own)
Or with this emulator:        eval \"$(greenroom env --url {url})\"
Let the tokens run out:       greenroom clock --url {url} advance 16m
See what was asked:           greenroom history --url {url}
",
        name = workspace.name,
        workspace = workspace.id,
        tenant = tenant.id.replace('-', ""),
    )
}
