//! Commands for a running emulator: clock, tokens, history, phase, dialect, world.

use std::fmt::Write as _;

use greenroom_emulator::{
    Remote,
    command::{AssignRole, BeginPhase, ClockReading, IssueToken, MoveClock, TokenRow, WorldView},
};
use greenroom_model::{
    dialect::{Dialect, Row},
    nearest,
    secret::Secret,
    spec::Secrets,
};
use serde::Serialize;

use crate::{
    cli::{ClockAct, RemoteVerb, Target, TokensAct, WorldAct},
    document,
    exit::{Exit, Failure},
    faults, history, out, patch, sandbox,
};

/// Runs the command.
pub(crate) async fn run(verb: RemoteVerb) -> Result<Exit, Failure> {
    match verb {
        RemoteVerb::Clock { act, target } => clock(act, &target).await,
        RemoteVerb::Tokens { act, target } => tokens(act, &target).await,
        RemoteVerb::Faults(args) => faults::faults(*args).await,
        RemoteVerb::Sandbox(args) => sandbox::sandbox(*args).await,
        RemoteVerb::History(args) => history::history(&args).await,
        RemoteVerb::Phase { name: phase, target } => {
            let begun = remote(&target)?.begin_phase(&BeginPhase { phase }).await;
            print(&target, &begun.map_err(Failure::new)?, |begun| format!("phase {}", begun.phase))
        }
        RemoteVerb::Dialect { markdown: true, .. } => {
            out::say(document::dialects().trim_end())?;
            Ok(Exit::Fine)
        }
        RemoteVerb::Dialect { settings, target, .. } => dialect(&settings, &target).await,
        RemoteVerb::World { act: WorldAct::Show, target } => world(&target).await,
        RemoteVerb::World { act: WorldAct::Save, target } => {
            let world = remote(&target)?.save_world().await;
            print(&target, &world.map_err(Failure::new)?, |_| "the world is saved".to_owned())
        }
        RemoteVerb::World { act: WorldAct::Restore, target } => {
            let world = remote(&target)?.restore_world().await;
            print(&target, &world.map_err(Failure::new)?, |_| "the world is as it was saved".to_owned())
        }
        RemoteVerb::World { act: WorldAct::Reset, target } => {
            let world = remote(&target)?.reset_world().await;
            print(&target, &world.map_err(Failure::new)?, |_| {
                "the world is as it was at the start".to_owned()
            })
        }
        RemoteVerb::World { act: WorldAct::Export { with_secrets }, target } => {
            let secrets = if with_secrets { Secrets::Shown } else { Secrets::Digests };
            let exported = remote(&target)?.export_world(secrets).await;
            print(&target, &exported.map_err(Failure::new)?, |exported| exported.world.clone())
        }
        RemoteVerb::World { act: WorldAct::Patch { file, add_devices, remove_devices }, target } => {
            let patch = match file {
                Some(file) => patch::read(&file)?,
                None => patch::of_flags(&add_devices, &remove_devices)?,
            };
            let changes = remote(&target)?.patch_world(&patch).await;
            print(&target, &changes.map_err(Failure::new)?, ToString::to_string)
        }
        RemoteVerb::World { act: WorldAct::Role { email: user, role }, target } => {
            let user = remote(&target)?.assign_role(&AssignRole { user, role }).await;
            print(&target, &user.map_err(Failure::new)?, |user| {
                format!("{} has the role {} now", user.email, user.role)
            })
        }
    }
}

pub(crate) fn remote(target: &Target) -> Result<Remote, Failure> {
    Remote::new(&target.url, target.control_token.clone().map(Secret::new)).map_err(Failure::new)
}

/// Prints a reply as JSON, or as `text` writes it.
pub(crate) fn print<T: Serialize>(
    target: &Target,
    reply: &T,
    text: impl FnOnce(&T) -> String,
) -> Result<Exit, Failure> {
    let shown = match target.json {
        true => serde_json::to_string_pretty(reply).map_err(Failure::new)?,
        false => text(reply),
    };
    out::say(shown.trim_end())?;
    Ok(Exit::Fine)
}

async fn clock(act: Option<ClockAct>, target: &Target) -> Result<Exit, Failure> {
    let remote = remote(target)?;
    let reading = match act {
        None => remote.clock().await,
        Some(act) => {
            let wish = match act {
                ClockAct::Advance { by } => MoveClock { advance: Some(by), ..MoveClock::default() },
                ClockAct::Set { instant } => MoveClock { set: Some(instant), ..MoveClock::default() },
                ClockAct::Speed { speed } => MoveClock { speed: Some(speed), ..MoveClock::default() },
            };
            remote.move_clock(&wish).await
        }
    };
    print(target, &reading.map_err(Failure::new)?, |ClockReading { now, speed }| format!("{now} ({speed})"))
}

