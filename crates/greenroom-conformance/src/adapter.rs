//! A client's process: started where nothing of the kit can be seen, heard line by line, and ended with all that it
//! left behind.

pub mod check;
mod env;
mod heard;
mod running;

use std::{
    ffi::{OsStr, OsString},
    fs, io,
    path::{Path, PathBuf},
};

use greenroom_emulator::client_env::ClientEnv;
use greenroom_model::nearest;
use process_wrap::tokio::{CommandWrap, KillOnDrop, ProcessGroup};
use tempfile::TempDir;

pub use self::{
    heard::{Exit, Heard, Stream},
    running::{Gone, Running, Speaker},
};

/// The mend of a client of which no request arrives.
pub(crate) const NO_REQUEST: &str = "let the client's requests go through the proxy of HTTPS_PROXY, trust the certificate of SSL_CERT_FILE, and \
    keep the host names of production";

/// How a client is started.
#[derive(Clone, Debug)]
pub struct Adapter {
    program: Program,
    arguments: Vec<OsString>,
    directory: Option<PathBuf>,
}

#[derive(Clone, Debug)]
enum Program {
    Command(OsString),
    Builtin(&'static Builtin),
}

/// An adapter that comes along: a text, and the interpreter that reads it.
#[derive(Debug)]
struct Builtin {
    name: &'static str,
    interpreter: &'static str,
    file: &'static str,
    text: &'static str,
}

macro_rules! builtin {
    ($name:literal, $interpreter:literal, $file:literal) => {
        Builtin {
            name: $name,
            interpreter: $interpreter,
            file: $file,
            text: include_str!(concat!("../../../fixtures/adapters/", $name, "/", $file)),
        }
    };
}

/// The adapters that come along. What their clients need to be installed, `docs/verify.md` says.
static BUILTIN: [Builtin; 5] = [
    builtin!("pycentral", "python3", "adapter.py"),
    builtin!("requests-oauthlib", "python3", "adapter.py"),
    builtin!("openid-client", "node", "adapter.mjs"),
    builtin!("ruby-oauth2", "ruby", "adapter.rb"),
    builtin!("bash-curl", "bash", "adapter.sh"),
];

/// Why an adapter cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// None of this name comes along.
    #[error("no adapter named {name:?} comes along{}; there is {known}", nearest::hint(.nearest))]
    Unknown {
        /// The name.
        name: String,
        /// One that looks like it.
        nearest: Option<&'static str>,
        /// All of them.
        known: String,
    },
    /// There is no such program.
    #[error("{0}: command not found")]
    NotFound(String),
    /// There is one, and it cannot be run.
    #[error("{program} cannot be run: {source}")]
    NotExecutable {
        /// The program.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// The kit has no place to work.
    #[error("no directory for temporary files can be made: {0}; set TMPDIR to one that takes them")]
    NoPlace(io::Error),
}

impl Adapter {
    /// The adapter of this name that comes along.
    pub fn builtin(name: &str) -> Result<Self, StartError> {
        let names: Vec<_> = Self::builtins().collect();
        match BUILTIN.iter().find(|builtin| builtin.name == name) {
            Some(builtin) => {
                Ok(Self { program: Program::Builtin(builtin), arguments: Vec::new(), directory: None })
            }
            None => Err(StartError::Unknown {
                name: name.to_owned(),
                nearest: nearest::of(name, &names),
                known: names.join(", "),
            }),
        }
    }

    /// The names of those that come along.
    pub fn builtins() -> impl Iterator<Item = &'static str> {
        BUILTIN.iter().map(|builtin| builtin.name)
    }

    /// The adapter that this command line starts, in the present directory, as `uv run` and its like want it.
    pub fn command(
        program: impl Into<OsString>,
        arguments: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Self {
        let arguments = arguments.into_iter().map(Into::into).collect();
        Self { program: Program::Command(program.into()), arguments, directory: None }
    }

    /// Started in this directory.
    #[must_use]
    pub fn in_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// Starts a process of its own process group: with the environment of this one, without what could tell it
    /// of the kit or lend it credentials, with `env` on top, and then `extra`. Its `TMPDIR` is fresh and goes with it.
    /// Wants a tokio runtime.
    pub fn start(&self, env: &ClientEnv, extra: &[(String, String)]) -> Result<Running, StartError> {
        let place = tempfile::Builder::new().prefix("client-").tempdir().map_err(StartError::NoPlace)?;
        let (program, arguments) = self.command_line(&place)?;
        let mut wrap = CommandWrap::with_new(&program, |command| {
            command.args(&arguments);
            command.stdin(std::process::Stdio::piped());
            command.stdout(std::process::Stdio::piped());
            command.stderr(std::process::Stdio::piped());
            for (name, _) in std::env::vars_os().filter(|(name, _)| env::is_hidden(name)) {
                command.env_remove(name);
            }
            for name in &env.unset {
                command.env_remove(name);
            }
            command.env("TMPDIR", place.path());
            command.envs(env.set.iter().chain(extra).map(|(name, value)| (name, value)));
            if let Some(directory) = &self.directory {
                command.current_dir(directory);
            }
        });
        wrap.wrap(KillOnDrop);
        wrap.wrap(ProcessGroup::leader());
        match wrap.spawn() {
            Ok(child) => Ok(Running::of(child, place)),
            Err(error) => Err(self.not_started(&program, error)),
        }
    }

    fn command_line(&self, place: &TempDir) -> Result<(OsString, Vec<OsString>), StartError> {
        match &self.program {
            Program::Command(program) => Ok((program.clone(), self.arguments.clone())),
            Program::Builtin(builtin) => {
                let file = place.path().join(builtin.file);
                fs::write(&file, builtin.text).map_err(StartError::NoPlace)?;
                Ok((builtin.interpreter.into(), vec![file.into_os_string()]))
            }
        }
    }

    fn not_started(&self, program: &OsStr, error: io::Error) -> StartError {
        let name = Path::new(program).display().to_string();
        match error.kind() {
            // A missing directory looks the same.
            io::ErrorKind::NotFound if self.directory.as_ref().is_none_or(|place| place.is_dir()) => {
                StartError::NotFound(name)
            }
            _ => StartError::NotExecutable { program: name, source: error },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::BUILTIN;

    #[test]
    fn an_adapter_is_read_in_one_go() {
        for adapter in &BUILTIN {
            let lines = adapter.text.lines().filter(|line| !line.trim().is_empty()).count();
            assert!(lines < 60, "{} has {lines} lines", adapter.name);
        }
    }
}
