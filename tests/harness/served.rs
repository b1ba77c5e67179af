//! `greenroom serve`, for tests whose client is not started by `exec`.

use std::{
    os::unix::process::CommandExt as _,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::Value;

use super::{Output, Scratch, Stream, run, stop};

/// How long the banner may take.
const START: Duration = Duration::from_secs(30);

/// A running `greenroom serve` on a free port. Dropping it ends it.
pub(crate) struct Served {
    child: Child,
    stdout: Stream,
    stderr: Stream,
    url: String,
    ca: String,
}

impl Served {
    /// Starts it and returns when it listens.
    pub(crate) fn start(scratch: &Scratch, flags: &[&str]) -> Self {
        let ready = scratch.path("ready.json");
        let mut command = scratch.greenroom();
        command.args(["serve", "--port", "0", "--ready-file"]).arg(&ready).args(flags);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let stdout = Stream::of(child.stdout.take().unwrap());
        let stderr = Stream::of(child.stderr.take().unwrap());
        let mut served = Self { child, stdout, stderr, url: String::new(), ca: String::new() };
        // The banner is one write after the ready file, so its first line says that both are there.
        let Some(line) = served.stdout.first_line(START) else {
            panic!("serve prints no banner:\n{}\n{}", served.stdout.text(), served.stderr.text());
        };
        let ready: Value = serde_json::from_slice(&std::fs::read(&ready).unwrap()).unwrap();
        served.url = ready["url"].as_str().unwrap().to_owned();
        served.ca = ready["ca"].as_str().unwrap().to_owned();
        assert!(line.contains(&served.url), "the banner's first line says where: {line}");
        assert_eq!(ready["pid"], served.child.id());
        served
    }

    /// Its address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// What it printed so far: the banner.
    pub(crate) fn banner(&self) -> String {
        self.stdout.text()
    }

    /// Asks it to end and waits; its exit code and all that it logged.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        stop(&self.child, &[&self.stdout, &self.stderr]);
        let code = self.child.wait().unwrap().code();
        (code, self.stderr.text())
    }

    /// `greenroom ARGS… --url URL`.
    #[track_caller]
    pub(crate) fn control(&self, scratch: &Scratch, args: &[&str]) -> Output {
        let mut command = scratch.greenroom();
        command.args(args).args(["--url", self.url()]);
        run(command)
    }

    /// Routes a client here, with the real host names kept.
    pub(crate) fn route<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .envs(["HTTP_PROXY", "HTTPS_PROXY"].map(|name| (name, &self.url)))
            .envs(["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"].map(|name| (name, &self.ca)))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Ok(Some(_)) = self.child.try_wait() {
            return;
        }
        stop(&self.child, &[&self.stdout, &self.stderr]);
        let _ = self.child.wait();
    }
}
