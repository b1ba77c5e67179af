//! Commands, flags and their help.

use std::{
    ffi::OsString,
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use clap::{Args, CommandFactory, Parser, Subcommand};
use etcetera::{AppStrategy, AppStrategyArgs, choose_app_strategy};

use crate::{
    adapter::AdapterArgs,
    control::ControlArgs,
    env::EnvArgs,
    exec::ExecArgs,
    exit::{EXEC_FAILURE, Exit, Failure},
    faults::FaultsArgs,
    fidelity::FidelityArgs,
    history::HistoryArgs,
    init::InitArgs,
    judge::JudgeArgs,
    log::LogArgs,
    out,
    reference_client::ReferenceClientArgs,
    sandbox::SandboxArgs,
    scenarios::ScenariosArgs,
    shape::ShapeArgs,
    timeout,
    verify::VerifyArgs,
    world_file::StateArgs,
};

/// An offline HPE GreenLake and HPE Aruba Networking Central for people who write clients of those clouds.
#[derive(Debug, Parser)]
#[command(name = "greenroom", version, propagate_version = true, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) verb: Verb,
    #[command(flatten)]
    pub(crate) log: LogArgs,
    /// Where the certificate authority and put-back copies are kept.
    #[arg(long, env = "GREENROOM_DATA_DIR", global = true, default_value_os_t = default_data_dir(), hide_default_value = true, value_name = "DIR")]
    pub(crate) data_dir: PathBuf,
}

const EXAMPLES: &str = "Examples:
  greenroom exec -- python script.py   # run a program, and tell what it did
  greenroom serve                      # run an emulator until Ctrl-C
  greenroom clock advance 16m          # let tokens of a running one expire
  greenroom history --op exchange      # see what a program sent
  greenroom verify --client pycentral  # see which requirements a client breaks";

fn default_data_dir() -> PathBuf {
    let names = AppStrategyArgs {
        top_level_domain: "dev".to_owned(),
        author: "greenroom".to_owned(),
        app_name: "greenroom".to_owned(),
    };
    choose_app_strategy(names).map_or_else(|_| PathBuf::from(".greenroom"), |dirs| dirs.data_dir())
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Run the emulator until stopped.
    Serve(Box<ServeArgs>),
    /// Run a program against a private emulator, and tell what it did.
    Exec(Box<ExecArgs>),
    /// Write token.yaml for the sample world.
    Init(InitArgs),
    /// Run the conformance kit against a client, and tell which requirements it breaks.
    Verify(Box<VerifyArgs>),
    /// Judge runs again that verify --record kept.
    Judge(JudgeArgs),
    /// The scenarios of the conformance kit: list, show, check. Needs no emulator.
    Scenarios(ScenariosArgs),
    /// Print the variables that route a program to a running emulator.
    Env(EnvArgs),
    /// List what is served, its sources, and what is not served. Needs no emulator.
    Fidelity(FidelityArgs),
    /// Describe the control API of a running emulator. Needs no emulator.
    Control(ControlArgs),
    /// Check what plugs a client into the conformance kit. Needs no emulator.
    Adapter(AdapterArgs),
    #[command(flatten)]
    Remote(RemoteVerb),
    /// Be a well-behaved client, or a broken one, that speaks drive/1.
    #[command(hide = true)]
    ReferenceClient(ReferenceClientArgs),
    /// Print completions for a shell.
    #[command(after_help = "Examples:
  greenroom completions bash > \\
      ~/.local/share/bash-completion/completions/greenroom
  greenroom completions fish > ~/.config/fish/completions/greenroom.fish")]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  greenroom serve
  greenroom serve --port 0 --ready-file ready.json --clock frozen
  greenroom serve --dialect rfc --token-life 1m
  greenroom serve --scenario RTY-10
  greenroom serve --scenario 'my.yaml[VALUE]'")]
pub(crate) struct ServeArgs {
    /// The port; 0 picks a free one.
    #[arg(long, default_value_t = 4020, env = "GREENROOM_PORT", value_name = "N")]
    pub(crate) port: u16,
    /// The address to listen on. Anything but loopback needs --control-token.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST), env = "GREENROOM_LISTEN", value_name = "ADDRESS")]
    pub(crate) listen: IpAddr,
    /// What control over HTTP wants as bearer token.
    #[arg(long, env = "GREENROOM_CONTROL_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub(crate) control_token: Option<String>,
    /// A file that is written, whole, when the emulator listens: {"url", "ca", "pid", "control"}.
    #[arg(long, env = "GREENROOM_READY_FILE", value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
    /// How long a client may take to say something, in real time.
    #[arg(
        long,
        default_value = "30s",
        env = "GREENROOM_CONNECTION_TIMEOUT",
        value_name = "DURATION",
        value_parser = timeout::parse
    )]
    pub(crate) connection_timeout: Duration,
    /// Ask a running emulator whether it is there, and exit with 0 if so: for health probes.
    #[arg(long)]
    pub(crate) check: bool,
    #[command(flatten)]
    pub(crate) state: StateArgs,
    #[command(flatten)]
    pub(crate) shape: ShapeArgs,
}

