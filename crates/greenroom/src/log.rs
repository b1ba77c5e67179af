//! Logs: one line a request on stderr, for people or as JSON.

use std::io::IsTerminal as _;

use clap::ValueEnum;
use tracing_subscriber::{EnvFilter, filter::LevelFilter, fmt, prelude::*};

/// How logs are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// What is logged and how.
#[derive(Debug, clap::Args)]
pub(crate) struct LogArgs {
    /// How logs are written.
    #[arg(long = "log-format", value_enum, default_value_t, env = "GREENROOM_LOG_FORMAT", global = true)]
    pub(crate) format: Format,
    /// What is logged: off, error, warn, info, debug, trace, or a filter such as greenroom=debug.
    #[arg(long = "log", default_value = "info", env = "GREENROOM_LOG", global = true, value_name = "FILTER")]
    filter: String,
}

/// Libraries that print frames or headers, bearers included, below info.
const TALKATIVE: [&str; 5] = ["h2", "hyper", "hyper_util", "rustls", "tokio_rustls"];

/// Starts logging.
pub(crate) fn start(args: &LogArgs) {
    let filter = TALKATIVE.iter().fold(
        EnvFilter::try_new(&args.filter).unwrap_or_else(|_| EnvFilter::new("info")),
        |filter, library| match format!("{library}=info").parse() {
            Ok(directive) => filter.add_directive(directive),
            Err(_) => filter,
        },
    );
    // A later directive for a talkative library wins over the user's, so the cap holds; `off` stays off.
    let filter = if args.filter == "off" {
        EnvFilter::default().add_directive(LevelFilter::OFF.into())
    } else {
        filter
    };
    let registry = tracing_subscriber::registry().with(filter);
    match args.format {
        Format::Text => {
            let colour = std::io::stderr().is_terminal()
                && std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty());
            let layer =
                fmt::layer().with_writer(std::io::stderr).without_time().with_target(false).with_ansi(colour);
            registry.with(layer).init();
        }
        Format::Json => {
            registry.with(fmt::layer().with_writer(std::io::stderr).without_time().json()).init();
        }
    }
}
