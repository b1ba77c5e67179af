//! A directory whose `node_modules` has the real clients of Node, made once for each lock file and interpreter.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use super::{
    installed::{once, said},
    repository,
};

static PROJECT: LazyLock<PathBuf> = LazyLock::new(|| {
    installed(&repository().join("fixtures/node")).unwrap_or_else(|last_words| {
        panic!(
            "This test runs real clients and therefore needs node 20.19 or later with npm and, the first time, the npm \
             registry: {last_words}"
        )
    })
});

/// The directory to run node in.
pub(crate) fn project() -> &'static Path {
    &PROJECT
}

fn installed(of: &Path) -> Result<PathBuf, String> {
    let interpreter = said(Command::new("node").arg("--version"))?;
    once("test-node", &of.join("package-lock.json"), &interpreter, |home| {
        fs::create_dir(home).map_err(|error| error.to_string())?;
        for file in ["package.json", "package-lock.json"] {
            fs::copy(of.join(file), home.join(file)).map_err(|error| error.to_string())?;
        }
        let flags = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
        said(Command::new("npm").args(flags).current_dir(home))
    })
}
