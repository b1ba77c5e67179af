//! `greenroom env`: the variables that route a program to a running emulator.

use std::{collections::BTreeMap, path::PathBuf};

use clap::{Args, ValueEnum};
use greenroom_emulator::{Remote, client_env::ClientEnv};
use greenroom_model::secret::Secret;
use serde_json::json;

use crate::{
    cli::Target,
    exit::{Exit, Failure},
    out,
};

/// A shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Shell {
    Sh,
    Fish,
    Powershell,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  eval \"$(greenroom env)\"
  greenroom env --shell fish | source
  curl --cacert \"$(greenroom env --ca)\" --proxy http://127.0.0.1:4020 \\
      https://sso.common.cloud.hpe.com/pf/JWKS")]
pub(crate) struct EnvArgs {
    /// The shell that reads the lines.
    #[arg(long, value_enum, default_value_t = Shell::Sh)]
    shell: Shell,
    /// Print only the path of the emulator's certificate.
    #[arg(long)]
    ca: bool,
    #[command(flatten)]
    target: Target,
}

/// Runs the command.
pub(crate) async fn env(args: &EnvArgs) -> Result<Exit, Failure> {
    let token = args.target.control_token.clone().map(Secret::new);
    let remote = Remote::new(&args.target.url, token).map_err(Failure::new)?;
    let about = remote.about().await.map_err(Failure::new)?;
    let path = |name: &str| {
        let text = about.get(name).and_then(serde_json::Value::as_str);
        text.map(PathBuf::from).ok_or_else(|| Failure::new(format!("the emulator does not say its {name}")))
    };
    let ca = path("ca")?;
    if args.ca {
        out::say(&ca.display().to_string())?;
        return Ok(Exit::Fine);
    }
    let client_env = ClientEnv::new(&args.target.url, &ca, &path("trust_store")?, &[]);
    if args.target.json {
        let json = json!({"set": BTreeMap::from_iter(client_env.set), "unset": client_env.unset});
        out::say(&format!("{json:#}"))?;
        return Ok(Exit::Fine);
    }
    let unset = client_env.unset.iter().map(|name| unset(args.shell, name));
    let set = client_env.set.iter().map(|(name, value)| set(args.shell, name, value));
    out::say(&unset.chain(set).collect::<Vec<_>>().join("\n"))?;
    Ok(Exit::Fine)
}

fn set(shell: Shell, name: &str, value: &str) -> String {
    match shell {
        Shell::Sh => format!("export {name}='{}'", value.replace('\'', r"'\''")),
        Shell::Fish => format!("set -gx {name} '{}'", value.replace('\\', r"\\").replace('\'', r"\'")),
        Shell::Powershell => format!("$env:{name} = '{}'", value.replace('\'', "''")),
    }
}

fn unset(shell: Shell, name: &str) -> String {
    match shell {
        Shell::Sh => format!("unset {name}"),
        Shell::Fish => format!("set -e {name}"),
        Shell::Powershell => format!("Remove-Item Env:{name} -ErrorAction SilentlyContinue"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_for_each_shell() {
        assert_eq!(set(Shell::Sh, "A", "it's"), r"export A='it'\''s'");
        assert_eq!(set(Shell::Fish, "A", r"it's \x"), r"set -gx A 'it\'s \\x'");
        assert_eq!(set(Shell::Powershell, "A", "it's"), "$env:A = 'it''s'");
        assert_eq!(unset(Shell::Sh, "A"), "unset A");
    }
}
