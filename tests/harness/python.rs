//! A virtual environment with the real SDKs, made once for each lock file and interpreter.

use std::{
    fs::{self, File},
    hash::{DefaultHasher, Hash, Hasher as _},
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use super::repository;

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

/// Finds or makes the environment. The error is the last thing that the failing step said.
fn environment(lock_file: &Path) -> Result<PathBuf, String> {
    let mut hash = DefaultHasher::new();
    fs::read(lock_file).map_err(|error| error.to_string())?.hash(&mut hash);
    said(Command::new("python3").args(["-c", "import sys; print(sys.version, sys.base_prefix)"]))?
        .hash(&mut hash);
    // CARGO_TARGET_TMPDIR lies in the target directory.
    let shelf = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("test-python");
    fs::create_dir_all(&shelf).map_err(|error| error.to_string())?;
    let home = shelf.join(format!("{:016x}", hash.finish()));

    // Tests are processes of their own, and the first ones all find nothing.
    let turn = File::create(home.with_extension("lock")).map_err(|error| error.to_string())?;
    turn.lock().map_err(|error| error.to_string())?;
    let complete = home.join("complete");
    if !complete.is_file() {
        if home.exists() {
            // Left half-made by a run that was killed.
            fs::remove_dir_all(&home).map_err(|error| error.to_string())?;
        }
        said(Command::new("python3").args(["-m", "venv"]).arg(&home))?;
        said(
            Command::new(home.join("bin/python"))
                .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
                .arg("--require-hashes")
                .arg("-r")
                .arg(lock_file),
        )?;
        File::create(complete).map_err(|error| error.to_string())?;
    }
    Ok(home)
}

/// What a command printed, or, if it failed, its last line.
fn said(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("{name}: {error}"))?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(stdout);
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    let last = stderr.lines().chain(stdout.lines()).rfind(|line| !line.trim().is_empty());
    Err(last.map_or_else(|| format!("{name}: {}", output.status), |line| line.trim().to_owned()))
}
