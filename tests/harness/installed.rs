//! What tests need of a registry, installed once for each lock file and interpreter.

use std::{
    fs::{self, File},
    hash::{DefaultHasher, Hash, Hasher as _},
    path::{Path, PathBuf},
    process::Command,
};

/// The directory, on a shelf in the target directory, that `install` has filled, in this run or an earlier one. The
/// error is the last thing that the failing step said.
pub(super) fn once(
    shelf: &str,
    lock_file: &Path,
    interpreter: &str,
    install: impl FnOnce(&Path) -> Result<String, String>,
) -> Result<PathBuf, String> {
    let mut hash = DefaultHasher::new();
    fs::read(lock_file).map_err(|error| error.to_string())?.hash(&mut hash);
    interpreter.hash(&mut hash);
    // CARGO_TARGET_TMPDIR lies in the target directory.
    let shelf = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name(shelf);
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
        install(&home)?;
        File::create(complete).map_err(|error| error.to_string())?;
    }
    Ok(home)
}

/// What a command printed, or, if it failed, its last line.
pub(super) fn said(command: &mut Command) -> Result<String, String> {
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
