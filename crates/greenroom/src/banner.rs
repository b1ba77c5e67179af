//! What `serve` says when it is ready: a minute of reading, and lines that work when pasted.

use std::{fmt::Write as _, path::Path};

use greenroom_emulator::command::WorldView;

use crate::{chosen::Chosen, verify::quoted};

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

/// The banner of an emulator that has world and stimuli of a scenario. `variables` are what its clients sign in with.
pub(crate) fn of_scenario(url: &str, scenario: &Chosen, variables: &[(String, String)]) -> String {
    let mut text = format!("Greenroom listens on {url} (Ctrl-C stops it)\n\n");
    for note in scenario.notes() {
        let _ = writeln!(text, "{note}");
    }
    let width = variables.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    for (name, value) in variables {
        let _ = writeln!(text, "  {name:<width$}  {value}");
    }
    let phases = scenario.staged.phases.iter().map(|phase| {
        ("Let the stimuli begin anew:", format!("greenroom phase --url {url} {}", quoted(phase)))
    });
    let lines = [("Route a program here:", format!("eval \"$(greenroom env --url {url})\""))]
        .into_iter()
        .chain(phases)
        .chain([
            ("See what has fired:", format!("greenroom faults --url {url}")),
            ("See what was asked:", format!("greenroom history --url {url}")),
        ]);
    text.push('\n');
    for (what, line) in lines {
        let _ = writeln!(text, "{what:<28}  {line}");
    }
    text
}
