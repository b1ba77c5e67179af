//! Logs: one line a request on stderr, for people or as JSON.

use std::io::IsTerminal as _;

use clap::ValueEnum;
use tracing::{Level, Metadata};
use tracing_subscriber::{EnvFilter, filter::filter_fn, fmt, prelude::*};

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
    #[arg(
        long = "log",
        default_value = "info",
        env = "GREENROOM_LOG",
        global = true,
        value_name = "FILTER",
        value_parser = parse_filter
    )]
    filter: String,
}

/// Keeps the text of a filter that is one: the parsed form cannot be cloned, as clap wants.
fn parse_filter(text: &str) -> Result<String, String> {
    EnvFilter::try_new(text).map(|_| text.to_owned()).map_err(|error| {
        format!("{error}; write off, error, warn, info, debug, trace, or a filter such as greenroom=debug")
    })
}

/// Libraries that print frames or headers, bearers included, below info.
const TALKATIVE: [&str; 5] = ["h2", "hyper", "hyper_util", "rustls", "tokio_rustls"];

/// Whether something may be logged at all. A filter of its own, because in an `EnvFilter` the more
/// specific directive wins: `h2::codec=trace` would lift a cap on `h2`.
fn is_harmless(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= Level::INFO || !TALKATIVE.iter().any(|library| is_within(library, metadata.target()))
}

/// Whether a target is a library's own or that of one of its modules.
fn is_within(library: &str, target: &str) -> bool {
    target.strip_prefix(library).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Starts logging.
pub(crate) fn start(args: &LogArgs) {
    // Clap has parsed it before, so the other case does not come.
    let wanted = EnvFilter::try_new(&args.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let registry = tracing_subscriber::registry().with(wanted).with(filter_fn(is_harmless));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_is_capped_with_its_modules_and_no_others() {
        for target in ["h2", "h2::codec", "h2::codec::framed_read"] {
            assert!(is_within("h2", target), "{target}");
        }
        for target in ["", "h", "h2x", "h2_extra::codec", "greenroom::h2"] {
            assert!(!is_within("h2", target), "{target}");
        }
    }

    #[test]
    fn filters_are_checked() {
        for good in ["off", "info", "info,h2::codec=trace", "greenroom=debug"] {
            assert_eq!(parse_filter(good), Ok(good.to_owned()));
        }
        assert!(parse_filter("greenroom=loud").unwrap_err().contains("greenroom=debug"));
    }
}
