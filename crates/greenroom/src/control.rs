//! `greenroom control`: what the control API is, for clients in any language.

use clap::Args;

use crate::{
    exit::{Exit, Failure},
    out,
};

/// What to print of the control API.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  greenroom control --openapi
  greenroom control --openapi > control.openapi.json   # to make a client of it")]
pub(crate) struct ControlArgs {
    /// Print its description in OpenAPI 3.1 (docs/control.openapi.json).
    #[arg(long, required = true)]
    openapi: bool,
}

/// Runs the command.
pub(crate) fn control(_: &ControlArgs) -> Result<Exit, Failure> {
    out::say(&serde_json::to_string_pretty(&greenroom_emulator::openapi()).map_err(Failure::new)?)?;
    Ok(Exit::Fine)
}
