//! A virtual environment with the real SDKs, made once for each lock file and interpreter.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use super::{
    installed::{once, said},
    repository,
};

/// The interpreter of the virtual environment.
static INTERPRETER: LazyLock<String> = LazyLock::new(|| {
    let lock_file = repository().join("fixtures/python/requirements.txt");
    match environment(&lock_file) {
        Ok(home) => home.join("bin/python").into_os_string().into_string().unwrap(),
        Err(last_words) => panic!(
            "This test runs the real SDKs and therefore needs python3 with venv and, the first time, \
             PyPI: {last_words}"
        ),
    }
});

/// The interpreter with the real SDKs.
pub(crate) fn interpreter() -> &'static str {
    &INTERPRETER
}

/// The command line that runs a program of `tests/python`.
pub(crate) fn invocation<'a>(program: &str, args: &[&'a str]) -> Vec<&'a str> {
    let program = repository().join("tests/python").join(program);
    assert!(program.is_file(), "{} is missing", program.display());
    // Lives as long as the test process: some forty short paths.
    let program: &'static str = Box::leak(program.into_os_string().into_string().unwrap().into_boxed_str());
    [&[INTERPRETER.as_str(), program], args].concat()
}

/// The directory of another version of pycentral, for `PYTHONPATH`: before the environment's own, with the rest of it.
pub(crate) fn pycentral(version: &str) -> PathBuf {
    let lock_file = repository().join(format!("fixtures/python/pycentral-{version}.txt"));
    let installed = made_once(&lock_file, |home| {
        let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"];
        said(
            Command::new(interpreter())
                .args(install)
                .arg("--target")
                .arg(home)
                .arg("--require-hashes")
                .arg("-r")
                .arg(&lock_file),
        )
    });
    installed.unwrap_or_else(|last_words| {
        panic!("This test runs pycentral {version} and therefore needs, the first time, PyPI: {last_words}")
    })
}

/// Finds or makes the environment. The error is the last thing that the failing step said.
fn environment(lock_file: &Path) -> Result<PathBuf, String> {
    made_once(lock_file, |home| {
        said(Command::new("python3").args(["-m", "venv"]).arg(home))?;
        said(
            Command::new(home.join("bin/python"))
                .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
                .arg("--require-hashes")
                .arg("-r")
                .arg(lock_file),
        )
    })
}

/// The directory that is made of a lock file, once for each of its contents and interpreter.
fn made_once(lock_file: &Path, make: impl Fn(&Path) -> Result<String, String>) -> Result<PathBuf, String> {
    let interpreter =
        said(Command::new("python3").args(["-c", "import sys; print(sys.version, sys.base_prefix)"]))?;
    once("test-python", lock_file, &interpreter, make)
}
