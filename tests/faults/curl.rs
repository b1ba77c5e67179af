//! The real curl on each road.

use std::process::Command;

use super::{Http, Road, Stage};
use crate::client::GLP;

/// What curl made of it.
#[derive(Debug)]
pub(super) struct Curled {
    /// Its exit code.
    pub(super) exit: i32,
    /// The status it saw.
    pub(super) status: u16,
    /// What it saved of the body.
    pub(super) body: Vec<u8>,
    /// What it says is wrong.
    pub(super) complaint: String,
}

impl Stage {
    /// Runs curl. Without curl the test fails and says so.
    pub(super) async fn curl(&self, road: Road, http: Http, path: &str, more: &[String]) -> Curled {
        let saved = tempfile::NamedTempFile::new().unwrap();
        let mut command = Command::new("curl");
        command.args(["--silent", "--show-error", "--max-time", "60", "--write-out", "%{http_code}"]);
        command.arg("--output").arg(saved.path());
        command.arg("--cacert").arg(self.wire.emulator.ca_file());
        match (http, road) {
            (Http::One, _) => command.arg("--http1.1"),
            (Http::Two, Road::Plain) => command.arg("--http2-prior-knowledge"),
            (Http::Two, _) => command.arg("--http2"),
        };
        match road {
            Road::Plain => command.args(["--noproxy", "*"]),
            Road::Tls => command
                .args(["--noproxy", "*", "--connect-to"])
                .arg(format!("{GLP}::{}:", self.address().ip())),
            Road::Tunnel => command.args(["--proxy", self.wire.emulator.url()]),
        };
        command.args(more).arg(self.url(road, path));
        command.env_remove("NO_PROXY").env_remove("no_proxy");
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
        let output = output.unwrap_or_else(|error| panic!("this test runs the real curl: {error}"));
        Curled {
            exit: output.status.code().unwrap(),
            status: String::from_utf8(output.stdout).unwrap().parse().unwrap(),
            body: std::fs::read(saved.path()).unwrap(),
            complaint: String::from_utf8(output.stderr).unwrap(),
        }
    }
}