/// Where the emulator is that a command speaks to.
#[derive(Debug, Args)]
pub(crate) struct Target {
    /// The running emulator.
    #[arg(long, env = "GREENROOM_URL", default_value = "http://127.0.0.1:4020", global = true)]
    pub(crate) url: String,
    /// Its control token, if it has one.
    #[arg(
        long,
        env = "GREENROOM_CONTROL_TOKEN",
        hide_env_values = true,
        global = true,
        value_name = "TOKEN"
    )]
    pub(crate) control_token: Option<String>,
    /// Print JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// Commands for a running emulator.
#[derive(Debug, Subcommand)]
pub(crate) enum RemoteVerb {
    /// Read or move the virtual clock.
    #[command(after_help = "Examples:
  greenroom clock
  greenroom clock advance 16m
  greenroom clock set 2030-01-01T00:00:00Z
  greenroom clock speed frozen")]
    Clock {
        #[command(subcommand)]
        act: Option<ClockAct>,
        #[command(flatten)]
        target: Target,
    },
    /// List or issue tokens.
    #[command(after_help = "Examples:
  greenroom tokens
  greenroom tokens issue --as msp
  greenroom tokens issue --as msp --tenant abc --ttl 1m
  greenroom tokens issue --as standard --expired")]
    Tokens {
        #[command(subcommand)]
        act: Option<TokensAct>,
        #[command(flatten)]
        target: Target,
    },
    /// Rules: what shall happen to the nth request of a kind.
    Faults(Box<FaultsArgs>),
    /// Further emulators in the same process: each with its own port, world, clock, rules and history.
    Sandbox(Box<SandboxArgs>),
    /// Read what clients did, count it, or follow it.
    History(Box<HistoryArgs>),
    /// Begin a phase: histories, selectors and gates know what comes from now on by its name.
    #[command(after_help = "Examples:
  greenroom phase login
  greenroom phase burst --json
  greenroom history phase=login")]
    Phase {
        /// Its name: 1 to 100 characters.
        name: String,
        #[command(flatten)]
        target: Target,
    },
    /// Read or set behaviours that no source settles.
    #[command(after_help = "Examples:
  greenroom dialect
  greenroom dialect exchange_expired
  greenroom dialect exchange_expired=rfc8693
  greenroom dialect sdk")]
    Dialect {
        /// NAME to read, NAME=VALUE to set, or a preset (live, rfc, sdk).
        settings: Vec<String>,
        /// Print docs/dialects.md; needs no emulator.
        #[arg(long, conflicts_with = "settings")]
        markdown: bool,
        #[command(flatten)]
        target: Target,
    },
    /// Show the world, or change who may do what.
    #[command(after_help = "Examples:
  greenroom world show
  greenroom world role msp.admin@example.com Observer
  greenroom world patch --add-devices abc=5
  greenroom world save
  greenroom world reset
  greenroom world export > world.yaml && greenroom serve --world world.yaml
  greenroom world show --json")]
    World {
        #[command(subcommand)]
        act: WorldAct,
        #[command(flatten)]
        target: Target,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClockAct {
    /// Move it forward.
    #[command(after_help = "Examples:
  greenroom clock advance 16m
  greenroom clock advance '1h 30m' --json")]
    Advance {
        /// By how much: 20s, 16m, 1h 30m.
        by: String,
    },
    /// Move it to an instant that lies ahead.
    #[command(after_help = "Examples:
  greenroom clock set 2030-01-01T00:00:00Z")]
    Set {
        /// 2030-01-01T00:00:00Z
        instant: String,
    },
    /// Change how fast it runs.
    #[command(after_help = "Examples:
  greenroom clock speed frozen
  greenroom clock speed x60
  greenroom clock speed real")]
    Speed {
        /// real, frozen or x60
        speed: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokensAct {
    /// List them, without their values. What happens without a word, too.
    #[command(after_help = "Examples:
  greenroom tokens list
  greenroom tokens list --json")]
    List,
    /// Print one raw token, for programs that are given a token rather than credentials.
    #[command(after_help = "Examples:
  greenroom tokens issue --as msp
  greenroom tokens issue --as msp --tenant abc --ttl 1m
  greenroom tokens issue --as standard --expired")]
    Issue {
        /// The client, by name or id.
        #[arg(long = "as", value_name = "CLIENT")]
        client: String,
        /// The tenant to act in, by symbol or id.
        #[arg(long)]
        tenant: Option<String>,
        /// How long it lives, instead of what its kind does.
        #[arg(long, value_name = "DURATION")]
        ttl: Option<String>,
        /// Expired from the start.
        #[arg(long, conflicts_with = "ttl")]
        expired: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum WorldAct {
    /// Workspaces, API clients, users and their roles.
    #[command(after_help = "Examples:
  greenroom world show
  greenroom world show --json")]
    Show,
    /// Remember the world as it is now, also in the file of serve --state.
    #[command(after_help = "Examples:
  greenroom world save")]
    Save,
    /// Make the world what it was when it was last saved.
    #[command(after_help = "Examples:
  greenroom world restore")]
    Restore,
    /// Make the world what it was at the start. Every token is gone.
    #[command(after_help = "Examples:
  greenroom world reset")]
    Reset,
    /// Let tenants and devices come, change and go while clients page, all of it or nothing.
    #[command(after_help = "Examples:
  greenroom world patch patch.yaml
  greenroom world patch --add-devices abc=5 --remove-devices zurich=2
  echo 'devices: {change: [{serial: CN000G0000, online: false}]}' | \\
      greenroom world patch -
  echo 'tenants: {remove: [abc]}' | greenroom world patch - --json")]
    Patch {
        /// A patch in the words of a world file, YAML or JSON; - for standard input.
        #[arg(required_unless_present_any = ["add_devices", "remove_devices"])]
        file: Option<PathBuf>,
        /// Add so many network devices to a workspace.
        #[arg(long, value_name = "WORKSPACE=N", conflicts_with = "file")]
        add_devices: Vec<String>,
        /// Remove the last so many devices of a workspace.
        #[arg(long, value_name = "WORKSPACE=N", conflicts_with = "file")]
        remove_devices: Vec<String>,
    },
    /// Print the world as a file that loads again.
    #[command(after_help = "Examples:
  greenroom world export > world.yaml && greenroom serve --world world.yaml
  greenroom world export --with-secrets")]
    Export {
        /// Write secrets as they are, instead of their SHA-256.
        #[arg(long)]
        with_secrets: bool,
    },
    /// Give a user another role. It acts on tokens that were issued before, too.
    #[command(after_help = "Examples:
  greenroom world role msp.admin@example.com Observer")]
    Role {
        /// The user, by e-mail address.
        email: String,
        /// The role: Administrator, Operator, Observer, or one of the world's own.
        role: String,
    },
}

/// Reports a wrong command line: 2, but 125 for `exec`, whose code is its program's.
pub(crate) fn refuse(error: &clap::Error) -> ExitCode {
    // Nothing can be done about a closed stderr.
    let _ = error.print();
    if !error.use_stderr() {
        return ExitCode::SUCCESS;
    }
    ExitCode::from(if is_exec(std::env::args_os().skip(1)) { EXEC_FAILURE } else { 2 })
}

/// Whether the verb is `exec`, on a line that clap does not understand.
fn is_exec(args: impl Iterator<Item = OsString>) -> bool {
    let command = Cli::command();
    let takes_value = |flag: &str| {
        command.get_arguments().any(|arg| arg.get_long() == Some(flag) && arg.get_action().takes_values())
    };
    let mut args = args.take_while(|arg| arg != "--");
    while let Some(arg) = args.next() {
        if !arg.as_encoded_bytes().starts_with(b"-") {
            return arg == "exec";
        }
        // The value of `--data-dir DIR` is no verb.
        if arg.to_str().and_then(|arg| arg.strip_prefix("--")).is_some_and(takes_value) {
            args.next();
        }
    }
    false
}

/// Prints completions.
pub(crate) fn completions(shell: clap_complete::Shell) -> Result<Exit, Failure> {
    // The generator panics when it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "greenroom", &mut script);
    out::say(String::from_utf8_lossy(&script).trim_end())?;
    Ok(Exit::Fine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    /// The widest that clap leaves alone on the narrowest screen that is usual.
    const WIDTH: usize = 79;

    /// The words of a line of a shell. A comment is none of them.
    fn words(line: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        let mut quote = None;
        for c in line.chars() {
            let word = words.last_mut().unwrap();
            match (quote, c) {
                (Some(open), c) if c == open => quote = None,
                (None, '\'' | '"') => quote = Some(c),
                (None, ' ') if word.is_empty() => {}
                (None, ' ') => words.push(String::new()),
                (None, '#') if word.is_empty() => break,
                (_, c) => word.push(c),
            }
        }
        assert_eq!(quote, None, "{line}");
        words.retain(|word| !word.is_empty());
        words
    }

    /// The command lines of Greenroom in a line of a shell, whole: what is behind a pipe or `&&`, and what is in
    /// `$(…)`, are lines of their own; a file that is written to is none of their words.
    fn command_lines(line: &str) -> Vec<Vec<String>> {
        if let Some((before, inner)) = line.rsplit_once("$(") {
            let (inner, after) = inner.split_once(')').unwrap();
            return [command_lines(inner), command_lines(&format!("{before}it{after}"))].concat();
        }
        let words = words(line);
        let commands = words.split(|word| ["&&", "|"].contains(&word.as_str())).map(|words| {
            let mut words = words.to_vec();
            if let Some(at) = words.iter().position(|word| word == ">") {
                words.drain(at..(at + 2));
            }
            words
        });
        commands.filter(|words| words.first().is_some_and(|word| word == "greenroom")).collect()
    }

    /// Fails unless a page of help has examples that are lines of a shell, and command lines of that command.
    fn check_examples(command: &clap::Command, path: &str) {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let examples = help.split("\n\n").next().unwrap();
        for line in examples.lines() {
            assert!(line.chars().count() <= WIDTH, "{path}: clap would break {line:?}");
        }
        let (title, examples) = examples.split_once('\n').unwrap_or_default();
        assert_eq!(title, "Examples:", "greenroom help {path}");
        let mut own = 0;
        for line in examples.replace("\\\n", " ").lines() {
            let commands = command_lines(line);
            assert!(!commands.is_empty(), "{path}: {line}");
            for words in commands {
                let parsed = Cli::try_parse_from(&words);
                assert!(parsed.is_ok(), "{path}: {line}: {}", parsed.unwrap_err());
                own += usize::from(words.join(" ").starts_with(path));
            }
        }
        assert!(own > 0, "greenroom help {path} has no example of its own: {help}");
        for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
            check_examples(sub, &format!("{path} {}", sub.get_name()));
        }
    }

    #[test]
    fn an_example_is_read_as_a_shell_reads_it() {
        for (line, commands) in [
            ("a b   # c", &[][..]),
            ("greenroom clock   # read it", &["greenroom clock"]),
            ("greenroom clock    read it", &["greenroom clock read it"]),
            ("greenroom a > b c", &["greenroom a c"]),
            ("greenroom a > b && greenroom 'c d#' | e", &["greenroom a", "greenroom c d#"]),
            (r#"eval "$(greenroom a --b "$(greenroom c)")""#, &["greenroom c", "greenroom a --b it"]),
        ] {
            let got: Vec<_> = command_lines(line).iter().map(|words| words.join(" ")).collect();
            assert_eq!(got, commands, "{line}");
        }
    }

    #[test]
    fn every_page_of_help_has_examples_that_are_command_lines() {
        check_examples(&Cli::command(), "greenroom");
    }

    #[test]
    fn exec_is_found_on_a_line_that_is_wrong() {
        let is_exec = |line: &str| super::is_exec(line.split(' ').map(OsString::from));
        for line in ["exec", "--data-dir d exec --bogus -- x", "--data-dir=d --bogus exec", "--log exec exec"]
        {
            assert!(is_exec(line), "{line}");
        }
        for line in
            ["", "serve exec", "--data-dir exec", "--log exec serve", "-- exec", "tokens issue --as exec"]
        {
            assert!(!is_exec(line), "{line}");
        }
    }
}
