//! `greenroom init`: the sample world as a file, and its credentials as the file that pycentral reads.

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use clap::Args;
use greenroom_model::{
    id::Seed,
    sample::{self, DEFAULT_SEED},
    world::World,
};

use serde_json::json;

use crate::{
    exit::{Exit, Failure},
    out,
};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  greenroom init && greenroom exec -- python script.py
  greenroom init && $EDITOR world.yaml && greenroom serve --world world.yaml")]
pub(crate) struct InitArgs {
    /// Where to write.
    #[arg(default_value = ".", value_name = "DIR")]
    dir: PathBuf,
    /// The seed of the sample world.
    #[arg(long, env = "GREENROOM_RNG_SEED", value_name = "N", default_value_t = DEFAULT_SEED.0)]
    rng_seed: u64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command. Nothing is ever overwritten.
pub(crate) fn init(args: &InitArgs) -> Result<Exit, Failure> {
    let sample = World::sample(Seed(args.rng_seed));
    let (token, world) = (args.dir.join("token.yaml"), args.dir.join("world.yaml"));
    if world.exists() {
        return Err(already_there(&world));
    }
    create(&token, &token_yaml(&sample)?)?;
    create(&world, &world_yaml(args.rng_seed))?;
    // Before anything is said: a stdout that cannot be written must not leave a secret to be committed.
    let ignored = ignore(&args.dir);
    if args.json {
        let wrote = json!({"token_file": token, "world_file": world, "ignored": ignored?});
        out::say(&format!("{wrote:#}"))?;
        return Ok(Exit::Fine);
    }
    out::say(&format!("wrote {} (mode 0600): the sample MSP's credentials", token.display()))?;
    out::say(&format!("wrote {}: the sample world, for serve --world and exec --world", world.display()))?;
    if ignored? {
        out::say(&format!("added token.yaml to {}", args.dir.join(".gitignore").display()))?;
    }
    out::say("next: greenroom exec -- python script.py")?;
    Ok(Exit::Fine)
}

fn already_there(path: &Path) -> Failure {
    Failure::new(format!("{} is there already and is left alone; move it away first", path.display()))
}

/// The sample world without what only its place in the repository explains.
fn world_yaml(seed: u64) -> String {
    let lines = sample::FILE.lines().skip_while(|line| !line.starts_with("seed:")).skip(1);
    let head = "# A world for greenroom serve --world and greenroom exec --world. Every key may be left out but\n\
                # workspaces and their symbols; what is left out follows from the seed.\n\n";
    format!("{head}seed: {seed}\n{}\n", lines.collect::<Vec<_>>().join("\n"))
}

fn token_yaml(world: &World) -> Result<String, Failure> {
    let missing = || Failure::new("the sample world has no MSP client");
    let client = world.client(world.client_named("msp").ok_or_else(missing)?);
    let workspace = world.workspace(client.workspace);
    let secret = client.secret.value().ok_or_else(missing)?;
    Ok(format!(
        "# Credentials of Greenroom's sample MSP. They work nowhere else.\n\
         unified:\n  \
           client_id: {}\n  \
           client_secret: \"{}\"\n  \
           workspace_id: {}\n  \
           base_url: https://us5.api.central.arubanetworks.com\n",
        client.id,
        secret.reveal(),
        workspace.id,
    ))
}

/// Creates a file that only its owner can read.
fn create(path: &Path, text: &str) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => already_there(path),
        _ => Failure::new(format!("cannot write {}: {error}", path.display())),
    })
}

/// Adds a line for token.yaml, unless there is one.
fn ignore(dir: &Path) -> Result<bool, Failure> {
    let path = dir.join(".gitignore");
    let failed = |error| Failure::new(format!("cannot write {}: {error}", path.display()));
    let old = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(failed(error)),
    };
    if old.lines().any(|line| matches!(line.trim(), "token.yaml" | "/token.yaml")) {
        return Ok(false);
    }
    let gap = if old.is_empty() || old.ends_with('\n') { "" } else { "\n" };
    let mut file = OpenOptions::new().append(true).create(true).open(&path).map_err(failed)?;
    writeln!(file, "{gap}token.yaml").map_err(failed)?;
    Ok(true)
}
