//! `greenroom fidelity`: what is served and what is not, of this version or of a running emulator.

use std::fmt::Write as _;

use clap::Args;
use greenroom_emulator::{Remote, command::FidelityTable};
use greenroom_model::secret::Secret;

use crate::{
    document,
    exit::{Exit, Failure},
    out,
};

/// What to print of what is served.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  greenroom fidelity
  greenroom fidelity --json
  greenroom fidelity --url http://127.0.0.1:4020   # as a running one has it")]
pub(crate) struct FidelityArgs {
    /// A running emulator, which may be of another version. This one's own table, if not given.
    #[arg(long, env = "GREENROOM_URL")]
    url: Option<String>,
    /// Its control token, if it has one.
    #[arg(long, env = "GREENROOM_CONTROL_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    control_token: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Print docs/fidelity.md.
    #[arg(long, conflicts_with_all = ["json", "url"])]
    markdown: bool,
}

/// Runs the command.
pub(crate) async fn fidelity(args: FidelityArgs) -> Result<Exit, Failure> {
    let own = FidelityTable::of_this_version;
    let shown = match args.url {
        _ if args.markdown => document::fidelity(&own()),
        Some(url) => {
            let remote = Remote::new(&url, args.control_token.map(Secret::new)).map_err(Failure::new)?;
            print(&remote.fidelity().await.map_err(Failure::new)?, args.json)?
        }
        None => print(&own(), args.json)?,
    };
    out::say(shown.trim_end())?;
    Ok(Exit::Fine)
}

fn print(table: &FidelityTable, json: bool) -> Result<String, Failure> {
    if json {
        return serde_json::to_string_pretty(table).map_err(Failure::new);
    }
    let mut text = String::new();
    for service in document::services(table) {
        let _ = writeln!(text, "{service}");
        for row in table.routes.iter().filter(|row| row.service == service) {
            let _ = writeln!(text, "  {:<6} {}", row.method, row.path);
            let _ = writeln!(text, "         {}; source: {} ({})", row.route, row.source, row.confidence);
            if let Some(needs) = &row.needs {
                let _ = writeln!(text, "         needs {needs}");
            }
            if !row.limits.is_empty() {
                let _ = writeln!(text, "         documented limit: {}", row.limits.join(", "));
            }
            if !row.not_served.is_empty() {
                let _ = writeln!(text, "         not served: {}", row.not_served);
            }
            if !row.chosen.is_empty() {
                let _ = writeln!(text, "         chosen, for no source says it: {}", row.chosen);
            }
        }
        for row in table.unserved.iter().filter(|row| row.service == service) {
            let methods = row.methods.join(" ");
            let _ =
                writeln!(text, "  not served: {methods} {} ({}): {}", row.path, row.operation, row.reason);
        }
    }
    Ok(text)
}