async fn tokens(act: Option<TokensAct>, target: &Target) -> Result<Exit, Failure> {
    let remote = remote(target)?;
    match act {
        None | Some(TokensAct::List) => {
            let list = remote.tokens().await.map_err(Failure::new)?;
            print(target, &list, |list| token_table(&list.tokens))
        }
        Some(TokensAct::Issue { client, tenant, ttl, expired }) => {
            let wish = IssueToken { client, tenant, ttl, expired };
            let issued = remote.issue_token(&wish).await.map_err(Failure::new)?;
            print(target, &issued, |issued| issued.access_token.clone())
        }
    }
}

fn token_table(tokens: &[TokenRow]) -> String {
    if tokens.is_empty() {
        return "no tokens were issued yet".to_owned();
    }
    let mut table =
        format!("{:<20} {:<10} {:<8} {:>9} {:<16} {}\n", "TOKEN", "KIND", "STATE", "LEFT", "CLIENT", "FROM");
    for token in tokens {
        let view = &token.view;
        let kind = view.kind.map(|kind| kind.name()).unwrap_or_default();
        let standing =
            view.standing.map(|standing| format!("{standing:?}").to_lowercase()).unwrap_or_default();
        let left = view.remaining.map(|left| format!("{left}s")).unwrap_or_default();
        let parent = token.parent.as_deref().unwrap_or("-");
        let _ = writeln!(
            table,
            "{:<20} {kind:<10} {standing:<8} {left:>9} {:<16} {parent}",
            view.symbol, token.client
        );
    }
    table
}

async fn dialect(settings: &[String], target: &Target) -> Result<Exit, Failure> {
    let remote = remote(target)?;
    let is_reading = |text: &&String| !text.contains('=') && !matches!(text.as_str(), "live" | "rfc" | "sdk");
    let (reads, sets): (Vec<_>, Vec<_>) = settings.iter().partition(is_reading);
    if let Some(unknown) = reads.iter().find(|name| !Dialect::NAMES.contains(&name.as_str())) {
        let hint = nearest::hint(&nearest::of(unknown, Dialect::NAMES));
        return Err(Failure::new(format!("unknown dialect {unknown:?}{hint}")));
    }
    let mut rows = if sets.is_empty() {
        remote.dialect().await.map_err(Failure::new)?
    } else {
        let sets: Vec<String> = sets.into_iter().cloned().collect();
        remote.set_dialect(&sets).await.map_err(Failure::new)?
    };
    let named = |row: &Row| settings.iter().any(|setting| setting.split('=').next() == Some(&row.name));
    if settings.iter().any(|setting| Dialect::NAMES.contains(&setting.split('=').next().unwrap_or_default()))
    {
        rows.dialects.retain(named);
    }
    print(target, &rows, |rows| {
        let mut table = String::new();
        for row in &rows.dialects {
            let changed = if row.value == row.default { "" } else { " (changed)" };
            let _ = writeln!(
                table,
                "{row}{changed}\n    {}\n    values: {}; source: {} ({})",
                row.about,
                row.values.join(", "),
                row.source,
                row.confidence
            );
        }
        table
    })
}

async fn world(target: &Target) -> Result<Exit, Failure> {
    let world = remote(target)?.world().await.map_err(Failure::new)?;
    print(target, &world, world_table)
}

fn world_table(world: &WorldView) -> String {
    let mut table = format!("seed {}\n\n", world.seed);
    let _ = writeln!(table, "{:<10} {:<37} {:<22} {:>7}  NAME", "WORKSPACE", "ID", "KIND", "DEVICES");
    for workspace in &world.workspaces {
        let kind = match &workspace.msp {
            Some(msp) => format!("{} of {msp}", workspace.kind),
            None => workspace.kind.clone(),
        };
        let _ = writeln!(
            table,
            "{:<10} {:<37} {kind:<22} {:>7}  {}",
            workspace.symbol, workspace.id, workspace.devices, workspace.name
        );
    }
    let _ = writeln!(table, "\n{:<18} {:<37} {:<33} {:<14} WORKSPACE", "CLIENT", "ID", "SECRET", "SERVICE");
    for client in &world.clients {
        let secret = client.client_secret.as_deref().unwrap_or("(yours)");
        let _ = writeln!(
            table,
            "{:<18} {:<37} {secret:<33} {:<14} {}",
            client.name, client.client_id, client.service, client.workspace
        );
    }
    let _ = writeln!(table, "\n{:<37} ROLE", "USER");
    for user in &world.users {
        let _ = writeln!(table, "{:<37} {}", user.email, user.role);
    }
    let _ = writeln!(table, "\n{:<18} GRANTS", "ROLE");
    for (name, grants) in &world.roles {
        let grants: Vec<_> = grants.iter().map(|(on, may)| format!("{on}: {}", may.join(" "))).collect();
        let _ = writeln!(table, "{name:<18} {}", grants.join("; "));
    }
    table
}
